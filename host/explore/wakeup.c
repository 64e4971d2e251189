/*
 * wakeup.c - every trace once and no run in vain: optimal reduction (Abdulla, Aronis, Jonsson,
 * Sagonas 2014), `--strategy odpor`.
 *
 * Where dpor.c notes who must be tried, this keeps for each question a tree of what must be tried: the
 * wakeup tree, whose branches are beginnings of runs that no agent asleep can make a repetition of.
 *
 *   W1  A race of step i with a later one gives a sequence: what came after i, up to the run's end, and does not follow
 *       from it, then the later step. (What comes behind the later one counts: somebody who sleeps may not be independent of that.) It is added at question i unless an agent that sleeps there
 *       could begin it, or is independent of all of it. The run's end is in none: nobody's step comes behind it.
 *   W2  To add is to walk down: a branch is followed if its step could begin what is left of the
 *       sequence (and is then taken out of it), or is independent of all that is left. At a leaf
 *       there is nothing to do: what comes after a leaf is searched freely.
 *   W3  The branch that is being explored is taken out of the tree; the rest of it is the tree of the
 *       next question.
 *   W4  Footprints that depend on the state (a compare-exchange that fails only reads), and waits
 *       that can end in several ways, may make a branch impossible: its agent cannot step when its
 *       turn comes. Then all that can step are tried there, too, as dpor would. The last step of a sequence may be another operation where
 *       the sequence begins: what it could follow is asked of the move of its agent there (D10 in dpor.c).
 *   W6  Who sleeps in front of an operation that counts (operation_counts) wakes when it is another one, and is taken to depend
 *       on all others that count where it is asked what could begin a sequence: that has been made without it.
 *   W7  An injected event need not happen (D8 in dpor.c), so where a sequence asks for one at a question that was not there before, the run without
 *       it is asked for as well.
 *   W5  What a step takes away (a timer that it cancels; everything, if it crashes or ends the run) could have come
 *       instead of it, so it is added where that step was chosen: D3 in dpor.c.
 *   W9  A search can be split into shards: top.h. At the first questions all who do not sleep are tried, and nothing is asked of them. Then a crash
 *       to which several shards may come counts where nothing else is in the run: bare.h. That run is added where it leaves the one that was made. Who sleeps since then was not made to sleep by what a race
 *       asks for, so the runs behind it may all be cut; it stands for no sequence that it is no part of: what comes behind that and wakes it is asked for
 *       by nobody else.
 *   W10 Numbers are given to agents as they come. One who comes behind the question that a branch is at may have another number on the branch than in the run
 *       that asked for it; so there it is known by its name.
 *   W11 Who sleeps and is not there when the run ends is no part of it: if he is not independent of the end, he stands for no sequence of that run. So the end is the
 *       last of each when it is asked who could begin it.
 *   W12 The last step of a sequence may be put beside a branch that it is independent of when its turn comes (W4). Then somebody sleeps behind it who was not thought to, and what
 *       comes behind it is not all that there is: a sequence that begins with it is added below it, though it is a leaf.
 *   W8  A run that crashed is told by its last step and what came before that, and counts once: bare.h. Nothing comes behind
 *       such a step, so who sleeps in front of one does not stand for sequences that it is no part of; and the branch has swallowed others
 *       (W2) for nothing, so all who do not sleep themselves are tried instead.
 */
#include <errno.h>
#include <string.h>
#include "host/explore/bare.h"
#include "host/explore/happens.h"
#include "host/explore/hashes.h"
#include "host/explore/top.h"
#include "host/machine/machine.h"

#define MAX_BRANCHES (1u << 22)
#define MAX_SLEEPERS (1u << 20)
#define MAX_RACES    (1u << 18)

/* An agent and what its step touches. W10: of a branch's agent the name counts. */
struct move {
    uint64_t key[OPERATION_TOUCHES];
    uint32_t name;
    uint8_t agent, touches;
    bool counts;                        /* W6 */
    bool crashes;                       /* W8 */
    bool far;                           /* W9: sleeps since one of the first questions */
    unsigned __int128 writes, up, down; /* a bit for each key; enum touch_counts */
};

