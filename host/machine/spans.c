/*
 * spans.c - the committed pages of a slice as ranges of one protection each, sorted, none of which touches another one of its kind.
 */
#include <stdlib.h>
#include <string.h>
#include "host/machine/space.h"

struct spans slices[ABI_SLICES + 1];

/* The first that ends at `address` or later. */
GENERAL_REGISTERS_ONLY size_t
spans_find(const struct spans *list, uint64_t address)
{
    size_t first = 0, last = list->count;

    while (first < last) {
        size_t middle = (first + last) / 2;

        if (list->span[middle].end < address) {
            first = middle + 1;
        } else {
            last = middle;
        }
    }
    return first;
}

/* Makes [start, end) of the list hold `protection`, or nothing if it is not committed. */
void
spans_set(struct spans *list, uint64_t start, uint64_t end, uint32_t protection, bool committed)
{
    struct span left = {0}, right = {0};
    size_t first = spans_find(list, start), last = first, add;
    bool open = false;

    while (last < list->count && list->span[last].start <= end) {
        last++;
    }
    /* Spans first..last-1 touch the range: keep what sticks out, merge what is equal. */
    if (first < last) {
        left = list->span[first];
        right = list->span[last - 1];
        if (committed && left.protection == protection && left.start < start) {
            start = left.start;
            open = left.open;
        }
        if (committed && right.protection == protection && right.end > end) {
            end = right.end;
            open = open || right.open;
        }
    }
    left.end = left.end < start ? left.end : start;
    right.start = right.start > end ? right.start : end;
    add = (left.start < left.end) + (right.start < right.end) + committed;
    if (list->count - (last - first) + add > list->room) {
        list->room = list->room * 2 + 16;
        list->span = realloc(list->span, list->room * sizeof(*list->span));
        if (list->span == NULL) {
            worker_fail("out of memory for the list of pages");
        }
    }
    memmove(list->span + first + add, list->span + last,
            (list->count - last) * sizeof(*list->span));
    list->count += add - (last - first);
    if (left.start < left.end) {
        list->span[first++] = left;
    }
    if (committed) {
        list->span[first++] = (struct span){start, end, protection, open};
    }
    if (right.start < right.end) {
        list->span[first++] = right;
    }
}
