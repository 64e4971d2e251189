/*
 * birth-client.c - what a process and a thread are born with: registers, block, stack, parameters, environment, settings.
 * With an argument it is the child. [LEARN:processthreadsapi/createprocessw], [LEARN:processthreadsapi/createthread],
 * [LEARN:winternl/ns-winternl-teb], [LEARN:winternl/ns-winternl-rtl_user_process_parameters], [LEARN:processthreadsapi/ns-processthreadsapi-startupinfow],
 * [LEARN:cpp/build/x64-software-conventions] (MxCsr and the x87 control word at a program's start).
 */
#include "../ntlab-client.h"
#include <winternl.h>

NTSTATUS NTAPI NtQueryInformationThread(HANDLE, THREADINFOCLASS, PVOID, ULONG, PULONG);

#define TITLE   L"born here"
#define DESKTOP L"winsta0\\elsewhere"
#define SHELL   L"shell's words"

static DWORD Slot;

static BYTE *
Block(void)
{
    return (BYTE *)NtCurrentTeb();
}

static ULONG64
Field(BYTE *Of, ULONG At)
{
    return *(ULONG64 *)(Of + At);
}

static DWORD WINAPI
Born(PVOID Context)
{
    BYTE *Teb = Block();
    MEMORY_BASIC_INFORMATION Info;
    ULONG64 Base = Field(Teb, 8), Limit = Field(Teb, 0x10), Low = Field(Teb, 0x1478);

    EXPECT_EQ(Context, 0x1234567890);
    EXPECT_EQ(Field(Teb, 0x30), Teb); /* NtTib.Self */
    EXPECT_EQ(Field(Teb, 0x40), GetCurrentProcessId());
    EXPECT_EQ(Field(Teb, 0x48), GetCurrentThreadId());
    EXPECT_EQ(GetLastError(), 0);
    EXPECT((ULONG64)&Info < Base && (ULONG64)&Info >= Limit && Low < Limit);
    EXPECT_EQ(VirtualQuery((PVOID)Limit, &Info, sizeof(Info)), sizeof(Info));
    EXPECT_EQ(Info.AllocationBase, Low);
    EXPECT_EQ(Info.BaseAddress, Limit);
    EXPECT_EQ(Info.RegionSize, Base - Limit);
    EXPECT_EQ(Info.Protect, PAGE_READWRITE);
    EXPECT_EQ(VirtualQuery((PVOID)(Limit - 1), &Info, sizeof(Info)), sizeof(Info));
    EXPECT_EQ(Info.State, MEM_COMMIT);
    EXPECT_EQ(Info.Protect, PAGE_READWRITE | PAGE_GUARD);
    if ((ULONG64)Info.BaseAddress != Low) {
        EXPECT_EQ(VirtualQuery((PVOID)Low, &Info, sizeof(Info)), sizeof(Info));
        EXPECT_EQ(Info.State, MEM_RESERVE);
    }
    EXPECT_EQ(VirtualQuery((PVOID)Base, &Info, sizeof(Info)), sizeof(Info));
    EXPECT(Info.AllocationBase != (PVOID)Low);
    EXPECT(TlsGetValue(Slot) == NULL && GetLastError() == 0);
    return 0x4321;
}

static void
Registers(HANDLE Thread)
{
    CONTEXT Context = {.ContextFlags = CONTEXT_ALL};

    EXPECT(GetThreadContext(Thread, &Context));
    EXPECT_EQ(Context.SegCs, 0x33);
    EXPECT_EQ(Context.SegSs, 0x2B);
    EXPECT_EQ(Context.SegDs, 0x2B);
    EXPECT_EQ(Context.SegEs, 0x2B);
    EXPECT_EQ(Context.SegFs, 0x53);
    EXPECT_EQ(Context.SegGs, 0x2B);
    EXPECT_EQ(Context.EFlags & ~2u, 0x200); /* interrupts, and nothing else */
    EXPECT_EQ(Context.MxCsr, 0x1F80);
    EXPECT_EQ(Context.FltSave.MxCsr, 0x1F80);
    EXPECT_EQ(Context.FltSave.ControlWord, 0x27F);
    EXPECT_EQ(Context.FltSave.StatusWord, 0);
    EXPECT_EQ(Context.Rsp & 7, 0);
    EXPECT_EQ(Context.Dr0 | Context.Dr1 | Context.Dr2 | Context.Dr3 | Context.Dr6, 0);
    EXPECT_EQ(Context.Rbx | Context.Rsi | Context.Rdi | Context.Rbp, 0);
    EXPECT_EQ(Context.R12 | Context.R13 | Context.R14 | Context.R15, 0);
}

