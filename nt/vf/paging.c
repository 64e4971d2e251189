/*
 * paging.c - what is pageable is out while the IRQL is raised (force IRQL checking).
 *
 * Everything is resident here, so a mistake that Windows shows only when memory is short would never show. Driver Verifier
 * trims the system's working set when a driver raises the IRQL; the same is done here with what a verified driver has: the
 * sections of its image whose names begin with PAGE, and its blocks in paged pool (those of special pool, pool.c). Their
 * pages are closed as soon as a verified driver is seen at DISPATCH_LEVEL or above: at a write of CR8, when it calls
 * an export that raises the IRQL, or any other there, or when a routine of it is called there.
 *
 *   P1  A use below DISPATCH_LEVEL opens the section or block again, as a page fault would, and nobody notices.
 *   P2  A use at DISPATCH_LEVEL by code of the driver, or by an export that it called there, is the finding, at that very
 *       instruction. What the kernel reads for itself (unwinding, its own locks) only opens the page.
 *   P3  Pages that an MDL has locked, and sections that MmLockPagable... has locked, stay.
 *   P4  Processors share what is open: another one at PASSIVE_LEVEL may open what this one would have stumbled over. Then a
 *       mistake is missed in that schedule, none is made up.
 *
 * [DT:force-irql-checking; MmLockPagableDataSection, MmLockPagableCodeSection; "When Should Code and Data Be Pageable?"]
 */
#include "special.h"

static BOOLEAN
VfPagingWanted(VOID)
{
    return VfIsOn(VfRulePagedCode) || VfIsOn(VfRulePagedMemory);
}

/* ---- out and in ---- */

static VOID
VfSectionOut(VF_RANGE *Range)
{
    if (Range->Bytes != 0 && !Range->Out && Range->Locked == 0) {
        /* Code may still be read: the kernel unwinds through it, on whatever stack it is. */
        HcProtect(Range->Start, Range->Bytes,
                  Range->Protection & ABI_PROT_EXECUTE ? ABI_PROT_READ : ABI_NONE);
        Range->Out = TRUE;
    }
}

static VOID
VfSectionIn(VF_RANGE *Range)
{
    if (Range->Out) {
        HcProtect(Range->Start, Range->Bytes, Range->Protection);
        Range->Out = FALSE;
        VfOpen++;
    }
}

static BOOLEAN
VfIsPagedBlock(PVF_BLOCK Block)
{
    return Block->Used && !Block->Freed &&
           Block->Run - ABI_PAGED_BASE < ABI_MAPPING_BASE - ABI_PAGED_BASE;
}

/* A verified driver is at DISPATCH_LEVEL or above, and something is open. */
VOID
VfPageOut(VOID)
{
    VfOpen = 0;
    for (ULONG i = 0; i < VfPagedCount; i++) {
        VfSectionOut(&VfPaged[i]);
    }
    for (ULONG i = 0; i < VfBlockHigh; i++) {
        PVF_BLOCK Block = &VfBlocks[i];

        if (VfIsPagedBlock(Block) && !Block->Out) {
            HcProtect(Block->Run, Block->Pages * PAGE_SIZE, ABI_NONE);
            Block->Out = TRUE;
        }
    }
}

VOID
VfBlockIn(PVF_BLOCK Block)
{
    if (Block->Out) {
        HcProtect(Block->Run, Block->Pages * PAGE_SIZE, ABI_PROT_READ | ABI_PROT_WRITE);
        Block->Out = FALSE;
        VfOpen++;
    }
}

/* A new block is open. */
VOID
VfBlockBorn(PVF_BLOCK Block)
{
    Block->Out = FALSE;
    if (VfIsPagedBlock(Block) && VfPagingWanted()) {
        VfOpen++;
    }
}

/* ---- sections ---- */

