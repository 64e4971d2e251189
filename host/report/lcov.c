/*
 * lcov.c - coverage of the drivers: for genhtml and CI as an lcov trace file, and in numbers.
 *
 * A line has run if a block with an instruction of it has. A branch is told for a conditional jump whose own block has
 * run: BRDA block 0, branch 0 taken, branch 1 not; counts are 1, for a block tells only once. A PDB says of no address
 * where its function begins: there the unwind data and the calls do. Files outside of the repository (headers of the kit) are left
 * out, for genhtml ends at one that it cannot read; if all are elsewhere, all stand there under their own paths.
 *
 * Source: geninfo(1), "Files".
 */
#include "host/report/lcov.h"
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include "host/image/flow.h"
#include "host/report/note.h"

struct line {
    char *file;
    unsigned line;
    uint8_t kind; /* 0 a line, 1 a branch, 2 a function */
    uint8_t seen;
    uint32_t rva;
    char *symbol;
};

void
coverage_prepare(struct run_request *request)
{
    struct run_coverage *all = calloc(request->boot.drivers + 1, sizeof(*all));
    size_t count = 0;

    if (all == NULL) {
        abort();
    }
    for (uint32_t i = 0; i < request->boot.drivers; i++) {
        const struct run_file *file = files_find(request, request->boot.driver[i].path);
        const char *name = strrchr(request->boot.driver[i].path, '\\');

        if (file != NULL && !file->directory && name != NULL &&
            coverage_make(file->data, file->size, name + 1, &all[count])) {
            count++;
        }
    }
    request->coverage = all;
    request->coverages = count;
}

void
coverage_release(struct run_request *request)
{
    for (size_t i = 0; i < request->coverages; i++) {
        coverage_free(&request->coverage[i]);
    }
    free(request->coverage);
    request->coverage = NULL;
    request->coverages = 0;
}

/* The image's file, by the name that it has in the run. */
static const struct run_file *
file_of(const struct run_request *request, const struct run_coverage *coverage)
{
    return files_find(request, coverage->image);
}

void
coverage_count(const struct run_request *request, const struct run_coverage *coverage,
               struct coverage_numbers *out)
{
    const struct run_file *file = file_of(request, coverage);
    struct flow *flow = file != NULL ? flow_open(file->data, file->size, coverage->image) : NULL;

    *out = (struct coverage_numbers){0};
    for (size_t i = 0; i < coverage->points; i++) {
        const struct coverage_point *point = &coverage->point[i];

        if (flow != NULL && point->leader && flow_is_function(flow, point->rva)) {
            out->functions++;
            out->functions_run += coverage->seen[i] != 0;
        }
        out->blocks += point->leader;
        out->blocks_run += point->leader && coverage->seen[i] != 0;
        if (point->branch) {
            out->branches += 2;
            out->branches_run += (coverage->seen[i] & COVERAGE_TAKEN) != 0;
            out->branches_run += (coverage->seen[i] & COVERAGE_PASSED) != 0;
        }
    }
    flow_close(flow);
}

/* ---- the file ---- */

static int
by_place(const void *left, const void *right)
{
    const struct line *a = left, *b = right;
    int order = strcmp(a->file, b->file);

    return order != 0           ? order
           : a->kind != b->kind ? b->kind - a->kind /* functions, branches, lines */
           : a->line != b->line ? (a->line < b->line ? -1 : 1)
           : a->rva != b->rva   ? (a->rva < b->rva ? -1 : 1)
                                : 0;
}

