/*
 * pool.c - special pool: a guard page behind each block of a verified driver; freed blocks stay away for a while.
 *
 *     | slack | block | tail | guard page |        slack and tail hold a pattern; the tail is less than 16 bytes
 *
 * A use behind the end or after the free is a fault at the very instruction; a write before the beginning is seen at the
 * free. A freed block's pages are inaccessible until VF_QUARANTINE others have been freed. The real allocation is larger by
 * a page; what is freed by somebody else than the driver comes here through ExFreePool itself (VfHooks->Free).
 * Blocks of more than 64 KiB, cache-aligned ones, and those beyond VF_BLOCKS are left to the ordinary pool.
 */
#include "special.h"

#define VF_SPECIAL_MOST 0x10000
#define POOL_ZERO       1024u
#define POOL_ROUND(n)   (((n) + PAGE_SIZE - 1) & ~(SIZE_T)(PAGE_SIZE - 1))

static BOOLEAN
VfSpecialWanted(VOID)
{
    return VfIsOn(VfRulePoolOverrun) || VfIsOn(VfRulePoolUseAfterFree) ||
           VfIsOn(VfRulePoolDoubleFree) || VfIsOn(VfRulePoolLeak);
}

/* Arg[1] is the size; the routine has three arguments at most, so Arg[3] is free to remember it. */
static VOID
VfEnlarge(PVF_FRAME Frame, BOOLEAN CacheAligned)
{
    SIZE_T Bytes = Frame->Arg[1];

    Frame->Arg[3] = 0;
    if (Bytes == 0) {
        VfViolate(VfRulePoolZeroBytes, NULL, Frame, "%a allocates a block of no bytes",
                  Frame->Caller);
        Bytes = 1; /* a byte is nearest: what is written to it is seen */
    }
    if (Bytes <= VF_SPECIAL_MOST && !CacheAligned && VfSpecialWanted() &&
        VfBlockIndex.Count < VF_BLOCKS - 1) {
        Frame->Arg[3] = Bytes;
        Frame->Arg[1] = POOL_ROUND(Bytes) + PAGE_SIZE;
    }
}

static PVF_BLOCK
VfTakeBlock(VOID)
{
    for (ULONG i = 0; i < VF_BLOCKS; i++) {
        ULONG Index = (VfBlockFree + i) % VF_BLOCKS;

        if (!VfBlocks[Index].Used) {
            VfBlockFree = Index + 1;
            VfBlockHigh = max(VfBlockHigh, Index + 1);
            return &VfBlocks[Index];
        }
    }
    return NULL;
}

static ULONG64
VfMakeBlock(ULONG64 Result, SIZE_T Bytes, const VOID *Caller, ULONG Tag, BOOLEAN Zeroed)
{
    PVF_BLOCK Block = VfTakeBlock();
    /* What is shorter than 16 bytes holds nothing that must lie at a multiple of 16: the guard comes nearer. */
    SIZE_T Align = Bytes < 16 ? 7 : 15;

    if (Block == NULL) {
        return Result;
    }
    Block->Run = Result;
    Block->Pages = POOL_ROUND(Bytes) / PAGE_SIZE;
    Block->Start = Bytes >= PAGE_SIZE ? Result : Result + PAGE_SIZE - ((Bytes + Align) & ~Align);
    Block->Bytes = Bytes;
    Block->Caller = Caller;
    Block->FreeCaller = NULL;
    Block->Tag = Tag;
    Block->Used = TRUE;
    Block->Freed = Block->Request = FALSE;
    RtlFillMemory((PVOID)Result, Block->Start - Result, VF_SLACK);
    if (!Zeroed) {
        RtlFillMemory((PVOID)Block->Start, Bytes, VF_UNINIT);
    }
    RtlFillMemory((PVOID)(Block->Start + Bytes),
                  Result + Block->Pages * PAGE_SIZE - Block->Start - Bytes, VF_SLACK);
    HcProtect(Result + Block->Pages * PAGE_SIZE, PAGE_SIZE, ABI_NONE);
    VfSetPut(&VfBlockIndex, Block->Start, (ULONG64)(Block - VfBlocks) + 1);
    VfBlockBorn(Block);
    return Block->Start;
}

