/*
 * filehash.c - SHA-256 of a file of the run, in words.
 *
 * Each report names the kernel's image, 13 MB, by its hash: that takes as long as a small driver's run. So it is written down beside the
 * image when that is linked (IMAGE.sha256: bytes, time of change in ns, hash), and holds as long as bytes and time are those of the file.
 */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include "host/report/report.h"

/* False: nothing is written down, or of another file. */
static bool
is_known(const struct run_file *file, char text[65])
{
    unsigned long size;
    char path[4096];
    long long time;
    struct stat info;
    FILE *known;
    bool read;

    if (file->host_path == NULL ||
        (size_t)snprintf(path, sizeof(path), "%s.sha256", file->host_path) >= sizeof(path) ||
        (known = fopen(path, "re")) == NULL) {
        return false;
    }
    read = fscanf(known, "%lu %lld %64[0-9a-f]", &size, &time, text) == 3 && strlen(text) == 64;
    fclose(known);
    return read && size == file->size && stat(file->host_path, &info) == 0 &&
           (unsigned long)info.st_size == size &&
           info.st_mtim.tv_sec * 1000000000ll + info.st_mtim.tv_nsec == time;
}

void
report_hash_file(const struct run_file *file, char text[65])
{
    uint8_t digest[32];

    if (is_known(file, text)) {
        return;
    }
    report_hash(file->data, file->size, digest);
    for (int i = 0; i < 32; i++) {
        snprintf(text + 2 * i, 3, "%02x", digest[i]);
    }
}
