/*
 * user32.c - the little of user32.dll that console programs use: text in wsprintf's dialect, characters, message boxes.
 *
 * There are no windows. A message box is a line on ntlab's own output, and its answer is the default button.
 * Facts: wsprintf (at most 1024 characters), MessageBox, CharUpper.
 */
BOOL WINAPI
DllMain(HINSTANCE Instance, DWORD Reason, LPVOID Reserved)
{
    return TRUE;
}

int WINAPI
wvsprintfA(LPSTR Buffer, LPCSTR Format, va_list Arguments)
{
    int Length = _vsnprintf(Buffer, 1024, Format, Arguments);

    if (Length < 0) {
        Length = 1023;
        Buffer[1023] = 0;
    }
    return Length;
}

int WINAPI
wvsprintfW(LPWSTR Buffer, LPCWSTR Format, va_list Arguments)
{
    int Length = _vsnwprintf(Buffer, 1024, Format, Arguments);

    if (Length < 0) {
        Length = 1023;
        Buffer[1023] = 0;
    }
    return Length;
}

int WINAPIV
wsprintfA(LPSTR Buffer, LPCSTR Format, ...)
{
    va_list Arguments;
    int Length;

    va_start(Arguments, Format);
    Length = wvsprintfA(Buffer, Format, Arguments);
    va_end(Arguments);
    return Length;
}

int WINAPIV
wsprintfW(LPWSTR Buffer, LPCWSTR Format, ...)
{
    va_list Arguments;
    int Length;

    va_start(Arguments, Format);
    Length = wvsprintfW(Buffer, Format, Arguments);
    va_end(Arguments);
    return Length;
}

static int
UserDefaultAnswer(UINT Type)
{
    static const UCHAR Buttons[7][3] = {{IDOK, IDOK, IDOK},
                                        {IDOK, IDCANCEL, IDOK},
                                        {IDABORT, IDRETRY, IDIGNORE},
                                        {IDYES, IDNO, IDCANCEL},
                                        {IDYES, IDNO, IDYES},
                                        {IDRETRY, IDCANCEL, IDRETRY},
                                        {IDCANCEL, IDTRYAGAIN, IDCONTINUE}};
    UINT Kind = Type & MB_TYPEMASK, Default = (Type & MB_DEFMASK) >> 8;

    return Kind < 7 && Default < 3 ? Buttons[Kind][Default] : 0;
}

int WINAPI
MessageBoxA(HWND Owner, LPCSTR Text, LPCSTR Caption, UINT Type)
{
    DbgPrint("[%s] %s\n", Caption != NULL ? Caption : "Error", Text != NULL ? Text : "");
    return UserDefaultAnswer(Type);
}

int WINAPI
MessageBoxW(HWND Owner, LPCWSTR Text, LPCWSTR Caption, UINT Type)
{
    DbgPrint("[%ws] %ws\n", Caption != NULL ? Caption : L"Error", Text != NULL ? Text : L"");
    return UserDefaultAnswer(Type);
}

BOOL WINAPI
MessageBeep(UINT Type)
{
    return TRUE;
}

LPWSTR WINAPI
CharUpperW(LPWSTR Text)
{
    PWSTR At;

    if ((ULONG_PTR)Text < 0x10000) {
        return (LPWSTR)(ULONG_PTR)RtlUpcaseUnicodeChar((WCHAR)(ULONG_PTR)Text);
    }
    for (At = Text; *At != 0; At++) {
        *At = RtlUpcaseUnicodeChar(*At);
    }
    return Text;
}

LPWSTR WINAPI
CharLowerW(LPWSTR Text)
{
    PWSTR At;

    if ((ULONG_PTR)Text < 0x10000) {
        return (LPWSTR)(ULONG_PTR)RtlDowncaseUnicodeChar((WCHAR)(ULONG_PTR)Text);
    }
    for (At = Text; *At != 0; At++) {
        *At = RtlDowncaseUnicodeChar(*At);
    }
    return Text;
}

LPWSTR WINAPI
CharNextW(LPCWSTR Text)
{
    return (LPWSTR)(*Text != 0 ? Text + 1 : Text);
}

LPSTR WINAPI
CharNextA(LPCSTR Text)
{
    return (LPSTR)(*Text != 0 ? Text + 1 : Text);
}
