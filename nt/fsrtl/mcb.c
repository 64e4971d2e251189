/*
 * mcb.c - map control blocks: which logical sector (LBN) each sector of a file (VBN) lies in. [DDI: FsRtlAddLargeMcbEntry,
 * FsRtlLookupLargeMcbEntry, FsRtlGetNextLargeMcbEntry, FsRtlSplitLargeMcb and the pages beside them]
 *
 * A map is an array of runs. A run goes from where the one before it ends (the first: from 0) up to NextVbn; its sectors
 * lie one after the other from Lbn on, or nowhere (a hole: Lbn -1).
 *
 *   M1  NextVbn grows; two runs side by side are never one (both holes, or the second goes on where the first ends).
 *   M2  The last run is no hole: nothing is mapped at or behind its end.
 *   M3  Of a LARGE_MCB everything is under its guarded mutex; a BASE_MCB's owner does that himself.
 */
#include "nt/fsrtl/fsrtlp.h"

#define MCB_TAG     'bcMF'
#define MCB_INITIAL 15
#define MCB_HOLE    ((LONGLONG) - 1)

typedef struct _MCB_RUN {
    LONGLONG NextVbn;
    LONGLONG Lbn;
} MCB_RUN, *PMCB_RUN;

#define RUNS(Mcb) ((PMCB_RUN)(Mcb)->Mapping)

static LONGLONG
FsRtlpMcbStart(PBASE_MCB Mcb, ULONG Index)
{
    return Index == 0 ? 0 : RUNS(Mcb)[Index - 1].NextVbn;
}

static LONGLONG
FsRtlpMcbEnd(PBASE_MCB Mcb)
{
    return FsRtlpMcbStart(Mcb, Mcb->PairCount);
}

/* The run that Vbn is in; PairCount: it is behind all of them. */
static ULONG
FsRtlpMcbFind(PBASE_MCB Mcb, LONGLONG Vbn)
{
    ULONG Low = 0, High = Mcb->PairCount;

    while (Low < High) {
        ULONG Middle = (Low + High) / 2;

        if (RUNS(Mcb)[Middle].NextVbn <= Vbn) {
            Low = Middle + 1;
        } else {
            High = Middle;
        }
    }
    return Low;
}

/* Room for some runs more. */
static BOOLEAN
FsRtlpMcbReserve(PBASE_MCB Mcb, ULONG More)
{
    ULONG Count = Mcb->MaximumPairCount;
    PVOID Mapping;

    if (Mcb->PairCount + More <= Count) {
        return TRUE;
    }
    while (Count < Mcb->PairCount + More) {
        Count *= 2;
    }
    Mapping = ExAllocatePoolWithTag(Mcb->PoolType, Count * sizeof(MCB_RUN), MCB_TAG);
    if (Mapping == NULL) {
        return FALSE;
    }
    RtlCopyMemory(Mapping, Mcb->Mapping, Mcb->PairCount * sizeof(MCB_RUN));
    ExFreePoolWithTag(Mcb->Mapping, MCB_TAG);
    Mcb->Mapping = Mapping;
    Mcb->MaximumPairCount = Count;
    return TRUE;
}

/* Puts Count runs' room at Index, or takes it away. There is room. */
static VOID
FsRtlpMcbMove(PBASE_MCB Mcb, ULONG Index, LONG Count)
{
    PMCB_RUN Runs = RUNS(Mcb);

    if (Count >= 0) {
        RtlMoveMemory(Runs + Index + Count, Runs + Index, (Mcb->PairCount - Index) * sizeof(*Runs));
    } else {
        RtlMoveMemory(Runs + Index, Runs + Index - Count,
                      (Mcb->PairCount - Index + Count) * sizeof(*Runs));
    }
    Mcb->PairCount += Count;
}

