/*
 * resource.c - RTL_RESOURCE: a reader-writer lock that knows its owner, from before SRW locks.
 *
 * NumberActive is 0 when free, the readers when positive, minus the depth of the one writer when negative. The writer may
 * take it again, shared too: that counts as one more level. The critical section guards the counts; who must
 * wait does so at one of the two semaphores, and whoever releases hands the lock over: to one writer first, then to all
 * readers.
 *
 * Facts: winternl.h's layout; RtlAcquireResourceExclusive and its kin as they behave on Windows.
 */
#include "user/ntdll/ntdllp.h"

typedef struct _RTLP_RESOURCE {
    RTL_CRITICAL_SECTION Lock;
    HANDLE SharedSemaphore;
    ULONG SharedWaiters;
    HANDLE ExclusiveSemaphore;
    ULONG ExclusiveWaiters;
    LONG NumberActive;
    HANDLE OwningThread;
    ULONG TimeoutBoost;
    PVOID DebugInfo;
} RTLP_RESOURCE, *PRTLP_RESOURCE;
C_ASSERT(FIELD_OFFSET(RTLP_RESOURCE, NumberActive) == 0x44);
C_ASSERT(sizeof(RTLP_RESOURCE) == 0x60);

static HANDLE
RtlpSelf(VOID)
{
    return NtCurrentTeb()->ClientId.UniqueThread;
}

VOID NTAPI
RtlInitializeResource(PRTLP_RESOURCE Resource)
{
    NTSTATUS Status;

    RtlZeroMemory(Resource, sizeof(*Resource));
    RtlInitializeCriticalSection(&Resource->Lock);
    Status = NtCreateSemaphore(&Resource->SharedSemaphore, SEMAPHORE_ALL_ACCESS, NULL, 0, MAXLONG);
    if (NT_SUCCESS(Status)) {
        Status = NtCreateSemaphore(&Resource->ExclusiveSemaphore, SEMAPHORE_ALL_ACCESS, NULL, 0,
                                   MAXLONG);
    }
    if (!NT_SUCCESS(Status)) {
        RtlRaiseStatus(Status);
    }
}

VOID NTAPI
RtlDeleteResource(PRTLP_RESOURCE Resource)
{
    RtlDeleteCriticalSection(&Resource->Lock);
    NtClose(Resource->SharedSemaphore);
    NtClose(Resource->ExclusiveSemaphore);
    Resource->SharedSemaphore = Resource->ExclusiveSemaphore = NULL;
}

BYTE NTAPI
RtlAcquireResourceShared(PRTLP_RESOURCE Resource, BYTE Wait)
{
    BOOLEAN Granted = TRUE;

    RtlEnterCriticalSection(&Resource->Lock);
    if (Resource->NumberActive < 0) {
        if (Resource->OwningThread == RtlpSelf()) {
            Resource->NumberActive--;
        } else {
            Granted = FALSE;
        }
    } else {
        Resource->NumberActive++;
    }
    Resource->SharedWaiters += !Granted && Wait ? 1 : 0;
    RtlLeaveCriticalSection(&Resource->Lock);
    if (!Granted && Wait) {
        NtWaitForSingleObject(Resource->SharedSemaphore, FALSE, NULL); /* handed over counted */
        Granted = TRUE;
    }
    return Granted;
}

BYTE NTAPI
RtlAcquireResourceExclusive(PRTLP_RESOURCE Resource, BYTE Wait)
{
    BOOLEAN Granted = TRUE;

    RtlEnterCriticalSection(&Resource->Lock);
    if (Resource->NumberActive == 0) {
        Resource->NumberActive = -1;
        Resource->OwningThread = RtlpSelf();
    } else if (Resource->NumberActive < 0 && Resource->OwningThread == RtlpSelf()) {
        Resource->NumberActive--;
    } else {
        Granted = FALSE;
    }
    Resource->ExclusiveWaiters += !Granted && Wait ? 1 : 0;
    RtlLeaveCriticalSection(&Resource->Lock);
    if (!Granted && Wait) {
        NtWaitForSingleObject(Resource->ExclusiveSemaphore, FALSE, NULL);
        Resource->OwningThread = RtlpSelf();
        Granted = TRUE;
    }
    return Granted;
}

/* The lock is free: whom it goes to. Lock held. */
static VOID
RtlpHandOver(PRTLP_RESOURCE Resource)
{
    if (Resource->ExclusiveWaiters != 0) {
        Resource->ExclusiveWaiters--;
        Resource->NumberActive = -1;
        NtReleaseSemaphore(Resource->ExclusiveSemaphore, 1, NULL);
    } else if (Resource->SharedWaiters != 0) {
        LONG Waiters = (LONG)Resource->SharedWaiters;

        Resource->SharedWaiters = 0;
        Resource->NumberActive = Waiters;
        NtReleaseSemaphore(Resource->SharedSemaphore, Waiters, NULL);
    }
}

VOID NTAPI
RtlReleaseResource(PRTLP_RESOURCE Resource)
{
    RtlEnterCriticalSection(&Resource->Lock);
    if (Resource->NumberActive > 0) {
        Resource->NumberActive--;
    } else if (Resource->NumberActive < 0 && ++Resource->NumberActive == 0) {
        Resource->OwningThread = NULL;
    }
    if (Resource->NumberActive == 0) {
        RtlpHandOver(Resource);
    }
    RtlLeaveCriticalSection(&Resource->Lock);
}

VOID NTAPI
RtlConvertSharedToExclusive(PRTLP_RESOURCE Resource)
{
    RtlEnterCriticalSection(&Resource->Lock);
    if (Resource->NumberActive == 1) {
        Resource->NumberActive = -1;
        Resource->OwningThread = RtlpSelf();
        RtlLeaveCriticalSection(&Resource->Lock);
        return;
    }
    Resource->NumberActive--;
    Resource->ExclusiveWaiters++;
    RtlLeaveCriticalSection(&Resource->Lock);
    NtWaitForSingleObject(Resource->ExclusiveSemaphore, FALSE, NULL);
    Resource->OwningThread = RtlpSelf();
}

VOID NTAPI
RtlConvertExclusiveToShared(PRTLP_RESOURCE Resource)
{
    RtlEnterCriticalSection(&Resource->Lock);
    if (Resource->NumberActive == -1) {
        LONG Waiters = (LONG)Resource->SharedWaiters;

        Resource->OwningThread = NULL;
        Resource->NumberActive = 1 + Waiters;
        Resource->SharedWaiters = 0;
        if (Waiters != 0) {
            NtReleaseSemaphore(Resource->SharedSemaphore, Waiters, NULL);
        }
    }
    RtlLeaveCriticalSection(&Resource->Lock);
}
