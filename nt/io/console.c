/*
 * console.c - \Device\ConDrv: a client's standard handles.
 *
 * The file name says which: \Input reads the client's standard input, \Error writes standard error,
 * everything else (\Output, \CurrentOut, \Console) standard output. \Device\Console is the same device. \Device\ConPipe differs in
 * its type: a client whose stream is redirected holds a pipe, which is what it is on this side of ntlab, and not a terminal.
 *
 * Who types watches the others first: a read waits for the other clients to end, a minute of virtual time at most. So a service
 * that is stopped by a key serves its clients, whatever is in the file or pipe that ntlab's standard input is.
 */
#include "nt/io/iop.h"
#include "nt/inc/client.h"

enum { IopConsoleOut = 1, IopConsoleError = 2, IopConsoleIn = 3 };

static ULONG
IopConsoleKind(PUNICODE_STRING Name)
{
    static const struct {
        UNICODE_STRING Name;
        ULONG Kind;
    } Names[] = {
        {RTL_CONSTANT_STRING(L"\\Input"), IopConsoleIn},
        {RTL_CONSTANT_STRING(L"\\CurrentIn"), IopConsoleIn},
        {RTL_CONSTANT_STRING(L"\\Error"), IopConsoleError},
    };

    for (ULONG i = 0; i < RTL_NUMBER_OF(Names); i++) {
        if (RtlEqualUnicodeString((PUNICODE_STRING)&Names[i].Name, Name, TRUE)) {
            return Names[i].Kind;
        }
    }
    return IopConsoleOut;
}

static NTSTATUS NTAPI
IopConsoleDispatch(PDEVICE_OBJECT DeviceObject, PIRP Irp)
{
    PIO_STACK_LOCATION Stack = IoGetCurrentIrpStackLocation(Irp);
    PFILE_OBJECT FileObject = Stack->FileObject;
    NTSTATUS Status = STATUS_SUCCESS;
    ULONG_PTR Information = 0;

    switch (Stack->MajorFunction) {
    case IRP_MJ_CREATE:
        FileObject->FsContext = (PVOID)(ULONG_PTR)IopConsoleKind(&FileObject->FileName);
        Information = FILE_OPENED;
        break;
    case IRP_MJ_READ:
        PspLetClientsEnd();
        Information =
            Stack->Parameters.Read.Length == 0
                ? 0
                : HcReadInput(Irp->AssociatedIrp.SystemBuffer, Stack->Parameters.Read.Length);
        break;
    case IRP_MJ_WRITE:
        HcPrint((ULONG_PTR)FileObject->FsContext == IopConsoleError ? ABI_OUT_STDERR
                                                                    : ABI_OUT_STDOUT,
                Irp->AssociatedIrp.SystemBuffer, Stack->Parameters.Write.Length);
        Information = Stack->Parameters.Write.Length;
        break;
    case IRP_MJ_CLEANUP:
    case IRP_MJ_CLOSE:
    case IRP_MJ_FLUSH_BUFFERS:
        break;
    default:
        Status = STATUS_INVALID_DEVICE_REQUEST;
        break;
    }
    Irp->IoStatus.Status = Status;
    Irp->IoStatus.Information = Information;
    IofCompleteRequest(Irp, IO_NO_INCREMENT);
    return Status;
}

NTSTATUS NTAPI
IopConsoleEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
    static const PCWSTR Links[][2] = {
        {L"\\Device\\Console", L"\\Device\\ConDrv"},
        {L"\\??\\CON", L"\\Device\\ConDrv\\Console"},
        {L"\\??\\CONIN$", L"\\Device\\ConDrv\\CurrentIn"},
        {L"\\??\\CONOUT$", L"\\Device\\ConDrv\\CurrentOut"},
    };
    UNICODE_STRING Device = RTL_CONSTANT_STRING(L"\\Device\\ConDrv"), Link, Target;
    UNICODE_STRING Pipe = RTL_CONSTANT_STRING(L"\\Device\\ConPipe");
    PDEVICE_OBJECT DeviceObject;
    NTSTATUS Status;

    for (ULONG i = 0; i <= IRP_MJ_MAXIMUM_FUNCTION; i++) {
        DriverObject->MajorFunction[i] = IopConsoleDispatch;
    }
    Status = IoCreateDevice(DriverObject, 0, &Device, FILE_DEVICE_CONSOLE, 0, FALSE, &DeviceObject);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    DeviceObject->Flags |= DO_BUFFERED_IO;
    Status =
        IoCreateDevice(DriverObject, 0, &Pipe, FILE_DEVICE_NAMED_PIPE, 0, FALSE, &DeviceObject);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    DeviceObject->Flags |= DO_BUFFERED_IO;
    for (ULONG i = 0; i < RTL_NUMBER_OF(Links) && NT_SUCCESS(Status); i++) {
        RtlInitUnicodeString(&Link, Links[i][0]);
        RtlInitUnicodeString(&Target, Links[i][1]);
        Status = IoCreateSymbolicLink(&Link, &Target);
    }
    return Status;
}
