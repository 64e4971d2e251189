/*
 * note.c - keeps of a report what the documents of several findings are made of (note.h).
 */
#include "host/report/note.h"
#include <stdlib.h>
#include <string.h>
#include "host/report/rules.h"

static FILE *
open_text(char **text, size_t *length)
{
    FILE *out = open_memstream(text, length);

    if (out == NULL) {
        abort();
    }
    return out;
}

const char *
note_rule(const struct report *report, char *out, size_t size)
{
    const struct abi_stop *stop = &report->result->stop;

    if (rule_broken(report) != NULL) {
        snprintf(out, size, "%s", rule_broken(report)->rule->name);
    } else if (report->result->end == RUN_STOPPED && stop->verdict == ABI_BUGCHECK) {
        const char *name = bugcheck_name(stop->code);

        if (name != NULL) {
            snprintf(out, size, "%s", name);
        } else {
            snprintf(out, size, "BUGCHECK_0x%X", stop->code);
        }
    } else {
        snprintf(out, size, "%s", report->kind);
    }
    return out;
}

const char *
note_severity(const struct report *report)
{
    return rule_broken(report) != NULL ? rule_severity_name(rule_broken(report)->severity)
                                       : report->severity;
}

/* "foo.sys!FooRead" */
static void
say_where(const struct place *place, char *out, size_t size)
{
    const char *symbol;

    if (place == NULL || place->image == NULL) {
        return;
    }
    symbol = place->sources != 0 ? place->source[place->sources - 1].symbol : NULL;
    snprintf(out, size, "%s%s%s", place_module(place->image), symbol != NULL ? "!" : "",
             symbol != NULL ? symbol : "");
}

/*
 * Programs' threads wait in a driver, in user mode, and for nobody's lock: whoever ends the program ends the wait. What the driver waits for may be
 * something that this client never does. In kernel mode, or where no APC comes, not even the program's end would help.
 */
static bool
ends_with_program(const struct report *report)
{
    size_t inside = 0;

    if (strcmp(report->kind, "hang") != 0 || report->circles != 0) {
        return false;
    }
    for (size_t i = 0; i < report->threads; i++) {
        const struct thread *thread = &report->thread[i];

        if (thread->spin != 0 || thread->suspend != 0) {
            return false;
        }
        if (!thread->in_driver || thread->system) {
            continue;
        }
        inside++;
        if (strcmp(thread->state, "waiting") != 0 || thread->mode == 0 ||
            thread->special_apc != 0 || thread->irql != 0 || thread->helds != 0) {
            return false;
        }
    }
    return inside != 0;
}

/*
 * Threads that wait for each other, or for nobody, with no driver on any stack and no request with one: a client was
 * terminated while it held a lock of its own, say.
 */
static bool
is_of_driver(const struct report *report)
{
    static const char *const waits[] = {"hang", "deadlock", "livelock", "client"};
    bool own = false;

    for (size_t i = 0; i < sizeof(waits) / sizeof(waits[0]); i++) {
        own = own || strcmp(report->kind, waits[i]) == 0;
    }
    for (size_t i = 0; i < report->threads && own; i++) {
        own = !report->thread[i].in_driver && report->thread[i].irps == 0;
    }
    return !own || report->threads == 0;
}

void
note_make(const struct report *report, bool timeline, struct note *out)
{
    size_t length;
    FILE *stream;

    *out = (struct note){.verdict = report->verdict};
    snprintf(out->message, sizeof(out->message), "%s", report->message);
    stream = open_text(&out->text, &length);
    report_text(stream, report, false, 0);
    fclose(stream);
    if (timeline) {
        stream = open_text(&out->timeline, &length);
        timeline_write(stream, report);
        fclose(stream);
    }
    if (report->verdict == VERDICT_CLEAN) {
        return;
    }
    snprintf(out->kind, sizeof(out->kind), "%s", report->kind);
    if (report->verdict != VERDICT_FINDING) {
        return;
    }
    out->of_driver = is_of_driver(report) && !ends_with_program(report);
    out->of_system = strcmp(report->blame, "system-known") == 0;
    snprintf(out->severity, sizeof(out->severity), "%s", note_severity(report));
    note_rule(report, out->rule, sizeof(out->rule));
    if (report->result->end == RUN_STOPPED && report->result->stop.verdict == ABI_BUGCHECK) {
        out->code = report->result->stop.code;
    }
    snprintf(out->fingerprint, sizeof(out->fingerprint), "%s", report->fingerprint);
    say_where(rule_broken(report) != NULL ? violation_place(rule_broken(report)) : report->culprit,
              out->where, sizeof(out->where));
    for (size_t i = 0; i < report->threads && out->where[0] == 0; i++) { /* nobody did it alone */
        for (size_t j = 0; j < report->thread[i].frames && out->where[0] == 0; j++) {
            if (report->thread[i].frame[j].place->origin == ORIGIN_DRIVER) {
                say_where(report->thread[i].frame[j].place, out->where, sizeof(out->where));
            }
        }
    }
    stream = open_text(&out->json, &length);
    report_json_finding(stream, report);
    fclose(stream);
    stream = open_text(&out->sarif, &length);
    sarif_finding(stream, report);
    fclose(stream);
}

