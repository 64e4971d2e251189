/*
 * insn.h - one x86-64 instruction: how long it is, where it goes, what matters to the patcher.
 *
 * Zydis decodes an instruction in 150 ns; a kernel of 100,000 instructions must be looked through
 * in a fraction of the 10 ms that a boot may take. So discovery uses this small decoder, which
 * knows lengths and control flow only (5 to 10 ns), and asks Zydis about what it does not know
 * (VEX, EVEX, XOP, 3DNow!) and about each site before it is patched. tests/host/image/insn.c
 * compares both.
 */
#ifndef HOST_IMAGE_INSN_H
#define HOST_IMAGE_INSN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum insn_flow {
    INSN_NEXT,   /* goes on to the next instruction */
    INSN_BRANCH, /* conditional: target or next */
    INSN_JUMP,   /* target */
    INSN_CALL,   /* target, then (most often) next */
    INSN_CALL_INDIRECT,
    INSN_JUMP_INDIRECT,
    INSN_INT3,
    INSN_STOP, /* ret, ud2, int 29h, iret ... */
};

enum insn_map { INSN_ONE_BYTE, INSN_0F, INSN_OTHER };

struct insn {
    uint8_t length;
    uint8_t flow; /* enum insn_flow */
    uint8_t map;  /* enum insn_map: what `opcode` belongs to */
    uint8_t opcode;
    uint8_t prefixes; /* bytes before the opcode and its escape, REX included */
    uint8_t rex;
    uint8_t repeat;  /* 0xF2 or 0xF3 */
    uint8_t segment; /* segment prefix byte */
    bool operand16;  /* 66h */
    bool address32;  /* 67h */
    bool lock;
    bool has_modrm;
    bool rare;        /* hardly ever in compiled code: speaks against bytes being code */
    uint8_t modrm_at; /* offset of ModRM, with has_modrm */
    uint8_t modrm;
    uint8_t sib;
    uint8_t imm_at; /* offset of the immediate (or moffs, or relative target) */
    uint8_t imm_size;
    bool rip_relative; /* memory operand is [rip+disp] */
    uint8_t disp_at;   /* offset of the displacement, 0 if none */
    int32_t disp;
    int64_t relative; /* of a branch: from the end of the instruction */
};

/* False where the bytes are not an instruction or `size` cuts it. */
bool insn_decode(const uint8_t *bytes, size_t size, struct insn *out);

static inline unsigned
insn_reg(const struct insn *insn)
{
    return ((insn->modrm >> 3) & 7) | (insn->rex & 4 ? 8 : 0);
}

static inline unsigned
insn_rm(const struct insn *insn)
{
    return (insn->modrm & 7) | (insn->rex & 1 ? 8 : 0);
}

#endif
