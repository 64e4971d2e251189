/*
 * account.c - to what the time of a run goes, while `ntlab syscalls --summary` or `--stages` watches.
 *
 * One Linux thread runs everything, so its time is one line; whoever knows that something else begins cuts it here. What is told
 * by nobody is taken from the stamps of the observed entry (entry.S): user code ends where a service's stage 0 was stamped, and
 * goes on where its stage 16 was.
 *
 * A thread keeps what it was doing on its own stack while others run (KiAccountSwitch), so two that alternate do not mix.
 *
 * Spinning: a `pause` is a trap here, and lets others go on. Time between two of them in which the thread did nothing
 * else is a spin loop's (RtlEnterCriticalSection, an SRW lock, anybody's own). A loop without a pause that polls plain memory is
 * given one when the run stands still; one of atomic instructions alone counts as user code. What spinning costs the machine
 * that is modelled is not its time here, for each `pause` gives the rest of a turn away: turns are counted for that.
 */
#include "nt/ke/account.h"
#include "nt/ke/ki.h"

#define STAMPS KiTurn->stamp

static VOID
KiCharge(ULONG Account, ULONG64 Until)
{
    if (Until > STAMPS[ABI_STAMP_SINCE]) {
        STAMPS[ABI_STAMP_ACCOUNT + Account] += Until - STAMPS[ABI_STAMP_SINCE];
        STAMPS[ABI_STAMP_SINCE] = Until;
    }
}

static ULONG
KiNow(VOID)
{
    ULONG64 Now = STAMPS[ABI_STAMP_NOW];

    return Now < ABI_ACCOUNTS ? (ULONG)Now : ABI_ACCOUNT_USER; /* user mode can write there */
}

static BOOLEAN
KiIsBetween(ULONG64 Stamp, ULONG64 Time)
{
    return Stamp > STAMPS[ABI_STAMP_SINCE] && Stamp <= Time;
}

/* All until Time is accounted for, and Now is what went on then. */
static ULONG
KiSettle(ULONG64 Time, BOOLEAN Paused)
{
    ULONG64 Entered = STAMPS[ABI_STAMP_GATE] != 0 ? STAMPS[ABI_STAMP_GATE] : STAMPS[0];
    ULONG Now = KiNow();

    if (STAMPS[ABI_STAMP_SINCE] == 0) {
        return Now;
    }
    if (Now == ABI_ACCOUNT_LEAVE && KiIsBetween(STAMPS[16], Time)) {
        KiCharge(ABI_ACCOUNT_LEAVE, STAMPS[16]);
        Now = ABI_ACCOUNT_USER;
    }
    if ((Now == ABI_ACCOUNT_USER || Now == ABI_ACCOUNT_PAUSED) && KiIsBetween(Entered, Time)) {
        KiCharge(ABI_ACCOUNT_USER, Entered);
        Now = ABI_ACCOUNT_ENTER;
    }
    if (Now == ABI_ACCOUNT_PAUSED) {
        KiCharge(Paused ? ABI_ACCOUNT_SPIN : ABI_ACCOUNT_USER, Time);
    } else {
        KiCharge(Now, Time);
    }
    return Now;
}

VOID
KiAccountFrom(ULONG64 Time, ULONG Next)
{
    if (STAMPS[ABI_STAMP_SINCE] == 0 && Next == ABI_ACCOUNT_TELL) {
        STAMPS[ABI_STAMP_SINCE] = Time; /* the first service begins */
    }
    KiSettle(Time, FALSE);
    STAMPS[ABI_STAMP_NOW] = Next;
}

/*
 * A trap of user mode begins. One of ntdll's locks pauses at the end of a turn, too: that is no spinning. Returns what goes on
 * in user mode afterwards. */
ULONG
KiAccountTrap(const struct abi_trap *Raw)
{
    BOOLEAN Paused = (Raw->kind == ABI_TRAP_PAUSE ||
                      (Raw->kind == ABI_TRAP_POINT && (Raw->error & ABI_POINT_PAUSE) != 0)) &&
                     KiTurn->left > 0;

    if (STAMPS[ABI_STAMP_SINCE] == 0) {
        return ABI_ACCOUNT_USER;
    }
    KiSettle(__builtin_ia32_rdtsc(), Paused);
    STAMPS[ABI_STAMP_PAUSES] += Paused;
    STAMPS[ABI_STAMP_TURNS] +=
        !Paused && (Raw->kind == ABI_TRAP_PAUSE || Raw->kind == ABI_TRAP_POINT);
    STAMPS[ABI_STAMP_NOW] = Paused ? ABI_ACCOUNT_SPIN : ABI_ACCOUNT_TRAP;
    return Paused ? ABI_ACCOUNT_PAUSED : ABI_ACCOUNT_USER;
}

/* The thread, or the processor, is about to stand still: what it was doing. */
ULONG
KiAccountSwitch(VOID)
{
    ULONG Before = KiSettle(__builtin_ia32_rdtsc(), FALSE);

    STAMPS[ABI_STAMP_SWITCHES]++;
    STAMPS[ABI_STAMP_NOW] = ABI_ACCOUNT_SWITCH;
    return Before;
}

/* And goes on with it. */
VOID
KiAccountSwitched(ULONG Before)
{
    KiSettle(__builtin_ia32_rdtsc(), FALSE);
    STAMPS[ABI_STAMP_NOW] = Before;
}
