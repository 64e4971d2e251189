/*
 * leave-client.c - a client that ends while the driver holds its request: the request is cancelled, and only then does
 * the process go [K:canceling-irps].
 */
#include "ntlab-client.h"
#include <winioctl.h>
#include "bad/bad.h"

int
main(void)
{
    static char Buffer[64];
    HANDLE Device = CreateFileA("\\\\.\\NtlabBad", GENERIC_READ | GENERIC_WRITE, 0, NULL,
                                OPEN_EXISTING, FILE_FLAG_OVERLAPPED, NULL);
    static OVERLAPPED Overlapped;
    DWORD Bytes;

    EXPECT(Device != INVALID_HANDLE_VALUE);
    Overlapped.hEvent = CreateEventA(NULL, TRUE, FALSE, NULL);
    EXPECT(
        !DeviceIoControl(Device, IOCTL_BAD, Buffer, sizeof(Buffer), NULL, 0, &Bytes, &Overlapped));
    EXPECT_EQ(GetLastError(), ERROR_IO_PENDING);
    return TEST_DONE();
}
