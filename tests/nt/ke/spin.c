/*
 * spin.c - loops that wait for another thread or processor by looking at memory, and do nothing else. On a
 * machine with more than one processor they end: the other one runs meanwhile.
 * CASE 2 and 3 never end: nobody changes the word.
 */
#include "../ntlab-test.h"

static volatile LONG Flag, Answer, Ready;
static volatile LONG Pair[2];

static NTSTATUS
Start(PKSTART_ROUTINE Routine, PVOID Context, PVOID *Thread)
{
    OBJECT_ATTRIBUTES Attributes;
    HANDLE Handle;
    NTSTATUS Status;

    InitializeObjectAttributes(&Attributes, NULL, OBJ_KERNEL_HANDLE, NULL, NULL);
    Status =
        PsCreateSystemThread(&Handle, THREAD_ALL_ACCESS, &Attributes, NULL, NULL, Routine, Context);
    if (NT_SUCCESS(Status)) {
        ObReferenceObjectByHandle(Handle, SYNCHRONIZE, *PsThreadType, KernelMode, Thread, NULL);
        ZwClose(Handle);
    }
    return Status;
}

static VOID
Join(PVOID Thread)
{
    KeWaitForSingleObject(Thread, Executive, KernelMode, FALSE, NULL);
    ObDereferenceObject(Thread);
}

__attribute__((noinline)) static BOOLEAN
IsSet(volatile LONG *Word)
{
    return *Word != 0;
}

/* A loop on a word, one with a call in it, and one with another loop in it. */
static VOID NTAPI
Waiter(PVOID Context)
{
    volatile LONG Delay;

    while (!Flag) {
    }
    Answer = 1;
    while (!IsSet(&Pair[0])) {
    }
    Answer = 2;
    while (!IsSet(&Pair[1])) {
        for (Delay = 0; Delay < 10; Delay++) {
        }
    }
    Answer = 3;
}

static VOID NTAPI
HighWaiter(PVOID Context)
{
    KIRQL OldIrql;

    KeRaiseIrql(DISPATCH_LEVEL, &OldIrql);
    Ready = 1;
    while (!Flag) {
    }
    Answer++;
    KeLowerIrql(OldIrql);
}

#if CASE == 0
static VOID
TestPassive(VOID)
{
    LARGE_INTEGER Soon = {.QuadPart = -10000};
    PVOID Thread;
    KPRIORITY OldPriority;

    EXPECT_STATUS(Start(Waiter, NULL, &Thread), STATUS_SUCCESS);
    /* On one processor they take turns as equals only. */
    OldPriority = KeSetPriorityThread(KeGetCurrentThread(), KeQueryPriorityThread(Thread));
    KeDelayExecutionThread(KernelMode, FALSE, &Soon);
    EXPECT_EQ(Answer, 0);
    Flag = 1;
    while (Answer != 1) {
    }
    EXPECT_EQ(Answer, 1);
    Pair[0] = 1;
    while (Answer != 2) {
    }
    KeDelayExecutionThread(KernelMode, FALSE, &Soon);
    EXPECT_EQ(Answer, 2);
    Pair[1] = 1;
    Join(Thread);
    KeSetPriorityThread(KeGetCurrentThread(), OldPriority);
    EXPECT_EQ(Answer, 3);
}

static VOID
TestDispatch(VOID)
{
    PVOID Thread;

    Flag = Answer = 0;
    if (KeNumberProcessors < 2) {
        SKIP("one processor only");
        return;
    }
    EXPECT_STATUS(Start(HighWaiter, NULL, &Thread), STATUS_SUCCESS);
    while (!Ready) {
    }
    EXPECT_EQ(Answer, 0);
    Flag = 1;
    Join(Thread);
    EXPECT_EQ(Answer, 1);
}

TEST_DRIVER(TEST(TestPassive), TEST(TestDispatch))
#else
NTSTATUS NTAPI
DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
#if CASE == 2
    Waiter(NULL);
#else
    HighWaiter(NULL);
#endif
    return STATUS_UNSUCCESSFUL;
}
#endif
