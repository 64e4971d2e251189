/*
 * subtree.c - dpor's search as bytes.
 *
 *     header, the answer to each question, the questions from `root - 1` on, parts, asks
 *
 * All in the order and size of this machine: they go from one process to another, never to a file.
 */
#include "host/explore/subtree.h"
#include <string.h>
#include "host/explore/unit.h"
#include "host/machine/machine.h"

#define MAX_PARTS 4096
#define MAX_ASKS  65536
/* What is always enough for one (unit.h). */
#define MAX_NODE (1 + 3 * sizeof(agent_set) + 1 + MAX_AGENTS)

struct header {
    uint32_t root, length, parts, asks;
    bool fresh;
};

struct part {
    uint32_t step, agent, number;
};

static struct part part[MAX_PARTS];
static struct asking asked[MAX_ASKS];
_Static_assert(sizeof(struct header) + (size_t)MAX_STEPS * MAX_NODE + sizeof(part) +
                       sizeof(asked) <=
                   UNIT_ROOM,
               "a search's state has room");
static uint32_t parts, asks;

/* Bytes that are written, or read: `at` may pass the end, nothing is done then. */
struct bytes {
    uint8_t *to;
    const uint8_t *from;
    size_t at, size;
};

static void
put(struct bytes *bytes, const void *data, size_t size)
{
    if (bytes->at <= bytes->size && size <= bytes->size - bytes->at) {
        memcpy(bytes->to + bytes->at, data, size);
    }
    bytes->at += size;
}

static bool
get(struct bytes *bytes, void *data, size_t size)
{
    if (bytes->at > bytes->size || size > bytes->size - bytes->at) {
        bytes->at = SIZE_MAX;
        memset(data, 0, size);
        return false;
    }
    memcpy(data, bytes->from + bytes->at, size);
    bytes->at += size;
    return true;
}

uint32_t
node_next(const struct node *node)
{
    agent_set left = node_left(node);

    for (uint32_t i = 0; i < node->queued && left != 0; i++) {
        if ((left >> node->queue[i] & 1) != 0) {
            return node->queue[i];
        }
    }
    return NO_AGENT;
}

uint32_t
subtree_part(uint32_t step, uint32_t agent)
{
    for (uint32_t i = 0; i < parts; i++) {
        if (part[i].step == step && part[i].agent == agent) {
            return part[i].number;
        }
    }
    return 0;
}

void
subtree_given_back(uint32_t number)
{
    for (uint32_t i = 0; i < parts; i++) {
        if (part[i].number == number) {
            part[i] = part[--parts];
            return;
        }
    }
}

/* Does what satisfies the one always satisfy the other, of the same question? */
static bool
implies(const struct asking *one, const struct asking *other)
{
    agent_set sure = other->agents;

    if (other->doubtful != NO_AGENT && other->doubtful != one->doubtful) {
        sure &= ~set_one(other->doubtful);
    }
    return one->agents != 0 && (one->agents & ~sure) == 0;
}

void
subtree_ask(const struct asking *asking)
{
    for (uint32_t i = 0; i < asks; i++) {
        if (asked[i].step == asking->step && implies(&asked[i], asking)) {
            return;
        }
    }
    if (asks == MAX_ASKS) {
        worker_fail("a part of the search asks for more than %u things", MAX_ASKS);
    }
    asked[asks++] = *asking;
}

size_t
subtree_write_asks(uint8_t *out, size_t room)
{
    struct bytes bytes = {.to = out, .size = room};

    put(&bytes, asked, asks * sizeof(asked[0]));
    if (bytes.at > room) {
        worker_fail("what a part of the search asks for has outgrown its %zu bytes", room);
    }
    return bytes.at;
}

static bool
is_agent(uint32_t agent)
{
    return agent < MAX_AGENTS || agent == NO_AGENT;
}

void
subtree_read_asks(const uint8_t *from, size_t size, void (*ask)(const struct asking *asking))
{
    struct bytes bytes = {.from = from, .size = size};
    struct asking one;

    while (bytes.at < size && get(&bytes, &one, sizeof(one))) {
        if (one.step >= MAX_STEPS || !is_agent(one.first) || !is_agent(one.doubtful) ||
            !is_agent(one.instead)) {
            worker_fail("what a part of the search asks for makes no sense");
        }
        ask(&one);
    }
}

static void
put_node(struct bytes *bytes, const struct node *node)
{
    put(bytes, &node->enabled, sizeof(node->enabled));
    put(bytes, &node->sleep, sizeof(node->sleep));
    put(bytes, &node->done, sizeof(node->done));
    put(bytes, &node->queued, sizeof(node->queued));
    put(bytes, node->queue, node->queued);
}

