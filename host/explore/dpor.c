/*
 * dpor.c - every trace once: source sets and sleep sets (Abdulla, Aronis, Jonsson, Sagonas 2014).
 *
 * Two schedules that differ only in the order of independent steps are one trace. A run is a path
 * in a tree of questions; for each question on the current path we keep
 *     sleep      whose step from here has been explored already
 *     backtrack  who must be tried here, because of a race further down
 *     done       who was
 * As a step is taken its races are found (happens.c): an earlier step of another agent that is
 * dependent, could have come in the other order, and has nothing between that orders the two. For
 * each, one agent that could begin the reversed order is added where the earlier step was chosen.
 *
 *   D1  An agent that sleeps wakes as soon as something dependent on its next step is done.
 *   D2  When all that could step sleep, the run is cut: it would repeat a trace.
 *   D3  What an agent that is blocked at the end would do takes part in races as if it were done; of a
 *       run that was cut too: only there the others may sleep.
 *       So does who is queued an APC: what he does behind the APC follows from that, if he still does it. Who does not stand blocked there could
 *       have stepped instead.
 *       So does an agent that another one's step took away: a timer that was cancelled, a DPC that was
 *       taken off its queue, what would still have happened by itself when the run ended (time that passes comes before its end, or not at all), and everybody
 *       who could have stepped instead of the step that crashed.
 *   D4  What the last run and this one share is not looked at again.
 *
 * A search can be a subtree (subtree.h): the questions below number `root` are not its own. A race that
 * asks something of one of those is kept, for whoever takes the subtree's result over.
 *
 *   D5  Agents are tried in the order in which they were asked for, so what a subtree comes to follows
 *       from its beginning and from who sleeps there.
 *   D6  What has been given away, and taken over again, counts as done here when its turn comes.
 *   D9  It wakes too when what it would do has become another operation by a step that was independent of it: see operation_counts.
 *   D8  An injected event need not happen, so the run without it comes first: question_first.
 *   D10 Whoever is before the other step of a race may be in front of another operation there than the one that it makes behind it:
 *       operation_is_steady. If it sleeps at that question, what comes between may have woken it, though it begins with nothing that
 *       the operation it makes now follows. So then it does not count as one that could begin the other order.
 *   D11 Of the runs that end in one crash the one counts that has nothing else in it: bare.h.
 *   D7  A search can be split into shards: top.h.
 */
#include "host/explore/subtree.h"
#include <errno.h>
#include "host/explore/bare.h"
#include "host/explore/happens.h"
#include "host/explore/top.h"
#include "host/explore/unit.h"
#include "host/machine/machine.h"

#define LARGE 64

static struct node *path;
static uint32_t root;
static uint32_t length;  /* answers of the last run */
static uint32_t prefix;  /* answers of this run that are given */
static uint64_t runs;    /* of this process */
static uint64_t large;   /* runs of a subtree that is worth giving away; 0: any */
static bool fresh;       /* the subtree has not begun */
static bool skipped;     /* the run has come to another shard's part */
static bool handed_over; /* there was no run before this one */
static agent_set
    counting; /* D9: who sleeps at the next question in front of an operation that counts */
static uint64_t complete, told;

static int
init(const struct run_search *search)
{
    if (path == NULL) {
        path = search_reserve(MAX_STEPS * sizeof(*path));
    }
    prefix = length = root = 0;
    complete = told = 0;
    fresh = true;
    /* With a budget in runs the parts that are far away may not be reached. */
    large = search->runs != 0 ? LARGE : 0;
    top_init(search);
    return path == NULL || bare_init() != 0 ? -ENOMEM : happens_init();
}

static void
add(struct node *node, agent_set agents)
{
    for (agents &= ~node->backtrack; agents != 0; agents &= agents - 1) {
        node->queue[node->queued++] = (uint8_t)set_first(agents); /* D5 */
    }
    for (uint32_t i = 0; i < node->queued; i++) {
        node->backtrack |= set_one(node->queue[i]);
    }
}

