/*
 * pool.c - starts workers, gives them units, takes what they bring, and replaces those that die.
 *
 * Each worker has a keeper, a process of ours that does what the command does for a single run
 * (supervisor.c). The pool talks to workers only (unit.h); a keeper's end is the end of its worker.
 *
 *   P1  What a worker has written is looked at only while it waits for an answer, or is dead.
 *   P2  A worker that was killed from outside is replaced, and its unit done again from where it last
 *       said that it was.
 *   P3  One that dies by itself (guest code has written over it; it had to be killed by its watchdog) is replaced
 *       too. If another one dies at the same schedule, that schedule is at fault: it is told to all workers
 *       (unit.h), and each run that comes to it ends there, as a finding. No other run is lost. Which worker
 *       died of it first does not matter to what the search comes to.
 */
#include "host/search/pool.h"
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "host/explore/together.h"
#include "host/search/ledger.h"

#define BLOCK_SECONDS  0.05 /* what a block of runs should take ... */
#define SHARED_SECONDS 2.0  /* ... and at most, where runs have much in common */
#define KEEP_SECONDS   0.5  /* how much work may be lost with a worker */
#define OFFER_SECONDS  0.002
#define TICK_SECONDS   0.1
#define STOP_SECONDS   5.0  /* for a run that is under way when the time is up */
#define MAX_LOSSES     64   /* without any progress in between */
#define DEATH_SECONDS  0.05 /* KEEP_SECONDS, where workers die */
#define SUSPECTS       256

struct worker {
    pid_t keeper; /* 0: none */
    int socket;
    struct unit_channel *channel;
    struct search_results *results;
    struct run_result *result; /* left by the keeper */
    struct unit *unit;
    bool idle; /* waits for something to do */
    double started_unit, kept;
    double run_seconds; /* measured; 0: not yet */
    double quickest;    /* the same of its quickest block */
};

struct pool {
    const struct run_request *request;
    const struct pool_plan *plan;
    const struct strategy *strategy;
    struct pool_outcome *out;
    struct ledger ledger;
    struct worker *worker;
    struct pollfd *poll;
    double started, ticked, offered, stopped; /* stopped 0: goes on */
    uint32_t losses;
    uint32_t next_part;
    struct unit_deaths *deaths;
    uint64_t suspect[SUSPECTS]; /* hashes of schedules at which a worker died once */
    uint32_t suspects;
    bool only_run; /* there is nothing to choose */
    bool failed;
    bool abandoned; /* by the worker that learnt something, at the end of its run */
};

static double
now(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

[[gnu::format(printf, 2, 3)]] static void
fail(struct pool *pool, const char *format, ...)
{
    va_list arguments;

    if (!pool->failed) {
        va_start(arguments, format);
        vsnprintf(pool->out->message, sizeof(pool->out->message), format, arguments);
        va_end(arguments);
    }
    pool->failed = true;
}

static void
output(void *context, uint32_t channel, const char *text, size_t length)
{
    if (channel == RUN_NOTE && context != NULL) {
        fwrite(text, 1, length, stderr);
    }
}

static void *
share(size_t size)
{
    void *at = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    return at == MAP_FAILED ? NULL : at;
}

/* The keeper of one worker. */
__attribute__((noreturn)) static void
keep(const struct pool *pool, const struct worker *worker, int socket, pid_t parent)
{
    struct run_request request = *pool->request;

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) {
        _exit(0);
    }
    request.explore = pool->plan->search;
    request.results = worker->results;
    request.channel = worker->channel;
    request.channel_fd = socket;
    request.deaths = pool->deaths;
    request.output = output;
    request.output_context = worker == pool->worker ? pool->worker : NULL; /* one says it */
    machine_run(&request, worker->result);
    fflush(stderr);
    _exit(0);
}

