/*
 * client.c - a client that counts its own system calls: the instrumentation callback.
 *
 * A process can name an address to the kernel (NtSetInformationProcess, ProcessInstrumentationCallback). From then on every
 * way out to user mode leads there: after system services, to APCs, to exceptions. r10 has the address where user
 * mode would have gone on; the callback must keep all registers and go there. Ours counts, by where it came from.
 *
 * The exit code is the number of claims that do not hold.
 */
#include <windows.h>
#include <winternl.h>
#include <stdio.h>

typedef struct CALLBACK_INFORMATION {
    ULONG Version;
    ULONG Reserved;
    PVOID Callback;
} CALLBACK_INFORMATION;
#define ProcessInstrumentationCallback 40

volatile LONG64 Returns, Dispatches; /* to behind a system call; to a dispatcher of ntdll */
volatile ULONG64 ApcDispatcher, ExceptionDispatcher;
static volatile LONG Apcs;
static int Wrong;

void CallbackEntry(void);
__asm__(".intel_syntax noprefix\n"
        "    .text\n    .globl CallbackEntry\n"
        "CallbackEntry:\n"
        "    pushfq\n"
        "    cmp r10, [rip + ApcDispatcher]\n"
        "    je 1f\n"
        "    cmp r10, [rip + ExceptionDispatcher]\n"
        "    je 1f\n"
        "    inc qword ptr [rip + Returns]\n"
        "    popfq\n"
        "    jmp r10\n"
        "1:  inc qword ptr [rip + Dispatches]\n"
        "    popfq\n"
        "    jmp r10\n"
        "    .att_syntax prefix\n");

static void
Claim(BOOL Holds, const char *What)
{
    printf("  %s%s\n", What, Holds ? "" : ": NO");
    Wrong += !Holds;
}

static NTSTATUS
Set(PVOID Callback)
{
    CALLBACK_INFORMATION Information = {0, 0, Callback};

    /* Before Windows 10 it is the bare address. */
    return *(ULONG *)0x7FFE026C >= 10
               ? NtSetInformationProcess(GetCurrentProcess(), ProcessInstrumentationCallback,
                                         &Information, sizeof(Information))
               : NtSetInformationProcess(GetCurrentProcess(), ProcessInstrumentationCallback,
                                         &Information.Callback, sizeof(PVOID));
}

static VOID CALLBACK
Apc(ULONG_PTR Argument)
{
    Apcs++;
}

static LONG CALLBACK
Handler(EXCEPTION_POINTERS *Pointers)
{
    if (Pointers->ExceptionRecord->ExceptionCode != EXCEPTION_BREAKPOINT) {
        return EXCEPTION_CONTINUE_SEARCH;
    }
    Pointers->ContextRecord->Rip++;
    return EXCEPTION_CONTINUE_EXECUTION;
}

static DWORD WINAPI
Thread(PVOID Argument)
{
    return 5;
}

int
main(void)
{
    HMODULE Ntdll = GetModuleHandleA("ntdll");
    HANDLE Event = CreateEventA(NULL, TRUE, FALSE, NULL), Other;
    LONG64 Before;
    NTSTATUS Status;
    DWORD Code = 0;

    ApcDispatcher = (ULONG64)(void *)GetProcAddress(Ntdll, "KiUserApcDispatcher");
    ExceptionDispatcher = (ULONG64)(void *)GetProcAddress(Ntdll, "KiUserExceptionDispatcher");
    AddVectoredExceptionHandler(1, Handler);
    Status = Set((PVOID)CallbackEntry);
    Before = Returns;
    Claim(Status == 0, "the process sets its callback");
    Claim(Before == 1, "and the first way out that it sees is that of the setting itself");
    Before = Returns;
    for (int Index = 0; Index < 1000; Index++) {
        ResetEvent(Event);
    }
    Claim(Returns - Before == 1000, "a thousand ResetEvent are a thousand returns");
    Before = Returns;
    for (int Index = 0; Index < 1000; Index++) {
        GetCurrentThreadId();
    }
    Claim(Returns == Before, "GetCurrentThreadId never enters the kernel");
    QueueUserAPC(Apc, GetCurrentThread(), 0);
    Before = Dispatches;
    SleepEx(0, TRUE);
    Claim(Dispatches - Before == 1 && Apcs == 1,
          "an APC is seen on its way to KiUserApcDispatcher");
    Before = Dispatches;
    __asm__ volatile("int3");
    Claim(Dispatches - Before == 1, "an exception on its way to KiUserExceptionDispatcher");
    Other = CreateThread(NULL, 0, Thread, NULL, 0, NULL);
    WaitForSingleObject(Other, INFINITE);
    GetExitCodeThread(Other, &Code);
    Claim(Code == 5, "a thread that begins passes it too, and runs");
    Claim(Set(NULL) == 0, "the callback is taken away");
    Before = Returns;
    ResetEvent(Event);
    Claim(Returns == Before, "and sees nothing any more");
    printf("%lld returns from system calls and %lld dispatches were counted\n", Returns,
           Dispatches);
    return Wrong;
}
