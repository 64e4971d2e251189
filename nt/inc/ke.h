/*
 * ke.h - what the kernel core (nt/ke) offers the other components beside the documented routines.
 *
 * Layouts carry Windows x64 offsets where drivers inline them or debuggers show them; fields of our
 * own come after the real structure's end.
 */
#ifndef NT_INC_KE_H
#define NT_INC_KE_H

#include "nt/inc/version.h"

#define KI_INLINE static inline __attribute__((always_inline))

/* Where a thread waits with a time-out, and how often that has come while schedules are explored: nt/ke/timeout.c. */
#define KI_TIMED_PLACES 8
typedef struct _KI_TIMED_PLACE {
    ULONG Site;  /* hash of where it is called from; 0: free */
    ULONG State; /* of the caller, the last time */
    UCHAR Same;  /* times in that state, in a row */
    UCHAR Times;
} KI_TIMED_PLACE, *PKI_TIMED_PLACE;

/*
 * An agent is whoever acts: a thread, a running DPC. Its name follows from its creator's name and
 * a count alone, and so does all that it gets (stack, pool arena, handles, ids), whatever else ran in
 * between. That makes two schedules which differ in independent steps give equal states.
 */
typedef struct _KAGENT {
    ULONG Name;         /* hash of (creator's name, n-th creation by it) */
    ULONG Slot;         /* of stack and pool arenas: from the name */
    ULONG Creations;    /* agents and processes it has made */
    ULONG TimeQueries;  /* each query of the time moves the asker's own clock */
    ULONG Objects;      /* other things that are named by count */
    PVOID PoolArena[2]; /* nt/ex: nonpaged, paged; NULL until first use */
} KAGENT, *PKAGENT;

typedef enum _KOBJECTS_TYPE {
    KiObjEventNotification = 0,
    KiObjEventSynchronization = 1,
    KiObjMutant = 2,
    KiObjProcess = 3,
    KiObjQueue = 4,
    KiObjSemaphore = 5,
    KiObjThread = 6,
    KiObjGate = 7,
    KiObjTimerNotification = 8,
    KiObjTimerSynchronization = 9,
    KiObjApc = 18,
    KiObjDpc = 19,
    KiObjThreadedDpc = 24,
} KOBJECTS_TYPE;

typedef enum _KTHREAD_STATE {
    Initialized = 0,
    Ready,
    Running,
    Standby,
    Terminated,
    Waiting,
    Transition,
    DeferredReady,
} KTHREAD_STATE;

/*
 * What a KWAIT_BLOCK (0x30 bytes, opaque to drivers, who provide arrays of them) holds: the layout of 8
 * and later, whose bytes 0x14..0x17 are spare and overlaid by fields of the KTHREAD.
 */
typedef struct _KI_WAIT_BLOCK {
    LIST_ENTRY WaitListEntry; /* in the object's list; Flink NULL: not linked */
    UCHAR WaitType;           /* WaitAll, WaitAny */
    UCHAR BlockState;
    USHORT WaitKey;  /* the wait's status when this block satisfies it */
    ULONG SpareLong; /* never touched */
    struct _KTHREAD *Thread;
    PVOID Object; /* DISPATCHER_HEADER */
    PVOID SparePtr;
} KI_WAIT_BLOCK, *PKI_WAIT_BLOCK;
C_ASSERT(sizeof(KI_WAIT_BLOCK) == sizeof(KWAIT_BLOCK));

/*
 * A lock that a thread holds and that says nothing of its holder itself, or not enough: what Windows' lock
 * entries (KLOCK_ENTRY) are from 8 on. Reports read it in every version; where KiVersion->LocksKnowOwner, a
 * release without an entry and an entry left at thread exit are the documented bugchecks.
 */
typedef enum _KI_LOCK_KIND {
    KiLockSpin = 1, /* spin locks of all kinds: for reports only */
    KiLockFastMutex,
    KiLockResource,
    KiLockPushExclusive,
    KiLockPushShared,
} KI_LOCK_KIND;

typedef struct _KI_HELD_LOCK {
    volatile VOID *Lock;
    PVOID Caller; /* who acquired it */
    UCHAR Kind;
} KI_HELD_LOCK, *PKI_HELD_LOCK;
#define KI_HELD_LOCKS 12

/* KTHREAD.Region[].Kind, and how many open regions are remembered; deeper ones are only counted. */
#define KI_CRITICAL 0
#define KI_GUARDED  1
#define KI_REGIONS  16

/* KAPC_STATE.UserApcPending: what is delivered on the way out to user mode. */
#define KI_USER_APC_PENDING         1 /* the first of the queue, whatever it is */
#define KI_SPECIAL_USER_APC_PENDING 2 /* a special one is queued: no alertable wait needed */

