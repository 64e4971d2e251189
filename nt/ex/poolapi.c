/*
 * poolapi.c - the documented pool routines over pool.c: types, flags, quota, what fails and how.
 *
 * Facts: the DDI pages of ExAllocatePoolWithTag, ExAllocatePoolWithQuotaTag, ExAllocatePool2,
 * ExAllocatePool3, POOL_FLAGS, POOL_TYPE; "No-execute (NX) nonpaged pool"; bug check 0xC2.
 */
#include "expool.h"
#include "owned.h"
#include "nt/inc/ps.h"

#define POOL_NX              512u
#define POOL_ZERO_ALLOCATION 1024u
#define EXP_DEFAULT_TAG      'enoN'

/* POOL_FLAGS of ExAllocatePool2: the low half must be understood, the high half may be ignored. */
#define POOL_FLAG_USE_QUOTA         0x00000001ull
#define POOL_FLAG_UNINITIALIZED     0x00000002ull
#define POOL_FLAG_SESSION           0x00000004ull
#define POOL_FLAG_CACHE_ALIGNED     0x00000008ull
#define POOL_FLAG_RAISE_ON_FAILURE  0x00000020ull
#define POOL_FLAG_NON_PAGED         0x00000040ull
#define POOL_FLAG_NON_PAGED_EXECUTE 0x00000080ull
#define POOL_FLAG_PAGED             0x00000100ull
#define POOL_FLAG_REQUIRED_END      0x0000000080000000ull

typedef struct _POOL_EXTENDED_PARAMETER_OWN {
    ULONG64 Type : 8; /* 1 priority, 2 secure pool, 3 NUMA node */
    ULONG64 Optional : 1;
    ULONG64 Reserved : 55;
    ULONG64 Value;
} EXP_EXTENDED_PARAMETER;

VOID
ExInitPools(VOID)
{
    ExpPoolsReady = TRUE;
}

VOID
ExpChargeQuota(PVOID Process, BOOLEAN Paged, LONG_PTR Bytes)
{
    ((PEPROCESS)Process)->QuotaUsage[Paged] += (SIZE_T)Bytes;
}

static EXP_KIND_ID
ExpKindOfType(ULONG Type)
{
    if (Type & PagedPool) {
        return ExpKindPaged;
    }
    return (Type & POOL_NX) && KiVersion->NonPagedPoolNx ? ExpKindNx : ExpKindExecutable;
}

/*
 * What all allocation routines come to. Fails with NULL. Caller: for the trace.
 */
static PVOID
ExpAllocatePool(ULONG Type, SIZE_T Bytes, ULONG Tag, PVOID Process, BOOLEAN Zero, PVOID Caller)
{
    EXP_KIND_ID Kind = ExpKindOfType(Type);
    UCHAR Owner = ExpOwnerOfCaller(Caller);
    PVOID Block;

    if (KiIrql() > (Kind == ExpKindPaged ? APC_LEVEL : DISPATCH_LEVEL)) {
        KeBugCheckEx(BAD_POOL_CALLER, 8, KiIrql(), Type, Bytes);
    }
    if ((Type & ~(ULONG)(POOL_NX | POOL_ZERO_ALLOCATION | POOL_COLD_ALLOCATION | 0x38)) &
        NonPagedPoolMustSucceed) {
        KeBugCheckEx(BAD_POOL_CALLER, 0x9A, Type, Bytes, (ULONG_PTR)Caller);
    }
    if (KiAllocationFails(Caller) || (ExpFailing.Target != 0 && ExpKernelFails(Caller))) {
        return NULL;
    }
    Block =
        ExpAllocateBlock(Kind, Bytes, Tag, Type, Process, (Type & NonPagedPoolCacheAligned) != 0);
    if (Block != NULL) {
        if (Zero) {
            RtlZeroMemory(Block, Bytes);
        }
        if (Process != NULL) {
            ObReferenceObject(Process);
            ExpChargeQuota(Process, Kind == ExpKindPaged, (LONG_PTR)Bytes);
        }
        if (Owner != 0) {
            ExpOwn(Block, Owner, Tag, Bytes);
        }
        KiTrace(EV_POOL_ALLOC, Block, Bytes, Tag, Type, (ULONG64)Caller);
    }
    return Block;
}

static BOOLEAN
ExpWantsZero(ULONG Type)
{
    return (Type & POOL_ZERO_ALLOCATION) && KiVersion->ZeroedPool;
}

#undef ExAllocatePool
PVOID NTAPI
ExAllocatePool(POOL_TYPE PoolType, SIZE_T NumberOfBytes)
{
    PVOID Block = ExpAllocatePool(PoolType, NumberOfBytes, EXP_DEFAULT_TAG, NULL,
                                  ExpWantsZero(PoolType), __builtin_return_address(0));

    if (Block == NULL && (PoolType & POOL_RAISE_IF_ALLOCATION_FAILURE)) {
        ExRaiseStatus(STATUS_INSUFFICIENT_RESOURCES);
    }
    return Block;
}

