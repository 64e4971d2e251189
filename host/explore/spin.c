/*
 * spin.c - an agent that polls memory is not enabled until what it reads has changed.
 *
 * Else each number of rounds that it polls in vain would be a trace of its own. A loop is known by its
 * state: an agent comes to a point with the registers and the stack that it had there before, nobody else
 * having stepped meanwhile, and it has changed nothing since. It would go round for ever. What sleeps: L4 to L7.
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
 *       an exchange that left another value. Its own frames are part of its state, so a write there does not: what is compiled without
 *       optimisation writes there all the time.
 *   L4  A loop may sleep between its looks, and look at dispatcher objects: by a wait that finds nothing and ends by itself, by
 *       KeReadState... Where such a call is made from tells the kernel (nt/ke/poll.c), as a patched instruction does. What it looks at is
 *       whether the object is signaled. Calls on handles and objects with which nobody else has to do are part of it.
 *   L5  That it comes back to the same state does not say that it goes round for ever then: it may look at the clock, also by code that is not
 *       patched. So it is let go on, and nobody is asked, ENOUGH times. If it leaves, all of that was one step, which read what the round reads;
 *       else L1 holds. Whether others stepped between two looks does not matter, only what was seen: so every order of a trace comes to the same.
 *   L6  A loop whose state is another one each time (it counts, it keeps the time) is known by where it sleeps and by what it did and saw since it
 *       slept there before. After ALIKE_ROUNDS more such it is let go on as in L5. If it does not leave, it is remembered by that place, and waits
 *       there behind as many rounds.
 *   L7  Where only calls are points, memory that such a loop looks at is not seen: the search begins anew with all accesses patched (learn.c). Those to
 *       what such a loop has looked at, and others touch, are points then (memory.c, Y4).
 *   L8  So it does where an agent goes round without any point (host/machine/promote.c, P4). That it does so shows every QUIET_TOUCHES accesses.
 *   L9  Where processors are fewer than threads an agent may be chosen and lose its processor before it steps. It stands at the same point once more then, and has gone
 *       no round: L2 alone holds there.
 */
#include "host/explore/spin.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include "host/explore/frames.h"
#include "host/explore/memory.h"
#include "host/machine/machine.h"
#include "host/machine/snapshot.h"

#define MAX_ARRIVALS 16
#define MAX_READS    RUN_SPIN_READS
#define SIGNAL_STATE 4 /* in a dispatcher object */
#define ALIKE_ROUNDS 2 /* L6 */
#define ENOUGH       16384

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
    bool mixed;      /* it has read two values at one place */
    uint64_t memory; /* hash of what has been written, at `memory_key` */
    uint64_t memory_key;
    uint64_t last;                       /* the step that it came from */
    uint64_t now;                        /* key of the point that it stands at, 0: none of ours */
    uint64_t here;                       /* and its site */
    struct frames frames;                /* when it came */
    uint64_t arrived;                    /* there, at this step */
    uint64_t address[ABI_AGENT_OBJECTS]; /* and what it is about to look at there */
    uint32_t size, addresses;
    uint16_t op;
    bool sleeps;   /* that operation is a sleep, or a wait that finds nothing and ends by itself */
    bool calls;    /* it is a call: of the stack more is known than at an instruction */
    bool sleeping; /* it has since it came to the first of `key` */
    bool unseen;   /* it has come by points that were not asked for */
    /* L5 */
    const struct run_spin *waits_for; /* NULL: nothing that is known */
    struct run_spin own;              /* what it waits for in this run; key 0: for nothing */
    struct run_spin repeat;           /* the round that it would go again from here; key 0: none */
    enum { ASKED, AGAIN, ALIKE } goes_on;
    uint32_t gone; /* rounds */
    /* L6 */
    uint64_t weak;       /* where it is about to sleep, 0: it is not */
    uint64_t slept_at;   /* where it slept last */
    uint64_t went, goes; /* from the sleep before to that one, and since */
    uint32_t alike;      /* rounds in a row */
    bool polls;          /* it has changed nothing since it slept last, and is about to sleep */
    struct run_spin look;
    bool looked_at_more;
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
static bool points_at_polls;          /* L7 */
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
    bool few = request->explore->few; /* L9 */

    rounds = search_reserve(MAX_AGENTS * sizeof(*rounds));
    kept = search_reserve(SPIN_SLOTS * sizeof(*kept));
    spins = request->spins;
    spin_count = few ? 0 : request->spin_count;
    learned = few ? NULL : request->learned;
    kernel_known = !few && (request->granularity != RUN_API || request->polls);
    user_known = !few && (request->granularity == RUN_MEMORY || request->polls);
    points_at_polls = request->polls && request->granularity != RUN_MEMORY;
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
key_of(const struct abi_agent *agent, struct round *round)
{
    struct abi_trap registers;

    if (agent->registers == 0 ||
        space_read(agent->registers, &registers, sizeof(registers)) != sizeof(registers) ||
        registers.rip == 0) {
        return 0;
    }
    round->here = registers.rip;
    round->known = registers.rip >= ABI_SYSTEM_BASE ? kernel_known : user_known;
    round->calls = agent->point == 0;
    round->sleeps = round->calls && registers.rax != 0; /* nt/ke/poll.c */
    if (round->sleeps) {
        uint64_t where[] = {agent->name, registers.rip, registers.rsp};

        round->weak = mix(agent->op, where, sizeof(where)) | 1;
    }
    return frames_look(&round->frames, &registers, round->calls,
                       mix(agent->name, &registers, offsetof(struct abi_trap, fault_address))) |
           1;
}

