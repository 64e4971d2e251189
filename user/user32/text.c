/*
 * text.c - strings of a module's resources, characters of code pages, what the machine looks like to who has no window.
 */

/* String N is the (N mod 16)th of block N / 16 + 1; each is a length and its characters. Room 0 gives the resource itself. */
int WINAPI
LoadStringW(HINSTANCE Module, UINT Id, LPWSTR Buffer, int Room)
{
    HRSRC Resource = FindResourceW(Module, MAKEINTRESOURCEW(((Id & 0xFFFF) >> 4) + 1),
                                   MAKEINTRESOURCEW(6) /* RT_STRING */);
    PWSTR At = Resource != NULL ? LockResource(LoadResource(Module, Resource)) : NULL;
    int Length;

    if (At == NULL) {
        if (Room > 0) {
            Buffer[0] = 0;
        }
        return 0;
    }
    for (UINT i = 0; i < (Id & 15); i++) {
        At += *At + 1;
    }
    if (Room == 0) {
        *(PWSTR *)Buffer = At + 1;
        return *At;
    }
    Length = min((int)*At, Room - 1);
    RtlCopyMemory(Buffer, At + 1, (SIZE_T)Length * sizeof(WCHAR));
    Buffer[Length] = 0;
    return Length;
}

int WINAPI
LoadStringA(HINSTANCE Module, UINT Id, LPSTR Buffer, int Room)
{
    PWSTR Text;
    int Length = LoadStringW(Module, Id, (LPWSTR)&Text, 0);
    ULONG Bytes = 0;

    if (Room <= 0) {
        return 0;
    }
    if (Length != 0) {
        RtlUnicodeToMultiByteN(Buffer, (ULONG)Room - 1, &Bytes, Text,
                               (ULONG)Length * sizeof(WCHAR));
    }
    Buffer[Bytes] = 0;
    return (int)Bytes;
}

static CHAR
UserChangeCase(CHAR Char, BOOL Upper)
{
    WCHAR Wide;
    CHAR Back = Char;
    ULONG Length;

    RtlMultiByteToUnicodeN(&Wide, sizeof(Wide), &Length, &Char, 1);
    Wide = Upper ? RtlUpcaseUnicodeChar(Wide) : RtlDowncaseUnicodeChar(Wide);
    RtlUnicodeToMultiByteN(&Back, 1, &Length, &Wide, sizeof(Wide));
    return Back;
}

DWORD WINAPI
CharUpperBuffA(LPSTR Text, DWORD Length)
{
    for (DWORD i = 0; i < Length; i++) {
        Text[i] = UserChangeCase(Text[i], TRUE);
    }
    return Length;
}

DWORD WINAPI
CharLowerBuffA(LPSTR Text, DWORD Length)
{
    for (DWORD i = 0; i < Length; i++) {
        Text[i] = UserChangeCase(Text[i], FALSE);
    }
    return Length;
}

DWORD WINAPI
CharUpperBuffW(LPWSTR Text, DWORD Length)
{
    for (DWORD i = 0; i < Length; i++) {
        Text[i] = RtlUpcaseUnicodeChar(Text[i]);
    }
    return Length;
}

DWORD WINAPI
CharLowerBuffW(LPWSTR Text, DWORD Length)
{
    for (DWORD i = 0; i < Length; i++) {
        Text[i] = RtlDowncaseUnicodeChar(Text[i]);
    }
    return Length;
}

/* A pointer below 64 KiB is one character. */
LPSTR WINAPI
CharUpperA(LPSTR Text)
{
    if ((ULONG_PTR)Text < 0x10000) {
        return (LPSTR)(ULONG_PTR)(UCHAR)UserChangeCase((CHAR)(ULONG_PTR)Text, TRUE);
    }
    CharUpperBuffA(Text, (DWORD)strlen(Text));
    return Text;
}

LPSTR WINAPI
CharLowerA(LPSTR Text)
{
    if ((ULONG_PTR)Text < 0x10000) {
        return (LPSTR)(ULONG_PTR)(UCHAR)UserChangeCase((CHAR)(ULONG_PTR)Text, FALSE);
    }
    CharLowerBuffA(Text, (DWORD)strlen(Text));
    return Text;
}

LPSTR WINAPI
CharPrevA(LPCSTR Start, LPCSTR Text)
{
    return (LPSTR)(Text > Start ? Text - 1 : Start);
}

LPWSTR WINAPI
CharPrevW(LPCWSTR Start, LPCWSTR Text)
{
    return (LPWSTR)(Text > Start ? Text - 1 : Start);
}

static WORD
UserType(WCHAR Char)
{
    WORD Type = 0;

    GetStringTypeW(CT_CTYPE1, &Char, 1, &Type);
    return Type;
}

BOOL WINAPI
IsCharAlphaW(WCHAR Char)
{
    return (UserType(Char) & C1_ALPHA) != 0;
}

