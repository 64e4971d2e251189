/*
 * demo.c - `ntlab demo [NAME]`: runs a sample as its demo.txt says, and says whether it ended so.
 *
 *     title | expected | arguments of ntlab run
 *
 * Each line is a run of its own, by this very program, as the user would start it; the line to type
 * is shown. demo_run.c says what may be expected. Lines from one that begins with `table` to the next empty one are
 * rows of a table: demo_table.c.
 */
#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "host/cli/cli.h"
#include "host/cli/demo.h"

#define DEFAULT_SAMPLE "switchstack"

char *
demo_trimmed(char *text)
{
    char *end = text + strlen(text);

    text += strspn(text, " \t");
    while (end > text && strchr(" \t\r\n", end[-1]) != NULL) {
        *--end = 0;
    }
    return text;
}

char *
demo_field(char *text, char separator)
{
    char *at = strchr(text, separator);

    if (at != NULL) {
        *at++ = 0;
    }
    return at;
}

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

static bool
is_table(const char *line)
{
    return strncmp(line, "table", 5) == 0 && line[5 + strspn(line + 5, " \t")] == '|';
}

/* The titles of a sample's runs and tables. */
static void
list_sample(FILE *out, FILE *in)
{
    char line[2048];
    bool table = false;

    while (fgets(line, sizeof(line), in) != NULL) {
        char *title = line;

        if (*demo_trimmed(line) == 0) {
            table = false;
        } else if (line[0] != '#' && !table && strchr(line, '|') != NULL) {
            table = is_table(line);
            title = table ? demo_field(line, '|') : line;
            fprintf(out, "        %.*s\n", (int)strcspn(demo_trimmed(title), "|"),
                    demo_trimmed(title));
        }
    }
}

static void
list_samples(FILE *out, const char *folder)
{
    struct dirent **entries;
    int count = scandir(folder, &entries, NULL, alphasort);
    char path[PATH_MAX + 300];

    for (int i = 0; i < count; i++) {
        FILE *in;

        snprintf(path, sizeof(path), "%s/%s/demo.txt", folder, entries[i]->d_name);
        in = entries[i]->d_name[0] != '.' ? fopen(path, "r") : NULL;
        if (in != NULL) {
            fprintf(out, "    %s\n", entries[i]->d_name);
            list_sample(out, in);
            fclose(in);
        }
        free(entries[i]);
    }
    if (count >= 0) {
        free(entries);
    }
}

static int
run_line(struct demo *demo, char *line)
{
    char *title = line, *expected = demo_field(line, '|'),
         *arguments = expected ? demo_field(expected, '|') : NULL;
    struct demo_result result;
    int status;

    if (arguments == NULL) {
        return usage_error("demo.txt: `%s` is not `title | expected | arguments`",
                           demo_trimmed(line));
    }
    fprintf(stderr, "\n=== %s\n", demo_trimmed(title));
    expected = demo_trimmed(expected);
    status = demo_run(demo, demo_trimmed(arguments), NULL, expected, false, &result);
    if (status == 0 && result.as_expected) {
        fprintf(stderr, "=== as expected: %s\n", result.got);
    } else if (status == 0) {
        fprintf(stderr, "=== NOT as expected: %s, and %s should have come of it\n", result.got,
                expected);
    }
    free(result.output);
    return status;
}

int
command_demo(int argc, char **argv)
{
    const char *name = argc > 1 ? argv[1] : DEFAULT_SAMPLE;
    char program[PATH_MAX], samples[PATH_MAX], folder[PATH_MAX + 64], path[PATH_MAX + 128],
        line[2048];
    struct demo demo = {program, folder, 0, 0};
    int status = 0;
    FILE *in;

    if (argc > 2) {
        return usage_error("demo: one sample, please");
    }
    if (!find_samples(program, samples, sizeof(samples))) {
        return usage_error(
            "demo: the samples are not here; they lie in a build tree beside the program");
    }
    if (strcmp(name, "--list") == 0) {
        list_samples(stdout, samples);
        return STATUS_CLEAN;
    }
    snprintf(folder, sizeof(folder), "%s/%.60s", samples, name);
    snprintf(path, sizeof(path), "%s/demo.txt", folder);
    in = name[0] != '.' && name[0] != '-' && strchr(name, '/') == NULL ? fopen(path, "r") : NULL;
    if (in == NULL) {
        fprintf(stderr, "ntlab: there is no sample `%s`; there are:\n", name);
        list_samples(stderr, samples);
        return STATUS_USAGE;
    }
    while (status == 0 && fgets(line, sizeof(line), in) != NULL) {
        if (line[0] != '#' && *demo_trimmed(line) != 0) {
            status = is_table(line) ? demo_table(&demo, line, in) : run_line(&demo, line);
        }
    }
    fclose(in);
    if (status != 0) {
        return status;
    }
    fprintf(stderr,
            "\n%s: %d of %d runs ended as expected. samples/%s/README.md says what they show.\n",
            name, demo.runs - demo.wrong, demo.runs, name);
    return demo.wrong != 0 ? STATUS_FINDING : STATUS_CLEAN;
}
