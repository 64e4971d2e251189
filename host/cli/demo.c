/*
 * demo.c - `ntlab demo [NAME]`: runs a sample as its demo.txt says, and says whether it ended so.
 *
 *     title | expected | arguments of ntlab run
 *
 * Each line is a run of its own, by this very program, as the user would start it; the line to type
 * is shown. Words that name a file of the sample's folder are taken from there. `expected` is `exit
 * N` (the client's exit code; the run is clean but for it), `bugcheck CODE`, `status N`, or a kind
 * of finding.
 */
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include "host/cli/cli.h"

#define DEFAULT_SAMPLE "switchstack"
#define MAX_WORDS      64

/* Where the samples lie: in a build tree beside the program, else where they are installed. */
static bool
find_samples(char *program, char *folder, size_t size)
{
    static const char *const places[] = {"samples", "../share/ntlab/samples",
                                         "../lib/ntlab/samples"};
    ssize_t length = readlink("/proc/self/exe", program, PATH_MAX - 1);

    if (length <= 0) {
        return false;
    }
    program[length] = 0;
    for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
        snprintf(folder, size, "%.*s/%s", (int)(strrchr(program, '/') - program), program,
                 places[i]);
        if (access(folder, R_OK | X_OK) == 0) {
            return true;
        }
    }
    return false;
}

static int
list_samples(const char *folder, const char *unknown)
{
    struct dirent **entries;
    int count = scandir(folder, &entries, NULL, alphasort);
    char path[PATH_MAX + 300], line[512];

    fprintf(stderr, "ntlab: there is no sample `%s`; there are:\n", unknown);
    for (int i = 0; i < count; i++) {
        FILE *in;

        snprintf(path, sizeof(path), "%s/%s/demo.txt", folder, entries[i]->d_name);
        in = entries[i]->d_name[0] != '.' ? fopen(path, "r") : NULL;
        if (in != NULL) {
            fprintf(stderr, "    %s\n", entries[i]->d_name);
            while (fgets(line, sizeof(line), in) != NULL) {
                if (line[0] != '#' && strchr(line, '|') != NULL) {
                    fprintf(stderr, "        %.*s\n", (int)strcspn(line, "|"), line);
                }
            }
            fclose(in);
        }
        free(entries[i]);
    }
    if (count >= 0) {
        free(entries);
    }
    return STATUS_USAGE;
}

static char *
trimmed(char *text)
{
    char *end = text + strlen(text);

    text += strspn(text, " \t");
    while (end > text && strchr(" \t\r\n", end[-1]) != NULL) {
        *--end = 0;
    }
    return text;
}

/* What came of it, out of the JSON object: "key": value, without its quotes. */
static bool
json_value(const char *json, const char *key, char *out, size_t size)
{
    char quoted[64];
    const char *at;

    snprintf(quoted, sizeof(quoted), "\"%s\": ", key);
    at = strstr(json, quoted);
    if (at == NULL) {
        return false;
    }
    at += strlen(quoted);
    at += *at == '"';
    snprintf(out, size, "%.*s", (int)strcspn(at, "\",}\n"), at);
    return true;
}

static bool
as_expected(const char *expected, int status, const char *json, char *got, size_t size)
{
    char kind[32] = "", code[32] = "", client[32] = "";
    const char *value = strchr(expected, ' ');
    unsigned long wanted = value ? strtoul(value + 1, NULL, 0) : 0;

    json_value(json, "kind", kind, sizeof(kind));
    json_value(json, "code", code, sizeof(code));
    json_value(json, "client_exit", client, sizeof(client));
    if (strcmp(kind, "bugcheck") == 0 && code[0] != 0) {
        snprintf(got, size, "bugcheck 0x%lX", strtoul(code, NULL, 0));
    } else if (kind[0] != 0 && strcmp(kind, "client") != 0) {
        snprintf(got, size, "%s", kind);
    } else if (client[0] != 0 && strcmp(client, "null") != 0) {
        snprintf(got, size, "exit %s", client);
    } else {
        snprintf(got, size, "status %d", status);
    }
    if (strncmp(expected, "exit ", 5) == 0) {
        return (kind[0] == 0 || strcmp(kind, "client") == 0) && client[0] != 0 &&
               strcmp(client, "null") != 0 && strtoul(client, NULL, 0) == wanted;
    }
    if (strncmp(expected, "bugcheck ", 9) == 0) {
        return strcmp(kind, "bugcheck") == 0 && strtoul(code, NULL, 0) == wanted;
    }
    if (strncmp(expected, "status ", 7) == 0) {
        return (unsigned long)status == wanted;
    }
    return strcmp(kind, expected) == 0;
}

