/*
 * explore.c - `ntlab explore`: many schedules (host/search/pool.c), and what came of them.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "abi/inject.h"
#include "host/cli/cli.h"
#include "host/cli/documents.h"
#include "host/cli/explore.h"
#include "host/cli/finding.h"
#include "host/cli/ntr.h"
#include "host/cli/shard.h"
#include "host/explore/strategy.h"
#include "host/machine/run.h"

#define EXPLORE_CPUS                                                                               \
    63 /* a set of processors is one word, and one bit less is told from all bits */

/* What --require asks for. */
static bool
is_enough(const struct search *search)
{
    enum search_outcome outcome = search->outcome.outcome;

    return search->options->require == REQUIRE_NOTHING || outcome == SEARCH_EXHAUSTED ||
           (search->options->require == REQUIRE_BOUNDED &&
            search->outcome.tally.bound > search->options->require_bound);
}

/* "report.sarif" of a matrix's win7 is report-win7.sarif. */
static const char *
versioned(const struct search *search, const char *path, char *out, size_t size)
{
    const char *dot = path != NULL ? strrchr(path, '.') : NULL, *slash;

    if (path == NULL || search->version[0] == 0) {
        return path;
    }
    slash = strrchr(path, '/');
    dot = dot == NULL || (slash != NULL && dot < slash) ? path + strlen(path) : dot;
    snprintf(out, size, "%.*s-%s%s", (int)(dot - path), path, search->version, dot);
    return out;
}

/* What --html, --sarif, --junit, --coverage and --out ask for. */
static int
write_documents(const struct search *search)
{
    struct note *note = calloc(search->findings + 1, sizeof(*note));
    char subject[300], summary[300], path[4][400], missing[80];
    struct options options = *search->options;
    const struct tally *tally = &search->outcome.tally;
    struct note_head head = {.command = "explore",
                             .argv = search->argv,
                             .os = os_name(options.os),
                             .build = options.build ? options.build : os_default_build(options.os),
                             .subject = subject,
                             .summary = summary,
                             .seconds = search->outcome.seconds};
    size_t count = 0;
    int status;

    if (note == NULL) {
        abort();
    }
    for (size_t i = 0; i < search->findings; i++) {
        note[count++] = search->confirmed[i].note;
    }
    if (search->other.text != NULL) {
        note[count++] = search->other;
    }
    documents_subject(&search->request, subject, sizeof(subject));
    snprintf(summary, sizeof(summary), "%s: %lu runs in %.1f s, %lu traces, %zu finding%s",
             outcome_name(search->outcome.outcome), tally->runs, search->outcome.seconds,
             tally->traces, search->findings, search->findings == 1 ? "" : "s");
    if (search->status == STATUS_REQUIREMENT) {
        snprintf(missing, sizeof(missing), "less than --require asked for: %s",
                 outcome_name(search->outcome.outcome));
        head.requirement = missing;
    }
    options.html = versioned(search, options.html, path[0], sizeof(path[0]));
    options.sarif = versioned(search, options.sarif, path[1], sizeof(path[1]));
    options.junit = versioned(search, options.junit, path[2], sizeof(path[2]));
    options.coverage = versioned(search, options.coverage, path[3], sizeof(path[3]));
    status = documents_write(&options, &search->request, &head, note, count, search->out);
    free(note); /* what they hold is the search's */
    return status;
}

/* What only samples gives up each run in which more agents take part than it can tell apart (host/explore/inside.h, X13). If those
   are all runs, it has seen nothing. */
static bool
has_seen_nothing(const struct tally *tally)
{
    return tally->agents == MAX_AGENTS && tally->runs != 0 && tally->blocked == tally->runs;
}

