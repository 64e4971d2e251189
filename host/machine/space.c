/*
 * space.c - guest memory: one memfd whose offset is the guest address, seen through two views.
 *
 * The guest's view is reserved once, without access; afterwards pages only change their protection.
 * The aliases are the same memory, always readable and writable: the host works through them, and
 * so do MDL system addresses.
 *
 * Only one process's slice can be reached at a time. With protection keys the slices of up to 13
 * processes stay mapped, each under its own key, and a switch writes PKRU; two slices that share a
 * key take turns. Without keys a switch closes what was open of one slice, and the other's is opened where
 * it is touched (S7); the system half is closed to user mode by isolation.c, or not at all.
 *
 * With keys the host's own memory (key 0) is closed to guest code as well, so that a wild write is
 * a page fault like any other. That needs Linux 6.12: older ones cannot write a signal frame to
 * memory that the interrupted code has no right to.
 *
 *   S1  `page_protection` says of every guest page what was committed; a page that is closed
 *       because of its slice keeps its record.
 *   S2  holder[k] is the one slice whose pages are open under key k (key 0 where there are none).
 *   S3  A page that is not committed has no memory behind it: what is committed anew reads as zero.
 *   S4  After a snapshot (snapshot.c) a committed page is closed for writing, in the view and in the
 *       alias, until its content was saved.
 *   S5  Each of thousands of runs makes the same threads, with the same kernel stacks and pool arenas. Such a page
 *       that was committed after the snapshot is opened when it is touched, saved (as zero), and a restore leaves it
 *       open: the next run commits it without a call of Linux. SAVED without COMMITTED, it keeps the protection
 *       that it really has. Of a stack it stays open when the thread has ended, too, and reads as zero; this is the
 *       same in a replay, which has no snapshot; `ntlab run` closes such pages. What is given back of a
 *       pool is closed at once.
 *
 *   S6  After a snapshot, what is given back of a slice that cannot be reached (its process has ended) is GONE:
 *       as the record goes it is not committed, but nothing is done to the memory until the slice is
 *       used again (opened, it is closed). As a rule the run ends before, and all that a restore has to put back is the record.
 *
 *   S7  Without keys the current slice is opened span by span, each at its first fault: a thread that goes on
 *       touches a few of them, and to open and close all takes a hundred calls of Linux. A span of which a page
 *       may be open is `open`.
 *
 *   S8  To close and open slices at each switch is most of what a run with several processes costs then. So a search that
 *       samples leaves them open in most runs (space_keep_apart): what has been touched of any slice stays open, from run to run. There
 *       an access to the memory of a process that is not current is no fault; the others find it (explorer.c, X12).
 *
 *   S9  In such a run what a process commits after the snapshot stays open, too, when a restore takes it away: the next run commits it
 *       without a call of Linux. It is saved, as zero, so that a restore clears it whoever has written there. Where the next run
 *       commits nothing, but has a view of a file or only reserves, the first access must fault: such a page is closed as soon as
 *       the kernel says that the range is in use (space_protect).
 *
 * The low range belongs to the slice that committed there first, until its last page there is gone.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/memfd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>
#include "host/machine/isolation.h"
#include "host/machine/machine.h"
#include "host/machine/snapshot.h"

#define PAGE_SHIFT 12
#define KEYS       16
#define LOW_SLICE  0 /* index of the low range's runs */

struct span {
    uint64_t start, end; /* addresses */
    uint32_t protection; /* enum abi_protection, never ABI_NONE with committed bit unset */
    bool open;           /* S7 */
};

struct spans {
    struct span *span;
    size_t count, room;
};

static uint8_t *page_protection; /* by page number: protection | COMMITTED */
static struct spans slices[ABI_SLICES + 1];
static uint64_t holder[KEYS];

#define SYSTEM_SPANS ABI_SLICES /* index of the system half's, which only a snapshot needs */

