/*
 * hypercall.c - what each hypercall does; abi/hypercall.h is the contract.
 *
 * The stub page holds one stub of 64 bytes for each call. A stub refuses user mode by an invalid
 * instruction that trap.c turns into the access violation that a call to kernel memory would be.
 *
 * Pointers come from our own kernel, so a bad one is our own failure: the host faults on it and
 * says so. Strings are bounded.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
#include "host/explore/explorer.h"
#include "host/explore/round_robin.h"
#include "host/machine/isolation.h"
#include "host/machine/machine.h"
#include "host/machine/services.h"

#define HYPERCALLS ((sizeof(struct abi_hypercalls) - sizeof(uint64_t)) / sizeof(void *))
#define STUB_SIZE  64
#define UNIX_EPOCH 116444736000000000ull /* 1970 in units of 100 ns since 1601 */

extern void *machine_hypercalls[64];
_Static_assert(HYPERCALLS <= 64, "the table in entry.S is full");
_Static_assert(ABI_HYPERCALL_TABLE + sizeof(struct abi_hypercalls) <= ABI_PASSES &&
                   ABI_PASSES + ABI_PASS_COUNT * sizeof(struct abi_pass) <= ABI_MACHINE_PAGE,
               "what lies in the stubs' 64 KiB");
_Static_assert(sizeof(struct abi_machine) <= ABI_FRAMES - ABI_MACHINE_PAGE &&
                   ABI_FRAMES + ABI_FRAME_COUNT * sizeof(struct abi_kept_frame) <= ABI_TRACE_RING,
               "what lies in the machine page");
_Static_assert(HYPERCALLS *STUB_SIZE + 64 <= ABI_HYPERCALL_TABLE - ABI_HYPERCALL_STUBS, "stubs");

/* The guest's registers inside a hypercall, as far as a call keeps them. */
void
hypercall_registers(struct abi_trap *out)
{
    uint64_t rsp = machine_guest_rsp;

    memset(out, 0, sizeof(*out));
    out->rbx = machine_guest_saved[0];
    out->rbp = machine_guest_saved[1];
    out->rsi = machine_guest_saved[2];
    out->rdi = machine_guest_saved[3];
    out->r12 = machine_guest_saved[4];
    out->r13 = machine_guest_saved[5];
    out->r14 = machine_guest_saved[6];
    out->r15 = machine_guest_saved[7];
    out->rip = *(uint64_t *)rsp;
    out->rsp = rsp + 8;
    out->rflags = 0x202;
    out->previous_mode = ABI_KERNEL_MODE;
    out->fault_address = ~0ull;
    out->original_rip = images_original_rip(out->rip);
}

static void HC_ABI
hc_boot_info(struct abi_boot *out)
{
    *out = machine.request->boot;
    if (machine.request->polls && out->explore == ABI_EXPLORE) {
        out->explore = ABI_EXPLORE_POLLS;
    }
}

static void HC_ABI
hc_stop(const struct abi_stop *why)
{
    struct abi_trap registers;

    if (why->trap == 0 ||
        space_read(why->trap, &registers, sizeof(registers)) != sizeof(registers)) {
        hypercall_registers(&registers);
    }
    worker_stop(why, &registers);
}

static void HC_ABI
hc_print(uint32_t channel, const char *text, uint64_t length)
{
    if (channel > ABI_OUT_STDERR) {
        worker_fail("the kernel printed to channel %u", channel);
    }
    if (machine.request->explore != NULL && !machine.request->explore->replay) {
        return; /* of thousands of runs */
    }
    worker_send(channel, text, length);
}

static uint64_t HC_ABI
hc_read_input(char *buffer, uint64_t length)
{
    ssize_t done;

    if (machine.request->explore != NULL) {
        return 0; /* the same in every run: an empty input */
    }

    isolation_touch(buffer, length);
    do {
        done = read(0, buffer, length);
    } while (done < 0 && errno == EINTR);
    return done < 0 ? 0 : (uint64_t)done;
}

GENERAL_REGISTERS_ONLY static uint64_t HC_ABI
hc_host_time(void)
{
    struct timespec now;

    if (!machine.request->boot.host_clock) {
        return machine.request->boot.boot_time_100ns + GUEST->time_100ns;
    }
    /* Not through the vDSO: rdtsc faults in this process. */
    syscall(SYS_clock_gettime, CLOCK_REALTIME, &now);
    return UNIX_EPOCH + (uint64_t)now.tv_sec * 10000000 + (uint64_t)now.tv_nsec / 100;
}

static void HC_ABI
hc_commit(uint64_t address, uint64_t size, uint32_t protection)
{
    space_commit(address, size, protection);
}

static void HC_ABI
hc_protect(uint64_t address, uint64_t size, uint32_t protection)
{
    space_protect(address, size, protection);
}

