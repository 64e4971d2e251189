/*
 * flow.h - the code of an image that nobody runs: its instructions and basic blocks.
 *
 * What discover.c proves to be code, of a file that is mapped here only to be read. For coverage (host/machine/
 * coverage.c) and for finding out which control codes a driver knows (host/check/codes.c).
 */
#ifndef HOST_IMAGE_FLOW_H
#define HOST_IMAGE_FLOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "host/image/image.h"
#include "host/image/insn.h"

struct flow;

/* NULL: it is no image, or there is no memory. */
struct flow *flow_open(const uint8_t *file, size_t size, const char *name);
void flow_close(struct flow *flow);

/* The instruction at rva; false: none is known to begin there. */
bool flow_at(const struct flow *flow, uint32_t rva, struct insn *out);
/* The first instruction at or behind rva; 0: none. */
uint32_t flow_next(const struct flow *flow, uint32_t rva);
/* Does a function begin there: by the unwind data, or because it is called? */
bool flow_is_function(const struct flow *flow, uint32_t rva);
/* The image as it lies in memory at its preferred base; pe.size bytes. */
const struct pe *flow_pe(const struct flow *flow);
const uint8_t *flow_bytes(const struct flow *flow, uint32_t rva);
bool flow_is_leader(const struct flow *flow, uint32_t rva);
/* Where a direct branch, jump or call at rva leads. */
static inline uint32_t
flow_target(uint32_t rva, const struct insn *insn)
{
    return rva + insn->length + (uint32_t)insn->relative;
}

#endif
