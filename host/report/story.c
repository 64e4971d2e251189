/*
 * story.c - from the recorded steps of a replay to those that a reader needs.
 *
 * The replay of a finding records each step (nt/ke/record.c). Of hundreds only a few matter: the causal
 * slice, which is
 *     the last step of each thread that hangs, or the last one before the crash;
 *     of what is before: steps on objects that several threads use, one of them changing it; of a
 *     deadlock only those on what is waited for;
 *     each step at which the schedule departs from running threads one after the other.
 * What threads do on the way that is theirs alone (handles, references, system services) is left out.
 */
#include "host/report/story.h"
#include <stdlib.h>
#include <string.h>
#include "host/trace/trace.h"

#define MAX_RECORDS 100000 /* the last ones */
#define MAX_SHOWN   48
#define MAX_CIRCLE  16 /* of threads that go round in circles */

static bool
is_step(const struct abi_record *record)
{
    return record->kind > SP_NONE && record->kind < SP_LAST;
}

static size_t
agent_of(struct story *story, uint32_t name)
{
    for (size_t i = 0; i < story->agents; i++) {
        if (story->agent[i].name == name) {
            return i;
        }
    }
    story->agent = report_grow(story->agent, &story->agents, sizeof(*story->agent));
    story->agent[story->agents - 1] = (struct story_agent){.name = name};
    return story->agents - 1;
}

static struct place *
code_place(struct report *report, uint64_t address)
{
    return address == 0 ? NULL : place_of(report, address, true);
}

/* Instrumented code calls for each access, so its address is one of a return; the loader's points are at the instruction itself. */
static struct place *
access_place(struct report *report, struct story *story, uint64_t address)
{
    struct place *after;
    char name[64];
    size_t i = 0;

    if (address == 0) {
        return NULL;
    }
    while (i < story->accesses && story->access[i].address != address) {
        i++;
    }
    if (i == story->accesses) {
        story->access = report_grow(story->access, &story->accesses, sizeof(*story->access));
        after = place_of(report, address, true);
        story->access[i].address = address;
        story->access[i].site =
            imported_name(report, after, name, sizeof(name)) && strncmp(name, "__tsan_", 7) == 0
                ? after
                : place_of(report, address, false);
    }
    return story->access[i].site;
}

static void
read_step(struct report *report, struct story *story, const struct abi_record *record, uint64_t at)
{
    size_t agent = agent_of(story, record->agent);
    struct story_step *step;
    uint64_t how = record->arg[0] >> ABI_STEP_SHIFT;

    story->step = report_grow(story->step, &story->steps, sizeof(*story->step));
    step = &story->step[story->steps - 1];
    *step = (struct story_step){.agent = agent,
                                .op = record->kind,
                                .at = at,
                                .irql = record->irql,
                                .object = record->object,
                                .time_100ns = record->time_100ns};
    if (is_step(record)) {
        step->choice = (uint32_t)record->arg[0];
        step->preempts = (how & ABI_STEP_PREEMPTS) != 0;
        step->is_free = (how & ABI_STEP_FREE) != 0;
        step->blocks = (record->arg[3] & ABI_STEP_BLOCKS) != 0;
        step->times_out = (record->arg[3] & ABI_STEP_TIMES_OUT) != 0;
        step->site = step->op == SP_MEMORY_READ || step->op == SP_MEMORY_WRITE
                         ? access_place(report, story, record->caller)
                         : code_place(report, record->caller);
        step->callee = code_place(report, record->arg[1]);
        story->priorities |= step->op == SP_SET_PRIORITY && step->site != NULL;
        return;
    }
    step->argument[0] = record->arg[0];
    step->argument[1] = record->arg[1];
    if (record->kind == EV_DRIVER_CALL) {
        step->callee = record->arg[3] != 0 ? place_of(report, record->arg[3], false) : NULL;
    } else if (record->kind == EV_DPC_RUN || record->kind == EV_APC_RUN) {
        step->callee = record->arg[0] != 0 ? place_of(report, record->arg[0], false) : NULL;
    }
}

