/*
 * readwrite.c - bytes to and from files and devices.
 *
 * With an OVERLAPPED its first two members are the I/O status block, and its address the completion context, unless
 * the low bit of hEvent asks that no completion is queued. Without one, an operation that pends on a handle opened
 * for asynchronous use is waited for on the file.
 *
 * Facts: ReadFile, WriteFile, DeviceIoControl, "Synchronous and Asynchronous I/O".
 */
#include "user/kernel32/base.h"

#define OVERLAPPED_IOSB(Overlapped) ((PIO_STATUS_BLOCK) & (Overlapped)->Internal)
#define OVERLAPPED_CONTEXT(Overlapped)                                                             \
    (((ULONG_PTR)(Overlapped)->hEvent & 1) != 0 ? NULL : (PVOID)(Overlapped))

NTSTATUS
BaseWaitForFile(HANDLE File, PIO_STATUS_BLOCK Iosb, NTSTATUS Status)
{
    if (Status == STATUS_PENDING) {
        Status = NtWaitForSingleObject(File, FALSE, NULL);
        if (NT_SUCCESS(Status)) {
            Status = Iosb->Status;
        }
    }
    return Status;
}

static VOID
BasePrepare(LPOVERLAPPED Overlapped, PLARGE_INTEGER Offset)
{
    Offset->LowPart = Overlapped->Offset;
    Offset->HighPart = Overlapped->OffsetHigh;
    Overlapped->Internal = STATUS_PENDING;
}

BOOL WINAPI
ReadFile(HANDLE File, LPVOID Buffer, DWORD Length, LPDWORD Read, LPOVERLAPPED Overlapped)
{
    LARGE_INTEGER Offset;
    IO_STATUS_BLOCK Iosb = {0};
    NTSTATUS Status;

    File = BaseRealHandle(File);
    if (Read != NULL) {
        *Read = 0;
    }
    if (Overlapped != NULL) {
        BasePrepare(Overlapped, &Offset);
        Status = NtReadFile(File, Overlapped->hEvent, NULL, OVERLAPPED_CONTEXT(Overlapped),
                            OVERLAPPED_IOSB(Overlapped), Buffer, Length, &Offset, NULL);
        if (NT_SUCCESS(Status) && Status != STATUS_PENDING) {
            if (Read != NULL) {
                *Read = (DWORD)Overlapped->InternalHigh;
            }
            return TRUE;
        }
        return BaseFail(Status);
    }
    Status = BaseWaitForFile(File, &Iosb,
                             NtReadFile(File, NULL, NULL, NULL, &Iosb, Buffer, Length, NULL, NULL));
    if (NT_SUCCESS(Status)) {
        if (Read != NULL) {
            *Read = (DWORD)Iosb.Information;
        }
        return TRUE;
    }
    if (Status == STATUS_END_OF_FILE) {
        return TRUE; /* nothing read */
    }
    if (Status == STATUS_BUFFER_OVERFLOW && Read != NULL) {
        *Read = (DWORD)Iosb.Information; /* a message that is longer than the buffer */
    }
    return BaseFail(Status);
}

BOOL WINAPI
WriteFile(HANDLE File, LPCVOID Buffer, DWORD Length, LPDWORD Written, LPOVERLAPPED Overlapped)
{
    LARGE_INTEGER Offset;
    IO_STATUS_BLOCK Iosb = {0};
    NTSTATUS Status;

    File = BaseRealHandle(File);
    if (Written != NULL) {
        *Written = 0;
    }
    if (Overlapped != NULL) {
        BasePrepare(Overlapped, &Offset);
        Status = NtWriteFile(File, Overlapped->hEvent, NULL, OVERLAPPED_CONTEXT(Overlapped),
                             OVERLAPPED_IOSB(Overlapped), (PVOID)Buffer, Length, &Offset, NULL);
        if (NT_SUCCESS(Status) && Status != STATUS_PENDING) {
            if (Written != NULL) {
                *Written = (DWORD)Overlapped->InternalHigh;
            }
            return TRUE;
        }
        return BaseFail(Status);
    }
    Status = BaseWaitForFile(
        File, &Iosb, NtWriteFile(File, NULL, NULL, NULL, &Iosb, (PVOID)Buffer, Length, NULL, NULL));
    if (NT_SUCCESS(Status) && Written != NULL) {
        *Written = (DWORD)Iosb.Information;
    }
    return BaseResult(Status);
}

