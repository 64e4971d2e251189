/*
 * npqueue.c - the data of one direction of a pipe, and the requests that wait for it.
 *
 * A write first feeds the readers that wait, then lies in the queue. It completes at once while the queue's
 * unread bytes fit the pipe's quota; past it the request waits until readers have made room (Q3: unless its handle
 * is in nonblocking mode).
 * [K: "Named Pipe Type, Read, and Wait Modes", "CreateNamedPipe", "WriteFile"]
 *
 *   Q1  In message read mode one read takes from one message; what is left of it is the next read's, and
 *       the read says STATUS_BUFFER_OVERFLOW. In byte mode a read takes across messages.
 *   Q3  In nonblocking mode nothing is queued that does not fit whole. What waiting readers take is written, of bytes;
 *       of a message nothing.
 *   Q2  A message may be empty: its reader gets 0 bytes. [K: "ReadFile": zero bytes from a pipe mean that the other
 *       end called WriteFile with nothing] It never waits for room. On a pipe of bytes to write nothing does nothing.
 */
#include "nt/io/npfs.h"

static VOID NpWakeWriters(PNP_QUEUE Queue, ULONG Quota, PLIST_ENTRY Gathered);

PNP_WAIT
NpNewWait(ULONG Length)
{
    PNP_WAIT Wait = MsgNewWait(sizeof(*Wait) + Length, TAG_NPFS);

    Wait->Length = Length;
    return Wait;
}

/* What a cancelled write brought and nobody has read goes with it, and what waited behind it may go on. */
static VOID
NpWithdrawn(PMSG_WAIT Wait, PLIST_ENTRY Gathered)
{
    PNP_WAIT This = CONTAINING_RECORD(Wait, NP_WAIT, Wait);

    if (!This->Flush) {
        This->Queue->Bytes -= This->Length - This->Offset;
        This->Queue->Messages--;
    }
    NpWakeWriters(This->Queue, This->Quota, Gathered);
}

VOID
NpGatherList(PLIST_ENTRY List, NTSTATUS Status, PLIST_ENTRY Gathered)
{
    while (!IsListEmpty(List)) {
        PMSG_WAIT Wait = CONTAINING_RECORD(List->Flink, MSG_WAIT, Links);

        MsgEnd(Gathered, Wait, Status, 0);
    }
}

VOID
NpEmptyQueue(PNP_QUEUE Queue, NTSTATUS Status, PLIST_ENTRY Gathered)
{
    NpGatherList(&Queue->Writes, Status, Gathered);
    NpGatherList(&Queue->Readers, Status, Gathered);
    Queue->Bytes = Queue->Messages = 0;
}

VOID
NpReleaseWrites(PNP_QUEUE Queue, PLIST_ENTRY Gathered)
{
    PLIST_ENTRY Entry, Next;

    for (Entry = Queue->Writes.Flink; Entry != &Queue->Writes; Entry = Next) {
        PNP_WAIT Wait = CONTAINING_RECORD(Entry, NP_WAIT, Wait.Links);

        Next = Entry->Flink;
        if (Wait->Wait.Irp != NULL) {
            MsgGather(Gathered, &Wait->Wait, STATUS_SUCCESS, Wait->Flush ? 0 : Wait->Length);
        }
        if (Wait->Flush) {
            MsgLeaveList(&Wait->Wait);
        }
    }
}

NTSTATUS
NpReadState(PNP_FILE File)
{
    PNP_INSTANCE Instance = File->Instance;

    if (Instance == NULL || Instance->State == FILE_PIPE_DISCONNECTED_STATE) {
        return STATUS_PIPE_DISCONNECTED;
    }
    if (Instance->State == FILE_PIPE_LISTENING_STATE) {
        return STATUS_PIPE_LISTENING;
    }
    if (Instance->Pipe->Configuration ==
        (File->End == NpServer ? FILE_PIPE_OUTBOUND : FILE_PIPE_INBOUND)) {
        return STATUS_INVALID_PARAMETER;
    }
    if (Instance->State == FILE_PIPE_CLOSING_STATE && Instance->Queue[!File->End].Messages == 0) {
        return STATUS_PIPE_BROKEN;
    }
    return STATUS_SUCCESS;
}

NTSTATUS
NpWriteState(PNP_FILE File)
{
    PNP_INSTANCE Instance = File->Instance;

    if (Instance == NULL || Instance->State == FILE_PIPE_DISCONNECTED_STATE) {
        return STATUS_PIPE_DISCONNECTED;
    }
    if (Instance->State == FILE_PIPE_LISTENING_STATE) {
        return STATUS_PIPE_LISTENING;
    }
    if (Instance->Pipe->Configuration ==
        (File->End == NpServer ? FILE_PIPE_INBOUND : FILE_PIPE_OUTBOUND)) {
        return STATUS_INVALID_PARAMETER;
    }
    return Instance->State == FILE_PIPE_CLOSING_STATE ? STATUS_PIPE_CLOSING : STATUS_SUCCESS;
}

