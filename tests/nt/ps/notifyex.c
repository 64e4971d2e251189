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

static VOID NTAPI
Unload(PDRIVER_OBJECT DriverObject)
{
    static const NTLAB_TEST Tests[] = {TEST(WhatWasSeen)};

    NtlabRun(Tests, RTL_NUMBER_OF(Tests));
}

NTSTATUS NTAPI
DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
    DriverObject->DriverUnload = Unload;
    return PsSetCreateProcessNotifyRoutineEx(OnProcess, FALSE);
}
