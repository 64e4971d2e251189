/*
 * doctor.c - `ntlab doctor`: can this machine run ntlab, and what to change if not?
 *
 * Each check tries the very thing that a worker does, in a child of its own, so that no failure of
 * one disturbs the next. The last one is a whole run as it would be in an unprivileged container. Needed: without it nothing runs. Useful: without it the isolation or the
 * determinism of code that could not be patched is weaker; the note says which.
 */
#include <asm/prctl.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <seccomp.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>
#include "abi/layout.h"
#include "host/cli/cli.h"

#ifndef HWCAP2_FSGSBASE
#define HWCAP2_FSGSBASE 2
#endif
#ifndef PR_SET_SYSCALL_USER_DISPATCH
#define PR_SET_SYSCALL_USER_DISPATCH 59
#endif

struct check {
    const char *name;
    int (*test)(void); /* 0: fine, else errno or -1 */
    bool needed;
    const char *without; /* what is missing then, and what to change */
};

static int
test_fsgsbase(void)
{
    return getauxval(AT_HWCAP2) & HWCAP2_FSGSBASE ? 0 : -1;
}

static int
guest_memory(void)
{
    int fd = memfd_create("ntlab-doctor", MFD_CLOEXEC);

    if (fd >= 0 && ftruncate(fd, (off_t)ABI_SYSTEM_END) != 0) {
        close(fd);
        return -1;
    }
    return fd;
}

static int
test_memfd(void)
{
    return guest_memory() < 0 ? errno : 0;
}

static int
test_layout(void)
{
    static const uint64_t ranges[][3] = {
        {ABI_LOW_BASE, ABI_LOW_END, ABI_LOW_BASE},
        {ABI_HYPERCALL_STUBS, ABI_USER_SHARED_DATA + ABI_PAGE_SIZE, ABI_HYPERCALL_STUBS},
        {ABI_HIGH_BASE, ABI_USER_END, ABI_HIGH_BASE},
        {ABI_SYSTEM_BASE, ABI_SYSTEM_END, ABI_SYSTEM_BASE},
        {ABI_USER_ALIAS, ABI_USER_ALIAS + ABI_USER_END, 0},
        {ABI_SYSTEM_ALIAS + ABI_SYSTEM_BASE, ABI_SYSTEM_ALIAS + ABI_SYSTEM_END, ABI_SYSTEM_BASE},
    };
    int fd = guest_memory();

    for (size_t i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++) {
        void *at = mmap((void *)ranges[i][0], ranges[i][1] - ranges[i][0], PROT_NONE,
                        MAP_SHARED | MAP_NORESERVE | MAP_FIXED_NOREPLACE, fd, (off_t)ranges[i][2]);

        if (at != (void *)ranges[i][0]) {
            return at == MAP_FAILED ? errno : EEXIST;
        }
    }
    return 0;
}

static int
test_execute(void)
{
    int fd = guest_memory(), (*code)(void);

    code = mmap(NULL, ABI_PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (code == MAP_FAILED) {
        return errno;
    }
    memcpy((void *)code, "\x31\xC0\xC3", 3); /* xor eax, eax; ret */
    if (mprotect((void *)code, ABI_PAGE_SIZE, PROT_READ | PROT_EXEC) != 0) {
        return errno;
    }
    return code();
}

static int
test_dispatch(void)
{
    return prctl(PR_SET_SYSCALL_USER_DISPATCH, 1, ABI_PAGE_SIZE, (1ull << 47) - 2 * ABI_PAGE_SIZE,
                 0) == 0
               ? 0
               : errno;
}

static int
test_seccomp(void)
{
    struct sock_filter allow = BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
    struct sock_fprog program = {1, &allow};

    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
        prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0) {
        return errno;
    }
    return 0;
}

static int
test_address_space(void)
{
    struct rlimit limit;

    return getrlimit(RLIMIT_AS, &limit) == 0 && limit.rlim_cur == RLIM_INFINITY ? 0 : -1;
}

static int
test_keys(void)
{
    for (int i = 1; i < 16; i++) {
        if (syscall(SYS_pkey_alloc, 0, 0) != i) {
            return errno;
        }
    }
    return 0;
}

/* Linux 6.12 delivers signals to a stack that the interrupted code has no right to. */
static int
test_closed_host(void)
{
    struct utsname name;
    int major = 0, minor = 0;

    if (uname(&name) != 0 || sscanf(name.release, "%d.%d", &major, &minor) != 2) {
        return -1;
    }
    return major > 6 || (major == 6 && minor >= 12) ? test_keys() : -1;
}

