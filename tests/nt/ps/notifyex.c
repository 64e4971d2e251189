/*
 * notifyex.c - what an Ex process-notify routine is told: PS_CREATE_NOTIFY_INFO. The image must be linked with
 * /INTEGRITYCHECK. [DDI:ntddk/ns-ntddk-_ps_create_notify_info]: the command line, the file, who creates; and
 * CreationStatus, by which a routine can refuse the process.
 */
#include "../ntlab-test.h"

static struct {
    LONG Created, Deleted, WithCommand, WithFile, WithName, Refused;
    HANDLE Parent[2];
} Seen;

static BOOLEAN
EndsWith(PCUNICODE_STRING Text, PCWSTR Tail)
{
    UNICODE_STRING Wanted, Part = *Text;

    RtlInitUnicodeString(&Wanted, Tail);
    if (Text->Length < Wanted.Length) {
        return FALSE;
    }
    Part.Buffer += (Text->Length - Wanted.Length) / sizeof(WCHAR);
    Part.Length = Wanted.Length;
    return RtlEqualUnicodeString(&Part, &Wanted, TRUE);
}

static VOID NTAPI
OnProcess(PEPROCESS Process, HANDLE ProcessId, PPS_CREATE_NOTIFY_INFO Info)
{
    if (Info == NULL) {
        Seen.Deleted++;
        return;
    }
    if (Seen.Created < 2) {
        Seen.Parent[Seen.Created] = Info->ParentProcessId;
    }
    Seen.Created++;
    Seen.WithName += Info->FileOpenNameAvailable && EndsWith(Info->ImageFileName, L"client.exe");
    Seen.WithFile +=
        Info->FileObject != NULL && EndsWith(&Info->FileObject->FileName, L"client.exe");
    if (Info->CommandLine != NULL && EndsWith(Info->CommandLine, L" refused")) {
        Seen.Refused++;
        Info->CreationStatus = STATUS_ACCESS_DENIED;
    } else if (Info->CommandLine != NULL && Info->CommandLine->Length != 0) {
        Seen.WithCommand++;
    }
}

static VOID
WhatWasSeen(VOID)
{
    EXPECT_EQ(Seen.Created, 2); /* the client and the child that was refused */
    EXPECT_EQ(Seen.WithName, 2);
    EXPECT_EQ(Seen.WithFile, 2);
    EXPECT_EQ(Seen.WithCommand, 1);
    EXPECT_EQ(Seen.Refused, 1);
    EXPECT(Seen.Parent[0] != NULL && Seen.Parent[1] != NULL);
    EXPECT_STATUS(PsSetCreateProcessNotifyRoutineEx(OnProcess, TRUE), STATUS_SUCCESS);
}

NTSTATUS NTAPI PsSetCreateProcessNotifyRoutineEx2(ULONG Type, PVOID Routine, BOOLEAN Remove);
NTSTATUS NTAPI PsSetCreateThreadNotifyRoutineEx(ULONG Type, PVOID Routine);
NTSTATUS NTAPI PsSetLoadImageNotifyRoutineEx(PLOAD_IMAGE_NOTIFY_ROUTINE Routine, ULONG_PTR Flags);

static VOID NTAPI
OnProcess2(PEPROCESS Process, HANDLE ProcessId, PPS_CREATE_NOTIFY_INFO Info)
{
}

static VOID NTAPI
OnThread(HANDLE ProcessId, HANDLE ThreadId, BOOLEAN Create)
{
}

static VOID NTAPI
OnImage(PUNICODE_STRING FullImageName, HANDLE ProcessId, PIMAGE_INFO ImageInfo)
{
}

/* Each once, of a kind that there is; who is not registered cannot be removed. [DDI:ntddk/pssetcreateprocessnotifyroutineex2],
   [DDI:ntddk/pssetcreatethreadnotifyroutineex], [DDI:ntddk/pssetloadimagenotifyroutineex] */
static VOID
Registrations(VOID)
{
    EXPECT_STATUS(PsSetCreateProcessNotifyRoutineEx2(1, OnProcess2, FALSE),
                  STATUS_INVALID_PARAMETER);
    EXPECT_STATUS(PsSetCreateProcessNotifyRoutineEx2(0, OnProcess2, TRUE),
                  STATUS_INVALID_PARAMETER);
    for (int i = 0; i < 2; i++) {
        EXPECT_STATUS(PsSetCreateProcessNotifyRoutineEx2(0, OnProcess2, FALSE), STATUS_SUCCESS);
        EXPECT_STATUS(PsSetCreateProcessNotifyRoutineEx2(0, OnProcess2, FALSE),
                      STATUS_INVALID_PARAMETER);
        EXPECT_STATUS(PsSetCreateProcessNotifyRoutineEx2(0, OnProcess2, TRUE), STATUS_SUCCESS);
    }
    EXPECT_STATUS(PsSetCreateThreadNotifyRoutineEx(0, OnThread), STATUS_INVALID_PARAMETER);
    EXPECT_STATUS(PsRemoveCreateThreadNotifyRoutine(OnThread), STATUS_PROCEDURE_NOT_FOUND);
    EXPECT_STATUS(PsSetCreateThreadNotifyRoutineEx(1, OnThread), STATUS_SUCCESS);
    EXPECT_STATUS(PsRemoveCreateThreadNotifyRoutine(OnThread), STATUS_SUCCESS);
    EXPECT_STATUS(PsRemoveCreateThreadNotifyRoutine(OnThread), STATUS_PROCEDURE_NOT_FOUND);
    EXPECT_STATUS(PsSetLoadImageNotifyRoutineEx(OnImage, 2), STATUS_INVALID_PARAMETER_2);
    EXPECT_STATUS(PsRemoveLoadImageNotifyRoutine(OnImage), STATUS_PROCEDURE_NOT_FOUND);
    EXPECT_STATUS(PsSetLoadImageNotifyRoutineEx(OnImage, 1), STATUS_SUCCESS);
    EXPECT_STATUS(PsRemoveLoadImageNotifyRoutine(OnImage), STATUS_SUCCESS);
    EXPECT_STATUS(PsSetLoadImageNotifyRoutineEx(OnImage, 0), STATUS_SUCCESS);
    EXPECT_STATUS(PsRemoveLoadImageNotifyRoutine(OnImage), STATUS_SUCCESS);
}

static VOID NTAPI
Unload(PDRIVER_OBJECT DriverObject)
{
    static const NTLAB_TEST Tests[] = {TEST(WhatWasSeen), TEST(Registrations)};

    NtlabRun(Tests, RTL_NUMBER_OF(Tests));
}

NTSTATUS NTAPI
DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
    DriverObject->DriverUnload = Unload;
    return PsSetCreateProcessNotifyRoutineEx(OnProcess, FALSE);
}
