/*
 * nomem.c - the driver's allocations fail, in a systematic order, while a client does everything once.
 *
 * A first run fails nothing and says how many distinct stacks allocate. Then each has two runs: in the one its first
 * allocation fails, in the other all of them do (nt/vf/lowmem.c). That the driver does not load, or refuses the client, is
 * right then. What else ends a run is searched for once more, so that it is a finding like any other, with a schedule that
 * replays it.
 *
 * Most runs are clean, and a plain one costs a boot; so only those that are not are explored.
 */
#include <stdlib.h>
#include <time.h>
#include "host/check/check.h"

#define MAX_STACKS   512
#define LEAST_STACKS 12 /* are tried, on however slow a machine: a small driver has no more */

static double
now(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

int
nomem_run(struct check *check, const struct one_case *one, double seconds,
          int (*search)(void *context, struct options *options), void *context)
{
    struct question question = {.words = one->words, .fail_alloc = true};
    double until = now() + (seconds > 0.5 ? seconds : 0.5);
    bool in_runs = check->options->budget_runs != 0;
    struct answer answer;
    uint32_t stacks;
    int worst = STATUS_CLEAN;

    if (survey_ask(check, &question, &answer) != STATUS_CLEAN) {
        free(answer.text);
        return STATUS_CLEAN; /* another case will tell it */
    }
    free(answer.text);
    stacks = answer.stacks;
    for (uint32_t number = 1; number <= stacks && number <= MAX_STACKS; number++) {
        for (int always = 0; always < 2 && (in_runs || number <= LEAST_STACKS || now() < until);
             always++) {
            int status;

            question.fail_number = number;
            question.fail_always = always != 0;
            status = survey_ask(check, &question, &answer);
            free(answer.text);
            if (status != STATUS_CLEAN && status != STATUS_BAD_INPUT) {
                struct options options;

                case_options(check, one, &options);
                options.fail_alloc = true;
                options.fail_number = number;
                options.fail_always = always != 0;
                status = search(context, &options);
                worst = status > worst ? status : worst;
                break; /* the other way would show the same most often */
            }
        }
    }
    return worst;
}
