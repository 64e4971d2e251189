/*
 * report.c - from a run that has ended to a struct report.
 *
 * What counts as what: docs/commands.md. A run that the kernel stopped has the kernel's verdict,
 * but a circle of threads that wait for each other makes a hang a deadlock; one that the machine
 * had to end has made no progress; a worker that the guest has destroyed is a finding, for a driver
 * did it.
 */
#include <stdlib.h>
#include <string.h>
#include "host/report/report.h"
#include "host/report/story.h"

void *
report_grow(void *array, size_t *count, size_t size)
{
    /* Powers of two: room is what the count says. */
    if ((*count & (*count - 1)) == 0) {
        array = realloc(array, (*count ? *count * 2 : 1) * size);
        if (array == NULL) {
            abort();
        }
    }
    memset((char *)array + *count * size, 0, size);
    (*count)++;
    return array;
}

static const char *
kind_of_stop(const struct report *report)
{
    switch (report->result->stop.verdict) {
    case ABI_CLEAN:
        return "client";
    case ABI_BUGCHECK:
        return "bugcheck";
    case ABI_HANG:
        for (size_t i = 0; i < report->cpus; i++) {
            if (report->cpu[i].spin != 0) {
                return "deadlock"; /* nobody is left to release the lock */
            }
        }
        return report->circles ? "deadlock" : "hang";
    case ABI_DEADLOCK:
        return "deadlock";
    case ABI_LIVELOCK:
        return "livelock";
    case ABI_LEAK:
        return "leak";
    case ABI_SUSPEND_DOS:
        return "suspend-dos";
    case ABI_RACE:
        return "race";
    case ABI_RULE:
        return "rule";
    case ABI_UNSUPPORTED:
        return "unsupported";
    case ABI_LOAD_FAILED:
        return "load";
    default:
        return "internal";
    }
}

static void
judge(struct report *report)
{
    const struct run_result *result = report->result;

    switch (result->end) {
    case RUN_STOPPED:
        report->kind = kind_of_stop(report);
        switch (result->stop.verdict) {
        case ABI_CLEAN:
            report->verdict = result->stop.code != 0 && !report->options.client_exit_ignored
                                  ? VERDICT_FINDING
                                  : VERDICT_CLEAN;
            break;
        case ABI_UNSUPPORTED:
            report->verdict = VERDICT_UNSUPPORTED;
            break;
        case ABI_LOAD_FAILED:
            report->verdict = VERDICT_BAD_INPUT;
            break;
        case ABI_INTERNAL:
            report->verdict = VERDICT_ERROR;
            break;
        default:
            report->verdict = result->stop.verdict <= ABI_RULE
                                  ? VERDICT_FINDING
                                  : VERDICT_ERROR; /* no such verdict: trampled */
        }
        break;
    case RUN_NO_PROGRESS:
        report->kind = "livelock";
        report->verdict = VERDICT_FINDING;
        break;
    case RUN_DIED:
        report->kind = "bugcheck";
        report->verdict = VERDICT_FINDING;
        break;
    default:
        report->kind = "internal";
        report->verdict = VERDICT_ERROR;
    }
}

bool
report_has_special(const struct report *report)
{
    return strcmp(report->options.os, "nt51") != 0;
}

int
report_status(const struct report *report)
{
    static const int statuses[] = {[VERDICT_CLEAN] = 0,
                                   [VERDICT_FINDING] = 1,
                                   [VERDICT_UNSUPPORTED] = 4,
                                   [VERDICT_BAD_INPUT] = 3,
                                   [VERDICT_ERROR] = 5};

    for (size_t i = 0; report->verdict == VERDICT_CLEAN && i < report->violations; i++) {
        if (report->violation[i].severity >= 3) { /* warnings are told: docs/findings.md */
            return statuses[VERDICT_FINDING];
        }
    }
    return statuses[report->verdict];
}

/*
 * Noticed after the driver had returned: a region that is still open names who entered it, else the
 * last call of a driver is all that there is.
 */
static struct place *
culprit_behind(const struct report *report, const struct thread *thread)
{
    uint32_t code = report->result->stop.code;
    struct place *place = NULL;

    if (report->result->stop.verdict != ABI_BUGCHECK ||
        (code != 0x1 && code != 0x20 && code != 0x4A)) {
        return NULL;
    }
    for (size_t i = 0; i < thread->regions; i++) {
        if (thread->region[i].caller->origin == ORIGIN_DRIVER) {
            place = thread->region[i].caller;
        }
    }
    for (size_t i = report->calls; i-- > 0 && place == NULL;) {
        const struct call *call = &report->call[i];

        if (call->agent == thread->agent && call->routine != NULL &&
            call->routine->origin == ORIGIN_DRIVER) {
            place = call->routine;
        }
    }
    return place;
}

