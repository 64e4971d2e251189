/*
 * machine.h - the machine page: the state of the one carrier that both sides read.
 *
 * It lies at ABI_MACHINE_PAGE, below 2 GiB, so that entry code reaches it by an absolute address
 * before it has a register to spare. The carrier runs one processor at a time; fields that say
 * "current" mean that one.
 */
#ifndef ABI_MACHINE_H
#define ABI_MACHINE_H

#include <stdint.h>
#include "layout.h"

#define ABI_VERSION 1

/*
 * Bytes of an XSAVE area with x87, SSE, AVX and AVX-512 in the standard layout. It is taken on every processor,
 * whatever that has of them: stacks and pool blocks must lie at the same addresses everywhere.
 */
#define ABI_XSAVE_SIZE 2688

enum abi_mode { ABI_KERNEL_MODE = 0, ABI_USER_MODE = 1 };

enum abi_explore {
    ABI_EXPLORE_OFF = 0,
    ABI_EXPLORE = 1,
    ABI_EXPLORE_POLLS =
        2, /* accesses to memory are told to `touch`, which says whether one is a schedule point */
    ABI_EXPLORE_ATOMICS = 3, /* and atomic ones are */
    ABI_EXPLORE_MEMORY = 4,  /* and plain ones that others could see */
};

struct abi_machine {
    /* 0x00: entry code knows these offsets; see the assertions in host and nt. */
    uint64_t kpcr;        /* 0x00 current processor's KPCR: what gs is in kernel mode */
    uint64_t user_rsp;    /* 0x08 scratch of the system-service entry */
    uint64_t kernel_rsp;  /* 0x10 where an entry from user mode starts its kernel stack */
    uint64_t user_gs;     /* 0x18 TEB of the current thread: what gs is in user mode */
    uint32_t mode;        /* 0x20 enum abi_mode, the processor's real mode */
    uint32_t has_keys;    /* 0x24 protection keys are in use */
    uint32_t kernel_pkru; /* 0x28 PKRU in kernel mode, current process */
    uint32_t user_pkru;   /* 0x2C PKRU in user mode, current process */
    uint64_t scratch[2];  /* 0x30 */
    /* 0x40: choices. The kernel asks the host when the budget is used up. */
    int64_t budget;            /* 0x40 schedule points until the host must be asked */
    uint64_t points;           /* 0x48 schedule points passed so far */
    uint64_t hash;             /* 0x50 running hash of every schedule point and choice */
    uint64_t time_100ns;       /* 0x58 virtual time since boot */
    uint64_t heartbeat;        /* 0x60 the watchdog looks whether this or `points` moves */
    uint64_t trap_entry;       /* 0x68 KiTrapEntry: where the host sends a trap, set at boot */
    uint64_t xsave_mask;       /* 0x70 components that a thread's context keeps */
    uint64_t xsave_size;       /* 0x78 ABI_XSAVE_SIZE */
    uint32_t current_cpu;      /* 0x80 */
    uint32_t cpus;             /* 0x84 */
    uint64_t user_slice;       /* 0x88 slice that is open now: 0 none, n slice n */
    uint64_t stack_low;        /* 0x90 the kernel stack in use: [stack_low, stack_high) */
    uint64_t stack_high;       /* 0x98 */
    uint64_t double_fault_rsp; /* 0xA0 where a trap goes that has no usable stack */
    uint64_t interrupt_flag;   /* 0xA8 IF, as cli and sti leave it; 1 at boot */
    uint64_t exit_frame[8];    /* 0xB0 last registers of a return to user mode */
    uint64_t agent;            /* 0xF0 the current agent's struct abi_agent_state, 0: none yet */
    uint64_t trace_large;      /* 0xF8 1: records go to the large ring (--trace) */
    uint64_t trace_next;       /* 0x100 records written so far; the ring holds the last ones */
    int64_t slice; /* 0x108 the budget that the kernel gives itself where there is nothing to ask */
    uint32_t explore; /* 0x110 enum abi_explore: every schedule point asks, and says what is next */
    uint32_t record;  /* 0x114 enum abi_record_what */
    uint64_t choice;  /* 0x118 of the step that comes: enum abi_step; the kernel takes it */
    uint64_t state;   /* 0x120 ABI_RECORD_STATE: of the asker's stacks */
    uint32_t
        alone; /* 0x128 1: exploring, and the only agent has gone on for long: the kernel takes it */
    uint32_t ending; /* 0x12C 1: the last driver goes, 2: nobody is left that could run its code */
    uint32_t features; /* 0x130 enum abi_feature */
    uint32_t hardware; /* 0x134 enum abi_hardware */
    uint64_t gate; /* 0x138 where a return to user mode goes last, if has_keys is ABI_KEYS_PAGES */
    uint64_t passes;  /* 0x140 exploring: hc_passes is asked of these (1 << enum abi_event) */
    uint64_t watched; /* 0x148 where the next struct abi_watched goes; 0: none is wanted */
    uint32_t
        watching; /* 0x150 0: what is done now is no part of a step; the host sets it at an answer */
    uint32_t
        dirty; /* 0x154 1: data of a file has been changed that is written later; the host clears it */
    uint64_t stack_gate; /* 0x158 called after a switch, with the new stack_low; 0: nobody asks */
    /* 0x160: calls that the kernel knows to be no question (struct abi_pass); the host sets the first two at each answer. */
    uint32_t passing;   /* 0x160 the agent that may make them; 0: none */
    uint32_t pass_room; /* 0x164 how many, at most ABI_PASSED */
    uint32_t
        passed; /* 0x168 it has made so many, which the host hears of when it is asked next ... */
    uint32_t untold;        /* 0x16C 1: nobody reads the trace ring of this run */
    uint16_t passed_at[64]; /* 0x170 ... and these: where they stand among ABI_PASSES */
    uint32_t
        returns; /* 0x1F0 exploring, 1: that a client's thread comes back from a driver is a schedule point (nt/ke/visit.c, I2) */
    uint32_t
        withheld; /* 0x1F4 what no schedule of this search has: ABI_WITHHELD_...; the host clears it */
    uint32_t
        polls; /* 0x1F8 exploring: who steps now has changed nothing since it slept last; the host sets it at each answer */
    /* 0x200 exploring: threads to which others queue kernel APCs, normal ones and special ones (abi_target); the host sets these at each answer */
    uint64_t normal_targets;
    uint64_t special_targets;
};
/* Its bit among these, which others may have as well. `thread`: the address of its KTHREAD. */
static inline uint64_t
abi_target(uint64_t thread)
{
    return 1ull << (thread * 0x9E3779B97F4A7C15ull >> 58);
}
#define ABI_PASSED 64
/* abi_machine.withheld */
#define ABI_WITHHELD_TIME                                                                          \
    1 /* a timer that sets itself anew, or a time-out, has waited: nt/ke/explore.c, E6; nt/ke/timeout.c */