struct branch {
    uint32_t child, next; /* 0: none; a free one: the next free one */
    bool open;            /* W12 */
    struct move move;
};

struct node {
    uint32_t tree;               /* first branch that is still to be explored */
    uint32_t rest;               /* W3 */
    uint32_t sleepers, sleeping; /* first one, and how many */
    struct move chosen;
};

/* The sequence of W1. */
static struct event {
    uint32_t step; /* for the last one the number that it would have */
    const uint32_t *clock;
    struct move move;
    bool unsteady; /* W4 */
    bool beyond;   /* W11 */
} *event;
static uint32_t events;

/* Of the steps of this run, by the later one. */
static struct race {
    uint32_t first, second;
    uint32_t clock[MAX_AGENTS]; /* of the second, as it would be without the first */
} *race;
static uint32_t races;

static struct node *path;
static struct branch *branches;
static uint32_t used, unused; /* so many have ever been used; list of free ones */
static struct move *sleepers;
static uint32_t prefix;
static struct hashes crashes; /* W8 */
static bool crashed;          /* the run that has ended */
static bool sharded;          /* W9 */
static bool skipped;          /* the run has come to another shard's part */

static int
init(const struct run_search *search)
{
    if (path == NULL) {
        path = search_reserve((MAX_STEPS + 1) * sizeof(*path)); /* and who sleeps behind the last */
        branches = search_reserve(MAX_BRANCHES * sizeof(*branches));
        sleepers = search_reserve(MAX_SLEEPERS * sizeof(*sleepers));
        event = search_reserve(MAX_STEPS * sizeof(*event));
        race = search_reserve(MAX_RACES * sizeof(*race));
    }
    top_init(search);
    sharded = top_learns();
    skipped = false;
    return path == NULL || bare_init() != 0 || branches == NULL || sleepers == NULL ||
                   event == NULL || race == NULL || hashes_init(&crashes) != 0
               ? -ENOMEM
               : happens_init();
}

static void
note_touch(struct move *move, uint32_t key, bool writes, uint8_t counts)
{
    move->writes |= (unsigned __int128)writes << key;
    move->up |= (unsigned __int128)(counts & COUNTS_UP) << key;
    move->down |= (unsigned __int128)((counts & COUNTS_DOWN) != 0) << key;
}

static uint8_t
counts_at(const struct move *move, uint32_t key)
{
    return (uint8_t)((move->up >> key & 1) * COUNTS_UP | (move->down >> key & 1) * COUNTS_DOWN);
}

static struct move
move_of(uint32_t agent, const struct operation *operation)
{
    struct touch touch[OPERATION_TOUCHES];
    struct move move = {.agent = (uint8_t)agent,
                        .name = explorer_name(agent),
                        .counts = operation_counts(operation),
                        .touches = (uint8_t)operation_touches_end(
                            operation, touch, operation_touches(operation, touch))};

    for (uint32_t i = 0; i < move.touches; i++) {
        move.key[i] = touch[i].key;
        note_touch(&move, i, touch[i].writes, touch[i].counts);
    }
    return move;
}

static struct move
move_of_step(uint32_t number)
{
    const struct step *step = &happens_step[number];
    struct move move = {.agent = step->agent,
                        .name = explorer_name(step->agent),
                        .counts = step->counts,
                        .touches = step->touches};

    for (uint32_t i = 0; i < step->touches; i++) {
        move.key[i] = happens_key(step->touch[i].object);
        note_touch(&move, i, step->touch[i].writes, step->touch[i].counts);
    }
    return move;
}

static bool
dependent(const struct move *a, const struct move *b)
{
    for (uint32_t i = 0; i < a->touches; i++) {
        for (uint32_t j = 0; j < b->touches; j++) {
            if (a->key[i] == b->key[j] && touches_conflict(a->writes >> i & 1, counts_at(a, i),
                                                           b->writes >> j & 1, counts_at(b, j))) {
                return true;
            }
        }
    }
    return a->name == b->name;
}

