/*
 * createparam.c - what a create is, as the driver below sees it: every option's rule and its file object's flags, disposition, share access, attributes, size,
 * extended attributes, name and access; how it may end: refused, with a warning, later; whom a hint reaches; opens for the question alone
 * and what is asked; a target's directory. [DDI:ntifs/ntcreatefile], [DDI:wdm/zwcreatefile], [DDI:ntifs/iocreatefileex],
 * [DDI:ntifs/iocreatefilespecifydeviceobjecthint], [DDI:ntifs/irp-mj-create], [DDI:wdm/_file_object], [DDI:wdm/zwqueryfullattributesfile],
 * [DDI:ntifs/zwdeletefile], MS-FSCC 2.4.15 (extended attributes).
 */
#include "../ntlab-test.h"

#ifndef IO_CHECK_CREATE_PARAMETERS
#define IO_CHECK_CREATE_PARAMETERS 0x0200
#endif

static PDEVICE_OBJECT Device, Above;
static struct {
    ULONG Creates, Cleanups, Closes, Queries, Flags, Options, Attributes, Share, EaLength, Access;
    UCHAR StackFlags;
    LONGLONG Size;
    PDEVICE_OBJECT At;
    WCHAR Name[64];
    UCHAR Ea[64];
} Seen;
static NTSTATUS Answer, NetworkAnswer;
static ULONG_PTR AnswerInformation;
static PIRP Held;
static KTIMER Timer;
static KDPC Dpc;

static VOID NTAPI
Later(PKDPC D, PVOID Context, PVOID One, PVOID Two)
{
    Held->IoStatus.Status = (NTSTATUS)(LONG_PTR)Context;
    Held->IoStatus.Information = 5;
    IoCompleteRequest(Held, IO_NO_INCREMENT);
}

static NTSTATUS
Finish(PIRP Irp, NTSTATUS Status, ULONG_PTR Information)
{
    Irp->IoStatus.Status = Status;
    Irp->IoStatus.Information = Information;
    IoCompleteRequest(Irp, IO_NO_INCREMENT);
    return Status;
}

static NTSTATUS
Query(PIRP Irp, PIO_STACK_LOCATION Stack)
{
    PVOID Buffer = Irp->AssociatedIrp.SystemBuffer;

    Seen.Queries++;
    switch (Stack->Parameters.QueryFile.FileInformationClass) {
    case FileNetworkOpenInformation: {
        PFILE_NETWORK_OPEN_INFORMATION Info = Buffer;

        if (!NT_SUCCESS(NetworkAnswer)) {
            return Finish(Irp, NetworkAnswer, 0);
        }
        RtlFillMemory(Info, sizeof(*Info), 0x21);
        return Finish(Irp, STATUS_SUCCESS, sizeof(*Info));
    }
    case FileBasicInformation: {
        PFILE_BASIC_INFORMATION Info = Buffer;

        Info->CreationTime.QuadPart = 1;
        Info->LastAccessTime.QuadPart = 2;
        Info->LastWriteTime.QuadPart = 3;
        Info->ChangeTime.QuadPart = 4;
        Info->FileAttributes = FILE_ATTRIBUTE_HIDDEN;
        return Finish(Irp, STATUS_SUCCESS, sizeof(*Info));
    }
    case FileStandardInformation: {
        PFILE_STANDARD_INFORMATION Info = Buffer;

        RtlZeroMemory(Info, sizeof(*Info));
        Info->AllocationSize.QuadPart = 0x2000;
        Info->EndOfFile.QuadPart = 0x1234;
        return Finish(Irp, STATUS_SUCCESS, sizeof(*Info));
    }
    default:
        return Finish(Irp, STATUS_INVALID_PARAMETER, 0);
    }
}

