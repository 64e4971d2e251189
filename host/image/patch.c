/*
 * patch.c - finds the sites of an image and changes them; the tables afterwards.
 *
 * What is decided for a site, in this order (invariants in patch.h):
 *   - its first byte is in the middle of another instruction, or holds a relocation: left
 *   - it has no trampoline (rdtsc ...): int3
 *   - jmp rel32 if it has 5 bytes or more, else a punned jmp, with up to length-1 prefixes in front
 *     that have no effect on a jmp: each moves the borrowed bytes by one, so another range of
 *     addresses opens
 *   - where that fails, or some other root jumps into the site, or a relocation lies in it: int3,
 *     which changes one byte, and the trap handler enters the trampoline. syscall and cr8 are left,
 *     for they trap by themselves at the same cost
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <Zydis/Zydis.h>
#include "host/image/discover.h"
#include "host/image/internal.h"
#include "host/image/patch.h"
#include "host/image/trampoline.h"

#define INT3 0xCC

struct patcher {
    struct image *image;
    const struct patch_options *options;
    struct patch *patch;
    struct code_map map;
    ZydisDecoder zydis;
    /* rvas of pointer slots that only we write: import slots, as [begin, end) pairs */
    struct code_list slots;
    struct code_list candidates; /* with options->ours */
};

/* ---- which instructions are sites ---- */

/* Import slots are what a list of descriptors says, whether or not they are bound yet. */
static bool
collect_slots(struct patcher *p)
{
    const struct pe *pe = &p->image->pe;
    uint32_t at = pe->directory[PE_IMPORT].rva;
    uint8_t bytes[20];

    p->slots.room = 2 * 4096;
    p->slots.rva = calloc(p->slots.room, sizeof *p->slots.rva);
    if (!p->slots.rva) {
        return false;
    }
    for (; at && p->slots.count < p->slots.room; at += sizeof bytes) {
        uint32_t begin, end;

        if (!pe_inside(pe, at, sizeof bytes) || !pe_read(pe, at, bytes, sizeof bytes) ||
            load32(bytes + 12) == 0 || load32(bytes + 16) == 0) {
            break;
        }
        begin = end = load32(bytes + 16);
        while (pe_inside(pe, end, 8) && (end - begin) / 8 < PE_MAX_IMPORTS &&
               load64(pe->mapped + end) != 0) {
            end += 8;
        }
        p->slots.rva[p->slots.count++] = begin;
        p->slots.rva[p->slots.count++] = end;
    }
    return true;
}

static bool
is_our_slot(const struct patcher *p, uint64_t address)
{
    const struct pe_load_config *config = &p->image->pe.load_config;
    uint64_t rva = address - p->image->base;

    if (rva >= p->image->pe.size) {
        return false;
    }
    if (rva && (rva == config->guard_check || rva == config->guard_dispatch ||
                rva == config->guard_xfg_check || rva == config->guard_xfg_dispatch ||
                rva == config->guard_xfg_table_dispatch)) {
        return true;
    }
    for (size_t i = 0; i < p->slots.count; i += 2) {
        if (rva >= p->slots.rva[i] && rva < p->slots.rva[i + 1]) {
            return true;
        }
    }
    return false;
}

static int
classify_indirect(const struct patcher *p, uint32_t rva, const struct insn *insn)
{
    if (!p->options->system || !p->options->smep) {
        return -1;
    }
    if (insn->rip_relative &&
        is_our_slot(p, p->image->base + rva + insn->length + (uint64_t)(int64_t)insn->disp)) {
        return -1;
    }
    /* [disp32] without base or index: the hypercall table */
    if (insn->modrm >> 6 == 0 && (insn->modrm & 7) == 4 && insn->sib == 0x25 && !(insn->rex & 2) &&
        !insn->segment && (uint64_t)(int64_t)insn->disp >= ABI_HYPERCALL_STUBS &&
        (uint64_t)(int64_t)insn->disp < ABI_USER_SHARED_DATA) {
        return -1;
    }
    return insn->flow == INSN_CALL_INDIRECT ? PATCH_CALL : PATCH_JUMP;
}

