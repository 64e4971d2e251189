/*
 * sandbox.c - what a worker can still do once guest code may run.
 *
 * Three fences:
 *   - syscall user dispatch: a system call instruction outside of the C library's text raises
 * SIGSYS, so no `syscall` or `int 80h` of the guest reaches Linux (machine-notes 7);
 *   - seccomp: what the host's own code may ask for, with addresses bounded to guest memory, so
 * that wild code that jumps into the C library reaches nothing either;
 *   - rdtsc and cpuid fault, where the processor can do that; they are answered in emulate.c.
 *
 * A call that the filter refuses raises SIGSYS as well: that is our own failure and reported as
 * such.
 */
#include <asm/prctl.h>
#include <errno.h>
#include <link.h>
#include <seccomp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "abi/account.h"
#include "host/machine/machine.h"

#ifndef PR_SET_SYSCALL_USER_DISPATCH
#define PR_SET_SYSCALL_USER_DISPATCH 59
#define PR_SYS_DISPATCH_ON           1
#endif

/* The executable segment of the object that holds the C library's system calls. */
static int
find_text(struct dl_phdr_info *info, size_t size, void *out)
{
    uint64_t *range = out, target = (uint64_t)&syscall;

    for (int i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *segment = &info->dlpi_phdr[i];
        uint64_t start = info->dlpi_addr + segment->p_vaddr;

        if (segment->p_type == PT_LOAD && (segment->p_flags & PF_X) && target >= start &&
            target < start + segment->p_memsz) {
            range[0] = start;
            range[1] = segment->p_memsz;
            return 1;
        }
    }
    return 0;
}

int
sandbox_trap_instructions(void)
{
    uint64_t range[2] = {0, 0};

    if (dl_iterate_phdr(find_text, range) == 0) {
        return -ENOENT;
    }
    if (prctl(PR_SET_SYSCALL_USER_DISPATCH, PR_SYS_DISPATCH_ON, range[0], range[1], 0) != 0) {
        return -errno;
    }
    if (machine.request->plain_cpu) {
        return 0;
    }
    /* Both may be missing; then only patched instructions are answered by us. */
    (void)syscall(SYS_arch_prctl, ARCH_SET_CPUID, 0);
    if ((machine.request->features & (ABI_FEATURE_STAGES | ABI_FEATURE_SHARES)) == 0) {
        (void)prctl(PR_SET_TSC, PR_TSC_SIGSEGV, 0, 0, 0);
    }
    return 0;
}

/*
 * Allows a call on the guest's ranges. libseccomp takes one comparison for each argument of a rule,
 * so the halves are told by their high bits; what else lies in them (the machine page) belongs to
 * the guest as well. The bound on the length keeps the end of a range out of the host's memory.
 */
static int
allow_on_guest(scmp_filter_ctx filter, int call)
{
    static const uint64_t half[] = {0, ABI_SYSTEM_BASE};
    const uint64_t mask = ~(ABI_USER_END - 1);
    int error = 0;

    for (size_t i = 0; i < sizeof(half) / sizeof(half[0]) && error == 0; i++) {
        error = seccomp_rule_add(filter, SCMP_ACT_ALLOW, call, 2,
                                 SCMP_A0(SCMP_CMP_MASKED_EQ, mask, half[i]),
                                 SCMP_A1(SCMP_CMP_LE, ABI_SLICE_SIZE));
    }
    return error;
}
_Static_assert(ABI_SYSTEM_END - ABI_SYSTEM_BASE == ABI_USER_END, "one mask tells the halves");

/* The aliases, which a snapshot closes for writing. */
static int
allow_on_aliases(scmp_filter_ctx filter, int call)
{
    const uint64_t step = 0x80000000000ull;
    int error = 0;

    for (uint64_t part = ABI_USER_ALIAS; part < ABI_SYSTEM_ALIAS + ABI_SYSTEM_END && error == 0;
         part += step) {
        error = seccomp_rule_add(filter, SCMP_ACT_ALLOW, call, 2,
                                 SCMP_A0(SCMP_CMP_MASKED_EQ, ~(step - 1), part),
                                 SCMP_A1(SCMP_CMP_LE, ABI_SLICE_SIZE));
    }
    return error;
}

