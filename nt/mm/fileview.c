/*
 * fileview.c - views of files: pages come when they are touched, and who writes is noticed.
 *
 * The state bytes of the area say what the user may do; what the host has mapped is less: nothing before the first
 * access, read-only before the first write. A copy-on-write page that was written is the process's own.
 *
 *   V1  A fault that needs the disk reads with special kernel APCs off: at APC_LEVEL before Server 2003, in a guarded
 *       region from then on. [nt-semantics-2 2.8; the article on guarded mutexes]
 *   V2  After a wait, or a schedule point, everything is looked up again: the view may have gone.
 */
#include "mi.h"

PMI_CONTROL
MiControlOf(PMI_AREA Area)
{
    return Area->Section != NULL ? Area->Section->Control : NULL;
}

VOID
MiLinkFileView(PMI_AREA Area, PMI_SPACE Space)
{
    Area->Space = Space;
    InsertTailList(&MiControlOf(Area)->Views, &Area->FileLinks);
    if (Area->Protection & (PAGE_READWRITE | PAGE_EXECUTE_READWRITE)) {
        MiControlOf(Area)->WritableViews++;
    }
}

VOID
MiUnlinkFileView(PMI_AREA Area)
{
    RemoveEntryList(&Area->FileLinks);
    if (Area->Protection & (PAGE_READWRITE | PAGE_EXECUTE_READWRITE)) {
        MiControlOf(Area)->WritableViews--;
    }
}

/* C3 of control.c: nobody writes to the page of the file without a fault any more. */
VOID
MiProtectViews(PMI_CONTROL Control, ULONG64 Page)
{
    ULONG64 Offset = Page * PAGE_SIZE;

    for (PLIST_ENTRY Entry = Control->Views.Flink; Entry != &Control->Views; Entry = Entry->Flink) {
        PMI_AREA Area = CONTAINING_RECORD(Entry, MI_AREA, FileLinks);
        ULONG64 Address = Area->Start + (Offset - Area->Offset);
        ULONG Host;

        if (Offset < Area->Offset || Address >= Area->End ||
            (MiState(Area, Address) & MI_STATE_PRIVATE)) {
            continue;
        }
        Host = HcPage(Address);
        if (Host & ABI_PROT_WRITE) {
            HcProtect(Address, PAGE_SIZE, Host & (ABI_PROT_READ | ABI_PROT_EXECUTE));
        }
    }
}

/* The user's protection of [Start, End) has changed: pages that are shared are mapped anew when they are touched. */
VOID
MiResetFileView(PMI_AREA Area, ULONG64 Start, ULONG64 End)
{
    for (ULONG64 Address = Start; Address < End; Address += PAGE_SIZE) {
        UCHAR State = MiState(Area, Address);

        if (State & MI_STATE_PRIVATE) {
            HcProtect(Address, PAGE_SIZE, MiHostProtection(State));
        } else if (HcPage(Address) & ABI_COMMITTED) {
            HcDecommit(Address, PAGE_SIZE);
        }
    }
}

static BOOLEAN
MiIsCopyOnWrite(UCHAR State)
{
    ULONG Page = MiPageOf(State) & 0xFF;

    return Page == PAGE_WRITECOPY || Page == PAGE_EXECUTE_WRITECOPY;
}

/* V1 */
static NTSTATUS
MiReadForFault(PMI_CONTROL Control, ULONG64 Offset)
{
    PSECTION_OBJECT_POINTERS Pointers = Control->Pointers;
    KIRQL OldIrql = PASSIVE_LEVEL;
    NTSTATUS Status;

    Control->References++;
    if (KiVersion->SpecialApcDisable) {
        KeEnterGuardedRegion();
    } else {
        OldIrql = KiRaiseIrql(APC_LEVEL);
    }
    Status = MiMakeValid(Control, Offset, PAGE_SIZE);
    if (KiVersion->SpecialApcDisable) {
        KeLeaveGuardedRegion();
    } else {
        KeLowerIrql(OldIrql);
    }
    MiBackOnStream(Pointers);
    MiDereferenceControl(Control);
    return Status;
}

/* Is the page there for this access, without a fault? */
BOOLEAN
MiIsMapped(ULONG64 Page, BOOLEAN Write)
{
    ULONG Host = HcPage(Page);

    return (Host & ABI_COMMITTED) && (Host & (Write ? ABI_PROT_WRITE : ABI_PROT_READ));
}