#undef ExAllocatePoolWithTag
PVOID NTAPI
ExAllocatePoolWithTag(POOL_TYPE PoolType, SIZE_T NumberOfBytes, ULONG Tag)
{
    PVOID Block = ExpAllocatePool(PoolType, NumberOfBytes, Tag, NULL, ExpWantsZero(PoolType),
                                  __builtin_return_address(0));

    if (Block == NULL && (PoolType & POOL_RAISE_IF_ALLOCATION_FAILURE)) {
        ExRaiseStatus(STATUS_INSUFFICIENT_RESOURCES);
    }
    return Block;
}

PVOID NTAPI
ExAllocatePoolWithTagPriority(POOL_TYPE PoolType, SIZE_T NumberOfBytes, ULONG Tag,
                              EX_POOL_PRIORITY Priority)
{
    /* The priority speaks of memory running short, which ours does not before it is used up. */
    PVOID Block = ExpAllocatePool(PoolType, NumberOfBytes, Tag, NULL, ExpWantsZero(PoolType),
                                  __builtin_return_address(0));

    if (Block == NULL && (PoolType & POOL_RAISE_IF_ALLOCATION_FAILURE)) {
        ExRaiseStatus(STATUS_INSUFFICIENT_RESOURCES);
    }
    return Block;
}

/* The System process is not charged. */
static PVOID
ExpQuotaProcess(VOID)
{
    PEPROCESS Process = PspCurrentProcess();

    return Process == PsInitialSystemProcess ? NULL : Process;
}

static PVOID
ExpAllocateQuota(ULONG Type, SIZE_T Bytes, ULONG Tag, PVOID Caller)
{
    PVOID Block = ExpAllocatePool(Type & ~(ULONG)POOL_QUOTA_FAIL_INSTEAD_OF_RAISE, Bytes, Tag,
                                  ExpQuotaProcess(), ExpWantsZero(Type), Caller);

    if (Block == NULL && !(Type & POOL_QUOTA_FAIL_INSTEAD_OF_RAISE)) {
        ExRaiseStatus(STATUS_INSUFFICIENT_RESOURCES);
    }
    return Block;
}

#undef ExAllocatePoolWithQuota
PVOID NTAPI
ExAllocatePoolWithQuota(POOL_TYPE PoolType, SIZE_T NumberOfBytes)
{
    return ExpAllocateQuota(PoolType, NumberOfBytes, EXP_DEFAULT_TAG, __builtin_return_address(0));
}

#undef ExAllocatePoolWithQuotaTag
PVOID NTAPI
ExAllocatePoolWithQuotaTag(POOL_TYPE PoolType, SIZE_T NumberOfBytes, ULONG Tag)
{
    return ExpAllocateQuota(PoolType, NumberOfBytes, Tag, __builtin_return_address(0));
}

/* ExAllocatePool2 and 3: Status says why there is no block. */
static PVOID
ExpAllocatePool2(ULONG64 Flags, SIZE_T Bytes, ULONG Tag, PVOID Caller, NTSTATUS *Status)
{
    const ULONG64 Kinds = POOL_FLAG_NON_PAGED | POOL_FLAG_NON_PAGED_EXECUTE | POOL_FLAG_PAGED;
    const ULONG64 Known = Kinds | POOL_FLAG_USE_QUOTA | POOL_FLAG_UNINITIALIZED |
                          POOL_FLAG_SESSION | POOL_FLAG_CACHE_ALIGNED | POOL_FLAG_RAISE_ON_FAILURE;
    ULONG64 Kind = Flags & Kinds;
    ULONG Type;
    PVOID Block;

    *Status = STATUS_INVALID_PARAMETER;
    if (Tag == 0 || Bytes == 0 || Kind == 0 || (Kind & (Kind - 1)) != 0 ||
        ((Flags & 0xFFFFFFFFull) & ~Known) != 0) {
        return NULL;
    }
    Type = Kind == POOL_FLAG_PAGED       ? PagedPool
           : Kind == POOL_FLAG_NON_PAGED ? NonPagedPoolNx
                                         : NonPagedPool;
    if (Flags & POOL_FLAG_CACHE_ALIGNED) {
        Type |= NonPagedPoolCacheAligned;
    }
    *Status = STATUS_INSUFFICIENT_RESOURCES;
    Block =
        ExpAllocatePool(Type, Bytes, Tag, Flags & POOL_FLAG_USE_QUOTA ? ExpQuotaProcess() : NULL,
                        !(Flags & POOL_FLAG_UNINITIALIZED), Caller);
    return Block;
}

