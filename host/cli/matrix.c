/*
 * matrix.c - `ntlab explore --os A,B`: one search for each version, one after the other.
 *
 * Each is a process of its own with the same command line but for --os, and has the whole budget. What each
 * would have written goes to a folder named after its version (--out DIR/win7, findings/win7). The JSON is one
 * object whose `matrix` has the object of each search; the status is the worst one.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>
#include "host/cli/explore.h"

#define MAX_VERSIONS 16

/* From the best to the worst. */
static const int order[] = {STATUS_CLEAN,       STATUS_REQUIREMENT, STATUS_FINDING,
                            STATUS_UNSUPPORTED, STATUS_BAD_INPUT,   STATUS_USAGE,
                            STATUS_INTERNAL};

static int
worse(int a, int b)
{
    for (size_t i = sizeof(order) / sizeof(order[0]); i-- > 0;) {
        if (a == order[i] || b == order[i]) {
            return order[i];
        }
    }
    return STATUS_INTERNAL;
}

/* The value of --os in `argv`, and where it stands; NULL: there is none. */
static const char *
find_os(int argc, char **argv, int *at)
{
    const char *value = NULL;

    for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++) {
        if (strcmp(argv[i], "--os") == 0 && i + 1 < argc) {
            *at = ++i;
            value = argv[i];
        } else if (strncmp(argv[i], "--os=", 5) == 0) {
            *at = i;
            value = argv[i] + 5;
        }
    }
    return value;
}

bool
matrix_asked(int argc, char **argv)
{
    int at;
    const char *value = find_os(argc, argv, &at);

    return value != NULL && strchr(value, ',') != NULL;
}

/* One version's search, in this process. */
static int
search(int argc, char **argv, int at, const char *version, int json)
{
    char word[80], path[40];

    snprintf(word, sizeof(word), "%s%.60s", strncmp(argv[at], "--os=", 5) == 0 ? "--os=" : "",
             version);
    argv[at] = word;
    snprintf(path, sizeof(path), "/dev/fd/%d", json);
    return explore_version(argc, argv, version, path);
}

static void
copy(FILE *out, int from)
{
    char buffer[4096];
    ssize_t length;

    lseek(from, 0, SEEK_SET);
    while ((length = read(from, buffer, sizeof(buffer))) > 0) {
        fwrite(buffer, 1, (size_t)length, out);
    }
}

static int
write_matrix(const char *path, char **argv, const int *json, size_t count, int status)
{
    FILE *out = strcmp(path, "-") == 0 ? stdout : fopen(path, "w");
    bool first = true;

    if (out == NULL) {
        return usage_error("%s: %s", path, strerror(errno));
    }
    fprintf(out, "{\n  \"schema\": 1, \"ntlab\": \"%s\", \"command\": \"explore\", ",
            NTLAB_VERSION);
    fputs("\"command_line\": [", out);
    for (char **word = argv; *word != NULL; word++) {
        fputs(word == argv ? "" : ", ", out);
        json_string(out, *word);
    }
    fprintf(out, "],\n  \"status\": %d, \"matrix\": [\n", status);
    for (size_t i = 0; i < count; i++) {
        if (lseek(json[i], 0, SEEK_END) > 0) { /* it has come so far */
            fputs(first ? "" : ",\n", out);
            copy(out, json[i]);
            first = false;
        }
    }
    fputs("]\n}\n", out);
    return out == stdout || fclose(out) == 0 ? status
                                             : usage_error("%s: %s", path, strerror(errno));
}

int
matrix_explore(int argc, char **argv, const char *json_path)
{
    int at = 0, json[MAX_VERSIONS], status = STATUS_CLEAN, one[MAX_VERSIONS];
    char *versions = strdup(find_os(argc, argv, &at)), *save, *list[MAX_VERSIONS];
    size_t count = 0;

    for (char *name = strtok_r(versions, ",", &save); name != NULL;
         name = strtok_r(NULL, ",", &save)) {
        if (count == MAX_VERSIONS) {
            return usage_error("--os: more than %d versions", MAX_VERSIONS);
        }
        list[count++] = name;
    }
    for (size_t i = 0; i < count; i++) {
        int ended;
        pid_t pid;

        json[i] = memfd_create("ntlab-json", 0);
        fflush(NULL);
        pid = json[i] < 0 ? -1 : fork();
        if (pid == 0) {
            exit(search(argc, argv, at, list[i], json[i]));
        }
        if (pid < 0 || waitpid(pid, &ended, 0) != pid || !WIFEXITED(ended)) {
            fprintf(stderr, "ntlab: the search of %s did not come to its end\n", list[i]);
            one[i] = STATUS_INTERNAL;
        } else {
            one[i] = WEXITSTATUS(ended);
        }
        status = worse(status, one[i]);
    }
    for (size_t i = 0; i < count; i++) {
        fprintf(stderr, "ntlab: %s: status %d\n", list[i], one[i]);
    }
    if (json_path != NULL) {
        status = write_matrix(json_path, argv, json, count, status);
    }
    free(versions);
    return status;
}