static VOID
MiMapShared(PMI_AREA Area, ULONG64 Page, ULONG64 Offset, UCHAR State, BOOLEAN Write)
{
    PMI_CONTROL Control = MiControlOf(Area);
    ULONG Protection = MiHostProtection(State);

    if (!Write && (MiIsCopyOnWrite(State) || !(MiFilePage(Control, Offset) & MI_FP_DIRTY))) {
        Protection &= ~(ULONG)ABI_PROT_WRITE; /* C3 */
    }
    if (HcPage(Page) & ABI_COMMITTED) {
        HcProtect(Page, PAGE_SIZE, Protection);
    } else {
        HcMapView(Page, PAGE_SIZE, MiFileBacking(Control, Offset), Protection);
    }
    if (Write) {
        MiMarkDirty(Control, Offset, PAGE_SIZE);
    }
}

static VOID
MiMakePrivate(PMI_AREA Area, ULONG64 Page, ULONG64 Offset, UCHAR State)
{
    if (HcPage(Page) & ABI_COMMITTED) {
        HcDecommit(Page, PAGE_SIZE);
    }
    HcCommit(Page, PAGE_SIZE, MiHostProtection(State));
    RtlCopyMemory((PVOID)ABI_ALIAS(Page), MiFilePointer(MiControlOf(Area), Offset), PAGE_SIZE);
    *MiStatePointer(Area, Page) |= MI_STATE_PRIVATE;
}

NTSTATUS
MiFileFault(PMI_SPACE Space, ULONG64 Page, BOOLEAN Write, BOOLEAN Execute)
{
    PMI_AREA Found = MiFindArea(Space, Page);

    if (Found != NULL && !Found->Zombie && MiControlOf(Found) != NULL) {
        PspCurrentThread()->FileFaults++;
        MiBackOnStream(MiControlOf(Found)->Pointers); /* V2 */
    }
    for (;;) {
        PMI_AREA Area = MiFindArea(Space, Page);
        PMI_CONTROL Control;
        ULONG64 Offset;
        NTSTATUS Status;
        UCHAR State;

        if (Area == NULL || Area->Zombie || (Control = MiControlOf(Area)) == NULL) {
            return STATUS_ACCESS_VIOLATION;
        }
        State = MiState(Area, Page);
        if (State & MI_STATE_GUARD) {
            *MiStatePointer(Area, Page) &= ~MI_STATE_GUARD;
            if (State & MI_STATE_PRIVATE) { /* nothing maps it anew */
                HcProtect(Page, PAGE_SIZE, MiHostProtection(State & ~MI_STATE_GUARD));
            }
            return STATUS_GUARD_PAGE_VIOLATION;
        }
        if (!MiAllows(State, Write, Execute)) {
            return STATUS_ACCESS_VIOLATION;
        }
        if ((State & MI_STATE_PRIVATE) || MiIsMapped(Page, Write)) {
            return STATUS_SUCCESS;
        }
        Offset = Area->Offset + (Page - Area->Start);
        if (!(MiFilePage(Control, Offset) & MI_FP_VALID)) {
            Status = MiReadForFault(Control, Offset);
            if (!NT_SUCCESS(Status)) {
                return STATUS_IN_PAGE_ERROR;
            }
            continue; /* V2 */
        }
        if (Write && MiIsCopyOnWrite(State)) {
            MiMakePrivate(Area, Page, Offset, State);
        } else {
            MiMapShared(Area, Page, Offset, State, Write);
        }
        return STATUS_SUCCESS;
    }
}

/* For a driver or another process: makes the page present, and says where its memory is. */
NTSTATUS
MiTouchFileView(PMI_SPACE Space, ULONG64 Address, BOOLEAN Write)
{
    return MiFileFault(Space, Address & ~(ULONG64)(PAGE_SIZE - 1), Write, FALSE);
}

ULONG64
MiFileViewBacking(PMI_AREA Area, ULONG64 Address)
{
    if (MiState(Area, Address) & MI_STATE_PRIVATE) {
        return Address;
    }
    return MiFileBacking(MiControlOf(Area), Area->Offset + (Address - Area->Start));
}
