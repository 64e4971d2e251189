/*
 * hostfs.c - what the host lets the guest see, read-only: what drives C: and D: hold at first (ramdisk.c).
 *
 * The names are those of a small Windows (host: files.c). A file is its path; nothing is cached. The host
 * gives contents, sizes, and the names in a folder in a fixed order.
 *
 *   H1  Whatever would change something is STATUS_MEDIA_WRITE_PROTECTED.
 *   H2  All times are the boot's: files have no age here.
 */
#include "nt/io/iop.h"

#define TAG_HOSTFS 'fHoI'

#define HOSTFS_NAME 128 /* characters of a name or a pattern in an enumeration */

typedef struct _HOSTFS_FILE {
    ULONG64 Size;
    BOOLEAN Directory;
    BOOLEAN Scanned;
    USHORT PatternLength; /* of an enumeration, in bytes */
    ULONG Next;           /* index of the next name */
    WCHAR Pattern[HOSTFS_NAME];
    SHARE_ACCESS Share;
    UNICODE_STRING Name; /* as opened, without a trailing backslash */
    char Path[];         /* for the host: C:\... */
} HOSTFS_FILE, *PHOSTFS_FILE;

static NTSTATUS
HostFsComplete(PIRP Irp, NTSTATUS Status, ULONG_PTR Information)
{
    Irp->IoStatus.Status = Status;
    Irp->IoStatus.Information = Information;
    IofCompleteRequest(Irp, IO_NO_INCREMENT);
    return Status;
}

/* Folders that exist because something is in them. */
static const char *const HostFsFolders[] = {
    "C:",        "C:\\Windows", "C:\\Windows\\System32", "C:\\Windows\\System32\\drivers",
    "C:\\ntlab", "D:"};

/* Is Path, as far as Length, the same as Other, whatever the case of its letters? */
static BOOLEAN
HostFsSamePath(const char *Path, ULONG Length, const char *Other)
{
    for (ULONG i = 0; i < Length; i++) {
        if (Other[i] == 0 || RtlUpperChar(Path[i]) != RtlUpperChar(Other[i])) {
            return FALSE;
        }
    }
    return Other[Length] == 0;
}

static BOOLEAN
HostFsIsFolder(const char *Path)
{
    for (ULONG i = 0; i < RTL_NUMBER_OF(HostFsFolders); i++) {
        if (HostFsSamePath(HostFsFolders[i], (ULONG)strlen(HostFsFolders[i]), Path)) {
            return TRUE;
        }
    }
    return FALSE;
}

/* The last component of folder number Index in the one at Path that the host does not list; NULL past the end. */
static const char *
HostFsSubfolder(const char *Path, ULONG Index)
{
    struct abi_stat Stat;

    for (ULONG i = 0; i < RTL_NUMBER_OF(HostFsFolders); i++) {
        const char *Last = strrchr(HostFsFolders[i], '\\');

        if (Last != NULL &&
            HostFsSamePath(HostFsFolders[i], (ULONG)(Last - HostFsFolders[i]), Path) &&
            HcFileStat(HostFsFolders[i], &Stat) != 0 && Index-- == 0) {
            return Last + 1;
        }
    }
    return NULL;
}

static BOOLEAN
HostFsStat(const char *Path, PULONG64 Size, PBOOLEAN Directory)
{
    struct abi_stat Stat;

    if (HcFileStat(Path, &Stat) == 0) {
        *Size = Stat.size;
        *Directory = Stat.directory != 0;
        return TRUE;
    }
    *Size = 0;
    *Directory = TRUE;
    return HostFsIsFolder(Path);
}

