/*
 * calls.c - the last calls of dispatch routines, from the trace ring that the run has left in its
 * memory.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "abi/trace.h"
#include "host/report/report.h"
#include "host/trace/trace.h"

#define MOST_RECORDS 20000 /* looked at: there are more where each step is recorded */
#define LAST_CALLS   12

/* The newest call of this request to this device that has not returned; NULL if it is not on
 * record. */
static struct call *
open_call(struct call *call, size_t calls, const struct abi_record *record)
{
    for (size_t i = calls; i-- > 0;) {
        if (!call[i].returned && call[i].device == record->object &&
            call[i].irp == record->arg[1] && call[i].agent == record->agent) {
            return &call[i];
        }
    }
    return NULL;
}

static void
read_record(struct report *report, const struct abi_record *record)
{
    struct call *call;

    switch (record->kind) {
    case EV_DRIVER_CALL:
        if (place_of(report, record->arg[3], false)->origin == ORIGIN_OURS) {
            break; /* the console, the host's files */
        }
        report->call = report_grow(report->call, &report->calls, sizeof(*call));
        call = &report->call[report->calls - 1];
        call->agent = record->agent;
        call->device = record->object;
        call->major = (uint8_t)(record->arg[0] >> 8);
        call->minor = (uint8_t)record->arg[0];
        call->irp = record->arg[1];
        call->code = record->arg[2];
        call->irql = record->irql;
        call->cpu = record->cpu;
        call->time = record->time_100ns;
        call->routine = place_of(report, record->arg[3], false);
        break;
    case EV_DRIVER_RETURN:
        call = open_call(report->call, report->calls, record);
        if (call != NULL) {
            call->returned = true;
            call->status = (uint32_t)record->arg[0];
        }
        break;
    case EV_IRP_COMPLETE:
        for (size_t i = report->calls; i-- > 0;) {
            if (report->call[i].irp == record->object && !report->call[i].completed) {
                report->call[i].completed = true;
                report->call[i].completed_status = (uint32_t)record->arg[0];
                report->call[i].information = record->arg[1];
                break;
            }
        }
        break;
    default:
        break;
    }
}

/* A suspend denial of service is told as it is before the thread is let go on: what comes then shows whom it helps. */
void
calls_read(struct report *report)
{
    bool suspended = report->result->stop.verdict == ABI_SUSPEND_DOS;
    struct abi_record record;
    uint64_t first, end;

    if (report->result->memory < 0 || !trace_extent(report->result->memory, &first, &end)) {
        return;
    }
    first = end - first > MOST_RECORDS ? end - MOST_RECORDS : first;
    for (uint64_t i = first; i < end && trace_read(report->result->memory, i, &record) &&
                             !(suspended && record.kind == EV_RESUMED);
         i++) {
        read_record(report, &record);
    }
    if (report->calls > LAST_CALLS) {
        memmove(report->call, report->call + report->calls - LAST_CALLS,
                LAST_CALLS * sizeof(*report->call));
        report->calls = LAST_CALLS;
    }
}
