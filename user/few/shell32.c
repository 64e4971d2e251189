/*
 * shell32.c - CommandLineToArgvW. There is no shell: nothing can be opened with it.
 *
 * The program's name ends at a space, or, quoted, at the next quote, and knows no backslashes. Of the others: 2n backslashes and a
 * quote are n backslashes and the quote begins or ends a quoted part; 2n + 1 and a quote are n and a quote; two quotes inside
 * a quoted part are one, and the part ends; other backslashes are themselves.
 */
#include <shellapi.h>

BOOL WINAPI
DllMain(HINSTANCE Instance, DWORD Reason, LPVOID Reserved)
{
    return TRUE;
}

static BOOL
IsBlank(WCHAR Char)
{
    return Char == ' ' || Char == '\t';
}

/* Stores the characters of one argument; returns where the next begins. */
static LPCWSTR
TakeArgument(LPCWSTR Line, BOOL Program, PWSTR *Out)
{
    PWSTR At = *Out;
    BOOL Quoted = FALSE;

    if (Program) {
        WCHAR End = *Line == '"' ? *Line++ : 0;

        while (*Line != 0 && (End != 0 ? *Line != End : *Line > ' ')) {
            *At++ = *Line++;
        }
        Line += *Line != 0;
    }
    while (!Program && *Line != 0 && (Quoted || !IsBlank(*Line))) {
        ULONG Slashes = 0;

        while (*Line == '\\') {
            Slashes++;
            Line++;
        }
        if (*Line != '"') {
            while (Slashes-- != 0) {
                *At++ = '\\';
            }
            if (*Line != 0 && (Quoted || !IsBlank(*Line))) {
                *At++ = *Line++;
            }
            continue;
        }
        for (ULONG Index = 0; Index < Slashes / 2; Index++) {
            *At++ = '\\';
        }
        Line++;
        if ((Slashes & 1) != 0) {
            *At++ = '"';
        } else if (Quoted && *Line == '"') {
            *At++ = *Line++;
            Quoted = FALSE;
        } else {
            Quoted = !Quoted;
        }
    }
    *At++ = 0;
    *Out = At;
    while (IsBlank(*Line)) {
        Line++;
    }
    return Line;
}

/* One block: the pointers, a NULL, the characters. The caller frees it with LocalFree. */
LPWSTR *WINAPI
CommandLineToArgvW(LPCWSTR Line, int *Count)
{
    WCHAR Program[MAX_PATH];
    SIZE_T Length;
    LPWSTR *Arguments;
    PWSTR At;
    int Most, Found = 0;

    if (Line == NULL || Count == NULL) {
        SetLastError(ERROR_INVALID_PARAMETER);
        return NULL;
    }
    if (*Line == 0) {
        GetModuleFileNameW(NULL, Program, MAX_PATH);
        Program[MAX_PATH - 1] = 0;
        Length = wcslen(Program);
    } else {
        Length = wcslen(Line);
    }
    Most = (int)(Length / 2) + 2; /* one character and a blank for each */
    Arguments =
        LocalAlloc(0, ((SIZE_T)Most + 1) * sizeof(PWSTR) + (Length + Most + 1) * sizeof(WCHAR));
    if (Arguments == NULL) {
        return NULL;
    }
    At = (PWSTR)(Arguments + Most + 1);
    if (*Line == 0) {
        Arguments[Found++] = memcpy(At, Program, (Length + 1) * sizeof(WCHAR));
    } else {
        do {
            Arguments[Found] = At;
            Line = TakeArgument(Line, Found == 0, &At);
            Found++;
        } while (*Line != 0);
    }
    Arguments[Found] = NULL;
    *Count = Found;
    return Arguments;
}
