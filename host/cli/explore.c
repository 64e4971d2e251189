/*
 * explore.c - `ntlab explore`: many schedules, and what came of them.
 *
 * Workers search (host/search/pool.c). What they call a finding is run again in a fresh worker along
 * the same schedule, and only what happens there too is reported.
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

/* The tally's findings in the form that a worker leaves them in. */
static struct search_results *
results_of(const struct tally *tally)
{
    struct search_results *results = calloc(1, sizeof(*results));

    if (results == NULL) {
        abort();
    }
    results->runs = tally->runs;
    for (size_t i = 0; i < tally->findings && i < SEARCH_FINDINGS; i++) {
        struct search_finding *finding = &results->finding[i];

        *finding = tally->finding[i].finding;
        if (finding->schedule_length > SEARCH_SCHEDULES - results->schedules) {
            break;
        }
        finding->schedule = results->schedules;
        memcpy(results->schedule + results->schedules, tally->finding[i].schedule,
               finding->schedule_length * sizeof(uint32_t));
        results->schedules += finding->schedule_length;
        results->findings++;
    }
    return results;
}

/* Is there another finding that is the same circle, better known? */
static bool
is_told_already(const struct search_results *results, uint32_t number)
{
    const struct search_finding *found = &results->finding[number];

    for (uint32_t i = 0; i < results->findings && found->wanted != 0; i++) {
        if (i != number && (results->finding[i].circle == found->wanted ||
                            (results->finding[i].signature == found->wanted &&
                             found->signature != found->wanted))) {
            return true;
        }
    }
    return false;
}

/* A use of freed pool, say, that ends in a bugcheck as soon as it is made: is that a finding already? */
static bool
is_same_crash(const struct search_results *results, const struct search_finding *found,
              const struct abi_stop *stop)
{
    for (uint32_t i = 0; i < results->findings && found->wanted != 0; i++) {
        const struct abi_stop *other = &results->finding[i].stop;

        if (stop->verdict == ABI_BUGCHECK && other->verdict == ABI_BUGCHECK &&
            results->finding[i].wanted == 0 && other->code == stop->code &&
            other->parameter[0] == stop->parameter[0] &&
            other->parameter[1] == stop->parameter[1]) {
            return true;
        }
    }
    return false;
}

/* The number of the finding that a reader takes this crash for, by its fingerprint: by another instruction of one function, say. */
static size_t
told_before(const struct search *search, const struct note *note)
{
    for (size_t i = 0; i < search->findings && note->json != NULL; i++) {
        if (strcmp(search->confirmed[i].note.fingerprint, note->fingerprint) == 0) {
            return i + 1;
        }
    }
    return 0;
}

