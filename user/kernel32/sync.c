/*
 * sync.c - events, mutexes, semaphores, waitable timers: create, open, change.
 *
 * Each family: CreateXxxExW does the work, the older and the A forms call it.
 */
#include "user/kernel32/base.h"

HANDLE WINAPI
CreateEventExW(LPSECURITY_ATTRIBUTES Security, LPCWSTR Name, DWORD Flags, DWORD Access)
{
    OBJECT_ATTRIBUTES Attributes;
    UNICODE_STRING Text;
    HANDLE Handle = NULL;
    NTSTATUS Status;

    if ((Flags & ~(CREATE_EVENT_MANUAL_RESET | CREATE_EVENT_INITIAL_SET)) != 0) {
        BaseFailWith(ERROR_INVALID_PARAMETER);
        return NULL;
    }
    Status = NtCreateEvent(
        &Handle, Access, BaseNamed(&Attributes, &Text, Name, Security, OBJ_OPENIF),
        (Flags & CREATE_EVENT_MANUAL_RESET) != 0 ? NotificationEvent : SynchronizationEvent,
        (Flags & CREATE_EVENT_INITIAL_SET) != 0);
    return BaseCreated(Status, Handle);
}

HANDLE WINAPI
CreateMutexExW(LPSECURITY_ATTRIBUTES Security, LPCWSTR Name, DWORD Flags, DWORD Access)
{
    OBJECT_ATTRIBUTES Attributes;
    UNICODE_STRING Text;
    HANDLE Handle = NULL;
    NTSTATUS Status;

    Status =
        NtCreateMutant(&Handle, Access, BaseNamed(&Attributes, &Text, Name, Security, OBJ_OPENIF),
                       (Flags & CREATE_MUTEX_INITIAL_OWNER) != 0);
    return BaseCreated(Status, Handle);
}

HANDLE WINAPI
CreateSemaphoreExW(LPSECURITY_ATTRIBUTES Security, LONG Initial, LONG Maximum, LPCWSTR Name,
                   DWORD Flags, DWORD Access)
{
    OBJECT_ATTRIBUTES Attributes;
    UNICODE_STRING Text;
    HANDLE Handle = NULL;
    NTSTATUS Status;

    Status = NtCreateSemaphore(&Handle, Access,
                               BaseNamed(&Attributes, &Text, Name, Security, OBJ_OPENIF), Initial,
                               Maximum);
    return BaseCreated(Status, Handle);
}

HANDLE WINAPI
CreateWaitableTimerExW(LPSECURITY_ATTRIBUTES Security, LPCWSTR Name, DWORD Flags, DWORD Access)
{
    OBJECT_ATTRIBUTES Attributes;
    UNICODE_STRING Text;
    HANDLE Handle = NULL;
    NTSTATUS Status;

    Status =
        NtCreateTimer(&Handle, Access, BaseNamed(&Attributes, &Text, Name, Security, OBJ_OPENIF),
                      (Flags & CREATE_WAITABLE_TIMER_MANUAL_RESET) != 0 ? NotificationTimer
                                                                        : SynchronizationTimer);
    return BaseCreated(Status, Handle);
}

HANDLE WINAPI
CreateEventW(LPSECURITY_ATTRIBUTES Security, BOOL Manual, BOOL Initial, LPCWSTR Name)
{
    return CreateEventExW(Security, Name,
                          (Manual ? CREATE_EVENT_MANUAL_RESET : 0) |
                              (Initial ? CREATE_EVENT_INITIAL_SET : 0),
                          EVENT_ALL_ACCESS);
}

HANDLE WINAPI
CreateMutexW(LPSECURITY_ATTRIBUTES Security, BOOL Owned, LPCWSTR Name)
{
    return CreateMutexExW(Security, Name, Owned ? CREATE_MUTEX_INITIAL_OWNER : 0, MUTEX_ALL_ACCESS);
}

HANDLE WINAPI
CreateSemaphoreW(LPSECURITY_ATTRIBUTES Security, LONG Initial, LONG Maximum, LPCWSTR Name)
{
    return CreateSemaphoreExW(Security, Initial, Maximum, Name, 0, SEMAPHORE_ALL_ACCESS);
}

