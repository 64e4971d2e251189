/*
 * hashes.h - a set of hashes, for who counts each trace once.
 */
#ifndef HOST_EXPLORE_HASHES_H
#define HOST_EXPLORE_HASHES_H

#include <stdbool.h>
#include <stdint.h>

struct hashes {
    uint64_t *entry; /* 0: free */
    uint32_t used;
};

/* Empty. 0 or -ENOMEM. */
int hashes_init(struct hashes *set);
/* Is it new? When the set is full each one is. */
bool hashes_add(struct hashes *set, uint64_t hash);

#endif
