/* jump.c - setjmp, longjmp, signals, and exceptions that become signals. */
#include "check.h"

#include <setjmp.h>
#include <signal.h>
#include <float.h>

static jmp_buf Buffer;
static volatile int Seen, Depth;

static void __attribute__((noinline))
Deep(int Level, int Value)
{
    volatile char Room[200];

    Room[0] = (char)Level;
    Depth = Level;
    if (Level == 0) {
        longjmp(Buffer, Value);
    }
    Deep(Level - 1, Value);
    Room[1] = 1;
}

static void
Jumps(void)
{
    volatile double Kept = 1.25;
    volatile int Count = 0, Got;

    Got = setjmp(Buffer);
    if (Got == 0) {
        Deep(20, 7);
        CHECK(!"longjmp returned");
    }
    CHECK(Got == 7 && Depth == 0 && Kept == 1.25);
    Got = setjmp(Buffer);
    if (Got == 0) {
        Deep(3, 0); /* 0 becomes 1 */
    }
    CHECK(Got == 1);
    setjmp(Buffer);
    Count++;
    if (Count < 1000) {
        longjmp(Buffer, Count);
    }
    CHECK(Count == 1000);
}

static void
OnSignal(int Signal)
{
    Seen = Signal;
}

static void
OnFault(int Signal)
{
    Seen = Signal;
    longjmp(Buffer, 5);
}

static void
Signals(void)
{
    CHECK(signal(SIGINT, OnSignal) == SIG_DFL);
    Seen = 0;
    CHECK(raise(SIGINT) == 0 && Seen == SIGINT);
    CHECK(signal(SIGINT, SIG_IGN) == SIG_DFL); /* reset before the handler ran */
    CHECK(raise(SIGINT) == 0);
    CHECK(signal(SIGINT, SIG_DFL) == SIG_IGN);
    CHECK(signal(99, OnSignal) == SIG_ERR);
    CHECK(signal(SIGTERM, OnSignal) == SIG_DFL && raise(SIGTERM) == 0 && Seen == SIGTERM);
    CHECK(signal(SIGFPE, OnSignal) == SIG_DFL && raise(SIGFPE) == 0 && Seen == SIGFPE);
}

static void
Faults(void)
{
    int i;

    for (i = 0; i < 3; i++) {
        signal(SIGSEGV, OnFault);
        Seen = 0;
        if (setjmp(Buffer) == 0) {
            volatile int *volatile Bad = (volatile int *)(unsigned long long)(i * 8);

            *Bad = 1;
            CHECK(!"no fault");
        }
        CHECK(Seen == SIGSEGV);
    }
    signal(SIGILL, OnFault);
    if (setjmp(Buffer) == 0) {
        __asm__ volatile("ud2");
    }
    CHECK(Seen == SIGILL);
    signal(SIGILL, OnFault);
    Seen = 0;
    if (setjmp(Buffer) == 0) {
        __asm__ volatile("cli"); /* a privileged instruction is an illegal one */
    }
    CHECK(Seen == SIGILL);
}

static void
Control(void)
{
    unsigned int Old = _controlfp(0, 0);
    volatile double One = 1, Three = 3;
    double Up, Down;

    _controlfp(_RC_UP, _MCW_RC);
    Up = One / Three;
    _controlfp(_RC_DOWN, _MCW_RC);
    Down = One / Three;
    _controlfp(Old, _MCW_RC);
    CHECK(Up > Down && _controlfp(0, 0) == Old);
    _clearfp();
    CHECK((_statusfp() & _EM_INEXACT) == 0);
    Up = One / Three;
    CHECK((_statusfp() & _EM_INEXACT) != 0 && Up != 0);
}

int
main(void)
{
    Jumps();
    Signals();
    Faults();
    Control();
    return Summary("jump");
}
