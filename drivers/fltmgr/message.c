/*
 * message.c - messages through a connection, in both directions.
 *
 * To the filter (FilterSendMessage): its callback runs in the program's thread, with the program's own addresses,
 * probed but not captured. To the program (FltSendMessage): the message waits until a FilterGetMessage fetches it,
 * and if a reply is wanted until FilterReplyMessage brings it. [DDI: FltSendMessage, PFLT_MESSAGE_NOTIFY;
 * LEARN: FilterGetMessage, FilterReplyMessage; nt-semantics-2 1.11]
 *
 *   S1  A message is on its sender's stack, on the list under Lock until the sender takes it off.
 *   S2  A request that waits for a message has its buffer locked: it is filled from any context.
 */
#include "port.h"

static VOID NTAPI
FltpCsqInsert(PIO_CSQ Csq, PIRP Irp)
{
    InsertTailList(&CONTAINING_RECORD(Csq, FLTP_CONNECTION, Csq)->Getters,
                   &Irp->Tail.Overlay.ListEntry);
}

static VOID NTAPI
FltpCsqRemove(PIO_CSQ Csq, PIRP Irp)
{
    RemoveEntryList(&Irp->Tail.Overlay.ListEntry);
}

static PIRP NTAPI
FltpCsqPeek(PIO_CSQ Csq, PIRP Irp, PVOID PeekContext)
{
    PFLTP_CONNECTION Connection = CONTAINING_RECORD(Csq, FLTP_CONNECTION, Csq);
    PLIST_ENTRY Entry = Irp != NULL ? Irp->Tail.Overlay.ListEntry.Flink : Connection->Getters.Flink;

    return Entry != &Connection->Getters ? CONTAINING_RECORD(Entry, IRP, Tail.Overlay.ListEntry)
                                         : NULL;
}

static VOID NTAPI
FltpCsqAcquire(PIO_CSQ Csq, PKIRQL Irql)
{
    KeAcquireSpinLock(&CONTAINING_RECORD(Csq, FLTP_CONNECTION, Csq)->CsqLock, Irql);
}

static VOID NTAPI
FltpCsqRelease(PIO_CSQ Csq, KIRQL Irql)
{
    KeReleaseSpinLock(&CONTAINING_RECORD(Csq, FLTP_CONNECTION, Csq)->CsqLock, Irql);
}

static VOID NTAPI
FltpCsqCancelled(PIO_CSQ Csq, PIRP Irp)
{
    FltpComplete(Irp, STATUS_CANCELLED, 0);
}

VOID
FltpInitializeConnection(PFLTP_CONNECTION Connection)
{
    Connection->Header.Type = FLTP_PORT_TYPE;
    KeInitializeSpinLock(&Connection->Lock);
    KeInitializeSpinLock(&Connection->CsqLock);
    InitializeListHead(&Connection->Messages);
    InitializeListHead(&Connection->Getters);
    IoCsqInitialize(&Connection->Csq, FltpCsqInsert, FltpCsqRemove, FltpCsqPeek, FltpCsqAcquire,
                    FltpCsqRelease, FltpCsqCancelled);
}

