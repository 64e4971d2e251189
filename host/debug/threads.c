/*
 * threads.c - !thread, !process, !apc, !irql.
 */
#include <stdlib.h>
#include <string.h>
#include "host/debug/debug.h"

enum { RUNNING = 2, WAITING = 5 }; /* KTHREAD_STATE */

#define T(field) debug_get(debug, "_KTHREAD", thread, field)

uint64_t
debug_processor(struct debug *debug, uint64_t cpu)
{
    uint64_t table, pcr = 0;

    if (cpu < ABI_MAX_PROCESSORS && debug_global(debug, "KiProcessor", &table)) {
        debug_u64(debug, table + cpu * 8, &pcr);
    }
    return pcr;
}

uint64_t
debug_current_thread(struct debug *debug, uint64_t cpu)
{
    uint64_t pcr = debug_processor(debug, cpu);

    return pcr ? debug_get(debug, "_KIPCR", pcr, "Prcb.CurrentThread") : 0;
}

static uint64_t
processors(struct debug *debug)
{
    uint64_t address;
    uint32_t count = 0;

    if (debug_global(debug, "KiProcessorCount", &address)) {
        debug_read(debug, address, &count, sizeof(count));
    }
    return count < ABI_MAX_PROCESSORS ? count : ABI_MAX_PROCESSORS;
}

void
debug_cid(struct debug *debug, uint64_t thread, char *out, size_t size)
{
    snprintf(out, size, "%04lx.%04lx",
             debug_get(debug, "_EPROCESS", T("Process"), "UniqueProcessId"),
             debug_get(debug, "_ETHREAD", thread, "Cid.UniqueThread"));
}

void
debug_process_name(struct debug *debug, uint64_t process, char *out, size_t size)
{
    debug_bytes(debug, debug_address_of(debug, "_EPROCESS", process, "ImageFileName"), 16, out,
                size);
    if (out[0] == 0) {
        snprintf(out, size, "Idle");
    }
}

/* False from the callback ends the walk. */
static bool
threads_of(struct debug *debug, uint64_t process,
           bool (*call)(struct debug *, uint64_t thread, void *), void *context)
{
    uint64_t head = debug_address_of(debug, "_KPROCESS", process, "ThreadListHead"), link = head;
    uint64_t thread;
    unsigned steps = 0;

    while (debug_next(debug, head, &link, "_KTHREAD", "ThreadListEntry", &thread, &steps)) {
        if (!call(debug, thread, context)) {
            return false;
        }
    }
    return true;
}

void
debug_threads(struct debug *debug, bool (*call)(struct debug *, uint64_t thread, void *),
              void *context)
{
    uint64_t head, link, process;
    unsigned steps = 0;

    if (!debug_global(debug, "PsActiveProcessHead", &head)) {
        return;
    }
    link = head;
    while (debug_next(debug, head, &link, "_EPROCESS", "ActiveProcessLinks", &process, &steps)) {
        if (!threads_of(debug, process, call, context)) {
            return;
        }
    }
}

/* What a thread waits for: one line for each object. */
static void
print_waits(struct debug *debug, uint64_t thread)
{
    uint64_t count = T("WaitObjectCount"), list = T("WaitBlockList");
    uint64_t size = debug_sizeof(debug, "_KI_WAIT_BLOCK"), lock = T("WaitLock");
    static const char *const kinds[] = {"NotificationEvent",
                                        "SynchronizationEvent",
                                        "Mutant",
                                        "Process",
                                        "Queue",
                                        "Semaphore",
                                        "Thread",
                                        "Gate",
                                        "NotificationTimer",
                                        "SynchronizationTimer"};
    bool timed = false;

    for (uint64_t i = 0; i < count && i < 64; i++) {
        uint64_t object = debug_get(debug, "_KI_WAIT_BLOCK", list + i * size, "Object");
        uint64_t type = debug_get(debug, "_DISPATCHER_HEADER", object, "Type") & 0x7F;

        if (object == debug_address_of(debug, "_KTHREAD", thread, "Timer")) {
            fprintf(debug->out, "        %016lx  delay\n", object);
            timed = true;
            continue;
        }
        fprintf(debug->out, "        %016lx  %s", object,
                type < sizeof(kinds) / sizeof(kinds[0]) ? kinds[type] : "unknown object");
        if (type == 2) {
            uint64_t owner = debug_get(debug, "_KMUTANT", object, "OwnerThread");

            fprintf(debug->out, owner ? " - owning thread %016lx" : "", owner);
        }
        if (lock != 0) {
            fprintf(debug->out, " of the lock at %016lx", lock);
        }
        fputc('\n', debug->out);
    }
    if (timed || (count != 0 && T("Timer.Header.Inserted") != 0)) {
        fprintf(debug->out, "        time-out due at %lu ms of virtual time\n",
                T("Timer.DueTime") / 10000);
    }
}

