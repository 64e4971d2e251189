/*
 * stops-client.c - asks stops.sys for one mistake: CASE, a number of bad.h. The run ends in it.
 */
#include "ntlab-client.h"
#include <winioctl.h>
#include <stdlib.h>
#include "bad/bad.h"

int
main(int Count, char **Words)
{
    BYTE *Code = VirtualAlloc(NULL, 4096, MEM_COMMIT, PAGE_EXECUTE_READWRITE);
    STOP_REQUEST Request = {Count == 2 ? strtoul(Words[1], NULL, 0) : 0, (ULONG_PTR)Code};
    DWORD Bytes;
    HANDLE Device = CreateFileA("\\\\.\\NtlabStops", GENERIC_READ | GENERIC_WRITE, 0, NULL,
                                OPEN_EXISTING, 0, NULL);

    EXPECT(Device != INVALID_HANDLE_VALUE);
    Code[0] = 0xC3; /* ret */
    EXPECT(DeviceIoControl(Device, IOCTL_STOP, &Request, sizeof(Request), NULL, 0, &Bytes, NULL));
    return TEST_DONE();
}
