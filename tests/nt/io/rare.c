/*
 * rare.c - I/O manager routines that few drivers call: DOS names, streams, origins, hints, share access, a driver of a driver's
 * own, reinitialisation, power and activity callbacks.
 * [DDI:wdm/iovolumedevicetodosname], [DDI:ntifs/ioqueryfiledosdevicename], [DDI:ntifs/iocreatestreamfileobject],
 * [DDI:ntifs/ioreplacefileobjectname], [DDI:ntifs/iosetfileorigin], [DDI:wdm/iogetiopriorityhint],
 * [DDI:wdm/iosetiopriorityhint], [DDI:wdm/iocheckshareaccessex], [DDI:wdm/iosetshareaccess],
 * [DDI:ntddk/iovalidatedeviceiocontrolaccess], [DDI:ntifs/iocheckdesiredaccess], [DDI:ntifs/iocheckquerysetfileinformation],
 * [DDI:ntifs/iosetharderrororverifydevice], [DDI:wdm/iogetremainingstacksize], [DDI:wdm/iowithinstacklimits],
 * [DDI:ntddk/ioregisterdriverreinitialization], [DDI:wdm/poregisterpowersettingcallback], [DDI:wdm/poregistersystemstate],
 * [DDI:wdm/etwactivityidcontrol], [DDI:ntifs/ioisoperationsynchronous], [DDI:ntddk/iogetpagingiopriority],
 * [DDI:ntifs/iogetrequestorsessionid]; IoCreateDriver is exported and well known.
 */
#include "io-test.h"

NTKERNELAPI NTSTATUS NTAPI IoRetrievePriorityInfo(PIRP, PFILE_OBJECT, PETHREAD, PIO_PRIORITY_INFO);
NTKERNELAPI NTSTATUS NTAPI IoApplyPriorityInfoThread(PIO_PRIORITY_INFO, PIO_PRIORITY_INFO,
                                                     PETHREAD);
NTKERNELAPI NTSTATUS NTAPI IoCreateDriver(PUNICODE_STRING, PDRIVER_INITIALIZE);
NTKERNELAPI VOID NTAPI IoDeleteDriver(PDRIVER_OBJECT);
NTKERNELAPI NTSTATUS NTAPI IoReplaceFileObjectName(PFILE_OBJECT, PWSTR, USHORT);
NTKERNELAPI NTSTATUS NTAPI IoSetFileOrigin(PFILE_OBJECT, BOOLEAN);
NTKERNELAPI BOOLEAN NTAPI IoIsFileOriginRemote(PFILE_OBJECT);
NTKERNELAPI NTSTATUS NTAPI IoQueryFileDosDeviceName(PFILE_OBJECT, POBJECT_NAME_INFORMATION *);
NTKERNELAPI NTSTATUS NTAPI IoCheckDesiredAccess(PACCESS_MASK, ACCESS_MASK);
NTKERNELAPI NTSTATUS NTAPI IoCheckQuerySetFileInformation(FILE_INFORMATION_CLASS, ULONG, BOOLEAN);
NTKERNELAPI NTSTATUS NTAPI IoCheckQuerySetVolumeInformation(FS_INFORMATION_CLASS, ULONG, BOOLEAN);
NTKERNELAPI NTSTATUS NTAPI IoQueryFileInformation(PFILE_OBJECT, FILE_INFORMATION_CLASS, ULONG,
                                                  PVOID, PULONG);
NTKERNELAPI NTSTATUS NTAPI IoQueryVolumeInformation(PFILE_OBJECT, FS_INFORMATION_CLASS, ULONG,
                                                    PVOID, PULONG);
NTKERNELAPI NTSTATUS NTAPI IoCheckShareAccessEx(ACCESS_MASK, ULONG, PFILE_OBJECT, PSHARE_ACCESS,
                                                BOOLEAN, PBOOLEAN);
NTKERNELAPI NTSTATUS NTAPI IoValidateDeviceIoControlAccess(PIRP, ULONG);
NTKERNELAPI NTSTATUS NTAPI IoGetRequestorSessionId(PIRP, PULONG);
NTKERNELAPI PVOID NTAPI IoGetInitialStack(VOID);

static PFILE_OBJECT File;
static HANDLE Handle;

static NTSTATUS NTAPI
Dispatch(PDEVICE_OBJECT DeviceObject, PIRP Irp)
{
    return Complete(Irp, STATUS_SUCCESS, 0);
}

