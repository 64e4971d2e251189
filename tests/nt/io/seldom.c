/*
 * seldom.c - what few drivers ask: the limits of a stack in a thread and in a DPC, a device by its name, pages of a file, providers of
 * events that nobody listens to; and a device that takes its time for each request, the last ones of a file included.
 * [DDI:ntddk/iogetstacklimits], [DDI:wdm/iogetremainingstacksize], [DDI:wdm/iowithinstacklimits], * [DDI:wdm/porequestpowerirp], [DDI:wdm/etwwriteex], [DDI:wdm/wmitracemessage]; [K: "DispatchCleanup Routines", "DispatchClose Routines"]
 */
#include "io-test.h"

NTSTATUS NTAPI EtwSetInformation(REGHANDLE, ULONG, PVOID, ULONG);
NTSTATUS __cdecl WmiTraceMessage(ULONG64, ULONG, LPGUID, USHORT, ...);
NTSTATUS NTAPI EtwRegisterClassicProvider(LPCGUID, ULONG, PVOID, PVOID, PREGHANDLE);
extern NTKERNELAPI POBJECT_TYPE *IoDeviceObjectType;

/* ---- stacks ---- */

static ULONG StackWrong, StackAsked;
static ULONG_PTR(NTAPI *Remaining)(VOID);
static KEVENT Asked;

static VOID
AskStack(VOID)
{
    ULONG_PTR Low = 0, High = 0, Rest, Here = (ULONG_PTR)&Low;

    IoGetStackLimits(&Low, &High);
    Rest = Remaining(); /* wdm.h has one of its own */
    StackAsked++;
    StackWrong += Here < Low || Here >= High || High - Low < 4 * PAGE_SIZE;
    /* what is left below this frame, but for the routine's own */
    StackWrong += Rest > Here - Low || Here - Low - Rest > 0x400;
    StackWrong += !IoWithinStackLimits(Low, High - Low) || IoWithinStackLimits(Low - 1, 1) ||
                  IoWithinStackLimits(Low - 1, 2);
    StackWrong += !IoWithinStackLimits(High - 8, 8) || IoWithinStackLimits(High - 8, 9) ||
                  IoWithinStackLimits(High, 1) || IoWithinStackLimits(Here, ~(SIZE_T)0);
    StackWrong += !IoWithinStackLimits(Here, sizeof(Low));
}

static VOID NTAPI
StackDpc(PKDPC Dpc, PVOID Context, PVOID One, PVOID Two)
{
    AskStack();
    KeSetEvent(&Asked, 0, FALSE);
}

static VOID
Stacks(VOID)
{
    static KDPC Dpc;
    UNICODE_STRING Name = RTL_CONSTANT_STRING(L"IoGetRemainingStackSize");

    Remaining = (PVOID)MmGetSystemRoutineAddress(&Name);
    EXPECT(Remaining != NULL);
    AskStack();
    KeInitializeEvent(&Asked, NotificationEvent, FALSE);
    KeInitializeDpc(&Dpc, StackDpc, NULL);
    KeInsertQueueDpc(&Dpc, NULL, NULL);
    KeWaitForSingleObject(&Asked, Executive, KernelMode, FALSE, NULL);
    EXPECT_EQ(StackAsked, 2);
    EXPECT_EQ(StackWrong, 0);
    EXPECT(IoGetInitialStack() != NULL);
}

/* ---- a device that takes its time ---- */

static KTIMER Timer;
static KDPC TimerDpc;
static UCHAR Control[256];

static VOID NTAPI
Later(PKDPC Dpc, PVOID Context, PVOID One, PVOID Two)
{
    PIRP Irp = Context;
    ULONG Major = IoGetCurrentIrpStackLocation(Irp)->MajorFunction;
    ULONG_PTR Information = 0;

    if (Major == IRP_MJ_READ) {
        RtlFillMemory(Irp->AssociatedIrp.SystemBuffer, 3, 0x5A);
        Information = 3;
    } else if (Major == IRP_MJ_WRITE) {
        Information = 5;
    } else if (Major == IRP_MJ_QUERY_INFORMATION) {
        ((PFILE_POSITION_INFORMATION)Irp->AssociatedIrp.SystemBuffer)->CurrentByteOffset.QuadPart =
            77;
        Information = sizeof(LARGE_INTEGER);
    } else if (Major == IRP_MJ_DEVICE_CONTROL) {
        *(PULONG)Irp->AssociatedIrp.SystemBuffer = 99;
        Information = sizeof(ULONG);
    }
    Log[Logged++ & 0xFF] = 0x80 | (UCHAR)Major; /* it is over */
    Complete(Irp, STATUS_SUCCESS, Information);
}

