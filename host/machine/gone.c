/*
 * gone.c - what processes leave: memory that is given back in a run whose end will put it back (S6), and what a run has committed that the
 * next one will commit again (S9).
 */
#include <string.h>
#include <sys/mman.h>
#include "host/machine/space.h"

#define MAX_GONE 4096
static struct gone { /* S6 */
    uint64_t address, size;
    uint32_t logged; /* where the log begins to tell of it */
} gone[MAX_GONE];
static uint32_t gone_count;
#define MAX_LEFT   64
#define LEFT_BYTES (32 * ABI_PAGE_SIZE)
static struct left { /* S9 */
    uint64_t address, size;
    bool open;
} lefts[MAX_LEFT];
static uint32_t left_count;
static bool gone_closed; /* the slice of some was opened: a restore opens them again */

/* S6 */
bool
gone_let_go(uint64_t address, uint64_t size)
{
    if (gone_count == MAX_GONE) {
        return false;
    }
    gone[gone_count++] = (struct gone){address, size, snapshot_logged()};
    snapshot_log(address, &page_protection[address >> PAGE_SHIFT], (uint32_t)(size >> PAGE_SHIFT),
                 true);
    memset(&page_protection[address >> PAGE_SHIFT], GONE, size >> PAGE_SHIFT);
    return true;
}

/* S6: the slice is opened, or used for another process. */
static void
let_go_in_earnest(uint64_t slice)
{
    uint32_t left = 0;

    for (uint32_t i = 0; i < gone_count; i++) {
        if (gone[i].address / ABI_SLICE_SIZE != slice) {
            gone[left++] = gone[i];
            continue;
        }
        memcpy(&page_protection[gone[i].address >> PAGE_SHIFT], snapshot_logged_at(gone[i].logged),
               gone[i].size >> PAGE_SHIFT);
        space_give_back(gone[i].address, gone[i].size);
    }
    gone_count = left;
}

void
space_clear(uint64_t address)
{
    if (gone_count != 0 && address < ABI_USER_END) {
        let_go_in_earnest(address / ABI_SLICE_SIZE);
    }
}

GENERAL_REGISTERS_ONLY void
gone_close(uint64_t slice)
{
    for (uint32_t i = 0; i < gone_count; i++) {
        if (gone[i].address / ABI_SLICE_SIZE == slice) {
            page_apply(gone[i].address, gone[i].address + gone[i].size, PROT_NONE,
                       slice_key(slice));
            gone_closed = true;
        }
    }
}

bool
gone_are_closed(void)
{
    return gone_closed;
}

void
space_forget_gone(uint32_t logged)
{
    while (gone_count > 0 && gone[gone_count - 1].logged >= logged) {
        gone_count--;
    }
    gone_closed = gone_closed && gone_count != 0;
}

/* S9: has each page this record? */
static bool
is_recorded(uint64_t address, uint64_t size, uint8_t state)
{
    uint64_t page = address >> PAGE_SHIFT, end = (address + size) >> PAGE_SHIFT;

    while (page < end && page_protection[page] == state) {
        page++;
    }
    return page == end;
}

bool
left_may(uint64_t address)
{
    return !space_are_apart() && !machine.has_keys && address >= ABI_SLICE_SIZE &&
           address < ABI_USER_END;
}

bool
left_is(uint64_t address, uint64_t size)
{
    return left_may(address) && is_recorded(address, size, SAVED | READ_WRITE);
}

/* S9: in place of giving it back. */
bool
left_leave(uint64_t address, uint64_t size)
{
    uint32_t i = 0;

    if (!left_may(address) || size > LEFT_BYTES ||
        !is_recorded(address, size, COMMITTED | FRESH | READ_WRITE)) {
        return false;
    }
    while (i < left_count && (lefts[i].address != address || lefts[i].size != size)) {
        i++;
    }
    if (i == MAX_LEFT) {
        return false;
    }
    if (i == left_count) {
        lefts[left_count++] = (struct left){.address = address, .size = size};
        memset(guest_pointer(address), 0, size);
        for (uint64_t offset = 0; offset < size; offset += ABI_PAGE_SIZE) {
            snapshot_save(address + offset);
        }
    }
    lefts[i].open = true;
    memset(&page_protection[address >> PAGE_SHIFT], SAVED | READ_WRITE, size >> PAGE_SHIFT);
    spans_set(&slices[address / ABI_SLICE_SIZE], address, address + size, 0, false);
    return true;
}

/* S9: processes are closed to each other from now on. */
void
left_close(void)
{
    for (uint32_t i = 0; i < left_count; i++) {
        uint64_t page = lefts[i].address >> PAGE_SHIFT, end = page + (lefts[i].size >> PAGE_SHIFT);

        if (!lefts[i].open) {
            continue;
        }
        lefts[i].open = false;
        page_apply(lefts[i].address, lefts[i].address + lefts[i].size, PROT_NONE, 0);
        for (; page < end; page++) {
            page_protection[page] =
                page_protection[page] == (SAVED | READ_WRITE) ? 0 : page_protection[page];
        }
    }
}

/* S9: what of the range is not committed. */
void
left_close_in(uint64_t address, uint64_t size)
{
    for (uint32_t i = 0; i < left_count; i++) {
        uint64_t start = lefts[i].address > address ? lefts[i].address : address;
        uint64_t end = lefts[i].address + lefts[i].size;

        end = end < address + size ? end : address + size;
        for (; lefts[i].open && start < end; start += ABI_PAGE_SIZE) {
            uint8_t *state = &page_protection[start >> PAGE_SHIFT];

            if (*state == (SAVED | READ_WRITE)) {
                page_apply(start, start + ABI_PAGE_SIZE, PROT_NONE, 0);
                *state = 0;
            }
        }
    }
}
