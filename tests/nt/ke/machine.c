/*
 * machine.c - processors, time, the stack, bug check callbacks: what a driver may ask the machine.
 * [DDI:wdm/kequeryactiveprocessorcountex], [DDI:wdm/kegetprocessornumberfromindex],
 * [DDI:wdm/kegetprocessorindexfromnumber], [DDI:wdm/kesetsystemgroupaffinitythread],
 * [DDI:wdm/kereverttousergroupaffinitythread], [DDI:wdm/kesetsystemaffinitythreadex],
 * [DDI:ntddk/keexpandkernelstackandcalloutex], [DDI:wdm/kequerysystemtimeprecise],
 * [DDI:wdm/kequeryinterrupttimeprecise], [DDI:wdm/kequeryunbiasedinterrupttime], [DDI:ntifs/kequerytickcount],
 * [DDI:wdm/keregisterbugcheckcallback], [DDI:wdm/kederegisterbugcheckcallback],
 * [DDI:wdm/keregisterbugcheckreasoncallback], [DDI:wdm/kesaveextendedprocessorstate]
 * Runs with --cpus 4.
 */
#include "../ntlab-test.h"

NTKERNELAPI ULONG NTAPI KeGetCurrentProcessorNumber(VOID);
NTHALAPI KIRQL NTAPI KeAcquireSpinLockRaiseToSynch(PKSPIN_LOCK);
NTHALAPI VOID NTAPI KeAcquireInStackQueuedSpinLockRaiseToSynch(PKSPIN_LOCK, PKLOCK_QUEUE_HANDLE);
NTKERNELAPI KIRQL NTAPI KeRaiseIrqlToSynchLevel(VOID);
NTKERNELAPI NTSTATUS NTAPI KeExpandKernelStackAndCalloutEx(PEXPAND_STACK_CALLOUT, PVOID, SIZE_T,
                                                           BOOLEAN, PVOID);
NTKERNELAPI VOID NTAPI KeQuerySystemTimePrecise(PLARGE_INTEGER);
NTKERNELAPI ULONGLONG NTAPI KeQueryInterruptTimePrecise(PULONG64);

static VOID
Processors(VOID)
{
    KAFFINITY Affinity = 0;
    PROCESSOR_NUMBER Number = {7, 7, 7};

    EXPECT_EQ(KeQueryActiveProcessorCount(&Affinity), 4);
    EXPECT_EQ(KeQueryActiveProcessorCount(NULL), 4);
    EXPECT_EQ(Affinity, 15);
    EXPECT_EQ(KeQueryActiveProcessors(), 15);
    EXPECT_EQ(KeQueryActiveProcessorCountEx(0), 4);
    EXPECT_EQ(KeQueryActiveProcessorCountEx(ALL_PROCESSOR_GROUPS), 4);
    EXPECT_EQ(KeQueryActiveProcessorCountEx(1), 0); /* an invalid group: 0 */
    EXPECT_EQ(KeQueryMaximumProcessorCount(), 4);
    EXPECT_EQ(KeQueryMaximumProcessorCountEx(0), 4);
    EXPECT_EQ(KeQueryActiveGroupCount(), 1);
    EXPECT_EQ(KeQueryMaximumGroupCount(), 1);
    EXPECT_EQ(KeQueryGroupAffinity(0), 15);
    EXPECT_EQ(KeQueryGroupAffinity(1), 0);
    EXPECT_EQ(KeQueryHighestNodeNumber(), 0);
    EXPECT_EQ(KeGetCurrentNodeNumber(), 0);
    EXPECT_STATUS(KeGetProcessorNumberFromIndex(3, &Number), STATUS_SUCCESS);
    EXPECT(Number.Group == 0 && Number.Number == 3 && Number.Reserved == 0);
    EXPECT_EQ(KeGetProcessorIndexFromNumber(&Number), 3);
    EXPECT_STATUS(KeGetProcessorNumberFromIndex(4, &Number), STATUS_INVALID_PARAMETER);
    Number.Number = 4;
    EXPECT_EQ(KeGetProcessorIndexFromNumber(&Number), INVALID_PROCESSOR_INDEX);
    Number.Number = 0;
    Number.Group = 1;
    EXPECT_EQ(KeGetProcessorIndexFromNumber(&Number), INVALID_PROCESSOR_INDEX);
    EXPECT_EQ(KeGetRecommendedSharedDataAlignment() & 63, 0);
}

