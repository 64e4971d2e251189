/*
 * frames.c - what an agent has on its stack.
 */
#include "host/explore/frames.h"
#include "host/machine/machine.h"

#define PART       1024
#define MOST       0x10000 /* bytes of frames */
#define FREE       4096    /* below them */
#define HOME_WORDS 4       /* above rsp at a call, which are the callee's */

static uint64_t
mix_stack(uint64_t hash, uint64_t from, uint64_t to)
{
    uint64_t part[PART / 8];

    for (; from < to; from += sizeof(part)) {
        size_t size = to - from < sizeof(part) ? to - from : sizeof(part);

        hash = mix(hash, part, space_read(from, part, size));
    }
    return hash;
}

uint64_t
frames_look(struct frames *frames, const struct abi_trap *registers, bool call, uint64_t hash)
{
    uint64_t from = registers->rsp, to = call ? registers->r11 : 0, stack[PART / 8] = {0};
    size_t words = 0;
    uint32_t lower;

    images_origin(registers->rip, &lower);
    from += lower;
    if (to == 0) {
        to = images_frames_end(registers);
    }
    frames->end = to - from <= MOST ? to : 0;
    frames->from = from + (call ? HOME_WORDS * 8 : 0);
    if (frames->end != 0) {
        frames->hash = mix_stack(0, frames->from, to);
        return mix(hash, &frames->hash, sizeof(frames->hash));
    }
    /* Up to the return to the kernel, beyond which lies what that left there. */
    space_read(from, stack, sizeof(stack));
    while (words < PART / 8 && stack[words] - ABI_IMAGE_BASE >= ABI_IMAGE_WINDOW) {
        words++;
    }
    return mix(hash, stack, words * 8);
}

bool
frames_hold(const struct frames *frames, uint64_t address)
{
    return frames->end != 0 && address >= frames->from - FREE && address < frames->end;
}

bool
frames_are_same(const struct frames *frames)
{
    return frames->end == 0 || mix_stack(0, frames->from, frames->end) == frames->hash;
}
