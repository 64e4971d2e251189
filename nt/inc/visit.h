/*
 * visit.h - a driver's routine has returned; its image is about to go: nt/ke/visit.c. Only while schedules are explored.
 */
#ifndef NTLAB_VISIT_H
#define NTLAB_VISIT_H

#include "nt/inc/ke.h"

/* Routine, which may be anybody's, has been called and is back. A schedule point; any IRQL. */
VOID KiLeaveDriverSlow(const VOID *Routine);
#define KiLeaveDriver(Routine)                                                                     \
    do {                                                                                           \
        if (__builtin_expect(Machine->explore, 0)) {                                               \
            KiLeaveDriverSlow(Routine);                                                            \
        }                                                                                          \
    } while (0)

/* The image at Base goes in what follows, up to the next schedule point. PASSIVE_LEVEL. */
VOID KiImageGoes(const VOID *Base);

/* The clients are over and the drivers unloaded: threads that lead into images that are gone go on. */
VOID KiRunLeftThreads(VOID);

/* Could a client still notice that a driver goes? visit.c, I2. */
BOOLEAN KiClientsNotice(VOID);

#endif
