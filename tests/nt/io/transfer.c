/*
 * transfer.c - how data reaches a driver: [DDI:wdm/zwreadfile], [DDI:wdm/zwwritefile],
 * [DDI:ntifs/zwdeviceiocontrolfile], [K:buffer-descriptions-for-i-o-control-codes], [K:using-buffered-i-o],
 * [K:using-direct-i-o], [K:using-neither-buffered-nor-direct-i-o]
 */
#include "io-test.h"

static PIRP Last;
static PVOID LastSystem, LastUser, LastType3;
static PMDL LastMdl;
static ULONG LastLength, LastOutput, LastFlags;
static LARGE_INTEGER LastOffset;
static ULONG LastKey;
static NTSTATUS Result;
static ULONG_PTR ResultInformation;
static BOOLEAN Pend;
static PIRP Held;

static NTSTATUS NTAPI
Dispatch(PDEVICE_OBJECT DeviceObject, PIRP Irp)
{
    PIO_STACK_LOCATION Stack = IoGetCurrentIrpStackLocation(Irp);

    Log[Logged++ % sizeof(Log)] = Stack->MajorFunction;
    LastSystem = Irp->AssociatedIrp.SystemBuffer;
    LastUser = Irp->UserBuffer;
    LastMdl = Irp->MdlAddress;
    LastFlags = Irp->Flags;
    switch (Stack->MajorFunction) {
    case IRP_MJ_READ:
        LastLength = Stack->Parameters.Read.Length;
        LastOffset = Stack->Parameters.Read.ByteOffset;
        LastKey = Stack->Parameters.Read.Key;
        if (Pend) {
            IoMarkIrpPending(Irp);
            Held = Irp;
            return STATUS_PENDING;
        }
        if (LastLength >= 4) {
            if (DeviceObject->Flags & DO_BUFFERED_IO) {
                RtlFillMemory(LastSystem, 4, 0xB0);
            } else if (DeviceObject->Flags & DO_DIRECT_IO) {
                RtlFillMemory(MmGetSystemAddressForMdlSafe(LastMdl, NormalPagePriority), 4, 0xD0);
            } else {
                RtlFillMemory(LastUser, 4, 0xE0);
            }
        }
        if (Stack->FileObject->Flags & FO_SYNCHRONOUS_IO) {
            Stack->FileObject->CurrentByteOffset.QuadPart = LastOffset.QuadPart + ResultInformation;
        }
        return Complete(Irp, Result, ResultInformation);
    case IRP_MJ_WRITE:
        LastLength = Stack->Parameters.Write.Length;
        LastOffset = Stack->Parameters.Write.ByteOffset;
        return Complete(Irp, STATUS_SUCCESS, LastLength);
    case IRP_MJ_DEVICE_CONTROL:
    case IRP_MJ_FILE_SYSTEM_CONTROL:
        LastLength = Stack->Parameters.DeviceIoControl.InputBufferLength;
        LastOutput = Stack->Parameters.DeviceIoControl.OutputBufferLength;
        LastType3 =
            METHOD_FROM_CTL_CODE(Stack->Parameters.DeviceIoControl.IoControlCode) == METHOD_NEITHER
                ? Stack->Parameters.DeviceIoControl.Type3InputBuffer
                : NULL;
        if (METHOD_FROM_CTL_CODE(Stack->Parameters.DeviceIoControl.IoControlCode) ==
                METHOD_BUFFERED &&
            LastSystem != NULL && LastLength != 0) {
            ((PUCHAR)LastSystem)[0] ^= 0xFF;
        }
        return Complete(Irp, Result, ResultInformation);
    }
    return Complete(Irp, STATUS_SUCCESS, 0);
}

