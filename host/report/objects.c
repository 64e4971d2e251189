/*
 * objects.c - what an object is called: by the driver's own variable, else by the pool block that it
 * lies in, else by its address.
 */
#include <stdlib.h>
#include <string.h>
#include "host/debug/dwarf.h"
#include "host/image/image.h"
#include "host/report/story.h"

#define MAX_OPEN 8

/* Debug information that was read once. */
static struct {
    const struct run_file *file;
    struct dwarf *dwarf;
} opened[MAX_OPEN];

static struct dwarf *
dwarf_of(const struct run_file *file)
{
    for (size_t i = 0; i < MAX_OPEN; i++) {
        if (opened[i].file == file) {
            return opened[i].dwarf;
        }
        if (opened[i].file == NULL) {
            opened[i].file = file;
            opened[i].dwarf = dwarf_open(file->data, file->size);
            return opened[i].dwarf;
        }
    }
    return NULL;
}

void
objects_forget(void)
{
    for (size_t i = 0; i < MAX_OPEN && opened[i].file != NULL; i++) {
        dwarf_close(opened[i].dwarf);
        opened[i].file = NULL;
    }
}

/* Objects of the kernel: nobody wants to know which of their fields it is. */
static bool
is_kernel_type(const char *name)
{
    static const char *const names[] = {
        "KEVENT",         "KMUTANT",        "KMUTEX",           "KSEMAPHORE",
        "KTIMER",         "FAST_MUTEX",     "ERESOURCE",        "KSPIN_LOCK",
        "KDPC",           "EX_RUNDOWN_REF", "EX_PUSH_LOCK",     "KAPC",
        "LIST_ENTRY",     "IO_REMOVE_LOCK", "KQUEUE",           "KGATE",
        "KGUARDED_MUTEX", "IO_CSQ",         "DISPATCHER_HEADER"};

    for (size_t i = 0; name != NULL && i < sizeof(names) / sizeof(names[0]); i++) {
        if (strcmp(name + (*name == '_'), names[i]) == 0) {
            return true;
        }
    }
    return false;
}

static bool
member_at(const struct dwarf *dwarf, const struct die *structure, uint64_t offset, struct die *out)
{
    struct die member;
    size_t at = 0;

    while (dwarf_child(dwarf, structure, &at, &member)) {
        uint64_t size = member.tag == TAG_MEMBER ? dwarf_size(dwarf, member.type) : 0;

        if (member.tag == TAG_MEMBER && offset - member.member < (size ? size : 1)) {
            *out = member;
            return true;
        }
    }
    return false;
}

/* "[1].Lock" of an offset into something of a type; what is left of the offset comes back. */
static uint64_t
add_path(const struct dwarf *dwarf, size_t type, uint64_t offset, char *out, size_t size)
{
    for (int depth = 0; depth < 8 && type != 0; depth++) {
        const char *alias = NULL;
        size_t used = strlen(out), behind = dwarf_strip(dwarf, type, &alias);
        struct die die, member;

        if (behind == 0 || !dwarf_die(dwarf, behind, &die) || is_kernel_type(alias) ||
            is_kernel_type(die.name)) {
            return is_kernel_type(alias) ? 0 : offset;
        }
        if (die.tag == TAG_ARRAY) {
            uint64_t element = dwarf_size(dwarf, die.type);

            if (element == 0) {
                return offset;
            }
            snprintf(out + used, size - used, "[%lu]", offset / element);
            offset %= element;
            type = die.type;
        } else if (die.tag == TAG_STRUCTURE && member_at(dwarf, &die, offset, &member)) {
            if (member.name != NULL) {
                snprintf(out + used, size - used, ".%s", member.name);
            }
            offset -= member.member;
            type = member.type;
        } else {
            return offset;
        }
    }
    return offset;
}

