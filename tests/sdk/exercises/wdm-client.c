/*
 * wdm-client.c - installs wdm-driver with the service control manager if it is not there, uses it, and removes it. With
 * an argument it counts argc in a ULONG and returns nothing, as old programs do.
 */
#include <windows.h>
#include <winioctl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <conio.h>
#include <strsafe.h>
#include "exercise-wdm.h"

static HANDLE
Open(DWORD Flags)
{
    return CreateFile("\\\\.\\WdmExercise", GENERIC_READ | GENERIC_WRITE,
                      FILE_SHARE_READ | FILE_SHARE_WRITE, NULL, OPEN_EXISTING, Flags, NULL);
}

static BOOLEAN
Install(void)
{
    SC_HANDLE Manager = OpenSCManager(NULL, NULL, SC_MANAGER_ALL_ACCESS), Service;
    TCHAR Path[MAX_PATH];
    DWORD Length = GetCurrentDirectory(MAX_PATH, Path);
    HANDLE File;

    if (Length == 0 || FAILED(StringCbCat(Path, sizeof(Path), "\\wdm-driver.sys"))) {
        return FALSE;
    }
    File = CreateFile(Path, GENERIC_READ, 0, NULL, OPEN_EXISTING, FILE_ATTRIBUTE_NORMAL, NULL);
    if (File == INVALID_HANDLE_VALUE) {
        printf("%s is not there: %d\n", Path, (int)GetLastError());
        return FALSE;
    }
    CloseHandle(File);
    Service = CreateService(Manager, DRIVER_NAME, DRIVER_NAME, SERVICE_ALL_ACCESS,
                            SERVICE_KERNEL_DRIVER, SERVICE_DEMAND_START, SERVICE_ERROR_NORMAL, Path,
                            NULL, NULL, NULL, NULL, NULL);
    if (Service == NULL && GetLastError() != ERROR_SERVICE_EXISTS) {
        printf("CreateService %d\n", (int)GetLastError());
        return FALSE;
    }
    if (!StartService(Service, 0, NULL) && GetLastError() != ERROR_SERVICE_ALREADY_RUNNING) {
        printf("StartService %d\n", (int)GetLastError());
        return FALSE;
    }
    CloseServiceHandle(Service);
    CloseServiceHandle(Manager);
    return TRUE;
}

static void
Remove(void)
{
    SC_HANDLE Manager = OpenSCManager(NULL, NULL, SC_MANAGER_ALL_ACCESS), Service;
    SERVICE_STATUS Status;

    Service = OpenService(Manager, DRIVER_NAME, SERVICE_ALL_ACCESS);
    printf("stopped %d", ControlService(Service, SERVICE_CONTROL_STOP, &Status));
    printf(" deleted %d\n", DeleteService(Service));
    CloseServiceHandle(Service);
    CloseServiceHandle(Manager);
}

static void
Methods(HANDLE Device)
{
    static const DWORD Codes[] = {IOCTL_METHOD_BUFFER, IOCTL_METHOD_NONE, IOCTL_METHOD_IN,
                                  IOCTL_METHOD_OUT};
    char In[100], Out[100];
    DWORD Returned, i;

    for (i = 0; i < sizeof(Codes) / sizeof(Codes[0]); i++) {
        StringCbCopy(In, sizeof(In), "to the driver");
        StringCbCopy(Out, sizeof(Out), "from the program");
        Returned = 0;
        printf("method %u: %d", Codes[i] & 3,
               DeviceIoControl(Device, Codes[i], In, (DWORD)strlen(In) + 1, Out, sizeof(Out),
                               &Returned, NULL));
        printf(" %lu %s\n", Returned, Out);
    }
    printf("no output: %d",
           DeviceIoControl(Device, IOCTL_METHOD_NONE, In, 5, NULL, 0, &Returned, NULL));
    printf(" %lu\n", GetLastError());
}

