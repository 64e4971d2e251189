/*
 * question.c - a question with several to choose from: what each stands at, and what the strategy says.
 *
 * Nothing here depends on the order in which the kernel lists agents; an answer is a number, and an index again only at the end.
 */
#include <stdio.h>
#include <string.h>
#include "host/explore/inside.h"
#include "host/explore/private.h"
#include "host/explore/pulse.h"
#include "host/explore/returns.h"
#include "host/explore/sighting.h"
#include "host/explore/targets.h"
#include "host/explore/spin.h"
#include "host/explore/together.h"
#include "host/explore/trial.h"
#include "host/explore/unit.h"
#include "host/explore/variety.h"
#include "host/machine/machine.h"
#include "host/machine/snapshot.h"

#define UNFAIR 16384 /* choices; must be less than MAX_STEPS */

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

/* Whoever begins to wait for an event that is pulsed comes before the run's end like everybody who can go on (nt/ke/explore.c, E14). */
static agent_set
without_end(const struct question *question)
{
    agent_set enabled = question->enabled;

    for (agent_set set = enabled; set != 0; set &= set - 1) {
        if (operation_is_end(&question->next[set_first(set)])) {
            enabled &= ~(set & -set);
        }
    }
    return enabled;
}

void
question_ask(const struct abi_agent *agents, uint32_t count)
{
    struct question *question = &it.question;
    bool alike = spin_is_idle() && !it.search->stuck;
    agent_set present = 0, enabled = 0;
    uint32_t running = 0;
    bool begins = false; /* somebody, to wait, as a step */

    it.spinning = 0;
    it.past = !it.search->replay || it.at.steps + replay_skipped >= it.search->schedule_length;
    for (uint32_t i = 0; i < count; i++) {
        const struct abi_agent *agent = &agents[i];
        uint32_t number = number_at(agent);
        agent_set one = set_one(number);

        it.where[number] = (uint8_t)i;
        if (!alike || agent->stamp == 0 || agent->stamp != it.stamp[number]) {
            look_at(agent, number);
            alike = alike && spin_is_idle();
        }
        present |= one;
        enabled |= (it.next[number].flags & ABI_AGENT_BLOCKED) == 0 ? one : 0;
        begins = begins || (agent->flags & ~it.next[number].flags & ABI_AGENT_BLOCKED) != 0;
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
    if (begins) {
        question->enabled = without_end(question);
    }
    if (it.results != NULL && running > it.results->running) {
        it.results->running = running;
    }
    if (it.results != NULL) {
        it.results->dirty |= GUEST->dirty;
        it.results->withheld |= GUEST->withheld;
    }
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
            asker = number_of(agents[i].name);
        }
    }
    switch (fair_state(&it.question, asker)) {
    case FAIR_STANDS_STILL:
        explorer_finish(&livelock);
    case FAIR_TOO_LONG:
        explorer_finish(NULL);
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
            explorer_finish(&death->why);
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
        uint32_t number = number_of(agents[i].name);
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
        (several && it.at.steps > 0 && (new->branch = take(explorer_vectors)) == NULL)) {
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
uint32_t
question_answer(const struct abi_agent *agents, uint32_t count)
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
        explorer_finish(NULL);
    }
    if (chosen == ANSWER_FAIR) {
        if (!it.fair) {
            it.fair = true;
            if (!snapshot.taken) {
                snapshot_take(explorer_vectors); /* a replay: fair.c asks what has changed */
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
    targets_step(&it.question, chosen);
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
