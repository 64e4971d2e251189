/*
 * wait-client.c - waits of clients: THREADS threads beside the first one. PROGRAM selects one.
 *
 *     SRW       each takes a slim reader-writer lock exclusively, once
 *     ABANDON   a thread ends with a mutex, the first one waits for it: it gets it before or is told that it was abandoned
 *     APC       the first one queues a user APC to a thread that waits, alertable, for ever; one that comes as it begins is gone by then
 *     PORT      each thread posts to a completion port, the first one takes as many
 *     ADDRESS   the first one waits until a thread has changed a word and woken it
 *     KEYED     a thread releases a keyed event, the first one waits for it
 */
#include <windows.h>

#define SRW     1
#define ABANDON 2
#define APC     3
#define PORT    4
#define ADDRESS 5
#define KEYED   6

static SRWLOCK Lock = SRWLOCK_INIT;
static HANDLE Mutex, Port, Keyed;
static volatile LONG Word, Ran;
static BOOL(WINAPI *Wait)(volatile VOID *, PVOID, SIZE_T, DWORD);
static VOID(WINAPI *Wake)(PVOID);
static LONG(NTAPI *CreateKeyed)(HANDLE *, DWORD, PVOID, ULONG);
static LONG(NTAPI *WaitKeyed)(HANDLE, PVOID, BOOLEAN, PVOID);
static LONG(NTAPI *ReleaseKeyed)(HANDLE, PVOID, BOOLEAN, PVOID);

static VOID WINAPI
Routine(ULONG_PTR Parameter)
{
    Ran++;
}

static DWORD WINAPI
Thread(void *Parameter)
{
    switch (PROGRAM) {
    case SRW:
        AcquireSRWLockExclusive(&Lock);
        ReleaseSRWLockExclusive(&Lock);
        break;
    case ABANDON:
        WaitForSingleObject(Mutex, INFINITE);
        break;
    case APC:
        SleepEx(INFINITE, TRUE);
        break;
    case PORT:
        PostQueuedCompletionStatus(Port, 0, (ULONG_PTR)Parameter, NULL);
        break;
    case ADDRESS:
        Word = 1;
        Wake((PVOID)&Word);
        break;
    case KEYED:
        ReleaseKeyed(Keyed, (PVOID)&Word, FALSE, NULL);
        break;
    }
    return 0;
}

static int
First(HANDLE *Threads)
{
    DWORD Bytes, Status;
    ULONG_PTR Key;
    LPOVERLAPPED Overlapped;
    LONG Zero = 0;

    switch (PROGRAM) {
    case SRW:
        AcquireSRWLockExclusive(&Lock);
        ReleaseSRWLockExclusive(&Lock);
        return 0;
    case ABANDON:
        Status = WaitForSingleObject(Mutex, INFINITE);
        ReleaseMutex(Mutex);
        return Status != WAIT_OBJECT_0 && Status != WAIT_ABANDONED;
    case APC:
        return !QueueUserAPC(Routine, Threads[0], 0);
    case PORT:
        for (DWORD Index = 0; Index < THREADS; Index++) {
            GetQueuedCompletionStatus(Port, &Bytes, &Key, &Overlapped, INFINITE);
        }
        return 0;
    case ADDRESS:
        while (Word == 0) {
            Wait(&Word, &Zero, sizeof(Zero), INFINITE);
        }
        return 0;
    case KEYED:
        return WaitKeyed(Keyed, (PVOID)&Word, FALSE, NULL);
    }
    return 0;
}

void
Entry(void)
{
    HMODULE Base = GetModuleHandleA("kernelbase.dll"), Ntdll = GetModuleHandleA("ntdll.dll");
    HANDLE Threads[THREADS];
    int Bad;

    Mutex = CreateMutexA(NULL, FALSE, NULL);
    Port = CreateIoCompletionPort(INVALID_HANDLE_VALUE, NULL, 0, 0);
    Wait = (void *)GetProcAddress(Base, "WaitOnAddress");
    Wake = (void *)GetProcAddress(Base, "WakeByAddressAll");
    CreateKeyed = (void *)GetProcAddress(Ntdll, "NtCreateKeyedEvent");
    WaitKeyed = (void *)GetProcAddress(Ntdll, "NtWaitForKeyedEvent");
    ReleaseKeyed = (void *)GetProcAddress(Ntdll, "NtReleaseKeyedEvent");
    CreateKeyed(&Keyed, 3 /* KEYEDEVENT_WAIT | KEYEDEVENT_WAKE */, NULL, 0);
    for (DWORD Index = 0; Index < THREADS; Index++) {
        Threads[Index] = CreateThread(NULL, 0, Thread, (void *)(ULONG_PTR)Index, 0, NULL);
    }
    Bad = First(Threads);
    for (DWORD Index = 0; Index < THREADS; Index++) {
        WaitForSingleObject(Threads[Index], INFINITE);
    }
    ExitProcess((UINT)Bad);
}
