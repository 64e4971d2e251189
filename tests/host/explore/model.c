/* model.c - the machine of the small programs: objects, who could go on, and one step. */
#include <string.h>
#include "tests/host/explore/model.h"

void
model_thread(struct model *m, void (*code)(struct model *m, struct thread *t), int argument)
{
    struct thread *thread = &m->thread[m->threads];

    *thread =
        (struct thread){.code = code, .id = (uint8_t)m->threads, .argument = (int16_t)argument};
    m->threads++;
    code(m, thread); /* up to its first operation */
}

void
model_start(struct model *m, const struct program *program, int a, int b)
{
    memset(m, 0, sizeof(*m));
    m->program = program;
    m->a = a;
    m->b = b;
    program->setup(m);
}

uint64_t
model_present(const struct model *m)
{
    uint64_t present = 0;

    for (int i = 0; i < m->threads; i++) {
        present |= (uint64_t)(m->thread[i].op != DONE) << i;
    }
    return present;
}

static bool
could_step(const struct model *m, const struct thread *t)
{
    switch (t->op) {
    case DONE:
        return false;
    case LOCK:
        return OBJECT == 0;
    case WAIT:
    case WAIT_ALL:
    case TAKE:
        return OBJECT > 0;
    }
    return true;
}

uint64_t
model_enabled(const struct model *m)
{
    uint64_t enabled = 0;

    for (int i = 0; i < m->threads; i++) {
        enabled |= (uint64_t)could_step(m, &m->thread[i]) << i;
    }
    return enabled;
}

struct operation
model_operation(const struct model *m, uint32_t thread)
{
    static const uint16_t codes[] = {
        [YIELD] = SP_YIELD,         [READ] = SP_MEMORY_READ,  [WRITE] = SP_MEMORY_WRITE,
        [UPDATE] = SP_MEMORY_WRITE, [TRY] = SP_MEMORY_WRITE,  [LOCK] = SP_ACQUIRE_LOCK,
        [UNLOCK] = SP_RELEASE_LOCK, [WAIT] = SP_WAIT,         [WAIT_ALL] = SP_WAIT,
        [SET] = SP_SET_EVENT,       [RESET] = SP_RESET_EVENT, [PUT] = SP_RELEASE_SEMAPHORE,
        [TAKE] = SP_WAIT,           [GIVE] = SP_OBJECT,       [USE] = SP_REFERENCE,
        [ADD] = SP_REFERENCE,
    };
    const struct thread *t = &m->thread[thread];
    struct operation operation = {
        .op = codes[t->op], .objects = 1, .object = {0x1000 + 8ull * (uint64_t)t->object}};

    switch (t->op) {
    case TRY:
        operation.reads[0] = OBJECT != t->expected;
        break;
    case GIVE:
        operation.reads[0] = OBJECT > 1;
        break;
    case READ:
    case USE:
    case ADD:
    case WAIT_ALL: /* of a notification event */
        operation.reads[0] = true;
        break;
    }
    operation.flags |= t->op == ADD ? ABI_AGENT_ADDS : 0;
    switch (t->op) {
    case LOCK:
    case WAIT:
    case WAIT_ALL:
    case TAKE:
        operation.flags |= ABI_AGENT_WAITS;
        break;
    case SET:
    case RESET:
    case PUT:
        operation.flags |= OBJECT > 0 ? ABI_AGENT_OPEN : 0;
        break;
    }
    return operation;
}

void
model_step(struct model *m, uint32_t thread)
{
    struct thread *t = &m->thread[thread];

    switch (t->op) {
    case LOCK:
    case SET:
        OBJECT = 1;
        break;
    case UNLOCK:
    case WAIT:
    case RESET:
        OBJECT = 0;
        break;
    case PUT:
        OBJECT++;
        break;
    case ADD:
        OBJECT += OBJECT > 0;
        break;
    case TAKE:
    case GIVE:
        OBJECT--;
        break;
    }
    t->code(m, t);
}

void
model_finish(struct model *m)
{
    if (m->program->finish != NULL) {
        m->program->finish(m);
    }
}
