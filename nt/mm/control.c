/*
 * control.c - control areas: the pages of a file that are in memory, whoever wants them.
 *
 * One for each stream that is cached or mapped; DataSectionObject points to it. A page is read when somebody needs
 * it and written when it is dirty. The cache manager copies from and to it, views show it: so both see the same.
 *
 *     absent -> (busy: being read) -> valid -> dirty -> (writing) -> valid
 *
 *   C1  Memory lies in segments, each twice the one before, reserved when it is first needed: an address never
 *       changes, and within a segment pages follow each other.
 *   C2  Only who set MI_FP_BUSY changes a page that is busy; the others wait, each for an event of its own (Waiters).
 *   C3  A page that is dirty is writable in views that may write; writing one makes it read-only there first, so
 *       that what is changed meanwhile is noticed.
 *   C4  The first file object is kept until the control area goes, and serves its paging I/O.
 *   C5  Whoever calls what is below has passed MiStepOnStream; what has waited, or has let somebody go on, passes it again before
 *       it looks at anything.
 *
 * [nt-semantics-2 2.5, 2.6]
 */
#include "mi.h"
#include "nt/inc/io.h"

#define MI_SEGMENT_PAGES 1024ull
#define MI_CLUSTER       16u /* pages that one request reads or writes */

static ULONG
MiSegmentOf(ULONG64 Page, PULONG64 First)
{
    ULONG Segment = 0;

    *First = 0;
    while (Page >= MI_SEGMENT_PAGES << Segment) {
        *First = MI_SEGMENT_PAGES << Segment;
        Segment++;
    }
    return Segment;
}

static ULONG64
MiSegmentPages(ULONG Segment)
{
    return Segment == 0 ? MI_SEGMENT_PAGES : MI_SEGMENT_PAGES << (Segment - 1);
}

/* The state byte of a page; NULL: nothing is known of it, and Create is not set or there is no room. */
static PUCHAR
MiFileState(PMI_CONTROL Control, ULONG64 Page, BOOLEAN Create)
{
    ULONG64 First;
    ULONG Segment = MiSegmentOf(Page, &First);
    PMI_SEGMENT Part;
    PUCHAR *Chunk;

    if (Segment >= MI_SEGMENTS) {
        return NULL;
    }
    Part = &Control->Segment[Segment];
    if (Part->Base == 0) {
        PMI_AREA Area;

        if (!Create) {
            return NULL;
        }
        Area = MiInsertArea(&MiSystemSpace, 0, MiSegmentPages(Segment) * PAGE_SIZE, 2 * PAGE_SIZE,
                            FALSE);
        if (Area == NULL) {
            return NULL;
        }
        Area->Type = MI_AREA_FILE;
        Part->Base = Area->Start;
        Part->Chunk =
            ExpAllocate(MiSegmentPages(Segment) / MI_CHUNK * sizeof(PUCHAR), MI_TAG_SECTION);
    }
    Page -= First;
    Chunk = &Part->Chunk[Page / MI_CHUNK];
    if (*Chunk == NULL) {
        if (!Create) {
            return NULL;
        }
        *Chunk = ExpAllocate(MI_CHUNK, MI_TAG_SECTION);
    }
    return &(*Chunk)[Page % MI_CHUNK];
}

static ULONG64
MiFileMemory(PMI_CONTROL Control, ULONG64 Page)
{
    ULONG64 First;
    ULONG Segment = MiSegmentOf(Page, &First);

    return Control->Segment[Segment].Base + (Page - First) * PAGE_SIZE;
}

ULONG64
MiFileBacking(PMI_CONTROL Control, ULONG64 Offset)
{
    return MiFileMemory(Control, Offset / PAGE_SIZE) + Offset % PAGE_SIZE;
}

UCHAR
MiFilePage(PMI_CONTROL Control, ULONG64 Offset)
{
    PUCHAR State = MiFileState(Control, Offset / PAGE_SIZE, FALSE);

    return State != NULL ? *State : 0;
}

/* Memory for the page, not valid yet. */
static PUCHAR
MiFileCommit(PMI_CONTROL Control, ULONG64 Page)
{
    PUCHAR State = MiFileState(Control, Page, TRUE);

    if (State != NULL && !(*State & MI_FP_MEMORY)) {
        HcCommit(MiFileMemory(Control, Page), PAGE_SIZE, ABI_NONE);
        *State |= MI_FP_MEMORY;
    }
    return State;
}

