/*
 * sound.c - which objects the executive's own structures hold.  For the tests of the kernel (nt/inc/sound.h).
 */
#include "exp.h"
#include "nt/inc/sound.h"

typedef struct _EXP_HELD {
    POBP_VISITOR Held;
    PVOID Context;
} EXP_HELD;

static VOID
ExpTimerHolds(PVOID Context, PVOID Object)
{
    EXP_HELD *To = Context;

    To->Held(To->Context, ((PEXP_TIMER)Object)->Thread);
}

VOID
ExpVisitHeld(POBP_VISITOR Held, PVOID Context)
{
    EXP_HELD To = {Held, Context};

    Held(Context, ExCbSetSystemTime);
    Held(Context, ExCbPowerState);
    Held(Context, ExCbProcessorAdd);
    for (PLIST_ENTRY At = ExpRegistrations.Flink; At != &ExpRegistrations; At = At->Flink) {
        Held(Context, CONTAINING_RECORD(At, EXP_REGISTRATION, All)->Object);
    }
    ObpVisitObjects(ExTimerObjectTypeP, ExpTimerHolds, &To);
}
