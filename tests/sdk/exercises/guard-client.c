/* guard-client.c - tries what guard.sys does not want. */
#include <windows.h>
#include <stdio.h>
#include <string.h>

static BOOL
Start(const char *Program, const char *Word, PROCESS_INFORMATION *Process)
{
    STARTUPINFOA Startup = {sizeof(Startup)};
    char Line[MAX_PATH];

    snprintf(Line, sizeof(Line), "\"%s\" %s", Program, Word);
    return CreateProcessA(NULL, Line, NULL, NULL, FALSE, 0, NULL, NULL, &Startup, Process);
}

int
main(int argc, char *argv[])
{
    PROCESS_INFORMATION Process;
    HANDLE Handle;
    HKEY Key;
    DWORD Data = 1, Size = sizeof(Data);

    if (argc > 1) {
        Sleep(5000);
        return 0;
    }
    printf("refused %d", Start(argv[0], "refused", &Process));
    printf(" %lu\n", GetLastError());
    printf("victim %d\n", Start(argv[0], "victim", &Process));
    Handle = OpenProcess(PROCESS_TERMINATE | PROCESS_QUERY_INFORMATION, FALSE, Process.dwProcessId);
    printf("open %d", Handle != NULL);
    printf(" terminate %d", TerminateProcess(Handle, 1));
    printf(" %lu\n", GetLastError());
    CloseHandle(Handle);
    WaitForSingleObject(Process.hProcess, INFINITE);
    RegCreateKeyExA(HKEY_LOCAL_MACHINE, "SOFTWARE\\GuardKey", 0, NULL, 0, KEY_ALL_ACCESS, NULL,
                    &Key, NULL);
    printf("blocked %ld",
           RegSetValueExA(Key, "blocked", 0, REG_DWORD, (BYTE *)&Data, sizeof(Data)));
    printf(" bypassed %ld",
           RegSetValueExA(Key, "bypassed", 0, REG_DWORD, (BYTE *)&Data, sizeof(Data)));
    printf(" there %ld", RegQueryValueExA(Key, "bypassed", NULL, NULL, (BYTE *)&Data, &Size));
    printf(" allowed %ld",
           RegSetValueExA(Key, "allowed", 0, REG_DWORD, (BYTE *)&Data, sizeof(Data)));
    printf(" there %ld\n", RegQueryValueExA(Key, "allowed", NULL, NULL, (BYTE *)&Data, &Size));
    RegCloseKey(Key);
    return 0;
}