static VOID
Reads(VOID)
{
    static const struct {
        PCWSTR Name;
        ULONG Flags;
        UCHAR Fill;
    } Kinds[] = {{L"\\Device\\IoTestRb", DO_BUFFERED_IO, 0xB0},
                 {L"\\Device\\IoTestRd", DO_DIRECT_IO, 0xD0},
                 {L"\\Device\\IoTestRn", 0, 0xE0}};
    UCHAR Buffer[16];

    Result = STATUS_SUCCESS;
    for (ULONG i = 0; i < 3; i++) {
        PDEVICE_OBJECT Device = MakeDevice(Kinds[i].Name, Kinds[i].Flags, 0);
        HANDLE Handle = OpenSynchronous(Kinds[i].Name);
        LARGE_INTEGER Offset = {.QuadPart = 0x123};
        IO_STATUS_BLOCK Iosb = {};
        ULONG Key = 9;

        RtlFillMemory(Buffer, sizeof(Buffer), 0x11);
        ResultInformation = 4;
        EXPECT_STATUS(
            ZwReadFile(Handle, NULL, NULL, NULL, &Iosb, Buffer, sizeof(Buffer), &Offset, &Key),
            STATUS_SUCCESS);
        EXPECT_STATUS(Iosb.Status, STATUS_SUCCESS);
        EXPECT_EQ(Iosb.Information, 4);
        EXPECT_EQ(LastLength, sizeof(Buffer));
        EXPECT_EQ(LastOffset.QuadPart, 0x123);
        EXPECT_EQ(LastKey, 9);
        EXPECT_EQ(Buffer[0], Kinds[i].Fill);
        EXPECT_EQ(Buffer[3], Kinds[i].Fill);
        EXPECT_EQ(Buffer[4], 0x11);
        EXPECT(LastFlags & IRP_READ_OPERATION);
        if (Kinds[i].Flags & DO_BUFFERED_IO) {
            EXPECT(LastSystem != NULL && LastSystem != Buffer && LastMdl == NULL);
            EXPECT((LastFlags & (IRP_BUFFERED_IO | IRP_DEALLOCATE_BUFFER | IRP_INPUT_OPERATION)) ==
                   (IRP_BUFFERED_IO | IRP_DEALLOCATE_BUFFER | IRP_INPUT_OPERATION));
        } else if (Kinds[i].Flags & DO_DIRECT_IO) {
            EXPECT(LastSystem == NULL && LastMdl != NULL);
        } else {
            EXPECT(LastSystem == NULL && LastMdl == NULL && LastUser == Buffer);
        }
        /* No offset on a synchronous handle: the current position, which the driver moves. */
        EXPECT_STATUS(
            ZwReadFile(Handle, NULL, NULL, NULL, &Iosb, Buffer, sizeof(Buffer), NULL, NULL),
            STATUS_SUCCESS);
        EXPECT_EQ(LastOffset.QuadPart, 0x123 + 4);
        Offset.LowPart = FILE_USE_FILE_POINTER_POSITION;
        Offset.HighPart = -1;
        EXPECT_STATUS(
            ZwReadFile(Handle, NULL, NULL, NULL, &Iosb, Buffer, sizeof(Buffer), &Offset, NULL),
            STATUS_SUCCESS);
        EXPECT_EQ(LastOffset.QuadPart, 0x123 + 8);
        Offset.QuadPart = -5;
        EXPECT_STATUS(
            ZwReadFile(Handle, NULL, NULL, NULL, &Iosb, Buffer, sizeof(Buffer), &Offset, NULL),
            STATUS_INVALID_PARAMETER);
        /* Zero bytes reach the driver as well. */
        Offset.QuadPart = 0;
        ResultInformation = 0;
        EXPECT_STATUS(ZwReadFile(Handle, NULL, NULL, NULL, &Iosb, Buffer, 0, &Offset, NULL),
                      STATUS_SUCCESS);
        EXPECT_EQ(LastLength, 0);
        EXPECT(LastSystem == NULL && LastMdl == NULL);

        EXPECT_STATUS(ZwWriteFile(Handle, NULL, NULL, NULL, &Iosb, Buffer, 8, &Offset, NULL),
                      STATUS_SUCCESS);
        EXPECT_EQ(Iosb.Information, 8);
        EXPECT_EQ(LastLength, 8);
        EXPECT(LastFlags & IRP_WRITE_OPERATION);
        Offset.LowPart = FILE_WRITE_TO_END_OF_FILE;
        Offset.HighPart = -1;
        EXPECT_STATUS(ZwWriteFile(Handle, NULL, NULL, NULL, &Iosb, Buffer, 8, &Offset, NULL),
                      STATUS_SUCCESS);
        EXPECT_EQ(LastOffset.LowPart, FILE_WRITE_TO_END_OF_FILE);
        ZwClose(Handle);
        IoDeleteDevice(Device);
    }
}

