/*
 * patch.h - instructions that must not run as they stand, rewritten when an image is loaded.
 *
 * After image_map and image_bind, patch_image looks for proven instructions (discover.c) of these
 * kinds and replaces each by a jump to a trampoline, by `int3`, or in place:
 *
 *     syscall, mov cr8, pause       a trap costs 2 us, a jump 2 ns
 *     rdtsc, rdrand, cpuid ...      they would not trap, and differ between machines and runs:
 *                                   int3, which the trap handler emulates (patch_site_at)
 *     call/jmp through a pointer    system images: no user address may be the target (SMEP)
 *     0xFFFFF780'00000xxx           system images: such an immediate is the kernel's view of
 *                                   KUSER_SHARED_DATA; it becomes ABI_USER_SHARED_DATA + xxx
 *
 * A `jmp rel32` needs 5 bytes; most sites have fewer. Then the jump's last bytes are those of the
 * next instruction, which stay as they are, and the trampoline goes where such a jump leads
 * ("punning"). For that to succeed nearly always the image should lie in the *middle* of a window
 * of 4 GiB that is otherwise free, so that displacements of both signs lead to free pages.
 *
 * Where no jump can be had, a pause, call or jmp becomes int3, and the trap handler goes on at the
 * site's trampoline. syscall and cr8 stay: both trap by themselves, at the same cost.
 *
 * Trampolines, by kind (each one ends with a jump to the instruction after the site, unless said
 * otherwise). `next` is the address after the site.
 *
 *     syscall     mov r11d, 0x246; mov rcx, next; jmp [syscall_entry]
 *                 as the instruction leaves it; the kernel returns with `jmp rcx`
 *     cr8 write   lea rsp,[rsp-8]; mov [rsp],reg; call [cr8_write]; lea rsp,[rsp+8]
 *     cr8 read    lea rsp,[rsp-8]; call [cr8_read]; mov reg,[rsp]; lea rsp,[rsp+8]
 *                 the value lies at [rsp+8] on entry of the helper, which preserves every general
 *                 and vector register; the flags are undefined, as after the instruction
 *     pause       call [pause]; the helper preserves every register and the flags
 *     atomic, memory
 *                 lea rsp,[rsp-32]; mov [rsp],rax; lea rax,[operand]; mov [rsp+8],rax;
 *                 (mov rax,bit; mov [rsp+16],rax;) mov dword [rsp+24],what; mov rax,[rsp];
 *                 call [point]; lea rsp,[rsp+32]; the instruction
 *                 what: enum abi_point. An instruction that reads and then writes without being
 *                 atomic is done in two steps, each with a call of [point] before it; with `pieces` so is
 *                 movs, and a repeated string instruction is done in pieces that the kernel chooses. While
 *                 exploring a pause is such a call too, without an operand. With `turns`, in user mode,
 *                 the call is jumped over until so many atomic instructions have been counted
 *     call, jmp   push the operand; test whether it is a user address; go on to the operand with
 *                 the stack as after the call (with the original's return address) or the jmp. No
 *                 register changes, but r11 where the operand is addressed through rsp; the flags
 *                 do.
 *                 A user address goes to [smep_fault] instead, with the stack as after the call or
 *                 jmp, r11 = the target and [rsp-8] = the site's address: what is left to do there
 *                 is to raise the page fault that fetching from r11 would.
 *                 Pointers that nobody but us writes are not checked: import slots, the CFG
 *                 pointers of the load configuration, absolute addresses of the hypercall table.
 *
 * Invariants:
 *   T1  Only bytes of the site's own instruction change.
 *   T2  Sites go from high to low addresses, so the bytes that a punned jump borrows are final.
 *   T3  In the middle of a trampoline the guest's state is that at the site, but for rsp, which may
 *       be lower; patch_original_rip says by how much. Registers that it needs for itself it has saved there (patch_saved); of a string
 *       instruction they are those behind the pieces that are done, as where a page fault interrupts it.
 */
#ifndef HOST_IMAGE_PATCH_H
#define HOST_IMAGE_PATCH_H

#include "host/image/image.h"

enum patch_kind {
    PATCH_SYSCALL,
    PATCH_CR8_WRITE,
    PATCH_CR8_READ,
    PATCH_PAUSE,
    PATCH_EMULATE, /* rdtsc rdtscp rdrand rdseed rdpid cpuid xgetbv sgdt sidt sldt str smsw */
    PATCH_CALL,
    PATCH_JUMP,
    PATCH_SHARED_DATA,
    PATCH_ATOMIC, /* `lock` with memory, xchg with memory */
    PATCH_MEMORY, /* other accesses to memory (access.c) */
    PATCH_KINDS,
};

