/*
 * file.c - CreateFile and what else goes by a file's name.
 */
#include "user/kernel32/base.h"

/* A name without the prefix "\\?\" has less than MAX_PATH characters, as a full path. [LEARN: Maximum Path Length Limitation] */
BOOL
BaseIsTooLong(LPCWSTR Path, PCUNICODE_STRING NtPath, SIZE_T Most)
{
    if (Path[0] == L'\\' && (Path[1] == L'\\' || Path[1] == L'?') &&
        (Path[2] == L'?' || Path[2] == L'.')) {
        return FALSE;
    }
    return NtPath->Length / sizeof(WCHAR) - 4 /* of its own prefix */ >= Most;
}

BOOL
BaseNtPath(LPCWSTR Path, PUNICODE_STRING NtPath)
{
    NTSTATUS Status;

    if (Path == NULL || *Path == 0) {
        return BaseFailWith(ERROR_PATH_NOT_FOUND);
    }
    Status = RtlDosPathNameToNtPathName_U_WithStatus(Path, NtPath, NULL, NULL);
    if (NT_SUCCESS(Status)) {
        if (!BaseIsTooLong(Path, NtPath, MAX_PATH)) {
            return TRUE;
        }
        RtlFreeUnicodeString(NtPath);
        Status = STATUS_OBJECT_PATH_NOT_FOUND;
    }
    return BaseFailWith(Status == STATUS_NAME_TOO_LONG ? ERROR_FILENAME_EXCED_RANGE
                                                       : ERROR_PATH_NOT_FOUND);
}

static ULONG
BaseCreateOptions(DWORD Flags, PULONG Access)
{
    ULONG Options = 0;

    if ((Flags & FILE_FLAG_OVERLAPPED) == 0) {
        Options |= FILE_SYNCHRONOUS_IO_NONALERT;
    }
    if ((Flags & FILE_FLAG_WRITE_THROUGH) != 0) {
        Options |= FILE_WRITE_THROUGH;
    }
    if ((Flags & FILE_FLAG_NO_BUFFERING) != 0) {
        Options |= FILE_NO_INTERMEDIATE_BUFFERING;
    }
    if ((Flags & FILE_FLAG_RANDOM_ACCESS) != 0) {
        Options |= FILE_RANDOM_ACCESS;
    }
    if ((Flags & FILE_FLAG_SEQUENTIAL_SCAN) != 0) {
        Options |= FILE_SEQUENTIAL_ONLY;
    }
    if ((Flags & FILE_FLAG_DELETE_ON_CLOSE) != 0) {
        Options |= FILE_DELETE_ON_CLOSE;
        *Access |= DELETE;
    }
    if ((Flags & FILE_FLAG_BACKUP_SEMANTICS) != 0) {
        Options |= FILE_OPEN_FOR_BACKUP_INTENT;
    } else {
        Options |= FILE_NON_DIRECTORY_FILE;
    }
    if ((Flags & FILE_FLAG_OPEN_REPARSE_POINT) != 0) {
        Options |= FILE_OPEN_REPARSE_POINT;
    }
    if ((Flags & FILE_FLAG_OPEN_NO_RECALL) != 0) {
        Options |= FILE_OPEN_NO_RECALL;
    }
    return Options;
}

