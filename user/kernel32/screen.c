/*
 * screen.c - the routines of a console's screen and keyboard.
 *
 * The standard handles lead to streams, not to a console (console.c), as when a program's output goes to a file: each
 * routine that takes the handle of a screen buffer or of console input fails with ERROR_INVALID_HANDLE. What asks about the
 * console of the process finds none. [LEARN: console functions; GetConsoleMode of a redirected handle]
 */
#include "user/kernel32/base.h"

/* A console's pseudo size where a program asks without being able to fail. */
#define NOWHERE(Name, ...)                                                                         \
    BOOL WINAPI Name(HANDLE Console, ##__VA_ARGS__)                                                \
    {                                                                                              \
        return BaseFailWith(ERROR_INVALID_HANDLE);                                                 \
    }

NOWHERE(GetConsoleCursorInfo, PCONSOLE_CURSOR_INFO Information)
NOWHERE(SetConsoleCursorInfo, const CONSOLE_CURSOR_INFO *Information)
NOWHERE(GetConsoleScreenBufferInfoEx, PCONSOLE_SCREEN_BUFFER_INFOEX Information)
NOWHERE(SetConsoleScreenBufferInfoEx, PCONSOLE_SCREEN_BUFFER_INFOEX Information)
NOWHERE(SetConsoleScreenBufferSize, COORD Size)
NOWHERE(SetConsoleWindowInfo, BOOL Absolute, const SMALL_RECT *Window)
NOWHERE(SetConsoleActiveScreenBuffer)
NOWHERE(FillConsoleOutputCharacterA, CHAR Character, DWORD Length, COORD At, LPDWORD Written)
NOWHERE(FillConsoleOutputCharacterW, WCHAR Character, DWORD Length, COORD At, LPDWORD Written)
NOWHERE(FillConsoleOutputAttribute, WORD Attribute, DWORD Length, COORD At, LPDWORD Written)
NOWHERE(ReadConsoleOutputA, PCHAR_INFO Buffer, COORD Size, COORD At, PSMALL_RECT Region)
NOWHERE(ReadConsoleOutputW, PCHAR_INFO Buffer, COORD Size, COORD At, PSMALL_RECT Region)
NOWHERE(ReadConsoleOutputCharacterA, LPSTR Buffer, DWORD Length, COORD At, LPDWORD Read)
NOWHERE(ReadConsoleOutputCharacterW, LPWSTR Buffer, DWORD Length, COORD At, LPDWORD Read)
NOWHERE(ReadConsoleOutputAttribute, LPWORD Buffer, DWORD Length, COORD At, LPDWORD Read)
NOWHERE(WriteConsoleOutputA, const CHAR_INFO *Buffer, COORD Size, COORD At, PSMALL_RECT Region)
NOWHERE(WriteConsoleOutputW, const CHAR_INFO *Buffer, COORD Size, COORD At, PSMALL_RECT Region)
NOWHERE(WriteConsoleOutputCharacterA, LPCSTR Buffer, DWORD Length, COORD At, LPDWORD Written)
NOWHERE(WriteConsoleOutputCharacterW, LPCWSTR Buffer, DWORD Length, COORD At, LPDWORD Written)
NOWHERE(WriteConsoleOutputAttribute, const WORD *Buffer, DWORD Length, COORD At, LPDWORD Written)
NOWHERE(ScrollConsoleScreenBufferA, const SMALL_RECT *Scroll, const SMALL_RECT *Clip, COORD To,
        const CHAR_INFO *Fill)
NOWHERE(ScrollConsoleScreenBufferW, const SMALL_RECT *Scroll, const SMALL_RECT *Clip, COORD To,
        const CHAR_INFO *Fill)
NOWHERE(PeekConsoleInputA, PINPUT_RECORD Buffer, DWORD Length, LPDWORD Read)
NOWHERE(PeekConsoleInputW, PINPUT_RECORD Buffer, DWORD Length, LPDWORD Read)
NOWHERE(ReadConsoleInputA, PINPUT_RECORD Buffer, DWORD Length, LPDWORD Read)
NOWHERE(ReadConsoleInputW, PINPUT_RECORD Buffer, DWORD Length, LPDWORD Read)
NOWHERE(WriteConsoleInputA, const INPUT_RECORD *Buffer, DWORD Length, LPDWORD Written)
NOWHERE(WriteConsoleInputW, const INPUT_RECORD *Buffer, DWORD Length, LPDWORD Written)
NOWHERE(GetCurrentConsoleFont, BOOL Maximum, PCONSOLE_FONT_INFO Font)
NOWHERE(GetCurrentConsoleFontEx, BOOL Maximum, PCONSOLE_FONT_INFOEX Font)
NOWHERE(SetCurrentConsoleFontEx, BOOL Maximum, PCONSOLE_FONT_INFOEX Font)
NOWHERE(SetConsoleDisplayMode, DWORD Flags, PCOORD Size)

COORD WINAPI
GetLargestConsoleWindowSize(HANDLE Console)
{
    BaseFailWith(ERROR_INVALID_HANDLE);
    return (COORD){0, 0};
}

COORD WINAPI
GetConsoleFontSize(HANDLE Console, DWORD Font)
{
    BaseFailWith(ERROR_INVALID_HANDLE);
    return (COORD){0, 0};
}

HANDLE WINAPI
CreateConsoleScreenBuffer(DWORD Access, DWORD Share, const SECURITY_ATTRIBUTES *Security,
                          DWORD Flags, LPVOID Data)
{
    BaseFailWith(ERROR_INVALID_HANDLE);
    return INVALID_HANDLE_VALUE;
}

BOOL WINAPI
GetNumberOfConsoleMouseButtons(LPDWORD Buttons)
{
    return BaseFailWith(ERROR_INVALID_HANDLE);
}

BOOL WINAPI
GetConsoleDisplayMode(LPDWORD Flags)
{
    return BaseFailWith(ERROR_INVALID_HANDLE);
}

BOOL WINAPI
GetConsoleSelectionInfo(PCONSOLE_SELECTION_INFO Information)
{
    return BaseFailWith(ERROR_INVALID_HANDLE);
}

BOOL WINAPI
GetConsoleHistoryInfo(PCONSOLE_HISTORY_INFO Information)
{
    return BaseFailWith(ERROR_INVALID_HANDLE);
}

BOOL WINAPI
SetConsoleHistoryInfo(PCONSOLE_HISTORY_INFO Information)
{
    return BaseFailWith(ERROR_INVALID_HANDLE);
}

DWORD WINAPI
GetConsoleProcessList(LPDWORD List, DWORD Count)
{
    BaseFailWith(List == NULL || Count == 0 ? ERROR_INVALID_PARAMETER : ERROR_INVALID_HANDLE);
    return 0;
}

DWORD WINAPI
GetConsoleTitleA(LPSTR Buffer, DWORD Room)
{
    WCHAR Wide[MAX_PATH];
    DWORD Length = GetConsoleTitleW(Wide, MAX_PATH);

    return Length != 0 ? BaseToAnsi(Wide, Length, Buffer, Room) : 0;
}

DWORD WINAPI
GetConsoleOriginalTitleW(LPWSTR Buffer, DWORD Room)
{
    return GetConsoleTitleW(Buffer, Room);
}

DWORD WINAPI
GetConsoleOriginalTitleA(LPSTR Buffer, DWORD Room)
{
    return GetConsoleTitleA(Buffer, Room);
}