static ULONG64
VfSpecial(PVF_FRAME Frame, ULONG64 Result, ULONG Tag, BOOLEAN Zeroed)
{
    SIZE_T Bytes = Frame->Arg[3];

    return Result == 0 || Bytes == 0 ? Result
                                     : VfMakeBlock(Result, Bytes, Frame->Caller, Tag, Zeroed);
}

/*
 * The system buffer of a request is special pool as well, if a verified driver gets it: what a driver reads behind the
 * input, or writes behind the output, is the commonest overrun of all. The first requests of each kind, then one in 64.
 */
PVOID
VfRequestBuffer(PIRP Irp, SIZE_T Bytes)
{
    PIO_STACK_LOCATION Next = IoGetNextIrpStackLocation(Irp);
    PFILE_OBJECT File = Irp->Tail.Overlay.OriginalFileObject;
    PDEVICE_OBJECT Device = File != NULL ? IoGetRelatedDeviceObject(File) : NULL;
    ULONG64 Run;

    if (Device != NULL && !VfIsVerified(Device->DriverObject->DriverStart)) {
        Device = IoGetAttachedDevice(File->DeviceObject); /* below a file system */
    }
    if (Device == NULL || !VfIsOn(VfRulePoolOverrun) || Bytes == 0 || Bytes > VF_SPECIAL_MOST ||
        !VfIsVerified(Device->DriverObject->DriverStart) || VfBlockIndex.Count >= VF_BLOCKS - 1 ||
        !VfIsWorthWatching(Next, 2)) {
        return NULL;
    }
    Run = (ULONG64)ExAllocatePoolWithTag(NonPagedPool, POOL_ROUND(Bytes) + PAGE_SIZE, 'fVoI');
    if (Run == 0) {
        return NULL;
    }
    Run = VfMakeBlock(Run, Bytes, __builtin_return_address(0), 0, FALSE);
    if (VfSetFind(&VfBlockIndex, Run) != 0) {
        VfBlocks[VfSetFind(&VfBlockIndex, Run) - 1].Request = TRUE;
    }
    return (PVOID)Run;
}

static VOID
VfNoteType(PVF_FRAME Frame)
{
    ULONG Type = (ULONG)Frame->Arg[0];

    VfViolate(VfRuleUnSafeAllocatePool, NULL, Frame,
              "%a calls %s, which leaves the memory uninitialized; ExAllocatePool2 does not",
              Frame->Caller, VfCurrent->Name);
    if ((Type & (PagedPool | 512)) == 0 && KiVersion->NonPagedPoolNx) {
        VfViolate(VfRuleExecutablePool, NULL, Frame,
                  "%a allocates executable pool (NonPagedPool); NonPagedPoolNx is enough for data",
                  Frame->Caller);
    }
}

static VOID
VfBeforeAllocate(PVF_FRAME Frame)
{
    VfNoteType(Frame);
    VfEnlarge(Frame, (Frame->Arg[0] & NonPagedPoolCacheAligned) != 0);
}

static ULONG64
VfAfterAllocate(PVF_FRAME Frame, ULONG64 Result)
{
    return VfSpecial(Frame, Result, 0, (Frame->Arg[0] & POOL_ZERO) != 0);
}

static ULONG64
VfAfterAllocateTag(PVF_FRAME Frame, ULONG64 Result)
{
    return VfSpecial(Frame, Result, (ULONG)Frame->Arg[2], (Frame->Arg[0] & POOL_ZERO) != 0);
}

/* ExAllocatePool2(Flags, Bytes, Tag): POOL_FLAG_CACHE_ALIGNED, POOL_FLAG_UNINITIALIZED */
static VOID
VfBeforeAllocate2(PVF_FRAME Frame)
{
    VfEnlarge(Frame, (Frame->Arg[0] & 8) != 0);
}

static ULONG64
VfAfterAllocate2(PVF_FRAME Frame, ULONG64 Result)
{
    return VfSpecial(Frame, Result, (ULONG)Frame->Arg[2], (Frame->Arg[0] & 2) == 0);
}

