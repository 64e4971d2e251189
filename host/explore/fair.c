/*
 * fair.c - the end of a run that is too long, and whether it stands still.
 *
 * A search's schedule may starve a thread that others wait for, so a long run proves nothing. From some
 * choice on (inside.h, X5) everybody takes turns instead, one operation each: what still does not end
 * then does not end by itself. It is a livelock if the state comes back: the stacks of all agents with
 * the registers on them, what each would do next, and what drivers and clients can write: their images,
 * pool, the processes' memory. Else it is merely long.
 *
 *   F1  Brent's method: one state is kept, and replaced after 1, 2, 4, ... rounds. Equal states are counted
 *       only until then; REPEATS of them are a circle.
 *   F2  What is compared leaves out the kernel's own data: so several repetitions are asked for, and so long a run.
 *   F3  Memory is looked at where the stacks are equal, and only so often until the next state is kept: a loop
 *       that counts has equal stacks in each of its rounds. If it was never equal in the first of these looks, there is none in sight.
 *   F4  Who has not come back to where he was in so many choices of one operation each keeps his turn for some: to change from one process
 *       to another takes longer than what it does then. Who yields does not.
 */
#include <string.h>
#include "host/explore/sampled.h"
#include "host/machine/loaded.h"
#include "host/machine/machine.h"
#include "host/machine/snapshot.h"

#define REPEATS 16
#define LOOKS   256 /* F3 */
#define VAIN    32
#define SEEN    65536
#define PATIENT 4096    /* choices before states are compared */
#define LONGEST 4000000 /* choices */
#define SINGLE  16384   /* F4: choices of one operation each */
#define TURN    32      /* and how many come in a turn then */

static struct {
    uint64_t choices, round, power;
    uint64_t stack[MAX_AGENTS];
    uint64_t kept, kept_data;
    uint32_t equal, looks;
    uint32_t turn; /* operations of who has it */
    uint8_t last;
    bool has_kept;
    uint64_t hashing; /* number of the sum that is_new belongs to */
} it;

static uint64_t
mix(uint64_t hash, uint64_t value)
{
    hash = (hash ^ value) * 0x9E3779B97F4A7C15ull;
    return hash ^ hash >> 29;
}

void
fair_begin(void)
{
    memset(&it, 0, sizeof(it));
    GUEST->record |= ABI_RECORD_STATE;
}

/* What drivers and clients can have changed there: not stacks (it.stack), not the kernel's own data. */
static bool
is_theirs(uint64_t page)
{
    if (page < ABI_USER_END) {
        return page - ABI_HYPERCALL_STUBS >= ABI_HIGH_BASE - ABI_HYPERCALL_STUBS;
    }
    if (page >= ABI_NONPAGED_BASE && page < ABI_MAPPING_END) {
        return true;
    }
    for (size_t i = 0; i < loaded_count; i++) {
        const struct loaded *image = loaded[i];

        if (image->slice == 0 && page - image->image.base < image->image.pe.size) {
            return !loaded_is_ours(image);
        }
    }
    return false;
}

/* A page that was committed anew may come twice. */
static bool
is_new(uint64_t page)
{
    static struct {
        uint64_t page, hashing;
    } seen[SEEN];
    size_t at = (page >> 12) * 0x9E3779B97F4A7C15ull >> 32;

    for (size_t i = 0; i < SEEN; i++, at++) {
        if (seen[at % SEEN].hashing != it.hashing) {
            seen[at % SEEN].page = page;
            seen[at % SEEN].hashing = it.hashing;
            return true;
        }
        if (seen[at % SEEN].page == page) {
            return false;
        }
    }
    return false;
}

static void
add_page(uint64_t page, void *sum)
{
    uint64_t hash = page;

    if (is_theirs(page) && is_new(page)) {
        const uint64_t *word = guest_pointer(page);
        for (size_t i = 0; i < ABI_PAGE_SIZE / 8; i++) {
            hash = mix(hash, word[i]);
        }
        *(uint64_t *)sum += hash;
    }
}