HANDLE WINAPI
CreateFileW(LPCWSTR Name, DWORD Access, DWORD Share, LPSECURITY_ATTRIBUTES Security,
            DWORD Disposition, DWORD Flags, HANDLE Template)
{
    static const UCHAR Dispositions[] = {0,         FILE_CREATE,  FILE_OVERWRITE_IF,
                                         FILE_OPEN, FILE_OPEN_IF, FILE_OVERWRITE};
    SECURITY_QUALITY_OF_SERVICE Quality;
    OBJECT_ATTRIBUTES Attributes;
    IO_STATUS_BLOCK Iosb = {0};
    UNICODE_STRING NtPath;
    ULONG Options, Full = Access | SYNCHRONIZE | FILE_READ_ATTRIBUTES;
    HANDLE File;
    NTSTATUS Status;
    BOOL Folder;

    if (Disposition == 0 || Disposition >= RTL_NUMBER_OF(Dispositions) ||
        (Disposition == TRUNCATE_EXISTING && (Access & (GENERIC_WRITE | GENERIC_ALL)) == 0)) {
        BaseFailWith(ERROR_INVALID_PARAMETER);
        return INVALID_HANDLE_VALUE;
    }
    if (Name != NULL && _wcsicmp(Name, L"CON") == 0) {
        Name = (Access & GENERIC_WRITE) != 0 ? L"CONOUT$" : L"CONIN$";
    }
    if (!BaseNtPath(Name, &NtPath)) {
        return INVALID_HANDLE_VALUE;
    }
    Folder = NtPath.Buffer[NtPath.Length / sizeof(WCHAR) - 1] == L'\\';
    Options = BaseCreateOptions(Flags, &Full);
    InitializeObjectAttributes(&Attributes, &NtPath,
                               (Flags & FILE_FLAG_POSIX_SEMANTICS) != 0 ? 0 : OBJ_CASE_INSENSITIVE,
                               NULL, Security != NULL ? Security->lpSecurityDescriptor : NULL);
    if (Security != NULL && Security->bInheritHandle) {
        Attributes.Attributes |= OBJ_INHERIT;
    }
    if ((Flags & SECURITY_SQOS_PRESENT) != 0) {
        Quality.Length = sizeof(Quality);
        Quality.ImpersonationLevel = (SECURITY_IMPERSONATION_LEVEL)((Flags >> 16) & 3);
        Quality.ContextTrackingMode = (Flags & SECURITY_CONTEXT_TRACKING) != 0;
        Quality.EffectiveOnly = (Flags & SECURITY_EFFECTIVE_ONLY) != 0;
        Attributes.SecurityQualityOfService = &Quality;
    }
    Status = NtCreateFile(&File, Full, &Attributes, &Iosb, NULL,
                          Flags & 0xFFFF & ~FILE_ATTRIBUTE_DIRECTORY, Share,
                          Dispositions[Disposition], Options, NULL, 0);
    RtlFreeUnicodeString(&NtPath);
    if (!NT_SUCCESS(Status)) {
        BaseFail(Status);
        if (Status == STATUS_OBJECT_NAME_COLLISION) {
            SetLastError(ERROR_FILE_EXISTS);
        } else if (Status == STATUS_FILE_IS_A_DIRECTORY && Folder) {
            SetLastError(ERROR_PATH_NOT_FOUND);
        }
        return INVALID_HANDLE_VALUE;
    }
    SetLastError((Disposition == CREATE_ALWAYS && Iosb.Information == FILE_OVERWRITTEN) ||
                         (Disposition == OPEN_ALWAYS && Iosb.Information == FILE_OPENED)
                     ? ERROR_ALREADY_EXISTS
                     : ERROR_SUCCESS);
    return File;
}

ANSI_FORM(HANDLE, CreateFileA,
          (LPCSTR Name, DWORD Access, DWORD Share, LPSECURITY_ATTRIBUTES Security,
           DWORD Disposition, DWORD Flags, HANDLE Template),
          Name, INVALID_HANDLE_VALUE,
          CreateFileW(Wide.Buffer, Access, Share, Security, Disposition, Flags, Template))

HANDLE WINAPI
CreateFile2(LPCWSTR Name, DWORD Access, DWORD Share, DWORD Disposition,
            LPCREATEFILE2_EXTENDED_PARAMETERS Extended)
{
    if (Extended == NULL) {
        return CreateFileW(Name, Access, Share, NULL, Disposition, 0, NULL);
    }
    return CreateFileW(Name, Access, Share, Extended->lpSecurityAttributes, Disposition,
                       (Extended->dwFileAttributes & 0xFFFF) |
                           (Extended->dwFileFlags & 0xFFE00000) |
                           (Extended->dwSecurityQosFlags & 0x001F0000),
                       Extended->hTemplateFile);
}

/* Opens by name for something else than reading; the caller closes. */
static NTSTATUS
BaseOpenPath(LPCWSTR Name, ACCESS_MASK Access, ULONG Options, PHANDLE File)
{
    OBJECT_ATTRIBUTES Attributes;
    IO_STATUS_BLOCK Iosb;
    UNICODE_STRING NtPath;
    NTSTATUS Status;

    if (!BaseNtPath(Name, &NtPath)) {
        return STATUS_OBJECT_PATH_NOT_FOUND;
    }
    InitializeObjectAttributes(&Attributes, &NtPath, OBJ_CASE_INSENSITIVE, NULL, NULL);
    Status = NtOpenFile(File, Access | SYNCHRONIZE, &Attributes, &Iosb,
                        FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE,
                        Options | FILE_SYNCHRONOUS_IO_NONALERT | FILE_OPEN_FOR_BACKUP_INTENT);
    RtlFreeUnicodeString(&NtPath);
    return Status;
}

