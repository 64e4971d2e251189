/*
 * between.c - what comes between two steps that do not commute may change what the second one is, or whether it could have come
 * first. PROGRAM selects one; the counts are by hand, and by brute.c.
 *
 *     ALL      one resets an event that is set, one sets another one, one waits for both: it waits for ever if the reset comes first: 2, 1
 *              bad. It had to wait when the reset came, but not for the reset
 *     SHARED   one who has a resource shared gives it back; another one takes it shared, one takes it alone: 2. Who takes it alone had to
 *              wait when the other one came, but not for that one
 *     TRIES    N threads try to take what another one takes and gives back. Those that fail commute. N = 2: both take it 6 (three sections in
 *              a row), one does and the other one fails while somebody has it 8, both fail 1: 15. N = 3: 103
 *     TWICE    two threads queue one DPC: it begins between the two, or both queue it before that; the first is either: 4
 *     ANEW     a timer with a DPC is set twice and cancelled: it expires, and its DPC begins, between each two of these, or not; the DPC of the
 *              second time may begin beside that of the first: 12
 *     ONWARD   a timer (F: it expires) whose DPC (D) sets it anew (S), twice at any time, is cancelled (C) and waited for (L), three times. The first C comes
 *              before F, behind S or SFDS, and it is over: 3; or behind SF or SFD: 2; or behind F or FD. Then the second time is over before L, or it is
 *              behind that, and the next C in one of four places: 2 * 5. So 15
 *     PULSED   one sets an event, another one waits for it and pulses it then: who pulses has begun to wait before the event is set, or behind that: 2
 *     VIEWS    two threads map and unmap one section, each of which changes the one address space: 6
 */
#include "program.h"

#define ALL    1
#define SHARED 2
#define TRIES  3
#define TWICE  4
#define ANEW   5
#define VIEWS  6
#define ONWARD 7
#define PULSED 8

static KEVENT Event[4] __attribute__((unused));
static KDPC Dpc __attribute__((unused));
static KTIMER Timer __attribute__((unused));
static LONG Ran __attribute__((unused));

#if PROGRAM == ALL
static VOID NTAPI
Reset(PVOID Context)
{
    KeClearEvent(&Event[0]);
    PsTerminateSystemThread(STATUS_SUCCESS);
}

static VOID NTAPI
Set(PVOID Context)
{
    KeSetEvent(&Event[1], 0, FALSE);
    PsTerminateSystemThread(STATUS_SUCCESS);
}

static VOID NTAPI
Wait(PVOID Context)
{
    PVOID Objects[2] = {&Event[0], &Event[1]};

    KeWaitForMultipleObjects(2, Objects, WaitAll, Executive, KernelMode, FALSE, NULL, NULL);
    PsTerminateSystemThread(STATUS_SUCCESS);
}

static VOID
Program(VOID)
{
    KeInitializeEvent(&Event[0], NotificationEvent, TRUE);
    KeInitializeEvent(&Event[1], NotificationEvent, FALSE);
    Start(Reset, 0);
    Start(Wait, 0);
    Start(Set, 0);
}
#elif PROGRAM == SHARED
static ERESOURCE Resource;

static VOID NTAPI
Share(PVOID Context)
{
    KeEnterCriticalRegion();
    ExAcquireResourceSharedLite(&Resource, TRUE);
    ExReleaseResourceLite(&Resource);
    KeLeaveCriticalRegion();
    PsTerminateSystemThread(STATUS_SUCCESS);
}

static VOID NTAPI
Alone(PVOID Context)
{
    KeEnterCriticalRegion();
    ExAcquireResourceExclusiveLite(&Resource, TRUE);
    ExReleaseResourceLite(&Resource);
    KeLeaveCriticalRegion();
    PsTerminateSystemThread(STATUS_SUCCESS);
}

static VOID
Program(VOID)
{
    ExInitializeResourceLite(&Resource);
    KeEnterCriticalRegion();
    ExAcquireResourceSharedLite(&Resource, TRUE);
    Start(Share, 0);
    Start(Alone, 0);
    ExReleaseResourceLite(&Resource);
    KeLeaveCriticalRegion();
}
#elif PROGRAM == TRIES
static FAST_MUTEX Mutex;