PVOID NTAPI
ExAllocatePool2(ULONG64 Flags, SIZE_T NumberOfBytes, ULONG Tag)
{
    NTSTATUS Status;
    PVOID Block = ExpAllocatePool2(Flags, NumberOfBytes, Tag, __builtin_return_address(0), &Status);

    if (Block == NULL && (Flags & POOL_FLAG_RAISE_ON_FAILURE)) {
        ExRaiseStatus(Status);
    }
    return Block;
}

PVOID NTAPI
ExAllocatePool3(ULONG64 Flags, SIZE_T NumberOfBytes, ULONG Tag,
                const EXP_EXTENDED_PARAMETER *ExtendedParameters, ULONG ExtendedParametersCount)
{
    NTSTATUS Status = STATUS_INVALID_PARAMETER;
    PVOID Block = NULL;
    BOOLEAN Valid = TRUE;

    for (ULONG i = 0; i < ExtendedParametersCount; i++) {
        const EXP_EXTENDED_PARAMETER *Parameter = &ExtendedParameters[i];

        /* A priority and a preferred node are hints. A secure pool needs a hypervisor. */
        if (Parameter->Type != 1 && Parameter->Type != 3 && !Parameter->Optional) {
            Valid = FALSE;
        }
    }
    if (Valid) {
        Block = ExpAllocatePool2(Flags, NumberOfBytes, Tag, __builtin_return_address(0), &Status);
    }
    if (Block == NULL && (Flags & POOL_FLAG_RAISE_ON_FAILURE)) {
        ExRaiseStatus(Status);
    }
    return Block;
}

#undef ExFreePool
VOID
ExFreeStep(PVOID Address)
{
    PVOID Base;
    SIZE_T Bytes;
    ULONG Tag;
    BOOLEAN Freed;

    if (!ExpFindPoolBlock(Address, &Base, &Bytes, &Tag, &Freed) || Freed) {
        Base = Address; /* no block: the pool will say so */
    } else if (Machine->explore == ABI_EXPLORE_MEMORY) {
        /* An APC interrupts what its own thread does in the block, as somebody else would. */
        HcTouch(Base, Bytes, ABI_TOUCH_FREE,
                KeGetCurrentIrql() == APC_LEVEL ? ~KiAgent()->Name : KiAgent()->Name);
    }
    KiSchedulePoint(SP_POOL_FREE, Base);
}

static inline VOID
ExpFreePoint(PVOID Block, PVOID Caller)
{
    if (Machine->explore && (ULONG64)Caller >= ABI_IMAGE_BASE + ABI_IMAGE_WINDOW) {
        ExFreeStep(Block);
    }
}

VOID NTAPI
ExFreePool(PVOID P)
{
    ExpFreePoint(P, __builtin_return_address(0));
    if (VfHooks != NULL && VfHooks->Free(P, 0, __builtin_return_address(0))) {
        return;
    }
    ExpFreeBlock(P, 0, FALSE);
}

VOID NTAPI
ExFreePoolWithTag(PVOID P, ULONG Tag)
{
    ExpFreePoint(P, __builtin_return_address(0));
    if (VfHooks != NULL && VfHooks->Free(P, Tag, __builtin_return_address(0))) {
        return;
    }
    ExpFreeBlock(P, Tag, Tag != 0);
}

VOID NTAPI
ExFreePool2(PVOID P, ULONG Tag, const EXP_EXTENDED_PARAMETER *ExtendedParameters,
            ULONG ExtendedParametersCount)
{
    ExpFreePoint(P, __builtin_return_address(0));
    if (VfHooks != NULL && VfHooks->Free(P, Tag, __builtin_return_address(0))) {
        return;
    }
    ExpFreeBlock(P, Tag, Tag != 0);
}

SIZE_T NTAPI
ExQueryPoolBlockSize(PVOID PoolBlock, PBOOLEAN QuotaCharged)
{
    PVOID Base;
    SIZE_T Bytes;
    ULONG Tag;
    BOOLEAN Freed;

    *QuotaCharged = FALSE;
    if (!ExpFindPoolBlock(PoolBlock, &Base, &Bytes, &Tag, &Freed) || Freed) {
        return 0;
    }
    if (Bytes >= PAGE_SIZE) {
        return ROUND_TO_PAGES(Bytes); /* whole pages */
    }
    if (Base == PoolBlock && BYTE_OFFSET(PoolBlock) != 0) {
        *QuotaCharged = (HEADER_OF(PoolBlock)->Flags & EXP_QUOTA) != 0;
    }
    return Bytes;
}

PVOID
ExpAllocate(SIZE_T Bytes, ULONG Tag)
{
    PVOID Block = ExpAllocateBlock(ExpKindNx, Bytes, Tag, NonPagedPoolNx, NULL, FALSE);

    ASSERT(Block != NULL);
    RtlZeroMemory(Block, Bytes);
    return Block;
}

VOID
ExpFree(PVOID Block)
{
    ExpFreeBlock(Block, 0, FALSE);
}
