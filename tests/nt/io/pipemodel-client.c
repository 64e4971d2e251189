/*
 * pipemodel-client.c - pipes against a model: thousands of reads, writes, peeks, flushes and cancellations at both ends, waiting and not, of bytes and of
 * messages, each with the status, the count and the bytes that two queues of messages give; what an end says of itself meanwhile; and every
 * parameter of NtCreateNamedPipeFile and every state of an end for every request.
 * [K: "CreateNamedPipe", "ReadFile", "WriteFile", "PeekNamedPipe", "FlushFileBuffers", "DisconnectNamedPipe", "CancelIoEx"],
 * [LEARN:ipc/named-pipe-type-read-and-wait-modes], [DDI:ntifs/_file_pipe_local_information], [DDI:ntifs/_file_pipe_information],
 * [LEARN:devnotes/nt-create-named-pipe-file].
 */
#include "../ntlab-client.h"
#include "pipes.h"

#define SEED 4711
#include "../draw.h"

NTSTATUS NTAPI NtFlushBuffersFile(HANDLE, PIO_STATUS_BLOCK);

#define PENDING       0x103
#define OVERFLOW_     0x80000005
#define EMPTY         0xC00000D9
#define CANCELLED     0xC0000120
#define BROKEN        0xC000014B
#define DISCONNECTED  0xC00000B0
#define LISTENING     0xC00000B3
#define CLOSING       0xC00000B1
#define BAD_STATE     0xC00000AD
#define BAD_PARAMETER 0xC000000D
#define ILLEGAL       0xC00000AF
#define UNTOUCHED     0x12345678

#define LISTEN     0x110008
#define DISCONNECT 0x110004
#define PEEK       0x11400C
#define SLOTS      48
#define MOST       40

static IO_STATUS_BLOCK Iosb;

#define PATH L"\\??\\pipe\\ntlab-model"

static ULONG
Make(HANDLE *End, ULONG Disposition, ULONG Share, ULONG Type, ULONG ReadMode, ULONG Completion,
     ULONG Instances, ULONG Quota, BOOL Timeout)
{
    LARGE_INTEGER Default = {.QuadPart = -500000};

    *End = NULL;
    Iosb.Information = 0x77;
    return (ULONG)NtCreateNamedPipeFile(End, GENERIC_READ | GENERIC_WRITE | SYNCHRONIZE, At(PATH),
                                        &Iosb, Share, Disposition, 0, Type, ReadMode, Completion,
                                        Instances, Quota, Quota + 8, Timeout ? &Default : NULL);
}

static ULONG
Open(HANDLE *End, ULONG Access)
{
    *End = NULL;
    return (ULONG)NtCreateFile(End, Access | SYNCHRONIZE, At(PATH), &Iosb, NULL, 0, 3, FILE_OPEN, 0,
                               NULL, 0);
}

static ULONG
Mode(HANDLE End, ULONG ReadMode, ULONG Completion)
{
    ULONG Value[2] = {ReadMode, Completion};

    return (ULONG)NtSetInformationFile(End, &Iosb, Value, 8, 23);
}

/* ---- the model: of each direction what was written and not read, and who waits to read ---- */

typedef struct {
    BYTE Data[MOST];
    ULONG Length, Offset, Slot; /* SLOTS: it does not wait */
    BOOL Flush;
} WRITE;

typedef struct {
    WRITE Writes[SLOTS];
    ULONG WriteCount, Readers[SLOTS], ReaderCount, Quota;
} QUEUE;

typedef struct {
    IO_STATUS_BLOCK Iosb;
    BYTE Data[MOST], Wanted[MOST];
    ULONG Length, WantStatus, WantCount, End;
    BOOL Used, Done, Reads;
} SLOT;

static QUEUE Queues[2]; /* by the end that writes */
static SLOT Slots[SLOTS];
static HANDLE Ends[2];
static ULONG Messages[2]; /* read mode of an end */
static ULONG Type, Next, Bad[8], Tried[8];

static ULONG
BytesOf(QUEUE *Queue)
{
    ULONG Sum = 0;

    for (ULONG i = 0; i < Queue->WriteCount; i++) {
        Sum += Queue->Writes[i].Length - Queue->Writes[i].Offset;
    }
    return Sum;
}

