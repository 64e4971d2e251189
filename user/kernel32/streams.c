/*
 * streams.c - the streams and the names of a file, one after the other; symbolic links.
 *
 * An enumeration is a copy of what the file system said when it began, in heap memory; FindClose takes it as it takes any
 * other: its first field is the handle of a file (find.c).
 */
#include "user/kernel32/base.h"
#include "user/kernel32/find.h"

#define SE_CREATE_SYMBOLIC_LINK_PRIVILEGE 35 /* as wdm.h has it */

typedef struct _BASE_LIST {
    BASE_FIND_HEAD Find; /* Next is ~0 at the end */
    ULONG64 Buffer[4096];
} BASE_LIST, *PBASE_LIST;

static PBASE_LIST
BaseListOf(LPCWSTR Name, FILE_INFORMATION_CLASS Class)
{
    PBASE_LIST List;
    IO_STATUS_BLOCK Iosb;
    NTSTATUS Status;
    HANDLE File = CreateFileW(Name, FILE_READ_ATTRIBUTES,
                              FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE, NULL,
                              OPEN_EXISTING, FILE_FLAG_BACKUP_SEMANTICS, NULL);

    if (File == INVALID_HANDLE_VALUE) {
        return NULL;
    }
    List = RtlAllocateHeap(BaseHeap(), HEAP_ZERO_MEMORY, sizeof(*List));
    if (List == NULL) {
        NtClose(File);
        BaseFailWith(ERROR_NOT_ENOUGH_MEMORY);
        return NULL;
    }
    Status = NtQueryInformationFile(File, &Iosb, List->Buffer, sizeof(List->Buffer), Class);
    if (!NT_SUCCESS(Status) || Iosb.Information == 0) {
        NtClose(File);
        RtlFreeHeap(BaseHeap(), 0, List);
        BaseFail(NT_SUCCESS(Status) ? STATUS_END_OF_FILE : Status);
        return NULL;
    }
    List->Find.Magic = FIND_MAGIC;
    List->Find.Folder = File;
    return List;
}

BOOL WINAPI
FindNextStreamW(HANDLE Find, LPVOID Data)
{
    PBASE_LIST List = (PBASE_LIST)Find;
    PWIN32_FIND_STREAM_DATA Stream = Data;
    PFILE_STREAM_INFORMATION Entry;
    ULONG Length;

    if (List->Find.Next == ~0u) {
        return BaseFailWith(ERROR_HANDLE_EOF);
    }
    Entry = (PFILE_STREAM_INFORMATION)((PUCHAR)List->Buffer + List->Find.Next);
    Length = min(Entry->StreamNameLength, sizeof(Stream->cStreamName) - sizeof(WCHAR));
    Stream->StreamSize = Entry->StreamSize;
    RtlCopyMemory(Stream->cStreamName, Entry->StreamName, Length);
    Stream->cStreamName[Length / sizeof(WCHAR)] = 0;
    List->Find.Next = Entry->NextEntryOffset != 0 ? List->Find.Next + Entry->NextEntryOffset : ~0u;
    return TRUE;
}

/* ERROR_HANDLE_EOF: no stream, as a folder has none that is not named. */
HANDLE WINAPI
FindFirstStreamW(LPCWSTR Name, STREAM_INFO_LEVELS Level, LPVOID Data, DWORD Flags)
{
    PBASE_LIST List;

    if (Level != FindStreamInfoStandard || Flags != 0) {
        BaseFailWith(ERROR_INVALID_PARAMETER);
        return INVALID_HANDLE_VALUE;
    }
    List = BaseListOf(Name, FileStreamInformation);
    if (List == NULL) {
        return INVALID_HANDLE_VALUE;
    }
    FindNextStreamW((HANDLE)List, Data);
    return (HANDLE)List;
}

typedef struct _BASE_LINK {
    ULONG NextEntryOffset;
    LONGLONG ParentFileId;
    ULONG FileNameLength;
    WCHAR FileName[1];
} BASE_LINK, *PBASE_LINK; /* FILE_LINK_ENTRY_INFORMATION */

