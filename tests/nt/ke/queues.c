/*
 * queues.c - two queues against a model: five threads remove entries, one or several at once, with time-outs and without, run on or wait for something
 * else, go over to the other queue, run kernel APCs; entries are put at the tail and at the head. 400 random steps; after each it is asked who waits still, what
 * each has got and how many entries there are. The model, of [DDI:ntifs/keinitializequeue, keinsertqueue, keremovequeue, keremovequeueex, kerundownqueue] and
 * [K:driver-managed-queues]: an entry is given out while fewer than MaximumCount of the queue's threads run; who waits for anything else does not count; the
 * thread that came last goes on first; a thread belongs to the queue that it asked last.
 */
#define THREADS 5
#define TICK    140 /* ms */
#define SEED    5
#include "ticks.h"

NTKERNELAPI ULONG NTAPI KeRemoveQueueEx(PKQUEUE, KPROCESSOR_MODE, BOOLEAN, PLARGE_INTEGER,
                                        PLIST_ENTRY *, ULONG);

#define QUEUES 2
#define ITEMS  12
#define MOST   3 /* at once */
#define STEPS  400

enum { Remove, RemoveEx, Run };

static const ULONG Maximum[QUEUES] = {1, 2};

static struct {
    KQUEUE Real;
    /* The model's. */
    ULONG Entry[ITEMS], Entries, Waiter[THREADS], Waiters, Running;
} Queue[QUEUES];

static struct {
    volatile BOOLEAN Stop;
    ULONG From, Count;
    BOOLEAN Timed;
    LARGE_INTEGER Timeout;
    ULONG Taken;
    PLIST_ENTRY Got[MOST];
    /* The model's. */
    BOOLEAN Waits, Runs;
    ULONG Member; /* QUEUES: of none */
    LONG Due;
    ULONG WantedTaken;
    PLIST_ENTRY Wanted[MOST];
} Thread[THREADS];

static LIST_ENTRY Item[ITEMS];
static BOOLEAN Free[ITEMS];

static struct {
    ULONG Busy, Taken, Got, State, Returned, Apcs;
} Wrong;

/* ---- the model ---- */

static ULONG
TakeEntry(ULONG q)
{
    ULONG First = Queue[q].Entry[0];

    Queue[q].Entries--;
    memmove(&Queue[q].Entry[0], &Queue[q].Entry[1], Queue[q].Entries * sizeof(ULONG));
    return First;
}

static VOID
Leave(ULONG q, ULONG t)
{
    ULONG Kept = 0;

    for (ULONG i = 0; i < Queue[q].Waiters; i++) {
        if (Queue[q].Waiter[i] != t) {
            Queue[q].Waiter[Kept++] = Queue[q].Waiter[i];
        }
    }
    Queue[q].Waiters = Kept;
}

static VOID
End(ULONG t)
{
    Leave(Thread[t].From, t);
    Thread[t].Waits = FALSE;
    Thread[t].Due = NEVER;
}

static VOID
Give(ULONG t, ULONG i)
{
    ULONG q = Thread[t].From;

    Thread[t].Wanted[0] = &Item[i];
    Thread[t].WantedTaken = 1;
    Free[i] = TRUE;
    while (Thread[t].WantedTaken < Thread[t].Count && Queue[q].Entries != 0) {
        i = TakeEntry(q);
        Thread[t].Wanted[Thread[t].WantedTaken++] = &Item[i];
        Free[i] = TRUE;
    }
    End(t);
}

/* Those who wait get what there is; each of them is idle again before the next one. */
static VOID
HandOut(ULONG q)
{
    while (Queue[q].Entries != 0 && Queue[q].Waiters != 0 && Queue[q].Running < Maximum[q]) {
        Give(Queue[q].Waiter[Queue[q].Waiters - 1], TakeEntry(q));
    }
}

static VOID
Answer(ULONG t, NTSTATUS Status)
{
    Thread[t].Wanted[0] = (PLIST_ENTRY)(LONG_PTR)Status;
    Thread[t].WantedTaken = 1;
    End(t);
}

