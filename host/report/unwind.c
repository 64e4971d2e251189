/*
 * unwind.c - the stack of a run that the kernel could not tell about: it loops, or the host stopped
 * it.
 *
 * The kernel walks its own stacks (nt/ke/report.c); this is for where it had no say. Unwind data
 * come from the images' files, the stack from the memory that the run has left. All of it may be
 * nonsense (R1): each step must move the stack pointer up, and there is a most.
 *
 * Facts: Microsoft, "x64 exception handling". Epilogues are not looked for, but for the last `ret`:
 * a run that is stopped there may lack its caller's frame.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "host/image/image.h"
#include "host/report/report.h"

#define MAX_STEPS 64

enum {
    PUSH_NONVOL,
    ALLOC_LARGE,
    ALLOC_SMALL,
    SET_FPREG,
    SAVE_NONVOL,
    SAVE_NONVOL_FAR,
    EPILOG,
    SPARE,
    SAVE_XMM,
    SAVE_XMM_FAR,
    PUSH_MACHFRAME
};

struct walk {
    const struct report *report;
    const struct kept_memory *kept; /* goes before the memory at the run's end; NULL */
    struct pe *pe;
    uint64_t rip, gpr[16]; /* in the order of encoding: rax rcx rdx rbx rsp rbp rsi rdi r8.. */
    bool lost;
};

static uint64_t
peek(struct walk *walk, uint64_t address)
{
    const struct kept_memory *kept = walk->kept;
    uint64_t value = 0;

    if (kept != NULL && address >= kept->address &&
        address + sizeof(value) <= kept->address + kept->size) {
        memcpy(&value, kept->bytes + (address - kept->address), sizeof(value));
        return value;
    }
    if (!(ABI_IS_USER(address) || ABI_IS_SYSTEM(address)) ||
        pread(walk->report->result->memory, &value, sizeof(value), (off_t)address) !=
            (ssize_t)sizeof(value)) {
        walk->lost = true;
    }
    return value;
}

static const struct run_image *
parse_at(struct walk *walk)
{
    for (size_t i = walk->report->result->images; i-- > 0;) {
        const struct run_image *image = &walk->report->result->image[i];
        const struct run_file *file;
        struct image_error error;

        if (walk->rip - image->base >= image->size) {
            continue;
        }
        file = place_file(walk->report, image);
        return file != NULL && image_parse(file->data, file->size, walk->pe, &error) == 0 ? image
                                                                                          : NULL;
    }
    return NULL;
}

/* Undoes the prologue as far as it has run. True: a machine frame gave rip and rsp. */
static bool
undo(struct walk *walk, uint32_t unwind, uint32_t offset, int depth)
{
    uint8_t head[4], code[512];
    unsigned frame_register;
    uint64_t base = walk->gpr[4];

    if (depth > 8 || !pe_read(walk->pe, unwind, head, 4) ||
        !pe_read(walk->pe, unwind + 4, code, head[2] * 2u)) {
        walk->lost = true;
        return false;
    }
    frame_register = head[3] & 15;
    if (frame_register != 0) {
        base = walk->gpr[frame_register] - (head[3] >> 4) * 16u;
    }
    for (unsigned i = 0; i < head[2];) {
        const uint8_t *at = code + 2 * i;
        unsigned operation = at[1] & 15, info = at[1] >> 4;
        bool done = at[0] <= offset;
        uint64_t large = 0;

        if ((operation == ALLOC_LARGE && info == 0) || operation == SAVE_NONVOL ||
            operation == SAVE_XMM) {
            large = i + 1 < head[2] ? at[2] | at[3] << 8 : 0;
        } else if (operation == ALLOC_LARGE || operation == SAVE_NONVOL_FAR ||
                   operation == SAVE_XMM_FAR) {
            large = i + 2 < head[2] ? at[2] | at[3] << 8 | at[4] << 16 | (uint64_t)at[5] << 24 : 0;
        }
        switch (operation) {
        case PUSH_NONVOL:
            if (done) {
                walk->gpr[info] = peek(walk, walk->gpr[4]);
                walk->gpr[4] += 8;
            }
            i += 1;
            break;
        case ALLOC_LARGE:
            walk->gpr[4] += done ? (info == 0 ? large * 8 : large) : 0;
            i += info == 0 ? 2 : 3;
            break;
        case ALLOC_SMALL:
            walk->gpr[4] += done ? info * 8u + 8u : 0;
            i += 1;
            break;
        case SET_FPREG:
            walk->gpr[4] = done ? base : walk->gpr[4];
            i += 1;
            break;
        case SAVE_NONVOL:
        case SAVE_NONVOL_FAR:
            if (done) {
                walk->gpr[info] = peek(walk, base + (operation == SAVE_NONVOL ? large * 8 : large));
            }
            i += operation == SAVE_NONVOL ? 2 : 3;
            break;
        case PUSH_MACHFRAME:
            base = walk->gpr[4] + (info ? 8 : 0);
            walk->rip = peek(walk, base);
            walk->gpr[4] = peek(walk, base + 24);
            return true;
        default:
            i += operation == SAVE_XMM ? 2 : operation == SAVE_XMM_FAR ? 3 : 1;
        }
    }
    if (head[0] >> 3 & 4) {
        uint32_t chained[3];

        if (!pe_read(walk->pe, unwind + 4 + (head[2] + 1u) / 2 * 4, chained, sizeof(chained))) {
            walk->lost = true;
            return false;
        }
        return undo(walk, chained[2], ~0u, depth + 1);
    }
    return false;
}

