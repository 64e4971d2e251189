/*
 * poolio.c - completions of asynchronous I/O, called back from the pool: one completion port and one thread for all files.
 *
 * BindIoCompletionCallback binds a file to a routine; a threadpool I/O object is the same with a context. The port's
 * key is a record that says what to call. Records live as long as the process: the file may complete at any time.
 * The thread waits alertably, and so is the one that WT_EXECUTEINIOTHREAD asks for; an item of that kind comes as a
 * packet with the key NULL. [K: QueueUserWorkItem]
 */
#include "user/ntdll/ntdllp.h"
#include "user/ntdll/pool.h"

/* As ntdll calls it; kernel32 makes of it what CreateThreadpoolIo promises. */
typedef VOID(NTAPI *TPP_IO_CALLBACK)(PTP_CALLBACK_INSTANCE Instance, PVOID Context,
                                     PVOID ApcContext, PIO_STATUS_BLOCK Iosb, PTP_IO Io);

typedef struct _TPP_IO {
    BOOLEAN Old;
    LONG Expected; /* StartThreadpoolIo less completions and cancels */
    ULONG Running;
    PVOID Callback;
    PVOID Context;
} TPP_IO, *PTPP_IO;

/* [K: "StartThreadpoolIo": what completes without it is ignored] Otherwise it runs from now on. */
static BOOLEAN
TppIsExpected(PTPP_IO Io)
{
    BOOLEAN Expected;

    RtlEnterCriticalSection(&TppLock);
    Expected = Io->Expected > 0;
    Io->Expected -= Expected;
    Io->Running += Expected;
    RtlLeaveCriticalSection(&TppLock);
    return Expected;
}

static DWORD WINAPI
TppIoThread(PVOID Port)
{
    for (;;) {
        FILE_IO_COMPLETION_INFORMATION Packet;
        IO_STATUS_BLOCK Iosb;
        PVOID Overlapped;
        ULONG Count = 0;
        PTPP_IO Io;

        if (NtRemoveIoCompletionEx((HANDLE)Port, &Packet, 1, &Count, NULL, TRUE) !=
            STATUS_SUCCESS) {
            continue;
        }
        Io = (PTPP_IO)Packet.KeyContext;
        Overlapped = (PVOID)Packet.ApcContext;
        Iosb = Packet.IoStatusBlock;
        if (Io == NULL) {
            PTPP_ITEM Item = Overlapped;

            RtlEnterCriticalSection(&TppLock);
            Item->Running--;
            Item->Active--;
            TppRun(Item, Item->TimedOut);
            RtlLeaveCriticalSection(&TppLock);
        } else if (Io->Old) {
            ((LPOVERLAPPED_COMPLETION_ROUTINE)Io->Callback)(RtlNtStatusToDosError(Iosb.Status),
                                                            (DWORD)Iosb.Information, Overlapped);
        } else {
            TPP_INSTANCE Instance = {.Pool = &TppDefaultPool, .Running = &Io->Running};

            if (!TppIsExpected(Io)) {
                continue;
            }
            ((TPP_IO_CALLBACK)Io->Callback)((PTP_CALLBACK_INSTANCE)&Instance, Io->Context,
                                            Overlapped, &Iosb, (PTP_IO)Io);
            TppFinish(&Instance);
            RtlEnterCriticalSection(&TppLock);
            Io->Running -= Instance.Running != NULL;
            RtlWakeAllConditionVariable(&TppChanged);
            RtlLeaveCriticalSection(&TppLock);
        }
    }
    return 0;
}

/* The port and its thread are there from the first use on. */
static NTSTATUS
TppNeedPort(VOID)
{
    HANDLE Thread;
    NTSTATUS Status = STATUS_SUCCESS;

    RtlEnterCriticalSection(&TppLock);
    if (TppPort == NULL) {
        Status = NtCreateIoCompletion(&TppPort, IO_COMPLETION_ALL_ACCESS, NULL, 0);
        if (NT_SUCCESS(Status)) {
            Status = RtlCreateUserThread(NtCurrentProcess(), NULL, FALSE, 0, 0, 0, TppIoThread,
                                         TppPort, &Thread, NULL);
            if (NT_SUCCESS(Status)) {
                NtClose(Thread);
            } else {
                NtClose(TppPort);
                TppPort = NULL;
            }
        }
    }
    RtlLeaveCriticalSection(&TppLock);
    return Status;
}

