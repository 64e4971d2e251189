/*
 * memory.c - what is given to user mode; MDLs; objects that outlive the stack they are on.
 *
 * The part of a buffered request's buffer that the user has not filled is filled with a pattern when the request comes to
 * the driver, as blocks of special pool are: what of it is still there when the request is completed was never written,
 * and the user would read what had been in that memory before.
 */
#include "special.h"

#define VF_MOST_SCANNED 0x10000
#define VF_MOST_SENT    512 /* bytes of an input in which addresses are looked for */
#define VF_STACK_FILLED 3072

static BOOLEAN
VfIsFilled(PIRP Irp, PIO_STACK_LOCATION Stack, PULONG From, PULONG To)
{
    if (Irp->RequestorMode != UserMode || Irp->AssociatedIrp.SystemBuffer == NULL ||
        (Irp->Flags & IRP_BUFFERED_IO) == 0) {
        return FALSE;
    }
    if (Stack->MajorFunction == IRP_MJ_DEVICE_CONTROL &&
        METHOD_FROM_CTL_CODE(Stack->Parameters.DeviceIoControl.IoControlCode) == METHOD_BUFFERED) {
        *From = Stack->Parameters.DeviceIoControl.InputBufferLength;
        *To = Stack->Parameters.DeviceIoControl.OutputBufferLength;
    } else if (Stack->MajorFunction == IRP_MJ_READ) {
        *From = 0;
        *To = Stack->Parameters.Read.Length;
    } else {
        return FALSE;
    }
    return *From < *To;
}

/* A request has come to a verified driver for the first time. */
VOID
VfFillBuffer(PIRP Irp, PIO_STACK_LOCATION Stack)
{
    ULONG From, To;

    if (VfIsOn(VfRulePoolUninitialized) && VfIsFilled(Irp, Stack, &From, &To)) {
        RtlFillMemory((PUCHAR)Irp->AssociatedIrp.SystemBuffer + From, To - From, VF_UNINIT);
    }
}

/* What a program has sent itself is no news to it. */
VOID
VfNoteSent(PIRP Irp, PIO_STACK_LOCATION Stack)
{
    const ULONG *Input = Irp->AssociatedIrp.SystemBuffer;
    ULONG Words = 0;

    if (VfIsOn(VfRuleKernelAddress) && Irp->RequestorMode == UserMode && Input != NULL &&
        Stack->MajorFunction == IRP_MJ_DEVICE_CONTROL) {
        Words = min(Stack->Parameters.DeviceIoControl.InputBufferLength, VF_MOST_SENT) / 4;
    }
    for (ULONG i = 1; i < Words; i++) {
        if (VF_IS_SYSTEM_HALF(Input[i])) {
            VfSetPut(&VfSent, *(const ULONG64 UNALIGNED *)&Input[i - 1], 1);
        }
    }
}

/* Both in one pass: an address of the kernel is told by its upper half. */
static VOID
VfScan(PVF_FRAME Frame, PUCHAR Buffer, ULONG Bytes)
{
    Bytes = min(Bytes, VF_MOST_SCANNED);
    for (ULONG i = 0; i + 4 <= Bytes; i += 4) {
        ULONG Word = *(PULONG)(Buffer + i);

        if (Word == VF_STACK32) {
            VfViolate(VfRuleStackUninitialized, NULL, Frame,
                      "%a gives %u bytes to user mode, and byte %u of them was never written: the "
                      "user reads what earlier calls have left on the kernel stack",
                      Frame->Caller, Bytes, i);
            break;
        }
        if (Word == VF_UNINIT32) {
            VfViolate(VfRulePoolUninitialized, NULL, Frame,
                      "%a gives %u bytes to user mode, and byte %u of them was never written: the "
                      "user reads what was in that memory before",
                      Frame->Caller, Bytes, i);
            break;
        }
        if (i >= 4 && VF_IS_SYSTEM_HALF(Word) &&
            VfSetFind(&VfSent, *(const ULONG64 UNALIGNED *)(Buffer + i - 4)) == 0) {
            VfViolate(VfRuleKernelAddress, NULL, Frame,
                      "%a gives %u bytes to user mode, and at byte %u of them stands 0x%p, an "
                      "address of the kernel",
                      Frame->Caller, Bytes, i - 4, *(PVOID *)(Buffer + i - 4));
            break;
        }
    }
}

