/*
 * host.c - what the volume holds at first: the files of a folder, read when they are looked at.
 *
 *   H1  A directory's names come into the tree when one of them is asked for: all at once, so that what is
 *       removed later does not come back. If there is no memory for all of them, they are asked for again.
 *   H2  A file's bytes are read when it is opened for data, in create; one that is opened to be executed only, when it is read:
 *       as an image it is mapped by the host, as long as nothing has changed it (RamTellSource).
 */
#include "ramfs.h"

static NTSTATUS
RamSourcePath(PRAM_NODE Directory, PCUNICODE_STRING Name, PUNICODE_STRING Path)
{
    Path->Length = 0;
    Path->MaximumLength =
        Directory->Source.Length + (Name != NULL ? Name->Length : 0) + 2 * sizeof(WCHAR);
    Path->Buffer = RamAllocate(Path->MaximumLength);
    if (Path->Buffer == NULL) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    RtlAppendUnicodeStringToString(Path, &Directory->Source);
    if (Name != NULL) {
        RtlAppendUnicodeToString(Path, L"\\");
        RtlAppendUnicodeStringToString(Path, Name);
    }
    return STATUS_SUCCESS;
}

static NTSTATUS
RamAddSource(PRAM_NODE Directory, PCUNICODE_STRING Name, ULONG Attributes, LONGLONG Size,
             PRAM_LINK *Link)
{
    PRAM_NODE Node = RamCreateNode(Directory->Volume, (Attributes & FILE_ATTRIBUTE_DIRECTORY) != 0);
    NTSTATUS Status;

    if (Node == NULL) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    Status = RamSourcePath(Directory, Name, &Node->Source);
    if (NT_SUCCESS(Status)) {
        Status = RamAssignSecurity(Directory, Node, NULL);
    }
    if (NT_SUCCESS(Status)) {
        Status = RamAddLink(Directory, Node, Name, NULL, Link);
    }
    if (!NT_SUCCESS(Status)) {
        RamTryFreeNode(Node);
        return Status;
    }
    Node->CreationTime = Directory->CreationTime;
    Node->LastAccessTime = Node->LastWriteTime = Node->ChangeTime = Node->CreationTime;
    if (Node->Directory) {
        Node->SourceChildren = TRUE;
        return STATUS_SUCCESS;
    }
    Node->Attributes = FILE_ATTRIBUTE_ARCHIVE;
    Node->SourceData = Size != 0;
    RamSetAllocation(Node->Data, (ULONG64)Size);
    Node->Data->Header.FileSize.QuadPart = Node->Data->Header.ValidDataLength.QuadPart = Size;
    return STATUS_SUCCESS;
}

static NTSTATUS
RamOpenSource(PUNICODE_STRING Path, ULONG Options, PHANDLE Handle)
{
    OBJECT_ATTRIBUTES Attributes;
    IO_STATUS_BLOCK Iosb;

    InitializeObjectAttributes(&Attributes, Path, OBJ_CASE_INSENSITIVE | OBJ_KERNEL_HANDLE, NULL,
                               NULL);
    return ZwOpenFile(Handle, FILE_READ_DATA | SYNCHRONIZE, &Attributes, &Iosb, FILE_SHARE_READ,
                      FILE_SYNCHRONOUS_IO_NONALERT | Options);
}

static NTSTATUS
RamTakeEntry(PRAM_NODE Directory, PFILE_DIRECTORY_INFORMATION Info)
{
    UNICODE_STRING Name = {(USHORT)Info->FileNameLength, (USHORT)Info->FileNameLength,
                           Info->FileName};
    PRAM_LINK Link;

    if (Info->FileName[0] == L'.' &&
        (Name.Length == 2 || (Name.Length == 4 && Info->FileName[1] == L'.'))) {
        return STATUS_SUCCESS;
    }
    if (RamFindLoaded(Directory, &Name) != NULL) {
        return STATUS_SUCCESS; /* it has come before there was no memory */
    }
    return RamAddSource(Directory, &Name, Info->FileAttributes, Info->EndOfFile.QuadPart, &Link);
}