static void
print_irps(struct debug *debug, uint64_t thread)
{
    uint64_t head = debug_address_of(debug, "_ETHREAD", thread, "IrpList"), link = head, irp;
    unsigned steps = 0, shown = 0;

    while (debug_next(debug, head, &link, "_IRP", "ThreadListEntry", &irp, &steps) && shown < 64) {
        if (shown++ == 0) {
            fprintf(debug->out, "    IRP List:\n");
        }
        fprintf(debug->out, "        %016lx: (%04lx,%04lx) Flags: %08lx  Mdl: %016lx\n", irp,
                debug_get(debug, "_IRP", irp, "Type"), debug_get(debug, "_IRP", irp, "Size"),
                debug_get(debug, "_IRP", irp, "Flags"),
                debug_get(debug, "_IRP", irp, "MdlAddress"));
    }
}

/* "Critical region entered 2 times: foo!FooRead+0x1c, nt!..."; wanted: 0 critical, 1 guarded. */
static void
print_regions(struct debug *debug, uint64_t thread, uint64_t wanted)
{
    uint64_t depth = T("RegionDepth");
    unsigned count = 0, shown = 0;

    for (int pass = 0; pass < 2; pass++) {
        for (uint64_t i = 0; i < depth && i < 64; i++) {
            char field[40], name[300];
            uint64_t caller, kind, lock;

            snprintf(field, sizeof(field), "Region[%lu].Kind", i);
            if (!debug_field(debug, "_KTHREAD", thread, field, &kind)) {
                break; /* deeper than is remembered */
            }
            if (kind != wanted) {
                continue;
            }
            if (pass == 0) {
                count++;
                continue;
            }
            if (shown++ == 0) {
                fprintf(debug->out,
                        "    %s region entered %u time%s: ", wanted ? "Guarded" : "Critical", count,
                        count == 1 ? "" : "s");
            } else {
                fputs(", ", debug->out);
            }
            snprintf(field, sizeof(field), "Region[%lu].Caller", i);
            caller = T(field);
            snprintf(field, sizeof(field), "Region[%lu].Lock", i);
            lock = T(field);
            debug_name(debug, caller, name, sizeof(name));
            fputs(name, debug->out);
            if (lock != 0) {
                fprintf(debug->out, " (lock %016lx)", lock);
            }
        }
    }
    fputs(shown ? "\n" : "", debug->out);
}

static void
print_state(struct debug *debug, uint64_t thread)
{
    uint64_t state = T("State");
    const char *word = debug_enumerator(debug, "_KTHREAD_STATE", (int64_t)state);
    int64_t suspended = (int64_t)T("SuspendCount");

    if (state == RUNNING) {
        fprintf(debug->out, "RUNNING on processor %lx\n", T("NextProcessor"));
    } else if (state == WAITING) {
        fprintf(debug->out, "WAIT: (%s) %s %s\n", word_reason(T("WaitReason")),
                T("WaitMode") ? "UserMode" : "KernelMode",
                T("Alertable") ? "Alertable" : "Non-Alertable");
        if (suspended != 0) {
            fprintf(debug->out, "SuspendCount %lx\n", (uint64_t)suspended);
        }
        print_waits(debug, thread);
    } else {
        fprintf(debug->out, "%s\n", word ? word : "in no state that there is");
    }
}

