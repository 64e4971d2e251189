/*
 * dispatch.c - the dispatcher against a model of it: four threads wait for events, semaphores, mutexes and timers, one, any or all of up to three, with
 * time-outs and without, while another signals, resets, pulses, sets and cancels, 700 random steps; after each it is asked who waits still, what each wait
 * has returned and the state of each object. A step is a tick of the system's time, and all that is due within a tick is due at a different time of it.
 * [DDI:wdm/kewaitforsingleobject, kewaitformultipleobjects, kedelayexecutionthread, kesetevent, keresetevent, kereleasesemaphore, kereleasemutex, kesettimerex,
 * kecanceltimer], [DDI:ntddk/kepulseevent]; waiters of one object are let go in the order in which they came [WI7:dispatcher objects], and who ran a kernel APC
 * meanwhile comes anew [K:waits-and-apcs].
 */
#define THREADS 4
#define TICK    200 /* ms */
#define SEED    11
#include "ticks.h"

#define STEPS 700
#define LIMIT 3 /* of a semaphore */

enum { Notification, Synchronization, Semaphore, Mutex, NotifyTimer, SynchTimer };
static const UCHAR Kinds[] = {Notification, Notification, Synchronization, Synchronization,
                              Semaphore,    Semaphore,    Mutex,           Mutex,
                              NotifyTimer,  SynchTimer};
#define OBJECTS RTL_NUMBER_OF(Kinds)
#define TIMERS  8 /* the first of them */

enum { WaitFor, Delay, Release, SignalAndWait };

static struct {
    union {
        KEVENT Event;
        KSEMAPHORE Semaphore;
        KMUTEX Mutex;
        KTIMER Timer;
    } Real;
    KDPC Dpc;
    volatile LONG Dpcs;
    /* The model's. */
    LONG State, WantedDpcs, Due, Period;
    ULONG Owner; /* THREADS: none */
    BOOLEAN HasDpc;
    ULONG Waiter[THREADS], Waiters;
} Object[OBJECTS];

static struct {
    volatile NTSTATUS Result;
    ULONG Count, Index[3];
    WAIT_TYPE Type;
    BOOLEAN Timed;
    LARGE_INTEGER Timeout;
    KWAIT_BLOCK Blocks[3];
    /* The model's. */
    BOOLEAN Waits;
    LONG Due;
    NTSTATUS Wanted;
} Thread[THREADS];

static struct {
    ULONG Busy, Status, State, Returned, Dpcs, Apcs;
} Wrong;

/* ---- the model ---- */

static BOOLEAN
Lets(ULONG o, ULONG t)
{
    return Object[o].State > 0 || (Kinds[o] == Mutex && Object[o].Owner == t);
}

static VOID
Take(ULONG o, ULONG t)
{
    switch (Kinds[o]) {
    case Synchronization:
    case SynchTimer:
        Object[o].State = 0;
        break;
    case Semaphore:
        Object[o].State--;
        break;
    case Mutex:
        Object[o].State--;
        Object[o].Owner = t;
        break;
    }
}

static VOID
Leave(ULONG o, ULONG t)
{
    ULONG Kept = 0;

    for (ULONG i = 0; i < Object[o].Waiters; i++) {
        if (Object[o].Waiter[i] != t) {
            Object[o].Waiter[Kept++] = Object[o].Waiter[i];
        }
    }
    Object[o].Waiters = Kept;
}

static VOID
Join(ULONG o, ULONG t)
{
    Object[o].Waiter[Object[o].Waiters++] = t;
}

static VOID
EndWait(ULONG t, NTSTATUS Status)
{
    for (ULONG i = 0; i < Thread[t].Count; i++) {
        Leave(Thread[t].Index[i], t);
    }
    Thread[t].Waits = FALSE;
    Thread[t].Due = NEVER;
    Thread[t].Wanted = Status;
}

/* Has the thread what it waits for? Then it takes it. */
static BOOLEAN
Satisfied(ULONG t, PNTSTATUS Status)
{
    ULONG Ready = 0;

    for (ULONG i = 0; i < Thread[t].Count; i++) {
        if (Lets(Thread[t].Index[i], t)) {
            Ready++;
            if (Thread[t].Type == WaitAny) {
                Take(Thread[t].Index[i], t);
                *Status = STATUS_WAIT_0 + (NTSTATUS)i;
                return TRUE;
            }
        }
    }
    if (Thread[t].Type == WaitAny || Ready < Thread[t].Count) {
        return FALSE;
    }
    for (ULONG i = 0; i < Thread[t].Count; i++) {
        Take(Thread[t].Index[i], t);
    }
    *Status = STATUS_SUCCESS;
    return TRUE;
}

