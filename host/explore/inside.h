/*
 * inside.h - the explorer, for the files that it is made of: many runs of one guest, each along another schedule.
 *
 *     explorer.c   who is asked, and who goes on without a question: X1, X2, X6, X7, X10, X19
 *     question.c   a question, and its way to the strategy: X4, X5, X9, X18, X20
 *     pass.c       calls that are no question: X11, X14
 *     numbers.c    agents and their numbers: X13
 *     start.c      where a run begins: X3, X8, X12, X15, X16, X21
 *     end.c        what a run came to: X12, X15, X17
 *
 * The kernel asks at every schedule point who goes on. Before a question reaches the strategy:
 *
 *   X1  An agent whose next operation is not known yet (it was just woken or made) is run up to its
 *       next schedule point: what it does until then nobody else can see.
 *   X2  While only blocked agents are left they go on in order, block in earnest, and the kernel
 *       finds the hang. Where it lets somebody go on first (nt/ke/inject.c), what follows is no part of the search: those who
 *       can step take turns, and who would have to wait does so when nobody else can.
 *   X3  The first question with two agents to choose from is the root: there the snapshot is taken.
 *       Everything before it is the same in every run.
 *   X4  What the environment may add to a run (an injected event) is an agent that need not step: while
 *       nobody else can, X2 holds, and at the end of a run it is there, blocked, before its operation.
 *   X5  After UNFAIR choices of a strategy that claims nothing, and where a schedule that is replayed has
 *       ended, everybody takes turns (fair.c); what is chosen then is no part of the schedule.
 *   X6  Where there is one agent only there is nothing to choose, and the kernel need not ask until
 *       there is another one.
 *   X7  An agent that would only poll in vain is not enabled (spin.c). If there are no others, that is a
 *       livelock.
 *   X8  Where a strategy says that it comes back to the middle of a run, a snapshot is taken there if that
 *       is cheaper than to run up to there again. Both ways are the same run, to the trace hash.
 *   X9  A schedule at which workers have died (unit.h, U3) is not gone on with: the run ends there, as what
 *       it did to its worker says. To the strategy that is a crash like any other.
 *   X10 What is seen in the middle of a run (sighting.c) ends it only when that is asked for: then those who
 *       take part make one step each, and the run is over.
 *   X11 A call on objects that no other agent has to do with is no question, but part of the step before it
 *       (private.c).
 *   X12 A search that samples leaves processes open to each other in most runs, where a switch of them takes calls of Linux
 *       (space.h, S8). A run that shows something then is made again with processes closed: that one counts.
 *   X13 A set has room for MAX_AGENTS. Who comes late to a run (timers, DPCs and their threads may be many) when it is full ends the run
 *       where a search only samples; one that claims to know all schedules cannot go on.
 *   X14 Such a call that has been looked at before is passed by the kernel alone (struct abi_pass): the host hears of it when it is
 *       asked next, before anything else, and then all is as if it had been asked each time. Nor is it asked again whether it is a question
 *       where it was one: that only changes from no to yes, and not once nothing is learnt any more.
 *   X15 A run of a search that samples begins at the last question of its own that is known from runs before (beginning.c, together.c). One of
 *       CHECK_RUNS such is made again from the root: both are the same run, to the trace hash.
 *   X16 After LEARN_RUNS such runs no more is put back between two of them than what runs have changed by then (host/machine/lines.c). Before
 *       anything is said of what a block of runs came to, all memory is looked at. If other memory had changed as well, the block is done again, and
 *       twice as many runs learn.
 *   X17 A strategy may have further runs made before one counts (strategy.h, again). Nothing is kept of these.
 *   X18 A run may go on beyond MAX_STEPS choices, or an agent alone for longer than ALONE_LIMIT: by turns, and no strategy hears of it.
 *       A search that has nothing left then has not tried all there is, and its assumptions say so.
 *   X19 Who goes round in a loop that sleeps, in which nothing was new, is let go on without a question (spin.c, L5): to a strategy it is one step.
 *   X20 One of LOOK_RUNS of those that learn (X16) looks at all memory at each of its questions: what runs change and change back only shows there
 *       (host/machine/lines.c, L4).
 *   X21 Of several clients that begin, who stands at such a call at the first question goes on before the root is taken, up to his first real
 *       question: no order of that and of what others do matters, as it does not after the root. So does one who looks there for a user
 *       APC that no run queues, or waits for what is open and no run closes. Not where the environment may step in, and not while
 *       it is only learnt what is shared.
 *
 * The answers of X1, X2 and X6 follow from the state alone, so a schedule holds the others only.
 */
