/*
 * types.h - types and values as WinDbg writes them.
 *
 *     types.c    names of types, lists of fields
 *     view.c     what a version of Windows calls a field, or does not have
 *     dt.c       `dt`: a structure with offsets, with values where there is memory
 */
#ifndef HOST_DEBUG_TYPES_H
#define HOST_DEBUG_TYPES_H

#include <stdio.h>
#include "host/debug/dwarf.h"

/* A field with the anonymous structures and unions around it flattened. */
struct field {
    const char *name;
    uint64_t offset;
    size_t type;
    unsigned bit, bits; /* bits 0: not a bit field */
};

/* "Ptr64 _KPROCESS", "[4] _KWAIT_BLOCK", "Uint4B" */
void type_text(const struct dwarf *dwarf, size_t type, char *out, size_t size);
/* The structure or union behind typedefs, complete where this file has it complete; 0: neither. */
size_t type_structure(const struct dwarf *dwarf, size_t type);
/* Fields of a structure; free *out. */
size_t type_fields(const struct dwarf *dwarf, size_t type, struct field **out);
/* FIELD, FIELD.FIELD or FIELD[2].FIELD, its offset from the outermost; false: there is none. */
bool type_field(const struct dwarf *dwarf, size_t type, const char *path, struct field *leaf);
/* A type by the name a user gives: _KTHREAD, KTHREAD. 0: none. */
size_t type_named(const struct dwarf *dwarf, const char *name);
/* Name of an enumeration's value; NULL. */
const char *type_enumerator(const struct dwarf *dwarf, size_t type, int64_t value);

/* view.c */
struct view {
    const char *name; /* as this version has it; NULL: it has no such field */
    const char *type; /* instead of the field's own; NULL */
    unsigned size;    /* bytes of that type */
    bool ours;        /* from this field on no Windows has them */
};
struct view view_field(uint32_t os, const char *type, const char *field);
/* What Windows calls one of our types; NULL: the same. And back. */
const char *view_type(const char *name);
const char *view_type_of(const char *windows_name);

struct dt {
    FILE *out;
    const struct dwarf *dwarf;
    const char *module; /* for the first line */
    uint32_t os;
    unsigned depth; /* -r */
    bool prefix;    /* -y */
    const char *const *field;
    size_t fields;
    bool has_address; /* else no values */
    uint64_t address;
    /* Reads memory; NULL without a target. */
    bool (*read)(void *context, uint64_t address, void *out, size_t size);
    /* "nt!Foo+0x1c" for an address of code; false if it is none. */
    bool (*name)(void *context, uint64_t address, char *out, size_t size);
    void *context;
};
/* 0; or -1: none of the fields is there. */
int dt_print(const struct dt *dt, size_t type);
/* "_KTHREAD", "nt!_KTHREAD", "nt:_KTHREAD": what stands before the sign, or NULL. */
const char *name_split(const char *text, char *module, size_t size);

#endif
