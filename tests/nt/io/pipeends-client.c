/*
 * pipeends-client.c - the ends of a pipe against a model: up to three instances that are made, listen, are connected, disconnected, and closed at either end in any
 * order, with listens, reads, writes and waits for an instance that are under way, are cancelled or time out meanwhile. Each request must give the status and count of
 * the model's, at the model's moment, and each end says the state, the instances and the bytes that the model has. No pipe has room: a write waits for its reader.
 * [K: "CreateNamedPipe", "ConnectNamedPipe", "DisconnectNamedPipe", "WaitNamedPipe", "CancelIoEx"], [LEARN:ipc/named-pipe-operations], [MS-FSCC 2.3.49],
 * [DDI:ntifs/_file_pipe_local_information].
 */
#define SEED 90210
#include "../model-client.h"
#include "pipes.h"

#define PENDING       0x103
#define NO_NAME       0xC0000034
#define NO_MORE       0xC00000AB /* STATUS_INSTANCE_NOT_AVAILABLE */
#define NOT_AVAILABLE 0xC00000AC
#define DISCONNECTED  0xC00000B0
#define CLOSING       0xC00000B1
#define CONNECTED     0xC00000B2
#define LISTENING     0xC00000B3
#define TIMED_OUT     0xC00000B5
#define CANCELLED     0xC0000120
#define BROKEN        0xC000014B
#define BAD_STATE     0xC00000AD
#define UNTOUCHED     0x12345678

#define FS_DISCONNECT 0x110004
#define FS_LISTEN     0x110008
#define FS_PEEK       0x11400C
#define FS_WAIT       0x110018

#define INSTANCES 3
#define SLOTS     40
#define MOST      8
#define TICK      100 /* milliseconds: what waits is due in the middle of one */

typedef enum { A_LISTEN, A_READ, A_WRITE, A_WAIT } KIND;
typedef enum { GONE, BY_SERVER, HEARS, TALKS, ENDS } STATE; /* 1 to 4: FILE_PIPE_..._STATE */

typedef struct {
    IO_STATUS_BLOCK Iosb;
    BYTE Data[MOST], Wanted[MOST];
    KIND Kind;
    ULONG Length, Offset, Instance, End, Order, Due, Status, Count;
    BOOL Used, Over, Free; /* it has ended; and how, nobody says */
} SLOT;

typedef struct {
    HANDLE End[2]; /* the client's, the server's */
    STATE State;
    ULONG Since; /* it listens */
} INSTANCE;

static SLOT Slots[SLOTS];
static INSTANCE Instances[INSTANCES];
static HANDLE Root, Stale[4]; /* clients that were disconnected */
static ULONG Order, Now, StaleCount, Tried[16];
static IO_STATUS_BLOCK Iosb;

#define PATH L"\\??\\pipe\\ntlab-ends"

static SLOT *
New(KIND Kind, ULONG Instance, ULONG End)
{
    for (ULONG i = 0; i < SLOTS; i++) {
        if (!Slots[i].Used) {
            memset(&Slots[i], 0, sizeof(Slots[i]));
            Slots[i].Used = TRUE;
            Slots[i].Kind = Kind;
            Slots[i].Instance = Instance;
            Slots[i].End = End;
            Slots[i].Order = ++Order;
            Slots[i].Iosb.Status = UNTOUCHED;
            return &Slots[i];
        }
    }
    return NULL;
}

/* Of those under way of that kind and end the one that is the longest. */
static SLOT *
First(KIND Kind, ULONG Instance, ULONG End)
{
    SLOT *Best = NULL;

    for (ULONG i = 0; i < SLOTS; i++) {
        if (Slots[i].Used && !Slots[i].Over && Slots[i].Kind == Kind &&
            Slots[i].Instance == Instance && Slots[i].End == End &&
            (Best == NULL || Slots[i].Order < Best->Order)) {
            Best = &Slots[i];
        }
    }
    return Best;
}

static void
End(SLOT *Slot, ULONG Status, ULONG Count)
{
    Slot->Over = TRUE;
    Slot->Status = Status;
    Slot->Count = Count;
}

static void
EndAll(KIND Kind, ULONG Instance, ULONG OfEnd, ULONG Status)
{
    SLOT *Slot;

    while ((Slot = First(Kind, Instance, OfEnd)) != NULL) {
        End(Slot, Status, 0);
    }
}

