/*
 * watch.c - who has changed what the threads of a hang have counted.
 *
 * A lock that a client has made itself is a word that atomic instructions change, and something to wait for. When every
 * thread waits, the word was wrong at some time before; most often because something else was written there. So a hang
 * of a client is run a second time (host/cli/run.c), with each of its accesses to memory patched, and here we remember:
 *
 *     of each thread     the last atomic instruction that it did, before it waited
 *     of each such word  the first store after an atomic access to it that was not atomic and changed it
 *
 *   W1  The run goes the same way as the first: turns end at the same atomic instructions, and nothing else that the
 *       guest can see is different.
 *   W2  What a store has left there is read at the next access to the word.
 *
 * Signal handler context: no allocation, fixed tables. What does not fit is not told.
 */
#include <string.h>
#include "host/machine/machine.h"
#include "host/machine/watch.h"

#define WORDS    16384 /* a power of 2 */
#define MAX_STEP 64

struct word {
    uint64_t address; /* of 8 bytes; 0: free */
    bool atomic;      /* such an instruction was seen here */
    bool open;        /* W2: `after` of `last` is still to be read */
    struct run_store last;
    struct run_store store; /* the first one that changed something */
};

static struct word words[WORDS];
static struct run_watch threads[RUN_MAX_WATCHED];
static uint32_t thread_count;

static struct word *
word_at(uint64_t address, bool make)
{
    uint64_t key = address & ~7ull;
    uint32_t at = (uint32_t)((key * 0x9E3779B97F4A7C15ull) >> 50);

    for (uint32_t i = 0; i < MAX_STEP; i++, at = (at + 1) % WORDS) {
        if (words[at].address == key) {
            return &words[at];
        }
        if (words[at].address == 0) {
            if (make) {
                words[at].address = key;
                return &words[at];
            }
            return NULL;
        }
    }
    return NULL;
}

static uint64_t
value_at(uint64_t address, uint32_t size)
{
    uint64_t value = 0;

    space_read(address, &value, size < 8 ? size : 8);
    return value;
}

static uint32_t
current_agent(void)
{
    struct abi_agent_state state = {0};

    space_read(GUEST->agent, &state, sizeof(state));
    return state.name;
}

static struct run_watch *
thread_of(uint32_t agent)
{
    for (uint32_t i = 0; i < thread_count; i++) {
        if (threads[i].agent == agent) {
            return &threads[i];
        }
    }
    if (thread_count == RUN_MAX_WATCHED) {
        return NULL;
    }
    threads[thread_count].agent = agent;
    return &threads[thread_count++];
}

static void
settle(struct word *word)
{
    if (word->open) {
        word->open = false;
        word->last.after = value_at(word->last.address, word->last.size);
        if (word->store.site == 0 ||
            (word->store.after == word->store.before && word->last.after != word->last.before)) {
            word->store = word->last;
        }
    }
}

bool
watch_access(uint64_t site, uint64_t address, uint32_t what, uint64_t repeat)
{
    volatile struct abi_turn *turn = (volatile struct abi_turn *)ABI_TURN;
    uint32_t size = what & ABI_POINT_SIZE;
    uint32_t agent = current_agent();
    struct word *word;

    if (what & ABI_POINT_PAUSE) {
        return true;
    }
    if (what & ABI_POINT_ATOMIC) {
        struct run_watch *thread = thread_of(agent);

        word = word_at(address, true);
        if (word != NULL) {
            settle(word);
            word->atomic = true;
        }
        if (thread != NULL) {
            thread->address = address;
            thread->site = site;
            thread->size = size;
            thread->value = value_at(address, size);
        }
        return --turn->left == 0; /* W1 */
    }
    if (!(what & ABI_POINT_WRITES) || ((what & ABI_POINT_REPEATED) && repeat == 0)) {
        return false;
    }
    if (what & ABI_POINT_REPEATED) {
        repeat = repeat < 4096 ? repeat : 4096;
    } else {
        repeat = 1;
    }
    for (uint64_t at = address & ~7ull; at < address + size * repeat; at += 8) {
        word = word_at(at, false);
        if (word == NULL || !word->atomic) {
            continue;
        }
        settle(word);
        word->last = (struct run_store){.site = site,
                                        .address = repeat == 1 ? address : at,
                                        .size = repeat == 1 ? size : 8,
                                        .agent = agent};
        word->last.before = value_at(word->last.address, word->last.size);
        word->open = true;
    }
    return false;
}

void
watch_tell(void)
{
    struct shared *shared = machine.shared;

    shared->watched = 0;
    for (uint32_t i = 0; i < thread_count; i++) {
        struct word *word = word_at(threads[i].address, false);

        if (word == NULL) {
            continue;
        }
        settle(word);
        if (word->store.site == 0) {
            continue;
        }
        threads[i].store = word->store;
        shared->watch[shared->watched++] = threads[i];
    }
}
