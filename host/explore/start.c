/*
 * start.c - where a run begins: at the root, at a deeper snapshot that it goes through, or at a question that runs before it came to.
 *
 * Whichever it is, the run is the same. Nothing here looks at what was chosen: a beginning is a state of the guest, and what the explorer
 * knew there (struct progress and what other files keep beside it).
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include "host/explore/inside.h"
#include "host/explore/memory.h"
#include "host/explore/private.h"
#include "host/explore/pulse.h"
#include "host/explore/returns.h"
#include "host/explore/sighting.h"
#include "host/explore/spin.h"
#include "host/explore/targets.h"
#include "host/explore/together.h"
#include "host/explore/trial.h"
#include "host/explore/unit.h"
#include "host/explore/variety.h"
#include "host/machine/branch.h"
#include "host/machine/machine.h"
#include "host/machine/snapshot.h"

#define APART_RUNS  64  /* X12: one in so many, as long as runs are few ... */
#define APART_LATER 512 /* ... and then, for each costs as much as ten others */
#define APART_FIRST 4096
#define MAX_DEPTHS  SPIN_SLOTS
#define EARLY_STEPS 1024 /* X21 */
#define LEARN_RUNS  2048 /* X16 */
#define LOOK_RUNS   32   /* X20 */
#define MOVE_PAGES  4    /* to come to the next point costs as much as to copy so many pages */
#define MAP_PAGES   4 /* and so does a page that is mapped on the way: an image is read and patched */

static struct abi_agent root[MAX_AGENTS]; /* the question there */
static uint32_t root_count;
static uint32_t early; /* steps of X21 */
/* X16: when so many runs are done, memory is put back as it was learnt in so many. */
static uint64_t trusted_from, learning;

/* The explorer's own part of a deeper snapshot: X8. */
static struct depth {
    const struct abi_agent *asked; /* the kernel's list */
    uint32_t count;
    uint32_t mapped; /* pages of which the mapping has changed up to there */
    struct progress at;
} depths[MAX_DEPTHS];
static uint32_t depth_count;

/* X15: could a run begin elsewhere than at the root? */
bool
start_has_beginnings(void)
{
    return it.strategy->by_questions && !it.search->replay && !it.search->from_root &&
           it.search->wanted == 0 && !it.search->stuck && machine.request->learned == NULL &&
           machine.request->granularity == RUN_API && !machine.request->polls;
}

void
start_init(void)
{
    trusted_from = learning = LEARN_RUNS;
    if (start_has_beginnings()) {
        snapshot_learn();
    }
}

void
start_anew(void)
{
    it.at = (struct progress){.last = NO_AGENT}; /* strategy.h: agents get their numbers anew */
    memset(it.stamp, 0, sizeof(it.stamp));
    it.blocked = it.fair = it.died = false;
    it.parts = it.parting = 0;
    memory_begin_run();
    private_begin_run();
    pulse_begin_run();
    returns_begin_run();
    targets_begin_run();
    spin_begin_run();
    sighting_begin_run();
    variety_begin_run();
    it.quiet = 0;
    if (machine.request->channel != NULL) {
        it.channel->rooted = 1;
        it.channel->steps = it.channel->scheduled = 0;
    }
}

/* X12 */
static bool
is_apart(uint64_t run)
{
    return it.strategy->kind != STRATEGY_SAMPLED ||
           (!it.search->open &&
            (run < it.strategy->warm || run % (run < APART_FIRST ? APART_RUNS : APART_LATER) == 0));
}

bool
start_next(void)
{
    bool more;

    start_anew();
    if (it.search->replay) {
        return it.strategy->begin(0);
    }
    more = unit_begin();
    variety_choose_run(unit_run());
    space_keep_apart(is_apart(unit_run()));
    return more;
}