/* An object has been signaled: those that came first are let go first. */
static VOID
Signaled(ULONG o)
{
    ULONG i = 0;

    while (i < Object[o].Waiters && Object[o].State > 0) {
        ULONG t = Object[o].Waiter[i];
        NTSTATUS Status;

        if (Satisfied(t, &Status)) {
            EndWait(t, Status);
            i = 0;
        } else {
            i++;
        }
    }
}

static VOID
BeginWait(ULONG t, LONG Due)
{
    NTSTATUS Status;

    Thread[t].Waits = TRUE;
    if (Worker[t].Command != Delay && Satisfied(t, &Status)) {
        EndWait(t, Status);
        return;
    }
    if (Thread[t].Timed && Thread[t].Timeout.QuadPart == 0) {
        EndWait(t, STATUS_TIMEOUT);
        return;
    }
    for (ULONG i = 0; i < Thread[t].Count; i++) {
        Join(Thread[t].Index[i], t);
    }
    Thread[t].Due = Due;
}

/* All that is due until the next tick. */
static VOID
LetTimePass(VOID)
{
    for (LONG Now = (LONG)(Step * TICK); Now < (LONG)((Step + 1) * TICK); Now += SLOT) {
        for (ULONG o = TIMERS; o < OBJECTS; o++) {
            if (Object[o].Due == Now) {
                Object[o].State = 1;
                Object[o].Due = Object[o].Period != 0 ? Now + Object[o].Period : NEVER;
                Object[o].WantedDpcs += Object[o].HasDpc;
                Signaled(o);
            }
        }
        for (ULONG t = 0; t < THREADS; t++) {
            if (Thread[t].Due == Now) {
                EndWait(t, Worker[t].Command == Delay ? STATUS_SUCCESS : STATUS_TIMEOUT);
            }
        }
    }
}

/* ---- the real ones ---- */

static NTSTATUS
ReleaseMutex(ULONG o, BOOLEAN Wait)
{
    __try {
        return KeReleaseMutex(&Object[o].Real.Mutex, Wait);
    } __except (EXCEPTION_EXECUTE_HANDLER) {
        return GetExceptionCode();
    }
}

/* What the model says of the previous state is 0 or 1, as KeReleaseMutex's "zero, if it is signaled now" is. */
static VOID
Do(ULONG t, ULONG What)
{
    PVOID Waited[3];

    for (ULONG i = 0; i < Thread[t].Count; i++) {
        Waited[i] = &Object[Thread[t].Index[i]].Real;
    }
    switch (What) {
    case SignalAndWait:
        KeReleaseSemaphore(&Object[Thread[t].Index[0] == 4 ? 5 : 4].Real.Semaphore, 0, 1, TRUE);
        /* fall through */
    case WaitFor:
        if (Thread[t].Count == 1) {
            Thread[t].Result = KeWaitForSingleObject(Waited[0], Executive, KernelMode, FALSE,
                                                     Thread[t].Timed ? &Thread[t].Timeout : NULL);
        } else {
            Thread[t].Result = KeWaitForMultipleObjects(
                Thread[t].Count, Waited, Thread[t].Type, Executive, KernelMode, FALSE,
                Thread[t].Timed ? &Thread[t].Timeout : NULL, Thread[t].Blocks);
        }
        break;
    case Delay:
        Thread[t].Result = KeDelayExecutionThread(KernelMode, FALSE, &Thread[t].Timeout);
        break;
    default:
        Thread[t].Result = ReleaseMutex(Thread[t].Index[0], FALSE);
    }
}

static VOID NTAPI
CountDpc(PKDPC Dpc, PVOID Context, PVOID Argument1, PVOID Argument2)
{
    InterlockedIncrement((volatile LONG *)Context);
}

