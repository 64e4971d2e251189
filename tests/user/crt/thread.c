/* thread.c - threads made through the run time, and what each of them has of its own. */
#include "check.h"

#include <windows.h>
#include <process.h>
#include <errno.h>

static volatile LONG Ran;
static int Ids[8];
static HANDLE Done;

static unsigned __stdcall Worker(void *Argument)
{
    int *Mine = Argument, i;
    char Text[] = "a b c", *p;

    errno = *Mine;
    for (i = 0; i < 50; i++) {
        SwitchToThread();
    }
    CHECK(errno == *Mine);
    CHECK(rand() == 41); /* its own sequence from the start */
    p = strtok(Text, " ");
    SwitchToThread();
    CHECK(p != NULL && strcmp(strtok(NULL, " "), "b") == 0);
    InterlockedIncrement(&Ran);
    return 100 + *Mine;
}

static unsigned __stdcall Leaver(void *Argument)
{
    (void)Argument;
    _endthreadex(77);
    return 1;
}

static void __cdecl Plain(void *Argument)
{
    SetEvent(Done);
    *(int *)Argument = 5;
    _endthread();
}

static unsigned __stdcall Printer(void *Argument)
{
    int i;

    for (i = 0; i < 20; i++) {
        fprintf(Argument, "%s\n", "0123456789012345678901234567890123456789");
    }
    return 0;
}

static void
Streams(void)
{
    FILE *f = fopen("crt-thread.tmp", "w+");
    HANDLE Threads[4];
    char Line[100];
    int i, Count = 0, Good = 1;

    if (f == NULL) {
        SKIP("the current folder takes no files");
        return;
    }
    for (i = 0; i < 4; i++) {
        Threads[i] = (HANDLE)_beginthreadex(NULL, 0, Printer, f, 0, NULL);
    }
    WaitForMultipleObjects(4, Threads, TRUE, INFINITE);
    rewind(f);
    while (fgets(Line, sizeof(Line), f) != NULL) {
        Count++;
        Good &= strcmp(Line, "0123456789012345678901234567890123456789\n") == 0;
    }
    CHECK(Count == 80 && Good);
    fclose(f);
    remove("crt-thread.tmp");
    for (i = 0; i < 4; i++) {
        CloseHandle(Threads[i]);
    }
}

int
main(void)
{
    HANDLE Threads[4], Thread;
    unsigned Id = 0;
    DWORD Code;
    int i, Flag = 0;

    srand(5);
    errno = 3;
    for (i = 0; i < 4; i++) {
        Ids[i] = i + 10;
        Threads[i] = (HANDLE)_beginthreadex(NULL, 0, Worker, &Ids[i], 0, &Id);
        CHECK(Threads[i] != NULL && Id != 0);
    }
    CHECK(WaitForMultipleObjects(4, Threads, TRUE, INFINITE) == WAIT_OBJECT_0);
    CHECK(Ran == 4 && errno == 3);
    for (i = 0; i < 4; i++) {
        CHECK(GetExitCodeThread(Threads[i], &Code) && Code == 110u + i);
        CloseHandle(Threads[i]);
    }
    Thread = (HANDLE)_beginthreadex(NULL, 0, Leaver, NULL, CREATE_SUSPENDED, NULL);
    CHECK(WaitForSingleObject(Thread, 0) == WAIT_TIMEOUT && ResumeThread(Thread) == 1);
    WaitForSingleObject(Thread, INFINITE);
    CHECK(GetExitCodeThread(Thread, &Code) && Code == 77);
    CloseHandle(Thread);
    Done = CreateEventW(NULL, FALSE, FALSE, NULL);
    CHECK(_beginthread(Plain, 0, &Flag) != (uintptr_t)-1);
    CHECK(WaitForSingleObject(Done, INFINITE) == WAIT_OBJECT_0);
    while (*(volatile int *)&Flag != 5) {
        Sleep(1);
    }
    errno = 0;
    CHECK(_beginthreadex(NULL, 0, NULL, NULL, 0, NULL) == 0 && errno == EINVAL);
    Streams();
    return Summary("thread");
}
