/*
 * trampoline.c - bodies of trampolines, and the pages that hold them.
 *
 * Bodies are described in patch.h. The operand of a call or jmp is taken over as it is encoded:
 * `push r/m64` has the same encoding as `call r/m64` and `jmp r/m64` but for three bits of ModRM,
 * and a fault in it shows the same address with the stack untouched.
 *
 * Pages are shared by all sites of an image. A page hands out its space in units of 8 bytes, at any
 * of them, for a punned jump may leave only some 256 places to go.
 */
#include <stdlib.h>
#include <string.h>
#include "host/image/internal.h"
#include "host/image/trampoline.h"

#define UNIT      8u
#define MAX_TRIES 64 /* new pages asked for in one range */

_Static_assert(ABI_USER_END == 1ull << 44, "the test below looks at bits 44 and up");

/* jmp [rip+0] with the pointer behind it */
static void
emit_far_jump(struct body *body, uint64_t target)
{
    EMIT(body, 0xFF, 0x25, 0, 0, 0, 0);
    emit64(body, target);
}

/* mov [rsp], reg or mov reg, [rsp] */
static void
emit_stack_move(struct body *body, uint8_t opcode, unsigned reg)
{
    EMIT(body, (uint8_t)(0x48 | (reg & 8 ? 4 : 0)), opcode, (uint8_t)(0x04 | (reg & 7) << 3), 0x24);
}

/* mov dword [rsp+offset], lo; mov dword [rsp+offset+4], hi: no flag changes */
static void
emit_stack_store(struct body *body, int8_t offset, uint64_t value)
{
    EMIT(body, 0xC7, 0x44, 0x24, (uint8_t)offset);
    emit32(body, (uint32_t)value);
    EMIT(body, 0xC7, 0x44, 0x24, (uint8_t)(offset + 4));
    emit32(body, (uint32_t)(value >> 32));
}

/* The site's FF instruction with another operation in ModRM's reg: 4 jmp, 6 push. */
static void
emit_operand(struct body *body, const struct patch_site *site, const struct insn *insn,
             unsigned operation)
{
    unsigned start = body->size;

    emit(body, site->bytes, site->length);
    body->bytes[start + insn->modrm_at] = (uint8_t)((insn->modrm & ~0x38u) | operation << 3);
    if (insn->rip_relative) {
        add_relative(body, start + insn->disp_at,
                     site->address + site->length + (uint64_t)(int64_t)insn->disp);
    }
}

#define LOWER_RSP(body) EMIT(body, 0x48, 0x8D, 0x64, 0x24, 0xF8) /* lea rsp, [rsp-8] */
#define RAISE_RSP(body) EMIT(body, 0x48, 0x8D, 0x64, 0x24, 0x08) /* lea rsp, [rsp+8] */
#define LOAD_R11(body)  EMIT(body, 0x4C, 0x8B, 0x1C, 0x24)       /* mov r11, [rsp] */

static bool
build_indirect(const struct patch_options *options, const struct patch_site *site,
               const struct insn *insn, struct body *body)
{
    uint64_t next = site->address + site->length;
    bool memory = insn->modrm >> 6 != 3;
    bool through_rsp = memory && (insn->modrm & 7) == 4 && (insn->sib & 7) == 4 && !(insn->rex & 1);
    bool call = site->kind == PATCH_CALL;
    unsigned branch;

    if (insn->operand16 || insn->address32 || insn->lock ||
        (!memory && insn_rm(insn) == 4) || /* through rsp itself */
        (insn->segment && insn->rip_relative)) {
        return false;
    }
    emit_operand(body, site, insn, 6);
    body->lower_from = (uint8_t)body->size;
    EMIT(body, 0xF7, 0x44, 0x24, 0x04, 0x00, 0xF0, 0xFF, 0xFF); /* test dword [rsp+4], bits 44-63 */
    EMIT(body, 0x74, 0);                                        /* jz user */
    branch = body->size;
    if (call) {
        if (through_rsp) {
            LOAD_R11(body);
        }
        emit_stack_store(body, 0, next);
        if (through_rsp) {
            EMIT(body, 0x41, 0xFF, 0xE3); /* jmp r11 */
        } else {
            emit_operand(body, site, insn, 4);
        }
    } else {
        RAISE_RSP(body);
        emit_operand(body, site, insn, 4);
    }
    body->bytes[branch - 1] = (uint8_t)(body->size - branch); /* user: */
    LOAD_R11(body);
    if (call) {
        emit_stack_store(body, 0, next);
    } else {
        RAISE_RSP(body);
    }
    emit_stack_store(body, -8, site->address);
    /* A call stays 8 lower to its end; a jmp until the first lea, which begins at `branch`. */
    body->lower_to = (uint8_t)(call ? body->size : branch + 1);
    emit_far_jump(body, options->targets.smep_fault);
    return true;
}