struct _KTHREAD {
    DISPATCHER_HEADER Header;  /* 0x000 */
    PVOID SListFaultAddress;   /* 0x018 */
    ULONG64 QuantumTarget;     /* 0x020 */
    PVOID InitialStack;        /* 0x028 top of the stack where frames begin */
    PVOID volatile StackLimit; /* 0x030 lowest address */
    PVOID StackBase;           /* 0x038 highest address */
    ULONG64 ThreadLock;        /* 0x040 */
    ULONG64 CycleTime;         /* 0x048 */
    ULONG CurrentRunTime;      /* 0x050 */
    ULONG ExpectedRunTime;     /* 0x054 */
    PVOID KernelStack;         /* 0x058 rsp while not running */
    PVOID StateSaveArea;       /* 0x060 */
    PVOID SchedulingGroup;     /* 0x068 */
    UCHAR WaitRegister;        /* 0x070 */
    BOOLEAN volatile Running;  /* 0x071 */
    BOOLEAN Alerted[2];        /* 0x072 */
    union {                    /* 0x074 */
        struct {
            ULONG AutoBoostActive : 1;
            ULONG ReadyTransition : 1;
            ULONG WaitNext : 1;
            ULONG SystemAffinityActive : 1;
            ULONG Alertable : 1;
            ULONG UserStackWalkActive : 1;
            ULONG ApcInterruptRequest : 1;
            ULONG QuantumEndMigrate : 1;
            ULONG UmsDirectedSwitchEnable : 1;
            ULONG TimerActive : 1;
            ULONG SystemThread : 1;
            ULONG ProcessDetachActive : 1;
            ULONG CalloutActive : 1;
            ULONG ScbReadyQueue : 1;
            ULONG ApcQueueable : 1;
            ULONG ReservedStackInUse : 1;
            ULONG UmsPerformingSyscall : 1;
            ULONG TimerSuspended : 1;
            ULONG SuspendedWaitMode : 1;
            ULONG SuspendSchedulerApcWait : 1;
            ULONG Reserved1 : 12;
        };
        ULONG MiscFlags;
    };
    ULONG ThreadFlags;              /* 0x078 */
    ULONG Spare0;                   /* 0x07c */
    ULONG SystemCallNumber;         /* 0x080 */
    ULONG ReadyTime;                /* 0x084 */
    PVOID FirstArgument;            /* 0x088 */
    struct _KTRAP_FRAME *TrapFrame; /* 0x090 */
    union {                         /* 0x098 */
        KAPC_STATE ApcState;
        struct {
            UCHAR ApcStateFill[0x2b];
            SCHAR Priority;           /* 0x0c3 */
            ULONG UserIdealProcessor; /* 0x0c4 */
        };
    };
    LONG_PTR WaitStatus;          /* 0x0c8 */
    PKI_WAIT_BLOCK WaitBlockList; /* 0x0d0 */
    LIST_ENTRY WaitListEntry;     /* 0x0d8 ready queue or wait list */
    PKQUEUE Queue;                /* 0x0e8 */
    PVOID Teb;                    /* 0x0f0 */
    ULONG64 RelativeTimerBias;    /* 0x0f8 */
    KTIMER Timer;                 /* 0x100 */
    union {                       /* 0x140 */
        KI_WAIT_BLOCK WaitBlock[4];
        struct {
            UCHAR WaitBlockFill0[0x44];
            UCHAR State;              /* 0x184 */
            SCHAR Affinity8;          /* 0x185 */
            KIRQL WaitIrql;           /* 0x186 */
            KPROCESSOR_MODE WaitMode; /* 0x187 */
        };
        struct {
            UCHAR WaitBlockFill1[0x74];
            ULONG ContextSwitches; /* 0x1b4 */
        };
        struct {
            UCHAR WaitBlockFill2[0xa4];
            union { /* 0x1e4 */
                struct {
                    SHORT KernelApcDisable;
                    SHORT SpecialApcDisable;
                };
                ULONG CombinedApcDisable;
            };
        };
    };
    LIST_ENTRY QueueListEntry;    /* 0x200 */
    ULONG NextProcessor;          /* 0x210 */
    LONG QueuePriority;           /* 0x214 */
    struct _KPROCESS *Process;    /* 0x218 */
    KAFFINITY UserAffinity;       /* 0x220 */
    KAFFINITY Affinity;           /* 0x228 */
    SCHAR Spare1;                 /* 0x230 */
    SCHAR BasePriority;           /* 0x231 */
    KPROCESSOR_MODE PreviousMode; /* 0x232 read through gs:[188h] by old inline code */
    SCHAR PriorityDecrement;      /* 0x233 */
    UCHAR Preempted;              /* 0x234 */
    UCHAR AdjustReason;           /* 0x235 */
    SCHAR AdjustIncrement;        /* 0x236 */
    UCHAR Spare2[9];              /* 0x237 */
    ULONG SystemPriority;         /* 0x240 */
    ULONG IdealProcessor;         /* 0x244 */
    UCHAR Saturation;             /* 0x248 */
    UCHAR Spare3;                 /* 0x249 */
    UCHAR ApcStateIndex;          /* 0x24a */
    UCHAR WaitReason;             /* 0x24b */
    ULONG Spare4;                 /* 0x24c */
    PVOID Spare5;                 /* 0x250 */
    union {                       /* 0x258 */
        KAPC_STATE SavedApcState;
        struct {
            UCHAR SavedApcStateFill[0x2b];
            UCHAR CallbackNestingLevel; /* 0x283 */
            CHAR SuspendCount;          /* 0x284 */
            CHAR FreezeCount;           /* 0x285 */
            UCHAR Spare6[2];
        };
    };
    KAPC SchedulerApc; /* 0x288, SuspendApc until 7 */
    union {            /* 0x2e0 */
        KEVENT SuspendEvent;
        KSEMAPHORE SuspendSemaphore;
    };
    LIST_ENTRY ThreadListEntry; /* 0x300 of the process (Windows: 0x2f8) */
    LIST_ENTRY MutantListHead;  /* 0x310 (Windows: 0x308) */

