/*
 * debugaccess.c - who may debug whom. Win32: DebugActiveProcess ("must be able to open the process for
 * PROCESS_ALL_ACCESS"; "if the debugging process has the SE_DEBUG_NAME privilege granted and enabled, it can debug any").
 *
 * Three clients: an administrator's that is attacked, a user's that attacks, an administrator's with the privilege. They
 * know each other by their place in the list of processes, and when to act by the clock.
 */
#include "ntlab-client.h"
#include <winternl.h>

static DWORD
Other(int Index)
{
    static UCHAR Buffer[0x10000];
    SYSTEM_PROCESS_INFORMATION *Info = (SYSTEM_PROCESS_INFORMATION *)Buffer;

    if (NtQuerySystemInformation(SystemProcessInformation, Buffer, sizeof(Buffer), NULL) != 0) {
        return 0;
    }
    for (;; Info = (SYSTEM_PROCESS_INFORMATION *)((PUCHAR)Info + Info->NextEntryOffset)) {
        DWORD Id = (DWORD)(ULONG_PTR)Info->UniqueProcessId;

        if (Id > 4 && Id != GetCurrentProcessId() && Info->ImageName.Length > 8 && Index-- == 0) {
            return Id;
        }
        if (Info->NextEntryOffset == 0) {
            return 0;
        }
    }
}

static BOOL
EnableDebugPrivilege(void)
{
    TOKEN_PRIVILEGES New = {.PrivilegeCount = 1,
                            .Privileges[0].Luid.LowPart = 20,
                            .Privileges[0].Attributes = SE_PRIVILEGE_ENABLED};
    HANDLE Token;
    DWORD Error;

    OpenProcessToken(GetCurrentProcess(), TOKEN_ADJUST_PRIVILEGES, &Token);
    AdjustTokenPrivileges(Token, FALSE, &New, 0, NULL, NULL);
    Error = GetLastError(); /* ERROR_NOT_ALL_ASSIGNED if the token does not hold it */
    CloseHandle(Token);
    return Error == ERROR_SUCCESS;
}

static int
Denied(DWORD Process)
{
    return Process != 0 && !DebugActiveProcess(Process) && GetLastError() == ERROR_ACCESS_DENIED;
}

int
main(int Count, char **Words)
{
    DEBUG_EVENT Event;
    DWORD Process;

    if (strcmp(Words[1], "victim") == 0) {
        Sleep(3500);
        EXPECT(!IsDebuggerPresent());
    } else if (strcmp(Words[1], "user") == 0) {
        Sleep(100);
        EXPECT(!EnableDebugPrivilege());
        EXPECT(Denied(Other(0)));
        EXPECT(Denied(Other(1)));
        EXPECT(Denied(4)); /* System */
        Sleep(1400);
        EXPECT(IsDebuggerPresent()); /* the privileged one's */
        Sleep(1500);
        EXPECT(!IsDebuggerPresent()); /* which has left again */
    } else {
        Sleep(1000);
        Process = Other(1);      /* the user's */
        EXPECT(Denied(Process)); /* being an administrator is not enough */
        EXPECT(EnableDebugPrivilege());
        EXPECT(DebugActiveProcess(Process));
        while (WaitForDebugEvent(&Event, 1000)) {
            EXPECT_EQ(Event.dwProcessId, Process);
            ContinueDebugEvent(Event.dwProcessId, Event.dwThreadId, DBG_CONTINUE);
        }
        EXPECT(DebugActiveProcessStop(Process));
        Sleep(500);
    }
    return TEST_DONE();
}
