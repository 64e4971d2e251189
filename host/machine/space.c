/*
 * space.c - guest memory: one memfd whose offset is the guest address, seen through two views.
 *
 * The guest's view is reserved once, without access; afterwards pages only change their protection.
 * The aliases are the same memory, always readable and writable: the host works through them, and
 * so do MDL system addresses.
 *
 * Only one process's slice can be reached at a time. With protection keys the slices of up to 13
 * processes stay mapped, each under its own key, and a switch writes PKRU; two slices that share a
 * key take turns. Without keys a switch closes the pages of one slice and opens those of the other,
 * and the system half can be reached from user mode.
 *
 * With keys the host's own memory (key 0) is closed to guest code as well, so that a wild write is
 * a page fault like any other. That needs Linux 6.12: older ones cannot write a signal frame to
 * memory that the interrupted code has no right to.
 *
 *   S1  `page_protection` says of every guest page what was committed; a page that is closed
 * because of its slice keeps its record. S2  holder[k] is the one slice whose pages are open under
 * key k (key 0 where there are none). S3  A page that is not committed has no memory behind it:
 * what is committed anew reads as zero.
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
#include "host/machine/machine.h"

#define PAGE_SHIFT 12
#define KEYS       16
#define LOW_SLICE  0 /* index of the low range's runs */

struct span {
    uint64_t start, end; /* addresses */
    uint32_t protection; /* enum abi_protection, never ABI_NONE with committed bit unset */
};

struct spans {
    struct span *span;
    size_t count, room;
};

static uint8_t *page_protection; /* by page number: protection | COMMITTED */
static struct spans slices[ABI_SLICES];
static uint64_t holder[KEYS];

#define COMMITTED ((uint32_t)ABI_COMMITTED)
#define VIEW      0x40u /* shows another address's memory: must be mapped back */

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

static uint64_t
slice_of(uint64_t address)
{
    return address < ABI_SLICE_SIZE ? machine.low_owner : address / ABI_SLICE_SIZE;
}

static bool
is_open(uint64_t slice)
{
    return slice != 0 && holder[key_of(slice)] == slice;
}

/* Makes [start, end) of the list hold `protection`, or nothing if it is not committed. */
static void
spans_set(struct spans *list, uint64_t start, uint64_t end, uint32_t protection, bool committed)
{
    struct span left = {0}, right = {0};
    size_t first = 0, last, add;

    while (first < list->count && list->span[first].end < start) {
        first++;
    }
    last = first;
    while (last < list->count && list->span[last].start <= end) {
        last++;
    }
    /* Spans first..last-1 touch the range: keep what sticks out, merge what is equal. */
    if (first < last) {
        left = list->span[first];
        right = list->span[last - 1];
        if (committed && left.protection == protection && left.start < start) {
            start = left.start;
        }
        if (committed && right.protection == protection && right.end > end) {
            end = right.end;
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
        list->span[first++] = (struct span){start, end, protection};
    }
    if (right.start < right.end) {
        list->span[first++] = right;
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
        for (size_t i = 0; i < list->count; i++) {
            apply(list->span[i].start, list->span[i].end,
                  open ? linux_protection(list->span[i].protection) : PROT_NONE, key);
        }
    }
}

static void
record(uint64_t address, uint64_t size, uint32_t protection, bool committed)
{
    for (uint64_t page = address >> PAGE_SHIFT; page < (address + size) >> PAGE_SHIFT; page++) {
        page_protection[page] =
            committed ? (uint8_t)(protection | COMMITTED | (page_protection[page] & VIEW)) : 0;
    }
    if (address < ABI_USER_END) {
        spans_set(&slices[address / ABI_SLICE_SIZE], address, address + size, protection,
                  committed);
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

static void
change(uint64_t address, uint64_t size, uint32_t protection)
{
    if (address >= ABI_SYSTEM_BASE) {
        apply(address, address + size, linux_protection(protection),
              machine.has_keys ? ABI_KEY_SYSTEM : 0);
    } else if (is_open(slice_of(address))) {
        apply(address, address + size, linux_protection(protection), key_of(slice_of(address)));
    }
}

void
space_commit(uint64_t address, uint64_t size, uint32_t protection)
{
    if (size == 0) {
        return;
    }
    check_range("commit", address, size);
    if (address < ABI_SLICE_SIZE && machine.low_owner == 0) {
        machine.low_owner = GUEST->user_slice;
    }
    record(address, size, protection, true);
    change(address, size, protection);
}

void
space_protect(uint64_t address, uint64_t size, uint32_t protection)
{
    uint64_t page = address >> PAGE_SHIFT, end = (address + size) >> PAGE_SHIFT;

    if (size == 0) {
        return;
    }
    check_range("protect", address, size);
    /* Pages that are not committed stay so (S1). */
    while (page < end) {
        uint64_t start = page;

        while (page < end && page_protection[page] != 0) {
            page++;
        }
        if (page > start) {
            record(start << PAGE_SHIFT, (page - start) << PAGE_SHIFT, protection, true);
            change(start << PAGE_SHIFT, (page - start) << PAGE_SHIFT, protection);
        }
        while (page < end && page_protection[page] == 0) {
            page++;
        }
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

void
space_map_view(uint64_t address, uint64_t size, uint64_t backing, uint32_t protection)
{
    if (size == 0) {
        return;
    }
    check_range("map a view of", address, size);
    check_range("show", backing, size);
    remap(address, size, backing);
    record(address, size, protection, true);
    for (uint64_t page = 0; page < size >> PAGE_SHIFT; page++) {
        page_protection[(address >> PAGE_SHIFT) + page] |= VIEW;
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

void
space_decommit(uint64_t address, uint64_t size)
{
    if (size == 0) {
        return;
    }
    check_range("decommit", address, size);
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

GENERAL_REGISTERS_ONLY void
space_switch(uint64_t slice)
{
    unsigned key = key_of(slice);

    if (slice >= ABI_SLICES) {
        worker_fail("the kernel asked for address space %#lx", slice);
    }
    GUEST->user_slice = slice;
    if ((slice != 0 || !machine.has_keys) && holder[key] != slice) {
        if (holder[key] != 0) {
            slice_apply(holder[key], false);
        }
        holder[key] = slice;
        if (slice != 0) {
            slice_apply(slice, true);
        }
    }
    if (machine.has_keys) {
        uint32_t user = 3u << (2 * ABI_KEY_SHARED) | (slice != 0 ? 3u << (2 * key) : 0);

        user |= machine.host_closed ? 0 : 3u;

        GUEST->user_pkru = ~user;
        GUEST->kernel_pkru = ~(user | 3u << (2 * ABI_KEY_SYSTEM));
    }
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
    const uint8_t *page = page_protection + (address >> PAGE_SHIFT);

    if (!space_is_guest(address, size)) {
        return false;
    }
    for (uint64_t i = 0; i < (size + ABI_PAGE_SIZE - 1) >> PAGE_SHIFT; i++) {
        if (page[i] != 0) {
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
    return page_protection[address >> PAGE_SHIFT] & ~(COMMITTED | VIEW);
}

GENERAL_REGISTERS_ONLY uint32_t
space_page(uint64_t address)
{
    return space_is_guest(address, 1) ? page_protection[address >> PAGE_SHIFT] & ~VIEW : 0;
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
        if (!space_is_guest(at, step) || page_protection[at >> PAGE_SHIFT] == 0) {
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
    if (machine.request->no_keys) {
        return false;
    }
    for (int i = 1; i < KEYS; i++) {
        if (syscall(SYS_pkey_alloc, 0, 0) != i) {
            return false;
        }
    }
    return true;
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
