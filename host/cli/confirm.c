/*
 * confirm.c - what workers call a finding is run again in a fresh worker along the same schedule, and only what happens
 * there too is reported.
 *
 *   C1  All are run and kept before any is told: errors come first, and what a reader would take for the same as another one
 *       is no finding of its own.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "host/cli/cli.h"
#include "host/cli/explore.h"
#include "host/cli/finding.h"
#include "host/cli/ntr.h"

enum rank { RANK_ERROR, RANK_WARNING, RANK_NOTE };

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

/* The finding that a reader takes this one for, by its fingerprint: by another instruction of one function, say. NULL: none. */
static struct confirmed *
told_before(struct search *search, const struct note *note)
{
    for (size_t i = 0; i < search->findings && note->json != NULL; i++) {
        if (strcmp(search->confirmed[i].note.fingerprint, note->fingerprint) == 0) {
            return &search->confirmed[i];
        }
    }
    return NULL;
}

/* Is it what the worker said? Else why not. */
static int
compare(FILE *to, const struct search_finding *finding, const struct run_result *result, int status)
{
    if (finding->died != 0 && result->crashed) {
        fprintf(to, "ntlab: this may be a failure of ntlab, or guest code has written over it\n");
    } else if (status != STATUS_FINDING && status != STATUS_UNSUPPORTED) {
        fprintf(to, "ntlab: the finding did not happen again: this is a failure of ntlab\n");
        return STATUS_INTERNAL;
    }
    if (finding->died == 0 && !run_is_too_slow(&finding->stop) && result->hash != finding->hash) {
        fprintf(to, "ntlab: the finding took another way in its second run (%lx, not %lx)\n",
                result->hash, finding->hash);
        return STATUS_INTERNAL;
    }
    return status;
}

/* Runs it, and keeps what it prints. Its file has no number yet; none is written of what did not happen again. */
static int
run_again(struct search *search, const uint32_t *schedule, struct confirmed *out)
{
    struct options quiet = *search->options; /* the search writes its JSON itself */
    struct run_request *request = &search->request;
    const struct search_finding *finding = &out->finding;
    struct run_search replay = {.replay = true,
                                .stuck = finding_is_stuck(finding),
                                .wanted = out->found.wanted,
                                .schedule = schedule + finding->schedule,
                                .schedule_length = finding->schedule_length};
    struct run_result result = {.memory = -1, .end = RUN_QUIT};
    size_t length[2];
    struct run_streams to = {open_memstream(&out->printed, &length[0]),
                             open_memstream(&out->said, &length[1])};
    int status;

    quiet.json = NULL;
    request->boot.victim = finding->stop.verdict == ABI_SUSPEND_DOS ? finding->stop.code : 0;
    request->explore = &replay;
    status = single_run_noted(&quiet, request, "explore", search->argv, &to, &result, &out->note);
    if (status != STATUS_BAD_INPUT) { /* else it does not even load */
        out->happened = result.crashed || status == STATUS_FINDING || status == STATUS_UNSUPPORTED;
        status = compare(to.err, finding, &result, status);
        snprintf(out->path, sizeof(out->path), "%s/%zu.new", search->folder, search->findings + 1);
        mkdir(search->folder, 0777);
        if (!out->happened) {
            out->path[0] = 0;
        } else if (ntr_write(out->path, &quiet, request, &result, finding, schedule) != 0) {
            out->path[0] = 0;
            status = STATUS_USAGE;
        }
    }
    close(result.memory);
    fclose(to.out);
    fclose(to.err);
    return status;
}

/* Prints what was kept, and gives the file its name. `name`: "finding 3", or what else it is. */
static void
tell(const struct search *search, struct confirmed *confirmed, const char *name)
{
    char path[sizeof(confirmed->path)], *text;
    size_t length;
    FILE *heading;

    heading = open_memstream(&text, &length);
    fprintf(heading, "\nntlab: %s: ", name);
    if (confirmed->found.wanted == 0) {
        fprintf(heading, "in %lu of %lu runs; ", confirmed->found.times,
                search->outcome.tally.runs);
    }
    finding_say(heading, &confirmed->found, &confirmed->finding);
    fclose(heading);
    text_show(text);
    free(text);
    fputs(confirmed->printed, stdout);
    fflush(stdout);
    fputs(confirmed->said, stderr);
    if (confirmed->ways != 0) {
        fprintf(stderr, "ntlab: it came about in %zu other way%s too\n", confirmed->ways,
                confirmed->ways == 1 ? "" : "s");
    }
    if (confirmed->path[0] != 0) {
        snprintf(path, sizeof(path), "%s/%s.ntr", search->folder, strrchr(name, ' ') + 1);
        rename(confirmed->path, path);
        strcpy(confirmed->path, path);
        strcpy(confirmed->note.schedule, path);
        fprintf(stderr, "replay: ntlab replay %s\n", path);
    }
}