static uint64_t
value_at(uint64_t address, uint32_t size)
{
    uint64_t value = 0;

    if (size == RUN_SPIN_STATE) {
        space_read(address + SIGNAL_STATE, &value, 4);
    } else {
        space_read(address, &value, size <= 8 ? size : 8);
    }
    return value;
}

/* L4: calls that change nothing by which a round could differ from the one before: 1 << enum abi_event of each. */
#define HARMLESS                                                                                   \
    (1ull << SP_DELAY | 1ull << SP_YIELD | 1ull << SP_SYSTEM_SERVICE | 1ull << SP_QUERY_TIME)
/* ... and what they are part of, where nobody else has to do with the object. */
#define HARMLESS_ALONE                                                                             \
    (HARMLESS | 1ull << SP_READ_STATE | 1ull << SP_REFERENCE | 1ull << SP_OBJECT |                 \
     1ull << SP_HANDLE | 1ull << SP_LOOKUP | 1ull << SP_ENTER_REGION | 1ull << SP_LEAVE_REGION)

static bool
is_harmless(uint16_t op)
{
    return op < 64 && (HARMLESS >> op & 1) != 0;
}

/* L4: does it look at dispatcher objects, and change none? */
static bool
looks(const struct abi_agent *agent)
{
    return (agent->op == SP_WAIT || (agent->op == SP_READ_STATE && agent->registers != 0)) &&
           (agent->flags & ABI_AGENT_READS) != 0 && agent->list == 0;
}

/* Of enum search_slept. */
GENERAL_REGISTERS_ONLY static void
note_slept(uint32_t what)
{
    if (machine.request->results != NULL) {
        machine.request->results->slept |= what;
    }
}

/* It was let go on, and does something else. */
GENERAL_REGISTERS_ONLY static void
leave(struct round *round)
{
    if (round->goes_on != ASKED) {
        round->goes_on = ASKED;
        note_slept(SLEPT_GAVE_UP);
    }
}

GENERAL_REGISTERS_ONLY static void
forget(struct round *round)
{
    round->arrivals = round->reads = 0;
    round->sleeping = false;
    round->overflow = round->mixed = false;
    round->memory_key = 0;
    round->repeat.key = 0;
    if (round->goes_on == AGAIN) {
        leave(round);
    }
}