static NTSTATUS NTAPI
Dispatch(PDEVICE_OBJECT At, PIRP Irp)
{
    PIO_STACK_LOCATION Stack = IoGetCurrentIrpStackLocation(Irp);
    PFILE_OBJECT File = Stack->FileObject;

    switch (Stack->MajorFunction) {
    case IRP_MJ_CREATE:
        Seen.Creates++;
        Seen.At = At;
        Seen.Flags = File->Flags;
        Seen.Options = Stack->Parameters.Create.Options;
        Seen.Attributes = Stack->Parameters.Create.FileAttributes;
        Seen.Share = Stack->Parameters.Create.ShareAccess;
        Seen.EaLength = Stack->Parameters.Create.EaLength;
        Seen.Access = Stack->Parameters.Create.SecurityContext->DesiredAccess;
        Seen.StackFlags = Stack->Flags;
        Seen.Size = Irp->Overlay.AllocationSize.QuadPart;
        RtlZeroMemory(Seen.Name, sizeof(Seen.Name));
        RtlCopyMemory(Seen.Name, File->FileName.Buffer, File->FileName.Length);
        RtlZeroMemory(Seen.Ea, sizeof(Seen.Ea));
        if (Seen.EaLength != 0) {
            RtlCopyMemory(Seen.Ea, Irp->AssociatedIrp.SystemBuffer, Seen.EaLength);
        }
        EXPECT(File->DeviceObject == Device && Irp->RequestorMode == KernelMode);
        EXPECT((Irp->Flags & IRP_CREATE_OPERATION) && Irp->Tail.Overlay.OriginalFileObject == File);
        if (Answer == STATUS_PENDING) {
            LARGE_INTEGER Due = {.QuadPart = -1000};

            Held = Irp;
            IoMarkIrpPending(Irp);
            KeSetTimer(&Timer, Due, &Dpc);
            return STATUS_PENDING;
        }
        return Finish(Irp, Answer, AnswerInformation);
    case IRP_MJ_CLEANUP:
        Seen.Cleanups++;
        return Finish(Irp, STATUS_SUCCESS, 0);
    case IRP_MJ_CLOSE:
        Seen.Closes++;
        return Finish(Irp, STATUS_SUCCESS, 0);
    case IRP_MJ_QUERY_INFORMATION:
        return Query(Irp, Stack);
    default:
        return Finish(Irp, STATUS_INVALID_DEVICE_REQUEST, 0);
    }
}

static UNICODE_STRING Name = RTL_CONSTANT_STRING(L"\\Device\\ntlab-create\\dir\\name");
static OBJECT_ATTRIBUTES Attributes;
static IO_STATUS_BLOCK Iosb;
static HANDLE File;

static NTSTATUS
Create(ACCESS_MASK Access, LONGLONG Size, ULONG FileAttributes, ULONG Share, ULONG Disposition,
       ULONG Options, PVOID Ea, ULONG EaLength, ULONG How)
{
    LARGE_INTEGER Allocation = {.QuadPart = Size};

    InitializeObjectAttributes(&Attributes, &Name, OBJ_CASE_INSENSITIVE | OBJ_KERNEL_HANDLE, NULL,
                               NULL);
    File = NULL;
    Iosb.Information = 0x77;
    return IoCreateFile(&File, Access, &Attributes, &Iosb, &Allocation, FileAttributes, Share,
                        Disposition, Options, Ea, EaLength, CreateFileTypeNone, NULL, How);
}

/* What the page of NtCreateFile rules out. */
static BOOLEAN
Fits(ACCESS_MASK Access, ULONG FileAttributes, ULONG Share, ULONG Disposition, ULONG Options)
{
    ULONG Both = FILE_SYNCHRONOUS_IO_ALERT | FILE_SYNCHRONOUS_IO_NONALERT;

    if (Share > 7 || Disposition > FILE_OVERWRITE_IF || (Options & ~0xFFFFFFu) ||
        (FileAttributes & ~0x7FB7u)) {
        return FALSE;
    }
    if ((Options & Both) == Both || ((Options & Both) && !(Access & SYNCHRONIZE)) ||
        ((Options & FILE_DELETE_ON_CLOSE) && !(Access & DELETE)) ||
        ((Options & FILE_NO_INTERMEDIATE_BUFFERING) && (Access & FILE_APPEND_DATA)) ||
        ((Options & FILE_COMPLETE_IF_OPLOCKED) && (Options & FILE_RESERVE_OPFILTER))) {
        return FALSE;
    }
    if (Options & FILE_DIRECTORY_FILE) {
        ULONG With = FILE_DIRECTORY_FILE | Both | FILE_WRITE_THROUGH | FILE_COMPLETE_IF_OPLOCKED |
                     FILE_OPEN_FOR_BACKUP_INTENT | FILE_DELETE_ON_CLOSE |
                     FILE_OPEN_FOR_FREE_SPACE_QUERY | FILE_OPEN_BY_FILE_ID | FILE_NO_COMPRESSION |
                     FILE_OPEN_REPARSE_POINT | FILE_OPEN_REMOTE_INSTANCE;

        return (Options & ~With) == 0 && (Disposition == FILE_CREATE || Disposition == FILE_OPEN ||
                                          Disposition == FILE_OPEN_IF);
    }
    return TRUE;
}

