/*
 * table.c - the end of `ntlab check`: devices and codes, rules, findings, coverage.
 */
#include <stdlib.h>
#include <string.h>
#include "host/check/check.h"
#include "host/image/image.h"
#include "host/report/lcov.h"
#include "host/report/rules.h"

/* ---- devices ---- */

static void
write_code(FILE *out, const struct code *code)
{
    fprintf(out, "  0x%08x  %-17s function 0x%x\n              found: ", code->code,
            code_method(code->code), code->code >> 2 & 0xFFF);
    if (code->rva != 0) {
        fprintf(out, "%s in %s%s", code->source & CODE_COMPARED ? "compared" : "near a comparison",
                code->where, code->source & CODE_TRIED ? ", and answered" : "");
    } else {
        fputs("by trying", out);
    }
    if (code->crashed) {
        fputs("; trying it ended the run\n", out);
    } else if (code->accepted) {
        fprintf(out, "\n              lengths: input %s; output %s%s\n", code->in, code->out,
                code->waits ? "; it may have to wait" : "");
    } else if (code->source & CODE_TRIED) {
        fprintf(out, "; no length was accepted (0x%08X)\n", code->status);
    } else {
        fputs("; answered like a code that nobody has\n", out);
    }
}

void
table_codes(FILE *out, const struct check *check)
{
    const struct survey *survey = &check->survey;

    if (survey->devices == 0) {
        fputs("DEVICES: none\n", out);
        for (size_t i = 0; i < check->founds; i++) {
            if (check->found[i].source & CODE_COMPARED) {
                write_code(out, &check->found[i]);
            }
        }
        return;
    }
    fputs("DEVICES:\n", out);
    for (size_t i = 0; i < survey->devices; i++) {
        const struct device *device = &survey->device[i];

        fprintf(out, "%s", device->name);
        if (!device->opened) {
            fprintf(out, ": cannot be opened (0x%08X)\n", device->status);
            continue;
        }
        fprintf(out, ": type 0x%x, %zu code%s; to others it says 0x%08X\n", device->type,
                device->codes, device->codes == 1 ? "" : "s", device->answer);
        for (size_t j = 0; j < device->codes; j++) {
            write_code(out, &device->code[j]);
        }
    }
    fputs("\n", out);
}

/* ---- rules ---- */

/* Does one of the drivers import a routine whose name begins so? */
bool
imports_any(const struct check *check, const char *const *prefixes)
{
    bool found = false;
    struct pe *pe = calloc(1, sizeof(*pe));

    for (uint32_t i = 0; pe != NULL && i < check->request.boot.drivers; i++) {
        const struct run_file *file =
            files_find(&check->request, check->request.boot.driver[i].path);
        struct pe_imports imports;
        struct pe_import import;
        struct image_error error;

        if (file == NULL || image_parse(file->data, file->size, pe, &error) != 0) {
            continue;
        }
        for (pe_imports_begin(&imports, pe, false); pe_imports_next(&imports, &import);) {
            for (size_t j = 0; import.name != NULL && prefixes[j] != NULL; j++) {
                found = found || strncmp(import.name, prefixes[j], strlen(prefixes[j])) == 0;
            }
        }
    }
    free(pe);
    return found;
}

/* What a family of rules looks at. A driver that imports none of it cannot break them. */
static bool
is_exercised(const struct check *check, const char *family)
{
    static const struct {
        const char *family;
        const char *prefixes[12];
    } families[] = {
        {"apc", {"KeEnter", "KeLeave", "ExAcquire", "ExRelease", "KeWait", "Zw", "FsRtlEnter"}},
        {"locks",
         {"KeAcquire", "ExAcquire", "KeInitializeSpinLock", "KeWait", "ExTry", "KeTry",
          "KeInitializeMutex", "Flt"}},
        {"irps", {"Io", "FltCompleted", "FltSet", "FltAllocateCallback"}},
        {"memory", {"ExAllocate", "ExFree", "Mm", "IoAllocateMdl", "FltAllocate"}},
        {"usage", {"Dbg", "ExAllocate", "FsRtlPrivate", "str", "wcs", "_"}},
        {"user", {"ProbeFor", "Io", "Mm", "Flt"}},
        {"handles", {"Ob", "Zw", "Ps", "FltClose"}},
        {"filters", {"Flt"}},
        {"unload", {"Io", "Ke", "Ex", "Flt", "Ps"}},
    };
    static const char *const any[] = {"", NULL};

    for (size_t i = 0; i < sizeof(families) / sizeof(families[0]); i++) {
        if (strcmp(families[i].family, family) == 0) {
            return imports_any(check, families[i].prefixes);
        }
    }
    return imports_any(check, any);
}

