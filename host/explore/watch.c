/*
 * watch.c - does the kernel say all that its steps touch? A strategy for kernels that watch themselves (nt/ke/watch.c).
 *
 * Random schedules are made. What the kernel reads and writes from one question to the next belongs to the step in
 * between. Two accesses to the same bytes by two agents, one of them a write, must be in steps of which one happens before the
 * other (happens.c). Else a search takes the steps for independent, and tries one order only: that is told in a line
 *
 *     undeclared: SITE OPERATION OBJECT writes, SITE OPERATION OBJECT reads ADDRESS RUN
 *
 * once for each pair of sites. tools/undeclared.py says in which lines of nt/ they are, and which of them do not matter.
 *
 *   U1  What came before the first question, and what is behind the last one, is ordered.
 *   U2  Of an agent's accesses by one instruction to one word the last one is kept: if the one before it does not
 *       happen before a later step, that one does not either.
 *   U3  In every third run each agent is as likely as any other; in the others whoever goes on does so for long, or
 *       the agents have priorities: who is far ahead shows what a fair walk orders by accident.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include "host/explore/happens.h"
#include "host/explore/sampled.h"
#include "host/machine/machine.h"

#define WORDS     (1u << 18)
#define ACCESSES  (1u << 20)
#define PAIRS     (1u << 14)
#define MAX_RANGE 4096 /* bytes of one access that are looked at */
#define TOO_LONG  20000

struct word {
    uint64_t number; /* address / 8; 0: free */
    uint32_t first;  /* 1 + access, 0: none */
};

struct access {
    uint64_t site;
    uint32_t step, next;
    uint8_t bytes;
    bool writes;
};

static struct random numbers;
static uint64_t seed, run;
static struct word *words;
static uint32_t *used; /* of words, in this run */
static uint32_t used_count;
static struct access *accesses;
static uint32_t access_count;
static uint64_t *pairs;
static uint32_t pair_count;
static struct {
    uint16_t op;
    uint64_t object;
} *steps;
static uint64_t priority[MAX_AGENTS];

static int
init(const struct run_search *search)
{
    seed = search->seed;
    words = search_reserve(WORDS * sizeof(*words));
    used = search_reserve(WORDS * sizeof(*used));
    accesses = search_reserve(ACCESSES * sizeof(*accesses));
    pairs = search_reserve(PAIRS * sizeof(*pairs));
    steps = search_reserve(MAX_STEPS * sizeof(*steps));
    space_commit(ABI_WATCH_RING, ABI_WATCH_COUNT * sizeof(struct abi_watched),
                 ABI_PROT_READ | ABI_PROT_WRITE);
    GUEST->watched = ABI_WATCH_RING;
    return words == NULL || used == NULL || accesses == NULL || pairs == NULL || steps == NULL
               ? -ENOMEM
               : happens_init();
}

static bool
begin(uint64_t number)
{
    run = number;
    numbers = run_numbers(seed, 0x57, number);
    for (uint32_t i = 0; i < MAX_AGENTS; i++) {
        priority[i] = random_next(&numbers);
    }
    for (uint32_t i = 0; i < used_count; i++) {
        words[used[i]] = (struct word){0};
    }
    used_count = access_count = 0;
    happens_keep(0);
    return true;
}

static struct word *
word_of(uint64_t number)
{
    uint32_t at = (uint32_t)((number * 0x9E3779B97F4A7C15ull) >> 46);

    while (words[at].number != number) {
        if (words[at].number == 0) {
            if (used_count == WORDS / 4 * 3) {
                worker_fail("the kernel accesses more than %u words in one run", used_count);
            }
            words[at].number = number;
            used[used_count++] = at;
            break;
        }
        at = (at + 1) % WORDS;
    }
    return &words[at];
}

/* Was this pair not seen before? */
static bool
is_new(uint64_t a, uint64_t b)
{
    uint64_t key = (a < b ? a * 0x9E3779B97F4A7C15ull ^ b : b * 0x9E3779B97F4A7C15ull ^ a) | 1;
    uint32_t at = (uint32_t)((key * 0xD6E8FEB86659FD93ull) >> 50);

    for (; pairs[at] != 0; at = (at + 1) % PAIRS) {
        if (pairs[at] == key) {
            return false;
        }
    }
    if (pair_count == PAIRS / 4 * 3) {
        return false;
    }
    pair_count++;
    pairs[at] = key;
    return true;
}

