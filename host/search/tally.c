/*
 * tally.c - adding up what parts of a search have come to.
 */
#include "host/search/tally.h"
#include <stdlib.h>
#include <string.h>
#include "host/explore/variety.h"

static uint32_t
most(uint32_t a, uint32_t b)
{
    return a > b ? a : b;
}

/* Takes over the schedule. */
static void
add_finding(struct tally *tally, const struct tally_finding *new)
{
    struct tally_finding *grown;

    for (size_t i = 0; i < tally->findings; i++) {
        if (tally->finding[i].finding.signature == new->finding.signature) {
            if (new->finding.wanted ==
                0) { /* in how many parts of a search it was seen depends on chance */
                tally->finding[i].finding.times += new->finding.times;
            }
            free(new->schedule);
            return;
        }
    }
    grown = realloc(tally->finding, (tally->findings + 1) * sizeof(*grown));
    if (grown == NULL) {
        abort();
    }
    tally->finding = grown;
    grown[tally->findings++] = *new;
}

static void
add_loose(struct tally *tally, const struct search_loose *loose, size_t count)
{
    if (count == 0) {
        return;
    }
    tally->loose = realloc(tally->loose, (tally->looses + count) * sizeof(*loose));
    if (tally->loose == NULL) {
        abort();
    }
    memcpy(tally->loose + tally->looses, loose, count * sizeof(*loose));
    tally->looses += count;
}

static void
add_traces(struct tally *tally, const struct search_trace *trace, uint32_t kept, uint64_t looked)
{
    if (looked == 0) {
        return;
    }
    if (tally->trace == NULL) {
        tally->trace = malloc(SEARCH_TRACES * sizeof(*trace));
    }
    if (tally->trace == NULL) {
        abort();
    }
    for (uint32_t i = 0; i < kept; i++) {
        tally->kept = variety_add(tally->trace, tally->kept, trace[i]);
    }
    tally->looked += looked;
}

bool
tally_take(struct tally *tally, struct search_results *results)
{
    uint32_t findings = results->findings;
    bool sound = findings <= SEARCH_FINDINGS;

    for (uint32_t i = 0; i < findings && sound; i++) {
        struct tally_finding new = {.finding = results->finding[i]};
        uint32_t length = new.finding.schedule_length;

        if (new.finding.schedule > SEARCH_SCHEDULES ||
            length > SEARCH_SCHEDULES - new.finding.schedule) {
            sound = false;
            break;
        }
        new.finding.stop.message[sizeof(new.finding.stop.message) - 1] = 0;
        new.schedule = malloc((length + 1) * sizeof(*new.schedule));
        if (new.schedule == NULL) {
            abort();
        }
        memcpy(new.schedule, results->schedule + new.finding.schedule,
               length * sizeof(*new.schedule));
        new.finding.schedule = 0;
        add_finding(tally, &new);
    }
    if (results->looses > SEARCH_LOOSE) {
        sound = false;
    } else {
        add_loose(tally, results->loose, results->looses);
    }
    if (results->kept > SEARCH_TRACES) {
        sound = false;
    } else {
        add_traces(tally, results->trace, results->kept, results->looked);
    }
    tally->many |= results->many != 0;
    tally->runs += results->runs;
    tally->digest += results->digest;
    tally->sample += results->sample;
    tally->traces = tally->looked != 0 ? variety_traces(tally->trace, tally->kept)
                                       : tally->traces + results->traces;
    tally->bad += results->bad;
    tally->blocked += results->blocked;
    tally->agents = most(tally->agents, results->agents);
    tally->running = most(tally->running, results->running);
    tally->dirty |= results->dirty;
    tally->withheld |= results->withheld;
    tally->beyond |= results->beyond != 0;
    tally->slept |= results->slept;
    tally->longest = most(tally->longest, results->longest);
    tally->bound = most(tally->bound, results->bound);
    tally->whole |= results->whole;
    tally->estimate = results->estimate > 0 ? results->estimate : tally->estimate;
    memset(results, 0, offsetof(struct search_results, finding));
    return sound;
}

void
tally_add(struct tally *tally, struct tally *from)
{
    for (size_t i = 0; i < from->findings; i++) {
        add_finding(tally, &from->finding[i]);
    }
    add_loose(tally, from->loose, from->looses);
    add_traces(tally, from->trace, from->kept, from->looked);
    tally->many |= from->many;
    tally->runs += from->runs;
    tally->digest += from->digest;
    tally->sample += from->sample;
    tally->traces = tally->looked != 0 ? variety_traces(tally->trace, tally->kept)
                                       : tally->traces + from->traces;
    tally->bad += from->bad;
    tally->blocked += from->blocked;
    tally->bound = most(tally->bound, from->bound);
    tally->whole |= from->whole;
    tally->estimate = from->estimate > 0 ? from->estimate : tally->estimate;
    tally->agents = most(tally->agents, from->agents);
    tally->running = most(tally->running, from->running);
    tally->dirty |= from->dirty;
    tally->withheld |= from->withheld;
    tally->beyond |= from->beyond;
    tally->slept |= from->slept;
    tally->longest = most(tally->longest, from->longest);
    free(from->finding);
    free(from->loose);
    free(from->trace);
    *from = (struct tally){0};
}

void
tally_stopped(struct tally *tally)
{
    for (size_t i = 0; i < tally->findings; i++) {
        struct search_finding *finding = &tally->finding[i].finding;

        if (finding->times == 0 && finding->wanted == 0 && tally->blocked > 0) {
            finding->times = 1;
            tally->blocked--;
            tally->traces++;
            tally->bad++;
        }
    }
}

void
tally_free(struct tally *tally)
{
    for (size_t i = 0; i < tally->findings; i++) {
        free(tally->finding[i].schedule);
    }
    free(tally->finding);
    free(tally->loose);
    free(tally->trace);
    *tally = (struct tally){0};
}