/* Each option with each other one; each is as it was given, and its flags are the file object's. */
static VOID
Options(VOID)
{
    static const ULONG Single[] = {0,
                                   FILE_DIRECTORY_FILE,
                                   FILE_WRITE_THROUGH,
                                   FILE_SEQUENTIAL_ONLY,
                                   FILE_NO_INTERMEDIATE_BUFFERING,
                                   FILE_SYNCHRONOUS_IO_ALERT,
                                   FILE_SYNCHRONOUS_IO_NONALERT,
                                   FILE_NON_DIRECTORY_FILE,
                                   FILE_COMPLETE_IF_OPLOCKED,
                                   FILE_NO_EA_KNOWLEDGE,
                                   FILE_OPEN_REMOTE_INSTANCE,
                                   FILE_RANDOM_ACCESS,
                                   FILE_DELETE_ON_CLOSE,
                                   FILE_OPEN_BY_FILE_ID,
                                   FILE_OPEN_FOR_BACKUP_INTENT,
                                   FILE_NO_COMPRESSION,
                                   FILE_RESERVE_OPFILTER,
                                   FILE_OPEN_REPARSE_POINT,
                                   FILE_OPEN_NO_RECALL,
                                   FILE_OPEN_FOR_FREE_SPACE_QUERY,
                                   0x40000000};
    static const ACCESS_MASK Accesses[] = {FILE_READ_DATA, FILE_READ_DATA | SYNCHRONIZE | DELETE,
                                           FILE_APPEND_DATA | SYNCHRONIZE, DELETE};
    ULONG Bad = 0, Refused = 0;

    for (ULONG i = 0; i < RTL_NUMBER_OF(Single); i++) {
        for (ULONG k = i; k < RTL_NUMBER_OF(Single); k++) {
            ULONG Both = Single[i] | Single[k], Flags = 0;
            ACCESS_MASK Access = Accesses[(i + k) % 4];
            ULONG Disposition = (i * 5 + k) % 7;
            BOOLEAN Good = Fits(Access, 0, 3, Disposition, Both);
            NTSTATUS Status =
                Create(Access, 0, 0, 3, Disposition, Both, NULL, 0, IO_CHECK_CREATE_PARAMETERS);

            Refused += !Good;
            if (!Good) {
                Bad += Status != STATUS_INVALID_PARAMETER || File != NULL;
                continue;
            }
            Flags |= Both & 0x30 ? FO_SYNCHRONOUS_IO : 0;
            Flags |= Both & FILE_SYNCHRONOUS_IO_ALERT ? FO_ALERTABLE_IO : 0;
            Flags |= Both & FILE_WRITE_THROUGH ? FO_WRITE_THROUGH : 0;
            Flags |= Both & FILE_SEQUENTIAL_ONLY ? FO_SEQUENTIAL_ONLY : 0;
            Flags |= Both & FILE_RANDOM_ACCESS ? FO_RANDOM_ACCESS : 0;
            Flags |= Both & FILE_NO_INTERMEDIATE_BUFFERING ? FO_NO_INTERMEDIATE_BUFFERING : 0;
            Bad += Status != STATUS_SUCCESS || Seen.Options != (Disposition << 24 | Both);
            Bad += (Seen.Flags &
                    (FO_SYNCHRONOUS_IO | FO_ALERTABLE_IO | FO_WRITE_THROUGH | FO_SEQUENTIAL_ONLY |
                     FO_RANDOM_ACCESS | FO_NO_INTERMEDIATE_BUFFERING)) != Flags;
            Bad += (Seen.Access & Access) != Access || Seen.StackFlags != 0;
            ZwClose(File);
        }
    }
    EXPECT_EQ(Bad, 0);
    EXPECT(Refused > 20);
    EXPECT(Seen.Creates == Seen.Cleanups && Seen.Creates == Seen.Closes);
    /* dispositions, share access and attributes, and one beyond each */
    for (ULONG i = 0; i <= 7; i++) {
        EXPECT_EQ(NT_SUCCESS(Create(GENERIC_READ, 0, 0, i, FILE_OPEN, 0, NULL, 0,
                                    IO_CHECK_CREATE_PARAMETERS)),
                  TRUE);
        EXPECT_EQ(Seen.Share, i);
        ZwClose(File);
    }
    EXPECT_STATUS(Create(GENERIC_READ, 0, 0, 8, 1, 0, NULL, 0, IO_CHECK_CREATE_PARAMETERS),
                  STATUS_INVALID_PARAMETER);
    EXPECT_STATUS(Create(GENERIC_READ, 0, 0, 7, 6, 0, NULL, 0, IO_CHECK_CREATE_PARAMETERS),
                  STATUS_INVALID_PARAMETER);
    EXPECT_STATUS(Create(GENERIC_READ, 0, 0x100000, 7, 1, 0, NULL, 0, IO_CHECK_CREATE_PARAMETERS),
                  STATUS_INVALID_PARAMETER);
    EXPECT_STATUS(Create(GENERIC_READ, -1, 0, 7, 1, 0, NULL, 0, IO_CHECK_CREATE_PARAMETERS),
                  STATUS_INVALID_PARAMETER);
    EXPECT_STATUS(Create(GENERIC_READ, 0x123456789, 0x21, 5, FILE_OPEN_IF, 0, NULL, 0, 0),
                  STATUS_SUCCESS);
    EXPECT(Seen.Size == 0x123456789 && Seen.Attributes == 0x21 && Seen.Share == 5);
    EXPECT(wcscmp(Seen.Name, L"\\dir\\name") == 0 && Seen.EaLength == 0);
    ZwClose(File);
}

