/*
 * lines.c - which lines of saved pages runs write to.
 *
 * Thousands of runs write to the same lines of the same pages, a sixth of them. To compare all with what they were is most of what a
 * restore costs; to put back those that have ever been found changed costs a fourth of that. Whether a run has written to another one only
 * comparing all tells. So a search that samples trusts what it has learnt for as long as a block of runs, and then looks (host/explore/unit.c,
 * U4): if there is another one, the block is done again.
 *
 *   L1  A page that is saved for the first time is compared whole, with all others, when that run is put back.
 *   L3  A run that begins at a branch (branch.c) wants other content in some of them. What each shall hold there is a number among all contents,
 *       so that each line is written once, and a list is short enough to stay in the processor's cache.
 *   L2  `missed`: while only known lines were put back, another one of a page that was known by then had changed. What was done since then may have
 *       seen what another run left there.
 *   L4  What a run changes and changes back (a lock that is free again) nobody sees at its end. A branch that is taken in the middle, and holds known
 *       lines alone, needs it. So at such a moment all others are compared; while runs learn, at each question of some of them (snapshot_look).
 */
#include "host/machine/lines.h"
#include <immintrin.h>
#include <string.h>
#include "host/machine/branch.h"
#include "host/machine/kept.h"
#include "host/machine/snapshot.h"

#define LINES       (ABI_PAGE_SIZE / sizeof(struct line))
#define LINE_WORDS  (sizeof(struct line) / sizeof(uint64_t))
#define LINES_AHEAD 16 /* are fetched: L3 */
_Static_assert(LINES == 64, "a mask");

/* L4: neighbours that hold one word, or what is at `before`. */
struct rest {
    const struct line *now;
    union {
        const struct line *before;
        uint64_t word;
    };
    uint32_t count;
};

