/*
 * requests.c - each service of a file as the driver below sees it: major and minor function, flags, parameters, where the caller's bytes are by the device's kind of
 * transfer, and what comes back: status, count and exactly so many bytes, at once or later, as a success, a warning or a failure, to a
 * handle that waits and to one that does not. [DDI:ntifs/irp-mj-*] of each, [DDI:ntifs/ntreadfile], [DDI:ntifs/ntlockfile],
 * [DDI:ntifs/ntquerydirectoryfile], [DDI:ntifs/ntnotifychangedirectoryfile], [DDI:ntifs/ntqueryquotainformationfile],
 * [DDI:ntifs/zwqueryeafile], [DDI:ntifs/ntqueryvolumeinformationfile], [DDI:ntifs/ntdeviceiocontrolfile], [LEARN:kernel/methods-for-accessing-data-buffers].
 */
#include "../ntlab-test.h"

NTSYSAPI NTSTATUS NTAPI ZwQueryQuotaInformationFile(HANDLE, PIO_STATUS_BLOCK, PVOID, ULONG, BOOLEAN,
                                                    PVOID, ULONG, PSID, BOOLEAN);
NTSYSAPI NTSTATUS NTAPI ZwSetQuotaInformationFile(HANDLE, PIO_STATUS_BLOCK, PVOID, ULONG);

NTSYSAPI NTSTATUS NTAPI ZwNotifyChangeDirectoryFile(HANDLE, HANDLE, PIO_APC_ROUTINE, PVOID,
                                                    PIO_STATUS_BLOCK, PVOID, ULONG, ULONG, BOOLEAN);

enum { Buffered, Direct, Neither, Kinds };

static PDEVICE_OBJECT Devices[Kinds];
static struct {
    UCHAR Major, Minor, Flags;
    ULONG64 Words[4]; /* Parameters.Others */
    PVOID SystemBuffer, UserBuffer;
    PMDL Mdl;
    ULONG IrpFlags;
    UCHAR Bytes[64], List[64];
    LONGLONG Length; /* a lock's */
} Seen;
static NTSTATUS Answer;
static ULONG AnswerCount;
static BOOLEAN Late;
static PIRP Held;
static KTIMER Timer;
static KDPC Dpc;
static UCHAR Data[64];
static IO_STATUS_BLOCK Iosb;
static ULONG Kind;
static HANDLE File;

static VOID
Fill(PVOID Buffer, ULONG Count)
{
    for (ULONG i = 0; i < Count; i++) {
        ((PUCHAR)Buffer)[i] = (UCHAR)(0x40 + i);
    }
}

/* The bytes of a request that asks for some. */
static PVOID
Target(PIRP Irp)
{
    return Irp->MdlAddress != NULL
               ? MmGetSystemAddressForMdlSafe(Irp->MdlAddress, NormalPagePriority)
           : Irp->AssociatedIrp.SystemBuffer != NULL ? Irp->AssociatedIrp.SystemBuffer
                                                     : Irp->UserBuffer;
}

static BOOLEAN
Asks(PIO_STACK_LOCATION Stack)
{
    switch (Stack->MajorFunction) {
    case IRP_MJ_READ:
    case IRP_MJ_QUERY_INFORMATION:
    case IRP_MJ_QUERY_VOLUME_INFORMATION:
    case IRP_MJ_QUERY_EA:
    case IRP_MJ_QUERY_QUOTA:
    case IRP_MJ_DIRECTORY_CONTROL:
    case IRP_MJ_DEVICE_CONTROL:
    case IRP_MJ_FILE_SYSTEM_CONTROL:
        return TRUE;
    }
    return FALSE;
}

static NTSTATUS
Finish(PIRP Irp)
{
    NTSTATUS Status = Answer;

    Irp->IoStatus.Status = Status;
    Irp->IoStatus.Information = AnswerCount;
    IoCompleteRequest(Irp, IO_NO_INCREMENT);
    return Status;
}

static VOID NTAPI
OnTime(PKDPC D, PVOID Context, PVOID One, PVOID Two)
{
    Finish(Held);
}

