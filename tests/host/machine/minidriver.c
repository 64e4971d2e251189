/*
 * minidriver.c - a driver that calls an export which no kernel has, and one of each instruction
 * that the loader rewrites.
 */
__declspec(dllimport) void XyzSomething(void);

__declspec(dllexport) __attribute__((noinline)) void
FooInit(void)
{
    XyzSomething();
    __asm__ volatile("nop");
}

/* Raises and lowers IRQL, reads it: result must be 0x0205. */
__declspec(dllexport) unsigned long long
FooIrql(void)
{
    unsigned long long First, Second;

    __asm__ volatile("mov %2, %%cr8; mov %%cr8, %0; mov %3, %%cr8; mov %%cr8, %1"
                     : "=&r"(First), "=&r"(Second)
                     : "r"(5ull), "r"(2ull));
    return Second << 8 | First;
}

/* pause, rdtsc, cpuid and the shared data by its kernel address. */
__declspec(dllexport) unsigned long long
FooAnswers(void)
{
    unsigned int A, B, C, D, Low, High;

    __asm__ volatile("pause; pause; pause");
    __asm__ volatile("rdtsc" : "=a"(Low), "=d"(High));
    __asm__ volatile("cpuid" : "=a"(A), "=b"(B), "=c"(C), "=d"(D) : "a"(0), "c"(0));
    if (B != 0x756E6547 || High != 0 || Low == 0) {
        return 1;
    }
    return *(volatile unsigned int *)0xFFFFF78000000010;
}

/* Calls a pointer that it is given. */
__declspec(dllexport) void
FooCall(void (*Target)(void))
{
    Target();
    __asm__ volatile("nop");
}

void
DriverEntry(void)
{
    FooInit();
}