void
debug_print_thread(struct debug *debug, uint64_t thread, bool stack)
{
    uint64_t process = T("Process"), attached = T("ApcState.Process"), start;
    char cid[40], name[300];

    debug_cid(debug, thread, cid, sizeof(cid));
    fprintf(debug->out, "THREAD %016lx  Cid %s  Teb: %016lx Win32Thread: %016lx ", thread, cid,
            T("Teb"), 0ul);
    print_state(debug, thread);
    print_irps(debug, thread);
    debug_process_name(debug, process, name, sizeof(name));
    fprintf(debug->out, "    Owning Process            %016lx       Image:         %s\n", process,
            name);
    if (attached != 0 && attached != process) {
        debug_process_name(debug, attached, name, sizeof(name));
        fprintf(debug->out, "    Attached Process          %016lx       Image:         %s\n",
                attached, name);
    } else {
        fprintf(debug->out,
                "    Attached Process          N/A                    Image:         N/A\n");
    }
    fprintf(debug->out, "    Context Switch Count      %lu\n", T("ContextSwitches"));
    start = debug_get(debug, "_ETHREAD", thread, "StartAddress");
    start = start ? start : T("StartRoutine");
    debug_name(debug, start, name, sizeof(name));
    fprintf(debug->out, "    Start Address             %s (", name);
    debug_print64(debug->out, start);
    fprintf(debug->out, ")\n    Stack Init %016lx Current %016lx\n", T("InitialStack"),
            T("KernelStack"));
    fprintf(debug->out, "    Base %016lx Limit %016lx\n", T("StackBase"), T("StackLimit"));
    fprintf(debug->out, "    Priority %ld BasePriority %ld\n", (int64_t)T("Priority"),
            (int64_t)T("BasePriority"));
    fprintf(debug->out, "    KernelApcDisable %ld SpecialApcDisable %ld SuspendCount %ld\n",
            (int64_t)T("KernelApcDisable"), (int64_t)T("SpecialApcDisable"),
            (int64_t)T("SuspendCount"));
    print_regions(debug, thread, 0);
    print_regions(debug, thread, 1);
    if (stack) {
        debug_print_stack(debug, thread, 4, false);
    }
    fputc('\n', debug->out);
}

/* A thread that an argument names, or the current one. 0 after a message. */
static uint64_t
argument_thread(struct debug *debug, const struct arguments *arguments)
{
    uint64_t thread = debug->thread;

    if (arguments->count != 0 && !debug_evaluate(debug, arguments->word[0], &thread)) {
        return 0;
    }
    if (thread == 0) {
        fprintf(debug->out, "no thread runs\n");
        return 0;
    }
    if ((T("Header.Type") & 0x7F) != 6 || T("Process") == 0) {
        fprintf(debug->out, "%016lx is not a thread object\n", thread);
        return 0;
    }
    return thread;
}

void
command_thread(struct debug *debug, const struct arguments *arguments)
{
    uint64_t thread = argument_thread(debug, arguments);

    if (thread != 0) {
        debug_print_thread(debug, thread, true);
    }
}

static bool
print_each(struct debug *debug, uint64_t thread, void *context)
{
    debug_print_thread(debug, thread, true);
    return true;
}

static bool
count_each(struct debug *debug, uint64_t thread, void *context)
{
    ++*(unsigned *)context;
    return true;
}

uint64_t
debug_process(struct debug *debug, uint64_t number)
{
    uint64_t head, link, process;
    unsigned steps = 0;

    if (debug_global(debug, "PsActiveProcessHead", &head)) {
        link = head;
        while (
            debug_next(debug, head, &link, "_EPROCESS", "ActiveProcessLinks", &process, &steps)) {
            if (number == process ||
                number == debug_get(debug, "_EPROCESS", process, "UniqueProcessId")) {
                return process;
            }
        }
    }
    return 0;
}

