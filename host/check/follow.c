/*
 * follow.c - where a value goes (follow.h).
 *
 * A state is what is known at an instruction: which registers and stack slots hold the value, and what was compared. Each
 * way through the code is gone until nothing is known any more, the same state was seen, or there are too many of them.
 */
#include <stdlib.h>
#include <string.h>
#include "host/check/follow.h"

#define MAX_DEPTH 3

int
follow_register(ZydisRegister reg)
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

bool
follow_is_memory(const ZydisDecodedOperand *operand)
{
    return operand->type == ZYDIS_OPERAND_TYPE_MEMORY &&
           operand->mem.index == ZYDIS_REGISTER_NONE && !is_stack(operand) &&
           operand->mem.base != ZYDIS_REGISTER_RIP && operand->mem.base != ZYDIS_REGISTER_NONE &&
           operand->mem.segment != ZYDIS_REGISTER_GS;
}

static bool
is_field(const struct walk *walk, const ZydisDecodedOperand *operand)
{
    return follow_is_memory(operand) && operand->mem.disp.value == walk->field &&
           (operand->size == 32 || (walk->narrow && operand->size <= 64));
}

static struct value
read_operand(const struct walk *walk, const struct state *state, const ZydisDecodedOperand *operand)
{
    int number;

    if (operand->type == ZYDIS_OPERAND_TYPE_REGISTER) {
        number = follow_register(operand->reg.value);
        return number >= 0 && (walk->narrow || is_wide(operand->reg.value))
                   ? state->reg[number]
                   : (struct value){false, 0, 0};
    }
    if (is_field(walk, operand)) {
        return (struct value){true, 0, 0};
    }
    for (size_t i = 0; is_stack(operand) && i < FOLLOW_SLOTS; i++) {
        if (state->slot[i].used && state->slot[i].base == (uint8_t)operand->mem.base &&
            state->slot[i].offset == (int32_t)operand->mem.disp.value) {
            return state->slot[i].value;
        }
    }
    return (struct value){false, 0, 0};
}

static void
write_operand(const struct walk *walk, struct state *state, const ZydisDecodedOperand *operand,
              struct value value)
{
    int number;
    size_t at = FOLLOW_SLOTS;