static int
test_cpuid(void)
{
    return syscall(SYS_arch_prctl, ARCH_SET_CPUID, 0) == 0 ? 0 : errno;
}

static int
test_tsc(void)
{
    return prctl(PR_SET_TSC, PR_TSC_SIGSEGV, 0, 0, 0) == 0 ? 0 : errno;
}

/*
 * System calls that Docker's and Podman's default profiles refuse to a container without capabilities, as far as they
 * exist here. Source: moby, profiles/seccomp/default.json, version 27.
 */
static const char *const refused[] = {"acct",
                                      "add_key",
                                      "bpf",
                                      "clock_adjtime",
                                      "clock_settime",
                                      "create_module",
                                      "delete_module",
                                      "finit_module",
                                      "fsconfig",
                                      "fsmount",
                                      "fsopen",
                                      "fspick",
                                      "get_mempolicy",
                                      "init_module",
                                      "ioperm",
                                      "iopl",
                                      "kcmp",
                                      "kexec_file_load",
                                      "kexec_load",
                                      "keyctl",
                                      "lookup_dcookie",
                                      "mbind",
                                      "mount",
                                      "mount_setattr",
                                      "move_mount",
                                      "move_pages",
                                      "name_to_handle_at",
                                      "nfsservctl",
                                      "open_by_handle_at",
                                      "open_tree",
                                      "perf_event_open",
                                      "pivot_root",
                                      "process_vm_readv",
                                      "process_vm_writev",
                                      "quotactl",
                                      "reboot",
                                      "request_key",
                                      "set_mempolicy",
                                      "setns",
                                      "settimeofday",
                                      "swapoff",
                                      "swapon",
                                      "syslog",
                                      "umount2",
                                      "unshare",
                                      "userfaultfd",
                                      "vhangup"};

/* No capability, nobody's user, no way to get more, and the system calls that a container has. */
static int
become_unprivileged(void)
{
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct none[2] = {{0}};
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);

    for (int i = 0; i <= 63; i++) {
        prctl(PR_CAPBSET_DROP, i, 0, 0,
              0); /* refused if there is no right to it: then it is not there */
    }
    /* EINVAL: a user namespace without that user, whose root has no rights outside. */
    if (geteuid() == 0 && (setgid(65534) != 0 || setuid(65534) != 0) && errno != EINVAL) {
        return errno;
    }
    if (syscall(SYS_capset, &header, none) != 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) {
        return errno;
    }
    for (size_t i = 0; filter != NULL && i < sizeof(refused) / sizeof(refused[0]); i++) {
        int number = seccomp_syscall_resolve_name(refused[i]);

        if (number != __NR_SCMP_ERROR) {
            seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), number, 0);
        }
    }
    return filter != NULL && seccomp_load(filter) == 0 ? 0 : -1;
}

static int
test_unprivileged(void)
{
    char self[] = "/proc/self/exe", command[] = "run";
    char *const arguments[] = {self, command, NULL};
    /* No /dev/null: there are containers without one that can be opened. */
    int program = open(self, O_RDONLY | O_CLOEXEC), null = memfd_create("null", 0), error;
    char path[64];

    if (program < 0 || null < 0) {
        return errno;
    }
    error = become_unprivileged();
    if (error != 0) {
        return error;
    }
    dup2(null, 0);
    dup2(null, 1);
    dup2(null, 2);
    snprintf(path, sizeof(path), "/proc/self/fd/%d", program);
    execv(path, arguments);
    return errno;
}