/* What was written before its writer closed: it lies there without a request. */
static BYTE Left[INSTANCES][2][SLOTS * MOST];
static ULONG LeftBytes[INSTANCES][2];

static ULONG
Bytes(ULONG i, ULONG Writer)
{
    ULONG Sum = LeftBytes[i][Writer];

    for (ULONG k = 0; k < SLOTS; k++) {
        if (Slots[k].Used && !Slots[k].Over && Slots[k].Kind == A_WRITE && Slots[k].Instance == i &&
            Slots[k].End == Writer) {
            Sum += Slots[k].Length - Slots[k].Offset;
        }
    }
    return Sum;
}

static ULONG
TakeOut(ULONG i, ULONG Writer, BYTE *To, ULONG Length)
{
    ULONG Done = LeftBytes[i][Writer] < Length ? LeftBytes[i][Writer] : Length;
    SLOT *Write;

    memcpy(To, Left[i][Writer], Done);
    LeftBytes[i][Writer] -= Done;
    memmove(Left[i][Writer], Left[i][Writer] + Done, LeftBytes[i][Writer]);
    while (Done < Length && (Write = First(A_WRITE, i, Writer)) != NULL) {
        ULONG Count = Write->Length - Write->Offset;

        Count = Count < Length - Done ? Count : Length - Done;
        memcpy(To + Done, Write->Data + Write->Offset, Count);
        Done += Count;
        Write->Offset += Count;
        if (Write->Offset == Write->Length) {
            End(Write, 0, Write->Length);
        }
    }
    return Done;
}

/* All that has ended in the model has ended, as it says; nothing else has. */
static void
Look(void)
{
    for (ULONG i = 0; i < SLOTS; i++) {
        SLOT *Slot = &Slots[i];

        if (!Slot->Used || (Slot->Over && Slot->Free)) {
            Slot->Used = FALSE;
            continue;
        }
        IS((ULONG)Slot->Iosb.Status, Slot->Over ? Slot->Status : UNTOUCHED);
        if (Slot->Over) {
            if ((LONG)Slot->Status >= 0) {
                IS(Slot->Iosb.Information, Slot->Count);
            }
            if (Slot->Kind == A_READ && Slot->Status == 0) {
                IS(memcmp(Slot->Data, Slot->Wanted, Slot->Count), 0);
            }
            Slot->Used = FALSE;
        }
    }
}

static ULONG
Servers(void)
{
    ULONG Count = 0;

    for (ULONG i = 0; i < INSTANCES; i++) {
        Count += Instances[i].End[1] != NULL;
    }
    return Count;
}

/* Which a client gets: the one that has listened longest. */
static INSTANCE *
Hearing(void)
{
    INSTANCE *Best = NULL;

    for (ULONG i = 0; i < INSTANCES; i++) {
        if (Instances[i].State == HEARS && (Best == NULL || Instances[i].Since < Best->Since)) {
            Best = &Instances[i];
        }
    }
    return Best;
}

static void
Hears(INSTANCE *This)
{
    SLOT *Wait;

    This->State = HEARS;
    This->Since = ++Order;
    while ((Wait = First(A_WAIT, 0, 0)) != NULL) {
        End(Wait, 0, 0);
    }
}

static void
Make(void)
{
    LARGE_INTEGER Default = {.QuadPart = -1500000}; /* a tick and a half */
    HANDLE Handle = NULL;
    ULONG Status, i = 0, Count = Servers();

    while (i < INSTANCES && Instances[i].State != GONE) {
        i++;
    }
    if (i == INSTANCES && Count != INSTANCES) {
        return; /* the model has no room */
    }
    Tried[0]++;
    Status =
        (ULONG)NtCreateNamedPipeFile(&Handle, GENERIC_READ | GENERIC_WRITE | SYNCHRONIZE, At(PATH),
                                     &Iosb, 3, FILE_OPEN_IF, 0, 0, 0, 0, INSTANCES, 0, 0, &Default);
    IS(Status, Count == INSTANCES ? NO_MORE : 0);
    if (Status == 0) {
        IS(Iosb.Information, Count != 0 ? FILE_OPENED : FILE_CREATED);
        memset(&Instances[i], 0, sizeof(Instances[i]));
        LeftBytes[i][0] = LeftBytes[i][1] = 0;
        Instances[i].End[1] = Handle;
        Hears(&Instances[i]);
    }
}