static NTSTATUS NTAPI
Dispatch(PDEVICE_OBJECT Device, PIRP Irp)
{
    PIO_STACK_LOCATION Stack = IoGetCurrentIrpStackLocation(Irp);
    PVOID Buffer = Target(Irp);

    if (Stack->MajorFunction == IRP_MJ_CREATE || Stack->MajorFunction == IRP_MJ_CLEANUP ||
        Stack->MajorFunction == IRP_MJ_CLOSE) {
        Irp->IoStatus.Status = STATUS_SUCCESS;
        Irp->IoStatus.Information = 0;
        IoCompleteRequest(Irp, IO_NO_INCREMENT);
        return STATUS_SUCCESS;
    }
    RtlZeroMemory(&Seen, sizeof(Seen));
    Seen.Major = Stack->MajorFunction;
    Seen.Minor = Stack->MinorFunction;
    Seen.Flags = Stack->Flags;
    RtlCopyMemory(Seen.Words, &Stack->Parameters, sizeof(Seen.Words));
    Seen.SystemBuffer = Irp->AssociatedIrp.SystemBuffer;
    Seen.UserBuffer = Irp->UserBuffer;
    Seen.Mdl = Irp->MdlAddress;
    Seen.IrpFlags = Irp->Flags;
    if (Buffer != NULL && Stack->MajorFunction != IRP_MJ_LOCK_CONTROL) {
        RtlCopyMemory(Seen.Bytes, Buffer, 8);
    }
    switch (Stack->MajorFunction) {
    case IRP_MJ_READ:
    case IRP_MJ_WRITE: /* where the file is now is the driver's to say */
        Stack->FileObject->CurrentByteOffset.QuadPart =
            Stack->Parameters.Read.ByteOffset.QuadPart + AnswerCount;
        break;
    case IRP_MJ_LOCK_CONTROL:
        Seen.Length = Stack->Parameters.LockControl.Length->QuadPart;
        break;
    case IRP_MJ_QUERY_EA:
        if (Stack->Parameters.QueryEa.EaList != NULL) {
            RtlCopyMemory(Seen.List, Stack->Parameters.QueryEa.EaList,
                          Stack->Parameters.QueryEa.EaListLength);
        }
        break;
    case IRP_MJ_QUERY_QUOTA:
        if (Stack->Parameters.QueryQuota.SidList != NULL) {
            RtlCopyMemory(Seen.List, Stack->Parameters.QueryQuota.SidList,
                          Stack->Parameters.QueryQuota.SidListLength);
        } else if (Stack->Parameters.QueryQuota.StartSid != NULL) {
            RtlCopyMemory(Seen.List, Stack->Parameters.QueryQuota.StartSid, 12);
        }
        break;
    case IRP_MJ_DIRECTORY_CONTROL:
        if (Stack->MinorFunction == IRP_MN_QUERY_DIRECTORY &&
            Stack->Parameters.QueryDirectory.FileName != NULL) {
            RtlCopyMemory(Seen.List, Stack->Parameters.QueryDirectory.FileName->Buffer,
                          Stack->Parameters.QueryDirectory.FileName->Length);
        }
        break;
    }
    if (Asks(Stack) && Buffer != NULL && !NT_ERROR(Answer)) {
        Fill(Buffer, AnswerCount);
    }
    if (Late) {
        LARGE_INTEGER Due = {.QuadPart = -1000};

        IoMarkIrpPending(Irp);
        Held = Irp;
        KeSetTimer(&Timer, Due, &Dpc);
        return STATUS_PENDING;
    }
    return Finish(Irp);
}

static VOID
Open(ULONG Which, BOOLEAN Waits)
{
    static const PCWSTR Names[] = {L"\\Device\\ntlab-buffered", L"\\Device\\ntlab-direct",
                                   L"\\Device\\ntlab-neither"};
    UNICODE_STRING Name;
    OBJECT_ATTRIBUTES Attributes;
    NTSTATUS Was = Answer;
    BOOLEAN WasLate = Late;

    Kind = Which;
    Answer = STATUS_SUCCESS;
    Late = FALSE;
    RtlInitUnicodeString(&Name, Names[Which]);
    InitializeObjectAttributes(&Attributes, &Name, OBJ_KERNEL_HANDLE, NULL, NULL);
    EXPECT_STATUS(ZwCreateFile(&File, GENERIC_READ | GENERIC_WRITE | SYNCHRONIZE, &Attributes,
                               &Iosb, NULL, 0, 7, FILE_OPEN,
                               Waits ? FILE_SYNCHRONOUS_IO_NONALERT : 0, NULL, 0),
                  STATUS_SUCCESS);
    Answer = Was;
    Late = WasLate;
}

