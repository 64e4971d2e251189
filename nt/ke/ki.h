/*
 * ki.h - nt/ke's own header: the smallest part of the kernel, on which all else stands.
 *
 * It owns processors, threads' execution, dispatcher objects and waits, IRQL, spin locks, DPCs, APCs,
 * time, traps, system-service entry, bugchecks. It must not know objects, handles, processes' memory or
 * I/O: what it needs of them it calls through nt/inc.
 *
 * One Linux thread, the carrier, runs all virtual processors in turn. It leaves a processor only
 * inside KiSwitchProcessor, which only a schedule point, a spinning lock or an idle processor calls.
 * Therefore kernel data needs no lock between schedule points; raising to DISPATCH_LEVEL keeps the
 * processor's thread from being switched, as on Windows, and that is all that KiLockDispatcher does.
 *
 *   K1  No schedule point is passed while a structure of ours is half changed.
 *   K2  A thread is in exactly one place: running (some Prcb->CurrentThread or NextThread), in one
 *       ready list, waiting, or terminated.
 *   K3  Whatever becomes current on the carrier, Machine->* and gs describe it (KiLoadProcessor).
 *
 * Files: startup, agent (names), schedule (points, processors, ready lists), explore, operation (what the host is
 * told while schedules are explored: of whom, and of what they are about to do), inject (events of the environment), sanitize (callbacks of instrumented code), thread, process, wait,
 * held, sound (the kernel looks at itself), servicetable (numbers and descriptors), event, mutant, semaphore, timer, queue, dpc, apc, region, apcsdisabled.S, suspend, irql, spinlock, time, service,
 * trap, exception, bugcheck, debug, version, entry.S (all that C cannot say).
 */
#ifndef NT_KE_KI_H
#define NT_KE_KI_H

#include "nt/inc/ke.h"
#include "nt/inc/ex.h"
#include "nt/inc/ob.h"
#include "nt/inc/ps.h"
#include "nt/inc/mm.h"
#include "nt/inc/io.h"

/* The frames that every entry from user mode and every trap builds; Windows x64 layout. */
typedef struct _KTRAP_FRAME {
    ULONG64 P1Home, P2Home, P3Home, P4Home, P5; /* 0x00 */
    KPROCESSOR_MODE PreviousMode;               /* 0x28 */
    KIRQL PreviousIrql;                         /* 0x29 */
    UCHAR FaultIndicator;                       /* 0x2a */
    UCHAR ExceptionActive;                      /* 0x2b 0 interrupt, 1 exception, 2 service */
    ULONG MxCsr;                                /* 0x2c */
    ULONG64 Rax, Rcx, Rdx, R8, R9, R10, R11;    /* 0x30 */
    ULONG64 GsBase;                             /* 0x68 */
    M128A Xmm0, Xmm1, Xmm2, Xmm3, Xmm4, Xmm5;   /* 0x70 */
    ULONG64 FaultAddress;                       /* 0xd0 */
    ULONG64 Dr0, Dr1, Dr2, Dr3, Dr6, Dr7;       /* 0xd8 */
    ULONG64 DebugControl, LastBranchToRip, LastBranchFromRip, LastExceptionToRip,
        LastExceptionFromRip;
    USHORT SegDs, SegEs, SegFs, SegGs; /* 0x130 */
    ULONG64 TrapFrame;                 /* 0x138 */
    ULONG64 Rbx, Rdi, Rsi, Rbp;        /* 0x140 */
    ULONG64 ErrorCode;                 /* 0x160 */
    ULONG64 Rip;                       /* 0x168 */
    USHORT SegCs;                      /* 0x170 */
    UCHAR Fill0[6];
    ULONG EFlags; /* 0x178 */
    ULONG Fill1;
    ULONG64 Rsp;  /* 0x180 */
    USHORT SegSs; /* 0x188 */
    USHORT Fill2;
    ULONG Fill3;
} KTRAP_FRAME, *PKTRAP_FRAME;
C_ASSERT(FIELD_OFFSET(KTRAP_FRAME, Rip) == 0x168);
C_ASSERT(FIELD_OFFSET(KTRAP_FRAME, Rbx) == 0x140);
C_ASSERT(sizeof(KTRAP_FRAME) == 0x190);

