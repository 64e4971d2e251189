/*
 * io-test.h - what the I/O tests share: a driver object to make devices with, a log of the requests that
 * its devices get, and helpers to open them.
 */
#ifndef IO_TEST_H
#define IO_TEST_H

#include "../ntlab-test.h"

static PDRIVER_OBJECT Driver;
static UNICODE_STRING Registry;

/* Every request that the test's dispatch routine sees: major functions in order. */
static UCHAR Log[256];
static ULONG Logged;

static VOID
ClearLog(VOID)
{
    Logged = 0;
    RtlZeroMemory(Log, sizeof(Log));
}

static BOOLEAN
LogIs(const UCHAR *Expected, ULONG Count)
{
    return Logged == Count && RtlEqualMemory(Log, Expected, Count);
}

static NTSTATUS
Complete(PIRP Irp, NTSTATUS Status, ULONG_PTR Information)
{
    Irp->IoStatus.Status = Status;
    Irp->IoStatus.Information = Information;
    IoCompleteRequest(Irp, IO_NO_INCREMENT);
    return Status;
}

static NTSTATUS NTAPI Dispatch(PDEVICE_OBJECT DeviceObject, PIRP Irp);

static PDEVICE_OBJECT
MakeDevice(PCWSTR Name, ULONG Flags, ULONG ExtensionSize)
{
    UNICODE_STRING DeviceName;
    PDEVICE_OBJECT Device = NULL;
    NTSTATUS Status;

    if (Name != NULL) {
        RtlInitUnicodeString(&DeviceName, Name);
    }
    Status = IoCreateDevice(Driver, ExtensionSize, Name != NULL ? &DeviceName : NULL,
                            FILE_DEVICE_UNKNOWN, 0, FALSE, &Device);
    if (!NT_SUCCESS(Status)) {
        EXPECT_STATUS(Status, STATUS_SUCCESS);
        return NULL;
    }
    Device->Flags |= Flags;
    Device->Flags &= ~DO_DEVICE_INITIALIZING; /* DriverEntry has not returned yet */
    return Device;
}

static NTSTATUS
Open(PCWSTR Name, ACCESS_MASK Access, ULONG Share, ULONG Options, PHANDLE Handle,
     PIO_STATUS_BLOCK Iosb)
{
    OBJECT_ATTRIBUTES Attributes;
    UNICODE_STRING FileName;

    RtlInitUnicodeString(&FileName, Name);
    InitializeObjectAttributes(&Attributes, &FileName, OBJ_CASE_INSENSITIVE | OBJ_KERNEL_HANDLE,
                               NULL, NULL);
    return ZwCreateFile(Handle, Access, &Attributes, Iosb, NULL, FILE_ATTRIBUTE_NORMAL, Share,
                        FILE_OPEN, Options, NULL, 0);
}

static HANDLE
OpenSynchronous(PCWSTR Name)
{
    IO_STATUS_BLOCK Iosb;
    HANDLE Handle = NULL;

    EXPECT_STATUS(Open(Name, GENERIC_READ | GENERIC_WRITE | SYNCHRONIZE,
                       FILE_SHARE_READ | FILE_SHARE_WRITE, FILE_SYNCHRONOUS_IO_NONALERT, &Handle,
                       &Iosb),
                  STATUS_SUCCESS);
    return Handle;
}

static LARGE_INTEGER NoWait;

static inline BOOLEAN
IsSignaled(PVOID Object)
{
    return KeWaitForSingleObject(Object, Executive, KernelMode, FALSE, &NoWait) == STATUS_SUCCESS;
}

static inline VOID
Sleep(ULONG Milliseconds)
{
    LARGE_INTEGER Delay = {.QuadPart = -10000ll * Milliseconds};

    KeDelayExecutionThread(KernelMode, FALSE, &Delay);
}

static VOID NTAPI
IoTestUnload(PDRIVER_OBJECT DriverObject)
{
}

#define IO_TEST_DRIVER(...)                                                                        \
    NTSTATUS NTAPI DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)          \
    {                                                                                              \
        static const NTLAB_TEST Tests[] = {__VA_ARGS__};                                           \
                                                                                                   \
        Driver = DriverObject;                                                                     \
        Registry = *RegistryPath;                                                                  \
        DriverObject->DriverUnload = IoTestUnload;                                                 \
        for (ULONG i = 0; i <= IRP_MJ_MAXIMUM_FUNCTION; i++) {                                     \
            DriverObject->MajorFunction[i] = Dispatch;                                             \
        }                                                                                          \
        NtlabRun(Tests, RTL_NUMBER_OF(Tests));                                                     \
        return STATUS_SUCCESS;                                                                     \
    }

#endif
