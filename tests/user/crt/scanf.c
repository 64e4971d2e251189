/* scanf.c - what the scanf family of msvcrt.dll reads. */
#include "check.h"

#include <wchar.h>

int
main(void)
{
    int a = 0, b = 0, n = -1;
    short s = 0;
    long long ll = 0;
    unsigned u = 0;
    float f = 0;
    double d = 0;
    char t[32], c[4], v[32];
    wchar_t w[32];
    void *p = NULL;

    CHECK(sscanf(" 12 -34", "%d%d", &a, &b) == 2 && a == 12 && b == -34);
    CHECK(sscanf("12abc", "%d%s", &a, t) == 2 && a == 12 && strcmp(t, "abc") == 0);
    CHECK(sscanf("0x1F 017 19", "%i %i %i", &a, &b, &n) == 3 && a == 31 && b == 15 && n == 19);
    CHECK(sscanf("ff FF 0xff", "%x %X %x", &u, &a, &b) == 3 && u == 255 && a == 255 && b == 255);
    CHECK(sscanf("777", "%o", &u) == 1 && u == 511);
    CHECK(sscanf("12345", "%2d%3d", &a, &b) == 2 && a == 12 && b == 345);
    CHECK(sscanf("70000", "%hd", &s) == 1 && s == 4464);
    CHECK(sscanf("9223372036854775807", "%I64d", &ll) == 1 && ll == 9223372036854775807ll);
    CHECK(sscanf("-5", "%lld", &ll) == 1 && ll == -5);
    CHECK(sscanf("1.5 2.25e2 -.5", "%f %lf %f", &f, &d, &f) == 3 && d == 225 && f == -.5f);
    CHECK(sscanf("0.1", "%lf", &d) == 1 && d == 0.1);
    CHECK(sscanf("3.4028234e38", "%f", &f) == 1 && f == 3.4028234e38f);
    CHECK(sscanf("abc def", "%3c%s", c, t) == 2 && memcmp(c, "abc", 3) == 0 && !strcmp(t, "def"));
    CHECK(sscanf("hello world", "%[a-z] %[^x]", t, v) == 2 && !strcmp(t, "hello") &&
          !strcmp(v, "world"));
    CHECK(sscanf("]a-b", "%[]a-]%s", t, v) == 2 && !strcmp(t, "]a-") && !strcmp(v, "b"));
    CHECK(sscanf("key=value", "%[^=]=%s", t, v) == 2 && !strcmp(t, "key") && !strcmp(v, "value"));
    CHECK(sscanf("1,2", "%d,%n%d", &a, &n, &b) == 2 && n == 2 && b == 2);
    CHECK(sscanf("1 2 3", "%*d %d %*d", &a) == 1 && a == 2);
    CHECK(sscanf("", "%d", &a) == EOF);
    CHECK(sscanf("   ", "%d", &a) == EOF);
    CHECK(sscanf("x", "%d", &a) == 0);
    CHECK(sscanf("12345", "%h2hd", &a) ==
          1); /* a width may stand behind a size; h and h are none */
    CHECK(a == 12);
    CHECK(sscanf("@7", "%@%d", &a) == 1 && a == 7);    /* what is no conversion is itself */
    CHECK(sscanf("0x12", "%p", &p) == 1 && p == NULL); /* %p takes no 0x */
    CHECK(sscanf("12", "%P", &p) == 1 && p == (void *)0x12);
    CHECK(sscanf("5", "%d %d", &a, &b) == 1);
    CHECK(sscanf("50%", "%d%%", &a) == 1 && a == 50);
    CHECK(sscanf("wide", "%S", w) == 1 && wcscmp(w, L"wide") == 0);
    CHECK(sscanf("wide", "%ls", w) == 1 && wcscmp(w, L"wide") == 0);
    CHECK(sscanf("000000000012ABCD", "%p", &p) == 1 && p == (void *)0x12ABCD);
    CHECK(swscanf(L"7 text x", L"%d %s %hs", &a, w, t) == 3 && a == 7 && !wcscmp(w, L"text") &&
          !strcmp(t, "x"));
    CHECK(sscanf("-", "%d", &a) == 0);
    CHECK(sscanf("1e", "%lf%n", &d, &n) == 1 && d == 1);
    return Summary("scanf");
}