/* The thread that is born may have been a story's agent already: the same name in another run. */
static void
read_birth(struct report *report, struct story *story, const struct abi_record *record, uint64_t at)
{
    size_t agent = agent_of(story, (uint32_t)record->arg[1]);

    story->agent[agent].object = record->object;
    story->agent[agent].start =
        record->arg[0] != 0 ? place_of(report, record->arg[0], false) : NULL;
    story->agent[agent].tid = record->arg[2];
    story->agent[agent].pid = record->arg[3];
    story->agent[agent].fresh = true;
    story->agent[agent].born_at = at + 1;
    story->agent[agent].born_100ns = record->time_100ns;
}

/* Something that an agent has done before the story. */
static void
note_done(struct story *story, const struct abi_record *record)
{
    for (size_t i = 0; i < story->agents; i++) {
        if (story->agent[i].name == record->agent && record->kind != EV_SWITCH) {
            story->agent[i].fresh = false;
        }
    }
}

static void
read_pool(struct report *report, struct story *story, const struct abi_record *record)
{
    struct pool_block *block = NULL;

    for (size_t i = 0; i < story->blocks && block == NULL; i++) {
        block = story->block[i].address == record->object ? &story->block[i] : NULL;
    }
    if (block == NULL) {
        story->block = report_grow(story->block, &story->blocks, sizeof(*story->block));
        block = &story->block[story->blocks - 1];
    }
    *block = (struct pool_block){record->object, record->arg[0], record->arg[1],
                                 code_place(report, record->arg[3])};
}

struct story *
story_read(struct report *report)
{
    int memory = report->result->memory;
    struct story *story;
    struct abi_record record;
    uint64_t first, end, start;
    bool begun = false;

    if (report->request->explore == NULL || !report->request->explore->replay || memory < 0 ||
        !trace_extent(memory, &first, &end)) {
        return NULL;
    }
    story = calloc(1, sizeof(*story));
    if (story == NULL) {
        abort();
    }
    /* A run in which nothing was chosen: its end tells. */
    begun = report->request->explore->schedule_length == 0;
    start = end - first > MAX_RECORDS ? end - MAX_RECORDS : first;
    story->skipped = start - first;
    for (uint64_t i = start; i < end && trace_read(memory, i, &record); i++) {
        bool choice = is_step(&record) && record.arg[0] != 0;

        if (choice && !begun) {
            begun = true;
            free(story->step); /* what came before the first choice is the same in every run */
            story->step = NULL;
            story->steps = 0;
            story->begins_100ns = record.time_100ns;
        }
        if (record.kind == EV_THREAD_CREATE) {
            read_birth(report, story, &record, i);
        } else if (record.kind == EV_POOL_ALLOC && (record.arg[2] & 1) == 0) {
            read_pool(report, story, &record);
        } else if (!begun) {
            note_done(story, &record);
        }
        if (begun &&
            (is_step(&record) || record.kind == EV_DRIVER_CALL || record.kind == EV_IRP_COMPLETE ||
             record.kind == EV_DPC_RUN || record.kind == EV_APC_RUN)) {
            read_step(report, story, &record, i);
        }
    }
    if (story->steps == 0) {
        story_free(story);
        return NULL;
    }
    return story;
}

void
story_free(struct story *story)
{
    if (story != NULL) {
        free(story->agent);
        free(story->step);
        free(story->block);
        free(story->access);
        free(story);
        objects_forget();
    }
}

/* ---- what matters ---- */

/* Steps that say nothing about how threads meet. */
static bool
is_private(uint16_t op)
{
    switch (op) {
    case SP_NONE:
    case SP_SYSTEM_SERVICE:
    case SP_SET_PRIORITY:
    case SP_QUERY_TIME:
    case SP_OBJECT:
    case SP_HANDLE:
    case SP_LOOKUP:
    case SP_REFERENCE:
    case SP_REGISTRY:
    case SP_CREATE_THREAD:
    case SP_EXIT_THREAD:
    case SP_YIELD:
    case SP_POOL:
    case SP_CLAIM_LOCK:
        return true;
    }
    return op >= EV_BOOT;
}

