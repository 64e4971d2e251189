/*
 * life.h - schedule points about the life of objects: in front of giving references back (nt/ke/explore.c, E8), and of several.
 */
#ifndef NTLAB_LIFE_H
#define NTLAB_LIFE_H

#include "nt/inc/ke.h"

typedef struct _KI_GIVES_BACK {
    LONG64 Count;
    volatile LONG64 *References; /* that there are */
    /* How many of these the object gives itself now, if no other one is left: then it goes. Others may change that. */
    LONG64 (*Own)(PVOID Object);
    PVOID Object;
    /* NULL, or what else the end of the last one changes now (NULL: nothing), and what it reads for that. */
    PVOID (*Ends)(PVOID Object, PVOID *Reads);
} KI_GIVES_BACK, *PKI_GIVES_BACK;

/* PKI_WOULD_WAIT, of which no one waits: the object stays, whoever of those that stand here goes first. */
BOOLEAN KiStaysReferenced(const volatile VOID *Object, ULONG_PTR Context);

/* The context of an SP_OBJECT that nobody waits for: it touches a second object. */
#define KI_ALSO_READS(Object)   ((ULONG_PTR)(Object))
#define KI_ALSO_CHANGES(Object) ((ULONG_PTR)(Object) | 1)

/* The context of an SP_REFERENCE that adds one of what others give back (E8): always, or where this says so. */
typedef struct _KI_ADDS_IF {
    BOOLEAN (*Adds)(PVOID Object);
    PVOID Object;
} KI_ADDS_IF, *PKI_ADDS_IF;
#define KI_ADDS 1

/*
 * While schedules are explored: what comes next reads, or changes, what Object stands for. For state that is neither an
 * object's count nor guarded by a lock: the address of a field, or of a structure.
 */
KI_INLINE VOID
KiLooksAt(const volatile VOID *Object)
{
    if (Machine->explore != ABI_EXPLORE_OFF) {
        KiSchedulePoint(SP_REFERENCE, Object);
    }
}
KI_INLINE VOID
KiChanges(const volatile VOID *Object)
{
    if (Machine->explore != ABI_EXPLORE_OFF) {
        KiSchedulePoint(SP_OBJECT, Object);
    }
}
/* What comes next resets Event without a call that says so. */
KI_INLINE VOID
KiChangesEvent(PKEVENT Event)
{
    if (Machine->explore != ABI_EXPLORE_OFF) {
        KiSchedulePoint(SP_RESET_EVENT, Event);
    }
}

#endif
