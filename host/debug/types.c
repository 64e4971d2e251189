/*
 * types.c - names of types, and lists of fields.
 *
 * WinDbg writes types by size and sign, not by their typedef: ULONG and DWORD are both Uint4B.
 */
#include <stdlib.h>
#include <string.h>
#include "host/debug/types.h"

#define MAX_DEPTH 8

enum { ENCODING_BOOLEAN = 2, ENCODING_FLOAT = 4, ENCODING_SIGNED = 5, ENCODING_SIGNED_CHAR = 6 };

static void
base_text(const struct die *die, const char *alias, char *out, size_t size)
{
    bool sign = die->encoding == ENCODING_SIGNED || die->encoding == ENCODING_SIGNED_CHAR;

    if (die->encoding == ENCODING_FLOAT) {
        snprintf(out, size, "%s", die->byte_size == 4 ? "Float" : "Double");
    } else if (die->byte_size == 1) {
        snprintf(out, size, "%s", sign ? "Char" : "UChar");
    } else if (alias != NULL && strcmp(alias, "wchar_t") == 0) {
        snprintf(out, size, "Wchar");
    } else {
        snprintf(out, size, "%s%luB", sign ? "Int" : "Uint", die->byte_size);
    }
}

/* What a function returns, as C writes it. */
static void
c_text(const struct dwarf *dwarf, size_t type, char *out, size_t size)
{
    size_t stripped = dwarf_strip(dwarf, type, NULL);
    struct die die;

    if (!dwarf_die(dwarf, stripped, &die)) {
        snprintf(out, size, "void");
    } else if (die.tag == TAG_POINTER) {
        char inner[128];

        c_text(dwarf, die.type, inner, sizeof(inner));
        snprintf(out, size, "%s*", inner);
    } else {
        snprintf(out, size, "%s", die.name ? die.name : "<unnamed-tag>");
    }
}

static void
text_of(const struct dwarf *dwarf, size_t type, char *out, size_t size, int depth)
{
    const char *alias = NULL;
    struct die die, range;
    char inner[256];
    size_t at = 0, length = 0;

    type = dwarf_strip(dwarf, type, &alias);
    if (type == 0 || depth > MAX_DEPTH || !dwarf_die(dwarf, type, &die)) {
        snprintf(out, size, "Void");
        return;
    }
    switch (die.tag) {
    case TAG_POINTER: {
        size_t target = dwarf_strip(dwarf, die.type, NULL);
        struct die pointee;

        if (dwarf_die(dwarf, target, &pointee) && pointee.tag == TAG_SUBROUTINE_TYPE) {
            c_text(dwarf, pointee.type, inner, sizeof(inner));
            snprintf(out, size, "Ptr64     %s ", inner);
            return;
        }
        text_of(dwarf, die.type, inner, sizeof(inner), depth + 1);
        snprintf(out, size, "Ptr64 %s", inner);
        return;
    }
    case TAG_ARRAY:
        out[0] = 0;
        while (dwarf_child(dwarf, &die, &at, &range) && length + 24 < size) {
            if (range.tag == TAG_SUBRANGE) {
                length += (size_t)snprintf(out + length, size - length, "[%lu]",
                                           range.has_count ? range.count : 0);
            }
        }
        text_of(dwarf, die.type, inner, sizeof(inner), depth + 1);
        snprintf(out + length, size - length, " %s", inner);
        return;
    case TAG_BASE:
        base_text(&die, alias, out, size);
        return;
    default: {
        const char *name = die.name ? die.name : alias ? alias : "<unnamed-tag>";

        snprintf(out, size, "%s", view_type(name) ? view_type(name) : name);
    }
    }
}

void
type_text(const struct dwarf *dwarf, size_t type, char *out, size_t size)
{
    text_of(dwarf, type, out, size, 0);
}

static bool
is_structure(const struct die *die)
{
    return die->tag == TAG_STRUCTURE || die->tag == TAG_UNION || die->tag == TAG_CLASS;
}

size_t
type_structure(const struct dwarf *dwarf, size_t type)
{
    struct die die;

    type = dwarf_strip(dwarf, type, NULL);
    if (type == 0 || !dwarf_die(dwarf, type, &die) || !is_structure(&die)) {
        return 0;
    }
    if (die.declaration) {
        type = die.name ? dwarf_type(dwarf, die.name) : 0;
        return dwarf_die(dwarf, type, &die) && is_structure(&die) ? type : 0;
    }
    return type;
}