/* A copy to memory of user mode. */
VOID
VfGivesTo(PVF_FRAME Frame, const VOID *From, ULONG64 Bytes)
{
    if (KiThread()->VfCallout != NULL && ((ULONG64)From & 3) == 0 && Bytes >= 8 &&
        Bytes < 0x10000 && MmIsAddressValid((PVOID)From) &&
        MmIsAddressValid((PUCHAR)From + Bytes - 1)) {
        VfScan(Frame, (PUCHAR)From, (ULONG)Bytes);
    }
}

/* Whose fill an address is: what was read as a pointer, or a member of what it points to. */
static BOOLEAN
VfIsFill(ULONG64 Address, ULONG Word)
{
    ULONG64 Fill = (ULONG64)Word << 32 | Word;

    return Address - (Fill - VF_REACHED) <= 2 * VF_REACHED;
}

/*
 * A verified driver goes to an address that is not canonical, which is an access violation that a __try around it takes for the user's
 * mistake. FALSE, if it comes back.
 */
BOOLEAN
VfFilledFault(struct abi_trap *Raw, ULONG64 Address)
{
    BOOLEAN OfStack = VfIsFill(Address, VF_STACK32);
    ULONG Rule = OfStack ? VfRuleStackUninitialized : VfRulePoolUninitialized;

    if ((OfStack || VfIsFill(Address, VF_UNINIT32)) && VfIsOn(Rule) &&
        VfIsVerified((PVOID)Raw->original_rip)) {
        VfViolateAtTrap(
            Rule, Raw,
            "%a %s 0x%p: that is %s which was never written, and what earlier calls have "
            "left there may be any address",
            (PVOID)Raw->original_rip, (Raw->error & 16) != 0 ? "calls" : "goes to", (PVOID)Address,
            OfStack ? "a variable on the stack" : "memory of the pool");
    }
    return FALSE;
}

/* What earlier calls have left on the stack is overwritten, so that it can be told from what the driver has written. */
static DECLSPEC_NOINLINE VOID
VfFillBelow(VOID)
{
    UCHAR Left[VF_STACK_FILLED];

    RtlFillMemory(Left, sizeof(Left), VF_STACK);
    __asm__ volatile("" ::"r"(Left) : "memory");
}

VOID
VfFillStack(PVF_CALLOUT Callout, PIRP Irp)
{
    if (VfIsOn(VfRuleStackUninitialized) && Callout->Outer == NULL &&
        Irp->RequestorMode == UserMode &&
        (Callout->Major == IRP_MJ_DEVICE_CONTROL || Callout->Major == IRP_MJ_READ) &&
        IoGetRemainingStackSize() > 4 * VF_STACK_FILLED) {
        VfFillBelow();
    }
}

/* IofCompleteRequest */
static VOID
VfGivesBack(PVF_FRAME Frame)
{
    PIRP Irp = (PIRP)Frame->Arg[0];
    PVF_IRP Record = VfFindIrp(Irp);
    PIO_STACK_LOCATION Stack;
    ULONG Method;

    if ((Record != NULL && Record->Ended) || Irp->RequestorMode != UserMode ||
        Irp->CurrentLocation > Irp->StackCount || NT_ERROR(Irp->IoStatus.Status) ||
        Irp->IoStatus.Information == 0 || Irp->IoStatus.Information > 0x10000000) {
        return;
    }
    Stack = IoGetCurrentIrpStackLocation(Irp);
    Method = Stack->MajorFunction == IRP_MJ_DEVICE_CONTROL
                 ? METHOD_FROM_CTL_CODE(Stack->Parameters.DeviceIoControl.IoControlCode)
                 : METHOD_NEITHER;
    if ((Stack->MajorFunction == IRP_MJ_READ || Method == METHOD_BUFFERED) &&
        (Irp->Flags & IRP_BUFFERED_IO) != 0 && Irp->AssociatedIrp.SystemBuffer != NULL) {
        VfScan(Frame, Irp->AssociatedIrp.SystemBuffer, (ULONG)Irp->IoStatus.Information);
    } else if ((Stack->MajorFunction == IRP_MJ_READ || Method == METHOD_OUT_DIRECT) &&
               Irp->MdlAddress != NULL &&
               (Irp->MdlAddress->MdlFlags & MDL_MAPPED_TO_SYSTEM_VA) != 0 &&
               Irp->IoStatus.Information <= Irp->MdlAddress->ByteCount) {
        VfScan(Frame, Irp->MdlAddress->MappedSystemVa, (ULONG)Irp->IoStatus.Information);
    }
}