static void
Notifications(HANDLE Device)
{
    REGISTER_EVENT Input;
    DWORD Returned;
    HANDLE Event = CreateEvent(NULL, TRUE, FALSE, "TEST_EVENT");

    Input.Type = EVENT_BASED;
    Input.hEvent = Event;
    Input.DueTime.QuadPart = -((LONGLONG)(1.5 * 10.0E6));
    printf("event: %d", DeviceIoControl(Device, IOCTL_REGISTER, &Input, sizeof(Input), NULL, 0,
                                        &Returned, NULL));
    printf(" %lu", WaitForSingleObject(Event, 0));
    printf(" %lu\n", WaitForSingleObject(Event, INFINITE));
    ResetEvent(Event);
    Input.Type = IRP_BASED;
    Input.hEvent = NULL;
    printf("irp: %d\n", DeviceIoControl(Device, IOCTL_REGISTER, &Input, sizeof(Input), NULL, 0,
                                        &Returned, NULL));
    Input.Type = EVENT_BASED;
    Input.hEvent = Event;
    DeviceIoControl(Device, IOCTL_REGISTER, &Input, sizeof(Input), NULL, 0, &Returned, NULL);
    CloseHandle(Event); /* and the handle of the device soon: cleanup has to look after it */
}

static DWORD WINAPI
Reader(LPVOID Parameter)
{
    char Buffer[16];
    DWORD Done = 0;
    BOOL Ok = ReadFile(Parameter, Buffer, sizeof(Buffer), &Done, NULL);

    return Ok && Done == sizeof(Buffer) && Buffer[0] == 'r' && Buffer[15] == 'r';
}

static void
Reads(HANDLE Device)
{
    REGISTER_EVENT Input = {IRP_BASED, NULL, {.QuadPart = -1000 * 10000000LL}};
    OVERLAPPED Read = {0}, Notify = {0};
    HANDLE Async = Open(FILE_FLAG_OVERLAPPED), Threads[3];
    DWORD i, Code, Good = 0, Done;
    char Buffer[16];

    for (i = 0; i < 3; i++) {
        Threads[i] = CreateThread(NULL, 0, Reader, Device, 0, NULL);
    }
    WaitForMultipleObjects(3, Threads, TRUE, INFINITE);
    for (i = 0; i < 3; i++) {
        GetExitCodeThread(Threads[i], &Code);
        Good += Code;
    }
    printf("reads %lu\n", Good);
    ReadFile(Async, Buffer, sizeof(Buffer), NULL, &Read);
    DeviceIoControl(Async, IOCTL_REGISTER, &Input, sizeof(Input), NULL, 0, NULL, &Notify);
    printf("pending %d", GetLastError() == ERROR_IO_PENDING);
    printf(" canceled %d", CancelIo(Async));
    printf(" %d", GetOverlappedResult(Async, &Read, &Done, TRUE));
    printf(" %lu", GetLastError());
    printf(" %d", GetOverlappedResult(Async, &Notify, &Done, TRUE));
    printf(" %lu\n", GetLastError());
    ReadFile(Async, Buffer, sizeof(Buffer), NULL, &Read);
    CloseHandle(Async);
}

VOID __cdecl main(_In_ ULONG argc, _In_reads_(argc) PCHAR argv[])
{
    BOOLEAN Installed = FALSE;
    HANDLE Device = Open(0);
    FLOAT Delay = 0;

    if (argc > 1 && sscanf_s(argv[1], "%f", &Delay) == 1) {
        printf("delay %.2f\n", Delay);
    }
    if (Device == INVALID_HANDLE_VALUE) {
        printf("open %lu\n", GetLastError());
        if (GetLastError() != ERROR_FILE_NOT_FOUND || !Install()) {
            return;
        }
        Installed = TRUE;
        Device = Open(0);
    }
    if (Device == INVALID_HANDLE_VALUE) {
        printf("Error: CreateFile Failed : %d\n", GetLastError());
        return;
    }
    Methods(Device);
    Notifications(Device);
    Reads(Device);
    printf("Press any key to exit.\n");
    while (!_kbhit()) {
        Sleep(1000);
    }
    CloseHandle(Device);
    if (Installed) {
        Remove();
    }
    return;
}