/* A list of extended attributes, as it must be, and changed in one byte. */
static VOID
Attributed(VOID)
{
    static const UCHAR Good[] = {16, 0, 0, 0, 0, 2, 3, 0,    'A', 'B', 0, 1,   2,
                                 3,  0, 0, 0, 0, 0, 0, 0x80, 1,   0,   0, 'C', 0};
    static const struct {
        UCHAR At, Value;
        ULONG Wrong; /* offset of the entry; MAXULONG: none is */
    } Table[] = {
        {9, 'Z', MAXULONG}, {10, 1, 0},  {0, 12, 0},  {0, 17, 0},  {0, 255, 0}, {5, 3, 0},
        {5, 200, 0},        {6, 200, 0}, {25, 1, 16}, {21, 2, 16}, {22, 9, 16}, {16, 200, 16},
    };
    ULONG64 Space[8];
    PUCHAR Ea = (PUCHAR)Space;

    RtlCopyMemory(Ea, Good, sizeof(Good));
    EXPECT_STATUS(Create(GENERIC_READ, 0, 0, 3, 1, 0, Ea, sizeof(Good), 0), STATUS_SUCCESS);
    EXPECT(Seen.EaLength == sizeof(Good) && RtlEqualMemory(Seen.Ea, Good, sizeof(Good)));
    ZwClose(File);
    EXPECT_STATUS(Create(GENERIC_READ, 0, 0, 3, 1, 0, NULL, 4, 0), STATUS_SUCCESS);
    EXPECT_EQ(Seen.EaLength, 0);
    ZwClose(File);
    for (ULONG i = 0; i < RTL_NUMBER_OF(Table); i++) {
        ULONG Offset = 0x77;

        RtlCopyMemory(Ea, Good, sizeof(Good));
        Ea[Table[i].At] = Table[i].Value;
        EXPECT_STATUS(IoCheckEaBufferValidity((PFILE_FULL_EA_INFORMATION)Ea, sizeof(Good), &Offset),
                      Table[i].Wrong == MAXULONG ? STATUS_SUCCESS : STATUS_EA_LIST_INCONSISTENT);
        if (Table[i].Wrong != MAXULONG) {
            EXPECT_EQ(Offset, Table[i].Wrong);
            EXPECT_STATUS(Create(GENERIC_READ, 0, 0, 3, 1, 0, Ea, sizeof(Good), 0),
                          STATUS_EA_LIST_INCONSISTENT);
            EXPECT_EQ(File, NULL);
        } else {
            EXPECT_STATUS(Create(GENERIC_READ, 0, 0, 3, 1, 0, Ea, sizeof(Good), 0), STATUS_SUCCESS);
            ZwClose(File);
        }
    }
    RtlCopyMemory(Ea, Good, sizeof(Good));
    for (ULONG Length = 1; Length < sizeof(Good); Length++) { /* cut off anywhere */
        ULONG Offset = 0x77;

        EXPECT_STATUS(IoCheckEaBufferValidity((PFILE_FULL_EA_INFORMATION)Ea, Length, &Offset),
                      STATUS_EA_LIST_INCONSISTENT);
    }
}