/* C:\Windows and its file object. */
static VOID
OpenWindows(VOID)
{
    IO_STATUS_BLOCK Iosb;

    EXPECT_STATUS(Open(L"\\??\\C:\\Windows", FILE_READ_ATTRIBUTES | SYNCHRONIZE, 7,
                       FILE_SYNCHRONOUS_IO_NONALERT, &Handle, &Iosb),
                  STATUS_SUCCESS);
    EXPECT_STATUS(
        ObReferenceObjectByHandle(Handle, 0, *IoFileObjectType, KernelMode, (PVOID *)&File, NULL),
        STATUS_SUCCESS);
}

static VOID
Names(VOID)
{
    UNICODE_STRING Dos = {0};
    POBJECT_NAME_INFORMATION Name = NULL;
    PDEVICE_OBJECT Device = MakeDevice(NULL, 0, 0);

    EXPECT_STATUS(IoVolumeDeviceToDosName(File->DeviceObject, &Dos), STATUS_SUCCESS);
    EXPECT(Dos.Length == 4 && Dos.MaximumLength == 6 && wcscmp(Dos.Buffer, L"C:") == 0);
    ExFreePool(Dos.Buffer);
    EXPECT_STATUS(IoQueryFileDosDeviceName(File, &Name), STATUS_SUCCESS);
    EXPECT(Name->Name.Length == 20 && _wcsicmp(Name->Name.Buffer, L"C:\\Windows") == 0);
    ExFreePool(Name);
    EXPECT(!NT_SUCCESS(IoVolumeDeviceToDosName(Device, &Dos))); /* it has no letter */
    IoDeleteDevice(Device);
}

static VOID
Files(VOID)
{
    PFILE_OBJECT Stream = IoCreateStreamFileObject(NULL, File->DeviceObject), Lite;
    FILE_BASIC_INFORMATION Basic;
    FILE_FS_DEVICE_INFORMATION Device;
    WCHAR Text[] = L"\\name";
    PWSTR Former;
    ULONG Length = 0;

    EXPECT(Stream != NULL && (Stream->Flags & FO_STREAM_FILE));
    EXPECT(Stream->DeviceObject == File->DeviceObject && Stream->Type == 5);
    EXPECT_STATUS(IoReplaceFileObjectName(Stream, Text, 10), STATUS_SUCCESS);
    EXPECT(Stream->FileName.Length == 10 && Stream->FileName.MaximumLength >= 10);
    EXPECT(wcsncmp(Stream->FileName.Buffer, Text, 5) == 0);
    Former = Stream->FileName.Buffer;
    EXPECT_STATUS(IoReplaceFileObjectName(Stream, Text, 4), STATUS_SUCCESS); /* where it lies */
    EXPECT(Stream->FileName.Length == 4 && Stream->FileName.Buffer == Former);
    EXPECT(!IoIsFileOriginRemote(Stream));
    EXPECT_STATUS(IoSetFileOrigin(Stream, TRUE), STATUS_SUCCESS);
    EXPECT(IoIsFileOriginRemote(Stream));
    EXPECT_STATUS(IoSetFileOrigin(Stream, TRUE), STATUS_INVALID_PARAMETER_MIX); /* it is so */
    EXPECT_STATUS(IoSetFileOrigin(Stream, FALSE), STATUS_SUCCESS);
    EXPECT(!IoIsFileOriginRemote(Stream));
    ObDereferenceObject(Stream);
    Lite = IoCreateStreamFileObjectLite(File, NULL);
    EXPECT(Lite != NULL && (Lite->Flags & FO_CLEANUP_COMPLETE)); /* no IRP_MJ_CLEANUP for it */
    EXPECT_EQ(Lite->DeviceObject, File->DeviceObject);
    ObDereferenceObject(Lite);
    EXPECT_STATUS(
        IoQueryFileInformation(File, FileBasicInformation, sizeof(Basic), &Basic, &Length),
        STATUS_SUCCESS);
    EXPECT(Length == sizeof(Basic) && (Basic.FileAttributes & FILE_ATTRIBUTE_DIRECTORY));
    EXPECT_STATUS(
        IoQueryVolumeInformation(File, FileFsDeviceInformation, sizeof(Device), &Device, &Length),
        STATUS_SUCCESS);
    EXPECT(Length == sizeof(Device) && Device.DeviceType == FILE_DEVICE_DISK);
    EXPECT_STATUS(IoCheckQuerySetFileInformation(FileBasicInformation, sizeof(Basic), FALSE),
                  STATUS_SUCCESS);
    EXPECT_STATUS(IoCheckQuerySetFileInformation(FileBasicInformation, 8, FALSE),
                  STATUS_INFO_LENGTH_MISMATCH);
    EXPECT_STATUS(IoCheckQuerySetFileInformation(FileRenameInformation, 64, FALSE),
                  STATUS_INVALID_INFO_CLASS); /* to be set only */
    EXPECT_STATUS(IoCheckQuerySetFileInformation(FileRenameInformation, 64, TRUE), STATUS_SUCCESS);
    EXPECT_STATUS(IoCheckQuerySetFileInformation(FileStandardInformation, 64, TRUE),
                  STATUS_INVALID_INFO_CLASS);
    EXPECT_STATUS(IoCheckQuerySetFileInformation(9999, 64, TRUE), STATUS_INVALID_INFO_CLASS);
    EXPECT_STATUS(IoCheckQuerySetVolumeInformation(FileFsDeviceInformation, 8, FALSE),
                  STATUS_SUCCESS);
    EXPECT_STATUS(IoCheckQuerySetVolumeInformation(FileFsDeviceInformation, 7, FALSE),
                  STATUS_INFO_LENGTH_MISMATCH);
    EXPECT_STATUS(IoCheckQuerySetVolumeInformation(FileFsDeviceInformation, 8, TRUE),
                  STATUS_INVALID_INFO_CLASS);
}

