/*
 * misuse.c - one misuse of one form of lock, as the client asks for it; each ends the run as the table says.
 */
#include "forms.c" /* one unit: counts of checks are static, and two inline routines of the DDK are not */
#include "locks.h"

enum { MisuseAgain, MisuseOther, MisuseUnowned, MisuseTooHigh, MisuseExit };

static ULONG Form;

static VOID
Let(const char *Name, PVOID Value)
{
    DbgPrintEx(DPFLTR_IHVDRIVER_ID, DPFLTR_ERROR_LEVEL, "ntlab-test: let %s 0x%I64x\n", Name,
               (ULONG64)Value);
}

static VOID NTAPI
Release(PVOID Context)
{
    Let("thread", KeGetCurrentThread());
    FormRelease(Form);
    PsTerminateSystemThread(STATUS_SUCCESS);
}

static VOID NTAPI
AcquireAndEnd(PVOID Context)
{
    Let("thread", KeGetCurrentThread());
    FormAcquire(Form);
    if (KeGetCurrentIrql() > PASSIVE_LEVEL) {
        KeLowerIrql(PASSIVE_LEVEL);
    }
    PsTerminateSystemThread(STATUS_SUCCESS);
}

static VOID
Misuse(ULONG How)
{
    KIRQL Saved;

    Let("lock", FormLock(Form));
    Let("thread", KeGetCurrentThread());
    if (How == MisuseTooHigh) {
        KeRaiseIrql((KIRQL)(LockForms[Form].Highest[System] + 1), &Saved);
        FormAcquire(Form);
        FormRelease(Form);
        KeLowerIrql(Saved);
        return;
    }
    if (How == MisuseExit) {
        JoinThread(StartThread(AcquireAndEnd, NULL));
        return;
    }
    KeRaiseIrql(LockForms[Form].Before, &Saved);
    switch (How) {
    case MisuseAgain:
        FormAcquire(Form);
        FormAcquire(Form);
        break;
    case MisuseOther:
        FormAcquire(Form);
        JoinThread(StartThread(Release, NULL));
        break;
    case MisuseUnowned:
        if (LockForms[Form].Held[System] == DISPATCH_LEVEL && Saved < DISPATCH_LEVEL) {
            KIRQL Ignored;

            KeRaiseIrql(DISPATCH_LEVEL, &Ignored); /* only the ownership is to be wrong */
        } else if (LockForms[Form].Held[System] == APC_LEVEL) {
            KIRQL Ignored;

            KeRaiseIrql(APC_LEVEL, &Ignored);
        }
        FormRelease(Form);
        break;
    }
}

static NTSTATUS NTAPI
Dispatch(PDEVICE_OBJECT Device, PIRP Irp)
{
    PIO_STACK_LOCATION Stack = IoGetCurrentIrpStackLocation(Irp);
    PULONG Input = Irp->AssociatedIrp.SystemBuffer;

    if (Stack->MajorFunction == IRP_MJ_DEVICE_CONTROL &&
        Stack->Parameters.DeviceIoControl.InputBufferLength == 2 * sizeof(ULONG)) {
        Form = Input[0];
        FormInitialize(Form);
        Misuse(Input[1]);
    }
    Irp->IoStatus.Status = STATUS_SUCCESS;
    Irp->IoStatus.Information = 0;
    IoCompleteRequest(Irp, IO_NO_INCREMENT);
    return STATUS_SUCCESS;
}

static VOID NTAPI
Unload(PDRIVER_OBJECT Driver)
{
    UNICODE_STRING Link = RTL_CONSTANT_STRING(L"\\??\\LocksMisuse");

    IoDeleteSymbolicLink(&Link);
    IoDeleteDevice(Driver->DeviceObject);
}

NTSTATUS NTAPI
DriverEntry(PDRIVER_OBJECT Driver, PUNICODE_STRING RegistryPath)
{
    UNICODE_STRING Name = RTL_CONSTANT_STRING(L"\\Device\\LocksMisuse");
    UNICODE_STRING Link = RTL_CONSTANT_STRING(L"\\??\\LocksMisuse");
    PDEVICE_OBJECT Device;
    NTSTATUS Status;

    FormsLookUp();
    Driver->DriverUnload = Unload;
    Driver->MajorFunction[IRP_MJ_CREATE] = Driver->MajorFunction[IRP_MJ_CLOSE] =
        Driver->MajorFunction[IRP_MJ_CLEANUP] = Driver->MajorFunction[IRP_MJ_DEVICE_CONTROL] =
            Dispatch;
    Status = IoCreateDevice(Driver, 0, &Name, FILE_DEVICE_UNKNOWN, 0, FALSE, &Device);
    return NT_SUCCESS(Status) ? IoCreateSymbolicLink(&Link, &Name) : Status;
}
