/* hold-client.h - threads that stand in the states of hold.h, for the tests of suspension and termination. */
#include "ntlab-client.h"
#include <winioctl.h>
#include <winternl.h>
#include "ke/hold.h"

static HANDLE Device;

static void
Request(DWORD Code)
{
    DWORD Bytes;

    if (!DeviceIoControl(Device, Code, NULL, 0, NULL, 0, &Bytes, NULL)) {
        printf("request %lx: error %lu\n", Code, GetLastError());
    }
}

static HOLD_SEEN
Look(DWORD Code)
{
    HOLD_SEEN Seen = {-1};
    DWORD Bytes;

    DeviceIoControl(Device, Code, NULL, 0, &Seen, sizeof(Seen), &Bytes, NULL);
    return Seen;
}

static DWORD WINAPI
Holder(void *State)
{
    ULONG Input = (ULONG)(ULONG_PTR)State;
    DWORD Bytes;

    /* A handle of its own: requests of one synchronous file go one by one. */
    HANDLE Own = CreateFileA("\\\\.\\KeHold", GENERIC_READ | GENERIC_WRITE,
                             FILE_SHARE_READ | FILE_SHARE_WRITE, NULL, OPEN_EXISTING, 0, NULL);

    DeviceIoControl(Own, HOLD_ENTER, &Input, sizeof(Input), NULL, 0, &Bytes, NULL);
    CloseHandle(Own);
    return 7;
}

/* A thread that is in the state now. */
static HANDLE
Hold(ULONG State)
{
    HANDLE Thread;

    Request(HOLD_RESET);
    Thread = CreateThread(NULL, 0, Holder, (void *)(ULONG_PTR)State, 0, NULL);
    while (Look(HOLD_LOOK).Inside != 1) {
        Sleep(1);
    }
    Sleep(1); /* a waiting one waits by now */
    return Thread;
}

static int
Beats(void)
{
    LONG Before = Look(HOLD_LOOK).Beats;

    Sleep(5);
    return Look(HOLD_LOOK).Beats != Before;
}

/* What SystemProcessInformation tells of a thread of this process: state and wait reason. */
typedef struct _THREAD_ROW {
    LARGE_INTEGER Times[3];
    ULONG WaitTime;
    PVOID StartAddress;
    HANDLE ProcessId, ThreadId;
    LONG Priority, BasePriority;
    ULONG ContextSwitches, State, WaitReason;
} THREAD_ROW;

static THREAD_ROW
Row(HANDLE Thread)
{
    static UCHAR Buffer[0x10000];
    DWORD Id = GetThreadId(Thread), Process = GetProcessIdOfThread(Thread);
    PUCHAR At = Buffer;
    THREAD_ROW None = {.State = 99, .WaitReason = 99};

    if (NtQuerySystemInformation(SystemProcessInformation, Buffer, sizeof(Buffer), NULL) != 0) {
        return None;
    }
    for (;;) {
        SYSTEM_PROCESS_INFORMATION *Info = (SYSTEM_PROCESS_INFORMATION *)At;
        THREAD_ROW *Rows = (THREAD_ROW *)(At + 0x100);

        for (ULONG i = 0; i < *(ULONG *)(At + 4); i++) {
            if (Rows[i].ThreadId == (HANDLE)(ULONG_PTR)Id &&
                Rows[i].ProcessId == (HANDLE)(ULONG_PTR)Process) {
                return Rows[i];
            }
        }
        if (Info->NextEntryOffset == 0) {
            return None;
        }
        At += Info->NextEntryOffset;
    }
}

static int
IsSuspended(HANDLE Thread)
{
    THREAD_ROW It = Row(Thread);

    return It.State == 5 /* Waiting */ && It.WaitReason == 5 /* Suspended */;
}

static int
Ends(HANDLE Thread, DWORD Milliseconds)
{
    return WaitForSingleObject(Thread, Milliseconds) == WAIT_OBJECT_0;
}
