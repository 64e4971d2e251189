/*
 * reached.c - memory that two threads reach in different ways. PROGRAM selects one.
 *
 *     MAPPED  one writes two words of a block where it was allocated, the other one reads them where an MDL of it is mapped: 3
 *     LOCAL   one writes a local variable of the other, which looks at it once: 2
 *     WAITED  ... which goes round until it is set: SLEEPS, PAUSES or neither: 1
 */
#include "program.h"

#define MAPPED 1
#define LOCAL  2
#define WAITED 3

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
