/*
 * fileops.c - copies and moves with progress, replacing a file, opening again and by number, the calls of 16-bit Windows.
 */
#include "user/kernel32/base.h"

ANSI_FORM_OF_TWO(BOOL, CopyFileExA,
                 (LPCSTR Old, LPCSTR New, LPPROGRESS_ROUTINE Progress, LPVOID Data, LPBOOL Cancel,
                  DWORD Flags),
                 Old, New,
                 CopyFileExW(Wide[0].Buffer, Wide[1].Buffer, Progress, Data, Cancel, Flags))

/* A rename moves no bytes: the routine is called for a copy to another volume only. */
BOOL WINAPI
MoveFileWithProgressW(LPCWSTR Old, LPCWSTR New, LPPROGRESS_ROUTINE Progress, LPVOID Data,
                      DWORD Flags)
{
    return MoveFileExW(Old, New, Flags);
}

BOOL WINAPI
MoveFileWithProgressA(LPCSTR Old, LPCSTR New, LPPROGRESS_ROUTINE Progress, LPVOID Data, DWORD Flags)
{
    return MoveFileExA(Old, New, Flags);
}

/* The replaced file leaves its name: for that of the backup, or for one of our own until it is deleted. */
static NTSTATUS
BaseStepAside(HANDLE File, LPCWSTR Replaced, LPCWSTR Backup)
{
    SIZE_T Length = wcslen(Replaced) + 16;
    NTSTATUS Status = STATUS_OBJECT_NAME_COLLISION;
    PWSTR Name;

    if (Backup != NULL) {
        return BaseRename(File, NULL, TRUE, Backup, FileRenameInformation);
    }
    Name = RtlAllocateHeap(BaseHeap(), 0, Length * sizeof(WCHAR));
    if (Name == NULL) {
        return STATUS_NO_MEMORY;
    }
    for (ULONG Try = 1; Try < 0x10000 && Status == STATUS_OBJECT_NAME_COLLISION; Try++) {
        _snwprintf(Name, Length, L"%ls~RF%x.TMP", Replaced, (UINT)Try);
        Status = BaseRename(File, NULL, FALSE, Name, FileRenameInformation);
    }
    RtlFreeHeap(BaseHeap(), 0, Name);
    return Status;
}

/*
 * The replacement takes the replaced file's name and creation time; the replaced one becomes the backup, or goes. Nobody
 * else may have the replacement open; who has the replaced file must let it be deleted. A read-only file is neither.
 * [LEARN: ReplaceFile]
 */
BOOL WINAPI
ReplaceFileW(LPCWSTR Replaced, LPCWSTR Replacement, LPCWSTR Backup, DWORD Flags, LPVOID Exclude,
             LPVOID Reserved)
{
    const DWORD All = FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE;
    BY_HANDLE_FILE_INFORMATION Old, New;
    HANDLE From, To;
    DWORD Error = ERROR_SUCCESS;

    if (Exclude != NULL || Reserved != NULL || Replaced == NULL || Replacement == NULL) {
        return BaseFailWith(ERROR_INVALID_PARAMETER);
    }
    To = CreateFileW(Replaced, GENERIC_READ | DELETE, All, NULL, OPEN_EXISTING, 0, NULL);
    if (To == INVALID_HANDLE_VALUE) {
        return FALSE;
    }
    From = CreateFileW(Replacement, GENERIC_READ | GENERIC_WRITE | DELETE | WRITE_DAC, 0, NULL,
                       OPEN_EXISTING, 0, NULL);
    if (From == INVALID_HANDLE_VALUE) {
        Error = GetLastError();
    } else if (!GetFileInformationByHandle(To, &Old) || !GetFileInformationByHandle(From, &New)) {
        Error = GetLastError();
    } else if ((Old.dwFileAttributes & FILE_ATTRIBUTE_READONLY) != 0) {
        Error = ERROR_ACCESS_DENIED;
    } else if (!NT_SUCCESS(BaseStepAside(To, Replaced, Backup))) {
        Error = ERROR_UNABLE_TO_REMOVE_REPLACED;
    } else if (!NT_SUCCESS(BaseRename(From, NULL, FALSE, Replaced, FileRenameInformation))) {
        Error = NT_SUCCESS(BaseRename(To, NULL, FALSE, Replaced, FileRenameInformation))
                    ? ERROR_UNABLE_TO_MOVE_REPLACEMENT
                    : ERROR_UNABLE_TO_MOVE_REPLACEMENT_2;
    } else {
        SetFileTime(From, &Old.ftCreationTime, NULL, NULL);
        if (Backup == NULL) {
            FILE_DISPOSITION_INFORMATION Delete = {TRUE};
            IO_STATUS_BLOCK Iosb;

            /* A file that is mapped as an image stays, under the name that it has now. */
            NtSetInformationFile(To, &Iosb, &Delete, sizeof(Delete), FileDispositionInformation);
        }
    }
    if (From != INVALID_HANDLE_VALUE) {
        NtClose(From);
    }
    NtClose(To);
    return Error == ERROR_SUCCESS ? TRUE : BaseFailWith(Error);
}