/* "C:" + directory + name, as the host wants it; pool. */
static NTSTATUS
HostFsMakeFile(char Drive, PHOSTFS_FILE Related, PUNICODE_STRING Name, PHOSTFS_FILE *Result)
{
    UNICODE_STRING Tail = *Name;
    ULONG Prefix, Bytes = 0, Room;
    PHOSTFS_FILE File;

    while (Tail.Length != 0 && Tail.Buffer[Tail.Length / sizeof(WCHAR) - 1] == L'\\') {
        Tail.Length -= sizeof(WCHAR);
    }
    Prefix = Related != NULL ? (ULONG)strlen(Related->Path) : 2;
    Room = Prefix + 1 + Tail.Length * 2 + 1;
    File = ExpAllocate(sizeof(*File) + Room, TAG_HOSTFS);
    if (Related != NULL) {
        RtlCopyMemory(File->Path, Related->Path, Prefix);
        if (Tail.Length != 0) {
            File->Path[Prefix++] = '\\';
        }
    } else {
        File->Path[0] = Drive;
        File->Path[1] = ':';
    }
    if (Tail.Length != 0) { /* else the volume itself is meant, by no name at all */
        RtlUnicodeToUTF8N(File->Path + Prefix, Room - Prefix - 1, &Bytes, Tail.Buffer, Tail.Length);
    }
    File->Path[Prefix + Bytes] = 0;
    for (ULONG i = 0; i < Prefix + Bytes; i++) {
        if (File->Path[i] == '*' || File->Path[i] == '?' || File->Path[i] == '"' ||
            File->Path[i] == '<' || File->Path[i] == '>' || File->Path[i] == '|' ||
            (i > 1 && File->Path[i] == '\\' && File->Path[i + 1] == '\\')) {
            ExpFree(File);
            return STATUS_OBJECT_NAME_INVALID;
        }
    }
    *Result = File;
    return STATUS_SUCCESS;
}

/* A missing file: is it the last component or the way to it? */
static NTSTATUS
HostFsMissing(PHOSTFS_FILE File)
{
    ULONG64 Size;
    BOOLEAN Directory;
    char *Last = strrchr(File->Path, '\\');
    NTSTATUS Status = STATUS_OBJECT_NAME_NOT_FOUND;

    if (Last != NULL) {
        *Last = 0;
        if (!HostFsStat(File->Path, &Size, &Directory) || !Directory) {
            Status = STATUS_OBJECT_PATH_NOT_FOUND;
        }
        *Last = '\\';
    }
    return Status;
}

static NTSTATUS
HostFsOpen(PDEVICE_OBJECT DeviceObject, PIO_STACK_LOCATION Stack, PULONG_PTR Information)
{
    PFILE_OBJECT FileObject = Stack->FileObject;
    PHOSTFS_FILE Related =
        FileObject->RelatedFileObject != NULL ? FileObject->RelatedFileObject->FsContext2 : NULL;
    ACCESS_MASK Access = Stack->Parameters.Create.SecurityContext->DesiredAccess;
    ULONG Options = Stack->Parameters.Create.Options, Disposition = Options >> 24;
    BOOLEAN Slash, Exists;
    PHOSTFS_FILE File;
    NTSTATUS Status;

    Slash = FileObject->FileName.Length > sizeof(WCHAR) &&
            FileObject->FileName.Buffer[FileObject->FileName.Length / sizeof(WCHAR) - 1] == L'\\';
    Status = HostFsMakeFile(*(char *)DeviceObject->DeviceExtension, Related, &FileObject->FileName,
                            &File);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    Exists = HostFsStat(File->Path, &File->Size, &File->Directory);
    if (!Exists) {
        Status = HostFsMissing(File);
        if (Status == STATUS_OBJECT_NAME_NOT_FOUND && Disposition != FILE_OPEN &&
            Disposition != FILE_OVERWRITE) {
            Status = STATUS_MEDIA_WRITE_PROTECTED; /* H1 */
        }
    } else if (Disposition == FILE_CREATE) {
        Status = STATUS_OBJECT_NAME_COLLISION;
    } else if ((Options & FILE_DIRECTORY_FILE) && !File->Directory) {
        Status = STATUS_NOT_A_DIRECTORY;
    } else if ((Options & FILE_NON_DIRECTORY_FILE) && File->Directory &&
               FileObject->FileName.Length != 0) {
        Status = STATUS_FILE_IS_A_DIRECTORY;
    } else if (Slash && !File->Directory) {
        Status = STATUS_OBJECT_NAME_INVALID;
    } else if (Disposition != FILE_OPEN && Disposition != FILE_OPEN_IF) {
        Status = STATUS_MEDIA_WRITE_PROTECTED;
    } else if (!File->Directory &&
               (Access & (FILE_WRITE_DATA | FILE_APPEND_DATA | FILE_WRITE_EA |
                          FILE_WRITE_ATTRIBUTES | DELETE)) &&
               (Access & MAXIMUM_ALLOWED) == 0) {
        Status = STATUS_MEDIA_WRITE_PROTECTED; /* H1 */
    } else if (Options & FILE_DELETE_ON_CLOSE) {
        Status = STATUS_CANNOT_DELETE;
    }
    if (!NT_SUCCESS(Status)) {
        ExpFree(File);
        return Status;
    }
    if (Related != NULL) { /* the file object's name is the whole one from here on */
        ULONG Length = (ULONG)strlen(File->Path + 2), Bytes;
        PWSTR Buffer = ExAllocatePoolWithTag(PagedPool, Length * sizeof(WCHAR) + 8, TAG_IONAME);

        if (Buffer == NULL) {
            ExpFree(File);
            return STATUS_INSUFFICIENT_RESOURCES;
        }
        RtlUTF8ToUnicodeN(Buffer, Length * sizeof(WCHAR), &Bytes, File->Path + 2, Length);
        if (FileObject->FileName.Buffer != NULL) {
            ExFreePoolWithTag(FileObject->FileName.Buffer, 0);
        }
        FileObject->FileName.Buffer = Buffer;
        FileObject->FileName.Length = (USHORT)Bytes;
        FileObject->FileName.MaximumLength = (USHORT)(Length * sizeof(WCHAR) + 8);
    }
    FileObject->FsContext2 = File;
    *Information = FILE_OPENED;
    return STATUS_SUCCESS;
}

