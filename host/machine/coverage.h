/*
 * coverage.h - which code of a driver ran.
 *
 *   O1  `point` is made by the supervisor before the worker starts and does not change; `seen` is shared memory
 *       that all workers of a search write: bits are only ever set.
 */
#ifndef HOST_MACHINE_COVERAGE_H
#define HOST_MACHINE_COVERAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum coverage_seen {
    COVERAGE_RAN = 1,
    COVERAGE_TAKEN = 2,  /* of a branch */
    COVERAGE_PASSED = 4, /* it went on to the next instruction */
};

struct coverage_point {
    uint32_t rva;
    uint32_t target;   /* of a branch */
    uint8_t branch;    /* it is a conditional one ... */
    uint8_t condition; /* ... the low four bits of its opcode ... */
    uint8_t length;    /* ... and so long */
    uint8_t leader;    /* a basic block begins here */
};

struct run_coverage {
    char image[64]; /* file name */
    size_t points;
    struct coverage_point *point; /* ascending */
    uint8_t *seen;                /* enum coverage_seen */
};

/* Every basic block and conditional branch of an image; false: it has none, or is no image. */
bool coverage_make(const uint8_t *file, size_t size, const char *name, struct run_coverage *out);
void coverage_free(struct run_coverage *coverage);
/* The kernel's own blocks, without its branches: for who looks for what no test executes (tools/mutate.py). To be set
 * before the worker starts. */
void coverage_of_kernel(struct run_coverage *coverage);
/* The point of a block that begins at rva; NULL: there is none. */
const struct coverage_point *coverage_find(const struct run_coverage *coverage, uint32_t rva);

#endif