HANDLE WINAPI
CreateWaitableTimerW(LPSECURITY_ATTRIBUTES Security, BOOL Manual, LPCWSTR Name)
{
    return CreateWaitableTimerExW(Security, Name, Manual ? CREATE_WAITABLE_TIMER_MANUAL_RESET : 0,
                                  TIMER_ALL_ACCESS);
}

static HANDLE
BaseOpened(NTSTATUS Status, HANDLE Handle)
{
    if (!NT_SUCCESS(Status)) {
        BaseFail(Status);
        return NULL;
    }
    return Handle;
}

/* An open without a name finds nothing. */
static BOOL
BaseHasName(LPCWSTR Name)
{
    return Name != NULL ? TRUE : BaseFailWith(ERROR_INVALID_PARAMETER);
}

HANDLE WINAPI
OpenEventW(DWORD Access, BOOL Inherit, LPCWSTR Name)
{
    OBJECT_ATTRIBUTES Attributes;
    UNICODE_STRING Text;
    HANDLE Handle = NULL;
    NTSTATUS Status;

    if (!BaseHasName(Name)) {
        return NULL;
    }
    Status = NtOpenEvent(&Handle, Access,
                         BaseNamed(&Attributes, &Text, Name, NULL, Inherit ? OBJ_INHERIT : 0));
    return BaseOpened(Status, Handle);
}

ANSI_FORM(HANDLE, OpenEventA, (DWORD Access, BOOL Inherit, LPCSTR Name), Name, NULL,
          OpenEventW(Access, Inherit, Wide.Buffer))

HANDLE WINAPI
OpenMutexW(DWORD Access, BOOL Inherit, LPCWSTR Name)
{
    OBJECT_ATTRIBUTES Attributes;
    UNICODE_STRING Text;
    HANDLE Handle = NULL;
    NTSTATUS Status;

    if (!BaseHasName(Name)) {
        return NULL;
    }
    Status = NtOpenMutant(&Handle, Access,
                          BaseNamed(&Attributes, &Text, Name, NULL, Inherit ? OBJ_INHERIT : 0));
    return BaseOpened(Status, Handle);
}

ANSI_FORM(HANDLE, OpenMutexA, (DWORD Access, BOOL Inherit, LPCSTR Name), Name, NULL,
          OpenMutexW(Access, Inherit, Wide.Buffer))

HANDLE WINAPI
OpenSemaphoreW(DWORD Access, BOOL Inherit, LPCWSTR Name)
{
    OBJECT_ATTRIBUTES Attributes;
    UNICODE_STRING Text;
    HANDLE Handle = NULL;
    NTSTATUS Status;

    if (!BaseHasName(Name)) {
        return NULL;
    }
    Status = NtOpenSemaphore(&Handle, Access,
                             BaseNamed(&Attributes, &Text, Name, NULL, Inherit ? OBJ_INHERIT : 0));
    return BaseOpened(Status, Handle);
}

ANSI_FORM(HANDLE, OpenSemaphoreA, (DWORD Access, BOOL Inherit, LPCSTR Name), Name, NULL,
          OpenSemaphoreW(Access, Inherit, Wide.Buffer))

HANDLE WINAPI
OpenWaitableTimerW(DWORD Access, BOOL Inherit, LPCWSTR Name)
{
    OBJECT_ATTRIBUTES Attributes;
    UNICODE_STRING Text;
    HANDLE Handle = NULL;
    NTSTATUS Status;

    if (!BaseHasName(Name)) {
        return NULL;
    }
    Status = NtOpenTimer(&Handle, Access,
                         BaseNamed(&Attributes, &Text, Name, NULL, Inherit ? OBJ_INHERIT : 0));
    return BaseOpened(Status, Handle);
}

ANSI_FORM(HANDLE, OpenWaitableTimerA, (DWORD Access, BOOL Inherit, LPCSTR Name), Name, NULL,
          OpenWaitableTimerW(Access, Inherit, Wide.Buffer))