static struct {
    uint64_t *mask;       /* by saved page: its lines that have changed in some run */
    uint64_t **to;        /* all of these, if `listed` */
    struct line *content; /* of these, as they were, from its beginning; others from its end: L3 */
    uint32_t count, others;
    struct rest *even, *odd; /* L4: all other lines of saved pages */
    uint32_t evens, odds;
    uint32_t known; /* pages that have been compared */
    uint32_t lists; /* so many have been made */
    bool listed, trusted, missed;
    void (*put)(uint64_t *const *to, const struct line *before, uint32_t count);
    void (*put_from)(uint64_t *const *to, const uint16_t *from, uint32_t count);
    bool (*rest_is_same)(void);
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

/* L3 */
__attribute__((target("avx512f"))) static void
put_from_wide(uint64_t *const *to, const uint16_t *from, uint32_t count)
{
    const struct line *content = it.content;

    for (const uint16_t *end = from + count; from < end; from += 2, to += 2) {
        __m512i a = *(const __m512i *)&content[from[0]], b = *(const __m512i *)&content[from[1]];

        *(__m512i *)to[0] = a;
        *(__m512i *)to[1] = b;
    }
}

static void
put_from_plain(uint64_t *const *to, const uint16_t *from, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        memcpy(to[i], &it.content[from[i]], sizeof(*it.content));
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

/* L4 */
__attribute__((target("avx512f"))) static bool
rest_is_same_wide(void)
{
    __m512i differs = _mm512_setzero_si512();

    for (const struct rest *rest = it.even; rest < it.even + it.evens; rest++) {
        const __m512i word = _mm512_set1_epi64((long long)rest->word);
        const __m512i *now = (const __m512i *)rest->now;

        for (uint32_t i = 0; i < rest->count; i++) {
            differs |= now[i] ^ word;
        }
    }
    for (const struct rest *rest = it.odd; rest < it.odd + it.odds; rest++) {
        const __m512i *now = (const __m512i *)rest->now, *before = (const __m512i *)rest->before;

        for (uint32_t i = 0; i < rest->count; i++) {
            differs |= now[i] ^ before[i];
        }
    }
    return _mm512_test_epi64_mask(differs, differs) == 0;
}

static bool
rest_is_same_plain(void)
{
    uint64_t differs = 0;

    for (const struct rest *rest = it.even; rest < it.even + it.evens; rest++) {
        for (uint32_t i = 0; i < rest->count; i++) {
            for (uint32_t j = 0; j < LINE_WORDS; j++) {
                differs |= rest->now[i].word[j] ^ rest->word;
            }
        }
    }
    for (const struct rest *rest = it.odd; rest < it.odd + it.odds; rest++) {
        differs |=
            (uint64_t)(memcmp(rest->now, rest->before, rest->count * sizeof(*rest->now)) != 0);
    }
    return differs == 0;
}

int
lines_init(uint32_t pages, bool wide)
{
    it.mask = kept_reserve(pages * sizeof(*it.mask));
    it.to = kept_reserve(MAX_LINES * sizeof(*it.to));
    it.content = kept_reserve(MAX_LINES * sizeof(*it.content));
    it.even = kept_reserve(MAX_LINES * sizeof(*it.even));
    it.odd = kept_reserve(MAX_LINES * sizeof(*it.odd));
    it.rest_is_same = wide ? rest_is_same_wide : rest_is_same_plain;
    it.put = wide ? put_wide : put_plain;
    it.put_from = wide ? put_from_wide : put_from_plain;
    it.put_own = wide ? put_own_wide : put_own_plain;
    it.differ = wide ? differ_wide : differ_plain;
    return it.mask != NULL && it.to != NULL && it.content != NULL && it.even != NULL &&
                   it.odd != NULL
               ? 0
               : -1;
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

static bool
is_even(const struct line *line)
{
    return memcmp(line->word, line->word + 1, sizeof(*line) - sizeof(line->word[0])) == 0;
}

/* L4 */
static void
add_rest(const struct line *now, const struct line *before)
{
    const bool even = is_even(before);
    struct rest *list = even ? it.even : it.odd;
    uint32_t *count = even ? &it.evens : &it.odds;
    struct rest *last = *count > 0 ? &list[*count - 1] : NULL;

    if (last != NULL && last->now + last->count == now &&
        (even ? last->word == before->word[0] : last->before + last->count == before)) {
        last->count++;
        return;
    }
    list[*count] = (struct rest){.now = now, .count = 1};
    if (even) {
        list[*count].word = before->word[0];
    } else {
        list[*count].before = before;
    }
    ++*count;
}

/* Of so many pages at most. */
static bool
has_rest(void)
{
    return kept.saved < MAX_LINES / LINES;
}

static void
list_rest(void)
{
    it.evens = it.odds = 0;
    for (uint32_t i = 0; i < kept.saved; i++) {
        for (uint64_t set = ~it.mask[i]; set != 0; set &= set - 1) {
            uint32_t line = (uint32_t)__builtin_ctzll(set);

            add_rest((const struct line *)guest_pointer(kept.page[i]) + line, before_of(i) + line);
        }
    }
}

/* False: there are too many. */
static bool
list(void)
{
    it.count = 0;
    for (uint32_t i = 0; i < kept.saved; i++) {
        for (uint64_t set = it.mask[i]; set != 0; set &= set - 1) {
            uint32_t line = (uint32_t)__builtin_ctzll(set);

            if (it.count + it.others >= MAX_LINES - 1) {
                return false;
            }
            it.to[it.count] = (uint64_t *)guest_pointer(kept.page[i]) + line * 8;
            it.content[it.count++] = before_of(i)[line];
        }
    }
    if (it.count % 2 != 0) { /* two at a time */
        it.to[it.count] = it.to[it.count - 1];
        it.content[it.count] = it.content[it.count - 1];
    }
    it.lists++;
    it.evens = it.odds = 0;
    if (has_rest()) {
        list_rest();
    }
    return it.listed = true;
}

static bool
is_listed(void)
{
    return it.trusted && it.known == kept.saved && (it.listed || list());
}

uint32_t
lines_list(void)
{
    return is_listed() ? it.lists : 0;
}

uint32_t
lines_count(void)
{
    return it.count;
}

void
snapshot_look(void)
{
    for (uint32_t i = 0; i < kept.saved; i++) {
        for (uint64_t set = it.differ(guest_pointer(kept.page[i]), before_of(i)); set != 0;
             set &= set - 1) {
            lines_note(i, (uint32_t)__builtin_ctzll(set));
        }
    }
}

bool
lines_copy(struct line *content)
{
    if (!has_rest()) {
        return false;
    }
    if (!it.rest_is_same()) {
        snapshot_look();
        return false;
    }
    for (uint32_t i = 0; i < it.count; i++) {
        memcpy(&content[i], it.to[i], sizeof(*content));
    }
    return true;
}

void
lines_put_all(const struct line *content)
{
    it.put(it.to, content, it.count);
}

struct line *
lines_other(uint32_t number)
{
    return &it.content[MAX_LINES - 1 - number];
}

bool
lines_add_other(const struct line *line)
{
    if (it.count + it.others + LINES_AHEAD >= MAX_LINES) {
        return false;
    }
    *lines_other(it.others++) = *line;
    return true;
}

/* L3. Both are in the order of pages. False: there is no room. */
static bool
place(struct placed *placed, const struct own *own, uint32_t count)
{
    uint32_t next = 0;

    if (placed->room < it.count + 1 + LINES_AHEAD) {
        placed->room = it.count + 1 + LINES_AHEAD;
        placed->from = branch_allocate(placed->room * sizeof(*placed->from));
        if (placed->from == NULL) {
            placed->room = 0;
            return false;
        }
    }
    for (uint32_t i = 0; i < it.count; i++) {
        bool own_one = next < count && own[next].to == it.to[i];

        placed->from[i] = own_one ? (uint16_t)(own[next++].line - it.content) : (uint16_t)i;
    }
    if (it.count % 2 != 0) {
        placed->from[it.count] = placed->from[it.count - 1];
    }
    if (next != count) {
        return false;
    }
    placed->list = it.lists;
    return true;
}

bool
lines_restore_at(struct placed *placed, const struct own *own, uint32_t count)
{
    if (!is_listed() || (placed->list != it.lists && !place(placed, own, count))) {
        return false;
    }
    it.put_from(it.to, placed->from, it.count);
    return true;
}

void
lines_restore(void)
{
    if (is_listed()) {
        it.put(it.to, it.content, it.count);
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
