/*
 * miniclient.c - a user image with one of each instruction that the loader rewrites.
 */
__attribute__((naked)) void
ClientEntry(void)
{
    __asm__("pause\n"
            "mov $0, %eax\n"
            "mov $0, %ecx\n"
            "cpuid\n"
            "mov %rbx, %r14\n"
            "rdtsc\n"
            "mov %rax, %r15\n"
            "mov $0x1234, %r10\n"
            "mov $5, %eax\n"
            "syscall\n"
            "ret\n");
}
