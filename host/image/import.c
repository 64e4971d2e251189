/*
 * import.c - walk over imports and delayed imports.
 *
 * A descriptor names a DLL, a lookup table (what is wanted) and an address table (where the answers
 * go). The lookup table is missing in some images: the address table itself then says what is
 * wanted, until it is bound. Addresses that a linker bound in advance are never used. As in
 * Windows' loader the list ends at a descriptor without a name or address table; its size in the
 * directory is not looked at.
 */
#include <string.h>
#include "host/image/internal.h"

#define DESCRIPTOR_SIZE 20
#define DELAYED_SIZE    32
#define MAX_DLLS        4096

void
pe_imports_begin(struct pe_imports *it, const struct pe *pe, bool delayed)
{
    const struct pe_directory *directory = &pe->directory[delayed ? PE_DELAY_IMPORT : PE_IMPORT];

    *it = (struct pe_imports){.pe = pe, .delayed = delayed};
    if (directory->rva && directory->size) {
        it->descriptor = directory->rva;
    }
}

static bool
stop(struct pe_imports *it, const char *problem, uint32_t rva)
{
    it->problem = problem;
    it->problem_rva = rva;
    it->descriptor = it->lookup = 0;
    return false;
}

/* Moves to the next descriptor; false at the end of the list or where it is bad. */
static bool
next_dll(struct pe_imports *it)
{
    uint8_t bytes[DELAYED_SIZE];
    uint32_t at = it->descriptor, name, lookup, slots;
    const char *dll;
    uint32_t size = it->delayed ? DELAYED_SIZE : DESCRIPTOR_SIZE;

    if (!at) {
        return false;
    }
    if (!pe_inside(it->pe, at, size) || !pe_read(it->pe, at, bytes, size)) {
        return stop(it, "the list of DLLs has no end within the image", at);
    }
    if (it->delayed) {
        name = load32(bytes + 4);
        slots = load32(bytes + 12);
        lookup = load32(bytes + 16);
        if (name && !(load32(bytes) & 1)) {
            return stop(it, "a delayed import with addresses in place of rvas", at);
        }
    } else {
        lookup = load32(bytes);
        name = load32(bytes + 12);
        slots = load32(bytes + 16);
    }
    if (name == 0 || slots == 0) {
        it->descriptor = 0;
        return false;
    }
    dll = pe_string(it->pe, name, PE_MAX_DLL);
    if (!dll || !*dll) {
        return stop(it, "the DLL's name is not a string within the image",
                    at + (it->delayed ? 4 : 12));
    }
    if (++it->dlls > MAX_DLLS) {
        return stop(it, "more than 4096 DLLs", at);
    }
    it->dll = name;
    it->lookup = lookup ? lookup : slots;
    it->slot = slots;
    it->descriptor = at + size;
    return true;
}

bool
pe_imports_next(struct pe_imports *it, struct pe_import *out)
{
    for (;;) {
        uint8_t bytes[8];
        uint64_t entry;
        uint32_t at;

        if (!it->lookup && !next_dll(it)) {
            return false;
        }
        at = it->lookup;
        if (!pe_inside(it->pe, at, 8) || !pe_read(it->pe, at, bytes, 8)) {
            return stop(it, "the list of imports has no end within the image", at);
        }
        entry = load64(bytes);
        if (entry == 0) {
            it->lookup = 0;
            continue;
        }
        if (!pe_inside(it->pe, it->slot, 8)) {
            return stop(it, "the import address table reaches past the image", at);
        }
        if (++it->count > PE_MAX_IMPORTS) {
            return stop(it, "more than 65536 imports", at);
        }
        /* Looked at anew: binding an image writes to it, and a hostile one may name a DLL there. */
        out->dll = pe_string(it->pe, it->dll, PE_MAX_DLL);
        if (!out->dll) {
            return stop(it, "the DLL's name is not a string within the image", it->dll);
        }
        out->slot = it->slot;
        out->delayed = it->delayed;
        if (entry >> 63) {
            if (entry & 0x7FFFFFFFFFFF0000) {
                return stop(it, "an import by ordinal has other bits than the ordinal's 16 set",
                            at);
            }
            out->name = NULL;
            out->ordinal = (uint16_t)entry;
        } else {
            if (entry > 0x7FFFFFFF || !pe_inside(it->pe, entry, 3) ||
                !pe_read(it->pe, (uint32_t)entry, bytes, 2)) {
                return stop(it, "the rva of a name lies outside the image", at);
            }
            out->ordinal = load16(bytes);
            out->name = pe_string(it->pe, (uint32_t)entry + 2, PE_MAX_NAME);
            if (!out->name || !*out->name) {
                return stop(it, "an import's name is not a string within the image", at);
            }
        }
        it->lookup = at + 8;
        it->slot += 8;
        return true;
    }
}
