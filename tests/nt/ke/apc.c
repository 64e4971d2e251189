/*
 * apc.c - asynchronous procedure calls, one rule at a time: queue orders, what routines may change, nesting, regions,
 * waits, environments, removal. Most cases queue to the thread itself while it is at APC_LEVEL, and look at the order
 * in which the routines wrote their letters when it comes down.
 * [K:types-of-apcs], [K:disabling-apcs], [K:waits-and-apcs], [DDI:ntifs/zwwaitforsingleobject], [BC:1]; the routines
 * themselves are exported but not documented: nt-semantics 1.1 to 1.4.
 * NT51: guarded regions do not exist before Server 2003.
 */
#include "../threads.h"

typedef VOID(NTAPI *NORMAL)(PVOID, PVOID, PVOID);
typedef VOID(NTAPI *KERNEL)(PKAPC, NORMAL *, PVOID *, PVOID *, PVOID *);
typedef VOID(NTAPI *RUNDOWN)(PKAPC);
enum { Original, Attached, Current, Insert };
NTKERNELAPI VOID NTAPI KeInitializeApc(PKAPC, PKTHREAD, ULONG, KERNEL, RUNDOWN, NORMAL,
                                       KPROCESSOR_MODE, PVOID);
NTKERNELAPI BOOLEAN NTAPI KeInsertQueueApc(PKAPC, PVOID, PVOID, KPRIORITY);
NTKERNELAPI BOOLEAN NTAPI KeRemoveQueueApc(PKAPC);
NTKERNELAPI BOOLEAN NTAPI KeTestAlertThread(KPROCESSOR_MODE);
#ifdef NT51
#define KeEnterGuardedRegion() ((void)0)
#define KeLeaveGuardedRegion() ((void)0)
#endif

static char Log[64]; /* a letter for each routine that ran */
static ULONG Length;
static KAPC Apcs[8];
static KEVENT Event, Second, Ready;
static PVOID Arguments[3];
static BOOLEAN InApc;
static volatile LONG Stop;

static VOID
Put(char Letter)
{
    Log[Length++] = Letter;
    Log[Length] = 0;
}

static VOID
Begin(VOID)
{
    Length = 0;
    Log[0] = 0;
    Stop = 0;
    KeInitializeEvent(&Event, SynchronizationEvent, FALSE);
    KeInitializeEvent(&Second, SynchronizationEvent, FALSE);
    KeInitializeEvent(&Ready, SynchronizationEvent, FALSE);
}

static BOOLEAN
Is(const char *Expected)
{
    BOOLEAN Equal = strcmp(Log, Expected) == 0;

    if (!Equal) {
        DbgPrintEx(DPFLTR_IHVDRIVER_ID, DPFLTR_ERROR_LEVEL,
                   "ntlab-test: note %s:0 got %s, expected %s\n", NtlabCase, Log, Expected);
    }
    return Equal;
}

/* Routines that write a letter: the kernel routine's is the context, the normal one's the same in capitals. */
static VOID NTAPI
Kernel(PKAPC Apc, NORMAL *Normal, PVOID *Context, PVOID *Argument1, PVOID *Argument2)
{
    if (*Normal == NULL) {
        Put((char)(ULONG_PTR)*Argument1);
    } else {
        Put((char)(ULONG_PTR)*Context);
    }
}

static VOID NTAPI
Normal(PVOID Context, PVOID Argument1, PVOID Argument2)
{
    Put((char)((ULONG_PTR)Context - 'a' + 'A'));
    Arguments[0] = Context;
    Arguments[1] = Argument1;
    Arguments[2] = Argument2;
}

static PKAPC
Make(ULONG Index, KERNEL KernelRoutine, NORMAL NormalRoutine, char Letter)
{
    KeInitializeApc(&Apcs[Index], KeGetCurrentThread(), Original, KernelRoutine, NULL,
                    NormalRoutine, KernelMode, (PVOID)(ULONG_PTR)Letter);
    return &Apcs[Index];
}