/* The thread runs where it was sent before the call returns. */
static VOID
Affinities(VOID)
{
    GROUP_AFFINITY Wanted = {4, 0}, Old;
    PROCESSOR_NUMBER Number = {7, 7, 7};
    KAFFINITY Before;

    RtlFillMemory(&Old, sizeof(Old), 0x55);
    KeSetSystemGroupAffinityThread(&Wanted, &Old);
    EXPECT_EQ(KeGetCurrentProcessorNumber(), 2);
    EXPECT_EQ(KeGetCurrentProcessorNumberEx(&Number), 2);
    EXPECT(Number.Group == 0 && Number.Number == 2 && Number.Reserved == 0);
    EXPECT(Old.Group == 0 && Old.Reserved[0] == 0);
    Wanted.Mask = 2;
    KeSetSystemGroupAffinityThread(&Wanted, NULL);
    EXPECT_EQ(KeGetCurrentProcessorNumberEx(NULL), 1);
    KeRevertToUserGroupAffinityThread(&Old);
    Before = KeSetSystemAffinityThreadEx(8);
    EXPECT_EQ(KeGetCurrentProcessorNumber(), 3);
    KeRevertToUserAffinityThreadEx(Before);
    Before = KeSetSystemAffinityThreadEx(1);
    EXPECT_EQ(KeGetCurrentProcessorNumber(), 0);
    EXPECT_EQ(KeSetSystemAffinityThreadEx(2), 1); /* the previous one */
    KeRevertToUserAffinityThread();
    KeRevertToUserAffinityThreadEx(Before);
}

/* "A return value of zero indicates that there was no previous system affinity"; a mask of no active processor changes
   nothing. [DDI:wdm/kesetsystemaffinitythreadex, DDI:wdm/kereverttouseraffinitythreadex] */
static VOID
SystemAffinity(VOID)
{
    GROUP_AFFINITY Wanted = {4, 0}, Old;

    EXPECT_EQ(KeSetSystemAffinityThreadEx(0), 0);
    EXPECT_EQ(KeSetSystemAffinityThreadEx(1ull << 40), 0);
    EXPECT_EQ(KeSetSystemAffinityThreadEx(1), 0); /* the first: there was none */
    EXPECT_EQ(KeSetSystemAffinityThreadEx(0), 0);
    EXPECT_EQ(KeSetSystemAffinityThreadEx(~0ull), 1);
    EXPECT_EQ(KeSetSystemAffinityThreadEx(2), 15); /* of the active processors */
    KeRevertToUserAffinityThreadEx(4);             /* not 0: back to that one */
    EXPECT_EQ(KeGetCurrentProcessorNumber(), 2);
    EXPECT_EQ(KeSetSystemAffinityThreadEx(1), 4);
    KeRevertToUserAffinityThreadEx(0);
    EXPECT_EQ(KeSetSystemAffinityThreadEx(1), 0);
    KeRevertToUserAffinityThread();
    KeRevertToUserAffinityThread();    /* nothing to revert: nothing happens */
    KeRevertToUserAffinityThreadEx(2); /* as KeSetSystemAffinityThreadEx */
    EXPECT_EQ(KeSetSystemAffinityThreadEx(1), 2);
    KeRevertToUserAffinityThread();
    RtlFillMemory(&Old, sizeof(Old), 0x55);
    KeSetSystemGroupAffinityThread(&Wanted, &Old);
    EXPECT_EQ(Old.Mask, 0);
    KeSetSystemGroupAffinityThread(&Wanted, &Old);
    EXPECT_EQ(Old.Mask, 4);
    Old.Mask = 0;
    KeRevertToUserGroupAffinityThread(&Old);
    EXPECT_EQ(KeSetSystemAffinityThreadEx(1), 0);
    KeRevertToUserAffinityThread();
}

static ULONG_PTR Space;
static KIRQL IrqlThere;

