/*
 * codes.c - which control codes a driver knows, read from its code.
 *
 * IoControlCode is the 32-bit word at 0x18 of an IO_STACK_LOCATION. From each load of such a word the value is followed
 * through registers and stack slots, along all ways: it is the code plus a constant, perhaps shifted. Where it is
 * compared with a number, or becomes 0 by a subtraction, and the result decides a `je` or `jne`, that code is known
 * to the driver. Bounds (`ja`) only say that codes are near: each value of a small range, and the bound itself, is
 * one that is worth trying.
 *
 *   K1  A wrong guess costs one request of the survey; one that is missed costs what it would have shown. So a
 *       load from any structure's 0x18 counts, if what it is compared with looks like a code.
 */
#include <Zydis/Zydis.h>
#include <stdlib.h>
#include <string.h>
#include "host/check/check.h"
#include "host/image/flow.h"

#define FIELD      0x18
#define MAX_SLOTS  8
#define MAX_STATES 4000
#define MAX_RANGE  256
#define MAX_DEPTH  3

/* A value that is (code + delta) >> shift. */
struct value {
    bool known;
    uint32_t delta;
    uint8_t shift;
};

struct state {
    uint32_t rva;
    uint8_t depth;
    struct value reg[16];
    struct {
        bool used;
        uint8_t base;
        int32_t offset;
        struct value value;
    } slot[MAX_SLOTS];
    /* What the flags tell of: the value that makes `je` go. */
    bool compared;
    struct value flags;
    uint32_t with;
};