static void
Threads(void)
{
    static const SIZE_T Reserves[] = {0, 0x10000, 0x30000, 0x200000};

    for (size_t i = 0; i < sizeof(Reserves) / sizeof(Reserves[0]); i++) {
        DWORD Id = 0, Code = 0;
        FILETIME Created, Exited, Kernel, User, Now;
        ULONG Priority = 9, Length = 0;
        HANDLE Thread = CreateThread(NULL, Reserves[i], Born, (PVOID)0x1234567890,
                                     CREATE_SUSPENDED | STACK_SIZE_PARAM_IS_A_RESERVATION, &Id);

        EXPECT(Thread != NULL);
        EXPECT_EQ(Id, GetThreadId(Thread));
        EXPECT_EQ(GetProcessIdOfThread(Thread), GetCurrentProcessId());
        Registers(Thread);
        EXPECT(GetExitCodeThread(Thread, &Code) && Code == STILL_ACTIVE);
        EXPECT_EQ(GetThreadPriority(Thread), THREAD_PRIORITY_NORMAL);
        EXPECT_EQ(NtQueryInformationThread(Thread, 22, &Priority, 4, &Length), 0);
        EXPECT_EQ(Priority, 2); /* IoPriorityNormal */
        EXPECT_EQ(NtQueryInformationThread(Thread, 24, &Priority, 4, &Length), 0);
        EXPECT_EQ(Priority, 5); /* MEMORY_PRIORITY_NORMAL */
        EXPECT(GetThreadTimes(Thread, &Created, &Exited, &Kernel, &User));
        GetSystemTimeAsFileTime(&Now);
        EXPECT(CompareFileTime(&Created, &Now) <= 0 && Created.dwHighDateTime != 0);
        EXPECT_EQ(ResumeThread(Thread), 1);
        EXPECT_EQ(WaitForSingleObject(Thread, INFINITE), WAIT_OBJECT_0);
        EXPECT(GetExitCodeThread(Thread, &Code) && Code == 0x4321);
        EXPECT(GetThreadTimes(Thread, &Created, &Exited, &Kernel, &User));
        EXPECT(CompareFileTime(&Created, &Exited) <= 0);
        CloseHandle(Thread);
    }
}

static BOOL
Same(PUNICODE_STRING String, PCWSTR Text)
{
    ULONG Length = (ULONG)lstrlenW(Text) * 2;

    return String->Length == Length && String->MaximumLength == Length + 2 &&
           memcmp(String->Buffer, Text, Length + 2) == 0;
}

/* The parameters that the parent gave, by their documented function and where they lie. */
static int
Child(void)
{
    BYTE *Peb = (BYTE *)Field(Block(), 0x60), *Parameters = (BYTE *)Field(Peb, 0x20);
    STARTUPINFOW Startup;
    WCHAR Path[MAX_PATH], Image[MAX_PATH];

    EXPECT_EQ(Field(Peb, 0x10), GetModuleHandleW(NULL));
    EXPECT_EQ(Peb[2], 0);                         /* no debugger */
    EXPECT_EQ(*(ULONG *)(Parameters + 8) & 1, 1); /* normalised */
    EXPECT(*(ULONG *)Parameters >= *(ULONG *)(Parameters + 4) && *(ULONG *)Parameters > 0x400);
    GetStartupInfoW(&Startup);
    EXPECT_EQ(Startup.cb, sizeof(Startup));
    EXPECT(lstrcmpW(Startup.lpTitle, TITLE) == 0);
    EXPECT(lstrcmpW(Startup.lpDesktop, DESKTOP) == 0);
    EXPECT_EQ(Startup.dwX, 11);
    EXPECT_EQ(Startup.dwY, 22);
    EXPECT_EQ(Startup.dwXSize, 33);
    EXPECT_EQ(Startup.dwYSize, 44);
    EXPECT_EQ(Startup.dwXCountChars, 55);
    EXPECT_EQ(Startup.dwYCountChars, 66);
    EXPECT_EQ(Startup.dwFillAttribute, 77);
    EXPECT_EQ(Startup.wShowWindow, 3);
    EXPECT_EQ(Startup.dwFlags & 0x1F, 0x1F);
    EXPECT(Same((PUNICODE_STRING)(Parameters + 0xB0), TITLE));
    EXPECT(Same((PUNICODE_STRING)(Parameters + 0xC0), DESKTOP));
    GetCurrentDirectoryW(MAX_PATH, Path);
    EXPECT(lstrcmpiW(Path, L"C:\\Windows") == 0);
    GetModuleFileNameW(NULL, Image, MAX_PATH);
    EXPECT(Same((PUNICODE_STRING)(Parameters + 0x60), Image));
    EXPECT(Same((PUNICODE_STRING)(Parameters + 0x70), GetCommandLineW()));
    EXPECT(GetEnvironmentVariableW(L"BORN", Path, MAX_PATH) == 4 && lstrcmpW(Path, L"here") == 0);
    EXPECT_EQ(GetEnvironmentVariableW(L"PATH", Path, MAX_PATH), 0); /* only what it was given */
    EXPECT_EQ(GetPriorityClass(GetCurrentProcess()), BELOW_NORMAL_PRIORITY_CLASS);
    for (DWORD i = 0; i < 3; i++) { /* as its parent's: it inherits nothing else */
        HANDLE Handle = GetStdHandle(STD_INPUT_HANDLE - i);
        DWORD Flags;

        EXPECT(Handle != NULL && Handle != INVALID_HANDLE_VALUE);
        EXPECT(GetHandleInformation(Handle, &Flags));
        EXPECT(GetFileType(Handle) != FILE_TYPE_UNKNOWN);
    }
    return TEST_DONE();
}

