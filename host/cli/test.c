/*
 * test.c - `ntlab test [ntlab.toml]`: every case of a project on every version it names, and one folder to upload.
 *
 *     OUT/CASE/VERSION/      what the case's own command leaves with --out
 *     OUT/report.html ...    all findings together; suppressed and known ones marked
 *
 * A case is a process of its own with the command line that a user would type; its notes come back through a memory
 * file. A finding is new, known (its fingerprint is in the baseline) or suppressed; only new errors fail.
 */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "host/cli/cli.h"
#include "host/cli/documents.h"
#include "host/project/project.h"

#define MAX_NOTES 1024
#define MAX_WORDS 256

struct testing {
    struct project project;
    const char *out, *only, *budget;
    bool write_baseline;
    char **argv;
    struct note note[MAX_NOTES];
    size_t notes;
    size_t runs, failed;
    struct note_run *run; /* of those, for JUnit */
    int status;
};

/* From the best to the worst. */
static int
worse(int a, int b)
{
    static const int order[] = {STATUS_CLEAN,       STATUS_REQUIREMENT, STATUS_FINDING,
                                STATUS_UNSUPPORTED, STATUS_BAD_INPUT,   STATUS_USAGE,
                                STATUS_INTERNAL};

    for (size_t i = sizeof(order) / sizeof(order[0]); i-- > 0;) {
        if (a == order[i] || b == order[i]) {
            return order[i];
        }
    }
    return STATUS_INTERNAL;
}

static int
command(int argc, char **argv)
{
    return strcmp(argv[0], "run") == 0     ? command_run(argc, argv)
           : strcmp(argv[0], "check") == 0 ? command_check(argc, argv)
                                           : command_explore(argc, argv);
}

/* In the child. */
static int
run_words(const struct testing *testing, const struct project_case *one, const char *os,
          const char *folder, FILE *notes)
{
    char *word[MAX_WORDS];
    int count = 0;

    word[count++] = (char *)one->command;
    word[count++] = (char *)"--os";
    word[count++] = (char *)os;
    word[count++] = (char *)"--out";
    word[count++] = (char *)folder;
    if (strcmp(one->command, "explore") == 0) {
        word[count++] = (char *)"--keep-going";
    }
    for (size_t i = 0; i < one->words && count + 4 < MAX_WORDS; i++) {
        if (testing->budget != NULL && strcmp(one->word[i], "--budget") == 0) {
            i++;
            continue;
        }
        word[count++] = (char *)one->word[i];
    }
    if (testing->budget != NULL && strcmp(one->command, "run") != 0) {
        word[count++] = (char *)"--budget";
        word[count++] = (char *)testing->budget;
    }
    word[count] = NULL;
    documents_hand_over(notes);
    return command(count, word);
}

static void
take_notes(struct testing *testing, const struct project_case *one, const char *os, int from,
           size_t *fresh, size_t *others)
{
    FILE *in = fdopen(from, "r");
    struct note note;

    rewind(in);
    while (testing->notes < MAX_NOTES && note_receive(in, &note)) {
        if (note.verdict == VERDICT_CLEAN) {
            note_free(&note);
            continue;
        }
        project_judge(&testing->project, &note);
        snprintf(note.origin, sizeof(note.origin), "%s, %s", one->name, os);
        if (note.verdict == VERDICT_FINDING && note.state == NOTE_NEW) {
            *fresh += strcmp(note.severity, "error") == 0;
        } else if (note.verdict == VERDICT_FINDING) {
            (*others)++;
        }
        testing->note[testing->notes++] = note;
    }
    fclose(in);
}

static void
note_run_make(struct note_run *out, const char *name, const char *os, int status, double seconds)
{
    snprintf(out->name, sizeof(out->name), "%s, %s", name, os);
    out->result = status == STATUS_CLEAN || status == STATUS_FINDING ? RUN_PASSED
                  : status == STATUS_REQUIREMENT                     ? RUN_SHORT
                  : status == STATUS_UNSUPPORTED                     ? RUN_SKIPPED
                                                                     : RUN_BROKEN;
    out->seconds = seconds;
}

