/*
 * discover.h - which bytes of a mapped image are proven to be instructions.
 *
 * Private to host/image. See discover.c for what counts as proof.
 */
#ifndef HOST_IMAGE_DISCOVER_H
#define HOST_IMAGE_DISCOVER_H

#include "host/image/image.h"
#include "host/image/insn.h"

#define CODE_UNKNOWN   UINT32_MAX
#define CODE_MAX_TABLE 1024 /* entries of a jump table without a known bound */

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

/* Registers that hold a known address of the image, as rva. A guess that trials verify. */
struct registers {
    uint32_t rva[16];
};

struct root {
    uint32_t rva;
    struct registers registers;
};

struct code_roots {
    struct root *root;
    size_t count;
    size_t room;
    size_t next;
};

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

/* One trial, or the strong descent: what must be undone and what was found on the way. */
struct descent {
    struct code_map *map;
    code_classify *classify;
    void *ctx;
    bool trial;
    struct code_roots pending; /* branch targets still to be followed */
    struct code_roots found;   /* weak roots; dropped when a trial fails */
    struct code_list marked;   /* starts set in this trial */
    struct code_list data;     /* table bytes marked in this trial */
    uint8_t *lengths;
    size_t lengths_room;
    size_t spent; /* instructions decoded in trials */
};

/* A load that looks like that of a jump table. */
struct table {
    uint32_t base;  /* entries are relative to it */
    uint32_t start; /* rva of entry 0 */
    unsigned age;
};

bool code_grow(void **array, size_t *room, size_t count, size_t size);

/* roots.c */
void code_add_root(struct code_map *map, struct code_roots *roots, uint32_t rva,
                   const struct registers *registers);
bool code_bounds(const struct code_map *map, uint32_t rva, uint32_t *begin, uint32_t *end);
bool code_wanted(const struct code_map *map, uint32_t rva);
bool code_collect_functions(struct code_map *map);
void code_collect_strong(struct code_map *map);
void code_collect_weak(struct code_map *map);

/* switch.c */
void code_track(struct descent *d, uint32_t next, const uint8_t *bytes, const struct insn *insn,
                struct registers *registers);
void code_see_table(struct descent *d, const struct insn *insn, const struct registers *registers,
                    struct table *table);
void code_read_table(struct descent *d, uint32_t jump, const struct table *table, uint32_t bound,
                     const struct registers *registers);

static inline uint8_t
code_flags(const struct code_map *map, uint32_t rva)
{
    return rva >= map->low && rva < map->high ? map->flags[rva - map->low] : 0;
}

#endif