/* A race asks for something. */
static void
ask(const struct asking *asking)
{
    struct node *node = &path[asking->step];
    agent_set agents = asking->agents;
    uint32_t first = asking->first;

    if (asking->step < root) {
        subtree_ask(asking);
        return;
    }
    if (asking->doubtful != NO_AGENT && (node->sleep >> asking->doubtful & 1) != 0) { /* D10 */
        agents &= ~set_one(asking->doubtful);
        first = asking->instead;
        if (agents == 0) {
            return; /* nothing comes between */
        }
    }
    if ((agents & node->backtrack) == 0) {
        add(node, first != NO_AGENT ? set_one(first) : node->enabled);
    }
}

/* Part number `part` was the next thing to do, and has been given away: D6. False: nothing can be done now. */
static bool
take_over(uint32_t part, uint32_t agent)
{
    struct node *node = &path[prefix - 1];
    enum unit_answer answer;
    const uint8_t *asks;
    size_t size;

    length = prefix; /* what is deeper is done */
    answer = unit_need(part, &asks, &size);
    if (answer == UNIT_LOAD) {
        return false;
    }
    subtree_given_back(part);
    if (answer == UNIT_TAKE) {
        node->done |= set_one(agent);
        subtree_read_asks(asks, size, ask);
    }
    return true;
}

static bool
begin(uint64_t run)
{
    if (fresh) {
        prefix = root;
        fresh = false;
        happens_keep(0);
        return true;
    }
    /* The deepest question that still has something to try. */
    for (prefix = length; prefix > root; prefix--) {
        uint32_t agent, part;

        while ((agent = node_next(&path[prefix - 1])) != NO_AGENT) {
            part = subtree_part(prefix - 1, agent);
            if (part == 0) {
                path[prefix - 1].chosen = (uint8_t)agent;
                path[prefix - 1].since = runs;
                happens_keep(prefix - 1 < happens_steps ? prefix - 1 : happens_steps);
                return true;
            }
            if (!take_over(part, agent)) {
                return false;
            }
        }
    }
    return false;
}

static uint32_t
shared(void)
{
    if (bare_is_made()) {
        return bare_first();
    }
    return handed_over || prefix == 0 ? 0 : prefix - 1;
}

static bool
returns(uint32_t step)
{
    return !bare_is_led() && step < happens_steps && step >= root && node_left(&path[step]) != 0;
}

static bool
alone(uint32_t steps)
{
    return !bare_is_led() && happens_before_all(steps);
}

static bool
counts(const struct abi_stop *why, bool crashed)
{
    return top_counts(skipped);
}

static bool
again(const struct abi_stop *why, bool crashed)
{
    return (bare_is_made() || counts(why, crashed)) && bare_again(why, crashed);
}

static bool
repeats(const struct abi_stop *why, bool crashed)
{
    return crashed && bare_is_same();
}

static bool taking_is_steady; /* what the agent does whose races are looked for */

