/*
 * bugs.c - programs with a bug each, after the CS programs of SCTBench: tools/bench_bugs.py counts the
 * schedules until it is found. PROGRAM selects one; those of locks.c, memory.c and bluetooth.c belong to them.
 *
 *     CARTER     two readers' counts under one lock, and a lock for the first of each: held while waited for
 *     CIRCULAR   a producer and a consumer of N values that take turns by flags, and lose their turns
 *     QUEUE      the same with a queue: the first value is sent without waiting for its turn
 *     STACK      N pushes against N pops, which look once only whether there is anything
 *     TWOSTAGE   N threads set one variable, then a second one, under a lock each; a reader sees one only
 *     WRONGLOCK  one thread increments under a lock, N under another
 *     STRINGS    a string is appended to another: its length is taken, then its characters
 *     STEALING   a queue that its owner works on from one end without a lock, and a thief with one from the other
 *     EXCHANGE   the same without a lock: the thief's compare-exchange does not see the owner take the last item
 *     POOLED     after qsort_mt: a pool's thread is given its state before its work
 *     SAFESTACK  Vyukov's stack of array elements, taken apart and put together by compare-exchange: ABA
 *     KEYRINGS   CVE-2013-1792: two pointers are set one after the other; the first one is all that is looked at
 *     DUMP       CVE-2016-9806: what is freed is read from a field that another thread has set meanwhile
 *     PORT       CVE-2017-15265: a port is in the list before its maker is done with it; another thread deletes it
 */
#include "program.h"

#define CARTER    1
#define CIRCULAR  2
#define QUEUE     3
#define STACK     4
#define TWOSTAGE  5
#define WRONGLOCK 6
#define STRINGS   7
#define STEALING  8
#define EXCHANGE  9
#define POOLED    10
#define SAFESTACK 11
#define KEYRINGS  12
#define DUMP      13
#define PORT      14

#define END() PsTerminateSystemThread(STATUS_SUCCESS)

static LOCK_TYPE Lock[2];

#if PROGRAM == CARTER
static volatile LONG Count[2];

static VOID NTAPI
Thread(PVOID Context)
{
    ULONG Which = (ULONG)(ULONG_PTR)Context;

    LOCK_ACQUIRE(Lock[0]);
    if (++Count[Which] == 1) {
        LOCK_ACQUIRE(Lock[1]);
    }
    LOCK_RELEASE(Lock[0]);
    LOCK_ACQUIRE(Lock[0]);
    if (--Count[Which] == 0) {
        LOCK_RELEASE(Lock[1]);
    }
    LOCK_RELEASE(Lock[0]);
    END();
}

static VOID
Threads(VOID)
{
    Start(Thread, 0);
    Start(Thread, 1);
}
#elif PROGRAM == CIRCULAR
static volatile LONG Buffer[4], First, Next, MaySend = 1, MayReceive;

static VOID NTAPI
Producer(PVOID Context)
{
    for (LONG Value = 0; Value < N; Value++) {
        LOCK_ACQUIRE(Lock[0]);
        if (MaySend) {
            Buffer[Next] = Value;
            Next = (Next + 1) % 4;
            MaySend = 0;
            MayReceive = 1;
        }
        LOCK_RELEASE(Lock[0]);
    }
    END();
}

static VOID NTAPI
Consumer(PVOID Context)
{
    for (LONG Value = 0; Value < N; Value++) {
        LOCK_ACQUIRE(Lock[0]);
        if (MayReceive) {
            BAD(Buffer[First] != Value);
            First = (First + 1) % 4;
            MayReceive = 0;
            MaySend = 1;
        }
        LOCK_RELEASE(Lock[0]);
    }
    END();
}

static VOID
Threads(VOID)
{
    Start(Producer, 0);
    Start(Consumer, 0);
}
#elif PROGRAM == QUEUE
static volatile LONG Buffer[N + 1], Sent[N], First, Next, MaySend = 1, MayReceive;

static VOID
Send(LONG Index)
{
    Buffer[Next++] = Sent[Index] = Index * Index + 1;
}

