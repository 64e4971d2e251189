/* filehash.c - what is written down beside an image counts only as long as it is that image's. */
#include <sys/stat.h>
#include <unistd.h>
#include "host/report/report.h"
#include "tests/host/check.h"

static const char abc[] = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
static const char other[] = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";
static char path[] = "/tmp/filehash.XXXXXX", beside[sizeof(path) + 8];

static void
write_down(size_t size, long long later, const char *text)
{
    FILE *out = fopen(beside, "w");
    struct stat info;

    if (out == NULL || stat(path, &info) != 0) {
        exit(1);
    }
    fprintf(out, "%zu %lld %s\n", size,
            info.st_mtim.tv_sec * 1000000000ll + info.st_mtim.tv_nsec + later, text);
    fclose(out);
}

static void
check_is(const char *expected, const char *what)
{
    const struct run_file file = {.host_path = path, .data = (const uint8_t *)"abc", .size = 3};
    char text[65];

    report_hash_file(&file, text);
    CHECK_THAT(strcmp(text, expected) == 0, "%s: %s", what, text);
}

int
main(void)
{
    int fd = mkstemp(path);

    if (fd < 0 || write(fd, "abc", 3) != 3) {
        return 1;
    }
    close(fd);
    snprintf(beside, sizeof(beside), "%s.sha256", path);
    check_is(abc, "nothing is written down");
    write_down(3, 0, other);
    check_is(other, "written down");
    write_down(4, 0, other);
    check_is(abc, "of another size");
    write_down(3, 1, other);
    check_is(abc, "of another time");
    write_down(3, 0, "0011");
    check_is(abc, "cut off");
    unlink(beside);
    unlink(path);
    return check_done("report-filehash");
}