/* What `agent` does now, its clock being `clock`, races with step `i`: who could begin the other order? */
static void
reverse(uint32_t i, uint32_t agent, const uint32_t *clock)
{
    const agent_set enabled = happens_step[i].enabled, present = happens_step[i].present;
    agent_set agents = (present | set_one(agent)) & ~set_one(happens_step[i].agent), initials = 0;
    uint32_t earliest = UINT32_MAX, earliest_sure = UINT32_MAX;
    struct asking asking = {
        .step = i, .first = NO_AGENT, .doubtful = NO_AGENT, .instead = NO_AGENT};

    /* The agent of step i does nothing more that does not follow it; whoever appeared later follows
       what it was made by. */
    for (; agents != 0; agents &= agents - 1) {
        uint32_t other = set_first(agents);
        uint32_t next = happens_next(other, i);
        bool sure;

        if (other == agent && next != 0 && happens_before(i, next - 1)) {
            next = 0; /* H5 in happens.c: the delivery, which would not come first */
        }
        sure = next != 0 ? happens_step[next - 1].steady : taking_is_steady;

        if (next != 0 ? !happens_initial(happens_clock(next - 1), other, i)
                      : other != agent || !happens_initial(clock, agent, i)) {
            continue;
        }
        if (sure && i >= root && (path[i].backtrack >> other & 1) != 0) {
            return;
        }
        initials |= set_one(other);
        asking.doubtful = sure ? asking.doubtful : other;
        if (next == 0) {
            next = happens_steps + 1;
        }
        if ((enabled >> other & 1) != 0 && next < earliest) {
            earliest = next;
            asking.first = other;
        }
        if ((enabled >> other & 1) != 0 && sure && next < earliest_sure) {
            earliest_sure = next;
            asking.instead = other;
        }
    }
    asking.agents = initials & present;
    ask(&asking);
}

/* Races of the steps that a subtree begins with are its giver's. */
static void
ignore(uint32_t i, uint32_t agent, const uint32_t *clock)
{
}

/* D3: the last step has taken away what these could have done instead of it. */
static void
ask_instead(agent_set agents)
{
    for (; agents != 0; agents &= agents - 1) {
        ask(&(struct asking){.agents = agents & -agents,
                             .step = happens_steps - 1,
                             .first = set_first(agents),
                             .doubtful = NO_AGENT,
                             .instead = NO_AGENT});
    }
}

/* D11: who could begin with what the crash needs? */
static void
ask_bare(void)
{
    const uint32_t first = bare_first();
    const agent_set enabled = happens_step[first].enabled;
    agent_set agents = happens_step[first].present & ~set_one(happens_step[first].agent);
    uint32_t earliest = UINT32_MAX;
    struct asking asking = {
        .step = first, .first = NO_AGENT, .doubtful = NO_AGENT, .instead = NO_AGENT};

    for (; agents != 0; agents &= agents - 1) {
        uint32_t other = set_first(agents);
        uint32_t next = happens_next(other, first);

        if (next == 0 || !bare_has(next - 1) ||
            !happens_initial(happens_clock(next - 1), other, first)) {
            continue;
        }
        asking.agents |= set_one(other);
        if ((enabled >> other & 1) != 0 && next < earliest) {
            earliest = next;
            asking.first = other;
        }
    }
    ask(&asking);
}

static void
find_races_of_blocked(const struct question *question, agent_set agents)
{
    for (; agents != 0; agents &= agents - 1) {
        uint32_t agent = set_first(agents);

        taking_is_steady = operation_is_steady(&question->next[agent]);
        happens_blocked(question, agent, reverse);
    }
}

/* D3: who was there at the last question, did not step and is gone. */
static void
find_taken_away(const struct question *question)
{
    const struct step *last = &happens_step[question->step - 1];
    agent_set gone = last->present & ~question->present & ~set_one(last->agent);

    ask_instead(gone & last->enabled);
    find_races_of_blocked(question, gone & ~last->enabled);
}