static VOID NTAPI
Producer(PVOID Context)
{
    LOCK_ACQUIRE(Lock[0]);
    Send(0);
    LOCK_RELEASE(Lock[0]);
    for (LONG Index = 1; Index < N; Index++) {
        LOCK_ACQUIRE(Lock[0]);
        if (MaySend) {
            Send(Index);
            MaySend = 0;
            MayReceive = 1;
        }
        LOCK_RELEASE(Lock[0]);
    }
    END();
}

static VOID NTAPI
Consumer(PVOID Context)
{
    for (LONG Index = 0; Index < N; Index++) {
        LOCK_ACQUIRE(Lock[0]);
        if (MayReceive) {
            BAD(First == Next || Buffer[First] != Sent[Index]);
            First++;
            MayReceive = 0;
            MaySend = 1;
        }
        LOCK_RELEASE(Lock[0]);
    }
    END();
}

static VOID
Threads(VOID)
{
    Start(Producer, 0);
    Start(Consumer, 0);
}
#elif PROGRAM == STACK
static volatile LONG Top, Filled;

static VOID NTAPI
Push(PVOID Context)
{
    for (ULONG Index = 0; Index < N; Index++) {
        LOCK_ACQUIRE(Lock[0]);
        Top++;
        Filled = 1;
        LOCK_RELEASE(Lock[0]);
    }
    END();
}

static VOID NTAPI
Pop(PVOID Context)
{
    for (ULONG Index = 0; Index < N; Index++) {
        LOCK_ACQUIRE(Lock[0]);
        if (Filled) {
            BAD(Top == 0);
            Top--;
        }
        LOCK_RELEASE(Lock[0]);
    }
    END();
}

static VOID
Threads(VOID)
{
    Start(Push, 0);
    Start(Pop, 0);
}
#elif PROGRAM == TWOSTAGE
static volatile LONG One, Two;

static VOID NTAPI
Stages(PVOID Context)
{
    LOCK_ACQUIRE(Lock[0]);
    One = 1;
    LOCK_RELEASE(Lock[0]);
    LOCK_ACQUIRE(Lock[1]);
    Two = One + 1;
    LOCK_RELEASE(Lock[1]);
    END();
}

static VOID NTAPI
Reader(PVOID Context)
{
    LONG Seen;

    LOCK_ACQUIRE(Lock[0]);
    Seen = One;
    LOCK_RELEASE(Lock[0]);
    if (Seen != 0) {
        LOCK_ACQUIRE(Lock[1]);
        BAD(Two != Seen + 1);
        LOCK_RELEASE(Lock[1]);
    }
    END();
}

static VOID
Threads(VOID)
{
    for (ULONG Index = 0; Index < N; Index++) {
        Start(Stages, 0);
    }
    Start(Reader, 0);
}
#elif PROGRAM == WRONGLOCK
static volatile LONG Value;

static VOID NTAPI
Right(PVOID Context)
{
    LONG Before;

    LOCK_ACQUIRE(Lock[0]);
    Before = Value;
    Value = Value + 1;
    BAD(Value != Before + 1);
    LOCK_RELEASE(Lock[0]);
    END();
}

static VOID NTAPI
Wrong(PVOID Context)
{
    LOCK_ACQUIRE(Lock[1]);
    Value = Value + 1;
    LOCK_RELEASE(Lock[1]);
    END();
}

static VOID
Threads(VOID)
{
    Start(Right, 0);
    for (ULONG Index = 0; Index < N; Index++) {
        Start(Wrong, 0);
    }
}
#elif PROGRAM == STRINGS
static volatile LONG Length = 3;

static LONG
LengthOf(VOID)
{
    LONG Result;

    LOCK_ACQUIRE(Lock[1]);
    Result = Length;
    LOCK_RELEASE(Lock[1]);
    return Result;
}

/* Under its own lock; the other string's length is asked for, then its characters are. */
static VOID NTAPI
Append(PVOID Context)
{
    LONG Wanted;

    LOCK_ACQUIRE(Lock[0]);
    Wanted = LengthOf();
    LOCK_ACQUIRE(Lock[1]);
    BAD(Wanted > Length);
    LOCK_RELEASE(Lock[1]);
    LOCK_RELEASE(Lock[0]);
    END();
}