static int
run_search(struct search *search)
{
    int status;
    char path[300];
    int error =
        search->options->strategy == NULL && search->pool.shards == 1
            ? search_by_effort(search)
            : learn_search(&search->request, &search->pool, &search->outcome, &search->learned);

    if (error != 0) {
        search_progress_end();
        fprintf(stderr, "ntlab: %s\n", search->outcome.message);
        return STATUS_INTERNAL;
    }
    if (has_seen_nothing(&search->outcome.tally)) {
        search_progress_end();
        fprintf(stderr, "ntlab: " TOO_MANY_AGENTS ": none of %lu runs came to its end\n",
                MAX_AGENTS, search->outcome.tally.runs);
        return STATUS_INTERNAL;
    }
    if ((search->plan.few || search_is_crowded(search)) &&
        search->outcome.outcome == SEARCH_EXHAUSTED) {
        search->outcome.outcome = SEARCH_BOUNDED; /* of this model nothing more is claimed */
        search->outcome.tally.whole = true;
        search->outcome.tally.bound += search->outcome.tally.bound == 0;
    }
    search_say(search);
    status = search_confirm(search);
    if (status == STATUS_CLEAN && !is_enough(search)) {
        fprintf(stderr, "ntlab: less than --require asked for\n");
        status = STATUS_REQUIREMENT;
    }
    search->status = status;
    if (search->options->json != NULL && search_json(search, search->options->json) != 0) {
        status = STATUS_USAGE;
    }
    if (write_documents(search) != 0) {
        status = STATUS_USAGE;
    }
    if (search->out[0] != 0) {
        snprintf(path, sizeof(path), "%s/report.json", search->out);
        if (search_json(search, path) != 0 || shard_write(search) != 0) {
            status = STATUS_USAGE;
        }
    }
    return status;
}

/* Parts of a search add up if they are disjoint. The oracles (brute.c) are one piece: each shard would do all of it. */
static int
check_shard(const struct options *options)
{
    if (options->shards == 1 || options->strategy == NULL ||
        strategy_find(options->strategy)->kind != STRATEGY_WHOLE) {
        return 0;
    }
    return usage_error("--shard: a search by `%s` is one piece: each shard would repeat all of it. "
                       "all others but `brute` and `lattice` can be split",
                       options->strategy);
}

/* --cpus: in that model partial-order reduction loses traces, and a suspended thread's processor is another one's. */
static int
check_processors(const struct options *options)
{
    if (!options->cpus_given) {
        return 0;
    }
    if (options->cpus >= EXPLORE_CPUS) {
        return usage_error("--cpus: up to %d; without it each thread has a processor of its own",
                           EXPLORE_CPUS - 1);
    }
    if (options->strategy != NULL &&
        strategy_find(options->strategy)->exhausted == SEARCH_EXHAUSTED) {
        return usage_error("--cpus: `%s` is for a processor for each thread: who can step depends "
                           "on priorities here. bounded, delay, and those that sample can do it",
                           options->strategy);
    }
    if (options->inject_given && (options->inject & ABI_INJECT_SUSPEND) != 0) {
        return usage_error("--cpus: no suspensions: they need a processor for each thread");
    }
    return 0;
}

/* From options to what is searched, and how. */
static void
plan(struct search *search)
{
    const struct options *options = search->options;

    search->plan =
        (struct run_search){.strategy = options->strategy     ? options->strategy
                                        : options->cpus_given ? "portfolio"
                                                              : "dpor",
                            .seed = options->seed,
                            .runs = options->budget_runs,
                            .seconds = options->budget_seconds,
                            .depth = (uint32_t)options->depth,
                            .bound = options->bound,
                            .from_root = options->from_root,
                            .open = options->open,
                            .few = options->cpus_given,
                            .shard = options->shard,
                            .shards = options->shards,
                            .first = options->first || (!options->keep_going && isatty(2))};
    search->pool = (struct pool_plan){.search = &search->plan,
                                      .jobs = options->jobs,
                                      .shard = options->shard,
                                      .shards = options->shards,
                                      .progress = isatty(2) ? search_progress : NULL,
                                      .context = search};
    search->request.trace = false; /* a search keeps no events; the replay of a finding does */
    search->request.steps = false;
    search->request.granularity = options->granularity;
    search->request.boot.explore = options->granularity == RUN_MEMORY    ? ABI_EXPLORE_MEMORY
                                   : options->granularity == RUN_ATOMICS ? ABI_EXPLORE_ATOMICS
                                                                         : ABI_EXPLORE;
    search->request.boot.inject = options->inject_given ? options->inject : INJECT_DEFAULT;
    if (search->request.boot.drivers == 0) { /* there is none to unload */
        search->request.boot.inject &= ~(uint32_t)ABI_INJECT_UNLOAD;
    }
    search->request.boot.cpus = EXPLORE_CPUS;
    if (search->plan.few) {
        search->request.boot.cpus = options->cpus;
        search->request.boot.inject &= ~(uint32_t)ABI_INJECT_SUSPEND;
    }
    if (search->request.boot.inject != 0) {
        search->request.boot.inject |= ABI_INJECT_AT_MOST(options->injections);
    }
}

static void
release(struct search *search)
{
    for (size_t i = 0; i < search->findings; i++) {
        note_free(&search->confirmed[i].note);
    }
    note_free(&search->other);
    tally_free(&search->outcome.tally);
    request_free(&search->request);
}

