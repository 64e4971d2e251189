/*
 * verifier.c - --verifier and --rule: which rules are on, as the kernel reads it (nt/vf/config.c).
 *
 *     --verifier none | standard | all | 0xFLAGS | WORD,WORD...
 *         standard: every rule of severity error. all: every rule. FLAGS: as of Driver Verifier. WORD: one of these, a
 *         family of rules, a rule, or Microsoft's name for one.
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

static bool
add_flags(const char *word, uint8_t *level)
{
    char *end;
    unsigned long flags = strtoul(word, &end, 0);

    if (!isdigit((unsigned char)word[0]) || *end != 0) {
        return false;
    }
    for (size_t i = 0; i < rules_count(); i++) {
        if (rule_number(i)->flags & flags) {
            level[i] = (uint8_t)rule_number(i)->severity;
        }
    }
    return true;
}

static bool
add_word(const char *word, uint8_t *level)
{
    bool found = false;

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
    return found || add_flags(word, level);
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
                                   "0x9bb, a family of rules or a rule",
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