static bool
only_reads(const struct story_step *step)
{
    return step->op == SP_MEMORY_READ || step->op == SP_READ_STATE;
}

static bool
is_thread(const struct story *story, uint64_t object)
{
    for (size_t i = 0; i < story->agents; i++) {
        if (story->agent[i].object == object && object != 0) {
            return true;
        }
    }
    return false;
}

/* The last step of a thread that hangs; what a lock is made of waits behind the lock. */
static bool
hangs_at(const struct story *story, size_t index)
{
    const struct story_step *step = &story->step[index];

    if (!step->blocks || step->site == NULL) {
        return false;
    }
    for (size_t i = index; i-- > 0;) {
        if (story->step[i].agent == step->agent) {
            return !(story->step[i].blocks && story->step[i].site == step->site);
        }
    }
    return true;
}

struct use {
    uint64_t object;
    size_t step;
};

static int
by_object(const void *left, const void *right)
{
    const struct use *a = left, *b = right;

    return (a->object > b->object) - (a->object < b->object);
}

/* What the steps at one object have in common. */
static void
judge_object(struct story *story, const struct use *use, size_t count)
{
    size_t user = STORY_NOBODY;
    bool several = false, changed = false, awaited = false;

    for (size_t i = 0; i < count; i++) {
        const struct story_step *step = &story->step[use[i].step];

        awaited = awaited || hangs_at(story, use[i].step);
        if (is_private(step->op)) {
            continue;
        }
        several = several || (user != STORY_NOBODY && user != step->agent);
        user = step->agent;
        changed = changed || !only_reads(step);
    }
    for (size_t i = 0; i < count; i++) {
        struct story_step *step = &story->step[use[i].step];

        if (step->op != SP_CLAIM_LOCK) { /* the same call, which shows behind it */
            step->shared = several && changed;
            step->awaited = awaited;
        }
    }
}

static void
judge_objects(struct story *story)
{
    struct use *use = calloc(story->steps + 1, sizeof(*use));
    size_t end;

    if (use == NULL) {
        abort();
    }
    for (size_t i = 0; i < story->steps; i++) {
        use[i] = (struct use){.object = story->step[i].object, .step = i};
    }
    qsort(use, story->steps, sizeof(*use), by_object);
    for (size_t i = 0; i < story->steps; i = end) {
        for (end = i; end < story->steps && use[end].object == use[i].object; end++) {
        }
        judge_object(story, use + i, end - i);
    }
    free(use);
}

static void
mark_hanging(struct story *story)
{
    size_t count = 0;

    for (size_t i = 0; i < story->steps; i++) {
        story->step[i].shown = hangs_at(story, i) && !is_thread(story, story->step[i].object);
        count += story->step[i].shown;
    }
    for (size_t i = 0; i < story->steps && count == 0; i++) {
        story->step[i].shown = hangs_at(story, i);
    }
}

/* A listing that nobody reads explains nothing. */
static void
shorten(struct story *story, size_t most)
{
    size_t count = 0;

    for (size_t i = story->steps; i-- > 0;) {
        struct story_step *step = &story->step[i];

        if (step->shown && ++count > most && !step->preempts) {
            step->shown = false;
        }
    }
}

/* A thread that goes round and round beside a hang: of steps that are the same, with nothing shown between them, the first one. */
static void
fold(struct story *story)
{
    struct story_step *first = NULL;

    for (size_t i = 0; i < story->steps; i++) {
        struct story_step *step = &story->step[i];

        if (!step->shown) {
            continue;
        }
        if (first != NULL && step->agent == first->agent && step->op == first->op &&
            step->object == first->object && step->site == first->site && !step->preempts &&
            step->times_out == first->times_out) {
            step->shown = false;
            first->again++;
        } else {
            first = step;
        }
    }
}