static int
run_one(struct testing *testing, const struct project_case *one, const char *os)
{
    int notes = memfd_create("ntlab-notes", 0), ended = 0, status;
    size_t fresh = 0, others = 0;
    struct timespec since, to;
    char folder[PATH_MAX];
    pid_t pid;

    clock_gettime(CLOCK_MONOTONIC, &since);
    snprintf(folder, sizeof(folder), "%s/%s", testing->out, one->name);
    mkdir(folder, 0777);
    snprintf(folder, sizeof(folder), "%s/%s/%s", testing->out, one->name, os);
    fprintf(stderr, "\n=== %s, %s\n", one->name, os);
    fflush(NULL);
    pid = notes < 0 ? -1 : fork();
    if (pid == 0) {
        exit(run_words(testing, one, os, folder, fdopen(notes, "w")));
    }
    while (pid > 0 && waitpid(pid, &ended, 0) < 0 && errno == EINTR) {
    }
    if (pid < 0 || !WIFEXITED(ended)) {
        fprintf(stderr, "ntlab: case %s did not come to its end\n", one->name);
        ended = STATUS_INTERNAL << 8;
    }
    status = WEXITSTATUS(ended);
    take_notes(testing, one, os, notes, &fresh, &others);
    if (status == STATUS_FINDING && fresh == 0) {
        status = STATUS_CLEAN;
    }
    fprintf(stderr, "=== %s, %s: %s", one->name, os,
            status == STATUS_CLEAN         ? "passed"
            : status == STATUS_FINDING     ? "FAILED"
            : status == STATUS_UNSUPPORTED ? "stopped at something that is not implemented"
            : status == STATUS_REQUIREMENT ? "FAILED: less than it requires"
                                           : "did not run");
    if (fresh != 0 || others != 0) {
        fprintf(stderr, " (%zu new error%s, %zu suppressed or known)", fresh, fresh == 1 ? "" : "s",
                others);
    }
    fputs("\n", stderr);
    testing->run = realloc(testing->run, (testing->runs + 1) * sizeof(*testing->run));
    if (testing->run == NULL) {
        abort();
    }
    clock_gettime(CLOCK_MONOTONIC, &to);
    note_run_make(&testing->run[testing->runs], one->name, os, status,
                  (double)(to.tv_sec - since.tv_sec) + (double)(to.tv_nsec - since.tv_nsec) / 1e9);
    testing->runs++;
    testing->failed += status != STATUS_CLEAN;
    return status;
}

static void
say_suppressions(const struct testing *testing)
{
    for (size_t i = 0; i < testing->project.suppressions; i++) {
        const struct suppression *one = &testing->project.suppress[i];

        if (one->expired) {
            fprintf(stderr, "ntlab: %s:%u: this suppression has ended on %s\n",
                    testing->project.path, one->line, one->until);
        } else if (one->used == 0 && testing->only == NULL) {
            fprintf(stderr, "ntlab: %s:%u: this suppression matches nothing any more\n",
                    testing->project.path, one->line);
        }
    }
}

static int
write_json(const struct testing *testing)
{
    static const char *const states[] = {"new", "known", "suppressed"};
    char path[PATH_MAX];
    bool first = true;
    FILE *out;

    snprintf(path, sizeof(path), "%s/report.json", testing->out);
    out = fopen(path, "w");
    if (out == NULL) {
        return usage_error("%s: %s", path, strerror(errno));
    }
    fprintf(out, "{\n  \"schema\": 1, \"ntlab\": \"%s\", \"command\": \"test\", \"project\": ",
            NTLAB_VERSION);
    json_string(out, testing->project.name);
    fprintf(out, ", \"status\": %d, \"runs\": %zu, \"failed\": %zu,\n  \"findings\": [",
            testing->status, testing->runs, testing->failed);
    for (size_t i = 0; i < testing->notes; i++) {
        const struct note *note = &testing->note[i];

        if (note->verdict != VERDICT_FINDING) {
            continue;
        }
        fprintf(out, "%s\n    {\"case\": ", first ? "" : ",");
        first = false;
        json_string(out, note->origin);
        fprintf(out, ", \"state\": \"%s\", \"severity\": \"%s\", \"rule\": ", states[note->state],
                note->severity);
        json_string(out, note->rule);
        fputs(", \"where\": ", out);
        json_string(out, note->where);
        fprintf(out, ", \"fingerprint\": \"%s\", \"message\": ", note->fingerprint);
        json_string(out, note->message);
        fputs(", \"schedule\": ", out);
        json_string(out, note->schedule);
        fputs(", \"reason\": ", out);
        json_string(out, note->why);
        fputs("}", out);
    }
    fputs("]\n}\n", out);
    return fclose(out) == 0 ? 0 : usage_error("%s: %s", path, strerror(errno));
}

