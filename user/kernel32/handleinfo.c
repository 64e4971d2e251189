/*
 * handleinfo.c - GetFileInformationByHandleEx and SetFileInformationByHandle: each class of theirs is one of the
 * system's under another number, of a file, of its volume or of a directory; the layouts are equal.
 * [LEARN: the two, FILE_INFO_BY_HANDLE_CLASS, FILE_RENAME_INFO]
 */
#include "user/kernel32/base.h"

#define FileFsSectorSizeInformation    11
#define FileIoPriorityHintInformation  43
#define FileIdInformation              59
#define FileIdExtdDirectoryInformation 60
#define FileDispositionInformationEx   64
#define FileRenameInformationEx        65

enum { OF_FILE = 1, OF_VOLUME, OF_DIRECTORY, OF_DIRECTORY_AGAIN };

static const struct {
    UCHAR Kind, Native; /* 0: it cannot be asked for */
    UCHAR Set;          /* 0: it cannot be set */
} Classes[] = {
    [FileBasicInfo] = {OF_FILE, FileBasicInformation, FileBasicInformation},
    [FileStandardInfo] = {OF_FILE, FileStandardInformation},
    [FileNameInfo] = {OF_FILE, FileNameInformation},
    [FileRenameInfo] = {.Set = FileRenameInformation},
    [FileDispositionInfo] = {.Set = FileDispositionInformation},
    [FileAllocationInfo] = {.Set = FileAllocationInformation},
    [FileEndOfFileInfo] = {.Set = FileEndOfFileInformation},
    [FileStreamInfo] = {OF_FILE, FileStreamInformation},
    [FileCompressionInfo] = {OF_FILE, FileCompressionInformation},
    [FileAttributeTagInfo] = {OF_FILE, FileAttributeTagInformation},
    [FileIdBothDirectoryInfo] = {OF_DIRECTORY, FileIdBothDirectoryInformation},
    [FileIdBothDirectoryRestartInfo] = {OF_DIRECTORY_AGAIN, FileIdBothDirectoryInformation},
    [FileIoPriorityHintInfo] = {.Set = FileIoPriorityHintInformation},
    [FileFullDirectoryInfo] = {OF_DIRECTORY, FileFullDirectoryInformation},
    [FileFullDirectoryRestartInfo] = {OF_DIRECTORY_AGAIN, FileFullDirectoryInformation},
    [FileStorageInfo] = {OF_VOLUME, FileFsSectorSizeInformation},
    [FileAlignmentInfo] = {OF_FILE, FileAlignmentInformation},
    [FileIdInfo] = {OF_FILE, FileIdInformation},
    [FileIdExtdDirectoryInfo] = {OF_DIRECTORY, FileIdExtdDirectoryInformation},
    [FileIdExtdDirectoryRestartInfo] = {OF_DIRECTORY_AGAIN, FileIdExtdDirectoryInformation},
    [21 /* FileDispositionInfoEx */] = {.Set = FileDispositionInformationEx},
    [22 /* FileRenameInfoEx */] = {.Set = FileRenameInformationEx},
};

/* As many entries as have room; ERROR_NO_MORE_FILES after the last. */
static NTSTATUS
BaseReadDirectory(HANDLE Directory, PVOID Information, ULONG Length, ULONG Native, BOOLEAN Again)
{
    IO_STATUS_BLOCK Iosb;
    NTSTATUS Status = NtQueryDirectoryFile(Directory, NULL, NULL, NULL, &Iosb, Information, Length,
                                           Native, FALSE, NULL, Again);

    return BaseWaitForFile(Directory, &Iosb, Status);
}

