/*
 * point.c - trampolines of schedule points: what an instruction will touch, a call, then the instruction.
 *
 * The frame below the site's rsp, as nt/ke/point.c reads it:
 *     +0 scratch   +8 address   +16 number of a bit   +24 what   (+32 a register, of divided ones)
 * lea and mov change no flags. An operand relative to rsp gets its displacement raised by the frame.
 *
 * An instruction that reads, changes and writes without `lock` is divided, for another processor can
 * write in between: point; load into a register that it does not name; the instruction on that
 * register; point; store. The flags are those of the instruction.
 *
 * So is a movs, which reads into a buffer in the frame; a repeated string instruction comes to its point again for each piece, whose length
 * the kernel chooses (struct abi_point_string). No piece crosses a page, so where one faults nothing of it has been written.
 */
#include <stddef.h>
#include "abi/machine.h"
#include "host/image/access.h"
#include "host/image/internal.h"
#include "host/image/trampoline.h"

#define FRAME         32
#define FRAME_DIVIDED 48

#define FRAME_STRING  sizeof(struct abi_point_string)
#define STRING(field) ((uint8_t)offsetof(struct abi_point_string, field))

enum { RAX, RCX, RDX, RBX, RSP, RBP, RSI, RDI };

_Static_assert(FRAME_STRING < 256, "a byte says how much lower rsp is");

static bool
relative_to_rsp(const struct insn *insn)
{
    return (insn->modrm & 7) == 4 && (insn->sib & 7) == 4 && !(insn->rex & 1);
}

/*
 * `opcode reg, operand` with the operand of the site's instruction; rsp is `lower` below that of the
 * site. `wide` is the size of the register in bytes.
 */
static void
emit_with_operand(struct body *body, const struct patch_site *site, const struct insn *insn,
                  uint8_t opcode, unsigned reg, unsigned wide, unsigned lower)
{
    unsigned mod = insn->modrm >> 6, rm = insn->modrm & 7;
    bool through_rsp = relative_to_rsp(insn);
    int32_t disp = insn->disp;
    unsigned at;

    if (insn->address32) {
        EMIT(body, 0x67);
    }
    if (wide == 2) {
        EMIT(body, 0x66);
    }
    EMIT(body, (uint8_t)(0x40 | (wide == 8 ? 8 : 0) | (reg & 8 ? 4 : 0) | (insn->rex & 3)), opcode);
    if (through_rsp) {
        disp = (mod == 0 ? 0 : disp) + (int32_t)lower;
        mod = 2;
    }
    EMIT(body, (uint8_t)(mod << 6 | (reg & 7) << 3 | rm));
    if (rm == 4) {
        EMIT(body, insn->sib);
    }
    if (insn->rip_relative) {
        at = body->size;
        emit32(body, 0);
        add_relative(body, at, site->address + site->length + (uint64_t)(int64_t)insn->disp);
    } else if (mod == 1) {
        EMIT(body, (uint8_t)disp);
    } else if (mod == 2 || insn->disp_at != 0) {
        emit32(body, (uint32_t)disp);
    }
}

/* mov [rsp+offset], reg or mov reg, [rsp+offset] */
static void
emit_slot(struct body *body, uint8_t opcode, unsigned reg, uint8_t offset)
{
    EMIT(body, (uint8_t)(0x48 | (reg & 8 ? 4 : 0)), opcode, (uint8_t)(0x44 | (reg & 7) << 3), 0x24,
         offset);
}

static void
emit_move_rsp(struct body *body, int8_t by)
{
    EMIT(body, 0x48, 0x8D, 0x64, 0x24, (uint8_t)by); /* lea rsp, [rsp+by] */
}

static void
emit_what(struct body *body, uint32_t what)
{
    EMIT(body, 0xC7, 0x44, 0x24, 24); /* mov dword [rsp+24], what */
    emit32(body, what);
}

