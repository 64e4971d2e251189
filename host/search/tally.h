/*
 * tally.h - what a search, or a part of one, has come to. Kept by the command, never by a worker.
 */
#ifndef HOST_SEARCH_TALLY_H
#define HOST_SEARCH_TALLY_H

#include "host/machine/run.h"

struct tally_finding {
    struct search_finding finding; /* `schedule` is not used */
    uint32_t *schedule;            /* names; finding.schedule_length of them */
};

/* Findings are told apart by their signatures: the first one of each is kept. */
struct tally {
    uint64_t runs, traces, bad, blocked;
    uint64_t digest;          /* of the trace hashes of all runs: equal for the same runs */
    uint64_t sample;          /* and of each SEARCH_SAMPLEth of a search whose runs are numbered */
    uint32_t running;         /* most threads that had a processor at once */
    uint32_t withheld;        /* ABI_WITHHELD_... */
    uint32_t dirty;           /* 1: data of a file was left to be written later */
    uint32_t beyond;          /* 1: run.h */
    uint32_t slept;           /* enum search_slept */
    uint32_t agents, longest; /* most agents and most answers in a run */
    double estimate;          /* traces that there are; 0: not known */
    uint32_t bound;           /* 1 + the last one that was completed */
    bool whole;               /* and it has cut nothing off */
    struct tally_finding *finding;
    size_t findings;
    struct search_loose *loose;
    size_t looses;
    bool many; /* run.h */
    /* Of a search that samples (host/explore/variety.h): of `looked` runs. `traces` is what they say. */
    struct search_trace *trace; /* NULL: none; room for SEARCH_TRACES */
    uint32_t kept;
    uint64_t looked;
};

/* Adds what a worker has left, which may be nonsense (machine.h, M4), and takes it out there. False: it
   was nonsense. */
bool tally_take(struct tally *tally, struct search_results *results);
/* Adds what came after, in the order of the search; `from` is empty then. */
void tally_add(struct tally *tally, struct tally *from);
/* The search has ended before its end: a crash that it has made but not yet counted (host/explore/bare.c) is counted now. */
void tally_stopped(struct tally *tally);
void tally_free(struct tally *tally);

#endif
