/*
 * sound.c - do areas, pages, sections and control areas agree?
 *
 * For the tests of the kernel (nt/inc/sound.h): now and then while a run goes on, when each address space goes, and at the end.
 * What is asked for is M1, M3 and M4 of mi.h, and C3 of control.c; each count is counted again.
 */
#include "mi.h"
#include "nt/inc/sound.h"

/* All that leads to something, counted the other way round. */
typedef struct _MI_COUNTS {
    ULONG FileViews; /* areas that show a file */
    ULONG64 Dirty;   /* pages of all files */
    ULONG Spaces;    /* processes that have one */
    BOOLEAN Last;    /* nobody is at work any more */
} MI_COUNTS;

static BOOLEAN
MiIsLinked(const LIST_ENTRY *Entry)
{
    return Entry->Flink->Blink == Entry && Entry->Blink->Flink == Entry;
}

/* ---- pages ---- */

/* M3. A page of a file is there when it was touched, and open for writing only if it is dirty or a copy. */
static VOID
MiCheckFilePage(PMI_AREA Area, ULONG64 Page, UCHAR State, ULONG Host)
{
    ULONG64 Offset = Area->Offset + (Page - Area->Start);

    if (!(Host & ABI_COMMITTED)) {
        return;
    }
    KI_DEMAND((Host & ~(MiHostProtection(State) | ABI_COMMITTED)) == 0,
              "a page of a view is more open than it may be", (PVOID)Page);
    if (State & MI_STATE_PRIVATE) {
        return;
    }
    KI_DEMAND(MiFilePage(MiControlOf(Area), Offset) & MI_FP_VALID,
              "a view shows a page that was not read", (PVOID)Page);
    KI_DEMAND(!(Host & ABI_PROT_WRITE) || (MiFilePage(MiControlOf(Area), Offset) & MI_FP_DIRTY),
              "a page of a view can be written, and nobody would notice", (PVOID)Page); /* C3 */
}

/* `Last`: while one thread changes protections another one may look between the page's state and the host. */
static VOID
MiCheckPage(PMI_AREA Area, ULONG64 Page, UCHAR State, BOOLEAN Last)
{
    ULONG Host = HcPage(Page);

    if (MiControlOf(Area) != NULL) {
        MiCheckFilePage(Area, Page, State, Host);
    } else if (!(State & MI_STATE_COMMITTED)) {
        KI_DEMAND(Area->Type == MEM_IMAGE || !(Host & ABI_COMMITTED),
                  "a page has memory and is not committed", (PVOID)Page);
    } else if (!Area->Zombie && Area->Type != MEM_IMAGE) {
        KI_DEMAND(!Last || Host == (MiHostOf(Area, State) | ABI_COMMITTED),
                  "a page's protection is another one at the host", (PVOID)Page);
    }
}

static ULONG64
MiCheckPages(PMI_AREA Area, BOOLEAN Last)
{
    ULONG64 Committed = 0;

    for (ULONG64 At = Area->Start; At < Area->End; At += PAGE_SIZE) {
        UCHAR State;

        if (Area->Chunk == NULL || Area->Chunk[(At - Area->Start) / PAGE_SIZE / MI_CHUNK] == NULL) {
            At += (MI_CHUNK - 1) * PAGE_SIZE;
            continue;
        }
        State = MiState(Area, At);
        Committed += (State & MI_STATE_COMMITTED) != 0;
        MiCheckPage(Area, At, State, Last);
    }
    return Area->Type == MEM_IMAGE ? (Area->End - Area->Start) / PAGE_SIZE : Committed;
}

/* ---- spaces ---- */

/* M1 */
static VOID
MiCheckOrder(PMI_SPACE Space)
{
    ULONG64 Before = 0;

    KI_DEMAND(Space->Count <= Space->Room, "how many areas a space has", Space);
    for (ULONG i = 0; i < Space->Count; i++) {
        PMI_AREA Area = Space->Area[i];

        KI_DEMAND(Area->Start >= Before && Area->Start < Area->End, "areas overlap", Area);
        KI_DEMAND(((Area->Start | Area->End) & (PAGE_SIZE - 1)) == 0, "an area of half a page",
                  Area);
        Before = Area->End;
    }
}

