/*
 * environment.c - environment variables and the current folder.
 */
#include "user/kernel32/base.h"

DWORD WINAPI
GetEnvironmentVariableW(LPCWSTR Name, LPWSTR Buffer, DWORD Room)
{
    SIZE_T Length;
    NTSTATUS Status = RtlQueryEnvironmentVariable(NULL, Name, Name != NULL ? wcslen(Name) : 0,
                                                  Buffer, Room == 0 ? 0 : Room - 1, &Length);

    if (Status == STATUS_BUFFER_TOO_SMALL) {
        return (DWORD)Length;
    }
    if (!NT_SUCCESS(Status)) {
        BaseFail(Status);
        return 0;
    }
    if (Room == 0) {
        return (DWORD)Length + 1;
    }
    Buffer[Length] = 0;
    return (DWORD)Length;
}

DWORD WINAPI
GetEnvironmentVariableA(LPCSTR Name, LPSTR Buffer, DWORD Room)
{
    UNICODE_STRING WideName;
    PWSTR Wide;
    DWORD Length;

    if (!BaseToWide(&WideName, Name)) {
        return 0;
    }
    Wide = RtlAllocateHeap(BaseHeap(), 0, 0x10000);
    if (Wide == NULL) {
        RtlFreeUnicodeString(&WideName);
        BaseFailWith(ERROR_NOT_ENOUGH_MEMORY);
        return 0;
    }
    Wide[0] = 1; /* still so when there is no such variable */
    Length = GetEnvironmentVariableW(WideName.Buffer, Wide, 0x7FFF);
    if ((Length != 0 || Wide[0] == 0) && Length + 1 > Room) {
        Length++; /* the buffer is left alone */
    } else if (Length != 0 || Wide[0] == 0) {
        Length = BaseToAnsi(Wide, Length, Buffer, Room);
    }
    RtlFreeHeap(BaseHeap(), 0, Wide);
    RtlFreeUnicodeString(&WideName);
    return Length;
}

BOOL WINAPI
SetEnvironmentVariableW(LPCWSTR Name, LPCWSTR Value)
{
    return BaseResult(RtlSetEnvironmentVar(NULL, Name, Name != NULL ? wcslen(Name) : 0, Value,
                                           Value != NULL ? wcslen(Value) : 0));
}

BOOL WINAPI
SetEnvironmentVariableA(LPCSTR Name, LPCSTR Value)
{
    UNICODE_STRING WideName, WideValue;
    BOOL Result = FALSE;

    if (!BaseToWide(&WideName, Name)) {
        return FALSE;
    }
    if (BaseToWide(&WideValue, Value)) {
        Result = SetEnvironmentVariableW(WideName.Buffer, WideValue.Buffer);
        RtlFreeUnicodeString(&WideValue);
    }
    RtlFreeUnicodeString(&WideName);
    return Result;
}

LPWCH WINAPI
GetEnvironmentStringsW(VOID)
{
    PWSTR Copy;

    return BaseResult(RtlCreateEnvironment(TRUE, &Copy)) ? Copy : NULL;
}

BOOL WINAPI
FreeEnvironmentStringsW(LPWCH Block)
{
    return RtlFreeHeap(BaseHeap(), 0, Block);
}

LPSTR WINAPI
GetEnvironmentStringsA(VOID)
{
    PWSTR Wide = GetEnvironmentStringsW();
    ULONG Length = 0, Written;
    PCHAR Narrow;

    if (Wide == NULL) {
        return NULL;
    }
    while (Wide[Length] != 0) {
        Length += (ULONG)wcslen(Wide + Length) + 1;
    }
    Length++;
    Narrow = RtlAllocateHeap(BaseHeap(), 0, Length);
    if (Narrow != NULL) {
        RtlUnicodeToMultiByteN(Narrow, Length, &Written, Wide, Length * sizeof(WCHAR));
    }
    RtlFreeHeap(BaseHeap(), 0, Wide);
    return Narrow;
}

BOOL WINAPI
FreeEnvironmentStringsA(LPCH Block)
{
    return RtlFreeHeap(BaseHeap(), 0, Block);
}

DWORD WINAPI
ExpandEnvironmentStringsW(LPCWSTR Source, LPWSTR Target, DWORD Room)
{
    UNICODE_STRING From, To;
    ULONG Needed;
    NTSTATUS Status;

    RtlInitUnicodeString(&From, Source);
    To.Buffer = Target;
    To.Length = 0;
    To.MaximumLength = (USHORT)min(Room * sizeof(WCHAR), 0xFFFE);
    Status = RtlExpandEnvironmentStrings_U(NULL, &From, &To, &Needed);
    if (!NT_SUCCESS(Status) && Status != STATUS_BUFFER_TOO_SMALL) {
        BaseFail(Status);
        return 0;
    }
    return Needed / sizeof(WCHAR);
}

DWORD WINAPI
ExpandEnvironmentStringsA(LPCSTR Source, LPSTR Target, DWORD Room)
{
    UNICODE_STRING WideSource;
    PWSTR Wide;
    DWORD Length = 0;

    if (!BaseToWide(&WideSource, Source)) {
        return 0;
    }
    Wide = RtlAllocateHeap(BaseHeap(), 0, 0x10000);
    if (Wide != NULL) {
        Length = ExpandEnvironmentStringsW(WideSource.Buffer, Wide, 0x7FFF);
        if (Length != 0) {
            DWORD Copied = BaseToAnsi(Wide, Length - 1, Target, Room);

            Length = max(Copied, Length);
        }
        RtlFreeHeap(BaseHeap(), 0, Wide);
    }
    RtlFreeUnicodeString(&WideSource);
    return Length;
}

DWORD WINAPI
GetCurrentDirectoryW(DWORD Room, LPWSTR Buffer)
{
    return RtlGetCurrentDirectory_U(Room * sizeof(WCHAR), Buffer) / sizeof(WCHAR);
}

DWORD WINAPI
GetCurrentDirectoryA(DWORD Room, LPSTR Buffer)
{
    WCHAR Wide[1024];
    DWORD Length = GetCurrentDirectoryW(RTL_NUMBER_OF(Wide), Wide);

    return BaseToAnsi(Wide, Length, Buffer, Room);
}

BOOL WINAPI
SetCurrentDirectoryW(LPCWSTR Path)
{
    UNICODE_STRING Name;

    if (Path == NULL) {
        return BaseFailWith(ERROR_INVALID_PARAMETER);
    }
    RtlInitUnicodeString(&Name, Path);
    return BaseResult(RtlSetCurrentDirectory_U(&Name));
}

ANSI_FORM(BOOL, SetCurrentDirectoryA, (LPCSTR Path), Path, FALSE, SetCurrentDirectoryW(Wide.Buffer))