/* [DDI:wdm/_file_object] FO_DIRECT_DEVICE_OPEN: who asks for no more than attributes of a volume opens the device below its file system, and what is opened
 * relative to that is the same. */
static VOID
Direct(VOID)
{
    static const struct {
        ACCESS_MASK Access;
        BOOLEAN Relative; /* to the one before */
        BOOLEAN Direct;
    } Table[] = {
        {FILE_READ_ATTRIBUTES | SYNCHRONIZE, FALSE, TRUE},
        {GENERIC_READ | SYNCHRONIZE, TRUE, TRUE},
        {FILE_READ_ATTRIBUTES | SYNCHRONIZE, TRUE, TRUE},
        {GENERIC_READ | SYNCHRONIZE, FALSE, FALSE},
        {FILE_READ_ATTRIBUTES | SYNCHRONIZE, TRUE, FALSE},
        {READ_CONTROL | SYNCHRONIZE, FALSE, TRUE},
        {FILE_WRITE_ATTRIBUTES | SYNCHRONIZE, FALSE, FALSE},
    };
    HANDLE Last = NULL, Handle;

    for (ULONG i = 0; i < RTL_NUMBER_OF(Table); i++) {
        UNICODE_STRING Name;
        OBJECT_ATTRIBUTES Attributes;
        IO_STATUS_BLOCK Iosb;
        PFILE_OBJECT Opened;
        NTSTATUS Status;

        RtlInitUnicodeString(&Name, Table[i].Relative ? L"" : L"\\??\\C:");
        InitializeObjectAttributes(&Attributes, &Name, OBJ_KERNEL_HANDLE,
                                   Table[i].Relative ? Last : NULL, NULL);
        Status = ZwOpenFile(&Handle, Table[i].Access, &Attributes, &Iosb, 7,
                            FILE_SYNCHRONOUS_IO_NONALERT);
        EXPECT_STATUS(Status, STATUS_SUCCESS);
        if (!NT_SUCCESS(Status)) {
            break;
        }
        EXPECT_STATUS(ObReferenceObjectByHandle(Handle, 0, *IoFileObjectType, KernelMode,
                                                (PVOID *)&Opened, NULL),
                      STATUS_SUCCESS);
        EXPECT_EQ((Opened->Flags & FO_DIRECT_DEVICE_OPEN) != 0, Table[i].Direct);
        EXPECT_EQ(Opened->Vpb == NULL, Table[i].Direct);
        EXPECT_EQ(IoGetRelatedDeviceObject(Opened) == IoGetAttachedDevice(Opened->DeviceObject),
                  Table[i].Direct);
        ObDereferenceObject(Opened);
        if (Last != NULL) {
            ZwClose(Last);
        }
        Last = Handle;
    }
    ZwClose(Last);
}

