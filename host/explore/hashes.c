/*
 * hashes.c - what is in hashes.h.
 */
#include "host/explore/hashes.h"
#include <errno.h>
#include "host/explore/strategy.h"

#define ENTRIES (1u << 22)

int
hashes_init(struct hashes *set)
{
    if (set->entry == NULL) {
        set->entry = search_reserve(ENTRIES * sizeof(*set->entry));
    } else if (set->used != 0) {
        search_clear(set->entry, ENTRIES * sizeof(*set->entry));
    }
    set->used = 0;
    return set->entry == NULL ? -ENOMEM : 0;
}

bool
hashes_add(struct hashes *set, uint64_t hash)
{
    hash |= 1;
    for (uint64_t at = hash >> 1;; at++) {
        uint64_t *entry = &set->entry[at & (ENTRIES - 1)];

        if (*entry == hash) {
            return false;
        }
        if (*entry == 0) {
            if (set->used < ENTRIES / 4 * 3) {
                set->used++;
                *entry = hash;
            }
            return true;
        }
    }
}
