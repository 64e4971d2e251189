/*
 * reloc.c - walk over base relocations.
 *
 * The table is a row of blocks, one for each page: page rva, size, then 16-bit entries (4 bits
 * type, 12 bits offset). x86-64 images use DIR64, and ABSOLUTE as padding; HIGHLOW stands in images
 * whose addresses must stay below 2 GiB. A block of size zero ends the table: some linkers pad it.
 */
#include "host/image/internal.h"

void
pe_relocations_begin(struct pe_relocations *it, const struct pe *pe)
{
    const struct pe_directory *directory = &pe->directory[PE_RELOCATION];

    *it = (struct pe_relocations){.pe = pe, .next = directory->rva, .block_end = directory->rva};
    it->end = pe_inside(pe, directory->rva, directory->size) ? directory->rva + directory->size
                                                             : directory->rva;
}

static bool
stop(struct pe_relocations *it, const char *problem, uint32_t rva)
{
    it->problem = problem;
    it->problem_rva = rva;
    it->next = it->block_end = it->end;
    return false;
}

bool
pe_relocations_next(struct pe_relocations *it, uint32_t *rva, unsigned *type)
{
    for (;;) {
        uint8_t bytes[8];
        uint32_t size, target;
        unsigned entry;

        if (it->next == it->block_end) {
            if (it->end - it->next < 8) {
                it->next = it->block_end = it->end;
                return false;
            }
            if (!pe_read(it->pe, it->next, bytes, 8)) {
                return stop(it, "the block lies outside the image", it->next);
            }
            it->page = load32(bytes);
            size = load32(bytes + 4);
            if (size == 0) {
                it->next = it->block_end = it->end;
                return false;
            }
            if (size < 8 || size % 2 || size > it->end - it->next) {
                return stop(it, "SizeOfBlock is odd, below 8 or past the end of the directory",
                            it->next + 4);
            }
            it->block_end = it->next + size;
            it->next += 8;
            continue;
        }
        if (!pe_read(it->pe, it->next, bytes, 2)) {
            return stop(it, "the block lies outside the image", it->next);
        }
        entry = load16(bytes);
        it->next += 2;
        if (entry >> 12 == PE_REL_ABSOLUTE) {
            continue;
        }
        target = it->page + (entry & 0xFFF);
        if (target < it->page) {
            return stop(it, "the relocated address lies outside the image", it->next - 2);
        }
        switch (entry >> 12) {
        case PE_REL_DIR64:
            size = 8;
            break;
        case PE_REL_HIGHLOW:
            size = 4;
            break;
        default:
            return stop(it, "a type that x86-64 images do not have", it->next - 2);
        }
        if (!pe_inside(it->pe, target, size)) {
            return stop(it, "the relocated address lies outside the image", it->next - 2);
        }
        *rva = target;
        *type = entry >> 12;
        return true;
    }
}
