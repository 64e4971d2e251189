/*
 * reserved-client.c - memory that is committed in half of all runs, and only reserved, at the same address, in the others.
 *
 * What is only reserved faults when it is touched: the handler commits it, and the program ends with 1. Nothing of what another run had there may
 * show. See check_apart.py.
 */
#include <windows.h>

static HANDLE Event;
static volatile LONG Faults;

static LONG CALLBACK
Commit(PEXCEPTION_POINTERS Pointers)
{
    PVOID Address = (PVOID)Pointers->ExceptionRecord->ExceptionInformation[1];

    if (Pointers->ExceptionRecord->ExceptionCode != EXCEPTION_ACCESS_VIOLATION ||
        VirtualAlloc(Address, 1, MEM_COMMIT, PAGE_READWRITE) == NULL) {
        return EXCEPTION_CONTINUE_SEARCH;
    }
    Faults++;
    return EXCEPTION_CONTINUE_EXECUTION;
}

static DWORD WINAPI
Set(PVOID Context)
{
    SetEvent(Event);
    return 0;
}

int
main(void)
{
    HANDLE Thread;
    BOOL First;
    volatile LONG *Memory;

    AddVectoredExceptionHandler(1, Commit);
    Event = CreateEventW(NULL, TRUE, FALSE, NULL);
    Thread = CreateThread(NULL, 0, Set, NULL, 0, NULL);
    First = WaitForSingleObject(Event, 0) == WAIT_OBJECT_0;
    Memory =
        VirtualAlloc(NULL, 0x1000, First ? MEM_RESERVE | MEM_COMMIT : MEM_RESERVE, PAGE_READWRITE);
    *Memory = 1;
    WaitForSingleObject(Thread, INFINITE);
    return Faults;
}
