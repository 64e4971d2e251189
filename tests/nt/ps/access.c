/*
 * access.c - who may suspend and end whom: [PH:ntpsapi.h] THREAD_SUSPEND_RESUME, PROCESS_SUSPEND_RESUME; [K:critical
 * regions article, S0]: an unprivileged process can suspend its own threads, and no one else's; Win32: "Process
 * Security and Access Rights" (SE_DEBUG_NAME opens any process).
 *
 * Three clients: an administrator's process that is attacked, a user's that attacks (and is attacked in turn), an
 * administrator's with the debug privilege. They know each other by their image, and when to act by the clock.
 */
#include "ntlab-client.h"
#include <winternl.h>

NTSTATUS NTAPI NtSuspendProcess(HANDLE);
NTSTATUS NTAPI NtResumeProcess(HANDLE);
NTSTATUS NTAPI NtOpenThread(PHANDLE, ACCESS_MASK, POBJECT_ATTRIBUTES, PVOID);

/* The n-th other process of this image: its id, and that of its first thread. */
static DWORD
Other(int Index, DWORD *Thread)
{
    static UCHAR Buffer[0x10000];
    SYSTEM_PROCESS_INFORMATION *Info = (SYSTEM_PROCESS_INFORMATION *)Buffer;

    if (NtQuerySystemInformation(SystemProcessInformation, Buffer, sizeof(Buffer), NULL) != 0) {
        return 0;
    }
    for (;; Info = (SYSTEM_PROCESS_INFORMATION *)((PUCHAR)Info + Info->NextEntryOffset)) {
        DWORD Id = (DWORD)(ULONG_PTR)Info->UniqueProcessId;

        if (Id > 4 && Id != GetCurrentProcessId() && Info->ImageName.Length > 8 && Index-- == 0) {
            *Thread = *(DWORD *)((PUCHAR)Info + 0x100 + 0x30); /* UniqueThread of the first row */
            return Id;
        }
        if (Info->NextEntryOffset == 0) {
            return 0;
        }
    }
}

static int
Denied(HANDLE Handle)
{
    if (Handle != NULL) {
        CloseHandle(Handle);
        return 0;
    }
    return GetLastError() == ERROR_ACCESS_DENIED;
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

static volatile LONG Longest; /* time between two beats of this process, in ms */

static DWORD WINAPI
Beats(void *Context)
{
    ULONGLONG Last = GetTickCount64(), Now;

    for (;;) {
        Sleep(10);
        Now = GetTickCount64();
        Longest = max(Longest, (LONG)(Now - Last));
        Last = Now;
    }
}

static void
Attack(void)
{
    DWORD Thread, Process;
    HANDLE Handle;

    EXPECT(!EnableDebugPrivilege());
    for (int i = 0; i < 2; i++) { /* both of the administrator's */
        Process = Other(i, &Thread);
        EXPECT(Process != 0);
        EXPECT(Denied(OpenProcess(PROCESS_SUSPEND_RESUME, FALSE, Process)));
        EXPECT(Denied(OpenProcess(PROCESS_TERMINATE, FALSE, Process)));
        EXPECT(Denied(OpenProcess(PROCESS_CREATE_THREAD, FALSE, Process)));
        EXPECT(Denied(OpenThread(THREAD_SUSPEND_RESUME, FALSE, Thread)));
        EXPECT(Denied(OpenThread(THREAD_TERMINATE, FALSE, Thread)));
        EXPECT(Denied(OpenThread(THREAD_SET_CONTEXT, FALSE, Thread)));
    }
    EXPECT(Denied(OpenProcess(PROCESS_SUSPEND_RESUME, FALSE, 4)));
    /* its own */
    Handle = CreateThread(NULL, 0, Beats, NULL, 0, &Thread);
    CloseHandle(Handle);
    Handle = OpenThread(THREAD_SUSPEND_RESUME, FALSE, Thread);
    EXPECT(Handle != NULL);
    EXPECT_EQ(SuspendThread(Handle), 0);
    EXPECT_EQ(ResumeThread(Handle), 1);
    CloseHandle(Handle);
    Handle = OpenProcess(PROCESS_SUSPEND_RESUME, FALSE, GetCurrentProcessId());
    EXPECT(Handle != NULL);
    EXPECT_EQ(NtResumeProcess(Handle), 0);
    CloseHandle(Handle);
}

static void
Administer(void)
{
    DWORD Thread, Process = Other(1, &Thread); /* the user's: the second of the others */
    HANDLE Handle;

    /* being an administrator is not enough: the descriptor names the user and the system */
    EXPECT(Denied(OpenProcess(PROCESS_SUSPEND_RESUME, FALSE, Process)));
    EXPECT(Denied(OpenThread(THREAD_SUSPEND_RESUME, FALSE, Thread)));
    EXPECT(EnableDebugPrivilege());
    Handle = OpenThread(THREAD_SUSPEND_RESUME, FALSE, Thread);
    EXPECT(Handle != NULL);
    EXPECT_EQ(SuspendThread(Handle), 0);
    EXPECT_EQ(ResumeThread(Handle), 1);
    CloseHandle(Handle);
    Handle = OpenProcess(PROCESS_SUSPEND_RESUME, FALSE, Process);
    EXPECT(Handle != NULL);
    EXPECT_EQ(NtSuspendProcess(Handle), 0);
    Sleep(1000);
    EXPECT_EQ(NtResumeProcess(Handle), 0);
    CloseHandle(Handle);
}

int
main(int Count, char **Words)
{
    const char *Role = Words[1];

    if (strcmp(Role, "victim") == 0) {
        CreateThread(NULL, 0, Beats, NULL, 0, NULL);
        Sleep(3500);
        EXPECT(Longest < 500); /* nobody has stopped it */
    } else if (strcmp(Role, "user") == 0) {
        Sleep(100);
        Attack();
        Sleep(3000);
        EXPECT(Longest >= 900); /* the privileged one has */
    } else {
        Sleep(1000);
        Administer();
        Sleep(1000);
    }
    return TEST_DONE();
}
