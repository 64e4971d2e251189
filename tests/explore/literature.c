/*
 * literature.c - programs that other explorers count traces of, as threads of a driver. PROGRAM selects one; the numbers and
 * where they come from are in programs.list and README.md.
 *
 *     CINC         N threads increment three counters, one after the other
 *     WCAS         one thread writes 1, N exchange 1 for 2: who comes too early or too late changes nothing
 *     LAMPORT      Lamport's fast mutex (1987), N threads, one section each
 *     SZYMANSKI    Szymanski's mutual exclusion of two threads, one section each
 *     DEKKER       two threads say that they want to, then look whether the other one does
 *     COMBINATION  five variables, each of which is looked at if the one before has been seen to change
 *     SLEEPING     four writers; the last reader reads on as long as it sees what they wrote
 *     MPAT         N locks; N threads take one each, N others the same ones inside of a lock that they have in common
 *     MULTIPC      N workers look twice for work; M producers build a number together, which says whose work it is
 *     DISPATCH     N servers look once; M requests go to the server that a thread is just choosing
 *     SSBEXP       a thread counts i up to N - 1; the main one reads i and takes lock i; N threads take one lock each
 *     FIB          two threads, N times i += j and j += i, and one that looks at i and j meanwhile
 */
#include "program.h"

#define CINC        1
#define WCAS        2
#define LAMPORT     3
#define SZYMANSKI   4
#define DEKKER      5
#define COMBINATION 6
#define SLEEPING    7
#define MPAT        8
#define MULTIPC     9
#define DISPATCH    10
#define SSBEXP      11
#define FIB         12

#define END() PsTerminateSystemThread(STATUS_SUCCESS)

static volatile LONG v, w, x, y, z;

__attribute__((unused)) static VOID
StartAll(PKSTART_ROUTINE Routine, ULONG Count)
{
    for (ULONG Index = 0; Index < Count; Index++) {
        Start(Routine, Index);
    }
}

#if PROGRAM == CINC
static VOID NTAPI
Thread(PVOID Context)
{
    InterlockedIncrement(&x);
    InterlockedIncrement(&y);
    InterlockedIncrement(&z);
    END();
}

static VOID
Program(VOID)
{
    StartAll(Thread, N);
}
#elif PROGRAM == WCAS
static VOID NTAPI
Thread(PVOID Context)
{
    if (Context == NULL) {
        x = 1;
    } else {
        InterlockedCompareExchange(&x, 2, 1);
    }
    END();
}

static VOID
Program(VOID)
{
    StartAll(Thread, N + 1);
}
#elif PROGRAM == LAMPORT
static volatile LONG Wants[N + 1];

static VOID
Acquire(LONG Self)
{
    for (;;) {
        Wants[Self] = 1;
        x = Self;
        if (y != 0) {
            Wants[Self] = 0;
            while (y != 0) {
            }
            continue;
        }
        y = Self;
        if (x == Self) {
            return;
        }
        Wants[Self] = 0;
        for (ULONG Other = 1; Other <= N; Other++) {
            while (Wants[Other] != 0) {
            }
        }
        if (y == Self) {
            return;
        }
        while (y != 0) {
        }
    }
}

static VOID NTAPI
Thread(PVOID Context)
{
    LONG Self = (LONG)(LONG_PTR)Context + 1;

    Acquire(Self);
    y = 0;
    Wants[Self] = 0;
    END();
}

static VOID
Program(VOID)
{
    StartAll(Thread, N);
}
#elif PROGRAM == SZYMANSKI
static volatile LONG Flag[2];
static KEVENT Never;

/* A look that fails is no part of what is counted: whoever has to look again is out of it for ever, and that run is bad. */
static VOID
Assume(BOOLEAN Condition)
{
    if (!Condition) {
        KeWaitForSingleObject(&Never, Executive, KernelMode, FALSE, NULL);
    }
}

