/*
 * code.c - the instruction at an address, as the image's file has it: what runs may have been
 * patched.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <Zydis/Zydis.h>
#include "host/image/image.h"
#include "host/report/report.h"

static size_t
from_file(const struct report *report, uint64_t rip, uint8_t *bytes, size_t size)
{
    struct pe *pe = calloc(1, sizeof(*pe));
    struct image_error error;
    size_t got = 0;

    for (size_t i = report->result->images; pe != NULL && i-- > 0;) {
        const struct run_image *image = &report->result->image[i];
        const struct run_file *file;

        if (rip - image->base >= image->size) {
            continue;
        }
        file = place_file(report, image);
        if (file != NULL && image_parse(file->data, file->size, pe, &error) == 0) {
            while (got < size && pe_read(pe, (uint32_t)(rip - image->base + got), bytes + got, 1)) {
                got++;
            }
        }
        break;
    }
    free(pe);
    return got;
}

static uint64_t
register_value(const struct registers *r, ZydisRegister name, uint64_t next)
{
    const uint64_t values[16] = {r->rax, r->rcx, r->rdx, r->rbx, r->rsp, r->rbp, r->rsi, r->rdi,
                                 r->r8,  r->r9,  r->r10, r->r11, r->r12, r->r13, r->r14, r->r15};
    ZydisRegister whole = ZydisRegisterGetLargestEnclosing(ZYDIS_MACHINE_MODE_LONG_64, name);

    if (name == ZYDIS_REGISTER_RIP) {
        return next;
    }
    if (whole >= ZYDIS_REGISTER_RAX && whole <= ZYDIS_REGISTER_R15) {
        return values[whole - ZYDIS_REGISTER_RAX];
    }
    return 0;
}

static void
memory_operand(const struct report *report, uint64_t rip,
               const ZydisDecodedInstruction *instruction, const ZydisDecodedOperand *operands,
               struct code_line *out)
{
    for (int i = 0; i < instruction->operand_count; i++) {
        const ZydisDecodedOperand *operand = &operands[i];
        uint64_t next = rip + instruction->length, address;

        if (operand->type != ZYDIS_OPERAND_TYPE_MEMORY ||
            operand->mem.type != ZYDIS_MEMOP_TYPE_MEM ||
            operand->visibility != ZYDIS_OPERAND_VISIBILITY_EXPLICIT) {
            continue;
        }
        address =
            register_value(&report->registers, operand->mem.base, next) +
            register_value(&report->registers, operand->mem.index, next) * operand->mem.scale +
            (operand->mem.disp.has_displacement ? (uint64_t)operand->mem.disp.value : 0);
        if (operand->mem.segment == ZYDIS_REGISTER_GS ||
            operand->mem.segment == ZYDIS_REGISTER_FS) {
            snprintf(out->operand, sizeof(out->operand), "gs:[%lx]", address);
            return;
        }
        out->has_target = true;
        out->target = address;
        out->is_write = (operand->actions & ZYDIS_OPERAND_ACTION_MASK_WRITE) != 0;
        snprintf(out->operand, sizeof(out->operand), "ds:%016lx", address);
        return;
    }
}

bool
code_at(const struct report *report, uint64_t rip, struct code_line *out)
{
    ZydisDecodedOperand operands[ZYDIS_MAX_OPERAND_COUNT];
    ZydisDecodedInstruction instruction;
    ZydisFormatter formatter;
    ZydisDecoder decoder;
    size_t got;

    memset(out, 0, sizeof(*out));
    got = from_file(report, rip, out->bytes, 15);
    if (got == 0 && report->result->memory >= 0 && (ABI_IS_USER(rip) || ABI_IS_SYSTEM(rip))) {
        /* Code that some driver has made itself: the memory that the run has left. */
        ssize_t have = pread(report->result->memory, out->bytes, 15, (off_t)rip);

        got = have > 0 ? (size_t)have : 0;
        for (size_t i = 0, zeros = 0; i < got; i++) {
            zeros += out->bytes[i] == 0;
            if (zeros == got) {
                return false; /* nothing was ever there */
            }
        }
    }
    ZydisDecoderInit(&decoder, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64);
    if (got == 0 ||
        ZYAN_FAILED(ZydisDecoderDecodeFull(&decoder, out->bytes, got, &instruction, operands))) {
        return false;
    }
    out->length = instruction.length;
    out->is_call = instruction.meta.category == ZYDIS_CATEGORY_CALL;
    ZydisFormatterInit(&formatter, ZYDIS_FORMATTER_STYLE_INTEL);
    ZydisFormatterSetProperty(&formatter, ZYDIS_FORMATTER_PROP_FORCE_SIZE, ZYAN_TRUE);
    ZydisFormatterSetProperty(&formatter, ZYDIS_FORMATTER_PROP_ADDR_PADDING_ABSOLUTE,
                              ZYDIS_PADDING_DISABLED);
    ZydisFormatterSetProperty(&formatter, ZYDIS_FORMATTER_PROP_DISP_PADDING,
                              ZYDIS_PADDING_DISABLED);
    ZydisFormatterSetProperty(&formatter, ZYDIS_FORMATTER_PROP_IMM_PADDING, ZYDIS_PADDING_DISABLED);
    if (ZYAN_FAILED(ZydisFormatterFormatInstruction(&formatter, &instruction, operands,
                                                    instruction.operand_count_visible, out->text,
                                                    sizeof(out->text), rip, NULL))) {
        return false;
    }
    memory_operand(report, rip, &instruction, operands, out);
    return true;
}