static VOID NTAPI
Deep(PVOID Parameter)
{
    LARGE_INTEGER Soon = {.QuadPart = -10000};
    ULONG_PTR Low, High, Now = (ULONG_PTR)&Soon;

    Space = IoGetRemainingStackSize();
    IoGetStackLimits(&Low, &High);
    EXPECT(Low < Now && Now < High && High - Low < 2 * MAXIMUM_EXPANSION_SIZE);
    EXPECT(Space < Now - Low + 1 && Space > Now - Low - 0x1000);
    KeDelayExecutionThread(KernelMode, FALSE,
                           &Soon); /* others run, and this stack is its own when it comes back */
    IoGetStackLimits(&Low, &High);
    EXPECT(Low < Now && Now < High);
    IrqlThere = KeGetCurrentIrql();
    *(ULONG *)Parameter += 1;
}

static VOID
Stack(VOID)
{
    ULONG Calls = 0;
    ULONG_PTR Low, High, Now;

    EXPECT_STATUS(KeExpandKernelStackAndCallout(Deep, &Calls, 256), STATUS_SUCCESS);
    EXPECT_EQ(Calls, 1); /* there is room: it is called where we are */
    EXPECT_STATUS(KeExpandKernelStackAndCallout(Deep, &Calls, MAXIMUM_EXPANSION_SIZE),
                  STATUS_SUCCESS);
    EXPECT_EQ(Calls, 2);
    EXPECT(Space >= MAXIMUM_EXPANSION_SIZE - 0x1000);
    IoGetStackLimits(&Low, &High);
    Now = (ULONG_PTR)&Calls;
    EXPECT(Low < Now && Now < High); /* its own stack again */
    EXPECT_EQ(IoGetRemainingStackSize() < MAXIMUM_EXPANSION_SIZE, 1);
    EXPECT_STATUS(KeExpandKernelStackAndCallout(Deep, &Calls, MAXIMUM_EXPANSION_SIZE + 1),
                  STATUS_INVALID_PARAMETER_3);
    EXPECT_EQ(Calls, 2);
    EXPECT_STATUS(
        KeExpandKernelStackAndCalloutEx(Deep, &Calls, MAXIMUM_EXPANSION_SIZE, FALSE, NULL),
        STATUS_SUCCESS);
    EXPECT_EQ(Calls, 3);
    EXPECT_EQ(IrqlThere, PASSIVE_LEVEL);
}

static VOID
Times(VOID)
{
    LARGE_INTEGER System, Precise, Wait = {.QuadPart = -320000}, Ticks, Later, Frequency;
    ULONG64 Interrupt, Stamp = 0, Unbiased;
    LARGE_INTEGER Counter;

    KeQuerySystemTime(&System);
    KeQuerySystemTimePrecise(&Precise);
    EXPECT(Precise.QuadPart >= System.QuadPart && Precise.QuadPart - System.QuadPart < 160000);
    Interrupt = KeQueryInterruptTime();
    EXPECT(KeQueryInterruptTimePrecise(&Stamp) >= Interrupt);
    Counter = KeQueryPerformanceCounter(&Frequency);
    EXPECT(Stamp != 0 && (LONGLONG)Stamp <= Counter.QuadPart);
    EXPECT(Frequency.QuadPart >= 1000000);
    Unbiased = KeQueryUnbiasedInterruptTime(); /* the machine never slept */
    EXPECT(Unbiased >= Interrupt && Unbiased - Interrupt < 160000);
    KeQueryTickCount(&Ticks);
    EXPECT_EQ(KeQueryTimeIncrement(), 156250);
    KeDelayExecutionThread(KernelMode, FALSE, &Wait);
    KeQueryTickCount(&Later);
    EXPECT(Later.QuadPart - Ticks.QuadPart >= 2 && Later.QuadPart - Ticks.QuadPart <= 4);
    EXPECT(KeQueryInterruptTime() - Interrupt >= 320000);
    KeQuerySystemTime(&Precise);
    EXPECT(Precise.QuadPart - System.QuadPart >= 320000);
    Interrupt = KeQueryInterruptTime();
    KeStallExecutionProcessor(50);
    EXPECT(KeQueryInterruptTimePrecise(&Stamp) - Interrupt >= 500);
}

