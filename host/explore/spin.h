/*
 * spin.h - an agent that polls memory is not enabled until what it reads has changed. See spin.c.
 */
#ifndef HOST_EXPLORE_SPIN_H
#define HOST_EXPLORE_SPIN_H

#include "host/explore/strategy.h"

#define SPIN_SLOTS 512

/* 0 or -ENOMEM. */
int spin_init(const struct run_request *request);
void spin_begin_run(void);
/* For snapshots in the middle of a run: `slot` counts from 0, `agents` have numbers by now. */
void spin_keep(uint32_t slot, uint32_t agents);
void spin_go_back(uint32_t slot, uint32_t agents);
/* Has nobody come to a point of ours in this run? Then spin_stepped uses no vector registers. */
extern bool spin_idle;
#define spin_is_idle() spin_idle /* a function of either kind is not inlined into the other */
/* The agent with this number has come to its next point; `step` counts the steps of all agents. */
void spin_arrive(uint32_t number, const struct abi_agent *agent, uint64_t step);
/* Does it go on without a question, because it goes round as it did? Then it has arrived. */
bool spin_goes_on(uint32_t number, const struct abi_agent *agent, uint64_t step);
/* It may have come by points that nobody was asked at. */
GENERAL_REGISTERS_ONLY void spin_unseen(uint32_t number);
/* It writes to memory that no other agent touches. */
void spin_wrote(uint64_t address);
/* It is about to sleep, and has changed nothing since it slept last. */
GENERAL_REGISTERS_ONLY bool spin_polls(uint32_t number);
/* A pause between accesses that are seen is no step: it touches nothing. */
bool spin_passes(uint32_t number, const struct abi_agent *agent);
/* Agent `number` is about to step. */
void spin_stepped(uint32_t number, uint64_t step);
/* It makes a call of the kernel that is no point: enum abi_event. */
void spin_called(uint32_t number, uint16_t op, uint64_t step);
/* Several of them, 1 << op each, of which the last one is at `step`. False: they must be told one by one. */
GENERAL_REGISTERS_ONLY bool spin_called_all(uint32_t number, uint64_t ops, uint64_t step);
/* At memory granularity: it reads memory that no other agent touches. */
void spin_read(uint64_t address, uint64_t size);
/* Would it only poll in vain? Then what it reads becomes its operation. `vain`: L2 counts too. */
bool spin_waits(uint32_t number, uint64_t step, bool vain, struct operation *operation);
/* What the agent waits for of which that was said last, in words; their length, 0: it is not known. */
size_t spin_says(uint32_t number, char *text, size_t size);

#endif
