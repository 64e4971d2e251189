/*
 * harderror-client.c - hard errors as a client meets them: [DDI:ntddk/ioraiseharderror], [DDI:ntddk/
 * ioraiseinformationalharderror], [DDI:ntddk/iosetthreadharderrormode], [PH:ntexapi.h], Win32: SetErrorMode,
 * SetThreadErrorMode. `hang` as argument: the documented deadlock.
 */
#include "ntlab-client.h"
#include <winioctl.h>
#include <winternl.h>
#include "io/failing.h"

NTSTATUS NTAPI NtRaiseHardError(NTSTATUS, ULONG, ULONG, PULONG_PTR, ULONG, PULONG);

static HANDLE Device;

static ULONG
Control(HANDLE File, DWORD Code, ULONG Input)
{
    DWORD Bytes;

    DeviceIoControl(File, Code, &Input, sizeof(Input), &Input, sizeof(Input), &Bytes, NULL);
    return Input;
}

static HANDLE
Open(void)
{
    return CreateFileA("\\\\.\\IoFailing", GENERIC_READ | GENERIC_WRITE,
                       FILE_SHARE_READ | FILE_SHARE_WRITE, NULL, OPEN_EXISTING, 0, NULL);
}

static ULONGLONG Start;

/* Milliseconds of virtual time since the last call. */
static ULONG
Elapsed(void)
{
    ULONGLONG Before = Start;

    Start = GetTickCount64();
    return (ULONG)(Start - Before);
}

/* The user needs a second for an answer: that is how one knows that somebody asked. */
static int
WasAsked(void)
{
    return Elapsed() >= 900;
}

static void
ReadFails(ULONG Mode, int Asked)
{
    char Buffer[8] = {1, 2, 3, 4};
    DWORD Bytes = 99;

    printf("mode %lu\n", Mode);
    Control(Device, FAILING_MODE, Mode);
    Elapsed();
    EXPECT(!ReadFile(Device, Buffer, 4, &Bytes, NULL));
    EXPECT_EQ(GetLastError(), ERROR_NOT_READY); /* the status that the driver had put there */
    EXPECT_EQ(Bytes, 0);
    EXPECT(Buffer[0] == 1 && Buffer[3] == 4); /* no data into the user's buffer */
    EXPECT_EQ(WasAsked(), Asked);
    Bytes = 99;
    ReadFile(Device, Buffer, 8, &Bytes, NULL);
    EXPECT_EQ(Bytes, 0);
    EXPECT(Buffer[0] == 1 && Buffer[3] == 4);
}

static void
Switch(void)
{
    EXPECT_EQ(Control(Device, FAILING_SWITCH, FALSE), TRUE); /* enabled at first */
    EXPECT_EQ(Control(Device, FAILING_SWITCH, FALSE), FALSE);
    EXPECT_EQ(Control(Device, FAILING_SWITCH, TRUE), FALSE);
    EXPECT_EQ(Control(Device, FAILING_SWITCH, TRUE), TRUE);
}

static volatile LONG Stage;

static DWORD WINAPI
ReadsInThread(void *Quiet)
{
    HANDLE Own = Open();
    char Buffer[4];
    DWORD Bytes;

    Control(Own, FAILING_SWITCH, Quiet == NULL);
    Stage = 1;
    ReadFile(Own, Buffer, 4, &Bytes, NULL);
    Stage = 2;
    CloseHandle(Own);
    return GetLastError();
}

