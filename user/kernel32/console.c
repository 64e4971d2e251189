/*
 * console.c - the standard handles, and consoles as far as there is one.
 *
 * A client's standard handles are character devices that lead to ntlab's own standard streams. They are not a
 * console: no modes, no cursor, no title; GetConsoleMode fails as it does for a redirected stream, so programs use
 * ReadFile and WriteFile. What writes to a console by name (WriteConsole) works on them all the same, as UTF-8.
 */
#include "user/kernel32/base.h"

HANDLE WINAPI
GetStdHandle(DWORD Which)
{
    switch (Which) {
    case STD_INPUT_HANDLE:
    case STD_OUTPUT_HANDLE:
    case STD_ERROR_HANDLE:
        return BaseRealHandle((HANDLE)(ULONG_PTR)Which);
    default:
        BaseFailWith(ERROR_INVALID_HANDLE);
        return INVALID_HANDLE_VALUE;
    }
}

BOOL WINAPI
SetStdHandle(DWORD Which, HANDLE Handle)
{
    PRTL_USER_PROCESS_PARAMETERS Parameters = NtCurrentPeb()->ProcessParameters;

    switch (Which) {
    case STD_INPUT_HANDLE:
        Parameters->StandardInput = Handle;
        return TRUE;
    case STD_OUTPUT_HANDLE:
        Parameters->StandardOutput = Handle;
        return TRUE;
    case STD_ERROR_HANDLE:
        Parameters->StandardError = Handle;
        return TRUE;
    default:
        return BaseFailWith(ERROR_INVALID_HANDLE);
    }
}

BOOL WINAPI
GetConsoleMode(HANDLE Console, LPDWORD Mode)
{
    return BaseFailWith(ERROR_INVALID_HANDLE);
}

BOOL WINAPI
SetConsoleMode(HANDLE Console, DWORD Mode)
{
    return BaseFailWith(ERROR_INVALID_HANDLE);
}

BOOL WINAPI
GetConsoleScreenBufferInfo(HANDLE Console, PCONSOLE_SCREEN_BUFFER_INFO Information)
{
    return BaseFailWith(ERROR_INVALID_HANDLE);
}

BOOL WINAPI
SetConsoleTextAttribute(HANDLE Console, WORD Attributes)
{
    return BaseFailWith(ERROR_INVALID_HANDLE);
}

BOOL WINAPI
SetConsoleCursorPosition(HANDLE Console, COORD Position)
{
    return BaseFailWith(ERROR_INVALID_HANDLE);
}

BOOL WINAPI
GetNumberOfConsoleInputEvents(HANDLE Console, LPDWORD Count)
{
    return BaseFailWith(ERROR_INVALID_HANDLE);
}

BOOL WINAPI
FlushConsoleInputBuffer(HANDLE Console)
{
    return BaseFailWith(ERROR_INVALID_HANDLE);
}

HWND WINAPI
GetConsoleWindow(VOID)
{
    return NULL;
}

BOOL WINAPI
AllocConsole(VOID)
{
    return BaseFailWith(ERROR_ACCESS_DENIED); /* as for a process that has one */
}

BOOL WINAPI
FreeConsole(VOID)
{
    return TRUE;
}

BOOL WINAPI
AttachConsole(DWORD Id)
{
    return BaseFailWith(ERROR_ACCESS_DENIED);
}

BOOL WINAPI
SetConsoleTitleW(LPCWSTR Title)
{
    return TRUE; /* there is no window to show it; GetConsoleTitle gives the one of the start */
}

BOOL WINAPI
SetConsoleTitleA(LPCSTR Title)
{
    return TRUE;
}

DWORD WINAPI
GetConsoleTitleW(LPWSTR Buffer, DWORD Room)
{
    PUNICODE_STRING Title = &NtCurrentPeb()->ProcessParameters->WindowTitle;
    DWORD Length = min(Title->Length / sizeof(WCHAR), Room != 0 ? Room - 1 : 0);

    if (Room != 0) {
        RtlCopyMemory(Buffer, Title->Buffer, Length * sizeof(WCHAR));
        Buffer[Length] = 0;
    }
    return Length;
}

UINT WINAPI
GetConsoleCP(VOID)
{
    return BaseConsoleCp;
}

UINT WINAPI
GetConsoleOutputCP(VOID)
{
    return BaseConsoleOutputCp;
}

BOOL WINAPI
SetConsoleCP(UINT CodePage)
{
    if (!IsValidCodePage(CodePage)) {
        return BaseFailWith(ERROR_INVALID_PARAMETER);
    }
    BaseConsoleCp = CodePage;
    return TRUE;
}

BOOL WINAPI
SetConsoleOutputCP(UINT CodePage)
{
    if (!IsValidCodePage(CodePage)) {
        return BaseFailWith(ERROR_INVALID_PARAMETER);
    }
    BaseConsoleOutputCp = CodePage;
    return TRUE;
}