static NTSTATUS
HostFsRead(PIRP Irp, PIO_STACK_LOCATION Stack, PULONG_PTR Information)
{
    PFILE_OBJECT FileObject = Stack->FileObject;
    PHOSTFS_FILE File = FileObject->FsContext2;
    LARGE_INTEGER Offset = Stack->Parameters.Read.ByteOffset;
    LONG64 Done;

    if (File->Directory) {
        return STATUS_INVALID_DEVICE_REQUEST;
    }
    if (Stack->Parameters.Read.Length == 0) {
        return STATUS_SUCCESS;
    }
    if ((ULONG64)Offset.QuadPart >= File->Size) {
        return STATUS_END_OF_FILE;
    }
    Done = HcFileRead(File->Path, Offset.QuadPart, Irp->AssociatedIrp.SystemBuffer,
                      Stack->Parameters.Read.Length);
    if (Done < 0) {
        return STATUS_FILE_INVALID;
    }
    *Information = (ULONG_PTR)Done;
    if (FileObject->Flags & FO_SYNCHRONOUS_IO) {
        FileObject->CurrentByteOffset.QuadPart = Offset.QuadPart + Done;
    }
    return STATUS_SUCCESS;
}

static VOID
HostFsTimes(PLARGE_INTEGER Times) /* H2 */
{
    for (ULONG i = 0; i < 4; i++) {
        Times[i].QuadPart = (LONG64)KiBootTime;
    }
}

static ULONG
HostFsAttributes(PHOSTFS_FILE File)
{
    return File->Directory ? FILE_ATTRIBUTE_DIRECTORY
                           : FILE_ATTRIBUTE_ARCHIVE | FILE_ATTRIBUTE_READONLY;
}

static ULONG64
HostFsIndex(PHOSTFS_FILE File)
{
    ULONG64 Hash = 0xcbf29ce484222325ull;

    for (const char *p = File->Path; *p != 0; p++) {
        Hash = (Hash ^ (UCHAR)RtlUpperChar(*p)) * 0x100000001b3ull;
    }
    return Hash >> 16;
}