#ifndef HOST_EXPLORE_INSIDE_H
#define HOST_EXPLORE_INSIDE_H

#include "host/explore/beginning.h"
#include "host/explore/explorer.h"
#include "host/explore/strategy.h"

#define ALONE_POINTS 1025 /* that the kernel passes at once */
#define ALONE_LIMIT  (16 * ALONE_POINTS)

struct unit_channel;
struct unit_deaths;

/* The search, and the run that is under way. */
struct exploring {
    struct progress at;
    const struct run_search *search;
    struct search_results *results;
    const struct strategy *strategy;
    bool rooted;
    bool blocked; /* X2 has begun in this run */
    bool fair;    /* X5 has */
    bool over;
    uint32_t names[MAX_AGENTS];
    uint32_t stamp[MAX_AGENTS]; /* of what `next` was made of; 0: of something else */
    uint8_t where[MAX_AGENTS];  /* its place in the kernel's list */
    uint64_t run;
    uint32_t *schedule;           /* names, of this run */
    struct unit_channel *channel; /* NULL: nobody wants to know where a run is */
    const struct unit_deaths *deaths;
    bool died; /* X9 */
    struct operation next[MAX_AGENTS];
    struct question question;
    uint8_t stepped;          /* who was chosen last */
    uint32_t quiet;           /* accesses since the last question */
    agent_set spinning;       /* X7, at the last question */
    bool past;                /* of a replay: the schedule is at its end; else true */
    uint8_t part[MAX_AGENTS]; /* X10: who shall step yet, from `parts` on */
    uint32_t parts, parting;
    struct abi_stop wanted; /* what the run ends with then */
    uint64_t branched;      /* X15: runs that began elsewhere than at the root */
    bool from_branch;       /* this one did */
    bool looks;             /* X20: at its questions */
    bool again;             /* it is made again (X15), and was: */
    uint64_t again_hash;
    uint32_t again_steps;
};
extern struct exploring it;
/* The guest's, as soon as a question does not answer itself. */
extern uint8_t explorer_vectors[];

/* numbers.c. The agent's number; it gets one if it has none, and number_known is MAX_AGENTS then. */
GENERAL_REGISTERS_ONLY uint32_t number_of(uint32_t name);
GENERAL_REGISTERS_ONLY uint32_t number_known(uint32_t name);
/* The same, quicker for who was chosen last, and for who was on this processor last. */
GENERAL_REGISTERS_ONLY static inline uint32_t
number_that_steps(uint32_t name)
{
    return it.stepped < it.at.agents && it.names[it.stepped] == name ? it.stepped
                                                                     : number_known(name);
}
uint32_t number_at(const struct abi_agent *agent);

/* explorer.c. Ends the run from inside a question. */
NORETURN void explorer_finish(const struct abi_stop *why);
/* What comes at a question after the root. */
uint32_t explorer_decide(const struct abi_agent *agents, uint32_t count, uint32_t asker);

/* question.c. Who is there, and at what: it.question. */
void question_ask(const struct abi_agent *agents, uint32_t count);
/* A real question: what the strategy answers, as an index into the kernel's list. */
uint32_t question_answer(const struct abi_agent *agents, uint32_t count);

/* pass.c */
void pass_init(void);
/* X14: what it may pass from now on, before it asks; and what it has passed. */
GENERAL_REGISTERS_ONLY void pass_let(uint32_t number);
GENERAL_REGISTERS_ONLY void pass_catch_up(void);

/* start.c */
void start_init(void);
/* X15: could a run begin elsewhere than at the root? */
bool start_has_beginnings(void);
/* X21: who goes on before the root is taken; `count`: nobody. */
uint32_t start_before_root(const struct abi_agent *agents, uint32_t count);
void start_take_root(const struct abi_agent *agents, uint32_t count);  /* X3 */
void start_take_depth(const struct abi_agent *agents, uint32_t count); /* X8 */
void start_anew(void); /* all that is known of a run is forgotten */
bool start_next(void); /* and the next one begins; false: there is none */
/* After either: the deepest snapshot that the run goes through, and the question there. */
NORETURN void start_run(void);
NORETURN void start_trial(void); /* trial.h */

#endif
