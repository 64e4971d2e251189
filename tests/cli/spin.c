/*
 * spin.c - three threads spin for a critical section while its owner computes; so most of the run goes into spinning.
 */
#include <windows.h>

static CRITICAL_SECTION Section;

static DWORD WINAPI
Spinner(PVOID Unused)
{
    EnterCriticalSection(&Section);
    LeaveCriticalSection(&Section);
    return 0;
}

int
main(void)
{
    volatile LONG Work = 0;
    HANDLE Thread[3];

    InitializeCriticalSectionAndSpinCount(&Section, 4000);
    EnterCriticalSection(&Section);
    for (int Index = 0; Index < 3; Index++) {
        Thread[Index] = CreateThread(NULL, 0, Spinner, NULL, 0, NULL);
    }
    while (Work < 100000) {
        InterlockedIncrement(&Work);
    }
    LeaveCriticalSection(&Section);
    return (int)WaitForMultipleObjects(3, Thread, TRUE, INFINITE);
}