/* And that it slept. */
GENERAL_REGISTERS_ONLY static void
forget_rounds(struct round *round)
{
    forget(round);
    round->slept_at = 0;
    round->alike = 0;
    leave(round);
}

/* What it shows is another value each time. */
static bool
is_clock(uint64_t address)
{
    return address - ABI_USER_SHARED_DATA < ABI_PAGE_SIZE;
}

static bool
are_same(const struct run_spin *spin)
{
    for (uint32_t i = 0; i < spin->reads; i++) {
        if (value_at(spin->read[i].address, spin->read[i].size) != spin->read[i].value) {
            return false;
        }
    }
    return true;
}

GENERAL_REGISTERS_ONLY static void
note_op(struct round *round, uint16_t op)
{
    if (round->slept_at != 0) {
        round->goes = mix(round->goes, &(uint64_t){op}, 8);
    }
}

/* L6 */
static void
note_look(struct round *round, uint64_t address, uint32_t size)
{
    struct run_spin_read read = {address, 0, size, 0};
    uint32_t i = 0;

    if (round->slept_at == 0 || is_clock(address)) {
        return;
    }
    read.value = value_at(address, size);
    round->goes = mix(round->goes, &read, sizeof(read));
    while (i < round->look.reads &&
           (round->look.read[i].address != address || round->look.read[i].size != size)) {
        i++;
    }
    if (i == RUN_SPIN_READS || (size > 8 && size != RUN_SPIN_STATE)) {
        round->looked_at_more = true;
    } else if (i == round->look.reads) {
        round->look.read[round->look.reads++] = read;
    }
}

