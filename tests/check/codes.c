/*
 * codes.c - a driver with control codes in every shape that compilers give a dispatch routine, and lengths that matter.
 *
 * Correct on purpose, but for what -DBUG adds: 0x80A believes a length in the buffer, as many have (CWE-125).
 */
#include <ntddk.h>

#ifdef ELSEWHERE
#define NAME L"\\FileSystem\\NtlabCodes"
#else
#define NAME L"\\Device\\NtlabCodes"
#endif

#define CODE(Function, Method) CTL_CODE(FILE_DEVICE_UNKNOWN, Function, Method, FILE_ANY_ACCESS)
#define OTHER(Function)                                                                            \
    CTL_CODE(0x8123, Function, METHOD_BUFFERED, FILE_READ_ACCESS | FILE_WRITE_ACCESS)

DRIVER_INITIALIZE DriverEntry;
static PDEVICE_OBJECT CodesDevice;
static volatile LONG Count;

/* A chain of comparisons, behind a call. */
static __attribute__((noinline)) NTSTATUS
Rare(ULONG Code)
{
    if (Code == OTHER(0x900)) {
        return STATUS_SUCCESS;
    }
    if (Code == OTHER(0x955)) {
        return STATUS_ACCESS_DENIED;
    }
    return STATUS_INVALID_DEVICE_REQUEST;
}

static NTSTATUS NTAPI
Dispatch(PDEVICE_OBJECT Device, PIRP Irp)
{
    PIO_STACK_LOCATION Stack = IoGetCurrentIrpStackLocation(Irp);
    ULONG In = Stack->Parameters.DeviceIoControl.InputBufferLength;
    PUCHAR Buffer = Irp->AssociatedIrp.SystemBuffer;
    NTSTATUS Status = STATUS_SUCCESS;

    if (Stack->MajorFunction == IRP_MJ_DEVICE_CONTROL) {
        switch (Stack->Parameters.DeviceIoControl.IoControlCode) {
        case CODE(0x800, METHOD_BUFFERED): /* eight bytes and no other length */
            Status = In == 8 ? STATUS_SUCCESS : STATUS_INVALID_PARAMETER;
            break;
        case CODE(0x801, METHOD_BUFFERED): /* next to each other: a table */
        case CODE(0x802, METHOD_BUFFERED):
            InterlockedIncrement(&Count);
            break;
        case CODE(0x803, METHOD_BUFFERED):
            InterlockedDecrement(&Count);
            break;
        case CODE(0x804, METHOD_BUFFERED):
            Status = In >= 16 ? STATUS_SUCCESS : STATUS_BUFFER_TOO_SMALL;
            break;
        case CODE(0x805, METHOD_OUT_DIRECT):
            Count = 0;
            break;
        case CODE(0x80A, METHOD_BUFFERED):
            if (In < sizeof(ULONG)) {
                Status = STATUS_BUFFER_TOO_SMALL;
                break;
            }
#ifdef BUG
            for (ULONG i = 0; i < *(PULONG)Buffer; i++) {
#else
            for (ULONG i = 0; i < *(PULONG)Buffer && i < In; i++) {
#endif
                InterlockedExchangeAdd(&Count, Buffer[i]);
            }
            break;
        case CODE(0xE00, METHOD_NEITHER): /* far away: a search tree */
            Status = STATUS_NOT_SUPPORTED;
            break;
        default:
            Status = Rare(Stack->Parameters.DeviceIoControl.IoControlCode);
        }
    }
    Irp->IoStatus.Status = Status;
    Irp->IoStatus.Information = 0;
    IoCompleteRequest(Irp, IO_NO_INCREMENT);
    return Status;
}

static VOID NTAPI
Unload(PDRIVER_OBJECT Driver)
{
    IoDeleteDevice(CodesDevice);
}

NTSTATUS NTAPI
DriverEntry(PDRIVER_OBJECT Driver, PUNICODE_STRING RegistryPath)
{
    UNICODE_STRING Name = RTL_CONSTANT_STRING(NAME);

    Driver->MajorFunction[IRP_MJ_CREATE] = Dispatch;
    Driver->MajorFunction[IRP_MJ_CLOSE] = Dispatch;
    Driver->MajorFunction[IRP_MJ_DEVICE_CONTROL] = Dispatch;
    Driver->DriverUnload = Unload;
    return IoCreateDevice(Driver, 0, &Name, FILE_DEVICE_UNKNOWN, 0, FALSE, &CodesDevice);
}