/* The APC that NtReadFile queues, for a completion routine of Win32. */
static VOID NTAPI
BaseIoApc(PVOID Context, PIO_STATUS_BLOCK Iosb, ULONG Reserved)
{
    LPOVERLAPPED_COMPLETION_ROUTINE Routine = Context;
    DWORD Error = NT_SUCCESS(Iosb->Status) ? ERROR_SUCCESS : RtlNtStatusToDosError(Iosb->Status);

    Routine(Error, (DWORD)Iosb->Information, CONTAINING_RECORD(Iosb, OVERLAPPED, Internal));
}

BOOL WINAPI
ReadFileEx(HANDLE File, LPVOID Buffer, DWORD Length, LPOVERLAPPED Overlapped,
           LPOVERLAPPED_COMPLETION_ROUTINE Routine)
{
    LARGE_INTEGER Offset;
    NTSTATUS Status;

    BasePrepare(Overlapped, &Offset);
    Status = NtReadFile(BaseRealHandle(File), NULL, BaseIoApc, (PVOID)Routine,
                        OVERLAPPED_IOSB(Overlapped), Buffer, Length, &Offset, NULL);
    if (NT_ERROR(Status)) {
        return BaseFail(Status);
    }
    SetLastError(NT_SUCCESS(Status) ? ERROR_SUCCESS : RtlNtStatusToDosError(Status));
    return TRUE;
}

BOOL WINAPI
WriteFileEx(HANDLE File, LPCVOID Buffer, DWORD Length, LPOVERLAPPED Overlapped,
            LPOVERLAPPED_COMPLETION_ROUTINE Routine)
{
    LARGE_INTEGER Offset;
    NTSTATUS Status;

    BasePrepare(Overlapped, &Offset);
    Status = NtWriteFile(BaseRealHandle(File), NULL, BaseIoApc, (PVOID)Routine,
                         OVERLAPPED_IOSB(Overlapped), (PVOID)Buffer, Length, &Offset, NULL);
    if (NT_ERROR(Status)) {
        return BaseFail(Status);
    }
    SetLastError(NT_SUCCESS(Status) ? ERROR_SUCCESS : RtlNtStatusToDosError(Status));
    return TRUE;
}

BOOL WINAPI
DeviceIoControl(HANDLE Device, DWORD Code, LPVOID Input, DWORD InputLength, LPVOID Output,
                DWORD OutputLength, LPDWORD Returned, LPOVERLAPPED Overlapped)
{
    IO_STATUS_BLOCK Local = {0};
    PIO_STATUS_BLOCK Iosb = &Local;
    HANDLE Event = NULL;
    PVOID Context = NULL;
    BOOL FileSystem = DEVICE_TYPE_FROM_CTL_CODE(Code) == FILE_DEVICE_FILE_SYSTEM;
    NTSTATUS Status;

    Device = BaseRealHandle(Device);
    if (Overlapped != NULL) {
        Iosb = OVERLAPPED_IOSB(Overlapped);
        Event = Overlapped->hEvent;
        Context = OVERLAPPED_CONTEXT(Overlapped);
        Overlapped->Internal = STATUS_PENDING;
    }
    Status = FileSystem ? NtFsControlFile(Device, Event, NULL, Context, Iosb, Code, Input,
                                          InputLength, Output, OutputLength)
                        : NtDeviceIoControlFile(Device, Event, NULL, Context, Iosb, Code, Input,
                                                InputLength, Output, OutputLength);
    if (Overlapped == NULL) {
        Status = BaseWaitForFile(Device, Iosb, Status);
        if (NT_ERROR(Status)) {
            return BaseFail(Status); /* *Returned stays as it was */
        }
        *Returned =
            (DWORD)Iosb
                ->Information; /* without an OVERLAPPED it must not be NULL: it faults, as documented */
        return BaseResult(Status);
    }
    if (!NT_ERROR(Status) && Status != STATUS_PENDING && Returned != NULL) {
        *Returned = (DWORD)Iosb->Information;
    }
    return NT_SUCCESS(Status) && Status != STATUS_PENDING ? TRUE : BaseFail(Status);
}

