/*
 * lock.c - critical sections, condition variables, one-time initialisation, WaitOnAddress, interlocked lists:
 * the part that is not a mere forwarder to ntdll (kernel32.exports).
 */
#include "user/kernel32/base.h"

VOID WINAPI
InitializeCriticalSection(LPCRITICAL_SECTION Section)
{
    RtlInitializeCriticalSection(Section);
}

BOOL WINAPI
InitializeCriticalSectionAndSpinCount(LPCRITICAL_SECTION Section, DWORD SpinCount)
{
    return BaseResult(RtlInitializeCriticalSectionAndSpinCount(Section, SpinCount));
}

BOOL WINAPI
InitializeCriticalSectionEx(LPCRITICAL_SECTION Section, DWORD SpinCount, DWORD Flags)
{
    return BaseResult(RtlInitializeCriticalSectionEx(Section, SpinCount, Flags));
}

BOOL WINAPI
SleepConditionVariableCS(PCONDITION_VARIABLE Variable, PCRITICAL_SECTION Section,
                         DWORD Milliseconds)
{
    LARGE_INTEGER Time;
    NTSTATUS Status =
        RtlSleepConditionVariableCS(Variable, Section, BaseTimeout(&Time, Milliseconds));

    return Status == STATUS_TIMEOUT ? BaseFailWith(ERROR_TIMEOUT) : BaseResult(Status);
}

BOOL WINAPI
SleepConditionVariableSRW(PCONDITION_VARIABLE Variable, PSRWLOCK Lock, DWORD Milliseconds,
                          ULONG Flags)
{
    LARGE_INTEGER Time;
    NTSTATUS Status =
        RtlSleepConditionVariableSRW(Variable, Lock, BaseTimeout(&Time, Milliseconds), Flags);

    return Status == STATUS_TIMEOUT ? BaseFailWith(ERROR_TIMEOUT) : BaseResult(Status);
}

BOOL WINAPI
WaitOnAddress(volatile VOID *Address, PVOID Compare, SIZE_T Size, DWORD Milliseconds)
{
    LARGE_INTEGER Time;
    NTSTATUS Status = RtlWaitOnAddress((const volatile VOID *)Address, Compare, Size,
                                       BaseTimeout(&Time, Milliseconds));

    return Status == STATUS_TIMEOUT ? BaseFailWith(ERROR_TIMEOUT) : BaseResult(Status);
}

BOOL WINAPI
InitOnceBeginInitialize(LPINIT_ONCE Once, DWORD Flags, PBOOL Pending, LPVOID *Context)
{
    NTSTATUS Status = RtlRunOnceBeginInitialize(Once, Flags, Context);

    if (!NT_SUCCESS(Status)) {
        return Status == STATUS_UNSUCCESSFUL ? BaseFailWith(ERROR_GEN_FAILURE) : BaseFail(Status);
    }
    *Pending = Status == STATUS_PENDING;
    return TRUE;
}

BOOL WINAPI
InitOnceComplete(LPINIT_ONCE Once, DWORD Flags, LPVOID Context)
{
    return BaseResult(RtlRunOnceComplete(Once, Flags, Context));
}

BOOL WINAPI
InitOnceExecuteOnce(PINIT_ONCE Once, PINIT_ONCE_FN Function, PVOID Parameter, LPVOID *Context)
{
    return NT_SUCCESS(RtlRunOnceExecuteOnce(Once, (PVOID)Function, Parameter, Context));
}