bool
trampoline_build(const struct patch_options *options, const struct patch_site *site,
                 const struct insn *insn, struct body *body)
{
    uint64_t next = site->address + site->length;

    memset(body, 0, sizeof *body);
    switch (site->kind) {
    case PATCH_SYSCALL:
        EMIT(body, 0x41, 0xBB, 0x46, 0x02, 0, 0); /* mov r11d, 0x246 */
        EMIT(body, 0x48, 0xB9);                   /* mov rcx, next */
        emit64(body, next);
        emit_far_jump(body, options->targets.syscall_entry);
        return true;
    case PATCH_CR8_WRITE:
    case PATCH_CR8_READ:
        if (insn_rm(insn) == 4) {
            return false; /* rsp */
        }
        LOWER_RSP(body);
        body->lower_from = (uint8_t)body->size;
        if (site->kind == PATCH_CR8_WRITE) {
            emit_stack_move(body, 0x89, insn_rm(insn));
            emit_far_call(body, options->targets.cr8_write);
        } else {
            emit_far_call(body, options->targets.cr8_read);
            emit_stack_move(body, 0x8B, insn_rm(insn));
        }
        body->lower_to = (uint8_t)(body->size + 1);
        RAISE_RSP(body);
        emit_jump(body, next);
        return true;
    case PATCH_ATOMIC:
    case PATCH_MEMORY:
        return point_build(options, site, insn, body);
    case PATCH_PAUSE:
        if (options->targets.point != 0 && !options->turns) {
            return point_build(options, site, insn, body);
        }
        emit_far_call(body, options->targets.pause);
        emit_jump(body, next);
        return true;
    case PATCH_CALL:
    case PATCH_JUMP:
        return build_indirect(options, site, insn, body);
    default:
        return false;
    }
}

/* ---- pages ---- */

