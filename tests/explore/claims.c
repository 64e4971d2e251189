/*
 * claims.c - who waits for all of a lock keeps new sharers out, and may so wait for ever. PROGRAM selects one; the counts are by hand and by lattice.
 *
 *     RESOURCE   one shares a resource until another one, who shares it too, has set an event; a third one wants all of it. If that comes between
 *                the two it waits for the first, the second waits for it, and the first for the second: before both, behind both, between them
 *                in either order: 4, 1 bad
 *     PUSH       the same with a push lock
 *     STARVE     the second one goes before those who wait: the third one comes before the first or behind it, before the second or behind it, but
 *                where it is behind the first it is behind the second: 3
 *     RECURSIVE  one shares a resource twice, another one wants all of it: who has it already does not wait for that one: 2
 *     BEHIND     the same, and the second time it would (ExAcquireSharedWaitForExclusive): before both, between, behind: 3, 1 bad
 *     AGAIN      the same with a push lock, of which nobody knows who has it: 3, 1 bad
 *     SPINNING   the same with a spin lock that can be shared: 3, 1 bad
 *     TRIES      one tries to have all of a resource, N try to share it: N = 1: before, behind, between, and it is in vain for that one: 4. N = 2: it
 *                has it, and each of the two comes before, in vain, or behind: 9; one of them, the other, or both share it, and one comes before or behind: 5
 *     SHUTOUT    one tries to have all of a push lock, another one shares it: before, behind, in vain: 3
 *     WRITERS    two want all of a resource, one shares it: each order of three: 6. Who claims it first need not have it first
 *     REFUSED    one shares a resource, one wants all of it, one tries to share it: in vain from the claim on. The two that share are independent. All
 *                of it is had before the first or behind it; the try comes before the claim, behind that, behind the getting, or behind all: 8
 */
#include "program.h"

VOID FASTCALL ExfAcquirePushLockExclusive(PEX_PUSH_LOCK);
VOID FASTCALL ExfAcquirePushLockShared(PEX_PUSH_LOCK);
VOID FASTCALL ExfReleasePushLockExclusive(PEX_PUSH_LOCK);
VOID FASTCALL ExfReleasePushLockShared(PEX_PUSH_LOCK);
BOOLEAN NTAPI ExTryAcquirePushLockExclusiveEx(PEX_PUSH_LOCK, ULONG);
VOID NTAPI ExReleasePushLockExclusiveEx(PEX_PUSH_LOCK, ULONG);
KIRQL NTAPI ExAcquireSpinLockExclusive(volatile LONG *);
VOID NTAPI ExReleaseSpinLockExclusive(volatile LONG *, KIRQL);
KIRQL NTAPI ExAcquireSpinLockShared(volatile LONG *);
VOID NTAPI ExReleaseSpinLockShared(volatile LONG *, KIRQL);
VOID NTAPI ExAcquireSpinLockSharedAtDpcLevel(volatile LONG *);
VOID NTAPI ExReleaseSpinLockSharedFromDpcLevel(volatile LONG *);

enum program {
    RESOURCE = 1,
    PUSH,
    STARVE,
    RECURSIVE,
    BEHIND,
    AGAIN,
    SPINNING,
    TRIES,
    SHUTOUT,
    WRITERS,
    REFUSED,
};

static ERESOURCE Resource;
static EX_PUSH_LOCK PushLock;
static volatile LONG SpinLock;
static KEVENT Event;

static BOOLEAN
IsPush(VOID)
{
    return PROGRAM == PUSH || PROGRAM == AGAIN || PROGRAM == SHUTOUT;
}

static VOID
Share(VOID)
{
    IsPush() ? ExfAcquirePushLockShared(&PushLock)
             : (VOID)ExAcquireResourceSharedLite(&Resource, TRUE);
}

static VOID
Leave(VOID)
{
    IsPush() ? ExfReleasePushLockShared(&PushLock) : ExReleaseResourceLite(&Resource);
}

/* One who wants all of it. */
static VOID NTAPI
Writer(PVOID Context)
{
    KeEnterCriticalRegion();
    switch (PROGRAM) {
    case SPINNING: {
        KIRQL Irql = ExAcquireSpinLockExclusive(&SpinLock);

        ExReleaseSpinLockExclusive(&SpinLock, Irql);
        break;
    }
    case TRIES:
        if (ExAcquireResourceExclusiveLite(&Resource, FALSE)) {
            ExReleaseResourceLite(&Resource);
        }
        break;
    case SHUTOUT:
        if (ExTryAcquirePushLockExclusiveEx(&PushLock, 0)) {
            ExReleasePushLockExclusiveEx(&PushLock, 0);
        }
        break;
    case PUSH:
    case AGAIN:
        ExfAcquirePushLockExclusive(&PushLock);
        ExfReleasePushLockExclusive(&PushLock);
        break;
    default:
        ExAcquireResourceExclusiveLite(&Resource, TRUE);
        ExReleaseResourceLite(&Resource);
    }
    KeLeaveCriticalRegion();
    PsTerminateSystemThread(STATUS_SUCCESS);
}

static VOID NTAPI
First(PVOID Context)
{
    KIRQL Irql;

    if (PROGRAM == SPINNING) {
        Irql = ExAcquireSpinLockShared(&SpinLock);
        ExAcquireSpinLockSharedAtDpcLevel(&SpinLock);
        ExReleaseSpinLockSharedFromDpcLevel(&SpinLock);
        ExReleaseSpinLockShared(&SpinLock, Irql);
        PsTerminateSystemThread(STATUS_SUCCESS);
    }
    KeEnterCriticalRegion();
    Share();
    switch (PROGRAM) {
    case RESOURCE:
    case PUSH:
    case STARVE:
        KeWaitForSingleObject(&Event, Executive, KernelMode, FALSE, NULL);
        break;
    case RECURSIVE:
    case AGAIN:
        Share();
        Leave();
        break;
    case BEHIND:
        ExAcquireSharedWaitForExclusive(&Resource, TRUE);
        Leave();
        break;
    default:
        break;
    }
    Leave();
    KeLeaveCriticalRegion();
    PsTerminateSystemThread(STATUS_SUCCESS);
}

static VOID NTAPI
Second(PVOID Context)
{
    KeEnterCriticalRegion();
    if (PROGRAM == TRIES || PROGRAM == REFUSED) {
        if (ExAcquireResourceSharedLite(&Resource, FALSE)) {
            Leave();
        }
    } else {
        PROGRAM == STARVE ? (VOID)ExAcquireSharedStarveExclusive(&Resource, TRUE) : Share();
        KeSetEvent(&Event, IO_NO_INCREMENT, FALSE);
        Leave();
    }
    KeLeaveCriticalRegion();
    PsTerminateSystemThread(STATUS_SUCCESS);
}

static VOID
Program(VOID)
{
    ExInitializeResourceLite(&Resource);
    ExInitializePushLock(&PushLock);
    KeInitializeEvent(&Event, NotificationEvent, FALSE);
    Start(Writer, 0);
    if (PROGRAM == WRITERS) {
        Start(Writer, 0);
    }
    if (PROGRAM != TRIES) {
        Start(First, 0);
    }
    if (PROGRAM == RESOURCE || PROGRAM == PUSH || PROGRAM == STARVE || PROGRAM == REFUSED) {
        Start(Second, 0);
    }
    for (ULONG Index = 0; PROGRAM == TRIES && Index < N; Index++) {
        Start(Second, 0);
    }
    Join();
    ExDeleteResourceLite(&Resource);
}
