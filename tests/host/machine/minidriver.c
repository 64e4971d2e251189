/*
 * minidriver.c - a driver that calls an export which no kernel has.
 */
__declspec(dllimport) void XyzSomething(void);

__declspec(dllexport) __attribute__((noinline)) void
FooInit(void)
{
    XyzSomething();
    __asm__ volatile("nop");
}

void
DriverEntry(void)
{
    FooInit();
}