#define COMMITTED ((uint32_t)ABI_COMMITTED)
#define VIEW      0x40u /* shows another address's memory: must be mapped back */
#define SAVED     0x20u /* written since the snapshot, and open for writing: S4 */
#define FRESH     0x10u /* committed since the snapshot, likewise */
#define UNTOUCHED 0x08u /* S5: closed until it is touched */
#define OURS      (VIEW | SAVED | FRESH | UNTOUCHED)

#define GONE UNTOUCHED /* S6: of a slice, without COMMITTED */

#define PROTECTION  (ABI_PROT_READ | ABI_PROT_WRITE | ABI_PROT_EXECUTE)
#define WRITE_FAULT 2u /* of an x86 page-fault error code */
#define FETCH_FAULT 0x10u
#define KEY_FAULT   0x20u

struct view {
    uint64_t page, backing;
};
static struct {
    struct view *view;
    size_t count, room;
} views;

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
static bool apart = true; /* S8: a slice that is not current is closed */
static bool gone_closed;  /* the slice of some was opened: a restore opens them again */

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

GENERAL_REGISTERS_ONLY static unsigned
key_of(uint64_t slice)
{
    if (!machine.has_keys || slice == 0) {
        return 0;
    }
    return ABI_KEY_FIRST_USER + (unsigned)((slice - 1) % (ABI_KEY_SHARED - ABI_KEY_FIRST_USER));
}

GENERAL_REGISTERS_ONLY static void
apply(uint64_t start, uint64_t end, int protection, unsigned key)
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
GENERAL_REGISTERS_ONLY static void
apply_committed(uint64_t start, uint64_t end, uint32_t protection, unsigned key)
{
    int allowed = linux_protection(protection);

    if (!snapshot.taken || allowed == PROT_NONE) {
        apply(start, end, allowed, key);
        return;
    }
    while (start < end) {
        int now = allowed_now(start >> PAGE_SHIFT, allowed);
        uint64_t next = start + ABI_PAGE_SIZE;

        while (next < end && allowed_now(next >> PAGE_SHIFT, allowed) == now) {
            next += ABI_PAGE_SIZE;
        }
        apply(start, next, now, key);
        start = next;
    }
}

static bool
is_committed(uint64_t page)
{
    return (page_protection[page] & COMMITTED) != 0;
}

/* S5 */
static bool
is_kept_stack(uint64_t address)
{
    return snapshot.rooted && address >= ABI_STACK_BASE + ABI_STACK_SLOT &&
           address < ABI_STACK_BASE + (uint64_t)ABI_STACK_SLOTS * ABI_STACK_SLOT;
}

static bool
is_kept(uint64_t address)
{
    return is_kept_stack(address) ||
           (snapshot.taken && address >= ABI_NONPAGED_BASE &&
            address < ABI_PAGED_BASE + (uint64_t)ABI_ARENAS * ABI_ARENA_SIZE);
}

static uint64_t
slice_of(uint64_t address)
{
    return address < ABI_SLICE_SIZE ? machine.low_owner : address / ABI_SLICE_SIZE;
}

static bool
is_open(uint64_t slice)
{
    return slice != 0 && (!apart || holder[key_of(slice)] == slice);
}

/* The first that ends at `address` or later. */
GENERAL_REGISTERS_ONLY static size_t
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
static void
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
        apply(list->span[i].start, list->span[last].end, PROT_NONE, 0);
        i = last;
    }
}

GENERAL_REGISTERS_ONLY static void
slice_apply(uint64_t slice, bool open)
{
    unsigned key = key_of(slice);

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
            apply_committed(list->span[i].start, list->span[i].end,
                            open ? list->span[i].protection : ABI_NONE, key);
        }
    }
}

static unsigned
system_key(void)
{
    return machine.has_keys ? ABI_KEY_SYSTEM : 0;
}

/* Saves a page and opens its alias for good. */
static void
save_page(uint64_t address)
{
    snapshot_save(address);
    apply(ABI_ALIAS(address), ABI_ALIAS(address) + ABI_PAGE_SIZE, PROT_READ | PROT_WRITE,
          system_key());
}

