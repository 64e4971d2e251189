/*
 * timer.c - the timer of a device object: a routine once a second, at DISPATCH_LEVEL.
 * [wdm: IoInitializeTimer, IoStartTimer, IoStopTimer]
 *
 * One kernel timer serves all; it runs only while some device's timer does, so an idle system stays idle
 * in virtual time.
 */
#include "nt/io/iop.h"

struct _IO_TIMER {
    CSHORT Type;
    CSHORT TimerFlag; /* 1: running */
    LIST_ENTRY TimerList;
    PIO_TIMER_ROUTINE TimerRoutine;
    PVOID Context;
    PDEVICE_OBJECT DeviceObject;
};
C_ASSERT(FIELD_OFFSET(struct _IO_TIMER, TimerList) == 8); /* device.c unlinks it */

static VOID
IopArm(VOID)
{
    LARGE_INTEGER Due;

    Due.QuadPart = -10000000;
    KeSetTimerEx(&IopSecondTimer, Due, 1000, &IopSecondDpc);
}

static VOID NTAPI
IopSecond(PKDPC Dpc, PVOID Context, PVOID Argument1, PVOID Argument2)
{
    PLIST_ENTRY Entry, Next;

    for (Entry = IopTimers.Flink; Entry != &IopTimers; Entry = Next) {
        PIO_TIMER Timer = CONTAINING_RECORD(Entry, struct _IO_TIMER, TimerList);

        Next = Entry->Flink;
        if (Timer->TimerFlag) {
            if (VfCall == NULL) {
                Timer->TimerRoutine(Timer->DeviceObject, Timer->Context);
            } else {
                VF_CALL(VOID, VfIoTimer, Timer->TimerRoutine, Timer->DeviceObject, Timer->Context,
                        0, 0);
            }
        }
    }
}

VOID
IopStartTimers(VOID)
{
    KeInitializeTimerEx(&IopSecondTimer, SynchronizationTimer);
    KeInitializeDpc(&IopSecondDpc, IopSecond, NULL);
}

NTSTATUS NTAPI
IoInitializeTimer(PDEVICE_OBJECT DeviceObject, PIO_TIMER_ROUTINE TimerRoutine, PVOID Context)
{
    PIO_TIMER Timer = DeviceObject->Timer;

    if (Timer == NULL) {
        Timer = ExAllocatePoolWithTag(NonPagedPool, sizeof(*Timer), 'iTsI');
        if (Timer == NULL) {
            return STATUS_INSUFFICIENT_RESOURCES;
        }
        Timer->Type = IO_TYPE_TIMER;
        Timer->TimerFlag = 0;
        Timer->DeviceObject = DeviceObject;
        InsertTailList(&IopTimers, &Timer->TimerList);
        DeviceObject->Timer = Timer;
    }
    Timer->TimerRoutine = TimerRoutine;
    Timer->Context = Context;
    return STATUS_SUCCESS;
}

VOID NTAPI
IoStartTimer(PDEVICE_OBJECT DeviceObject)
{
    PIO_TIMER Timer = DeviceObject->Timer;

    KiSchedulePoint(SP_SET_TIMER, Timer);
    if (IopExtension(DeviceObject)->ExtensionFlags &
        (DOE_UNLOAD_PENDING | DOE_DELETE_PENDING | DOE_REMOVE_PENDING | DOE_REMOVE_PROCESSED)) {
        return;
    }
    if (!Timer->TimerFlag) {
        Timer->TimerFlag = 1;
        if (IopRunningTimers++ == 0) {
            IopArm();
        }
    }
}

VOID NTAPI
IoStopTimer(PDEVICE_OBJECT DeviceObject)
{
    PIO_TIMER Timer = DeviceObject->Timer;

    KiSchedulePoint(SP_CANCEL_TIMER, Timer);
    if (Timer->TimerFlag) {
        Timer->TimerFlag = 0;
        if (--IopRunningTimers == 0) {
            KeCancelTimer(&IopSecondTimer);
        }
    }
}