/* The first frame of the first thread that is not ours. */
static void
find_culprit(struct report *report)
{
    const struct thread *thread = report->threads ? &report->thread[0] : NULL;
    struct place *client = NULL;
    const struct violation *broken = rule_broken(report);

    if (broken != NULL && broken->place != NULL && broken->place->origin == ORIGIN_DRIVER) {
        report->culprit = broken->place;
        return;
    }
    for (size_t i = 0; thread != NULL && i < thread->frames; i++) {
        struct place *place = thread->frame[i].place;

        if (place->origin == ORIGIN_DRIVER) {
            report->culprit = place;
            return;
        }
        client = client == NULL && place->origin == ORIGIN_CLIENT ? place : client;
    }
    report->culprit = thread != NULL ? culprit_behind(report, thread) : NULL;
    if (report->culprit == NULL) {
        report->culprit = client;
    }
}

/* The way from the mistake to the end of the run is ours, and of no interest. */
static void
trim(struct thread *thread)
{
    static const char *const names[] = {
        "KiReportRegisters", "KiReportStop",   "KiEnd",       "KiStop",          "KiBugCheck",
        "KiNotYet",          "KiAssertFailed", "KiSmepFault", "KiPatchSmepFault"};
    size_t first = 0;

    for (bool found = true; found && first + 1 < thread->frames; first += found) {
        const struct place *place = thread->frame[first].place;
        const char *symbol = place->sources ? place->source[place->sources - 1].symbol : NULL;

        found = false;
        for (size_t i = 0;
             symbol != NULL && place->origin == ORIGIN_OURS && i < sizeof(names) / sizeof(names[0]);
             i++) {
            found = found || strcmp(symbol, names[i]) == 0;
        }
    }
    memmove(thread->frame, thread->frame + first,
            (thread->frames - first) * sizeof(*thread->frame));
    thread->frames -= first;
}

/* Places that parameters name. */
static void
collect_parameters(struct report *report)
{
    const struct abi_stop *stop = &report->result->stop;

    if (report->result->end == RUN_STOPPED && stop->verdict == ABI_RACE && stop->code == 0) {
        place_of(report, stop->parameter[1], false);
        place_of(report, stop->parameter[2], false);
    }
    if (report->result->end != RUN_STOPPED || stop->verdict != ABI_BUGCHECK) {
        return;
    }
    for (int i = 0; i < 4; i++) {
        const struct bugcheck_text *text = bugcheck_text(stop->code);
        const struct value_text *value = bugcheck_value(stop->code, stop->parameter[0]);

        if ((text != NULL && text->parameter[i].kind == P_CODE) ||
            (i > 0 && value != NULL && value->rest[i - 1].text != NULL &&
             value->rest[i - 1].kind == P_CODE)) {
            place_of(report, stop->parameter[i], false);
        }
    }
}

struct report *
report_make(const struct run_request *request, const struct run_result *result, const char *lines,
            size_t length, const struct report_options *options)
{
    struct report *report = calloc(1, sizeof(*report));

    if (report == NULL) {
        abort();
    }
    report->request = request;
    report->result = result;
    report->options = *options;
    lines_read(report, lines, length);
    rules_read(report, lines, length);
    waits_judge(report);
    judge(report);
    report->nobody = result->end == RUN_STOPPED && result->stop.verdict == ABI_HANG;
    if (report->verdict != VERDICT_CLEAN) {
        if (strcmp(report->kind, "load") != 0 && strcmp(report->kind, "client") != 0) {
            unwind_result(report);
            if (report->threads != 0 && report->thread[0].bare && result->memory >= 0) {
                debug_fill_thread(report, &report->thread[0]);
            }
        }
        calls_read(report);
        if (result->registers.rip != 0) {
            place_of(report, result->registers.rip, false);
        }
        collect_parameters(report);
        report->story = story_read(report);
        explain_collect(report, result->stop.message);
        explain_collect(report, result->message);
        places_resolve(report);
        if (report->threads != 0) {
            trim(&report->thread[0]);
        }
        find_culprit(report);
        story_tell(report);
    } else if (report->violations != 0) {
        places_resolve(report);
    }
    explain(report);
    return report;
}

void
report_free(struct report *report)
{
    story_free(report->story);
    places_forget(report);
    for (size_t i = 0; i < report->threads; i++) {
        free(report->thread[i].frame);
        free(report->thread[i].region);
        free(report->thread[i].held);
        free(report->thread[i].apc);
        free(report->thread[i].wait);
        free(report->thread[i].irp);
    }
    free(report->thread);
    free(report->cpu);
    free(report->allocation);
    free(report->call);
    free(report->circle);
    free(report->violation);
    free(report);
}
