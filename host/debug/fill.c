/*
 * fill.c - what a report knows of the thread that ran when the host had to end the run.
 *
 * There the kernel has not told (nt/ke/report.c), so its structures are read from outside: who the
 * thread is, its counters, open regions, locks.
 */
#include <string.h>
#include "host/debug/debug.h"

#define T(field) debug_get(debug, "_KTHREAD", address, field)

static void
fill_regions(struct debug *debug, struct report *report, struct thread *thread)
{
    uint64_t address = thread->address, depth = T("RegionDepth"), kind;
    char field[40];

    for (uint64_t i = 0; i < depth; i++) {
        struct region *region;

        snprintf(field, sizeof(field), "Region[%lu].Kind", i);
        if (!debug_field(debug, "_KTHREAD", address, field, &kind)) {
            break;
        }
        thread->region = report_grow(thread->region, &thread->regions, sizeof(*region));
        region = &thread->region[thread->regions - 1];
        region->guarded = kind == 1;
        snprintf(field, sizeof(field), "Region[%lu].Lock", i);
        region->lock = T(field);
        snprintf(field, sizeof(field), "Region[%lu].Caller", i);
        region->caller = place_of(report, T(field), true);
    }
}

static void
fill_held(struct debug *debug, struct report *report, struct thread *thread)
{
    static const struct {
        const char *name, *kind, *access;
    } kinds[] = {{"KiLockSpin", "spin-lock", "exclusive"},
                 {"KiLockFastMutex", "fast-mutex", "exclusive"},
                 {"KiLockResource", "resource", "exclusive"},
                 {"KiLockPushExclusive", "push-lock", "exclusive"},
                 {"KiLockPushShared", "push-lock", "shared"}};
    uint64_t address = thread->address, count = T("HeldCount"), object;
    char field[40];

    for (uint64_t i = 0; i < count; i++) {
        const char *name;
        struct held *held;

        snprintf(field, sizeof(field), "Held[%lu].Lock", i);
        if (!debug_field(debug, "_KTHREAD", address, field, &object)) {
            break;
        }
        thread->held = report_grow(thread->held, &thread->helds, sizeof(*held));
        held = &thread->held[thread->helds - 1];
        held->object = object;
        snprintf(held->kind, sizeof(held->kind), "lock");
        snprintf(field, sizeof(field), "Held[%lu].Kind", i);
        name = debug_enumerator(debug, "_KI_LOCK_KIND", (int64_t)T(field)) ?: "";
        for (size_t j = 0; j < sizeof(kinds) / sizeof(kinds[0]); j++) {
            if (strcmp(kinds[j].name, name) == 0) {
                bool shared = strcmp(kinds[j].kind, "resource") == 0 &&
                              !(debug_get(debug, "_ERESOURCE", object, "Flag") & 0x80);

                snprintf(held->kind, sizeof(held->kind), "%s", kinds[j].kind);
                snprintf(held->access, sizeof(held->access), "%s",
                         shared ? "shared" : kinds[j].access);
            }
        }
        snprintf(field, sizeof(field), "Held[%lu].Caller", i);
        held->caller = place_of(report, T(field), true);
    }
}

void
debug_fill_thread(struct report *report, struct thread *thread)
{
    struct debug *debug = debug_open(stderr, report->request->boot.os, report->request,
                                     report->result, &report->options);
    uint64_t address = debug->thread;

    if (address != 0 && (T("Header.Type") & 0x7F) == 6 && T("State") == 2) {
        uint64_t process = T("Process");

        thread->bare = false;
        thread->address = address;
        thread->process = process;
        debug_process_name(debug, process, thread->name, sizeof(thread->name));
        thread->pid = debug_get(debug, "_EPROCESS", process, "UniqueProcessId");
        thread->tid = debug_get(debug, "_ETHREAD", address, "Cid.UniqueThread");
        thread->system = T("SystemThread");
        thread->teb = T("Teb");
        thread->priority = T("Priority");
        thread->base = T("BasePriority");
        thread->kernel_apc = (int16_t)T("KernelApcDisable");
        thread->special_apc = (int16_t)T("SpecialApcDisable");
        thread->suspend = T("SuspendCount");
        thread->switches = T("ContextSwitches");
        thread->initial = T("InitialStack");
        thread->stack_base = T("StackBase");
        thread->stack_limit = T("StackLimit");
        thread->stack = T("KernelStack");
        thread->start = debug_get(debug, "_ETHREAD", address, "StartAddress");
        thread->start = thread->start ? thread->start : T("StartRoutine");
        thread->start_place = thread->start ? place_of(report, thread->start, false) : NULL;
        fill_regions(debug, report, thread);
        fill_held(debug, report, thread);
    }
    debug_close(debug);
}
