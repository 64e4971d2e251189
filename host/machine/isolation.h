/* isolation.h - `--isolation pages`; see isolation.c. All of it is for a run with machine.pages. */
#ifndef HOST_MACHINE_ISOLATION_H
#define HOST_MACHINE_ISOLATION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* entry.S: the gates. */
extern char machine_gate_enter[], machine_gate_leave[], machine_gate_switch[];
extern uint64_t machine_gate_target; /* where the way in goes on */

/* Places the gates at `stubs`, 32 bytes that user mode can execute. */
void isolation_init(uint64_t stubs);
void isolation_open(void);
void isolation_close(void);
/* How often user mode has led to the kernel by a gate; 0 without them. */
uint32_t isolation_entries(void);
/* The protection of these pages of the system half was changed. */
void isolation_changed(uint64_t start, uint64_t end);
/* Is a page fault only one of ours? Then the page is open now. */
bool isolation_fault(uint64_t address, uint64_t rip);
/* A signal's handler returns to `rip`. */
void isolation_leave_signal(uint64_t rip);
/* Linux is about to be given this memory, and opens nothing. */
void isolation_touch(const void *data, size_t size);

#endif