/* Waiting messages to waiting requests. */
static VOID
FltpDeliver(PFLTP_CONNECTION Connection)
{
    for (;;) {
        PFLTP_MESSAGE Message = NULL;
        NTSTATUS Status = STATUS_SUCCESS;
        PFILTER_MESSAGE_HEADER Header;
        ULONG_PTR Information = 0;
        KIRQL OldIrql;
        ULONG Room;
        PIRP Irp;

        if (IsListEmpty(&Connection->Messages)) {
            return;
        }
        Irp = IoCsqRemoveNextIrp(&Connection->Csq, NULL);
        if (Irp == NULL) {
            return;
        }
        Room = IoGetCurrentIrpStackLocation(Irp)->Parameters.DeviceIoControl.OutputBufferLength;
        Header = MmGetSystemAddressForMdlSafe(Irp->MdlAddress, NormalPagePriority);
        KeAcquireSpinLock(&Connection->Lock, &OldIrql);
        for (PLIST_ENTRY Entry = Connection->Messages.Flink;
             Entry != &Connection->Messages && Message == NULL; Entry = Entry->Flink) {
            PFLTP_MESSAGE One = CONTAINING_RECORD(Entry, FLTP_MESSAGE, Links);

            Message = One->Fetched ? NULL : One;
        }
        if (Message != NULL) {
            if (Room < sizeof(*Header) + Message->Length) {
                Status = STATUS_BUFFER_TOO_SMALL; /* the message stays */
            } else {
                Header->ReplyLength =
                    Message->Reply != NULL ? Message->ReplyRoom + sizeof(FILTER_REPLY_HEADER) : 0;
                Header->MessageId = Message->Id;
                RtlCopyMemory(Header + 1, Message->Data, Message->Length);
                Information = sizeof(*Header) + Message->Length;
                Message->Fetched = TRUE;
                if (Message->Reply == NULL) {
                    KeSetEvent(&Message->Done, IO_NO_INCREMENT, FALSE);
                }
            }
        }
        KeReleaseSpinLock(&Connection->Lock, OldIrql);
        if (Message == NULL) { /* none is left: the request goes on waiting */
            IoCsqInsertIrp(&Connection->Csq, Irp, NULL);
            return;
        }
        FltpComplete(Irp, Status, Information);
    }
}

static NTSTATUS
FltpGetMessage(PFLTP_CONNECTION Connection, PIRP Irp, PIO_STACK_LOCATION Stack)
{
    ULONG Length = Stack->Parameters.DeviceIoControl.OutputBufferLength;
    NTSTATUS Status = STATUS_SUCCESS;

    if (Length < sizeof(FILTER_MESSAGE_HEADER)) {
        return FltpComplete(Irp, STATUS_INVALID_PARAMETER, 0);
    }
    if (IoAllocateMdl(Irp->UserBuffer, Length, FALSE, FALSE, Irp) == NULL) {
        return FltpComplete(Irp, STATUS_INSUFFICIENT_RESOURCES, 0);
    }
    __try {
        MmProbeAndLockPages(Irp->MdlAddress, Irp->RequestorMode, IoWriteAccess); /* S2 */
    } __except (EXCEPTION_EXECUTE_HANDLER) {
        Status = GetExceptionCode();
    }
    if (!NT_SUCCESS(Status)) {
        IoFreeMdl(Irp->MdlAddress);
        Irp->MdlAddress = NULL;
        return FltpComplete(Irp, Status, 0);
    }
    if (Connection->Cut) {
        return FltpComplete(Irp, STATUS_PORT_DISCONNECTED, 0);
    }
    IoMarkIrpPending(Irp);
    InterlockedIncrement(&Connection->References);
    IoCsqInsertIrp(&Connection->Csq, Irp, NULL);
    FltpDeliver(Connection);
    FltpDereferenceConnection(Connection);
    return STATUS_PENDING;
}