    /* From here on ntlab's own. */
    KAGENT Agent;
    ULONG Ordinal; /* of the process's threads: their list is in this order */
    PKAPC_STATE ApcStatePointer[2];
    ULONG WaitObjectCount;
    PVOID TopLevelIrp;  /* nt/io, fsrtl */
    PVOID StartRoutine; /* kernel: routine and context of a system thread */
    PVOID StartContext;
    PVOID VectorState;  /* saved components beyond the ABI's, when preempted */
    ULONG64 SpinningOn; /* lock that the processor spins for, 0 if none */
    PVOID WaitLock;     /* the ERESOURCE or push lock behind the object it waits for; for reports */
    PVOID WaitCaller;   /* who called the wait that it is in, or was in last */
    ULONG RegionDepth;  /* open critical and guarded regions, most recent last; region.c */
    struct {
        PVOID Caller; /* a return address: who entered */
        PVOID Lock;   /* the lock that the region came with, NULL if none */
        UCHAR Kind;   /* KI_CRITICAL, KI_GUARDED */
    } Region[KI_REGIONS];
    PVOID DoubleFaultStack;
    ULONG HeldCount;   /* locks held, oldest first */
    ULONG HeldUnknown; /* and those for which the array had no place */
    KI_HELD_LOCK Held[KI_HELD_LOCKS];
    UCHAR HeldUp;       /* inject.c: KI_HELD_UP, KI_GOES_ON */
    BOOLEAN LooksAgain; /* behind a point, whether what it is about is still there: explore.c, E7 */
    ULONG KernelApcs;   /* delivered so far */
    BOOLEAN ByItself;   /* KiIsByItself: of a worker, since it was handed its item */
    BOOLEAN Awaited;    /* the run ends when it is done: endless.c */
    ULONG64 MovedAt;    /* virtual time, 100 ns */
    PVOID VfCallout;    /* nt/vf: the innermost routine of a verified driver that runs in it */
    ULONG64 TimeWaited; /* 100 ns, by time-outs while schedules are explored: nt/ke/timeout.c */
    KI_TIMED_PLACE TimedPlace[KI_TIMED_PLACES];
};
C_ASSERT(FIELD_OFFSET(struct _KTHREAD, TrapFrame) == 0x90);
C_ASSERT(FIELD_OFFSET(struct _KTHREAD, ApcState) == 0x98);
C_ASSERT(FIELD_OFFSET(struct _KTHREAD, Priority) == 0xc3);
C_ASSERT(FIELD_OFFSET(struct _KTHREAD, Teb) == 0xf0);
C_ASSERT(FIELD_OFFSET(struct _KTHREAD, State) == 0x184);
C_ASSERT(FIELD_OFFSET(struct _KTHREAD, KernelApcDisable) == 0x1e4);
C_ASSERT(FIELD_OFFSET(struct _KTHREAD, PreviousMode) == 0x232);
C_ASSERT(FIELD_OFFSET(struct _KTHREAD, ApcStateIndex) == 0x24a);
C_ASSERT(FIELD_OFFSET(struct _KTHREAD, SuspendCount) == 0x284);
C_ASSERT(FIELD_OFFSET(struct _KTHREAD, SchedulerApc) == 0x288);
C_ASSERT(FIELD_OFFSET(struct _KTHREAD, SuspendEvent) == 0x2e0);
typedef struct _KTHREAD KTHREAD;

struct _KPROCESS {
    DISPATCHER_HEADER Header;   /* 0x00 */
    LIST_ENTRY ProfileListHead; /* 0x18 */
    ULONG64 DirectoryTableBase; /* 0x28: number of the user slice << 12 | 1 */
    LIST_ENTRY ThreadListHead;  /* 0x30 */
    ULONG64 Slice;              /* user slice, 0: none (System) */
    KAFFINITY Affinity;
    SCHAR BasePriority;
    SCHAR QuantumReset;
    BOOLEAN OwnsLowRange; /* its image could not be relocated */
    PVOID InstrumentationCallback;
    ULONG ThreadsMade; /* the next thread's Ordinal */
};
typedef struct _KPROCESS KPROCESS;

/* Exploring: would the operation on Object have to wait now? Changes nothing. */
typedef BOOLEAN (*PKI_WOULD_WAIT)(const volatile VOID *Object, ULONG_PTR Context);

/* Exploring: what the host was told of who stands on a processor (nt/ke/explore.c, E11). */
typedef struct _KI_DESCRIBED {
    BOOLEAN Stays; /* FALSE: it is described anew */
    BOOLEAN WouldWait;
    UCHAR Type; /* of a wait: of the object */
    struct abi_agent Agent;
} KI_DESCRIBED;

