/*
 * discover.c - recursive descent over a mapped image.
 *
 * Nothing is patched that is not proven to be an instruction, for a patched byte of data or of the
 * middle of another instruction corrupts the guest silently (machine notes 10).
 *
 *   Strong roots are where the processor goes for certain: the entry point, TLS callbacks, begin
 *   addresses and handlers of unwind data, the CFG table, and what direct branches of such code
 *   reach.
 *   Weak roots are addresses that look like code: exports, relocated pointers, `lea`, jump-table
 *   entries, `__except` targets. Everything that such a root reaches is decoded on trial and counts
 *   only if all of it is plausible: no undefined or rare instruction, nothing that overlaps proven
 *   code, no way out of the executable sections.
 *
 *   D1  Strong roots come first, so a weak one never takes bytes away from proven code.
 *   D2  Code does not run past the end of its function as unwind data gives it: a call that never
 *       returns may be the last instruction, and a jump table or nothing may follow.
 *   D3  A byte that is both a start and a body belongs to two readings; the patcher leaves it.
 *   D4  The order of roots is that of the image's tables, so the result is the same in every run.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "host/image/discover.h"
#include "host/image/internal.h"

_Static_assert(CODE_BODY == 2, "mark() sets eight of them at once");

#define UNKNOWN      UINT32_MAX
#define MAX_TRIAL    20000   /* instructions that one weak root may reach before it is given up */
#define MAX_TRIALS   4000000 /* of all weak roots together */
#define MAX_TABLE    1024    /* entries of a jump table without a known bound */
#define MAX_FUNCTION 1000000

/* Registers that hold a known address of the image, as rva. A guess that trials verify. */
struct registers {
    uint32_t rva[16];
};

struct root {
    uint32_t rva;
    struct registers registers;
};

struct code_roots {
    struct root *root;
    size_t count;
    size_t room;
    size_t next;
};

/* One trial, or the strong descent: what must be undone and what was found on the way. */
struct descent {
    struct code_map *map;
    code_classify *classify;
    void *ctx;
    bool trial;
    struct code_roots pending; /* branch targets still to be followed */
    struct code_roots found;   /* weak roots; dropped when a trial fails */
    struct code_list marked;   /* starts set in this trial */
    struct code_list data;     /* table bytes marked in this trial */
    uint8_t *lengths;
    size_t lengths_room;
    size_t spent; /* instructions decoded in trials */
};

static bool
grow(void **array, size_t *room, size_t count, size_t size)
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

