/*
 * trap.c - what a signal means to the guest: a trap on a guest stack, or something repaired here.
 *
 *     step of an emulated instruction done    the register gets its value back
 *     an instruction that emulate.c knows     its effect on the saved registers
 *     a call of a missing import              the run ends and names it
 *     everything else                         struct abi_trap on the kernel stack, rip = trap_entry
 *
 *   T1  The vector is what the processor raised (machine-notes 4), not what Linux made of it;
 * whether the page was present is taken from our own records, since Linux maps pages when it likes.
 *   T2  The frame is written through the alias: the guest's view of the stack may be closed.
 *   T3  No trap shows a trampoline: it shows the instruction that the trampoline stands for.
 *
 * sigreturn restores rflags, PKRU and the vector registers from the signal frame, but not the base
 * of gs: that one is set here.
 */
#include <linux/audit.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include "host/machine/operand.h"
#include "host/machine/trap.h"
#include "host/machine/watch.h"

const int trap_greg[16] = {REG_RAX, REG_RCX, REG_RDX, REG_RBX, REG_RSP, REG_RBP, REG_RSI, REG_RDI,
                           REG_R8,  REG_R9,  REG_R10, REG_R11, REG_R12, REG_R13, REG_R14, REG_R15};

#define PAUSE_LENGTH 2
#define TRIPLE_FAULT 4

#ifndef SYS_SECCOMP
#define SYS_SECCOMP 1
#endif

static inline void
write_gs_base(uint64_t base)
{
    __asm__ volatile("wrgsbase %0" : : "r"(base));
}

static void
set_pkru(ucontext_t *context, uint32_t pkru)
{
    uint8_t *state = (uint8_t *)context->uc_mcontext.fpregs;

    if (!machine.has_keys) {
        return;
    }
    *(uint64_t *)(state + 512) |= 1ull << 9; /* XSTATE_BV: component 9 is in the area */
    *(uint32_t *)(state + machine.pkru_offset) = pkru;
}

/*
 * The guest's registers. Inside a trampoline they become those of the instruction that it stands
 * for: until its last step a trampoline has no effect but on rsp, so that one can be done again.
 */
static void
registers_of(const greg_t *g, struct abi_trap *out)
{
    uint32_t lower;
    uint64_t rip = images_origin((uint64_t)g[REG_RIP], &lower);

    *out = (struct abi_trap){
        .rax = (uint64_t)g[REG_RAX],
        .rcx = (uint64_t)g[REG_RCX],
        .rdx = (uint64_t)g[REG_RDX],
        .rbx = (uint64_t)g[REG_RBX],
        .rsp = (uint64_t)g[REG_RSP] + lower,
        .rbp = (uint64_t)g[REG_RBP],
        .rsi = (uint64_t)g[REG_RSI],
        .rdi = (uint64_t)g[REG_RDI],
        .r8 = (uint64_t)g[REG_R8],
        .r9 = (uint64_t)g[REG_R9],
        .r10 = (uint64_t)g[REG_R10],
        .r11 = (uint64_t)g[REG_R11],
        .r12 = (uint64_t)g[REG_R12],
        .r13 = (uint64_t)g[REG_R13],
        .r14 = (uint64_t)g[REG_R14],
        .r15 = (uint64_t)g[REG_R15],
        .rip = rip,
        .rflags = (uint64_t)g[REG_EFL],
        .fault_address = ~0ull,
        .previous_mode = GUEST->mode,
        .original_rip = rip,
    };
}

void
trap_registers(ucontext_t *context, struct abi_trap *out)
{
    registers_of(context->uc_mcontext.gregs, out);
}

/* Ends the run at the guest's registers. */
void
trap_stop(const greg_t *g, uint32_t verdict, const char *format, ...)
{
    struct abi_stop stop = {.verdict = verdict};
    struct abi_trap registers;
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(stop.message, sizeof(stop.message), format, arguments);
    va_end(arguments);
    registers_of(g, &registers);
    worker_stop(&stop, &registers);
}