/* By kind of transfer: a copy, a description, the caller's own address. */
static VOID
Where(PVOID Buffer, ULONG Length, BOOLEAN Always)
{
    if (Kind == Buffered || Always) {
        EXPECT(Seen.SystemBuffer != NULL && Seen.SystemBuffer != Buffer && Seen.Mdl == NULL);
    } else if (Kind == Direct) {
        EXPECT(Seen.Mdl != NULL && Seen.SystemBuffer == NULL);
    } else {
        EXPECT(Seen.Mdl == NULL && Seen.SystemBuffer == NULL && Seen.UserBuffer == Buffer);
    }
}

static VOID
Saw(UCHAR Major, UCHAR Minor, UCHAR Flags)
{
    EXPECT_EQ(Seen.Major, Major);
    EXPECT_EQ(Seen.Minor, Minor);
    EXPECT_EQ(Seen.Flags, Flags);
}

/* So many bytes of the answer, and none behind them. */
static BOOLEAN
Got(ULONG Count)
{
    for (ULONG i = 0; i < sizeof(Data); i++) {
        if (Data[i] != (i < Count ? 0x40 + i : 0xCC)) {
            return FALSE;
        }
    }
    return TRUE;
}

#define LONGS(i) ((ULONG)Seen.Words[i])

static VOID
Transfers(VOID)
{
    LARGE_INTEGER Offset = {.QuadPart = 0x123456789};
    ULONG Key = 0x77;

    for (ULONG Which = 0; Which < Kinds; Which++) {
        Open(Which, TRUE);
        AnswerCount = 5;
        RtlFillMemory(Data, sizeof(Data), 0xCC);
        EXPECT_STATUS(ZwReadFile(File, NULL, NULL, NULL, &Iosb, Data, 40, &Offset, &Key),
                      STATUS_SUCCESS);
        Saw(IRP_MJ_READ, 0, 0);
        EXPECT(LONGS(0) == 40 && LONGS(1) == 0x77 && Seen.Words[2] == 0x123456789);
        Where(Data, 40, FALSE);
        EXPECT(Got(5) && Iosb.Information == 5);
        Fill(Data, 8);
        EXPECT_STATUS(ZwWriteFile(File, NULL, NULL, NULL, &Iosb, Data, 40, &Offset, &Key),
                      STATUS_SUCCESS);
        Saw(IRP_MJ_WRITE, 0, 0);
        EXPECT(LONGS(0) == 40 && LONGS(1) == 0x77 && Seen.Words[2] == 0x123456789);
        Where(Data, 40, FALSE);
        EXPECT(RtlEqualMemory(Seen.Bytes, Data, 8) && Iosb.Information == 5);
        /* nothing: there is no buffer; without a place the file's */
        AnswerCount = 0;
        EXPECT_STATUS(ZwReadFile(File, NULL, NULL, NULL, &Iosb, Data, 0, NULL, NULL),
                      STATUS_SUCCESS);
        EXPECT(Seen.Words[2] == 0x12345678E && LONGS(1) == 0);
        EXPECT(Seen.Mdl == NULL && Seen.SystemBuffer == NULL);
        ZwClose(File);
    }
}