BOOL WINAPI
IsCharAlphaNumericW(WCHAR Char)
{
    return (UserType(Char) & (C1_ALPHA | C1_DIGIT)) != 0;
}

BOOL WINAPI
IsCharUpperW(WCHAR Char)
{
    return (UserType(Char) & C1_UPPER) != 0;
}

BOOL WINAPI
IsCharLowerW(WCHAR Char)
{
    return (UserType(Char) & C1_LOWER) != 0;
}

static WCHAR
UserWide(CHAR Char)
{
    WCHAR Wide = 0;
    ULONG Length;

    RtlMultiByteToUnicodeN(&Wide, sizeof(Wide), &Length, &Char, 1);
    return Wide;
}

BOOL WINAPI
IsCharAlphaA(CHAR Char)
{
    return IsCharAlphaW(UserWide(Char));
}

BOOL WINAPI
IsCharAlphaNumericA(CHAR Char)
{
    return IsCharAlphaNumericW(UserWide(Char));
}

BOOL WINAPI
IsCharUpperA(CHAR Char)
{
    return IsCharUpperW(UserWide(Char));
}

BOOL WINAPI
IsCharLowerA(CHAR Char)
{
    return IsCharLowerW(UserWide(Char));
}

/* Between the ANSI and the OEM code page, by way of UTF-16. */
static BOOL
UserConvert(UINT From, UINT To, LPCSTR Source, LPSTR Target, DWORD Length)
{
    for (DWORD i = 0; i < Length; i++) {
        WCHAR Wide;

        if (MultiByteToWideChar(From, 0, &Source[i], 1, &Wide, 1) != 1 ||
            WideCharToMultiByte(To, 0, &Wide, 1, &Target[i], 1, NULL, NULL) != 1) {
            return FALSE;
        }
    }
    return TRUE;
}

BOOL WINAPI
CharToOemBuffA(LPCSTR Source, LPSTR Target, DWORD Length)
{
    return UserConvert(CP_ACP, CP_OEMCP, Source, Target, Length);
}

BOOL WINAPI
OemToCharBuffA(LPCSTR Source, LPSTR Target, DWORD Length)
{
    return UserConvert(CP_OEMCP, CP_ACP, Source, Target, Length);
}

BOOL WINAPI
CharToOemA(LPCSTR Source, LPSTR Target)
{
    return CharToOemBuffA(Source, Target, (DWORD)strlen(Source) + 1);
}

BOOL WINAPI
OemToCharA(LPCSTR Source, LPSTR Target)
{
    return OemToCharBuffA(Source, Target, (DWORD)strlen(Source) + 1);
}

BOOL WINAPI
CharToOemW(LPCWSTR Source, LPSTR Target)
{
    return WideCharToMultiByte(CP_OEMCP, 0, Source, -1, Target, (int)wcslen(Source) + 1, NULL,
                               NULL) != 0;
}

BOOL WINAPI
OemToCharW(LPCSTR Source, LPWSTR Target)
{
    return MultiByteToWideChar(CP_OEMCP, 0, Source, -1, Target, (int)strlen(Source) + 1) != 0;
}

/* A session with a screen of 1024 by 768, no mouse, no remote control; everything else is 0. */
int WINAPI
GetSystemMetrics(int Index)
{
    switch (Index) {
    case SM_CXSCREEN:
    case SM_CXVIRTUALSCREEN:
        return 1024;
    case SM_CYSCREEN:
    case SM_CYVIRTUALSCREEN:
        return 768;
    case SM_CMONITORS:
        return 1;
    default:
        return 0;
    }
}

/* There are no windows: none has the focus, none is the desktop's, none is found. */
HWND WINAPI
GetForegroundWindow(VOID)
{
    return NULL;
}

HWND WINAPI
GetActiveWindow(VOID)
{
    return NULL;
}

HWND WINAPI
FindWindowW(LPCWSTR Class, LPCWSTR Title)
{
    SetLastError(ERROR_FILE_NOT_FOUND);
    return NULL;
}

HWND WINAPI
FindWindowA(LPCSTR Class, LPCSTR Title)
{
    SetLastError(ERROR_FILE_NOT_FOUND);
    return NULL;
}

BOOL WINAPI
IsWindow(HWND Window)
{
    SetLastError(ERROR_INVALID_WINDOW_HANDLE);
    return FALSE;
}

BOOL WINAPI
ShowWindow(HWND Window, int Show)
{
    SetLastError(ERROR_INVALID_WINDOW_HANDLE);
    return FALSE;
}

BOOL WINAPI
EnumWindows(WNDENUMPROC Routine, LPARAM Parameter)
{
    return TRUE;
}

SHORT WINAPI
GetAsyncKeyState(int Key)
{
    return 0;
}

SHORT WINAPI
GetKeyState(int Key)
{
    return 0;
}
