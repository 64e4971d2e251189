/*
 * lasting-client.c - requests that outlive what their caller expected: cancelled at once, late or never, by the thread, by another one, by its end or by an
 * APC; completed when its thread has been gone for minutes, or its buffer is; and what of a completion the caller sees: the status, the
 * status block, the event, the port's packet, the APC. [DDI:wdm/iocompleterequest], [DDI:wdm/iomarkirppending], [DDI:ntifs/ntdeviceiocontrolfile],
 * [LEARN:ioapiset/cancelio], [LEARN:ioapiset/cancelioex], [LEARN:ioapiset/cancelsynchronousio]; [K: "Introduction to Cancel Routines": a thread that ends
 * waits five minutes for its requests].
 */
#include "../ntlab-client.h"
#include <winternl.h>
#include <winioctl.h>
#include "lasting.h"

NTSTATUS NTAPI NtCancelIoFile(HANDLE, PIO_STATUS_BLOCK);
NTSTATUS NTAPI NtCancelIoFileEx(HANDLE, PIO_STATUS_BLOCK, PIO_STATUS_BLOCK);
NTSTATUS NTAPI NtCancelSynchronousIoFile(HANDLE, PIO_STATUS_BLOCK, PIO_STATUS_BLOCK);
NTSTATUS NTAPI NtRemoveIoCompletion(HANDLE, PVOID *, PVOID *, PIO_STATUS_BLOCK, PLARGE_INTEGER);

#define PENDING_  0x103
#define CANCELLED 0xC0000120
#define NONE      0xCCCCCCCCCCCCCCCCull
#define ALERTABLE 0x10 /* FILE_SYNCHRONOUS_IO_ALERT */
#define PLAIN     0x20 /* FILE_SYNCHRONOUS_IO_NONALERT */

static HANDLE Asks; /* for what ends the others */

static ULONG
OpenIt(PCWSTR Text, ULONG Options, HANDLE *Handle)
{
    UNICODE_STRING Name = {(USHORT)(lstrlenW(Text) * 2), (USHORT)(lstrlenW(Text) * 2), (PWSTR)Text};
    OBJECT_ATTRIBUTES Attributes;
    IO_STATUS_BLOCK Iosb;

    InitializeObjectAttributes(&Attributes, &Name, OBJ_CASE_INSENSITIVE, NULL, NULL);
    return (ULONG)NtOpenFile(Handle, FILE_GENERIC_READ | FILE_GENERIC_WRITE, &Attributes, &Iosb, 7,
                             Options);
}

static HANDLE
Open(ULONG Options)
{
    HANDLE Handle = NULL;

    EXPECT_EQ(OpenIt(L"\\Device\\IoTestLasting", Options, &Handle), 0);
    return Handle;
}

static void
Clear(IO_STATUS_BLOCK *Iosb)
{
    memset(Iosb, 0xCC, sizeof(*Iosb));
}

static ULONG
Held(void)
{
    IO_STATUS_BLOCK Iosb;
    ULONG Count = 99;

    EXPECT_EQ(NtDeviceIoControlFile(Asks, NULL, NULL, NULL, &Iosb, LASTING_COUNT, NULL, 0, &Count,
                                    sizeof(Count)),
              0);
    return Count;
}

static void
Finish(ULONG Status, ULONG Information)
{
    LASTING_END How = {(LONG)Status, Information, 0};
    IO_STATUS_BLOCK Iosb;

    EXPECT_EQ(NtDeviceIoControlFile(Asks, NULL, NULL, NULL, &Iosb, LASTING_FINISH, &How,
                                    sizeof(How), NULL, 0),
              0);
}

