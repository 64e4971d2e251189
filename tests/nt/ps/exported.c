/*
 * exported.c - small routines by the names that a driver looks up: who is current, what is charged, bytes swapped, ids.
 * [DDI:wdm/mmgetsystemroutineaddress], [DDI:ntddk/psgetversion], [DDI:ntifs/pschargepoolquota], [DDI:ntifs/rtlequalluid],
 * [DDI:wdm/rtlulongbyteswap], [CRT: rand, srand], [DDI:wdm/dbgsetdebugfilterstate]
 */
#include "../ntlab-test.h"

static PVOID
Routine(PCWSTR Name)
{
    UNICODE_STRING String;
    PVOID Address;

    RtlInitUnicodeString(&String, Name);
    Address = MmGetSystemRoutineAddress(&String);
    EXPECT(Address != NULL);
    return Address;
}

#define CALL(Type, Name, Arguments, ...) (((Type(NTAPI *) Arguments)Routine(L"" Name))(__VA_ARGS__))

static VOID
Swapped(VOID)
{
    EXPECT_EQ(CALL(USHORT, "RtlUshortByteSwap", (USHORT), 0x1234), 0x3412);
    EXPECT_EQ(CALL(ULONG, "RtlUlongByteSwap", (ULONG), 0x12345678), 0x78563412);
    EXPECT_EQ(CALL(ULONGLONG, "RtlUlonglongByteSwap", (ULONGLONG), 0x0123456789ABCDEFull),
              0xEFCDAB8967452301ull);
}

static VOID
Luids(VOID)
{
    LUID One = {1, 2}, Low = {3, 2}, High = {1, 3}, Copy = {0};

    CALL(VOID, "RtlCopyLuid", (PLUID, PLUID), &Copy, &One);
    EXPECT(Copy.LowPart == 1 && Copy.HighPart == 2);
    EXPECT(CALL(BOOLEAN, "RtlEqualLuid", (PLUID, PLUID), &Copy, &One));
    EXPECT(!CALL(BOOLEAN, "RtlEqualLuid", (PLUID, PLUID), &Low, &One));
    EXPECT(!CALL(BOOLEAN, "RtlEqualLuid", (PLUID, PLUID), &High, &One));
}

/* [C 7.22.2] the same seed begins the same sequence, of numbers up to RAND_MAX. */
static VOID
Random(VOID)
{
    int(__cdecl * Rand)(void) = Routine(L"rand");
    void(__cdecl * SRand)(unsigned) = Routine(L"srand");
    int First[32];
    ULONG Same = 0, Other = 0;

    SRand(5);
    for (ULONG i = 0; i < 32; i++) {
        First[i] = Rand();
        EXPECT(First[i] >= 0 && First[i] <= 0x7FFF);
        Same += i > 0 && First[i] == First[i - 1];
    }
    EXPECT_EQ(Same, 0);
    SRand(5);
    for (ULONG i = 0; i < 32; i++) {
        Same += Rand() == First[i];
    }
    EXPECT_EQ(Same, 32);
    SRand(6);
    for (ULONG i = 0; i < 32; i++) {
        Other += Rand() != First[i];
    }
    EXPECT(Other > 16);
}

static VOID
Current(VOID)
{
    PETHREAD Thread = PsGetCurrentThread();
    ULONG Major = 0, Minor = 0, Build = 0;
    UNICODE_STRING Pack = {7, 7, L"."};

    EXPECT(CALL(PEPROCESS, "PsGetCurrentProcess", (VOID), ) == IoGetCurrentProcess());
    EXPECT(CALL(PKTHREAD, "KeGetCurrentThread", (VOID), ) == KeGetCurrentThread());
    EXPECT_EQ(CALL(ULONG, "PsGetThreadSessionId", (PETHREAD), Thread), 0);
    EXPECT(!CALL(BOOLEAN, "PsIsProtectedProcessLight", (PEPROCESS), PsInitialSystemProcess));
    EXPECT(CALL(PVOID, "PsGetCurrentProcessWin32Process", (VOID), ) == NULL);
    EXPECT(CALL(PVOID, "PsGetCurrentProcessWow64Process", (VOID), ) == NULL);
    EXPECT(!CALL(BOOLEAN, "PsGetThreadHardErrorsAreDisabled", (PETHREAD), Thread));
    EXPECT(IoSetThreadHardErrorMode(FALSE)); /* they were enabled */
    EXPECT(CALL(BOOLEAN, "PsGetThreadHardErrorsAreDisabled", (PETHREAD), Thread));
    CALL(VOID, "PsSetThreadHardErrorsAreDisabled", (PETHREAD, BOOLEAN), Thread, FALSE);
    EXPECT(IoSetThreadHardErrorMode(TRUE));
    EXPECT(!PsGetVersion(&Major, &Minor, &Build, &Pack)); /* not a checked build */
    EXPECT(Major == 10 && Minor == 0 && Build == 19045);
    EXPECT(Pack.Length == 0 && Pack.MaximumLength == 0);
    EXPECT(!PsGetVersion(NULL, NULL, NULL, NULL));
}