static int
classify_0f(const struct patcher *p, const struct insn *insn)
{
    unsigned mod = insn->modrm >> 6, reg = (insn->modrm >> 3) & 7;

    switch (insn->opcode) {
    case 0x05:
        return PATCH_SYSCALL;
    case 0x31: /* rdtsc */
    case 0xA2: /* cpuid */
        return PATCH_EMULATE;
    case 0x20:
    case 0x22:
        if (!p->options->system || insn_reg(insn) != 8 || insn->lock) {
            return -1;
        }
        return insn->opcode == 0x20 ? PATCH_CR8_READ : PATCH_CR8_WRITE;
    case 0x00: /* sldt, str */
        return reg <= 1 ? PATCH_EMULATE : -1;
    case 0x01:
        if (mod != 3) { /* sgdt, sidt, smsw */
            return reg <= 1 || reg == 4 ? PATCH_EMULATE : -1;
        }
        return insn->modrm == 0xD0 /* xgetbv */ || insn->modrm == 0xF9 /* rdtscp */ || reg == 4
                   ? PATCH_EMULATE
                   : -1;
    case 0xC7: /* rdrand, rdseed, rdpid */
        return mod == 3 && (reg == 6 || reg == 7) ? PATCH_EMULATE : -1;
    default:
        return -1;
    }
}

static bool
is_shared_data(uint64_t address)
{
    return address - ABI_KERNEL_SHARED_DATA < ABI_PAGE_SIZE;
}

static int
classify(void *ctx, uint32_t rva, const uint8_t *bytes, const struct insn *insn)
{
    const struct patcher *p = ctx;

    if (insn->map == INSN_0F) {
        return classify_0f(p, insn);
    }
    if (insn->map != INSN_ONE_BYTE) {
        return -1;
    }
    if (insn->opcode == 0x90) {
        return insn->repeat == 0xF3 && !(insn->rex & 1) ? PATCH_PAUSE : -1;
    }
    if (insn->flow == INSN_CALL_INDIRECT || insn->flow == INSN_JUMP_INDIRECT) {
        return classify_indirect(p, rva, insn);
    }
    if (insn->imm_size == 8 && p->options->system &&
        ((insn->opcode >= 0xB8 && insn->opcode <= 0xBF) ||
         (insn->opcode >= 0xA0 && insn->opcode <= 0xA3)) &&
        is_shared_data(load64(bytes + insn->imm_at))) {
        return PATCH_SHARED_DATA;
    }
    return -1;
}

/*
 * Could a site of our compilers' begin here, or its immediate? They put no prefixes before pause,
 * and have no reason for sgdt, sidt, sldt or str in memory.
 */
static bool
could_be_site(const struct patcher *p, const uint8_t *bytes)
{
    unsigned reg = (bytes[1] >> 3) & 7;

    switch (bytes[0]) {
    case 0x0F:
        return bytes[1] == 0x05 || bytes[1] == 0x20 || bytes[1] == 0x22 || bytes[1] == 0x31 ||
               bytes[1] == 0xA2 || ((bytes[1] == 0x00 || bytes[1] == 0x01) && bytes[2] >= 0xC0) ||
               (bytes[1] == 0xC7 && bytes[2] >= 0xF0);
    case 0xF3:
        return bytes[1] == 0x90;
    case 0xFF:
        return p->options->system && p->options->smep && (reg == 2 || reg == 4);
    case 0x80:
        return p->options->system && load32(bytes) == 0xFFFFF780u;
    default:
        return false;
    }
}

static bool
add_candidate(struct patcher *p, uint32_t rva)
{
    struct code_list *list = &p->candidates;

    if (list->count == list->room) {
        size_t room = list->room ? list->room * 2 : 256;
        uint32_t *larger = realloc(list->rva, room * sizeof *larger);

        if (!larger) {
            return false;
        }
        list->rva = larger;
        list->room = room;
    }
    list->rva[list->count++] = rva;
    return true;
}

