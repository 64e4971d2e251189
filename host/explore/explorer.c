/*
 * explorer.c - many runs of one guest, each along another schedule.
 *
 * The kernel asks at every schedule point who goes on. Before a question reaches the strategy:
 *
 *   X1  An agent whose next operation is not known yet (it was just woken or made) is run up to its
 *       next schedule point: what it does until then nobody else can see.
 *   X2  While only blocked agents are left they go on in order, block in earnest, and the kernel
 *       finds the hang. Where it lets somebody go on first (nt/ke/inject.c), what follows is no part of the search: those who
 *       can step take turns, and who would have to wait does so when nobody else can.
 *   X3  The first question with two agents to choose from is the root: there the snapshot is taken.
 *       Everything before it is the same in every run.
 *
 *   X4  What the environment may add to a run (an injected event) is an agent that need not step: while
 *       nobody else can, X2 holds, and at the end of a run it is there, blocked, before its operation.
 *   X5  After UNFAIR choices of a strategy that claims nothing, and where a schedule that is replayed has
 *       ended, everybody takes turns (fair.c); what is chosen then is no part of the schedule.
 *   X6  Where there is one agent only there is nothing to choose, and the kernel need not ask until
 *       there is another one.
 *   X7  An agent that would only poll in vain is not enabled (spin.c). If there are no others, that is a
 *       livelock.
 *   X8  Where a strategy says that it comes back to the middle of a run, a snapshot is taken there if that
 *       is cheaper than to run up to there again. Both ways are the same run, to the trace hash.
 *   X9  A schedule at which workers have died (unit.h, U3) is not gone on with: the run ends there, as what
 *       it did to its worker says. To the strategy that is a crash like any other.
 *   X10 What is seen in the middle of a run (sighting.c) ends it only when that is asked for: then those who
 *       take part make one step each, and the run is over.
 *
 *   X11 A call on objects that no other agent has to do with is no question, but part of the step before it
 *       (private.c).
 *
 *   X12 A search that samples leaves processes open to each other in most runs, where a switch of them takes calls of Linux
 *       (space.c, S8). A run that shows something then is made again with processes closed: that one counts.
 *
 *   X13 A set has room for MAX_AGENTS. Who comes late to a run (timers, DPCs and their threads may be many) when it is full ends the run
 *       where a search only samples; one that claims to know all schedules cannot go on.
 *
 *   X14 Such a call that has been looked at before is passed by the kernel alone (struct abi_pass): the host hears of it when it is
 *       asked next, before anything else, and then all is as if it had been asked each time. Nor is it asked again whether it is a question
 *       where it was one: that only changes from no to yes, and not once nothing is learnt any more.
 *
 *   X15 A run of a search that samples begins at the last question of its own that is known from runs before (beginning.c, together.c). One of
 *       CHECK_RUNS such is made again from the root: both are the same run, to the trace hash.
 *
 *   X16 After LEARN_RUNS such runs no more is put back between two of them than what runs have changed by then (host/machine/lines.c). Before
 *       anything is said of what a block of runs came to, all memory is looked at. If other memory had changed as well, the block is done again, and
 *       twice as many runs learn.
 *
 *   X18 A run may go on beyond MAX_STEPS choices, or an agent alone for longer than ALONE_LIMIT: by turns, and no strategy hears of it.
 *       A search that has nothing left then has not tried all there is, and its assumptions say so.
 *
 *   X19 Who goes round in a loop that sleeps, in which nothing was new, is let go on without a question (spin.c, L5): to a strategy it is one step.
 *
 *   X17 A strategy may have further runs made before one counts (strategy.h, again). Nothing is kept of these.
 *
 *   X20 One of LOOK_RUNS of those that learn (X16) looks at all memory at each of its questions: what runs change and change back only shows there
 *       (host/machine/lines.c, L4).
 *
 *   X19 Of several clients that begin, who stands at such a call at the first question goes on before the root is taken, up to his first real
 *       question: no order of that and of what others do matters, as it does not after the root. So does one who looks there for a user
 *       APC that no run queues, or waits for what is open and no run closes. Not where the environment may step in, and not while
 *       it is only learnt what is shared.
 *
 * The answers of X1, X2 and X6 follow from the state alone, so a schedule holds the others only.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include "host/explore/beginning.h"
#include "host/explore/explorer.h"
#include "host/explore/memory.h"
#include "host/explore/private.h"
#include "host/explore/pulse.h"
#include "host/explore/returns.h"
#include "host/explore/round_robin.h"
#include "host/explore/sighting.h"
#include "host/explore/spin.h"
#include "host/explore/strategy.h"
#include "host/explore/together.h"
#include "host/explore/trial.h"
#include "host/explore/unit.h"
#include "host/explore/variety.h"
#include "host/machine/machine.h"
#include "host/machine/snapshot.h"

#define UNFAIR        16384 /* choices; must be less than MAX_STEPS */
#define ALONE_POINTS  1025  /* that the kernel passes at once */
#define ALONE_LIMIT   (16 * ALONE_POINTS)
#define QUIET_TOUCHES 4096
#define MAX_PASSED    256 /* calls in a row that are no question */
#define APART_RUNS    64  /* X12: one in so many, as long as runs are few ... */
#define APART_LATER   512 /* ... and then, for each costs as much as ten others */
#define APART_FIRST   4096
#define MAX_DEPTHS    SPIN_SLOTS
#define EARLY_STEPS   1024 /* X19 */
#define CHECK_RUNS    512  /* X15 */
#define LEARN_RUNS    2048 /* X16 */
#define LOOK_RUNS     32   /* X20 */
#define MOVE_PAGES    4    /* to come to the next point costs as much as to copy so many pages */
#define MAP_PAGES     4 /* and so does a page that is mapped on the way: an image is read and patched */

static const struct strategy *const strategies[] = {
    &strategy_random,    &strategy_pct,      &strategy_dpor, /* one by one: */
    &strategy_odpor,     &strategy_pos,      &strategy_urw,       &strategy_surw,
    &strategy_bounded,   &strategy_delay,    &strategy_portfolio, &strategy_feedback,
    &strategy_fair_walk, &strategy_minimise, &strategy_fair,      &strategy_brute,
    &strategy_lattice,   &strategy_watch,
};