static NTSTATUS NTAPI
Dispatch(PDEVICE_OBJECT DeviceObject, PIRP Irp)
{
    LARGE_INTEGER Soon = {.QuadPart = -50000};
    PIO_STACK_LOCATION Stack = IoGetCurrentIrpStackLocation(Irp);

    Log[Logged] = Stack->MajorFunction;
    Control[Logged++ & 0xFF] = Stack->MinorFunction;
    IoMarkIrpPending(Irp);
    KeInitializeDpc(&TimerDpc, Later, Irp);
    KeInitializeTimer(&Timer);
    KeSetTimer(&Timer, Soon, &TimerDpc);
    return STATUS_PENDING;
}

static VOID
Slow(VOID)
{
    static const UCHAR Expected[] = {
        IRP_MJ_CREATE,         IRP_MJ_READ,    IRP_MJ_WRITE, IRP_MJ_FLUSH_BUFFERS,
        IRP_MJ_DEVICE_CONTROL, IRP_MJ_CLEANUP, IRP_MJ_CLOSE,
    };
    PDEVICE_OBJECT Device = MakeDevice(L"\\Device\\IoTestSeldom", DO_BUFFERED_IO, 0);
    LARGE_INTEGER Offset = {.QuadPart = 0};
    IO_STATUS_BLOCK Iosb;
    UCHAR Bytes[8] = {0};
    ULONG Number = 0;
    HANDLE Handle;

    ClearLog();
    EXPECT_STATUS(Open(L"\\Device\\IoTestSeldom", FILE_READ_DATA | FILE_WRITE_DATA | SYNCHRONIZE, 0,
                       FILE_SYNCHRONOUS_IO_NONALERT, &Handle, &Iosb),
                  STATUS_SUCCESS);
    EXPECT_STATUS(ZwReadFile(Handle, NULL, NULL, NULL, &Iosb, Bytes, 8, &Offset, NULL),
                  STATUS_SUCCESS);
    EXPECT(Iosb.Information == 3 && Bytes[2] == 0x5A && Bytes[3] == 0);
    EXPECT_STATUS(ZwWriteFile(Handle, NULL, NULL, NULL, &Iosb, Bytes, 8, &Offset, NULL),
                  STATUS_SUCCESS);
    EXPECT_EQ(Iosb.Information, 5);
    EXPECT_STATUS(ZwFlushBuffersFile(Handle, &Iosb), STATUS_SUCCESS);
    EXPECT_STATUS(ZwDeviceIoControlFile(Handle, NULL, NULL, NULL, &Iosb,
                                        CTL_CODE(0x8000, 0x800, METHOD_BUFFERED, FILE_ANY_ACCESS),
                                        NULL, 0, &Number, sizeof(Number)),
                  STATUS_SUCCESS);
    EXPECT(Number == 99 && Iosb.Information == sizeof(Number));
    EXPECT_STATUS(ZwClose(Handle), STATUS_SUCCESS);
    /* each was over before the next came, and the last two before ZwClose returned */
    EXPECT_EQ(Logged, 2 * sizeof(Expected));
    for (ULONG i = 0; i < sizeof(Expected); i++) {
        EXPECT(Log[2 * i] == Expected[i] && Log[2 * i + 1] == (0x80 | Expected[i]));
    }
    IoDeleteDevice(Device);
}

/* ---- a device by its name ---- */