static void
End(ULONG Slot, ULONG Status, ULONG Count)
{
    if (Slot != SLOTS) {
        Slots[Slot].Done = TRUE;
        Slots[Slot].WantStatus = Status;
        Slots[Slot].WantCount = Count;
    }
}

static void
Drop(QUEUE *Queue, ULONG Index)
{
    memmove(&Queue->Writes[Index], &Queue->Writes[Index + 1],
            (Queue->WriteCount - Index - 1) * sizeof(WRITE));
    Queue->WriteCount--;
}

/* Writes that now fit are done, and flushes with nothing in front of them. */
static void
Wake(QUEUE *Queue)
{
    ULONG Sum = 0;
    BOOL Before = FALSE;

    for (ULONG i = 0; i < Queue->WriteCount; i++) {
        WRITE *This = &Queue->Writes[i];

        if (This->Flush) {
            if (!Before) {
                End(This->Slot, 0, 0);
                Drop(Queue, i--);
            }
            continue;
        }
        Before = TRUE;
        Sum += This->Length - This->Offset;
        if (This->Slot != SLOTS && Sum <= Queue->Quota) {
            End(This->Slot, 0, This->Length);
            This->Slot = SLOTS;
        }
    }
}

static ULONG
TakeOut(QUEUE *Queue, BOOL Message, BYTE *To, ULONG Length, ULONG *Status, BOOL Take)
{
    ULONG Done = 0;

    *Status = 0;
    for (ULONG i = 0; i < Queue->WriteCount && Done < Length; i++) {
        WRITE *This = &Queue->Writes[i];
        ULONG Count = This->Length - This->Offset;

        if (This->Flush) {
            continue;
        }
        if (Count > Length - Done) {
            Count = Length - Done;
        }
        memcpy(To + Done, This->Data + This->Offset, Count);
        Done += Count;
        if (This->Offset + Count < This->Length) {
            *Status = Message ? OVERFLOW_ : 0;
            This->Offset += Take ? Count : 0;
            break;
        }
        if (Take) {
            End(This->Slot, 0, This->Length);
            Drop(Queue, i--);
        }
        if (Message) {
            break;
        }
    }
    if (Take) {
        Wake(Queue);
    }
    return Done;
}

static BOOL
HasMessages(QUEUE *Queue)
{
    for (ULONG i = 0; i < Queue->WriteCount; i++) {
        if (!Queue->Writes[i].Flush) {
            return TRUE;
        }
    }
    return FALSE;
}

static SLOT *
NewSlot(ULONG Of, ULONG Length, BOOL Reads)
{
    for (ULONG i = 0; i < SLOTS; i++) {
        SLOT *Slot = &Slots[Next = (Next + 1) % SLOTS];

        if (!Slot->Used) {
            memset(Slot, 0xCC, sizeof(*Slot));
            Slot->Used = TRUE;
            Slot->Done = FALSE;
            Slot->Reads = Reads;
            Slot->End = Of;
            Slot->Length = Length;
            Slot->Iosb.Status = UNTOUCHED;
            return Slot;
        }
    }
    return NULL;
}

/* All that is done must have been told, with the bytes and none behind them; nothing else may. */
static ULONG
Told(void)
{
    ULONG Wrong = 0;

    for (ULONG i = 0; i < SLOTS; i++) {
        SLOT *Slot = &Slots[i];

        if (!Slot->Used) {
            continue;
        }
        if (!Slot->Done) {
            Wrong += Slot->Iosb.Status != UNTOUCHED;
            continue;
        }
        Wrong += (ULONG)Slot->Iosb.Status != Slot->WantStatus ||
                 Slot->Iosb.Information != Slot->WantCount;
        if (Slot->Reads) {
            Wrong += memcmp(Slot->Data, Slot->Wanted, MOST) != 0;
        }
        Slot->Used = FALSE;
    }
    return Wrong;
}

