/*
 * raw-client.c - a client that makes its system calls by itself: `syscall` and `int 2Eh` are the kernel's
 * [nt-semantics 8.1], `int 80h` is nobody's: an access violation, and no Linux system call.
 */
#include "ntlab-client.h"

static volatile DWORD Raised;
static volatile ULONG_PTR Length;

static LONG CALLBACK
Handler(PEXCEPTION_POINTERS Info)
{
    Raised = Info->ExceptionRecord->ExceptionCode;
    Info->ContextRecord->Rip += Length;
    return EXCEPTION_CONTINUE_EXECUTION;
}

/* The service number of an ntdll stub: mov r10, rcx; mov eax, NUMBER. */
static DWORD
NumberOf(const char *Name)
{
    const BYTE *Stub = (const BYTE *)(PVOID)GetProcAddress(GetModuleHandleA("ntdll.dll"), Name);

    for (int i = 0; Stub != NULL && i < 8; i++) {
        if (Stub[i] == 0xB8) {
            DWORD Number;

            memcpy(&Number, Stub + i + 1, sizeof(Number));
            return Number;
        }
    }
    return ~0u;
}

static LONG_PTR
BySyscall(DWORD Number, ULONG_PTR First)
{
    LONG_PTR Result;
    register ULONG_PTR R10 __asm__("r10") = First;

    __asm__ volatile("sub $0x40, %%rsp\n\tsyscall\n\tadd $0x40, %%rsp"
                     : "=a"(Result), "+r"(R10)
                     : "a"((ULONG_PTR)Number)
                     : "rcx", "rdx", "r8", "r9", "r11", "memory", "xmm0", "xmm1", "xmm2", "xmm3",
                       "xmm4", "xmm5");
    return Result;
}

static LONG_PTR
ByInterrupt(DWORD Number, ULONG_PTR First)
{
    LONG_PTR Result;
    register ULONG_PTR R10 __asm__("r10") = First;

    __asm__ volatile("sub $0x40, %%rsp\n\tint $0x2E\n\tadd $0x40, %%rsp"
                     : "=a"(Result), "+r"(R10)
                     : "a"((ULONG_PTR)Number)
                     : "rcx", "rdx", "r8", "r9", "r11", "memory", "xmm0", "xmm1", "xmm2", "xmm3",
                       "xmm4", "xmm5");
    return Result;
}

/* A service of six arguments, two of them on a stack that is at `Stack`; 0: the thread's own. By `syscall`, then by `int 2Eh`. */
static LONG_PTR
WithStackBy(BOOL Interrupt, DWORD Number, ULONG_PTR Stack, ULONG_PTR Fifth, ULONG_PTR Sixth)
{
    ULONG_PTR Own[8] = {0, 0, 0, 0, 0, Fifth, Sixth, 0};
    LONG_PTR Result;
    register ULONG_PTR R10 __asm__("r10") = 0x12344;
    register ULONG_PTR R8 __asm__("r8") = 0, R9 __asm__("r9") = 0, Rdx __asm__("rdx") = 0;
    register ULONG_PTR R12 __asm__("r12") = Stack != 0 ? Stack : (ULONG_PTR)Own;

    if (Interrupt) {
        __asm__ volatile("xchg %%r12, %%rsp\n\tint $0x2E\n\txchg %%r12, %%rsp"
                         : "=a"(Result), "+r"(R10), "+r"(R12), "+r"(R8), "+r"(R9), "+r"(Rdx)
                         : "a"((ULONG_PTR)Number)
                         : "rcx", "r11", "memory", "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5");
    } else {
        __asm__ volatile("xchg %%r12, %%rsp\n\tsyscall\n\txchg %%r12, %%rsp"
                         : "=a"(Result), "+r"(R10), "+r"(R12), "+r"(R8), "+r"(R9), "+r"(Rdx)
                         : "a"((ULONG_PTR)Number)
                         : "rcx", "r11", "memory", "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5");
    }
    EXPECT(R12 == (Stack != 0 ? Stack : (ULONG_PTR)Own)); /* the stack pointer comes back */
    return Result;
}

