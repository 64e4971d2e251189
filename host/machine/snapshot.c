/*
 * snapshot.c - the state of the guest at one moment, restored by copying.
 *
 * Taking a snapshot closes every committed page for writing, in the guest's view and in the alias.
 * The first write to a page faults: its content is saved and the page stays open from then on
 * (sticky), so that a restore copies the same few pages each time and no page faults twice. What
 * the guest does to the mapping itself is logged page by page and undone in reverse.
 *
 *   N1  A page has ABI_COMMITTED, write permission and no SAVED (space.h): its content is that of the
 *       snapshot, and a write faults.
 *   N2  FRESH: committed after the snapshot. It is open, and a restore takes it away.
 *   N3  What the host itself keeps of the guest (struct machine, the list of images, the spans) is
 *       copied here whole; what an image that was unloaded needs is kept until the end.
 *   N4  The trace ring is not restored: the guest does not read it.
 *
 * On top of it lies a stack of deeper snapshots, for a search that comes back to the middle of a run.
 *
 *   N5  A deeper snapshot holds the pages that were saved or are fresh at its time. A page that was saved later
 *       was not written before, so its content there is that of the first snapshot.
 *   N6  The log is one stack for all: a deeper snapshot is a length of it, and to go back to it is to undo what is
 *       above. That is right as long as each snapshot is dropped before one below it is gone back to.
 *
 *   N7  Much of a page is one word again and again: zero, fresh pool, freed pool. Such a part is kept as that word: to
 *       compare is to read, and that is half of what is read.
 *
 * Host code that writes through the alias faults as the guest does and is continued (signal.c).
 */
#include <errno.h>
#include <immintrin.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include "host/machine/kept.h"
#include "host/machine/lines.h"
#include "host/machine/loaded.h"
#include "host/machine/machine.h"
#include "host/machine/snapshot.h"

#define MAX_SAVED  (1u << 18) /* pages: 1 GiB */
#define MAX_LOGGED (1u << 18)
#define MAX_NODES  1024
#define NODE_PAGES (1u << 17) /* of all deeper snapshots: 512 MiB */

struct snapshot snapshot;

struct kept kept;
static bool learning;

/* N7: a part of a saved page, as it was. */
#define PART_BYTES 256
#define PAGE_PARTS (ABI_PAGE_SIZE / PART_BYTES)
struct even {
    uint64_t *to; /* each word of it is ... */
    uint64_t word;
};
struct odd {
    uint64_t *to;
    const uint64_t *content;
};
static void (*put_even)(const struct even *part, uint32_t count);
static void (*put_odd)(const struct odd *part, uint32_t count);

void *
kept_reserve(size_t size)
{
    void *at = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
                    -1, 0);

    return at == MAP_FAILED ? NULL : at;
}

/*
 * A run writes to some lines of a page, not to all: to read and to write those is faster than to write all, as long as a whole line is
 * read at once. A restore does little else.
 */
__attribute__((target("avx512f"))) static void
compare_even(const struct even *part, uint32_t count)
{
    for (; count > 0; count--, part++) {
        __m512i *to = (__m512i *)part->to, word = _mm512_set1_epi64((long long)part->word);
        __m512i differs = ((to[0] ^ word) | (to[1] ^ word)) | ((to[2] ^ word) | (to[3] ^ word));

        if (_mm512_test_epi64_mask(differs, differs) != 0) {
            to[0] = to[1] = to[2] = to[3] = word;
        }
    }
}

__attribute__((target("avx512f"))) static void
compare_odd(const struct odd *part, uint32_t count)
{
    for (; count > 0; count--, part++) {
        __m512i *to = (__m512i *)part->to;
        const __m512i *from = (const __m512i *)part->content;
        __m512i a = from[0], b = from[1], c = from[2], d = from[3];
        __m512i differs = ((to[0] ^ a) | (to[1] ^ b)) | ((to[2] ^ c) | (to[3] ^ d));

        if (_mm512_test_epi64_mask(differs, differs) != 0) {
            to[0] = a;
            to[1] = b;
            to[2] = c;
            to[3] = d;
        }
    }
}

