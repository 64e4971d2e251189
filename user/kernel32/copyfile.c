/*
 * copyfile.c - CopyFile, hard and symbolic links, free space, short names.
 */
#include "user/kernel32/base.h"

#define COPY_PIECE 0x10000

/* Who is told of each piece, and may stop it. */
typedef struct _BASE_COPY {
    HANDLE From, To;
    LPPROGRESS_ROUTINE Progress;
    LPVOID Data;
    LPBOOL Cancel;
    LARGE_INTEGER Size, Done;
    DWORD Answer;
} BASE_COPY, *PBASE_COPY;

static NTSTATUS
BaseTellProgress(PBASE_COPY Copy, DWORD Reason)
{
    if (Copy->Cancel != NULL && *Copy->Cancel) {
        Copy->Answer = PROGRESS_CANCEL;
    } else if (Copy->Progress != NULL) {
        Copy->Answer = Copy->Progress(Copy->Size, Copy->Done, Copy->Size, Copy->Done, 1, Reason,
                                      Copy->From, Copy->To, Copy->Data);
    }
    if (Copy->Answer == PROGRESS_QUIET) {
        Copy->Progress = NULL;
        Copy->Answer = PROGRESS_CONTINUE;
    }
    return Copy->Answer == PROGRESS_CONTINUE ? STATUS_SUCCESS : STATUS_REQUEST_ABORTED;
}

static NTSTATUS
BaseCopyBytes(PBASE_COPY Copy)
{
    PVOID Buffer = RtlAllocateHeap(BaseHeap(), 0, COPY_PIECE);
    FILE_BASIC_INFORMATION Basic;
    IO_STATUS_BLOCK Iosb;
    NTSTATUS Status;

    if (Buffer == NULL) {
        return STATUS_NO_MEMORY;
    }
    GetFileSizeEx(Copy->From, &Copy->Size);
    Status = BaseTellProgress(Copy, CALLBACK_STREAM_SWITCH);
    while (NT_SUCCESS(Status)) {
        Status = NtReadFile(Copy->From, NULL, NULL, NULL, &Iosb, Buffer, COPY_PIECE, NULL, NULL);
        if (NT_SUCCESS(Status)) {
            Copy->Done.QuadPart += Iosb.Information;
            Status = NtWriteFile(Copy->To, NULL, NULL, NULL, &Iosb, Buffer, (ULONG)Iosb.Information,
                                 NULL, NULL);
        }
        if (NT_SUCCESS(Status)) {
            Status = BaseTellProgress(Copy, CALLBACK_CHUNK_FINISHED);
        }
    }
    RtlFreeHeap(BaseHeap(), 0, Buffer);
    if (Status != STATUS_END_OF_FILE) {
        return Status;
    }
    /* The copy was last written when the original was. */
    Status = NtQueryInformationFile(Copy->From, &Iosb, &Basic, sizeof(Basic), FileBasicInformation);
    if (NT_SUCCESS(Status)) {
        Basic.CreationTime.QuadPart = Basic.LastAccessTime.QuadPart = Basic.ChangeTime.QuadPart = 0;
        Basic.FileAttributes |= FILE_ATTRIBUTE_ARCHIVE;
        Status = NtSetInformationFile(Copy->To, &Iosb, &Basic, sizeof(Basic), FileBasicInformation);
    }
    return Status;
}

/* PROGRESS_STOP leaves what has been copied, everything else that goes wrong deletes it. [LEARN: CopyProgressRoutine] */
BOOL WINAPI
CopyFileExW(LPCWSTR Old, LPCWSTR New, LPPROGRESS_ROUTINE Progress, LPVOID Data, LPBOOL Cancel,
            DWORD Flags)
{
    /* Who else has the copy open must let us write it, and may forbid to delete it. */
    static const struct {
        DWORD Access, Share;
    } Opens[] = {{GENERIC_WRITE | DELETE, 0},
                 {GENERIC_WRITE | DELETE, FILE_SHARE_READ | FILE_SHARE_WRITE},
                 {GENERIC_WRITE, FILE_SHARE_READ | FILE_SHARE_WRITE}};
    BASE_COPY Copy = {.Progress = Progress, .Data = Data, .Cancel = Cancel};
    NTSTATUS Status;

    /* Nobody is to write it meanwhile, if that can be had; so no file is copied to itself. */
    Copy.From = CreateFileW(Old, GENERIC_READ, FILE_SHARE_READ, NULL, OPEN_EXISTING,
                            FILE_FLAG_SEQUENTIAL_SCAN, NULL);
    if (Copy.From == INVALID_HANDLE_VALUE && GetLastError() == ERROR_SHARING_VIOLATION) {
        Copy.From = CreateFileW(Old, GENERIC_READ, FILE_SHARE_READ | FILE_SHARE_WRITE, NULL,
                                OPEN_EXISTING, FILE_FLAG_SEQUENTIAL_SCAN, NULL);
    }
    if (Copy.From == INVALID_HANDLE_VALUE) {
        return FALSE;
    }
    for (ULONG Try = 0; Try < RTL_NUMBER_OF(Opens); Try++) {
        Copy.To = CreateFileW(New, Opens[Try].Access, Opens[Try].Share, NULL,
                              (Flags & COPY_FILE_FAIL_IF_EXISTS) != 0 ? CREATE_NEW : CREATE_ALWAYS,
                              0, NULL);
        if (Copy.To != INVALID_HANDLE_VALUE || GetLastError() != ERROR_SHARING_VIOLATION) {
            break;
        }
    }
    if (Copy.To == INVALID_HANDLE_VALUE) {
        DWORD Error = GetLastError();

        NtClose(Copy.From);
        return BaseFailWith(Error);
    }
    Status = BaseCopyBytes(&Copy);
    if (!NT_SUCCESS(Status) && Copy.Answer != PROGRESS_STOP) {
        FILE_DISPOSITION_INFORMATION Delete = {TRUE};
        IO_STATUS_BLOCK Iosb;

        NtSetInformationFile(Copy.To, &Iosb, &Delete, sizeof(Delete), FileDispositionInformation);
    }
    NtClose(Copy.To);
    NtClose(Copy.From);
    if (NT_SUCCESS(Status)) {
        SetLastError(ERROR_SUCCESS);
    }
    return Status == STATUS_REQUEST_ABORTED ? BaseFailWith(ERROR_REQUEST_ABORTED)
                                            : BaseResult(Status);
}

