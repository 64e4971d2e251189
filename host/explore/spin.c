/*
 * spin.c - an agent that polls memory is not enabled until what it reads has changed.
 *
 * Else each number of rounds that it polls in vain would be a trace of its own. A loop is known by its
 * state: an agent comes to a point with the registers and the stack that it had there before, nobody else
 * having stepped meanwhile, and it has changed nothing since. It would go round for ever.
 *
 *   L1  What it read from the first of those points on, with the values, is remembered with the registers
 *       and the stack of each point on the way. Whoever stands there again, while the values are the
 *       same, waits, before its first round: a loop that polls is one operation that can have to wait,
 *       as an acquire is. So does a point in the code of the loop from which it comes to such a one with nothing
 *       changed: where it enters the loop its registers need not be those that it goes round with. What it has read
 *       in front of the loop it does not read again, so there it does not wait. This needs code of which every access
 *       is patched: drivers at atomics and memory granularity, clients at memory granularity.
 *   L2  Elsewhere it waits, once it has gone round in vain, until somebody else has
 *       stepped; what the driver may have written to is compared as well.
 *   L3  A step that changes memory ends what is remembered of the agent: a write, a call of the kernel,
 *       an exchange that left another value.
 */
#include "host/explore/spin.h"
#include <errno.h>
#include <string.h>
#include "host/machine/machine.h"
#include "host/machine/snapshot.h"

#define MAX_ARRIVALS 16
#define MAX_READS    RUN_SPIN_READS
#define STACK_BYTES  1024

struct round {
    uint64_t key[MAX_ARRIVALS]; /* state at each point since the agent last changed something */
    uint64_t site[MAX_ARRIVALS];
    uint8_t reading[MAX_ARRIVALS]; /* which of `read` it reads from there to the next one */
    uint32_t arrivals;
    struct run_spin_read read[MAX_READS];
    uint32_t reads;
    bool known;      /* all that it reads is seen */
    bool fresh;      /* it stands at a point that has been looked at */
    bool overflow;   /* of reads: it cannot be remembered */
    uint64_t memory; /* hash of what has been written, at `memory_key` */
    uint64_t memory_key;
    uint64_t last;    /* the step that it came from */
    uint64_t now;     /* key of the point that it stands at, 0: none of ours */
    uint64_t here;    /* and its site */
    uint64_t arrived; /* there, at this step */
    uint64_t address; /* and what it is about to do there */
    uint32_t size;
    uint16_t op;
    uint64_t changed; /* the word that it was about to exchange */
    uint64_t before;
    uint32_t changed_size; /* 0: nothing */
    uint64_t vain;         /* 1 + the step after which it would only poll in vain */
};

static struct round *rounds;
static const struct run_spin *spins;
static size_t spin_count;
static struct run_learned *learned;
static bool kernel_known, user_known; /* all that is read there is seen: L1 */
static uint32_t current = MAX_AGENTS; /* whose code runs */
static struct kept {
    struct round round[MAX_AGENTS];
    uint32_t current;
    bool idle;
} *kept;
bool spin_idle = true;
static uint32_t touched; /* numbers of agents that have stepped in this run are below it */

int
spin_init(const struct run_request *request)
{
    rounds = search_reserve(MAX_AGENTS * sizeof(*rounds));
    kept = search_reserve(SPIN_SLOTS * sizeof(*kept));
    spins = request->spins;
    spin_count = request->spin_count;
    learned = request->learned;
    kernel_known = request->granularity != RUN_API;
    user_known = request->granularity == RUN_MEMORY;
    return rounds == NULL || kept == NULL ? -ENOMEM : 0;
}

void
spin_begin_run(void)
{
    if (spin_idle) { /* nobody came to a point of ours: nothing else of them was set */
        for (uint32_t i = 0; i < touched; i++) {
            rounds[i].fresh = false;
            rounds[i].last = 0;
        }
    } else {
        memset(rounds, 0, touched * sizeof(*rounds));
    }
    touched = 0;
    spin_idle = true;
}

void
spin_keep(uint32_t slot, uint32_t agents)
{
    memcpy(kept[slot].round, rounds, agents * sizeof(*rounds));
    kept[slot].current = current;
    kept[slot].idle = spin_idle;
}

void
spin_go_back(uint32_t slot, uint32_t agents)
{
    memcpy(rounds, kept[slot].round, agents * sizeof(*rounds));
    current = kept[slot].current;
    spin_idle = kept[slot].idle;
    touched = agents;
}

static uint64_t
mix(uint64_t hash, const void *data, size_t size)
{
    const uint64_t *word = data;

    for (size_t i = 0; i < size / 8; i++) {
        hash = (hash ^ word[i]) * 0x9E3779B97F4A7C15ull;
        hash ^= hash >> 29;
    }
    return hash;
}