ANSI_FORM(HANDLE, CreateEventA,
          (LPSECURITY_ATTRIBUTES Security, BOOL Manual, BOOL Initial, LPCSTR Name), Name, NULL,
          CreateEventW(Security, Manual, Initial, Wide.Buffer))

ANSI_FORM(HANDLE, CreateEventExA,
          (LPSECURITY_ATTRIBUTES Security, LPCSTR Name, DWORD Flags, DWORD Access), Name, NULL,
          CreateEventExW(Security, Wide.Buffer, Flags, Access))

ANSI_FORM(HANDLE, CreateMutexA, (LPSECURITY_ATTRIBUTES Security, BOOL Owned, LPCSTR Name), Name,
          NULL, CreateMutexW(Security, Owned, Wide.Buffer))

ANSI_FORM(HANDLE, CreateMutexExA,
          (LPSECURITY_ATTRIBUTES Security, LPCSTR Name, DWORD Flags, DWORD Access), Name, NULL,
          CreateMutexExW(Security, Wide.Buffer, Flags, Access))

ANSI_FORM(HANDLE, CreateSemaphoreA,
          (LPSECURITY_ATTRIBUTES Security, LONG Initial, LONG Maximum, LPCSTR Name), Name, NULL,
          CreateSemaphoreW(Security, Initial, Maximum, Wide.Buffer))

ANSI_FORM(HANDLE, CreateSemaphoreExA,
          (LPSECURITY_ATTRIBUTES Security, LONG Initial, LONG Maximum, LPCSTR Name, DWORD Flags,
           DWORD Access),
          Name, NULL, CreateSemaphoreExW(Security, Initial, Maximum, Wide.Buffer, Flags, Access))

ANSI_FORM(HANDLE, CreateWaitableTimerA, (LPSECURITY_ATTRIBUTES Security, BOOL Manual, LPCSTR Name),
          Name, NULL, CreateWaitableTimerW(Security, Manual, Wide.Buffer))

ANSI_FORM(HANDLE, CreateWaitableTimerExA,
          (LPSECURITY_ATTRIBUTES Security, LPCSTR Name, DWORD Flags, DWORD Access), Name, NULL,
          CreateWaitableTimerExW(Security, Wide.Buffer, Flags, Access))

BOOL WINAPI
SetEvent(HANDLE Handle)
{
    return BaseResult(NtSetEvent(Handle, NULL));
}

BOOL WINAPI
ResetEvent(HANDLE Handle)
{
    return BaseResult(NtClearEvent(Handle));
}

BOOL WINAPI
PulseEvent(HANDLE Handle)
{
    return BaseResult(NtPulseEvent(Handle, NULL));
}

BOOL WINAPI
ReleaseMutex(HANDLE Handle)
{
    return BaseResult(NtReleaseMutant(Handle, NULL));
}

BOOL WINAPI
CancelWaitableTimer(HANDLE Handle)
{
    return BaseResult(NtCancelTimer(Handle, NULL));
}

BOOL WINAPI
ReleaseSemaphore(HANDLE Handle, LONG Count, LPLONG Previous)
{
    return BaseResult(NtReleaseSemaphore(Handle, Count, Previous));
}

BOOL WINAPI
SetWaitableTimer(HANDLE Handle, const LARGE_INTEGER *DueTime, LONG Period, PTIMERAPCROUTINE Routine,
                 LPVOID Context, BOOL Resume)
{
    LARGE_INTEGER Due = *DueTime;

    return BaseResult(NtSetTimer(Handle, &Due, (PTIMER_APC_ROUTINE)(PVOID)Routine, Context,
                                 (BOOLEAN)Resume, Period, NULL));
}

BOOL WINAPI
SetWaitableTimerEx(HANDLE Handle, const LARGE_INTEGER *DueTime, LONG Period,
                   PTIMERAPCROUTINE Routine, LPVOID Context, PREASON_CONTEXT WakeContext,
                   ULONG TolerableDelay)
{
    return SetWaitableTimer(Handle, DueTime, Period, Routine, Context, FALSE);
}
