/*
 * classic.c - textbook algorithms on plain and atomic memory, and litmus tests of any size. PROGRAM selects one.
 *
 *     TICKET   N threads and a ticket lock: N!
 *     MCS      N threads and Mellor-Crummey and Scott's queue lock
 *     BAKERY   Lamport's bakery, two threads
 *     SEQLOCK  one writes two words, N readers look once
 *     DCL      N threads, double-checked locking: one is the first in the lock; each other one has looked before it is done, and is in the
 *              lock later, in some order, or looks then: N = 2: 4; N = 3: 3 (2 + 2 + 1)
 *     BARRIER  N threads at a barrier of a counter and a flag: N!
 *     TREIBER  N threads push onto a stack of compare-exchanges: who fails tries again. N = 2: each first, the other one has looked or not: 4
 *     RING     one puts N items into a ring of one slot, one takes them: 1
 *     SB(N)    x[i] = 1; read x[i + 1], in a circle of N: every set of who sees 0 but the one that would be a circle: 2^N - 1
 *     LB(N)    read x[i]; x[i + 1] = 1, likewise: 2^N - 1
 *     WW(N)    x[i] = 1; x[i + 1] = 2, likewise: 2^N - 1
 *     CO(N)    N threads write one word, nobody reads: N!
 *     MP(N)    one writes N words upwards, one reads them downwards: who reads 1 from word i reads it from all below: N + 1
 *     RMW(N)   N threads write one word each and add one to one counter: N!
 *     LAST     a word is written by each of N threads, the last one (by a counter) reads all: N!
 */
#include "program.h"

#define TICKET  1
#define MCS     2
#define BAKERY  3
#define SEQLOCK 4
#define DCL     5
#define BARRIER 6
#define TREIBER 7
#define RING    8
#define SB      9
#define LB      10
#define WW      11
#define CO      12
#define MP      13
#define RMW     14
#define LAST    15

static volatile LONG x[8], y, Next, Serving, Sequence, Full;
static volatile LONG Choosing[2], Number[2];

typedef struct _CELL {
    struct _CELL *volatile Next;
    volatile LONG Locked;
} CELL;
static CELL Cell[8];
static CELL *volatile Top;

static VOID NTAPI
Thread(PVOID Context)
{
    ULONG Self = (ULONG)(ULONG_PTR)Context, Other = (Self + 1) % N;
    LONG Mine, Seen, Then;

    switch (PROGRAM) {
    case TICKET:
        Mine = InterlockedIncrement(&Next) - 1;
        while (Serving != Mine) {
        }
        Serving = Mine + 1;
        break;
    case MCS: {
        CELL *Me = &Cell[Self], *Before = InterlockedExchangePointer((PVOID)&Top, Me);

        if (Before != NULL) {
            Me->Locked = 1;
            Before->Next = Me;
            while (Me->Locked != 0) {
            }
        }
        if (Me->Next == NULL) {
            if (InterlockedCompareExchangePointer((PVOID)&Top, NULL, Me) == Me) {
                break;
            }
            while (Me->Next == NULL) {
            }
        }
        Me->Next->Locked = 0;
        break;
    }
    case BAKERY:
        Choosing[Self] = 1;
        Mine = Number[Other] + 1;
        Number[Self] = Mine;
        Choosing[Self] = 0;
        while (Choosing[Other] != 0) {
        }
        for (;;) {
            Seen = Number[Other];
            if (Seen == 0 || Mine < Seen || (Mine == Seen && Self < Other)) {
                break;
            }
        }
        Number[Self] = 0;
        break;
    case SEQLOCK:
        if (Self == 0) {
            Sequence = 1;
            x[0] = 1;
            x[1] = 1;
            Sequence = 2;
        } else {
            Then = Sequence;
            Mine = x[0];
            Seen = x[1];
            BAD(Then % 2 == 0 && Then == Sequence && Mine != Seen);
        }
        break;
    case DCL:
        if (x[0] == 0) {
            while (InterlockedExchange(&Next, 1) != 0) {
            }
            if (x[0] == 0) {
                y = y + 1;
                x[0] = 1;
            }
            Next = 0;
        }
        BAD(y != 1);
        break;
    case BARRIER:
        if (InterlockedIncrement(&Next) == N) {
            Full = 1;
        }
        while (Full == 0) {
        }
        break;
    case TREIBER: {
        CELL *Old;

        do {
            Old = Top;
            Cell[Self].Next = Old;
        } while (InterlockedCompareExchangePointer((PVOID)&Top, &Cell[Self], Old) != Old);
        break;
    }
    case RING:
        for (ULONG Index = 0; Index < N; Index++) {
            if (Self == 0) {
                while (Full != 0) {
                }
                x[0] = (LONG)Index;
                Full = 1;
            } else {
                while (Full == 0) {
                }
                Mine = x[0];
                BAD(Mine != (LONG)Index);
                Full = 0;
            }
        }
        break;
    case SB:
        x[Self] = 1;
        (VOID) x[Other];
        break;
    case LB:
        (VOID) x[Self];
        x[Other] = 1;
        break;
    case WW:
        x[Self] = 1;
        x[Other] = 2;
        break;
    case CO:
        x[0] = (LONG)Self;
        break;
    case MP:
        for (ULONG Index = 0; Index < N; Index++) {
            if (Self == 0) {
                x[Index] = 1;
            } else {
                (VOID) x[N - 1 - Index];
            }
        }
        break;
    case RMW:
        x[Self] = 1;
        InterlockedIncrement(&y);
        break;
    case LAST:
        x[Self] = 1;
        if (InterlockedIncrement(&y) == N) {
            for (ULONG Index = 0; Index < N; Index++) {
                BAD(x[Index] == 0);
            }
        }
        break;
    }
    PsTerminateSystemThread(STATUS_SUCCESS);
}

static VOID
Program(VOID)
{
    ULONG Count = PROGRAM == RING || PROGRAM == MP ? 2 : PROGRAM == SEQLOCK ? N + 1 : N;

    for (ULONG Index = 0; Index < Count; Index++) {
        Start(Thread, Index);
    }
}
