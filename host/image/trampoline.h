/* trampoline.h - private to host/image: pages and bodies of trampolines. */
#ifndef HOST_IMAGE_TRAMPOLINE_H
#define HOST_IMAGE_TRAMPOLINE_H

#include <string.h>
#include "host/image/insn.h"
#include "host/image/patch.h"

#define TRAMPOLINE_MAX 240

/* A body before it has a place: bytes, and what depends on the place. */
struct body {
    uint8_t bytes[TRAMPOLINE_MAX];
    unsigned size;
    uint8_t lower_from, lower_to, lower;
    uint8_t saved_from, saved_to, saves;
    struct patch_saved saved[PATCH_SAVED];
    bool whole; /* it reads and writes in one step, though it is not atomic */
    struct {
        uint8_t at;  /* of a 32-bit displacement ... */
        uint8_t end; /* ... counted from here */
        uint64_t target;
    } relative[8];
    unsigned relatives;
};

static inline void
emit(struct body *body, const void *bytes, unsigned size)
{
    memcpy(body->bytes + body->size, bytes, size);
    body->size += size;
}

#define EMIT(body, ...)                                                                            \
    emit(body, (const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__}))

static inline void
emit32(struct body *body, uint32_t value)
{
    emit(body, &value, 4);
}

static inline void
emit64(struct body *body, uint64_t value)
{
    emit(body, &value, 8);
}

/* A 32-bit displacement at `at` of the instruction that ends at the current size. */
static inline void
add_relative(struct body *body, unsigned at, uint64_t target)
{
    body->relative[body->relatives].at = (uint8_t)at;
    body->relative[body->relatives].end = (uint8_t)body->size;
    body->relative[body->relatives].target = target;
    body->relatives++;
}

/* jmp rel32 */
static inline void
emit_jump(struct body *body, uint64_t target)
{
    EMIT(body, 0xE9, 0, 0, 0, 0);
    add_relative(body, body->size - 4, target);
}

/* call [rip+2]; jmp over the pointer */
static inline void
emit_far_call(struct body *body, uint64_t target)
{
    EMIT(body, 0xFF, 0x15, 2, 0, 0, 0, 0xEB, 8);
    emit64(body, target);
}

/* point.c: of a schedule point. */
bool point_build(const struct patch_options *options, const struct patch_site *site,
                 const struct insn *insn, struct body *body);

/* False where this operand cannot be handled in a trampoline. */
bool trampoline_build(const struct patch_options *options, const struct patch_site *site,
                      const struct insn *insn, struct body *body);

/*
 * Puts the body into a trampoline page at a guest address within [low, high], making a new page if
 * `fresh`. Returns the address, or 0.
 */
uint64_t trampoline_place(struct patch *patch, const struct image *image,
                          const struct patch_options *options, const struct body *body,
                          uint64_t site, uint64_t low, uint64_t high, bool fresh);

#endif