static uint64_t
key_of(const struct abi_agent *agent, bool *known, uint64_t *site)
{
    struct abi_trap registers;
    uint64_t stack[STACK_BYTES / 8] = {0}, hash;
    size_t words = 0;
    uint32_t lower;

    if (agent->registers == 0 ||
        space_read(agent->registers, &registers, sizeof(registers)) != sizeof(registers) ||
        registers.rip == 0) {
        return 0;
    }
    *site = registers.rip;
    *known = registers.rip >= ABI_SYSTEM_BASE ? kernel_known : user_known;
    images_origin(registers.rip, &lower);
    space_read(registers.rsp + lower, stack, sizeof(stack));
    hash = mix(agent->name, &registers, offsetof(struct abi_trap, fault_address));
    /* The driver's own frames: beyond the return to the kernel lies what the kernel left there. */
    while (words < STACK_BYTES / 8 && stack[words] - ABI_IMAGE_BASE >= ABI_IMAGE_WINDOW) {
        words++;
    }
    return mix(hash, stack, words * 8) | 1;
}

static uint64_t
value_at(uint64_t address, uint32_t size)
{
    uint64_t value = 0;

    space_read(address, &value, size <= 8 ? size : 8);
    return value;
}

GENERAL_REGISTERS_ONLY static void
forget(struct round *round)
{
    round->arrivals = round->reads = 0;
    round->overflow = false;
    round->memory_key = 0;
}

static void
add_read(struct round *round, uint64_t address, uint32_t size)
{
    for (uint32_t i = 0; i < round->reads; i++) {
        if (round->read[i].address == address && round->read[i].size == size) {
            round->reading[round->arrivals - 1] |= (uint8_t)(1u << i);
            return;
        }
    }
    if (round->reads == MAX_READS || size > 8) {
        round->overflow = true;
        return;
    }
    round->reading[round->arrivals - 1] |= (uint8_t)(1u << round->reads);
    round->read[round->reads++] = (struct run_spin_read){address, value_at(address, size), size, 0};
}

static bool
is_learned(const struct run_spin *spin)
{
    size_t at = 0;

    while (at < spin_count && (spins[at].key != spin->key || spins[at].reads != spin->reads ||
                               memcmp(spins[at].read, spin->read, sizeof(spin->read)) != 0)) {
        at++;
    }
    return at < spin_count;
}

/* L1: one point; what is remembered already is left out. */
static void
learn(const struct run_spin *spin)
{
    uint32_t at;

    if (learned == NULL || is_learned(spin)) {
        return;
    }
    at = __atomic_fetch_add(&learned->spin_count, 1, __ATOMIC_SEQ_CST);
    if (at >= RUN_MAX_SPINS) {
        learned->spin_count = RUN_MAX_SPINS;
        return;
    }
    learned->spin[at] = *spin;
    learned->grown = 1;
}

/* L1: the points before number `end`, as long as they are in the loop, of which `spin` is one point. */
static void
learn_way(const struct round *round, uint32_t end, const struct run_spin *spin,
          bool (*in_loop)(const struct round *round, const struct run_spin *spin, uint64_t site))
{
    struct run_spin point = *spin;

    while (end > 0 && in_loop(round, spin, round->site[end - 1])) {
        point.key = round->key[--end];
        point.site = round->site[end];
        learn(&point);
    }
}

/* Of a loop that is remembered. */
static bool
is_site_of(const struct round *round, const struct run_spin *spin, uint64_t site)
{
    for (size_t i = 0; i < spin_count; i++) {
        if (spins[i].site == site && spins[i].reads == spin->reads &&
            memcmp(spins[i].read, spin->read, sizeof(spin->read)) == 0) {
            return true;
        }
    }
    return false;
}

/* Of the loop that has been gone round. */
static bool
is_site_in(const struct round *round, const struct run_spin *spin, uint64_t site)
{
    for (uint32_t i = round->arrivals; i-- > 0 && round->key[i] != spin->key;) {
        if (round->site[i] == site) {
            return true;
        }
    }
    return site == spin->site;
}

/* L1: it has come back to point number `first`. */
static void
learn_loop(const struct round *round, uint32_t first)
{
    struct run_spin spin = {.key = round->key[first], .site = round->site[first]}, point;
    uint8_t reading = 0;

    if (round->overflow) {
        return;
    }
    for (uint32_t i = first; i < round->arrivals; i++) {
        reading |= round->reading[i];
    }
    for (uint32_t i = 0; i < round->reads; i++) {
        if ((reading >> i & 1) != 0) {
            spin.read[spin.reads++] = round->read[i];
        }
    }
    for (uint32_t i = first; i < round->arrivals; i++) {
        point = spin;
        point.key = round->key[i];
        point.site = round->site[i];
        learn(&point);
    }
    learn_way(round, first, &spin, is_site_in);
}

