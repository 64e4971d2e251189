/*
 * insn.c - lengths and control flow of x86-64 instructions.
 *
 * Two tables, one character for each opcode, say what follows it. Facts: Intel SDM volume 2,
 * appendix A (opcode maps), in 64-bit mode.
 *
 *     .  nothing          m  ModRM            b  8-bit immediate      z  16/32-bit immediate
 *     B  ModRM + 8 bit    Z  ModRM + 16/32    r  8-bit relative       R  32-bit relative
 *     w  16-bit immediate o  moffs            v  immediate up to 64   x  not an instruction
 *     p  prefix           e  escape or group that code below decides
 */
#include <string.h>
#include <Zydis/Zydis.h>
#include "host/image/insn.h"
#include "host/image/internal.h"

/* clang-format off */
static const char one_byte[] =
    "mmmmbzxx" "mmmmbzxe" "mmmmbzxx" "mmmmbzxx"  /* 00 */
    "mmmmbzpx" "mmmmbzpx" "mmmmbzpx" "mmmmbzpx"  /* 20 */
    "pppppppp" "pppppppp" "........" "........"  /* 40 */
    "xxempppp" "zZbB...." "rrrrrrrr" "rrrrrrrr"  /* 60 */
    "BZxBmmmm" "mmmmmmme" "........" "..x....."  /* 80 */
    "oooo...." "bz......" "bbbbbbbb" "vvvvvvvv"  /* A0 */
    "BBw.eeee" "e.w..bx." "mmmmxxx." "mmmmmmmm"  /* C0 */
    "rrrrbbbb" "RRxr...." "p.pp..ee" "......ee"; /* E0 */

static const char two_byte[] =
    "emmmx..." "..x.xm.e" "mmmmmmmm" "mmmmmmmm"  /* 00 */
    "eeeexxxx" "mmmmmmmm" "......x." "exexxxxx"  /* 20 */
    "mmmmmmmm" "mmmmmmmm" "mmmmmmmm" "mmmmmmmm"  /* 40 */
    "mmmmmmmm" "mmmmmmmm" "BBBBmmm." "eexxmmmm"  /* 60 */
    "RRRRRRRR" "RRRRRRRR" "mmmmmmmm" "mmmmmmmm"  /* 80 */
    "...mBmmm" "...mBmmm" "mmmmmmmm" "ememmmmm"  /* A0 */
    "mmBmBBBe" "........" "mmmmmmmm" "mmmmmmmm"  /* C0 */
    "mmmmmmmm" "mmmmmmmm" "mmmmmmmm" "mmmmmmmm"; /* E0 */
/* clang-format on */

_Static_assert(sizeof one_byte == 257 && sizeof two_byte == 257, "a row is missing");

struct cursor {
    const uint8_t *bytes;
    size_t size; /* at most 15 */
    size_t at;
};

static bool
take(struct cursor *cursor, size_t count)
{
    if (count > cursor->size - cursor->at) {
        return false;
    }
    cursor->at += count;
    return true;
}

/* ModRM, SIB and displacement. */
static bool
take_modrm(struct cursor *cursor, struct insn *insn)
{
    unsigned mod, rm, disp;

    insn->has_modrm = true;
    insn->modrm_at = (uint8_t)cursor->at;
    if (!take(cursor, 1)) {
        return false;
    }
    insn->modrm = cursor->bytes[cursor->at - 1];
    mod = insn->modrm >> 6;
    rm = insn->modrm & 7;
    if (mod == 3) {
        return true;
    }
    disp = mod == 1 ? 1 : mod == 2 ? 4 : 0;
    if (rm == 4) {
        if (!take(cursor, 1)) {
            return false;
        }
        insn->sib = cursor->bytes[cursor->at - 1];
        if (mod == 0 && (insn->sib & 7) == 5) {
            disp = 4;
        }
    } else if (mod == 0 && rm == 5) {
        disp = 4;
        insn->rip_relative = true;
    }
    if (disp) {
        insn->disp_at = (uint8_t)cursor->at;
        if (!take(cursor, disp)) {
            return false;
        }
        insn->disp = disp == 1 ? (int8_t)cursor->bytes[insn->disp_at]
                               : (int32_t)load32(cursor->bytes + insn->disp_at);
    }
    return true;
}

static bool
take_immediate(struct cursor *cursor, struct insn *insn, unsigned size)
{
    insn->imm_at = (uint8_t)cursor->at;
    insn->imm_size = (uint8_t)size;
    return take(cursor, size);
}

/* What this decoder does not know. Nothing of it changes control flow. */
static bool
ask_zydis(const uint8_t *bytes, size_t size, struct insn *out)
{
    ZydisDecodedInstruction decoded;
    ZydisDecoder zydis;

    ZydisDecoderInit(&zydis, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64);
    if (!ZYAN_SUCCESS(ZydisDecoderDecodeInstruction(&zydis, NULL, bytes, size, &decoded))) {
        return false;
    }
    memset(out, 0, sizeof *out);
    out->length = decoded.length;
    out->map = INSN_OTHER;
    return true;
}