static void
Dialogs(void)
{
    HANDLE Asked, Quiet;

    Control(Device, FAILING_MODE, FailingPlain);
    Stage = 0;
    Asked = CreateThread(NULL, 0, ReadsInThread, NULL, 0, NULL);
    Sleep(100);
    EXPECT_EQ(Stage, 1);
    /* the mode is each thread's own, and a dialog in one keeps no other one */
    Elapsed();
    Quiet = CreateThread(NULL, 0, ReadsInThread, (void *)1, 0, NULL);
    EXPECT_EQ(WaitForSingleObject(Quiet, 100), WAIT_OBJECT_0);
    EXPECT(!WasAsked());
    CloseHandle(Quiet);
    /* the dialog is kernel code in the thread: that ends when the user has answered */
    EXPECT(TerminateThread(Asked, 5));
    EXPECT_EQ(WaitForSingleObject(Asked, 100), WAIT_TIMEOUT);
    EXPECT_EQ(WaitForSingleObject(Asked, 2000), WAIT_OBJECT_0);
    CloseHandle(Asked);
}

static FAILING_ANSWER
Inform(ULONG How)
{
    FAILING_ANSWER Answer = {99};
    DWORD Bytes;

    DeviceIoControl(Device, FAILING_INFORM, &How, sizeof(How), &Answer, sizeof(Answer), &Bytes,
                    NULL);
    return Answer;
}

static void
Informational(void)
{
    FAILING_ANSWER Answer;

    Elapsed();
    EXPECT_EQ(Inform(InformQuiet).First, FALSE);
    EXPECT(!WasAsked());
    EXPECT_EQ(Inform(InformNobody).First, TRUE);
    EXPECT(!WasAsked()); /* session 0 shows nothing, from Vista on */
    EXPECT_EQ(Inform(InformOnce).First, TRUE);
    EXPECT(WasAsked());
    Answer = Inform(InformInRegion);
    EXPECT_EQ(Answer.First, TRUE);
    EXPECT_EQ(Answer.Same, FALSE); /* an equivalent one is pending */
    EXPECT_EQ(Answer.OtherString, TRUE);
    EXPECT_EQ(Answer.OtherStatus, TRUE);
    EXPECT(Answer.More < 1000); /* too many are queued */
    EXPECT_EQ(Answer.Again, TRUE);
    EXPECT(Elapsed() >=
           900 * (4 + Answer.More)); /* each of them appeared, once the region was left */
}

static ULONG
Raise(NTSTATUS Error, ULONG Option)
{
    ULONG Response = 99;
    NTSTATUS Status = NtRaiseHardError(Error, 0, 0, NULL, Option, &Response);

    return Status == 0 ? Response : (ULONG)Status;
}

static DWORD WINAPI
RaisesInThread(void *Context)
{
    Stage = 1;
    Raise(0xC0000013, 1);
    Stage = 2;
    return 3;
}

