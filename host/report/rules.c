/*
 * rules.c - the verifier's rules: their table, and the violations that a run has told of.
 *
 * A line `rule` of the kernel (nt/vf/violate.c) is one violation, and the lines `rule-frame` that follow it are its stack.
 * The one of severity `error` has ended the run, and what the run's end says belongs to it; the others are findings of
 * their own.
 */
#include <stdlib.h>
#include <string.h>
#include "host/report/report.h"
#include "host/report/rules.h"

#define MAX_VIOLATIONS 256

static const struct rule table[] = {
#include "vfhost.h"
};

size_t
rules_count(void)
{
    return sizeof(table) / sizeof(table[0]);
}

const struct rule *
rule_number(size_t number)
{
    return &table[number];
}

/* Is `name` one of the words between commas? */
static bool
has_word(const char *words, const char *name)
{
    size_t length = strlen(name);

    while (*words != 0) {
        size_t end = strcspn(words, ",");

        if (end == length && strncasecmp(words, name, length) == 0) {
            return true;
        }
        words += end + (words[end] != 0);
    }
    return false;
}

bool
rule_is(const struct rule *rule, const char *name)
{
    return strcasecmp(rule->name, name) == 0 || has_word(rule->aliases, name);
}

const struct rule *
rule_find(const char *name)
{
    for (size_t i = 0; i < rules_count(); i++) {
        if (strcmp(table[i].name, name) == 0) {
            return &table[i];
        }
    }
    return NULL;
}

const char *
rule_severity_name(int severity)
{
    static const char *const names[] = {"off", "note", "warning", "error"};

    return names[severity & 3];
}

static bool
field(const char *line, const char *key, char *out, size_t size)
{
    size_t length = strlen(key), end;
    const char *at = line;

    while (at != NULL && !(strncmp(at, key, length) == 0 && at[length] == '=')) {
        at = strchr(at, '\t');
        at += at != NULL;
    }
    if (at == NULL) {
        *out = 0;
        return false;
    }
    at += length + 1;
    end = strcspn(at, "\t");
    end = end < size - 1 ? end : size - 1;
    memcpy(out, at, end);
    out[end] = 0;
    return true;
}

static void
read_rule(struct report *report, const char *line)
{
    struct violation *violation;
    char text[64];

    if (report->violations == MAX_VIOLATIONS) {
        return;
    }
    field(line, "name", text, sizeof(text));
    if (rule_find(text) == NULL) {
        return;
    }
    report->violation = report_grow(report->violation, &report->violations, sizeof(*violation));
    violation = &report->violation[report->violations - 1];
    violation->rule = rule_find(text);
    field(line, "severity", text, sizeof(text));
    violation->severity = strcmp(text, "error") == 0 ? 3 : strcmp(text, "warning") == 0 ? 2 : 1;
    field(line, "at", text, sizeof(text));
    violation->at = strtoull(text, NULL, 16);
    if (violation->at != 0) {
        violation->place = place_of(report, violation->at, true);
    }
    field(line, "message", violation->message, sizeof(violation->message));
    explain_collect(report, violation->message);
}

static void
read_frame(struct report *report, const char *line)
{
    struct violation *violation;
    char text[32];

    if (report->violations == 0 || !field(line, "rip", text, sizeof(text))) {
        return;
    }
    violation = &report->violation[report->violations - 1];
    if (violation->frames < RULE_FRAMES) {
        violation->frame[violation->frames++] = place_of(report, strtoull(text, NULL, 16), true);
    }
}

void
rules_read(struct report *report, const char *lines, size_t length)
{
    char line[1024];

    for (size_t at = 0; at < length;) {
        const char *end = memchr(lines + at, '\n', length - at);
        size_t size = end == NULL ? length - at : (size_t)(end - lines) - at;
        size_t kept = size < sizeof(line) - 1 ? size : sizeof(line) - 1;

        if (size > 4 && strncmp(lines + at, "rule", 4) == 0) {
            for (size_t i = 0; i < kept; i++) { /* report.h, R1 */
                unsigned char c = (unsigned char)lines[at + i];

                line[i] = c == '\t' || (c >= 0x20 && c < 0x7F) ? (char)c : '?';
            }
            line[kept] = 0;
            if (strncmp(line, "rule\t", 5) == 0) {
                read_rule(report, line + 5);
            } else if (strncmp(line, "rule-frame\t", 11) == 0) {
                read_frame(report, line + 11);
            }
        }
        at += size + 1;
    }
}

const struct violation *
rule_broken(const struct report *report)
{
    if (report->result->end != RUN_STOPPED || report->result->stop.verdict != ABI_RULE) {
        return NULL;
    }
    for (size_t i = report->violations; i-- > 0;) {
        if (report->violation[i].severity == 3) {
            return &report->violation[i];
        }
    }
    return NULL;
}

const struct place *
violation_place(const struct violation *violation)
{
    if (violation->place != NULL && violation->place->origin == ORIGIN_DRIVER) {
        return violation->place;
    }
    for (size_t i = 0; i < violation->frames; i++) {
        if (violation->frame[i]->origin == ORIGIN_DRIVER) {
            return violation->frame[i];
        }
    }
    return violation->place;
}

/* Options of Driver Verifier that check what a rule says although no code of its own names it: special pool, pool tracking, DDI compliance. */
#define RULE_CHECKED_THERE 0x20009u

void
rule_confirm(const struct rule *rule, char *out, size_t size)
{
    size_t used = 0;
    char codes[128] = "";

    out[0] = 0;
    if (rule->aliases[0] == 0 && (rule->flags & RULE_CHECKED_THERE) == 0) {
        snprintf(
            out, size,
            "Driver Verifier has no check for this: set a breakpoint at the line, run the same "
            "steps with the same input, and look there for what the sentence says");
        return;
    }
    for (const char *at = rule->aliases; *at != 0;) {
        size_t end = strcspn(at, ",");

        if (end > 2 && at[0] == '0' && at[1] == 'x' && strlen(codes) + end + 3 < sizeof(codes)) {
            strcat(codes, codes[0] != 0 ? ", " : "");
            strncat(codes, at, end);
        }
        at += end + (at[end] != 0);
    }
    used += (size_t)snprintf(out, size, "Run the same steps with Driver Verifier on");
    if (rule->flags != 0 && used < size) {
        used += (size_t)snprintf(out + used, size - used,
                                 " (verifier /flags 0x%x /driver NAME.sys)", rule->flags);
    }
    if (codes[0] != 0 && used < size) {
        snprintf(out + used, size - used, ": it stops with bug check 0xC4, first parameter %s%s",
                 strchr(codes, ',') != NULL ? "one of " : "", codes);
    } else if (used < size) {
        snprintf(out + used, size - used,
                 "; what it does not check itself, a breakpoint at the line shows");
    }
}

uint64_t
violation_fingerprint(const struct violation *violation)
{
    const struct place *place = violation_place(violation);
    uint64_t hash = 0xCBF29CE484222325ull;
    char text[512];

    snprintf(text, sizeof(text), "rule:%s:%s!%s", violation->rule->name,
             place != NULL && place->image != NULL ? place->image->name : "?",
             place != NULL && place->sources != 0 &&
                     place->source[place->sources - 1].symbol != NULL
                 ? place->source[place->sources - 1].symbol
                 : "?");
    for (const char *c = text; *c != 0; c++) {
        hash = (hash ^ (uint8_t)*c) * 0x100000001B3ull;
    }
    return hash;
}
