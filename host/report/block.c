/*
 * block.c - the life of a pool block that was used after it had been freed, or freed twice: where it was allocated, freed and used.
 * All three from the steps and events that the replay recorded (story.c); what came before the first choice is not among them.
 */
#include "abi/hypercall.h"
#include "host/report/story.h"

static uint64_t
block_address(const struct report *report)
{
    const struct abi_stop *stop = &report->result->stop;

    if (stop->verdict == ABI_RACE && stop->code != 0) {
        return stop->parameter[0];
    }
    for (size_t i = 0; stop->verdict == ABI_BUGCHECK && i < report->pools; i++) {
        if (report->pool[i].freed) {
            return report->pool[i].block;
        }
    }
    return 0;
}

static const struct story_agent *
shown_agent(const struct story *story, size_t agent)
{
    return agent < story->agents && story->agent[agent].letter != 0 ? &story->agent[agent] : NULL;
}

bool
story_block(const struct report *report, struct block_life *life)
{
    const struct story *story = report->story;
    uint64_t address = block_address(report);
    size_t last;

    *life = (struct block_life){.address = address};
    if (story == NULL || address == 0) {
        return false;
    }
    for (size_t i = 0; i < story->blocks; i++) {
        if (story->block[i].address == address) {
            life->bytes = story->block[i].bytes;
            life->tag = story->block[i].tag;
            life->allocated = story->block[i].site;
        }
    }
    for (last = story->steps; last > 0 && story->step[last - 1].site == NULL; last--) {
    }
    if (last == 0) {
        return false;
    }
    last--;
    life->used = report->culprit != NULL ? report->culprit : story->step[last].site;
    life->user = shown_agent(story, story->step[last].agent);
    for (size_t i = 0; i < last; i++) { /* the last step frees it again where it was freed twice */
        if (story->step[i].op == SP_POOL_FREE && story->step[i].object == address) {
            life->freed = story->step[i].site;
            life->freer = shown_agent(story, story->step[i].agent);
        }
    }
    return life->freed != NULL || life->allocated != NULL;
}