static void
start(struct pool *pool, struct worker *worker)
{
    pid_t parent = getpid();
    int sockets[2];

    memset(worker->results, 0, offsetof(struct search_results, finding));
    memset(worker->channel, 0, offsetof(struct unit_channel, state));
    worker->result->end = RUN_QUIT;
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets) != 0) {
        fail(pool, "cannot start a worker: %s", strerror(errno));
        return;
    }
    worker->keeper = fork();
    if (worker->keeper == 0) {
        keep(pool, worker, sockets[1], parent);
    }
    close(sockets[1]);
    worker->socket = sockets[0];
    worker->idle = false;
    worker->unit = NULL;
    if (worker->keeper < 0) {
        fail(pool, "cannot start a worker: %s", strerror(errno));
        worker->keeper = 0;
        close(sockets[0]);
    }
}

static void
answer(struct worker *worker, enum unit_answer what)
{
    char byte = 'a';

    worker->channel->answer = what;
    if (send(worker->socket, &byte, 1, MSG_NOSIGNAL) != 1) {
        return; /* it has died; its keeper says so soon */
    }
}

/*
 * Runs that can be made together (host/explore/together.c) have the more in common the more they are. Not more than there have been:
 * if one of them shows something new all are made again. Other
 * work on the machine makes runs slower, but not shorter.
 */
static double
shared_size(const struct pool *pool, const struct worker *worker)
{
    double size = SHARED_SECONDS / worker->quickest, before = (double)pool->ledger.given;

    size = size > TOGETHER_RUNS ? TOGETHER_RUNS : size;
    return size > before ? before : size;
}

static uint64_t
block_size(const struct pool *pool, const struct worker *worker)
{
    double size = worker->run_seconds > 0 ? BLOCK_SECONDS / worker->run_seconds : 16;
    uint64_t most = UINT64_MAX;

    if (pool->ledger.runs != UINT64_MAX && pool->plan->jobs > 1) {
        /* the last blocks are small: nobody waits long */
        most = 1 + (pool->ledger.runs - pool->ledger.given) / (2ull * pool->plan->jobs);
    }
    if (pool->strategy->numbers != NULL && worker->run_seconds > 0) {
        double shared = shared_size(pool, worker);

        size = shared > size ? shared : size;
    }
    size = size < 1 ? 1 : size > 1e6 ? 1e6 : size;
    return (uint64_t)size < most ? (uint64_t)size : most;
}

static void
assign(struct pool *pool, struct worker *worker)
{
    struct unit_channel *channel = worker->channel;
    struct unit *unit = pool->stopped != 0 || pool->ledger.over
                            ? NULL
                            : ledger_get(&pool->ledger, block_size(pool, worker));

    worker->idle = unit == NULL;
    worker->unit = unit;
    if (unit == NULL) {
        return;
    }
    channel->stop = channel->hungry = channel->report = 0;
    if (pool->ledger.kind == STRATEGY_SAMPLED) {
        channel->first = unit->first * pool->ledger.stride + pool->ledger.offset;
        channel->stride = pool->ledger.stride;
        channel->limit = unit->limit;
    } else {
        const bool numbered = pool->ledger.kind == STRATEGY_GUIDED;

        channel->first = numbered ? pool->ledger.offset : 0;
        channel->stride = numbered ? pool->ledger.stride : 1;
        channel->limit = ledger_left(&pool->ledger, unit);
    }
    if (unit->state.length != 0) {
        memcpy(channel->state.data, unit->state.data, unit->state.length);
    }
    channel->state.length = unit->state.length;
    worker->started_unit = worker->kept = now();
    answer(worker, UNIT_LOAD);
}

/* All workers shall bring what they have. */
static void
stop(struct pool *pool)
{
    pool->stopped = now();
    for (uint32_t i = 0; i < pool->plan->jobs; i++) {
        pool->worker[i].channel->stop = 1;
    }
}