static void
forget(struct confirmed *confirmed)
{
    free(confirmed->printed);
    free(confirmed->said);
    confirmed->printed = confirmed->said = NULL;
}

/* C1 */
static enum rank
rank(const struct confirmed *confirmed)
{
    const char *severity = confirmed->note.severity;

    return strcmp(severity, "note") == 0      ? RANK_NOTE
           : strcmp(severity, "warning") == 0 ? RANK_WARNING
                                              : RANK_ERROR;
}

/* Runs a finding again in a fresh worker. What is another one's, or none, is not kept. */
static int
confirm(struct search *search, const struct search_results *results, uint32_t number)
{
    const struct search_finding *found = &results->finding[number];
    struct confirmed *confirmed = &search->confirmed[search->findings], *same;
    struct search_results *small;
    int status = STATUS_CLEAN;

    if (is_told_already(results, number)) {
        return STATUS_CLEAN;
    }
    learn_use(&search->request, found->points);
    search->request.explore = &search->plan;
    small = found->died != 0 || run_is_too_slow(&found->stop)
                ? NULL
                : finding_minimise(&search->request, results, number);
    if (small != NULL ? is_same_crash(results, found, &small->finding[0].stop)
                      : found->wanted != 0 /* it was not confirmed */) {
        finding_forget(small);
        return STATUS_CLEAN;
    }
    *confirmed =
        (struct confirmed){.found = *found, .finding = small != NULL ? small->finding[0] : *found};
    status = run_again(search, small != NULL ? small->schedule : results->schedule, confirmed);
    finding_forget(small);
    confirmed->finding.wanted = found->wanted;
    confirmed->finding.circle = found->circle;
    same = status != STATUS_INTERNAL && found->wanted == 0 ? told_before(search, &confirmed->note)
                                                           : NULL;
    if (same == NULL && confirmed->happened && confirmed->note.json != NULL) {
        search->findings++;
        return status == STATUS_FINDING && rank(confirmed) != RANK_ERROR
                   ? STATUS_CLEAN /* docs/findings.md */
                   : status;
    }
    if (same != NULL) {
        same->ways++;
        unlink(confirmed->path);
        status = STATUS_CLEAN;
    } else {
        tell(search, confirmed, "a run that stopped");
    }
    if (same == NULL && status != STATUS_INTERNAL) {
        note_free(&search->other);
        search->other = confirmed->note;
    } else {
        note_free(&confirmed->note);
    }
    forget(confirmed);
    return status;
}

static void
sort(struct search *search)
{
    for (size_t i = 1; i < search->findings; i++) {
        struct confirmed one = search->confirmed[i];
        size_t at = i;

        for (; at > 0 && rank(&search->confirmed[at - 1]) > rank(&one); at--) {
            search->confirmed[at] = search->confirmed[at - 1];
        }
        search->confirmed[at] = one;
    }
}

int
search_confirm(struct search *search)
{
    struct search_results *results = results_of(&search->outcome.tally);
    size_t of_rank[RANK_NOTE + 1] = {0};
    int status = STATUS_CLEAN;

    for (uint32_t i = 0; i < results->findings; i++) {
        int one = confirm(search, results, i);

        status = one > status ? one : status;
    }
    free(results);
    sort(search);
    for (size_t i = 0; i < search->findings; i++) {
        char name[32];

        snprintf(name, sizeof(name), "finding %zu", i + 1);
        tell(search, &search->confirmed[i], name);
        forget(&search->confirmed[i]);
        of_rank[rank(&search->confirmed[i])]++;
    }
    if (of_rank[RANK_WARNING] != 0) {
        fprintf(stderr, "\nntlab: %zu data race%s: warnings, which the status does not count\n",
                of_rank[RANK_WARNING], of_rank[RANK_WARNING] == 1 ? "" : "s");
    }
    if (of_rank[RANK_NOTE] != 0) {
        fprintf(stderr,
                "\nntlab: %zu note%s: known of this system, which the status does not count\n",
                of_rank[RANK_NOTE], of_rank[RANK_NOTE] == 1 ? "" : "s");
    }
    search->errors = of_rank[RANK_ERROR];
    return status;
}