static void
Service(const char *Self)
{
    STARTUPINFOA Startup = {.cb = sizeof(Startup)};
    PROCESS_INFORMATION Child;
    HANDLE Thread;
    DWORD Old, Code;
    char Line[400];
    ULONG Response;

    Elapsed();
    EXPECT_EQ(Raise(0xC0000013, 1), 6); /* OptionOk: ResponseOk */
    EXPECT(WasAsked());
    EXPECT_EQ(Raise(0xC0000013, 2), 6);          /* OkCancel */
    EXPECT_EQ(Raise(0xC0000013, 3), 3);          /* RetryCancel: ResponseCancel */
    EXPECT_EQ(Raise(0xC0000013, 0), 2);          /* AbortRetryIgnore: ResponseAbort */
    EXPECT_EQ(Raise(0xC0000013, 4), 8);          /* YesNo: ResponseYes */
    EXPECT_EQ(Raise(0xC0000013, 8), 3);          /* CancelTryContinue */
    EXPECT_EQ(Raise(0xC0000013, 6), 0xC0000061); /* shuts down: STATUS_PRIVILEGE_NOT_HELD */
    EXPECT_EQ(Raise(0xC0000013, 9), 0xC00000F2); /* STATUS_INVALID_PARAMETER_4 */
    EXPECT_EQ(NtRaiseHardError(0xC0000013, 6, 0, NULL, 1, &Response),
              (NTSTATUS)0xC00000F0); /* STATUS_INVALID_PARAMETER_2 */
    EXPECT_EQ(NtRaiseHardError(0xC0000013, 0, 0, NULL, 1, (PULONG)16), (NTSTATUS)0xC0000005);
    Elapsed();
    EXPECT_EQ(Raise(0xC0000013, 7), 6); /* OkNoWait */
    EXPECT(!WasAsked());

    EXPECT_EQ(SetErrorMode(SEM_FAILCRITICALERRORS), 0);
    EXPECT_EQ(GetErrorMode(), SEM_FAILCRITICALERRORS);
    Elapsed();
    EXPECT_EQ(Raise(0xC0000013, 1), 0); /* ResponseReturnToCaller: nobody is asked */
    EXPECT(!WasAsked());
    EXPECT_EQ(Raise(0xD0000013, 1), 6); /* the status overrides the mode */
    EXPECT(WasAsked());
    snprintf(Line, sizeof(Line), "\"%s\" mode", Self);
    EXPECT(CreateProcessA(NULL, Line, NULL, NULL, FALSE, 0, NULL, NULL, &Startup, &Child));
    EXPECT_EQ(WaitForSingleObject(Child.hProcess, INFINITE), WAIT_OBJECT_0);
    EXPECT(GetExitCodeProcess(Child.hProcess, &Code) && Code == SEM_FAILCRITICALERRORS);
    CloseHandle(Child.hThread);
    CloseHandle(Child.hProcess);
    EXPECT_EQ(SetErrorMode(0), SEM_FAILCRITICALERRORS);

    EXPECT(SetThreadErrorMode(SEM_FAILCRITICALERRORS, &Old) && Old == 0);
    EXPECT_EQ(GetThreadErrorMode(), SEM_FAILCRITICALERRORS);
    EXPECT_EQ(GetErrorMode(), 0);
    Elapsed();
    EXPECT_EQ(Raise(0xC0000013, 1), 0);
    EXPECT(!WasAsked());
    EXPECT(SetThreadErrorMode(0, &Old) && Old == SEM_FAILCRITICALERRORS);
    EXPECT(!SetThreadErrorMode(0x100, NULL));
    EXPECT_EQ(GetLastError(), ERROR_INVALID_PARAMETER);

    Elapsed();
    EXPECT_EQ(Control(Device, FAILING_RAISE, 0), 6);
    EXPECT(WasAsked());
    Control(Device, FAILING_SWITCH, FALSE);
    EXPECT_EQ(Control(Device, FAILING_RAISE, 0), 0);
    EXPECT_EQ(Raise(0xD0000013, 1), 0); /* and nothing overrides that */
    EXPECT(!WasAsked());
    Control(Device, FAILING_SWITCH, TRUE);

    Stage = 0; /* a thread that waits for the user on its own account can be ended */
    Thread = CreateThread(NULL, 0, RaisesInThread, NULL, 0, NULL);
    Sleep(10);
    EXPECT_EQ(Stage, 1);
    EXPECT(TerminateThread(Thread, 4));
    EXPECT_EQ(WaitForSingleObject(Thread, 100), WAIT_OBJECT_0);
    CloseHandle(Thread);
}

int
main(int Count, char **Words)
{
    const char *What = Count > 1 ? Words[1] : "";

    if (strcmp(What, "mode") == 0) {
        return (int)GetErrorMode();
    }
    Device = Open();
    EXPECT(Device != INVALID_HANDLE_VALUE);
    if (strcmp(What, "hang") == 0 || strcmp(What, "guarded") == 0) {
        ReadFails(*What == 'h' ? FailingCritical : FailingGuarded, 1);
        return TEST_DONE();
    }
    ReadFails(FailingPlain, 1);
    ReadFails(FailingQuiet, 0);
    ReadFails(FailingCritical | FailingQuiet, 0); /* the way out of the deadlock */
    ReadFails(FailingGuarded | FailingQuiet, 0);
    Switch();
    Dialogs();
    Informational();
    Service(Words[0]);
    return TEST_DONE();
}
