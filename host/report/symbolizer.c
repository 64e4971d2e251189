/*
 * symbolizer.c - llvm-symbolizer as a child process: it reads PDB and DWARF of PE files.
 *
 * It gets all questions at once on its standard input (a file in memory, so nobody waits for
 * anybody) and answers with one JSON object a line, in order. It reads files that somebody has
 * given us, so it is a process of its own with a limit of time; without it, or without an answer,
 * names come from export tables. NTLAB_SYMBOLIZER says where it is; empty, there is none: it takes
 * as long as a search of some hundred runs.
 *
 * A PDB is looked for beside the image, so with --symbols the image stands, as a link, in a
 * temporary folder beside links to the PDB files that have been found.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "host/image/image.h"
#include "host/report/report.h"

#define MAX_ANSWER   (64u << 20)
#define TIME_LIMIT_S 30
#define MAX_SOURCES  16

/* ---- reading JSON: as much of it as llvm-symbolizer writes ---- */

static void
skip_space(const char **at)
{
    *at += strspn(*at, " \t\r\n");
}

/* A string at *at, decoded into `out` where that is not NULL. */
static bool
json_text(const char **at, char *out, size_t size)
{
    size_t used = 0;

    if (**at != '"') {
        return false;
    }
    for ((*at)++; **at != '"'; (*at)++) {
        char c = **at;

        if (c == 0) {
            return false;
        }
        if (c == '\\') {
            (*at)++;
            c = **at;
            if (c == 'u') {
                unsigned value = 0;

                for (int i = 0; i < 4; i++) {
                    char digit = *++(*at);

                    if (digit == 0) {
                        return false;
                    }
                    value = value << 4 |
                            (unsigned)(digit <= '9' ? digit - '0' : (digit | 32) - 'a' + 10);
                }
                c = value < 0x80 && value >= 0x20 ? (char)value : '?';
            } else if (c == 'n' || c == 't' || c == 'r' || c == 'b' || c == 'f') {
                c = ' ';
            } else if (c == 0) {
                return false;
            }
        }
        if (out != NULL && used + 1 < size) {
            out[used++] = c;
        }
    }
    (*at)++;
    if (out != NULL) {
        out[used] = 0;
    }
    return true;
}

static bool
json_skip(const char **at, int depth)
{
    char close = **at == '{' ? '}' : ']';

    if (depth > 32) {
        return false;
    }
    if (**at == '"') {
        return json_text(at, NULL, 0);
    }
    if (**at != '{' && **at != '[') {
        *at += strcspn(*at, ",]} \t");
        return true;
    }
    (*at)++;
    for (skip_space(at); **at != close;) {
        if (close == '}') {
            if (!json_text(at, NULL, 0)) {
                return false;
            }
            skip_space(at);
            if (*(*at)++ != ':') {
                return false;
            }
            skip_space(at);
        }
        if (!json_skip(at, depth + 1)) {
            return false;
        }
        skip_space(at);
        if (**at == ',') {
            (*at)++;
            skip_space(at);
        } else if (**at != close) {
            return false;
        }
    }
    (*at)++;
    return true;
}

/* Goes to the value of the next key of an object; false at its end. *at stands behind '{' or ','.
 */
static bool
json_next(const char **at, char *key, size_t size)
{
    skip_space(at);
    if (**at == ',') {
        (*at)++;
        skip_space(at);
    }
    if (**at == '}' || !json_text(at, key, size)) {
        return false;
    }
    skip_space(at);
    if (*(*at)++ != ':') {
        return false;
    }
    skip_space(at);
    return true;
}

/* ---- one answer ---- */