BOOL WINAPI
ReplaceFileA(LPCSTR Replaced, LPCSTR Replacement, LPCSTR Backup, DWORD Flags, LPVOID Exclude,
             LPVOID Reserved)
{
    UNICODE_STRING Wide[2], WideBackup = {0};
    BOOL Result = FALSE;

    if (!BaseTwoNames(Replaced, Replacement, Wide)) {
        return FALSE;
    }
    if (BaseToWide(&WideBackup, Backup)) {
        Result = ReplaceFileW(Wide[0].Buffer, Wide[1].Buffer, WideBackup.Buffer, Flags, Exclude,
                              Reserved);
        RtlFreeUnicodeString(&WideBackup);
    }
    RtlFreeUnicodeString(&Wide[0]);
    RtlFreeUnicodeString(&Wide[1]);
    return Result;
}

/* CreateFile's flags as options of the service. */
static ULONG
BaseOptions(DWORD Flags)
{
    return ((Flags & FILE_FLAG_OVERLAPPED) != 0 ? 0 : FILE_SYNCHRONOUS_IO_NONALERT) |
           ((Flags & FILE_FLAG_WRITE_THROUGH) != 0 ? FILE_WRITE_THROUGH : 0) |
           ((Flags & FILE_FLAG_NO_BUFFERING) != 0 ? FILE_NO_INTERMEDIATE_BUFFERING : 0) |
           ((Flags & FILE_FLAG_RANDOM_ACCESS) != 0 ? FILE_RANDOM_ACCESS : 0) |
           ((Flags & FILE_FLAG_SEQUENTIAL_SCAN) != 0 ? FILE_SEQUENTIAL_ONLY : 0) |
           ((Flags & FILE_FLAG_DELETE_ON_CLOSE) != 0 ? FILE_DELETE_ON_CLOSE : 0) |
           ((Flags & FILE_FLAG_OPEN_REPARSE_POINT) != 0 ? FILE_OPEN_REPARSE_POINT : 0) |
           ((Flags & FILE_FLAG_BACKUP_SEMANTICS) != 0 ? FILE_OPEN_FOR_BACKUP_INTENT
                                                      : FILE_NON_DIRECTORY_FILE);
}

static HANDLE
BaseOpenRelative(HANDLE Root, PUNICODE_STRING Name, DWORD Access, DWORD Share, ULONG Options,
                 LPSECURITY_ATTRIBUTES Security)
{
    OBJECT_ATTRIBUTES Attributes;
    IO_STATUS_BLOCK Iosb;
    HANDLE File;
    NTSTATUS Status;

    InitializeObjectAttributes(&Attributes, Name,
                               OBJ_CASE_INSENSITIVE |
                                   (Security != NULL && Security->bInheritHandle ? OBJ_INHERIT : 0),
                               Root, NULL);
    Status = NtCreateFile(&File, Access | SYNCHRONIZE | FILE_READ_ATTRIBUTES, &Attributes, &Iosb,
                          NULL, 0, Share, FILE_OPEN, Options, NULL, 0);
    if (!NT_SUCCESS(Status)) {
        BaseFail(Status);
        return INVALID_HANDLE_VALUE;
    }
    return File;
}

