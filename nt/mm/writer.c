/*
 * writer.c - the mapped-page writer, and what file systems ask about sections.
 *
 *   W1  What views have dirtied and no cache map knows of is written some seconds later, in a system thread, under
 *       the locks of AcquireForModWrite. [ntifs: FS_FILTER_..., nt-semantics-2 2.5]
 *   W2  The writer is a timer while there is something to write, and nothing otherwise. It is armed again when it has come to its end:
 *       there is one at a time.
 *   W3  It does not wait for a file that is in use: it comes again, MI_WRITE_TRIES times, then when the file is
 *       dirtied or flushed next. What is dirty stays so.
 */
#include "mi.h"
#include "nt/inc/io.h"
#include "nt/inc/fsrtl.h"
#include "nt/inc/cc.h"

#define MI_WRITE_DELAY (-10000000ll * 5)
#define MI_WRITE_TRIES 8u

/* W3: STATUS_CANT_WAIT */
static NTSTATUS
MiWriteMapped(PMI_CONTROL Control)
{
    PERESOURCE Resource = NULL;
    LARGE_INTEGER End = {};
    ULONG64 Written;
    NTSTATUS Status;

    FsRtlGetFileSize(Control->FileObject, &End);
    if (!NT_SUCCESS(FsRtlAcquireFileForModWriteEx(Control->FileObject, &End, &Resource))) {
        return STATUS_CANT_WAIT;
    }
    IoSetTopLevelIrp((PIRP)FSRTL_MOD_WRITE_TOP_LEVEL_IRP);
    Status = MiFlushControl(Control, 0, 0, &Written);
    IoSetTopLevelIrp(NULL);
    FsRtlReleaseFileForModWrite(Control->FileObject, Resource);
    return Status;
}

/* W1 */
static VOID NTAPI
MiWriterRoutine(PVOID Context)
{
    BOOLEAN Later = FALSE;
    PLIST_ENTRY Entry;

    KiChanges(&MiControls);
    MiWriterAgain = FALSE;
Again:
    for (Entry = MiControls.Flink; Entry != &MiControls; Entry = Entry->Flink) {
        PMI_CONTROL Control = CONTAINING_RECORD(Entry, MI_CONTROL, Links);
        PSECTION_OBJECT_POINTERS Pointers;
        NTSTATUS Status;

        if (Control->Dirty == 0 || Control->Cached != 0 || Control->Failed) {
            continue;
        }
        Control->References++;
        Pointers = Control->Pointers;
        Status = MiWriteMapped(Control);
        MiBackOnStream(Pointers);
        Control->Failed = Control->Dirty != 0;
        if (Status == STATUS_CANT_WAIT) {
            Later |= ++Control->Tries < MI_WRITE_TRIES; /* W3 */
        } else {
            Control->Tries = 0;
            if (!NT_SUCCESS(Status) && Control->Orphan && Control->References == 2) {
                MiPurgeControl(Control, 0, 0); /* nobody is left who could do anything about it */
            }
        }
        MiDereferenceControl(Control);
        KiChanges(&MiControls);
        goto Again; /* the list may be another one by now */
    }
    for (Entry = MiControls.Flink; Entry != &MiControls; Entry = Entry->Flink) {
        CONTAINING_RECORD(Entry, MI_CONTROL, Links)->Failed = FALSE;
    }
    MiWriterArmed = FALSE;
    if (Later || MiWriterAgain) {
        MiWakeWriter(FALSE);
    }
}

static VOID NTAPI
MiWriterTimer(PKDPC Dpc, PVOID Context, PVOID Argument1, PVOID Argument2)
{
    ExQueueWorkItem(&MiWriterItem, CriticalWorkQueue);
}

/* W2. There is something to write, of a cached file or of one that is only mapped. */
VOID
MiWakeWriter(BOOLEAN Cached)
{
    if (Cached) {
        CcpWakeLazyWriter();
        return;
    }
    MiWriterAgain = TRUE; /* W2 */
    if (!MiWriterArmed) {
        MiWriterArmed = TRUE;
        ExInitializeWorkItem(&MiWriterItem, MiWriterRoutine, NULL);
        KeInitializeDpc(&MiWriterDpc, MiWriterTimer, NULL);
        KeInitializeTimer(&MiWriterTimerObject);
        KiArmTimer(&MiWriterTimerObject, MI_WRITE_DELAY, &MiWriterDpc);
    }
}

static PMI_CONTROL
MiDataOf(PSECTION_OBJECT_POINTERS Pointers)
{
    return Pointers->DataSectionObject;
}

/* [ntifs] FALSE: an image of the file is in use, or, for deletion, a section of it is a user's. */
BOOLEAN NTAPI
MmFlushImageSection(PSECTION_OBJECT_POINTERS Pointers, MMFLUSH_TYPE FlushType)
{
    PMI_CONTROL Control;

    MiStepOnStream(Pointers);
    Control = MiDataOf(Pointers);
    if (Pointers->ImageSectionObject != NULL) {
        return FALSE;
    }
    return FlushType != MmFlushForDelete || Control == NULL || Control->Sections == 0;
}

/* [ntifs] NewFileSize NULL: the present one. */
BOOLEAN NTAPI
MmCanFileBeTruncated(PSECTION_OBJECT_POINTERS Pointers, PLARGE_INTEGER NewFileSize)
{
    PMI_CONTROL Control;

    MiStepOnStream(Pointers);
    Control = MiDataOf(Pointers);
    if (Pointers->ImageSectionObject != NULL) {
        return FALSE;
    }
    if (Control == NULL || Control->Sections == 0) {
        return TRUE;
    }
    if (NewFileSize == NULL) {
        return FALSE;
    }
    /* What user sections reach must stay. */
    return (ULONG64)NewFileSize->QuadPart >= Control->SectionSize;
}

/* [ntifs] Data sections that only the cache has are let go of; FALSE: a user's remain. */
BOOLEAN NTAPI
MmForceSectionClosed(PSECTION_OBJECT_POINTERS Pointers, BOOLEAN DelayClose)
{
    PMI_CONTROL Control;
    ULONG64 Written;
    BOOLEAN Gone;

    MiStepOnStream(Pointers);
    Control = MiDataOf(Pointers);
    if (Pointers->ImageSectionObject != NULL) {
        return FALSE;
    }
    if (Control == NULL) {
        return TRUE;
    }
    if (Control->Sections != 0 || Control->Cached != 0) {
        return FALSE;
    }
    if (!Control->Orphan) {
        return TRUE;
    }
    /* Only the writer still wants it: written now, and gone; the pointers may go with the file. */
    Control->References++;
    if (Control->Dirty != 0) {
        MiFlushControl(Control, 0, 0, &Written);
    }
    if (Control->Orphan && Control->Dirty == 0) {
        Control->Orphan = FALSE;
        Control->References--;
    }
    Gone = !Control->Orphan && Control->References == 1;
    MiDereferenceControl(Control);
    return Gone;
}

/* [ntifs] Sections and views through which users can write. */
ULONG NTAPI
MmDoesFileHaveUserWritableReferences(PSECTION_OBJECT_POINTERS Pointers)
{
    PMI_CONTROL Control;

    MiStepOnStream(Pointers);
    Control = MiDataOf(Pointers);
    return Control == NULL ? 0 : Control->WritableSections + Control->WritableViews;
}
