/*
 * end.c - a run has ended: is it made again, what is new in it, and on to the next one.
 */
#include <string.h>
#include "host/explore/inside.h"
#include "host/explore/sighting.h"
#include "host/explore/together.h"
#include "host/explore/trial.h"
#include "host/explore/unit.h"
#include "host/explore/variety.h"
#include "host/machine/machine.h"
#include "host/machine/snapshot.h"

#define CHECK_RUNS 512 /* X15 */

static uint64_t tried_hash; /* of the run that is being tried again (trial.c) */

static bool
is_bad(const struct abi_stop *why)
{
    return why->verdict != ABI_CLEAN || (why->code != 0 && !machine.request->client_exit_ignored);
}

/* Of a crash that counts in a search that is split into shards. */
static void
note_loose(const struct abi_stop *why, bool repeated)
{
    struct search_results *results = it.results;
    uint64_t crash = it.strategy->loose != NULL ? it.strategy->loose() : 0;

    if (crash == 0) {
        return;
    }
    if (results->looses == SEARCH_LOOSE) {
        results->many = 1;
        return;
    }
    results->loose[results->looses++] = (struct search_loose){
        .crash = crash, .signature = signature_of(why, NULL), .counted = !repeated};
}

/* `repeated`: what counts is another run of the same trace. */
static void
note_finding(const struct abi_stop *why, bool repeated)
{
    struct search_results *results = it.results;
    struct search_finding *finding;
    uint64_t signature = signature_of(why, it.blocked ? &it.question : NULL);

    for (uint32_t i = 0; i < results->findings; i++) {
        if (results->finding[i].signature == signature) {
            results->finding[i].times += !repeated;
            return;
        }
    }
    if (results->findings == SEARCH_FINDINGS ||
        results->schedules + it.at.scheduled > SEARCH_SCHEDULES) {
        return;
    }
    finding = &results->finding[results->findings];
    *finding = (struct search_finding){.stop = *why,
                                       .hash = GUEST->hash,
                                       .signature = signature,
                                       .circle = sighting_is_told(why) ? sighting_circle() : 0,
                                       .times = !repeated,
                                       .schedule = results->schedules,
                                       .schedule_length = it.at.scheduled,
                                       .preemptions = it.at.preemptions,
                                       .injections = it.at.injections,
                                       .died = it.died};
    memcpy(results->schedule + results->schedules, it.schedule,
           it.at.scheduled * sizeof(it.schedule[0]));
    results->schedules += it.at.scheduled;
    results->findings++;
}

static void
tell_strategy(const struct abi_stop *why)
{
    struct outcome outcome = {.why = why,
                              .run = it.run,
                              .hash = GUEST->hash,
                              .schedule = it.schedule,
                              .steps = it.at.scheduled,
                              .results = it.results};

    if (it.search->wanted != 0) { /* nothing else is */
        outcome.why = it.parting != 0 ? why : NULL;
        outcome.signature = it.search->wanted;
    } else if (why != NULL) {
        outcome.signature = signature_of(why, it.blocked ? &it.question : NULL);
    }
    it.strategy->judge(&outcome);
}

/* The window of the image that was called after it had gone, or 0. */
static uint64_t
gone_image(const struct abi_stop *why)
{
    return why->verdict == ABI_BUGCHECK && (why->code == 0xCE || why->code == 0xD4)
               ? why->parameter[0] & ~(ABI_IMAGE_WINDOW - 1)
               : 0;
}

/* X15 */
static void
look_again(void)
{
    if (trial_is_on()) {
        return;
    }
    if (it.again) {
        it.again = false;
        if (GUEST->hash != it.again_hash || it.at.steps != it.again_steps) {
            explorer_fail("run %lu is another one from the root: %u steps and hash %016lx, not %u "
                          "and %016lx",
                          unit_run(), it.at.steps, GUEST->hash, it.again_steps, it.again_hash);
        }
    } else if (it.from_branch && it.branched % CHECK_RUNS == 1 && it.strategy->begin(unit_run())) {
        it.again = true;
        together_leave();
        it.again_hash = GUEST->hash;
        it.again_steps = it.at.steps;
        start_anew();
        start_run();
    }
}

static bool
has_crashed(const struct abi_stop *why)
{
    return why != NULL && why->verdict != ABI_CLEAN && !it.blocked && it.parting == 0;
}

