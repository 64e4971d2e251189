/*
 * overlapped.c - results and cancellation of asynchronous I/O; completion ports.
 */
#include "user/kernel32/base.h"

BOOL WINAPI
GetOverlappedResultEx(HANDLE File, LPOVERLAPPED Overlapped, LPDWORD Bytes, DWORD Milliseconds,
                      BOOL Alertable)
{
    LARGE_INTEGER Time;
    NTSTATUS Status;

    if ((NTSTATUS) * (volatile ULONG_PTR *)&Overlapped->Internal == STATUS_PENDING) {
        if (Milliseconds == 0) {
            return BaseFailWith(ERROR_IO_INCOMPLETE);
        }
        Status = NtWaitForSingleObject(Overlapped->hEvent != NULL ? Overlapped->hEvent
                                                                  : BaseRealHandle(File),
                                       (BOOLEAN)Alertable, BaseTimeout(&Time, Milliseconds));
        if (Status == STATUS_TIMEOUT || Status == STATUS_USER_APC) {
            return BaseFailWith((DWORD)Status);
        }
        if (!NT_SUCCESS(Status)) {
            return BaseFail(Status);
        }
    }
    *Bytes = (DWORD)Overlapped->InternalHigh;
    return BaseResult((NTSTATUS)Overlapped->Internal);
}

BOOL WINAPI
GetOverlappedResult(HANDLE File, LPOVERLAPPED Overlapped, LPDWORD Bytes, BOOL Wait)
{
    return GetOverlappedResultEx(File, Overlapped, Bytes, Wait ? INFINITE : 0, FALSE);
}

BOOL WINAPI
CancelIo(HANDLE File)
{
    IO_STATUS_BLOCK Iosb;

    return BaseResult(NtCancelIoFile(File, &Iosb));
}

BOOL WINAPI
CancelIoEx(HANDLE File, LPOVERLAPPED Overlapped)
{
    IO_STATUS_BLOCK Iosb;

    return BaseResult(NtCancelIoFileEx(File, (PIO_STATUS_BLOCK)Overlapped, &Iosb));
}

BOOL WINAPI
CancelSynchronousIo(HANDLE Thread)
{
    IO_STATUS_BLOCK Iosb;

    return BaseResult(NtCancelSynchronousIoFile(Thread, NULL, &Iosb));
}

HANDLE WINAPI
CreateIoCompletionPort(HANDLE File, HANDLE Port, ULONG_PTR Key, DWORD Threads)
{
    FILE_COMPLETION_INFORMATION Information;
    IO_STATUS_BLOCK Iosb;
    HANDLE New = Port;
    NTSTATUS Status = STATUS_SUCCESS;

    if (File == INVALID_HANDLE_VALUE && Port != NULL) {
        BaseFailWith(ERROR_INVALID_PARAMETER);
        return NULL;
    }
    if (Port == NULL) {
        Status = NtCreateIoCompletion(&New, IO_COMPLETION_ALL_ACCESS, NULL, Threads);
        if (!NT_SUCCESS(Status)) {
            BaseFail(Status);
            return NULL;
        }
    }
    if (File != INVALID_HANDLE_VALUE) {
        Information.Port = New;
        Information.Key = (PVOID)Key;
        Status = NtSetInformationFile(File, &Iosb, &Information, sizeof(Information),
                                      FileCompletionInformation);
        if (!NT_SUCCESS(Status)) {
            if (Port == NULL) {
                NtClose(New);
            }
            BaseFail(Status);
            return NULL;
        }
    }
    return New;
}

BOOL WINAPI
PostQueuedCompletionStatus(HANDLE Port, DWORD Bytes, ULONG_PTR Key, LPOVERLAPPED Overlapped)
{
    return BaseResult(NtSetIoCompletion(Port, (PVOID)Key, Overlapped, STATUS_SUCCESS, Bytes));
}

BOOL WINAPI
GetQueuedCompletionStatus(HANDLE Port, LPDWORD Bytes, PULONG_PTR Key, LPOVERLAPPED *Overlapped,
                          DWORD Milliseconds)
{
    IO_STATUS_BLOCK Iosb;
    LARGE_INTEGER Time;
    PVOID KeyContext, ApcContext;
    NTSTATUS Status = NtRemoveIoCompletion(Port, &KeyContext, &ApcContext, &Iosb,
                                           BaseTimeout(&Time, Milliseconds));

    if (Status != STATUS_SUCCESS) {
        *Overlapped = NULL;
        return Status == STATUS_TIMEOUT ? BaseFailWith(WAIT_TIMEOUT) : BaseFail(Status);
    }
    *Key = (ULONG_PTR)KeyContext;
    *Overlapped = ApcContext;
    *Bytes = (DWORD)Iosb.Information;
    return BaseResult(Iosb.Status);
}

BOOL WINAPI
GetQueuedCompletionStatusEx(HANDLE Port, LPOVERLAPPED_ENTRY Entries, ULONG Count, PULONG Removed,
                            DWORD Milliseconds, BOOL Alertable)
{
    LARGE_INTEGER Time;
    NTSTATUS Status;

    /* OVERLAPPED_ENTRY and FILE_IO_COMPLETION_INFORMATION have the same layout. */
    C_ASSERT(sizeof(OVERLAPPED_ENTRY) == sizeof(FILE_IO_COMPLETION_INFORMATION));
    Status = NtRemoveIoCompletionEx(Port, (PVOID)Entries, Count, Removed,
                                    BaseTimeout(&Time, Milliseconds), (BOOLEAN)Alertable);
    if (Status == STATUS_TIMEOUT) {
        return BaseFailWith(WAIT_TIMEOUT);
    }
    if (Status == STATUS_USER_APC) {
        return BaseFailWith(WAIT_IO_COMPLETION);
    }
    return BaseResult(Status);
}

BOOL WINAPI
SetFileCompletionNotificationModes(HANDLE File, UCHAR Flags)
{
    IO_STATUS_BLOCK Iosb;
    ULONG Information = Flags;

    return BaseResult(
        NtSetInformationFile(File, &Iosb, &Information, sizeof(Information),
                             (FILE_INFORMATION_CLASS)FileIoCompletionNotificationInformation));
}
