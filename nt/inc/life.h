/*
 * life.h - schedule points about the life of objects: in front of giving references back (nt/ke/explore.c, E8), and of several.
 */
#ifndef NTLAB_LIFE_H
#define NTLAB_LIFE_H

#include "nt/inc/ke.h"

typedef struct _KI_GIVES_BACK {
    LONG64 Count;
    volatile LONG64 *References; /* that there are */
    LONG64 Own; /* those that the object gives itself: when no other is left, it goes */
} KI_GIVES_BACK, *PKI_GIVES_BACK;

/* PKI_WOULD_WAIT, of which no one waits: the object stays, whoever of those that stand here goes first. */
BOOLEAN KiStaysReferenced(const volatile VOID *Object, ULONG_PTR Context);

/* The context of an SP_OBJECT that nobody waits for: it touches a second object. */
#define KI_ALSO_READS(Object)   ((ULONG_PTR)(Object))
#define KI_ALSO_CHANGES(Object) ((ULONG_PTR)(Object) | 1)

#endif
