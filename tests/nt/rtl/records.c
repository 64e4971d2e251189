/*
 * records.c - the record that a handler gets: of each routine that raises, and of faults, on a stack that is not clean.
 *
 * EXCEPTION_RECORD: the code, whether the exception is noncontinuable, no record behind it, as many parameters as its code
 * has, and the address of the instruction, or behind the call that raised. [LEARN:winnt/ns-winnt-exception_record];
 * [DDI:wdm/exraisestatus, exraiseaccessviolation, exraisedatatypemisalignment, probeforread, probeforwrite,
 * kereleasemutex, kereleasesemaphore, mmprobeandlockpages]
 */
#include "ntlab-test.h"

NTSYSAPI VOID NTAPI RtlRaiseException(PEXCEPTION_RECORD ExceptionRecord);

#define NONE        0x5A5A5A5A5A5A5A5Aull
#define CALLER_SIZE 0x100 /* a routine below, from its first byte */

typedef struct _RAISED {
    EXCEPTION_RECORD Record;
    ULONG64 Rip, Rsp;
} RAISED;
static RAISED Raised;
static KMUTANT Mutex;
static KSEMAPHORE Semaphore;
static EXCEPTION_RECORD Own;
static volatile ULONG Zero;

/* What the frames of who raises are made of. */
__attribute__((noinline)) static VOID
Dirty(VOID)
{
    volatile ULONG64 Words[640];

    for (ULONG i = 0; i < RTL_NUMBER_OF(Words); i++) {
        Words[i] = 0xD1D1D1D1D1D1D1D1ull;
    }
}

static LONG
Take(PEXCEPTION_POINTERS Pointers)
{
    Raised.Record = *Pointers->ExceptionRecord;
    Raised.Rip = Pointers->ContextRecord->Rip;
    Raised.Rsp = Pointers->ContextRecord->Rsp;
    return EXCEPTION_EXECUTE_HANDLER;
}

#define ROUTINE(Name, ...)                                                                         \
    __attribute__((noinline)) static VOID Name(VOID)                                               \
    {                                                                                              \
        __VA_ARGS__;                                                                               \
        __asm__ volatile("nop");                                                                   \
    }

ROUTINE(RaisesStatus, ExRaiseStatus(STATUS_INSUFFICIENT_RESOURCES))
ROUTINE(RaisesWarning, ExRaiseStatus(STATUS_BUFFER_OVERFLOW))
ROUTINE(RaisesViolation, ExRaiseAccessViolation())
ROUTINE(RaisesMisalignment, ExRaiseDatatypeMisalignment())
ROUTINE(ProbesOdd, ProbeForRead((PVOID)0x10001, 4, 4))
ROUTINE(ProbesKernel, ProbeForRead(&Raised, 4, 4))
ROUTINE(ProbesKernelToWrite, ProbeForWrite(&Raised, 4, 4))
ROUTINE(ProbesOddToWrite, ProbeForWrite((PVOID)0x10002, 8, 8))
ROUTINE(ReleasesMutex, KeReleaseMutex((PKMUTEX)&Mutex, FALSE))
ROUTINE(ReleasesSemaphore, KeReleaseSemaphore(&Semaphore, 0, 2, FALSE))
ROUTINE(RaisesOwn, RtlRaiseException(&Own))
ROUTINE(Reads, __asm__ volatile("movl (%0), %%eax" : : "r"(0x10ull) : "eax"))
ROUTINE(ReadsBeyond, __asm__ volatile("movl (%0), %%eax" : : "r"(0x8000000000001230ull) : "eax"))
ROUTINE(Writes, __asm__ volatile("movl %%eax, (%0)" : : "r"(0x18ull)))
ROUTINE(Divides, __asm__ volatile("xorl %%edx, %%edx; divl %0" : : "r"(Zero) : "eax", "edx"))
ROUTINE(IsIllegal, __asm__ volatile("ud2"))

typedef struct _CASE {
    const char *Name;
    VOID (*Routine)(VOID);
    NTSTATUS Code;
    BOOLEAN Noncontinuable, Here; /* the address lies in the routine itself */
    ULONG Parameters;
    ULONG64 First, Second;
} CASE;

