/*
 * path.c - the way into the kernel as a client can try it: raw `syscall` and `int 2Eh`, numbers that are none, stacks that
 * cannot be read, registers, privileged instructions, addresses of the kernel, exceptions up to the unhandled filter.
 *
 * [SC] nt-semantics 8; [SDK] the Win32 documentation.
 */
#include "../../nt/ntlab-client.h"
#include <winternl.h>

NTSTATUS NTAPI NtYieldExecution(void);

static DWORD Code;
static ULONG_PTR Information[2];
static void *Resume;
static ULONG64 ResumeRsp;

/* A vectored handler that goes on behind the block of the test. */
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

/* The exception that an instruction raises; 0: none. */
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

static NTSTATUS
Raw(ULONG Number, ULONG64 First, ULONG64 Second)
{
    NTSTATUS Status;
    register ULONG64 R10 __asm__("r10") = First;

    __asm__ volatile("syscall"
                     : "=a"(Status), "+r"(R10)
                     : "a"(Number), "d"(Second)
                     : "rcx", "r11", "r8", "r9", "memory", "cc");
    return Status;
}

static NTSTATUS
Gate(ULONG Number, ULONG64 First, ULONG64 Second)
{
    NTSTATUS Status;
    register ULONG64 R10 __asm__("r10") = First;

    __asm__ volatile("int $0x2e"
                     : "=a"(Status), "+r"(R10)
                     : "a"(Number), "d"(Second)
                     : "rcx", "r11", "r8", "r9", "memory", "cc");
    return Status;
}

/* The number in ntdll's stub: mov r10, rcx; mov eax, NUMBER. */
static ULONG
NumberOf(const char *Name)
{
    BYTE *Stub = (BYTE *)(void *)GetProcAddress(GetModuleHandleA("ntdll"), Name);

    return Stub != NULL && Stub[3] == 0xB8 ? *(ULONG *)(Stub + 4) : ~0u;
}

static void
Stubs(void)
{
    BYTE *Stub = (BYTE *)(void *)GetProcAddress(GetModuleHandleA("ntdll"), "NtClose");

    EXPECT(memcmp(Stub, "\x4C\x8B\xD1\xB8", 4) == 0); /* [SC] mov r10, rcx; mov eax */
    EXPECT_EQ(NumberOf("NtClose"), 0xF);
    EXPECT_EQ(NumberOf("NtYieldExecution"), 0x46);
    EXPECT_EQ(NumberOf("NtWaitForSingleObject"), 0x4);
}

static void
RawServices(void)
{
    HANDLE Event = CreateEventA(NULL, TRUE, FALSE, NULL);
    ULONG Previous = 5, Set = NumberOf("NtSetEvent"), Close = NumberOf("NtClose");

    EXPECT_EQ(Raw(Set, (ULONG64)Event, (ULONG64)&Previous), 0);
    EXPECT_EQ(Previous, 0);
    EXPECT_EQ(Gate(Set, (ULONG64)Event, (ULONG64)&Previous), 0);
    EXPECT_EQ(Previous, 1);
    EXPECT_EQ(Raw(Close, 0x7777770, 0), (NTSTATUS)0xC0000008); /* STATUS_INVALID_HANDLE */
    EXPECT_EQ(Gate(Close, 0x7777770, 0), (NTSTATUS)0xC0000008);
    EXPECT_EQ(Raw(Set, (ULONG64)Event, 8), (NTSTATUS)0xC0000005); /* the pointer is probed */
    EXPECT_EQ(Raw(Set, (ULONG64)Event, 0xFFFF800000000000ull), (NTSTATUS)0xC0000005);
    EXPECT_EQ(Raw(Set, (ULONG64)Event, 0x0000400000000000ull), (NTSTATUS)0xC0000005);
    EXPECT_EQ(Raw(Close, (ULONG64)Event, 0), 0);
}

