/*
 * seh.c - exceptions that a program raises, and what becomes of those that nobody handles.
 *
 * The last filter: the program's own (SetUnhandledExceptionFilter), then a line on ntlab's output that says what
 * happened and where, then the process ends with the exception's code. Facts: UnhandledExceptionFilter, RaiseException.
 */
#include "user/kernel32/base.h"

VOID WINAPI
RaiseException(DWORD Code, DWORD Flags, DWORD Count, const ULONG_PTR *Arguments)
{
    EXCEPTION_RECORD Record;

    RtlZeroMemory(&Record, sizeof(Record));
    Record.ExceptionCode = Code & ~0x10000000; /* the bit is reserved */
    Record.ExceptionFlags = Flags & EXCEPTION_NONCONTINUABLE;
    Record.ExceptionAddress = (PVOID)RaiseException;
    if (Arguments != NULL) {
        Record.NumberParameters = min(Count, EXCEPTION_MAXIMUM_PARAMETERS);
        RtlCopyMemory(Record.ExceptionInformation, Arguments,
                      Record.NumberParameters * sizeof(ULONG_PTR));
    }
    RtlRaiseException(&Record);
}

LPTOP_LEVEL_EXCEPTION_FILTER WINAPI
SetUnhandledExceptionFilter(LPTOP_LEVEL_EXCEPTION_FILTER Filter)
{
    return InterlockedExchangePointer((PVOID *)&BaseTopFilter, (PVOID)Filter);
}

static VOID
BaseDescribeAddress(PVOID Address, PCHAR Text, ULONG Room)
{
    PLDR_DATA_TABLE_ENTRY Entry;

    if (NT_SUCCESS(LdrFindEntryForAddress(Address, &Entry))) {
        _snprintf(Text, Room, "%wZ+0x%Ix", &Entry->BaseDllName,
                  (SIZE_T)((PUCHAR)Address - (PUCHAR)Entry->DllBase));
    } else {
        _snprintf(Text, Room, "0x%p", Address);
    }
    Text[Room - 1] = 0;
}

static VOID
BaseReport(PEXCEPTION_RECORD Record)
{
    CHAR Where[128];

    BaseDescribeAddress(Record->ExceptionAddress, Where, sizeof(Where));
    if (Record->ExceptionCode == STATUS_ACCESS_VIOLATION && Record->NumberParameters >= 2) {
        DbgPrint("Unhandled exception 0x%08X at %s: %s of 0x%p\n", Record->ExceptionCode, Where,
                 Record->ExceptionInformation[0] == 0   ? "read"
                 : Record->ExceptionInformation[0] == 1 ? "write"
                                                        : "execution",
                 (PVOID)Record->ExceptionInformation[1]);
    } else {
        DbgPrint("Unhandled exception 0x%08X at %s\n", Record->ExceptionCode, Where);
    }
}

LONG WINAPI
UnhandledExceptionFilter(PEXCEPTION_POINTERS Pointers)
{
    LONG Answer = EXCEPTION_EXECUTE_HANDLER;

    if (NtCurrentPeb()->BeingDebugged) {
        return EXCEPTION_CONTINUE_SEARCH;
    }
    if (BaseTopFilter != NULL) {
        Answer = BaseTopFilter(Pointers);
        if (Answer != EXCEPTION_CONTINUE_SEARCH) {
            return Answer;
        }
        Answer = EXCEPTION_EXECUTE_HANDLER;
    }
    if (((GetErrorMode() | GetThreadErrorMode()) & SEM_NOGPFAULTERRORBOX) == 0) {
        BaseReport(Pointers->ExceptionRecord);
    }
    return Answer;
}

VOID WINAPI
RaiseFailFastException(PEXCEPTION_RECORD Record, PCONTEXT Context, DWORD Flags)
{
    EXCEPTION_RECORD Made;
    CONTEXT Captured;

    RtlCaptureContext(&Captured);
    if (Record == NULL) {
        RtlZeroMemory(&Made, sizeof(Made));
        Made.ExceptionCode = STATUS_FAIL_FAST_EXCEPTION;
        Made.ExceptionFlags = EXCEPTION_NONCONTINUABLE;
        Made.ExceptionAddress = (PVOID)Captured.Rip;
        Record = &Made;
    }
    BaseReport(Record);
    NtTerminateProcess(NtCurrentProcess(), Record->ExceptionCode);
}

