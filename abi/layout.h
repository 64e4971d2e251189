/*
 * layout.h - where everything lies in the one address space that host and guest share.
 *
 * All addresses are fixed, so that pointers are equal from run to run. Every other file takes its
 * bases, windows and slices from here.
 *
 *     0x0000000000010000   low range: images that cannot be relocated, for one process at a time
 *     0x000000007FFC0000   hypercall entry stubs (execute only through the table below)
 *     0x000000007FFD0000   the machine page: the processor's state that both sides read
 *     0x000000007FFE0000   KUSER_SHARED_DATA, read-only, as user mode and (rewritten) kernel mode see it
 *     0x0000000080000000   the low range goes on
 *     0x0000001000000000   user slices, one for each process
 *     0x0000400000000000   the system half
 *
 * Guest memory is one memfd whose offset is the guest address. It is mapped twice: the guest's view,
 * with the guest's protections, and an always-writable alias that the host works through and that
 * MDL system addresses point to.
 */
#ifndef ABI_LAYOUT_H
#define ABI_LAYOUT_H

#define ABI_PAGE_SIZE 0x1000ull

/* Protection keys, where the machine has them: what each mode may reach. Key 0 is the host's own
   memory; guest code reaches none of it where Linux can deliver signals then (6.12 and later). */
#define ABI_KEY_SYSTEM     1  /* the system half and the aliases: kernel mode only */
#define ABI_KEY_FIRST_USER 2  /* the slice of one process each, from here up to 14 */
#define ABI_KEY_SHARED     15 /* stubs, machine page, KUSER_SHARED_DATA: both modes */

#define ABI_LOW_BASE  0x0000000000010000ull
#define ABI_LOW_END   0x000000007FFC0000ull
#define ABI_HIGH_BASE 0x0000000080000000ull /* second part of the low range, up to slice 1 */

#define ABI_HYPERCALL_STUBS  0x000000007FFC0000ull
#define ABI_MACHINE_PAGE     0x000000007FFD0000ull /* struct abi_machine, 64 KiB */
#define ABI_USER_SHARED_DATA 0x000000007FFE0000ull /* what user mode reads */
/* Where NT's kernel mode sees KUSER_SHARED_DATA; a Linux process cannot map it. */
#define ABI_KERNEL_SHARED_DATA 0xFFFFF78000000000ull

/* User half. Slice 0 is the low range; slice n (n >= 1) starts at n * ABI_SLICE_SIZE. */
#define ABI_USER_END   0x0000100000000000ull
#define ABI_SLICE_SIZE 0x0000001000000000ull
#define ABI_SLICES     256
/* Within a slice: what the kernel gives out lies below ABI_USER_IMAGES. From there on the host places
   images, in slots that follow from their names, with room for trampolines around them. */
#define ABI_USER_IMAGES      0x0000000800000000ull /* + ABI_SLICE_SIZE * slice */
#define ABI_USER_IMAGE_FIRST 0x0000000880000000ull
#define ABI_USER_IMAGE_SLOT  0x0000000001000000ull /* 16 MiB */
#define ABI_USER_IMAGE_SLOTS 1024

/* System half. */
#define ABI_SYSTEM_BASE 0x0000400000000000ull
#define ABI_SYSTEM_END  0x0000500000000000ull

/* One window of 4 GiB for each system image and its trampolines: ntoskrnl is window 0. */
#define ABI_IMAGE_BASE    0x0000400000000000ull
#define ABI_IMAGE_WINDOW  0x0000000100000000ull
#define ABI_IMAGE_WINDOWS 1024
#define ABI_KERNEL_BASE   (ABI_IMAGE_BASE + ABI_IMAGE_WINDOW / 2) /* ntoskrnl.exe */
/* An image lies in the middle of its window; trampolines lie on both sides of it. */

#define ABI_PROCESSOR_BASE   0x0000410000000000ull /* KPCR of processor n at + n * stride */
#define ABI_PROCESSOR_STRIDE 0x1000ull /* side by side: isolation by pages opens all at once */
#define ABI_MAX_PROCESSORS   64

/* Kernel stacks: a slot for each agent (rule of names: the slot follows from the agent's name). */
#define ABI_STACK_BASE  0x0000420000000000ull
#define ABI_STACK_SLOT  0x0000000000100000ull /* 1 MiB: guard, stack, guard */
#define ABI_STACK_SLOTS 65536
/* Slot 0 holds the boot stack: the host commits its first ABI_BOOT_STACK bytes after a guard page and
   enters KiSystemStartup(NULL) in kernel mode with rsp at the end of them (minus 8, as after a call),
   gs base 0, IRQL HIGH. The kernel later makes it the idle thread of processor 0. */
#define ABI_BOOT_STACK 0x8000ull

/* Pools: one arena for each agent, nonpaged and paged. */
#define ABI_NONPAGED_BASE 0x0000440000000000ull
#define ABI_PAGED_BASE    0x0000460000000000ull
#define ABI_ARENA_SIZE    0x0000000002000000ull /* 32 MiB of addresses for each agent */
#define ABI_ARENAS        65536

/* System mappings made at run time: contiguous and non-cached memory, sections, views. */
#define ABI_MAPPING_BASE 0x0000480000000000ull
#define ABI_MAPPING_END  0x00004A0000000000ull

/* The aliases. */
#define ABI_USER_ALIAS   0x0000580000000000ull /* + user address */
#define ABI_SYSTEM_ALIAS 0x0000280000000000ull /* + system address: 0x6800... */

#define ABI_IS_USER(a)   ((uint64_t)(a) < ABI_USER_END)
#define ABI_IS_SYSTEM(a) ((uint64_t)(a) >= ABI_SYSTEM_BASE && (uint64_t)(a) < ABI_SYSTEM_END)
#define ABI_ALIAS(a)     ((uint64_t)(a) + (ABI_IS_USER(a) ? ABI_USER_ALIAS : ABI_SYSTEM_ALIAS))

#endif
