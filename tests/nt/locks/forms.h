/*
 * forms.h - one lock of each form of locks.table, and how to hold it. The routines are looked up by name, for no
 * system exports them all; the name of a form follows from the table (FormFast is `fast`).
 */
#ifndef FORMS_H
#define FORMS_H
#include "../threads.h"

#define ENTRY  100 /* an IRQL in the table: that of the caller */
#define DEVICE 5   /* of the interrupt whose lock is used */

typedef struct _LOCK_FORM {
    const char *Name;
    KIRQL Before; /* the caller's IRQL at least */
    /* By system; -1: no such cell, or one that a run of its own tests. */
    LONG Highest[7], ReleaseAt[7], Held[7], Special[7], Normal[7], Suspension[7], Disabled[7],
        AllDisabled[7], Again[7], TryAgain[7], TryOther[7], Other[7], Unowned[7], Exit[7];
} LOCK_FORM;

#include "table.h"

VOID FormsLookUp(VOID); /* first of all: which system this is, where its routines are */
extern ULONG System;    /* OnNt51 … */
BOOLEAN FormExists(ULONG Form);
BOOLEAN FormInitialize(ULONG Form); /* FALSE: cannot be made here */
VOID FormAcquire(ULONG Form);
BOOLEAN FormTry(ULONG Form); /* of forms with a `try` routine */
VOID FormRelease(ULONG Form);
VOID FormDelete(ULONG Form);
PVOID FormLock(ULONG Form); /* what a bugcheck names */

/* The routines by name, for those who check them one by one; NULL if this system has none. */
PVOID RoutineAddress(const char *Name);
typedef struct _ROUTINE {
    const char *Name;
    ULONG Since;
} ROUTINE;
extern const ROUTINE Routines[];
extern const ULONG RoutineCount;

/* The undocumented but well-known routines of APCs. */
typedef VOID(NTAPI *NORMAL)(PVOID, PVOID, PVOID);
typedef VOID(NTAPI *KERNEL)(PKAPC, NORMAL *, PVOID *, PVOID *, PVOID *);
NTKERNELAPI VOID NTAPI KeInitializeApc(PKAPC, PKTHREAD, ULONG, KERNEL, PVOID, NORMAL,
                                       KPROCESSOR_MODE, PVOID);
NTKERNELAPI BOOLEAN NTAPI KeInsertQueueApc(PKAPC, PVOID, PVOID, KPRIORITY);

static inline VOID
Milliseconds(LONG Count)
{
    LARGE_INTEGER Delay = {.QuadPart = -10000ll * Count};

    KeDelayExecutionThread(KernelMode, FALSE, &Delay);
}
#endif
