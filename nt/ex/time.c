/*
 * time.c - the system time, local time, and other facts about this system and the caller.
 */
#include "exp.h"

#define ExpSharedData ((KUSER_SHARED_DATA *)ABI_USER_SHARED_DATA)

VOID NTAPI
ExSystemTimeToLocalTime(PLARGE_INTEGER SystemTime, PLARGE_INTEGER LocalTime)
{
    LocalTime->QuadPart = SystemTime->QuadPart - ExpTimeZoneBias;
}

VOID NTAPI
ExLocalTimeToSystemTime(PLARGE_INTEGER LocalTime, PLARGE_INTEGER SystemTime)
{
    SystemTime->QuadPart = LocalTime->QuadPart + ExpTimeZoneBias;
}

NTSTATUS NTAPI
NtQuerySystemTime(PLARGE_INTEGER SystemTime)
{
    LARGE_INTEGER Now;

    KiQuerySystemTimeService(&Now);
    return ExpCopyOut(SystemTime, &Now, sizeof(Now), KiPreviousMode());
}

NTSTATUS NTAPI
NtSetSystemTime(PLARGE_INTEGER SystemTime, PLARGE_INTEGER PreviousTime)
{
    KPROCESSOR_MODE Mode = KiPreviousMode();
    LARGE_INTEGER New, Old;
    NTSTATUS Status = ExpCopyIn(&New, SystemTime, sizeof(New), Mode);

    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    if (!SepHasPrivilege(RtlConvertUlongToLuid(SE_SYSTEMTIME_PRIVILEGE), Mode)) {
        return STATUS_PRIVILEGE_NOT_HELD;
    }
    Old.QuadPart = (LONGLONG)KiQuerySystemTime();
    KiSetSystemTime(New);
    ExNotifyCallback(ExCbSetSystemTime, NULL, NULL);
    return PreviousTime != NULL ? ExpCopyOut(PreviousTime, &Old, sizeof(Old), Mode)
                                : STATUS_SUCCESS;
}

NTSTATUS NTAPI
NtQueryPerformanceCounter(PLARGE_INTEGER PerformanceCounter, PLARGE_INTEGER PerformanceFrequency)
{
    KPROCESSOR_MODE Mode = KiPreviousMode();
    LARGE_INTEGER Frequency;
    LARGE_INTEGER Counter = KeQueryPerformanceCounter(&Frequency);
    NTSTATUS Status = ExpCopyOut(PerformanceCounter, &Counter, sizeof(Counter), Mode);

    if (NT_SUCCESS(Status) && PerformanceFrequency != NULL) {
        Status = ExpCopyOut(PerformanceFrequency, &Frequency, sizeof(Frequency), Mode);
    }
    return Status;
}

/* Unique: the acting agent's name above its own count. Below 1001 are the well-known ones. */
VOID
ExpAllocateLuid(PLUID Luid)
{
    PKAGENT Agent = KiAgent();

    Luid->HighPart = (LONG)(Agent->Name >> 1);
    Luid->LowPart = 1001 + Agent->Objects++;
}

NTSTATUS NTAPI
NtAllocateLocallyUniqueId(PLUID Luid)
{
    LUID New;

    ExpAllocateLuid(&New);
    return ExpCopyOut(Luid, &New, sizeof(New), KiPreviousMode());
}

/* As a version 1 UUID looks; its parts follow from the caller's name and count, not from a clock. */
NTSTATUS NTAPI
ExUuidCreate(UUID *Uuid)
{
    PKAGENT Agent = KiAgent();
    ULONG64 Hash = ((ULONG64)Agent->Name << 32 | ++Agent->Objects) * 0x9E3779B97F4A7C15ull;

    Uuid->Data1 = (ULONG)(Hash >> 32) ^ Agent->Objects;
    Uuid->Data2 = (USHORT)Hash;
    Uuid->Data3 = (USHORT)(0x1000 | (Hash >> 16 & 0xFFF));
    Uuid->Data4[0] = (UCHAR)(0x80 | (Hash >> 28 & 0x3F));
    Uuid->Data4[1] = (UCHAR)Agent->Objects;
    Uuid->Data4[2] = 0x01; /* a node that is nobody's network card: the multicast bit is set */
    for (ULONG i = 3; i < 8; i++) {
        Uuid->Data4[i] = (UCHAR)(Agent->Name >> ((i - 3) * 8 % 32)) ^ (UCHAR)i;
    }
    return STATUS_SUCCESS;
}

KPROCESSOR_MODE NTAPI
ExGetPreviousMode(VOID)
{
    return KiPreviousMode();
}

BOOLEAN NTAPI
ExIsProcessorFeaturePresent(ULONG ProcessorFeature)
{
    return ProcessorFeature < PROCESSOR_FEATURE_MAX &&
           ExpSharedData->ProcessorFeatures[ProcessorFeature];
}

BOOLEAN NTAPI
ExVerifySuite(SUITE_TYPE SuiteType)
{
    return (ExpSharedData->SuiteMask & 1u << SuiteType) != 0;
}