enum patch_method {
    PATCH_LEFT, /* the instruction stands as it was */
    PATCH_JMP,  /* a whole jmp rel32 */
    PATCH_PUN,  /* a jmp that borrows bytes of the next instruction */
    PATCH_INT3,
    PATCH_REWRITE, /* immediate changed in place */
    PATCH_METHODS,
};

/* Guest addresses of helpers; 0: leave sites of this kind alone. */
struct patch_targets {
    uint64_t syscall_entry;
    uint64_t cr8_write;
    uint64_t cr8_read;
    uint64_t pause;
    uint64_t smep_fault;
    uint64_t point;
};

struct patch_options {
    bool system; /* a kernel-mode image: cr8, calls and jumps, shared data */
    bool smep;   /* check calls and jumps; with system only */
    /*
     * The image is of our own build: look only at functions that contain bytes which could be a
     * site. Of other images every path is followed, for an address taken in one function can be
     * the only way into a part of another.
     */
    bool ours;
    bool atomics;  /* with targets.point: each atomic instruction enters it first */
    bool memory;   /* and each other access to memory */
    bool keep_tsc; /* rdtsc runs as it stands */
    bool
        turns; /* with atomics: only one of them in many does (struct abi_turn); a pause is itself */
    bool pieces;    /* with memory: string instructions are divided (struct abi_point_string) */
    bool exchanges; /* with targets.point: an exchange of a pointer in memory enters it first */
    struct patch_targets targets;
    void *ctx;
    /*
     * Makes the page at this guest address a trampoline page of this image and returns the host's
     * writable alias, or NULL if the address is taken or out of bounds. Contents read as zero; it
     * is to become readable and executable for the guest once patch_image has returned.
     */
    uint8_t *(*page)(void *ctx, uint64_t address);
};

struct patch_counts {
    uint32_t found;
    uint32_t patched; /* whole jumps and rewritten immediates */
    uint32_t punned;
    uint32_t int3;
    uint32_t left;
    uint32_t by_kind[PATCH_KINDS][PATCH_METHODS];
    uint32_t instructions; /* proven */
    uint32_t rejected;     /* addresses that looked like code and were not plausible */
};

struct patch_site {
    uint64_t address;
    uint64_t trampoline; /* 0 if none: an int3 without one is to be emulated from `bytes` */
    uint8_t kind;
    uint8_t method;
    uint8_t length;
    uint8_t bytes[15]; /* the original instruction, as relocated */
    bool
        whole; /* of PATCH_MEMORY: it reads and writes in one step, though others could come in between */
};

#define PATCH_SAVED 3

struct patch_trampoline {
    uint64_t address;
    uint64_t site;
    uint8_t size;
    uint8_t lower_from, lower_to; /* offsets between which rsp is below that of the site ... */
    uint8_t lower;                /* ... by so much */
    uint8_t saved_from, saved_to; /* offsets between which these registers are on the stack: T3 */
    struct patch_saved {
        uint8_t reg, offset; /* from rsp on */
    } saved[PATCH_SAVED];
    uint8_t saves;
};

struct patch_page {
    uint64_t address;
    uint8_t *alias;
    uint64_t used[8]; /* a bit for 8 bytes */
};

/* All tables are sorted by address. */
struct patch {
    struct patch_site *site;
    size_t sites;
    struct patch_trampoline *trampoline;
    size_t trampolines;
    struct patch_page *page;
    size_t pages;
    struct patch_counts counts;
};

/* 0, or -ENOMEM with nothing changed. */
int patch_image(struct image *image, const struct patch_options *options, struct patch *out);
void patch_free(struct patch *patch);

/*
 * The site that a trampoline stands for, 0 if rip is in none. *lower (may be NULL) is what must be
 * added to rsp to get that of the site. Also right for return addresses of helpers.
 */
uint64_t patch_original_rip(const struct patch *patch, uint64_t rip, uint32_t *lower);
/* T3: which registers of the site are on the stack there, rsp being that of the trampoline. Returns how many. */
size_t patch_saved(const struct patch *patch, uint64_t rip, struct patch_saved out[PATCH_SAVED]);
/* The site that starts at an address: that of an `int3` trap is rip - 1. NULL if there is none. */
const struct patch_site *patch_site_at(const struct patch *patch, uint64_t address);
/* Puts the original bytes back into a copy of guest memory, for disassembly and checksums. */
void patch_restore_copy(const struct patch *patch, uint64_t address, uint8_t *bytes, size_t size);

#endif