static void
put_page(uint64_t page, const uint8_t *content)
{
    struct odd part[PAGE_PARTS];

    for (uint32_t i = 0; i < PAGE_PARTS; i++) {
        part[i].to = guest_pointer(page + i * PART_BYTES);
        part[i].content = (const uint64_t *)(content + i * PART_BYTES);
    }
    put_odd(part, PAGE_PARTS);
}

static void
fill_even(const struct even *part, uint32_t count)
{
    for (; count > 0; count--, part++) {
        for (uint32_t i = 0; i < PART_BYTES / sizeof(part->word); i++) {
            part->to[i] = part->word;
        }
    }
}

static void
copy_odd(const struct odd *part, uint32_t count)
{
    for (; count > 0; count--, part++) {
        memcpy(part->to, part->content, PART_BYTES);
    }
}

int
snapshot_init(void)
{
    bool lines = __builtin_cpu_supports("avx512f") && !machine.request->plain_cpu;

    kept.page = kept_reserve(MAX_SAVED * sizeof(*kept.page));
    kept.even = kept_reserve((size_t)MAX_SAVED * PAGE_PARTS * sizeof(*kept.even));
    kept.odd = kept_reserve((size_t)MAX_SAVED * PAGE_PARTS * sizeof(*kept.odd));
    kept.before_page = kept_reserve((MAX_SAVED + 1) * sizeof(*kept.before_page));
    kept.content = kept_reserve((size_t)MAX_SAVED * ABI_PAGE_SIZE);
    kept.log = kept_reserve(MAX_LOGGED * sizeof(*kept.log));
    kept.before = kept_reserve(MAX_LOGGED);
    kept.node_page = kept_reserve(NODE_PAGES * sizeof(*kept.node_page));
    kept.node_content = kept_reserve((size_t)NODE_PAGES * ABI_PAGE_SIZE);
    kept.moment = kept_reserve(MAX_NODES * sizeof(*kept.moment));
    put_even = lines ? compare_even : fill_even;
    put_odd = lines ? compare_odd : copy_odd;
    return kept.page && kept.even && kept.odd && kept.before_page && kept.content && kept.log &&
                   kept.before && kept.node_page && kept.node_content && kept.moment &&
                   lines_init(MAX_SAVED, lines) == 0
               ? 0
               : -ENOMEM;
}

/* N7 */
static void
add_parts(uint64_t *to, const uint64_t *content)
{
    struct parts *parts = &kept.before_page[kept.saved + 1];

    *parts = kept.before_page[kept.saved];
    for (uint32_t i = 0; i < ABI_PAGE_SIZE / sizeof(*to); i += PART_BYTES / sizeof(*to)) {
        if (memcmp(content + i, content + i + 1, PART_BYTES - sizeof(*to)) == 0) {
            kept.even[parts->even++] = (struct even){to + i, content[i]};
        } else {
            kept.odd[parts->odd++] = (struct odd){to + i, content + i};
        }
    }
}

void
snapshot_save(uint64_t page)
{
    uint8_t *content = kept.content + (size_t)kept.saved * ABI_PAGE_SIZE;

    if (kept.saved == MAX_SAVED) {
        worker_fail("more than %u pages were written after the snapshot", MAX_SAVED);
    }
    kept.page[kept.saved] = page;
    memcpy(content, guest_pointer(page), ABI_PAGE_SIZE);
    add_parts(guest_pointer(page), (const uint64_t *)content);
    kept.saved++;
}