static NTSTATUS
HostFsQuery(PFILE_OBJECT FileObject, ULONG Class, PUCHAR Buffer, ULONG Length,
            PULONG_PTR Information)
{
    PHOSTFS_FILE File = FileObject->FsContext2;
    ULONG64 Allocation = (File->Size + 4095) & ~4095ull;
    NTSTATUS Status = STATUS_SUCCESS;

    switch (Class) {
    case FileBasicInformation: {
        PFILE_BASIC_INFORMATION Basic = (PVOID)Buffer;

        RtlZeroMemory(Basic, sizeof(*Basic));
        HostFsTimes(&Basic->CreationTime);
        Basic->FileAttributes = HostFsAttributes(File);
        *Information = sizeof(*Basic);
        break;
    }
    case FileStandardInformation: {
        PFILE_STANDARD_INFORMATION Standard = (PVOID)Buffer;

        RtlZeroMemory(Standard, sizeof(*Standard));
        Standard->AllocationSize.QuadPart = Allocation;
        Standard->EndOfFile.QuadPart = File->Size;
        Standard->NumberOfLinks = 1;
        Standard->Directory = File->Directory;
        *Information = sizeof(*Standard);
        break;
    }
    case FileNetworkOpenInformation: {
        PFILE_NETWORK_OPEN_INFORMATION Open = (PVOID)Buffer;

        RtlZeroMemory(Open, sizeof(*Open));
        HostFsTimes(&Open->CreationTime);
        Open->AllocationSize.QuadPart = Allocation;
        Open->EndOfFile.QuadPart = File->Size;
        Open->FileAttributes = HostFsAttributes(File);
        *Information = sizeof(*Open);
        break;
    }
    case FileAttributeTagInformation:
        ((PFILE_ATTRIBUTE_TAG_INFORMATION)Buffer)->FileAttributes = HostFsAttributes(File);
        ((PFILE_ATTRIBUTE_TAG_INFORMATION)Buffer)->ReparseTag = 0;
        *Information = sizeof(FILE_ATTRIBUTE_TAG_INFORMATION);
        break;
    case FileInternalInformation:
        ((PFILE_INTERNAL_INFORMATION)Buffer)->IndexNumber.QuadPart = HostFsIndex(File);
        *Information = sizeof(FILE_INTERNAL_INFORMATION);
        break;
    case FileEaInformation:
        ((PFILE_EA_INFORMATION)Buffer)->EaSize = 0;
        *Information = sizeof(FILE_EA_INFORMATION);
        break;
    case FilePositionInformation:
        ((PFILE_POSITION_INFORMATION)Buffer)->CurrentByteOffset = FileObject->CurrentByteOffset;
        *Information = sizeof(FILE_POSITION_INFORMATION);
        break;
    case FileNormalizedNameInformation:
    case FileNameInformation: {
        PFILE_NAME_INFORMATION Name = (PVOID)Buffer;
        ULONG Room = Length - FIELD_OFFSET(FILE_NAME_INFORMATION, FileName);
        ULONG Copy = FileObject->FileName.Length <= Room ? FileObject->FileName.Length : Room;

        Name->FileNameLength = FileObject->FileName.Length;
        RtlCopyMemory(Name->FileName, FileObject->FileName.Buffer, Copy);
        *Information = FIELD_OFFSET(FILE_NAME_INFORMATION, FileName) + Copy;
        Status = Copy < FileObject->FileName.Length ? STATUS_BUFFER_OVERFLOW : STATUS_SUCCESS;
        break;
    }
    case FileAllInformation: {
        PFILE_ALL_INFORMATION All = (PVOID)Buffer;
        ULONG_PTR Unused;

        HostFsQuery(FileObject, FileBasicInformation, (PUCHAR)&All->BasicInformation,
                    sizeof(All->BasicInformation), &Unused);
        HostFsQuery(FileObject, FileStandardInformation, (PUCHAR)&All->StandardInformation,
                    sizeof(All->StandardInformation), &Unused);
        HostFsQuery(FileObject, FileInternalInformation, (PUCHAR)&All->InternalInformation,
                    sizeof(All->InternalInformation), &Unused);
        All->EaInformation.EaSize = 0;
        Status = HostFsQuery(FileObject, FileNameInformation, (PUCHAR)&All->NameInformation,
                             Length - FIELD_OFFSET(FILE_ALL_INFORMATION, NameInformation), &Unused);
        *Information = FIELD_OFFSET(FILE_ALL_INFORMATION, NameInformation) + Unused;
        break;
    }
    default:
        return STATUS_INVALID_PARAMETER;
    }
    return Status;
}