    if (operand->type == ZYDIS_OPERAND_TYPE_REGISTER) {
        number = follow_register(operand->reg.value);
        if (number >= 0) {
            state->reg[number] =
                walk->narrow || is_wide(operand->reg.value) ? value : (struct value){false, 0, 0};
        }
        return;
    }
    for (size_t i = 0; is_stack(operand) && i < FOLLOW_SLOTS; i++) {
        if (state->slot[i].used && state->slot[i].base == (uint8_t)operand->mem.base &&
            state->slot[i].offset == (int32_t)operand->mem.disp.value) {
            at = i;
            break;
        }
        if (!state->slot[i].used && at == FOLLOW_SLOTS) {
            at = i;
        }
    }
    if (at < FOLLOW_SLOTS) {
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
    for (size_t i = 0; i < FOLLOW_SLOTS; i++) {
        any = any || state->slot[i].used;
    }
    return any;
}

static void
add_state(struct walk *walk, const struct state *from, uint32_t rva)
{
    struct state state = *from;

    state.rva = rva;
    if (walk->states == walk->most || !knows_anything(&state)) {
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
decide(struct walk *walk, const struct state *state, const ZydisDecodedInstruction *insn,
       const ZydisDecodedOperand *operand)
{
    uint32_t next = state->rva + insn->length, target = 0;

    if (!state->compared) {
        return;
    }
    if (insn->meta.category == ZYDIS_CATEGORY_COND_BR) {
        target = next + (uint32_t)operand[0].imm.value.s;
    }
    switch (insn->mnemonic) {
    case ZYDIS_MNEMONIC_JZ:
    case ZYDIS_MNEMONIC_CMOVZ:
    case ZYDIS_MNEMONIC_CMOVNZ:
    case ZYDIS_MNEMONIC_SETZ:
    case ZYDIS_MNEMONIC_SETNZ:
        walk->decided(walk, state, state->with, true, target, next);
        return;
    case ZYDIS_MNEMONIC_JNZ:
        walk->decided(walk, state, state->with, true, next, next);
        return;
    default:
        walk->decided(walk, state, state->with, false, target, next);
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
    struct value value = insn->operand_count_visible > 0 ? read_operand(walk, state, &operand[0])
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
        if (immediate && insn->mnemonic == ZYDIS_MNEMONIC_SUB) {
            set_compared(state, value, number); /* as `cmp` does: a bound is told by it as well */
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
        write_operand(walk, state, &operand[0], value);
        if (!immediate || insn->mnemonic != ZYDIS_MNEMONIC_SUB) {
            set_compared(state, value, 0);
        }
        return true;
    case ZYDIS_MNEMONIC_SHR:
    case ZYDIS_MNEMONIC_ROR:
        value.known = value.known && immediate && value.shift == 0 && number == 2;
        value.shift = 2;
        write_operand(walk, state, &operand[0], value);
        set_compared(state, value, 0);
        return true;
    case ZYDIS_MNEMONIC_MOV:
    case ZYDIS_MNEMONIC_MOVZX:
    case ZYDIS_MNEMONIC_MOVSX:
    case ZYDIS_MNEMONIC_MOVSXD:
        write_operand(walk, state, &operand[0], read_operand(walk, state, &operand[1]));
        return true;
    case ZYDIS_MNEMONIC_LEA: {
        int base = follow_register(operand[1].mem.base);

        value = base >= 0 && operand[1].mem.index == ZYDIS_REGISTER_NONE ? state->reg[base]
                                                                         : (struct value){0};
        value.known = value.known && value.shift == 0;
        value.delta += (uint32_t)operand[1].mem.disp.value;
        write_operand(walk, state, &operand[0], value);
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
        decide(walk, state, insn, operand);
        add_state(walk, state, state->rva + insn->length + (uint32_t)operand[0].imm.value.s);
        return true; /* the flags stand */
    }
    if (insn->meta.category == ZYDIS_CATEGORY_CMOV || insn->meta.category == ZYDIS_CATEGORY_SETCC) {
        decide(walk, state, insn, operand);
    }
    for (uint8_t i = 0; i < insn->operand_count; i++) {
        if (operand[i].actions & ZYDIS_OPERAND_ACTION_MASK_WRITE) {
            write_operand(walk, state, &operand[i], (struct value){0});
        }
    }
    if (insn->cpu_flags != NULL && insn->cpu_flags->modified != 0) {
        set_compared(state, (struct value){0}, 0);
    }
    return true;
}

bool
follow_decode(const struct walk *walk, uint32_t rva, ZydisDecodedInstruction *insn,
              ZydisDecodedOperand operand[ZYDIS_MAX_OPERAND_COUNT])
{
    struct insn known;

    return flow_at(walk->flow, rva, &known) &&
           ZYAN_SUCCESS(ZydisDecoderDecodeFull(&walk->decoder, flow_bytes(walk->flow, rva),
                                               known.length, insn, operand));
}

bool
follow_loads(const struct walk *walk, const ZydisDecodedInstruction *insn,
             const ZydisDecodedOperand *operand)
{
    bool loads = false;

    for (uint8_t i = 0; i < insn->operand_count_visible; i++) {
        loads = loads || is_field(walk, &operand[i]);
    }
    return loads && insn->mnemonic != ZYDIS_MNEMONIC_LEA &&
           !(insn->mnemonic == ZYDIS_MNEMONIC_MOV && is_field(walk, &operand[0]));
}

bool
follow_begin(struct walk *walk)
{
    ZydisDecoderInit(&walk->decoder, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64);
    walk->state = calloc(walk->most, sizeof(*walk->state));
    return walk->state != NULL;
}

void
follow_end(struct walk *walk)
{
    free(walk->state);
}

void
follow(struct walk *walk, uint32_t rva)
{
    ZydisDecodedOperand operand[ZYDIS_MAX_OPERAND_COUNT];
    ZydisDecodedInstruction insn;
    struct state start = {.rva = rva};

    int to;

    walk->states = walk->next = 0;
    if (follow_decode(walk, rva, &insn, operand) && step(walk, &start, &insn, operand)) {
        to = walk->from_any && operand[0].type == ZYDIS_OPERAND_TYPE_REGISTER
                 ? follow_register(operand[0].reg.value)
                 : -1;
        if (to >= 0) {
            start.reg[to] = (struct value){true, 0, 0};
        }
        add_state(walk, &start, rva + insn.length);
    }
    while (walk->next < walk->states) {
        struct state state = walk->state[walk->next++];

        for (size_t i = 0; i < walk->patience && knows_anything(&state) &&
                           follow_decode(walk, state.rva, &insn, operand);
             i++) {
            if (!step(walk, &state, &insn, operand)) {
                break;
            }
            state.rva += insn.length;
        }
    }
}
