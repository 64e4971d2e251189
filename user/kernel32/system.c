/*
 * system.c - the machine and its version as programs ask for them.
 */
#include "user/kernel32/base.h"

VOID WINAPI
GetSystemInfo(LPSYSTEM_INFO Information)
{
    SYSTEM_BASIC_INFORMATION Basic;

    RtlZeroMemory(Information, sizeof(*Information));
    if (!NT_SUCCESS(
            NtQuerySystemInformation(SystemBasicInformation, &Basic, sizeof(Basic), NULL))) {
        return;
    }
    Information->wProcessorArchitecture = PROCESSOR_ARCHITECTURE_AMD64;
    Information->dwPageSize = Basic.PageSize;
    Information->lpMinimumApplicationAddress = (PVOID)Basic.MinimumUserModeAddress;
    Information->lpMaximumApplicationAddress = (PVOID)Basic.MaximumUserModeAddress;
    Information->dwActiveProcessorMask = Basic.ActiveProcessorsAffinityMask;
    Information->dwNumberOfProcessors = (DWORD)Basic.NumberOfProcessors;
    Information->dwProcessorType = PROCESSOR_AMD_X8664;
    Information->dwAllocationGranularity = Basic.AllocationGranularity;
    Information->wProcessorLevel = 6;
    Information->wProcessorRevision = 0;
}

static VOID
BaseVersion(PRTL_OSVERSIONINFOEXW Version)
{
    Version->dwOSVersionInfoSize = sizeof(*Version);
    RtlGetVersion((PRTL_OSVERSIONINFOW)Version);
}

BOOL WINAPI
GetVersionExW(LPOSVERSIONINFOW Information)
{
    RTL_OSVERSIONINFOEXW Version;
    DWORD Size = Information->dwOSVersionInfoSize;

    if (Size != sizeof(OSVERSIONINFOW) && Size != sizeof(OSVERSIONINFOEXW)) {
        return BaseFailWith(ERROR_INSUFFICIENT_BUFFER);
    }
    BaseVersion(&Version);
    RtlCopyMemory(Information, &Version, Size);
    Information->dwOSVersionInfoSize = Size;
    return TRUE;
}

BOOL WINAPI
GetVersionExA(LPOSVERSIONINFOA Information)
{
    RTL_OSVERSIONINFOEXW Version;
    DWORD Size = Information->dwOSVersionInfoSize;

    if (Size != sizeof(OSVERSIONINFOA) && Size != sizeof(OSVERSIONINFOEXA)) {
        return BaseFailWith(ERROR_INSUFFICIENT_BUFFER);
    }
    BaseVersion(&Version);
    Information->dwMajorVersion = Version.dwMajorVersion;
    Information->dwMinorVersion = Version.dwMinorVersion;
    Information->dwBuildNumber = Version.dwBuildNumber;
    Information->dwPlatformId = Version.dwPlatformId;
    Information->szCSDVersion[0] = 0;
    if (Size == sizeof(OSVERSIONINFOEXA)) {
        LPOSVERSIONINFOEXA Extended = (LPOSVERSIONINFOEXA)Information;

        Extended->wServicePackMajor = Version.wServicePackMajor;
        Extended->wServicePackMinor = Version.wServicePackMinor;
        Extended->wSuiteMask = Version.wSuiteMask;
        Extended->wProductType = Version.wProductType;
        Extended->wReserved = 0;
    }
    return TRUE;
}

DWORD WINAPI
GetVersion(VOID)
{
    RTL_OSVERSIONINFOEXW Version;

    BaseVersion(&Version);
    return Version.dwMajorVersion | Version.dwMinorVersion << 8 | Version.dwBuildNumber << 16;
}

