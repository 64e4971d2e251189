/*
 * queues.c - !timer, !dpcs: what will happen by itself.
 */
#include <string.h>
#include "host/debug/debug.h"

void
command_timer(struct debug *debug, const struct arguments *arguments)
{
    uint64_t head, link, timer, now = 0;
    unsigned steps = 0;
    char name[300];

    if (!debug_global(debug, "KiTimerListHead", &head)) {
        fprintf(debug->out, "the kernel has no symbols\n");
        return;
    }
    debug_u64(debug, ABI_MACHINE_PAGE + offsetof(struct abi_machine, time_100ns), &now);
    fprintf(debug->out, "Dump system timers\n\nInterrupt time: %lu.%07lu s of virtual time\n\n",
            now / 10000000, now % 10000000);
    fprintf(debug->out, "%-16s  %-16s  %-9s %s\n", "Timer", "Due (100 ns)", "Period ms",
            "DPC or thread");
    link = head;
    while (debug_next(debug, head, &link, "_KTIMER", "TimerListEntry", &timer, &steps)) {
        uint64_t dpc = debug_get(debug, "_KTIMER", timer, "Dpc"), offset = 0;

        fprintf(debug->out, "%016lx  %016lx  %-9lu ", timer,
                debug_get(debug, "_KTIMER", timer, "DueTime"),
                debug_get(debug, "_KTIMER", timer, "Period"));
        if (dpc == 1) { /* KI_THREAD_TIMER of nt/ke/ki.h: a wait times out */
            debug_offset(debug, "_KTHREAD", "Timer", &offset);
            fprintf(debug->out, "thread %016lx\n", timer - offset);
        } else if (dpc != 0) {
            debug_name(debug, debug_get(debug, "_KDPC", dpc, "DeferredRoutine"), name,
                       sizeof(name));
            fprintf(debug->out, "%s ( DPC @ %016lx )\n", name, dpc);
        } else {
            fputc('\n', debug->out);
        }
    }
    fprintf(debug->out, "\n%u timer%s\n", steps, steps == 1 ? "" : "s");
}

void
command_dpcs(struct debug *debug, const struct arguments *arguments)
{
    unsigned shown = 0;
    char name[300];

    fprintf(debug->out, "CPU Type      KDPC             Function\n");
    for (uint64_t cpu = 0; debug_processor(debug, cpu) != 0; cpu++) {
        uint64_t pcr = debug_processor(debug, cpu), head, link, dpc;
        unsigned steps = 0;

        dpc = debug_get(debug, "_KIPCR", pcr, "Prcb.RunningDpc");
        if (dpc != 0) {
            debug_name(debug, debug_get(debug, "_KDPC", dpc, "DeferredRoutine"), name,
                       sizeof(name));
            fprintf(debug->out, "%2lx: Running : %016lx %s\n", cpu, dpc, name);
            shown++;
        }
        head = debug_address_of(debug, "_KIPCR", pcr, "Prcb.DpcListHead");
        link = head;
        while (debug_next(debug, head, &link, "_KDPC", "DpcListEntry", &dpc, &steps)) {
            debug_name(debug, debug_get(debug, "_KDPC", dpc, "DeferredRoutine"), name,
                       sizeof(name));
            fprintf(debug->out, "%2lx: %-7s : %016lx %s\n", cpu,
                    debug_get(debug, "_KDPC", dpc, "Type") == 24 ? "Thread" : "Normal", dpc, name);
            shown++;
        }
    }
    if (shown == 0) {
        fprintf(debug->out, "no DPC is queued\n");
    }
}
