/*
 * resource.c - ERESOURCE: who gets in, recursion, owners. The table of grant rules is that of the four acquire
 * routines' pages; "others" is a second thread that does what it is told.
 */
#include "../ntlab-test.h"

static ERESOURCE Resource;

/* The second thread. */
enum {
    DoNothing,
    DoExclusive,
    DoShared,
    DoRelease,
    DoTryExclusive,
    DoTryShared,
    DoTryStarve,
    DoTryWaitFor,
    DoExit
};
static KEVENT Go, Done;
static volatile LONG Command;
static volatile LONG Answer;
static PVOID Other;

static VOID NTAPI
OtherThread(PVOID Context)
{
    KeEnterCriticalRegion();
    for (;;) {
        KeWaitForSingleObject(&Go, Executive, KernelMode, FALSE, NULL);
        switch (Command) {
        case DoExclusive:
            Answer = ExAcquireResourceExclusiveLite(&Resource, TRUE);
            break;
        case DoShared:
            Answer = ExAcquireResourceSharedLite(&Resource, TRUE);
            break;
        case DoRelease:
            ExReleaseResourceLite(&Resource);
            break;
        case DoTryExclusive:
            Answer = ExAcquireResourceExclusiveLite(&Resource, FALSE);
            break;
        case DoTryShared:
            Answer = ExAcquireResourceSharedLite(&Resource, FALSE);
            break;
        case DoTryStarve:
            Answer = ExAcquireSharedStarveExclusive(&Resource, FALSE);
            break;
        case DoTryWaitFor:
            Answer = ExAcquireSharedWaitForExclusive(&Resource, FALSE);
            break;
        case DoExit:
            KeLeaveCriticalRegion();
            PsTerminateSystemThread(STATUS_SUCCESS);
        }
        KeSetEvent(&Done, 0, FALSE);
    }
}

/* Waits for the answer; or, if the other thread has to wait itself, only tells it. */
static LONG
Tell(LONG What)
{
    Command = What;
    Answer = -1;
    KeSetEvent(&Go, 0, FALSE);
    KeWaitForSingleObject(&Done, Executive, KernelMode, FALSE, NULL);
    return Answer;
}

static VOID
TellOnly(LONG What)
{
    LARGE_INTEGER Delay = {.QuadPart = -100000};

    Command = What;
    Answer = -1;
    KeSetEvent(&Go, 0, FALSE);
    KeDelayExecutionThread(KernelMode, FALSE, &Delay);
}

static VOID
AwaitDone(VOID)
{
    KeWaitForSingleObject(&Done, Executive, KernelMode, FALSE, NULL);
}

static VOID
Begin(VOID)
{
    HANDLE Handle;

    ExInitializeResourceLite(&Resource);
    KeInitializeEvent(&Go, SynchronizationEvent, FALSE);
    KeInitializeEvent(&Done, SynchronizationEvent, FALSE);
    PsCreateSystemThread(&Handle, THREAD_ALL_ACCESS, NULL, NULL, NULL, OtherThread, NULL);
    ObReferenceObjectByHandle(Handle, SYNCHRONIZE, *PsThreadType, KernelMode, &Other, NULL);
    ZwClose(Handle);
    KeEnterCriticalRegion();
}

static VOID
End(VOID)
{
    KeLeaveCriticalRegion();
    Command = DoExit;
    KeSetEvent(&Go, 0, FALSE);
    KeWaitForSingleObject(Other, Executive, KernelMode, FALSE, NULL);
    ObDereferenceObject(Other);
    EXPECT_STATUS(ExDeleteResourceLite(&Resource), STATUS_SUCCESS);
}

/* [DDI:wdm/exacquireresourceexclusivelite]: "the resource can be recursively acquired" */
static VOID
ExclusiveRecursion(VOID)
{
    Begin();
    EXPECT(ExAcquireResourceExclusiveLite(&Resource, TRUE));
    EXPECT(ExIsResourceAcquiredExclusiveLite(&Resource));
    EXPECT(ExAcquireResourceExclusiveLite(&Resource, FALSE));
    EXPECT(ExAcquireResourceSharedLite(&Resource,
                                       FALSE)); /* shared, by the exclusive owner: granted */
    EXPECT(ExAcquireSharedStarveExclusive(&Resource, FALSE));
    EXPECT(ExAcquireSharedWaitForExclusive(&Resource, FALSE));
    EXPECT_EQ(ExIsResourceAcquiredSharedLite(&Resource),
              5); /* the number of times [DDI:wdm/exisresourceacquiredsharedlite] */
    EXPECT_EQ(Tell(DoTryExclusive), FALSE);
    EXPECT_EQ(Tell(DoTryShared), FALSE);
    EXPECT_EQ(Tell(DoTryStarve), FALSE);
    EXPECT_EQ(Tell(DoTryWaitFor), FALSE);
    for (ULONG i = 0; i < 5; i++) {
        ExReleaseResourceLite(&Resource);
    }
    EXPECT_EQ(ExIsResourceAcquiredSharedLite(&Resource), 0);
    EXPECT_EQ(Tell(DoTryExclusive), TRUE);
    Tell(DoRelease);
    End();
}