static bool
take_operands(struct cursor *cursor, struct insn *insn, char what)
{
    unsigned z = insn->operand16 && !(insn->rex & 8) ? 2 : 4;

    switch (what) {
    case '.':
        return true;
    case 'm':
        return take_modrm(cursor, insn);
    case 'b':
    case 'r':
        return take_immediate(cursor, insn, 1);
    case 'B':
        return take_modrm(cursor, insn) && take_immediate(cursor, insn, 1);
    case 'z':
        return take_immediate(cursor, insn, z);
    case 'Z':
        return take_modrm(cursor, insn) && take_immediate(cursor, insn, z);
    case 'R':
        return take_immediate(cursor, insn, 4);
    case 'w':
        return take_immediate(cursor, insn, 2);
    case 'o':
        return take_immediate(cursor, insn, insn->address32 ? 4 : 8);
    case 'v':
        return take_immediate(cursor, insn, insn->rex & 8 ? 8 : z);
    default:
        return false;
    }
}

/* One-byte opcodes whose operands depend on the ModRM byte. */
static bool
take_group(struct cursor *cursor, struct insn *insn)
{
    unsigned reg;

    if (insn->opcode == 0xC8) { /* enter */
        insn->rare = true;
        return take_immediate(cursor, insn, 3);
    }
    if (!take_modrm(cursor, insn)) {
        return false;
    }
    reg = (insn->modrm >> 3) & 7;
    switch (insn->opcode) {
    case 0x8F:
        return reg == 0;
    case 0xC6:
    case 0xC7:
        if (reg == 7 && insn->modrm == 0xF8) {
            insn->rare = true; /* xabort, xbegin */
        } else if (reg != 0) {
            return false;
        }
        return take_operands(cursor, insn, insn->opcode == 0xC6 ? 'b' : 'z');
    case 0xF6:
    case 0xF7:
        return reg > 1 || take_operands(cursor, insn, insn->opcode == 0xF6 ? 'b' : 'z');
    case 0xFE:
        return reg < 2;
    default: /* 0xFF */
        if (reg == 2) {
            insn->flow = INSN_CALL_INDIRECT;
        } else if (reg == 4) {
            insn->flow = INSN_JUMP_INDIRECT;
        } else if (reg == 3 || reg == 5) { /* far */
            insn->rare = true;
            insn->flow = reg == 5 ? INSN_STOP : INSN_NEXT;
            return insn->modrm >> 6 != 3;
        }
        return reg != 7;
    }
}

/* The same for the 0F map. */
static bool
take_group_0f(struct cursor *cursor, struct insn *insn)
{
    unsigned reg;

    switch (insn->opcode) {
    case 0x20: /* mov to and from control and debug registers: never memory, whatever mod says */
    case 0x21:
    case 0x22:
    case 0x23:
        insn->has_modrm = true;
        insn->modrm_at = (uint8_t)cursor->at;
        if (!take(cursor, 1)) {
            return false;
        }
        insn->modrm = cursor->bytes[cursor->at - 1];
        insn->rare = insn_reg(insn) != 8;
        return true;
    case 0x00:
        insn->rare = true;
        return take_modrm(cursor, insn) && ((insn->modrm >> 3) & 7) < 6;
    case 0xB8:
        return insn->repeat == 0xF3 && take_modrm(cursor, insn); /* popcnt */
    case 0xBA:
        return take_modrm(cursor, insn) && (insn->modrm & 0x20) && take_immediate(cursor, insn, 1);
    case 0xC7:
        if (!take_modrm(cursor, insn)) {
            return false;
        }
        reg = (insn->modrm >> 3) & 7;
        return reg != 0 && reg != 2;
    default:
        return false;
    }
}