PMI_CONTROL
MiReferenceControl(PFILE_OBJECT FileObject)
{
    PSECTION_OBJECT_POINTERS Pointers = FileObject->SectionObjectPointer;
    PMI_CONTROL Control;

    if (Pointers == NULL) {
        return NULL;
    }
    Control = Pointers->DataSectionObject;
    if (Control == NULL) {
        Control = ExpAllocate(sizeof(*Control), MI_TAG_SECTION);
        Control->Pointers = Pointers;
        Control->FileObject = FileObject;
        ObpAddReference(FileObject); /* C4; no point may come between: the caller has one */
        InitializeListHead(&Control->Views);
        InitializeListHead(&Control->Waiters);
        InsertTailList(&MiControls, &Control->Links);
        Pointers->DataSectionObject = Control;
    }
    Control->References++;
    return Control;
}

static VOID
MiDeleteControl(PMI_CONTROL Control)
{
    PFILE_OBJECT FileObject = Control->FileObject;

    ASSERT(IsListEmpty(&Control->Views) && IsListEmpty(&Control->Waiters));
    RemoveEntryList(&Control->Links);
    if (Control->Pointers->DataSectionObject == Control) {
        Control->Pointers->DataSectionObject = NULL;
    }
    for (ULONG i = 0; i < MI_SEGMENTS; i++) {
        PMI_SEGMENT Part = &Control->Segment[i];

        if (Part->Base == 0) {
            continue;
        }
        for (ULONG64 j = 0; j < MiSegmentPages(i) / MI_CHUNK; j++) {
            if (Part->Chunk[j] != NULL) {
                for (ULONG k = 0; k < MI_CHUNK; k++) {
                    if (Part->Chunk[j][k] & MI_FP_MEMORY) {
                        HcDecommit(Part->Base + (j * MI_CHUNK + k) * PAGE_SIZE, PAGE_SIZE);
                    }
                }
                ExpFree(Part->Chunk[j]);
            }
        }
        ExpFree(Part->Chunk);
        MiRemoveArea(&MiSystemSpace, MiFindArea(&MiSystemSpace, Part->Base));
    }
    ExpFree(Control);
    ObDereferenceObject(FileObject); /* C4: perhaps IRP_MJ_CLOSE */
}

/* The last user has gone. What is dirty is the mapped-page writer's; then the file is closed. */
VOID
MiDereferenceControl(PMI_CONTROL Control)
{
    ASSERT(Control->References > 0);
    Control->References--;
    if (Control->References == 1 && Control->Orphan && Control->Dirty == 0) {
        Control->Orphan =
            FALSE; /* somebody else has written it: the writer has nothing to do here */
        Control->References = 0;
    }
    if (Control->References != 0) {
        return;
    }
    if (Control->Dirty != 0) {
        Control->References++; /* the writer's */
        Control->Orphan = TRUE;
        MiWakeWriter(FALSE);
        return;
    }
    MiDeleteControl(Control);
}

typedef struct _MI_FILE_WAIT {
    LIST_ENTRY Links; /* MI_CONTROL.Waiters */
    KEVENT Changed;
} MI_FILE_WAIT;

/* Until a page is no longer busy, or no longer being written: any one. */
static VOID
MiWaitFile(PMI_CONTROL Control)
{
    PSECTION_OBJECT_POINTERS Pointers = Control->Pointers;
    MI_FILE_WAIT Wait;

    KeInitializeEvent(&Wait.Changed, SynchronizationEvent, FALSE);
    InsertTailList(&Control->Waiters, &Wait.Links);
    KeWaitForSingleObject(&Wait.Changed, Executive, KernelMode, FALSE, NULL);
    MiBackOnStream(Pointers); /* C5 */
}

/* A page is no longer busy, or no longer being written. */
static VOID
MiTellWaiters(PMI_CONTROL Control)
{
    PSECTION_OBJECT_POINTERS Pointers = Control->Pointers;
    LIST_ENTRY Waiters;

    if (IsListEmpty(&Control->Waiters)) {
        return;
    }
    MiTakeList(&Control->Waiters, &Waiters);
    while (!IsListEmpty(&Waiters)) {
        KeSetEvent(&CONTAINING_RECORD(RemoveHeadList(&Waiters), MI_FILE_WAIT, Links)->Changed,
                   IO_NO_INCREMENT, FALSE);
    }
    MiBackOnStream(Pointers); /* C5 */
}