static struct {
    struct progress at;
    const struct run_search *search;
    struct search_results *results;
    const struct strategy *strategy;
    bool rooted;
    uint32_t early; /* steps of X19 */
    bool blocked;   /* X2 has begun in this run */
    bool fair;      /* X5 has */
    bool over;
    struct abi_agent root[MAX_AGENTS]; /* the question there */
    uint32_t root_count;
    uint32_t names[MAX_AGENTS];
    uint8_t place[MAX_AGENTS];  /* whose name was last on this processor */
    uint32_t stamp[MAX_AGENTS]; /* of what `next` was made of; 0: of something else */
    uint8_t where[MAX_AGENTS];  /* its place in the kernel's list */
    uint64_t run;
    uint64_t hash;                /* of the run that is being tried again (trial.c) */
    uint32_t *schedule;           /* names, of this run */
    struct unit_channel *channel; /* NULL: nobody wants to know where a run is */
    const struct unit_deaths *deaths;
    bool died; /* X9 */
    struct operation next[MAX_AGENTS];
    struct question question;
    uint8_t stepped;          /* who was chosen last */
    uint32_t quiet;           /* accesses since the last question */
    agent_set spinning;       /* X7, at the last question */
    bool past;                /* of a replay: the schedule is at its end; else true */
    uint8_t part[MAX_AGENTS]; /* X10: who shall step yet, from `parts` on */
    uint32_t parts, parting;
    struct abi_stop wanted;  /* what the run ends with then */
    struct abi_pass *passes; /* X14 */
    uint32_t passing;        /* number of GUEST->passing */
    uint64_t branched;       /* X15: runs that began elsewhere than at the root */
    bool from_branch;        /* this one did */
    bool looks;              /* X20: at its questions */
    uint64_t
        trusted_from; /* X16: when so many runs are done, memory is put back as it was learnt ... */
    uint64_t learning; /* ... in so many */
    bool again;        /* it is made again, and was: */
    uint64_t again_hash;
    uint32_t again_steps;
} it;

/* The explorer's own part of a deeper snapshot: X8. */
static struct depth {
    const struct abi_agent *asked; /* the kernel's list */
    uint32_t count;
    uint32_t mapped; /* pages of which the mapping has changed up to there */
    struct progress at;
} depths[MAX_DEPTHS];
static uint32_t depth_count;

static uint8_t vectors[MACHINE_XSAVE_ROOM] __attribute__((aligned(64)));

/* X15: could a run begin elsewhere than at the root? */
static bool
has_beginnings(void)
{
    return it.strategy->by_questions && !it.search->replay && !it.search->from_root &&
           it.search->wanted == 0 && !it.search->stuck && machine.request->learned == NULL &&
           machine.request->granularity == RUN_API && !machine.request->polls;
}

int
explorer_init(const struct run_search *search, struct search_results *results)
{
    it.search = search;
    it.results = results;
    it.at.last = NO_AGENT;
    it.passes = guest_pointer(ABI_PASSES);
    it.channel = machine.request->channel;
    it.deaths = machine.request->deaths;
    it.schedule =
        it.channel != NULL ? it.channel->schedule : calloc(MAX_STEPS, sizeof(*it.schedule));
    it.strategy = search->replay ? &strategy_replay : strategy_find(search->strategy);
    if (it.schedule == NULL || it.strategy == NULL || snapshot_init() != 0 || trial_init() != 0 ||
        beginning_init(has_beginnings()) != 0 ||
        (has_beginnings() && together_init(it.strategy) != 0)) {
        return -ENOMEM;
    }
    if (memory_init(machine.request) != 0 || private_init(machine.request) != 0 ||
        spin_init(machine.request) != 0 || variety_init(it.strategy) != 0) {
        return -ENOMEM;
    }
    pulse_init(machine.request);
    returns_init(machine.request);
    it.trusted_from = it.learning = LEARN_RUNS;
    if (has_beginnings()) {
        snapshot_learn();
    }
    unit_init(it.strategy, search, results);
    return it.strategy->init(search);
}

const struct strategy *
strategy_find(const char *name)
{
    for (size_t i = 0; i < sizeof(strategies) / sizeof(strategies[0]); i++) {
        if (strcmp(strategies[i]->name, name) == 0) {
            return strategies[i];
        }
    }
    return NULL;
}

uint32_t
explorer_name(uint32_t number)
{
    return it.names[number];
}

/* Ends the run from inside a question. */
NORETURN static void
finish(const struct abi_stop *why)
{
    struct abi_trap nowhere = {0};

    explorer_ended(why);
    worker_stop(why != NULL ? why : &(struct abi_stop){0}, &nowhere);
}

/* The agent's number, if it has one already. */
GENERAL_REGISTERS_ONLY static uint32_t
known_number(uint32_t name)
{
    uint32_t number = 0;

    while (number < it.at.agents && it.names[number] != name) {
        number++;
    }
    return number < it.at.agents ? number : MAX_AGENTS;
}

GENERAL_REGISTERS_ONLY static uint32_t
agent_number(uint32_t name)
{
    uint32_t number = known_number(name);

    if (number < MAX_AGENTS) {
        return number;
    }
    if (it.at.agents == MAX_AGENTS) {
        if (it.rooted && it.strategy->kind == STRATEGY_SAMPLED) {
            finish(NULL); /* X13 */
        }
        worker_fail(TOO_MANY_AGENTS, MAX_AGENTS);
    }
    it.names[it.at.agents] = name;
    return it.at.agents++;
}

GENERAL_REGISTERS_ONLY static uint32_t
number_that_steps(uint32_t name)
{
    return it.stepped < it.at.agents && it.names[it.stepped] == name ? it.stepped
                                                                     : known_number(name);
}

