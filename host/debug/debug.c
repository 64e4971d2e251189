/*
 * debug.c - the modules of a run, its memory, names of addresses, fields of structures.
 *
 * Guest memory is the memfd that the worker leaves (host/machine): its offset is the guest address.
 * A page that nobody ever wrote is a hole in it and counts as not readable.
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>
#include "host/debug/debug.h"
#include "host/debug/types.h"
#include "host/image/image.h"

#define KERNEL_PATH "C:\\Windows\\System32\\ntoskrnl.exe"

void
debug_print64(FILE *out, uint64_t value)
{
    fprintf(out, "%08x`%08x", (unsigned)(value >> 32), (unsigned)value);
}

static struct module *
add(struct debug *debug, const struct run_file *file, const char *name, uint64_t base)
{
    struct image_error error;
    struct module *module;
    struct pe *pe = calloc(1, sizeof(*pe));

    if (pe == NULL) {
        abort();
    }
    if (file == NULL || file->directory || image_parse(file->data, file->size, pe, &error) != 0) {
        free(pe);
        return NULL;
    }
    debug->module = report_grow(debug->module, &debug->modules, sizeof(*module));
    module = &debug->module[debug->modules - 1];
    module->name = strcasecmp(name, "ntoskrnl.exe") == 0 ? "nt" : name;
    snprintf(module->stem, sizeof(module->stem), "%s", module->name);
    if (strrchr(module->stem, '.') != NULL) {
        *strrchr(module->stem, '.') = 0;
    }
    for (size_t i = 0; i + 1 < debug->modules; i++) {
        /* foo.sys and foo.exe: the second is foo_exe, as in WinDbg. */
        if (strcasecmp(debug->module[i].stem, module->stem) == 0 &&
            strcasecmp(debug->module[i].name, module->name) != 0) {
            snprintf(module->stem, sizeof(module->stem), "%s", module->name);
            for (char *c = module->stem; *c != 0; c++) {
                *c = *c == '.' ? '_' : *c;
            }
        }
    }
    module->path = file->host_path;
    module->file = file->data;
    module->file_size = file->size;
    module->pe = pe;
    module->base = base ? base : pe->preferred;
    module->size = pe->size;
    return module;
}

struct module *
debug_add_file(struct debug *debug, const struct run_file *file, uint64_t base)
{
    const char *name = file ? strrchr(file->guest_path, '\\') : NULL;

    return name ? add(debug, file, name + 1, base) : NULL;
}

struct debug *
debug_open(FILE *out, uint32_t os, const struct run_request *request,
           const struct run_result *result, const struct report_options *options)
{
    struct debug *debug = calloc(1, sizeof(*debug));

    if (debug == NULL) {
        abort();
    }
    debug->out = out;
    debug->os = os;
    debug->request = request;
    debug->options = *options;
    debug->dump_kind = 'b';
    if (result == NULL) {
        debug_add_file(debug, files_find(request, KERNEL_PATH), ABI_KERNEL_BASE);
        return debug;
    }
    debug_stopped(debug, result);
    return debug;
}

void
debug_stopped(struct debug *debug, const struct run_result *result)
{
    debug->result = result;
    /* The list of images only grows. */
    for (; debug->images < result->images; debug->images++) {
        const struct run_image *image = &result->image[debug->images];
        struct module *module =
            add(debug, files_find(debug->request, image->path), image->name, image->base);

        if (module != NULL) {
            module->image = image;
        }
    }
    debug->next = result->registers.rip;
    debug->thread = debug_current_thread(debug, result->cpu);
}

void
debug_close(struct debug *debug)
{
    for (size_t i = 0; i < debug->modules; i++) {
        free(debug->module[i].pe);
        dwarf_close(debug->module[i].dwarf);
    }
    free(debug->module);
    free(debug);
}

struct module *
debug_module_at(const struct debug *debug, uint64_t address)
{
    /* The last one: an address may have been another image's before. */
    for (size_t i = debug->modules; i-- > 0;) {
        if (address - debug->module[i].base < debug->module[i].size) {
            return &debug->module[i];
        }
    }
    return NULL;
}

