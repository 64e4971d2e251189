/*
 * system.c - time, version, processors: what user mode reads of the system.
 *
 * The version is the one that the kernel put into KUSER_SHARED_DATA; no manifest changes it.
 * Facts: RtlGetVersion, QueryPerformanceCounter, GetTickCount64.
 */
#include "user/ntdll/ntdllp.h"

LOGICAL NTAPI
RtlQueryPerformanceCounter(PLARGE_INTEGER Counter)
{
    LARGE_INTEGER Frequency;

    return NT_SUCCESS(NtQueryPerformanceCounter(Counter, &Frequency));
}

LOGICAL NTAPI
RtlQueryPerformanceFrequency(PLARGE_INTEGER Frequency)
{
    LARGE_INTEGER Counter;

    return NT_SUCCESS(NtQueryPerformanceCounter(&Counter, Frequency));
}

LARGE_INTEGER NTAPI
RtlGetSystemTimePrecise(VOID)
{
    LARGE_INTEGER Time = {.QuadPart = 0};

    NtQuerySystemTime(&Time);
    return Time;
}

NTSTATUS NTAPI
RtlGetVersion(PRTL_OSVERSIONINFOW Version)
{
    Version->dwMajorVersion = UserSharedMajor();
    Version->dwMinorVersion = UserSharedMinor();
    Version->dwBuildNumber = NtCurrentPeb()->OSBuildNumber;
    Version->dwPlatformId = VER_PLATFORM_WIN32_NT;
    Version->szCSDVersion[0] = 0;
    if (Version->dwOSVersionInfoSize >= sizeof(RTL_OSVERSIONINFOEXW)) {
        PRTL_OSVERSIONINFOEXW Extended = (PRTL_OSVERSIONINFOEXW)Version;

        Extended->wServicePackMajor = 0;
        Extended->wServicePackMinor = 0;
        Extended->wSuiteMask = VER_SUITE_SINGLEUSERTS;
        Extended->wProductType = VER_NT_WORKSTATION;
        Extended->wReserved = 0;
    }
    return STATUS_SUCCESS;
}

VOID NTAPI
RtlGetNtVersionNumbers(PULONG Major, PULONG Minor, PULONG Build)
{
    if (Major != NULL) {
        *Major = UserSharedMajor();
    }
    if (Minor != NULL) {
        *Minor = UserSharedMinor();
    }
    if (Build != NULL) {
        *Build = NtCurrentPeb()->OSBuildNumber | 0xF0000000; /* free build */
    }
}

static BOOLEAN
RtlpCompareVersion(ULONG Have, ULONG Want, ULONG Condition)
{
    switch (Condition) {
    case VER_EQUAL:
        return Have == Want;
    case VER_GREATER:
        return Have > Want;
    case VER_GREATER_EQUAL:
        return Have >= Want;
    case VER_LESS:
        return Have < Want;
    case VER_LESS_EQUAL:
        return Have <= Want;
    case VER_AND:
        return (Have & Want) == Want;
    case VER_OR:
        return (Have & Want) != 0;
    default:
        return FALSE;
    }
}

#define VERSION_CONDITION(Mask, Shift)                                                             \
    ((ULONG)((Mask) >> ((Shift) * VER_NUM_BITS_PER_CONDITION_MASK)) & VER_CONDITION_MASK)

