/*
 * spin.c - programs that poll memory: mutual exclusion without the kernel, and flags. PROGRAM selects one.
 *
 *     PETERSON  two threads, one section each
 *     LAMPORT   Lamport's fast mutex, N threads
 *     SZYMANSKI two threads
 *     DEKKER    two threads, each tries once: a flag, a look at the other's
 *     TAS       N threads, a lock taken by exchange, with a pause; CAS: by compare-exchange
 *     FLAG      one sets, N wait
 *     NEVER     nobody sets what one waits for
 *     COUNTED   gives up after three looks
 */
#include "program.h"

#define PETERSON  1
#define LAMPORT   2
#define SZYMANSKI 3
#define DEKKER    4
#define TAS       5
#define CAS       6
#define FLAG      7
#define NEVER     8
#define COUNTED   9

#ifdef PAUSE
#define RELAX() YieldProcessor()
#else
#define RELAX()
#endif
#define END() PsTerminateSystemThread(STATUS_SUCCESS)

static volatile LONG Inside, Going, Lock, Tries;
static volatile LONG Want[2], Turn;

#if PROGRAM == PETERSON
static VOID NTAPI
Thread(PVOID Context)
{
    ULONG Self = (ULONG)(ULONG_PTR)Context, Other = 1 - Self;

    Want[Self] = 1;
    Turn = (LONG)Other;
    while (Want[Other] && Turn == (LONG)Other) {
        RELAX();
    }
#ifdef SECTION
    BAD(Inside != 0);
    Inside = 1;
    Inside = 0;
#endif
    Want[Self] = 0;
    END();
}
#elif PROGRAM == TAS
static VOID NTAPI
Thread(PVOID Context)
{
    while (InterlockedExchange(&Lock, 1) != 0) {
        RELAX();
    }
    Inside++;
    InterlockedExchange(&Lock, 0);
    END();
}
#elif PROGRAM == CAS
static VOID NTAPI
Thread(PVOID Context)
{
    while (InterlockedCompareExchange(&Lock, 1, 0) != 0) {
        RELAX();
    }
    Inside++;
    InterlockedExchange(&Lock, 0);
    END();
}
#elif PROGRAM == FLAG || PROGRAM == NEVER
static VOID NTAPI
Thread(PVOID Context)
{
    if (Context == NULL) {
        Turn = 1;
        if (PROGRAM == FLAG) {
            Going = 1;
        }
    } else {
        while (Going == 0) {
            RELAX();
        }
    }
    END();
}
#elif PROGRAM == COUNTED
static VOID NTAPI
Thread(PVOID Context)
{
    static LONG Count; /* in memory, on purpose */

    if (Context == NULL) {
        Going = 1;
    } else {
        for (*(volatile LONG *)&Count = 0; Going == 0 && *(volatile LONG *)&Count < 3;) {
            (*(volatile LONG *)&Count)++;
            RELAX();
        }
        BAD(Count == 3);
    }
    END();
}
#endif

static VOID
Program(VOID)
{
    for (ULONG Index = 0; Index < N; Index++) {
        Start(Thread, Index);
    }
}
