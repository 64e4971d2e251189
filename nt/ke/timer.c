/*
 * timer.c - timers, and the only place where virtual time moves forward.
 *
 *   T1  KiTimerListHead is sorted by due time, then by order of insertion.
 *   T2  KiAdvanceClock expires every timer that is due, in order, then its DPC is queued to the processor
 *       that the carrier is on.
 *   T4  While schedules are explored a timer that is set may expire at any moment, whatever the time is: it is
 *       an agent (explore.c), and the clock follows.
 *   T5  To cancel a timer that is not in the queue does nothing: a DPC that it has queued runs, as drivers that look at what
 *       KeCancelTimer returned count on. [DDI:wdm/kecanceltimer]
 *   T6  A timer in the queue that is initialized anew stays there and keeps its DPC, but no longer says so: it expires,
 *       and what cancels it does not find it. To set it then would queue it twice: bug check 0x139.
 *   T3  Relative due times are kept in interrupt time; absolute ones follow changes of the system time.
 *   T7  A run that is too long is a livelock if somebody for whom it goes on (endless.c) still moves now and then. Else these have waited for half of
 *       it, and what timers and time-outs that go on by themselves bring about lets none of them go on: they come no more, and who waits waits for ever.
 * Source: nt-semantics 3.12.
 */
#include "nt/ke/ki.h"

static ULONG64
KiDueTime(PKTIMER Timer)
{
    return Timer->DueTime.QuadPart;
}

static VOID
KiLinkTimer(PKTIMER Timer)
{
    PLIST_ENTRY Entry;

    for (Entry = KiTimerListHead.Blink; Entry != &KiTimerListHead; Entry = Entry->Blink) {
        if (KiDueTime(CONTAINING_RECORD(Entry, KTIMER, TimerListEntry)) <= KiDueTime(Timer)) {
            break;
        }
    }
    InsertHeadList(Entry, &Timer->TimerListEntry); /* T1 */
    Timer->Header.Inserted = TRUE;
}

VOID
KiInsertTimer(PKTIMER Timer, LARGE_INTEGER Due, LONG Period)
{
    ULONG64 Now = Machine->time_100ns;

    Timer->Period = Period;
    Timer->Header.Absolute = Due.QuadPart >= 0;
    if (Due.QuadPart < 0) {
        Timer->DueTime.QuadPart = Now - Due.QuadPart;
    } else if ((ULONG64)Due.QuadPart <= KiBootTime + Now) {
        Timer->DueTime.QuadPart = Now;
    } else {
        Timer->DueTime.QuadPart = Due.QuadPart - KiBootTime;
    }
    Timer->Header.SignalState = 0;
    KiLinkTimer(Timer);
}

/* T6 */
static VOID
KiUnlinkTimer(PKTIMER Timer)
{
    RemoveEntryList(&Timer->TimerListEntry);
    Timer->TimerListEntry.Flink = NULL;
    Timer->Header.Inserted = FALSE;
}

BOOLEAN
KiRemoveTimer(PKTIMER Timer)
{
    if (!Timer->Header.Inserted) {
        return FALSE;
    }
    KiUnlinkTimer(Timer);
    return TRUE;
}

BOOLEAN
KiNextTimer(PULONG64 Due)
{
    if (IsListEmpty(&KiTimerListHead) || KiTimersOver) {
        return FALSE;
    }
    *Due = KiDueTime(CONTAINING_RECORD(KiTimerListHead.Flink, KTIMER, TimerListEntry));
    return TRUE;
}

static VOID
KiExpire(PKTIMER Timer)
{
    PKDPC Dpc = Timer->Dpc;

    KiUnlinkTimer(Timer);
    if (Dpc == KI_THREAD_TIMER) {
        PKTHREAD Thread = CONTAINING_RECORD(Timer, KTHREAD, Timer);

        Thread->TimerActive = 0;
        KiUnwaitThread(Thread, STATUS_TIMEOUT, 0);
        return;
    }
    Timer->Header.SignalState = 1;
    if (Timer->Period != 0) {
        Timer->DueTime.QuadPart += (ULONG64)Timer->Period * 10000;
        KiLinkTimer(Timer);
    }
    KiWaitTest(&Timer->Header, 0);
    if (Dpc != NULL &&
        KiInsertDpc(Dpc, (PVOID)(ULONG_PTR)(ULONG)(Machine->time_100ns + KiBootTime),
                    (PVOID)(ULONG_PTR)((Machine->time_100ns + KiBootTime) >> 32), FALSE)) {
        Dpc->Number |= KI_DPC_WHY;
    }
}

/* Would a run have lasted too long then? What has passed by choice does not count: explore.c, E10. */
BOOLEAN
KiIsTooLate(ULONG64 Time)
{
    return Time > KiVirtualLimit && Time - KiChosenTime > KiVirtualLimit;
}

VOID
KiAdvanceClock(ULONG64 Time)
{
    ULONG64 Due;

    if (Time > Machine->time_100ns) {
        KiChosenTime += KiTimeIsChosen ? Time - Machine->time_100ns : 0;
        if (KiIsTooLate(Time)) {
            if (Time - KiLastMove() <= KiVirtualLimit / 2) {
                KiStop(ABI_LIVELOCK, 0, NULL, NULL,
                       "the virtual time that a run may take is used up");
            }
            KiTimersOver = TRUE; /* T7 */
            return;
        }
        Machine->time_100ns = Time;
    }
    while (!Machine->explore && KiNextTimer(&Due) && Due <= Machine->time_100ns) {
        KiExpire(CONTAINING_RECORD(KiTimerListHead.Flink, KTIMER, TimerListEntry));
    }
    KiUpdateSharedTime();
}