/* ---- free ---- */

static BOOLEAN
VfIsPattern(ULONG64 From, ULONG64 To)
{
    for (PUCHAR At = (PUCHAR)From; At < (PUCHAR)To; At++) {
        if (*At != VF_SLACK) {
            return FALSE;
        }
    }
    return TRUE;
}

/* The pages of a block go back to the pool. */
static VOID
VfRelease(PVF_BLOCK Block)
{
    ULONG64 Run = Block->Run;

    VfSetRemove(&VfBlockIndex, Block->Start);
    Block->Used = FALSE;
    HcProtect(Run, (Block->Pages + 1) * PAGE_SIZE, ABI_PROT_READ | ABI_PROT_WRITE);
    ExFreePoolWithTag((PVOID)Run, 0);
}

/* Buffers of requests have a few places of their own: they would drive out what the driver has freed. */
static VOID
VfQuarantineBlock(PVF_BLOCK Block)
{
    PULONG Next = Block->Request ? &VfRequestsNext : &VfQuarantineNext;
    PULONG Slot = Block->Request ? &VfRequestsFreed[*Next] : &VfQuarantine[*Next];

    if (*Slot != 0) {
        VfRelease(&VfBlocks[*Slot - 1]);
    }
    *Slot = (ULONG)(Block - VfBlocks) + 1;
    *Next = (*Next + 1) % (Block->Request ? VF_REQUESTS : VF_QUARANTINE);
}

static PVF_BLOCK
VfBlockAround(ULONG64 Address)
{
    for (ULONG i = 0; i < VfBlockHigh; i++) {
        if (VfBlocks[i].Used && Address - VfBlocks[i].Run < (VfBlocks[i].Pages + 1) * PAGE_SIZE) {
            return &VfBlocks[i];
        }
    }
    return NULL;
}

BOOLEAN
VfPoolFree(PVOID Address, ULONG Tag, PVOID Caller)
{
    ULONG64 Index;
    PVF_BLOCK Block;

    if (VfBlockIndex.Count == 0) {
        return FALSE;
    }
    Index = VfSetFind(&VfBlockIndex, (ULONG64)Address);
    Block = Index != 0 ? &VfBlocks[Index - 1] : NULL;
    if (Block == NULL) {
        Block = VfIsVerified(Caller) ? VfBlockAround((ULONG64)Address) : NULL;
        if (Block != NULL && !Block->Freed) {
            VfViolate(VfRulePoolBadFree, Caller, NULL,
                      "%a frees 0x%p, which lies inside of a block of %u bytes that begins at 0x%p "
                      "(allocated at %a)",
                      Caller, Address, (ULONG)Block->Bytes, (PVOID)Block->Start, Block->Caller);
        }
        return FALSE;
    }
    if (Block->Freed) {
        VfViolate(VfRulePoolDoubleFree, Caller, NULL,
                  "%a frees the block 0x%p of %u bytes (allocated at %a), which was freed at %a",
                  Caller, Address, (ULONG)Block->Bytes, Block->Caller, Block->FreeCaller);
        return TRUE;
    }
    if (Tag != 0 && Block->Tag != 0 && ((Tag ^ Block->Tag) & 0x7FFFFFFF) != 0) {
        VfViolate(VfRulePoolTag, Caller, NULL,
                  "%a frees the block 0x%p with tag 0x%x; it was allocated with tag 0x%x at %a",
                  Caller, Address, Tag, Block->Tag, Block->Caller);
    }
    VfBlockIn(Block);
    if (!VfIsPattern(Block->Run, Block->Start)) {
        VfViolate(VfRulePoolUnderrun, Block->Caller, NULL,
                  "the block 0x%p of %u bytes, allocated at %a, was written before its beginning; "
                  "seen when %a frees it",
                  Address, (ULONG)Block->Bytes, Block->Caller, Caller);
    }
    if (!VfIsPattern(Block->Start + Block->Bytes, Block->Run + Block->Pages * PAGE_SIZE)) {
        VfViolate(VfRulePoolOverrun, Block->Caller, NULL,
                  "the block 0x%p of %u bytes, allocated at %a, was written behind its end; seen "
                  "when %a frees it",
                  Address, (ULONG)Block->Bytes, Block->Caller, Caller);
    }
    VfLockMemoryGoes(Address, Block->Bytes, Caller, NULL);
    Block->Freed = TRUE;
    Block->FreeCaller = Caller;
    HcProtect(Block->Run, Block->Pages * PAGE_SIZE, ABI_NONE);
    VfQuarantineBlock(Block);
    return TRUE;
}