/* Of all pages that were written since, as they are now; what counts points and records does not count. */
uint64_t
snapshot_hash(void)
{
    uint64_t hash = 0;

    for (uint32_t i = 0; i < kept.saved; i++) {
        const uint64_t *word = guest_pointer(kept.page[i]);

        if (kept.page[i] - ABI_MACHINE_PAGE < 0x10000 ||
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

/* Every page whose content is no longer that of the snapshot; the same page may come twice if it is a fresh one. */
void
snapshot_changed(void (*visit)(uint64_t page, void *context), void *context)
{
    for (uint32_t i = 0; i < kept.saved; i++) {
        if (memcmp(kept.content + (size_t)i * ABI_PAGE_SIZE, guest_pointer(kept.page[i]),
                   ABI_PAGE_SIZE) != 0) {
            visit(kept.page[i], context);
        }
    }
    for (uint32_t i = 0; i < kept.logged; i++) {
        for (uint32_t j = 0; j < kept.log[i].count; j++) {
            uint64_t page = kept.log[i].page + (uint64_t)j * ABI_PAGE_SIZE;

            if (space_is_fresh(page)) {
                visit(page, context);
            }
        }
    }
}

/* Neighbours become one entry, but none that a deeper snapshot ends with (N6). */
void
snapshot_log(uint64_t page, const uint8_t *before, uint32_t count, bool alone)
{
    struct logged *last = kept.logged > 0 ? &kept.log[kept.logged - 1] : NULL;

    if (kept.mapped + count > MAX_LOGGED) {
        worker_fail("the mapping of more than %u pages changed after the snapshot", MAX_LOGGED);
    }
    if (alone || last == NULL || kept.logged == kept.moment[kept.moments - 1].logged ||
        last->page + (uint64_t)last->count * ABI_PAGE_SIZE != page) {
        last = &kept.log[kept.logged++];
        *last = (struct logged){.page = page, .at = kept.mapped};
    }
    copy_records(kept.before + kept.mapped, before, count);
    last->count += count;
    kept.mapped += count;
}

uint32_t
snapshot_logged(void)
{
    return kept.logged;
}

uint32_t
snapshot_mapped(void)
{
    return kept.mapped;
}

const uint8_t *
snapshot_logged_at(uint32_t at)
{
    return kept.before + kept.log[at].at;
}

void
kept_take_instant(struct instant *to, const void *vectors)
{
    uint8_t legacy[512] __attribute__((aligned(16)));

    to->state = *(struct abi_machine *)guest_pointer(ABI_MACHINE_PAGE);
    to->host = machine;
    to->rsp = machine_guest_rsp;
    memcpy(to->registers, machine_guest_saved, sizeof(to->registers));
    memcpy(to->vectors, vectors, sizeof(to->vectors));
    __asm__ volatile("fxsave64 %0" : "=m"(legacy));
    memcpy(to->vectors, legacy, 24); /* x87: its control, and its registers below */
    memcpy(to->vectors + 32, legacy + 32, 128);
    to->vectors[512] |= 1;
}

static struct moment *
take(const void *vectors)
{
    struct moment *moment = &kept.moment[kept.moments++];

    kept_take_instant(&moment->at, vectors);
    memcpy(moment->loaded, loaded, loaded_count * sizeof(loaded[0]));
    moment->loaded_count = loaded_count;
    moment->logged = kept.logged;
    moment->views = space_views();
    return moment;
}

void
snapshot_take(const void *vectors)
{
    take(vectors);
    snapshot_save(ABI_USER_SHARED_DATA); /* neither view of it is closed */
    space_freeze();
}

static void
keep_page(struct moment *moment, uint64_t page)
{
    uint32_t at = moment->first + moment->pages++;

    kept.node_page[at] = page;
    memcpy(kept.node_content + (size_t)at * ABI_PAGE_SIZE, guest_pointer(page), ABI_PAGE_SIZE);
}

uint32_t
snapshot_cost(void)
{
    return kept.saved + kept.mapped;
}

bool
snapshot_push(const void *vectors)
{
    const struct moment *below = &kept.moment[kept.moments - 1];
    uint32_t first = below->first + below->pages;
    struct moment *moment;

    if (kept.moments == MAX_NODES || first + kept.saved + kept.mapped > NODE_PAGES) {
        return false;
    }
    moment = take(vectors);
    moment->first = first;
    moment->pages = 0;
    for (uint32_t i = 0; i < kept.saved; i++) {
        keep_page(moment, kept.page[i]);
    }
    moment->saved = kept.saved;
    for (uint32_t i = 0; i < kept.logged; i++) {
        for (uint32_t j = 0; j < kept.log[i].count; j++) {
            uint64_t page = kept.log[i].page + (uint64_t)j * ABI_PAGE_SIZE;

            if (space_is_fresh(page)) {
                keep_page(moment, page);
            }
        }
    }
    return true;
}

/* Images that were loaded since go away; those that were unloaded come back (N3). */
void
kept_restore_images(const struct moment *moment)
{
    if (loaded_count == moment->loaded_count &&
        memcmp(loaded, moment->loaded, loaded_count * sizeof(loaded[0])) == 0) {
        return;
    }
    for (size_t i = 0; i < loaded_count; i++) {
        bool known = false;

        for (size_t j = 0; j < moment->loaded_count && !known; j++) {
            known = loaded[i] == moment->loaded[j];
        }
        if (!known) {
            loaded_forget(loaded[i]);
        }
    }
    memcpy(loaded, moment->loaded, moment->loaded_count * sizeof(loaded[0]));
    loaded_count = moment->loaded_count;
}

/* Does any snapshot have it? */
bool
snapshot_holds(const struct loaded *image)
{
    for (uint32_t m = 0; m < kept.moments && snapshot.taken; m++) {
        for (size_t i = 0; i < kept.moment[m].loaded_count; i++) {
            if (kept.moment[m].loaded[i] == image) {
                return true;
            }
        }
    }
    return false;
}

/* An image that only the snapshot knew goes with it. */
void
snapshot_pop(uint32_t left)
{
    while (kept.moments > left + 1) {
        const struct moment *moment = &kept.moment[--kept.moments];

        for (size_t i = 0; i < moment->loaded_count; i++) {
            bool known = snapshot_holds(moment->loaded[i]);

            for (size_t j = 0; j < loaded_count && !known; j++) {
                known = loaded[j] == moment->loaded[i];
            }
            if (!known) {
                loaded_forget(moment->loaded[i]);
            }
        }
    }
}

void
kept_restore_mapping(const struct moment *moment)
{
    while (kept.logged > moment->logged) {
        const struct logged *entry = &kept.log[--kept.logged];
        const uint8_t *before = kept.before + entry->at;

        kept.mapped = entry->at;
        for (uint32_t i = 0, end; i < entry->count;
             i = end) { /* what had the same state goes back together */
            end = i + (uint32_t)same_run(before + i, entry->count - i);
            space_restore(entry->page + (uint64_t)i * ABI_PAGE_SIZE,
                          (uint64_t)(end - i) * ABI_PAGE_SIZE, before[i], moment->views);
        }
    }
    space_forget_gone(moment->logged);
}

void
kept_restore_instant(const struct instant *instant)
{
    uint32_t notes = machine.notes;

    machine = instant->host;
    machine.notes = notes;
    space_switch(instant->state.user_slice);
    *(struct abi_machine *)guest_pointer(ABI_MACHINE_PAGE) = instant->state;
}

void
kept_go_on(const struct instant *instant, uint64_t result)
{
    machine_guest_rsp = instant->rsp;
    memcpy(machine_guest_saved, instant->registers, sizeof(instant->registers));
    __asm__ volatile("wrgsbase %0" : : "r"(instant->state.kpcr));
    machine_resume(result, instant->vectors);
}

void
snapshot_learn(void)
{
    learning = true;
}

/* The pages that were saved when `from` others had been. */
static void
restore_saved(uint32_t from)
{
    const struct parts first = kept.before_page[from], end = kept.before_page[kept.saved];

    if (learning && from == 0) {
        lines_restore();
        return;
    }
    put_even(kept.even + first.even, end.even - first.even);
    put_odd(kept.odd + first.odd, end.odd - first.odd);
}

void
kept_restore_saved(void)
{
    restore_saved(0);
}

void
snapshot_restore(void)
{
    const struct moment *moment = &kept.moment[kept.moments - 1];

    kept_restore_mapping(moment);
    kept_restore_images(moment);
    for (uint32_t i = 0; i < moment->pages; i++) {
        put_page(kept.node_page[moment->first + i],
                 kept.node_content + (size_t)(moment->first + i) * ABI_PAGE_SIZE);
    }
    restore_saved(moment->saved);
    kept_restore_instant(&moment->at);
}

void
snapshot_resume(uint64_t result)
{
    kept_go_on(&kept.moment[kept.moments - 1].at, result);
}
