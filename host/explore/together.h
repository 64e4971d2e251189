/*
 * together.h - runs of a block that begin alike, made one after the other. See together.c.
 */
#ifndef HOST_EXPLORE_TOGETHER_H
#define HOST_EXPLORE_TOGETHER_H

#include "host/explore/beginning.h"

#define TOGETHER_RUNS 131072 /* of a block */

/* 0 or -ENOMEM. */
int together_init(const struct strategy *strategy);
/* The next run of those that are to be made together; to be called for each of them, and then together_begin. */
void together_add(uint64_t run);
void together_begin(void);
/* The run that is made next; false: all have been. */
bool together_next(uint64_t *run);
/* Those that are left will not be made. */
void together_end(void);
bool together_is_begun(void);

/* The run that is under way is made again, alone. */
void together_leave(void);
/* Is it one of them, and not alone? */
bool together_is_on(void);
/* Where it begins; NULL: at the root. */
const struct asked *together_from(void);
/* It begins at the root after all, and so do all that are left. */
void together_begin_at_root(void);
/* At a question: was it answered before the run began? */
bool together_answered(uint32_t *answer);
/* If not: do several runs come to it that may part here? */
bool together_parts(const struct question *question);
/*
 * Then they do. `asked` was allocated when branch_used was `before`. The run that goes on, and what it answers. False: nothing is kept of
 * it (`asked` is NULL), and who was under way goes on alone.
 */
bool together_part(const struct asked *asked, size_t before, uint64_t *run, uint32_t *answer);

#endif
