/*
 * programs.c - the programs whose numbers of traces are known: a and b are their parameters.
 *
 * Objects are numbers; what each is follows from the operations on it.
 */
#include "tests/host/explore/model.h"

/* One writer of x, a readers. */
static void
write_x(struct model *m, struct thread *t)
{
    BEGIN;
    AT(WRITE, 0);
    OBJECT = 1;
    END;
}

static void
read_x(struct model *m, struct thread *t)
{
    BEGIN;
    AT(READ, 0);
    END;
}

static void
readers(struct model *m)
{
    model_thread(m, write_x, 0);
    for (int i = 0; i < m->a; i++) {
        model_thread(m, read_x, i);
    }
}
const struct program program_readers = {"readers", readers, NULL};

static void
readers_last(struct model *m)
{
    for (int i = 0; i < m->a; i++) {
        model_thread(m, read_x, i);
    }
    model_thread(m, write_x, 0);
}
const struct program program_readers_last = {"readers-last", readers_last, NULL};

static void
writers(struct model *m)
{
    for (int i = 0; i < m->a; i++) {
        model_thread(m, write_x, i);
    }
}
const struct program program_writers = {"writers", writers, NULL};

/* Writer j: a[j] = a[j-1] + 1; a reader looks for the last zero. */
static void
last_writer(struct model *m, struct thread *t)
{
    BEGIN;
    AT(READ, t->argument - 1);
    t->r[0] = OBJECT;
    AT(WRITE, t->argument);
    OBJECT = (int16_t)(t->r[0] + 1);
    END;
}

static void
last_reader(struct model *m, struct thread *t)
{
    BEGIN;
    t->r[0] = (int16_t)m->a;
    for (;;) {
        AT(READ, t->r[0]);
        if (OBJECT == 0) {
            break;
        }
        t->r[0]--;
    }
    END;
}

static void
lastzero(struct model *m)
{
    model_thread(m, last_reader, 0);
    for (int i = 1; i <= m->a; i++) {
        model_thread(m, last_writer, i);
    }
}
const struct program program_lastzero = {"lastzero", lastzero, NULL};

/* a threads, one lock. */
static void
one_section(struct model *m, struct thread *t)
{
    BEGIN;
    AT(LOCK, 0);
    AT(UNLOCK, 0);
    END;
}

static void
lockinc(struct model *m)
{
    for (int i = 0; i < m->a; i++) {
        model_thread(m, one_section, i);
    }
}
const struct program program_lockinc = {"lockinc", lockinc, NULL};

/* a threads read and write each of b variables. */
static void
increment(struct model *m, struct thread *t)
{
    BEGIN;
    for (t->r[0] = 0; t->r[0] < m->b; t->r[0]++) {
        AT(READ, t->r[0]);
        t->r[1] = OBJECT;
        AT(WRITE, t->r[0]);
        OBJECT = (int16_t)(t->r[1] + 1);
    }
    END;
}

static void
inc(struct model *m)
{
    for (int i = 0; i < m->a; i++) {
        model_thread(m, increment, i);
    }
}
const struct program program_inc = {"inc", inc, NULL};

/* p: x=1  q: y=1  r: if (!y) z=1  s: if (z) if (!y) x=2;  x 0, y 1, z 2 */
static void
popl_p(struct model *m, struct thread *t)
{
    BEGIN;
    AT(WRITE, t->argument);
    OBJECT = 1;
    END;
}

static void
popl_r(struct model *m, struct thread *t)
{
    BEGIN;
    AT(READ, 1);
    if (OBJECT == 0) {
        AT(WRITE, 2);
        OBJECT = 1;
    }
    END;
}

static void
popl_s(struct model *m, struct thread *t)
{
    BEGIN;
    AT(READ, 2);
    if (OBJECT != 0) {
        AT(READ, 1);
        if (OBJECT == 0) {
            AT(WRITE, 0);
            OBJECT = 2;
        }
    }
    END;
}

static void
popl(struct model *m)
{
    model_thread(m, popl_p, 0);
    model_thread(m, popl_p, 1);
    model_thread(m, popl_r, 0);
    model_thread(m, popl_s, 0);
}
const struct program program_popl = {"popl", popl, NULL};

