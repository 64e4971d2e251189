/*
 * thread.c - a thread's own data, and threads made through the run time.
 *
 * The data is allocated when a thread first needs it and freed at its detach; threads made by
 * CreateThread have it too. When there is no memory for it, all such threads share one block: errno
 * must always be there.
 */
#include "crt.h"
#include "crtdata.h"

PCRT_THREAD
CrtThread(void)
{
    DWORD Error = GetLastError(); /* TlsGetValue clears it */
    PCRT_THREAD Thread = TlsGetValue(CrtTls);

    if (Thread == NULL) {
        Thread = HeapAlloc(GetProcessHeap(), HEAP_ZERO_MEMORY, sizeof(*Thread));
        if (Thread == NULL) {
            Thread = &CrtSpareThread;
        } else if (!TlsSetValue(CrtTls, Thread)) {
            HeapFree(GetProcessHeap(), 0, Thread);
            Thread = &CrtSpareThread;
        }
        Thread->RandState = 1;
    }
    SetLastError(Error);
    return Thread;
}

void
CrtFreeThread(void)
{
    PCRT_THREAD Thread = TlsGetValue(CrtTls);

    if (Thread != NULL) {
        TlsSetValue(CrtTls, NULL);
        HeapFree(GetProcessHeap(), 0, Thread->CvtText);
        HeapFree(GetProcessHeap(), 0, Thread);
    }
}

int *
_errno(void)
{
    return &CrtThread()->Errno;
}

unsigned long *
__doserrno(void)
{
    return &CrtThread()->DosErrno;
}

errno_t
_get_errno(int *Value)
{
    if (Value == NULL) {
        return EINVAL;
    }
    *Value = errno;
    return 0;
}

errno_t
_set_errno(int Value)
{
    errno = Value;
    return 0;
}

errno_t
_get_doserrno(unsigned long *Value)
{
    if (Value == NULL) {
        return EINVAL;
    }
    *Value = CrtThread()->DosErrno;
    return 0;
}

errno_t
_set_doserrno(unsigned long Value)
{
    CrtThread()->DosErrno = Value;
    return 0;
}

unsigned long
__threadid(void)
{
    return GetCurrentThreadId();
}

uintptr_t
__threadhandle(void)
{
    return (uintptr_t)GetCurrentThread();
}

/* Both kinds of thread start here. An exception that a signal handler asked for goes to it. */
static DWORD WINAPI
ThreadStart(void *Parameter)
{
    PCRT_THREAD Thread = Parameter;
    DWORD Code = 0;

    TlsSetValue(CrtTls, Thread);
    __try {
        if (Thread->Handle != NULL) {
            ((void (*)(void *))Thread->StartRoutine)(Thread->StartArgument);
        } else {
            Code = ((unsigned(__stdcall *)(void *))Thread->StartRoutine)(Thread->StartArgument);
        }
    } __except (_XcptFilter(GetExceptionCode(), GetExceptionInformation())) {
        _exit((int)GetExceptionCode());
    }
    if (Thread->Handle != NULL) {
        _endthread();
    }
    return Code;
}

static HANDLE
Create(void *Routine, void *Argument, void *Security, unsigned StackSize, unsigned Flags,
       unsigned *Id, int Closes)
{
    PCRT_THREAD Thread;
    HANDLE Handle;
    DWORD ThreadId;

    if (Routine == NULL) {
        CrtFail(EINVAL);
        return NULL;
    }
    Thread = HeapAlloc(GetProcessHeap(), HEAP_ZERO_MEMORY, sizeof(*Thread));
    if (Thread == NULL) {
        CrtFail(ENOMEM);
        return NULL;
    }
    Thread->RandState = 1;
    Thread->StartRoutine = Routine;
    Thread->StartArgument = Argument;
    /* Suspended until its block says whose handle it is to close. */
    Handle = CreateThread(Security, StackSize, ThreadStart, Thread,
                          Closes ? Flags | CREATE_SUSPENDED : Flags, &ThreadId);
    if (Handle == NULL) {
        CrtFailLastError();
        HeapFree(GetProcessHeap(), 0, Thread);
        return NULL;
    }
    if (Id != NULL) {
        *Id = ThreadId;
    }
    if (Closes) {
        Thread->Handle = Handle;
        ResumeThread(Handle);
    }
    return Handle;
}

uintptr_t
_beginthread(void (*Routine)(void *), unsigned StackSize, void *Argument)
{
    HANDLE Handle = Create((void *)Routine, Argument, NULL, StackSize, 0, NULL, 1);

    return Handle != NULL ? (uintptr_t)Handle : (uintptr_t)-1;
}

uintptr_t
_beginthreadex(void *Security, unsigned StackSize, unsigned(__stdcall *Routine)(void *),
               void *Argument, unsigned Flags, unsigned *Id)
{
    return (uintptr_t)Create((void *)Routine, Argument, Security, StackSize, Flags, Id, 0);
}

void
_endthread(void)
{
    PCRT_THREAD Thread = CrtThread();

    if (Thread->Handle != NULL) {
        HANDLE Handle = Thread->Handle;

        Thread->Handle = NULL;
        CloseHandle(Handle);
    }
    ExitThread(0);
}

void
_endthreadex(unsigned Code)
{
    ExitThread(Code);
}

void
_sleep(unsigned long Milliseconds)
{
    Sleep(Milliseconds);
}
