/*
 * find.c - FindFirstFile and its kin.
 *
 * A search is an open folder and a buffer of FILE_BOTH_DIR_INFORMATION entries; the first query gives the pattern to
 * the file system, which keeps it. Patterns of DOS: "*." and "?" at the end are turned into the ones that NT file
 * systems understand. Facts: FindFirstFileEx, ZwQueryDirectoryFile, FsRtlIsNameInExpression (DOS_STAR, DOS_QM, DOS_DOT).
 */
#include "user/kernel32/base.h"
#include "user/kernel32/find.h"

#define FIND_ROOM 4096

typedef struct _BASE_FIND {
    ULONG Magic;
    ULONG Next; /* offset of the entry to give next; FIND_ROOM: read again */
    HANDLE Folder;
    UCHAR Buffer[FIND_ROOM];
} BASE_FIND, *PBASE_FIND;
C_ASSERT(FIELD_OFFSET(BASE_FIND, Folder) == FIELD_OFFSET(BASE_FIND_HEAD, Folder));

/* EndsInPoint: the name as it was given did; that point is no part of the path any more. */
static VOID
BaseDosPattern(PUNICODE_STRING Pattern, BOOL EndsInPoint)
{
    ULONG Count = Pattern->Length / sizeof(WCHAR), Index;
    PWSTR Text = Pattern->Buffer;

    if (Count == 3 && Text[0] == L'*' && Text[1] == L'.' && Text[2] == L'*') {
        Pattern->Length = sizeof(WCHAR); /* "*.*" has always meant everything */
        return;
    }
    for (Index = 0; Index < Count; Index++) {
        if (Text[Index] == L'?') {
            Text[Index] = L'>';
        } else if (Text[Index] == L'.' && Index + 1 < Count &&
                   (Text[Index + 1] == L'?' || Text[Index + 1] == L'*')) {
            Text[Index] = L'"';
        } else if (Text[Index] == L'*' &&
                   (Index + 1 < Count ? Text[Index + 1] == L'.' : EndsInPoint)) {
            Text[Index] = L'<';
        }
    }
}

static VOID
BaseFillFound(PFILE_BOTH_DIR_INFORMATION Entry, LPWIN32_FIND_DATAW Data)
{
    ULONG Bytes = min(Entry->FileNameLength, (MAX_PATH - 1) * sizeof(WCHAR));

    RtlZeroMemory(Data, sizeof(*Data));
    Data->dwFileAttributes = Entry->FileAttributes;
    Data->ftCreationTime = *(LPFILETIME)&Entry->CreationTime;
    Data->ftLastAccessTime = *(LPFILETIME)&Entry->LastAccessTime;
    Data->ftLastWriteTime = *(LPFILETIME)&Entry->LastWriteTime;
    Data->nFileSizeHigh = Entry->EndOfFile.HighPart;
    Data->nFileSizeLow = Entry->EndOfFile.LowPart;
    if ((Entry->FileAttributes & FILE_ATTRIBUTE_REPARSE_POINT) != 0) {
        Data->dwReserved0 = Entry->EaSize;
    }
    RtlCopyMemory(Data->cFileName, Entry->FileName, Bytes);
    RtlCopyMemory(Data->cAlternateFileName, Entry->ShortName,
                  min((ULONG)Entry->ShortNameLength, 26));
}

static NTSTATUS
BaseFindMore(PBASE_FIND Find, PUNICODE_STRING Pattern, LPWIN32_FIND_DATAW Data)
{
    PFILE_BOTH_DIR_INFORMATION Entry;
    IO_STATUS_BLOCK Iosb;
    NTSTATUS Status;

    if (Find->Folder == NULL) {
        return STATUS_NO_MORE_FILES; /* a device */
    }
    if (Find->Next == FIND_ROOM) {
        Status =
            NtQueryDirectoryFile(Find->Folder, NULL, NULL, NULL, &Iosb, Find->Buffer, FIND_ROOM,
                                 FileBothDirectoryInformation, FALSE, Pattern, Pattern != NULL);
        if (!NT_SUCCESS(Status)) {
            return Status;
        }
        Find->Next = 0;
    }
    Entry = (PFILE_BOTH_DIR_INFORMATION)(Find->Buffer + Find->Next);
    BaseFillFound(Entry, Data);
    Find->Next = Entry->NextEntryOffset != 0 ? Find->Next + Entry->NextEntryOffset : FIND_ROOM;
    return STATUS_SUCCESS;
}

