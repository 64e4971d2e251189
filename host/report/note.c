/*
 * note.c - keeps of a report what the documents of several findings are made of (note.h).
 */
#include "host/report/note.h"
#include <stdlib.h>
#include <string.h>

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

    if (report->result->end == RUN_STOPPED && stop->verdict == ABI_BUGCHECK) {
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
    return strcmp(report->kind, "race") == 0 ? "warning" : "error";
}

void
note_make(const struct report *report, bool timeline, struct note *out)
{
    const struct place *culprit = report->culprit;
    size_t length;
    FILE *stream;

    *out = (struct note){.verdict = report->verdict};
    snprintf(out->message, sizeof(out->message), "%s", report->message);
    stream = open_text(&out->text, &length);
    report_text(stream, report, false);
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
    snprintf(out->severity, sizeof(out->severity), "%s", note_severity(report));
    note_rule(report, out->rule, sizeof(out->rule));
    snprintf(out->fingerprint, sizeof(out->fingerprint), "%s", report->fingerprint);
    if (culprit != NULL && culprit->image != NULL) {
        const char *symbol =
            culprit->sources != 0 ? culprit->source[culprit->sources - 1].symbol : NULL;

        snprintf(out->where, sizeof(out->where), "%s%s%s", place_module(culprit->image),
                 symbol != NULL ? "!" : "", symbol != NULL ? symbol : "");
    }
    stream = open_text(&out->json, &length);
    report_json_finding(stream, report);
    fclose(stream);
    stream = open_text(&out->sarif, &length);
    sarif_finding(stream, report);
    fclose(stream);
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