static void
add_read(struct round *round, uint64_t address, uint32_t size)
{
    if (round->sleeping && is_clock(address)) {
        return;
    }
    for (uint32_t i = 0; i < round->reads; i++) {
        if (round->read[i].address == address && round->read[i].size == size) {
            round->mixed |= round->read[i].value != value_at(address, size);
            round->reading[round->arrivals - 1] |= (uint8_t)(1u << i);
            return;
        }
    }
    if (round->reads == MAX_READS || (size > 8 && size != RUN_SPIN_STATE)) {
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

/* The loop that begins at point number `first`. */
static struct run_spin
loop_from(const struct round *round, uint32_t first)
{
    struct run_spin spin = {.key = round->key[first], .site = round->site[first]};
    uint8_t reading = 0;

    for (uint32_t i = first; i < round->arrivals; i++) {
        reading |= round->reading[i];
    }
    for (uint32_t i = 0; i < round->reads; i++) {
        if ((reading >> i & 1) != 0) {
            spin.read[spin.reads++] = round->read[i];
        }
    }
    return spin;
}

/* L1: it has come back to point number `first`. */
static void
learn_loop(const struct round *round, uint32_t first)
{
    struct run_spin spin = loop_from(round, first), point;

    if (round->overflow) {
        return;
    }
    for (uint32_t i = first; i < round->arrivals; i++) {
        point = spin;
        point.key = round->key[i];
        point.site = round->site[i];
        learn(&point);
    }
    learn_way(round, first, &spin, is_site_in);
}

/* What it is about to look at. */
static void
note_looks(struct round *round, const struct abi_agent *agent)
{
    round->addresses = 0;
    if (is_harmless(agent->op)) {
        return;
    }
    round->size = looks(agent) ? RUN_SPIN_STATE : agent->size;
    round->address[round->addresses++] = agent->object;
    for (uint32_t i = 0; looks(agent) && i + 1 < agent->objects; i++) {
        round->address[round->addresses++] = agent->other[i].object;
    }
}

/* L7, L8 */
static void
learn_unseen(void)
{
    if (learned != NULL && !learned->polls) {
        learned->polls = learned->grown = 1;
    }
}

static void
learn_polled(const struct round *round, const struct run_spin *spin)
{
    if (learned == NULL) {
        return;
    }
    if (!round->known) {
        learn_unseen();
    }
    for (uint32_t i = 0; points_at_polls && i < spin->reads; i++) {
        if (spin->read[i].size != RUN_SPIN_STATE) {
            memory_poll(spin->read[i].address, spin->read[i].size);
        }
    }
}

/* L5, L6: has it been let go on for long enough? */
static bool
is_enough(struct round *round)
{
    return ++round->gone >= ENOUGH ||
           GUEST->time_100ns > machine.request->boot.virtual_limit_100ns / 2;
}

/* L5: it would go round from here as it did, as far as is known. */
static void
come_again(struct round *round, uint32_t first, uint64_t step)
{
    struct run_spin spin = loop_from(round, first);

    if (round->goes_on == ASKED) {
        round->repeat = spin;
        round->repeat.key = round->now;
        learn_polled(round, &spin);
    } else if (round->repeat.key == round->now && is_enough(round)) {
        round->goes_on = ASKED;
        round->repeat.key = 0;
        if (round->known && !round->overflow) {
            learn_loop(round, first);
            round->own = spin;
        }
        round->vain = step + 1;
    }
}

/* L6: it is about to sleep. */
static void
come_to_sleep(struct round *round, uint64_t step)
{
    bool same = round->slept_at == round->weak && round->went == round->goes;

    round->polls = round->slept_at != 0;
    round->alike = same ? round->alike + 1 : 0;
    if (!same && round->goes_on == ALIKE) {
        leave(round);
    } else if (round->goes_on == ALIKE && is_enough(round)) {
        round->goes_on = ASKED;
        round->repeat.key = 0;
        if (round->known && !round->looked_at_more) {
            round->own = round->look;
            round->own.key = round->weak;
            round->own.site = round->here;
            learn(&round->own);
        }
        note_slept(SLEPT_DIFFERENT);
        round->vain = step + 1;
    } else if (round->goes_on == ASKED && round->repeat.key == 0 && round->alike >= ALIKE_ROUNDS) {
        round->repeat = round->look;
        round->repeat.key = round->weak;
    }
    if (round->slept_at != 0 && round->goes_on == ASKED) {
        learn_polled(round, &round->look);
    }
    round->slept_at = round->weak;
    round->went = round->goes;
    round->goes = 0;
    round->look.reads = 0;
    round->looked_at_more = false;
}

static void
come_to(struct round *round, uint64_t step)
{
    uint64_t memory;
    uint32_t i = 0;

    while (i < round->arrivals && round->key[i] != round->now) {
        i++;
    }
    if (i == round->arrivals) {
        if (round->goes_on == AGAIN && round->calls) {
            leave(round);
        }
        return;
    }
    if (round->known) {
        struct run_spin spin = loop_from(round, i);

        if (round->mixed || !are_same(&spin)) {
            forget(round);
            return;
        }
    }
    if (round->sleeping) {
        if (round->calls) {
            come_again(round, i, step);
        }
        return;
    }
    if (!round->known) { /* L2 */
        learn_unseen();
        memory = snapshot_hash();
        if (round->memory_key != round->now || round->memory != memory) {
            round->memory_key = round->now;
            round->memory = memory;
            return;
        }
    }
    if (round->known) {
        struct run_spin spin = loop_from(round, i);

        learn_loop(round, i);
        learn_polled(round, &spin); /* L8 */
    }
    round->vain = step + 1;
}

void
spin_arrive(uint32_t number, const struct abi_agent *agent, uint64_t step)
{
    struct round *round = &rounds[number];

    touched = number < touched ? touched : number + 1;
    if (round->fresh) {
        if (agent->op == SP_DELIVER_APC &&
            round->now != 0) { /* that comes first, and then it stands there once more */
            forget_rounds(round);
            round->now = round->weak = 0;
            round->sleeps = false;
        }
        return;
    }
    round->fresh = true;
    round->polls = false;
    round->now = round->weak = 0;
    round->sleeps = agent->op == SP_DELAY;
    if (agent->op != SP_MEMORY_READ && agent->op != SP_ATOMIC && !is_harmless(agent->op) &&
        !looks(agent)) {
        forget_rounds(round); /* L3 */
        return;
    }
    if (agent->registers != 0) {
        round->now = key_of(agent, round);
    }
    if (round->now == 0 && !is_harmless(agent->op)) {
        forget_rounds(round);
        return;
    }
    if (round->unseen) {
        forget_rounds(round);
        round->unseen = false;
    }
    if (round->changed_size != 0 &&
        value_at(round->changed, round->changed_size) != round->before) {
        forget_rounds(round); /* L3 */
    } else if ((!round->known || !round->sleeping) && round->last + 1 != step) {
        forget(round);
    }
    round->changed_size = 0;
    round->arrived = step;
    round->op = agent->op;
    note_op(round, agent->op);
    note_looks(round, agent);
    if (round->now == 0) {
        return;
    }
    spin_idle = false;
    if (round->weak != 0) {
        come_to_sleep(round, step);
    }
    come_to(round, step);
}

bool
spin_goes_on(uint32_t number, const struct abi_agent *agent, uint64_t step)
{
    if (number >= MAX_AGENTS || rounds[number].goes_on == ASKED || rounds[number].fresh ||
        (agent->flags & ABI_AGENT_BLOCKED) != 0) {
        return false;
    }
    spin_arrive(number, agent, step);
    return rounds[number].goes_on != ASKED;
}

void
spin_unseen(uint32_t number)
{
    if (number < MAX_AGENTS) {
        rounds[number].unseen = true;
    }
}

void
spin_wrote(uint64_t address)
{
    if (current < MAX_AGENTS && !frames_hold(&rounds[current].frames, address)) {
        forget(&rounds[current]);
    }
}

void
spin_read(uint64_t address, uint64_t size)
{
    struct round *round = current < MAX_AGENTS ? &rounds[current] : NULL;

    if (round == NULL || frames_hold(&round->frames, address)) {
        return;
    }
    note_look(round, address, size <= 8 ? (uint32_t)size : 9);
    if (round->arrivals != 0 && round->goes_on != AGAIN) {
        add_read(round, address, size <= 8 ? (uint32_t)size : 9);
    }
}

GENERAL_REGISTERS_ONLY bool
spin_polls(uint32_t number)
{
    return number < MAX_AGENTS && rounds[number].polls;
}

bool
spin_passes(uint32_t number, const struct abi_agent *agent)
{
    struct round *round = &rounds[number];

    if (agent->op != SP_YIELD || agent->registers == 0 || !kernel_known || number >= MAX_AGENTS ||
        round->op == SP_YIELD || round->arrivals == 0) {
        return false;
    }
    round->now = round->weak = 0;
    round->addresses = 0;
    round->sleeps = false;
    round->arrived = round->last + 1;
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
    for (uint32_t i = 0; i < round->addresses; i++) {
        note_look(round, round->address[i], round->size);
    }
    if (round->goes_on == ASKED && round->repeat.key != 0 && are_same(&round->repeat)) { /* L5 */
        round->goes_on = round->repeat.key == round->weak ? ALIKE : AGAIN;
        round->gone = 0;
    }
    if (round->goes_on == AGAIN) {
        return; /* nothing new */
    }
    if (((!round->known || !(round->sleeping || round->sleeps)) && round->arrived != step) ||
        (round->now != 0 && round->arrivals == MAX_ARRIVALS)) {
        forget(round); /* others have stepped while it stood there */
    }
    round->sleeping |= round->sleeps;
    if (round->now == 0) {
        return;
    }
    round->site[round->arrivals] = round->here;
    round->reading[round->arrivals] = 0;
    round->key[round->arrivals++] = round->now;
    for (uint32_t i = 0; i < round->addresses; i++) {
        add_read(round, round->address[i], round->size);
    }
    if (round->op == SP_ATOMIC) {
        round->changed = round->address[0];
        round->changed_size = round->size <= 8 ? round->size : 8;
        round->before = value_at(round->changed, round->changed_size);
    }
}

/* It stands at no point of ours. */
GENERAL_REGISTERS_ONLY static void
call(struct round *round, uint32_t number, uint64_t step)
{
    round->now = round->weak = 0;
    round->addresses = 0;
    round->sleeps = false;
    round->arrived = step;
    spin_stepped(number, step);
}

GENERAL_REGISTERS_ONLY void
spin_called(uint32_t number, uint16_t op, uint64_t step)
{
    struct round *round = &rounds[number];

    if ((1ull << op & ~HARMLESS_ALONE) != 0) {
        forget_rounds(round); /* L3 */
    }
    note_op(round, op);
    call(round, number, step);
}

GENERAL_REGISTERS_ONLY bool
spin_called_all(uint32_t number, uint64_t ops, uint64_t step)
{
    struct round *round = &rounds[number];

    if (number >= MAX_AGENTS || round->slept_at != 0 || round->repeat.key != 0) {
        return false; /* what came first may matter */
    }
    if ((ops & ~HARMLESS_ALONE) != 0) {
        forget_rounds(round); /* L3 */
    }
    call(round, number, step);
    return true;
}

/* Objects of an operation that waits: what the loop reads. */
static void
becomes(const struct run_spin *spin, struct operation *operation)
{
    operation->op = SP_MEMORY_READ;
    operation->more = NULL;
    operation->objects = 0;
    operation->object[0] = 0;
    operation->reads[0] = true;
    for (uint32_t i = 0; i < spin->reads && operation->objects < ABI_AGENT_OBJECTS; i++) {
        operation->object[operation->objects] = spin->read[i].address;
        operation->size[operation->objects] = spin->read[i].size;
        operation->reads[operation->objects++] = true;
    }
}

/* Does it stand where it would wait for what `spin` says? */
static bool
is_waiting(const struct round *round, const struct run_spin *spin)
{
    return (spin->key == round->now ||
            (spin->key == round->weak && round->alike >= ALIKE_ROUNDS)) &&
           are_same(spin) && frames_are_same(&round->frames);
}

bool
spin_waits(uint32_t number, uint64_t step, bool vain, struct operation *operation)
{
    struct round *round = &rounds[number];

    round->waits_for = NULL;
    if (round->now == 0) {
        return false;
    }
    for (size_t i = 0; i < spin_count; i++) {
        const struct run_spin *spin = &spins[i];

        if (is_waiting(round, spin)) {
            note_slept(spin->key == round->weak ? SLEPT_DIFFERENT : 0);
            round->waits_for = spin;
            if (round->known && round->arrived == step) {
                learn_way(round, round->arrivals, spin, is_site_of);
            }
            becomes(spin, operation);
            return true;
        }
    }
    if (vain && round->own.key != 0 && is_waiting(round, &round->own)) {
        becomes(&round->own, operation);
        round->waits_for = &round->own;
        return true;
    }
    if (round->repeat.key != 0 && round->repeat.reads <= ABI_AGENT_OBJECTS &&
        are_same(&round->repeat)) { /* L5 */
        becomes(&round->repeat, operation);
    }
    return vain && round->vain == step + 1 && frames_are_same(&round->frames);
}

size_t
spin_says(uint32_t number, char *text, size_t size)
{
    const struct run_spin *spin = number < MAX_AGENTS ? rounds[number].waits_for : NULL;
    size_t used = 0;
    char name[128];

    text[0] = 0;
    for (uint64_t i = 0; spin != NULL && i < spin->reads && used < size; i++) {
        const struct run_spin_read *read = &spin->read[i];
        const char *before = i == 0 ? "" : " and ";
        int length;

        if (read->size == RUN_SPIN_STATE) {
            length = snprintf(text + used, size - used, "%swhether the object at 0x%lx is signaled",
                              before, read->address);
        } else {
            images_describe(read->address, name, sizeof(name));
            length = snprintf(text + used, size - used, "%s%u bytes at %s, which are 0x%lx", before,
                              read->size, name, read->value);
        }
        used += (size_t)length;
    }
    return used < size ? used : size - 1;
}