static NTSTATUS
HostFsQueryVolume(PDEVICE_OBJECT DeviceObject, ULONG Class, PUCHAR Buffer, ULONG Length,
                  PULONG_PTR Information)
{
    switch (Class) {
    case FileFsVolumeInformation: {
        PFILE_FS_VOLUME_INFORMATION Volume = (PVOID)Buffer;

        RtlZeroMemory(Volume, sizeof(*Volume));
        Volume->VolumeSerialNumber = 0x4E544C00 | *(UCHAR *)DeviceObject->DeviceExtension;
        *Information = FIELD_OFFSET(FILE_FS_VOLUME_INFORMATION, VolumeLabel);
        return STATUS_SUCCESS;
    }
    case FileFsSizeInformation: {
        PFILE_FS_SIZE_INFORMATION Size = (PVOID)Buffer;

        Size->TotalAllocationUnits.QuadPart = 0x100000;
        Size->AvailableAllocationUnits.QuadPart = 0;
        Size->SectorsPerAllocationUnit = 8;
        Size->BytesPerSector = 512;
        *Information = sizeof(*Size);
        return STATUS_SUCCESS;
    }
    case FileFsFullSizeInformation: {
        PFILE_FS_FULL_SIZE_INFORMATION Size = (PVOID)Buffer;

        Size->TotalAllocationUnits.QuadPart = 0x100000;
        Size->CallerAvailableAllocationUnits.QuadPart = 0;
        Size->ActualAvailableAllocationUnits.QuadPart = 0;
        Size->SectorsPerAllocationUnit = 8;
        Size->BytesPerSector = 512;
        *Information = sizeof(*Size);
        return STATUS_SUCCESS;
    }
    case FileFsDeviceInformation: {
        PFILE_FS_DEVICE_INFORMATION Device = (PVOID)Buffer;

        Device->DeviceType = FILE_DEVICE_DISK;
        Device->Characteristics = DeviceObject->Characteristics | FILE_DEVICE_IS_MOUNTED;
        *Information = sizeof(*Device);
        return STATUS_SUCCESS;
    }
    case FileFsAttributeInformation: {
        PFILE_FS_ATTRIBUTE_INFORMATION Attribute = (PVOID)Buffer;
        ULONG Room = Length - FIELD_OFFSET(FILE_FS_ATTRIBUTE_INFORMATION, FileSystemName),
              Copy = Room < 12 ? Room : 12;

        Attribute->FileSystemAttributes =
            FILE_CASE_PRESERVED_NAMES | FILE_UNICODE_ON_DISK | FILE_READ_ONLY_VOLUME;
        Attribute->MaximumComponentNameLength = 255;
        Attribute->FileSystemNameLength = 12;
        RtlCopyMemory(Attribute->FileSystemName, L"HOSTFS", Copy);
        *Information = FIELD_OFFSET(FILE_FS_ATTRIBUTE_INFORMATION, FileSystemName) + Copy;
        return Copy < 12 ? STATUS_BUFFER_OVERFLOW : STATUS_SUCCESS;
    }
    }
    return STATUS_INVALID_PARAMETER;
}

/* DOS wildcards as FsRtlIsNameInExpression has them; `<` is taken for `*`. */
static BOOLEAN
HostFsMatches(PCWSTR Pattern, ULONG PatternCount, PCWSTR Name, ULONG NameCount)
{
    while (PatternCount != 0) {
        WCHAR Wanted = *Pattern;

        if (Wanted == L'*' || Wanted == L'<') {
            for (ULONG Skip = 0; Skip <= NameCount; Skip++) {
                if (HostFsMatches(Pattern + 1, PatternCount - 1, Name + Skip, NameCount - Skip)) {
                    return TRUE;
                }
            }
            return FALSE;
        }
        Pattern++;
        PatternCount--;
        if (Wanted == L'"' && NameCount == 0) {
            continue; /* a point, or the end */
        }
        if (Wanted == L'>' && (NameCount == 0 || *Name == L'.')) {
            continue; /* one character, or none before a point or the end */
        }
        if (NameCount == 0 ||
            (Wanted != L'?' && Wanted != L'>' &&
             RtlUpcaseUnicodeChar(Wanted == L'"' ? L'.' : Wanted) != RtlUpcaseUnicodeChar(*Name))) {
            return FALSE;
        }
        Name++;
        NameCount--;
    }
    return NameCount == 0;
}

