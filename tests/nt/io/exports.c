/*
 * exports.c - what the I/O manager has for filters and drivers that send requests on: completion routines that keep their device, requests that are forwarded and
 * waited for, opens that are taken back, attachments by pointer, devices that are deleted under others, sharing against a model, streams with handles,
 * descriptors of devices, ids of activities. [DDI:wdm/iosetcompletionroutineex], [DDI:wdm/ioforwardirpsynchronously], [DDI:ntddk/iocancelfileopen],
 * [DDI:ntifs/ioattachdevicetodevicestack], [DDI:wdm/iodetachdevice], [DDI:wdm/iosetshareaccess], [DDI:wdm/iocheckshareaccess],
 * [DDI:ntifs/iocreatestreamfileobjectex], [DDI:wdm/zwsetsecurityobject], [DDI:ntddk/iosetactivityidirp], [DDI:ntddk/iogetactivityidirp],
 * [DDI:ntddk/iopropagateactivityidtothread], [DDI:wdm/ioregistershutdownnotification].
 */
#include "../ntlab-test.h"

NTKERNELAPI ULONG NTAPI ObGetObjectPointerCount(PVOID);
NTKERNELAPI NTSTATUS NTAPI IoAttachDeviceByPointer(PDEVICE_OBJECT, PDEVICE_OBJECT);
NTKERNELAPI NTSTATUS NTAPI IoGetActivityIdIrp(PIRP Irp, LPGUID Guid);
NTKERNELAPI NTSTATUS NTAPI IoSetActivityIdIrp(PIRP Irp, LPCGUID Guid);
NTKERNELAPI LPCGUID NTAPI IoGetActivityIdThread(VOID);
NTKERNELAPI LPCGUID NTAPI IoSetActivityIdThread(LPCGUID ActivityId);
NTKERNELAPI VOID NTAPI IoClearActivityIdThread(LPCGUID OriginalId);
NTKERNELAPI NTSTATUS NTAPI IoPropagateActivityIdToThread(PIRP Irp, LPGUID PropagatedId,
                                                         LPCGUID *OriginalId);

#define CODE CTL_CODE(FILE_DEVICE_UNKNOWN, 0x900, METHOD_BUFFERED, FILE_ANY_ACCESS)

static PDRIVER_OBJECT Driver;
static PDEVICE_OBJECT Lower, Upper;
static NTSTATUS Answer;
static BOOLEAN Pends, TakesBack;
static CHAR Log[64]; /* c, l, x: the lower device's create, cleanup, close; d a control */
static ULONG Count;
static PFILE_OBJECT Opened;
static PIRP Pended;
static KTIMER Timer;
static KDPC Dpc;

static VOID
Note(CHAR What)
{
    if (Count < sizeof(Log) - 1) {
        Log[Count++] = What;
        Log[Count] = 0;
    }
}

static BOOLEAN
Was(const char *Text)
{
    BOOLEAN Same = strcmp(Log, Text) == 0;

    Count = 0;
    Log[0] = 0;
    return Same;
}

static VOID NTAPI
OnTime(PKDPC TimerDpc, PVOID Context, PVOID Argument1, PVOID Argument2)
{
    Pended->IoStatus.Status = Answer;
    Pended->IoStatus.Information = 0;
    IoCompleteRequest(Pended, IO_NO_INCREMENT);
}

static NTSTATUS
Below(PIRP Irp, UCHAR Major)
{
    LARGE_INTEGER Due = {.QuadPart = -100000};
    NTSTATUS Status = Major == IRP_MJ_DEVICE_CONTROL ? Answer : STATUS_SUCCESS;

    Note(Major == IRP_MJ_CREATE           ? 'c'
         : Major == IRP_MJ_CLEANUP        ? 'l'
         : Major == IRP_MJ_CLOSE          ? 'x'
         : Major == IRP_MJ_DEVICE_CONTROL ? 'd'
                                          : '?');
    if (Major == IRP_MJ_DEVICE_CONTROL && Pends) {
        IoMarkIrpPending(Irp);
        Pended = Irp;
        KeSetTimer(&Timer, Due, &Dpc);
        return STATUS_PENDING;
    }
    Irp->IoStatus.Status = Status;
    Irp->IoStatus.Information = Major == IRP_MJ_CREATE ? FILE_OPENED : 0;
    IoCompleteRequest(Irp, IO_NO_INCREMENT);
    return Status;
}