/* Where no device is, a port is all ones, and what is written is dropped. [SDM:INS, OUTS] registers and the memory go on as the processor has it. */
static VOID
Ports(VOID)
{
    UCHAR Bytes[4] = {1, 2, 3, 4};
    USHORT Words[4] = {1, 2, 3, 4};
    UCHAR *To = Bytes + 2;
    ULONG64 Count = 2;
    NTSTATUS Status = STATUS_SUCCESS;

    READ_PORT_BUFFER_UCHAR((PUCHAR)0x8000, Bytes + 1, 2);
    EXPECT(Bytes[0] == 1 && Bytes[1] == 0xFF && Bytes[2] == 0xFF && Bytes[3] == 4);
    READ_PORT_BUFFER_USHORT((PUSHORT)0x8000, Words, 3);
    EXPECT(Words[0] == 0xFFFF && Words[2] == 0xFFFF && Words[3] == 4);
    READ_PORT_BUFFER_USHORT((PUSHORT)0x8000, Words + 3, 0);
    EXPECT_EQ(Words[3], 4);
    WRITE_PORT_BUFFER_UCHAR((PUCHAR)0x8000, Bytes, 4);
    EXPECT_EQ(Bytes[3], 4);
    Bytes[0] = Bytes[1] = Bytes[2] = 0;
    __asm__ volatile("std\n\trep insb\n\tcld"
                     : "+D"(To), "+c"(Count)
                     : "d"((USHORT)0x8000)
                     : "memory", "cc");
    EXPECT(To == Bytes && Count == 0 && Bytes[0] == 0 && Bytes[1] == 0xFF && Bytes[2] == 0xFF);
    To = (UCHAR *)0x10000; /* user mode's, and nothing is there */
    __try {
        __asm__ volatile("insb" : "+D"(To) : "d"((USHORT)0x8000) : "memory");
    } __except (EXCEPTION_EXECUTE_HANDLER) {
        Status = GetExceptionCode();
    }
    EXPECT_STATUS(Status, STATUS_ACCESS_VIOLATION);
}

static KBUGCHECK_CALLBACK_RECORD Record;
static KBUGCHECK_REASON_CALLBACK_RECORD ReasonRecord;
static UCHAR Buffer[16];

static VOID NTAPI
OnBugCheck(PVOID Data, ULONG Length)
{
}

static VOID NTAPI
OnReason(KBUGCHECK_CALLBACK_REASON Reason, PKBUGCHECK_REASON_CALLBACK_RECORD Of, PVOID Data,
         ULONG Length)
{
}

static VOID
Callbacks(VOID)
{
    KeInitializeCallbackRecord((&Record));
    EXPECT(!KeDeregisterBugCheckCallback(&Record)); /* not registered */
    EXPECT(KeRegisterBugCheckCallback(&Record, OnBugCheck, Buffer, sizeof(Buffer), (PUCHAR) "me"));
    EXPECT(!KeRegisterBugCheckCallback(&Record, OnBugCheck, Buffer, sizeof(Buffer), (PUCHAR) "me"));
    EXPECT(KeDeregisterBugCheckCallback(&Record));
    EXPECT(!KeDeregisterBugCheckCallback(&Record));
    KeInitializeCallbackRecord((&ReasonRecord));
    EXPECT(!KeDeregisterBugCheckReasonCallback(&ReasonRecord));
    EXPECT(KeRegisterBugCheckReasonCallback(&ReasonRecord, OnReason, KbCallbackSecondaryDumpData,
                                            (PUCHAR) "me"));
    EXPECT(!KeRegisterBugCheckReasonCallback(&ReasonRecord, OnReason, KbCallbackSecondaryDumpData,
                                             (PUCHAR) "me"));
    EXPECT(KeDeregisterBugCheckReasonCallback(&ReasonRecord));
    EXPECT(!KeDeregisterBugCheckReasonCallback(&ReasonRecord));
}

static ULONG StartedCount, CompleteCount, FailureCount, FailAt;

static VOID NTAPI
OnProcessor(PVOID CallbackContext, PKE_PROCESSOR_CHANGE_NOTIFY_CONTEXT Change, PNTSTATUS Status)
{
    EXPECT(CallbackContext == &FailAt);
    EXPECT_EQ(KeGetCurrentIrql(), PASSIVE_LEVEL);
    EXPECT_EQ(Change->ProcNumber.Number, Change->NtNumber);
    switch (Change->State) {
    case KeProcessorAddStartNotify:
        EXPECT_EQ(Change->NtNumber, StartedCount);
        if (++StartedCount == FailAt) {
            *Status = STATUS_INSUFFICIENT_RESOURCES;
        }
        break;
    case KeProcessorAddCompleteNotify:
        EXPECT_EQ(Change->NtNumber, CompleteCount++);
        break;
    case KeProcessorAddFailureNotify:
        EXPECT_EQ(Change->NtNumber, FailureCount++);
        EXPECT_STATUS(Change->Status, STATUS_INSUFFICIENT_RESOURCES);
        break;
    }
}