static const CASE Cases[] = {
    {"RaisesStatus", RaisesStatus, STATUS_INSUFFICIENT_RESOURCES, TRUE, FALSE, 0, NONE, NONE},
    {"RaisesWarning", RaisesWarning, STATUS_BUFFER_OVERFLOW, TRUE, FALSE, 0, NONE, NONE},
    {"RaisesViolation", RaisesViolation, STATUS_ACCESS_VIOLATION, TRUE, FALSE, 0, NONE, NONE},
    {"RaisesMisalignment", RaisesMisalignment, STATUS_DATATYPE_MISALIGNMENT, TRUE, FALSE, 0, NONE,
     NONE},
    {"ProbesOdd", ProbesOdd, STATUS_DATATYPE_MISALIGNMENT, TRUE, FALSE, 0, NONE, NONE},
    {"ProbesKernel", ProbesKernel, STATUS_ACCESS_VIOLATION, TRUE, FALSE, 0, NONE, NONE},
    {"ProbesOddToWrite", ProbesOddToWrite, STATUS_DATATYPE_MISALIGNMENT, TRUE, FALSE, 0, NONE,
     NONE},
    {"ProbesKernelToWrite", ProbesKernelToWrite, STATUS_ACCESS_VIOLATION, TRUE, FALSE, 0, NONE,
     NONE},
    {"ReleasesMutex", ReleasesMutex, STATUS_MUTANT_NOT_OWNED, TRUE, FALSE, 0, NONE, NONE},
    {"ReleasesSemaphore", ReleasesSemaphore, STATUS_SEMAPHORE_LIMIT_EXCEEDED, TRUE, FALSE, 0, NONE,
     NONE},
    {"Reads", Reads, STATUS_ACCESS_VIOLATION, FALSE, TRUE, 2, 0, 0x10},
    {"ReadsBeyond", ReadsBeyond, STATUS_ACCESS_VIOLATION, FALSE, TRUE, 2, 0, ~0ull},
    {"Writes", Writes, STATUS_ACCESS_VIOLATION, FALSE, TRUE, 2, 1, 0x18},
    {"Divides", Divides, STATUS_INTEGER_DIVIDE_BY_ZERO, FALSE, TRUE, 0, NONE, NONE},
    {"IsIllegal", IsIllegal, STATUS_ILLEGAL_INSTRUCTION, FALSE, TRUE, 0, NONE, NONE},
};

static VOID
Run(VOID (*Routine)(VOID))
{
    volatile BOOLEAN Caught = FALSE;

    RtlFillMemory(&Raised, sizeof(Raised), 0x77);
    __try {
        Dirty();
        Routine();
    } __except (Take(GetExceptionInformation())) {
        Caught = TRUE;
    }
    EXPECT(Caught);
}

static BOOLEAN
IsIn(VOID (*Routine)(VOID), ULONG64 Address)
{
    return Address - (ULONG64)Routine < CALLER_SIZE;
}

static VOID
EachFillsItsRecord(VOID)
{
    KeInitializeMutex((PKMUTEX)&Mutex, 0);
    KeInitializeSemaphore(&Semaphore, 1, 2);
    for (ULONG i = 0; i < RTL_NUMBER_OF(Cases); i++) {
        const CASE *Case = &Cases[i];
        const EXCEPTION_RECORD *Record = &Raised.Record;

        NtlabCase = Case->Name;
        Run(Case->Routine);
        EXPECT_STATUS(Record->ExceptionCode, Case->Code);
        EXPECT_EQ(Record->ExceptionFlags & EXCEPTION_NONCONTINUABLE,
                  Case->Noncontinuable ? EXCEPTION_NONCONTINUABLE : 0);
        EXPECT_EQ(Record->ExceptionFlags & 0x7E, 0); /* no unwind, no bad stack, not nested */
        EXPECT_EQ(Record->ExceptionRecord, NULL);
        EXPECT_EQ(Record->NumberParameters, Case->Parameters);
        EXPECT_EQ(Record->ExceptionAddress, Raised.Rip);
        EXPECT(!Case->Here || IsIn(Case->Routine, Raised.Rip));
        EXPECT(Case->First == NONE || Record->ExceptionInformation[0] == Case->First);
        EXPECT(Case->Second == NONE || Record->ExceptionInformation[1] == Case->Second);
    }
}

/* RtlRaiseException: what is given is what is got, but for the address. */
static VOID
OwnIsGivenOn(VOID)
{
    static const ULONG Counts[] = {0, 1, 2, 14, EXCEPTION_MAXIMUM_PARAMETERS};
    EXCEPTION_RECORD Inner = {.ExceptionCode = 0x11};

    for (ULONG i = 0; i < 2 * RTL_NUMBER_OF(Counts); i++) {
        const EXCEPTION_RECORD *Record = &Raised.Record;
        ULONG Count = Counts[i / 2];

        RtlZeroMemory(&Own, sizeof(Own));
        Own.ExceptionCode = (NTSTATUS)(0xE0000100 + i);
        Own.ExceptionFlags = i % 2 != 0 ? EXCEPTION_NONCONTINUABLE : 0;
        Own.ExceptionRecord = i % 2 != 0 ? &Inner : NULL;
        Own.NumberParameters = Count;
        for (ULONG k = 0; k < EXCEPTION_MAXIMUM_PARAMETERS; k++) {
            Own.ExceptionInformation[k] = 0x1000 + i * 0x100 + k;
        }
        Run(RaisesOwn);
        EXPECT_EQ(Record->ExceptionCode, Own.ExceptionCode);
        EXPECT_EQ(Record->ExceptionFlags & EXCEPTION_NONCONTINUABLE,
                  i % 2 != 0 ? EXCEPTION_NONCONTINUABLE : 0);
        EXPECT_EQ(Record->ExceptionRecord, i % 2 != 0 ? &Inner : NULL);
        EXPECT_EQ(Record->NumberParameters, Count);
        EXPECT(IsIn(RaisesOwn, (ULONG64)Record->ExceptionAddress));
        EXPECT_EQ(Record->ExceptionAddress, Raised.Rip);
        EXPECT_EQ(RtlCompareMemory(Record->ExceptionInformation, Own.ExceptionInformation,
                                   Count * sizeof(ULONG_PTR)),
                  Count * sizeof(ULONG_PTR));
    }
}

TEST_DRIVER(TEST(EachFillsItsRecord), TEST(OwnIsGivenOn))
