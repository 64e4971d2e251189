/*
 * locks.c - !locks: each lock that a thread holds or waits for, with its owners and its waiters.
 *
 * There is no list of all locks (nt/ex/resource.c R4 says why). A lock that matters is found by its
 * threads: what they hold (KTHREAD.Held, MutantListHead), what they wait for (WaitLock, wait blocks).
 */
#include <stdlib.h>
#include <string.h>
#include "host/debug/debug.h"

#define T(field) debug_get(debug, "_KTHREAD", thread, field)

enum { WAITING = 5, MUTANT = 2, MOST_HELD = 64 };
enum { WR_FAST_MUTEX = 34, WR_RESOURCE = 27, WR_PUSH_LOCK = 28, WR_GUARDED_MUTEX = 35 };

struct lock {
    uint64_t address;
    char kind[20];
};

struct holding {
    size_t lock; /* index */
    uint64_t thread, caller;
    bool waits;
    char how[12]; /* exclusive, shared */
};

struct locks {
    struct lock *lock;
    size_t count;
    struct holding *holding;
    size_t holdings;
};

static size_t
lock_at(struct locks *locks, uint64_t address, const char *kind)
{
    for (size_t i = 0; i < locks->count; i++) {
        if (locks->lock[i].address == address) {
            return i;
        }
    }
    locks->lock = report_grow(locks->lock, &locks->count, sizeof(*locks->lock));
    locks->lock[locks->count - 1].address = address;
    snprintf(locks->lock[locks->count - 1].kind, sizeof(locks->lock->kind), "%s", kind);
    return locks->count - 1;
}

static void
add(struct locks *locks, uint64_t lock, const char *kind, uint64_t thread, uint64_t caller,
    bool waits, const char *how)
{
    struct holding *holding;
    size_t index;

    if (lock == 0) {
        return;
    }
    index = lock_at(locks, lock, kind);
    locks->holding = report_grow(locks->holding, &locks->holdings, sizeof(*holding));
    holding = &locks->holding[locks->holdings - 1];
    holding->lock = index;
    holding->thread = thread;
    holding->caller = caller;
    holding->waits = waits;
    snprintf(holding->how, sizeof(holding->how), "%s", how);
}

static void
collect_held(struct debug *debug, uint64_t thread, struct locks *locks)
{
    uint64_t count = T("HeldCount");

    for (uint64_t i = 0; i < count && i < MOST_HELD; i++) {
        char field[40];
        const char *name, *kind = "Lock", *how = "";
        uint64_t lock, caller;

        snprintf(field, sizeof(field), "Held[%lu].Lock", i);
        if (!debug_field(debug, "_KTHREAD", thread, field, &lock)) {
            break;
        }
        snprintf(field, sizeof(field), "Held[%lu].Caller", i);
        caller = T(field);
        snprintf(field, sizeof(field), "Held[%lu].Kind", i);
        name = debug_enumerator(debug, "_KI_LOCK_KIND", (int64_t)T(field)) ?: "";
        if (strcmp(name, "KiLockSpin") == 0) {
            kind = "Spin lock";
        } else if (strcmp(name, "KiLockFastMutex") == 0) {
            kind = "Fast mutex";
        } else if (strcmp(name, "KiLockResource") == 0) {
            kind = "Resource";
            how = debug_get(debug, "_ERESOURCE", lock, "Flag") & 0x80 ? "exclusive" : "shared";
        } else if (strncmp(name, "KiLockPush", 10) == 0) {
            kind = "Push lock";
            how = strcmp(name, "KiLockPushShared") == 0 ? "shared" : "exclusive";
        }
        add(locks, lock, kind, thread, caller, false, how);
    }
}

static void
collect_mutants(struct debug *debug, uint64_t thread, struct locks *locks)
{
    uint64_t head = debug_address_of(debug, "_KTHREAD", thread, "MutantListHead"), link = head;
    uint64_t mutant;
    unsigned steps = 0;

    while (debug_next(debug, head, &link, "_KMUTANT", "MutantListEntry", &mutant, &steps)) {
        add(locks, mutant, "Mutex", thread, 0, false, "");
    }
}

