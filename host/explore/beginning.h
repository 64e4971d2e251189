/*
 * beginning.h - questions that many runs of a search that samples come to: such a run begins at one of them. See beginning.c.
 */
#ifndef HOST_EXPLORE_BEGINNING_H
#define HOST_EXPLORE_BEGINNING_H

#include "host/explore/strategy.h"
#include "host/machine/branch.h"

/* How far a run has come: what is kept of it where another one begins there. */
struct progress {
    uint32_t agents; /* that have a number */
    uint32_t scheduled;
    uint32_t alone; /* points that the only agent there is has passed */
    uint32_t steps; /* questions that the strategy saw */
    uint32_t preemptions, injections;
    agent_set offered; /* injected events of this run that have not happened: X4 */
    uint32_t passed;   /* X11: since the last question */
    uint64_t moves;    /* steps of any agent in this run, those of X1 too */
    uint8_t last;
};

struct sighting_kept;

/* A question that is known, and what belongs to it; arrays are by agent. */
struct asked {
    struct progress at;
    struct question question;
    const struct abi_agent *agents; /* the kernel's list */
    uint32_t count, running;        /* of these; that are threads */
    struct operation *next;
    uint32_t *names, *stamp;
    uint8_t *where;
    const struct sighting_kept *seen;
    const struct branch *branch; /* NULL: the root, or there is one answer only */
};

/* `wanted`: of a search whose strategy answers by its questions alone. 0 or -ENOMEM. */
int beginning_init(bool wanted);
/*
 * A run begins, after the strategy's begin: it is asked as far as the questions are known. Where the run shall begin; NULL: at the
 * root. `names` becomes those of agents, by number. `known`: may it begin elsewhere?
 */
const struct asked *beginning_find(const struct strategy *strategy, bool known, uint32_t *names);
/* The questions before that one, by number; NULL: there are no more. */
const struct asked *beginning_before(uint32_t index, uint32_t *answer);
/* Was this question answered in beginning_find? */
bool beginning_answered(const struct question *question, uint32_t *answer);
/* If not: do so many runs come to it that it is worth keeping? */
bool beginning_grows(const struct question *question);
/* Then: with room for what belongs to so many agents, and all else the caller's to fill in. NULL: there is no room. */
struct asked *beginning_allocate(uint32_t agents);
/* It is complete; NULL: it cannot be kept. */
void beginning_add(const struct asked *asked);
/* The question, kept or not, was answered so. */
void beginning_went(uint32_t answer);

#endif
