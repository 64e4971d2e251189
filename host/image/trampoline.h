/* trampoline.h - private to host/image: pages and bodies of trampolines. */
#ifndef HOST_IMAGE_TRAMPOLINE_H
#define HOST_IMAGE_TRAMPOLINE_H

#include "host/image/insn.h"
#include "host/image/patch.h"

#define TRAMPOLINE_MAX 160

/* A body before it has a place: bytes, and what depends on the place. */
struct body {
    uint8_t bytes[TRAMPOLINE_MAX];
    unsigned size;
    uint8_t lower_from, lower_to;
    struct {
        uint8_t at;  /* of a 32-bit displacement ... */
        uint8_t end; /* ... counted from here */
        uint64_t target;
    } relative[4];
    unsigned relatives;
};

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
