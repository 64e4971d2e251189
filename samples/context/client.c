/*
 * client.c - asks the driver in whose context its routines ran, and checks the answers against the article.
 *
 * A second process (`context.exe child ...`) is there for what depends on the process: handles, user addresses, and the
 * last close of a file. The exit code is the number of things that were not as expected, the child's included.
 */
#include <windows.h>
#include <winioctl.h>
#include <winternl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "context.h"

#define MARKER 0x436F6E7465787421ull

#define STATUS_SUCCESS_             0u
#define STATUS_PENDING_             0x103u
#define STATUS_ACCESS_VIOLATION_    0xC0000005u
#define STATUS_PRIVILEGE_NOT_HELD_  0xC0000061u
#define THREAD_PRIORITY_CLASS       2
#define PROCESS_BASE_PRIORITY_CLASS 5

typedef NTSTATUS(NTAPI *SET_INFORMATION)(HANDLE Object, ULONG Class, PVOID Buffer, ULONG Length);

static volatile ULONG64 Marker = MARKER;
static HANDLE Upper, Lower;
static int Wrong;

static void
Expect(BOOL Condition, const char *What)
{
    if (!Condition) {
        printf("  NOT AS EXPECTED: %s\n", What);
        Wrong++;
    }
}

static HANDLE
Open(const char *Name, DWORD Flags)
{
    HANDLE Device =
        CreateFileA(Name, GENERIC_READ | GENERIC_WRITE, 0, NULL, OPEN_EXISTING, Flags, NULL);

    if (Device == INVALID_HANDLE_VALUE) {
        printf("cannot open %s: error %lu\n", Name, GetLastError());
        exit(100);
    }
    return Device;
}

static BOOL
Ask(HANDLE Device, DWORD Code, void *Buffer, DWORD Length)
{
    DWORD Done;

    return DeviceIoControl(Device, Code, Buffer, Length, Buffer, Length, &Done, NULL);
}

static const char *const Where[] = {"DriverEntry", "upper dispatch", "work item", "lower dispatch",
                                    "timer DPC",   "completion",     "cleanup",   "close"};

static void
Print(const CONTEXT_RECORD_ *Record)
{
    printf("  %-15s process %6llu  thread %6llu  IRQL %lu  %-6s  ", Where[Record->Where],
           Record->Process, Record->Thread, Record->Irql, Record->Teb ? "TEB" : "no TEB");
    if (Record->UserStatus == STATUS_PENDING_) {
        printf("-\n");
    } else if (Record->UserStatus != 0) {
        printf("user half: fault %08lx\n", Record->UserStatus);
    } else {
        printf("user half: %s\n", Record->UserValue == MARKER ? "the client's" : "another's");
    }
}

/* In the thread that asked: all of its context is there. */
static void
ExpectMine(const CONTEXT_RECORD_ *Record)
{
    Expect(Record->Process == GetCurrentProcessId() && Record->Thread == GetCurrentThreadId(),
           "in the requesting thread");
    Expect(Record->Teb == (ULONG64)NtCurrentTeb(), "with its TEB");
    Expect(Record->Irql == 0, "at PASSIVE_LEVEL");
    Expect(Record->UserStatus == STATUS_PENDING_ ||
               (Record->UserStatus == 0 && Record->UserValue == MARKER),
           "with the client's memory");
}

static void
ExpectSystem(const CONTEXT_RECORD_ *Record)
{
    Expect(Record->Process == Record->SystemProcess, "in the System process");
    Expect(Record->Teb == 0, "without a TEB");
    Expect(Record->Irql == 0, "at PASSIVE_LEVEL");
    Expect(Record->UserStatus != 0 || Record->UserValue != MARKER, "without the client's memory");
}

static void
Record(const char *Title, HANDLE Device, ULONG Flags)
{
    CONTEXT_CALL Call = {(ULONG64)&Marker, Flags};
    BOOL Posted = FALSE, Later = FALSE;

    printf("%s\n", Title);
    Expect(Ask(Device, IOCTL_RECORD, &Call, sizeof(Call)), "the request succeeds");
    Expect(Call.Count ==
               (Device == Lower ? 1u : 3u) + !!(Flags & CONTEXT_POST) + !!(Flags & CONTEXT_LATER),
           "one record for each routine");
    for (ULONG i = 0; i < Call.Count; i++) {
        const CONTEXT_RECORD_ *One = &Call.Records[i];

        Print(One);
        Posted |= One->Where == AtWorker;
        Later |= One->Where == AtDpc;
        if (Later) {
            /* An arbitrary thread: nothing is promised but the IRQL, and a completion routine shares it. */
            Expect(One->Irql == 2, "at DISPATCH_LEVEL");
        } else if (Posted) {
            ExpectSystem(One);
        } else {
            ExpectMine(One);
        }
    }
}

