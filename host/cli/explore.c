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
#include <sys/stat.h>
#include <unistd.h>
#include "host/cli/cli.h"
#include "host/cli/finding.h"
#include "host/cli/ntr.h"
#include "host/machine/run.h"

#define FINDINGS     "findings"
#define EXPLORE_CPUS 16 /* more than threads that can run at once, in most tests */

static void
no_output(void *context, uint32_t channel, const char *text, size_t length)
{
    if (channel == RUN_NOTE) {
        fwrite(text, 1, length, stderr);
    }
}

static const char *
outcome_name(uint32_t outcome)
{
    static const char *const names[] = {"stopped", "exhausted", "bounded", "budget"};

    return outcome < sizeof(names) / sizeof(names[0]) ? names[outcome] : "?";
}

/* What "exhausted" rests on; it never stands without. */
#define ASSUMPTIONS                                                                                \
    "one processor per thread, api granularity, no failed allocations, no injected events"

static void
say_outcome(const struct search_results *results, const struct run_search *plan, double seconds)
{
    switch (results->outcome) {
    case SEARCH_EXHAUSTED:
        fprintf(stderr, "ntlab: exhausted: %s in all %lu traces (%s)\n",
                results->bad == 0 ? "no finding" : "findings", results->traces, ASSUMPTIONS);
        break;
    case SEARCH_STOPPED:
        fprintf(stderr, "ntlab: stopped at the first finding, in run %lu\n", results->runs);
        break;
    default:
        fprintf(stderr, "ntlab: budget spent: %s in %lu runs (%s)\n",
                results->bad == 0 ? "no finding" : "findings", results->runs, plan->strategy);
    }
    fprintf(stderr,
            "ntlab: %lu runs in %.1f s (%.0f runs/s), %lu traces, %lu bad, %lu cut short as "
            "repetitions\n",
            results->runs, seconds, (double)results->runs / seconds, results->traces, results->bad,
            results->blocked);
}

/* The worker that ran the guest wrote it (machine.h, M4). */
static bool
is_sound(const struct search_finding *finding)
{
    return finding->schedule <= SEARCH_SCHEDULES &&
           finding->schedule_length <= SEARCH_SCHEDULES - finding->schedule;
}

/* Runs a finding again in a fresh worker, reports what happens, and keeps it as a file. */
static int
confirm(const struct options *options, struct run_request *request,
        const struct search_results *results, uint32_t number, char **argv)
{
    const struct search_finding *found = &results->finding[number];
    struct search_results *small = finding_minimise(request, results, number);
    const struct search_results *from = small != NULL ? small : results;
    const struct search_finding *finding = small != NULL ? &small->finding[0] : found;
    struct run_search replay = {.replay = true,
                                .schedule = from->schedule + finding->schedule,
                                .schedule_length = finding->schedule_length};
    const struct run_search *search = request->explore;
    struct search_results *shared = request->results;
    struct run_result result = {.memory = -1, .end = RUN_QUIT};
    char path[64];
    int status;

    fprintf(stderr, "\nntlab: finding %u: in %lu of %lu runs; ", number + 1, finding->times,
            results->runs);
    finding_say(found, finding);
    request->explore = &replay;
    request->results = NULL;
    status = single_run(options, request, "explore", argv, &result);
    request->explore = search;
    request->results = shared;
    if (status != STATUS_FINDING && status != STATUS_UNSUPPORTED) {
        fprintf(stderr, "ntlab: the finding did not happen again: this is a failure of ntlab\n");
        finding_forget(small);
        return STATUS_INTERNAL;
    }
    if (result.hash != finding->hash) {
        fprintf(stderr, "ntlab: the finding took another way in its second run (%lx, not %lx)\n",
                result.hash, finding->hash);
        status = STATUS_INTERNAL;
    }
    mkdir(FINDINGS, 0777);
    snprintf(path, sizeof(path), FINDINGS "/%u.ntr", number + 1);
    if (ntr_write(path, options, request, &result, finding, from->schedule) != 0) {
        status = STATUS_USAGE;
    } else {
        fprintf(stderr, "replay: ntlab replay %s\n", path);
    }
    close(result.memory);
    finding_forget(small);
    return status;
}

