/*
 * json.c - the report for machines: the JSON object of docs/commands.md, schema 1.
 *
 * Fields of later commands (search, schedule, replay ...) are left out of `run`, not filled with
 * something that looks like an answer (R2).
 */
#include <string.h>
#include "host/cli/cli.h"
#include "host/report/note.h"
#include "host/report/report.h"
#include "host/report/story.h"

static void
key(FILE *out, const char *before, const char *name)
{
    fprintf(out, "%s\"%s\": ", before, name);
}

static void
text(FILE *out, const char *before, const char *name, const char *value)
{
    key(out, before, name);
    json_string(out, value);
}

static void
write_frame(FILE *out, const struct frame *frame, bool first)
{
    const struct place *place = frame->place;

    for (size_t j = 0; j < (place->sources ? place->sources : 1); j++) {
        const struct source *source = place->sources ? &place->source[j] : NULL;

        fprintf(out, "%s\n        {\"image\": ", first && j == 0 ? "" : ",");
        if (place->image != NULL) {
            json_string(out, place->image->name);
        } else {
            fputs("null", out);
        }
        if (source != NULL && source->symbol != NULL) {
            text(out, ", ", "symbol", source->symbol);
        }
        if (j + 1 < place->sources) {
            fputs(", \"inline\": true", out);
        } else if (place->sources != 0) {
            fprintf(out, ", \"offset\": %u", place->offset);
        } else if (place->image != NULL) {
            fprintf(out, ", \"rva\": %u", place->rva);
        }
        if (source != NULL && source->file != NULL && source->line != 0) {
            text(out, ", \"source\": {", "file", source->file);
            fprintf(out, ", \"line\": %u}", source->line);
        }
        fprintf(out, ", \"address\": \"0x%lx\"}", frame->rip);
    }
}

static void
write_wait(FILE *out, const struct wait *wait)
{
    fprintf(out, "%s", wait->kind);
    if (wait->object != 0) {
        fprintf(out, " 0x%lx", wait->object);
    }
}

static bool
is_held(const struct thread *thread, uint64_t object)
{
    for (size_t i = 0; i < thread->helds; i++) {
        if (thread->held[i].object == object) {
            return true;
        }
    }
    return false;
}

/* Locks that it has on record, then those that others wait for and that name it as their owner. */
static void
write_holds(FILE *out, const struct report *report, const struct thread *thread)
{
    bool first = true;

    fputs(", \"holds\": [", out);
    for (size_t i = 0; i < thread->helds; i++) {
        fprintf(out, "%s\"%s 0x%lx\"", first ? "" : ", ", thread->held[i].kind,
                thread->held[i].object);
        first = false;
    }
    for (size_t i = 0; i < report->threads; i++) {
        for (size_t j = 0; j < report->thread[i].waits; j++) {
            const struct wait *wait = &report->thread[i].wait[j];

            for (size_t k = 0; k < wait->owners && strcmp(wait->kind, "thread") != 0; k++) {
                if (wait->owner[k] == thread->address && !is_held(thread, wait->object)) {
                    fputs(first ? "\"" : ", \"", out);
                    write_wait(out, wait);
                    fputs("\"", out);
                    first = false;
                }
            }
        }
    }
    fputs("]", out);
}

/* Counters, open regions, what is queued. */
static void
write_apc(FILE *out, const struct thread *thread)
{
    char name[300];

    fprintf(out, ", \"apc\": {\"kernel\": %d, \"special\": %d, \"regions\": [", thread->kernel_apc,
            thread->special_apc);
    for (size_t i = 0; i < thread->regions; i++) {
        place_name(thread->region[i].caller, name, sizeof(name));
        fprintf(out, "%s{\"kind\": \"%s\"", i ? ", " : "",
                thread->region[i].guarded ? "guarded" : "critical");
        text(out, ", ", "caller", name);
        if (thread->region[i].lock != 0) {
            fprintf(out, ", \"lock\": \"0x%lx\"", thread->region[i].lock);
        }
        fputs("}", out);
    }
    fputs("], \"queued\": [", out);
    for (size_t i = 0; i < thread->apcs; i++) {
        const struct apc *apc = &thread->apc[i];

        place_name(apc->normal ? apc->normal : apc->kernel, name, sizeof(name));
        text(out, i ? ", {" : "{", "kind", apc->kind);
        text(out, ", ", "routine", name);
        if (apc->irp != 0) {
            fprintf(out, ", \"irp\": \"0x%lx\"", apc->irp);
        }
        fputs("}", out);
    }
    fputs("]}", out);
}

