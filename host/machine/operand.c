/*
 * operand.c - which address it was that is not canonical.
 *
 * The processor tells of such an access by #GP, without an address. What a driver is judged by (nt/vf/memory.c) is where it wanted to go,
 * so the instruction is looked at. Facts: Intel SDM volume 2, chapter 2 (ModRM, SIB), volume 1, 3.3.7.1.
 */
#include "host/image/insn.h"
#include "host/machine/operand.h"
#include "host/machine/trap.h"

static bool
is_canonical(uint64_t address)
{
    return (uint64_t)((int64_t)(address << 16) >> 16) == address;
}

static uint64_t
memory_operand(const greg_t *g, const struct insn *insn)
{
    uint64_t address = (uint64_t)(int64_t)(insn->disp_at != 0 ? insn->disp : 0);
    unsigned base = insn_rm(insn);

    if ((insn->modrm & 7) == 4) {
        unsigned index = (insn->sib >> 3 & 7) | (insn->rex & 2 ? 8 : 0);

        base = (insn->sib & 7) | (insn->rex & 1 ? 8 : 0);
        if (index != 4) {
            address += (uint64_t)g[trap_greg[index]] << (insn->sib >> 6);
        }
    }
    if ((base & 7) != 5 || insn->modrm >> 6 != 0) {
        address += (uint64_t)g[trap_greg[base]];
    }
    return address;
}

/* movs, cmps, stos, lods, scas */
static bool
is_string(const struct insn *insn)
{
    return insn->map == INSN_ONE_BYTE && insn->opcode >= 0xA4 && insn->opcode <= 0xAF &&
           (insn->opcode & 0xFE) != 0xA8;
}

uint64_t
operand_uncanonical(const greg_t *g, uint32_t *error)
{
    uint8_t bytes[16];
    struct insn insn;
    uint64_t address, target;
    bool goes;

    if (space_read((uint64_t)g[REG_RIP], bytes, sizeof(bytes)) != sizeof(bytes) ||
        !insn_decode(bytes, sizeof(bytes), &insn) || insn.address32 || insn.segment != 0) {
        return ~0ull;
    }
    if (is_string(&insn)) {
        address = (uint64_t)g[REG_RDI];
        return is_canonical(address) ? (uint64_t)g[REG_RSI] : address;
    }
    if (!insn.has_modrm || insn.rip_relative) {
        return ~0ull;
    }
    goes = insn.flow == INSN_CALL_INDIRECT || insn.flow == INSN_JUMP_INDIRECT;
    if (insn.modrm >> 6 == 3) {
        *error = goes ? PF_FETCH : 0;
        return goes ? (uint64_t)g[trap_greg[insn_rm(&insn)]] : ~0ull;
    }
    address = memory_operand(g, &insn);
    if (!is_canonical(address)) {
        return address;
    }
    if (!goes || space_read(address, &target, sizeof(target)) != sizeof(target) ||
        is_canonical(target)) {
        return ~0ull;
    }
    *error = PF_FETCH;
    return target;
}
