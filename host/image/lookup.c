/*
 * lookup.c - what the tables of a patched image answer: faults, unwinding and stacks ask.
 */
#include <string.h>
#include "host/image/patch.h"

uint64_t
patch_original_rip(const struct patch *patch, uint64_t rip, uint32_t *lower)
{
    size_t low = 0, high = patch->trampolines;

    while (low < high) {
        size_t middle = (low + high) / 2;

        if (patch->trampoline[middle].address <= rip) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    if (low) {
        const struct patch_trampoline *t = &patch->trampoline[low - 1];
        uint64_t offset = rip - t->address;

        if (offset < t->size) {
            if (lower) {
                *lower = offset >= t->lower_from && offset < t->lower_to ? t->lower : 0;
            }
            return t->site;
        }
    }
    if (lower) {
        *lower = 0;
    }
    return 0;
}

/* Index of the first site at or above an address. */
static size_t
site_index(const struct patch *patch, uint64_t address)
{
    size_t low = 0, high = patch->sites;

    while (low < high) {
        size_t middle = (low + high) / 2;

        if (patch->site[middle].address < address) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

const struct patch_site *
patch_site_at(const struct patch *patch, uint64_t address)
{
    size_t index = site_index(patch, address);

    return index < patch->sites && patch->site[index].address == address ? &patch->site[index]
                                                                         : NULL;
}

void
patch_restore_copy(const struct patch *patch, uint64_t address, uint8_t *bytes, size_t size)
{
    /* A site that begins up to 14 bytes before may reach in. */
    size_t index = site_index(patch, address > 14 ? address - 14 : 0);

    for (; index < patch->sites && patch->site[index].address < address + size; index++) {
        const struct patch_site *site = &patch->site[index];

        for (unsigned i = 0; site->method != PATCH_LEFT && i < site->length; i++) {
            uint64_t at = site->address + i - address;

            if (at < size) {
                bytes[at] = site->bytes[i];
            }
        }
    }
}
