/*
 * story.h - what each thread did on the way to a finding, from the steps that its replay recorded.
 *
 *     story.c      reads the steps (nt/ke/record.c), keeps those that matter
 *     block.c      the life of a block that was used after it had been freed
 *     objects.c    what an object is called
 *     columns.c    the listing: one column for each thread
 *     hold.c       which thread is held up where, for how long
 *     confirm.c    the same in words
 */
#ifndef HOST_REPORT_STORY_H
#define HOST_REPORT_STORY_H

#include "abi/trace.h"
#include "host/report/report.h"

#define STORY_NOBODY SIZE_MAX

struct story_agent {
    uint32_t name;
    char letter;         /* A to Z, by the order in which they are shown; 0: not shown */
    uint64_t object;     /* its KTHREAD; 0: not known */
    struct place *start; /* its first routine; NULL: not known */
    uint64_t tid, pid, born_100ns;
    uint64_t born_at; /* number of the record; 0: it was not seen */
    bool fresh;       /* has done nothing before the story */
};

struct story_step {
    size_t agent;
    uint16_t op; /* enum abi_event */
    uint64_t at; /* number of its record */
    uint8_t irql;
    uint32_t choice; /* number of the choice from 1; 0: nobody was asked */
    bool preempts, is_free, blocks, times_out;
    bool suspends; /* the agent itself: of a finding of kind suspend-dos */
    uint64_t object, argument[2], time_100ns;
    struct place *site, *callee; /* NULL: not known */
    bool shown;
    bool shared;    /* several threads use its object, and one of them changes it */
    bool awaited;   /* a thread hangs in a wait for its object */
    bool calls;     /* `what` is a call, else a verb and an object */
    uint32_t again; /* so many more like it come behind it, which are not shown */
    char what[160], where[80];
};

struct pool_block {
    uint64_t address, bytes, tag;
    struct place *site;
};

/* A thread that could go on and did not. */
struct story_hold {
    size_t agent;
    size_t from,
        resumes; /* steps: the first one that others make meanwhile, its own next one; story->steps: none */
    size_t
        until; /* the last step of another that must come before; story->steps: none that is shown */
    bool preempted, first; /* in the middle of its way; before its first instruction */
    bool overtaken;        /* by a thread that was created later */
    uint64_t from_100ns, until_100ns;
};
#define STORY_HOLDS 16

struct story {
    struct story_agent *agent;
    size_t agents;
    struct story_step *step;
    size_t steps, skipped; /* skipped: older ones that are not kept */
    struct pool_block *block;
    size_t blocks;
    struct {
        uint64_t address;
        struct place *site;
    } *access; /* code that accesses memory, each address once */
    size_t accesses;
    size_t shown;
    uint64_t begins_100ns;
    bool hangs, priorities; /* priorities: one was changed */
    struct story_hold hold[STORY_HOLDS];
    size_t holds;
};

/* Of a block that was used after it had been freed; NULL where that is not known. */
struct block_life {
    uint64_t address, bytes, tag; /* bytes 0: its allocation was not seen */
    const struct place *allocated, *freed, *used;
    const struct story_agent *freer, *user; /* NULL: none that is shown */
};

/* block.c; after story_tell. False: the finding is of no such block, or nothing is known of it. */
bool story_block(const struct report *report, struct block_life *life);

/* story.c; before places are resolved. NULL: the run has recorded nothing. */
struct story *story_read(struct report *report);
/* Afterwards: words, and which steps matter. */
void story_tell(struct report *report);
/* The next step that an agent makes from a driver, from `from` on; story->steps: none. */
size_t story_next(const struct story *story, size_t from, size_t agent);
size_t story_before(const struct story *story, size_t index);
/* Says which signal came too early for the wait that agent `name` hangs in; false: none did. */
bool story_lost(const struct report *report, uint32_t name, char *out, size_t size);
void story_free(struct story *story);

/* objects.c */
void object_name(const struct report *report, uint64_t address, char *out, size_t size);
void objects_forget(void);
/* The import that the call before this return address goes through; false: it is no such call. */
bool imported_name(const struct report *report, const struct place *site, char *out, size_t size);

/* columns.c: width in characters, 0: as the terminal is. */
void story_columns(FILE *out, const struct report *report, unsigned width, const char *strong,
                   const char *end);
/* hold.c: which threads are held up; after story_tell has marked what is shown. */
void story_find_holds(const struct report *report);
/* "until thread B (Maker) has called KeSetEvent at ..." */
void story_hold_until(const struct story *story, const struct story_hold *hold, char *out,
                      size_t size);
void story_seconds(uint64_t time_100ns, char *out, size_t size); /* "2.0 s" */
/* confirm.c: how to see it on Windows; some 2,500 bytes at most. */
void report_confirm(const struct report *report, char *out, size_t size);

#endif