/* Makes a run begin at Vbn; the index of that run. */
static ULONG
FsRtlpMcbCut(PBASE_MCB Mcb, LONGLONG Vbn)
{
    ULONG Index = FsRtlpMcbFind(Mcb, Vbn);
    LONGLONG Start = FsRtlpMcbStart(Mcb, Index);
    PMCB_RUN Runs = RUNS(Mcb);

    if (Start == Vbn) {
        return Index;
    }
    if (Index == Mcb->PairCount) { /* behind the end: a hole up to there */
        Runs[Index].NextVbn = Vbn;
        Runs[Index].Lbn = MCB_HOLE;
        Mcb->PairCount++;
        return Index + 1;
    }
    FsRtlpMcbMove(Mcb, Index, 1);
    Runs[Index].NextVbn = Vbn;
    if (Runs[Index].Lbn != MCB_HOLE) {
        Runs[Index + 1].Lbn = Runs[Index].Lbn + (Vbn - Start);
    }
    return Index + 1;
}

/* M1 between the run and the one before it. */
static VOID
FsRtlpMcbJoin(PBASE_MCB Mcb, ULONG Index)
{
    PMCB_RUN Runs = RUNS(Mcb);

    if (Index == 0 || Index >= Mcb->PairCount) {
        return;
    }
    if (Runs[Index - 1].Lbn == MCB_HOLE
            ? Runs[Index].Lbn == MCB_HOLE
            : Runs[Index].Lbn == Runs[Index - 1].Lbn +
                                     (Runs[Index - 1].NextVbn - FsRtlpMcbStart(Mcb, Index - 1))) {
        Runs[Index - 1].NextVbn = Runs[Index].NextVbn;
        FsRtlpMcbMove(Mcb, Index, -1);
    }
}

static VOID
FsRtlpMcbTrim(PBASE_MCB Mcb)
{
    while (Mcb->PairCount != 0 && RUNS(Mcb)[Mcb->PairCount - 1].Lbn == MCB_HOLE) {
        Mcb->PairCount--; /* M2 */
    }
}

/* Maps sectors, or unmaps them (Lbn -1). FALSE: no memory, nothing has changed. */
static BOOLEAN
FsRtlpMcbSet(PBASE_MCB Mcb, LONGLONG Vbn, LONGLONG Lbn, LONGLONG Count)
{
    ULONG First, Behind;

    if (!FsRtlpMcbReserve(Mcb, 4)) {
        return FALSE;
    }
    First = FsRtlpMcbCut(Mcb, Vbn);
    Behind = FsRtlpMcbCut(Mcb, Vbn + Count);
    FsRtlpMcbMove(Mcb, First + 1, (LONG)(First + 1) - (LONG)Behind);
    RUNS(Mcb)[First].NextVbn = Vbn + Count;
    RUNS(Mcb)[First].Lbn = Lbn;
    FsRtlpMcbJoin(Mcb, First + 1);
    FsRtlpMcbJoin(Mcb, First);
    FsRtlpMcbTrim(Mcb);
    return TRUE;
}

/* ---- maps without a lock ---- */

BOOLEAN NTAPI
FsRtlInitializeBaseMcbEx(PBASE_MCB Mcb, POOL_TYPE PoolType, USHORT Flags)
{
    RtlZeroMemory(Mcb, sizeof(*Mcb));
    Mcb->PoolType = (USHORT)PoolType;
    Mcb->Flags = (UCHAR)Flags;
    Mcb->Mapping = ExAllocatePoolWithTag(PoolType, MCB_INITIAL * sizeof(MCB_RUN), MCB_TAG);
    if (Mcb->Mapping == NULL) {
        if (Flags & MCB_FLAG_RAISE_ON_ALLOCATION_FAILURE) {
            ExRaiseStatus(STATUS_INSUFFICIENT_RESOURCES);
        }
        return FALSE;
    }
    Mcb->MaximumPairCount = MCB_INITIAL;
    return TRUE;
}

VOID NTAPI
FsRtlInitializeBaseMcb(PBASE_MCB Mcb, POOL_TYPE PoolType)
{
    FsRtlInitializeBaseMcbEx(Mcb, PoolType, MCB_FLAG_RAISE_ON_ALLOCATION_FAILURE);
}

VOID NTAPI
FsRtlUninitializeBaseMcb(PBASE_MCB Mcb)
{
    ExFreePoolWithTag(Mcb->Mapping, MCB_TAG);
    Mcb->Mapping = NULL;
}

VOID NTAPI
FsRtlResetBaseMcb(PBASE_MCB Mcb)
{
    Mcb->PairCount = 0;
}

