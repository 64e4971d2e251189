/*
 * ucrt.c - a client of the Universal C Run Time: imports api-ms-win-crt-... and starts up as its
 * headers say. Linked with libucrt.a and no other start-up code.
 */
#include "check.h"

#include <errno.h>
#include <math.h>
#include <process.h>
#include <setjmp.h>
#include <stdarg.h>
#include <time.h>
#include <wchar.h>
#include <windows.h>

int _configure_narrow_argv(int Mode);
int _initialize_narrow_environment(void);
char **_get_initial_narrow_environment(void);
int *__p___argc(void);
char ***__p___argv(void);
void _set_app_type(int Type);
int _crt_atexit(void (*Function)(void));
int main(int Argc, char **Argv);

static jmp_buf Jump;

void
mainCRTStartup(void)
{
    _set_app_type(1);
    _configure_narrow_argv(1);
    _initialize_narrow_environment();
    exit(main(*__p___argc(), *__p___argv()));
}

void
__main(void)
{
}

int
atexit(void (*Function)(void))
{
    return _crt_atexit(Function);
}

static void
AtExit(void)
{
    puts("at exit");
}

static unsigned __stdcall Thread(void *Argument)
{
    errno = 99;
    return (unsigned)(uintptr_t)Argument;
}

int
main(int Argc, char **Argv)
{
    char Text[100];
    wchar_t Wide[50];
    HANDLE Handle;
    DWORD Code;
    int n = 0;
    float f = 0;
    time_t t = 0;

    CHECK(Argc == 1 && Argv[0] != NULL && _get_initial_narrow_environment() != NULL);
    CHECK(atexit(AtExit) == 0);
    /* C99's printf: two digits of exponent, inf and nan, ties to even, the length that was needed
     */
    CHECK(snprintf(Text, 100, "%e %g %.0f %.0f %f %F", 12345.678, 1e10, 2.5, 3.5, INFINITY,
                   -INFINITY) == 31);
    CHECK_TEXT(Text, "1.234568e+04 1e+10 2 4 inf -INF");
    CHECK(snprintf(Text, 5, "%s", "abcdefgh") == 8 && strcmp(Text, "abcd") == 0);
    CHECK(_snprintf(Text, 5, "%s", "abcdefgh") == -1 && memcmp(Text, "abcde", 5) == 0);
    CHECK(sprintf(Text, "%zu %lld %#x", (size_t)7, 8ll, 255) == 8 && strcmp(Text, "7 8 0xff") == 0);
    CHECK(swprintf(Wide, 50, L"%s %S %ls", L"wide", "nar", L"l") == 10 &&
          wcscmp(Wide, L"wide nar l") == 0);
    CHECK(sscanf("12 2.5 abc", "%d %f %s", &n, &f, Text) == 3 && n == 12 && f == 2.5f &&
          !strcmp(Text, "abc"));
    CHECK_TEXT(asctime(gmtime(&t)), "Thu Jan  1 00:00:00 1970\n");
    CHECK(strtoll("-9000000000", NULL, 10) == -9000000000ll && strtof("0.1", NULL) == 0.1f);
    CHECK(cbrt(27) == 3 && round(2.5) == 3 && trunc(-1.5) == -1 && log2(8) == 3 &&
          hypot(3, 4) == 5);
    errno = 5;
    Handle = (HANDLE)_beginthreadex(NULL, 0, Thread, (void *)77, 0, NULL);
    WaitForSingleObject(Handle, INFINITE);
    CHECK(GetExitCodeThread(Handle, &Code) && Code == 77 && errno == 5);
    CHECK(getenv("PATH") != NULL);
    n = setjmp(Jump);
    if (n == 0) {
        longjmp(Jump, 4);
    }
    CHECK(n == 4);
    return Summary("ucrt");
}