static VOID
Lists(VOID)
{
    static const UCHAR Names[] = {8, 0, 0, 0, 1, 'A', 0, 0, 0, 0, 0, 0, 2, 'B', 'C', 0};
    static const UCHAR Ea[] = {0, 0, 0, 0, 0, 1, 2, 0, 'A', 0, 7, 8};
    UNICODE_STRING Pattern = RTL_CONSTANT_STRING(L"*.txt");
    ULONG64 Sids[4] = {0}, Quota[8] = {0};
    PFILE_GET_QUOTA_INFORMATION Get = (PVOID)Sids;
    PFILE_QUOTA_INFORMATION Set = (PVOID)Quota;
    ULONG Index = 3;

    Get->SidLength = Set->SidLength = 12;
    RtlCopyMemory(&Get->Sid, SeExports->SeWorldSid, 12);
    RtlCopyMemory(&Set->Sid, SeExports->SeWorldSid, 12);
    AnswerCount = 6;
    for (ULONG Which = 0; Which < Kinds; Which++) {
        for (ULONG Bits = 0; Bits < 4; Bits++) {
            BOOLEAN Single = Bits & 1, Restart = Bits >> 1;
            UCHAR Flags = (Single ? SL_RETURN_SINGLE_ENTRY : 0) | (Restart ? SL_RESTART_SCAN : 0);

            Open(Which, TRUE);
            RtlFillMemory(Data, sizeof(Data), 0xCC);
            EXPECT_STATUS(ZwQueryDirectoryFile(File, NULL, NULL, NULL, &Iosb, Data, 50,
                                               FileNamesInformation, Single, &Pattern, Restart),
                          STATUS_SUCCESS);
            Saw(IRP_MJ_DIRECTORY_CONTROL, IRP_MN_QUERY_DIRECTORY, Flags);
            EXPECT(LONGS(0) == 50 && LONGS(2) == FileNamesInformation && LONGS(3) == 0);
            EXPECT(RtlEqualMemory(Seen.List, L"*.txt", 10));
            Where(Data, 50, FALSE);
            EXPECT(Got(6) && Iosb.Information == 6);
            EXPECT_STATUS(ZwQueryDirectoryFile(File, NULL, NULL, NULL, &Iosb, Data, 50,
                                               FileNamesInformation, Single, NULL, Restart),
                          STATUS_SUCCESS);
            EXPECT_EQ(Seen.Words[1], 0);
            RtlFillMemory(Data, sizeof(Data), 0xCC);
            EXPECT_STATUS(ZwQueryEaFile(File, &Iosb, Data, 48, Single, (PVOID)Names, sizeof(Names),
                                        Restart ? &Index : NULL, Restart),
                          STATUS_SUCCESS);
            Saw(IRP_MJ_QUERY_EA, 0, Flags | (Restart ? SL_INDEX_SPECIFIED : 0));
            EXPECT(LONGS(0) == 48 && LONGS(2) == sizeof(Names) && LONGS(3) == (Restart ? 3u : 0u));
            EXPECT(RtlEqualMemory(Seen.List, Names, sizeof(Names)));
            Where(Data, 48, FALSE);
            EXPECT(Got(6) && Iosb.Information == 6);
            RtlFillMemory(Data, sizeof(Data), 0xCC);
            EXPECT_STATUS(ZwQueryQuotaInformationFile(
                              File, &Iosb, Data, 48, Single, Restart ? Sids : NULL,
                              Restart ? 20 : 0, Restart ? NULL : SeExports->SeWorldSid, Restart),
                          STATUS_SUCCESS);
            Saw(IRP_MJ_QUERY_QUOTA, 0, Flags | (Restart ? 0 : SL_INDEX_SPECIFIED));
            EXPECT(LONGS(0) == 48 && LONGS(3) == (Restart ? 20u : 0u));
            EXPECT_EQ(Seen.Words[1] != 0, !Restart);
            EXPECT(RtlEqualMemory(Seen.List, Restart ? (PVOID)Sids : SeExports->SeWorldSid,
                                  Restart ? 20 : 12));
            Where(Data, 48, FALSE);
            EXPECT(Got(6) && Iosb.Information == 6);
            ZwClose(File);
        }
        Open(Which, TRUE);
        EXPECT_STATUS(ZwSetEaFile(File, &Iosb, (PVOID)Ea, sizeof(Ea)), STATUS_SUCCESS);
        Saw(IRP_MJ_SET_EA, 0, 0);
        EXPECT(LONGS(0) == sizeof(Ea) && RtlEqualMemory(Seen.Bytes, Ea, 8));
        Where((PVOID)Ea, sizeof(Ea), FALSE);
        Data[0] = 1;
        Seen.Major = 0xFF;
        EXPECT_STATUS(ZwSetEaFile(File, &Iosb, Data, sizeof(Ea)), STATUS_EA_LIST_INCONSISTENT);
        EXPECT(Seen.Major == 0xFF && Iosb.Information == 0);
        EXPECT_STATUS(ZwSetQuotaInformationFile(File, &Iosb, Quota, 52), STATUS_SUCCESS);
        Saw(IRP_MJ_SET_QUOTA, 0, 0);
        EXPECT(LONGS(0) == 52 && RtlEqualMemory(Seen.Bytes, Quota, 8));
        Where(Quota, 52, FALSE);
        Set->SidLength = 13;
        Seen.Major = 0xFF;
        Iosb.Information = 0x77;
        EXPECT_STATUS(ZwSetQuotaInformationFile(File, &Iosb, Quota, 52),
                      STATUS_QUOTA_LIST_INCONSISTENT);
        EXPECT(Seen.Major == 0xFF && Iosb.Information == 0);
        Set->SidLength = 12;
        /* lists that are not as they must be */
        EXPECT_STATUS(ZwQueryEaFile(File, &Iosb, Data, 48, FALSE, (PVOID)Names, sizeof(Names) - 1,
                                    NULL, FALSE),
                      STATUS_EA_LIST_INCONSISTENT);
        EXPECT_STATUS(
            ZwQueryQuotaInformationFile(File, &Iosb, Data, 48, FALSE, Sids, 19, NULL, FALSE),
            STATUS_QUOTA_LIST_INCONSISTENT);
        EXPECT_EQ(Seen.Major, 0xFF);
        ZwClose(File);
    }
}

