/*
 * site.c - which instructions are sites, by the rules of patch.h.
 *
 * Also where an image that we built ourselves could have any, so that discovery need not look at
 * the rest of it: a scan takes a fraction of the time of a descent.
 */
#include <emmintrin.h>
#include <stdlib.h>
#include <string.h>
#include "host/image/access.h"
#include "host/image/internal.h"
#include "host/image/patch.h"
#include "host/image/site.h"

/* Import slots are what a list of descriptors says, whether or not they are bound yet. */
static bool
collect_slots(struct site_rules *rules)
{
    const struct pe *pe = &rules->image->pe;
    uint32_t at = pe->directory[PE_IMPORT].rva;
    uint8_t bytes[20];

    rules->slots.room = 2 * 4096;
    rules->slots.rva = calloc(rules->slots.room, sizeof *rules->slots.rva);
    if (!rules->slots.rva) {
        return false;
    }
    for (; at && rules->slots.count < rules->slots.room; at += sizeof bytes) {
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
        rules->slots.rva[rules->slots.count++] = begin;
        rules->slots.rva[rules->slots.count++] = end;
    }
    return true;
}

static bool
is_our_slot(const struct site_rules *rules, uint64_t address)
{
    const struct pe_load_config *config = &rules->image->pe.load_config;
    uint64_t rva = address - rules->image->base;

    if (rva >= rules->image->pe.size) {
        return false;
    }
    if (rva && (rva == config->guard_check || rva == config->guard_dispatch ||
                rva == config->guard_xfg_check || rva == config->guard_xfg_dispatch ||
                rva == config->guard_xfg_table_dispatch)) {
        return true;
    }
    for (size_t i = 0; i < rules->slots.count; i += 2) {
        if (rva >= rules->slots.rva[i] && rva < rules->slots.rva[i + 1]) {
            return true;
        }
    }
    return false;
}

