/*
 * switch.c - what a run of instructions tells about addresses: jump tables above all.
 *
 * A switch loads a 32-bit entry from [base + index*4 + disp], adds the base and jumps through the
 * register. The base is the table (gcc, clang) or the image (MSVC), and comes from a `lea` that may
 * be far above; so registers that hold known addresses are followed along the descent. That is a
 * guess where paths meet, which costs nothing: every entry is only a weak root.
 */
#include <string.h>
#include "host/image/discover.h"
#include "host/image/internal.h"

#define UNKNOWN   CODE_UNKNOWN
#define MAX_TABLE CODE_MAX_TABLE

/* Follows `lea reg, [rip+x]` and forgets whatever is written otherwise. */
void
code_track(struct descent *d, uint32_t next, const uint8_t *bytes, const struct insn *insn,
           struct registers *registers)
{
    const struct image *image = d->map->image;
    bool to_memory_or_nothing = false;

    if (insn->map == INSN_ONE_BYTE) {
        if (insn->opcode == 0x8D && insn->rip_relative) {
            uint32_t target = next + (uint32_t)insn->disp;

            registers->rva[insn_reg(insn)] = target < image->pe.size ? target : UNKNOWN;
            return;
        }
        if (insn->opcode >= 0xB8 && insn->opcode <= 0xBF) {
            unsigned reg = (insn->opcode & 7) | (insn->rex & 1 ? 8 : 0);
            uint64_t value = insn->imm_size == 8 ? load64(bytes + insn->imm_at) : 0;

            registers->rva[reg] = value && value - image->base < image->pe.size
                                      ? (uint32_t)(value - image->base)
                                      : UNKNOWN;
            return;
        }
        if (insn->opcode >= 0x58 && insn->opcode <= 0x5F) {
            registers->rva[(insn->opcode & 7) | (insn->rex & 1 ? 8 : 0)] = UNKNOWN;
            return;
        }
        /* cmp, test, stores: the register operand is only read */
        to_memory_or_nothing = (insn->opcode < 0x40 && (insn->opcode & 6) == 0) ||
                               (insn->opcode >= 0x38 && insn->opcode <= 0x3B) ||
                               insn->opcode == 0x84 || insn->opcode == 0x85 ||
                               insn->opcode == 0x88 || insn->opcode == 0x89;
    }
    if (insn->flow == INSN_CALL || insn->flow == INSN_CALL_INDIRECT) {
        static const uint8_t volatile_registers[] = {0, 1, 2, 8, 9, 10, 11};

        for (unsigned i = 0; i < sizeof volatile_registers; i++) {
            registers->rva[volatile_registers[i]] = UNKNOWN;
        }
        return;
    }
    if (insn->has_modrm) {
        if (!to_memory_or_nothing) {
            registers->rva[insn_reg(insn)] = UNKNOWN;
        }
        if (insn->modrm >> 6 == 3 && !(insn->map == INSN_ONE_BYTE && (insn->opcode | 1) == 0x85) &&
            !(insn->map == INSN_ONE_BYTE && insn->opcode >= 0x38 && insn->opcode <= 0x3B)) {
            registers->rva[insn_rm(insn)] = UNKNOWN;
        }
    } else if (insn->map != INSN_ONE_BYTE || insn->opcode == 0x98 || insn->opcode == 0x99 ||
               (insn->opcode >= 0x90 && insn->opcode <= 0x97)) {
        registers->rva[0] = registers->rva[2] = UNKNOWN;
        if (insn->opcode >= 0x91 && insn->opcode <= 0x97) {
            registers->rva[(insn->opcode & 7) | (insn->rex & 1 ? 8 : 0)] = UNKNOWN;
        }
    }
}

/* A load of the shape [base + index*4 + disp], which a switch makes before its jump. */
void
code_see_table(struct descent *d, const struct insn *insn, const struct registers *registers,
               struct table *table)
{
    unsigned base;
    uint32_t rva;

    table->age++;
    if (insn->map != INSN_ONE_BYTE || (insn->opcode != 0x8B && insn->opcode != 0x63) ||
        insn->modrm >> 6 == 3 || (insn->modrm & 7) != 4 || insn->sib >> 6 != 2) {
        return;
    }
    base = (insn->sib & 7) | (insn->rex & 1 ? 8 : 0);
    if (insn->modrm >> 6 == 0 && (insn->sib & 7) == 5) {
        return; /* no base */
    }
    rva = registers->rva[base];
    if (rva == UNKNOWN) {
        /* MSVC: the base is __ImageBase, loaded far above, and the displacement an rva. */
        if (insn->modrm >> 6 != 2 || insn->disp < (int32_t)ABI_PAGE_SIZE) {
            return;
        }
        rva = 0;
    }
    if (!pe_inside(&d->map->image->pe, (uint64_t)(uint32_t)(rva + (uint32_t)insn->disp), 4)) {
        return;
    }
    table->base = rva;
    table->start = rva + (uint32_t)insn->disp;
    table->age = 0;
}

/*
 * A jump through a register after such a load. Entries count while they stay in the function that
 * holds the jump; each is a weak root.
 */
void
code_read_table(struct descent *d, uint32_t jump, const struct table *table, uint32_t bound,
                const struct registers *registers)
{
    struct code_map *map = d->map;
    uint32_t begin, end, count = bound && bound <= MAX_TABLE ? bound : MAX_TABLE;

    if (!code_bounds(map, jump, &begin, &end)) {
        begin = jump > 0x10000 ? jump - 0x10000 : 0;
        end = jump + 0x10000;
    }
    for (uint32_t i = 0; i < count; i++) {
        uint32_t at = table->start + i * 4;
        uint8_t bytes[4];
        uint32_t target;

        if (!pe_inside(&map->image->pe, at, 4) ||
            (code_flags(map, at) & (CODE_START | CODE_BODY)) ||
            !pe_read(&map->image->pe, at, bytes, 4)) {
            break;
        }
        target = table->base + load32(bytes);
        if (target >= table->start && target < at + 4) {
            break; /* into the table: past its end */
        }
        if (target < begin || target >= end || !pe_executable(&map->image->pe, target)) {
            break;
        }
        for (unsigned k = 0; k < 4; k++) {
            if (at + k >= map->low && at + k < map->high &&
                !(map->flags[at + k - map->low] & CODE_DATA)) {
                if (!code_grow((void **)&d->data.rva, &d->data.room, d->data.count,
                               sizeof(uint32_t))) {
                    map->no_memory = true;
                    return;
                }
                d->data.rva[d->data.count++] = at + k;
                map->flags[at + k - map->low] |= CODE_DATA;
            }
        }
        code_add_root(map, &d->found, target, registers);
    }
}
