/*
 * reserve.c - the mappings that guest memory is seen through, before there is any; and what the processor offers to close them.
 */
#include <errno.h>
#include <linux/memfd.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>
#include "host/machine/space.h"

static int
map(uint64_t address, uint64_t size, uint64_t offset, int protection, unsigned key)
{
    void *at =
        mmap((void *)address, size, protection, MAP_SHARED | MAP_NORESERVE | MAP_FIXED_NOREPLACE,
             machine.memory, (off_t)offset);

    if (at == MAP_FAILED) {
        return -errno;
    }
    if (at != (void *)address) {
        return -EEXIST; /* a kernel that does not know MAP_FIXED_NOREPLACE */
    }
    if (key != 0 && syscall(SYS_pkey_mprotect, address, size, protection, key) != 0) {
        return -errno;
    }
    return 0;
}

static bool
can_close_host(void)
{
    struct utsname name;
    int major = 0, minor = 0;

    return uname(&name) == 0 && sscanf(name.release, "%d.%d", &major, &minor) == 2 &&
           (major > 6 || (major == 6 && minor >= 12));
}

/* All keys 1..15, with every right here. Other users of keys in this process do not exist. */
static bool
take_keys(void)
{
    if (machine.request->no_keys || machine.request->isolation == RUN_ISOLATION_OFF ||
        machine.request->isolation == RUN_ISOLATION_PAGES) {
        return false;
    }
    for (int i = 1; i < KEYS; i++) {
        if (syscall(SYS_pkey_alloc, 0, 0) != i) {
            return false;
        }
    }
    return true;
}

static bool
wants_pages(void)
{
    const struct run_request *request = machine.request;

    return request->explore == NULL && !request->one_of_many &&
           (request->isolation == RUN_ISOLATION_PAGES ||
            (request->isolation == RUN_ISOLATION_AUTO && !machine.has_keys &&
             !request->boot.host_clock));
}

int
space_init(void)
{
    static const uint64_t view[][2] = {
        {ABI_LOW_BASE, ABI_LOW_END},
        {ABI_HIGH_BASE, ABI_USER_END},
        {ABI_SYSTEM_BASE, ABI_SYSTEM_END},
    };
    size_t pages = ABI_SYSTEM_END >> PAGE_SHIFT;
    int error;

    machine.has_keys = take_keys();
    machine.pages = wants_pages();
    machine.host_closed = machine.has_keys && can_close_host();
    machine.pages_fd = memfd_create("ntlab-pages", MFD_CLOEXEC);
    if (machine.pages_fd < 0 || ftruncate(machine.pages_fd, (off_t)pages) != 0) {
        return -errno;
    }
    page_protection =
        mmap(NULL, pages, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE, machine.pages_fd, 0);
    if (page_protection == MAP_FAILED) {
        return -errno;
    }
    for (size_t i = 0; i < sizeof(view) / sizeof(view[0]); i++) {
        error = map(view[i][0], view[i][1] - view[i][0], view[i][0], PROT_NONE, 0);
        if (error != 0) {
            return error;
        }
    }
    error = map(ABI_USER_ALIAS, ABI_USER_END, 0, PROT_READ | PROT_WRITE,
                machine.has_keys ? ABI_KEY_SYSTEM : 0);
    if (error == 0) {
        error = map(ABI_SYSTEM_ALIAS + ABI_SYSTEM_BASE, ABI_SYSTEM_END - ABI_SYSTEM_BASE,
                    ABI_SYSTEM_BASE, PROT_READ | PROT_WRITE, machine.has_keys ? ABI_KEY_SYSTEM : 0);
    }
    if (error == 0) {
        error = map(ABI_HYPERCALL_STUBS, 0x10000, ABI_HYPERCALL_STUBS, PROT_READ | PROT_EXEC,
                    machine.has_keys ? ABI_KEY_SHARED : 0);
    }
    if (error == 0) {
        error = map(ABI_MACHINE_PAGE, 0x10000, ABI_MACHINE_PAGE, PROT_READ | PROT_WRITE,
                    machine.has_keys ? ABI_KEY_SHARED : 0);
    }
    if (error == 0) {
        error = map(ABI_USER_SHARED_DATA, 0x1000, ABI_USER_SHARED_DATA, PROT_READ,
                    machine.has_keys ? ABI_KEY_SHARED : 0);
    }
    return error;
}