static VOID
Ask(ULONG t, LONG Due)
{
    ULONG q = Thread[t].From;

    Thread[t].Member = q;
    Thread[t].Waits = TRUE;
    if (Queue[q].Entries != 0 && Queue[q].Running < Maximum[q]) {
        Give(t, TakeEntry(q));
        HandOut(q);
    } else if (Thread[t].Timed && Thread[t].Timeout.QuadPart == 0) {
        Answer(t, STATUS_TIMEOUT);
    } else {
        Queue[q].Waiter[Queue[q].Waiters++] = t;
        Thread[t].Due = Due;
    }
}

static VOID
SetRunning(ULONG t, BOOLEAN Runs)
{
    ULONG q = Thread[t].Member;

    Thread[t].Runs = Runs;
    if (q != QUEUES) {
        Queue[q].Running += Runs ? 1 : -1;
        HandOut(q);
    }
}

static VOID
LetTimePass(VOID)
{
    for (LONG Now = (LONG)(Step * TICK); Now < (LONG)((Step + 1) * TICK); Now += SLOT) {
        for (ULONG t = 0; t < THREADS; t++) {
            if (Thread[t].Due == Now) {
                Answer(t, STATUS_TIMEOUT);
            }
        }
    }
}

/* ---- the real ones ---- */

static VOID
Do(ULONG t, ULONG What)
{
    PLARGE_INTEGER Timeout = Thread[t].Timed ? &Thread[t].Timeout : NULL;

    switch (What) {
    case Remove:
        Thread[t].Got[0] = KeRemoveQueue(&Queue[Thread[t].From].Real, KernelMode, Timeout);
        Thread[t].Taken = 1;
        break;
    case RemoveEx:
        Thread[t].Taken = KeRemoveQueueEx(&Queue[Thread[t].From].Real, KernelMode, FALSE, Timeout,
                                          Thread[t].Got, Thread[t].Count);
        break;
    default: /* runs and does not wait */
        while (!Thread[t].Stop) {
            YieldProcessor();
            KeStallExecutionProcessor(2000);
        }
    }
}

static VOID
Prepare(VOID)
{
    for (ULONG q = 0; q < QUEUES; q++) {
        KeInitializeQueue(&Queue[q].Real, Maximum[q]);
    }
    for (ULONG i = 0; i < ITEMS; i++) {
        Free[i] = TRUE;
    }
    for (ULONG t = 0; t < THREADS; t++) {
        Thread[t].Due = NEVER;
        Thread[t].Member = QUEUES;
    }
    BeginWorkers();
}

static VOID
Look(VOID)
{
    LetTimePass();
    NextTick();
    for (ULONG t = 0; t < THREADS; t++) {
        Wrong.Busy += Worker[t].Busy != (Thread[t].Waits || Thread[t].Runs);
        Note("waits", t, Worker[t].Busy, Thread[t].Waits || Thread[t].Runs);
        Wrong.Apcs += Worker[t].Apcs != Worker[t].WantedApcs;
        if (Worker[t].Busy || Thread[t].Waits || Thread[t].Runs) {
            continue;
        }
        Wrong.Taken += Thread[t].Taken != Thread[t].WantedTaken;
        Note("took", t, Thread[t].Taken, Thread[t].WantedTaken);
        for (ULONG i = 0; i < Thread[t].WantedTaken; i++) {
            Wrong.Got += Thread[t].Got[i] != Thread[t].Wanted[i];
            Note("got", t, (ULONG_PTR)Thread[t].Got[i], (ULONG_PTR)Thread[t].Wanted[i]);
        }
    }
    for (ULONG q = 0; q < QUEUES; q++) {
        Wrong.State += KeReadStateQueue(&Queue[q].Real) != (LONG)Queue[q].Entries;
        Note("entries", q, KeReadStateQueue(&Queue[q].Real), Queue[q].Entries);
    }
}

static VOID
CommandRemove(ULONG t)
{
    LONG Due = NEVER;
    BOOLEAN Several = Draw(3) == 0;

    Thread[t].From = Draw(QUEUES);
    Thread[t].Count = Several ? 1 + Draw(MOST) : 1;
    Thread[t].Timed = Draw(2);
    if (Thread[t].Timed) {
        Due = DueAfter(Draw(6), t);
        Thread[t].Timeout.QuadPart = Draw(4) == 0 ? 0 : DrawTime(Due);
    }
    Ask(t, Due);
    Command(t, Several ? RemoveEx : Remove);
}

