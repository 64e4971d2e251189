/*
 * lifetime.h - pool blocks that a run frees, and who uses what is in them.
 */
#ifndef HOST_EXPLORE_LIFETIME_H
#define HOST_EXPLORE_LIFETIME_H

#include "host/explore/strategy.h"

void lifetime_begin_run(void);
void lifetime_keep(uint32_t slot);
void lifetime_go_back(uint32_t slot);
/* For as long as the search lasts: from branch_allocate; NULL: there is no room. */
struct lives_kept;
const struct lives_kept *lifetime_keep_all(void);
void lifetime_go_back_to(const struct lives_kept *kept);
/* The agent makes its next step, after `scheduled` choices. */
void lifetime_step(const struct operation *operation, uint32_t agent, uint32_t scheduled);
bool lifetime_has_ended(void); /* of any block in this run */
/* The freed block that it would use; 0: none. `by`: who has freed it. */
uint64_t lifetime_over(const struct operation *operation, uint32_t *by);
/* Equal for the same use of the same place. */
uint64_t lifetime_signature(uint16_t op, uint64_t object);
/* Adds to the results the schedules in which a free might come before a use. */
void lifetime_end(const uint32_t *schedule, struct search_results *results);

#endif