/* The trap frame with the registers that a C function preserves, below it. entry.S knows the offsets. */
typedef struct _KI_FRAME {
    ULONG64 R12, R13, R14, R15; /* 0x00 */
    M128A Xmm[10];              /* 0x20 xmm6..xmm15 */
    ULONG64 Vector;       /* 0xc0 XSAVE area of the upper vector halves on this stack, 0 none */
    struct abi_trap *Raw; /* 0xc8 what the host reported, NULL for a system service */
    KTRAP_FRAME Trap;     /* 0xd0 */
} KI_FRAME, *PKI_FRAME;
C_ASSERT(FIELD_OFFSET(KI_FRAME, Trap) == 0xd0);
C_ASSERT(sizeof(KI_FRAME) == 0x260);

#define KI_FRAME_OF(TrapFrame) CONTAINING_RECORD(TrapFrame, KI_FRAME, Trap)

#define KI_STACK_SIZE   0x6000 /* kernel stack of a thread: 24 KiB, as on x64 */
#define KI_GUARD_SIZE   0x4000
#define KI_DPC_TARGET   0x800  /* KDPC.Number from here on: a target processor */
#define KI_DPC_OF_TIMER 0x4000 /* KDPC.Number, while queued: a timer queued it */
#define KI_DPC_BY_ITSELF                                                                           \
    0x8000 /* KDPC.Number, while queued: that timer's expiry, or what followed from one, did */
#define KI_DPC_WHY     (KI_DPC_OF_TIMER | KI_DPC_BY_ITSELF)
#define KI_DPC_TIME    0x1000 /* KDPC.Number, exploring: times that it has been queued, modulo 4, */
#define KI_DPC_TIMES   0x3000 /* in these bits */
#define KI_FAULT_STACK 0x8000 /* double-fault stack of a processor */

/* entry.S */
VOID KiSwapContext(PKTHREAD Old, PKTHREAD New, PVOID *OldStack, PVOID NewStack);
VOID KiSwapStack(PVOID *SaveRsp, PVOID NewRsp);
VOID KiThreadStartup(VOID);
DECLSPEC_NORETURN VOID KiReturnToUser(PKI_FRAME Frame); /* frame at the base of the current stack */
DECLSPEC_NORETURN VOID KiReturnToKernel(PKI_FRAME Frame);
DECLSPEC_NORETURN VOID KiSwitchStackAndCall(PVOID Stack, VOID (*Routine)(PVOID), PVOID Argument);
VOID KiCallOnStack(PVOID Stack, VOID (*Routine)(PVOID), PVOID Argument);
VOID KiTrapEntry(VOID);
VOID KiSystemCall64(VOID);
extern UCHAR KiSystemServiceCopyStart[], KiSystemServiceCopyEnd[], KiSystemServiceExit[];
extern UCHAR KiSystemServiceCopyStartObserved[], KiSystemServiceCopyEndObserved[],
    KiSystemServiceExitObserved[];

/* servicetable.c; entry.S knows the layout. */
typedef struct _KSERVICE_TABLE_DESCRIPTOR {
    PLONG Base; /* of each service: offset from Base << 4 | number of stack arguments */
    PULONG Count;
    ULONG Limit; /* 0x10 */
    PUCHAR Number;
} KSERVICE_TABLE_DESCRIPTOR, *PKSERVICE_TABLE_DESCRIPTOR;
C_ASSERT(sizeof(KSERVICE_TABLE_DESCRIPTOR) == 0x20);
C_ASSERT(FIELD_OFFSET(KSERVICE_TABLE_DESCRIPTOR, Limit) == 0x10);
C_ASSERT(FIELD_OFFSET(KPROCESS, InstrumentationCallback) == 0x58);
C_ASSERT(FIELD_OFFSET(KTHREAD, ThreadFlags) == 0x78);
#define KI_SERVICES   0x200
#define KI_GUI_THREAD 0x40 /* KTHREAD.ThreadFlags */
extern LONG KiServiceTable[KI_SERVICES];
extern KSERVICE_TABLE_DESCRIPTOR KeServiceDescriptorTable[2], KeServiceDescriptorTableShadow[2];
VOID KiInitializeServices(VOID);
/* The routine of a number, and how many of its arguments are on the stack; NULL: there is none. */
PVOID KiFindService(ULONG Number, PULONG StackArguments);