/* A line for each case on each version. */
static char *
make_table(const struct testing *testing)
{
    static const char *const results[] = {[RUN_PASSED] = "passed",
                                          [RUN_SHORT] = "less than it requires",
                                          [RUN_SKIPPED] = "not implemented",
                                          [RUN_BROKEN] = "did not run"};
    char *table = NULL;
    size_t length;
    FILE *out = open_memstream(&table, &length);

    for (size_t i = 0; out != NULL && i < testing->runs; i++) {
        const struct note_run *run = &testing->run[i];
        size_t errors = 0, warnings = 0, known = 0;

        for (size_t j = 0; j < testing->notes; j++) {
            const struct note *note = &testing->note[j];

            if (note->verdict == VERDICT_FINDING && strcmp(note->origin, run->name) == 0) {
                known += note->state != NOTE_NEW;
                errors += note->state == NOTE_NEW && strcmp(note->severity, "error") == 0;
                warnings += note->state == NOTE_NEW && strcmp(note->severity, "error") != 0;
            }
        }
        fprintf(out, "%-40s %8.1f s  %s", run->name, run->seconds,
                errors != 0 ? "failed" : results[run->result]);
        if (errors + warnings + known != 0) {
            fprintf(out, " (%zu new errors, %zu warnings, %zu suppressed or known)", errors,
                    warnings, known);
        }
        fputs("\n", out);
    }
    if (out != NULL) {
        fclose(out);
    }
    return table;
}

static int
write_all(struct testing *testing, double seconds)
{
    struct options options = {0};
    struct run_request request = {0};
    char summary[200], *table = make_table(testing);
    struct note_head head = {.command = "test",
                             .argv = testing->argv,
                             .os = "all versions",
                             .subject = testing->project.name,
                             .summary = summary,
                             .table = table,
                             .seconds = seconds,
                             .run = testing->run,
                             .runs = testing->runs};
    int status;

    snprintf(summary, sizeof(summary), "%zu of %zu runs passed", testing->runs - testing->failed,
             testing->runs);
    status =
        documents_write(&options, &request, &head, testing->note, testing->notes, testing->out);
    free(table);
    return status ? status : write_json(testing);
}

static int
test(struct testing *testing)
{
    struct timespec from, to;
    int status;

    clock_gettime(CLOCK_MONOTONIC, &from);
    mkdir(testing->out, 0777);
    for (size_t i = 0; i < testing->project.cases; i++) {
        const struct project_case *one = &testing->project.one[i];

        for (size_t j = 0;
             j < one->versions && (testing->only == NULL || strcmp(testing->only, one->name) == 0);
             j++) {
            testing->status = worse(testing->status, run_one(testing, one, one->os[j]));
        }
    }
    if (testing->runs == 0) {
        return usage_error("%s: there is no case `%s`", testing->project.path, testing->only);
    }
    clock_gettime(CLOCK_MONOTONIC, &to);
    fputs("\n", stderr);
    say_suppressions(testing);
    fprintf(stderr, "ntlab: %zu of %zu passed; everything is in %s\n",
            testing->runs - testing->failed, testing->runs, testing->out);
    if (testing->write_baseline) {
        status = project_write_baseline(&testing->project, testing->note, testing->notes);
        if (status != 0) {
            return status;
        }
        testing->status = testing->status == STATUS_FINDING ? STATUS_CLEAN : testing->status;
    }
    status = write_all(testing, (double)(to.tv_sec - from.tv_sec) +
                                    (double)(to.tv_nsec - from.tv_nsec) / 1e9);
    return status ? status : testing->status;
}

int
command_test(int argc, char **argv)
{
    struct testing *testing = calloc(1, sizeof(*testing));
    const char *path = NULL, *slash;
    char today[16], folder[PATH_MAX];
    time_t now = time(NULL);
    int status;

    if (testing == NULL) {
        abort();
    }
    testing->argv = argv;
    for (int i = 1; i < argc; i++) {
        const char **value = strcmp(argv[i], "--out") == 0      ? &testing->out
                             : strcmp(argv[i], "--case") == 0   ? &testing->only
                             : strcmp(argv[i], "--budget") == 0 ? &testing->budget
                                                                : NULL;

        if (strcmp(argv[i], "--write-baseline") == 0) {
            testing->write_baseline = true;
        } else if (value != NULL && i + 1 < argc) {
            *value = argv[++i];
        } else if (argv[i][0] == '-' || path != NULL || value != NULL) {
            return usage_error("test: [ntlab.toml] [--out DIR] [--case NAME] [--budget B] "
                               "[--write-baseline], not `%s`",
                               argv[i]);
        } else {
            path = argv[i];
        }
    }
    path = path != NULL ? path : "ntlab.toml";
    strftime(today, sizeof(today), "%Y-%m-%d", gmtime(&now));
    /* Paths in the file are relative to it. */
    slash = strrchr(path, '/');
    if (slash != NULL) {
        snprintf(folder, sizeof(folder), "%.*s", (int)(slash - path) + 1, path);
        if (chdir(folder) != 0) {
            return usage_error("%s: %s", folder, strerror(errno));
        }
        path = slash + 1;
    }
    status = project_read(path, today, &testing->project);
    if (status == 0) {
        testing->out = testing->out != NULL ? testing->out : testing->project.out;
        status = test(testing);
    }
    for (size_t i = 0; i < testing->notes; i++) {
        note_free(&testing->note[i]);
    }
    project_free(&testing->project);
    free(testing->run);
    free(testing);
    return status;
}
