/*
 * sarif.c - findings as SARIF 2.1.0: what code scanning of GitHub, Azure DevOps and others shows at the lines.
 *
 * Paths are relative to the repository's root (sourcefile.c), in uriBaseId SRCROOT. The location is the innermost
 * source line of the driver that the finding is about; without debug information it is the driver's file. The
 * story of the schedule is a code flow: a thread flow for each thread, its steps numbered through all of them by
 * executionOrder. The stacks of all threads are `stacks`; a frame whose source is not in the repository has its name
 * alone. The fingerprint does not change when lines shift. A rule brings its page's "Why" and "How to fix" as its help.
 *
 * Source: OASIS, "Static Analysis Results Interchange Format (SARIF) Version 2.1.0", sections 3.14 (run), 3.27
 * (result), 3.36 (codeFlow); GitHub, "SARIF support for code scanning", which needs more of a rule than the standard.
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include "host/cli/cli.h"
#include "host/report/note.h"
#include "host/report/rules.h"
#include "host/report/story.h"

#define HELP  "https://github.com/ntlab/ntlab/blob/main/docs/findings.md"
#define RULES "https://github.com/ntlab/ntlab/blob/main/docs/rules/"

static void
pair(FILE *out, const char *before, const char *name, const char *value)
{
    fprintf(out, "%s\"%s\": ", before, name);
    json_string(out, value);
}

/* A path as a URI: what RFC 3986 does not allow there is escaped. */
static void
write_uri(FILE *out, const char *path)
{
    fputc('"', out);
    for (const unsigned char *c = (const unsigned char *)path; *c != 0; c++) {
        if ((*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z') || (*c >= '0' && *c <= '9') ||
            strchr("/-._~!$&'()*+,;=@", *c) != NULL) {
            fputc(*c, out);
        } else {
            fprintf(out, "%%%02X", *c);
        }
    }
    fputc('"', out);
}

/* Lines `from` to `*to` of a source file, `*to` at most its last one; NULL: it is not here. The caller frees it. */
static char *
read_lines(const char *file, unsigned from, unsigned *to)
{
    FILE *source = source_open(file), *stream;
    char *line = NULL, *text = NULL;
    size_t room = 0, length;
    unsigned number = 0;

    if (source == NULL) {
        return NULL;
    }
    stream = open_memstream(&text, &length);
    if (stream == NULL) {
        abort();
    }
    while (number < *to && getline(&line, &room, source) > 0) {
        if (++number >= from) {
            fputs(line, stream);
        }
    }
    fclose(stream);
    fclose(source);
    free(line);
    *to = number;
    return text;
}

#define CONTEXT 3 /* lines before and behind */

static void
write_snippet(FILE *out, const char *text)
{
    pair(out, ", \"snippet\": {", "text", text);
    fputs("}", out);
}

/* The line, and what stands around it. */
static void
write_region(FILE *out, const char *file, unsigned line)
{
    unsigned from = line > CONTEXT ? line - CONTEXT : 1, end = line, to = line + CONTEXT;
    char *snippet = read_lines(file, line, &end), *around = read_lines(file, from, &to);

    fprintf(out, "\"region\": {\"startLine\": %u", line);
    if (snippet != NULL && around != NULL && end == line) {
        write_snippet(out, snippet);
        fprintf(out, "}, \"contextRegion\": {\"startLine\": %u, \"endLine\": %u", from, to);
        write_snippet(out, around);
    }
    fputs("}", out);
    free(snippet);
    free(around);
}

static void
write_physical(FILE *out, const char *file, unsigned line, bool excerpt)
{
    char relative[4096];

    source_relative(file, relative, sizeof(relative));
    fputs("\"physicalLocation\": {\"artifactLocation\": {\"uri\": ", out);
    write_uri(out, relative);
    fputs(", \"uriBaseId\": \"SRCROOT\"}, ", out);
    if (excerpt) {
        write_region(out, file, line);
    } else {
        fprintf(out, "\"region\": {\"startLine\": %u}", line != 0 ? line : 1);
    }
    fputs("}", out);
}

static void
write_logical(FILE *out, const struct place *place)
{
    char name[300];

    place_name(place, name, sizeof(name));
    pair(out, "\"logicalLocations\": [{", "fullyQualifiedName", name);
    fputs(", \"kind\": \"function\"}]", out);
}

/* Without braces. */
static void
write_location(FILE *out, const struct place *place)
{
    const struct source *source = place_source(place);
    char relative[4096];

    if (source != NULL && source_relative(source->file, relative, sizeof(relative))) {
        write_physical(out, source->file, source->line, false);
        fputs(", ", out);
    }
    write_logical(out, place);
}

/* The file that a finding is shown at if no line is known: the driver under test. */
static const char *
driver_file(const struct report *report)
{
    const struct abi_boot *boot = &report->request->boot;
    const struct run_file *file = NULL;

    if (report->culprit != NULL) {
        file = place_file(report, report->culprit->image);
    }
    if (file == NULL && boot->drivers != 0) {
        file = files_find(report->request, boot->driver[0].path);
    }
    if (file == NULL && boot->clients != 0) {
        file = files_find(report->request, boot->client[0].image);
    }
    return file != NULL ? file->host_path : "driver.sys";
}

const struct place *
finding_place(const struct report *report)
{
    if (rule_broken(report) != NULL && place_source(violation_place(rule_broken(report))) != NULL) {
        return violation_place(rule_broken(report));
    }
    if (place_source(report->culprit) != NULL) {
        return report->culprit;
    }
    for (size_t i = report->story != NULL ? report->story->steps : 0; i-- > 0;) {
        const struct story_step *step = &report->story->step[i];

        if (step->shown && place_source(step->site) != NULL &&
            step->site->origin == ORIGIN_DRIVER) {
            return step->site;
        }
    }
    for (size_t i = 0; i < report->threads; i++) {
        for (size_t j = 0; j < report->thread[i].frames; j++) {
            const struct place *place = report->thread[i].frame[j].place;

            if (place->origin == ORIGIN_DRIVER && place_source(place) != NULL) {
                return place;
            }
        }
    }
    return report->culprit;
}

static void
write_step(FILE *out, const struct story *story, const struct story_step *step, unsigned order)
{
    char words[300];

    snprintf(words, sizeof(words), "%s%s%s", step->what,
             step->blocks      ? " (waits)"
             : step->times_out ? " (times out)"
                               : "",
             step->preempts ? " (the one before is held up here)" : "");
    fputs("{\"location\": {", out);
    if (step->site != NULL) {
        write_location(out, step->site);
        fputs(", ", out);
    }
    pair(out, "\"message\": {", "text", words);
    fprintf(out, "}}, \"executionOrder\": %u, \"importance\": \"%s\"", order,
            step->preempts || step->blocks ? "essential" : "important");
    fprintf(out, ", \"state\": {\"irql\": {\"text\": \"%u\"}}}", step->irql);
}

/* A thread flow for each thread that the story shows. */
static void
write_flows(FILE *out, const struct report *report)
{
    const struct story *story = report->story;
    bool first = true;

    if (story == NULL || story->shown == 0) {
        return;
    }
    fputs(",\n       \"codeFlows\": [{\"message\": {\"text\": \"the schedule: what each thread "
          "does, in the order of executionOrder\"}, \"threadFlows\": [",
          out);
    for (size_t agent = 0; agent < story->agents; agent++) {
        const struct story_agent *who = &story->agent[agent];
        char name[340] = "", start[300];
        unsigned order = 0;
        bool some = false;

        if (who->letter == 0) {
            continue;
        }
        if (who->start != NULL) {
            place_name(who->start, start, sizeof(start));
            snprintf(name, sizeof(name), ": %04lx.%04lx %s", who->pid, who->tid, start);
        }
        fprintf(out, "%s\n        {\"id\": \"%c\", \"message\": {\"text\": ", first ? "" : ",",
                who->letter);
        first = false;
        fprintf(out, "\"thread %c", who->letter);
        for (const char *c = name; *c != 0;
             c++) { /* a place's name has nothing to escape but this */
            fputs(*c == '"' || *c == '\\' ? "\\" : "", out);
            fputc(*c, out);
        }
        fputs("\"}, \"locations\": [", out);
        for (size_t i = 0; i < story->steps; i++) {
            order += story->step[i].shown;
            if (story->step[i].shown && story->step[i].agent == agent) {
                fputs(some ? ",\n          " : "\n          ", out);
                write_step(out, story, &story->step[i], order);
                some = true;
            }
        }
        fputs("]}", out);
    }
    fputs("]}]", out);
}

static void
write_stacks(FILE *out, const struct report *report)
{
    bool first = true;

    fputs(",\n       \"stacks\": [", out);
    for (size_t i = 0; i < report->threads; i++) {
        const struct thread *thread = &report->thread[i];
        char words[200];

        if (thread->frames == 0 || (i != 0 && !thread->in_driver)) {
            continue;
        }
        snprintf(words, sizeof(words), "thread %04lx.%04lx of %s, %s, IRQL %lu", thread->pid,
                 thread->tid, thread->name, thread->state, thread->irql);
        pair(out, first ? "\n        {\"message\": {" : ",\n        {\"message\": {", "text",
             words);
        fputs("}, \"frames\": [", out);
        first = false;
        for (size_t j = 0; j < thread->frames; j++) {
            const struct place *place = thread->frame[j].place;

            fputs(j == 0 ? "\n          {\"location\": {" : ",\n          {\"location\": {", out);
            write_location(out, place);
            fputs("}", out);
            if (place->image != NULL) {
                pair(out, ", ", "module", place->image->name);
            }
            fputs("}", out);
        }
        fputs("]}", out);
    }
    fputs("]", out);
}

/* Of a result: never empty, or code scanning does not show it. */
static void
write_locations(FILE *out, const struct report *report, const struct place *place)
{
    fputs("},\n       \"locations\": [{", out);
    if (place_source(place) != NULL) {
        write_physical(out, place_source(place)->file, place_source(place)->line, true);
    } else {
        write_physical(out, driver_file(report), 1, false);
    }
    if (place != NULL) {
        fputs(", ", out);
        write_logical(out, place);
    }
}

/* What happened, and how to see it: all that code scanning shows beside the line. */
static void
write_message(FILE *out, const char *message, const char *confirm)
{
    char words[6000];

    snprintf(words, sizeof(words), "%s\n\nTo see it on Windows: %s", message, confirm);
    pair(out, ",\n       \"message\": {", "text", words);
}

void
sarif_violation(FILE *out, const struct report *report, const struct violation *violation,
                const struct note *note)
{
    char confirm[1024];

    rule_confirm(violation->rule, confirm, sizeof(confirm));
    pair(out, "\n      {", "ruleId", note->rule);
    fprintf(out, ", \"level\": \"%s\", \"kind\": \"fail\"", note->severity);
    write_message(out, note->message, confirm);
    write_locations(out, report, violation_place(violation));
    pair(out, "}],\n       \"partialFingerprints\": {", "ntlab/v1", note->fingerprint);
    fputs("},\n       \"stacks\": [{\"frames\": [", out);
    for (size_t i = 0; i < violation->frames; i++) {
        fputs(i == 0 ? "\n          {\"location\": {" : ",\n          {\"location\": {", out);
        write_location(out, violation->frame[i]);
        fputs("}}", out);
    }
    pair(out, "]}],\n       \"properties\": {", "kind", "rule");
    pair(out, ", ", "family", violation->rule->family);
    pair(out, ", ", "os", report->options.os);
    pair(out, ", ", "confirmOnWindows", confirm);
}

void
sarif_finding(FILE *out, const struct report *report)
{
    const struct place *place = finding_place(report);
    char rule[80], words[4000];

    report_confirm(report, words, sizeof(words));
    pair(out, "\n      {", "ruleId", note_rule(report, rule, sizeof(rule)));
    fprintf(out, ", \"level\": \"%s\", \"kind\": \"fail\"", note_severity(report));
    write_message(out, report->message, words);
    write_locations(out, report, place);
    pair(out, "}],\n       \"partialFingerprints\": {", "ntlab/v1", report->fingerprint);
    fputs("}", out);
    write_flows(out, report);
    write_stacks(out, report);
    pair(out, ",\n       \"properties\": {", "kind", report->kind);
    pair(out, ", ", "blame", report->blame);
    pair(out, ", ", "os", report->options.os);
    pair(out, ", ", "confirmOnWindows", words);
}

/* What is said of a rule by itself. */
static const char *
rule_text(const struct note *note)
{
    static const struct {
        const char *kind, *text;
    } texts[] = {
        {"bugcheck", "The system crashes (a bug check)."},
        {"deadlock", "Threads wait for each other in a circle."},
        {"hang", "A thread waits and nothing is left that could ever wake it."},
        {"livelock", "Threads go round and round and none gets anywhere."},
        {"suspend-dos", "A thread of another process is held up for as long as this one is "
                        "suspended inside the driver."},
        {"race", "Two threads access the same memory, one of them writes, and nothing orders "
                 "them."},
        {"leak", "Something is left behind when the driver has been unloaded."},
        {"client", "The client ended with an exit code other than 0."},
        {"rule", "A rule of the verifier was broken."},
    };

    if (rule_find(note->rule) != NULL) {
        return rule_find(note->rule)->sentence;
    }
    if (note->code != 0 && bugcheck_text(note->code) != NULL) {
        return bugcheck_text(note->code)->summary;
    }
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        if (strcmp(texts[i].kind, note->kind) == 0) {
            return texts[i].text;
        }
    }
    return "A finding of ntlab.";
}

