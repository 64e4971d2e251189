/*
 * keyed-client.c - keyed events and alerts by thread id against a model: four threads wait for keys and release them, alertable and not, or wait for an alert,
 * with time-outs and without, while they are alerted and user APCs are queued to them; 500 random steps, after each of which it is asked who waits still and what
 * each wait has returned. [PH:ntexapi.h: NtWaitForKeyedEvent, NtReleaseKeyedEvent], [PH:ntpsapi.h: NtAlertThreadByThreadId, NtWaitForAlertByThreadId]: who
 * releases a key and who waits for it meet, in the order in which they came; an alert that nobody waits for is kept, one of them.
 * [LEARN:processthreadsapi/queueuserapc].
 */
#include "../ntlab-client.h"
#include <winternl.h>

#define SEED 21
#include "../draw.h"

NTSTATUS NTAPI NtDelayExecution(BOOLEAN, PLARGE_INTEGER);
NTSTATUS NTAPI NtCreateKeyedEvent(PHANDLE, ACCESS_MASK, POBJECT_ATTRIBUTES, ULONG);
NTSTATUS NTAPI NtOpenKeyedEvent(PHANDLE, ACCESS_MASK, POBJECT_ATTRIBUTES);
NTSTATUS NTAPI NtWaitForKeyedEvent(HANDLE, PVOID, BOOLEAN, PLARGE_INTEGER);
NTSTATUS NTAPI NtReleaseKeyedEvent(HANDLE, PVOID, BOOLEAN, PLARGE_INTEGER);
NTSTATUS NTAPI NtWaitForAlertByThreadId(PVOID, PLARGE_INTEGER);
NTSTATUS NTAPI NtAlertThreadByThreadId(HANDLE);

#define THREADS 4
#define STEPS   500
#define TICK    140 /* ms */
#define SLOT    20
#define MS      10000ll
#define NEVER   (-1)

#define ALERTED  0x101
#define TIMEOUT_ 0x102
#define USER_APC 0xC0

enum { Keyed, Released, Alert, Quit };

static struct {
    HANDLE Handle, Go;
    DWORD Id;
    ULONG What, Event, Key;
    BOOLEAN Alertable;
    LARGE_INTEGER *Time, Timeout;
    volatile LONG Busy, Apcs;
    volatile NTSTATUS Result;
    /* The model's. */
    BOOL Waits, IsAlerted;
    LONG Due, Pending, Ran;
    ULONG Came;
    NTSTATUS Wanted;
} Thread[THREADS];

static HANDLE Events[3]; /* the last one: none, the system's */
static ULONG64 Keys[2];
static ULONG Step, Arrivals;
static LONGLONG Base;
static int Wrong;

static void
Is(int Line, const char *What, ULONG t, LONGLONG Got, LONGLONG Expected)
{
    if (Got != Expected) {
        Wrong++;
        printf("ntlab-test: note Is:%d step %lu %s of %lu: got 0x%llx, expected 0x%llx\n", Line,
               Step, What, t, Got, Expected);
    }
}
#define IS(t, Got, Expected) Is(__LINE__, #Got, t, Got, Expected)

static void CALLBACK
CountApc(ULONG_PTR t)
{
    Thread[t].Apcs++;
}

static DWORD WINAPI
Work(PVOID Context)
{
    ULONG t = (ULONG)(ULONG_PTR)Context;

    for (;;) {
        WaitForSingleObject(Thread[t].Go, INFINITE);
        switch (Thread[t].What) {
        case Keyed:
            Thread[t].Result = NtWaitForKeyedEvent(Events[Thread[t].Event], &Keys[Thread[t].Key],
                                                   Thread[t].Alertable, Thread[t].Time);
            break;
        case Released:
            Thread[t].Result = NtReleaseKeyedEvent(Events[Thread[t].Event], &Keys[Thread[t].Key],
                                                   Thread[t].Alertable, Thread[t].Time);
            break;
        case Alert:
            Thread[t].Result = NtWaitForAlertByThreadId(NULL, Thread[t].Time);
            break;
        default:
            return 0;
        }
        Thread[t].Busy = FALSE;
    }
}

/* ---- the model ---- */