/* The path on the volume: the folder by its number, then the name. */
BOOL WINAPI
FindNextFileNameW(HANDLE Find, LPDWORD Room, PWSTR Name)
{
    PBASE_LIST List = (PBASE_LIST)Find;
    struct {
        FILE_NAME_INFORMATION Information;
        WCHAR Text[1024];
    } Folder;
    FILE_ID_DESCRIPTOR Id = {.dwSize = sizeof(Id), .Type = FileIdType};
    IO_STATUS_BLOCK Iosb;
    PBASE_LINK Entry;
    ULONG FolderLength, Length;
    HANDLE Parent;
    NTSTATUS Status;

    if (List->Find.Next == ~0u) {
        return BaseFailWith(ERROR_HANDLE_EOF);
    }
    Entry = (PBASE_LINK)((PUCHAR)List->Buffer + List->Find.Next);
    Id.FileId.QuadPart = Entry->ParentFileId;
    Parent = OpenFileById(List->Find.Folder, &Id, FILE_READ_ATTRIBUTES,
                          FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE, NULL,
                          FILE_FLAG_BACKUP_SEMANTICS);
    if (Parent == INVALID_HANDLE_VALUE) {
        return FALSE;
    }
    Status = NtQueryInformationFile(Parent, &Iosb, &Folder, sizeof(Folder), FileNameInformation);
    NtClose(Parent);
    if (!NT_SUCCESS(Status)) {
        return BaseFail(Status);
    }
    FolderLength = Folder.Information.FileNameLength / sizeof(WCHAR);
    FolderLength -= FolderLength == 1; /* the root's own backslash */
    Length = FolderLength + 1 + Entry->FileNameLength + 1;
    if (*Room < Length) {
        *Room = Length;
        return BaseFailWith(ERROR_MORE_DATA);
    }
    *Room = Length;
    RtlCopyMemory(Name, Folder.Information.FileName, FolderLength * sizeof(WCHAR));
    Name[FolderLength] = L'\\';
    RtlCopyMemory(Name + FolderLength + 1, Entry->FileName, Entry->FileNameLength * sizeof(WCHAR));
    Name[Length - 1] = 0;
    List->Find.Next = Entry->NextEntryOffset != 0 ? List->Find.Next + Entry->NextEntryOffset : ~0u;
    return TRUE;
}

HANDLE WINAPI
FindFirstFileNameW(LPCWSTR Path, DWORD Flags, LPDWORD Room, PWSTR Name)
{
    PBASE_LIST List;

    if (Flags != 0) {
        BaseFailWith(ERROR_INVALID_PARAMETER);
        return INVALID_HANDLE_VALUE;
    }
    List = BaseListOf(Path, FileHardLinkInformation);
    if (List == NULL) {
        return INVALID_HANDLE_VALUE;
    }
    List->Find.Next = 8; /* FILE_LINKS_INFORMATION: BytesNeeded, EntriesReturned */
    if (!FindNextFileNameW((HANDLE)List, Room, Name)) {
        DWORD Error = GetLastError();

        FindClose((HANDLE)List);
        BaseFailWith(Error);
        return INVALID_HANDLE_VALUE;
    }
    return (HANDLE)List;
}