static void
Reading(ULONG Of, BOOL Waits)
{
    QUEUE *Queue = &Queues[!Of];
    SLOT *Slot = NewSlot(Of, Any(MOST) + 1, TRUE);
    ULONG Status, Count, Want = PENDING;

    if (Slot == NULL) {
        return;
    }
    Tried[0]++;
    if (HasMessages(Queue)) {
        Count = TakeOut(Queue, Messages[Of], Slot->Wanted, Slot->Length, &Want, TRUE);
        End((ULONG)(Slot - Slots), Want, Count);
    } else if (!Waits) {
        Want = EMPTY;
    } else {
        Queue->Readers[Queue->ReaderCount++] = (ULONG)(Slot - Slots);
    }
    Bad[0] += Mode(Ends[Of], Messages[Of], !Waits) != 0;
    Status = (ULONG)NtReadFile(Ends[Of], NULL, NULL, NULL, &Slot->Iosb, Slot->Data, Slot->Length,
                               NULL, NULL);
    Bad[0] += Status != Want;
    if (Want == EMPTY) {
        Bad[0] += Slot->Data[0] != 0xCC;
        Slot->Used = FALSE;
    }
    Bad[1] += Told();
}

static void
Writing(ULONG Of, BOOL Waits)
{
    QUEUE *Queue = &Queues[Of];
    ULONG Length = Any(MOST) + 1, Done = 0, Status, Want = 0;
    SLOT *Slot = NewSlot(Of, Length, FALSE);
    ULONG Taken = 0;

    if (Slot == NULL || Queue->WriteCount + 2 >= SLOTS) {
        if (Slot != NULL) {
            Slot->Used = FALSE;
        }
        return;
    }
    for (ULONG i = 0; i < Length; i++) {
        Slot->Data[i] = (BYTE)Any(256);
    }
    for (ULONG i = 0; i < Queue->ReaderCount; i++) {
        Taken += Slots[Queue->Readers[i]].Length;
    }
    if (!Waits && (Taken < Length ? Length - Taken : 0) + BytesOf(Queue) > Queue->Quota) {
        Slot->Used = FALSE; /* how much of it would be written is not said */
        return;
    }
    Tried[1]++;
    while (Queue->ReaderCount != 0 && Done < Length) {
        SLOT *Reader = &Slots[Queue->Readers[0]];
        ULONG Count = Length - Done < Reader->Length ? Length - Done : Reader->Length;

        memcpy(Reader->Wanted, Slot->Data + Done, Count);
        Done += Count;
        End(Queue->Readers[0], Messages[!Of] && Done < Length ? OVERFLOW_ : 0, Count);
        memmove(Queue->Readers, Queue->Readers + 1, --Queue->ReaderCount * sizeof(ULONG));
    }
    if (Done < Length) {
        WRITE *This = &Queue->Writes[Queue->WriteCount];
        BOOL Fits = BytesOf(Queue) + Length - Done <= Queue->Quota;

        memset(This, 0, sizeof(*This));
        memcpy(This->Data, Slot->Data + Done, Length - Done);
        This->Length = Length - Done;
        This->Slot = Fits ? SLOTS : (ULONG)(Slot - Slots);
        Queue->WriteCount++;
        Want = Fits ? 0 : PENDING;
    }
    if (Want == 0) {
        End((ULONG)(Slot - Slots), 0, Length);
    }
    Bad[2] += Mode(Ends[Of], Messages[Of], !Waits) != 0;
    Status =
        (ULONG)NtWriteFile(Ends[Of], NULL, NULL, NULL, &Slot->Iosb, Slot->Data, Length, NULL, NULL);
    Bad[2] += Status != Want;
    Bad[3] += Told();
}

