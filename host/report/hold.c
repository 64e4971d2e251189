/*
 * hold.c - which threads are held up on the way to a finding: where, from when till when, until whose step.
 *
 * A schedule departs from "everybody goes on as soon as he can" in three ways, and each of them is something that a
 * scheduler may do to a thread, however long it sleeps elsewhere and whatever its priority is:
 *     preempted   it could have made its next step, and others made theirs first
 *     late        virtual time passed (somebody's delay or time-out came) while it could go on
 *     overtaken   it has not begun, and a thread that was created later is past it
 *
 *   L1  Who waits for something is not held up: a gap that ends in an acquire or a wait does not count, for nobody
 *       has kept whether it could go on meanwhile.
 *   L2  One entry for each place: a preemption says all that a late thread would.
 */
#include "host/report/story.h"
#include <stdio.h>
#include <string.h>

static bool
waits(const struct story_step *step)
{
    switch (step->op) {
    case SP_WAIT:
    case SP_DELAY:
    case SP_ACQUIRE_LOCK:
    case SP_ACQUIRE_SHARED:
    case SP_ACQUIRE_SPINLOCK:
    case SP_REMOVE_QUEUE:
        return true;
    }
    return false;
}

/* The last shown step of somebody else before `end`; story->steps: there is none. */
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
add(struct story *story, struct story_hold hold)
{
    if (story->holds == STORY_HOLDS) {
        return;
    }
    hold.until = last_of_others(story, hold.from, hold.resumes, hold.agent);
    hold.until_100ns =
        story->step[hold.resumes < story->steps ? hold.resumes : story->steps - 1].time_100ns;
    story->hold[story->holds++] = hold;
}

static void
find_preempted(struct story *story)
{
    for (size_t i = 0; i < story->steps; i++) {
        size_t held = story->step[i].preempts ? story_before(story, i) : STORY_NOBODY;

        if (held != STORY_NOBODY) {
            add(story, (struct story_hold){.agent = held,
                                           .from = i,
                                           .resumes = story_next(story, i, held),
                                           .preempted = true,
                                           .from_100ns = story->step[i].time_100ns});
        }
    }
}

/* The longest time for which it could have gone on, and did not, where nobody preempts it. */
static void
find_late(struct story *story, size_t agent)
{
    const struct story_agent *who = &story->agent[agent];
    struct story_hold longest = {0};
    uint64_t since = who->born_100ns;
    bool could = who->fresh, first = true;
    size_t from = 0;

    for (size_t i = 0; i < story->steps; i++) {
        const struct story_step *step = &story->step[i];

        if (step->preempts && story_before(story, i) == agent) {
            could = false; /* L2 */
        }
        if (step->agent != agent) {
            continue;
        }
        if (could && !waits(step) &&
            step->time_100ns - since > longest.until_100ns - longest.from_100ns) {
            longest = (struct story_hold){.agent = agent,
                                          .from = from,
                                          .resumes = i,
                                          .first = first,
                                          .from_100ns = since,
                                          .until_100ns = step->time_100ns};
        }
        since = step->time_100ns;
        from = i + 1;
        first = false;
        could = !step->blocks && !step->times_out && step->op != SP_DELAY;
    }
    if (longest.until_100ns > longest.from_100ns) {
        longest.resumes = longest.first || story->step[longest.resumes].site == NULL
                              ? story_next(story, longest.resumes, agent)
                              : longest.resumes;
        add(story, longest);
    }
}

static bool
is_held(const struct story *story, size_t agent)
{
    for (size_t i = 0; i < story->holds; i++) {
        if (story->hold[i].agent == agent) {
            return true;
        }
    }
    return false;
}

static size_t
first_shown(const struct story *story, size_t agent, size_t from)
{
    for (size_t i = from; i < story->steps; i++) {
        if (story->step[i].agent == agent && story->step[i].shown) {
            return i;
        }
    }
    return from;
}

/* Somebody who was created later has used, before `agent` began, what it uses. */
static void
find_overtaken(struct story *story, size_t agent)
{
    size_t first = story_next(story, 0, agent);

    if (!story->agent[agent].fresh || story->agent[agent].born_at == 0 || first == story->steps) {
        return;
    }
    for (size_t i = first; i < story->steps; i++) {
        if (story->step[i].agent != agent || !story->step[i].shown ||
            story->step[i].op == SP_WAIT) { /* who comes later waits as long */
            continue;
        }
        for (size_t j = 0; j < first; j++) {
            if (story->step[j].shown && story->step[j].object == story->step[i].object &&
                story->agent[story->step[j].agent].born_at > story->agent[agent].born_at) {
                add(story, (struct story_hold){.agent = agent,
                                               .resumes = first_shown(story, agent, first),
                                               .first = true,
                                               .overtaken = true,
                                               .from_100ns = story->agent[agent].born_100ns});
                return;
            }
        }
    }
}

void
story_find_holds(const struct report *report)
{
    struct story *story = report->story;

    story->holds = 0;
    if (strcmp(report->kind, "livelock") == 0) {
        return; /* who goes on in turns is held up by nobody */
    }
    find_preempted(story);
    for (size_t i = 0; i < story->agents; i++) {
        if (story->agent[i].letter != 0) {
            find_late(story, i);
        }
    }
    for (size_t i = 0; i < story->agents; i++) {
        if (story->agent[i].letter != 0 && !is_held(story, i)) {
            find_overtaken(story, i);
        }
    }
}

void
story_seconds(uint64_t time_100ns, char *out, size_t size)
{
    if (time_100ns == 0) {
        snprintf(out, size, "0 s");
    } else if (time_100ns >= 10000000) {
        snprintf(out, size, "%.1f s", (double)time_100ns / 1e7);
    } else if (time_100ns >= 10000) {
        snprintf(out, size, "%.1f ms", (double)time_100ns / 1e4);
    } else {
        snprintf(out, size, "%.1f us", (double)time_100ns / 10);
    }
}