struct module *
debug_module(struct debug *debug, const char *name)
{
    struct module *other = NULL; /* of a process that is not current */
    uint64_t slice = 0;

    debug_u64(debug, ABI_MACHINE_PAGE + offsetof(struct abi_machine, user_slice), &slice);
    for (size_t i = debug->modules; i-- > 0;) {
        struct module *module = &debug->module[i];

        if (strcasecmp(module->stem, name) == 0 || strcasecmp(module->name, name) == 0 ||
            (strcmp(module->name, "nt") == 0 &&
             (strcasecmp(name, "ntoskrnl") == 0 || strcasecmp(name, "ntoskrnl.exe") == 0))) {
            if (module->image == NULL || module->image->slice == 0 ||
                module->image->slice == slice) {
                return module;
            }
            other = other ? other : module;
        }
    }
    return other;
}

struct dwarf *
debug_symbols(struct module *module)
{
    if (module->dwarf == NULL) {
        module->dwarf = dwarf_open(module->file, module->file_size);
    }
    return module->dwarf;
}

bool
debug_name(struct debug *debug, uint64_t address, char *out, size_t size)
{
    struct module *module = debug_module_at(debug, address);
    const struct symbol *symbol;
    uint32_t offset = 0;

    if (module == NULL) {
        snprintf(out, size, "0x%lx", address);
        return false;
    }
    symbol = dwarf_nearest(debug_symbols(module), (uint32_t)(address - module->base), &offset);
    if (symbol == NULL) {
        snprintf(out, size, "%s+0x%lx", module->stem, address - module->base);
    } else if (offset == 0) {
        snprintf(out, size, "%s!%s", module->stem, symbol->name);
    } else {
        snprintf(out, size, "%s!%s+0x%x", module->stem, symbol->name, offset);
    }
    return true;
}

bool
debug_symbol(struct debug *debug, const char *text, uint64_t *address)
{
    char name[64];
    const char *symbol = name_split(text, name, sizeof(name));
    const struct symbol *found;

    for (size_t i = 0; i < debug->modules; i++) {
        struct module *module = &debug->module[i];

        if (name[0] != 0 && module != debug_module(debug, name)) {
            continue;
        }
        found = dwarf_symbol(debug_symbols(module), symbol);
        if (found != NULL) {
            *address = module->base + found->rva;
            return true;
        }
    }
    return false;
}

bool
debug_read(struct debug *debug, uint64_t address, void *out, size_t size)
{
    uint64_t last = address + size - 1;

    if (debug->result == NULL || debug->result->memory < 0 || size == 0 || last < address ||
        !((ABI_IS_USER(address) && ABI_IS_USER(last) && address >= ABI_LOW_BASE) ||
          (ABI_IS_SYSTEM(address) && ABI_IS_SYSTEM(last)))) {
        return false;
    }
    for (uint64_t page = address & ~(ABI_PAGE_SIZE - 1); page <= last; page += ABI_PAGE_SIZE) {
        if (lseek(debug->result->memory, (off_t)page, SEEK_DATA) != (off_t)page) {
            return false;
        }
    }
    return pread(debug->result->memory, out, size, (off_t)address) == (ssize_t)size;
}

bool
debug_u64(struct debug *debug, uint64_t address, uint64_t *out)
{
    *out = 0;
    return debug_read(debug, address, out, sizeof(*out));
}

void
debug_bytes(struct debug *debug, uint64_t address, size_t length, char *out, size_t size)
{
    size_t at = 0;

    for (; at < length && at + 1 < size; at++) {
        uint8_t c;

        if (!debug_read(debug, address + at, &c, 1) || c == 0) {
            break;
        }
        out[at] = c >= 0x20 && c < 0x7F ? (char)c : '?';
    }
    out[at] = 0;
}

