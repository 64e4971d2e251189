/*
 * machine.h - the Linux process that runs the guest.
 *
 * Two processes. The *supervisor* is the command that the user started: it reads options and files,
 * forks a *worker*, collects what the worker says and judges how it ended. It never runs guest code
 * and believes nothing that it reads from the worker. The worker maps the guest's address space
 * (abi/layout.h), enters a seccomp filter and calls the kernel's entry point. One Linux thread, the
 * carrier, runs all virtual processors; the guest kernel switches between them itself.
 *
 *     run.h         what a run is asked for and what came of it (for host/cli)
 *     supervisor.c  forks and watches a worker, pumps its output, judges its end
 *     worker.c      sets the worker up and enters the guest
 *     space.h       guest memory: one memfd, the guest's view, the aliases, protection keys; its files
 *     isolation.c   closes the system half to user code where there are no keys
 *     sandbox.c     the seccomp filter, syscall user dispatch, trapping of rdtsc and cpuid
 *     entry.S       host -> guest -> host: the first entry, hypercalls, the stub page
 *     hypercall.c   what each hypercall does
 *     signal.c      the signal handler and the watchdog
 *     trap.c        signals become traps on a guest stack, or are repaired here
 *     emulate.c     privileged and machine-dependent instructions; cpuid.c what cpuid answers
 *     images.c      the table of loaded images: load, bind, patch, describe
 *     place.c       where an image goes; thunk.c what its missing imports become
 *     breakpoint.c  stops of --break
 *     promote.c     loops without a schedule point are given one
 *     watch.c       accesses of clients, in the second run of a hang
 *     services.c    system services, for `ntlab syscalls`
 *     known.c       what the kernel exports, from which version on
 *     files.c       the files that the guest may see, opened before the worker starts
 *
 * Invariants:
 *   M1  All guest state is in the memfd, at the offset that is its guest address. All state of the
 *       host that a guest can observe is in `struct machine`.
 *   M2  Worker code that runs after sandbox_enter makes no system call but those in sandbox.c: no
 *       open, no mmap. Its heap was grown beforehand (worker.c).
 *   M3  Host time, randomness and addresses reach the guest through no door but host_time and
 *       read_input.
 *   M4  The guest can overwrite any memory of its worker. What the worker reports is checked like
 *       any other input.
 */
#ifndef HOST_MACHINE_MACHINE_H
#define HOST_MACHINE_MACHINE_H

#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include "abi/hypercall.h"
#include "abi/layout.h"
#include "abi/machine.h"
#include "abi/trace.h"
#include "host/machine/run.h"

#define KPCR_IRQL 0x50 /* offset of the IRQL byte in a KPCR */

#define NORETURN __attribute__((noreturn))

/* Rows of the kernel's version table that the machine itself must know. */
enum { OS_WIN8 = 4 };

#define GUEST ((volatile struct abi_machine *)ABI_MACHINE_PAGE)

/* A message on the pipe: this, then `length` bytes. */
struct message {
    uint32_t channel;
    uint32_t length;
};

/*
 * Memory that supervisor and worker share. The worker writes; the supervisor reads it after the
 * worker has ended, and trusts none of it (M4).
 */
struct shared {
    uint32_t ended;   /* the worker stopped by its own will: `stop` is valid */
    uint32_t failed;  /* the worker noticed a failure of its own: `failure` says which */
    uint32_t crashed; /* and it was a signal in the host's code */
    uint32_t has_keys;
    uint32_t pages;
    uint32_t host_closed;
    uint32_t idle_seconds; /* set by the supervisor before SIGUSR1 */
    uint32_t spinning;     /* likewise: promoted branches were all that moved */
    uint64_t spins;        /* promoted branches taken */
    uint64_t moves;        /* of those, with other schedule points since the one before */
    uint64_t still_points; /* what the machine page said at the last of those */
    uint64_t still_hash;
    uint32_t stands_still; /* the run ended there, for nothing but such pauses came after it */
    uint32_t promotions;
    char promoted[RUN_MAX_PROMOTED][128]; /* foo.sys!FooPoll+0x12 */
    uint32_t entered;                     /* the guest's first instruction was reached */
    struct abi_stop stop;
    struct abi_trap registers; /* of the guest where the run ended */
    uint32_t mode;             /* enum abi_mode there */
    uint32_t irql;
    uint32_t cpu;
    uint32_t reserved;
    char where[256]; /* foo.sys!FooRead+0x12 */
    char failure[512];
    struct run_image image[RUN_MAX_IMAGES];
    uint32_t images;
    struct run_patches patches;
    struct run_watch watch[RUN_MAX_WATCHED];
    uint32_t watched;
};