static VOID NTAPI
Erase(PVOID Context)
{
    LOCK_ACQUIRE(Lock[1]);
    Length = 0;
    LOCK_RELEASE(Lock[1]);
    LOCK_ACQUIRE(Lock[1]);
    Length = 3;
    LOCK_RELEASE(Lock[1]);
    END();
}

static VOID
Threads(VOID)
{
    Start(Append, 0);
    Start(Erase, 0);
}
#elif PROGRAM == STEALING || PROGRAM == EXCHANGE
/* The queue is Item[Head..Tail - 1]. */
static volatile LONG Item[N], Head, Tail, Taken[N];

static VOID
Take(LONG Which)
{
    Taken[Which] = Taken[Which] + 1;
}

/* Wrong: the owner should give up its place first, and look for the thief then. */
static VOID
OwnerPops(VOID)
{
    LONG Last = Tail - 1;

    if (Head <= Last) {
        Tail = Last;
        Take(Item[Last]);
    }
}

static VOID NTAPI
Owner(PVOID Context)
{
    for (LONG Index = 0; Index < N; Index++) {
        Item[Tail] = Index;
        Tail = Tail + 1;
    }
    for (LONG Index = 0; Index < N; Index++) {
        OwnerPops();
    }
    END();
}

#if PROGRAM == STEALING
static VOID
Steal(VOID)
{
    LONG Mine;

    LOCK_ACQUIRE(Lock[0]);
    Mine = Head;
    Head = Mine + 1;
    if (Mine + 1 <= Tail) {
        Take(Item[Mine]);
    } else {
        Head = Mine;
    }
    LOCK_RELEASE(Lock[0]);
}
#else
static VOID
Steal(VOID)
{
    LONG Mine = Head, Found;

    if (Mine < Tail) {
        Found = Item[Mine];
        if (InterlockedCompareExchange(&Head, Mine + 1, Mine) == Mine) {
            Take(Found);
        }
    }
}
#endif

static VOID NTAPI
Thief(PVOID Context)
{
    for (LONG Index = 0; Index < N; Index++) {
        Steal();
    }
    END();
}

static VOID
Threads(VOID)
{
    Start(Owner, 0);
    Start(Thief, 0);
    Join();
    for (LONG Index = 0; Index < N; Index++) {
        BAD(Taken[Index] > 1);
    }
}
#elif PROGRAM == POOLED
#define STOPPED -1
static volatile LONG State, Job, Done; /* State: 0 idle, 1 at work */
static KEVENT Wake;

static VOID NTAPI
Worker(PVOID Context)
{
    LOCK_ACQUIRE(Lock[1]);
    while (State == 0) {
        LOCK_RELEASE(Lock[1]);
        KeWaitForSingleObject(&Wake, Executive, KernelMode, FALSE, NULL);
        LOCK_ACQUIRE(Lock[1]);
    }
    LOCK_RELEASE(Lock[1]);
    if (State != STOPPED) {
        BAD(Job == 0);
        Done = Job;
    }
    END();
}

/* Wrong: the state is the worker's, and its lock is taken behind it. */
static BOOLEAN
Allocate(VOID)
{
    LOCK_ACQUIRE(Lock[0]);
    if (State == 0) {
        State = 1;
        LOCK_ACQUIRE(Lock[1]);
        LOCK_RELEASE(Lock[0]);
        return TRUE;
    }
    LOCK_RELEASE(Lock[0]);
    return FALSE;
}

static VOID NTAPI
Splitter(PVOID Context)
{
    if (Allocate()) {
        Job = 1 + (LONG)(ULONG_PTR)Context;
        KeSetEvent(&Wake, 0, FALSE);
        LOCK_RELEASE(Lock[1]);
    }
    END();
}

static VOID
Threads(VOID)
{
    KeInitializeEvent(&Wake, NotificationEvent, FALSE);
    Start(Worker, 0);
    for (ULONG Index = 0; Index < N; Index++) {
        Start(Splitter, Index);
    }
}
#elif PROGRAM == SAFESTACK
#define ITEMS 3
static volatile LONG Head, Count = ITEMS, Next[ITEMS] = {1, 2, -1}, Value[ITEMS];

