/*
 * hopeless.c - waits for critical sections that can never end: the run's verdict at once, though another thread goes on.
 *
 *     circle   two threads, two sections, each owns what the other one waits for
 *     orphan   the owner has ended
 */
#include <windows.h>
#include <string.h>

static CRITICAL_SECTION First, Second;
static HANDLE Ready;

static DWORD WINAPI
Other(PVOID Argument)
{
    EnterCriticalSection(&Second);
    SetEvent(Ready);
    if (Argument == NULL) {
        EnterCriticalSection(&First);
    }
    return 0;
}

static DWORD WINAPI
GoesOn(PVOID Argument)
{
    for (;;) {
        Sleep(1000);
    }
}

int
main(int Arguments, char **Argument)
{
    BOOL Orphan = Arguments > 1 && strcmp(Argument[1], "orphan") == 0;
    HANDLE Thread;

    Ready = CreateEventA(NULL, FALSE, FALSE, NULL);
    InitializeCriticalSectionAndSpinCount(&First, 0);
    InitializeCriticalSectionAndSpinCount(&Second, 0);
    CreateThread(NULL, 0, GoesOn, NULL, 0, NULL);
    EnterCriticalSection(&First);
    Thread = CreateThread(NULL, 0, Other, Orphan ? Argument : NULL, 0, NULL);
    WaitForSingleObject(Ready, INFINITE);
    if (Orphan) {
        WaitForSingleObject(Thread, INFINITE);
    }
    EnterCriticalSection(&Second);
    return 0;
}
