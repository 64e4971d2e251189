/*
 * gs.c - what -fstack-protector calls: the buffer security check (/GS) that the WDK's projects build with.
 *
 * clang for this target names the cookie and the report as gcc does. A routine whose cookie has changed ends the machine as
 * a driver linked with BufferOverflowFastFailK.lib does, by __fastfail(FAST_FAIL_STACK_COOKIE_CHECK_FAILURE): bug check
 * 0x139 with first parameter 2. [LEARN: /GS (Buffer Security Check); Bug Check 0x139: KERNEL_SECURITY_CHECK_FAILURE]
 * The cookie is MSVC's default: the same in every run. [LEARN: __security_init_cookie]
 */
unsigned long long __stack_chk_guard = 0x00002B992DDFA232ULL;

__attribute__((noreturn)) void
__stack_chk_fail(void)
{
    __asm__ volatile("int $0x29" : : "c"(2));
    __builtin_unreachable();
}
