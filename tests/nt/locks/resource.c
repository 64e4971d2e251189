/*
 * resource.c - ERESOURCE: the grants of locks.table, each with real threads, and what else the pages of its routines
 * say: waiter counts, hand-over, conversion, owner pointers, reinitialising. ITSELF: one of the requests that wait
 * for their own thread (state * 4 + routine).
 */
#include "forms.h" /* the table of grants */
#include "worker.h"

#undef ExTryToAcquireResourceExclusiveLite
BOOLEAN NTAPI ExTryToAcquireResourceExclusiveLite(PERESOURCE);

static ERESOURCE Resource;

enum { Exclusive, Shared, Starve, WaitFor };

static BOOLEAN
Acquire(ULONG How, BOOLEAN Wait_)
{
    switch (How) {
    case Exclusive:
        return ExAcquireResourceExclusiveLite(&Resource, Wait_);
    case Shared:
        return ExAcquireResourceSharedLite(&Resource, Wait_);
    case Starve:
        return ExAcquireSharedStarveExclusive(&Resource, Wait_);
    default:
        return ExAcquireSharedWaitForExclusive(&Resource, Wait_);
    }
}
static LONG_PTR
DoAcquire(PVOID How)
{
    return Acquire((ULONG)(ULONG_PTR)How, TRUE);
}
static LONG_PTR
DoTry(PVOID How)
{
    return Acquire((ULONG)(ULONG_PTR)How, FALSE);
}
static LONG_PTR
DoRelease(PVOID Unused)
{
    ExReleaseResourceLite(&Resource);
    return TRUE;
}
#define AS(How) ((PVOID)(ULONG_PTR)(How))

/* Worker 0 is the other owner, 1 the exclusive waiter, 2 somebody new. */
static VOID
MakeState(ULONG State)
{
    switch (State) {
    case StateMineExclusive:
        ExAcquireResourceExclusiveLite(&Resource, TRUE);
        break;
    case StateMineShared:
        ExAcquireResourceSharedLite(&Resource, TRUE);
        break;
    case StateMineSharedWaiter:
        ExAcquireResourceSharedLite(&Resource, TRUE);
        Send(1, DoAcquire, AS(Exclusive));
        break;
    case StateOthersShared:
        Ask(0, DoAcquire, AS(Shared));
        break;
    case StateOthersSharedWaiter:
        Ask(0, DoAcquire, AS(Shared));
        Send(1, DoAcquire, AS(Exclusive));
        break;
    case StateOtherExclusive:
        Ask(0, DoAcquire, AS(Exclusive));
        break;
    }
}

static VOID
EndState(ULONG State)
{
    if (State >= StateMineExclusive && State <= StateMineSharedWaiter) {
        ExReleaseResourceLite(&Resource);
    } else if (State >= StateOthersShared) {
        Ask(0, DoRelease, NULL);
    }
    if (State == StateMineSharedWaiter || State == StateOthersSharedWaiter) {
        EXPECT_EQ(Await(1), TRUE); /* the exclusive waiter gets it at last */
        Ask(1, DoRelease, NULL);
    }
}

static VOID
Begin(VOID)
{
    KeEnterCriticalRegion();
    StartWorkers();
    ExInitializeResourceLite(&Resource);
}

static VOID
End(VOID)
{
    EXPECT(ExAcquireResourceExclusiveLite(&Resource, FALSE)); /* nobody has it any more */
    ExReleaseResourceLite(&Resource);
    EXPECT_STATUS(ExDeleteResourceLite(&Resource), STATUS_SUCCESS);
    EndWorkers();
    KeLeaveCriticalRegion();
}