/* Offset and position of a bit field, as the compiler's storage unit has it. */
static void
place_bits(const struct dwarf *dwarf, const struct die *die, struct field *out)
{
    uint64_t unit = dwarf_size(dwarf, die->type), bit;

    unit = unit == 0 || unit > 8 ? 4 : unit;
    if (die->has_data_bits) {
        bit = die->bit_offset;
    } else if (die->has_bits) {
        /* Counted from the unit's most significant bit. */
        uint64_t storage = die->byte_size ? die->byte_size : unit;

        bit = die->member * 8 + (storage * 8 - die->bit_offset - die->bit_size);
    } else {
        bit = die->member * 8;
    }
    out->offset += bit / (unit * 8) * unit - die->member;
    out->bit = (unsigned)(bit % (unit * 8));
    out->bits = (unsigned)die->bit_size;
}

static void
collect(const struct dwarf *dwarf, size_t type, uint64_t base, int depth, struct field **out,
        size_t *count)
{
    struct die die, member;
    size_t at = 0;

    if (depth > MAX_DEPTH || !dwarf_die(dwarf, type, &die)) {
        return;
    }
    while (dwarf_child(dwarf, &die, &at, &member)) {
        struct field field = {member.name, base + member.member, member.type, 0, 0};

        if (member.tag != TAG_MEMBER) {
            continue;
        }
        if (member.name == NULL) {
            size_t inner = type_structure(dwarf, member.type);

            if (inner != 0) {
                collect(dwarf, inner, base + member.member, depth + 1, out, count);
            }
            continue;
        }
        if (member.bit_size != 0) {
            place_bits(dwarf, &member, &field);
        }
        if ((*count & (*count - 1)) == 0) {
            *out = realloc(*out, (*count ? *count * 2 : 1) * sizeof(**out));
            if (*out == NULL) {
                abort();
            }
        }
        (*out)[(*count)++] = field;
    }
}

size_t
type_fields(const struct dwarf *dwarf, size_t type, struct field **out)
{
    size_t count = 0;

    *out = NULL;
    type = type_structure(dwarf, type);
    if (type != 0) {
        collect(dwarf, type, 0, 0, out, &count);
    }
    return count;
}

/* Element `index` of an array field; false where it is no array. */
static bool
index_field(const struct dwarf *dwarf, const char *text, const char **behind, struct field *leaf)
{
    char *end;
    unsigned long index = strtoul(text + 1, &end, 10);
    struct die die, range;
    size_t at = 0;

    if (end == text + 1 || *end != ']' || index > 65535 ||
        !dwarf_die(dwarf, dwarf_strip(dwarf, leaf->type, NULL), &die) || die.tag != TAG_ARRAY) {
        return false;
    }
    leaf->offset += index * dwarf_size(dwarf, die.type);
    leaf->type = die.type;
    while (dwarf_child(dwarf, &die, &at, &range)) {
        if (range.tag == TAG_SUBRANGE && range.has_count && index >= range.count) {
            return false;
        }
    }
    *behind = end + 1;
    return true;
}

bool
type_field(const struct dwarf *dwarf, size_t type, const char *path, struct field *leaf)
{
    size_t length = strcspn(path, ".[");
    const char *rest = path + length;
    struct field *field;
    size_t count = type_fields(dwarf, type, &field);
    bool found = false;

    for (size_t i = 0; i < count && !found; i++) {
        if (strncmp(field[i].name, path, length) == 0 && field[i].name[length] == 0) {
            *leaf = field[i];
            found = true;
        }
    }
    free(field);
    if (found && *rest == '[') {
        found = index_field(dwarf, rest, &rest, leaf);
    }
    if (found && *rest == '.') {
        uint64_t base = leaf->offset;

        found = type_field(dwarf, leaf->type, rest + 1, leaf);
        leaf->offset += base;
    }
    return found;
}

size_t
type_named(const struct dwarf *dwarf, const char *name)
{
    const char *ours = view_type_of(name);
    size_t type = ours ? dwarf_type(dwarf, ours) : 0;
    char under[256];

    type = type ? type : dwarf_type(dwarf, name);
    if (type == 0 && name[0] != '_') {
        snprintf(under, sizeof(under), "_%s", name);
        ours = view_type_of(under);
        type = ours ? dwarf_type(dwarf, ours) : 0;
        type = type ? type : dwarf_type(dwarf, under);
    }
    return type;
}

const char *
type_enumerator(const struct dwarf *dwarf, size_t type, int64_t value)
{
    struct die die, child;
    size_t at = 0;

    type = dwarf_strip(dwarf, type, NULL);
    if (type == 0 || !dwarf_die(dwarf, type, &die) || die.tag != TAG_ENUMERATION) {
        return NULL;
    }
    while (dwarf_child(dwarf, &die, &at, &child)) {
        if (child.tag == TAG_ENUMERATOR && child.value == value) {
            return child.name;
        }
    }
    return NULL;
}
