/*
 * verifier.c - --verifier and --rule: which rules are on, as the kernel reads it (nt/vf/config.c).
 *
 *     --verifier none | standard | all | 0xFLAGS | WORD,WORD...
 *         standard: every rule of severity error. all: every rule. FLAGS: as of Driver Verifier. WORD: one of these, a
 *         family of rules, a rule, Microsoft's name for one, or the name of one of Driver Verifier's options ("Deadlock
 *         detection", deadlock-detection, DeadlockDetection).
 *     --rule NAME=off|note|warning|error
 *         changes one rule, after --verifier.
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include "host/cli/cli.h"
#include "host/report/rules.h"

#define MAX_RULES 512
#define TEXT_SIZE 16384 /* as the kernel's */

/* Driver Verifier's options [learn: Driver Verifier command syntax], and what else of ntlab does what no rule does. */
static const struct {
    unsigned long flag;
    const char *name, *instead;
} verifier_options[] = {
    {0x1, "Special pool", NULL},
    {0x2, "Force IRQL checking", NULL},
    {0x4, "Low resources simulation", "--fail-alloc, --inject nomem"},
    {0x8, "Pool tracking", NULL},
    {0x10, "I/O verification", NULL},
    {0x20, "Deadlock detection", NULL},
    {0x40, "Enhanced I/O verification", NULL},
    {0x80, "DMA checking", NULL},
    {0x100, "Security checks", NULL},
    {0x200, "Force pending I/O requests", "ntlab explore"},
    {0x400, "IRP logging", "--trace"},
    {0x800, "Miscellaneous checks", NULL},
    {0x2000, "Invariant MDL checking for stack", NULL},
    {0x4000, "Invariant MDL checking for driver", NULL},
    {0x8000, "Power framework delay fuzzing", "ntlab explore"},
    {0x10000, "Port/miniport interface checking", NULL},
    {0x20000, "DDI compliance checking", NULL},
    {0x40000, "Systematic low resources simulation", "--fail-alloc, --inject nomem"},
    {0x80000, "DDI compliance checking (additional)", NULL},
    {0x200000, "NDIS/WIFI verification", NULL},
    {0x800000, "Kernel synchronization delay fuzzing", "ntlab explore"},
    {0x1000000, "VM switch verification", NULL},
    {0x2000000, "Code integrity checks", NULL},
};

static void
turn_on(unsigned long flags, uint8_t *level)
{
    unsigned long met = 0;

    for (size_t i = 0; i < rules_count(); i++) {
        if (rule_number(i)->flags & flags) {
            level[i] = (uint8_t)rule_number(i)->severity;
            met |= rule_number(i)->flags;
        }
    }
    for (size_t i = 0; i < sizeof(verifier_options) / sizeof(verifier_options[0]); i++) {
        if (verifier_options[i].flag & flags & ~met) {
            fprintf(stderr, "ntlab: no rule is of Driver Verifier's %s (0x%lx)%s%s\n",
                    verifier_options[i].name, verifier_options[i].flag,
                    verifier_options[i].instead != NULL ? "; what does it: " : "",
                    verifier_options[i].instead != NULL ? verifier_options[i].instead : "");
        }
    }
}

static bool
add_flags(const char *word, uint8_t *level)
{
    char *end;
    unsigned long flags = strtoul(word, &end, 0);

    if (!isdigit((unsigned char)word[0]) || *end != 0) {
        return false;
    }
    turn_on(flags, level);
    return true;
}

/* The same letters and digits, whatever the case and whatever stands between them. */
static bool
same_letters(const char *a, const char *b)
{
    for (;; a++, b++) {
        while (*a != 0 && !isalnum((unsigned char)*a)) {
            a++;
        }
        while (*b != 0 && !isalnum((unsigned char)*b)) {
            b++;
        }
        if (tolower((unsigned char)*a) != tolower((unsigned char)*b)) {
            return false;
        }
        if (*a == 0) {
            return true;
        }
    }
}

static bool
add_option(const char *word, uint8_t *level)
{
    for (size_t i = 0; i < sizeof(verifier_options) / sizeof(verifier_options[0]); i++) {
        if (same_letters(word, verifier_options[i].name)) {
            turn_on(verifier_options[i].flag, level);
            return true;
        }
    }
    return false;
}

static bool
add_word(const char *word, uint8_t *level)
{
    bool found = false;

    if (add_flags(word, level)) {
        return true; /* a number is no bug check's parameter here, as it is of --rule */
    }
    if (strcmp(word, "none") == 0) {
        memset(level, 0, rules_count());
        return true;
    }
    for (size_t i = 0; i < rules_count(); i++) {
        const struct rule *rule = rule_number(i);

        if ((strcmp(word, "standard") == 0 && rule->severity == 3) || strcmp(word, "all") == 0 ||
            strcmp(word, rule->family) == 0 || rule_is(rule, word)) {
            level[i] = (uint8_t)rule->severity;
            found = true;
        }
    }
    return found || add_option(word, level);
}

static int
change_rule(const char *text, uint8_t *level)
{
    const char *equals = strchr(text, '=');
    char name[64];
    bool found = false;
    int severity = -1;

    for (int i = 0; equals != NULL && i < 4; i++) {
        severity = strcmp(equals + 1, rule_severity_name(i)) == 0 ? i : severity;
    }
    if (severity < 0 || (size_t)(equals - text) >= sizeof(name)) {
        return usage_error("--rule: `%s` is not NAME=off|note|warning|error", text);
    }
    memcpy(name, text, (size_t)(equals - text));
    name[equals - text] = 0;
    for (size_t i = 0; i < rules_count(); i++) {
        if (rule_is(rule_number(i), name) || strcmp(rule_number(i)->family, name) == 0) {
            level[i] = (uint8_t)severity;
            found = true;
        }
    }
    return found ? 0 : usage_error("--rule: there is no rule `%s`", name);
}

int
verifier_config(const struct options *options, char **out)
{
    uint8_t level[MAX_RULES] = {0};
    size_t used = 0;
    char *text;

    *out = NULL;
    for (size_t i = 0; i < options->verifier.count; i++) {
        char words[1024], *save;

        snprintf(words, sizeof(words), "%s", options->verifier.item[i]);
        for (char *word = strtok_r(words, ",", &save); word != NULL;
             word = strtok_r(NULL, ",", &save)) {
            if (!add_word(word, level)) {
                return usage_error("--verifier: `%s` is not none, standard, all, flags such as "
                                   "0x9bb, a family of rules, a rule or an option of Driver "
                                   "Verifier",
                                   word);
            }
        }
    }
    for (size_t i = 0; i < options->rules.count; i++) {
        if (change_rule(options->rules.item[i], level) != 0) {
            return STATUS_USAGE;
        }
    }
    text = malloc(TEXT_SIZE);
    if (text == NULL) {
        return usage_error("out of memory");
    }
    for (size_t i = 0; i < rules_count(); i++) {
        if (level[i] != 0) {
            used += (size_t)snprintf(text + used, TEXT_SIZE - used, "%s %u\n", rule_number(i)->name,
                                     level[i]);
        }
    }
    if (used == 0) {
        free(text);
        return 0;
    }
    *out = text;
    return 0;
}
