/*
 * sound.h - how the kernel looks at itself while it is tested (NTLAB_SELF_CHECK): nt/ke/sound.c in every step, the others at the end of a
 * run that ends clean, when nobody else runs. None passes a schedule point or changes anything.
 */
#ifndef NT_INC_SOUND_H
#define NT_INC_SOUND_H

#include "nt/inc/ke.h"

/* What is wrong, and where: the first that is told of is kept. */
VOID KiUnsound(const char *What, const volatile VOID *Object);
#define KI_DEMAND(Holds, Text, Thing)                                                              \
    do {                                                                                           \
        if (!(Holds)) {                                                                            \
            KiUnsound(Text, Thing);                                                                \
        }                                                                                          \
    } while (0)
VOID KiTellUnsound(VOID); /* ends the run if there is something */

VOID KiCheckNames(ULONG Living); /* objects that have an agent's name: threads, processes */
VOID ObpCheckSound(VOID);
VOID ExpCheckSound(VOID);
VOID ExpCheckLock(PKTHREAD Thread, const KI_HELD_LOCK *Held); /* in every step */
VOID ExpBeginFailing(VOID); /* an allocation of ours, for want of memory: nt/ex/failing.c */
VOID ExpTellFailing(VOID);
/* The address that a routine returns to, while it is watched what it answers. */
ULONG64 ExpReturnOf(ULONG64 Rip);
/* At any point; Last: at the end of the run, when nobody is in the middle of anything. */
VOID ObpCheckNames(BOOLEAN Last);
VOID MiCheckSound(BOOLEAN Last);
VOID CcpCheckSound(BOOLEAN Last);
VOID CmpCheckSound(BOOLEAN Last);
VOID IopCheckSound(BOOLEAN Last);
VOID VfCheckSound(VOID);          /* while drivers are verified */
VOID VfCheckTables(VOID);         /* the same, in every step */
VOID KiCheckOthers(BOOLEAN Last); /* all of them */
VOID KiLookAround(VOID);          /* the same, where it is worth while; nothing in other runs */

/* A live block of pool; it may not be freed, nor may others be allocated, while all are visited. */
typedef struct _EXP_BLOCK {
    PVOID Address;
    SIZE_T Bytes;
    ULONG Tag;
    BOOLEAN Paged;
    UCHAR Owner;   /* 0: the kernel (owned.c) */
    PVOID Charged; /* a process; NULL: none */
} EXP_BLOCK;
typedef VOID (*PEXP_POOL_VISITOR)(PVOID Context, const EXP_BLOCK *Block);
VOID ExpVisitPool(PEXP_POOL_VISITOR Visit, PVOID Context);
typedef VOID (*POBP_VISITOR)(PVOID Context, PVOID Object);
VOID ObpVisitObjects(POBJECT_TYPE Type, POBP_VISITOR Visit,
                     PVOID Context); /* of one type; none that is going */
ULONG ObpCountObjects(POBJECT_TYPE Type);

/* Words of memory that is there; of the images that are not the kernel's and of other threads' stacks (nt/ex/lost.c). */
typedef VOID (*PEXP_WORD_VISITOR)(PVOID Context, ULONG_PTR Word);
VOID ExpVisitWords(ULONG_PTR From, ULONG_PTR To, PEXP_WORD_VISITOR Visit, PVOID Context);
VOID ExpVisitOtherWords(PEXP_WORD_VISITOR Visit, PVOID Context);

/* Held is called once for each reference that a structure of the component's holds; with NULL where it could hold one and does not. */
VOID MiVisitHeld(POBP_VISITOR Held, PVOID Context);
VOID SepVisitHeld(POBP_VISITOR Held, PVOID Context);
VOID PspVisitHeld(POBP_VISITOR Held, PVOID Context);
VOID IopVisitHeld(POBP_VISITOR Held, PVOID Context);
VOID ExpVisitHeld(POBP_VISITOR Held, PVOID Context);
VOID CmpVisitHeld(POBP_VISITOR Held, PVOID Context);
VOID ObpCheckHeld(VOID); /* against how many there are */

#endif
