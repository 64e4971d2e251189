/*
 * pool.h - the thread pool: one for the process.
 *
 * An item is what can be called back: a work item, a timer, a wait. It is queued while Pending is not 0; a worker takes
 * it from the queue, calls it, and frees it when it was released and nothing is pending, running or armed. One more thread
 * (pooltimer.c) waits for timers and objects and queues their items.
 *
 *   T1  All fields are under TppLock. A callback runs without it.
 *   T2  An item is in the queue exactly while Pending > 0.
 *   T3  Idle is signaled (TppChanged) whenever Running or Pending of some item became 0.
 */
#ifndef USER_NTDLL_POOL_H
#define USER_NTDLL_POOL_H

typedef enum _TPP_KIND {
    TppSimple,
    TppWork,
    TppTimer,
    TppWait,
    TppOldWork,
    TppOldTimer,
    TppOldWait
} TPP_KIND;

typedef struct _TPP_ITEM {
    LIST_ENTRY QueueLinks;
    LIST_ENTRY ArmedLinks; /* of TppArmed, while Armed */
    LIST_ENTRY GroupLinks; /* of a timer queue, or a cleanup group */
    TPP_KIND Kind;
    BOOLEAN Released;
    BOOLEAN Armed;
    BOOLEAN TimedOut; /* why a wait was called back */
    BOOLEAN HasDue;
    ULONG Pending;
    ULONG Running;
    PVOID Callback;
    PVOID Context;
    LONGLONG Due;     /* system time, 100 ns */
    LONGLONG Period;  /* 100 ns, 0: once */
    LONGLONG Timeout; /* of a registered wait, to arm it again; < 0: none */
    HANDLE Object;
    ULONG Flags;
    HANDLE Completion;                           /* set when the item is freed */
    PTP_CLEANUP_GROUP_CANCEL_CALLBACK Cancelled; /* of its cleanup group: poolgroup.c */
} TPP_ITEM, *PTPP_ITEM;

typedef struct _TPP_INSTANCE {
    HANDLE Event;
    PRTL_CRITICAL_SECTION Section;
    HANDLE Mutex;
    HANDLE Semaphore;
    ULONG SemaphoreCount;
    PVOID Library;
} TPP_INSTANCE, *PTPP_INSTANCE;

#define TPP_MAX_WORKERS 16
#define TPP_MAX_WAITS   (MAXIMUM_WAIT_OBJECTS - 1)

extern RTL_CRITICAL_SECTION TppLock;
extern RTL_CONDITION_VARIABLE TppWakeWorker, TppChanged;
extern LIST_ENTRY TppQueue, TppArmed;
extern ULONG TppWorkers, TppIdle, TppWaits;
extern HANDLE TppTimerEvent; /* the timer thread looks again */

extern HANDLE TppPort; /* poolio.c */

PTPP_ITEM TppAllocate(TPP_KIND Kind, PVOID Callback, PVOID Context);
NTSTATUS TppPost(PTPP_ITEM Item);   /* under the lock */
VOID TppFreeIfDone(PTPP_ITEM Item); /* under the lock */
VOID TppWaitIdle(PTPP_ITEM Item,
                 BOOLEAN CancelPending); /* under the lock, which it drops meanwhile */
VOID TppDisarm(PTPP_ITEM Item);          /* under the lock */
NTSTATUS TppArm(PTPP_ITEM Item);         /* under the lock */
VOID TppJoin(PTPP_ITEM Item, PTP_CALLBACK_ENVIRON Environment);
LONGLONG TppNow(VOID);
VOID NTAPI TpWaitForWork(PTP_WORK Work, ULONG CancelPending);

#endif
