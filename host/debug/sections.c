/*
 * sections.c - !cs: critical sections of user mode, with owner and waiters.
 *
 * `!cs ADDR` reads the section there. Without an address (`!cs -l`: only those that are locked): those in the list of the process that have debug information
 * (ntdll!RtlCriticalSectionList: before Windows 8 all that were initialised, from then on who asked for it), and those that a
 * thread waits for, as it has told the kernel: by alert in ETHREAD.AlertAddress, bit 0; before Windows 8 in its TEB
 * (user/ntdll/critical.c, C4). LockCount as Debugging Tools for Windows read it; nt51 counted otherwise.
 */
#include <string.h>
#include "host/debug/debug.h"

#define MAX_SECTIONS 256
#define TEB_SECTION  0x188
/* RTL_CRITICAL_SECTION_DEBUG */
#define DEBUG_SECTION 0x08
#define DEBUG_LINKS   0x10
#define OS_NT51       0

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
    uint64_t teb = debug_get(debug, "_KTHREAD", thread, "Teb");

    if (alert > 1) {
        return (address & 1) != 0 ? address & ~1ull : 0;
    }
    return teb != 0 && debug_u64(debug, teb + TEB_SECTION, &address) ? address & ~3ull : 0;
}

static void
add(struct found *found, uint64_t section)
{
    for (size_t i = 0; i < found->count; i++) {
        if (found->section[i] == section) {
            return;
        }
    }
    if (section != 0 && found->count < MAX_SECTIONS) {
        found->section[found->count++] = section;
    }
}

static bool
collect(struct debug *debug, uint64_t thread, void *context)
{
    add(context, waits_for(debug, thread));
    return true;
}

/* Those of each process whose ntdll is a module of the run. */
static void
collect_listed(struct debug *debug, struct found *found)
{
    for (size_t i = 0; i < debug->modules; i++) {
        char name[128];
        uint64_t head, link, section;

        snprintf(name, sizeof(name), "%s!RtlCriticalSectionList", debug->module[i].name);
        if (strncmp(debug->module[i].name, "ntdll", 5) != 0 || !debug_symbol(debug, name, &head) ||
            !debug_u64(debug, head, &link)) {
            continue;
        }
        for (unsigned steps = 0; link != head && link != 0 && steps < MAX_SECTIONS; steps++) {
            if (debug_u64(debug, link - DEBUG_LINKS + DEBUG_SECTION, &section)) {
                add(found, section);
            }
            if (!debug_u64(debug, link, &link)) {
                break;
            }
        }
    }
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

static bool
is_locked(struct debug *debug, uint64_t section)
{
    uint64_t word = 0, owner = 0;

    debug_u64(debug, section + 8, &word);
    debug_u64(debug, section + 0x10, &owner);
    return word >> 32 != 0 || owner != 0;
}

/* Is it locked? */
static bool
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
        return false;
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
        if (debug->os == OS_NT51) { /* each thread inside or waiting is one more */
            fprintf(debug->out, "Waiters             = %d\n",
                    section.lock_count + 1 - section.recursion);
        } else {
            fprintf(debug->out, "WaiterWoken         = %s\n", count & 2 ? "No" : "Yes");
            fprintf(debug->out, "Waiters             = %u\n", ~count >> 2);
        }
        fprintf(debug->out, "OwningThread        = 0x%016lx\n", section.owner);
        fprintf(debug->out, "RecursionCount      = 0x%X\n", (uint32_t)section.recursion);
    }
    fprintf(debug->out, "LockSemaphore       = 0x%lX\n", section.semaphore);
    fprintf(debug->out, "SpinCount           = 0x%016lx\n", section.spin);
    debug_threads(debug, print_waiter, &found);
    return section.recursion != 0 || section.owner != 0;
}

void
command_cs(struct debug *debug, const struct arguments *arguments)
{
    struct found found = {0};
    size_t locked = 0;
    bool only_locked;

    only_locked = arguments->count != 0 && strcmp(arguments->word[0], "-l") == 0;
    if (arguments->count != 0 && !only_locked) {
        uint64_t address;

        if (debug_evaluate(debug, arguments->word[0], &address)) {
            print_section(debug, address);
        }
        return;
    }
    collect_listed(debug, &found);
    debug_threads(debug, collect, &found);
    for (size_t i = 0; i < found.count; i++) {
        if (!only_locked || is_locked(debug, found.section[i])) {
            locked += print_section(debug, found.section[i]);
        }
    }
    fprintf(debug->out, "%zu critical section%s, %zu of them locked\n", found.count,
            found.count == 1 ? "" : "s", locked);
}