/* What its page says, NULL: it has none. */
static const char *
rule_help(const char *name)
{
    static const struct {
        const char *name, *text;
    } pages[] = {
#include "rulehelp.h"
    };

    for (size_t i = 0; i < sizeof(pages) / sizeof(pages[0]); i++) {
        if (strcmp(pages[i].name, name) == 0) {
            return pages[i].text;
        }
    }
    return NULL;
}

/* "SystemThreadExceptionNotHandled" of SYSTEM_THREAD_EXCEPTION_NOT_HANDLED, "SuspendDos" of suspend-dos. */
static void
friendly_name(const char *id, char *out, size_t size)
{
    bool plain = strpbrk(id, "_-") == NULL && strpbrk(id, "abcdefghijklmnopqrstuvwxyz") != NULL &&
                 isupper((unsigned char)id[0]);
    bool begins = true;
    size_t length = 0;

    for (const char *c = id; *c != 0 && length < size - 1; c++) {
        if (!isalnum((unsigned char)*c)) {
            begins = true;
            continue;
        }
        out[length++] = (char)(plain || isdigit((unsigned char)*c) ? *c
                               : begins                            ? toupper((unsigned char)*c)
                                                                   : tolower((unsigned char)*c));
        begins = false;
    }
    out[length] = 0;
}

