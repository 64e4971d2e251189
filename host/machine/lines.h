/*
 * lines.h - which lines of saved pages runs write to. See lines.c; for snapshot.c and branch.c only.
 */
#ifndef HOST_MACHINE_LINES_H
#define HOST_MACHINE_LINES_H

#include <stdbool.h>
#include <stdint.h>

#define MAX_LINES (1u << 16) /* contents: a number of 16 bits each */

struct line {
    uint64_t word[8];
};

/* A line, and what it shall hold. */
struct own {
    uint64_t *to;
    const struct line *line;
};

/* What all known lines shall hold at a branch, by their order. All zero: it is not known. */
struct placed {
    uint16_t *from;
    uint32_t room, list;
};

/* For so many pages at most; `wide`: the processor has AVX-512. 0, or -1: no memory. */
int lines_init(uint32_t pages, bool wide);
/* A run has changed this line of kept.page[page]. */
void lines_note(uint32_t page, uint32_t line);
/* Puts all saved pages back to the first snapshot, as far as it is trusted; else all, and learns. */
void lines_restore(void);
/* Of the known lines, where they are trusted; it is another one when another line is known. 0: they are not. */
uint32_t lines_list(void);
uint32_t lines_count(void);
/* Of all in the list: what they hold, and back. False: others have changed as well (L4). */
bool lines_copy(struct line *content);
void lines_put_all(const struct line *content);
/* To these. */
void lines_put(const struct own *own, uint32_t count);
/* Both in one, where memory is trusted; else false, and nothing is done. */
bool lines_restore_at(struct placed *placed, const struct own *own, uint32_t count);
/* The contents that branches share, by number. False: there is no room. */
struct line *lines_other(uint32_t number);
bool lines_add_other(const struct line *line);

#endif