static void HC_ABI
hc_decommit(uint64_t address, uint64_t size)
{
    space_decommit(address, size);
}

GENERAL_REGISTERS_ONLY static uint32_t HC_ABI
hc_page(uint64_t address)
{
    return space_page(address);
}

static void HC_ABI
hc_map_view(uint64_t address, uint64_t size, uint64_t backing, uint32_t protection)
{
    space_map_view(address, size, backing, protection);
}

GENERAL_REGISTERS_ONLY static void HC_ABI
hc_set_address_space(uint64_t slice)
{
    space_switch(slice);
}

static uint32_t HC_ABI
hc_image_load(const char *name, uint32_t flags, uint64_t slice, struct abi_image *out)
{
    return images_load(name, flags, slice, out);
}

static void HC_ABI
hc_image_unload(uint64_t base)
{
    images_unload(base);
}

static uint64_t HC_ABI
hc_original_rip(uint64_t rip)
{
    return images_original_rip(rip);
}

static uint64_t HC_ABI
hc_describe(uint64_t address, char *buffer, uint64_t length)
{
    return images_describe(images_original_rip(address), buffer, length);
}

static uint64_t HC_ABI
hc_find_export(const char *image, const char *name)
{
    return images_find_export(image, name);
}

static uint32_t HC_ABI
hc_file_stat(const char *path, struct abi_stat *out)
{
    const struct run_file *file = files_find(machine.request, path);

    if (file == NULL) {
        return 1;
    }
    *out = (struct abi_stat){.size = file->size, .directory = file->directory};
    return 0;
}

static int64_t HC_ABI
hc_file_read(const char *path, uint64_t offset, void *buffer, uint64_t length)
{
    const struct run_file *file = files_find(machine.request, path);

    if (file == NULL || file->directory) {
        return -1;
    }
    if (offset >= file->size) {
        return 0;
    }
    length = length < file->size - offset ? length : file->size - offset;
    memcpy(buffer, file->data + offset, length);
    return (int64_t)length;
}

GENERAL_REGISTERS_ONLY static uint32_t HC_ABI
hc_choose(const struct abi_agent *agents, uint32_t count, uint32_t asker)
{
    uint32_t chosen;

    if (count == 0) {
        worker_fail("the kernel asked for a choice among no agents");
    }
    if (machine.request->explore != NULL && GUEST->explore) {
        GUEST->budget = 0;
        return explorer_choose(agents, count, asker);
    }
    chosen = round_robin_choose(agents, count, asker);
    GUEST->budget = (int64_t)machine.request->slice_points;
    return chosen;
}

GENERAL_REGISTERS_ONLY static uint32_t HC_ABI
hc_passes(const struct abi_agent *asker, const struct abi_pass *whole)
{
    return explorer_passes(asker, whole);
}

static uint32_t HC_ABI
hc_touch(uint64_t address, uint64_t size, uint32_t how, uint32_t agent)
{
    return explorer_touch(address, size, how, agent);
}

static uint64_t HC_ABI
hc_config(const char *key, char *buffer, uint64_t length)
{
    for (size_t i = 0; i < machine.request->configs; i++) {
        const struct run_config *config = &machine.request->config[i];

        if (strcmp(config->key, key) == 0) {
            memcpy(buffer, config->text, length < config->length ? length : config->length);
            return config->length;
        }
    }
    return 0;
}

static uint64_t HC_ABI
hc_file_entry(const char *folder, uint64_t index, char *buffer, uint64_t length)
{
    const char *name = files_entry(machine.request, folder, index);
    size_t wanted = name == NULL ? 0 : strlen(name);

    if (name != NULL) {
        memcpy(buffer, name, wanted < length ? wanted : length);
    }
    return wanted;
}

static void HC_ABI
hc_service(const struct abi_service *service, uint64_t done, uint64_t result)
{
    services_tell(service, done != 0, result);
}

static uint64_t HC_ABI
hc_origin(uint64_t rip, uint32_t *lower)
{
    return images_origin(rip, lower);
}

static void HC_ABI
hc_report_text(const char *text, uint64_t length)
{
    if (machine.request->explore != NULL && !machine.request->explore->replay) {
        return;
    }
    worker_send(RUN_REPORT, text, length);
}

/* Lines `memory`, of as many bytes each as read_memory takes. */
static void HC_ABI
hc_report_memory(uint64_t address, uint64_t length)
{
    uint8_t bytes[128];
    size_t got = sizeof(bytes);

    for (uint64_t at = 0; at < length && got == sizeof(bytes); at += got) {
        char line[64 + 2 * sizeof(bytes)];
        int used = snprintf(line, sizeof(line), "memory\taddress=%lx\tbytes=", address + at);

        got = space_read(address + at, bytes,
                         length - at < sizeof(bytes) ? length - at : sizeof(bytes));
        for (size_t i = 0; i < got; i++) {
            used += snprintf(line + used, sizeof(line) - (size_t)used, "%02x", bytes[i]);
        }
        used += snprintf(line + used, sizeof(line) - (size_t)used, "\n");
        hc_report_text(line, (uint64_t)used);
    }
}

