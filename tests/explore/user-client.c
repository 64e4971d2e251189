/*
 * user-client.c - the points of a client's own code: THREADS threads of a process race in user mode.
 *
 *     NOTHING  what the threads' beginning and end alone make
 *     AINC     each increments a counter, atomically
 *     BRANCH   the first one writes, the second one reads and goes on by what it has seen
 *     DIVIDED  each increments without `lock`: a step that reads and one that writes
 *
 * A thread's beginning and end are in no race with its creator, so two that do nothing have one trace, and the others the
 * traces of what they do: 2 orders of two increments, (2!)^2 of two that read and then write.
 */
#include <windows.h>

#define NOTHING 0
#define AINC    1
#define BRANCH  2
#define DIVIDED 3

static volatile LONG x, y;

static DWORD WINAPI
Thread(void *Parameter)
{
#if PROGRAM == AINC
    InterlockedIncrement(&x);
#elif PROGRAM == BRANCH
    if (Parameter == NULL) {
        x = 1;
    } else if (x != 0) {
        y = 1;
    }
#elif PROGRAM == DIVIDED
    __asm__ volatile("incl %0" : "+m"(x));
#endif
    return 0;
}

void
Entry(void)
{
    HANDLE Threads[THREADS];

    for (DWORD Index = 0; Index < THREADS; Index++) {
        Threads[Index] = CreateThread(NULL, 0, Thread, (void *)(ULONG_PTR)Index, 0, NULL);
    }
    for (DWORD Index = 0; Index < THREADS; Index++) {
        WaitForSingleObject(Threads[Index], INFINITE);
    }
    ExitProcess(PROGRAM == DIVIDED && x != THREADS);
}
