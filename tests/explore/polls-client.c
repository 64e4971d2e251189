/*
 * polls-client.c - a client whose first thread looks again and again, most of the time after a sleep, at what the others change.
 *
 *     FLAG   a flag in memory
 *     TRIES  FLAG, given up after 3 looks in vain
 *     BUSY   FLAG, without a sleep
 */
#include <windows.h>

enum { NONE, FLAG, TRIES, BUSY };

#ifndef OTHERS
#define OTHERS 1
#endif

static volatile LONG Flag;

static DWORD WINAPI
Other(void *Context)
{
    Flag = 1;
    return 0;
}

void
Entry(void)
{
    HANDLE Thread[OTHERS];
    int Looks = 0;

    for (int i = 0; i < OTHERS; i++) {
        Thread[i] = CreateThread(NULL, 0, Other, NULL, 0, NULL);
    }
    while (Flag == 0 && (PROGRAM != TRIES || ++Looks < 3)) {
        if (PROGRAM != BUSY) {
            Sleep(1);
        }
    }
    WaitForMultipleObjects(OTHERS, Thread, TRUE, INFINITE);
    ExitProcess(PROGRAM == TRIES && Looks == 3);
}