static void
take_done(struct pool *pool, struct worker *worker)
{
    struct unit *unit = worker->unit;
    uint64_t runs = worker->channel->done;
    bool found = worker->channel->end == UNIT_FOUND;

    if (runs != 0) {
        worker->run_seconds = (now() - worker->started_unit) / (double)runs;
        if (worker->quickest == 0 || worker->run_seconds < worker->quickest) {
            worker->quickest = worker->run_seconds;
        }
    }
    worker->unit = NULL;
    if (!ledger_done(&pool->ledger, unit, worker->channel)) {
        fail(pool, "what a worker said makes no sense: the guest may have written over it");
    }
    if (found && pool->plan->search->runs == 0 && pool->stopped == 0) {
        stop(pool); /* whoever is first: with a budget in time nothing better is known */
    }
    assign(pool, worker);
}

static bool
is_abandoned(const struct pool *pool)
{
    return pool->plan->abandon != NULL && *pool->plan->abandon != 0;
}

static void
hear(struct pool *pool, struct worker *worker)
{
    struct unit_channel *channel = worker->channel;
    struct unit *unit = worker->unit;
    enum unit_answer what;
    bool sound = true;
    char byte;

    if (recv(worker->socket, &byte, 1, MSG_DONTWAIT) != 1 || channel->waits == 0) {
        return;
    }
    if (channel->message == UNIT_READY && unit == NULL) {
        assign(pool, worker);
        return;
    }
    if (channel->message == UNIT_ONLY_RUN && unit == NULL) {
        pool->only_run = true;
        tally_free(&pool->ledger.total);
        sound = tally_take(&pool->ledger.total, worker->results);
        worker->idle = true;
    } else if (unit == NULL || channel->message > UNIT_DONE) {
        sound = false;
    } else if (unit->dropped) {
        memset(worker->results, 0, offsetof(struct search_results, finding));
        ledger_done(&pool->ledger, unit, channel);
        assign(pool, worker);
        if (worker->idle) {
            return;
        }
    } else {
        ledger_heard(&pool->ledger, unit);
        sound = tally_take(&unit->tally, worker->results);
        pool->losses = 0;
        switch (sound ? channel->message : 0) {
        case UNIT_OFFER:
            sound = ledger_offer(&pool->ledger, unit, channel);
            answer(worker, UNIT_GO);
            break;
        case UNIT_KEEP:
            sound = ledger_keep(unit, channel);
            worker->kept = now();
            answer(worker, UNIT_GO);
            break;
        case UNIT_NEED:
            what = ledger_need(&pool->ledger, unit, channel);
            if (what == UNIT_LOAD) {
                assign(pool, worker);
            } else {
                sound = what != UNIT_OVER;
                answer(worker, what);
            }
            break;
        case UNIT_DONE:
            pool->abandoned = is_abandoned(pool);
            take_done(pool, worker);
            break;
        }
    }
    if (!sound) {
        fail(pool, "what a worker said makes no sense (%u, %u): the guest may have written over it",
             channel->message, channel->part);
    }
}

static bool
is_death(const struct run_result *result)
{
    return result->end == RUN_DIED || result->end == RUN_NO_PROGRESS || result->crashed;
}

/* In words that are the same each time. */
static struct abi_stop
stop_of_death(const struct run_result *result)
{
    struct abi_stop why = {.verdict = ABI_BUGCHECK};

    if (result->end == RUN_NO_PROGRESS) {
        why.verdict = ABI_LIVELOCK;
        snprintf(why.message, sizeof(why.message), RUN_TOO_SLOW ", nor its worker answer");
    } else if (result->crashed) {
        why.verdict = ABI_INTERNAL;
        snprintf(why.message, sizeof(why.message), "a signal in the worker's own code");
    } else {
        snprintf(why.message, sizeof(why.message), "%.500s", result->message);
    }
    return why;
}