/* a setters: x=1; y=-1. b checkers: x==0&&y==0 || x==1&&y==-1 */
static void
setter(struct model *m, struct thread *t)
{
    BEGIN;
    AT(WRITE, 0);
    OBJECT = 1;
    AT(WRITE, 1);
    OBJECT = -1;
    END;
}

static void
checker(struct model *m, struct thread *t)
{
    BEGIN;
    AT(READ, 0);
    if (OBJECT == 0) {
        AT(READ, 1);
        if (OBJECT == 0) {
            t->op = DONE;
            return;
        }
    }
    AT(READ, 0);
    if (OBJECT != 1) {
        m->bad = true;
    } else {
        AT(READ, 1);
        if (OBJECT != -1) {
            m->bad = true;
        }
    }
    END;
}

static void
reorder(struct model *m)
{
    for (int i = 0; i < m->a; i++) {
        model_thread(m, setter, i);
    }
    for (int i = 0; i < m->b; i++) {
        model_thread(m, checker, i);
    }
}
const struct program program_reorder = {"reorder", reorder, NULL};

/* a philosophers: left, right, put both down. */
static void
philosopher(struct model *m, struct thread *t)
{
    BEGIN;
    AT(LOCK, t->argument);
    AT(LOCK, (t->argument + 1) % m->a);
    AT(UNLOCK, (t->argument + 1) % m->a);
    AT(UNLOCK, t->argument);
    END;
}

static void
stuck(struct model *m)
{
    m->bad |= model_present(m) != 0;
}

static void
din_phil(struct model *m)
{
    for (int i = 0; i < m->a; i++) {
        model_thread(m, philosopher, i);
    }
}
const struct program program_din_phil = {"din_phil", din_phil, stuck};

static void
deadlock01(struct model *m)
{
    m->a = 2;
    din_phil(m);
}
const struct program program_deadlock01 = {"deadlock01", deadlock01, stuck};

/* One section under one lock each, as one operation. */
static void
lazy(struct model *m, struct thread *t)
{
    BEGIN;
    AT(UPDATE, 0);
    if (t->argument < 2) {
        OBJECT = (int16_t)(OBJECT + t->argument + 1);
    } else {
        m->bad |= OBJECT >= 3;
    }
    END;
}

static void
lazy01(struct model *m)
{
    for (int i = 0; i < 3; i++) {
        model_thread(m, lazy, i);
    }
}
const struct program program_lazy01 = {"lazy01", lazy01, NULL};
const struct program program_account = {"account", lazy01, NULL};

static void
ring(struct model *m, struct thread *t)
{
    BEGIN;
    AT(UPDATE, 0);
    if (t->argument < 3) {
        m->object[1 + t->argument] =
            (int16_t)((m->object[1 + (t->argument + 2) % 3] + (t->argument == 0)) % 4);
        m->object[4]++;
    } else if (m->object[4] == 3) {
        m->bad |= m->object[1] != m->object[2] || m->object[2] != m->object[3];
    }
    END;
}

static void
token_ring(struct model *m)
{
    m->object[1] = m->object[3] = 1;
    m->object[2] = 2;
    for (int i = 0; i < 4; i++) {
        model_thread(m, ring, i);
    }
}
const struct program program_token_ring = {"token_ring", token_ring, NULL};

/* a pushes and a pops; a pop of an empty stack is bad, once something was pushed. */
static void
push(struct model *m, struct thread *t)
{
    BEGIN;
    for (t->r[0] = 0; t->r[0] < m->a; t->r[0]++) {
        AT(LOCK, 0);
        m->object[1]++;
        m->object[2] = 1;
        AT(UNLOCK, 0);
    }
    END;
}

static void
pop(struct model *m, struct thread *t)
{
    BEGIN;
    for (t->r[0] = 0; t->r[0] < m->a; t->r[0]++) {
        AT(LOCK, 0);
        if (m->object[2] != 0) {
            m->bad |= m->object[1] == 0;
            m->object[1] -= m->object[1] > 0;
        }
        AT(UNLOCK, 0);
    }
    END;
}

static void
stack(struct model *m)
{
    model_thread(m, push, 0);
    model_thread(m, pop, 0);
}
const struct program program_stack = {"stack", stack, NULL};