static VOID
Filters(VOID)
{
    EXPECT_EQ(CALL(NTSTATUS, "DbgQueryDebugFilterState", (ULONG, ULONG), DPFLTR_IHVDRIVER_ID,
                   DPFLTR_ERROR_LEVEL),
              TRUE);
    EXPECT_STATUS(CALL(NTSTATUS, "DbgSetDebugFilterState", (ULONG, ULONG, BOOLEAN),
                       DPFLTR_IHVDRIVER_ID, DPFLTR_INFO_LEVEL, TRUE),
                  STATUS_SUCCESS);
}

static VOID
SynchLevel(VOID)
{
    KIRQL OldIrql = CALL(KIRQL, "KeRaiseIrqlToSynchLevel", (VOID), );

    EXPECT_EQ(OldIrql, PASSIVE_LEVEL);
    EXPECT_EQ(KeGetCurrentIrql(), 12);
    KeLowerIrql(OldIrql);
}

/* What is charged must be given back by the same amount: a process that is not the system's is counted. */
static VOID
Quota(VOID)
{
    PEPROCESS Process = PsInitialSystemProcess;

    EXPECT_STATUS(
        CALL(NTSTATUS, "PsChargeProcessNonPagedPoolQuota", (PEPROCESS, SIZE_T), Process, 0x100),
        STATUS_SUCCESS);
    EXPECT_STATUS(
        CALL(NTSTATUS, "PsChargeProcessPagedPoolQuota", (PEPROCESS, SIZE_T), Process, 0x100),
        STATUS_SUCCESS);
    CALL(VOID, "PsReturnProcessNonPagedPoolQuota", (PEPROCESS, SIZE_T), Process, 0x100);
    CALL(VOID, "PsReturnProcessPagedPoolQuota", (PEPROCESS, SIZE_T), Process, 0x100);
}

/* [DDI:wdm/kequerytickcount, kequeryinterrupttime] The time as calls, of which wdm.h makes reads of the page that all share. */
static VOID
Times(VOID)
{
    LARGE_INTEGER Ticks = {.QuadPart = -1}, Second = {.QuadPart = -10 * 1000 * 1000};
    ULONG64 Before = CALL(ULONG64, "KeQueryInterruptTime", (VOID), ), After;
    LONG64 First;

    CALL(VOID, "KeQueryTickCount", (PLARGE_INTEGER), &Ticks);
    First = Ticks.QuadPart;
    EXPECT(First >= (LONG64)(Before / KeQueryTimeIncrement()) &&
           First - (LONG64)(Before / KeQueryTimeIncrement()) <= 1);
    KeDelayExecutionThread(KernelMode, FALSE, &Second);
    CALL(VOID, "KeQueryTickCount", (PLARGE_INTEGER), &Ticks);
    After = CALL(ULONG64, "KeQueryInterruptTime", (VOID), );
    EXPECT(After - Before >= 10 * 1000 * 1000 && After - Before < 11 * 1000 * 1000);
    EXPECT(Ticks.QuadPart - First >= 63 && Ticks.QuadPart - First <= 66);
}

/* [DDI:ntifs/psreferenceimpersonationtoken] */
static VOID
Token(VOID)
{
    PACCESS_TOKEN Own = PsReferencePrimaryToken(IoGetCurrentProcess()), Held;
    SECURITY_IMPERSONATION_LEVEL Level = SecurityAnonymous;
    BOOLEAN Copy = TRUE, Effective = FALSE;

    EXPECT(PsReferenceImpersonationToken(PsGetCurrentThread(), &Copy, &Effective, &Level) == NULL);
    PsDereferenceImpersonationToken(NULL);
    EXPECT_STATUS(
        PsImpersonateClient(PsGetCurrentThread(), Own, FALSE, TRUE, SecurityIdentification),
        STATUS_SUCCESS);
    Held = PsReferenceImpersonationToken(PsGetCurrentThread(), &Copy, &Effective, &Level);
    EXPECT(Held != NULL && !Copy && Effective && Level == SecurityIdentification);
    PsRevertToSelf();
    CALL(VOID, "PsDereferenceImpersonationToken", (PACCESS_TOKEN), Held);
    CALL(VOID, "PsDereferenceImpersonationToken", (PACCESS_TOKEN), NULL);
    PsDereferencePrimaryToken(Own);
}

/* [DDI:wdm/initializeslisthead] "must be aligned on a 16-byte boundary"; it raises STATUS_DATATYPE_MISALIGNMENT where it is not. */
static VOID
Misaligned(VOID)
{
    DECLSPEC_ALIGN(16) static UCHAR Space[48];
    VOID(NTAPI * Initialize)(PSLIST_HEADER) = Routine(L"InitializeSListHead");

    memset(Space, 0xAB, sizeof(Space));
    EXPECT_RAISES(Initialize((PSLIST_HEADER)(Space + 8)), STATUS_DATATYPE_MISALIGNMENT);
    EXPECT(Space[8] == 0xAB && Space[23] == 0xAB);
    Initialize((PSLIST_HEADER)(Space + 16));
    EXPECT(ExQueryDepthSList((PSLIST_HEADER)(Space + 16)) == 0);
}

TEST_DRIVER(TEST(Swapped), TEST(Luids), TEST(Random), TEST(Current), TEST(Filters),
            TEST(SynchLevel), TEST(Quota), TEST(Times), TEST(Token), TEST(Misaligned))
