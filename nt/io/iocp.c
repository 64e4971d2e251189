/*
 * iocp.c - completion ports: a KQUEUE of packets under an object.
 *
 * A packet is an IRP that is done (its list entry in Tail.Overlay, freed by the remover) or a block that
 * NtSetIoCompletion made. [Win32: GetQueuedCompletionStatus; WDK: completion ports by IRP]
 *
 *   O1  An IRP that waits in a port keeps the fields the remover reads: key in Tail.CompletionKey, context,
 *       status and information where completion left them.
 *   O2  Deleting the port frees the packets that nobody took.
 */
#include "nt/io/iop.h"
#include "nt/inc/life.h"

#define IO_COMPLETION_QUERY_STATE  0x0001
#define IO_COMPLETION_MODIFY_STATE 0x0002
#define IOP_PACKET_IRP             0
#define IOP_PACKET_MINI            1

typedef struct _IOP_PACKET {
    LIST_ENTRY Links;
    ULONG PacketType; /* where CurrentStackLocation is in an IRP */
    PVOID Key;
    PVOID ApcContext;
    NTSTATUS Status;
    ULONG_PTR Information;
} IOP_PACKET, *PIOP_PACKET;

typedef struct _IOP_COMPLETION_INFORMATION {
    PVOID Key;
    PVOID ApcContext;
    IO_STATUS_BLOCK Iosb;
} IOP_COMPLETION_INFORMATION, *PIOP_COMPLETION_INFORMATION;

C_ASSERT(FIELD_OFFSET(IRP, Tail.Overlay.PacketType) - FIELD_OFFSET(IRP, Tail.Overlay.ListEntry) ==
         FIELD_OFFSET(IOP_PACKET, PacketType));

VOID
IopDeleteCompletion(PVOID Object)
{
    PLIST_ENTRY First = KeRundownQueue(Object), Entry, Next;

    if (First == NULL) {
        return;
    }
    Entry = First;
    do { /* O2 */
        PIOP_PACKET Packet = CONTAINING_RECORD(Entry, IOP_PACKET, Links);

        Next = Entry->Flink;
        if (Packet->PacketType == IOP_PACKET_IRP) {
            IoFreeIrp(CONTAINING_RECORD(Entry, IRP, Tail.Overlay.ListEntry));
        } else {
            ExFreePoolWithTag(Packet, TAG_IOFILE);
        }
        Entry = Next;
    } while (Entry != First);
}