/* a writers: data1 = 1 under lock 0, data2 = data1 + 1 under lock 1. b readers of both. */
static void
stage_writer(struct model *m, struct thread *t)
{
    BEGIN;
    AT(LOCK, 0);
    m->object[2] = 1;
    AT(UNLOCK, 0);
    AT(LOCK, 1);
    m->object[3] = (int16_t)(m->object[2] + 1);
    AT(UNLOCK, 1);
    END;
}

static void
stage_reader(struct model *m, struct thread *t)
{
    BEGIN;
    AT(LOCK, 0);
    t->r[0] = m->object[2];
    AT(UNLOCK, 0);
    if (t->r[0] != 0) {
        AT(LOCK, 1);
        m->bad |= m->object[3] != t->r[0] + 1;
        AT(UNLOCK, 1);
    }
    END;
}

static void
twostage(struct model *m)
{
    for (int i = 0; i < m->a; i++) {
        model_thread(m, stage_writer, i);
    }
    for (int i = 0; i < m->b; i++) {
        model_thread(m, stage_reader, i);
    }
}
const struct program program_twostage = {"twostage", twostage, NULL};

/*
 * Bluetooth: pendingIo 0 (1 at first), stoppingFlag 1, stoppingEvent 2, stopped 3; a adders. The stopper waits for
 * the event, or looks once whether it is set.
 */
static void
adder(struct model *m, struct thread *t)
{
    BEGIN;
    if (t->argument != 0) { /* fixed: counts first */
        AT(UPDATE, 0);
        OBJECT++;
    }
    AT(READ, 1);
    t->r[0] = OBJECT;
    if (t->r[0] == 0 && t->argument == 0) {
        AT(UPDATE, 0);
        OBJECT++;
    }
    if (t->r[0] == 0) {
        AT(READ, 3);
        m->bad |= OBJECT != 0;
    }
    if (t->r[0] == 0 || t->argument != 0 || m->b != 0) {
        AT(UPDATE, 0);
        if (--OBJECT == 0) {
            AT(m->b != 0 ? WRITE : SET, 2);
            OBJECT = 1;
        }
    }
    END;
}

static void
stopper(struct model *m, struct thread *t)
{
    BEGIN;
    AT(WRITE, 1);
    OBJECT = 1;
    AT(UPDATE, 0);
    if (--OBJECT == 0) {
        AT(m->b != 0 ? WRITE : SET, 2);
        OBJECT = 1;
    }
    if (m->b != 0) {
        AT(READ, 2);
        t->r[0] = OBJECT;
    } else {
        AT(WAIT_ALL, 2);
        t->r[0] = 1;
    }
    if (t->r[0] != 0) {
        AT(WRITE, 3);
        OBJECT = 1;
    }
    END;
}

static void
bluetooth_of(struct model *m, int fixed)
{
    m->object[0] = 1;
    for (int i = 0; i < m->a; i++) {
        model_thread(m, adder, fixed);
    }
    model_thread(m, stopper, 0);
}

static void
bluetooth_event(struct model *m)
{
    bluetooth_of(m, 0);
}
const struct program program_bluetooth_event = {"bluetooth-event", bluetooth_event, NULL};

static void
bluetooth_fixed(struct model *m)
{
    bluetooth_of(m, 1);
}
const struct program program_bluetooth_fixed = {"bluetooth-fixed", bluetooth_fixed, NULL};

static void
bluetooth(struct model *m)
{
    m->b = 1;
    bluetooth_of(m, 0);
}
const struct program program_bluetooth = {"bluetooth", bluetooth, NULL};

/* A counter writes 1 .. a-1 under a lock; one reads it and takes that lock; a threads take one each. */
static void
counter(struct model *m, struct thread *t)
{
    BEGIN;
    for (t->r[0] = 1; t->r[0] < m->a; t->r[0]++) {
        AT(LOCK, 0);
        m->object[1] = t->r[0];
        AT(UNLOCK, 0);
    }
    END;
}

static void
chooser(struct model *m, struct thread *t)
{
    BEGIN;
    AT(LOCK, 0);
    t->r[0] = m->object[1];
    AT(UNLOCK, 0);
    AT(LOCK, 2 + t->r[0]);
    AT(UNLOCK, 2 + t->r[0]);
    END;
}

static void
taker(struct model *m, struct thread *t)
{
    BEGIN;
    AT(LOCK, 2 + t->argument);
    AT(UNLOCK, 2 + t->argument);
    END;
}