/* The upper one sends on; an open that has succeeded below may be taken back. */
static NTSTATUS
Above(PIRP Irp, UCHAR Major)
{
    NTSTATUS Status;

    if (Major == IRP_MJ_CREATE && TakesBack) {
        Opened = IoGetCurrentIrpStackLocation(Irp)->FileObject;
        EXPECT(IoForwardIrpSynchronously(Lower, Irp));
        EXPECT_STATUS(Irp->IoStatus.Status, STATUS_SUCCESS);
        EXPECT(Was("c"));
        EXPECT((Opened->Flags & FO_FILE_OPEN_CANCELLED) == 0);
        IoCancelFileOpen(Lower, Opened);
        EXPECT(Was("lx"));
        EXPECT((Opened->Flags & FO_FILE_OPEN_CANCELLED) != 0);
        Irp->IoStatus.Status = Status = STATUS_SHARING_VIOLATION;
        Irp->IoStatus.Information = 0;
        IoCompleteRequest(Irp, IO_NO_INCREMENT);
        return Status;
    }
    if (Major == IRP_MJ_DEVICE_CONTROL) {
        EXPECT(IoForwardIrpSynchronously(Lower, Irp));
        Status = Irp->IoStatus.Status;
        EXPECT_STATUS(Status, Answer);
        IoCompleteRequest(Irp, IO_NO_INCREMENT); /* it was ours again */
        return Status;
    }
    IoSkipCurrentIrpStackLocation(Irp);
    return IoCallDriver(Lower, Irp);
}

static NTSTATUS NTAPI
Dispatch(PDEVICE_OBJECT DeviceObject, PIRP Irp)
{
    UCHAR Major = IoGetCurrentIrpStackLocation(Irp)->MajorFunction;

    return DeviceObject == Upper ? Above(Irp, Major) : Below(Irp, Major);
}

static NTSTATUS
OpenLower(PHANDLE Handle)
{
    UNICODE_STRING Name = RTL_CONSTANT_STRING(L"\\Device\\IoTestExports");
    OBJECT_ATTRIBUTES Attributes;
    IO_STATUS_BLOCK Iosb;

    InitializeObjectAttributes(&Attributes, &Name, OBJ_KERNEL_HANDLE, NULL, NULL);
    return ZwCreateFile(Handle, FILE_READ_DATA | READ_CONTROL | WRITE_DAC | SYNCHRONIZE,
                        &Attributes, &Iosb, NULL, 0, FILE_SHARE_READ, FILE_OPEN,
                        FILE_SYNCHRONOUS_IO_NONALERT, NULL, 0);
}

static VOID
Attaches(VOID)
{
    PDEVICE_OBJECT Third = NULL;

    Lower->Flags |= DO_DEVICE_INITIALIZING;
    EXPECT_STATUS(IoAttachDeviceByPointer(Upper, Lower), STATUS_NO_SUCH_DEVICE);
    EXPECT(Lower->AttachedDevice == NULL);
    Lower->Flags &= ~DO_DEVICE_INITIALIZING;
    EXPECT_STATUS(IoAttachDeviceByPointer(Upper, Lower), STATUS_SUCCESS);
    Upper->Flags &= ~DO_DEVICE_INITIALIZING;
    EXPECT(Lower->AttachedDevice == Upper && IoGetLowerDeviceObject(Upper) == Lower);
    ObDereferenceObject(Lower);
    EXPECT_EQ(Upper->StackSize, Lower->StackSize + 1);
    /* "the device is deleted when the last one that is attached is detached" */
    IoCreateDevice(Driver, 0, NULL, FILE_DEVICE_UNKNOWN, 0, FALSE, &Third);
    EXPECT_STATUS(IoAttachDeviceByPointer(Third, Lower), STATUS_SUCCESS);
    EXPECT_EQ(Upper->AttachedDevice, Third);
    IoDetachDevice(Upper);
    EXPECT(Upper->AttachedDevice == NULL && IoGetLowerDeviceObject(Third) == NULL);
    IoDeleteDevice(Third);
    EXPECT(Driver->DeviceObject == Upper && Upper->NextDevice == Lower);
}

static LONG Completed;
static PVOID CompletionContext;
static NTSTATUS CompletionAnswer;

