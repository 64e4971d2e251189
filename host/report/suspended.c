/*
 * suspended.c - suspend denial of service in words: who was suspended where, who could not go on, what then let it,
 * and which region is missing.
 *
 * The threads are told as they were while nothing could happen (nt/ke/inject.c), the suspended one first; the stop's
 * message says which call let the other one go on.
 */
#include <string.h>
#include "host/report/report.h"

static const struct thread *
thread_at(const struct report *report, uint64_t address)
{
    for (size_t i = 0; i < report->threads; i++) {
        if (report->thread[i].address == address) {
            return &report->thread[i];
        }
    }
    return NULL;
}

const struct thread *
suspended_thread(const struct report *report)
{
    return thread_at(report, report->result->stop.parameter[0]);
}

const struct thread *
suspended_victim(const struct report *report)
{
    return thread_at(report, report->result->stop.parameter[1]);
}

/* The lock of the suspended thread that the other one waits for, where it is on record. */
static const struct held *
lock_between(const struct thread *suspended, const struct thread *victim)
{
    for (size_t i = 0; i < suspended->helds; i++) {
        if (victim->waits != 0 && suspended->held[i].object == victim->wait[0].object) {
            return &suspended->held[i];
        }
    }
    return NULL;
}

static void
driver_frame(const struct thread *thread, char *out, size_t size)
{
    snprintf(out, size, "the kernel");
    for (size_t i = 0; i < thread->frames; i++) {
        if (thread->frame[i].place->origin == ORIGIN_DRIVER) {
            place_name(thread->frame[i].place, out, size);
            return;
        }
    }
}

void
suspended_missing(const struct report *report, char *out, size_t size)
{
    const struct thread *suspended = suspended_thread(report), *victim = suspended_victim(report);
    const struct held *held =
        suspended != NULL && victim != NULL ? lock_between(suspended, victim) : NULL;
    const char *region =
        suspended != NULL && suspended->regions != 0 ? "another region" : "KeEnterCriticalRegion";
    char where[256];

    if (held != NULL && held->caller != NULL) {
        place_name(held->caller, where, sizeof(where));
        snprintf(out, size,
                 "%s (FsRtlEnterFileSystem in a file system; a guarded region does too) before the "
                 "%s is acquired "
                 "at %s, left after its release",
                 region, wait_kind(held->kind), where);
    } else {
        snprintf(out, size,
                 "%s (FsRtlEnterFileSystem in a file system; a guarded region does too) before "
                 "others come to "
                 "depend on the thread, left after that call",
                 region);
    }
}

void
suspended_explain(const struct report *report, char *out, size_t size)
{
    const struct thread *suspended = suspended_thread(report), *victim = suspended_victim(report);
    char where[256], there[256], missing[700], wait[96] = "";

    if (suspended == NULL || victim == NULL) {
        snprintf(out, size, "a thread that was suspended kept one of another process waiting: %s",
                 report->result->stop.message);
        return;
    }
    driver_frame(suspended, where, sizeof(where));
    driver_frame(victim, there, sizeof(there));
    suspended_missing(report, missing, sizeof(missing));
    if (victim->waits != 0) {
        snprintf(wait, sizeof(wait), " for %s 0x%lx", wait_kind(victim->wait[0].kind),
                 victim->wait[0].object);
    }
    snprintf(out, size,
             "suspend denial of service: thread %04lx.%04lx of %s, an unprivileged process, is "
             "suspended inside a "
             "system service in %s, and as long as it is, thread %04lx.%04lx of %s cannot go on: "
             "it waits%s in %s. "
             "When the first is resumed, %s, and the other goes on. Missing: %s",
             suspended->pid, suspended->tid, suspended->name, where, victim->pid, victim->tid,
             victim->name, wait, there, report->result->stop.message, missing);
}