static void
End(ULONG t, NTSTATUS Status)
{
    Thread[t].Waits = FALSE;
    Thread[t].Due = NEVER;
    Thread[t].Wanted = Status;
    if (Status == USER_APC) {
        Thread[t].Ran += Thread[t].Pending;
        Thread[t].Pending = 0;
    }
}

/* Who waits for the other side of the same key, the first one. */
static ULONG
Partner(ULONG t)
{
    ULONG Best = THREADS;

    for (ULONG i = 0; i < THREADS; i++) {
        if (Thread[i].Waits && Thread[i].What != Alert && Thread[i].What != Thread[t].What &&
            Thread[i].Event == Thread[t].Event && Thread[i].Key == Thread[t].Key &&
            (Best == THREADS || Thread[i].Came < Thread[Best].Came)) {
            Best = i;
        }
    }
    return Best;
}

static void
Begin(ULONG t, LONG Due)
{
    if (Thread[t].What == Alert && Thread[t].IsAlerted) {
        Thread[t].IsAlerted = FALSE;
        End(t, ALERTED);
        return;
    }
    if (Thread[t].What != Alert && Partner(t) != THREADS) {
        End(Partner(t), 0);
        End(t, 0);
        return;
    }
    if (Thread[t].What != Alert && Thread[t].Alertable && Thread[t].Pending != 0) {
        End(t, USER_APC);
        return;
    }
    if (Thread[t].Time != NULL && Thread[t].Timeout.QuadPart == 0) {
        End(t, TIMEOUT_);
        return;
    }
    Thread[t].Waits = TRUE;
    Thread[t].Due = Thread[t].Time != NULL ? Due : NEVER;
    Thread[t].Came = Arrivals++;
}

static void
LetTimePass(void)
{
    for (LONG Now = (LONG)(Step * TICK); Now < (LONG)((Step + 1) * TICK); Now += SLOT) {
        for (ULONG t = 0; t < THREADS; t++) {
            if (Thread[t].Waits && Thread[t].Due == Now) {
                End(t, TIMEOUT_);
            }
        }
    }
}

/* ---- the steps ---- */

static void
Look(void)
{
    LARGE_INTEGER Next;

    LetTimePass();
    Step++;
    Next.QuadPart = Base + Step * TICK * MS;
    NtDelayExecution(FALSE, &Next);
    for (ULONG t = 0; t < THREADS; t++) {
        IS(t, Thread[t].Busy, Thread[t].Waits);
        if (!Thread[t].Busy && !Thread[t].Waits) {
            IS(t, Thread[t].Result, Thread[t].Wanted);
        }
        IS(t, Thread[t].Apcs, Thread[t].Ran);
    }
}

static void
Command(ULONG t)
{
    LONG Due = (LONG)((Step + Draw(6)) * TICK + (t + 1) * SLOT);

    Thread[t].What = Draw(3);
    Thread[t].Event = Draw(3);
    Thread[t].Key = Draw(2);
    Thread[t].Alertable = (BOOLEAN)Draw(2);
    Thread[t].Time = Draw(3) != 0 ? &Thread[t].Timeout : NULL;
    Thread[t].Timeout.QuadPart = Draw(4) == 0 ? 0
                                 : Draw(2)    ? Base + Due * MS
                                              : -(Due - (LONG)(Step * TICK)) * MS;
    Begin(t, Due);
    Thread[t].Busy = TRUE;
    SetEvent(Thread[t].Go);
}

static void
AlertOne(ULONG t)
{
    if (Thread[t].Waits && Thread[t].What == Alert) {
        End(t, ALERTED);
    } else {
        Thread[t].IsAlerted = TRUE;
    }
    IS(t, NtAlertThreadByThreadId((HANDLE)(ULONG_PTR)Thread[t].Id), 0);
}

static void
QueueApc(ULONG t)
{
    Thread[t].Pending++;
    if (Thread[t].Waits && Thread[t].What != Alert && Thread[t].Alertable) {
        End(t, USER_APC);
    }
    IS(t, QueueUserAPC(CountApc, Thread[t].Handle, t) != 0, TRUE);
}

