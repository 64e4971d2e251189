/*
 * calls-client.c - a client whose own calls come while another thread of it is in a driver: calls-client.exe WHAT DEVICE NUMBER...
 *
 *     suspend    suspends the thread that sends the first control, sends the second one, resumes it
 *     terminate  terminates the thread that sends the first control, sends the second one
 *     cancel     cancels what the thread has pending, while a third one sends the second control
 *     close      closes the handle that the thread uses
 *     stop       starts a thread, and stops the service that DEVICE names
 * What the calls return does not matter: they may come too early or too late.
 */
#include <windows.h>
#include <winioctl.h>
#include <stdlib.h>
#include <string.h>

static HANDLE Device;

static DWORD WINAPI
Send(PVOID Number)
{
    DWORD Done;

    DeviceIoControl(Device,
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
    Device = CreateFileA(strcat(Name, Arguments[2]), GENERIC_READ | GENERIC_WRITE,
                         FILE_SHARE_READ | FILE_SHARE_WRITE, NULL, OPEN_EXISTING,
                         FILE_FLAG_OVERLAPPED, NULL);
    First = Start((PVOID)(ULONG_PTR)atoi(Arguments[3]));
    if (strcmp(What, "suspend") == 0) {
        SuspendThread(First);
        Send(Second);
        ResumeThread(First);
    } else if (strcmp(What, "terminate") == 0) {
        TerminateThread(First, 0);
        Send(Second);
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
