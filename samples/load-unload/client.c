/*
 * load-unload.exe NAME [GUARD]: loads the minifilter, and a second thread unloads it. Nothing waits for the race.
 *
 * With GUARD that driver is loaded, which then loads the minifilter. The service keys are made first, as an INF would; the
 * drivers lie beside this program.
 */
#include <windows.h>
#include <stdio.h>
#include <string.h>
#include <fltuser.h>

static WCHAR Name[64], Guard[64];

static void
Set(HKEY Key, PCWSTR Value, DWORD Type, const void *Data, DWORD Length)
{
    RegSetValueExW(Key, Value, 0, Type, Data, Length);
}

static void
MakeService(PCWSTR Name)
{
    WCHAR Path[200];
    DWORD One = 1, Two = 2, Three = 3, Zero = 0;
    HKEY Key;

    swprintf(Path, 200, L"SYSTEM\\CurrentControlSet\\Services\\%ls", Name);
    RegCreateKeyExW(HKEY_LOCAL_MACHINE, Path, 0, NULL, 0, KEY_ALL_ACCESS, NULL, &Key, NULL);
    Set(Key, L"Type", REG_DWORD, &Two, 4);
    Set(Key, L"Start", REG_DWORD, &Three, 4);
    Set(Key, L"ErrorControl", REG_DWORD, &One, 4);
    swprintf(Path, 200, L"\\??\\C:\\ntlab\\%ls.sys", Name);
    Set(Key, L"ImagePath", REG_EXPAND_SZ, Path, (DWORD)(wcslen(Path) + 1) * sizeof(WCHAR));
    RegCloseKey(Key);
    swprintf(Path, 200, L"SYSTEM\\CurrentControlSet\\Services\\%ls\\Instances", Name);
    RegCreateKeyExW(HKEY_LOCAL_MACHINE, Path, 0, NULL, 0, KEY_ALL_ACCESS, NULL, &Key, NULL);
    Set(Key, L"DefaultInstance", REG_SZ, L"One", 8);
    RegCloseKey(Key);
    wcscat(Path, L"\\One");
    RegCreateKeyExW(HKEY_LOCAL_MACHINE, Path, 0, NULL, 0, KEY_ALL_ACCESS, NULL, &Key, NULL);
    Set(Key, L"Altitude", REG_SZ, L"145000", 14);
    Set(Key, L"Flags", REG_DWORD, &Zero, 4);
    RegCloseKey(Key);
}

/* An administrator has SeLoadDriverPrivilege, disabled. */
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

static DWORD WINAPI
Unload(void *Context)
{
    FilterUnload(Name); /* may come too early: then there is no such filter */
    return 0;
}

int
main(int Count, char **Words)
{
    HANDLE Thread;

    MultiByteToWideChar(CP_UTF8, 0, Count > 1 ? Words[1] : "load-unload", -1, Name, 64);
    MultiByteToWideChar(CP_UTF8, 0, Count > 2 ? Words[2] : "", -1, Guard, 64);
    EnablePrivilege();
    MakeService(Name);
    if (Guard[0] != 0) {
        MakeService(Guard);
    }
    Thread = CreateThread(NULL, 0, Unload, NULL, 0, NULL);
    printf("load %08lx\n", (unsigned long)FilterLoad(Guard[0] != 0 ? Guard : Name));
    WaitForSingleObject(Thread, INFINITE);
    printf("unload %08lx\n", (unsigned long)FilterUnload(Name)); /* if the first came too early */
    return 0;
}
