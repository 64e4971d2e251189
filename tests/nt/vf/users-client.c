/* users-client.c - sends each of the driver's requests once (users.c). */
#include <windows.h>
#include "users.h"

int
main(void)
{
    HANDLE Device = CreateFileA("\\\\.\\JudgedUsers", GENERIC_READ | GENERIC_WRITE, 0, NULL,
                                OPEN_EXISTING, 0, NULL);
    BYTE *Pages = VirtualAlloc(NULL, 0x2000, MEM_COMMIT, PAGE_READWRITE);
    DWORD Length;

    for (DWORD i = 0; i < REQUESTS; i++) {
        DeviceIoControl(Device, 0x22 << 16 | (0x800 + i) << 2 | 3 /* METHOD_NEITHER */,
                        Pages + 0x100, BUFFER, Pages + 0x1200, BUFFER, &Length, NULL);
    }
    CloseHandle(Device);
    return Device == INVALID_HANDLE_VALUE;
}