/* What somebody sleeps for explains nothing unless he does something that matters. */
static void
mark_delays(struct story *story)
{
    bool *matters = calloc(story->agents, sizeof(*matters));

    if (matters == NULL) {
        abort();
    }
    for (size_t i = 0; i < story->steps; i++) {
        matters[story->step[i].agent] |= story->step[i].shown;
    }
    for (size_t i = 0; i < story->steps; i++) {
        struct story_step *step = &story->step[i];

        step->shown |= step->op == SP_DELAY && step->site != NULL && matters[step->agent];
    }
    free(matters);
}

/* Of a use after free: who has freed the block, and the use, which is the last step. */
static void
mark_freed(struct report *report)
{
    const struct abi_stop *stop = &report->result->stop;
    struct story *story = report->story;
    size_t last = story->steps;

    if (stop->verdict != ABI_RACE || stop->code == 0) {
        return;
    }
    while (last-- > 0 && story->step[last].site == NULL) {
    }
    for (size_t i = 0; i < story->steps; i++) {
        struct story_step *step = &story->step[i];

        step->shown |=
            i == last || (step->op == SP_POOL_FREE && step->object == stop->parameter[0]);
    }
}

/*
 * Of a suspend denial of service: who takes what the other one then waits for, where the suspension comes, the wait, and the
 * first step that lets the other one go on. The environment's suspension is no step; the APC that carries it out is.
 */
static void
mark_suspended(struct report *report)
{
    struct story *story = report->story;
    size_t wait = story->steps, apc = story->steps, agent[2] = {STORY_NOBODY, STORY_NOBODY};
    bool released = false;

    for (size_t i = 0; i < story->agents; i++) {
        for (size_t j = 0; j < 2; j++) {
            if (story->agent[i].object == report->result->stop.parameter[j]) {
                agent[j] = i;
            }
        }
    }
    for (size_t i = 0; i < story->steps; i++) {
        if (story->step[i].agent == agent[1] && hangs_at(story, i)) {
            wait = i;
        }
    }
    for (size_t i = 0; i < wait && wait < story->steps; i++) {
        if (story->step[i].agent == agent[0] &&
            (story->step[i].op == EV_APC_RUN || story->step[i].op == SP_DELIVER_APC)) {
            apc = i;
        }
    }
    if (apc == story->steps) {
        return;
    }
    for (size_t i = 0; i < story->steps; i++) {
        struct story_step *step = &story->step[i];
        bool of_lock = step->site != NULL && step->op != SP_CLAIM_LOCK &&
                       step->object == story->step[wait].object && step->agent == agent[0] &&
                       !released;

        step->suspends = i == apc;
        step->shown = i == wait || i == apc || of_lock;
        released |= of_lock && i > wait;
    }
}

static void
mark(struct report *report)
{
    struct story *story = report->story;
    bool memory = false;

    story->hangs = strcmp(report->kind, "hang") == 0 || strcmp(report->kind, "deadlock") == 0;
    judge_objects(story);
    if (story->hangs) {
        mark_hanging(story);
    }
    for (size_t i = 0; i < story->steps; i++) {
        memory = memory ||
                 ((story->step[i].op == SP_MEMORY_READ || story->step[i].op == SP_MEMORY_WRITE) &&
                  story->step[i].shared);
    }
    for (size_t i = 0; i < story->steps; i++) {
        struct story_step *step = &story->step[i];

        if (is_private(step->op) || step->site == NULL || step->blocks || step->object == 0 ||
            is_thread(story, step->object)) {
            continue;
        }
        if (story->hangs && !memory) {
            step->shown = step->awaited;
        } else {
            step->shown = step->shared;
        }
    }
    mark_freed(report);
    if (strcmp(report->kind, "suspend-dos") == 0) {
        mark_suspended(report);
        return;
    }
    mark_delays(story);
    for (size_t i = 0; i < story->steps; i++) {
        if (story->step[i].times_out && story->step[i].site != NULL) {
            story->step[i].shown = true;
        }
    }
    if (strcmp(report->kind, "livelock") != 0) {
        fold(story);
    }
    shorten(story, strcmp(report->kind, "livelock") == 0 ? MAX_CIRCLE : MAX_SHOWN);
}

