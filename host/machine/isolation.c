/*
 * isolation.c - `--isolation pages`: the system half is closed while user code runs.
 *
 * Without protection keys nothing but page protection keeps user code from the kernel's memory, so the way back to user mode
 * ends in a gate that takes every right from the system half and from the aliases, and the way in begins with one that gives it
 * back: what KVA shadow does by loading CR3. Both gates are stubs in the page of the hypercalls, which user mode can reach:
 *
 *     a patched `syscall` -> machine_gate_enter -> isolation_open  -> KiSystemCall64
 *     KiLeaveByGate       -> machine_gate_leave -> isolation_close -> user code
 *
 * A third one, machine_gate_switch, opens the stack that the kernel switches to: one call of Linux in place of a fault.
 *
 * Closing is one mprotect for the whole system half and one for the aliases; opening is one for each chunk. So what is opened is
 * little: chunks, when they are touched (isolation_fault), and at the next entry at once those that are wanted: that were touched
 * since that was last forgotten.
 *
 * What a call takes is less its pages (35 ns each, both ways) than Linux' areas: neighbours that are closed alike become one
 * area, and to open a part of that makes three of it again. So a chunk is what has one protection in a cell of a grid, and has marks
 * that its neighbours have not (advice that means nothing here): it stays an area of its own, and takes a fourth of the time.
 * Small gaps between wanted chunks are opened with them: a call takes as long as a dozen pages.
 *
 *   I1  Closed, only the two gates and the signal handler lead to where anything is opened again.
 *   I2  The pages of a chunk have one protection, and while it `is_open` they can be reached: a fault there is the guest's own.
 *   I3  What the way in executes while the mode is still the user's, and the way out when it is again, lies in the chunks
 *       that are opened first: a fault there could not be told from a jump of the user's.
 *   I4  A signal that came in user mode and goes back there closes what the host has touched.
 */
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include "abi/account.h"
#include "host/machine/isolation.h"
#include "host/machine/machine.h"

#define MAX_CHUNKS   256
#define CHUNK        (8 * ABI_PAGE_SIZE)
#define BRIDGE       (8 * ABI_PAGE_SIZE) /* to open these too takes less than another call */
#define ALIAS_CHUNK  0x200000ull
#define ALIAS_START  ABI_USER_ALIAS
#define ALIAS_END    (ABI_SYSTEM_ALIAS + ABI_SYSTEM_END)
#define FORGET_EVERY 256    /* ways in: then it shows anew which chunks are wanted */
#define ENTRY_CODE   0x1000 /* nt/ke/entry.S from KiTrapEntry to the end of KiReturnToUser: I3 */
#define PROTECTION   (ABI_PROT_READ | ABI_PROT_WRITE | ABI_PROT_EXECUTE)

static struct chunk {
    uint64_t start, end;
    int protection; /* Linux's */
    bool is_open, is_wanted;
} chunk[MAX_CHUNKS]; /* by address */
static uint32_t chunks, entries;
static bool is_closed, aliases_open = true;

uint64_t machine_gate_target; /* entry.S: KiSystemCall64 */

_Static_assert(ABI_USER_ALIAS + ABI_USER_END == ABI_SYSTEM_ALIAS + ABI_SYSTEM_BASE,
               "the aliases are one range");

GENERAL_REGISTERS_ONLY static void
protect(uint64_t start, uint64_t end, int protection)
{
    if (mprotect((void *)start, end - start, protection) != 0) {
        worker_fail("isolation: cannot change the protection of %#lx bytes at %#lx", end - start,
                    start);
    }
}

GENERAL_REGISTERS_ONLY static bool
is_alias(uint64_t address)
{
    return address >= ALIAS_START && address < ALIAS_END;
}

GENERAL_REGISTERS_ONLY static int
linux_protection(uint32_t protection)
{
    return ((protection & PROTECTION) != 0 ? PROT_READ : 0) |
           ((protection & ABI_PROT_WRITE) != 0 ? PROT_WRITE : 0) |
           ((protection & ABI_PROT_EXECUTE) != 0 ? PROT_EXEC : 0);
}

GENERAL_REGISTERS_ONLY static struct chunk *
find_chunk(uint64_t address)
{
    for (uint32_t i = 0; i < chunks; i++) {
        if (address >= chunk[i].start && address < chunk[i].end) {
            return &chunk[i];
        }
    }
    return NULL;
}

/* Of the stacks only the one in use is touched after each entry; a switch opens its own. */
GENERAL_REGISTERS_ONLY static bool
is_other_stack(const struct chunk *one)
{
    return one->start >= ABI_STACK_BASE &&
           one->start < ABI_STACK_BASE + ABI_STACK_SLOTS * ABI_STACK_SLOT &&
           (one->end <= GUEST->stack_low || one->start >= GUEST->stack_high);
}