/* A special APC finds its letter in SystemArgument1: it has no context. */
static BOOLEAN
QueueSpecial(ULONG Index, char Letter)
{
    return KeInsertQueueApc(Make(Index, Kernel, NULL, Letter), (PVOID)(ULONG_PTR)Letter, NULL, 0);
}

static BOOLEAN
QueueNormal(ULONG Index, char Letter)
{
    return KeInsertQueueApc(Make(Index, Kernel, Normal, Letter), NULL, NULL, 0);
}

static KIRQL
Raise(VOID)
{
    KIRQL Old;

    KeRaiseIrql(APC_LEVEL, &Old);
    return Old;
}

/* ---- queue and delivery ---- */

static VOID
SpecialRunsAtOnce(VOID)
{
    Begin();
    EXPECT(
        QueueSpecial(0, 'a')); /* to the current thread at PASSIVE_LEVEL: before the call returns */
    EXPECT(Is("a"));
    EXPECT(QueueNormal(0, 'b'));
    EXPECT(Is("abB")); /* the kernel routine, then the normal routine */
}

static VOID
SpecialBeforeNormal(VOID)
{
    KIRQL Old;

    Begin();
    Old = Raise();
    QueueNormal(0, 'a');
    QueueSpecial(1, 'b');
    QueueNormal(2, 'c');
    QueueSpecial(3, 'd');
    EXPECT(Is("")); /* nothing at APC_LEVEL */
    KeLowerIrql(Old);
    EXPECT(Is("bdaAcC")); /* special ones in their order, then normal ones in theirs */
}

static VOID
NoNormalRoutineMeansSpecial(VOID)
{
    Begin();
    KeInitializeApc(&Apcs[0], KeGetCurrentThread(), Original, Kernel, NULL, NULL, UserMode,
                    (PVOID)'x');
    EXPECT_EQ(Apcs[0].ApcMode, KernelMode); /* the mode and the context are forced */
    EXPECT_EQ(Apcs[0].NormalContext, NULL);
    EXPECT(KeInsertQueueApc(&Apcs[0], (PVOID)'a', NULL, 0));
    EXPECT(Is("a"));
}

static VOID
InsertedOnce(VOID)
{
    KIRQL Old;

    Begin();
    Old = Raise();
    EXPECT(QueueNormal(0, 'a'));
    EXPECT(!KeInsertQueueApc(&Apcs[0], (PVOID)1, (PVOID)2, 0)); /* it is in the queue already */
    KeLowerIrql(Old);
    EXPECT(Is("aA"));
    EXPECT_EQ(Arguments[1], NULL);                             /* and nothing of it was changed */
    EXPECT(KeInsertQueueApc(&Apcs[0], (PVOID)1, (PVOID)2, 0)); /* when it has run, again */
    EXPECT(Is("aAaA"));
    EXPECT_EQ(Arguments[1], 1);
    EXPECT_EQ(Arguments[2], 2);
}

static VOID
Remove(VOID)
{
    KIRQL Old;

    Begin();
    Old = Raise();
    QueueNormal(0, 'a');
    QueueNormal(1, 'b');
    EXPECT(KeRemoveQueueApc(&Apcs[0]));
    EXPECT(!KeRemoveQueueApc(&Apcs[0])); /* it was not queued */
    KeLowerIrql(Old);
    EXPECT(Is("bB"));
    Old = Raise();
    QueueSpecial(0, 'c');
    EXPECT(KeRemoveQueueApc(&Apcs[0]));
    KeLowerIrql(Old);
    EXPECT(Is("bB"));
    EXPECT(QueueSpecial(0, 'd')); /* removed is as good as new */
    EXPECT(Is("bBd"));
}

static VOID NTAPI
Frees(PKAPC Apc, NORMAL *NormalRoutine, PVOID *Context, PVOID *Argument1, PVOID *Argument2)
{
    Put('f');
    ExFreePool(Apc);
}

