/*
 * demo_run.c - one run of a sample, as the user would start it, and what came of it.
 *
 * The arguments are words as in a shell, single quotes included; the first one may be `explore`, instead of run. Words that name a file of the sample's folder are taken
 * from there, behind the token of a --client as well ('user:foo.exe one two'). What may be expected:
 *
 *     clean          no finding, every client's exit code is 0
 *     exit N         the clients' exit code; no finding but that
 *     n/a            exit code 50, ERROR_NOT_SUPPORTED: this version has no such thing
 *     bugcheck CODE
 *     hang(IRQL)     the first thread that hangs is at this IRQL
 *     status N       ntlab's exit status
 *     exhausted      the search has come to its end, without a finding; likewise its other outcomes
 *     any other word: the kind of the finding
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>
#include "host/cli/cli.h"
#include "host/cli/demo.h"

#define MAX_WORDS           64
#define ERROR_NOT_SUPPORTED 50

struct command {
    char *word[MAX_WORDS];
    int words;
    char report[32];
};

/* Its value out of the JSON object, without quotes: the first one of this key. */
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
    const char *finding = json;
    char kind[32] = "", code[32] = "", client[32] = "", irql[32] = "?", outcome[32] = "";
    const char *value = strchr(expected, ' ');
    unsigned long wanted = value ? strtoul(value + 1, NULL, 0) : 0;
    bool ended;

    /* A race is a warning: what else there is counts. */
    while (json_value(finding, "kind", kind, sizeof(kind)), strcmp(kind, "race") == 0) {
        finding = strstr(finding, "\"race\"") + 6;
        kind[0] = 0;
    }
    json_value(finding, "code", code, sizeof(code));
    json_value(json, "client_exit", client, sizeof(client));
    json_value(json, "irql", irql, sizeof(irql));
    json_value(json, "outcome", outcome, sizeof(outcome));
    ended = (kind[0] == 0 || strcmp(kind, "client") == 0) && client[0] != 0 &&
            strcmp(client, "null") != 0;
    if (strcmp(kind, "bugcheck") == 0 && code[0] != 0) {
        snprintf(got, size, "bugcheck 0x%lX", strtoul(code, NULL, 0));
    } else if (strcmp(kind, "hang") == 0 && strchr(expected, '(') != NULL) {
        snprintf(got, size, "hang(%.20s)", irql);
    } else if (!ended && kind[0] != 0) {
        snprintf(got, size, "%s", kind);
    } else if (outcome[0] != 0 && kind[0] == 0) {
        snprintf(got, size, "%s", outcome);
    } else if (ended && strncmp(expected, "exit ", 5) != 0 && atoi(client) == 0) {
        snprintf(got, size, "clean");
    } else if (ended && atoi(client) == ERROR_NOT_SUPPORTED) {
        snprintf(got, size, "n/a");
    } else if (ended) {
        snprintf(got, size, "exit %s", client);
    } else {
        snprintf(got, size, "status %d", status);
    }
    if (strncmp(expected, "exit ", 5) == 0) {
        return ended && strtoul(client, NULL, 0) == wanted;
    }
    if (strncmp(expected, "bugcheck ", 9) == 0) {
        return strcmp(kind, "bugcheck") == 0 && strtoul(code, NULL, 0) == wanted;
    }
    if (strncmp(expected, "status ", 7) == 0) {
        return (unsigned long)status == wanted;
    }
    return strcmp(got, expected) == 0;
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

/* One word: its file is the sample's, if the sample has one of that name. */
static char *
word_of(const struct demo *demo, const char *word, FILE *shown)
{
    size_t token = strcspn(word, ": ");
    char name[256], path[PATH_MAX], *out;
    bool ours;

    token = word[token] == ':' ? token + 1 : 0;
    snprintf(name, sizeof(name), "%.*s", (int)strcspn(word + token, " "), word + token);
    snprintf(path, sizeof(path), "%s/%s", demo->folder, name);
    ours = name[0] != 0 && strchr(name, '/') == NULL && strcmp(name, ".") != 0 &&
           access(path, R_OK) == 0;
    if (asprintf(&out, "%.*s%s%s", (int)token, word, ours ? path : name,
                 word + token + strlen(name)) < 0) {
        abort();
    }
    fprintf(shown, strchr(out, ' ') ? " '%.*s%s%s'" : " %.*s%s%s", (int)token, word,
            ours ? from_here(path) : name, word + token + strlen(name));
    return out;
}

