/*
 * file.c - opening, closing and sharing: [DDI:wdm/zwcreatefile], [K:dispatchcleanup-routines],
 * [K:dispatchclose-routines], [DDI:wdm/iocheckshareaccess], [IFS:irp-mj-create]
 */
#include "io-test.h"

static NTSTATUS CreateStatus;
static ULONG_PTR CreateInformation;
static PFILE_OBJECT LastFile, LastRelated;
static ULONG LastOptions;
static USHORT LastShare, LastAttributes;
static ACCESS_MASK LastAccess;
static UNICODE_STRING LastName;
static WCHAR LastNameBuffer[64];
static PEPROCESS CleanupProcess;
static KIRQL LastIrql;
static UCHAR LastFlags;
static BOOLEAN PendCreate;
static NTSTATUS NameStatus;

static VOID NTAPI
FinishCreate(PVOID Context)
{
    Sleep(1);
    Complete(Context, CreateStatus, CreateInformation);
    PsTerminateSystemThread(STATUS_SUCCESS);
}

static NTSTATUS NTAPI
Dispatch(PDEVICE_OBJECT DeviceObject, PIRP Irp)
{
    PIO_STACK_LOCATION Stack = IoGetCurrentIrpStackLocation(Irp);

    Log[Logged++ % sizeof(Log)] = Stack->MajorFunction;
    LastIrql = KeGetCurrentIrql();
    switch (Stack->MajorFunction) {
    case IRP_MJ_CREATE:
        LastFile = Stack->FileObject;
        LastRelated = LastFile->RelatedFileObject;
        LastOptions = Stack->Parameters.Create.Options;
        LastShare = Stack->Parameters.Create.ShareAccess;
        LastAttributes = Stack->Parameters.Create.FileAttributes;
        LastAccess = Stack->Parameters.Create.SecurityContext->DesiredAccess;
        LastFlags = Stack->Flags;
        LastName.Buffer = LastNameBuffer;
        LastName.MaximumLength = sizeof(LastNameBuffer);
        RtlCopyUnicodeString(&LastName, &LastFile->FileName);
        if (PendCreate) {
            HANDLE Thread;

            IoMarkIrpPending(Irp);
            PsCreateSystemThread(&Thread, THREAD_ALL_ACCESS, NULL, NULL, NULL, FinishCreate, Irp);
            ZwClose(Thread);
            return STATUS_PENDING;
        }
        return Complete(Irp, CreateStatus, CreateInformation);
    case IRP_MJ_QUERY_INFORMATION:
        if (Stack->Parameters.QueryFile.FileInformationClass == FileNameInformation &&
            NT_SUCCESS(NameStatus)) {
            PFILE_NAME_INFORMATION Name = Irp->AssociatedIrp.SystemBuffer;

            Name->FileNameLength = 5 * sizeof(WCHAR);
            RtlCopyMemory(Name->FileName, L"\\long", 5 * sizeof(WCHAR));
            return Complete(Irp, STATUS_SUCCESS, sizeof(ULONG) + Name->FileNameLength);
        }
        return Complete(Irp, NameStatus, 0);
    case IRP_MJ_QUERY_VOLUME_INFORMATION:
        if (Stack->Parameters.QueryVolume.FsInformationClass == FileFsSizeInformation) {
            HANDLE Thread;

            CreateStatus = STATUS_DEVICE_NOT_READY;
            CreateInformation = 0;
            IoMarkIrpPending(Irp);
            PsCreateSystemThread(&Thread, THREAD_ALL_ACCESS, NULL, NULL, NULL, FinishCreate, Irp);
            ZwClose(Thread);
            return STATUS_PENDING;
        }
        break;
    case IRP_MJ_CLEANUP:
        CleanupProcess = PsGetCurrentProcess();
        EXPECT_EQ(Stack->FileObject, LastFile);
        EXPECT_EQ(Irp->RequestorMode, KernelMode);
        break;
    }
    return Complete(Irp, STATUS_SUCCESS, 0);
}

static PDEVICE_OBJECT Device;