static VOID
KernelRoutineFreesTheApc(VOID)
{
    PKAPC Apc = ExAllocatePoolWithTag(NonPagedPool, sizeof(KAPC), 'cpaT');

    Begin();
    KeInitializeApc(Apc, KeGetCurrentThread(), Original, Frees, NULL, Normal, KernelMode,
                    (PVOID)'a');
    EXPECT(KeInsertQueueApc(Apc, NULL, NULL, 0));
    EXPECT(Is("fA")); /* the normal routine runs all the same */
}

static VOID NTAPI
Changes(PKAPC Apc, NORMAL *NormalRoutine, PVOID *Context, PVOID *Argument1, PVOID *Argument2)
{
    EXPECT_EQ(*NormalRoutine, Normal);
    EXPECT_EQ(*Context, 'a');
    EXPECT_EQ(*Argument1, 5);
    EXPECT_EQ(*Argument2, 6);
    *Context = (PVOID)'k';
    *Argument1 = (PVOID)15;
    *Argument2 = (PVOID)16;
}

static VOID NTAPI
Other(PVOID Context, PVOID Argument1, PVOID Argument2)
{
    Put('o');
}

static VOID NTAPI
Redirects(PKAPC Apc, NORMAL *NormalRoutine, PVOID *Context, PVOID *Argument1, PVOID *Argument2)
{
    *NormalRoutine = Other;
}

static VOID NTAPI
Cancels(PKAPC Apc, NORMAL *NormalRoutine, PVOID *Context, PVOID *Argument1, PVOID *Argument2)
{
    Put('n');
    *NormalRoutine = NULL;
}

static VOID
KernelRoutineDecides(VOID)
{
    Begin();
    KeInsertQueueApc(Make(0, Changes, Normal, 'a'), (PVOID)5, (PVOID)6, 0);
    EXPECT(Is("K")); /* what it stored is what the normal routine gets */
    EXPECT_EQ(Arguments[1], 15);
    EXPECT_EQ(Arguments[2], 16);
    KeInsertQueueApc(Make(0, Redirects, Normal, 'a'), NULL, NULL, 0);
    EXPECT(Is("Ko")); /* another normal routine */
    KeInsertQueueApc(Make(0, Cancels, Normal, 'a'), NULL, NULL, 0);
    EXPECT(Is("Kon")); /* none */
    QueueNormal(1, 'b');
    EXPECT(Is("KonbB")); /* and a cancelled one is not in progress */
}

/* ---- nesting ---- */

static VOID NTAPI
QueuesBoth(PVOID Context, PVOID Argument1, PVOID Argument2)
{
    Put('<');
    QueueNormal(1, 'b');
    QueueSpecial(2, 'c');
    Put('>');
}

static VOID
NormalApcsDoNotNest(VOID)
{
    Begin();
    KeInsertQueueApc(Make(0, Kernel, QueuesBoth, 'a'), NULL, NULL, 0);
    EXPECT(Is("a<c>bB")); /* a special one interrupts a normal one; a normal one comes after it */
}

static VOID NTAPI
QueuesInKernelRoutine(PKAPC Apc, NORMAL *NormalRoutine, PVOID *Context, PVOID *Argument1,
                      PVOID *Argument2)
{
    Put('<');
    QueueSpecial(1, 'b');
    QueueNormal(2, 'c');
    Put('>');
}

static VOID
NothingInterruptsAKernelRoutine(VOID)
{
    Begin();
    KeInsertQueueApc(Make(0, QueuesInKernelRoutine, NULL, 'a'), NULL, NULL, 0);
    EXPECT(Is("<>bcC")); /* it runs at APC_LEVEL */
    Begin();
    KeInsertQueueApc(Make(0, QueuesInKernelRoutine, Normal, 'a'), NULL, NULL, 0);
    EXPECT(
        Is("<>bAcC")); /* before its normal routine begins, the IRQL falls and special ones run */
}

static VOID NTAPI
EntersRegions(PVOID Context, PVOID Argument1, PVOID Argument2)
{
    KeEnterCriticalRegion();
    QueueNormal(1, 'b');
    QueueSpecial(2, 'c');
    KeLeaveCriticalRegion();
    Put('>'); /* leaving delivers no second normal one */
    KeEnterGuardedRegion();
    QueueSpecial(2, 'd');
    Put('g');
    KeLeaveGuardedRegion();
    Put('>');
}