static bool
get_node(struct bytes *bytes, struct node *node)
{
    get(bytes, &node->enabled, sizeof(node->enabled));
    get(bytes, &node->sleep, sizeof(node->sleep));
    get(bytes, &node->done, sizeof(node->done));
    get(bytes, &node->queued, sizeof(node->queued));
    if (node->queued > MAX_AGENTS) {
        return false;
    }
    get(bytes, node->queue, node->queued);
    for (uint32_t i = 0; i < node->queued; i++) {
        if (node->queue[i] >= MAX_AGENTS) {
            return false;
        }
        node->backtrack |= set_one(node->queue[i]);
    }
    return true;
}

size_t
subtree_save(uint8_t *out, size_t room, const struct node *path, uint32_t root, uint32_t length)
{
    struct bytes bytes = {.to = out, .size = room};
    struct header header = {.root = root, .length = length, .parts = parts, .asks = asks};

    put(&bytes, &header, sizeof(header));
    for (uint32_t i = 0; i < length; i++) {
        put(&bytes, &path[i].chosen, 1);
    }
    for (uint32_t i = root > 0 ? root - 1 : 0; i < length; i++) {
        put_node(&bytes, &path[i]);
    }
    put(&bytes, part, parts * sizeof(part[0]));
    put(&bytes, asked, asks * sizeof(asked[0]));
    return bytes.at <= room ? bytes.at : 0;
}

/* The subtree of `agent` at question `step`: T1. */
static size_t
write_part(uint8_t *out, size_t room, const struct node *path, uint32_t step, uint32_t agent)
{
    struct bytes bytes = {.to = out, .size = room};
    struct header header = {.root = step + 1, .length = step + 1, .fresh = true};
    struct node node = {.enabled = path[step].enabled, .sleep = path[step].sleep};
    uint8_t chosen = (uint8_t)agent;

    for (uint32_t i = 0; i < path[step].queued && path[step].queue[i] != agent; i++) {
        node.sleep |= set_one(path[step].queue[i]);
    }
    put(&bytes, &header, sizeof(header));
    for (uint32_t i = 0; i < step; i++) {
        put(&bytes, &path[i].chosen, 1);
    }
    put(&bytes, &chosen, 1);
    put_node(&bytes, &node);
    return bytes.at <= room ? bytes.at : 0;
}

/* Gives one away at this question; 0: there is none. `skip`: the search comes to that one next. */
static size_t
give_at(uint32_t number, uint8_t *out, size_t room, const struct node *path, uint32_t step,
        uint32_t skip)
{
    agent_set left = node_left(&path[step]);

    for (uint32_t i = 0; i < path[step].queued; i++) {
        uint32_t agent = path[step].queue[i];
        size_t size;

        if ((left >> agent & 1) == 0 || agent == skip || subtree_part(step, agent) != 0) {
            continue;
        }
        size = write_part(out, room, path, step, agent);
        if (size != 0) {
            part[parts++] = (struct part){step, agent, number};
        }
        return size;
    }
    return 0;
}

size_t
subtree_give(uint32_t number, uint8_t *out, size_t room, const struct node *path, uint32_t root,
             uint32_t length, uint64_t runs, uint64_t large)
{
    uint32_t next = length;
    size_t size = 0;

    while (next > root && node_left(&path[next - 1]) == 0) {
        next--;
    }
    if (parts == MAX_PARTS || next <= root) {
        return 0;
    }
    for (uint32_t i = root; i < next && size == 0; i++) {
        uint32_t step = large == 0 ? i : next - 1 - (i - root);

        if (large == 0 || runs - path[step].since >= large) {
            size = give_at(number, out, room, path, step,
                           step == next - 1 ? node_next(&path[step]) : NO_AGENT);
        }
    }
    return size;
}

bool
subtree_load(const uint8_t *state, size_t size, struct node *path, uint32_t *root, uint32_t *length,
             bool *fresh, uint64_t runs)
{
    struct bytes bytes = {.from = state, .size = size};
    struct header header = {.fresh = true};

    parts = asks = 0;
    if (size != 0 &&
        (!get(&bytes, &header, sizeof(header)) || header.root > header.length ||
         header.length > MAX_STEPS || header.parts > MAX_PARTS || header.asks > MAX_ASKS)) {
        return false;
    }
    for (uint32_t i = 0; i < header.length; i++) {
        path[i] = (struct node){.since = runs};
        get(&bytes, &path[i].chosen, 1);
        if (path[i].chosen >= MAX_AGENTS) {
            return false;
        }
    }
    for (uint32_t i = header.root > 0 ? header.root - 1 : 0; i < header.length; i++) {
        if (!get_node(&bytes, &path[i])) {
            return false;
        }
    }
    get(&bytes, part, header.parts * sizeof(part[0]));
    get(&bytes, asked, header.asks * sizeof(asked[0]));
    parts = header.parts;
    asks = header.asks;
    *root = header.root;
    *length = header.length;
    *fresh = header.fresh;
    return bytes.at == size;
}
