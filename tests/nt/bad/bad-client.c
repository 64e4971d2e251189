/*
 * bad-client.c - sends bad.sys its one request, and waits for its end.
 */
#include "ntlab-client.h"
#include <winioctl.h>
#include "bad/bad.h"

int
main(int argc, char **argv)
{
    static char Buffer[64];
    HANDLE Device = CreateFileA("\\\\.\\NtlabBad", GENERIC_READ | GENERIC_WRITE, 0, NULL,
                                OPEN_EXISTING, FILE_FLAG_OVERLAPPED, NULL);
    OVERLAPPED Overlapped = {0};
    DWORD Bytes;

    EXPECT(Device != INVALID_HANDLE_VALUE);
    Overlapped.hEvent = CreateEventA(NULL, TRUE, FALSE, NULL);
    DeviceIoControl(Device, IOCTL_BAD, Buffer, sizeof(Buffer), (PVOID)(ULONG_PTR)BAD_ADDRESS,
                    sizeof(Buffer), &Bytes, &Overlapped);
    GetOverlappedResult(Device, &Overlapped, &Bytes, TRUE);
    return TEST_DONE();
}