static void
Numbers(void)
{
    EXPECT_EQ(Raw(0xFFF, 0, 0), (NTSTATUS)0xC000001C);  /* [SC] STATUS_INVALID_SYSTEM_SERVICE */
    EXPECT_EQ(Raw(0x1000, 0, 0), (NTSTATUS)0xC000001C); /* nobody has added the second table */
    EXPECT_EQ(Raw(0x1FFF, 0, 0), (NTSTATUS)0xC000001C);
    EXPECT_EQ(Raw(0x3000, 0, 0), (NTSTATUS)0xC000001C);
    EXPECT_EQ(Gate(0xFFF, 0, 0), (NTSTATUS)0xC000001C);
    EXPECT_EQ(Gate(0x1000, 0, 0), (NTSTATUS)0xC000001C);
}

/* Registers behind the instruction: rcx the return address, volatile ones cleared, the others kept. */
static void
Registers(void)
{
    ULONG64 Rbx, Rsi, R12, R15, Rdx, R8, R9, R10;
    void *Back, *Expected;

    __asm__ volatile(
        "movl $0x46, %%eax\n\tmovq $0x1111, %%rbx\n\tmovq $0x2222, %%rsi\n\tmovq $0x3333, "
        "%%r12\n\tmovq $0x4444, %%r15\n\t"
        "movq $-1, %%rdx\n\tmovq $-1, %%r8\n\tmovq $-1, %%r9\n\tmovq $-1, %%r10\n\tsyscall\n1:\n\t"
        "movq %%rcx, %0\n\tleaq 1b(%%rip), %%rax\n\tmovq %%rax, %1\n\tmovq %%rbx, %2\n\tmovq "
        "%%rsi, %3\n\t"
        "movq %%r12, %4\n\tmovq %%r15, %5\n\tmovq %%rdx, %6\n\tmovq %%r8, %7\n\tmovq %%r9, "
        "%8\n\tmovq %%r10, %9"
        : "=m"(Back), "=m"(Expected), "=m"(Rbx), "=m"(Rsi), "=m"(R12), "=m"(R15), "=m"(Rdx),
          "=m"(R8), "=m"(R9), "=m"(R10)
        :
        : "rax", "rbx", "rcx", "rdx", "rsi", "r8", "r9", "r10", "r11", "r12", "r15", "memory", "cc",
          "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5");
    EXPECT(Back == Expected);
    EXPECT_EQ(Rbx, 0x1111);
    EXPECT_EQ(Rsi, 0x2222);
    EXPECT_EQ(R12, 0x3333);
    EXPECT_EQ(R15, 0x4444);
    EXPECT_EQ(Rdx, 0); /* [SC] nothing of the kernel's is left in them */
    EXPECT_EQ(R8, 0);
    EXPECT_EQ(R9, 0);
    EXPECT_EQ(R10, 0);
}

/* A stack from which the fifth argument cannot be read: the service's status says so. */
static void
Stacks(void)
{
    NTSTATUS Status;
    ULONG Number = NumberOf("NtQueryInformationFile"); /* five arguments */
    static const ULONG64 Bad[] = {0x10000, 0x0000400000001000ull, 0xFFFF800000000000ull,
                                  0x0000800000000000ull};

    for (int Index = 0; Index < 4; Index++) {
        __asm__ volatile("movq %%rsp, %%r14\n\tmovq %2, %%rsp\n\txorl %%r10d, "
                         "%%r10d\n\tsyscall\n\tmovq %%r14, %%rsp"
                         : "=a"(Status)
                         : "a"(Number), "r"(Bad[Index])
                         : "rcx", "rdx", "r8", "r9", "r10", "r11", "r14", "memory", "cc");
        EXPECT_EQ(Status, (NTSTATUS)0xC0000005);
    }
}

