/*
 * internal.h - what the files of host/image share.
 *
 *     view.c       reading by rva with bounds
 *     parse.c      headers and sections
 *     directory.c  data directories: checked once, kept as rvas
 *     import.c     walk over imports and delayed imports
 *     export.c     exports: look-up, nearest name
 *     function.c   RUNTIME_FUNCTION look-up
 *     reloc.c      walk over relocations
 *     map.c        a file becomes a mapped image
 *     bind.c       imports become addresses
 *     insn.c       length and control flow of one instruction
 *     roots.c      where discovery begins
 *     switch.c     jump tables, on the way
 *     discover.c   which bytes are proven instructions
 *     access.c     what an instruction does to memory
 *     point.c      trampolines of schedule points
 *     site.c       which of them are to be patched
 *     trampoline.c pages and bodies of trampolines
 *     patch.c      changes the sites: jumps, punning, int3
 *     lookup.c     from trampolines and patched bytes back to what was there
 */
#ifndef HOST_IMAGE_INTERNAL_H
#define HOST_IMAGE_INTERNAL_H

#include "host/image/image.h"

#define PAGE_DOWN(x) ((x) & ~(uint64_t)(ABI_PAGE_SIZE - 1))
#define PAGE_UP(x)   PAGE_DOWN((uint64_t)(x) + ABI_PAGE_SIZE - 1)

/* Fills *err and returns -ENOEXEC. */
int image_malformed(struct image_error *err, uint64_t offset, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
int image_error_set(struct image_error *err, int result, uint32_t code, uint64_t offset,
                    const char *format, ...) __attribute__((format(printf, 5, 6)));

/* directory.c: fills tls, load_config, debug and relocatable. */
int pe_check_directories(struct pe *pe, struct image_error *err);

/*
 * Bytes from rva on that lie together: their number, and where they are; *data is NULL where they
 * read as zero. 0 outside the image.
 */
uint32_t pe_span(const struct pe *pe, uint32_t rva, const uint8_t **data);

/* export.c: pe_export_at without the search for a name. */
bool pe_export_slot(const struct pe *pe, uint32_t index, struct pe_export *out);

static inline bool
pe_inside(const struct pe *pe, uint64_t rva, uint64_t size)
{
    return rva <= pe->size && size <= pe->size - rva;
}

static inline uint16_t
load16(const uint8_t *p)
{
    uint16_t value;

    __builtin_memcpy(&value, p, sizeof value);
    return value;
}

static inline uint32_t
load32(const uint8_t *p)
{
    uint32_t value;

    __builtin_memcpy(&value, p, sizeof value);
    return value;
}

static inline uint64_t
load64(const uint8_t *p)
{
    uint64_t value;

    __builtin_memcpy(&value, p, sizeof value);
    return value;
}

#endif
