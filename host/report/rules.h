/*
 * rules.h - the verifier's rules, and what a run has told of them.
 */
#ifndef HOST_REPORT_RULES_H
#define HOST_REPORT_RULES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct report;
struct place;

struct rule {
    const char *name, *family;
    int severity;        /* 1 note, 2 warning, 3 error */
    unsigned flags;      /* Driver Verifier's */
    const char *aliases; /* Microsoft's rules and first parameters of bug check 0xC4, with commas */
    const char *sentence;
};

#define RULE_FRAMES 16
struct violation {
    const struct rule *rule;
    int severity;
    uint64_t at;
    struct place *place; /* of `at`; NULL */
    char message[512];
    struct place *frame[RULE_FRAMES];
    size_t frames;
};

size_t rules_count(void);
const struct rule *rule_number(size_t number);
const struct rule *rule_find(const char *name);          /* by its own name; NULL */
bool rule_is(const struct rule *rule, const char *name); /* its name or one of its aliases */
const char *rule_severity_name(int severity);
/* What Driver Verifier would say. */
void rule_confirm(const struct rule *rule, char *out, size_t size);

void rules_read(struct report *report, const char *lines, size_t length);
/* The one that has ended the run; NULL: none has. */
const struct violation *rule_broken(const struct report *report);
/* Where in the driver; NULL: not known. */
const struct place *violation_place(const struct violation *violation);
uint64_t violation_fingerprint(const struct violation *violation);

#endif
