/*
 * activity.c - what drivers are told of that watch the system: processes, threads, images, handles, the registry.
 */
#include "check.h"
#include <stdio.h>

#define CHILDREN 5 /* more than small tables have room for */

static DWORD WINAPI
Nothing(PVOID Parameter)
{
    return (DWORD)(ULONG_PTR)Parameter;
}

static void
Registry(void)
{
    DWORD Value = 1, Size = sizeof(Value), Type;
    HKEY Key, Again;

    if (RegCreateKeyExA(HKEY_CURRENT_USER, "Software\\ntlabcheck", 0, NULL, 0, KEY_ALL_ACCESS, NULL,
                        &Key, NULL) == 0) {
        RegSetValueExA(Key, "a value", 0, REG_DWORD, (BYTE *)&Value, sizeof(Value));
        RegQueryValueExA(Key, "a value", NULL, &Type, (BYTE *)&Value, &Size);
        RegQueryValueExA(Key, "none", NULL, &Type, (BYTE *)&Value, &Size);
        if (RegOpenKeyExA(HKEY_CURRENT_USER, "Software\\ntlabcheck", 0, KEY_READ, &Again) == 0) {
            RegEnumKeyExA(Again, 0, (char[64]){0}, &(DWORD){64}, NULL, NULL, NULL, NULL);
            RegCloseKey(Again);
        }
        RegDeleteValueA(Key, "a value");
        RegCloseKey(Key);
    }
    RegDeleteKeyA(HKEY_CURRENT_USER, "Software\\ntlabcheck");
}

static void
Processes(int Count)
{
    char Program[500], Command[600];

    GetModuleFileNameA(NULL, Program, sizeof(Program));
    snprintf(Command, sizeof(Command), "\"%s\" nothing", Program);
    for (int i = 0; i < Count; i++) {
        STARTUPINFOA Start = {.cb = sizeof(Start)};
        PROCESS_INFORMATION Child;
        HANDLE Handle;

        if (!CreateProcessA(NULL, Command, NULL, NULL, FALSE, 0, NULL, NULL, &Start, &Child)) {
            break;
        }
        Handle = OpenProcess(PROCESS_ALL_ACCESS, FALSE, Child.dwProcessId);
        if (Handle != NULL) {
            CloseHandle(Handle);
        }
        WaitForSingleObject(Child.hProcess, 10 * PATIENCE_MS);
        CloseHandle(Child.hThread);
        CloseHandle(Child.hProcess);
    }
    for (int i = 0; i < 2; i++) {
        HANDLE Thread = CreateThread(NULL, 0, Nothing, NULL, 0, NULL);

        if (Thread != NULL) {
            WaitForSingleObject(Thread, PATIENCE_MS);
            CloseHandle(Thread);
        }
    }
    FreeLibrary(LoadLibraryA("advapi32.dll"));
    Registry();
}

/* With nobody who listens, then with a handle, each code before and after, and one request that may be waiting. */
int
Activity(void)
{
    HANDLE Device, Event = CreateEventA(NULL, TRUE, FALSE, NULL);
    static IO_STATUS_BLOCK Block, Waiting;

    Processes(CHILDREN);
    if (OpenDevice(&Device) < 0) {
        return 0;
    }
    for (ULONG i = 0; i < RequestCount; i++) {
        const REQUEST *Request = &Requests[i];

        for (int j = 0; j < 6; j++) { /* what is queued comes to its end */
            Control(Device, Event, &Block, Request->Code, Input, Request->In, Output, Request->Out);
        }
        ResetEvent(Event);
        NtDeviceIoControlFile(Device, Event, NULL, NULL, &Waiting, Request->Code, Input,
                              Request->In, Output, Request->Out);
        if (i == 0) {
            Processes(1);
        }
    }
    Registry();
    NtClose(Device);
    return 0;
}