static void
Peeking(ULONG Of)
{
    static struct {
        ULONG State, Available, Count, First;
        BYTE Data[MOST + 8];
    } Answer;
    QUEUE *Queue = &Queues[!Of];
    BYTE Wanted[MOST];
    ULONG Room = Any(MOST + 1), Status, Count, First = 0, Sum = 0, Bytes = BytesOf(Queue);
    ULONG Ask = Room, Got;

    for (ULONG i = 0; i < Queue->WriteCount; i++) {
        if (!Queue->Writes[i].Flush) {
            First = Sum == 0 ? Queue->Writes[i].Length - Queue->Writes[i].Offset : First;
            Sum++;
        }
    }
    if (Type && Ask > First) {
        Ask = First;
    }
    Count = TakeOut(Queue, Messages[Of], Wanted, Ask, &Status, FALSE);
    Tried[2]++;
    memset(&Answer, 0xCC, sizeof(Answer));
    Got = (ULONG)NtFsControlFile(Ends[Of], NULL, NULL, NULL, &Iosb, PEEK, NULL, 0, &Answer,
                                 16 + Room);
    Bad[4] += Got != (Count < (Type ? First : Bytes) ? OVERFLOW_ : 0);
    Bad[4] += Answer.State != 3 || Answer.Available != Bytes || Answer.Count != (Type ? Sum : 0) ||
              Answer.First != (Type ? First : 0);
    Bad[4] += Iosb.Information != 16 + Count || memcmp(Answer.Data, Wanted, Count) != 0 ||
              Answer.Data[Count] != 0xCC;
    Bad[4] += Told();
}

static void
Flushing(ULONG Of)
{
    /* A handle without FILE_SYNCHRONOUS_IO waits in the service itself: only where there is nothing to wait for. */
    if (!HasMessages(&Queues[Of])) {
        Tried[3]++;
        Bad[5] += NtFlushBuffersFile(Ends[Of], &Iosb) != 0 || Iosb.Information != 0;
    }
}

static void
Cancelling(ULONG Of)
{
    for (ULONG i = 0; i < SLOTS; i++) {
        SLOT *Slot = &Slots[i];
        QUEUE *Queue;

        if (!Slot->Used || Slot->End != Of || Any(3) != 0) {
            continue;
        }
        Queue = &Queues[Slot->Reads ? !Of : Of];
        Tried[4]++;
        Bad[6] += NtCancelIoFileEx(Ends[Of], &Slot->Iosb, &Iosb) != 0;
        End(i, CANCELLED, 0);
        if (Slot->Reads) {
            for (ULONG k = 0; k < Queue->ReaderCount; k++) {
                if (Queue->Readers[k] == i) {
                    memmove(Queue->Readers + k, Queue->Readers + k + 1,
                            (Queue->ReaderCount - k - 1) * sizeof(ULONG));
                    Queue->ReaderCount--;
                    break;
                }
            }
        } else {
            for (ULONG k = 0; k < Queue->WriteCount; k++) {
                if (Queue->Writes[k].Slot == i) {
                    Slot->WantCount = (ULONG)Slot->Iosb.Information;
                    Drop(Queue, k);
                    break;
                }
            }
            Wake(Queue);
        }
        Bad[6] += Told();
        return;
    }
}

/* What each end says: what is there to be read, and what may be written. */
static void
Asking(ULONG Of)
{
    ULONG Local[11], Pipe[2], Mine = BytesOf(&Queues[Of]), Theirs = BytesOf(&Queues[!Of]);
    ULONG Quota = Queues[Of].Quota;

    memset(Local, 0xCC, sizeof(Local));
    Tried[5]++;
    Bad[7] += NtQueryInformationFile(Ends[Of], &Iosb, Local, 40, 24) != 0 || Iosb.Information != 40;
    Bad[7] += Local[0] != Type || Local[1] != 2 || Local[2] != 1 || Local[3] != 1;
    Bad[7] += Local[4] != Queues[1].Quota || Local[6] != Queues[0].Quota;
    Bad[7] += Local[5] != Theirs || Local[7] != (Mine < Quota ? Quota - Mine : 0);
    Bad[7] += Local[8] != 3 || Local[9] != (Of == 0) || Local[10] != 0xCCCCCCCC;
    Bad[7] += NtQueryInformationFile(Ends[Of], &Iosb, Pipe, 8, 23) != 0 || Iosb.Information != 8;
    Bad[7] += Pipe[0] != Messages[Of];
}