/* W6 */
static bool
may_depend(const struct move *a, const struct move *b)
{
    for (uint32_t i = 0; i < a->touches && a->counts && b->counts; i++) {
        for (uint32_t j = 0; j < b->touches; j++) {
            if (a->key[i] == b->key[j]) {
                return true;
            }
        }
    }
    return dependent(a, b);
}

static uint32_t
branch_new(const struct move *move)
{
    uint32_t branch = unused;

    if (branch != 0) {
        unused = branches[branch].next;
    } else if (used == MAX_BRANCHES) {
        worker_fail("the wakeup trees are too large: try --strategy dpor");
    } else {
        branch = used++;
    }
    branches[branch] = (struct branch){.move = *move};
    return branch;
}

/* Forgets a branch and all below it. */
static void
branch_free(uint32_t branch)
{
    while (branches[branch].child != 0) {
        uint32_t child = branches[branch].child;

        branches[branch].child = branches[child].next;
        branch_free(child);
    }
    branches[branch].next = unused;
    unused = branch;
}

static uint32_t *
last_link(uint32_t *link)
{
    while (*link != 0) {
        link = &branches[*link].next;
    }
    return link;
}

static void
keep(uint32_t steps)
{
    happens_keep(steps);
    while (races > 0 && race[races - 1].second >= steps) {
        races--;
    }
}

static bool
begin(uint64_t run)
{
    if (run == 0) { /* in a shard for the second time */
        prefix = 0;
        used = 1; /* 0 is none */
        unused = 0;
        keep(0);
        return true;
    }
    for (prefix = happens_steps; prefix > 0; prefix--) {
        struct node *node = &path[prefix - 1];

        /* Whoever has stepped here sleeps from now on. */
        if (node->sleepers + node->sleeping == MAX_SLEEPERS) {
            worker_fail("too many agents sleep: try --strategy dpor");
        }
        sleepers[node->sleepers + node->sleeping] = node->chosen;
        sleepers[node->sleepers + node->sleeping++].far = prefix - 1 < top;
        if (node->tree != 0) {
            keep(prefix - 1);
            return true;
        }
    }
    return false;
}

static uint32_t
shared(void)
{
    return bare_is_made() ? bare_first() : prefix > 0 ? prefix - 1 : 0;
}

static bool
returns(uint32_t step)
{
    return !bare_is_led() && step < happens_steps && path[step].tree != 0;
}

static bool
alone(uint32_t steps)
{
    return !bare_is_led() && happens_before_all(steps);
}

static bool
comes_before(const struct event *a, const struct event *b)
{
    return b->clock[a->move.agent] > a->step;
}

/* Could the agent's move begin what is left of the sequence? Then *at is where it is in it, `events` if it is not. */
static bool
could_begin(const struct move *move, uint32_t *at)
{
    uint32_t i;

    for (i = 0; i < events && event[i].move.name != move->name; i++) {
    }
    *at = i;
    if (i == events) {
        for (uint32_t j = 0; j < events; j++) {
            if (move->crashes || move->far || may_depend(move, &event[j].move)) {
                return false;
            }
        }
        return true;
    }
    for (uint32_t j = 0; j < i; j++) {
        if (comes_before(&event[j], &event[i]) ||
            (event[i].unsteady && may_depend(move, &event[j].move))) {
            return false;
        }
    }
    return true;
}

/* W2; `only`: nothing else may come between (W9). */
static void
insert(uint32_t *tree, bool only)
{
    uint32_t branch = *tree, at;
    bool open;

    while (branch != 0) {
        if (!could_begin(&branches[branch].move, &at) || (only && at == events)) {
            branch = branches[branch].next;
            continue;
        }
        if (at < events) {
            events--;
            memmove(&event[at], &event[at + 1], (events - at) * sizeof(*event));
        }
        tree = &branches[branch].child;
        open = branches[branch].open;
        branch = *tree;
        if ((branch == 0 && !open) || events == 0 || event[0].beyond) {
            return;
        }
    }
    tree = last_link(tree);
    for (uint32_t i = 0; i < events && !event[i].beyond; i++) {
        *tree = branch_new(&event[i].move);
        branches[*tree].open = event[i].unsteady;
        tree = &branches[*tree].child;
    }
}