static VOID
Insert(ULONG q, BOOLEAN Head)
{
    LONG Before = (LONG)Queue[q].Entries, Got;
    ULONG i;

    for (i = 0; i < ITEMS && !Free[i]; i++) {
    }
    if (i == ITEMS) {
        return;
    }
    Free[i] = FALSE;
    if (Head) {
        memmove(&Queue[q].Entry[1], &Queue[q].Entry[0], Queue[q].Entries * sizeof(ULONG));
    }
    Queue[q].Entry[Head ? 0 : Queue[q].Entries] = i;
    Queue[q].Entries++;
    HandOut(q);
    Got = Head ? KeInsertHeadQueue(&Queue[q].Real, &Item[i])
               : KeInsertQueue(&Queue[q].Real, &Item[i]);
    Wrong.Returned += Got != Before;
    Note("returned", q, Got, Before);
}

/* Who waits and runs a kernel APC comes anew. */
static VOID
Interrupt(ULONG t)
{
    if (Thread[t].Waits) {
        Leave(Thread[t].From, t);
        Queue[Thread[t].From].Waiter[Queue[Thread[t].From].Waiters++] = t;
    }
    QueueApc(t);
}

static VOID
StartRunning(ULONG t)
{
    ULONG Runners = 0;

    for (ULONG i = 0; i < THREADS; i++) {
        Runners += Thread[i].Runs;
    }
    if (Runners < 2) {
        Thread[t].Stop = FALSE;
        Thread[t].WantedTaken = Thread[t].Taken = 0;
        SetRunning(t, TRUE);
        Command(t, Run);
    }
}

static VOID
StopRunning(ULONG t)
{
    SetRunning(t, FALSE);
    Thread[t].Stop = TRUE;
}

static VOID
One(VOID)
{
    ULONG t = Draw(THREADS);

    switch (Draw(8)) {
    case 0:
        Interrupt(t);
        break;
    case 1:
        if (Thread[t].Runs) {
            StopRunning(t);
        } else if (!Thread[t].Waits) {
            StartRunning(t);
        }
        break;
    case 2:
    case 3:
    case 4:
        if (!Thread[t].Waits && !Thread[t].Runs) {
            CommandRemove(t);
        }
        break;
    default:
        Insert(Draw(QUEUES), Draw(3) == 0);
    }
}

/* What is left in a queue comes as a ring, in its order. */
static VOID
RunDown(ULONG q)
{
    PLIST_ENTRY First, Entry;

    for (ULONG i = 0; i < 3; i++) {
        Insert(q, i == 1);
        Look();
    }
    EXPECT(Queue[q].Entries != 0);
    First = Entry = KeRundownQueue(&Queue[q].Real);
    for (ULONG i = 0; i < Queue[q].Entries; i++) {
        EXPECT_EQ(Entry, &Item[Queue[q].Entry[i]]);
        Entry = Entry->Flink;
    }
    EXPECT_EQ(Entry, First);
    Queue[q].Entries = 0;
}

static VOID
Finish(VOID)
{
    for (ULONG t = 0; t < THREADS; t++) {
        if (Thread[t].Runs) {
            StopRunning(t);
            Look();
        }
    }
    for (ULONG q = 0; q < QUEUES; q++) {
        while (Queue[q].Waiters != 0) {
            Insert(q, FALSE);
            Look();
        }
        RunDown(q);
    }
}

static VOID
Model(VOID)
{
    Prepare();
    BeginTicks();
    for (ULONG i = 0; i < STEPS; i++) {
        One();
        Look();
    }
    Finish();
    EndWorkers();
    EXPECT_EQ(Wrong.Busy, 0);
    EXPECT_EQ(Wrong.Taken, 0);
    EXPECT_EQ(Wrong.Got, 0);
    EXPECT_EQ(Wrong.State, 0);
    EXPECT_EQ(Wrong.Returned, 0);
    EXPECT_EQ(Wrong.Apcs, 0);
}

TEST_DRIVER(TEST(Model))