void
debug_string(struct debug *debug, uint64_t address, char *out, size_t size)
{
    struct {
        uint16_t length, maximum;
        uint32_t fill;
        uint64_t buffer;
    } string = {0};
    size_t at = 0;

    if (debug_read(debug, address, &string, sizeof(string))) {
        for (; at < string.length / 2u && at + 1 < size; at++) {
            uint16_t c;

            if (!debug_read(debug, string.buffer + at * 2, &c, 2)) {
                break;
            }
            out[at] = c >= 0x20 && c < 0x7F ? (char)c : '?';
        }
    }
    out[at] = 0;
}

static struct dwarf *
kernel_types(struct debug *debug)
{
    struct module *module = debug_module(debug, "nt");

    return module ? debug_symbols(module) : NULL;
}

static bool
find_field(struct debug *debug, const char *type, const char *field, struct field *out)
{
    struct dwarf *dwarf = kernel_types(debug);
    size_t die = dwarf ? type_named(dwarf, type) : 0;

    return die != 0 && type_field(dwarf, die, field, out);
}

bool
debug_offset(struct debug *debug, const char *type, const char *field, uint64_t *offset)
{
    struct field found;

    if (!find_field(debug, type, field, &found)) {
        return false;
    }
    *offset = found.offset;
    return true;
}

uint64_t
debug_sizeof(struct debug *debug, const char *type)
{
    struct dwarf *dwarf = kernel_types(debug);
    size_t die = dwarf ? type_named(dwarf, type) : 0;

    return die ? dwarf_size(dwarf, die) : 0;
}

uint64_t
debug_address_of(struct debug *debug, const char *type, uint64_t address, const char *field)
{
    uint64_t offset = 0;

    debug_offset(debug, type, field, &offset);
    return address + offset;
}

bool
debug_field(struct debug *debug, const char *type, uint64_t address, const char *field,
            uint64_t *out)
{
    struct dwarf *dwarf = kernel_types(debug);
    struct field found;
    struct die die;
    uint64_t size;

    *out = 0;
    if (!find_field(debug, type, field, &found)) {
        return false;
    }
    size = dwarf_size(dwarf, found.type);
    if (size == 0 || size > 8 || !debug_read(debug, address + found.offset, out, size)) {
        return false;
    }
    if (found.bits != 0 && found.bits < 64) {
        *out = *out >> found.bit & ((1ull << found.bits) - 1);
    } else if (size < 8 && dwarf_die(dwarf, dwarf_strip(dwarf, found.type, NULL), &die) &&
               (die.encoding == 5 || die.encoding == 6)) {
        *out = (uint64_t)((int64_t)(*out << (64 - size * 8)) >> (64 - size * 8));
    }
    return true;
}

uint64_t
debug_get(struct debug *debug, const char *type, uint64_t address, const char *field)
{
    uint64_t value;

    return debug_field(debug, type, address, field, &value) ? value : 0;
}

const char *
debug_enumerator(struct debug *debug, const char *type, int64_t value)
{
    struct dwarf *dwarf = kernel_types(debug);
    size_t die = dwarf ? type_named(dwarf, type) : 0;

    return die ? type_enumerator(dwarf, die, value) : NULL;
}

bool
debug_next(struct debug *debug, uint64_t head, uint64_t *link, const char *type, const char *field,
           uint64_t *entry, unsigned *steps)
{
    uint64_t next, offset;

    if (!debug_offset(debug, type, field, &offset) || !debug_u64(debug, *link, &next)) {
        fprintf(debug->out, "    (the list at %016lx cannot be read)\n", head);
        return false;
    }
    if (next == head || next == 0) {
        return false;
    }
    if (++*steps > DEBUG_MAX_LIST) {
        fprintf(debug->out, "    (the list at %016lx does not end)\n", head);
        return false;
    }
    *link = next;
    *entry = next - offset;
    return true;
}

bool
debug_global(struct debug *debug, const char *name, uint64_t *address)
{
    struct module *module = debug_module(debug, "nt");
    const struct symbol *symbol = module ? dwarf_symbol(debug_symbols(module), name) : NULL;

    if (symbol == NULL) {
        return false;
    }
    *address = module->base + symbol->rva;
    return true;
}
