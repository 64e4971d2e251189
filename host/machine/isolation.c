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
 * Closing is one mprotect for the whole system half and one for the aliases; it costs by the pages that are open. So what is
 * opened is little: chunks, when they are touched (isolation_fault), and at the next entry at once those that were open at the
 * last exit. From time to time that memory is dropped, or it would only grow.
 *
 *   I1  Closed, only the two gates and the signal handler lead to where anything is opened again.
 *   I2  `chunk` holds what was opened by a touch since the last exit; a fault there is the guest's own.
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
#define ALIAS_CHUNK  0x200000ull
#define ALIAS_START  ABI_USER_ALIAS
#define ALIAS_END    (ABI_SYSTEM_ALIAS + ABI_SYSTEM_END)
#define FORGET_EVERY 256    /* ways in: then the chunks are found anew */
#define ENTRY_CODE   0x1000 /* nt/ke/entry.S from KiTrapEntry to the end of KiReturnToUser: I3 */
#define PROTECTION   (ABI_PROT_READ | ABI_PROT_WRITE | ABI_PROT_EXECUTE)

static struct chunk {
    uint64_t start, end;
    int protection; /* Linux's */
} chunk[MAX_CHUNKS];
static uint32_t chunks, entries;
static bool is_closed, is_stale, aliases_open = true;

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

GENERAL_REGISTERS_ONLY static bool
is_opened(uint64_t address)
{
    for (uint32_t i = 0; i < chunks; i++) {
        if (address >= chunk[i].start && address < chunk[i].end) {
            return true;
        }
    }
    return false;
}

/* Opens the pages around the address that have the same protection; false: there is nothing to open. */
GENERAL_REGISTERS_ONLY static bool
open_chunk(uint64_t address)
{
    struct chunk new;

    if (is_alias(address)) {
        new.start = address & ~(ALIAS_CHUNK - 1);
        new.end = new.start + ALIAS_CHUNK;
        new.protection = PROT_READ | PROT_WRITE;
        aliases_open = true;
    } else {
        uint64_t low = address & ~(CHUNK - 1), high = low + CHUNK;
        uint32_t page = space_page(address);

        new.start = address & ~(ABI_PAGE_SIZE - 1);
        new.end = new.start + ABI_PAGE_SIZE;
        new.protection = linux_protection(page);
        if ((page & ABI_COMMITTED) == 0 || new.protection == PROT_NONE) {
            return false;
        }
        while (new.start > low && space_page(new.start - ABI_PAGE_SIZE) == page) {
            new.start -= ABI_PAGE_SIZE;
        }
        while (new.end < high && space_page(new.end) == page) {
            new.end += ABI_PAGE_SIZE;
        }
    }
    protect(new.start, new.end, new.protection);
    for (uint32_t i = 0; i < chunks; i++) { /* a call costs more than a page does */
        if (chunk[i].protection == new.protection &&
            (chunk[i].end == new.start || chunk[i].start == new.end)) {
            chunk[i].start = chunk[i].start < new.start ? chunk[i].start : new.start;
            chunk[i].end = chunk[i].end > new.end ? chunk[i].end : new.end;
            return true;
        }
    }
    /* One that is pushed out is opened once more by a fault of the guest's own: nothing is lost. */
    chunk[chunks < MAX_CHUNKS ? chunks++ : entries++ % MAX_CHUNKS] = new;
    return true;
}

/* On the way in, and when a trap of user mode goes to the kernel. */
GENERAL_REGISTERS_ONLY void
isolation_open(void)
{
    const uint64_t code = machine_gate_target;
    uint32_t known = chunks;

    if (!is_closed) {
        return;
    }
    is_closed = false;
    if (++entries % FORGET_EVERY == 0) {
        known = 0;
    }
    for (uint32_t i = 0; i < known; i++) {
        protect(chunk[i].start, chunk[i].end, chunk[i].protection);
        aliases_open = aliases_open || is_alias(chunk[i].start);
    }
    chunks = known;
    for (uint64_t at = code; at < machine.entries.trap + ENTRY_CODE; at += ABI_PAGE_SIZE) { /* I3 */
        if (!is_opened(at)) {
            (void)open_chunk(at);
        }
    }
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
    if (is_stale) {
        chunks = 0;
        is_stale = false;
    }
    is_closed = true;
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
isolation_changed(void)
{
    is_stale = true;
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
        return is_opened(address) || open_chunk(address);
    }
    return !is_opened(address) && open_chunk(address); /* I2 */
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
    machine.entries.gate = stubs;
    GUEST->gate = stubs + 16;
}