/* schedule.c */
VOID KiReadyThread(PKTHREAD Thread);
VOID KiMoveReady(PKTHREAD Thread); /* one that is ready, to where it may run */
LONG_PTR KiSwapThread(
    VOID); /* the current thread's state is no longer Running; returns its WaitStatus */
VOID KiIdleLoop(VOID);
VOID KiFinishSwap(VOID);         /* first thing on the stack that was switched to */
VOID KiLoadProcessor(ULONG Cpu); /* K3 */
BOOLEAN KiHasOtherWork(PKPRCB Prcb);
KI_INLINE BOOLEAN
KiHasWork(PKPRCB Prcb)
{
    return Prcb->CurrentThread != Prcb->IdleThread || KiHasOtherWork(Prcb);
}
extern ULONG64 KiBusy;
/* The processors whose queues of DPCs need be looked through. */
KI_INLINE ULONG64
KiMayHaveDpcs(VOID)
{
    return Machine->explore ? KiBusy : ~0ull >> (64 - KiProcessorCount);
}
/* The processors that have work: from `Self` on, round and round. */
typedef struct _KI_BUSY_WALK {
    ULONG64 Set, Lower;
} KI_BUSY_WALK;
KI_INLINE KI_BUSY_WALK
KiWalkBusy(ULONG Self)
{
    ULONG64 Below = (1ull << Self) - 1;

    return (KI_BUSY_WALK){KiBusy & ~Below, KiBusy & Below};
}

KI_INLINE BOOLEAN
KiNextBusy(KI_BUSY_WALK *Walk, PULONG Cpu)
{
    for (; (Walk->Set | Walk->Lower) != 0; KiBusy &= ~(1ull << *Cpu)) {
        if (Walk->Set == 0) {
            Walk->Set = Walk->Lower;
            Walk->Lower = 0;
        }
        *Cpu = (ULONG)__builtin_ctzll(Walk->Set);
        Walk->Set &= Walk->Set - 1;
        if (KiHasWork(&KiProcessor[*Cpu]->Prcb)) {
            return TRUE;
        }
    }
    return FALSE;
}
VOID KiNoteBusy(ULONG Cpu); /* it has something to do now */
VOID KiSwitchProcessor(ULONG Cpu);
ULONG KiNextCpu(ULONG Cpu); /* round and round */
/* Software interrupts of this processor, as far as Irql lets them in. Called at Irql. */
VOID KiCheckInterrupts(KIRQL Irql);
VOID KiTakeInterrupts(KIRQL Irql); /* the same, but for the step that KiCheckKernelApcs makes */
VOID KiSpin(volatile VOID *Lock, ULONG Mask); /* lets others run until (*Lock & Mask) may be 0 */
VOID KiYield(ULONG Operation);
BOOLEAN KiRequeue(VOID); /* gives way to a ready thread of the same priority */
VOID KiSetPriority(PKTHREAD Thread, SCHAR Priority);

/* Each point of a run that is not searched is told: Machine->record. */
#define KI_EACH_STEP (ABI_RECORD_STEPS | ABI_RECORD_CHECK)

/* sound.c: ends the run if a structure of the dispatcher's is not whole; at a schedule point only. */
typedef struct _KI_SOUND {
    const char *What; /* is wrong; NULL: nothing */
    const volatile VOID *Object;
    BOOLEAN LeftTooOften; /* a region, by some thread */
    ULONG64 NextOthers;   /* the point at which the other components are looked at */
    UCHAR Stack[0x10000] __attribute__((aligned(16)));
} KI_SOUND;
extern KI_SOUND KiSound;
VOID KiCheckSound(VOID);

/* record.c */
typedef struct _KI_RECORDING {
    CONTEXT Context;
    ULONG_PTR Low, High;
    ULONG64 Site, Callee, Outer;
    LONG64 Budget; /* of a run: what Machine->budget would be (V2) */
    UCHAR Stack[0x4000] __attribute__((aligned(16)));
} KI_RECORDING, *PKI_RECORDING;
extern KI_RECORDING KiRecording;
ULONG64 KiHashWords(ULONG64 Hash, const ULONG64 *Words, const ULONG64 *End);
ULONG64 KiHashStacks(VOID);
VOID KiRecordStep(ULONG Operation, const volatile VOID *Object, PKI_WOULD_WAIT WouldWait,
                  ULONG_PTR Context);
VOID KiHideBudget(VOID);     /* V2: from now on each point is slow */
VOID KiShowBudget(VOID);     /* until now */
BOOLEAN KiSpendBudget(VOID); /* at a point: it would have been passed */

