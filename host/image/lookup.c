/*
 * lookup.c - what the tables of a patched image answer: faults, unwinding and stacks ask.
 */
#include <string.h>
#include "host/image/patch.h"

static const struct patch_trampoline *
trampoline_at(const struct patch *patch, uint64_t rip)
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
    return low != 0 && rip - patch->trampoline[low - 1].address < patch->trampoline[low - 1].size
               ? &patch->trampoline[low - 1]
               : NULL;
}

static bool
is_within(uint64_t offset, uint8_t from, uint8_t to)
{
    return offset >= from && offset < to;
}

uint64_t
patch_original_rip(const struct patch *patch, uint64_t rip, uint32_t *lower)
{
    const struct patch_trampoline *t = trampoline_at(patch, rip);

    if (lower) {
        *lower =
            t != NULL && is_within(rip - t->address, t->lower_from, t->lower_to) ? t->lower : 0;
    }
    return t != NULL ? t->site : 0;
}

size_t
patch_saved(const struct patch *patch, uint64_t rip, struct patch_saved out[PATCH_SAVED])
{
    const struct patch_trampoline *t = trampoline_at(patch, rip);

    if (t == NULL || !is_within(rip - t->address, t->saved_from, t->saved_to)) {
        return 0;
    }
    memcpy(out, t->saved, sizeof(t->saved));
    return t->saves;
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