static VOID
Asynchronous(VOID)
{
    PDEVICE_OBJECT Device = MakeDevice(L"\\Device\\IoTestAsync", DO_BUFFERED_IO, 0);
    LARGE_INTEGER Offset = {};
    IO_STATUS_BLOCK Iosb;
    UCHAR Buffer[16] = {};
    HANDLE Handle, Event, EventHandle;
    PFILE_OBJECT File;
    PKEVENT Object;

    EXPECT_STATUS(
        Open(L"\\Device\\IoTestAsync", GENERIC_READ | GENERIC_WRITE, 0, 0, &Handle, &Iosb),
        STATUS_SUCCESS);
    EXPECT_EQ(Iosb.Information, 0); /* what the driver stored */
    ObReferenceObjectByHandle(Handle, 0, *IoFileObjectType, KernelMode, (PVOID *)&File, NULL);
    EXPECT((File->Flags & FO_SYNCHRONOUS_IO) == 0);
    /* "If FILE_SYNCHRONOUS_IO_... not set, ByteOffset must be supplied" */
    EXPECT_STATUS(ZwReadFile(Handle, NULL, NULL, NULL, &Iosb, Buffer, 4, NULL, NULL),
                  STATUS_INVALID_PARAMETER);

    Object = IoCreateNotificationEvent(NULL, &EventHandle);
    Event = EventHandle;
    EXPECT(Object != NULL);
    EXPECT(KeReadStateEvent(Object)); /* "initially set to the signaled state" */
    Pend = TRUE;
    Iosb.Status = 0x77;
    EXPECT_STATUS(ZwReadFile(Handle, Event, NULL, NULL, &Iosb, Buffer, 4, &Offset, NULL),
                  STATUS_PENDING);
    EXPECT(
        !KeReadStateEvent(Object)); /* "set to the not-signaled state" when the request is made */
    EXPECT_EQ(Iosb.Status, 0x77);
    RtlFillMemory(Held->AssociatedIrp.SystemBuffer, 4, 0x42);
    Complete(Held, STATUS_SUCCESS, 3);
    EXPECT(KeReadStateEvent(Object));
    EXPECT_STATUS(Iosb.Status, STATUS_SUCCESS);
    EXPECT_EQ(Iosb.Information, 3);
    EXPECT(Buffer[2] == 0x42 && Buffer[3] == 0);

    /* An error after pending: the event is signaled, the status block written, nothing copied. */
    Iosb.Status = 0x77;
    EXPECT_STATUS(ZwReadFile(Handle, Event, NULL, NULL, &Iosb, Buffer, 4, &Offset, NULL),
                  STATUS_PENDING);
    RtlFillMemory(Held->AssociatedIrp.SystemBuffer, 4, 0x99);
    Complete(Held, STATUS_DEVICE_NOT_READY, 4);
    EXPECT(KeReadStateEvent(Object));
    EXPECT_STATUS(Iosb.Status, STATUS_DEVICE_NOT_READY);
    EXPECT_EQ(Buffer[0], 0x42);

    /* A warning is copied. */
    EXPECT_STATUS(ZwReadFile(Handle, Event, NULL, NULL, &Iosb, Buffer, 4, &Offset, NULL),
                  STATUS_PENDING);
    RtlFillMemory(Held->AssociatedIrp.SystemBuffer, 4, 0x99);
    Complete(Held, STATUS_BUFFER_OVERFLOW, 4);
    EXPECT_EQ(Buffer[0], 0x99);
    EXPECT_STATUS(Iosb.Status, STATUS_BUFFER_OVERFLOW);

    /* Without an event the file object is signaled. */
    EXPECT_STATUS(ZwReadFile(Handle, NULL, NULL, NULL, &Iosb, Buffer, 4, &Offset, NULL),
                  STATUS_PENDING);
    EXPECT(!KeReadStateEvent(&File->Event));
    Complete(Held, STATUS_SUCCESS, 0);
    EXPECT(KeReadStateEvent(&File->Event));
    EXPECT_STATUS(ZwWaitForSingleObject(Handle, FALSE, &NoWait), STATUS_SUCCESS);
    Pend = FALSE;

    /* An error that was never pended is the service's result alone. */
    Result = STATUS_DEVICE_NOT_READY;
    Iosb.Status = 0x77;
    EXPECT_STATUS(ZwReadFile(Handle, Event, NULL, NULL, &Iosb, Buffer, 4, &Offset, NULL),
                  STATUS_DEVICE_NOT_READY);
    EXPECT_EQ(Iosb.Status, 0x77);
    EXPECT(!KeReadStateEvent(Object));
    Result = STATUS_SUCCESS;
    ObDereferenceObject(File);
    ZwClose(Event);
    ZwClose(Handle);
    IoDeleteDevice(Device);
}