static VOID
NormalRoutineEntersRegions(VOID)
{
    Begin();
    KeInsertQueueApc(Make(0, Kernel, EntersRegions, 'a'), NULL, NULL, 0);
#ifdef NT51
    EXPECT(Is("ac>dg>bB"));
#else
    EXPECT(Is("ac>gd>bB"));
#endif
}

static VOID NTAPI
LeavesRegionOpen(PVOID Context, PVOID Argument1, PVOID Argument2)
{
    KeEnterCriticalRegion();
}

static VOID
NormalRoutineMayLeaveARegionOpen(VOID)
{
    Begin();
    KeInsertQueueApc(Make(0, Kernel, LeavesRegionOpen, 'a'), NULL, NULL, 0);
    EXPECT(KeAreApcsDisabled()); /* regions belong to the thread, not to the routine */
    QueueNormal(1, 'b');
    EXPECT(Is("a"));
    KeLeaveCriticalRegion();
    EXPECT(Is("abB"));
}

/* ---- regions and IRQL ---- */

static VOID
LeavingDelivers(VOID)
{
    Begin();
    KeEnterCriticalRegion();
    KeEnterCriticalRegion();
    QueueNormal(0, 'a');
    QueueSpecial(1, 'b');
    EXPECT(Is("b"));
    KeLeaveCriticalRegion();
    EXPECT(Is("b"));
    KeLeaveCriticalRegion(); /* the last one: delivered before it returns */
    EXPECT(Is("baA"));
}

#ifndef NT51
static VOID
GuardedHoldsAll(VOID)
{
    Begin();
    KeEnterGuardedRegion();
    KeEnterGuardedRegion();
    QueueNormal(0, 'a');
    QueueSpecial(1, 'b');
    EXPECT(Is(""));
    KeLeaveGuardedRegion();
    EXPECT(Is(""));
    KeLeaveGuardedRegion();
    EXPECT(Is("baA"));
}

static VOID
RegionsOfBothKinds(VOID)
{
    Begin();
    KeEnterCriticalRegion();
    KeEnterGuardedRegion();
    QueueNormal(0, 'a');
    QueueSpecial(1, 'b');
    KeLeaveCriticalRegion(); /* crossed: the guarded one is still open */
    EXPECT(Is(""));
    KeEnterCriticalRegion();
    KeLeaveGuardedRegion(); /* the critical one is still open */
    EXPECT(Is("b"));
    KeLeaveCriticalRegion();
    EXPECT(Is("baA"));
}
#endif

static VOID
LeavingAtRaisedIrql(VOID)
{
    KIRQL Old;

    Begin();
    KeEnterCriticalRegion();
    QueueNormal(0, 'a');
    Old = Raise();
    KeLeaveCriticalRegion();
    EXPECT(Is("")); /* only when the IRQL falls */
    KeLowerIrql(Old);
    EXPECT(Is("aA"));
}

static VOID
LoweringInsideARegion(VOID)
{
    KIRQL Old;

    Begin();
    KeEnterCriticalRegion();
    Old = Raise();
    QueueNormal(0, 'a');
    QueueSpecial(1, 'b');
    KeLowerIrql(Old);
    EXPECT(Is("b")); /* the region holds the normal one */
    KeLeaveCriticalRegion();
    EXPECT(Is("baA"));
}

static VOID
LoweringStepByStep(VOID)
{
    KIRQL Old;

    Begin();
    KeRaiseIrql(DISPATCH_LEVEL, &Old);
    QueueNormal(0, 'a');
    KeLowerIrql(APC_LEVEL);
    EXPECT(Is(""));
    KeLowerIrql(PASSIVE_LEVEL);
    EXPECT(Is("aA"));
}