static bool
step(struct walk *walk)
{
    const struct run_image *image = parse_at(walk);
    uint64_t before = walk->gpr[4];
    struct pe_function function;
    uint8_t instruction = 0;
    uint32_t rva;

    if (image == NULL) {
        return false;
    }
    rva = (uint32_t)(walk->rip - image->base);
    pe_read(walk->pe, rva, &instruction, 1);
    if (instruction != 0xC3 && pe_function_find(walk->pe, rva, &function) &&
        undo(walk, function.unwind, rva - function.begin, 0)) {
        return !walk->lost;
    }
    walk->rip = peek(walk, walk->gpr[4]);
    walk->gpr[4] += 8;
    return !walk->lost && walk->gpr[4] > before && walk->rip != 0;
}

static void
add_frame(struct report *report, struct thread *thread, const struct walk *walk, bool is_return)
{
    struct frame *frame;

    thread->frame = report_grow(thread->frame, &thread->frames, sizeof(*frame));
    frame = &thread->frame[thread->frames - 1];
    frame->rip = walk->rip;
    frame->rsp = walk->gpr[4];
    frame->place = place_of(report, frame->rip, is_return);
    thread->in_driver = thread->in_driver || frame->place->origin == ORIGIN_DRIVER;
}

/* The last frame of the thread is a user's, or in an image that is gone: goes on from there. */
void
unwind_user(struct report *report, struct thread *thread, const uint64_t gpr[16],
            const struct kept_memory *kept)
{
    struct walk walk = {.report = report, .kept = kept, .pe = calloc(1, sizeof(*walk.pe))};
    bool user;

    if (walk.pe != NULL && thread->frames != 0 && report->result->memory >= 0) {
        memcpy(walk.gpr, gpr, sizeof(walk.gpr));
        walk.rip = thread->frame[thread->frames - 1].rip;
        walk.gpr[4] = thread->frame[thread->frames - 1].rsp;
        user = ABI_IS_USER(walk.rip);
        for (int i = 0; i < MAX_STEPS && step(&walk) &&
                        (!user || (ABI_IS_USER(walk.rip) && ABI_IS_USER(walk.gpr[4])));
             i++) {
            if (place_of(report, walk.rip, true)->image == NULL) {
                break;
            }
            add_frame(report, thread, &walk, true);
        }
    }
    free(walk.pe);
}

void
unwind_from(struct report *report, struct thread *thread, uint64_t rip, const uint64_t gpr[16])
{
    struct walk walk = {.report = report, .pe = calloc(1, sizeof(*walk.pe)), .rip = rip};

    memcpy(walk.gpr, gpr, sizeof(walk.gpr));
    for (int i = 0; walk.pe != NULL && i < MAX_STEPS; i++) {
        if (i != 0 && place_of(report, walk.rip, true)->image == NULL) {
            break;
        }
        add_frame(report, thread, &walk, i != 0);
        if (!step(&walk)) {
            break;
        }
    }
    free(walk.pe);
}

/* Makes thread 0 of a report that has none, from the registers that the machine has left. */
void
unwind_result(struct report *report)
{
    const struct abi_trap *r = &report->result->registers;
    struct walk walk = {.report = report,
                        .rip = r->original_rip ? r->original_rip : r->rip,
                        .gpr = {r->rax, r->rcx, r->rdx, r->rbx, r->rsp, r->rbp, r->rsi, r->rdi,
                                r->r8, r->r9, r->r10, r->r11, r->r12, r->r13, r->r14, r->r15}};
    struct thread *thread;

    if (report->threads != 0 || walk.rip == 0 || report->result->memory < 0) {
        return;
    }
    walk.pe = calloc(1, sizeof(*walk.pe));
    if (walk.pe == NULL) {
        return;
    }
    report->thread = report_grow(report->thread, &report->threads, sizeof(*thread));
    thread = &report->thread[0];
    thread->bare = true;
    thread->current = 1;
    thread->cpu = report->result->cpu;
    thread->irql = report->result->irql;
    snprintf(thread->state, sizeof(thread->state), "running");
    for (int i = 0; i < MAX_STEPS; i++) {
        if (ABI_IS_SYSTEM(walk.rip) && place_of(report, walk.rip, i != 0)->image == NULL &&
            i == 0) {
            /* A thunk of a missing import: its caller is at rsp. */
            walk.rip = peek(&walk, walk.gpr[4]);
            walk.gpr[4] += 8;
            if (walk.lost) {
                break;
            }
        }
        add_frame(report, thread, &walk, i != 0);
        if ((ABI_IS_USER(walk.rip) && report->result->mode == ABI_KERNEL_MODE) || !step(&walk)) {
            break;
        }
    }
    free(walk.pe);
}
