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
    "apc_run",     "exception",  "bugcheck",
};

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
        unsigned index = record.kind - EV_BOOT;

        fprintf(out, "{\"n\": %" PRIu64 ", \"time_100ns\": %" PRIu64 ", \"event\": ", i,
                record.time_100ns);
        if (record.kind >= EV_BOOT && index < sizeof(event_names) / sizeof(event_names[0])) {
            fprintf(out, "\"%s\"", event_names[index]);
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
