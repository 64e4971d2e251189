/*
 * atomics.c - programs whose races are atomic instructions; nothing in them is instrumented.
 *
 *     AINC       N threads increment one counter
 *     CASROT     thread j exchanges j for j + 1: who comes too early changes nothing
 *     WCAS       thread j exchanges 0 for j and then, if that failed, only looks: a write and N - 1 reads
 *     INDEXER    N threads put 4 messages each into a table of 128, by compare-exchange
 *     FILESYSTEM N threads take an inode and one of its blocks; both locks are tried by compare-exchange
 *     USERS      flag, then free: a user tests the flag, then uses; N users
 *     COMPLETERS two that complete a request if nobody cancelled: read and clear, or one exchange
 *     FORMS      each form of an atomic instruction on one word, in N threads
 */
#include "program.h"

#define AINC       1
#define CASROT     2
#define INDEXER    4
#define FILESYSTEM 5
#define USERS      6
#define COMPLETERS 7
#define FORMS      8

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
static volatile LONG Going;
static volatile LONG Freed;

static VOID NTAPI
User(PVOID Context)
{
    if (InterlockedCompareExchange(&Going, 0, 0) == 0) {
        BAD(InterlockedOr(&Freed, 0) != 0);
    }
    END();
}

static VOID NTAPI
Freer(PVOID Context)
{
    InterlockedExchange(&Going, 1);
    InterlockedExchange(&Freed, 1);
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
#endif