/* The next step of an agent that a driver made; steps: there is none. */
size_t
story_next(const struct story *story, size_t from, size_t agent)
{
    for (size_t i = from; i < story->steps; i++) {
        if (story->step[i].agent == agent && story->step[i].site != NULL &&
            story->step[i].op < EV_BOOT) {
            return i;
        }
    }
    return story->steps;
}

/* Who was stepping before step `index`; STORY_NOBODY: nobody. */
size_t
story_before(const struct story *story, size_t index)
{
    size_t agent = story->step[index].agent;

    for (size_t i = index; i-- > 0;) {
        if (story->step[i].agent != agent) {
            return story->step[i].agent;
        }
    }
    return STORY_NOBODY;
}

/* ---- words ---- */

static const char *
verb(const struct story_step *step)
{
    switch (step->op) {
    case SP_MEMORY_READ:
        return "reads";
    case SP_MEMORY_WRITE:
        return "writes";
    case SP_INTERLOCKED:
        return "changes";
    case SP_WAIT:
        return "waits for";
    case SP_SET_EVENT:
        return "sets";
    case SP_RESET_EVENT:
        return "resets";
    case SP_PULSE_EVENT:
        return "pulses";
    case SP_RELEASE_SEMAPHORE:
    case SP_RELEASE_MUTANT:
    case SP_RELEASE_SPINLOCK:
    case SP_RELEASE_LOCK:
        return "releases";
    case SP_ACQUIRE_SPINLOCK:
    case SP_ACQUIRE_LOCK:
        return "acquires";
    case SP_DELAY:
        return "sleeps";
    case SP_READ_STATE:
        return "looks at";
    case SP_QUEUE_APC:
        return "queues an APC to";
    case SP_QUEUE_DPC:
        return "queues";
    case SP_SUSPEND:
        return "suspends";
    case SP_RESUME:
        return "resumes";
    case SP_SET_TIMER:
        return "sets";
    case SP_CANCEL_TIMER:
        return "cancels";
    }
    return "uses";
}

static const char *
function_of(const struct place *place)
{
    return place == NULL || place->sources == 0 ? NULL : place->source[place->sources - 1].symbol;
}

/* A routine that a driver cannot have called: an exported one has gone on to it. */
static bool
is_internal(const char *function)
{
    static const char *const prefixes[] = {"__tsan", "Exp", "Ki",  "Iop", "Psp",
                                           "Obp",    "Mi",  "Cmp", "Sep", "Rtlp"};

    for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++) {
        if (strncmp(function, prefixes[i], strlen(prefixes[i])) == 0) {
            return true;
        }
    }
    return false;
}

/* The routine that the driver has called, as its import says, else as symbols do. */
static bool
routine_called(const struct report *report, const struct story_step *step, char *out, size_t size)
{
    const char *function = function_of(step->callee);

    if (step->op == SP_MEMORY_READ || step->op == SP_MEMORY_WRITE || step->op == SP_INTERLOCKED) {
        return false;
    }
    if (imported_name(report, step->site, out, size)) {
        return strncmp(out, "__tsan", 6) != 0;
    }
    if (function == NULL || is_internal(function)) {
        return false;
    }
    snprintf(out, size, "%s", function);
    return true;
}

static void
say_where(struct story_step *step)
{
    const struct source *source = place_source(step->site);

    if (source != NULL) {
        const char *slash = strrchr(source->file, '/');
        const char *back = strrchr(slash ? slash : source->file, '\\');

        snprintf(step->where, sizeof(step->where), "%.60s:%u",
                 back    ? back + 1
                 : slash ? slash + 1
                         : source->file,
                 source->line);
    } else if (step->site != NULL) {
        place_name(step->site, step->where, sizeof(step->where));
    }
}