static DWORD
RunChild(char *Self, HANDLE File, BOOL GiveFile)
{
    STARTUPINFOA Startup = {.cb = sizeof(Startup)};
    PROCESS_INFORMATION Child;
    HANDLE Given = NULL;
    DWORD Code = 200;
    char Line[600];

    snprintf(Line, sizeof(Line), "\"%s\" child %lu %llx", Self, GetCurrentProcessId(),
             (ULONG64)&Marker);
    if (!CreateProcessA(Self, Line, NULL, NULL, FALSE, CREATE_SUSPENDED, NULL, NULL, &Startup,
                        &Child)) {
        printf("cannot start the second process: error %lu\n", GetLastError());
        return 200;
    }
    if (GiveFile) {
        Expect(DuplicateHandle(GetCurrentProcess(), File, Child.hProcess, &Given, 0, FALSE,
                               DUPLICATE_SAME_ACCESS),
               "the file is duplicated to the second process");
        CloseHandle(File);
    }
    fflush(stdout);
    ResumeThread(Child.hThread);
    WaitForSingleObject(Child.hProcess, INFINITE);
    GetExitCodeProcess(Child.hProcess, &Code);
    CloseHandle(Child.hThread);
    CloseHandle(Child.hProcess);
    return Code;
}

static void
PrintUse(const char *Who, const CONTEXT_USE *Use)
{
    printf("  %-15s its handle: %s   kernel handle: %s   file object: %s   its handle in a worker: "
           "%s\n",
           Who, Use->Handle ? "yes" : "no ", Use->KernelHandle ? "yes" : "no",
           Use->FileObject ? "yes" : "no", Use->HandleInWorker ? "yes" : "no");
    Expect(Use->KernelHandle == 1 && Use->FileObject == 1,
           "a kernel handle and a file object serve in every process");
    Expect(Use->HandleInWorker == 0, "a process's handle means nothing in the System process");
}

static int
Child(char **Arguments)
{
    CONTEXT_POINTER Pointer = {strtoull(Arguments[0], NULL, 10), strtoull(Arguments[1], NULL, 16)};
    CONTEXT_USE Use = {0};

    Marker = ~MARKER; /* the same image, so perhaps the same address: but another value */
    Upper = Open("\\\\.\\Context", 0);
    Expect(Ask(Upper, IOCTL_USE, &Use, sizeof(Use)), "IOCTL_USE");
    PrintUse("second process", &Use);
    Expect(Use.Handle == 0, "a handle of the first process means nothing in the second");

    printf("a pointer of the first process, used in the second\n");
    Expect(Ask(Upper, IOCTL_POINTER, &Pointer, sizeof(Pointer)), "IOCTL_POINTER");
    printf("  as it is        status %08lx  %s\n", Pointer.Status,
           Pointer.Value == MARKER ? "the first's value" : "not the first's value");
    Expect(Pointer.Status != 0 || Pointer.Value != MARKER,
           "the address means something else, or nothing");
    Pointer.Value = 0;
    Pointer.Attach = 1;
    Expect(Ask(Upper, IOCTL_POINTER, &Pointer, sizeof(Pointer)), "IOCTL_POINTER");
    printf("  attached        status %08lx  %s\n", Pointer.Status,
           Pointer.Value == MARKER ? "the first's value" : "not the first's value");
    Expect(Pointer.Status == 0 && Pointer.Value == MARKER,
           "KeStackAttachProcess brings the first process's memory");
    CloseHandle(Upper);
    return Wrong;
}

static void
TryProcesses(char *Self)
{
    HANDLE File = Open("\\\\.\\ContextLower", 0);
    CONTEXT_CALL History = {0};
    CONTEXT_USE Use = {0};
    ULONG Cleanups = 0, Closes = 0;

    printf("cleanup and close, by the process that opened\n");
    CloseHandle(File);
    Expect(Ask(Upper, IOCTL_HISTORY, &History, sizeof(History)), "IOCTL_HISTORY");
    Expect(History.Count == 3, "a cleanup and a close");
    for (ULONG i = 1; i < History.Count; i++) {
        Print(&History.Records[i]);
        ExpectMine(&History.Records[i]);
    }

    printf("a handle that the driver opened in the first process: does it lead to the file?\n");
    Expect(Ask(Upper, IOCTL_OPEN, NULL, 0), "IOCTL_OPEN");
    Expect(Ask(Upper, IOCTL_USE, &Use, sizeof(Use)), "IOCTL_USE");
    PrintUse("first process", &Use);
    Expect(Use.Handle == 1, "a handle serves in its own process");

    File = Open("\\\\.\\ContextLower", 0);
    Wrong += (int)RunChild(Self, File, TRUE);
    printf("cleanup and close, by a second process that had a duplicate\n");
    Expect(Ask(Upper, IOCTL_HISTORY, &History, sizeof(History)), "IOCTL_HISTORY");
    for (ULONG i = 3; i < History.Count; i++) {
        Print(&History.Records[i]);
        Cleanups += History.Records[i].Where == AtCleanup;
        Closes += History.Records[i].Where == AtClose;
        Expect(History.Records[i].Process != GetCurrentProcessId(),
               "not in the process that opened");
    }
    Expect(Cleanups == 1 && Closes == 1, "one cleanup and one close, at the last handle's end");
}