/* A device by its reserved name is found once, as a file without anything in it. */
static HANDLE
BaseFindDevice(LPCWSTR Name, ULONG Bytes, LPWIN32_FIND_DATAW Data)
{
    PBASE_FIND Find = RtlAllocateHeap(BaseHeap(), HEAP_ZERO_MEMORY, sizeof(*Find));

    if (Find == NULL) {
        BaseFailWith(ERROR_NOT_ENOUGH_MEMORY);
        return INVALID_HANDLE_VALUE;
    }
    Find->Magic = FIND_MAGIC;
    RtlZeroMemory(Data, sizeof(*Data));
    Data->dwFileAttributes = FILE_ATTRIBUTE_ARCHIVE;
    RtlCopyMemory(Data->cFileName, Name, Bytes);
    return (HANDLE)Find;
}

HANDLE WINAPI
FindFirstFileExW(LPCWSTR Name, FINDEX_INFO_LEVELS Level, LPVOID Data, FINDEX_SEARCH_OPS Op,
                 LPVOID Filter, DWORD Flags)
{
    OBJECT_ATTRIBUTES Attributes;
    IO_STATUS_BLOCK Iosb;
    UNICODE_STRING NtPath, Folder, Pattern;
    PBASE_FIND Find;
    NTSTATUS Status;
    PWSTR Part;
    ULONG Length, Device;

    if (Level > FindExInfoBasic || Op == FindExSearchLimitToDevices || Filter != NULL) {
        BaseFailWith(Op == FindExSearchLimitToDevices ? ERROR_NOT_SUPPORTED
                                                      : ERROR_INVALID_PARAMETER);
        return INVALID_HANDLE_VALUE;
    }
    Length = Name == NULL ? 0 : (ULONG)wcslen(Name);
    if (Length == 0) {
        BaseFailWith(ERROR_PATH_NOT_FOUND);
        return INVALID_HANDLE_VALUE;
    }
    Status = RtlDosPathNameToNtPathName_U_WithStatus(Name, &NtPath, &Part, NULL);
    if (NT_SUCCESS(Status) && BaseIsTooLong(Name, &NtPath, MAX_PATH)) {
        RtlFreeUnicodeString(&NtPath);
        Status = STATUS_NAME_TOO_LONG;
    }
    if (!NT_SUCCESS(Status)) {
        BaseFailWith(ERROR_PATH_NOT_FOUND);
        return INVALID_HANDLE_VALUE;
    }
    Device = RtlIsDosDeviceName_U(Name);
    if (Device != 0) {
        RtlFreeUnicodeString(&NtPath);
        return BaseFindDevice(Name + (Device >> 16) / sizeof(WCHAR), Device & 0xFFFF, Data);
    }
    if (Part == NULL) {
        Part = NtPath.Buffer + NtPath.Length / sizeof(WCHAR);
    }
    Find = RtlAllocateHeap(BaseHeap(), 0, sizeof(*Find));
    if (Find == NULL) {
        RtlFreeUnicodeString(&NtPath);
        BaseFailWith(ERROR_NOT_ENOUGH_MEMORY);
        return INVALID_HANDLE_VALUE;
    }
    Folder = NtPath;
    Folder.Length = (USHORT)((PUCHAR)Part - (PUCHAR)NtPath.Buffer);
    Pattern.Buffer = Part;
    Pattern.Length = Pattern.MaximumLength = NtPath.Length - Folder.Length;
    BaseDosPattern(&Pattern, Name[Length - 1] == L'.');
    InitializeObjectAttributes(&Attributes, &Folder, OBJ_CASE_INSENSITIVE, NULL, NULL);
    Status = NtOpenFile(&Find->Folder, FILE_LIST_DIRECTORY | SYNCHRONIZE, &Attributes, &Iosb,
                        FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE,
                        FILE_DIRECTORY_FILE | FILE_SYNCHRONOUS_IO_NONALERT |
                            FILE_OPEN_FOR_BACKUP_INTENT);
    if (NT_SUCCESS(Status)) {
        Find->Magic = FIND_MAGIC;
        Find->Next = FIND_ROOM;
        Status = Pattern.Length != 0 ? BaseFindMore(Find, &Pattern, Data) : STATUS_NO_SUCH_FILE;
        if (!NT_SUCCESS(Status)) {
            NtClose(Find->Folder);
        }
        if (Status == STATUS_NO_MORE_FILES) {
            Status = STATUS_NO_SUCH_FILE;
        }
    } else if (Status == STATUS_OBJECT_NAME_NOT_FOUND || Status == STATUS_NOT_A_DIRECTORY) {
        Status = STATUS_OBJECT_PATH_NOT_FOUND;
    }
    RtlFreeUnicodeString(&NtPath);
    if (!NT_SUCCESS(Status)) {
        RtlFreeHeap(BaseHeap(), 0, Find);
        BaseFail(Status);
        return INVALID_HANDLE_VALUE;
    }
    return (HANDLE)Find;
}

