/*
 * demo.h - what `ntlab demo` is made of: one run (demo_run.c), a table of runs (demo_table.c).
 */
#ifndef HOST_CLI_DEMO_H
#define HOST_CLI_DEMO_H

#include <stdbool.h>
#include <stddef.h>

struct demo {
    const char *program; /* this very one */
    const char *folder;  /* of the sample */
    int runs, wrong;
};

struct demo_result {
    bool as_expected;
    char got[64];
    char said[256]; /* the client's lines, joined by semicolons; only of a quiet run */
    char *output;   /* what a quiet run wrote, its command first; the caller's to free */
};

/* Runs `arguments` (which it cuts up), on version `os` if one is given. 0, or STATUS_… if it could not be run. */
int demo_run(struct demo *demo, char *arguments, const char *os, const char *expected, bool quiet,
             struct demo_result *result);

/* `first` is the table's own line of demo.txt; takes lines from `in` up to an empty one or the end. */
int demo_table(struct demo *demo, char *first, void *in);

/* Cuts white space off both ends. */
char *demo_trimmed(char *text);
/* Cuts `text` at the next `separator`; NULL if there is none. */
char *demo_field(char *text, char separator);

#endif
