/*
 * signal.c - Linux's signals: the handler on its own stack, and the watchdog.
 *
 * The handler first takes back what the guest may have changed: the flags AC, TF and DF, PKRU, the
 * base of fs. Then it decides whose fault it is:
 *
 *     rip in host code, during a hypercall    our own failure (G1)
 *     SIGUSR1, from the supervisor            the time is up: says where the guest is, and ends
 *     SIGUSR2, from the supervisor            nothing moves: promote.c looks whether the guest loops
 *     everything else                         trap.c
 *
 *   G1  rip in host text outside of a hypercall is a wild jump of the guest: a trap like any other.
 */
#include <elf.h>
#include <errno.h>
#include <link.h>
#include <stdio.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include "host/machine/isolation.h"
#include "host/machine/snapshot.h"
#include "host/machine/trap.h"

#define ALTERNATE_STACK_ROOM (64u << 10)
#define HOST_SEGMENTS        32

static struct {
    uint64_t start, end;
} host_text[HOST_SEGMENTS];
static size_t host_segments;

#define MANY_ENTRIES 50000 /* a second, more or less */

static inline void
write_pkru(uint32_t pkru)
{
    __asm__ volatile("wrpkru" : : "a"(pkru), "c"(0), "d"(0) : "memory");
}

static inline void
write_fs_base(uint64_t base)
{
    __asm__ volatile("wrfsbase %0" : : "r"(base));
}

bool
trap_in_host(uint64_t rip)
{
    for (size_t i = 0; i < host_segments; i++) {
        if (rip >= host_text[i].start && rip < host_text[i].end) {
            return true;
        }
    }
    return false;
}

/* The supervisor's clock ran out: says where the guest is, and ends. */
void
trap_time_is_up(ucontext_t *context)
{
    greg_t *g = context->uc_mcontext.gregs;
    uint64_t rip = (uint64_t)g[REG_RIP];
    char where[256], advice[192];
    uint32_t irql = 0;

    if (trap_in_host(rip) && machine_guest_rsp != 0) {
        rip = *(uint64_t *)guest_pointer(machine_guest_rsp);
        g[REG_RSP] = (greg_t)(machine_guest_rsp + 8);
        g[REG_RIP] = (greg_t)rip;
    } else if (trap_in_host(rip) && machine.pages) { /* in a gate: user code, or about to be */
        rip = GUEST->exit_frame[0];
        g[REG_RSP] = (greg_t)GUEST->exit_frame[3];
        g[REG_RIP] = (greg_t)rip;
    }
    images_describe(images_original_rip(rip), where, sizeof(where));
    if (GUEST->kpcr - ABI_PROCESSOR_BASE < ABI_MAX_PROCESSORS * ABI_PROCESSOR_STRIDE) {
        irql = *((uint8_t *)guest_pointer(GUEST->kpcr) + 0x50);
    }
    if (machine.shared->idle_seconds > 0) {
        trap_stop(g, ABI_LIVELOCK,
                  "%s has run for %u s at IRQL %u (%s mode) without calling the kernel", where,
                  machine.shared->idle_seconds, irql,
                  GUEST->mode == ABI_USER_MODE ? "user" : "kernel");
    }
    if (isolation_entries() > MANY_ENTRIES) {
        snprintf(advice, sizeof(advice),
                 "; it still went on, %u times from user mode into the kernel, which --isolation "
                 "pages makes slow: --isolation off, or --run-timeout for more than its %.9g s",
                 isolation_entries(), machine.request->run_timeout);
    } else {
        snprintf(advice, sizeof(advice),
                 "; it still went on: --run-timeout gives it more than %.9g s",
                 machine.request->run_timeout);
    }
    trap_stop(g, ABI_LIVELOCK, RUN_TOO_SLOW "; it was last seen in %s at IRQL %u%s", where, irql,
              advice);
}