/* ---- MDLs: IoAllocateMdl(Address, Length, Secondary, ChargeQuota, Irp) ---- */

static ULONG64
VfMdlAllocated(PVF_FRAME Frame, ULONG64 Result)
{
    if (Result != 0 && Frame->Arg[4] == 0) { /* else the I/O manager frees it with the IRP */
        VfSetPut(&VfMdls, Result, (ULONG64)Frame->Caller);
    }
    return Result;
}

static VOID
VfMdlFreed(PVF_FRAME Frame)
{
    PMDL Mdl = (PMDL)Frame->Arg[0];

    if (Mdl != NULL && (Mdl->MdlFlags & MDL_PAGES_LOCKED) != 0 &&
        (Mdl->MdlFlags & MDL_PARTIAL) == 0) {
        VfViolate(VfRuleMdlFreedLocked, NULL, Frame,
                  "%a frees the MDL 0x%p while its pages are locked: they stay locked for ever",
                  Frame->Caller, Mdl);
    }
    VfSetRemove(&VfMdls, (ULONG64)Mdl);
}

static VOID
VfUnlocks(PVF_FRAME Frame)
{
    PMDL Mdl = (PMDL)Frame->Arg[0];

    if ((Mdl->MdlFlags & MDL_PAGES_LOCKED) == 0) {
        VfViolate(VfRuleMdlUnlockTwice, NULL, Frame,
                  "%a unlocks the pages of the MDL 0x%p, which are not locked", Frame->Caller, Mdl);
    }
}

/* ---- objects on the stack ---- */

static VOID
VfQueuesObject(PVF_FRAME Frame)
{
    PKTHREAD Thread = KiThread();
    ULONG64 Object = Frame->Arg[0];

    if (Object >= (ULONG64)Thread->StackLimit && Object < (ULONG64)Thread->StackBase) {
        VfSetPut(&VfStackObjects, Object, (ULONG64)Frame->Caller);
    }
}

/* KeSetTimer(Timer, DueTime, Dpc), KeSetTimerEx(Timer, DueTime, Period, Dpc) */
static VOID
VfSetsTimer(PVF_FRAME Frame)
{
    LONG64 Due = (LONG64)Frame->Arg[1];

    VfQueuesObject(Frame);
    if (VfSetFind(&VfStackObjects, Frame->Arg[0]) != 0) {
        /* The frame is soon overwritten: what is in it says nothing then. From 1 on: 0 is no timer. */
        VfSetPut(&VfStackDue, Frame->Arg[0],
                 Due < 0 ? KiQueryInterruptTime() - (ULONG64)Due
                         : max((ULONG64)Due, KiBootTime + 1) - KiBootTime);
    }
}

static VOID
VfCancelsTimer(PVF_FRAME Frame)
{
    VfSetRemove(&VfStackObjects, Frame->Arg[0]);
    VfSetRemove(&VfStackDue, Frame->Arg[0]);
}

