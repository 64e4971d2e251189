/*
 * poolio.c - completions of asynchronous I/O, called back from the pool: one completion port and one thread for all files.
 *
 * BindIoCompletionCallback binds a file to a routine; a threadpool I/O object is the same with a context. The port's
 * key is a record that says what to call. Records live as long as the process: the file may complete at any time.
 */
#include "user/ntdll/ntdllp.h"
#include "user/ntdll/pool.h"

typedef struct _TPP_IO {
    BOOLEAN Old;
    LONG Expected; /* StartThreadpoolIo less completions and cancels */
    LONG Running;
    PVOID Callback;
    PVOID Context;
} TPP_IO, *PTPP_IO;

static DWORD WINAPI
TppIoThread(PVOID Port)
{
    for (;;) {
        IO_STATUS_BLOCK Iosb;
        PVOID Key, Overlapped;
        PTPP_IO Io;

        if (NtRemoveIoCompletion((HANDLE)Port, &Key, &Overlapped, &Iosb, NULL) != STATUS_SUCCESS) {
            continue;
        }
        Io = Key;
        if (Io->Old) {
            ((LPOVERLAPPED_COMPLETION_ROUTINE)Io->Callback)(RtlNtStatusToDosError(Iosb.Status),
                                                            (DWORD)Iosb.Information, Overlapped);
        } else {
            TPP_INSTANCE Instance = {0};

            RtlEnterCriticalSection(&TppLock);
            Io->Expected--;
            Io->Running++;
            RtlLeaveCriticalSection(&TppLock);
            ((PTP_WIN32_IO_CALLBACK)Io->Callback)((PTP_CALLBACK_INSTANCE)&Instance, Io->Context,
                                                  Overlapped, RtlNtStatusToDosError(Iosb.Status),
                                                  Iosb.Information, (PTP_IO)Io);
            RtlEnterCriticalSection(&TppLock);
            Io->Running--;
            RtlWakeAllConditionVariable(&TppChanged);
            RtlLeaveCriticalSection(&TppLock);
        }
    }
    return 0;
}

static NTSTATUS
TppBind(HANDLE File, PTPP_IO Io)
{
    FILE_COMPLETION_INFORMATION Information;
    IO_STATUS_BLOCK Iosb;
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
    while (Io->Running != 0 || (!CancelPending && Io->Expected > 0)) {
        RtlSleepConditionVariableCS(&TppChanged, &TppLock, NULL);
    }
    RtlLeaveCriticalSection(&TppLock);
}

VOID NTAPI
TpReleaseIoCompletion(PTP_IO Io)
{
    UNREFERENCED_PARAMETER(Io); /* kept: a completion may still come */
}
