/*
 * obend.h - what the end of a run asks of the object manager: nt/ob/reference.c.
 */
#ifndef NTLAB_OBEND_H
#define NTLAB_OBEND_H

/* What a worker deletes, because its last reference went above PASSIVE_LEVEL, is gone when this returns. One thread calls it. */
VOID ObpWaitForDeletes(VOID);

#endif
