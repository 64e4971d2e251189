/*
 * held.c - who holds each object's references?
 *
 * For the tests of the kernel, at the end of a run that ends clean (nt/inc/sound.h). Each structure of the kernel that keeps a reference says so
 * (XxxVisitHeld); with the handles and the names these are counted. An object with fewer references than that has lost one too many. One with more
 * has one that nobody gave back, if no word that a driver or another thread could have it by points to the object.
 *
 *   D1  Words are looked at in drivers' images, in blocks of any kind that are not listed here as the kernel's own, in device extensions, and in
 *       the frames of other threads. A driver that has lost its last pointer has lost the reference: the suite has no such test that ends clean.
 *   D2  Nobody is in the middle of a service: a run ends clean when its clients have.
 *   D3  No schedule point is passed, and nothing changes.
 */
#include "obp.h"
#include "nt/inc/sound.h"
#include "nt/inc/crt.h"

typedef struct _OBP_HELD_ONE {
    PVOID Body;
    LONG64 Left; /* references that nobody has said that he holds */
} OBP_HELD_ONE;

typedef struct _OBP_HELD {
    ULONG Count, Room;
    OBP_HELD_ONE One[];
} OBP_HELD;

static BOOLEAN
ObpIsLive(const EXP_BLOCK *Block)
{
    POBP_OBJECT Object = Block->Address;

    return Block->Tag == OBP_TAG_OBJECT && Block->Owner == 0 && Object->Type != NULL &&
           (Object->Header.Flags & OBP_FLAG_DELETING) == 0;
}

static VOID
ObpCountLive(PVOID Context, const EXP_BLOCK *Block)
{
    *(PULONG)Context += ObpIsLive(Block);
}

static VOID
ObpListLive(PVOID Context, const EXP_BLOCK *Block)
{
    OBP_HELD *All = Context;

    if (ObpIsLive(Block) && All->Count < All->Room) {
        All->One[All->Count++] = (OBP_HELD_ONE){OBP_BODY(Block->Address),
                                                ((POBP_OBJECT)Block->Address)->Header.PointerCount};
    }
}

static int __cdecl ObpCompareHeld(const void *One, const void *Other)
{
    ULONG_PTR a = (ULONG_PTR)((const OBP_HELD_ONE *)One)->Body;
    ULONG_PTR b = (ULONG_PTR)((const OBP_HELD_ONE *)Other)->Body;

    return a < b ? -1 : a > b;
}

static OBP_HELD_ONE *
ObpFindHeld(OBP_HELD *All, ULONG_PTR Body)
{
    ULONG Low = 0, High = All->Count;

    while (High - Low > 1) {
        ULONG Middle = Low + (High - Low) / 2;

        if ((ULONG_PTR)All->One[Middle].Body <= Body) {
            Low = Middle;
        } else {
            High = Middle;
        }
    }
    return (ULONG_PTR)All->One[Low].Body == Body ? &All->One[Low] : NULL;
}

/* POBP_VISITOR */
static VOID
ObpHolds(PVOID Context, PVOID Body)
{
    OBP_HELD_ONE *One = ObpFindHeld(Context, (ULONG_PTR)Body);

    if (One != NULL) {
        One->Left--;
    }
}

static VOID
ObpTableHolds(OBP_HELD *All, POBP_TABLE Table)
{
    ULONG Index = 0;

    for (POBP_ENTRY Entry; (Entry = ObpNextEntry(Table, &Index)) != NULL; Index++) {
        ObpHolds(All, Entry->Object);
    }
}

/* Made with the tree that is there from the start: nobody gives back what its maker had. */
static BOOLEAN
ObpIsOfTree(POBP_OBJECT Object)
{
    return Object->Type == ObpTypeType ||
           ((Object->Type == ObpDirectoryType || Object->Type == ObpSymbolicLinkType) &&
            (Object->Header.Flags & OBP_FLAG_PERMANENT) != 0 && Object->CreationTime.QuadPart == 0);
}