/* Of all of the system half, and of all aliases, at once: isolation.c. */
static int
allow_closing(scmp_filter_ctx filter)
{
    int error = seccomp_rule_add(
        filter, SCMP_ACT_ALLOW, SCMP_SYS(mprotect), 3, SCMP_A0(SCMP_CMP_EQ, ABI_SYSTEM_BASE),
        SCMP_A1(SCMP_CMP_EQ, ABI_SYSTEM_END - ABI_SYSTEM_BASE), SCMP_A2(SCMP_CMP_EQ, PROT_NONE));

    return error ? error
                 : seccomp_rule_add(
                       filter, SCMP_ACT_ALLOW, SCMP_SYS(mprotect), 3,
                       SCMP_A0(SCMP_CMP_EQ, ABI_USER_ALIAS),
                       SCMP_A1(SCMP_CMP_EQ, ABI_SYSTEM_ALIAS + ABI_SYSTEM_END - ABI_USER_ALIAS),
                       SCMP_A2(SCMP_CMP_EQ, PROT_NONE));
}

/* Advice that changes no byte: what keeps isolation.c's chunks apart. */
static int
allow_marks(scmp_filter_ctx filter)
{
    static const int advice[] = {MADV_RANDOM, MADV_SEQUENTIAL, MADV_DONTDUMP, MADV_DODUMP};
    int error = 0;

    for (size_t i = 0; i < sizeof(advice) / sizeof(advice[0]) && error == 0; i++) {
        error = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(madvise), 1,
                                 SCMP_A2(SCMP_CMP_EQ, (uint64_t)advice[i]));
    }
    return error;
}

/* Views: guest memory at another place of the user half. */
static int
allow_views(scmp_filter_ctx filter)
{
    return seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 4,
                            SCMP_A0(SCMP_CMP_MASKED_EQ, ~(ABI_USER_END - 1), 0),
                            SCMP_A1(SCMP_CMP_LE, ABI_SLICE_SIZE), SCMP_A2(SCMP_CMP_EQ, PROT_NONE),
                            SCMP_A4(SCMP_CMP_EQ, (uint64_t)machine.memory));
}

static int
compare_bytes(const void *a, const void *b)
{
    return *(const unsigned char *)a - *(const unsigned char *)b;
}

/* qsort asks the C library once how much memory there is (sysinfo): that must be before the fence.
 */
static void
warm_up(void)
{
    unsigned char bytes[2048] = {0};

    qsort(bytes, sizeof(bytes), 1, compare_bytes);
}

int
sandbox_enter(void)
{
    scmp_filter_ctx filter;
    int error;

    warm_up();
    /* Any other architecture is killed: libseccomp's default for what a filter does not list. */
    filter = seccomp_init(SCMP_ACT_TRAP);
    if (filter == NULL) {
        return -ENOMEM;
    }
    error = allow_on_guest(filter, SCMP_SYS(mprotect));
    error = error ? error : allow_on_guest(filter, SCMP_SYS(pkey_mprotect));
    if (machine.request->explore != NULL) {
        error = error ? error : allow_on_aliases(filter, SCMP_SYS(mprotect));
        error = error ? error : allow_on_aliases(filter, SCMP_SYS(pkey_mprotect));
    }
    if (machine.pages) {
        error = error ? error : allow_on_aliases(filter, SCMP_SYS(mprotect));
        error = error ? error : allow_closing(filter);
        error = error ? error : allow_marks(filter);
    }
    error = error ? error : allow_views(filter);
    error = error ? error
                  : seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(fallocate), 1,
                                     SCMP_A0(SCMP_CMP_EQ, (uint64_t)machine.memory));
    error = error ? error
                  : seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(write), 1,
                                     SCMP_A0(SCMP_CMP_EQ, (uint64_t)machine.output));
    error = error ? error
                  : seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(read), 1,
                                     SCMP_A0(SCMP_CMP_EQ, 0));
    if (machine.control >= 0) {
        error = error ? error
                      : seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(read), 1,
                                         SCMP_A0(SCMP_CMP_EQ, (uint64_t)machine.control));
    }
    if (machine.request->channel != NULL) {
        const uint64_t channel = (uint64_t)machine.request->channel_fd;

        error = error ? error
                      : seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(read), 1,
                                         SCMP_A0(SCMP_CMP_EQ, channel));
        error = error ? error
                      : seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(write), 1,
                                         SCMP_A0(SCMP_CMP_EQ, channel));
    }
    error = error ? error : seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(rt_sigreturn), 0);
    error = error ? error : seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(exit_group), 0);
    error = error ? error : seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(clock_gettime), 0);
    error = error ? error : seccomp_load(filter); /* sets no_new_privs */
    seccomp_release(filter);
    machine.sandboxed = error == 0;
    return error;
}