static NTSTATUS NTAPI
OnCompletion(PDEVICE_OBJECT DeviceObject, PIRP Irp, PVOID Context)
{
    Completed++;
    CompletionContext = Context;
    EXPECT(DeviceObject == NULL); /* who has built the request has no stack location of its own */
    EXPECT_EQ(ObGetObjectPointerCount(Upper) >= 2, TRUE);
    if (Irp->PendingReturned && CompletionAnswer != STATUS_MORE_PROCESSING_REQUIRED) {
        IoMarkIrpPending(Irp);
    }
    if (Context != NULL) {
        KeSetEvent(Context, 0, FALSE);
    }
    return CompletionAnswer;
}

/* For each way that a request may end: who wanted to hear of it does, and the request stays the sender's. */
static VOID
Completes(VOID)
{
    static const NTSTATUS Ends[] = {STATUS_SUCCESS, STATUS_UNSUCCESSFUL, STATUS_BUFFER_OVERFLOW};

    CompletionAnswer = STATUS_MORE_PROCESSING_REQUIRED;
    for (ULONG i = 0; i < RTL_NUMBER_OF(Ends) * 2; i++) {
        PIRP Irp = IoAllocateIrp(Upper->StackSize, FALSE);
        PIO_STACK_LOCATION Next = IoGetNextIrpStackLocation(Irp);
        NTSTATUS Status;
        ULONG Before;
        KEVENT Event;

        KeInitializeEvent(&Event, NotificationEvent, FALSE);
        Next->MajorFunction = IRP_MJ_DEVICE_CONTROL;
        Next->Parameters.DeviceIoControl.IoControlCode = CODE;
        Answer = Ends[i / 2];
        Pends = i & 1;
        Completed = 0;
        Before = ObGetObjectPointerCount(Upper);
        EXPECT_STATUS(IoSetCompletionRoutineEx(Upper, Irp, OnCompletion, &Event, TRUE, TRUE, TRUE),
                      STATUS_SUCCESS);
        EXPECT_EQ(ObGetObjectPointerCount(Upper), Before + 1); /* kept until it has run */
        Status = IoCallDriver(Upper, Irp);
        EXPECT_STATUS(Status, Answer); /* the upper one has waited */
        KeWaitForSingleObject(&Event, Executive, KernelMode, FALSE, NULL);
        EXPECT(Completed == 1 && CompletionContext == &Event);
        EXPECT_STATUS(Irp->IoStatus.Status, Answer);
        EXPECT_EQ(ObGetObjectPointerCount(Upper), Before);
        EXPECT(Was("d"));
        /* no stack location is left to send it on with */
        EXPECT(!Pends || !Irp->PendingReturned);
        IoFreeIrp(Irp);
    }
    Pends = FALSE;
    Answer = STATUS_SUCCESS;
    {
        PIRP Irp = IoAllocateIrp(1, FALSE);

        IoSetNextIrpStackLocation(Irp);
        EXPECT(!IoForwardIrpSynchronously(Lower, Irp));
        EXPECT(Was(""));
        IoFreeIrp(Irp);
    }
}

/* Cleanup and close go to those below, who have opened; nobody else hears of a file that was never open. */
static VOID
TakesItBack(VOID)
{
    HANDLE Handle = NULL;

    TakesBack = TRUE;
    EXPECT_STATUS(OpenLower(&Handle), STATUS_SHARING_VIOLATION);
    EXPECT(Handle == NULL && Was(""));
    TakesBack = FALSE;
    EXPECT_STATUS(OpenLower(&Handle), STATUS_SUCCESS);
    EXPECT(Was("c"));
    ZwClose(Handle);
    EXPECT(Was("lx"));
    EXPECT_EQ(Lower->ReferenceCount, 0);
}

