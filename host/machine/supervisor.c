/*
 * supervisor.c - starts a worker, passes on what it prints, and says how it ended.
 *
 * The guest's memory is made here, so that it outlives the worker and a report can read stacks from
 * it. What the worker left in shared memory or on the pipe may have been trampled by the guest
 * (M4): lengths are bounded, strings are terminated, and a stream that makes no sense ends the run.
 *
 * Breaks: the worker says that it has stopped, and waits for a byte. Meanwhile its memory is looked at
 * (host/debug) and the watchdog's clock stands still.
 *
 * Where no schedule point was passed for a while the worker is asked by SIGUSR2 to look whether the
 * guest loops (promote.c). Taking a branch that was promoted is no movement either.
 *
 * Watchdog: at the deadline the worker is asked by SIGUSR1 to say where it is; if it does not end
 * within two seconds it is killed. These seconds are of the processor, so that a busy machine ends no run; only
 * one that gets next to nothing of it, or that somebody has stopped, is ended by the clock on the wall.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "host/explore/unit.h"
#include "host/machine/machine.h"

#define MEMORY_SIZE   ABI_SYSTEM_END
#define GRACE_SECONDS 2.0
#define SLOWEST       30.0 /* seconds on the wall that count as one of the processor */
#define TICK_MS       100
#define LOOK_SECONDS  0.3
#define MAX_MESSAGE   (1u << 20)

#ifndef MFD_EXEC
#define MFD_EXEC 0x10u
#endif

struct stream {
    struct message head;
    size_t have; /* bytes of head and body read so far */
    char *body;
};

struct watch {
    const struct run_request *request;
    struct run_result *result;
    struct shared *shared;
    volatile struct abi_machine *guest;
    pid_t worker;
    int output;
    int control;   /* writing end; -1 without breaks */
    bool at_break; /* the worker waits */
    bool quit;
    double started;
    clockid_t clock; /* of the worker's processor time */
    struct {
        double wall, processor;
    } run, asked; /* when the run began, and when the worker was asked to end, 0: not yet */
    double moved; /* when the guest last passed a schedule point */
    uint64_t points, heartbeat, spins, moves;
    double looked;    /* when the worker was asked to look whether the guest loops */
    double look_wait; /* and how long until the next time: a look costs 20 ms */
    uint64_t runs;    /* of a search: each one has its own time */
    bool killed;
    bool stopped; /* by a signal */
    struct stream stream;
};