/* Every cell, with Wait FALSE and TRUE. */
static VOID
Grants(VOID)
{
    Begin();
    for (ULONG State = 0; State < RTL_NUMBER_OF(LockGrants); State++) {
        for (ULONG How = Exclusive; How <= WaitFor; How++) {
            UCHAR Cell = LockGrants[State][How];
            ULONG Before;

            DbgPrint("state %u routine %u\n", State, How);
            MakeState(State);
            Before = ExIsResourceAcquiredSharedLite(&Resource);
            EXPECT_EQ(Acquire(How, FALSE), Cell == Grant);
            EXPECT_EQ(ExIsResourceAcquiredSharedLite(&Resource), Before + (Cell == Grant));
            if (Cell == Grant) {
                /* A recursion of the exclusive owner stays exclusive. */
                EXPECT_EQ(ExIsResourceAcquiredExclusiveLite(&Resource),
                          State == StateMineExclusive || How == Exclusive);
                ExReleaseResourceLite(&Resource);
                EXPECT_EQ(Acquire(How, TRUE), TRUE);
                ExReleaseResourceLite(&Resource);
            } else if (Cell == Wait) {
                Send(2, DoAcquire, AS(How));
                EXPECT(Busy(2));
                EXPECT_EQ(ExGetExclusiveWaiterCount(&Resource),
                          (How == Exclusive) + (State == StateOthersSharedWaiter));
                EXPECT_EQ(ExGetSharedWaiterCount(&Resource), How != Exclusive);
            }
            EndState(State);
            if (Cell == Wait) {
                EXPECT_EQ(Await(2), TRUE);
                Ask(2, DoRelease, NULL);
            }
            EXPECT_EQ(ExGetExclusiveWaiterCount(&Resource), 0);
            EXPECT_EQ(ExGetSharedWaiterCount(&Resource), 0);
        }
    }
    End();
}

/* An exclusive release lets all shared waiters in together. [DDI:wdm/exacquireresourcesharedlite] */
static VOID
SharedWaitersTogether(VOID)
{
    Begin();
    ExAcquireResourceExclusiveLite(&Resource, TRUE);
    ExAcquireResourceExclusiveLite(&Resource, TRUE);
    for (ULONG i = 0; i < 3; i++) {
        Send(i, DoAcquire, AS(Shared));
    }
    EXPECT_EQ(ExGetSharedWaiterCount(&Resource), 3);
    ExReleaseResourceLite(&Resource);
    EXPECT(Busy(0)); /* "released as often as it was acquired" [DDI:wdm/exreleaseresourcelite] */
    ExReleaseResourceLite(&Resource);
    for (ULONG i = 0; i < 3; i++) {
        EXPECT_EQ(Await(i), TRUE);
    }
    EXPECT_EQ(ExGetSharedWaiterCount(&Resource), 0);
    EXPECT(!ExAcquireResourceExclusiveLite(&Resource, FALSE));
    Ask(0, DoRelease, NULL);
    Ask(1, DoRelease, NULL);
    EXPECT(!ExAcquireResourceExclusiveLite(&Resource, FALSE)); /* one is left */
    Ask(2, DoRelease, NULL);
    End();
}

/* Exclusive access goes to one waiter at a time, after the last sharer. [DDI:wdm/exacquireresourceexclusivelite] */
static VOID
ExclusiveWaitersOneByOne(VOID)
{
    Begin();
    ExAcquireResourceSharedLite(&Resource, TRUE);
    Ask(0, DoAcquire, AS(Shared));
    Send(1, DoAcquire, AS(Exclusive));
    Send(2, DoAcquire, AS(Exclusive));
    EXPECT_EQ(ExGetExclusiveWaiterCount(&Resource), 2);
    ExReleaseResourceLite(&Resource);
    EXPECT(Busy(1) && Busy(2));
    Ask(0, DoRelease, NULL);
    EXPECT_EQ(Await(1), TRUE);
    EXPECT(Busy(2));
    EXPECT_EQ(ExGetExclusiveWaiterCount(&Resource), 1);
    EXPECT(!ExAcquireResourceSharedLite(&Resource, FALSE));
    Ask(1, DoRelease, NULL);
    EXPECT_EQ(Await(2), TRUE);
    EXPECT(!ExIsResourceAcquiredExclusiveLite(&Resource)); /* not by this thread */
    EXPECT_EQ(ExIsResourceAcquiredSharedLite(&Resource), 0);
    Ask(2, DoRelease, NULL);
    End();
}