typedef struct _KPRCB {
    ULONG MxCsr;        /* 0x00, gs:[180h] */
    UCHAR LegacyNumber; /* 0x04, gs:[184h] */
    UCHAR ReservedMustBeZero;
    BOOLEAN InterruptRequest;
    BOOLEAN IdleHalt;
    PKTHREAD CurrentThread; /* 0x08, gs:[188h] */
    PKTHREAD NextThread;    /* 0x10 */
    PKTHREAD IdleThread;    /* 0x18 */
    UCHAR NestingLevel;     /* 0x20 */
    UCHAR ClockOwner;
    UCHAR PendingTickFlags;
    UCHAR IdleState;
    ULONG Number;        /* 0x24, gs:[1A4h] */
    PVOID RspBase;       /* 0x28, gs:[1A8h] */
    ULONG64 PrcbLock;    /* 0x30 */
    ULONG64 SystemCalls; /* 0x38; counted by entry.S */

    /* ntlab's own. */
    KAGENT DpcAgent; /* who acts while a DPC runs here */
    LIST_ENTRY DpcListHead;
    ULONG DpcQueueDepth;
    BOOLEAN DpcRequested; /* a DPC interrupt is pending */
    BOOLEAN DpcRoutineActive;
    BOOLEAN DpcByItself;  /* KiIsByItself */
    BOOLEAN ApcRequested; /* an APC interrupt is pending */
    BOOLEAN QuantumEnd;
    PKDPC RunningDpc;
    ULONG ReadySummary;
    LIST_ENTRY ReadyListHead[32];
    PVOID SavedRsp; /* while another processor is on the carrier */
    PVOID DpcStack;
    volatile ULONG *SpinningOn; /* this processor waits until (*SpinningOn & SpinMask) is 0 */
    ULONG SpinMask;
    ULONG64 ContextSwitches;
    PKTHREAD PreviousThread; /* it ended here; whoever runs next dereferences it */
    ULONG PendingOperation;  /* exploring: what the processor has stopped in front of */
    const volatile VOID *PendingObject;
    PKI_WOULD_WAIT PendingWait; /* would it have to wait? NULL: never */
    ULONG_PTR PendingContext;
    UCHAR MaySuspend;   /* inject.c: KI_NEVER ... */
    PVOID PendingBlock; /* the pool block that the object lies in */
    BOOLEAN RunDpc;     /* exploring: the first DPC of the queue was chosen */
    BOOLEAN Returns;    /* exploring: a DPC has run here since the thread stands where it stands */
    KI_DESCRIBED Described;
} KPRCB, *PKPRCB;
C_ASSERT(FIELD_OFFSET(KPRCB, Number) == 0x24);
C_ASSERT(FIELD_OFFSET(KPRCB, RspBase) == 0x28);
C_ASSERT(FIELD_OFFSET(KPRCB, SystemCalls) == 0x38);

/* A large array lies behind what each service looks at: isolation by pages opens that for each of them. */
#define KI_LARGE __attribute__((section(".bss$z")))

typedef struct _KIPCR {
    PVOID GdtBase;       /* 0x00 */
    PVOID TssBase;       /* 0x08 */
    ULONG64 UserRsp;     /* 0x10 */
    struct _KIPCR *Self; /* 0x18 */
    PKPRCB CurrentPrcb;  /* 0x20 */
    PVOID LockArray;     /* 0x28 */
    PVOID Used_Self;     /* 0x30 */
    PVOID IdtBase;       /* 0x38 */
    ULONG64 Unused[2];   /* 0x40 */
    KIRQL Irql;          /* 0x50 CR8 */
    UCHAR Fill[0x12F];
    KPRCB Prcb; /* 0x180 */
} KIPCR, *PKIPCR;
C_ASSERT(FIELD_OFFSET(KIPCR, Irql) == 0x50);
C_ASSERT(FIELD_OFFSET(KIPCR, Prcb) == 0x180);

/* Current processor, thread, agent. `KeGetPcr` and friends read gs: kernel mode only. */
KI_INLINE PKIPCR
KiPcr(VOID)
{
    return (PKIPCR)__readgsqword(0x18);
}
KI_INLINE PKPRCB
KiPrcb(VOID)
{
    return (PKPRCB)__readgsqword(0x20);
}
KI_INLINE PKTHREAD
KiThread(VOID)
{
    return (PKTHREAD)__readgsqword(0x188);
}
KI_INLINE PKAGENT
KiAgent(VOID)
{
    PKPRCB Prcb = KiPrcb();

    return Prcb->DpcRoutineActive ? &Prcb->DpcAgent : &Prcb->CurrentThread->Agent;
}
/* Does what is done here follow from the expiry of a timer, by DPCs and work items alone? (explore.c, E6) */
KI_INLINE BOOLEAN
KiIsByItself(VOID)
{
    PKPRCB Prcb = KiPrcb();

    return Prcb->DpcRoutineActive ? Prcb->DpcByItself : Prcb->CurrentThread->ByItself;
}
KI_INLINE KIRQL
KiIrql(VOID)
{
    return KiPcr()->Irql;
}
/* PreviousMode of the current thread: UserMode inside a system service that user mode called. */
KI_INLINE KPROCESSOR_MODE
KiPreviousMode(VOID)
{
    return KiThread()->PreviousMode;
}

