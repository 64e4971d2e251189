/*
 * branch.h - a moment in the middle of a run that any other run may begin at. See branch.c.
 */
#ifndef HOST_MACHINE_BRANCH_H
#define HOST_MACHINE_BRANCH_H

#include "host/machine/machine.h"

#define BRANCH_ROOM (24u << 20) /* bytes, of all branches and of what is known of them (B3) */
#define SHORT_ROOM  (24u << 20) /* beside it: B5 */

struct branch;

/* Before the sandbox. 0, or -1: no memory. */
int branch_init(void);
/* Of BRANCH_ROOM, aligned to a cache line; what it holds is not told. NULL: it is used up. */
void *branch_allocate(size_t size);
size_t branch_used(void);
void branch_free(size_t before); /* all that was allocated since branch_used was `before` */
/* As snapshot_take, after which it must be. NULL: it cannot be told in this way, or there is no room. */
const struct branch *branch_take(const void *vectors);
/* The same for a short time (B5), until branch_free. */
const struct branch *branch_take_short(const void *vectors);
/* Can it still be gone back to? */
bool branch_is_good(const struct branch *branch);
/* As snapshot_restore and snapshot_resume. */
void branch_restore(const struct branch *branch);
NORETURN void branch_resume(const struct branch *branch, uint64_t result);

#endif
