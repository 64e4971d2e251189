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

UINT WINAPI
SetErrorMode(UINT Mode)
{
    UINT Previous = BaseErrorMode;

    BaseErrorMode = Mode;
    return Previous;
}

UINT WINAPI
GetErrorMode(VOID)
{
    return BaseErrorMode;
}

BOOL WINAPI
SetThreadErrorMode(DWORD Mode, LPDWORD Previous)
{
    if (Previous != NULL) {
        *Previous = NtCurrentTeb()->HardErrorMode;
    }
    NtCurrentTeb()->HardErrorMode = Mode;
    return TRUE;
}

DWORD WINAPI
GetThreadErrorMode(VOID)
{
    return NtCurrentTeb()->HardErrorMode;
}