/* The current thread got a lock, or gives it back. FALSE: it has no entry for it. */
KI_INLINE VOID
KiHoldLock(PKTHREAD Thread, volatile VOID *Lock, UCHAR Kind, PVOID Caller)
{
    ULONG Count = Thread->HeldCount;

    if (Count >= KI_HELD_LOCKS) {
        Thread->HeldUnknown++;
    } else {
        Thread->HeldCount = Count + 1;
        Thread->Held[Count].Lock = Lock;
        Thread->Held[Count].Caller = Caller;
        Thread->Held[Count].Kind = Kind;
    }
}
BOOLEAN KiDropLockSlow(PKTHREAD Thread, volatile VOID *Lock);
KI_INLINE BOOLEAN
KiDropLock(PKTHREAD Thread, volatile VOID *Lock)
{
    ULONG Count = Thread->HeldCount;

    if (Count - 1 < KI_HELD_LOCKS && Thread->Held[Count - 1].Lock == Lock) {
        Thread->HeldCount = Count - 1;
        return TRUE;
    }
    return KiDropLockSlow(Thread, Lock);
}
/* Thread exit: mutants are abandoned, a KMUTEX that is still owned is a bugcheck. */
VOID KiRundownMutants(PKTHREAD Thread);

/*
 * The next name that Agent gives: to a thread, a process, an object. Slots (kernel stack, arenas) are
 * taken from names by KiInitializeAgent and given back by KiDeleteAgent.
 */
ULONG KiNextName(PKAGENT Agent);
VOID KiInitializeAgent(PKAGENT Agent, PKAGENT Creator);
VOID KiDeleteAgent(PKAGENT Agent);

/*
 * A schedule point: the caller is about to do Operation on Object and another agent may go first.
 * The fast path is two additions; the slow path asks the host. No point may be passed while a
 * structure of ours is half changed. At DISPATCH_LEVEL and above other processors may run, the
 * thread itself is not switched. KiAcquirePoint is for an operation that may have to wait.
 */
/* Injected events: inject.c, environment.c. */
VOID KiInjectAllow(ULONG Events); /* enum abi_inject: from now on */
VOID KiBeginClients(VOID);        /* some of them only while clients are there */
VOID KiEndClients(VOID);
BOOLEAN KiIsDisturbed(PKPROCESS Process); /* what it returns may be because of an injected event */
BOOLEAN KiAllocationFails(PVOID Caller);  /* the one that is about to happen */
VOID KiScheduleSlow(ULONG Operation, const volatile VOID *Object, PKI_WOULD_WAIT WouldWait,
                    ULONG_PTR Context);
KI_INLINE VOID
KiAcquirePoint(ULONG Operation, const volatile VOID *Object, PKI_WOULD_WAIT WouldWait,
               ULONG_PTR Context)
{
    ULONG64 Hash = Machine->hash;

    Machine->hash =
        (Hash ^ ((ULONG64)Object << 8) ^ Operation) * 0x9E3779B97F4A7C15ull + (Hash >> 32);
    Machine->points++;
    if (--Machine->budget < 0) {
        KiScheduleSlow(Operation, Object, WouldWait, Context);
    }
}
KI_INLINE VOID
KiSchedulePoint(ULONG Operation, const volatile VOID *Object)
{
    KiAcquirePoint(Operation, Object, NULL, 0);
}

/*
 * Timers of the kernel's own that any of several threads may set (nt/cc/lazy.c): no schedule point is passed, for whose step it is that sets
 * one does not show. Arm: it is not set. Disarm: FALSE if it was not set any more; its DPC may be on the way.
 */
VOID KiArmTimer(PKTIMER Timer, LONG64 Due100ns, PKDPC Dpc);
BOOLEAN KiDisarmTimer(PKTIMER Timer);

/* left.c: who queued a timer, DPC or work item; what leads into a range of code is written as text. */
VOID KiNoteQueued(const volatile VOID *Object, PVOID Caller);
VOID KiListLeft(ULONG64 Start, ULONG64 Size, char *Text, ULONG Bytes);

/* The context of SP_REGISTRY: whether the object is only read, and with an address whether that is changed. */
#define KI_REGISTRY_READS   1
#define KI_REGISTRY_CHANGES 2

/* An access to memory of a driver (point.c): SP_MEMORY_READ, SP_MEMORY_WRITE, SP_ATOMIC. */
VOID KiMemoryPoint(ULONG Operation, const volatile VOID *Address, ULONG64 Size);

/* claim.c: in front of acquiring all of a lock that others can share; any IRQL. */
VOID KiClaimPoint(ULONG Operation, const volatile VOID *Lock, PKI_WOULD_WAIT WouldWait,
                  ULONG_PTR Context);
KI_INLINE VOID
KiAcquireAllPoint(ULONG Operation, const volatile VOID *Lock, PKI_WOULD_WAIT WouldWait,
                  ULONG_PTR Context)
{
    if (Machine->explore) {
        KiClaimPoint(Operation, Lock, WouldWait, Context);
    } else {
        KiAcquirePoint(Operation, Lock, WouldWait, Context);
    }
}
BOOLEAN KiIsClaimed(const volatile VOID *Lock);
VOID KiForgetClaims(PKTHREAD Thread);
/* PKI_WOULD_WAIT of those who share a lock whatever is claimed, as all others do not (explore.c). */
BOOLEAN ExpIsResourceAnothers(const volatile VOID *Resource, ULONG_PTR Me);
BOOLEAN KiSlimLockIsExclusive(const volatile VOID *Lock, ULONG_PTR Alias);
/* What a PKI_WOULD_WAIT of an attempt to have a lock exclusively may say instead of TRUE: others share it. */
#define KI_IS_SHARED 2

