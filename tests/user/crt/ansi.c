/*
 * ansi.c - a client as most are: default options, so printf and scanf are mingw's own, linked into
 * it, and msvcrt.dll sees what they call: fputc between _lock_file and _unlock_file, fwrite, getc,
 * ungetc.
 */
#include "check.h"

#include <errno.h>
#include <math.h>
#include <stdint.h>
#include <time.h>
#include <wchar.h>

int
main(int Argc, char **Argv)
{
    char Text[200];
    wchar_t Wide[50];
    int i, n = 0;
    double d = 0;
    time_t Now = time(NULL);
    FILE *f;

    printf("%s: %d %5.2f %lld %zu %jd %a %e %g %ls %c%%\n", "printf", 42, 3.14159, 5ll, (size_t)6,
           (intmax_t)7, 1.5, 12345.678, 1e-7, L"wide", 'c');
    fprintf(stderr, "%s %d\n", "standard error", 1);
    CHECK(snprintf(Text, sizeof(Text), "%s %zu %lld %.3f %e", "x", (size_t)1, -2ll, 2.5, 1e10) ==
          25);
    CHECK_TEXT(Text, "x 1 -2 2.500 1.000000e+10");
    CHECK(snprintf(Text, 4, "%s", "abcdef") == 6 && strcmp(Text, "abc") == 0);
    CHECK(sscanf("12 2.5 word", "%d %lf %s", &n, &d, Text) == 3 && n == 12 && d == 2.5 &&
          !strcmp(Text, "word"));
    CHECK(swprintf(Wide, 50, L"%ls %d", L"w", 5) == 3 && wcscmp(Wide, L"w 5") == 0);
    CHECK(strtod("0.1", NULL) == 0.1 && strtoll("-9000000000", NULL, 10) == -9000000000ll);
    CHECK(strtof("1.5", NULL) == 1.5f && atoll("77") == 77);
    CHECK(sin(0.5) > 0.479 && pow(2, 10) == 1024 && sqrt(2.25) == 1.5 && floor(-1.5) == -2 &&
          round(2.5) == 3);
    CHECK(fabs(acos(0.5) - 1.0471975511965979) < 1e-15 && fmod(7.5, 2) == 1.5);
    CHECK(localtime(&Now) != NULL && mktime(localtime(&Now)) == Now && gmtime(&Now) != NULL);
    CHECK(strftime(Text, sizeof(Text), "%Y", localtime(&Now)) == 4);
    errno = 0;
    CHECK(fopen("no-such-file.tmp", "r") == NULL && errno == ENOENT);
    f = fopen("crt-ansi.tmp", "w+");
    if (f != NULL) {
        for (i = 0; i < 1000; i++) {
            fprintf(f, "%d %s %g\n", i, "text", i / 4.0);
        }
        rewind(f);
        for (i = 0; i < 1000; i++) {
            if (fscanf(f, "%d %s %lf", &n, Text, &d) != 3 || n != i || strcmp(Text, "text") != 0 ||
                d != i / 4.0) {
                break;
            }
        }
        CHECK(i == 1000);
        fclose(f);
        remove("crt-ansi.tmp");
    } else {
        SKIP("the current folder takes no files");
    }
    return Summary("ansi");
}
