/*
 * version.c - which Windows this is, for drivers that ask.
 *
 * Source: Microsoft Learn: RtlGetVersion, RtlVerifyVersionInfo, VerSetConditionMask,
 * RtlIsNtDdiVersionAvailable, RtlIsServicePackVersionInstalled (wdm.h, ntddk.h); sdkddkver.h.
 */
#include "nt/inc/version.h"
#include "nt/rtl/rtlp.h"

/* wdm.h makes these names those of a library that drivers link. */
#undef RtlIsNtDdiVersionAvailable
#undef RtlIsServicePackVersionInstalled

#define RTLP_PLATFORM_NT       2
#define RTLP_WORKSTATION       1
#define RTLP_SUITE_SINGLE_USER 0x100

/* RTL_OSVERSIONINFOW, or RTL_OSVERSIONINFOEXW if its size says so. */
NTSTATUS NTAPI
RtlGetVersion(PRTL_OSVERSIONINFOW VersionInformation)
{
    PRTL_OSVERSIONINFOEXW Extended = (PRTL_OSVERSIONINFOEXW)VersionInformation;
    const char *Csd = KiVersion->CsdVersion;
    ULONG Index;

    VersionInformation->dwMajorVersion = KiVersion->MajorVersion;
    VersionInformation->dwMinorVersion = KiVersion->MinorVersion;
    VersionInformation->dwBuildNumber = KiVersion->BuildNumber;
    VersionInformation->dwPlatformId = RTLP_PLATFORM_NT;
    memset(VersionInformation->szCSDVersion, 0, sizeof(VersionInformation->szCSDVersion));
    for (Index = 0; Csd != NULL && Csd[Index] != 0 && Index < 127; Index++) {
        VersionInformation->szCSDVersion[Index] = (WCHAR)Csd[Index];
    }
    if (VersionInformation->dwOSVersionInfoSize == sizeof(RTL_OSVERSIONINFOEXW)) {
        Extended->wServicePackMajor = (USHORT)KiVersion->ServicePack;
        Extended->wServicePackMinor = 0;
        Extended->wSuiteMask = RTLP_SUITE_SINGLE_USER;
        Extended->wProductType = RTLP_WORKSTATION;
        Extended->wReserved = 0;
    }
    return STATUS_SUCCESS;
}

/* Three bits for each kind of value, from the lowest kind on. */
ULONGLONG NTAPI
VerSetConditionMask(ULONGLONG ConditionMask, ULONG TypeMask, UCHAR Condition)
{
    ULONG Kind;

    for (Kind = 0; Kind < 8; Kind++) {
        if (TypeMask & (1u << Kind)) {
            ConditionMask |= (ULONGLONG)(Condition & 7) << Kind * 3;
        }
    }
    return ConditionMask;
}

static BOOLEAN
RtlpHolds(ULONG Actual, ULONG Wanted, ULONG Condition)
{
    switch (Condition) {
    case VER_EQUAL:
        return Actual == Wanted;
    case VER_GREATER:
        return Actual > Wanted;
    case VER_GREATER_EQUAL:
        return Actual >= Wanted;
    case VER_LESS:
        return Actual < Wanted;
    case VER_LESS_EQUAL:
        return Actual <= Wanted;
    default:
        return FALSE;
    }
}

static ULONG
RtlpKind(ULONG Type)
{
    return (ULONG)__builtin_ctz(Type);
}

/*
 * Major, minor, service pack major and minor are one number when asked for together, compared from
 * the front by the condition of the first that is asked for.
 */
