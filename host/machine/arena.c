/*
 * arena.c - kernel stacks and pool arenas, which stay mapped from run to run (S5).
 */
#include <string.h>
#include <sys/mman.h>
#include "host/machine/space.h"

/* S5 */
static bool
is_stack(uint64_t address)
{
    return snapshot.rooted && address >= ABI_STACK_BASE + ABI_STACK_SLOT &&
           address < ABI_STACK_BASE + (uint64_t)ABI_STACK_SLOTS * ABI_STACK_SLOT;
}

bool
arena_is(uint64_t address)
{
    return is_stack(address) || (snapshot.taken && address >= ABI_NONPAGED_BASE &&
                                 address < ABI_PAGED_BASE + (uint64_t)ABI_ARENAS * ABI_ARENA_SIZE);
}

/* S5: of pages with one record, which are SAVED. */
static void
protect(uint64_t address, uint64_t size, uint32_t protection)
{
    if ((page_protection[address >> PAGE_SHIFT] & PROTECTION) != protection) {
        page_change(address, size, protection);
    }
}

/* S5. After a snapshot most of the pages are never touched. Those that have one record go together. */
void
arena_commit(uint64_t address, uint64_t size, uint32_t protection)
{
    page_log(address, size);
    for (uint64_t end = address + size, next; address < end; address = next) {
        uint8_t *state = &page_protection[address >> PAGE_SHIFT], ours = *state & OURS;
        size_t count = same_run(state, (end - address) >> PAGE_SHIFT);

        next = address + ((uint64_t)count << PAGE_SHIFT);
        if ((ours & SAVED) != 0) {
            protect(address, next - address, protection);
        } else if (!snapshot.taken) {
            ours = SAVED;
            page_change(address, next - address, protection);
        } else if ((ours & UNTOUCHED) == 0) {
            ours = UNTOUCHED;
            page_apply(ABI_ALIAS(address), ABI_ALIAS(next - 1) + 1, PROT_READ, page_system_key());
        }
        set_records(state, (uint8_t)(protection | COMMITTED | ours), count);
    }
}

void
arena_decommit(uint64_t address, uint64_t size)
{
    page_log(address, size);
    for (uint64_t end = address + size; address < end; address += ABI_PAGE_SIZE) {
        uint8_t *state = &page_protection[address >> PAGE_SHIFT];

        if (snapshot.taken) {
            if ((*state & UNTOUCHED) != 0) {
                *state = UNTOUCHED;
                continue;
            }
            page_open(address);
        }
        memset(guest_pointer(address), 0, ABI_PAGE_SIZE);
        if (is_stack(address)) {
            *state = (uint8_t)(SAVED | (*state & PROTECTION));
        } else {
            protect(address, ABI_PAGE_SIZE, ABI_NONE);
            *state = SAVED;
        }
    }
}

/* Back to the record `before`, with what is really open now: S5. The `count` pages have one record. */
void
arena_restore(uint64_t address, size_t count, uint8_t before)
{
    uint8_t *state = &page_protection[address >> PAGE_SHIFT], ours = *state & (SAVED | UNTOUCHED);
    uint64_t size = (uint64_t)count << PAGE_SHIFT;

    if ((before & COMMITTED) == 0) {
        set_records(state, (uint8_t)(ours | ((ours & SAVED) != 0 ? *state & PROTECTION : 0)),
                    count);
        return;
    }
    if ((ours & SAVED) != 0) {
        protect(address, size, before & PROTECTION);
    } else if (ours == 0 && (*state & PROTECTION) != (before & PROTECTION)) {
        page_change(address, size, before & PROTECTION);
    }
    set_records(state, (uint8_t)((before & ~UNTOUCHED) | ours), count);
}

bool
space_is_kept(uint64_t page)
{
    return arena_is(page);
}

void
space_records(uint64_t address, uint32_t count, uint8_t *out)
{
    memcpy(out, &page_protection[address >> PAGE_SHIFT], count);
}

/* Where the run that is come back to had given a page of an arena back, it was closed. */
void
space_redo(uint64_t address, uint32_t count, const uint8_t *after)
{
    page_log(address, (uint64_t)count << PAGE_SHIFT);
    for (uint32_t i = 0, same; i < count; i += same) {
        uint64_t page = address + ((uint64_t)i << PAGE_SHIFT);
        uint8_t *state = &page_protection[page >> PAGE_SHIFT];
        size_t alike = same_run(state, count - i);

        same = (uint32_t)same_run(after + i, count - i);
        same = alike < same ? (uint32_t)alike : same;
        if ((after[i] & COMMITTED) == 0 && (*state & SAVED) != 0 && !is_stack(page)) {
            protect(page, (uint64_t)same << PAGE_SHIFT, ABI_NONE);
            set_records(state, *state & (uint8_t)~PROTECTION, same);
        }
        arena_restore(page, same, after[i]);
    }
}