/* Room was made: writes that fit now complete, and flushes with nothing before them. */
static VOID
NpWakeWriters(PNP_QUEUE Queue, ULONG Quota, PLIST_ENTRY Gathered)
{
    PLIST_ENTRY Entry, Next;
    ULONG Sum = 0;
    BOOLEAN Before = FALSE;

    for (Entry = Queue->Writes.Flink; Entry != &Queue->Writes; Entry = Next) {
        PNP_WAIT Wait = CONTAINING_RECORD(Entry, NP_WAIT, Wait.Links);

        Next = Entry->Flink;
        if (Wait->Flush) {
            if (!Before) {
                MsgEnd(Gathered, &Wait->Wait, STATUS_SUCCESS, 0);
            }
            continue;
        }
        Before = TRUE;
        Sum += Wait->Length - Wait->Offset;
        if (Wait->Wait.Irp != NULL && Sum <= Quota) {
            MsgGather(Gathered, &Wait->Wait, STATUS_SUCCESS, Wait->Length);
        }
    }
}

/* Copies what a read by File's end would get, and takes it out of the queue if Take says so. */
ULONG
NpCopyOut(PNP_FILE File, PUCHAR Buffer, ULONG Length, PNTSTATUS Status, BOOLEAN Take,
          PLIST_ENTRY Gathered)
{
    PNP_INSTANCE Instance = File->Instance;
    PNP_QUEUE Queue = &Instance->Queue[!File->End];
    PLIST_ENTRY Entry, Next;
    ULONG Done = 0;

    *Status = STATUS_SUCCESS;
    for (Entry = Queue->Writes.Flink; Entry != &Queue->Writes; Entry = Next) {
        PNP_WAIT Wait = CONTAINING_RECORD(Entry, NP_WAIT, Wait.Links);
        ULONG Count = Wait->Length - Wait->Offset;

        Next = Entry->Flink;
        if (Wait->Flush) {
            continue;
        }
        if (Done == Length && (Count != 0 || Done != 0) &&
            File->ReadMode != FILE_PIPE_MESSAGE_MODE) {
            break;
        }
        if (Count > Length - Done) {
            Count = Length - Done;
        }
        RtlCopyMemory(Buffer + Done, Wait->Data + Wait->Offset, Count);
        Done += Count;
        if (Take) {
            Wait->Offset += Count;
            Queue->Bytes -= Count;
        }
        if (Count < Wait->Length - Wait->Offset + (Take ? Count : 0)) {
            if (File->ReadMode == FILE_PIPE_MESSAGE_MODE) { /* Q1 */
                *Status = STATUS_BUFFER_OVERFLOW;
            }
            break;
        }
        if (Take) {
            Queue->Messages--;
            MsgEnd(Gathered, &Wait->Wait, STATUS_SUCCESS, Wait->Length);
        }
        if (File->ReadMode == FILE_PIPE_MESSAGE_MODE || (Done == 0 && Count == 0)) { /* Q2 */
            break;
        }
    }
    if (Take) {
        NpWakeWriters(Queue, Instance->Pipe->Quota[!File->End], Gathered);
    }
    return Done;
}

NTSTATUS
NpRead(PNP_FILE File, PIRP Irp, ULONG Length, PULONG_PTR Information, PLIST_ENTRY Gathered)
{
    NTSTATUS Status = NpReadState(File);
    PNP_QUEUE Queue;
    PNP_WAIT Wait;

    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    Queue = &File->Instance->Queue[!File->End];
    if (Queue->Messages != 0) {
        *Information =
            NpCopyOut(File, Irp->AssociatedIrp.SystemBuffer, Length, &Status, TRUE, Gathered);
        return Status;
    }
    if (File->CompletionMode == FILE_PIPE_COMPLETE_OPERATION) {
        return STATUS_PIPE_EMPTY;
    }
    Wait = NpNewWait(0);
    Wait->Length = Length;
    return MsgWait(&Queue->Readers, &Wait->Wait, Irp, File->Message.Place, NULL);
}

/* Gives the readers what they wait for; returns how much of the message that was. */
static ULONG
NpFeedReaders(PNP_FILE File, PUCHAR Buffer, ULONG Length, PBOOLEAN Read, PLIST_ENTRY Gathered)
{
    PNP_INSTANCE Instance = File->Instance;
    PNP_QUEUE Queue = &Instance->Queue[File->End];
    PNP_FILE Other = Instance->File[!File->End];
    ULONG Done = 0;

    *Read = FALSE;
    while (!IsListEmpty(&Queue->Readers) && (Done < Length || !*Read)) {
        PNP_WAIT Wait = CONTAINING_RECORD(Queue->Readers.Flink, NP_WAIT, Wait.Links);
        ULONG Count = Length - Done < Wait->Length ? Length - Done : Wait->Length;
        NTSTATUS Status = STATUS_SUCCESS;

        if (Count != 0) {
            RtlCopyMemory(Wait->Wait.Irp->AssociatedIrp.SystemBuffer, Buffer + Done, Count);
        }
        Done += Count;
        *Read = TRUE;
        if (Done < Length && Other->ReadMode == FILE_PIPE_MESSAGE_MODE) {
            Status = STATUS_BUFFER_OVERFLOW; /* Q1 */
        }
        MsgEnd(Gathered, &Wait->Wait, Status, Count);
    }
    return Done;
}

