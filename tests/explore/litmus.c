/*
 * litmus.c - what a memory model is told apart by, under sequential consistency. PROGRAM selects one.
 *
 *     SB     x=1; read y          y=1; read x
 *     MP     x=1; y=1             read y; read x
 *     WW     x=1; y=2             y=1; x=2
 *     IRIW   x=1    y=1           read x; read y       read y; read x
 *     CORR   x=1    x=2           read x twice, in two threads
 */
#include "program.h"

#define SB   1
#define MP   2
#define WW   3
#define IRIW 4
#define CORR 5

static volatile LONG x, y;

static VOID NTAPI
Thread(PVOID Context)
{
    switch ((ULONG)(ULONG_PTR)Context | PROGRAM << 4) {
    case SB << 4 | 0:
        x = 1;
        (VOID) y;
        break;
    case SB << 4 | 1:
        y = 1;
        (VOID) x;
        break;
    case MP << 4 | 0:
        x = 1;
        y = 1;
        break;
    case MP << 4 | 1:
    case IRIW << 4 | 3:
        (VOID) y;
        (VOID) x;
        break;
    case WW << 4 | 0:
        x = 1;
        y = 2;
        break;
    case WW << 4 | 1:
        y = 1;
        x = 2;
        break;
    case IRIW << 4 | 0:
    case CORR << 4 | 0:
        x = 1;
        break;
    case IRIW << 4 | 1:
        y = 1;
        break;
    case IRIW << 4 | 2:
        (VOID) x;
        (VOID) y;
        break;
    case CORR << 4 | 1:
        x = 2;
        break;
    case CORR << 4 | 2:
    case CORR << 4 | 3:
        (VOID) x;
        (VOID) x;
        break;
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