/* Refused, with a warning, with something to say, later. */
static VOID
Ends(VOID)
{
    static const struct {
        NTSTATUS Status;
        ULONG_PTR Information;
        BOOLEAN Handle;
    } Table[] = {
        {STATUS_SUCCESS, FILE_CREATED, TRUE},       {STATUS_SUCCESS, FILE_SUPERSEDED, TRUE},
        {STATUS_OPLOCK_BREAK_IN_PROGRESS, 1, TRUE}, {STATUS_OBJECT_NAME_EXISTS, 2, TRUE},
        {STATUS_NO_SUCH_DEVICE, 0, FALSE},          {STATUS_OBJECT_NAME_NOT_FOUND, 5, FALSE},
        {STATUS_SHARING_VIOLATION, 0, FALSE},       {STATUS_INSUFFICIENT_RESOURCES, 0, FALSE},
    };

    for (ULONG Late = 0; Late < 2; Late++) {
        for (ULONG i = 0; i < RTL_NUMBER_OF(Table); i++) {
            ULONG Cleanups = Seen.Cleanups, Closes = Seen.Closes;

            KeInitializeDpc(&Dpc, Later, (PVOID)(LONG_PTR)Table[i].Status);
            Answer = Late ? STATUS_PENDING : Table[i].Status;
            AnswerInformation = Table[i].Information;
            EXPECT_STATUS(Create(GENERIC_READ | SYNCHRONIZE, 0, 0, 3, 1,
                                 FILE_SYNCHRONOUS_IO_NONALERT, NULL, 0, 0),
                          Table[i].Status);
            EXPECT_EQ(File != NULL, Table[i].Handle);
            if (File != NULL) {
                EXPECT_EQ(Iosb.Information, Late ? 5 : Table[i].Information);
                EXPECT_STATUS(Iosb.Status, Table[i].Status);
                ZwClose(File);
                EXPECT(Seen.Cleanups == Cleanups + 1 && Seen.Closes == Closes + 1);
            } else { /* what was not opened is not closed */
                EXPECT(Seen.Cleanups == Cleanups && Seen.Closes == Closes);
            }
        }
    }
    Answer = STATUS_SUCCESS;
}

static VOID
Hints(VOID)
{
    EXPECT_STATUS(Create(GENERIC_READ, 0, 0, 3, 1, 0, NULL, 0, 0), STATUS_SUCCESS);
    EXPECT_EQ(Seen.At, Above); /* the top of the stack */
    ZwClose(File);
    EXPECT_STATUS(IoCreateFileSpecifyDeviceObjectHint(&File, GENERIC_READ, &Attributes, &Iosb, NULL,
                                                      0, 3, FILE_OPEN, 0, NULL, 0,
                                                      CreateFileTypeNone, NULL, 0, Device),
                  STATUS_SUCCESS);
    EXPECT_EQ(Seen.At, Device);
    ZwClose(File);
    EXPECT_STATUS(Create(GENERIC_READ, 0, 0, 3, 1, 0, NULL, 0, IO_OPEN_TARGET_DIRECTORY),
                  STATUS_SUCCESS);
    EXPECT_EQ(Seen.StackFlags, SL_OPEN_TARGET_DIRECTORY);
    ZwClose(File);
    EXPECT_STATUS(Create(GENERIC_READ, 0, 0, 3, 1, 0, NULL, 0, IO_FORCE_ACCESS_CHECK),
                  STATUS_SUCCESS);
    EXPECT_EQ(Seen.StackFlags, SL_FORCE_ACCESS_CHECK);
    ZwClose(File);
}

