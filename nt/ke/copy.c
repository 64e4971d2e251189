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
SIZE_T KiCountUlongsSeen(PVOID Source, SIZE_T Size, ULONG Pattern);
VOID KiFillUlongsSeen(PVOID To, SIZE_T Size, ULONG Pattern);
VOID KiFillUlonglongsSeen(PVOID To, SIZE_T Size, ULONG64 Pattern);
errno_t KiCopySafelySeen(PVOID To, SIZE_T Room, const VOID *From, SIZE_T Size);
errno_t KiMoveSafelySeen(PVOID To, SIZE_T Room, const VOID *From, SIZE_T Size);
errno_t memcpy_s(void *Target, size_t Room, const void *Source, size_t Count);
errno_t memmove_s(void *Target, size_t Room, const void *Source, size_t Count);

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

/* Instrumented: the compiler asks for a point, whoever else is there (sanitize.c). */
static VOID
KiPiecePoint(ULONG Operation, const VOID *Address, SIZE_T Size, PVOID Site, BOOLEAN Instrumented)
{
    if (Instrumented) {
        KiAccessPoint(Operation, Address, Size, Site, TRUE);
    } else {
        KiPlainPoint(Operation, Address, Size, Site, 0);
    }
}

static VOID
KiCopyPiece(UCHAR *To, const UCHAR *From, SIZE_T Size, PVOID Site, BOOLEAN Instrumented)
{
    UCHAR Piece[KI_PIECE];

    KiPiecePoint(SP_MEMORY_READ, From, Size, Site, Instrumented);
    memcpy(Piece, From, Size); /* C2 */
    KiPiecePoint(SP_MEMORY_WRITE, To, Size, Site, Instrumented);
    memcpy(To, Piece, Size);
}

PVOID
KiCopyInPieces(PVOID Target, const VOID *Source, SIZE_T Size, PVOID Site, BOOLEAN Instrumented)
{
    PUCHAR To = Target;
    const UCHAR *From = Source;
    SIZE_T Piece;

    if ((SIZE_T)(To - From) < Size) { /* it begins within what it copies: from the end */
        for (SIZE_T Left = Size; Left != 0; Left -= Piece) {
            Piece = KiPieceBefore(From + Left, KiPieceBefore(To + Left, Left));
            KiCopyPiece(To + Left - Piece, From + Left - Piece, Piece, Site, Instrumented);
        }
        return To;
    }
    for (SIZE_T Done = 0; Done < Size; Done += Piece) {
        Piece = KiPieceAt(From + Done, KiPieceAt(To + Done, Size - Done));
        KiCopyPiece(To + Done, From + Done, Piece, Site, Instrumented);
    }
    return To;
}

/* Pattern again and again, its lowest byte first. */
static VOID
KiFillWith(PUCHAR To, ULONG64 Pattern, SIZE_T Size, PVOID Site, BOOLEAN Instrumented)
{
    ULONG64 Words[KI_PIECE / sizeof(Pattern) + 1];
    SIZE_T Piece;

    RtlFillMemoryUlonglong(Words, sizeof(Words), Pattern);
    for (SIZE_T Done = 0; Done < Size; Done += Piece) {
        Piece = KiPieceAt(To + Done, Size - Done);
        KiPiecePoint(SP_MEMORY_WRITE, To + Done, Piece, Site, Instrumented);
        memcpy(To + Done, (PUCHAR)Words + Done % sizeof(Pattern), Piece);
    }
}

PVOID
KiFillInPieces(PVOID Target, int Fill, SIZE_T Size, PVOID Site, BOOLEAN Instrumented)
{
    KiFillWith(Target, (UCHAR)Fill * 0x0101010101010101ull, Size, Site, Instrumented);
    return Target;
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
    return KiCopyInPieces(To, From, Size, KI_CALLER, FALSE);
}

/* memset */
PVOID
KiSetSeen(PVOID To, int Fill, SIZE_T Size)
{
    return KiFillInPieces(To, Fill, Size, KI_CALLER, FALSE);
}

/* RtlFillMemory */
VOID
KiFillSeen(PVOID To, SIZE_T Size, UCHAR Fill)
{
    KiFillInPieces(To, Fill, Size, KI_CALLER, FALSE);
}

/* RtlZeroMemory */
VOID
KiZeroSeen(PVOID To, SIZE_T Size)
{
    KiFillInPieces(To, 0, Size, KI_CALLER, FALSE);
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

/* RtlFillMemoryUlong */
VOID
KiFillUlongsSeen(PVOID To, SIZE_T Size, ULONG Pattern)
{
    KiFillWith(To, Pattern | (ULONG64)Pattern << 32, Size & ~(SIZE_T)3, KI_CALLER, FALSE);
}

/* RtlFillMemoryUlonglong */
VOID
KiFillUlonglongsSeen(PVOID To, SIZE_T Size, ULONG64 Pattern)
{
    KiFillWith(To, Pattern, Size & ~(SIZE_T)7, KI_CALLER, FALSE);
}

/* RtlCompareMemoryUlong */
SIZE_T
KiCountUlongsSeen(PVOID Source, SIZE_T Size, ULONG Pattern)
{
    ULONG Words[KI_PIECE / sizeof(Pattern)], Same;
    const UCHAR *From = Source;
    SIZE_T Done = 0, Piece;

    while (Size - Done >= sizeof(Pattern)) {
        Piece = KiPieceAt(From + Done, Size - Done) & ~(SIZE_T)3;
        Piece = Piece != 0 ? Piece : sizeof(Pattern); /* one that lies on two pages */
        KiPlainPoint(SP_MEMORY_READ, From + Done, Piece, KI_CALLER, 0);
        memcpy(Words, From + Done, Piece); /* C2 */
        Same = (ULONG)RtlCompareMemoryUlong(Words, Piece, Pattern);
        Done += Same;
        if (Same != Piece) {
            break;
        }
    }
    return Done;
}

/* memcpy_s */
errno_t
KiCopySafelySeen(PVOID To, SIZE_T Room, const VOID *From, SIZE_T Size)
{
    if (To == NULL || Size == 0) {
        return memcpy_s(To, Room, From, Size);
    }
    if (From == NULL || Size > Room) {
        KiFillInPieces(To, 0, Room, KI_CALLER, FALSE);
        return memcpy_s(To, 0, From, Size);
    }
    KiCopyInPieces(To, From, Size, KI_CALLER, FALSE);
    return 0;
}

/* memmove_s */
errno_t
KiMoveSafelySeen(PVOID To, SIZE_T Room, const VOID *From, SIZE_T Size)
{
    if (To == NULL || From == NULL || Size > Room) {
        return memmove_s(To, Room, From, Size);
    }
    KiCopyInPieces(To, From, Size, KI_CALLER, FALSE);
    return 0;
}