static VOID
ByName(VOID)
{
    PDEVICE_OBJECT Device = MakeDevice(L"\\Device\\IoTestByName", 0, 0);
    UNICODE_STRING Name = RTL_CONSTANT_STRING(L"\\device\\iotestBYNAME"),
                   Below = RTL_CONSTANT_STRING(L"\\Device\\IoTestByName\\x"),
                   None = RTL_CONSTANT_STRING(L"\\Device\\IoTestByNames");
    PVOID Found = NULL;

    ClearLog();
    EXPECT_STATUS(ObReferenceObjectByName(&Name, OBJ_CASE_INSENSITIVE, NULL, 0, *IoDeviceObjectType,
                                          KernelMode, NULL, &Found),
                  STATUS_SUCCESS);
    EXPECT(Found == Device);
    ObDereferenceObject(Found);
    EXPECT_STATUS(ObReferenceObjectByName(&Name, OBJ_CASE_INSENSITIVE, NULL, 0, *IoFileObjectType,
                                          KernelMode, NULL, &Found),
                  STATUS_OBJECT_TYPE_MISMATCH);
    EXPECT_STATUS(ObReferenceObjectByName(&Below, OBJ_CASE_INSENSITIVE, NULL, 0,
                                          *IoDeviceObjectType, KernelMode, NULL, &Found),
                  STATUS_OBJECT_TYPE_MISMATCH);
    EXPECT_STATUS(ObReferenceObjectByName(&None, OBJ_CASE_INSENSITIVE, NULL, 0, *IoDeviceObjectType,
                                          KernelMode, NULL, &Found),
                  STATUS_OBJECT_NAME_NOT_FOUND);
    EXPECT_EQ(Logged, 0); /* nobody has opened it */
    EXPECT_EQ(Device->ReferenceCount, 0);
    IoDeleteDevice(Device);
}

/* ---- pages of a file ---- */

static VOID
Pages(VOID)
{
    static UCHAR Text[2 * PAGE_SIZE];
    PUCHAR Buffer = ExAllocatePoolWithTag(NonPagedPool, 2 * PAGE_SIZE, 'dleS');
    LARGE_INTEGER Offset = {.QuadPart = 0};
    OBJECT_ATTRIBUTES Attributes;
    PFILE_OBJECT File = NULL;
    UNICODE_STRING Name;
    IO_STATUS_BLOCK Iosb;
    KEVENT Event;
    HANDLE Handle;
    PMDL Mdl;

    for (ULONG i = 0; i < sizeof(Text); i++) {
        Text[i] = (UCHAR)(i * 7 + i / PAGE_SIZE);
    }
    RtlInitUnicodeString(&Name, L"\\??\\C:\\io-seldom");
    InitializeObjectAttributes(&Attributes, &Name, OBJ_KERNEL_HANDLE, NULL, NULL);
    EXPECT_STATUS(ZwCreateFile(&Handle, FILE_READ_DATA | FILE_WRITE_DATA | SYNCHRONIZE, &Attributes,
                               &Iosb, NULL, 0, 7, FILE_OPEN_IF,
                               FILE_SYNCHRONOUS_IO_NONALERT | FILE_NO_INTERMEDIATE_BUFFERING, NULL,
                               0),
                  STATUS_SUCCESS);
    EXPECT_STATUS(ZwWriteFile(Handle, NULL, NULL, NULL, &Iosb, Text, sizeof(Text), &Offset, NULL),
                  STATUS_SUCCESS);
    ObReferenceObjectByHandle(Handle, 0, *IoFileObjectType, KernelMode, (PVOID *)&File, NULL);
    RtlZeroMemory(Buffer, 2 * PAGE_SIZE);
    Mdl = IoAllocateMdl(Buffer, PAGE_SIZE, FALSE, FALSE, NULL);
    MmBuildMdlForNonPagedPool(Mdl);
    KeInitializeEvent(&Event, NotificationEvent, FALSE);
    Offset.QuadPart = PAGE_SIZE;
    EXPECT(NT_SUCCESS(IoPageRead(File, Mdl, &Offset, &Event, &Iosb)));
    KeWaitForSingleObject(&Event, Executive, KernelMode, FALSE, NULL);
    EXPECT_STATUS(Iosb.Status, STATUS_SUCCESS);
    EXPECT_EQ(Iosb.Information, PAGE_SIZE);
    EXPECT(RtlEqualMemory(Buffer, Text + PAGE_SIZE, PAGE_SIZE) && Buffer[PAGE_SIZE] == 0);
    RtlFillMemory(Buffer, PAGE_SIZE, 0x3C);
    KeClearEvent(&Event);
    EXPECT(NT_SUCCESS(IoSynchronousPageWrite(File, Mdl, &Offset, &Event, &Iosb)));
    KeWaitForSingleObject(&Event, Executive, KernelMode, FALSE, NULL);
    EXPECT_STATUS(Iosb.Status, STATUS_SUCCESS);
    RtlZeroMemory(Text, sizeof(Text));
    Offset.QuadPart = 0;
    EXPECT_STATUS(ZwReadFile(Handle, NULL, NULL, NULL, &Iosb, Text, sizeof(Text), &Offset, NULL),
                  STATUS_SUCCESS);
    EXPECT(Text[PAGE_SIZE - 1] == (UCHAR)((PAGE_SIZE - 1) * 7) && Text[PAGE_SIZE] == 0x3C &&
           Text[2 * PAGE_SIZE - 1] == 0x3C);
    IoFreeMdl(Mdl);
    ObDereferenceObject(File);
    ZwClose(Handle);
    ExFreePoolWithTag(Buffer, 'dleS');
}