static VOID
MiCheckFileView(MI_COUNTS *Counts, PMI_SPACE Space, PMI_AREA Area)
{
    if (MiControlOf(Area) != NULL) {
        Counts->FileViews++;
        KI_DEMAND(Area->Space == Space && MiIsLinked(&Area->FileLinks), "a view of a file", Area);
    }
}

/* L1 of lock.c */
static VOID
MiCheckLocked(PMI_SPACE Space, PMI_LOCKED Range)
{
    for (ULONG64 Before = 0; Range != NULL; Range = Range->Next) {
        KI_DEMAND(Range->Start > Before && Range->Start < Range->End,
                  "ranges of locked pages overlap", (PVOID)Range->Start);
        Before = Range->End;
        for (ULONG64 At = Range->Start; At < Range->End; At += PAGE_SIZE) {
            PMI_AREA Area = MiFindArea(Space, At);

            KI_DEMAND(Area != NULL && !Area->Zombie && MiAllows(MiState(Area, At), FALSE, FALSE),
                      "a page is locked and cannot be read", (PVOID)At);
        }
    }
}

static VOID
MiCheckSpace(MI_COUNTS *Counts, PEPROCESS Process)
{
    ULONG64 Committed = 0, Bytes = 0;
    PMI_SPACE Space = MI_SPACE_OF(Process);
    LONG64 Locked = 0;

    MiCheckOrder(Space);
    for (ULONG i = 0; i < Space->Count; i++) {
        PMI_AREA Area = Space->Area[i];

        KI_DEMAND(Area->Locked >= 0 && (!Area->Zombie || Area->Locked != 0),
                  "an area that has gone is still there", Area); /* M4 */
        Locked += Area->Locked;
        Bytes += Area->Zombie ? 0 : Area->End - Area->Start;
        Committed += MiCheckPages(Area, Counts->Last);
        MiCheckFileView(Counts, Space, Area);
    }
    MiCheckLocked(Space, Space->LockedRange[0]);
    MiCheckLocked(Space, Space->LockedRange[1]);
    KI_DEMAND(Space->LockedPages == Locked, "how many pages of a process are locked", Process);
    KI_DEMAND(Space->CommittedPages == Committed, "how many pages of a process are committed",
              Process);
    KI_DEMAND(Process->VirtualSize == Bytes, "how much of its addresses a process uses", Process);
    KI_DEMAND((MiSlices[Process->Pcb.Slice / 64] >> Process->Pcb.Slice % 64 & 1) != 0,
              "a process's slice is free", Process);
}

static VOID
MiCheckSpaces(MI_COUNTS *Counts)
{
    ULONG Taken = 0;

    for (PEPROCESS Process = NULL; (Process = PspNextProcess(Process)) != NULL;) {
        if (Process->AddressSpace != NULL) {
            Counts->Spaces++;
            if (!MI_SPACE_OF(Process)->Deleted) {
                MiCheckSpace(Counts, Process);
            }
        }
    }
    for (ULONG i = 0; i < RTL_NUMBER_OF(MiSlices); i++) {
        Taken += (ULONG)__builtin_popcountll(MiSlices[i]);
    }
    KI_DEMAND(!Counts->Last || Taken == Counts->Spaces, "how many slices are taken", MiSlices);
    KI_DEMAND(MiLowOwner == NULL || MiLowOwner->AddressSpace != NULL,
              "who has the low addresses has gone", MiLowOwner);
}

/* ---- files ---- */

static VOID
MiCheckFileState(PMI_CONTROL Control, ULONG64 Memory, UCHAR State)
{
    KI_DEMAND(!(State & MI_FP_DIRTY) || (State & MI_FP_VALID), "a page is dirty and was not read",
              Control);
    KI_DEMAND(!(State & (MI_FP_VALID | MI_FP_BUSY)) || (State & MI_FP_MEMORY),
              "a page of a file has no memory", Control);
    KI_DEMAND((State & (MI_FP_VALID | MI_FP_BUSY)) != (MI_FP_VALID | MI_FP_BUSY),
              "a page is read again", Control);
    KI_DEMAND(!(State & MI_FP_WRITING) || (State & MI_FP_VALID),
              "a page is written and was not read", Control);
    KI_DEMAND(((HcPage(Memory) & ABI_COMMITTED) != 0) == ((State & MI_FP_MEMORY) != 0),
              "the memory of a file's page", (PVOID)Memory);
}

