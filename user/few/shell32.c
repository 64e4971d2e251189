/*
 * shell32.c - CommandLineToArgvW, the folders of a user, starting a program. There is no shell: no document can be opened.
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

/* ---- folders with a name of their own ---- */

static const struct {
    int Id;      /* CSIDL_... */
    PCWSTR Path; /* under the profile when it begins with a backslash */
    ULONG Known; /* the first part of FOLDERID_... */
} Folders[] = {
    {0x00, L"\\Desktop", 0xB4BFCC3A},             /* DESKTOP */
    {0x10, L"\\Desktop", 0},                      /* DESKTOPDIRECTORY */
    {0x05, L"\\Documents", 0xFDD39AD0},           /* PERSONAL */
    {0x1A, L"\\AppData\\Roaming", 0x3EB685DB},    /* APPDATA */
    {0x1C, L"\\AppData\\Local", 0xF1B32785},      /* LOCAL_APPDATA */
    {0x28, L"", 0x5E6C858F},                      /* PROFILE */
    {0x23, L"C:\\ProgramData", 0x62AB5D82},       /* COMMON_APPDATA */
    {0x24, L"C:\\Windows", 0xF38BF404},           /* WINDOWS */
    {0x25, L"C:\\Windows\\System32", 0x1AC14E77}, /* SYSTEM */
    {0x26, L"C:\\Program Files", 0x905E63B6},     /* PROGRAM_FILES */
    {-1, L"C:\\Users\\Public", 0xDFDF76A2},       /* FOLDERID_Public */
};

/* S_FALSE: it has a name, and is not there. */
static HRESULT
FolderPath(ULONG Index, BOOL Create, LPWSTR Path)
{
    DWORD Attributes;

    Path[0] = 0;
    if (Folders[Index].Path[0] != L'C') {
        wcscpy(Path, L"C:\\Users\\ntlab");
    }
    wcscat(Path, Folders[Index].Path);
    Attributes = GetFileAttributesW(Path);
    if (Attributes == INVALID_FILE_ATTRIBUTES && Create && CreateDirectoryW(Path, NULL)) {
        Attributes = FILE_ATTRIBUTE_DIRECTORY;
    }
    return Attributes == INVALID_FILE_ATTRIBUTES ? S_FALSE : S_OK;
}

HRESULT WINAPI
SHGetFolderPathW(HWND Owner, int Id, HANDLE Token, DWORD Flags, LPWSTR Path)
{
    Path[0] = 0;
    for (ULONG i = 0; i < RTL_NUMBER_OF(Folders); i++) {
        if (Folders[i].Id == (Id & 0xFF)) {
            return FolderPath(i, (Id & 0x8000) != 0, Path);
        }
    }
    return (HRESULT)0x80070057; /* E_INVALIDARG */
}

HRESULT WINAPI
SHGetFolderPathA(HWND Owner, int Id, HANDLE Token, DWORD Flags, LPSTR Path)
{
    WCHAR Wide[MAX_PATH];
    HRESULT Result = SHGetFolderPathW(Owner, Id, Token, Flags, Wide);

    WideCharToMultiByte(CP_ACP, 0, Wide, -1, Path, MAX_PATH, NULL, NULL);
    return Result;
}

BOOL WINAPI
SHGetSpecialFolderPathW(HWND Owner, LPWSTR Path, int Id, BOOL Create)
{
    return SHGetFolderPathW(Owner, Id | (Create ? 0x8000 : 0), NULL, 0, Path) == S_OK;
}

BOOL WINAPI
SHGetSpecialFolderPathA(HWND Owner, LPSTR Path, int Id, BOOL Create)
{
    return SHGetFolderPathA(Owner, Id | (Create ? 0x8000 : 0), NULL, 0, Path) == S_OK;
}

/* The path is freed with CoTaskMemFree: memory of the process's heap. */
HRESULT WINAPI
SHGetKnownFolderPath(const GUID *Folder, DWORD Flags, HANDLE Token, PWSTR *Path)
{
    *Path = NULL;
    for (ULONG i = 0; i < RTL_NUMBER_OF(Folders); i++) {
        WCHAR Name[MAX_PATH];

        if (Folders[i].Known == 0 || Folders[i].Known != Folder->Data1) {
            continue;
        }
        if (FolderPath(i, (Flags & 0x8000) != 0, Name) != S_OK) {
            return (HRESULT)0x80070002;
        }
        *Path = RtlAllocateHeap(RtlProcessHeap(), 0, (wcslen(Name) + 1) * sizeof(WCHAR));
        if (*Path == NULL) {
            return (HRESULT)0x8007000E;
        }
        wcscpy(*Path, Name);
        return S_OK;
    }
    return (HRESULT)0x80070002;
}

/* Is the caller's token one of an administrator? */
BOOL WINAPI
IsUserAnAdmin(VOID)
{
    SID_IDENTIFIER_AUTHORITY Nt = SECURITY_NT_AUTHORITY;
    PSID Administrators;
    BOOL Member = FALSE;

    if (AllocateAndInitializeSid(&Nt, 2, SECURITY_BUILTIN_DOMAIN_RID, DOMAIN_ALIAS_RID_ADMINS, 0, 0,
                                 0, 0, 0, 0, &Administrators)) {
        CheckTokenMembership(NULL, Administrators, &Member);
        FreeSid(Administrators);
    }
    return Member;
}

/* There is no shell: a program is started, a document has nobody to open it. */
HINSTANCE WINAPI
ShellExecuteW(HWND Owner, LPCWSTR Verb, LPCWSTR File, LPCWSTR Parameters, LPCWSTR Folder, INT Show)
{
    STARTUPINFOW Startup = {.cb = sizeof(Startup)};
    PROCESS_INFORMATION Information;
    WCHAR Line[1024];

    if (wcslen(File) + (Parameters != NULL ? wcslen(Parameters) : 0) + 5 > RTL_NUMBER_OF(Line)) {
        return (HINSTANCE)SE_ERR_OOM;
    }
    wcscpy(Line, L"\"");
    wcscat(Line, File);
    wcscat(Line, L"\" ");
    wcscat(Line, Parameters != NULL ? Parameters : L"");
    if (!CreateProcessW(NULL, Line, NULL, NULL, FALSE, 0, NULL, Folder, &Startup, &Information)) {
        return GetFileAttributesW(File) == INVALID_FILE_ATTRIBUTES ? (HINSTANCE)SE_ERR_FNF
                                                                   : (HINSTANCE)SE_ERR_NOASSOC;
    }
    CloseHandle(Information.hThread);
    CloseHandle(Information.hProcess);
    return (HINSTANCE)42;
}