static char *
tidy_path(const char *path)
{
    char *out = strdup(path), *end;
    bool windows;

    if (out == NULL) {
        return NULL;
    }
    windows = strchr(out, '/') == NULL && strchr(out, '\\') != NULL;
    for (char *c = out; windows && *c != 0; c++) {
        *c = *c == '\\' ? '/' : *c;
    }
    /* a/b/../c is a/c; a/./b is a/b */
    while ((end = strstr(out, "/./")) != NULL) {
        memmove(end, end + 2, strlen(end + 2) + 1);
    }
    while ((end = strstr(out, "/../")) != NULL && end != out) {
        char *start = end - 1;

        while (start > out && *start != '/') {
            start--;
        }
        if (strncmp(start, "/..", 3) == 0 || (start == out && *start != '/')) {
            break;
        }
        memmove(start, end + 3, strlen(end + 3) + 1);
    }
    for (char *c = out; windows && *c != 0; c++) {
        *c = *c == '/' ? '\\' : *c;
    }
    return out;
}

static bool
same_path(const char *path, const char *prefix, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        char a = path[i] == '\\' ? '/' : path[i], b = prefix[i] == '\\' ? '/' : prefix[i];

        if (a != b || a == 0) {
            return false;
        }
    }
    return true;
}

static bool
is_separator(char c)
{
    return c == '/' || c == '\\';
}

/* --source-map OLD=NEW; else a path below the current folder is shown from there. */
static char *
map_path(const struct report_options *options, const char *path)
{
    char *tidy = tidy_path(path), *out, folder[PATH_MAX];
    size_t length;

    if (tidy == NULL) {
        return NULL;
    }
    for (size_t i = 0; i < options->source_maps; i++) {
        const char *map = options->source_map[i], *equals = strchr(map, '=');

        length = equals == NULL ? 0 : (size_t)(equals - map);
        while (length > 1 &&
               is_separator(map[length - 1])) { /* a folder, with or without its end */
            length--;
        }
        if (length != 0 && same_path(tidy, map, length) &&
            (tidy[length] == 0 || is_separator(tidy[length]))) {
            const char *folder_name = equals + 1, *rest = tidy + length;
            size_t size = strlen(folder_name) + strlen(rest) + 1;
            size_t end = strlen(folder_name);

            rest += *rest != 0 && end != 0 && is_separator(folder_name[end - 1]);
            out = malloc(size);
            if (out != NULL) {
                snprintf(out, size, "%s%s", folder_name, rest);
                for (char *c = out; *c != 0 && strchr(equals + 1, '\\') == NULL; c++) {
                    *c = *c == '\\' ? '/' : *c;
                }
            }
            free(tidy);
            return out;
        }
    }
    if (getcwd(folder, sizeof(folder)) != NULL && strcmp(folder, "/") != 0) {
        length = strlen(folder);
        if (strncmp(tidy, folder, length) == 0 && tidy[length] == '/') {
            memmove(tidy, tidy + length + 1, strlen(tidy + length + 1) + 1);
        }
    }
    return tidy;
}

/* One element of "Symbol": {"FunctionName": ..., "FileName": ..., "Line": ..., "StartAddress": ...}
 */
static bool
read_symbol(const struct report_options *options, const char **at, struct symbol_query *query)
{
    char key[64], text[4096];
    struct source source = {0};
    uint64_t start = 0;

    if (**at != '{') {
        return false;
    }
    (*at)++;
    while (json_next(at, key, sizeof(key))) {
        if (strcmp(key, "FunctionName") == 0 && **at == '"') {
            json_text(at, text, sizeof(text));
            source.symbol = text[0] && strcmp(text, "??") != 0 ? strdup(text) : NULL;
        } else if (strcmp(key, "FileName") == 0 && **at == '"') {
            json_text(at, text, sizeof(text));
            source.file = text[0] && strcmp(text, "??") != 0 ? map_path(options, text) : NULL;
        } else if (strcmp(key, "StartAddress") == 0 && **at == '"') {
            json_text(at, text, sizeof(text));
            start = strtoull(text, NULL, 16);
        } else if (strcmp(key, "Line") == 0) {
            source.line = (unsigned)strtoul(*at, NULL, 10);
            json_skip(at, 0);
        } else if (!json_skip(at, 0)) {
            break;
        }
    }
    skip_space(at);
    if (**at != '}' || query->sources >= MAX_SOURCES) {
        free(source.symbol);
        free(source.file);
        return false;
    }
    (*at)++;
    query->source = report_grow(query->source, &query->sources, sizeof(source));
    query->source[query->sources - 1] = source;
    query->start = start;
    return true;
}