/* Top of the stack that the frame goes on; sets the kind when there is no room (abi/machine.h). */
static uint64_t
choose_stack(const greg_t *g, struct trap_event *event)
{
    uint64_t rsp = (uint64_t)g[REG_RSP];

    if (GUEST->mode == ABI_USER_MODE) {
        machine.double_faults = 0;
        return GUEST->kernel_rsp;
    }
    if (rsp <= GUEST->stack_high && rsp > GUEST->stack_low &&
        rsp - GUEST->stack_low >= ABI_TRAP_ROOM + sizeof(struct abi_trap)) {
        return rsp;
    }
    event->kind = ABI_TRAP_STACK_OVERFLOW;
    if (++machine.double_faults >= TRIPLE_FAULT) {
        trap_stop(g, ABI_INTERNAL,
                  "trap %u in a row without a usable stack (rsp %#lx, stack %#lx..%#lx)",
                  machine.double_faults, rsp, GUEST->stack_low, GUEST->stack_high);
    }
    return GUEST->double_fault_rsp;
}

void
trap_deliver(ucontext_t *context, struct trap_event event)
{
    greg_t *g = context->uc_mcontext.gregs;
    struct abi_trap trap;
    uint64_t frame;

    breakpoint_stepped(context); /* the instruction has faulted instead */
    registers_of(g, &trap);
    frame = (choose_stack(g, &event) - sizeof(trap)) & ~15ull;
    if (event.kind == ABI_TRAP_POINT) { /* T3: but this one goes on there */
        trap.rip = (uint64_t)g[REG_RIP];
        trap.rsp = (uint64_t)g[REG_RSP];
    } else {
        images_restore((uint64_t)g[REG_RIP], (uint64_t)g[REG_RSP], &trap);
    }
    if (event.vector == VECTOR_GP && event.kind == ABI_TRAP_EXCEPTION && event.error == 0 &&
        event.address == ~0ull && GUEST->mode == ABI_KERNEL_MODE) {
        event.address = operand_uncanonical(g, &event.error);
    }
    trap.fault_address = event.address;
    trap.vector = event.vector;
    trap.error = event.error;
    trap.kind = event.kind;
    if (GUEST->trap_entry == 0 || GUEST->kpcr == 0 || frame < ABI_SYSTEM_BASE ||
        frame >= ABI_SYSTEM_END) {
        trap_stop(g, ABI_INTERNAL,
                  "trap %u (error %#x, address %#lx) where the kernel cannot take one",
                  event.vector, event.error, event.address);
    }
    memcpy(guest_pointer(frame), &trap, sizeof(trap)); /* T2 */
    g[REG_RIP] = (greg_t)GUEST->trap_entry;
    g[REG_RSP] = (greg_t)(frame - 0x28);
    g[REG_RCX] = (greg_t)frame;
    g[REG_EFL] = 0x202;
    GUEST->mode = ABI_KERNEL_MODE;
    write_gs_base(GUEST->kpcr);
    set_pkru(context, GUEST->kernel_pkru);
}

/*
 * Enters a helper of the kernel as a trampoline would (host/image/patch.h), from the instruction
 * before rip. What the kernel does not export is done without: IRQL is set, a pause is none.
 */
static void
enter_helper(ucontext_t *context, uint64_t helper, bool has_value, uint64_t value)
{
    greg_t *g = context->uc_mcontext.gregs;
    uint64_t frame[3] = {machine.entries.cr8_return, value, (uint64_t)g[REG_RIP]};
    size_t skip = has_value ? 0 : 16;
    uint64_t rsp = (uint64_t)g[REG_RSP] - (sizeof(frame) - skip);

    if (helper == 0) {
        if (has_value) {
            *((uint8_t *)guest_pointer(GUEST->kpcr) + KPCR_IRQL) = (uint8_t)value;
        }
        return;
    }
    if (!space_write(rsp, (char *)frame + skip, sizeof(frame) - skip)) {
        trap_deliver(context, (struct trap_event){VECTOR_SS, 0, ABI_TRAP_EXCEPTION, ~0ull});
        return;
    }
    g[REG_RSP] = (greg_t)rsp;
    g[REG_RIP] = (greg_t)helper;
}

