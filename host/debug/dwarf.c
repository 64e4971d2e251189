/*
 * dwarf.c - reads the entries of .debug_info.
 *
 * Facts: DWARF 4 and 5, chapter 7 (forms, tags, attributes). index.c builds the table of names.
 */
#include <stdlib.h>
#include <string.h>
#include "host/debug/dwarf_private.h"

enum {
    AT_SIBLING = 0x01,
    AT_LOCATION = 0x02,
    AT_NAME = 0x03,
    AT_BYTE_SIZE = 0x0b,
    AT_BIT_OFFSET = 0x0c,
    AT_BIT_SIZE = 0x0d,
    AT_LOW_PC = 0x11,
    AT_HIGH_PC = 0x12,
    AT_CONST_VALUE = 0x1c,
    AT_UPPER_BOUND = 0x2f,
    AT_ABSTRACT_ORIGIN = 0x31,
    AT_COUNT = 0x37,
    AT_MEMBER_LOCATION = 0x38,
    AT_DECLARATION = 0x3c,
    AT_ENCODING = 0x3e,
    AT_SPECIFICATION = 0x47,
    AT_TYPE = 0x49,
    AT_DATA_BIT_OFFSET = 0x6b,
};

enum {
    FORM_ADDR = 0x01,
    FORM_BLOCK2 = 0x03,
    FORM_BLOCK4 = 0x04,
    FORM_DATA2 = 0x05,
    FORM_DATA4 = 0x06,
    FORM_DATA8 = 0x07,
    FORM_STRING = 0x08,
    FORM_BLOCK = 0x09,
    FORM_BLOCK1 = 0x0a,
    FORM_DATA1 = 0x0b,
    FORM_FLAG = 0x0c,
    FORM_SDATA = 0x0d,
    FORM_STRP = 0x0e,
    FORM_UDATA = 0x0f,
    FORM_REF_ADDR = 0x10,
    FORM_REF1 = 0x11,
    FORM_REF2 = 0x12,
    FORM_REF4 = 0x13,
    FORM_REF8 = 0x14,
    FORM_REF_UDATA = 0x15,
    FORM_INDIRECT = 0x16,
    FORM_SEC_OFFSET = 0x17,
    FORM_EXPRLOC = 0x18,
    FORM_FLAG_PRESENT = 0x19,
    FORM_STRX = 0x1a,
    FORM_ADDRX = 0x1b,
    FORM_DATA16 = 0x1e,
    FORM_LINE_STRP = 0x1f,
    FORM_REF_SIG8 = 0x20,
    FORM_IMPLICIT_CONST = 0x21,
    FORM_LOCLISTX = 0x22,
    FORM_RNGLISTX = 0x23,
    FORM_STRX1 = 0x25,
    FORM_STRX4 = 0x28,
    FORM_ADDRX1 = 0x29,
    FORM_ADDRX4 = 0x2c,
};

enum { OP_ADDR = 0x03, OP_PLUS_UCONST = 0x23 };

#define MAX_STEPS 64 /* typedefs of typedefs */

uint64_t
cursor_fixed(struct cursor *cursor, unsigned bytes)
{
    uint64_t value = 0;

    if (cursor->at > cursor->end || cursor->end - cursor->at < bytes) {
        cursor->bad = true;
        cursor->at = cursor->end;
        return 0;
    }
    for (unsigned i = 0; i < bytes && i < 8; i++) {
        value |= (uint64_t)cursor->data[cursor->at + i] << (8 * i);
    }
    cursor->at += bytes;
    return value;
}

uint64_t
cursor_uleb(struct cursor *cursor)
{
    uint64_t value = 0;

    for (unsigned shift = 0;; shift += 7) {
        uint8_t byte = (uint8_t)cursor_fixed(cursor, 1);

        value |= shift < 64 ? (uint64_t)(byte & 0x7F) << shift : 0;
        if (byte < 0x80 || cursor->bad) {
            return value;
        }
    }
}

static int64_t
cursor_sleb(struct cursor *cursor)
{
    uint64_t value = 0;

    for (unsigned shift = 0;;) {
        uint8_t byte = (uint8_t)cursor_fixed(cursor, 1);

        value |= shift < 64 ? (uint64_t)(byte & 0x7F) << shift : 0;
        shift += 7;
        if (byte < 0x80 || cursor->bad) {
            return (int64_t)(shift < 64 && (byte & 0x40) ? value | ~0ull << shift : value);
        }
    }
}