static void
read_answer(const struct report_options *options, const char *line, struct symbol_query *query)
{
    const char *at = line;
    char key[64];

    skip_space(&at);
    if (*at++ != '{') {
        return;
    }
    while (json_next(&at, key, sizeof(key))) {
        if (strcmp(key, "Symbol") != 0) {
            if (!json_skip(&at, 0)) {
                return;
            }
            continue;
        }
        if (*at++ != '[') {
            return;
        }
        for (skip_space(&at); read_symbol(options, &at, query); skip_space(&at)) {
            skip_space(&at);
            if (*at == ',') {
                at++;
            }
        }
        return;
    }
}

/* ---- the child ---- */

static bool
find_program(char *out, size_t size)
{
    static const char *const names[] = {
        "llvm-symbolizer-19", "llvm-symbolizer",    "llvm-symbolizer-20", "llvm-symbolizer-18",
        "llvm-symbolizer-17", "llvm-symbolizer-16", "llvm-symbolizer-15", "llvm-symbolizer-14"};
    const char *path = getenv("PATH"), *named = getenv("NTLAB_SYMBOLIZER");

    if (named != NULL) {
        return (size_t)snprintf(out, size, "%s", named) < size && access(out, X_OK) == 0;
    }
    for (size_t i = 0; path != NULL && i < sizeof(names) / sizeof(names[0]); i++) {
        for (const char *at = path; *at != 0; at += at[0] == ':') {
            size_t length = strcspn(at, ":");

            snprintf(out, size, "%.*s/%s", (int)length, at, names[i]);
            if (length != 0 && access(out, X_OK) == 0) {
                return true;
            }
            at += length;
        }
    }
    return false;
}

static char *
run_symbolizer(const char *program, int input)
{
    char *answer = NULL;
    size_t size = 0, room = 0;
    int pipes[2], status;
    time_t end = time(NULL) + TIME_LIMIT_S;
    pid_t child;

    if (pipe2(pipes, O_CLOEXEC) != 0) {
        return NULL;
    }
    child = fork();
    if (child == 0) {
        char *const arguments[] = {(char *)program, (char *)"--output-style=JSON",
                                   (char *)"--relative-address", NULL};
        int null = open("/dev/null", O_WRONLY);

        dup2(input, 0);
        dup2(pipes[1], 1);
        dup2(null, 2);
        unsetenv("DEBUGINFOD_URLS"); /* --no-debuginfod, which LLVM 14 does not know */
        execv(program, arguments);
        _exit(127);
    }
    close(pipes[1]);
    while (child > 0) {
        struct pollfd poll_answer = {.fd = pipes[0], .events = POLLIN};
        ssize_t got;

        if (room - size < 65536) {
            char *grown = room < MAX_ANSWER ? realloc(answer, room * 2 + 131072) : NULL;

            if (grown == NULL) {
                break;
            }
            answer = grown;
            room = room * 2 + 131072;
        }
        if (poll(&poll_answer, 1, 500) < 0 && errno != EINTR) {
            break;
        }
        if (time(NULL) > end) {
            break;
        }
        if ((poll_answer.revents & (POLLIN | POLLHUP)) == 0) {
            continue;
        }
        got = read(pipes[0], answer + size, room - size - 1);
        if (got <= 0) {
            break;
        }
        size += (size_t)got;
    }
    close(pipes[0]);
    if (child > 0) {
        if (time(NULL) > end) {
            kill(child, SIGKILL);
        }
        while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
        }
    }
    if (answer != NULL) {
        answer[size] = 0;
    }
    return answer;
}

/* ---- --symbols: a folder of links ---- */

struct links {
    char folder[64];
    bool made;
};

static const char *
base_name(const char *path)
{
    const char *slash = strrchr(path, '/'), *back = strrchr(path, '\\');

    slash = back != NULL && (slash == NULL || back > slash) ? back : slash;
    return slash ? slash + 1 : path;
}

