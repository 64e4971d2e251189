/*
 * timeline.h - the events of a run with their places and agents, for those that write them down.
 *
 *     timeline.c     reads them; the columns of --html
 *     chrome.c       --trace FILE.json: for Perfetto and Chrome
 */
#ifndef HOST_REPORT_TIMELINE_H
#define HOST_REPORT_TIMELINE_H

#include "host/report/note.h"
#include "host/report/story.h"
#include "host/trace/trace.h"

#define MAX_AGENTS 200

/* From an address to a number, by its first appearance. */
struct table {
    uint64_t *key;
    uint32_t *number;
    size_t room, count;
};

struct agent_row {
    uint32_t name;
    uint64_t pid, tid;
    uint32_t start; /* 1 + site */
    bool dpc;
};

struct timeline {
    struct report *report;
    uint64_t first, end;
    uint64_t left; /* earlier ones that are not kept */
    struct abi_record *record;
    size_t records;
    struct table sites, objects;
    struct place **site;
    uint64_t *object;
    struct agent_row agent[MAX_AGENTS];
    size_t agents;
};

/* Reads the run's events; all places are resolved. */
struct timeline *timeline_open(const struct report *report);
void timeline_close(struct timeline *timeline);
bool timeline_is_step(const struct abi_record *record);
size_t timeline_agent(struct timeline *timeline, uint32_t name);
/* Numbers in `site`; 0: none. */
uint32_t timeline_caller(struct timeline *timeline, const struct abi_record *record);
uint32_t timeline_callee(struct timeline *timeline, const struct abi_record *record);
/* "0004.e02c" and the process's name. */
void timeline_agent_name(const struct timeline *timeline, const struct agent_row *row, char *name,
                         size_t size, const char **process);
/* Of a step: regions that are open, ordinary ones in bits 0..3, guarded ones in bits 4..7. */
unsigned timeline_regions(const struct abi_record *record);

#endif