/* By whom it is cancelled, and when it ends then. */
static void
Cancels(void)
{
    static const ULONG Codes[] = {LASTING_CANCEL, LASTING_LATE};
    HANDLE File = Open(0), Event = CreateEventA(NULL, TRUE, FALSE, NULL);
    IO_STATUS_BLOCK First, Second, Iosb;

    for (ULONG i = 0; i < 2; i++) {
        BOOL Late = Codes[i] == LASTING_LATE;
        ULONG64 Start = GetTickCount64();

        /* CancelIo returns when all of the thread's have ended */
        Clear(&First);
        ResetEvent(Event);
        EXPECT_EQ(
            NtDeviceIoControlFile(File, Event, NULL, NULL, &First, Codes[i], NULL, 0, NULL, 0),
            PENDING_);
        EXPECT_EQ(First.Information, NONE);
        EXPECT_EQ(Held(), 1);
        EXPECT_EQ(NtCancelIoFile(File, &Iosb), 0);
        EXPECT(Iosb.Status == 0 && Iosb.Information == 0);
        EXPECT_EQ((ULONG)First.Status, CANCELLED);
        EXPECT_EQ(First.Information, 0);
        EXPECT_EQ(WaitForSingleObject(Event, 0), 0);
        EXPECT(!Late || GetTickCount64() - Start >= 90);
        EXPECT_EQ(Held(), 0);
        /* CancelIoEx: one of them, and nobody waits */
        Clear(&First);
        Clear(&Second);
        ResetEvent(Event);
        EXPECT_EQ(
            NtDeviceIoControlFile(File, Event, NULL, NULL, &First, Codes[i], NULL, 0, NULL, 0),
            PENDING_);
        EXPECT_EQ(
            NtDeviceIoControlFile(File, NULL, NULL, NULL, &Second, LASTING_HOLD, NULL, 0, NULL, 0),
            PENDING_);
        EXPECT_EQ((ULONG)NtCancelIoFileEx(File, &Iosb, &Iosb), 0xC0000225); /* no such request */
        EXPECT_EQ(NtCancelIoFileEx(File, &First, &Iosb), 0);
        EXPECT_EQ(First.Information == NONE, Late);
        EXPECT_EQ(WaitForSingleObject(Event, 5000), 0);
        EXPECT_EQ((ULONG)First.Status, CANCELLED);
        EXPECT_EQ((ULONG)NtCancelIoFileEx(File, &First, &Iosb), 0xC0000225);
        EXPECT_EQ(Held(), 1);
        Finish(0, 0);
        EXPECT_EQ(Second.Status, 0);
        EXPECT_EQ((ULONG)NtCancelIoFileEx(File, NULL, &Iosb), 0xC0000225);
        EXPECT_EQ(NtCancelIoFile(File, &Iosb), 0); /* none: that is no failure */
    }
    CloseHandle(Event);
    CloseHandle(File);
}

static struct {
    HANDLE File;
    ULONG Code, Status, Apcs;
    IO_STATUS_BLOCK Iosb;
    BYTE Out[16];
} Waiter;

static void CALLBACK
OnApc(ULONG_PTR Context)
{
    Waiter.Apcs++;
}

static DWORD WINAPI
WaitForIt(void *Context)
{
    Clear(&Waiter.Iosb);
    Waiter.Apcs = 0;
    Waiter.Status =
        (ULONG)NtDeviceIoControlFile(Waiter.File, NULL, NULL, NULL, &Waiter.Iosb, Waiter.Code, NULL,
                                     0, Waiter.Out, sizeof(Waiter.Out));
    return 7;
}

static HANDLE
StartWaiter(ULONG Options, ULONG Code)
{
    HANDLE Thread;

    Waiter.File = Open(Options);
    Waiter.Code = Code;
    Waiter.Status = 0x7777;
    Thread = CreateThread(NULL, 0, WaitForIt, NULL, 0, NULL);
    while (Held() == 0) {
        Sleep(1);
    }
    return Thread;
}

static void
EndWaiter(HANDLE Thread)
{
    EXPECT_EQ(WaitForSingleObject(Thread, INFINITE), 0);
    CloseHandle(Thread);
    CloseHandle(Waiter.File);
    EXPECT_EQ(Held(), 0);
}

/* Who waits for a synchronous request: an APC ends an alertable wait, whose request is cancelled; any other wait goes on. */
static void
Interrupted(void)
{
    static const struct {
        ULONG Options, Code;
        BOOL Ends;
    } Row[] = {{ALERTABLE, LASTING_CANCEL, TRUE},
               {ALERTABLE, LASTING_LATE, TRUE},
               {ALERTABLE, LASTING_HOLD, FALSE},
               {PLAIN, LASTING_CANCEL, FALSE},
               {PLAIN, LASTING_HOLD, FALSE}};

    for (ULONG i = 0; i < RTL_NUMBER_OF(Row); i++) {
        HANDLE Thread = StartWaiter(Row[i].Options, Row[i].Code);

        EXPECT(QueueUserAPC(OnApc, Thread, 0));
        if (!Row[i].Ends) {
            EXPECT_EQ(WaitForSingleObject(Thread, 300), WAIT_TIMEOUT);
            EXPECT_EQ(Held(), 1);
            Finish(0, 3);
        }
        EndWaiter(Thread);
        EXPECT_EQ(Waiter.Status, Row[i].Ends ? CANCELLED : 0);
        EXPECT(Row[i].Ends || Waiter.Iosb.Information == 3);
    }
}

