/*
 * confirm.c - how to see a finding on Windows: which thread to hold where, and how long, in words.
 *
 * A schedule departs from "each thread runs until it waits" only where a thread is preempted. There a
 * debugger holds it (a breakpoint and ~f), until the others have done what the schedule lets them do.
 * Where there is no schedule, what shows it is the same programs, Driver Verifier, or a suspension.
 *
 * Behind it stands the sentence of Microsoft's that makes it possible: pages of learn.microsoft.com, as of 2025.
 */
#include <stdarg.h>
#include <string.h>
#include "host/report/rules.h"
#include "host/report/story.h"

struct words {
    char *out;
    size_t size, used;
};

[[gnu::format(printf, 2, 3)]] static void
say(struct words *words, const char *format, ...)
{
    va_list arguments;
    int length;

    va_start(arguments, format);
    length = vsnprintf(words->out + words->used, words->size - words->used, format, arguments);
    va_end(arguments);
    if (length > 0) {
        words->used += (size_t)length < words->size - words->used ? (size_t)length
                                                                  : words->size - words->used - 1;
    }
}

static void
say_thread(struct words *words, const struct story *story, size_t agent)
{
    const struct story_agent *who = &story->agent[agent];

    if (who->letter != 0) {
        say(words, "thread %c", who->letter);
    } else {
        say(words, "thread %04lx.%04lx", who->pid, who->tid);
    }
    if (who->start != NULL && who->start->sources != 0 && who->start->source[0].symbol != NULL) {
        say(words, " (%s)", who->start->source[who->start->sources - 1].symbol);
    }
}

static void
say_where(struct words *words, const struct story_step *step)
{
    if (step->where[0] != 0) {
        say(words, " at %s", step->where);
    }
}

/* "until thread B has called KeSetEvent(..) at .." */
static void
say_until(struct words *words, const struct story *story, const struct story_hold *hold)
{
    const struct story_step *last;

    say(words, ", until ");
    if (hold->until == story->steps) {
        say_thread(words, story, story->step[hold->from].agent);
        say(words, " has gone on");
        return;
    }
    last = &story->step[hold->until];
    say_thread(words, story, last->agent);
    if (last->calls) {
        say(words, last->blocks ? " waits in %s" : " has called %s", last->what);
        say_where(words, last);
    } else {
        say(words, " is past %s, where it %s", last->where, last->what);
    }
}

static void
say_hold(struct words *words, const struct story *story, const struct story_hold *hold,
         unsigned number)
{
    uint64_t held = hold->until_100ns > hold->from_100ns ? hold->until_100ns - hold->from_100ns : 0;
    char time[3][32];

    say(words, "%s%u. Hold ", number > 1 ? "\n" : "", number);
    say_thread(words, story, hold->agent);
    if (hold->first) {
        say(words, " before its first step");
        if (hold->resumes < story->steps) {
            say(words, ", %s%s", story->step[hold->resumes].calls ? "" : "where it ",
                story->step[hold->resumes].what);
            say_where(words, &story->step[hold->resumes]);
        }
    } else if (hold->resumes < story->steps) {
        say(words, " before it %s%s", story->step[hold->resumes].calls ? "calls " : "",
            story->step[hold->resumes].what);
        say_where(words, &story->step[hold->resumes]);
    } else {
        say(words, " there");
    }
    say_until(words, story, hold);
    if (held != 0) {
        story_seconds(held, time[0], sizeof(time[0]));
        story_seconds(hold->from_100ns - story->begins_100ns, time[1], sizeof(time[1]));
        story_seconds(hold->until_100ns - story->begins_100ns, time[2], sizeof(time[2]));
        say(words,
            " (for at least %s of virtual time, from %s to %s: a delay or a priority does not "
            "exclude that, it only makes it rare)",
            time[0], time[1], time[2]);
    } else if (story->priorities) {
        say(words,
            " (a priority does not exclude that: the other one can run on another processor)");
    }
    say(words, ".");
}

static void
say_schedule(struct words *words, const struct report *report)
{
    const struct story *story = report->story;
    unsigned holds = 0;
    size_t last = STORY_NOBODY;

    if (strcmp(report->kind, "livelock") == 0) {
        say(words, "Let the threads go on at the same speed, one operation each.");
        return;
    }
    for (size_t i = 0; i < story->holds; i++) {
        say_hold(words, story, &story->hold[i], ++holds);
    }
    if (holds != 0) {
        say(words, "\nOtherwise each thread runs until it waits or ends.");
        return;
    }
    say(words, "No thread needs to be held inside a step: let them run, each until it waits or "
               "ends, in the order");
    for (size_t i = 0; i < story->steps; i++) {
        if (story->step[i].shown && story->step[i].agent != last) {
            say(words, "%s ", last == STORY_NOBODY ? "" : ",");
            last = story->step[i].agent;
            say(words, "%c", story->agent[last].letter);
        }
    }
    say(words, ".");
}