static VOID NTAPI
Thread(PVOID Context)
{
    ULONG Self = (ULONG)(ULONG_PTR)Context, Other = 1 - Self;

    Flag[Self] = 1;
    Assume(Flag[Other] < 3);
    Flag[Self] = 3;
    if (Flag[Other] == 1) {
        Flag[Self] = 2;
        Assume(Flag[Other] == 4);
    }
    Flag[Self] = 4;
    Assume(Flag[Other] < 2);
    x = (LONG)Self;
    (VOID) x;
    BAD(x != (LONG)Self);
    Assume(Flag[Other] < 2 || Flag[Other] > 3);
    Flag[Self] = 0;
    END();
}

static VOID
Program(VOID)
{
    KeInitializeEvent(&Never, NotificationEvent, FALSE);
    StartAll(Thread, 2);
}
#elif PROGRAM == DEKKER
static volatile LONG Wants[2], In[2];

static VOID NTAPI
Thread(PVOID Context)
{
    ULONG Self = (ULONG)(ULONG_PTR)Context;

    Wants[Self] = 1;
    if (Wants[1 - Self] == 0) {
        In[Self] = 1;
    }
    END();
}

static VOID
Program(VOID)
{
    StartAll(Thread, 2);
    Join();
    BAD(In[0] && In[1]);
}
#elif PROGRAM == COMBINATION
static VOID NTAPI
Thread(PVOID Context)
{
    switch ((ULONG)(ULONG_PTR)Context) {
    case 0:
        z = 1;
        break;
    case 1:
        x = 1;
        if (y == 1) {
            w = 1;
        }
        break;
    case 2:
        if (x == 1) {
            y = 1;
            if (v == 1) {
                (VOID) z;
            }
        }
        break;
    case 3:
        if (w == 1) {
            v = 1;
        }
        break;
    }
    END();
}

static VOID
Program(VOID)
{
    StartAll(Thread, 4);
}
#elif PROGRAM == SLEEPING
static VOID NTAPI
Thread(PVOID Context)
{
    switch ((ULONG)(ULONG_PTR)Context) {
    case 0:
        w = 1;
        break;
    case 1:
        x = 1;
        break;
    case 2:
        y = 1;
        break;
    case 3:
        (VOID) y;
        z = 1;
        break;
    case 4:
        if (y == 1 && z == 1 && x == 1) {
            (VOID) w;
        }
        break;
    }
    END();
}

static VOID
Program(VOID)
{
    StartAll(Thread, 5);
}
#elif PROGRAM == MPAT
static LOCK_TYPE Common, Own[N];

static VOID NTAPI
Alone(PVOID Context)
{
    ULONG Self = (ULONG)(ULONG_PTR)Context;

    LOCK_ACQUIRE(Own[Self]);
    LOCK_RELEASE(Own[Self]);
    END();
}

static VOID NTAPI
Nested(PVOID Context)
{
    ULONG Self = (ULONG)(ULONG_PTR)Context;

    LOCK_ACQUIRE(Common);
    LOCK_ACQUIRE(Own[Self]);
    LOCK_RELEASE(Own[Self]);
    LOCK_RELEASE(Common);
    END();
}

static VOID
Program(VOID)
{
    LOCK_INITIALIZE(Common);
    for (ULONG Index = 0; Index < N; Index++) {
        LOCK_INITIALIZE(Own[Index]);
    }
    StartAll(Alone, N);
    StartAll(Nested, N);
}
#elif PROGRAM == MULTIPC
static LOCK_TYPE Lock, Its[N];
static ULONG Buffer, Work[N], Done[N];

static VOID NTAPI
Worker(PVOID Context)
{
    ULONG Self = (ULONG)(ULONG_PTR)Context;

    for (ULONG Task = 0; Task < 2; Task++) {
        BOOLEAN Got = FALSE;

        LOCK_ACQUIRE(Its[Self]);
        if (Work[Self] != 0) {
            Work[Self]--;
            Got = TRUE;
        }
        LOCK_RELEASE(Its[Self]);
        Done[Self] += Got;
    }
    END();
}