/* `pause` or `hlt`, which rip is behind. */
static void
pause_processor(ucontext_t *context)
{
    if (GUEST->mode == ABI_KERNEL_MODE) {
        enter_helper(context, machine.entries.pause, false, 0);
    } else if (machine.entries.user_pause != machine.entries.user_pause_stub) {
        enter_helper(context, machine.entries.user_pause, false, 0);
    } else {
        trap_deliver(context, (struct trap_event){VECTOR_BP, 0, ABI_TRAP_PAUSE, ~0ull});
    }
}

/* `syscall`, with rip, rcx and r11 as it leaves them: the way that a patched one takes. */
static void
system_call(ucontext_t *context)
{
    greg_t *g = context->uc_mcontext.gregs;

    if (GUEST->mode == ABI_USER_MODE && machine.entries.syscall != 0) {
        g[REG_RIP] = (greg_t)machine.entries.syscall;
        g[REG_EFL] = 0x202;
        return;
    }
    trap_deliver(context,
                 (struct trap_event){VECTOR_UD, 0,
                                     GUEST->mode == ABI_USER_MODE ? ABI_TRAP_SYSCALL
                                                                  : ABI_TRAP_KERNEL_SYSCALL,
                                     ~0ull});
}

/* An instruction of the guest's that cannot run as it stands; `event` is what it is otherwise. */
static void
emulate_or_deliver(ucontext_t *context, const uint8_t *bytes, size_t length,
                   struct trap_event event)
{
    greg_t *g = context->uc_mcontext.gregs;
    struct emulated outcome;

    emulate_instruction(bytes, length, g, &outcome);
    switch (outcome.result) {
    case EMULATE_DONE:
        return;
    case EMULATE_CR8_WRITE:
        enter_helper(context, machine.entries.cr8_write, true, outcome.value);
        return;
    case EMULATE_PAUSE:
        pause_processor(context);
        return;
    case EMULATE_HARDWARE:
        event = (struct trap_event){VECTOR_GP, outcome.use, ABI_TRAP_HARDWARE, outcome.value};
        break;
    case EMULATE_PRIVILEGED:
        event = (struct trap_event){VECTOR_GP, 0, ABI_TRAP_PRIVILEGED, ~0ull};
        break;
    case EMULATE_FAULT:
        event = (struct trap_event){VECTOR_GP, 0, ABI_TRAP_EXCEPTION, ~0ull};
        break;
    case EMULATE_TOUCH:
        machine.last_fault = outcome.value;
        event = (struct trap_event){
            VECTOR_PF, (outcome.use ? PF_WRITE : 0) | (space_open(outcome.value) ? PF_PRESENT : 0),
            ABI_TRAP_EXCEPTION, outcome.value};
        break;
    case EMULATE_SYSCALL:
        system_call(context);
        return;
    case EMULATE_UNSUPPORTED:
        trap_stop(g, ABI_UNSUPPORTED, "the instruction `%s` is not implemented", outcome.text);
    case EMULATE_NO:
        break;
    }
    trap_deliver(context, event);
}

/* `int n`: the kinds of abi/machine.h, or the #GP that a gate nobody may use gives. */
static void
software_interrupt(ucontext_t *context, uint32_t error)
{
    greg_t *g = context->uc_mcontext.gregs;
    struct trap_event event = {VECTOR_GP, error, ABI_TRAP_EXCEPTION, ~0ull};
    uint32_t number = error >> 3;

    switch (number) {
    case 0x29:
        event.kind = ABI_TRAP_FASTFAIL;
        break;
    case 0x2C:
        event.kind = ABI_TRAP_ASSERT;
        break;
    case 0x2D:
        event.kind = ABI_TRAP_DEBUG_SERVICE;
        break;
    case 0x2E:
        event.kind = GUEST->mode == ABI_USER_MODE ? ABI_TRAP_SYSCALL : ABI_TRAP_KERNEL_SYSCALL;
        break;
    }
    if (event.kind != ABI_TRAP_EXCEPTION) {
        g[REG_RIP] += 2;
        event.vector = number;
        event.error = 0;
    }
    trap_deliver(context, event);
}

