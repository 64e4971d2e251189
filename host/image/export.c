/*
 * export.c - exports of a file or a mapped image.
 *
 * Names are sorted, so they are searched in halves; linkers exist that do not sort them (or sort by
 * other rules than bytes), so a miss is followed by a walk. A function whose rva points into the
 * export directory itself is a forwarder: the text there names another module's export.
 */
#include <string.h>
#include "host/image/internal.h"

struct exports {
    uint32_t base;
    uint32_t functions;
    uint32_t names;
    uint32_t function_table;
    uint32_t name_table;
    uint32_t ordinal_table;
};

static bool
read_directory(const struct pe *pe, struct exports *out)
{
    const struct pe_directory *directory = &pe->directory[PE_EXPORT];
    uint8_t table[40];

    if (directory->size == 0 || !pe_read(pe, directory->rva, table, sizeof table)) {
        return false;
    }
    out->base = load32(table + 16);
    out->functions = load32(table + 20);
    out->names = load32(table + 24);
    out->function_table = load32(table + 28);
    out->name_table = load32(table + 32);
    out->ordinal_table = load32(table + 36);
    return out->functions <= 0x10000 && out->names <= 0x10000 &&
           pe_inside(pe, out->function_table, (uint64_t)out->functions * 4) &&
           pe_inside(pe, out->name_table, (uint64_t)out->names * 4) &&
           pe_inside(pe, out->ordinal_table, (uint64_t)out->names * 2);
}

static uint32_t
read32(const struct pe *pe, uint32_t rva)
{
    uint8_t bytes[4];

    return pe_read(pe, rva, bytes, 4) ? load32(bytes) : 0;
}

static uint16_t
read16(const struct pe *pe, uint32_t rva)
{
    uint8_t bytes[2];

    return pe_read(pe, rva, bytes, 2) ? load16(bytes) : 0;
}

static const char *
name_at(const struct pe *pe, const struct exports *exports, uint32_t index)
{
    return pe_string(pe, read32(pe, exports->name_table + index * 4), PE_MAX_NAME);
}

/* Fills what the function table says; false where the slot is empty. */
static bool
function_at(const struct pe *pe, const struct exports *exports, uint32_t index,
            struct pe_export *out)
{
    const struct pe_directory *directory = &pe->directory[PE_EXPORT];

    if (index >= exports->functions) {
        return false;
    }
    out->rva = read32(pe, exports->function_table + index * 4);
    if (out->rva == 0 || out->rva >= pe->size) {
        return false;
    }
    out->ordinal = exports->base + index;
    out->forwarder = NULL;
    out->name = NULL;
    if (out->rva >= directory->rva && out->rva - directory->rva < directory->size) {
        out->forwarder = pe_string(pe, out->rva, PE_MAX_NAME);
        return out->forwarder != NULL;
    }
    return true;
}

uint32_t
pe_export_count(const struct pe *pe)
{
    struct exports exports;

    return read_directory(pe, &exports) ? exports.functions : 0;
}

bool
pe_export_slot(const struct pe *pe, uint32_t index, struct pe_export *out)
{
    struct exports exports;

    return read_directory(pe, &exports) && function_at(pe, &exports, index, out);
}

bool
pe_export_at(const struct pe *pe, uint32_t index, struct pe_export *out)
{
    struct exports exports;

    if (!read_directory(pe, &exports) || !function_at(pe, &exports, index, out)) {
        return false;
    }
    for (uint32_t i = 0; i < exports.names; i++) {
        if (read16(pe, exports.ordinal_table + i * 2) == index) {
            out->name = name_at(pe, &exports, i);
            break;
        }
    }
    return true;
}

bool
pe_export_by_name(const struct pe *pe, const char *name, struct pe_export *out)
{
    struct exports exports;
    uint32_t low = 0, high, found = UINT32_MAX;

    if (!read_directory(pe, &exports)) {
        return false;
    }
    high = exports.names;
    while (low < high) {
        uint32_t middle = (low + high) / 2;
        const char *other = name_at(pe, &exports, middle);
        int order = other ? strcmp(name, other) : -1;

        if (order == 0) {
            found = middle;
            break;
        }
        if (order > 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    for (uint32_t i = 0; found == UINT32_MAX && i < exports.names; i++) {
        const char *other = name_at(pe, &exports, i);

        if (other && strcmp(name, other) == 0) {
            found = i;
        }
    }
    if (found == UINT32_MAX ||
        !function_at(pe, &exports, read16(pe, exports.ordinal_table + found * 2), out)) {
        return false;
    }
    out->name = name_at(pe, &exports, found);
    return true;
}

bool
pe_export_by_ordinal(const struct pe *pe, uint32_t ordinal, struct pe_export *out)
{
    struct exports exports;

    if (!read_directory(pe, &exports) || ordinal < exports.base) {
        return false;
    }
    return pe_export_at(pe, ordinal - exports.base, out);
}

bool
pe_nearest_export(const struct pe *pe, uint32_t rva, const char **name, uint32_t *offset)
{
    const struct pe_section *section = pe_section_at(pe, rva);
    struct exports exports;
    uint32_t best = 0, best_index = UINT32_MAX;

    if (!section || !read_directory(pe, &exports)) {
        return false;
    }
    for (uint32_t i = 0; i < exports.names; i++) {
        struct pe_export export;

        if (function_at(pe, &exports, read16(pe, exports.ordinal_table + i * 2), &export) &&
            !export.forwarder && export.rva <= rva && export.rva >= section->rva &&
            (best_index == UINT32_MAX || export.rva > best)) {
            best = export.rva;
            best_index = i;
        }
    }
    if (best_index == UINT32_MAX) {
        return false;
    }
    *name = name_at(pe, &exports, best_index);
    *offset = rva - best;
    return *name != NULL;
}