/* X21: is what it stands at nobody else's affair? */
static bool
is_early(const struct abi_agent *agent, uint64_t operations)
{
    if (agent->op == SP_WAIT) {
        return (agent->flags & (ABI_AGENT_READS | ABI_AGENT_OPEN)) == ABI_AGENT_READS;
    }
    return (operations >> agent->op & 1) != 0 ||
           (agent->op == SP_DELIVER_APC && (agent->object & 1) != 0); /* a look at its own queue */
}

/* X21: who goes on before the root is taken; `count`: nobody. */
uint32_t
start_before_root(const struct abi_agent *agents, uint32_t count)
{
    const struct run_learned *learned = machine.request->learned;
    const uint64_t operations = private_operations();

    if (operations == 0 || machine.request->boot.clients < 2 || machine.request->boot.inject != 0 ||
        early == EARLY_STEPS || (learned != NULL && learned->freely)) {
        return count;
    }
    for (uint32_t i = 0; i < count; i++) {
        if (agents[i].kind == ABI_AGENT_THREAD && is_early(&agents[i], operations) &&
            private_passes(&agents[i])) {
            early++;
            GUEST->passes = operations;
            number_of(agents[i].name);
            return i;
        }
    }
    return count;
}

/* X3 */
void
start_take_root(const struct abi_agent *agents, uint32_t count)
{
    it.rooted = true;
    GUEST->dirty = 0;
    GUEST->withheld = 0;
    if (count > MAX_AGENTS) {
        worker_fail(TOO_MANY_AGENTS, MAX_AGENTS);
    }
    memcpy(root, agents, count * sizeof(root[0]));
    root_count = count;
    GUEST->passes = private_operations();
    if (!it.search->replay) {
        GUEST->untold = GUEST->trace_large == 0; /* a finding is told of another run of it */
        snapshot_take(explorer_vectors);
    }
    snapshot.rooted = true;
    if (!start_next()) {
        it.over = true;
        explorer_finish(NULL);
    }
}

/* X8 */
void
start_take_depth(const struct abi_agent *agents, uint32_t count)
{
    const struct depth *top = depth_count > 0 ? &depths[depth_count - 1] : NULL;
    const struct progress *below = top != NULL ? &top->at : NULL;
    uint64_t way = (it.at.moves - (below != NULL ? below->moves : 0)) * MOVE_PAGES +
                   (uint64_t)(snapshot_mapped() - (top != NULL ? top->mapped : 0)) * MAP_PAGES;

    if (it.fair || depth_count == MAX_DEPTHS || (below != NULL && it.at.steps <= below->steps) ||
        way < snapshot_cost() || !it.strategy->returns(it.at.steps) ||
        !snapshot_push(explorer_vectors)) {
        return;
    }
    depths[depth_count++] =
        (struct depth){.asked = agents, .count = count, .mapped = snapshot_mapped(), .at = it.at};
    spin_keep(depth_count - 1, it.at.agents);
    private_keep(depth_count - 1);
    sighting_keep(depth_count - 1);
}

NORETURN static void
resume(const struct abi_agent *agents, uint32_t chosen)
{
    pass_let(number_that_steps(agents[chosen].name));
    snapshot_resume(chosen);
}

/* X15: what was chosen before. */
static void
note_before(void)
{
    const struct asked *before;
    uint32_t answer;

    for (uint32_t i = 0; (before = beginning_before(i, &answer)) != NULL; i++) {
        const struct operation *next = &before->next[answer];

        if (before->count > 1) {
            trial_schedule[before->at.scheduled] =
                (struct trial_step){before->names[answer], next->op, next->kind};
            it.schedule[before->at.scheduled] = before->names[answer];
        }
    }
}