BOOL WINAPI
VerifyVersionInfoW(LPOSVERSIONINFOEXW Wanted, DWORD Types, DWORDLONG Conditions)
{
    NTSTATUS Status = RtlVerifyVersionInfo((PRTL_OSVERSIONINFOEXW)Wanted, Types, Conditions);

    if (Status == STATUS_REVISION_MISMATCH) {
        return BaseFailWith(ERROR_OLD_WIN_VERSION);
    }
    return Status == STATUS_INVALID_PARAMETER ? BaseFailWith(ERROR_BAD_ARGUMENTS)
                                              : BaseResult(Status);
}

BOOL WINAPI
VerifyVersionInfoA(LPOSVERSIONINFOEXA Wanted, DWORD Types, DWORDLONG Conditions)
{
    OSVERSIONINFOEXW Wide;

    RtlZeroMemory(&Wide, sizeof(Wide));
    Wide.dwOSVersionInfoSize = sizeof(Wide);
    Wide.dwMajorVersion = Wanted->dwMajorVersion;
    Wide.dwMinorVersion = Wanted->dwMinorVersion;
    Wide.dwBuildNumber = Wanted->dwBuildNumber;
    Wide.dwPlatformId = Wanted->dwPlatformId;
    Wide.wServicePackMajor = Wanted->wServicePackMajor;
    Wide.wServicePackMinor = Wanted->wServicePackMinor;
    Wide.wSuiteMask = Wanted->wSuiteMask;
    Wide.wProductType = Wanted->wProductType;
    return VerifyVersionInfoW(&Wide, Types, Conditions);
}

BOOL WINAPI
GlobalMemoryStatusEx(LPMEMORYSTATUSEX Status)
{
    SYSTEM_BASIC_INFORMATION Basic;

    if (Status->dwLength != sizeof(*Status)) {
        return BaseFailWith(ERROR_INVALID_PARAMETER);
    }
    if (!BaseResult(
            NtQuerySystemInformation(SystemBasicInformation, &Basic, sizeof(Basic), NULL))) {
        return FALSE;
    }
    Status->dwMemoryLoad = 25;
    Status->ullTotalPhys = (DWORDLONG)Basic.NumberOfPhysicalPages * Basic.PageSize;
    Status->ullAvailPhys = Status->ullTotalPhys / 4 * 3;
    Status->ullTotalPageFile = Status->ullTotalPhys;
    Status->ullAvailPageFile = Status->ullAvailPhys;
    Status->ullTotalVirtual = Basic.MaximumUserModeAddress + 1 - Basic.MinimumUserModeAddress;
    Status->ullAvailVirtual = Status->ullTotalVirtual;
    Status->ullAvailExtendedVirtual = 0;
    return TRUE;
}

BOOL WINAPI
GetComputerNameW(LPWSTR Buffer, LPDWORD Size)
{
    static const WCHAR Name[] = L"NTLAB";

    if (*Size < RTL_NUMBER_OF(Name)) {
        *Size = RTL_NUMBER_OF(Name);
        return BaseFailWith(ERROR_BUFFER_OVERFLOW);
    }
    wcscpy(Buffer, Name);
    *Size = RTL_NUMBER_OF(Name) - 1;
    return TRUE;
}

BOOL WINAPI
GetComputerNameA(LPSTR Buffer, LPDWORD Size)
{
    WCHAR Wide[16];
    DWORD Length = RTL_NUMBER_OF(Wide);

    GetComputerNameW(Wide, &Length);
    if (*Size < Length + 1) {
        *Size = Length + 1;
        return BaseFailWith(ERROR_BUFFER_OVERFLOW);
    }
    *Size = BaseToAnsi(Wide, Length, Buffer, *Size);
    return TRUE;
}

BOOL WINAPI
GetComputerNameExW(COMPUTER_NAME_FORMAT Format, LPWSTR Buffer, LPDWORD Size)
{
    DWORD Error = GetLastError();

    if (GetComputerNameW(Buffer, Size)) {
        return TRUE;
    }
    if (GetLastError() == ERROR_BUFFER_OVERFLOW) {
        Error = ERROR_MORE_DATA; /* what this one calls it */
    }
    return BaseFailWith(Error);
}

