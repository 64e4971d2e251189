/*
 * follow.h - where a value that was loaded from memory goes, in code that nobody runs.
 *
 * From one load the value is followed through registers and stack slots, along all ways and into the routines that are
 * called: it is the loaded one plus a constant, perhaps shifted. Each place that decides by it, after a comparison with a
 * number, is told.
 */
#ifndef HOST_CHECK_FOLLOW_H
#define HOST_CHECK_FOLLOW_H

#include <Zydis/Zydis.h>
#include "host/image/flow.h"

#define FOLLOW_SLOTS 8

/* A value that is (loaded + delta) >> shift. */
struct value {
    bool known;
    uint32_t delta;
    uint8_t shift;
};

/* The loaded value for which `value` is `number`. */
static inline uint32_t
value_when(const struct value *value, uint32_t number)
{
    return (number << value->shift) - value->delta;
}

struct state {
    uint32_t rva;
    uint8_t depth;
    struct value reg[16];
    struct {
        bool used;
        uint8_t base;
        int32_t offset;
        struct value value;
    } slot[FOLLOW_SLOTS];
    /* What the flags tell of: the value that makes `je` go. */
    bool compared;
    struct value flags;
    uint32_t with;
};

struct walk {
    const struct flow *flow;
    int64_t field;         /* offset of the loads that count */
    bool narrow;           /* those of 8, 16 and 64 bits as well */
    bool from_any;         /* what is followed from is a load, whatever it is from */
    size_t most, patience; /* states; instructions of one */
    /* The code at state->rva decides by whether the value is `number` (equal), or is less or more. `target`: where it goes
       on then, 0: not by a jump; `next`: the instruction behind the decision. */
    void (*decided)(struct walk *walk, const struct state *state, uint32_t number, bool equal,
                    uint32_t target, uint32_t next);
    void *context;

    ZydisDecoder decoder;
    struct state *state; /* seen, and to be looked at from `next` on */
    size_t states, next;
};

/* false: there is no memory */
bool follow_begin(struct walk *walk);
void follow_end(struct walk *walk);
bool follow_decode(const struct walk *walk, uint32_t rva, ZydisDecodedInstruction *insn,
                   ZydisDecodedOperand operand[ZYDIS_MAX_OPERAND_COUNT]);
/* 0 to 15 for a general register of any width, or -1. */
int follow_register(ZydisRegister reg);
/* Is it memory that a structure may lie in: not the stack's, not the image's? */
bool follow_is_memory(const ZydisDecodedOperand *operand);
/* Does the instruction load from the field? */
bool follow_loads(const struct walk *walk, const ZydisDecodedInstruction *insn,
                  const ZydisDecodedOperand *operand);
/* From the load at rva on. */
void follow(struct walk *walk, uint32_t rva);

#endif