static const struct operation *taking; /* what reverse_blocked's agent would do */

/* W1. The run without what follows step `i`, then `last`. */
static void
ask_reversed(uint32_t i, const struct event *last)
{
    struct node *node = &path[i];
    uint32_t at;

    if (i < top) {
        return;
    }
    events = 0;
    for (uint32_t k = i + 1; k < happens_steps; k++) {
        if (k != last->step && !happens_before(i, k) && !happens_step[k].ends) {
            event[events++] =
                (struct event){.step = k, .clock = happens_clock(k), .move = move_of_step(k)};
        }
    }
    event[events] = *last;
    if (event[events].unsteady) {
        event[events].move.writes = ~(unsigned __int128)0; /* W4 */
    }
    events++;
    if (happens_steps > 0 && happens_step[happens_steps - 1].ends &&
        last->step + 1 != happens_steps) { /* W11 */
        event[events++] = (struct event){.step = happens_steps - 1,
                                         .clock = happens_clock(happens_steps - 1),
                                         .move = move_of_step(happens_steps - 1),
                                         .beyond = true};
    }
    for (uint32_t s = 0; s < node->sleeping; s++) {
        if (could_begin(&sleepers[node->sleepers + s], &at)) {
            return;
        }
    }
    insert(&node->tree, false);
}

/* Of an agent that is blocked, or gone. */
static void
reverse_blocked(uint32_t i, uint32_t agent, const uint32_t *clock)
{
    ask_reversed(i, &(struct event){.step = happens_steps,
                                    .clock = clock,
                                    .move = move_of(agent, taking),
                                    .unsteady = !operation_is_steady(taking)});
}

static void
find_races_of_blocked(const struct question *question, agent_set agents)
{
    for (; agents != 0; agents &= agents - 1) {
        uint32_t agent = set_first(agents);

        taking = &question->next[agent];
        happens_blocked(question, agent, reverse_blocked);
    }
}

/* Of the step that is being taken: W1 is asked at the run's end. */
static void
note_race(uint32_t i, uint32_t agent, const uint32_t *clock)
{
    if (races == MAX_RACES) {
        worker_fail("too many steps of a run are in races: try --strategy dpor");
    }
    race[races] = (struct race){.first = i, .second = happens_steps};
    memcpy(race[races++].clock, clock, happens_width * sizeof(*clock));
}

static void
reverse_all(void)
{
    for (uint32_t i = 0; i < races; i++) {
        const uint32_t second = race[i].second;

        ask_reversed(race[i].first, &(struct event){.step = second,
                                                    .clock = race[i].clock,
                                                    .move = move_of_step(second),
                                                    .unsteady = !happens_step[second].steady});
    }
}

/* W9: the run without what the crash does not need. */
static void
ask_bare(void)
{
    const uint32_t first = bare_first();
    struct node *node = &path[first];
    uint32_t at;

    if (first < top) {
        return;
    }
    events = 0;
    for (uint32_t k = first; k < happens_steps; k++) {
        if (bare_has(k)) {
            event[events++] =
                (struct event){.step = k, .clock = happens_clock(k), .move = move_of_step(k)};
        }
    }
    for (uint32_t s = 0; s < node->sleeping; s++) {
        if (could_begin(&sleepers[node->sleepers + s], &at) && at < events) {
            return;
        }
    }
    insert(&node->tree, true);
}

/* What the last step has taken away could have come instead of it: W5. `ends`: and then the step, which is the run's end. */
static void
ask_instead(const struct question *question, agent_set agents, bool ends)
{
    struct node *node = &path[happens_steps - 1];
    uint32_t at;

    if (happens_steps - 1 < top) {
        return;
    }
    for (; agents != 0; agents &= agents - 1) {
        uint32_t agent = set_first(agents);
        bool asleep = false;

        event[0] = (struct event){.step = happens_steps - 1,
                                  .move = move_of(agent, &question->next[agent])};
        event[1] = (struct event){.step = happens_steps - 1,
                                  .clock = happens_clock(happens_steps - 1),
                                  .move = node->chosen};
        events = ends ? 2 : 1;
        for (uint32_t s = 0; s < node->sleeping && !asleep; s++) {
            const struct move *sleeper = &sleepers[node->sleepers + s];

            asleep = could_begin(sleeper, &at) && (!node->chosen.crashes || at < events);
        }
        if (!asleep) {
            insert(&node->tree, false);
        }
    }
}

