/*
 * index.c - opens a PE file's debug sections and makes the table of names: types, functions, data.
 *
 * Functions and data come from DWARF, then from the COFF symbol table (what assembler code defines
 * has no DWARF), then from the exports. A name that several sources have counts once, in that order.
 */
#include <stdlib.h>
#include <string.h>
#include "host/debug/dwarf_private.h"
#include "host/image/image.h"

#define MAX_ABBREVIATIONS 65536
#define MAX_SYMBOLS       (1u << 22)

static uint32_t
at32(const uint8_t *data, size_t at)
{
    return data[at] | data[at + 1] << 8 | data[at + 2] << 16 | (uint32_t)data[at + 3] << 24;
}

struct coff {
    const uint8_t *file;
    size_t size;
    size_t symbols; /* file offset */
    size_t count;
    size_t strings, strings_size;
    size_t headers, sections;
};

static bool
coff_open(const uint8_t *file, size_t size, struct coff *out)
{
    size_t pe = size >= 0x40 ? at32(file, 0x3C) : size;

    *out = (struct coff){.file = file, .size = size};
    if (pe > size || size - pe < 24) {
        return false;
    }
    out->sections = (size_t)(file[pe + 6] | file[pe + 7] << 8);
    out->headers = pe + 24 + (size_t)(file[pe + 20] | file[pe + 21] << 8);
    out->symbols = at32(file, pe + 12);
    out->count = at32(file, pe + 16);
    if (out->headers > size || out->sections > (size - out->headers) / 40) {
        out->sections = 0;
    }
    if (out->symbols == 0 || out->symbols > size || out->count > (size - out->symbols) / 18) {
        out->symbols = out->count = 0;
        return true;
    }
    out->strings = out->symbols + out->count * 18;
    if (size - out->strings >= 4 && at32(file, out->strings) <= size - out->strings) {
        out->strings_size = at32(file, out->strings);
    }
    return true;
}

static const char *
coff_string(const struct coff *coff, size_t offset)
{
    const char *text = (const char *)coff->file + coff->strings + offset;

    return offset < coff->strings_size && memchr(text, 0, coff->strings_size - offset) ? text
                                                                                       : NULL;
}

static struct section
coff_section(const struct coff *coff, const char *wanted)
{
    for (size_t i = 0; i < coff->sections; i++) {
        const uint8_t *header = coff->file + coff->headers + i * 40;
        char number[8] = {0};
        const char *name;
        size_t raw, size, virtual_size;

        if (header[0] != '/') {
            continue;
        }
        memcpy(number, header + 1, 7);
        name = coff_string(coff, strtoul(number, NULL, 10));
        if (name == NULL || strcmp(name, wanted) != 0) {
            continue;
        }
        virtual_size = at32(header, 8);
        size = at32(header, 16);
        raw = at32(header, 20);
        if (raw <= coff->size && size <= coff->size - raw) {
            return (struct section){coff->file + raw,
                                    virtual_size && virtual_size < size ? virtual_size : size};
        }
    }
    return (struct section){0};
}

/* The abbreviations at an offset, read once. */
static size_t
table_at(struct dwarf *dwarf, size_t offset)
{
    struct cursor cursor = {dwarf->abbrev.data, offset, dwarf->abbrev.size, false};
    struct abbreviations *table;

    for (size_t i = dwarf->tables; i-- > 0;) {
        if (dwarf->table[i].offset == offset) {
            return i;
        }
    }
    dwarf->table = realloc(dwarf->table, (dwarf->tables + 1) * sizeof(*dwarf->table));
    if (dwarf->table == NULL) {
        abort();
    }
    table = &dwarf->table[dwarf->tables++];
    *table = (struct abbreviations){.offset = offset};
    for (;;) {
        uint64_t code = cursor_uleb(&cursor), attribute, form;

        if (cursor.bad || code == 0 || code > MAX_ABBREVIATIONS) {
            break;
        }
        if (code > table->count) {
            uint64_t count = code * 2;

            table->at = realloc(table->at, count * sizeof(*table->at));
            if (table->at == NULL) {
                abort();
            }
            memset(table->at + table->count, 0, (count - table->count) * sizeof(*table->at));
            table->count = count;
        }
        table->at[code - 1] = cursor.at;
        cursor_uleb(&cursor);
        cursor_fixed(&cursor, 1);
        do {
            attribute = cursor_uleb(&cursor);
            form = cursor_uleb(&cursor);
            if (form == 0x21) { /* implicit_const: its value stands here */
                cursor_uleb(&cursor);
            }
        } while (!cursor.bad && (attribute != 0 || form != 0));
    }
    return dwarf->tables - 1;
}

static void
add(struct dwarf *dwarf, const char *name, enum symbol_kind kind, size_t die, uint64_t rva,
    uint64_t size)
{
    if (name == NULL || name[0] == 0 || dwarf->symbols >= MAX_SYMBOLS ||
        (kind != SYMBOL_TYPE && rva >= dwarf->image_size)) {
        return;
    }
    if ((dwarf->symbols & (dwarf->symbols - 1)) == 0) {
        dwarf->symbol = realloc(dwarf->symbol,
                                (dwarf->symbols ? dwarf->symbols * 2 : 1) * sizeof(*dwarf->symbol));
        if (dwarf->symbol == NULL) {
            abort();
        }
    }
    dwarf->symbol[dwarf->symbols++] =
        (struct symbol){name, kind, die, (uint32_t)rva, (uint32_t)size};
}

