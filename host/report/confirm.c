/*
 * confirm.c - how to see a finding on Windows: which thread to hold where, and how long, in words.
 *
 * A schedule departs from "each thread runs until it waits" only where a thread is preempted. There a
 * debugger holds it (a breakpoint and ~f), until the others have done what the schedule lets them do.
 */
#include <stdarg.h>
#include <string.h>
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

/* The last step before `end` that another agent than the one that is held makes, if it is shown. */
static size_t
last_of_others(const struct story *story, size_t from, size_t end, size_t held)
{
    size_t found = story->steps;

    for (size_t i = from; i < end && i < story->steps; i++) {
        if (story->step[i].agent != held && story->step[i].shown) {
            found = i;
        }
    }
    return found;
}

static void
say_time(struct words *words, uint64_t time_100ns)
{
    if (time_100ns >= 10000000) {
        say(words, "%.1f s", (double)time_100ns / 1e7);
    } else if (time_100ns >= 10000) {
        say(words, "%.1f ms", (double)time_100ns / 1e4);
    } else {
        say(words, "%.1f us", (double)time_100ns / 10);
    }
}

static void
say_hold(struct words *words, const struct story *story, size_t index, unsigned number)
{
    size_t held = story_before(story, index), resumes, last;
    uint64_t from = story->step[index].time_100ns, until;

    if (held == STORY_AGENTS) {
        return;
    }
    resumes = story_next(story, index, held);
    last = last_of_others(story, index, resumes, held);
    say(words, "%s%u. Hold ", number > 1 ? " " : "", number);
    say_thread(words, story, held);
    if (resumes < story->steps) {
        say(words, " before it %s%s", story->step[resumes].calls ? "calls " : "",
            story->step[resumes].what);
        say_where(words, &story->step[resumes]);
    } else {
        say(words, " there");
    }
    say(words, ", until ");
    if (last < story->steps) {
        say_thread(words, story, story->step[last].agent);
        if (story->step[last].calls) {
            say(words, story->step[last].blocks ? " waits in %s" : " has called %s",
                story->step[last].what);
            say_where(words, &story->step[last]);
        } else {
            say(words, " is past %s, where it %s", story->step[last].where, story->step[last].what);
        }
    } else {
        say_thread(words, story, story->step[index].agent);
        say(words, " has gone on");
    }
    until = resumes < story->steps ? story->step[resumes].time_100ns
                                   : story->step[story->steps - 1].time_100ns;
    if (until > from) {
        say(words, " (for at least ");
        say_time(words, until - from);
        say(words, ": a delay or a priority does not exclude that, it only makes it rare)");
    }
    say(words, ".");
}

/*
 * The longest time for which a thread could have gone on, and did not, where nobody preempts it: before its
 * first step, or between two. Its number among the steps; story->steps: there is none.
 */
static size_t
longest_hold(const struct story *story, size_t agent, uint64_t *time)
{
    const struct story_agent *who = &story->agent[agent];
    uint64_t since = who->born_100ns;
    bool could = who->born;
    size_t found = story->steps;

    *time = 0;
    for (size_t i = 0; i < story->steps; i++) {
        const struct story_step *step = &story->step[i];

        if (step->preempts && story_before(story, i) == agent) {
            could = false; /* say_hold does */
        }
        if (step->agent != agent) {
            continue;
        }
        if (could && step->time_100ns > since + *time) {
            *time = step->time_100ns - since;
            found = i;
        }
        since = step->time_100ns;
        could = !step->blocks && !step->times_out && step->op != SP_DELAY && step->op != SP_WAIT;
    }
    return found;
}

/* Threads that did nothing while time passed. */
static unsigned
say_late_starts(struct words *words, const struct story *story, unsigned number)
{
    for (size_t i = 0; i < story->agents; i++) {
        uint64_t time;
        size_t step = longest_hold(story, i, &time);

        if (step == story->steps || story->agent[i].letter == 0) {
            continue;
        }
        say(words, "%s%u. Hold ", number > 0 ? " " : "", number + 1);
        number++;
        say_thread(words, story, i);
        if (step == story_next(story, 0, i) || story->step[step].what[0] == 0) {
            say(words, " before its first instruction for at least ");
        } else {
            say(words, " before it %s%s", story->step[step].calls ? "calls " : "",
                story->step[step].what);
            say_where(words, &story->step[step]);
            say(words, " for at least ");
        }
        say_time(words, time);
        say(words, " (so long the others sleep).");
    }
    return number;
}

bool
story_confirm(const struct report *report, char *out, size_t size)
{
    const struct story *story = report->story;
    struct words words = {out, size, 0};
    unsigned holds = 0;
    size_t last = STORY_AGENTS;

    *out = 0;
    if (story == NULL || story->shown == 0) {
        return false;
    }
    if (strcmp(report->kind, "livelock") == 0) {
        say(&words, "Let the threads go on at the same speed, one operation each.");
        return true;
    }
    for (size_t i = 0; i < story->steps; i++) {
        if (story->step[i].preempts) {
            say_hold(&words, story, i, ++holds);
        }
    }
    holds = say_late_starts(&words, story, holds);
    if (holds != 0) {
        say(&words, " Threads run on otherwise until they wait.");
        return true;
    }
    say(&words, "No thread needs to be held inside a step: let them run, each until it waits or "
                "ends, in the order");
    for (size_t i = 0; i < story->steps; i++) {
        if (story->step[i].shown && story->step[i].agent != last) {
            say(&words, "%s ", last == STORY_AGENTS ? "" : ",");
            last = story->step[i].agent;
            say(&words, "%c", story->agent[last].letter);
        }
    }
    say(&words, ".");
    return true;
}
