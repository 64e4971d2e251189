/*
 * coverage.c - an int3 at each basic block and conditional branch of a driver, until they have told.
 *
 * A block's goes when it is hit. A branch's stays until it has gone both ways, or so often the same one that it is not
 * worth more: it is carried out here, from the flags. Between two instructions of the guest nothing passes a
 * schedule point and no time moves, so a run whose coverage is noted takes the same way as another.
 *
 *   O2  A snapshot may bring an int3 back that has gone, and an image that was unloaded: then it is hit once more. So
 *       what was under it is kept until another image takes the place.
 *   O3  Where an int3 of the loader's stands already (host/image/patch.c, promote.c) it stays; the hit is noted,
 *       and it does what it is there for.
 */
#include "host/machine/coverage.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/mman.h>
#include "host/image/flow.h"
#include "host/machine/loaded.h"
#include "host/machine/trap.h"

#define INT3       0xCC
#define MAX_IMAGES 64
#define MAX_HITS   500 /* of a branch that always goes the same way */

/* ---- before the run ---- */

bool
coverage_make(const uint8_t *file, size_t size, const char *name, struct run_coverage *out)
{
    struct flow *flow = flow_open(file, size, name);
    struct insn insn;
    size_t room = 0;

    *out = (struct run_coverage){0};
    if (flow == NULL) {
        return false;
    }
    snprintf(out->image, sizeof(out->image), "%s", name);
    for (uint32_t rva = flow_next(flow, 0); rva != 0; rva = flow_next(flow, rva + 1)) {
        bool leader = flow_is_leader(flow, rva), near, branch;

        if (!flow_at(flow, rva, &insn)) {
            continue;
        }
        near = insn.map == INSN_0F && insn.opcode >= 0x80 && insn.opcode <= 0x8F;
        branch =
            insn.flow == INSN_BRANCH &&
            (near || (insn.map == INSN_ONE_BYTE && insn.opcode >= 0x70 && insn.opcode <= 0x7F));
        if ((!leader && !branch) || insn.flow == INSN_INT3) {
            continue;
        }
        if (out->points == room) {
            room = room ? room * 2 : 1024;
            out->point = realloc(out->point, room * sizeof(*out->point));
            if (out->point == NULL) {
                abort();
            }
        }
        out->point[out->points++] =
            (struct coverage_point){.rva = rva,
                                    .target = branch ? flow_target(rva, &insn) : 0,
                                    .branch = branch,
                                    .condition = insn.opcode & 15,
                                    .length = insn.length,
                                    .leader = leader};
    }
    flow_close(flow);
    if (out->points == 0) {
        return false;
    }
    out->seen = mmap(NULL, out->points, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (out->seen == MAP_FAILED) {
        abort();
    }
    return true;
}

void
coverage_free(struct run_coverage *coverage)
{
    if (coverage->seen != NULL) {
        munmap(coverage->seen, coverage->points);
    }
    free(coverage->point);
    *coverage = (struct run_coverage){0};
}

const struct coverage_point *
coverage_find(const struct run_coverage *coverage, uint32_t rva)
{
    size_t low = 0, high = coverage->points;

    while (low < high) {
        size_t middle = (low + high) / 2;

        if (coverage->point[middle].rva < rva) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low < coverage->points && coverage->point[low].rva == rva ? &coverage->point[low] : NULL;
}

static const struct run_coverage *kernel;

void
coverage_of_kernel(struct run_coverage *coverage)
{
    size_t kept = 0;

    for (size_t i = 0; i < coverage->points; i++) {
        coverage->point[kept] = coverage->point[i];
        coverage->point[kept].branch = 0;
        kept += coverage->point[i].leader;
    }
    coverage->points = kept;
    kernel = coverage;
}

/* ---- in the worker ---- */

static struct {
    uint64_t base;
    const struct run_coverage *coverage;
    uint8_t *original; /* what was under each int3 */
    uint16_t *hits;
} planted[MAX_IMAGES];
static size_t planted_count;

/* Images that have lain where another one is now. */
static void
forget_others(uint64_t base, uint64_t size, const struct run_coverage *coverage)
{
    for (size_t i = 0; i < planted_count; i++) {
        if (planted[i].base - base < size &&
            (planted[i].base != base || planted[i].coverage != coverage)) {
            free(planted[i].original);
            free(planted[i].hits);
            planted[i--] = planted[--planted_count];
        }
    }
}

void
coverage_plant(uint64_t base, uint64_t size, const char *name, struct patch *patch)
{
    const struct run_coverage *coverage = NULL;
    size_t number;

    for (size_t i = 0; i < machine.request->coverages; i++) {
        if (strcasecmp(machine.request->coverage[i].image, name) == 0) {
            coverage = &machine.request->coverage[i];
        }
    }
    if (kernel != NULL && strcasecmp(kernel->image, name) == 0) {
        coverage = kernel;
    }
    forget_others(base, size, coverage);
    if (coverage == NULL || planted_count == MAX_IMAGES) {
        return;
    }
    for (number = 0; number < planted_count; number++) {
        if (planted[number].base == base) {
            break; /* O2: it is back */
        }
    }
    if (number == planted_count) {
        planted[number].base = base;
        planted[number].coverage = coverage;
        planted[number].original = calloc(coverage->points, 1);
        planted[number].hits = calloc(coverage->points, sizeof(uint16_t));
        if (planted[number].original == NULL || planted[number].hits == NULL) {
            worker_fail("out of memory");
        }
        planted_count++; /* before the loop: a later point may claim an earlier one's byte */
    }
    for (size_t i = 0; i < coverage->points; i++) {
        const struct coverage_point *point = &coverage->point[i];
        uint8_t whole = COVERAGE_TAKEN | COVERAGE_PASSED;
        uint8_t *byte = guest_pointer(base + point->rva);

        if ((coverage->seen[i] & whole) == whole ||
            (!point->branch && (coverage->seen[i] & COVERAGE_RAN)) ||
            !breakpoint_release(patch, base + point->rva)) {
            planted[number].original[i] = *byte;
            continue; /* all is known, or it is inside an instruction that was replaced */
        }
        planted[number].original[i] = *byte;
        *byte = INT3;
    }
}

/* The point of a guest address; NULL: it has none. */
static const struct coverage_point *
point_at(uint64_t address, size_t *image, size_t *number)
{
    for (size_t i = 0; i < planted_count; i++) {
        const struct coverage_point *point =
            address - planted[i].base < UINT32_MAX
                ? coverage_find(planted[i].coverage, (uint32_t)(address - planted[i].base))
                : NULL;

        if (point != NULL) {
            *image = i;
            *number = (size_t)(point - planted[i].coverage->point);
            return point;
        }
    }
    return NULL;
}

void
coverage_claim(uint64_t address)
{
    size_t image, number;

    if (planted_count != 0 && point_at(address, &image, &number) != NULL) {
        planted[image].original[number] = INT3; /* O3 */
    }
}

/* Would the branch with this condition be taken? Intel's manual, volume 2, appendix B, "tttn". */
static bool
is_taken(unsigned condition, uint64_t flags)
{
    bool carry = flags & 1, parity = flags >> 2 & 1, zero = flags >> 6 & 1, sign = flags >> 7 & 1,
         overflow = flags >> 11 & 1, result = false;

    switch (condition >> 1) {
    case 0:
        result = overflow;
        break;
    case 1:
        result = carry;
        break;
    case 2:
        result = zero;
        break;
    case 3:
        result = carry || zero;
        break;
    case 4:
        result = sign;
        break;
    case 5:
        result = parity;
        break;
    case 6:
        result = sign != overflow;
        break;
    case 7:
        result = zero || sign != overflow;
        break;
    }
    return result != (condition & 1);
}

bool
coverage_hit(ucontext_t *context)
{
    greg_t *g = context->uc_mcontext.gregs;
    uint64_t address = (uint64_t)g[REG_RIP] - 1;
    const struct coverage_point *point;
    size_t image, number;
    uint8_t *seen;
    bool taken;

    point = planted_count != 0 ? point_at(address, &image, &number) : NULL;
    if (point == NULL) {
        return false;
    }
    seen = &planted[image].coverage->seen[number];
    __atomic_fetch_or(seen, COVERAGE_RAN, __ATOMIC_RELAXED);
    if (planted[image].original[number] == INT3) {
        return false; /* O3 */
    }
    if (!point->branch) {
        *(uint8_t *)guest_pointer(address) = planted[image].original[number];
        g[REG_RIP] = (greg_t)address;
        return true;
    }
    taken = is_taken(point->condition, (uint64_t)g[REG_EFL]);
    __atomic_fetch_or(seen, taken ? COVERAGE_TAKEN : COVERAGE_PASSED, __ATOMIC_RELAXED);
    if ((*seen & (COVERAGE_TAKEN | COVERAGE_PASSED)) == (COVERAGE_TAKEN | COVERAGE_PASSED) ||
        ++planted[image].hits[number] >= MAX_HITS) {
        *(uint8_t *)guest_pointer(address) = planted[image].original[number];
    }
    g[REG_RIP] = (greg_t)(taken ? planted[image].base + point->target : address + point->length);
    return true;
}