static void
Listen(ULONG i)
{
    INSTANCE *This = &Instances[i];
    SLOT *Slot;
    ULONG Want;

    if (This->End[1] == NULL || (Slot = New(A_LISTEN, i, 1)) == NULL) {
        return;
    }
    Tried[1]++;
    Want = This->State == TALKS ? CONNECTED : This->State == ENDS ? CLOSING : PENDING;
    Slot->Used = Want == PENDING;
    if (This->State == BY_SERVER) {
        Hears(This);
    }
    IS(NtFsControlFile(This->End[1], NULL, NULL, NULL, &Slot->Iosb, FS_LISTEN, NULL, 0, NULL, 0),
       (LONG)Want);
}

static void
Connect(void)
{
    INSTANCE *This = Hearing();
    HANDLE Handle = NULL;
    ULONG Status = (ULONG)NtCreateFile(&Handle, GENERIC_READ | GENERIC_WRITE | SYNCHRONIZE,
                                       At(PATH), &Iosb, NULL, 0, 3, FILE_OPEN, 0, NULL, 0);

    Tried[2]++;
    IS(Status, Servers() == 0 ? NO_NAME : This == NULL ? NOT_AVAILABLE : 0);
    if (Status == 0 && This != NULL) {
        This->End[0] = Handle;
        This->State = TALKS;
        EndAll(A_LISTEN, (ULONG)(This - Instances), 1, 0);
    }
}

static void
Disconnect(ULONG i)
{
    INSTANCE *This = &Instances[i];

    if (This->End[1] == NULL || StaleCount == RTL_NUMBER_OF(Stale)) {
        return;
    }
    Tried[3]++;
    IS(NtFsControlFile(This->End[1], NULL, NULL, NULL, &Iosb, FS_DISCONNECT, NULL, 0, NULL, 0),
       This->State == BY_SERVER ? (LONG)DISCONNECTED : 0);
    EndAll(A_LISTEN, i, 1, DISCONNECTED);
    for (ULONG k = 0; k < 2; k++) {
        EndAll(A_READ, i, k, DISCONNECTED);
        EndAll(A_WRITE, i, k, DISCONNECTED);
        LeftBytes[i][k] = 0;
    }
    if (This->End[0] != NULL) {
        Stale[StaleCount++] = This->End[0];
        This->End[0] = NULL;
    }
    This->State = BY_SERVER;
}

/* Its own requests end in some way; what it has written stays for the other end. */
static void
Close(ULONG i, ULONG Of)
{
    INSTANCE *This = &Instances[i];
    SLOT *Slot;

    if (This->End[Of] == NULL) {
        return;
    }
    if (Of == 1 && Servers() == 1 && First(A_WAIT, 0, 0) != NULL) {
        return; /* what a wait is told when the last instance goes is not said */
    }
    Tried[4]++;
    while ((Slot = First(A_READ, i, Of)) != NULL || (Slot = First(A_LISTEN, i, Of)) != NULL) {
        Slot->Over = Slot->Free = TRUE;
    }
    while ((Slot = First(A_WRITE, i, Of)) != NULL) {
        memcpy(Left[i][Of] + LeftBytes[i][Of], Slot->Data + Slot->Offset,
               Slot->Length - Slot->Offset);
        LeftBytes[i][Of] += Slot->Length - Slot->Offset;
        Slot->Over = Slot->Free = TRUE;
    }
    EndAll(A_READ, i, !Of, BROKEN);
    EndAll(A_WRITE, i, !Of, BROKEN);
    LeftBytes[i][!Of] = 0;
    NtClose(This->End[Of]);
    This->End[Of] = NULL;
    This->State = This->End[!Of] != NULL ? ENDS : GONE;
}

static void
Read(ULONG i, ULONG Of)
{
    static const ULONG Want[] = {0, DISCONNECTED, LISTENING, 0, BROKEN};
    INSTANCE *This = &Instances[i];
    SLOT *Slot;
    ULONG Length = Any(MOST) + 1, Status;

    if (This->End[Of] == NULL || (Slot = New(A_READ, i, Of)) == NULL) {
        return;
    }
    Tried[5]++;
    Slot->Length = Length;
    Status = Want[This->State];
    if (Bytes(i, !Of) != 0) {
        End(Slot, 0, TakeOut(i, !Of, Slot->Wanted, Length));
        Status = 0;
    } else if (Status != 0) {
        Slot->Used = FALSE;
    } else {
        Status = PENDING;
    }
    IS(NtReadFile(This->End[Of], NULL, NULL, NULL, &Slot->Iosb, Slot->Data, Length, NULL, NULL),
       (LONG)Status);
}