static VOID
Creation(VOID)
{
    UNICODE_STRING Expected = RTL_CONSTANT_STRING(L"\\dir\\file.txt");
    static const UCHAR Order[] = {IRP_MJ_CREATE, IRP_MJ_CLEANUP, IRP_MJ_CLOSE};
    OBJECT_ATTRIBUTES Attributes;
    LARGE_INTEGER Size = {.QuadPart = 4096};
    UNICODE_STRING Name = RTL_CONSTANT_STRING(L"\\Device\\IoTestFile\\dir\\file.txt");
    IO_STATUS_BLOCK Iosb;
    HANDLE Handle;

    Device = MakeDevice(L"\\Device\\IoTestFile", 0, 0);
    CreateInformation = FILE_CREATED;
    ClearLog();
    InitializeObjectAttributes(&Attributes, &Name, OBJ_CASE_INSENSITIVE | OBJ_KERNEL_HANDLE, NULL,
                               NULL);
    EXPECT_STATUS(ZwCreateFile(&Handle, FILE_READ_DATA | SYNCHRONIZE, &Attributes, &Iosb, &Size,
                               FILE_ATTRIBUTE_HIDDEN, FILE_SHARE_READ, FILE_OPEN_IF,
                               FILE_SYNCHRONOUS_IO_NONALERT | FILE_NON_DIRECTORY_FILE, NULL, 0),
                  STATUS_SUCCESS);
    EXPECT_EQ(Iosb.Information, FILE_CREATED);
    EXPECT(RtlEqualUnicodeString(&LastName, &Expected, FALSE)); /* what follows the device's name */
    EXPECT_EQ(LastOptions >> 24, FILE_OPEN_IF); /* "the high 8 bits ... CreateDisposition" */
    EXPECT_EQ(LastOptions & 0xFFFFFF, FILE_SYNCHRONOUS_IO_NONALERT | FILE_NON_DIRECTORY_FILE);
    EXPECT_EQ(LastShare, FILE_SHARE_READ);
    EXPECT_EQ(LastAttributes, FILE_ATTRIBUTE_HIDDEN);
    EXPECT_EQ(LastAccess, FILE_READ_DATA | SYNCHRONIZE);
    EXPECT_EQ(LastIrql, PASSIVE_LEVEL);
    EXPECT(LastRelated == NULL);
    EXPECT_EQ(LastFile->DeviceObject, Device);
    EXPECT(LastFile->Flags & FO_SYNCHRONOUS_IO);
    EXPECT(LastFile->Flags & FO_HANDLE_CREATED);
    EXPECT_EQ(Device->ReferenceCount, 1);
    ZwClose(Handle);
    EXPECT(LogIs(Order, sizeof(Order)));
    EXPECT_EQ(Device->ReferenceCount, 0);
}

/* A create that fails is followed by neither cleanup nor close. */
static VOID
FailedCreate(VOID)
{
    static const UCHAR Order[] = {IRP_MJ_CREATE};
    IO_STATUS_BLOCK Iosb = {.Status = 0x55};
    HANDLE Handle = (HANDLE)0x1234;

    CreateStatus = STATUS_SHARING_VIOLATION;
    ClearLog();
    EXPECT_STATUS(Open(L"\\Device\\IoTestFile\\x", FILE_READ_DATA, 0, 0, &Handle, &Iosb),
                  STATUS_SHARING_VIOLATION);
    EXPECT(LogIs(Order, 1));
    EXPECT_EQ(Device->ReferenceCount, 0);
    CreateStatus = STATUS_SUCCESS;
}

static VOID
PendedCreate(VOID)
{
    IO_STATUS_BLOCK Iosb;
    HANDLE Handle;

    PendCreate = TRUE;
    CreateInformation = FILE_OPENED;
    EXPECT_STATUS(Open(L"\\Device\\IoTestFile\\x", FILE_READ_DATA, 0, 0, &Handle, &Iosb),
                  STATUS_SUCCESS);
    EXPECT_EQ(Iosb.Information, FILE_OPENED);
    ZwClose(Handle);
    CreateStatus = STATUS_OBJECT_NAME_NOT_FOUND;
    EXPECT_STATUS(Open(L"\\Device\\IoTestFile\\x", FILE_READ_DATA, 0, 0, &Handle, &Iosb),
                  STATUS_OBJECT_NAME_NOT_FOUND);
    CreateStatus = STATUS_SUCCESS;
    PendCreate = FALSE;
    EXPECT_EQ(Device->ReferenceCount, 0);
}

