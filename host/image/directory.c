/*
 * directory.c - data directories of a file, checked once.
 *
 * Strict where the loader acts on what it reads: relocations, imports, exports, TLS and the bounds
 * of unwind data. Forgiving where Windows' loader is too: load configuration, debug records,
 * delayed and bound imports, resources and signatures never keep an image from loading.
 */
#include <errno.h>
#include <string.h>
#include "host/image/internal.h"

static uint32_t
field_of(const struct pe *pe, unsigned index)
{
    return pe->directories_offset + index * 8;
}

/* An address in the file (for the preferred base) as rva; false outside the image. */
static bool
rva_of(const struct pe *pe, uint64_t address, uint32_t *rva)
{
    if (address < pe->preferred || address - pe->preferred >= pe->size) {
        return false;
    }
    *rva = (uint32_t)(address - pe->preferred);
    return true;
}

/* Where an error at this rva is in the file; the directory's entry if nothing backs it. */
static uint32_t
blame(const struct pe *pe, uint32_t rva, unsigned index)
{
    uint32_t offset = pe_offset(pe, rva);

    return offset ? offset : field_of(pe, index);
}

static int
check_bounds(struct pe *pe, unsigned index, const char *name, struct image_error *err)
{
    const struct pe_directory *directory = &pe->directory[index];

    if (directory->rva == 0 || directory->size == 0) {
        pe->directory[index] = (struct pe_directory){0, 0};
        return 0;
    }
    if (!pe_inside(pe, directory->rva, directory->size)) {
        return image_malformed(
            err, field_of(pe, index),
            "%s directory (0x%x bytes at rva 0x%x) lies outside the image (0x%x bytes)", name,
            directory->size, directory->rva, pe->size);
    }
    return 0;
}

static int
check_relocations(struct pe *pe, struct image_error *err)
{
    struct pe_relocations it;
    uint32_t rva;
    unsigned type;

    /* No directory, and yet not stripped: nothing in the image depends on its address. */
    pe->relocatable = !(pe->characteristics & PE_FILE_RELOCS_STRIPPED);
    pe_relocations_begin(&it, pe);
    while (pe_relocations_next(&it, &rva, &type)) {
        if (type == PE_REL_HIGHLOW) {
            pe->relocatable = false; /* 32-bit addresses: only where it was linked for */
        }
    }
    if (it.problem) {
        return image_malformed(err, blame(pe, it.problem_rva, PE_RELOCATION),
                               "relocations at rva 0x%x: %s", it.problem_rva, it.problem);
    }
    return 0;
}

static int
check_imports(struct pe *pe, struct image_error *err)
{
    struct pe_imports it;
    struct pe_import import;

    pe_imports_begin(&it, pe, false);
    while (pe_imports_next(&it, &import)) {
    }
    if (it.problem) {
        return image_malformed(err, blame(pe, it.problem_rva, PE_IMPORT), "imports at rva 0x%x: %s",
                               it.problem_rva, it.problem);
    }
    return 0;
}