static void
Write(ULONG i, ULONG Of)
{
    static const ULONG Want[] = {0, DISCONNECTED, LISTENING, 0, CLOSING};
    INSTANCE *This = &Instances[i];
    SLOT *Slot, *Reader;
    ULONG Status;

    if (This->End[Of] == NULL || (Slot = New(A_WRITE, i, Of)) == NULL) {
        return;
    }
    Tried[6]++;
    Slot->Length = Any(MOST) + 1;
    for (ULONG k = 0; k < Slot->Length; k++) {
        Slot->Data[k] = (BYTE)Any(256);
    }
    Status = Want[This->State];
    Slot->Used = Status == 0;
    while (Status == 0 && Slot->Offset < Slot->Length && (Reader = First(A_READ, i, !Of)) != NULL) {
        ULONG Count = Slot->Length - Slot->Offset;

        Count = Count < Reader->Length ? Count : Reader->Length;
        memcpy(Reader->Wanted, Slot->Data + Slot->Offset, Count);
        Slot->Offset += Count;
        End(Reader, 0, Count);
    }
    if (Status == 0 && Slot->Offset == Slot->Length) {
        End(Slot, 0, Slot->Length);
    } else if (Status == 0) {
        Status = PENDING;
    }
    IS(NtWriteFile(This->End[Of], NULL, NULL, NULL, &Slot->Iosb, Slot->Data, Slot->Length, NULL,
                   NULL),
       (LONG)Status);
}

/* With a time-out of its own, the pipe's, or none. */
static void
Wait(void)
{
    struct {
        LARGE_INTEGER Timeout;
        ULONG Length;
        BOOLEAN Specified;
        WCHAR Name[12];
    } Input = {.Length = 20, .Specified = TRUE, .Name = L"NTLAB-ends"};
    ULONG Ticks = Any(5), Want;
    SLOT *Slot = New(A_WAIT, 0, 0);

    if (Slot == NULL) {
        return;
    }
    Tried[7]++;
    Want = Servers() == 0 ? NO_NAME : Hearing() != NULL ? 0 : PENDING;
    Input.Timeout.QuadPart = -(LONGLONG)(Ticks * TICK + TICK / 2) * 10000;
    Slot->Due = Now + Ticks + 1;
    if (Ticks == 3) {
        Input.Specified = FALSE;
        Slot->Due = Now + 2;
    } else if (Ticks == 4) {
        Input.Timeout.QuadPart = (LONGLONG)1 << 63;
        Slot->Due = 0;
    }
    Slot->Used = Want == PENDING;
    IS(NtFsControlFile(Root, NULL, NULL, NULL, &Slot->Iosb, FS_WAIT, &Input, 14 + 20, NULL, 0),
       (LONG)Want);
}

static void
Pass(void)
{
    Tried[8]++;
    Sleep(TICK);
    Now++;
    for (ULONG i = 0; i < SLOTS; i++) {
        if (Slots[i].Used && !Slots[i].Over && Slots[i].Kind == A_WAIT && Slots[i].Due == Now) {
            End(&Slots[i], TIMED_OUT, 0);
        }
    }
}

static void
Cancel(void)
{
    ULONG i = Any(8);
    SLOT *Slot;

    while (i < SLOTS && !Slots[i].Used) {
        i++;
    }
    if (i == SLOTS) {
        return;
    }
    Tried[9]++;
    Slot = &Slots[i];
    IS(NtCancelIoFileEx(Slot->Kind == A_WAIT ? Root : Instances[Slot->Instance].End[Slot->End],
                        &Slot->Iosb, &Iosb),
       0);
    End(Slot, CANCELLED, 0);
}

