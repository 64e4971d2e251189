/*
 * sections.c - !cs: critical sections of user mode, with owner and waiters.
 *
 * `!cs ADDR` reads the section there. Without an address: those that a thread waits for, as it has told the kernel
 * (ETHREAD.AlertAddress, bit 0: a critical section; from Windows 8 on). LockCount as Debugging Tools for Windows
 * read it; nt51 counted otherwise.
 */
#include <string.h>
#include "host/debug/debug.h"

#define MAX_SECTIONS 64

struct found {
    uint64_t section[MAX_SECTIONS];
    size_t count;
    uint64_t wanted; /* of waiters: this one's */
};

/* What a thread waits for by alert; 0: no critical section. */
static uint64_t
waits_for(struct debug *debug, uint64_t thread)
{
    uint64_t alert = debug_get(debug, "_ETHREAD", thread, "AlertByThreadId");
    uint64_t address = debug_get(debug, "_ETHREAD", thread, "AlertAddress");

    return alert > 1 && (address & 1) != 0 ? address & ~1ull : 0;
}

static bool
collect(struct debug *debug, uint64_t thread, void *context)
{
    struct found *found = context;
    uint64_t section = waits_for(debug, thread);

    for (size_t i = 0; i < found->count; i++) {
        if (found->section[i] == section) {
            return true;
        }
    }
    if (section != 0 && found->count < MAX_SECTIONS) {
        found->section[found->count++] = section;
    }
    return true;
}

static bool
print_waiter(struct debug *debug, uint64_t thread, void *context)
{
    const struct found *found = context;
    char cid[40];

    if (waits_for(debug, thread) == found->wanted) {
        debug_cid(debug, thread, cid, sizeof(cid));
        fprintf(debug->out, "Waiting             = 0x%016lx  Cid %s\n", thread, cid);
    }
    return true;
}

static void
print_section(struct debug *debug, uint64_t address)
{
    struct {
        uint64_t debug_info;
        int32_t lock_count, recursion;
        uint64_t owner, semaphore, spin;
    } section;
    struct found found = {.wanted = address};
    char name[300];

    if (!debug_read(debug, address, &section, sizeof(section))) {
        fprintf(debug->out, "no memory at 0x%016lx\n", address);
        return;
    }
    fprintf(debug->out, "-----------------------------------------\n");
    if (debug_name(debug, address, name, sizeof(name))) {
        fprintf(debug->out, "Critical section    = 0x%016lx (%s)\n", address, name);
    } else {
        fprintf(debug->out, "Critical section    = 0x%016lx\n", address);
    }
    fprintf(debug->out, "DebugInfo           = 0x%016lx\n", section.debug_info);
    if (section.recursion == 0 && section.owner == 0) {
        fprintf(debug->out, "NOT LOCKED\n");
    } else {
        uint32_t count = (uint32_t)section.lock_count;

        fprintf(debug->out, "LOCKED\nLockCount           = 0x%X\n", count);
        fprintf(debug->out, "WaiterWoken         = %s\n", count & 2 ? "No" : "Yes");
        fprintf(debug->out, "Waiters             = %u\n", ~count >> 2);
        fprintf(debug->out, "OwningThread        = 0x%016lx\n", section.owner);
        fprintf(debug->out, "RecursionCount      = 0x%X\n", (uint32_t)section.recursion);
    }
    fprintf(debug->out, "LockSemaphore       = 0x%lX\n", section.semaphore);
    fprintf(debug->out, "SpinCount           = 0x%016lx\n", section.spin);
    debug_threads(debug, print_waiter, &found);
}

void
command_cs(struct debug *debug, const struct arguments *arguments)
{
    struct found found = {0};

    if (arguments->count != 0) {
        uint64_t address;

        if (debug_evaluate(debug, arguments->word[0], &address)) {
            print_section(debug, address);
        }
        return;
    }
    debug_threads(debug, collect, &found);
    for (size_t i = 0; i < found.count; i++) {
        print_section(debug, found.section[i]);
    }
    fprintf(debug->out, "%zu critical section%s that a thread waits for\n", found.count,
            found.count == 1 ? "" : "s");
}