/* A fault in the system half. */
BOOLEAN
VfPoolFault(struct abi_trap *Raw, ULONG64 Address, BOOLEAN Write)
{
    PVF_BLOCK Block = VfBlockAround(Address);

    if (Block == NULL) {
        return VfPageFault(Raw, Address, Write);
    }
    if (Block->Out && !Block->Freed && Address - Block->Run < Block->Pages * PAGE_SIZE) {
        VfBlockFault(Raw, Block, Address, Write);
        return TRUE;
    }
    /* What is written of it is read again for the report. */
    HcProtect(Block->Run, (Block->Pages + 1) * PAGE_SIZE, ABI_PROT_READ | ABI_PROT_WRITE);
    if (Block->Freed) {
        VfViolateAtTrap(
            VfRulePoolUseAfterFree, Raw,
            "%a %s 0x%p in a block of %u bytes at 0x%p (allocated at %a) that was freed "
            "at %a",
            (PVOID)Raw->original_rip, Write ? "writes to" : "reads", (PVOID)Address,
            (ULONG)Block->Bytes, (PVOID)Block->Start, Block->Caller, Block->FreeCaller);
    } else if (Block->Request) {
        VfViolateAtTrap(VfRulePoolOverrun, Raw,
                        "%a %s 0x%p, which is %u bytes behind the end of the request's system "
                        "buffer of %u bytes at 0x%p",
                        (PVOID)Raw->original_rip, Write ? "writes to" : "reads", (PVOID)Address,
                        (ULONG)(Address - Block->Start - Block->Bytes), (ULONG)Block->Bytes,
                        (PVOID)Block->Start);
    } else {
        VfViolateAtTrap(VfRulePoolOverrun, Raw,
                        "%a %s 0x%p, which is %u bytes behind the end of the block of %u bytes at "
                        "0x%p (allocated at %a)",
                        (PVOID)Raw->original_rip, Write ? "writes to" : "reads", (PVOID)Address,
                        (ULONG)(Address - Block->Start - Block->Bytes), (ULONG)Block->Bytes,
                        (PVOID)Block->Start, Block->Caller);
    }
    return TRUE;
}

VOID
VfPoolUnload(PKI_MODULE Module)
{
    for (ULONG i = 0; i < VfBlockHigh; i++) {
        PVF_BLOCK Block = &VfBlocks[i];

        if (Block->Used && !Block->Freed && MiFindModule(Block->Caller) == Module) {
            VfViolate(
                VfRulePoolLeak, Block->Caller, NULL,
                "the driver was unloaded, and the block 0x%p of %u bytes that it allocated at "
                "%a was never freed",
                (PVOID)Block->Start, (ULONG)Block->Bytes, Block->Caller);
        }
    }
}

VOID
VfInitPool(VOID)
{
    static const VF_HOOK_ROW Rows[] = {
        VF_HOOK(ExAllocatePool, VfBeforeAllocate, VfAfterAllocate),
        VF_HOOK(ExAllocatePoolWithTag, VfBeforeAllocate, VfAfterAllocateTag),
        VF_HOOK(ExAllocatePoolWithQuota, VfBeforeAllocate, VfAfterAllocate),
        VF_HOOK(ExAllocatePoolWithQuotaTag, VfBeforeAllocate, VfAfterAllocateTag),
        VF_HOOK(ExAllocatePoolWithTagPriority, VfNoteType, NULL),
        VF_HOOK(ExAllocatePool2, VfBeforeAllocate2, VfAfterAllocate2),
    };

    VF_ADD_HOOKS(Rows);
}