/* Between a grant and the moment the waiter runs, nobody else gets in: shared after exclusive, both kinds waiting. */
static VOID
BothKindsWait(VOID)
{
    Begin();
    ExAcquireResourceExclusiveLite(&Resource, TRUE);
    Send(0, DoAcquire, AS(Shared));
    Send(1, DoAcquire, AS(Exclusive));
    Send(2, DoAcquire, AS(Shared));
    EXPECT_EQ(ExGetSharedWaiterCount(&Resource), 2);
    EXPECT_EQ(ExGetExclusiveWaiterCount(&Resource), 1);
    ExReleaseResourceLite(&Resource);
    EXPECT(!ExAcquireResourceExclusiveLite(&Resource, FALSE));
    Sleep(2);
    if (!Workers[1].Busy) { /* which kind comes first is not documented */
        Await(1);
        EXPECT(Busy(0) && Busy(2));
        Ask(1, DoRelease, NULL);
        Await(0);
        Await(2);
    } else {
        Await(0);
        Await(2);
        EXPECT(Busy(1));
        Ask(0, DoRelease, NULL);
        EXPECT(Busy(1));
        Ask(2, DoRelease, NULL);
        Await(1);
        Ask(1, DoRelease, NULL);
        End();
        return;
    }
    Ask(0, DoRelease, NULL);
    Ask(2, DoRelease, NULL);
    End();
}

/* "the caller and any threads waiting for shared access" get it; the depth stays. [DDI:wdm/exconvertexclusivetosharedlite] */
static VOID
Conversion(VOID)
{
    Begin();
    ExAcquireResourceExclusiveLite(&Resource, TRUE);
    ExAcquireResourceExclusiveLite(&Resource, TRUE);
    Send(0, DoAcquire, AS(Shared));
    Send(1, DoAcquire, AS(Shared));
    Send(2, DoAcquire, AS(Exclusive));
    ExConvertExclusiveToSharedLite(&Resource);
    EXPECT_EQ(Await(0), TRUE);
    EXPECT_EQ(Await(1), TRUE);
    EXPECT(Busy(2));
    EXPECT(!ExIsResourceAcquiredExclusiveLite(&Resource));
    EXPECT_EQ(ExIsResourceAcquiredSharedLite(&Resource), 2);
    EXPECT_EQ(ExGetSharedWaiterCount(&Resource), 0);
    Ask(0, DoRelease, NULL);
    Ask(1, DoRelease, NULL);
    ExReleaseResourceLite(&Resource);
    EXPECT(Busy(2));
    ExReleaseResourceLite(&Resource);
    EXPECT_EQ(Await(2), TRUE);
    Ask(2, DoRelease, NULL);
    End();
}

/* Four sharers besides the first: the owner table grows, and each is found again. */
static VOID
ManySharers(VOID)
{
    Begin();
    ExAcquireResourceSharedLite(&Resource, TRUE);
    for (ULONG i = 0; i < WORKERS; i++) {
        EXPECT_EQ(Ask(i, DoTry, AS(Shared)), TRUE);
        EXPECT_EQ(Ask(i, DoTry, AS(Starve)), TRUE);
    }
    ExReleaseResourceLite(&Resource);
    EXPECT_EQ(ExIsResourceAcquiredSharedLite(&Resource), 0);
    for (ULONG i = 0; i < WORKERS; i++) {
        Ask(i, DoRelease, NULL);
        EXPECT(!ExAcquireResourceExclusiveLite(&Resource, FALSE));
        Ask(i, DoRelease, NULL);
    }
    End();
}

/* Owner pointers. [DDI:wdm/exsetresourceownerpointer], [DDI:wdm/exreleaseresourceforthreadlite] */
static ULONG64 Storage[2][2];
#define OWNER(Index) ((ERESOURCE_THREAD)Storage[Index] | 3)

static LONG_PTR
DoReleaseFor(PVOID Owner)
{
    ExReleaseResourceForThreadLite(&Resource, (ERESOURCE_THREAD)Owner);
    return TRUE;
}
static LONG_PTR
DoDisown(PVOID Owner)
{
    ExSetResourceOwnerPointer(&Resource, Owner);
    return TRUE;
}

