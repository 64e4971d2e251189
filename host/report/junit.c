/*
 * junit.c - what came of a run or a search as JUnit XML, for the test pages of CI systems.
 *
 * The command is a test suite. Its first case is the run or the search itself: passed, `skipped` where it
 * came to something that ntlab does not implement, an `error` where ntlab or its input failed. Each finding is a
 * case of its own that failed, named by kind and function, so that it stays the same from build to build. A
 * warning has passed, with its text as output.
 */
#include <string.h>
#include "host/report/note.h"

static void
attribute(FILE *out, const char *name, const char *value)
{
    fprintf(out, " %s=\"", name);
    for (const char *c = value; *c != 0; c++) {
        if (*c == '\n') {
            fputs("&#10;", out);
        } else {
            char one[2] = {*c, 0};

            markup_text(out, one);
        }
    }
    fputs("\"", out);
}

static void
body(FILE *out, const char *element, const char *type, const struct note *note)
{
    fprintf(out, "      <%s", element);
    attribute(out, "type", type);
    attribute(out, "message", note->message);
    fputs(">", out);
    markup_text(out, note->text);
    fprintf(out, "</%s>\n", element);
}

static bool
is_failure(const struct note *note)
{
    return note->verdict == VERDICT_FINDING && strcmp(note->severity, "error") == 0 &&
           note->state == NOTE_NEW;
}

static void
write_finding(FILE *out, const struct note_head *head, const struct note *note)
{
    char name[500];

    snprintf(name, sizeof(name), "%s%s%s (%s)", note->rule, note->where[0] != 0 ? " in " : "",
             note->where, note->fingerprint);
    fputs("    <testcase", out);
    attribute(out, "classname", note->origin[0] != 0 ? note->origin : head->subject);
    attribute(out, "name", name);
    fputs(" time=\"0\">\n", out);
    if (is_failure(note)) {
        body(out, "failure", note->kind, note);
    } else if (note->state != NOTE_NEW) {
        fputs("      <skipped", out);
        attribute(out, "message", note->why);
        fputs("/>\n", out);
    }
    if (note->schedule[0] != 0 || !is_failure(note)) {
        fputs("      <system-out>", out);
        if (!is_failure(note)) {
            markup_text(out, note->text);
        }
        if (note->schedule[0] != 0) {
            fputs("ntlab replay ", out);
            markup_text(out, note->schedule);
            fputs("\n", out);
        }
        fputs("</system-out>\n", out);
    }
    fputs("    </testcase>\n", out);
}

static void
write_run(FILE *out, const struct note_head *head, const struct note_run *run)
{
    fputs("    <testcase", out);
    attribute(out, "classname", head->subject);
    attribute(out, "name", run->name);
    fprintf(out, " time=\"%.3f\">\n", run->seconds);
    switch (run->result) {
    case RUN_PASSED:
        break;
    case RUN_SHORT:
        fputs("      <failure type=\"requirement\" message=\"less than it requires\"/>\n", out);
        break;
    case RUN_SKIPPED:
        fputs("      <skipped message=\"it came to something that is not implemented\"/>\n", out);
        break;
    case RUN_BROKEN:
        fputs("      <error type=\"error\" message=\"it did not run\"/>\n", out);
        break;
    }
    fputs("    </testcase>\n", out);
}

void
junit_write(FILE *out, const struct note_head *head, const struct note *note, size_t count)
{
    size_t failures = 0, skipped = 0, stopped, errors = 0, findings = 0;
    const struct note *other = NULL; /* why the command did not come to its end */
    char name[400];

    for (size_t i = 0; i < count; i++) {
        failures += is_failure(&note[i]);
        findings += note[i].verdict == VERDICT_FINDING;
        if (note[i].verdict != VERDICT_FINDING && note[i].verdict != VERDICT_CLEAN &&
            head->runs == 0) {
            other = other == NULL || other->verdict == VERDICT_UNSUPPORTED ? &note[i] : other;
        }
    }
    skipped = other != NULL && other->verdict == VERDICT_UNSUPPORTED;
    errors = other != NULL && !skipped;
    stopped = skipped;
    for (size_t i = 0; i < count; i++) {
        skipped += note[i].verdict == VERDICT_FINDING && note[i].state != NOTE_NEW;
    }
    failures += head->requirement != NULL && other == NULL;
    for (size_t i = 0; i < head->runs; i++) {
        failures += head->run[i].result == RUN_SHORT;
        skipped += head->run[i].result == RUN_SKIPPED;
        errors += head->run[i].result == RUN_BROKEN;
    }
    if (head->build != 0) {
        snprintf(name, sizeof(name), "ntlab %s %s on %s (build %u)", head->command, head->subject,
                 head->os, head->build);
    } else {
        snprintf(name, sizeof(name), "ntlab %s %s", head->command, head->subject);
    }
    fprintf(out,
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites tests=\"%zu\" "
            "failures=\"%zu\" errors=\"%zu\" skipped=\"%zu\" time=\"%.3f\">\n  <testsuite",
            findings + head->runs + 1, failures, errors, skipped, head->seconds);
    attribute(out, "name", name);
    fprintf(out,
            " tests=\"%zu\" failures=\"%zu\" errors=\"%zu\" skipped=\"%zu\" time=\"%.3f\">\n"
            "    <testcase",
            findings + head->runs + 1, failures, errors, skipped, head->seconds);
    attribute(out, "classname", head->subject);
    attribute(out, "name", name);
    fprintf(out, " time=\"%.3f\">\n", head->seconds);
    if (stopped != 0) {
        fputs("      <skipped", out);
        attribute(out, "message", other->message);
        fputs("/>\n", out);
    } else if (errors != 0) {
        body(out, "error", other->kind, other);
    } else if (head->requirement != NULL) {
        fputs("      <failure type=\"requirement\"", out);
        attribute(out, "message", head->requirement);
        fputs("/>\n", out);
    }
    fputs("      <system-out>", out);
    markup_text(out, head->summary);
    fputs("\n</system-out>\n    </testcase>\n", out);
    for (size_t i = 0; i < head->runs; i++) {
        write_run(out, head, &head->run[i]);
    }
    for (size_t i = 0; i < count; i++) {
        if (note[i].verdict == VERDICT_FINDING) {
            write_finding(out, head, &note[i]);
        }
    }
    fputs("  </testsuite>\n</testsuites>\n", out);
}