static VOID NTAPI
CompleteLater(PVOID Context)
{
    Sleep(5);
    Complete(Held, STATUS_SUCCESS, 2);
    PsTerminateSystemThread(STATUS_SUCCESS);
}

/* On a synchronous handle the service waits for a request that the driver pends. */
static VOID
SynchronousWaits(VOID)
{
    PDEVICE_OBJECT Device = MakeDevice(L"\\Device\\IoTestSync", DO_BUFFERED_IO, 0);
    HANDLE Handle = OpenSynchronous(L"\\Device\\IoTestSync"), Thread;
    LARGE_INTEGER Offset = {}, Before, After;
    IO_STATUS_BLOCK Iosb;
    UCHAR Buffer[4];

    Pend = TRUE;
    KeQuerySystemTime(&Before);
    PsCreateSystemThread(&Thread, THREAD_ALL_ACCESS, NULL, NULL, NULL, CompleteLater, NULL);
    EXPECT_STATUS(ZwReadFile(Handle, NULL, NULL, NULL, &Iosb, Buffer, 4, &Offset, NULL),
                  STATUS_SUCCESS);
    KeQuerySystemTime(&After);
    EXPECT(After.QuadPart - Before.QuadPart >= 50000);
    EXPECT_EQ(Iosb.Information, 2);
    ZwWaitForSingleObject(Thread, FALSE, NULL);
    ZwClose(Thread);
    Pend = FALSE;
    ZwClose(Handle);
    IoDeleteDevice(Device);
}

static VOID
Controls(VOID)
{
    PDEVICE_OBJECT Device = MakeDevice(L"\\Device\\IoTestIoctl", 0, 0);
    HANDLE Handle = OpenSynchronous(L"\\Device\\IoTestIoctl");
    UCHAR Input[4], Output[8];
    IO_STATUS_BLOCK Iosb;

    Result = STATUS_SUCCESS;
    for (ULONG Method = 0; Method < 4; Method++) {
        for (ULONG Fs = 0; Fs < 2; Fs++) {
            ULONG Code = CTL_CODE(FILE_DEVICE_UNKNOWN, 0x900, Method, FILE_ANY_ACCESS);
            NTSTATUS Status;

            RtlFillMemory(Input, 4, 0x30);
            RtlFillMemory(Output, 8, 0x20);
            ResultInformation = Method == METHOD_BUFFERED ? 2 : 0;
            ClearLog();
            Status =
                Fs ? ZwFsControlFile(Handle, NULL, NULL, NULL, &Iosb, Code, Input, 4, Output, 8)
                   : ZwDeviceIoControlFile(Handle, NULL, NULL, NULL, &Iosb, Code, Input, 4, Output,
                                           8);
            EXPECT_STATUS(Status, STATUS_SUCCESS);
            EXPECT_EQ(Log[0], Fs ? IRP_MJ_FILE_SYSTEM_CONTROL : IRP_MJ_DEVICE_CONTROL);
            EXPECT_EQ(LastLength, 4);
            EXPECT_EQ(LastOutput, 8);
            EXPECT_EQ(Iosb.Information, ResultInformation);
            switch (Method) {
            case METHOD_BUFFERED:
                EXPECT(LastSystem != NULL && LastMdl == NULL);
                EXPECT(Output[0] == 0xCF && Output[1] == 0x30 && Output[2] == 0x20);
                break;
            case METHOD_IN_DIRECT:
            case METHOD_OUT_DIRECT:
                EXPECT(LastSystem != NULL && LastMdl != NULL);
                EXPECT((LastFlags & IRP_INPUT_OPERATION) == 0);
                break;
            case METHOD_NEITHER:
                EXPECT(LastSystem == NULL && LastMdl == NULL && LastUser == Output &&
                       LastType3 == Input);
                break;
            }
            EXPECT(Input[0] == 0x30); /* the caller's input is never written */
        }
    }
    /* Both lengths 0: no system buffer. */
    ResultInformation = 0;
    EXPECT_STATUS(ZwDeviceIoControlFile(Handle, NULL, NULL, NULL, &Iosb,
                                        CTL_CODE(FILE_DEVICE_UNKNOWN, 0x900, 0, 0), NULL, 0, NULL,
                                        0),
                  STATUS_SUCCESS);
    EXPECT(LastSystem == NULL);
    /* An error: nothing is copied, the status block stays. */
    Result = STATUS_INVALID_DEVICE_REQUEST;
    ResultInformation = 4;
    Iosb.Status = 0x66;
    RtlFillMemory(Output, 8, 0x20);
    EXPECT_STATUS(ZwDeviceIoControlFile(Handle, NULL, NULL, NULL, &Iosb,
                                        CTL_CODE(FILE_DEVICE_UNKNOWN, 0x900, 0, 0), Input, 4,
                                        Output, 8),
                  STATUS_INVALID_DEVICE_REQUEST);
    EXPECT_EQ(Output[0], 0x20);
    EXPECT_EQ(Iosb.Status, 0x66);
    Result = STATUS_SUCCESS;
    ZwClose(Handle);
    IoDeleteDevice(Device);
}