/* [K:dispatchcleanup-routines] cleanup when the last handle is closed, close when the last reference goes */
static VOID
HandlesAndReferences(VOID)
{
    static const UCHAR Cleanup[] = {IRP_MJ_CREATE, IRP_MJ_CLEANUP},
                       Close[] = {IRP_MJ_CREATE, IRP_MJ_CLEANUP, IRP_MJ_CLOSE};
    HANDLE First, Second;
    PFILE_OBJECT File;
    IO_STATUS_BLOCK Iosb;

    ClearLog();
    Open(L"\\Device\\IoTestFile\\x", FILE_READ_DATA, 0, 0, &First, &Iosb);
    ObReferenceObjectByHandle(First, 0, *IoFileObjectType, KernelMode, (PVOID *)&File, NULL);
    EXPECT_STATUS(ObOpenObjectByPointer(File, OBJ_KERNEL_HANDLE, NULL, 0, *IoFileObjectType,
                                        KernelMode, &Second),
                  STATUS_SUCCESS);
    ZwClose(First);
    EXPECT_EQ(Logged, 1);
    ZwClose(Second);
    EXPECT(LogIs(Cleanup, 2));
    EXPECT(File->Flags & FO_CLEANUP_COMPLETE);
    ObDereferenceObject(File);
    EXPECT(LogIs(Close, 3));
}

static VOID
RelativeOpen(VOID)
{
    UNICODE_STRING Name = RTL_CONSTANT_STRING(L"child");
    OBJECT_ATTRIBUTES Attributes;
    PFILE_OBJECT Parent;
    HANDLE Directory, Handle;
    IO_STATUS_BLOCK Iosb;

    Open(L"\\Device\\IoTestFile\\dir", FILE_READ_DATA, 0, 0, &Directory, &Iosb);
    Parent = LastFile;
    InitializeObjectAttributes(&Attributes, &Name, OBJ_KERNEL_HANDLE, Directory, NULL);
    EXPECT_STATUS(ZwOpenFile(&Handle, FILE_READ_DATA, &Attributes, &Iosb, 0, 0), STATUS_SUCCESS);
    EXPECT_EQ(LastRelated, Parent); /* FileName is relative to RelatedFileObject */
    EXPECT(RtlEqualUnicodeString(&LastName, &Name, FALSE));
    /* No OBJ_CASE_INSENSITIVE, and yet: case insensitivity is enforced for all subsystems, file objects
       included, unless obcaseinsensitive is 0. [policy: System objects: Require case insensitivity] */
    EXPECT((LastFlags & SL_CASE_SENSITIVE) == 0);
    EXPECT_EQ(Device->ReferenceCount, 2);
    ZwClose(Handle);
    LastFile = Parent;
    ZwClose(Directory);
    EXPECT_EQ(Device->ReferenceCount, 0);
}

/* The driver names its files: the name that was opened is not looked at. One that gives none leaves the device's name, any
   other failure is the caller's. A buffer that is too small for all of it gets what fits. [DDI:ntifs/obquerynamestring] */
