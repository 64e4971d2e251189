/*
 * wait.c - Win32's waits. STATUS_WAIT_0.., STATUS_ABANDONED.., STATUS_USER_APC and STATUS_TIMEOUT are what they return.
 *
 * An alertable wait that an alert (not an APC) ends is begun again: Win32 has no word for it.
 */
#include "user/kernel32/base.h"

DWORD WINAPI
WaitForSingleObjectEx(HANDLE Handle, DWORD Milliseconds, BOOL Alertable)
{
    LARGE_INTEGER Time;
    NTSTATUS Status;

    do {
        Status = NtWaitForSingleObject(BaseRealHandle(Handle), (BOOLEAN)Alertable,
                                       BaseTimeout(&Time, Milliseconds));
    } while (Status == STATUS_ALERTED && Alertable);
    if (!NT_SUCCESS(Status)) {
        BaseFail(Status);
        return WAIT_FAILED;
    }
    return (DWORD)Status;
}

DWORD WINAPI
WaitForSingleObject(HANDLE Handle, DWORD Milliseconds)
{
    return WaitForSingleObjectEx(Handle, Milliseconds, FALSE);
}

DWORD WINAPI
WaitForMultipleObjectsEx(DWORD Count, const HANDLE *Handles, BOOL All, DWORD Milliseconds,
                         BOOL Alertable)
{
    HANDLE Real[MAXIMUM_WAIT_OBJECTS];
    LARGE_INTEGER Time;
    NTSTATUS Status;
    DWORD Index;

    if (Count == 0 || Count > MAXIMUM_WAIT_OBJECTS) {
        BaseFailWith(ERROR_INVALID_PARAMETER);
        return WAIT_FAILED;
    }
    for (Index = 0; Index < Count; Index++) {
        Real[Index] = BaseRealHandle(Handles[Index]);
    }
    do {
        Status = NtWaitForMultipleObjects(Count, Real, All ? WaitAll : WaitAny, (BOOLEAN)Alertable,
                                          BaseTimeout(&Time, Milliseconds));
    } while (Status == STATUS_ALERTED && Alertable);
    if (!NT_SUCCESS(Status)) {
        BaseFail(Status);
        return WAIT_FAILED;
    }
    return (DWORD)Status;
}

DWORD WINAPI
WaitForMultipleObjects(DWORD Count, const HANDLE *Handles, BOOL All, DWORD Milliseconds)
{
    return WaitForMultipleObjectsEx(Count, Handles, All, Milliseconds, FALSE);
}

DWORD WINAPI
SignalObjectAndWait(HANDLE Signal, HANDLE Wait, DWORD Milliseconds, BOOL Alertable)
{
    LARGE_INTEGER Time;
    NTSTATUS Status = NtSignalAndWaitForSingleObject(Signal, Wait, (BOOLEAN)Alertable,
                                                     BaseTimeout(&Time, Milliseconds));

    while (Status == STATUS_ALERTED && Alertable) {
        Status = NtWaitForSingleObject(Wait, TRUE, BaseTimeout(&Time, Milliseconds));
    }
    if (!NT_SUCCESS(Status)) {
        BaseFail(Status);
        return WAIT_FAILED;
    }
    return (DWORD)Status;
}

DWORD WINAPI
SleepEx(DWORD Milliseconds, BOOL Alertable)
{
    LARGE_INTEGER Time;
    NTSTATUS Status;

    if (BaseTimeout(&Time, Milliseconds) == NULL) {
        Time.QuadPart = 0x8000000000000000ll;
    }
    do {
        Status = NtDelayExecution((BOOLEAN)Alertable, &Time);
    } while (Status == STATUS_ALERTED && Alertable);
    return Status == STATUS_USER_APC ? WAIT_IO_COMPLETION : 0;
}

VOID WINAPI
Sleep(DWORD Milliseconds)
{
    SleepEx(Milliseconds, FALSE);
}

BOOL WINAPI
SwitchToThread(VOID)
{
    return NtYieldExecution() != STATUS_NO_YIELD_PERFORMED;
}
