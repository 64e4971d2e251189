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

    say(words, "%s%u. Hold ", number > 1 ? " " : "", number);
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
    for (size_t i = 0; i < story->holds; i++) {
        say_hold(&words, story, &story->hold[i], ++holds);
    }
    if (holds != 0) {
        say(&words, " Otherwise each thread runs until it waits or ends.");
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