/* Addresses in ntoskrnl.exe that the host enters; see abi/machine.h. */
struct kernel_entries {
    uint64_t startup;
    uint64_t trap;
    uint64_t syscall;
    uint64_t cr8_write; /* host/image/patch.h: how trampolines enter these */
    uint64_t cr8_read;
    uint64_t pause;
    uint64_t user_pause;
    uint64_t smep;
    uint64_t point;           /* KiPatchPoint */
    uint64_t user_point_stub; /* in the stub page: a point in user mode */
    uint64_t user_pause_stub; /* in the stub page: stands in for user_pause */
    uint64_t gate;            /* in the stub page: stands in for syscall, if machine.pages */
    uint64_t cr8_return;      /* in the stub page: takes the value off the stack */
};

/* An instruction that runs for one step with a register changed (trap.c). */
struct stepping {
    bool active;
    int reg;          /* index into gregs */
    bool delta;       /* the register also moves by itself: keep its movement */
    uint64_t written; /* bits of it that the instruction sets: keep them */
    uint64_t original;
    uint64_t substitute;
    uint64_t flags; /* rflags before */
};

struct machine {
    const struct run_request *request;
    struct shared *shared;
    int memory;   /* memfd of the guest */
    int pages_fd; /* memfd of `pages` */
    int output;   /* pipe to the supervisor */
    int control;  /* pipe from it: goes on after a break; -1 without breaks */
    bool sandboxed;
    bool has_keys;
    bool pages;           /* the system half is closed page by page: isolation.c */
    bool host_closed;     /* guest code cannot reach the host's memory */
    uint32_t pkru_offset; /* of PKRU in a signal frame's XSAVE area */
    uint64_t xsave_mask;
    struct kernel_entries entries;
    struct stepping stepping;
    uint32_t double_faults; /* in a row */
    uint32_t notes;
    uint64_t last_fault; /* CR2 */
    uint64_t low_owner;  /* slice that has pages in the low range; 0 nobody */
    uint64_t debug_registers[8];
};

extern struct machine machine;

/* space.h says which files */
int space_init(void);
/* Before memory of a process is written that is committed only then: what an earlier process had there goes (S6). */
void space_clear(uint64_t address);
void space_commit(uint64_t address, uint64_t size, uint32_t protection);
void space_protect(uint64_t address, uint64_t size, uint32_t protection);
void space_decommit(uint64_t address, uint64_t size);
void space_map_view(uint64_t address, uint64_t size, uint64_t backing, uint32_t protection);
void space_switch(uint64_t slice);
bool space_is_guest(uint64_t address, uint64_t size);
/* enum abi_protection of a page, as committed; ABI_NONE where nothing is. */
uint32_t space_protection(uint64_t address);
uint32_t space_page(uint64_t address); /* as hc_page: with ABI_COMMITTED */
/* Nothing is committed there. */
bool space_is_free(uint64_t address, uint64_t size);
/* The page can be reached in the address space that is open now. */
bool space_open(uint64_t address);
/* Copies through the alias, whatever the protection; short where pages are not committed. */
size_t space_read(uint64_t address, void *buffer, size_t size);
bool space_write(uint64_t address, const void *buffer, size_t size);

static inline void *
guest_pointer(uint64_t address)
{
    return (void *)ABI_ALIAS(address);
}

/* sandbox.c */
int sandbox_trap_instructions(void); /* rdtsc and cpuid, where the machine can */
int sandbox_enter(void);

/* worker.c */
NORETURN void worker_main(const struct run_request *request, struct shared *shared, int memory,
                          int output, int control);
/* Leaves in shared memory where the guest is. */
void worker_describe(const struct abi_trap *registers);
NORETURN void worker_stop(const struct abi_stop *why, const struct abi_trap *registers);
NORETURN __attribute__((format(printf, 1, 2))) void worker_fail(const char *format, ...);
/* breakpoint.c: tells the supervisor that the run has stopped, and waits until it may go on. */
void worker_wait(const struct abi_trap *registers);
/* hypercall.c: of the guest at the hypercall that is under way. */
void hypercall_registers(struct abi_trap *out);
void worker_send(uint32_t channel, const void *data, size_t length);
/* A remark for the user, each at most once per site; the first hundred. */
[[gnu::format(printf, 2, 3)]] void worker_note(uint64_t site, const char *format, ...);

