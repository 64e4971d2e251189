/*
 * beginning.c - a run of a search that samples begins where it leaves what many others have done.
 *
 * There are few ways to begin and very many to go on. So the questions that runs come to most often are kept as a tree, with what the
 * machine was there (host/machine/branch.c). A strategy that answers by the questions alone is asked those before it runs: the run
 * begins at the last one that is known. From there to its end it is a run like any other.
 *
 *   T1  What a strategy is asked, and what it answers, is the same as in a run from the root. Where a run is asked again what was
 *       answered before it began, the question must be the same; and some are made again from the root (inside.h, X15).
 *   T2  A question is kept when GROW_RUNS runs have come to it and one in GROW_SHARE of all do; those behind it that have one answer
 *       only are kept with it. What is kept should fit into the processor's cache: to fetch more than that costs what it saves. It is
 *       bounded by BRANCH_ROOM.
 *   T3  Where the last known question has no branch the run begins at one before it, and gives the answers that were drawn already.
 */
#include "host/explore/beginning.h"
#include <errno.h>
#include <string.h>
#include "host/explore/explorer.h"
#include "host/machine/snapshot.h"

#define MAX_DEPTH  512  /* questions */
#define MAX_KNOWN  8192 /* in all */
#define MAX_WAYS   (16 * MAX_KNOWN)
#define GROW_RUNS  8
#define GROW_SHARE 128 /* one in so many runs */
#define NOWHERE    0xFFFF

/* A question and its answers: a cache line each. */
struct way {
    uint32_t runs;
    uint16_t
        then; /* number of the question that it leads to; 0: it is not kept; NOWHERE: nor can it be */
};

struct beginning {
    struct question question;
    const struct asked *asked;
    uint32_t way;    /* of `ways`: the first one's, by agent */
    uint8_t numbers; /* of agents that have one */
    bool branch;     /* a run can begin here */
} __attribute__((aligned(64)));

_Static_assert(sizeof(struct beginning) == 64, "a cache line");

static bool wanted;
static struct beginning *known; /* the first one is the root's */
static uint32_t known_count;
static struct way *ways;
static uint32_t way_count;

/* Of the run that is under way. */
static struct {
    struct beginning *path[MAX_DEPTH];
    uint32_t answer[MAX_DEPTH];
    uint32_t length; /* questions that were answered before it began ... */
    uint32_t told;   /* ... and those of them that are behind it */
    uint32_t before; /* of these, that it does not come to */
    bool grows;      /* the next question may be kept, or this one has been */
} it;

int
beginning_init(bool is_wanted)
{
    wanted = is_wanted;
    if (!wanted) {
        return 0;
    }
    known = search_reserve(MAX_KNOWN * sizeof(*known));
    ways = search_reserve(MAX_WAYS * sizeof(*ways));
    return known == NULL || ways == NULL || branch_init() != 0 ? -ENOMEM : 0;
}

static struct beginning *
follow(struct beginning *at, uint32_t answer)
{
    struct way *way;

    it.path[it.length] = at;
    it.answer[it.length++] = answer;
    if (answer >= at->numbers) { /* it ends there, or is no choice any more */
        return NULL;
    }
    way = &ways[at->way + answer];
    way->runs++;
    return way->then != 0 && way->then != NOWHERE ? &known[way->then] : NULL;
}

const struct asked *
beginning_find(const struct strategy *strategy, bool may, uint32_t *names)
{
    struct beginning *at = may && known_count > 0 ? known : NULL;
    const struct asked *last = NULL;
    uint32_t named = 0;

    it.length = it.told = it.before = 0;
    it.grows = wanted && may && !snapshot_is_trusted(); /* what is kept must be right */
    for (; at != NULL; at = follow(at, strategy->choose(&at->question))) {
        if (at->numbers != named) {
            named = at->numbers;
            memcpy(names, at->asked->names, named * sizeof(*names));
        }
        if (at->branch) {
            last = at->asked;
            it.before = it.told = it.length;
        }
    }
    return last;
}

const struct asked *
beginning_before(uint32_t index, uint32_t *answer)
{
    if (index >= it.before) {
        return NULL;
    }
    *answer = it.answer[index];
    return it.path[index]->asked;
}

bool
beginning_answered(const struct question *question, uint32_t *answer)
{
    const struct question *before;

    if (it.told == it.length) {
        return false;
    }
    before = &it.path[it.told]->question;
    if (before->enabled != question->enabled || before->present != question->present ||
        before->step != question->step || before->last != question->last) {
        explorer_fail("a run that begins like another one is asked something else at question %u",
                      question->step);
    }
    *answer = it.answer[it.told++];
    return true;
}

static bool
has_one_answer(const struct beginning *at)
{
    return (at->question.enabled & (at->question.enabled - 1)) == 0;
}

/* T2: do so many of all runs go this way? Each question has counted since it is known. */
static bool
is_common(void)
{
    double share = GROW_SHARE;

    for (uint32_t i = 0; i < it.length; i++) {
        const struct beginning *at = it.path[i];
        uint32_t all = 0;

        for (uint32_t j = 0; j < at->numbers; j++) {
            all += ways[at->way + j].runs;
        }
        share = share * ways[at->way + it.answer[i]].runs / all;
    }
    return share >= 1;
}

bool
beginning_grows(const struct question *question)
{
    const struct beginning *last;
    const struct way *way;

    if (!it.grows) {
        return false;
    }
    it.grows = false;
    if (it.length == 0) {
        return known_count == 0;
    }
    last = it.path[it.length - 1];
    if (it.answer[it.length - 1] >= last->numbers || it.length == MAX_DEPTH ||
        known_count == MAX_KNOWN || way_count + MAX_AGENTS > MAX_WAYS) {
        return false;
    }
    way = &ways[last->way + it.answer[it.length - 1]];
    return way->then != NOWHERE &&
           (has_one_answer(last) || (way->runs >= GROW_RUNS && is_common()));
}

struct asked *
beginning_allocate(uint32_t agents)
{
    struct asked *new = branch_allocate(sizeof(*new));

    if (new == NULL || (new->next = branch_allocate(agents * sizeof(*new->next))) == NULL ||
        (new->names = branch_allocate(2 * agents * sizeof(*new->names))) == NULL ||
        (new->where = branch_allocate(agents)) == NULL) {
        return NULL;
    }
    new->stamp = new->names + agents;
    new->branch = NULL;
    new->running = 0;
    return new;
}

void
beginning_add(const struct asked *asked)
{
    uint32_t number = asked != NULL ? known_count : NOWHERE;
    struct beginning *new = &known[known_count];

    if (it.length != 0) {
        ways[it.path[it.length - 1]->way + it.answer[it.length - 1]].then = (uint16_t)number;
    }
    if (asked == NULL) {
        return;
    }
    *new = (struct beginning){.question = asked->question,
                              .asked = asked,
                              .numbers = (uint8_t)asked->at.agents,
                              .branch = asked->branch != NULL,
                              .way = way_count};
    known_count++;
    way_count += asked->at.agents;
    it.path[it.length] = new;
    it.grows = true;
}

void
beginning_went(uint32_t answer)
{
    if (it.grows) {
        it.grows = has_one_answer(it.path[it.length]);
        follow(it.path[it.length], answer);
        it.told = it.length;
    }
}