static LONG_PTR
WithStack(DWORD Number, ULONG_PTR Stack, ULONG_PTR Fifth, ULONG_PTR Sixth)
{
    LONG_PTR Result = WithStackBy(FALSE, Number, Stack, Fifth, Sixth);

    EXPECT_EQ(WithStackBy(TRUE, Number, Stack, Fifth, Sixth), Result);
    return Result;
}

/* Arguments behind the fourth are read from the user's stack, with care. */
static void
StackArguments(void)
{
    DWORD Query = NumberOf("NtQueryVolumeInformationFile"),
          Duplicate = NumberOf("NtDuplicateObject");
    BYTE *Pages = VirtualAlloc(NULL, 8192, MEM_RESERVE, PAGE_NOACCESS);

    VirtualAlloc(Pages, 4096, MEM_COMMIT, PAGE_READWRITE);
    EXPECT_EQ((DWORD)WithStack(Query, 0, 1, 0), 0xC0000004);  /* a class, and a length of 0 */
    EXPECT_EQ((DWORD)WithStack(Query, 0, 77, 0), 0xC0000003); /* no class */
    EXPECT_EQ((DWORD)WithStack(Query, 0x10000, 0, 0), 0xC0000005);
    EXPECT_EQ((DWORD)WithStack(Query, (ULONG_PTR)Pages + 4096 - 0x28, 0, 0), 0xC0000005);
    /* one is there, which is all that it takes; the other asks for three */
    *(ULONG_PTR *)(Pages + 4096 - 8) = 1;
    EXPECT_EQ((DWORD)WithStack(Query, (ULONG_PTR)Pages + 4096 - 0x30, 0, 0), 0xC0000004);
    EXPECT_EQ((DWORD)WithStack(Duplicate, (ULONG_PTR)Pages + 4096 - 0x30, 0, 0), 0xC0000005);
    EXPECT_EQ((DWORD)WithStack(0x1000, 0, 0, 0), 0xC000001C); /* there are no services of windows */
    EXPECT_EQ((DWORD)WithStack(0x2000, 0, 0, 0), 0xC000001C);
}

int
main(void)
{
    DWORD Close = NumberOf("NtClose");
    ULONG_PTR Rax;

    EXPECT(Close < 0x1000);
    EXPECT_EQ((DWORD)BySyscall(Close, 0x12344), 0xC0000008); /* STATUS_INVALID_HANDLE */
    EXPECT_EQ((DWORD)ByInterrupt(Close, 0x12344), 0xC0000008);
    EXPECT_EQ((DWORD)BySyscall(0xFFF, 0), 0xC000001C); /* STATUS_INVALID_SYSTEM_SERVICE */
    StackArguments();
    AddVectoredExceptionHandler(1, Handler);
    Length = 2;
    Raised = 0;
    Rax = 20; /* getpid of 32-bit Linux */
    __asm__ volatile("int $0x80" : "+a"(Rax) : : "memory");
    EXPECT_EQ(Raised, 0xC0000005);
    EXPECT_EQ(Rax, 20);
    Raised = 0;
    __asm__ volatile("int $0x81" : : : "memory");
    EXPECT_EQ(Raised, 0xC0000005);
    Length = 1;
    Raised = 0;
    __asm__ volatile("hlt");
    EXPECT_EQ(Raised, 0xC0000096); /* STATUS_PRIVILEGED_INSTRUCTION */
    Raised = 0;
    __asm__ volatile("cli");
    EXPECT_EQ(Raised, 0xC0000096);
    Length = 2;
    Raised = 0;
    __asm__ volatile("ud2");
    EXPECT_EQ(Raised, 0xC000001D); /* STATUS_ILLEGAL_INSTRUCTION */
    return TEST_DONE();
}
