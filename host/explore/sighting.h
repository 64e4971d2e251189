/*
 * sighting.h - what is seen in the middle of a run, which goes on: data races, circles of waiting threads.
 */
#ifndef HOST_EXPLORE_SIGHTING_H
#define HOST_EXPLORE_SIGHTING_H

#include "host/explore/spin.h"
#include "host/explore/strategy.h"
#include "host/machine/machine.h"

/* Has any operation been seen that accesses memory, with the code that does? The explorer sets it. */
extern bool sighting_accesses;
void sighting_begin_run(void);
/* A question has come, after `scheduled` choices of this run. */
void sighting_look(const struct question *question, uint32_t scheduled,
                   const struct search_results *known); /* NULL: nothing is known */
/* The agent makes its next step, or passes points that nobody hears of. */
void sighting_step(const struct question *question, uint32_t agent, uint32_t scheduled);
/* The signature of the first circle of this run; 0: there is none. */
uint64_t sighting_circle(void);
/* G4: is the circle of a run that ended so told of by its end? */
bool sighting_is_told(const struct abi_stop *why);
GENERAL_REGISTERS_ONLY void sighting_unheard(uint32_t agent);
/* Or a call that is no question. */
GENERAL_REGISTERS_ONLY void sighting_passed(const struct abi_agent *asker, uint32_t agent);
/* Does what such a call changes here follow from its operation and its object? Then it need not be described again. */
GENERAL_REGISTERS_ONLY bool sighting_is_plain(const struct abi_agent *asker);
GENERAL_REGISTERS_ONLY void sighting_passed_again(uint16_t op, uint64_t object, uint32_t agent);
/* That does nothing but for these: 1 << enum abi_event of each. */
#define SIGHTING_LOCKS                                                                             \
    (1ull << SP_ACQUIRE_LOCK | 1ull << SP_ACQUIRE_SPINLOCK | 1ull << SP_ACQUIRE_SHARED |           \
     1ull << SP_RELEASE_LOCK | 1ull << SP_RELEASE_SHARED | 1ull << SP_RELEASE_SPINLOCK |           \
     1ull << SP_RELEASE_MUTANT)
/* Of the run as it is now, in a place of that number; and back to it. */
void sighting_keep(uint32_t slot);
void sighting_go_back(uint32_t slot);
/* The same for as long as the search lasts: from branch_allocate. NULL: something has been seen, or there is no room. */
struct sighting_kept;
const struct sighting_kept *sighting_keep_all(void);
void sighting_go_back_to(const struct sighting_kept *kept);

/* Is a circle closed, and has the run gone on for so long that it may have no end? */
bool sighting_outlived(const struct question *question, struct abi_stop *stop);
/*
 * The run has ended as `why` says. Adds what is new to the results; `schedule` is its own. True: an
 * error is among what was seen.
 */
bool sighting_end(const struct abi_stop *why, const uint32_t *schedule,
                  struct search_results *results);
/*
 * At this question, has the sighting with that signature come? Then those who take part, in the order in which they
 * shall make the step they stand at; their number, 0: no.
 */
uint32_t sighting_wanted(uint64_t signature, uint8_t *agents, struct abi_stop *stop);

#endif