/* Somebody else cancels what a thread waits for: only that. */
static void
Synchronously(void)
{
    HANDLE Thread = StartWaiter(PLAIN, LASTING_CANCEL);
    IO_STATUS_BLOCK Iosb;

    EXPECT_EQ((ULONG)NtCancelSynchronousIoFile(GetCurrentThread(), NULL, &Iosb), 0xC0000225);
    EXPECT_EQ((ULONG)NtCancelSynchronousIoFile(Thread, &Iosb, &Iosb), 0xC0000225);
    EXPECT_EQ(Held(), 1);
    EXPECT_EQ(NtCancelSynchronousIoFile(Thread, NULL, &Iosb), 0);
    EndWaiter(Thread);
    EXPECT_EQ(Waiter.Status, CANCELLED);
    Thread = StartWaiter(PLAIN, LASTING_CANCEL);
    EXPECT_EQ(NtCancelSynchronousIoFile(Thread, &Waiter.Iosb, &Iosb), 0);
    EndWaiter(Thread);
    EXPECT_EQ(Waiter.Status, CANCELLED);
}

static DWORD WINAPI
OpenSlowly(void *Context)
{
    Waiter.Status = OpenIt(L"\\Device\\IoTestLasting\\slow", 0, &Waiter.File);
    return 7;
}

static HANDLE Begun;

static DWORD WINAPI
Leave(void *Context)
{
    static IO_STATUS_BLOCK Iosb;
    static BYTE Out[16];

    EXPECT_EQ(NtDeviceIoControlFile(Waiter.File, Begun, NULL, NULL, &Iosb, Waiter.Code, NULL, 0,
                                    Out, sizeof(Out)),
              PENDING_);
    return 7;
}

/* A thread that ends cancels what it has asked for, and waits; for what does not end within five minutes it waits no longer. */
static void
Ends(void)
{
    static const ULONG Codes[] = {LASTING_CANCEL, LASTING_LATE, LASTING_HOLD};

    Begun = CreateEventA(NULL, TRUE, FALSE, NULL);
    for (ULONG i = 0; i < RTL_NUMBER_OF(Codes); i++) {
        ULONG64 Start = GetTickCount64(), Took;
        HANDLE Thread;

        Waiter.File = Open(0);
        Waiter.Code = Codes[i];
        ResetEvent(Begun);
        Thread = CreateThread(NULL, 0, Leave, NULL, 0, NULL);
        EXPECT_EQ(WaitForSingleObject(Thread, INFINITE), 0);
        Took = GetTickCount64() - Start;
        CloseHandle(Thread);
        if (Codes[i] == LASTING_CANCEL) {
            EXPECT(Took < 90 && Held() == 0);
        } else if (Codes[i] == LASTING_LATE) {
            EXPECT(Took >= 90 && Took < 5000 && Held() == 0);
        } else {
            EXPECT(Took >= 299000 && Took < 400000 && Held() == 1);
        }
        CloseHandle(Waiter.File);
        Finish(0, 16); /* nobody is there any more */
        EXPECT_EQ(Held(), 0);
    }
    CloseHandle(Begun);
    /* ended from without, in a synchronous wait and in an open */
    for (ULONG i = 0; i < 2; i++) {
        HANDLE Thread = i == 0 ? StartWaiter(PLAIN, LASTING_CANCEL)
                               : CreateThread(NULL, 0, OpenSlowly, NULL, 0, NULL);
        DWORD Code;

        while (Held() == 0) {
            Sleep(1);
        }
        TerminateThread(Thread, 9);
        EXPECT_EQ(WaitForSingleObject(Thread, 5000), 0);
        EXPECT(GetExitCodeThread(Thread, &Code) && Code == 9);
        EXPECT_EQ(Held(), 0);
        CloseHandle(Thread);
        if (i == 0) {
            CloseHandle(Waiter.File);
        }
    }
    /* an open that ends in time */
    {
        HANDLE Thread;

        Waiter.File = NULL;
        Thread = CreateThread(NULL, 0, OpenSlowly, NULL, 0, NULL);
        while (Held() == 0) {
            Sleep(1);
        }
        Finish(0, 0);
        EXPECT_EQ(WaitForSingleObject(Thread, 5000), 0);
        EXPECT(Waiter.Status == 0 && Waiter.File != NULL);
        CloseHandle(Thread);
        CloseHandle(Waiter.File);
    }
}

static ULONG Apcs;
static void *ApcContext;
static IO_STATUS_BLOCK *ApcIosb;

static void NTAPI
OnIo(void *Context, IO_STATUS_BLOCK *Iosb, ULONG Reserved)
{
    Apcs++;
    ApcContext = Context;
    ApcIosb = Iosb;
}