/* [DDI:ntifs/ioretrievepriorityinfo], [DDI:ntifs/ioapplypriorityinfothread]: each part at its edges, what is refused changes nothing. */
static VOID
Priorities(VOID)
{
    static const struct {
        ULONG Thread, Page, Io;
        BOOLEAN Good;
    } Table[] = {
        {0, 5, IoPriorityNormal, FALSE},
        {1, 5, IoPriorityNormal, TRUE},
        {31, 5, IoPriorityNormal, TRUE},
        {32, 5, IoPriorityNormal, FALSE},
        {0xFFFF, 5, IoPriorityNormal, TRUE},
        {9, 0, IoPriorityNormal, TRUE},
        {9, 1, IoPriorityVeryLow, TRUE},
        {9, 7, IoPriorityCritical, TRUE},
        {9, 8, IoPriorityNormal, FALSE},
        {9, 5, MaxIoPriorityTypes, FALSE},
        {9, 5, (ULONG)-1, FALSE},
    };
    IO_PRIORITY_INFO Before = {.Size = sizeof(Before)}, Now = {.Size = sizeof(Now)}, Old, New;
    PETHREAD Thread = PsGetCurrentThread();
    PIRP Irp = IoAllocateIrp(1, FALSE);

    EXPECT_STATUS(IoRetrievePriorityInfo(NULL, NULL, Thread, &Before), STATUS_SUCCESS);
    EXPECT_EQ(Before.ThreadPriority, KeQueryPriorityThread((PKTHREAD)Thread));
    for (ULONG i = 0; i < RTL_NUMBER_OF(Table); i++) {
        IoRetrievePriorityInfo(NULL, NULL, Thread, &Now);
        New = (IO_PRIORITY_INFO){sizeof(New), Table[i].Thread, Table[i].Page,
                                 (IO_PRIORITY_HINT)Table[i].Io};
        RtlFillMemory(&Old, sizeof(Old), 0xCC);
        EXPECT_STATUS(IoApplyPriorityInfoThread(&New, &Old, Thread),
                      Table[i].Good ? STATUS_SUCCESS : STATUS_INVALID_PARAMETER_1);
        if (Table[i].Good) {
            EXPECT(RtlEqualMemory(&Old, &Now, sizeof(Old))); /* what was before */
            Now.ThreadPriority =
                New.ThreadPriority != 0xFFFF ? New.ThreadPriority : Now.ThreadPriority;
            Now.PagePriority = New.PagePriority != 0 ? New.PagePriority : Now.PagePriority;
            Now.IoPriority = New.IoPriority;
        }
        Old.Size = sizeof(Old);
        EXPECT_STATUS(IoRetrievePriorityInfo(NULL, NULL, Thread, &Old), STATUS_SUCCESS);
        EXPECT(RtlEqualMemory(&Old, &Now, sizeof(Old)));
    }
    New = Before;
    New.Size--;
    EXPECT_STATUS(IoApplyPriorityInfoThread(&New, NULL, Thread), STATUS_INVALID_PARAMETER_1);
    EXPECT_STATUS(IoRetrievePriorityInfo(NULL, NULL, Thread, &New), STATUS_INVALID_PARAMETER_4);
    EXPECT_STATUS(IoApplyPriorityInfoThread(&Before, NULL, Thread), STATUS_SUCCESS);
    /* the request's own hint goes before the file's, and that before the thread's */
    New.Size++;
    EXPECT_STATUS(IoRetrievePriorityInfo(Irp, NULL, NULL, &New), STATUS_SUCCESS);
    EXPECT(New.ThreadPriority == 0xFFFF && New.PagePriority == 0 &&
           New.IoPriority == IoPriorityNormal);
    IoSetIoPriorityHint(Irp, IoPriorityLow);
    EXPECT_STATUS(IoRetrievePriorityInfo(Irp, NULL, NULL, &New), STATUS_SUCCESS);
    EXPECT_EQ(New.IoPriority, IoPriorityLow);
    EXPECT_STATUS(IoRetrievePriorityInfo(Irp, NULL, Thread, &New), STATUS_SUCCESS);
    EXPECT(New.IoPriority == IoPriorityLow && New.ThreadPriority == Before.ThreadPriority);
    IoFreeIrp(Irp);
}

