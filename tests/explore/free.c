/*
 * free.c - one thread frees a block, another one uses what is in it. PROGRAM:
 *
 *     1  nothing makes the one wait for the other: to set an event in the freed block
 *     2  the same, and the user sleeps for a second first and is seldom late (fixed by a delay, that is: not)
 *     3  the user has rundown protection, and the owner waits for its end
 *     4  the owner waits for the user's thread
 *     5  the block is freed while the user still waits for the event in it
 *     6  the block is freed and another one is allocated, freed, used; nobody else has it
 */
#include "program.h"

typedef struct {
    ULONG64 Fill[8];
    KEVENT Event;
} BLOCK;

static BLOCK *Block;
static KEVENT Done;
static EX_RUNDOWN_REF Rundown;

static VOID NTAPI
User(PVOID Context)
{
    BLOCK *Mine = Block;

#if PROGRAM == 3
    if (!ExAcquireRundownProtection(&Rundown)) {
        PsTerminateSystemThread(STATUS_SUCCESS);
    }
#endif
#if PROGRAM == 5
    KeWaitForSingleObject(&Mine->Event, Executive, KernelMode, FALSE, NULL); /* USE */
#elif PROGRAM == 6
    for (ULONG Index = 0; Index < 3; Index++) {
        Mine = ExAllocatePoolWithTag(NonPagedPoolNx, sizeof(*Mine), 'eerF');
        KeInitializeEvent(&Mine->Event, NotificationEvent, FALSE);
        KeSetEvent(&Mine->Event, IO_NO_INCREMENT, FALSE);
        ExFreePoolWithTag(Mine, 'eerF');
    }
#else
    KeSetEvent(&Mine->Event, IO_NO_INCREMENT, FALSE); /* USE */
#endif
#if PROGRAM == 3
    ExReleaseRundownProtection(&Rundown);
#endif
    KeSetEvent(&Done, IO_NO_INCREMENT, FALSE);
    PsTerminateSystemThread(STATUS_SUCCESS);
}

static VOID NTAPI
Owner(PVOID Context)
{
#if PROGRAM == 2
    LARGE_INTEGER Interval = {.QuadPart = -10000000};

    KeDelayExecutionThread(KernelMode, FALSE, &Interval);
#elif PROGRAM == 3
    ExWaitForRundownProtectionRelease(&Rundown);
#elif PROGRAM == 4
    KeWaitForSingleObject(&Done, Executive, KernelMode, FALSE, NULL);
#elif PROGRAM == 5
    KeSetEvent(&Block->Event, IO_NO_INCREMENT, FALSE);
#endif
    ExFreePoolWithTag(Block, 'eerF'); /* FREE */
    PsTerminateSystemThread(STATUS_SUCCESS);
}

static VOID
Program(VOID)
{
    Block = ExAllocatePoolWithTag(NonPagedPoolNx, sizeof(*Block), 'eerF');
    KeInitializeEvent(&Block->Event, NotificationEvent, FALSE);
    KeInitializeEvent(&Done, NotificationEvent, FALSE);
    ExInitializeRundownProtection(&Rundown);
    Start(User, 0);
    Start(Owner, 0);
}