struct walk {
    const struct flow *flow;
    ZydisDecoder decoder;
    struct state *state; /* seen, and to be looked at from `next` on */
    size_t states, next;
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
found(struct walk *walk, uint32_t code, unsigned source, uint32_t rva)
{
    if (code >> 16 == 0 || code == UINT32_MAX || code >> 16 == 0xFFFF || code >> 16 >= 0xC000) {
        return; /* no device type: a status, a length, a pointer's half */
    }
    for (size_t i = 0; i < walk->count; i++) {
        if (walk->out[i].code == code) {
            if ((walk->out[i].source & CODE_COMPARED) == 0 && source == CODE_COMPARED) {
                walk->out[i].rva = rva;
            }
            walk->out[i].source |= source;
            return;
        }
    }
    if (walk->count < walk->most) {
        struct code *one = &walk->out[walk->count++];

        *one = (struct code){.code = code, .source = source, .rva = rva};
        snprintf(one->driver, sizeof(one->driver), "%s", walk->name);
    }
}

/* The code for which `value` is `number`. */
static uint32_t
code_of(const struct value *value, uint32_t number)
{
    return (number << value->shift) - value->delta;
}

static int
register_number(ZydisRegister reg)
{
    ZydisRegister whole = ZydisRegisterGetLargestEnclosing(ZYDIS_MACHINE_MODE_LONG_64, reg);

    return whole >= ZYDIS_REGISTER_RAX && whole <= ZYDIS_REGISTER_R15
               ? (int)(whole - ZYDIS_REGISTER_RAX)
               : -1;
}

static bool
is_wide(ZydisRegister reg) /* 32 or 64 bits */
{
    return (reg >= ZYDIS_REGISTER_EAX && reg <= ZYDIS_REGISTER_R15D) ||
           (reg >= ZYDIS_REGISTER_RAX && reg <= ZYDIS_REGISTER_R15);
}

/* ---- operands ---- */

static bool
is_stack(const ZydisDecodedOperand *operand)
{
    return operand->type == ZYDIS_OPERAND_TYPE_MEMORY &&
           operand->mem.index == ZYDIS_REGISTER_NONE &&
           (operand->mem.base == ZYDIS_REGISTER_RSP || operand->mem.base == ZYDIS_REGISTER_RBP);
}

static bool
is_field(const ZydisDecodedOperand *operand)
{
    return operand->type == ZYDIS_OPERAND_TYPE_MEMORY && operand->size == 32 &&
           operand->mem.index == ZYDIS_REGISTER_NONE && !is_stack(operand) &&
           operand->mem.base != ZYDIS_REGISTER_RIP && operand->mem.base != ZYDIS_REGISTER_NONE &&
           operand->mem.segment != ZYDIS_REGISTER_GS && operand->mem.disp.value == FIELD;
}

static struct value
read_operand(const struct state *state, const ZydisDecodedOperand *operand)
{
    int number;

    if (operand->type == ZYDIS_OPERAND_TYPE_REGISTER) {
        number = register_number(operand->reg.value);
        return number >= 0 && is_wide(operand->reg.value) ? state->reg[number]
                                                          : (struct value){false, 0, 0};
    }
    if (is_field(operand)) {
        return (struct value){true, 0, 0};
    }
    for (size_t i = 0; is_stack(operand) && i < MAX_SLOTS; i++) {
        if (state->slot[i].used && state->slot[i].base == (uint8_t)operand->mem.base &&
            state->slot[i].offset == (int32_t)operand->mem.disp.value) {
            return state->slot[i].value;
        }
    }
    return (struct value){false, 0, 0};
}

static void
write_operand(struct state *state, const ZydisDecodedOperand *operand, struct value value)
{
    int number;
    size_t at = MAX_SLOTS;

    if (operand->type == ZYDIS_OPERAND_TYPE_REGISTER) {
        number = register_number(operand->reg.value);
        if (number >= 0) {
            state->reg[number] = is_wide(operand->reg.value) ? value : (struct value){false, 0, 0};
        }
        return;
    }
    for (size_t i = 0; is_stack(operand) && i < MAX_SLOTS; i++) {
        if (state->slot[i].used && state->slot[i].base == (uint8_t)operand->mem.base &&
            state->slot[i].offset == (int32_t)operand->mem.disp.value) {
            at = i;
            break;
        }
        if (!state->slot[i].used && at == MAX_SLOTS) {
            at = i;
        }
    }
    if (at < MAX_SLOTS) {
        state->slot[at].used = value.known;
        state->slot[at].base = (uint8_t)operand->mem.base;
        state->slot[at].offset = (int32_t)operand->mem.disp.value;
        state->slot[at].value = value;
    }
}

/* ---- the walk ---- */

static bool
knows_anything(const struct state *state)
{
    bool any = state->compared;

    for (size_t i = 0; i < 16; i++) {
        any = any || state->reg[i].known;
    }
    for (size_t i = 0; i < MAX_SLOTS; i++) {
        any = any || state->slot[i].used;
    }
    return any;
}

static void
add_state(struct walk *walk, const struct state *from, uint32_t rva)
{
    struct state state = *from;

    state.rva = rva;
    if (walk->states == MAX_STATES || !knows_anything(&state)) {
        return;
    }
    for (size_t i = 0; i < walk->states; i++) {
        if (memcmp(&walk->state[i], &state, sizeof(state)) == 0) {
            return;
        }
    }
    walk->state[walk->states++] = state;
}

static void
set_compared(struct state *state, struct value value, uint32_t with)
{
    state->compared = value.known;
    state->flags = value.known ? value : (struct value){false, 0, 0};
    state->with = value.known ? with : 0;
}

/* A conditional jump, move or set: what it says of the comparison before it. */
static void
decide(struct walk *walk, const struct state *state, const ZydisDecodedInstruction *insn)
{
    uint32_t code;

    if (!state->compared) {
        return;
    }
    code = code_of(&state->flags, state->with);
    switch (insn->mnemonic) {
    case ZYDIS_MNEMONIC_JZ:
    case ZYDIS_MNEMONIC_JNZ:
    case ZYDIS_MNEMONIC_CMOVZ:
    case ZYDIS_MNEMONIC_CMOVNZ:
    case ZYDIS_MNEMONIC_SETZ:
    case ZYDIS_MNEMONIC_SETNZ:
        found(walk, code, CODE_COMPARED, state->rva);
        return;
    default:
        break;
    }
    found(walk, code, CODE_TABLE, state->rva);
    if (state->with != 0 && state->with <= MAX_RANGE) {
        for (uint32_t i = 0; i <= state->with; i++) {
            found(walk, code_of(&state->flags, i), CODE_TABLE, state->rva);
        }
    }
}

/* What an instruction does to the values; false: control does not come to the next one. */
static bool
step(struct walk *walk, struct state *state, const ZydisDecodedInstruction *insn,
     const ZydisDecodedOperand *operand)
{
    bool immediate =
        insn->operand_count_visible > 1 && operand[1].type == ZYDIS_OPERAND_TYPE_IMMEDIATE;
    uint32_t number = immediate ? (uint32_t)operand[1].imm.value.u : 0;
    struct value value = insn->operand_count_visible > 0 ? read_operand(state, &operand[0])
                                                         : (struct value){false, 0, 0};

    switch (insn->mnemonic) {
    case ZYDIS_MNEMONIC_CMP:
        set_compared(state, immediate ? value : (struct value){false, 0, 0}, number);
        return true;
    case ZYDIS_MNEMONIC_TEST:
        if (operand[1].type == ZYDIS_OPERAND_TYPE_REGISTER &&
            operand[0].type == ZYDIS_OPERAND_TYPE_REGISTER &&
            operand[0].reg.value == operand[1].reg.value) {
            set_compared(state, value, 0);
        } else {
            set_compared(state, (struct value){false, 0, 0}, 0);
        }
        return true;
    case ZYDIS_MNEMONIC_SUB:
    case ZYDIS_MNEMONIC_ADD:
    case ZYDIS_MNEMONIC_DEC:
    case ZYDIS_MNEMONIC_INC:
        if (insn->mnemonic == ZYDIS_MNEMONIC_DEC || insn->mnemonic == ZYDIS_MNEMONIC_INC) {
            number = 1;
            immediate = true;
        }
        if (!immediate || !value.known) {
            value.known = false;
        } else {
            number <<= value.shift;
            value.delta +=
                insn->mnemonic == ZYDIS_MNEMONIC_SUB || insn->mnemonic == ZYDIS_MNEMONIC_DEC
                    ? 0 - number
                    : number;
        }
        write_operand(state, &operand[0], value);
        set_compared(state, value, 0);
        return true;
    case ZYDIS_MNEMONIC_SHR:
    case ZYDIS_MNEMONIC_ROR:
        value.known = value.known && immediate && value.shift == 0 && number == 2;
        value.shift = 2;
        write_operand(state, &operand[0], value);
        set_compared(state, value, 0);
        return true;
    case ZYDIS_MNEMONIC_MOV:
    case ZYDIS_MNEMONIC_MOVSXD:
        write_operand(state, &operand[0], read_operand(state, &operand[1]));
        return true;
    case ZYDIS_MNEMONIC_LEA: {
        int base = register_number(operand[1].mem.base);

        value = base >= 0 && operand[1].mem.index == ZYDIS_REGISTER_NONE ? state->reg[base]
                                                                         : (struct value){0};
        value.known = value.known && value.shift == 0;
        value.delta += (uint32_t)operand[1].mem.disp.value;
        write_operand(state, &operand[0], value);
        return true;
    }
    case ZYDIS_MNEMONIC_CALL: {
        static const uint8_t lost[] = {0, 1, 2, 8, 9, 10, 11};
        struct state inner = {0};

        if (operand[0].type == ZYDIS_OPERAND_TYPE_IMMEDIATE && state->depth < MAX_DEPTH) {
            inner.depth = state->depth + 1;
            inner.reg[1] = state->reg[1];
            inner.reg[2] = state->reg[2];
            inner.reg[8] = state->reg[8];
            inner.reg[9] = state->reg[9];
            add_state(walk, &inner, state->rva + insn->length + (uint32_t)operand[0].imm.value.s);
        }
        for (size_t i = 0; i < sizeof(lost); i++) {
            state->reg[lost[i]] = (struct value){0};
        }
        set_compared(state, (struct value){0}, 0);
        return true;
    }
    case ZYDIS_MNEMONIC_RET:
    case ZYDIS_MNEMONIC_INT3:
    case ZYDIS_MNEMONIC_UD2:
        return false;
    case ZYDIS_MNEMONIC_JMP:
        if (operand[0].type == ZYDIS_OPERAND_TYPE_IMMEDIATE) {
            add_state(walk, state, state->rva + insn->length + (uint32_t)operand[0].imm.value.s);
        }
        return false;
    default:
        break;
    }
    if (insn->meta.category == ZYDIS_CATEGORY_COND_BR) {
        decide(walk, state, insn);
        add_state(walk, state, state->rva + insn->length + (uint32_t)operand[0].imm.value.s);
        return true; /* the flags stand */
    }
    if (insn->meta.category == ZYDIS_CATEGORY_CMOV || insn->meta.category == ZYDIS_CATEGORY_SETCC) {
        decide(walk, state, insn);
    }
    for (uint8_t i = 0; i < insn->operand_count; i++) {
        if (operand[i].actions & ZYDIS_OPERAND_ACTION_MASK_WRITE) {
            write_operand(state, &operand[i], (struct value){0});
        }
    }
    if (insn->cpu_flags != NULL && insn->cpu_flags->modified != 0) {
        set_compared(state, (struct value){0}, 0);
    }
    return true;
}

static bool
decode(struct walk *walk, uint32_t rva, ZydisDecodedInstruction *insn,
       ZydisDecodedOperand operand[ZYDIS_MAX_OPERAND_COUNT])
{
    struct insn known;

    return flow_at(walk->flow, rva, &known) &&
           ZYAN_SUCCESS(ZydisDecoderDecodeFull(&walk->decoder, flow_bytes(walk->flow, rva),
                                               known.length, insn, operand));
}

static void
follow(struct walk *walk)
{
    ZydisDecodedOperand operand[ZYDIS_MAX_OPERAND_COUNT];
    ZydisDecodedInstruction insn;

    while (walk->next < walk->states) {
        struct state state = walk->state[walk->next++];

        for (size_t i = 0;
             i < 400 && knows_anything(&state) && decode(walk, state.rva, &insn, operand); i++) {
            if (!step(walk, &state, &insn, operand)) {
                break;
            }
            state.rva += insn.length;
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
    struct walk walk = {.out = out, .most = most, .name = name};
    ZydisDecodedOperand operand[ZYDIS_MAX_OPERAND_COUNT];
    ZydisDecodedInstruction insn;
    struct flow *flow = flow_open(file, size, name);

    if (flow == NULL) {
        return 0;
    }
    walk.flow = flow;
    walk.state = calloc(MAX_STATES, sizeof(*walk.state));
    if (walk.state == NULL) {
        abort();
    }
    ZydisDecoderInit(&walk.decoder, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64);
    for (uint32_t rva = flow_next(flow, 0); rva != 0; rva = flow_next(flow, rva + 1)) {
        struct state start = {0};
        bool loads = false;

        if (!decode(&walk, rva, &insn, operand)) {
            continue;
        }
        for (uint8_t i = 0; i < insn.operand_count_visible; i++) {
            loads = loads || is_field(&operand[i]);
        }
        if (!loads || insn.mnemonic == ZYDIS_MNEMONIC_LEA ||
            (insn.mnemonic == ZYDIS_MNEMONIC_MOV && is_field(&operand[0]))) {
            continue;
        }
        start.rva = rva;
        walk.states = walk.next = 0;
        if (step(&walk, &start, &insn, operand)) {
            add_state(&walk, &start, rva + insn.length);
        }
        follow(&walk);
    }
    free(walk.state);
    flow_close(flow);
    qsort(out, walk.count, sizeof(*out), by_code);
    return walk.count;
}