static int
check_exports(struct pe *pe, struct image_error *err)
{
    const struct pe_directory *directory = &pe->directory[PE_EXPORT];
    uint8_t table[40];
    uint32_t functions, names, function_table, name_table, ordinal_table;

    if (directory->size == 0) {
        return 0;
    }
    if (!pe_read(pe, directory->rva, table, sizeof table)) {
        return image_malformed(err, field_of(pe, PE_EXPORT),
                               "export directory at rva 0x%x reaches past the image",
                               directory->rva);
    }
    functions = load32(table + 20);
    names = load32(table + 24);
    function_table = load32(table + 28);
    name_table = load32(table + 32);
    ordinal_table = load32(table + 36);
    if (functions > 0x10000 || !pe_inside(pe, function_table, (uint64_t)functions * 4)) {
        return image_malformed(err, blame(pe, directory->rva + 20, PE_EXPORT),
                               "exports: %u addresses at rva 0x%x do not fit into the image",
                               functions, function_table);
    }
    if (names > 0x10000 || !pe_inside(pe, name_table, (uint64_t)names * 4) ||
        !pe_inside(pe, ordinal_table, (uint64_t)names * 2)) {
        return image_malformed(
            err, blame(pe, directory->rva + 24, PE_EXPORT),
            "exports: %u names at rva 0x%x and ordinals at rva 0x%x do not fit into the image",
            names, name_table, ordinal_table);
    }
    for (uint32_t i = 0; i < functions; i++) {
        uint8_t entry[4];
        uint32_t rva, at = function_table + i * 4;

        pe_read(pe, at, entry, 4);
        rva = load32(entry);
        if (rva >= pe->size) {
            return image_malformed(err, blame(pe, at, PE_EXPORT),
                                   "export %u: address rva 0x%x lies outside the image", i, rva);
        }
        if (rva - directory->rva < directory->size && rva >= directory->rva) {
            const char *forwarder = pe_string(pe, rva, PE_MAX_NAME);

            if (!forwarder || !strchr(forwarder, '.')) {
                return image_malformed(
                    err, blame(pe, at, PE_EXPORT),
                    "export %u: the forwarder at rva 0x%x is not of the form MODULE.Name", i, rva);
            }
        }
    }
    for (uint32_t i = 0; i < names; i++) {
        uint8_t entry[4];

        pe_read(pe, name_table + i * 4, entry, 4);
        if (!pe_string(pe, load32(entry), PE_MAX_NAME)) {
            return image_malformed(err, blame(pe, name_table + i * 4, PE_EXPORT),
                                   "export name %u at rva 0x%x is not a string within the image", i,
                                   load32(entry));
        }
        pe_read(pe, ordinal_table + i * 2, entry, 2);
        if (load16(entry) >= functions) {
            return image_malformed(err, blame(pe, ordinal_table + i * 2, PE_EXPORT),
                                   "export name %u refers to address %u of %u", i, load16(entry),
                                   functions);
        }
    }
    return 0;
}

static int
check_tls(struct pe *pe, struct image_error *err)
{
    const struct pe_directory *directory = &pe->directory[PE_TLS];
    struct pe_tls *tls = &pe->tls;
    uint8_t table[40];
    uint64_t start, end, index, callbacks;
    uint32_t at;

    if (directory->size == 0) {
        return 0;
    }
    if (!pe_read(pe, directory->rva, table, sizeof table)) {
        return image_malformed(err, field_of(pe, PE_TLS),
                               "TLS directory at rva 0x%x reaches past the image", directory->rva);
    }
    start = load64(table);
    end = load64(table + 8);
    index = load64(table + 16);
    callbacks = load64(table + 24);
    if (end < start || end - start > pe->size ||
        (start != end && (!rva_of(pe, start, &tls->data) || !rva_of(pe, end - 1, &at)))) {
        return image_malformed(err, blame(pe, directory->rva, PE_TLS),
                               "TLS: the template 0x%llx-0x%llx lies outside the image",
                               (unsigned long long)start, (unsigned long long)end);
    }
    tls->data_size = (uint32_t)(end - start);
    tls->zero_fill = load32(table + 32);
    if (tls->zero_fill > PE_MAX_SIZE) {
        return image_malformed(err, blame(pe, directory->rva + 32, PE_TLS),
                               "TLS: SizeOfZeroFill is 0x%x", tls->zero_fill);
    }
    if (!rva_of(pe, index, &tls->index) || !pe_inside(pe, tls->index, 4)) {
        return image_malformed(err, blame(pe, directory->rva + 16, PE_TLS),
                               "TLS: AddressOfIndex 0x%llx lies outside the image",
                               (unsigned long long)index);
    }
    if (callbacks) {
        uint8_t entry[8];

        if (!rva_of(pe, callbacks, &tls->callbacks)) {
            return image_malformed(err, blame(pe, directory->rva + 24, PE_TLS),
                                   "TLS: AddressOfCallBacks 0x%llx lies outside the image",
                                   (unsigned long long)callbacks);
        }
        at = tls->callbacks;
        for (unsigned i = 0;; i++, at += 8) {
            uint32_t rva;

            if (i == 1024 || !pe_inside(pe, at, 8) || !pe_read(pe, at, entry, 8)) {
                return image_malformed(err, blame(pe, directory->rva + 24, PE_TLS),
                                       "TLS: the list of callbacks at rva 0x%x has no end",
                                       tls->callbacks);
            }
            if (load64(entry) == 0) {
                break;
            }
            if (!rva_of(pe, load64(entry), &rva)) {
                return image_malformed(err, blame(pe, at, PE_TLS),
                                       "TLS: callback 0x%llx lies outside the image",
                                       (unsigned long long)load64(entry));
            }
        }
    }
    tls->present = true;
    return 0;
}

