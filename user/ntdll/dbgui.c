/*
 * dbgui.c - a debugger's side of debug objects, and the thread that breaks into a debuggee.
 *
 * The debug object belongs to a thread: its handle lies in the TEB (DbgSsReserved[1]) from the first use until the
 * thread ends. Facts: [PH:ntdbg.h], WaitForDebugEvent, DebugBreakProcess, DEBUG_EVENT.
 */
#include "user/ntdll/ntdllp.h"

NTSTATUS NTAPI
DbgUiConnectToDbg(VOID)
{
    OBJECT_ATTRIBUTES Attributes;

    if (NtCurrentTeb()->DbgSsReserved[1] != NULL) {
        return STATUS_SUCCESS;
    }
    InitializeObjectAttributes(&Attributes, NULL, 0, NULL, NULL);
    return NtCreateDebugObject(&NtCurrentTeb()->DbgSsReserved[1], DEBUG_ALL_ACCESS, &Attributes,
                               DEBUG_KILL_ON_CLOSE);
}

HANDLE NTAPI
DbgUiGetThreadDebugObject(VOID)
{
    return NtCurrentTeb()->DbgSsReserved[1];
}

VOID NTAPI
DbgUiSetThreadDebugObject(HANDLE Object)
{
    NtCurrentTeb()->DbgSsReserved[1] = Object;
}

NTSTATUS NTAPI
DbgUiWaitStateChange(PDBGUI_WAIT_STATE_CHANGE Change, PLARGE_INTEGER Timeout)
{
    return NtWaitForDebugEvent(NtCurrentTeb()->DbgSsReserved[1], TRUE, Timeout, Change);
}

NTSTATUS NTAPI
DbgUiContinue(PCLIENT_ID Id, NTSTATUS Status)
{
    return NtDebugContinue(NtCurrentTeb()->DbgSsReserved[1], Id, Status);
}

NTSTATUS NTAPI
DbgUiStopDebugging(HANDLE Process)
{
    return NtRemoveProcessDebug(Process, NtCurrentTeb()->DbgSsReserved[1]);
}

/* The start routine of a thread that a debugger makes. */
VOID NTAPI
DbgUiRemoteBreakin(PVOID Context)
{
    if (NtCurrentPeb()->BeingDebugged) {
        __try {
            DbgBreakPoint();
        } __except (EXCEPTION_EXECUTE_HANDLER) {
        }
    }
    RtlExitUserThread(STATUS_SUCCESS);
}

/* Each process has its ntdll elsewhere: the image there whose headers are ours. */
static PUCHAR
DbgpFindNtdll(HANDLE Process)
{
    PIMAGE_NT_HEADERS Own = RtlImageNtHeader(LdrpNtdll->DllBase), Theirs;
    ULONG64 Header[0x80];
    MEMORY_BASIC_INFORMATION Info;
    PUCHAR Address = NULL;

    while (NT_SUCCESS(
        NtQueryVirtualMemory(Process, Address, 0 /* basic */, &Info, sizeof(Info), NULL))) {
        if (Info.Type == MEM_IMAGE && Info.BaseAddress == Info.AllocationBase &&
            NT_SUCCESS(
                NtReadVirtualMemory(Process, Info.BaseAddress, Header, sizeof(Header), NULL))) {
            Theirs = (PIMAGE_NT_HEADERS)((PUCHAR)Header + ((PIMAGE_DOS_HEADER)Header)->e_lfanew);
            if (((PIMAGE_DOS_HEADER)Header)->e_lfanew < 0x200 &&
                Theirs->OptionalHeader.SizeOfImage == Own->OptionalHeader.SizeOfImage &&
                Theirs->OptionalHeader.CheckSum == Own->OptionalHeader.CheckSum &&
                Theirs->OptionalHeader.AddressOfEntryPoint ==
                    Own->OptionalHeader.AddressOfEntryPoint) {
                return Info.BaseAddress;
            }
        }
        Address = (PUCHAR)Info.BaseAddress + Info.RegionSize;
    }
    return NULL;
}

NTSTATUS NTAPI
DbgUiIssueRemoteBreakin(HANDLE Process)
{
    PUCHAR Base = DbgpFindNtdll(Process);

    if (Base == NULL) {
        return STATUS_DLL_NOT_FOUND;
    }
    return RtlCreateUserThread(Process, NULL, FALSE, 0, 0, 0,
                               Base + ((PUCHAR)DbgUiRemoteBreakin - (PUCHAR)LdrpNtdll->DllBase),
                               NULL, NULL, NULL);
}

NTSTATUS NTAPI
DbgUiDebugActiveProcess(HANDLE Process)
{
    NTSTATUS Status = NtDebugActiveProcess(Process, NtCurrentTeb()->DbgSsReserved[1]);

    if (NT_SUCCESS(Status)) {
        Status = DbgUiIssueRemoteBreakin(Process);
        if (!NT_SUCCESS(Status)) {
            DbgUiStopDebugging(Process);
        }
    }
    return Status;
}