/* STATUS_UNSUCCESSFUL: one of the sectors is mapped elsewhere. */
NTSTATUS NTAPI
FsRtlAddBaseMcbEntryEx(PBASE_MCB Mcb, LONGLONG Vbn, LONGLONG Lbn, LONGLONG SectorCount)
{
    if (Vbn < 0 || SectorCount <= 0) {
        return STATUS_INVALID_PARAMETER;
    }
    for (ULONG Index = FsRtlpMcbFind(Mcb, Vbn);
         Index < Mcb->PairCount && FsRtlpMcbStart(Mcb, Index) < Vbn + SectorCount; Index++) {
        if (RUNS(Mcb)[Index].Lbn != MCB_HOLE &&
            RUNS(Mcb)[Index].Lbn - FsRtlpMcbStart(Mcb, Index) != Lbn - Vbn) {
            return STATUS_UNSUCCESSFUL;
        }
    }
    return FsRtlpMcbSet(Mcb, Vbn, Lbn, SectorCount) ? STATUS_SUCCESS
                                                    : STATUS_INSUFFICIENT_RESOURCES;
}

BOOLEAN NTAPI
FsRtlAddBaseMcbEntry(PBASE_MCB Mcb, LONGLONG Vbn, LONGLONG Lbn, LONGLONG SectorCount)
{
    NTSTATUS Status = FsRtlAddBaseMcbEntryEx(Mcb, Vbn, Lbn, SectorCount);

    if (Status == STATUS_INSUFFICIENT_RESOURCES &&
        (Mcb->Flags & MCB_FLAG_RAISE_ON_ALLOCATION_FAILURE)) {
        ExRaiseStatus(Status);
    }
    return NT_SUCCESS(Status);
}

BOOLEAN NTAPI
FsRtlRemoveBaseMcbEntry(PBASE_MCB Mcb, LONGLONG Vbn, LONGLONG SectorCount)
{
    LONGLONG End = FsRtlpMcbEnd(Mcb);

    if (Vbn >= End || SectorCount <= 0) {
        return TRUE;
    }
    if (SectorCount > End - Vbn) {
        SectorCount = End - Vbn;
    }
    return FsRtlpMcbSet(Mcb, Vbn, MCB_HOLE, SectorCount);
}

VOID NTAPI
FsRtlTruncateBaseMcb(PBASE_MCB Mcb, LONGLONG Vbn)
{
    ULONG Index = FsRtlpMcbFind(Mcb, Vbn);

    if (Index < Mcb->PairCount) {
        Mcb->PairCount = FsRtlpMcbStart(Mcb, Index) < Vbn ? Index + 1 : Index;
        if (Mcb->PairCount == Index + 1) {
            RUNS(Mcb)[Index].NextVbn = Vbn;
        }
        FsRtlpMcbTrim(Mcb);
    }
}

BOOLEAN NTAPI
FsRtlLookupBaseMcbEntry(PBASE_MCB Mcb, LONGLONG Vbn, PLONGLONG Lbn, PLONGLONG SectorCountFromLbn,
                        PLONGLONG StartingLbn, PLONGLONG SectorCountFromStartingLbn, PULONG Index)
{
    ULONG Found = FsRtlpMcbFind(Mcb, Vbn);
    LONGLONG Start;
    PMCB_RUN Run;

    if (Vbn < 0 || Found == Mcb->PairCount) {
        return FALSE;
    }
    Start = FsRtlpMcbStart(Mcb, Found);
    Run = &RUNS(Mcb)[Found];
    if (Lbn != NULL) {
        *Lbn = Run->Lbn == MCB_HOLE ? MCB_HOLE : Run->Lbn + (Vbn - Start);
    }
    if (SectorCountFromLbn != NULL) {
        *SectorCountFromLbn = Run->NextVbn - Vbn;
    }
    if (StartingLbn != NULL) {
        *StartingLbn = Run->Lbn;
    }
    if (SectorCountFromStartingLbn != NULL) {
        *SectorCountFromStartingLbn = Run->NextVbn - Start;
    }
    if (Index != NULL) {
        *Index = Found;
    }
    return TRUE;
}

