/*
 * lines.h - which lines of saved pages runs write to. See lines.c; for snapshot.c and branch.c only.
 */
#ifndef HOST_MACHINE_LINES_H
#define HOST_MACHINE_LINES_H

#include <stdbool.h>
#include <stdint.h>

#define MAX_LINES (1u << 16)

struct line {
    uint64_t word[8];
};

/* A line, and what it shall hold. */
struct own {
    uint64_t *to;
    const struct line *line;
};

/* For so many pages at most; `wide`: the processor has AVX-512. 0, or -1: no memory. */
int lines_init(uint32_t pages, bool wide);
/* A run has changed this line of kept.page[page]. */
void lines_note(uint32_t page, uint32_t line);
/* Puts all saved pages back to the first snapshot, as far as it is trusted; else all, and learns. */
void lines_restore(void);
/* To these; and before that, soon enough: they are wanted. */
void lines_put(const struct own *own, uint32_t count);
void lines_fetch(const struct own *own, uint32_t count);

#endif
