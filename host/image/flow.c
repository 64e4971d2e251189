/*
 * flow.c - instructions and basic blocks of an image.
 *
 * A block begins where a function does, where a branch leads, and behind every branch, jump and call: a call may
 * not come back.
 */
#include "host/image/flow.h"
#include <stdlib.h>
#include <string.h>
#include "host/image/discover.h"

struct flow {
    struct image image;
    struct code_map map;
    uint8_t *memory; /* the image as it would be at its preferred base */
    uint8_t *leader; /* for each byte of [map.low, map.high) */
};

enum { LEADER = 1 /* a basic block begins */, FUNCTION = 2 };

static int
no_sites(void *context, uint32_t rva, const uint8_t *bytes, const struct insn *insn)
{
    return -1;
}

bool
flow_at(const struct flow *flow, uint32_t rva, struct insn *out)
{
    return (code_flags(&flow->map, rva) & CODE_START) != 0 &&
           insn_decode(flow->memory + rva, flow->image.pe.size - rva, out);
}

uint32_t
flow_next(const struct flow *flow, uint32_t rva)
{
    for (rva = rva < flow->map.low ? flow->map.low : rva; rva < flow->map.high; rva++) {
        if (code_flags(&flow->map, rva) & CODE_START) {
            return rva;
        }
    }
    return 0;
}

bool
flow_is_function(const struct flow *flow, uint32_t rva)
{
    return rva >= flow->map.low && rva < flow->map.high &&
           (flow->leader[rva - flow->map.low] & FUNCTION) != 0;
}

const struct pe *
flow_pe(const struct flow *flow)
{
    return &flow->image.pe;
}

const uint8_t *
flow_bytes(const struct flow *flow, uint32_t rva)
{
    return flow->memory + rva;
}

static void
lead(struct flow *flow, uint32_t rva, uint8_t what)
{
    if (code_flags(&flow->map, rva) & CODE_START) {
        flow->leader[rva - flow->map.low] |= what;
    }
}

bool
flow_is_leader(const struct flow *flow, uint32_t rva)
{
    return rva >= flow->map.low && rva < flow->map.high && flow->leader[rva - flow->map.low] != 0;
}

static void
find_leaders(struct flow *flow)
{
    bool fresh = true; /* the instruction before does not lead here */
    uint32_t end = 0;
    struct insn insn;

    for (size_t i = 0; i < flow->map.functions; i++) {
        lead(flow, flow->map.function[i].begin, LEADER | FUNCTION);
    }
    for (uint32_t rva = flow_next(flow, 0); rva != 0; rva = flow_next(flow, rva + 1)) {
        if (!flow_at(flow, rva, &insn)) {
            continue;
        }
        if (fresh || rva != end) {
            lead(flow, rva, LEADER);
        }
        end = rva + insn.length;
        fresh = insn.flow != INSN_NEXT;
        if (insn.flow == INSN_BRANCH || insn.flow == INSN_JUMP || insn.flow == INSN_CALL) {
            lead(flow, flow_target(rva, &insn),
                 insn.flow == INSN_CALL ? LEADER | FUNCTION : LEADER);
        }
    }
}

struct flow *
flow_open(const uint8_t *file, size_t size, const char *name)
{
    struct flow *flow = calloc(1, sizeof(*flow));
    struct image_error error;
    struct pe *pe = calloc(1, sizeof(*pe));
    bool good = false;

    if (flow != NULL && pe != NULL && image_parse(file, size, pe, &error) == 0) {
        flow->memory = calloc(1, pe->size + 16);
        good = flow->memory != NULL &&
               image_map(pe, name, flow->memory, pe->preferred, &flow->image, &error) == 0 &&
               code_discover(&flow->map, &flow->image, NULL, no_sites, NULL) == 0;
        flow->leader = good ? calloc(1, flow->map.high - flow->map.low + 1) : NULL;
        good = flow->leader != NULL;
    }
    free(pe);
    if (!good) {
        flow_close(flow);
        return NULL;
    }
    find_leaders(flow);
    return flow;
}

void
flow_close(struct flow *flow)
{
    if (flow != NULL) {
        code_free(&flow->map);
        free(flow->memory);
        free(flow->leader);
        free(flow);
    }
}
