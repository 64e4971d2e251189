/*
 * check.h - what every client here is made of: checks, a count at the end, and the exit code.
 *
 * A client is an ordinary program for msvcrt.dll and runs on Windows, under Wine and in ntlab. Each
 * check is one sentence of the C standard or of Microsoft's documentation of the run time. What
 * needs something that the system under test does not have (a writable folder) is counted as
 * skipped.
 */
#ifndef CHECK_H
#define CHECK_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int Checks, Failures, Skips;

#define CHECK(expression)                                                                          \
    do {                                                                                           \
        Checks++;                                                                                  \
        if (!(expression)) {                                                                       \
            Failures++;                                                                            \
            printf("FAILED %s:%d: %s\n", __FILE__, __LINE__, #expression);                         \
        }                                                                                          \
    } while (0)

#define CHECK_TEXT(got, want)                                                                      \
    do {                                                                                           \
        const char *got_ = (got);                                                                  \
        Checks++;                                                                                  \
        if (strcmp(got_, (want)) != 0) {                                                           \
            Failures++;                                                                            \
            printf("FAILED %s:%d: got \"%s\", want \"%s\"\n", __FILE__, __LINE__, got_, (want));   \
        }                                                                                          \
    } while (0)

#define SKIP(why)                                                                                  \
    do {                                                                                           \
        Skips++;                                                                                   \
        printf("skipped: %s\n", (why));                                                            \
    } while (0)

static int
Summary(const char *Name)
{
    printf("%s: %d checks, %d failed, %d skipped\n", Name, Checks, Failures, Skips);
    return Failures != 0;
}

#endif
