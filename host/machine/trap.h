/*
 * trap.h - between signal.c, which takes Linux's signals, and trap.c, which knows what they mean.
 */
#ifndef HOST_MACHINE_TRAP_H
#define HOST_MACHINE_TRAP_H

#include <signal.h>
#include <ucontext.h>
#include "host/machine/machine.h"

#define FLAG_TF 0x100ull
#define FLAG_DF 0x400ull
#define FLAG_AC 0x40000ull

enum {
    VECTOR_DB = 1,
    VECTOR_BP = 3,
    VECTOR_UD = 6,
    VECTOR_SS = 12,
    VECTOR_GP = 13,
    VECTOR_PF = 14,
    VECTOR_AC = 17,
};

/* Of an x86 page-fault error code. */
enum { PF_PRESENT = 1, PF_WRITE = 2, PF_USER = 4, PF_FETCH = 16 };

/* Index into gregs of a general register, in the order of encoding. */
extern const int trap_greg[16];

struct trap_event {
    uint32_t vector;
    uint32_t error;
    uint32_t kind; /* enum abi_trap_kind */
    uint64_t address;
};

/* The guest goes on in its kernel, with the frame of abi/machine.h. */
void trap_deliver(ucontext_t *context, struct trap_event event);
/* Ends the run at the guest's registers. */
NORETURN __attribute__((format(printf, 3, 4))) void trap_stop(const greg_t *g, uint32_t verdict,
                                                              const char *format, ...);
void trap_page_fault(ucontext_t *context);
/* The guest's registers as a trap would show them. */
void trap_registers(ucontext_t *context, struct abi_trap *out);
/* breakpoint.c: an int3 was hit; false: it is none of --break, or does something else as well. */
bool coverage_hit(ucontext_t *context); /* coverage.c */
bool breakpoint_hit(ucontext_t *context);
/* A step was taken; false: none of ours. */
bool breakpoint_stepped(ucontext_t *context);
/* The signal was dealt with: a step that led elsewhere is over. */
void breakpoint_leave(ucontext_t *context);
/* promote.c: asked to look whether the guest loops; a step of that; the end of it. */
void promote_look(ucontext_t *context);
bool promote_is_looking(void);
void promote_stepped(ucontext_t *context);
void promote_look_away(ucontext_t *context);
enum promote_hit {
    PROMOTE_NONE,   /* no int3 of its */
    PROMOTE_PASSED, /* the branch was not taken */
    PROMOTE_PAUSE,  /* it was taken: a pause follows */
    PROMOTE_STOP,   /* the run is to end here; rip is at the branch */
};
enum promote_hit promote_hit(ucontext_t *context);
/* The time is up, but the guest is not inside its loop at this moment. */
void promote_stop_at_hit(void);
/* signal.c: the run ends, here. */
NORETURN void trap_time_is_up(ucontext_t *context);
void trap_general_protection(ucontext_t *context);
void trap_debug_or_breakpoint(ucontext_t *context);
void trap_invalid_opcode(ucontext_t *context);
void trap_linux_call(ucontext_t *context, const siginfo_t *info);
/* Undoes the substitution of a step, after it or when the instruction has faulted instead. */
void trap_finish_step(ucontext_t *context);

#endif