static VOID
Requests(VOID)
{
    PIRP Irp = IoAllocateIrp(2, FALSE);
    PIO_STACK_LOCATION Stack;
    ACCESS_MASK Access = GENERIC_READ;
    ULONG Session = 77;

    IoSetNextIrpStackLocation(Irp);
    Stack = IoGetCurrentIrpStackLocation(Irp);
    EXPECT_EQ(IoGetIoPriorityHint(Irp), IoPriorityNormal);
    EXPECT_STATUS(IoSetIoPriorityHint(Irp, IoPriorityVeryLow), STATUS_SUCCESS);
    EXPECT_EQ(IoGetIoPriorityHint(Irp), IoPriorityVeryLow);
    EXPECT_STATUS(IoSetIoPriorityHint(Irp, IoPriorityCritical), STATUS_SUCCESS);
    EXPECT_EQ(IoGetIoPriorityHint(Irp), IoPriorityCritical);
    EXPECT_STATUS(IoSetIoPriorityHint(Irp, MaxIoPriorityTypes), STATUS_INVALID_PARAMETER);
    EXPECT_EQ(IoGetIoPriorityHint(Irp), IoPriorityCritical);
    Irp->Flags = 0;
    EXPECT_EQ(IoGetPagingIoPriority(Irp), IoPagingPriorityInvalid);
    EXPECT(!IoIsOperationSynchronous(Irp));
    Irp->Flags = IRP_SYNCHRONOUS_API;
    EXPECT(IoIsOperationSynchronous(Irp));
    Irp->Flags = IRP_PAGING_IO | IRP_SYNCHRONOUS_API; /* of paging I/O only its own flag counts */
    EXPECT(!IoIsOperationSynchronous(Irp));
    EXPECT(IoGetPagingIoPriority(Irp) != IoPagingPriorityInvalid);
    Irp->Flags = IRP_PAGING_IO | IRP_SYNCHRONOUS_PAGING_IO;
    EXPECT(IoIsOperationSynchronous(Irp));
    Irp->Flags = 0;
    Stack->FileObject = File;
    EXPECT(IoIsOperationSynchronous(Irp)); /* opened so */
    Stack->FileObject = NULL;
    Irp->RequestorMode = UserMode;
    EXPECT_STATUS(IoValidateDeviceIoControlAccess(Irp, FILE_READ_ACCESS), STATUS_ACCESS_DENIED);
    Stack->Flags = 1; /* SL_READ_ACCESS_GRANTED */
    EXPECT_STATUS(IoValidateDeviceIoControlAccess(Irp, FILE_READ_ACCESS), STATUS_SUCCESS);
    EXPECT_STATUS(IoValidateDeviceIoControlAccess(Irp, FILE_WRITE_ACCESS), STATUS_ACCESS_DENIED);
    Stack->Flags = 4; /* SL_WRITE_ACCESS_GRANTED */
    EXPECT_STATUS(IoValidateDeviceIoControlAccess(Irp, FILE_WRITE_ACCESS), STATUS_SUCCESS);
    EXPECT_STATUS(IoValidateDeviceIoControlAccess(Irp, FILE_READ_ACCESS | FILE_WRITE_ACCESS),
                  STATUS_ACCESS_DENIED);
    EXPECT_STATUS(IoValidateDeviceIoControlAccess(Irp, 4), STATUS_INVALID_PARAMETER);
    Stack->Flags = 0;
    Irp->RequestorMode = KernelMode;
    EXPECT_STATUS(IoValidateDeviceIoControlAccess(Irp, FILE_WRITE_ACCESS), STATUS_SUCCESS);
    Irp->Tail.Overlay.Thread = NULL;
    EXPECT_EQ(IoGetRequestorProcess(Irp), NULL);
    EXPECT_EQ(IoGetRequestorProcessId(Irp), 0);
    EXPECT_STATUS(IoGetRequestorSessionId(Irp, &Session), STATUS_UNSUCCESSFUL);
    EXPECT_EQ(Session, 0xFFFFFFFF);
    Irp->Tail.Overlay.Thread = PsGetCurrentThread();
    EXPECT_STATUS(IoGetRequestorSessionId(Irp, &Session), STATUS_SUCCESS);
    EXPECT_EQ(Session, 0);
    EXPECT_EQ(IoGetRequestorProcessId(Irp), 4);
    IoSetHardErrorOrVerifyDevice(Irp, File->DeviceObject);
    EXPECT_EQ(IoGetDeviceToVerify(PsGetCurrentThread()), File->DeviceObject);
    IoSetDeviceToVerify(PsGetCurrentThread(), NULL);
    EXPECT_EQ(IoGetDeviceToVerify(PsGetCurrentThread()), NULL);
    EXPECT_STATUS(IoCheckDesiredAccess(&Access, FILE_GENERIC_READ), STATUS_SUCCESS);
    EXPECT_EQ(Access, FILE_GENERIC_READ); /* mapped */
    Access = GENERIC_WRITE;
    EXPECT_STATUS(IoCheckDesiredAccess(&Access, FILE_GENERIC_READ), STATUS_ACCESS_DENIED);
    IoFreeIrp(Irp);
}

