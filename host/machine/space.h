/*
 * space.h - guest memory, for the files that it is made of: one memfd whose offset is the guest address, seen through two views.
 *
 *     space.c     what the kernel asks for, and what others ask about it
 *     page.c      the record of each page, and what Linux is told of it: S1, S3, S4
 *     spans.c     a slice's pages as a list of ranges
 *     slice.c     one process's slice at a time: S2, S7, S8
 *     arena.c     kernel stacks and pool arenas: S5
 *     gone.c      what processes leave: S6, S9
 *     view.c      pages that show other pages' memory
 *     touched.c   after a snapshot: a page is touched, and all is put back
 *     reserve.c   the mappings, at the beginning; protection keys
 *
 * The guest's view is reserved once, without access; afterwards pages only change their protection.
 * The aliases are the same memory, always readable and writable: the host works through them, and
 * so do MDL system addresses.
 *
 * Only one process's slice can be reached at a time. With protection keys the slices of up to 13
 * processes stay mapped, each under its own key, and a switch writes PKRU; two slices that share a
 * key take turns. Without keys a switch closes what was open of one slice, and the other's is opened where
 * it is touched (S7); the system half is closed to user mode by isolation.c, or not at all.
 *
 * With keys the host's own memory (key 0) is closed to guest code as well, so that a wild write is
 * a page fault like any other. That needs Linux 6.12: older ones cannot write a signal frame to
 * memory that the interrupted code has no right to.
 *
 *   S1  `page_protection` says of every guest page what was committed; a page that is closed
 *       because of its slice keeps its record.
 *   S2  holder[k] is the one slice whose pages are open under key k (key 0 where there are none).
 *   S3  A page that is not committed has no memory behind it: what is committed anew reads as zero.
 *   S4  After a snapshot (snapshot.c) a committed page is closed for writing, in the view and in the
 *       alias, until its content was saved.
 *   S5  Each of thousands of runs makes the same threads, with the same kernel stacks and pool arenas. Such a page
 *       that was committed after the snapshot is opened when it is touched, saved (as zero), and a restore leaves it
 *       open: the next run commits it without a call of Linux. SAVED without COMMITTED, it keeps the protection
 *       that it really has. Of a stack it stays open when the thread has ended, too, and reads as zero; this is the
 *       same in a replay, which has no snapshot; `ntlab run` closes such pages. What is given back of a
 *       pool is closed at once.
 *
 *   S6  After a snapshot, what is given back of a slice that cannot be reached (its process has ended) is GONE:
 *       as the record goes it is not committed, but nothing is done to the memory until the slice is
 *       used again (opened, it is closed). As a rule the run ends before, and all that a restore has to put back is the record.
 *
 *   S7  Without keys the current slice is opened span by span, each at its first fault: a thread that goes on
 *       touches a few of them, and to open and close all takes a hundred calls of Linux. A span of which a page
 *       may be open is `open`.
 *
 *   S8  To close and open slices at each switch is most of what a run with several processes costs then. So a search that
 *       samples leaves them open in most runs (space_keep_apart): what has been touched of any slice stays open, from run to run. There
 *       an access to the memory of a process that is not current is no fault; the others find it (inside.h, X12).
 *
 *   S9  In such a run what a process commits after the snapshot stays open, too, when a restore takes it away: the next run commits it
 *       without a call of Linux. It is saved, as zero, so that a restore clears it whoever has written there. Where the next run
 *       commits nothing, but has a view of a file or only reserves, the first access must fault: such a page is closed as soon as
 *       the kernel says that the range is in use (space_protect).
 *
 * The low range belongs to the slice that committed there first, until its last page there is gone.
 */
#ifndef HOST_MACHINE_SPACE_H
#define HOST_MACHINE_SPACE_H

#include "host/machine/machine.h"
#include "host/machine/snapshot.h"

#define PAGE_SHIFT 12
#define KEYS       16

#define COMMITTED ((uint32_t)ABI_COMMITTED)
#define VIEW      0x40u /* shows another address's memory: must be mapped back */
#define SAVED     0x20u /* written since the snapshot, and open for writing: S4 */
#define FRESH     0x10u /* committed since the snapshot, likewise */
#define UNTOUCHED 0x08u /* S5: closed until it is touched */
#define OURS      (VIEW | SAVED | FRESH | UNTOUCHED)

#define GONE UNTOUCHED /* S6: of a slice, without COMMITTED */

