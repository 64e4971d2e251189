/*
 * suspend.c - holds one form of lock in the thread of the client, which another of its threads suspends meanwhile.
 */
#include "forms.c" /* one unit: counts of checks are static, and two inline routines of the DDK are not */
#include "locks.h"

static volatile LOCKS_SEEN Seen;
static volatile LONG Go;

static VOID
Hold(ULONG Form)
{
    KIRQL Saved = PASSIVE_LEVEL;

    if (LockForms[Form].Before > PASSIVE_LEVEL) {
        KeRaiseIrql(LockForms[Form].Before, &Saved);
    }
    FormAcquire(Form);
    Seen.Inside = 1;
    while (!Go) {
        Seen.Beats++;
        YieldProcessor();
    }
    FormRelease(Form);
    if (LockForms[Form].Before > PASSIVE_LEVEL) {
        KeLowerIrql(Saved);
    }
    Seen.Left = 1;
}

static NTSTATUS NTAPI
Dispatch(PDEVICE_OBJECT Device, PIRP Irp)
{
    PIO_STACK_LOCATION Stack = IoGetCurrentIrpStackLocation(Irp);
    PVOID Buffer = Irp->AssociatedIrp.SystemBuffer;
    LOCKS_SEEN *In = Buffer;

    Irp->IoStatus.Status = STATUS_SUCCESS;
    Irp->IoStatus.Information = 0;
    if (Stack->MajorFunction == IRP_MJ_DEVICE_CONTROL) {
        switch (Stack->Parameters.DeviceIoControl.IoControlCode) {
        case LOCKS_HOLD:
            Hold(*(PULONG)Buffer);
            break;
        case LOCKS_LEAVE:
            Go = 1;
            break;
        case LOCKS_LOOK:
            *In = Seen;
            Irp->IoStatus.Information = sizeof(LOCKS_SEEN);
            break;
        case LOCKS_CHECK: /* the form that was held, and what was found; prepares the next one */
            if (In->Exists) {
                NtlabCase = LockForms[In->Form].Name;
                NtlabReportEqual(In->Blocked, LockForms[In->Form].Suspension[System], (int)In->Form,
                                 "suspension: blocked while held");
                NtlabReportEqual(In->Left, !In->Blocked ? 0 : 1, (int)In->Form,
                                 "suspension: a blocked one comes after the release");
                FormDelete(In->Form++);
            }
            for (; In->Form < Forms; In->Form++) {
                if (FormExists(In->Form) && FormInitialize(In->Form)) {
                    break;
                }
            }
            RtlZeroMemory((PVOID)&Seen, sizeof(Seen));
            Go = 0;
            Seen.Form = In->Form;
            Seen.Exists = In->Form < Forms;
            break;
        }
    }
    IoCompleteRequest(Irp, IO_NO_INCREMENT);
    return STATUS_SUCCESS;
}

static VOID NTAPI
Unload(PDRIVER_OBJECT Driver)
{
    UNICODE_STRING Link = RTL_CONSTANT_STRING(L"\\??\\LocksSuspend");

    DbgPrintEx(DPFLTR_IHVDRIVER_ID, DPFLTR_ERROR_LEVEL, "ntlab-test: done %d %d\n", NtlabPassed,
               NtlabFailed);
    IoDeleteSymbolicLink(&Link);
    IoDeleteDevice(Driver->DeviceObject);
}

NTSTATUS NTAPI
DriverEntry(PDRIVER_OBJECT Driver, PUNICODE_STRING RegistryPath)
{
    UNICODE_STRING Name = RTL_CONSTANT_STRING(L"\\Device\\LocksSuspend");
    UNICODE_STRING Link = RTL_CONSTANT_STRING(L"\\??\\LocksSuspend");
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