HANDLE WINAPI
FindFirstFileW(LPCWSTR Name, LPWIN32_FIND_DATAW Data)
{
    return FindFirstFileExW(Name, FindExInfoStandard, Data, FindExSearchNameMatch, NULL, 0);
}

static PBASE_FIND
BaseFindOf(HANDLE Handle)
{
    if (Handle == NULL || Handle == INVALID_HANDLE_VALUE ||
        ((PBASE_FIND)Handle)->Magic != FIND_MAGIC) {
        BaseFailWith(ERROR_INVALID_HANDLE);
        return NULL;
    }
    return Handle;
}

BOOL WINAPI
FindNextFileW(HANDLE Handle, LPWIN32_FIND_DATAW Data)
{
    PBASE_FIND Find = BaseFindOf(Handle);

    return Find == NULL ? FALSE : BaseResult(BaseFindMore(Find, NULL, Data));
}

BOOL WINAPI
FindClose(HANDLE Handle)
{
    PBASE_FIND Find = BaseFindOf(Handle);

    if (Find == NULL) {
        return FALSE;
    }
    if (Find->Folder != NULL) {
        NtClose(Find->Folder);
    }
    Find->Magic = 0;
    RtlFreeHeap(BaseHeap(), 0, Find);
    return TRUE;
}

static VOID
BaseFindToAnsi(const WIN32_FIND_DATAW *Wide, LPWIN32_FIND_DATAA Ansi)
{
    RtlCopyMemory(Ansi, Wide, FIELD_OFFSET(WIN32_FIND_DATAA, cFileName));
    BaseToAnsi(Wide->cFileName, (DWORD)wcslen(Wide->cFileName), Ansi->cFileName,
               sizeof(Ansi->cFileName));
    BaseToAnsi(Wide->cAlternateFileName, (DWORD)wcslen(Wide->cAlternateFileName),
               Ansi->cAlternateFileName, sizeof(Ansi->cAlternateFileName));
}

HANDLE WINAPI
FindFirstFileExA(LPCSTR Name, FINDEX_INFO_LEVELS Level, LPVOID Data, FINDEX_SEARCH_OPS Op,
                 LPVOID Filter, DWORD Flags)
{
    WIN32_FIND_DATAW Wide;
    UNICODE_STRING WideName;
    HANDLE Find;

    if (!BaseToWide(&WideName, Name)) {
        return INVALID_HANDLE_VALUE;
    }
    Find = FindFirstFileExW(WideName.Buffer, Level, &Wide, Op, Filter, Flags);
    RtlFreeUnicodeString(&WideName);
    if (Find != INVALID_HANDLE_VALUE) {
        BaseFindToAnsi(&Wide, Data);
    }
    return Find;
}

HANDLE WINAPI
FindFirstFileA(LPCSTR Name, LPWIN32_FIND_DATAA Data)
{
    return FindFirstFileExA(Name, FindExInfoStandard, Data, FindExSearchNameMatch, NULL, 0);
}

BOOL WINAPI
FindNextFileA(HANDLE Handle, LPWIN32_FIND_DATAA Data)
{
    WIN32_FIND_DATAW Wide;

    if (!FindNextFileW(Handle, &Wide)) {
        return FALSE;
    }
    BaseFindToAnsi(&Wide, Data);
    return TRUE;
}
