/*
 * orders.c - in which order locks are acquired: random orders of six locks of four kinds, against a model of what can end in a deadlock.
 *
 * The model keeps for each two locks whether the second was acquired under the first, and which others were held each time. Two threads can wait
 * for each other if there is a circle of such orders and no lock was held at all of them. Each step is a routine of its own, for a rule is told
 * once for each place. `judged: ROUTINE RULE`: judged.py. [Driver Verifier, "Deadlock Detection"; docs/rules/LockOrder]
 */
#include <ntifs.h>
#include "numbered.h"

#define SEED 4711
#include "../draw.h"

#define LOCKS 6
#define DEPTH 4
#define STEPS 100

static FAST_MUTEX Fast[2];
static ERESOURCE Resource[2];
static KMUTEX Mutex[2];
static UCHAR Step[STEPS][DEPTH + 1]; /* how many, and which */

static inline __attribute__((always_inline)) VOID
Acquire(ULONG Lock)
{
    switch (Lock) {
    case 0:
    case 1:
        ExAcquireFastMutexUnsafe(&Fast[Lock]);
        break;
    case 2:
    case 3:
        ExAcquireResourceExclusiveLite(&Resource[Lock - 2], TRUE);
        break;
    default:
        KeWaitForSingleObject(&Mutex[Lock - 4], Executive, KernelMode, FALSE, NULL);
    }
}

static VOID
Release(ULONG Lock)
{
    switch (Lock) {
    case 0:
    case 1:
        ExReleaseFastMutexUnsafe(&Fast[Lock]);
        break;
    case 2:
    case 3:
        ExReleaseResourceLite(&Resource[Lock - 2]);
        break;
    default:
        KeReleaseMutex(&Mutex[Lock - 4], FALSE);
    }
}

static inline __attribute__((always_inline)) VOID
Take(ULONG Number)
{
    const UCHAR *This = Step[Number];

    KeEnterCriticalRegion();
    for (ULONG i = 1; i <= This[0]; i++) {
        Acquire(This[i]);
    }
    for (ULONG i = This[0]; i > 0; i--) {
        Release(This[i]);
    }
    KeLeaveCriticalRegion();
}

#define ONE(n)                                                                                     \
    __attribute__((noinline)) static VOID L##n(VOID)                                               \
    {                                                                                              \
        Take(1##n - 100);                                                                          \
    }
#define NAME(n) {"L" #n, L##n},
#define ALL(x)  x(0) x(1) x(2) x(3) x(4) x(5) x(6) x(7) x(8) x(9)
ALL(TEN)
static const struct {
    const char *Name;
    VOID (*Routine)(VOID);
} Routines[STEPS] = {ALL(NAMES)};

/* ---- the model ---- */

static BOOLEAN Known[LOCKS][LOCKS];
static UCHAR Gates[LOCKS][LOCKS]; /* bits of locks that were held each time */

/* Is there a circle from To back to From, by no lock twice, at all of whose orders no one lock was held? */
static BOOLEAN
HasCircle(ULONG From, ULONG At, UCHAR Visited, UCHAR Common)
{
    for (ULONG Next = 0; Next < LOCKS; Next++) {
        if (!Known[At][Next] || (Visited >> Next & 1) != 0) {
            continue;
        }
        if (Next == From) {
            if ((Common & Gates[At][Next]) == 0) {
                return TRUE;
            }
        } else if (HasCircle(From, Next, (UCHAR)(Visited | 1 << Next), Common & Gates[At][Next])) {
            return TRUE;
        }
    }
    return FALSE;
}

static BOOLEAN
Judge(const UCHAR *This)
{
    UCHAR Held = 0;
    BOOLEAN Wrong = FALSE;

    for (ULONG k = 1; k <= This[0]; k++) {
        ULONG To = This[k];

        for (ULONG i = 1; i < k; i++) {
            ULONG From = This[i];
            UCHAR Others = (UCHAR)(Held & ~(1 << From)), Before = Gates[From][To];

            if (!Known[From][To] || (Before & ~Others) != 0) {
                Gates[From][To] = Known[From][To] ? Before & Others : Others;
                Known[From][To] = TRUE;
                Wrong |= HasCircle(From, To, (UCHAR)(1 << To), Gates[From][To]);
            }
        }
        Held |= (UCHAR)(1 << To);
    }
    return Wrong;
}

/* Mostly upwards, and at first only so, that there is something to close. */
static VOID
Fill(ULONG Number)
{
    UCHAR *This = Step[Number], Used = 0;

    This[0] = (UCHAR)(2 + Any(DEPTH - 1));
    for (ULONG i = 1; i <= This[0]; i++) {
        do {
            This[i] = (UCHAR)Any(LOCKS);
        } while ((Used >> This[i] & 1) != 0);
        Used |= (UCHAR)(1 << This[i]);
    }
    for (ULONG i = 1; Any(8) != 0 && i <= This[0]; i++) {
        for (ULONG k = i + 1; k <= This[0]; k++) {
            if (This[k] < This[i]) {
                UCHAR Lesser = This[k];

                This[k] = This[i];
                This[i] = Lesser;
            }
        }
    }
}

/* All is forgotten of a lock whose memory becomes something else. */
static VOID
Forget(ULONG Lock)
{
    ExDeleteResourceLite(&Resource[Lock - 2]);
    ExInitializeResourceLite(&Resource[Lock - 2]);
    for (ULONG i = 0; i < LOCKS; i++) {
        Known[Lock][i] = Known[i][Lock] = FALSE;
        Gates[Lock][i] = Gates[i][Lock] = 0;
    }
}

static VOID NTAPI
Thread(PVOID Context)
{
    for (ULONG i = 0; i < STEPS; i++) {
        Fill(i);
        if (Judge(Step[i])) {
            DbgPrint("judged: %s LockOrder\n", Routines[i].Name);
        }
        Routines[i].Routine();
        if (i % 12 == 11) {
            Forget(2 + i / 12 % 2);
        }
    }
    DbgPrint("judged %u of %u\n", STEPS, STEPS);
    PsTerminateSystemThread(STATUS_SUCCESS);
}

static VOID NTAPI
Unload(PDRIVER_OBJECT Driver)
{
}

NTSTATUS NTAPI
DriverEntry(PDRIVER_OBJECT Driver, PUNICODE_STRING RegistryPath)
{
    OBJECT_ATTRIBUTES Attributes;
    HANDLE Handle;

    Driver->DriverUnload = Unload;
    for (ULONG i = 0; i < 2; i++) {
        ExInitializeFastMutex(&Fast[i]);
        ExInitializeResourceLite(&Resource[i]);
        KeInitializeMutex(&Mutex[i], 0);
    }
    InitializeObjectAttributes(&Attributes, NULL, OBJ_KERNEL_HANDLE, NULL, NULL);
    (void)PsCreateSystemThread(&Handle, SYNCHRONIZE, &Attributes, NULL, NULL, Thread, NULL);
    ZwWaitForSingleObject(Handle, FALSE, NULL);
    ZwClose(Handle);
    ExDeleteResourceLite(&Resource[0]);
    ExDeleteResourceLite(&Resource[1]);
    return STATUS_SUCCESS;
}