/* Of an image of our own: where sites could be, so that the rest need not be looked at. */
static bool
collect_candidates(struct patcher *p)
{
    static const bool first[256] = {[0x0F] = true, [0xF3] = true, [0xFF] = true, [0x80] = true};
    const struct pe *pe = &p->image->pe;

    for (unsigned i = 0; i < pe->sections; i++) {
        const struct pe_section *section = &pe->section[i];
        const uint8_t *bytes = pe->mapped + section->rva;

        if (!(section->characteristics & PE_SCN_EXECUTE)) {
            continue;
        }
        /* No site begins in the last three bytes of a section that would matter: it ends in ret. */
        for (uint32_t at = 0; at + 4 <= section->size; at++) {
            if (first[bytes[at]] && could_be_site(p, bytes + at) &&
                !add_candidate(p, section->rva + at)) {
                return false;
            }
        }
    }
    return true;
}

/* ---- changing one site ---- */

static uint64_t
target_of(const struct patch_targets *targets, unsigned kind)
{
    switch (kind) {
    case PATCH_SYSCALL:
        return targets->syscall_entry;
    case PATCH_CR8_WRITE:
        return targets->cr8_write;
    case PATCH_CR8_READ:
        return targets->cr8_read;
    case PATCH_PAUSE:
        return targets->pause;
    case PATCH_CALL:
    case PATCH_JUMP:
        return targets->smep_fault;
    default:
        return 1;
    }
}

/* A jmp that borrows the last bytes of its displacement, behind `pad` prefixes without effect. */
static bool
pun(struct patcher *p, struct patch_site *site, const struct body *body, unsigned pad, bool fresh)
{
    uint8_t *at = p->image->where + (site->address - p->image->base);
    unsigned own = site->length - pad - 1; /* displacement bytes that are the site's */
    uint64_t from = site->address + pad + 5, low, high, to;
    uint32_t fixed, distance;
    int64_t span = (int64_t)1 << (own * 8);

    fixed = load32(at + pad + 1) & ~(uint32_t)(span - 1);
    low = from + (uint64_t)(int64_t)(int32_t)fixed;
    high = low + (uint64_t)span - 1;
    if (low > high || (int64_t)low < 0) {
        return false; /* wraps around, or past what a user process can map */
    }
    to = trampoline_place(p->patch, p->image, p->options, body, site->address, low, high, fresh);
    if (!to) {
        return false;
    }
    distance = (uint32_t)(to - from);
    for (unsigned i = 0; i < pad; i++) {
        at[i] = i + 1 == pad ? 0x48 : 0x2E; /* REX.W, cs: */
    }
    at[pad] = 0xE9;
    memcpy(at + pad + 1, &distance, own);
    site->trampoline = to;
    return true;
}

/* Anywhere within reach: first upwards from the image's end, then downwards from its start. */
static uint64_t
place_near(struct patcher *p, const struct patch_site *site, const struct body *body, bool fresh)
{
    const struct image *image = p->image;
    uint64_t from = site->address + 5, end = image->base + image->pe.size, to;
    uint64_t low = from > 0x7FFF0000 ? from - 0x7FFF0000 : ABI_PAGE_SIZE;

    to = trampoline_place(p->patch, image, p->options, body, site->address, end, from + 0x7FFF0000,
                          fresh);
    if (to) {
        return to;
    }
    if (fresh && image->base > 0x200000 && image->base - 0x200000 > low) {
        low = image->base - 0x200000;
    }
    return trampoline_place(p->patch, image, p->options, body, site->address, low, image->base,
                            fresh);
}

static bool
jump(struct patcher *p, struct patch_site *site, const struct body *body, bool fresh)
{
    uint8_t *at = p->image->where + (site->address - p->image->base);
    uint64_t to = place_near(p, site, body, fresh);
    uint32_t distance = (uint32_t)(to - (site->address + 5));

    if (!to) {
        return false;
    }
    at[0] = 0xE9;
    memcpy(at + 1, &distance, 4);
    memset(at + 5, INT3, site->length - 5u); /* nothing jumps there: see overlapped() */
    site->trampoline = to;
    return true;
}