static VOID NTAPI
Producer(PVOID Context)
{
    ULONG Self = (ULONG)(ULONG_PTR)Context, Seen = 0;

    for (ULONG Digit = 0; Digit < 2; Digit++) {
        LOCK_ACQUIRE(Lock);
        Buffer = Buffer * M + Self;
        Seen = Buffer;
        LOCK_RELEASE(Lock);
    }
    LOCK_ACQUIRE(Its[Seen % N]);
    Work[Seen % N]++;
    LOCK_RELEASE(Its[Seen % N]);
    END();
}

static VOID
Program(VOID)
{
    LOCK_INITIALIZE(Lock);
    for (ULONG Index = 0; Index < N; Index++) {
        LOCK_INITIALIZE(Its[Index]);
    }
    StartAll(Worker, N);
    StartAll(Producer, M);
}
#elif PROGRAM == DISPATCH
static LOCK_TYPE Lock, Its[N];
static ULONG Chosen, In[N], Out[N];

static VOID NTAPI
Server(PVOID Context)
{
    ULONG Self = (ULONG)(ULONG_PTR)Context;

    LOCK_ACQUIRE(Its[Self]);
    if (In[Self] != 0) {
        Out[Self] = In[Self];
    }
    LOCK_RELEASE(Its[Self]);
    END();
}

static VOID NTAPI
Chooser(PVOID Context)
{
    for (ULONG Which = 0; Which < N; Which++) {
        LOCK_ACQUIRE(Lock);
        Chosen = Which;
        LOCK_RELEASE(Lock);
    }
    END();
}

static VOID
Program(VOID)
{
    HANDLE Handle;
    ULONG Which;

    LOCK_INITIALIZE(Lock);
    for (ULONG Index = 0; Index < N; Index++) {
        LOCK_INITIALIZE(Its[Index]);
    }
    StartAll(Server, N);
    for (ULONG Request = 0; Request < M; Request++) {
        PsCreateSystemThread(&Handle, THREAD_ALL_ACCESS, NULL, NULL, NULL, Chooser, NULL);
        LOCK_ACQUIRE(Lock);
        Which = Chosen;
        LOCK_RELEASE(Lock);
        LOCK_ACQUIRE(Its[Which]);
        In[Which]++;
        LOCK_RELEASE(Its[Which]);
        ZwWaitForSingleObject(Handle, FALSE, NULL);
        ZwClose(Handle);
    }
}
#elif PROGRAM == SSBEXP
static LOCK_TYPE Lock, Its[N];
static ULONG Number;

static VOID NTAPI
Counter(PVOID Context)
{
    for (ULONG Next = 1; Next < N; Next++) {
        LOCK_ACQUIRE(Lock);
        Number = Next;
        LOCK_RELEASE(Lock);
    }
    END();
}

static VOID NTAPI
Thread(PVOID Context)
{
    ULONG Self = (ULONG)(ULONG_PTR)Context;

    LOCK_ACQUIRE(Its[Self]);
    LOCK_RELEASE(Its[Self]);
    END();
}

static VOID
Program(VOID)
{
    ULONG Which;

    LOCK_INITIALIZE(Lock);
    for (ULONG Index = 0; Index < N; Index++) {
        LOCK_INITIALIZE(Its[Index]);
    }
    Start(Counter, 0);
    StartAll(Thread, N);
    LOCK_ACQUIRE(Lock);
    Which = Number;
    LOCK_RELEASE(Lock);
    LOCK_ACQUIRE(Its[Which]);
    LOCK_RELEASE(Its[Which]);
}
#elif PROGRAM == FIB
static VOID NTAPI
Thread(PVOID Context)
{
    for (ULONG Round = 0; Round < N; Round++) {
        if (Context == NULL) {
            x += y;
        } else {
            y += x;
        }
    }
    END();
}

static VOID
Program(VOID)
{
    BOOLEAN Above;

    x = y = 1;
    StartAll(Thread, 2);
    Above = x > 144 || y > 144; /* while they are at it */
    BAD(Above);
}
#endif
