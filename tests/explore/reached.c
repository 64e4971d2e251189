/*
 * reached.c - memory that two threads reach in different ways. PROGRAM selects one.
 *
 *     MAPPED  one writes two words of a block where it was allocated, the other one reads them where an MDL of it is mapped: 3
 *     LOCAL   one writes a local variable of the other, which looks at it once: 2
 *     WAITED  ... which goes round until it is set: SLEEPS, PAUSES or neither: 1
 * Below, the kernel does it for a thread.
 *     COPIED   to two words, of which the other one reads one: 2
 *     FETCHED  from two words, which the other one writes: 3
 *     SET      two words are filled, which the other one reads: 3
 *     COMPARED two words with two others; a second thread writes one of the first, a third one of the others: 4
 *     PASSED   from A to B, in two steps; the other one writes A, then reads B, each in front of what concerns it or behind: 4. In 2 of them
 *              what it writes is copied; between the two steps it is too late for that
 *     LONG_ONE from 200 bytes; the other one writes the first one, then the last one, and what comes between is no step: 4
 *     POLLED   ... until what was copied is not 0, which the other one makes it: 1
 */
#include "program.h"

#define MAPPED 1
#define LOCAL  2
#define WAITED 3

#define COPIED   4
#define FETCHED  5
#define SET      6
#define COMPARED 7
#define PASSED   8
#define LONG_ONE 9
#define POLLED   10

#define END() PsTerminateSystemThread(STATUS_SUCCESS)

#if PROGRAM == MAPPED
static volatile LONG *Block, *Mapped;

static VOID NTAPI
Writer(PVOID Context)
{
    Block[0] = 1;
    Block[1] = 1;
    END();
}

static VOID NTAPI
Reader(PVOID Context)
{
    LONG Second = Mapped[1], First = Mapped[0];

    BAD(Second != 0 && First == 0);
    END();
}

static VOID
Program(VOID)
{
    PMDL Mdl;

    Block = ExAllocatePoolWithTag(NonPagedPool, PAGE_SIZE, 'calP');
    Block[0] = Block[1] = 0;
    Mdl = IoAllocateMdl((PVOID)Block, PAGE_SIZE, FALSE, FALSE, NULL);
    MmBuildMdlForNonPagedPool(Mdl);
    Mapped =
        MmMapLockedPagesSpecifyCache(Mdl, KernelMode, MmCached, NULL, FALSE, NormalPagePriority);
    BAD(Mapped == Block);
    Start(Writer, 0);
    Start(Reader, 0);
    Join();
    MmUnmapLockedPages((PVOID)Mapped, Mdl);
    IoFreeMdl(Mdl);
    ExFreePoolWithTag((PVOID)Block, 'calP');
}
#elif PROGRAM >= COPIED
#define BYTES 200

static volatile SIZE_T Words = 2 * sizeof(LONG), All = BYTES; /* not known: calls */
static volatile LONG A[BYTES / sizeof(LONG)] __attribute__((aligned(256))), B[2];

static VOID NTAPI
Calls(PVOID Context)
{
    LONG Own[BYTES / sizeof(LONG)] = {1, 1};

#if PROGRAM == COPIED
    RtlCopyMemory((PVOID)A, Own, Words);
#elif PROGRAM == FETCHED
    RtlCopyMemory(Own, (PVOID)A, Words);
    BAD(Own[1] != 0 && Own[0] == 0);
#elif PROGRAM == SET
    RtlFillMemory((PVOID)A, Words, 1);
#elif PROGRAM == COMPARED
    RtlCompareMemory((PVOID)A, (PVOID)B, Words);
#elif PROGRAM == PASSED
    RtlMoveMemory((PVOID)B, (PVOID)A, Words);
#elif PROGRAM == LONG_ONE
    RtlCopyMemory(Own, (PVOID)A, All);
    BAD(Own[0] == 0 && Own[BYTES / sizeof(LONG) - 1] == 2);
#else
    do {
        RtlCopyMemory(Own, (PVOID)A, Words);
    } while (Own[0] == 0);
#endif
    END();
}

static VOID NTAPI
Other(PVOID Context)
{
#if PROGRAM == COPIED
    (VOID) A[1];
#elif PROGRAM == SET
    LONG Second = A[1], First = A[0];

    BAD(Second != 0 && First == 0);
#elif PROGRAM == LONG_ONE
    A[0] = 1;
    A[BYTES / sizeof(LONG) - 1] = 1;
#elif PROGRAM == FETCHED
    A[0] = 1;
    A[1] = 1;
#elif PROGRAM == PASSED
    A[0] = 1;
    (VOID) B[0];
#else
    A[0] = 1;
#endif
    END();
}

static VOID NTAPI
Third(PVOID Context)
{
    B[0] = 1;
    END();
}

static VOID
Program(VOID)
{
    Start(Calls, 0);
    Start(Other, 0);
#if PROGRAM == COMPARED
    Start(Third, 0);
#else
    (VOID) Third;
#endif
#if PROGRAM == PASSED
    Join();
    BAD(B[0] == 1);
#endif
}
#else
static VOID NTAPI
Setter(PVOID Context)
{
    *(volatile LONG *)Context = 1;
    END();
}

static VOID NTAPI
Owner(PVOID Context)
{
    volatile LONG Done = 0;
    HANDLE Thread;

    PsCreateSystemThread(&Thread, THREAD_ALL_ACCESS, NULL, NULL, NULL, Setter, (PVOID)&Done);
#if PROGRAM == LOCAL
    (VOID) Done;
#else
    while (Done == 0) {
#ifdef SLEEPS
        KeDelayExecutionThread(KernelMode, FALSE, &(LARGE_INTEGER){.QuadPart = -10000});
#elif defined(PAUSES)
        YieldProcessor();
#endif
    }
#endif
    ZwWaitForSingleObject(Thread, FALSE, NULL);
    ZwClose(Thread);
    END();
}

static VOID
Program(VOID)
{
    Start(Owner, 0);
}
#endif