/* One rule's description and help, as far as both know what they are. */
static void
write_help(FILE *out, const struct note *note)
{
    const char *page = rule_help(note->rule);
    char words[6000], name[100];

    friendly_name(note->rule, name, sizeof(name));
    if (strcmp(name, note->rule) != 0) {
        pair(out, ", ", "name", name);
    }
    pair(out, ",\n       \"shortDescription\": {", "text", rule_text(note));
    pair(out, "},\n       \"fullDescription\": {", "text", rule_text(note));
    snprintf(words, sizeof(words), "%s%s%s", rule_text(note), page != NULL ? "\n\n" : "",
             page != NULL
                 ? page
                 : " The result's message says what happened and how to see it on Windows, its "
                   "code flow who did what in which order.");
    pair(out, "},\n       \"help\": {", "text", words);
    pair(out, ", ", "markdown", words);
    fputs("}", out);
}

static void
write_rules(FILE *out, const struct note *note, size_t count)
{
    bool first = true;

    for (size_t i = 0; i < count; i++) {
        bool known = note[i].verdict != VERDICT_FINDING;

        for (size_t j = 0; j < i && !known; j++) {
            known = strcmp(note[j].rule, note[i].rule) == 0;
        }
        if (known) {
            continue;
        }
        pair(out, first ? "\n      {" : ",\n      {", "id", note[i].rule);
        first = false;
        write_help(out, &note[i]);
        fprintf(out,
                ",\n       \"helpUri\": \"%s%s%s\", \"defaultConfiguration\": {\"level\": \"%s\"}",
                rule_find(note[i].rule) != NULL ? RULES : HELP,
                rule_find(note[i].rule) != NULL ? note[i].rule : "",
                rule_find(note[i].rule) != NULL ? ".md" : "", note[i].severity);
        fprintf(out,
                ", \"properties\": {\"tags\": [\"%s\"], \"precision\": \"very-high\", "
                "\"problem.severity\": \"%s\"}}",
                strcmp(note[i].severity, "error") == 0 ? "correctness" : "maintainability",
                strcmp(note[i].severity, "note") == 0 ? "recommendation" : note[i].severity);
    }
}