/* Index of the first page at or above an address. */
static size_t
page_index(const struct patch *patch, uint64_t address)
{
    size_t low = 0, high = patch->pages;

    while (low < high) {
        size_t middle = (low + high) / 2;

        if (patch->page[middle].address < address) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

static bool
is_free(const struct patch_page *page, unsigned offset, unsigned size)
{
    for (unsigned unit = offset / UNIT; unit <= (offset + size - 1) / UNIT; unit++) {
        if (page->used[unit / 64] >> (unit % 64) & 1) {
            return false;
        }
    }
    return true;
}

/* From `offset` on, what lies behind units that are used. */
static uint64_t
skip_used(const struct patch_page *page, uint64_t offset)
{
    uint64_t unit = offset / UNIT;

    while (unit < ABI_PAGE_SIZE / UNIT) {
        uint64_t unused = ~page->used[unit / 64] >> (unit % 64);

        if (unused != 0) {
            unit += (uint64_t)__builtin_ctzll(unused);
            return unit == offset / UNIT ? offset : unit * UNIT;
        }
        unit = (unit / 64 + 1) * 64;
    }
    return ABI_PAGE_SIZE;
}

/* Every displacement must fit from here. */
static bool
reaches(const struct body *body, uint64_t address)
{
    for (unsigned i = 0; i < body->relatives; i++) {
        int64_t distance = (int64_t)(body->relative[i].target - (address + body->relative[i].end));

        if (distance != (int32_t)distance) {
            return false;
        }
    }
    return true;
}

static uint64_t
find_space(const struct patch_page *page, const struct body *body, uint64_t low, uint64_t high)
{
    uint64_t offset = low > page->address ? low - page->address : 0;

    while ((offset = skip_used(page, offset)) + body->size <= ABI_PAGE_SIZE &&
           page->address + offset <= high) {
        if (is_free(page, (unsigned)offset, body->size) && reaches(body, page->address + offset)) {
            return page->address + offset;
        }
        offset = (offset + UNIT) & ~(uint64_t)(UNIT - 1);
    }
    return 0;
}

/* The caller of all this made room for one page and one trampoline for each site. */
static void
add_page(struct patch *patch, uint64_t address, uint8_t *alias)
{
    size_t index = page_index(patch, address);

    memmove(patch->page + index + 1, patch->page + index,
            (patch->pages - index) * sizeof *patch->page);
    patch->page[index] = (struct patch_page){.address = address, .alias = alias};
    patch->pages++;
}

static void
write_body(struct patch *patch, struct patch_page *page, const struct body *body, uint64_t address,
           uint64_t site)
{
    uint8_t *to = page->alias + (address - page->address);

    memcpy(to, body->bytes, body->size);
    for (unsigned i = 0; i < body->relatives; i++) {
        uint32_t distance =
            (uint32_t)(body->relative[i].target - (address + body->relative[i].end));

        memcpy(to + body->relative[i].at, &distance, 4);
    }
    for (unsigned unit = (unsigned)(address - page->address) / UNIT;
         unit <= (address - page->address + body->size - 1) / UNIT; unit++) {
        page->used[unit / 64] |= 1ull << (unit % 64);
    }
    patch->trampoline[patch->trampolines] =
        (struct patch_trampoline){.address = address,
                                  .site = site,
                                  .size = (uint8_t)body->size,
                                  .lower_from = body->lower_from,
                                  .lower_to = body->lower_to,
                                  .lower = body->lower != 0 ? body->lower : 8,
                                  .saved_from = body->saved_from,
                                  .saved_to = body->saved_to,
                                  .saves = body->saves};
    memcpy(patch->trampoline[patch->trampolines++].saved, body->saved, sizeof(body->saved));
}

static bool
in_image(const struct image *image, uint64_t page)
{
    return page + ABI_PAGE_SIZE > image->base && page < image->base + image->pe.size;
}

uint64_t
trampoline_place(struct patch *patch, const struct image *image,
                 const struct patch_options *options, const struct body *body, uint64_t site,
                 uint64_t low, uint64_t high, bool fresh)
{
    unsigned tries = 0;

    if (!fresh) {
        for (size_t i = page_index(patch, PAGE_DOWN(low));
             i < patch->pages && patch->page[i].address <= high; i++) {
            uint64_t address = find_space(&patch->page[i], body, low, high);

            if (address) {
                write_body(patch, &patch->page[i], body, address, site);
                return address;
            }
        }
        return 0;
    }
    for (uint64_t page = PAGE_DOWN(low); page <= high && tries < MAX_TRIES; page += ABI_PAGE_SIZE) {
        uint64_t start = low > page ? low : page, address;
        size_t index = page_index(patch, page);
        uint8_t *alias;

        if (in_image(image, page)) {
            page = PAGE_DOWN(image->base + image->pe.size - 1);
            continue;
        }
        if (page == 0 || start + body->size > page + ABI_PAGE_SIZE || !reaches(body, start) ||
            (index < patch->pages && patch->page[index].address == page)) {
            continue;
        }
        tries++;
        alias = options->page(options->ctx, page);
        if (!alias) {
            continue;
        }
        add_page(patch, page, alias);
        index = page_index(patch, page);
        address = find_space(&patch->page[index], body, low, high);
        if (address) {
            write_body(patch, &patch->page[index], body, address, site);
        }
        return address;
    }
    return 0;
}
