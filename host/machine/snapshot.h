/*
 * snapshot.h - the state of the guest at one moment, restored by copying. See snapshot.c.
 *
 * One snapshot for each worker, taken inside a hypercall. Units: bytes, guest addresses.
 */
#ifndef HOST_MACHINE_SNAPSHOT_H
#define HOST_MACHINE_SNAPSHOT_H

#include <string.h>
#include "host/machine/machine.h"

struct loaded;

struct snapshot {
    bool taken;
    bool rooted; /* or would have been, had this not been a replay */
};
extern struct snapshot snapshot;

/* Before the sandbox: reserves the memory. 0 or -ENOMEM. */
int snapshot_init(void);
/* `vectors`: the guest's vector registers, as machine_save_vectors wrote them. */
void snapshot_take(const void *vectors);
/* Another one, deeper in the run, on top of the last; false if there is no room. */
bool snapshot_push(const void *vectors);
uint32_t snapshot_cost(void);     /* pages that a deeper one would have to copy, at most */
void snapshot_pop(uint32_t left); /* all but `left` of the deeper ones go */
/* Puts everything back to the top one but the registers; then snapshot_resume leaves the hypercall that took
   it again, with another result. */
void snapshot_restore(void);
NORETURN void snapshot_resume(uint64_t result);

/*
 * lines.c: from now on a restore to the first snapshot learns which lines of memory runs change, and if it is `trusted` puts back no
 * others. Nothing is learnt before this is called.
 */
void snapshot_learn(void);
void snapshot_trust(bool trusted);
bool snapshot_is_trusted(void);
/* Learns in the middle of a run: lines.c, L4. */
void snapshot_look(void);
/* After a run: restores, and looks at all memory. False: since it was trusted, runs may have seen what others had left. */
bool snapshot_is_whole(void);

/* For the files of space.h, and images.c: keep the content or the record of a page before it changes. */
void snapshot_save(uint64_t page);
void snapshot_log(uint64_t page, const uint8_t *before, uint32_t count, bool alone);
uint32_t snapshot_logged(
    void); /* entries of the log, and the records that one keeps: of its own if it is `alone` */
const uint8_t *snapshot_logged_at(uint32_t at);
uint32_t snapshot_mapped(void); /* pages that the log tells of */
uint64_t snapshot_hash(void);
void snapshot_changed(void (*visit)(uint64_t page, void *context), void *context);
bool snapshot_holds(const struct loaded *image);

/* space.h */
void space_freeze(void); /* snapshot.taken; closes all committed pages for writing */
/* For what comes after a snapshot is restored: are processes closed to each other? (S8) */
void space_keep_apart(bool wanted);
bool space_are_apart(void);
void space_restore(uint64_t address, uint64_t size, uint8_t before, uint32_t views);
bool space_is_kept(uint64_t page); /* of a kernel stack or a pool arena: S5 */
void space_records(uint64_t address, uint32_t count, uint8_t *out); /* of pages */
/* Such pages, from what they were at the snapshot to those records. */
void space_redo(uint64_t address, uint32_t count, const uint8_t *after);
void space_forget_gone(uint32_t logged); /* what was let go after so many entries of the log */
uint32_t space_views(void);              /* how many there are */
bool space_is_fresh(uint64_t page);      /* committed since the snapshot, and not a stack's */
/* A page fault at `address`, of the guest or of the host: true if the page is open now. */
bool space_fault(uint64_t address, uint32_t error);

/* entry.S */
void machine_save_vectors(void *area);
void machine_load_vectors(const void *area);
NORETURN void machine_resume(uint64_t result, const void *area);

/*
 * Records of a few pages. The C library's routines would leave wide registers in use: to put back the guest's then takes longer than
 * all else in a hypercall.
 */
#define FEW_RECORDS 64
static inline void
copy_records(uint8_t *to, const uint8_t *from, size_t count)
{
    size_t i = 0;

    if (count > FEW_RECORDS) {
        memcpy(to, from, count);
        return;
    }
    for (; i + sizeof(uint64_t) <= count; i += sizeof(uint64_t)) {
        memcpy(to + i, from + i, sizeof(uint64_t));
        __asm__ volatile("" : : : "memory"); /* one by one */
    }
    for (; i < count; i++) {
        to[i] = from[i];
        __asm__ volatile("" : : : "memory");
    }
}
static inline void
set_records(uint8_t *state, uint8_t record, size_t count)
{
    const uint64_t all = record * 0x0101010101010101ull;
    size_t i = 0;

    if (count > FEW_RECORDS) {
        memset(state, record, count);
        return;
    }
    for (; i + sizeof(all) <= count; i += sizeof(all)) {
        memcpy(state + i, &all, sizeof(all));
        __asm__ volatile("" : : : "memory");
    }
    for (; i < count; i++) {
        state[i] = record;
        __asm__ volatile("" : : : "memory");
    }
}

/* How many of the first records are the same. */
static inline size_t
same_run(const uint8_t *state, size_t count)
{
    const uint64_t all = state[0] * 0x0101010101010101ull;
    uint64_t next;
    size_t i = 1;

    for (; i + sizeof(next) <= count; i += sizeof(next)) {
        memcpy(&next, state + i, sizeof(next));
        if (next != all) {
            break;
        }
    }
    while (i < count && state[i] == state[0]) {
        i++;
    }
    return i;
}

#endif