/* New, known or suppressed, where a project tells them apart. */
static void
write_state(FILE *out, const struct note *note)
{
    if (note->origin[0] == 0) {
        return;
    }
    fprintf(out, ", \"baselineState\": \"%s\"", note->state == NOTE_KNOWN ? "unchanged" : "new");
    if (note->state == NOTE_SUPPRESSED) {
        pair(out, ", \"suppressions\": [{\"kind\": \"external\", ", "justification", note->why);
        fputs("}]", out);
    }
}

void
sarif_write(FILE *out, const struct note_head *head, const struct note *note, size_t count)
{
    bool first = true, failed = false;

    fprintf(out,
            "{\"$schema\": \"https://json.schemastore.org/sarif-2.1.0.json\", \"version\": "
            "\"2.1.0\",\n \"runs\": [{\n   \"tool\": {\"driver\": {\"name\": \"ntlab\", "
            "\"version\": \"%s\", \"semanticVersion\": \"%s\", \"informationUri\": \"%s\", "
            "\"rules\": [",
            NTLAB_VERSION, NTLAB_VERSION, "https://github.com/ntlab/ntlab");
    write_rules(out, note, count);
    fputs(
        "]}},\n   \"columnKind\": \"unicodeCodePoints\",\n   \"originalUriBaseIds\": {\"SRCROOT\": "
        "{\"description\": {\"text\": \"the root of the repository\"}}},\n   \"results\": [",
        out);
    for (size_t i = 0; i < count; i++) {
        failed = failed || note[i].verdict == VERDICT_ERROR ||
                 note[i].verdict == VERDICT_UNSUPPORTED || note[i].verdict == VERDICT_BAD_INPUT;
        if (note[i].verdict != VERDICT_FINDING) {
            continue;
        }
        fprintf(out, "%s%s", first ? "" : ",", note[i].sarif);
        if (note[i].schedule[0] != 0) {
            char replay[340];

            snprintf(replay, sizeof(replay), "ntlab replay %s", note[i].schedule);
            pair(out, ", ", "replay", replay);
        }
        fputs("}", out);
        write_state(out, &note[i]);
        fputs("}", out);
        first = false;
    }
    fprintf(out, "],\n   \"invocations\": [{\"executionSuccessful\": %s",
            failed ? "false" : "true");
    pair(out, ", ", "commandLine", "ntlab ");
    fputs(", \"arguments\": [", out);
    for (char **word = head->argv; *word != NULL; word++) {
        fputs(word == head->argv ? "" : ", ", out);
        json_string(out, *word);
    }
    fputs("]", out);
    first = true;
    for (size_t i = 0; i < count; i++) {
        if (note[i].verdict == VERDICT_FINDING || note[i].verdict == VERDICT_CLEAN) {
            continue;
        }
        fputs(first ? ", \"toolExecutionNotifications\": [" : ",", out);
        pair(out, "{\"level\": \"error\", \"message\": {", "text", note[i].message);
        fputs("}}", out);
        first = false;
    }
    fputs(first ? "}]" : "]}]", out);
    fputs("\n }]}\n", out);
}