static uint32_t
choose(const struct question *question)
{
    struct node *node = &path[question->step];
    agent_set free, kept;

    if (bare_is_led()) {
        return bare_choose(question);
    }
    if (question->step < happens_steps) { /* D4 */
        if (happens_step[question->step].enabled != question->enabled) {
            worker_fail("the run does not repeat: another question at step %u", question->step);
        }
        return node->chosen;
    }
    if (question->step >= prefix && question->step > 0) {
        find_taken_away(question);
    }
    happens_ask(question);
    if (question->step + 1 > prefix) {
        if (top_ends_here(question->step)) {
            skipped = true;
            return ANSWER_CUT;
        }
        *node = (struct node){.sleep = question->step > 0 ? node[-1].asleep : 0, .since = runs};
        for (agent_set set = node->sleep & counting; set != 0; set &= set - 1) {
            if (!operation_counts(&question->next[set_first(set)])) {
                node->sleep &= ~(set & -set); /* D9 */
            }
        }
        free = question->enabled & ~node->sleep;
        if (free == 0) {
            return ANSWER_CUT; /* D2 */
        }
        node->chosen = (uint8_t)question_first(question, free);
        add(node, set_one(node->chosen));
        if (question->step < top) {
            add(node, question->enabled);
        }
    } else if (question->step >= root && node->enabled != question->enabled) {
        worker_fail("the run does not repeat: another question at step %u", question->step);
    }
    node->enabled = question->enabled;
    node->asleep = (node->sleep | node->done) & ~set_one(node->chosen);
    counting = 0;
    for (agent_set set = node->asleep; set != 0; set &= set - 1) {
        uint32_t agent = set_first(set);

        counting |= operation_counts(&question->next[agent]) ? set_one(agent) : 0;
        if (operation_dependent(&question->next[agent], &question->next[node->chosen])) {
            node->asleep &= ~set_one(agent); /* D1 */
        }
    }
    node->done |= set_one(node->chosen);
    kept = question->step + 1 >= prefix ? happens_kept_from(question, node->chosen) : 0;
    find_races_of_blocked(question, kept & ~question->enabled);
    taking_is_steady = operation_is_steady(&question->next[node->chosen]);
    happens_take(question, node->chosen, question->step + 1 < prefix ? ignore : reverse);
    ask_instead(kept & question->enabled);
    return node->chosen;
}

static void
end(const struct question *question, bool cut)
{
    length = happens_steps;
    handed_over = skipped = false;
    if (top_learns()) {
        top_learn();
    }
    runs++;
    complete += !cut;
    happens_ask(question);
    find_races_of_blocked(question, question->present & ~question->enabled); /* D3 */
    if (!cut && happens_steps > 0) {
        ask_instead(end_took_away(question, &happens_step[happens_steps - 1]));
    }
    if (bare_is_judged()) {
        ask_bare();
    }
    bare_end();
}

static bool
load(const uint8_t *state, size_t size)
{
    handed_over = true;
    happens_keep(0);
    return subtree_load(state, size, path, &root, &length, &fresh, runs);
}

static size_t
save(uint8_t *out, size_t room)
{
    return subtree_save(out, room, path, root, length);
}

static size_t
give(uint32_t part, uint8_t *out, size_t room)
{
    return subtree_give(part, out, room, path, root, length, runs, large);
}

/*
 * How much of the tree has been seen, if each answer that is known of has as much below it as its
 * siblings: what the answers that are done leave open. Races yet to be found make it less.
 */
static double
seen(void)
{
    double share = 1, all = 0;

    for (uint32_t i = 0; i < happens_steps; i++) {
        const struct node *node = &path[i];
        int answers = set_count((node->backtrack | node->done) & ~node->sleep);
        int done = set_count(node->done & ~node->sleep);

        if (answers > 1) {
            all += share * (i + 1 == happens_steps ? done : done - 1) / answers;
            share /= answers;
        }
    }
    return all;
}

static void
tell(struct search_results *results)
{
    if (root == 0 && (complete >= 2 * told || complete >= told + 4096)) {
        double part = seen();

        told = complete;
        results->estimate = part > 0 ? (double)complete / part : 0;
    }
}

const struct strategy strategy_dpor = {.name = "dpor",
                                       .init = init,
                                       .begin = begin,
                                       .choose = choose,
                                       .shared = shared,
                                       .returns = returns,
                                       .alone = alone,
                                       .end = end,
                                       .exhausted = SEARCH_EXHAUSTED,
                                       .again = again,
                                       .repeats = repeats,
                                       .counts = counts,
                                       .kind = STRATEGY_TREE,
                                       .load = load,
                                       .save = save,
                                       .give = give,
                                       .asks = subtree_write_asks,
                                       .tell = tell};
