/*
 * returns.c - that a client's thread comes back from a driver is a step if the driver may go meanwhile.
 *
 * It reads the image (nt/ke/visit.c), and an APC may come in front of it. As long as no run has unloaded a driver while there were
 * clients nobody changes what it reads, and an APC that comes there might as well come before or after what the thread does next:
 * then it is no schedule point. That one was unloaded so is learnt as shared memory is (memory.c, host/search/learn.c): what a run
 * shows holds from the next one on, and an exhaustive search that still learns of it begins anew.
 */
#include "host/explore/returns.h"
#include "host/explore/memory.h"

bool returns_matter;
static struct run_learned *learned; /* NULL: nothing is learnt any more */
static uint32_t active;             /* of learned->shared */
static bool found;

static void
take(const struct run_shared *shared)
{
    if ((shared->bytes & RUN_SHARED_IMAGE) != 0) {
        returns_matter = found = true;
    }
}

void
returns_init(const struct run_request *request)
{
    learned = request->learned;
    for (size_t i = 0; i < request->shared_count; i++) {
        take(&request->shared[i]);
    }
}

void
returns_begin_run(void)
{
    for (; learned != NULL && learned->freely && active < learned->shared_count; active++) {
        take(&learned->shared[active]);
    }
}

void
returns_step(const struct operation *operation)
{
    uint64_t image = operation->object[0];

    if (operation->op == SP_DRIVER_UNLOAD && operation->objects > 1 &&
        operation->object[1] == (image | 1) && learned != NULL && !found) {
        found = true;
        memory_learn(learned, image, RUN_SHARED_IMAGE);
    }
}