static void
Model(void)
{
    LARGE_INTEGER Begins;
    FILETIME Now;

    for (ULONG t = 0; t < THREADS; t++) {
        Thread[t].Due = NEVER;
        Thread[t].Go = CreateEventA(NULL, FALSE, FALSE, NULL);
        Thread[t].Handle = CreateThread(NULL, 0, Work, (PVOID)(ULONG_PTR)t, 0, &Thread[t].Id);
    }
    GetSystemTimeAsFileTime(&Now);
    Base = (((LONGLONG)Now.dwHighDateTime << 32) | Now.dwLowDateTime) + TICK * MS;
    Begins.QuadPart = Base;
    NtDelayExecution(FALSE, &Begins);
    for (ULONG i = 0; i < STEPS; i++) {
        ULONG t = Draw(THREADS), What = Draw(8);

        if (What == 0) {
            QueueApc(t);
        } else if (What < 3) {
            AlertOne(t);
        } else if (!Thread[t].Waits) {
            Command(t);
        }
        Look();
    }
    for (ULONG t = 0; t < THREADS; t++) {
        TerminateThread(Thread[t].Handle, 0);
        EXPECT_EQ(WaitForSingleObject(Thread[t].Handle, 1000), WAIT_OBJECT_0);
    }
    EXPECT_EQ(Wrong, 0);
}

static void
Tables(void)
{
    LARGE_INTEGER Zero = {.QuadPart = 0};
    PVOID System = (PVOID)0x400080000000ull;
    HANDLE Weak, Event;

    EXPECT_EQ((ULONG)NtAlertThreadByThreadId((HANDLE)0x7FFFFFF0), 0xC000000B); /* no such id */
    EXPECT_EQ((ULONG)NtAlertThreadByThreadId(NULL), 0xC000000B);
    EXPECT_EQ((ULONG)NtWaitForAlertByThreadId(NULL, &Zero), TIMEOUT_);
    EXPECT_EQ((ULONG)NtAlertThreadByThreadId((HANDLE)(ULONG_PTR)GetCurrentThreadId()), 0);
    EXPECT_EQ((ULONG)NtAlertThreadByThreadId((HANDLE)(ULONG_PTR)GetCurrentThreadId()), 0);
    EXPECT_EQ((ULONG)NtWaitForAlertByThreadId(NULL, &Zero), ALERTED); /* once */
    EXPECT_EQ((ULONG)NtWaitForAlertByThreadId(NULL, &Zero), TIMEOUT_);
    EXPECT_EQ((ULONG)NtWaitForAlertByThreadId(NULL, System), 0xC0000005);
    EXPECT_EQ((ULONG)NtWaitForKeyedEvent(NULL, (PVOID)1, FALSE, &Zero), 0xC00000EF);
    EXPECT_EQ((ULONG)NtReleaseKeyedEvent(NULL, (PVOID)3, FALSE, &Zero), 0xC00000EF);
    EXPECT_EQ((ULONG)NtWaitForKeyedEvent(NULL, (PVOID)2, FALSE, System), 0xC0000005);
    EXPECT_EQ((ULONG)NtWaitForKeyedEvent((HANDLE)0x7770, (PVOID)2, FALSE, &Zero), 0xC0000008);
    Event = CreateEventA(NULL, FALSE, FALSE, NULL);
    EXPECT_EQ((ULONG)NtWaitForKeyedEvent(Event, (PVOID)2, FALSE, &Zero), 0xC0000024);
    for (ULONG Right = 1; Right <= 2; Right++) { /* to wait, to wake */
        EXPECT(DuplicateHandle(GetCurrentProcess(), Events[0], GetCurrentProcess(), &Weak, Right,
                               FALSE, 0));
        EXPECT_EQ((ULONG)NtWaitForKeyedEvent(Weak, (PVOID)2, FALSE, &Zero),
                  Right == 1 ? TIMEOUT_ : 0xC0000022);
        EXPECT_EQ((ULONG)NtReleaseKeyedEvent(Weak, (PVOID)2, FALSE, &Zero),
                  Right == 2 ? TIMEOUT_ : 0xC0000022);
        CloseHandle(Weak);
    }
    EXPECT_EQ((ULONG)NtCreateKeyedEvent(System, GENERIC_ALL, NULL, 0), 0xC0000005);
    CloseHandle(Event);
}

int
main(void)
{
    EXPECT_EQ(NtCreateKeyedEvent(&Events[0], GENERIC_ALL, NULL, 0), 0);
    EXPECT_EQ(NtCreateKeyedEvent(&Events[1], GENERIC_ALL, NULL, 0), 0);
    Tables();
    Model();
    return TEST_DONE();
}
