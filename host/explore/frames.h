/*
 * frames.h - what an agent has on its stack: the frames of its driver or client. They are part of the state by which a loop is known (spin.c).
 */
#ifndef HOST_EXPLORE_FRAMES_H
#define HOST_EXPLORE_FRAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "abi/machine.h"

struct frames {
    uint64_t from, end; /* end 0: nobody describes them */
    uint64_t hash;      /* of what was there */
};

/* The hash of words behind those that came to `hash`; `size` in bytes. */
static inline uint64_t
mix(uint64_t hash, const void *data, size_t size)
{
    const uint64_t *word = data;

    for (size_t i = 0; i < size / 8; i++) {
        hash = (hash ^ word[i]) * 0x9E3779B97F4A7C15ull;
        hash ^= hash >> 29;
    }
    return hash;
}

/* Looks at the frames of who has these registers; `call`: at a call of the kernel. `hash` with what is there. */
uint64_t frames_look(struct frames *frames, const struct abi_trap *registers, bool call,
                     uint64_t hash);
/* Does this lie in them? Or below them, where what it calls has its own: free where it stands again. */
bool frames_hold(const struct frames *frames, uint64_t address);
/* Nobody else has written to them: what others wait for may be a local variable. */
bool frames_are_same(const struct frames *frames);

#endif
