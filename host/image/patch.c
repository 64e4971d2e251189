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
#include "host/image/site.h"
#include "host/image/trampoline.h"

#define INT3 0xCC

struct patcher {
    struct image *image;
    const struct patch_options *options;
    struct patch *patch;
    struct code_map map;
    struct site_rules rules;
    ZydisDecoder zydis;
};

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
    case PATCH_ATOMIC:
    case PATCH_MEMORY:
        return targets->point;
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
    site->whole = body.whole;
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
    if (!site_rules_begin(&p.rules, image, options) ||
        code_discover(&p.map, image, options->ours ? &p.rules.candidates : NULL, site_classify,
                      &p.rules)) {
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
    site_rules_end(&p.rules);
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
