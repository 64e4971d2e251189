/*
 * notify.h - requests of our own that watch a directory, as a file system has them.
 */
#ifndef TESTS_FSRTL_NOTIFY_H
#define TESTS_FSRTL_NOTIFY_H

#include "../ntlab-test.h"

typedef struct _REQUEST {
    PIRP Irp; /* NULL: none */
    BOOLEAN Done;
    IO_STATUS_BLOCK Iosb;
    ULONG Length, Order; /* Order: which one came when, where that counts */
    UCHAR Buffer[256];
} REQUEST, *PREQUEST;

static PNOTIFY_SYNC Sync;
static LIST_ENTRY List;
static HANDLE Handle;
static PFILE_OBJECT File;

static VOID
Prepare(VOID)
{
    UNICODE_STRING Name = RTL_CONSTANT_STRING(L"\\??\\C:\\");
    OBJECT_ATTRIBUTES Object;
    IO_STATUS_BLOCK Iosb;

    InitializeObjectAttributes(&Object, &Name, OBJ_KERNEL_HANDLE | OBJ_CASE_INSENSITIVE, NULL,
                               NULL);
    EXPECT_STATUS(ZwCreateFile(&Handle, FILE_LIST_DIRECTORY, &Object, &Iosb, NULL, 0,
                               FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE, FILE_OPEN,
                               FILE_DIRECTORY_FILE, NULL, 0),
                  STATUS_SUCCESS);
    EXPECT_STATUS(
        ObReferenceObjectByHandle(Handle, 0, *IoFileObjectType, KernelMode, (PVOID *)&File, NULL),
        STATUS_SUCCESS);
    FsRtlNotifyInitializeSync(&Sync);
    InitializeListHead(&List);
}

static NTSTATUS NTAPI
Completed(PDEVICE_OBJECT DeviceObject, PIRP Irp, PVOID Context)
{
    PREQUEST Request = Context;

    Request->Iosb = Irp->IoStatus;
    Request->Done = TRUE;
    if (Irp->AssociatedIrp.SystemBuffer != NULL) { /* which the I/O manager would copy and free */
        RtlCopyMemory(Request->Buffer, Irp->AssociatedIrp.SystemBuffer, Irp->IoStatus.Information);
        ExFreePool(Irp->AssociatedIrp.SystemBuffer);
        Irp->AssociatedIrp.SystemBuffer = NULL;
    }
    return STATUS_MORE_PROCESSING_REQUIRED;
}

static PIRP
Begin(PREQUEST Request, ULONG Length)
{
    PIO_STACK_LOCATION Stack;

    RtlZeroMemory(Request, sizeof(*Request));
    Request->Length = Length;
    Request->Irp = IoAllocateIrp(2, FALSE);
    Request->Irp->RequestorMode = KernelMode;
    Request->Irp->UserBuffer = Request->Buffer;
    Request->Irp->Tail.Overlay.Thread = PsGetCurrentThread();
    Request->Irp->Tail.Overlay.OriginalFileObject = File;
    IoSetNextIrpStackLocation(Request->Irp);
    IoSetCompletionRoutine(Request->Irp, Completed, Request, TRUE, TRUE, TRUE);
    IoSetNextIrpStackLocation(Request->Irp);
    Stack = IoGetCurrentIrpStackLocation(Request->Irp);
    Stack->MajorFunction = IRP_MJ_DIRECTORY_CONTROL;
    Stack->MinorFunction = IRP_MN_NOTIFY_CHANGE_DIRECTORY;
    Stack->FileObject = File;
    Stack->Parameters.NotifyDirectory.Length = Length;
    return Request->Irp;
}

static VOID
End(PREQUEST Request)
{
    IoFreeIrp(Request->Irp);
    Request->Irp = NULL;
}

#endif
