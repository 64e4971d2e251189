/*
 * codes.c - which control codes a driver knows, read from its code.
 *
 * IoControlCode is the 32-bit word at 0x18 of an IO_STACK_LOCATION. From each load of such a word the value is followed
 * (follow.c): it is the code plus a constant, perhaps shifted. Where it is
 * compared with a number, or becomes 0 by a subtraction, and the result decides a `je` or `jne`, that code is known
 * to the driver; so is one for which a jump table behind a bound has a place of its own. Other bounds (`ja`) only say that codes are near: each value of a small range, and the bound itself, is
 * one that is worth trying.
 *
 *   K1  A wrong guess costs one request of the survey; one that is missed costs what it would have shown. So a
 *       load from any structure's 0x18 counts, if what it is compared with looks like a code.
 */
#include <stdlib.h>
#include <string.h>
#include "host/check/check.h"
#include "host/check/follow.h"

#define FIELD     0x18
#define MAX_RANGE 256
#define MAX_TABLE 1024

struct finding_codes {
    struct code *out;
    size_t count, most;
    const char *name;
};

const char *
code_method(uint32_t code)
{
    static const char *const names[] = {"METHOD_BUFFERED", "METHOD_IN_DIRECT", "METHOD_OUT_DIRECT",
                                        "METHOD_NEITHER"};

    return names[code & 3];
}

static void
found(struct finding_codes *walk, uint32_t code, unsigned source, uint32_t rva, uint32_t target)
{
    if (code >> 16 == 0 || code == UINT32_MAX || code >> 16 == 0xFFFF || code >> 16 >= 0xC000) {
        return; /* no device type: a status, a length, a pointer's half */
    }
    for (size_t i = 0; i < walk->count; i++) {
        if (walk->out[i].code == code) {
            if ((walk->out[i].source & CODE_COMPARED) == 0 && source == CODE_COMPARED) {
                walk->out[i].rva = rva;
                walk->out[i].target = target;
            }
            walk->out[i].source |= source;
            return;
        }
    }
    if (walk->count < walk->most) {
        struct code *one = &walk->out[walk->count++];

        *one = (struct code){.code = code, .source = source, .rva = rva, .target = target};
        snprintf(one->driver, sizeof(one->driver), "%s", walk->name);
    }
}

/* ---- jump tables ---- */

#define TABLE_STEPS 14

struct table {
    uint32_t base;    /* what its words are added to */
    uint32_t words;   /* 32 bits each */
    uint32_t indices; /* of bytes that say which word; 0: none */
};

/*
 * lea B, [rip+x]   movsxd T, [B+I*4]   add T, B   jmp T               clang and gcc: B is the table
 * lea B, [rip+x]   movzx I, byte [B+I+y]   mov T, [B+I*4+z]   add   jmp     MSVC: B is the image's base
 */
static bool
find_table(const struct walk *walk, uint32_t rva, struct table *out)
{
    ZydisDecodedOperand operand[ZYDIS_MAX_OPERAND_COUNT];
    ZydisDecodedInstruction insn;
    uint32_t known[16] = {0};
    bool words = false;

    *out = (struct table){0};
    for (int i = 0; i < TABLE_STEPS && follow_decode(walk, rva, &insn, operand);
         i++, rva += insn.length) {
        const ZydisDecodedOperandMem *memory = &operand[1].mem;
        int to = operand[0].type == ZYDIS_OPERAND_TYPE_REGISTER
                     ? follow_register(operand[0].reg.value)
                     : -1;

        if (insn.mnemonic == ZYDIS_MNEMONIC_LEA && memory->base == ZYDIS_REGISTER_RIP && to >= 0) {
            known[to] = rva + insn.length + (uint32_t)memory->disp.value;
            continue;
        }
        if (insn.mnemonic == ZYDIS_MNEMONIC_JMP) {
            return words && operand[0].type == ZYDIS_OPERAND_TYPE_REGISTER;
        }
        if (insn.meta.category == ZYDIS_CATEGORY_COND_BR ||
            insn.meta.category == ZYDIS_CATEGORY_CALL) {
            return false;
        }
        if (insn.operand_count_visible == 2 && operand[1].type == ZYDIS_OPERAND_TYPE_MEMORY &&
            memory->index != ZYDIS_REGISTER_NONE && follow_register(memory->base) >= 0) {
            uint32_t base = known[follow_register(memory->base)];

            if (base != 0 && memory->scale == 4 && operand[1].size == 32) {
                out->base = base;
                out->words = base + (uint32_t)memory->disp.value;
                words = true;
            } else if (base != 0 && memory->scale == 1 && operand[1].size == 8) {
                out->indices = base + (uint32_t)memory->disp.value;
            }
        }
        if (to >= 0 && insn.mnemonic != ZYDIS_MNEMONIC_ADD) {
            known[to] = 0;
        }
    }
    return false;
}