static BOOL
BaseDelete(LPCWSTR Name, ULONG Options)
{
    FILE_DISPOSITION_INFORMATION Disposition = {TRUE};
    IO_STATUS_BLOCK Iosb;
    OBJECT_ATTRIBUTES Attributes;
    UNICODE_STRING NtPath;
    HANDLE File;
    NTSTATUS Status;

    if (!BaseNtPath(Name, &NtPath)) {
        return FALSE;
    }
    /* DELETE and nothing else: it may be all that the file or its directory grants. */
    InitializeObjectAttributes(&Attributes, &NtPath, OBJ_CASE_INSENSITIVE, NULL, NULL);
    Status = NtOpenFile(&File, DELETE, &Attributes, &Iosb,
                        FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE,
                        Options | FILE_OPEN_REPARSE_POINT | FILE_OPEN_FOR_BACKUP_INTENT);
    RtlFreeUnicodeString(&NtPath);
    if (NT_SUCCESS(Status)) {
        Status = NtSetInformationFile(File, &Iosb, &Disposition, sizeof(Disposition),
                                      FileDispositionInformation);
        NtClose(File);
    }
    return BaseResult(Status);
}

BOOL WINAPI
DeleteFileW(LPCWSTR Name)
{
    return BaseDelete(Name, FILE_NON_DIRECTORY_FILE);
}

ANSI_FORM(BOOL, DeleteFileA, (LPCSTR Name), Name, FALSE, DeleteFileW(Wide.Buffer))

BOOL WINAPI
RemoveDirectoryW(LPCWSTR Name)
{
    return BaseDelete(Name, FILE_DIRECTORY_FILE);
}

ANSI_FORM(BOOL, RemoveDirectoryA, (LPCSTR Name), Name, FALSE, RemoveDirectoryW(Wide.Buffer))

BOOL WINAPI
CreateDirectoryW(LPCWSTR Name, LPSECURITY_ATTRIBUTES Security)
{
    OBJECT_ATTRIBUTES Attributes;
    IO_STATUS_BLOCK Iosb;
    UNICODE_STRING NtPath;
    HANDLE File;
    NTSTATUS Status;

    if (!BaseNtPath(Name, &NtPath)) {
        return FALSE;
    }
    if (BaseIsTooLong(Name, &NtPath, MAX_PATH - 12)) { /* a short name must have room in it */
        RtlFreeUnicodeString(&NtPath);
        return BaseFailWith(ERROR_FILENAME_EXCED_RANGE);
    }
    InitializeObjectAttributes(&Attributes, &NtPath, OBJ_CASE_INSENSITIVE, NULL,
                               Security != NULL ? Security->lpSecurityDescriptor : NULL);
    Status = NtCreateFile(
        &File, FILE_LIST_DIRECTORY | SYNCHRONIZE, &Attributes, &Iosb, NULL, FILE_ATTRIBUTE_NORMAL,
        FILE_SHARE_READ | FILE_SHARE_WRITE, FILE_CREATE,
        FILE_DIRECTORY_FILE | FILE_SYNCHRONOUS_IO_NONALERT | FILE_OPEN_FOR_BACKUP_INTENT, NULL, 0);
    RtlFreeUnicodeString(&NtPath);
    if (NT_SUCCESS(Status)) {
        NtClose(File);
    }
    return BaseResult(Status);
}

ANSI_FORM(BOOL, CreateDirectoryA, (LPCSTR Name, LPSECURITY_ATTRIBUTES Security), Name, FALSE,
          CreateDirectoryW(Wide.Buffer, Security))

BOOL WINAPI
MoveFileExW(LPCWSTR Old, LPCWSTR New, DWORD Flags)
{
    HANDLE File;
    NTSTATUS Status;

    if (New == NULL) {
        return BaseFailWith(ERROR_NOT_SUPPORTED); /* delayed deletion: there is no next boot */
    }
    Status = BaseOpenPath(Old, DELETE | FILE_READ_ATTRIBUTES, FILE_OPEN_REPARSE_POINT, &File);
    if (NT_SUCCESS(Status)) {
        Status = BaseRename(File, NULL, (Flags & MOVEFILE_REPLACE_EXISTING) != 0, New,
                            FileRenameInformation);
        NtClose(File);
    }
    if (Status == STATUS_NOT_SAME_DEVICE && (Flags & MOVEFILE_COPY_ALLOWED) != 0 &&
        (GetFileAttributesW(Old) & FILE_ATTRIBUTE_DIRECTORY) == 0) {
        /* Another volume: a copy, and the original is deleted. */
        return CopyFileW(Old, New, (Flags & MOVEFILE_REPLACE_EXISTING) == 0) && DeleteFileW(Old);
    }
    return BaseResult(Status);
}

