/*
 * explorer.c - the kernel asks who goes on: the answers that follow from the state alone are given here, the others by a strategy.
 *
 * inside.h has the whole of it.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "host/explore/inside.h"
#include "host/explore/memory.h"
#include "host/explore/private.h"
#include "host/explore/pulse.h"
#include "host/explore/returns.h"
#include "host/explore/round_robin.h"
#include "host/explore/sighting.h"
#include "host/explore/spin.h"
#include "host/explore/targets.h"
#include "host/explore/together.h"
#include "host/explore/trial.h"
#include "host/explore/unit.h"
#include "host/explore/variety.h"
#include "host/machine/machine.h"
#include "host/machine/snapshot.h"

#define QUIET_TOUCHES 4096

static const struct strategy *const strategies[] = {
    &strategy_random,    &strategy_pct,      &strategy_dpor, /* one by one: */
    &strategy_odpor,     &strategy_pos,      &strategy_urw,       &strategy_surw,
    &strategy_bounded,   &strategy_delay,    &strategy_portfolio, &strategy_feedback,
    &strategy_fair_walk, &strategy_minimise, &strategy_fair,      &strategy_brute,
    &strategy_lattice,   &strategy_watch,
};

struct exploring it;
uint8_t explorer_vectors[MACHINE_XSAVE_ROOM] __attribute__((aligned(4096))); /* few pages */

int
explorer_init(const struct run_search *search, struct search_results *results)
{
    it.search = search;
    it.results = results;
    it.at.last = NO_AGENT;
    pass_init();
    it.channel = machine.request->channel;
    it.deaths = machine.request->deaths;
    it.schedule =
        it.channel != NULL ? it.channel->schedule : calloc(MAX_STEPS, sizeof(*it.schedule));
    it.strategy = search->replay ? &strategy_replay : strategy_find(search->strategy);
    if (it.schedule == NULL || it.strategy == NULL || snapshot_init() != 0 || trial_init() != 0 ||
        beginning_init(start_has_beginnings()) != 0 ||
        (start_has_beginnings() && together_init(it.strategy) != 0)) {
        return -ENOMEM;
    }
    if (memory_init(machine.request) != 0 || private_init(machine.request) != 0 ||
        spin_init(machine.request) != 0 || variety_init(it.strategy) != 0) {
        return -ENOMEM;
    }
    pulse_init(machine.request);
    returns_init(machine.request);
    targets_init(machine.request);
    start_init();
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

/* Ends the run from inside a question. */
NORETURN void
explorer_finish(const struct abi_stop *why)
{
    struct abi_trap nowhere = {0};

    explorer_ended(why);
    worker_stop(why != NULL ? why : &(struct abi_stop){0}, &nowhere);
}

/* X6. Each point asks where steps are recorded, where the environment may step in, and where a trace is told (variety.c). */
GENERAL_REGISTERS_ONLY static uint32_t
alone(uint32_t name, bool told)
{
    it.at.last = (uint8_t)number_of(name);
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
    explorer_finish(&it.wanted);
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
             spin_says(number_known(agent->name), what, sizeof(what)) != 0 ? ", " : "", what);
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
        uint32_t number = number_known(agents[i].name);

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

/* What comes at a question after the root. */
uint32_t
explorer_decide(const struct abi_agent *agents, uint32_t count, uint32_t asker)
{
    question_ask(agents, count);
    sighting_look(&it.question, it.at.scheduled, it.search->wanted == 0 ? it.results : NULL);
    if (it.search->wanted != 0 &&
        (!it.search->replay || it.at.scheduled >= it.search->schedule_length)) {
        it.parting = sighting_wanted(it.search->wanted, it.part, &it.wanted);
        if (it.parting != 0) {
            return part(agents, count);
        }
    }
    if (sighting_outlived(&it.question, &it.wanted)) {
        explorer_finish(&it.wanted);
    }
    if ((it.question.enabled & ~it.at.offered) == 0) {
        it.blocked = true;
        return go_on_blocked(agents, count, asker);
    }
    return question_answer(agents, count);
}

/* Anything may be called from here: the vector registers are saved. `plain`: choose_quickly has looked at each. */
static uint32_t
choose_slowly(const struct abi_agent *agents, uint32_t count, uint32_t asker, bool plain)
{
    uint32_t ready = 0, first = 0, offered = 0;

    for (uint32_t i = plain && it.rooted && spin_is_idle() ? 0 : count; i-- > 0;) {
        if (agents[i].op == SP_NONE ||
            (it.rooted && agents[i].op == SP_YIELD &&
             spin_passes(number_known(agents[i].name), &agents[i])) ||
            (it.rooted && !spin_is_idle() && it.parting == 0 && !trial_is_on() && !it.blocked &&
             spin_goes_on(number_known(agents[i].name), &agents[i], it.at.moves))) {
            spin_stepped(number_known(agents[i].name), it.at.moves++);
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
            explorer_finish(NULL);
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
        uint32_t early = start_before_root(agents, count);

        if (early < count) {
            return early;
        }
        start_take_root(agents, count);
    }
    if (count > 1) {
        it.at.alone = 0;
    } else if (!it.fair && it.at.alone < ALONE_LIMIT) {
        GUEST->alone = it.at.alone % ALONE_POINTS == 0;
        if (it.strategy->alone == NULL ||
            (it.at.last == number_of(agents[0].name) && it.strategy->alone(it.at.steps))) {
            return alone(agents[0].name,
                         variety_looks && !variety_alone(&agents[0], number_of(agents[0].name)));
        }
        it.at.alone++;
    }
    if (it.strategy->returns != NULL && !it.search->replay && !it.search->from_root) {
        start_take_depth(agents, count);
    }
    return explorer_decide(agents, count, asker);
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
            spin_stepped(number_known(agents[i].name), it.at.moves++);
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

    pass_catch_up();
    it.quiet = 0;
    it.at.passed = 0;
    if (!trial_is_on() && spin_is_idle() && it.parting == 0 && !pulse_is_known()) {
        chosen = choose_quickly(agents, count, asker, &plain);
    }
    if (chosen == count) {
        machine_save_vectors(explorer_vectors);
        chosen = choose_slowly(agents, count, asker, plain);
        machine_load_vectors(explorer_vectors);
    }
    GUEST->watching = 1;
    pass_let(number_that_steps(agents[chosen].name));
    return chosen;
}

uint32_t
explorer_touch(uint64_t address, uint64_t size, uint32_t how, uint32_t agent)
{
    bool point;

    pass_catch_up();
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
        spin_wrote(address);
    } else if (how == ABI_TOUCH_READ && !point) {
        spin_read(address, size);
    }
    return point;
}
