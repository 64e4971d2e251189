/*
 * fuzz.c - libFuzzer target: any bytes are parsed, mapped, bound, patched and looked up.
 *
 * Memory is taken in exactly the sizes that image.h promises, so AddressSanitizer sees every step
 * over them. Between mapping and the look-ups some bytes of the image are turned over, as a guest
 * may do. What must hold for every accepted file is checked with must().
 */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "host/image/patch.h"

#define BASE     0x400080000000ull
#define MAX_SIZE 0x200000u /* larger images only take more time */

static void
must(bool condition, const char *what)
{
    if (!condition) {
        fprintf(stderr, "not so: %s\n", what);
        abort();
    }
}

/* Answers from the image itself, so that forwarders lead in circles now and then. */
static int
resolve(void *ctx, const char *dll, const char *name, uint16_t ordinal, struct image_symbol *out)
{
    if (image_is_kernel_alias(dll)) {
        out->address = 0x400012345678;
        return 0;
    }
    return image_find(ctx, name, ordinal, out);
}

static uint64_t
missing(void *ctx, const char *dll, const char *name, uint16_t ordinal, uint64_t slot)
{
    must(strlen(dll) < PE_MAX_DLL && (!name || strlen(name) < PE_MAX_NAME), "names are short");
    return ordinal == 13 ? 0 : slot;
}

static unsigned pages;

static uint8_t *
make_page(void *ctx, uint64_t address)
{
    if (address % 0x3000 == 0 || ++pages > 4096) {
        return NULL;
    }
    return calloc(1, ABI_PAGE_SIZE);
}

static void
look_up(const struct image *image)
{
    const struct pe *pe = &image->pe;
    struct pe_export export;
    struct pe_function function;
    struct pe_imports it;
    struct pe_import import;
    struct image_range range;
    uint32_t next = 0, count = pe_export_count(pe);
    char text[80];

    for (unsigned i = 0; image_range(pe, i, &range); i++) {
        must(range.rva == next && range.size % ABI_PAGE_SIZE == 0, "ranges follow each other");
        next += range.size;
    }
    must(next == pe->size, "ranges cover the image");
    for (uint32_t i = 0; i < count && i < 64; i++) {
        if (pe_export_at(pe, i, &export)) {
            must(export.rva < pe->size, "an export lies inside");
            if (export.name) {
                pe_export_by_name(pe, export.name, &export);
            }
        }
    }
    pe_export_by_name(pe, "DriverEntry", &export);
    pe_export_by_ordinal(pe, 3, &export);
    for (uint32_t rva = 0; rva < pe->size; rva += pe->size / 16) {
        image_describe(image, image->base + rva, text, sizeof text);
        if (pe_function_find(pe, rva, &function)) {
            must(function.begin <= rva && rva < function.end, "a function covers the address");
        }
    }
    for (unsigned delayed = 0; delayed < 2; delayed++) {
        pe_imports_begin(&it, pe, delayed);
        while (pe_imports_next(&it, &import)) {
            must(import.slot <= pe->size - 8, "an import slot lies inside");
        }
    }
}

static void
patch_all(struct image *image, unsigned choice)
{
    struct patch_options options = {
        .system = choice & 1,
        .smep = choice & 2,
        .ours = (choice & 0x30) == 0x30,
        .targets = {0x400000001000, 0x400000001010, 0x400000001020, 0x400000001030, 0x400000001040},
        .page = make_page};
    uint8_t *before = malloc(image->pe.size), *copy = malloc(image->pe.size);
    struct patch patch;

    pages = 0;
    memcpy(before, image->where, image->pe.size);
    must(patch_image(image, &options, &patch) == 0, "patching needs nothing but memory");
    memcpy(copy, image->where, image->pe.size);
    patch_restore_copy(&patch, image->base, copy, image->pe.size);
    for (size_t i = 0; i < patch.sites; i++) {
        must(patch_site_at(&patch, patch.site[i].address) == &patch.site[i], "a site is found");
    }
    for (size_t i = 0; i < patch.trampolines; i++) {
        must(patch_original_rip(&patch, patch.trampoline[i].address, NULL) ==
                 patch.trampoline[i].site,
             "a trampoline is found");
        must(i == 0 || patch.trampoline[i - 1].address + patch.trampoline[i - 1].size <=
                           patch.trampoline[i].address,
             "trampolines are apart");
    }
    must(memcmp(before, copy, image->pe.size) == 0, "only sites change");
    for (size_t i = 0; i < patch.pages; i++) {
        free(patch.page[i].alias);
    }
    patch_free(&patch);
    free(before);
    free(copy);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct image_error err = {0};
    struct pe pe;
    struct image image;
    struct image_binder binder = {.ctx = &image,
                                  .resolve = resolve,
                                  .missing = missing,
                                  .guard_check = 1,
                                  .guard_dispatch = 2};
    unsigned choice = size ? data[size - 1] : 0;
    uint8_t *where;

    if (image_parse(data, size, &pe, &err)) {
        must(err.code == ABI_IMAGE_MALFORMED || err.code == ABI_IMAGE_WRONG_MACHINE, "a code");
        must(err.message[0] && err.offset <= (size > UINT32_MAX ? size : UINT32_MAX), "a message");
        return 0;
    }
    if (pe.size > MAX_SIZE) {
        return 0;
    }
    where = calloc(1, pe.size);
    if (image_map(&pe, "fuzz.sys", where, choice & 4 ? pe.preferred : BASE, &image, &err) == 0) {
        image_bind(&image, &binder, &err);
        for (unsigned i = 0; (choice & 8) && i < 32; i++) {
            where[(i * 2654435761u) % pe.size] ^= (uint8_t)(choice >> 4 | 0x41);
        }
        look_up(&image);
        patch_all(&image, choice);
        look_up(&image);
    }
    free(where);
    return 0;
}
