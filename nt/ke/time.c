/*
 * time.c - what time it is: virtual, or the host's with --clock host.
 *
 * Interrupt time is Machine->time_100ns; system time is the boot time plus it.
 * A query returns the time plus the asker's own count of queries (1 us each), so that who looks at the
 * clock in a loop sees it move, and no query depends on another agent's.
 *
 *   C1  Only KiAdvanceClock moves Machine->time_100ns.
 *   C2  KUSER_SHARED_DATA and KeTickCount are written when it moves.
 *   C3  The clock has ticked once before anything runs that could look: no machine starts a program at its boot's
 *       first instant, and programs take a time of 0 for one that is not known (Go's runtime stops at it).
 */
#include "nt/ke/ki.h"

#define KI_QUERY_100NS    10
#define KI_PERFORMANCE_HZ 10000000ll

static ULONG64
KiAskersTime(VOID)
{
    PKAGENT Agent = KiAgent();

    if (KiHostClock) {
        KiPollHostClock();
        return Machine->time_100ns;
    }
    KiEmptyPoint(SP_QUERY_TIME, NULL);
    return Machine->time_100ns + (ULONG64)++Agent->TimeQueries * KI_QUERY_100NS;
}

ULONG64
KiQueryInterruptTime(VOID)
{
    return Machine->time_100ns;
}

ULONG64
KiQuerySystemTime(VOID)
{
    return KiBootTime + Machine->time_100ns;
}

static VOID
KiStoreTime(volatile KSYSTEM_TIME *Where, ULONG64 Time)
{
    Where->High2Time = (LONG)(Time >> 32);
    Where->LowPart = (ULONG)Time;
    Where->High1Time = (LONG)(Time >> 32);
}

VOID
KiUpdateSharedTime(VOID)
{
    /* Read-only for the guest; the alias is not. */
    PKUSER_SHARED_DATA Shared = (PKUSER_SHARED_DATA)ABI_ALIAS(ABI_USER_SHARED_DATA);
    ULONG64 Now = Machine->time_100ns;

    KiStoreTime(&Shared->InterruptTime, Now);
    KiStoreTime(&Shared->SystemTime, KiBootTime + Now);
    KiStoreTime((volatile KSYSTEM_TIME *)&Shared->TickCount, Now / KI_TICK_100NS);
    KiStoreTime(&KeTickCount, Now / KI_TICK_100NS);
}

VOID
KiSetSystemTime(LARGE_INTEGER NewTime)
{
    LONGLONG Delta = NewTime.QuadPart - (LONGLONG)KiQuerySystemTime();

    KiBootTime += Delta;
    for (PLIST_ENTRY Entry = KiTimerListHead.Flink, Next; Entry != &KiTimerListHead; Entry = Next) {
        PKTIMER Timer = CONTAINING_RECORD(Entry, KTIMER, TimerListEntry);

        Next = Entry->Flink;
        if (Timer->Header.Absolute) { /* T3 of timer.c */
            LARGE_INTEGER Due;

            Due.QuadPart = Timer->DueTime.QuadPart + (LONGLONG)KiBootTime - Delta;
            KiRemoveTimer(Timer);
            KiInsertTimer(Timer, Due, Timer->Period);
        }
    }
    KiAdvanceClock(Machine->time_100ns);
}

VOID NTAPI
KiQuerySystemTimeService(PLARGE_INTEGER CurrentTime)
{
    CurrentTime->QuadPart = KiBootTime + KiAskersTime();
}

VOID NTAPI
KeQuerySystemTimePrecise(PLARGE_INTEGER CurrentTime)
{
    CurrentTime->QuadPart = KiBootTime + KiAskersTime();
}

ULONGLONG NTAPI
KiQueryInterruptTimeService(VOID)
{
    return KiAskersTime();
}

ULONGLONG NTAPI
KeQueryInterruptTimePrecise(PULONG64 QpcTimeStamp)
{
    ULONG64 Time = KiAskersTime();

    *QpcTimeStamp = Time;
    return Time;
}

ULONGLONG NTAPI
KeQueryUnbiasedInterruptTime(VOID)
{
    return KiAskersTime();
}

VOID NTAPI
KiQueryTickCount(PLARGE_INTEGER Count)
{
    Count->QuadPart = KiAskersTime() / KI_TICK_100NS;
}

ULONG NTAPI
KeQueryTimeIncrement(VOID)
{
    return KiTimeIncrement;
}

LARGE_INTEGER NTAPI
KeQueryPerformanceCounter(PLARGE_INTEGER Frequency)
{
    LARGE_INTEGER Counter;

    if (Frequency != NULL) {
        Frequency->QuadPart = KI_PERFORMANCE_HZ;
    }
    Counter.QuadPart = KiAskersTime();
    return Counter;
}

/* A busy wait: time passes for everybody. */
VOID NTAPI
KeStallExecutionProcessor(ULONG Microseconds)
{
    KIRQL OldIrql;

    KiEmptyPoint(SP_YIELD, NULL);
    if (KiHostClock) {
        ULONG64 End = HcHostTime() + (ULONG64)Microseconds * 10;

        while (HcHostTime() < End) {
        }
        KiPollHostClock();
        return;
    }
    OldIrql = KiIrql();
    if (OldIrql < DISPATCH_LEVEL) {
        KiPcr()->Irql = DISPATCH_LEVEL;
    }
    KiNoteMove(KiThread());
    KiAdvanceClock(Machine->time_100ns + (ULONG64)Microseconds * 10);
    KiExitDispatcher(OldIrql);
}