static void
print_process(struct debug *debug, uint64_t process, uint64_t flags)
{
    unsigned threads = 0;
    char name[32];

    debug_process_name(debug, process, name, sizeof(name));
    threads_of(debug, process, count_each, &threads);
    fprintf(debug->out, "PROCESS %016lx\n", process);
    fprintf(debug->out, "    SessionId: 0  Cid: %04lx    Peb: %016lx  ParentCid: %04lx\n",
            debug_get(debug, "_EPROCESS", process, "UniqueProcessId"),
            debug_get(debug, "_EPROCESS", process, "Peb"),
            debug_get(debug, "_EPROCESS", process, "InheritedFromUniqueProcessId"));
    fprintf(debug->out, "    DirBase: %08lx  ObjectTable: %016lx  HandleCount: %3lu.\n",
            debug_get(debug, "_KPROCESS", process, "DirectoryTableBase"),
            debug_get(debug, "_EPROCESS", process, "HandleTable"),
            debug_get(debug, "_OBP_TABLE", debug_get(debug, "_EPROCESS", process, "HandleTable"),
                      "Handles"));
    fprintf(debug->out, "    Image: %s\n", name);
    if (flags & 1) {
        fprintf(debug->out, "    Token                             %016lx\n",
                debug_get(debug, "_EPROCESS", process, "Token"));
        fprintf(debug->out, "    BasePriority                      %ld\n",
                (int64_t)debug_get(debug, "_KPROCESS", process, "BasePriority"));
        fprintf(debug->out, "    ExitStatus                        %08x\n",
                (uint32_t)debug_get(debug, "_EPROCESS", process, "ExitStatus"));
        fprintf(debug->out, "    Threads                           %u\n", threads);
    }
    fputc('\n', debug->out);
    if (flags & 6) {
        threads_of(debug, process, print_each, NULL);
    }
}

/* !process 0 0 all, !process 0 7 with threads, !process ADDR|PID [FLAGS], !process: the current one. */
void
command_process(struct debug *debug, const struct arguments *arguments)
{
    uint64_t wanted =
        debug->thread ? debug_get(debug, "_KTHREAD", debug->thread, "ApcState.Process") : 0;
    uint64_t head, link, process, flags = arguments->count == 0 ? 3 : 0;
    unsigned steps = 0, shown = 0;

    if ((arguments->count > 0 && !debug_evaluate(debug, arguments->word[0], &wanted)) ||
        (arguments->count > 1 && !debug_evaluate(debug, arguments->word[1], &flags))) {
        return;
    }
    if (!debug_global(debug, "PsActiveProcessHead", &head)) {
        fprintf(debug->out, "the kernel has no symbols\n");
        return;
    }
    if (wanted == 0) {
        fprintf(debug->out, "**** NT ACTIVE PROCESS DUMP ****\n");
    }
    link = head;
    while (debug_next(debug, head, &link, "_EPROCESS", "ActiveProcessLinks", &process, &steps)) {
        if (wanted == 0 || wanted == process ||
            wanted == debug_get(debug, "_EPROCESS", process, "UniqueProcessId")) {
            print_process(debug, process, flags);
            shown++;
        }
    }
    if (shown == 0) {
        fprintf(debug->out, "no process %lx\n", wanted);
    }
}

/* ---- APCs ---- */

static unsigned
print_queue(struct debug *debug, uint64_t thread, const char *state, int mode)
{
    char field[64], name[300];
    uint64_t head, link, apc;
    unsigned steps = 0;

    snprintf(field, sizeof(field), "%s.ApcListHead[%d]", state, mode);
    head = debug_address_of(debug, "_KTHREAD", thread, field);
    link = head;
    while (debug_next(debug, head, &link, "_KAPC", "ApcListEntry", &apc, &steps)) {
        uint64_t normal = debug_get(debug, "_KAPC", apc, "NormalRoutine");

        fprintf(debug->out, "        %s APC @ %016lx%s\n",
                mode          ? "User"
                : normal == 0 ? "Special kernel"
                              : "Normal kernel",
                apc, strcmp(state, "ApcState") == 0 ? "" : " (of the process it is detached from)");
        debug_name(debug, debug_get(debug, "_KAPC", apc, "KernelRoutine"), name, sizeof(name));
        fprintf(debug->out, "            KernelRoutine: %s\n", name);
        if (normal != 0) {
            debug_name(debug, normal, name, sizeof(name));
            fprintf(debug->out, "            NormalRoutine: %s( %lx, %lx, %lx )\n", name,
                    debug_get(debug, "_KAPC", apc, "NormalContext"),
                    debug_get(debug, "_KAPC", apc, "SystemArgument1"),
                    debug_get(debug, "_KAPC", apc, "SystemArgument2"));
        }
    }
    return steps;
}

