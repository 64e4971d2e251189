/*
 * dos-client.c - an unprivileged client suspends its own thread while that holds an ERESOURCE inside a driver, and
 * another thread then uses the driver. [S0]: without a critical region it hangs, with one it does not; [K:disabling-
 * apcs]. `bare` or `region` as argument.
 */
#include "hold-client.h"

int
main(int Count, char **Words)
{
    int Bare = Count > 1 && strcmp(Words[1], "bare") == 0;
    HANDLE First, Second;

    Device = CreateFileA("\\\\.\\KeHold", GENERIC_READ | GENERIC_WRITE,
                         FILE_SHARE_READ | FILE_SHARE_WRITE, NULL, OPEN_EXISTING, 0, NULL);
    EXPECT(Device != INVALID_HANDLE_VALUE);
    First = Hold(Bare ? HoldResource : HoldResourceRegion);
    EXPECT_EQ(SuspendThread(First), 0);
    Request(HOLD_LEAVE);
    Second = CreateThread(NULL, 0, Holder,
                          (void *)(ULONG_PTR)(Bare ? HoldResource : HoldResourceRegion), 0, NULL);
    EXPECT(Ends(Second, INFINITE)); /* nobody ever resumes the first */
    EXPECT(IsSuspended(First));
    EXPECT(TerminateThread(First, 0));
    EXPECT(Ends(First, INFINITE));
    return TEST_DONE();
}
