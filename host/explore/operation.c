/*
 * operation.c - what the kernel says of an agent, as a strategy sees it.
 *
 * The same operation is described again at every question until its agent makes it, so it is looked at again only if something of
 * it has changed. Lists of objects are kept once for the whole search: the same list has the same address.
 */
#include <string.h>
#include "host/explore/strategy.h"
#include "host/machine/machine.h"

#define OBJECTS_KEPT   4096 /* lists of objects; as a rule a few dozen are needed */
#define OBJECTS_LISTED 65536

static struct {
    const struct abi_object *list;
    uint32_t count;
} kept[OBJECTS_KEPT];
static uint32_t lists;
static struct abi_object listed[OBJECTS_LISTED]; /* what the lists are made of */
static uint32_t listed_count;

/* Where the kernel lists all objects but the first; NULL: there are no others. */
GENERAL_REGISTERS_ONLY const struct abi_object *
operation_objects(const struct abi_agent *agent)
{
    if (agent->objects <= 1) {
        return NULL;
    }
    return agent->list != 0 ? guest_pointer(agent->list) : agent->other;
}

/* Would the exchange in front of it change nothing? Then it only reads. */
static bool
compare_fails(const struct abi_agent *agent)
{
    struct abi_trap registers;
    uint64_t now[2] = {0}, expected[2];

    if (agent->size > sizeof(now) ||
        space_read(agent->registers, &registers, sizeof(registers)) != sizeof(registers) ||
        space_read(agent->object, now, agent->size) != agent->size) {
        return false;
    }
    expected[0] = registers.rax;
    expected[1] = registers.rdx;
    if (agent->point & ABI_POINT_PAIR) {
        expected[0] = (registers.rdx << 32) | (uint32_t)registers.rax;
    }
    return memcmp(now, expected, agent->size) != 0;
}

/* In place of memcmp, which may leave wide registers in use: to put back the guest's then costs more than all of it. */
static bool
are_same(const struct abi_object *a, const struct abi_object *b, uint32_t count)
{
    uint32_t i = 0;

    while (i < count && a[i].object == b[i].object && a[i].flags == b[i].flags) {
        i++;
    }
    return i == count;
}

/* Keeps a list of objects for the whole search. */
static const struct abi_object *
objects_keep(const struct abi_object *list, uint32_t count)
{
    uint64_t hash = count;
    uint32_t at;

    for (uint32_t i = 0; i < count; i++) {
        hash = (hash ^ list[i].object ^ list[i].flags << 48) * 0x9E3779B97F4A7C15ull;
    }
    for (at = hash >> 52; kept[at].list != NULL; at = (at + 1) % OBJECTS_KEPT) {
        if (kept[at].count == count && are_same(kept[at].list, list, count)) {
            return kept[at].list;
        }
    }
    if (++lists == OBJECTS_KEPT || listed_count + count > OBJECTS_LISTED) {
        worker_fail("more than %u sets of objects are waited for at once", OBJECTS_KEPT);
    }
    kept[at].list = memcpy(listed + listed_count, list, count * sizeof(*list));
    kept[at].count = count;
    listed_count += count;
    return kept[at].list;
}

void
operation_describe(struct operation *operation, const struct abi_agent *agent)
{
    const struct abi_object *more = operation_objects(agent);

    more = more != NULL ? objects_keep(more, agent->objects - 1u) : NULL;
    operation->op = agent->op;
    operation->flags = agent->flags & (uint16_t)~ABI_AGENT_ASKER;
    operation->kind = agent->kind;
    operation->takes = agent->takes;
    operation->queues = agent->queues;
    operation->target = agent->target;
    operation->objects = more != NULL ? agent->objects : 1;
    operation->object[0] = agent->object;
    operation->size[0] = agent->size;
    operation->reads[0] = (agent->flags & ABI_AGENT_READS) != 0;
    operation->thread = agent->thread;
    operation->more = more;
    operation->site = agent->site;
    operation->patched = (agent->point & (ABI_POINT_READS | ABI_POINT_WRITES)) != 0;
    for (uint32_t i = 1; i < operation->objects && i < ABI_AGENT_OBJECTS; i++) {
        operation->object[i] = more[i - 1].object;
        operation->size[i] = 0;
        operation->reads[i] = (more[i - 1].flags & ABI_AGENT_READS) != 0;
    }
    if ((agent->point & ABI_POINT_COMPARES) != 0 && compare_fails(agent)) {
        operation->reads[0] = true;
        operation->flags |= ABI_AGENT_READS;
    }
}

/* Most agents stand where they stood at the last question. */
bool
operation_is_known(const struct operation *operation, const struct abi_agent *agent)
{
    uint32_t others = agent->objects > 1 ? agent->objects - 1u : 0;

    if (operation->objects != others + 1 || (others != 0 && operation->more == NULL) ||
        operation->op != agent->op || operation->flags != (agent->flags & ~ABI_AGENT_ASKER) ||
        operation->object[0] != agent->object || operation->kind != agent->kind ||
        operation->target != agent->target || operation->size[0] != agent->size ||
        operation->takes != agent->takes || operation->queues != agent->queues ||
        operation->thread != agent->thread || operation->site != agent->site || agent->list != 0 ||
        (agent->point & ABI_POINT_COMPARES) != 0) {
        return false;
    }
    for (uint32_t i = 0; i < others; i++) {
        if (operation->more[i].object != agent->other[i].object ||
            operation->more[i].flags != agent->other[i].flags) {
            return false;
        }
    }
    return true;
}
