/*
 * unit.c - the worker's side of a shared search: gets units, does them run by run, says what they
 * came to.
 */
#include "host/explore/unit.h"
#include <errno.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
#include "host/explore/explorer.h"
#include "host/explore/strategy.h"
#include "host/explore/together.h"
#include "host/machine/machine.h"

/* Most of what is to be learnt shows in the first runs of a search: one worker does them (has_learnt). */
#define ALONE_RUNS 32
/* U5: fewer runs have little in common, and more findings than these would have no room (sighting.c, order.c). */
#define FEWEST_RUNS   512
#define MOST_FINDINGS 7

static struct {
    const struct strategy *strategy;
    struct unit_channel *channel; /* NULL: alone */
    const struct run_search *search;
    struct search_results *results;
    struct timespec started;
    uint64_t warm; /* runs of this process before its first unit */
    bool busy;     /* has a unit */
    bool parked;   /* the unit waits for a part; the answer is what to do instead */
    bool found;
    bool more;            /* the limit ended it */
    uint64_t next, limit; /* run of a block; runs that are left */
    uint64_t run;         /* that was begun last */
    /* U5 */
    uint64_t together;             /* runs of this block below it go together; 0: none */
    uint64_t until;                /* those below it are made in order */
    uint32_t findings;             /* of this block that were looked at */
    uint64_t shown[MOST_FINDINGS]; /* by this worker: signatures; more than MOST_FINDINGS: ... */
    uint32_t shows;                /* ... others too */
} it;

void
unit_init(const struct strategy *strategy, const struct run_search *search,
          struct search_results *results)
{
    it.strategy = strategy;
    it.channel = machine.request->channel;
    it.search = search;
    it.results = results;
    syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &it.started);
}

static bool
time_is_up(void)
{
    struct timespec now;

    syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &now);
    return (double)(now.tv_sec - it.started.tv_sec) +
               (double)(now.tv_nsec - it.started.tv_nsec) / 1e9 >=
           it.search->seconds;
}

static bool
next_run(void)
{
    bool more = it.strategy->begin(it.run = it.next);

    if (it.strategy->tell != NULL) {
        it.strategy->tell(it.results);
    }
    return more;
}

/* Without a channel. */
static bool
begin_alone(void)
{
    const struct run_search *search = it.search;

    if (it.found) {
        it.results->outcome = SEARCH_STOPPED;
    } else if (it.next != 0 && ((search->runs != 0 && it.next >= search->runs) ||
                                (search->seconds != 0 && (it.next & 15) == 0 && time_is_up()))) {
        it.results->outcome = SEARCH_BUDGET;
    } else if (!next_run()) {
        it.results->outcome = it.results->whole ? SEARCH_EXHAUSTED : it.strategy->exhausted;
    } else {
        it.next++;
        return true;
    }
    return false;
}

/* Says it and waits for the answer (U1). */
static uint32_t
say(enum unit_message message)
{
    struct unit_channel *channel = it.channel;
    const int fd = machine.request->channel_fd;
    char byte = 'm';
    ssize_t got;

    channel->message = message;
    channel->waits = 1;
    do {
        got = write(fd, &byte, 1);
    } while (got < 0 && errno == EINTR);
    do {
        got = read(fd, &byte, 1);
    } while (got < 0 && errno == EINTR);
    channel->waits = 0;
    if (got != 1) {
        syscall(SYS_exit_group, 5); /* the pool has gone */
    }
    return channel->answer;
}

static void
put_state(void)
{
    it.channel->state.length = 0;
    if (it.strategy->save != NULL) {
        it.channel->state.length = (uint32_t)it.strategy->save(it.channel->state.data, UNIT_ROOM);
        if (it.channel->state.length == 0) {
            worker_fail("the state of the search has outgrown its %u bytes", UNIT_ROOM);
        }
    }
}

/*
 * The search begins anew with what the last run has learnt (host/search/learn.c). It is the run's end that ends it,
 * not when the pool looks: with one worker what is learnt does not depend on time.
 */
static bool
has_learnt(void)
{
    const struct run_request *request = machine.request;

    if (request->polled != NULL && !request->polls && *request->polled != 0) {
        return true;
    }
    return request->learned != NULL && !request->learned->freely && request->learned->grown != 0;
}

static uint32_t
finish_unit(void)
{
    struct unit_channel *channel = it.channel;

    channel->end = it.found                        ? UNIT_FOUND
                   : channel->stop || has_learnt() ? UNIT_STOPPED
                   : it.more                       ? UNIT_LIMIT
                                                   : UNIT_EXHAUSTED;
    channel->given.length = 0;
    if (it.strategy->asks != NULL) {
        channel->given.length = (uint32_t)it.strategy->asks(channel->given.data, UNIT_ROOM);
    }
    it.busy = false;
    return say(UNIT_DONE);
}

/* U5 */
static bool
may_share(void)
{
    return it.strategy->numbers != NULL && it.next >= it.until && it.next >= it.together &&
           it.limit >= FEWEST_RUNS && it.shows <= MOST_FINDINGS && explorer_may_share();
}

static void
share(void)
{
    uint64_t count = it.limit < TOGETHER_RUNS ? it.limit : TOGETHER_RUNS;

    for (it.together = it.next; count > 0; count--, it.together += it.channel->stride) {
        if (explorer_shares(it.together)) {
            together_add(it.together);
        }
    }
    together_begin();
}