/* point.c: where an access to memory is about to be done; PendingContext where there is no PendingWait. */
typedef struct _KI_POINT {
    ULONG Size;
    ULONG What; /* enum abi_point; 0: instrumented code */
    struct abi_trap *Registers;
    ULONG64 Site; /* the code that does it; 0: not known */
    BOOLEAN Plain;
    const volatile VOID *Changes; /* beside it: userlock.c; NULL: nothing */
} KI_POINT, *PKI_POINT;
VOID KiAccessPoint(ULONG Operation, const volatile VOID *Address, ULONG64 Size, PVOID Site,
                   BOOLEAN Plain);
VOID KiComparePoint(const volatile VOID *Address, ULONG64 Size, ULONG64 Expected, PVOID Site);
VOID KiPlainPoint(ULONG Operation, const volatile VOID *Address, ULONG64 Size, PVOID Site,
                  ULONG Which);
/* copy.c */
PVOID KiCopyInPieces(PVOID Target, const VOID *Source, SIZE_T Size, PVOID Site,
                     BOOLEAN Instrumented);
PVOID KiFillInPieces(PVOID Target, int Fill, SIZE_T Size, PVOID Site, BOOLEAN Instrumented);
VOID KiLockStep(const volatile VOID *Word, ULONG Step); /* userlock.c: enum abi_lock_step */
VOID KiCodePoint(ULONG64 Address, ULONG What, struct abi_trap *Registers);

/* explore.c */
BOOLEAN KiAskExplorer(BOOLEAN AskerCanStep);

/* operation.c */
#define KI_QUEUE_ORDER 1 /* explore.c, E13 */
#define KI_QUEUE_FIRST 2
VOID KiSetPending(ULONG Operation, const volatile VOID *Object, PKI_WOULD_WAIT WouldWait,
                  ULONG_PTR Context);
VOID KiSetPendingNone(VOID); /* it goes on */
BOOLEAN KiPasses(ULONG Operation, const volatile VOID *Object, PKI_WOULD_WAIT WouldWait,
                 ULONG_PTR Context);
BOOLEAN KiDescribeAgent(ULONG Cpu, struct abi_agent *Agent); /* FALSE: nobody would step there */
VOID KiAddObject(struct abi_agent *Agent, const volatile VOID *Object, ULONG64 Flags);
VOID KiAddQueueOf(PKDPC Dpc, ULONG Changes, struct abi_agent *Agent);

/* few.c: explore --cpus */
#define KI_AGENT_PROCESSORS 63 /* with so many each thread that is explored has one of its own */
#define KI_MAX_DISPLACED    64
typedef struct _KI_DISPLACED {
    PKTHREAD Thread; /* NULL: free */
    ULONG Operation;
    const volatile VOID *Object;
    PKI_WOULD_WAIT WouldWait;
    ULONG_PTR Context;
    PVOID Block;
    KIRQL Irql;
    BOOLEAN Chosen;
} KI_DISPLACED, *PKI_DISPLACED;
#define KI_TICK_100NS 156250ull /* what GetTickCount counts */
extern BOOLEAN KiFewProcessors;
extern KI_DISPLACED KiDisplaced[KI_MAX_DISPLACED];
extern ULONG KiLastPlace;
extern ULONG64 KiDpcDemands;
PKI_DISPLACED KiDisplacedOf(PKTHREAD Thread); /* NULL: it has its processor, or none of its own */
VOID KiDescribeDisplaced(PKI_DISPLACED Place, struct abi_agent *Agent); /* operation.c */
BOOLEAN KiGiveWay(ULONG Operation, const volatile VOID *Object, PKI_WOULD_WAIT WouldWait,
                  ULONG_PTR Context);
ULONG KiCountDisplaced(ULONG Operation, const volatile VOID *Object);
ULONG KiDescribeReady(struct abi_agent *Agents, ULONG Count);
const struct abi_agent *KiTakePlace(const struct abi_agent *Agents, ULONG Count,
                                    const struct abi_agent *Chosen);
VOID KiPlaceThread(PKTHREAD Thread, ULONG Cpu); /* schedule.c: out of its ready list */
ULONG KiDpcName(PKDPC Dpc);                     /* as an agent */
ULONG KiTargetOfDpc(PKDPC Dpc); /* the number of the processor that it must run on, or: */
#define KI_NO_TARGET MAXULONG