/* Others share it and nobody waits: shared requests are granted, an exclusive one is not. */
static VOID
SharedByOthers(VOID)
{
    Begin();
    Tell(DoShared);
    EXPECT(!ExAcquireResourceExclusiveLite(&Resource, FALSE));
    EXPECT(ExAcquireResourceSharedLite(&Resource, FALSE));
    EXPECT(ExAcquireSharedStarveExclusive(&Resource, FALSE));
    EXPECT(ExAcquireSharedWaitForExclusive(&Resource, FALSE));
    EXPECT_EQ(ExIsResourceAcquiredSharedLite(&Resource), 3);
    EXPECT(!ExIsResourceAcquiredExclusiveLite(&Resource));
    EXPECT(
        !ExAcquireResourceExclusiveLite(&Resource, FALSE)); /* a shared owner must release first */
    for (ULONG i = 0; i < 3; i++) {
        ExReleaseResourceLite(&Resource);
    }
    Tell(DoRelease);
    End();
}

/* The caller shares it and somebody waits for exclusive access: SharedLite and StarveExclusive grant again, WaitForExclusive
   does not - "the only difference" [DDI:wdm/exacquiresharedwaitforexclusive] */
static VOID
ExclusiveWaiter(VOID)
{
    Begin();
    EXPECT(ExAcquireResourceSharedLite(&Resource, TRUE));
    TellOnly(DoExclusive);
    EXPECT_EQ(ExGetExclusiveWaiterCount(&Resource), 1);
    EXPECT_EQ(ExGetSharedWaiterCount(&Resource), 0);
    EXPECT(ExAcquireResourceSharedLite(&Resource, FALSE));
    EXPECT(ExAcquireSharedStarveExclusive(&Resource, FALSE));
    EXPECT(!ExAcquireSharedWaitForExclusive(&Resource, FALSE));
    ExReleaseResourceLite(&Resource);
    ExReleaseResourceLite(&Resource);
    EXPECT_EQ(Answer, -1);
    ExReleaseResourceLite(&Resource);
    AwaitDone(); /* the last release lets the waiter in */
    EXPECT_EQ(Answer, TRUE);
    EXPECT(!ExAcquireResourceSharedLite(&Resource, FALSE));
    Tell(DoRelease);
    End();
}

/* "converts ... exclusive access to shared"; shared waiters get it too [DDI:wdm/exconvertexclusivetosharedlite] */
static VOID
Convert(VOID)
{
    Begin();
    ExAcquireResourceExclusiveLite(&Resource, TRUE);
    TellOnly(DoShared);
    EXPECT_EQ(ExGetSharedWaiterCount(&Resource), 1);
    ExConvertExclusiveToSharedLite(&Resource);
    AwaitDone();
    EXPECT_EQ(Answer, TRUE);
    EXPECT(!ExIsResourceAcquiredExclusiveLite(&Resource));
    EXPECT_EQ(ExIsResourceAcquiredSharedLite(&Resource), 1);
    ExReleaseResourceLite(&Resource);
    EXPECT(!ExAcquireResourceExclusiveLite(&Resource, FALSE));
    Tell(DoRelease);
    EXPECT(ExAcquireResourceExclusiveLite(&Resource, FALSE));
    ExReleaseResourceLite(&Resource);
    End();
}

/* A disowned resource is released by owner pointer, from any thread [DDI:wdm/exsetresourceownerpointer] */
static VOID
OwnerPointer(VOID)
{
    static ULONG64 Owner[2];
    ULONG_PTR Pointer = (ULONG_PTR)Owner | 3;

    Begin();
    ExAcquireResourceExclusiveLite(&Resource, TRUE);
    ExSetResourceOwnerPointer(&Resource, (PVOID)Pointer);
    EXPECT(!ExIsResourceAcquiredExclusiveLite(&Resource));
    EXPECT_EQ(Tell(DoTryShared), FALSE);
    ExReleaseResourceForThreadLite(&Resource, Pointer);
    EXPECT_EQ(Tell(DoTryShared), TRUE);
    ExAcquireResourceSharedLite(&Resource, TRUE);
    ExReleaseResourceForThreadLite(&Resource, (ERESOURCE_THREAD)PsGetCurrentThread());
    EXPECT_EQ(ExIsResourceAcquiredSharedLite(&Resource), 0);
    Tell(DoRelease);
    EXPECT_STATUS(ExReinitializeResourceLite(&Resource), STATUS_SUCCESS);
    End();
}

TEST_DRIVER(TEST(ExclusiveRecursion), TEST(SharedByOthers), TEST(ExclusiveWaiter), TEST(Convert),
            TEST(OwnerPointer))