/* Who shares what with whom; a file object that ignores it counts for nothing. */
static VOID
Shares(VOID)
{
    PFILE_OBJECT Files[3];
    SHARE_ACCESS Share;
    BOOLEAN MayWrite = FALSE;

    for (ULONG i = 0; i < 3; i++) {
        Files[i] = IoCreateStreamFileObjectLite(NULL, File->DeviceObject);
    }
    IoSetShareAccess(FILE_READ_DATA, FILE_SHARE_READ, Files[0], &Share);
    EXPECT(Share.OpenCount == 1 && Share.Readers == 1 && Share.Writers == 0 && Share.Deleters == 0);
    EXPECT(Share.SharedRead == 1 && Share.SharedWrite == 0 && Share.SharedDelete == 0);
    EXPECT(Files[0]->ReadAccess && !Files[0]->WriteAccess && Files[0]->SharedRead);
    EXPECT_STATUS(IoCheckShareAccess(FILE_WRITE_DATA, 7, Files[1], &Share, TRUE),
                  STATUS_SHARING_VIOLATION); /* the first does not share writing */
    EXPECT_STATUS(IoCheckShareAccess(FILE_READ_DATA, FILE_SHARE_WRITE, Files[1], &Share, TRUE),
                  STATUS_SHARING_VIOLATION); /* and reads, which this one does not share */
    EXPECT_STATUS(IoCheckShareAccess(DELETE, 7, Files[1], &Share, TRUE), STATUS_SHARING_VIOLATION);
    EXPECT_EQ(Share.OpenCount, 1);
    EXPECT_STATUS(IoCheckShareAccess(FILE_READ_DATA, 7, Files[1], &Share, FALSE), STATUS_SUCCESS);
    EXPECT_EQ(Share.OpenCount, 1); /* only checked */
    EXPECT_STATUS(IoCheckShareAccess(FILE_READ_DATA, 7, Files[1], &Share, TRUE), STATUS_SUCCESS);
    EXPECT(Share.OpenCount == 2 && Share.Readers == 2 && Share.SharedRead == 2);
    EXPECT(Share.SharedWrite == 1 && Share.SharedDelete == 1);
    EXPECT_STATUS(IoCheckShareAccess(FILE_READ_ATTRIBUTES, 0, Files[2], &Share, TRUE),
                  STATUS_SUCCESS); /* no data: it is in nobody's way */
    EXPECT_EQ(Share.OpenCount, 2);
    IoRemoveShareAccess(Files[0], &Share);
    EXPECT(Share.OpenCount == 1 && Share.Readers == 1 && Share.SharedRead == 1);
    EXPECT_STATUS(IoCheckShareAccess(FILE_WRITE_DATA, 7, Files[0], &Share, TRUE), STATUS_SUCCESS);
    EXPECT(Share.Writers == 1 && Share.OpenCount == 2);
    EXPECT_STATUS(IoCheckShareAccess(FILE_READ_DATA, FILE_SHARE_READ, Files[2], &Share, TRUE),
                  STATUS_SHARING_VIOLATION);
    EXPECT_STATUS(
        IoCheckShareAccessEx(FILE_READ_DATA, FILE_SHARE_READ, Files[2], &Share, FALSE, &MayWrite),
        STATUS_SUCCESS); /* not writable: sharing it costs nothing */
    IoRemoveShareAccess(Files[0], &Share);
    IoRemoveShareAccess(Files[1], &Share);
    EXPECT(Share.OpenCount == 0 && Share.Readers == 0 && Share.Writers == 0);
    EXPECT(Share.SharedRead == 0 && Share.SharedWrite == 0 && Share.SharedDelete == 0);
    IoSetShareAccess(DELETE, FILE_SHARE_DELETE, Files[1], &Share);
    EXPECT(Share.Deleters == 1 && Share.SharedDelete == 1 && Files[1]->DeleteAccess);
    EXPECT_STATUS(IoCheckShareAccess(DELETE, FILE_SHARE_READ, Files[2], &Share, TRUE),
                  STATUS_SHARING_VIOLATION);
    IoUpdateShareAccess(Files[1], &Share);
    EXPECT(Share.OpenCount == 2 && Share.Deleters == 2 && Share.SharedDelete == 2);
    for (ULONG i = 0; i < 3; i++) {
        ObDereferenceObject(Files[i]);
    }
}

