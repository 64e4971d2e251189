/*
 * snapshot.c - the state of the guest at one moment, restored by copying.
 *
 * Taking a snapshot closes every committed page for writing, in the guest's view and in the alias.
 * The first write to a page faults: its content is saved and the page stays open from then on
 * (sticky), so that a restore copies the same few pages each time and no page faults twice. What
 * the guest does to the mapping itself is logged page by page and undone in reverse.
 *
 *   N1  A page has ABI_COMMITTED, write permission and no SAVED (space.c): its content is that of the
 *       snapshot, and a write faults.
 *   N2  FRESH: committed after the snapshot. It is open, and a restore takes it away.
 *   N3  What the host itself keeps of the guest (struct machine, the list of images, the spans) is
 *       copied here whole; what an image that was unloaded needs is kept until the end.
 *   N4  The trace ring is not restored: the guest does not read it.
 *
 * Host code that writes through the alias faults as the guest does and is continued (signal.c).
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include "host/machine/loaded.h"
#include "host/machine/machine.h"
#include "host/machine/snapshot.h"

#define MAX_SAVED  (1u << 18) /* pages: 1 GiB */
#define MAX_LOGGED (1u << 18)

struct snapshot snapshot;

static struct {
    uint64_t *page;   /* guest addresses of saved pages */
    uint8_t *content; /* the same number of pages */
    uint32_t saved;
    struct logged {
        uint64_t page;
        uint8_t before;
    } *log;
    uint32_t logged;
    struct abi_machine state; /* the machine page */
    struct machine host;
    struct loaded *loaded[MAX_LOADED];
    size_t loaded_count;
    uint64_t rsp;
    uint64_t registers[8];
} kept;

static uint8_t vector_state[MACHINE_XSAVE_ROOM] __attribute__((aligned(64)));

static void *
reserve(size_t size)
{
    void *at = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
                    -1, 0);

    return at == MAP_FAILED ? NULL : at;
}

int
snapshot_init(void)
{
    kept.page = reserve(MAX_SAVED * sizeof(*kept.page));
    kept.content = reserve((size_t)MAX_SAVED * ABI_PAGE_SIZE);
    kept.log = reserve(MAX_LOGGED * sizeof(*kept.log));
    return kept.page && kept.content && kept.log ? 0 : -ENOMEM;
}

void
snapshot_save(uint64_t page)
{
    if (kept.saved == MAX_SAVED) {
        worker_fail("more than %u pages were written after the snapshot", MAX_SAVED);
    }
    kept.page[kept.saved] = page;
    memcpy(kept.content + (size_t)kept.saved * ABI_PAGE_SIZE, guest_pointer(page), ABI_PAGE_SIZE);
    kept.saved++;
}

/* Of all pages that were written since, as they are now; what counts points and records does not count. */
uint64_t
snapshot_hash(void)
{
    uint64_t hash = 0;

    for (uint32_t i = 0; i < kept.saved; i++) {
        const uint64_t *word = guest_pointer(kept.page[i]);

        if (kept.page[i] - ABI_MACHINE_PAGE < 0x1000 + ABI_TRACE_COUNT * 64 ||
            kept.page[i] - ABI_TRACE_LARGE < ABI_TRACE_LARGE_COUNT * 64) {
            continue;
        }
        for (uint32_t j = 0; j < ABI_PAGE_SIZE / 8; j++) {
            hash = (hash ^ word[j]) * 0x9E3779B97F4A7C15ull;
        }
        hash ^= hash >> 31;
    }
    return hash;
}

void
snapshot_log(uint64_t page, uint8_t before)
{
    if (kept.logged == MAX_LOGGED) {
        worker_fail("the mapping of more than %u pages changed after the snapshot", MAX_LOGGED);
    }
    kept.log[kept.logged++] = (struct logged){page, before};
}

/* Called inside a hypercall: its registers are those that snapshot_resume goes on with. */
void
snapshot_take(void)
{
    kept.state = *(struct abi_machine *)guest_pointer(ABI_MACHINE_PAGE);
    kept.host = machine;
    memcpy(kept.loaded, loaded, loaded_count * sizeof(loaded[0]));
    kept.loaded_count = loaded_count;
    kept.rsp = machine_guest_rsp;
    memcpy(kept.registers, machine_guest_saved, sizeof(kept.registers));
    machine_save_vectors(vector_state);
    snapshot_save(ABI_USER_SHARED_DATA); /* neither view of it is closed */
    space_freeze();
}

/* Images that were loaded since go away; those that were unloaded come back (N3). */
static void
restore_images(void)
{
    for (size_t i = 0; i < loaded_count; i++) {
        bool known = false;

        for (size_t j = 0; j < kept.loaded_count && !known; j++) {
            known = loaded[i] == kept.loaded[j];
        }
        if (!known) {
            loaded_forget(loaded[i]);
        }
    }
    memcpy(loaded, kept.loaded, kept.loaded_count * sizeof(loaded[0]));
    loaded_count = kept.loaded_count;
}

bool
snapshot_holds(const struct loaded *image)
{
    for (size_t i = 0; i < kept.loaded_count && snapshot.taken; i++) {
        if (kept.loaded[i] == image) {
            return true;
        }
    }
    return false;
}

static void
restore_mapping(void)
{
    /* Neighbours that were logged together and had the same state go back together. */
    while (kept.logged > 0) {
        uint32_t end = kept.logged, start = end - 1;
        uint8_t before = kept.log[start].before;

        while (start > 0 && kept.log[start - 1].before == before &&
               kept.log[start - 1].page + ABI_PAGE_SIZE == kept.log[start].page) {
            start--;
        }
        kept.logged = start;
        space_restore(kept.log[start].page, (uint64_t)(end - start) * ABI_PAGE_SIZE, before);
    }
}

void
snapshot_restore(void)
{
    uint32_t notes = machine.notes;

    restore_mapping();
    if (loaded_count != kept.loaded_count ||
        memcmp(loaded, kept.loaded, loaded_count * sizeof(loaded[0])) != 0) {
        restore_images();
    }
    for (uint32_t i = 0; i < kept.saved; i++) {
        memcpy(guest_pointer(kept.page[i]), kept.content + (size_t)i * ABI_PAGE_SIZE,
               ABI_PAGE_SIZE);
    }
    machine = kept.host;
    machine.notes = notes;
    space_thaw();
    space_switch(kept.state.user_slice);
    *(struct abi_machine *)guest_pointer(ABI_MACHINE_PAGE) = kept.state;
}

void
snapshot_resume(uint64_t result)
{
    machine_guest_rsp = kept.rsp;
    memcpy(machine_guest_saved, kept.registers, sizeof(kept.registers));
    __asm__ volatile("wrgsbase %0" : : "r"(kept.state.kpcr));
    machine_resume(result, vector_state);
}