VOID
VfNoteSection(ULONG64 Start, ULONG64 Bytes, ULONG Protection)
{
    for (ULONG i = 0; i < VF_PAGED; i++) {
        VF_RANGE *Range = &VfPaged[i];

        if (Range->Bytes == 0) {
            Range->Start = Start;
            Range->Bytes = (Bytes + PAGE_SIZE - 1) & ~(ULONG64)(PAGE_SIZE - 1);
            Range->Protection = Protection;
            Range->Locked = 0;
            Range->Out = FALSE;
            VfPagedCount = max(VfPagedCount, i + 1);
            VfOpen += VfPagingWanted();
            return;
        }
    }
}

/* The image goes. */
VOID
VfForgetSections(PKI_MODULE Module)
{
    for (ULONG i = 0; i < VfPagedCount; i++) {
        if (VfPaged[i].Start - (ULONG64)Module->DllBase < Module->SizeOfImage) {
            VfSectionIn(&VfPaged[i]);
            VfPaged[i].Bytes = 0;
        }
    }
}

static VF_RANGE *
VfSectionOf(ULONG64 Address)
{
    for (ULONG i = 0; i < VfPagedCount; i++) {
        if (Address - VfPaged[i].Start < VfPaged[i].Bytes) {
            return &VfPaged[i];
        }
    }
    return NULL;
}

BOOLEAN
VfIsPageable(ULONG64 Address)
{
    VF_RANGE *Range = VfSectionOf(Address);

    return Range != NULL && Range->Locked == 0;
}

static VOID
VfLockSection(ULONG64 Handle, LONG Change)
{
    VF_RANGE *Range = VfSectionOf(Handle);

    if (Range != NULL && (LONG)Range->Locked + Change >= 0) {
        Range->Locked += Change;
        VfSectionIn(Range);
    }
}

/* MmLockPagableDataSection(Address): a handle, which is the section's beginning */
static ULONG64
VfSectionLocked(PVF_FRAME Frame, ULONG64 Result)
{
    VfLockSection(Result, 1);
    return Result;
}

static VOID
VfLocksSection(PVF_FRAME Frame)
{
    VfLockSection(Frame->Arg[0], 1);
}

static VOID
VfUnlocksSection(PVF_FRAME Frame)
{
    VfLockSection(Frame->Arg[0], -1);
    VfOpen++;
}

/* ---- uses ---- */

/* P3 */
static BOOLEAN
VfIsLockedByMdl(ULONG64 Address)
{
    for (ULONG i = 0; VfMdls.Count != 0 && i < VF_SET_SIZE; i++) {
        PMDL Mdl = (PMDL)VfMdls.Key[i];

        if (Mdl != NULL && (Mdl->MdlFlags & MDL_PAGES_LOCKED) != 0 &&
            Address - ((ULONG64)Mdl->StartVa + Mdl->ByteOffset) < Mdl->ByteCount) {
            return TRUE;
        }
    }
    return FALSE;
}

/* P2: is it the driver's doing? */
static BOOLEAN
VfIsDriversUse(struct abi_trap *Raw)
{
    PVF_CALLOUT Callout = KiThread()->VfCallout;
    CONTEXT Context;

    if (VfIsVerified((PVOID)Raw->original_rip)) {
        return TRUE;
    }
    if (Callout == NULL || Callout->CallIrql < DISPATCH_LEVEL) {
        return FALSE;
    }
    KiContextOfTrap(Raw, &Context);
    for (ULONG Depth = 0; Depth < 4; Depth++) {
        ULONG64 Base, Establisher;
        PVOID Data;
        PRUNTIME_FUNCTION Function = RtlLookupFunctionEntry(Context.Rip, &Base, NULL);

        if (Function != NULL) {
            RtlVirtualUnwind(UNW_FLAG_NHANDLER, Base, Context.Rip, Function, &Context, &Data,
                             &Establisher, NULL);
        } else { /* a leaf */
            Context.Rip = *(PULONG64)Context.Rsp;
            Context.Rsp += sizeof(ULONG64);
        }
        if (VfIsVerified((PVOID)HcOriginalRip(Context.Rip))) {
            return TRUE;
        }
    }
    return FALSE;
}