static VOID
NamesOfFiles(VOID)
{
    static const NTSTATUS None[] = {STATUS_NOT_IMPLEMENTED, STATUS_INVALID_PARAMETER,
                                    STATUS_INVALID_DEVICE_REQUEST};
    static const NTSTATUS Failures[] = {STATUS_UNSUCCESSFUL, STATUS_OBJECT_TYPE_MISMATCH};
    UNICODE_STRING Whole = RTL_CONSTANT_STRING(L"\\Device\\IoTestFile\\long");
    UNICODE_STRING Short = RTL_CONSTANT_STRING(L"\\Device\\IoTestFile\\lon");
    UNICODE_STRING Bare = RTL_CONSTANT_STRING(L"\\Device\\IoTestFile");
    struct {
        OBJECT_NAME_INFORMATION Info;
        WCHAR Room[64];
    } Buffer;
    IO_STATUS_BLOCK Iosb;
    HANDLE Handle;
    ULONG Needed;

    Open(L"\\Device\\IoTestFile\\short", FILE_READ_DATA, 0, 0, &Handle, &Iosb);
    NameStatus = STATUS_SUCCESS;
    EXPECT_STATUS(ObQueryNameString(LastFile, &Buffer.Info, sizeof(Buffer), &Needed),
                  STATUS_SUCCESS);
    EXPECT(RtlEqualUnicodeString(&Buffer.Info.Name, &Whole, FALSE));
    EXPECT_EQ(Needed, sizeof(Buffer.Info) + Whole.Length + sizeof(WCHAR));
    EXPECT_STATUS(ObQueryNameString(LastFile, &Buffer.Info, Needed - sizeof(WCHAR), &Needed),
                  STATUS_BUFFER_OVERFLOW);
    EXPECT(RtlEqualUnicodeString(&Buffer.Info.Name, &Short, FALSE));
    EXPECT_EQ(Needed, sizeof(Buffer.Info) + Whole.Length + sizeof(WCHAR));
    for (ULONG i = 0; i < RTL_NUMBER_OF(None); i++) {
        NameStatus = None[i];
        EXPECT_STATUS(ObQueryNameString(LastFile, &Buffer.Info, sizeof(Buffer), &Needed),
                      STATUS_SUCCESS);
        EXPECT(RtlEqualUnicodeString(&Buffer.Info.Name, &Bare, FALSE));
    }
    for (ULONG i = 0; i < RTL_NUMBER_OF(Failures); i++) {
        NameStatus = Failures[i];
        EXPECT_STATUS(ObQueryNameString(LastFile, &Buffer.Info, sizeof(Buffer), &Needed),
                      Failures[i]);
    }
    ZwClose(Handle);
}

/* An error that comes late writes the status block of who waits with an asynchronous file, and leaves the one of a synchronous
   file alone. A file opened for its attributes alone has no volume to ask about. [Windows 7 to 11] */
static VOID
LateErrors(VOID)
{
    FILE_FS_SIZE_INFORMATION Info;
    IO_STATUS_BLOCK Iosb;
    HANDLE Handle;

    Open(L"\\Device\\IoTestFile\\x", FILE_READ_DATA | SYNCHRONIZE, 0, FILE_SYNCHRONOUS_IO_NONALERT,
         &Handle, &Iosb);
    Iosb.Status = 0x55;
    Iosb.Information = 0x66;
    EXPECT_STATUS(
        ZwQueryVolumeInformationFile(Handle, &Iosb, &Info, sizeof(Info), FileFsSizeInformation),
        STATUS_DEVICE_NOT_READY);
    EXPECT(Iosb.Status == 0x55 && Iosb.Information == 0x66);
    CreateStatus = STATUS_SUCCESS;
    ZwClose(Handle);
    Open(L"\\Device\\IoTestFile\\x", FILE_READ_DATA, 0, 0, &Handle, &Iosb);
    EXPECT_EQ(KeReadStateEvent(&LastFile->Event), 1); /* an open file is signaled */
    EXPECT_STATUS(
        ZwQueryVolumeInformationFile(Handle, &Iosb, &Info, sizeof(Info), FileFsSizeInformation),
        STATUS_DEVICE_NOT_READY);
    EXPECT(Iosb.Status == STATUS_DEVICE_NOT_READY && Iosb.Information == 0);
    CreateStatus = STATUS_SUCCESS;
    ZwClose(Handle);
    Open(L"\\Device\\IoTestFile", FILE_READ_ATTRIBUTES | SYNCHRONIZE, 0, 0, &Handle, &Iosb);
    EXPECT(LastFile->Flags & FO_DIRECT_DEVICE_OPEN);
    EXPECT_STATUS(
        ZwQueryVolumeInformationFile(Handle, &Iosb, &Info, sizeof(Info), FileFsSizeInformation),
        STATUS_INVALID_DEVICE_REQUEST);
    ZwClose(Handle);
}