/* entry.S */
NORETURN void machine_enter(uint64_t rip, uint64_t rsp, uint64_t argument);
extern char machine_hypercall_entry[];
extern char machine_hypercall_fast[];   /* for code that is GENERAL_REGISTERS_ONLY */
extern uint64_t machine_host_rsp;       /* where hypercalls start their stack */
extern uint64_t machine_guest_rsp;      /* the guest's rsp inside a hypercall, 0 outside */
extern uint64_t machine_guest_saved[8]; /* rbx rbp rsi rdi r12-r15 at the hypercall */
extern uint64_t machine_host_fs;
extern uint64_t machine_has_xinuse; /* XGETBV with ecx 1 */
extern uint64_t machine_xsave_low;  /* XSAVE mask of hypercalls */
#define MACHINE_XSAVE_ROOM 16384

/* hypercall.c */
void hypercall_init(void);

/* trap.c */
void trap_init(void);
bool trap_in_host(uint64_t rip);

/* emulate.c */
struct emulated {
    enum {
        EMULATE_DONE,       /* registers are as after the instruction; so for those marked + */
        EMULATE_NO,         /* not one of ours */
        EMULATE_PRIVILEGED, /* privileged, in user mode */
        EMULATE_FAULT,      /* #GP(0) */
        EMULATE_TOUCH, /* a page fault at `value`, for writing if `use` is 1; what came before is done */
        EMULATE_SYSCALL,     /* + rcx and r11 too */
        EMULATE_CR8_WRITE,   /* + but IRQL: it becomes `value` */
        EMULATE_HARDWARE,    /* nothing is done: the kernel is told of `use` and `value` first */
        EMULATE_PAUSE,       /* + another agent may run */
        EMULATE_UNSUPPORTED, /* privileged and not implemented */
    } result;
    uint64_t value;
    uint32_t use; /* enum abi_hardware_use */
    uint8_t length;
    char text[96]; /* the instruction, for messages */
};
void emulate_init(void);
/* `bytes` are the instruction's own, `length` at most 15, which rip points to. */
void emulate_instruction(const uint8_t *bytes, size_t length, greg_t *gregs, struct emulated *out);
/* An access to the kernel's KUSER_SHARED_DATA: arranges one step with another register. */
bool emulate_shared_data(const uint8_t *bytes, size_t length, greg_t *gregs);
uint64_t emulate_tsc(void);

/* breakpoint.c */
struct patch;
void breakpoints_plant(uint64_t base, const char *name, struct patch *patch);
void breakpoints_forget(uint64_t base, uint64_t size);
/* Makes the byte at `address` free to be changed; false: it is inside an instruction that was replaced. */
bool breakpoint_release(struct patch *patch, uint64_t address);
/* coverage.c: after the breaks; the loader puts an int3 of its own there. */
void coverage_plant(uint64_t base, uint64_t size, const char *name, struct patch *patch);
void coverage_claim(uint64_t address);
/* Puts an int3 of the loader's there; false: it is inside an instruction that was replaced. */
bool breakpoint_claim(struct patch *patch, uint64_t address);

/* promote.c */
struct loaded;
void promote_init(void);
void promote_loaded(struct loaded *image);
void promote_forget(uint64_t base, uint64_t size);
/* A search in which accesses to memory are not seen. */
bool promote_is_unseen(const struct run_request *request);
/* Such a search has met a loop in which nothing is seen. */
void promote_begin_anew(const struct run_request *request);

/* cpuid.c */
struct cpuid_result {
    uint32_t eax, ebx, ecx, edx;
};
struct cpuid_result cpuid_answer(uint32_t leaf, uint32_t subleaf);

/* images.c */
int images_init(void);
uint32_t images_load(const char *name, uint32_t flags, uint64_t slice, struct abi_image *out);
void images_unload(uint64_t base);
uint64_t images_find_export(const char *image, const char *name);
/* rip, or the patched instruction that it stands for; *lower: how much deeper rsp is there. */
uint64_t images_origin(uint64_t rip, uint32_t *lower);
/* What the trampoline at rip, if it is one, has taken of the registers for itself. */
void images_restore(uint64_t rip, uint64_t rsp, struct abi_trap *registers);
static inline uint64_t
images_original_rip(uint64_t rip)
{
    uint32_t lower;

    return images_origin(rip, &lower);
}
/* Where on the stack the frames of the driver or client that stands there end; 0: it is not known. */
uint64_t images_frames_end(const struct abi_trap *registers);
size_t images_describe(uint64_t address, char *buffer, size_t size);
/* A missing import was called at `rip` (its thunk): the sentence that says so. */
bool images_missing(uint64_t rip, uint64_t return_address, char *buffer, size_t size);
/* Where an int3 of ours that has a trampoline goes on; 0 if the address is no such site. */
uint64_t images_trampoline(uint64_t rip);
/* The bytes that an int3 of ours stands for: their count, 0 if the address is no such site. */
size_t images_patched(uint64_t rip, uint8_t bytes[16]);

#endif
