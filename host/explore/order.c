/*
 * order.c - locks that a run takes in different orders, and the schedule that would make a deadlock of it.
 *
 * One thread has asked for B while it had A, another one for A while it had B, and all went well, for
 * they did so one after the other. If they had no third lock in common, that may be chance. The schedule
 * that tells: as it was, but who came first is held in front of its second lock. It is not tried
 * here: what is added to the results is a candidate, and a fresh worker that plays that schedule (minimise.c) either sees
 * the circle close or drops it. Locks are told apart by their addresses, which are the same in every run.
 */
#include "host/explore/order.h"
#include <string.h>
#include "host/explore/explorer.h"

#define MAX_CANDIDATES 8
#define ORDER_SALT     0x4F524445

static bool
has(const struct order_step *step, uint64_t object)
{
    for (uint32_t i = 0; i < step->held_count; i++) {
        if (step->held[i] == object) {
            return true;
        }
    }
    return false;
}

static bool
have_one_in_common(const struct order_step *a, const struct order_step *b)
{
    for (uint32_t i = 0; i < a->held_count; i++) {
        if (has(b, a->held[i])) {
            return true;
        }
    }
    return false;
}

/* `first` is held where it stood. */
static void
add_candidate(const struct order_step *first, const struct order_step *second,
              const uint32_t *schedule, uint64_t wanted, struct search_results *results)
{
    struct search_finding *finding = &results->finding[results->findings];
    uint64_t signature = wanted ^ ORDER_SALT;
    uint32_t candidates = 0, length = 0, name = explorer_name(first->agent);

    for (uint32_t i = 0; i < results->findings; i++) {
        if (results->finding[i].signature == signature || results->finding[i].signature == wanted ||
            results->finding[i].circle == wanted) {
            return;
        }
        candidates += results->finding[i].wanted != 0 &&
                      results->finding[i].wanted != results->finding[i].signature;
    }
    if (candidates >= MAX_CANDIDATES || results->findings >= SEARCH_FINDINGS ||
        second->at > SEARCH_SCHEDULES - results->schedules) {
        return;
    }
    *finding = (struct search_finding){
        .stop = {.verdict = ABI_DEADLOCK, .message = "locks are taken in different orders"},
        .signature = signature,
        .wanted = wanted,
        .times = 1,
        .schedule = results->schedules};
    for (uint32_t i = 0; i < second->at; i++) {
        if (i < first->at || schedule[i] != name) {
            results->schedule[results->schedules + length++] = schedule[i];
        }
    }
    finding->schedule_length = length;
    results->schedules += length;
    results->findings++;
}

void
order_end(const struct order_step *steps, uint32_t count, const uint32_t *schedule,
          uint64_t (*signature)(const struct order_step *a, const struct order_step *b),
          struct search_results *results)
{
    for (uint32_t i = 0; i < count; i++) {
        for (uint32_t j = i + 1; j < count; j++) {
            if (steps[i].agent != steps[j].agent && has(&steps[i], steps[j].object) &&
                has(&steps[j], steps[i].object) && !have_one_in_common(&steps[i], &steps[j])) {
                add_candidate(&steps[i], &steps[j], schedule, signature(&steps[i], &steps[j]),
                              results);
            }
        }
    }
}