static VOID
Stacks(VOID)
{
    ULONG_PTR Low, High, Here = (ULONG_PTR)&Low;
    KIRQL Irql;

    IoGetStackLimits(&Low, &High);
    EXPECT(Low < Here && Here < High);
    EXPECT_EQ(IoGetInitialStack() <= (PVOID)High && IoGetInitialStack() > (PVOID)Low, 1);
    EXPECT(IoGetRemainingStackSize() < High - Low && IoGetRemainingStackSize() > 0x1000);
    EXPECT(IoGetRemainingStackSize() <= Here + 0x100 - Low);
    EXPECT(IoWithinStackLimits(Here, 8));
    EXPECT(!IoWithinStackLimits(Low - 8, 16) && !IoWithinStackLimits(High - 8, 16));
    EXPECT(IoWithinStackLimits(High - 8, 8) && IoWithinStackLimits(Low, 8));
    EXPECT(!IoWithinStackLimits(Here, ~0ull));
    IoAcquireVpbSpinLock(&Irql);
    EXPECT(Irql == PASSIVE_LEVEL && KeGetCurrentIrql() == DISPATCH_LEVEL);
    IoReleaseVpbSpinLock(Irql);
    EXPECT_EQ(KeGetCurrentIrql(), PASSIVE_LEVEL);
    EXPECT(IoIsWdmVersionAvailable(1, 0x30) && IoIsWdmVersionAvailable(1, 0x60));
    EXPECT(!IoIsWdmVersionAvailable(1, 0x61) && !IoIsWdmVersionAvailable(2, 0));
    EXPECT_EQ(IoGetConfigurationInformation(), IoGetConfigurationInformation());
    EXPECT(IoGetConfigurationInformation()->DiskCount < 100);
}

static PDRIVER_OBJECT Made;
static ULONG Entered;

static NTSTATUS NTAPI
OtherEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING Path)
{
    Made = DriverObject;
    Entered++;
    EXPECT_EQ(Path, NULL);
    return Entered == 2 ? STATUS_UNSUCCESSFUL : STATUS_SUCCESS;
}

static VOID
OwnDriver(VOID)
{
    UNICODE_STRING Name = RTL_CONSTANT_STRING(L"\\Driver\\NtlabMade");

    EXPECT_STATUS(IoCreateDriver(&Name, OtherEntry), STATUS_SUCCESS);
    EXPECT(Made != NULL && Made != Driver && RtlEqualUnicodeString(&Made->DriverName, &Name, TRUE));
    EXPECT_STATUS(IoCreateDriver(&Name, OtherEntry), STATUS_OBJECT_NAME_COLLISION);
    EXPECT_EQ(Entered, 1);
    IoDeleteDriver(Made);
    EXPECT_STATUS(IoCreateDriver(&Name, OtherEntry), STATUS_UNSUCCESSFUL); /* its own status */
    EXPECT_STATUS(IoCreateDriver(&Name, OtherEntry), STATUS_SUCCESS); /* the name is free again */
    IoDeleteDriver(Made);
    EXPECT_STATUS(IoCreateDriver(NULL, OtherEntry), STATUS_SUCCESS); /* a name is made up */
    EXPECT(Made->DriverName.Length > 16 && wcsncmp(Made->DriverName.Buffer, L"\\Driver\\", 8) == 0);
    IoDeleteDriver(Made);
}

static NTSTATUS NTAPI
OnPower(LPCGUID Setting, PVOID Value, ULONG Length, PVOID Context)
{
    return STATUS_SUCCESS;
}