/* inject.c */
#define KI_NEVER   0 /* KPRCB.MaySuspend: no agent for it */
#define KI_NOT_NOW 1
#define KI_NOW     2
#define KI_HELD_UP 1 /* KTHREAD.HeldUp */
#define KI_GOES_ON 2
enum { KiSuspensionNone, KiSuspensionHeld, KiSuspensionProbed, KiSuspensionOver };
/* A call of the kernel by a driver. */
typedef struct _KI_CALL {
    ULONG64 Routine; /* of ours */
    ULONG64 Caller;  /* a return address; 0: no driver is on the stack */
} KI_CALL;

/* environment.c: an event other than a suspension. */
typedef struct _KI_EVENT {
    BOOLEAN Happened; /* J1 */
    BOOLEAN Busy;     /* its thread is about it */
    PKTHREAD Thread;  /* that waits for it; NULL: it needs none */
    PKTHREAD Target;  /* whom it befalls; NULL: nobody */
    KEVENT Wake, Done;
} KI_EVENT, *PKI_EVENT;

typedef struct _KI_INJECTION {
    ULONG Allowed; /* enum abi_inject */
    ULONG Left;    /* events that may still happen in this run */
    BOOLEAN Joint; /* fewer than kinds: which one it is is one thing that is decided, J1 */
    ULONG State;   /* of the suspension */
    PKTHREAD Thread;
    ULONG Operation; /* that it was about to do */
    const volatile VOID *Object;
    BOOLEAN Reported; /* the report has been written, while it was suspended */
    ULONG HeldUpCount;
    struct abi_held_up HeldUp[ABI_HELD_UP];
    KI_CALL First;        /* the last call by which it let anybody go on */
    KI_CALL OwnPoint;     /* inside which call it came to a schedule point last */
    PKTHREAD PointThread; /* and who else did */
    KI_CALL Point;
    KI_EVENT Cancel, Unload, Terminate;
    KI_EVENT Fail;      /* an allocation of its target's */
    KI_EVENT WriteBack; /* of changed data: a timer expires before anything waits for it */
    PKTHREAD Spared;    /* none of whose fails, N6 */
    BOOLEAN Clients;    /* have been started, and are not yet over */
    BOOLEAN SeesPlain;  /* plain accesses of a driver are schedule points */
} KI_INJECTION;
extern KI_INJECTION KiInjection;

/* window.c */
extern ULONG64 KiWindowMissing; /* clients that have not arrived */
extern KEVENT KiWindowOpens;
BOOLEAN KiOnlyKernelIsLeft(VOID); /* schedule.c */
ULONG KiChooseUnheard(const struct abi_agent *Agents, ULONG Count);

/* visit.c */
/* I1. 0: the kernel's, or in no image. */
KI_INLINE ULONG64
KiImageOf(const volatile VOID *Address)
{
    ULONG64 Offset = (ULONG64)Address - ABI_IMAGE_BASE;

    return Offset < ABI_IMAGE_WINDOW || Offset >= ABI_IMAGE_WINDOWS * ABI_IMAGE_WINDOW
               ? 0
               : (ULONG64)Address & ~(ABI_IMAGE_WINDOW - 1);
}
PVOID KiImageOfThread(PKTHREAD Thread);
VOID KiThreadHasLeft(PKTHREAD Thread);

/* environment.c */
VOID KiStartEnvironment(ULONG Events);
ULONG KiDescribeEvents(struct abi_agent *Agents, ULONG Count, ULONG Threads);
BOOLEAN KiStartEvent(const struct abi_agent *Agent); /* FALSE: it is none of those */
BOOLEAN KiIsEnvironment(PKTHREAD Thread);

BOOLEAN KiIsPlainUser(PKTHREAD Thread); /* of an unprivileged process */
VOID KiInjectArrived(ULONG Operation, const volatile VOID *Object);
ULONG64 KiEventObject(PVOID Own); /* J1 */
ULONG KiDescribeInjections(struct abi_agent *Agents, ULONG Count);
VOID KiInject(const struct abi_agent *Agent);
BOOLEAN KiProbeSuspension(VOID);
VOID KiInjectWoken(PKTHREAD Thread, LONG_PTR Status);
VOID KiInjectWentOn(PKTHREAD Thread);
BOOLEAN KiWouldStaySuspended(const volatile VOID *Object, ULONG_PTR Context);