BOOL WINAPI
MoveFileW(LPCWSTR Old, LPCWSTR New)
{
    return MoveFileExW(Old, New, MOVEFILE_COPY_ALLOWED);
}

BOOL WINAPI
MoveFileExA(LPCSTR Old, LPCSTR New, DWORD Flags)
{
    UNICODE_STRING WideOld, WideNew;
    BOOL Result = FALSE;

    if (!BaseToWide(&WideOld, Old)) {
        return FALSE;
    }
    if (BaseToWide(&WideNew, New)) {
        Result = MoveFileExW(WideOld.Buffer, WideNew.Buffer, Flags);
        RtlFreeUnicodeString(&WideNew);
    }
    RtlFreeUnicodeString(&WideOld);
    return Result;
}

BOOL WINAPI
MoveFileA(LPCSTR Old, LPCSTR New)
{
    return MoveFileExA(Old, New, MOVEFILE_COPY_ALLOWED);
}

static NTSTATUS
BaseQueryPath(LPCWSTR Name, PFILE_NETWORK_OPEN_INFORMATION Information)
{
    OBJECT_ATTRIBUTES Attributes;
    UNICODE_STRING NtPath;
    NTSTATUS Status;

    if (!BaseNtPath(Name, &NtPath)) {
        return STATUS_OBJECT_PATH_NOT_FOUND;
    }
    InitializeObjectAttributes(&Attributes, &NtPath, OBJ_CASE_INSENSITIVE, NULL, NULL);
    Status = NtQueryFullAttributesFile(&Attributes, Information);
    RtlFreeUnicodeString(&NtPath);
    return Status;
}

DWORD WINAPI
GetFileAttributesW(LPCWSTR Name)
{
    FILE_NETWORK_OPEN_INFORMATION Information;
    NTSTATUS Status = BaseQueryPath(Name, &Information);

    if (!NT_SUCCESS(Status)) {
        BaseFail(Status);
        return INVALID_FILE_ATTRIBUTES;
    }
    return Information.FileAttributes;
}

ANSI_FORM(DWORD, GetFileAttributesA, (LPCSTR Name), Name, INVALID_FILE_ATTRIBUTES,
          GetFileAttributesW(Wide.Buffer))

BOOL WINAPI
GetFileAttributesExW(LPCWSTR Name, GET_FILEEX_INFO_LEVELS Level, LPVOID Result)
{
    LPWIN32_FILE_ATTRIBUTE_DATA Data = Result;
    FILE_NETWORK_OPEN_INFORMATION Information;
    NTSTATUS Status;

    if (Level != GetFileExInfoStandard) {
        return BaseFailWith(ERROR_INVALID_PARAMETER);
    }
    Status = BaseQueryPath(Name, &Information);
    if (NT_SUCCESS(Status)) {
        Data->dwFileAttributes = Information.FileAttributes;
        Data->ftCreationTime = *(LPFILETIME)&Information.CreationTime;
        Data->ftLastAccessTime = *(LPFILETIME)&Information.LastAccessTime;
        Data->ftLastWriteTime = *(LPFILETIME)&Information.LastWriteTime;
        Data->nFileSizeHigh = Information.EndOfFile.HighPart;
        Data->nFileSizeLow = Information.EndOfFile.LowPart;
    }
    return BaseResult(Status);
}

ANSI_FORM(BOOL, GetFileAttributesExA, (LPCSTR Name, GET_FILEEX_INFO_LEVELS Level, LPVOID Result),
          Name, FALSE, GetFileAttributesExW(Wide.Buffer, Level, Result))

BOOL WINAPI
SetFileAttributesW(LPCWSTR Name, DWORD FileAttributes)
{
    FILE_BASIC_INFORMATION Basic = {0};
    IO_STATUS_BLOCK Iosb;
    HANDLE File;
    NTSTATUS Status = BaseOpenPath(Name, FILE_WRITE_ATTRIBUTES, FILE_OPEN_REPARSE_POINT, &File);

    if (NT_SUCCESS(Status)) {
        Basic.FileAttributes =
            (FileAttributes & 0x31A7 /* FILE_ATTRIBUTE_VALID_SET_FLAGS */) | FILE_ATTRIBUTE_NORMAL;
        Status = NtSetInformationFile(File, &Iosb, &Basic, sizeof(Basic), FileBasicInformation);
        NtClose(File);
    }
    return BaseResult(Status);
}

ANSI_FORM(BOOL, SetFileAttributesA, (LPCSTR Name, DWORD FileAttributes), Name, FALSE,
          SetFileAttributesW(Wide.Buffer, FileAttributes))