/* Chunk `first` and those after it that one call can open, too; gives the next one. */
GENERAL_REGISTERS_ONLY static uint32_t
open_chunks(uint32_t first)
{
    uint32_t next = first + 1;

    for (uint32_t i = next; i < chunks && chunk[i].start == chunk[i - 1].end &&
                            chunk[i].end - chunk[next - 1].end <= BRIDGE + CHUNK &&
                            chunk[i].protection == chunk[first].protection;
         i++) {
        next = chunk[i].is_wanted ? i + 1 : next;
    }
    for (uint32_t i = first; i < next; i++) {
        chunk[i].is_open = true;
    }
    protect(chunk[first].start, chunk[next - 1].end, chunk[first].protection);
    aliases_open = aliases_open || is_alias(chunk[first].start);
    return next;
}

/* Neighbours in one cell differ in their protection, those in two cells in whether the cell is
   even. Where Linux has no such advice it only takes longer. */
GENERAL_REGISTERS_ONLY static void
mark(const struct chunk *one)
{
    void *start = (void *)one->start;
    bool even = one->start / CHUNK % 2 == 0;

    (void)madvise(start, one->end - one->start,
                  (one->protection & PROT_WRITE) != 0 ? MADV_SEQUENTIAL : MADV_RANDOM);
    if (one->protection == PROT_READ) {
        even = !even;
    }
    (void)madvise(start, one->end - one->start, even ? MADV_DODUMP : MADV_DONTDUMP);
}

/* A chunk of the pages around the address; NULL: there is nothing to open. */
GENERAL_REGISTERS_ONLY static struct chunk *
make_chunk(uint64_t address)
{
    struct chunk new = {.protection = PROT_READ | PROT_WRITE};
    uint32_t slot;

    if (is_alias(address)) {
        new.start = address & ~(ALIAS_CHUNK - 1);
        new.end = new.start + ALIAS_CHUNK;
    } else {
        uint64_t low = address & ~(CHUNK - 1), high = low + CHUNK;
        uint32_t page = space_page(address);

        new.start = address & ~(ABI_PAGE_SIZE - 1);
        new.end = new.start + ABI_PAGE_SIZE;
        new.protection = linux_protection(page);
        if ((page & ABI_COMMITTED) == 0 || new.protection == PROT_NONE) {
            return NULL;
        }
        while (new.start > low && space_page(new.start - ABI_PAGE_SIZE) == page) {
            new.start -= ABI_PAGE_SIZE;
        }
        while (new.end < high && space_page(new.end) == page) {
            new.end += ABI_PAGE_SIZE;
        }
    }
    mark(&new);
    if (chunks == MAX_CHUNKS) {
        chunks = 0; /* they are made once more by faults of the guest's own: nothing is lost */
    }
    for (slot = chunks++; slot > 0 && chunk[slot - 1].start > new.start; slot--) {
        chunk[slot] = chunk[slot - 1];
    }
    chunk[slot] = new;
    return &chunk[slot];
}

/* Chunks of what lies between this one and its neighbours, if that is little and has the same protection. */
GENERAL_REGISTERS_ONLY static void
bridge(const struct chunk *one)
{
    uint32_t i = (uint32_t)(one - chunk);

    if (is_alias(one->start) || chunks + 2 * BRIDGE / ABI_PAGE_SIZE > MAX_CHUNKS) {
        return;
    }
    while (i > 0 && chunk[i - 1].end != chunk[i].start &&
           chunk[i].start - chunk[i - 1].end <= BRIDGE &&
           chunk[i - 1].protection == chunk[i].protection) {
        if (make_chunk(chunk[i].start - ABI_PAGE_SIZE) == NULL) { /* it is chunk i then */
            break;
        }
    }
    for (; i + 1 < chunks && chunk[i + 1].start - chunk[i].end <= BRIDGE &&
           chunk[i + 1].protection == chunk[i].protection;
         i++) {
        if (chunk[i + 1].start != chunk[i].end && make_chunk(chunk[i].end) == NULL) {
            break;
        }
    }
}

/* Can the address be reached now that could not? */
GENERAL_REGISTERS_ONLY static bool
open_at(uint64_t address)
{
    struct chunk *one = find_chunk(address);

    if (one != NULL && one->is_open) {
        return false;
    }
    one = one != NULL ? one : make_chunk(address);
    if (one != NULL) {
        protect(one->start, one->end, one->protection);
        aliases_open = aliases_open || is_alias(one->start);
        one->is_open = one->is_wanted = true;
        bridge(one);
    }
    return one != NULL;
}