static bool
name_of_variable(const struct report *report, uint64_t address, char *out, size_t size)
{
    for (size_t i = report->result->images; i-- > 0;) {
        const struct run_image *image = &report->result->image[i];
        const struct run_file *file;
        struct dwarf *dwarf;
        const struct symbol *symbol;
        uint32_t offset;
        struct die die;
        uint64_t rest;

        if (address - image->base >= image->size) {
            continue;
        }
        file = place_file(report, image);
        dwarf = file != NULL && !file->directory ? dwarf_of(file) : NULL;
        symbol =
            dwarf != NULL ? dwarf_nearest(dwarf, (uint32_t)(address - image->base), &offset) : NULL;
        if (symbol == NULL || symbol->kind != SYMBOL_DATA) {
            snprintf(out, size, "%s+0x%lx", image->name, address - image->base);
            return true;
        }
        snprintf(out, size, "%s", symbol->name);
        rest = symbol->die != 0 && dwarf_die(dwarf, symbol->die, &die)
                   ? add_path(dwarf, die.type, offset, out, size)
                   : offset;
        if (rest != 0) {
            snprintf(out + strlen(out), size - strlen(out), "+0x%lx", rest);
        }
        return true;
    }
    return false;
}

static bool
name_of_block(const struct story *story, uint64_t address, char *out, size_t size)
{
    for (size_t i = 0; i < story->blocks; i++) {
        const struct pool_block *block = &story->block[i];
        char tag[5] = {0};

        if (address - block->address >= block->bytes) {
            continue;
        }
        for (int j = 0; j < 4; j++) {
            unsigned char c = (unsigned char)(block->tag >> 8 * j);

            tag[j] = c >= 0x20 && c < 0x7F ? (char)c : '.';
        }
        snprintf(out, size, "'%s' block %lx", tag, block->address & 0xFFFFFF);
        if (address != block->address) {
            snprintf(out + strlen(out), size - strlen(out), "+0x%lx", address - block->address);
        }
        return true;
    }
    return false;
}

void
object_name(const struct report *report, uint64_t address, char *out, size_t size)
{
    const struct story *story = report->story;

    for (size_t i = 0; story != NULL && i < story->agents; i++) {
        if (story->agent[i].object == address) {
            if (story->agent[i].letter != 0) {
                snprintf(out, size, "thread %c", story->agent[i].letter);
            } else {
                snprintf(out, size, "thread %04lx.%04lx", story->agent[i].pid, story->agent[i].tid);
            }
            return;
        }
    }
    if (name_of_variable(report, address, out, size) ||
        (story != NULL && name_of_block(story, address, out, size))) {
        return;
    }
    snprintf(out, size, "%lx", address);
}

/* Where the call before the return address goes: `call [slot]`, or `call` to a `jmp [slot]`. */
static uint32_t
slot_called(const struct pe *pe, uint32_t after)
{
    uint8_t code[6];
    uint32_t target;
    int32_t offset;

    if (after >= 6 && pe_read(pe, after - 6, code, 6) && code[0] == 0xFF && code[1] == 0x15) {
        memcpy(&offset, code + 2, 4);
        return after + (uint32_t)offset;
    }
    if (after < 5 || !pe_read(pe, after - 5, code, 5) || code[0] != 0xE8) {
        return 0;
    }
    memcpy(&offset, code + 1, 4);
    target = after + (uint32_t)offset;
    if (!pe_read(pe, target, code, 6) || code[0] != 0xFF || code[1] != 0x25) {
        return 0;
    }
    memcpy(&offset, code + 2, 4);
    return target + 6 + (uint32_t)offset;
}

bool
imported_name(const struct report *report, const struct place *site, char *out, size_t size)
{
    const struct run_file *file = site != NULL ? place_file(report, site->image) : NULL;
    struct pe *pe = calloc(1, sizeof(*pe));
    struct image_error error;
    struct pe_imports imports;
    struct pe_import import;
    uint32_t slot;
    bool found = false;

    if (pe == NULL) {
        abort();
    }
    if (file != NULL && !file->directory && image_parse(file->data, file->size, pe, &error) == 0) {
        slot = slot_called(pe, site->rva);
        for (pe_imports_begin(&imports, pe, false);
             slot != 0 && !found && pe_imports_next(&imports, &import);) {
            if (import.slot == slot && import.name != NULL) {
                snprintf(out, size, "%.*s", (int)size - 1, import.name);
                found = true;
            }
        }
    }
    free(pe);
    return found;
}