static void
cut_words(const struct demo *demo, char *at, const char *os, struct command *command, FILE *shown)
{
    at += strspn(at, " \t");
    if (strncmp(at, "explore ", 8) == 0) {
        free(command->word[1]);
        command->word[1] = strdup("explore");
        at += 8;
    }
    fprintf(shown, "$ ntlab %s", command->word[1]);
    while (*(at += strspn(at, " \t")) != 0 && command->words + 2 < MAX_WORDS) {
        const char *end = *at == '\'' ? "'" : " \t";
        char *word = at += *end == '\'';

        at += strcspn(at, end);
        if (*at != 0) {
            *at++ = 0;
        }
        if (os != NULL && command->words > 0 &&
            strcmp(command->word[command->words - 1], "--os") == 0) {
            word = (char *)os;
        }
        command->word[command->words++] = word_of(demo, word, shown);
    }
    fputs("\n", shown);
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

/* All of a file that is ours, with a zero behind. */
static char *
contents(int file)
{
    off_t size = lseek(file, 0, SEEK_END);
    char *text = size >= 0 ? malloc((size_t)size + 1) : NULL;
    ssize_t length = text != NULL ? pread(file, text, (size_t)size, 0) : -1;

    if (length < 0) {
        free(text);
        return NULL;
    }
    text[length] = 0;
    return text;
}

/* Standard output and error of a quiet run go to these. */
static int
start_and_wait(const struct demo *demo, struct command *command, int output, int errors)
{
    pid_t child;

    fflush(NULL);
    child = fork();
    if (child == 0) {
        if (output >= 0 && (dup2(output, 1) < 0 || dup2(errors, 2) < 0)) {
            _exit(STATUS_INTERNAL);
        }
        execv(demo->program, command->word);
        _exit(STATUS_INTERNAL);
    }
    return child < 0 ? STATUS_INTERNAL : wait_for(child);
}

static void
join_lines(const char *text, char *out, size_t size)
{
    size_t used = 0;

    for (; text != NULL && *text != 0 && used + 1 < size; text++) {
        if (*text == '\n' && text[1] != 0) {
            used += (size_t)snprintf(out + used, size - used, "; ");
        } else if (*text != '\n' && *text != '\r') {
            out[used++] = *text;
        }
    }
    out[used < size ? used : size - 1] = 0;
}

int
demo_run(struct demo *demo, char *arguments, const char *os, const char *expected, bool quiet,
         struct demo_result *result)
{
    struct command command = {{strdup(demo->program), strdup("run"), strdup("--json")}, 4, ""};
    int report, output = -1, errors = -1, status;
    char *json, *said, *noise;
    size_t length;
    FILE *shown;

    *result = (struct demo_result){0};
    snprintf(command.report, sizeof(command.report), "/tmp/ntlab-demo-XXXXXX");
    report = mkstemp(command.report);
    if (report < 0) {
        return usage_error("%s: %s", command.report, strerror(errno));
    }
    command.word[3] = strdup(command.report);
    shown = open_memstream(&result->output, &length);
    cut_words(demo, arguments, os, &command, shown);
    if (quiet) {
        output = memfd_create("output", MFD_CLOEXEC);
        errors = memfd_create("errors", MFD_CLOEXEC);
    } else {
        fflush(shown);
        fputs(result->output, stderr);
    }
    status = start_and_wait(demo, &command, output, errors);
    json = contents(report);
    result->as_expected =
        json != NULL && as_expected(expected, status, json, result->got, sizeof(result->got));
    if (quiet) {
        said = contents(output);
        noise = contents(errors);
        join_lines(said, result->said, sizeof(result->said));
        fprintf(shown, "%s%s", said ? said : "", noise ? noise : "");
        free(said);
        free(noise);
        close(output);
        close(errors);
    }
    fclose(shown);
    free(json);
    close(report);
    unlink(command.report);
    while (command.words > 0) {
        free(command.word[--command.words]);
    }
    demo->runs++;
    demo->wrong += !result->as_expected;
    return 0;
}