/* " at foo.sys!FooRead (foo.c:12)" of the innermost frame of a driver. */
static void
say_driver_frame(struct words *words, const struct thread *thread)
{
    char name[256];

    for (size_t i = 0; i < thread->frames; i++) {
        const struct place *place = thread->frame[i].place;

        if (place->origin == ORIGIN_DRIVER) {
            place_name(place, name, sizeof(name));
            say(words, " at %s", name);
            if (place_source(place) != NULL) {
                say(words, " (%s:%u)", place_source(place)->file, place_source(place)->line);
            }
            return;
        }
    }
}

static void
say_suspension(struct words *words, const struct report *report)
{
    const struct thread *suspended = suspended_thread(report), *victim = suspended_victim(report);

    if (suspended == NULL || victim == NULL) {
        say(words, "Suspend the first thread inside the driver (SuspendThread), then let the other "
                   "process use the device.");
        return;
    }
    say(words, "Hold thread %04lx.%04lx of %s", suspended->pid, suspended->tid, suspended->name);
    say_driver_frame(words, suspended);
    say(words,
        " (a breakpoint), call SuspendThread for it from its own process, let it go on, and let "
        "thread %04lx.%04lx of %s do its request: it waits",
        victim->pid, victim->tid, victim->name);
    say_driver_frame(words, victim);
    say(words, " until somebody calls ResumeThread.");
}

/* Without a schedule. */
static void
say_run(struct words *words, const struct report *report)
{
    bool waits = strcmp(report->kind, "hang") == 0 || strcmp(report->kind, "deadlock") == 0 ||
                 strcmp(report->kind, "livelock") == 0;
    size_t stuck = 0;

    while (stuck < report->threads && !report->thread[stuck].in_driver) {
        stuck++;
    }
    say(words,
        "Run the same programs with the same arguments: no thread has to be held up for it.");
    if (waits) {
        say(words, " Then break in with a kernel debugger: `!process 0 7` (`!locks` for resources) "
                   "shows who waits where");
        if (stuck < report->threads) {
            say(words, ", thread %04lx.%04lx of %s", report->thread[stuck].pid,
                report->thread[stuck].tid, report->thread[stuck].name);
            say_driver_frame(words, &report->thread[stuck]);
        }
        say(words, ".");
    } else if (report->result->end == RUN_STOPPED && report->result->stop.verdict == ABI_BUGCHECK) {
        say(words, " `!analyze -v` of the dump names the same bug check and function.");
    }
}

static bool
has_step(const struct story *story, uint16_t op)
{
    for (size_t i = 0; story != NULL && i < story->steps; i++) {
        if (story->step[i].shown && story->step[i].op == op) {
            return true;
        }
    }
    return false;
}

/* What makes it possible, in Microsoft's words. */
static void
say_documented(struct words *words, const struct report *report)
{
    const struct story *story = report->story;
    const struct violation *broken = rule_broken(report);

    if (strcmp(report->kind, "suspend-dos") == 0 || has_step(story, SP_SUSPEND) ||
        (broken != NULL && strcmp(broken->rule->name, "WithinCriticalRegion") == 0)) {
        say(words, "\nDocumented: entering a critical region \"ensures that the routine can't be "
                   "suspended "
                   "while running and thus block other file I/O requests\" (FsRtlEnterFileSystem); "
                   "outside of one it can.");
    }
    if (has_step(story, SP_IRP_CANCEL) || has_step(story, SP_TERMINATE)) {
        say(words,
            "\nDocumented: \"The system cancels unprocessed IRPs if the thread that initiated "
            "the I/O request exits\" (Canceling IRPs); CancelIoEx does it at any time.");
    }
    if (story != NULL && story->shown != 0 && story->holds != 0) {
        say(words,
            "\nDocumented: \"If a higher-priority thread becomes available to run, the system "
            "ceases to execute the lower-priority thread (without allowing it to finish "
            "using its time slice)\" (Scheduling Priorities); on another processor threads "
            "run at the same time anyway.");
    }
}

void
report_confirm(const struct report *report, char *out, size_t size)
{
    struct words words = {out, size, 0};

    *out = 0;
    if (strcmp(report->kind, "suspend-dos") == 0) {
        say_suspension(&words, report);
    } else if (report->story != NULL && report->story->shown != 0) {
        say_schedule(&words, report);
    } else if (rule_broken(report) != NULL) {
        rule_confirm(rule_broken(report)->rule, out, size);
        words.used = strlen(out);
        say(&words, ".");
    } else {
        say_run(&words, report);
    }
    say_documented(&words, report);
}