static VOID
LocksThatLowerTheIrql(VOID)
{
    KSPIN_LOCK Lock;
    FAST_MUTEX Fast;
    KMUTEX Mutex;
    KIRQL Old;
    KLOCK_QUEUE_HANDLE Handle;

    Begin();
    KeInitializeSpinLock(&Lock);
    ExInitializeFastMutex(&Fast);
    KeInitializeMutex(&Mutex, 0);
    KeAcquireSpinLock(&Lock, &Old);
    QueueNormal(0, 'a');
    KeReleaseSpinLock(&Lock, Old);
    EXPECT(Is("aA"));
    KeAcquireInStackQueuedSpinLock(&Lock, &Handle);
    QueueNormal(0, 'b');
    KeReleaseInStackQueuedSpinLock(&Handle);
    EXPECT(Is("aAbB"));
    ExAcquireFastMutex(&Fast);
    QueueNormal(0, 'c');
    ExReleaseFastMutex(&Fast);
    EXPECT(Is("aAbBcC"));
    KeWaitForSingleObject(&Mutex, Executive, KernelMode, FALSE, NULL);
    KeWaitForSingleObject(&Mutex, Executive, KernelMode, FALSE, NULL);
    QueueNormal(0, 'd');
    KeReleaseMutex(&Mutex, FALSE);
    EXPECT(Is("aAbBcC")); /* still owned */
    KeReleaseMutex(&Mutex, FALSE);
    EXPECT(Is("aAbBcCdD"));
}

static VOID
LeftTooOften(VOID)
{
    Begin();
    KeLeaveCriticalRegion(); /* positive: enabled too often [BC:1] */
    EXPECT(KeAreApcsDisabled());
    QueueNormal(0, 'a');
    EXPECT(Is("")); /* not zero is not enabled */
    KeEnterCriticalRegion();
    EXPECT(!KeAreApcsDisabled());
    QueueSpecial(1, 'b');
    EXPECT(Is("baA") || Is("b")); /* who delivers after an enter is not documented */
    QueueNormal(2, 'c');
    EXPECT(strchr(Log, 'C') != NULL && strchr(Log, 'A') != NULL);
}

/* ---- waits ---- */

static LARGE_INTEGER Poll, Short = {.QuadPart = -10000 * 10};

static VOID
Pause(LONG Milliseconds)
{
    LARGE_INTEGER Interval = {.QuadPart = -10000ll * Milliseconds};

    KeDelayExecutionThread(KernelMode, FALSE, &Interval);
}

static VOID
PendingGoesFirst(VOID)
{
    KIRQL Old;

    Begin();
    KeSetEvent(&Event, 0, FALSE);
    Old = Raise();
    QueueNormal(0, 'a');
    EXPECT_STATUS(KeWaitForSingleObject(&Event, Executive, KernelMode, FALSE, NULL),
                  STATUS_SUCCESS);
    EXPECT(Is("")); /* a wait at APC_LEVEL delivers nothing */
    KeLowerIrql(Old);
    EXPECT(Is("aA"));
}

static VOID NTAPI
Waiter(PVOID Context)
{
    KeLeaveCriticalRegion(); /* a driver's system thread begins in one [DDI:wdm/pscreatesystemthread] */
    KeSetEvent(&Ready, 0, FALSE);
    if (KeWaitForSingleObject(&Event, Executive, KernelMode, FALSE, NULL) == STATUS_SUCCESS) {
        Put((char)(ULONG_PTR)Context);
    }
    KeEnterCriticalRegion();
}

static VOID
QueueTo(ULONG Index, PVOID Thread, KERNEL KernelRoutine, NORMAL NormalRoutine, char Letter)
{
    KeInitializeApc(&Apcs[Index], Thread, Original, KernelRoutine, NULL, NormalRoutine, KernelMode,
                    (PVOID)(ULONG_PTR)Letter);
    KeInsertQueueApc(&Apcs[Index], (PVOID)(ULONG_PTR)Letter, NULL, 0);
}