/* Has it died there before? Notes it. */
static bool
is_second(struct pool *pool, const struct unit_channel *channel, uint32_t steps, uint32_t scheduled)
{
    uint64_t hash = ((uint64_t)channel->rooted << 32 | steps) + 1;

    for (uint32_t i = 0; i < scheduled; i++) {
        hash = (hash ^ channel->schedule[i]) * 0x9E3779B97F4A7C15ull;
        hash ^= hash >> 29;
    }
    for (uint32_t i = 0; i < pool->suspects && i < SUSPECTS; i++) {
        if (pool->suspect[i] == hash) {
            return true;
        }
    }
    pool->suspect[pool->suspects++ % SUSPECTS] = hash;
    return false;
}

/* P3. False: this one is not known to be a schedule's fault. */
static bool
note_death(struct pool *pool, const struct worker *worker)
{
    const struct unit_channel *channel = worker->channel;
    struct unit_deaths *deaths = pool->deaths;
    uint32_t steps = channel->steps, scheduled = channel->scheduled;
    struct unit_death *death = &deaths->death[deaths->count];

    if (channel->waits != 0 || scheduled > MAX_STEPS || (channel->rooted != 0 && steps == 0)) {
        return false;
    }
    for (uint32_t i = 0; i < deaths->count; i++) {
        if (deaths->death[i].steps == steps && deaths->death[i].scheduled == scheduled &&
            memcmp(deaths->death[i].schedule, channel->schedule, scheduled * sizeof(uint32_t)) ==
                0) {
            return true; /* it was on its way there before that was known */
        }
    }
    if (!is_second(pool, channel, steps, scheduled)) {
        return false;
    }
    if (deaths->count == UNIT_DEATHS) {
        fail(pool, "workers die by themselves, at %u schedules; the last one: %s", UNIT_DEATHS,
             worker->result->message);
        return true;
    }
    if (channel->rooted == 0) { /* before the first choice: each run does */
        struct search_results *results = worker->results;

        *results->finding = (struct search_finding){
            .stop = stop_of_death(worker->result), .times = 1, .signature = 1, .died = 1};
        results->runs = results->traces = results->bad = results->findings = 1;
        tally_free(&pool->ledger.total);
        tally_take(&pool->ledger.total, results);
        pool->only_run = true;
        pool->out->died++;
        return true;
    }
    death->steps = steps;
    death->scheduled = scheduled;
    death->why = stop_of_death(worker->result);
    memcpy(death->schedule, channel->schedule, scheduled * sizeof(uint32_t));
    __atomic_store_n(&deaths->count, deaths->count + 1, __ATOMIC_RELEASE);
    pool->out->died++;
    pool->losses = 0;
    return true;
}

/* A keeper has ended, and with it its worker. */
static void
bury(struct pool *pool, struct worker *worker, int status)
{
    const struct run_result *result = worker->result;

    close(worker->socket);
    worker->keeper = 0;
    memset(worker->results, 0, offsetof(struct search_results, finding)); /* U1 */
    if (worker->unit != NULL) {
        ledger_lost(&pool->ledger, worker->unit);
        worker->unit = NULL;
    }
    /* Once abandoned, what it learnt may have changed the questions that it was asked before. */
    pool->abandoned |= is_abandoned(pool);
    if (pool->ledger.over || pool->only_run || pool->stopped != 0 || pool->abandoned) {
        return;
    }
    if (WIFEXITED(status) && is_death(result) && note_death(pool, worker)) {
        if (!pool->failed && !pool->only_run) {
            start(pool, worker);
        }
    } else if (WIFEXITED(status) && result->end != RUN_QUIT && !result->killed &&
               !is_death(result)) {
        fail(pool, "%s", result->message[0] != 0 ? result->message : "a worker has left");
    } else if (++pool->losses > MAX_LOSSES) {
        fail(pool,
             "workers are lost again and again: the machine or its container may be out of "
             "memory%s%s",
             is_death(result) ? "; the last one: " : "", is_death(result) ? result->message : "");
    } else {
        pool->out->lost++;
        start(pool, worker);
    }
}