/* PKI_WOULD_WAIT: a lock word of which the bits of Mask must be clear. */
BOOLEAN KiIsHeld(const volatile VOID *Lock, ULONG_PTR Mask);

/* sound.c: from now on the dispatcher's structures are looked at in every step. */
VOID KiBeginChecks(VOID);

/* Puts a record into the trace ring; no schedule point. */
volatile struct abi_record *KiTrace(ULONG Event, const volatile VOID *Object, ULONG64 A0,
                                    ULONG64 A1, ULONG64 A2, ULONG64 A3);

/* The dispatcher lock: raises to DISPATCH_LEVEL after a schedule point; releasing may switch threads. */
KIRQL KiLockDispatcher(ULONG Operation, const volatile VOID *Object);
VOID KiUnlockDispatcher(KIRQL OldIrql, BOOLEAN WaitNext);

/* Before a driver's image goes: of the last one the pages are not closed while schedules are searched, if
   nobody is left who could look. */
VOID KiNoteImageGoes(VOID);

/* Threads. The caller (nt/ps) provides the memory of the KTHREAD, zeroed. IRQL <= APC_LEVEL. */
VOID KiInitializeThread(PKTHREAD Thread, PKPROCESS Process, PKAGENT Creator,
                        PKSTART_ROUTINE SystemRoutine, PVOID Context, PCONTEXT UserContext,
                        PVOID Teb);
VOID KiStartThread(PKTHREAD Thread); /* makes it ready the first time */
DECLSPEC_NORETURN VOID
KiTerminateThread(KPRIORITY Increment); /* the current one: signals it, never returns */
VOID KiInitializeProcess(PKPROCESS Process, KPRIORITY BasePriority, KAFFINITY Affinity,
                         ULONG64 Slice);
VOID KiSignalProcess(PKPROCESS Process); /* its last thread has gone */
VOID KiFreeThreadStack(PKTHREAD Thread); /* when the object is deleted */

/* Enters user mode for the first time, or after a changed context: never returns. */
DECLSPEC_NORETURN VOID KiEnterUserMode(PCONTEXT Context);
/* Ends the run with this verdict (enum abi_verdict), in the current thread. */
DECLSPEC_NORETURN VOID KiStopRun(ULONG Verdict, const char *Message);
/* Reads and changes the user-mode context of a thread that is stopped or current (NtGetContextThread). */
VOID KiGetUserContext(PKTHREAD Thread, PCONTEXT Context);
VOID KiSetUserContext(PKTHREAD Thread, PCONTEXT Context);
/* NtContinue: resumes Context in the caller's mode. */
NTSTATUS KiContinue(PCONTEXT Context, BOOLEAN TestAlert);
/* NtRaiseException: dispatches as if the processor had trapped at Context. */
NTSTATUS KiRaiseException(PEXCEPTION_RECORD Record, PCONTEXT Context, BOOLEAN FirstChance);

/* How far a thread's base priority is from its process's; +-16 where it is saturated. */
LONG KiBaseIncrement(PKTHREAD Thread);

/* Suspension (nt/ps checks rights). */
NTSTATUS KiSuspendThread(PKTHREAD Thread, PULONG PreviousCount);
ULONG KiResumeThread(PKTHREAD Thread);
/* Jobs, debuggers: a count of its own, which follows the process's. */
VOID KiFreezeThread(PKTHREAD Thread, const LONG *Count);
/* Termination: whatever suspended it. Ends: it is the current one, and takes no more APCs. */
VOID KiForceResumeThread(PKTHREAD Thread, BOOLEAN Ends);
ULONG KiAlertThread(PKTHREAD Thread, KPROCESSOR_MODE Mode);
BOOLEAN KiTestAlertThread(KPROCESSOR_MODE Mode);

/*
 * Regions (region.c). What enters one on behalf of somebody else (a lock, a file-system wrapper) says who, with
 * __builtin_return_address(0) of its own entry, and for which lock; leaving closes the last region of that kind and
 * lock, or the last of that kind. KiEnterRegion counts and remembers; KiLeaveRegion also delivers what the region
 * held back. Neither is a schedule point.
 */