static BOOLEAN
VfIsQueued(ULONG64 Object)
{
    DISPATCHER_HEADER *Header = (DISPATCHER_HEADER *)Object;
    PKDPC Dpc = (PKDPC)Object;
    ULONG64 Due = VfSetFind(&VfStackDue, Object);

    if (Due != 0) {
        return Due > KiQueryInterruptTime();
    }
    switch (Header->Type & 0x7F) {
    case KiObjDpc:
    case KiObjThreadedDpc:
        return Dpc->DpcData != NULL;
    default:
        return ((PWORK_QUEUE_ITEM)Object)->WorkerRoutine != NULL &&
               ((PWORK_QUEUE_ITEM)Object)->List.Flink != NULL;
    }
}

/* What lies below is no longer anybody's frame. Callout: whose return it is; NULL: a helper's. */
static VOID
VfStackLeft(ULONG64 Below, PVF_CALLOUT Callout)
{
    PKTHREAD Thread = KiThread();

    for (ULONG i = 0; VfStackObjects.Count != 0 && i < VF_SET_SIZE; i++) {
        ULONG64 Object = VfStackObjects.Key[i];
        const VOID *Caller = (const VOID *)VfStackObjects.Value[i];

        if (Object < (ULONG64)Thread->StackLimit || Object >= Below) {
            continue;
        }
        if (VfIsQueued(Object) && Callout != NULL) {
            VfViolate(VfRuleStackObject, Caller, NULL,
                      "the %s %a returned while the object 0x%p is queued, which was on its stack "
                      "(queued at %a)",
                      VfKindName(Callout->Kind), Callout->Routine, (PVOID)Object, Caller);
        } else if (VfIsQueued(Object)) {
            VfViolate(VfRuleStackObject, Caller, NULL,
                      "the function that queued the object 0x%p on its stack, at %a, has returned "
                      "while it is queued",
                      (PVOID)Object, Caller);
        }
        VfSetRemove(&VfStackDue, Object);
        VfSetRemove(&VfStackObjects, Object);
        i = ~0u; /* entries have moved */
    }
}

VOID
VfMemoryReturn(PVF_CALLOUT Callout)
{
    VfStackLeft((ULONG64)Callout, Callout);
}

VOID
VfMemoryBefore(PVF_FRAME Frame)
{
    VfStackLeft((ULONG64)Frame, NULL);
}

VOID
VfMemoryUnload(PKI_MODULE Module)
{
    for (ULONG i = 0; VfMdls.Count != 0 && i < VF_SET_SIZE; i++) {
        const VOID *Caller = (const VOID *)VfMdls.Value[i];
        BOOLEAN Freed = TRUE;
        PVOID Base;

        /* Somebody else may have freed it, as the filter manager does with a swapped one. */
        if (VfMdls.Key[i] != 0 && MiFindModule(Caller) == Module &&
            ExpFindPoolBlock((PVOID)VfMdls.Key[i], &Base, NULL, NULL, &Freed) && !Freed) {
            VfViolate(VfRuleMdlLeak, Caller, NULL,
                      "the driver was unloaded, and the MDL 0x%p that it allocated at %a was never "
                      "freed",
                      (PVOID)VfMdls.Key[i], Caller);
        }
    }
}

VOID
VfInitMemory(VOID)
{
    static const VF_HOOK_ROW Rows[] = {
        VF_HOOK(IofCompleteRequest, VfGivesBack, NULL),
        VF_HOOK(IoCompleteRequest, VfGivesBack, NULL),
        VF_HOOK(IoAllocateMdl, NULL, VfMdlAllocated),
        VF_HOOK(IoFreeMdl, VfMdlFreed, NULL),
        VF_HOOK(MmUnlockPages, VfUnlocks, NULL),
        VF_HOOK(KeSetTimer, VfSetsTimer, NULL),
        VF_HOOK(KeSetTimerEx, VfSetsTimer, NULL),
        VF_HOOK(KeCancelTimer, VfCancelsTimer, NULL),
        VF_HOOK(KeInsertQueueDpc, VfQueuesObject, NULL),
        VF_HOOK(ExQueueWorkItem, VfQueuesObject, NULL),
    };

    VF_ADD_HOOKS(Rows);
}
