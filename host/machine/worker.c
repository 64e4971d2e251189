/*
 * worker.c - the process that runs one guest: set-up, the ways out, and what it tells the
 * supervisor.
 *
 * Order of the set-up: address space, signals, heap; then the fences (sandbox.c); only then is the
 * first byte of an image looked at (M2).
 */
#include <cpuid.h>
#include <errno.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/rseq.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "host/explore/explorer.h"
#include "host/machine/machine.h"
#include "host/machine/services.h"
#include "host/machine/watch.h"

#define HEAP_SIZE       (512ull << 20) /* address space only, until it is touched */
#define HEAP_LEAST      (16ull << 20)
#define HOST_STACK_SIZE (1ull << 20)
#define MAX_NOTES       100

struct machine machine;

/* No formatting of floats or locales here: vsnprintf without them does not allocate. */
void
worker_fail(const char *format, ...)
{
    va_list arguments;

    if (machine.shared->failed == 0) {
        va_start(arguments, format);
        vsnprintf(machine.shared->failure, sizeof(machine.shared->failure), format, arguments);
        va_end(arguments);
        machine.shared->failed = 1;
    }
    syscall(SYS_exit_group, 5);
    __builtin_trap();
}

static void
write_all(const void *data, size_t length)
{
    const char *next = data;

    while (length != 0) {
        ssize_t done = write(machine.output, next, length);

        if (done < 0 && errno == EINTR) {
            continue;
        }
        if (done <= 0) {
            syscall(SYS_exit_group, 5); /* the supervisor has gone */
        }
        next += done;
        length -= (size_t)done;
    }
}

void
worker_send(uint32_t channel, const void *data, size_t length)
{
    const char *next = data;
    struct {
        struct message head;
        char body[4096];
    } message;

    while (length != 0) {
        size_t part = length < sizeof(message.body) ? length : sizeof(message.body);

        message.head = (struct message){channel, (uint32_t)part};
        memcpy(message.body, next, part);
        write_all(&message, sizeof(message.head) + part);
        next += part;
        length -= part;
    }
}

void
worker_note(uint64_t site, const char *format, ...)
{
    static uint64_t seen[MAX_NOTES];
    char where[160], text[256], line[448];
    va_list arguments;
    int length;

    for (uint32_t i = 0; i < machine.notes; i++) {
        if (seen[i] == site) {
            return;
        }
    }
    if (machine.notes == MAX_NOTES) {
        return;
    }
    seen[machine.notes++] = site;
    va_start(arguments, format);
    vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    images_describe(site, where, sizeof(where));
    length = snprintf(line, sizeof(line), "%s: %s\n", where, text);
    worker_send(RUN_NOTE, line, (size_t)length);
}

void
worker_describe(const struct abi_trap *registers)
{
    struct shared *shared = machine.shared;
    uint64_t kpcr = GUEST->kpcr;

    shared->registers = *registers;
    shared->mode = GUEST->mode;
    shared->cpu = GUEST->current_cpu;
    shared->irql = 0;
    if (kpcr >= ABI_PROCESSOR_BASE &&
        kpcr < ABI_PROCESSOR_BASE + ABI_MAX_PROCESSORS * ABI_PROCESSOR_STRIDE) {
        shared->irql = *((uint8_t *)guest_pointer(kpcr) + 0x50); /* KPCR.Irql */
    }
    images_describe(registers->original_rip ? registers->original_rip : registers->rip,
                    shared->where, sizeof(shared->where));
}

void
worker_stop(const struct abi_stop *why, const struct abi_trap *registers)
{
    struct shared *shared = machine.shared;

    if (machine.request->explore != NULL) {
        explorer_ended(why);
    }
    if (machine.request->watch) {
        watch_tell();
    }
    if (machine.request->features & ABI_FEATURE_SERVICES) {
        services_end();
    }
    shared->stop = *why;
    shared->stop.message[sizeof(shared->stop.message) - 1] = 0;
    worker_describe(registers);
    shared->ended = 1;
    syscall(SYS_exit_group, 0);
    __builtin_trap();
}

static int
same(const void *one, const void *other)
{
    return 0;
}

/* After the fences are up the heap cannot grow: grow it now. Untouched pages cost nothing. */
static void
grow_heap(void)
{
    void *block;

    mallopt(M_MMAP_MAX, 0);
    mallopt(M_TRIM_THRESHOLD, -1);
    /* glibc's first qsort of a large array asks how much memory there is: let it ask now. */
    block = calloc(64, 64);
    qsort(block, 64, 64, same);
    free(block);
    for (size_t size = HEAP_SIZE; size >= HEAP_LEAST; size /= 2) {
        block = malloc(size);
        if (block != NULL) {
            free(block);
            return;
        }
    }
    worker_fail("out of memory");
}

/*
 * The C library has told Linux of a place in thread-local storage that it updates whenever the
 * thread was preempted. While guest code runs that place is closed, or trampled.
 */
static void
leave_rseq(void)
{
    const uint32_t signature = 0x53053053;

    if (__rseq_size != 0) {
        syscall(SYS_rseq, (char *)__builtin_thread_pointer() + __rseq_offset, 32, 1, signature);
    }
}

