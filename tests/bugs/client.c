/*
 * client.c - sends the driver of a bug a few requests; arguments say which: buffered, short, neither, direct, read, write, two,
 * event (a handle of one that is signaled is sent), leave (the handle is closed with the request pending). `file` is one of a minifilter: a file is written and read,
 * and who waits for changes of a directory waits when the filter is unloaded.
 */
#include <windows.h>
#include <winioctl.h>
#include <stdio.h>
#include <string.h>

#define BUG_BUFFERED CTL_CODE(FILE_DEVICE_UNKNOWN, 0x800, METHOD_BUFFERED, FILE_ANY_ACCESS)
#define BUG_NEITHER  CTL_CODE(FILE_DEVICE_UNKNOWN, 0x801, METHOD_NEITHER, FILE_ANY_ACCESS)
#define BUG_DIRECT   CTL_CODE(FILE_DEVICE_UNKNOWN, 0x802, METHOD_OUT_DIRECT, FILE_ANY_ACCESS)

static HANDLE Device;
static char Input[64] = "input", Output[64];

static DWORD WINAPI
Request(PVOID Parameter)
{
    const char *What = Parameter;
    OVERLAPPED Overlapped = {0};
    DWORD Bytes = 0;
    DWORD Code = strcmp(What, "neither") == 0  ? BUG_NEITHER
                 : strcmp(What, "direct") == 0 ? BUG_DIRECT
                                               : BUG_BUFFERED;
    BOOL Good;

    if (strcmp(What, "leave") == 0) {
        static OVERLAPPED Left; /* lives longer than the request */

        DeviceIoControl(Device, Code, Input, sizeof(Input), Output, sizeof(Output), NULL, &Left);
        return 0;
    }
    if (strcmp(What, "event") == 0) {
        *(HANDLE *)Input = CreateEventA(NULL, TRUE, TRUE, NULL);
    }
    Overlapped.hEvent = CreateEventA(NULL, TRUE, FALSE, NULL);
    if (strcmp(What, "read") == 0) {
        Good = ReadFile(Device, Output, sizeof(Output), &Bytes, &Overlapped);
    } else if (strcmp(What, "write") == 0) {
        Good = WriteFile(Device, Input, sizeof(Input), &Bytes, &Overlapped);
    } else {
        Good = DeviceIoControl(Device, Code, Input, strcmp(What, "short") == 0 ? 4 : sizeof(Input),
                               Output, sizeof(Output), &Bytes, &Overlapped);
    }
    if (!Good && GetLastError() == ERROR_IO_PENDING) {
        if (WaitForSingleObject(Overlapped.hEvent, 100) == WAIT_TIMEOUT) {
            CancelIo(Device);
        }
        GetOverlappedResult(Device, &Overlapped, &Bytes, TRUE);
    }
    CloseHandle(Overlapped.hEvent);
    return 0;
}

/* The client's second argument: the driver is unloaded here, and not when everybody is gone. */
static VOID
StopService(const char *Name)
{
    SC_HANDLE Manager = OpenSCManagerA(NULL, NULL, SC_MANAGER_CONNECT);
    SC_HANDLE Service = OpenServiceA(Manager, Name, SERVICE_STOP);
    SERVICE_STATUS Status;

    if (!ControlService(Service, SERVICE_CONTROL_STOP, &Status)) {
        printf("not stopped: %lu\n", GetLastError());
    }
    CloseServiceHandle(Service);
    CloseServiceHandle(Manager);
}

int
main(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "file") == 0) {
        DWORD Bytes;

        Device = CreateFileA("C:\\bug.txt", GENERIC_READ | GENERIC_WRITE, 0, NULL, CREATE_ALWAYS, 0,
                             NULL);
        WriteFile(Device, Input, sizeof(Input), &Bytes, NULL);
        SetFilePointer(Device, 0, NULL, FILE_BEGIN);
        ReadFile(Device, Output, sizeof(Output), &Bytes, NULL);
        CloseHandle(Device);
        if (argc > 2) {
            static OVERLAPPED Overlapped;

            Device =
                CreateFileA("C:\\", FILE_LIST_DIRECTORY, FILE_SHARE_READ | FILE_SHARE_WRITE, NULL,
                            OPEN_EXISTING, FILE_FLAG_BACKUP_SEMANTICS | FILE_FLAG_OVERLAPPED, NULL);
            ReadDirectoryChangesW(Device, Output, sizeof(Output), FALSE,
                                  FILE_NOTIFY_CHANGE_FILE_NAME, NULL, &Overlapped, NULL);
            StopService(argv[2]);
        }
        return 0;
    }
    Device = CreateFileA("\\\\.\\NtlabBug", GENERIC_READ | GENERIC_WRITE, 0, NULL, OPEN_EXISTING,
                         FILE_FLAG_OVERLAPPED, NULL);
    if (Device == INVALID_HANDLE_VALUE) {
        return 0; /* the driver's mistake was to be made before */
    }
    if (argc < 2) {
        Request("buffered");
    }
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "two") == 0) {
            HANDLE Thread = CreateThread(NULL, 0, Request, argv[i + 1], 0, NULL);

            Request(argv[++i]);
            WaitForSingleObject(Thread, INFINITE);
            CloseHandle(Thread);
        } else {
            Request(argv[i]);
        }
    }
    CloseHandle(Device);
    return 0;
}