/* Opened, asked and closed at once; where the short question is not known, by two others. */
static VOID
Questions(VOID)
{
    static const NTSTATUS Unknown[] = {STATUS_INVALID_PARAMETER, STATUS_INVALID_DEVICE_REQUEST,
                                       STATUS_NOT_IMPLEMENTED};
    FILE_NETWORK_OPEN_INFORMATION Info;
    ULONG Creates = Seen.Creates, Closes = Seen.Closes, Queries = Seen.Queries;

    EXPECT_STATUS(ZwQueryFullAttributesFile(&Attributes, &Info), STATUS_SUCCESS);
    EXPECT(Info.FileAttributes == 0x21212121 && Info.EndOfFile.LowPart == 0x21212121);
    EXPECT(Seen.Creates == Creates + 1 && Seen.Closes == Closes + 1 && Seen.Queries == Queries + 1);
    EXPECT_EQ(Seen.Share, 7);
    EXPECT(Seen.Access & FILE_READ_ATTRIBUTES);
    EXPECT_EQ(Seen.Options, FILE_OPEN << 24 | FILE_OPEN_REPARSE_POINT);
    for (ULONG i = 0; i < RTL_NUMBER_OF(Unknown); i++) {
        NetworkAnswer = Unknown[i];
        Queries = Seen.Queries;
        RtlFillMemory(&Info, sizeof(Info), 0xCC);
        EXPECT_STATUS(ZwQueryFullAttributesFile(&Attributes, &Info), STATUS_SUCCESS);
        EXPECT(Info.CreationTime.QuadPart == 1 && Info.LastAccessTime.QuadPart == 2 &&
               Info.LastWriteTime.QuadPart == 3 && Info.ChangeTime.QuadPart == 4);
        EXPECT(Info.AllocationSize.QuadPart == 0x2000 && Info.EndOfFile.QuadPart == 0x1234);
        EXPECT_EQ(Info.FileAttributes, FILE_ATTRIBUTE_HIDDEN);
        EXPECT_EQ(Seen.Queries, Queries + 3);
    }
    NetworkAnswer = STATUS_FILE_CORRUPT_ERROR;
    RtlFillMemory(&Info, sizeof(Info), 0xCC);
    EXPECT_STATUS(ZwQueryFullAttributesFile(&Attributes, &Info), STATUS_FILE_CORRUPT_ERROR);
    EXPECT_EQ(Info.FileAttributes, 0xCCCCCCCC);
    NetworkAnswer = STATUS_SUCCESS;
    Answer = STATUS_ACCESS_DENIED;
    Queries = Seen.Queries;
    EXPECT_STATUS(ZwQueryFullAttributesFile(&Attributes, &Info), STATUS_ACCESS_DENIED);
    EXPECT_EQ(Seen.Queries, Queries);
    Answer = STATUS_SUCCESS;
    Closes = Seen.Closes;
    EXPECT_STATUS(ZwDeleteFile(&Attributes), STATUS_SUCCESS);
    EXPECT_EQ(Seen.Options, FILE_OPEN << 24 | FILE_DELETE_ON_CLOSE);
    EXPECT(Seen.Access & DELETE);
    EXPECT(Seen.Closes == Closes + 1 && Seen.Queries == Queries);
}

static VOID NTAPI
Unload(PDRIVER_OBJECT DriverObject)
{
    IoDeleteDevice(Device);
}

NTSTATUS NTAPI
DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
    static const NTLAB_TEST Tests[] = {TEST(Options), TEST(Attributed), TEST(Ends), TEST(Hints),
                                       TEST(Questions)};
    UNICODE_STRING Own = RTL_CONSTANT_STRING(L"\\Device\\ntlab-create");

    for (ULONG i = 0; i <= IRP_MJ_MAXIMUM_FUNCTION; i++) {
        DriverObject->MajorFunction[i] = Dispatch;
    }
    DriverObject->DriverUnload = Unload;
    KeInitializeTimer(&Timer);
    EXPECT_STATUS(IoCreateDevice(DriverObject, 0, &Own, FILE_DEVICE_UNKNOWN, 0, FALSE, &Device),
                  STATUS_SUCCESS);
    EXPECT_STATUS(IoCreateDevice(DriverObject, 0, NULL, FILE_DEVICE_UNKNOWN, 0, FALSE, &Above),
                  STATUS_SUCCESS);
    Above->Flags &= ~DO_DEVICE_INITIALIZING;
    Device->Flags &= ~DO_DEVICE_INITIALIZING;
    EXPECT_EQ(IoAttachDeviceToDeviceStack(Above, Device), Device);
    NtlabRun(Tests, RTL_NUMBER_OF(Tests));
    IoDetachDevice(Device);
    IoDeleteDevice(Above);
    return STATUS_SUCCESS;
}