static void
ssbexp(struct model *m)
{
    for (int i = 0; i < m->a; i++) {
        model_thread(m, taker, i);
    }
    model_thread(m, counter, 0);
    model_thread(m, chooser, 0);
}
const struct program program_ssbexp = {"ssbexp", ssbexp, NULL};

/* a threads put 4 words each into a table of 128. */
static void
indexing(struct model *m, struct thread *t)
{
    BEGIN;
    for (t->r[0] = 1; t->r[0] <= 4; t->r[0]++) {
        t->r[1] = (int16_t)(((t->r[0] * 11 + t->argument) * 7) % 128);
        for (;;) {
            t->expected = 0;
            AT(TRY, t->r[1]);
            if (OBJECT == 0) {
                OBJECT = (int16_t)(t->r[0] * 11 + t->argument);
                break;
            }
            t->r[1] = (int16_t)((t->r[1] + 1) % 128);
        }
    }
    END;
}

static void
indexer(struct model *m)
{
    for (int i = 0; i < m->a; i++) {
        model_thread(m, indexing, i);
    }
}
const struct program program_indexer = {"indexer", indexer, NULL};

/* a threads (numbers from b on): inode locks 0 .. 31, block locks 32 .. 57; contents from 64 and 96 on. */
static void
file(struct model *m, struct thread *t)
{
    BEGIN;
    t->r[0] = (int16_t)(t->argument % 32);
    AT(LOCK, t->r[0]);
    if (m->object[64 + t->r[0]] == 0) {
        t->r[1] = (int16_t)((t->r[0] * 2) % 26);
        for (t->r[2] = 0; t->r[2] < 26; t->r[2]++) {
            AT(LOCK, 32 + t->r[1]);
            if (m->object[96 + t->r[1]] == 0) {
                m->object[96 + t->r[1]] = 1;
                m->object[64 + t->r[0]] = (int16_t)(t->r[1] + 1);
                AT(UNLOCK, 32 + t->r[1]);
                break;
            }
            AT(UNLOCK, 32 + t->r[1]);
            t->r[1] = (int16_t)((t->r[1] + 1) % 26);
        }
    }
    AT(UNLOCK, t->r[0]);
    END;
}

static void
filesystem(struct model *m)
{
    for (int i = 0; i < m->a; i++) {
        model_thread(m, file, i + m->b);
    }
}
const struct program program_filesystem = {"filesystem", filesystem, NULL};

/* a users of a block that a flag says is there, and who frees it. */
static void
user(struct model *m, struct thread *t)
{
    BEGIN;
    AT(READ, 0);
    if (OBJECT == 0) {
        AT(READ, 1);
        m->bad |= OBJECT != 0;
    }
    END;
}

static void
freer(struct model *m, struct thread *t)
{
    BEGIN;
    AT(WRITE, 0);
    OBJECT = 1;
    AT(WRITE, 1);
    OBJECT = 1;
    END;
}

static void
free_(struct model *m)
{
    for (int i = 0; i < m->a; i++) {
        model_thread(m, user, i);
    }
    model_thread(m, freer, 0);
}
const struct program program_free = {"flag-then-free", free_, NULL};

/* a waiters and b setters of a synchronization event; of a semaphore. */
static void
event_waiter(struct model *m, struct thread *t)
{
    BEGIN;
    AT(WAIT, 0);
    END;
}

static void
event_setter(struct model *m, struct thread *t)
{
    BEGIN;
    AT(SET, 0);
    END;
}

static void
event(struct model *m)
{
    for (int i = 0; i < m->a; i++) {
        model_thread(m, event_waiter, i);
    }
    for (int i = 0; i < m->b; i++) {
        model_thread(m, event_setter, i);
    }
}
const struct program program_event = {"event", event, stuck};

static void
semaphore_waiter(struct model *m, struct thread *t)
{
    BEGIN;
    AT(TAKE, 0);
    END;
}

static void
semaphore_setter(struct model *m, struct thread *t)
{
    BEGIN;
    AT(PUT, 0);
    END;
}

static void
semaphore(struct model *m)
{
    for (int i = 0; i < m->a; i++) {
        model_thread(m, semaphore_waiter, i);
    }
    for (int i = 0; i < m->b; i++) {
        model_thread(m, semaphore_setter, i);
    }
}
const struct program program_semaphore = {"semaphore", semaphore, stuck};