static void
say_what(const struct report *report, struct story_step *step)
{
    char object[96] = "", routine[64];
    int used = 0;

    if (step->suspends) {
        snprintf(step->what, sizeof(step->what), "-- is suspended here --");
        return;
    }
    if (step->op == SP_DELAY) {
        snprintf(object, sizeof(object), "%s", "");
    } else if (step->object != 0) {
        object_name(report, step->object, object, sizeof(object));
    }
    step->calls = routine_called(report, step, routine, sizeof(routine));
    if (step->again != 0) {
        used = snprintf(step->what, sizeof(step->what), "%u times: ", step->again + 1);
    }
    if (step->calls) {
        snprintf(step->what + used, sizeof(step->what) - used, "%s(%s)", routine, object);
    } else {
        snprintf(step->what + used, sizeof(step->what) - used, "%s %s", verb(step), object);
    }
    say_where(step);
}

void
story_tell(struct report *report)
{
    struct story *story = report->story;
    char letter = 'A';

    if (story == NULL) {
        return;
    }
    mark(report);
    for (size_t i = 0; i < story->steps; i++) {
        struct story_agent *agent = &story->agent[story->step[i].agent];

        story->step[i].shown &= agent->letter != 0 || letter <= 'Z';
        if (story->step[i].shown) {
            story->shown++;
            agent->letter = agent->letter != 0 ? agent->letter : letter++;
        }
    }
    story_find_holds(report);
    for (size_t i = 0; i < story->steps; i++) {
        if (story->step[i].shown) {
            say_what(report, &story->step[i]);
        }
    }
    for (size_t i = 0; i < story->holds; i++) {
        size_t next = story->hold[i].resumes;

        if (next < story->steps && story->step[next].what[0] == 0) {
            say_what(report, &story->step[next]);
        }
    }
}

/* ---- a wake-up that was lost ---- */

static bool
signals(const struct story_step *step)
{
    return step->op == SP_SET_EVENT || step->op == SP_PULSE_EVENT ||
           step->op == SP_RELEASE_SEMAPHORE;
}

static void
say_step(const struct report *report, const struct story_step *step, char *out, size_t size)
{
    struct story_step copy = *step;
    char letter[32] = "";

    say_what(report, &copy);
    if (report->story->agent[step->agent].letter != 0) {
        snprintf(letter, sizeof(letter), "thread %c: ", report->story->agent[step->agent].letter);
    }
    snprintf(out, size, "%s%s%s%s", letter, copy.what, copy.where[0] != 0 ? " at " : "",
             copy.where);
}

bool
story_lost(const struct report *report, uint32_t name, char *out, size_t size)
{
    const struct story *story = report->story;
    size_t wait = 0, set = 0, taken = 0;
    char signal[300], thief[300];

    for (size_t i = 0; story != NULL && i < story->steps; i++) {
        wait = story->agent[story->step[i].agent].name == name && story->step[i].op == SP_WAIT &&
                       story->step[i].blocks
                   ? i + 1
                   : wait;
    }
    if (wait == 0 || is_thread(story, story->step[wait - 1].object)) {
        return false;
    }
    for (size_t i = 0; i + 1 < wait; i++) {
        const struct story_step *step = &story->step[i];

        if (step->object != story->step[wait - 1].object) {
            continue;
        }
        if (signals(step)) {
            set = i + 1;
            taken = 0;
        } else if (set != 0 && !step->blocks &&
                   (step->op == SP_WAIT || step->op == SP_RESET_EVENT)) {
            taken = i + 1;
        }
    }
    if (set == 0) {
        return false;
    }
    say_step(report, &story->step[set - 1], signal, sizeof(signal));
    if (story->step[set - 1].op == SP_PULSE_EVENT) {
        snprintf(out, size,
                 "lost wake-up: the only signal was a pulse (%s) before this wait began, and a "
                 "pulse leaves nothing behind",
                 signal);
    } else if (taken != 0) {
        say_step(report, &story->step[taken - 1], thief, sizeof(thief));
        snprintf(out, size,
                 "lost wake-up: the last signal (%s) came before this wait began and was %s (%s)",
                 signal, story->step[taken - 1].op == SP_WAIT ? "taken by another wait" : "cleared",
                 thief);
    } else {
        return false;
    }
    return true;
}
