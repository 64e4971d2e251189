/*
 * load-client.c - loading and unloading by service: [DDI:wdm/zwloaddriver], [DDI:wdm/zwunloaddriver],
 * [K:unload-routine-environment]; and clients that go away in the middle of a request.
 */
#include "ntlab-client.h"
#include <winioctl.h>
#include <winternl.h>
#include "io/echo.h"

NTSTATUS NTAPI NtLoadDriver(PUNICODE_STRING);
NTSTATUS NTAPI NtUnloadDriver(PUNICODE_STRING);
NTSTATUS NTAPI RtlAdjustPrivilege(ULONG, BOOLEAN, BOOLEAN, PBOOLEAN);

static UNICODE_STRING Service, Missing;

static HANDLE
Open(void)
{
    return CreateFileA("\\\\.\\IoEchoB", GENERIC_READ | GENERIC_WRITE, 0, NULL, OPEN_EXISTING,
                       FILE_FLAG_OVERLAPPED, NULL);
}

static void
Privilege(void)
{
    BOOLEAN Was;

    RtlAdjustPrivilege(10, FALSE, FALSE, &Was);
    EXPECT_EQ(NtUnloadDriver(&Service), (LONG)0xC0000061); /* STATUS_PRIVILEGE_NOT_HELD */
    EXPECT_EQ(NtLoadDriver(&Service), (LONG)0xC0000061);
    EXPECT_EQ(RtlAdjustPrivilege(10, TRUE, FALSE, &Was), 0);
    EXPECT_EQ(NtLoadDriver(&Missing), (LONG)0xC0000034); /* STATUS_OBJECT_NAME_NOT_FOUND */
    EXPECT_EQ(NtUnloadDriver(&Missing), (LONG)0xC0000034);
    EXPECT_EQ(NtLoadDriver(&Service), (LONG)0xC000010E); /* STATUS_IMAGE_ALREADY_LOADED */
}

/* With a handle open the unload is put off: requests on it go on, new opens fail. */
static void
Deferred(void)
{
    HANDLE Handle = Open(), Event = CreateEventA(NULL, TRUE, FALSE, NULL), Again;
    OVERLAPPED Request = {.hEvent = Event};
    char Data[4] = {1};
    DWORD Bytes;

    EXPECT(Handle != INVALID_HANDLE_VALUE);
    EXPECT_EQ(NtUnloadDriver(&Service), 0);
    EXPECT(Open() == INVALID_HANDLE_VALUE);
    EXPECT_EQ(NtLoadDriver(&Service), 0); /* takes it back */
    Again = Open();
    EXPECT(Again != INVALID_HANDLE_VALUE);
    CloseHandle(Again);
    EXPECT_EQ(NtLoadDriver(&Service), (LONG)0xC000010E); /* STATUS_IMAGE_ALREADY_LOADED */
    EXPECT_EQ(NtUnloadDriver(&Service), 0);
    EXPECT(Open() == INVALID_HANDLE_VALUE);
    EXPECT(DeviceIoControl(Handle, ECHO_BUFFERED, Data, 4, Data, 4, &Bytes, &Request));
    EXPECT(GetOverlappedResult(Handle, &Request, &Bytes, TRUE) && Data[0] == 2);
    CloseHandle(Handle); /* now it goes */
    EXPECT_EQ(NtUnloadDriver(&Service), (LONG)0xC0000034);
    EXPECT_EQ(NtLoadDriver(&Service), 0);
    Handle = Open();
    EXPECT(Handle != INVALID_HANDLE_VALUE);
    CloseHandle(Handle);
    /* Without one it happens at once. */
    EXPECT_EQ(NtUnloadDriver(&Service), 0);
    EXPECT(Open() == INVALID_HANDLE_VALUE);
    EXPECT_EQ(NtUnloadDriver(&Service), (LONG)0xC0000034);
    EXPECT_EQ(NtLoadDriver(&Service), 0);
    CloseHandle(Event);
}

static DWORD WINAPI
PendAndLeave(void *Context)
{
    static OVERLAPPED Request;

    DeviceIoControl(Context, ECHO_PEND, NULL, 0, NULL, 0, NULL, &Request);
    return GetLastError();
}

/* "If the thread exits, its threaded IRPs are cancelled" */
static void
ThreadExit(void)
{
    HANDLE Handle = Open(), Thread = CreateThread(NULL, 0, PendAndLeave, Handle, 0, NULL);
    OVERLAPPED Request = {.hEvent = CreateEventA(NULL, TRUE, FALSE, NULL)};
    ULONG Counts[4] = {0};
    DWORD Bytes;

    WaitForSingleObject(Thread, INFINITE);
    DeviceIoControl(Handle, ECHO_COUNTS, NULL, 0, Counts, sizeof(Counts), &Bytes, &Request);
    EXPECT_EQ(Counts[3], 1);
    CloseHandle(Thread);
    CloseHandle(Handle);
}

int
main(int argc, char **argv)
{
    NTSTATUS(NTAPI * Init)(void *, const wchar_t *) =
        (void *)GetProcAddress(GetModuleHandleA("ntdll.dll"), "RtlInitUnicodeString");

    Init(&Service, L"\\Registry\\Machine\\System\\CurrentControlSet\\Services\\io-load");
    Init(&Missing, L"\\Registry\\Machine\\System\\CurrentControlSet\\Services\\NoSuchService");
    Privilege();
    ThreadExit();
    Deferred();
    /* The process ends with a request pended and a handle open: both go with it. */
    {
        static OVERLAPPED Request;
        int Result = TEST_DONE();

        DeviceIoControl(Open(), ECHO_PEND, NULL, 0, NULL, 0, NULL, &Request);
        return Result;
    }
}