static void
add_root(struct code_map *map, struct code_roots *roots, uint32_t rva,
         const struct registers *registers)
{
    if (!grow((void **)&roots->root, &roots->room, roots->count, sizeof *roots->root)) {
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

/* [begin, end) of the function that holds rva; what lies between functions is bounded by the next.
 */
static bool
bounds_at(const struct code_map *map, uint32_t rva, uint32_t *begin, uint32_t *end)
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
static bool
wanted(const struct code_map *map, uint32_t rva)
{
    uint32_t begin, end;
    size_t low = 0, high;

    if (!map->only) {
        return true;
    }
    bounds_at(map, rva, &begin, &end);
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

static bool
mark(struct descent *d, uint32_t rva, unsigned length)
{
    struct code_map *map = d->map;
    uint8_t *flags = map->flags + (rva - map->low);

    if (d->trial) {
        if (!grow((void **)&d->marked.rva, &d->marked.room, d->marked.count, sizeof(uint32_t)) ||
            !grow((void **)&d->lengths, &d->lengths_room, d->marked.count, 1)) {
            map->no_memory = true;
            return false;
        }
        d->marked.rva[d->marked.count] = rva;
        d->lengths[d->marked.count] = (uint8_t)length;
        d->marked.count++;
    }
    d->spent += d->trial;
    flags[0] |= CODE_START;
    if (length > 1) {
        /* Eight at a time; set_span left room for it behind the last byte. */
        uint64_t some = load64(flags + 1), more = load64(flags + 9);
        unsigned bits = (length - 1) * 8;

        some |= 0x0202020202020202ull & (bits < 64 ? ((uint64_t)1 << bits) - 1 : ~0ull);
        more |= 0x0202020202020202ull & (bits > 64 ? ((uint64_t)1 << (bits - 64)) - 1 : 0);
        memcpy(flags + 1, &some, 8);
        memcpy(flags + 9, &more, 8);
    }
    map->instructions++;
    return true;
}

static void
undo(struct descent *d, size_t sites)
{
    struct code_map *map = d->map;

    for (size_t i = 0; i < d->marked.count; i++) {
        uint8_t *flags = map->flags + (d->marked.rva[i] - map->low);

        flags[0] &= (uint8_t)~CODE_START;
        /* A trial never overlaps other code, so each body byte was this trial's alone. */
        for (unsigned k = 1; k < d->lengths[i]; k++) {
            flags[k] &= (uint8_t)~CODE_BODY;
        }
    }
    for (size_t i = 0; i < d->data.count; i++) {
        map->flags[d->data.rva[i] - map->low] &= (uint8_t)~CODE_DATA;
    }
    map->instructions -= d->marked.count;
    map->sites = sites;
}

static void
add_site(struct descent *d, uint32_t rva, const uint8_t *bytes, const struct insn *insn)
{
    struct code_map *map = d->map;
    int kind = d->classify(d->ctx, rva, bytes, insn);

    if (kind < 0) {
        return;
    }
    if (!grow((void **)&map->site, &map->sites_room, map->sites, sizeof *map->site)) {
        map->no_memory = true;
        return;
    }
    map->site[map->sites++] =
        (struct code_site){.rva = rva, .length = insn->length, .kind = (uint8_t)kind};
}

/* ---- what an instruction tells about addresses ---- */

struct table {
    uint32_t base;  /* entries are relative to it */
    uint32_t start; /* rva of entry 0 */
    unsigned age;
};

/* Follows `lea reg, [rip+x]` and forgets whatever is written otherwise. */
static void
track(struct descent *d, uint32_t next, const uint8_t *bytes, const struct insn *insn,
      struct registers *registers)
{
    const struct image *image = d->map->image;
    bool to_memory_or_nothing = false;

    if (insn->map == INSN_ONE_BYTE) {
        if (insn->opcode == 0x8D && insn->rip_relative) {
            uint32_t target = next + (uint32_t)insn->disp;

            registers->rva[insn_reg(insn)] = target < image->pe.size ? target : UNKNOWN;
            return;
        }
        if (insn->opcode >= 0xB8 && insn->opcode <= 0xBF) {
            unsigned reg = (insn->opcode & 7) | (insn->rex & 1 ? 8 : 0);
            uint64_t value = insn->imm_size == 8 ? load64(bytes + insn->imm_at) : 0;

            registers->rva[reg] = value && value - image->base < image->pe.size
                                      ? (uint32_t)(value - image->base)
                                      : UNKNOWN;
            return;
        }
        if (insn->opcode >= 0x58 && insn->opcode <= 0x5F) {
            registers->rva[(insn->opcode & 7) | (insn->rex & 1 ? 8 : 0)] = UNKNOWN;
            return;
        }
        /* cmp, test, stores: the register operand is only read */
        to_memory_or_nothing = (insn->opcode < 0x40 && (insn->opcode & 6) == 0) ||
                               (insn->opcode >= 0x38 && insn->opcode <= 0x3B) ||
                               insn->opcode == 0x84 || insn->opcode == 0x85 ||
                               insn->opcode == 0x88 || insn->opcode == 0x89;
    }
    if (insn->flow == INSN_CALL || insn->flow == INSN_CALL_INDIRECT) {
        static const uint8_t volatile_registers[] = {0, 1, 2, 8, 9, 10, 11};

        for (unsigned i = 0; i < sizeof volatile_registers; i++) {
            registers->rva[volatile_registers[i]] = UNKNOWN;
        }
        return;
    }
    if (insn->has_modrm) {
        if (!to_memory_or_nothing) {
            registers->rva[insn_reg(insn)] = UNKNOWN;
        }
        if (insn->modrm >> 6 == 3 && !(insn->map == INSN_ONE_BYTE && (insn->opcode | 1) == 0x85) &&
            !(insn->map == INSN_ONE_BYTE && insn->opcode >= 0x38 && insn->opcode <= 0x3B)) {
            registers->rva[insn_rm(insn)] = UNKNOWN;
        }
    } else if (insn->map != INSN_ONE_BYTE || insn->opcode == 0x98 || insn->opcode == 0x99 ||
               (insn->opcode >= 0x90 && insn->opcode <= 0x97)) {
        registers->rva[0] = registers->rva[2] = UNKNOWN;
        if (insn->opcode >= 0x91 && insn->opcode <= 0x97) {
            registers->rva[(insn->opcode & 7) | (insn->rex & 1 ? 8 : 0)] = UNKNOWN;
        }
    }
}

/* A load of the shape [base + index*4 + disp], which a switch makes before its jump. */
static void
see_table(struct descent *d, const struct insn *insn, const struct registers *registers,
          struct table *table)
{
    unsigned base;
    uint32_t rva;

    table->age++;
    if (insn->map != INSN_ONE_BYTE || (insn->opcode != 0x8B && insn->opcode != 0x63) ||
        insn->modrm >> 6 == 3 || (insn->modrm & 7) != 4 || insn->sib >> 6 != 2) {
        return;
    }
    base = (insn->sib & 7) | (insn->rex & 1 ? 8 : 0);
    if (insn->modrm >> 6 == 0 && (insn->sib & 7) == 5) {
        return; /* no base */
    }
    rva = registers->rva[base];
    if (rva == UNKNOWN) {
        /* MSVC: the base is __ImageBase, loaded far above, and the displacement an rva. */
        if (insn->modrm >> 6 != 2 || insn->disp < (int32_t)ABI_PAGE_SIZE) {
            return;
        }
        rva = 0;
    }
    if (!pe_inside(&d->map->image->pe, (uint64_t)(uint32_t)(rva + (uint32_t)insn->disp), 4)) {
        return;
    }
    table->base = rva;
    table->start = rva + (uint32_t)insn->disp;
    table->age = 0;
}

/*
 * A jump through a register after such a load. Entries count while they stay in the function that
 * holds the jump; each is a weak root.
 */
static void
read_table(struct descent *d, uint32_t jump, const struct table *table, uint32_t bound,
           const struct registers *registers)
{
    struct code_map *map = d->map;
    uint32_t begin, end, count = bound && bound <= MAX_TABLE ? bound : MAX_TABLE;

    if (!bounds_at(map, jump, &begin, &end)) {
        begin = jump > 0x10000 ? jump - 0x10000 : 0;
        end = jump + 0x10000;
    }
    for (uint32_t i = 0; i < count; i++) {
        uint32_t at = table->start + i * 4;
        uint8_t bytes[4];
        uint32_t target;

        if (!pe_inside(&map->image->pe, at, 4) ||
            (code_flags(map, at) & (CODE_START | CODE_BODY)) ||
            !pe_read(&map->image->pe, at, bytes, 4)) {
            break;
        }
        target = table->base + load32(bytes);
        if (target >= table->start && target < at + 4) {
            break; /* into the table: past its end */
        }
        if (target < begin || target >= end || !pe_executable(&map->image->pe, target)) {
            break;
        }
        for (unsigned k = 0; k < 4; k++) {
            if (at + k >= map->low && at + k < map->high &&
                !(map->flags[at + k - map->low] & CODE_DATA)) {
                if (!grow((void **)&d->data.rva, &d->data.room, d->data.count, sizeof(uint32_t))) {
                    map->no_memory = true;
                    return;
                }
                d->data.rva[d->data.count++] = at + k;
                map->flags[at + k - map->low] |= CODE_DATA;
            }
        }
        add_root(map, &d->found, target, registers);
    }
}

/* ---- descent ---- */

/* Where the executable section of rva ends; 0 if rva is not executable. */
static uint32_t
section_end(const struct code_map *map, uint32_t rva)
{
    const struct pe_section *section = pe_section_at(&map->image->pe, rva);

    if (!section || rva - section->rva >= section->size ||
        !(section->characteristics & PE_SCN_EXECUTE)) {
        return 0;
    }
    return section->rva + section->size;
}

static bool
overlaps(const struct code_map *map, uint32_t rva, unsigned length)
{
    const uint8_t *flags = map->flags + (rva - map->low);

    for (unsigned i = 0; i < length; i++) {
        if (flags[i] & (CODE_START | CODE_BODY | CODE_DATA)) {
            return true;
        }
    }
    return false;
}

/* Straight on from one root. False: not plausible (a trial only). */
static bool
run(struct descent *d, uint32_t rva, struct registers registers)
{
    struct code_map *map = d->map;
    const struct pe *pe = &map->image->pe;
    uint32_t first = rva, limit = section_end(map, rva), begin, end, bound = 0;
    struct table table = {.age = 1000};

    if (!limit) {
        return false;
    }
    bounds_at(map, rva, &begin, &end);
    for (;;) {
        const uint8_t *bytes = pe->mapped + rva;
        struct insn insn;
        uint32_t next, target = 0;
        bool inside;

        if (code_flags(map, rva) & CODE_START) {
            return true;
        }
        if (rva >= end) {
            bounds_at(map, rva, &begin, &end);
        }
        if (d->trial && d->marked.count >= MAX_TRIAL) {
            return false;
        }
        if (!insn_decode(bytes, limit - rva, &insn) ||
            (d->trial && (insn.rare || overlaps(map, rva, insn.length)))) {
            return false;
        }
        if (!mark(d, rva, insn.length)) {
            return false;
        }
        add_site(d, rva, bytes, &insn);
        next = rva + insn.length;

        if (insn.map == INSN_ONE_BYTE && (insn.opcode == 0x83 || insn.opcode == 0x81) &&
            ((insn.modrm >> 3) & 7) == 7) { /* cmp r/m, imm: perhaps the bound of a switch */
            uint32_t value = insn.opcode == 0x83  ? bytes[insn.imm_at]
                             : insn.imm_size == 4 ? load32(bytes + insn.imm_at)
                                                  : UNKNOWN;

            bound = value < MAX_TABLE ? value + 1 : 0;
        }
        see_table(d, &insn, &registers, &table);
        if (insn.flow == INSN_JUMP_INDIRECT && insn.modrm >> 6 == 3 && table.age <= 12) {
            read_table(d, rva, &table, bound, &registers);
        }
        track(d, next, bytes, &insn, &registers);
        if (insn.map == INSN_ONE_BYTE && insn.opcode == 0x8D && insn.rip_relative &&
            pe_executable(pe, next + (uint32_t)insn.disp) &&
            wanted(map, next + (uint32_t)insn.disp)) {
            add_root(map, &d->found, next + (uint32_t)insn.disp, NULL);
        }

        inside = false;
        if (insn.flow == INSN_BRANCH || insn.flow == INSN_JUMP || insn.flow == INSN_CALL) {
            target = next + (uint32_t)insn.relative;
            inside = (target >= first && target < limit) || section_end(map, target) != 0;
            if (d->trial &&
                (!inside || ((code_flags(map, target) & (CODE_BODY | CODE_START)) == CODE_BODY))) {
                return false;
            }
        }
        switch (insn.flow) {
        case INSN_BRANCH:
        case INSN_JUMP:
            if (inside && !(code_flags(map, target) & CODE_START)) {
                add_root(map, &d->pending, target, &registers);
            }
            if (insn.flow == INSN_JUMP) {
                return true;
            }
            break;
        case INSN_CALL:
            if (inside && !(code_flags(map, target) & CODE_START) && wanted(map, target)) {
                add_root(map, d->trial ? &d->found : &d->pending, target, NULL);
            }
            if (next == end) {
                return true; /* D2 */
            }
            break;
        case INSN_CALL_INDIRECT:
            if (next == end) {
                return true;
            }
            break;
        case INSN_INT3:
            /* A breakpoint goes on; padding, or the end of a path that never returns, does not. */
            if (next < limit && next != end && pe->mapped[next] != 0xCC) {
                add_root(map, &d->found, next, &registers);
            }
            return true;
        case INSN_JUMP_INDIRECT:
        case INSN_STOP:
            return true;
        }
        rva = next;
        if (rva >= limit) {
            return false;
        }
        if (rva == end && rva != begin) {
            uint32_t other_begin, other_end;

            /* D2, unless another entry goes on with the same function. */
            if (!bounds_at(map, rva, &other_begin, &other_end)) {
                return true;
            }
        }
    }
}

/* Everything that a root reaches by jumps. */
static bool
descend(struct descent *d, const struct root *root)
{
    d->pending.count = 0;
    add_root(d->map, &d->pending, root->rva, &root->registers);
    while (d->pending.count) {
        struct root next = d->pending.root[--d->pending.count];

        if (!run(d, next.rva, next.registers) && d->trial) {
            return false;
        }
        if (d->map->no_memory) {
            return false;
        }
    }
    return true;
}

/* ---- roots ---- */

static void
add_strong(struct code_map *map, uint64_t rva)
{
    if (rva < map->image->pe.size && pe_executable(&map->image->pe, (uint32_t)rva) &&
        wanted(map, (uint32_t)rva)) {
        add_root(map, map->strong, (uint32_t)rva, NULL);
    }
}

static void
add_weak(struct code_map *map, uint64_t rva)
{
    if (rva && rva < map->image->pe.size && pe_executable(&map->image->pe, (uint32_t)rva) &&
        wanted(map, (uint32_t)rva)) {
        add_root(map, map->weak, (uint32_t)rva, NULL);
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

static bool
collect_functions(struct code_map *map)
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
        if (!grow((void **)&functions, &room, kept, sizeof *functions)) {
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

static void
collect_strong(struct code_map *map)
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
        if (!wanted(map, map->function[i].begin)) {
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

static void
collect_weak(struct code_map *map)
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

static bool
set_span(struct code_map *map)
{
    const struct pe *pe = &map->image->pe;

    map->low = UINT32_MAX;
    map->high = 0;
    for (unsigned i = 0; i < pe->sections; i++) {
        const struct pe_section *section = &pe->section[i];

        if (section->characteristics & PE_SCN_EXECUTE) {
            map->low = section->rva < map->low ? section->rva : map->low;
            map->high = section->rva + section->size;
        }
    }
    if (map->high == 0) {
        map->low = 0;
        return true;
    }
    map->flags = calloc(1, map->high - map->low + 16u);
    return map->flags != NULL;
}

int
code_discover(struct code_map *map, const struct image *image, const struct code_list *only,
              code_classify *classify, void *ctx)
{
    struct descent d = {.map = map, .classify = classify, .ctx = ctx};
    struct code_roots strong = {0}, weak = {0};
    int result = -ENOMEM;

    *map = (struct code_map){.image = image, .only = only, .strong = &strong, .weak = &weak};
    if (!set_span(map) || !collect_functions(map)) {
        goto Done;
    }
    collect_strong(map);
    collect_weak(map);
    while (strong.next < strong.count && !map->no_memory) {
        struct root root = strong.root[strong.next++];

        descend(&d, &root);
    }
    for (size_t i = 0; i < d.found.count; i++) {
        add_root(map, &weak, d.found.root[i].rva, &d.found.root[i].registers);
    }
    d.trial = true;
    while (weak.next < weak.count && d.spent < MAX_TRIALS && !map->no_memory) {
        struct root root = weak.root[weak.next++];
        size_t sites = map->sites;
        uint8_t flags = code_flags(map, root.rva);

        if (flags & (CODE_START | CODE_REJECTED)) {
            continue;
        }
        d.found.count = d.marked.count = d.data.count = 0;
        if (!(flags & (CODE_BODY | CODE_DATA)) && descend(&d, &root)) {
            for (size_t i = 0; i < d.found.count; i++) {
                add_root(map, &weak, d.found.root[i].rva, &d.found.root[i].registers);
            }
        } else {
            undo(&d, sites);
            map->flags[root.rva - map->low] |= CODE_REJECTED;
            map->rejected++;
        }
    }
    result = map->no_memory ? -ENOMEM : 0;
Done:
    free(strong.root);
    free(weak.root);
    free(d.pending.root);
    free(d.found.root);
    free(d.marked.rva);
    free(d.data.rva);
    free(d.lengths);
    map->strong = map->weak = NULL;
    return result;
}

void
code_free(struct code_map *map)
{
    free(map->flags);
    free(map->site);
    free((void *)map->function);
    *map = (struct code_map){0};
}
