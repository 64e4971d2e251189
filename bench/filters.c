/*
 * filters.c - what it costs to load and unload a minifilter with an instance on each volume: `name nanoseconds`.
 *
 *     filters.exe NAME            NAME.sys lies beside it
 */
#include <windows.h>
#include <fltuser.h>
#include <stdio.h>
#include <stdlib.h>
#include <wchar.h>

#define ROUNDS 15
#include "rounds.h"

static WCHAR Filter[64];

static void
LoadUnload(void)
{
    HRESULT Loaded = FilterLoad(Filter), Unloaded = FilterUnload(Filter);

    if (Loaded != S_OK || Unloaded != S_OK) {
        printf("error %lx %lx\n", Loaded, Unloaded);
        exit(2);
    }
}

static void
SetText(HKEY Key, PCWSTR Value, PCWSTR Text)
{
    RegSetValueExW(Key, Value, 0, REG_SZ, (const BYTE *)Text, (DWORD)(wcslen(Text) + 1) * 2);
}

static void
MakeService(void)
{
    TOKEN_PRIVILEGES Privileges = {1,
                                   {{{10, 0}, SE_PRIVILEGE_ENABLED}}}; /* SeLoadDriverPrivilege */
    DWORD Two = 2, Three = 3, Zero = 0;
    WCHAR Text[200];
    HANDLE Token;
    HKEY Key;

    OpenProcessToken(GetCurrentProcess(), TOKEN_ADJUST_PRIVILEGES, &Token);
    AdjustTokenPrivileges(Token, FALSE, &Privileges, 0, NULL, NULL);
    swprintf(Text, 200, L"SYSTEM\\CurrentControlSet\\Services\\%ls", Filter);
    RegCreateKeyExW(HKEY_LOCAL_MACHINE, Text, 0, NULL, 0, KEY_ALL_ACCESS, NULL, &Key, NULL);
    RegSetValueExW(Key, L"Type", 0, REG_DWORD, (BYTE *)&Two, 4);
    RegSetValueExW(Key, L"Start", 0, REG_DWORD, (BYTE *)&Three, 4);
    swprintf(Text, 200, L"\\??\\C:\\ntlab\\%ls.sys", Filter);
    SetText(Key, L"ImagePath", Text);
    RegCreateKeyExW(Key, L"Instances", 0, NULL, 0, KEY_ALL_ACCESS, NULL, &Key, NULL);
    SetText(Key, L"DefaultInstance", L"One");
    RegCreateKeyExW(Key, L"One", 0, NULL, 0, KEY_ALL_ACCESS, NULL, &Key, NULL);
    SetText(Key, L"Altitude", L"145000");
    RegSetValueExW(Key, L"Flags", 0, REG_DWORD, (BYTE *)&Zero, 4);
}

int
main(int Count, char **Words)
{
    MultiByteToWideChar(CP_UTF8, 0, Count > 1 ? Words[1] : "passthrough", -1, Filter, 64);
    MakeService();
    CloseHandle(
        CreateFileA("C:\\bench.txt", GENERIC_WRITE, 0, NULL, CREATE_ALWAYS, 0, NULL)); /* mounted */
    Measure("minifilter-load-unload", LoadUnload, 1);
    return 0;
}