static void
record_page(uint64_t page, uint32_t protection, bool committed)
{
    uint8_t before = page_protection[page];

    if (snapshot.taken) {
        if (!committed && (before & (COMMITTED | OURS)) == COMMITTED) {
            save_page(page << PAGE_SHIFT);
            before |= SAVED;
        }
        snapshot_log(page << PAGE_SHIFT, &before, 1, false);
    }
    page_protection[page] = !committed ? 0
                            : (before & COMMITTED) == 0 && snapshot.taken
                                ? (uint8_t)(protection | COMMITTED | FRESH)
                                : (uint8_t)(protection | COMMITTED | (before & OURS));
}

static void
record(uint64_t address, uint64_t size, uint32_t protection, bool committed)
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

static void
check_range(const char *what, uint64_t address, uint64_t size)
{
    if (((address | size) & (ABI_PAGE_SIZE - 1)) != 0 || !space_is_guest(address, size) ||
        (address < ABI_USER_END &&
         address / ABI_SLICE_SIZE != (address + size - 1) / ABI_SLICE_SIZE)) {
        worker_fail("the kernel asked to %s %#lx bytes at %#lx", what, size, address);
    }
}

/* S7 */
static void
note_open(uint64_t address, uint64_t size)
{
    struct spans *list = &slices[address / ABI_SLICE_SIZE];

    for (size_t i = spans_find(list, address + 1);
         i < list->count && list->span[i].start < address + size; i++) {
        list->span[i].open = true;
    }
}

static void
change(uint64_t address, uint64_t size, uint32_t protection)
{
    if (address >= ABI_SYSTEM_BASE) {
        apply_committed(address, address + size, protection, system_key());
    } else if (is_open(slice_of(address))) {
        apply_committed(address, address + size, protection, key_of(slice_of(address)));
        if (!machine.has_keys && protection != ABI_NONE) {
            note_open(address, size);
        }
    }
}

static void open_page(uint64_t address);
static bool find_backing(uint64_t page, uint64_t *backing);
static void let_go_in_earnest(uint64_t slice);

/* S5: of pages with one record, which are SAVED. */
static void
protect_kept(uint64_t address, uint64_t size, uint32_t protection)
{
    if ((page_protection[address >> PAGE_SHIFT] & PROTECTION) != protection) {
        change(address, size, protection);
    }
}

static void
log_pages(uint64_t address, uint64_t size)
{
    if (snapshot.taken) {
        snapshot_log(address, &page_protection[address >> PAGE_SHIFT],
                     (uint32_t)(size >> PAGE_SHIFT), false);
    }
}

/* S5. After a snapshot most of the pages are never touched. Those that have one record go together. */
static void
commit_kept(uint64_t address, uint64_t size, uint32_t protection)
{
    log_pages(address, size);
    for (uint64_t end = address + size, next; address < end; address = next) {
        uint8_t *state = &page_protection[address >> PAGE_SHIFT], ours = *state & OURS;
        size_t count = same_run(state, (end - address) >> PAGE_SHIFT);

        next = address + ((uint64_t)count << PAGE_SHIFT);
        if ((ours & SAVED) != 0) {
            protect_kept(address, next - address, protection);
        } else if (!snapshot.taken) {
            ours = SAVED;
            change(address, next - address, protection);
        } else if ((ours & UNTOUCHED) == 0) {
            ours = UNTOUCHED;
            apply(ABI_ALIAS(address), ABI_ALIAS(next - 1) + 1, PROT_READ, system_key());
        }
        set_records(state, (uint8_t)(protection | COMMITTED | ours), count);
    }
}

static void
decommit_kept(uint64_t address, uint64_t size)
{
    log_pages(address, size);
    for (uint64_t end = address + size; address < end; address += ABI_PAGE_SIZE) {
        uint8_t *state = &page_protection[address >> PAGE_SHIFT];

        if (snapshot.taken) {
            if ((*state & UNTOUCHED) != 0) {
                *state = UNTOUCHED;
                continue;
            }
            open_page(address);
        }
        memset(guest_pointer(address), 0, ABI_PAGE_SIZE);
        if (is_kept_stack(address)) {
            *state = (uint8_t)(SAVED | (*state & PROTECTION));
        } else {
            protect_kept(address, ABI_PAGE_SIZE, ABI_NONE);
            *state = SAVED;
        }
    }
}