static void
write_thread(FILE *out, const struct report *report, const struct thread *thread, bool first)
{
    fprintf(out, "%s\n      {\"process\": ", first ? "" : ",");
    json_string(out, thread->name);
    fprintf(out, ", \"name\": \"%04lx.%04lx\"", thread->pid, thread->tid);
    text(out, ", ", "state", thread->state);
    fprintf(out, ", \"irql\": %lu", thread->irql);
    write_apc(out, thread);
    fprintf(out, ", \"suspended\": %s", thread->suspend != 0 ? "true" : "false");
    write_holds(out, report, thread);
    fputs(", \"waits_for\": ", out);
    if (thread->waits != 0) {
        fputs("\"", out);
        for (size_t i = 0; i < thread->waits; i++) {
            fputs(i ? ", " : "", out);
            write_wait(out, &thread->wait[i]);
        }
        fputs("\"", out);
    } else {
        fputs("null", out);
    }
    fputs(",\n       \"stack\": [", out);
    for (size_t i = 0; i < thread->frames; i++) {
        write_frame(out, &thread->frame[i], i == 0);
    }
    fputs("]}", out);
}

static bool
in_circle(const struct report *report, size_t index)
{
    for (size_t i = 0; i < report->circles; i++) {
        if (report->circle[i] == index) {
            return true;
        }
    }
    return false;
}

/* Who is suspended, who is held up, what lets it go on, and the region that is missing. */
static void
write_suspended(FILE *out, const struct report *report)
{
    const struct thread *suspended = suspended_thread(report), *victim = suspended_victim(report);
    char words[800];

    if (suspended != NULL && victim != NULL) {
        fprintf(out, ",\n     \"suspended\": \"%04lx.%04lx\", \"held_up\": \"%04lx.%04lx\"",
                suspended->pid, suspended->tid, victim->pid, victim->tid);
    }
    explain_refine((struct report *)report, report->result->stop.message, words, sizeof(words));
    text(out, ",\n     ", "operation", words);
    suspended_missing(report, words, sizeof(words));
    text(out, ",\n     ", "missing_region", words);
}

/* Seconds of virtual time since the first choice. */
static void
write_time(FILE *out, const struct story *story, const char *name, uint64_t time_100ns)
{
    fprintf(out, ", \"%s\": %.7f", name,
            time_100ns > story->begins_100ns ? (double)(time_100ns - story->begins_100ns) / 1e7
                                             : 0);
}

/* One step of the driver, as far as it is known. */
static void
write_place(FILE *out, const struct story *story, const char *name, size_t index)
{
    if (index == story->steps) {
        fprintf(out, ", \"%s\": null", name);
        return;
    }
    fprintf(out, ", \"%s\": {\"choice\": %u", name, story->step[index].choice);
    if (story->agent[story->step[index].agent].letter != 0) {
        fprintf(out, ", \"thread\": \"%c\"", story->agent[story->step[index].agent].letter);
    }
    text(out, ", ", "what", story->step[index].what);
    text(out, ", ", "where", story->step[index].where);
    fputs("}", out);
}

/* Who is held up, in front of what, until whose step. */
static void
write_holds_up(FILE *out, const struct story *story)
{
    bool first = true;

    fputs(",\n     \"held_up\": [", out);
    for (size_t i = 0; i < story->holds; i++) {
        const struct story_hold *hold = &story->hold[i];
        const struct story_agent *who = &story->agent[hold->agent];
        uint64_t held =
            hold->until_100ns > hold->from_100ns ? hold->until_100ns - hold->from_100ns : 0;

        fprintf(out, "%s\n      {\"thread\": ", first ? "" : ",");
        first = false;
        if (who->letter != 0) {
            fprintf(out, "\"%c\"", who->letter);
        } else {
            fputs("null", out);
        }
        fprintf(out, ", \"name\": \"%04lx.%04lx\"", who->pid, who->tid);
        text(out, ", ", "why",
             hold->preempted   ? "preempted"
             : hold->overtaken ? "overtaken"
                               : "late");
        fprintf(out, ", \"before_first_step\": %s", hold->first ? "true" : "false");
        write_place(out, story, "before", hold->resumes);
        write_place(out, story, "until", hold->until);
        write_time(out, story, "from_s", hold->from_100ns);
        write_time(out, story, "until_s", hold->until_100ns);
        fprintf(out, ", \"for_s\": %.7f}", (double)held / 1e7);
    }
    fputs("]", out);
}