static double
now(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static double
processor_time(const struct watch *watch)
{
    struct timespec time = {0};

    clock_gettime(watch->clock, &time); /* it has gone: the clock on the wall is left */
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static double
since(const struct watch *watch, double wall, double processor)
{
    double passed = now() - wall, used = processor_time(watch) - processor;

    if (watch->request->boot.host_clock || watch->stopped) {
        return passed; /* it sleeps, too */
    }
    return used > passed / SLOWEST ? used : passed / SLOWEST;
}

static void
begin_run(struct watch *watch)
{
    watch->run.wall = watch->moved = watch->looked = now();
    watch->look_wait = LOOK_SECONDS;
    watch->run.processor = processor_time(watch);
    watch->asked.wall = 0;
}

static int
make_memory(void)
{
    /* Since Linux 6.3 a memfd says whether it may be executed; before, the flag is unknown. */
    int memory = memfd_create("ntlab-guest", MFD_CLOEXEC | MFD_EXEC);

    if (memory < 0 && errno == EINVAL) {
        memory = memfd_create("ntlab-guest", MFD_CLOEXEC);
    }
    if (memory < 0) {
        return -errno;
    }
    if (ftruncate(memory, (off_t)MEMORY_SIZE) != 0) {
        int error = errno;

        close(memory);
        return -error;
    }
    return memory;
}

/* Passes on what the pipe holds. False at its end or if it makes no sense. */
static bool
pump(struct watch *watch)
{
    static char buffer[1 << 16];
    struct stream *stream = &watch->stream;
    ssize_t length = read(watch->output, buffer, sizeof(buffer));
    size_t at = 0;

    if (length < 0) {
        return errno == EINTR || errno == EAGAIN;
    }
    if (length == 0) {
        return false;
    }
    while (at < (size_t)length) {
        size_t left = (size_t)length - at, part;

        if (stream->have < sizeof(stream->head)) {
            part = sizeof(stream->head) - stream->have;
            part = part < left ? part : left;
            memcpy((char *)&stream->head + stream->have, buffer + at, part);
        } else {
            part = stream->head.length - (stream->have - sizeof(stream->head));
            part = part < left ? part : left;
            if (stream->head.channel == RUN_BREAK) {
                watch->at_break = true;
            } else if (watch->request->output != NULL) {
                watch->request->output(watch->request->output_context, stream->head.channel,
                                       buffer + at, part);
            }
        }
        stream->have += part;
        at += part;
        if (stream->have >= sizeof(stream->head) &&
            stream->have == sizeof(stream->head) + stream->head.length) {
            stream->have = 0;
        } else if (stream->have >= sizeof(stream->head) && stream->head.length > MAX_MESSAGE) {
            return false;
        }
    }
    return true;
}

/* Looks whether the guest moves, and ends a run that has used its time. */
static void
tick(struct watch *watch)
{
    double time = now();
    siginfo_t change = {0};

    uint64_t points = watch->guest->points, heartbeat = watch->guest->heartbeat;
    uint64_t spins = watch->shared->spins, moves = watch->shared->moves;
    bool spinning = spins != watch->spins && moves == watch->moves;

    if (waitid(P_PID, (id_t)watch->worker, &change, WSTOPPED | WCONTINUED | WNOHANG) == 0 &&
        change.si_pid != 0) {
        watch->stopped = change.si_code == CLD_STOPPED;
    }
    if ((points != watch->points && !spinning) || heartbeat != watch->heartbeat) {
        watch->moved = time;
    }
    if (points != watch->points || heartbeat != watch->heartbeat) {
        watch->looked = time;
        watch->look_wait = LOOK_SECONDS;
    }
    watch->points = points;
    watch->heartbeat = heartbeat;
    watch->spins = spins;
    watch->moves = moves;
    if ((watch->request->explore == NULL || promote_is_unseen(watch->request)) &&
        watch->asked.wall == 0 && watch->shared->entered &&
        time - watch->looked >= watch->look_wait) {
        watch->looked = time;
        watch->look_wait *= 2;
        kill(watch->worker, SIGUSR2);
    }
    if (watch->request->results != NULL && watch->request->results->runs != watch->runs) {
        watch->runs = watch->request->results->runs;
        begin_run(watch);
    }
    if (watch->request->channel != NULL && watch->request->channel->waits != 0) {
        begin_run(watch); /* for the pool */
    }
    if (watch->asked.wall == 0 &&
        since(watch, watch->run.wall, watch->run.processor) >= watch->request->run_timeout) {
        watch->asked.wall = time;
        watch->asked.processor = processor_time(watch);
        watch->shared->idle_seconds =
            time - watch->moved >= 1.0 ? (uint32_t)(time - watch->moved + 0.5) : 0;
        watch->shared->spinning = spinning;
        if (watch->shared->idle_seconds != 0 || spinning) { /* else it is merely long */
            promote_begin_anew(watch->request);
        }
        kill(watch->worker, SIGUSR1);
    } else if (watch->asked.wall != 0 && !watch->killed &&
               since(watch, watch->asked.wall, watch->asked.processor) >= GRACE_SECONDS) {
        watch->killed = true;
        kill(watch->worker, SIGKILL);
    }
}

/* What the worker has left in shared memory of where the guest is. */
static void
describe(struct watch *watch)
{
    struct run_result *result = watch->result;
    struct shared *shared = watch->shared;

    result->has_keys = shared->has_keys != 0;
    result->pages = shared->pages != 0;
    result->host_closed = shared->host_closed != 0;
    result->points = shared->stands_still ? shared->still_points : watch->guest->points;
    result->hash = shared->stands_still ? shared->still_hash : watch->guest->hash;
    result->registers = shared->registers;
    result->mode = shared->mode;
    result->irql = shared->irql;
    result->cpu = shared->cpu;
    memcpy(result->where, shared->where, sizeof(result->where));
    result->where[sizeof(result->where) - 1] = 0;
    result->images = shared->images < RUN_MAX_IMAGES ? shared->images : RUN_MAX_IMAGES;
    memcpy(result->image, shared->image, sizeof(result->image));
    for (size_t i = 0; i < RUN_MAX_IMAGES; i++) {
        result->image[i].name[sizeof(result->image[i].name) - 1] = 0;
        result->image[i].path[sizeof(result->image[i].path) - 1] = 0;
    }
    result->patches = shared->patches;
    result->watched = shared->watched < RUN_MAX_WATCHED ? shared->watched : RUN_MAX_WATCHED;
    memcpy(result->watch, shared->watch, sizeof(result->watch));
    result->promotions =
        shared->promotions < RUN_MAX_PROMOTED ? shared->promotions : RUN_MAX_PROMOTED;
    memcpy(result->promoted, shared->promoted, sizeof(result->promoted));
    for (size_t i = 0; i < RUN_MAX_PROMOTED; i++) {
        result->promoted[i][sizeof(result->promoted[i]) - 1] = 0;
    }
}

/* The worker waits: whoever asked for the break looks, and says whether it shall go on. */
static void
stop_at_break(struct watch *watch)
{
    struct sigaction ignore = {.sa_handler = SIG_IGN}, old;
    double before = now(), passed;
    char go = 'g';

    watch->at_break = false;
    if (watch->control < 0 || watch->request->on_break == NULL) {
        return; /* nobody asked: the guest has written that */
    }
    describe(watch);
    watch->result->end = RUN_AT_BREAK;
    sigaction(SIGPIPE, &ignore, &old); /* the worker may have died meanwhile */
    if (!watch->request->on_break(watch->request->break_context, watch->result) ||
        write(watch->control, &go, 1) != 1) {
        watch->quit = true;
        kill(watch->worker, SIGKILL);
    }
    sigaction(SIGPIPE, &old, NULL);
    passed = now() - before;
    watch->started += passed;
    watch->run.wall += passed;
    watch->moved += passed;
    watch->looked += passed;
}

static void
judge(struct watch *watch, int status)
{
    struct run_result *result = watch->result;
    struct shared *shared = watch->shared;

    describe(watch);
    if (watch->quit) {
        result->end = RUN_QUIT;
        return;
    }
    shared->failure[sizeof(shared->failure) - 1] = 0;
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0 && shared->ended) {
        result->end = RUN_STOPPED;
        result->stop = shared->stop;
        result->stop.message[sizeof(result->stop.message) - 1] = 0;
    } else if (WIFEXITED(status) && shared->failed) {
        result->end = RUN_FAILED;
        result->crashed = shared->crashed != 0;
        snprintf(result->message, sizeof(result->message), "%s", shared->failure);
    } else if (watch->killed) {
        result->end = RUN_NO_PROGRESS;
        snprintf(result->message, sizeof(result->message),
                 "the run made no progress for %.0f s and its worker did not answer",
                 now() - watch->moved);
    } else if (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) {
        result->end = RUN_FAILED;
        result->killed = true;
        snprintf(result->message, sizeof(result->message),
                 "the worker was killed from outside: the machine or its container may be out of "
                 "memory");
    } else if (WIFSIGNALED(status)) {
        result->end = RUN_DIED;
        snprintf(
            result->message, sizeof(result->message),
            "the worker was killed by signal %d (%s): guest code has written over it, or jumped "
            "into it",
            WTERMSIG(status), strsignal(WTERMSIG(status)));
    } else {
        result->end = RUN_DIED;
        snprintf(result->message, sizeof(result->message),
                 "the worker left with status %d before the run had ended", WEXITSTATUS(status));
    }
}

/* Closes what a worker does not need: everything but stdin, the memory and the pipes (negative: there
   is none). */
static void
close_others(int memory, int output, int control, int channel)
{
    int kept[] = {memory, output, control < 0 ? output : control, channel < 0 ? output : channel};
    int next = 1;

    while (next >= 0) {
        int first = -1;

        for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++) {
            first = kept[i] >= next && (first < 0 || kept[i] < first) ? kept[i] : first;
        }
        if (first != next) {
            syscall(SYS_close_range, next, first < 0 ? ~0u : (unsigned)first - 1, 0);
        }
        next = first < 0 ? -1 : first + 1;
    }
}