/* It counts as running from now on: a packet is not taken back. */
NTSTATUS
TppPostToIoThread(PTPP_ITEM Item)
{
    NTSTATUS Status = TppNeedPort();

    if (NT_SUCCESS(Status)) {
        Item->Running++;
        Item->Active++;
        Status = NtSetIoCompletion(TppPort, NULL, Item, STATUS_SUCCESS, 0);
        if (!NT_SUCCESS(Status)) {
            Item->Running--;
            Item->Active--;
        }
    }
    return Status;
}

static NTSTATUS
TppBind(HANDLE File, PTPP_IO Io)
{
    FILE_COMPLETION_INFORMATION Information;
    IO_STATUS_BLOCK Iosb;
    NTSTATUS Status = TppNeedPort();

    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    Information.Port = TppPort;
    Information.Key = Io;
    return NtSetInformationFile(File, &Iosb, &Information, sizeof(Information),
                                FileCompletionInformation);
}

static NTSTATUS
TppMakeIo(HANDLE File, BOOLEAN Old, PVOID Callback, PVOID Context, PTPP_IO *Result)
{
    PTPP_IO Io = RtlAllocateHeap(RtlProcessHeap(), HEAP_ZERO_MEMORY, sizeof(*Io));
    NTSTATUS Status;

    if (Io == NULL) {
        return STATUS_NO_MEMORY;
    }
    Io->Old = Old;
    Io->Callback = Callback;
    Io->Context = Context;
    Status = TppBind(File, Io);
    if (!NT_SUCCESS(Status)) {
        RtlFreeHeap(RtlProcessHeap(), 0, Io);
        return Status;
    }
    *Result = Io;
    return STATUS_SUCCESS;
}

NTSTATUS NTAPI
RtlSetIoCompletionCallback(HANDLE File, PVOID Callback, ULONG Flags)
{
    PTPP_IO Io;

    return TppMakeIo(File, TRUE, Callback, NULL, &Io);
}

NTSTATUS NTAPI
TpAllocIoCompletion(PTP_IO *Result, HANDLE File, PVOID Callback, PVOID Context,
                    PTP_CALLBACK_ENVIRON Environment)
{
    return TppMakeIo(File, FALSE, Callback, Context, (PTPP_IO *)Result);
}

VOID NTAPI
TpStartAsyncIoOperation(PTP_IO Io)
{
    RtlEnterCriticalSection(&TppLock);
    ((PTPP_IO)Io)->Expected++;
    RtlLeaveCriticalSection(&TppLock);
}

VOID NTAPI
TpCancelAsyncIoOperation(PTP_IO Io)
{
    RtlEnterCriticalSection(&TppLock);
    ((PTPP_IO)Io)->Expected--;
    RtlWakeAllConditionVariable(&TppChanged);
    RtlLeaveCriticalSection(&TppLock);
}

VOID NTAPI
TpWaitForIoCompletion(PTP_IO Handle, ULONG CancelPending)
{
    PTPP_IO Io = (PTPP_IO)Handle;

    RtlEnterCriticalSection(&TppLock);
    if (CancelPending) {
        Io->Expected = 0; /* what completes from now on finds nobody who expects it */
    }
    while (Io->Running != 0 || Io->Expected > 0) {
        RtlSleepConditionVariableCS(&TppChanged, &TppLock, NULL);
    }
    RtlLeaveCriticalSection(&TppLock);
}

VOID NTAPI
TpReleaseIoCompletion(PTP_IO Io)
{
    UNREFERENCED_PARAMETER(Io); /* kept: a completion may still come */
}
