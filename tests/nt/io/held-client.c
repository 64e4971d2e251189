/*
 * held-client.c - leaves a request behind.
 */
#include "../ntlab-client.h"
#include <winternl.h>

int
main(void)
{
    UNICODE_STRING Name;
    OBJECT_ATTRIBUTES Attributes;
    static IO_STATUS_BLOCK Iosb;
    HANDLE Handle;

    RtlInitUnicodeString(&Name, L"\\Device\\IoTestHeld");
    InitializeObjectAttributes(&Attributes, &Name, 0, NULL, NULL);
    EXPECT_EQ(NtOpenFile(&Handle, FILE_GENERIC_READ, &Attributes, &Iosb, 7, 0), 0);
    EXPECT_EQ(NtDeviceIoControlFile(Handle, NULL, NULL, NULL, &Iosb, 0x222044, NULL, 0, NULL, 0),
              0x103);
    return TEST_DONE();
}