static void
cursor_skip(struct cursor *cursor, uint64_t bytes)
{
    if (cursor->at > cursor->end || cursor->end - cursor->at < bytes) {
        cursor->bad = true;
        cursor->at = cursor->end;
    } else {
        cursor->at += bytes;
    }
}

static const char *
string_at(const struct section *section, uint64_t offset)
{
    if (offset >= section->size ||
        memchr(section->data + offset, 0, section->size - offset) == NULL) {
        return NULL;
    }
    return (const char *)section->data + offset;
}

/* What a form holds: a number, a string, or a block that `at` points to. */
struct value {
    uint64_t number;
    const char *text;
    size_t block, block_size;
    bool is_block, is_reference, is_index;
};

static void
read_block(struct cursor *cursor, uint64_t size, struct value *out)
{
    out->is_block = true;
    out->block = cursor->at;
    out->block_size = size;
    cursor_skip(cursor, size);
}

static void
read_form(const struct dwarf *dwarf, const struct unit *unit, struct cursor *cursor, uint64_t form,
          int64_t implicit, struct value *out)
{
    *out = (struct value){0};
    switch (form) {
    case FORM_ADDR:
    case FORM_DATA8:
        out->number = cursor_fixed(cursor, 8);
        break;
    case FORM_REF8:
        out->number = unit->begin + cursor_fixed(cursor, 8);
        break;
    case FORM_REF_SIG8:
        cursor_skip(cursor, 8);
        break;
    case FORM_DATA16:
        cursor_skip(cursor, 16);
        break;
    case FORM_DATA1:
    case FORM_FLAG:
        out->number = cursor_fixed(cursor, 1);
        break;
    case FORM_DATA2:
        out->number = cursor_fixed(cursor, 2);
        break;
    case FORM_DATA4:
    case FORM_SEC_OFFSET:
    case FORM_REF_ADDR:
        out->number = cursor_fixed(cursor, 4);
        break;
    case FORM_REF1:
    case FORM_REF2:
        out->number = unit->begin + cursor_fixed(cursor, form == FORM_REF1 ? 1 : 2);
        break;
    case FORM_REF4:
        out->number = unit->begin + cursor_fixed(cursor, 4);
        break;
    case FORM_REF_UDATA:
        out->number = unit->begin + cursor_uleb(cursor);
        break;
    case FORM_UDATA:
    case FORM_LOCLISTX:
    case FORM_RNGLISTX:
        out->number = cursor_uleb(cursor);
        break;
    case FORM_SDATA:
        out->number = (uint64_t)cursor_sleb(cursor);
        break;
    case FORM_IMPLICIT_CONST:
        out->number = (uint64_t)implicit;
        break;
    case FORM_FLAG_PRESENT:
        out->number = 1;
        break;
    case FORM_STRING:
        out->text = string_at(&(struct section){cursor->data, cursor->end}, cursor->at);
        cursor_skip(cursor, out->text ? strlen(out->text) + 1 : cursor->end);
        break;
    case FORM_STRP:
        out->text = string_at(&dwarf->str, cursor_fixed(cursor, 4));
        break;
    case FORM_LINE_STRP:
        out->text = string_at(&dwarf->line_str, cursor_fixed(cursor, 4));
        break;
    case FORM_BLOCK1:
        read_block(cursor, cursor_fixed(cursor, 1), out);
        break;
    case FORM_BLOCK2:
        read_block(cursor, cursor_fixed(cursor, 2), out);
        break;
    case FORM_BLOCK4:
        read_block(cursor, cursor_fixed(cursor, 4), out);
        break;
    case FORM_BLOCK:
    case FORM_EXPRLOC:
        read_block(cursor, cursor_uleb(cursor), out);
        break;
    case FORM_STRX:
    case FORM_ADDRX:
        out->number = cursor_uleb(cursor);
        out->is_index = true;
        break;
    case FORM_INDIRECT:
        form = cursor_uleb(cursor);
        if (form == FORM_INDIRECT || form == FORM_IMPLICIT_CONST) {
            cursor->bad = true;
        } else {
            read_form(dwarf, unit, cursor, form, 0, out);
        }
        break;
    default:
        if (form >= FORM_STRX1 && form <= FORM_STRX4) {
            out->number = cursor_fixed(cursor, (unsigned)(form - FORM_STRX1) + 1);
            out->is_index = true;
        } else if (form >= FORM_ADDRX1 && form <= FORM_ADDRX4) {
            out->number = cursor_fixed(cursor, (unsigned)(form - FORM_ADDRX1) + 1);
            out->is_index = true;
        } else {
            cursor->bad = true; /* of no known length */
        }
    }
}

