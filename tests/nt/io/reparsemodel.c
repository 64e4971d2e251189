/*
 * reparsemodel.c - where a create goes on that has met a reparse point: links and mount points anywhere in a drawn name, with drawn targets, against a model that
 * walks the parts. The device's own dispatch routine stands for the file system. [DDI:ntifs/_reparse_data_buffer],
 * [LEARN:fileio/reparse-points-and-file-operations], [LEARN:fileio/creating-symbolic-links], [DDI:ntifs/fsrtlvalidatereparsepointbuffer]
 */
#include "io-test.h"

#define DEVICE           L"\\Device\\NtlabReparse"
#define PARTS            6
#define STEPS            1500
#define SYMLINK_RELATIVE 1

typedef struct _PATH {
    ULONG Count;
    PCWSTR Part[3 * PARTS];
} PATH, *PPATH;

static const PCWSTR Words[] = {L"a", L"bc", L"def", L"x.y", L"...", L".z", L"..w"};
static ULONG Seed = 17, Creates, Links, Wrong[6];
static BOOLEAN Mount;
static WCHAR Reached[256];
static struct {
    ULONG Tag, Flags, RestLength;
    WCHAR Target[160];
} Answer[2];

static ULONG
Any(ULONG Below)
{
    return RtlRandomEx(&Seed) % Below;
}

static VOID
Draw(PPATH Path, ULONG Least, ULONG Most, BOOLEAN Dots)
{
    Path->Count = Least + Any(Most - Least + 1);
    for (ULONG i = 0; i < Path->Count; i++) {
        ULONG Kind = Dots ? Any(6) : 5;

        Path->Part[i] = Kind == 0 ? L"." : Kind <= 2 ? L".." : Words[Any(RTL_NUMBER_OF(Words))];
    }
}

/* \part\part…; without the first backslash if it is relative. */
static ULONG
Write(PPATH Path, PWCHAR To, BOOLEAN Relative)
{
    ULONG Length = 0;

    for (ULONG i = 0; i < Path->Count; i++) {
        if (i != 0 || !Relative) {
            To[Length++] = L'\\';
        }
        for (PCWSTR From = Path->Part[i]; *From != 0; From++) {
            To[Length++] = *From;
        }
    }
    To[Length] = 0;
    return Length;
}

static VOID
Follow(PPATH To, PPATH From)
{
    for (ULONG i = 0; i < From->Count; i++) {
        if (wcscmp(From->Part[i], L"..") == 0) {
            To->Count -= To->Count != 0; /* not above the root */
        } else if (wcscmp(From->Part[i], L".") != 0) {
            To->Part[To->Count++] = From->Part[i];
        }
    }
}

