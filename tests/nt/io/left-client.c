/*
 * left-client.c - unloads the driver whose service is named, waits for what it has left behind, and does what that may be told of.
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
    SYSTEMTIME Now;
    HKEY Key;
    BOOLEAN Was;

    if (Count == 1) {
        return 0;
    }
    swprintf(Path, 200, L"\\Registry\\Machine\\System\\CurrentControlSet\\Services\\%hs", Words[1]);
    RtlInitUnicodeString(&Service, Path);
    RtlAdjustPrivilege(10, TRUE, FALSE, &Was);
    CreateDirectoryA("C:\\left-test", NULL);
    EXPECT_EQ(NtUnloadDriver(&Service), 0);
    SleepEx(3000, TRUE);
    CloseHandle(CreateFileA("C:\\left-test\\new", GENERIC_WRITE, 0, NULL, CREATE_ALWAYS, 0, NULL));
    RtlAdjustPrivilege(12, TRUE, FALSE, &Was);
    GetSystemTime(&Now);
    SetSystemTime(&Now);
    RegOpenKeyA(HKEY_LOCAL_MACHINE, "System", &Key);
    CloseHandle(OpenProcess(PROCESS_QUERY_INFORMATION, FALSE, GetCurrentProcessId()));
    if (Count > 2) {
        return TEST_DONE(); /* it has cleaned up */
    }
    CreateProcessA(NULL, Words[0], NULL, NULL, FALSE, 0, NULL, NULL, &Startup, &Process);
    Sleep(3000);
    EXPECT(FALSE); /* nothing came */
    return 0;
}
