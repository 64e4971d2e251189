/*
 * exp.h - the executive's private header: what the files of nt/ex share.
 *
 * ex builds pools, locks, work queues and the simple named objects on the dispatcher of nt/ke. It knows
 * objects through nt/inc/ob.h and threads through KTHREAD; it knows nothing of I/O.
 *
 *     pool.c poolfree.c poolapi.c poolusage.c       pools; lost.c blocks that nobody leads to
 *     fastmutex.c resource.c pushlock.c rundown.c   locks; interlocked.c lists under a spin lock; lookaside.c
 *     work.c                                        system worker threads
 *     callback.c extimer.c                          callback objects, EX_TIMER
 *     eventob.c semaphob.c mutantob.c timerob.c     handles to dispatcher objects
 *     caller.c                                      memory that a caller of a service names
 *     keyed.c                                       keyed events, alerts by thread id
 *     harderror.c                                   dialogs, and the user who answers
 *     sysinfo.c time.c                              facts about the system
 *
 * Locks: a routine passes its schedule point before it looks at the lock, and no other until the lock's
 * fields agree again; so their few instructions need no lock of their own. A routine that must wait
 * leaves the fields sound, waits, and looks again.
 */
#ifndef NT_EX_EXP_H
#define NT_EX_EXP_H

#include "nt/inc/ke.h"
#include "nt/inc/ex.h"
#include "nt/inc/ob.h"
#include "nt/inc/ps.h"
#include "nt/inc/se.h"
#include "nt/inc/mm.h"
#include "nt/inc/sound.h"

#ifndef OBP_NOT_WAITABLE
#define OBP_NOT_WAITABLE ((ULONG) - 1)
#endif

/*
 * What Windows' AutoBoost sees of a lock of nt/ex: from 10 on that nobody acquires one at DISPATCH_LEVEL, from 8
 * on that nobody gives back what it does not hold.
 */
FORCEINLINE VOID
ExpCheckLockIrql(volatile VOID *Lock)
{
    if (KiIrql() >= DISPATCH_LEVEL && KiVersion->LocksCheckIrql) {
        KeBugCheckEx(0x192 /* KERNEL_AUTO_BOOST_LOCK_ACQUISITION_WITH_RAISED_IRQL */,
                     (ULONG_PTR)KiThread(), (ULONG_PTR)Lock, KiIrql(), 0);
    }
}
FORCEINLINE VOID
ExpDropLock(PKTHREAD Thread, volatile VOID *Lock)
{
    if (!KiDropLock(Thread, Lock) && KiVersion->LocksKnowOwner) {
        KeBugCheckEx(0x162 /* KERNEL_AUTO_BOOST_INVALID_LOCK_RELEASE */, (ULONG_PTR)Thread,
                     (ULONG_PTR)Lock, 0, 0);
    }
}

/* Phase 1 of each object type of ours; see init.c. */
VOID ExpInitializeEvents(VOID);
VOID ExpInitializeSemaphores(VOID);
VOID ExpInitializeMutants(VOID);
VOID ExpInitializeTimers(VOID);
VOID ExpInitializeKeyedEvents(VOID);
VOID ExpInitializeRunOnce(VOID);
VOID ExpInitializeCallbacks(ULONG Phase);
VOID ExpInitializeWorkers(VOID);
VOID ExpInitializeTransactions(VOID);
extern POBJECT_TYPE *ExMutantObjectType, *ExTimerObjectType;
extern POBJECT_TYPE TmTransactionManagerObjectTypeP, TmTransactionObjectTypeP;
extern POBJECT_TYPE TmResourceManagerObjectTypeP, TmEnlistmentObjectTypeP;

/* Work queues. */
extern KQUEUE ExpWorkQueue[3]; /* critical, delayed, hyper-critical */

/* A worker, told of before it begins, and what it does; Routine is NULL between items. */
typedef struct _EXP_AT_WORK {
    LIST_ENTRY Links;
    PKQUEUE Queue;
    PWORK_QUEUE_ITEM Item;
    PVOID Routine;
} EXP_AT_WORK;
extern LIST_ENTRY ExpAtWork;
extern BOOLEAN ExpWorkersReady;

/* Keyed waits. */
extern LIST_ENTRY ExpRegistrations;
extern LIST_ENTRY ExpKeyedWaiters;
extern FAST_MUTEX ExpOnceLock;
extern LIST_ENTRY ExpOnceWaiters;
extern LONGLONG ExpTimeZoneBias; /* 100 ns; local = system - bias */
/* callback.c */
typedef struct _EXP_REGISTRATION {
    LIST_ENTRY Link;
    LIST_ENTRY All; /* ExpRegistrations */
    PCALLBACK_OBJECT Object;
    PCALLBACK_FUNCTION Function;
    PVOID Context;
    ULONG Busy;
    BOOLEAN Removing;
    KEVENT Idle;
} EXP_REGISTRATION, *PEXP_REGISTRATION;

/* timerob.c */
typedef struct _EXP_TIMER {
    KTIMER Timer;
    KDPC Dpc;
    KAPC Apc;
    KSPIN_LOCK
    Lock; /* between the DPC and who stops or sets the timer: what was stopped queues no APC any more */
    PETHREAD Thread; /* referenced; the APC's target */
    LIST_ENTRY Link; /* ETHREAD.Timers, while Thread is set */
} EXP_TIMER, *PEXP_TIMER;

extern PCALLBACK_OBJECT ExCbSetSystemTime, ExCbPowerState, ExCbProcessorAdd;

#endif
