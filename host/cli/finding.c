/*
 * finding.c - what is done with a finding before it is shown: its schedule is made small.
 *
 * A worker of its own does it (host/explore/minimise.c), so that it does not matter which worker, or
 * which machine, has found it.
 */
#include "host/cli/finding.h"
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include "host/cli/cli.h"

#define SHARE 5 /* of the budget: one part in so many */

static void
no_output(void *context, uint32_t channel, const char *text, size_t length)
{
}

/* What one finding of `count` may cost. */
static struct run_search
minimising_plan(const struct run_search *plan, uint32_t count)
{
    uint32_t parts = SHARE * (count != 0 ? count : 1);

    return (struct run_search){.strategy = "minimise",
                               .few = plan->few,
                               .seed = plan->seed,
                               .runs =
                                   plan->runs != 0 && plan->runs < parts ? 1 : plan->runs / parts,
                               .seconds = plan->seconds / parts};
}

struct search_results *
finding_minimise(struct run_request *request, const struct search_results *results, uint32_t number)
{
    const struct search_finding *finding = &results->finding[number];
    const struct run_search *plan = request->explore;
    struct search_results *shared = request->results, *small;
    struct run_search minimise = minimising_plan(plan, results->findings);
    struct run_result result = {.memory = -1};
    void (*output)(void *, uint32_t, const char *, size_t) = request->output;
    bool good;

    minimise.wanted = finding->wanted;
    if (finding->schedule_length == 0 && finding->wanted == 0) {
        return NULL;
    }
    small = mmap(NULL, sizeof(*small), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (small == MAP_FAILED) {
        return NULL;
    }
    minimise.schedule = results->schedule + finding->schedule;
    minimise.schedule_length = finding->schedule_length;
    request->explore = &minimise;
    request->results = small;
    request->output = no_output;
    for (uint32_t attempt = 0;; attempt++) {
        int error = machine_run(request, &result);

        good = error == 0 && result.end != RUN_FAILED && result.end != RUN_DIED;
        if (error != 0 || !result.killed || attempt == FINDING_ATTEMPTS) {
            break;
        }
        close(result.memory); /* somebody has killed it from outside */
        memset(small, 0, offsetof(struct search_results, finding));
    }
    request->explore = plan;
    request->results = shared;
    request->output = output;
    if (result.memory >= 0) {
        close(result.memory);
    }
    /* A worker wrote it (machine.h, M4). */
    if (!good || small->findings != 1 || small->finding[0].schedule != 0 ||
        small->finding[0].schedule_length > SEARCH_SCHEDULES) {
        if (finding->wanted == 0) {
            fprintf(stderr, "ntlab: the finding could not be made smaller%s%s\n",
                    result.message[0] != 0 ? ": " : "", result.message);
        }
        munmap(small, sizeof(*small));
        return NULL;
    }
    small->finding[0].times = finding->times;
    small->finding[0].wanted = finding->wanted;
    return small;
}

void
finding_forget(struct search_results *small)
{
    if (small != NULL) {
        munmap(small, sizeof(*small));
    }
}

static const char *
plural(uint32_t count)
{
    return count == 1 ? "" : "s";
}

void
finding_say(FILE *to, const struct search_finding *found, const struct search_finding *finding)
{
    fprintf(to, "%u choice%s, %u preemption%s", finding->schedule_length,
            plural(finding->schedule_length), finding->preemptions, plural(finding->preemptions));
    if (finding->injections != 0) {
        fprintf(to, ", %u injected event%s", finding->injections, plural(finding->injections));
    }
    if (finding->trials == 0) {
        fputs(finding->died ? "; it ends its worker, so it is not made smaller\n" : "\n", to);
        return;
    }
    if (finding->certified && finding->preemptions != 0) {
        fprintf(to, " (the least: no schedule with fewer fails so)");
    }
    fprintf(to, "; it was found with %u and %u, and made small in %u run%s\n",
            found->schedule_length, found->preemptions, finding->trials, plural(finding->trials));
    if (finding->no_return == 0) {
        fprintf(to, "ntlab: every continuation that was tried fails, whatever is chosen first\n");
    } else if (finding->continuations != 0) {
        fprintf(to,
                "ntlab: after choice %u nothing helped any more; one choice before, %u of %u "
                "continuations failed\n",
                finding->no_return, finding->failed_before, finding->continuations);
    }
}
