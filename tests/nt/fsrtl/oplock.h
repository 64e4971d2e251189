/*
 * oplock.h - requests of our own of a file object, as its file system has them, and its oplock. Who includes this defines HANDLES, how many handles there are.
 */
#ifndef TESTS_FSRTL_OPLOCK_H
#define TESTS_FSRTL_OPLOCK_H

#include "../ntlab-test.h"

typedef struct _REQUEST {
    PIRP Irp;
    BOOLEAN Done, Waits; /* completed; a break is over */
    IO_STATUS_BLOCK Iosb;
    ULONG Buffer[16];
    IO_SECURITY_CONTEXT Security;
    ACCESS_STATE Access;
} REQUEST, *PREQUEST;

static HANDLE Handles[HANDLES];
static PFILE_OBJECT Files[HANDLES];
static OPLOCK Oplock;

/* The third handle is a synchronous one. */
static VOID
OpenAll(PCWSTR Path)
{
    OBJECT_ATTRIBUTES Object;
    IO_STATUS_BLOCK Iosb;
    UNICODE_STRING Name;

    RtlInitUnicodeString(&Name, Path);
    InitializeObjectAttributes(&Object, &Name, OBJ_KERNEL_HANDLE | OBJ_CASE_INSENSITIVE, NULL,
                               NULL);
    for (int i = 0; i < HANDLES; i++) {
        EXPECT_STATUS(
            ZwCreateFile(&Handles[i], GENERIC_READ | GENERIC_WRITE | DELETE, &Object, &Iosb, NULL,
                         0, FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE, FILE_OPEN_IF,
                         i == 2 ? FILE_SYNCHRONOUS_IO_NONALERT : 0, NULL, 0),
            STATUS_SUCCESS);
        EXPECT_STATUS(ObReferenceObjectByHandle(Handles[i], 0, *IoFileObjectType, KernelMode,
                                                (PVOID *)&Files[i], NULL),
                      STATUS_SUCCESS);
    }
    FsRtlInitializeOplock(&Oplock);
}

static NTSTATUS NTAPI
Completed(PDEVICE_OBJECT DeviceObject, PIRP Irp, PVOID Context)
{
    PREQUEST Request = Context;

    Request->Iosb = Irp->IoStatus;
    Request->Done = TRUE;
    return STATUS_MORE_PROCESSING_REQUIRED;
}

static VOID NTAPI
Over(PVOID Context, PIRP Irp)
{
    ((PREQUEST)Context)->Waits = FALSE;
}

static PIO_STACK_LOCATION
Begin(PREQUEST Request, PFILE_OBJECT File, UCHAR Major)
{
    PIO_STACK_LOCATION Stack;

    RtlZeroMemory(Request, sizeof(*Request));
    Request->Irp = IoAllocateIrp(2, FALSE);
    Request->Irp->RequestorMode = KernelMode;
    Request->Irp->Tail.Overlay.Thread = PsGetCurrentThread();
    Request->Irp->Tail.Overlay.OriginalFileObject = File;
    Request->Irp->AssociatedIrp.SystemBuffer = Request->Buffer;
    IoSetNextIrpStackLocation(Request->Irp);
    IoSetCompletionRoutine(Request->Irp, Completed, Request, TRUE, TRUE, TRUE);
    IoSetNextIrpStackLocation(Request->Irp);
    Stack = IoGetCurrentIrpStackLocation(Request->Irp);
    Stack->MajorFunction = Major;
    Stack->FileObject = File;
    Stack->DeviceObject = File->DeviceObject;
    return Stack;
}

static VOID
End(PREQUEST Request)
{
    IoFreeIrp(Request->Irp);
    Request->Irp = NULL;
}

#endif