static void
TryRights(void)
{
    HMODULE Ntdll = GetModuleHandleA("ntdll.dll");
    SET_INFORMATION SetThread =
        (SET_INFORMATION)(void *)GetProcAddress(Ntdll, "NtSetInformationThread");
    SET_INFORMATION SetProcess =
        (SET_INFORMATION)(void *)GetProcAddress(Ntdll, "NtSetInformationProcess");
    CONTEXT_RAISE Raise = {20, 13};
    ULONG Thread, Process;

    printf("priorities beyond the client's rights (SeIncreaseBasePriorityPrivilege)\n");
    Process =
        (ULONG)SetProcess((HANDLE)-1, PROCESS_BASE_PRIORITY_CLASS, &Raise.Process, sizeof(LONG));
    Thread = (ULONG)SetThread((HANDLE)-2, THREAD_PRIORITY_CLASS, &Raise.Thread, sizeof(LONG));
    printf("  by the client   process to 13: %08lx   thread to 20: %08lx%s\n", Process, Thread,
           Thread == 0 ? "   (it has the privilege enabled)" : "");
    Expect((Thread == 0) == (Process == 0) && (Thread == 0 || Thread == STATUS_PRIVILEGE_NOT_HELD_),
           "the client may not");
    Expect(Ask(Lower, IOCTL_RAISE, &Raise, sizeof(Raise)), "IOCTL_RAISE");
    printf("  by the driver   process to 13: %08lx   thread to 20: %08lx   priority now %ld\n",
           Raise.ProcessStatus, Raise.ThreadStatus, Raise.Now);
    Expect(Raise.ProcessStatus == 0 && Raise.ThreadStatus == 0 && Raise.Now == 20,
           "the driver may, for the same thread");
    Raise = (CONTEXT_RAISE){8, 8};
    Ask(Lower, IOCTL_RAISE, &Raise, sizeof(Raise));
}

static void
TryOverlapped(void)
{
    HANDLE Device = Open("\\\\.\\ContextLower", FILE_FLAG_OVERLAPPED);
    CONTEXT_CALL Call = {(ULONG64)&Marker, CONTEXT_LATER};
    OVERLAPPED Overlapped = {.hEvent = CreateEventA(NULL, TRUE, FALSE, NULL)};
    LARGE_INTEGER Start, End, Frequency;
    DWORD Done, Error;
    BOOL Good;

    printf("an overlapped request\n");
    QueryPerformanceFrequency(&Frequency);
    QueryPerformanceCounter(&Start);
    Good = DeviceIoControl(Device, IOCTL_WAIT, NULL, 0, NULL, 0, &Done, &Overlapped);
    QueryPerformanceCounter(&End);
    printf("  the driver waits in dispatch     %s after %lld ms\n", Good ? "done" : "pending",
           (End.QuadPart - Start.QuadPart) * 1000 / Frequency.QuadPart);
    Expect(Good &&
               (End.QuadPart - Start.QuadPart) * 1000 / Frequency.QuadPart >= CONTEXT_WAIT_MS - 1,
           "so much for asynchronous I/O: the client's thread did the waiting");

    ResetEvent(Overlapped.hEvent);
    Good = DeviceIoControl(Device, IOCTL_RECORD, &Call, sizeof(Call), &Call, sizeof(Call), &Done,
                           &Overlapped);
    Error = GetLastError();
    printf("  the driver marks it pending      %s\n", Good ? "done" : "pending");
    Expect(!Good && Error == ERROR_IO_PENDING, "the client goes on");
    Expect(GetOverlappedResult(Device, &Overlapped, &Done, TRUE) && Done == sizeof(Call),
           "and it completes");
    CloseHandle(Overlapped.hEvent);
    CloseHandle(Device);
}

/* Two threads on one processor, each with its own xmm0 to xmm15, spin until the other has run: only preemption lets it. */
#define TURNS 6

static volatile ULONG64 Turn[2];
static ULONG64 Lost[2];

