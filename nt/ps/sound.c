/*
 * sound.c - the suite's questions of a whole run (NTLAB_SELF_CHECK): asked at its beginning, and looked into when it has ended clean.
 *
 * Nothing here is of the run: it passes no schedule point that counts. What each component looks at is its own sound.c.
 */
#include "nt/ps/psp.h"
#include "nt/inc/obend.h"
#include "nt/inc/sound.h"

VOID
PspBeginChecks(VOID)
{
    char How = 0;

    if (HcConfig("self-check", &How, 1) != 0 && (!PspBoot.explore || How == '2')) {
        KiBeginChecks();
    }
}

/* A process stays in the list until its last reference goes: who has ended must be held by somebody else to be there. */
static VOID
PspUnlistEnded(VOID)
{
    for (PEPROCESS Process = PspNextProcess(NULL), Next; Process != NULL; Process = Next) {
        Next = PspNextProcess(Process);
        if (Process->Pcb.Header.SignalState != 0) {
            RemoveEntryList(&Process->ActiveProcessLinks);
            Process->ActiveProcessLinks.Flink = NULL;
        }
    }
}

/* No process but the system's is on its way out any more: what it had is all gone. */
static BOOLEAN
PspIsAtRest(VOID)
{
    return PsActiveProcessHead.Flink == &PsInitialSystemProcess->ActiveProcessLinks &&
           PsActiveProcessHead.Blink == PsActiveProcessHead.Flink;
}

/* The tests' questions: are the kernel's counts right, and has it forgotten memory of its own? */
VOID
PspCheckSelf(VOID)
{
    ULONG64 Points = Machine->points,
            Hash = Machine->hash; /* what is done here is not of the run */
    char Lost[300], Text[400];
    ULONG Count;

    if (HcConfig("self-check", NULL, 0) == 0 || Machine->explore) {
        return;
    }
    ExpTellFailing();
    KeFlushQueuedDpcs();
    ObpWaitForDeletes();
    RtlZeroMemory(KiThread()->WaitBlock,
                  sizeof(KiThread()->WaitBlock)); /* clients, that have ended */
    PspUnlistEnded();
    KiCheckNames(ObpCountObjects(PsThreadTypeP) + ObpCountObjects(PsProcessTypeP));
    ObpCheckSound();
    ExpCheckSound();
    KiCheckOthers(PspIsAtRest());
    KiTellUnsound();
    Count = ExpFindLost(Lost, sizeof(Lost));
    if (Count != 0) {
        KiFormatText(Text, sizeof(Text), "the kernel has lost %u blocks of its pool: %s", Count,
                     Lost);
        PspStop(ABI_INTERNAL, 0, Text);
    }
    ObpCheckHeld();
    KiTellUnsound();
    Machine->points = Points;
    Machine->hash = Hash;
}

typedef struct _PSP_HELD {
    POBP_VISITOR Held;
    PVOID Context;
} PSP_HELD;

static VOID
PspProcessHolds(PVOID Context, PVOID Object)
{
    PEPROCESS Process = Object;
    PSP_HELD *To = Context;

    To->Held(To->Context, Process->Job);
    To->Held(To->Context, Process->DebugPort);
    To->Held(To->Context, Process->Token);
}

static VOID
PspThreadHolds(PVOID Context, PVOID Object)
{
    PETHREAD Thread = Object;
    PSP_HELD *To = Context;

    To->Held(To->Context, Thread->Tcb.Process);
    To->Held(To->Context, Thread->ImpersonationToken);
    if (Thread->Tcb.Header.SignalState == 0) {
        To->Held(To->Context, Thread); /* until it has ended */
    }
}

VOID
PspVisitHeld(POBP_VISITOR Held, PVOID Context)
{
    PSP_HELD To = {Held, Context};

    ObpVisitObjects(PsProcessTypeP, PspProcessHolds, &To);
    ObpVisitObjects(PsThreadTypeP, PspThreadHolds, &To);
    Held(Context, PsInitialSystemProcess);
    Held(Context, KiThread()); /* the thread that boots, and now looks: nobody closes it */
}
