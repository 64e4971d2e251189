/*
 * targets.c - that a thread raises the IRQL is a step if others queue kernel APCs to it.
 *
 * An APC comes in front of a step of its thread, and what says so is that step. Between the last one at PASSIVE_LEVEL and a raised IRQL
 * behind it, or a region, there is none, and an APC that comes there is another one than one in front of that step or behind the region. So there
 * the thread makes a step, which touches nothing (nt/inc/ke.h, KiClosePoint): but only if in some run another agent has queued it a kernel
 * APC, for to all other programs it would be one more step at each lock. A suspension is a kernel APC, the environment's as well.
 *
 * Which threads these are is learnt as shared memory is (memory.c, host/search/learn.c): what a run shows holds from the next one on, and an
 * exhaustive search that still learns of one begins anew.
 */
#include "host/explore/targets.h"
#include "host/explore/memory.h"

struct targets targets_known;
static struct targets found;        /* these are known, or learnt */
static struct run_learned *learned; /* NULL: nothing is learnt any more */
static uint32_t active;             /* of learned->shared */

static void
take(const struct run_shared *shared)
{
    if ((shared->bytes & RUN_SHARED_NORMAL_TARGET) != 0) {
        targets_known.normal |= abi_target(shared->word);
    }
    if ((shared->bytes & RUN_SHARED_SPECIAL_TARGET) != 0) {
        targets_known.special |= abi_target(shared->word);
    }
    found.normal |= targets_known.normal;
    found.special |= targets_known.special;
}

void
targets_init(const struct run_request *request)
{
    learned = request->learned;
    for (size_t i = 0; i < request->shared_count; i++) {
        take(&request->shared[i]);
    }
}

void
targets_begin_run(void)
{
    for (; learned != NULL && learned->freely && active < learned->shared_count; active++) {
        take(&learned->shared[active]);
    }
}

static void
learn(uint64_t thread, uint64_t *among, uint32_t kind)
{
    if (thread != 0 && (*among & abi_target(thread)) == 0) {
        *among |= abi_target(thread);
        memory_learn(learned, thread, kind);
    }
}

/* Who is suspended from outside. */
static uint64_t
befallen(const struct question *question, uint32_t name)
{
    for (agent_set set = question->present; set != 0; set &= set - 1) {
        const struct operation *operation = &question->next[set_first(set)];

        if (operation->target == name && operation->thread != 0) {
            return operation->thread;
        }
    }
    return 0;
}

void
targets_step(const struct question *question, uint32_t agent)
{
    const struct operation *operation = &question->next[agent];
    uint64_t thread = operation->object[0] & ~1ull;

    if (learned == NULL) {
        return;
    }
    if (operation->kind == ABI_AGENT_INJECTED && operation->op == SP_SUSPEND) {
        learn(befallen(question, operation->target), &found.normal, RUN_SHARED_NORMAL_TARGET);
    } else if (thread != operation->thread) {
        if ((operation->queues & ABI_APC_NORMAL) != 0) {
            learn(thread, &found.normal, RUN_SHARED_NORMAL_TARGET);
        }
        if ((operation->queues & ABI_APC_SPECIAL) != 0) {
            learn(thread, &found.special, RUN_SHARED_SPECIAL_TARGET);
        }
    }
}