/* T4. The time is then at least when it was due. */
VOID
KiFireTimer(PKTIMER Timer)
{
    KiAdvanceClock(KiDueTime(Timer));
    if (KiTimersOver) {
        return;
    }
    if (Timer->Dpc != KI_THREAD_TIMER) {
        Timer->Processor++;
    }
    KiExpire(Timer);
}

VOID
KiPollHostClock(VOID)
{
    ULONG64 Now = HcHostTime() - KiBootTime;
    KIRQL OldIrql = KiIrql();

    if (Now > Machine->time_100ns) {
        if (OldIrql < DISPATCH_LEVEL) {
            KiPcr()->Irql = DISPATCH_LEVEL;
        }
        KiAdvanceClock(Now);
        KiPcr()->Irql = OldIrql;
    }
}

static BOOLEAN
KiIsTimerLinked(PKTIMER Timer)
{
    for (PLIST_ENTRY Entry = KiTimerListHead.Flink; Entry != &KiTimerListHead;
         Entry = Entry->Flink) {
        if (Entry == &Timer->TimerListEntry) {
            return TRUE;
        }
    }
    return FALSE;
}

VOID NTAPI
KeInitializeTimerEx(PKTIMER Timer, TIMER_TYPE Type)
{
    if (KiIsTimerLinked(Timer)) { /* T6 */
        RtlZeroMemory(&Timer->Header, sizeof(Timer->Header));
        Timer->Period = 0;
    } else {
        RtlZeroMemory(Timer, sizeof(*Timer));
    }
    Timer->Header.Type = KiObjTimerNotification + (UCHAR)Type;
    Timer->Header.Size = KiVersion->TimerSizeIsHand ? 0 : sizeof(KTIMER) / sizeof(ULONG);
    InitializeListHead(&Timer->Header.WaitListHead);
}

VOID NTAPI
KeInitializeTimer(PKTIMER Timer)
{
    KeInitializeTimerEx(Timer, NotificationTimer);
}

static VOID
KiStartTimer(PKTIMER Timer, LARGE_INTEGER DueTime, LONG Period, PKDPC Dpc, PVOID Caller)
{
    Timer->Dpc = Dpc;
    KiNoteQueued(Timer, Caller);
    if (Machine->explore) {
        if (Timer->Processor < KI_TIMER_SEEN || !KiIsByItself()) { /* explore.c, E6 */
            Timer->Processor = KI_TIMER_SEEN;
        }
        Machine->budget = 0; /* whoever was alone is no longer */
    } else {
        Timer->Processor = 0;
    }
    KiInsertTimer(Timer, DueTime, Period);
}

VOID
KiArmTimer(PKTIMER Timer, LONG64 Due100ns, PKDPC Dpc)
{
    KiStartTimer(Timer, (LARGE_INTEGER){.QuadPart = Due100ns}, 0, Dpc, __builtin_return_address(0));
    Timer->Processor = KI_TIMER_WRITER;
}

BOOLEAN
KiDisarmTimer(PKTIMER Timer)
{
    return KiRemoveTimer(Timer);
}

static BOOLEAN
KiSetTimer(PKTIMER Timer, LARGE_INTEGER DueTime, LONG Period, PKDPC Dpc, PVOID Caller)
{
    BOOLEAN WasQueued;
    KIRQL OldIrql;

    OldIrql =
        KiLockDispatcherToWait(SP_SET_TIMER, Timer, NULL, (ULONG_PTR)Dpc | (DueTime.QuadPart >= 0));
    WasQueued = KiRemoveTimer(Timer);
    if (WasQueued && Timer->Dpc != NULL) {
        KiRemoveDpc(Timer->Dpc);
    }
    if (!WasQueued && Timer->TimerListEntry.Flink != NULL && KiIsTimerLinked(Timer)) { /* T6 */
        KeBugCheckEx(0x139 /* KERNEL_SECURITY_CHECK_FAILURE */, 3 /* a corrupt list entry */, 0, 0,
                     0);
    }
    KiStartTimer(Timer, DueTime, Period, Dpc, Caller);
    if (KiDueTime(Timer) <= Machine->time_100ns) {
        KiExpire(Timer);
    }
    KiUnlockDispatcher(OldIrql, FALSE);
    return WasQueued;
}

BOOLEAN NTAPI
KeSetTimerEx(PKTIMER Timer, LARGE_INTEGER DueTime, LONG Period, PKDPC Dpc)
{
    return KiSetTimer(Timer, DueTime, Period, Dpc, __builtin_return_address(0));
}

BOOLEAN NTAPI
KeSetTimer(PKTIMER Timer, LARGE_INTEGER DueTime, PKDPC Dpc)
{
    return KiSetTimer(Timer, DueTime, 0, Dpc, __builtin_return_address(0));
}

BOOLEAN NTAPI
KeSetCoalescableTimer(PKTIMER Timer, LARGE_INTEGER DueTime, ULONG Period, ULONG TolerableDelay,
                      PKDPC Dpc)
{
    return KiSetTimer(Timer, DueTime, (LONG)Period, Dpc, __builtin_return_address(0));
}

BOOLEAN NTAPI
KeCancelTimer(PKTIMER Timer)
{
    BOOLEAN WasQueued;
    KIRQL OldIrql;

    OldIrql = KiLockDispatcher(SP_CANCEL_TIMER, Timer);
    WasQueued = KiRemoveTimer(Timer);
    if (WasQueued && Timer->Dpc != NULL) { /* T5: else its DPC runs */
        KiRemoveDpc(Timer->Dpc);
    }
    KiUnlockDispatcher(OldIrql, FALSE);
    return WasQueued;
}

BOOLEAN NTAPI
KeReadStateTimer(PKTIMER Timer)
{
    KiLookPoint(Timer);
    return Timer->Header.SignalState != 0;
}