static void
Ask(ULONG i, ULONG Of)
{
    INSTANCE *This = &Instances[i];
    ULONG Got[10], Peek[4 + MOST / 4], Readable;
    BYTE Data[SLOTS * MOST];
    ULONG Want, Shown;

    if (This->End[Of] == NULL) {
        return;
    }
    Tried[10]++;
    Readable = Bytes(i, !Of);
    IS(NtQueryInformationFile(This->End[Of], &Iosb, Got, 40, (FILE_INFORMATION_CLASS)24), 0);
    IS(Iosb.Information, 40);
    IS(Got[2], INSTANCES);
    if (This->End[1] != NULL) { /* else the name may be a younger pipe's */
        IS(Got[3], Servers());
    }
    IS(Got[5], Readable);
    IS(Got[7], 0);
    IS(Got[8], This->State);
    IS(Got[9], Of);
    Want = This->State == BY_SERVER || This->State == HEARS ? BAD_STATE
           : This->State == ENDS && Readable == 0           ? BROKEN
           : Readable > MOST                                ? 0x80000005
                                                            : 0;
    IS(NtFsControlFile(This->End[Of], NULL, NULL, NULL, &Iosb, FS_PEEK, NULL, 0, Peek,
                       sizeof(Peek)),
       (LONG)Want);
    if (Want == 0 || Want == 0x80000005) {
        Shown = LeftBytes[i][!Of];
        memcpy(Data, Left[i][!Of], Shown);
        for (ULONG Last = 0;;) { /* in the order in which they were written */
            SLOT *Next = NULL;

            for (ULONG k = 0; k < SLOTS; k++) {
                if (Slots[k].Used && !Slots[k].Over && Slots[k].Kind == A_WRITE &&
                    Slots[k].Instance == i && Slots[k].End == !Of && Slots[k].Order > Last &&
                    (Next == NULL || Slots[k].Order < Next->Order)) {
                    Next = &Slots[k];
                }
            }
            if (Next == NULL) {
                break;
            }
            memcpy(Data + Shown, Next->Data + Next->Offset, Next->Length - Next->Offset);
            Shown += Next->Length - Next->Offset;
            Last = Next->Order;
        }
        Shown = Readable < MOST ? Readable : MOST;
        IS(Iosb.Information, 16 + Shown);
        IS(Peek[0], This->State);
        IS(Peek[1], Readable);
        IS(memcmp(&Peek[4], Data, Shown), 0);
    }
}

/* A client that was disconnected knows nothing but that. */
static void
AskStale(BOOL ToClose)
{
    BYTE Byte = 0;
    ULONG Mode[2] = {0};
    HANDLE Handle;

    if (StaleCount == 0) {
        return;
    }
    Tried[11]++;
    Handle = Stale[Any(StaleCount)];
    IS(NtReadFile(Handle, NULL, NULL, NULL, &Iosb, &Byte, 1, NULL, NULL), (LONG)DISCONNECTED);
    IS(NtWriteFile(Handle, NULL, NULL, NULL, &Iosb, &Byte, 1, NULL, NULL), (LONG)DISCONNECTED);
    IS(NtSetInformationFile(Handle, &Iosb, Mode, 8, (FILE_INFORMATION_CLASS)23),
       (LONG)DISCONNECTED);
    if (ToClose) {
        NtClose(Stale[--StaleCount]);
    }
}

int
main(void)
{
    IS(NtCreateFile(&Root, GENERIC_READ | SYNCHRONIZE, At(L"\\??\\pipe\\"), &Iosb, NULL, 0, 3,
                    FILE_OPEN, 0, NULL, 0),
       0);
    for (Step = 0; Step < 3000; Step++) {
        ULONG What = Any(32), i = Any(INSTANCES), Of = Any(2);

        if (What < 2) {
            Make();
        } else if (What < 5) {
            Listen(i);
        } else if (What < 8) {
            Connect();
        } else if (What < 10) {
            Disconnect(i);
        } else if (What < 12) {
            Close(i, Of);
        } else if (What < 16) {
            Read(i, Of);
        } else if (What < 20) {
            Write(i, Of);
        } else if (What < 22) {
            Wait();
        } else if (What < 24) {
            Pass();
        } else if (What < 26) {
            Cancel();
        } else if (What < 29) {
            Ask(i, Of);
        } else {
            AskStale(What == 29);
        }
        Look();
    }
    for (ULONG i = 0; i < 12; i++) {
        EXPECT(Tried[i] > 20);
    }
    EXPECT_EQ(Wrong, 0);
    return TEST_DONE();
}