/* X14: what it may pass from now on, before it asks. */
GENERAL_REGISTERS_ONLY static void
let_pass(uint32_t number)
{
    bool may = number < it.at.agents && it.parting == 0;
    uint32_t room = MAX_PASSED - it.at.passed;

    it.passing = number;
    GUEST->passing = may ? it.names[number] : 0;
    GUEST->pass_room = room < ABI_PASSED ? room : ABI_PASSED;
    GUEST->passed = 0;
    GUEST->returns = it.rooted && returns_matter;
}

/* X14: what it has passed. */
GENERAL_REGISTERS_ONLY static void
catch_up(void)
{
    uint32_t passed = GUEST->passed;
    uint64_t ops = 0;

    if (passed == 0) {
        return;
    }
    for (uint32_t i = 0; i < passed; i++) {
        const struct abi_pass *pass = &it.passes[GUEST->passed_at[i]];
        uint16_t op = (uint16_t)(pass->what >> 16);

        ops |= 1ull << op;
        if ((SIGHTING_LOCKS >> op & 1) != 0) {
            sighting_passed_again(op, pass->object, it.passing);
        }
    }
    if (spin_called_all(it.passing, ops, it.at.moves + passed - 1)) {
        it.at.moves += passed;
    } else {
        for (uint32_t i = 0; i < passed; i++) {
            spin_called(it.passing, (uint16_t)(it.passes[GUEST->passed_at[i]].what >> 16),
                        it.at.moves++);
        }
    }
    it.at.passed += passed;
    GUEST->passed = 0;
}

/* The kernel mostly tells of the same agent on a processor. */
static uint32_t
number_of(const struct abi_agent *agent)
{
    uint8_t *place =
        &it.place[(agent->cpu + agent->kind * (uint32_t)ABI_MAX_PROCESSORS) % MAX_AGENTS];
    uint32_t number = *place;

    if (number >= it.at.agents || it.names[number] != agent->name) {
        *place = (uint8_t)(number = agent_number(agent->name));
    }
    return number;
}

/* What it stands in front of, if that is not what it was. */
static void
look_at(const struct abi_agent *agent, uint32_t number)
{
    struct operation *next = &it.next[number];

    it.stamp[number] = agent->stamp;
    if (!operation_is_known(next, agent)) {
        operation_describe(next, agent);
        sighting_accesses = sighting_accesses || agent->site != 0;
    }
    if ((next->flags & ABI_AGENT_BLOCKED) != 0 && agent->kind != ABI_AGENT_INJECTED) {
        private_step(next, agent->name); /* private.c, V5 */
    }
    pulse_look(agent);
    if (pulse_is_known() && pulse_awaited(agent)) { /* it begins, whether it has to wait or not */
        next->flags &= (uint16_t)~(ABI_AGENT_BLOCKED | ABI_AGENT_WAITS);
    }
    spin_arrive(number, agent, it.at.moves);
    if ((next->flags & ABI_AGENT_BLOCKED) == 0 &&
        ((!spin_is_idle() && spin_waits(number, it.at.moves, it.past, next)) ||
         (it.search->stuck && it.past && agent->registers != 0))) { /* X7 */
        next->flags |= ABI_AGENT_BLOCKED | ABI_AGENT_WAITS;
        it.spinning |= set_one(number);
        it.stamp[number] = 0;
    }
}

static void
ask(const struct abi_agent *agents, uint32_t count)
{
    struct question *question = &it.question;
    bool alike = spin_is_idle() && !it.search->stuck;
    agent_set present = 0, enabled = 0;
    uint32_t running = 0;

    it.spinning = 0;
    it.past = !it.search->replay || it.at.steps + replay_skipped >= it.search->schedule_length;
    for (uint32_t i = 0; i < count; i++) {
        const struct abi_agent *agent = &agents[i];
        uint32_t number = number_of(agent);
        agent_set one = set_one(number);

        it.where[number] = (uint8_t)i;
        if (!alike || agent->stamp == 0 || agent->stamp != it.stamp[number]) {
            look_at(agent, number);
            alike = alike && spin_is_idle();
        }
        present |= one;
        enabled |= (it.next[number].flags & ABI_AGENT_BLOCKED) == 0 ? one : 0;
        running += agent->kind == ABI_AGENT_THREAD;
        if (agent->kind == ABI_AGENT_INJECTED) {
            it.at.offered |= one;
        }
    }
    *question =
        (struct question){.enabled = enabled,
                          .present = present | it.at.offered, /* X4: also when the target is gone */
                          .last = it.at.last,
                          .step = it.at.steps,
                          .next = it.next};
    if (it.results != NULL && running > it.results->running) {
        it.results->running = running;
    }
    if (it.results != NULL) {
        it.results->dirty |= GUEST->dirty;
        it.results->withheld |= GUEST->withheld;
    }
}