static VOID
Prepare(VOID)
{
    for (ULONG o = 0; o < OBJECTS; o++) {
        Object[o].Due = NEVER;
        Object[o].Owner = THREADS;
        switch (Kinds[o]) {
        case Notification:
        case Synchronization:
            KeInitializeEvent(&Object[o].Real.Event,
                              Kinds[o] == Notification ? NotificationEvent : SynchronizationEvent,
                              FALSE);
            break;
        case Semaphore:
            KeInitializeSemaphore(&Object[o].Real.Semaphore, 1, LIMIT);
            Object[o].State = 1;
            break;
        case Mutex:
            KeInitializeMutex(&Object[o].Real.Mutex, 0);
            Object[o].State = 1;
            break;
        default:
            KeInitializeTimerEx(&Object[o].Real.Timer,
                                Kinds[o] == NotifyTimer ? NotificationTimer : SynchronizationTimer);
            KeInitializeDpc(&Object[o].Dpc, CountDpc, (PVOID)&Object[o].Dpcs);
        }
    }
    for (ULONG t = 0; t < THREADS; t++) {
        Thread[t].Due = NEVER;
    }
    BeginWorkers();
}

static LONG
StateOf(ULONG o)
{
    switch (Kinds[o]) {
    case Notification:
    case Synchronization:
        return KeReadStateEvent(&Object[o].Real.Event) != 0;
    case Semaphore:
        return KeReadStateSemaphore(&Object[o].Real.Semaphore);
    case Mutex:
        return KeReadStateMutex(&Object[o].Real.Mutex);
    default:
        return KeReadStateTimer(&Object[o].Real.Timer);
    }
}

static VOID
Returned(ULONG o, LONG Got, LONG Expected)
{
    Wrong.Returned += Got != Expected;
    Note("returned", o, Got, Expected);
}

/* Until the next tick; then all is as the model has it. */
static VOID
Look(VOID)
{
    LetTimePass();
    NextTick();
    for (ULONG t = 0; t < THREADS; t++) {
        Wrong.Busy += Worker[t].Busy != Thread[t].Waits;
        Note("waits", t, Worker[t].Busy, Thread[t].Waits);
        if (!Worker[t].Busy && !Thread[t].Waits) {
            Wrong.Status += Thread[t].Result != Thread[t].Wanted;
            Note("status", t, Thread[t].Result, Thread[t].Wanted);
        }
        Wrong.Apcs += Worker[t].Apcs != Worker[t].WantedApcs;
    }
    for (ULONG o = 0; o < OBJECTS; o++) {
        LONG State = StateOf(o);

        Wrong.State += State != Object[o].State;
        Note("state", o, State, Object[o].State);
        Wrong.Dpcs += Object[o].Dpcs != Object[o].WantedDpcs;
        Note("DPCs", o, Object[o].Dpcs, Object[o].WantedDpcs);
    }
}

/* When something is due that begins now. */
static LONG
DrawDue(ULONG Slot, PLARGE_INTEGER Time)
{
    LONG Due = DueAfter(Draw(4), Slot);

    Time->QuadPart = DrawTime(Due);
    return Due;
}

static VOID
CommandRelease(ULONG t, ULONG o)
{
    Thread[t].Count = 1;
    Thread[t].Index[0] = o;
    if (Object[o].Owner != t) {
        Thread[t].Wanted = STATUS_MUTANT_NOT_OWNED;
    } else {
        Thread[t].Wanted = Object[o].State; /* zero once it is signaled again */
        if (++Object[o].State == 1) {
            Object[o].Owner = THREADS;
            Signaled(o);
        }
    }
    Command(t, Release);
}

static VOID
CommandWait(ULONG t)
{
    BOOLEAN HasMutex = FALSE;
    ULONG What = Draw(8) == 0 ? Delay : Draw(6) == 0 ? SignalAndWait : WaitFor;
    LONG Due = NEVER;

    Thread[t].Count = What == Delay ? 0 : 1 + Draw(3);
    Thread[t].Type = Thread[t].Count > 1 && Draw(2) ? WaitAll : WaitAny;
    for (ULONG i = 0, o = Draw(OBJECTS); i < Thread[t].Count; i++) {
        Thread[t].Index[i] = o;
        HasMutex |= Kinds[o] == Mutex;
        o = (o + 1 + Draw(3)) % OBJECTS;
    }
    Thread[t].Timed = What == Delay || HasMutex || Draw(2);
    if (Thread[t].Timed) {
        Due = DrawDue(TIMERS + t - 4, &Thread[t].Timeout);
        if (What != Delay && Draw(4) == 0) {
            Thread[t].Timeout.QuadPart = 0;
        }
    }
    if (What == SignalAndWait) { /* one that it does not name first */
        ULONG o = Thread[t].Index[0] == 4 ? 5 : 4;

        if (Object[o].State == LIMIT) {
            What = WaitFor;
        } else {
            Object[o].State++;
            Signaled(o);
        }
    }
    Worker[t].Command = What;
    BeginWait(t, Due);
    Command(t, What);
}

