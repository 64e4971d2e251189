/*
 * lines.c - which lines of saved pages runs write to.
 *
 * Thousands of runs write to the same lines of the same pages, a sixth of them. To compare all with what they were is most of what a
 * restore costs; to put back those that have ever been found changed costs a fourth of that. Whether a run has written to another one only
 * comparing all tells. So a search that samples trusts what it has learnt for as long as a block of runs, and then looks (host/explore/unit.c,
 * U4): if there is another one, the block is done again.
 *
 *   L1  A page that is saved for the first time is compared whole, with all others, when that run is put back.
 *   L2  `missed`: while only known lines were put back, another one of a page that was known by then had changed. What was done since then may have
 *       seen what another run left there.
 */
#include "host/machine/lines.h"
#include <immintrin.h>
#include <string.h>
#include "host/machine/kept.h"
#include "host/machine/snapshot.h"

#define LINES (ABI_PAGE_SIZE / sizeof(struct line))
_Static_assert(LINES == 64, "a mask");

static struct {
    uint64_t *mask; /* by saved page: its lines that have changed in some run */
    uint64_t **to;  /* all of these, if `listed` */
    struct line *before;
    uint32_t count, room;
    uint32_t known; /* pages that have been compared */
    bool listed, trusted, missed;
    void (*put)(uint64_t *const *to, const struct line *before, uint32_t count);
    void (*put_own)(const struct own *own, uint32_t count);
    uint64_t (*differ)(const struct line *now, const struct line *before); /* lines of a page */
} it;

__attribute__((target("avx512f"))) static void
put_wide(uint64_t *const *to, const struct line *before, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        *(__m512i *)to[i] = *(const __m512i *)&before[i];
    }
}

static void
put_plain(uint64_t *const *to, const struct line *before, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        memcpy(to[i], &before[i], sizeof(*before));
    }
}

__attribute__((target("avx512f"))) static void
put_own_wide(const struct own *own, uint32_t count)
{
    for (const struct own *end = own + count; own < end; own++) {
        *(__m512i *)own->to = *(const __m512i *)own->line;
    }
}

static void
put_own_plain(const struct own *own, uint32_t count)
{
    for (const struct own *end = own + count; own < end; own++) {
        memcpy(own->to, own->line, sizeof(*own->line));
    }
}

void
lines_put(const struct own *own, uint32_t count)
{
    it.put_own(own, count);
}

/* It comes while other memory is put back. */
void
lines_fetch(const struct own *own, uint32_t count)
{
    for (const struct own *end = own + count; own < end; own++) {
        __builtin_prefetch(own->line, 0, 2);
    }
}

__attribute__((target("avx512f"))) static uint64_t
differ_wide(const struct line *now, const struct line *before)
{
    uint64_t set = 0;

    for (uint32_t i = 0; i < LINES; i++) {
        __mmask8 words =
            _mm512_cmpneq_epi64_mask(*(const __m512i *)&now[i], *(const __m512i *)&before[i]);

        set |= (uint64_t)(words != 0) << i;
    }
    return set;
}

static uint64_t
differ_plain(const struct line *now, const struct line *before)
{
    uint64_t set = 0;

    for (uint32_t i = 0; i < LINES; i++) {
        uint64_t differs = 0;

        for (uint32_t j = 0; j < sizeof(*now) / sizeof(now->word[0]); j++) {
            differs |= now[i].word[j] ^ before[i].word[j];
        }
        set |= (uint64_t)(differs != 0) << i;
    }
    return set;
}

int
lines_init(uint32_t pages, bool wide)
{
    it.room = MAX_LINES;
    it.mask = kept_reserve(pages * sizeof(*it.mask));
    it.to = kept_reserve(it.room * sizeof(*it.to));
    it.before = kept_reserve(it.room * sizeof(*it.before));
    it.put = wide ? put_wide : put_plain;
    it.put_own = wide ? put_own_wide : put_own_plain;
    it.differ = wide ? differ_wide : differ_plain;
    return it.mask != NULL && it.to != NULL && it.before != NULL ? 0 : -1;
}

static const struct line *
before_of(uint32_t page)
{
    return (const struct line *)(kept.content + (size_t)page * ABI_PAGE_SIZE);
}

void
lines_note(uint32_t page, uint32_t line)
{
    if ((it.mask[page] >> line & 1) == 0) {
        it.mask[page] |= 1ull << line;
        it.listed = false;
        it.missed = it.missed || (it.trusted && page < it.known);
    }
}

/* Compares all, and puts it back. */
static void
put_all(void)
{
    for (uint32_t i = 0; i < kept.saved; i++) {
        const struct line *before = before_of(i);
        struct line *now = guest_pointer(kept.page[i]);

        for (uint64_t set = it.differ(now, before); set != 0; set &= set - 1) {
            uint32_t line = (uint32_t)__builtin_ctzll(set);

            now[line] = before[line];
            lines_note(i, line);
        }
    }
    it.known = kept.saved;
}

/* False: there are too many. */
static bool
list(void)
{
    it.count = 0;
    for (uint32_t i = 0; i < kept.saved; i++) {
        for (uint64_t set = it.mask[i]; set != 0; set &= set - 1) {
            uint32_t line = (uint32_t)__builtin_ctzll(set);

            if (it.count == it.room) {
                return false;
            }
            it.to[it.count] = (uint64_t *)guest_pointer(kept.page[i]) + line * 8;
            it.before[it.count++] = before_of(i)[line];
        }
    }
    return it.listed = true;
}

void
lines_restore(void)
{
    if (it.trusted && it.known == kept.saved && (it.listed || list())) {
        it.put(it.to, it.before, it.count);
    } else {
        put_all(); /* L1 */
    }
}

void
snapshot_trust(bool trusted)
{
    it.trusted = trusted;
    it.missed = false;
}

bool
snapshot_is_trusted(void)
{
    return it.trusted;
}

bool
snapshot_is_whole(void)
{
    snapshot_restore();
    put_all();
    return !it.missed; /* L2 */
}
