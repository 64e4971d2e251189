/*
 * user.c - bugs of what user mode hands in.
 */
#include "bug.h"

#define TAG 'suMB'

typedef struct _REQUEST {
    ULONG Length;
    ULONG Kind;
    UCHAR Data[24];
} REQUEST, *PREQUEST;

typedef struct _WORK {
    KEVENT Done;
    PREQUEST Request;
} WORK, *PWORK;

static PIO_WORKITEM SharedItem;
static volatile ULONG Seen;

static NTSTATUS
BugStart(PDRIVER_OBJECT Driver)
{
    SharedItem = IoAllocateWorkItem(BugDevice);
    return SharedItem != NULL ? STATUS_SUCCESS : STATUS_INSUFFICIENT_RESOURCES;
}

static VOID
BugStop(VOID)
{
    IoFreeWorkItem(SharedItem);
}

static VOID NTAPI
Work(PDEVICE_OBJECT Device, PVOID Context)
{
    PWORK This = Context;

#if CASE == 183
    Seen = *(volatile ULONG *)This->Request; /* BUG(183) */
#endif
    KeSetEvent(&This->Done, IO_NO_INCREMENT, FALSE);
}

static NTSTATUS
BugRequest(PDEVICE_OBJECT Device, PIRP Irp, PIO_STACK_LOCATION Stack)
{
    PREQUEST Request = Stack->Parameters.DeviceIoControl.Type3InputBuffer;
    ULONG Input = Stack->Parameters.DeviceIoControl.InputBufferLength;
    ULONG Output = Stack->Parameters.DeviceIoControl.OutputBufferLength;
    NTSTATUS Status = STATUS_SUCCESS;
    PUCHAR Block = NULL;
    PIO_WORKITEM Item;
    REQUEST Copy;
    ULONG Length;
    WORK This;

    (VOID) Item, (VOID)This, (VOID)Request, (VOID)Output, (VOID)Block, (VOID)Copy, (VOID)Length,
        (VOID)Seen, (VOID)Work;
    if (Stack->MajorFunction != IRP_MJ_DEVICE_CONTROL || Input < sizeof(REQUEST)) {
        return BugFinish(Irp, STATUS_INVALID_PARAMETER, 0);
    }
#if EITHER(180)
    /* METHOD_NEITHER, and the input is used as if it were the driver's. */
    if (HAS(180)) {
        Seen = Request->Kind; /* BUG(180) */
    } else {
        __try {
            ProbeForRead(Request, sizeof(*Request), 1);
            Seen = Request->Kind;
        } __except (EXCEPTION_EXECUTE_HANDLER) {
            Status = GetExceptionCode();
        }
    }
#elif EITHER(181)
    /* In __try, but not probed: the user passes an address of the kernel. */
    __try {
        if (!HAS(181)) {
            ProbeForRead(Request, sizeof(*Request), 1);
        }
        Seen = Request->Kind; /* BUG(181) */
    } __except (EXCEPTION_EXECUTE_HANDLER) {
        Status = GetExceptionCode();
    }
#elif EITHER(182)
    /* The length is checked, and read again for the copy. */
    __try {
        ProbeForRead(Request, sizeof(*Request), 1);
        Length = Request->Length & 15;
        Block = ExAllocatePoolWithTag(NonPagedPoolNx, 64, TAG);
        if (Block != NULL) {
            if (HAS(182)) {
                Length = Request->Length & 15; /* BUG(182) */
            }
            RtlZeroMemory(Block, Length);
        }
    } __except (EXCEPTION_EXECUTE_HANDLER) {
        Status = GetExceptionCode();
    }
    if (Block != NULL) {
        ExFreePoolWithTag(Block, TAG);
    }
#elif EITHER(183)
    /* The user's address is used in a work item, which runs in another process. */
    Item = IoAllocateWorkItem(Device);
    if (Item == NULL) {
        return BugFinish(Irp, STATUS_INSUFFICIENT_RESOURCES, 0);
    }
    KeInitializeEvent(&This.Done, NotificationEvent, FALSE);
    This.Request = Request;
    IoQueueWorkItem(Item, Work, DelayedWorkQueue, &This);
    KeWaitForSingleObject(&This.Done, Executive, KernelMode, FALSE, NULL);
    IoFreeWorkItem(Item);
#elif EITHER(186)
    /* One work item for all requests: it may be queued still. */
    Item = HAS(186) ? SharedItem : IoAllocateWorkItem(Device);
    if (Item == NULL) {
        return BugFinish(Irp, STATUS_INSUFFICIENT_RESOURCES, 0);
    }
    KeInitializeEvent(&This.Done, NotificationEvent, FALSE);
    IoQueueWorkItem(Item, Work, DelayedWorkQueue, &This); /* BUG(186) */
    KeWaitForSingleObject(&This.Done, Executive, KernelMode, FALSE, NULL);
    if (!HAS(186)) {
        IoFreeWorkItem(Item);
    }
#elif EITHER(184)
    /* A field is checked, then the whole structure is copied. */
    __try {
        ProbeForRead(Request, sizeof(*Request), 1);
        if (HAS(184) && Request->Kind == 77) {
            ExRaiseStatus(STATUS_INVALID_PARAMETER);
        }
        RtlMoveMemory(&Copy, Request, min(Input, sizeof(Copy))); /* BUG(184) */
        Seen = Copy.Kind;
    } __except (EXCEPTION_EXECUTE_HANDLER) {
        Status = GetExceptionCode();
    }
#elif EITHER(185)
    /* The output is written where the user says. */
    if (Output < sizeof(ULONG)) {
        return BugFinish(Irp, STATUS_BUFFER_TOO_SMALL, 0);
    }
    if (HAS(185)) {
        *(volatile ULONG *)Irp->UserBuffer = 1; /* BUG(185) */
    } else {
        __try {
            ProbeForWrite(Irp->UserBuffer, Output, 1);
            *(volatile ULONG *)Irp->UserBuffer = 1;
        } __except (EXCEPTION_EXECUTE_HANDLER) {
            Status = GetExceptionCode();
        }
    }
#else
#error no such case
#endif
    return BugFinish(Irp, Status, 0);
}