static LONG
Pop(VOID)
{
    while (InterlockedOr(&Count, 0) > 1) {
        LONG Mine = InterlockedOr(&Head, 0), Behind = InterlockedExchange(&Next[Mine], -1);

        if (Behind >= 0) {
            if (InterlockedCompareExchange(&Head, Behind, Mine) == Mine) {
                InterlockedDecrement(&Count);
                return Mine;
            }
            InterlockedExchange(&Next[Mine], Behind);
        }
    }
    return -1;
}

static VOID
Push(LONG Mine)
{
    LONG First = InterlockedOr(&Head, 0), Seen;

    for (;; First = Seen) {
        InterlockedExchange(&Next[Mine], First);
        Seen = InterlockedCompareExchange(&Head, Mine, First);
        if (Seen == First) {
            break;
        }
    }
    InterlockedIncrement(&Count);
}

static VOID NTAPI
User(PVOID Context)
{
    LONG Me = (LONG)(ULONG_PTR)Context;

    for (ULONG Round = 0; Round < 2; Round++) {
        LONG Mine = Pop();

        if (Mine >= 0) {
            Value[Mine] = Me;
            BAD(Value[Mine] != Me);
            Push(Mine);
        }
    }
    END();
}

static VOID
Threads(VOID)
{
    for (ULONG Index = 1; Index <= 3; Index++) {
        Start(User, Index);
    }
}
#elif PROGRAM == KEYRINGS
static volatile PVOID Own, Session;

static VOID NTAPI
Lookup(PVOID Context)
{
    if (Own == NULL) { /* wrong: the session's is looked for next */
        LOCK_ACQUIRE(Lock[0]);
        if (Own == NULL) {
            Own = (PVOID)&Own;
            Session = (PVOID)&Session;
        }
        LOCK_RELEASE(Lock[0]);
    }
    BAD(Session == NULL);
    END();
}

static VOID
Threads(VOID)
{
    for (ULONG Index = 0; Index < N; Index++) {
        Start(Lookup, Index);
    }
}
#elif PROGRAM == DUMP
static volatile PVOID Buffer;

static VOID NTAPI
Dump(PVOID Context)
{
    LOCK_ACQUIRE(Lock[0]);
    Buffer = ExAllocatePoolWithTag(NonPagedPoolNx, 32, 'pmuD');
    LOCK_RELEASE(Lock[0]);
    if (Buffer != NULL) {
        ExFreePoolWithTag(Buffer, 'pmuD');
    }
    END();
}

static VOID
Threads(VOID)
{
    for (ULONG Index = 0; Index < N; Index++) {
        Start(Dump, Index);
    }
}
#elif PROGRAM == PORT
typedef struct _SOUND_PORT {
    volatile LONG Number, Type;
} SOUND_PORT;

static SOUND_PORT *volatile Listed;

static VOID NTAPI
Create(PVOID Context)
{
    SOUND_PORT *Port = ExAllocatePoolWithTag(NonPagedPoolNx, sizeof(*Port), 'troP');

    if (Port != NULL) {
        LOCK_ACQUIRE(Lock[0]);
        Port->Number = 1;
        Listed = Port;
        LOCK_RELEASE(Lock[0]);
        Port->Type = 2; /* wrong: it is anybody's by now */
    }
    END();
}

static VOID NTAPI
Delete(PVOID Context)
{
    SOUND_PORT *Port;

    LOCK_ACQUIRE(Lock[0]);
    Port = Listed;
    Listed = NULL;
    LOCK_RELEASE(Lock[0]);
    if (Port != NULL) {
        ExFreePoolWithTag(Port, 'troP');
    }
    END();
}

static VOID
Threads(VOID)
{
    Start(Create, 0);
    Start(Delete, 0);
    Join();
    if (Listed != NULL) {
        ExFreePoolWithTag(Listed, 'troP');
    }
}
#endif

static VOID
Program(VOID)
{
    LOCK_INITIALIZE(Lock[0]);
    LOCK_INITIALIZE(Lock[1]);
    Threads();
}