/* False where neither a whole nor a punned jmp can be had. */
static bool
patch_with_jump(struct patcher *p, struct patch_site *site, const struct body *body)
{
    uint32_t rva = (uint32_t)(site->address - p->image->base);
    const struct pe_section *section = pe_section_at(&p->image->pe, rva);

    for (unsigned fresh = 0; fresh < 2; fresh++) {
        if (site->length >= 5) {
            if (jump(p, site, body, fresh)) {
                return true;
            }
            continue;
        }
        for (unsigned pad = 0; pad < site->length; pad++) {
            /* The borrowed bytes must be of the same section: others may be written or discarded.
             */
            if (rva + pad + 5 > section->rva + section->size) {
                break;
            }
            if (pun(p, site, body, pad, fresh)) {
                return true;
            }
        }
    }
    return false;
}

/* The site's bytes past the first are its own: no other reading of them, no relocation. */
static bool
overlapped(const struct patcher *p, uint32_t rva, unsigned length)
{
    for (unsigned i = 1; i < length; i++) {
        if (code_flags(&p->map, rva + i) & (CODE_START | CODE_RELOCATION | CODE_DATA)) {
            return true;
        }
    }
    return false;
}

/* Zydis must see the same instruction: the second opinion before anything changes. */
static bool
confirmed(struct patcher *p, const struct patch_site *site)
{
    ZydisDecodedInstruction decoded;

    return ZYAN_SUCCESS(ZydisDecoderDecodeInstruction(&p->zydis, NULL, site->bytes, site->length,
                                                      &decoded)) &&
           decoded.length == site->length;
}

static bool
traps_by_itself(unsigned kind)
{
    return kind == PATCH_SYSCALL || kind == PATCH_CR8_READ || kind == PATCH_CR8_WRITE;
}

static enum patch_method
patch_site(struct patcher *p, struct patch_site *site)
{
    uint32_t rva = (uint32_t)(site->address - p->image->base);
    uint8_t *at = p->image->where + rva;
    struct insn insn;
    struct body body;

    if (!target_of(&p->options->targets, site->kind) || !confirmed(p, site) ||
        (code_flags(&p->map, rva) & (CODE_BODY | CODE_RELOCATION | CODE_DATA)) ||
        !insn_decode(site->bytes, site->length, &insn)) {
        return PATCH_LEFT;
    }
    if (site->kind == PATCH_SHARED_DATA) {
        uint64_t value = load64(site->bytes + insn.imm_at);

        if (overlapped(p, rva, site->length)) {
            return PATCH_LEFT; /* the trap handler emulates the access */
        }
        value = value - ABI_KERNEL_SHARED_DATA + ABI_USER_SHARED_DATA;
        memcpy(at + insn.imm_at, &value, 8);
        return PATCH_REWRITE;
    }
    if (site->kind == PATCH_EMULATE) {
        at[0] = INT3;
        return PATCH_INT3;
    }
    if (!trampoline_build(p->options, site, &insn, &body)) {
        return PATCH_LEFT;
    }
    if (!overlapped(p, rva, site->length) && patch_with_jump(p, site, &body)) {
        return site->length >= 5 ? PATCH_JMP : PATCH_PUN;
    }
    if (traps_by_itself(site->kind)) {
        return PATCH_LEFT;
    }
    site->trampoline = place_near(p, site, &body, false);
    if (!site->trampoline) {
        site->trampoline = place_near(p, site, &body, true);
    }
    if (!site->trampoline) {
        return PATCH_LEFT;
    }
    at[0] = INT3;
    return PATCH_INT3;
}

/* ---- all of them ---- */

static int
by_rva(const void *a, const void *b)
{
    const struct code_site *x = a, *y = b;

    return x->rva < y->rva ? -1 : x->rva > y->rva;
}

static int
by_address(const void *a, const void *b)
{
    const struct patch_trampoline *x = a, *y = b;

    return x->address < y->address ? -1 : x->address > y->address;
}

static void
count(struct patch_counts *counts, unsigned kind, unsigned method)
{
    counts->found++;
    counts->by_kind[kind][method]++;
    switch (method) {
    case PATCH_JMP:
    case PATCH_REWRITE:
        counts->patched++;
        break;
    case PATCH_PUN:
        counts->punned++;
        break;
    case PATCH_INT3:
        counts->int3++;
        break;
    default:
        counts->left++;
    }
}