void
trap_page_fault(ucontext_t *context)
{
    greg_t *g = context->uc_mcontext.gregs;
    uint64_t address = (uint64_t)g[REG_CR2];
    uint32_t error = (uint32_t)g[REG_ERR] & (PF_WRITE | PF_FETCH);
    uint8_t bytes[15];
    size_t length;

    if (address - ABI_KERNEL_SHARED_DATA < ABI_PAGE_SIZE && GUEST->mode == ABI_KERNEL_MODE &&
        error == 0) {
        length = space_read((uint64_t)g[REG_RIP], bytes, sizeof(bytes));
        if (emulate_shared_data(bytes, length, g)) {
            return;
        }
    }
    machine.last_fault = address;
    if (GUEST->mode == ABI_USER_MODE) {
        error |= PF_USER;
    }
    if (space_open(address)) { /* T1 */
        error |= PF_PRESENT;
    }
    trap_deliver(context, (struct trap_event){VECTOR_PF, error, ABI_TRAP_EXCEPTION, address});
}

void
trap_general_protection(ucontext_t *context)
{
    greg_t *g = context->uc_mcontext.gregs;
    uint32_t error = (uint32_t)g[REG_ERR];
    uint8_t bytes[15];
    size_t length;

    if ((error & 7) == 2) {
        software_interrupt(context, error);
        return;
    }
    length = space_read((uint64_t)g[REG_RIP], bytes, sizeof(bytes));
    emulate_or_deliver(context, bytes, length,
                       (struct trap_event){VECTOR_GP, error, ABI_TRAP_EXCEPTION, ~0ull});
}

void
trap_finish_step(ucontext_t *context)
{
    greg_t *g = context->uc_mcontext.gregs;
    struct stepping *step = &machine.stepping;

    step->active = false;
    if (step->delta) {
        g[step->reg] = (greg_t)(step->original + ((uint64_t)g[step->reg] - step->substitute));
    } else {
        g[step->reg] =
            (greg_t)((step->original & ~step->written) | ((uint64_t)g[step->reg] & step->written));
    }
    g[REG_EFL] = (greg_t)(((uint64_t)g[REG_EFL] & ~FLAG_TF) | (step->flags & FLAG_TF));
}

/*
 * From the stub that a schedule point in user mode has called, to the kernel. The frame on the user's
 * stack is that of host/image/point.c. The run goes on in the trampoline, where the instruction is.
 */
static void
user_point(ucontext_t *context)
{
    greg_t *g = context->uc_mcontext.gregs;
    struct {
        uint64_t back, rax, address;
        int64_t bit;
        uint64_t what;
    } frame = {0};
    int64_t size;

    space_read((uint64_t)g[REG_RSP], &frame, sizeof(frame));
    size = (int64_t)(frame.what & ABI_POINT_SIZE);
    if (frame.what & ABI_POINT_BIT) {
        frame.bit = size == 8 ? frame.bit : size == 4 ? (int32_t)frame.bit : (int16_t)frame.bit;
        frame.address += (uint64_t)((frame.bit >> (size == 8 ? 6 : size == 4 ? 5 : 4)) * size);
    }
    g[REG_RSP] += 8;
    g[REG_RIP] = (greg_t)frame.back;
    if (machine.request->watch && !watch_access(images_original_rip(frame.back), frame.address,
                                                (uint32_t)frame.what, (uint64_t)g[REG_RCX])) {
        return;
    }
    trap_deliver(context, (struct trap_event){VECTOR_BP, (uint32_t)frame.what, ABI_TRAP_POINT,
                                              frame.address});
}

/* From the stub that a patched `pause` has called to the instruction after the `pause`. */
static void
leave_pause_stub(greg_t *g)
{
    uint64_t trampoline = 0;

    space_read((uint64_t)g[REG_RSP], &trampoline, sizeof(trampoline));
    g[REG_RSP] += 8;
    g[REG_RIP] = (greg_t)(images_original_rip(trampoline) + PAUSE_LENGTH);
}