static VOID
ChangeEvent(ULONG o)
{
    LONG Previous = Object[o].State;

    switch (Draw(6)) {
    case 0:
        Object[o].State = 0;
        Returned(o, KeResetEvent(&Object[o].Real.Event) != 0, Previous);
        break;
    case 1:
        Object[o].State = 0;
        KeClearEvent(&Object[o].Real.Event);
        break;
    case 2:
        Object[o].State = 1;
        if (Previous == 0) {
            Signaled(o);
        }
        Object[o].State = 0;
        Returned(o, KePulseEvent(&Object[o].Real.Event, 0, FALSE) != 0, Previous);
        break;
    default:
        Object[o].State = 1;
        Signaled(o);
        Returned(o, KeSetEvent(&Object[o].Real.Event, 0, FALSE) != 0, Previous);
    }
}

static VOID
ReleaseSemaphore(ULONG o)
{
    LONG Count = 1 + (LONG)Draw(LIMIT), Previous = Object[o].State, Got;
    BOOLEAN Fits = Previous + Count <= LIMIT;

    if (Fits) {
        Object[o].State += Count;
        Signaled(o);
    }
    __try {
        Got = KeReleaseSemaphore(&Object[o].Real.Semaphore, 0, Count, FALSE);
    } __except (EXCEPTION_EXECUTE_HANDLER) {
        Got = GetExceptionCode();
    }
    Returned(o, Got, Fits ? Previous : (LONG)STATUS_SEMAPHORE_LIMIT_EXCEEDED);
}

static VOID
ChangeTimer(ULONG o)
{
    BOOLEAN Was = Object[o].Due != NEVER;

    if (Draw(4) == 0) {
        Object[o].Due = NEVER;
        Returned(o, KeCancelTimer(&Object[o].Real.Timer), Was);
    } else {
        LARGE_INTEGER Time;

        Object[o].State = 0;
        Object[o].Due = DrawDue(o - TIMERS, &Time);
        Object[o].Period = Draw(2) ? (LONG)(1 + Draw(2)) * TICK : 0;
        Object[o].HasDpc = Draw(3) != 0;
        Returned(o,
                 KeSetTimerEx(&Object[o].Real.Timer, Time, Object[o].Period,
                              Object[o].HasDpc ? &Object[o].Dpc : NULL),
                 Was);
    }
}

/* Who waits and runs a kernel APC waits behind the others from then on. */
static VOID
Interrupt(ULONG t)
{
    for (ULONG i = 0; Thread[t].Waits && i < Thread[t].Count; i++) {
        Leave(Thread[t].Index[i], t);
        Join(Thread[t].Index[i], t);
    }
    QueueApc(t);
}

static VOID
One(VOID)
{
    ULONG t = Draw(THREADS), o = Draw(OBJECTS);

    if (Draw(2) && !Thread[t].Waits) {
        if (Draw(3) == 0) {
            CommandRelease(t, 6 + Draw(2));
        } else {
            CommandWait(t);
        }
    } else if (Draw(8) == 0) {
        Interrupt(t);
    } else if (o < 4) {
        ChangeEvent(o);
    } else if (o < 6) {
        ReleaseSemaphore(o);
    } else if (o >= TIMERS) {
        ChangeTimer(o);
    }
}