/* The address in register `pointer`, or of the instruction's operand (negative). */
static void
emit_address(struct body *body, const struct patch_site *site, const struct insn *insn, int pointer,
             unsigned frame)
{
    emit_slot(body, 0x89, RAX, 0);
    if (pointer >= 0) {
        emit_slot(body, 0x89, (unsigned)pointer, 8);
        return;
    }
    emit_with_operand(body, site, insn, 0x8D, RAX, 8, frame);
    if (insn->segment == 0x65) {
        EMIT(body, 0x48, 0x89, 0x44, 0x24, 8);    /* mov [rsp+8], rax */
        EMIT(body, 0xF3, 0x48, 0x0F, 0xAE, 0xC8); /* rdgsbase rax */
        EMIT(body, 0x48, 0x87, 0x4C, 0x24, 8);    /* xchg rcx, [rsp+8] */
        EMIT(body, 0x48, 0x8D, 0x04, 0x08);       /* lea rax, [rax+rcx] */
        EMIT(body, 0x48, 0x87, 0x4C, 0x24, 8);    /* xchg rcx, [rsp+8] */
    }
    emit_slot(body, 0x89, RAX, 8);
}

static void
emit_call(struct body *body, const struct patch_options *options, uint32_t what)
{
    emit_what(body, what);
    emit_far_call(body, options->targets.point);
}

/* The instruction itself, at the site's rsp. */
static void
emit_original(struct body *body, const struct patch_site *site, const struct insn *insn)
{
    unsigned start = body->size;

    emit(body, site->bytes, site->length);
    if (insn->rip_relative) {
        add_relative(body, start + insn->disp_at,
                     site->address + site->length + (uint64_t)(int64_t)insn->disp);
    }
}

/* The instruction with a register in place of its memory operand. */
static void
emit_on_register(struct body *body, const struct patch_site *site, const struct insn *insn,
                 unsigned reg)
{
    for (unsigned i = 0; i < insn->modrm_at; i++) {
        uint8_t byte = site->bytes[i];

        if (insn->rex && i + 1u == insn->prefixes) {
            byte &= 0xFC; /* X and B were the operand's */
        }
        EMIT(body, byte);
    }
    EMIT(body, (uint8_t)(0xC0 | (insn->modrm & 0x38) | reg));
    if (insn->imm_size != 0) {
        emit(body, site->bytes + insn->imm_at, insn->imm_size);
    }
}

static bool
build_divided(const struct patch_options *options, const struct patch_site *site,
              const struct insn *insn, const struct access *access, struct body *body)
{
    unsigned size = access->what & ABI_POINT_SIZE, reg = RSP;
    uint8_t narrow = size == 1 ? 0 : 1;

    for (unsigned i = RAX; i <= RBX; i++) {
        if (!(access->registers >> i & 1)) {
            reg = i;
            break;
        }
    }
    if (reg == RSP) {
        return false;
    }
    emit_move_rsp(body, -FRAME_DIVIDED);
    body->lower_from = (uint8_t)body->size;
    body->lower = FRAME_DIVIDED;
    emit_address(body, site, insn, -1, FRAME_DIVIDED);
    emit_slot(body, 0x8B, RAX, 0);
    emit_call(body, options, (access->what & ~(uint32_t)ABI_POINT_WRITES) | ABI_POINT_READS);
    emit_slot(body, 0x89, reg, 32);
    body->saved[body->saves++] = (struct patch_saved){(uint8_t)reg, 32};
    if (access->changes_rax || access->changes_reg) {
        unsigned other = access->changes_rax ? RAX : insn_reg(insn);

        emit_slot(body, 0x89, other, 40);
        body->saved[body->saves++] = (struct patch_saved){(uint8_t)other, 40};
    }
    body->saved_from = (uint8_t)body->size;
    emit_with_operand(body, site, insn, 0x8A | narrow, reg, size, FRAME_DIVIDED);
    emit_on_register(body, site, insn, reg);
    emit_call(body, options, (access->what & ~(uint32_t)ABI_POINT_READS) | ABI_POINT_WRITES);
    emit_with_operand(body, site, insn, 0x88 | narrow, reg, size, FRAME_DIVIDED);
    emit_slot(body, 0x8B, reg, 32);
    body->saved_to = (uint8_t)(body->size + 1);
    body->lower_to = (uint8_t)(body->size + 1);
    emit_move_rsp(body, FRAME_DIVIDED);
    emit_jump(body, site->address + site->length);
    return true;
}