NTSTATUS
IopSetFileCompletion(PFILE_OBJECT FileObject, HANDLE Port, PVOID Key, KPROCESSOR_MODE Mode)
{
    PIO_COMPLETION_CONTEXT Context;
    NTSTATUS Status;
    PVOID Queue;

    Status = ObReferenceObjectByHandle(Port, IO_COMPLETION_MODIFY_STATE, IoCompletionTypeP, Mode,
                                       &Queue, NULL);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    Context = ExAllocatePoolWithTag(NonPagedPool, sizeof(*Context), TAG_IOFILE);
    if (Context == NULL) {
        ObDereferenceObject(Queue);
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    Context->Port = Queue;
    Context->Key = Key;
    KiChanges(&FileObject->CompletionContext);
    if (FileObject->CompletionContext != NULL) {
        ExFreePoolWithTag(Context, TAG_IOFILE);
        ObDereferenceObject(Queue);
        return STATUS_INVALID_PARAMETER;
    }
    FileObject->CompletionContext = Context;
    return STATUS_SUCCESS;
}

/* O1 */
VOID
IopPostIrp(PKQUEUE Port, PVOID Key, PIRP Irp)
{
    Irp->Tail.CompletionKey = Key;
    Irp->Tail.Overlay.CurrentStackLocation = NULL;
    Irp->Tail.Overlay.PacketType = IOP_PACKET_IRP;
    KeInsertQueue(Port, &Irp->Tail.Overlay.ListEntry);
}

NTSTATUS NTAPI
IoSetIoCompletion(PVOID Port, PVOID Key, PVOID ApcContext, NTSTATUS Status, ULONG_PTR Information,
                  BOOLEAN Quota)
{
    PIOP_PACKET Packet = ExAllocatePoolWithTag(NonPagedPool, sizeof(*Packet), TAG_IOFILE);

    if (Packet == NULL) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    Packet->PacketType = IOP_PACKET_MINI;
    Packet->Key = Key;
    Packet->ApcContext = ApcContext;
    Packet->Status = Status;
    Packet->Information = Information;
    KeInsertQueue(Port, &Packet->Links);
    return STATUS_SUCCESS;
}

/* What a packet says; the packet is gone afterwards. */
static VOID
IopReadPacket(PLIST_ENTRY Entry, PIOP_COMPLETION_INFORMATION Information)
{
    PIOP_PACKET Packet = CONTAINING_RECORD(Entry, IOP_PACKET, Links);

    if (Packet->PacketType == IOP_PACKET_IRP) {
        PIRP Irp = CONTAINING_RECORD(Entry, IRP, Tail.Overlay.ListEntry);

        Information->Key = Irp->Tail.CompletionKey;
        Information->ApcContext = Irp->Overlay.AsynchronousParameters.UserApcContext;
        Information->Iosb = Irp->IoStatus;
        IoFreeIrp(Irp);
    } else {
        Information->Key = Packet->Key;
        Information->ApcContext = Packet->ApcContext;
        Information->Iosb.Pointer = NULL;
        Information->Iosb.Status = Packet->Status;
        Information->Iosb.Information = Packet->Information;
        ExFreePoolWithTag(Packet, TAG_IOFILE);
    }
}

NTSTATUS NTAPI
NtCreateIoCompletion(PHANDLE IoCompletionHandle, ACCESS_MASK DesiredAccess,
                     POBJECT_ATTRIBUTES ObjectAttributes, ULONG Count)
{
    KPROCESSOR_MODE Mode = KiPreviousMode();
    NTSTATUS Status;
    PVOID Queue;

    Status = ExpProbe(IoCompletionHandle, sizeof(HANDLE), sizeof(ULONG), TRUE, Mode);
    if (NT_SUCCESS(Status)) {
        Status = ObCreateObject(Mode, IoCompletionTypeP, ObjectAttributes, Mode, NULL,
                                sizeof(KQUEUE), 0, 0, &Queue);
    }
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    KeInitializeQueue(Queue, Count);
    return ObpInsertFor(Queue, DesiredAccess, IoCompletionHandle, Mode);
}

NTSTATUS NTAPI
NtOpenIoCompletion(PHANDLE IoCompletionHandle, ACCESS_MASK DesiredAccess,
                   POBJECT_ATTRIBUTES ObjectAttributes)
{
    return ObpOpenService(IoCompletionHandle, DesiredAccess, ObjectAttributes, IoCompletionTypeP);
}

NTSTATUS NTAPI
NtSetIoCompletion(HANDLE IoCompletionHandle, PVOID KeyContext, PVOID ApcContext, NTSTATUS IoStatus,
                  ULONG_PTR IoStatusInformation)
{
    NTSTATUS Status;
    PVOID Queue;

    Status = ObReferenceObjectByHandle(IoCompletionHandle, IO_COMPLETION_MODIFY_STATE,
                                       IoCompletionTypeP, KiPreviousMode(), &Queue, NULL);
    if (NT_SUCCESS(Status)) {
        Status =
            IoSetIoCompletion(Queue, KeyContext, ApcContext, IoStatus, IoStatusInformation, TRUE);
        ObDereferenceObject(Queue);
    }
    return Status;
}

/* Waits for the first packet and takes up to Count of them. */
static NTSTATUS
IopRemove(HANDLE Handle, PIOP_COMPLETION_INFORMATION Information, ULONG Count, PULONG Removed,
          PLARGE_INTEGER Timeout, BOOLEAN Alertable)
{
    KPROCESSOR_MODE Mode = KiPreviousMode();
    IOP_COMPLETION_INFORMATION One;
    LARGE_INTEGER Zero = {};
    ULONG_PTR Entry;
    NTSTATUS Status;
    ULONG i = 0;
    PVOID Queue;

    Status = ObReferenceObjectByHandle(Handle, IO_COMPLETION_MODIFY_STATE, IoCompletionTypeP, Mode,
                                       &Queue, NULL);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    while (i < Count) {
        PLIST_ENTRY Packet = NULL;

        if (Alertable && i == 0) {
            ULONG Taken = KeRemoveQueueEx(Queue, Mode, TRUE, Timeout, &Packet, 1);

            Entry = Taken == 1 ? (ULONG_PTR)Packet : Taken;
        } else {
            Entry = (ULONG_PTR)KeRemoveQueue(Queue, Mode, i == 0 ? Timeout : &Zero);
        }
        if (Entry == STATUS_TIMEOUT || Entry == STATUS_USER_APC || Entry == STATUS_ALERTED ||
            Entry == STATUS_ABANDONED_WAIT_0) {
            Status = i == 0 ? (NTSTATUS)Entry : STATUS_SUCCESS;
            break;
        }
        IopReadPacket((PLIST_ENTRY)Entry, &One);
        __try {
            Information[i] = One;
        } __except (EXCEPTION_EXECUTE_HANDLER) {
            Status = GetExceptionCode();
            break;
        }
        i++;
    }
    *Removed = i;
    ObDereferenceObject(Queue);
    return Status;
}

NTSTATUS NTAPI
NtRemoveIoCompletion(HANDLE IoCompletionHandle, PVOID *KeyContext, PVOID *ApcContext,
                     PIO_STATUS_BLOCK IoStatusBlock, PLARGE_INTEGER Timeout)
{
    KPROCESSOR_MODE Mode = KiPreviousMode();
    IOP_COMPLETION_INFORMATION Information;
    LARGE_INTEGER Local;
    NTSTATUS Status;
    ULONG Removed;

    Status = ExpProbe(KeyContext, sizeof(PVOID), sizeof(ULONG), TRUE, Mode);
    if (NT_SUCCESS(Status)) {
        Status = ExpProbe(ApcContext, sizeof(PVOID), sizeof(ULONG), TRUE, Mode);
    }
    if (NT_SUCCESS(Status)) {
        Status = IopProbeIosb(IoStatusBlock, Mode);
    }
    if (NT_SUCCESS(Status)) {
        Status = IopCaptureLarge(Timeout, Mode, &Local);
    }
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    Status = IopRemove(IoCompletionHandle, &Information, 1, &Removed,
                       Timeout != NULL ? &Local : NULL, FALSE);
    if (Status == STATUS_SUCCESS) {
        __try {
            *KeyContext = Information.Key;
            *ApcContext = Information.ApcContext;
            *IoStatusBlock = Information.Iosb;
        } __except (EXCEPTION_EXECUTE_HANDLER) {
            Status = GetExceptionCode();
        }
    }
    return Status;
}

NTSTATUS NTAPI
NtRemoveIoCompletionEx(HANDLE IoCompletionHandle, PVOID IoCompletionInformation, ULONG Count,
                       PULONG NumEntriesRemoved, PLARGE_INTEGER Timeout, BOOLEAN Alertable)
{
    KPROCESSOR_MODE Mode = KiPreviousMode();
    LARGE_INTEGER Local;
    NTSTATUS Status;
    ULONG Removed = 0;

    if (Count == 0 || Count > 0x1000000) {
        return STATUS_INVALID_PARAMETER;
    }
    Status = ExpProbe(IoCompletionInformation, Count * sizeof(IOP_COMPLETION_INFORMATION),
                      sizeof(PVOID), TRUE, Mode);
    if (NT_SUCCESS(Status)) {
        Status = ExpProbe(NumEntriesRemoved, sizeof(ULONG), sizeof(ULONG), TRUE, Mode);
    }
    if (NT_SUCCESS(Status)) {
        Status = IopCaptureLarge(Timeout, Mode, &Local);
    }
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    Status = IopRemove(IoCompletionHandle, IoCompletionInformation, Count, &Removed,
                       Timeout != NULL ? &Local : NULL, Alertable);
    __try {
        /* nothing came: the one that was waited for, as public conformance programs have it */
        *NumEntriesRemoved = Status == STATUS_SUCCESS ? Removed : 1;
    } __except (EXCEPTION_EXECUTE_HANDLER) {
        Status = GetExceptionCode();
    }
    return Status;
}

NTSTATUS NTAPI
NtQueryIoCompletion(HANDLE IoCompletionHandle, ULONG InformationClass, PVOID Buffer, ULONG Length,
                    PULONG ReturnLength)
{
    KPROCESSOR_MODE Mode = KiPreviousMode();
    NTSTATUS Status;
    PVOID Queue;

    if (InformationClass != 0) {
        return STATUS_INVALID_INFO_CLASS;
    }
    if (Length != sizeof(LONG)) {
        return STATUS_INFO_LENGTH_MISMATCH;
    }
    Status = ExpProbe(Buffer, Length, sizeof(ULONG), TRUE, Mode);
    if (NT_SUCCESS(Status) && ReturnLength != NULL) {
        Status = ExpProbe(ReturnLength, sizeof(ULONG), sizeof(ULONG), TRUE, Mode);
    }
    if (NT_SUCCESS(Status)) {
        Status = ObReferenceObjectByHandle(IoCompletionHandle, IO_COMPLETION_QUERY_STATE,
                                           IoCompletionTypeP, Mode, &Queue, NULL);
    }
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    __try {
        *(PLONG)Buffer = KeReadStateQueue(Queue);
        if (ReturnLength != NULL) {
            *ReturnLength = sizeof(LONG);
        }
    } __except (EXCEPTION_EXECUTE_HANDLER) {
        Status = GetExceptionCode();
    }
    ObDereferenceObject(Queue);
    return Status;
}