/*
 *     81 3C 25 <mode> 00000000   cmp dword [mode], 0
 *     75 12                      jne refuse
 *     B8 <number>                mov eax, number
 *     49 BA <entry>              movabs r10, entry
 *     41 FF E2                   jmp r10
 *   refuse: 0F 0B                ud2
 */
static void
make_stub(uint8_t *stub, uint32_t number, const char *handler)
{
    uint32_t mode = ABI_MACHINE_PAGE + offsetof(struct abi_machine, mode);
    uint64_t entry = (uint64_t)handler;

    memset(stub, 0xCC, STUB_SIZE);
    memcpy(stub, "\x81\x3C\x25", 3);
    memcpy(stub + 3, &mode, 4);
    memset(stub + 7, 0, 4);
    memcpy(stub + 11, "\x75\x12\xB8", 3);
    memcpy(stub + 14, &number, 4);
    memcpy(stub + 18, "\x49\xBA", 2);
    memcpy(stub + 20, &entry, 8);
    memcpy(stub + 28, "\x41\xFF\xE2\x0F\x0B", 5);
}

/* The ones that a kernel makes often; all that they call is GENERAL_REGISTERS_ONLY too. */
static bool
is_fast(size_t number)
{
    static const size_t fast[] = {
        offsetof(struct abi_hypercalls, set_address_space),
        offsetof(struct abi_hypercalls, choose),
        offsetof(struct abi_hypercalls, passes),
        offsetof(struct abi_hypercalls, host_time),
        offsetof(struct abi_hypercalls, page),
    };

    for (size_t i = 0; i < sizeof(fast) / sizeof(fast[0]); i++) {
        if (number == fast[i] / sizeof(void *) - 1) {
            return true;
        }
    }
    return false;
}

void
hypercall_init(void)
{
    static const struct abi_hypercalls calls = {
        .version = ABI_VERSION,
        .boot_info = hc_boot_info,
        .stop = hc_stop,
        .print = hc_print,
        .read_input = hc_read_input,
        .host_time = hc_host_time,
        .commit = hc_commit,
        .protect = hc_protect,
        .decommit = hc_decommit,
        .set_address_space = hc_set_address_space,
        .image_load = hc_image_load,
        .image_unload = hc_image_unload,
        .original_rip = hc_original_rip,
        .describe = hc_describe,
        .find_export = hc_find_export,
        .file_stat = hc_file_stat,
        .file_read = hc_file_read,
        .choose = hc_choose,
        .config = hc_config,
        .report_text = hc_report_text,
        .report_memory = hc_report_memory,
        .origin = hc_origin,
        .page = hc_page,
        .map_view = hc_map_view,
        .touch = hc_touch,
        .file_entry = hc_file_entry,
        .service = hc_service,
        .passes = hc_passes,
    };
    uint8_t *page = guest_pointer(ABI_HYPERCALL_STUBS);
    uint64_t *table = guest_pointer(ABI_HYPERCALL_TABLE);

    memcpy(machine_hypercalls, (const char *)&calls + sizeof(uint64_t),
           sizeof(calls) - sizeof(uint64_t));
    table[0] = ABI_VERSION;
    for (size_t i = 0; i < HYPERCALLS; i++) {
        if (machine_hypercalls[i] == NULL) {
            worker_fail("hypercall %zu is not implemented", i);
        }
        make_stub(page + i * STUB_SIZE, (uint32_t)i,
                  is_fast(i) ? machine_hypercall_fast : machine_hypercall_entry);
        table[1 + i] = ABI_HYPERCALL_STUBS + i * STUB_SIZE;
    }
    /* lea rsp, [rsp + 8]; ret: the way back from the kernel's CR8 helper (trap.c) */
    memcpy(page + HYPERCALLS * STUB_SIZE, "\x48\x8D\x64\x24\x08\xC3", 6);
    memcpy(page + HYPERCALLS * STUB_SIZE + 8, "\xCC\xC3", 2); /* int3; ret */
    memcpy(page + HYPERCALLS * STUB_SIZE + 16, "\xCC\xC3", 2);
    isolation_init(ABI_HYPERCALL_STUBS + HYPERCALLS * STUB_SIZE + 32);
    machine.entries.user_point_stub = ABI_HYPERCALL_STUBS + HYPERCALLS * STUB_SIZE + 16;
    machine.entries.user_pause_stub = ABI_HYPERCALL_STUBS + HYPERCALLS * STUB_SIZE + 8;
    machine.entries.cr8_return = ABI_HYPERCALL_STUBS + HYPERCALLS * STUB_SIZE;
}
