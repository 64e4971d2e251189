/*
 * chrome.c - a run for the viewers of Perfetto and Chrome (ui.perfetto.dev, chrome://tracing).
 *
 * Virtual time stands still between most steps, so it is no axis: an event's number is its time stamp, in
 * microseconds, and virtual time is among its arguments. Process 1 has a track for each processor, with who runs on it;
 * each guest process has one for each of its threads, with a slice for each step; a request of a driver is an
 * asynchronous slice from the call of the dispatch routine to its return, of all threads that it goes through.
 *
 * Source: "Trace Event Format" (Google, 2016).
 */
#include <stdlib.h>
#include <string.h>
#include "host/cli/cli.h"
#include "host/report/timeline.h"

#define PROCESSORS 1 /* process id of the processors' tracks */

static void
names(FILE *out, const struct timeline *timeline)
{
    fprintf(out,
            "{\"ph\":\"M\",\"name\":\"process_name\",\"pid\":%d,\"args\":{\"name\":"
            "\"processors\"}}",
            PROCESSORS);
    for (size_t i = 0; i < timeline->agents; i++) {
        const struct agent_row *row = &timeline->agent[i];
        char name[64], start[300] = "", whole[400];
        const char *process;

        timeline_agent_name(timeline, row, name, sizeof(name), &process);
        if (row->start != 0) {
            place_name(timeline->site[row->start], start, sizeof(start));
        }
        snprintf(whole, sizeof(whole), "%s %s", name, start);
        fprintf(
            out,
            ",\n{\"ph\":\"M\",\"name\":\"thread_name\",\"pid\":%lu,\"tid\":%zu,\"args\":{\"name\":",
            row->pid + 2, i + 1);
        json_string(out, whole);
        fprintf(out, "}},\n{\"ph\":\"M\",\"name\":\"process_name\",\"pid\":%lu,\"args\":{\"name\":",
                row->pid + 2);
        json_string(out, row->pid == 0 ? "DPCs and idle processors" : process);
        fputs("}}", out);
    }
}

/* Who has been on processor `cpu` from event `from` to `to`. */
static void
occupied(FILE *out, const struct timeline *timeline, unsigned cpu, size_t agent, size_t from,
         size_t to)
{
    const char *process;
    char name[64];

    timeline_agent_name(timeline, &timeline->agent[agent], name, sizeof(name), &process);
    fprintf(out,
            ",\n{\"ph\":\"X\",\"pid\":%d,\"tid\":%u,\"ts\":%zu,\"dur\":%zu,\"name\":", PROCESSORS,
            cpu, from, to - from);
    json_string(out, name);
    fputs("}", out);
}

static void
event(FILE *out, struct timeline *timeline, size_t i)
{
    const struct abi_record *record = &timeline->record[i];
    size_t agent = timeline_agent(timeline, record->agent);
    uint32_t site = timeline_caller(timeline, record), callee = timeline_callee(timeline, record);
    uint64_t pid = timeline->agent[agent].pid + 2;
    const char *kind = trace_event_name(record->kind);
    char name[300];

    fprintf(
        out,
        ",\n{\"ph\":\"X\",\"pid\":%lu,\"tid\":%zu,\"ts\":%zu,\"dur\":1,\"cat\":\"%s\",\"name\":",
        pid, agent + 1, i, timeline_is_step(record) ? "step" : "event");
    json_string(out, kind != NULL ? kind : "?");
    fprintf(out, ",\"args\":{\"irql\":%u,\"time_100ns\":%lu", record->irql, record->time_100ns);
    if (record->object != 0) {
        fprintf(out, ",\"object\":\"%lx\"", record->object);
    }
    if (timeline_is_step(record)) {
        unsigned regions = timeline_regions(record);

        fprintf(out, ",\"critical_regions\":%u,\"guarded_regions\":%u", regions & 15, regions >> 4);
    }
    if (site != 0) {
        place_name(timeline->site[site], name, sizeof(name));
        fputs(",\"at\":", out);
        json_string(out, name);
    }
    if (callee != 0) {
        place_name(timeline->site[callee], name, sizeof(name));
        fputs(",\"calls\":", out);
        json_string(out, name);
    }
    fputs("}}", out);
    if (record->kind == EV_DRIVER_CALL || record->kind == EV_DRIVER_RETURN) {
        fprintf(
            out,
            ",\n{\"ph\":\"%s\",\"cat\":\"irp\",\"id\":\"%lx\",\"pid\":%lu,\"tid\":%zu,\"ts\":%zu,"
            "\"name\":\"request\"}",
            record->kind == EV_DRIVER_CALL ? "b" : "e", record->arg[1], pid, agent + 1, i);
    }
}

void
chrome_write(FILE *out, const struct report *report)
{
    struct timeline *timeline = timeline_open(report);
    struct {
        size_t agent, from; /* from: 1 + event; 0: nobody */
    } cpu[256] = {0};

    fputs(
        "{\"displayTimeUnit\":\"ns\",\"otherData\":{\"tool\":\"ntlab\",\"time\":\"one event is one "
        "microsecond\"},\"traceEvents\":[\n",
        out);
    names(out, timeline);
    for (size_t i = 0; i < timeline->records; i++) {
        unsigned on = timeline->record[i].cpu;
        size_t agent = timeline_agent(timeline, timeline->record[i].agent);

        event(out, timeline, i);
        if (cpu[on].from == 0 || cpu[on].agent != agent) {
            if (cpu[on].from != 0) {
                occupied(out, timeline, on, cpu[on].agent, cpu[on].from - 1, i);
            }
            cpu[on].agent = agent;
            cpu[on].from = i + 1;
        }
    }
    for (unsigned on = 0; on < 256; on++) {
        if (cpu[on].from != 0) {
            occupied(out, timeline, on, cpu[on].agent, cpu[on].from - 1, timeline->records);
        }
    }
    fputs("]}\n", out);
    timeline_close(timeline);
}
