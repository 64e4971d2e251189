/*
 * hopeless.c - waits for critical sections that can never end: the run's verdict at once, though another thread goes on.
 *
 *     circle   two threads, two sections, each owns what the other one waits for
 *     orphan   the owner has ended
 *     delete   it is deleted while a thread waits for it
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
    if (Arguments > 1 && strcmp(Argument[1], "delete") == 0) {
        CreateThread(NULL, 0, Other, NULL, 0,
                     NULL); /* waits for Second, which Thread owns for ever */
        Sleep(10);
        DeleteCriticalSection(&Second);
        return 0;
    }
    EnterCriticalSection(&Second);
    return 0;
}
