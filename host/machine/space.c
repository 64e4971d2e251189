/*
 * space.c - what the kernel asks of guest memory, and what others ask about it.
 *
 * space.h has the whole of it.
 */
#include <string.h>
#include "host/machine/space.h"

void
space_check_range(const char *what, uint64_t address, uint64_t size)
{
    if (((address | size) & (ABI_PAGE_SIZE - 1)) != 0 || !space_is_guest(address, size) ||
        (address < ABI_USER_END &&
         address / ABI_SLICE_SIZE != (address + size - 1) / ABI_SLICE_SIZE)) {
        worker_fail("the kernel asked to %s %#lx bytes at %#lx", what, size, address);
    }
}

void
space_commit(uint64_t address, uint64_t size, uint32_t protection)
{
    bool left;

    if (size == 0) {
        return;
    }
    space_check_range("commit", address, size);
    if (arena_is(address)) {
        arena_commit(address, size, protection);
        return;
    }
    if (address < ABI_SLICE_SIZE && machine.low_owner == 0) {
        machine.low_owner = GUEST->user_slice;
    }
    space_clear(address);
    left = protection == READ_WRITE && left_is(address, size);
    page_record(address, size, protection, true);
    if (left) {
        slice_note_open(address, size);
    } else {
        page_change(address, size, protection);
    }
}

/* From `page` on; `end`: none before it. What a process has only reserved may be most of its slice. */
static uint64_t
next_committed(uint64_t page, uint64_t end)
{
    const struct spans *list = NULL;

    if (page << PAGE_SHIFT < ABI_USER_END) {
        list = &slices[(page << PAGE_SHIFT) / ABI_SLICE_SIZE];
    }
    for (; page < end && !page_is_committed(page); page++) {
        size_t i = list != NULL ? spans_find(list, (page << PAGE_SHIFT) + 1) : 0;

        if (list != NULL && i == list->count) {
            return end;
        }
        if (list != NULL && list->span[i].start > page << PAGE_SHIFT) {
            page = (list->span[i].start >> PAGE_SHIFT) - 1;
        }
    }
    return page < end ? page : end;
}

void
space_protect(uint64_t address, uint64_t size, uint32_t protection)
{
    uint64_t page = address >> PAGE_SHIFT, end = (address + size) >> PAGE_SHIFT, backing;

    if (size == 0) {
        return;
    }
    space_check_range("protect", address, size);
    if (left_may(address)) {
        left_close_in(address, size);
    }
    /* Pages that are not committed stay so (S1). */
    while ((page = next_committed(page, end)) < end) {
        uint64_t start = page;

        while (page < end && page_is_committed(page)) {
            page++;
        }
        page_record(start << PAGE_SHIFT, (page - start) << PAGE_SHIFT, protection, true);
        for (uint64_t at = start; at < page; at++) {
            if ((page_protection[at] & (VIEW | FRESH)) == (VIEW | FRESH) &&
                view_find(at << PAGE_SHIFT, &backing)) {
                view_open_backing(backing, protection);
            }
        }
        page_change(start << PAGE_SHIFT, (page - start) << PAGE_SHIFT, protection);
    }
}

void
space_give_back(uint64_t address, uint64_t size)
{
    view_end(address, size);
    page_change(address, size, ABI_NONE);
    page_record(address, size, 0, false);
    page_punch(address, size);
    if (address < ABI_SLICE_SIZE && slices[LOW_SLICE].count == 0) {
        machine.low_owner = 0;
    }
}

void
space_decommit(uint64_t address, uint64_t size)
{
    if (size == 0) {
        return;
    }
    space_check_range("decommit", address, size);
    if (snapshot.taken && GUEST->ending == 2) {
        return; /* nobody is left who could look */
    }
    if (arena_is(address)) {
        arena_decommit(address, size);
        return;
    }
    if (snapshot.taken && address >= ABI_SLICE_SIZE && address < ABI_USER_END &&
        address / ABI_SLICE_SIZE != GUEST->user_slice && gone_let_go(address, size)) {
        return;
    }
    space_give_back(address, size);
}

GENERAL_REGISTERS_ONLY bool
space_is_guest(uint64_t address, uint64_t size)
{
    uint64_t end = address + size;

    if (end < address) {
        return false;
    }
    return (address >= ABI_LOW_BASE && end <= ABI_LOW_END) ||
           (address >= ABI_HIGH_BASE && end <= ABI_USER_END) ||
           (address >= ABI_SYSTEM_BASE && end <= ABI_SYSTEM_END);
}

bool
space_is_free(uint64_t address, uint64_t size)
{
    if (!space_is_guest(address, size)) {
        return false;
    }
    for (uint64_t i = 0; i < (size + ABI_PAGE_SIZE - 1) >> PAGE_SHIFT; i++) {
        if (page_is_committed((address >> PAGE_SHIFT) + i)) {
            return false;
        }
    }
    return true;
}

uint32_t
space_protection(uint64_t address)
{
    if (!space_is_guest(address, 1)) {
        return ABI_NONE;
    }
    return space_page(address) & PROTECTION;
}

GENERAL_REGISTERS_ONLY uint32_t
space_page(uint64_t address)
{
    uint8_t state = space_is_guest(address, 1) ? page_protection[address >> PAGE_SHIFT] : 0;

    return (state & COMMITTED) != 0 ? state & ~OURS : 0;
}

bool
space_open(uint64_t address)
{
    return space_protection(address) != ABI_NONE &&
           (address >= ABI_SYSTEM_BASE || slice_of(address) == GUEST->user_slice);
}

size_t
space_read(uint64_t address, void *buffer, size_t size)
{
    size_t done = 0;

    while (done < size) {
        uint64_t at = address + done;
        size_t step = ABI_PAGE_SIZE - (at & (ABI_PAGE_SIZE - 1));

        step = step < size - done ? step : size - done;
        if (!space_is_guest(at, step) || !page_is_committed(at >> PAGE_SHIFT)) {
            break;
        }
        memcpy((char *)buffer + done, guest_pointer(at), step);
        done += step;
    }
    return done;
}

bool
space_write(uint64_t address, const void *buffer, size_t size)
{
    if (!space_is_guest(address, size)) {
        return false;
    }
    memcpy(guest_pointer(address), buffer, size);
    return true;
}
