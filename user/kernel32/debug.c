/*
 * debug.c - a debugger: attach, wait, continue.
 *
 * The handles of CREATE_PROCESS_DEBUG_EVENT and CREATE_THREAD_DEBUG_EVENT are the system's to close, when the debugger has
 * continued the exit. They are kept in a list of the debugging thread (TEB.DbgSsReserved[0]).
 * Facts: DebugActiveProcess, WaitForDebugEvent, ContinueDebugEvent, DebugSetProcessKillOnExit (Win32).
 */
#include "user/kernel32/base.h"

typedef struct _BASE_DEBUGGEE {
    struct _BASE_DEBUGGEE *Next;
    DWORD ProcessId, ThreadId;
    HANDLE Process, Thread; /* Process: of the first thread only */
    BOOLEAN ProcessEnded, ThreadEnded;
} BASE_DEBUGGEE, *PBASE_DEBUGGEE;

static VOID
BaseKeepHandles(const DEBUG_EVENT *Event, HANDLE Process, HANDLE Thread)
{
    PBASE_DEBUGGEE Entry = RtlAllocateHeap(BaseHeap(), HEAP_ZERO_MEMORY, sizeof(*Entry));

    if (Entry != NULL) {
        Entry->ProcessId = Event->dwProcessId;
        Entry->ThreadId = Event->dwThreadId;
        Entry->Process = Process;
        Entry->Thread = Thread;
        Entry->Next = NtCurrentTeb()->DbgSsReserved[0];
        NtCurrentTeb()->DbgSsReserved[0] = Entry;
    }
}

static VOID
BaseMarkEnded(const DEBUG_EVENT *Event, BOOLEAN Process)
{
    for (PBASE_DEBUGGEE Entry = NtCurrentTeb()->DbgSsReserved[0]; Entry != NULL;
         Entry = Entry->Next) {
        if (Entry->ProcessId == Event->dwProcessId &&
            (Process || Entry->ThreadId == Event->dwThreadId)) {
            Entry->ThreadEnded = TRUE;
            Entry->ProcessEnded = Process;
        }
    }
}

/* What has ended is continued (or, with Stopped, the process is not debugged any more). */
static VOID
BaseDropHandles(DWORD ProcessId, BOOLEAN Stopped)
{
    PBASE_DEBUGGEE *Link = (PBASE_DEBUGGEE *)&NtCurrentTeb()->DbgSsReserved[0], Entry;

    while ((Entry = *Link) != NULL) {
        if (Entry->ProcessId == ProcessId && (Entry->ThreadEnded || Stopped) &&
            Entry->Thread != NULL) {
            NtClose(Entry->Thread);
            Entry->Thread = NULL;
        }
        if (Entry->ProcessId == ProcessId && (Entry->ProcessEnded || Stopped) &&
            Entry->Process != NULL) {
            NtClose(Entry->Process);
            Entry->Process = NULL;
        }
        if (Entry->Thread == NULL && Entry->Process == NULL) {
            *Link = Entry->Next;
            RtlFreeHeap(BaseHeap(), 0, Entry);
        } else {
            Link = &Entry->Next;
        }
    }
}

/* The process as a debugger wants it: all of it, or nothing. */
static HANDLE
BaseOpenDebuggee(DWORD Id)
{
    return OpenProcess(PROCESS_ALL_ACCESS, FALSE, Id);
}

BOOL WINAPI
DebugActiveProcess(DWORD Id)
{
    NTSTATUS Status = DbgUiConnectToDbg();
    HANDLE Process;

    if (!NT_SUCCESS(Status)) {
        return BaseFail(Status);
    }
    Process = BaseOpenDebuggee(Id);
    if (Process == NULL) {
        return FALSE;
    }
    Status = DbgUiDebugActiveProcess(Process);
    NtClose(Process);
    return BaseResult(Status);
}

BOOL WINAPI
DebugActiveProcessStop(DWORD Id)
{
    HANDLE Process = BaseOpenDebuggee(Id);
    NTSTATUS Status;

    if (Process == NULL) {
        return FALSE;
    }
    Status = DbgUiStopDebugging(Process);
    NtClose(Process);
    if (NT_SUCCESS(Status)) {
        BaseDropHandles(Id, TRUE);
    }
    return BaseResult(Status);
}

BOOL WINAPI
DebugBreakProcess(HANDLE Process)
{
    return BaseResult(DbgUiIssueRemoteBreakin(Process));
}

BOOL WINAPI
DebugSetProcessKillOnExit(BOOL Kill)
{
    ULONG Flags = Kill ? DEBUG_KILL_ON_CLOSE : 0;

    if (DbgUiGetThreadDebugObject() == NULL) {
        return BaseFailWith(ERROR_INVALID_HANDLE);
    }
    return BaseResult(NtSetInformationDebugObject(DbgUiGetThreadDebugObject(),
                                                  DebugObjectKillProcessOnExitInformation, &Flags,
                                                  sizeof(Flags), NULL));
}

BOOL WINAPI
WaitForDebugEvent(LPDEBUG_EVENT Event, DWORD Milliseconds)
{
    LARGE_INTEGER Room;
    PLARGE_INTEGER Timeout = BaseTimeout(&Room, Milliseconds);
    DBGUI_WAIT_STATE_CHANGE Change;
    NTSTATUS Status;

    do {
        Status = DbgUiWaitStateChange(&Change, Timeout);
    } while (Status == STATUS_ALERTED || Status == STATUS_USER_APC);
    if (NT_SUCCESS(Status) && Status == STATUS_TIMEOUT) {
        return BaseFailWith(ERROR_SEM_TIMEOUT);
    }
    if (NT_SUCCESS(Status)) {
        Status = DbgUiConvertStateChangeStructure(&Change, Event);
    }
    if (!NT_SUCCESS(Status)) {
        return BaseFail(Status);
    }
    switch (Event->dwDebugEventCode) {
    case CREATE_PROCESS_DEBUG_EVENT:
        BaseKeepHandles(Event, Event->u.CreateProcessInfo.hProcess,
                        Event->u.CreateProcessInfo.hThread);
        break;
    case CREATE_THREAD_DEBUG_EVENT:
        BaseKeepHandles(Event, NULL, Event->u.CreateThread.hThread);
        break;
    case EXIT_THREAD_DEBUG_EVENT:
        BaseMarkEnded(Event, FALSE);
        break;
    case EXIT_PROCESS_DEBUG_EVENT:
        BaseMarkEnded(Event, TRUE);
        break;
    }
    return TRUE;
}

BOOL WINAPI
ContinueDebugEvent(DWORD ProcessId, DWORD ThreadId, DWORD ContinueStatus)
{
    CLIENT_ID Id = {(HANDLE)(ULONG_PTR)ProcessId, (HANDLE)(ULONG_PTR)ThreadId};
    NTSTATUS Status = DbgUiContinue(&Id, (NTSTATUS)ContinueStatus);

    if (NT_SUCCESS(Status)) {
        BaseDropHandles(ProcessId, FALSE);
    }
    return BaseResult(Status);
}