/* Back to the record `before`, with what is really open now: S5. The `count` pages have one record. */
static void
restore_kept(uint64_t address, size_t count, uint8_t before)
{
    uint8_t *state = &page_protection[address >> PAGE_SHIFT], ours = *state & (SAVED | UNTOUCHED);
    uint64_t size = (uint64_t)count << PAGE_SHIFT;

    if ((before & COMMITTED) == 0) {
        set_records(state, (uint8_t)(ours | ((ours & SAVED) != 0 ? *state & PROTECTION : 0)),
                    count);
        return;
    }
    if ((ours & SAVED) != 0) {
        protect_kept(address, size, before & PROTECTION);
    } else if (ours == 0 && (*state & PROTECTION) != (before & PROTECTION)) {
        change(address, size, before & PROTECTION);
    }
    set_records(state, (uint8_t)((before & ~UNTOUCHED) | ours), count);
}

bool
space_is_kept(uint64_t page)
{
    return is_kept(page);
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
    log_pages(address, (uint64_t)count << PAGE_SHIFT);
    for (uint32_t i = 0, same; i < count; i += same) {
        uint64_t page = address + ((uint64_t)i << PAGE_SHIFT);
        uint8_t *state = &page_protection[page >> PAGE_SHIFT];
        size_t alike = same_run(state, count - i);

        same = (uint32_t)same_run(after + i, count - i);
        same = alike < same ? (uint32_t)alike : same;
        if ((after[i] & COMMITTED) == 0 && (*state & SAVED) != 0 && !is_kept_stack(page)) {
            protect_kept(page, (uint64_t)same << PAGE_SHIFT, ABI_NONE);
            set_records(state, *state & (uint8_t)~PROTECTION, same);
        }
        restore_kept(page, same, after[i]);
    }
}

