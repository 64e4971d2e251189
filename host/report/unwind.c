/*
 * unwind.c - the stack of a run that the kernel could not tell about: it loops, or the host stopped
 * it.
 *
 * The kernel walks its own stacks (nt/ke/report.c); this is for where it had no say. Unwind data
 * come from the images' files (host/image/unwind.c), the stack from the memory that the run has left. All of it may be
 * nonsense (R1), and there is a most of steps.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "host/image/image.h"
#include "host/report/report.h"

#define MAX_STEPS 64

struct walk {
    struct pe_unwind at; /* first: peek() */
    const struct report *report;
    const struct kept_memory *kept; /* goes before the memory at the run's end; NULL */
    struct pe *pe;
};

static uint64_t
peek(struct pe_unwind *at, uint64_t address)
{
    struct walk *walk = (struct walk *)at;
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
        walk->at.lost = true;
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

        if (walk->at.rip - image->base >= image->size) {
            continue;
        }
        file = place_file(walk->report, image);
        return file != NULL && image_parse(file->data, file->size, walk->pe, &error) == 0 ? image
                                                                                          : NULL;
    }
    return NULL;
}

static bool
step(struct walk *walk)
{
    const struct run_image *image = parse_at(walk);

    return image != NULL && pe_unwind(walk->pe, (uint32_t)(walk->at.rip - image->base), &walk->at);
}

static void
add_frame(struct report *report, struct thread *thread, const struct walk *walk, bool is_return)
{
    struct frame *frame;

    thread->frame = report_grow(thread->frame, &thread->frames, sizeof(*frame));
    frame = &thread->frame[thread->frames - 1];
    frame->rip = walk->at.rip;
    frame->rsp = walk->at.gpr[4];
    frame->place = place_of(report, frame->rip, is_return);
    thread->in_driver = thread->in_driver || frame->place->origin == ORIGIN_DRIVER;
}

/* The last frame of the thread is a user's, or in an image that is gone: goes on from there. */
void
unwind_user(struct report *report, struct thread *thread, const uint64_t gpr[16],
            const struct kept_memory *kept)
{
    struct walk walk = {
        .at.peek = peek, .report = report, .kept = kept, .pe = calloc(1, sizeof(*walk.pe))};
    bool user;

    if (walk.pe != NULL && thread->frames != 0 && report->result->memory >= 0) {
        memcpy(walk.at.gpr, gpr, sizeof(walk.at.gpr));
        walk.at.rip = thread->frame[thread->frames - 1].rip;
        walk.at.gpr[4] = thread->frame[thread->frames - 1].rsp;
        user = ABI_IS_USER(walk.at.rip);
        for (int i = 0; i < MAX_STEPS && step(&walk) &&
                        (!user || (ABI_IS_USER(walk.at.rip) && ABI_IS_USER(walk.at.gpr[4])));
             i++) {
            if (place_of(report, walk.at.rip, true)->image == NULL) {
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
    struct walk walk = {
        .at = {.rip = rip, .peek = peek}, .report = report, .pe = calloc(1, sizeof(*walk.pe))};

    memcpy(walk.at.gpr, gpr, sizeof(walk.at.gpr));
    for (int i = 0; walk.pe != NULL && i < MAX_STEPS; i++) {
        if (i != 0 && place_of(report, walk.at.rip, true)->image == NULL) {
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
    struct walk walk = {.at = {.rip = r->original_rip ? r->original_rip : r->rip, .peek = peek},
                        .report = report};
    struct thread *thread;

    memcpy(walk.at.gpr, r, sizeof(walk.at.gpr)); /* they come first, in that order */
    if (report->threads != 0 || walk.at.rip == 0 || report->result->memory < 0) {
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
        if (ABI_IS_SYSTEM(walk.at.rip) && place_of(report, walk.at.rip, i != 0)->image == NULL &&
            i == 0) {
            /* A thunk of a missing import: its caller is at rsp. */
            walk.at.rip = peek(&walk.at, walk.at.gpr[4]);
            walk.at.gpr[4] += 8;
            if (walk.at.lost) {
                break;
            }
        }
        add_frame(report, thread, &walk, i != 0);
        if ((ABI_IS_USER(walk.at.rip) && report->result->mode == ABI_KERNEL_MODE) || !step(&walk)) {
            break;
        }
    }
    free(walk.pe);
}
