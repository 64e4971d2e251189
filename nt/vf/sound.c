/*
 * sound.c - does what the verifier remembers agree with itself and with the pages?  For the tests of the kernel (nt/inc/sound.h).
 *
 * Where something was told of, its pages were opened to be read for the report: they are not looked at any more.
 */
#include "special.h"
#include "filter.h"
#include "nt/inc/sound.h"

/* Each key is found, and they are as many as the set says. */
static VOID
VfCheckSet(PVF_SET Set)
{
    ULONG Count = 0;

    for (ULONG i = 0; i < VF_SET_SIZE; i++) {
        if (Set->Key[i] != 0) {
            Count++;
            KI_DEMAND(Set->Value[i] != 0 && VfSetFind(Set, Set->Key[i]) == Set->Value[i],
                      "an address of the verifier's that is not found", &Set->Key[i]);
        }
    }
    KI_DEMAND(Set->Count == Count, "how many addresses a set of the verifier's has", Set);
}

static VOID
VfCheckSets(VOID)
{
    static const PVF_SET Sets[] = {
        &VfUserObjects, &VfIoEvents,      &VfFltContexts,    &VfFltNames,
        &VfFltObjects,  &VfFltLive,       &VfRemoveUsers,    &VfCancelable,
        &VfWorkItems,   &VfRegistrations, &VfLinks,          &VfThreads,
        &VfDevices,     &VfHandles,       &VfClosedHandles,  &VfReferencesHeld,
        &VfBlockIndex,  &VfWatchedCodes,  &VfStacks,         &VfDeviceReferences,
        &VfMdls,        &VfStackObjects,  &VfStackDue,       &VfProcessHandles,
        &VfSent,        &VfIrpIndex,      &VfUntypedObjects, &VfPhysicalMemory,
        &VfResources,   &VfDeferred,      &VfEdgeIndex,
    };

    for (ULONG i = 0; i < RTL_NUMBER_OF(Sets); i++) {
        VfCheckSet(Sets[i]);
    }
}

static BOOLEAN
VfIsAccessible(ULONG64 Page)
{
    return (HcPage(Page) & (ABI_PROT_READ | ABI_PROT_WRITE)) != 0;
}

/* In which places of a ring of freed blocks one stands. */
static ULONG
VfPlacesIn(const ULONG *Ring, ULONG Count, PVF_BLOCK Block)
{
    ULONG Found = 0;

    for (ULONG i = 0; i < Count; i++) {
        Found += Ring[i] == (ULONG)(Block - VfBlocks) + 1;
    }
    return Found;
}

static VOID
VfCheckBlock(PVF_BLOCK Block)
{
    ULONG64 End = Block->Run + Block->Pages * PAGE_SIZE;
    ULONG Plain = VfPlacesIn(VfQuarantine, VF_QUARANTINE, Block);
    ULONG Request = VfPlacesIn(VfRequestsFreed, VF_REQUESTS, Block);

    KI_DEMAND(VfSetFind(&VfBlockIndex, Block->Start) == (ULONG64)(Block - VfBlocks) + 1,
              "a block of special pool that is not found", Block);
    KI_DEMAND(Block->Bytes != 0 && Block->Start >= Block->Run && Block->Start + Block->Bytes <= End,
              "where a block of special pool lies", Block);
    KI_DEMAND(End - Block->Start - Block->Bytes < 16 ||
                  (Block->Start == Block->Run && End - Block->Start - Block->Bytes < PAGE_SIZE),
              "how far a block of special pool is from its guard", Block);
    KI_DEMAND(Plain == (Block->Freed && !Block->Request) &&
                  Request == (Block->Freed && Block->Request),
              "whether a block of special pool is in quarantine", Block);
    KI_DEMAND(!Block->Freed || !Block->Out, "a freed block that is paged out", Block);
    if (VfToldCount == 0 && VfIsOn(VfRulePoolOverrun) && VfIsOn(VfRulePoolUseAfterFree)) {
        KI_DEMAND(!VfIsAccessible(End), "the guard of a block of special pool", Block);
        KI_DEMAND(VfIsAccessible(Block->Run) == (!Block->Freed && !Block->Out),
                  "the pages of a block of special pool", Block);
    }
}

