/*
 * misc.c - processors, groups, floating-point state, caches, stacks: routines that ask about the machine.
 */
#include "nt/ke/ki.h"

ULONG NTAPI
KeGetCurrentProcessorNumber(VOID)
{
    return KiPrcb()->Number;
}

ULONG NTAPI
KiGetCurrentProcessorNumberEx(PPROCESSOR_NUMBER Number)
{
    if (Number != NULL) {
        Number->Group = 0;
        Number->Number = (UCHAR)KiPrcb()->Number;
        Number->Reserved = 0;
    }
    return KiPrcb()->Number;
}

KAFFINITY NTAPI
KeQueryActiveProcessors(VOID)
{
    return KeActiveProcessors;
}

ULONG NTAPI
KeQueryActiveProcessorCount(PKAFFINITY Affinity)
{
    if (Affinity != NULL) {
        *Affinity = KeActiveProcessors;
    }
    return KiProcessorCount;
}

ULONG NTAPI
KeQueryActiveProcessorCountEx(USHORT Group)
{
    return Group == 0 || Group == ALL_PROCESSOR_GROUPS ? KiProcessorCount : 0;
}

ULONG NTAPI
KeQueryMaximumProcessorCount(VOID)
{
    return KiProcessorCount;
}

ULONG NTAPI
KeQueryMaximumProcessorCountEx(USHORT Group)
{
    return KeQueryActiveProcessorCountEx(Group);
}

USHORT NTAPI
KeQueryActiveGroupCount(VOID)
{
    return 1;
}

/* One node: memory is equally far from all processors. */
USHORT NTAPI
KeQueryHighestNodeNumber(VOID)
{
    return 0;
}

USHORT NTAPI
KeGetCurrentNodeNumber(VOID)
{
    return 0;
}

USHORT NTAPI
KeQueryMaximumGroupCount(VOID)
{
    return 1;
}

KAFFINITY NTAPI
KeQueryGroupAffinity(USHORT Group)
{
    return Group == 0 ? KeActiveProcessors : 0;
}

NTSTATUS NTAPI
KeGetProcessorNumberFromIndex(ULONG Index, PPROCESSOR_NUMBER Number)
{
    if (Index >= KiProcessorCount) {
        return STATUS_INVALID_PARAMETER;
    }
    Number->Group = 0;
    Number->Number = (UCHAR)Index;
    Number->Reserved = 0;
    return STATUS_SUCCESS;
}

ULONG NTAPI
KeGetProcessorIndexFromNumber(PPROCESSOR_NUMBER Number)
{
    return Number->Group == 0 && Number->Number < KiProcessorCount ? Number->Number
                                                                   : INVALID_PROCESSOR_INDEX;
}

VOID NTAPI
KeSetSystemGroupAffinityThread(PGROUP_AFFINITY Affinity, PGROUP_AFFINITY Previous)
{
    KAFFINITY Old = Affinity->Group == 0 ? KeSetSystemAffinityThreadEx(Affinity->Mask) : 0;

    if (Previous != NULL) {
        RtlZeroMemory(Previous, sizeof(*Previous));
        Previous->Mask = Old;
    }
}

VOID NTAPI
KeRevertToUserGroupAffinityThread(PGROUP_AFFINITY Previous)
{
    KeRevertToUserAffinityThreadEx(Previous->Mask);
}

/* On x64 the x87 and SSE state may be used freely at IRQL <= DISPATCH_LEVEL; nothing needs saving. */
NTSTATUS NTAPI
KeSaveFloatingPointState(PKFLOATING_SAVE Save)
{
    return STATUS_SUCCESS;
}

NTSTATUS NTAPI
KeRestoreFloatingPointState(PKFLOATING_SAVE Save)
{
    return STATUS_SUCCESS;
}

/* The upper vector halves belong to who saved them: XSAVE into pool memory, XRSTOR back. */
NTSTATUS NTAPI
KeSaveExtendedProcessorState(ULONG64 Mask, PXSTATE_SAVE Save)
{
    ULONG64 Kept = Machine->xsave_mask & Mask;
    PVOID Area = ExAllocatePoolWithTag(NonPagedPoolNx, Machine->xsave_size + 64, 'vsXK');

    if (Area == NULL) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    RtlZeroMemory(Area, Machine->xsave_size + 64);
    *(PVOID *)Save = Area;
    ((PULONG64)Save)[1] = Kept;
    __asm__ volatile("xsave64 %0"
                     : "=m"(*(char *)(((ULONG64)Area + 63) & ~63ull))
                     : "a"((ULONG)Kept), "d"((ULONG)(Kept >> 32))
                     : "memory");
    return STATUS_SUCCESS;
}

