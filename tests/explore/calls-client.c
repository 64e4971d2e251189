/*
 * calls-client.c - a client whose own calls come while another thread of it is in a driver: calls-client.exe WHAT DEVICE NUMBER...
 *
 *     suspend    suspends the thread that sends the first control, sends the second one, resumes it
 *     terminate  terminates the thread that sends the first control, sends the second one
 *     cancel     cancels what the thread has pending, while a third one sends the second control
 *     other      the same, but another process that it starts cancels what the thread waits for (CancelSynchronousIo)
 *     leave      suspends the thread, and terminates it before it goes on, then sends the second control
 *     close      closes the handle that the thread uses
 *     exit       ends the process
 *     stop       starts a thread, and stops the service that DEVICE names
 * What the calls return does not matter: they may come too early or too late.
 */
#include <windows.h>
#include <winioctl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static HANDLE Device, Another;

static DWORD WINAPI
Send(PVOID Number)
{
    DWORD Done;

    DeviceIoControl(Another != NULL && Number != NULL ? Another : Device,
                    CTL_CODE(FILE_DEVICE_UNKNOWN, 0x800 + (DWORD)(ULONG_PTR)Number, METHOD_BUFFERED,
                             FILE_ANY_ACCESS),
                    NULL, 0, NULL, 0, &Done, NULL);
    return 0;
}

static HANDLE
Start(PVOID Number)
{
    return CreateThread(NULL, 0, Send, Number, 0, NULL);
}

static DWORD WINAPI
Nothing(PVOID Parameter)
{
    return 0;
}

static void
Stop(const char *Service)
{
    HANDLE Thread = CreateThread(NULL, 0, Nothing, NULL, 0, NULL);
    SC_HANDLE Manager = OpenSCManagerA(NULL, NULL, SC_MANAGER_CONNECT);
    SC_HANDLE Its = OpenServiceA(Manager, Service, SERVICE_STOP);
    SERVICE_STATUS Status;

    ControlService(Its, SERVICE_CONTROL_STOP, &Status);
    WaitForSingleObject(Thread, INFINITE);
}

static HANDLE
Open(const char *Name, DWORD Flags)
{
    return CreateFileA(Name, GENERIC_READ | GENERIC_WRITE, FILE_SHARE_READ | FILE_SHARE_WRITE, NULL,
                       OPEN_EXISTING, Flags, NULL);
}

/* Another process cancels what Thread waits for; it has a handle that it inherits. */
static HANDLE
CancelElsewhere(HANDLE Thread)
{
    STARTUPINFOA Startup = {.cb = sizeof(Startup)};
    PROCESS_INFORMATION Child;
    char Program[MAX_PATH], Line[MAX_PATH + 64];

    SetHandleInformation(Thread, HANDLE_FLAG_INHERIT, HANDLE_FLAG_INHERIT);
    GetModuleFileNameA(NULL, Program, sizeof(Program));
    sprintf(Line, "\"%s\" thread %llu", Program, (unsigned long long)(ULONG_PTR)Thread);
    if (!CreateProcessA(NULL, Line, NULL, NULL, TRUE, 0, NULL, NULL, &Startup, &Child)) {
        ExitProcess(GetLastError());
    }
    return Child.hProcess;
}

int
main(int Count, char **Arguments)
{
    const char *What = Arguments[1];
    HANDLE First, Other = NULL;
    PVOID Second = (PVOID)(ULONG_PTR)(Count > 4 ? atoi(Arguments[4]) : 0);
    char Name[64] = "\\\\.\\";

    if (strcmp(What, "stop") == 0) {
        Stop(Arguments[2]);
        return 0;
    }
    if (strcmp(What, "thread") == 0) {
        CancelSynchronousIo((HANDLE)(ULONG_PTR)_strtoui64(Arguments[2], NULL, 10));
        return 0;
    }
    Device =
        Open(strcat(Name, Arguments[2]), strcmp(What, "other") == 0 ? 0 : FILE_FLAG_OVERLAPPED);
    First = Start((PVOID)(ULONG_PTR)atoi(Arguments[3]));
    if (strcmp(What, "suspend") == 0) {
        SuspendThread(First);
        Send(Second);
        ResumeThread(First);
    } else if (strcmp(What, "terminate") == 0) {
        TerminateThread(First, 0);
        Send(Second);
    } else if (strcmp(What, "leave") == 0) {
        SuspendThread(First);
        TerminateThread(First, 0);
        ResumeThread(First);
        Send(Second);
    } else if (strcmp(What, "other") == 0) {
        Another = Open(Name, 0);
        Other = CancelElsewhere(First);
        Send(Second);
        WaitForSingleObject(Other, INFINITE);
    } else if (strcmp(What, "exit") == 0) {
        ExitProcess(0);
    } else if (strcmp(What, "cancel") == 0) {
        Other = Start(Second);
        CancelIoEx(Device, NULL);
        WaitForSingleObject(Other, INFINITE);
    } else {
        CloseHandle(Device);
    }
    WaitForSingleObject(First, INFINITE);
    return 0;
}
