/*
 * monitors.c - what textbooks make of semaphores and mutexes. PROGRAM selects one; counts without a derivation are by brute force.
 *
 *     BUFFER     N producers and N consumers of one item each; a buffer of one place: two semaphores, a mutex. Who puts and who takes
 *                come by turns: N! N!
 *     ROOM       N philosophers, N - 1 of whom may sit down at a time, each with a lock for a fork; nobody starves. N = 2: 2
 *     COURTOIS   N readers and a writer: the first reader locks the writer out, the last one lets it in; readers are counted under a
 *                mutex. N = 1: 2
 *     BARBER     N customers, a barber with one chair: who finds it taken goes away; who comes when the barber has gone waits for ever
 *     LIGHTS     N threads and one more pass a turnstile, a semaphore of one that is taken and given back: (N + 1)!
 *     PAIR       two kinds of N threads, each lets one of the other kind go and waits for one: two semaphores crosswise
 */
#include "program.h"

#define BUFFER   1
#define ROOM     2
#define COURTOIS 3
#define BARBER   4
#define LIGHTS   5
#define PAIR     6

static KSEMAPHORE Semaphore[4];
static KMUTEX Mutex, Fork[4];
static LONG Inside, Waiting;

static VOID
Take(PVOID Object)
{
    KeWaitForSingleObject(Object, Executive, KernelMode, FALSE, NULL);
}

static VOID
Give(ULONG Which)
{
    KeReleaseSemaphore(&Semaphore[Which], 0, 1, FALSE);
}

static VOID
Release(PKMUTEX Which)
{
    KeReleaseMutex(Which, FALSE);
}

static VOID NTAPI
Many(PVOID Context)
{
    ULONG Self = (ULONG)(ULONG_PTR)Context;
    BOOLEAN First;

    switch (PROGRAM) {
    case BUFFER:
        First = Self < N;
        Take(&Semaphore[First ? 0 : 1]);
        Take(&Mutex);
        Inside += First ? 1 : -1;
        BAD(Inside < 0 || Inside > 1);
        Release(&Mutex);
        Give(First ? 1 : 0);
        break;
    case ROOM:
        Take(&Semaphore[0]);
        Take(&Fork[Self]);
        Take(&Fork[(Self + 1) % N]);
        Release(&Fork[Self]);
        Release(&Fork[(Self + 1) % N]);
        Give(0);
        break;
    case COURTOIS:
        Take(&Mutex);
        if (++Waiting == 1) {
            Take(&Semaphore[0]);
        }
        Release(&Mutex);
        Take(&Mutex);
        if (--Waiting == 0) {
            Give(0);
        }
        Release(&Mutex);
        break;
    case BARBER:
        Take(&Mutex);
        First = Waiting < 1;
        Waiting += First;
        Release(&Mutex);
        if (First) {
            Give(1);
            Take(&Semaphore[2]);
        }
        break;
    case LIGHTS:
        Take(&Semaphore[0]);
        Give(0);
        break;
    case PAIR:
        Give(Self < N ? 1 : 2);
        Take(&Semaphore[Self < N ? 2 : 1]);
        break;
    }
    PsTerminateSystemThread(STATUS_SUCCESS);
}

static VOID NTAPI
One(PVOID Context)
{
    LARGE_INTEGER Now = {0};

    switch (PROGRAM) {
    case COURTOIS:
    case LIGHTS:
        Take(&Semaphore[0]);
        Give(0);
        break;
    case BARBER:
        for (ULONG Index = 0; Index < N; Index++) {
            if (KeWaitForSingleObject(&Semaphore[1], Executive, KernelMode, FALSE,
                                      Index == 0 ? NULL : &Now) == STATUS_TIMEOUT) {
                break;
            }
            Take(&Mutex);
            Waiting--;
            Release(&Mutex);
            Give(2);
        }
        break;
    default: /* no thread of this one */
        break;
    }
    PsTerminateSystemThread(STATUS_SUCCESS);
}

static VOID
Program(VOID)
{
    static const LONG Initial[][4] = {[BUFFER] = {1, 0},    [ROOM] = {N - 1}, [COURTOIS] = {1},
                                      [BARBER] = {0, 0, 0}, [LIGHTS] = {1},   [PAIR] = {0, 0, 0}};

    for (ULONG Index = 0; Index < 4; Index++) {
        KeInitializeSemaphore(&Semaphore[Index], Initial[PROGRAM][Index], 8);
        KeInitializeMutex(&Fork[Index], 0);
    }
    KeInitializeMutex(&Mutex, 0);
    for (ULONG Index = 0; Index < (PROGRAM == BUFFER || PROGRAM == PAIR ? 2 * N : N); Index++) {
        Start(Many, Index);
    }
    if (PROGRAM == COURTOIS || PROGRAM == BARBER || PROGRAM == LIGHTS) {
        Start(One, 0);
    }
}
