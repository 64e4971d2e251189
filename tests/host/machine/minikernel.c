/*
 * minikernel.c - a kernel of a few hundred lines that tries what the machine promises in abi/.
 *
 * `--seed` picks the case. A case prints nothing when all is well; a failed check prints its line
 * and ends the run as a leak, which run.py never expects. Traps come to TrapEntry, which leaves a
 * copy in Trap and goes back to the caller of Attempt.
 */
#include "abi/hypercall.h"
#include "abi/machine.h"

#define Hc      ((const struct abi_hypercalls *)ABI_HYPERCALL_TABLE)
#define Machine ((volatile struct abi_machine *)ABI_MACHINE_PAGE)

typedef unsigned char UCHAR;
typedef unsigned int ULONG;
typedef unsigned long long ULONG64;

#define EXPORT __declspec(dllexport)
#define RW     (ABI_PROT_READ | ABI_PROT_WRITE)
#define PAGE   0x1000ull

#define SCRATCH   (ABI_MAPPING_BASE)
#define USER_CODE (ABI_SLICE_SIZE + 0x10000)

int _fltused;
static struct abi_boot Boot;
__attribute__((used)) struct abi_trap Trap;
__attribute__((used)) ULONG64 Resume[10];
static ULONG Traps;

static ULONG64
Length(const char *Text)
{
    ULONG64 n = 0;

    while (Text[n] != 0) {
        n++;
    }
    return n;
}

static void
Print(const char *Text)
{
    Hc->print(ABI_OUT_DEBUG, Text, Length(Text));
}

static void
PrintHex(const char *Name, ULONG64 Value)
{
    char Text[20] = "                \n";

    for (int i = 15; i >= 0; i--, Value >>= 4) {
        Text[i] = "0123456789abcdef"[Value & 15];
    }
    Print(Name);
    Print(" ");
    Print(Text);
}

static void
Stop(ULONG Verdict, const char *Message)
{
    static struct abi_stop Why;

    Why.verdict = Verdict;
    for (int i = 0; i < 100 && Message[i] != 0; i++) {
        Why.message[i] = Message[i];
    }
    Hc->stop(&Why);
}

static void
Failed(const char *What, ULONG64 Got, ULONG64 Wanted)
{
    Print("failed: ");
    Print(What);
    Print("\n");
    PrintHex("  is    ", Got);
    PrintHex("  wanted", Wanted);
    PrintHex("  vector", Trap.vector);
    PrintHex("  error ", Trap.error);
    PrintHex("  addr  ", Trap.fault_address);
    PrintHex("  rip   ", Trap.rip);
    Stop(ABI_LEAK, "a check failed");
}