static void
find_taken_away(const struct question *question)
{
    const struct step *last = &happens_step[question->step - 1];
    agent_set gone = last->present & ~question->present & ~set_one(last->agent);

    ask_instead(question, gone & last->enabled, false);
    find_races_of_blocked(question, gone & ~last->enabled);
}

/* Whoever sleeps here and is not woken sleeps at the next question too. */
static void
pass_sleep(const struct question *question)
{
    const struct node *node = &path[question->step];
    struct node *next = &path[question->step + 1];

    next->sleepers = node->sleepers + node->sleeping;
    next->sleeping = 0;
    for (uint32_t i = 0; i < node->sleeping; i++) {
        uint32_t agent = sleepers[node->sleepers + i].agent;
        struct move move = move_of(agent, &question->next[agent]);

        move.crashes = sleepers[node->sleepers + i].crashes;
        move.far = sleepers[node->sleepers + i].far;
        if (!dependent(&move, &node->chosen)) {
            if (next->sleepers + next->sleeping == MAX_SLEEPERS) {
                worker_fail("too many agents sleep: try --strategy dpor");
            }
            sleepers[next->sleepers + next->sleeping++] = move;
        }
    }
}

/* W6 */
static void
wake(struct node *node, const struct question *question)
{
    uint32_t left = 0;

    for (uint32_t i = 0; i < node->sleeping; i++) {
        struct move move = sleepers[node->sleepers + i];

        if (!move.counts || operation_counts(&question->next[move.agent])) {
            sleepers[node->sleepers + left++] = move;
        }
    }
    node->sleeping = left;
}

static void
drop_first(struct node *node)
{
    const uint32_t next = branches[node->tree].next;

    branch_free(node->tree);
    node->tree = next;
}

/* W4. The other branches stay, and what was put behind this one for being independent of it: somebody may sleep because of them. */
static void
widen(struct node *node, const struct question *question, agent_set asleep)
{
    const uint32_t behind = branches[node->tree].child;
    agent_set there = asleep;

    branches[node->tree].child = 0;
    drop_first(node);
    *last_link(&node->tree) = behind;
    for (uint32_t branch = node->tree; branch != 0; branch = branches[branch].next) {
        uint32_t agent = explorer_named(question->present, branches[branch].move.name);

        there |= agent != NO_AGENT ? set_one(agent) : 0;
    }
    for (agent_set set = question->enabled & ~there; set != 0; set &= set - 1) {
        uint32_t agent = set_first(set);
        struct move move = move_of(agent, &question->next[agent]);

        *last_link(&node->tree) = branch_new(&move);
    }
}

/* W9 */
static void
try_all(struct node *node, const struct question *question, agent_set free)
{
    while (free != 0) {
        uint32_t agent = question_first(question, free);
        struct move move = move_of(agent, &question->next[agent]);

        *last_link(&node->tree) = branch_new(&move);
        free &= ~set_one(agent);
    }
}

/* W7. `agents` could step instead. */
static void
ask_without(struct node *node, const struct question *question, agent_set agents)
{
    uint32_t other, branch = node->tree;
    struct move move;

    if (agents == 0 ||
        operation_injected(&question->next[other = question_first(question, agents)])) {
        return;
    }
    while (branch != 0 && branches[branch].move.name != explorer_name(other)) {
        branch = branches[branch].next;
    }
    if (branch == 0) {
        move = move_of(other, &question->next[other]);
        *last_link(&node->tree) = branch_new(&move);
    }
}