/* A status that is an error is only returned, if the request was never pending; all else comes by the status block and whatever the caller has asked for. */
static void
Completions(ULONG Code)
{
    static const ULONG Statuses[] = {0, 0x40000000, 0x80000005, 0xC0000010, 0x103 | 0xC0000000};
    enum { ByEvent, ByPort, ByApc, Ways };

    for (ULONG i = 0; i < RTL_NUMBER_OF(Statuses) * 2 * Ways * 2; i++) {
        ULONG Status = Statuses[i / (2 * Ways * 2)], Way = i / 4 % Ways;
        BOOL Pended = i & 1, Synchronous = (i & 2) != 0, Error = Status >= 0xC0000000;
        LASTING_END How = {(LONG)Status, 5, Pended};
        BOOL Seen = !Error || Pended;
        HANDLE File, Event = CreateEventA(NULL, TRUE, TRUE, NULL), Port = NULL;
        LARGE_INTEGER Now = {.QuadPart = 0};
        IO_STATUS_BLOCK Iosb, Packet;
        void *Key = NULL, *Context = NULL;
        BYTE Out[8];
        ULONG Got;

        if ((Synchronous && Way == ByPort) || (Code == LASTING_FAST && (Pended || Way == ByApc)) ||
            (Code == LASTING_FAST && Status >= 0x80000000)) {
            CloseHandle(Event);
            continue;
        }
        File = Open(Synchronous ? PLAIN : 0);
        if (Way == ByPort) {
            Port = CreateIoCompletionPort(File, NULL, 0x1234, 1);
            EXPECT(Port != NULL);
        }
        Clear(&Iosb);
        memset(Out, 0xCC, sizeof(Out));
        Apcs = 0;
        Got = (ULONG)NtDeviceIoControlFile(File, Way == ByEvent ? Event : NULL,
                                           Way == ByApc ? (PIO_APC_ROUTINE)OnIo : NULL,
                                           Way != ByEvent ? (void *)0x5678 : NULL, &Iosb, Code,
                                           &How, sizeof(How), Out, sizeof(Out));
        EXPECT_EQ(Got, Pended && !Synchronous ? PENDING_ : Status);
        if (!(Error && Synchronous && Pended)) {
            EXPECT_EQ(Iosb.Information, Seen ? 5 : NONE);
            EXPECT(!Seen || (ULONG)Iosb.Status == Status);
        }
        EXPECT_EQ(Out[4], Error ? 0xCC : 0x5A);
        EXPECT_EQ(Out[5], 0xCC);
        if (Way == ByEvent && !(Error && Synchronous)) { /* it was reset when the request began */
            EXPECT_EQ(WaitForSingleObject(Event, 0), Seen ? WAIT_OBJECT_0 : WAIT_TIMEOUT);
        } else if (Way == ByPort) {
            EXPECT_EQ(NtRemoveIoCompletion(Port, &Key, &Context, &Packet, &Now), Seen ? 0 : 0x102);
            if (Seen) {
                EXPECT(Key == (void *)0x1234 && Context == (void *)0x5678);
                EXPECT((ULONG)Packet.Status == Status && Packet.Information == 5);
            }
            CloseHandle(Port);
        } else if (Way == ByApc) {
            SleepEx(0, TRUE);
            if (!(Error && Synchronous)) {
                EXPECT_EQ(Apcs, Seen);
                EXPECT(!Seen || (ApcContext == (void *)0x5678 && ApcIosb == &Iosb));
            }
        }
        CloseHandle(File);
        CloseHandle(Event);
    }
}

/* Its buffer is gone when it ends: the status block says so. */
static void
Vanishes(void)
{
    HANDLE File = Open(0), Event = CreateEventA(NULL, TRUE, FALSE, NULL);
    BYTE *Out = VirtualAlloc(NULL, 0x1000, MEM_COMMIT, PAGE_READWRITE);
    IO_STATUS_BLOCK Iosb;

    Clear(&Iosb);
    EXPECT_EQ(NtDeviceIoControlFile(File, Event, NULL, NULL, &Iosb, LASTING_HOLD, NULL, 0, Out, 16),
              PENDING_);
    VirtualFree(Out, 0, MEM_RELEASE);
    Finish(0, 16);
    EXPECT_EQ(WaitForSingleObject(Event, 5000), 0);
    EXPECT_EQ((ULONG)Iosb.Status, 0xC0000005);
    EXPECT_EQ(Iosb.Information, 0);
    CloseHandle(Event);
    CloseHandle(File);
}

int
main(void)
{
    Asks = Open(PLAIN);
    Cancels();
    Interrupted();
    Synchronously();
    Ends();
    Completions(LASTING_MAKE);
    Completions(LASTING_FAST);
    Vanishes();
    CloseHandle(Asks);
    return TEST_DONE();
}