BOOL WINAPI
GetComputerNameExA(COMPUTER_NAME_FORMAT Format, LPSTR Buffer, LPDWORD Size)
{
    DWORD Error = GetLastError();

    if (GetComputerNameA(Buffer, Size)) {
        return TRUE;
    }
    if (GetLastError() == ERROR_BUFFER_OVERFLOW) {
        Error = ERROR_MORE_DATA;
    }
    return BaseFailWith(Error);
}

/* The number is kept in the processor's GDT limit on Windows; the kernel answers it here. */
DWORD WINAPI
GetCurrentProcessorNumber(VOID)
{
    return NtGetCurrentProcessorNumber();
}

VOID WINAPI
GetCurrentProcessorNumberEx(PPROCESSOR_NUMBER Number)
{
    Number->Group = 0;
    Number->Number = (BYTE)NtGetCurrentProcessorNumber();
    Number->Reserved = 0;
}

WORD WINAPI
GetActiveProcessorGroupCount(VOID)
{
    return 1;
}

DWORD WINAPI
GetActiveProcessorCount(WORD Group)
{
    SYSTEM_INFO Information;

    GetSystemInfo(&Information);
    return Group == 0 || Group == ALL_PROCESSOR_GROUPS ? Information.dwNumberOfProcessors : 0;
}

WORD WINAPI
GetMaximumProcessorGroupCount(VOID)
{
    return 1;
}

BOOL WINAPI
IsProcessorFeaturePresent(DWORD Feature)
{
    /* KUSER_SHARED_DATA.ProcessorFeatures */
    return Feature < 64 ? *(volatile BOOLEAN *)(USER_SHARED_DATA + 0x274 + Feature) : FALSE;
}

BOOL WINAPI
GetProductInfo(DWORD Major, DWORD Minor, DWORD PackMajor, DWORD PackMinor, PDWORD Product)
{
    return RtlGetProductInfo(Major, Minor, PackMajor, PackMinor, Product);
}

BOOL WINAPI
GetLogicalProcessorInformation(PSYSTEM_LOGICAL_PROCESSOR_INFORMATION Buffer, PDWORD Length)
{
    DWORD Count = GetActiveProcessorCount(0), Needed = Count * sizeof(*Buffer), Index;

    if (*Length < Needed) {
        *Length = Needed;
        return BaseFailWith(ERROR_INSUFFICIENT_BUFFER);
    }
    RtlZeroMemory(Buffer, Needed);
    for (Index = 0; Index < Count; Index++) {
        Buffer[Index].ProcessorMask = (ULONG_PTR)1 << Index;
        Buffer[Index].Relationship = RelationProcessorCore;
    }
    *Length = Needed;
    return TRUE;
}

BOOL WINAPI
Beep(DWORD Frequency, DWORD Milliseconds)
{
    Sleep(Milliseconds);
    return TRUE;
}

int WINAPI
MulDiv(int Number, int Numerator, int Denominator)
{
    LONGLONG Product = (LONGLONG)Number * Numerator;

    if (Denominator == 0) {
        return -1;
    }
    if ((Product < 0) != (Denominator < 0)) {
        Product -= Denominator / 2;
    } else {
        Product += Denominator / 2;
    }
    Product /= Denominator;
    return Product > INT32_MAX || Product < INT32_MIN ? -1 : (int)Product;
}

BOOL WINAPI
GetUserPreferredUILanguages(DWORD Flags, PULONG Count, PZZWSTR Buffer, PULONG Size)
{
    static const WCHAR Names[] = L"en-US\0";

    *Count = 1;
    if (Buffer != NULL && *Size >= RTL_NUMBER_OF(Names)) {
        RtlCopyMemory(Buffer, Names, sizeof(Names));
    } else if (Buffer != NULL) {
        *Size = RTL_NUMBER_OF(Names);
        return BaseFailWith(ERROR_INSUFFICIENT_BUFFER);
    }
    *Size = RTL_NUMBER_OF(Names);
    return TRUE;
}