#define BASE_ATTRIBUTES 0x7FB7 /* FILE_ATTRIBUTE_VALID_FLAGS */

/* The same file with other rights: an empty name, relative to it. */
HANDLE WINAPI
ReOpenFile(HANDLE Original, DWORD Access, DWORD Share, DWORD Flags)
{
    UNICODE_STRING Empty = {0};

    if (Flags & BASE_ATTRIBUTES) { /* "can only be specified when the file is created" */
        BaseFailWith(ERROR_INVALID_PARAMETER);
        return INVALID_HANDLE_VALUE;
    }
    return BaseOpenRelative(Original, &Empty, Access, Share, BaseOptions(Flags), NULL);
}

/* The name is the file's number, 8 bytes or 16, on the volume of Hint. */
HANDLE WINAPI
OpenFileById(HANDLE Hint, LPFILE_ID_DESCRIPTOR Id, DWORD Access, DWORD Share,
             LPSECURITY_ATTRIBUTES Security, DWORD Flags)
{
    UNICODE_STRING Name;

    if (Id == NULL) {
        BaseFailWith(ERROR_INVALID_PARAMETER);
        return INVALID_HANDLE_VALUE;
    }
    switch (Id->Type) {
    case FileIdType:
        Name.Length = sizeof(Id->FileId);
        break;
    case ObjectIdType:
    case ExtendedFileIdType:
        Name.Length = sizeof(GUID);
        break;
    default:
        BaseFailWith(ERROR_INVALID_PARAMETER);
        return INVALID_HANDLE_VALUE;
    }
    Name.MaximumLength = Name.Length;
    Name.Buffer = (PWSTR)&Id->FileId;
    /* A folder needs no flag of its own here. */
    return BaseOpenRelative(
        Hint, &Name, Access, Share,
        (BaseOptions(Flags) & ~(ULONG)FILE_NON_DIRECTORY_FILE) | FILE_OPEN_BY_FILE_ID, Security);
}

DWORD WINAPI
GetCompressedFileSizeW(LPCWSTR Name, LPDWORD High)
{
    FILE_STANDARD_INFORMATION Standard;
    IO_STATUS_BLOCK Iosb;
    NTSTATUS Status;
    HANDLE File = CreateFileW(Name, FILE_READ_ATTRIBUTES,
                              FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE, NULL,
                              OPEN_EXISTING, FILE_FLAG_BACKUP_SEMANTICS, NULL);

    if (File == INVALID_HANDLE_VALUE) {
        return INVALID_FILE_SIZE;
    }
    Status =
        NtQueryInformationFile(File, &Iosb, &Standard, sizeof(Standard), FileStandardInformation);
    NtClose(File);
    if (!NT_SUCCESS(Status)) {
        BaseFail(Status);
        return INVALID_FILE_SIZE;
    }
    /* What is not compressed and not sparse: its length. */
    if (High != NULL) {
        *High = (DWORD)Standard.EndOfFile.HighPart;
    }
    SetLastError(ERROR_SUCCESS);
    return Standard.EndOfFile.LowPart;
}

ANSI_FORM(DWORD, GetCompressedFileSizeA, (LPCSTR Name, LPDWORD High), Name, INVALID_FILE_SIZE,
          GetCompressedFileSizeW(Wide.Buffer, High))

BOOL WINAPI
SetFileShortNameW(HANDLE File, LPCWSTR Name)
{
    struct {
        FILE_NAME_INFORMATION Information;
        WCHAR Text[16];
    } Short;
    IO_STATUS_BLOCK Iosb;
    SIZE_T Length = wcslen(Name) * sizeof(WCHAR);

    if (Length > 12 * sizeof(WCHAR)) {
        return BaseFailWith(ERROR_INVALID_PARAMETER);
    }
    RtlZeroMemory(&Short, sizeof(Short));
    Short.Information.FileNameLength = (ULONG)Length;
    RtlCopyMemory(Short.Information.FileName, Name, Length);
    return BaseResult(
        NtSetInformationFile(File, &Iosb, &Short, sizeof(Short), FileShortNameInformation));
}

