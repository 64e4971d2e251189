/*
 * dwarf.h - the DWARF of a PE file: its entries, one at a time, and an index of their names.
 *
 * Versions 4 and 5 as clang and gcc write them for mingw, 32-bit format, complete types in their
 * compile units (no type units, no split files). The entries are read where they lie; only the index
 * is built at the start, in one pass over the file.
 *
 *   D1  The file is anybody's (a driver of the command line): each read is bounded, each reference is
 *       checked, and what makes no sense ends the reading of its unit, nothing more.
 *   D2  All names point into the file's memory.
 */
#ifndef HOST_DEBUG_DWARF_H
#define HOST_DEBUG_DWARF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum dwarf_tag {
    TAG_ARRAY = 0x01,
    TAG_ENUMERATION = 0x04,
    TAG_MEMBER = 0x0d,
    TAG_POINTER = 0x0f,
    TAG_COMPILE_UNIT = 0x11,
    TAG_STRUCTURE = 0x13,
    TAG_SUBROUTINE_TYPE = 0x15,
    TAG_TYPEDEF = 0x16,
    TAG_UNION = 0x17,
    TAG_SUBRANGE = 0x21,
    TAG_BASE = 0x24,
    TAG_CONST = 0x26,
    TAG_ENUMERATOR = 0x28,
    TAG_SUBPROGRAM = 0x2e,
    TAG_VARIABLE = 0x34,
    TAG_VOLATILE = 0x35,
    TAG_RESTRICT = 0x37,
    TAG_CLASS = 0x02,
    TAG_ATOMIC = 0x47,
};

/* One entry with the attributes that matter here. Offsets are in .debug_info; 0: none. */
struct die {
    size_t offset, next; /* next: behind its attributes, where its children or its sibling are */
    uint32_t tag;
    bool children, declaration;
    const char *name;
    size_t type, origin, sibling;
    uint64_t byte_size, bit_size;
    uint64_t member;     /* data_member_location */
    uint64_t bit_offset; /* data_bit_offset, or the old form */
    bool has_bits, has_data_bits;
    uint64_t count; /* of a subrange; has_count false: [] */
    bool has_count;
    int64_t value; /* const_value */
    uint64_t encoding;
    uint64_t low, high; /* code, by the file's preferred base */
    uint64_t address;   /* data, likewise */
};

enum symbol_kind { SYMBOL_TYPE, SYMBOL_CODE, SYMBOL_DATA };

struct symbol {
    const char *name;
    enum symbol_kind kind;
    size_t die; /* 0: not from DWARF */
    uint32_t rva, size;
};

struct dwarf;

/* Never NULL; without debug information it is empty. The file must stay mapped. */
struct dwarf *dwarf_open(const uint8_t *file, size_t size);
void dwarf_close(struct dwarf *dwarf);
bool dwarf_has_types(const struct dwarf *dwarf);

/* The entry at an offset; false where there is none (also for the end of a list of children). */
bool dwarf_die(const struct dwarf *dwarf, size_t offset, struct die *out);
/* Walks children: start with *at = 0; false at the end. */
bool dwarf_child(const struct dwarf *dwarf, const struct die *parent, size_t *at, struct die *out);
/* Follows typedef, const, volatile: the type behind. 0: void. *name gets the last typedef's name. */
size_t dwarf_strip(const struct dwarf *dwarf, size_t type, const char **alias);
/* Size in bytes of a type, 0 unknown. */
uint64_t dwarf_size(const struct dwarf *dwarf, size_t type);

/* By name: a structure, union, enumeration, typedef or base type that is complete. 0: none. */
size_t dwarf_type(const struct dwarf *dwarf, const char *name);
const struct symbol *dwarf_symbol(const struct dwarf *dwarf, const char *name);
/* The function or datum at or next below rva. */
const struct symbol *dwarf_nearest(const struct dwarf *dwarf, uint32_t rva, uint32_t *offset);
/* All symbols, sorted by name, each name of a kind once. */
size_t dwarf_symbols(const struct dwarf *dwarf, const struct symbol **out);

#endif
