/*
 * roots.c - where discovery begins: what the tables of an image say about its code.
 *
 * Which of them are proof and which are hints is said in discover.c. The functions of the unwind
 * data are kept as well: they bound each descent, and gaps between them are bounded by their
 * neighbours.
 */
#include <stdlib.h>
#include <string.h>
#include "host/image/discover.h"
#include "host/image/internal.h"

#define MAX_FUNCTION 1000000

/* [begin, end) of the function that holds rva; what lies between functions is bounded by the next.
 */
bool
code_bounds(const struct code_map *map, uint32_t rva, uint32_t *begin, uint32_t *end)
{
    size_t low = 0, high = map->functions;

    while (low < high) {
        size_t middle = (low + high) / 2;

        if (map->function[middle].begin <= rva) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    if (low && rva < map->function[low - 1].end) {
        *begin = map->function[low - 1].begin;
        *end = map->function[low - 1].end;
        return true;
    }
    *begin = low ? map->function[low - 1].end : 0;
    *end = low < map->functions ? map->function[low].begin : UINT32_MAX;
    return false;
}

/* Is the function at rva, or the gap between two, worth looking at? */
bool
code_wanted(const struct code_map *map, uint32_t rva)
{
    uint32_t begin, end;
    size_t low = 0, high;

    if (!map->only) {
        return true;
    }
    code_bounds(map, rva, &begin, &end);
    high = map->only->count;
    while (low < high) {
        size_t middle = (low + high) / 2;

        if (map->only->rva[middle] < begin) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low < map->only->count && map->only->rva[low] < end;
}

bool
code_grow(void **array, size_t *room, size_t count, size_t size)
{
    void *larger;
    size_t wanted;

    if (count < *room) {
        return true;
    }
    wanted = *room ? *room * 2 : 64;
    larger = realloc(*array, wanted * size);
    if (!larger) {
        return false;
    }
    *array = larger;
    *room = wanted;
    return true;
}

static void
forget(struct registers *registers)
{
    memset(registers, 0xFF, sizeof *registers);
}

void
code_add_root(struct code_map *map, struct code_roots *roots, uint32_t rva,
              const struct registers *registers)
{
    if (!code_grow((void **)&roots->root, &roots->room, roots->count, sizeof *roots->root)) {
        map->no_memory = true;
        return;
    }
    roots->root[roots->count].rva = rva;
    if (registers) {
        roots->root[roots->count].registers = *registers;
    } else {
        forget(&roots->root[roots->count].registers);
    }
    roots->count++;
}

static void
add_strong(struct code_map *map, uint64_t rva)
{
    if (rva < map->image->pe.size && pe_executable(&map->image->pe, (uint32_t)rva) &&
        code_wanted(map, (uint32_t)rva)) {
        code_add_root(map, map->strong, (uint32_t)rva, NULL);
    }
}

static void
add_weak(struct code_map *map, uint64_t rva)
{
    if (rva && rva < map->image->pe.size && pe_executable(&map->image->pe, (uint32_t)rva) &&
        code_wanted(map, (uint32_t)rva)) {
        code_add_root(map, map->weak, (uint32_t)rva, NULL);
    }
}

/*
 * Unwind information: the handler, and the scope table of __C_specific_handler, which alone leads
 * to
 * `__except` bodies. Whose data follows the handler is not written anywhere, so it must look like a
 * scope table of this very function (facts: Microsoft, "x64 exception handling", struct
 * UNWIND_INFO; SCOPE_TABLE in winnt.h).
 */
static void
add_handlers(struct code_map *map, const struct pe_function *function)
{
    const struct pe *pe = &map->image->pe;
    uint8_t header[4], word[4], scope[16];
    uint32_t at = function->unwind, count;

    if ((at & 1) || !pe_read(pe, at, header, 4)) {
        return;
    }
    if (((header[0] & 7) != 1 && (header[0] & 7) != 2) || !(header[0] >> 3 & 3)) {
        return; /* no handler */
    }
    at += 4 + ((header[2] + 1u) & ~1u) * 2;
    if (!pe_read(pe, at, word, 4)) {
        return;
    }
    add_strong(map, load32(word));
    at += 4;
    if (!pe_read(pe, at, word, 4)) {
        return;
    }
    count = load32(word);
    at += 4;
    if (count == 0 || count > 4096 || !pe_inside(pe, at, (uint64_t)count * 16)) {
        return;
    }
    for (unsigned pass = 0; pass < 2; pass++) {
        for (uint32_t i = 0; i < count; i++) {
            uint32_t begin, end, handler, target;

            pe_read(pe, at + i * 16, scope, 16);
            begin = load32(scope);
            end = load32(scope + 4);
            handler = load32(scope + 8);
            target = load32(scope + 12);
            if (pass == 0) {
                if (begin >= end || begin < function->begin || end > function->end ||
                    (target && !pe_executable(pe, target)) ||
                    (handler > 1 && !pe_executable(pe, handler))) {
                    return;
                }
            } else {
                add_weak(map, target);
                if (handler > 1) {
                    add_weak(map, handler);
                }
            }
        }
    }
}

bool
code_collect_functions(struct code_map *map)
{
    uint32_t count = pe_function_count(&map->image->pe), last = 0;
    struct pe_function *functions;
    size_t kept = 0, room = 0;

    functions = NULL;
    if (count > MAX_FUNCTION) {
        count = MAX_FUNCTION;
    }
    for (uint32_t i = 0; i < count; i++) {
        struct pe_function function;

        if (!pe_function_at(&map->image->pe, i, &function)) {
            break;
        }
        /* Entries that are out of order, overlap or lie outside of code prove nothing. */
        if (function.begin < last || function.end <= function.begin ||
            function.end > map->image->pe.size || !pe_executable(&map->image->pe, function.begin) ||
            !pe_executable(&map->image->pe, function.end - 1)) {
            continue;
        }
        if (!code_grow((void **)&functions, &room, kept, sizeof *functions)) {
            free(functions);
            return false;
        }
        functions[kept++] = function;
        last = function.end;
    }
    map->function = functions;
    map->functions = kept;
    return true;
}

void
code_collect_strong(struct code_map *map)
{
    const struct image *image = map->image;
    const struct pe *pe = &image->pe;
    const struct pe_load_config *config = &pe->load_config;

    if (pe->entry) {
        add_strong(map, pe->entry);
    }
    for (uint32_t at = pe->tls.callbacks, i = 0; at && i < 1024; i++, at += 8) {
        uint8_t bytes[8];

        if (!pe_inside(pe, at, 8) || !pe_read(pe, at, bytes, 8) || load64(bytes) == 0) {
            break;
        }
        add_strong(map, load64(bytes) - image->base);
    }
    for (size_t i = 0; i < map->functions; i++) {
        if (!code_wanted(map, map->function[i].begin)) {
            continue;
        }
        add_strong(map, map->function[i].begin);
        add_handlers(map, &map->function[i]);
    }
    for (uint32_t i = 0; i < config->guard_count && i < MAX_FUNCTION; i++) {
        uint8_t bytes[4];

        if (!pe_read(pe, config->guard_table + i * config->guard_stride, bytes, 4)) {
            break;
        }
        add_strong(map, load32(bytes));
    }
}

void
code_collect_weak(struct code_map *map)
{
    const struct image *image = map->image;
    const struct pe *pe = &image->pe;
    struct pe_relocations it;
    struct pe_export export;
    uint32_t rva, count = pe_export_count(pe);
    unsigned type;

    for (uint32_t i = 0; i < count; i++) {
        if (pe_export_slot(pe, i, &export) && !export.forwarder) {
            add_weak(map, export.rva);
        }
    }
    pe_relocations_begin(&it, pe);
    while (pe_relocations_next(&it, &rva, &type)) {
        unsigned size = type == PE_REL_DIR64 ? 8 : 4;

        for (unsigned i = 0; i < size; i++) {
            if (rva + i >= map->low && rva + i < map->high) {
                map->flags[rva + i - map->low] |= CODE_RELOCATION;
            }
        }
        if (type == PE_REL_DIR64) {
            uint8_t bytes[8];

            pe_read(pe, rva, bytes, 8);
            add_weak(map, load64(bytes) - image->base);
        }
    }
}