BOOL WINAPI
CreateDirectoryExW(LPCWSTR Template, LPCWSTR New, LPSECURITY_ATTRIBUTES Security)
{
    DWORD Old = GetFileAttributesW(Template);

    if (Old == INVALID_FILE_ATTRIBUTES) {
        return FALSE;
    }
    if ((Old & FILE_ATTRIBUTE_DIRECTORY) == 0) {
        return BaseFailWith(ERROR_DIRECTORY);
    }
    return CreateDirectoryW(New, Security) &&
           (Old == FILE_ATTRIBUTE_DIRECTORY || SetFileAttributesW(New, Old));
}

ANSI_FORM_OF_TWO(BOOL, CreateDirectoryExA,
                 (LPCSTR Template, LPCSTR New, LPSECURITY_ATTRIBUTES Security), Template, New,
                 CreateDirectoryExW(Wide[0].Buffer, Wide[1].Buffer, Security))

/* Of what the file is a program: only what runs here is told. */
BOOL WINAPI
GetBinaryTypeW(LPCWSTR Name, LPDWORD Type)
{
    IMAGE_DOS_HEADER Dos;
    IMAGE_NT_HEADERS64 Nt;
    DWORD Read;
    BOOL Image = FALSE;
    HANDLE File = CreateFileW(Name, GENERIC_READ, FILE_SHARE_READ, NULL, OPEN_EXISTING, 0, NULL);

    if (File == INVALID_HANDLE_VALUE) {
        return FALSE;
    }
    if (ReadFile(File, &Dos, sizeof(Dos), &Read, NULL) && Read == sizeof(Dos) &&
        Dos.e_magic == IMAGE_DOS_SIGNATURE &&
        SetFilePointer(File, Dos.e_lfanew, NULL, FILE_BEGIN) != INVALID_SET_FILE_POINTER &&
        ReadFile(File, &Nt, sizeof(Nt), &Read, NULL) && Read == sizeof(Nt) &&
        Nt.Signature == IMAGE_NT_SIGNATURE &&
        (Nt.FileHeader.Characteristics & (IMAGE_FILE_EXECUTABLE_IMAGE | IMAGE_FILE_DLL)) ==
            IMAGE_FILE_EXECUTABLE_IMAGE) {
        Image = TRUE;
        *Type =
            Nt.FileHeader.Machine == IMAGE_FILE_MACHINE_AMD64 ? SCS_64BIT_BINARY : SCS_32BIT_BINARY;
    }
    NtClose(File);
    return Image ? TRUE : BaseFailWith(ERROR_BAD_EXE_FORMAT);
}

ANSI_FORM(BOOL, GetBinaryTypeA, (LPCSTR Name, LPDWORD Type), Name, FALSE,
          GetBinaryTypeW(Wide.Buffer, Type))

/* ---- 16-bit Windows ---- */

HFILE WINAPI
_lopen(LPCSTR Name, int Mode)
{
    static const DWORD Access[] = {GENERIC_READ, GENERIC_WRITE, GENERIC_READ | GENERIC_WRITE,
                                   GENERIC_READ};
    static const DWORD Share[] = {FILE_SHARE_READ | FILE_SHARE_WRITE, 0, FILE_SHARE_READ,
                                  FILE_SHARE_WRITE, FILE_SHARE_READ | FILE_SHARE_WRITE};
    int Sharing = Mode >> 4 & 7;

    return (HFILE)(LONG_PTR)CreateFileA(Name, Access[Mode & 3], Share[Sharing < 5 ? Sharing : 0],
                                        NULL, OPEN_EXISTING, 0, NULL);
}

HFILE WINAPI
_lcreat(LPCSTR Name, int Attributes)
{
    return (HFILE)(LONG_PTR)CreateFileA(Name, GENERIC_READ | GENERIC_WRITE,
                                        FILE_SHARE_READ | FILE_SHARE_WRITE, NULL, CREATE_ALWAYS,
                                        (DWORD)Attributes & 0x27, NULL);
}

