/*
 * bind.c - imports become addresses; look-ups across modules.
 *
 * A data import needs nothing special: its slot gets the address of the variable. Forwarders are
 * followed by asking the caller again, so that it alone knows which modules are loaded.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include "host/image/internal.h"

#define MAX_FORWARDS 16

/* Length without extension. A name such as "api-ms-win-x.y.dll" keeps its inner dots. */
static size_t
stem(const char *name)
{
    const char *dot = strrchr(name, '.');

    if (dot && (strcasecmp(dot, ".dll") == 0 || strcasecmp(dot, ".exe") == 0 ||
                strcasecmp(dot, ".sys") == 0)) {
        return (size_t)(dot - name);
    }
    return strlen(name);
}

bool
image_is_kernel_alias(const char *dll)
{
    static const char *const names[] = {"ntoskrnl", "ntkrnlmp", "ntkrnlpa", "ntkrpamp", "hal",
                                        "halmacpi", "halacpi",  "halaacpi", "nt"};
    size_t length = stem(dll);

    for (unsigned i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (strlen(names[i]) == length && strncasecmp(dll, names[i], length) == 0) {
            return true;
        }
    }
    return false;
}

bool
image_same_name(const char *a, const char *b)
{
    size_t stem_a = stem(a), stem_b = stem(b);
    const char *extension_a = a[stem_a] ? a + stem_a : ".dll";
    const char *extension_b = b[stem_b] ? b + stem_b : ".dll";

    return stem_a == stem_b && strncasecmp(a, b, stem_a) == 0 &&
           strcasecmp(extension_a, extension_b) == 0;
}

int
image_find(const struct image *image, const char *name, uint16_t ordinal, struct image_symbol *out)
{
    struct pe_export export;

    if (name ? !pe_export_by_name(&image->pe, name, &export)
             : !pe_export_by_ordinal(&image->pe, ordinal, &export)) {
        return -ENOENT;
    }
    out->address = image->base + export.rva;
    out->forwarder = export.forwarder;
    return 0;
}

/* "MODULE.Name" or "MODULE.#12"; the module may itself contain dots. */
static bool
split_forwarder(const char *text, char *dll, size_t dll_size, const char **name, uint16_t *ordinal)
{
    const char *dot = strrchr(text, '.');
    size_t length;

    if (!dot || dot == text || !dot[1]) {
        return false;
    }
    length = (size_t)(dot - text);
    if (length + 5 > dll_size) {
        return false;
    }
    memcpy(dll, text, length);
    dll[length] = 0;
    if (strcasecmp(dll, "ntoskrnl") == 0) {
        strcpy(dll + length, ".exe");
    } else if (!dll[stem(dll)]) {
        strcpy(dll + length, ".dll");
    }
    if (dot[1] == '#') {
        char *end;
        unsigned long value = strtoul(dot + 2, &end, 10);

        if (end == dot + 2 || *end || value > 0xFFFF) {
            return false;
        }
        *name = NULL;
        *ordinal = (uint16_t)value;
    } else {
        *name = dot + 1;
        *ordinal = 0;
    }
    return true;
}

int
image_resolve(const struct image_binder *binder, const char *dll, const char *name,
              uint16_t ordinal, uint64_t *address)
{
    char module[256];

    for (unsigned i = 0; i < MAX_FORWARDS; i++) {
        struct image_symbol symbol = {0, NULL};

        if (binder->resolve(binder->ctx, dll, name, ordinal, &symbol)) {
            return -ENOENT;
        }
        if (!symbol.forwarder) {
            *address = symbol.address;
            return 0;
        }
        if (!split_forwarder(symbol.forwarder, module, sizeof module, &name, &ordinal)) {
            return -ENOENT;
        }
        dll = module;
    }
    return -ENOENT;
}

static void
set_pointer(struct image *image, uint32_t slot, uint64_t value)
{
    if (slot && value) {
        memcpy(image->where + slot, &value, 8);
    }
}

int
image_bind(struct image *image, const struct image_binder *binder, struct image_error *err)
{
    const struct pe_load_config *config = &image->pe.load_config;
    struct pe_imports it;
    struct pe_import import;

    pe_imports_begin(&it, &image->pe, false);
    while (pe_imports_next(&it, &import)) {
        uint64_t address = 0;

        if (image_resolve(binder, import.dll, import.name, import.ordinal, &address)) {
            address = binder->missing(binder->ctx, import.dll, import.name, import.ordinal,
                                      image->base + import.slot);
        }
        if (address == 0) {
            char number[16];

            snprintf(number, sizeof number, "#%u", import.ordinal);
            return image_error_set(err, -ENOENT, ABI_IMAGE_IMPORT_MISSING, 0,
                                   "%s imports %s!%s, which does not exist", image->name,
                                   import.dll, import.name ? import.name : number);
        }
        memcpy(image->where + import.slot, &address, 8);
    }
    if (it.problem) {
        return image_malformed(err, 0, "imports at rva 0x%x: %s", it.problem_rva, it.problem);
    }
    set_pointer(image, config->guard_check, binder->guard_check);
    set_pointer(image, config->guard_xfg_check, binder->guard_check);
    set_pointer(image, config->guard_dispatch, binder->guard_dispatch);
    set_pointer(image, config->guard_xfg_dispatch, binder->guard_dispatch);
    set_pointer(image, config->guard_xfg_table_dispatch, binder->guard_dispatch);
    return 0;
}

size_t
image_describe(const struct image *image, uint64_t address, char *buffer, size_t size)
{
    uint64_t rva = address - image->base;
    const char *name;
    uint32_t offset;
    int length;

    if (rva < image->pe.size && pe_nearest_export(&image->pe, (uint32_t)rva, &name, &offset)) {
        if (offset) {
            length = snprintf(buffer, size, "%s!%s+0x%x", image->name, name, offset);
        } else {
            length = snprintf(buffer, size, "%s!%s", image->name, name);
        }
    } else {
        length = snprintf(buffer, size, "%s+0x%llx", image->name, (unsigned long long)rva);
    }
    return length < 0 ? 0 : (size_t)length;
}