/*
 * What of the vector state exists here. PKRU is not part of it: it belongs to the address space.
 * AMX is left out, for Linux asks each process to request it first, and nobody here does.
 */
static void
measure_vector_state(void)
{
    uint32_t eax, ebx, ecx, edx, low, high;
    const uint32_t wanted = machine.request->plain_cpu ? 0x3 : 0xE7; /* x87, SSE, AVX, AVX-512 */

    __cpuid_count(0xD, 1, eax, ebx, ecx, edx);
    machine_has_xinuse = eax >> 2 & 1;
    __cpuid_count(0xD, 9, eax, ebx, ecx, edx);
    machine.pkru_offset = ebx;
    __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    machine.xsave_mask = low & wanted;
    for (uint32_t i = 2; i < 8; i++) {
        if (machine.xsave_mask >> i & 1) {
            __cpuid_count(0xD, i, eax, ebx, ecx, edx);
            if (ebx + eax > ABI_XSAVE_SIZE) {
                worker_fail("the vector state of this processor is too large");
            }
        }
    }
    machine_xsave_low = machine.xsave_mask;
}

static void
init_processor(void)
{
    uint64_t top = ABI_STACK_BASE + ABI_PAGE_SIZE + ABI_BOOT_STACK;

    GUEST->mode = ABI_KERNEL_MODE;
    GUEST->cpus = machine.request->boot.cpus;
    GUEST->interrupt_flag = 1;
    GUEST->has_keys = machine.pages ? ABI_KEYS_PAGES : machine.has_keys;
    GUEST->xsave_mask = machine.xsave_mask;
    GUEST->xsave_size = ABI_XSAVE_SIZE;
    GUEST->slice = (int64_t)machine.request->slice_points;
    GUEST->budget = GUEST->slice;
    GUEST->stack_low = ABI_STACK_BASE + ABI_PAGE_SIZE;
    GUEST->stack_high = top;
    space_commit(ABI_STACK_BASE + ABI_PAGE_SIZE, ABI_BOOT_STACK, ABI_PROT_READ | ABI_PROT_WRITE);
    GUEST->features = machine.request->features;
    if (machine.request->explore == NULL) {
        *(struct abi_turn *)guest_pointer(ABI_TURN) = (struct abi_turn){
            .left = (int64_t)machine.request->turn, .length = (int64_t)machine.request->turn};
    } else {
        ((struct abi_turn *)guest_pointer(ABI_TURN))->lock_point = machine.entries.user_point_stub;
    }
    GUEST->record = (machine.request->explore != NULL ? machine.request->explore->replay
                                                      : machine.request->steps)
                        ? ABI_RECORD_STEPS
                        : 0;
    if (machine.request->trace || GUEST->record) {
        space_commit(ABI_TRACE_LARGE, ABI_TRACE_LARGE_COUNT * sizeof(struct abi_record),
                     ABI_PROT_READ | ABI_PROT_WRITE);
        GUEST->trace_large = 1;
    }
}

/* The exit of a kernel entry point that returned: its return address on the boot stack is 0. */
static void
enter(void)
{
    uint64_t rsp = GUEST->stack_high - 0x28; /* home space and return address */
    uint64_t rip = machine.entries.startup;

    space_switch(0);
    machine.shared->entered = 1;
    machine_enter(rip, rsp, 0);
}

void
worker_main(const struct run_request *request, struct shared *shared, int memory, int output,
            int control)
{
    struct abi_image kernel;
    void *stack;
    int error;
    uint32_t result;

    machine.request = request;
    machine.shared = shared;
    machine.memory = memory;
    machine.output = output;
    machine.control = control;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    leave_rseq();
    setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});

    measure_vector_state();
    error = space_init();
    if (error != 0) {
        worker_fail("cannot map the guest's address space: %s; `ntlab doctor` says more",
                    strerror(-error));
    }
    shared->has_keys = machine.has_keys;
    shared->pages = machine.pages;
    shared->host_closed = machine.host_closed;
    stack = mmap(NULL, HOST_STACK_SIZE, PROT_READ | PROT_WRITE,
                 MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
    if (stack == MAP_FAILED) {
        worker_fail("out of memory");
    }
    machine_host_rsp = (uint64_t)stack + HOST_STACK_SIZE;
    emulate_init();
    trap_init();
    hypercall_init();
    init_processor();
    if (request->explore != NULL && explorer_init(request->explore, request->results) != 0) {
        worker_fail("out of memory");
    }
    grow_heap();
    error = sandbox_trap_instructions();
    if (error != 0) {
        worker_fail("syscall user dispatch is not available: %s", strerror(-error));
    }
    error = sandbox_enter();
    if (error != 0) {
        worker_fail("cannot enter the sandbox: %s", strerror(-error));
    }
    result = images_load("ntoskrnl.exe", ABI_IMAGE_SYSTEM, 0, &kernel);
    if (result != ABI_IMAGE_OK) {
        worker_fail("ntoskrnl.exe: %s", kernel.message);
    }
    machine.entries.startup = kernel.entry;
    enter();
    __builtin_trap();
}