UINT WINAPI
_lread(HFILE File, LPVOID Buffer, UINT Bytes)
{
    DWORD Read;

    return ReadFile((HANDLE)(LONG_PTR)File, Buffer, Bytes, &Read, NULL) ? Read : (UINT)HFILE_ERROR;
}

UINT WINAPI
_lwrite(HFILE File, LPCCH Buffer, UINT Bytes)
{
    DWORD Written;

    if (Bytes == 0) {
        return SetEndOfFile((HANDLE)(LONG_PTR)File) ? 0 : (UINT)HFILE_ERROR;
    }
    return WriteFile((HANDLE)(LONG_PTR)File, Buffer, Bytes, &Written, NULL) ? Written
                                                                            : (UINT)HFILE_ERROR;
}

long WINAPI
_hread(HFILE File, LPVOID Buffer, long Bytes)
{
    return (long)_lread(File, Buffer, (UINT)Bytes);
}

long WINAPI
_hwrite(HFILE File, LPCCH Buffer, long Bytes)
{
    return (long)_lwrite(File, Buffer, (UINT)Bytes);
}

LONG WINAPI
_llseek(HFILE File, LONG Offset, int Origin)
{
    return (LONG)SetFilePointer((HANDLE)(LONG_PTR)File, Offset, NULL, (DWORD)Origin);
}

HFILE WINAPI
_lclose(HFILE File)
{
    return CloseHandle((HANDLE)(LONG_PTR)File) ? 0 : HFILE_ERROR;
}

/* A file is opened, made, looked for or deleted, by a path of at most OFS_MAXPATHNAME. */
HFILE WINAPI
OpenFile(LPCSTR Name, LPOFSTRUCT Found, UINT Style)
{
    HFILE File = HFILE_ERROR;
    DWORD Length;

    RtlZeroMemory(Found, sizeof(*Found));
    Found->cBytes = sizeof(*Found);
    Length = GetFullPathNameA(Name, OFS_MAXPATHNAME, Found->szPathName, NULL);
    if (Length == 0 || Length >= OFS_MAXPATHNAME) {
        Found->nErrCode = ERROR_INVALID_DATA;
        BaseFailWith(ERROR_INVALID_DATA);
        return HFILE_ERROR;
    }
    if ((Style & OF_PARSE) != 0) {
        return 0;
    }
    if ((Style & OF_CREATE) == 0 &&
        GetFileAttributesA(Found->szPathName) == INVALID_FILE_ATTRIBUTES) {
        char Path[OFS_MAXPATHNAME];

        Length = SearchPathA(NULL, Name, NULL, OFS_MAXPATHNAME, Path, NULL);
        if (Length != 0 && Length < OFS_MAXPATHNAME) {
            strcpy(Found->szPathName, Path);
        }
    }
    if ((Style & OF_DELETE) != 0) {
        File = DeleteFileA(Found->szPathName) ? 1 : HFILE_ERROR;
    } else {
        File = (Style & OF_CREATE) != 0 ? _lcreat(Found->szPathName, 0)
                                        : _lopen(Found->szPathName, (int)Style);
        if (File != HFILE_ERROR && (Style & OF_EXIST) != 0) {
            _lclose(File);
            File = 1;
        }
    }
    if (File == HFILE_ERROR) {
        Found->nErrCode = (WORD)GetLastError();
    }
    return File;
}

VOID WINAPI
SetFileApisToANSI(VOID)
{
}

/* With AreFileApisANSI's TRUE; a code page of its own for files is not there. */
BOOL WINAPI
NeedCurrentDirectoryForExePathW(LPCWSTR Name)
{
    WCHAR Value[2];

    return wcschr(Name, L'\\') != NULL ||
           (GetEnvironmentVariableW(L"NoDefaultCurrentDirectoryInExePath", Value, 2) == 0 &&
            GetLastError() == ERROR_ENVVAR_NOT_FOUND);
}

ANSI_FORM(BOOL, NeedCurrentDirectoryForExePathA, (LPCSTR Name), Name, FALSE,
          NeedCurrentDirectoryForExePathW(Wide.Buffer))
