/*
 * status.c - the last error, and how a status becomes one.
 */
#include "user/kernel32/base.h"

DWORD WINAPI
GetLastError(VOID)
{
    return NtCurrentTeb()->LastErrorValue;
}

VOID WINAPI
SetLastError(DWORD Error)
{
    NtCurrentTeb()->LastErrorValue = Error;
}

BOOL
BaseFail(NTSTATUS Status)
{
    NtCurrentTeb()->LastErrorValue = RtlNtStatusToDosError(Status);
    return FALSE;
}

BOOL
BaseResult(NTSTATUS Status)
{
    return NT_SUCCESS(Status) ? TRUE : BaseFail(Status);
}

BOOL
BaseFailWith(DWORD Error)
{
    NtCurrentTeb()->LastErrorValue = Error;
    return FALSE;
}

PLARGE_INTEGER
BaseTimeout(PLARGE_INTEGER Room, DWORD Milliseconds)
{
    if (Milliseconds == INFINITE) {
        return NULL;
    }
    Room->QuadPart = -10000ll * Milliseconds;
    return Room;
}

BOOL
BaseToWide(PUNICODE_STRING Wide, LPCSTR Ansi)
{
    ANSI_STRING String;
    NTSTATUS Status;

    Wide->Buffer = NULL;
    Wide->Length = Wide->MaximumLength = 0;
    if (Ansi == NULL) {
        return TRUE;
    }
    RtlInitAnsiString(&String, Ansi);
    Status = RtlAnsiStringToUnicodeString(Wide, &String, TRUE);
    return BaseResult(Status);
}

DWORD
BaseToAnsi(PCWSTR Wide, DWORD Length, LPSTR Buffer, DWORD Room)
{
    ULONG Written;

    if (Buffer == NULL || Room <= Length) {
        return Length + 1; /* code page 1252: one byte for each character */
    }
    RtlUnicodeToMultiByteN(Buffer, Room - 1, &Written, Wide, Length * sizeof(WCHAR));
    Buffer[Written] = 0;
    return Written;
}

/* The process's mode is the kernel's, which hard errors ask: with SEM_FAILCRITICALERRORS inverted. */
UINT WINAPI
GetErrorMode(VOID)
{
    ULONG Mode = SEM_FAILCRITICALERRORS;

    NtQueryInformationProcess(NtCurrentProcess(), ProcessDefaultHardErrorMode, &Mode, sizeof(Mode),
                              NULL);
    return Mode ^ SEM_FAILCRITICALERRORS;
}

UINT WINAPI
SetErrorMode(UINT Mode)
{
    UINT Previous = GetErrorMode();
    ULONG New = (Mode | (Previous & SEM_NOALIGNMENTFAULTEXCEPT)) ^ SEM_FAILCRITICALERRORS;

    NtSetInformationProcess(NtCurrentProcess(), ProcessDefaultHardErrorMode, &New, sizeof(New));
    return Previous;
}

/* A thread's mode lies in its TEB: the three bits from 0x10 on. */
DWORD WINAPI
GetThreadErrorMode(VOID)
{
    ULONG Mode = NtCurrentTeb()->HardErrorMode;

    return ((Mode & 0x10) ? SEM_FAILCRITICALERRORS : 0) |
           ((Mode & 0x20) ? SEM_NOGPFAULTERRORBOX : 0) |
           ((Mode & 0x40) ? SEM_NOOPENFILEERRORBOX : 0);
}

BOOL WINAPI
SetThreadErrorMode(DWORD Mode, LPDWORD Previous)
{
    if ((Mode &
         ~(DWORD)(SEM_FAILCRITICALERRORS | SEM_NOGPFAULTERRORBOX | SEM_NOOPENFILEERRORBOX)) != 0) {
        return BaseFailWith(ERROR_INVALID_PARAMETER);
    }
    if (Previous != NULL) {
        *Previous = GetThreadErrorMode();
    }
    NtCurrentTeb()->HardErrorMode = ((Mode & SEM_FAILCRITICALERRORS) ? 0x10 : 0) |
                                    ((Mode & SEM_NOGPFAULTERRORBOX) ? 0x20 : 0) |
                                    ((Mode & SEM_NOOPENFILEERRORBOX) ? 0x40 : 0);
    return TRUE;
}
