/*
 * restarts-client.c - instructions that are done in steps, in the middle of which a page fault of theirs is resolved: each is as if it had not been interrupted. The pages of a
 * view can be read, and the first write to each is noted by a fault.
 */
#include <windows.h>

#define PAGE  4096
#define PAGES 8

static volatile char *View;

static DWORD WINAPI
Other(void *Context)
{
    return 0;
}

void
Entry(void)
{
    HANDLE File = CreateFileA("C:\\pages.bin", GENERIC_READ | GENERIC_WRITE, 0, NULL, CREATE_ALWAYS,
                              0, NULL),
           Section = CreateFileMappingA(File, NULL, PAGE_READWRITE, 0, PAGES * PAGE, NULL), Thread;
    LONG64 A = 17, B = 5, C = 0x1234;
    volatile char *To, *From;
    SIZE_T Count;

    View = MapViewOfFile(Section, FILE_MAP_ALL_ACCESS, 0, 0, 0);
    Thread = CreateThread(NULL, 0, Other, NULL, 0, NULL);
    for (int i = 0; i < PAGES; i++) {
        (void)View[i * PAGE];
    }
    __asm__ volatile("incl (%3)" : "+a"(A), "+c"(B), "+d"(C) : "r"(View + PAGE) : "memory");
    if (A != 17 || B != 5 || C != 0x1234 || View[PAGE] != 1) {
        ExitProcess(1);
    }
    __asm__ volatile("xaddl %k0, (%1)" : "+r"(B) : "r"(View + 2 * PAGE) : "memory");
    if (B != 0 || View[2 * PAGE] != 5) {
        ExitProcess(2);
    }
    A = 3; /* is not there: what is there is written back, and comes to rax */
    __asm__ volatile("cmpxchgl %k2, (%1)" : "+a"(A) : "r"(View + 3 * PAGE), "r"(C) : "memory");
    if (A != 0 || View[3 * PAGE] != 0) {
        ExitProcess(3);
    }
    To = View + 5 * PAGE - 50;
    From = View + PAGE;
    Count = 100;
    __asm__ volatile("rep movsb" : "+D"(To), "+S"(From), "+c"(Count) : : "memory");
    if (To != View + 5 * PAGE + 50 || From != View + PAGE + 100 || Count != 0 ||
        View[5 * PAGE - 50] != 1 || View[5 * PAGE - 49] != 0) {
        ExitProcess(4);
    }
    To = View + 7 * PAGE - 8;
    Count = 4;
    __asm__ volatile("rep stosl" : "+D"(To), "+c"(Count) : "a"(-1) : "memory");
    if (To != View + 7 * PAGE + 8 || Count != 0 || View[7 * PAGE - 9] != 0 ||
        View[7 * PAGE - 8] != -1 || View[7 * PAGE + 7] != -1 || View[7 * PAGE + 8] != 0) {
        ExitProcess(5);
    }
    WaitForSingleObject(Thread, INFINITE);
    ExitProcess(0);
}