BOOL WINAPI
CopyFileW(LPCWSTR Old, LPCWSTR New, BOOL FailIfExists)
{
    return CopyFileExW(Old, New, NULL, NULL, NULL, FailIfExists ? COPY_FILE_FAIL_IF_EXISTS : 0);
}

BOOL
BaseTwoNames(LPCSTR First, LPCSTR Second, PUNICODE_STRING Wide)
{
    if (!BaseToWide(&Wide[0], First)) {
        return FALSE;
    }
    if (!BaseToWide(&Wide[1], Second)) {
        RtlFreeUnicodeString(&Wide[0]);
        return FALSE;
    }
    return TRUE;
}

ANSI_FORM_OF_TWO(BOOL, CopyFileA, (LPCSTR Old, LPCSTR New, BOOL FailIfExists), Old, New,
                 CopyFileW(Wide[0].Buffer, Wide[1].Buffer, FailIfExists))

BOOL WINAPI
CreateHardLinkW(LPCWSTR New, LPCWSTR Existing, LPSECURITY_ATTRIBUTES Security)
{
    PFILE_LINK_INFORMATION Link;
    IO_STATUS_BLOCK Iosb;
    UNICODE_STRING NtPath;
    HANDLE File;
    NTSTATUS Status = STATUS_NO_MEMORY;
    ULONG Size;

    File = CreateFileW(Existing, FILE_WRITE_ATTRIBUTES,
                       FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE, NULL, OPEN_EXISTING,
                       FILE_FLAG_BACKUP_SEMANTICS | FILE_FLAG_OPEN_REPARSE_POINT, NULL);
    if (File == INVALID_HANDLE_VALUE) {
        return FALSE;
    }
    if (!BaseNtPath(New, &NtPath)) {
        NtClose(File);
        return FALSE;
    }
    Size = sizeof(*Link) + NtPath.Length;
    Link = RtlAllocateHeap(BaseHeap(), HEAP_ZERO_MEMORY, Size);
    if (Link != NULL) {
        Link->FileNameLength = NtPath.Length;
        RtlCopyMemory(Link->FileName, NtPath.Buffer, NtPath.Length);
        Status = NtSetInformationFile(File, &Iosb, Link, Size, FileLinkInformation);
        RtlFreeHeap(BaseHeap(), 0, Link);
    }
    RtlFreeUnicodeString(&NtPath);
    NtClose(File);
    return BaseResult(Status);
}

ANSI_FORM_OF_TWO(BOOL, CreateHardLinkA,
                 (LPCSTR New, LPCSTR Existing, LPSECURITY_ATTRIBUTES Security), New, Existing,
                 CreateHardLinkW(Wide[0].Buffer, Wide[1].Buffer, Security))

BOOL WINAPI
GetDiskFreeSpaceExW(LPCWSTR Path, PULARGE_INTEGER Available, PULARGE_INTEGER Total,
                    PULARGE_INTEGER Free)
{
    FILE_FS_FULL_SIZE_INFORMATION Size;
    IO_STATUS_BLOCK Iosb;
    ULONG64 Unit;
    NTSTATUS Status;
    HANDLE Folder = CreateFileW(Path != NULL ? Path : L".", FILE_READ_ATTRIBUTES,
                                FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE, NULL,
                                OPEN_EXISTING, FILE_FLAG_BACKUP_SEMANTICS, NULL);

    if (Folder == INVALID_HANDLE_VALUE) {
        return FALSE;
    }
    Status =
        NtQueryVolumeInformationFile(Folder, &Iosb, &Size, sizeof(Size), FileFsFullSizeInformation);
    NtClose(Folder);
    if (NT_SUCCESS(Status)) {
        Unit = (ULONG64)Size.SectorsPerAllocationUnit * Size.BytesPerSector;
        if (Available != NULL) {
            Available->QuadPart = Size.CallerAvailableAllocationUnits.QuadPart * Unit;
        }
        if (Total != NULL) {
            Total->QuadPart = Size.TotalAllocationUnits.QuadPart * Unit;
        }
        if (Free != NULL) {
            Free->QuadPart = Size.ActualAvailableAllocationUnits.QuadPart * Unit;
        }
    }
    return BaseResult(Status);
}

ANSI_FORM(BOOL, GetDiskFreeSpaceExA,
          (LPCSTR Path, PULARGE_INTEGER Available, PULARGE_INTEGER Total, PULARGE_INTEGER Free),
          Path, FALSE, GetDiskFreeSpaceExW(Wide.Buffer, Available, Total, Free))

BOOL WINAPI
SetFileValidData(HANDLE File, LONGLONG ValidDataLength)
{
    LARGE_INTEGER Valid = {.QuadPart = ValidDataLength};
    IO_STATUS_BLOCK Iosb;

    return BaseResult(
        NtSetInformationFile(File, &Iosb, &Valid, sizeof(Valid), (FILE_INFORMATION_CLASS)39));
}