static void
Model(ULONG NewType, ULONG ServerReads, ULONG ClientReads, ULONG Quota)
{
    Type = NewType;
    Messages[0] = ServerReads;
    Messages[1] = ClientReads;
    memset(Queues, 0, sizeof(Queues));
    memset(Bad, 0, sizeof(Bad));
    EXPECT_EQ(Make(&Ends[0], FILE_CREATE, 3, Type, Messages[0], 1, 1, Quota, TRUE), 0);
    Queues[0].Quota = Quota + 8; /* out of the server */
    Queues[1].Quota = Quota;
    EXPECT_EQ(Open(&Ends[1], GENERIC_READ | GENERIC_WRITE), 0);
    EXPECT_EQ(NtQueryInformationFile(Ends[1], &Iosb, Slots, 8, 23), 0);
    EXPECT_EQ(*(ULONG64 *)Slots, 0); /* a client begins with bytes, and waits */
    EXPECT_EQ(Mode(Ends[1], Messages[1], 0), 0);
    memset(Slots, 0, sizeof(Slots));
    for (ULONG Step = 0; Step < 1200; Step++) {
        ULONG Of = Any(2), What = Any(16);

        if (What < 6) {
            Reading(Of, Any(3) != 0);
        } else if (What < 12) {
            Writing(Of, Any(3) != 0);
        } else if (What == 12) {
            Peeking(Of);
        } else if (What == 13) {
            Flushing(Of);
        } else if (What == 14) {
            Cancelling(Of);
        } else {
            Asking(Of);
        }
    }
    for (ULONG i = 0; i < 8; i++) {
        EXPECT_EQ(Bad[i], 0);
    }
    for (ULONG i = 0; i < 6; i++) {
        EXPECT(Tried[i] != 0);
    }
    /* The client goes: what it has written is still there for the server, its own requests end. */
    NtClose(Ends[1]);
    for (ULONG i = 0; i < SLOTS; i++) {
        if (Slots[i].Used && Slots[i].End == 0) {
            EXPECT(Slots[i].Reads || (ULONG)Slots[i].Iosb.Status == BROKEN);
        }
    }
    for (ULONG Round = 0; Round < SLOTS && HasMessages(&Queues[1]); Round++) {
        BYTE Got[MOST], Wanted[MOST];
        ULONG Want, Count = TakeOut(&Queues[1], Messages[0], Wanted, MOST, &Want, TRUE);

        EXPECT_EQ(NtReadFile(Ends[0], NULL, NULL, NULL, &Iosb, Got, MOST, NULL, NULL), Want);
        EXPECT(Iosb.Information == Count && memcmp(Got, Wanted, Count) == 0);
    }
    EXPECT_EQ((ULONG)NtReadFile(Ends[0], NULL, NULL, NULL, &Iosb, Slots, 1, NULL, NULL), BROKEN);
    EXPECT_EQ((ULONG)NtWriteFile(Ends[0], NULL, NULL, NULL, &Iosb, Slots, 1, NULL, NULL), CLOSING);
    NtClose(Ends[0]);
}

/* ---- parameters and states ---- */

