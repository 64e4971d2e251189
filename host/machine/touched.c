/*
 * touched.c - after a snapshot: pages are closed, opened when they are touched, and what runs have done to them is put back.
 */
#include <string.h>
#include <sys/mman.h>
#include "host/machine/space.h"

void
space_freeze(void)
{
    snapshot.taken = snapshot.rooted = true;
    for (size_t i = 0; i <= SYSTEM_SPANS; i++) {
        for (size_t j = 0; j < slices[i].count; j++) {
            const struct span *span = &slices[i].span[j];

            page_change(span->start, span->end - span->start, span->protection);
            page_apply(ABI_ALIAS(span->start), ABI_ALIAS(span->end - 1) + 1, PROT_READ,
                       page_system_key());
        }
    }
}

bool
space_is_fresh(uint64_t page)
{
    return (page_protection[page >> PAGE_SHIFT] & FRESH) != 0;
}

bool
space_fault(uint64_t address, uint32_t error)
{
    uint64_t page = address & ~(ABI_PAGE_SIZE - 1);
    bool alias = false;
    uint8_t *state;

    if ((error & KEY_FAULT) != 0) {
        return false;
    }
    if (!snapshot.taken) {
        return slice_open_span(page, error);
    }
    if (page >= ABI_USER_ALIAS && page < ABI_USER_ALIAS + ABI_USER_END) {
        page -= ABI_USER_ALIAS;
        alias = true;
    } else if (page >= ABI_SYSTEM_ALIAS + ABI_SYSTEM_BASE &&
               page < ABI_SYSTEM_ALIAS + ABI_SYSTEM_END) {
        page -= ABI_SYSTEM_ALIAS;
        alias = true;
    }
    if (!space_is_guest(page, ABI_PAGE_SIZE)) {
        return false;
    }
    state = &page_protection[page >> PAGE_SHIFT];
    if ((*state & (COMMITTED | UNTOUCHED)) == (COMMITTED | UNTOUCHED)) {
        page_open(page);
        return true;
    }
    if ((error & WRITE_FAULT) == 0 || (*state & COMMITTED) == 0 ||
        (*state & (SAVED | FRESH)) != 0 ||
        (!alias && ((*state & ABI_PROT_WRITE) == 0 || !slice_is_reachable(page)))) {
        return !alias && slice_open_span(page, error);
    }
    if (!alias && (*state & VIEW) != 0) {
        page_open(view_backing(page));
        *state |= SAVED;
        page_change(page, ABI_PAGE_SIZE, *state & PROTECTION);
    } else {
        page_open(page);
    }
    return true;
}

/* Neighbouring pages that all had the record `before`. Contents are snapshot.c's. */
void
space_restore(uint64_t address, uint64_t size, uint8_t before, uint32_t view_count)
{
    uint64_t page = address >> PAGE_SHIFT, end = (address + size) >> PAGE_SHIFT, same, backing;

    view_forget(view_count);
    if (address < ABI_USER_END) {
        bool is_gone = page_protection[page] == GONE;

        if (is_gone) {
            same = page + same_run(&page_protection[page], end - page);
            memset(&page_protection[page], before, same - page);
        } else {
            for (same = page + 1; same < end && page_protection[same] != GONE; same++) {
            }
        }
        if (same < end) {
            space_restore(same << PAGE_SHIFT, (end - same) << PAGE_SHIFT, before, view_count);
            end = same;
            size = (end - page) << PAGE_SHIFT;
        }
        if (is_gone && !gone_are_closed()) {
            return;
        }
    }
    if (arena_is(address)) {
        for (; page < end; page = same) {
            same = page + same_run(&page_protection[page], end - page);
            arena_restore(page << PAGE_SHIFT, same - page, before);
        }
        return;
    }
    if ((before & COMMITTED) == 0 && address < ABI_USER_END) {
        if (left_leave(address, size)) {
            return;
        }
        before = 0;
    }
    for (uint64_t i = page; i < end; i++) {
        uint8_t now = page_protection[i];

        if ((before & VIEW) != 0 && (now & VIEW) == 0) {
            /* One that came and went since the snapshot is not known any more: an older record follows that ends it. */
            if (view_find(i << PAGE_SHIFT, &backing)) {
                view_remap(i << PAGE_SHIFT, ABI_PAGE_SIZE, backing);
            }
        } else if ((now & VIEW) != 0 && (before & VIEW) == 0) {
            view_remap(i << PAGE_SHIFT, ABI_PAGE_SIZE, i << PAGE_SHIFT);
        }
        page_protection[i] = before;
    }
    for (uint64_t at = address, next; at < address + size && at < ABI_USER_END; at = next) {
        next = (at / ABI_SLICE_SIZE + 1) * ABI_SLICE_SIZE;
        next = next < address + size ? next : address + size;
        spans_set(&slices[at / ABI_SLICE_SIZE], at, next, before & PROTECTION,
                  (before & COMMITTED) != 0);
    }
    page_change(address, size, before & PROTECTION);
    if ((before & COMMITTED) == 0) {
        page_punch(address, size);
    }
}
