/*
 * spin-client.c - two threads that wait for each other by looking at a word, without a call or a pause; then for
 * one that sleeps. With two processors, or where a quantum ends, both make progress.
 */
#include "../ntlab-client.h"

#define ROUNDS 100

static volatile LONG Turn, Done;

static DWORD WINAPI
Partner(void *Context)
{
    for (int i = 0; i < ROUNDS; i++) {
        while (Turn != 2 * i + 1) {
        }
        Turn = 2 * i + 2;
    }
    return 7;
}

static DWORD WINAPI
Sleeper(void *Context)
{
    Sleep(50);
    Done = 1;
    return 0;
}

int
main(void)
{
    HANDLE Thread = CreateThread(NULL, 0, Partner, NULL, 0, NULL);
    DWORD Code = 0;
    int Late = 0;

    EXPECT(Thread != NULL);
    for (int i = 0; i < ROUNDS; i++) {
        Turn = 2 * i + 1;
        while (Turn != 2 * i + 2) {
        }
        Late += Turn != 2 * i + 2;
    }
    EXPECT_EQ(Late, 0);
    EXPECT_EQ(WaitForSingleObject(Thread, INFINITE), WAIT_OBJECT_0);
    EXPECT(GetExitCodeThread(Thread, &Code));
    EXPECT_EQ(Code, 7);
    CloseHandle(Thread);
    Thread = CreateThread(NULL, 0, Sleeper, NULL, 0, NULL);
    while (!Done) {
    }
    EXPECT_EQ(Done, 1);
    EXPECT_EQ(WaitForSingleObject(Thread, INFINITE), WAIT_OBJECT_0);
    CloseHandle(Thread);
    return TEST_DONE();
}
