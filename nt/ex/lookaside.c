/*
 * lookaside.c - lookaside lists: the old pair and the extensible ones.
 *
 * The headers inline allocation and freeing: they pop and push the SLIST, compare its depth with
 * L.Depth and call L.Allocate/L.Free (Ex: L.AllocateEx/L.FreeEx with the list) when it is empty or
 * full. So the fields are the interface. Windows moves L.Depth by how often a list misses; ours stays,
 * because a depth that follows time would be one more thing that depends on who ran when.
 *
 * Facts: the DDI pages of ExInitializeNPagedLookasideList, ExInitializeLookasideListEx and their kin.
 */
#include "exp.h"
#include "nt/inc/left.h"

#define EXP_LOOKASIDE_DEPTH   4
#define EXP_LOOKASIDE_MAXIMUM 256

static VOID NTAPI
ExpFreeEx(PVOID Buffer, PLOOKASIDE_LIST_EX Lookaside)
{
    ExFreePoolWithTag(Buffer, Lookaside->L.Tag);
}

static PVOID NTAPI
ExpAllocateEx(POOL_TYPE PoolType, SIZE_T NumberOfBytes, ULONG Tag, PLOOKASIDE_LIST_EX Lookaside)
{
    if (KiAllocationFails(__builtin_return_address(0))) { /* the driver's: inlined there */
        return NULL;
    }
    if (PoolType & POOL_QUOTA_FAIL_INSTEAD_OF_RAISE) {
        return ExAllocatePoolWithQuotaTag(PoolType, NumberOfBytes, Tag);
    }
    return ExAllocatePoolWithTag(PoolType, NumberOfBytes, Tag);
}

static VOID
ExpInitializeLookaside(PGENERAL_LOOKASIDE List, POOL_TYPE Type, ULONG Flags, SIZE_T Size, ULONG Tag)
{
    RtlZeroMemory(List, sizeof(*List));
    InitializeSListHead(&List->ListHead);
    List->Depth = EXP_LOOKASIDE_DEPTH;
    List->MaximumDepth = EXP_LOOKASIDE_MAXIMUM;
    List->Type = Type | (Flags & POOL_RAISE_IF_ALLOCATION_FAILURE);
    List->Tag = Tag;
    List->Size = (ULONG)Size;
    InitializeListHead(&List->ListEntry);
}

VOID NTAPI
ExInitializeNPagedLookasideList(PNPAGED_LOOKASIDE_LIST Lookaside, PALLOCATE_FUNCTION Allocate,
                                PFREE_FUNCTION Free, ULONG Flags, SIZE_T Size, ULONG Tag,
                                USHORT Depth)
{
    POOL_TYPE Type =
        (Flags & NonPagedPoolNx) ? NonPagedPoolNx : NonPagedPool; /* POOL_NX_ALLOCATION */

    ExpInitializeLookaside(&Lookaside->L, Type, Flags, Size, Tag);
    KiNoteMade("a lookaside list", Lookaside, __builtin_return_address(0));
    Lookaside->L.Allocate = Allocate != NULL ? Allocate : ExAllocatePoolWithTag;
    Lookaside->L.Free = Free != NULL ? Free : ExFreePool;
}

VOID NTAPI
ExInitializePagedLookasideList(PPAGED_LOOKASIDE_LIST Lookaside, PALLOCATE_FUNCTION Allocate,
                               PFREE_FUNCTION Free, ULONG Flags, SIZE_T Size, ULONG Tag,
                               USHORT Depth)
{
    ExpInitializeLookaside(&Lookaside->L, PagedPool | (Flags & NonPagedPoolNx), Flags, Size, Tag);
    KiNoteMade("a lookaside list", Lookaside, __builtin_return_address(0));
    Lookaside->L.Allocate = Allocate != NULL ? Allocate : ExAllocatePoolWithTag;
    Lookaside->L.Free = Free != NULL ? Free : ExFreePool;
}

static VOID
ExpDrain(PGENERAL_LOOKASIDE List)
{
    PSLIST_ENTRY Entry;

    while ((Entry = InterlockedPopEntrySList(&List->ListHead)) != NULL) {
        List->Free(Entry);
    }
}

VOID NTAPI
ExDeleteNPagedLookasideList(PNPAGED_LOOKASIDE_LIST Lookaside)
{
    KiForgetMade(Lookaside);
    ExpDrain(&Lookaside->L);
}

VOID NTAPI
ExDeletePagedLookasideList(PPAGED_LOOKASIDE_LIST Lookaside)
{
    KiForgetMade(Lookaside);
    ExpDrain(&Lookaside->L);
}

NTSTATUS NTAPI
ExInitializeLookasideListEx(PLOOKASIDE_LIST_EX Lookaside, PALLOCATE_FUNCTION_EX Allocate,
                            PFREE_FUNCTION_EX Free, POOL_TYPE PoolType, ULONG Flags, SIZE_T Size,
                            ULONG Tag, USHORT Depth)
{
    const ULONG Known =
        EX_LOOKASIDE_LIST_EX_FLAGS_RAISE_ON_FAIL | EX_LOOKASIDE_LIST_EX_FLAGS_FAIL_NO_RAISE;
    ULONG Type = PoolType;

    if (Depth != 0) {
        return STATUS_INVALID_PARAMETER_8;
    }
    if ((Flags & ~Known) != 0 || (Flags & Known) == Known) {
        return STATUS_INVALID_PARAMETER_5;
    }
    if ((Type & ~(ULONG)(NonPagedPoolNx | PagedPool | NonPagedPoolCacheAligned |
                         POOL_COLD_ALLOCATION)) != 0) {
        return STATUS_INVALID_PARAMETER_4;
    }
    if (Flags & EX_LOOKASIDE_LIST_EX_FLAGS_RAISE_ON_FAIL) {
        Type |= POOL_RAISE_IF_ALLOCATION_FAILURE;
    } else if (Flags & EX_LOOKASIDE_LIST_EX_FLAGS_FAIL_NO_RAISE) {
        Type |= POOL_QUOTA_FAIL_INSTEAD_OF_RAISE;
    }
    RtlZeroMemory(Lookaside, sizeof(*Lookaside));
    InitializeSListHead(&Lookaside->L.ListHead);
    Lookaside->L.Depth = EXP_LOOKASIDE_DEPTH;
    Lookaside->L.MaximumDepth = EXP_LOOKASIDE_MAXIMUM;
    Lookaside->L.Type = Type;
    Lookaside->L.Tag = Tag;
    Lookaside->L.Size = (ULONG)Size;
    Lookaside->L.AllocateEx = Allocate != NULL ? Allocate : ExpAllocateEx;
    Lookaside->L.FreeEx = Free != NULL ? Free : ExpFreeEx;
    InitializeListHead(&Lookaside->L.ListEntry);
    KiNoteMade("a lookaside list", Lookaside, __builtin_return_address(0));
    return STATUS_SUCCESS;
}

VOID NTAPI
ExFlushLookasideListEx(PLOOKASIDE_LIST_EX Lookaside)
{
    PSLIST_ENTRY Entry;

    while ((Entry = InterlockedPopEntrySList(&Lookaside->L.ListHead)) != NULL) {
        Lookaside->L.FreeEx(Entry, Lookaside);
    }
}

VOID NTAPI
ExDeleteLookasideListEx(PLOOKASIDE_LIST_EX Lookaside)
{
    KiForgetMade(Lookaside);
    ExFlushLookasideListEx(Lookaside);
}