#define STRING2(x) #x
#define STRING(x)  STRING2(x)
#define EXPECT(Is, Want)                                                                           \
    do {                                                                                           \
        ULONG64 Is_ = (ULONG64)(Is), Want_ = (ULONG64)(Want);                                      \
        if (Is_ != Want_) {                                                                        \
            Failed(STRING(__LINE__) ": " #Is, Is_, Want_);                                         \
        }                                                                                          \
    } while (0)

void *
memset(void *To, int Value, ULONG64 Size)
{
    for (ULONG64 i = 0; i < Size; i++) {
        ((volatile UCHAR *)To)[i] = (UCHAR)Value;
    }
    return To;
}

void *
memcpy(void *To, const void *From, ULONG64 Size)
{
    for (ULONG64 i = 0; i < Size; i++) {
        ((volatile UCHAR *)To)[i] = ((const UCHAR *)From)[i];
    }
    return To;
}

/* 0 if Function returned, 1 if it trapped: Trap says how. */
__attribute__((naked, noinline)) static ULONG
Attempt(void (*Function)(void))
{
    __asm__(
        "push %rbx; push %rbp; push %rsi; push %rdi; push %r12; push %r13; push %r14; push %r15\n"
        "sub $0x28, %rsp\n"
        "mov %rsp, Resume(%rip)\n"
        "call *%rcx\n"
        "xor %eax, %eax\n"
        "Attempt_out:\n"
        "add $0x28, %rsp\n"
        "pop %r15; pop %r14; pop %r13; pop %r12; pop %rdi; pop %rsi; pop %rbp; pop %rbx\n"
        "ret\n");
}

/* Copies the frame, then unwinds to Attempt. */
__attribute__((used)) static void
KeepTrap(const struct abi_trap *Frame)
{
    Trap = *Frame;
    Traps++;
}

EXPORT __attribute__((naked)) void
KiTrapEntry(void)
{
    __asm__("call KeepTrap\n"
            "mov Resume(%rip), %rsp\n"
            "mov $1, %eax\n"
            "jmp Attempt_out\n");
}

__attribute__((used)) ULONG Irql, Pauses;
__attribute__((used)) ULONG64 SmepTarget, SmepSite, SyscallReturn, SyscallArgument, SyscallNumber;

/* The helpers of patched code; host/image/patch.h has their conventions. */
EXPORT __attribute__((naked)) void
KiPatchCr8Write(void)
{
    __asm__("push %rax; mov 0x10(%rsp), %rax; mov %eax, Irql(%rip); pop %rax; ret");
}

EXPORT __attribute__((naked)) void
KiPatchCr8Read(void)
{
    __asm__("push %rax; mov Irql(%rip), %eax; mov %rax, 0x10(%rsp); pop %rax; ret");
}

EXPORT __attribute__((naked)) void
KiPatchPause(void)
{
    __asm__("pushf; incl Pauses(%rip); popf; ret");
}

EXPORT __attribute__((naked)) void
KiPatchSmepFault(void)
{
    __asm__("mov %r11, SmepTarget(%rip)\n"
            "mov -8(%rsp), %rax\n"
            "mov %rax, SmepSite(%rip)\n"
            "mov Resume(%rip), %rsp\n"
            "mov $2, %eax\n"
            "jmp Attempt_out\n");
}

EXPORT __attribute__((naked)) void
KiSystemCall64(void)
{
    __asm__("mov %rcx, %r9\n"
            "mov %rax, %r8\n"
            "cmpl $1, 0x7FFD0024\n" /* ABI_KEYS */
            "jne 1f\n"
            "mov 0x7FFD0028, %eax\n"
            "xor %ecx, %ecx\n"
            "xor %edx, %edx\n"
            ".byte 0x0F, 0x01, 0xEF\n"
            "1: movl $0, 0x7FFD0020\n"
            "mov 0x7FFD0010, %rsp\n"
            "mov %r9, SyscallReturn(%rip)\n"
            "mov %r10, SyscallArgument(%rip)\n"
            "mov %r8, SyscallNumber(%rip)\n"
            "mov %r14, Trap+0x70(%rip)\n"
            "mov %r15, Trap+0x78(%rip)\n"
            "mov $2, %eax\n"
            "jmp Attempt_out\n");
}

/* Enters user mode at Rip with Rsp; comes back by a trap. Machine->kernel_rsp is this stack. */
__attribute__((naked, noinline)) static ULONG
User(ULONG64 Rip, ULONG64 Rsp)
{
    __asm__(
        "push %rbx; push %rbp; push %rsi; push %rdi; push %r12; push %r13; push %r14; push %r15\n"
        "sub $0x28, %rsp\n"
        "mov %rsp, Resume(%rip)\n"
        "mov %rsp, 0x7FFD0010\n"
        "mov %rcx, %r8\n"
        "mov %rdx, %r9\n"
        "movl $1, 0x7FFD0020\n"
        "cmpl $1, 0x7FFD0024\n" /* ABI_KEYS */
        "jne 1f\n"
        "mov 0x7FFD002C, %eax\n"
        "xor %ecx, %ecx\n"
        "xor %edx, %edx\n"
        ".byte 0x0F, 0x01, 0xEF\n" /* wrpkru */
        "1: mov %r9, %rsp\n"
        "jmp *%r8\n");
}

/* ---- cases ---- */

static volatile ULONG64 *Target;

static void
DoRead(void)
{
    (void)*Target;
}

static void
DoWrite(void)
{
    *Target = 1;
}

static void
DoCall(void)
{
    ((void (*)(void))Target)();
}

static void
CaseHypercalls(void)
{
    ULONG64 Rcx, Rdx, R8, R9, R10, R11, Rbx = 0x1111, R12 = 0x2222, R15 = 0x3333;
    ULONG64 Xmm0 = 0, Xmm7 = 0;

    __asm__ volatile("mov $0x1111, %%rbx; mov $0x2222, %%r12; mov $0x3333, %%r15\n"
                     "movq %%rbx, %%xmm7; movq %%r12, %%xmm0\n"
                     "sub $0x20, %%rsp\n"
                     "call *%%rax\n"
                     "add $0x20, %%rsp\n"
                     "movq %%xmm7, %%rdi; movq %%xmm0, %%rsi\n"
                     : "=c"(Rcx), "=d"(Rdx), "=b"(Rbx), "=D"(Xmm7), "=S"(Xmm0)
                     : "a"(Hc->host_time)
                     : "r8", "r9", "r10", "r11", "r12", "r15", "xmm0", "xmm7", "memory");
    (void)R8, (void)R9, (void)R10, (void)R11, (void)R12, (void)R15;
    EXPECT(Rcx, 0);
    EXPECT(Rdx, 0);
    EXPECT(Rbx, 0x1111);
    EXPECT(Xmm7, 0x1111);
    EXPECT(Xmm0, 0x2222);
    EXPECT(Hc->version, ABI_VERSION);
    EXPECT(Hc->host_time(), Boot.boot_time_100ns);
}

static void
CaseMemory(void)
{
    volatile ULONG64 *View = (void *)SCRATCH, *Alias = (void *)ABI_ALIAS(SCRATCH);

    Hc->commit(SCRATCH, 2 * PAGE, RW);
    EXPECT(View[0], 0);
    View[0] = 5;
    EXPECT(Alias[0], 5);
    Alias[1] = 6;
    EXPECT(View[1], 6);
    Hc->protect(SCRATCH, PAGE, ABI_PROT_READ);
    EXPECT(View[0], 5);
    Target = View;
    EXPECT(Attempt(DoWrite), 1);
    EXPECT(Trap.vector, 14);
    EXPECT(Trap.error, 3); /* present, write */
    EXPECT(Trap.fault_address, SCRATCH);
    EXPECT(Trap.previous_mode, ABI_KERNEL_MODE);
    Alias[0] = 7; /* the alias stays writable */
    EXPECT(View[0], 7);
    Target = View + 512; /* the second page is as it was */
    EXPECT(Attempt(DoWrite), 0);
    Hc->decommit(SCRATCH, 2 * PAGE);
    EXPECT(Attempt(DoRead), 1);
    EXPECT(Trap.error, 0);
    EXPECT(Trap.fault_address, SCRATCH + PAGE);
    Hc->commit(SCRATCH, 2 * PAGE, RW);
    EXPECT(View[0], 0); /* what is committed anew reads as zero */
    Target = View;
    EXPECT(Attempt(DoCall), 1);
    EXPECT(Trap.vector, 14);
    EXPECT(Trap.error, 0x11); /* present, fetch */
    EXPECT(Trap.rip, SCRATCH);
    Target = (void *)8;
    EXPECT(Attempt(DoRead), 1);
    EXPECT(Trap.fault_address, 8);
    EXPECT(Trap.error, 0);
}

#define ASM_FUNCTION(Name, Text)                                                                   \
    __attribute__((naked, noinline)) static void Name(void)                                        \
    {                                                                                              \
        __asm__(Text);                                                                             \
    }

ASM_FUNCTION(DoUd2, "ud2")
ASM_FUNCTION(DoDivide, "xor %ecx, %ecx; xor %edx, %edx; mov $1, %eax; div %ecx; ret")
ASM_FUNCTION(DoInt3, "int3; ret")
ASM_FUNCTION(DoInt29, "mov $5, %ecx; int $0x29; ret")
ASM_FUNCTION(DoInt2c, "int $0x2c; ret")
ASM_FUNCTION(DoInt2d, "int $0x2d; ret")
ASM_FUNCTION(DoInt2e, "int $0x2e; ret")
ASM_FUNCTION(DoInt80, "mov $1, %eax; int $0x80; ret")
ASM_FUNCTION(DoInt40, "int $0x40; ret")
ASM_FUNCTION(DoSyscall, "mov $60, %eax; syscall; ret")
ASM_FUNCTION(DoNonCanonical, "movabs $0x1234567812345678, %rax; mov (%rax), %rax; ret")
ASM_FUNCTION(DoStep, "pushf; orl $0x100, (%rsp); popf; nop; ret")
ASM_FUNCTION(DoStepHost, "pushf; orl $0x100, (%rsp); popf; movabs $0x7FFC8028, %rax; mov (%rax), "
                         "%rax; sub $0x28, %rsp; call *%rax; add $0x28, %rsp; ret")
ASM_FUNCTION(DoStac, "stac; clac; mov $0xCA, %eax; ret")
ASM_FUNCTION(DoBadStack, "movabs $0x9999999999999998, %rsp; push %rax; ret")

static void
CaseExceptions(void)
{
    EXPECT(Attempt(DoUd2), 1);
    EXPECT(Trap.vector, 6);
    EXPECT(Trap.rip, DoUd2);
    EXPECT(Attempt(DoDivide), 1);
    EXPECT(Trap.vector, 0);
    EXPECT(Attempt(DoInt3), 1);
    EXPECT(Trap.vector, 3);
    EXPECT(Trap.rip, (ULONG64)DoInt3 + 1);
    EXPECT(Attempt(DoInt29), 1);
    EXPECT(Trap.kind, ABI_TRAP_FASTFAIL);
    EXPECT(Trap.rip, (ULONG64)DoInt29 + 7);
    EXPECT(Attempt(DoInt2c), 1);
    EXPECT(Trap.kind, ABI_TRAP_ASSERT);
    EXPECT(Attempt(DoInt2d), 1);
    EXPECT(Trap.kind, ABI_TRAP_DEBUG_SERVICE);
    EXPECT(Attempt(DoInt2e), 1);
    EXPECT(Trap.kind, ABI_TRAP_KERNEL_SYSCALL);
    EXPECT(Attempt(DoInt40), 1);
    EXPECT(Trap.kind, ABI_TRAP_EXCEPTION);
    EXPECT(Trap.vector, 13);
    EXPECT(Trap.error, 0x40 * 8 + 2);
    EXPECT(Trap.rip, DoInt40);
    EXPECT(Attempt(DoInt80), 1);
    EXPECT(Trap.kind, ABI_TRAP_EXCEPTION);
    EXPECT(Trap.vector, 13);
    EXPECT(Trap.error, 0x80 * 8 + 2);
    EXPECT(Trap.rip, (ULONG64)DoInt80 + 5);
    EXPECT(Attempt(DoSyscall), 1);
    EXPECT(Trap.kind, ABI_TRAP_KERNEL_SYSCALL);
    EXPECT(Trap.rip, (ULONG64)DoSyscall + 7);
    EXPECT(Trap.rax, 60);
    EXPECT(Trap.rcx, Trap.rip);
    EXPECT(Attempt(DoNonCanonical), 1);
    EXPECT(Trap.vector, 13);
    EXPECT(Trap.fault_address, 0x1234567812345678); /* the processor does not say: operand.c */
    EXPECT(Trap.rax, 0x1234567812345678);
    EXPECT(Attempt(DoStep), 1);
    EXPECT(Trap.vector, 1);
    EXPECT(Attempt(DoStac), 0);
    EXPECT(Attempt(DoStepHost), 1);
    EXPECT(Trap.vector, 1);
    EXPECT(Attempt(DoBadStack), 1);
    EXPECT(Trap.kind, ABI_TRAP_STACK_OVERFLOW);
    EXPECT(Trap.vector, 12);
    EXPECT(Trap.rsp, 0x9999999999999998);
}

#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Winfinite-recursion"
__attribute__((noinline)) static void
Recurse(void) /* without an end */
{
    volatile UCHAR Room[512];

    Room[0] = 1;
    Recurse();
    Room[1] = 2;
}
#pragma clang diagnostic pop

static void
CaseStackOverflow(void)
{
    EXPECT(Attempt(Recurse), 1);
    EXPECT(Trap.kind, ABI_TRAP_STACK_OVERFLOW);
    EXPECT(Trap.vector, 14);
    EXPECT(Trap.fault_address < Machine->stack_low, 1);
    EXPECT(Trap.fault_address >= Machine->stack_low - PAGE, 1);
    EXPECT(Attempt(DoUd2), 1);
    EXPECT(Trap.kind, ABI_TRAP_EXCEPTION);
}

static void
DoUnknownMsr(void)
{
    __asm__ volatile("rdmsr" : : "c"(0x12345) : "eax", "edx");
}

static void
CasePrivileged(void)
{
    ULONG64 Value, Other;
    ULONG Low, High;

    __asm__ volatile("mov %1, %%cr8; mov %%cr8, %0" : "=r"(Value) : "r"(2ull));
    EXPECT(Irql, 2);
    EXPECT(Value, 2);
    __asm__ volatile("mov %1, %%cr8; mov %%cr8, %0" : "=r"(Value) : "r"(0ull));
    EXPECT(Value, 0);
    __asm__ volatile("mov %%cr0, %0" : "=r"(Value));
    EXPECT(Value, 0x80050033);
    __asm__ volatile("mov %%cr4, %0; mov %%cr3, %1" : "=r"(Value), "=r"(Other));
    EXPECT(Value & 0x100000, 0x100000); /* win10: SMEP */
    EXPECT(Other & 0xFFF, 0);
    __asm__ volatile("mov %1, %%dr0; mov %%dr0, %0" : "=r"(Value) : "r"(0x1234ull));
    EXPECT(Value, 0x1234);
    Low = 0;
    __asm__ volatile("inb $0x60, %%al" : "+a"(Low));
    EXPECT(Low, 0xFF);
    __asm__ volatile("inl %%dx, %%eax" : "=a"(Low) : "d"(0xCF8));
    EXPECT(Low, 0xFFFFFFFF);
    __asm__ volatile("outb %%al, %%dx" : : "a"(1), "d"(0x80));
    EXPECT(Machine->interrupt_flag, 1);
    __asm__ volatile("cli");
    EXPECT(Machine->interrupt_flag, 0);
    __asm__ volatile("sti");
    EXPECT(Machine->interrupt_flag, 1);
    __asm__ volatile("rdmsr" : "=a"(Low), "=d"(High) : "c"(0xC0000080));
    EXPECT(Low, 0xD01);
    EXPECT(Attempt(DoUnknownMsr), 1);
    EXPECT(Trap.vector, 13);
    __asm__ volatile("hlt; wbinvd; invlpg (%0)" : : "r"(&Value));
    EXPECT(Traps, 1);
}

static void
CaseAnswers(void)
{
    ULONG A, B, C, D;
    ULONG64 Value;
    UCHAR Carry;
    struct {
        unsigned short Limit;
        ULONG64 Base;
    } __attribute__((packed)) Table;

    __asm__ volatile("cpuid" : "=a"(A), "=b"(B), "=c"(C), "=d"(D) : "a"(0), "c"(0));
    EXPECT(B, 0x756E6547);
    EXPECT(A, 0xD);
    __asm__ volatile("cpuid" : "=a"(A), "=b"(B), "=c"(C), "=d"(D) : "a"(1), "c"(0));
    EXPECT(C & 1 << 28, 0); /* no AVX */
    EXPECT(C & 1 << 20, 1 << 20);
    __asm__ volatile("xgetbv" : "=a"(A), "=d"(D) : "c"(0));
    EXPECT(A, 3);
    __asm__ volatile("rdtsc" : "=a"(A), "=d"(D));
    PrintHex("rdtsc", (ULONG64)D << 32 | A);
    __asm__ volatile("rdtscp" : "=a"(B), "=d"(D), "=c"(C));
    EXPECT(B > A, 1);
    EXPECT(C, 0);
    __asm__ volatile("rdrand %0; setc %1" : "=r"(Value), "=q"(Carry));
    EXPECT(Carry, 1);
    PrintHex("rdrand", Value);
    __asm__ volatile("sidt %0" : "=m"(Table));
    EXPECT(Table.Limit, 0xFFF);
    EXPECT(Table.Base, 0xFFFFF80000000000);
    EXPECT(Traps, 0);
}

static volatile ULONG64 SharedAddress =
    ABI_KERNEL_SHARED_DATA; /* read, so that no immediate is rewritten */

static void
DoCopyShared(void)
{
    __asm__ volatile("rep movsb" : : "S"(SharedAddress), "D"(8ull), "c"(16ull) : "memory");
}

static void
CaseSharedData(void)
{
    volatile UCHAR *Alias = (void *)ABI_ALIAS(ABI_USER_SHARED_DATA);
    ULONG64 Value, Rsi, Rdi, Rcx;
    UCHAR Buffer[16];

    for (int i = 0; i < 256; i++) {
        Alias[i] = (UCHAR)i;
    }
    EXPECT(*(volatile ULONG *)SharedAddress, 0x03020100);
    EXPECT(*(volatile ULONG *)(SharedAddress + 0x10), 0x13121110);
    Value = SharedAddress;
    __asm__ volatile("mov (%0), %0" : "+r"(Value));
    EXPECT(Value, 0x0706050403020100);
    Value = SharedAddress;
    __asm__ volatile("movb 1(%%rax), %%al" : "+a"(Value));
    EXPECT(Value, SharedAddress + 1);
    __asm__ volatile("rep movsb"
                     : "=S"(Rsi), "=D"(Rdi), "=c"(Rcx)
                     : "0"(SharedAddress + 8), "1"(Buffer), "2"(16)
                     : "memory");
    EXPECT(Rsi, SharedAddress + 24);
    EXPECT(Buffer[15], 23);
    __asm__ volatile("movb (,%1,8), %b0"
                     : "=a"(Value)
                     : "r"(SharedAddress / 8 | 0xE000000000000000), "0"(0ull));
    EXPECT(Value, 0);
    Target = (void *)SharedAddress;
    EXPECT(Attempt(DoWrite), 1);
    EXPECT(Trap.vector, 14);
    EXPECT(Trap.fault_address, SharedAddress);
    EXPECT(Attempt(DoCopyShared), 1); /* the other operand faults: no trace of the substitution */
    EXPECT(Trap.fault_address, 8);
    EXPECT(Trap.rsi, SharedAddress);
    EXPECT(Trap.rcx, 16);
    EXPECT(Trap.rflags & 0x100, 0);
    EXPECT(*(volatile ULONG *)ABI_USER_SHARED_DATA, 0x03020100);
    Target = (void *)ABI_USER_SHARED_DATA; /* read-only by its user address as well */
    EXPECT(Attempt(DoWrite), 1);
}

static void
CaseAddressSpaces(void)
{
    for (ULONG64 i = 1; i <= 40; i++) {
        Hc->set_address_space(i);
        Hc->commit(i * ABI_SLICE_SIZE + 0x10000, PAGE, RW);
        *(volatile ULONG64 *)(i * ABI_SLICE_SIZE + 0x10000) = i;
    }
    for (ULONG64 i = 1; i <= 40; i++) {
        Hc->set_address_space(i);
        for (ULONG64 j = 1; j <= 40; j += i == j + 1 ? 1 : 3) {
            Target = (void *)(j * ABI_SLICE_SIZE + 0x10000);
            if (i == j) {
                EXPECT(*Target, j);
            } else {
                EXPECT(Attempt(DoRead), 1);
                EXPECT(Trap.fault_address, Target);
                EXPECT(Trap.error, 0);
            }
        }
    }
    /* A page committed for a process that is not current, and one taken from it. */
    Hc->set_address_space(3);
    Hc->commit(4 * ABI_SLICE_SIZE + 0x20000, PAGE, RW);
    Target = (void *)(4 * ABI_SLICE_SIZE + 0x20000);
    EXPECT(Attempt(DoWrite), 1);
    Hc->set_address_space(4);
    EXPECT(Attempt(DoWrite), 0);
    Hc->set_address_space(18); /* shares a key with 4 */
    EXPECT(Attempt(DoWrite), 1);
    Hc->decommit(4 * ABI_SLICE_SIZE + 0x20000, PAGE);
    Hc->set_address_space(4);
    EXPECT(Attempt(DoWrite), 1);
    Hc->set_address_space(0);
    EXPECT(Attempt(DoWrite), 1);
    Target = (void *)(4 * ABI_SLICE_SIZE + 0x10000);
    EXPECT(Attempt(DoRead), 1);
    EXPECT(*(volatile ULONG64 *)ABI_ALIAS(Target), 4);
    /* The low range belongs to whoever came first. */
    Hc->set_address_space(2);
    Hc->commit(0x140000000, PAGE, RW);
    Hc->commit(0x400000, PAGE, RW);
    Target = (void *)0x140000000;
    EXPECT(Attempt(DoWrite), 0);
    Hc->set_address_space(1);
    EXPECT(Attempt(DoRead), 1);
    Hc->set_address_space(2);
    EXPECT(Attempt(DoRead), 0);
    EXPECT(*Target, 1);
}

static ULONG
RunUser(void (*Code)(void))
{
    memcpy((void *)ABI_ALIAS(USER_CODE), (void *)Code, 64);
    return User(USER_CODE, ABI_SLICE_SIZE + 0x22000 - 0x40);
}

ASM_FUNCTION(UserIn, "inb $0x60, %al; ret")
ASM_FUNCTION(UserCr8, "mov %cr8, %rax; ret")
ASM_FUNCTION(UserCli, "cli; ret")
ASM_FUNCTION(UserSystem, "movabs $0x0000400080000000, %rax; mov (%rax), %rax; ud2")
/* The first entry of ABI_HYPERCALL_TABLE. */
ASM_FUNCTION(UserHypercall, "movabs $0x7FFC2008, %rax; mov (%rax), %rax; call *%rax; ud2")
ASM_FUNCTION(UserShared, "movabs $0xFFFFF77FFFFFFFFF, %rax; inc %rax; mov (%rax), %rax; ud2")
ASM_FUNCTION(UserGood, "mov $7, %eax; push %rax; pop %rbx; mov 0x7FFE0000, %ecx; ud2")
ASM_FUNCTION(UserPause, "pause; ud2")

_Static_assert(ABI_HYPERCALL_TABLE + 8 == 0x7FFC2008, "UserHypercall");

static void
CaseUserMode(void)
{
    Hc->set_address_space(1);
    Hc->commit(USER_CODE, PAGE, ABI_PROT_READ | ABI_PROT_EXECUTE);
    Hc->commit(ABI_SLICE_SIZE + 0x20000, 2 * PAGE, RW);
    RunUser(UserGood);
    EXPECT(Trap.vector, 6);
    EXPECT(Trap.previous_mode, ABI_USER_MODE);
    EXPECT(Machine->mode, ABI_KERNEL_MODE);
    RunUser(UserIn);
    EXPECT(Trap.kind, ABI_TRAP_PRIVILEGED);
    EXPECT(Trap.rip, USER_CODE);
    RunUser(UserCr8);
    EXPECT(Trap.kind, ABI_TRAP_PRIVILEGED);
    RunUser(UserCli);
    EXPECT(Trap.kind, ABI_TRAP_PRIVILEGED);
    EXPECT(RunUser(DoSyscall), 2); /* KiSystemCall64, as if it had been patched */
    EXPECT(SyscallReturn, USER_CODE + 7);
    EXPECT(SyscallNumber, 60);
    RunUser(DoInt2e);
    EXPECT(Trap.kind, ABI_TRAP_SYSCALL);
    EXPECT(Trap.rip, USER_CODE + 2);
    RunUser(DoInt80);
    EXPECT(Trap.vector, 13);
    EXPECT(Trap.kind, ABI_TRAP_EXCEPTION);
    RunUser(DoInt3);
    EXPECT(Trap.vector, 3);
    RunUser(UserHypercall);
    EXPECT(Trap.vector, 14);
    EXPECT(Trap.error, 0x15);
    EXPECT(Trap.rip, *(ULONG64 *)(ABI_HYPERCALL_TABLE + 8));
    RunUser(UserShared);
    EXPECT(Trap.vector, 14);
    EXPECT(Trap.fault_address, SharedAddress);
    RunUser(UserPause); /* not an image: nothing has patched it */
    EXPECT(Trap.vector, 6);
    RunUser(UserSystem);
    if (Machine->has_keys) {
        EXPECT(Trap.vector, 14);
        EXPECT(Trap.fault_address, 0x0000400080000000);
        EXPECT(Trap.error, 5); /* present, user */
    } else {
        EXPECT(Trap.vector, 6);
    }
}

static void
CaseMissingImport(void)
{
    static struct abi_image Image;
    ULONG Result = Hc->image_load("minidriver.sys", ABI_IMAGE_SYSTEM, 0, &Image);
    char Name[128];

    if (Result != ABI_IMAGE_OK) {
        Print(Image.message);
        Print("\n");
    }
    EXPECT(Result, ABI_IMAGE_OK);
    EXPECT(Hc->find_export("minidriver.sys", "FooInit") != 0, 1);
    EXPECT(Hc->find_export("ntoskrnl.exe", "KiTrapEntry"), KiTrapEntry);
    EXPECT(Hc->find_export("hal.dll", "KiTrapEntry"), KiTrapEntry);
    Hc->describe(Hc->find_export("minidriver.sys", "FooInit") + 1, Name, sizeof(Name));
    Print(Name);
    Print("\n");
    ((void (*)(void))Image.entry)();
}

static struct abi_image Driver;
static ULONG64 UserTarget = USER_CODE;

static void
DoSmep(void)
{
    ((void (*)(ULONG64))Hc->find_export("minidriver.sys", "FooCall"))(UserTarget);
}

static void
DoFarCall(void)
{
    ((void (*)(ULONG64))Hc->find_export("minidriver.sys", "FooCall"))((ULONG64)DoUd2);
}

/* Code that the loader has rewritten does what the original would. */
static void
CasePatchedDriver(void)
{
    volatile UCHAR *Alias = (void *)ABI_ALIAS(ABI_USER_SHARED_DATA);
    char Text[128];

    EXPECT(Hc->image_load("minidriver.sys", ABI_IMAGE_SYSTEM, 0, &Driver), ABI_IMAGE_OK);
    EXPECT(((ULONG64(*)(void))Hc->find_export("minidriver.sys", "FooIrql"))(), 0x0205);
    EXPECT(Irql, 2);
    Alias[0x10] = 7;
    EXPECT(((ULONG64(*)(void))Hc->find_export("minidriver.sys", "FooAnswers"))(), 7);
    EXPECT(Pauses, 3);
    EXPECT(Traps, 0);
    EXPECT(Attempt(DoSmep), 2);
    EXPECT(SmepTarget, UserTarget);
    Hc->describe(SmepSite, Text, sizeof(Text));
    Print(Text); /* FooCall+... */
    Print("\n");
    EXPECT(Attempt(DoFarCall), 1);
    EXPECT(Trap.rip, DoUd2);
    ULONG64 Return = *(ULONG64 *)Trap.rsp; /* of FooCall, not of a trampoline */
    ULONG64 Start = Hc->find_export("minidriver.sys", "FooCall");
    EXPECT(Return > Start && Return < Start + 64, 1);
    Hc->image_unload(Driver.base);
    EXPECT(Hc->find_export("minidriver.sys", "FooCall"), 0);
    Target = (void *)Driver.base;
    EXPECT(Attempt(DoRead), 1);
    EXPECT(Hc->image_load("minidriver.sys", ABI_IMAGE_SYSTEM, 0, &Driver), ABI_IMAGE_OK);
    EXPECT(Driver.base, Target); /* the address follows from the name */
    EXPECT(((ULONG64(*)(void))Hc->find_export("minidriver.sys", "FooIrql"))(), 0x0205);
}

static void
CaseUserImage(void)
{
    static struct abi_image One, Two;

    Hc->set_address_space(1);
    EXPECT(Hc->image_load("miniclient.exe", ABI_IMAGE_USER, 1, &One), ABI_IMAGE_OK);
    EXPECT(Hc->image_load("miniclient.exe", ABI_IMAGE_USER, 2, &Two), ABI_IMAGE_OK);
    EXPECT(Two.base - One.base, ABI_SLICE_SIZE);
    EXPECT(One.base >= ABI_SLICE_SIZE + ABI_USER_IMAGES, 1);
    Hc->commit(ABI_SLICE_SIZE + 0x20000, 2 * PAGE, RW);
    /* `pause` comes first: without KiPatchUserPause it is a trap of its own. */
    EXPECT(User(One.entry, ABI_SLICE_SIZE + 0x22000 - 0x40), 1);
    EXPECT(Trap.kind, ABI_TRAP_PAUSE);
    EXPECT(Trap.rip, One.entry + 2);
    EXPECT(Trap.rsp, ABI_SLICE_SIZE + 0x22000 - 0x40);
    EXPECT(User(One.entry + 2, ABI_SLICE_SIZE + 0x22000 - 0x40), 2);
    EXPECT(SyscallNumber, 5);
    EXPECT(SyscallArgument, 0x1234);
    EXPECT(SyscallReturn - One.entry < 64, 1);
    EXPECT(Trap.r14, 0x756E6547);
    EXPECT(Trap.r15 != 0, 1);
    Hc->set_address_space(2);
    EXPECT(*(volatile unsigned short *)Two.base, 0x5A4D);
    Hc->image_unload(One.base);
    EXPECT(*(volatile unsigned short *)Two.base, 0x5A4D);
}

static void
CaseWrongImages(void)
{
    static struct abi_image Image;

    EXPECT(Hc->image_load("nowhere.sys", ABI_IMAGE_SYSTEM, 0, &Image), ABI_IMAGE_NOT_FOUND);
    EXPECT(Hc->image_load("garbage.sys", ABI_IMAGE_SYSTEM, 0, &Image), ABI_IMAGE_MALFORMED);
    Print(Image.message);
    Print("\n");
}

/* The host's memory is closed: the wild write is a page fault like any other. */
static int
HostClosed(void)
{
    return Machine->has_keys == ABI_KEYS && (Machine->kernel_pkru & 1);
}

/* Writes over whatever the host has from Start on. */
static void
Trample(ULONG64 Start)
{
    Target = (volatile ULONG64 *)Start;
    if (HostClosed()) {
        EXPECT(Attempt(DoWrite), 1);
        EXPECT(Trap.vector, 14);
        EXPECT(Trap.error, 2); /* to the guest nothing is there */
        EXPECT(Trap.fault_address, Start);
        EXPECT(Attempt(DoRead), 1);
        Print("closed\n");
        return;
    }
    for (;; Target += 512) {
        if (Attempt(DoWrite) == 0) {
            for (int i = 0; i < 512; i++) {
                Target[i] = 0x4141414141414141;
            }
        }
        Hc->print(0, "", 0);
    }
}

/* The host's thread-local storage. */
static void
CaseWildWrite(void)
{
    ULONG64 Host;

    __asm__ volatile("rdfsbase %0" : "=r"(Host));
    Trample(Host & ~0xFFFull);
}

/* Its text (read-only) and the data behind it. */
static void
CaseWildData(void)
{
    ULONG64 Entry = *(ULONG64 *)(*(ULONG64 *)(ABI_HYPERCALL_TABLE + 8) + 20);

    Trample(Entry & ~0xFFFull);
}

/* Jumps into the C library with registers that ask for a file. */
static void
CaseWildJump(void)
{
    ULONG64 Entry = *(ULONG64 *)(*(ULONG64 *)(ABI_HYPERCALL_TABLE + 8) + 20);

    Target = (void *)(Entry - 64);
    (void)Attempt(DoCall);
}

static void
CaseLoop(void)
{
    for (;;) {
        __asm__ volatile("" : : : "memory");
    }
}

static void
CaseProgress(void)
{
    for (;;) {
        Machine->points++;
    }
}

static void
CaseHeartbreak(void)
{
    Machine->double_fault_rsp = SCRATCH + 0x800000; /* nothing is committed there */
    Machine->trap_entry = SCRATCH;
    DoUd2();
}

static void
CaseChoose(void)
{
    static const struct abi_agent Agents[3] = {{.name = 10}, {.name = 20}, {.name = 30}};

    EXPECT(Hc->choose(Agents, 3, 10), 1);
    EXPECT(Hc->choose(Agents, 3, 30), 0);
    EXPECT(Hc->choose(Agents, 3, 99), 0);
    EXPECT(Machine->budget > 0, 1);
}

static void
CaseFiles(void)
{
    struct abi_stat Stat;
    char Text[8] = {0};

    EXPECT(Hc->file_stat("\\??\\D:\\file.txt", &Stat), 0);
    EXPECT(Stat.size, 6);
    EXPECT(Hc->file_read("D:\\FILE.TXT", 1, Text, sizeof(Text)), 5);
    EXPECT(Text[0], 'e');
    EXPECT(Hc->file_stat("\\??\\D:\\folder", &Stat), 0);
    EXPECT(Stat.directory, 1);
    EXPECT(Hc->file_stat("\\??\\D:\\none", &Stat), 1);
    EXPECT(Hc->file_stat("\\SystemRoot\\System32\\ntoskrnl.exe", &Stat), 0);
    EXPECT(Hc->file_entry("\\??\\D:\\", 0, Text, sizeof(Text)), 8);
    EXPECT(Text[0], 'f');
    EXPECT(Hc->file_entry("D:\\folder", 0, Text, sizeof(Text)), 0);
    EXPECT(Hc->file_read("D:\\file.txt", 100, Text, sizeof(Text)), 0);
}

static void
CaseInput(void)
{
    char Text[64];
    ULONG64 Got;

    while ((Got = Hc->read_input(Text, sizeof(Text))) != 0) {
        Hc->print(ABI_OUT_STDOUT, Text, Got);
    }
}

/* Vector registers live through emulation and traps. */
static void
CaseVectors(void)
{
    ULONG64 In[2] = {0x1122334455667788, 0x99AABBCCDDEEFF00}, Out[2];

    __asm__ volatile("movups %1, %%xmm9\n"
                     "mov %%cr8, %%rax\n"
                     "inb $0x60, %%al\n"
                     "movups %%xmm9, %0"
                     : "=m"(Out)
                     : "m"(In)
                     : "rax", "xmm9");
    EXPECT(Out[0], In[0]);
    EXPECT(Out[1], In[1]);
}

static void (*const Cases[])(void) = {
    CaseHypercalls,  CaseMemory,        CaseExceptions, CaseStackOverflow, CasePrivileged,
    CaseAnswers,     CaseSharedData,    CaseUserMode,   CaseAddressSpaces, CaseMissingImport,
    CaseWildWrite,   CaseWildData,      CaseWildJump,   CaseLoop,          CaseProgress,
    CaseHeartbreak,  CaseChoose,        CaseFiles,      CaseInput,         CaseVectors,
    CaseWrongImages, CasePatchedDriver, CaseUserImage,
};

void
KiSystemStartup(void *Unused)
{
    Hc->boot_info(&Boot);
    Hc->commit(ABI_PROCESSOR_BASE, PAGE, RW);
    Machine->kpcr = ABI_PROCESSOR_BASE;
    __asm__ volatile("wrgsbase %0" : : "r"(ABI_PROCESSOR_BASE));
    Hc->commit(ABI_STACK_BASE + 0x80000, 4 * PAGE, RW);
    Machine->double_fault_rsp = ABI_STACK_BASE + 0x84000;
    EXPECT(Boot.version, ABI_VERSION);
    EXPECT(Boot.seed < sizeof(Cases) / sizeof(Cases[0]), 1);
    Cases[Boot.seed]();
    Stop(ABI_CLEAN, "");
}