static VOID
Others(VOID)
{
    LARGE_INTEGER Offset = {.QuadPart = 0x11}, Length = {.QuadPart = 0x2200000000};
    FILE_FS_LABEL_INFORMATION Label = {2, {L'x'}};
    FILE_BASIC_INFORMATION Basic = {.FileAttributes = FILE_ATTRIBUTE_NORMAL};

    for (ULONG Which = 0; Which < Kinds; Which++) {
        for (ULONG Bits = 0; Bits < 4; Bits++) {
            Open(Which, TRUE);
            AnswerCount = 0;
            EXPECT_STATUS(ZwLockFile(File, NULL, NULL, NULL, &Iosb, &Offset, &Length, 0x99,
                                     Bits & 1, Bits >> 1),
                          STATUS_SUCCESS);
            Saw(IRP_MJ_LOCK_CONTROL, IRP_MN_LOCK,
                (Bits & 1 ? SL_FAIL_IMMEDIATELY : 0) | (Bits & 2 ? SL_EXCLUSIVE_LOCK : 0));
            EXPECT(Seen.Length == 0x2200000000 && LONGS(1) == 0x99 && Seen.Words[2] == 0x11);
            EXPECT_STATUS(ZwUnlockFile(File, &Iosb, &Offset, &Length, 0x98), STATUS_SUCCESS);
            Saw(IRP_MJ_LOCK_CONTROL, IRP_MN_UNLOCK_SINGLE, 0);
            EXPECT(Seen.Length == 0x2200000000 && LONGS(1) == 0x98 && Seen.Words[2] == 0x11);
            ZwClose(File);
        }
        Open(Which, FALSE);
        AnswerCount = 7;
        RtlFillMemory(Data, sizeof(Data), 0xCC);
        EXPECT_STATUS(ZwQueryVolumeInformationFile(File, &Iosb, Data, 40, FileFsVolumeInformation),
                      STATUS_SUCCESS);
        Saw(IRP_MJ_QUERY_VOLUME_INFORMATION, 0, 0);
        EXPECT(LONGS(0) == 40 && LONGS(1) == FileFsVolumeInformation);
        Where(Data, 40, TRUE); /* always a copy */
        EXPECT(Got(7) && Iosb.Information == 7);
        EXPECT_STATUS(
            ZwSetVolumeInformationFile(File, &Iosb, &Label, sizeof(Label), FileFsLabelInformation),
            STATUS_SUCCESS);
        Saw(IRP_MJ_SET_VOLUME_INFORMATION, 0, 0);
        EXPECT(LONGS(0) == sizeof(Label) && LONGS(1) == FileFsLabelInformation);
        EXPECT(RtlEqualMemory(Seen.Bytes, &Label, 6));
        RtlFillMemory(Data, sizeof(Data), 0xCC);
        EXPECT_STATUS(ZwQueryInformationFile(File, &Iosb, Data, 40, FileBasicInformation),
                      STATUS_SUCCESS);
        Saw(IRP_MJ_QUERY_INFORMATION, 0, 0);
        EXPECT(LONGS(0) == 40 && LONGS(1) == FileBasicInformation);
        Where(Data, 40, TRUE);
        EXPECT(Got(7) && Iosb.Information == 7);
        EXPECT_STATUS(ZwSetInformationFile(File, &Iosb, &Basic, 40, FileBasicInformation),
                      STATUS_SUCCESS);
        Saw(IRP_MJ_SET_INFORMATION, 0, 0);
        EXPECT(LONGS(0) == 40 && LONGS(1) == FileBasicInformation);
        EXPECT_STATUS(ZwFlushBuffersFile(File, &Iosb), STATUS_SUCCESS);
        Saw(IRP_MJ_FLUSH_BUFFERS, 0, 0);
        ZwClose(File);
    }
}