static void
Parameters(void)
{
    static const struct {
        ULONG Disposition, Share, Type, ReadMode, Completion, Instances;
        BOOL Timeout;
        ULONG Status;
    } Table[] = {
        {FILE_CREATE, 3, 0, 0, 0, 1, TRUE, 0},
        {FILE_OPEN_IF, 3, 1, 1, 1, 0xFFFFFFFF, TRUE, 0},
        {FILE_OPEN_IF, 1, 1, 0, 0, 2, TRUE, 0},
        {FILE_OPEN_IF, 2, 2, 0, 0, 2, TRUE, 0}, /* remote clients are refused: a type's flag */
        {FILE_OPEN, 3, 0, 0, 0, 1, TRUE, 0xC0000034},
        {FILE_OVERWRITE, 3, 0, 0, 0, 1, TRUE, BAD_PARAMETER},
        {FILE_SUPERSEDE, 3, 0, 0, 0, 1, TRUE, BAD_PARAMETER},
        {FILE_CREATE, 0, 0, 0, 0, 1, TRUE, BAD_PARAMETER},
        {FILE_CREATE, 7, 0, 0, 0, 1, TRUE, BAD_PARAMETER},
        {FILE_CREATE, 4, 0, 0, 0, 1, TRUE, BAD_PARAMETER},
        {FILE_CREATE, 3, 4, 0, 0, 1, TRUE, BAD_PARAMETER},
        {FILE_CREATE, 3, 0, 2, 0, 1, TRUE, BAD_PARAMETER},
        {FILE_CREATE, 3, 0, 0, 2, 1, TRUE, BAD_PARAMETER},
        {FILE_CREATE, 3, 0, 1, 0, 1, TRUE, BAD_PARAMETER}, /* messages of a stream of bytes */
        {FILE_CREATE, 3, 0, 0, 0, 0, TRUE, BAD_PARAMETER},
        {FILE_CREATE, 3, 0, 0, 0, 1, FALSE, BAD_PARAMETER},
    };
    HANDLE Pipe, Second, Third, Client;

    for (ULONG i = 0; i < sizeof(Table) / sizeof(Table[0]); i++) {
        EXPECT_EQ(Make(&Pipe, Table[i].Disposition, Table[i].Share, Table[i].Type,
                       Table[i].ReadMode, Table[i].Completion, Table[i].Instances, 16,
                       Table[i].Timeout),
                  Table[i].Status);
        if (Pipe != NULL) {
            ULONG Local[10];

            EXPECT_EQ(Iosb.Information, FILE_CREATED);
            EXPECT_EQ(NtQueryInformationFile(Pipe, &Iosb, Local, 40, 24), 0);
            EXPECT_EQ(Local[0], Table[i].Type & 1);
            EXPECT_EQ(Local[1], Table[i].Share == 1 ? 1 : Table[i].Share == 2 ? 0 : 2);
            EXPECT_EQ(Local[2], Table[i].Instances);
            EXPECT(Local[8] == 2 && Local[9] == 1); /* listens, the server's end */
            NtClose(Pipe);
        }
    }
    /* a second instance: of the same direction, as many as the first said */
    EXPECT_EQ(Make(&Pipe, FILE_CREATE, 1, 0, 0, 0, 2, 16, TRUE), 0);
    EXPECT_EQ(Make(&Second, FILE_CREATE, 1, 0, 0, 0, 2, 16, TRUE), 0xC0000022);
    EXPECT_EQ(Make(&Second, FILE_OPEN, 3, 0, 0, 0, 2, 16, TRUE), 0xC0000022);
    EXPECT_EQ(Make(&Second, FILE_OPEN, 2, 0, 0, 0, 2, 16, TRUE), 0xC0000022);
    EXPECT_EQ(Make(&Second, FILE_OPEN, 1, 1, 1, 0, 2, 16, TRUE), BAD_PARAMETER);
    EXPECT_EQ(Make(&Second, FILE_OPEN, 1, 0, 0, 0, 2, 16, TRUE), 0);
    EXPECT_EQ(Iosb.Information, FILE_OPENED);
    EXPECT_EQ(Make(&Third, FILE_OPEN_IF, 1, 0, 0, 0, 2, 16, TRUE), 0xC00000AB);
    EXPECT_EQ(Open(&Client, GENERIC_WRITE), 0xC0000022); /* outbound: it can only be read */
    EXPECT_EQ(Open(&Client, FILE_READ_DATA), 0);
    EXPECT_EQ(Open(&Third, FILE_READ_DATA), 0);
    {
        HANDLE Fourth;

        EXPECT_EQ(Open(&Fourth, FILE_READ_DATA), 0xC00000AC); /* no instance listens */
    }
    EXPECT_EQ((ULONG)NtReadFile(Pipe, NULL, NULL, NULL, &Iosb, Slots, 1, NULL, NULL),
              BAD_PARAMETER);
    NtClose(Third);
    NtClose(Client);
    NtClose(Second);
    NtClose(Pipe);
    EXPECT_EQ(Open(&Client, FILE_READ_DATA), 0xC0000034);
    EXPECT_EQ(Make(&Pipe, FILE_CREATE, 2, 0, 0, 0, 1, 16, TRUE), 0);
    EXPECT_EQ(Open(&Client, FILE_READ_DATA), 0xC0000022); /* inbound */
    EXPECT_EQ(Open(&Client, FILE_WRITE_DATA), 0);
    EXPECT_EQ((ULONG)NtWriteFile(Pipe, NULL, NULL, NULL, &Iosb, Slots, 1, NULL, NULL),
              BAD_PARAMETER);
    NtClose(Client);
    NtClose(Pipe);
}

