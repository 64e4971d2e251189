/*
 * notify.c - notify routines for processes, threads and images. [DDI:ntddk/pssetcreateprocessnotifyroutine],
 * [DDI:ntddk/pssetcreateprocessnotifyroutineex], [DDI:ntddk/pssetcreatethreadnotifyroutine],
 * [DDI:ntddk/pssetloadimagenotifyroutine], nc-pages of the routines: PASSIVE_LEVEL, in a critical region.
 *
 * The client starts a child and both end; what was seen is checked when the driver unloads.
 */
#include "../ntlab-test.h"

static struct {
    LONG Created, Deleted, ThreadsCreated, ThreadsDeleted, UserImages, SystemImages, OutsideRegion,
        AtRaisedIrql;
    HANDLE FirstProcess, SecondProcess, SecondParent, Creator;
    LONG DeletedInOwnContext;
    LONG NtdllSeen;
    LONG ImagesBeforeProcess, ImagesElsewhere, OtherNames, WithFile;
} Seen;

static VOID
Note(VOID)
{
    if (!KeAreApcsDisabled()) {
        Seen.OutsideRegion++;
    }
    if (KeGetCurrentIrql() != PASSIVE_LEVEL) {
        Seen.AtRaisedIrql++;
    }
}

static VOID NTAPI
OnProcess(HANDLE ParentId, HANDLE ProcessId, BOOLEAN Create)
{
    Note();
    if (Create) {
        if (Seen.Created++ == 0) {
            Seen.FirstProcess = ProcessId;
        } else {
            Seen.SecondParent = ParentId;
            Seen.SecondProcess = ProcessId;
            Seen.Creator = PsGetCurrentProcessId();
        }
    } else {
        Seen.Deleted++;
        Seen.DeletedInOwnContext += PsGetCurrentProcessId() == ProcessId;
    }
}

static VOID NTAPI
OnThread(HANDLE ProcessId, HANDLE ThreadId, BOOLEAN Create)
{
    Note();
    if (ProcessId == (HANDLE)4) {
        return;
    }
    Create ? Seen.ThreadsCreated++ : Seen.ThreadsDeleted++;
}

static VOID NTAPI
OnImage(PUNICODE_STRING FullImageName, HANDLE ProcessId, PIMAGE_INFO ImageInfo)
{
    Note();
    if (ProcessId == NULL) {
        Seen.SystemImages += ImageInfo->SystemModeImage;
        return;
    }
    Seen.UserImages++;
    /* A process is told of before its images are, and they in its own context. */
    Seen.ImagesBeforeProcess += ProcessId != Seen.FirstProcess && ProcessId != Seen.SecondProcess;
    Seen.ImagesElsewhere += PsGetCurrentProcessId() != ProcessId;
    Seen.OtherNames += RtlCompareMemory(FullImageName->Buffer, L"\\Device\\", 16) != 16;
    if (ImageInfo->ExtendedInfoPresent) {
        PIMAGE_INFO_EX Extended = CONTAINING_RECORD(ImageInfo, IMAGE_INFO_EX, ImageInfo);

        Seen.WithFile += Extended->Size >= sizeof(*Extended) && Extended->FileObject != NULL &&
                         Extended->FileObject->Type == 5 /* IO_TYPE_FILE */;
    }
    if (FullImageName != NULL && FullImageName->Length > 18 &&
        RtlCompareMemory(FullImageName->Buffer + FullImageName->Length / 2 - 9, L"ntdll.dll", 18) ==
            18) {
        Seen.NtdllSeen++;
    }
}

static VOID NTAPI
OnProcessEx(PEPROCESS Process, HANDLE ProcessId, PPS_CREATE_NOTIFY_INFO CreateInfo)
{
}

static VOID
Registration(VOID)
{
    EXPECT_STATUS(PsSetCreateProcessNotifyRoutine(OnProcess, FALSE), STATUS_SUCCESS);
    EXPECT_STATUS(PsSetCreateProcessNotifyRoutine(OnProcess, FALSE),
                  STATUS_INVALID_PARAMETER); /* registered already */
    EXPECT_STATUS(PsSetCreateThreadNotifyRoutine(OnThread), STATUS_SUCCESS);
    EXPECT_STATUS(PsSetLoadImageNotifyRoutine(OnImage), STATUS_SUCCESS);
    /* the image is not linked with /INTEGRITYCHECK */
    EXPECT_STATUS(PsSetCreateProcessNotifyRoutineEx(OnProcessEx, FALSE), STATUS_ACCESS_DENIED);
}

static VOID
WhatWasSeen(VOID)
{
    EXPECT_EQ(Seen.Created, 2);
    EXPECT_EQ(Seen.Deleted, 2);
    EXPECT_EQ(Seen.DeletedInOwnContext, 2); /* in the last thread of the process */
    EXPECT(Seen.SecondParent == Seen.FirstProcess);
    EXPECT(Seen.Creator == Seen.FirstProcess); /* in the creator's context */
    EXPECT(Seen.ThreadsCreated >= 3);          /* the client makes a second thread */
    EXPECT_EQ(Seen.ThreadsCreated, Seen.ThreadsDeleted);
    EXPECT(Seen.UserImages >= 6);
    EXPECT_EQ(Seen.NtdllSeen, 2);
    EXPECT_EQ(Seen.ImagesBeforeProcess, 0);
    EXPECT_EQ(Seen.ImagesElsewhere, 0);
    EXPECT_EQ(Seen.OtherNames, 0);
    EXPECT_EQ(Seen.WithFile, Seen.UserImages); /* from Vista on */
    EXPECT_EQ(Seen.OutsideRegion, 0);
    EXPECT_EQ(Seen.AtRaisedIrql, 0);
}

static VOID
Removal(VOID)
{
    EXPECT_STATUS(PsSetCreateProcessNotifyRoutine(OnProcess, TRUE), STATUS_SUCCESS);
    EXPECT_STATUS(PsSetCreateProcessNotifyRoutine(OnProcess, TRUE), STATUS_INVALID_PARAMETER);
    EXPECT_STATUS(PsRemoveCreateThreadNotifyRoutine(OnThread), STATUS_SUCCESS);
    EXPECT_STATUS(PsRemoveCreateThreadNotifyRoutine(OnThread), STATUS_PROCEDURE_NOT_FOUND);
    EXPECT_STATUS(PsRemoveLoadImageNotifyRoutine(OnImage), STATUS_SUCCESS);
    EXPECT_STATUS(PsRemoveLoadImageNotifyRoutine(OnImage), STATUS_PROCEDURE_NOT_FOUND);
}

static VOID NTAPI
Unload(PDRIVER_OBJECT DriverObject)
{
    static const NTLAB_TEST Tests[] = {TEST(WhatWasSeen), TEST(Removal)};

    NtlabRun(Tests, RTL_NUMBER_OF(Tests));
}

NTSTATUS NTAPI
DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
    DriverObject->DriverUnload = Unload;
    NtlabCase = "Registration";
    Registration();
    return STATUS_SUCCESS;
}