/* Writes the entry of Name; STATUS_BUFFER_OVERFLOW: no room. */
static NTSTATUS
HostFsFillEntry(PDEVICE_OBJECT DeviceObject, PHOSTFS_FILE Directory, PUNICODE_STRING Name,
                ULONG Class, PUCHAR Buffer, ULONG Room, PULONG Used)
{
    PFILE_DIRECTORY_INFORMATION Entry = (PVOID)Buffer;
    BOOLEAN Dots = Name->Buffer[0] == L'.' &&
                   (Name->Length == 2 || (Name->Length == 4 && Name->Buffer[1] == L'.'));
    PHOSTFS_FILE File;
    ULONG Fixed;
    NTSTATUS Status;

    switch (Class) {
    case FileDirectoryInformation:
        Fixed = FIELD_OFFSET(FILE_DIRECTORY_INFORMATION, FileName);
        break;
    case FileFullDirectoryInformation:
        Fixed = FIELD_OFFSET(FILE_FULL_DIR_INFORMATION, FileName);
        break;
    case FileBothDirectoryInformation:
        Fixed = FIELD_OFFSET(FILE_BOTH_DIR_INFORMATION, FileName);
        break;
    case FileIdBothDirectoryInformation:
        Fixed = FIELD_OFFSET(FILE_ID_BOTH_DIR_INFORMATION, FileName);
        break;
    case FileIdFullDirectoryInformation:
        Fixed = FIELD_OFFSET(FILE_ID_FULL_DIR_INFORMATION, FileName);
        break;
    case FileNamesInformation:
        Fixed = FIELD_OFFSET(FILE_NAMES_INFORMATION, FileName);
        break;
    default:
        return STATUS_INVALID_INFO_CLASS;
    }
    if (Room < Fixed + Name->Length) {
        return STATUS_BUFFER_OVERFLOW;
    }
    Status = HostFsMakeFile(*(char *)DeviceObject->DeviceExtension, Directory, Name, &File);
    if (!NT_SUCCESS(Status)) {
        return STATUS_NO_SUCH_FILE;
    }
    if (Dots) {
        File->Directory = TRUE;
        File->Size = 0;
    } else if (!HostFsStat(File->Path, &File->Size, &File->Directory)) {
        ExpFree(File);
        return STATUS_NO_SUCH_FILE;
    }
    RtlZeroMemory(Buffer, Fixed);
    if (Class == FileNamesInformation) {
        ((PFILE_NAMES_INFORMATION)Buffer)->FileNameLength = Name->Length;
    } else {
        HostFsTimes(&Entry->CreationTime);
        Entry->EndOfFile.QuadPart = File->Size;
        Entry->AllocationSize.QuadPart = (File->Size + 4095) & ~4095ull;
        Entry->FileAttributes = HostFsAttributes(File);
        Entry->FileNameLength = Name->Length;
    }
    if (Class == FileIdBothDirectoryInformation) {
        ((PFILE_ID_BOTH_DIR_INFORMATION)Buffer)->FileId.QuadPart = HostFsIndex(File);
    } else if (Class == FileIdFullDirectoryInformation) {
        ((PFILE_ID_FULL_DIR_INFORMATION)Buffer)->FileId.QuadPart = HostFsIndex(File);
    }
    RtlCopyMemory(Buffer + Fixed, Name->Buffer, Name->Length);
    *Used = Fixed + Name->Length;
    ExpFree(File);
    return STATUS_SUCCESS;
}