static void
add_die(struct dwarf *dwarf, const struct unit *unit, const struct die *die)
{
    const char *name = die->name;
    struct die origin;

    switch (die->tag) {
    case TAG_STRUCTURE:
    case TAG_UNION:
    case TAG_CLASS:
    case TAG_ENUMERATION:
        if (!die->declaration) {
            add(dwarf, name, SYMBOL_TYPE, die->offset, 0, 0);
        }
        break;
    case TAG_TYPEDEF:
    case TAG_BASE:
        add(dwarf, name, SYMBOL_TYPE, die->offset, 0, 0);
        break;
    case TAG_SUBPROGRAM:
        if (name == NULL && die->origin != 0 && dwarf_die_in(dwarf, unit, die->origin, &origin)) {
            name = origin.name;
        }
        if (die->low > dwarf->preferred) {
            add(dwarf, name, SYMBOL_CODE, die->offset, die->low - dwarf->preferred,
                die->high > die->low ? die->high - die->low : 0);
        }
        break;
    case TAG_VARIABLE:
        if (name == NULL && die->origin != 0 && dwarf_die_in(dwarf, unit, die->origin, &origin)) {
            name = origin.name;
        }
        if (die->address > dwarf->preferred) {
            add(dwarf, name, SYMBOL_DATA, die->offset, die->address - dwarf->preferred, 0);
        }
        break;
    }
}

static void
read_units(struct dwarf *dwarf)
{
    struct cursor cursor = {dwarf->info.data, 0, dwarf->info.size, false};

    while (cursor.at < cursor.end) {
        struct unit unit = {.begin = cursor.at};
        uint64_t length = cursor_fixed(&cursor, 4);
        unsigned version = (unsigned)cursor_fixed(&cursor, 2), type = 1;
        struct die root, child;
        size_t abbrev, at = 0;

        if (cursor.bad || length < 7 || length > cursor.end - unit.begin - 4) {
            return;
        }
        unit.end = unit.begin + 4 + length;
        if (version >= 5) {
            type = (unsigned)cursor_fixed(&cursor, 1);
            cursor_fixed(&cursor, 1);
            abbrev = cursor_fixed(&cursor, 4);
        } else {
            abbrev = cursor_fixed(&cursor, 4);
            cursor_fixed(&cursor, 1);
        }
        unit.first = cursor.at;
        cursor.at = unit.end;
        if (version < 2 || version > 5 || type != 1 || unit.first >= unit.end) {
            continue;
        }
        unit.table = table_at(dwarf, abbrev);
        if ((dwarf->units & (dwarf->units - 1)) == 0) {
            dwarf->unit =
                realloc(dwarf->unit, (dwarf->units ? dwarf->units * 2 : 1) * sizeof(unit));
            if (dwarf->unit == NULL) {
                abort();
            }
        }
        dwarf->unit[dwarf->units++] = unit;
        if (!dwarf_die_in(dwarf, &unit, unit.first, &root)) {
            continue;
        }
        while (dwarf_child_in(dwarf, &unit, &root, &at, &child)) {
            add_die(dwarf, &unit, &child);
        }
    }
}

/* What DWARF does not have: code of assembler files. Section numbers count from 1. */
static void
read_coff(struct dwarf *dwarf, const struct coff *coff)
{
    for (size_t i = 0; i < coff->count; i++) {
        const uint8_t *symbol = coff->file + coff->symbols + i * 18;
        unsigned section = (unsigned)(symbol[12] | symbol[13] << 8), class = symbol[16];
        const char *name = NULL;

        if (at32(symbol, 0) == 0) {
            name = coff_string(coff, at32(symbol, 4));
        }
        if (section >= 1 && section <= coff->sections && class == 2 /* external */) {
            const uint8_t *header = coff->file + coff->headers + (section - 1) * 40;
            bool code = (at32(header, 36) & PE_SCN_EXECUTE) != 0;
            uint64_t rva = (uint64_t)at32(header, 12) + at32(symbol, 8);

            if (name != NULL) {
                add(dwarf, name, code ? SYMBOL_CODE : SYMBOL_DATA, 0, rva, 0);
            }
        }
        i += symbol[17];
    }
}

static void
read_exports(struct dwarf *dwarf, const struct pe *pe)
{
    for (uint32_t i = 0; i < pe_export_count(pe); i++) {
        struct pe_export export;

        if (pe_export_at(pe, i, &export) && export.name != NULL && export.forwarder == NULL) {
            add(dwarf, export.name, pe_executable(pe, export.rva) ? SYMBOL_CODE : SYMBOL_DATA, 0,
                export.rva, 0);
        }
    }
}