/* A wait that a kernel APC interrupted goes on at the end of the object's queue. */
static VOID
WaitGoesOnAtTheEnd(VOID)
{
    PVOID First, Last;

    Begin();
    First = StartThread(Waiter, (PVOID)'1');
    KeWaitForSingleObject(&Ready, Executive, KernelMode, FALSE, NULL);
    Pause(2);
    Last = StartThread(Waiter, (PVOID)'2');
    KeWaitForSingleObject(&Ready, Executive, KernelMode, FALSE, NULL);
    Pause(2);
    QueueTo(0, First, Kernel, NULL, 's');
    Pause(2);
    EXPECT(Is("s"));
    KeSetEvent(&Event, 0, FALSE);
    Pause(2);
    EXPECT(Is("s2")); /* the second one stood before it by then */
    KeSetEvent(&Event, 0, FALSE);
    JoinThread(First);
    JoinThread(Last);
    EXPECT(Is("s21"));
}

/* ... and one that is held back does not interrupt it: nothing is overtaken. */
static VOID NTAPI
CriticalWaiter(PVOID Context)
{
    KeSetEvent(&Ready, 0, FALSE); /* still in the region that it began in */
    KeWaitForSingleObject(&Event, Executive, KernelMode, FALSE, NULL);
    Put((char)(ULONG_PTR)Context);
    KeLeaveCriticalRegion();
    KeEnterCriticalRegion();
}

static VOID
HeldBackDoesNotInterrupt(VOID)
{
    PVOID First, Last;

    Begin();
    First = StartThread(CriticalWaiter, (PVOID)'1');
    KeWaitForSingleObject(&Ready, Executive, KernelMode, FALSE, NULL);
    Pause(2);
    Last = StartThread(CriticalWaiter, (PVOID)'2');
    KeWaitForSingleObject(&Ready, Executive, KernelMode, FALSE, NULL);
    Pause(2);
    QueueTo(0, First, Kernel, Normal, 'n');
    Pause(2);
    EXPECT(Is(""));
    KeSetEvent(&Event, 0, FALSE);
    Pause(2);
    EXPECT(Is("1nN"));
    KeSetEvent(&Event, 0, FALSE);
    JoinThread(First);
    JoinThread(Last);
    EXPECT(Is("1nN2"));
}

static VOID NTAPI
ApcLevelWaiter(PVOID Context)
{
    KIRQL Old;

    KeLeaveCriticalRegion();
    KeRaiseIrql(APC_LEVEL, &Old);
    KeSetEvent(&Ready, 0, FALSE);
    KeWaitForSingleObject(&Event, Executive, KernelMode, FALSE, NULL);
    Put((char)(ULONG_PTR)Context);
    KeLowerIrql(Old);
    KeEnterCriticalRegion();
}

static VOID
WaitAtApcLevelIsNotInterrupted(VOID)
{
    PVOID First, Last;

    Begin();
    First = StartThread(ApcLevelWaiter, (PVOID)'1');
    KeWaitForSingleObject(&Ready, Executive, KernelMode, FALSE, NULL);
    Pause(2);
    Last = StartThread(ApcLevelWaiter, (PVOID)'2');
    KeWaitForSingleObject(&Ready, Executive, KernelMode, FALSE, NULL);
    Pause(2);
    QueueTo(0, First, Kernel, NULL, 's');
    Pause(2);
    EXPECT(Is(""));
    KeSetEvent(&Event, 0, FALSE);
    Pause(2);
    EXPECT(Is("1s")); /* it has kept its place */
    KeSetEvent(&Event, 0, FALSE);
    JoinThread(First);
    JoinThread(Last);
    EXPECT(Is("1s2"));
}

static LARGE_INTEGER Ended;

static VOID NTAPI
TimedWaiter(PVOID Context)
{
    LARGE_INTEGER Timeout = {.QuadPart = -10000 * 100};

    KeLeaveCriticalRegion();
    KeSetEvent(&Ready, 0, FALSE);
    if (KeWaitForSingleObject(&Event, Executive, KernelMode, FALSE, &Timeout) == STATUS_TIMEOUT) {
        Put('t');
    }
    KeQuerySystemTime(&Ended);
    KeEnterCriticalRegion();
}