static ULONG64
MiCheckSegment(PMI_CONTROL Control, PMI_SEGMENT Segment, MI_COUNTS *Counts)
{
    PMI_AREA Area = MiFindArea(&MiSystemSpace, Segment->Base);
    ULONG64 Dirty = 0;

    KI_DEMAND(Area != NULL && Area->Start == Segment->Base && Area->Type == MI_AREA_FILE,
              "the addresses of a file's pages", Control);
    if (Area == NULL) {
        return 0;
    }
    for (ULONG64 i = 0; i < (Area->End - Area->Start) / PAGE_SIZE; i++) {
        UCHAR State =
            Segment->Chunk[i / MI_CHUNK] == NULL ? 0 : Segment->Chunk[i / MI_CHUNK][i % MI_CHUNK];

        if (Segment->Chunk[i / MI_CHUNK] == NULL) {
            i += MI_CHUNK - 1;
            continue;
        }
        Dirty += (State & MI_FP_DIRTY) != 0;
        KI_DEMAND(!Counts->Last || !(State & (MI_FP_BUSY | MI_FP_WRITING)),
                  "somebody is at work on a page, and nobody is there", Control);
        MiCheckFileState(Control, Area->Start + i * PAGE_SIZE, State);
    }
    return Dirty;
}

static VOID
MiCheckViews(PMI_CONTROL Control, MI_COUNTS *Counts)
{
    ULONG Writable = 0;

    for (PLIST_ENTRY At = Control->Views.Flink; At != &Control->Views; At = At->Flink) {
        PMI_AREA Area = CONTAINING_RECORD(At, MI_AREA, FileLinks);

        KI_DEMAND(MiIsLinked(At) && MiControlOf(Area) == Control, "the views of a file", Control);
        Writable += (Area->Protection & (PAGE_READWRITE | PAGE_EXECUTE_READWRITE)) != 0;
        Counts->FileViews -= !Area->Space->Deleted;
    }
    KI_DEMAND(Control->WritableViews == Writable, "how many views may write a file", Control);
}

static VOID
MiCheckControl(PMI_CONTROL Control, MI_COUNTS *Counts)
{
    ULONG64 Dirty = 0;

    for (ULONG i = 0; i < MI_SEGMENTS; i++) {
        if (Control->Segment[i].Base != 0) {
            Dirty += MiCheckSegment(Control, &Control->Segment[i], Counts);
        }
    }
    MiCheckViews(Control, Counts);
    KI_DEMAND(Control->Dirty == Dirty, "how many pages of a file are dirty", Control);
    Counts->Dirty += Dirty;
    KI_DEMAND(MiIsLinked(&Control->Links), "the list of control areas", Control);
    KI_DEMAND(Control->References >= (LONG)(Control->Sections + Control->Cached + Control->Orphan),
              "who needs a control area", Control);
    KI_DEMAND(!Counts->Last || Control->References ==
                                   (LONG)(Control->Sections + Control->Cached + Control->Orphan),
              "a control area is kept by nobody", Control);
    KI_DEMAND(Control->Sections >= Control->WritableSections &&
                  (Control->Sections != 0) == (Control->SectionSize != 0),
              "the sections of a file", Control);
    KI_DEMAND(Dirty == 0 || Control->Cached != 0 || MiWriterArmed || Control->Tries != 0,
              "nobody will write what is dirty", Control);
}

static VOID
MiCheckControls(MI_COUNTS *Counts)
{
    for (PLIST_ENTRY At = MiControls.Flink; At != &MiControls; At = At->Flink) {
        MiCheckControl(CONTAINING_RECORD(At, MI_CONTROL, Links), Counts);
    }
    KI_DEMAND(Counts->Dirty == MiDirtyPages, "how many pages are dirty", &MiDirtyPages);
    KI_DEMAND(Counts->FileViews == 0, "how many views of files there are", &MiControls);
}

/* ---- sections ---- */