static void
emit_move_rsp_far(struct body *body, int32_t by)
{
    EMIT(body, 0x48, 0x8D, 0xA4, 0x24); /* lea rsp, [rsp+by] */
    emit32(body, (uint32_t)by);
}

/* The instruction itself, as often as the piece is long. */
static void
emit_string(struct body *body, const struct insn *insn, const struct access *access)
{
    unsigned size = access->what & ABI_POINT_SIZE;

    if (access->what & ABI_POINT_REPEATED) {
        EMIT(body, 0xF3);
    }
    if (size == 2) {
        EMIT(body, 0x66);
    }
    if (size == 8) {
        EMIT(body, 0x48);
    }
    EMIT(body, insn->opcode);
}

/* rsi or rdi in place of the address that is not in memory of the guest's, at this half of a movs. */
static void
emit_buffer(struct body *body, unsigned reg)
{
    EMIT(body, 0x48, 0x8D, (uint8_t)(0x84 | reg << 3), 0x24); /* lea reg, [rsp+middle] */
    emit32(body, STRING(buffer) + ABI_POINT_PIECE);
}

static void
emit_save(struct body *body, unsigned reg, uint8_t offset)
{
    emit_slot(body, 0x89, reg, offset);
    body->saved[body->saves++] = (struct patch_saved){(uint8_t)reg, offset};
}

static void
emit_string_point(struct body *body, const struct patch_options *options, unsigned pointer,
                  uint32_t what)
{
    emit_slot(body, 0x89, pointer, 8);
    emit_call(body, options, what);
}

/*
 *   again: point; rcx = count; movs from [rsi] to the buffer; rsi, rdi as before; point; movs from the buffer to [rdi]; rcx = left; again
 * stos and lods have no second half. The kernel takes rcx at the second point for the length of the piece.
 */
static void
build_string(const struct patch_options *options, const struct patch_site *site,
             const struct insn *insn, const struct access *access, struct body *body)
{
    bool repeated = (access->what & ABI_POINT_REPEATED) != 0, moves = access->second != 0;
    unsigned again;

    emit_move_rsp_far(body, -(int32_t)FRAME_STRING);
    body->lower_from = (uint8_t)body->size;
    body->lower = FRAME_STRING;
    again = body->size;
    emit_string_point(body, options, access->what & ABI_POINT_READS ? RSI : RDI,
                      access->what | ABI_POINT_STRING);
    emit_save(body, RSI, STRING(rsi));
    emit_save(body, RDI, STRING(rdi));
    if (repeated) {
        emit_save(body, RCX, STRING(rcx));
        emit_slot(body, 0x8B, RCX, STRING(count));
    }
    body->saved_from = (uint8_t)body->size;
    if (moves) {
        emit_buffer(body, RDI);
        emit_string(body, insn, access);
        emit_slot(body, 0x89, RSI, STRING(source));
        emit_slot(body, 0x8B, RSI, STRING(rsi));
        emit_slot(body, 0x8B, RDI, STRING(rdi));
        if (repeated) {
            emit_slot(body, 0x8B, RCX, STRING(count));
        }
        emit_string_point(body, options, RDI, access->second);
        emit_buffer(body, RSI);
    }
    emit_string(body, insn, access);
    body->saved_to = (uint8_t)(body->size + 1);
    if (moves) {
        emit_slot(body, 0x8B, RSI, STRING(source));
    }
    if (repeated) {
        emit_slot(body, 0x8B, RCX, STRING(left));
        EMIT(body, 0xE3, 5, 0xE9); /* jrcxz behind; jmp again */
        emit32(body, again - (body->size + 4));
    }
    body->lower_to = (uint8_t)(body->size + 1);
    emit_move_rsp_far(body, FRAME_STRING);
    emit_jump(body, site->address + site->length);
}