static void
watch_worker(struct watch *watch)
{
    struct pollfd poll_output = {.fd = watch->output, .events = POLLIN};
    struct pollfd ended = {.fd = (int)syscall(SYS_pidfd_open, watch->worker, 0), .events = POLLIN};
    bool open = true;
    int status;

    while (open) {
        int ready = poll(&poll_output, 1, TICK_MS);

        if (ready > 0) {
            open = pump(watch);
        }
        if (watch->at_break) {
            stop_at_break(watch);
        }
        tick(watch);
    }
    close(watch->output);
    /* The pipe is closed: the worker is leaving, or was made to close it and lives on. */
    while (waitpid(watch->worker, &status, WNOHANG) != watch->worker) {
        if (watch->stream.head.length > MAX_MESSAGE) {
            kill(watch->worker, SIGKILL);
        }
        poll(&ended, 1, ended.fd >= 0 ? TICK_MS : 1);
        tick(watch);
    }
    if (ended.fd >= 0) {
        close(ended.fd);
    }
    judge(watch, status);
}

int
machine_run(const struct run_request *request, struct run_result *result)
{
    struct watch watch = {.request = request, .result = result, .control = -1};
    int pipes[2], control[2] = {-1, -1}, error;

    memset(result, 0, sizeof(*result));
    result->memory = make_memory();
    if (result->memory < 0) {
        snprintf(result->message, sizeof(result->message), "cannot make guest memory: %s",
                 strerror(-result->memory));
        return result->memory;
    }
    watch.shared = mmap(NULL, sizeof(*watch.shared), PROT_READ | PROT_WRITE,
                        MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    watch.guest =
        mmap(NULL, ABI_PAGE_SIZE, PROT_READ, MAP_SHARED, result->memory, ABI_MACHINE_PAGE);
    if (watch.shared == MAP_FAILED || watch.guest == MAP_FAILED || pipe2(pipes, O_CLOEXEC) != 0 ||
        ((request->breaks != 0 || (request->explore != NULL && request->explore->stop_at != 0)) &&
         pipe2(control, O_CLOEXEC) != 0)) {
        error = errno;
        snprintf(result->message, sizeof(result->message), "cannot prepare a worker: %s",
                 strerror(error));
        return -error;
    }
    watch.started = watch.moved = watch.looked = now();
    watch.look_wait = LOOK_SECONDS;
    watch.worker = fork();
    if (watch.worker == 0) {
        close_others(result->memory, pipes[1], control[0],
                     request->channel != NULL ? request->channel_fd : -1);
        worker_main(request, watch.shared, result->memory, pipes[1], control[0]);
    }
    error = errno;
    close(pipes[1]);
    if (control[0] >= 0) {
        close(control[0]);
    }
    watch.control = control[1];
    if (watch.worker < 0) {
        close(pipes[0]);
        snprintf(result->message, sizeof(result->message), "cannot start a worker: %s",
                 strerror(error));
        return -error;
    }
    watch.output = pipes[0];
    if (clock_getcpuclockid(watch.worker, &watch.clock) != 0) {
        watch.clock = CLOCK_MONOTONIC;
    }
    begin_run(&watch);
    watch_worker(&watch);
    if (watch.control >= 0) {
        close(watch.control);
    }
    result->seconds = now() - watch.started;
    munmap(watch.shared, sizeof(*watch.shared));
    munmap((void *)watch.guest, ABI_PAGE_SIZE);
    return 0;
}