static size_t
count_notes(const struct check *check, const char *family, const char *kind)
{
    /* One of both is given. */
    size_t count = 0;

    for (size_t i = 0; i < check->notes; i++) {
        const struct note *note = &check->note[i];
        const struct rule *rule = rule_find(note->rule);

        if (note->verdict != VERDICT_FINDING) {
            continue;
        }
        count += family != NULL ? rule != NULL && strcmp(rule->family, family) == 0
                                : rule == NULL && kind != NULL && strcmp(note->kind, kind) == 0;
    }
    return count;
}

static void
row(FILE *out, const char *name, size_t failed, bool exercised)
{
    if (failed != 0) {
        fprintf(out, "  %-34s failed: %zu\n", name, failed);
    } else {
        fprintf(out, "  %-34s %s\n", name, exercised ? "passed" : "not exercised");
    }
}

static const struct {
    const char *kind, *name;
} kinds[] = {{"bugcheck", "no crash"},
             {"deadlock", "no deadlock"},
             {"hang", "nobody waits for ever"},
             {"livelock", "nobody goes in circles"},
             {"suspend-dos", "nobody is held up by a suspension"},
             {"leak", "nothing is left behind"},
             {"race", "no data race"}};

static void
write_rules(FILE *out, const struct check *check)
{
    bool tried = check->cases != 0;

    fputs("RULES:\n", out);
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        row(out, kinds[i].name, count_notes(check, NULL, kinds[i].kind),
            tried &&
                (strcmp(kinds[i].kind, "race") != 0 || check->options->granularity == RUN_MEMORY));
    }
    for (size_t i = 0; i < rules_count(); i++) {
        const char *family = rule_number(i)->family;
        char name[80];
        bool first = true;

        for (size_t j = 0; j < i; j++) {
            first = first && strcmp(rule_number(j)->family, family) != 0;
        }
        if (first) {
            snprintf(name, sizeof(name), "rules of family %s", family);
            row(out, name, count_notes(check, family, NULL), tried && is_exercised(check, family));
        }
    }
}

/* ---- the end ---- */

size_t
check_errors(const struct check *check)
{
    size_t count = 0;

    for (size_t i = 0; i < check->notes; i++) {
        count += check->note[i].verdict == VERDICT_FINDING &&
                 strcmp(check->note[i].severity, "error") == 0;
    }
    return count;
}

static void
write_coverage(FILE *out, const struct check *check)
{
    fputs("COVERAGE:\n", out);
    for (size_t i = 0; i < check->request.coverages; i++) {
        struct coverage_numbers numbers;

        coverage_count(&check->request, &check->request.coverage[i], &numbers);
        fprintf(out, "  %-20s functions %zu of %zu, branches %zu of %zu, blocks %zu of %zu\n",
                check->request.coverage[i].image, numbers.functions_run, numbers.functions,
                numbers.branches_run, numbers.branches, numbers.blocks_run, numbers.blocks);
    }
}

void
table_write(FILE *out, const struct check *check)
{
    bool any = false;

    fprintf(out, "\nCHECKED: %zu case%s, %lu runs in %.1f s\n", check->cases,
            check->cases == 1 ? "" : "s", check->runs, check->seconds);
    if (check->left != 0) {
        fprintf(out, "  %zu more case%s: no time was left (--budget)\n", check->left,
                check->left == 1 ? "" : "s");
    }
    write_rules(out, check);
    fputs("FINDINGS:\n", out);
    for (size_t i = 0; i < check->notes; i++) {
        const struct note *note = &check->note[i];

        if (note->verdict == VERDICT_FINDING) {
            fprintf(out, "  %zu. %s: %s%s%s\n", i + 1, note->severity, note->rule,
                    note->where[0] != 0 ? " in " : "", note->where);
            if (note->schedule[0] != 0) {
                fprintf(out, "     ntlab replay %s\n", note->schedule);
            } else {
                fprintf(out, "     the same command again: it needs no schedule\n");
            }
            any = true;
        } else if (note->verdict == VERDICT_UNSUPPORTED) {
            fprintf(out, "  %zu. not implemented: %s\n", i + 1, note->message);
            any = true;
        }
    }
    fputs(any ? "" : "  none\n", out);
    if (check->of_systems != 0) {
        fprintf(out, "NOT COUNTED, as no driver can help it: %zu run%s\n  %s\n", check->of_systems,
                check->of_systems == 1 ? "" : "s", check->of_system.message);
        if (check->of_system.schedule[0] != 0) {
            fprintf(out, "     ntlab replay %s\n", check->of_system.schedule);
        }
    }
    write_coverage(out, check);
}