/* An MDL of pages of the file that follow each other in memory. */
static VOID
MiDescribePages(PMDL Mdl, PMI_CONTROL Control, ULONG64 Page, ULONG Count)
{
    ULONG64 Memory = MiFileMemory(Control, Page);

    MmInitializeMdl(Mdl, (PVOID)ABI_ALIAS(Memory), Count * PAGE_SIZE);
    for (ULONG i = 0; i < Count; i++) {
        ((PPFN_NUMBER)(Mdl + 1))[i] = Memory / PAGE_SIZE + i;
    }
    Mdl->Process = NULL;
    Mdl->MdlFlags |= MDL_PAGES_LOCKED;
}

typedef struct _MI_PAGE_MDL {
    MDL Mdl;
    PFN_NUMBER Frame[MI_CLUSTER];
} MI_PAGE_MDL;

/* Reads Count pages that are ours (busy); what the file does not reach is zero. */
static NTSTATUS
MiReadPages(PMI_CONTROL Control, ULONG64 Page, ULONG Count)
{
    IO_STATUS_BLOCK Iosb;
    MI_PAGE_MDL Mdl;
    NTSTATUS Status;

    MiDescribePages(&Mdl.Mdl, Control, Page, Count);
    Status = IopPageIo(Control->FileObject, &Mdl.Mdl, Page * PAGE_SIZE, FALSE, &Iosb);
    if (Status == STATUS_END_OF_FILE) {
        Status = STATUS_SUCCESS;
        Iosb.Information = 0;
    }
    if (NT_SUCCESS(Status) && Iosb.Information < Count * PAGE_SIZE) {
        RtlZeroMemory((PVOID)(ABI_ALIAS(MiFileMemory(Control, Page)) + Iosb.Information),
                      Count * PAGE_SIZE - Iosb.Information);
    }
    return Status;
}

/* Every page of [Offset, Offset + Length) becomes valid. May wait. */
NTSTATUS
MiMakeValid(PMI_CONTROL Control, ULONG64 Offset, ULONG64 Length)
{
    ULONG64 Page = Offset / PAGE_SIZE, End = (Offset + Length + PAGE_SIZE - 1) / PAGE_SIZE, First;

    while (Page < End) {
        PUCHAR State = MiFileState(Control, Page, TRUE);
        ULONG Count = 0;
        NTSTATUS Status;

        if (State == NULL) {
            return STATUS_INSUFFICIENT_RESOURCES;
        }
        if (*State & MI_FP_VALID) {
            Page++;
            continue;
        }
        if (*State & MI_FP_BUSY) {
            MiWaitFile(Control); /* C2 */
            continue;
        }
        MiSegmentOf(Page, &First);
        do {
            State = MiFileCommit(Control, Page + Count);
            *State |= MI_FP_BUSY;
            Count++;
            State = MiFileState(Control, Page + Count, TRUE);
        } while (Count < MI_CLUSTER && Page + Count < End && State != NULL &&
                 !(*State & (MI_FP_VALID | MI_FP_BUSY)) &&
                 MiFileMemory(Control, Page + Count) ==
                     MiFileMemory(Control, Page) + Count * PAGE_SIZE);
        Status = MiReadPages(Control, Page, Count);
        MiBackOnStream(Control->Pointers); /* C5 */
        for (ULONG i = 0; i < Count; i++) {
            State = MiFileState(Control, Page + i, TRUE);
            *State &= ~MI_FP_BUSY;
            if (NT_SUCCESS(Status)) {
                *State |= MI_FP_VALID;
            }
        }
        MiTellWaiters(Control);
        if (!NT_SUCCESS(Status)) {
            return Status;
        }
        Page += Count;
    }
    return STATUS_SUCCESS;
}

