/*
 * explorer.h - many runs of one guest, each along another schedule. Runs in the worker.
 */
#ifndef HOST_EXPLORE_EXPLORER_H
#define HOST_EXPLORE_EXPLORER_H

#include "abi/hypercall.h"
#include "host/machine/machine.h"
#include "host/machine/run.h"

/* Before the sandbox. 0 or -ENOMEM. */
int explorer_init(const struct run_search *search, struct search_results *results);
/* Answers one question of the kernel; takes the snapshot at the first real choice. */
uint32_t explorer_choose(const struct abi_agent *agents, uint32_t count, uint32_t asker);
/* Does the asker go on without a question? See X11. `whole`: abi/hypercall.h */
uint32_t explorer_passes(const struct abi_agent *asker, const struct abi_pass *whole);
/* Is this access to memory a schedule point? See memory.c. */
uint32_t explorer_touch(uint64_t address, uint64_t size, uint32_t how, uint32_t agent);
/* A run has ended: begins the next one and does not return; returns when the search, or the replay,
   is over. */
void explorer_ended(const struct abi_stop *why);
/* For unit.c: can runs be made together (together.c) now? And this one with others? */
bool explorer_may_share(void);
bool explorer_shares(uint64_t run);
/* For unit.c, between two runs. False: what was done since it was asked last may be wrong (X16). */
bool explorer_is_sure(void);
/* For beginning.c: what was found cannot be. The unit is done again if X16 is why; else the worker fails. */
NORETURN __attribute__((format(printf, 1, 2))) void explorer_fail(const char *format, ...);

#endif