/* One search. `version`, `json`: of a matrix, else NULL. */
static int
explore(int argc, char **argv, const char *version, const char *json)
{
    struct options options;
    struct search search = {.options = &options, .argv = argv, .folder = "findings"};
    int status = options_parse(argc, argv, &options);

    options.stdout_taken = options.json != NULL && strcmp(options.json, "-") == 0;
    if (options.injections == 0) {
        options.injections = INJECTIONS_DEFAULT;
    }
    if (version != NULL) {
        options.json = json;
        snprintf(search.version, sizeof(search.version), "%s", version);
    }
    if (status == 0) {
        status = request_build(&options, &search.request);
    }
    if (status == 0) {
        status = shard_from_environment(&options);
    }
    if (status == 0) {
        status = check_shard(&options);
    }
    if (status == 0) {
        status = check_processors(&options);
    }
    if (status == 0) {
        status = shard_folder(&search);
    }
    if (status != 0) {
        return status;
    }
    documents_prepare(&options, &search.request);
    fprintf(stderr, "ntlab %s: %s (build %u), ", NTLAB_VERSION, os_name(options.os),
            options.build ? options.build : os_default_build(options.os));
    if (options.cpus_given) {
        fprintf(stderr, "%u processor%s, seed %lu\n", options.cpus, options.cpus == 1 ? "" : "s",
                options.seed);
    } else {
        fprintf(stderr, "a processor for each thread, seed %lu\n", options.seed);
    }
    plan(&search);
    status = run_search(&search);
    documents_release(&search.request);
    release(&search);
    return status;
}

int
explore_case(struct options *options, char **argv, const char *folder,
             struct run_coverage *coverage, size_t coverages,
             void (*done)(const struct search *search, void *context), void *context)
{
    struct search search = {.options = options, .argv = argv, .folder = folder};
    int status = request_build(options, &search.request);

    if (status != 0) {
        return status;
    }
    search.request.coverage = coverage;
    search.request.coverages = coverages;
    plan(&search);
    status = run_search(&search);
    done(&search, context);
    release(&search);
    return status;
}

int
explore_version(int argc, char **argv, const char *version, const char *json)
{
    return explore(argc, argv, version, json);
}

int
command_explore(int argc, char **argv)
{
    struct options options;
    int status;

    if (!matrix_asked(argc, argv)) {
        return explore(argc, argv, NULL, NULL);
    }
    status = options_parse(argc, argv, &options);
    return status != 0 ? status : matrix_explore(argc, argv, options.json);
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
    if (options.drivers.count == 0) {
        return usage_error(
            "%s: FINDING.ntr is expected, then images to take the place of those in it", command);
    }
    status = ntr_open(options.drivers.item[0], &options, &ntr);
    if (status == 0) {
        struct run_result result = {.memory = -1, .end = RUN_QUIT};
        char page[400] = "";

        fprintf(stderr, "ntlab %s: %s (build %u), %zu choices\n", NTLAB_VERSION,
                os_name(options.os), options.build ? options.build : os_default_build(options.os),
                ntr.replay.schedule_length);
        ntr.replay.tolerant = options.tolerant;
        ntr.replay.stop_at = options.stop_at;
        if (options.stop_at > ntr.replay.schedule_length + 1) {
            fprintf(stderr,
                    "ntlab: the schedule has %zu choices: there is no stop before number %u\n",
                    ntr.replay.schedule_length, options.stop_at);
        }
        if (strcmp(command, "report") == 0 && options.html == NULL && options.sarif == NULL &&
            options.junit == NULL && options.json == NULL && options.out == NULL) {
            snprintf(page, sizeof(page), "%.*s.html",
                     (int)(strlen(options.drivers.item[0]) -
                           (strlen(options.drivers.item[0]) > 4 ? 4 : 0)),
                     options.drivers.item[0]);
            options.html = page;
        }
        options.dbg = options.dbg || (strcmp(command, "dbg") == 0 && options.commands == NULL);
        status = single_run(&options, &ntr.request, command, argv, &result);
        if (result.memory >= 0) {
            close(result.memory);
        }
        if (page[0] != 0 && access(page, R_OK) == 0) {
            fprintf(stderr, "ntlab: the page is %s\n", page);
        }
        if (result.end == RUN_STOPPED && ntr.hash != 0 && result.hash != ntr.hash) {
            fprintf(stderr, "ntlab: the run differs from the one that was recorded\n");
            status = options.tolerant ? status : STATUS_INTERNAL;
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

/* The documents of a finding. */
int
command_report(int argc, char **argv)
{
    return replay(argc, argv, "report");
}
