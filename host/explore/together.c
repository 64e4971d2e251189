/*
 * together.c - runs of a block that begin alike, made one after the other.
 *
 * Of 65,536 runs of a search that samples thousands begin with the same five answers, and some with the same ten. So they are not made in
 * the order of their numbers but go together: one run goes ahead, for all that have answered as it has. Where it comes to a question that
 * they answer differently the machine is kept (host/machine/branch.c), and they part: each group goes on from there, the next one when all of the
 * one before have come to their end. So only what lies on the way of the run that is under way is kept, and that stays in the processor's
 * cache. From where fewer than FEW are left each goes alone to its end.
 *
 *   R1  For a strategy only whose answers follow from the question and one number, which is kept for each run.
 *   R2  Which run it was that went ahead is decided when they part: up to there they are one.
 *   R3  What is not kept (the machine cannot be told there, an agent polls), or cannot be gone back to any more (other lines of memory have
 *       been written to since), costs time only: those runs begin further up.
 *   R4  Each goes from there to its end, and counts by its own number, also those that answer the same to the last question.
 */
#include "host/explore/together.h"
#include <errno.h>
#include <string.h>

#define FEW                                                                                        \
    16 /* to look at all memory (lines.c, L4) and to keep it costs as much as some questions */
#define MAX_LEVELS 64

struct member {
    uint64_t numbers; /* R1: behind `answer` */
    uint32_t run;     /* from the first one on */
    uint32_t answer;  /* to the last question that it has come to */
};

/* A question at which they part. Of the first level the root, where nobody has been asked yet. */
struct level {
    const struct asked *asked;
    size_t before;    /* branch_used without it */
    uint32_t at, end; /* members that are left, in the order of their answers */
    uint32_t alone;   /* up to there each begins here and goes alone */
};

static struct {
    const struct strategy *strategy;
    struct member *member, *sorted;
    uint32_t count;
    uint64_t first; /* run */
    struct level level[MAX_LEVELS];
    uint32_t levels; /* 0: there is nothing to make */
    bool left;
    bool answered;      /* together_answered has not said so yet */
    bool ahead;         /* the run that is under way goes ... */
    uint32_t from, end; /* ... for these members; is the first of them */
} it;

int
together_init(const struct strategy *strategy)
{
    if (strategy->numbers == NULL) {
        return 0;
    }
    it.strategy = strategy;
    it.member = search_reserve(TOGETHER_RUNS * sizeof(*it.member));
    it.sorted = search_reserve(TOGETHER_RUNS * sizeof(*it.sorted));
    return it.member == NULL || it.sorted == NULL ? -ENOMEM : 0;
}

void
together_add(uint64_t run)
{
    it.first = it.count == 0 ? run : it.first;
    it.member[it.count++] = (struct member){.run = (uint32_t)(run - it.first)};
}

void
together_begin(void)
{
    it.level[0] = (struct level){.before = branch_used(), .end = it.count};
    it.levels = 1;
    it.count = 0;
    it.ahead = it.left = false;
}

void
together_end(void)
{
    if (it.levels > 0) {
        branch_free(it.level[0].before);
    }
    it.levels = it.count = 0;
}

bool
together_is_begun(void)
{
    return it.levels > 0;
}

void
together_leave(void)
{
    it.left = true;
}

bool
together_is_on(void)
{
    return it.levels > 0 && !it.left;
}

static struct level *
top(void)
{
    return &it.level[it.levels - 1];
}

const struct asked *
together_from(void)
{
    return top()->asked;
}

static uint64_t
run_of(uint32_t member)
{
    return it.first + it.member[member].run;
}

static uint32_t
end_of_group(uint32_t from, uint32_t end)
{
    uint32_t to = from + 1;

    while (to < end && it.member[to].answer == it.member[from].answer) {
        to++;
    }
    return to;
}

/* Who comes next at this level, and for whom. */
static void
take_next(struct level *level)
{
    it.from = level->at;
    it.ahead = false;
    if (it.from >= level->alone) {
        it.end = end_of_group(it.from, level->end);
        it.ahead = it.end - it.from >= FEW;
        level->alone = it.ahead ? level->alone : it.end;
    }
    level->at = it.ahead ? it.end : it.from + 1;
    if (level->asked != NULL) {
        it.strategy->numbers->state = it.member[it.from].numbers;
    } else {
        it.strategy->begin(run_of(it.from));
    }
}

/* R3: who went ahead goes alone, and so will those for whom it went. */
static void
go_alone(void)
{
    top()->at = it.from + 1;
    top()->alone = it.end;
    it.ahead = false;
}

bool
together_next(uint64_t *run)
{
    it.left = false;
    if (it.ahead) { /* R4: they have parted nowhere */
        go_alone();
    }
    while (it.levels > 0 && top()->at == top()->end) {
        branch_free(top()->before);
        it.levels--;
    }
    if (it.levels == 0) {
        return false;
    }
    take_next(top());
    it.answered = top()->asked != NULL;
    *run = run_of(it.from);
    return true;
}

/* All behind the run that is under way are left, whatever the level. */
void
together_begin_at_root(void)
{
    branch_free(it.level[0].before);
    it.levels = 1;
    it.level[0].at = it.from + 1;
    it.level[0].alone = it.level[0].end;
    it.ahead = it.answered = false;
    it.strategy->begin(run_of(it.from));
}

bool
together_answered(uint32_t *answer)
{
    bool answered = it.answered;

    it.answered = false;
    *answer = it.member[it.from].answer;
    return answered;
}

bool
together_parts(const struct question *question)
{
    return it.ahead && (question->enabled & (question->enabled - 1)) != 0 && it.levels < MAX_LEVELS;
}

/* Those who went together answer, and are put into the order of their answers. */
static void
sort(const struct question *question)
{
    const uint32_t count = it.end - it.from;
    uint32_t place[MAX_AGENTS] = {0}, next = 0;
    struct member *member = it.member + it.from;

    for (uint32_t i = 0; i < count; i++) {
        it.strategy->numbers->state = member[i].numbers;
        member[i].answer = it.strategy->choose(question);
        member[i].numbers = it.strategy->numbers->state;
        place[member[i].answer]++;
    }
    for (agent_set set = question->enabled; set != 0; set &= set - 1) {
        uint32_t *one = &place[set_first(set)], so_many = *one;

        *one = next;
        next += so_many;
    }
    for (uint32_t i = 0; i < count; i++) {
        it.sorted[place[member[i].answer]++] = member[i];
    }
    memcpy(member, it.sorted, count * sizeof(*member));
}

/* At the root none has drawn yet. */
static void
begin_all(void)
{
    for (uint32_t i = it.from; i < it.end; i++) {
        it.strategy->begin(run_of(i));
        it.member[i].numbers = it.strategy->numbers->state;
    }
}

bool
together_part(const struct asked *asked, size_t before, uint64_t *run, uint32_t *answer)
{
    if (asked == NULL) {
        go_alone();
        return false;
    }
    if (top()->asked == NULL) {
        begin_all();
    }
    it.levels++;
    *top() = (struct level){.asked = asked, .before = before, .at = it.from, .end = it.end};
    sort(&asked->question);
    take_next(top());
    *run = run_of(it.from);
    *answer = it.member[it.from].answer;
    return true;
}