BOOL WINAPI
FlushFileBuffers(HANDLE File)
{
    IO_STATUS_BLOCK Iosb;

    File = BaseRealHandle(File);
    return BaseResult(BaseWaitForFile(File, &Iosb, NtFlushBuffersFile(File, &Iosb)));
}

BOOL WINAPI
LockFileEx(HANDLE File, DWORD Flags, DWORD Reserved, DWORD LengthLow, DWORD LengthHigh,
           LPOVERLAPPED Overlapped)
{
    LARGE_INTEGER Offset, Length = {.u = {LengthLow, (LONG)LengthHigh}};
    NTSTATUS Status;

    BasePrepare(Overlapped, &Offset);
    Status = NtLockFile(File, Overlapped->hEvent, NULL, NULL, OVERLAPPED_IOSB(Overlapped), &Offset,
                        &Length, 0, (Flags & LOCKFILE_FAIL_IMMEDIATELY) != 0,
                        (Flags & LOCKFILE_EXCLUSIVE_LOCK) != 0);
    return NT_SUCCESS(Status) && Status != STATUS_PENDING ? TRUE : BaseFail(Status);
}

BOOL WINAPI
LockFile(HANDLE File, DWORD OffsetLow, DWORD OffsetHigh, DWORD LengthLow, DWORD LengthHigh)
{
    LARGE_INTEGER Offset = {.u = {OffsetLow, (LONG)OffsetHigh}},
                  Length = {.u = {LengthLow, (LONG)LengthHigh}};
    IO_STATUS_BLOCK Iosb;

    return BaseResult(BaseWaitForFile(
        File, &Iosb, NtLockFile(File, NULL, NULL, NULL, &Iosb, &Offset, &Length, 0, TRUE, TRUE)));
}

BOOL WINAPI
UnlockFile(HANDLE File, DWORD OffsetLow, DWORD OffsetHigh, DWORD LengthLow, DWORD LengthHigh)
{
    LARGE_INTEGER Offset = {.u = {OffsetLow, (LONG)OffsetHigh}},
                  Length = {.u = {LengthLow, (LONG)LengthHigh}};
    IO_STATUS_BLOCK Iosb;

    return BaseResult(BaseWaitForFile(File, &Iosb, NtUnlockFile(File, &Iosb, &Offset, &Length, 0)));
}

BOOL WINAPI
UnlockFileEx(HANDLE File, DWORD Reserved, DWORD LengthLow, DWORD LengthHigh,
             LPOVERLAPPED Overlapped)
{
    return UnlockFile(File, Overlapped->Offset, Overlapped->OffsetHigh, LengthLow, LengthHigh);
}

/* Pages that lie anywhere; the handle is asynchronous and passes the cache. */
BOOL WINAPI
ReadFileScatter(HANDLE File, FILE_SEGMENT_ELEMENT *Segments, DWORD Bytes, LPDWORD Reserved,
                LPOVERLAPPED Overlapped)
{
    LARGE_INTEGER Offset;
    NTSTATUS Status;

    BasePrepare(Overlapped, &Offset);
    Status = NtReadFileScatter(File, Overlapped->hEvent, NULL, OVERLAPPED_CONTEXT(Overlapped),
                               OVERLAPPED_IOSB(Overlapped), Segments, Bytes, &Offset, NULL);
    return NT_SUCCESS(Status) && Status != STATUS_PENDING ? TRUE : BaseFail(Status);
}

BOOL WINAPI
WriteFileGather(HANDLE File, FILE_SEGMENT_ELEMENT *Segments, DWORD Bytes, LPDWORD Reserved,
                LPOVERLAPPED Overlapped)
{
    LARGE_INTEGER Offset;
    NTSTATUS Status;

    BasePrepare(Overlapped, &Offset);
    Status = NtWriteFileGather(File, Overlapped->hEvent, NULL, OVERLAPPED_CONTEXT(Overlapped),
                               OVERLAPPED_IOSB(Overlapped), Segments, Bytes, &Offset, NULL);
    return NT_SUCCESS(Status) && Status != STATUS_PENDING ? TRUE : BaseFail(Status);
}