static VOID
Disowning(VOID)
{
    Begin();
    /* Exclusive: nobody's thread has it; any thread gives it back with the pointer. */
    ExAcquireResourceExclusiveLite(&Resource, TRUE);
    ExAcquireResourceExclusiveLite(&Resource, TRUE);
    ExSetResourceOwnerPointer(&Resource, (PVOID)OWNER(0));
    EXPECT(!ExIsResourceAcquiredExclusiveLite(&Resource));
    EXPECT_EQ(ExIsResourceAcquiredSharedLite(&Resource), 0);
    EXPECT(!ExAcquireResourceExclusiveLite(&Resource, FALSE)); /* not even by who had it */
    EXPECT(!ExAcquireResourceSharedLite(&Resource, FALSE));
    Ask(0, DoReleaseFor, (PVOID)OWNER(0));
    EXPECT(!ExAcquireResourceSharedLite(&Resource, FALSE)); /* the depth went with it */
    Send(1, DoAcquire, AS(Shared));
    EXPECT(Busy(1));
    Ask(0, DoReleaseFor, (PVOID)OWNER(0));
    EXPECT_EQ(Await(1), TRUE);
    /* Shared: two threads disown to one pointer. */
    Ask(0, DoAcquire, AS(Shared));
    Ask(0, DoDisown, (PVOID)OWNER(1));
    Ask(1, DoDisown, (PVOID)OWNER(1));
    EXPECT(ExAcquireResourceSharedLite(&Resource, FALSE));
    ExReleaseResourceLite(&Resource);
    EXPECT(!ExAcquireResourceExclusiveLite(&Resource, FALSE));
    ExReleaseResourceForThreadLite(&Resource, OWNER(1));
    EXPECT(!ExAcquireResourceExclusiveLite(&Resource, FALSE));
    ExReleaseResourceForThreadLite(&Resource, OWNER(1));
    /* A thread's own name: as ExReleaseResourceLite. */
    ExAcquireResourceSharedLite(&Resource, TRUE);
    ExReleaseResourceForThreadLite(&Resource, ExGetCurrentResourceThread());
    EXPECT_EQ(ExIsResourceAcquiredSharedLite(&Resource), 0);
    End();
}

/* "reinitializes an existing resource variable": free, no waiters, and works. [DDI:wdm/exreinitializeresourcelite] */
static VOID
Reinitialize(VOID)
{
    Begin();
    for (ULONG i = 0; i < WORKERS; i++) {
        Ask(i, DoAcquire, AS(Shared));
    }
    Send(0, DoRelease, NULL);
    Await(0);
    Send(0, DoAcquire, AS(Exclusive));
    for (ULONG i = 1; i < WORKERS; i++) {
        Ask(i, DoRelease, NULL);
    }
    Await(0);
    Send(1, DoAcquire, AS(Shared));
    Ask(0, DoRelease, NULL);
    Await(1);
    Ask(1, DoRelease, NULL);
    EXPECT_STATUS(ExReinitializeResourceLite(&Resource), STATUS_SUCCESS);
    EXPECT_EQ(Resource.ContentionCount, 0);
    EXPECT(ExAcquireResourceExclusiveLite(&Resource, FALSE));
    Send(0, DoAcquire, AS(Exclusive));
    Send(1, DoAcquire, AS(Shared));
    EXPECT_EQ(ExGetExclusiveWaiterCount(&Resource), 1);
    EXPECT_EQ(ExGetSharedWaiterCount(&Resource), 1);
    EXPECT_EQ(Resource.ContentionCount, 2); /* who had to wait */
    ExReleaseResourceLite(&Resource);
    Sleep(2);
    if (Workers[0].Busy) {
        Await(1);
        Ask(1, DoRelease, NULL);
        Await(0);
        Ask(0, DoRelease, NULL);
    } else {
        Await(0);
        Ask(0, DoRelease, NULL);
        Await(1);
        Ask(1, DoRelease, NULL);
    }
    EXPECT(ExTryToAcquireResourceExclusiveLite(&Resource));
    EXPECT_EQ(Ask(0, DoTry, AS(Shared)), FALSE);
    ExReleaseResourceLite(&Resource);
    End();
}

#ifdef ITSELF
static VOID
WaitsForItself(VOID)
{
    Begin();
    EXPECT_EQ(LockGrants[ITSELF / 4][ITSELF % 4], 2 /* Itself */);
    MakeState(ITSELF / 4);
    EXPECT_EQ(Acquire(ITSELF % 4, FALSE), FALSE);
    Acquire(ITSELF % 4, TRUE);
}
TEST_DRIVER(TEST(WaitsForItself))
#else
TEST_DRIVER(TEST(Grants), TEST(SharedWaitersTogether), TEST(ExclusiveWaitersOneByOne),
            TEST(BothKindsWait), TEST(Conversion), TEST(ManySharers), TEST(Disowning),
            TEST(Reinitialize))
#endif