/* On the way in, and when a trap of user mode goes to the kernel. */
GENERAL_REGISTERS_ONLY void
isolation_open(void)
{
    const uint64_t code = machine_gate_target;
    bool forget;

    if (!is_closed) {
        return;
    }
    is_closed = false;
    forget = ++entries % FORGET_EVERY == 0;
    for (uint32_t i = 0; i < chunks;) {
        chunk[i].is_wanted = chunk[i].is_wanted && !forget;
        i = chunk[i].is_wanted && !is_other_stack(&chunk[i]) ? open_chunks(i) : i + 1;
    }
    for (uint64_t at = code; at < machine.entries.trap + ENTRY_CODE; at += ABI_PAGE_SIZE) { /* I3 */
        (void)open_at(at);
    }
}

uint32_t
isolation_entries(void)
{
    return entries;
}

/* On the way out. */
GENERAL_REGISTERS_ONLY void
isolation_close(void)
{
    if (is_closed) {
        return;
    }
    protect(ABI_SYSTEM_BASE, ABI_SYSTEM_END, PROT_NONE);
    if (aliases_open) {
        protect(ALIAS_START, ALIAS_END, PROT_NONE);
        aliases_open = false;
    }
    for (uint32_t i = 0; i < chunks; i++) {
        chunk[i].is_open = false;
    }
    is_closed = true;
}

/* After a switch to another stack: its top, which is touched at once. */
GENERAL_REGISTERS_ONLY void
isolation_switch(void)
{
    if (!is_closed) {
        (void)open_at(GUEST->stack_high - 1);
    }
}

/* The gates' C part: what they take is of the stages 0 and 14 (services.c). */
GENERAL_REGISTERS_ONLY void
isolation_enter(void)
{
    if ((machine.request->features & (ABI_FEATURE_STAGES | ABI_FEATURE_SHARES)) != 0) {
        ((volatile struct abi_turn *)ABI_TURN)->stamp[ABI_STAMP_GATE] = __builtin_ia32_rdtsc();
    }
    isolation_open();
}

GENERAL_REGISTERS_ONLY void
isolation_leave(void)
{
    volatile struct abi_turn *turn = (volatile struct abi_turn *)ABI_TURN;

    isolation_close();
    if ((machine.request->features & (ABI_FEATURE_STAGES | ABI_FEATURE_SHARES)) != 0 &&
        turn->stamp[14] > turn->stamp[16]) { /* it is a service that ends */
        turn->stamp[15] = turn->stamp[16] = __builtin_ia32_rdtsc();
    }
}

GENERAL_REGISTERS_ONLY void
isolation_changed(uint64_t start, uint64_t end)
{
    uint32_t kept = 0;

    for (uint32_t i = 0; i < chunks; i++) { /* I2 */
        if (chunk[i].start >= end || chunk[i].end <= start) {
            chunk[kept++] = chunk[i];
        }
    }
    chunks = kept;
}

bool
isolation_fault(uint64_t address, uint64_t rip)
{
    bool system = address >= ABI_SYSTEM_BASE && address < ABI_SYSTEM_END;

    if ((!system && !is_alias(address)) || (GUEST->mode == ABI_USER_MODE && !trap_in_host(rip))) {
        return false; /* I1 */
    }
    if (is_closed) {
        isolation_open();
        (void)open_at(address);
        return find_chunk(address) != NULL;
    }
    return open_at(address); /* I2 */
}

void
isolation_leave_signal(uint64_t rip)
{
    if (GUEST->mode == ABI_USER_MODE && rip < ABI_USER_END) {
        isolation_close(); /* I4 */
    }
}

void
isolation_touch(const void *data, size_t size)
{
    const volatile char *bytes = data;

    for (size_t i = 0; machine.pages && i < size; i += ABI_PAGE_SIZE) {
        (void)bytes[i];
    }
    if (machine.pages && size != 0) {
        (void)bytes[size - 1];
    }
}

/*
 * The gates' stubs: a jump to an address that the guest has no other way to know. The way out is told to the kernel by the machine page.
 *     FF 25 00000000 <address>   jmp [rip]
 */
static void
make_stub(uint64_t address, const char *target)
{
    uint8_t *stub = guest_pointer(address);
    uint64_t to = (uint64_t)target;

    memcpy(stub, "\xFF\x25\0\0\0\0", 6);
    memcpy(stub + 6, &to, sizeof(to));
}

void
isolation_init(uint64_t stubs)
{
    if (!machine.pages) {
        return;
    }
    make_stub(stubs, machine_gate_enter);
    make_stub(stubs + 16, machine_gate_leave);
    make_stub(stubs + 32, machine_gate_switch);
    machine.entries.gate = stubs;
    GUEST->gate = stubs + 16;
    GUEST->stack_gate = stubs + 32;
}