static void
Processes(const char *Program)
{
    STARTUPINFOW Startup = {
        .cb = sizeof(Startup),
        .lpTitle = TITLE,
        .lpDesktop = DESKTOP,
        .dwX = 11,
        .dwY = 22,
        .dwXSize = 33,
        .dwYSize = 44,
        .dwXCountChars = 55,
        .dwYCountChars = 66,
        .dwFillAttribute = 77,
        .wShowWindow = 3,
        .dwFlags = STARTF_USESHOWWINDOW | STARTF_USESIZE | STARTF_USEPOSITION |
                   STARTF_USECOUNTCHARS | STARTF_USEFILLATTRIBUTE,
    };
    static WCHAR Line[MAX_PATH], Environment[] = L"BORN=here\0";
    PROCESS_INFORMATION Info;
    DWORD Code = 0;

    swprintf(Line, MAX_PATH, L"\"%hs\" child", Program);
    EXPECT(
        CreateProcessW(NULL, Line, NULL, NULL, FALSE,
                       CREATE_SUSPENDED | CREATE_UNICODE_ENVIRONMENT | BELOW_NORMAL_PRIORITY_CLASS,
                       Environment, L"C:\\Windows", &Startup, &Info));
    Registers(Info.hThread);
    EXPECT_EQ(GetProcessId(Info.hProcess), Info.dwProcessId);
    EXPECT_EQ(GetThreadId(Info.hThread), Info.dwThreadId);
    EXPECT(GetExitCodeProcess(Info.hProcess, &Code) && Code == STILL_ACTIVE);
    EXPECT_EQ(ResumeThread(Info.hThread), 1);
    EXPECT_EQ(WaitForSingleObject(Info.hProcess, INFINITE), WAIT_OBJECT_0);
    EXPECT(GetExitCodeProcess(Info.hProcess, &Code));
    EXPECT_EQ(Code, 0);
    CloseHandle(Info.hThread);
    CloseHandle(Info.hProcess);
}

/* The class that is asked for; else normal, or the parent's if that is lower. */
static void
Classes(const char *Program)
{
    static const DWORD Wanted[][3] = {
        /* the parent's, what is asked for, what it is */
        {NORMAL_PRIORITY_CLASS, 0, NORMAL_PRIORITY_CLASS},
        {NORMAL_PRIORITY_CLASS, IDLE_PRIORITY_CLASS, IDLE_PRIORITY_CLASS},
        {NORMAL_PRIORITY_CLASS, HIGH_PRIORITY_CLASS, HIGH_PRIORITY_CLASS},
        {HIGH_PRIORITY_CLASS, 0, NORMAL_PRIORITY_CLASS},
        {ABOVE_NORMAL_PRIORITY_CLASS, 0, NORMAL_PRIORITY_CLASS},
        {BELOW_NORMAL_PRIORITY_CLASS, 0, BELOW_NORMAL_PRIORITY_CLASS},
        {IDLE_PRIORITY_CLASS, 0, IDLE_PRIORITY_CLASS},
        {IDLE_PRIORITY_CLASS, ABOVE_NORMAL_PRIORITY_CLASS, ABOVE_NORMAL_PRIORITY_CLASS},
    };

    for (size_t i = 0; i < sizeof(Wanted) / sizeof(Wanted[0]); i++) {
        STARTUPINFOA Startup = {.cb = sizeof(Startup)};
        PROCESS_INFORMATION Info;

        EXPECT(SetPriorityClass(GetCurrentProcess(), Wanted[i][0]));
        EXPECT(CreateProcessA(Program, NULL, NULL, NULL, FALSE, CREATE_SUSPENDED | Wanted[i][1],
                              NULL, NULL, &Startup, &Info));
        EXPECT_EQ(GetPriorityClass(Info.hProcess), Wanted[i][2]);
        EXPECT(TerminateProcess(Info.hProcess, 0));
        CloseHandle(Info.hThread);
        CloseHandle(Info.hProcess);
    }
    SetPriorityClass(GetCurrentProcess(), NORMAL_PRIORITY_CLASS);
}

int
main(int argc, char **argv)
{
    if (argc > 1) {
        return Child();
    }
    Slot = TlsAlloc();
    TlsSetValue(Slot, &Slot); /* this thread's own */
    Threads();
    Processes(argv[0]);
    Classes(argv[0]);
    return TEST_DONE();
}