static VOID
VfJudgeSection(struct abi_trap *Raw, VF_RANGE *Range, ULONG64 Address, BOOLEAN Write)
{
    VfSectionIn(Range);
    if (KiIrql() < DISPATCH_LEVEL || !VfIsDriversUse(Raw)) {
        return;
    }
    if (Address == Raw->rip) {
        VfViolateAtTrap(VfRulePagedCode, Raw,
                        "%a, which is pageable code, runs at %s: its page may be out, and then it "
                        "is bug check 0xD1",
                        (PVOID)Raw->original_rip, VfIrqlName(KiIrql()));
    } else {
        VfViolateAtTrap(
            VfRulePagedMemory, Raw,
            "%a %s 0x%p (%a) in a pageable section at %s: its page may be out, and then it "
            "is bug check 0xD1",
            (PVOID)Raw->original_rip, Write ? "writes to" : "reads", (PVOID)Address, (PVOID)Address,
            VfIrqlName(KiIrql()));
    }
}

/* A fault in the system half. TRUE: again. */
BOOLEAN
VfPageFault(struct abi_trap *Raw, ULONG64 Address, BOOLEAN Write)
{
    VF_RANGE *Range = VfSectionOf(Address);

    if (Range == NULL || !Range->Out) {
        return FALSE;
    }
    VfJudgeSection(Raw, Range, Address, Write);
    return TRUE;
}

/* In a block that is out. */
VOID
VfBlockFault(struct abi_trap *Raw, PVF_BLOCK Block, ULONG64 Address, BOOLEAN Write)
{
    VfBlockIn(Block);
    if (KiIrql() >= DISPATCH_LEVEL && !VfIsLockedByMdl(Address) && VfIsDriversUse(Raw)) {
        VfViolateAtTrap(
            VfRulePagedMemory, Raw,
            "%a %s 0x%p in paged pool (%u bytes at 0x%p, allocated at %a) at %s: its page "
            "may be out, and then it is bug check 0xD1",
            (PVOID)Raw->original_rip, Write ? "writes to" : "reads", (PVOID)Address,
            (ULONG)Block->Bytes, (PVOID)Block->Start, Block->Caller, VfIrqlName(KiIrql()));
    }
}

/* Of an export that raises the IRQL: nothing of the driver runs before it has. */
static VOID
VfWillRaise(PVF_FRAME Frame)
{
    if (VfOpen != 0) {
        VfPageOut();
    }
}

static VOID
VfWillRaiseTo(PVF_FRAME Frame)
{
    if (VfOpen != 0 && (KIRQL)Frame->Arg[0] >= DISPATCH_LEVEL) {
        VfPageOut();
    }
}

/* CR8 was written, which only code of drivers does. */
VOID
VfRaised(VOID)
{
    if (VfOpen != 0) {
        VfPageOut();
    }
}

VOID
VfInitPaging(VOID)
{
    static const VF_HOOK_ROW Sections[] = {
        VF_HOOK(MmLockPagableDataSection, NULL, VfSectionLocked),
        VF_HOOK(MmLockPagableSectionByHandle, VfLocksSection, NULL),
        VF_HOOK(MmUnlockPagableImageSection, VfUnlocksSection, NULL),
    };
    static const VF_HOOK_ROW Raising[] = {
        VF_HOOK(KeAcquireSpinLockRaiseToDpc, VfWillRaise, NULL),
        VF_HOOK(KeAcquireInStackQueuedSpinLock, VfWillRaise, NULL),
        VF_HOOK(ExAcquireSpinLockExclusive, VfWillRaise, NULL),
        VF_HOOK(ExAcquireSpinLockShared, VfWillRaise, NULL),
        VF_HOOK(IoAcquireCancelSpinLock, VfWillRaise, NULL),
        VF_HOOK(KeAcquireInterruptSpinLock, VfWillRaise, NULL),
        VF_HOOK(KeRaiseIrqlToDpcLevel, VfWillRaise, NULL),
        VF_HOOK(KfRaiseIrql, VfWillRaiseTo, NULL),
    };

    VF_ADD_HOOKS(Sections);
    if (VfPagingWanted()) {
        VF_ADD_HOOKS(Raising);
    }
}
