/*
 * isolation.c - user code and what is not its own: system space, another process, instructions of the kernel's. The argument is
 * the run's --isolation: with `off` system space is open to who guesses an address, and only the rest is checked.
 *
 * The addresses are ntlab's own (abi/layout.h); on Windows, too, each of these accesses is an access violation.
 */
#include "../../nt/ntlab-client.h"

static DWORD Code;
static ULONG_PTR Information[2];
static void *Resume;
static ULONG64 ResumeRsp;

static LONG CALLBACK
Vectored(EXCEPTION_POINTERS *Pointers)
{
    if (Resume == NULL) {
        return EXCEPTION_CONTINUE_SEARCH;
    }
    Code = Pointers->ExceptionRecord->ExceptionCode;
    Information[0] = Pointers->ExceptionRecord->ExceptionInformation[0];
    Information[1] = Pointers->ExceptionRecord->ExceptionInformation[1];
    Pointers->ContextRecord->Rip = (ULONG64)Resume;
    Pointers->ContextRecord->Rsp = ResumeRsp;
    Resume = NULL;
    return EXCEPTION_CONTINUE_EXECUTION;
}

#define RAISES(Text, ...)                                                                          \
    ({                                                                                             \
        Code = 0;                                                                                  \
        __asm__ volatile("leaq 1f(%%rip), %%rax\n\tmovq %%rax, %0\n\tmovq %%rsp, %1\n\t" Text      \
                         "\n1:\n\tmovq $0, %0"                                                     \
                         : "+m"(Resume), "+m"(ResumeRsp)                                           \
                         : __VA_ARGS__                                                             \
                         : "rax", "rcx", "rdx", "r10", "r11", "memory", "cc");                     \
        Code;                                                                                      \
    })

static BOOL
ReadFaults(ULONG64 Address)
{
    return RAISES("movb (%2), %%al", "r"(Address)) == EXCEPTION_ACCESS_VIOLATION &&
           Information[0] == 0 && Information[1] == Address;
}

static BOOL
WriteFaults(ULONG64 Address)
{
    return RAISES("movb $1, (%2)", "r"(Address)) == EXCEPTION_ACCESS_VIOLATION &&
           Information[0] == 1 && Information[1] == Address;
}

/* Whatever the exception did, the way into the kernel works. */
static void
StillWorks(void)
{
    HANDLE Event = CreateEventA(NULL, TRUE, FALSE, NULL);

    EXPECT(SetEvent(Event));
    EXPECT_EQ(WaitForSingleObject(Event, 0), WAIT_OBJECT_0);
    EXPECT(CloseHandle(Event));
}

static void
SystemSpace(BOOL Fetch)
{
    static const ULONG64 Bases[] = {
        0x0000400080000000ull, /* ntoskrnl.exe */
        0x0000400080001000ull, /* its code */
        0x0000410000000000ull, /* the first processor */
        0x0000420000001000ull, /* a kernel stack */
        0x0000680080000000ull, /* the other view of ntoskrnl.exe */
        0x0000690000000000ull, /* and of the processor */
        0x000058007FFD0000ull, /* of the machine's page */
        0xFFFFF78000000000ull, 0xFFFF800000000000ull,
    };

    for (int Index = 0; Index < ARRAYSIZE(Bases); Index++) {
        ULONG64 Address = Bases[Index];

        if (Address >> 63) { /* not canonical for Linux's user half: no address is told */
            EXPECT_EQ(RAISES("movb (%2), %%al", "r"(Address)), EXCEPTION_ACCESS_VIOLATION);
            continue;
        }
        EXPECT(ReadFaults(Address));
        EXPECT(WriteFaults(Address));
        StillWorks();
    }
    if (Fetch) {
        EXPECT_EQ(RAISES("callq *%2", "r"(0x0000400080001000ull)), EXCEPTION_ACCESS_VIOLATION);
        EXPECT_EQ(Information[0], 8);
        EXPECT_EQ(Information[1], 0x0000400080001000ull);
        StillWorks();
    }
}

/* Threads that wait, switch and fault in turns: what one opens is closed for the others. */
static DWORD WINAPI
Prober(void *Event)
{
    for (int Round = 0; Round < 50; Round++) {
        EXPECT(ReadFaults(0x0000400080000000ull + (ULONG64)Round * 0x1000));
        Sleep(0);
        SetEvent(Event);
    }
    return 0;
}

static void
Threads(void)
{
    HANDLE Event = CreateEventA(NULL, FALSE, FALSE, NULL), Thread[2];

    for (int Index = 0; Index < 2; Index++) {
        Thread[Index] = CreateThread(NULL, 0, Prober, Event, 0, NULL);
    }
    EXPECT_EQ(WaitForMultipleObjects(2, Thread, TRUE, INFINITE), WAIT_OBJECT_0);
}

static void
OtherProcess(BOOL Alias)
{
    char Path[MAX_PATH];
    STARTUPINFOA Startup = {.cb = sizeof(Startup)};
    PROCESS_INFORMATION Child;
    char Text[8] = "", *Memory;

    GetModuleFileNameA(NULL, Path, sizeof(Path));
    EXPECT(CreateProcessA(Path, NULL, NULL, NULL, FALSE, CREATE_SUSPENDED, NULL, NULL, &Startup,
                          &Child));
    Memory = VirtualAllocEx(Child.hProcess, NULL, 0x1000, MEM_COMMIT | MEM_RESERVE, PAGE_READWRITE);
    EXPECT(Memory != NULL);
    EXPECT(WriteProcessMemory(Child.hProcess, Memory, "secret", 7, NULL));
    EXPECT(ReadFaults((ULONG64)Memory));
    EXPECT(WriteFaults((ULONG64)Memory));
    if (Alias) {
        EXPECT(ReadFaults(0x0000580000000000ull + (ULONG64)Memory));
        EXPECT(WriteFaults(0x0000580000000000ull + (ULONG64)Memory));
    }
    EXPECT(ReadProcessMemory(Child.hProcess, Memory, Text, 7, NULL));
    EXPECT(strcmp(Text, "secret") == 0);
    EXPECT(TerminateProcess(Child.hProcess, 0));
    EXPECT_EQ(WaitForSingleObject(Child.hProcess, INFINITE), WAIT_OBJECT_0);
}

static void
Privileged(void)
{
    EXPECT_EQ(RAISES("hlt"), EXCEPTION_PRIV_INSTRUCTION);
    EXPECT_EQ(RAISES("inb $0x60, %%al"), EXCEPTION_PRIV_INSTRUCTION);
    EXPECT_EQ(RAISES("outb %%al, $0x60"), EXCEPTION_PRIV_INSTRUCTION);
    EXPECT_EQ(RAISES("movq %%cr0, %%rax"), EXCEPTION_PRIV_INSTRUCTION);
    EXPECT_EQ(RAISES("movq %%rax, %%cr3"), EXCEPTION_PRIV_INSTRUCTION);
    StillWorks();
}

int
main(int argc, char **argv)
{
    const char *Isolation = argc > 1 ? argv[1] : "off";
    BOOL Closed = strcmp(Isolation, "off") != 0;

    AddVectoredExceptionHandler(1, Vectored);
    if (Closed) {
        SystemSpace(strcmp(Isolation, "pages") == 0);
        Threads();
    }
    OtherProcess(Closed);
    Privileged();
    return TEST_DONE();
}