/* Runs a finding again in a fresh worker, reports what happens, and keeps it as a file. */
static int
confirm(struct search *search, const struct search_results *results, uint32_t number)
{
    struct options quiet = *search->options; /* the search writes its JSON itself */
    struct confirmed *confirmed = &search->confirmed[search->findings];
    struct note note = {0};
    struct run_request *request = &search->request;
    const struct search_finding *found = &results->finding[number];
    struct search_results *small;
    const struct search_results *from;
    const struct search_finding *finding;
    struct run_search replay;
    struct run_result result = {.memory = -1, .end = RUN_QUIT};
    size_t told;
    int status;

    if (is_told_already(results, number)) {
        return STATUS_CLEAN;
    }
    quiet.json = NULL;
    learn_use(request, found->points);
    request->explore = &search->plan;
    small = found->died != 0 ? NULL : finding_minimise(request, results, number);
    from = small != NULL ? small : results;
    if (small == NULL && found->wanted != 0) {
        return STATUS_CLEAN; /* it was not confirmed */
    }
    if (small != NULL && is_same_crash(results, found, &small->finding[0].stop)) {
        finding_forget(small);
        return STATUS_CLEAN;
    }
    finding = small != NULL ? &small->finding[0] : found;
    replay = (struct run_search){.replay = true,
                                 .stuck = found->stop.verdict == ABI_LIVELOCK && found->died == 0,
                                 .wanted = found->wanted,
                                 .schedule = from->schedule + finding->schedule,
                                 .schedule_length = finding->schedule_length};
    fprintf(stderr, "\nntlab: finding %zu: ", search->findings + 1);
    if (found->wanted == 0) {
        fprintf(stderr, "in %lu of %lu runs; ", finding->times, results->runs);
    }
    finding_say(found, finding);
    request->boot.victim = finding->stop.verdict == ABI_SUSPEND_DOS ? finding->stop.code : 0;
    request->explore = &replay;
    status = single_run_noted(&quiet, request, "explore", search->argv, &result, &note);
    if (status == STATUS_BAD_INPUT) { /* it does not even load, and that was said */
        note_free(&search->other);
        search->other = note;
        finding_forget(small);
        return status;
    }
    if (found->died != 0 && result.crashed) {
        fprintf(stderr,
                "ntlab: this may be a failure of ntlab, or guest code has written over it\n");
    } else if (status != STATUS_FINDING && status != STATUS_UNSUPPORTED) {
        fprintf(stderr, "ntlab: the finding did not happen again: this is a failure of ntlab\n");
        note_free(&note);
        finding_forget(small);
        return STATUS_INTERNAL;
    }
    if (result.hash != finding->hash && finding->died == 0) {
        fprintf(stderr, "ntlab: the finding took another way in its second run (%lx, not %lx)\n",
                result.hash, finding->hash);
        status = STATUS_INTERNAL;
    }
    told = finding->wanted == 0 ? told_before(search, &note) : 0;
    if (status != STATUS_INTERNAL && told != 0) {
        fprintf(stderr, "ntlab: that is finding %zu, which came about in another way\n", told);
        note_free(&note);
        close(result.memory);
        finding_forget(small);
        return STATUS_CLEAN;
    }
    *confirmed = (struct confirmed){.finding = *finding, .note = note};
    if (status == STATUS_FINDING && strcmp(note.severity, "error") != 0) {
        status = STATUS_CLEAN; /* docs/findings.md */
        search->warnings += strcmp(note.severity, "warning") == 0;
        search->notes += strcmp(note.severity, "note") == 0;
    }
    confirmed->finding.wanted = found->wanted;
    confirmed->finding.circle = found->circle;
    mkdir(search->folder, 0777);
    snprintf(confirmed->path, sizeof(confirmed->path), "%s/%zu.ntr", search->folder,
             search->findings + 1);
    if (ntr_write(confirmed->path, &quiet, request, &result, finding, from->schedule) != 0) {
        status = STATUS_USAGE;
    } else {
        fprintf(stderr, "replay: ntlab replay %s\n", confirmed->path);
    }
    if (note.json != NULL) {
        memcpy(confirmed->note.schedule, confirmed->path, sizeof(confirmed->path));
        search->findings++;
    } else {
        note_free(&search->other);
        search->other = note;
        confirmed->note = (struct note){0};
    }
    close(result.memory);
    finding_forget(small);
    return status;
}

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

static int
run_search(struct search *search)
{
    struct search_results *results;
    int status = STATUS_CLEAN;
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
    if ((search->plan.few || search_is_crowded(search)) &&
        search->outcome.outcome == SEARCH_EXHAUSTED) {
        search->outcome.outcome = SEARCH_BOUNDED; /* of this model nothing more is claimed */
        search->outcome.tally.whole = true;
        search->outcome.tally.bound += search->outcome.tally.bound == 0;
    }
    search_say(search);
    results = results_of(&search->outcome.tally);
    for (uint32_t i = 0; i < results->findings; i++) {
        int one = confirm(search, results, i);

        status = one > status ? one : status;
    }
    free(results);
    if (search->warnings != 0) {
        fprintf(stderr, "\nntlab: %zu data race%s: warnings, which the status does not count\n",
                search->warnings, search->warnings == 1 ? "" : "s");
    }
    if (search->notes != 0) {
        fprintf(stderr,
                "\nntlab: %zu note%s: known of this system, which the status does not count\n",
                search->notes, search->notes == 1 ? "" : "s");
    }
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

/* Parts of a search add up if they are disjoint: a strategy whose runs depend on all runs before would do
   the same ones in every part. */
static int
check_shard(const struct options *options)
{
    if (options->shards == 1 || options->strategy == NULL ||
        strategy_find(options->strategy)->kind != STRATEGY_WHOLE) {
        return 0;
    }
    return usage_error("--shard: a search by `%s` is one piece: each shard would repeat all of it. "
                       "dpor, random, pct, pos, urw, surw, fairwalk and portfolio can be split",
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
        if (result.end == RUN_STOPPED && result.hash != ntr.hash) {
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
