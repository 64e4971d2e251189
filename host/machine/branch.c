/*
 * branch.c - a moment in the middle of a run that any other run may begin at, in any order.
 *
 * Deeper snapshots (snapshot.c) are a stack: each is dropped before one below it is gone back to. A search that samples comes to the
 * same few hundred beginnings again and again, in no order. Such a moment is kept as what differs from the first snapshot: lines of
 * saved pages, and what was mapped.
 *
 *   B1  All saved pages are put back to the snapshot, wherever the run before has ended, and then the lines that differ at the branch. A page
 *       that was saved later had not been written before, so it is as it was in the snapshot (N5).
 *   B2  Of the mapping only kernel stacks and pool arenas may have changed (space.h, S5): that is redone from the records, after what
 *       the run before has done was undone (N6). Where anything else was mapped, or an image came or went, there is no branch.
 *   B3  What branches need comes out of BRANCH_ROOM and stays to the end; when that is used up there are no more.
 *   B4  Most lines are the same in many branches: such a line is kept once.
 *   B5  A branch that several runs begin at one after the other (host/explore/together.c) is taken while known lines are trusted (lines.c), and
 *       holds the content of all of these. That is as quick as to put them back; it is good for as long as no other line is known.
 */
#include "host/machine/branch.h"
#include <string.h>
#include "host/machine/kept.h"
#include "host/machine/lines.h"
#include "host/machine/snapshot.h"

#define PLACES (2 * MAX_LINES)

struct mapped {
    uint64_t address;
    uint32_t count; /* pages */
    uint32_t at;    /* their records: branch.after[at ...] */
};

struct branch {
    struct instant at;
    const struct mapped *mapped;
    const uint8_t *after;  /* records */
    const struct own *own; /* lines that differ from the snapshot: B1 */
    struct placed *placed; /* and where known lines alone are put back */
    uint32_t mappings, owns;
    struct line *content; /* B5; else NULL */
    uint32_t list;        /* of known lines */
};

static uint8_t *room;
static size_t used;
static uint32_t line_count; /* B4 */
static uint32_t *place;     /* 1 + number of a line, by its hash */

int
branch_init(void)
{
    room = kept_reserve(BRANCH_ROOM + SHORT_ROOM);
    place = kept_reserve(PLACES * sizeof(*place));
    return room != NULL && place != NULL ? 0 : -1;
}

void *
branch_allocate(size_t size)
{
    const size_t most = BRANCH_ROOM + (snapshot_is_trusted() ? SHORT_ROOM : 0); /* B5 */
    size_t at = used;

    if (used > most || size > most - used) {
        return NULL;
    }
    used += (size + sizeof(struct line) - 1) & ~(sizeof(struct line) - 1);
    return room + at;
}

size_t
branch_used(void)
{
    return used;
}

void
branch_free(size_t before)
{
    used = before;
}

/* B2 */
static bool
is_tellable(void)
{
    const struct moment *root = &kept.moment[0];

    if (kept.moments != 1 || space_views() != root->views || loaded_count != root->loaded_count ||
        memcmp(loaded, root->loaded, loaded_count * sizeof(loaded[0])) != 0) {
        return false;
    }
    for (uint32_t i = root->logged; i < kept.logged; i++) {
        if (!space_is_kept(kept.log[i].page)) {
            return false;
        }
    }
    return true;
}

static bool
is_as_before(const uint64_t *line, const uint64_t *before)
{
    return memcmp(line, before, sizeof(struct line)) == 0;
}

/* Calls `visit` for each line of a saved page that is not as it was. */
static void
look_at_lines(void (*visit)(uint64_t *line, void *context), void *context)
{
    const uint32_t words = sizeof(struct line) / sizeof(uint64_t);

    for (uint32_t i = 0; i < kept.saved; i++) {
        const uint64_t *before = (const uint64_t *)(kept.content + (size_t)i * ABI_PAGE_SIZE);
        uint64_t *now = guest_pointer(kept.page[i]);

        for (uint32_t j = 0; j < ABI_PAGE_SIZE / sizeof(*now); j += words) {
            if (!is_as_before(now + j, before + j)) {
                visit(now + j, context);
                lines_note(i, j / words);
            }
        }
    }
}