static uint32_t
choose(const struct question *question)
{
    struct node *node = &path[question->step];
    agent_set asleep = 0, free, kept;
    uint32_t branch, chosen;

    if (bare_is_led()) {
        return bare_choose(question);
    }
    if (question->step < happens_steps) {
        if (happens_step[question->step].enabled != question->enabled) {
            worker_fail("the run does not repeat: another question at step %u", question->step);
        }
        return node->chosen.agent;
    }
    if (question->step >= prefix && question->step > 0) {
        find_taken_away(question);
    }
    happens_ask(question);
    skipped = question->step + 1 != prefix && top_ends_here(question->step);
    if (skipped) {
        return ANSWER_CUT;
    }
    if (question->step == 0 && prefix != 1) {
        *node = (struct node){0};
    } else if (question->step + 1 != prefix) {
        node->tree = node[-1].rest;
    }
    if (question->step + 1 != prefix) {
        wake(node, question);
    }
    for (uint32_t i = 0; i < node->sleeping; i++) {
        asleep |= set_one(sleepers[node->sleepers + i].agent);
    }
    free = question->enabled & ~asleep;
    if (question->step + 1 != prefix && question->step < top) {
        try_all(node, question, free);
    }
    while (node->tree != 0) {
        uint32_t agent = explorer_named(question->present, branches[node->tree].move.name);

        if (agent != NO_AGENT && (free >> agent & 1) != 0) {
            break;
        }
        if (agent == NO_AGENT || (asleep >> agent & 1) == 0) {
            widen(node, question, asleep);
        } else {
            drop_first(node);
        }
    }
    branch = node->tree;
    if (branch == 0 && free == 0) {
        return ANSWER_CUT;
    }
    if (branch != 0) {
        chosen = explorer_named(question->present, branches[branch].move.name);
        node->tree = branches[branch].next;
        node->rest = branches[branch].child;
        branches[branch].child = 0;
        branch_free(branch);
        if (question->step + 1 != prefix && operation_injected(&question->next[chosen])) {
            ask_without(node, question, free & ~set_one(chosen));
        }
    } else {
        chosen = question_first(question, free);
        node->rest = 0;
    }
    node->chosen = move_of(chosen, &question->next[chosen]);
    pass_sleep(question);
    kept = happens_kept_from(question, chosen);
    find_races_of_blocked(question, kept & ~question->enabled);
    happens_take(question, chosen, note_race);
    ask_instead(question, kept & question->enabled, operation_is_end(&question->next[chosen]));
    return chosen;
}

static void
end(const struct question *question, bool cut)
{
    if (!cut && happens_steps > 0) {
        path[happens_steps - 1].chosen.crashes = crashed;
    }
    if (top_learns()) {
        top_learn();
    }
    happens_ask(question);
    reverse_all();
    find_races_of_blocked(question, question->present & ~question->enabled);
    if (!cut && happens_steps > 0) {
        ask_instead(question, end_took_away(question, &happens_step[happens_steps - 1]), false);
    }
    if (bare_is_judged()) {
        ask_bare();
    }
    bare_end();
    skipped = false;
}

static bool
counts(const struct abi_stop *why, bool has_crashed)
{
    return top_counts(skipped);
}

static bool
again(const struct abi_stop *why, bool has_crashed)
{
    return sharded && !top_learns() && (bare_is_made() || counts(why, has_crashed)) &&
           bare_again(why, has_crashed);
}

static bool
repeats(const struct abi_stop *why, bool has_crashed)
{
    crashed = has_crashed;
    if (sharded) { /* W9 */
        return crashed && bare_is_same();
    }
    return crashed && happens_steps > 0 &&
           !hashes_add(&crashes, happens_step[happens_steps - 1].hash);
}

const struct strategy strategy_odpor = {.name = "odpor",
                                        .init = init,
                                        .begin = begin,
                                        .choose = choose,
                                        .shared = shared,
                                        .returns = returns,
                                        .alone = alone,
                                        .end = end,
                                        .again = again,
                                        .repeats = repeats,
                                        .counts = counts,
                                        .kind = STRATEGY_PARTED,
                                        .exhausted = SEARCH_EXHAUSTED};