static NTSTATUS NTAPI
Dispatch(PDEVICE_OBJECT DeviceObject, PIRP Irp)
{
    PIO_STACK_LOCATION Stack = IoGetCurrentIrpStackLocation(Irp);
    PUNICODE_STRING Name = &Stack->FileObject->FileName;
    PREPARSE_DATA_BUFFER Data;
    USHORT Length, Header;
    PWSTR Path;

    if (Stack->MajorFunction != IRP_MJ_CREATE) {
        return Complete(Irp, STATUS_SUCCESS, 0);
    }
    if (Creates >= Links) {
        Creates++;
        RtlZeroMemory(Reached, sizeof(Reached));
        RtlCopyMemory(Reached, Name->Buffer, min(Name->Length, sizeof(Reached) - sizeof(WCHAR)));
        return Complete(Irp, STATUS_SUCCESS, FILE_OPENED);
    }
    Length = (USHORT)(wcslen(Answer[Creates].Target) * sizeof(WCHAR));
    Mount = Answer[Creates].Tag == IO_REPARSE_TAG_MOUNT_POINT;
    Header = Mount ? FIELD_OFFSET(REPARSE_DATA_BUFFER, MountPointReparseBuffer.PathBuffer)
                   : FIELD_OFFSET(REPARSE_DATA_BUFFER, SymbolicLinkReparseBuffer.PathBuffer);
    Data = ExAllocatePoolWithTag(PagedPool, Header + Length + 4 * sizeof(WCHAR), 'tseT');
    RtlZeroMemory(Data, Header + Length + 4 * sizeof(WCHAR));
    Data->ReparseTag = Answer[Creates].Tag;
    Data->ReparseDataLength = Header + Length + 4 * sizeof(WCHAR) -
                              FIELD_OFFSET(REPARSE_DATA_BUFFER, GenericReparseBuffer);
    Data->Reserved = (USHORT)Answer[Creates].RestLength; /* the bytes of the name that are left */
    Path = Mount ? Data->MountPointReparseBuffer.PathBuffer
                 : Data->SymbolicLinkReparseBuffer.PathBuffer;
    if (!Mount) {
        Data->SymbolicLinkReparseBuffer.Flags = Answer[Creates].Flags;
    }
    /* the name that is shown stands first */
    Path[0] = L'p';
    Data->SymbolicLinkReparseBuffer.PrintNameLength = sizeof(WCHAR);
    Data->SymbolicLinkReparseBuffer.SubstituteNameOffset = 2 * sizeof(WCHAR);
    Data->SymbolicLinkReparseBuffer.SubstituteNameLength = Length;
    RtlCopyMemory(Path + 2, Answer[Creates].Target, Length);
    Wrong[0] +=
        FsRtlValidateReparsePointBuffer(FIELD_OFFSET(REPARSE_DATA_BUFFER, GenericReparseBuffer) +
                                            Data->ReparseDataLength,
                                        Data) != STATUS_SUCCESS;
    Irp->Tail.Overlay.AuxiliaryBuffer = (PVOID)Data;
    Complete(Irp, STATUS_REPARSE, Answer[Creates++].Tag);
    return STATUS_REPARSE;
}

/* At Path a link is met behind its first At parts; Path becomes what it means. */
static VOID
Meet(ULONG Number, PPATH Path)
{
    ULONG At = 1 + Any(Path->Count), Rest = 0;
    BOOLEAN Relative = Any(3) != 0;
    PATH Target, New = {0};

    Draw(&Target, 1, 4, Relative);
    for (ULONG i = At; i < Path->Count; i++) {
        Rest += (ULONG)(wcslen(Path->Part[i]) + 1) * sizeof(WCHAR);
    }
    Answer[Number].Tag = !Relative && Any(2) ? IO_REPARSE_TAG_MOUNT_POINT : IO_REPARSE_TAG_SYMLINK;
    Answer[Number].Flags = Relative ? SYMLINK_RELATIVE : 0;
    Answer[Number].RestLength = Rest;
    if (Relative) {
        Write(&Target, Answer[Number].Target, TRUE);
        RtlCopyMemory(New.Part, Path->Part, (At - 1) * sizeof(PCWSTR));
        New.Count = At - 1;
        Follow(&New, &Target);
    } else {
        wcscpy(Answer[Number].Target, DEVICE);
        Write(&Target, Answer[Number].Target + wcslen(DEVICE), FALSE);
        New = Target;
    }
    for (ULONG i = At; i < Path->Count; i++) {
        New.Part[New.Count++] = Path->Part[i];
    }
    *Path = New;
}

static NTSTATUS
OpenPath(PPATH Path, ULONG Options)
{
    static WCHAR Text[512];
    OBJECT_ATTRIBUTES Attributes;
    UNICODE_STRING Name;
    IO_STATUS_BLOCK Iosb;
    HANDLE Handle;
    NTSTATUS Status;

    wcscpy(Text, DEVICE);
    Write(Path, Text + wcslen(DEVICE), FALSE);
    RtlInitUnicodeString(&Name, Text);
    InitializeObjectAttributes(&Attributes, &Name, OBJ_KERNEL_HANDLE, NULL, NULL);
    Creates = 0;
    Status = IoCreateFile(&Handle, FILE_READ_DATA, &Attributes, &Iosb, NULL, 0, 7, FILE_OPEN, 0,
                          NULL, 0, CreateFileTypeNone, NULL, Options);
    if (NT_SUCCESS(Status)) {
        ZwClose(Handle);
    }
    return Status;
}

