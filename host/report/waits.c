/*
 * waits.c - who waits for whom.
 *
 * An edge goes from a thread to each thread that owns what it waits for, as far as owners are on
  * record (mutexes, fast mutexes, resources, threads; of others the threads that say they hold them). Of several objects only a wait for the only
 * one is an edge: any of the others could end the wait. A circle of edges is a deadlock, whatever
 * else happens.
 */
#include <stdlib.h>
#include <string.h>
#include "host/report/report.h"

static size_t
thread_index(const struct report *report, uint64_t address)
{
    for (size_t i = 0; i < report->threads; i++) {
        if (report->thread[i].address == address) {
            return i;
        }
    }
    return report->threads;
}

/* Depth first from `at`; path[0..depth) is how we came here. True: report->circle is filled. */
static bool
search(struct report *report, size_t at, size_t *path, size_t depth, bool *done)
{
    const struct thread *thread = &report->thread[at];

    for (size_t i = 0; i < depth; i++) {
        if (path[i] == at) {
            report->circles = depth - i;
            report->circle = calloc(report->circles, sizeof(size_t));
            for (size_t j = 0; report->circle != NULL && j < report->circles; j++) {
                report->circle[j] = path[i + j];
            }
            return report->circle != NULL;
        }
    }
    if (done[at] || depth >= report->threads) {
        return false;
    }
    path[depth] = at;
    if (thread->waits == 1 && thread->due == 0) {
        for (size_t i = 0; i < thread->wait[0].owners; i++) {
            size_t next = thread_index(report, thread->wait[0].owner[i]);

            if (next < report->threads && search(report, next, path, depth + 1, done)) {
                return true;
            }
        }
    }
    done[at] = true;
    return false;
}

const char *
wait_kind(const char *kind)
{
    return strcmp(kind, "fast-mutex") == 0  ? "fast mutex"
           : strcmp(kind, "push-lock") == 0 ? "push lock"
           : strcmp(kind, "spin-lock") == 0 ? "spin lock"
                                            : kind;
}

/* A lock that does not know its owners (push locks): its holders know. */
static void
find_owners(const struct report *report, struct wait *wait)
{
    for (size_t i = 0; i < report->threads; i++) {
        const struct thread *thread = &report->thread[i];

        for (size_t j = 0; j < thread->helds && wait->owners < MAX_OWNERS; j++) {
            if (thread->held[j].object == wait->object) {
                wait->owner[wait->owners++] = thread->address;
                snprintf(wait->held, sizeof(wait->held), "%s", thread->held[j].access);
                break;
            }
        }
    }
}

void
waits_judge(struct report *report)
{
    size_t *path = calloc(report->threads + 1, sizeof(*path));
    bool *done = calloc(report->threads + 1, sizeof(*done));

    for (size_t i = 0; i < report->threads; i++) {
        for (size_t j = 0; j < report->thread[i].waits; j++) {
            if (report->thread[i].wait[j].owners == 0 && report->thread[i].wait[j].object != 0) {
                find_owners(report, &report->thread[i].wait[j]);
            }
        }
    }
    for (size_t i = 0; path != NULL && done != NULL && i < report->threads; i++) {
        if (search(report, i, path, 0, done)) {
            break;
        }
    }
    free(path);
    free(done);
}