static const struct check checks[] = {
    {"fsgsbase", test_fsgsbase, true,
     "a processor with FSGSBASE (Intel since 2012, AMD since 2017) and Linux 5.9 or later, not "
     "booted with nofsgsbase"},
    {"memfd", test_memfd, true,
     "memfd_create and a file-size limit that allows sparse files (ulimit -f unlimited)"},
    {"layout", test_layout, true,
     "the fixed address ranges are free: ulimit -v unlimited, vm.mmap_min_addr at most 65536"},
    {"execute", test_execute, true,
     "executable shared memory: vm.memfd_noexec must be 0 or 1, and a security module must allow "
     "it"},
    {"syscall-dispatch", test_dispatch, true,
     "Linux 5.11 or later; a container must allow prctl(PR_SET_SYSCALL_USER_DISPATCH)"},
    {"seccomp", test_seccomp, true, "seccomp filters: Linux with CONFIG_SECCOMP_FILTER"},
    {"address-space", test_address_space, false,
     "an address-space limit is set: ulimit -v unlimited"},
    {"protection-keys", test_keys, false,
     "without them a process switch changes page protections (slower), and so does each way into "
     "the kernel and out (--isolation pages, microseconds); a search, and --clock host, leave the "
     "system half open to user mode"},
    {"closed-host", test_closed_host, false,
     "a wild write of a driver over ntlab's own memory loses that run instead of being a page "
     "fault "
     "(needs Linux 6.12 and protection keys)"},
    {"cpuid-faulting", test_cpuid, false,
     "cpuid instructions that could not be patched show the real processor"},
    {"tsc-trap", test_tsc, false,
     "rdtsc instructions that could not be patched show the real clock"},
    {"unprivileged", test_unprivileged, false,
     "as a user without rights, with the system calls of a container's default profile, no run "
     "succeeds: either something above is MISSING, or that user cannot read ntlab's files"},
};
#define CHECKS (sizeof(checks) / sizeof(checks[0]))

/* In a child: 0 fine, 1..254 errno or a plain no (255), above: killed by that signal + 1000. */
static int
try_check(const struct check *check)
{
    pid_t child = fork();
    int status;

    if (child == 0) {
        int result = check->test();

        _exit(result < 0 ? 255 : result & 0xFF);
    }
    if (child < 0 || waitpid(child, &status, 0) != child) {
        return 255;
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
}

static const char *
reason(int result)
{
    if (result > 1000) {
        return strsignal(result - 1000);
    }
    return result == 255 ? "not available" : strerror(result);
}

static const char *
container(void)
{
    if (access("/.dockerenv", F_OK) == 0) {
        return "docker";
    }
    if (access("/run/.containerenv", F_OK) == 0) {
        return "podman";
    }
    return getenv("container") ? getenv("container") : "none seen";
}

int
command_doctor(int argc, char **argv)
{
    bool json = false, good = true, unprivileged = false;
    struct utsname host;

    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--json") != 0) {
            return usage_error("doctor: unknown option `%s`", argv[i]);
        }
        json = true;
    }
    uname(&host);
    if (json) {
        printf("{\"schema\": 1, \"ntlab\": \"%s\", \"command\": \"doctor\", \"kernel\": \"%s\", "
               "\"processors\": %ld, "
               "\"container\": \"%s\", \"checks\": [",
               NTLAB_VERSION, host.release, sysconf(_SC_NPROCESSORS_ONLN), container());
    } else {
        printf("Linux %s, %ld processors, container: %s\n", host.release,
               sysconf(_SC_NPROCESSORS_ONLN), container());
    }
    for (size_t i = 0; i < CHECKS; i++) {
        int result = try_check(&checks[i]);

        good = good && (result == 0 || !checks[i].needed);
        unprivileged = result == 0; /* of the last one */
        if (json) {
            printf("%s{\"name\": \"%s\", \"ok\": %s, \"needed\": %s}", i ? ", " : "",
                   checks[i].name, result == 0 ? "true" : "false",
                   checks[i].needed ? "true" : "false");
        } else if (result == 0) {
            printf("  ok       %s\n", checks[i].name);
        } else {
            printf("  %s  %s: %s\n           %s: %s\n", checks[i].needed ? "MISSING" : "without",
                   checks[i].name, reason(result), checks[i].needed ? "needed" : "effect",
                   checks[i].without);
        }
    }
    if (json) {
        printf("], \"isolation\": \"%s\", \"unprivileged_container\": %s, \"verdict\": \"%s\"}\n",
               try_check(&checks[7]) == 0 ? "protection-keys" : "page-protection",
               unprivileged ? "true" : "false", good ? "clean" : "error");
    } else {
        printf("--isolation auto: %s\n", try_check(&checks[7]) == 0
                                             ? "keys"
                                             : "pages; off in searches and with --clock host");
        printf("%s\n", !good ? "ntlab cannot run here: see what is MISSING above."
                       : unprivileged
                           ? "ntlab can run here, and an unprivileged container suffices."
                           : "ntlab can run here.");
    }
    return good ? STATUS_CLEAN : STATUS_BAD_INPUT;
}