KI_INLINE VOID
KiRememberRegion(PKTHREAD Thread, UCHAR Kind, PVOID Caller, PVOID Lock)
{
    ULONG Depth = Thread->RegionDepth++;

    if (__builtin_expect(Depth < KI_REGIONS, 1)) {
        Thread->Region[Depth].Caller = Caller;
        Thread->Region[Depth].Lock = Lock;
        Thread->Region[Depth].Kind = Kind;
    }
}
VOID KiForgetInnerRegion(PKTHREAD Thread, UCHAR Kind, PVOID Lock);
KI_INLINE VOID
KiForgetRegion(PKTHREAD Thread, UCHAR Kind, PVOID Lock)
{
    ULONG Last = Thread->RegionDepth - 1;

    if (__builtin_expect(Last < KI_REGIONS && Thread->Region[Last].Kind == Kind &&
                             Thread->Region[Last].Lock == Lock,
                         1)) {
        Thread->RegionDepth = Last;
    } else {
        KiForgetInnerRegion(Thread, Kind, Lock);
    }
}
KI_INLINE VOID
KiEnterRegion(PKTHREAD Thread, UCHAR Kind, PVOID Caller, PVOID Lock)
{
    if (Kind == KI_CRITICAL) {
        Thread->KernelApcDisable--;
    } else {
        Thread->SpecialApcDisable--;
    }
    KiRememberRegion(Thread, Kind, Caller, Lock);
}
KIRQL KiRaiseIrql(KIRQL NewIrql); /* KfRaiseIrql, and no schedule point */
VOID KiCheckKernelApcs(VOID);     /* delivers what may run now; nothing at APC_LEVEL and above */
/* Kernel APCs of the thread may come from here on: KiClosePoint. Not in the thread, whose state would never come back (host/explore/fair.c). */
extern struct _KI_OPENED {
    PKTHREAD Thread;
    ULONG64 At; /* schedule points */
    ULONG64 Closed;
} KiOpened;
KI_INLINE VOID
KiNoteOpen(PKTHREAD Thread)
{
    KiOpened.Thread = Thread;
    KiOpened.At = Machine->points;
}
/* A step that touches nothing. That an APC could come in front of it is not said with it, so KiClosePoint has to. */
KI_INLINE VOID
KiEmptyPoint(ULONG Operation, const volatile VOID *Object)
{
    KiSchedulePoint(Operation, Object);
    KiNoteOpen(KiThread());
}
KI_INLINE VOID
KiLeaveRegion(PKTHREAD Thread, UCHAR Kind, PVOID Lock)
{
    SHORT Left;

    KiForgetRegion(Thread, Kind, Lock);
    Left = Kind == KI_CRITICAL ? ++Thread->KernelApcDisable : ++Thread->SpecialApcDisable;
    if (Left == 0) {
        if (Thread->ApcState.KernelApcPending) {
            KiCheckKernelApcs();
        }
        KiNoteOpen(Thread);
    }
}
/* It has made no step since APCs could come. */
KI_INLINE BOOLEAN
KiIsOpened(PKTHREAD Thread)
{
    return KiOpened.At == Machine->points && KiOpened.Thread == Thread;
}
/* Do others queue it kernel APCs that could be delivered now, below APC_LEVEL (host/explore/targets.c)? */
KI_INLINE BOOLEAN
KiIsTarget(PKTHREAD Thread)
{
    ULONG64 Normal = Thread->KernelApcDisable == 0 && !Thread->ApcState.KernelApcInProgress
                         ? Machine->normal_targets
                         : 0;

    return Thread->SpecialApcDisable == 0 &&
           ((Normal | Machine->special_targets) & abi_target((ULONG64)Thread)) != 0;
}
/*
 * In front of what keeps kernel APCs back: a raised IRQL, a region. One that is queued before comes first, one that is queued behind it has to wait; to whoever
 * searches, that is what a step of the thread says that could be interrupted. If it has made none since APCs could come, this is one. So it is if others queue
 * it APCs, for one may come behind the last step that it has made.
 */
KI_INLINE VOID
KiClosePoint(PKTHREAD Thread)
{
    if (Machine->explore && KiIrql() == PASSIVE_LEVEL &&
        (KiIsOpened(Thread) || (KiOpened.Closed != Machine->points && KiIsTarget(Thread)))) {
        KiSchedulePoint(SP_ENTER_REGION, Thread);
    }
}
/* Behind a step that is nothing but the beginning of what comes at a raised IRQL: an APC in front of it and one behind it are the same. */
KI_INLINE VOID
KiNoteClosed(VOID)
{
    KiOpened.Closed = Machine->points;
}
/* In front of a look at what an APC changes, where the steps before are the kernel's own: whether one comes in front of the last of these or behind it is the same. */
KI_INLINE VOID
KiCloseOpenedPoint(PKTHREAD Thread)
{
    if (Machine->explore && KiIsOpened(Thread) && KiIrql() == PASSIVE_LEVEL) {
        KiSchedulePoint(SP_ENTER_REGION, Thread);
    }
}
/* The count of disabled APCs as the version's bugchecks show it: a ULONG in 5.1, two SHORTs since. */
ULONG KiApcDisableCount(PKTHREAD Thread);

/* Undocumented but exported: APCs. */
typedef enum _KAPC_ENVIRONMENT {
    OriginalApcEnvironment,
    AttachedApcEnvironment,
    CurrentApcEnvironment,
    InsertApcEnvironment
} KAPC_ENVIRONMENT;
typedef VOID(NTAPI *PKI_NORMAL_ROUTINE)(PVOID NormalContext, PVOID SystemArgument1,
                                        PVOID SystemArgument2);
typedef VOID(NTAPI *PKI_KERNEL_ROUTINE)(PKAPC Apc, PKI_NORMAL_ROUTINE *NormalRoutine,
                                        PVOID *NormalContext, PVOID *SystemArgument1,
                                        PVOID *SystemArgument2);
