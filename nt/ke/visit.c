/*
 * visit.c - calls of a driver's routines, and the moment in which its image goes, as steps that come in some order.
 *
 * A driver may be unloaded when nobody is inside of it any more, and a routine is inside up to its last instruction: a work
 * item that has set the event for which the unload routine waits still has to return. Between that call and the return there
 * is no call of ours, so while schedules are explored
 *     to unload an image   changes it (SP_DRIVER_UNLOAD), after its driver's unload routine
 *     to return from it    reads it (SP_READ_STATE), behind the return: who stands there has not yet left
 *     a thread's end       reads the image that it began in
 * Which comes first is then a matter of the search like any other, and costs one step for each call. What has the image still to
 * come when it goes faults there (bugcheck 0xCE).
 *
 *   I1  The object is the image's window of addresses (abi/layout.h), which no other image gets.
 *   I2  What threads of clients do there is an object of its own, changed only by an unload that began while there were clients. Until a
 *       run has shown such an unload their return is no step (host/explore/returns.c).
 *   I3  Who comes back to an image that is gone goes on there, so that processor and report say what happens to it.
 *   I4  A fault in an image that is gone is a step that reads it, too, for the search (host/explore/end.c).
 *   I5  The run ends when nobody can go on but by time that passes: threads that a driver leaves behind, if its image is gone they fault;
 *       processes that clients leave behind; workers that have come back from a driver, for what they give back then may be the last reference.
 *       How far they are must not be a difference between two orders of the same steps, nor what they would have done be left out.
 * Callbacks that wait for their calls to return when they are removed (of processes, threads, images, the registry, objects, the filter manager)
 * need no step of their own: that wait is one.
 * Source: [BC:0xCE]; [DDI:wdm/driver_unload, wdm/exqueueworkitem, wdm/pscreatesystemthread]
 */
#include "nt/ke/ki.h"
#include "nt/inc/ps.h"
#include "nt/inc/visit.h"
#include "nt/inc/window.h"

/* I3 */
static VOID
KiGoBack(const VOID *Routine)
{
    MiNoteNotReturned(Routine);
    ((VOID(*)(VOID))Routine)();
}

VOID
KiLeaveDriverSlow(const VOID *Routine)
{
    ULONG64 Image = KiImageOf(Routine);

    if (Image == 0 || KiWindowClosed) {
        return;
    }
    if (KiThread()->Teb == NULL || KiPrcb()->DpcRoutineActive) {
        KiSchedulePoint(SP_READ_STATE, (PVOID)Image);
    } else if (Machine->returns) { /* I2 */
        KiSchedulePoint(SP_READ_STATE, (PVOID)(Image | 1));
    }
    if (MiIsUnloadedImage(Routine)) {
        KiGoBack(Routine);
    }
}

/* What the end of a thread reads; NULL: nothing. */
PVOID
KiImageOfThread(PKTHREAD Thread)
{
    return (PVOID)KiImageOf(((PETHREAD)Thread)->StartAddress);
}

/* Its end has begun. */
VOID
KiThreadHasLeft(PKTHREAD Thread)
{
    const VOID *Routine = ((PETHREAD)Thread)->StartAddress;

    if (KiImageOf(Routine) != 0 && MiIsUnloadedImage(Routine)) {
        KiGoBack(Routine);
    }
}

BOOLEAN
KiClientsNotice(VOID)
{
    return KiInjection.Clients || KiInjection.Unload.Happened;
}

VOID
KiImageGoes(const VOID *Base)
{
    ULONG64 Image = KiImageOf(Base);

    if (Machine->explore && !KiWindowClosed) {
        KiAcquirePoint(SP_DRIVER_UNLOAD, (PVOID)Image, NULL,
                       KiClientsNotice() ? Image | 1 : 0); /* I2 */
    }
}

/* PKI_WOULD_WAIT: KiDescribeAll knows what it asks for. */
BOOLEAN
KiOthersGoOn(const volatile VOID *Object, ULONG_PTR Context)
{
    return FALSE;
}

VOID
KiRunLeftThreads(VOID)
{
    if (Machine->explore && !KiFewProcessors && !KiWindowClosed) {
        KiEnding = KiPrcb(); /* I5 */
        KiAcquirePoint(SP_YIELD, NULL, KiOthersGoOn, 0);
        KiEnding = NULL;
        KiCloseWindowAtEnd();
    }
}