static VOID
Callbacks(VOID)
{
    static const GUID Setting = {1, 2, 3, {4}};
    PVOID Registered = NULL, State;
    GUID Id = {0}, First, Old;

    EXPECT_STATUS(PoRegisterPowerSettingCallback(NULL, &Setting, OnPower, NULL, &Registered),
                  STATUS_SUCCESS);
    EXPECT(Registered != NULL);
    EXPECT_STATUS(PoUnregisterPowerSettingCallback(Registered), STATUS_SUCCESS);
    EXPECT_STATUS(PoRegisterPowerSettingCallback(NULL, NULL, OnPower, NULL, &Registered),
                  STATUS_INVALID_PARAMETER);
    EXPECT_STATUS(PoRegisterPowerSettingCallback(NULL, &Setting, NULL, NULL, &Registered),
                  STATUS_INVALID_PARAMETER);
    State = PoRegisterSystemState(NULL, ES_SYSTEM_REQUIRED);
    EXPECT(State != NULL);
    EXPECT_EQ(PoRegisterSystemState(State, ES_CONTINUOUS), State); /* changed, not made */
    PoUnregisterSystemState(State);
    EXPECT_STATUS(EtwActivityIdControl(EVENT_ACTIVITY_CTRL_CREATE_ID, &First), STATUS_SUCCESS);
    EXPECT_STATUS(EtwActivityIdControl(EVENT_ACTIVITY_CTRL_CREATE_ID, &Id), STATUS_SUCCESS);
    EXPECT(!RtlEqualMemory(&First, &Id, sizeof(GUID)));
    EXPECT_STATUS(EtwActivityIdControl(EVENT_ACTIVITY_CTRL_SET_ID, &First), STATUS_SUCCESS);
    EXPECT_STATUS(EtwActivityIdControl(EVENT_ACTIVITY_CTRL_GET_ID, &Old), STATUS_SUCCESS);
    EXPECT(RtlEqualMemory(&First, &Old, sizeof(GUID)));
    Old = Id;
    EXPECT_STATUS(EtwActivityIdControl(EVENT_ACTIVITY_CTRL_GET_SET_ID, &Old), STATUS_SUCCESS);
    EXPECT(RtlEqualMemory(&First, &Old, sizeof(GUID))); /* the former one comes back */
    EXPECT_STATUS(EtwActivityIdControl(EVENT_ACTIVITY_CTRL_CREATE_SET_ID, &Old), STATUS_SUCCESS);
    EXPECT(RtlEqualMemory(&Id, &Old, sizeof(GUID)));
    EXPECT_STATUS(EtwActivityIdControl(EVENT_ACTIVITY_CTRL_GET_ID, &Old), STATUS_SUCCESS);
    EXPECT(!RtlEqualMemory(&Id, &Old, sizeof(GUID)));
    EXPECT_STATUS(EtwActivityIdControl(99, &Old), STATUS_INVALID_PARAMETER);
}

static ULONG Again;

/* Called when DriverEntry is over: the count says how often. The last one ends the test. */
static VOID NTAPI
Reinitialize(PDRIVER_OBJECT DriverObject, PVOID Context, ULONG Count)
{
    NtlabCase = "Reinitialize";
    EXPECT_EQ(DriverObject, Driver);
    EXPECT_EQ(Context, &Again);
    EXPECT_EQ(Count, ++Again);
    EXPECT(!(DriverObject->Flags & DRVO_REINIT_REGISTERED));
    if (Again == 1) {
        IoRegisterDriverReinitialization(DriverObject, Reinitialize, &Again);
        return;
    }
    DbgPrint("ntlab-test: done %d %d\n", NtlabPassed, NtlabFailed);
}

static VOID NTAPI
Unload(PDRIVER_OBJECT DriverObject)
{
}

NTSTATUS NTAPI
DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
    static const NTLAB_TEST Tests[] = {
        TEST(OpenWindows), TEST(Names),  TEST(Files),  TEST(Direct),    TEST(Priorities),
        TEST(Requests),    TEST(Shares), TEST(Stacks), TEST(OwnDriver), TEST(Callbacks)};

    Driver = DriverObject;
    DriverObject->DriverUnload = Unload;
    for (ULONG i = 0; i < RTL_NUMBER_OF(Tests); i++) {
        NtlabCase = Tests[i].Name;
        Tests[i].Routine();
    }
    ObDereferenceObject(File);
    ZwClose(Handle);
    IoRegisterDriverReinitialization(DriverObject, Reinitialize, &Again);
    EXPECT(DriverObject->Flags & DRVO_REINIT_REGISTERED);
    return STATUS_SUCCESS;
}