/* All four methods of a control code, whatever the device's kind. */
static VOID
Controls(VOID)
{
    static UCHAR In[16];

    Fill(In, sizeof(In));
    for (ULONG Method = 0; Method < 4; Method++) {
        for (ULONG Fs = 0; Fs < 2; Fs++) {
            ULONG Code = CTL_CODE(0x22, 0x801, Method, FILE_ANY_ACCESS);
            NTSTATUS Status;

            Open(Neither, TRUE);
            AnswerCount = 9;
            RtlFillMemory(Data, sizeof(Data), 0xCC);
            Status =
                Fs ? ZwFsControlFile(File, NULL, NULL, NULL, &Iosb, Code, In, 16, Data, 40)
                   : ZwDeviceIoControlFile(File, NULL, NULL, NULL, &Iosb, Code, In, 16, Data, 40);
            EXPECT_STATUS(Status, STATUS_SUCCESS);
            EXPECT_EQ(Seen.Major, Fs ? IRP_MJ_FILE_SYSTEM_CONTROL : IRP_MJ_DEVICE_CONTROL);
            EXPECT_EQ(Seen.Flags & 5, 5); /* SL_READ_ACCESS_GRANTED, SL_WRITE_ACCESS_GRANTED */
            EXPECT(LONGS(0) == 40 && LONGS(1) == 16 && LONGS(2) == Code);
            switch (Method) {
            case METHOD_BUFFERED:
                EXPECT(Seen.SystemBuffer != NULL && Seen.Mdl == NULL);
                EXPECT(RtlEqualMemory(Seen.Bytes, In, 8) && Got(9));
                break;
            case METHOD_IN_DIRECT:
            case METHOD_OUT_DIRECT:
                EXPECT(Seen.SystemBuffer != NULL && Seen.Mdl != NULL && Got(9));
                break;
            default:
                EXPECT(Seen.SystemBuffer == NULL && Seen.Mdl == NULL && Got(9));
                EXPECT(Seen.Words[3] == (ULONG_PTR)In && Seen.UserBuffer == Data);
                break;
            }
            EXPECT_EQ(Iosb.Information, 9);
            ZwClose(File);
        }
    }
}

/* At once or later; to a handle that waits and to one that is told. */
static VOID
Ends(VOID)
{
    static const struct {
        NTSTATUS Status;
        BOOLEAN Copied; /* what the driver left in a buffer that is copied back */
    } Table[] = {{STATUS_SUCCESS, TRUE},
                 {STATUS_BUFFER_OVERFLOW, TRUE},
                 {STATUS_NO_MORE_FILES, TRUE},
                 {STATUS_END_OF_FILE, FALSE},
                 {STATUS_IO_DEVICE_ERROR, FALSE}};

    AnswerCount = 5;
    for (ULONG i = 0; i < RTL_NUMBER_OF(Table); i++) {
        for (ULONG Bits = 0; Bits < 4; Bits++) {
            LARGE_INTEGER Offset = {.QuadPart = 0};
            HANDLE Event = NULL;
            PKEVENT Object;
            NTSTATUS Status;

            Answer = Table[i].Status;
            Late = Bits & 1;
            Open(Buffered, Bits >> 1);
            ZwCreateEvent(&Event, EVENT_ALL_ACCESS, NULL, NotificationEvent, TRUE);
            ObReferenceObjectByHandle(Event, EVENT_ALL_ACCESS, *ExEventObjectType, KernelMode,
                                      (PVOID *)&Object, NULL);
            RtlFillMemory(Data, sizeof(Data), 0xCC);
            Iosb.Status = 0x77;
            Iosb.Information = 0x77;
            Status = ZwReadFile(File, Event, NULL, NULL, &Iosb, Data, 40, &Offset, NULL);
            if (Status == STATUS_PENDING) {
                EXPECT_EQ(Bits, 1);
                EXPECT_EQ(KeReadStateEvent(Object), 0);
                ZwWaitForSingleObject(Event, FALSE, NULL);
                Status = Iosb.Status;
            } else {
                EXPECT(Bits != 1);
            }
            EXPECT_STATUS(Status, Table[i].Status);
            if (!NT_ERROR(Table[i].Status) || Bits == 1) {
                EXPECT_STATUS(Iosb.Status, Table[i].Status);
                EXPECT_EQ(Iosb.Information, 5);
                EXPECT_EQ(KeReadStateEvent(Object), 1);
            } else { /* what fails at once, or while its caller waits, says so in its answer alone */
                EXPECT_EQ(Iosb.Information, 0x77);
            }
            EXPECT(Got(Table[i].Copied ? 5 : 0));
            ObDereferenceObject(Object);
            ZwClose(Event);
            ZwClose(File);
        }
    }
    Late = FALSE;
    Answer = STATUS_SUCCESS;
}