/* DW_OP_addr, or the only operation of an old member location. */
static bool
read_expression(const struct dwarf *dwarf, const struct value *value, uint8_t operation,
                uint64_t *out)
{
    struct cursor cursor = {dwarf->info.data, value->block, value->block + value->block_size,
                            false};

    if (!value->is_block || cursor.end > dwarf->info.size ||
        cursor_fixed(&cursor, 1) != operation) {
        return false;
    }
    *out = operation == OP_ADDR ? cursor_fixed(&cursor, 8) : cursor_uleb(&cursor);
    return !cursor.bad && cursor.at == cursor.end;
}

static void
take(const struct dwarf *dwarf, uint64_t attribute, uint64_t form, const struct value *value,
     struct die *out)
{
    switch (attribute) {
    case AT_NAME:
        out->name = value->text;
        break;
    case AT_TYPE:
        out->type = value->number;
        break;
    case AT_SIBLING:
        out->sibling = value->number;
        break;
    case AT_ABSTRACT_ORIGIN:
    case AT_SPECIFICATION:
        out->origin = value->number;
        break;
    case AT_BYTE_SIZE:
        out->byte_size = value->number;
        break;
    case AT_BIT_SIZE:
        out->bit_size = value->number;
        break;
    case AT_BIT_OFFSET:
        out->bit_offset = value->number;
        out->has_bits = true;
        break;
    case AT_DATA_BIT_OFFSET:
        out->bit_offset = value->number;
        out->has_data_bits = true;
        break;
    case AT_MEMBER_LOCATION:
        if (!read_expression(dwarf, value, OP_PLUS_UCONST, &out->member)) {
            out->member = value->is_block ? 0 : value->number;
        }
        break;
    case AT_UPPER_BOUND:
        out->count = value->number + 1;
        out->has_count = !value->is_block;
        break;
    case AT_COUNT:
        out->count = value->number;
        out->has_count = !value->is_block;
        break;
    case AT_CONST_VALUE:
        out->value = form == FORM_DATA1   ? (int8_t)value->number
                     : form == FORM_DATA2 ? (int16_t)value->number
                     : form == FORM_DATA4 ? (int32_t)value->number
                                          : (int64_t)value->number;
        break;
    case AT_DECLARATION:
        out->declaration = value->number != 0;
        break;
    case AT_ENCODING:
        out->encoding = value->number;
        break;
    case AT_LOW_PC:
        out->low = value->is_index ? 0 : value->number;
        break;
    case AT_HIGH_PC: /* an address, or a length */
        out->high = form == FORM_ADDR || value->is_index ? value->number : out->low + value->number;
        break;
    case AT_LOCATION:
        read_expression(dwarf, value, OP_ADDR, &out->address);
        break;
    }
}

