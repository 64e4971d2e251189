/*
 * atomics.c - programs whose races are atomic instructions; nothing in them is instrumented.
 *
 *     AINC       N threads increment one counter
 *     CASROT     thread j exchanges j for j + 1: who comes too early changes nothing
 *     INDEXER    N threads put 4 messages each into a table of 128, by compare-exchange
 *     USERS      flag, then free: a user tests the flag, then uses; N users (plain accesses)
 *     COMPLETERS two that complete a request if nobody cancelled: read and clear, or one exchange
 */
#include "program.h"

#define AINC       1
#define CASROT     2
#define INDEXER    4
#define USERS      6
#define COMPLETERS 7

#define END() PsTerminateSystemThread(STATUS_SUCCESS)

#if PROGRAM == AINC
static volatile LONG x;

static VOID NTAPI
Thread(PVOID Context)
{
    InterlockedIncrement(&x);
    END();
}

static VOID
Program(VOID)
{
    for (ULONG Index = 0; Index < N; Index++) {
        Start(Thread, Index);
    }
}
#elif PROGRAM == CASROT
static volatile LONG x;

static VOID NTAPI
Thread(PVOID Context)
{
    LONG j = (LONG)(LONG_PTR)Context;

    InterlockedCompareExchange(&x, j + 1, j);
    END();
}

static VOID
Program(VOID)
{
    for (ULONG Index = 0; Index < N; Index++) {
        Start(Thread, Index);
    }
}
#elif PROGRAM == INDEXER
static volatile LONG Table[128];

static VOID NTAPI
Thread(PVOID Context)
{
    LONG Id = (LONG)(LONG_PTR)Context;

    for (LONG Message = 1; Message <= 4; Message++) {
        LONG Word = Message * 11 + Id;
        LONG Hash = (Word * 7) % 128;

        while (InterlockedCompareExchange(&Table[Hash], Word, 0) != 0) {
            Hash = (Hash + 1) % 128;
        }
    }
    END();
}

static VOID
Program(VOID)
{
    for (ULONG Index = 0; Index < N; Index++) {
        Start(Thread, Index);
    }
}
#elif PROGRAM == USERS
static volatile LONG Going, Freed;

static VOID NTAPI
User(PVOID Context)
{
    if (Going == 0) {
        BAD(Freed != 0);
    }
    END();
}

static VOID NTAPI
Freer(PVOID Context)
{
    Going = 1;
    Freed = 1;
    END();
}

static VOID
Program(VOID)
{
    Start(Freer, 0);
    for (ULONG Index = 0; Index < N; Index++) {
        Start(User, Index);
    }
}
#elif PROGRAM == COMPLETERS
static volatile LONG Cancel = 1, Completed[2];

static VOID NTAPI
Completer(PVOID Context)
{
    ULONG Self = (ULONG)(ULONG_PTR)Context;
    LONG Mine;

#ifdef PLAIN
    Mine = Cancel;
    if (Mine != 0) {
        Cancel = 0;
    }
#else
    Mine = InterlockedExchange(&Cancel, 0);
#endif
    Completed[Self] = Mine;
    END();
}

static VOID
Program(VOID)
{
    Start(Completer, 0);
    Start(Completer, 1);
    Join();
    BAD(Completed[0] + Completed[1] != 1);
}
#endif
