/*
 * bitmap.c - bit maps: bit n is bit n % 32 of the n / 32-th ULONG.
 *
 * The header (size, buffer) and the buffer are the caller's; nothing here locks. A search for a run
 * begins at the hint and wraps around to the start. Bits of the last ULONG beyond the size are
 * never looked at. Everything rests on one routine, the length of the run of equal bits at a place.
 *
 * Source: Microsoft Learn: RtlInitializeBitMap and the pages that it links (wdm.h, ntddk.h).
 */
#include "nt/rtl/rtlp.h"

#define NOT_FOUND 0xFFFFFFFF

static ULONG
RtlpBit(const RTL_BITMAP *Map, ULONG Index)
{
    return Map->Buffer[Index / 32] >> Index % 32 & 1;
}

/* How many bits from Start on, before End, are equal to Value. */
static ULONG
RtlpRun(const RTL_BITMAP *Map, ULONG Start, ULONG End, ULONG Value)
{
    ULONG Index = Start;

    while (Index < End) {
        ULONG Word = Map->Buffer[Index / 32] ^ (Value ? 0 : 0xFFFFFFFF); /* 1: equal to Value */
        ULONG Other = ~Word >> Index % 32;
        ULONG Equal = Other == 0 ? 32 - Index % 32 : (ULONG)__builtin_ctz(Other);

        Index += Equal;
        if (Index % 32 != 0 || Equal == 0) {
            break;
        }
    }
    return min(Index, End) - Start;
}

static VOID
RtlpFill(PRTL_BITMAP Map, ULONG Start, ULONG Count, ULONG Value)
{
    while (Count != 0) {
        ULONG Here = min(Count, 32 - Start % 32);
        ULONG Mask = (Here == 32 ? 0xFFFFFFFF : (1u << Here) - 1) << Start % 32;

        if (Value) {
            Map->Buffer[Start / 32] |= Mask;
        } else {
            Map->Buffer[Start / 32] &= ~Mask;
        }
        Start += Here;
        Count -= Here;
    }
}

VOID NTAPI
RtlInitializeBitMap(PRTL_BITMAP BitMapHeader, PULONG BitMapBuffer, ULONG SizeOfBitMap)
{
    BitMapHeader->SizeOfBitMap = SizeOfBitMap;
    BitMapHeader->Buffer = BitMapBuffer;
}

VOID NTAPI
RtlClearBit(PRTL_BITMAP BitMapHeader, ULONG BitNumber)
{
    BitMapHeader->Buffer[BitNumber / 32] &= ~(1u << BitNumber % 32);
}

VOID NTAPI
RtlSetBit(PRTL_BITMAP BitMapHeader, ULONG BitNumber)
{
    BitMapHeader->Buffer[BitNumber / 32] |= 1u << BitNumber % 32;
}

BOOLEAN NTAPI
RtlTestBit(PRTL_BITMAP BitMapHeader, ULONG BitNumber)
{
    return (BOOLEAN)RtlpBit(BitMapHeader, BitNumber);
}

VOID NTAPI
RtlClearAllBits(PRTL_BITMAP BitMapHeader)
{
    memset(BitMapHeader->Buffer, 0, (BitMapHeader->SizeOfBitMap + 31) / 32 * sizeof(ULONG));
}

VOID NTAPI
RtlSetAllBits(PRTL_BITMAP BitMapHeader)
{
    memset(BitMapHeader->Buffer, 0xFF, (BitMapHeader->SizeOfBitMap + 31) / 32 * sizeof(ULONG));
}

VOID NTAPI
RtlClearBits(PRTL_BITMAP BitMapHeader, ULONG StartingIndex, ULONG NumberToClear)
{
    RtlpFill(BitMapHeader, StartingIndex, NumberToClear, 0);
}

VOID NTAPI
RtlSetBits(PRTL_BITMAP BitMapHeader, ULONG StartingIndex, ULONG NumberToSet)
{
    RtlpFill(BitMapHeader, StartingIndex, NumberToSet, 1);
}

/* The first run of Count bits equal to Value that begins in [From, To). */
static ULONG
RtlpFindRun(PRTL_BITMAP Map, ULONG From, ULONG To, ULONG Count, ULONG Value)
{
    ULONG Index = From;

    while (Index < To && Map->SizeOfBitMap - Index >= Count) {
        ULONG Length = RtlpRun(Map, Index, Map->SizeOfBitMap, Value);

        if (Length >= Count) {
            return Index;
        }
        Index += Length;
        if (Index < Map->SizeOfBitMap) {
            Index += RtlpRun(Map, Index, Map->SizeOfBitMap, !Value);
        }
    }
    return NOT_FOUND;
}

