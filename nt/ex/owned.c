/*
 * owned.c - whose pool is it? How many blocks and bytes of each tag a driver has allocated and nobody has freed.
 *
 * A driver's image has a number while it is loaded; the header of each block that its code allocates says that number
 * (EXP_HEADER.Flags). Whoever frees the block, it is the driver's no more. Told of when the image goes (nt/ke/left.c).
 *
 *   O1  0 is nobody: the kernel, and whoever came when all numbers were in use.
 *   O2  The number of an image that has left blocks behind is not used again.
 */
#include "expool.h"
#include "owned.h"
#include "nt/inc/left.h"

/* System images have a window of the address space each. */
static PUCHAR
ExpOwnerAt(const VOID *Address)
{
    ULONG64 Window = ((ULONG64)Address - ABI_IMAGE_BASE) / ABI_IMAGE_WINDOW;

    return Window < ABI_IMAGE_WINDOWS ? &ExpOwnerOf[Window] : NULL;
}

UCHAR
ExpOwnerOfCaller(const VOID *Caller)
{
    PUCHAR Owner = ExpOwnerAt(Caller);

    return Owner != NULL ? *Owner : 0;
}

static EXP_OWNED *
ExpOwnedOf(UCHAR Owner, ULONG Tag)
{
    ULONG At = (Tag * 0x9E3779B1u + Owner * 0x85EBCA77u) >> (32 - EXP_OWNED_BITS);

    for (ULONG i = 0; i < 1u << EXP_OWNED_BITS; i++, At = (At + 1) % (1u << EXP_OWNED_BITS)) {
        if (ExpOwned[At].Owner == Owner && ExpOwned[At].Tag == Tag) {
            return &ExpOwned[At];
        }
        if (ExpOwned[At].Owner == 0) {
            ExpOwned[At].Owner = Owner;
            ExpOwned[At].Tag = Tag;
            return &ExpOwned[At];
        }
    }
    return NULL; /* so many tags are not told apart */
}

/* Where the block says whose it is. */
static PUCHAR
ExpFlagsOf(PVOID Block)
{
    PEXP_HEADER Header = HEADER_OF(Block);
    ULONG_PTR Arena;

    if (((ULONG_PTR)Block & (PAGE_SIZE - 1)) != 0) {
        return Header->State == EXP_ALIGNED ? &(Header - Header->Units)->Flags : &Header->Flags;
    }
    Arena = ExpHomeArena(Block);
    return Arena != 0 ? &ExpRunOf(Arena, Block)->Flags : &ExpCellOf(Block)->Run.Flags;
}

VOID
ExpOwn(PVOID Block, UCHAR Owner, ULONG Tag, SIZE_T Bytes)
{
    EXP_OWNED *Owned = ExpOwnedOf(Owner, Tag);

    if (Owned != NULL) {
        *ExpFlagsOf(Block) |= (UCHAR)(Owner << EXP_OWNER_SHIFT);
        Owned->Count++;
        ExpOwnerBlocks[Owner]++;
        Owned->Bytes += Bytes;
    }
}

VOID
ExpDisown(UCHAR Flags, ULONG Tag, SIZE_T Bytes)
{
    EXP_OWNED *Owned = ExpOwnedOf(Flags >> EXP_OWNER_SHIFT, Tag);

    if (Owned != NULL) {
        Owned->Count--;
        ExpOwnerBlocks[Owned->Owner]--;
        Owned->Bytes -= Bytes;
    }
}

VOID
ExpOpenOwner(PVOID Base)
{
    PUCHAR Owner = ExpOwnerAt(Base);

    for (UCHAR Number = 1; Number < EXP_OWNERS && Owner != NULL; Number++) {
        if ((ExpOwnersUsed & 1ull << Number) == 0) {
            ExpOwnersUsed |= 1ull << Number;
            *Owner = Number;
            return;
        }
    }
}

VOID
ExpCloseOwner(PVOID Base, EXP_OWNED_SAY *Say, PVOID Context)
{
    PUCHAR Owner = ExpOwnerAt(Base);
    BOOLEAN Left = FALSE;

    if (Owner == NULL || *Owner == 0) {
        return;
    }
    for (ULONG i = 0; i < 1u << EXP_OWNED_BITS && ExpOwnerBlocks[*Owner] != 0; i++) {
        if (ExpOwned[i].Owner == *Owner && ExpOwned[i].Count != 0) {
            Left = TRUE; /* O2 */
            Say(Context, ExpOwned[i].Tag, ExpOwned[i].Count, ExpOwned[i].Bytes);
        }
    }
    if (!Left) {
        ExpOwnersUsed &= ~(1ull << *Owner);
    }
    *Owner = 0;
}
