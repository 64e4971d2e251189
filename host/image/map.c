/*
 * map.c - a parsed file becomes a mapped image.
 *
 * Order: headers, section data, relocations, security cookie. All of it goes through the host's
 * alias; which protection the guest sees is the caller's matter, by image_range.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include "host/image/internal.h"

/* What a linker leaves in the cookie's place: the loader must replace it (vcruntime's gs_cookie).
 */
#define DEFAULT_COOKIE 0x00002B992DDFA232ull

static void
set_name(struct image *image, const char *name)
{
    const char *p;

    for (p = name; *p; p++) {
        if (*p == '/' || *p == '\\') {
            name = p + 1;
        }
    }
    snprintf(image->name, sizeof image->name, "%s", name);
}

/*
 * The same for the same name at the same base, and different between images. Bits 48 and up are
 * clear, so that a string overrun stops at them, as on Windows.
 */
static uint64_t
cookie_for(const struct image *image)
{
    uint64_t hash = 0xCBF29CE484222325ull ^ image->base;

    for (const char *p = image->name; *p; p++) {
        hash = (hash ^ (uint8_t)(*p | 0x20)) * 0x100000001B3ull;
    }
    hash ^= hash >> 29;
    hash &= 0x0000FFFFFFFFFFFFull;
    if (hash == DEFAULT_COOKIE || hash < 0x10000) {
        hash ^= 0x00005A5AA5A50000ull;
    }
    return hash;
}

static int
relocate(struct image *image, uint64_t delta, struct image_error *err)
{
    struct pe_relocations it;
    uint32_t rva;
    unsigned type;

    pe_relocations_begin(&it, &image->pe);
    while (pe_relocations_next(&it, &rva, &type)) {
        uint64_t value;

        if (type != PE_REL_DIR64) {
            break; /* pe.relocatable says so before */
        }
        memcpy(&value, image->where + rva, 8);
        value += delta;
        memcpy(image->where + rva, &value, 8);
    }
    if (it.problem) {
        return image_malformed(err, 0, "relocations at rva 0x%x: %s", it.problem_rva, it.problem);
    }
    return 0;
}

int
image_map(const struct pe *pe, const char *name, uint8_t *where, uint64_t base, struct image *out,
          struct image_error *err)
{
    struct image image = {.pe = *pe, .where = where, .base = base};

    if (base != pe->preferred && !pe->relocatable) {
        return image_error_set(
            err, -EADDRNOTAVAIL, ABI_IMAGE_CONFLICT, pe->directories_offset + PE_RELOCATION * 8,
            "the image cannot be relocated, and its base 0x%llx is not available",
            (unsigned long long)pe->preferred);
    }
    set_name(&image, name);
    memcpy(where, pe->file, pe->headers_size);
    for (unsigned i = 0; i < pe->sections; i++) {
        const struct pe_section *section = &pe->section[i];

        /* DWARF, under a name from the string table: no code reads it, and it is most of the file.
           It reads as zero, where Windows would map it. */
        if (section->name[0] == '/' && (section->characteristics & PE_SCN_DISCARDABLE) &&
            !(section->characteristics & (PE_SCN_WRITE | PE_SCN_EXECUTE))) {
            continue;
        }
        if (section->raw_size) {
            memcpy(where + section->rva, pe->file + section->raw, section->raw_size);
        }
    }
    if (base != pe->preferred) {
        int result;

        /* Walks the file, not the copy that it writes to: the table may lie about where it is. */
        image.pe.mapped = NULL;
        result = relocate(&image, base - pe->preferred, err);
        if (result) {
            return result;
        }
    }
    image.pe.mapped = where;
    image.pe.file = NULL;
    image.pe.file_size = 0;
    if (pe->load_config.cookie && load64(where + pe->load_config.cookie) == DEFAULT_COOKIE) {
        uint64_t cookie = cookie_for(&image);

        memcpy(where + pe->load_config.cookie, &cookie, 8);
    }
    *out = image;
    return 0;
}

bool
image_range(const struct pe *pe, unsigned index, struct image_range *out)
{
    const struct pe_section *section;
    uint64_t end;

    memset(out, 0, sizeof *out);
    if (pe->section_alignment < ABI_PAGE_SIZE) {
        /* Sections share pages, so the whole image gets all rights (as on Windows). */
        out->size = pe->size;
        out->protection = ABI_PROT_READ | ABI_PROT_WRITE | ABI_PROT_EXECUTE;
        return index == 0;
    }
    if (index == 0) {
        out->size = pe->sections ? pe->section[0].rva : pe->size;
        out->protection = ABI_PROT_READ;
        return true;
    }
    if (index > pe->sections) {
        return false;
    }
    section = &pe->section[index - 1];
    end = index < pe->sections ? section[1].rva : pe->size;
    out->rva = section->rva;
    out->size = (uint32_t)(end - section->rva);
    if (section->characteristics & PE_SCN_READ) {
        out->protection |= ABI_PROT_READ;
    }
    if (section->characteristics & PE_SCN_WRITE) {
        out->protection |= ABI_PROT_READ | ABI_PROT_WRITE;
    }
    if (section->characteristics & PE_SCN_EXECUTE) {
        out->protection |= ABI_PROT_READ | ABI_PROT_EXECUTE;
    }
    memcpy(out->name, section->name, sizeof out->name);
    out->discardable =
        (section->characteristics & PE_SCN_DISCARDABLE) || strncmp(section->name, "INIT", 4) == 0;
    out->pageable = strncmp(section->name, "PAGE", 4) == 0;
    return true;
}