static VOID NTAPI
Take(PVOID Context)
{
    ExAcquireFastMutex(&Mutex);
    ExReleaseFastMutex(&Mutex);
    PsTerminateSystemThread(STATUS_SUCCESS);
}

static VOID NTAPI
Try(PVOID Context)
{
    if (ExTryToAcquireFastMutex(&Mutex)) {
        ExReleaseFastMutex(&Mutex);
    }
    PsTerminateSystemThread(STATUS_SUCCESS);
}

static VOID
Program(VOID)
{
    ExInitializeFastMutex(&Mutex);
    Start(Take, 0);
    for (ULONG Index = 0; Index < N; Index++) {
        Start(Try, 0);
    }
}
#elif PROGRAM == TWICE
static VOID NTAPI
Routine(PKDPC Which, PVOID Context, PVOID Argument1, PVOID Argument2)
{
    Ran++;
}

static VOID NTAPI
Queue(PVOID Context)
{
    KeInsertQueueDpc(&Dpc, NULL, NULL);
    PsTerminateSystemThread(STATUS_SUCCESS);
}

static VOID
Program(VOID)
{
    KeInitializeDpc(&Dpc, Routine, NULL);
    Start(Queue, 0);
    Start(Queue, 0);
    Join();
    KeFlushQueuedDpcs();
    BAD(Ran == 0);
}
#elif PROGRAM == ANEW
static VOID NTAPI
Routine(PKDPC Which, PVOID Context, PVOID Argument1, PVOID Argument2)
{
    Ran++;
}

static VOID
Program(VOID)
{
    LARGE_INTEGER Due = {.QuadPart = -100000};

    KeInitializeDpc(&Dpc, Routine, NULL);
    KeInitializeTimer(&Timer);
    KeSetTimer(&Timer, Due, &Dpc);
    KeSetTimer(&Timer, Due, &Dpc);
    KeCancelTimer(&Timer);
    KeFlushQueuedDpcs();
}
#elif PROGRAM == ONWARD
static const LARGE_INTEGER Due = {.QuadPart = -100000};

static VOID NTAPI
Routine(PKDPC Which, PVOID Context, PVOID Argument1, PVOID Argument2)
{
    KeSetTimer(&Timer, Due, &Dpc);
}

static VOID
Program(VOID)
{
    KeInitializeDpc(&Dpc, Routine, NULL);
    KeInitializeTimer(&Timer);
    KeSetTimer(&Timer, Due, &Dpc);
    for (ULONG Times = 0; Times < 3; Times++) {
        KeCancelTimer(&Timer);
        KeFlushQueuedDpcs();
    }
}
#elif PROGRAM == PULSED
static VOID NTAPI
Set(PVOID Context)
{
    KeSetEvent(&Event[0], 0, FALSE);
    PsTerminateSystemThread(STATUS_SUCCESS);
}

static VOID NTAPI
Pulse(PVOID Context)
{
    KeWaitForSingleObject(&Event[0], Executive, KernelMode, FALSE, NULL);
    KePulseEvent(&Event[0], 0, FALSE);
    PsTerminateSystemThread(STATUS_SUCCESS);
}

static VOID
Program(VOID)
{
    KeInitializeEvent(&Event[0], SynchronizationEvent, FALSE);
    Start(Set, 0);
    Start(Pulse, 0);
}
#elif PROGRAM == VIEWS
static HANDLE Section;

static VOID NTAPI
Map(PVOID Context)
{
    PVOID Base = NULL;
    SIZE_T Size = 0;

    ZwMapViewOfSection(Section, ZwCurrentProcess(), &Base, 0, 0, NULL, &Size, ViewUnmap, 0,
                       PAGE_READWRITE);
    ZwUnmapViewOfSection(ZwCurrentProcess(), Base);
    PsTerminateSystemThread(STATUS_SUCCESS);
}

static VOID
Program(VOID)
{
    OBJECT_ATTRIBUTES Attributes;
    LARGE_INTEGER Size = {.QuadPart = 0x1000};

    InitializeObjectAttributes(&Attributes, NULL, OBJ_KERNEL_HANDLE, NULL, NULL);
    ZwCreateSection(&Section, SECTION_ALL_ACCESS, &Attributes, &Size, PAGE_READWRITE, SEC_COMMIT,
                    NULL);
    Start(Map, 0);
    Start(Map, 0);
    Join();
    ZwClose(Section);
}
#endif
