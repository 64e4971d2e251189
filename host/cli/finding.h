/*
 * finding.h - what is done with a finding before it is shown.
 */
#ifndef HOST_CLI_FINDING_H
#define HOST_CLI_FINDING_H

#include <stdio.h>
#include "host/machine/run.h"

/* Makes the schedule of finding `number` small, within a fifth of the budget of request->explore (shared by all
   findings). finding[0] and schedule[] of the result are the same failure; NULL: it stays as it is. */
struct search_results *finding_minimise(struct run_request *request,
                                        const struct search_results *results, uint32_t number);
void finding_forget(struct search_results *small);
/* Whoever still could step at its end polled in vain. */
static inline bool
finding_is_stuck(const struct search_finding *finding)
{
    return finding->stop.verdict == ABI_LIVELOCK && finding->died == 0 &&
           !run_is_too_slow(&finding->stop);
}

/* How large its schedule is, and was when it was `found`; ends the line. */
void finding_say(FILE *to, const struct search_finding *found,
                 const struct search_finding *finding);

#endif