/* Each open against those before it: what it wants must be shared by all, and what they have by it. */
static VOID
Shares(VOID)
{
    static const ACCESS_MASK Wants[] = {0,
                                        FILE_READ_DATA,
                                        FILE_EXECUTE,
                                        FILE_WRITE_DATA,
                                        FILE_APPEND_DATA,
                                        DELETE,
                                        FILE_READ_DATA | FILE_WRITE_DATA,
                                        FILE_READ_DATA | DELETE,
                                        FILE_READ_ATTRIBUTES};
    struct {
        PFILE_OBJECT File;
        ULONG Kinds, Shared; /* of 1 read, 2 write, 4 delete */
    } Has[6] = {};
    SHARE_ACCESS Share;
    ULONG Seed = 3, Wrong = 0;

    RtlZeroMemory(&Share, sizeof(Share));
    for (ULONG i = 0; i < RTL_NUMBER_OF(Has); i++) {
        Has[i].File = IoCreateStreamFileObjectLite(NULL, Lower);
    }
    for (ULONG Step = 0; Step < 2000; Step++) {
        ULONG Which = RtlRandomEx(&Seed) % RTL_NUMBER_OF(Has), Open = 0, Sums[6] = {};
        ACCESS_MASK Wanted = Wants[RtlRandomEx(&Seed) % RTL_NUMBER_OF(Wants)];
        ULONG Shared = RtlRandomEx(&Seed) % 8, How = RtlRandomEx(&Seed) % 4;
        BOOLEAN Update = RtlRandomEx(&Seed) % 4 != 0,
                Permission = (BOOLEAN)(RtlRandomEx(&Seed) % 2);
        ULONG Kinds = (Wanted & (FILE_READ_DATA | FILE_EXECUTE) ? 1 : 0) |
                      (Wanted & (FILE_WRITE_DATA | FILE_APPEND_DATA) ? 2 : 0) |
                      (Wanted & DELETE ? 4 : 0);
        NTSTATUS Expected = STATUS_SUCCESS, Status;

        if (Has[Which].Kinds != 0) {
            IoRemoveShareAccess(Has[Which].File, &Share);
            Has[Which].Kinds = 0;
        } else {
            for (ULONG i = 0; i < RTL_NUMBER_OF(Has); i++) {
                ULONG Effective = Shared | (How == 1 && !Permission ? 2 : 0);

                if (Has[i].Kinds != 0 && Kinds != 0 &&
                    ((Kinds & ~Has[i].Shared) || (Has[i].Kinds & ~Effective))) {
                    Expected = STATUS_SHARING_VIOLATION;
                }
                Open += Has[i].Kinds != 0;
            }
            if (How == 1) { /* without the right to write an open shares writing in any case */
                Status = IoCheckShareAccessEx(Wanted, Shared, Has[Which].File, &Share, Update,
                                              &Permission);
                Shared |= !Permission ? 2 : 0;
            } else if (Open == 0 && How == 2) {
                IoSetShareAccess(Wanted, Shared, Has[Which].File, &Share);
                Status = STATUS_SUCCESS;
                Update = TRUE;
            } else if (Open == 0 && How == 3) {
                IoSetShareAccessEx(Wanted, Shared, Has[Which].File, &Share, &Permission);
                Shared |= !Permission ? 2 : 0;
                Status = STATUS_SUCCESS;
                Update = TRUE;
            } else {
                Status = IoCheckShareAccess(Wanted, Shared, Has[Which].File, &Share, Update);
            }
            Wrong += Status != Expected;
            Wrong += Has[Which].File->ReadAccess != (Kinds & 1) ||
                     Has[Which].File->WriteAccess != ((Kinds & 2) != 0) ||
                     Has[Which].File->DeleteAccess != ((Kinds & 4) != 0);
            if (NT_SUCCESS(Status) && !Update && RtlRandomEx(&Seed) % 2) {
                IoUpdateShareAccess(Has[Which].File, &Share);
                Update = TRUE;
            }
            if (NT_SUCCESS(Status) && Update) {
                Has[Which].Kinds = Kinds;
                Has[Which].Shared = Shared;
            }
        }
        Open = 0;
        for (ULONG i = 0; i < RTL_NUMBER_OF(Has); i++) {
            Open += Has[i].Kinds != 0;
            for (ULONG k = 0; k < 3; k++) {
                Sums[k] += (Has[i].Kinds >> k) & 1;
                Sums[k + 3] += Has[i].Kinds != 0 && ((Has[i].Shared >> k) & 1);
            }
        }
        Wrong += Share.OpenCount != Open || Share.Readers != Sums[0] || Share.Writers != Sums[1] ||
                 Share.Deleters != Sums[2] || Share.SharedRead != Sums[3] ||
                 Share.SharedWrite != Sums[4] || Share.SharedDelete != Sums[5];
    }
    EXPECT_EQ(Wrong, 0);
    for (ULONG i = 0; i < RTL_NUMBER_OF(Has); i++) {
        ObDereferenceObject(Has[i].File);
    }
    Was("");
}

