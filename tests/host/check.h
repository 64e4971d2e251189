/* check.h - the few words that the native unit tests are written in. */
#ifndef TESTS_HOST_CHECK_H
#define TESTS_HOST_CHECK_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static unsigned checks, failures;

#define CHECK(condition) CHECK_THAT(condition, "%s", "")
#define CHECK_THAT(condition, format, ...)                                                         \
    do {                                                                                           \
        checks++;                                                                                  \
        if (!(condition)) {                                                                        \
            failures++;                                                                            \
            printf("%s:%d: not so: %s " format "\n", __FILE__, __LINE__, #condition, __VA_ARGS__); \
        }                                                                                          \
    } while (0)

static inline int
check_done(const char *name)
{
    printf("%s: %u checks, %u failed\n", name, checks, failures);
    return failures ? 1 : 0;
}

static inline uint8_t *
check_read_file(const char *path, size_t *size)
{
    FILE *file = fopen(path, "rb");
    uint8_t *bytes;
    long length;

    if (!file) {
        printf("cannot open %s\n", path);
        exit(1);
    }
    fseek(file, 0, SEEK_END);
    length = ftell(file);
    rewind(file);
    bytes = malloc((size_t)length + 1);
    if (!bytes || fread(bytes, 1, (size_t)length, file) != (size_t)length) {
        exit(1);
    }
    fclose(file);
    *size = (size_t)length;
    return bytes;
}

#endif