static NTSTATUS
FltpReply(PFLTP_CONNECTION Connection, PIRP Irp, PIO_STACK_LOCATION Stack)
{
    ULONG Length = Stack->Parameters.DeviceIoControl.InputBufferLength;
    PFILTER_REPLY_HEADER Reply;
    NTSTATUS Status = STATUS_FLT_NO_WAITER_FOR_REPLY;
    KIRQL OldIrql;

    if (Length < sizeof(*Reply)) {
        return STATUS_INVALID_PARAMETER;
    }
    Reply = ExAllocatePoolWithTag(NonPagedPool, Length, FLTP_TAG_PORT);
    if (Reply == NULL) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    __try {
        if (Irp->RequestorMode != KernelMode) {
            ProbeForRead(Stack->Parameters.DeviceIoControl.Type3InputBuffer, Length, 1);
        }
        RtlCopyMemory(Reply, Stack->Parameters.DeviceIoControl.Type3InputBuffer, Length);
    } __except (EXCEPTION_EXECUTE_HANDLER) {
        ExFreePoolWithTag(Reply, FLTP_TAG_PORT);
        return GetExceptionCode();
    }
    Length -= sizeof(*Reply);
    KeAcquireSpinLock(&Connection->Lock, &OldIrql);
    for (PLIST_ENTRY Entry = Connection->Messages.Flink; Entry != &Connection->Messages;
         Entry = Entry->Flink) {
        PFLTP_MESSAGE Message = CONTAINING_RECORD(Entry, FLTP_MESSAGE, Links);

        if (Message->Fetched && Message->Reply != NULL && Message->Id == Reply->MessageId &&
            Message->Status == STATUS_PENDING) {
            Message->ReplyLength = min(Length, Message->ReplyRoom);
            RtlCopyMemory(Message->Reply, Reply + 1, Message->ReplyLength);
            Message->Status = !NT_SUCCESS(Reply->Status)    ? Reply->Status
                              : Length > Message->ReplyRoom ? STATUS_BUFFER_OVERFLOW
                                                            : STATUS_SUCCESS;
            KeSetEvent(&Message->Done, IO_NO_INCREMENT, FALSE);
            Status = STATUS_SUCCESS;
            break;
        }
    }
    KeReleaseSpinLock(&Connection->Lock, OldIrql);
    ExFreePoolWithTag(Reply, FLTP_TAG_PORT);
    return Status;
}

/* To the filter, in the program's thread. */
static NTSTATUS
FltpSendToFilter(PFLTP_CONNECTION Connection, PIRP Irp, PIO_STACK_LOCATION Stack, PULONG Returned)
{
    ULONG InLength = Stack->Parameters.DeviceIoControl.InputBufferLength;
    ULONG OutLength = Stack->Parameters.DeviceIoControl.OutputBufferLength;
    PVOID In = Stack->Parameters.DeviceIoControl.Type3InputBuffer, Out = Irp->UserBuffer;
    PFLT_FILTER Filter = Connection->Server->Filter;
    NTSTATUS Status = STATUS_SUCCESS;

    if (Connection->Server->Message == NULL) {
        return STATUS_INVALID_DEVICE_REQUEST;
    }
    if (Irp->RequestorMode != KernelMode) {
        __try {
            if (InLength != 0) {
                ProbeForRead(In, InLength, 1);
            }
            if (OutLength != 0) {
                ProbeForWrite(Out, OutLength, 1);
            }
        } __except (EXCEPTION_EXECUTE_HANDLER) {
            Status = GetExceptionCode();
        }
        if (!NT_SUCCESS(Status)) {
            return Status;
        }
    }
    if (!ExAcquireRundownProtection(&Filter->Header.Rundown)) {
        return STATUS_PORT_DISCONNECTED;
    }
    Status = Connection->Server->Message(Connection->Cookie, InLength != 0 ? In : NULL, InLength,
                                         OutLength != 0 ? Out : NULL, OutLength, Returned);
    ExReleaseRundownProtection(&Filter->Header.Rundown);
    return Status;
}

NTSTATUS
FltpMessageControl(PFLTP_CONNECTION Connection, PIRP Irp, PIO_STACK_LOCATION Stack)
{
    ULONG Returned = 0;
    NTSTATUS Status;

    if (Connection == NULL) {
        return FltpComplete(Irp, STATUS_INVALID_DEVICE_REQUEST, 0);
    }
    switch (Stack->Parameters.DeviceIoControl.IoControlCode) {
    case IOCTL_FLT_GET_MESSAGE:
        return FltpGetMessage(Connection, Irp, Stack);
    case IOCTL_FLT_REPLY_MESSAGE:
        Status = FltpReply(Connection, Irp, Stack);
        break;
    case IOCTL_FLT_SEND_MESSAGE:
        Status = Connection->Cut || Connection->Disconnected
                     ? STATUS_PORT_DISCONNECTED
                     : FltpSendToFilter(Connection, Irp, Stack, &Returned);
        break;
    default:
        Status = STATUS_INVALID_DEVICE_REQUEST;
        break;
    }
    return FltpComplete(Irp, Status, Returned);
}