/* A stream's handle is a file's; without one it is only an object. */
static VOID
Streams(VOID)
{
    HANDLE Handle = NULL;
    PFILE_OBJECT File = NULL, Again = NULL, Other;
    ULONG Before = Lower->ReferenceCount;

    File = IoCreateStreamFileObjectEx(NULL, Lower, &Handle);
    EXPECT(File != NULL && Handle != NULL);
    EXPECT((File->Flags & FO_STREAM_FILE) && (File->Flags & FO_HANDLE_CREATED));
    EXPECT((File->Flags & FO_CLEANUP_COMPLETE) == 0);
    EXPECT(File->DeviceObject == Lower && Lower->ReferenceCount == Before + 1);
    EXPECT_STATUS(
        ObReferenceObjectByHandle(Handle, 0, *IoFileObjectType, KernelMode, (PVOID *)&Again, NULL),
        STATUS_SUCCESS);
    EXPECT_EQ(Again, File);
    ObDereferenceObject(Again);
    Other = IoCreateStreamFileObjectEx(File, NULL, NULL); /* on the device of another one */
    EXPECT(Other != NULL && Other->DeviceObject == Lower && !(Other->Flags & FO_HANDLE_CREATED));
    EXPECT_EQ(Lower->ReferenceCount, Before + 2);
    EXPECT(IoGetTransactionParameterBlock(Other) == NULL);
    ObDereferenceObject(Other);
    EXPECT(Was("x"));
    ZwClose(Handle);
    EXPECT(Was("l"));
    EXPECT((File->Flags & FO_CLEANUP_COMPLETE) != 0);
    ObDereferenceObject(File);
    EXPECT(Was("x"));
    EXPECT_EQ(Lower->ReferenceCount, Before);
}

/* The descriptor of a device is that of its files. */
static VOID
Descriptors(VOID)
{
    UCHAR Space[512], List[128];
    SECURITY_DESCRIPTOR Descriptor;
    PACL Acl = (PACL)List, Found = NULL;
    BOOLEAN Present = FALSE, Defaulted;
    HANDLE Handle, Second;
    PVOID Ace;
    ULONG Length = 0;

    EXPECT_STATUS(OpenLower(&Handle), STATUS_SUCCESS);
    RtlCreateAcl(Acl, sizeof(List), ACL_REVISION);
    RtlAddAccessAllowedAce(Acl, ACL_REVISION, FILE_ALL_ACCESS, SeExports->SeLocalSystemSid);
    RtlAddAccessAllowedAce(Acl, ACL_REVISION, FILE_READ_DATA, SeExports->SeAliasUsersSid);
    RtlCreateSecurityDescriptor(&Descriptor, SECURITY_DESCRIPTOR_REVISION);
    RtlSetDaclSecurityDescriptor(&Descriptor, TRUE, Acl, FALSE);
    for (ULONG i = 0; i < 2; i++) { /* twice: what was there is replaced */
        EXPECT_STATUS(ZwSetSecurityObject(Handle, DACL_SECURITY_INFORMATION, &Descriptor),
                      STATUS_SUCCESS);
    }
    EXPECT_STATUS(OpenLower(&Second), STATUS_SUCCESS);
    EXPECT_STATUS(ZwQuerySecurityObject(Second, DACL_SECURITY_INFORMATION, NULL, 0, &Length),
                  STATUS_BUFFER_TOO_SMALL);
    EXPECT(Length > sizeof(ACL) && Length < sizeof(Space));
    EXPECT_STATUS(ZwQuerySecurityObject(Second, DACL_SECURITY_INFORMATION, Space, Length, &Length),
                  STATUS_SUCCESS);
    EXPECT_STATUS(RtlGetDaclSecurityDescriptor(Space, &Present, &Found, &Defaulted),
                  STATUS_SUCCESS);
    EXPECT(Present && Found->AceCount == 2);
    EXPECT_STATUS(RtlGetAce(Found, 1, &Ace), STATUS_SUCCESS);
    EXPECT_EQ(((PACCESS_ALLOWED_ACE)Ace)->Mask, FILE_READ_DATA);
    ZwClose(Second);
    ZwClose(Handle);
    Was("");
}

