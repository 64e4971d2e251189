/*
 * pool.h - thread pools: the process's own, and those that a program makes.
 *
 * An item is what can be called back: a work item, a timer, a wait. It belongs to a pool, and is in its queue while Pending
 * is not 0; a worker of the pool takes it from there, calls it, and frees it when it was released and nothing is pending,
 * active or armed. Waiters (pooltimer.c) wait for timers and objects of all pools and queue their items.
 *
 *   T1  All fields are under TppLock. A callback runs without it.
 *   T2  An item is in the queue exactly while Pending > 0.
 *   T3  Idle is signaled (TppChanged) whenever Running or Pending of some item became 0.
 *   T4  A pool that was released goes with its last item; a worker that then finds its queue empty ends.
 *   T5  Running counts the callbacks that others wait for, Active those that have not returned: they differ by those
 *       that said TpDisassociateCallback.
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

typedef struct _TPP_POOL {
    LIST_ENTRY Queue;
    RTL_CONDITION_VARIABLE Wake;
    ULONG Queued; /* the sum of its items' Pending */
    ULONG Workers, Idle, Maximum, Minimum;
    ULONG Items; /* T4 */
    BOOLEAN Released;
} TPP_POOL, *PTPP_POOL;

typedef struct _TPP_ITEM {
    LIST_ENTRY QueueLinks;
    LIST_ENTRY ArmedLinks; /* of its waiter's list, while Armed */
    LIST_ENTRY GroupLinks; /* of a timer queue, or a cleanup group */
    TPP_KIND Kind;
    PTPP_POOL Pool;
    BOOLEAN Released;
    BOOLEAN Armed;
    BOOLEAN TimedOut; /* why a wait was called back */
    BOOLEAN HasDue;
    BOOLEAN Set;                /* a timer: until it is set to never [K: IsThreadpoolTimerSet] */
    struct _TPP_WAITER *Waiter; /* of whom it is Armed */
    ULONG Pending;
    ULONG Running, Active; /* T5 */
    PVOID Callback;
    PVOID Context;
    LONGLONG Due;     /* system time, 100 ns */
    LONGLONG Period;  /* 100 ns, 0: once */
    LONGLONG Timeout; /* of a registered wait, to arm it again; < 0: none */
    HANDLE Object;
    ULONG Flags;
    HANDLE Completion;                           /* set when the item is freed */
    PTP_CLEANUP_GROUP_CANCEL_CALLBACK Cancelled; /* of its cleanup group: poolgroup.c */
    BOOLEAN Dropped;                             /* was pending when its group was cancelled */
    PTP_SIMPLE_CALLBACK Finalization;
} TPP_ITEM, *PTPP_ITEM;

/* A thread that waits for its event, for up to TPP_MAX_WAITS objects and for times. */
typedef struct _TPP_WAITER {
    LIST_ENTRY Links; /* of TppWaiters */
    LIST_ENTRY Armed;
    ULONG Waits;
    HANDLE Event; /* it looks again */
} TPP_WAITER, *PTPP_WAITER;

typedef struct _TPP_INSTANCE {
    PTPP_POOL Pool;
    PULONG Running; /* what it counts in; NULL: no more (T5) */
    HANDLE Event;
    PRTL_CRITICAL_SECTION Section;
    HANDLE Mutex;
    HANDLE Semaphore;
    ULONG SemaphoreCount;
    PVOID Library;
} TPP_INSTANCE, *PTPP_INSTANCE;

#define TPP_MAX_WORKERS                                                                            \
    16 /* of the process's pool; a pool of one's own has 500 [SetThreadpoolThreadMaximum] */
#define TPP_MAX_WAITS (MAXIMUM_WAIT_OBJECTS - 1)

extern RTL_CRITICAL_SECTION TppLock;
extern RTL_CONDITION_VARIABLE TppChanged;
extern TPP_POOL TppDefaultPool;
extern LIST_ENTRY TppWaiters;

extern HANDLE TppPort; /* poolio.c */

PTPP_ITEM TppAllocate(TPP_KIND Kind, PVOID Callback, PVOID Context);
NTSTATUS TppPost(PTPP_ITEM Item);           /* under the lock */
NTSTATUS TppPostToIoThread(PTPP_ITEM Item); /* under the lock */
VOID TppUnqueue(PTPP_ITEM Item);            /* under the lock: nothing of it is pending any more */
VOID TppRun(PTPP_ITEM Item, BOOLEAN TimedOut); /* under the lock, which it drops: calls it here */
VOID TppFinish(PTPP_INSTANCE Instance);        /* what a callback asked for its end */
VOID TppFreeIfDone(PTPP_ITEM Item);            /* under the lock */
VOID TppWaitIdle(PTPP_ITEM Item,
                 BOOLEAN CancelPending); /* under the lock, which it drops meanwhile */
VOID TppDisarm(PTPP_ITEM Item);          /* under the lock */
NTSTATUS TppArm(PTPP_ITEM Item);         /* under the lock */
VOID TppJoin(PTPP_ITEM Item, PTP_CALLBACK_ENVIRON Environment);
LONGLONG TppNow(VOID);
VOID NTAPI TpWaitForWork(PTP_WORK Work, ULONG CancelPending);

#endif
