/*
 * documents.c - writes the reports that files are asked for.
 *
 * --out DIR has all of them under fixed names: report.html, report.sarif, report.xml (JUnit), coverage.info; and
 * report.json, which its command writes.
 */
#include "host/cli/documents.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include "host/report/lcov.h"

static FILE *handing;

void
documents_hand_over(FILE *out)
{
    handing = out;
}

bool
documents_timeline(const struct options *options)
{
    return options->html != NULL || options->out != NULL || options->timelines;
}

static bool
is_chrome(const char *path)
{
    size_t length = path != NULL ? strlen(path) : 0;

    return length > 5 && strcmp(path + length - 5, ".json") == 0;
}

void
documents_prepare(const struct options *options, struct run_request *request)
{
    if (documents_timeline(options) || is_chrome(options->trace)) {
        request->trace = true;
        request->steps = true;
    }
    if (options->coverage != NULL || options->out != NULL) {
        coverage_prepare(request);
    }
}

void
documents_release(struct run_request *request)
{
    coverage_release(request);
}

void
documents_subject(const struct run_request *request, char *out, size_t size)
{
    const struct abi_boot *boot = &request->boot;
    size_t used = 0;

    out[0] = 0;
    for (uint32_t i = 0; i < boot->drivers && used < size; i++) {
        used += (size_t)snprintf(out + used, size - used, "%s%s.sys", i ? " " : "",
                                 boot->driver[i].name);
    }
    for (uint32_t i = 0; i < boot->clients && boot->drivers == 0 && used < size; i++) {
        const char *name = strrchr(boot->client[i].image, '\\');

        used += (size_t)snprintf(out + used, size - used, "%s%s", i ? " " : "",
                                 name != NULL ? name + 1 : boot->client[i].image);
    }
}

void
documents_folder(const char *folder)
{
    mkdir(folder, 0777);
}

static void
lcov(FILE *out, const struct options *options, const struct run_request *request)
{
    struct report_options report_options = {.symbols = options->symbols.item,
                                            .symbol_folders = options->symbols.count,
                                            .source_map = options->source_map.item,
                                            .source_maps = options->source_map.count};

    lcov_write(out, request, &report_options);
}

/* One document; `kind` names it. */
static int
write_one(const char *path, const struct options *options, const struct run_request *request,
          const struct note_head *head, const struct note *note, size_t count, char kind)
{
    FILE *out = path == NULL ? NULL : fopen(path, "w");

    if (path == NULL) {
        return 0;
    }
    if (out == NULL) {
        return usage_error("%s: %s", path, strerror(errno));
    }
    switch (kind) {
    case 'h':
        html_write(out, head, note, count);
        break;
    case 's':
        sarif_write(out, head, note, count);
        break;
    case 'j':
        junit_write(out, head, note, count);
        break;
    case 'c':
        lcov(out, options, request);
        break;
    }
    return fclose(out) == 0 ? 0 : usage_error("%s: %s", path, strerror(errno));
}

int
documents_write(const struct options *options, const struct run_request *request,
                const struct note_head *head, const struct note *note, size_t count,
                const char *folder)
{
    static const struct {
        char kind;
        const char *name;
        size_t option;
    } documents[] = {{'h', "report.html", offsetof(struct options, html)},
                     {'s', "report.sarif", offsetof(struct options, sarif)},
                     {'j', "report.xml", offsetof(struct options, junit)},
                     {'c', "coverage.info", offsetof(struct options, coverage)}};
    int status = 0;

    for (size_t i = 0; i < count && handing != NULL; i++) {
        note_send(handing, &note[i]);
    }
    if (handing != NULL) {
        fflush(handing);
    }
    if (folder != NULL && folder[0] != 0) {
        documents_folder(folder);
    }
    for (size_t i = 0; i < sizeof(documents) / sizeof(documents[0]) && status == 0; i++) {
        const char *path = *(const char *const *)((const char *)options + documents[i].option);
        char inside[400];

        status = write_one(path, options, request, head, note, count, documents[i].kind);
        if (status == 0 && folder != NULL && folder[0] != 0 &&
            (documents[i].kind != 'c' || request->coverages != 0)) {
            snprintf(inside, sizeof(inside), "%s/%s", folder, documents[i].name);
            status = write_one(inside, options, request, head, note, count, documents[i].kind);
        }
    }
    return status;
}