/* Where the table leads for `index`; UINT32_MAX: nowhere. */
static uint32_t
entry_of(const struct walk *walk, const struct table *table, uint32_t index)
{
    uint32_t size = flow_pe(walk->flow)->size, entry;

    if (table->indices != 0) {
        if (table->indices + index >= size) {
            return UINT32_MAX;
        }
        index = *flow_bytes(walk->flow, table->indices + index);
    }
    if (table->words >= size || (size - table->words) / 4 <= index) {
        return UINT32_MAX;
    }
    memcpy(&entry, flow_bytes(walk->flow, table->words + index * 4), sizeof(entry));
    return entry + table->base;
}

/* Codes whose place in the table is not where control goes without one. False: there is none at `rva`. */
static bool
take_table(struct walk *walk, const struct state *state, uint32_t bound, uint32_t rva,
           uint32_t otherwise)
{
    uint32_t size = flow_pe(walk->flow)->size;
    struct table table;

    if (rva == 0 || otherwise == 0 || !find_table(walk, rva, &table)) {
        return false;
    }
    for (uint32_t i = 0; i <= bound; i++) {
        uint32_t entry = entry_of(walk, &table, i), times = 0;

        /* Where most lead is `default:` as well, if the bound's own jump does not go there straight. */
        for (uint32_t j = 0; j <= bound; j++) {
            times += entry_of(walk, &table, j) == entry;
        }
        if (entry != otherwise && entry < size && (times < 4 || times <= bound / 2)) {
            found(walk->context, value_when(&state->flags, i), CODE_COMPARED, state->rva, entry);
        }
    }
    return true;
}

static void
decided(struct walk *walk, const struct state *state, uint32_t number, bool equal, uint32_t target,
        uint32_t next)
{
    if (equal) {
        found(walk->context, value_when(&state->flags, number), CODE_COMPARED, state->rva, target);
        return;
    }
    if (number != 0 && number <= MAX_TABLE &&
        (take_table(walk, state, number, next, target) ||
         take_table(walk, state, number, target, next))) {
        return;
    }
    found(walk->context, value_when(&state->flags, number), CODE_TABLE, state->rva, 0);
    if (number != 0 && number <= MAX_RANGE) {
        for (uint32_t i = 0; i <= number; i++) {
            found(walk->context, value_when(&state->flags, i), CODE_TABLE, state->rva, 0);
        }
    }
}

static int
by_code(const void *left, const void *right)
{
    const struct code *a = left, *b = right;

    return a->code < b->code ? -1 : a->code > b->code;
}

size_t
codes_find(const uint8_t *file, size_t size, const char *name, struct code *out, size_t most)
{
    struct finding_codes codes = {out, 0, most, name};
    struct walk walk = {
        .field = FIELD, .most = 4000, .patience = 400, .decided = decided, .context = &codes};
    ZydisDecodedOperand operand[ZYDIS_MAX_OPERAND_COUNT];
    ZydisDecodedInstruction insn;
    struct flow *flow = flow_open(file, size, name);

    if (flow == NULL) {
        return 0;
    }
    walk.flow = flow;
    if (!follow_begin(&walk)) {
        abort();
    }
    for (uint32_t rva = flow_next(flow, 0); rva != 0; rva = flow_next(flow, rva + 1)) {
        if (follow_decode(&walk, rva, &insn, operand) && follow_loads(&walk, &insn, operand)) {
            follow(&walk, rva);
        }
    }
    follow_end(&walk);
    flow_close(flow);
    qsort(out, codes.count, sizeof(*out), by_code);
    return codes.count;
}
