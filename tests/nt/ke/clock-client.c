/*
 * clock-client.c - the system's time is set: absolute timers follow it, relative ones and the count of ticks do not.
 * [LEARN:sysinfoapi/setsystemtime], [LEARN:synchapi/setwaitabletimer], [DDI:wdm/kesettimer] (absolute expiration times change with the clock).
 */
#include "../ntlab-client.h"

#define MINUTE (60ll * 10000000)

static LONGLONG
Now(void)
{
    FILETIME Time;

    GetSystemTimeAsFileTime(&Time);
    return ((LONGLONG)Time.dwHighDateTime << 32) | Time.dwLowDateTime;
}

static BOOL
SetClock(LONGLONG To)
{
    FILETIME Time = {(DWORD)To, (DWORD)(To >> 32)};
    SYSTEMTIME Parts;

    return FileTimeToSystemTime(&Time, &Parts) && SetSystemTime(&Parts);
}

static HANDLE
Timer(LONGLONG Due)
{
    HANDLE Handle = CreateWaitableTimerA(NULL, TRUE, NULL);
    LARGE_INTEGER Time = {.QuadPart = Due};

    EXPECT(SetWaitableTimer(Handle, &Time, 0, NULL, NULL, FALSE));
    return Handle;
}

static void
MayNot(void)
{
    LONGLONG Start = Now();

    EXPECT(!SetClock(Start + MINUTE) && GetLastError() == ERROR_PRIVILEGE_NOT_HELD);
    EXPECT(Now() - Start < MINUTE);
}

static void
May(void)
{
    TOKEN_PRIVILEGES Wanted = {1, {{{12, 0}, SE_PRIVILEGE_ENABLED}}}; /* SeSystemtimePrivilege */
    HANDLE Token, Absolute, Later, Relative;
    LONGLONG Start, Jumped;
    ULONGLONG Ticks;

    OpenProcessToken(GetCurrentProcess(), TOKEN_ADJUST_PRIVILEGES, &Token);
    EXPECT(AdjustTokenPrivileges(Token, FALSE, &Wanted, 0, NULL, NULL) &&
           GetLastError() == ERROR_SUCCESS);
    CloseHandle(Token);
    Start = Now();
    Ticks = GetTickCount64();
    Absolute = Timer(Start + MINUTE);
    Later = Timer(Start + 4 * MINUTE);
    Relative = Timer(-MINUTE);
    EXPECT(SetClock(Start + 2 * MINUTE));
    Jumped = Now();
    EXPECT(Jumped - Start > 2 * MINUTE - 20000 && Jumped - Start < 2 * MINUTE + 10000000);
    EXPECT(GetTickCount64() - Ticks < 10000);
    EXPECT_EQ(WaitForSingleObject(Absolute, 1000), WAIT_OBJECT_0); /* its time has come */
    EXPECT_EQ(WaitForSingleObject(Relative, 1000), WAIT_TIMEOUT);
    EXPECT_EQ(WaitForSingleObject(Later, 1000), WAIT_TIMEOUT);
    Ticks = GetTickCount64();
    EXPECT(SetClock(Now() - MINUTE)); /* three minutes to go, again */
    EXPECT_EQ(WaitForSingleObject(Later, 150 * 1000), WAIT_TIMEOUT);
    EXPECT_EQ(WaitForSingleObject(Relative, 0), WAIT_OBJECT_0);
    EXPECT_EQ(WaitForSingleObject(Later, 60 * 1000), WAIT_OBJECT_0);
    EXPECT(GetTickCount64() - Ticks > 170 * 1000);
    EXPECT(GetTickCount64() - Ticks < 200 * 1000);
    CloseHandle(Absolute);
    CloseHandle(Later);
    CloseHandle(Relative);
}

int
main(int Count, char **Words)
{
    if (Count > 1 && Words[1][0] == 'a') {
        May();
    } else {
        MayNot();
    }
    return TEST_DONE();
}