/* A page that is about to be written whole, or that is known to be zero: nothing is read. */
NTSTATUS
MiMakeZero(PMI_CONTROL Control, ULONG64 Offset)
{
    PUCHAR State;

    for (;;) {
        State = MiFileCommit(Control, Offset / PAGE_SIZE);
        if (State == NULL) {
            return STATUS_INSUFFICIENT_RESOURCES;
        }
        if (!(*State & MI_FP_BUSY)) {
            break;
        }
        MiWaitFile(Control);
    }
    if (!(*State & MI_FP_VALID)) {
        RtlZeroMemory((PVOID)ABI_ALIAS(MiFileMemory(Control, Offset / PAGE_SIZE)), PAGE_SIZE);
        *State |= MI_FP_VALID;
    }
    return STATUS_SUCCESS;
}

PVOID
MiFilePointer(PMI_CONTROL Control, ULONG64 Offset)
{
    return (PVOID)(ABI_ALIAS(MiFileBacking(Control, Offset)));
}

VOID
MiMarkDirty(PMI_CONTROL Control, ULONG64 Offset, ULONG64 Length)
{
    for (ULONG64 Page = Offset / PAGE_SIZE; Page * PAGE_SIZE < Offset + Length; Page++) {
        PUCHAR State = MiFileState(Control, Page, TRUE);

        ASSERT(State != NULL && (*State & MI_FP_VALID));
        if (!(*State & MI_FP_DIRTY)) {
            *State |= MI_FP_DIRTY;
            Control->Dirty++;
            MiDirtyPages++;
        }
    }
    HcNoteDirty();
    MiWakeWriter(Control->Cached != 0);
}

static VOID
MiClean(PMI_CONTROL Control, PUCHAR State)
{
    if (*State & MI_FP_DIRTY) {
        *State &= ~MI_FP_DIRTY;
        Control->Dirty--;
        MiDirtyPages--;
    }
}

/* The next page of the segment's tables from Page on that has the bits; ~0: none below End. */
static ULONG64
MiNextPage(PMI_CONTROL Control, ULONG64 Page, ULONG64 End, UCHAR Bits)
{
    while (Page < End) {
        ULONG64 First;
        ULONG Segment = MiSegmentOf(Page, &First);
        PMI_SEGMENT Part;

        if (Segment >= MI_SEGMENTS) {
            break;
        }
        Part = &Control->Segment[Segment];
        if (Part->Base == 0) {
            Page = First + MiSegmentPages(Segment);
            continue;
        }
        if (Part->Chunk[(Page - First) / MI_CHUNK] == NULL) {
            Page = First + ((Page - First) / MI_CHUNK + 1) * MI_CHUNK;
            continue;
        }
        if (Part->Chunk[(Page - First) / MI_CHUNK][(Page - First) % MI_CHUNK] & Bits) {
            return Page;
        }
        Page++;
    }
    return ~0ull;
}

static ULONG64
MiEndPage(ULONG64 Offset, ULONG64 Length)
{
    return Length == 0 ? ~0ull >> 12 : (Offset + Length + PAGE_SIZE - 1) / PAGE_SIZE;
}

/* Waits until no write of [Offset, Offset + Length) is under way. */
VOID
MiWaitForWrites(PMI_CONTROL Control, ULONG64 Offset, ULONG64 Length)
{
    while (MiNextPage(Control, Offset / PAGE_SIZE, MiEndPage(Offset, Length), MI_FP_WRITING) !=
           ~0ull) {
        MiWaitFile(Control);
    }
}

/*
 * Writes what is dirty in [Offset, Offset + Length), Length 0: to the end. The first error ends it. What somebody else
 * is writing there is on the disk too when it returns: a non-cached read that flushed first would not see it otherwise.
 */