/* Kernel mode is trusted unless it says IO_CHECK_CREATE_PARAMETERS. [DDI:wdm/iocreatefile] */
#define CheckedCreate(...)                                                                         \
    IoCreateFile(__VA_ARGS__, CreateFileTypeNone, NULL, IO_CHECK_CREATE_PARAMETERS)

/* [DDI:wdm/zwcreatefile] options that exclude each other */
static VOID
Parameters(VOID)
{
    OBJECT_ATTRIBUTES Attributes;
    UNICODE_STRING Name = RTL_CONSTANT_STRING(L"\\Device\\IoTestFile");
    IO_STATUS_BLOCK Iosb;
    HANDLE Handle;

    InitializeObjectAttributes(&Attributes, &Name, OBJ_KERNEL_HANDLE, NULL, NULL);
    /* "If FILE_SYNCHRONOUS_IO_... the SYNCHRONIZE flag must be set" */
    EXPECT_STATUS(CheckedCreate(&Handle, FILE_READ_DATA, &Attributes, &Iosb, NULL, 0, 0, FILE_OPEN,
                                FILE_SYNCHRONOUS_IO_NONALERT, NULL, 0),
                  STATUS_INVALID_PARAMETER);
    EXPECT_STATUS(CheckedCreate(&Handle, FILE_READ_DATA | SYNCHRONIZE, &Attributes, &Iosb, NULL, 0,
                                0, FILE_OPEN,
                                FILE_SYNCHRONOUS_IO_NONALERT | FILE_SYNCHRONOUS_IO_ALERT, NULL, 0),
                  STATUS_INVALID_PARAMETER);
    /* FILE_DIRECTORY_FILE goes with FILE_CREATE, FILE_OPEN and FILE_OPEN_IF only */
    EXPECT_STATUS(CheckedCreate(&Handle, FILE_READ_DATA, &Attributes, &Iosb, NULL, 0, 0,
                                FILE_OVERWRITE, FILE_DIRECTORY_FILE, NULL, 0),
                  STATUS_INVALID_PARAMETER);
    EXPECT_STATUS(
        CheckedCreate(&Handle, FILE_READ_DATA, &Attributes, &Iosb, NULL, 0, 0, 6, 0, NULL, 0),
        STATUS_INVALID_PARAMETER);
    EXPECT_STATUS(CheckedCreate(&Handle, FILE_READ_DATA, &Attributes, &Iosb, NULL, 0, 8, FILE_OPEN,
                                0, NULL, 0),
                  STATUS_INVALID_PARAMETER);
    /* FILE_NO_INTERMEDIATE_BUFFERING excludes FILE_APPEND_DATA */
    EXPECT_STATUS(CheckedCreate(&Handle, FILE_APPEND_DATA, &Attributes, &Iosb, NULL, 0, 0,
                                FILE_OPEN, FILE_NO_INTERMEDIATE_BUFFERING, NULL, 0),
                  STATUS_INVALID_PARAMETER);
    /* FILE_DELETE_ON_CLOSE needs DELETE */
    EXPECT_STATUS(CheckedCreate(&Handle, FILE_READ_DATA, &Attributes, &Iosb, NULL, 0, 0, FILE_OPEN,
                                FILE_DELETE_ON_CLOSE, NULL, 0),
                  STATUS_INVALID_PARAMETER);
    /* As "Using Files in a Driver" does it: synchronous, without SYNCHRONIZE. */
    EXPECT_STATUS(ZwCreateFile(&Handle, FILE_READ_DATA, &Attributes, &Iosb, NULL, 0, 0, FILE_OPEN,
                               FILE_SYNCHRONOUS_IO_NONALERT, NULL, 0),
                  STATUS_SUCCESS);
    ZwClose(Handle);
}