void
space_clear(uint64_t address)
{
    if (gone_count != 0 && address < ABI_USER_END) {
        let_go_in_earnest(address / ABI_SLICE_SIZE);
    }
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

static bool
may_stay_open(uint64_t address)
{
    return !apart && !machine.has_keys && address >= ABI_SLICE_SIZE && address < ABI_USER_END;
}

#define READ_WRITE (ABI_PROT_READ | ABI_PROT_WRITE)

/* S9: in place of giving it back. */
static bool
leave_open(uint64_t address, uint64_t size)
{
    uint32_t i = 0;

    if (!may_stay_open(address) || size > LEFT_BYTES ||
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
static void
close_left(void)
{
    for (uint32_t i = 0; i < left_count; i++) {
        uint64_t page = lefts[i].address >> PAGE_SHIFT, end = page + (lefts[i].size >> PAGE_SHIFT);

        if (!lefts[i].open) {
            continue;
        }
        lefts[i].open = false;
        apply(lefts[i].address, lefts[i].address + lefts[i].size, PROT_NONE, 0);
        for (; page < end; page++) {
            page_protection[page] =
                page_protection[page] == (SAVED | READ_WRITE) ? 0 : page_protection[page];
        }
    }
}

/* S9: what of the range is not committed. */
static void
close_left_in(uint64_t address, uint64_t size)
{
    for (uint32_t i = 0; i < left_count; i++) {
        uint64_t start = lefts[i].address > address ? lefts[i].address : address;
        uint64_t end = lefts[i].address + lefts[i].size;

        end = end < address + size ? end : address + size;
        for (; lefts[i].open && start < end; start += ABI_PAGE_SIZE) {
            uint8_t *state = &page_protection[start >> PAGE_SHIFT];

            if (*state == (SAVED | READ_WRITE)) {
                apply(start, start + ABI_PAGE_SIZE, PROT_NONE, 0);
                *state = 0;
            }
        }
    }
}

void
space_commit(uint64_t address, uint64_t size, uint32_t protection)
{
    bool left;

    if (size == 0) {
        return;
    }
    check_range("commit", address, size);
    if (is_kept(address)) {
        commit_kept(address, size, protection);
        return;
    }
    if (address < ABI_SLICE_SIZE && machine.low_owner == 0) {
        machine.low_owner = GUEST->user_slice;
    }
    space_clear(address);
    left = protection == READ_WRITE && may_stay_open(address) &&
           is_recorded(address, size, SAVED | READ_WRITE);
    record(address, size, protection, true);
    if (left) {
        note_open(address, size);
    } else {
        change(address, size, protection);
    }
}

/*
 * S4: a view that is made, or made writable, after a snapshot is open at once, so what is written through it is not seen
 * at the page that is behind it. That is kept now.
 */
static void
open_backing(uint64_t backing, uint32_t protection)
{
    if (snapshot.taken && (protection & ABI_PROT_WRITE) != 0 &&
        is_committed(backing >> PAGE_SHIFT)) {
        open_page(backing);
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
    for (; page < end && !is_committed(page); page++) {
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
    check_range("protect", address, size);
    if (may_stay_open(address)) {
        close_left_in(address, size);
    }
    /* Pages that are not committed stay so (S1). */
    while ((page = next_committed(page, end)) < end) {
        uint64_t start = page;

        while (page < end && is_committed(page)) {
            page++;
        }
        record(start << PAGE_SHIFT, (page - start) << PAGE_SHIFT, protection, true);
        for (uint64_t at = start; at < page; at++) {
            if ((page_protection[at] & (VIEW | FRESH)) == (VIEW | FRESH) &&
                find_backing(at << PAGE_SHIFT, &backing)) {
                open_backing(backing, protection);
            }
        }
        change(start << PAGE_SHIFT, (page - start) << PAGE_SHIFT, protection);
    }
}

/* Other memory behind the pages; closed until `change` opens them. */
static void
remap(uint64_t address, uint64_t size, uint64_t backing)
{
    if (mmap((void *)address, size, PROT_NONE, MAP_SHARED | MAP_FIXED, machine.memory,
             (off_t)backing) == MAP_FAILED) {
        worker_fail("cannot map a view: %s", strerror(errno));
    }
}

/* Where the memory of a view is; the last one that was made at `page` counts. False: none is known. */
static bool
find_backing(uint64_t page, uint64_t *backing)
{
    for (size_t i = views.count; i-- > 0;) {
        if (views.view[i].page == page) {
            *backing = views.view[i].backing;
            return true;
        }
    }
    return false;
}

static uint64_t
backing_of(uint64_t page)
{
    uint64_t backing;

    if (!find_backing(page, &backing)) {
        worker_fail("no view is known at %#lx", page);
    }
    return backing;
}

static void
note_view(uint64_t page, uint64_t backing)
{
    if (machine.request->explore == NULL) {
        return;
    }
    if (views.count == views.room) {
        views.room = views.room * 2 + 256;
        views.view = realloc(views.view, views.room * sizeof(*views.view));
        if (views.view == NULL) {
            worker_fail("out of memory for the list of views");
        }
    }
    views.view[views.count++] = (struct view){page, backing};
}

void
space_map_view(uint64_t address, uint64_t size, uint64_t backing, uint32_t protection)
{
    if (size == 0) {
        return;
    }
    check_range("map a view of", address, size);
    check_range("show", backing, size);
    space_clear(address);
    remap(address, size, backing);
    record(address, size, protection, true);
    for (uint64_t offset = 0; offset < size; offset += ABI_PAGE_SIZE) {
        page_protection[(address + offset) >> PAGE_SHIFT] |= VIEW;
        note_view(address + offset, backing + offset);
        open_backing(backing + offset, protection);
    }
    change(address, size, protection);
}

/* Pages that are views show their own, empty memory again. */
static void
end_views(uint64_t address, uint64_t size)
{
    uint64_t page = address >> PAGE_SHIFT, end = (address + size) >> PAGE_SHIFT;

    while (page < end) {
        uint64_t start = page;

        while (page < end && (page_protection[page] & VIEW) != 0) {
            page++;
        }
        if (page > start) {
            remap(start << PAGE_SHIFT, (page - start) << PAGE_SHIFT, start << PAGE_SHIFT);
        }
        while (page < end && (page_protection[page] & VIEW) == 0) {
            page++;
        }
    }
}

static void
decommit(uint64_t address, uint64_t size)
{
    end_views(address, size);
    change(address, size, ABI_NONE);
    record(address, size, 0, false);
    if (fallocate(machine.memory, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, (off_t)address,
                  (off_t)size) != 0) {
        worker_fail("cannot give back memory: %s", strerror(errno));
    }
    if (address < ABI_SLICE_SIZE && slices[LOW_SLICE].count == 0) {
        machine.low_owner = 0;
    }
}

/* S6 */
static void
let_go(uint64_t address, uint64_t size)
{
    gone[gone_count++] = (struct gone){address, size, snapshot_logged()};
    snapshot_log(address, &page_protection[address >> PAGE_SHIFT], (uint32_t)(size >> PAGE_SHIFT),
                 true);
    memset(&page_protection[address >> PAGE_SHIFT], GONE, size >> PAGE_SHIFT);
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
        decommit(gone[i].address, gone[i].size);
    }
    gone_count = left;
}

void
space_decommit(uint64_t address, uint64_t size)
{
    if (size == 0) {
        return;
    }
    check_range("decommit", address, size);
    if (snapshot.taken && GUEST->ending == 2) {
        return; /* nobody is left who could look */
    }
    if (is_kept(address)) {
        decommit_kept(address, size);
        return;
    }
    if (snapshot.taken && address >= ABI_SLICE_SIZE && address < ABI_USER_END &&
        address / ABI_SLICE_SIZE != GUEST->user_slice && gone_count < MAX_GONE) {
        let_go(address, size);
        return;
    }
    decommit(address, size);
}

GENERAL_REGISTERS_ONLY void
space_switch(uint64_t slice)
{
    unsigned key = key_of(slice);

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
    for (uint32_t i = 0; slice != 0 && i < gone_count; i++) {
        if (gone[i].address / ABI_SLICE_SIZE == slice) {
            apply(gone[i].address, gone[i].address + gone[i].size, PROT_NONE, key);
            gone_closed = true;
        }
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
        close_left();
    }
}

bool
space_are_apart(void)
{
    return apart;
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
        if (is_committed((address >> PAGE_SHIFT) + i)) {
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
        if (!space_is_guest(at, step) || !is_committed(at >> PAGE_SHIFT)) {
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

void
space_freeze(void)
{
    snapshot.taken = snapshot.rooted = true;
    for (size_t i = 0; i <= SYSTEM_SPANS; i++) {
        for (size_t j = 0; j < slices[i].count; j++) {
            const struct span *span = &slices[i].span[j];

            change(span->start, span->end - span->start, span->protection);
            apply(ABI_ALIAS(span->start), ABI_ALIAS(span->end - 1) + 1, PROT_READ, system_key());
        }
    }
}

bool
space_is_fresh(uint64_t page)
{
    return (page_protection[page >> PAGE_SHIFT] & FRESH) != 0;
}

void
space_forget_gone(uint32_t logged)
{
    while (gone_count > 0 && gone[gone_count - 1].logged >= logged) {
        gone_count--;
    }
    gone_closed = gone_closed && gone_count != 0;
}

uint32_t
space_views(void)
{
    return (uint32_t)views.count;
}

/* Neighbouring pages that all had the record `before`. Contents are snapshot.c's. */
void
space_restore(uint64_t address, uint64_t size, uint8_t before, uint32_t view_count)
{
    uint64_t page = address >> PAGE_SHIFT, end = (address + size) >> PAGE_SHIFT, same, backing;

    views.count = view_count;
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
        if (is_gone && !gone_closed) {
            return;
        }
    }
    if (is_kept(address)) {
        for (; page < end; page = same) {
            same = page + same_run(&page_protection[page], end - page);
            restore_kept(page << PAGE_SHIFT, same - page, before);
        }
        return;
    }
    if ((before & COMMITTED) == 0 && address < ABI_USER_END) {
        if (leave_open(address, size)) {
            return;
        }
        before = 0;
    }
    for (uint64_t i = page; i < end; i++) {
        uint8_t now = page_protection[i];

        if ((before & VIEW) != 0 && (now & VIEW) == 0) {
            /* One that came and went since the snapshot is not known any more: an older record follows that ends it. */
            if (find_backing(i << PAGE_SHIFT, &backing)) {
                remap(i << PAGE_SHIFT, ABI_PAGE_SIZE, backing);
            }
        } else if ((now & VIEW) != 0 && (before & VIEW) == 0) {
            remap(i << PAGE_SHIFT, ABI_PAGE_SIZE, i << PAGE_SHIFT);
        }
        page_protection[i] = before;
    }
    for (uint64_t at = address, next; at < address + size && at < ABI_USER_END; at = next) {
        next = (at / ABI_SLICE_SIZE + 1) * ABI_SLICE_SIZE;
        next = next < address + size ? next : address + size;
        spans_set(&slices[at / ABI_SLICE_SIZE], at, next, before & PROTECTION,
                  (before & COMMITTED) != 0);
    }
    change(address, size, before & PROTECTION);
    if ((before & COMMITTED) == 0 &&
        fallocate(machine.memory, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, (off_t)address,
                  (off_t)size) != 0) {
        worker_fail("cannot give back memory: %s", strerror(errno));
    }
}

/* For a page that is about to be written: its alias and, if it can be reached, its view open. */
static void
open_page(uint64_t address)
{
    uint8_t *state = &page_protection[address >> PAGE_SHIFT];

    if ((*state & (SAVED | FRESH)) != 0) {
        return;
    }
    save_page(address);
    *state = (uint8_t)((*state & ~UNTOUCHED) | SAVED);
    change(address, ABI_PAGE_SIZE, *state & PROTECTION);
}

/* S7: was that all that was wrong? */
static bool
open_span(uint64_t page, uint32_t error)
{
    uint32_t state = page < ABI_USER_END ? page_protection[page >> PAGE_SHIFT] : 0;
    uint32_t wanted = (error & WRITE_FAULT) != 0   ? ABI_PROT_WRITE
                      : (error & FETCH_FAULT) != 0 ? ABI_PROT_EXECUTE
                                                   : PROTECTION;
    const struct spans *list = &slices[page / ABI_SLICE_SIZE];
    const struct span *span;

    if (machine.has_keys || (state & COMMITTED) == 0 || (state & wanted) == 0 ||
        !is_open(slice_of(page))) {
        return false;
    }
    span = &list->span[spans_find(list, page + 1)];
    change(span->start, span->end - span->start, span->protection);
    return true;
}

/* Not a question that the guest may ask: S8. */
static bool
is_reachable(uint64_t page)
{
    return page >= ABI_SYSTEM_BASE || is_open(slice_of(page));
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
        return open_span(page, error);
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
        open_page(page);
        return true;
    }
    if ((error & WRITE_FAULT) == 0 || (*state & COMMITTED) == 0 ||
        (*state & (SAVED | FRESH)) != 0 ||
        (!alias && ((*state & ABI_PROT_WRITE) == 0 || !is_reachable(page)))) {
        return !alias && open_span(page, error);
    }
    if (!alias && (*state & VIEW) != 0) {
        open_page(backing_of(page));
        *state |= SAVED;
        change(page, ABI_PAGE_SIZE, *state & PROTECTION);
    } else {
        open_page(page);
    }
    return true;
}

static int
map(uint64_t address, uint64_t size, uint64_t offset, int protection, unsigned key)
{
    void *at =
        mmap((void *)address, size, protection, MAP_SHARED | MAP_NORESERVE | MAP_FIXED_NOREPLACE,
             machine.memory, (off_t)offset);

    if (at == MAP_FAILED) {
        return -errno;
    }
    if (at != (void *)address) {
        return -EEXIST; /* a kernel that does not know MAP_FIXED_NOREPLACE */
    }
    if (key != 0 && syscall(SYS_pkey_mprotect, address, size, protection, key) != 0) {
        return -errno;
    }
    return 0;
}

static bool
can_close_host(void)
{
    struct utsname name;
    int major = 0, minor = 0;

    return uname(&name) == 0 && sscanf(name.release, "%d.%d", &major, &minor) == 2 &&
           (major > 6 || (major == 6 && minor >= 12));
}

/* All keys 1..15, with every right here. Other users of keys in this process do not exist. */
static bool
take_keys(void)
{
    if (machine.request->no_keys || machine.request->isolation == RUN_ISOLATION_OFF ||
        machine.request->isolation == RUN_ISOLATION_PAGES) {
        return false;
    }
    for (int i = 1; i < KEYS; i++) {
        if (syscall(SYS_pkey_alloc, 0, 0) != i) {
            return false;
        }
    }
    return true;
}

static bool
wants_pages(void)
{
    const struct run_request *request = machine.request;

    return request->explore == NULL && !request->one_of_many &&
           (request->isolation == RUN_ISOLATION_PAGES ||
            (request->isolation == RUN_ISOLATION_AUTO && !machine.has_keys &&
             !request->boot.host_clock));
}

int
space_init(void)
{
    static const uint64_t view[][2] = {
        {ABI_LOW_BASE, ABI_LOW_END},
        {ABI_HIGH_BASE, ABI_USER_END},
        {ABI_SYSTEM_BASE, ABI_SYSTEM_END},
    };
    size_t pages = ABI_SYSTEM_END >> PAGE_SHIFT;
    int error;

    machine.has_keys = take_keys();
    machine.pages = wants_pages();
    machine.host_closed = machine.has_keys && can_close_host();
    machine.pages_fd = memfd_create("ntlab-pages", MFD_CLOEXEC);
    if (machine.pages_fd < 0 || ftruncate(machine.pages_fd, (off_t)pages) != 0) {
        return -errno;
    }
    page_protection =
        mmap(NULL, pages, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE, machine.pages_fd, 0);
    if (page_protection == MAP_FAILED) {
        return -errno;
    }
    for (size_t i = 0; i < sizeof(view) / sizeof(view[0]); i++) {
        error = map(view[i][0], view[i][1] - view[i][0], view[i][0], PROT_NONE, 0);
        if (error != 0) {
            return error;
        }
    }
    error = map(ABI_USER_ALIAS, ABI_USER_END, 0, PROT_READ | PROT_WRITE,
                machine.has_keys ? ABI_KEY_SYSTEM : 0);
    if (error == 0) {
        error = map(ABI_SYSTEM_ALIAS + ABI_SYSTEM_BASE, ABI_SYSTEM_END - ABI_SYSTEM_BASE,
                    ABI_SYSTEM_BASE, PROT_READ | PROT_WRITE, machine.has_keys ? ABI_KEY_SYSTEM : 0);
    }
    if (error == 0) {
        error = map(ABI_HYPERCALL_STUBS, 0x10000, ABI_HYPERCALL_STUBS, PROT_READ | PROT_EXEC,
                    machine.has_keys ? ABI_KEY_SHARED : 0);
    }
    if (error == 0) {
        error = map(ABI_MACHINE_PAGE, 0x10000, ABI_MACHINE_PAGE, PROT_READ | PROT_WRITE,
                    machine.has_keys ? ABI_KEY_SHARED : 0);
    }
    if (error == 0) {
        error = map(ABI_USER_SHARED_DATA, 0x1000, ABI_USER_SHARED_DATA, PROT_READ,
                    machine.has_keys ? ABI_KEY_SHARED : 0);
    }
    return error;
}