void
trap_debug_or_breakpoint(ucontext_t *context)
{
    greg_t *g = context->uc_mcontext.gregs;
    uint8_t bytes[16];
    size_t length;
    uint64_t trampoline;

    if (g[REG_TRAPNO] == VECTOR_DB) {
        if (machine.stepping.active) {
            trap_finish_step(context);
            breakpoint_stepped(context);
            return;
        }
        if (breakpoint_stepped(context)) {
            return;
        }
        if (images_original_rip((uint64_t)g[REG_RIP]) != (uint64_t)g[REG_RIP]) {
            return; /* inside a trampoline: one instruction to whoever steps */
        }
        g[REG_EFL] &= ~(greg_t)FLAG_TF;
        trap_deliver(context, (struct trap_event){VECTOR_DB, 0, ABI_TRAP_EXCEPTION, ~0ull});
        return;
    }
    if ((uint64_t)g[REG_RIP] - 1 == machine.entries.user_pause_stub) {
        leave_pause_stub(g);
        pause_processor(context);
        return;
    }
    if ((uint64_t)g[REG_RIP] - 1 == machine.entries.user_point_stub) {
        user_point(context);
        return;
    }
    if (breakpoint_hit(context) || coverage_hit(context)) {
        return;
    }
    switch (promote_hit(context)) {
    case PROMOTE_NONE:
        break;
    case PROMOTE_PASSED:
        return;
    case PROMOTE_PAUSE:
        pause_processor(context);
        return;
    case PROMOTE_STOP:
        trap_time_is_up(context);
    }
    trampoline = images_trampoline((uint64_t)g[REG_RIP] - 1);
    if (trampoline != 0) {
        g[REG_RIP] = (greg_t)trampoline;
        return;
    }
    length = images_patched((uint64_t)g[REG_RIP] - 1, bytes);
    if (length != 0) {
        g[REG_RIP] -= 1;
        emulate_or_deliver(context, bytes, length,
                           (struct trap_event){VECTOR_UD, 0, ABI_TRAP_EXCEPTION, ~0ull});
        return;
    }
    trap_deliver(context, (struct trap_event){VECTOR_BP, 0, ABI_TRAP_EXCEPTION, ~0ull});
}

void
trap_invalid_opcode(ucontext_t *context)
{
    greg_t *g = context->uc_mcontext.gregs;
    uint64_t rip = (uint64_t)g[REG_RIP], caller = 0;
    char message[512];
    uint8_t bytes[3];

    if (rip >= ABI_HYPERCALL_STUBS && rip < ABI_HYPERCALL_TABLE) {
        /* User mode called a stub: to it, that is kernel memory. */
        g[REG_RIP] = (greg_t)(rip & ~63ull);
        trap_deliver(context, (struct trap_event){VECTOR_PF, PF_PRESENT | PF_USER | PF_FETCH,
                                                  ABI_TRAP_EXCEPTION, rip & ~63ull});
        return;
    }
    if (GUEST->mode == ABI_KERNEL_MODE && space_read(rip, bytes, 3) == 3 &&
        (memcmp(bytes, "\x0F\x01\xCA", 3) == 0 || memcmp(bytes, "\x0F\x01\xCB", 3) == 0)) {
        g[REG_RIP] += 3; /* clac, stac: there is no SMAP */
        return;
    }
    space_read((uint64_t)g[REG_RSP], &caller, sizeof(caller));
    if (images_missing(rip, caller, message, sizeof(message))) {
        g[REG_RIP] = (greg_t)caller;
        g[REG_RSP] += 8;
        trap_stop(g, ABI_UNSUPPORTED, "%s", message);
    }
    trap_deliver(context, (struct trap_event){VECTOR_UD, 0, ABI_TRAP_EXCEPTION, ~0ull});
}

void
trap_linux_call(ucontext_t *context, const siginfo_t *info)
{
    greg_t *g = context->uc_mcontext.gregs;

    if (info->si_code == SYS_SECCOMP) {
        worker_fail("system call %d from %#lx was refused by the sandbox", info->si_syscall,
                    (uint64_t)g[REG_RIP]);
    }
    if (info->si_arch != AUDIT_ARCH_X86_64) {
        /* int 80h: a gate that Windows does not have. */
        g[REG_RIP] -= 2;
        trap_deliver(context,
                     (struct trap_event){VECTOR_GP, 0x80 * 8 + 2, ABI_TRAP_EXCEPTION, ~0ull});
        return;
    }
    system_call(context);
}