NTSTATUS
MiFlushControl(PMI_CONTROL Control, ULONG64 Offset, ULONG64 Length, PULONG64 Written)
{
    ULONG64 Page = Offset / PAGE_SIZE, End = MiEndPage(Offset, Length), Bytes = 0;
    NTSTATUS Status = STATUS_SUCCESS;

    MiBackOnStream(Control->Pointers); /* behind locks of the file system */
    while ((Page = MiNextPage(Control, Page, End, MI_FP_DIRTY)) != ~0ull) {
        PUCHAR State = MiFileState(Control, Page, FALSE);
        IO_STATUS_BLOCK Iosb;
        ULONG Count = 0;
        MI_PAGE_MDL Mdl;

        if (*State & MI_FP_WRITING) {
            MiWaitFile(Control);
            continue;
        }
        do {
            MiClean(Control, State);
            *State |= MI_FP_WRITING;
            MiProtectViews(Control, Page + Count); /* C3 */
            Count++;
            State = Page + Count < End ? MiFileState(Control, Page + Count, FALSE) : NULL;
        } while (Count < MI_CLUSTER && State != NULL && (*State & MI_FP_DIRTY) &&
                 !(*State & MI_FP_WRITING) &&
                 MiFileMemory(Control, Page + Count) ==
                     MiFileMemory(Control, Page) + Count * PAGE_SIZE);
        MiDescribePages(&Mdl.Mdl, Control, Page, Count);
        Status = IopPageIo(Control->FileObject, &Mdl.Mdl, Page * PAGE_SIZE, TRUE, &Iosb);
        MiBackOnStream(Control->Pointers); /* C5 */
        for (ULONG i = 0; i < Count; i++) {
            State = MiFileState(Control, Page + i, FALSE);
            *State &= ~MI_FP_WRITING;
            if (!NT_SUCCESS(Status) && !(*State & MI_FP_DIRTY)) {
                *State |= MI_FP_DIRTY;
                Control->Dirty++;
                MiDirtyPages++;
            }
        }
        MiTellWaiters(Control);
        if (!NT_SUCCESS(Status)) {
            break;
        }
        Bytes += Count * PAGE_SIZE;
        Page += Count;
    }
    MiWaitForWrites(Control, Offset, Length);
    *Written = Bytes;
    return Status;
}

/* The pages of the range are absent from here on, dirty or not. FALSE: a view of a user has some of them. */
BOOLEAN
MiPurgeControl(PMI_CONTROL Control, ULONG64 Offset, ULONG64 Length)
{
    ULONG64 Page = Offset / PAGE_SIZE, End = MiEndPage(Offset, Length);

    MiWaitForWrites(Control, Offset, Length);
    if (!IsListEmpty(&Control->Views)) {
        return FALSE;
    }
    while ((Page = MiNextPage(Control, Page, End, MI_FP_VALID | MI_FP_BUSY)) != ~0ull) {
        PUCHAR State = MiFileState(Control, Page, FALSE);

        if (*State & (MI_FP_BUSY | MI_FP_WRITING)) {
            MiWaitFile(Control);
            if (!IsListEmpty(&Control->Views)) {
                return FALSE;
            }
            continue;
        }
        MiClean(Control, State);
        HcDecommit(MiFileMemory(Control, Page), PAGE_SIZE);
        *State = 0;
        Page++;
    }
    return TRUE;
}

VOID
MiSetCached(PMI_CONTROL Control, BOOLEAN Cached)
{
    Control->Cached = Cached;
}

/* The sections of users grow with their file: what they reach then is not cut off before they are closed. */
VOID
MiExtendSection(PMI_CONTROL Control, ULONG64 Size)
{
    if (Control->Sections != 0 && Control->SectionSize < Size) {
        Control->SectionSize = Size;
    }
}

BOOLEAN
MiIsUserMapped(PMI_CONTROL Control)
{
    return !IsListEmpty(&Control->Views);
}

BOOLEAN
MiIsDirty(PMI_CONTROL Control, ULONG64 Offset, ULONG64 Length)
{
    for (ULONG64 Page = Offset / PAGE_SIZE; Page * PAGE_SIZE < Offset + Length; Page++) {
        PUCHAR State = MiFileState(Control, Page, FALSE);

        if (State != NULL && (*State & MI_FP_DIRTY)) {
            return TRUE;
        }
    }
    return FALSE;
}

ULONG64
MiDirtyCount(PMI_CONTROL Control)
{
    return Control->Dirty;
}

PFILE_OBJECT
MiControlFile(PMI_CONTROL Control)
{
    return Control->FileObject;
}

BOOLEAN
MiIsValid(PMI_CONTROL Control, ULONG64 Offset, ULONG64 Length)
{
    for (ULONG64 Page = Offset / PAGE_SIZE; Page * PAGE_SIZE < Offset + Length; Page++) {
        if (!(MiFilePage(Control, Page * PAGE_SIZE) & MI_FP_VALID)) {
            return FALSE;
        }
    }
    return TRUE;
}