static void
Privileged(void)
{
    EXPECT_EQ(RAISES("hlt"), EXCEPTION_PRIV_INSTRUCTION);
    EXPECT_EQ(RAISES("cli"), EXCEPTION_PRIV_INSTRUCTION);
    EXPECT_EQ(RAISES("sti"), EXCEPTION_PRIV_INSTRUCTION);
    EXPECT_EQ(RAISES("inb $0x60, %%al"), EXCEPTION_PRIV_INSTRUCTION);
    EXPECT_EQ(RAISES("outb %%al, $0x60"), EXCEPTION_PRIV_INSTRUCTION);
    EXPECT_EQ(RAISES("movw $0x3f8, %%dx\n\tinl %%dx, %%eax"), EXCEPTION_PRIV_INSTRUCTION);
    EXPECT_EQ(RAISES("movw $0x3f8, %%dx\n\toutl %%eax, %%dx"), EXCEPTION_PRIV_INSTRUCTION);
    EXPECT_EQ(RAISES("movq %%cr0, %%rax"), EXCEPTION_PRIV_INSTRUCTION);
    EXPECT_EQ(RAISES("movq %%rax, %%cr0"), EXCEPTION_PRIV_INSTRUCTION);
    EXPECT_EQ(RAISES("movq %%cr3, %%rax"), EXCEPTION_PRIV_INSTRUCTION);
    EXPECT_EQ(RAISES("movq %%cr4, %%rax"), EXCEPTION_PRIV_INSTRUCTION);
    EXPECT_EQ(RAISES("movq %%cr8, %%rax"), EXCEPTION_PRIV_INSTRUCTION);
    EXPECT_EQ(RAISES("movq %%rax, %%cr8"), EXCEPTION_PRIV_INSTRUCTION);
    EXPECT_EQ(RAISES("movq %%dr7, %%rax"), EXCEPTION_PRIV_INSTRUCTION);
    EXPECT_EQ(RAISES("xorl %%ecx, %%ecx\n\trdmsr"), EXCEPTION_PRIV_INSTRUCTION);
    EXPECT_EQ(RAISES("xorl %%ecx, %%ecx\n\twrmsr"), EXCEPTION_PRIV_INSTRUCTION);
    EXPECT_EQ(RAISES("invd"), EXCEPTION_PRIV_INSTRUCTION);
    EXPECT_EQ(RAISES("wbinvd"), EXCEPTION_PRIV_INSTRUCTION);
    EXPECT_EQ(RAISES("clts"), EXCEPTION_PRIV_INSTRUCTION);
    EXPECT_EQ(RAISES("invlpg (%%rsp)"), EXCEPTION_PRIV_INSTRUCTION);
    EXPECT_EQ(RAISES("swapgs"), EXCEPTION_PRIV_INSTRUCTION);
    EXPECT_EQ(RAISES("ud2"), EXCEPTION_ILLEGAL_INSTRUCTION);
}

static void
Exceptions(void)
{
    volatile ULONG64 Kernel[] = {0xFFFF800000000000ull, 0xFFFFF78000000000ull};

    EXPECT_EQ(RAISES("movq 8, %%rax"), EXCEPTION_ACCESS_VIOLATION);
    EXPECT(Information[0] == 0 && Information[1] == 8);
    EXPECT_EQ(RAISES("movq %%rax, 16"), EXCEPTION_ACCESS_VIOLATION);
    EXPECT(Information[0] == 1 && Information[1] == 16);
    EXPECT_EQ(RAISES("movq (%2), %%rax", "r"(Kernel[0])), EXCEPTION_ACCESS_VIOLATION);
    EXPECT_EQ(RAISES("movq (%2), %%rax", "r"(Kernel[1])), EXCEPTION_ACCESS_VIOLATION);
    EXPECT_EQ(RAISES("movq %%rax, (%2)", "r"(Kernel[1])), EXCEPTION_ACCESS_VIOLATION);
    EXPECT_EQ(RAISES("xorl %%ecx, %%ecx\n\txorl %%edx, %%edx\n\tdivl %%ecx"),
              EXCEPTION_INT_DIVIDE_BY_ZERO);
    EXPECT_EQ(RAISES("int3"), EXCEPTION_BREAKPOINT);
    EXPECT_EQ(RAISES("movq $0x1234567890abcdef, %%rax\n\tmovq (%%rax), %%rax"),
              EXCEPTION_ACCESS_VIOLATION);
    EXPECT_EQ(Information[1], (ULONG_PTR)-1); /* not canonical: the address is not known */
    EXPECT_EQ(RAISES("int $0x80"), EXCEPTION_ACCESS_VIOLATION);
    EXPECT_EQ(RAISES("int $0x21"), EXCEPTION_ACCESS_VIOLATION);
}

