/*
 * snapshot.h - the state of the guest at one moment, restored by copying. See snapshot.c.
 *
 * One snapshot for each worker, taken inside a hypercall. Units: bytes, guest addresses.
 */
#ifndef HOST_MACHINE_SNAPSHOT_H
#define HOST_MACHINE_SNAPSHOT_H

#include "host/machine/machine.h"

struct loaded;

struct snapshot {
    bool taken;
    bool rooted; /* or would have been, had this not been a replay */
};
extern struct snapshot snapshot;

/* Before the sandbox: reserves the memory. 0 or -ENOMEM. */
int snapshot_init(void);
void snapshot_take(void);
/* Puts everything back but the registers; then snapshot_resume leaves the hypercall that took the
   snapshot again, with another result. */
void snapshot_restore(void);
NORETURN void snapshot_resume(uint64_t result);

/* For space.c and images.c: keep the content or the record of a page before it changes. */
void snapshot_save(uint64_t page);
void snapshot_log(uint64_t page, uint8_t before);
uint64_t snapshot_hash(void);
bool snapshot_holds(const struct loaded *image);

/* space.c */
void space_freeze(void); /* snapshot.taken; closes all committed pages for writing */
void space_restore(uint64_t address, uint64_t size, uint8_t before);
void space_thaw(void); /* spans, holders, low range as they were */
/* A write fault at `address`, of the guest or of the host: true if the page is open now. */
bool space_write_fault(uint64_t address, uint32_t error);

/* entry.S */
void machine_save_vectors(void *area);
NORETURN void machine_resume(uint64_t result, const void *area);

#endif