static void
begin_run(void)
{
    it.at = (struct progress){.last = NO_AGENT}; /* strategy.h: agents get their numbers anew */
    memset(it.stamp, 0, sizeof(it.stamp));
    it.blocked = it.fair = it.died = false;
    it.parts = it.parting = 0;
    memory_begin_run();
    private_begin_run();
    pulse_begin_run();
    returns_begin_run();
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

static bool
begin(void)
{
    bool more;

    begin_run();
    if (it.search->replay) {
        return it.strategy->begin(0);
    }
    more = unit_begin();
    variety_choose_run(unit_run());
    space_keep_apart(is_apart(unit_run()));
    return more;
}

/* What the kernel notes beside the step (abi/trace.h). */
static uint64_t
choice_of(uint32_t chosen)
{
    uint64_t how = 0;

    if (it.at.last != NO_AGENT && it.at.last != chosen &&
        (it.question.enabled >> it.at.last & 1) != 0) {
        how = ABI_STEP_PREEMPTS;
    } else if ((it.at.last == NO_AGENT || (it.question.enabled >> it.at.last & 1) == 0) &&
               (it.question.enabled & (it.question.enabled - 1)) != 0) {
        how = ABI_STEP_FREE;
    }
    return how << ABI_STEP_SHIFT | it.at.steps;
}

/* Where X5 begins. */
static uint32_t
unfair(void)
{
    if (it.search->replay) {
        return (uint32_t)it.search->schedule_length;
    }
    return it.strategy->kind == STRATEGY_SAMPLED ? UNFAIR : MAX_STEPS;
}

/* X5 */
static uint32_t
fair_choice(const struct abi_agent *agents, uint32_t count)
{
    static const struct abi_stop livelock = {
        .verdict = ABI_LIVELOCK,
        .message =
            "the threads go round in circles: everybody takes turns, and the state comes back"};
    uint32_t asker = NO_AGENT;

    for (uint32_t i = 0; i < count; i++) {
        if ((agents[i].flags & ABI_AGENT_ASKER) != 0) {
            asker = agent_number(agents[i].name);
        }
    }
    switch (fair_state(&it.question, asker)) {
    case FAIR_STANDS_STILL:
        finish(&livelock);
    case FAIR_TOO_LONG:
        finish(NULL);
    case FAIR_GOES_ON:
        break;
    }
    return fair_next(&it.question);
}

/* X9 */
static void
look_for_death(void)
{
    uint32_t count = __atomic_load_n(&it.deaths->count, __ATOMIC_ACQUIRE);

    for (uint32_t i = 0; i < count && i < UNIT_DEATHS; i++) {
        const struct unit_death *death = &it.deaths->death[i];

        if (death->steps == it.at.steps && death->scheduled == it.at.scheduled &&
            memcmp(death->schedule, it.schedule, it.at.scheduled * sizeof(*it.schedule)) == 0) {
            it.died = true;
            finish(&death->why);
        }
    }
}

/* --stop-at: says who could step, and who would. */
static void
stop_here(const struct abi_agent *agents, uint32_t count)
{
    size_t length = it.search->schedule_length;
    struct abi_trap registers;
    char line[200];
    int used;

    used = snprintf(line, sizeof(line), "ntlab: stopped before choice %u of %zu\n", it.at.steps + 1,
                    length);
    worker_send(RUN_NOTE, line, (size_t)used);
    for (uint32_t i = 0; i < count; i++) {
        uint32_t number = agent_number(agents[i].name);
        bool able = (it.question.enabled >> number & 1) != 0;
        bool would = it.at.steps < length && it.search->schedule[it.at.steps] == agents[i].name;

        used = snprintf(line, sizeof(line), "    %s agent %08x, thread %016lx: %s %016lx%s\n",
                        would ? "->" : "  ", agents[i].name, agents[i].thread,
                        operation_name(agents[i].op), agents[i].object,
                        able ? "" : ", would have to wait");
        worker_send(RUN_NOTE, line, (size_t)used);
    }
    hypercall_registers(&registers);
    worker_wait(&registers);
}

/* X15: this question, for other runs. The vector registers have been saved: at the root nothing else is asked first. */
static struct asked *
keep_beginning(const struct abi_agent *agents, uint32_t count,
               const struct branch *(*take)(const void *vectors))
{
    const size_t before = branch_used(), numbers = it.at.agents;
    const bool several = (it.question.enabled & (it.question.enabled - 1)) != 0;
    struct asked *new = spin_is_idle() ? beginning_allocate(it.at.agents) : NULL;

    if (new == NULL || (new->seen = sighting_keep_all()) == NULL ||
        (several && it.at.steps > 0 && (new->branch = take(vectors)) == NULL)) {
        branch_free(before);
        return NULL;
    }
    new->at = it.at;
    new->agents = agents;
    new->count = count;
    for (uint32_t i = 0; i < count; i++) {
        new->running += agents[i].kind == ABI_AGENT_THREAD;
    }
    memcpy(new->next, it.next, numbers * sizeof(*it.next));
    memcpy(new->names, it.names, numbers * sizeof(*it.names));
    memcpy(new->stamp, it.stamp, numbers * sizeof(*it.stamp));
    memcpy(new->where, it.where, numbers);
    new->question = it.question;
    new->question.next = new->next;
    return new;
}

/* together.c */
static uint32_t
draw_together(const struct abi_agent *agents, uint32_t count)
{
    const size_t before = branch_used();
    uint32_t chosen;
    uint64_t run;

    if (together_answered(&chosen)) {
        return chosen;
    }
    if (together_parts(&it.question) &&
        together_part(keep_beginning(agents, count, branch_take_short), before, &run, &chosen)) {
        unit_run_is(run);
        return chosen;
    }
    return it.strategy->choose(&it.question);
}

static uint32_t
draw(const struct abi_agent *agents, uint32_t count)
{
    uint32_t chosen;

    if (together_is_on()) {
        return draw_together(agents, count);
    }
    if (it.looks) {
        snapshot_look();
    }
    if (beginning_answered(&it.question, &chosen)) {
        return chosen;
    }
    if (beginning_grows(&it.question)) {
        beginning_add(keep_beginning(agents, count, branch_take));
    }
    chosen = it.strategy->choose(&it.question);
    beginning_went(chosen);
    return chosen;
}

/* A real question: what the strategy answers, as an index into the kernel's list. */
static uint32_t
answer(const struct abi_agent *agents, uint32_t count)
{
    uint32_t chosen = ANSWER_FAIR;

    if (it.search->replay && it.search->stop_at == it.at.steps + 1) {
        stop_here(agents, count);
    }
    if (!it.fair && (it.strategy->alone != NULL ? it.at.steps : it.at.scheduled) < unfair() &&
        it.at.alone < ALONE_LIMIT) {
        chosen = draw(agents, count);
    }
    if (chosen == ANSWER_CUT) {
        finish(NULL);
    }
    if (chosen == ANSWER_FAIR) {
        if (!it.fair) {
            it.fair = true;
            if (!snapshot.taken) {
                snapshot_take(vectors); /* a replay: fair.c asks what has changed */
            }
            fair_begin();
        }
        if (it.results != NULL && it.rooted && count > 1 && it.strategy->kind != STRATEGY_SAMPLED) {
            it.results->beyond = 1; /* X18 */
        }
        chosen = fair_choice(agents, count);
    } else if (operation_injected(&it.next[chosen])) {
        it.at.injections++;
        it.at.offered &= ~set_one(chosen);
    } else if (it.at.last != NO_AGENT && it.at.last != chosen &&
               (it.question.enabled >> it.at.last & 1) != 0) {
        it.at.preemptions++;
    }
    if (variety_looks && chosen < it.at.agents) {
        variety_step(&it.question, chosen, it.fair);
    }
    it.at.steps++;
    private_step(&it.next[chosen], it.names[chosen]);
    returns_step(&it.next[chosen]);
    sighting_step(&it.question, chosen, it.at.scheduled);
    if (!it.fair && count > 1) {
        if ((GUEST->record & ABI_RECORD_STEPS) != 0) {
            GUEST->choice = choice_of(chosen);
        }
        trial_schedule[it.at.scheduled] =
            (struct trial_step){it.names[chosen], it.next[chosen].op, it.next[chosen].kind};
        it.schedule[it.at.scheduled++] = it.names[chosen];
    }
    if (it.channel != NULL) {
        it.channel->scheduled = it.at.scheduled;
        it.channel->steps = it.at.steps;
        if (it.deaths->count != 0) {
            look_for_death();
        }
    }
    if (!operation_injected(&it.next[chosen])) {
        it.at.last = (uint8_t)chosen;
    }
    it.stepped = (uint8_t)chosen;
    spin_stepped(chosen, it.at.moves++);
    if (chosen >= it.at.agents || it.where[chosen] >= count ||
        agents[it.where[chosen]].name != it.names[chosen]) {
        worker_fail("a strategy chose an agent that cannot step");
    }
    return it.where[chosen];
}

/* X6. Each point asks where steps are recorded, where the environment may step in, and where a trace is told (variety.c). */
GENERAL_REGISTERS_ONLY static uint32_t
alone(uint32_t name, bool told)
{
    it.at.last = (uint8_t)agent_number(name);
    it.question.enabled = 0; /* nobody else could step */
    sighting_unheard(it.at.last);
    if (GUEST->record != 0 || told ||
        (machine.request->boot.inject != 0 && machine.request->boot.clients != 0)) {
        GUEST->choice = 0;
        it.at.alone++;
    } else {
        GUEST->budget = ALONE_POINTS - 1;
        it.at.alone += ALONE_POINTS;
    }
    spin_stepped(it.at.last, it.at.moves);
    spin_unseen(it.at.last);
    it.at.moves += 2; /* not one step */
    return 0;
}

static uint32_t go_on_blocked(const struct abi_agent *agents, uint32_t count, uint32_t asker);

/* X10: the next one of those who take part. */
static uint32_t
part(const struct abi_agent *agents, uint32_t count)
{
    while (it.parts < it.parting) {
        uint32_t agent = it.part[it.parts++];

        for (uint32_t i = 0; i < count; i++) {
            if (agents[i].name == it.names[agent]) {
                if ((GUEST->record & ABI_RECORD_STEPS) != 0) {
                    GUEST->choice = ++it.at.steps;
                }
                return i;
            }
        }
    }
    finish(&it.wanted);
}

/* What comes at a question after the root. */
static uint32_t
decide(const struct abi_agent *agents, uint32_t count, uint32_t asker)
{
    ask(agents, count);
    sighting_look(&it.question, it.at.scheduled, it.search->wanted == 0 ? it.results : NULL);
    if (it.search->wanted != 0 &&
        (!it.search->replay || it.at.scheduled >= it.search->schedule_length)) {
        it.parting = sighting_wanted(it.search->wanted, it.part, &it.wanted);
        if (it.parting != 0) {
            return part(agents, count);
        }
    }
    if (sighting_outlived(&it.question, &it.wanted)) {
        finish(&it.wanted);
    }
    if ((it.question.enabled & ~it.at.offered) == 0) {
        it.blocked = true;
        return go_on_blocked(agents, count, asker);
    }
    return answer(agents, count);
}

uint32_t
explorer_touch(uint64_t address, uint64_t size, uint32_t how, uint32_t agent)
{
    bool point;

    catch_up();
    if (how == ABI_TOUCH_FREE) {
        memory_free(address, size, agent);
        return 0;
    }
    if (machine.request->granularity == RUN_MEMORY) {
        point = memory_touch(address, size, how != ABI_TOUCH_READ, agent);
    } else {
        point = machine.request->polls &&
                memory_touch_polled(address, size, how != ABI_TOUCH_READ, agent); /* Y4 */
    }
    if ((machine.request->granularity != RUN_API || machine.request->polls) &&
        ++it.quiet == QUIET_TOUCHES) { /* a loop that no other agent can end? */
        it.quiet = 0;
        point = point || it.rooted;
    }

    if (how == ABI_TOUCH_WRITE) {
        spin_wrote();
    } else if (how == ABI_TOUCH_READ && !point) {
        spin_read(address, size);
    }
    return point;
}

/* X7: nobody is left but agents that poll. */
NORETURN static void
spin_for_ever(const struct abi_agent *agent)
{
    struct abi_stop stop = {.verdict = ABI_LIVELOCK};
    struct abi_trap registers = {0};
    char where[128], what[256];

    space_read(agent->registers, &registers, sizeof(registers));
    registers.rip = registers.original_rip = images_original_rip(registers.rip);
    images_describe(registers.rip, where, sizeof(where));
    snprintf(stop.message, sizeof(stop.message),
             "%s polls for ever: nobody is left who could change what it reads%s%s", where,
             spin_says(known_number(agent->name), what, sizeof(what)) != 0 ? ", " : "", what);
    explorer_ended(&stop);
    worker_stop(&stop, &registers);
}

/* X2, X7: who goes on when nobody can. */
static uint32_t
go_on_blocked(const struct abi_agent *agents, uint32_t count, uint32_t asker)
{
    uint32_t other = count, spinner = count;
    uint32_t claimant = count; /* he waits first, whom that keeps out behind him: nt/ke/claim.c */
    bool able = false;         /* one who does not spin */

    for (uint32_t i = count; i-- > 0;) {
        uint32_t number = known_number(agents[i].name);

        if (agents[i].kind == ABI_AGENT_INJECTED) {
            continue;
        }
        if (number < MAX_AGENTS && (it.spinning >> number & 1) != 0 &&
            (agents[i].flags & ABI_AGENT_BLOCKED) == 0) {
            spinner = i;
        } else {
            other = i;
            able = able || (agents[i].flags & ABI_AGENT_BLOCKED) == 0;
            claimant = (agents[i].flags & ABI_AGENT_CLAIMS) != 0 ? i : claimant;
        }
    }
    if (spinner == count || able) {
        return able || claimant == count ? round_robin_choose(agents, count, asker) : claimant;
    }
    if (other == count) {
        spin_for_ever(&agents[spinner]);
    }
    return other;
}

/* X3 */
static void
take_root(const struct abi_agent *agents, uint32_t count)
{
    it.rooted = true;
    GUEST->dirty = 0;
    GUEST->withheld = 0;
    if (count > MAX_AGENTS) {
        worker_fail(TOO_MANY_AGENTS, MAX_AGENTS);
    }
    memcpy(it.root, agents, count * sizeof(it.root[0]));
    it.root_count = count;
    GUEST->passes = private_operations();
    if (!it.search->replay) {
        GUEST->untold = GUEST->trace_large == 0; /* a finding is told of another run of it */
        snapshot_take(vectors);
    }
    snapshot.rooted = true;
    if (!begin()) {
        it.over = true;
        finish(NULL);
    }
}

/* X19: is what it stands at nobody else's affair? */
static bool
is_early(const struct abi_agent *agent, uint64_t operations)
{
    if (agent->op == SP_WAIT) {
        return (agent->flags & (ABI_AGENT_READS | ABI_AGENT_OPEN)) == ABI_AGENT_READS;
    }
    return (operations >> agent->op & 1) != 0 ||
           (agent->op == SP_DELIVER_APC && (agent->object & 1) != 0); /* a look at its own queue */
}

/* X19: who goes on before the root is taken; `count`: nobody. */
static uint32_t
before_root(const struct abi_agent *agents, uint32_t count)
{
    const struct run_learned *learned = machine.request->learned;
    const uint64_t operations = private_operations();

    if (operations == 0 || machine.request->boot.clients < 2 || machine.request->boot.inject != 0 ||
        it.early == EARLY_STEPS || (learned != NULL && learned->freely)) {
        return count;
    }
    for (uint32_t i = 0; i < count; i++) {
        if (agents[i].kind == ABI_AGENT_THREAD && is_early(&agents[i], operations) &&
            private_passes(&agents[i])) {
            it.early++;
            GUEST->passes = operations;
            agent_number(agents[i].name);
            return i;
        }
    }
    return count;
}

/* X8 */
static void
take_depth(const struct abi_agent *agents, uint32_t count)
{
    const struct depth *top = depth_count > 0 ? &depths[depth_count - 1] : NULL;
    const struct progress *below = top != NULL ? &top->at : NULL;
    uint64_t way = (it.at.moves - (below != NULL ? below->moves : 0)) * MOVE_PAGES +
                   (uint64_t)(snapshot_mapped() - (top != NULL ? top->mapped : 0)) * MAP_PAGES;

    if (it.fair || depth_count == MAX_DEPTHS || (below != NULL && it.at.steps <= below->steps) ||
        way < snapshot_cost() || !it.strategy->returns(it.at.steps) || !snapshot_push(vectors)) {
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
    let_pass(number_that_steps(agents[chosen].name));
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
    chosen = answer(from->agents, from->count);
    let_pass(number_that_steps(from->agents[chosen].name));
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
    return it.run >= it.trusted_from && it.channel != NULL && has_beginnings() && !it.again;
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
NORETURN static void
start(void)
{
    uint32_t shared = it.strategy->shared != NULL ? it.strategy->shared() : 0;
    const struct depth *depth;
    const struct asked *from;

    if (!snapshot_is_trusted() && may_trust()) {
        snapshot_trust(true);
    }
    it.looks = has_beginnings() && it.strategy->numbers != NULL && !snapshot_is_trusted() &&
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
        resume(it.root, decide(it.root, it.root_count, 0));
    }
    depth = &depths[depth_count - 1];
    it.at = depth->at;
    spin_go_back(depth_count - 1, it.at.agents);
    private_go_back(depth_count - 1);
    sighting_go_back(depth_count - 1);
    resume(depth->asked, decide(depth->asked, depth->count, 0));
}

/* Anything may be called from here: the vector registers are saved. `plain`: choose_quickly has looked at each. */
static uint32_t
choose_slowly(const struct abi_agent *agents, uint32_t count, uint32_t asker, bool plain)
{
    uint32_t ready = 0, first = 0, offered = 0;

    for (uint32_t i = plain && it.rooted && spin_is_idle() ? 0 : count; i-- > 0;) {
        if (agents[i].op == SP_NONE ||
            (it.rooted && agents[i].op == SP_YIELD &&
             spin_passes(known_number(agents[i].name), &agents[i])) ||
            (it.rooted && !spin_is_idle() && it.parting == 0 && !trial_is_on() && !it.blocked &&
             spin_goes_on(known_number(agents[i].name), &agents[i], it.at.moves))) {
            spin_stepped(known_number(agents[i].name), it.at.moves++);
            return i; /* X1 */
        }
        if (agents[i].kind == ABI_AGENT_INJECTED) {
            offered++;
        } else if ((agents[i].flags & ABI_AGENT_BLOCKED) == 0 || pulse_begins(&agents[i])) {
            ready++;
            first = i;
        }
    }
    if (it.parting != 0) {
        return part(agents, count);
    }
    if (trial_is_on()) {
        uint32_t chosen = trial_choose(agents, count, asker);

        if (chosen == UINT32_MAX) {
            finish(NULL);
        }
        return chosen;
    }
    if (it.blocked) {
        return go_on_blocked(agents, count, asker);
    }
    if (!it.rooted && ready == 0) {
        return round_robin_choose(agents, count, asker); /* X2 */
    }
    if (!it.rooted && ready + offered < 2) {
        return first;
    }
    if (!it.rooted) {
        uint32_t early = before_root(agents, count);

        if (early < count) {
            return early;
        }
        take_root(agents, count);
    }
    if (count > 1) {
        it.at.alone = 0;
    } else if (!it.fair && it.at.alone < ALONE_LIMIT) {
        GUEST->alone = it.at.alone % ALONE_POINTS == 0;
        if (it.strategy->alone == NULL ||
            (it.at.last == agent_number(agents[0].name) && it.strategy->alone(it.at.steps))) {
            return alone(agents[0].name,
                         variety_looks && !variety_alone(&agents[0], agent_number(agents[0].name)));
        }
        it.at.alone++;
    }
    if (it.strategy->returns != NULL && !it.search->replay && !it.search->from_root) {
        take_depth(agents, count);
    }
    return decide(agents, count, asker);
}

/* The answers that follow from the state alone, where they do; else `count`. `plain`: nobody stands at an access to memory or runs on. */
GENERAL_REGISTERS_ONLY static inline uint32_t
choose_quickly(const struct abi_agent *agents, uint32_t count, uint32_t asker, bool *plain)
{
    uint32_t ready = 0;

    for (uint32_t i = count; i-- > 0;) {
        if (agents[i].registers != 0) {
            return count;
        }
        if (agents[i].op == SP_NONE) {
            spin_stepped(known_number(agents[i].name), it.at.moves++);
            return i; /* X1 */
        }
        ready += (agents[i].flags & ABI_AGENT_BLOCKED) == 0;
    }
    *plain = true;
    if (it.blocked) {
        return it.spinning == 0 ? round_robin_choose(agents, count, asker) : count; /* X2 */
    }
    if (it.rooted && count == 1 && ready == 1 && it.strategy->alone == NULL && !variety_looks &&
        !it.fair && it.at.alone < ALONE_LIMIT) {
        GUEST->alone = it.at.alone % ALONE_POINTS == 0;
        return alone(agents[0].name, false);
    }
    return count;
}

/* Called without the vector registers saved. */
GENERAL_REGISTERS_ONLY uint32_t
explorer_choose(const struct abi_agent *agents, uint32_t count, uint32_t asker)
{
    uint32_t chosen = count;
    bool plain = false;

    catch_up();
    it.quiet = 0;
    it.at.passed = 0;
    if (!trial_is_on() && spin_is_idle() && it.parting == 0 && !pulse_is_known()) {
        chosen = choose_quickly(agents, count, asker, &plain);
    }
    if (chosen == count) {
        machine_save_vectors(vectors);
        chosen = choose_slowly(agents, count, asker, plain);
        machine_load_vectors(vectors);
    }
    GUEST->watching = 1;
    let_pass(number_that_steps(agents[chosen].name));
    return chosen;
}

/* X14: the answer to such a call, where it follows from what the kernel can look up. */
GENERAL_REGISTERS_ONLY static void
keep_pass(const struct abi_agent *asker, const struct abi_pass *whole, uint64_t answer)
{
    struct abi_pass *place;

    if (whole == NULL || asker->list != 0 || !private_is_settled()) {
        return;
    }
    place = &it.passes[abi_pass_slot(whole)];
    for (uint32_t i = ABI_PASS_WAYS - 1; i > 0; i--) {
        place[i] = place[i - 1];
    }
    place[0] = *whole;
    place[0].what |= answer;
}

/* X11 */
GENERAL_REGISTERS_ONLY uint32_t
explorer_passes(const struct abi_agent *asker, const struct abi_pass *whole)
{
    uint32_t number = number_that_steps(asker->name);

    catch_up();
    if (number == MAX_AGENTS || it.parting != 0 || it.at.passed == MAX_PASSED) {
        return 0;
    }
    pulse_look(asker); /* who waits for it has made no step */
    if (!private_passes(asker)) {
        keep_pass(asker, whole, ABI_PASS_ASKS);
        return 0;
    }
    it.at.passed++;
    sighting_passed(asker, number);
    spin_called(number, asker->op, it.at.moves++);
    GUEST->watching = 1;
    if (sighting_is_plain(asker)) {
        keep_pass(asker, whole, 0);
    }
    let_pass(number);
    return 1;
}

static bool
is_bad(const struct abi_stop *why)
{
    return why->verdict != ABI_CLEAN || (why->code != 0 && !machine.request->client_exit_ignored);
}

/* Of a crash that counts in a search that is split into shards. */
static void
note_loose(const struct abi_stop *why, bool repeated)
{
    struct search_results *results = it.results;
    uint64_t crash = it.strategy->loose != NULL ? it.strategy->loose() : 0;

    if (crash == 0) {
        return;
    }
    if (results->looses == SEARCH_LOOSE) {
        results->many = 1;
        return;
    }
    results->loose[results->looses++] = (struct search_loose){
        .crash = crash, .signature = signature_of(why, NULL), .counted = !repeated};
}

/* `repeated`: what counts is another run of the same trace. */
static void
note_finding(const struct abi_stop *why, bool repeated)
{
    struct search_results *results = it.results;
    struct search_finding *finding;
    uint64_t signature = signature_of(why, it.blocked ? &it.question : NULL);

    for (uint32_t i = 0; i < results->findings; i++) {
        if (results->finding[i].signature == signature) {
            results->finding[i].times += !repeated;
            return;
        }
    }
    if (results->findings == SEARCH_FINDINGS ||
        results->schedules + it.at.scheduled > SEARCH_SCHEDULES) {
        return;
    }
    finding = &results->finding[results->findings];
    *finding = (struct search_finding){.stop = *why,
                                       .hash = GUEST->hash,
                                       .signature = signature,
                                       .circle = sighting_is_told(why) ? sighting_circle() : 0,
                                       .times = !repeated,
                                       .schedule = results->schedules,
                                       .schedule_length = it.at.scheduled,
                                       .preemptions = it.at.preemptions,
                                       .injections = it.at.injections,
                                       .died = it.died};
    memcpy(results->schedule + results->schedules, it.schedule,
           it.at.scheduled * sizeof(it.schedule[0]));
    results->schedules += it.at.scheduled;
    results->findings++;
}

static void
tell_strategy(const struct abi_stop *why)
{
    struct outcome outcome = {.why = why,
                              .run = it.run,
                              .hash = GUEST->hash,
                              .schedule = it.schedule,
                              .steps = it.at.scheduled,
                              .results = it.results};

    if (it.search->wanted != 0) { /* nothing else is */
        outcome.why = it.parting != 0 ? why : NULL;
        outcome.signature = it.search->wanted;
    } else if (why != NULL) {
        outcome.signature = signature_of(why, it.blocked ? &it.question : NULL);
    }
    it.strategy->judge(&outcome);
}

/* The window of the image that was called after it had gone, or 0. */
static uint64_t
gone_image(const struct abi_stop *why)
{
    return why->verdict == ABI_BUGCHECK && (why->code == 0xCE || why->code == 0xD4)
               ? why->parameter[0] & ~(ABI_IMAGE_WINDOW - 1)
               : 0;
}

bool
explorer_is_sure(void)
{
    if (!snapshot_is_trusted() || snapshot_is_whole()) {
        return true;
    }
    snapshot_trust(false);
    it.learning *= 2;
    it.trusted_from = it.run + it.learning;
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
        if (begin()) {
            start();
        }
    }
    va_start(arguments, format);
    vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    worker_fail("%s", text);
}

/* X15 */
static void
look_again(void)
{
    if (trial_is_on()) {
        return;
    }
    if (it.again) {
        it.again = false;
        if (GUEST->hash != it.again_hash || it.at.steps != it.again_steps) {
            explorer_fail("run %lu is another one from the root: %u steps and hash %016lx, not %u "
                          "and %016lx",
                          unit_run(), it.at.steps, GUEST->hash, it.again_steps, it.again_hash);
        }
    } else if (it.from_branch && it.branched % CHECK_RUNS == 1 && it.strategy->begin(unit_run())) {
        it.again = true;
        together_leave();
        it.again_hash = GUEST->hash;
        it.again_steps = it.at.steps;
        begin_run();
        start();
    }
}

static bool
has_crashed(const struct abi_stop *why)
{
    return why != NULL && why->verdict != ABI_CLEAN && !it.blocked && it.parting == 0;
}

/* X17 */
static bool
is_made_again(const struct abi_stop *why)
{
    return it.rooted && it.strategy->again != NULL && !trial_is_on() &&
           it.strategy->again(why, has_crashed(why) && !it.died);
}

void
explorer_ended(const struct abi_stop *why)
{
    struct search_results *results = it.results;
    struct abi_stop tried;
    bool counts, crashed, repeated, error = false;
    uint64_t digest, gone;

    if (it.search->replay && !it.over) {
        it.over = true;
        replay_say();
    }
    if (it.over) {
        return;
    }
    look_again();
    if (!space_are_apart() && why != NULL && is_bad(why) &&
        it.strategy->begin(unit_run())) { /* X12 */
        begin_run();
        space_keep_apart(true);
        together_leave();
        start();
    }
    if (is_made_again(why)) { /* X17 */
        begin_run();
        start();
    }
    if (trial_is_on()) {
        trial_end(&tried);
        why = &tried;
        GUEST->hash = it.hash;
    } else if (why != NULL && why->verdict == ABI_SUSPEND_DOS &&
               trial_begin(why, it.at.scheduled)) {
        it.hash = GUEST->hash;
        depth_count = 0;
        snapshot_pop(0);
        snapshot_restore();
        resume(it.root, trial_choose(it.root, it.root_count, 0));
    }
    crashed = has_crashed(why);
    counts = !it.rooted || it.strategy->counts == NULL || it.strategy->counts(why, crashed);
    results->runs += counts;
    digest = counts ? (GUEST->hash ^ it.at.steps) * 0x9E3779B97F4A7C15ull : 0;
    results->digest += digest;
    results->agents = it.at.agents > results->agents ? it.at.agents : results->agents;
    results->longest = it.at.steps > results->longest ? it.at.steps : results->longest;
    if (counts && it.rooted && it.strategy->judge == NULL) {
        error = sighting_end(why, it.schedule, results);
    }
    repeated = why != NULL && it.rooted && it.strategy->repeats != NULL &&
               it.strategy->repeats(why, crashed);
    if (counts && why != NULL && is_bad(why) && it.strategy->judge == NULL && why != &it.wanted) {
        note_finding(why, repeated);
        if (crashed) {
            note_loose(why, repeated);
        }
    }
    if (why == NULL || repeated) {
        results->blocked += counts;
    } else if (counts) {
        if (variety_samples && it.rooted) {
            variety_end(why, crashed, results);
        } else {
            results->traces++;
        }
        results->bad += is_bad(why) || error;
    }
    if (it.strategy->judge != NULL && it.rooted) {
        tell_strategy(why);
    }
    if (!it.rooted) {
        unit_only_run();
        it.over = true;
        return;
    }
    if (why != NULL && !it.blocked) {
        gone = crashed ? gone_image(why) : 0;
        it.question.enabled &= crashed ? ~set_one(it.stepped) : 0;
        it.question.present &= crashed ? ~set_one(it.stepped) : 0;
        it.question.step = it.at.steps;
        if (gone != 0) { /* nt/ke/visit.c, I4 */
            it.next[it.stepped] = (struct operation){.op = SP_READ_STATE,
                                                     .flags = ABI_AGENT_READS,
                                                     .objects = 1,
                                                     .object = {gone},
                                                     .reads = {true}};
            it.question.present |= set_one(it.stepped);
        }
    }
    it.question.present |= it.at.offered; /* X4 */
    it.question.enabled &= ~it.at.offered;
    if (it.strategy->end != NULL) {
        it.strategy->end(&it.question, why == NULL);
    }
    it.run++;
    unit_ended(counts, error || (why != NULL && is_bad(why)), digest);
    if (begin()) {
        start();
    }
    it.over = true;
}
