/*
 * cycle-client.c - loads a minifilter, has it see something, takes it away, and again; or only works with files meanwhile.
 *
 *     cycle-client.exe load NAME N    N times: load, attach by hand, write and read, detach, unload
 *     cycle-client.exe work N         N times: make a file, write, read, rename and delete it
 *
 * NAME.sys lies in \SystemRoot\System32\drivers or beside this program. [Win32: FilterLoad, FilterAttachAtAltitude, FilterDetach]
 */
#include "ntlab-client.h"
#include <stdlib.h>
#include <string.h>
#include <wchar.h>
#include <fltuser.h>

static WCHAR Name[64];

static void
SetText(HKEY Key, PCWSTR Value, PCWSTR Text)
{
    RegSetValueExW(Key, Value, 0, REG_SZ, (const BYTE *)Text, (DWORD)(wcslen(Text) + 1) * 2);
}

static void
SetNumber(HKEY Key, PCWSTR Value, DWORD Number)
{
    RegSetValueExW(Key, Value, 0, REG_DWORD, (const BYTE *)&Number, 4);
}

static HKEY
MakeKey(PCWSTR Rest)
{
    WCHAR Path[200];
    HKEY Key = NULL;

    swprintf(Path, 200, L"SYSTEM\\CurrentControlSet\\Services\\%ls%ls", Name, Rest);
    RegCreateKeyExW(HKEY_LOCAL_MACHINE, Path, 0, NULL, 0, KEY_ALL_ACCESS, NULL, &Key, NULL);
    return Key;
}

/* As an INF would. The instance is not attached by itself. */
static void
MakeService(void)
{
    WCHAR Image[100];
    HKEY Key = MakeKey(L"");

    SetNumber(Key, L"Type", 2);
    SetNumber(Key, L"Start", 3);
    SetNumber(Key, L"ErrorControl", 1);
    swprintf(Image, 100, L"\\??\\C:\\ntlab\\%ls.sys", Name);
    SetText(Key, L"ImagePath", Image);
    RegCloseKey(Key);
    Key = MakeKey(L"\\Instances");
    SetText(Key, L"DefaultInstance", L"One");
    RegCloseKey(Key);
    Key = MakeKey(L"\\Instances\\One");
    SetText(Key, L"Altitude", L"145000");
    SetNumber(Key, L"Flags", 1);
    RegCloseKey(Key);
}

static void
EnablePrivilege(void)
{
    TOKEN_PRIVILEGES Privileges = {1, {{{0, 0}, SE_PRIVILEGE_ENABLED}}};
    HANDLE Token;

    if (OpenProcessToken(GetCurrentProcess(), TOKEN_ADJUST_PRIVILEGES, &Token)) {
        LookupPrivilegeValueW(NULL, L"SeLoadDriverPrivilege", &Privileges.Privileges[0].Luid);
        AdjustTokenPrivileges(Token, FALSE, &Privileges, 0, NULL, NULL);
        CloseHandle(Token);
    }
}

/* Something at all levels, in a file of this process's own. */
static BOOL
Work(int Round)
{
    char From[40], To[40], Text[8] = {0};
    DWORD Bytes;
    HANDLE File;
    BOOL Good;

    sprintf(From, "C:\\%lu-%d.txt", GetCurrentProcessId(), Round);
    sprintf(To, "C:\\%lu-%d.new", GetCurrentProcessId(), Round);
    File = CreateFileA(From, GENERIC_READ | GENERIC_WRITE, 0, NULL, CREATE_ALWAYS, 0, NULL);
    if (File == INVALID_HANDLE_VALUE) {
        printf("create %d: error %lu\n", Round, GetLastError());
        return FALSE;
    }
    Good = WriteFile(File, "cycles", 6, &Bytes, NULL);
    Good = Good && SetFilePointer(File, 0, NULL, FILE_BEGIN) == 0;
    Good = Good && ReadFile(File, Text, 6, &Bytes, NULL) && strcmp(Text, "cycles") == 0;
    if (!Good) {
        printf("file %d: error %lu, %lu bytes, '%s'\n", Round, GetLastError(), Bytes, Text);
    }
    CloseHandle(File);
    if (!MoveFileA(From, To)) {
        printf("move %d: error %lu\n", Round, GetLastError());
        return FALSE;
    }
    if (!DeleteFileA(To)) {
        printf("delete %d: error %lu\n", Round, GetLastError());
        return FALSE;
    }
    return Good;
}

static BOOL
Load(int Round)
{
    HRESULT Loaded = FilterLoad(Name), Attached, Detached, Unloaded;
    BOOL Worked;

    Attached = FilterAttachAtAltitude(Name, L"C:", L"145001", L"Two", 0, NULL);
    Worked = Work(0); /* the same names: the tunnel cache keeps them for a while */
    Detached = FilterDetach(Name, L"C:", L"Two");
    Unloaded = FilterUnload(Name);
    if (Loaded != S_OK || Attached != S_OK || !Worked || Detached != S_OK || Unloaded != S_OK) {
        printf("cycle %d: %lx %lx %d %lx %lx\n", Round, Loaded, Attached, Worked, Detached,
               Unloaded);
        return FALSE;
    }
    return TRUE;
}

int
main(int Count, char **Words)
{
    BOOL Loads = Count == 4 && strcmp(Words[1], "load") == 0;
    int Rounds = Count > 2 ? atoi(Words[Count - 1]) : 0, Good = 0;

    if (Loads) {
        MultiByteToWideChar(CP_UTF8, 0, Words[2], -1, Name, 64);
        EnablePrivilege();
        MakeService();
    }
    for (int i = 0; i < Rounds; i++) {
        Good += Loads ? Load(i) : Work(i);
    }
    EXPECT_EQ(Good, Rounds);
    return TEST_DONE();
}
