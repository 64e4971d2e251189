/*
 * view.c - pages that show the memory of other pages: sections and MDLs that are mapped.
 *
 * A view has a record of its own (S1). What it shows is told by a list, newest last, that a restore cuts.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include "host/machine/space.h"

struct view {
    uint64_t page, backing;
};
static struct {
    struct view *view;
    size_t count, room;
} views;

/* Other memory behind the pages; closed until `change` opens them. */
void
view_remap(uint64_t address, uint64_t size, uint64_t backing)
{
    if (mmap((void *)address, size, PROT_NONE, MAP_SHARED | MAP_FIXED, machine.memory,
             (off_t)backing) == MAP_FAILED) {
        worker_fail("cannot map a view: %s", strerror(errno));
    }
}

/* Where the memory of a view is; the last one that was made at `page` counts. False: none is known. */
bool
view_find(uint64_t page, uint64_t *backing)
{
    for (size_t i = views.count; i-- > 0;) {
        if (views.view[i].page == page) {
            *backing = views.view[i].backing;
            return true;
        }
    }
    return false;
}

uint64_t
view_backing(uint64_t page)
{
    uint64_t backing;

    if (!view_find(page, &backing)) {
        worker_fail("no view is known at %#lx", page);
    }
    return backing;
}

static void
note_view(uint64_t page, uint64_t backing)
{
    if (machine.request->explore == NULL) {
        return;
    }
    if (views.count == views.room) {
        views.room = views.room * 2 + 256;
        views.view = realloc(views.view, views.room * sizeof(*views.view));
        if (views.view == NULL) {
            worker_fail("out of memory for the list of views");
        }
    }
    views.view[views.count++] = (struct view){page, backing};
}

/*
 * S4: a view that is made, or made writable, after a snapshot is open at once, so what is written through it is not seen
 * at the page that is behind it. That is kept now.
 */
void
view_open_backing(uint64_t backing, uint32_t protection)
{
    if (snapshot.taken && (protection & ABI_PROT_WRITE) != 0 &&
        page_is_committed(backing >> PAGE_SHIFT)) {
        page_open(backing);
    }
}

void
space_map_view(uint64_t address, uint64_t size, uint64_t backing, uint32_t protection)
{
    if (size == 0) {
        return;
    }
    space_check_range("map a view of", address, size);
    space_check_range("show", backing, size);
    space_clear(address);
    view_remap(address, size, backing);
    page_record(address, size, protection, true);
    for (uint64_t offset = 0; offset < size; offset += ABI_PAGE_SIZE) {
        page_protection[(address + offset) >> PAGE_SHIFT] |= VIEW;
        note_view(address + offset, backing + offset);
        view_open_backing(backing + offset, protection);
    }
    page_change(address, size, protection);
}

/* Pages that are views show their own, empty memory again. */
void
view_end(uint64_t address, uint64_t size)
{
    uint64_t page = address >> PAGE_SHIFT, end = (address + size) >> PAGE_SHIFT;

    while (page < end) {
        uint64_t start = page;

        while (page < end && (page_protection[page] & VIEW) != 0) {
            page++;
        }
        if (page > start) {
            view_remap(start << PAGE_SHIFT, (page - start) << PAGE_SHIFT, start << PAGE_SHIFT);
        }
        while (page < end && (page_protection[page] & VIEW) == 0) {
            page++;
        }
    }
}

void
view_forget(uint32_t left)
{
    views.count = left;
}

uint32_t
space_views(void)
{
    return (uint32_t)views.count;
}