static void
json_code(FILE *out, const struct code *code, bool first)
{
    fprintf(out, "%s\n        {\"code\": \"0x%08x\", \"method\": \"%s\", \"found\": [",
            first ? "" : ",", code->code, code_method(code->code));
    fprintf(out, "%s%s%s], \"where\": ", code->source & CODE_COMPARED ? "\"compared\"" : "",
            code->source & CODE_COMPARED && code->source & CODE_TRIED ? ", " : "",
            code->source & CODE_TRIED ? "\"tried\"" : "");
    json_string(out, code->where);
    fprintf(out,
            ", \"accepted\": %s, \"crashed\": %s, \"input\": ", code->accepted ? "true" : "false",
            code->crashed ? "true" : "false");
    json_string(out, code->in);
    fputs(", \"output\": ", out);
    json_string(out, code->out);
    fputs(", \"hints\": ", out);
    json_string(out, code->hints[0] == '/' ? code->hints + 1 : code->hints);
    fprintf(out, ", \"status\": \"0x%08X\"}", code->status);
}

void
table_json(FILE *out, const struct check *check)
{
    bool first = true;
    size_t errors = check_errors(check);

    fprintf(out,
            "{\n  \"schema\": 1, \"ntlab\": \"%s\", \"command\": \"check\", \"command_line\": [",
            NTLAB_VERSION);
    for (char **word = check->argv; *word != NULL; word++) {
        fputs(word == check->argv ? "" : ", ", out);
        json_string(out, *word);
    }
    fprintf(out, "],\n  \"os\": {\"name\": \"%s\", \"build\": %u}, \"seed\": %lu,\n",
            os_name(check->options->os),
            check->options->build ? check->options->build : os_default_build(check->options->os),
            check->options->seed);
    fprintf(out, "  \"verdict\": \"%s\", \"client_exit\": null,\n",
            errors != 0                        ? "finding"
            : check->cases_unsupported != 0    ? "unsupported"
            : check->status == STATUS_INTERNAL ? "error"
                                               : "clean");
    fprintf(out,
            "  \"cases\": %zu, \"cases_left_out\": %zu, \"runs\": %lu, \"seconds\": %.2f, "
            "\"not_counted\": %zu,\n  "
            "\"devices\": [",
            check->cases, check->left, check->runs, check->seconds, check->of_systems);
    for (size_t i = 0; i < check->survey.devices; i++) {
        const struct device *device = &check->survey.device[i];

        fputs(i ? ",\n    {\"name\": " : "\n    {\"name\": ", out);
        json_string(out, device->name);
        fprintf(out, ", \"opened\": %s, \"codes\": [", device->opened ? "true" : "false");
        for (size_t j = 0; j < device->codes; j++) {
            json_code(out, &device->code[j], j == 0);
        }
        fputs("]}", out);
    }
    fputs("],\n  \"coverage\": [", out);
    for (size_t i = 0; i < check->request.coverages; i++) {
        struct coverage_numbers numbers;

        coverage_count(&check->request, &check->request.coverage[i], &numbers);
        fputs(i ? ", {\"image\": " : "{\"image\": ", out);
        json_string(out, check->request.coverage[i].image);
        fprintf(out,
                ", \"functions\": [%zu, %zu], \"branches\": [%zu, %zu], \"blocks\": [%zu, %zu]}",
                numbers.functions_run, numbers.functions, numbers.branches_run, numbers.branches,
                numbers.blocks_run, numbers.blocks);
    }
    fputs("],\n  \"findings\": [", out);
    for (size_t i = 0; i < check->notes; i++) {
        const struct note *note = &check->note[i];
        char replay[400];

        if (note->json == NULL) {
            continue;
        }
        fprintf(out, "%s%.*s", first ? "" : ",", (int)strlen(note->json) - 1, note->json);
        if (note->schedule[0] != 0) {
            fputs(",\n     \"schedule\": ", out);
            json_string(out, note->schedule);
            snprintf(replay, sizeof(replay), "ntlab replay %s", note->schedule);
            fputs(", \"replay\": ", out);
            json_string(out, replay);
        }
        fputs("}", out);
        first = false;
    }
    fputs("]\n}\n", out);
}