NTSTATUS NTAPI
RtlVerifyVersionInfo(PRTL_OSVERSIONINFOEXW Wanted, ULONG Types, ULONGLONG Conditions)
{
    RTL_OSVERSIONINFOEXW Have;
    ULONG Condition;

    Have.dwOSVersionInfoSize = sizeof(Have);
    RtlGetVersion((PRTL_OSVERSIONINFOW)&Have);
    if (Types == 0) {
        return STATUS_INVALID_PARAMETER;
    }
    if ((Types & VER_PRODUCT_TYPE) != 0 &&
        !RtlpCompareVersion(Have.wProductType, Wanted->wProductType,
                            VERSION_CONDITION(Conditions, 7))) {
        return STATUS_REVISION_MISMATCH;
    }
    if ((Types & VER_SUITENAME) != 0 && !RtlpCompareVersion(Have.wSuiteMask, Wanted->wSuiteMask,
                                                            VERSION_CONDITION(Conditions, 6))) {
        return STATUS_REVISION_MISMATCH;
    }
    if ((Types & VER_PLATFORMID) != 0 &&
        !RtlpCompareVersion(Have.dwPlatformId, Wanted->dwPlatformId,
                            VERSION_CONDITION(Conditions, 3))) {
        return STATUS_REVISION_MISMATCH;
    }
    if ((Types & VER_BUILDNUMBER) != 0 &&
        !RtlpCompareVersion(Have.dwBuildNumber, Wanted->dwBuildNumber,
                            VERSION_CONDITION(Conditions, 2))) {
        return STATUS_REVISION_MISMATCH;
    }
    /* Major, minor and service pack are one number, compared from the left. */
    Condition = (Types & VER_MAJORVERSION) != 0   ? VERSION_CONDITION(Conditions, 1)
                : (Types & VER_MINORVERSION) != 0 ? VERSION_CONDITION(Conditions, 0)
                                                  : VERSION_CONDITION(Conditions, 5);
    if ((Types & (VER_MAJORVERSION | VER_MINORVERSION | VER_SERVICEPACKMAJOR)) != 0) {
        ULONG HaveAll = 0, WantAll = 0;

        if ((Types & VER_MAJORVERSION) != 0) {
            HaveAll |= Have.dwMajorVersion << 16;
            WantAll |= Wanted->dwMajorVersion << 16;
        }
        if ((Types & VER_MINORVERSION) != 0) {
            HaveAll |= Have.dwMinorVersion << 8;
            WantAll |= Wanted->dwMinorVersion << 8;
        }
        if ((Types & VER_SERVICEPACKMAJOR) != 0) {
            HaveAll |= Have.wServicePackMajor;
            WantAll |= Wanted->wServicePackMajor;
        }
        if (!RtlpCompareVersion(HaveAll, WantAll, Condition)) {
            return STATUS_REVISION_MISMATCH;
        }
    }
    return STATUS_SUCCESS;
}

ULONGLONG NTAPI
VerSetConditionMask(ULONGLONG Mask, ULONG Types, UCHAR Condition)
{
    static const struct {
        ULONG Type;
        UCHAR Shift;
    } Shifts[] = {{VER_PRODUCT_TYPE, 7},     {VER_SUITENAME, 6},   {VER_SERVICEPACKMAJOR, 5},
                  {VER_SERVICEPACKMINOR, 4}, {VER_PLATFORMID, 3},  {VER_BUILDNUMBER, 2},
                  {VER_MAJORVERSION, 1},     {VER_MINORVERSION, 0}};
    ULONG Index;

    for (Index = 0; Index < RTL_NUMBER_OF(Shifts); Index++) {
        if ((Types & Shifts[Index].Type) != 0) {
            return Mask | (ULONGLONG)(Condition & VER_CONDITION_MASK)
                              << (Shifts[Index].Shift * VER_NUM_BITS_PER_CONDITION_MASK);
        }
    }
    return Mask;
}

BOOLEAN NTAPI
RtlGetProductInfo(ULONG Major, ULONG Minor, ULONG PackMajor, ULONG PackMinor, PULONG Product)
{
    if (Product == NULL) {
        return FALSE;
    }
    *Product = Major >= 6 ? PRODUCT_PROFESSIONAL : PRODUCT_UNDEFINED;
    return Major >= 6;
}

