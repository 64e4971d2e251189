/*
 * left-client.c - unloads the driver whose service is named, waits for what it has left behind, and starts a program.
 */
#include "ntlab-client.h"
#include <winternl.h>

NTSTATUS NTAPI NtUnloadDriver(PUNICODE_STRING);
NTSTATUS NTAPI RtlAdjustPrivilege(ULONG, BOOLEAN, BOOLEAN, PBOOLEAN);

int
main(int Count, char **Words)
{
    STARTUPINFOA Startup = {.cb = sizeof(Startup)};
    PROCESS_INFORMATION Process;
    UNICODE_STRING Service;
    WCHAR Path[200];
    BOOLEAN Was;

    if (Count == 1) {
        return 0;
    }
    swprintf(Path, 200, L"\\Registry\\Machine\\System\\CurrentControlSet\\Services\\%hs", Words[1]);
    RtlInitUnicodeString(&Service, Path);
    RtlAdjustPrivilege(10, TRUE, FALSE, &Was);
    EXPECT_EQ(NtUnloadDriver(&Service), 0);
    Sleep(3000);
    if (Count > 2) {
        return TEST_DONE(); /* it has cleaned up */
    }
    CreateProcessA(NULL, Words[0], NULL, NULL, FALSE, 0, NULL, NULL, &Startup, &Process);
    Sleep(3000);
    EXPECT(FALSE); /* nothing came */
    return 0;
}