#define ABI_WITHHELD_PROCESSOR                                                                     \
    2 /* a thread has waited for a processor on which another one stood: nt/ke/schedule.c */

/*
 * What hc_passes has said yes or no to and always will, for as long as the worker lives: all that the answer follows from. The host writes
 * it, behind the table of hypercalls; the kernel, which cannot, looks there before it asks. No snapshot holds it: what it says is true
 * in every run.
 */
#define ABI_PASS_ASKS 0x8000u /* in `what`, of no operation's state: the answer is no */
struct abi_pass {
    uint64_t
        what; /* name of the agent << 32 | operation << 16 | what the kernel makes of the object's state; 0: free */
    uint64_t object, thread;
    uint64_t
        context; /* of the operation, if there is no routine that says whether it would have to wait: */
    uint64_t
        wait; /* that routine. Of one that gives back a last reference `context` is what it reads then ... */
    uint64_t
        block; /* ... and this what it changes; else the block of pool that the object lies in */
};
#define ABI_PASSES     (ABI_HYPERCALL_STUBS + 0x4000) /* struct abi_pass[ABI_PASS_COUNT] */
#define ABI_PASS_COUNT 1024u
#define ABI_PASS_WAYS  4u /* places that one can have, side by side */
/* The first of its places. */
static inline uint32_t
abi_pass_slot(const struct abi_pass *pass)
{
    return (uint32_t)(((pass->object ^ pass->what * 3 ^ pass->block << 20) *
                       0x9E3779B97F4A7C15ull) >>
                      56) *
           ABI_PASS_WAYS;
}