/* The name of the PDB that the image wants; false if it wants none. */
static bool
wanted_pdb(const char *path, char *out, size_t size)
{
    struct image_error error;
    struct stat info;
    bool found = false;
    struct pe *pe;
    void *data;
    int fd = open(path, O_RDONLY | O_CLOEXEC);

    if (fd < 0) {
        return false;
    }
    pe = malloc(sizeof(*pe));
    if (pe != NULL && fstat(fd, &info) == 0 && info.st_size > 0) {
        data = mmap(NULL, (size_t)info.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
        if (data != MAP_FAILED) {
            if (image_parse(data, (size_t)info.st_size, pe, &error) == 0 && pe->debug.present) {
                snprintf(out, size, "%s", base_name(pe->debug.pdb));
                found = out[0] != 0;
            }
            munmap(data, (size_t)info.st_size);
        }
    }
    free(pe);
    close(fd);
    return found;
}

static bool
find_pdb(const struct report_options *options, const char *name, char *out, size_t size)
{
    for (size_t i = 0; i < options->symbol_folders; i++) {
        char path[PATH_MAX];

        snprintf(path, sizeof(path), "%s/%s", options->symbols[i], name);
        if (access(path, R_OK) == 0 && realpath(path, out) != NULL && strlen(out) < size) {
            return true;
        }
    }
    return false;
}

/* The path under which the symbolizer shall open the image. */
static void
linked_path(const struct report_options *options, struct links *links, const char *path, char *out,
            size_t size)
{
    char pdb[300], found[PATH_MAX], whole[PATH_MAX], link[PATH_MAX + 320];

    snprintf(out, size, "%s", path);
    if (options->symbol_folders == 0 || !wanted_pdb(path, pdb, sizeof(pdb)) ||
        !find_pdb(options, pdb, found, sizeof(found)) || realpath(path, whole) == NULL) {
        return;
    }
    if (!links->made) {
        strcpy(links->folder, "/tmp/ntlab-symbols-XXXXXX");
        links->made = mkdtemp(links->folder) != NULL;
    }
    if (!links->made) {
        return;
    }
    snprintf(link, sizeof(link), "%s/%s", links->folder, pdb);
    symlink(found, link); /* there already: another place of the same image */
    snprintf(link, sizeof(link), "%s/%s", links->folder, base_name(path));
    if (symlink(whole, link) == 0 || errno == EEXIST) {
        snprintf(out, size, "%s", link);
    }
}

static void
remove_links(const struct links *links, const struct symbol_query *query, size_t count)
{
    char link[PATH_MAX], pdb[300];

    if (!links->made) {
        return;
    }
    for (size_t i = 0; i < count; i++) {
        snprintf(link, sizeof(link), "%s/%s", links->folder, base_name(query[i].path));
        unlink(link);
        if (wanted_pdb(query[i].path, pdb, sizeof(pdb))) {
            snprintf(link, sizeof(link), "%s/%s", links->folder, pdb);
            unlink(link);
        }
    }
    rmdir(links->folder);
}

bool
symbolizer_ask(const struct report_options *options, struct symbol_query *query, size_t count)
{
    struct links links = {0};
    char program[PATH_MAX], path[PATH_MAX + 320];
    int input = memfd_create("questions", MFD_CLOEXEC);
    char *answer, *line, *rest;

    if (input < 0 || count == 0 || !find_program(program, sizeof(program))) {
        close(input);
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        linked_path(options, &links, query[i].path, path, sizeof(path));
        /* A path with a quote or a line end in it cannot be asked for: the answer says so. */
        for (char *c = path; *c != 0; c++) {
            *c = *c == '"' || *c == '\n' ? '?' : *c;
        }
        dprintf(input, "CODE \"%s\" 0x%x\n", path, query[i].rva);
    }
    lseek(input, 0, SEEK_SET);
    answer = run_symbolizer(program, input);
    close(input);
    remove_links(&links, query, count);
    if (answer == NULL) {
        return false;
    }
    rest = answer;
    for (size_t i = 0; i < count && (line = strsep(&rest, "\n")) != NULL;) {
        if (*line != 0) {
            read_answer(options, line, &query[i++]);
        }
    }
    free(answer);
    return true;
}