static void
collect_waits(struct debug *debug, uint64_t thread, struct locks *locks)
{
    uint64_t count = T("WaitObjectCount"), list = T("WaitBlockList"), lock = T("WaitLock");
    uint64_t size = debug_sizeof(debug, "_KI_WAIT_BLOCK"), reason = T("WaitReason");
    uint64_t object = debug_get(debug, "_KI_WAIT_BLOCK", list, "Object");

    if (reason == WR_FAST_MUTEX || reason == WR_GUARDED_MUTEX) {
        uint64_t offset = 0;

        debug_offset(debug, "_FAST_MUTEX", "Event", &offset);
        add(locks, object - offset, "Fast mutex", thread, 0, true, "");
        return;
    }
    if (lock != 0) {
        bool resource = reason == WR_RESOURCE;
        const char *how =
            resource && object == debug_get(debug, "_ERESOURCE", lock, "SharedWaiters") ? "shared"
            : resource ? "exclusive"
                       : "";

        add(locks, lock,
            resource                 ? "Resource"
            : reason == WR_PUSH_LOCK ? "Push lock"
                                     : "Lock",
            thread, 0, true, how);
        return;
    }
    for (uint64_t i = 0; i < count && i < 64; i++) {
        object = debug_get(debug, "_KI_WAIT_BLOCK", list + i * size, "Object");
        if ((debug_get(debug, "_DISPATCHER_HEADER", object, "Type") & 0x7F) == MUTANT) {
            add(locks, object, "Mutex", thread, 0, true, "");
        }
    }
}

static bool
collect(struct debug *debug, uint64_t thread, void *context)
{
    collect_held(debug, thread, context);
    collect_mutants(debug, thread, context);
    if (T("State") == WAITING) {
        collect_waits(debug, thread, context);
    }
    if (T("SpinningOn") != 0) {
        add(context, T("SpinningOn"), "Spin lock", thread, 0, true, "");
    }
    return true;
}

static void
print_lock(struct debug *debug, const struct locks *locks, size_t index)
{
    const struct lock *lock = &locks->lock[index];
    char name[300], cid[40], image[32];
    bool owned = false;

    fprintf(debug->out, "%s @ ", lock->kind);
    if (debug_name(debug, lock->address, name, sizeof(name))) {
        fprintf(debug->out, "%s (0x%016lx)", name, lock->address);
    } else {
        fprintf(debug->out, "0x%016lx", lock->address);
    }
    if (strcmp(lock->kind, "Resource") == 0) {
        uint64_t active = debug_get(debug, "_ERESOURCE", lock->address, "ActiveEntries");

        fprintf(debug->out, "    %s %lu owning thread%s",
                debug_get(debug, "_ERESOURCE", lock->address, "Flag") & 0x80 ? "Exclusively owned,"
                                                                             : "Shared",
                active, active == 1 ? "" : "s");
    }
    fputc('\n', debug->out);
    if (strcmp(lock->kind, "Resource") == 0) {
        fprintf(debug->out, "    Contention Count = %lu\n",
                debug_get(debug, "_ERESOURCE", lock->address, "ContentionCount"));
        fprintf(debug->out, "    NumberOfSharedWaiters = %lu  NumberOfExclusiveWaiters = %lu\n",
                debug_get(debug, "_ERESOURCE", lock->address, "NumberOfSharedWaiters"),
                debug_get(debug, "_ERESOURCE", lock->address, "NumberOfExclusiveWaiters"));
    }
    for (int waits = 0; waits < 2; waits++) {
        bool first = true;

        for (size_t i = 0; i < locks->holdings; i++) {
            const struct holding *holding = &locks->holding[i];
            uint64_t thread = holding->thread;

            if (holding->lock != index || holding->waits != (waits != 0)) {
                continue;
            }
            owned = owned || !holding->waits;
            if (first) {
                fprintf(debug->out, waits ? "    Threads Waiting:\n" : "    Owned by:\n");
                first = false;
            }
            debug_cid(debug, thread, cid, sizeof(cid));
            debug_process_name(debug, T("Process"), image, sizeof(image));
            fprintf(debug->out, "        %016lx  Cid %s  %s", thread, cid, image);
            if (holding->how[0] != 0) {
                fprintf(debug->out, "  %s", holding->how);
            }
            if (T("SuspendCount") != 0) {
                fprintf(debug->out, "  (suspended)");
            }
            if (holding->caller != 0) {
                debug_name(debug, holding->caller, name, sizeof(name));
                fprintf(debug->out, "  acquired at %s", name);
            }
            fputc('\n', debug->out);
        }
    }
    if (!owned) {
        fprintf(debug->out, "    (no owner on record)\n");
    }
    fputc('\n', debug->out);
}

void
command_locks(struct debug *debug, const struct arguments *arguments)
{
    struct locks locks = {0};
    uint64_t wanted = 0;
    size_t shown = 0;

    if (arguments->count != 0 && !debug_evaluate(debug, arguments->word[0], &wanted)) {
        return;
    }
    fprintf(debug->out, "**** DUMP OF ALL LOCKS THAT A THREAD HOLDS OR WAITS FOR ****\n\n");
    debug_threads(debug, collect, &locks);
    for (size_t i = 0; i < locks.count; i++) {
        if (wanted == 0 || locks.lock[i].address == wanted) {
            print_lock(debug, &locks, i);
            shown++;
        }
    }
    fprintf(debug->out, "%zu lock%s\n", shown, shown == 1 ? "" : "s");
    free(locks.lock);
    free(locks.holding);
}