static VOID
TimeoutKeepsItsDeadline(VOID)
{
    LARGE_INTEGER Started;
    PVOID Thread;

    Begin();
    KeQuerySystemTime(&Started);
    Thread = StartThread(TimedWaiter, NULL);
    KeWaitForSingleObject(&Ready, Executive, KernelMode, FALSE, NULL);
    for (ULONG Index = 0; Index < 4; Index++) {
        Pause(20);
        QueueTo(0, Thread, Kernel, NULL, 's');
    }
    JoinThread(Thread);
    EXPECT(Is("sssst"));
    EXPECT(Ended.QuadPart - Started.QuadPart >= 10000 * 100);
    EXPECT(Ended.QuadPart - Started.QuadPart < 10000 * 120); /* four interruptions cost nothing */
}

static VOID NTAPI
WaitsItself(PVOID Context, PVOID Argument1, PVOID Argument2)
{
    Put('<');
    KeSetEvent(&Ready, 0, FALSE);
    KeWaitForSingleObject(&Second, Executive, KernelMode, FALSE, NULL);
    Put('>');
}

/* A normal routine may wait; then the outer wait goes on with its own object. */
static VOID
NormalRoutineWaits(VOID)
{
    PVOID Thread;

    Begin();
    Thread = StartThread(Waiter, (PVOID)'1');
    KeWaitForSingleObject(&Ready, Executive, KernelMode, FALSE, NULL);
    Pause(2);
    QueueTo(0, Thread, Kernel, WaitsItself, 'a');
    KeWaitForSingleObject(&Ready, Executive, KernelMode, FALSE, NULL);
    KeSetEvent(&Event, 0, FALSE); /* it does not wait for this one now */
    Pause(2);
    EXPECT(Is("a<"));
    QueueTo(1, Thread, Kernel, NULL, 's');   /* interrupts the wait of the normal routine */
    QueueTo(2, Thread, Kernel, Normal, 'b'); /* does not */
    Pause(2);
    EXPECT(Is("a<s"));
    KeSetEvent(&Second, 0, FALSE);
    JoinThread(Thread);
    EXPECT(Is("a<s>bB1")); /* all APCs before the wait ends, though its event was set */
}

/* KePulseEvent lets go who waits at that moment: who runs an APC then has missed it. */
static VOID
ApcMissesAPulse(VOID)
{
    PVOID Thread;

    Begin();
    Thread = StartThread(Waiter, (PVOID)'1');
    KeWaitForSingleObject(&Ready, Executive, KernelMode, FALSE, NULL);
    Pause(2);
    QueueTo(0, Thread, Kernel, WaitsItself, 'a');
    KeWaitForSingleObject(&Ready, Executive, KernelMode, FALSE, NULL);
    KePulseEvent(&Event, 0, FALSE);
    KeSetEvent(&Second, 0, FALSE);
    Pause(2);
    EXPECT(Is("a<>")); /* it waits again */
    KePulseEvent(&Event, 0, FALSE);
    JoinThread(Thread);
    EXPECT(Is("a<>1"));
}

static KMUTEX Mutant;

static VOID NTAPI
Spinner(PVOID Context)
{
    KeLeaveCriticalRegion();
    KeSetEvent(&Ready, 0, FALSE);
    while (!Stop) {
        YieldProcessor();
    }
    Put('e');
    KeEnterCriticalRegion();
}

/* The target runs on another processor: it is interrupted there, it need not call anything. */
static VOID
InterruptsARunningThread(VOID)
{
    PVOID Thread;

    Begin();
    Thread = StartThread(Spinner, NULL);
    KeWaitForSingleObject(&Ready, Executive, KernelMode, FALSE, NULL);
    QueueTo(0, Thread, Kernel, NULL, 's');
    QueueTo(1, Thread, Kernel, Normal, 'n');
    Pause(20);
    EXPECT(Is("snN"));
    Stop = 1;
    JoinThread(Thread);
    EXPECT(Is("snNe"));
}

static VOID NTAPI
MutexWaiter(PVOID Context)
{
    KeLeaveCriticalRegion();
    KeSetEvent(&Ready, 0, FALSE);
    KeWaitForSingleObject(&Mutant, Executive, KernelMode, FALSE, NULL);
    Put('m');
    KeWaitForSingleObject(&Second, Executive, KernelMode, FALSE, NULL);
    KeReleaseMutex(&Mutant, FALSE);
    Put('r');
    KeEnterCriticalRegion();
}