/* suspend.c: one reason more, or less, to stand still. DISPATCH_LEVEL. */
VOID KiHoldAgain(PKTHREAD Thread);
VOID KiLetGoAgain(PKTHREAD Thread);

/* report.c */
VOID KiReportSuspended(PKTHREAD Thread);

/* poll.c */
/* The caller's registers, or NULL: not exploring, or the kernel itself. */
struct abi_trap *KiPoller(struct abi_trap *Registers, BOOLEAN Sleeps);
VOID KiLookPoint(const volatile VOID *Object); /* SP_READ_STATE of a dispatcher object */

/* wait.c */
/* What a thread is about to wait for, while schedules are explored. */
typedef struct _KI_PENDING_WAIT {
    PVOID *Objects;
    ULONG Count;
    WAIT_TYPE Type;
    KPROCESSOR_MODE Mode;
    BOOLEAN Alertable;
    PKTHREAD Thread;
    BOOLEAN Timed;              /* its time-out may come now */
    BOOLEAN Withheld;           /* not while others can go on: timeout.c */
    ULONG State;                /* from here on while schedules are explored */
    PKI_TIMED_PLACE Place;      /* NULL: its time-outs are not counted */
    ULONG64 Length;             /* 100 ns; 0: it ends at once */
    struct abi_trap *Registers; /* of who does it, where it ends by itself; NULL: not known */
} KI_PENDING_WAIT, *PKI_PENDING_WAIT;

/* timeout.c */
/* Of a wait that is about to begin; NULL: without a time-out. Registers: room for those of who waits, as long as Wait is used. */
VOID KiPrepareTimeOut(PKI_PENDING_WAIT Wait, PLARGE_INTEGER Timeout, struct abi_trap *Registers);
VOID KiNoteTimeOut(PKI_PENDING_WAIT Wait);    /* while schedules are explored */
PKI_PENDING_WAIT KiWithheldWait(PKPRCB Prcb); /* NULL: who runs there stands at none */
ULONG64 KiDueOf(PKI_PENDING_WAIT Wait);       /* 100 ns, by its own thread's time */

BOOLEAN KiWouldBlock(const volatile VOID *Object,
                     ULONG_PTR Context); /* Context: PKI_PENDING_WAIT */
VOID KiWaitTest(DISPATCHER_HEADER *Object, KPRIORITY Increment);
VOID KiUnwaitThread(PKTHREAD Thread, LONG_PTR Status, KPRIORITY Increment);
VOID KiExitDispatcher(KIRQL OldIrql);
NTSTATUS KiTestPending(PKTHREAD Thread, KPROCESSOR_MODE Mode,
                       BOOLEAN Alertable); /* APC or alert there already */
KIRQL KiLockDispatcherToWait(ULONG Operation, const volatile VOID *Object, PKI_WOULD_WAIT WouldWait,
                             ULONG_PTR Context);
BOOLEAN KiWaitEnds(PKI_PENDING_WAIT Wait);    /* an alert or a user APC ends it before it begins */
BOOLEAN KiIsSatisfied(PKI_PENDING_WAIT Wait); /* it would not have to wait for its objects */
BOOLEAN KiIsQueueEmpty(PKQUEUE Queue);        /* queue.c */
BOOLEAN KiQueueWouldBlock(const volatile VOID *Queue, ULONG_PTR Context); /* as KiWouldBlock */
VOID KiQueueThreadWaits(PKQUEUE Queue); /* queue.c: a thread of its pool is about to wait */

/* held.c */
VOID KiCheckHeldLocks(PKTHREAD Thread); /* at thread exit */

/* left.c */
#define KI_QUEUED_BITS 6
typedef struct _KI_QUEUED {
    const volatile VOID *Object;
    PVOID Caller;
    ULONG Thread;
} KI_QUEUED, *PKI_QUEUED;
extern KI_QUEUED KiQueued[1 << KI_QUEUED_BITS];

/* made.c */
#define KI_MADE_BITS 12
typedef struct _KI_MADE {
    const volatile VOID *Object; /* NULL: free */
    PVOID Caller;
    const char *What;
} KI_MADE, *PKI_MADE;
extern KI_MADE KiMade[1 << KI_MADE_BITS];

