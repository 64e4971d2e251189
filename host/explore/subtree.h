/*
 * subtree.h - a part of dpor's search that another process can do: as bytes, and what it asks of questions
 * that are not its own.
 *
 *   T1  A subtree is given by the answers that lead to it (`root` of them) and by who sleeps at the last of those
 *       questions, with all who were asked for there before it. All else follows.
 *   T2  The state of a search that is under way adds its own questions, the parts that it has given away and
 *       not taken over yet, and what it asks.
 */
#ifndef HOST_EXPLORE_SUBTREE_H
#define HOST_EXPLORE_SUBTREE_H

#include "host/explore/strategy.h"

/* A question on the path of the search. */
struct node {
    agent_set enabled;
    agent_set sleep;     /* whose step from here has been explored already */
    agent_set backtrack; /* who must be tried here */
    agent_set done;      /* who was */
    agent_set asleep;    /* at the next question */
    uint64_t since;      /* number of the run in which `chosen` was first tried */
    uint8_t chosen;
    uint8_t queued;
    uint8_t queue[MAX_AGENTS]; /* `backtrack`, in the order in which they were asked for */
};

static inline agent_set
node_left(const struct node *node)
{
    return node->backtrack & ~node->done & ~node->sleep & node->enabled;
}
/* Who is tried next; NO_AGENT: nobody. */
uint32_t node_next(const struct node *node);

/* The part that was given away for this agent at this question; 0: none. */
uint32_t subtree_part(uint32_t step, uint32_t agent);
void subtree_given_back(uint32_t part);

/* What a race asks of question number `step`: one of `agents`, `first` if none is there. If `doubtful` sleeps there,
   it does not count: then one of the others, `instead` if none is there (dpor.c, D10). NO_AGENT: none. */
struct asking {
    agent_set agents;
    uint32_t step, first, doubtful, instead;
};
/* Keeps what is asked of a question above. */
void subtree_ask(const struct asking *asking);
size_t subtree_write_asks(uint8_t *out, size_t room);
void subtree_read_asks(const uint8_t *bytes, size_t size, void (*ask)(const struct asking *asking));

/* Strategy.h says what these do; the search is path[root .. length). */
size_t subtree_save(uint8_t *out, size_t room, const struct node *path, uint32_t root,
                    uint32_t length);
/* `large`: the part next in order of which a sister took so many runs until now, run number `runs`; 0: the
   first from the root on. */
size_t subtree_give(uint32_t part, uint8_t *out, size_t room, const struct node *path,
                    uint32_t root, uint32_t length, uint64_t runs, uint64_t large);
bool subtree_load(const uint8_t *state, size_t size, struct node *path, uint32_t *root,
                  uint32_t *length, bool *fresh, uint64_t runs);

#endif