void
spin_arrive(uint32_t number, const struct abi_agent *agent, uint64_t step)
{
    struct round *round = &rounds[number];
    uint64_t memory;

    touched = number < touched ? touched : number + 1;
    if (round->fresh) {
        return;
    }
    round->fresh = true;
    round->now = 0;
    if (agent->op != SP_MEMORY_READ && agent->op != SP_ATOMIC && agent->op != SP_YIELD) {
        forget(round); /* L3 */
        return;
    }
    round->now = key_of(agent, &round->known, &round->here);
    if (round->now == 0) {
        forget(round);
        return;
    }
    spin_idle = false;
    if (round->last + 1 != step ||
        (round->changed_size != 0 &&
         value_at(round->changed, round->changed_size) != round->before)) {
        forget(round);
    }
    round->changed_size = 0;
    round->arrived = step;
    round->op = agent->op;
    round->address = agent->object;
    round->size = agent->size;
    for (uint32_t i = 0; i < round->arrivals; i++) {
        if (round->key[i] != round->now) {
            continue;
        }
        if (!round->known) { /* L2 */
            memory = snapshot_hash();
            if (round->memory_key != round->now || round->memory != memory) {
                round->memory_key = round->now;
                round->memory = memory;
                return;
            }
        }
        if (round->known) {
            learn_loop(round, i);
        }
        round->vain = step + 1;
        return;
    }
}

void
spin_wrote(void)
{
    if (current < MAX_AGENTS) {
        forget(&rounds[current]);
    }
}

void
spin_read(uint64_t address, uint64_t size)
{
    if (current < MAX_AGENTS && rounds[current].arrivals != 0) {
        add_read(&rounds[current], address, size <= 8 ? (uint32_t)size : 9);
    }
}

bool
spin_passes(uint32_t number, const struct abi_agent *agent)
{
    struct round *round = &rounds[number];

    if (agent->op != SP_YIELD || agent->registers == 0 || !kernel_known || number >= MAX_AGENTS ||
        round->op == SP_YIELD || round->arrivals == 0) {
        return false;
    }
    round->now = 0;
    round->op = SP_YIELD; /* the next one, if no access comes before it, is a step */
    return true;
}

GENERAL_REGISTERS_ONLY void
spin_stepped(uint32_t number, uint64_t step)
{
    struct round *round = &rounds[number];

    current = number;
    if (number >= MAX_AGENTS) {
        return;
    }
    touched = number < touched ? touched : number + 1;
    round->last = step;
    round->fresh = false;
    if (round->now == 0) {
        return;
    }
    if (round->arrived != step || round->arrivals == MAX_ARRIVALS) {
        forget(round); /* others have stepped while it stood there */
    }
    round->site[round->arrivals] = round->here;
    round->reading[round->arrivals] = 0;
    round->key[round->arrivals++] = round->now;
    if (round->op != SP_YIELD) {
        add_read(round, round->address, round->size);
    }
    if (round->op == SP_ATOMIC) {
        round->changed = round->address;
        round->changed_size = round->size <= 8 ? round->size : 8;
        round->before = value_at(round->changed, round->changed_size);
    }
}

GENERAL_REGISTERS_ONLY void
spin_called(uint32_t number, uint64_t step)
{
    rounds[number].now = 0;
    forget(&rounds[number]); /* L3 */
    spin_stepped(number, step);
}

/* Objects of an operation that waits: what the loop reads. */
static void
becomes(const struct run_spin *spin, struct operation *operation)
{
    operation->op = SP_MEMORY_READ;
    operation->more = NULL;
    operation->objects = 0;
    for (uint32_t i = 0; i < spin->reads && operation->objects < ABI_AGENT_OBJECTS; i++) {
        operation->object[operation->objects] = spin->read[i].address;
        operation->size[operation->objects] = spin->read[i].size;
        operation->reads[operation->objects++] = true;
    }
}

bool
spin_waits(uint32_t number, uint64_t step, bool vain, struct operation *operation)
{
    struct round *round = &rounds[number];

    if (round->now == 0) {
        return false;
    }
    for (size_t i = 0; i < spin_count; i++) {
        const struct run_spin *spin = &spins[i];
        bool same = spin->key == round->now;

        for (uint32_t j = 0; j < spin->reads && same; j++) {
            same = value_at(spin->read[j].address, spin->read[j].size) == spin->read[j].value;
        }
        if (same) {
            if (round->known && round->arrived == step) {
                learn_way(round, round->arrivals, spin, is_site_of);
            }
            becomes(spin, operation);
            return true;
        }
    }
    return vain && round->vain == step + 1;
}
