/*
 * loaded.h - an image in guest memory, as images.c, place.c and thunk.c share it.
 */
#ifndef HOST_MACHINE_LOADED_H
#define HOST_MACHINE_LOADED_H

#include "host/image/image.h"
#include "host/image/patch.h"
#include "host/machine/machine.h"

#define MAX_LOADED   1024
#define THUNK_WINDOW (ABI_IMAGE_WINDOWS - 1) /* holds no image: see thunk.c */

struct missing {
    char *dll;
    char *name;
};

struct loaded {
    struct image image;
    const struct run_file *file;
    uint64_t slice;  /* 0: system */
    uint64_t window; /* or slot */
    uint64_t end;    /* first address after it, in whole slots for a user image */
    struct missing *missing;
    uint32_t missing_count;
    struct patch patch;
};

extern struct loaded *loaded[MAX_LOADED];
extern size_t loaded_count;

void loaded_forget(struct loaded *image); /* images.c */
/* The kernel and the DLLs that come with ntlab (host/cli/request.c says where they lie). */
bool loaded_is_ours(const struct loaded *image);

/* place.c: choose base, window and end; 0 where there is no room. */
uint64_t loaded_place_system(struct loaded *image, const char *name);
uint64_t loaded_place_user(struct loaded *image, const struct pe *pe, const char *name);

/* thunk.c: struct image_binder's `missing`; and what follows once all are known. */
uint64_t loaded_thunk(void *context, const char *dll, const char *name, uint16_t ordinal,
                      uint64_t slot);
void loaded_commit_thunks(const struct loaded *image);
void loaded_decommit_thunks(const struct loaded *image);

#endif