NTSTATUS NTAPI
RtlAdjustPrivilege(ULONG Privilege, BOOLEAN Enable, BOOLEAN Thread, PBOOLEAN Previous)
{
    TOKEN_PRIVILEGES New, Old;
    ULONG Length = sizeof(Old);
    HANDLE Token;
    NTSTATUS Status;

    Status = Thread ? NtOpenThreadToken(NtCurrentThread(), TOKEN_ADJUST_PRIVILEGES | TOKEN_QUERY,
                                        FALSE, &Token)
                    : NtOpenProcessToken(NtCurrentProcess(), TOKEN_ADJUST_PRIVILEGES | TOKEN_QUERY,
                                         &Token);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    New.PrivilegeCount = 1;
    New.Privileges[0].Luid.LowPart = Privilege;
    New.Privileges[0].Luid.HighPart = 0;
    New.Privileges[0].Attributes = Enable ? SE_PRIVILEGE_ENABLED : 0;
    Old.PrivilegeCount = 0;
    Status = NtAdjustPrivilegesToken(Token, FALSE, &New, sizeof(New), &Old, &Length);
    NtClose(Token);
    if (Status == STATUS_NOT_ALL_ASSIGNED) {
        return STATUS_PRIVILEGE_NOT_HELD;
    }
    if (NT_SUCCESS(Status)) {
        *Previous = Old.PrivilegeCount == 0
                        ? Enable
                        : (Old.Privileges[0].Attributes & SE_PRIVILEGE_ENABLED) != 0;
    }
    return Status;
}

/* There is no sleep: biased and unbiased time are one. */
BOOLEAN NTAPI
RtlQueryUnbiasedInterruptTime(PULONGLONG Time)
{
    LARGE_INTEGER Counter, Frequency;

    if (Time == NULL) {
        RtlSetLastWin32ErrorAndNtStatusFromNtStatus(STATUS_INVALID_PARAMETER);
        return FALSE;
    }
    NtQueryPerformanceCounter(&Counter, &Frequency);
    *Time = (ULONGLONG)Counter.QuadPart * 10000000ull / (ULONGLONG)Frequency.QuadPart;
    return TRUE;
}

/* Native: what a WOW64 process is not told otherwise. */
NTSTATUS NTAPI
RtlGetNativeSystemInformation(SYSTEM_INFORMATION_CLASS Class, PVOID Information, ULONG Length,
                              PULONG ReturnLength)
{
    return NtQuerySystemInformation(Class, Information, Length, ReturnLength);
}

#define THREAD_ERROR_MODES 0x70

ULONG NTAPI
RtlGetThreadErrorMode(VOID)
{
    return NtCurrentTeb()->HardErrorMode;
}

NTSTATUS NTAPI
RtlSetThreadErrorMode(ULONG NewMode, PULONG OldMode)
{
    if ((NewMode & ~THREAD_ERROR_MODES) != 0) {
        return STATUS_INVALID_PARAMETER_1;
    }
    if (OldMode != NULL) {
        *OldMode = NtCurrentTeb()->HardErrorMode;
    }
    NtCurrentTeb()->HardErrorMode = NewMode;
    return STATUS_SUCCESS;
}

/* The zone of the box is UTC. */
NTSTATUS NTAPI
RtlQueryDynamicTimeZoneInformation(PDYNAMIC_TIME_ZONE_INFORMATION Zone)
{
    RtlZeroMemory(Zone, sizeof(*Zone));
    wcscpy(Zone->StandardName, L"Coordinated Universal Time");
    wcscpy(Zone->DaylightName, L"Coordinated Universal Time");
    wcscpy(Zone->TimeZoneKeyName, L"UTC");
    return STATUS_SUCCESS;
}

NTSTATUS NTAPI
RtlQueryTimeZoneInformation(PTIME_ZONE_INFORMATION Zone)
{
    RtlZeroMemory(Zone, sizeof(*Zone));
    wcscpy(Zone->StandardName, L"Coordinated Universal Time");
    wcscpy(Zone->DaylightName, L"Coordinated Universal Time");
    return STATUS_SUCCESS;
}