NTSTATUS FLTAPI
FltSendMessage(PFLT_FILTER Filter, PFLT_PORT *ClientPort, PVOID SenderBuffer,
               ULONG SenderBufferLength, PVOID ReplyBuffer, PULONG ReplyLength,
               PLARGE_INTEGER Timeout)
{
    FLTP_MESSAGE Message = {.Status = STATUS_PENDING};
    PFLTP_CONNECTION Connection;
    NTSTATUS Status;
    KIRQL OldIrql;

    FltpAcquireShared(&FltpPortLock);
    Connection = (PFLTP_CONNECTION)*ClientPort;
    if (Connection != NULL) {
        InterlockedIncrement(&Connection->References);
    }
    FltpRelease(&FltpPortLock);
    if (Connection == NULL) {
        return STATUS_PORT_DISCONNECTED;
    }
    Message.Data = ExAllocatePoolWithTag(NonPagedPool, SenderBufferLength + 1, FLTP_TAG_PORT);
    Message.ReplyRoom = ReplyBuffer != NULL && ReplyLength != NULL ? *ReplyLength : 0;
    Message.Reply = ReplyBuffer != NULL
                        ? ExAllocatePoolWithTag(NonPagedPool, Message.ReplyRoom + 1, FLTP_TAG_PORT)
                        : NULL;
    if (Message.Data == NULL || (ReplyBuffer != NULL && Message.Reply == NULL)) {
        Status = STATUS_INSUFFICIENT_RESOURCES;
        goto Free;
    }
    RtlCopyMemory(Message.Data, SenderBuffer, SenderBufferLength);
    Message.Length = SenderBufferLength;
    KeInitializeEvent(&Message.Done, NotificationEvent, FALSE);
    KeAcquireSpinLock(&Connection->Lock, &OldIrql);
    Message.Id = ++FltpMessageId;
    Status = Connection->Cut ? STATUS_PORT_DISCONNECTED : STATUS_SUCCESS;
    if (NT_SUCCESS(Status)) {
        InsertTailList(&Connection->Messages, &Message.Links); /* S1 */
    }
    KeReleaseSpinLock(&Connection->Lock, OldIrql);
    if (!NT_SUCCESS(Status)) {
        goto Free;
    }
    FltpDeliver(Connection);
    Status = KeWaitForSingleObject(&Message.Done, UserRequest,
                                   PsIsSystemThread(PsGetCurrentThread()) ? KernelMode : UserMode,
                                   FALSE, Timeout);
    KeAcquireSpinLock(&Connection->Lock, &OldIrql);
    RemoveEntryList(&Message.Links);
    if (Status == STATUS_USER_APC || Status == STATUS_ALERTED) {
        Status = STATUS_THREAD_IS_TERMINATING;
    } else if (Status == STATUS_SUCCESS) {
        Status = Message.Status == STATUS_PENDING ? STATUS_SUCCESS : Message.Status;
    }
    KeReleaseSpinLock(&Connection->Lock, OldIrql);
    if (ReplyBuffer != NULL && ReplyLength != NULL && Status != STATUS_TIMEOUT) {
        RtlCopyMemory(ReplyBuffer, Message.Reply, Message.ReplyLength);
        *ReplyLength = Message.ReplyLength;
    }

Free:
    if (Message.Data != NULL) {
        ExFreePoolWithTag(Message.Data, FLTP_TAG_PORT);
    }
    if (Message.Reply != NULL) {
        ExFreePoolWithTag(Message.Reply, FLTP_TAG_PORT);
    }
    FltpDereferenceConnection(Connection);
    return Status;
}