/* Answered by the I/O manager: no request reaches the driver. */
static VOID
Information(VOID)
{
    PDEVICE_OBJECT Device = MakeDevice(L"\\Device\\IoTestInfo", DO_BUFFERED_IO, 0);
    FILE_POSITION_INFORMATION Position;
    FILE_ALIGNMENT_INFORMATION Alignment;
    FILE_MODE_INFORMATION Mode;
    FILE_ACCESS_INFORMATION Access;
    FILE_FS_DEVICE_INFORMATION FsDevice;
    IO_STATUS_BLOCK Iosb;
    HANDLE Handle;

    Device->AlignmentRequirement = FILE_LONG_ALIGNMENT;
    EXPECT_STATUS(Open(L"\\Device\\IoTestInfo", FILE_READ_DATA | FILE_READ_ATTRIBUTES | SYNCHRONIZE,
                       0, FILE_SYNCHRONOUS_IO_ALERT | FILE_WRITE_THROUGH, &Handle, &Iosb),
                  STATUS_SUCCESS);
    ClearLog();
    EXPECT_STATUS(ZwQueryInformationFile(Handle, &Iosb, &Mode, sizeof(Mode), FileModeInformation),
                  STATUS_SUCCESS);
    EXPECT_EQ(Mode.Mode, FILE_SYNCHRONOUS_IO_ALERT | FILE_WRITE_THROUGH);
    EXPECT_EQ(Iosb.Information, sizeof(Mode));
    EXPECT_STATUS(
        ZwQueryInformationFile(Handle, &Iosb, &Access, sizeof(Access), FileAccessInformation),
        STATUS_SUCCESS);
    EXPECT_EQ(Access.AccessFlags, FILE_READ_DATA | FILE_READ_ATTRIBUTES | SYNCHRONIZE);
    EXPECT_STATUS(ZwQueryInformationFile(Handle, &Iosb, &Alignment, sizeof(Alignment),
                                         FileAlignmentInformation),
                  STATUS_SUCCESS);
    EXPECT_EQ(Alignment.AlignmentRequirement, FILE_LONG_ALIGNMENT);
    Position.CurrentByteOffset.QuadPart = 0x4444;
    EXPECT_STATUS(
        ZwSetInformationFile(Handle, &Iosb, &Position, sizeof(Position), FilePositionInformation),
        STATUS_SUCCESS);
    Position.CurrentByteOffset.QuadPart = 0;
    EXPECT_STATUS(
        ZwQueryInformationFile(Handle, &Iosb, &Position, sizeof(Position), FilePositionInformation),
        STATUS_SUCCESS);
    EXPECT_EQ(Position.CurrentByteOffset.QuadPart, 0x4444);
    EXPECT_STATUS(ZwQueryVolumeInformationFile(Handle, &Iosb, &FsDevice, sizeof(FsDevice),
                                               FileFsDeviceInformation),
                  STATUS_SUCCESS);
    EXPECT_EQ(FsDevice.DeviceType, FILE_DEVICE_UNKNOWN);
    EXPECT_EQ(Logged, 0);
    ZwClose(Handle);
    IoDeleteDevice(Device);
}

IO_TEST_DRIVER(TEST(Reads), TEST(Asynchronous), TEST(SynchronousWaits), TEST(Controls),
               TEST(Information))
