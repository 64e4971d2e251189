/*
 * access.c - what one instruction does to memory: how many bytes, read or written, atomically or not.
 *
 * Left out: memory relative to fs or gs, pushes, pops, calls and jumps. Of all else that is not known here it is told (access_is_missed).
 */
#include "host/image/access.h"
#include <string.h>
#include <Zydis/Zydis.h>

static ZydisDecoder decoder;
static bool ready;

static int
number_of(ZydisRegister name)
{
    ZydisRegister whole = ZydisRegisterGetLargestEnclosing(ZYDIS_MACHINE_MODE_LONG_64, name);

    return whole >= ZYDIS_REGISTER_RAX && whole <= ZYDIS_REGISTER_R15
               ? (int)(whole - ZYDIS_REGISTER_RAX)
               : -1;
}

/* Reads and writes, in the middle of which another processor may write too. */
static bool
is_divisible(ZydisMnemonic mnemonic)
{
    switch (mnemonic) {
    case ZYDIS_MNEMONIC_ADD:
    case ZYDIS_MNEMONIC_OR:
    case ZYDIS_MNEMONIC_ADC:
    case ZYDIS_MNEMONIC_SBB:
    case ZYDIS_MNEMONIC_AND:
    case ZYDIS_MNEMONIC_SUB:
    case ZYDIS_MNEMONIC_XOR:
    case ZYDIS_MNEMONIC_INC:
    case ZYDIS_MNEMONIC_DEC:
    case ZYDIS_MNEMONIC_NOT:
    case ZYDIS_MNEMONIC_NEG:
    case ZYDIS_MNEMONIC_SHL:
    case ZYDIS_MNEMONIC_SHR:
    case ZYDIS_MNEMONIC_SAR:
    case ZYDIS_MNEMONIC_ROL:
    case ZYDIS_MNEMONIC_ROR:
    case ZYDIS_MNEMONIC_RCL:
    case ZYDIS_MNEMONIC_RCR:
    case ZYDIS_MNEMONIC_BTS:
    case ZYDIS_MNEMONIC_BTR:
    case ZYDIS_MNEMONIC_BTC:
    case ZYDIS_MNEMONIC_SHLD:
    case ZYDIS_MNEMONIC_SHRD:
    case ZYDIS_MNEMONIC_CMPXCHG:
    case ZYDIS_MNEMONIC_XADD:
        return true;
    default:
        return false;
    }
}

/* String instructions: what they touch through rsi (*source) and rdi (*target). */
static bool
is_string(ZydisMnemonic mnemonic, unsigned *size, bool *source, bool *target, bool *writes)
{
    static const struct {
        ZydisMnemonic mnemonic;
        uint8_t size, source, target, writes;
    } all[] = {
        {ZYDIS_MNEMONIC_STOSB, 1, 0, 1, 1}, {ZYDIS_MNEMONIC_STOSW, 2, 0, 1, 1},
        {ZYDIS_MNEMONIC_STOSD, 4, 0, 1, 1}, {ZYDIS_MNEMONIC_STOSQ, 8, 0, 1, 1},
        {ZYDIS_MNEMONIC_MOVSB, 1, 1, 1, 1}, {ZYDIS_MNEMONIC_MOVSW, 2, 1, 1, 1},
        {ZYDIS_MNEMONIC_MOVSD, 4, 1, 1, 1}, {ZYDIS_MNEMONIC_MOVSQ, 8, 1, 1, 1},
        {ZYDIS_MNEMONIC_LODSB, 1, 1, 0, 0}, {ZYDIS_MNEMONIC_LODSW, 2, 1, 0, 0},
        {ZYDIS_MNEMONIC_LODSD, 4, 1, 0, 0}, {ZYDIS_MNEMONIC_LODSQ, 8, 1, 0, 0},
    };

    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
        if (all[i].mnemonic == mnemonic) {
            *size = all[i].size;
            *source = all[i].source != 0;
            *target = all[i].target != 0;
            *writes = all[i].writes != 0;
            return true;
        }
    }
    return false;
}

static bool
string_access(const ZydisDecodedInstruction *decoded, const struct insn *insn, struct access *out)
{
    bool source, target, writes;
    unsigned size;
    uint32_t repeated = insn->repeat != 0 ? ABI_POINT_REPEATED : 0;

    if (insn->has_modrm || insn->segment || insn->address32 ||
        !is_string(decoded->mnemonic, &size, &source, &target, &writes)) {
        return false;
    }
    out->implied = true;
    out->what = size | repeated | (source ? ABI_POINT_READS : ABI_POINT_WRITES);
    if (source && target) {
        out->second = size | repeated | ABI_POINT_WRITES;
    }
    return true;
}

