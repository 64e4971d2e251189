/*
 * race.c - data races, and what looks like one. PROGRAM:
 *
 *     1  both threads change Value, nothing orders them
 *     2  the same under a lock
 *     3  one writes and then signals, the other waits and then reads
 *     4  both change Value by interlocked operations
 *     5  as 3, but the flag is a plain variable that is polled once: the flag races, Value does not
 *     6  one has the kernel fill Value, the other one has it compared
 */
#include "program.h"

static FAST_MUTEX Lock;
static KEVENT Ready;
LONG Value, Flag, Seen; /* not static: the compiler keeps what nobody reads */
#if PROGRAM == 6
static volatile SIZE_T Bytes = sizeof(Value); /* not known: a call */
#endif

static VOID NTAPI
First(PVOID Context)
{
#if PROGRAM == 1
    Value += 1; /* RACE */
#elif PROGRAM == 2
    ExAcquireFastMutex(&Lock);
    Value += 1;
    ExReleaseFastMutex(&Lock);
#elif PROGRAM == 3
    Value = 1;
    KeSetEvent(&Ready, 0, FALSE);
#elif PROGRAM == 4
    InterlockedIncrement(&Value);
#elif PROGRAM == 5
    Value = 1;
    Flag = 1; /* RACE */
#elif PROGRAM == 6
    RtlFillMemory(&Value, Bytes, 1); /* RACE */
#endif
    PsTerminateSystemThread(STATUS_SUCCESS);
}

static VOID NTAPI
Second(PVOID Context)
{
#if PROGRAM == 1
    Value += 2; /* RACE */
#elif PROGRAM == 2
    ExAcquireFastMutex(&Lock);
    Value += 2;
    ExReleaseFastMutex(&Lock);
#elif PROGRAM == 3
    KeWaitForSingleObject(&Ready, Executive, KernelMode, FALSE, NULL);
    Seen = Value;
#elif PROGRAM == 4
    InterlockedIncrement(&Value);
#elif PROGRAM == 5
    if (Flag != 0) { /* RACE */
        Seen = Value;
    }
#elif PROGRAM == 6
    if (RtlCompareMemory(&Value, &Seen, Bytes) == Bytes) { /* RACE */
        Flag = 1;
    }
#endif
    PsTerminateSystemThread(STATUS_SUCCESS);
}

static VOID
Program(VOID)
{
    ExInitializeFastMutex(&Lock);
    KeInitializeEvent(&Ready, NotificationEvent, FALSE);
    Start(First, 0);
    Start(Second, 0);
}