NTSTATUS NTAPI
RtlVerifyVersionInfo(PRTL_OSVERSIONINFOEXW VersionInfo, ULONG TypeMask, ULONGLONG ConditionMask)
{
    static const ULONG Ladder[] = {VER_MAJORVERSION, VER_MINORVERSION, VER_SERVICEPACKMAJOR,
                                   VER_SERVICEPACKMINOR};
    RTL_OSVERSIONINFOEXW Own = {.dwOSVersionInfoSize = sizeof(Own)};
    ULONG Actual[4], Wanted[4], Step, Condition = 0;
    BOOLEAN Decided = FALSE;

    if (TypeMask == 0 || ConditionMask == 0) {
        return STATUS_INVALID_PARAMETER;
    }
    RtlGetVersion((PRTL_OSVERSIONINFOW)&Own);
    if (TypeMask & VER_SUITENAME) {
        ULONG How = ConditionMask >> RtlpKind(VER_SUITENAME) * 3 & 7;

        if (How == VER_AND) {
            if ((Own.wSuiteMask & VersionInfo->wSuiteMask) != VersionInfo->wSuiteMask) {
                return STATUS_REVISION_MISMATCH;
            }
        } else if (How == VER_OR) {
            if (VersionInfo->wSuiteMask != 0 && (Own.wSuiteMask & VersionInfo->wSuiteMask) == 0) {
                return STATUS_REVISION_MISMATCH;
            }
        } else {
            return STATUS_INVALID_PARAMETER;
        }
    }
    if ((TypeMask & VER_BUILDNUMBER) &&
        !RtlpHolds(Own.dwBuildNumber, VersionInfo->dwBuildNumber,
                   ConditionMask >> RtlpKind(VER_BUILDNUMBER) * 3 & 7)) {
        return STATUS_REVISION_MISMATCH;
    }
    if ((TypeMask & VER_PLATFORMID) &&
        !RtlpHolds(Own.dwPlatformId, VersionInfo->dwPlatformId,
                   ConditionMask >> RtlpKind(VER_PLATFORMID) * 3 & 7)) {
        return STATUS_REVISION_MISMATCH;
    }
    if ((TypeMask & VER_PRODUCT_TYPE) &&
        !RtlpHolds(Own.wProductType, VersionInfo->wProductType,
                   ConditionMask >> RtlpKind(VER_PRODUCT_TYPE) * 3 & 7)) {
        return STATUS_REVISION_MISMATCH;
    }
    Actual[0] = Own.dwMajorVersion;
    Wanted[0] = VersionInfo->dwMajorVersion;
    Actual[1] = Own.dwMinorVersion;
    Wanted[1] = VersionInfo->dwMinorVersion;
    Actual[2] = Own.wServicePackMajor;
    Wanted[2] = VersionInfo->wServicePackMajor;
    Actual[3] = Own.wServicePackMinor;
    Wanted[3] = VersionInfo->wServicePackMinor;
    for (Step = 0; Step < 4 && !Decided; Step++) {
        if ((TypeMask & Ladder[Step]) == 0) {
            continue;
        }
        if (Condition == 0) {
            Condition = ConditionMask >> RtlpKind(Ladder[Step]) * 3 & 7;
        }
        Decided = Actual[Step] != Wanted[Step];
        if (Decided && !RtlpHolds(Actual[Step], Wanted[Step], Condition)) {
            return STATUS_REVISION_MISMATCH;
        }
    }
    /* Equal all the way down: the condition must allow that. */
    if (Condition != 0 && !Decided && !RtlpHolds(0, 0, Condition)) {
        return STATUS_REVISION_MISMATCH;
    }
    return STATUS_SUCCESS;
}

/* The low half, a service pack, must be zero. */
BOOLEAN NTAPI
RtlIsNtDdiVersionAvailable(ULONG Version)
{
    return (Version & 0xFFFF) == 0 && (KiVersion->NtddiVersion & 0xFFFF0000) >= Version;
}

BOOLEAN NTAPI
RtlIsServicePackVersionInstalled(ULONG Version)
{
    return (Version & 0xFFFF0000) == (KiVersion->NtddiVersion & 0xFFFF0000) &&
           (KiVersion->NtddiVersion & 0xFF00) >= (Version & 0xFF00);
}

BOOLEAN NTAPI
RtlGetNtProductType(PULONG ProductType)
{
    *ProductType = RTLP_WORKSTATION;
    return TRUE;
}