/* What has been seen of the block that an instruction is in. */
static uint8_t
block_seen(const struct run_coverage *coverage, uint32_t rva)
{
    size_t low = 0, high = coverage->points;

    while (low < high) {
        size_t middle = (low + high) / 2;

        if (coverage->point[middle].rva <= rva) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    while (low > 0) {
        low--;
        if (coverage->point[low].leader) {
            return coverage->seen[low];
        }
    }
    return 0;
}

static void
add(struct line **lines, size_t *count, struct line line)
{
    if ((*count & (*count - 1)) == 0) {
        *lines = realloc(*lines, (*count ? *count * 2 : 1) * sizeof(**lines));
        if (*lines == NULL) {
            abort();
        }
    }
    (*lines)[(*count)++] = line;
}

/* Every instruction of one image, asked for. */
static void
collect(const struct run_request *request, const struct report_options *options,
        const struct run_coverage *coverage, struct line **lines, size_t *count)
{
    const struct run_file *file = file_of(request, coverage);
    struct flow *flow = file != NULL ? flow_open(file->data, file->size, coverage->image) : NULL;
    struct symbol_query *query;
    size_t queries = 0, number = 0;

    if (flow == NULL) {
        return;
    }
    for (uint32_t rva = flow_next(flow, 0); rva != 0; rva = flow_next(flow, rva + 1)) {
        queries++;
    }
    query = calloc(queries + 1, sizeof(*query));
    if (query == NULL) {
        abort();
    }
    for (uint32_t rva = flow_next(flow, 0); rva != 0; rva = flow_next(flow, rva + 1)) {
        query[number].path = file->host_path;
        query[number++].rva = rva;
    }
    symbolizer_ask(options, query, queries);
    for (size_t i = 0; i < queries; i++) {
        const struct coverage_point *point = coverage_find(coverage, query[i].rva);
        uint8_t seen = block_seen(coverage, query[i].rva);
        const struct source *source = query[i].sources != 0 ? &query[i].source[0] : NULL;
        const struct source *outer =
            query[i].sources != 0 ? &query[i].source[query[i].sources - 1] : NULL;
        uint64_t start = flow_pe(flow)->preferred + query[i].rva;

        if (source == NULL || source->file == NULL || source->line == 0) {
            continue;
        }
        add(lines, count, (struct line){source->file, source->line, 0, seen != 0, 0, NULL});
        if (point != NULL && point->branch) {
            add(lines, count,
                (struct line){source->file, source->line, 1,
                              coverage->seen[point - coverage->point], query[i].rva, NULL});
        }
        if (outer->symbol != NULL && outer->symbol[0] != '$' && /* a handler's label is none */
            outer->file != NULL &&
            (query[i].start != 0 ? query[i].start == start
                                 : flow_is_function(flow, query[i].rva))) {
            add(lines, count,
                (struct line){outer->file, outer->line, 2, seen != 0, query[i].rva, outer->symbol});
        }
    }
    /* Names and files are the lines' from now on; they live as long as the program does. */
    free(query);
    flow_close(flow);
}

static void
write_file(FILE *out, const struct line *line, size_t count)
{
    unsigned functions = 0, functions_run = 0, branches = 0, branches_run = 0, lines = 0, run = 0;
    char relative[4096];

    fprintf(out, "SF:%s\n",
            source_relative(line[0].file, relative, sizeof(relative)) ? relative : line[0].file);
    for (size_t i = 0; i < count && line[i].kind == 2; i++) {
        fprintf(out, "FN:%u,%s\n", line[i].line, line[i].symbol);
    }
    for (size_t i = 0; i < count && line[i].kind == 2; i++) {
        fprintf(out, "FNDA:%u,%s\n", line[i].seen, line[i].symbol);
        functions++;
        functions_run += line[i].seen;
    }
    fprintf(out, "FNF:%u\nFNH:%u\n", functions, functions_run);
    for (size_t i = 0, block = 0; i < count; i++) {
        if (line[i].kind != 1) {
            continue;
        }
        block = i > 0 && line[i - 1].kind == 1 && line[i - 1].line == line[i].line ? block + 1 : 0;
        for (unsigned way = 0; way < 2; way++) {
            bool taken = line[i].seen & (way == 0 ? COVERAGE_TAKEN : COVERAGE_PASSED);

            if (line[i].seen == 0) {
                fprintf(out, "BRDA:%u,%zu,%u,-\n", line[i].line, block, way);
            } else {
                fprintf(out, "BRDA:%u,%zu,%u,%u\n", line[i].line, block, way, taken);
            }
            branches++;
            branches_run += taken;
        }
    }
    fprintf(out, "BRF:%u\nBRH:%u\n", branches, branches_run);
    for (size_t i = 0; i < count;) {
        size_t next = i;
        bool seen = false;

        while (next < count && line[next].kind == line[i].kind && line[next].line == line[i].line) {
            seen = line[next++].seen != 0 || seen;
        }
        if (line[i].kind == 0) {
            fprintf(out, "DA:%u,%u\n", line[i].line, seen);
            lines++;
            run += seen;
        }
        i = next;
    }
    fprintf(out, "LF:%u\nLH:%u\nend_of_record\n", lines, run);
}

static bool
is_here(const char *file)
{
    char relative[4096];

    return source_relative(file, relative, sizeof(relative));
}

void
lcov_write(FILE *out, const struct run_request *request, const struct report_options *options)
{
    struct line *lines = NULL;
    size_t count = 0, from = 0;
    bool any = false;

    for (size_t i = 0; i < request->coverages; i++) {
        collect(request, options, &request->coverage[i], &lines, &count);
    }
    if (count != 0) {
        qsort(lines, count, sizeof(*lines), by_place);
    }
    fputs("TN:ntlab\n", out);
    for (size_t i = 0; i < count && !any; i++) {
        any = is_here(lines[i].file);
    }
    while (from < count) {
        size_t to = from;

        while (to < count && strcmp(lines[to].file, lines[from].file) == 0) {
            to++;
        }
        if (!any || is_here(lines[from].file)) {
            write_file(out, lines + from, to - from);
        }
        from = to;
    }
    free(lines);
}