/* Thread i: if x is i, it becomes i + 1. */
static void
cas(struct model *m, struct thread *t)
{
    BEGIN;
    t->expected = t->argument;
    AT(TRY, 0);
    if (OBJECT == t->argument) {
        OBJECT++;
    }
    END;
}

static void
casrot(struct model *m)
{
    for (int i = 0; i < m->a; i++) {
        model_thread(m, cas, i);
    }
}
const struct program program_casrot = {"casrot", casrot, NULL};

/* a agents look at a flag and yield until it is set, which the last one does after b steps. */
static void
spinner(struct model *m, struct thread *t)
{
    BEGIN;
    for (;;) {
        AT(READ, 0);
        if (OBJECT != 0) {
            break;
        }
        AT(YIELD, 0);
        m->bad |= ++t->r[0] > 2 * m->b + 2; /* two turns for each of the other, and the first */
    }
    END;
}

static void
worker(struct model *m, struct thread *t)
{
    BEGIN;
    for (t->r[0] = 1; t->r[0] < m->b; t->r[0]++) {
        AT(WRITE, t->r[0]);
    }
    AT(WRITE, 0);
    OBJECT = 1;
    END;
}

static void
spin(struct model *m)
{
    for (int i = 0; i < m->a; i++) {
        model_thread(m, spinner, i);
    }
    model_thread(m, worker, 0);
}
const struct program program_spin = {"spin", spin, NULL};

/*
 * A program from the numbers a: 2 or 3 threads of up to b operations on few objects. Variables 0, 1; locks 2, 3; a
 * synchronization event 4, a notification event 5, a semaphore 6; what is locked is unlocked again later,
 * perhaps. A thread may do one thing or another by what it read; the last one may be started by the first.
 */
static uint32_t
number(const struct model *m, int thread, int at)
{
    struct random random = {.state = (uint64_t)m->a * 7919 + (uint64_t)thread * 131 + (uint64_t)at};

    random_next(&random);
    return (uint32_t)random_next(&random) >> 3;
}

/* A thread that has found this value, at this place. */
static bool
crashes(struct model *m, const struct thread *t, int16_t value)
{
    bool now = m->program == &program_crashing && number(m, t->id, t->r[0] + 250) % 3 == 0 &&
               number(m, t->id, value + 300) % 2 == 0;

    m->bad |= now;
    return now;
}

static void
at_random(struct model *m, struct thread *t)
{
    static const uint8_t counting[][2] = {{GIVE, 8}, {GIVE, 9}, {USE, 8}, {USE, 9}, {WRITE, 0}};
    static const uint8_t adding[][2] = {{GIVE, 8}, {GIVE, 8}, {ADD, 8},
                                        {ADD, 8},  {GIVE, 9}, {ADD, 9}};
    static const uint8_t kinds[][2] = {
        {READ, 0}, {READ, 1}, {WRITE, 0}, {WRITE, 1},    {UPDATE, 0}, {LOCK, 2},  {LOCK, 3},
        {LOCK, 2}, {WAIT, 4}, {SET, 4},   {WAIT_ALL, 5}, {SET, 5},    {RESET, 5}, {TAKE, 6},
        {PUT, 6},  {TRY, 0},  {READ, 0},  {WRITE, 0},    {UNLOCK, 2}, {UNLOCK, 3}};
    int used;

    BEGIN;
    for (t->r[0] = 0; t->r[0] < m->b; t->r[0]++) {
        used = (int)(number(m, t->id, t->r[0]) % (sizeof(kinds) / sizeof(kinds[0])));
        /* Sometimes what is done depends on what was read. */
        if (number(m, t->id, t->r[0] + 50) % 4 == 0 && (t->r[1] & 1) != 0) {
            used = (used + 3) % (int)(sizeof(kinds) / sizeof(kinds[0]));
        }
        if ((kinds[used][0] == UNLOCK || kinds[used][0] == LOCK) &&
            ((t->r[2] >> kinds[used][1] & 1) != 0) != (kinds[used][0] == UNLOCK)) {
            continue; /* nobody locks twice, or unlocks what it does not have */
        }
        t->expected = 0;
        if (m->program == &program_counting && number(m, t->id, t->r[0] + 150) % 3 != 0) {
            used =
                (int)(number(m, t->id, t->r[0] + 200) % (sizeof(counting) / sizeof(counting[0])));
            AT(counting[used][0], counting[used][1]);
            t->r[1] = OBJECT <= 0;
            continue;
        }
        if (m->program == &program_adding && number(m, t->id, t->r[0] + 150) % 4 != 0) {
            used = (int)(number(m, t->id, t->r[0] + 200) % (sizeof(adding) / sizeof(adding[0])));
            AT(adding[used][0], adding[used][1]);
            t->r[1] = OBJECT <= 0;
            continue;
        }
        AT(kinds[used][0], kinds[used][1]);
        switch (t->op) {
        case READ:
            t->r[1] = OBJECT;
            m->crashed = crashes(m, t, OBJECT);
            break;
        case WRITE:
            OBJECT = (int16_t)(t->id + 1 + t->r[0]);
            break;
        case UPDATE:
            t->r[1] = ++OBJECT;
            m->crashed = crashes(m, t, OBJECT);
            break;
        case TRY:
            if (OBJECT == t->expected) {
                OBJECT = (int16_t)(t->id + 1);
            } else {
                t->r[1] = OBJECT;
            }
            break;
        case LOCK:
        case UNLOCK:
            t->r[2] ^= (int16_t)(1 << t->object);
            break;
        }
    }
    for (t->r[3] = 2; t->r[3] < 4; t->r[3]++) { /* most give back what they hold */
        if ((t->r[2] >> t->r[3] & 1) != 0 && number(m, t->id, 99) % 8 != 0) {
            AT(UNLOCK, t->r[3]);
        }
    }
    if (t->id == 0 && number(m, 0, 98) % 3 == 0) {
        AT(WRITE, 7);
        model_thread(m, at_random, 0);
    }
    END;
}