/* An 8-byte slot that the load configuration points to, 0 where it does not. */
static uint32_t
slot_of(const struct pe *pe, const uint8_t *config, uint32_t size, uint32_t offset)
{
    uint32_t rva;

    if (offset + 8 > size || !rva_of(pe, load64(config + offset), &rva) || !pe_inside(pe, rva, 8)) {
        return 0;
    }
    return rva;
}

/* Offsets: IMAGE_LOAD_CONFIG_DIRECTORY64 in winnt.h; its first field says how much of it there is.
 */
static void
read_load_config(struct pe *pe)
{
    const struct pe_directory *directory = &pe->directory[PE_LOAD_CONFIG];
    struct pe_load_config *config = &pe->load_config;
    uint8_t table[0x140];
    uint32_t size, rva;

    memset(table, 0, sizeof table);
    if (directory->size == 0 || !pe_read(pe, directory->rva, table, 4)) {
        return;
    }
    size = load32(table);
    if (size > sizeof table) {
        size = sizeof table;
    }
    if (!pe_read(pe, directory->rva, table, size)) {
        return;
    }
    config->present = true;
    config->cookie = slot_of(pe, table, size, 0x58);
    if (size < 0x94) {
        return;
    }
    config->guard_check = slot_of(pe, table, size, 0x70);
    config->guard_dispatch = slot_of(pe, table, size, 0x78);
    config->guard_xfg_check = slot_of(pe, table, size, 0x118);
    config->guard_xfg_dispatch = slot_of(pe, table, size, 0x120);
    config->guard_xfg_table_dispatch = slot_of(pe, table, size, 0x128);
    config->guard_flags = load32(table + 0x90);
    if (rva_of(pe, load64(table + 0x80), &rva)) {
        uint32_t stride = 4 + (config->guard_flags >> 28);
        uint64_t count = load64(table + 0x88);

        if (count < PE_MAX_SIZE && pe_inside(pe, rva, count * stride)) {
            config->guard_table = rva;
            config->guard_count = (uint32_t)count;
            config->guard_stride = stride;
        }
    }
}

/* The first CodeView record of the new kind ("RSDS": GUID, age, path). */
static void
read_debug(struct pe *pe)
{
    const struct pe_directory *directory = &pe->directory[PE_DEBUG];
    uint8_t entry[28];

    if (directory->rva == 0 || !pe_inside(pe, directory->rva, directory->size)) {
        return;
    }
    for (uint32_t at = 0; at + sizeof entry <= directory->size && at < 64 * sizeof entry;
         at += sizeof entry) {
        uint32_t raw, size;
        const uint8_t *record;

        if (!pe_read(pe, directory->rva + at, entry, sizeof entry)) {
            return;
        }
        raw = load32(entry + 24);
        size = load32(entry + 16);
        if (load32(entry + 12) != 2 || raw > pe->file_size || size > pe->file_size - raw ||
            size < 25) {
            continue;
        }
        record = pe->file + raw;
        if (memcmp(record, "RSDS", 4) != 0) {
            continue;
        }
        memcpy(pe->debug.guid, record + 4, 16);
        pe->debug.age = load32(record + 20);
        size -= 24;
        if (size > sizeof pe->debug.pdb - 1) {
            size = sizeof pe->debug.pdb - 1;
        }
        memcpy(pe->debug.pdb, record + 24, size);
        pe->debug.pdb[size] = 0;
        pe->debug.present = true;
        return;
    }
}

int
pe_check_directories(struct pe *pe, struct image_error *err)
{
    int result;

    if ((result = check_bounds(pe, PE_EXPORT, "export", err)) ||
        (result = check_bounds(pe, PE_IMPORT, "import", err)) ||
        (result = check_bounds(pe, PE_EXCEPTION, "exception", err)) ||
        (result = check_bounds(pe, PE_RELOCATION, "relocation", err)) ||
        (result = check_bounds(pe, PE_TLS, "TLS", err)) || (result = check_relocations(pe, err)) ||
        (result = check_imports(pe, err)) || (result = check_exports(pe, err)) ||
        (result = check_tls(pe, err))) {
        return result;
    }
    if (pe->directory[PE_EXCEPTION].size % 12) {
        return image_malformed(
            err, field_of(pe, PE_EXCEPTION) + 4,
            "exception directory: 0x%x bytes are not a whole number of RUNTIME_FUNCTIONs",
            pe->directory[PE_EXCEPTION].size);
    }
    read_load_config(pe);
    read_debug(pe);
    return 0;
}