static DWORD WINAPI
Spin(void *Parameter)
{
    ULONG64 Me = (ULONG64)Parameter, Value = 0x1111111111111111ull * (Me + 1);
    ULONG64 Registers[16];

    for (ULONG64 Round = 1; Round <= TURNS; Round++) {
        volatile ULONG64 *Other = &Turn[1 - Me];

        Turn[Me] = Round;
        __asm__ volatile(
            "movq %[value], %%xmm0\n\tmovaps %%xmm0, %%xmm1\n\tmovaps %%xmm0, %%xmm2\n\t"
            "movaps %%xmm0, %%xmm3\n\tmovaps %%xmm0, %%xmm4\n\tmovaps %%xmm0, %%xmm5\n\t"
            "movaps %%xmm0, %%xmm6\n\tmovaps %%xmm0, %%xmm7\n\tmovaps %%xmm0, %%xmm8\n\t"
            "movaps %%xmm0, %%xmm9\n\tmovaps %%xmm0, %%xmm10\n\tmovaps %%xmm0, %%xmm11\n\t"
            "movaps %%xmm0, %%xmm12\n\tmovaps %%xmm0, %%xmm13\n\tmovaps %%xmm0, %%xmm14\n\t"
            "movaps %%xmm0, %%xmm15\n"
            "1:\tpause\n\tcmpq %[round], (%[other])\n\tjb 1b\n\t"
            "movq %%xmm0, (%[out])\n\tmovq %%xmm1, 8(%[out])\n\tmovq %%xmm2, 16(%[out])\n\t"
            "movq %%xmm3, 24(%[out])\n\tmovq %%xmm4, 32(%[out])\n\tmovq %%xmm5, 40(%[out])\n\t"
            "movq %%xmm6, 48(%[out])\n\tmovq %%xmm7, 56(%[out])\n\tmovq %%xmm8, 64(%[out])\n\t"
            "movq %%xmm9, 72(%[out])\n\tmovq %%xmm10, 80(%[out])\n\tmovq %%xmm11, 88(%[out])\n\t"
            "movq %%xmm12, 96(%[out])\n\tmovq %%xmm13, 104(%[out])\n\tmovq %%xmm14, 112(%[out])\n\t"
            "movq %%xmm15, 120(%[out])"
            :
            : [value] "r"(Value), [round] "r"(Round), [other] "r"(Other), [out] "r"(Registers)
            : "memory", "cc", "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7",
              "xmm8", "xmm9", "xmm10", "xmm11", "xmm12", "xmm13", "xmm14", "xmm15");
        for (int i = 0; i < 16; i++) {
            Lost[Me] += Registers[i] != Value;
        }
    }
    return 0;
}

static void
TryRegisters(void)
{
    HANDLE Threads[2];

    printf("vector registers of two threads that preempt each other on one processor\n");
    for (ULONG64 i = 0; i < 2; i++) {
        Threads[i] = CreateThread(NULL, 0, Spin, (void *)i, CREATE_SUSPENDED, NULL);
        SetThreadAffinityMask(Threads[i], 1);
    }
    for (int i = 0; i < 2; i++) {
        ResumeThread(Threads[i]);
    }
    WaitForMultipleObjects(2, Threads, TRUE, INFINITE);
    printf("  %d turns of each: %llu registers lost\n", TURNS, Lost[0] + Lost[1]);
    Expect(Turn[0] == TURNS && Turn[1] == TURNS && Lost[0] + Lost[1] == 0,
           "each thread has its own registers");
    CloseHandle(Threads[0]);
    CloseHandle(Threads[1]);
}

int
main(int Count, char **Arguments)
{
    CONTEXT_CALL History = {0};
    char Self[MAX_PATH];

    if (Count == 4 && strcmp(Arguments[1], "child") == 0) {
        return Child(Arguments + 2);
    }
    GetModuleFileNameA(NULL, Self, sizeof(Self));
    Upper = Open("\\\\.\\Context", 0);
    printf("this client: process %lu, thread %lu\n", GetCurrentProcessId(), GetCurrentThreadId());
    printf("when the driver was loaded\n");
    Expect(Ask(Upper, IOCTL_HISTORY, &History, sizeof(History)) && History.Count == 1,
           "IOCTL_HISTORY");
    Print(&History.Records[0]);
    ExpectSystem(&History.Records[0]);
    TryProcesses(Self);

    Lower = Open("\\\\.\\ContextLower", 0);
    Record("a request to the lower device", Lower, 0);
    Record("a request to the upper device, passed on", Upper, 0);
    Record("posted to a worker, then passed on", Upper, CONTEXT_POST);
    Record("passed on, completed by a timer's DPC", Upper, CONTEXT_LATER);
    Record("posted, completed by a timer's DPC", Upper, CONTEXT_POST | CONTEXT_LATER);
    TryRights();
    TryOverlapped();
    TryRegisters();
    CloseHandle(Lower);
    CloseHandle(Upper);
    printf("%d not as expected\n", Wrong);
    return Wrong;
}