/* notify.c */
typedef struct _KI_NOTIFY {
    LIST_ENTRY Links;
    PVOID Routine;
    PVOID Context;
} KI_NOTIFY, *PKI_NOTIFY;
extern LIST_ENTRY KiProcessorCallbacks, KiNmiCallbacks;

/* timer.c */
#define KI_THREAD_TIMER ((PKDPC)1) /* KTIMER.Dpc of a thread's own timer: its wait times out */
VOID KiInsertTimer(PKTIMER Timer, LARGE_INTEGER Due, LONG Period);
BOOLEAN KiRemoveTimer(PKTIMER Timer);
BOOLEAN KiNextTimer(PULONG64 Due);
VOID KiAdvanceClock(ULONG64 Time); /* expires what is due; DISPATCH_LEVEL */
BOOLEAN KiIsTooLate(ULONG64 Time);
VOID KiFireTimer(PKTIMER Timer); /* exploring: it expires now; DISPATCH_LEVEL */
#define KI_TIMER_WRITER                                                                            \
    0x80 /* KTIMER.Processor: KiArmTimer has set it; only ABI_INJECT_WRITEBACK lets it expire early */
#define KI_TIMER_SEEN 0x100 /* KTIMER.Processor, while exploring: set meanwhile; + expiries */
VOID KiPollHostClock(VOID);
VOID KiUpdateSharedTime(VOID); /* time.c: KUSER_SHARED_DATA and KeTickCount follow */

/* dpc.c */
VOID KiRetireDpcs(PKPRCB Prcb); /* at DISPATCH_LEVEL */
BOOLEAN KiInsertDpc(PKDPC Dpc, PVOID Argument1, PVOID Argument2, BOOLEAN Raised);
BOOLEAN KiRemoveDpc(PKDPC Dpc);
VOID KiRunChosenDpc(PKPRCB Prcb); /* exploring */
BOOLEAN KiAreDpcsLeft(const volatile VOID *Object, ULONG_PTR Unused);
/* Of a thread that moves to the processor `Context`. */
BOOLEAN KiRunsDpc(const volatile VOID *Thread, ULONG_PTR Context);
BOOLEAN KiHasDpcs(PKPRCB Prcb); /* one waits to run here, or does */

/* apc.c */
#define KI_SPECIAL_USER_APC 1                                /* KAPC.SpareByte0 */
BOOLEAN KiDeliverApc(KPROCESSOR_MODE Mode, PKI_FRAME Frame); /* TRUE: Frame leads to a user APC */
BOOLEAN KiDeliverUserApcs(PKI_FRAME Frame); /* on the way out to user mode; the same */
VOID KiDeliverKernelApcs(
    VOID); /* at PASSIVE_LEVEL, of a thread that is not idle; KiCheckKernelApcs but for the step */
#define KI_APCS_DISABLED_SIZE 32
BOOLEAN NTAPI KiAreApcsDisabled51(VOID); /* apcsdisabled.S */
VOID KiSelectApcsDisabled(VOID);         /* region.c, at boot: which body KeAreApcsDisabled has */
BOOLEAN KiInsertApcLocked(PKAPC Apc, KPRIORITY Increment);
BOOLEAN KiPendingApcWaits(PKTHREAD Thread);
KI_INLINE BOOLEAN
KiKernelApcWaits(PKTHREAD Thread) /* one would be delivered at PASSIVE_LEVEL */
{
    return Thread->ApcState.KernelApcPending && KiPendingApcWaits(Thread);
}
VOID KiInitializeApcState(PKTHREAD Thread, PKPROCESS Process);
VOID KiSuspendInit(PKTHREAD Thread);

/* trap.c, exception.c */
VOID KiTrapDispatch(struct abi_trap *Raw, PKI_FRAME Frame);
VOID KiDispatchException(PEXCEPTION_RECORD Record, PKI_FRAME Frame, KPROCESSOR_MODE Mode,
                         BOOLEAN First);
VOID KiContextFromFrame(PKI_FRAME Frame, PCONTEXT Context);
VOID KiContextToFrame(PKI_FRAME Frame, PCONTEXT Context, KPROCESSOR_MODE Mode);
VOID KiInitializeUserApc(PKI_FRAME Frame, PKI_NORMAL_ROUTINE Routine, PVOID Context,
                         PVOID Argument1, PVOID Argument2, BOOLEAN TestAlert);
