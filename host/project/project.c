/*
 * project.c - from ntlab.toml to what is to be run.
 *
 * Every key is checked: one that is not known is an error with its place, for a misspelt `until` would suppress
 * something for ever.
 */
#include "host/project/project.h"
#include <errno.h>
#include <fnmatch.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>
#include "host/cli/cli.h"
#include "host/report/rules.h"

[[gnu::format(printf, 3, 4)]] static int
wrong(const struct project *project, const struct toml *at, const char *format, ...)
{
    char text[300];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    return usage_error("%s:%u:%u: %s", project->path, at->line, at->column, text);
}

static bool
is_one_of(const char *key, const char *const *known)
{
    for (size_t i = 0; known[i] != NULL; i++) {
        if (strcmp(known[i], key) == 0) {
            return true;
        }
    }
    return false;
}

static int
check_keys(const struct project *project, const struct toml *table, const char *const *known)
{
    for (size_t i = 0; i < table->items; i++) {
        if (!is_one_of(table->item[i].key, known)) {
            return wrong(project, &table->item[i], "`%s` is not known here", table->item[i].key);
        }
    }
    return 0;
}

/* A member that is a string; *out stays if there is none. */
static int
get_string(const struct project *project, const struct toml *table, const char *key,
           const char **out)
{
    const struct toml *value = toml_get(table, key);

    if (value == NULL) {
        return 0;
    }
    if (value->type != TOML_STRING) {
        return wrong(project, value, "`%s` is %s, not a string", key, toml_type_name(value->type));
    }
    *out = value->string;
    return 0;
}

static void
add_word(struct project_case *one, const char *word)
{
    one->word = realloc(one->word, (one->words + 1) * sizeof(*one->word));
    if (one->word == NULL) {
        abort();
    }
    one->word[one->words++] = word;
}

/* The value of an option: the command would say the same, but not where it stands, and after other cases have run. */
static int
check_option(const struct project *project, const struct toml *at, const struct project_case *one,
             const char *option, const char *value)
{
    char where[300];

    snprintf(where, sizeof(where), "%s:%u:%u", project->path, at->line, at->column);
    return options_check(where, one->command, option, value);
}

/* A string, or a list of them: each becomes an option, or with option NULL a word. */
static int
add_strings(const struct project *project, const struct toml *table, const char *key,
            const char *option, struct project_case *one)
{
    const struct toml *value = toml_get(table, key);
    size_t count = value == NULL ? 0 : value->type == TOML_ARRAY ? value->items : 1;

    for (size_t i = 0; i < count; i++) {
        const struct toml *item = value->type == TOML_ARRAY ? &value->item[i] : value;

        if (item->type != TOML_STRING) {
            return wrong(project, item, "`%s` is %s, not a string", key,
                         toml_type_name(item->type));
        }
        if (option != NULL) {
            if (check_option(project, item, one, option, item->string) != 0) {
                return STATUS_USAGE;
            }
            add_word(one, option);
        }
        add_word(one, item->string);
    }
    return 0;
}

static int
add_number(const struct project *project, const struct toml *table, const char *key,
           const char *option, struct project_case *one)
{
    const struct toml *value = toml_get(table, key);
    char *text;

    if (value == NULL) {
        return 0;
    }
    if (value->type != TOML_INTEGER || value->integer < 0) {
        return wrong(project, value, "`%s` is no number", key);
    }
    if (asprintf(&text, "%ld", value->integer) < 0) {
        abort();
    }
    if (check_option(project, value, one, option, text) != 0) {
        free(text);
        return STATUS_USAGE;
    }
    add_word(one, option);
    add_word(one, text); /* lives as long as the program */
    return 0;
}

/* ---- cases ---- */

static const struct {
    const char *key, *option;
    bool number;
} options[] = {{"inf", "--inf", false},
               {"clients", "--client", false},
               {"reg", "--reg", false},
               {"dir", "--dir", false},
               {"budget", "--budget", false},
               {"require", "--require", false},
               {"verifier", "--verifier", false},
               {"rules", "--rule", false},
               {"inject", "--inject", false},
               {"granularity", "--granularity", false},
               {"strategy", "--strategy", false},
               {"effort", "--effort", false},
               {"run-timeout", "--run-timeout", false},
               {"virtual-timeout", "--virtual-timeout", false},
               {"client-exit", "--client-exit", false},
               {"seed", "--seed", true},
               {"jobs", "--jobs", true},
               {"cpus", "--cpus", true}};