BOOL WINAPI
IsDebuggerPresent(VOID)
{
    return NtCurrentPeb()->BeingDebugged;
}

BOOL WINAPI
CheckRemoteDebuggerPresent(HANDLE Process, PBOOL Present)
{
    ULONG_PTR Port = 0;
    NTSTATUS Status;

    if (Process == NULL || Present == NULL) {
        return BaseFailWith(ERROR_INVALID_PARAMETER);
    }
    Status = NtQueryInformationProcess(Process, ProcessDebugPort, &Port, sizeof(Port), NULL);
    if (NT_SUCCESS(Status)) {
        *Present = Port != 0;
    }
    return BaseResult(Status);
}

VOID WINAPI
DebugBreak(VOID)
{
    DbgBreakPoint();
}

/* A debugger hears it as an exception; without one it goes to ntlab's output. */
/* A monitor of debug output has made DBWIN_BUFFER (the sender's process, then its text) and two events: it is ready for the
   next text, and there is one. FALSE: nobody listens. */
static BOOL
BaseTellMonitor(LPCSTR Text, ULONG Length)
{
    HANDLE Section = OpenFileMappingA(FILE_MAP_WRITE, FALSE, "DBWIN_BUFFER"), Ready, There;
    struct {
        DWORD Process;
        CHAR Text[4096 - sizeof(DWORD)];
    } *Buffer = NULL;

    if (Section == NULL) {
        return FALSE;
    }
    Ready = OpenEventA(SYNCHRONIZE, FALSE, "DBWIN_BUFFER_READY");
    There = OpenEventA(EVENT_MODIFY_STATE, FALSE, "DBWIN_DATA_READY");
    if (Ready != NULL && There != NULL) {
        Buffer = MapViewOfFile(Section, FILE_MAP_WRITE, 0, 0, sizeof(*Buffer));
    }
    for (; Buffer != NULL && Length != 0;) {
        ULONG Part = (ULONG)min(Length, sizeof(Buffer->Text) - 1);

        if (WaitForSingleObject(Ready, 10000) != WAIT_OBJECT_0) {
            break; /* it is lost, as when the monitor is stuck */
        }
        Buffer->Process = GetCurrentProcessId();
        RtlCopyMemory(Buffer->Text, Text, Part);
        Buffer->Text[Part] = 0;
        SetEvent(There);
        Text += Part;
        Length -= Part;
    }
    if (Buffer != NULL) {
        UnmapViewOfFile(Buffer);
    }
    if (Ready != NULL) {
        CloseHandle(Ready);
    }
    if (There != NULL) {
        CloseHandle(There);
    }
    CloseHandle(Section);
    return TRUE;
}

VOID WINAPI
OutputDebugStringA(LPCSTR Text)
{
    ULONG_PTR Arguments[2] = {strlen(Text) + 1, (ULONG_PTR)Text};
    ULONG Length = (ULONG)strlen(Text);

    if (NtCurrentPeb()->BeingDebugged) {
        __try {
            RaiseException(DBG_PRINTEXCEPTION_C, 0, 2, Arguments);
        } __except (EXCEPTION_EXECUTE_HANDLER) {
        }
        return;
    }
    if (BaseTellMonitor(Text, Length)) {
        return;
    }
    while (Length != 0) {
        ULONG Part = min(Length, 500);

        DbgPrint("%.*s", Part, Text);
        Text += Part;
        Length -= Part;
    }
}

VOID WINAPI
OutputDebugStringW(LPCWSTR Text)
{
    UNICODE_STRING Wide;
    ANSI_STRING Ansi;

    RtlInitUnicodeString(&Wide, Text);
    if (NT_SUCCESS(RtlUnicodeStringToAnsiString(&Ansi, &Wide, TRUE))) {
        OutputDebugStringA(Ansi.Buffer);
        RtlFreeAnsiString(&Ansi);
    }
}