BOOL WINAPI
GetFileInformationByHandleEx(HANDLE File, FILE_INFO_BY_HANDLE_CLASS Class, LPVOID Information,
                             DWORD Length)
{
    IO_STATUS_BLOCK Iosb;
    ULONG Native;

    if ((ULONG)Class >= RTL_NUMBER_OF(Classes)) {
        return BaseFailWith(ERROR_INVALID_PARAMETER);
    }
    Native = Classes[Class].Native;
    switch (Classes[Class].Kind) {
    case OF_FILE:
        return BaseResult(NtQueryInformationFile(File, &Iosb, Information, Length, Native));
    case OF_VOLUME:
        return BaseResult(NtQueryVolumeInformationFile(File, &Iosb, Information, Length, Native));
    case OF_DIRECTORY:
    case OF_DIRECTORY_AGAIN:
        return BaseResult(BaseReadDirectory(File, Information, Length, Native,
                                            Classes[Class].Kind == OF_DIRECTORY_AGAIN));
    }
    return BaseFailWith(ERROR_INVALID_PARAMETER);
}

NTSTATUS
BaseRename(HANDLE File, HANDLE Root, ULONG Flags, LPCWSTR New, ULONG Class)
{
    PFILE_RENAME_INFORMATION Rename;
    UNICODE_STRING Name, NtPath = {0};
    IO_STATUS_BLOCK Iosb;
    NTSTATUS Status = STATUS_NO_MEMORY;
    ULONG Size;

    RtlInitUnicodeString(&Name, New);
    if (Root == NULL && New[0] != L':') {
        if (!BaseNtPath(New, &NtPath)) {
            return STATUS_OBJECT_PATH_NOT_FOUND; /* what BaseNtPath says */
        }
        Name = NtPath;
    }
    Size = sizeof(*Rename) + Name.Length;
    Rename = RtlAllocateHeap(BaseHeap(), HEAP_ZERO_MEMORY, Size);
    if (Rename != NULL) {
        *(ULONG *)Rename = Flags; /* its lowest bit is ReplaceIfExists */
        Rename->RootDirectory = Root;
        Rename->FileNameLength = Name.Length;
        RtlCopyMemory(Rename->FileName, Name.Buffer, Name.Length);
        Status = NtSetInformationFile(File, &Iosb, Rename, Size, Class);
        RtlFreeHeap(BaseHeap(), 0, Rename);
    }
    RtlFreeUnicodeString(&NtPath);
    return Status;
}

/* FILE_RENAME_INFO is the system's structure with a name as Win32 writes it, which need not end with a zero. */
static NTSTATUS
BaseRenameByInfo(HANDLE File, const FILE_RENAME_INFO *Info, DWORD Length, ULONG Class)
{
    const ULONG Header = FIELD_OFFSET(FILE_RENAME_INFO, FileName);
    ULONG Flags = Class == FileRenameInformationEx ? *(const ULONG *)Info : Info->ReplaceIfExists;
    PWSTR Name;
    NTSTATUS Status;

    if (Length < Header || Info->FileNameLength > Length - Header ||
        Info->FileNameLength % sizeof(WCHAR) != 0 || Info->FileNameLength == 0) {
        return STATUS_INVALID_PARAMETER;
    }
    Name = RtlAllocateHeap(BaseHeap(), HEAP_ZERO_MEMORY, Info->FileNameLength + sizeof(WCHAR));
    if (Name == NULL) {
        return STATUS_NO_MEMORY;
    }
    RtlCopyMemory(Name, Info->FileName, Info->FileNameLength);
    Status = BaseRename(File, Info->RootDirectory, Flags, Name, Class);
    RtlFreeHeap(BaseHeap(), 0, Name);
    return Status;
}

BOOL WINAPI
SetFileInformationByHandle(HANDLE File, FILE_INFO_BY_HANDLE_CLASS Class, LPVOID Information,
                           DWORD Length)
{
    IO_STATUS_BLOCK Iosb;
    ULONG Native = (ULONG)Class < RTL_NUMBER_OF(Classes) ? Classes[Class].Set : 0;

    if (Native == 0) {
        return BaseFailWith(ERROR_INVALID_PARAMETER);
    }
    if (Native == FileRenameInformation || Native == FileRenameInformationEx) {
        return BaseResult(BaseRenameByInfo(File, Information, Length, Native));
    }
    return BaseResult(NtSetInformationFile(File, &Iosb, Information, Length, Native));
}