static void
random_program(struct model *m)
{
    int threads = 2 + (number(m, 77, 0) % 3 == 0);

    for (int i = 0; i < threads; i++) {
        model_thread(m, at_random, 0);
    }
}
const struct program program_random = {"random", random_program, stuck};

/* The same with references that are given back: what is done depends on who gives the last one back. */
static void
counting_program(struct model *m)
{
    m->object[8] = (int16_t)(2 + number(m, 78, 0) % 4);
    m->object[9] = (int16_t)(2 + number(m, 79, 0) % 4);
    random_program(m);
}
const struct program program_counting = {"counting", counting_program, stuck};

/* And with some that are added: it may be only by those that none is the last. */
static void
adding_program(struct model *m)
{
    m->object[8] = (int16_t)(1 + number(m, 78, 0) % 3);
    m->object[9] = (int16_t)(1 + number(m, 79, 0) % 3);
    random_program(m);
}
const struct program program_adding = {"adding", adding_program, stuck};

/* The same as the first one, in which some crash when they find a value that an earlier step of another one has left. */
static void
crashing_program(struct model *m)
{
    random_program(m);
}
const struct program program_crashing = {"crashing", crashing_program, stuck};

/*
 * A name that ends with the last of its handles, of which there is one: a threads look it up, make another handle if they have found
 * it, and close that if b == 0; one closes the first.
 */
static void
opener(struct model *m, struct thread *t)
{
    BEGIN;
    AT(READ, 1);
    if (OBJECT != 0) {
        AT(ADD, 0);
        if (m->b == 0) {
            AT(GIVE, 0);
        }
    }
    END;
}

static void
closer(struct model *m, struct thread *t)
{
    BEGIN;
    AT(GIVE, 0);
    END;
}

static void
open_close(struct model *m)
{
    m->object[0] = m->object[1] = 1;
    for (int i = 0; i < m->a; i++) {
        model_thread(m, opener, i);
    }
    model_thread(m, closer, 0);
}
const struct program program_open = {"open", open_close, NULL};

/* Each of a threads makes b steps that nobody else sees, and gives its reference back. */
static void
give_back(struct model *m, struct thread *t)
{
    BEGIN;
    for (t->r[0] = 0; t->r[0] < m->b; t->r[0]++) {
        AT(WRITE, 1 + t->id);
    }
    AT(GIVE, 0);
    END;
}

static void
give(struct model *m)
{
    m->object[0] = (int16_t)m->a;
    for (int i = 0; i < m->a; i++) {
        model_thread(m, give_back, i);
    }
}
const struct program program_give = {"give", give, NULL};
