/*
 * init.c - the executive's start: phase 0 makes the object types, phase 1 what needs directories and threads.
 */
#include "exp.h"

BOOLEAN
ExInitSystem(ULONG Phase)
{
    if (Phase == 0) {
        ExpInitializeEvents();
        ExpInitializeSemaphores();
        ExpInitializeMutants();
        ExpInitializeTimers();
        ExpInitializeKeyedEvents();
        ExpInitializeRunOnce();
        ExpInitializeCallbacks(0);
    } else {
        ExpInitializeCallbacks(1);
        ExpInitializeWorkers();
        ExpInitializeTransactions();
    }
    return TRUE;
}

VOID
ExpRundownThread(PKTHREAD Thread)
{
    /* The thread's arenas stay with its slot: blocks that it allocated may live on. */
}
