/*
 * oldmcb.c - map control blocks of 32 bits: the older routines, which are the newer ones with narrower numbers.
 *
 * -1 stays -1: a hole's logical block. [DDI: the pages of FsRtlXxxMcb in ntifs.h, each of which names its FsRtlXxxLargeMcb]
 */
#include "nt/fsrtl/fsrtlp.h"

#define FSRTL_LARGE(Mcb) (&(Mcb)->DummyFieldThatSizesThisStructureCorrectly)

VOID NTAPI
FsRtlInitializeMcb(PMCB Mcb, POOL_TYPE PoolType)
{
    FsRtlInitializeLargeMcb(FSRTL_LARGE(Mcb), PoolType);
}

VOID NTAPI
FsRtlUninitializeMcb(PMCB Mcb)
{
    FsRtlUninitializeLargeMcb(FSRTL_LARGE(Mcb));
}

VOID NTAPI
FsRtlTruncateMcb(PMCB Mcb, VBN Vbn)
{
    FsRtlTruncateLargeMcb(FSRTL_LARGE(Mcb), Vbn);
}

BOOLEAN NTAPI
FsRtlAddMcbEntry(PMCB Mcb, VBN Vbn, LBN Lbn, ULONG SectorCount)
{
    return FsRtlAddLargeMcbEntry(FSRTL_LARGE(Mcb), Vbn, (LONG)Lbn, SectorCount);
}

VOID NTAPI
FsRtlRemoveMcbEntry(PMCB Mcb, VBN Vbn, ULONG SectorCount)
{
    FsRtlRemoveLargeMcbEntry(FSRTL_LARGE(Mcb), Vbn, SectorCount);
}

BOOLEAN NTAPI
FsRtlLookupMcbEntry(PMCB Mcb, VBN Vbn, PLBN Lbn, PULONG SectorCount, PULONG Index)
{
    LONGLONG LargeLbn = 0, LargeCount = 0;
    BOOLEAN Found =
        FsRtlLookupLargeMcbEntry(FSRTL_LARGE(Mcb), Vbn, &LargeLbn, &LargeCount, NULL, NULL, Index);

    if (Found) {
        *Lbn = (ULONG)LargeLbn;
        if (SectorCount != NULL) {
            *SectorCount = (ULONG)LargeCount;
        }
    }
    return Found;
}

BOOLEAN NTAPI
FsRtlLookupLastMcbEntry(PMCB Mcb, PVBN Vbn, PLBN Lbn)
{
    LONGLONG LargeVbn = 0, LargeLbn = 0;
    BOOLEAN Found = FsRtlLookupLastLargeMcbEntry(FSRTL_LARGE(Mcb), &LargeVbn, &LargeLbn);

    if (Found) {
        *Vbn = (ULONG)LargeVbn;
        *Lbn = (ULONG)LargeLbn;
    }
    return Found;
}

ULONG NTAPI
FsRtlNumberOfRunsInMcb(PMCB Mcb)
{
    return FsRtlNumberOfRunsInLargeMcb(FSRTL_LARGE(Mcb));
}

BOOLEAN NTAPI
FsRtlGetNextMcbEntry(PMCB Mcb, ULONG RunIndex, PVBN Vbn, PLBN Lbn, PULONG SectorCount)
{
    LONGLONG LargeVbn = 0, LargeLbn = 0, LargeCount = 0;
    BOOLEAN Found =
        FsRtlGetNextLargeMcbEntry(FSRTL_LARGE(Mcb), RunIndex, &LargeVbn, &LargeLbn, &LargeCount);

    if (Found) {
        *Vbn = (ULONG)LargeVbn;
        *Lbn = (ULONG)LargeLbn;
        *SectorCount = (ULONG)LargeCount;
    }
    return Found;
}
