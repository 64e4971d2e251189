/*
 * dt.c - `dt`: a structure with offsets, and with values where there is memory to read.
 *
 * The layout is WinDbg's: "   +0x098 ApcState         : _KAPC_STATE", bit fields as "Pos 3, 1 Bit",
 * values as their type is written (0n for signed, 0x for unsigned, 0y for bits).
 */
#include <ctype.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>
#include "host/debug/types.h"

#define MAX_TEXT 64 /* characters of a string */

const char *
name_split(const char *text, char *module, size_t size)
{
    const char *sign = strpbrk(text, "!:");

    if (sign == NULL) {
        module[0] = 0;
        return text;
    }
    snprintf(module, size, "%.*s", (int)(sign - text), text);
    return sign + 1;
}

static void
print_address(FILE *out, uint64_t address)
{
    fprintf(out, "0x%08x`%08x", (unsigned)(address >> 32), (unsigned)address);
}

static bool
fetch(const struct dt *dt, uint64_t address, void *out, size_t size)
{
    return dt->read != NULL && dt->read(dt->context, address, out, size);
}

static void
print_string(const struct dt *dt, uint64_t address, size_t length, unsigned width)
{
    char text[MAX_TEXT + 1];
    size_t at = 0;

    for (; at < MAX_TEXT && at < length; at++) {
        uint16_t c = 0;

        if (!fetch(dt, address + at * width, &c, width) || (c == 0 && width == 1)) {
            break;
        }
        text[at] = c >= 0x20 && c < 0x7F ? (char)c : '.';
    }
    text[at] = 0;
    fprintf(dt->out, "\"%s\"", text);
}

static void
print_integer(const struct dt *dt, uint64_t value, uint64_t size, bool sign)
{
    if (size < 8) {
        value &= (1ull << (size * 8)) - 1;
    }
    if (size == 1) {
        int shown = sign ? (int8_t)value : 0;

        if (sign) {
            fprintf(dt->out, "%d '%.*s'", shown, isprint((int)value) ? 1 : 0, (char *)&value);
        } else {
            fprintf(dt->out, "0x%lx '%.*s'", value, isprint((int)value) ? 1 : 0, (char *)&value);
        }
    } else if (sign) {
        int64_t wide = size == 2 ? (int16_t)value : size == 4 ? (int32_t)value : (int64_t)value;

        fprintf(dt->out, "0n%ld", wide);
    } else {
        fprintf(dt->out, "0x%lx", value);
    }
}

static void
print_bits(const struct dt *dt, const struct field *field, uint64_t address)
{
    uint64_t size = dwarf_size(dt->dwarf, field->type), value = 0;

    size = size == 0 || size > 8 ? 4 : size;
    if (!fetch(dt, address + field->offset, &value, size)) {
        fputs("??", dt->out);
        return;
    }
    fputs("0y", dt->out);
    for (unsigned i = field->bits; i-- > 0;) {
        fputc(value >> (field->bit + i) & 1 ? '1' : '0', dt->out);
    }
}

/* A structure in one line. */
static void
print_structure(const struct dt *dt, const char *text, uint64_t address)
{
    fprintf(dt->out, "%s", text);
    if (strcmp(text, "_LIST_ENTRY") == 0) {
        uint64_t links[2];

        if (fetch(dt, address, links, sizeof(links))) {
            fputs(" [ ", dt->out);
            print_address(dt->out, links[0]);
            fputs(" - ", dt->out);
            print_address(dt->out, links[1]);
            fputs(" ]", dt->out);
        } else {
            fputs(" [ ?? ]", dt->out);
        }
    } else if (strcmp(text, "_UNICODE_STRING") == 0) {
        struct {
            uint16_t length, maximum;
            uint32_t fill;
            uint64_t buffer;
        } string;

        if (fetch(dt, address, &string, sizeof(string))) {
            fputc(' ', dt->out);
            print_string(dt, string.buffer, string.length / 2u, 2);
        }
    } else if (strcmp(text, "_LARGE_INTEGER") == 0 || strcmp(text, "_ULARGE_INTEGER") == 0) {
        uint64_t value;

        if (fetch(dt, address, &value, sizeof(value))) {
            fprintf(dt->out, " 0x%lx", value);
        }
    }
}

static void
print_value(const struct dt *dt, size_t type, uint64_t address)
{
    size_t stripped = dwarf_strip(dt->dwarf, type, NULL);
    char text[300], name[300];
    uint64_t value = 0;
    struct die die, element;

    type_text(dt->dwarf, type, text, sizeof(text));
    if (stripped == 0 || !dwarf_die(dt->dwarf, stripped, &die)) {
        fputs(text, dt->out);
        return;
    }
    switch (die.tag) {
    case TAG_POINTER:
        if (!fetch(dt, address, &value, 8)) {
            fputs("??", dt->out);
        } else if (value == 0) {
            fputs("(null)", dt->out);
        } else {
            print_address(dt->out, value);
            fprintf(dt->out, " %s", text + strlen("Ptr64 "));
            if (strncmp(text, "Ptr64     ", 10) == 0 && dt->name != NULL &&
                dt->name(dt->context, value, name, sizeof(name))) {
                fprintf(dt->out, " %s", name);
            }
        }
        break;
    case TAG_ARRAY:
        fputs(text, dt->out);
        if (dwarf_die(dt->dwarf, dwarf_strip(dt->dwarf, die.type, NULL), &element) &&
            element.tag == TAG_BASE && element.byte_size <= 2 && text[0] == '[') {
            char *end = strchr(text, ' ');

            *end = 0;
            fputs("  ", dt->out);
            print_string(dt, address, strtoul(text + 1, NULL, 10), (unsigned)element.byte_size);
        }
        break;
    case TAG_ENUMERATION:
        if (!fetch(dt, address, &value, die.byte_size <= 8 ? die.byte_size : 4)) {
            fputs("??", dt->out);
        } else {
            const char *word = type_enumerator(dt->dwarf, stripped, (int32_t)value);

            fprintf(dt->out, "%d ( %s )", (int32_t)value, word ? word : "no such value");
        }
        break;
    case TAG_BASE:
        if (die.byte_size > 8 || !fetch(dt, address, &value, die.byte_size)) {
            fputs("??", dt->out);
        } else {
            print_integer(dt, value, die.byte_size, die.encoding == 5 || die.encoding == 6);
        }
        break;
    default:
        print_structure(dt, text, address);
    }
}

