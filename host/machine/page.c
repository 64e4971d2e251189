/*
 * page.c - the record of each page, and what Linux is told of it.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "host/machine/isolation.h"
#include "host/machine/space.h"

uint8_t *page_protection;

GENERAL_REGISTERS_ONLY static int
linux_protection(uint32_t protection)
{
    int result = PROT_NONE;

    if (protection & (ABI_PROT_READ | ABI_PROT_WRITE | ABI_PROT_EXECUTE)) {
        result |= PROT_READ;
    }
    if (protection & ABI_PROT_WRITE) {
        result |= PROT_WRITE;
    }
    if (protection & ABI_PROT_EXECUTE) {
        result |= PROT_EXEC;
    }
    return result;
}

GENERAL_REGISTERS_ONLY void
page_apply(uint64_t start, uint64_t end, int protection, unsigned key)
{
    int result;

    if (machine.pages && start >= ABI_SYSTEM_BASE) {
        isolation_changed(start, end);
    }
    if (machine.has_keys) {
        result = (int)syscall(SYS_pkey_mprotect, start, end - start, protection, key);
    } else {
        result = mprotect((void *)start, end - start, protection);
    }
    if (result != 0) {
        worker_fail("cannot change the protection of %#lx bytes at %#lx: %s%s", end - start, start,
                    strerror(errno), errno == ENOMEM ? " (vm.max_map_count may be too low)" : "");
    }
}

/* What of a committed page `protection` lets through, S4 and S5. */
GENERAL_REGISTERS_ONLY static int
allowed_now(uint64_t page, int protection)
{
    uint8_t state = page_protection[page];

    if ((state & (COMMITTED | UNTOUCHED)) == (COMMITTED | UNTOUCHED)) {
        return PROT_NONE;
    }
    return (state & (SAVED | FRESH)) != 0 ? protection : protection & ~PROT_WRITE;
}

/* `apply` for committed pages: after a snapshot those that are not saved yet stay closed. */
GENERAL_REGISTERS_ONLY void
page_apply_committed(uint64_t start, uint64_t end, uint32_t protection, unsigned key)
{
    int allowed = linux_protection(protection);

    if (!snapshot.taken || allowed == PROT_NONE) {
        page_apply(start, end, allowed, key);
        return;
    }
    while (start < end) {
        int now = allowed_now(start >> PAGE_SHIFT, allowed);
        uint64_t next = start + ABI_PAGE_SIZE;

        while (next < end && allowed_now(next >> PAGE_SHIFT, allowed) == now) {
            next += ABI_PAGE_SIZE;
        }
        page_apply(start, next, now, key);
        start = next;
    }
}

void
page_change(uint64_t address, uint64_t size, uint32_t protection)
{
    if (address >= ABI_SYSTEM_BASE) {
        page_apply_committed(address, address + size, protection, page_system_key());
    } else if (slice_is_open(slice_of(address))) {
        page_apply_committed(address, address + size, protection, slice_key(slice_of(address)));
        if (!machine.has_keys && protection != ABI_NONE) {
            slice_note_open(address, size);
        }
    }
}

/* Saves a page and opens its alias for good. */
void
page_save(uint64_t address)
{
    snapshot_save(address);
    page_apply(ABI_ALIAS(address), ABI_ALIAS(address) + ABI_PAGE_SIZE, PROT_READ | PROT_WRITE,
               page_system_key());
}

/* For a page that is about to be written: its alias and, if it can be reached, its view open. */
void
page_open(uint64_t address)
{
    uint8_t *state = &page_protection[address >> PAGE_SHIFT];

    if ((*state & (SAVED | FRESH)) != 0) {
        return;
    }
    page_save(address);
    *state = (uint8_t)((*state & ~UNTOUCHED) | SAVED);
    page_change(address, ABI_PAGE_SIZE, *state & PROTECTION);
}

static void
record_page(uint64_t page, uint32_t protection, bool committed)
{
    uint8_t before = page_protection[page];

    if (snapshot.taken) {
        if (!committed && (before & (COMMITTED | OURS)) == COMMITTED) {
            page_save(page << PAGE_SHIFT);
            before |= SAVED;
        }
        snapshot_log(page << PAGE_SHIFT, &before, 1, false);
    }
    page_protection[page] = !committed ? 0
                            : (before & COMMITTED) == 0 && snapshot.taken
                                ? (uint8_t)(protection | COMMITTED | FRESH)
                                : (uint8_t)(protection | COMMITTED | (before & OURS));
}

void
page_record(uint64_t address, uint64_t size, uint32_t protection, bool committed)
{
    for (uint64_t page = address >> PAGE_SHIFT; page < (address + size) >> PAGE_SHIFT; page++) {
        record_page(page, protection, committed);
    }
    if (address < ABI_USER_END || (machine.request->explore != NULL && !snapshot.rooted)) {
        spans_set(
            &slices[address < ABI_USER_END ? address / ABI_SLICE_SIZE : (uint64_t)SYSTEM_SPANS],
            address, address + size, protection, committed);
    }
}

void
page_log(uint64_t address, uint64_t size)
{
    if (snapshot.taken) {
        snapshot_log(address, &page_protection[address >> PAGE_SHIFT],
                     (uint32_t)(size >> PAGE_SHIFT), false);
    }
}

void
page_punch(uint64_t address, uint64_t size)
{
    if (fallocate(machine.memory, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, (off_t)address,
                  (off_t)size) != 0) {
        worker_fail("cannot give back memory: %s", strerror(errno));
    }
}
