/* printf.c - what the printf family of msvcrt.dll writes and returns. */
#include "check.h"

#include <math.h>
#include <float.h>
#include <limits.h>
#include <stdarg.h>
#include <wchar.h>
#include <errno.h>

static char Buffer[2048];

static const char *
Format(const char *Directive, ...)
{
    va_list Args;

    va_start(Args, Directive);
    memset(Buffer, '#', sizeof(Buffer));
    _vsnprintf(Buffer, sizeof(Buffer), Directive, Args);
    va_end(Args);
    return Buffer;
}

#define F(want, ...) CHECK_TEXT(Format(__VA_ARGS__), want)

static void
Integers(void)
{
    F("42", "%d", 42);
    F("-42", "%i", -42);
    F("   42|42   |00042|+42| 42", "%5d|%-5d|%05d|%+d|% d", 42, 42, 42, 42, 42);
    F("  007|-0007", "%5.3d|%.4d", 7, -7);
    F("", "%.0d", 0);
    F("+", "%+.0d", 0);
    F("4294967295", "%u", -1);
    F("ffffffff|FFFFFFFF|37777777777", "%x|%X|%o", -1, -1, -1);
    F("0xff|0XFF|0377|0|0", "%#x|%#X|%#o|%#x|%#o", 255, 255, 255, 0, 0);
    F("    0xff|0x0000ff", "%#8x|%#08x", 255, 255);
    F("-32768 65535", "%hd %hu", 32768, 65535);
    F("9223372036854775807", "%I64d", 9223372036854775807ll);
    F("-9223372036854775808", "%lld", LLONG_MIN);
    F("18446744073709551615", "%I64u", ~0ull);
    F("deadbeefcafebabe", "%I64x", 0xdeadbeefcafebabeull);
    F("5 6", "%I32d %ld", 5, 6l);
    F("000000000012ABCD", "%p", (void *)0x12ABCD);
    F("  7|7  |9", "%*d|%-*d|%*.*d", 3, 7, 3, 7, 1, 1, 9);
    F("7  |", "%*d|", -3, 7);
    F("7", "%.*d", -1, 7);
    F("100%", "%d%%", 100);
    F("12345678901234567 -1", "%Id %d", (size_t)12345678901234567ull, -1);
    F("18446744073709551615 300", "%zu %hhd", (size_t)-1, 300); /* msvcrt.dll has no hh */
    F("I Iq z t", "%I %Iq %z %t", 1, 1, 1, 1); /* no size without a number behind it */
    F("wide", "%hls", L"wide");                /* the last of h and l counts */
    F("12", "%Fd", 12);                        /* far and near, from 16 bits */
    F("3 4", "%td %jd", (ptrdiff_t)3, 4ll);
}

