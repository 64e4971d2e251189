/* hold.h - what the driver that keeps a thread in a state and its clients agree on. */
#define HOLD_CODE(n) CTL_CODE(0x8124, 0x800 + (n), METHOD_BUFFERED, FILE_ANY_ACCESS)
#define HOLD_ENTER   HOLD_CODE(0) /* input: the state; returns when HOLD_LEAVE has let it go */
#define HOLD_LEAVE   HOLD_CODE(1) /* whoever polls leaves, and the event is set */
#define HOLD_LOOK    HOLD_CODE(2) /* output: HOLD_SEEN */
#define HOLD_PULSE   HOLD_CODE(3) /* KePulseEvent */
#define HOLD_TAKE    HOLD_CODE(4) /* another thread waits for the event: output as HOLD_LOOK */
#define HOLD_RESET   HOLD_CODE(5)

/* Where the thread is. It polls, or it waits for the event. */
enum {
    HoldPlain,
    HoldCritical,
    HoldCriticalTwice,
    HoldGuarded,
    HoldBoth, /* guarded outside, critical inside */
    HoldFileSystem,
    HoldApcLevel,
    HoldDispatchLevel,
    HoldSpinLock,
    HoldMutex,
    HoldFastMutex,
    HoldGuardedMutex,
    HoldUnsafeMutex,
    HoldResource,
    HoldResourceRegion, /* entered before, left after */
    HoldSemaphore,
    HoldSpecialApc, /* inside the kernel routine */
    HoldNormalApc,  /* inside the normal routine */
    HoldAttached,
    HoldLastPoll = HoldAttached,
    HoldWait, /* KernelMode, not alertable */
    HoldWaitAlertable,
    HoldWaitUser,
    HoldWaitUserAlertable,
    HoldWaitTimed, /* at most 50 ms */
    HoldWaitCritical,
    HoldWaitCriticalUser,
    HoldWaitGuarded,
    HoldWaitApcLevel,
    HoldInterrupted, /* waits as HoldWaitUserAlertable, then polls */
    HoldExit,        /* calls PsTerminateSystemThread; Status is what it returns */
    HoldLast,
};

typedef struct _HOLD_SEEN {
    LONG Inside; /* the state was entered */
    LONG Beats;  /* of the polling thread */
    LONG Middle; /* the inner of two regions was left */
    LONG Left;   /* the statement after the state was executed */
    LONG Status; /* of the wait */
    LONG Signal; /* of the event */
} HOLD_SEEN;
