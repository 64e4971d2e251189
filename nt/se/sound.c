/*
 * sound.c - which tokens the component itself holds.  For the tests of the kernel (nt/inc/sound.h).
 */
#include "sep.h"
#include "nt/inc/sound.h"

VOID
SepVisitHeld(POBP_VISITOR Held, PVOID Context)
{
    Held(Context, SepSystem);
    Held(
        Context,
        SepSystem); /* as it was given to the first process, which has taken a reference of its own */
}
