/*
 * check.h - `ntlab check DRIVER.sys...`: a driver tried without a client of its own.
 *
 *     codes.c      control codes that the driver's code compares with
 *     hints.c      what else it compares with, in the code of each: contents and lengths of buffers
 *     names.c      file names in its image
 *     follow.c     where a value goes in code that nobody runs
 *     survey.c     devices that it creates, codes that it answers: runs of the built-in client
 *     cases.c      what is tried (cases.h: and in which files); running.c: each in a process of its own
 *     nomem.c      allocations that fail, one after the other
 *     table.c      what came of it: rules, findings, coverage
 *
 * The built-in client is user/check. What it prints is trusted as little as any guest's output.
 */
#ifndef HOST_CHECK_CHECK_H
#define HOST_CHECK_CHECK_H

#include "host/cli/cli.h"
#include "host/machine/coverage.h"
#include "host/report/note.h"

#define MAX_CODES   512
#define MAX_DEVICES 32
#define MAX_CASES   160
#define MAX_NOTES   256

enum code_source {
    CODE_COMPARED = 1, /* the driver's code compares the field with it */
    CODE_TABLE = 2,    /* within the bounds of a table, or between such values: it may be one */
    CODE_TRIED = 4,    /* it was answered otherwise than codes that nobody has */
};

struct code {
    uint32_t code;
    unsigned source; /* enum code_source */
    uint32_t rva;    /* of the comparison; 0: none */
    uint32_t target; /* where the driver goes on for it; 0: not known */
    char hints[400]; /* hints.c: words for the client */
    char driver[64]; /* the image that it is in; empty: none */
    char where[200]; /* function and line */
    uint32_t status; /* with the lengths below, or the best that it was ever answered with */
    char in[120];    /* lengths that were accepted, "none", "any" ... */
    char out[120];
    uint32_t good_in, good_out; /* a pair that was accepted, or the longest tried */
    bool accepted, crashed;
    bool waits;   /* it was pending */
    bool harmful; /* a case of its own has found something */
};

struct device {
    char name[128];
    uint32_t status; /* of opening it */
    uint32_t type;
    uint32_t answer;   /* to a code that nobody has */
    bool opened, ends; /* ends: opening it ends the run */
    bool of_users;     /* who has no rights can open it as well */
    struct code code[MAX_CODES];
    size_t codes;
    uint32_t strange[8]; /* codes that nobody has, and that end the run */
    size_t stranges;
};

struct survey {
    struct device device[MAX_DEVICES];
    size_t devices;
    bool minifilter;
    char attach[128];     /* a service whose filter waits to be attached by hand; else empty */
    uint32_t load_status; /* enum status of the run that loaded and unloaded it, and nothing else */
};

/* codes.c: those of one image, without a device. */
size_t codes_find(const uint8_t *file, size_t size, const char *name, struct code *out,
                  size_t most);
/* hints.c: of codes that codes_find has found in this image. */
void hints_find(const uint8_t *file, size_t size, const char *name, struct code *code,
                size_t codes);
/* names.c */
size_t names_find(const uint8_t *file, size_t size, char (*out)[64], size_t most);
/* "METHOD_BUFFERED", ... */
const char *code_method(uint32_t code);

struct check {
    struct options *options; /* of the command line; clients are ours */
    char **argv;
    char client[4096];            /* the built-in client on the host */
    struct run_request request;   /* its drivers, and the coverage of everything */
    struct code found[MAX_CODES]; /* in the drivers' code */
    size_t founds;
    char hints[400];  /* of all the code: for codes that no comparison leads to */
    char name[6][64]; /* of files that the drivers know */
    size_t names;
    struct survey survey;
    struct note note[MAX_NOTES];
    size_t notes, repeats;
    struct note of_system;    /* the first end of a run that no driver can help; it is no finding */
    size_t of_systems, races; /* races: that did no harm */
    size_t cases, cases_clean, cases_unsupported, left; /* left: there was no time for them */
    uint64_t runs;
    double seconds;
    int status;
    char out[300]; /* folder of the cases' findings */
};

/* A run of the built-in client. */
struct question {
    const char *words;
    enum abi_token token; /* 0: ABI_TOKEN_ADMIN */
    bool without_drivers;
    bool loud;  /* an end other than a clean one is told, and noted */
    bool loads; /* of `loud`: the drivers do not come to be loaded */
    bool fail_alloc, fail_always;
    uint32_t fail_number;
};
struct answer {
    char *text;      /* what it has printed; the asker's to free */
    uint32_t stacks; /* that have allocated, if fail_alloc */
};
/* survey.c: STATUS_CLEAN, or what ended the run. */
int survey_ask(struct check *check, const struct question *question, struct answer *answer);
/* 0, or the status that ends the command. */
int survey_make(struct check *check);

/* cases.c: what is tried; running.c: how. */
#define MAX_CLIENTS 3
enum case_kind {
    CASE_SEARCH,
    CASE_SINGLE, /* one run is all there is to do */
    CASE_NOMEM,  /* nomem.c */
    CASE_LOAD,   /* what happens without a client's request */
    CASE_PLAIN,  /* a run as `ntlab run` makes it, not a schedule of the explorer */
};
struct one_case {
    bool fine; /* memory granularity */
    bool
        open; /* so many requests that each switch of processes would cost more than the rest (run.h) */
    bool goes_on; /* with --first too: what it came to first is none */
    char name[64];
    char what[200];
    enum case_kind kind;
    unsigned muted;  /* not 0: without the rules that were broken already; how often */
    uint32_t inject; /* unless the command line says what */
    struct client client[MAX_CLIENTS];
    char command[MAX_CLIENTS][9000];
    char words[8000];              /* of the first client */
    struct code *code;             /* the one that it is about */
    const struct device *sequence; /* of this device's codes, as far as they are harmless alone */
    size_t clients;
};
int cases_run(struct check *check);
/* The options of a search of a case, but for its budget. */
void case_options(const struct check *check, const struct one_case *one, struct options *out);
/* nomem.c, in a process of its own: `search` explores with an allocation that is known to do harm. The worst status. */
int nomem_run(struct check *check, const struct one_case *one, double seconds,
              int (*search)(void *context, struct options *options), void *context);
/* table.c */
void table_codes(FILE *out, const struct check *check);
void table_write(FILE *out, const struct check *check);
void table_json(FILE *out, const struct check *check);
/* Does one of the drivers import a routine whose name begins so? The last one is NULL. */
bool imports_any(const struct check *check, const char *const *prefixes);
size_t check_errors(const struct check *check);

#endif