/* B4. NULL: there is no room. */
static const struct line *
find_line(const uint64_t *line)
{
    uint64_t hash = 0;
    uint32_t at;

    for (uint32_t i = 0; i < sizeof(struct line) / sizeof(*line); i++) {
        hash = (hash ^ line[i]) * 0x9E3779B97F4A7C15ull;
        hash ^= hash >> 29;
    }
    for (at = (uint32_t)(hash % PLACES); place[at] != 0; at = (at + 1) % PLACES) {
        if (is_as_before(line, lines_other(place[at] - 1)->word)) {
            return lines_other(place[at] - 1);
        }
    }
    if (!lines_add_other((const struct line *)line)) {
        return NULL;
    }
    place[at] = ++line_count;
    return lines_other(line_count - 1);
}

static void
count_line(uint64_t *line, void *context)
{
    ++*(uint32_t *)context;
}

static void
keep_line(uint64_t *line, void *context)
{
    struct own **next = context;

    *(*next)++ = (struct own){line, find_line(line)};
}

/* B1. False: there is no room. */
static bool
keep_lines(struct branch *branch)
{
    uint32_t count = 0;
    struct own *own, *next;

    look_at_lines(count_line, &count);
    own = next = branch_allocate(count * sizeof(*own));
    if (own == NULL) {
        return false;
    }
    look_at_lines(keep_line, &next);
    while (next > own && (next - 1)->line != NULL) {
        next--;
    }
    branch->own = own;
    branch->owns = count;
    return next == own;
}

/* B2. False: there is no room. */
static bool
keep_mapping(struct branch *branch)
{
    const uint32_t first = kept.moment[0].logged;
    struct mapped *mapped = branch_allocate((kept.logged - first) * sizeof(*mapped));
    uint8_t *after = branch_allocate(kept.mapped);

    if (mapped == NULL || after == NULL) {
        return false;
    }
    branch->mapped = mapped;
    branch->after = after;
    for (uint32_t i = first, at = 0; i < kept.logged; i++) {
        const struct logged *entry = &kept.log[i];

        *mapped++ = (struct mapped){entry->page, entry->count, at};
        space_records(entry->page, entry->count, after + at);
        at += entry->count;
    }
    branch->mappings = kept.logged - first;
    return true;
}

const struct branch *
branch_take(const void *vectors)
{
    const size_t before = used;
    struct branch *branch;

    if (!is_tellable() || (branch = branch_allocate(sizeof(*branch))) == NULL) {
        return NULL;
    }
    *branch = (struct branch){.placed = branch_allocate(sizeof(*branch->placed))};
    if (branch->placed == NULL || !keep_mapping(branch) || !keep_lines(branch)) {
        branch_free(before);
        return NULL;
    }
    *branch->placed = (struct placed){0};
    kept_take_instant(&branch->at, vectors);
    return branch;
}

const struct branch *
branch_take_short(const void *vectors)
{
    const size_t before = used;
    const uint32_t list = lines_list();
    struct branch *branch;

    if (list == 0 || !is_tellable() || (branch = branch_allocate(sizeof(*branch))) == NULL) {
        return NULL;
    }
    branch->list = list;
    branch->content = branch_allocate(lines_count() * sizeof(*branch->content));
    if (branch->content == NULL || !keep_mapping(branch) || !lines_copy(branch->content)) {
        branch_free(before);
        return NULL;
    }
    kept_take_instant(&branch->at, vectors);
    return branch;
}

bool
branch_is_good(const struct branch *branch)
{
    return branch->content == NULL || branch->list == lines_list();
}

void
branch_restore(const struct branch *branch)
{
    kept_restore_mapping(&kept.moment[0]);
    kept_restore_images(&kept.moment[0]);
    for (uint32_t i = 0; i < branch->mappings; i++) {
        const struct mapped *mapped = &branch->mapped[i];

        space_redo(mapped->address, mapped->count, branch->after + mapped->at);
    }
    if (branch->content != NULL) {
        lines_put_all(branch->content);
    } else if (!lines_restore_at(branch->placed, branch->own, branch->owns)) {
        kept_restore_saved();
        lines_put(branch->own, branch->owns);
    }
    kept_restore_instant(&branch->at);
}

void
branch_resume(const struct branch *branch, uint64_t result)
{
    kept_go_on(&branch->at, result);
}
