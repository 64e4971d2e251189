/*
 * runonce.c - one-time initialisation. [DDI:ntddk/rtlrunonceexecuteonce, rtlrunoncebegininitialize, rtlrunoncecomplete]
 */
#include "ntlab-test.h"

BOOLEAN NTAPI RtlSuffixUnicodeString(PCUNICODE_STRING, PCUNICODE_STRING, BOOLEAN);

static RTL_RUN_ONCE Once;
static volatile LONG Calls;
static ULONG Answer = TRUE;
static PVOID Seen[2];
static KEVENT Inside, GoOn;

static ULONG NTAPI
Initialize(PRTL_RUN_ONCE RunOnce, PVOID Parameter, PVOID *Context)
{
    Calls++;
    if (Parameter != NULL) {
        KeSetEvent(&Inside, 0, FALSE);
        KeWaitForSingleObject(&GoOn, Executive, KernelMode, FALSE, NULL);
    }
    *Context = Answer ? (PVOID)0x1000 : NULL;
    return Answer;
}

static VOID
RunsOnce(VOID)
{
    PVOID Context = NULL;

    RtlRunOnceInitialize(&Once);
    Calls = 0;
    Answer = FALSE;
    EXPECT_STATUS(RtlRunOnceExecuteOnce(&Once, Initialize, NULL, &Context), STATUS_UNSUCCESSFUL);
    Answer = TRUE; /* it failed: the next one tries again */
    EXPECT_STATUS(RtlRunOnceExecuteOnce(&Once, Initialize, NULL, &Context), STATUS_SUCCESS);
    EXPECT(Context == (PVOID)0x1000);
    Context = NULL;
    EXPECT_STATUS(RtlRunOnceExecuteOnce(&Once, Initialize, NULL, &Context), STATUS_SUCCESS);
    EXPECT(Context == (PVOID)0x1000);
    EXPECT_EQ(Calls, 2);
}

static VOID
BeginAndComplete(VOID)
{
    PVOID Context;

    RtlRunOnceInitialize(&Once);
    EXPECT_STATUS(RtlRunOnceBeginInitialize(&Once, RTL_RUN_ONCE_CHECK_ONLY, &Context),
                  STATUS_UNSUCCESSFUL);
    EXPECT_STATUS(RtlRunOnceBeginInitialize(&Once, 0, &Context), STATUS_PENDING);
    EXPECT_STATUS(RtlRunOnceComplete(&Once, 0, (PVOID)0x2002), STATUS_INVALID_PARAMETER_3);
    EXPECT_STATUS(RtlRunOnceComplete(&Once, 0, (PVOID)0x2000), STATUS_SUCCESS);
    EXPECT_STATUS(RtlRunOnceBeginInitialize(&Once, RTL_RUN_ONCE_CHECK_ONLY, &Context),
                  STATUS_SUCCESS);
    EXPECT(Context == (PVOID)0x2000);
    RtlRunOnceInitialize(&Once); /* asynchronous: who completes first wins */
    EXPECT_STATUS(RtlRunOnceBeginInitialize(&Once, RTL_RUN_ONCE_ASYNC, &Context), STATUS_PENDING);
    EXPECT_STATUS(RtlRunOnceBeginInitialize(&Once, RTL_RUN_ONCE_ASYNC, &Context), STATUS_PENDING);
    EXPECT_STATUS(RtlRunOnceComplete(&Once, RTL_RUN_ONCE_ASYNC, (PVOID)0x3000), STATUS_SUCCESS);
    EXPECT_STATUS(RtlRunOnceComplete(&Once, RTL_RUN_ONCE_ASYNC, (PVOID)0x4000),
                  STATUS_OBJECT_NAME_COLLISION);
}

static VOID NTAPI
Worker(PVOID Parameter)
{
    RtlRunOnceExecuteOnce(&Once, Initialize, Parameter, &Seen[Parameter == NULL]);
    PsTerminateSystemThread(STATUS_SUCCESS);
}

static VOID
OthersWait(VOID)
{
    LARGE_INTEGER Moment = {.QuadPart = -100000};
    HANDLE Thread[2];

    RtlRunOnceInitialize(&Once);
    KeInitializeEvent(&Inside, NotificationEvent, FALSE);
    KeInitializeEvent(&GoOn, NotificationEvent, FALSE);
    Calls = 0;
    Seen[0] = Seen[1] = NULL;
    PsCreateSystemThread(&Thread[0], THREAD_ALL_ACCESS, NULL, NULL, NULL, Worker, &Once);
    KeWaitForSingleObject(&Inside, Executive, KernelMode, FALSE, NULL);
    PsCreateSystemThread(&Thread[1], THREAD_ALL_ACCESS, NULL, NULL, NULL, Worker, NULL);
    KeDelayExecutionThread(KernelMode, FALSE, &Moment);
    EXPECT(Seen[1] == NULL); /* the second waits for the first */
    KeSetEvent(&GoOn, 0, FALSE);
    for (ULONG i = 0; i < 2; i++) {
        ZwWaitForSingleObject(Thread[i], FALSE, NULL);
        ZwClose(Thread[i]);
    }
    EXPECT_EQ(Calls, 1);
    EXPECT(Seen[0] == (PVOID)0x1000 && Seen[1] == (PVOID)0x1000);
}

/* [DDI:ntifs/rtlsuffixunicodestring] */
static VOID
Suffix(VOID)
{
    UNICODE_STRING Name = RTL_CONSTANT_STRING(L"file.TXT"), Text = RTL_CONSTANT_STRING(L".txt");

    EXPECT(RtlSuffixUnicodeString(&Text, &Name, TRUE));
    EXPECT(!RtlSuffixUnicodeString(&Text, &Name, FALSE));
    EXPECT(!RtlSuffixUnicodeString(&Name, &Text, TRUE)); /* longer than the string */
}

TEST_DRIVER(TEST(RunsOnce), TEST(BeginAndComplete), TEST(OthersWait), TEST(Suffix))
