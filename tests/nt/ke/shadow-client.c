/*
 * shadow-client.c - services of the second table, by their numbers from 0x1000 on. [SC] nt-semantics 8.1, 8.2.
 */
#include "../ntlab-client.h"

static LONG
Call(ULONG Number, ULONG64 *Six)
{
    LONG Status;

    __asm__ volatile("subq $0x60, %%rsp\n\tmovq 32(%%rsi), %%rax\n\tmovq %%rax, "
                     "0x28(%%rsp)\n\tmovq 40(%%rsi), %%rax\n\tmovq %%rax, 0x30(%%rsp)\n\t"
                     "movq (%%rsi), %%r10\n\tmovq 8(%%rsi), %%rdx\n\tmovq 16(%%rsi), %%r8\n\tmovq "
                     "24(%%rsi), %%r9\n\tmovl %%edi, %%eax\n\t"
                     "syscall\n\taddq $0x60, %%rsp"
                     : "=&a"(Status)
                     : "D"(Number), "S"(Six)
                     : "rcx", "rdx", "r8", "r9", "r10", "r11", "memory", "cc");
    return Status;
}

static DWORD WINAPI
Other(PVOID Argument)
{
    ULONG64 Six[6] = {0};

    return Call(0x1000, Six);
}

int
main(void)
{
    ULONG64 Six[6] = {1, 2, 3, 4, 5, 6};
    DWORD Code = 0;
    HANDLE Thread;

    EXPECT_EQ(Call(0x1002, Six),
              (LONG)0xC000001C);          /* beyond its limit: STATUS_INVALID_SYSTEM_SERVICE */
    EXPECT_EQ(Call(0x1000, Six), 43);     /* called with PreviousMode UserMode */
    EXPECT_EQ(Call(0x1001, Six), 654321); /* arguments five and six from the stack */
    EXPECT_EQ(Call(0x1FFF, Six), (LONG)0xC000001C);
    EXPECT_EQ(Call(0x3000, Six), (LONG)0xC000001C);
    EXPECT_EQ(Call(0x1000, Six), 43); /* once more, as a GUI thread */
    Thread = CreateThread(NULL, 0, Other, NULL, 0, NULL);
    WaitForSingleObject(Thread, INFINITE);
    GetExitCodeThread(Thread, &Code);
    EXPECT_EQ(Code, 43); /* each thread becomes one by itself */
    return TEST_DONE();
}