static int
wait_for(pid_t child)
{
    int status;

    while (waitpid(child, &status, 0) < 0) {
        if (errno != EINTR) {
            return STATUS_INTERNAL;
        }
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : STATUS_INTERNAL;
}

/* The path as the user would type it. */
static const char *
from_here(const char *path)
{
    static char here[PATH_MAX];
    size_t length = getcwd(here, sizeof(here)) != NULL ? strlen(here) : 0;

    return length > 1 && strncmp(path, here, length) == 0 && path[length] == '/' ? path + length + 1
                                                                                 : path;
}

/* One line of demo.txt. 0: it ended as expected. */
static int
run_line(const char *program, const char *folder, char *line)
{
    char *title = line, *expected = strchr(line, '|'),
         *arguments = expected ? strchr(expected + 1, '|') : NULL;
    char report[] = "/tmp/ntlab-demo-XXXXXX", got[64], path[PATH_MAX + 300], *json;
    char *words[MAX_WORDS] = {(char *)program, (char *)"run", (char *)"--json", report};
    int count = 4, status, fd;
    size_t length;
    pid_t child;

    if (arguments == NULL) {
        return usage_error("demo.txt: `%s` is not `title | expected | arguments`", trimmed(line));
    }
    *expected++ = 0;
    *arguments++ = 0;
    title = trimmed(title);
    expected = trimmed(expected);
    fprintf(stderr, "\n=== %s\n$ ntlab run", title);
    for (char *word = strtok(trimmed(arguments), " \t"); word != NULL && count + 1 < MAX_WORDS;
         word = strtok(NULL, " \t")) {
        /* A file of the sample's own, behind the token of a --client as well. */
        const char *colon = strchr(word, ':');
        int token = colon != NULL ? (int)(colon + 1 - word) : 0;

        snprintf(path, sizeof(path), "%.*s%s/%s", token, word, folder, word + token);
        words[count] =
            strdup(access(path + token, R_OK) == 0 && strcmp(word, ".") != 0 ? path : word);
        fprintf(stderr, " %s", from_here(words[count++]));
    }
    fputs("\n", stderr);
    fd = mkstemp(report);
    if (fd < 0) {
        return usage_error("%s: %s", report, strerror(errno));
    }
    fflush(NULL);
    child = fork();
    if (child == 0) {
        execv(program, words);
        _exit(STATUS_INTERNAL);
    }
    status = wait_for(child);
    json = calloc(1, 1 << 20);
    length = json != NULL ? (size_t)pread(fd, json, (1 << 20) - 1, 0) : 0;
    close(fd);
    unlink(report);
    while (count > 4) {
        free(words[--count]);
    }
    if (json == NULL || length == (size_t)-1) {
        free(json);
        return usage_error("%s: cannot be read", report);
    }
    status = as_expected(expected, status, json, got, sizeof(got)) ? 0 : 1;
    fprintf(stderr, status == 0 ? "=== as expected: %s\n" : "=== NOT as expected: %s", got);
    if (status != 0) {
        fprintf(stderr, ", and %s should have come of it\n", expected);
    }
    free(json);
    return status;
}

int
command_demo(int argc, char **argv)
{
    const char *name = argc > 1 ? argv[1] : DEFAULT_SAMPLE;
    char program[PATH_MAX], samples[PATH_MAX], folder[PATH_MAX + 64], path[PATH_MAX + 128],
        line[2048];
    int wrong = 0, runs = 0;
    FILE *in;

    if (argc > 2) {
        return usage_error("demo: one sample, please");
    }
    if (!find_samples(program, samples, sizeof(samples))) {
        return usage_error(
            "demo: the samples are not here; they lie in a build tree beside the program");
    }
    snprintf(folder, sizeof(folder), "%s/%.60s", samples, name);
    snprintf(path, sizeof(path), "%s/demo.txt", folder);
    in = name[0] != '.' && name[0] != '-' && strchr(name, '/') == NULL ? fopen(path, "r") : NULL;
    if (in == NULL) {
        return list_samples(samples, name);
    }
    while (fgets(line, sizeof(line), in) != NULL) {
        if (line[0] != '#' && *trimmed(line) != 0) {
            wrong += run_line(program, folder, line) != 0;
            runs++;
        }
    }
    fclose(in);
    fprintf(stderr,
            "\n%s: %d of %d runs ended as expected. samples/%s/README.md says what they show.\n",
            name, runs - wrong, runs, name);
    return wrong != 0 ? STATUS_FINDING : STATUS_CLEAN;
}