static uint64_t
data(void)
{
    uint64_t sum = 0;

    it.hashing++;
    snapshot_changed(add_page, &sum);
    return sum;
}

static uint64_t
state(const struct question *question)
{
    uint64_t hash = mix((uint64_t)question->enabled, (uint64_t)question->present) ^
                    mix((uint64_t)(question->enabled >> 64), (uint64_t)(question->present >> 64));

    for (agent_set set = question->present; set != 0; set &= set - 1) {
        uint32_t agent = set_first(set);
        const struct operation *next = &question->next[agent];

        hash = mix(mix(mix(hash, it.stack[agent]), next->op), next->object[0]);
    }
    return hash;
}

/* One round has passed: are we where we have been? */
static bool
compare(const struct question *question)
{
    uint64_t now = state(question);

    if (it.has_kept && now == it.kept && it.looks < (it.equal != 0 ? LOOKS : VAIN)) {
        it.looks++;
        it.equal += it.kept_data == data();
        if (it.equal >= REPEATS) {
            return true;
        }
    }
    if (++it.round >= it.power) { /* F1 */
        it.power = it.power == 0 ? 1 : it.power * 2;
        it.round = 0;
        it.equal = it.looks = 0;
        it.kept = now;
        it.kept_data = data();
        it.has_kept = true;
    }
    return false;
}

/* Those that take turns: an event that the environment may add does not. */
static agent_set
taking_turns(const struct question *question)
{
    agent_set turns = 0;

    for (agent_set set = question->enabled; set != 0; set &= set - 1) {
        uint32_t agent = set_first(set);

        turns |= operation_injected(&question->next[agent]) ? 0 : set_one(agent);
    }
    return turns != 0 ? turns : question->enabled;
}

/* F4 */
static bool
keeps_turn(const struct question *question)
{
    return it.choices > SINGLE && it.turn < TURN && question->last < MAX_AGENTS &&
           (taking_turns(question) >> question->last & 1) != 0 &&
           question->next[question->last].op != SP_YIELD;
}

enum fair_end
fair_state(const struct question *question, uint32_t asker)
{
    if (asker != NO_AGENT) {
        it.stack[asker] = GUEST->state;
    }
    it.choices++;
    it.turn = question->last == it.last ? it.turn + 1 : 1;
    it.last = question->last;
    if (keeps_turn(question)) {
        return FAIR_GOES_ON;
    }
    if (it.choices > LONGEST) {
        return FAIR_TOO_LONG;
    }
    /* A round is over when the turn comes to the first agent. */
    if (it.choices > PATIENT && fair_next(question) == set_first(taking_turns(question)) &&
        compare(question)) {
        return FAIR_STANDS_STILL;
    }
    return FAIR_GOES_ON;
}

/* Whose turn it is. */
uint32_t
fair_next(const struct question *question)
{
    agent_set turns = taking_turns(question);
    agent_set later =
        question->last >= MAX_AGENTS - 1 ? 0 : turns & (SET_ALL << (question->last + 1));

    return keeps_turn(question) ? question->last : set_first(later != 0 ? later : turns);
}

/* ---- a strategy of its own: after a few random choices everybody takes turns ---- */

static struct random numbers;
static uint64_t seed;
static uint32_t after;

static int
init(const struct run_search *search)
{
    seed = search->seed;
    return 0;
}

static bool
begin(uint64_t run)
{
    numbers = run_numbers(seed, 0x4652, run);
    after = (uint32_t)random_below(&numbers, 2 + run / 2);
    return true;
}

static uint32_t
choose(const struct question *question)
{
    return question->step >= after ? ANSWER_FAIR : random_agent(&numbers, question->enabled);
}

const struct strategy strategy_fair = {.name = "fair",
                                       .init = init,
                                       .begin = begin,
                                       .choose = choose,
                                       .exhausted = SEARCH_BUDGET,
                                       .kind = STRATEGY_SAMPLED};
