/*
 * explore_json.c - the JSON object of a search (docs/commands.md, schema 1).
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "host/cli/explore.h"
#include "host/explore/variety.h"
#include "host/report/report.h"

static const char *
base_name(const char *path)
{
    const char *slash = strrchr(path, '\\');

    return slash != NULL ? slash + 1 : path;
}

bool
search_uses(const struct run_request *request, const struct run_file *file)
{
    const struct abi_boot *boot = &request->boot;
    const char *name = base_name(file->guest_path);
    bool named = strcmp(file->guest_path, "C:\\Windows\\System32\\ntoskrnl.exe") == 0;

    for (uint32_t i = 0; i < boot->drivers; i++) {
        named = named || strcmp(name, base_name(boot->driver[i].path)) == 0;
    }
    for (uint32_t i = 0; i < boot->clients; i++) {
        named = named || strcmp(name, base_name(boot->client[i].image)) == 0;
    }
    return named;
}

static void
write_images(FILE *out, const struct run_request *request)
{
    bool first = true;

    for (size_t i = 0; i < request->files; i++) {
        const struct run_file *file = &request->file[i];
        char hash[65];

        if (file->directory || !search_uses(request, file)) {
            continue;
        }
        fputs(first ? "\n    {\"path\": " : ",\n    {\"path\": ", out);
        json_string(out, file->host_path);
        report_hash_file(file, hash);
        fprintf(out, ", \"sha256\": \"%s\"}", hash);
        first = false;
    }
}

static void
write_search(FILE *out, const struct search *search)
{
    const struct pool_outcome *outcome = &search->outcome;
    const struct tally *tally = &outcome->tally;
    const char *item;

    fprintf(out,
            "  \"search\": {\"outcome\": \"%s\", \"strategy\": \"%s\", \"granularity\": \"%s\", "
            "\"runs\": %lu, \"traces\": %lu, \"bad\": %lu, \"blocked\": %lu,\n             ",
            outcome_name(outcome->outcome), search->plan.strategy,
            granularity_name(search->options->granularity), tally->runs, tally->traces, tally->bad,
            tally->blocked);
    if (outcome->outcome == SEARCH_EXHAUSTED && search->pool.shards == 1) {
        fprintf(out, "\"estimate\": %lu, ", tally->traces);
    } else if (tally->estimate > 0) {
        fprintf(out, "\"estimate\": %.0f, ", tally->estimate);
    } else {
        fputs("\"estimate\": null, ", out);
    }
    if (tally->bound != 0) {
        fprintf(out, "\"bound\": %u, ", tally->bound - 1);
    }
    if (tally->looked != 0) {
        fprintf(out, "\"told_apart\": %lu, \"chance_of_a_new_trace\": %.6f, ", tally->looked,
                variety_chance(tally->trace, tally->kept));
    }
    fprintf(out, "\"digest\": \"%016lx\", \"sample\": \"%016lx\", ", tally->digest, tally->sample);
    fprintf(
        out,
        "\"jobs\": %u, \"shard\": \"%u/%u\", \"lost_workers\": %u, \"died\": %u,\n             ",
        search->pool.jobs, search->pool.shard + 1, search->pool.shards, outcome->lost,
        outcome->died);
    fprintf(out, "\"seconds\": %.3f, \"runs_per_second\": %.0f, \"assumptions\": [",
            outcome->seconds, outcome->seconds > 0 ? (double)tally->runs / outcome->seconds : 0);
    for (size_t i = 0; (item = search_assumption(search, i)) != NULL; i++) {
        fputs(i == 0 ? "" : ", ", out);
        json_string(out, item);
    }
    fputs("]},\n", out);
}

static void
write_finding(FILE *out, const struct confirmed *confirmed)
{
    const struct search_finding *finding = &confirmed->finding;
    char replay[400];

    /* The report's object, with the search's fields behind its own. */
    fprintf(out, "%.*s", (int)strlen(confirmed->note.json) - 1, confirmed->note.json);
    fputs(",\n     \"schedule\": ", out);
    json_string(out, confirmed->path);
    fprintf(out, ", \"preemptions\": %u, \"injections\": %u, \"steps\": %u, \"runs\": %lu,",
            finding->preemptions, finding->injections, finding->schedule_length, finding->times);
    fprintf(out, " \"signature\": \"%016lx\", \"minimised\": %s, \"certified\": %s",
            finding->signature, finding->trials != 0 ? "true" : "false",
            finding->certified ? "true" : "false");
    snprintf(replay, sizeof(replay), "ntlab replay %s", confirmed->path);
    fputs(",\n     \"replay\": ", out);
    json_string(out, replay);
    fputs("}", out);
}

int
search_json(const struct search *search, const char *path)
{
    const struct options *options = search->options;
    FILE *out = strcmp(path, "-") == 0 ? stdout : fopen(path, "w");
    const char *verdict = search->status == STATUS_INTERNAL      ? "error"
                          : search->status == STATUS_UNSUPPORTED ? "unsupported"
                          : search->errors != 0                  ? "finding"
                          : search->status == STATUS_REQUIREMENT ? "inconclusive"
                                                                 : "clean";

    if (out == NULL) {
        return usage_error("%s: %s", path, strerror(errno));
    }
    fprintf(out, "{\n  \"schema\": 1, \"ntlab\": \"%s\", \"command\": \"explore\", ",
            NTLAB_VERSION);
    fputs("\"command_line\": [", out);
    for (char **word = search->argv; *word != NULL; word++) {
        fputs(word == search->argv ? "" : ", ", out);
        json_string(out, *word);
    }
    fprintf(out, "],\n  \"os\": {\"name\": \"%s\", \"build\": %u}, \"seed\": %lu,\n  \"images\": [",
            os_name(options->os), options->build ? options->build : os_default_build(options->os),
            options->seed);
    write_images(out, &search->request);
    fprintf(out, "],\n  \"verdict\": \"%s\", \"client_exit\": null,\n", verdict);
    write_search(out, search);
    fputs("  \"findings\": [", out);
    for (size_t i = 0; i < search->findings; i++) {
        fputs(i == 0 ? "\n    " : ",\n    ", out);
        write_finding(out, &search->confirmed[i]);
    }
    fputs("]\n}\n", out);
    if (out != stdout && fclose(out) != 0) {
        return usage_error("%s: %s", path, strerror(errno));
    }
    return 0;
}