static void
set_flow(struct insn *insn, const uint8_t *bytes)
{
    if (insn->map == INSN_0F) {
        switch (insn->opcode) {
        case 0x07: /* sysret */
        case 0x0B: /* ud2 */
        case 0x35: /* sysexit */
        case 0xAA: /* rsm */
        case 0xB9: /* ud1 */
        case 0xFF: /* ud0 */
            insn->flow = INSN_STOP;
            insn->rare = insn->opcode != 0x0B;
            break;
        case 0x04:
        case 0x06:
        case 0x08:
        case 0x24 ... 0x27:
        case 0x30:
        case 0x33 ... 0x34:
        case 0x37:
        case 0x78 ... 0x79:
        case 0xA6 ... 0xA7:
            insn->rare = true;
            break;
        case 0x80 ... 0x8F:
            insn->flow = INSN_BRANCH;
            insn->relative = (int32_t)load32(bytes + insn->imm_at);
            break;
        }
        return;
    }
    switch (insn->opcode) {
    case 0x70 ... 0x7F:
        insn->flow = INSN_BRANCH;
        insn->relative = (int8_t)bytes[insn->imm_at];
        break;
    case 0xE0 ... 0xE3:
        insn->flow = INSN_BRANCH;
        insn->relative = (int8_t)bytes[insn->imm_at];
        insn->rare = insn->opcode != 0xE3;
        break;
    case 0xE8:
        insn->flow = INSN_CALL;
        insn->relative = (int32_t)load32(bytes + insn->imm_at);
        break;
    case 0xE9:
        insn->flow = INSN_JUMP;
        insn->relative = (int32_t)load32(bytes + insn->imm_at);
        break;
    case 0xEB:
        insn->flow = INSN_JUMP;
        insn->relative = (int8_t)bytes[insn->imm_at];
        break;
    case 0xC2:
    case 0xC3:
        insn->flow = INSN_STOP;
        break;
    case 0xCA:
    case 0xCB:
    case 0xCF:
        insn->flow = INSN_STOP;
        insn->rare = true;
        break;
    case 0xCC:
        insn->flow = INSN_INT3;
        break;
    case 0xCD:
        insn->rare = bytes[insn->imm_at] < 0x29 || bytes[insn->imm_at] > 0x2E;
        if (bytes[insn->imm_at] == 0x29) {
            insn->flow = INSN_STOP;
        }
        break;
    case 0x00: /* zeros: add [rax], al */
        insn->rare = insn->modrm == 0;
        break;
    case 0x6C ... 0x6F:
    case 0x8C:
    case 0x8E:
    case 0x9B:
    case 0x9E ... 0x9F:
    case 0xD7 ... 0xDF:
    case 0xE4 ... 0xE7:
    case 0xEC ... 0xEF:
    case 0xF1:
    case 0xF4 ... 0xF5:
    case 0xF8 ... 0xF9:
        insn->rare = true;
        break;
    }
}

bool
insn_decode(const uint8_t *bytes, size_t size, struct insn *insn)
{
    struct cursor cursor = {bytes, size < 15 ? size : 15, 0};
    char what;

    memset(insn, 0, sizeof *insn);
    for (;;) {
        uint8_t byte;

        if (!take(&cursor, 1)) {
            return false;
        }
        byte = bytes[cursor.at - 1];
        what = one_byte[byte];
        if (what != 'p') {
            insn->opcode = byte;
            break;
        }
        if ((byte & 0xF0) == 0x40) {
            insn->rex = byte; /* only the last one, next to the opcode, counts */
            continue;
        }
        insn->rex = 0;
        switch (byte) {
        case 0x66:
            insn->operand16 = true;
            break;
        case 0x67:
            insn->address32 = true;
            break;
        case 0xF0:
            insn->lock = true;
            break;
        case 0xF2:
        case 0xF3:
            insn->repeat = byte;
            break;
        default:
            insn->segment = byte;
        }
    }
    insn->prefixes = (uint8_t)(cursor.at - 1);

    if (insn->opcode == 0x0F) {
        if (!take(&cursor, 1)) {
            return false;
        }
        insn->map = INSN_0F;
        insn->opcode = bytes[cursor.at - 1];
        what = two_byte[insn->opcode];
        if (insn->opcode == 0x38 || insn->opcode == 0x3A) {
            bool immediate = insn->opcode == 0x3A;

            insn->map = INSN_OTHER;
            if (!take(&cursor, 1)) {
                return false;
            }
            insn->opcode = bytes[cursor.at - 1];
            if (!take_operands(&cursor, insn, immediate ? 'B' : 'm')) {
                return false;
            }
        } else if (insn->opcode == 0x0F || insn->opcode == 0x78 || insn->opcode == 0x79) {
            return ask_zydis(bytes, cursor.size, insn);
        } else if (what == 'e' ? !take_group_0f(&cursor, insn)
                               : !take_operands(&cursor, insn, what)) {
            return false;
        }
    } else if (insn->opcode == 0xC4 || insn->opcode == 0xC5 || insn->opcode == 0x62 ||
               (insn->opcode == 0x8F && cursor.at < cursor.size && (bytes[cursor.at] & 0x38))) {
        return ask_zydis(bytes, cursor.size, insn);
    } else if (what == 'e' ? !take_group(&cursor, insn) : !take_operands(&cursor, insn, what)) {
        return false;
    }
    if (insn->opcode == 0x8D && insn->map == INSN_ONE_BYTE && insn->modrm >> 6 == 3) {
        return false; /* lea of a register */
    }
    /* Intel and AMD disagree about what 66h does to a near branch. */
    if (insn->operand16 && (what == 'R' || what == 'r')) {
        return false;
    }
    insn->length = (uint8_t)cursor.at;
    if (insn->map != INSN_OTHER) {
        set_flow(insn, bytes);
    }
    return true;
}
