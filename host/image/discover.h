/*
 * discover.h - which bytes of a mapped image are proven to be instructions.
 *
 * Private to host/image. See discover.c for what counts as proof.
 */
#ifndef HOST_IMAGE_DISCOVER_H
#define HOST_IMAGE_DISCOVER_H

#include "host/image/image.h"
#include "host/image/insn.h"

/* One flag byte for each byte of the executable span. */
enum code_flag {
    CODE_START = 1,      /* an instruction begins here */
    CODE_BODY = 2,       /* an instruction began before and covers this byte */
    CODE_RELOCATION = 4, /* part of an address that was relocated */
    CODE_DATA = 8,       /* a jump table's entry */
    CODE_REJECTED = 16,  /* tried as a weak root, in vain */
};

struct code_list {
    uint32_t *rva;
    size_t count;
    size_t room;
};

struct code_site {
    uint32_t rva;
    uint8_t length;
    uint8_t kind; /* enum patch_kind */
};

struct code_roots; /* discover.c */

struct code_map {
    const struct image *image;
    uint32_t low, high; /* the executable span: flags are for [low, high) */
    uint8_t *flags;
    struct code_site *site;
    size_t sites, sites_room;
    size_t instructions;
    size_t rejected;              /* roots whose bytes did not look like code */
    const struct code_list *only; /* see code_discover */
    bool no_memory;

    /* While discovering. */
    const struct pe_function *function; /* sorted, plausible entries only */
    size_t functions;
    struct code_roots *strong, *weak;
};

/* Which instructions are sites: the patcher's part. Returns an enum patch_kind or -1. */
typedef int code_classify(void *ctx, uint32_t rva, const uint8_t *bytes, const struct insn *insn);

/*
 * 0 or -ENOMEM. The map is to be freed in either case. `only`, if not NULL, is a sorted list of
 * rvas: functions that hold none of them are not looked at, unless a jump leads there.
 */
int code_discover(struct code_map *map, const struct image *image, const struct code_list *only,
                  code_classify *classify, void *ctx);
void code_free(struct code_map *map);

static inline uint8_t
code_flags(const struct code_map *map, uint32_t rva)
{
    return rva >= map->low && rva < map->high ? map->flags[rva - map->low] : 0;
}

#endif