typedef VOID(NTAPI *PKI_RUNDOWN_ROUTINE)(PKAPC Apc);
VOID NTAPI KeInitializeApc(PKAPC Apc, PKTHREAD Thread, KAPC_ENVIRONMENT Environment,
                           PKI_KERNEL_ROUTINE KernelRoutine, PKI_RUNDOWN_ROUTINE RundownRoutine,
                           PKI_NORMAL_ROUTINE NormalRoutine, KPROCESSOR_MODE Mode,
                           PVOID NormalContext);
BOOLEAN NTAPI KeInsertQueueApc(PKAPC Apc, PVOID SystemArgument1, PVOID SystemArgument2,
                               KPRIORITY Increment);
BOOLEAN NTAPI KeRemoveQueueApc(PKAPC Apc);
/* As KeInitializeApc for UserMode and the thread's own process, but for a special user APC. */
VOID KiInitializeSpecialUserApc(PKAPC Apc, PKTHREAD Thread, PKI_KERNEL_ROUTINE KernelRoutine,
                                PKI_RUNDOWN_ROUTINE RundownRoutine,
                                PKI_NORMAL_ROUTINE NormalRoutine, PVOID NormalContext);
/* Thread exit: no more APCs can be queued, and what is queued is run down. */
VOID KiRundownApcs(PKTHREAD Thread);

/* KMUTANT as NtCreateMutant makes it (no critical region) and release with abandonment. */
VOID NTAPI KeInitializeMutant(PRKMUTEX Mutant, BOOLEAN InitialOwner);
LONG NTAPI KeReleaseMutant(PRKMUTEX Mutant, KPRIORITY Increment, BOOLEAN Abandoned, BOOLEAN Wait);

/* KQUEUE and keyed/alert waits as nt/ex uses them are the documented KeXxxQueue routines. */

/* Time: 100 ns. KiQueryTime is a query: it moves the asker's own count. */
extern ULONG64 KiBootTime; /* system time at boot */
ULONG64 KiQueryInterruptTime(VOID);
ULONG64 KiQuerySystemTime(VOID);
VOID NTAPI KiQuerySystemTimeService(
    PLARGE_INTEGER CurrentTime); /* a query: a schedule point, and the asker sees time pass */
VOID KiSetSystemTime(LARGE_INTEGER NewTime);

/* Modules, for unwinding and names. nt/mm keeps the list (PsLoadedModuleList). */
typedef struct _KI_MODULE {
    LIST_ENTRY InLoadOrderLinks; /* KLDR_DATA_TABLE_ENTRY's first fields: drivers walk this list */
    PVOID ExceptionTable;
    ULONG ExceptionTableSize;
    PVOID GpValue;
    PVOID NonPagedDebugInfo;
    PVOID DllBase;
    PVOID EntryPoint;
    ULONG SizeOfImage;
    UNICODE_STRING FullDllName;
    UNICODE_STRING BaseDllName;
    ULONG Flags;
    USHORT LoadCount;
    USHORT Reserved;
    PVOID SectionPointer;
    ULONG CheckSum;
    /* ntlab's own */
    struct abi_image Image;
    BOOLEAN UnderTest; /* a driver from the command line */
} KI_MODULE, *PKI_MODULE;
extern LIST_ENTRY PsLoadedModuleList;
PKI_MODULE MiFindModule(const VOID *Address); /* system images; any IRQL */
/* Looks a module up for the unwinder: system images, or the current process's user images. */
PVOID KiLookupImage(ULONG64 ControlPc, PULONG Size);

/* A small formatter for messages: %s %u %x %p, %a an address as "foo.sys!FooRead+0x1c". */
int KiFormatText(char *Buffer, ULONG Size, const char *Format, ...);
int KiFormatTextV(char *Buffer, ULONG Size, const char *Format, va_list Arguments);
/* Ends the run with a verdict (enum abi_verdict); Context: whose stack is shown, NULL: the caller's. */
DECLSPEC_NORETURN VOID KiStop(ULONG Verdict, ULONG Code, struct abi_trap *Trap, PCONTEXT Context,
                              const char *Message);
/* "foo.sys!FooRead+0x1c" */
VOID KiDescribe(const VOID *Address, char *Buffer, ULONG Length);

extern KIPCR *KiProcessor[ABI_MAX_PROCESSORS];
extern ULONG KiProcessorCount;

/* Initialisation, in this order; see nt/ke/startup.c. */
VOID ExInitPools(VOID); /* before anything allocates */
BOOLEAN ObInitSystem(ULONG Phase);
BOOLEAN SeInitSystem(ULONG Phase);
BOOLEAN PsInitSystem(ULONG Phase);
BOOLEAN MmInitSystem(ULONG Phase);
BOOLEAN ExInitSystem(ULONG Phase);
BOOLEAN CmInitSystem(ULONG Phase);
BOOLEAN IoInitSystem(ULONG Phase);

/*
 * The service table: nt/services.tsv names each service, its argument count and number;
 * tools/gen_services.py makes the table, the kernel's Zw stubs and ntdll's stubs from it.
 */

#include "nt/inc/vf.h"

#endif