/* Everybody has what it waits for, and gives back what it has. */
static VOID
Finish(VOID)
{
    for (ULONG Round = 0; Round < 40; Round++) {
        for (ULONG o = 0; o < 4; o++) {
            Object[o].State = 1;
            Signaled(o);
            KeSetEvent(&Object[o].Real.Event, 0, FALSE);
            Look();
        }
        for (ULONG o = 4; o < 6; o++) {
            ReleaseSemaphore(o);
            Look();
        }
        for (ULONG o = TIMERS; o < OBJECTS; o++) {
            ChangeTimer(o);
            Look();
        }
    }
    for (ULONG o = 6; o < TIMERS; o++) {
        while (Object[o].Owner != THREADS && !Thread[Object[o].Owner].Waits) {
            CommandRelease(Object[o].Owner, o);
            Look();
        }
        EXPECT_EQ(Object[o].Owner, THREADS);
    }
    for (ULONG o = TIMERS; o < OBJECTS; o++) {
        KeCancelTimer(&Object[o].Real.Timer);
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
    for (ULONG t = 0; t < THREADS; t++) {
        EXPECT(!Thread[t].Waits);
    }
    EndWorkers();
    EXPECT_EQ(Wrong.Busy, 0);
    EXPECT_EQ(Wrong.Status, 0);
    EXPECT_EQ(Wrong.State, 0);
    EXPECT_EQ(Wrong.Returned, 0);
    EXPECT_EQ(Wrong.Dpcs, 0);
    EXPECT_EQ(Wrong.Apcs, 0);
}

/* [DDI:wdm: DISPATCHER_HEADER] What each is, how long it is in words, and in which state it begins. */
static VOID
Headers(VOID)
{
    static KEVENT Event;
    static KSEMAPHORE Semaphore;
    static KMUTEX Mutex;
    static KTIMER Timer;
    static KQUEUE Queue;

    for (ULONG i = 0; i < 2; i++) {
        memset(&Event, 0xEE, sizeof(Event));
        KeInitializeEvent(&Event, i != 0 ? SynchronizationEvent : NotificationEvent, i == 0);
        EXPECT_EQ(Event.Header.Type, i);
        EXPECT_EQ(Event.Header.Size, sizeof(Event) / sizeof(ULONG));
        EXPECT_EQ(Event.Header.SignalState, i == 0);
        EXPECT(IsListEmpty(&Event.Header.WaitListHead));
        memset(&Timer, 0, sizeof(Timer));
        KeInitializeTimerEx(&Timer, i != 0 ? SynchronizationTimer : NotificationTimer);
        EXPECT_EQ(Timer.Header.Type, 8 + i);
        EXPECT_EQ(Timer.Header.SignalState, FALSE);
        EXPECT(!Timer.Header.Inserted && Timer.Period == 0 && Timer.Dpc == NULL);
        EXPECT(IsListEmpty(&Timer.Header.WaitListHead));
    }
    memset(&Mutex, 0xEE, sizeof(Mutex));
    KeInitializeMutex(&Mutex, 0);
    EXPECT(Mutex.Header.Type == 2 && Mutex.Header.Size == sizeof(Mutex) / sizeof(ULONG));
    EXPECT(Mutex.Header.SignalState == 1 && Mutex.OwnerThread == NULL && !Mutex.Abandoned);
    EXPECT(Mutex.ApcDisable == 1 && IsListEmpty(&Mutex.Header.WaitListHead));
    memset(&Queue, 0xEE, sizeof(Queue));
    KeInitializeQueue(&Queue, 3);
    EXPECT(Queue.Header.Type == 4 && Queue.Header.Size == sizeof(Queue) / sizeof(ULONG));
    EXPECT(Queue.Header.SignalState == 0 && Queue.CurrentCount == 0 && Queue.MaximumCount == 3);
    EXPECT(IsListEmpty(&Queue.Header.WaitListHead) && IsListEmpty(&Queue.EntryListHead) &&
           IsListEmpty(&Queue.ThreadListHead));
    KeInitializeQueue(&Queue, 0);
    EXPECT_EQ(Queue.MaximumCount, KeQueryActiveProcessorCount(NULL));
    memset(&Semaphore, 0xEE, sizeof(Semaphore));
    KeInitializeSemaphore(&Semaphore, 2, 5);
    EXPECT(Semaphore.Header.Type == 5 &&
           Semaphore.Header.Size == sizeof(Semaphore) / sizeof(ULONG));
    EXPECT(Semaphore.Header.SignalState == 2 && Semaphore.Limit == 5);
    EXPECT(IsListEmpty(&Semaphore.Header.WaitListHead));
}

TEST_DRIVER(TEST(Headers), TEST(Model))
