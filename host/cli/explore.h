/*
 * explore.h - between the files of `ntlab explore`:
 *
 *     explore.c          the command: options become a plan
 *     confirm.c          each finding is run again, and told
 *     effort.c           which strategies, where the user has named none
 *     matrix.c           several versions of Windows
 *     explore_text.c     progress, and the sentences at the end
 *     explore_json.c     the JSON object
 */
#ifndef HOST_CLI_EXPLORE_H
#define HOST_CLI_EXPLORE_H

#include "host/cli/cli.h"
#include "host/report/note.h"
#include "host/search/learn.h"

struct confirmed {
    struct search_finding found;   /* as the search came to it */
    struct search_finding finding; /* minimised */
    bool happened;                 /* when it was run again */
    char path[280];                /* empty: no file could be written */
    struct note note; /* what documents say of it; note.json: the finding as report_json has it */
    char *printed, *said; /* what its run printed, on stdout and on stderr, until it is told */
    size_t ways;          /* more, in which the same came about */
};

struct search {
    const struct options *options;
    char **argv;
    struct run_request request;
    struct run_search plan;
    struct pool_plan pool;
    struct pool_outcome outcome;
    struct run_learned *learned;
    struct confirmed confirmed[SEARCH_FINDINGS];
    uint64_t portfolio; /* runs that were the portfolio's */
    struct note other;  /* of a run that stopped at something that is no finding; empty: none */
    size_t findings;    /* that were confirmed */
    size_t
        errors; /* of those: the others are warnings and notes, which the status does not count */
    int status;
    char out[240];    /* --out, with the shard; empty: none */
    char version[64]; /* of a matrix: what --os says; else empty */
    char findings_folder[256];
    const char *folder; /* for findings */
};

/* confirm.c: the worst status. */
int search_confirm(struct search *search);
/* effort.c: 0, or negative errno with a message. */
int search_by_effort(struct search *search);
/* matrix.c: does --os name several versions? Then one search for each; the worst status. `json_path`: NULL or
   where the JSON of all goes. */
bool matrix_asked(int argc, char **argv);
int matrix_explore(int argc, char **argv, const char *json_path);
/* explore.c: one search of a matrix, with its own folders, and its JSON at `json`. */
int explore_version(int argc, char **argv, const char *version, const char *json);

/* explore.c: a search that is part of another command. `done` sees what came of it;
   findings are kept in `folder`. */
struct run_coverage;
int explore_case(struct options *options, char **argv, const char *folder,
                 struct run_coverage *coverage, size_t coverages,
                 void (*done)(const struct search *search, void *context), void *context);

/* explore_text.c */
void search_progress(void *context, const struct pool_progress *progress);
/* Takes the progress line away. */
void search_progress_end(void);
void search_say(const struct search *search);
/* Has there been a moment at which a thread may have had to wait for a processor? Then nothing is exhausted. */
bool search_is_crowded(const struct search *search);
/* What "exhausted" rests on; it never stands without. Item number i; NULL past the end. */
const char *search_assumption(const struct search *search, size_t i);
const char *outcome_name(enum search_outcome outcome);

/* explore_json.c: 0, or STATUS_USAGE after a message. */
int search_json(const struct search *search, const char *path);
/* Is it the kernel, or what the command line names? */
bool search_uses(const struct run_request *request, const struct run_file *file);

#endif