/* What the reports of a run that goes on say of a rule that was broken: each is a note of its own. */
static void
note_violation(const struct report *report, const struct violation *violation, struct note *out)
{
    char words[1024];
    size_t length;
    FILE *stream;

    *out = (struct note){.verdict = VERDICT_FINDING, .of_driver = true};
    explain_refine((struct report *)report, violation->message, words, sizeof(words));
    snprintf(out->kind, sizeof(out->kind), "rule");
    snprintf(out->severity, sizeof(out->severity), "%s", rule_severity_name(violation->severity));
    snprintf(out->rule, sizeof(out->rule), "%s", violation->rule->name);
    snprintf(out->message, sizeof(out->message), "%s", words);
    snprintf(out->fingerprint, sizeof(out->fingerprint), "%016lx",
             violation_fingerprint(violation));
    say_where(violation_place(violation), out->where, sizeof(out->where));
    stream = open_text(&out->text, &length);
    fprintf(stream, "%s: %s\n", violation->rule->name, words);
    for (size_t i = 0; i < violation->frames; i++) {
        place_name(violation->frame[i], words, sizeof(words));
        fprintf(stream, "    %s\n", words);
    }
    fclose(stream);
    stream = open_text(&out->sarif, &length);
    sarif_violation(stream, report, violation, out);
    fclose(stream);
}

struct note *
notes_make(const struct report *report, bool timeline, size_t *count)
{
    struct note *note = calloc(report->violations + 1, sizeof(*note));

    if (note == NULL) {
        abort();
    }
    note_make(report, timeline, &note[0]);
    *count = 1;
    for (size_t i = 0; i < report->violations; i++) {
        if (&report->violation[i] != rule_broken(report)) {
            note_violation(report, &report->violation[i], &note[(*count)++]);
        }
    }
    return note;
}

void
note_free(struct note *note)
{
    free(note->json);
    free(note->sarif);
    free(note->text);
    free(note->timeline);
    *note = (struct note){0};
}

void
markup_text(FILE *out, const char *text)
{
    for (const unsigned char *c = (const unsigned char *)text; *c != 0; c++) {
        switch (*c) {
        case '&':
            fputs("&amp;", out);
            break;
        case '<':
            fputs("&lt;", out);
            break;
        case '>':
            fputs("&gt;", out);
            break;
        case '"':
            fputs("&quot;", out);
            break;
        default:
            if (*c >= 0x20 || *c == '\n' || *c == '\t') {
                fputc(*c, out);
            }
        }
    }
}

/* ---- notes from one process to another ---- */

static void
send_text(FILE *out, const char *text)
{
    uint64_t length = text != NULL ? strlen(text) + 1 : 0;

    fwrite(&length, sizeof(length), 1, out);
    if (length != 0) {
        fwrite(text, 1, length, out);
    }
}

static char *
receive_text(FILE *in)
{
    uint64_t length;
    char *text;

    if (fread(&length, sizeof(length), 1, in) != 1 || length == 0 || length > 1u << 30) {
        return NULL;
    }
    text = malloc(length);
    if (text == NULL || fread(text, 1, length, in) != length) {
        free(text);
        return NULL;
    }
    text[length - 1] = 0;
    return text;
}

void
note_send(FILE *out, const struct note *note)
{
    fwrite(note, sizeof(*note), 1, out);
    send_text(out, note->json);
    send_text(out, note->sarif);
    send_text(out, note->text);
    send_text(out, note->timeline);
}

bool
note_receive(FILE *in, struct note *note)
{
    if (fread(note, sizeof(*note), 1, in) != 1) {
        return false;
    }
    note->json = receive_text(in);
    note->sarif = receive_text(in);
    note->text = receive_text(in);
    note->timeline = receive_text(in);
    return note->text != NULL;
}