static VOID
ObpVisitHeld(OBP_HELD *All)
{
    for (PEPROCESS Process = NULL; (Process = PspNextProcess(Process)) != NULL;) {
        if (Process->HandleTable != NULL) {
            ObpTableHolds(All, Process->HandleTable);
        }
    }
    for (ULONG i = 0; i < All->Count; i++) {
        POBP_OBJECT Object = ObpObject(All->One[i].Body);

        All->One[i].Left -= (Object->Directory != NULL) + ObpIsOfTree(Object);
        ObpHolds(All, Object->Directory);
        if (Object->Type == IoDriverObjectTypeP &&
            (Object->Header.Flags & OBP_FLAG_PERMANENT) != 0) {
            All->One[i].Left--; /* R4 of nt/io/driver.c: until it is forgotten */
        }
    }
}

/* ---- D1 ---- */

/* What the component itself says who holds. */
static BOOLEAN
ObpIsKernels(const EXP_BLOCK *Block)
{
    static const ULONG Tags[] = {OBP_TAG_TABLE, OBP_TAG_NAME, OBP_TAG_TEMPORARY,
                                 'psmM',        'csmM',       'dLmM', /* nt/mm */
                                 'fNnP',        'edoN',       'fInP', /* nt/io */
                                 'rDoI',        'iFoI',       ' bpV',
                                 'gRbC',        'doMC',       'lvMC',
                                 'paCc'};

    for (ULONG i = 0; i < RTL_NUMBER_OF(Tags); i++) {
        if (Block->Tag == Tags[i]) {
            return Block->Owner == 0;
        }
    }
    return FALSE;
}

/* PEXP_WORD_VISITOR */
static VOID
ObpSeesWord(PVOID Context, ULONG_PTR Word)
{
    OBP_HELD_ONE *One = ObpFindHeld(Context, Word);

    if (One != NULL && One->Left > 0) {
        One->Left--;
    }
}

static VOID
ObpSeesBlock(PVOID Context, const EXP_BLOCK *Block)
{
    ULONG_PTR From = (ULONG_PTR)Block->Address, To = From + Block->Bytes;
    POBP_OBJECT Object = Block->Address;

    if (Block->Address == Context || ObpIsKernels(Block)) {
        return;
    }
    if (ObpIsLive(Block)) {
        PDEVICE_OBJECT Device = OBP_BODY(Object);

        if (Object->Type != IoDeviceObjectTypeP || Device->Type != IO_TYPE_DEVICE ||
            Device->DeviceExtension == NULL) {
            return;
        }
        From = (ULONG_PTR)Device->DeviceExtension;
        To = min(To, From + Device->Size);
    }
    ExpVisitWords(From, To, ObpSeesWord, Context);
}

static BOOLEAN
ObpIsAnyLeft(OBP_HELD *All)
{
    for (ULONG i = 0; i < All->Count; i++) {
        if (All->One[i].Left > 0) {
            return TRUE;
        }
    }
    return FALSE;
}

/* ---- all of it ---- */

VOID
ObpCheckHeld(VOID)
{
    ULONG Count = 0;
    OBP_HELD *All;

    ExpVisitPool(ObpCountLive, &Count);
    All = ExpAllocate(sizeof(*All) + Count * sizeof(All->One[0]), OBP_TAG_TEMPORARY);
    All->Room = Count;
    ExpVisitPool(ObpListLive, All);
    qsort(All->One, All->Count, sizeof(All->One[0]), ObpCompareHeld);
    ObpVisitHeld(All);
    MiVisitHeld(ObpHolds, All);
    PspVisitHeld(ObpHolds, All);
    SepVisitHeld(ObpHolds, All);
    IopVisitHeld(ObpHolds, All);
    ExpVisitHeld(ObpHolds, All);
    CmpVisitHeld(ObpHolds, All);
    if (ObpIsAnyLeft(All)) {
        ExpVisitPool(ObpSeesBlock, All);
        ExpVisitOtherWords(ObpSeesWord, All);
    }
    for (ULONG i = 0; i < All->Count; i++) {
        KI_DEMAND(All->One[i].Left >= 0, "an object has fewer references than hold it",
                  All->One[i].Body);
        KI_DEMAND(All->One[i].Left <= 0, "a reference that nobody has, and nobody gave back",
                  All->One[i].Body);
    }
    ExpFree(All);
}
