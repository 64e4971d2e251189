/*
 * secure-client.c - see secure.c. Knows from its token whether it is an administrator's.
 */
#include "ntlab-client.h"
#include <winternl.h>

static BOOL
Allowed(const char *Name, DWORD Access)
{
    HANDLE Handle = CreateFileA(Name, Access, 0, NULL, OPEN_EXISTING, 0, NULL);

    if (Handle == INVALID_HANDLE_VALUE) {
        EXPECT_EQ(GetLastError(), ERROR_ACCESS_DENIED);
        return FALSE;
    }
    CloseHandle(Handle);
    return TRUE;
}

int
main(int argc, char **argv)
{
    BOOL Admin = argc < 2 || strcmp(argv[1], "user") != 0;

    /* Everyone may read and write a device with the default descriptor. */
    EXPECT(Allowed("\\\\.\\IoSecDefault", GENERIC_READ | GENERIC_WRITE));
    EXPECT_EQ(Allowed("\\\\.\\IoSecDefault", WRITE_DAC), Admin);
    EXPECT_EQ(Allowed("\\\\.\\IoSecAdmin", GENERIC_READ), Admin);
    EXPECT_EQ(Allowed("\\\\.\\IoSecAdmin", 0), Admin);
    /* Without FILE_DEVICE_SECURE_OPEN a name below the device is the driver's to protect. */
    EXPECT(Allowed("\\\\.\\IoSecAdmin\\file", GENERIC_READ));
    EXPECT_EQ(Allowed("\\\\.\\IoSecBelow", GENERIC_READ), Admin);
    EXPECT_EQ(Allowed("\\\\.\\IoSecBelow\\file", GENERIC_READ), Admin);
    return TEST_DONE();
}