/* The steps that matter. */
static void
write_story(FILE *out, const struct report *report)
{
    const struct story *story = report->story;
    bool first = true;

    if (story == NULL || story->shown == 0) {
        return;
    }
    fputs(",\n     \"schedule_steps\": [", out);
    for (size_t i = 0; i < story->steps; i++) {
        const struct story_step *step = &story->step[i];

        if (!step->shown) {
            continue;
        }
        fprintf(out, "%s\n      {\"thread\": \"%c\", \"choice\": %u", first ? "" : ",",
                story->agent[step->agent].letter, step->choice);
        first = false;
        text(out, ", ", "what", step->what);
        text(out, ", ", "where", step->where);
        fprintf(out, ", \"preempts\": %s, \"blocks\": %s, \"times_out\": %s}",
                step->preempts ? "true" : "false", step->blocks ? "true" : "false",
                step->times_out ? "true" : "false");
    }
    fputs("]", out);
    write_holds_up(out, story);
}

/* How to see it elsewhere. */
static void
write_confirm(FILE *out, const struct report *report)
{
    char words[4000];

    report_confirm(report, words, sizeof(words));
    text(out, ",\n     ", "confirm_on_windows", words);
}

static void
write_rule(FILE *out, const struct rule *rule)
{
    text(out, ", ", "rule", rule->name);
    text(out, ", ", "family", rule->family);
    if (rule->aliases[0] != 0) {
        text(out, ", ", "microsoft", rule->aliases);
    }
}

/* Where in the driver: function, file and line. */
static void
write_culprit(FILE *out, const struct place *place)
{
    const struct source *source = place_source(place);
    const char *function = source != NULL                         ? source->symbol
                           : place != NULL && place->sources != 0 ? place->source[0].symbol
                                                                  : NULL;

    if (function != NULL) {
        text(out, ", ", "function", function);
    }
    if (source != NULL) {
        text(out, ", ", "file", source->file);
        fprintf(out, ", \"line\": %u", source->line);
    }
}

static void
write_site(FILE *out, const char *what, const struct place *place, const struct story_agent *who)
{
    if (place == NULL) {
        return;
    }
    fprintf(out, ", \"%s\": {\"address\": \"0x%lx\"", what, place->address);
    write_culprit(out, place);
    if (who != NULL) {
        fprintf(out, ", \"thread\": \"%c\"", who->letter);
    }
    fputs("}", out);
}

/* Where the block was allocated, freed and used that was used after it had been freed. */
static void
write_block(FILE *out, const struct report *report)
{
    struct block_life life;

    if (!story_block(report, &life)) {
        return;
    }
    fprintf(out, ",\n     \"pool_block\": {\"address\": \"0x%lx\", \"bytes\": %lu", life.address,
            life.bytes);
    write_site(out, "allocated", life.allocated, NULL);
    write_site(out, "freed", life.freed, life.freer);
    write_site(out, "used", life.used, life.user);
    fputs("}", out);
}

void
report_json_finding(FILE *out, const struct report *report)
{
    const struct abi_stop *stop = &report->result->stop;
    bool first = true;

    text(out, "\n    {", "kind", report->kind);
    text(out, ", ", "severity", note_severity(report));
    text(out, ", ", "blame", report->blame);
    if (rule_broken(report) != NULL) {
        write_rule(out, rule_broken(report)->rule);
    }
    write_culprit(out, report->culprit);
    if (report->result->end == RUN_STOPPED && stop->verdict == ABI_BUGCHECK) {
        fprintf(out, ", \"code\": \"0x%08X\"", stop->code);
        if (bugcheck_name(stop->code) != NULL) {
            text(out, ", ", "name", bugcheck_name(stop->code));
        }
        fprintf(out, ",\n     \"parameters\": [\"0x%lx\", \"0x%lx\", \"0x%lx\", \"0x%lx\"]",
                stop->parameter[0], stop->parameter[1], stop->parameter[2], stop->parameter[3]);
    }
    if (strcmp(report->kind, "suspend-dos") == 0) {
        write_suspended(out, report);
    }
    text(out, ",\n     ", "message", report->message);
    text(out, ", ", "fingerprint", report->fingerprint);
    fputs(",\n     \"threads\": [", out);
    /* The first is the one it happened in; of a hang none is, so those that hang. */
    for (size_t i = 0; i < report->threads; i++) {
        const struct thread *thread = &report->thread[i];
        bool stuck = strcmp(report->kind, "hang") == 0 || strcmp(report->kind, "deadlock") == 0;

        if (stuck
                ? thread->in_driver || in_circle(report, i) || (!thread->system && thread->pid != 0)
                : i == 0 || thread->in_driver) {
            write_thread(out, report, thread, first);
            first = false;
        }
    }
    fputs("]", out);
    write_block(out, report);
    write_story(out, report);
    write_confirm(out, report);
    fputs("}", out);
}

