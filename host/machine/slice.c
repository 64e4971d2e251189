/*
 * slice.c - one process at a time: which slice can be reached.
 *
 * A slice that is not current is closed: by its key, which PKRU does not open, or page by page where there are no keys.
 */
#include <sys/mman.h>
#include "host/machine/space.h"

static uint64_t holder[KEYS];
static bool apart = true; /* S8: a slice that is not current is closed */

GENERAL_REGISTERS_ONLY unsigned
slice_key(uint64_t slice)
{
    if (!machine.has_keys || slice == 0) {
        return 0;
    }
    return ABI_KEY_FIRST_USER + (unsigned)((slice - 1) % (ABI_KEY_SHARED - ABI_KEY_FIRST_USER));
}

bool
slice_is_open(uint64_t slice)
{
    return slice != 0 && (!apart || holder[slice_key(slice)] == slice);
}

/* Not a question that the guest may ask: S8. */
bool
slice_is_reachable(uint64_t page)
{
    return page >= ABI_SYSTEM_BASE || slice_is_open(slice_of(page));
}

/* S7 */
void
slice_note_open(uint64_t address, uint64_t size)
{
    struct spans *list = &slices[address / ABI_SLICE_SIZE];

    for (size_t i = spans_find(list, address + 1);
         i < list->count && list->span[i].start < address + size; i++) {
        list->span[i].open = true;
    }
}

/* S7: was that all that was wrong? */
bool
slice_open_span(uint64_t page, uint32_t error)
{
    uint32_t state = page < ABI_USER_END ? page_protection[page >> PAGE_SHIFT] : 0;
    uint32_t wanted = (error & WRITE_FAULT) != 0   ? ABI_PROT_WRITE
                      : (error & FETCH_FAULT) != 0 ? ABI_PROT_EXECUTE
                                                   : PROTECTION;
    const struct spans *list = &slices[page / ABI_SLICE_SIZE];
    const struct span *span;

    if (machine.has_keys || (state & COMMITTED) == 0 || (state & wanted) == 0 ||
        !slice_is_open(slice_of(page))) {
        return false;
    }
    span = &list->span[spans_find(list, page + 1)];
    page_change(span->start, span->end - span->start, span->protection);
    return true;
}

/* S7: neighbours are closed together. */
GENERAL_REGISTERS_ONLY static void
spans_close(struct spans *list)
{
    for (size_t i = 0; i < list->count; i++) {
        size_t last = i;

        if (!list->span[i].open) {
            continue;
        }
        list->span[i].open = false;
        while (last + 1 < list->count && list->span[last + 1].open &&
               list->span[last + 1].start == list->span[last].end) {
            list->span[++last].open = false;
        }
        page_apply(list->span[i].start, list->span[last].end, PROT_NONE, 0);
        i = last;
    }
}

GENERAL_REGISTERS_ONLY static void
slice_apply(uint64_t slice, bool open)
{
    unsigned key = slice_key(slice);

    for (int low = 0; low <= 1; low++) {
        struct spans *list = &slices[low ? LOW_SLICE : slice];

        if (low && machine.low_owner != slice) {
            break;
        }
        if (!machine.has_keys) {
            if (!open) {
                spans_close(list);
            }
            continue;
        }
        for (size_t i = 0; i < list->count; i++) {
            page_apply_committed(list->span[i].start, list->span[i].end,
                                 open ? list->span[i].protection : ABI_NONE, key);
        }
    }
}

GENERAL_REGISTERS_ONLY void
space_switch(uint64_t slice)
{
    unsigned key = slice_key(slice);

    if (slice >= ABI_SLICES) {
        worker_fail("the kernel asked for address space %#lx", slice);
    }
    GUEST->user_slice = slice;
    if (apart && (slice != 0 || !machine.has_keys) && holder[key] != slice) {
        if (holder[key] != 0) {
            slice_apply(holder[key], false);
        }
        holder[key] = slice;
        if (slice != 0) {
            slice_apply(slice, true);
        }
    }
    if (slice != 0) {
        gone_close(slice);
    }
    if (machine.has_keys) {
        uint32_t user = 3u << (2 * ABI_KEY_SHARED) | (slice != 0 ? 3u << (2 * key) : 0);

        user |= machine.host_closed ? 0 : 3u;

        GUEST->user_pkru = ~user;
        GUEST->kernel_pkru = ~(user | 3u << (2 * ABI_KEY_SYSTEM));
    }
}

void
space_keep_apart(bool wanted)
{
    if (wanted == apart || machine.has_keys) {
        return;
    }
    apart = wanted;
    holder[0] = 0;
    for (size_t i = 0; i < ABI_SLICES && apart; i++) {
        spans_close(&slices[i]);
    }
    if (apart) {
        left_close();
    }
}

bool
space_are_apart(void)
{
    return apart;
}