int
patch_image(struct image *image, const struct patch_options *options, struct patch *out)
{
    struct patch patch = {0};
    struct patcher p = {.image = image, .options = options, .patch = &patch};
    size_t sites;
    int result = -ENOMEM;

    ZydisDecoderInit(&p.zydis, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64);
    if (!collect_slots(&p) || (options->ours && !collect_candidates(&p)) ||
        code_discover(&p.map, image, options->ours ? &p.candidates : NULL, classify, &p)) {
        goto Done;
    }
    sites = p.map.sites;
    patch.site = calloc(sites + 1, sizeof *patch.site);
    patch.trampoline = calloc(sites + 1, sizeof *patch.trampoline);
    patch.page = calloc(sites + 1, sizeof *patch.page);
    if (!patch.site || !patch.trampoline || !patch.page) {
        patch_free(&patch);
        goto Done;
    }
    if (sites) {
        qsort(p.map.site, sites, sizeof *p.map.site, by_rva);
    }
    patch.sites = sites;
    patch.counts.instructions = (uint32_t)p.map.instructions;
    patch.counts.rejected = (uint32_t)p.map.rejected;
    for (size_t i = 0; i < sites; i++) {
        struct patch_site *site = &patch.site[i];

        site->address = image->base + p.map.site[i].rva;
        site->kind = p.map.site[i].kind;
        site->length = p.map.site[i].length;
        memcpy(site->bytes, image->where + p.map.site[i].rva, site->length);
    }
    for (size_t i = sites; i-- > 0;) { /* T2 */
        patch.site[i].method = (uint8_t)patch_site(&p, &patch.site[i]);
        count(&patch.counts, patch.site[i].kind, patch.site[i].method);
    }
    if (patch.trampolines) {
        qsort(patch.trampoline, patch.trampolines, sizeof *patch.trampoline, by_address);
    }
    *out = patch;
    result = 0;
Done:
    code_free(&p.map);
    free(p.slots.rva);
    free(p.candidates.rva);
    return result;
}

void
patch_free(struct patch *patch)
{
    free(patch->site);
    free(patch->trampoline);
    free(patch->page);
    *patch = (struct patch){0};
}

uint64_t
patch_original_rip(const struct patch *patch, uint64_t rip, uint32_t *lower)
{
    size_t low = 0, high = patch->trampolines;

    while (low < high) {
        size_t middle = (low + high) / 2;

        if (patch->trampoline[middle].address <= rip) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    if (low) {
        const struct patch_trampoline *t = &patch->trampoline[low - 1];
        uint64_t offset = rip - t->address;

        if (offset < t->size) {
            if (lower) {
                *lower = offset >= t->lower_from && offset < t->lower_to ? 8 : 0;
            }
            return t->site;
        }
    }
    if (lower) {
        *lower = 0;
    }
    return 0;
}

/* Index of the first site at or above an address. */
static size_t
site_index(const struct patch *patch, uint64_t address)
{
    size_t low = 0, high = patch->sites;

    while (low < high) {
        size_t middle = (low + high) / 2;

        if (patch->site[middle].address < address) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

const struct patch_site *
patch_site_at(const struct patch *patch, uint64_t address)
{
    size_t index = site_index(patch, address);

    return index < patch->sites && patch->site[index].address == address ? &patch->site[index]
                                                                         : NULL;
}

void
patch_restore_copy(const struct patch *patch, uint64_t address, uint8_t *bytes, size_t size)
{
    /* A site that begins up to 14 bytes before may reach in. */
    size_t index = site_index(patch, address > 14 ? address - 14 : 0);

    for (; index < patch->sites && patch->site[index].address < address + size; index++) {
        const struct patch_site *site = &patch->site[index];

        for (unsigned i = 0; site->method != PATCH_LEFT && i < site->length; i++) {
            uint64_t at = site->address + i - address;

            if (at < size) {
                bytes[at] = site->bytes[i];
            }
        }
    }
}