static void
tick(struct pool *pool)
{
    const struct pool_plan *plan = pool->plan;
    double time = now();
    uint32_t idle = 0;

    if (plan->search->seconds != 0 && pool->stopped == 0 &&
        time - pool->started >= plan->search->seconds) {
        stop(pool);
    }
    for (uint32_t i = 0; i < plan->jobs; i++) {
        struct worker *worker = &pool->worker[i];

        if (worker->idle && pool->stopped == 0) {
            assign(pool, worker);
        }
        idle += worker->idle;
        if (worker->unit != NULL && worker->unit->dropped) {
            worker->channel->stop = 1;
        }
        if (worker->unit != NULL && pool->ledger.kind == STRATEGY_TREE &&
            time - worker->kept >= (pool->deaths->count != 0 ? DEATH_SECONDS : KEEP_SECONDS)) {
            worker->channel->report = 1;
        }
    }
    if (idle != 0 && pool->ledger.kind == STRATEGY_TREE && time - pool->offered >= OFFER_SECONDS) {
        pool->offered = time;
        for (uint32_t i = 0; i < plan->jobs && idle != 0; i++) {
            struct worker *worker = &pool->worker[i];

            if (worker->unit != NULL && worker->channel->hungry == 0) {
                worker->channel->hungry = pool->next_part++;
                idle--;
            }
        }
    }
    if (plan->progress != NULL && time - pool->ticked >= TICK_SECONDS) {
        struct pool_progress progress = {.seconds = time - pool->started};

        pool->ticked = time;
        ledger_progress(&pool->ledger, &progress);
        for (uint32_t i = 0; i < plan->jobs; i++) {
            const struct search_results *results = pool->worker[i].results;

            progress.runs += results->runs;
            progress.traces += results->traces;
            progress.bad += results->bad;
        }
        plan->progress(plan->context, &progress);
    }
}

static bool
is_over(const struct pool *pool)
{
    bool busy = false;

    if (pool->failed || pool->only_run || pool->ledger.over || pool->abandoned) {
        return true;
    }
    for (uint32_t i = 0; i < pool->plan->jobs; i++) {
        busy = busy || (pool->worker[i].keeper != 0 && pool->worker[i].unit != NULL);
    }
    return pool->stopped != 0 && (!busy || now() - pool->stopped > STOP_SECONDS);
}

static void
loop(struct pool *pool)
{
    const uint32_t jobs = pool->plan->jobs;

    while (!is_over(pool)) {
        bool hungry = false;
        int status;
        pid_t pid;

        for (uint32_t i = 0; i < jobs; i++) {
            pool->poll[i] = (struct pollfd){
                .fd = pool->worker[i].keeper != 0 ? pool->worker[i].socket : -1, .events = POLLIN};
            hungry = hungry || pool->worker[i].idle;
        }
        poll(pool->poll, jobs, hungry ? 2 : 20);
        for (uint32_t i = 0; i < jobs && !pool->failed; i++) {
            if ((pool->poll[i].revents & POLLIN) != 0) {
                hear(pool, &pool->worker[i]);
            }
        }
        for (uint32_t i = 0; i < jobs; i++) {
            struct worker *worker = &pool->worker[i];

            pid = worker->keeper != 0 ? waitpid(worker->keeper, &status, WNOHANG) : 0;
            if (pid == worker->keeper && pid != 0) {
                if (worker->unit != NULL || !worker->idle) {
                    hear(pool, worker); /* its last word */
                }
                bury(pool, worker, status);
            }
        }
        tick(pool);
    }
}

static void
end_workers(struct pool *pool)
{
    for (uint32_t i = 0; i < pool->plan->jobs; i++) {
        struct worker *worker = &pool->worker[i];

        if (worker->keeper != 0) {
            kill(worker->keeper, SIGKILL); /* and with it its worker */
            waitpid(worker->keeper, NULL, 0);
            close(worker->socket);
        }
    }
}

