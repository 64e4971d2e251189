/* matrix.h - what the driver and the client of the APC matrix agree on: matrix.c, matrix-client.c. */
#define MATRIX_CODE(n) CTL_CODE(0x8125, 0x800 + (n), METHOD_BUFFERED, FILE_ANY_ACCESS)
#define MATRIX_ENTER   MATRIX_CODE(0) /* input: the state; returns when it was left */
#define MATRIX_QUEUE   MATRIX_CODE(1) /* input: MATRIX_TARGET; output: whether it was queued */
#define MATRIX_RELEASE MATRIX_CODE(2)
#define MATRIX_LOOK    MATRIX_CODE(3) /* output: MATRIX_SEEN */
#define MATRIX_RESET   MATRIX_CODE(4)

/* Kinds of APC. The driver makes the kernel ones, the client the user ones. */
enum {
    KindSpecialKernel,
    KindNormalKernel,
    KindUser,
    KindSpecialUser,
    KindSpecialCurrent, /* as the first two, but for the environment that the target is in */
    KindNormalCurrent,
    KindLast,
};

/* States of the target, in the kernel first. */
enum {
    StatePassive, /* runs at PASSIVE_LEVEL */
    StateApcLevel,
    StateDispatchLevel,
    StateSpinLock,
    StateCritical,
    StateFileSystem,  /* FsRtlEnterFileSystem */
    StateCriticalTwo, /* two critical regions, left one after the other */
    StateMutex,       /* owns a KMUTEX */
    StateFastMutex,
    StateUnsafeMutex, /* a fast mutex, acquired by the Unsafe routine */
    StateResource,    /* an ERESOURCE, without a region */
    StateGuarded,
    StateGuardedMutex,
    StateCriticalGuarded, /* guarded inside critical, the guarded one left first */
    StateGuardedCritical, /* critical inside guarded, the critical one left first */
    StateCrossed,         /* critical, then guarded; the critical one left first */
    StateSpecialApc,      /* inside the kernel routine of a special kernel APC */
    StateKernelRoutine,   /* inside the kernel routine of a normal kernel APC */
    StateNormalApc,       /* inside the normal routine */
    StateWait,            /* KernelMode, not alertable */
    StateWaitAlertable,   /* KernelMode, alertable */
    StateWaitUser,
    StateWaitUserAlertable,
    StateWaitMultiple,
    StateWaitQueue,
    StateDelay,
    StateWaitCritical,
    StateWaitGuarded,
    StateWaitApcLevel,
    StateWaitNormalApc, /* waits inside the normal routine of a kernel APC */
    StateAttached,      /* attached to another process */
    StateWaitAttached,
    StateLastKernel,
    StateUser = StateLastKernel, /* runs in user mode */
    StateUserCalls,              /* goes from one system call to the next */
    StateUserSleep,              /* Sleep */
    StateUserSleepEx,            /* SleepEx, alertable */
    StateUserWait,               /* WaitForSingleObject */
    StateUserWaitEx,             /* WaitForSingleObjectEx, alertable */
    StateSuspended,              /* in user mode */
    StateUnstarted,              /* created suspended */
    StateEnded,
    StateLast,
};

typedef struct _MATRIX_TARGET {
    HANDLE Thread;
    ULONG Kind;
} MATRIX_TARGET;

typedef struct _MATRIX_SEEN {
    LONG Inside;   /* the state was entered */
    LONG Phase;    /* 1 in the state, 2 the first of two was left, 3 out of it */
    LONG Released; /* the target was told to leave */
    LONG Arrived;  /* how often the APC's routine ran */
    LONG ArrivedPhase, ArrivedReleased;
    LONG KernelIrql, NormalIrql; /* of its routines */
    LONG OwnThread;              /* it ran in the target */
    LONG Status;                 /* of the wait */
} MATRIX_SEEN;
