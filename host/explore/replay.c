/*
 * replay.c - answers as a schedule says; where it ends, everybody takes turns (inside.h, X5).
 *
 * Strict: an agent that cannot step where the schedule wants it means that the binaries are not
 * those of the schedule, or that something escaped our control. Both end the run as our failure.
 * Tolerant: such a choice is passed over, and the next one of the schedule is tried.
 */
#include <stdio.h>
#include "host/explore/strategy.h"
#include "host/machine/machine.h"

static const struct run_search *search;
static size_t at;           /* tolerant: in the schedule */
static uint32_t first_skip; /* 1 + the first choice that was passed over */

uint32_t replay_skipped;

static const char *const operations[] = {
    [SP_NONE] = "begin",
    [SP_SYSTEM_SERVICE] = "system service",
    [SP_WAIT] = "wait",
    [SP_SET_EVENT] = "set event",
    [SP_RESET_EVENT] = "reset event",
    [SP_PULSE_EVENT] = "pulse event",
    [SP_RELEASE_SEMAPHORE] = "release semaphore",
    [SP_RELEASE_MUTANT] = "release mutant",
    [SP_SET_TIMER] = "set timer",
    [SP_CANCEL_TIMER] = "cancel timer",
    [SP_READ_STATE] = "read state",
    [SP_QUEUE_DPC] = "queue dpc",
    [SP_REMOVE_DPC] = "remove dpc",
    [SP_QUEUE_APC] = "queue apc",
    [SP_INSERT_QUEUE] = "insert queue",
    [SP_REMOVE_QUEUE] = "remove queue",
    [SP_ACQUIRE_SPINLOCK] = "acquire spinlock",
    [SP_RELEASE_SPINLOCK] = "release spinlock",
    [SP_ACQUIRE_LOCK] = "acquire lock",
    [SP_RELEASE_LOCK] = "release lock",
    [SP_INTERLOCKED] = "interlocked",
    [SP_CREATE_THREAD] = "create thread",
    [SP_EXIT_THREAD] = "exit thread",
    [SP_SET_PRIORITY] = "set priority",
    [SP_SUSPEND] = "suspend",
    [SP_RESUME] = "resume",
    [SP_YIELD] = "yield",
    [SP_QUERY_TIME] = "query time",
    [SP_DELAY] = "delay",
    [SP_IRP_CALL] = "irp call",
    [SP_IRP_COMPLETE] = "irp complete",
    [SP_IRP_CANCEL] = "irp cancel",
    [SP_OBJECT] = "object",
    [SP_HANDLE] = "handle",
    [SP_REGISTRY] = "registry",
    [SP_POOL] = "pool",
    [SP_ENTER_REGION] = "enter region",
    [SP_LEAVE_REGION] = "leave region",
    [SP_DRIVER_LOAD] = "driver load",
    [SP_DRIVER_UNLOAD] = "driver unload",
    [SP_MEMORY_READ] = "memory read",
    [SP_MEMORY_WRITE] = "memory write",
    [SP_REFERENCE] = "reference",
    [SP_LOOKUP] = "lookup",
    [SP_ATOMIC] = "atomic",
    [SP_ACQUIRE_SHARED] = "acquire shared",
    [SP_RELEASE_SHARED] = "release shared",
    [SP_TRY_LOCK] = "try lock",
    [SP_TRY_SHARED] = "try shared",
    [SP_DELIVER_APC] = "deliver apc",
    [SP_RUN_DPC] = "run dpc",
    [SP_FIRE_TIMER] = "fire timer",
    [SP_POOL_FREE] = "pool free",
    [SP_TERMINATE] = "terminate",
    [SP_CLAIM_LOCK] = "claim lock",
};

const char *
operation_name(uint16_t op)
{
    return op < sizeof(operations) / sizeof(operations[0]) && operations[op] != NULL
               ? operations[op]
               : "?";
}

static int
init(const struct run_search *given)
{
    search = given;
    return 0;
}

static bool
begin(uint64_t run)
{
    return true;
}

/* What stands there in place of what the schedule wants; with the number of the choice it is the first difference. */
NORETURN static void
differs(const struct question *question, uint32_t wanted)
{
    char able[256] = "";
    size_t used = 0;
    uint32_t waits;

    for (agent_set set = question->enabled; set != 0 && used + 40 < sizeof(able); set &= set - 1) {
        uint32_t agent = set_first(set);

        used +=
            (size_t)snprintf(able + used, sizeof(able) - used, "%s%08x (%s)", used != 0 ? ", " : "",
                             explorer_name(agent), operation_name(question->next[agent].op));
    }
    waits = explorer_named(question->present & ~question->enabled, wanted);
    if (waits != NO_AGENT) {
        worker_fail("replay mismatch, first at choice %u: agent %08x would have to wait "
                    "(%s, object %lx); these can step: %s",
                    question->step + 1, wanted, operation_name(question->next[waits].op),
                    question->next[waits].object[0], able);
    }
    worker_fail("replay mismatch, first at choice %u: agent %08x does not run there; these can "
                "step: %s",
                question->step + 1, wanted, able);
}

static uint32_t
choose(const struct question *question)
{
    uint32_t agent;

    for (; search->tolerant; replay_skipped++) {
        if (at >= search->schedule_length) {
            return ANSWER_FAIR;
        }
        at++;
        agent = explorer_named(question->enabled, search->schedule[at - 1]);
        if (agent != NO_AGENT) {
            return agent;
        }
        first_skip = first_skip == 0 ? (uint32_t)at : first_skip;
    }
    agent = explorer_named(question->enabled, search->schedule[question->step]);
    if (agent == NO_AGENT) {
        differs(question, search->schedule[question->step]);
    }
    return agent;
}

void
replay_say(void)
{
    char line[200];
    size_t left = search->schedule_length - at;
    int length;

    if (!search->tolerant) {
        return;
    }
    length =
        snprintf(line, sizeof(line), "ntlab: tolerant replay: %u of %zu choices could not be made",
                 replay_skipped, search->schedule_length);
    if (first_skip != 0) {
        length += snprintf(line + length, sizeof(line) - (size_t)length, ", the first is number %u",
                           first_skip);
    }
    if (left != 0) {
        length += snprintf(line + length, sizeof(line) - (size_t)length,
                           "; the run ended before the last %zu", left);
    }
    length += snprintf(line + length, sizeof(line) - (size_t)length, "\n");
    worker_send(RUN_NOTE, line, (size_t)length);
}

const struct strategy strategy_replay = {
    .name = "replay", .init = init, .begin = begin, .choose = choose, .exhausted = SEARCH_BUDGET};