/* Name number Index of the folder: "." and ".." first, but for the root. FALSE past the end. */
static BOOLEAN
HostFsName(PHOSTFS_FILE Directory, ULONG Index, PUNICODE_STRING Name)
{
    char Narrow[256];
    const char *Folder;
    ULONG Bytes;
    ULONG64 Length;

    if (Directory->Path[2] != 0) {
        if (Index < 2) {
            Name->Length = (USHORT)((Index + 1) * sizeof(WCHAR));
            Name->Buffer[0] = Name->Buffer[1] = L'.';
            return TRUE;
        }
        Index -= 2;
    }
    for (ULONG i = 0; (Folder = HostFsSubfolder(Directory->Path, i)) != NULL; i++) {
        if (i == Index) {
            Name->Length = (USHORT)(strlen(Folder) * sizeof(WCHAR));
            for (Bytes = 0; Folder[Bytes] != 0; Bytes++) {
                Name->Buffer[Bytes] = (UCHAR)Folder[Bytes];
            }
            return TRUE;
        }
        if (HostFsSubfolder(Directory->Path, i + 1) == NULL) {
            Index -= i + 1;
            break;
        }
    }
    Length = HcFileEntry(Directory->Path, Index, Narrow, sizeof(Narrow));
    if (Length == 0) {
        return FALSE;
    }
    RtlUTF8ToUnicodeN(Name->Buffer, Name->MaximumLength, &Bytes, Narrow,
                      (ULONG)(Length < sizeof(Narrow) ? Length : sizeof(Narrow)));
    Name->Length = (USHORT)Bytes;
    return TRUE;
}

/* The first query fixes the pattern; each goes on behind the entry that the last one gave. */
static NTSTATUS
HostFsDirectory(PDEVICE_OBJECT DeviceObject, PIRP Irp, PIO_STACK_LOCATION Stack,
                PULONG_PTR Information)
{
    PHOSTFS_FILE Directory = Stack->FileObject->FsContext2;
    PUNICODE_STRING Pattern = Stack->Parameters.QueryDirectory.FileName;
    ULONG Class = Stack->Parameters.QueryDirectory.FileInformationClass;
    ULONG Length = Stack->Parameters.QueryDirectory.Length, At = 0, Used = 0, Index;
    PUCHAR Buffer = Irp->AssociatedIrp.SystemBuffer, Last = NULL;
    BOOLEAN First = !Directory->Scanned, Wild = FALSE;
    WCHAR Text[HOSTFS_NAME];
    UNICODE_STRING Name = {0, sizeof(Text), Text};
    NTSTATUS Status = STATUS_SUCCESS;

    if (Stack->MinorFunction != IRP_MN_QUERY_DIRECTORY || !Directory->Directory) {
        return STATUS_INVALID_DEVICE_REQUEST;
    }
    if (First || (Stack->Flags & SL_RESTART_SCAN) != 0) {
        Directory->Next = 0;
        if (Pattern != NULL && Pattern->Length > sizeof(Directory->Pattern)) {
            return STATUS_OBJECT_NAME_INVALID;
        }
        if (Pattern != NULL && Pattern->Length != 0) {
            Directory->PatternLength = Pattern->Length;
            RtlCopyMemory(Directory->Pattern, Pattern->Buffer, Pattern->Length);
        } else if (First) {
            Directory->PatternLength = sizeof(WCHAR);
            Directory->Pattern[0] = L'*';
        }
        Directory->Scanned = TRUE;
    }
    for (Index = 0; Index < Directory->PatternLength / sizeof(WCHAR); Index++) {
        WCHAR Unit = Directory->Pattern[Index];

        Wild = Wild || Unit == L'*' || Unit == L'?' || Unit == L'<' || Unit == L'>' || Unit == L'"';
    }
    if (!Wild) {
        /* A plain name is asked for: it need not be in the list to be there. */
        if (Directory->Next != 0) {
            return STATUS_NO_MORE_FILES;
        }
        Directory->Next = 1;
        Name.Length = Directory->PatternLength;
        Name.Buffer = Directory->Pattern;
        Status = HostFsFillEntry(DeviceObject, Directory, &Name, Class, Buffer, Length, &Used);
        *Information = Used;
        return Status;
    }
    while (HostFsName(Directory, Directory->Next, &Name)) {
        ULONG Start = (At + 7) & ~7u;

        if (HostFsMatches(Directory->Pattern, Directory->PatternLength / sizeof(WCHAR), Name.Buffer,
                          Name.Length / sizeof(WCHAR))) {
            Status = Start >= Length ? STATUS_BUFFER_OVERFLOW
                                     : HostFsFillEntry(DeviceObject, Directory, &Name, Class,
                                                       Buffer + Start, Length - Start, &Used);
            if (Status == STATUS_BUFFER_OVERFLOW || Status == STATUS_INVALID_INFO_CLASS) {
                break;
            }
            if (NT_SUCCESS(Status)) {
                if (Last != NULL) {
                    *(PULONG)Last = (ULONG)(Buffer + Start - Last); /* NextEntryOffset */
                }
                Last = Buffer + Start;
                At = Start + Used;
            }
        }
        Directory->Next++;
        if (Last != NULL && (Stack->Flags & SL_RETURN_SINGLE_ENTRY) != 0) {
            break;
        }
    }
    if (Last == NULL) {
        return Status == STATUS_BUFFER_OVERFLOW || Status == STATUS_INVALID_INFO_CLASS ? Status
               : First ? STATUS_NO_SUCH_FILE
                       : STATUS_NO_MORE_FILES;
    }
    *Information = At;
    return STATUS_SUCCESS;
}