/* ---- states of power ---- */

static VOID
Power(VOID)
{
    PDEVICE_OBJECT Device = MakeDevice(NULL, 0, 0);
    ULONG Seconds = 0;
    POWER_STATE State;

    State.DeviceState = PowerDeviceD0;
    EXPECT_STATUS(PoRequestPowerIrp(Device, IRP_MN_POWER_SEQUENCE, State, NULL, NULL, NULL),
                  STATUS_INVALID_PARAMETER_2);
    EXPECT(!PoQueryWatchdogTime(Device, &Seconds)); /* no power IRP is under way */
    PoSetSystemState(ES_SYSTEM_REQUIRED);
    IoDeleteDevice(Device);
}

/* ---- events that nobody listens to ---- */

static VOID
Events(VOID)
{
    static const GUID Id = {0x77777777, 1, 2, {3}};
    static const EVENT_DESCRIPTOR Descriptor = {1};
    REGHANDLE Handle = 0;

    for (ULONG i = 0; i < 2; i++) {
        /* without a registration; with one */
        NTSTATUS Expected = i == 0 ? STATUS_INVALID_HANDLE : STATUS_SUCCESS;

        EXPECT_STATUS(EtwWrite(Handle, &Descriptor, NULL, 0, NULL), Expected);
        EXPECT_STATUS(EtwWriteEx(Handle, &Descriptor, 0, 0, NULL, NULL, 0, NULL), Expected);
        EXPECT_STATUS(EtwWriteTransfer(Handle, &Descriptor, NULL, NULL, 0, NULL), Expected);
        EXPECT_STATUS(EtwWriteString(Handle, 1, 1, NULL, L"text"), Expected);
        EXPECT(!EtwEventEnabled(Handle, &Descriptor) && !EtwProviderEnabled(Handle, 1, 1));
        if (i == 0) {
            EXPECT_STATUS(EtwUnregister(Handle), STATUS_INVALID_HANDLE);
            EXPECT_STATUS(EtwRegister(NULL, NULL, NULL, &Handle), STATUS_INVALID_PARAMETER);
            EXPECT_STATUS(EtwRegister(&Id, NULL, NULL, NULL), STATUS_INVALID_PARAMETER);
            EXPECT_STATUS(EtwRegister(&Id, NULL, NULL, &Handle), STATUS_SUCCESS);
            EXPECT(Handle != 0);
        }
    }
    EXPECT_STATUS(EtwUnregister(Handle), STATUS_SUCCESS);
    EXPECT_STATUS(EtwRegisterClassicProvider(&Id, 0, NULL, NULL, &Handle), STATUS_SUCCESS);
    EXPECT_STATUS(EtwUnregister(Handle), STATUS_SUCCESS);
    EXPECT_STATUS(EtwSetInformation(0, 2, NULL, 0), STATUS_INVALID_HANDLE);
    EXPECT_STATUS(WmiTraceMessage(0, 0, (LPGUID)&Id, 1, NULL), STATUS_INVALID_HANDLE);
}

IO_TEST_DRIVER(TEST(Stacks), TEST(Slow), TEST(ByName), TEST(Pages), TEST(Power), TEST(Events))