static VOID
VfCheckBlocks(VOID)
{
    ULONG Used = 0;

    for (ULONG i = 0; i < VfBlockHigh; i++) {
        if (VfBlocks[i].Used) {
            Used++;
            VfCheckBlock(&VfBlocks[i]);
        }
    }
    KI_DEMAND(VfBlockIndex.Count == Used, "how many blocks of special pool there are",
              &VfBlockIndex);
}

/* What is pageable and there has to be looked at when the IRQL is raised. */
static VOID
VfCheckPaging(VOID)
{
    BOOLEAN Open = FALSE;

    for (ULONG i = 0; i < VF_PAGED; i++) {
        VF_RANGE *Range = &VfPaged[i];

        KI_DEMAND(Range->Bytes == 0 || i < VfPagedCount, "how many pageable sections there are",
                  Range);
        KI_DEMAND(!Range->Out || Range->Bytes == 0 || Range->Locked == 0,
                  "a section that is locked and out", Range);
        if (Range->Bytes != 0 && Range->Out) {
            KI_DEMAND((HcPage(Range->Start) & (ABI_PROT_WRITE | ABI_PROT_EXECUTE)) == 0,
                      "a section that is out", Range);
        }
        Open |= Range->Bytes != 0 && !Range->Out && Range->Locked == 0;
    }
    for (ULONG i = 0; i < VfBlockHigh; i++) {
        PVF_BLOCK Block = &VfBlocks[i];

        Open |= Block->Used && !Block->Freed && !Block->Out &&
                Block->Run - ABI_PAGED_BASE < ABI_MAPPING_BASE - ABI_PAGED_BASE;
    }
    KI_DEMAND(!Open || VfOpen != 0 || !(VfIsOn(VfRulePagedCode) || VfIsOn(VfRulePagedMemory)),
              "whether there is something to page out", &VfOpen);
    KI_DEMAND(VfOpen < MAXLONG, "how much there is to page out", &VfOpen);
}

static VOID
VfCheckIrps(VOID)
{
    KI_DEMAND(VfIrpIndex.Count == VfIrpCount && VfIrpCount <= VF_IRPS,
              "how many requests the verifier knows", &VfIrpCount);
    for (ULONG i = 0; i < VfIrpCount; i++) {
        KI_DEMAND(VfSetFind(&VfIrpIndex, (ULONG64)VfIrps[i].Irp) == i + 1,
                  "a request that the verifier does not find", &VfIrps[i]);
    }
}

/* A buffer of user mode is watched while the call that has it lasts. */
static VOID
VfCheckUsers(VOID)
{
    ULONG Count = 0;

    for (ULONG i = 0; i < VF_USERS; i++) {
        PVF_USER Buffer = &VfUsers[i];
        PVF_CALLOUT Callout;

        if (Buffer->Callout == NULL) {
            continue;
        }
        Count++;
        for (Callout = Buffer->Thread->VfCallout; Callout != NULL && Callout != Buffer->Callout;) {
            Callout = Callout->Outer;
        }
        KI_DEMAND(Callout != NULL, "a buffer is watched of a call that is over", Buffer);
    }
    KI_DEMAND(Count == VfUserCount, "how many buffers are watched", &VfUserCount);
}

static VOID
VfCheckEdges(VOID)
{
    for (ULONG i = 0; i < VfEdgeCount && VfEdgeIndex.Count == VfEdgeCount; i++) {
        KI_DEMAND(VfEdgeOf(VfEdges[i].From, VfEdges[i].To) == i + 1,
                  "an order of two locks that is not found", &VfEdges[i]);
    }
}

/* In each step. */
VOID
VfCheckTables(VOID)
{
    VfCheckBlocks();
    VfCheckPaging();
    VfCheckIrps();
    VfCheckUsers();
}

/* Where it is worth while. */
VOID
VfCheckSound(VOID)
{
    VfCheckSets();
    VfCheckEdges();
}
