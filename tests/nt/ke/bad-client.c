/* bad-client.c - one request to the driver, which ends the system (badregion.c, badapc.c). */
#include "ntlab-client.h"
#include <winioctl.h>

static void CALLBACK
Apc(ULONG_PTR Parameter)
{
}

int
main(int argc, char **argv)
{
    ULONG_PTR Routine = (ULONG_PTR)Apc;
    DWORD Bytes;
    HANDLE Device = CreateFileA("\\\\.\\KeBad", GENERIC_READ | GENERIC_WRITE,
                                FILE_SHARE_READ | FILE_SHARE_WRITE, NULL, OPEN_EXISTING, 0, NULL);

    DeviceIoControl(Device, CTL_CODE(0x8126, 0x800, METHOD_BUFFERED, FILE_ANY_ACCESS), &Routine,
                    sizeof(Routine), NULL, 0, &Bytes, NULL);
    SleepEx(0, TRUE);
    return 0;
}
