/*
 * trace.c - reads the trace ring and writes it as JSON lines.
 *
 * The guest may have written anything there (machine.h, M4): numbers are bounded, nothing is
 * followed.
 */
#include <inttypes.h>
#include <stddef.h>
#include <unistd.h>
#include "abi/machine.h"
#include "host/trace/trace.h"

static const char *const event_names[] = {
    "boot",        "image_load", "image_unload", "process_create", "process_exit", "thread_create",
    "thread_exit", "switch",     "driver_call",  "driver_return",  "irp_complete", "copy",
    "pool_alloc",  "pool_free",  "pages_lock",   "pages_unlock",   "pages_map",    "dpc_run",
    "apc_run",     "exception",  "bugcheck",     "suspended",      "resumed",
};

static const char *const step_names[] = {
    [SP_SYSTEM_SERVICE] = "system_service",
    [SP_WAIT] = "wait",
    [SP_SET_EVENT] = "set_event",
    [SP_RESET_EVENT] = "reset_event",
    [SP_PULSE_EVENT] = "pulse_event",
    [SP_RELEASE_SEMAPHORE] = "release_semaphore",
    [SP_RELEASE_MUTANT] = "release_mutant",
    [SP_SET_TIMER] = "set_timer",
    [SP_CANCEL_TIMER] = "cancel_timer",
    [SP_READ_STATE] = "read_state",
    [SP_QUEUE_DPC] = "queue_dpc",
    [SP_REMOVE_DPC] = "remove_dpc",
    [SP_QUEUE_APC] = "queue_apc",
    [SP_INSERT_QUEUE] = "insert_queue",
    [SP_REMOVE_QUEUE] = "remove_queue",
    [SP_ACQUIRE_SPINLOCK] = "acquire_spinlock",
    [SP_RELEASE_SPINLOCK] = "release_spinlock",
    [SP_ACQUIRE_LOCK] = "acquire_lock",
    [SP_RELEASE_LOCK] = "release_lock",
    [SP_INTERLOCKED] = "interlocked",
    [SP_CREATE_THREAD] = "create_thread",
    [SP_EXIT_THREAD] = "exit_thread",
    [SP_SET_PRIORITY] = "set_priority",
    [SP_SUSPEND] = "suspend",
    [SP_RESUME] = "resume",
    [SP_YIELD] = "yield",
    [SP_QUERY_TIME] = "query_time",
    [SP_DELAY] = "delay",
    [SP_IRP_CALL] = "irp_call",
    [SP_IRP_COMPLETE] = "irp_complete_step",
    [SP_IRP_CANCEL] = "irp_cancel",
    [SP_OBJECT] = "object",
    [SP_HANDLE] = "handle",
    [SP_REGISTRY] = "registry",
    [SP_POOL] = "pool",
    [SP_ENTER_REGION] = "enter_region",
    [SP_LEAVE_REGION] = "leave_region",
    [SP_DRIVER_LOAD] = "driver_load",
    [SP_DRIVER_UNLOAD] = "driver_unload",
    [SP_MEMORY_READ] = "memory_read",
    [SP_MEMORY_WRITE] = "memory_write",
    [SP_REFERENCE] = "reference",
    [SP_LOOKUP] = "lookup",
    [SP_ATOMIC] = "atomic",
    [SP_ACQUIRE_SHARED] = "acquire_shared",
    [SP_RELEASE_SHARED] = "release_shared",
    [SP_TRY_LOCK] = "try_lock",
    [SP_TRY_SHARED] = "try_shared",
    [SP_DELIVER_APC] = "deliver_apc",
    [SP_RUN_DPC] = "run_dpc",
    [SP_FIRE_TIMER] = "fire_timer",
    [SP_POOL_FREE] = "pool_free_step",
    [SP_CLAIM_LOCK] = "claim_lock",
};

const char *
trace_event_name(uint16_t kind)
{
    unsigned event = kind - EV_BOOT;

    if (kind < sizeof(step_names) / sizeof(step_names[0])) {
        return step_names[kind];
    }
    return kind >= EV_BOOT && event < sizeof(event_names) / sizeof(event_names[0])
               ? event_names[event]
               : NULL;
}

static bool
read_word(int memory, size_t offset, uint64_t *out)
{
    return pread(memory, out, sizeof(*out), (off_t)(ABI_MACHINE_PAGE + offset)) ==
           (ssize_t)sizeof(*out);
}

static bool
ring(int memory, uint64_t *base, uint64_t *count)
{
    uint64_t large;

    if (!read_word(memory, offsetof(struct abi_machine, trace_large), &large)) {
        return false;
    }
    *base = large ? ABI_TRACE_LARGE : ABI_TRACE_RING;
    *count = large ? ABI_TRACE_LARGE_COUNT : ABI_TRACE_COUNT;
    return true;
}

bool
trace_extent(int memory, uint64_t *first, uint64_t *end)
{
    uint64_t base, count;

    if (!ring(memory, &base, &count) ||
        !read_word(memory, offsetof(struct abi_machine, trace_next), end)) {
        return false;
    }
    *first = *end > count ? *end - count : 0;
    return true;
}

bool
trace_read(int memory, uint64_t number, struct abi_record *out)
{
    uint64_t base, count;

    return ring(memory, &base, &count) &&
           pread(memory, out, sizeof(*out), (off_t)(base + number % count * sizeof(*out))) ==
               (ssize_t)sizeof(*out);
}

void
trace_write(FILE *out, int memory)
{
    struct abi_record record;
    uint64_t first, end;

    if (!trace_extent(memory, &first, &end)) {
        return;
    }
    fprintf(out, "{\"schema\": 1, \"events\": %" PRIu64 ", \"lost\": %" PRIu64 "}\n", end, first);
    for (uint64_t i = first; i < end && trace_read(memory, i, &record); i++) {
        const char *name = trace_event_name(record.kind);

        fprintf(out, "{\"n\": %" PRIu64 ", \"time_100ns\": %" PRIu64 ", \"event\": ", i,
                record.time_100ns);
        if (name != NULL) {
            fprintf(out, "\"%s\"", name);
        } else {
            fprintf(out, "\"%#x\"", record.kind);
        }
        fprintf(out,
                ", \"cpu\": %u, \"irql\": %u, \"agent\": \"%08x\", \"object\": \"%#" PRIx64
                "\", \"caller\": \"%#" PRIx64 "\", \"args\": [%" PRIu64 ", %" PRIu64 ", %" PRIu64
                ", %" PRIu64 "]}\n",
                record.cpu, record.irql, record.agent, record.object, record.caller, record.arg[0],
                record.arg[1], record.arg[2], record.arg[3]);
    }
}