#define PROTECTION  (ABI_PROT_READ | ABI_PROT_WRITE | ABI_PROT_EXECUTE)
#define READ_WRITE  (ABI_PROT_READ | ABI_PROT_WRITE)
#define WRITE_FAULT 2u /* of an x86 page-fault error code */
#define FETCH_FAULT 0x10u
#define KEY_FAULT   0x20u

extern uint8_t *page_protection; /* by page number: protection | COMMITTED */

static inline bool
page_is_committed(uint64_t page)
{
    return (page_protection[page] & COMMITTED) != 0;
}

static inline unsigned
page_system_key(void)
{
    return machine.has_keys ? ABI_KEY_SYSTEM : 0;
}

/* page.c. What Linux is told; of committed pages: those that are not saved yet stay closed after a snapshot. */
GENERAL_REGISTERS_ONLY void page_apply(uint64_t start, uint64_t end, int protection, unsigned key);
GENERAL_REGISTERS_ONLY void page_apply_committed(uint64_t start, uint64_t end, uint32_t protection,
                                                 unsigned key);
/* The same if they can be reached now, by the key that they have. */
void page_change(uint64_t address, uint64_t size, uint32_t protection);
void page_record(uint64_t address, uint64_t size, uint32_t protection, bool committed);
void page_log(uint64_t address, uint64_t size); /* the records, before they change */
/* Saves a page and opens its alias for good. */
void page_save(uint64_t address);
/* For a page that is about to be written: its alias and, if it can be reached, its view open. */
void page_open(uint64_t address);
void page_punch(uint64_t address, uint64_t size); /* nothing is behind it any more */

/* spans.c */
struct span {
    uint64_t start, end; /* addresses */
    uint32_t protection; /* enum abi_protection, never ABI_NONE with committed bit unset */
    bool open;           /* S7 */
};
struct spans {
    struct span *span;
    size_t count, room;
};
#define LOW_SLICE    0          /* index of the low range's */
#define SYSTEM_SPANS ABI_SLICES /* index of the system half's, which only a snapshot needs */
extern struct spans slices[ABI_SLICES + 1];
/* The first that ends at `address` or later. */
GENERAL_REGISTERS_ONLY size_t spans_find(const struct spans *list, uint64_t address);
/* Makes [start, end) of the list hold `protection`, or nothing if it is not committed. */
void spans_set(struct spans *list, uint64_t start, uint64_t end, uint32_t protection,
               bool committed);

/* slice.c */
static inline uint64_t
slice_of(uint64_t address)
{
    return address < ABI_SLICE_SIZE ? machine.low_owner : address / ABI_SLICE_SIZE;
}
GENERAL_REGISTERS_ONLY unsigned slice_key(uint64_t slice);
bool slice_is_open(uint64_t slice);
/* Not a question that the guest may ask: S8. */
bool slice_is_reachable(uint64_t page);
void slice_note_open(uint64_t address, uint64_t size); /* S7 */
/* S7: was that all that was wrong? */
bool slice_open_span(uint64_t page, uint32_t error);

/* arena.c. Is it of one? Then these are for it. */
bool arena_is(uint64_t address);
void arena_commit(uint64_t address, uint64_t size, uint32_t protection);
void arena_decommit(uint64_t address, uint64_t size);
/* Back to the record `before`, with what is really open now. The `count` pages have one record. */
void arena_restore(uint64_t address, size_t count, uint8_t before);

/* gone.c. S6: false if there is no room to remember it. */
bool gone_let_go(uint64_t address, uint64_t size);
GENERAL_REGISTERS_ONLY void gone_close(uint64_t slice); /* it is opened */
bool gone_are_closed(void);                             /* some */
/* S9 */
bool left_may(uint64_t address);
bool left_is(uint64_t address, uint64_t size);    /* is all of it left open? */
bool left_leave(uint64_t address, uint64_t size); /* in place of giving it back */
void left_close(void); /* processes are closed to each other from now on */
void left_close_in(uint64_t address, uint64_t size); /* what of the range is not committed */

/* view.c. Where the memory of a view is; the last one that was made at `page` counts. False: none is known. */
bool view_find(uint64_t page, uint64_t *backing);
uint64_t view_backing(uint64_t page); /* there is one */
void view_remap(uint64_t address, uint64_t size, uint64_t backing);
void view_open_backing(uint64_t backing, uint32_t protection);
/* Pages that are views show their own, empty memory again. */
void view_end(uint64_t address, uint64_t size);
void view_forget(uint32_t left);

/* space.c. A range that the kernel may ask to do this with; else the worker ends. */
void space_check_range(const char *what, uint64_t address, uint64_t size);
/* In earnest, at once. */
void space_give_back(uint64_t address, uint64_t size);

#endif
