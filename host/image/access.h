/* access.h - private to host/image: what one instruction does to memory. */
#ifndef HOST_IMAGE_ACCESS_H
#define HOST_IMAGE_ACCESS_H

#include "abi/hypercall.h"
#include "host/image/insn.h"
#include "host/image/patch.h"

struct access {
    uint32_t what;   /* enum abi_point */
    uint32_t second; /* movs: the write, after the read */
    bool implied;    /* stos, movs, lods, scas, cmps: no operand of its own */
    bool divisible;  /* reads, changes, writes, and another processor may come in between */
    bool whole;      /* it could, but for what is not divisible here */
    bool changes_rax, changes_reg; /* beside memory: cmpxchg, xadd */
    uint8_t bit;                   /* register with the number of a bit, with ABI_POINT_BIT */
    uint16_t registers;            /* that it names: bits 0 to 15 */
};

/* False: it touches no memory that others may see, or in a way that is not known here. */
bool access_of(const uint8_t *bytes, size_t length, const struct insn *insn, struct access *out);
/* Where that said no: does it touch memory that others may see? */
bool access_is_missed(const uint8_t *bytes, size_t length, const struct insn *insn);
/* Looks like a `lock` or an xchg with memory: for discovery, which decodes everything. */
static inline bool
access_is_atomic(const struct insn *insn)
{
    return insn->has_modrm && insn->modrm >> 6 != 3 &&
           (insn->lock || (insn->map == INSN_ONE_BYTE && (insn->opcode | 1) == 0x87));
}

/* xchg of eight bytes with memory: also IoSetCancelRoutine, a routine of the kernel that is inlined. */
static inline bool
access_exchanges_pointer(const struct insn *insn)
{
    return insn->has_modrm && insn->modrm >> 6 != 3 && insn->map == INSN_ONE_BYTE &&
           insn->opcode == 0x87 && (insn->rex & 8) != 0;
}

#endif
