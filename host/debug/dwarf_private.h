/*
 * dwarf_private.h - between dwarf.c and index.c.
 */
#ifndef HOST_DEBUG_DWARF_PRIVATE_H
#define HOST_DEBUG_DWARF_PRIVATE_H

#include "host/debug/dwarf.h"

struct section {
    const uint8_t *data;
    size_t size;
};

struct unit {
    size_t begin; /* of its header: references count from here */
    size_t first; /* its first entry */
    size_t end;
    size_t table; /* of abbreviations */
};

/* Where the declaration of each code starts, behind the code; 0: no such code. */
struct abbreviations {
    size_t offset; /* in .debug_abbrev */
    uint64_t count;
    size_t *at;
};

struct dwarf {
    struct section info, abbrev, str, line_str;
    uint64_t preferred; /* base of the file */
    uint32_t image_size;
    struct unit *unit;
    size_t units;
    struct abbreviations *table;
    size_t tables;
    struct symbol *symbol; /* by name */
    size_t symbols;
    struct symbol *place; /* code and data by rva */
    size_t places;
};

struct cursor {
    const uint8_t *data;
    size_t at, end;
    bool bad;
};
uint64_t cursor_fixed(struct cursor *cursor, unsigned bytes);
uint64_t cursor_uleb(struct cursor *cursor);

bool dwarf_die_in(const struct dwarf *dwarf, const struct unit *unit, size_t offset,
                  struct die *out);
bool dwarf_child_in(const struct dwarf *dwarf, const struct unit *unit, const struct die *parent,
                    size_t *at, struct die *out);

#endif