/*
 * Instead of a schedule point each time: count down, and only whoever comes to 0 goes on to the call. What is emitted
 * jumps over all that until skip_call. lea and mov change no flags, and neither does jrcxz.
 *
 *     mov [rsp+8], rcx; mov rcx, [left]; lea rcx, [rcx-1]; mov [left], rcx; jrcxz slow
 *     mov rcx, [rsp+8]; jmp skip
 *   slow: mov rcx, [rsp+8]
 */
static unsigned
emit_count(struct body *body)
{
    const uint32_t left = (uint32_t)(ABI_TURN + offsetof(struct abi_turn, left));
    unsigned jump;

    emit_slot(body, 0x89, RCX, 8);
    EMIT(body, 0x48, 0x8B, 0x0C, 0x25);
    emit32(body, left);
    EMIT(body, 0x48, 0x8D, 0x49, 0xFF);
    EMIT(body, 0x48, 0x89, 0x0C, 0x25);
    emit32(body, left);
    EMIT(body, 0xE3, 7);
    emit_slot(body, 0x8B, RCX, 8);
    EMIT(body, 0xEB, 0);
    jump = body->size - 1;
    emit_slot(body, 0x8B, RCX, 8);
    return jump;
}

static void
skip_call(struct body *body, unsigned jump)
{
    body->bytes[jump] = (uint8_t)(body->size - jump - 1);
}

bool
point_build(const struct patch_options *options, const struct patch_site *site,
            const struct insn *insn, struct body *body)
{
    uint64_t next = site->address + site->length;
    struct access access = {.what = ABI_POINT_PAUSE};
    unsigned jump = 0;

    memset(body, 0, sizeof *body);
    if (site->kind != PATCH_PAUSE && !access_of(site->bytes, site->length, insn, &access)) {
        return false;
    }
    if ((access.what & ABI_POINT_BIT) && access.bit == RSP) {
        return false;
    }
    if (access.divisible && build_divided(options, site, insn, &access, body)) {
        return true;
    }
    memset(body, 0, sizeof *body);
    body->whole = access.whole;
    if (access.implied && options->pieces) {
        build_string(options, site, insn, &access, body);
        return true;
    }
    emit_move_rsp(body, -FRAME);
    body->lower_from = (uint8_t)body->size;
    body->lower = FRAME;
    if (options->turns) {
        jump = emit_count(body);
    }
    if (site->kind == PATCH_PAUSE) {
        emit_slot(body, 0x89, RAX, 0);
    } else if (access.implied) {
        emit_address(body, site, insn, access.what & ABI_POINT_READS ? 6 : 7, FRAME);
    } else {
        emit_address(body, site, insn, -1, FRAME);
    }
    if (access.what & ABI_POINT_BIT) {
        if (access.bit == RAX) {
            emit_slot(body, 0x8B, RAX, 0);
        }
        emit_slot(body, 0x89, access.bit, 16);
    }
    emit_slot(body, 0x8B, RAX, 0);
    emit_call(body, options, access.what);
    if (access.second != 0) {
        emit_address(body, site, insn, 7, FRAME);
        emit_call(body, options, access.second);
    }
    if (options->turns) {
        skip_call(body, jump);
    }
    body->lower_to = (uint8_t)(body->size + 1);
    emit_move_rsp(body, FRAME);
    if (site->kind != PATCH_PAUSE) {
        emit_original(body, site, insn);
    }
    emit_jump(body, next);
    return true;
}
