/*
 * place.c - where an image goes.
 *
 * That follows from its name, not from the order of loads: two loads that swap get the same
 * addresses. System images have a window of 4 GiB each, with the image in the middle so that
 * trampolines can lie on both sides; user images have slots in their slice.
 *
 *     system  ABI_IMAGE_BASE + window * ABI_IMAGE_WINDOW + 2 GiB; ntoskrnl.exe is window 0
 *     user    slice + ABI_USER_IMAGE_FIRST + slot * ABI_USER_IMAGE_SLOT
 *
 * Names that hash to the same place move on to the next: then, and only then, the order counts.
 */
#include "host/machine/loaded.h"

#define WINDOW_MIDDLE (ABI_IMAGE_WINDOW / 2)

static uint32_t
name_hash(const char *name)
{
    uint32_t hash = 2166136261u;

    for (; *name != 0; name++) {
        uint8_t c = (uint8_t)*name;

        hash = (hash ^ (c >= 'A' && c <= 'Z' ? c + 32 : c)) * 16777619u;
    }
    return hash;
}

static bool
window_taken(uint64_t window)
{
    for (size_t i = 0; i < loaded_count; i++) {
        if (loaded[i]->slice == 0 && loaded[i]->window == window) {
            return true;
        }
    }
    return false;
}

/* Chooses base and window of a system image. */
uint64_t
loaded_place_system(struct loaded *image, const char *name)
{
    uint64_t window = 0;

    if (!image_is_kernel_alias(name)) {
        window = 1 + name_hash(name) % (THUNK_WINDOW - 1);
        for (int tries = 0; window_taken(window) && tries < ABI_IMAGE_WINDOWS; tries++) {
            window = window + 1 < THUNK_WINDOW ? window + 1 : 1;
        }
    }
    if (window_taken(window)) {
        return 0;
    }
    image->window = window;
    return ABI_IMAGE_BASE + window * ABI_IMAGE_WINDOW + WINDOW_MIDDLE;
}

uint64_t
loaded_place_user(struct loaded *image, const struct pe *pe, const char *name)
{
    uint64_t slots = (pe->size + ABI_USER_IMAGE_SLOT - 1) / ABI_USER_IMAGE_SLOT;
    uint64_t start = name_hash(name) % ABI_USER_IMAGE_SLOTS, base;

    if (!pe->relocatable) {
        base = pe->preferred;
        if (base >= ABI_SLICE_SIZE || !space_is_free(base, pe->size) ||
            (machine.low_owner != 0 && machine.low_owner != image->slice)) {
            return 0;
        }
        image->end = base + pe->size;
        return base;
    }
    for (uint64_t i = 0; i < ABI_USER_IMAGE_SLOTS; i++) {
        uint64_t slot = (start + i) % ABI_USER_IMAGE_SLOTS;

        base = image->slice * ABI_SLICE_SIZE + ABI_USER_IMAGE_FIRST + slot * ABI_USER_IMAGE_SLOT;
        if (slot + slots <= ABI_USER_IMAGE_SLOTS &&
            space_is_free(base, slots * ABI_USER_IMAGE_SLOT)) {
            image->window = slot;
            image->end = base + slots * ABI_USER_IMAGE_SLOT;
            return base;
        }
    }
    return 0;
}