/* An id travels with a request, and with the thread that works on it. */
static VOID
Activities(VOID)
{
    static const GUID First = {1, 2, 3, {4}}, Second = {5, 6, 7, {8}};
    LPCGUID Original = &First;
    PIRP Irp = IoAllocateIrp(2, FALSE);
    GUID Id = {};

    EXPECT_STATUS(IoGetActivityIdIrp(Irp, &Id), STATUS_NOT_FOUND);
    EXPECT_STATUS(IoPropagateActivityIdToThread(Irp, &Id, &Original), STATUS_NOT_FOUND);
    EXPECT(Original == &First && IoGetActivityIdThread() == NULL);
    EXPECT_STATUS(IoSetActivityIdIrp(Irp, &First), STATUS_SUCCESS);
    EXPECT_STATUS(IoGetActivityIdIrp(Irp, &Id), STATUS_SUCCESS);
    EXPECT(RtlEqualMemory(&Id, &First, sizeof(Id)));
    EXPECT_STATUS(IoSetActivityIdIrp(Irp, &Second), STATUS_SUCCESS);
    EXPECT(IoSetActivityIdThread(&First) == NULL);
    EXPECT(IoGetActivityIdThread() == &First);
    EXPECT_STATUS(IoPropagateActivityIdToThread(Irp, &Id, &Original), STATUS_SUCCESS);
    EXPECT(RtlEqualMemory(&Id, &Second, sizeof(Id)) && Original == &First);
    EXPECT(IoGetActivityIdThread() == &Id);
    IoClearActivityIdThread(Original);
    EXPECT(IoGetActivityIdThread() == &First);
    EXPECT(IoSetActivityIdThread(NULL) == &First);
    IoFreeIrp(Irp);
}

/* Who is registered is so until it is not; a device that goes is forgotten. */
static VOID
Shutdowns(VOID)
{
    PDEVICE_OBJECT Third = NULL;
    ULONG Before;

    IoCreateDevice(Driver, 0, NULL, FILE_DEVICE_UNKNOWN, 0, FALSE, &Third);
    Before = ObGetObjectPointerCount(Third);
    EXPECT_STATUS(IoRegisterShutdownNotification(Third), STATUS_SUCCESS);
    EXPECT((Third->Flags & DO_SHUTDOWN_REGISTERED) != 0);
    EXPECT_STATUS(IoRegisterLastChanceShutdownNotification(Third), STATUS_SUCCESS);
    EXPECT_EQ(ObGetObjectPointerCount(Third), Before + 2);
    IoUnregisterShutdownNotification(Third);
    EXPECT((Third->Flags & DO_SHUTDOWN_REGISTERED) == 0);
    EXPECT_EQ(ObGetObjectPointerCount(Third), Before);
    EXPECT_STATUS(IoRegisterLastChanceShutdownNotification(Third), STATUS_SUCCESS);
    IoDeleteDevice(Third);
}

static VOID NTAPI
Unload(PDRIVER_OBJECT DriverObject)
{
    KeCancelTimer(&Timer);
    KeFlushQueuedDpcs();
    IoDeleteDevice(Lower);
}

NTSTATUS NTAPI
DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
    static const NTLAB_TEST Tests[] = {TEST(Attaches),   TEST(Completes), TEST(TakesItBack),
                                       TEST(Shares),     TEST(Streams),   TEST(Descriptors),
                                       TEST(Activities), TEST(Shutdowns)};
    UNICODE_STRING Name = RTL_CONSTANT_STRING(L"\\Device\\IoTestExports");

    Driver = DriverObject;
    for (ULONG i = 0; i <= IRP_MJ_MAXIMUM_FUNCTION; i++) {
        DriverObject->MajorFunction[i] = Dispatch;
    }
    DriverObject->DriverUnload = Unload;
    KeInitializeTimer(&Timer);
    KeInitializeDpc(&Dpc, OnTime, NULL);
    IoCreateDevice(DriverObject, 0, &Name, FILE_DEVICE_UNKNOWN, 0, FALSE, &Lower);
    IoCreateDevice(DriverObject, 0, NULL, FILE_DEVICE_UNKNOWN, 0, FALSE, &Upper);
    NtlabRun(Tests, RTL_NUMBER_OF(Tests));
    IoDetachDevice(Lower);
    IoDeleteDevice(Upper);
    return STATUS_SUCCESS;
}