VOID NTAPI
KeRestoreExtendedProcessorState(PXSTATE_SAVE Save)
{
    PVOID Area = *(PVOID *)Save;
    ULONG64 Kept = ((PULONG64)Save)[1];

    __asm__ volatile("xrstor64 %0" ::"m"(*(char *)(((ULONG64)Area + 63) & ~63ull)),
                     "a"((ULONG)Kept), "d"((ULONG)(Kept >> 32))
                     : "memory");
    ExFreePoolWithTag(Area, 'vsXK');
}

ULONG64 NTAPI
RtlGetEnabledExtendedFeatures(ULONG64 Mask)
{
    return Mask & 3; /* what the virtual processor reports: x87 and SSE */
}

VOID NTAPI
KiFlushIoBuffers(PMDL Mdl, BOOLEAN ReadOperation, BOOLEAN DmaOperation)
{
}

BOOLEAN NTAPI
KeInvalidateAllCaches(VOID)
{
    return TRUE;
}

ULONG NTAPI
KeGetRecommendedSharedDataAlignment(VOID)
{
    return 64;
}

/* Stack limits of the current thread; nt/io has the documented name. */
NTSTATUS NTAPI
KeExpandKernelStackAndCallout(PEXPAND_STACK_CALLOUT Callout, PVOID Parameter, SIZE_T Size)
{
    return KeExpandKernelStackAndCalloutEx(Callout, Parameter, Size, TRUE, NULL);
}

typedef struct _KI_CALLOUT {
    PEXPAND_STACK_CALLOUT Routine;
    PVOID Parameter;
} KI_CALLOUT;

static VOID
KiRunCallout(PVOID Context)
{
    KI_CALLOUT *Callout = Context;

    Callout->Routine(Callout->Parameter);
}

NTSTATUS NTAPI
KeExpandKernelStackAndCalloutEx(PEXPAND_STACK_CALLOUT Routine, PVOID Parameter, SIZE_T Size,
                                BOOLEAN Wait, PVOID Context)
{
    PKTHREAD Thread = KiThread();
    ULONG64 Here = (ULONG64)__builtin_frame_address(0);
    KI_CALLOUT Callout = {Routine, Parameter};
    ULONG64 Low, Bytes;
    PVOID OldLimit, OldBase, OldInitial;
    KAGENT Agent;

    if (Size > MAXIMUM_EXPANSION_SIZE) {
        return STATUS_INVALID_PARAMETER_3;
    }
    if (KiIrql() > DISPATCH_LEVEL) {
        return STATUS_UNSUCCESSFUL;
    }
    if (Here - (ULONG64)Thread->StackLimit >= Size + 0x1000) {
        Routine(Parameter);
        return STATUS_SUCCESS;
    }
    Bytes = (Size + 0x3000 + 0xFFF) & ~0xFFFull;
    KiInitializeAgent(&Agent, KiAgent());
    Low = ABI_STACK_BASE + Agent.Slot * ABI_STACK_SLOT + KI_GUARD_SIZE;
    HcCommit(Low, Bytes, ABI_PROT_READ | ABI_PROT_WRITE);
    OldLimit = Thread->StackLimit;
    OldBase = Thread->StackBase;
    OldInitial = Thread->InitialStack;
    Thread->StackLimit = (PVOID)Low;
    Thread->StackBase = (PVOID)(Low + Bytes);
    Machine->stack_low = Low;
    Machine->stack_high = Low + Bytes;
    KiCallOnStack((PVOID)(Low + Bytes), KiRunCallout, &Callout);
    Thread->StackLimit = OldLimit;
    Thread->StackBase = OldBase;
    Thread->InitialStack = OldInitial;
    Machine->stack_low = (ULONG64)OldLimit;
    Machine->stack_high = (ULONG64)OldBase;
    HcDecommit(Low, Bytes);
    KiDeleteAgent(&Agent);
    return STATUS_SUCCESS;
}

/* Writes are done when they are made. */
#undef KeFlushWriteBuffer
VOID NTAPI
KeFlushWriteBuffer(VOID)
{
}

/* [wdm: KeShouldYieldProcessor] Nobody here counts the time of DPCs and threads against a limit. */
ULONG NTAPI
KeShouldYieldProcessor(VOID)
{
    return 0;
}

/* [wdm: KeQueryDpcWatchdogInformation] "If DPC time-outs have been disabled, this value is set to 0"; at DISPATCH_LEVEL only. */
NTSTATUS NTAPI
KeQueryDpcWatchdogInformation(PKDPC_WATCHDOG_INFORMATION WatchdogInformation)
{
    if (KeGetCurrentIrql() < DISPATCH_LEVEL) {
        return STATUS_UNSUCCESSFUL;
    }
    RtlZeroMemory(WatchdogInformation, sizeof(*WatchdogInformation));
    return STATUS_SUCCESS;
}