/* Is there too little room for what the readers that wait would leave of a message? */
static BOOLEAN
NpWouldWait(PNP_QUEUE Queue, ULONG Length, ULONG Quota)
{
    ULONG Rest = Length;

    for (PLIST_ENTRY Entry = Queue->Readers.Flink; Entry != &Queue->Readers; Entry = Entry->Flink) {
        ULONG Takes = CONTAINING_RECORD(Entry, NP_WAIT, Wait.Links)->Length;

        Rest -= Takes < Rest ? Takes : Rest;
    }
    return Rest != 0 && Queue->Bytes + Rest > Quota;
}

static NTSTATUS
NpWaitInQueue(PNP_FILE File, PNP_WAIT Wait, PIRP Irp)
{
    Wait->Queue = &File->Instance->Queue[File->End];
    Wait->Quota = File->Instance->Pipe->Quota[File->End];
    Wait->Wait.Withdrawn = NpWithdrawn;
    return MsgWait(&Wait->Queue->Writes, &Wait->Wait, Irp, File->Message.Place, NULL);
}

NTSTATUS
NpWrite(PNP_FILE File, PIRP Irp, PVOID Buffer, ULONG Length, PULONG_PTR Information,
        PLIST_ENTRY Gathered)
{
    NTSTATUS Status = NpWriteState(File);
    ULONG Done, Quota, Rest;
    PNP_QUEUE Queue;
    PNP_WAIT Wait;
    BOOLEAN Read = FALSE;

    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    Queue = &File->Instance->Queue[File->End];
    Quota = File->Instance->Pipe->Quota[File->End];
    if (Irp != NULL && File->CompletionMode == FILE_PIPE_COMPLETE_OPERATION &&
        File->Instance->Pipe->Type == FILE_PIPE_MESSAGE_TYPE && NpWouldWait(Queue, Length, Quota)) {
        *Information = 0;
        return STATUS_SUCCESS; /* Q3 */
    }
    Done = Length != 0 || File->Instance->Pipe->Type == FILE_PIPE_MESSAGE_TYPE
               ? NpFeedReaders(File, Buffer, Length, &Read, Gathered)
               : 0;
    *Information = Length;
    if (Done == Length && (Length != 0 || Read)) {
        return STATUS_SUCCESS;
    }
    if (Length == 0 && File->Instance->Pipe->Type != FILE_PIPE_MESSAGE_TYPE) {
        return STATUS_SUCCESS; /* Q2 */
    }
    Rest = Length - Done;
    if (Irp != NULL && Queue->Bytes + Rest > Quota &&
        File->CompletionMode == FILE_PIPE_COMPLETE_OPERATION) {
        *Information = Done;
        return STATUS_SUCCESS; /* Q3 */
    }
    Wait = NpNewWait(Rest);
    if (Rest != 0) {
        RtlCopyMemory(Wait->Data, (PUCHAR)Buffer + Done, Rest);
    }
    if (Irp == NULL || Rest == 0 || Queue->Bytes + Rest <= Quota ||
        File->CompletionMode == FILE_PIPE_COMPLETE_OPERATION) {
        InsertTailList(&Queue->Writes, &Wait->Wait.Links);
        Status = STATUS_SUCCESS;
    } else {
        /* A write that waits reports its whole length: the part that readers took at once counts as read. */
        Status = NpWaitInQueue(File, Wait, Irp);
    }
    if (Status != STATUS_CANCELLED) {
        Queue->Bytes += Rest;
        Queue->Messages++;
    }
    return Status;
}

/* [K: "FlushFileBuffers"] returns when the other end has read everything; an end that is gone reads no more. */
NTSTATUS
NpFlush(PNP_FILE File, PIRP Irp)
{
    PNP_QUEUE Queue;
    PNP_WAIT Wait;

    if (File->Instance == NULL) {
        return STATUS_PIPE_DISCONNECTED; /* the server's end, disconnected, has nothing that waits */
    }
    Queue = &File->Instance->Queue[File->End];
    if (Queue->Messages == 0) {
        return STATUS_SUCCESS;
    }
    Wait = NpNewWait(0);
    Wait->Flush = TRUE;
    return NpWaitInQueue(File, Wait, Irp);
}