VOID KiPrepareUserReturn(PKI_FRAME Frame);
VOID KiInstrument(PKI_FRAME Frame);
BOOLEAN KiConvertToGuiThread(VOID);
VOID KiServiceFromTrap(PKI_FRAME Frame);
DECLSPEC_NORETURN VOID KiSyscallInKernelMode(PVOID Return);
VOID KiDebugPrintUser(struct abi_trap *Raw, PKI_FRAME Frame); /* debug.c */
VOID KiDebugService(struct abi_trap *Raw, BOOLEAN Service);   /* debug.c: --kd */

/* report.c */
VOID KiReportException(PEXCEPTION_RECORD Record); /* that nobody took */

/* bugcheck.c */
DECLSPEC_NORETURN VOID KiBugCheck(ULONG Code, ULONG_PTR P1, ULONG_PTR P2, ULONG_PTR P3,
                                  ULONG_PTR P4, struct abi_trap *Trap, PCONTEXT Context,
                                  const char *Message);
DECLSPEC_NORETURN VOID KiStopReported(struct abi_stop *Why); /* the report is written */

extern LIST_ENTRY KiTimerListHead;
extern ULONG64 KiBootTime; /* system time at boot */
extern ULONG64 KiVirtualLimit;
extern BOOLEAN KiTimersOver; /* timer.c, T7 */
extern PKPRCB KiEnding;      /* visit.c, I5: where the run's end waits */
BOOLEAN KiOthersGoOn(const volatile VOID *Object, ULONG_PTR Context);
ULONG64 KiLastMove(VOID); /* endless.c */
KI_INLINE VOID
KiNoteMove(PKTHREAD Thread)
{
    Thread->MovedAt = Machine->time_100ns;
}
extern ULONG KiTimePassers; /* explore.c, E10: who could do nothing but let time pass */
extern BOOLEAN KiTimeIsChosen;
extern ULONG64 KiChosenTime; /* 100 ns: has passed so */
extern BOOLEAN KiHostClock;
extern BOOLEAN KiDebuggerAttached;
extern USHORT NtBuildNumberValue;
extern KAFFINITY KeActiveProcessors;
extern volatile KSYSTEM_TIME KeTickCount;
#ifndef SYSTEM_SERVICE_EXCEPTION
#define SYSTEM_SERVICE_EXCEPTION 0x3B
#endif
KAFFINITY NTAPI KeSetAffinityThread(PKTHREAD Thread, KAFFINITY Affinity);
BOOLEAN NTAPI KeTestAlertThread(KPROCESSOR_MODE Mode);
NTSTATUS NTAPI KeExpandKernelStackAndCalloutEx(PEXPAND_STACK_CALLOUT Callout, PVOID Parameter,
                                               SIZE_T Size, BOOLEAN Wait, PVOID Context);
extern KAGENT KiSystemAgent; /* the root of all names */
extern ULONG64 KiSlotBitmap[ABI_STACK_SLOTS / 64];
#define KI_AGENTS (5 * ABI_MAX_PROCESSORS)
/* Objects in blocks of pool that a question was about, and those (explore.c, E7). */
typedef struct _KI_BLOCK {
    const volatile VOID *Object;
    PVOID Block;
} KI_BLOCK;
extern KI_BLOCK KiBlocks[64];
extern struct abi_agent KiAgents[KI_AGENTS]; /* KiAsk's question */
extern struct abi_object KiAgentObjects[ABI_MAX_PROCESSORS][MAXIMUM_WAIT_OBJECTS + 4];
extern ULONG KiStamp;       /* of the last struct abi_agent that got one */
extern ULONG KiDpcs;        /* an address: all DPCs that are queued or run, as an object */
extern ULONG64 KiTargets;   /* dpc.c, D4: processors that some DPC has for its target */
extern LIST_ENTRY KiClaims; /* claim.c */
extern ULONG KiLonelySlices;
extern ULONG KiHostClockSlices;
extern ULONG KiTimeIncrement;
extern EPROCESS KiIdleEprocess;
#define KiIdleProcess (KiIdleEprocess.Pcb)
extern volatile LONG KiBugCheckActive;
extern struct abi_stop KiFirstStop;
extern LIST_ENTRY KiBugCheckCallbacks, KiBugCheckReasonCallbacks;
extern ETHREAD KiIdleThreads[ABI_MAX_PROCESSORS];
extern struct abi_boot KiBoot;

#endif