/* A violation that has not ended the run. */
static void
write_violation(FILE *out, const struct report *report, const struct violation *violation)
{
    char words[1024];

    text(out, "\n    {", "kind", "rule");
    text(out, ", ", "severity", rule_severity_name(violation->severity));
    text(out, ", ", "blame", "driver");
    write_rule(out, violation->rule);
    write_culprit(out, violation_place(violation));
    explain_refine((struct report *)report, violation->message, words, sizeof(words));
    text(out, ",\n     ", "message", words);
    fprintf(out, ", \"fingerprint\": \"%016lx\"", violation_fingerprint(violation));
    fputs(",\n     \"threads\": [{\"stack\": [", out);
    for (size_t i = 0; i < violation->frames; i++) {
        const struct frame frame = {.rip = violation->frame[i]->address,
                                    .place = violation->frame[i]};

        write_frame(out, &frame, i == 0);
    }
    fputs("]}]", out);
    rule_confirm(violation->rule, words, sizeof(words));
    text(out, ",\n     ", "confirm_on_windows", words);
    fputs("}", out);
}

static void
write_image(FILE *out, const struct report *report, const struct run_image *image, bool first)
{
    const struct run_file *file = place_file(report, image);
    char hash[65];

    text(out, first ? "\n    {" : ",\n    {", "path", file != NULL ? file->host_path : image->path);
    if (file != NULL) {
        report_hash_file(file, hash);
        fprintf(out, ", \"sha256\": \"%s\"", hash);
    }
    fprintf(out, ", \"symbols\": \"%s\", \"base\": \"0x%lx\"}", symbols_of(report, image),
            image->base);
}

void
report_json(FILE *out, const struct report *report, const char *command, char **argv)
{
    static const char *const verdicts[] = {[VERDICT_CLEAN] = "clean",
                                           [VERDICT_FINDING] = "finding",
                                           [VERDICT_UNSUPPORTED] = "unsupported",
                                           [VERDICT_BAD_INPUT] = "error",
                                           [VERDICT_ERROR] = "error"};
    const struct run_result *result = report->result;

    fprintf(out, "{\n  \"schema\": 1, \"ntlab\": \"%s\"", NTLAB_VERSION);
    text(out, ", ", "command", command);
    fputs(", \"command_line\": [", out);
    for (char **word = argv; *word != NULL; word++) {
        fputs(word == argv ? "" : ", ", out);
        json_string(out, *word);
    }
    fprintf(out, "],\n  \"os\": {\"name\": \"%s\", \"build\": %u}, \"seed\": %lu,\n",
            report->options.os, report->options.build, report->request->boot.seed);
    fprintf(out, "  \"isolation\": \"%s\",\n  \"images\": [",
            result->has_keys ? "protection-keys"
            : result->pages  ? "page-protection"
                             : "off");
    for (size_t i = 0; i < result->images; i++) {
        write_image(out, report, &result->image[i], i == 0);
    }
    fprintf(out, "],\n  \"verdict\": \"%s\",\n",
            report->verdict == VERDICT_CLEAN && report_status(report) != 0
                ? "finding"
                : verdicts[report->verdict]);
    if (result->end == RUN_STOPPED && result->stop.verdict == ABI_CLEAN) {
        fprintf(out, "  \"client_exit\": %u,\n", result->stop.code);
    } else {
        fprintf(out, "  \"client_exit\": null,\n");
    }
    if (report->verdict != VERDICT_CLEAN && report->verdict != VERDICT_FINDING) {
        text(out, "  ", "message", report->message);
        fputs(",\n", out);
    }
    fputs("  \"promoted\": [", out); /* loops that were given a schedule point */
    for (size_t i = 0; i < result->promotions; i++) {
        fputs(i ? ", " : "", out);
        json_string(out, result->promoted[i]);
    }
    fputs("],\n", out);
    fprintf(out,
            "  \"points\": %lu, \"trace_hash\": \"%016lx\", \"seconds\": %.6f,\n  \"findings\": [",
            result->points, result->hash, result->seconds);
    bool first = true;

    if (report->verdict == VERDICT_FINDING) {
        report_json_finding(out, report);
        first = false;
    }
    for (size_t i = 0; i < report->violations; i++) {
        if (&report->violation[i] != rule_broken(report)) {
            fputs(first ? "" : ",", out);
            write_violation(out, report, &report->violation[i]);
            first = false;
        }
    }
    fputs("]\n}\n", out);
}
