/*
 * note.h - what is kept of a report when several of them become one file.
 *
 * A search reports each finding when it has been confirmed, and the run's memory is gone afterwards. So each
 * form is written then, into memory, and a document puts the pieces together:
 *
 *     note.c         from a struct report to a struct note
 *     sarif.c        --sarif: SARIF 2.1.0, as GitHub code scanning reads it
 *     junit.c        --junit: a test case for the run or search, one for each finding
 *     timeline.c     what --html shows of a run: its events as numbers
 *     html.c         --html: one file with script and style inside
 *     sourcefile.c   where a source file lies in the repository, and some lines of it
 *
 * `sarif` and `json` are objects whose last brace is left to the caller, who knows where the schedule is kept.
 */
#ifndef HOST_REPORT_NOTE_H
#define HOST_REPORT_NOTE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include "host/report/report.h"

/* What a project says of a finding (host/project). */
enum note_state { NOTE_NEW, NOTE_KNOWN, NOTE_SUPPRESSED };

struct note {
    enum verdict verdict;
    enum note_state state;
    char why[300];    /* it is not new */
    char origin[160]; /* the case that it is from, empty: there is only one */
    char kind[24], severity[12], rule[80], fingerprint[20];
    char message[1024];
    uint32_t code;  /* bug check, 0: it is none */
    bool of_system; /* what no driver can help: blame `system-known` */
    bool
        of_driver; /* a driver has a part in it: not a client's own affair, nor a wait that ends with it */
    char where[300];        /* function or image that it is about, empty: none */
    char *json;             /* whole */
    char *sarif;            /* without its last brace */
    char *text;             /* report_text */
    char *timeline;         /* NULL: not asked for */
    char schedule[300];     /* file of the finding, empty: none */
    uint32_t client_status; /* of a clean run */
};

/* Rule that a finding falls under: a verifier's rule, a bugcheck's name, else its kind. */
const char *note_rule(const struct report *report, char *out, size_t size);
const char *note_severity(const struct report *report);
void note_make(const struct report *report, bool timeline, struct note *out);
void note_free(struct note *note);
/* The same and, behind it, one for each rule that was broken without ending the run. The caller frees all. */
struct note *notes_make(const struct report *report, bool timeline, size_t *count);

/* From one process to another, through a file. */
void note_send(FILE *out, const struct note *note);
bool note_receive(FILE *in, struct note *note);

/* A case of a project on one version of Windows, for JUnit: what of it is not a finding. */
struct note_run {
    char name[160];
    enum {
        RUN_PASSED,
        RUN_SHORT,
        RUN_SKIPPED,
        RUN_BROKEN
    } result; /* SHORT: less than it requires */
    double seconds;
};

/* What the documents say of the command as a whole. */
struct note_head {
    const struct note_run *run; /* `ntlab test` */
    size_t runs;
    const char *command;
    char **argv;
    const char *os;
    uint32_t build;
    const char *subject; /* the drivers' names */
    const char *summary; /* one sentence: what was done */
    const char *table;   /* NULL: none; what was tried and what of it passed, some lines */
    double seconds;
    const char *requirement; /* NULL: met, or none; else what is less than asked for */
};

/* A line that the reader can change: of the culprit, else the last step of the story that has one, else of a thread; NULL. */
const struct place *finding_place(const struct report *report);
void sarif_finding(FILE *out, const struct report *report);
struct violation;
void sarif_violation(FILE *out, const struct report *report, const struct violation *violation,
                     const struct note *note);
void sarif_write(FILE *out, const struct note_head *head, const struct note *note, size_t count);
void junit_write(FILE *out, const struct note_head *head, const struct note *note, size_t count);
void timeline_write(FILE *out, const struct report *report);
void chrome_write(FILE *out, const struct report *report);
void html_write(FILE *out, const struct note_head *head, const struct note *note, size_t count);

/* Text for XML and HTML: quoted, and without what XML forbids. */
void markup_text(FILE *out, const char *text);

/* The folder that paths in reports are relative to: the repository around the current folder, else that folder. */
const char *source_root(void);
/* `file` as debug information has it, relative to source_root() with `/`; false: it lies elsewhere. */
bool source_relative(const char *file, char *out, size_t size);
/* Opens it for reading; NULL: it is not here. */
FILE *source_open(const char *file);

#endif