static int
classify_indirect(const struct site_rules *rules, uint32_t rva, const struct insn *insn)
{
    if (!rules->options->system || !rules->options->smep) {
        return -1;
    }
    if (insn->rip_relative && is_our_slot(rules, rules->image->base + rva + insn->length +
                                                     (uint64_t)(int64_t)insn->disp)) {
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
classify_0f(const struct site_rules *rules, const struct insn *insn)
{
    unsigned mod = insn->modrm >> 6, reg = (insn->modrm >> 3) & 7;

    switch (insn->opcode) {
    case 0x05:
        return PATCH_SYSCALL;
    case 0x31: /* rdtsc */
        return rules->options->keep_tsc ? -1 : PATCH_EMULATE;
    case 0xA2: /* cpuid */
        return PATCH_EMULATE;
    case 0x20:
    case 0x22:
        if (!rules->options->system || insn_reg(insn) != 8 || insn->lock) {
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
classify_other(const struct site_rules *rules, uint32_t rva, const uint8_t *bytes,
               const struct insn *insn)
{
    if (insn->map == INSN_0F) {
        return classify_0f(rules, insn);
    }
    if (insn->map != INSN_ONE_BYTE) {
        return -1;
    }
    if (insn->opcode == 0x90) {
        return insn->repeat == 0xF3 && !(insn->rex & 1) ? PATCH_PAUSE : -1;
    }
    if (insn->flow == INSN_CALL_INDIRECT || insn->flow == INSN_JUMP_INDIRECT) {
        return classify_indirect(rules, rva, insn);
    }
    if (insn->imm_size == 8 && rules->options->system &&
        ((insn->opcode >= 0xB8 && insn->opcode <= 0xBF) ||
         (insn->opcode >= 0xA0 && insn->opcode <= 0xA3)) &&
        is_shared_data(load64(bytes + insn->imm_at))) {
        return PATCH_SHARED_DATA;
    }
    return -1;
}

int
site_classify(void *ctx, uint32_t rva, const uint8_t *bytes, const struct insn *insn)
{
    const struct site_rules *rules = ctx;
    struct access access;
    int kind;

    if ((rules->options->atomics && access_is_atomic(insn)) ||
        (rules->options->exchanges && access_exchanges_pointer(insn))) {
        return PATCH_ATOMIC;
    }
    kind = classify_other(rules, rva, bytes, insn);
    if (kind < 0 && rules->options->memory &&
        (access_of(bytes, insn->length, insn, &access) ||
         access_is_missed(bytes, insn->length, insn))) {
        return PATCH_MEMORY; /* a missed one is left, and told */
    }
    return kind;
}

/*
 * Could a site of our compilers' begin here, or its immediate? They put no prefixes before pause,
 * and have no reason for sgdt, sidt, sldt or str in memory.
 */
static bool
could_be_site(const struct site_rules *rules, const uint8_t *bytes)
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
        return rules->options->system && rules->options->smep && (reg == 2 || reg == 4);
    case 0x80:
        return rules->options->system && load32(bytes) == 0xFFFFF780u;
    default:
        return false;
    }
}

static bool
add_candidate(struct site_rules *rules, uint32_t rva)
{
    struct code_list *list = &rules->candidates;

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

/* Of 16 bytes: at which of them a site could begin, as far as one byte and the next tell. */
static uint32_t
could_be_sites(const struct site_rules *rules, const uint8_t *bytes)
{
    static const uint8_t second[] = {0x00, 0x01, 0x05, 0x20, 0x22, 0x31, 0xA2, 0xC7};
    __m128i first = _mm_loadu_si128((const __m128i *)bytes);
    __m128i next = _mm_loadu_si128((const __m128i *)(bytes + 1)), found = _mm_setzero_si128();
    __m128i reg = _mm_and_si128(next, _mm_set1_epi8(0x38));

    for (size_t i = 0; i < sizeof(second); i++) {
        found = _mm_or_si128(found, _mm_cmpeq_epi8(next, _mm_set1_epi8((char)second[i])));
    }
    found = _mm_and_si128(found, _mm_cmpeq_epi8(first, _mm_set1_epi8(0x0F)));
    found = _mm_or_si128(found, _mm_and_si128(_mm_cmpeq_epi8(first, _mm_set1_epi8((char)0xF3)),
                                              _mm_cmpeq_epi8(next, _mm_set1_epi8((char)0x90))));
    found = _mm_or_si128(found, _mm_and_si128(_mm_cmpeq_epi8(first, _mm_set1_epi8((char)0x80)),
                                              _mm_cmpeq_epi8(next, _mm_set1_epi8((char)0xF7))));
    if (rules->options->system && rules->options->smep) {
        reg = _mm_or_si128(_mm_cmpeq_epi8(reg, _mm_set1_epi8(2 << 3)),
                           _mm_cmpeq_epi8(reg, _mm_set1_epi8(4 << 3)));
        reg = _mm_and_si128(reg, _mm_cmpeq_epi8(first, _mm_set1_epi8((char)0xFF)));
        found = _mm_or_si128(found, reg);
    }
    return (uint32_t)_mm_movemask_epi8(found);
}

static bool
add_if_site(struct site_rules *rules, const struct pe_section *section, uint32_t at)
{
    const uint8_t *here = rules->image->pe.mapped + section->rva + at;
    uint32_t left = section->size - at;
    uint8_t last[4] = {0};

    if (left < sizeof last) {
        memcpy(last, here, left);
        here = last;
    }
    return !could_be_site(rules, here) || add_candidate(rules, section->rva + at);
}

/*
 * Of an image of our own: where sites could be, so that the rest need not be looked at. Each start of a run looks at some 2 MiB so:
 * 16 bytes at once, as long as there are 17.
 */
static bool
collect_candidates(struct site_rules *rules)
{
    const struct pe *pe = &rules->image->pe;

    for (unsigned i = 0; i < pe->sections; i++) {
        const struct pe_section *section = &pe->section[i];
        const uint8_t *bytes = pe->mapped + section->rva;
        uint32_t at = 0;

        if (!(section->characteristics & PE_SCN_EXECUTE)) {
            continue;
        }
        for (; section->size - at > 16; at += 16) {
            for (uint32_t found = could_be_sites(rules, bytes + at); found != 0;
                 found &= found - 1) {
                if (!add_if_site(rules, section, at + (uint32_t)__builtin_ctz(found))) {
                    return false;
                }
            }
        }
        for (; at < section->size; at++) {
            if (!add_if_site(rules, section, at)) {
                return false;
            }
        }
    }
    return true;
}

bool
site_rules_begin(struct site_rules *rules, const struct image *image,
                 const struct patch_options *options)
{
    *rules = (struct site_rules){.image = image, .options = options};
    return collect_slots(rules) && (!options->ours || collect_candidates(rules));
}

void
site_rules_end(struct site_rules *rules)
{
    free(rules->slots.rva);
    free(rules->candidates.rva);
}