/*
 * How far the kernel's stack pointer rises from a return address in its own code to the caller's. It follows from the code alone, so it is
 * kept here, behind what a snapshot holds of this page, and need be unwound once only (nt/ob/owner.c).
 */
struct abi_kept_frame {
    uint64_t rip; /* 0: free */
    uint64_t size;
};
#define ABI_FRAMES      (ABI_MACHINE_PAGE + 0x800) /* struct abi_kept_frame[ABI_FRAME_COUNT] */
#define ABI_FRAME_COUNT 128u

/* abi_machine.has_keys */
enum abi_isolation {
    ABI_KEYS_NONE = 0,  /* user mode can reach the system half */
    ABI_KEYS = 1,       /* protection keys */
    ABI_KEYS_PAGES = 2, /* the system half is closed, page by page, while user code runs */
};

enum abi_feature {
    ABI_FEATURE_SERVICES = 1,    /* system services are told to the host, before and after */
    ABI_FEATURE_STAGES = 2,      /* and when each stage of them began */
    ABI_FEATURE_MITIGATIONS = 4, /* what the way in and out does against speculation is executed */
};

/* Are `in`, `out`, `rdmsr` and `wrmsr` of kernel mode told to the kernel before the host carries them out? */
enum abi_hardware {
    ABI_HARDWARE_OFF = 0,
    ABI_HARDWARE_TOLD = 1, /* by ABI_TRAP_HARDWARE; rip is the instruction */
    ABI_HARDWARE_PASSED =
        2, /* the kernel has nothing against the next one; the host makes it TOLD */
};

enum abi_hardware_use {
    ABI_READS_PORT = 0,
    ABI_WRITES_PORT = 1,
    ABI_READS_REGISTER = 2, /* a model-specific one */
    ABI_WRITES_REGISTER = 3,
};

/*
 * User code takes turns as well: each atomic instruction of it counts `left` down (host/image/turn.c), and the one that
 * finds nothing left is a schedule point. In the last page of the machine's 64 KiB; user mode writes here, so nothing
 * else depends on it. Not while schedules are explored: each such instruction is a point there.
 */
#define ABI_TURN (ABI_MACHINE_PAGE + 0xF000)
struct abi_turn {
    int64_t left;
    int64_t length;      /* of a turn */
    uint64_t saved[2];   /* rax and rdx, while a stamp is taken (nt/ke/entry.S) */
    uint64_t lock_point; /* abi/lockstep.h; 0: schedules are not explored */
    uint64_t reserved[11];
    uint64_t stamp[48]; /* ABI_FEATURE_STAGES: the time-stamp counter, by enum abi_stage */
};

enum abi_record_what {
    ABI_RECORD_STEPS = 1, /* every step goes to the trace ring */
    ABI_RECORD_STATE = 2, /* who asks leaves a hash of its stacks in `state` */
    ABI_RECORD_CHECK = 4, /* at every step the kernel looks whether its structures are whole */
};

/*
 * The first fields of the kernel's KAGENT. What `rdtsc` and `rdrand` answer depends on the asker's
 * name and its own count of queries, never on who else asked in between.
 */
struct abi_agent_state {
    uint32_t name;
    uint32_t slot;
    uint32_t creations;
    uint32_t queries; /* of time and of random numbers: the host counts them up too */
};

#define ABI_TRACE_RING  (ABI_MACHINE_PAGE + 0x1000) /* struct abi_record[ABI_TRACE_COUNT] */
#define ABI_TRACE_COUNT 896                         /* 56 KiB of 64 bytes */
/* The ring of a run that is traced: committed by the host, which sets trace_large. */
#define ABI_TRACE_LARGE       0x00004B0000000000ull
#define ABI_TRACE_LARGE_COUNT 0x80000ull /* 32 MiB */

/*
 * What a kernel that watches itself (nt/ke/watch.c) has read and written since the last question. The last place is
 * where all that has no room goes.
 */
#define ABI_WATCH_RING  0x00004B8000000000ull
#define ABI_WATCH_COUNT 0x40000ull
struct abi_watched {
    uint64_t address;
    uint64_t site; /* behind the instruction */
    uint64_t size; /* ABI_WATCHED_WRITES */
};
#define ABI_WATCHED_WRITES (1ull << 63)