bool
access_of(const uint8_t *bytes, size_t length, const struct insn *insn, struct access *out)
{
    ZydisDecodedOperand operands[ZYDIS_MAX_OPERAND_COUNT];
    ZydisDecodedInstruction decoded;
    const ZydisDecodedOperand *memory = NULL;
    int number;

    if (!ready) {
        ZydisDecoderInit(&decoder, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64);
        ready = true;
    }
    *out = (struct access){0};
    if (!ZYAN_SUCCESS(ZydisDecoderDecodeFull(&decoder, bytes, length, &decoded, operands)) ||
        insn->flow != INSN_NEXT) {
        return false;
    }
    if (string_access(&decoded, insn, out)) {
        return true;
    }
    for (int i = 0; i < decoded.operand_count; i++) {
        const ZydisDecodedOperand *operand = &operands[i];

        if (operand->type == ZYDIS_OPERAND_TYPE_REGISTER &&
            (number = number_of(operand->reg.value)) >= 0) {
            out->registers |= (uint16_t)(1u << number);
        }
        if (operand->type != ZYDIS_OPERAND_TYPE_MEMORY) {
            continue;
        }
        if (operand->mem.type != ZYDIS_MEMOP_TYPE_MEM ||
            operand->visibility != ZYDIS_OPERAND_VISIBILITY_EXPLICIT || memory != NULL) {
            return false;
        }
        memory = operand;
        number = number_of(operand->mem.base);
        out->registers |= (uint16_t)(number >= 0 ? 1u << number : 0);
        number = number_of(operand->mem.index);
        out->registers |= (uint16_t)(number >= 0 ? 1u << number : 0);
    }
    if (memory == NULL || !insn->has_modrm || insn->modrm >> 6 == 3 || memory->size == 0 ||
        memory->size > 64 * 8 ||
        (memory->actions & (ZYDIS_OPERAND_ACTION_MASK_READ | ZYDIS_OPERAND_ACTION_MASK_WRITE)) ==
            0 ||
        decoded.meta.category == ZYDIS_CATEGORY_PREFETCH ||
        decoded.meta.category == ZYDIS_CATEGORY_NOP ||
        decoded.meta.category == ZYDIS_CATEGORY_WIDENOP || insn->segment == 0x64) {
        return false;
    }
    out->what = memory->size / 8;
    if (memory->actions & ZYDIS_OPERAND_ACTION_MASK_READ) {
        out->what |= ABI_POINT_READS;
    }
    if (memory->actions & ZYDIS_OPERAND_ACTION_MASK_WRITE) {
        out->what |= ABI_POINT_WRITES;
    }
    if (decoded.mnemonic == ZYDIS_MNEMONIC_BTS || decoded.mnemonic == ZYDIS_MNEMONIC_BTR ||
        decoded.mnemonic == ZYDIS_MNEMONIC_BTC || decoded.mnemonic == ZYDIS_MNEMONIC_BT) {
        if (operands[1].type == ZYDIS_OPERAND_TYPE_REGISTER) {
            out->what |= ABI_POINT_BIT;
            out->bit = (uint8_t)number_of(operands[1].reg.value);
        }
    }
    if (access_is_atomic(insn)) {
        out->what |= ABI_POINT_ATOMIC | ABI_POINT_WRITES;
        out->what |= access_exchanges_pointer(insn) ? ABI_POINT_EXCHANGE : 0u;
        if (decoded.mnemonic == ZYDIS_MNEMONIC_CMPXCHG ||
            decoded.mnemonic == ZYDIS_MNEMONIC_CMPXCHG16B) {
            out->what |= ABI_POINT_COMPARES;
        } else if (decoded.mnemonic == ZYDIS_MNEMONIC_CMPXCHG8B) {
            out->what |= ABI_POINT_COMPARES | ABI_POINT_PAIR;
        }
        if (insn->segment == 0x65) {
            out->what |= ABI_POINT_GS;
        }
        return true;
    }
    if (insn->segment == 0x65) {
        return false;
    }
    out->changes_rax = decoded.mnemonic == ZYDIS_MNEMONIC_CMPXCHG;
    out->changes_reg = decoded.mnemonic == ZYDIS_MNEMONIC_XADD;
    out->whole =
        (out->what & (ABI_POINT_READS | ABI_POINT_WRITES)) == (ABI_POINT_READS | ABI_POINT_WRITES);
    out->divisible = is_divisible(decoded.mnemonic) && insn->map != INSN_OTHER &&
                     (out->what & ABI_POINT_BIT) == 0 && out->whole && memory->size <= 64;
    return true;
}

/* Memory of its own operand, or of a string instruction; the stack is what is left out. */
static bool
is_access(const ZydisDecodedOperand *operand)
{
    return operand->type == ZYDIS_OPERAND_TYPE_MEMORY &&
           operand->mem.type != ZYDIS_MEMOP_TYPE_AGEN &&
           operand->mem.segment != ZYDIS_REGISTER_FS && operand->mem.segment != ZYDIS_REGISTER_GS &&
           (operand->visibility == ZYDIS_OPERAND_VISIBILITY_EXPLICIT ||
            operand->mem.base != ZYDIS_REGISTER_RSP);
}

bool
access_is_missed(const uint8_t *bytes, size_t length, const struct insn *insn)
{
    ZydisDecodedOperand operands[ZYDIS_MAX_OPERAND_COUNT];
    ZydisDecodedInstruction decoded;

    if (insn->flow != INSN_NEXT ||
        !ZYAN_SUCCESS(ZydisDecoderDecodeFull(&decoder, bytes, length, &decoded, operands))) {
        return false;
    }
    switch (decoded.meta.category) {
    case ZYDIS_CATEGORY_PUSH:
    case ZYDIS_CATEGORY_POP:
    case ZYDIS_CATEGORY_PREFETCH:
    case ZYDIS_CATEGORY_NOP:
    case ZYDIS_CATEGORY_WIDENOP:
        return false;
    default:
        for (int i = 0; i < decoded.operand_count; i++) {
            if (is_access(&operands[i])) {
                return true;
            }
        }
        return false;
    }
}
