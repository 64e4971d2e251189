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

#define UNKNOWN    CODE_UNKNOWN
#define MAX_TRIAL  20000   /* instructions that one weak root may reach before it is given up */
#define MAX_TRIALS 4000000 /* of all weak roots together */
#define MAX_TABLE  CODE_MAX_TABLE

static bool
mark(struct descent *d, uint32_t rva, unsigned length)
{
    struct code_map *map = d->map;
    uint8_t *flags = map->flags + (rva - map->low);

    if (d->trial) {
        if (!code_grow((void **)&d->marked.rva, &d->marked.room, d->marked.count,
                       sizeof(uint32_t)) ||
            !code_grow((void **)&d->lengths, &d->lengths_room, d->marked.count, 1)) {
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
    if (!code_grow((void **)&map->site, &map->sites_room, map->sites, sizeof *map->site)) {
        map->no_memory = true;
        return;
    }
    map->site[map->sites++] =
        (struct code_site){.rva = rva, .length = insn->length, .kind = (uint8_t)kind};
}

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

/* cmp al, imm8; cmp eax, imm32; cmp r/m, imm of a byte or more */
static bool
is_compare(const struct insn *insn)
{
    return insn->map == INSN_ONE_BYTE &&
           (insn->opcode == 0x3C || insn->opcode == 0x3D ||
            ((insn->opcode == 0x80 || insn->opcode == 0x81 || insn->opcode == 0x83) &&
             ((insn->modrm >> 3) & 7) == 7));
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
    code_bounds(map, rva, &begin, &end);
    for (;;) {
        const uint8_t *bytes = pe->mapped + rva;
        struct insn insn;
        uint32_t next, target = 0;
        bool inside;

        if (code_flags(map, rva) & CODE_START) {
            return true;
        }
        if (rva >= end) {
            code_bounds(map, rva, &begin, &end);
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

        if (is_compare(&insn)) { /* perhaps the bound of a switch */
            uint32_t value = insn.imm_size == 1   ? bytes[insn.imm_at]
                             : insn.imm_size == 4 ? load32(bytes + insn.imm_at)
                                                  : UNKNOWN;

            bound = value < MAX_TABLE ? value + 1 : 0;
        }
        code_see_table(d, &insn, &registers, &table);
        if (insn.flow == INSN_JUMP_INDIRECT && insn.modrm >> 6 == 3 && table.age <= 12) {
            code_read_table(d, rva, &table, bound, &registers);
        }
        code_track(d, next, bytes, &insn, &registers);
        if (insn.map == INSN_ONE_BYTE && insn.opcode == 0x8D && insn.rip_relative &&
            pe_executable(pe, next + (uint32_t)insn.disp) &&
            code_wanted(map, next + (uint32_t)insn.disp)) {
            code_add_root(map, &d->found, next + (uint32_t)insn.disp, NULL);
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
                code_add_root(map, &d->pending, target, &registers);
            }
            if (insn.flow == INSN_JUMP) {
                return true;
            }
            break;
        case INSN_CALL:
            if (inside && !(code_flags(map, target) & CODE_START) && code_wanted(map, target)) {
                code_add_root(map, d->trial ? &d->found : &d->pending, target, NULL);
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
                code_add_root(map, &d->found, next, &registers);
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
            if (!code_bounds(map, rva, &other_begin, &other_end)) {
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
    code_add_root(d->map, &d->pending, root->rva, &root->registers);
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
    if (!set_span(map) || !code_collect_functions(map)) {
        goto Done;
    }
    code_collect_strong(map);
    code_collect_weak(map);
    while (strong.next < strong.count && !map->no_memory) {
        struct root root = strong.root[strong.next++];

        descend(&d, &root);
    }
    for (size_t i = 0; i < d.found.count; i++) {
        code_add_root(map, &weak, d.found.root[i].rva, &d.found.root[i].registers);
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
                code_add_root(map, &weak, d.found.root[i].rva, &d.found.root[i].registers);
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