static VOID
Notifies(VOID)
{
    for (ULONG Tree = 0; Tree < 2; Tree++) {
        Open(Neither, TRUE);
        AnswerCount = 0;
        EXPECT_STATUS(ZwNotifyChangeDirectoryFile(File, NULL, NULL, NULL, &Iosb, Data, 40,
                                                  FILE_NOTIFY_CHANGE_SIZE, (BOOLEAN)Tree),
                      STATUS_SUCCESS);
        Saw(IRP_MJ_DIRECTORY_CONTROL, IRP_MN_NOTIFY_CHANGE_DIRECTORY, Tree ? SL_WATCH_TREE : 0);
        EXPECT(LONGS(0) == 40 && LONGS(1) == FILE_NOTIFY_CHANGE_SIZE);
        EXPECT_EQ(Seen.UserBuffer, Data);
        Seen.Major = 0xFF;
        EXPECT_STATUS(
            ZwNotifyChangeDirectoryFile(File, NULL, NULL, NULL, &Iosb, Data, 40, 0, FALSE),
            STATUS_INVALID_PARAMETER);
        EXPECT_STATUS(
            ZwNotifyChangeDirectoryFile(File, NULL, NULL, NULL, &Iosb, Data, 40, 0x1000, FALSE),
            STATUS_INVALID_PARAMETER);
        EXPECT_EQ(Seen.Major, 0xFF);
        ZwClose(File);
    }
}

static VOID NTAPI
Unload(PDRIVER_OBJECT DriverObject)
{
    while (DriverObject->DeviceObject != NULL) {
        IoDeleteDevice(DriverObject->DeviceObject);
    }
}

NTSTATUS NTAPI
DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
    static const NTLAB_TEST Tests[] = {TEST(Transfers), TEST(Lists), TEST(Others),
                                       TEST(Controls),  TEST(Ends),  TEST(Notifies)};
    static const PCWSTR Names[] = {L"\\Device\\ntlab-buffered", L"\\Device\\ntlab-direct",
                                   L"\\Device\\ntlab-neither"};

    KeInitializeTimer(&Timer);
    KeInitializeDpc(&Dpc, OnTime, NULL);
    for (ULONG i = 0; i <= IRP_MJ_MAXIMUM_FUNCTION; i++) {
        DriverObject->MajorFunction[i] = Dispatch;
    }
    DriverObject->DriverUnload = Unload;
    for (ULONG i = 0; i < Kinds; i++) {
        UNICODE_STRING Name;

        RtlInitUnicodeString(&Name, Names[i]);
        EXPECT_STATUS(
            IoCreateDevice(DriverObject, 0, &Name, FILE_DEVICE_UNKNOWN, 0, FALSE, &Devices[i]),
            STATUS_SUCCESS);
        Devices[i]->Flags |= i == Buffered ? DO_BUFFERED_IO : i == Direct ? DO_DIRECT_IO : 0;
        Devices[i]->Flags &= ~DO_DEVICE_INITIALIZING;
    }
    NtlabRun(Tests, RTL_NUMBER_OF(Tests));
    return STATUS_SUCCESS;
}