static VOID
Steps(VOID)
{
    for (ULONG Step = 0; Step < STEPS; Step++) {
        PATH Path, Asked;
        WCHAR Expected[256];

        Draw(&Path, 1, PARTS, FALSE);
        Asked = Path;
        Links = 1;
        Meet(0, &Path);
        if (Path.Count != 0 && Any(2)) {
            Links = 2;
            Meet(1, &Path);
        }
        Wrong[1] += OpenPath(&Asked, 0) != STATUS_SUCCESS;
        Write(&Path, Expected, FALSE);
        Wrong[2] += Creates != Links + 1;
        Wrong[3] += wcscmp(Reached, Expected) != 0;
        /* who wants to know of links is told of them; of mount points nobody asks */
        Links = 1;
        Wrong[4] +=
            OpenPath(&Asked, IO_STOP_ON_SYMLINK) !=
            (Answer[0].Tag == IO_REPARSE_TAG_SYMLINK ? STATUS_STOPPED_ON_SYMLINK : STATUS_SUCCESS);
    }
    for (ULONG i = 0; i < RTL_NUMBER_OF(Wrong); i++) {
        EXPECT_EQ(Wrong[i], 0);
    }
}

/* How long it says that it is. */
static VOID
Lengths(VOID)
{
    static union {
        REPARSE_DATA_BUFFER Data;
        UCHAR Bytes[256];
    } Buffer;
    static const struct {
        ULONG Tag, Fixed; /* what stands in front of the path */
    } Tags[] = {{IO_REPARSE_TAG_MOUNT_POINT, 8}, {IO_REPARSE_TAG_SYMLINK, 12}};
    ULONG Bad = 0;

    for (ULONG i = 0; i < RTL_NUMBER_OF(Tags); i++) {
        for (ULONG Data = 0; Data < 40; Data++) {
            for (ULONG End = 0; End < 32; End += 2) {
                BOOLEAN Good = Data >= Tags[i].Fixed + End;

                RtlZeroMemory(&Buffer, sizeof(Buffer));
                Buffer.Data.ReparseTag = Tags[i].Tag;
                Buffer.Data.ReparseDataLength = (USHORT)Data;
                Buffer.Data.SymbolicLinkReparseBuffer.SubstituteNameLength = (USHORT)End;
                Bad += (FsRtlValidateReparsePointBuffer(8 + Data, &Buffer.Data) ==
                        STATUS_SUCCESS) != Good;
                Bad += NT_SUCCESS(FsRtlValidateReparsePointBuffer(7 + Data, &Buffer.Data));
                Bad += NT_SUCCESS(FsRtlValidateReparsePointBuffer(9 + Data, &Buffer.Data));
                Buffer.Data.SymbolicLinkReparseBuffer.SubstituteNameLength = 0;
                Buffer.Data.SymbolicLinkReparseBuffer.PrintNameOffset = (USHORT)End;
                Bad += (FsRtlValidateReparsePointBuffer(8 + Data, &Buffer.Data) ==
                        STATUS_SUCCESS) != Good;
            }
        }
    }
    EXPECT_EQ(Bad, 0);
}

static VOID
Prepare(VOID)
{
    EXPECT(MakeDevice(DEVICE, 0, 0) != NULL);
}

static const NTLAB_TEST Tests[] = {TEST(Prepare), TEST(Steps), TEST(Lengths)};

NTSTATUS NTAPI
DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
    Driver = DriverObject;
    DriverObject->DriverUnload = IoTestUnload;
    for (ULONG i = 0; i <= IRP_MJ_MAXIMUM_FUNCTION; i++) {
        DriverObject->MajorFunction[i] = Dispatch;
    }
    NtlabRun(Tests, RTL_NUMBER_OF(Tests));
    IoDeleteDevice(DriverObject->DeviceObject);
    return STATUS_SUCCESS;
}
