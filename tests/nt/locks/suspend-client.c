/*
 * suspend-client.c - suspends its own thread while that holds a lock inside the driver, for each form of lock.
 */
#include "ntlab-client.h"
#include <winioctl.h>
#include "locks/locks.h"

static HANDLE
Open(void)
{
    return CreateFileA("\\\\.\\LocksSuspend", GENERIC_READ | GENERIC_WRITE,
                       FILE_SHARE_READ | FILE_SHARE_WRITE, NULL, OPEN_EXISTING, 0, NULL);
}

static HANDLE Device;

static LOCKS_SEEN
Look(void)
{
    LOCKS_SEEN Seen = {0};
    DWORD Bytes;

    DeviceIoControl(Device, LOCKS_LOOK, NULL, 0, &Seen, sizeof(Seen), &Bytes, NULL);
    return Seen;
}

static DWORD WINAPI
Holder(void *Form)
{
    ULONG Input = (ULONG)(ULONG_PTR)Form;
    HANDLE Own = Open(); /* requests of one synchronous file go one by one */
    DWORD Bytes;

    DeviceIoControl(Own, LOCKS_HOLD, &Input, sizeof(Input), NULL, 0, &Bytes, NULL);
    CloseHandle(Own);
    return 0;
}

int
main(void)
{
    LOCKS_SEEN Report = {0}, Seen;
    HANDLE Thread;
    DWORD Bytes;

    Device = Open();
    EXPECT(Device != INVALID_HANDLE_VALUE);
    for (;;) {
        DeviceIoControl(Device, LOCKS_CHECK, &Report, sizeof(Report), NULL, 0, &Bytes, NULL);
        Seen = Look();
        if (!Seen.Exists) {
            break;
        }
        Thread = CreateThread(NULL, 0, Holder, (void *)(ULONG_PTR)Seen.Form, 0, NULL);
        while (!Look().Inside) {
            Sleep(1);
        }
        EXPECT_EQ(SuspendThread(Thread), 0);
        Sleep(2);
        Report = Look();
        Sleep(2);
        Report.Blocked = Look().Beats != Report.Beats;
        DeviceIoControl(Device, LOCKS_LEAVE, NULL, 0, NULL, 0, &Bytes, NULL);
        Sleep(2);
        /* A blocked suspension comes true when the lock is released: the thread has left, or stopped in doing so. */
        Seen = Look();
        Report.Form = Seen.Form;
        Report.Exists = 1;
        Report.Left = Report.Blocked ? WaitForSingleObject(Thread, 5) == WAIT_TIMEOUT : Seen.Left;
        EXPECT_EQ(ResumeThread(Thread), 1);
        EXPECT_EQ(WaitForSingleObject(Thread, INFINITE), WAIT_OBJECT_0);
        EXPECT_EQ(Look().Left, 1);
        CloseHandle(Thread);
    }
    CloseHandle(Device);
    return TEST_DONE();
}
