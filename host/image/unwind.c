/*
 * unwind.c - from a function's registers to its caller's, by UNWIND_INFO.
 *
 * Images and stacks may hold anything: each step must move the stack pointer up, and what cannot be read ends it.
 *
 * Facts: Microsoft, "x64 exception handling". Epilogues are not looked for, but for the last `ret`:
 * who stands there may lack its caller's frame.
 */
#include "host/image/image.h"

enum {
    PUSH_NONVOL,
    ALLOC_LARGE,
    ALLOC_SMALL,
    SET_FPREG,
    SAVE_NONVOL,
    SAVE_NONVOL_FAR,
    EPILOG,
    SPARE,
    SAVE_XMM,
    SAVE_XMM_FAR,
    PUSH_MACHFRAME
};

/* Undoes the prologue as far as it has run. True: a machine frame gave rip and rsp. */
static bool
undo(const struct pe *pe, struct pe_unwind *at, uint32_t unwind, uint32_t offset, int depth)
{
    uint8_t head[4], code[512];
    unsigned frame_register;
    uint64_t base = at->gpr[4];

    if (depth > 8 || !pe_read(pe, unwind, head, 4) ||
        !pe_read(pe, unwind + 4, code, head[2] * 2u)) {
        at->lost = true;
        return false;
    }
    frame_register = head[3] & 15;
    if (frame_register != 0) {
        base = at->gpr[frame_register] - (head[3] >> 4) * 16u;
    }
    for (unsigned i = 0; i < head[2];) {
        const uint8_t *slot = code + 2 * i;
        unsigned operation = slot[1] & 15, info = slot[1] >> 4;
        bool done = slot[0] <= offset;
        uint64_t large = 0;

        if ((operation == ALLOC_LARGE && info == 0) || operation == SAVE_NONVOL ||
            operation == SAVE_XMM) {
            large = i + 1 < head[2] ? slot[2] | slot[3] << 8 : 0;
        } else if (operation == ALLOC_LARGE || operation == SAVE_NONVOL_FAR ||
                   operation == SAVE_XMM_FAR) {
            large = i + 2 < head[2]
                        ? slot[2] | slot[3] << 8 | slot[4] << 16 | (uint64_t)slot[5] << 24
                        : 0;
        }
        switch (operation) {
        case PUSH_NONVOL:
            if (done) {
                at->gpr[info] = at->peek(at, at->gpr[4]);
                at->gpr[4] += 8;
            }
            i += 1;
            break;
        case ALLOC_LARGE:
            at->gpr[4] += done ? (info == 0 ? large * 8 : large) : 0;
            i += info == 0 ? 2 : 3;
            break;
        case ALLOC_SMALL:
            at->gpr[4] += done ? info * 8u + 8u : 0;
            i += 1;
            break;
        case SET_FPREG:
            at->gpr[4] = done ? base : at->gpr[4];
            i += 1;
            break;
        case SAVE_NONVOL:
        case SAVE_NONVOL_FAR:
            if (done) {
                at->gpr[info] = at->peek(at, base + (operation == SAVE_NONVOL ? large * 8 : large));
            }
            i += operation == SAVE_NONVOL ? 2 : 3;
            break;
        case PUSH_MACHFRAME:
            base = at->gpr[4] + (info ? 8 : 0);
            at->rip = at->peek(at, base);
            at->gpr[4] = at->peek(at, base + 24);
            return true;
        default:
            i += operation == SAVE_XMM ? 2 : operation == SAVE_XMM_FAR ? 3 : 1;
        }
    }
    if (head[0] >> 3 & 4) {
        uint32_t chained[3];

        if (!pe_read(pe, unwind + 4 + (head[2] + 1u) / 2 * 4, chained, sizeof(chained))) {
            at->lost = true;
            return false;
        }
        return undo(pe, at, chained[2], ~0u, depth + 1);
    }
    return false;
}

bool
pe_unwind(const struct pe *pe, uint32_t rva, struct pe_unwind *at)
{
    uint64_t before = at->gpr[4];
    struct pe_function function;
    uint8_t instruction = 0;

    pe_read(pe, rva, &instruction, 1);
    if (instruction != 0xC3 && pe_function_find(pe, rva, &function) &&
        undo(pe, at, function.unwind, rva - function.begin, 0)) {
        return !at->lost;
    }
    at->rip = at->peek(at, at->gpr[4]);
    at->gpr[4] += 8;
    return !at->lost && at->gpr[4] > before && at->rip != 0;
}
