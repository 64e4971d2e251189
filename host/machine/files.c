/*
 * files.c - the files that a guest may see, under the names that it knows them by.
 *
 * Guest paths are those of a small Windows: C:\Windows\System32 for what comes with ntlab,
 * C:\Windows\System32\drivers for drivers, C:\ntlab for a client and what lies beside it. All are
 * mapped before the worker starts; it opens nothing itself. Comparison ignores ASCII case.
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include "host/machine/machine.h"

/* Prefixes of NT and their place in the guest's tree. */
static const struct {
    const char *prefix, *place;
} prefixes[] = {
    {"\\??\\", ""},
    {"\\\\?\\", ""},
    {"\\DosDevices\\", ""},
    {"\\GLOBAL??\\", ""},
    {"\\SystemRoot\\", "C:\\Windows\\"},
    {"\\Device\\HarddiskVolume1\\", "C:\\"},
    {"\\Device\\HarddiskVolume2\\", "D:\\"},
    {"%SystemRoot%\\", "C:\\Windows\\"},
    {"System32\\", "C:\\Windows\\System32\\"},
};

static void
normalise(const char *path, char *out, size_t size)
{
    size_t at = 0;

    for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++) {
        size_t length = strlen(prefixes[i].prefix);

        if (strncasecmp(path, prefixes[i].prefix, length) == 0) {
            path += length;
            at = strlen(prefixes[i].place);
            memcpy(out, prefixes[i].place, at);
            i = (size_t)-1; /* \??\ may stand before another prefix */
            if (at != 0) {
                break;
            }
        }
    }
    for (; *path != 0 && at + 1 < size; path++) {
        char c = *path == '/' ? '\\' : *path;

        if (c == '\\' && at > 0 && out[at - 1] == '\\') {
            continue;
        }
        out[at++] = c;
    }
    while (at > 3 && out[at - 1] == '\\') {
        at--;
    }
    out[at] = 0;
}

static const char *
base_name(const char *path)
{
    const char *last = strrchr(path, '\\');

    return last ? last + 1 : path;
}

const struct run_file *
files_find(const struct run_request *request, const char *path)
{
    char wanted[1024];
    bool bare;

    normalise(path, wanted, sizeof(wanted));
    bare = strchr(wanted, '\\') == NULL;
    for (size_t i = 0; i < request->files; i++) {
        const struct run_file *file = &request->file[i];

        if (strcasecmp(bare ? base_name(file->guest_path) : file->guest_path, wanted) == 0) {
            return file;
        }
    }
    return NULL;
}

const char *
files_entry(const struct run_request *request, const char *folder, uint64_t index)
{
    char wanted[1024];
    size_t length;

    normalise(folder, wanted, sizeof(wanted));
    length = strlen(wanted);
    if (length != 0 && wanted[length - 1] == '\\') {
        length--; /* a root */
    }
    for (size_t i = 0; i < request->files; i++) {
        const char *path = request->file[i].guest_path;

        if (strncasecmp(path, wanted, length) == 0 && path[length] == '\\' &&
            strchr(path + length + 1, '\\') == NULL && index-- == 0) {
            return path + length + 1;
        }
    }
    return NULL;
}
