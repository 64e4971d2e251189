/*
 * lockfree.c - algorithms without locks as their papers have them. PROGRAM selects one; check_models.py has a model of each.
 *
 *     ABA     one pops off Treiber's stack of three, another one pops two and pushes the first one again; bad: who is in use is on top
 *     DEQUE   of Chase and Lev's deque of N items the owner takes one, a thief steals one; bad, with BUG: they have the same
 *     QUEUE   N enqueue into Michael and Scott's queue, one dequeues once
 *     HAZARD  a reader says what it uses, and looks once more before it does (not with BUG); who replaces it frees what nobody uses
 *     LOCK    N readers and a writer at a lock of one word
 *     SENSE   N threads meet twice at a barrier that turns its sense
 *     GRACE   N readers count themselves in and out, who replaces what they read waits until there are none
 */
#include "program.h"

#define ABA    1
#define DEQUE  2
#define QUEUE  3
#define HAZARD 4
#define LOCK   5
#define SENSE  6
#define GRACE  7

#define END()                        PsTerminateSystemThread(STATUS_SUCCESS)
#define EXCHANGE_IF(Place, New, Old) InterlockedCompareExchange(Place, New, Old)
#define EXCHANGE_LINK(Place, New, Old)                                                             \
    InterlockedCompareExchangePointer((PVOID volatile *)(Place), New, Old)

#if PROGRAM == ABA || PROGRAM == QUEUE
typedef struct _NODE {
    struct _NODE *volatile Next;
} NODE, *PNODE;

static NODE Node[4];
#endif

#if PROGRAM == ABA
static NODE *volatile Top;

static PNODE
Pop(VOID)
{
    PNODE First = Top, Next;

    if (First == NULL) {
        return NULL;
    }
    Next = First->Next;
    return EXCHANGE_LINK(&Top, Next, First) == First ? First : NULL;
}

static VOID NTAPI
One(PVOID Context)
{
    Pop();
    END();
}

static VOID NTAPI
Two(PVOID Context)
{
    PNODE First = Pop();

    if (First != NULL && Pop() != NULL) {
        PNODE Next = Top;

        First->Next = Next;
        EXCHANGE_LINK(&Top, First, Next);
    }
    END();
}

static VOID
Program(VOID)
{
    Node[0].Next = &Node[1];
    Node[1].Next = &Node[2];
    Top = &Node[0];
    Start(One, 0);
    Start(Two, 0);
    Join();
    BAD(Top == &Node[1]);
}
#elif PROGRAM == DEQUE
static volatile LONG Head, Tail = N;
static LONG Taken, Stolen; /* item + 1 */

static VOID NTAPI
Owner(PVOID Context)
{
    LONG Last = Tail - 1, First;

    Tail = Last;
    First = Head;
    if (First < Last) {
        Taken = Last + 1;
    } else {
        if (First == Last) {
#ifdef BUG
            Head = First + 1;
            Taken = Last + 1;
#else
            Taken = EXCHANGE_IF(&Head, First + 1, First) == First ? Last + 1 : 0;
#endif
        }
        Tail = Last + 1;
    }
    END();
}

static VOID NTAPI
Thief(PVOID Context)
{
    LONG First = Head;

    if (First < Tail && EXCHANGE_IF(&Head, First + 1, First) == First) {
        Stolen = First + 1;
    }
    END();
}

static VOID
Program(VOID)
{
    Start(Owner, 0);
    Start(Thief, 0);
    Join();
    BAD(Taken != 0 && Taken == Stolen);
}
#elif PROGRAM == QUEUE
static NODE *volatile Head = &Node[0], *volatile Tail = &Node[0];

static VOID NTAPI
Enqueue(PVOID Context)
{
    PNODE Mine = &Node[(ULONG_PTR)Context];

    for (;;) {
        PNODE Last = Tail, Next = Last->Next;

        if (Next != NULL) {
            EXCHANGE_LINK(&Tail, Next, Last);
        } else if (EXCHANGE_LINK(&Last->Next, Mine, NULL) == NULL) {
            EXCHANGE_LINK(&Tail, Mine, Last);
            break;
        }
    }
    END();
}

static VOID NTAPI
Dequeue(PVOID Context)
{
    PNODE First = Head, Last = Tail, Next = First->Next;

    if (Next != NULL) {
        if (First == Last) {
            EXCHANGE_LINK(&Tail, Next, Last);
        } else {
            EXCHANGE_LINK(&Head, Next, First);
        }
    }
    END();
}

static VOID
Program(VOID)
{
    for (ULONG Index = 1; Index <= N; Index++) {
        Start(Enqueue, Index);
    }
    Start(Dequeue, 0);
}
#elif PROGRAM == HAZARD
static volatile LONG Freed[2], *volatile Current = &Freed[0], *volatile Used;

static VOID NTAPI
Reader(PVOID Context)
{
    volatile LONG *Seen = Current;

    Used = Seen;
#ifndef BUG
    if (Current == Seen)
#endif
    {
        BAD(*Seen != 0);
    }
    Used = NULL;
    END();
}

static VOID NTAPI
Updater(PVOID Context)
{
    volatile LONG *Old = InterlockedExchangePointer((PVOID volatile *)&Current, (PVOID)&Freed[1]);

    if (Used != Old) {
        *Old = 1;
    }
    END();
}

static VOID
Program(VOID)
{
    Start(Reader, 0);
    Start(Updater, 0);
}
#elif PROGRAM == LOCK
static volatile LONG Word; /* readers, or -1 */

static VOID NTAPI
Reader(PVOID Context)
{
    for (;;) {
        LONG Seen = Word;

        if (Seen >= 0 && EXCHANGE_IF(&Word, Seen + 1, Seen) == Seen) {
            break;
        }
    }
    InterlockedDecrement(&Word);
    END();
}

static VOID NTAPI
Writer(PVOID Context)
{
    while (EXCHANGE_IF(&Word, -1, 0) != 0) {
        YieldProcessor();
    }
    InterlockedExchange(&Word, 0);
    END();
}

static VOID
Program(VOID)
{
    for (ULONG Index = 0; Index < N; Index++) {
        Start(Reader, Index);
    }
    Start(Writer, 0);
}
#elif PROGRAM == SENSE
static volatile LONG Missing = N, Sense;

static VOID NTAPI
Thread(PVOID Context)
{
    for (LONG Round = 1; Round <= 2; Round++) {
        if (InterlockedDecrement(&Missing) == 0) {
            Missing = N;
            Sense = Round;
        } else {
            while (Sense != Round) {
                YieldProcessor();
            }
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
#elif PROGRAM == GRACE
static volatile LONG Freed[2], *volatile Current = &Freed[0], Readers;

static VOID NTAPI
Reader(PVOID Context)
{
    InterlockedIncrement(&Readers);
    BAD(*Current != 0);
    InterlockedDecrement(&Readers);
    END();
}

static VOID NTAPI
Updater(PVOID Context)
{
    Current = &Freed[1];
    while (Readers != 0) {
    }
    Freed[0] = 1;
    END();
}

static VOID
Program(VOID)
{
    for (ULONG Index = 0; Index < N; Index++) {
        Start(Reader, Index);
    }
    Start(Updater, 0);
}
#endif