/* Zero bits are found at the hint, rounded down to a byte. */
static ULONG
RtlpFindBits(PRTL_BITMAP Map, ULONG Count, ULONG Hint, ULONG Value)
{
    ULONG Found;

    if (Hint >= Map->SizeOfBitMap) {
        Hint = 0;
    }
    if (Count == 0) {
        return Hint & ~7u;
    }
    if (Count > Map->SizeOfBitMap) {
        return NOT_FOUND;
    }
    Found = RtlpFindRun(Map, Hint, Map->SizeOfBitMap, Count, Value);
    if (Found == NOT_FOUND && Hint != 0) {
        Found = RtlpFindRun(Map, 0, Hint, Count, Value);
    }
    return Found;
}

ULONG NTAPI
RtlFindClearBits(PRTL_BITMAP BitMapHeader, ULONG NumberToFind, ULONG HintIndex)
{
    return RtlpFindBits(BitMapHeader, NumberToFind, HintIndex, 0);
}

ULONG NTAPI
RtlFindSetBits(PRTL_BITMAP BitMapHeader, ULONG NumberToFind, ULONG HintIndex)
{
    return RtlpFindBits(BitMapHeader, NumberToFind, HintIndex, 1);
}

ULONG NTAPI
RtlFindClearBitsAndSet(PRTL_BITMAP BitMapHeader, ULONG NumberToFind, ULONG HintIndex)
{
    ULONG Found = RtlpFindBits(BitMapHeader, NumberToFind, HintIndex, 0);

    if (Found != NOT_FOUND) {
        RtlpFill(BitMapHeader, Found, NumberToFind, 1);
    }
    return Found;
}

ULONG NTAPI
RtlFindSetBitsAndClear(PRTL_BITMAP BitMapHeader, ULONG NumberToFind, ULONG HintIndex)
{
    ULONG Found = RtlpFindBits(BitMapHeader, NumberToFind, HintIndex, 1);

    if (Found != NOT_FOUND) {
        RtlpFill(BitMapHeader, Found, NumberToFind, 0);
    }
    return Found;
}

/* The next clear run at or after Start; its length, 0 if there is none. */
static ULONG
RtlpNextClear(PRTL_BITMAP Map, ULONG Start, PULONG RunStart)
{
    if (Start < Map->SizeOfBitMap) {
        Start += RtlpRun(Map, Start, Map->SizeOfBitMap, 1);
    }
    *RunStart = Start;
    return Start < Map->SizeOfBitMap ? RtlpRun(Map, Start, Map->SizeOfBitMap, 0) : 0;
}

ULONG NTAPI
RtlFindNextForwardRunClear(PRTL_BITMAP BitMapHeader, ULONG FromIndex, PULONG StartingRunIndex)
{
    return RtlpNextClear(BitMapHeader, FromIndex, StartingRunIndex);
}

ULONG NTAPI
RtlFindFirstRunClear(PRTL_BITMAP BitMapHeader, PULONG StartingIndex)
{
    return RtlpNextClear(BitMapHeader, 0, StartingIndex);
}

/* The nearest clear run at or before FromIndex, as far as FromIndex. */
ULONG NTAPI
RtlFindLastBackwardRunClear(PRTL_BITMAP BitMapHeader, ULONG FromIndex, PULONG StartingRunIndex)
{
    LONG64 Last = FromIndex, First;

    if (BitMapHeader->SizeOfBitMap == 0) {
        *StartingRunIndex = 0;
        return 0;
    }
    Last = min(Last, (LONG64)BitMapHeader->SizeOfBitMap - 1);
    while (Last >= 0 && RtlpBit(BitMapHeader, (ULONG)Last)) {
        Last--;
    }
    for (First = Last; First > 0 && !RtlpBit(BitMapHeader, (ULONG)First - 1); First--) {
    }
    *StartingRunIndex = Last < 0 ? 0 : (ULONG)First;
    return Last < 0 ? 0 : (ULONG)(Last - First + 1);
}

ULONG NTAPI
RtlFindLongestRunClear(PRTL_BITMAP BitMapHeader, PULONG StartingIndex)
{
    ULONG Best = 0, At = 0, Start, Length;

    *StartingIndex = 0;
    while ((Length = RtlpNextClear(BitMapHeader, At, &Start)) != 0) {
        if (Length > Best) {
            Best = Length;
            *StartingIndex = Start;
        }
        At = Start + Length;
    }
    return Best;
}