static NTSTATUS NTAPI
HostFsDispatch(PDEVICE_OBJECT DeviceObject, PIRP Irp)
{
    PIO_STACK_LOCATION Stack = IoGetCurrentIrpStackLocation(Irp);
    ULONG_PTR Information = 0;
    NTSTATUS Status;

    switch (Stack->MajorFunction) {
    case IRP_MJ_CREATE:
        Status = HostFsOpen(DeviceObject, Stack, &Information);
        break;
    case IRP_MJ_CLEANUP:
        Status = STATUS_SUCCESS;
        break;
    case IRP_MJ_CLOSE:
        if (Stack->FileObject->FsContext2 != NULL) {
            ExpFree(Stack->FileObject->FsContext2);
            Stack->FileObject->FsContext2 = NULL;
        }
        Status = STATUS_SUCCESS;
        break;
    case IRP_MJ_READ:
        Status = HostFsRead(Irp, Stack, &Information);
        break;
    case IRP_MJ_QUERY_INFORMATION:
        Status = HostFsQuery(Stack->FileObject, Stack->Parameters.QueryFile.FileInformationClass,
                             Irp->AssociatedIrp.SystemBuffer, Stack->Parameters.QueryFile.Length,
                             &Information);
        break;
    case IRP_MJ_QUERY_VOLUME_INFORMATION:
        Status = HostFsQueryVolume(DeviceObject, Stack->Parameters.QueryVolume.FsInformationClass,
                                   Irp->AssociatedIrp.SystemBuffer,
                                   Stack->Parameters.QueryVolume.Length, &Information);
        break;
    case IRP_MJ_DIRECTORY_CONTROL:
        Status = HostFsDirectory(DeviceObject, Irp, Stack, &Information);
        break;
    case IRP_MJ_WRITE:
    case IRP_MJ_SET_INFORMATION:
    case IRP_MJ_SET_VOLUME_INFORMATION:
        Status = STATUS_MEDIA_WRITE_PROTECTED; /* H1 */
        break;
    case IRP_MJ_FLUSH_BUFFERS:
    case IRP_MJ_SHUTDOWN:
        Status = STATUS_SUCCESS;
        break;
    default:
        Status = STATUS_INVALID_DEVICE_REQUEST;
        break;
    }
    return HostFsComplete(Irp, Status, Information);
}

static NTSTATUS
HostFsVolume(PDRIVER_OBJECT DriverObject, PCWSTR DeviceName, char Drive)
{
    PDEVICE_OBJECT DeviceObject;
    UNICODE_STRING Device;
    NTSTATUS Status;

    RtlInitUnicodeString(&Device, DeviceName);
    Status = IoCreateDevice(DriverObject, 1, &Device, FILE_DEVICE_DISK_FILE_SYSTEM,
                            FILE_READ_ONLY_DEVICE, FALSE, &DeviceObject);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    *(char *)DeviceObject->DeviceExtension = Drive;
    DeviceObject->Flags |= DO_BUFFERED_IO;
    return STATUS_SUCCESS;
}

NTSTATUS NTAPI
IopHostFsEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
    NTSTATUS Status;

    for (ULONG i = 0; i <= IRP_MJ_MAXIMUM_FUNCTION; i++) {
        DriverObject->MajorFunction[i] = HostFsDispatch;
    }
    Status = HostFsVolume(DriverObject, L"\\Device\\HostFilesC", 'C');
    return NT_SUCCESS(Status) ? HostFsVolume(DriverObject, L"\\Device\\HostFilesD", 'D') : Status;
}
