/*
 * fsmisc.c - the small ones: volume events, waits that can be cancelled, reparse buffers, paging files.
 */
#include "nt/fsrtl/fsrtlp.h"

/* [ntifs] Told to who has registered for the volume's device with the plug-and-play manager: nobody can, a RAM disk has no
   device node. */
NTSTATUS NTAPI
FsRtlNotifyVolumeEventEx(PFILE_OBJECT FileObject, ULONG EventCode,
                         PTARGET_DEVICE_CUSTOM_NOTIFICATION Event)
{
    return STATUS_SUCCESS;
}

NTSTATUS NTAPI
FsRtlNotifyVolumeEvent(PFILE_OBJECT FileObject, ULONG EventCode)
{
    return FsRtlNotifyVolumeEventEx(FileObject, EventCode, NULL);
}

LOGICAL NTAPI
FsRtlIsPagingFile(PFILE_OBJECT FileObject)
{
    return FALSE; /* there is none */
}

PERESOURCE NTAPI
FsRtlAllocateResource(VOID)
{
    PERESOURCE Resource = FsRtlAllocatePoolWithTag(NonPagedPool, sizeof(*Resource), TAG_FSRTL);

    ExInitializeResourceLite(Resource);
    return Resource;
}

BOOLEAN NTAPI
FsRtlAreVolumeStartupApplicationsComplete(VOID)
{
    return TRUE;
}

NTSTATUS NTAPI
FsRtlBalanceReads(PDEVICE_OBJECT TargetDevice)
{
    return STATUS_INVALID_DEVICE_REQUEST; /* not a mirror */
}

NTSTATUS NTAPI
FsRtlLogCcFlushError(PUNICODE_STRING FileName, PDEVICE_OBJECT DeviceObject,
                     PSECTION_OBJECT_POINTERS SectionObjectPointer, NTSTATUS FlushError,
                     ULONG Flags)
{
    return STATUS_SUCCESS;
}

/* [ntifs] A wait that ends when the IRP is cancelled or the thread is told to end. */
NTSTATUS NTAPI
FsRtlCancellableWaitForMultipleObjects(ULONG Count, PVOID ObjectArray[], WAIT_TYPE WaitType,
                                       PLARGE_INTEGER Timeout, PKWAIT_BLOCK WaitBlockArray,
                                       PIRP Irp)
{
    NTSTATUS Status;

    if (Irp != NULL && Irp->Cancel) {
        return STATUS_CANCELLED;
    }
    Status = KeWaitForMultipleObjects(Count, ObjectArray, WaitType, UserRequest,
                                      ExGetPreviousMode(), FALSE, Timeout, WaitBlockArray);
    if (Status == STATUS_USER_APC) {
        return PsIsThreadTerminating(PsGetCurrentThread()) ? STATUS_THREAD_IS_TERMINATING
                                                           : STATUS_CANCELLED;
    }
    return Status;
}

NTSTATUS NTAPI
FsRtlCancellableWaitForSingleObject(PVOID Object, PLARGE_INTEGER Timeout, PIRP Irp)
{
    return FsRtlCancellableWaitForMultipleObjects(1, &Object, WaitAny, Timeout, NULL, Irp);
}

/* [ntifs: FsRtlValidateReparsePointBuffer] */
NTSTATUS NTAPI
FsRtlValidateReparsePointBuffer(ULONG BufferLength, PREPARSE_DATA_BUFFER ReparseBuffer)
{
    ULONG Header = FIELD_OFFSET(REPARSE_DATA_BUFFER, GenericReparseBuffer), Least, First, Second;

    if (BufferLength < Header || BufferLength > MAXIMUM_REPARSE_DATA_BUFFER_SIZE) {
        return STATUS_IO_REPARSE_DATA_INVALID;
    }
    if (!(ReparseBuffer->ReparseTag & 0x80000000u)) {
        Header += sizeof(GUID);
    }
    if (Header + ReparseBuffer->ReparseDataLength != BufferLength) {
        return STATUS_IO_REPARSE_DATA_INVALID;
    }
    if (ReparseBuffer->ReparseTag <= 1) {
        return STATUS_IO_REPARSE_TAG_INVALID;
    }
    if (ReparseBuffer->ReparseTag != IO_REPARSE_TAG_SYMLINK &&
        ReparseBuffer->ReparseTag != IO_REPARSE_TAG_MOUNT_POINT) {
        return STATUS_SUCCESS;
    }
    Least = ReparseBuffer->ReparseTag == IO_REPARSE_TAG_SYMLINK ? 12 : 8;
    if (ReparseBuffer->ReparseDataLength < Least) {
        return STATUS_IO_REPARSE_DATA_INVALID;
    }
    First = ReparseBuffer->SymbolicLinkReparseBuffer.SubstituteNameOffset +
            (ULONG)ReparseBuffer->SymbolicLinkReparseBuffer.SubstituteNameLength;
    Second = ReparseBuffer->SymbolicLinkReparseBuffer.PrintNameOffset +
             (ULONG)ReparseBuffer->SymbolicLinkReparseBuffer.PrintNameLength;
    return Least + max(First, Second) <= ReparseBuffer->ReparseDataLength
               ? STATUS_SUCCESS
               : STATUS_IO_REPARSE_DATA_INVALID;
}

typedef struct _FSRTLP_OVERFLOW {
    WORK_QUEUE_ITEM Item;
    PFSRTL_STACK_OVERFLOW_ROUTINE Routine;
    PVOID Context;
    PKEVENT Event;
} FSRTLP_OVERFLOW, *PFSRTLP_OVERFLOW;

static VOID NTAPI
FsRtlpOverflow(PVOID Context)
{
    FSRTLP_OVERFLOW Copy = *(PFSRTLP_OVERFLOW)Context;

    ExFreePoolWithTag(Context, TAG_FSRTL);
    Copy.Routine(Copy.Context, Copy.Event);
}

/* [ntifs] Little stack is left: a worker goes on with a whole one. */
VOID NTAPI
FsRtlPostStackOverflow(PVOID Context, PKEVENT Event,
                       PFSRTL_STACK_OVERFLOW_ROUTINE StackOverflowRoutine)
{
    PFSRTLP_OVERFLOW Item = FsRtlAllocatePoolWithTag(NonPagedPool, sizeof(*Item), TAG_FSRTL);

    Item->Routine = StackOverflowRoutine;
    Item->Context = Context;
    Item->Event = Event;
    ExInitializeWorkItem(&Item->Item, FsRtlpOverflow, Item);
    ExQueueWorkItem(&Item->Item, CriticalWorkQueue);
}

VOID NTAPI
FsRtlPostPagingFileStackOverflow(PVOID Context, PKEVENT Event,
                                 PFSRTL_STACK_OVERFLOW_ROUTINE StackOverflowRoutine)
{
    FsRtlPostStackOverflow(Context, Event, StackOverflowRoutine);
}