/* Located: the longest runs, longest first. Else the first ones, in order. */
ULONG NTAPI
RtlFindClearRuns(PRTL_BITMAP BitMapHeader, PRTL_BITMAP_RUN RunArray, ULONG SizeOfRunArray,
                 BOOLEAN LocateLongestRuns)
{
    ULONG Found = 0, At = 0, Start, Length, Place;

    while ((Length = RtlpNextClear(BitMapHeader, At, &Start)) != 0) {
        At = Start + Length;
        Place = Found;
        if (LocateLongestRuns) {
            while (Place > 0 && RunArray[Place - 1].NumberOfBits < Length) {
                Place--;
            }
        }
        if (Place < SizeOfRunArray) {
            ULONG Last = min(Found, SizeOfRunArray - 1);

            memmove(&RunArray[Place + 1], &RunArray[Place], (Last - Place) * sizeof(*RunArray));
            RunArray[Place].StartingIndex = Start;
            RunArray[Place].NumberOfBits = Length;
            Found = min(Found + 1, SizeOfRunArray);
        }
        if (Found == SizeOfRunArray && !LocateLongestRuns) {
            break;
        }
    }
    return Found;
}

static ULONG
RtlpCountSet(PRTL_BITMAP Map, ULONG Start, ULONG Count)
{
    ULONG Total = 0;

    while (Count != 0) {
        ULONG Here = min(Count, 32 - Start % 32);
        ULONG Mask = (Here == 32 ? 0xFFFFFFFF : (1u << Here) - 1) << Start % 32;

        Total += (ULONG)__builtin_popcount(Map->Buffer[Start / 32] & Mask);
        Start += Here;
        Count -= Here;
    }
    return Total;
}

ULONG NTAPI
RtlNumberOfSetBits(PRTL_BITMAP BitMapHeader)
{
    return RtlpCountSet(BitMapHeader, 0, BitMapHeader->SizeOfBitMap);
}

ULONG NTAPI
RtlNumberOfClearBits(PRTL_BITMAP BitMapHeader)
{
    return BitMapHeader->SizeOfBitMap - RtlpCountSet(BitMapHeader, 0, BitMapHeader->SizeOfBitMap);
}

static BOOLEAN
RtlpInMap(PRTL_BITMAP Map, ULONG Start, ULONG Length)
{
    return Start <= Map->SizeOfBitMap && Length <= Map->SizeOfBitMap - Start;
}

ULONG NTAPI
RtlNumberOfSetBitsInRange(PRTL_BITMAP BitMapHeader, ULONG StartingIndex, ULONG Length)
{
    return RtlpInMap(BitMapHeader, StartingIndex, Length)
               ? RtlpCountSet(BitMapHeader, StartingIndex, Length)
               : 0;
}

ULONG NTAPI
RtlNumberOfClearBitsInRange(PRTL_BITMAP BitMapHeader, ULONG StartingIndex, ULONG Length)
{
    return RtlpInMap(BitMapHeader, StartingIndex, Length)
               ? Length - RtlpCountSet(BitMapHeader, StartingIndex, Length)
               : 0;
}

/* A range beyond the map is neither clear nor set; so is an empty one. */
BOOLEAN NTAPI
RtlAreBitsClear(PRTL_BITMAP BitMapHeader, ULONG StartingIndex, ULONG Length)
{
    return Length != 0 && RtlpInMap(BitMapHeader, StartingIndex, Length) &&
           RtlpRun(BitMapHeader, StartingIndex, StartingIndex + Length, 0) == Length;
}

BOOLEAN NTAPI
RtlAreBitsSet(PRTL_BITMAP BitMapHeader, ULONG StartingIndex, ULONG Length)
{
    return Length != 0 && RtlpInMap(BitMapHeader, StartingIndex, Length) &&
           RtlpRun(BitMapHeader, StartingIndex, StartingIndex + Length, 1) == Length;
}

/* The source's bits to TargetBit and on, as many as fit. */
VOID NTAPI
RtlCopyBitMap(PRTL_BITMAP Source, PRTL_BITMAP Destination, ULONG TargetBit)
{
    ULONG Index, Count = min(Source->SizeOfBitMap, Destination->SizeOfBitMap - TargetBit);

    for (Index = 0; Index < Count; Index++) {
        RtlpFill(Destination, TargetBit + Index, 1, RtlpBit(Source, Index));
    }
}

VOID NTAPI
RtlExtractBitMap(PRTL_BITMAP Source, PRTL_BITMAP Destination, ULONG TargetBit, ULONG NumberOfBits)
{
    ULONG Index, Count = min(NumberOfBits, Destination->SizeOfBitMap);

    for (Index = 0; Index < Count; Index++) {
        RtlpFill(Destination, Index, 1, RtlpBit(Source, TargetBit + Index));
    }
}

CCHAR NTAPI
RtlFindMostSignificantBit(ULONGLONG Set)
{
    return Set == 0 ? -1 : (CCHAR)(63 - __builtin_clzll(Set));
}

CCHAR NTAPI
RtlFindLeastSignificantBit(ULONGLONG Set)
{
    return Set == 0 ? -1 : (CCHAR)__builtin_ctzll(Set);
}

ULONG NTAPI
RtlNumberOfSetBitsUlongPtr(ULONG_PTR Target)
{
    return (ULONG)__builtin_popcountll(Target);
}
