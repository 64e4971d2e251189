/*
 * misuse-client.c - asks for one misuse: FORM MISUSE, both as numbers of the table. The run ends in it.
 */
#include "ntlab-client.h"
#include <winioctl.h>
#include <stdlib.h>
#include "locks/locks.h"

int
main(int Count, char **Words)
{
    ULONG Input[2];
    DWORD Bytes;
    HANDLE Device = CreateFileA("\\\\.\\LocksMisuse", GENERIC_READ | GENERIC_WRITE, 0, NULL,
                                OPEN_EXISTING, 0, NULL);

    EXPECT(Device != INVALID_HANDLE_VALUE);
    if (Count == 3) {
        Input[0] = strtoul(Words[1], NULL, 0);
        Input[1] = strtoul(Words[2], NULL, 0);
        DeviceIoControl(Device, LOCKS_MISUSE, Input, sizeof(Input), NULL, 0, &Bytes, NULL);
    }
    return TEST_DONE();
}
