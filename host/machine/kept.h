/*
 * kept.h - what snapshot.c keeps of the guest. For branch.c as well, and for nobody else.
 */
#ifndef HOST_MACHINE_KEPT_H
#define HOST_MACHINE_KEPT_H

#include "host/machine/loaded.h"
#include "host/machine/machine.h"

struct parts {
    uint32_t even, odd; /* so many of each */
};

/* Where a run goes on: the processor's state, and the host's own. */
struct instant {
    struct abi_machine state; /* the machine page */
    struct machine host;
    uint64_t rsp;
    uint64_t registers[8];
    uint8_t vectors[ABI_XSAVE_SIZE] __attribute__((aligned(64)));
};

/* What is kept whole at each snapshot. */
struct moment {
    struct instant at;
    struct loaded *loaded[MAX_LOADED];
    size_t loaded_count;
    uint32_t logged, views;
    uint32_t
        saved; /* so many pages of kept.page had been saved, and their content is the first ... */
    uint32_t first, pages; /* ... of these of kept.node_content; the others are fresh ones */
};

struct kept {
    uint64_t *page;    /* guest addresses of saved pages */
    uint8_t *content;  /* the same number of pages */
    struct even *even; /* N7 */
    struct odd *odd;
    struct parts *before_page; /* of all pages before it */
    uint32_t saved;
    uint64_t *node_page; /* N5 */
    uint8_t *node_content;
    struct moment *moment; /* [0] is the snapshot, the others lie on top of it */
    uint32_t moments;
    struct logged {
        uint64_t page;
        uint32_t count; /* of pages from there on */
        uint32_t at;    /* what was known of them: kept.before[at ...] */
    } *log;
    uint8_t *before;
    uint32_t logged, mapped; /* entries; pages of them */
};
extern struct kept kept;

void *kept_reserve(size_t size); /* zeroed, and free until it is touched; NULL */
/* Called inside a hypercall: its registers are those that kept_go_on goes on with. */
void kept_take_instant(struct instant *to, const void *vectors);
void kept_restore_mapping(const struct moment *to);
void kept_restore_saved(void); /* all saved pages, to the first snapshot */
void kept_restore_images(const struct moment *to);
void kept_restore_instant(const struct instant *to);
NORETURN void kept_go_on(const struct instant *from, uint64_t result);

#endif