/* X15 */
NORETURN static void
start_at(const struct asked *from)
{
    const size_t numbers = from->at.agents;
    uint32_t chosen;

    branch_restore(from->branch);
    it.at = from->at;
    memcpy(it.next, from->next, numbers * sizeof(*it.next));
    memcpy(it.names, from->names, numbers * sizeof(*it.names));
    memcpy(it.stamp, from->stamp, numbers * sizeof(*it.stamp));
    memcpy(it.where, from->where, numbers);
    it.question = from->question;
    it.question.next = it.next;
    it.spinning = 0;
    it.past = true;
    if (from->running > it.results->running) {
        it.results->running = from->running;
    }
    it.results->dirty |= GUEST->dirty;
    it.results->withheld |= GUEST->withheld;
    sighting_go_back_to(from->seen);
    if (!together_is_on()) { /* there it is what it was in the run before */
        note_before();
    }
    chosen = question_answer(from->agents, from->count);
    pass_let(number_that_steps(from->agents[chosen].name));
    branch_resume(from->branch, chosen);
}

/* Not a run that a strategy learns from, for it may be made again; and where processes are closed to each other that takes calls of Linux. */
static bool
may_begin_elsewhere(void)
{
    return !it.again && !together_is_begun() && !variety_looks && unit_run() >= it.strategy->warm &&
           GUEST->record == 0 && (it.deaths == NULL || it.deaths->count == 0) &&
           (!space_are_apart() || machine.request->boot.clients == 0);
}

bool
explorer_may_share(void)
{
    return snapshot_is_trusted() && GUEST->record == 0 &&
           (it.deaths == NULL || it.deaths->count == 0);
}

bool
explorer_shares(uint64_t run)
{
    return !variety_looks_at(run) && !is_apart(run);
}

/* X16 */
static bool
may_trust(void)
{
    return it.run >= trusted_from && it.channel != NULL && start_has_beginnings() && !it.again;
}

/* Where; NULL: at the root. */
static const struct asked *
begin_together(void)
{
    const struct asked *from = together_from();

    if (from == NULL || from->branch == NULL) {
        return NULL;
    }
    if (!branch_is_good(from->branch)) {
        together_begin_at_root();
        return NULL;
    }
    return from;
}

/* After begin: the deepest snapshot that the run goes through, and the question there. */
NORETURN void
start_run(void)
{
    uint32_t shared = it.strategy->shared != NULL ? it.strategy->shared() : 0;
    const struct depth *depth;
    const struct asked *from;

    if (!snapshot_is_trusted() && may_trust()) {
        snapshot_trust(true);
    }
    it.looks = start_has_beginnings() && it.strategy->numbers != NULL && !snapshot_is_trusted() &&
               it.run % LOOK_RUNS == 0;
    from = together_is_on() ? begin_together()
                            : beginning_find(it.strategy, may_begin_elsewhere(), it.names);
    it.from_branch = from != NULL;
    if (from != NULL) {
        it.branched++;
        start_at(from);
    }
    while (depth_count > 0 && depths[depth_count - 1].at.steps > shared) {
        depth_count--;
    }
    snapshot_pop(depth_count);
    snapshot_restore();
    memset(it.stamp, 0, sizeof(it.stamp));
    if (depth_count == 0) {
        resume(root, explorer_decide(root, root_count, 0));
    }
    depth = &depths[depth_count - 1];
    it.at = depth->at;
    spin_go_back(depth_count - 1, it.at.agents);
    private_go_back(depth_count - 1);
    sighting_go_back(depth_count - 1);
    resume(depth->asked, explorer_decide(depth->asked, depth->count, 0));
}

void
start_trial(void)
{
    depth_count = 0;
    snapshot_pop(0);
    snapshot_restore();
    resume(root, trial_choose(root, root_count, 0));
}

bool
explorer_is_sure(void)
{
    if (!snapshot_is_trusted() || snapshot_is_whole()) {
        return true;
    }
    snapshot_trust(false);
    learning *= 2;
    trusted_from = it.run + learning;
    return false;
}

void
explorer_fail(const char *format, ...)
{
    char text[200];
    va_list arguments;

    if (!explorer_is_sure()) {
        it.again = false;
        unit_again();
        if (start_next()) {
            start_run();
        }
    }
    va_start(arguments, format);
    vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    worker_fail("%s", text);
}