/* X17 */
static bool
is_made_again(const struct abi_stop *why)
{
    return it.rooted && it.strategy->again != NULL && !trial_is_on() &&
           it.strategy->again(why, has_crashed(why) && !it.died);
}

/* X12, X15, X17: does not return if the run is made again before anything is said of it. */
static void
make_again(const struct abi_stop *why)
{
    look_again();
    if (!space_are_apart() && why != NULL && is_bad(why) &&
        it.strategy->begin(unit_run())) { /* X12 */
        start_anew();
        space_keep_apart(true);
        together_leave();
        start_run();
    }
    if (is_made_again(why)) { /* X17 */
        start_anew();
        start_run();
    }
}

/* trial.h: what the run has ended with. Does not return if that must be tried. */
static const struct abi_stop *
try_it(const struct abi_stop *why, struct abi_stop *tried)
{
    if (trial_is_on()) {
        trial_end(tried);
        GUEST->hash = tried_hash;
        return tried;
    }
    if (why != NULL && why->verdict == ABI_SUSPEND_DOS && trial_begin(why, it.at.scheduled)) {
        tried_hash = GUEST->hash;
        start_trial();
    }
    return why;
}

/* What the run adds to the results; true: an error is among what was seen. */
static bool
count_run(const struct abi_stop *why, bool crashed, bool counts, uint64_t digest)
{
    struct search_results *results = it.results;
    bool repeated, error = false;

    results->runs += counts;
    results->digest += digest;
    results->agents = it.at.agents > results->agents ? it.at.agents : results->agents;
    results->longest = it.at.steps > results->longest ? it.at.steps : results->longest;
    if (counts && it.rooted && it.strategy->judge == NULL) {
        error = sighting_end(why, it.schedule, results);
    }
    repeated = why != NULL && it.rooted && it.strategy->repeats != NULL &&
               it.strategy->repeats(why, crashed);
    if (counts && why != NULL && is_bad(why) && it.strategy->judge == NULL && why != &it.wanted) {
        note_finding(why, repeated);
        if (crashed) {
            note_loose(why, repeated);
        }
    }
    if (why == NULL || repeated) {
        results->blocked += counts;
    } else if (counts) {
        if (variety_samples && it.rooted) {
            variety_end(why, crashed, results);
        } else {
            results->traces++;
        }
        results->bad += is_bad(why) || error;
    }
    return error;
}

/* For the strategy: who was left, and before what. Of a run that has ended by itself, who had to wait at its end. */
static void
leave_question(const struct abi_stop *why, bool crashed)
{
    uint64_t gone;

    if (why != NULL && !it.blocked) {
        gone = crashed ? gone_image(why) : 0;
        it.question.present &=
            ~set_one(it.stepped) & (crashed ? ~(agent_set)0 : ~it.question.enabled);
        it.question.enabled &= crashed ? ~set_one(it.stepped) : 0;
        it.question.step = it.at.steps;
        if (gone != 0) { /* nt/ke/visit.c, I4 */
            it.next[it.stepped] = (struct operation){.op = SP_READ_STATE,
                                                     .flags = ABI_AGENT_READS,
                                                     .objects = 1,
                                                     .object = {gone},
                                                     .reads = {true}};
            it.question.present |= set_one(it.stepped);
        }
    }
    it.question.present |= it.at.offered; /* X4 */
    it.question.enabled &= ~it.at.offered;
}

void
explorer_ended(const struct abi_stop *why)
{
    struct abi_stop tried;
    bool counts, crashed, error;
    uint64_t digest;

    if (it.search->replay && !it.over) {
        it.over = true;
        replay_say();
    }
    if (it.over) {
        return;
    }
    make_again(why);
    why = try_it(why, &tried);
    crashed = has_crashed(why);
    counts = !it.rooted || it.strategy->counts == NULL || it.strategy->counts(why, crashed);
    digest = counts ? (GUEST->hash ^ it.at.steps) * 0x9E3779B97F4A7C15ull : 0;
    error = count_run(why, crashed, counts, digest);
    if (it.strategy->judge != NULL && it.rooted) {
        tell_strategy(why);
    }
    if (!it.rooted) {
        unit_only_run();
        it.over = true;
        return;
    }
    leave_question(why, crashed);
    if (it.strategy->end != NULL) {
        it.strategy->end(&it.question, why == NULL);
    }
    it.run++;
    unit_ended(counts, error || (why != NULL && is_bad(why)), digest);
    if (start_next()) {
        start_run();
    }
    it.over = true;
}