static PVOID
DbgpTeb(HANDLE Thread)
{
    THREAD_BASIC_INFORMATION Basic;

    return NT_SUCCESS(NtQueryInformationThread(Thread, ThreadBasicInformation, &Basic,
                                               sizeof(Basic), NULL))
               ? Basic.TebBaseAddress
               : NULL;
}

NTSTATUS NTAPI
DbgUiConvertStateChangeStructure(PDBGUI_WAIT_STATE_CHANGE Change, LPDEBUG_EVENT Event)
{
    PEXCEPTION_RECORD Record = &Change->StateInfo.Exception.ExceptionRecord;

    RtlZeroMemory(Event, sizeof(*Event));
    Event->dwProcessId = (DWORD)(ULONG_PTR)Change->AppClientId.UniqueProcess;
    Event->dwThreadId = (DWORD)(ULONG_PTR)Change->AppClientId.UniqueThread;
    switch (Change->NewState) {
    case DbgCreateThreadStateChange:
        Event->dwDebugEventCode = CREATE_THREAD_DEBUG_EVENT;
        Event->u.CreateThread.hThread = Change->StateInfo.CreateThread.HandleToThread;
        Event->u.CreateThread.lpThreadLocalBase = DbgpTeb(Event->u.CreateThread.hThread);
        Event->u.CreateThread.lpStartAddress =
            (LPTHREAD_START_ROUTINE)Change->StateInfo.CreateThread.NewThread.StartAddress;
        break;
    case DbgCreateProcessStateChange:
        Event->dwDebugEventCode = CREATE_PROCESS_DEBUG_EVENT;
        Event->u.CreateProcessInfo.hFile =
            Change->StateInfo.CreateProcessInfo.NewProcess.FileHandle;
        Event->u.CreateProcessInfo.hProcess = Change->StateInfo.CreateProcessInfo.HandleToProcess;
        Event->u.CreateProcessInfo.hThread = Change->StateInfo.CreateProcessInfo.HandleToThread;
        Event->u.CreateProcessInfo.lpBaseOfImage =
            Change->StateInfo.CreateProcessInfo.NewProcess.BaseOfImage;
        Event->u.CreateProcessInfo.lpThreadLocalBase = DbgpTeb(Event->u.CreateProcessInfo.hThread);
        Event->u.CreateProcessInfo.lpStartAddress =
            (LPTHREAD_START_ROUTINE)
                Change->StateInfo.CreateProcessInfo.NewProcess.InitialThread.StartAddress;
        Event->u.CreateProcessInfo.fUnicode = TRUE;
        break;
    case DbgExitThreadStateChange:
        Event->dwDebugEventCode = EXIT_THREAD_DEBUG_EVENT;
        Event->u.ExitThread.dwExitCode = (DWORD)Change->StateInfo.ExitThread.ExitStatus;
        break;
    case DbgExitProcessStateChange:
        Event->dwDebugEventCode = EXIT_PROCESS_DEBUG_EVENT;
        Event->u.ExitProcess.dwExitCode = (DWORD)Change->StateInfo.ExitProcess.ExitStatus;
        break;
    case DbgExceptionStateChange:
    case DbgBreakpointStateChange:
    case DbgSingleStepStateChange:
        if (Record->ExceptionCode == (DWORD)DBG_PRINTEXCEPTION_C && Record->NumberParameters >= 2) {
            Event->dwDebugEventCode = OUTPUT_DEBUG_STRING_EVENT;
            Event->u.DebugString.nDebugStringLength = (WORD)Record->ExceptionInformation[0];
            Event->u.DebugString.lpDebugStringData = (LPSTR)Record->ExceptionInformation[1];
            Event->u.DebugString.fUnicode = FALSE;
        } else {
            Event->dwDebugEventCode = EXCEPTION_DEBUG_EVENT;
            Event->u.Exception.ExceptionRecord = *Record;
            Event->u.Exception.dwFirstChance = Change->StateInfo.Exception.FirstChance;
        }
        break;
    case DbgLoadDllStateChange:
        Event->dwDebugEventCode = LOAD_DLL_DEBUG_EVENT;
        Event->u.LoadDll.hFile = Change->StateInfo.LoadDll.FileHandle;
        Event->u.LoadDll.lpBaseOfDll = Change->StateInfo.LoadDll.BaseOfDll;
        Event->u.LoadDll.lpImageName = Change->StateInfo.LoadDll.NamePointer;
        Event->u.LoadDll.fUnicode = TRUE;
        break;
    case DbgUnloadDllStateChange:
        Event->dwDebugEventCode = UNLOAD_DLL_DEBUG_EVENT;
        Event->u.UnloadDll.lpBaseOfDll = Change->StateInfo.UnloadDll.BaseAddress;
        break;
    default:
        return STATUS_UNSUCCESSFUL;
    }
    return STATUS_SUCCESS;
}