static ULONG
MiViewsIn(PMI_SPACE Space, PMI_SECTION Section)
{
    ULONG Views = 0;

    for (ULONG i = 0; i < Space->Count; i++) {
        if (Space->Area[i]->Section == Section) {
            Views += Space == &MiSystemSpace ? (ULONG)Space->Area[i]->Secured : 1;
        }
    }
    return Views;
}

static VOID
MiCheckSection(PVOID Context, PVOID Object)
{
    ULONG Views = MiViewsIn(&MiSystemSpace, Object);
    PMI_SECTION Section = Object;
    MI_COUNTS *Counts = Context;
    PMI_AREA Area;

    if (Section->Backing != 0) {
        Area = MiFindArea(&MiSystemSpace, Section->Backing);
        KI_DEMAND(Area != NULL && Area->Type == MI_AREA_SECTION &&
                      Area->Start == Section->Backing && Section->Committed <= Section->Size,
                  "the memory of a section", Section);
    }
    for (PEPROCESS Process = NULL; (Process = PspNextProcess(Process)) != NULL;) {
        Views += Process->AddressSpace != NULL ? MiViewsIn(MI_SPACE_OF(Process), Section) : 0;
    }
    /* Who maps an image has counted it before it is there. */
    KI_DEMAND(Section->Views >= Views && (!Counts->Last || Section->Views == Views),
              "how many views a section has", Section);
}

static VOID
MiCheckSystemSpace(VOID)
{
    MiCheckOrder(&MiSystemSpace);
    for (ULONG i = 0; i < MiSystemSpace.Count; i++) {
        PMI_AREA Area = MiSystemSpace.Area[i];

        KI_DEMAND(Area->Start >= MiSystemSpace.Base && Area->End <= MiSystemSpace.Limit &&
                      Area->Type != 0 && Area->Locked == 0,
                  "an area of the system", Area);
    }
}

VOID
MiCheckSound(BOOLEAN Last)
{
    MI_COUNTS Counts = {.Last = Last};

    MiCheckSystemSpace();
    MiCheckSpaces(&Counts);
    MiCheckControls(&Counts);
    ObpVisitObjects(MmSectionObjectTypeP, MiCheckSection, &Counts);
}

typedef struct _MI_HELD {
    POBP_VISITOR Held;
    PVOID Context;
} MI_HELD;

static VOID
MiSectionHolds(PVOID Context, PVOID Object)
{
    PMI_SECTION Section = Object;
    MI_HELD *To = Context;

    To->Held(To->Context, Section->FileObject);
    if (Section->Physical || (Section->Image != NULL && Section->FileObject == NULL)) {
        To->Held(To->Context,
                 Section); /* of \Device\PhysicalMemory and \KnownDlls: their maker's */
    }
}

static VOID
MiSpaceHolds(MI_HELD *To, PMI_SPACE Space)
{
    for (ULONG i = 0; i < Space->Count; i++) {
        ULONG Views = Space == &MiSystemSpace ? (ULONG)Space->Area[i]->Secured : 1;

        for (ULONG View = 0; Space->Area[i]->Section != NULL && View < Views; View++) {
            To->Held(To->Context, Space->Area[i]->Section);
        }
    }
}

VOID
MiVisitHeld(POBP_VISITOR Held, PVOID Context)
{
    MI_HELD To = {Held, Context};

    ObpVisitObjects(MmSectionObjectTypeP, MiSectionHolds, &To);
    MiSpaceHolds(&To, &MiSystemSpace);
    for (PEPROCESS Process = NULL; (Process = PspNextProcess(Process)) != NULL;) {
        if (Process->AddressSpace != NULL) {
            MiSpaceHolds(&To, MI_SPACE_OF(Process));
        }
    }
    for (PLIST_ENTRY At = MiControls.Flink; At != &MiControls; At = At->Flink) {
        Held(Context, CONTAINING_RECORD(At, MI_CONTROL, Links)->FileObject);
    }
    for (PLIST_ENTRY At = PsLoadedModuleList.Flink; At != &PsLoadedModuleList; At = At->Flink) {
        Held(Context, CONTAINING_RECORD(At, KI_MODULE, InLoadOrderLinks)->SectionPointer);
    }
}