/* Whoever releases a mutex puts the next owner into its region: from then on normal APCs are held. */
static VOID
MutexIsGivenWithItsRegion(VOID)
{
    PVOID Thread;

    Begin();
    KeInitializeMutex(&Mutant, 0);
    KeWaitForSingleObject(&Mutant, Executive, KernelMode, FALSE, NULL);
    Thread = StartThread(MutexWaiter, NULL);
    KeWaitForSingleObject(&Ready, Executive, KernelMode, FALSE, NULL);
    Pause(2);
    KeReleaseMutex(&Mutant, FALSE);
    QueueTo(0, Thread, Kernel, Normal, 'n');
    Pause(2);
    EXPECT(Is("m"));
    KeSetEvent(&Second, 0, FALSE);
    JoinThread(Thread);
    EXPECT(Is("mnNr")); /* delivered by the release */
}

/* ---- alerts of a kernel thread ---- */

static VOID
TestAlertIsFalse(VOID)
{
    EXPECT(!KeTestAlertThread(KernelMode)); /* nobody has alerted it */
    EXPECT(!KeTestAlertThread(UserMode));
}

/* ---- environments ---- */

static VOID
InsertEnvironment(VOID)
{
    Begin();
    KeInitializeApc(&Apcs[0], KeGetCurrentThread(), Insert, Kernel, NULL, Normal, KernelMode,
                    (PVOID)'a');
    KeInsertQueueApc(&Apcs[0], NULL, NULL, 0); /* the environment at the moment of the insertion */
    EXPECT(Is("aA"));
    EXPECT_EQ(Apcs[0].ApcStateIndex, Original);
    KeInitializeApc(&Apcs[0], KeGetCurrentThread(), Current, Kernel, NULL, Normal, KernelMode,
                    (PVOID)'b');
    EXPECT_EQ(Apcs[0].ApcStateIndex, Original); /* the environment at initialisation */
}

static VOID
RemovedWhileHeld(VOID)
{
    Begin();
    KeEnterCriticalRegion();
    QueueNormal(0, 'a');
    QueueNormal(1, 'b');
    EXPECT(KeRemoveQueueApc(&Apcs[0]));
    KeLeaveCriticalRegion();
    EXPECT(Is("bB"));
    KeEnterCriticalRegion();
    QueueNormal(0, 'c');
    EXPECT(KeRemoveQueueApc(&Apcs[0]));
    KeLeaveCriticalRegion();
    EXPECT(Is("bB"));
}

TEST_DRIVER(TEST(SpecialRunsAtOnce), TEST(SpecialBeforeNormal), TEST(NoNormalRoutineMeansSpecial),
            TEST(InsertedOnce), TEST(Remove), TEST(KernelRoutineFreesTheApc),
            TEST(KernelRoutineDecides), TEST(NormalApcsDoNotNest),
            TEST(NothingInterruptsAKernelRoutine), TEST(NormalRoutineEntersRegions),
            TEST(NormalRoutineMayLeaveARegionOpen), TEST(LeavingDelivers),
#ifndef NT51
            TEST(GuardedHoldsAll), TEST(RegionsOfBothKinds),
#endif
            TEST(LeavingAtRaisedIrql), TEST(LoweringInsideARegion), TEST(LoweringStepByStep),
            TEST(LocksThatLowerTheIrql), TEST(LeftTooOften), TEST(PendingGoesFirst),
            TEST(WaitGoesOnAtTheEnd), TEST(HeldBackDoesNotInterrupt),
            TEST(WaitAtApcLevelIsNotInterrupted), TEST(TimeoutKeepsItsDeadline),
            TEST(NormalRoutineWaits), TEST(ApcMissesAPulse), TEST(InterruptsARunningThread),
            TEST(MutexIsGivenWithItsRegion), TEST(TestAlertIsFalse), TEST(InsertEnvironment),
            TEST(RemovedWhileHeld))