/* The pattern that the rest of a path starts with; *rest: behind its dot, or NULL. */
static bool
matches(const struct dt *dt, const char *pattern, const char *name, const char **rest)
{
    char part[128];
    const char *dot = strchr(pattern, '.');

    snprintf(part, sizeof(part), "%.*s", dot ? (int)(dot - pattern) : (int)strlen(pattern),
             pattern);
    *rest = dot ? dot + 1 : NULL;
    if (dt->prefix) {
        return strncasecmp(part, name, strlen(part)) == 0;
    }
    return fnmatch(part, name, FNM_CASEFOLD) == 0;
}

static int print_fields(const struct dt *dt, size_t type, uint64_t base, const char *path,
                        unsigned level, unsigned depth);

static int
print_field(const struct dt *dt, const struct field *field, const struct view *view, uint64_t base,
            const char *rest, unsigned level, unsigned depth)
{
    size_t structure = type_structure(dt->dwarf, field->type);
    char text[300];

    fprintf(dt->out, "%*s+0x%03lx %-16s : ", (int)(3 + level * 3), "", field->offset, view->name);
    if (rest != NULL && *rest != 0 && structure != 0) {
        fputc('\n', dt->out);
        return print_fields(dt, structure, base + field->offset, rest, level + 1, depth);
    }
    if (view->type != NULL) {
        uint64_t value = 0;

        if (!dt->has_address) {
            fputs(view->type, dt->out);
        } else if (fetch(dt, base + field->offset, &value, view->size)) {
            print_integer(dt, value, view->size, view->type[0] == 'I');
        } else {
            fputs("??", dt->out);
        }
    } else if (field->bits != 0 && !dt->has_address) {
        fprintf(dt->out, "Pos %u, %u Bit%s", field->bit, field->bits, field->bits == 1 ? "" : "s");
    } else if (field->bits != 0) {
        print_bits(dt, field, base);
    } else if (dt->has_address) {
        print_value(dt, field->type, base + field->offset);
    } else {
        type_text(dt->dwarf, field->type, text, sizeof(text));
        fputs(text, dt->out);
    }
    fputc('\n', dt->out);
    if (structure != 0 && (depth != 0 || rest != NULL)) {
        print_fields(dt, structure, base + field->offset, NULL, level + 1, depth ? depth - 1 : 0);
    }
    return 1;
}

/* How many fields were printed. */
static int
print_fields(const struct dt *dt, size_t type, uint64_t base, const char *path, unsigned level,
             unsigned depth)
{
    struct field *field;
    size_t count = type_fields(dt->dwarf, type, &field);
    const char *type_name = "";
    struct die die;
    int printed = 0;

    if (dwarf_die(dt->dwarf, type, &die) && die.name != NULL) {
        type_name = die.name;
    }
    for (size_t i = 0; i < count; i++) {
        struct view view = view_field(dt->os, type_name, field[i].name);
        const char *rest = NULL;
        bool wanted = path == NULL && (level != 0 || dt->fields == 0);

        if (view.name == NULL) {
            continue;
        }
        if (path != NULL) {
            wanted = matches(dt, path, view.name, &rest);
        }
        for (size_t j = 0; path == NULL && level == 0 && j < dt->fields && !wanted; j++) {
            wanted = matches(dt, dt->field[j], view.name, &rest);
        }
        if (view.ours && level == 0 && dt->fields == 0) {
            fprintf(dt->out, "   ------ from here on ntlab's own\n");
        }
        if (wanted) {
            printed += print_field(dt, &field[i], &view, base, rest, level, depth);
        }
    }
    free(field);
    return printed;
}

static void
print_enumeration(const struct dt *dt, const struct die *die)
{
    struct die child;
    size_t at = 0;

    while (dwarf_child(dt->dwarf, die, &at, &child)) {
        if (child.tag == TAG_ENUMERATOR) {
            fprintf(dt->out, "   %s = 0n%ld\n", child.name, child.value);
        }
    }
}

int
dt_print(const struct dt *dt, size_t type)
{
    size_t stripped = dwarf_strip(dt->dwarf, type, NULL), structure;
    char text[300];
    struct die die;

    type_text(dt->dwarf, type, text, sizeof(text));
    structure = type_structure(dt->dwarf, type);
    fprintf(dt->out, "%s!%s", dt->module, text);
    if (structure == 0) {
        if (dt->has_address) {
            fputs(" ", dt->out);
            print_value(dt, type, dt->address);
        }
        fputs("\n", dt->out);
        if (dwarf_die(dt->dwarf, stripped, &die) && die.tag == TAG_ENUMERATION) {
            print_enumeration(dt, &die);
        }
        return 0;
    }
    fputs("\n", dt->out);
    if (print_fields(dt, structure, dt->address, NULL, 0, dt->depth) == 0 && dt->fields != 0) {
        return -1;
    }
    return 0;
}
