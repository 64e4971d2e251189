/*
 * places.c - at which places a thread's time-outs are free (nt/ke/timeout.c, O1): one thread waits once in vain at each place that Places names, and looks, with a lock, behind
 * each; another one looks once. Its look comes before, between or behind the others as long as each time-out is free; the first one that is not waits for it. At
 * places with letters it looks without waiting: that is always free.
 * So with the first W waits free there are W + 1 traces.
 *
 *     CHANGES  of what the first one's stack holds while it waits: so many values, one after the other, EACH so often. DEPTH: how many bytes above its end
 */
#include "program.h"

#ifndef CHANGES
#define CHANGES 1
#endif
#ifndef EACH
#define EACH 1
#endif
#ifndef DEPTH
#define DEPTH 0x80
#endif

#define TEXT(Digits)    TEXT_OF(Digits)
#define TEXT_OF(Digits) #Digits

static const volatile char Places[] = TEXT(PLACES);
static const volatile ULONG Depth = DEPTH; /* else the array would be one byte */
static volatile ULONG Next;
static FAST_MUTEX Mutex;
static KEVENT Never;
static LARGE_INTEGER Length = {.QuadPart = -10000000}, None = {.QuadPart = 0};

static VOID
Look(VOID)
{
    ExAcquireFastMutex(&Mutex);
    ExReleaseFastMutex(&Mutex);
}

#define PLACE(Name, Time)                                                                          \
    static __attribute__((noinline)) VOID Name(VOID)                                               \
    {                                                                                              \
        BAD(KeWaitForSingleObject(&Never, Executive, KernelMode, FALSE, Time) != STATUS_TIMEOUT);  \
    }
PLACE(At0, &Length)
PLACE(At1, &Length)
PLACE(At2, &Length)
PLACE(At3, &Length)
PLACE(At4, &Length)
PLACE(At5, &Length)
PLACE(At6, &Length)
PLACE(At7, &Length)
PLACE(At8, &Length)
PLACE(At9, &Length)
PLACE(AtA, &None)
PLACE(AtB, &None)
PLACE(AtC, &None)
PLACE(AtD, &None)
PLACE(AtE, &None)
PLACE(AtF, &None)
PLACE(AtG, &None)

static VOID (*const volatile At[])(VOID) = {At0, At1, At2, At3, At4, At5, At6, At7, At8, At9};
static VOID (*const volatile Polls[])(VOID) = {AtA, AtB, AtC, AtD, AtE, AtF, AtG};

/* What differs is in memory alone, and not where it is read. */
static __attribute__((noinline)) VOID
GoRound(VOID)
{
    volatile UCHAR Held[1024];

    for (; Places[Next] != 0; Next = Next + 1) {
        Held[Depth] = (UCHAR)(Next / EACH % CHANGES);
        (Places[Next] < 'a' ? At[Places[Next] - '0'] : Polls[Places[Next] - 'a'])();
        Look();
    }
}

static VOID NTAPI
First(PVOID Context)
{
    GoRound();
    PsTerminateSystemThread(STATUS_SUCCESS);
}

static VOID NTAPI
Other(PVOID Context)
{
    Look();
    PsTerminateSystemThread(STATUS_SUCCESS);
}

static VOID
Program(VOID)
{
    ExInitializeFastMutex(&Mutex);
    KeInitializeEvent(&Never, NotificationEvent, FALSE);
    Start(First, 0);
    Start(Other, 0);
    Join();
}