BOOLEAN NTAPI
FsRtlLookupLastBaseMcbEntryAndIndex(PBASE_MCB Mcb, PLONGLONG Vbn, PLONGLONG Lbn, PULONG Index)
{
    ULONG Last = Mcb->PairCount - 1;

    if (Mcb->PairCount == 0) {
        return FALSE;
    }
    *Vbn = RUNS(Mcb)[Last].NextVbn - 1;
    *Lbn = RUNS(Mcb)[Last].Lbn + (*Vbn - FsRtlpMcbStart(Mcb, Last));
    *Index = Last;
    return TRUE;
}

BOOLEAN NTAPI
FsRtlLookupLastBaseMcbEntry(PBASE_MCB Mcb, PLONGLONG Vbn, PLONGLONG Lbn)
{
    ULONG Index;

    return FsRtlLookupLastBaseMcbEntryAndIndex(Mcb, Vbn, Lbn, &Index);
}

ULONG NTAPI
FsRtlNumberOfRunsInBaseMcb(PBASE_MCB Mcb)
{
    return Mcb->PairCount;
}

BOOLEAN NTAPI
FsRtlGetNextBaseMcbEntry(PBASE_MCB Mcb, ULONG RunIndex, PLONGLONG Vbn, PLONGLONG Lbn,
                         PLONGLONG SectorCount)
{
    if (RunIndex >= Mcb->PairCount) {
        return FALSE;
    }
    *Vbn = FsRtlpMcbStart(Mcb, RunIndex);
    *Lbn = RUNS(Mcb)[RunIndex].Lbn;
    *SectorCount = RUNS(Mcb)[RunIndex].NextVbn - *Vbn;
    return TRUE;
}

/* A hole of Amount sectors in front of Vbn. */
BOOLEAN NTAPI
FsRtlSplitBaseMcb(PBASE_MCB Mcb, LONGLONG Vbn, LONGLONG Amount)
{
    ULONG Index;

    if (Vbn >= FsRtlpMcbEnd(Mcb)) {
        return TRUE;
    }
    if (!FsRtlpMcbReserve(Mcb, 2)) {
        return FALSE;
    }
    Index = FsRtlpMcbCut(Mcb, Vbn);
    FsRtlpMcbMove(Mcb, Index, 1);
    RUNS(Mcb)[Index].NextVbn = Vbn;
    RUNS(Mcb)[Index].Lbn = MCB_HOLE;
    for (ULONG Later = Index; Later < Mcb->PairCount; Later++) {
        RUNS(Mcb)[Later].NextVbn += Amount;
    }
    FsRtlpMcbJoin(Mcb, Index + 1);
    FsRtlpMcbJoin(Mcb, Index);
    return TRUE;
}

/* ---- maps with a lock ---- */

VOID NTAPI
FsRtlInitializeLargeMcb(PLARGE_MCB Mcb, POOL_TYPE PoolType)
{
    Mcb->GuardedMutex = ExAllocatePoolWithTag(NonPagedPool, sizeof(KGUARDED_MUTEX), MCB_TAG);
    if (Mcb->GuardedMutex == NULL) {
        ExRaiseStatus(STATUS_INSUFFICIENT_RESOURCES);
    }
    KeInitializeGuardedMutex(Mcb->GuardedMutex);
    if (!FsRtlInitializeBaseMcbEx(&Mcb->BaseMcb, PoolType, 0)) {
        ExFreePoolWithTag(Mcb->GuardedMutex, MCB_TAG);
        Mcb->GuardedMutex = NULL;
        ExRaiseStatus(STATUS_INSUFFICIENT_RESOURCES);
    }
}

VOID NTAPI
FsRtlUninitializeLargeMcb(PLARGE_MCB Mcb)
{
    if (Mcb->GuardedMutex != NULL) {
        ExFreePoolWithTag(Mcb->GuardedMutex, MCB_TAG);
        Mcb->GuardedMutex = NULL;
        FsRtlUninitializeBaseMcb(&Mcb->BaseMcb);
    }
}

/* Result of an expression on the map, under its mutex. M3 */
#define LOCKED(Type, Mcb, Expression)                                                              \
    ({                                                                                             \
        Type Result_;                                                                              \
        KeAcquireGuardedMutex((Mcb)->GuardedMutex);                                                \
        Result_ = (Expression);                                                                    \
        KeReleaseGuardedMutex((Mcb)->GuardedMutex);                                                \
        Result_;                                                                                   \
    })

