/* suspend-client.c - sends the controls with these numbers, one after the other. */
#include <windows.h>
#include <winioctl.h>
#include <stdlib.h>

int
main(int Count, char **Arguments)
{
    HANDLE Device = CreateFileA("\\\\.\\Suspend", GENERIC_READ | GENERIC_WRITE,
                                FILE_SHARE_READ | FILE_SHARE_WRITE, NULL, OPEN_EXISTING, 0, NULL);
    DWORD Done;

    for (int i = 1; i < Count; i++) {
        if (!DeviceIoControl(Device,
                             CTL_CODE(FILE_DEVICE_UNKNOWN, 0x800 + (DWORD)atoi(Arguments[i]),
                                      METHOD_BUFFERED, FILE_ANY_ACCESS),
                             NULL, 0, NULL, 0, &Done, NULL)) {
            return 1;
        }
    }
    return 0;
}
