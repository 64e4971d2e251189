/*
 * sourcefile.c - from a path in debug information to a file of the repository.
 *
 * Debug information has the path of the machine that built the driver: another checkout, often a Windows one
 * (D:\a\driver\src\read.c). --source-map says how they correspond. Where it says nothing: what lies below the
 * repository's root is relative to it; of another path the longest tail that exists there is taken.
 */
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "host/report/note.h"

const char *
source_root(void)
{
    static char root[PATH_MAX];
    char here[PATH_MAX], probe[PATH_MAX + 8];

    if (root[0] != 0) {
        return root;
    }
    if (getcwd(here, sizeof(here)) == NULL) {
        strcpy(here, "/");
    }
    strcpy(root, here);
    for (;;) {
        char *slash = strrchr(here, '/');

        snprintf(probe, sizeof(probe), "%s/.git", here);
        if (access(probe, F_OK) == 0) {
            strcpy(root, here);
            break;
        }
        if (slash == NULL || slash == here) {
            break;
        }
        *slash = 0;
    }
    return root;
}

/* `/` instead of `\`, no drive, no `.` and `..` inside. */
static void
normalise(const char *file, char *out, size_t size)
{
    char copy[PATH_MAX], *save = NULL;
    bool absolute;
    size_t length = 0;

    snprintf(copy, sizeof(copy), "%s", file);
    for (char *c = copy; *c != 0; c++) {
        *c = *c == '\\' ? '/' : *c;
    }
    if (copy[0] != 0 && copy[1] == ':') {
        memmove(copy, copy + 2, strlen(copy + 2) + 1);
    }
    absolute = copy[0] == '/';
    out[0] = 0;
    for (char *part = strtok_r(copy, "/", &save); part != NULL; part = strtok_r(NULL, "/", &save)) {
        if (strcmp(part, ".") == 0) {
            continue;
        }
        if (strcmp(part, "..") == 0 && length != 0 && strcmp(out, "..") != 0 &&
            (length < 3 || strcmp(out + length - 3, "/..") != 0)) {
            char *slash = strrchr(out, '/');

            length = slash != NULL ? (size_t)(slash - out) : 0;
            out[length] = 0;
            continue;
        }
        length += (size_t)snprintf(out + length, size - length, "%s%s",
                                   length != 0 || absolute ? "/" : "", part);
        if (length >= size) {
            length = size - 1;
        }
    }
}

static bool
exists_below_root(const char *relative)
{
    char path[2 * PATH_MAX];

    snprintf(path, sizeof(path), "%s/%s", source_root(), relative);
    return access(path, R_OK) == 0;
}

bool
source_relative(const char *file, char *out, size_t size)
{
    const char *root = source_root();
    char path[PATH_MAX], joined[2 * PATH_MAX], here[PATH_MAX];
    size_t length = strlen(root);

    normalise(file, path, sizeof(path));
    if (path[0] != '/' && getcwd(here, sizeof(here)) != NULL) {
        snprintf(joined, sizeof(joined), "%s/%s", here, path);
        if (access(joined, R_OK) == 0) {
            normalise(joined, path, sizeof(path));
        }
    }
    if (strncmp(path, root, length) == 0 && path[length] == '/') {
        snprintf(out, size, "%s", path + length + 1);
        return true;
    }
    for (const char *tail = path; tail != NULL; tail = strchr(tail, '/')) {
        tail += *tail == '/';
        if (*tail != 0 && strncmp(tail, "../", 3) != 0 && exists_below_root(tail)) {
            snprintf(out, size, "%s", tail);
            return true;
        }
    }
    snprintf(out, size, "%s", path + (path[0] == '/'));
    return false;
}

FILE *
source_open(const char *file)
{
    char relative[PATH_MAX], path[2 * PATH_MAX];

    if (source_relative(file, relative, sizeof(relative))) {
        snprintf(path, sizeof(path), "%s/%s", source_root(), relative);
        return fopen(path, "r");
    }
    return fopen(file, "r");
}