static const struct unit *
unit_at(const struct dwarf *dwarf, size_t offset)
{
    size_t low = 0, high = dwarf->units;

    while (low < high) {
        size_t middle = (low + high) / 2;

        if (dwarf->unit[middle].end <= offset) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low < dwarf->units && offset >= dwarf->unit[low].first ? &dwarf->unit[low] : NULL;
}

bool
dwarf_die_in(const struct dwarf *dwarf, const struct unit *unit, size_t offset, struct die *out)
{
    struct cursor cursor = {dwarf->info.data, offset, unit->end, false};
    const struct abbreviations *table = &dwarf->table[unit->table];
    uint64_t code = cursor_uleb(&cursor);
    struct cursor attributes;

    *out = (struct die){.offset = offset, .next = cursor.at};
    if (code == 0 || code > table->count || table->at[code - 1] == 0) {
        return false;
    }
    attributes =
        (struct cursor){dwarf->abbrev.data, table->at[code - 1], dwarf->abbrev.size, false};
    out->tag = (uint32_t)cursor_uleb(&attributes);
    out->children = cursor_fixed(&attributes, 1) != 0;
    for (;;) {
        uint64_t attribute = cursor_uleb(&attributes), form = cursor_uleb(&attributes);
        int64_t implicit = form == FORM_IMPLICIT_CONST ? cursor_sleb(&attributes) : 0;
        struct value value;

        if (attributes.bad || (attribute == 0 && form == 0)) {
            break;
        }
        read_form(dwarf, unit, &cursor, form, implicit, &value);
        if (cursor.bad) {
            return false;
        }
        take(dwarf, attribute, form, &value, out);
    }
    out->next = cursor.at;
    return !attributes.bad;
}

bool
dwarf_die(const struct dwarf *dwarf, size_t offset, struct die *out)
{
    const struct unit *unit = offset == 0 ? NULL : unit_at(dwarf, offset);

    return unit != NULL && dwarf_die_in(dwarf, unit, offset, out);
}

/* Behind an entry with all that is in it; 0 where that cannot be told. */
static size_t
skip_whole(const struct dwarf *dwarf, const struct unit *unit, const struct die *die)
{
    size_t at = die->next;
    unsigned depth = die->children ? 1 : 0;

    if (die->children && die->sibling > die->offset && die->sibling < unit->end) {
        return die->sibling;
    }
    while (depth != 0) {
        struct die inner;

        if (at >= unit->end) {
            return 0;
        }
        if (dwarf_die_in(dwarf, unit, at, &inner)) {
            depth += inner.children;
        } else if (inner.next == at + 1 && dwarf->info.data[at] == 0) {
            depth--;
        } else {
            return 0;
        }
        at = inner.next;
    }
    return at;
}

bool
dwarf_child_in(const struct dwarf *dwarf, const struct unit *unit, const struct die *parent,
               size_t *at, struct die *out)
{
    struct die last;

    if (!parent->children) {
        return false;
    }
    if (*at == 0) {
        *at = parent->next;
    } else {
        if (!dwarf_die_in(dwarf, unit, *at, &last)) {
            return false;
        }
        *at = skip_whole(dwarf, unit, &last);
    }
    return *at != 0 && *at < unit->end && dwarf_die_in(dwarf, unit, *at, out);
}

bool
dwarf_child(const struct dwarf *dwarf, const struct die *parent, size_t *at, struct die *out)
{
    const struct unit *unit = unit_at(dwarf, parent->offset);

    return unit != NULL && dwarf_child_in(dwarf, unit, parent, at, out);
}

size_t
dwarf_strip(const struct dwarf *dwarf, size_t type, const char **alias)
{
    struct die die;

    for (int i = 0; i < MAX_STEPS && dwarf_die(dwarf, type, &die); i++) {
        if (die.tag == TAG_TYPEDEF) {
            if (alias != NULL) {
                *alias = die.name;
            }
        } else if (die.tag != TAG_CONST && die.tag != TAG_VOLATILE && die.tag != TAG_RESTRICT &&
                   die.tag != TAG_ATOMIC) {
            return type;
        }
        type = die.type;
    }
    return 0;
}

uint64_t
dwarf_size(const struct dwarf *dwarf, size_t type)
{
    uint64_t count = 1;

    for (int i = 0; i < MAX_STEPS; i++) {
        struct die die, range;
        size_t at = 0;

        type = dwarf_strip(dwarf, type, NULL);
        if (type == 0 || !dwarf_die(dwarf, type, &die)) {
            return 0;
        }
        if (die.tag == TAG_POINTER) {
            return count * 8;
        }
        if (die.tag != TAG_ARRAY) {
            if ((die.tag == TAG_STRUCTURE || die.tag == TAG_UNION) && die.declaration) {
                size_t whole = die.name ? dwarf_type(dwarf, die.name) : 0;

                return whole != 0 && dwarf_die(dwarf, whole, &die) ? count * die.byte_size : 0;
            }
            return count * die.byte_size;
        }
        while (dwarf_child(dwarf, &die, &at, &range)) {
            if (range.tag == TAG_SUBRANGE) {
                uint64_t of = range.has_count ? range.count : 0;

                count = of != 0 && count > UINT32_MAX / of ? 0 : count * of;
            }
        }
        type = die.type;
    }
    return 0;
}
