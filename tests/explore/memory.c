/*
 * memory.c - programs whose races are plain memory accesses: PROGRAM selects one.
 *
 *     READERS    one writer of x, N readers of x
 *     LASTZERO   writer j does a[j] = a[j-1] + 1; a reader looks for the last zero
 *     INC, CINC  N threads: read x, write x; CINC does it in two more variables
 *     POPL       p: x=1  q: y=1  r: if (!y) z=1  s: if (z) if (!y) x=2
 *     REORDER    N setters: a=1; b=-1.  M checkers: a==0&&b==0 || a==1&&b==-1
 */
#include "program.h"

#define READERS  1
#define LASTZERO 2
#define INC      3
#define POPL     4
#define REORDER  5

#if PROGRAM == READERS
static volatile LONG x;

static VOID NTAPI
Writer(PVOID Context)
{
    x = 42;
    PsTerminateSystemThread(STATUS_SUCCESS);
}

static VOID NTAPI
Reader(PVOID Context)
{
    (VOID) x;
    PsTerminateSystemThread(STATUS_SUCCESS);
}

static VOID
Program(VOID)
{
    Start(Writer, 0);
    for (ULONG Index = 0; Index < N; Index++) {
        Start(Reader, Index);
    }
}
#elif PROGRAM == LASTZERO
static volatile LONG a[N + 1];

static VOID NTAPI
Writer(PVOID Context)
{
    ULONG j = (ULONG)(ULONG_PTR)Context;

    a[j] = a[j - 1] + 1;
    PsTerminateSystemThread(STATUS_SUCCESS);
}

static VOID NTAPI
Reader(PVOID Context)
{
    LONG i = N;

    while (a[i] != 0) {
        i--;
    }
    PsTerminateSystemThread(STATUS_SUCCESS);
}

static VOID
Program(VOID)
{
    Start(Reader, 0);
    for (ULONG Index = 1; Index <= N; Index++) {
        Start(Writer, Index);
    }
}
#elif PROGRAM == INC
static volatile LONG x[VARIABLES];

static VOID NTAPI
Thread(PVOID Context)
{
    for (ULONG Index = 0; Index < VARIABLES; Index++) {
        LONG Value = x[Index];

        x[Index] = Value + 1;
    }
    PsTerminateSystemThread(STATUS_SUCCESS);
}

static VOID
Program(VOID)
{
    for (ULONG Index = 0; Index < N; Index++) {
        Start(Thread, Index);
    }
}
#elif PROGRAM == POPL
static volatile LONG x, y, z;

static VOID NTAPI
p(PVOID Context)
{
    x = 1;
    PsTerminateSystemThread(STATUS_SUCCESS);
}

static VOID NTAPI
q(PVOID Context)
{
    y = 1;
    PsTerminateSystemThread(STATUS_SUCCESS);
}

static VOID NTAPI
r(PVOID Context)
{
    if (y == 0) {
        z = 1;
    }
    PsTerminateSystemThread(STATUS_SUCCESS);
}

static VOID NTAPI
s(PVOID Context)
{
    if (z == 1) {
        if (y == 0) {
            x = 2;
        }
    }
    PsTerminateSystemThread(STATUS_SUCCESS);
}

static VOID
Program(VOID)
{
    Start(p, 0);
    Start(q, 0);
    Start(r, 0);
    Start(s, 0);
}
#elif PROGRAM == REORDER
static volatile LONG a, b;

static VOID NTAPI
Setter(PVOID Context)
{
    a = 1;
    b = -1;
    PsTerminateSystemThread(STATUS_SUCCESS);
}

static VOID NTAPI
Checker(PVOID Context)
{
    BAD(!((a == 0 && b == 0) || (a == 1 && b == -1)));
    PsTerminateSystemThread(STATUS_SUCCESS);
}

static VOID
Program(VOID)
{
    for (ULONG Index = 0; Index < N; Index++) {
        Start(Setter, Index);
    }
    Start(Checker, 0);
}
#endif
