/*
 * client.c - hands the driver a function of its own, and shows what that function could do.
 *
 * The function only gathers evidence in memory: in kernel mode it must call nothing of Windows. It is called twice,
 * by main (user mode: each privileged step faults) and by the driver (kernel mode: none does).
 */
#include <windows.h>
#include <winioctl.h>
#include <stdio.h>
#include "switchstack.h"

typedef struct EVIDENCE {
    ULONG64 Rsp;
    ULONG64 StackLimit, InitialStack; /* of the kernel stack, from the current KTHREAD */
    ULONG64 KernelMemory; /* first 8 bytes of KUSER_SHARED_DATA as kernel mode sees it */
    ULONG64 Cr8;
    UCHAR Port;
    ULONG Faults[4]; /* exception codes: memory, CR8, in, KTHREAD */
} EVIDENCE;

/* A step that faults goes on at its Resume label, with the code in Fault. */
static volatile ULONG64 Resume;
static volatile ULONG Fault;

static LONG CALLBACK
StepFaulted(EXCEPTION_POINTERS *Info)
{
    if (Resume == 0) {
        return EXCEPTION_CONTINUE_SEARCH;
    }
    Fault = Info->ExceptionRecord->ExceptionCode;
    Info->ContextRecord->Rip = Resume;
    Resume = 0;
    return EXCEPTION_CONTINUE_EXECUTION;
}

#define STEP(Index, Instruction, Output, Input)                                                    \
    do {                                                                                           \
        Fault = 0;                                                                                 \
        __asm__ volatile("leaq 1f(%%rip), %%rax\n\tmovq %%rax, %1\n\t" Instruction "\n1:"          \
                         : "=&c"(Output), "=m"(Resume)                                             \
                         : "d"((ULONG64)(Input)), "0"(0ull)                                        \
                         : "rax", "memory");                                                       \
        Resume = 0;                                                                                \
        Evidence->Faults[Index] = Fault;                                                           \
    } while (0)

static void
Gather(void *Argument)
{
    EVIDENCE *Evidence = Argument;
    ULONG64 Value, Thread;

    __asm__ volatile("movq %%rsp, %0" : "=r"(Evidence->Rsp));
    STEP(0, "movq (%%rdx), %%rcx", Value, 0xFFFFF78000000000ull);
    Evidence->KernelMemory = Value;
    STEP(1, "movq %%cr8, %%rcx", Value, 0);
    Evidence->Cr8 = Value;
    STEP(2, "inb %%dx, %%al\n\tmovzbl %%al, %%ecx", Value, 0x80);
    Evidence->Port = (UCHAR)Value;
    /* gs:[188h] is the current KTHREAD in kernel mode; in user mode gs is the TEB, and this is no pointer. */
    STEP(3, "movq %%gs:0x188, %%rcx\n\tmovq 0x30(%%rcx), %%rcx", Value, 0);
    Evidence->StackLimit = Value;
    if (Fault == 0) {
        STEP(3, "movq %%gs:0x188, %%rcx\n\tmovq 0x28(%%rcx), %%rcx", Thread, 0);
        Evidence->InitialStack = Thread;
    }
}

static void
Print(const char *Mode, const EVIDENCE *Evidence)
{
    BOOL OnKernelStack =
        Evidence->Rsp > Evidence->StackLimit && Evidence->Rsp < Evidence->InitialStack;

    printf("%s\n", Mode);
    printf("  stack pointer    %016llx  %s\n", Evidence->Rsp,
           OnKernelStack ? "within the thread's kernel stack" : "on the user stack");
    printf("  kernel memory    ");
    Evidence->Faults[0] ? printf("fault %08lx\n", Evidence->Faults[0])
                        : printf("read: %016llx\n", Evidence->KernelMemory);
    printf("  CR8 (IRQL)       ");
    Evidence->Faults[1] ? printf("fault %08lx\n", Evidence->Faults[1])
                        : printf("read: %llu\n", Evidence->Cr8);
    printf("  in al, 80h       ");
    Evidence->Faults[2] ? printf("fault %08lx\n", Evidence->Faults[2])
                        : printf("done: %02x\n", Evidence->Port);
    fflush(stdout);
}

int
main(void)
{
    static EVIDENCE User, Kernel;
    HANDLE Device;
    DWORD Returned;

    AddVectoredExceptionHandler(1, StepFaulted);
    Gather(&User);
    Print("called by main, in user mode:", &User);

    Device = CreateFileA("\\\\.\\SwitchStack", GENERIC_READ | GENERIC_WRITE, 0, NULL, OPEN_EXISTING,
                         0, NULL);
    if (Device == INVALID_HANDLE_VALUE) {
        printf("cannot open the device: error %lu\n", GetLastError());
        return 2;
    }
    if (!DeviceIoControl(Device, IOCTL_SWITCH_STACKS, &Kernel, sizeof(Kernel), (PVOID)Gather, 1,
                         &Returned, NULL)) {
        printf("the request failed: error %lu\n", GetLastError());
        return 3;
    }
    Print("called by the driver, in kernel mode:", &Kernel);
    CloseHandle(Device);

    /* Every step faulted in user mode and none in kernel mode: that is what the sample claims. */
    for (int Step = 0; Step < 3; Step++) {
        if (User.Faults[Step] == 0 || Kernel.Faults[Step] != 0) {
            return 4;
        }
    }
    return Kernel.Rsp > Kernel.StackLimit && Kernel.Rsp < Kernel.InitialStack ? 0 : 5;
}