static enum search_outcome
outcome_of(const struct pool *pool, const struct strategy *strategy)
{
    if (pool->only_run) {
        return SEARCH_EXHAUSTED;
    }
    if (!pool->ledger.over) { /* the time is up, or somebody has found something */
        return pool->plan->search->first && pool->out->tally.bad != 0 ? SEARCH_STOPPED
                                                                      : SEARCH_BUDGET;
    }
    if (pool->ledger.outcome == UNIT_EXHAUSTED) {
        return pool->out->tally.whole ? SEARCH_EXHAUSTED : strategy->exhausted;
    }
    return pool->ledger.outcome == UNIT_FOUND ? SEARCH_STOPPED : SEARCH_BUDGET;
}

static void
free_workers(struct pool *pool)
{
    for (uint32_t i = 0; i < pool->plan->jobs; i++) {
        struct worker *worker = &pool->worker[i];

        if (worker->channel != NULL) {
            munmap(worker->channel, sizeof(*worker->channel));
        }
        if (worker->results != NULL) {
            munmap(worker->results, sizeof(*worker->results));
        }
        if (worker->result != NULL) {
            munmap(worker->result, sizeof(*worker->result));
        }
    }
    munmap(pool->deaths, sizeof(*pool->deaths));
    free(pool->worker);
    free(pool->poll);
}

int
pool_search(const struct run_request *request, const struct pool_plan *plan,
            struct pool_outcome *out)
{
    const struct strategy *strategy = strategy_find(plan->search->strategy);
    struct pool pool = {
        .request = request, .plan = plan, .strategy = strategy, .out = out, .started = now()};
    uint64_t runs = plan->search->runs;

    *out = (struct pool_outcome){0};
    /* A shard does its part of the first so many runs. */
    runs = runs == 0 ? UINT64_MAX : runs / plan->shards + (plan->shard < runs % plan->shards);
    pool.next_part = 1;
    pool.worker = calloc(plan->jobs, sizeof(*pool.worker));
    pool.poll = calloc(plan->jobs, sizeof(*pool.poll));
    if (pool.worker == NULL || pool.poll == NULL) {
        abort();
    }
    pool.deaths = share(sizeof(*pool.deaths));
    if (pool.deaths == NULL) {
        abort();
    }
    ledger_open(&pool.ledger, strategy->kind, runs, plan->search->first, plan->shard, plan->shards);
    for (uint32_t i = 0; i < plan->jobs && !pool.failed; i++) {
        struct worker *worker = &pool.worker[i];

        worker->channel = share(sizeof(*worker->channel));
        worker->results = share(sizeof(*worker->results));
        worker->result = share(sizeof(*worker->result));
        if (worker->channel == NULL || worker->results == NULL || worker->result == NULL) {
            fail(&pool, "out of memory");
        } else {
            start(&pool, worker);
        }
    }
    loop(&pool);
    end_workers(&pool);
    if (pool.ledger.over && pool.ledger.kind != STRATEGY_SAMPLED) {
        tally_add(&out->tally, &pool.ledger.units->tally); /* the root */
    } else if (pool.only_run && plan->shard != 0) {
        /* the first shard has it */
    } else if (pool.ledger.over || pool.only_run) {
        tally_add(&out->tally, &pool.ledger.total);
    } else {
        ledger_sum(&pool.ledger, &out->tally);
    }
    out->seconds = now() - pool.started;
    if (plan->shards <= 1 && !(pool.ledger.over && pool.ledger.outcome == UNIT_EXHAUSTED)) {
        tally_stopped(&out->tally);
    }
    out->outcome = outcome_of(&pool, strategy);
    if (out->tally.beyond != 0 && out->tally.bad == 0 && !plan->search->few &&
        (out->outcome == SEARCH_EXHAUSTED || out->outcome == SEARCH_BOUNDED)) {
        out->outcome = SEARCH_BUDGET; /* of what came by turns not all was tried */
    }
    ledger_close(&pool.ledger);
    free_workers(&pool);
    return pool.failed ? -EIO : 0;
}
