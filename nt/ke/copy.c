/*
 * copy.c - what a driver has the kernel copy, fill and compare (memcpy, RtlZeroMemory), as accesses to memory.
 *
 * No instruction of ours is patched, so where accesses are schedule points (ABI_EXPLORE_MEMORY) these exports tell what they are about to touch.
 * Elsewhere a driver's call is served by nt/rtl/memory.S alone, as one of the kernel's own always is.
 *
 *   C1  It is done in pieces, each of which is a point only if others touch its bytes: the operation that
 *       stands there has a piece's bytes and no more, however long the copy is.
 *   C2  Of two ranges a piece of the first is read into a buffer, then comes the point of the second: each point is followed by what it names.
 *   C3  No piece crosses a page, so that what a comparison reads behind the first difference cannot fault; and the pages of a
 *       mapping may lie apart.
 */
#include "nt/ke/ki.h"

#define KI_PIECE  64
#define KI_CALLER ((PVOID)((ULONG_PTR)__builtin_return_address(0) - 1)) /* in the call: its line */

C_ASSERT(ABI_MACHINE_PAGE + FIELD_OFFSET(struct abi_machine, explore) == 0x7FFD0110);
C_ASSERT(ABI_EXPLORE_MEMORY == 4);

/* From memory.S. */
PVOID KiCopySeen(PVOID To, const VOID *From, SIZE_T Size);
PVOID KiSetSeen(PVOID To, int Fill, SIZE_T Size);
VOID KiFillSeen(PVOID To, SIZE_T Size, UCHAR Fill);
VOID KiZeroSeen(PVOID To, SIZE_T Size);
int KiCompareSeen(const VOID *Left, const VOID *Right, SIZE_T Size);
SIZE_T KiCountEqualSeen(const VOID *Left, const VOID *Right, SIZE_T Size);

static SIZE_T
KiPieceAt(const UCHAR *Address, SIZE_T Left)
{
    SIZE_T Page = PAGE_SIZE - ((ULONG_PTR)Address & (PAGE_SIZE - 1));

    return min(min(Left, KI_PIECE), Page);
}

static SIZE_T
KiPieceBefore(const UCHAR *End, SIZE_T Left)
{
    SIZE_T Page = (((ULONG_PTR)End - 1) & (PAGE_SIZE - 1)) + 1;

    return min(min(Left, KI_PIECE), Page);
}

static VOID
KiCopyPiece(UCHAR *To, const UCHAR *From, SIZE_T Size, PVOID Site)
{
    UCHAR Piece[KI_PIECE];

    KiPlainPoint(SP_MEMORY_READ, From, Size, Site, 0);
    memcpy(Piece, From, Size); /* C2 */
    KiPlainPoint(SP_MEMORY_WRITE, To, Size, Site, 0);
    memcpy(To, Piece, Size);
}

static PVOID
KiCopyInPieces(UCHAR *To, const UCHAR *From, SIZE_T Size, PVOID Site)
{
    SIZE_T Piece;

    if ((SIZE_T)(To - From) < Size) { /* it begins within what it copies: from the end */
        for (SIZE_T Left = Size; Left != 0; Left -= Piece) {
            Piece = KiPieceBefore(From + Left, KiPieceBefore(To + Left, Left));
            KiCopyPiece(To + Left - Piece, From + Left - Piece, Piece, Site);
        }
        return To;
    }
    for (SIZE_T Done = 0; Done < Size; Done += Piece) {
        Piece = KiPieceAt(From + Done, KiPieceAt(To + Done, Size - Done));
        KiCopyPiece(To + Done, From + Done, Piece, Site);
    }
    return To;
}

static PVOID
KiFillInPieces(UCHAR *To, int Fill, SIZE_T Size, PVOID Site)
{
    SIZE_T Piece;

    for (SIZE_T Done = 0; Done < Size; Done += Piece) {
        Piece = KiPieceAt(To + Done, Size - Done);
        KiPlainPoint(SP_MEMORY_WRITE, To + Done, Piece, Site, 0);
        memset(To + Done, Fill, Piece);
    }
    return To;
}

/* How many bytes are equal from the start; Difference: of the two behind them. */
static SIZE_T
KiCompareInPieces(const UCHAR *Left, const UCHAR *Right, SIZE_T Size, PVOID Site, int *Difference)
{
    UCHAR Mine[KI_PIECE], Other[KI_PIECE];
    SIZE_T Piece;

    *Difference = 0;
    for (SIZE_T Done = 0; Done < Size; Done += Piece) {
        SIZE_T Equal;

        Piece = KiPieceAt(Left + Done, KiPieceAt(Right + Done, Size - Done));
        KiPlainPoint(SP_MEMORY_READ, Left + Done, Piece, Site, 0);
        memcpy(Mine, Left + Done, Piece); /* C2 */
        KiPlainPoint(SP_MEMORY_READ, Right + Done, Piece, Site, 1);
        memcpy(Other, Right + Done, Piece);
        Equal = RtlCompareMemory(Mine, Other, Piece);
        if (Equal != Piece) {
            *Difference = Mine[Equal] - Other[Equal];
            return Done + Equal;
        }
    }
    return Size;
}

/* What memory.S goes on to from the exports; the driver is the caller. memcpy, memmove, RtlCopyMemory, RtlMoveMemory, RtlCopyMemoryNonTemporal: */
PVOID
KiCopySeen(PVOID To, const VOID *From, SIZE_T Size)
{
    return KiCopyInPieces(To, From, Size, KI_CALLER);
}

/* memset */
PVOID
KiSetSeen(PVOID To, int Fill, SIZE_T Size)
{
    return KiFillInPieces(To, Fill, Size, KI_CALLER);
}

/* RtlFillMemory */
VOID
KiFillSeen(PVOID To, SIZE_T Size, UCHAR Fill)
{
    KiFillInPieces(To, Fill, Size, KI_CALLER);
}

/* RtlZeroMemory */
VOID
KiZeroSeen(PVOID To, SIZE_T Size)
{
    KiFillInPieces(To, 0, Size, KI_CALLER);
}

/* memcmp */
int
KiCompareSeen(const VOID *Left, const VOID *Right, SIZE_T Size)
{
    int Difference;

    KiCompareInPieces(Left, Right, Size, KI_CALLER, &Difference);
    return Difference;
}

/* RtlCompareMemory */
SIZE_T
KiCountEqualSeen(const VOID *Left, const VOID *Right, SIZE_T Size)
{
    int Difference;

    return KiCompareInPieces(Left, Right, Size, KI_CALLER, &Difference);
}