/*
 * What the host builds on the kernel stack when the processor traps, before it continues at
 * trap_entry with rcx pointing here, gs at the KPCR, the mode at kernel and PKRU at kernel_pkru. The
 * vector registers are as they were. rsp is 16-byte aligned minus 8, as after a call, and the 40
 * bytes above it (return address, home space) are the callee's; the frame comes after them.
 *
 * rip is what the processor would have pushed: the faulting instruction for a fault, the next one
 * after `int3`, `int n`, `syscall` and a single step.
 *
 * From user mode the frame goes below kernel_rsp, from kernel mode below rsp, which must lie in
 * [stack_low, stack_high). Else, or with less than ABI_TRAP_ROOM left, the kind is
 * ABI_TRAP_STACK_OVERFLOW and the frame goes below double_fault_rsp.
 *
 * ntoskrnl.exe exports what the host enters or lets patched instructions enter (conventions of the
 * latter: host/image/patch.h); all but KiTrapEntry may be missing:
 *     KiTrapEntry       here
 *     KiSystemCall64    `syscall` in user mode: rcx the next rip, rsp the user's, r11 the flags
 *     KiPatchCr8Write   [rsp+8] the new IRQL; keeps every register
 *     KiPatchCr8Read    [rsp+8] takes the IRQL; keeps every register
 *     KiPatchPause      `pause` in kernel mode; keeps every register and the flags
 *     KiPatchPoint      an access to memory in kernel mode; keeps every register and the flags
 *     KiPatchUserPause  `pause` in user mode, called there: the return address is on the user's stack,
 *                       gs and the mode are the user's; keeps every register and the flags. Without
 *                       it the host sends ABI_TRAP_PAUSE
 *     KiPatchSmepFault  r11 a user address that kernel code was about to call; [rsp-8] the site
 */
#define ABI_TRAP_ROOM 0x200
struct abi_trap {
    uint64_t rax, rcx, rdx, rbx, rsp, rbp, rsi, rdi;
    uint64_t r8, r9, r10, r11, r12, r13, r14, r15;
    uint64_t rip, rflags;
    uint64_t fault_address; /* of a page fault, or not canonical; ~0 where it is not known */
    uint32_t vector; /* x86 exception number: 0 #DE, 1 #DB, 3 #BP, 6 #UD, 13 #GP, 14 #PF ... */
    uint32_t error;  /* x86 error code: of #PF bit 0 present, 1 write, 2 user, 4 fetch */
    uint32_t previous_mode; /* enum abi_mode at the time of the trap */
    uint32_t kind;          /* enum abi_trap_kind */
    uint64_t original_rip;  /* the same as rip: no trap shows a trampoline */
};

enum abi_trap_kind {
    ABI_TRAP_EXCEPTION = 0,     /* as the processor raised it */
    ABI_TRAP_PRIVILEGED = 1,    /* privileged instruction in user mode */
    ABI_TRAP_SYSCALL = 3,       /* a raw `syscall` that is not patched, or `int 2Eh` */
    ABI_TRAP_FASTFAIL = 4,      /* int 29h, code in rcx */
    ABI_TRAP_ASSERT = 5,        /* int 2Ch */
    ABI_TRAP_DEBUG_SERVICE = 6, /* int 2Dh, service in rax */
    ABI_TRAP_STACK_OVERFLOW =
        7, /* rsp outside the kernel stack: frame is on the double-fault stack */
    ABI_TRAP_NOT_IMPLEMENTED = 8, /* never sent: the host stops a run that calls such an import */
    ABI_TRAP_PAUSE = 10, /* `pause` in user mode (an int3 patch); rip is already behind it */
    ABI_TRAP_POINT =
        11, /* a patched access to memory in user mode, which comes next: fault_address is
                            where, error what (enum abi_point); rip is in its trampoline */
    ABI_TRAP_HARDWARE = 12, /* fault_address is the port or register, error enum abi_hardware_use */
    ABI_TRAP_KERNEL_SYSCALL = 9, /* a system call instruction executed in kernel mode */
};

#endif