static int
by_name(const void *one, const void *other)
{
    const struct symbol *a = one, *b = other;
    int order = strcmp(a->name, b->name);

    if (order != 0) {
        return order;
    }
    if (a->kind != b->kind) {
        return a->kind < b->kind ? -1 : 1;
    }
    if ((a->die == 0) != (b->die == 0)) {
        return a->die == 0 ? 1 : -1; /* DWARF first */
    }
    return a->die < b->die ? -1 : a->die > b->die;
}

static int
by_rva(const void *one, const void *other)
{
    const struct symbol *a = one, *b = other;

    if (a->rva != b->rva) {
        return a->rva < b->rva ? -1 : 1;
    }
    return by_name(one, other);
}

/* One of each name and kind; static functions of one name in several files stay. */
static void
finish(struct dwarf *dwarf)
{
    size_t kept = 0;

    if (dwarf->symbols != 0) {
        qsort(dwarf->symbol, dwarf->symbols, sizeof(*dwarf->symbol), by_name);
    }
    for (size_t i = 0; i < dwarf->symbols; i++) {
        const struct symbol *last = kept ? &dwarf->symbol[kept - 1] : NULL;
        const struct symbol *next = &dwarf->symbol[i];

        if (last == NULL || strcmp(last->name, next->name) != 0 || last->kind != next->kind ||
            (next->kind != SYMBOL_TYPE && last->rva != next->rva)) {
            dwarf->symbol[kept++] = *next;
        }
    }
    dwarf->symbols = kept;
    dwarf->place = calloc(kept + 1, sizeof(*dwarf->place));
    if (dwarf->place == NULL) {
        abort();
    }
    for (size_t i = 0; i < kept; i++) {
        if (dwarf->symbol[i].kind != SYMBOL_TYPE) {
            dwarf->place[dwarf->places++] = dwarf->symbol[i];
        }
    }
    qsort(dwarf->place, dwarf->places, sizeof(*dwarf->place), by_rva);
}

struct dwarf *
dwarf_open(const uint8_t *file, size_t size)
{
    struct dwarf *dwarf = calloc(1, sizeof(*dwarf));
    struct pe *pe = calloc(1, sizeof(*pe));
    struct image_error error;
    struct coff coff;

    if (dwarf == NULL || pe == NULL) {
        abort();
    }
    if (file != NULL && image_parse(file, size, pe, &error) == 0 && coff_open(file, size, &coff)) {
        dwarf->preferred = pe->preferred;
        dwarf->image_size = pe->size;
        dwarf->info = coff_section(&coff, ".debug_info");
        dwarf->abbrev = coff_section(&coff, ".debug_abbrev");
        dwarf->str = coff_section(&coff, ".debug_str");
        dwarf->line_str = coff_section(&coff, ".debug_line_str");
        read_units(dwarf);
        read_coff(dwarf, &coff);
        read_exports(dwarf, pe);
    }
    finish(dwarf);
    free(pe);
    return dwarf;
}

void
dwarf_close(struct dwarf *dwarf)
{
    if (dwarf == NULL) {
        return;
    }
    for (size_t i = 0; i < dwarf->tables; i++) {
        free(dwarf->table[i].at);
    }
    free(dwarf->table);
    free(dwarf->unit);
    free(dwarf->symbol);
    free(dwarf->place);
    free(dwarf);
}

bool
dwarf_has_types(const struct dwarf *dwarf)
{
    return dwarf->units != 0;
}

/* The first symbol that is not below `name`. */
static size_t
lower_bound(const struct dwarf *dwarf, const char *name)
{
    size_t low = 0, high = dwarf->symbols;

    while (low < high) {
        size_t middle = (low + high) / 2;

        if (strcmp(dwarf->symbol[middle].name, name) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

size_t
dwarf_type(const struct dwarf *dwarf, const char *name)
{
    size_t at = lower_bound(dwarf, name);

    return at < dwarf->symbols && strcmp(dwarf->symbol[at].name, name) == 0 &&
                   dwarf->symbol[at].kind == SYMBOL_TYPE
               ? dwarf->symbol[at].die
               : 0;
}

const struct symbol *
dwarf_symbol(const struct dwarf *dwarf, const char *name)
{
    for (size_t at = lower_bound(dwarf, name);
         at < dwarf->symbols && strcmp(dwarf->symbol[at].name, name) == 0; at++) {
        if (dwarf->symbol[at].kind != SYMBOL_TYPE) {
            return &dwarf->symbol[at];
        }
    }
    return NULL;
}

const struct symbol *
dwarf_nearest(const struct dwarf *dwarf, uint32_t rva, uint32_t *offset)
{
    size_t low = 0, high = dwarf->places;

    while (low < high) {
        size_t middle = (low + high) / 2;

        if (dwarf->place[middle].rva <= rva) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    if (low == 0) {
        return NULL;
    }
    /* Of several at one address the first. */
    low--;
    while (low > 0 && dwarf->place[low - 1].rva == dwarf->place[low].rva) {
        low--;
    }
    *offset = rva - dwarf->place[low].rva;
    return &dwarf->place[low];
}

size_t
dwarf_symbols(const struct dwarf *dwarf, const struct symbol **out)
{
    *out = dwarf->symbol;
    return dwarf->symbols;
}
