/*
 * bare.h - of the runs that end in one crash, the one that has nothing else in it.
 *
 *   D11 A trace that ends in a crash is told by the last step and all that comes before it: what others had done beside it does
 *       not matter (bounded.c, B2; brute.c, O4). So of the runs that crash so the one counts that has nothing else in it, whoever does
 *       it, and it is asked for as if the last step raced with all that does not come before it. That it crashes too is tried at once: memory
 *       whose accesses are no steps may have a part in it. If it does not, each of those runs counts. So does each that only time or the worker's
 *       death ended: to make it again takes as long.
 */
#ifndef HOST_EXPLORE_BARE_H
#define HOST_EXPLORE_BARE_H

#include "host/explore/strategy.h"

int bare_init(void); /* 0 or -ENOMEM */
/* A run has ended. True: one more is made first: the one without the rest, which choose_bare leads, or this one once more (strategy.h, again). */
bool bare_again(const struct abi_stop *why, bool crashed);
bool bare_is_led(void); /* of the run that is under way */
uint32_t bare_choose(const struct question *question);
bool bare_is_made(void); /* not the run itself: a further one */
/* At its end: was there anything to leave out? Does it crash so without that? */
bool bare_is_judged(void);
bool bare_is_same(void);
uint32_t bare_first(void); /* step that is left out */
bool bare_has(uint32_t step);
void bare_end(void); /* the run has counted */

#endif