static void
handle(int signal, siginfo_t *info, void *argument)
{
    ucontext_t *context = argument;
    greg_t *g = context->uc_mcontext.gregs;

    __builtin_ia32_writeeflags_u64(__builtin_ia32_readeflags_u64() &
                                   ~(FLAG_AC | FLAG_TF | FLAG_DF));
    if (machine.has_keys) {
        write_pkru(0);
    }
    write_fs_base(machine_host_fs);
    if (machine.pages && signal == SIGSEGV && g[REG_TRAPNO] == VECTOR_PF &&
        isolation_fault((uint64_t)g[REG_CR2], (uint64_t)g[REG_RIP])) {
        return;
    }
    if (signal == SIGSEGV && g[REG_TRAPNO] == VECTOR_PF &&
        space_fault((uint64_t)g[REG_CR2], (uint32_t)g[REG_ERR])) {
        return;
    }
    if (signal == SIGUSR2) {
        promote_look(context);
        return;
    }
    if (signal == SIGUSR1) {
        if (machine.shared->spinning && machine.shared->idle_seconds > 0) {
            promote_stop_at_hit(); /* the kernel is at the loop's pause, or about to be */
            return;
        }
        trap_time_is_up(context);
    }
    if (promote_is_looking()) {
        if (g[REG_TRAPNO] == VECTOR_DB && signal == SIGTRAP) {
            promote_stepped(context);
            return;
        }
        promote_look_away(context);
    }
    if (trap_in_host((uint64_t)g[REG_RIP]) &&
        (g[REG_TRAPNO] == VECTOR_DB || g[REG_TRAPNO] == VECTOR_AC)) {
        /* TF or AC was set when the guest called us; the host wants neither. */
        g[REG_EFL] &= ~(greg_t)(FLAG_TF | FLAG_AC);
        return;
    }
    if (trap_in_host((uint64_t)g[REG_RIP]) && signal != SIGSYS &&
        (machine_guest_rsp != 0 || !machine.shared->entered)) {
        char where[256] = "set-up";

        if (machine_guest_rsp != 0) {
            images_describe(*(uint64_t *)guest_pointer(machine_guest_rsp), where, sizeof(where));
        }
        machine.shared->crashed = 1;
        worker_fail("signal %d (trap %lld, address %#llx) in host code at %#llx, called from %s",
                    signal, g[REG_TRAPNO], g[REG_CR2], g[REG_RIP], where);
    }
    if (signal != SIGSYS && info->si_code <= 0) {
        worker_fail("stray signal %d", signal);
    }
    if (machine.stepping.active && g[REG_TRAPNO] != VECTOR_DB) {
        trap_finish_step(context);
    }
    switch (signal) {
    case SIGSYS:
        trap_linux_call(context, info);
        return;
    case SIGTRAP:
        trap_debug_or_breakpoint(context);
        return;
    case SIGILL:
        trap_invalid_opcode(context);
        return;
    }
    switch (g[REG_TRAPNO]) {
    case VECTOR_PF:
        if (signal == SIGBUS) {
            worker_fail("out of memory: the guest's page at %#llx cannot be provided", g[REG_CR2]);
        }
        trap_page_fault(context);
        return;
    case VECTOR_GP:
        trap_general_protection(context);
        return;
    default: /* #DE, #SS, #MF, #AC, #XM: as they are */
        trap_deliver(context, (struct trap_event){(uint32_t)g[REG_TRAPNO], (uint32_t)g[REG_ERR],
                                                  ABI_TRAP_EXCEPTION, ~0ull});
    }
}

static void
on_signal(int signal, siginfo_t *info, void *argument)
{
    handle(signal, info, argument);
    if (signal != SIGUSR1 && signal != SIGUSR2) { /* those may have come while the host runs */
        breakpoint_leave(argument);
    }
    if (machine.pages) {
        isolation_leave_signal((uint64_t)((ucontext_t *)argument)->uc_mcontext.gregs[REG_RIP]);
    }
}

static int
add_text(struct dl_phdr_info *info, size_t size, void *unused)
{
    for (int i = 0; i < info->dlpi_phnum && host_segments < HOST_SEGMENTS; i++) {
        const ElfW(Phdr) *segment = &info->dlpi_phdr[i];

        if (segment->p_type == PT_LOAD && (segment->p_flags & PF_X)) {
            host_text[host_segments].start = info->dlpi_addr + segment->p_vaddr;
            host_text[host_segments].end = info->dlpi_addr + segment->p_vaddr + segment->p_memsz;
            host_segments++;
        }
    }
    return 0;
}

void
trap_init(void)
{
    static const int signals[] = {SIGSEGV, SIGBUS, SIGILL,  SIGFPE,
                                  SIGTRAP, SIGSYS, SIGUSR1, SIGUSR2};
    size_t size = getauxval(AT_MINSIGSTKSZ) + ALTERNATE_STACK_ROOM;
    struct sigaction action = {.sa_sigaction = on_signal,
                               .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER};
    stack_t stack = {.ss_size = size};

    dl_iterate_phdr(add_text, NULL);
    promote_init();
    __asm__ volatile("rdfsbase %0" : "=r"(machine_host_fs));
    stack.ss_sp = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (stack.ss_sp == MAP_FAILED || sigaltstack(&stack, NULL) != 0) {
        worker_fail("cannot set up the signal stack: %s", strerror(errno));
    }
    for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) {
        sigaction(signals[i], &action, NULL);
    }
}
