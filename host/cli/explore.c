/*
 * explore.c - `ntlab explore`: many schedules, and what came of them.
 *
 * One worker searches. What it calls a finding is run again in a fresh worker along the same
 * schedule, and only what happens there too is reported.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include "host/cli/cli.h"
#include "host/machine/run.h"

struct output {
    bool quiet;
};

static void
on_output(void *context, uint32_t channel, const char *text, size_t length)
{
    if (channel == ABI_OUT_STDOUT) {
        fwrite(text, 1, length, stdout);
        fflush(stdout);
    } else if (channel != RUN_REPORT) {
        fwrite(text, 1, length, stderr);
    }
}

static int
search(struct run_request *request, struct search_results *results)
{
    struct run_result result;

    if (machine_run(request, &result) != 0 || result.end == RUN_FAILED || result.end == RUN_DIED) {
        fprintf(stderr, "ntlab: %s\n", result.message);
        return STATUS_INTERNAL;
    }
    close(result.memory);
    fprintf(stderr,
            "%s: %lu runs, %lu traces, %lu bad, %lu blocked, longest %lu choices, %u agents, "
            "%lu pages, %.2f s, %.0f runs/s\n",
            results->outcome == SEARCH_EXHAUSTED ? "exhausted" : "budget spent", results->runs,
            results->traces, results->bad, results->blocked, results->longest, results->agents,
            results->pages, result.seconds, (double)results->runs / result.seconds);
    for (uint32_t i = 0; i < results->findings; i++) {
        struct search_finding *finding = &results->finding[i];

        fprintf(stderr, "finding %u: verdict %u code %#x, run %lu, %lu times, %u choices: %s\n", i,
                finding->stop.verdict, finding->stop.code, finding->run, finding->times,
                finding->schedule_length, finding->stop.message);
    }
    return results->findings != 0 ? STATUS_FINDING : STATUS_CLEAN;
}

static const char *
outcome_name(uint32_t outcome)
{
    static const char *const names[] = {"stopped", "exhausted", "bounded", "budget"};

    return outcome < sizeof(names) / sizeof(names[0]) ? names[outcome] : "?";
}

static int
write_json(const struct options *options, const struct run_search *plan,
           const struct search_results *results)
{
    FILE *out = strcmp(options->json, "-") == 0 ? stdout : fopen(options->json, "w");

    if (out == NULL) {
        return usage_error("%s: %s", options->json, strerror(errno));
    }
    fprintf(out,
            "{\"schema\": 1, \"ntlab\": \"%s\", \"command\": \"explore\", \"search\": "
            "{\"outcome\": \"%s\", \"strategy\": \"%s\", \"runs\": %lu, \"traces\": %lu, "
            "\"bad\": %lu, \"blocked\": %lu}}\n",
            NTLAB_VERSION, outcome_name(results->outcome), plan->strategy, results->runs,
            results->traces, results->bad, results->blocked);
    if (out != stdout) {
        fclose(out);
    }
    return 0;
}

int
command_explore(int argc, char **argv)
{
    struct options options;
    struct run_request request;
    struct run_search plan;
    int status = options_parse(argc, argv, &options);

    if (status != 0) {
        return status;
    }
    status = request_build(&options, &request);
    if (status != 0) {
        return status;
    }
    plan = (struct run_search){.strategy = options.strategy ? options.strategy : "dpor",
                               .seed = options.seed,
                               .runs = options.budget_runs,
                               .seconds = options.budget_seconds,
                               .depth = (uint32_t)options.depth,
                               .first = options.first};
    request.explore = &plan;
    request.boot.explore = 1;
    request.boot.cpus = 16;
    request.output = on_output;
    request.results = mmap(NULL, sizeof(*request.results), PROT_READ | PROT_WRITE,
                           MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (request.results == MAP_FAILED) {
        return STATUS_INTERNAL;
    }
    status = search(&request, request.results);
    if (options.json != NULL && status != STATUS_INTERNAL &&
        write_json(&options, &plan, request.results) != 0) {
        status = STATUS_USAGE;
    }
    request_free(&request);
    return status;
}
