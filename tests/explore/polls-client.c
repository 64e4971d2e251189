/*
 * polls-client.c - a client whose first thread sleeps between two looks at what the others change.
 *
 *     FLAG   a flag in memory
 *     TRIES  FLAG, given up after 3 looks in vain
 */
#include <windows.h>

enum { NONE, FLAG, TRIES };

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
        Sleep(1);
    }
    WaitForMultipleObjects(OTHERS, Thread, TRUE, INFINITE);
    ExitProcess(PROGRAM == TRIES && Looks == 3);
}