static void
tell(const struct access *earlier, const struct access *later, uint64_t address)
{
    char line[300];
    int used_bytes;

    if (!is_new(earlier->site, later->site)) {
        return;
    }
    used_bytes = snprintf(
        line, sizeof(line), "undeclared: %016lx %s %016lx %s, %016lx %s %016lx %s %016lx %lu\n",
        earlier->site, operation_name(steps[earlier->step].op), steps[earlier->step].object,
        earlier->writes ? "writes" : "reads", later->site, operation_name(steps[later->step].op),
        steps[later->step].object, later->writes ? "writes" : "reads", address, run);
    worker_send(RUN_NOTE, line, (size_t)used_bytes);
}

static void
access_word(uint64_t number, uint8_t bytes, uint64_t site, bool writes, uint32_t step)
{
    struct word *word = word_of(number);
    struct access this = {.site = site, .step = step, .bytes = bytes, .writes = writes};
    struct access *own = NULL;

    for (uint32_t i = word->first; i != 0; i = accesses[i - 1].next) {
        struct access *other = &accesses[i - 1];

        if (happens_step[other->step].agent == happens_step[step].agent) {
            if (other->site == site && other->writes == writes && (bytes & ~other->bytes) == 0) {
                own = other;
            }
        } else if ((writes || other->writes) && (bytes & other->bytes) != 0 &&
                   !happens_before(other->step, step)) {
            tell(other, &this, number * 8 + (uint64_t)__builtin_ctz(bytes & other->bytes));
        }
    }
    if (own != NULL) { /* U2 */
        own->step = step;
    } else if (access_count < ACCESSES) {
        this.next = word->first;
        accesses[access_count++] = this;
        word->first = access_count;
    }
}

/* What was done since the last question. */
static void
look(void)
{
    const struct abi_watched *access = guest_pointer(ABI_WATCH_RING);
    const struct abi_watched *end = guest_pointer(GUEST->watched);

    for (; happens_steps > 0 && access < end; access++) { /* U1 */
        uint64_t address = access->address, size = access->size & ~ABI_WATCHED_WRITES;

        size = size < MAX_RANGE ? size : MAX_RANGE;
        while (size != 0) {
            uint64_t offset = address % 8, part = 8 - offset < size ? 8 - offset : size;

            access_word(address / 8, (uint8_t)(((1u << part) - 1) << offset), access->site,
                        (access->size & ABI_WATCHED_WRITES) != 0, happens_steps - 1);
            address += part;
            size -= part;
        }
    }
    GUEST->watched = ABI_WATCH_RING;
}

/* U3 */
static uint32_t
pick(const struct question *question)
{
    uint32_t best = NO_AGENT;

    if (run % 3 == 1 && question->last != NO_AGENT &&
        (question->enabled >> question->last & 1) != 0 && random_below(&numbers, 16) != 0) {
        return question->last;
    }
    if (run % 3 != 2 || random_below(&numbers, 32) == 0) {
        return random_agent(&numbers, question->enabled);
    }
    for (agent_set set = question->enabled; set != 0; set &= set - 1) {
        uint32_t agent = set_first(set);

        best = best == NO_AGENT || priority[agent] > priority[best] ? agent : best;
    }
    if (question->next[best].op == SP_YIELD) {
        priority[best] = 0;
    }
    return best;
}

static uint32_t
choose(const struct question *question)
{
    uint32_t agent;

    look();
    if (question->step >= TOO_LONG) {
        return ANSWER_CUT;
    }
    agent = pick(question);
    steps[happens_steps].op = question->next[agent].op;
    steps[happens_steps].object = question->next[agent].object[0];
    happens_ask(question);
    happens_take(question, agent, NULL);
    return agent;
}

const struct strategy strategy_watch = {
    .name = "watch",
    .init = init,
    .begin = begin,
    .choose = choose,
    .alone = happens_before_all,
    .exhausted = SEARCH_BUDGET,
};