static VOID
Reparse(VOID)
{
    /* A driver's IO_REPARSE sends the open to another name. */
    IO_STATUS_BLOCK Iosb;
    HANDLE Handle;

    CreateStatus = STATUS_OBJECT_TYPE_MISMATCH;
    EXPECT_STATUS(Open(L"\\Device\\IoTestFile", FILE_READ_DATA, 0, 0, &Handle, &Iosb),
                  STATUS_OBJECT_TYPE_MISMATCH);
    CreateStatus = STATUS_SUCCESS;
    EXPECT_STATUS(Open(L"\\Device", FILE_READ_DATA, 0, 0, &Handle, &Iosb),
                  STATUS_OBJECT_TYPE_MISMATCH);
    EXPECT_STATUS(Open(L"\\Device\\NoSuchDevice", FILE_READ_DATA, 0, 0, &Handle, &Iosb),
                  STATUS_OBJECT_NAME_NOT_FOUND);
    EXPECT_STATUS(Open(L"\\NoSuchDir\\NoSuchDevice", FILE_READ_DATA, 0, 0, &Handle, &Iosb),
                  STATUS_OBJECT_PATH_NOT_FOUND);
}

static VOID
Sharing(VOID)
{
    HANDLE HandleA, HandleB;
    PFILE_OBJECT A, B;
    SHARE_ACCESS Share;
    IO_STATUS_BLOCK Iosb;

    Open(L"\\Device\\IoTestFile\\a", FILE_READ_DATA, 0, 0, &HandleA, &Iosb);
    A = LastFile;
    Open(L"\\Device\\IoTestFile\\a", FILE_READ_DATA, 0, 0, &HandleB, &Iosb);
    B = LastFile;
    IoSetShareAccess(FILE_READ_DATA, FILE_SHARE_READ, A, &Share);
    EXPECT(A->ReadAccess && !A->WriteAccess && A->SharedRead && !A->SharedWrite);
    EXPECT(Share.OpenCount == 1 && Share.Readers == 1 && Share.SharedRead == 1 &&
           Share.Writers == 0);
    /* "checks whether shared access to a file object is permitted" */
    EXPECT_STATUS(IoCheckShareAccess(FILE_READ_DATA, FILE_SHARE_READ, B, &Share, FALSE),
                  STATUS_SUCCESS);
    EXPECT_EQ(Share.OpenCount, 1);
    EXPECT_STATUS(IoCheckShareAccess(FILE_WRITE_DATA, FILE_SHARE_READ, B, &Share, TRUE),
                  STATUS_SHARING_VIOLATION);
    EXPECT_STATUS(IoCheckShareAccess(FILE_READ_DATA, 0, B, &Share, TRUE), STATUS_SHARING_VIOLATION);
    EXPECT_STATUS(IoCheckShareAccess(FILE_READ_ATTRIBUTES, 0, B, &Share, TRUE),
                  STATUS_SUCCESS); /* takes no part */
    EXPECT_EQ(Share.OpenCount, 1);
    EXPECT_STATUS(
        IoCheckShareAccess(FILE_READ_DATA, FILE_SHARE_READ | FILE_SHARE_WRITE, B, &Share, TRUE),
        STATUS_SUCCESS);
    EXPECT(Share.OpenCount == 2 && Share.Readers == 2 && Share.SharedWrite == 1);
    IoRemoveShareAccess(A, &Share);
    EXPECT(Share.OpenCount == 1 && Share.Readers == 1 && Share.SharedRead == 1 &&
           Share.SharedWrite == 1);
    IoUpdateShareAccess(A, &Share);
    EXPECT_EQ(Share.OpenCount, 2);
    IoRemoveShareAccess(A, &Share);
    IoRemoveShareAccess(B, &Share);
    EXPECT(Share.OpenCount == 0 && Share.Readers == 0 && Share.SharedRead == 0);
    LastFile = A;
    ZwClose(HandleA);
    LastFile = B;
    ZwClose(HandleB);
    IoDeleteDevice(Device);
}

IO_TEST_DRIVER(TEST(Creation), TEST(FailedCreate), TEST(PendedCreate), TEST(HandlesAndReferences),
               TEST(RelativeOpen), TEST(NamesOfFiles), TEST(LateErrors), TEST(Parameters),
               TEST(Reparse), TEST(Sharing))
