/*
 * mailslot.c - mailslots: made, asked, and their time-out set. They are opened, read and written as files are.
 *
 * Facts: CreateMailslot, GetMailslotInfo, SetMailslotInfo, FILE_MAILSLOT_QUERY_INFORMATION.
 */
#include "user/kernel32/base.h"

/* Milliseconds as the kernel takes them: relative, and MAILSLOT_WAIT_FOREVER alone is -1. */
static LARGE_INTEGER
BaseMailslotTimeout(DWORD Milliseconds)
{
    LARGE_INTEGER Timeout = {.QuadPart = -10000ll * Milliseconds};

    if (Milliseconds == MAILSLOT_WAIT_FOREVER) {
        Timeout.QuadPart = -1;
    }
    return Timeout;
}

HANDLE WINAPI
CreateMailslotW(LPCWSTR Name, DWORD MaximumMessageSize, DWORD ReadTimeout,
                LPSECURITY_ATTRIBUTES Security)
{
    LARGE_INTEGER Timeout = BaseMailslotTimeout(ReadTimeout);
    OBJECT_ATTRIBUTES Attributes;
    IO_STATUS_BLOCK Iosb;
    UNICODE_STRING NtPath;
    NTSTATUS Status;
    HANDLE Slot;

    if (!BaseNtPath(Name, &NtPath)) {
        return INVALID_HANDLE_VALUE;
    }
    InitializeObjectAttributes(&Attributes, &NtPath, OBJ_CASE_INSENSITIVE, NULL, NULL);
    if (Security != NULL) {
        Attributes.SecurityDescriptor = Security->lpSecurityDescriptor;
        Attributes.Attributes |= Security->bInheritHandle ? OBJ_INHERIT : 0;
    }
    Status = NtCreateMailslotFile(&Slot, GENERIC_READ | SYNCHRONIZE | WRITE_DAC, &Attributes, &Iosb,
                                  FILE_SYNCHRONOUS_IO_NONALERT, 0, MaximumMessageSize, &Timeout);
    RtlFreeUnicodeString(&NtPath);
    if (!NT_SUCCESS(Status)) {
        /* What is no mailslot's name may be something else's. */
        BaseFail(Status == STATUS_NOT_SUPPORTED || Status == STATUS_INVALID_DEVICE_REQUEST
                     ? STATUS_OBJECT_NAME_INVALID
                     : Status);
        return INVALID_HANDLE_VALUE;
    }
    return Slot;
}

ANSI_FORM(HANDLE, CreateMailslotA,
          (LPCSTR Name, DWORD MaximumMessageSize, DWORD ReadTimeout,
           LPSECURITY_ATTRIBUTES Security),
          Name, INVALID_HANDLE_VALUE,
          CreateMailslotW(Wide.Buffer, MaximumMessageSize, ReadTimeout, Security))

BOOL WINAPI
GetMailslotInfo(HANDLE Mailslot, LPDWORD MaximumMessageSize, LPDWORD NextSize, LPDWORD Count,
                LPDWORD ReadTimeout)
{
    FILE_MAILSLOT_QUERY_INFORMATION Query;
    IO_STATUS_BLOCK Iosb;
    NTSTATUS Status;

    Status = NtQueryInformationFile(Mailslot, &Iosb, &Query, sizeof(Query),
                                    FileMailslotQueryInformation);
    if (!NT_SUCCESS(Status)) {
        return BaseFail(Status);
    }
    if (MaximumMessageSize != NULL) {
        *MaximumMessageSize = Query.MaximumMessageSize;
    }
    if (NextSize != NULL) {
        *NextSize = Query.NextMessageSize;
    }
    if (Count != NULL) {
        *Count = Query.MessagesAvailable;
    }
    if (ReadTimeout != NULL) {
        *ReadTimeout = Query.ReadTimeout.QuadPart == -1
                           ? MAILSLOT_WAIT_FOREVER
                           : (DWORD)(-Query.ReadTimeout.QuadPart / 10000);
    }
    return TRUE;
}

BOOL WINAPI
SetMailslotInfo(HANDLE Mailslot, DWORD ReadTimeout)
{
    LARGE_INTEGER Timeout = BaseMailslotTimeout(ReadTimeout);
    PLARGE_INTEGER Set = &Timeout; /* ntifs.h's FILE_MAILSLOT_SET_INFORMATION: a pointer */
    IO_STATUS_BLOCK Iosb;

    return BaseResult(
        NtSetInformationFile(Mailslot, &Iosb, &Set, sizeof(Set), FileMailslotSetInformation));
}