static void
Doubles(void)
{
    F("0.000000 -0.000000 1.500000", "%f %f %f", 0.0, -0.0, 1.5);
    F("3.14 3 3.", "%.2f %.0f %#.0f", 3.14159, 3.14159, 3.14159);
    F("  3.1|3.1  |003.1|+3.1| 3.1", "%5.1f|%-5.1f|%05.1f|%+.1f|% .1f", 3.14, 3.14, 3.14, 3.14,
      3.14);
    F("-002.5", "%06.1f", -2.5);
    F("9.99 10.0", "%.2f %.1f", 9.99, 9.99);
    F("1000000.0", "%.1f", 999999.99);
    /* msvcrt.dll knows 17 digits and fills up with zeros (the Universal CRT writes them all) */
    F("0.1000000000000000100000000000000000000000000000000000000000", "%.58f", 0.1);
    F("123456789012345680000.000000", "%f", 123456789012345680000.0);
    /* three digits of exponent, as msvcrt.dll */
    F("1.234568e+004 1.000000e-005", "%e %e", 12345.678, 1e-5);
    F("1e+010 1.E+010", "%.0e %#.0E", 1e10, 1e10);
    F("0.000000e+000", "%e", 0.0);
    F("9.99e+099 1.00e+100", "%.2e %.2e", 9.99e99, 9.999e99);
    F("1.7976931348623157e+308 4.9406564584124654e-324", "%.16e %.16e", DBL_MAX,
      4.9406564584124654e-324);
    F("100000 1e+006 0.0001 1e-005", "%g %g %g %g", 100000.0, 1000000.0, 0.0001, 0.00001);
    F("1.00000 1.2346e+009 1.23457E+009", "%#g %.5g %G", 1.0, 1234567890.0, 1234567890.0);
    F("0 1 0.5 123", "%g %.0g %g %.3g", 0.0, 1.2, 0.5, 123.4);
    F("0.333333 1e+020 123456789", "%g %g %.9g", 1.0 / 3, 1e20, 123456789.0);
    /* exactly halfway goes up, as msvcrt.dll */
    F("1 2 3 -3 0.13", "%.0f %.0f %.0f %.0f %.2f", 0.5, 1.5, 2.5, -2.5, 0.125);
    F("0x1.8000000000000p+1 0x1.0p-1 -0X1P+0", "%a %.1a %.0A", 3.0, 0.5, -1.0);
    F("1.#INF00 -1.#INF00 1.#QNAN0", "%f %f %f", INFINITY, -INFINITY, (double)NAN);
    F("1.#J  1.#INF", "%.2f %7g", INFINITY, INFINITY);
    Format("%.400f", 1e-300);
    CHECK(strlen(Buffer) == 402 && Buffer[301] == '1');
    Format("%f", DBL_MAX);
    CHECK(strlen(Buffer) == 309 + 7);
    CHECK(strncmp(Buffer, "179769313486231570000000000000000000000000000000000000000000000000",
                  66) == 0);
}

static void
Text(void)
{
    F("abc|  abc|abc  |ab", "%s|%5s|%-5s|%.2s", "abc", "abc", "abc", "abc");
    F("(null) x", "%s %c", (char *)NULL, 'x');
    F("wide w|nar n", "%S %C|%hs %hc", L"wide", L'w', "nar", 'n');
    F("wide w|wi", "%ls %lc|%.2ws", L"wide", L'w', L"wide");
    F("a  |  b", "%-3c|%3c", 'a', 'b');
    F("y", "%y");
}

static void
Returns(void)
{
    wchar_t Wide[32];
    char Small[8];
    int Count = -1;

    CHECK(_snprintf(Small, 8, "%s", "1234567") == 7 && strcmp(Small, "1234567") == 0);
    CHECK(_snprintf(Small, 7, "%s", "1234567") == 7 && memcmp(Small, "1234567", 7) == 0);
    CHECK(_snprintf(Small, 4, "%s", "1234567") == -1 && memcmp(Small, "1234", 4) == 0);
    CHECK(_snprintf(NULL, 0, "%d", 12345) == 5);
    CHECK(_scprintf("%s", "abc") == 3);
    CHECK(sprintf(Buffer, "%d-%s", 1, "x") == 3 && strcmp(Buffer, "1-x") == 0);
    CHECK(_snwprintf(Wide, 32, L"%s|%S|%hs|%ls|%d", L"w", "n", "h", L"l", 5) == 9);
    CHECK(wcscmp(Wide, L"w|n|h|l|5") == 0);
    CHECK(_snwprintf(Wide, 3, L"abcdef") == -1 && Wide[2] == 'c');
    CHECK(sprintf_s(Buffer, sizeof(Buffer), "%.3f", 2.0) == 5 && strcmp(Buffer, "2.000") == 0);
    CHECK(_snprintf_s(Small, 8, _TRUNCATE, "%s", "123456789") == -1 &&
          strcmp(Small, "1234567") == 0);
    CHECK(_snprintf_s(Small, 8, 3, "%s", "123456789") == -1 && strcmp(Small, "123") == 0);
    sprintf(Buffer, "abc%nde", &Count);
    CHECK(Count == 3);
    CHECK(printf("%s", "") == 0);
}

int
main(void)
{
    Integers();
    Doubles();
    Text();
    Returns();
    return Summary("printf");
}
