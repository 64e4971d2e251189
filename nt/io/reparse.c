/*
 * reparse.c - a create that ended with STATUS_REPARSE: where to go on. [ntifs: REPARSE_DATA_BUFFER; nt-semantics-2 4.8]
 *
 *     IO_REPARSE          the driver has put another full name into the file object
 *     a mount point       the substitute name and what is left of the name
 *     a symbolic link     the same; relative ones start at the directory that the link is in
 *     any other tag       STATUS_IO_REPARSE_TAG_NOT_HANDLED
 *
 *   R1  After 63 links STATUS_REPARSE_POINT_NOT_RESOLVED.
 */
#include "nt/io/iop.h"

#define IOP_MOST_REPARSES 63

/* Up by one component, but not above the root: `\a\b` becomes `\a`. */
static VOID
IopDropLast(PUNICODE_STRING Name)
{
    while (Name->Length > 0 && Name->Buffer[Name->Length / sizeof(WCHAR) - 1] != L'\\') {
        Name->Length -= sizeof(WCHAR);
    }
    if (Name->Length > 0) {
        Name->Length -= sizeof(WCHAR);
    }
}

/* Directory, with `.` and `..` of Tail followed, into Name, which has room. */
static VOID
IopAppendRelative(PUNICODE_STRING Name, USHORT Floor, PWSTR Tail, USHORT TailLength)
{
    UNICODE_STRING Part = {0, 0, Tail};
    USHORT Left = TailLength;

    while (Left != 0) {
        while (Left != 0 && *Part.Buffer == L'\\') {
            Part.Buffer++;
            Left -= sizeof(WCHAR);
        }
        for (Part.Length = 0;
             Part.Length < Left && Part.Buffer[Part.Length / sizeof(WCHAR)] != L'\\';
             Part.Length += sizeof(WCHAR)) {
        }
        if (Part.Length == 0) {
            break;
        }
        if (Part.Length == 4 && Part.Buffer[0] == L'.' && Part.Buffer[1] == L'.') {
            if (Name->Length > Floor) {
                IopDropLast(Name);
            }
        } else if (!(Part.Length == 2 && Part.Buffer[0] == L'.')) {
            Name->Buffer[Name->Length / sizeof(WCHAR)] = L'\\';
            Name->Length += sizeof(WCHAR);
            RtlCopyMemory((PUCHAR)Name->Buffer + Name->Length, Part.Buffer, Part.Length);
            Name->Length += Part.Length;
        }
        Part.Buffer += Part.Length / sizeof(WCHAR);
        Left -= Part.Length;
    }
}

static NTSTATUS
IopFollow(PFILE_OBJECT FileObject, PREPARSE_DATA_BUFFER Data, PUNICODE_STRING CompleteName)
{
    BOOLEAN Link = Data->ReparseTag == IO_REPARSE_TAG_SYMLINK;
    BOOLEAN Relative = Link && (Data->SymbolicLinkReparseBuffer.Flags & SYMLINK_FLAG_RELATIVE);
    PWSTR Path = Link ? Data->SymbolicLinkReparseBuffer.PathBuffer
                      : Data->MountPointReparseBuffer.PathBuffer;
    UNICODE_STRING Target = {Data->SymbolicLinkReparseBuffer.SubstituteNameLength, 0,
                             Path + Data->SymbolicLinkReparseBuffer.SubstituteNameOffset / 2};
    USHORT Rest = min(Data->Reserved, FileObject->FileName.Length), Floor = 0;
    PWSTR Tail = (PWSTR)((PUCHAR)FileObject->FileName.Buffer + FileObject->FileName.Length - Rest);
    ULONG Room = CompleteName->Length + FileObject->FileName.Length + Target.Length + 64;
    UNICODE_STRING New = {0, (USHORT)Room, NULL};
    NTSTATUS Status;
    ULONG Used;

    if (Room > 0xFFF0) {
        return STATUS_NAME_TOO_LONG;
    }
    New.Buffer = ExAllocatePoolWithTag(PagedPool, Room + 512, TAG_IONAME);
    if (New.Buffer == NULL) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    if (Relative) {
        /* The device's name, then the way to the link. */
        struct {
            OBJECT_NAME_INFORMATION Info;
            WCHAR Space[200];
        } Device;

        Status = ObQueryNameString(FileObject->DeviceObject, &Device.Info, sizeof(Device), &Used);
        if (!NT_SUCCESS(Status)) {
            ExFreePoolWithTag(New.Buffer, TAG_IONAME);
            return Status;
        }
        New.MaximumLength = (USHORT)(Room + 510);
        RtlCopyUnicodeString(&New, &Device.Info.Name);
        Floor = New.Length;
        IopAppendRelative(&New, Floor, FileObject->FileName.Buffer,
                          FileObject->FileName.Length - Rest);
        IopDropLast(&New);
        if (New.Length < Floor) {
            New.Length = Floor;
        }
        IopAppendRelative(&New, Floor, Target.Buffer, Target.Length);
    } else {
        RtlCopyUnicodeString(&New, &Target);
        while (Rest != 0 && New.Length != 0 &&
               New.Buffer[New.Length / sizeof(WCHAR) - 1] == L'\\') {
            New.Length -= sizeof(WCHAR);
        }
        Floor = New.Length;
    }
    if (Rest != 0) {
        IopAppendRelative(&New, Floor, Tail, Rest);
    }
    Status = ObpReplaceName(CompleteName, &New);
    ExFreePoolWithTag(New.Buffer, TAG_IONAME);
    return Status;
}

NTSTATUS
IopReparse(PIOP_OPEN Open, PFILE_OBJECT FileObject, ULONG_PTR Tag, PVOID Buffer,
           PUNICODE_STRING CompleteName)
{
    NTSTATUS Status = STATUS_IO_REPARSE_TAG_NOT_HANDLED;

    if (++Open->Reparses > IOP_MOST_REPARSES) { /* R1 */
        Status = STATUS_REPARSE_POINT_NOT_RESOLVED;
    } else if (Tag == IO_REPARSE) {
        Status = ObpReplaceName(CompleteName, &FileObject->FileName);
    } else if (Buffer == NULL) {
        Status = STATUS_IO_REPARSE_DATA_INVALID;
    } else if (Tag == IO_REPARSE_TAG_SYMLINK || Tag == IO_REPARSE_TAG_MOUNT_POINT) {
        Status = Tag == IO_REPARSE_TAG_SYMLINK && (Open->Options & IO_STOP_ON_SYMLINK)
                     ? STATUS_STOPPED_ON_SYMLINK
                     : IopFollow(FileObject, Buffer, CompleteName);
    }
    if (Buffer != NULL) {
        ExFreePoolWithTag(Buffer, 0);
    }
    return NT_SUCCESS(Status) ? STATUS_REPARSE : Status;
}