/* A new file or folder, and its reparse point: the substitute name for the system, the print name for people. */
BOOLEAN WINAPI
CreateSymbolicLinkW(LPCWSTR Link, LPCWSTR Target, DWORD Flags)
{
    BOOL Relative =
        Target[0] != L'\\' && !(Target[0] != 0 && Target[1] == L':') && Target[0] != L'/';
    SIZE_T Print = wcslen(Target) * sizeof(WCHAR);
    UNICODE_STRING NtPath = {0};
    struct {
        ULONG Tag;
        USHORT Length, Reserved;
        USHORT SubstituteOffset, SubstituteLength, PrintOffset, PrintLength;
        ULONG Flags;
        WCHAR Path[];
    } *Reparse;
    IO_STATUS_BLOCK Iosb;
    SIZE_T Substitute, Total;
    BOOLEAN Had, Acquired;
    HANDLE File;
    NTSTATUS Status;

    if ((Flags & ~(SYMBOLIC_LINK_FLAG_DIRECTORY | 2 /* ALLOW_UNPRIVILEGED_CREATE */)) != 0) {
        return (BOOLEAN)BaseFailWith(ERROR_INVALID_PARAMETER);
    }
    if (!Relative && !BaseNtPath(Target, &NtPath)) {
        return FALSE;
    }
    Substitute = Relative ? Print : NtPath.Length;
    Total = sizeof(*Reparse) + Substitute + Print;
    Reparse = RtlAllocateHeap(BaseHeap(), HEAP_ZERO_MEMORY, Total);
    if (Reparse == NULL) {
        RtlFreeUnicodeString(&NtPath);
        return (BOOLEAN)BaseFailWith(ERROR_NOT_ENOUGH_MEMORY);
    }
    Reparse->Tag = IO_REPARSE_TAG_SYMLINK;
    Reparse->Length = (USHORT)(Total - 8);
    Reparse->SubstituteLength = (USHORT)Substitute;
    Reparse->PrintOffset = (USHORT)Substitute;
    Reparse->PrintLength = (USHORT)Print;
    Reparse->Flags = Relative; /* SYMLINK_FLAG_RELATIVE */
    RtlCopyMemory(Reparse->Path, Relative ? Target : NtPath.Buffer, Substitute);
    RtlCopyMemory((PUCHAR)Reparse->Path + Substitute, Target, Print);
    RtlFreeUnicodeString(&NtPath);
    if ((Flags & SYMBOLIC_LINK_FLAG_DIRECTORY) != 0 && !CreateDirectoryW(Link, NULL)) {
        RtlFreeHeap(BaseHeap(), 0, Reparse);
        return FALSE;
    }
    File = CreateFileW(Link, FILE_WRITE_ATTRIBUTES | DELETE, 0, NULL,
                       (Flags & SYMBOLIC_LINK_FLAG_DIRECTORY) != 0 ? OPEN_EXISTING : CREATE_NEW,
                       FILE_FLAG_BACKUP_SEMANTICS | FILE_FLAG_OPEN_REPARSE_POINT, NULL);
    if (File == INVALID_HANDLE_VALUE) {
        RtlFreeHeap(BaseHeap(), 0, Reparse);
        return FALSE;
    }
    /* Who has the privilege need not have it enabled. */
    Acquired = NT_SUCCESS(RtlAdjustPrivilege(SE_CREATE_SYMBOLIC_LINK_PRIVILEGE, TRUE, FALSE, &Had));
    Status = NtFsControlFile(File, NULL, NULL, NULL, &Iosb, FSCTL_SET_REPARSE_POINT, Reparse,
                             (ULONG)Total, NULL, 0);
    if (Acquired && !Had) {
        RtlAdjustPrivilege(SE_CREATE_SYMBOLIC_LINK_PRIVILEGE, FALSE, FALSE, &Had);
    }
    if (!NT_SUCCESS(Status)) {
        FILE_DISPOSITION_INFORMATION Delete = {TRUE};

        NtSetInformationFile(File, &Iosb, &Delete, sizeof(Delete), FileDispositionInformation);
    }
    NtClose(File);
    RtlFreeHeap(BaseHeap(), 0, Reparse);
    return (BOOLEAN)BaseResult(Status);
}

ANSI_FORM_OF_TWO(BOOLEAN, CreateSymbolicLinkA, (LPCSTR Link, LPCSTR Target, DWORD Flags), Link,
                 Target, CreateSymbolicLinkW(Wide[0].Buffer, Wide[1].Buffer, Flags))