VOID NTAPI
FsRtlResetLargeMcb(PLARGE_MCB Mcb, BOOLEAN SelfSynchronized)
{
    if (!SelfSynchronized) {
        KeAcquireGuardedMutex(Mcb->GuardedMutex);
    }
    FsRtlResetBaseMcb(&Mcb->BaseMcb);
    if (!SelfSynchronized) {
        KeReleaseGuardedMutex(Mcb->GuardedMutex);
    }
}

BOOLEAN NTAPI
FsRtlAddLargeMcbEntry(PLARGE_MCB Mcb, LONGLONG Vbn, LONGLONG Lbn, LONGLONG SectorCount)
{
    NTSTATUS Status =
        LOCKED(NTSTATUS, Mcb, FsRtlAddBaseMcbEntryEx(&Mcb->BaseMcb, Vbn, Lbn, SectorCount));

    if (Status == STATUS_INSUFFICIENT_RESOURCES) {
        ExRaiseStatus(Status);
    }
    return NT_SUCCESS(Status);
}

VOID NTAPI
FsRtlRemoveLargeMcbEntry(PLARGE_MCB Mcb, LONGLONG Vbn, LONGLONG SectorCount)
{
    if (!LOCKED(BOOLEAN, Mcb, FsRtlRemoveBaseMcbEntry(&Mcb->BaseMcb, Vbn, SectorCount))) {
        ExRaiseStatus(STATUS_INSUFFICIENT_RESOURCES);
    }
}

VOID NTAPI
FsRtlTruncateLargeMcb(PLARGE_MCB Mcb, LONGLONG Vbn)
{
    KeAcquireGuardedMutex(Mcb->GuardedMutex);
    FsRtlTruncateBaseMcb(&Mcb->BaseMcb, Vbn);
    KeReleaseGuardedMutex(Mcb->GuardedMutex);
}

BOOLEAN NTAPI
FsRtlLookupLargeMcbEntry(PLARGE_MCB Mcb, LONGLONG Vbn, PLONGLONG Lbn, PLONGLONG SectorCountFromLbn,
                         PLONGLONG StartingLbn, PLONGLONG SectorCountFromStartingLbn, PULONG Index)
{
    return LOCKED(BOOLEAN, Mcb,
                  FsRtlLookupBaseMcbEntry(&Mcb->BaseMcb, Vbn, Lbn, SectorCountFromLbn, StartingLbn,
                                          SectorCountFromStartingLbn, Index));
}

BOOLEAN NTAPI
FsRtlLookupLastLargeMcbEntry(PLARGE_MCB Mcb, PLONGLONG Vbn, PLONGLONG Lbn)
{
    return LOCKED(BOOLEAN, Mcb, FsRtlLookupLastBaseMcbEntry(&Mcb->BaseMcb, Vbn, Lbn));
}

BOOLEAN NTAPI
FsRtlLookupLastLargeMcbEntryAndIndex(PLARGE_MCB OpaqueMcb, PLONGLONG LargeVbn, PLONGLONG LargeLbn,
                                     PULONG Index)
{
    return LOCKED(
        BOOLEAN, OpaqueMcb,
        FsRtlLookupLastBaseMcbEntryAndIndex(&OpaqueMcb->BaseMcb, LargeVbn, LargeLbn, Index));
}

ULONG NTAPI
FsRtlNumberOfRunsInLargeMcb(PLARGE_MCB Mcb)
{
    return LOCKED(ULONG, Mcb, FsRtlNumberOfRunsInBaseMcb(&Mcb->BaseMcb));
}

BOOLEAN NTAPI
FsRtlGetNextLargeMcbEntry(PLARGE_MCB Mcb, ULONG RunIndex, PLONGLONG Vbn, PLONGLONG Lbn,
                          PLONGLONG SectorCount)
{
    return LOCKED(BOOLEAN, Mcb,
                  FsRtlGetNextBaseMcbEntry(&Mcb->BaseMcb, RunIndex, Vbn, Lbn, SectorCount));
}

BOOLEAN NTAPI
FsRtlSplitLargeMcb(PLARGE_MCB Mcb, LONGLONG Vbn, LONGLONG Amount)
{
    return LOCKED(BOOLEAN, Mcb, FsRtlSplitBaseMcb(&Mcb->BaseMcb, Vbn, Amount));
}
