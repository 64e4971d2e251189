/*
 * system.c - what small Win32 tools ask the system. What it must print stands in system.out.
 */
#include <windows.h>
#include <stdio.h>
#include <tlhelp32.h>
#include <psapi.h>
#include <shlwapi.h>
int
main()
{
    SYSTEM_INFO si;
    GetSystemInfo(&si);
    MEMORYSTATUSEX ms = {sizeof ms};
    GlobalMemoryStatusEx(&ms);
    OSVERSIONINFOA ov = {sizeof ov};
    GetVersionExA(&ov);
    printf("%lu %d %lu\n", si.dwPageSize, ms.ullTotalPhys > 0, ov.dwMajorVersion);
    char n[64];
    DWORD l = 64;
    GetComputerNameA(n, &l);
    l = 64;
    GetUserNameA(n, &l);
    HANDLE s = CreateToolhelp32Snapshot(TH32CS_SNAPPROCESS, 0);
    PROCESSENTRY32 pe = {sizeof pe};
    int c = 0;
    for (BOOL b = Process32First(s, &pe); b; b = Process32Next(s, &pe)) {
        c++;
    }
    printf("%d\n", c > 1);
    HKEY k;
    LSTATUS r =
        RegCreateKeyExA(HKEY_CURRENT_USER, "Software\\T", 0, 0, 0, KEY_ALL_ACCESS, 0, &k, 0);
    printf("reg %ld\n", r);
    DWORD v = 7, t, z = 4;
    RegSetValueExA(k, "x", 0, REG_DWORD, (BYTE *)&v, 4);
    v = 0;
    RegQueryValueExA(k, "x", 0, &t, (BYTE *)&v, &z);
    printf("%lu\n", v);
    RegDeleteKeyA(HKEY_CURRENT_USER, "Software\\T");
    HANDLE m = CreateFileMappingA(INVALID_HANDLE_VALUE, 0, PAGE_READWRITE, 0, 4096, "map");
    char *p = MapViewOfFile(m, FILE_MAP_ALL_ACCESS, 0, 0, 0);
    strcpy(p, "hi");
    printf("%s\n", p);
    HANDLE tm = CreateWaitableTimerA(0, 0, 0);
    LARGE_INTEGER d = {.QuadPart = -100000};
    SetWaitableTimer(tm, &d, 0, 0, 0, 0);
    printf("%lu\n", WaitForSingleObject(tm, 1000));
    SYSTEMTIME st;
    GetLocalTime(&st);
    char ds[64];
    GetDateFormatA(LOCALE_USER_DEFAULT, 0, &st, "yyyy-MM-dd", ds, 64);
    printf("%d\n", (int)strlen(ds));
    char buf[256];
    FormatMessageA(FORMAT_MESSAGE_FROM_SYSTEM, 0, 5, 0, buf, 256, 0);
    printf("%s", buf);
    GetModuleFileNameA(0, buf, 256);
    HANDLE pr = GetStdHandle(STD_OUTPUT_HANDLE);
    DWORD w;
    WriteFile(pr, "x\n", 2, &w, 0);
    HANDLE jb = CreateJobObjectA(0, 0);
    printf("%d\n", jb != 0);
    printf("%d\n", MultiByteToWideChar(CP_UTF8, 0, "\xc3\xa9", -1, (WCHAR *)buf, 10));
    printf("%lu\n", GetTickCount() > 0 ? 1ul : 1ul);
    PROCESS_MEMORY_COUNTERS pm;
    printf("%d\n", GetProcessMemoryInfo(GetCurrentProcess(), &pm, sizeof pm));
    FILETIME f1, f2, f3, f4;
    printf("%d\n", GetProcessTimes(GetCurrentProcess(), &f1, &f2, &f3, &f4));
    printf("%d\n", IsDebuggerPresent());
    ULONG_PTR hs = (ULONG_PTR)GetProcessHeap();
    void *q = HeapAlloc((HANDLE)hs, 0, 100);
    q = HeapReAlloc((HANDLE)hs, 0, q, 1000);
    printf("%d\n", (int)HeapSize((HANDLE)hs, 0, q));
    HeapFree((HANDLE)hs, 0, q);
    return 0;
}