/* H1 */
NTSTATUS
RamLoadChildren(PRAM_NODE Directory)
{
    const ULONG Bytes = 0x4000;
    IO_STATUS_BLOCK Iosb;
    NTSTATUS Status;
    HANDLE Folder;
    PUCHAR Buffer;

    if (!Directory->SourceChildren) {
        return STATUS_SUCCESS;
    }
    Buffer = ExAllocatePoolWithTag(NonPagedPool, Bytes, RAM_TAG);
    if (Buffer == NULL) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    Status = RamOpenSource(&Directory->Source, FILE_DIRECTORY_FILE, &Folder);
    if (!NT_SUCCESS(Status)) {
        RamFree(Buffer);
        return Status;
    }
    Directory->SourceChildren = FALSE;
    for (;;) {
        PFILE_DIRECTORY_INFORMATION Info = (PVOID)Buffer;

        Status = ZwQueryDirectoryFile(Folder, NULL, NULL, NULL, &Iosb, Buffer, Bytes,
                                      FileDirectoryInformation, FALSE, NULL, FALSE);
        if (!NT_SUCCESS(Status)) {
            break;
        }
        for (;;) {
            Status = RamTakeEntry(Directory, Info);
            if (!NT_SUCCESS(Status) || Info->NextEntryOffset == 0) {
                break;
            }
            Info = (PVOID)((PUCHAR)Info + Info->NextEntryOffset);
        }
        if (!NT_SUCCESS(Status)) {
            break;
        }
    }
    Directory->SourceChildren = Status == STATUS_INSUFFICIENT_RESOURCES; /* H1 */
    ZwClose(Folder);
    RamFree(Buffer);
    return Status == STATUS_NO_MORE_FILES || Status == STATUS_NO_SUCH_FILE ? STATUS_SUCCESS
                                                                           : Status;
}

/* H2 */
NTSTATUS
RamLoadData(PRAM_NODE Node)
{
    ULONG64 Size = (ULONG64)Node->Data->Header.FileSize.QuadPart, At = 0;
    NTSTATUS Status;
    PUCHAR Buffer;
    HANDLE File;

    if (!Node->SourceData) {
        return STATUS_SUCCESS;
    }
    Buffer = ExAllocatePoolWithTag(NonPagedPool, 0x10000, RAM_TAG);
    if (Buffer == NULL) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    Status = RamOpenSource(&Node->Source, FILE_NON_DIRECTORY_FILE, &File);
    if (!NT_SUCCESS(Status)) {
        RamFree(Buffer);
        return Status;
    }
    while (NT_SUCCESS(Status) && At < Size) {
        LARGE_INTEGER Offset = {.QuadPart = (LONGLONG)At};
        IO_STATUS_BLOCK Iosb;

        Status = ZwReadFile(File, NULL, NULL, NULL, &Iosb, Buffer,
                            (ULONG)min(Size - At, 0x10000ull), &Offset, NULL);
        if (NT_SUCCESS(Status)) {
            Status = RamCopyIn(Node->Data, At, Buffer, (ULONG)Iosb.Information);
            At += Iosb.Information;
        }
    }
    ZwClose(File);
    RamFree(Buffer);
    if (NT_SUCCESS(Status)) {
        Node->SourceData = FALSE;
    }
    return Status;
}

/* Of the unnamed stream: of the others nothing comes from a source. */
VOID
RamNoteChange(PRAM_STREAM Stream)
{
    if (Stream->Node != NULL && Stream == Stream->Node->Data) {
        Stream->Node->Changed = TRUE;
    }
}

/* FSCTL_NTLAB_QUERY_SOURCE */
NTSTATUS
RamTellSource(PRAM_REQUEST Request)
{
    PRAM_NODE Node = Request->Stream->Node;

    if (Node == NULL || Request->Stream != Node->Data || Node->Directory ||
        Node->Source.Length == 0 || Node->Changed) {
        return STATUS_OBJECT_NAME_NOT_FOUND;
    }
    if (Request->Stack->Parameters.FileSystemControl.OutputBufferLength < Node->Source.Length) {
        return STATUS_BUFFER_TOO_SMALL;
    }
    RtlCopyMemory(Request->Irp->AssociatedIrp.SystemBuffer, Node->Source.Buffer,
                  Node->Source.Length);
    Request->Information = Node->Source.Length;
    return STATUS_SUCCESS;
}