static BOOLEAN NTAPI
OnNmi(PVOID Context, BOOLEAN Handled)
{
    return Handled;
}

static VOID
Notifications(VOID)
{
    ULONG Count = KeQueryActiveProcessorCount(NULL);
    PVOID First, Second;

    First = KeRegisterProcessorChangeCallback(OnProcessor, &FailAt, 0);
    EXPECT(First != NULL);
    EXPECT_EQ(StartedCount, 0);
    Second =
        KeRegisterProcessorChangeCallback(OnProcessor, &FailAt, KE_PROCESSOR_CHANGE_ADD_EXISTING);
    EXPECT(Second != NULL && Second != First);
    EXPECT_EQ(StartedCount, Count);
    EXPECT_EQ(CompleteCount, Count);
    EXPECT_EQ(FailureCount, 0);
    KeDeregisterProcessorChangeCallback(First);
    KeDeregisterProcessorChangeCallback(Second);
    StartedCount = CompleteCount = 0;
    FailAt = 1;
    EXPECT(KeRegisterProcessorChangeCallback(OnProcessor, &FailAt,
                                             KE_PROCESSOR_CHANGE_ADD_EXISTING) == NULL);
    EXPECT_EQ(StartedCount, 1);
    EXPECT_EQ(CompleteCount, 0);
    EXPECT_EQ(FailureCount, 1);
    First = KeRegisterNmiCallback(OnNmi, NULL);
    Second = KeRegisterNmiCallback(OnNmi, &First);
    EXPECT(First != NULL && Second != NULL && First != Second);
    EXPECT_STATUS(KeDeregisterNmiCallback(First), STATUS_SUCCESS);
    EXPECT_STATUS(KeDeregisterNmiCallback(First), STATUS_INVALID_HANDLE);
    EXPECT_STATUS(KeDeregisterNmiCallback(Second), STATUS_SUCCESS);
}

static VOID
Synch(VOID)
{
    KSPIN_LOCK Lock;
    KLOCK_QUEUE_HANDLE Handle;
    KIRQL Old, Level;

    KeInitializeSpinLock(&Lock);
    Level = KeRaiseIrqlToSynchLevel();
    EXPECT_EQ(Level, PASSIVE_LEVEL);
    EXPECT(KeGetCurrentIrql() >= DISPATCH_LEVEL);
    Level = KeGetCurrentIrql();
    KeLowerIrql(PASSIVE_LEVEL);
    Old = KeAcquireSpinLockRaiseToSynch(&Lock);
    EXPECT_EQ(Old, PASSIVE_LEVEL);
    EXPECT_EQ(KeGetCurrentIrql(), Level);
    EXPECT(!KeTestSpinLock(&Lock)); /* FALSE: it is held */
    EXPECT(!KeTryToAcquireSpinLockAtDpcLevel(&Lock));
    KeReleaseSpinLock(&Lock, Old);
    EXPECT(KeTestSpinLock(&Lock));
    EXPECT_EQ(KeGetCurrentIrql(), PASSIVE_LEVEL);
    KeAcquireInStackQueuedSpinLockRaiseToSynch(&Lock, &Handle);
    EXPECT_EQ(KeGetCurrentIrql(), Level);
    EXPECT(!KeTestSpinLock(&Lock));
    KeReleaseInStackQueuedSpinLock(&Handle);
    EXPECT(KeTestSpinLock(&Lock));
    EXPECT_EQ(KeGetCurrentIrql(), PASSIVE_LEVEL);
    KeRaiseIrql(DISPATCH_LEVEL, &Old);
    EXPECT(KeTryToAcquireSpinLockAtDpcLevel(&Lock));
    EXPECT(!KeTryToAcquireSpinLockAtDpcLevel(&Lock));
    KeReleaseSpinLockFromDpcLevel(&Lock);
    KeLowerIrql(Old);
}

TEST_DRIVER(TEST(Processors), TEST(Affinities), TEST(SystemAffinity), TEST(Stack), TEST(Times),
            TEST(Ports), TEST(Callbacks), TEST(Notifications), TEST(Synch))
