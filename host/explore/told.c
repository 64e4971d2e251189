/*
 * told.c - see told.h.
 */
#include "host/explore/told.h"
#include <string.h>
#include "host/explore/happens.h"

void
told_seen(uint32_t *seen)
{
    memset(seen, 0, MAX_AGENTS * sizeof(*seen));
    for (uint32_t i = 0; i < happens_steps; i++) {
        const struct step *step = &happens_step[i];

        for (uint32_t t = 0; t < step->touches; t++) {
            uint32_t object = step->touch[t].object;
            struct touch mine = {.writes = step->touch[t].writes, .counts = step->touch[t].counts};
            uint32_t at = mine.writes || mine.counts != COUNTS_NOT ? step->touch[t].before
                                                                   : step->touch[t].before_write;

            /* Whoever changed it before depends on what was before that. */
            while (at != 0) {
                const struct step *earlier = &happens_step[at - 1];
                const struct step_touch *touch = happens_touch(earlier, object);

                if (earlier->agent != step->agent && seen[earlier->agent] < at &&
                    touches_conflict(mine.writes, mine.counts, touch->writes, touch->counts)) {
                    seen[earlier->agent] = at;
                }
                at = touch->writes || (earlier->agent == step->agent && !mine.writes &&
                                       touch->counts == mine.counts)
                         ? 0
                         : touch->before;
            }
        }
    }
}

static uint64_t
trace_of_run(bool hangs)
{
    uint32_t seen[MAX_AGENTS];
    uint64_t hash = 0;

    told_seen(seen);
    for (uint32_t i = 0; i < happens_steps; i++) {
        const struct step *step = &happens_step[i];

        hash += step->tells && (hangs || i < seen[step->agent]) ? step->hash : 0;
    }
    return hash;
}

uint64_t
told_trace(const struct abi_stop *why, bool crashed)
{
    return crashed && happens_steps > 0 ? ~happens_step[happens_steps - 1].hash
                                        : trace_of_run(why->verdict != ABI_CLEAN);
}