BOOL WINAPI
WriteConsoleA(HANDLE Console, const VOID *Buffer, DWORD Count, LPDWORD Written, LPVOID Reserved)
{
    DWORD Ignored;

    return WriteFile(Console, Buffer, Count, Written != NULL ? Written : &Ignored, NULL);
}

BOOL WINAPI
WriteConsoleW(HANDLE Console, const VOID *Buffer, DWORD Count, LPDWORD Written, LPVOID Reserved)
{
    PCWSTR Text = Buffer;
    DWORD Done = 0, Bytes;

    while (Done < Count) {
        CHAR Narrow[768];
        DWORD Part = min(Count - Done, 256);
        ULONG Length;

        if (Part > 1 && IS_HIGH_SURROGATE(Text[Done + Part - 1])) {
            Part--;
        }
        RtlUnicodeToUTF8N(Narrow, sizeof(Narrow), &Length, Text + Done, Part * sizeof(WCHAR));
        if (!WriteFile(Console, Narrow, Length, &Bytes, NULL)) {
            return FALSE;
        }
        Done += Part;
    }
    if (Written != NULL) {
        *Written = Done;
    }
    return TRUE;
}

BOOL WINAPI
ReadConsoleA(HANDLE Console, LPVOID Buffer, DWORD Count, LPDWORD Read, LPVOID Control)
{
    return ReadFile(Console, Buffer, Count, Read, NULL);
}

BOOL WINAPI
ReadConsoleW(HANDLE Console, LPVOID Buffer, DWORD Count, LPDWORD Read, LPVOID Control)
{
    CHAR Narrow[512];
    DWORD Bytes;
    ULONG Length;

    if (!ReadFile(Console, Narrow, min(Count, sizeof(Narrow)), &Bytes, NULL)) {
        return FALSE;
    }
    RtlUTF8ToUnicodeN(Buffer, Count * sizeof(WCHAR), &Length, Narrow, Bytes);
    *Read = Length / sizeof(WCHAR);
    return TRUE;
}

typedef struct _BASE_CTRL {
    LIST_ENTRY Links;
    PHANDLER_ROUTINE Handler;
} BASE_CTRL, *PBASE_CTRL;

/* Handlers are kept, last first. No control event ever comes but those of GenerateConsoleCtrlEvent. */
BOOL WINAPI
SetConsoleCtrlHandler(PHANDLER_ROUTINE Handler, BOOL Add)
{
    PLIST_ENTRY Links;
    PBASE_CTRL Entry;

    if (Handler == NULL) {
        return TRUE; /* ignore Ctrl+C, or not */
    }
    RtlAcquireSRWLockExclusive(&BaseLock);
    if (Add) {
        Entry = RtlAllocateHeap(BaseHeap(), 0, sizeof(*Entry));
        if (Entry != NULL) {
            Entry->Handler = Handler;
            InsertHeadList(&BaseConsoleHandlers, &Entry->Links);
        }
        RtlReleaseSRWLockExclusive(&BaseLock);
        return Entry != NULL ? TRUE : BaseFailWith(ERROR_NOT_ENOUGH_MEMORY);
    }
    for (Links = BaseConsoleHandlers.Flink; Links != &BaseConsoleHandlers; Links = Links->Flink) {
        Entry = CONTAINING_RECORD(Links, BASE_CTRL, Links);
        if (Entry->Handler == Handler) {
            RemoveEntryList(Links);
            RtlReleaseSRWLockExclusive(&BaseLock);
            RtlFreeHeap(BaseHeap(), 0, Entry);
            return TRUE;
        }
    }
    RtlReleaseSRWLockExclusive(&BaseLock);
    return BaseFailWith(ERROR_INVALID_PARAMETER);
}

static DWORD WINAPI
BaseCtrlThread(PVOID Event)
{
    PLIST_ENTRY Links;

    for (Links = BaseConsoleHandlers.Flink; Links != &BaseConsoleHandlers; Links = Links->Flink) {
        if (CONTAINING_RECORD(Links, BASE_CTRL, Links)->Handler((DWORD)(ULONG_PTR)Event)) {
            return 0;
        }
    }
    RtlExitUserProcess(STATUS_CONTROL_C_EXIT);
}

/* To this process alone: groups of processes are not kept. */
BOOL WINAPI
GenerateConsoleCtrlEvent(DWORD Event, DWORD Group)
{
    HANDLE Thread;

    if (Event > CTRL_BREAK_EVENT || Group != 0) {
        return BaseFailWith(ERROR_INVALID_PARAMETER);
    }
    Thread = CreateThread(NULL, 0, BaseCtrlThread, (PVOID)(ULONG_PTR)Event, 0, NULL);
    if (Thread == NULL) {
        return FALSE;
    }
    NtClose(Thread);
    return TRUE;
}