/* The next run of this unit; false: it has none. */
static bool
begin_here(void)
{
    if (it.found || (it.channel->stop != 0 && it.next >= it.until) || has_learnt()) {
        return false;
    }
    if (may_share()) {
        share();
    }
    if (together_next(&it.run)) {
        return true;
    }
    while (it.next < it.together && explorer_shares(it.next)) {
        it.next += it.channel->stride;
    }
    if (!next_run()) {
        return false;
    }
    it.next += it.channel->stride;
    it.more = it.limit == 0; /* a tree that ends with its budget is exhausted */
    return !it.more;
}

/* A tree that is split into shards learns in one run where to split. */
static uint64_t
warm_runs(void)
{
    bool splits = it.strategy->kind == STRATEGY_TREE || it.strategy->kind == STRATEGY_PARTED;

    return splits && it.search->shards > 1 ? 1 : it.strategy->warm;
}

static void
begin_unit(void)
{
    it.busy = true;
    it.found = it.more = false;
    it.next = it.channel->first;
    it.limit = it.channel->limit;
    it.channel->done = 0;
    it.together = it.until = 0;
    it.findings = 0;
    together_end();
}

void
unit_again(void)
{
    memset(it.results, 0, offsetof(struct search_results, finding));
    begin_unit();
}

/* U5: has the last run shown what this worker has not? */
static bool
shows_new(void)
{
    const struct search_results *results = it.results;
    bool new = false;

    for (; it.findings < results->findings; it.findings++) {
        uint64_t signature = results->finding[it.findings].signature;
        uint32_t i = 0;

        while (i < it.shows && i < MOST_FINDINGS && it.shown[i] != signature) {
            i++;
        }
        new = new || i == it.shows || i == MOST_FINDINGS;
        if (i == it.shows && it.together == 0) {
            if (i < MOST_FINDINGS) {
                it.shown[i] = signature;
            }
            it.shows++;
        }
    }
    return new;
}

bool
unit_begin(void)
{
    uint32_t answer;

    if (it.channel == NULL) {
        return begin_alone();
    }
    if (it.warm < warm_runs()) {
        return it.strategy->begin(it.run = it.warm);
    }
    while (true) {
        if (it.busy && begin_here()) {
            return true;
        }
        if (it.busy && !explorer_is_sure()) {
            unit_again();
            continue;
        }
        answer = it.parked ? it.channel->answer : it.busy ? finish_unit() : say(UNIT_READY);
        it.parked = false;
        if (answer == UNIT_OVER) {
            return false;
        }
        if (answer != UNIT_LOAD) {
            it.busy = false;
            continue;
        }
        begin_unit();
        if (it.strategy->load != NULL &&
            !it.strategy->load(it.channel->state.data, it.channel->state.length)) {
            worker_fail("a part of the search that was handed over makes no sense");
        }
    }
}

void
unit_run_is(uint64_t run)
{
    it.run = run;
}

uint64_t
unit_run(void)
{
    return it.run;
}

/* Between two runs of a unit; the answer may be that nobody wants the rest of it. */
static void
tell(enum unit_message message)
{
    if (say(message) != UNIT_GO) {
        it.busy = false;
        it.parked = true;
    }
}

void
unit_ended(bool counts, bool bad, uint64_t digest)
{
    struct unit_channel *channel = it.channel;

    if (channel == NULL) {
        it.found = bad && it.search->first;
        return;
    }
    if (it.warm < warm_runs()) {
        it.warm++;
        memset(it.results, 0, offsetof(struct search_results, finding));
        return;
    }
    if (it.strategy->kind == STRATEGY_SAMPLED && it.run % SEARCH_SAMPLE == 0) {
        it.results->sample += digest;
    }
    if ((shows_new() || (bad && it.search->first)) && it.together != 0) {
        uint64_t until = it.run + 1;

        unit_again();
        it.until = until;
        return;
    }
    it.limit -= counts && it.limit != UINT64_MAX;
    channel->done++;
    if (counts && bad && it.search->first) {
        it.found = true; /* the rest of it is of no interest */
        return;
    }
    if (channel->hungry != 0 && it.strategy->give != NULL &&
        (machine.request->learned == NULL || channel->done >= ALONE_RUNS)) {
        uint32_t part = channel->hungry;

        channel->hungry = 0;
        channel->part = part;
        channel->given.length = (uint32_t)it.strategy->give(part, channel->given.data, UNIT_ROOM);
        if (channel->given.length != 0) {
            put_state();
            tell(UNIT_OFFER);
        }
    }
    if (channel->report != 0 && !it.parked) {
        channel->report = 0;
        put_state();
        if (channel->state.length != 0) {
            tell(UNIT_KEEP);
        }
    }
}

void
unit_only_run(void)
{
    if (it.channel != NULL) {
        say(UNIT_ONLY_RUN);
    } else {
        it.results->outcome = SEARCH_EXHAUSTED;
    }
}

enum unit_answer
unit_need(uint32_t part, const uint8_t **asks, size_t *length)
{
    uint32_t answer;

    put_state();
    it.channel->part = part;
    answer = say(UNIT_NEED);
    *asks = it.channel->given.data;
    *length = it.channel->given.length < UNIT_ROOM ? it.channel->given.length : 0;
    if (answer == UNIT_TAKE || answer == UNIT_INLINE) {
        it.limit = it.channel->limit;
        return (enum unit_answer)answer;
    }
    it.busy = false;
    it.parked = true;
    return UNIT_LOAD;
}
