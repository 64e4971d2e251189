/* control-client.c - opens the device that its first argument names, sends the controls with these numbers one after the
   other; returns 1 if one fails. */
#include <windows.h>
#include <winioctl.h>
#include <stdio.h>
#include <stdlib.h>

int
main(int Count, char **Arguments)
{
    char Name[64];
    HANDLE Device;
    DWORD Done;

    snprintf(Name, sizeof(Name), "\\\\.\\%s", Arguments[1]);
    Device = CreateFileA(Name, GENERIC_READ | GENERIC_WRITE, FILE_SHARE_READ | FILE_SHARE_WRITE,
                         NULL, OPEN_EXISTING, 0, NULL);
    for (int i = 2; i < Count; i++) {
        if (!DeviceIoControl(Device,
                             CTL_CODE(FILE_DEVICE_UNKNOWN, 0x800 + (DWORD)atoi(Arguments[i]),
                                      METHOD_BUFFERED, FILE_ANY_ACCESS),
                             NULL, 0, NULL, 0, &Done, NULL)) {
            return 1;
        }
    }
    return 0;
}