static ULONG
Control(HANDLE End_, ULONG Code)
{
    static ULONG Out[8];

    return (ULONG)NtFsControlFile(End_, NULL, NULL, NULL, &Iosb, Code, NULL, 0, Out, sizeof(Out));
}

/* Each request in each state of the server's end: listening, connected, closing, disconnected. */
static void
States(void)
{
    static const struct {
        ULONG Read, Write, Peek, Listen, Disconnect;
    } Server[] = {
        {LISTENING, LISTENING, BAD_STATE, LISTENING, 0},
        {EMPTY, 0, 0, 0xC00000B2, 0},
        {BROKEN, CLOSING, BROKEN, CLOSING, 0},
        {DISCONNECTED, DISCONNECTED, BAD_STATE, LISTENING, DISCONNECTED},
    };
    BYTE Byte = 7;

    for (ULONG State = 0; State < 4; State++) {
        for (ULONG What = 0; What < 5; What++) {
            HANDLE Pipe, Client = NULL;
            ULONG Local[10];

            EXPECT_EQ(Make(&Pipe, FILE_CREATE, 3, 1, 1, 1, 1, 16, TRUE), 0);
            if (State != 0) {
                EXPECT_EQ(Open(&Client, GENERIC_READ | GENERIC_WRITE), 0);
            }
            if (State == 2) {
                NtClose(Client);
                Client = NULL;
            }
            if (State == 3) {
                EXPECT_EQ(Control(Pipe, DISCONNECT), 0);
                EXPECT_EQ((ULONG)NtReadFile(Client, NULL, NULL, NULL, &Iosb, &Byte, 1, NULL, NULL),
                          DISCONNECTED);
                EXPECT_EQ((ULONG)NtWriteFile(Client, NULL, NULL, NULL, &Iosb, &Byte, 1, NULL, NULL),
                          DISCONNECTED);
                EXPECT_EQ(Control(Client, PEEK), DISCONNECTED);
                EXPECT_EQ((ULONG)NtQueryInformationFile(Client, &Iosb, Local, 40, 24),
                          DISCONNECTED);
                EXPECT_EQ((ULONG)NtQueryInformationFile(Client, &Iosb, Local, 8, 23), DISCONNECTED);
                EXPECT_EQ(Mode(Client, 0, 0), DISCONNECTED);
            } else if (Client != NULL) {
                EXPECT_EQ(Control(Client, LISTEN), ILLEGAL);
                EXPECT_EQ(Control(Client, DISCONNECT), ILLEGAL);
            }
            EXPECT_EQ(NtQueryInformationFile(Pipe, &Iosb, Local, 40, 24), 0);
            EXPECT_EQ(Local[8], State == 0 ? 2 : State == 1 ? 3 : State == 2 ? 4 : 1);
            switch (What) {
            case 0:
                EXPECT_EQ((ULONG)NtReadFile(Pipe, NULL, NULL, NULL, &Iosb, &Byte, 1, NULL, NULL),
                          Server[State].Read);
                break;
            case 1:
                EXPECT_EQ((ULONG)NtWriteFile(Pipe, NULL, NULL, NULL, &Iosb, &Byte, 1, NULL, NULL),
                          Server[State].Write);
                break;
            case 2:
                EXPECT_EQ(Control(Pipe, PEEK), Server[State].Peek);
                break;
            case 3:
                EXPECT_EQ(Control(Pipe, LISTEN), Server[State].Listen);
                break;
            default:
                EXPECT_EQ(Control(Pipe, DISCONNECT), Server[State].Disconnect);
                break;
            }
            EXPECT_EQ(Mode(Pipe, 2, 0), BAD_PARAMETER);
            EXPECT_EQ(Mode(Pipe, 0, 2), BAD_PARAMETER);
            if (Client != NULL) {
                NtClose(Client);
            }
            NtClose(Pipe);
        }
    }
}

int
main(void)
{
    Model(0, 0, 0, 64);
    Model(1, 1, 1, 64);
    Model(1, 1, 0, 100);
    Model(1, 0, 1, 16);
    Parameters();
    States();
    return TEST_DONE();
}