static DWORD
ExitOf(const char *Argument)
{
    char Command[MAX_PATH + 32];
    STARTUPINFOA Startup = {.cb = sizeof(Startup)};
    PROCESS_INFORMATION Process;
    DWORD Exit = 0;

    GetModuleFileNameA(NULL, Command + 1, MAX_PATH);
    Command[0] = '"';
    strcat(Command, "\" ");
    strcat(Command, Argument);
    if (!CreateProcessA(NULL, Command, NULL, NULL, FALSE, 0, NULL, NULL, &Startup, &Process)) {
        return ~0u;
    }
    WaitForSingleObject(Process.hProcess, INFINITE);
    GetExitCodeProcess(Process.hProcess, &Exit);
    CloseHandle(Process.hProcess);
    CloseHandle(Process.hThread);
    return Exit;
}

static LONG WINAPI
LastFilter(EXCEPTION_POINTERS *Pointers)
{
    ExitProcess(Pointers->ExceptionRecord->ExceptionCode == EXCEPTION_ACCESS_VIOLATION ? 77 : 78);
}

static void
ExitCodes(void)
{
    EXPECT_EQ(ExitOf("av"),
              0xC0000005); /* [SDK] nobody takes it: the code is the process's exit code */
    EXPECT_EQ(ExitOf("div"), 0xC0000094);
    EXPECT_EQ(ExitOf("priv"), 0xC0000096);
    EXPECT_EQ(ExitOf("filter"), 77); /* SetUnhandledExceptionFilter */
    EXPECT_EQ(ExitOf("fastfail"), 0xC0000409);
    EXPECT_EQ(ExitOf("overflow"), 0xC00000FD);
    EXPECT_EQ(ExitOf("raise"), 0xE0001234);
}

static int
Overflow(int Depth)
{
    volatile char Room[4096];

    Room[0] = (char)Depth;
    return Overflow(Depth + 1) + Room[0];
}

static int
Child(const char *What)
{
    if (strcmp(What, "av") == 0) {
        *(volatile int *)0 = 1;
    } else if (strcmp(What, "div") == 0) {
        __asm__ volatile("xorl %%ecx, %%ecx\n\txorl %%edx, %%edx\n\tdivl %%ecx"
                         :
                         :
                         : "eax", "ecx", "edx");
    } else if (strcmp(What, "priv") == 0) {
        __asm__ volatile("hlt");
    } else if (strcmp(What, "filter") == 0) {
        SetUnhandledExceptionFilter(LastFilter);
        *(volatile int *)0 = 1;
    } else if (strcmp(What, "fastfail") == 0) {
        __asm__ volatile("int $0x29" : : "c"(7));
    } else if (strcmp(What, "overflow") == 0) {
        return Overflow(0);
    } else if (strcmp(What, "raise") == 0) {
        RaiseException(0xE0001234, 0, 0, NULL);
    }
    return 0;
}

int
main(int Arguments, char **Argument)
{
    if (Arguments > 1) {
        return Child(Argument[1]);
    }
    AddVectoredExceptionHandler(1, Vectored);
    Stubs();
    RawServices();
    Numbers();
    Registers();
    Stacks();
    Privileged();
    Exceptions();
    ExitCodes();
    return TEST_DONE();
}