static int
write_json(const struct options *options, const struct run_search *plan,
           const struct search_results *results, double seconds)
{
    FILE *out = strcmp(options->json, "-") == 0 ? stdout : fopen(options->json, "w");

    if (out == NULL) {
        return usage_error("%s: %s", options->json, strerror(errno));
    }
    fprintf(
        out,
        "{\"schema\": 1, \"ntlab\": \"%s\", \"command\": \"explore\", \"os\": {\"name\": \"%s\"}, "
        "\"seed\": %lu,\n \"verdict\": \"%s\",\n \"search\": {\"outcome\": \"%s\", \"strategy\": "
        "\"%s\", \"granularity\": \"api\", \"runs\": %lu, \"traces\": %lu, \"bad\": %lu, "
        "\"blocked\": %lu, \"seconds\": %.3f, \"runs_per_second\": %.0f, \"assumptions\": "
        "[\"%s\"]}}\n",
        NTLAB_VERSION, os_name(options->os), options->seed,
        results->findings != 0 ? "finding" : "clean", outcome_name(results->outcome),
        plan->strategy, results->runs, results->traces, results->bad, results->blocked, seconds,
        (double)results->runs / seconds, ASSUMPTIONS);
    if (out != stdout) {
        fclose(out);
    }
    return 0;
}

static int
search(struct options *options, struct run_request *request, const struct run_search *plan,
       char **argv)
{
    struct search_results *results = request->results;
    struct run_result result;
    int status = STATUS_CLEAN;

    request->output = no_output;
    if (machine_run(request, &result) != 0 || result.end == RUN_FAILED || result.end == RUN_DIED) {
        fprintf(stderr, "ntlab: %s\n", result.message);
        return STATUS_INTERNAL;
    }
    close(result.memory);
    say_outcome(results, plan, result.seconds);
    if (options->json != NULL && write_json(options, plan, results, result.seconds) != 0) {
        return STATUS_USAGE;
    }
    options->json = NULL;
    for (uint32_t i = 0; i < results->findings && i < SEARCH_FINDINGS; i++) {
        int one;

        if (!is_sound(&results->finding[i])) {
            fprintf(stderr, "ntlab: what the search left of finding %u makes no sense\n", i + 1);
            return STATUS_INTERNAL;
        }
        one = confirm(options, request, results, i, argv);
        status = one > status ? one : status;
    }
    return status;
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
                               .first = options.first || (!options.keep_going && isatty(2))};
    request.explore = &plan;
    request.boot.explore = 1;
    request.boot.cpus = EXPLORE_CPUS;
    request.results = mmap(NULL, sizeof(*request.results), PROT_READ | PROT_WRITE,
                           MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (request.results == MAP_FAILED) {
        return usage_error("out of memory");
    }
    fprintf(stderr, "ntlab %s: %s (build %u), a processor for each thread, seed %lu\n",
            NTLAB_VERSION, os_name(options.os),
            options.build ? options.build : os_default_build(options.os), options.seed);
    status = search(&options, &request, &plan, argv);
    munmap(request.results, sizeof(*request.results));
    request_free(&request);
    return status;
}

/* `replay`, and `dbg`, which is the same with a prompt at its end. */
static int
replay(int argc, char **argv, const char *command)
{
    struct options options;
    struct ntr ntr;
    int status = options_parse(argc, argv, &options);

    if (status != 0) {
        return status;
    }
    if (options.drivers.count != 1) {
        return usage_error("%s: one FINDING.ntr is expected", command);
    }
    status = ntr_open(options.drivers.item[0], &options, &ntr);
    if (status == 0) {
        struct run_result result = {.memory = -1};

        fprintf(stderr, "ntlab %s: %s (build %u), %zu choices\n", NTLAB_VERSION,
                os_name(options.os), options.build ? options.build : os_default_build(options.os),
                ntr.replay.schedule_length);
        options.dbg = options.dbg || (strcmp(command, "dbg") == 0 && options.commands == NULL);
        status = single_run(&options, &ntr.request, command, argv, &result);
        if (result.memory >= 0) {
            close(result.memory);
        }
        if (result.end == RUN_STOPPED && result.hash != ntr.hash) {
            fprintf(stderr, "ntlab: the run differs from the one that was recorded\n");
            status = STATUS_INTERNAL;
        }
    }
    ntr_close(&ntr);
    return status;
}

int
command_replay(int argc, char **argv)
{
    return replay(argc, argv, "replay");
}

int
command_dbg(int argc, char **argv)
{
    return replay(argc, argv, "dbg");
}