struct apc_walk {
    bool all; /* threads without APCs too */
    unsigned shown;
};

static bool
print_apcs(struct debug *debug, uint64_t thread, void *context)
{
    static const char *const states[] = {"ApcState", "SavedApcState"};
    struct apc_walk *walk = context;
    char cid[40], name[32], field[64];
    unsigned queued = 0;
    bool saved = T("ApcStateIndex") != 0;

    for (int i = 0; i < 1 + saved; i++) {
        for (int mode = 0; mode < 2; mode++) {
            uint64_t head, first;

            snprintf(field, sizeof(field), "%s.ApcListHead[%d]", states[i], mode);
            head = debug_address_of(debug, "_KTHREAD", thread, field);
            queued += debug_u64(debug, head, &first) && first != head && first != 0;
        }
    }
    if (queued == 0 && !walk->all) {
        return true;
    }
    walk->shown++;
    debug_cid(debug, thread, cid, sizeof(cid));
    debug_process_name(debug, T("Process"), name, sizeof(name));
    fprintf(debug->out, "Thread %016lx  Cid %s  %s\n", thread, cid, name);
    fprintf(debug->out,
            "    KernelApcDisable %ld  SpecialApcDisable %ld  KernelApcPending %lu  "
            "KernelApcInProgress %lu  UserApcPending %lu\n",
            (int64_t)T("KernelApcDisable"), (int64_t)T("SpecialApcDisable"),
            T("ApcState.KernelApcPending"), T("ApcState.KernelApcInProgress"),
            T("ApcState.UserApcPending"));
    print_regions(debug, thread, 0);
    print_regions(debug, thread, 1);
    for (int i = 0; i < 1 + saved; i++) {
        for (int mode = 0; mode < 2; mode++) {
            print_queue(debug, thread, states[i], mode);
        }
    }
    return true;
}

/* !apc: every thread that has some queued; !apc thread ADDR or !apc ADDR: that thread. */
void
command_apc(struct debug *debug, const struct arguments *arguments)
{
    struct apc_walk walk = {0};
    struct arguments rest = *arguments;

    if (arguments->count > 0) {
        if (strcmp(rest.word[0], "thread") == 0) {
            rest.word[0] = rest.word[1];
            rest.count--;
        }
        uint64_t thread = argument_thread(debug, &rest);

        walk.all = true;
        if (thread != 0) {
            print_apcs(debug, thread, &walk);
        }
        return;
    }
    debug_threads(debug, print_apcs, &walk);
    if (walk.shown == 0) {
        fprintf(debug->out, "no APC is queued to any thread\n");
    }
}

/* !irql [CPU]; without one, of every processor. */
void
command_irql(struct debug *debug, const struct arguments *arguments)
{
    uint64_t count = processors(debug), first = 0, last = count;

    if (arguments->count != 0) {
        if (!debug_evaluate(debug, arguments->word[0], &first)) {
            return;
        }
        if (first >= count) {
            fprintf(debug->out, "there is no processor %lx\n", first);
            return;
        }
        last = first + 1;
    }
    for (uint64_t i = first; i < last; i++) {
        uint64_t irql = debug_get(debug, "_KIPCR", debug_processor(debug, i), "Irql");

        fprintf(debug->out, "Debugger saved IRQL for processor 0x%lx -- %lu (%s)\n", i, irql,
                word_irql(irql));
    }
}
