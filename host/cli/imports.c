/*
 * imports.c - `ntlab imports FILE...`: what images import, and whether ntlab has it.
 *
 *     ok        implemented; the version is the first that exported it
 *     partial   implemented, but differs: the note says how
 *     later     the version that --os names does not have it yet: Windows would not load the image
 *     missing   not implemented: a call of it ends the run
 *
 * Kernel exports are known by table, those of other images by looking into the files of the box and
 * beside the image. The listing goes to stdout: no client runs here.
 */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "host/cli/cli.h"
#include "host/image/image.h"
#include "host/machine/known.h"
#include "host/machine/run.h"

struct counts {
    unsigned total, partial, later, missing;
};

struct verdict {
    const char *state, *since, *note;
};

/* Some image of the box or beside the importing one exports it. */
static bool
exported_by_file(const struct run_request *request, const struct pe_import *import)
{
    char name[256];
    const struct run_file *file;
    struct image_error error;
    struct pe_export found;
    struct pe pe;

    snprintf(name, sizeof(name), "%s%s", import->dll, strchr(import->dll, '.') ? "" : ".dll");
    file = files_find(request, name);
    if (file == NULL || image_parse(file->data, file->size, &pe, &error) != 0) {
        return false;
    }
    return import->name ? pe_export_by_name(&pe, import->name, &found)
                        : pe_export_by_ordinal(&pe, import->ordinal, &found);
}

static struct verdict
judge(const struct options *options, const struct run_request *request,
      const struct pe_import *import, struct counts *counts)
{
    const struct known_export *known = NULL;

    counts->total++;
    if (!image_is_kernel_alias(import->dll)) {
        if (exported_by_file(request, import)) {
            return (struct verdict){"ok", "", ""};
        }
    } else if (import->name != NULL) {
        known = known_find(import->name);
    }
    if (known == NULL) {
        counts->missing++;
        return (struct verdict){"missing", "", ""};
    }
    if (known->since > options->os) {
        counts->later++;
        return (struct verdict){"later", known_version(known->since), known->note};
    }
    counts->partial += known->partial;
    return (struct verdict){known->partial ? "partial" : "ok", known_version(known->since),
                            known->note};
}

static void
print(FILE *out, bool json, bool first, const struct pe_import *import,
      const struct verdict *verdict)
{
    char number[16];
    const char *name = import->name;

    if (name == NULL) {
        snprintf(number, sizeof(number), "#%u", import->ordinal);
        name = number;
    }
    if (json) {
        fprintf(out, "%s\n  {\"dll\": ", first ? "" : ",");
        json_string(out, import->dll);
        fputs(", \"name\": ", out);
        json_string(out, name);
        fprintf(out, ", \"state\": \"%s\", \"since\": \"%s\", \"note\": ", verdict->state,
                verdict->since);
        json_string(out, verdict->note);
        fprintf(out, ", \"delayed\": %s}", import->delayed ? "true" : "false");
        return;
    }
    fprintf(out, "  %-8s %-7s %s!%s%s%s%s\n", verdict->state, verdict->since, import->dll, name,
            import->delayed ? " (delayed)" : "", verdict->note[0] ? ": " : "", verdict->note);
}

static int
list(const struct options *options, struct run_request *request, const char *path, FILE *out,
     bool json, bool first_file)
{
    struct counts counts = {0};
    const struct run_file *file = request_add_file(request, path, path);
    struct image_error error;
    struct pe_imports walk;
    struct pe_import import;
    struct pe pe;
    bool first = true;

    if (file == NULL || file->directory) {
        return usage_error("%s: cannot be read", path);
    }
    if (image_parse(file->data, file->size, &pe, &error) != 0) {
        fprintf(stderr, "ntlab: %s: %s (at offset 0x%lx)\n", path, error.message, error.offset);
        return STATUS_BAD_INPUT;
    }
    if (json) {
        fputs(first_file ? "" : ",\n", out);
        fputs("{\"path\": ", out);
        json_string(out, path);
        fputs(", \"imports\": [", out);
    } else {
        fprintf(out, "%s\n", path);
    }
    for (int delayed = 0; delayed <= 1; delayed++) {
        pe_imports_begin(&walk, &pe, delayed != 0);
        while (pe_imports_next(&walk, &import)) {
            struct verdict verdict = judge(options, request, &import, &counts);

            print(out, json, first, &import, &verdict);
            first = false;
        }
        if (walk.problem != NULL) {
            fprintf(stderr, "ntlab: %s: %s (at rva 0x%x)\n", path, walk.problem, walk.problem_rva);
            return STATUS_BAD_INPUT;
        }
    }
    if (json) {
        fprintf(out, "],\n \"total\": %u, \"partial\": %u, \"later\": %u, \"missing\": %u}",
                counts.total, counts.partial, counts.later, counts.missing);
    } else {
        fprintf(out, "  %u imports: %u missing, %u partial, %u later than %s\n", counts.total,
                counts.missing, counts.partial, counts.later, os_name(options->os));
    }
    if (counts.later != 0) {
        return STATUS_BAD_INPUT;
    }
    return counts.missing + counts.partial != 0 ? STATUS_UNSUPPORTED : STATUS_CLEAN;
}

int
command_imports(int argc, char **argv)
{
    struct options options;
    struct run_request request = {0};
    FILE *out = stdout;
    bool json;
    int status = options_parse(argc, argv, &options), worst;

    if (status != 0) {
        return status;
    }
    if (options.drivers.count == 0) {
        return usage_error("imports: no file");
    }
    json = options.json != NULL;
    if (json && strcmp(options.json, "-") != 0 && (out = fopen(options.json, "w")) == NULL) {
        return usage_error("%s: cannot be written", options.json);
    }
    worst = request_box(&request);
    for (size_t i = 0; i < options.drivers.count && worst != STATUS_USAGE; i++) {
        worst = request_siblings(&request, options.drivers.item[i]);
    }
    if (worst == STATUS_USAGE) {
        return worst;
    }
    if (json) {
        fprintf(out,
                "{\"schema\": 1, \"ntlab\": \"%s\", \"command\": \"imports\", \"os\": {\"name\": "
                "\"%s\"}, "
                "\"files\": [",
                NTLAB_VERSION, os_name(options.os));
    }
    for (size_t i = 0; i < options.drivers.count && worst != STATUS_USAGE; i++) {
        status = list(&options, &request, options.drivers.item[i], out, json, i == 0);
        if (status != STATUS_CLEAN && (worst == STATUS_CLEAN || status < worst)) {
            worst = status; /* a bad file is worse than a missing import */
        }
    }
    if (json) {
        fprintf(out, "]}\n");
    }
    if (out != stdout) {
        fclose(out);
    }
    request_free(&request);
    return worst;
}