#define OPTIONS (sizeof(options) / sizeof(options[0]))

static bool
is_file_name(const char *name)
{
    return name[0] != 0 && name[0] != '.' &&
           name[strspn(name, "abcdefghijklmnopqrstuvwxyz"
                             "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                             "0123456789-_.")] == 0;
}

static int
read_versions(const struct project *project, const struct toml *table, struct project_case *one)
{
    const struct toml *os = toml_get(table, "os");
    size_t count = os == NULL ? 1 : os->type == TOML_ARRAY ? os->items : 1;

    one->os = calloc(count + 1, sizeof(*one->os));
    if (one->os == NULL) {
        abort();
    }
    for (size_t i = 0; i < count; i++) {
        const struct toml *item = os == NULL ? NULL : os->type == TOML_ARRAY ? &os->item[i] : os;

        if (item != NULL && (item->type != TOML_STRING || strchr(item->string, ',') != NULL)) {
            return wrong(project, item, "`os` is a version, or a list of them");
        }
        if (item != NULL && check_option(project, item, one, "--os", item->string) != 0) {
            return STATUS_USAGE;
        }
        one->os[one->versions++] = item != NULL ? item->string : "win10";
    }
    return one->versions != 0 ? 0 : wrong(project, os, "`os` is an empty list");
}

static int
read_case(struct project *project, const struct toml *table)
{
    const char *known[OPTIONS + 5] = {"name", "command", "drivers", "os", NULL};
    static const char *const commands[] = {"run", "explore", "check", NULL};
    struct project_case *one = &project->one[project->cases];
    const struct toml *drivers = toml_get(table, "drivers"), *top = project->toml;
    const struct toml *settings = toml_get(top, "project");
    int status;

    for (size_t i = 0; i < OPTIONS; i++) {
        known[4 + i] = options[i].key;
        known[5 + i] = NULL;
    }
    *one = (struct project_case){0};
    status = check_keys(project, table, known);
    status = status ? status : get_string(project, table, "name", &one->name);
    status = status ? status : get_string(project, table, "command", &one->command);
    if (status != 0) {
        return status;
    }
    if (one->name == NULL || !is_file_name(one->name)) {
        return wrong(project, one->name != NULL ? toml_get(table, "name") : table,
                     "a case needs a `name` of letters, digits, `-`, `_` and `.`");
    }
    for (size_t i = 0; i < project->cases; i++) {
        if (strcmp(project->one[i].name, one->name) == 0) {
            return wrong(project, toml_get(table, "name"), "there are two cases `%s`", one->name);
        }
    }
    if (one->command == NULL) {
        one->command = toml_get(table, "clients") != NULL ? "explore" : "check";
    } else if (!is_one_of(one->command, commands)) {
        return wrong(project, toml_get(table, "command"), "`%s` is not run, explore or check",
                     one->command);
    }
    if (drivers == NULL && toml_get(table, "clients") == NULL) {
        return wrong(project, table, "the case has neither `drivers` nor `clients`");
    }
    project->cases++; /* from here on its lists are freed with the project */
    status = read_versions(project, table, one);
    for (size_t i = 0; i < OPTIONS && status == 0; i++) {
        status = options[i].number
                     ? add_number(project, table, options[i].key, options[i].option, one)
                     : add_strings(project, table, options[i].key, options[i].option, one);
    }
    if (settings != NULL) {
        status =
            status ? status : add_strings(project, settings, "source-map", "--source-map", one);
        status = status ? status : add_strings(project, settings, "symbols", "--symbols", one);
    }
    return status ? status : add_strings(project, table, "drivers", NULL, one);
}

/* ---- suppressions and the baseline ---- */

/* 2027-01-31; one that never comes would suppress for ever. */
static bool
is_date(const char *text)
{
    struct tm day = {0};
    const char *end = strptime(text, "%Y-%m-%d", &day);
    int number = day.tm_mday;

    day.tm_hour = 12;
    return strlen(text) == 10 && end != NULL && *end == 0 && timegm(&day) != -1 &&
           day.tm_mday == number;
}

static int
read_suppression(struct project *project, const struct toml *table, const char *today)
{
    static const char *const known[] = {"rule", "function", "reason", "until", NULL};
    struct suppression *one = &project->suppress[project->suppressions];
    const struct toml *until = toml_get(table, "until");
    int status = check_keys(project, table, known);

    *one = (struct suppression){.line = table->line};
    status = status ? status : get_string(project, table, "rule", &one->rule);
    status = status ? status : get_string(project, table, "function", &one->function);
    status = status ? status : get_string(project, table, "reason", &one->reason);
    if (status != 0) {
        return status;
    }
    if (one->reason == NULL || one->reason[0] == 0) {
        return wrong(project, table, "a suppression needs a `reason`");
    }
    if (one->rule == NULL && one->function == NULL) {
        return wrong(project, table, "a suppression needs a `rule` or a `function`");
    }
    if (until != NULL) {
        if (until->type != TOML_DATE && until->type != TOML_STRING) {
            return wrong(project, until, "`until` is a date such as 2027-01-31");
        }
        if (!is_date(until->string)) {
            return wrong(project, until, "`until` is a date such as 2027-01-31");
        }
        one->until = until->string;
        one->expired = strcmp(until->string, today) < 0;
    }
    project->suppressions++;
    return 0;
}

/* A fingerprint in each line, then what it is; a missing file is an empty one. */
static int
read_baseline(struct project *project)
{
    FILE *in = fopen(project->baseline, "r");
    char line[1000];

    if (in == NULL) {
        return errno == ENOENT ? 0 : usage_error("%s: %s", project->baseline, strerror(errno));
    }
    for (unsigned number = 1; fgets(line, sizeof(line), in) != NULL; number++) {
        size_t length = strspn(line, "0123456789abcdef");

        if (line[0] == '#' || line[strspn(line, " \t\r\n")] == 0) {
            continue;
        }
        if (length != 16) {
            fclose(in);
            return usage_error("%s:%u:1: a fingerprint of 16 hexadecimal digits is expected",
                               project->baseline, number);
        }
        project->known = realloc(project->known, (project->knowns + 1) * sizeof(*project->known));
        if (project->known == NULL) {
            abort();
        }
        snprintf(project->known[project->knowns++], sizeof(*project->known), "%.16s", line);
    }
    fclose(in);
    return 0;
}

int
project_write_baseline(const struct project *project, const struct note *note, size_t count)
{
    FILE *out = fopen(project->baseline, "w");

    if (out == NULL) {
        return usage_error("%s: %s", project->baseline, strerror(errno));
    }
    fputs("# Findings that are known: `ntlab test` fails for others only. Made by `ntlab test "
          "--write-baseline`.\n",
          out);
    for (size_t i = 0; i < count; i++) {
        if (note[i].verdict == VERDICT_FINDING && note[i].state != NOTE_SUPPRESSED) {
            fprintf(out, "%s %s %s\n", note[i].fingerprint, note[i].rule, note[i].where);
        }
    }
    return fclose(out) == 0 ? 0 : usage_error("%s: %s", project->baseline, strerror(errno));
}

static bool
matches(const struct suppression *one, const struct note *note)
{
    const struct rule *rule = rule_find(note->rule);
    const char *function = strchr(note->where, '!');

    if (one->rule != NULL && strcasecmp(one->rule, note->rule) != 0 &&
        strcasecmp(one->rule, note->kind) != 0 && (rule == NULL || !rule_is(rule, one->rule))) {
        return false;
    }
    return one->function == NULL || fnmatch(one->function, note->where, 0) == 0 ||
           (function != NULL && fnmatch(one->function, function + 1, 0) == 0);
}

void
project_judge(struct project *project, struct note *note)
{
    note->state = NOTE_NEW;
    if (note->verdict != VERDICT_FINDING) {
        return;
    }
    for (size_t i = 0; i < project->suppressions; i++) {
        struct suppression *one = &project->suppress[i];

        if (!matches(one, note)) {
            continue;
        }
        one->used++;
        if (!one->expired) {
            note->state = NOTE_SUPPRESSED;
            snprintf(note->why, sizeof(note->why), "%s", one->reason);
            return;
        }
    }
    for (size_t i = 0; i < project->knowns; i++) {
        if (strcmp(project->known[i], note->fingerprint) == 0) {
            note->state = NOTE_KNOWN;
            snprintf(note->why, sizeof(note->why), "in the baseline");
        }
    }
}

/* ---- the file ---- */

static int
read_text(struct project *project, size_t *size)
{
    FILE *in = fopen(project->path, "r");
    FILE *out;
    char buffer[4096];
    size_t length;

    if (in == NULL) {
        return usage_error("%s: %s", project->path, strerror(errno));
    }
    out = open_memstream(&project->text, size);
    while (out != NULL && (length = fread(buffer, 1, sizeof(buffer), in)) > 0) {
        fwrite(buffer, 1, length, out);
    }
    fclose(in);
    if (out == NULL) {
        abort();
    }
    fclose(out);
    return 0;
}

/* [[name]]: each table of it. */
static int
each(struct project *project, const char *name, const char *today,
     int (*read)(struct project *, const struct toml *, const char *))
{
    const struct toml *list = toml_get(project->toml, name);
    int status = 0;

    if (list != NULL && !list->tables) {
        return wrong(project, list, "write [[%s]]", name);
    }
    for (size_t i = 0; list != NULL && i < list->items && status == 0; i++) {
        status = read(project, &list->item[i], today);
    }
    return status;
}

static int
one_case(struct project *project, const struct toml *table, const char *today)
{
    return read_case(project, table);
}

int
project_read(const char *path, const char *today, struct project *out)
{
    static const char *const top[] = {"project", "case", "suppress", NULL};
    static const char *const settings[] = {"name",    "out",        "baseline",
                                           "symbols", "source-map", NULL};
    const struct toml *project;
    struct toml_error error;
    size_t size;
    int status;

    *out = (struct project){
        .path = path, .name = "project", .out = "ntlab-out", .baseline = "ntlab-baseline.txt"};
    status = read_text(out, &size);
    if (status != 0) {
        return status;
    }
    out->toml = toml_parse(out->text, size, &error);
    if (out->toml == NULL) {
        return usage_error("%s:%u:%u: %s", path, error.line, error.column, error.message);
    }
    status = check_keys(out, out->toml, top);
    project = toml_get(out->toml, "project");
    if (status == 0 && project != NULL && project->type != TOML_TABLE) {
        status = wrong(out, project, "write [project]");
    } else if (status == 0 && project != NULL) {
        status = check_keys(out, project, settings);
        status = status ? status : get_string(out, project, "name", &out->name);
        status = status ? status : get_string(out, project, "out", &out->out);
        status = status ? status : get_string(out, project, "baseline", &out->baseline);
    }
    if (status != 0) {
        return status;
    }
    out->one = calloc(toml_get(out->toml, "case") ? toml_get(out->toml, "case")->items + 1 : 1,
                      sizeof(*out->one));
    out->suppress =
        calloc(toml_get(out->toml, "suppress") ? toml_get(out->toml, "suppress")->items + 1 : 1,
               sizeof(*out->suppress));
    if (out->one == NULL || out->suppress == NULL) {
        abort();
    }
    status = each(out, "case", today, one_case);
    status = status ? status : each(out, "suppress", today, read_suppression);
    if (status == 0 && out->cases == 0) {
        status = usage_error("%s: there is no [[case]]", path);
    }
    return status ? status : read_baseline(out);
}

void
project_free(struct project *project)
{
    for (size_t i = 0; i < project->cases; i++) {
        free(project->one[i].word);
        free(project->one[i].os);
    }
    free(project->one);
    free(project->suppress);
    free(project->known);
    toml_free(project->toml);
    free(project->text);
}
