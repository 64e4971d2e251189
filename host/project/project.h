/*
 * project.h - ntlab.toml: what `ntlab test` runs, and which findings it puts up with. docs/test.md says it for users.
 */
#ifndef HOST_PROJECT_PROJECT_H
#define HOST_PROJECT_PROJECT_H

#include "host/project/toml.h"
#include "host/report/note.h"

struct suppression {
    const char *rule, *function, *reason,
        *until; /* until: NULL: for ever; rule, function: NULL: any */
    unsigned line;
    size_t used;
    bool expired;
};

struct project_case {
    const char *name, *command;
    const char **word; /* what stands behind the command, without --os and --out */
    size_t words;
    const char **os;
    size_t versions;
};

struct project {
    char *text;
    struct toml *toml;
    const char *path, *name, *out, *baseline;
    struct project_case *one;
    size_t cases;
    struct suppression *suppress;
    size_t suppressions;
    char (*known)[20]; /* fingerprints of the baseline */
    size_t knowns;
};

/* 0, or STATUS_USAGE after a message with line and column. `today`: YYYY-MM-DD. */
int project_read(const char *path, const char *today, struct project *out);
void project_free(struct project *project);
/* Sets note->state and note->why. */
void project_judge(struct project *project, struct note *note);
int project_write_baseline(const struct project *project, const struct note *note, size_t count);

#endif
