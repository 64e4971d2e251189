/*
 * vfp.h - the verifier's private header.
 *
 * When a driver of the command line is loaded while the verifier is on, each of its imports from the kernel that stands
 * in a table is bound to a stub, which comes to VfBefore with the arguments, and, where somebody asks for it, to VfAfter
 * with the result. When the kernel calls a routine of such a driver, it does so through VfCallRoutine. All rules hang on
 * these two; the core knows nothing of them.
 *
 *     rules.tsv, irql.table   the rules; which IRQL the documentation allows for each export
 *     enter.S                 from a stub to the real routine
 *     bind.c                  stubs into import tables; hooks of the families onto exports
 *     config.c                which rules are on, as the command line says
 *     violate.c               a violation becomes a finding
 *     callout.c               what holds around each call of a driver's routine
 *     irql.c                  IRQL limits
 *     region.c                APCs and regions
 *     lock.c order.c          locks: who holds them, in which order they are acquired
 *     irp.c irpown.c          requests that a driver gets; requests of its own, remove locks
 *     paging.c                what is pageable is out while the IRQL is raised
 *     pool.c memory.c         special pool; what is given to user mode, MDLs, stacks
 *     usage.c lowmem.c        routines not to call; allocations that fail
 *     user.c                  memory of user mode
 *     abuse.c                 what a program may not choose: names to open, processes to open and to end
 *     hardware.c              nor that: ports, registers, physical memory, addresses of the kernel
 *     stack.c                 copies over the end of a frame
 *     filter.c                minifilters: callbacks, what they have from the filter manager
 *     type.c                  objects of another type than they are used as
 *     handle.c unload.c       handles and references; what is left at unload
 *     set.c                   sets of addresses
 *     sound.c                 for the tests: do the tables agree
 *
 *   V1  A hook passes no schedule point, waits for nothing and asks the host for no memory: with the verifier or without
 *       it, the same schedules exist.
 *   V2  What a hook remembers lies in tables of fixed size (vfdata.c) that are keyed by addresses. A table that is full
 *       takes no more: a violation may then be missed, none is made up.
 *   V3  A violation of a rule of severity `error` ends the run where it happens. Others are told once for each place.
 *   V4  A driver's memory is looked at only where the real routine is about to use it as well.
 */
#ifndef NT_VF_VFP_H
#define NT_VF_VFP_H

#include "nt/inc/ke.h"
#include "nt/inc/ex.h"
#include "nt/inc/ob.h"
#include "nt/inc/ps.h"
#include "nt/inc/mm.h"
#include "nt/inc/io.h"
#include "nt/inc/rtl.h"
#include "nt/inc/vf.h"

typedef enum _VF_RULE_ID {
    VfRuleNone,
#define VF_RULES(Name, Severity) VfRule##Name,
#include "vfrules.h"
#undef VF_RULES
    VfRuleCount
} VF_RULE_ID;

enum { VF_OFF, VF_NOTE, VF_WARNING, VF_ERROR };

/* The arguments of a call, as enter.S lays them out: in memory that belongs to the call. */
typedef struct _VF_FRAME {
    PVOID Caller;
    ULONG64 Arg[16]; /* as many as the routine has */
} VF_FRAME, *PVF_FRAME;

struct _VF_ENTRY;
typedef VOID (*PVF_BEFORE)(PVF_FRAME Frame);
typedef ULONG64 (*PVF_AFTER)(PVF_FRAME Frame, ULONG64 Result); /* the result that the driver gets */

/* A family's interest in an export. */
typedef struct _VF_HOOK_ROW {
    const char *Name;
    PVF_BEFORE Before;
    PVF_AFTER After;
} VF_HOOK_ROW;
#define VF_HOOK(Name, Before, After) {#Name, Before, After}

#define VF_CHAIN 6
typedef struct _VF_ENTRY {
    PVOID Real;      /* enter.S: 0 */
    ULONG64 Wrapped; /* enter.S: 8; an After hook wants the result */
    PVF_BEFORE Before[VF_CHAIN];
    PVF_AFTER After[VF_CHAIN];
    const char *Name;
    USHORT Rule;
    UCHAR Low, High; /* IRQL */
} VF_ENTRY, *PVF_ENTRY;
C_ASSERT(FIELD_OFFSET(VF_ENTRY, Wrapped) == 8);

/* A call of a driver's routine that has not returned. */
typedef struct _VF_CALLOUT {
    struct _VF_CALLOUT *Outer;
    VF_KIND Kind;
    const VOID *Routine;
    ULONG64 Arg[4];
    ULONG64 Result;
    KIRQL Irql, CallIrql; /* at its call; when it last called an export */
    BOOLEAN Completed;    /* VfDispatch: the routine has completed its IRP */
    BOOLEAN Forwarded;    /* or sent it on */
    BOOLEAN Marked;       /* and it was marked pending then; VfCompletion: PendingReturned */
    UCHAR Major, Minor;
    CHAR Location; /* Irp->CurrentLocation at the call */
    PIO_STACK_LOCATION Stack;
    NTSTATUS LowerStatus, CompletedStatus;
    PVOID UpperRoutine;      /* VfDispatch: the completion routine of the driver above */
    PFILE_OBJECT FileObject; /* VfDispatch */
    BOOLEAN Signaled;        /* VfCompletion: it has called KeSetEvent */
    ULONG Generation;        /* of its VF_IRP */
    LONG RemoveLocks;        /* acquired and not released */
    const VOID *RemoveCaller;
    const VOID *CompletionEx; /* IoSetCompletionRoutineEx was called there and succeeded */
    BOOLEAN ExFailed;         /* or failed */
    SHORT KernelApcDisable, SpecialApcDisable;
    ULONG RegionDepth;
    ULONG HeldCount;
} VF_CALLOUT, *PVF_CALLOUT;

/*
 * A set of addresses with one word each (V2). Value 0: not in it.
 */
#define VF_SET_SIZE 1024
typedef struct _VF_SET {
    ULONG Count;
    ULONG64 Key[VF_SET_SIZE];
    ULONG64 Value[VF_SET_SIZE];
} VF_SET, *PVF_SET;
ULONG64 VfSetFind(PVF_SET Set, ULONG64 Key);
VOID VfSetPut(PVF_SET Set, ULONG64 Key, ULONG64 Value);
VOID VfSetRemove(PVF_SET Set, ULONG64 Key);

/* nt/ob/type.c, nt/ob/close.c: pass no schedule point */
POBJECT_TYPE NTAPI ObGetObjectType(PVOID Object);
BOOLEAN ObpIsKernelHandleOpen(HANDLE Handle);

/* bind.c */
VOID VfBind(PKI_MODULE Module);
BOOLEAN VfIsVerified(const VOID *Address); /* of a driver whose imports are bound to stubs */
VOID VfAddHooks(const VF_HOOK_ROW *Rows, ULONG Count);
#define VF_ADD_HOOKS(Rows) VfAddHooks((Rows), RTL_NUMBER_OF(Rows))
PVF_ENTRY VfBefore(PVF_FRAME Frame, ULONG Index);
ULONG64 VfAfter(PVF_FRAME Frame, PVF_ENTRY Entry, ULONG64 Result);
VOID VfStubs(VOID);
VOID VfEnter(VOID);
VOID VfEnterReturn(VOID);
PVOID VfCallerOf(PVOID Return);

/* A routine itself as a place: places are return addresses. */
#define VF_START(Routine) ((const UCHAR *)(Routine) + 1)
/* violate.c. At: the place in the driver, if it is not Frame's caller. Frame NULL: noticed outside of the driver. */
VOID VfViolate(VF_RULE_ID Rule, const VOID *At, PVF_FRAME Frame, const char *Format, ...);
VOID VfViolateAtTrap(VF_RULE_ID Rule, struct abi_trap *Raw, const char *Format, ...);
KI_INLINE BOOLEAN
VfIsOn(VF_RULE_ID Rule)
{
    extern UCHAR VfSeverity[VfRuleCount];

    return VfSeverity[Rule] != VF_OFF;
}

/* config.c */
BOOLEAN VfConfigure(VOID); /* FALSE: no rule is on */

/* callout.c */
ULONG64 VfCallRoutine(VF_KIND Kind, const VOID *Routine, ULONG64 A, ULONG64 B, ULONG64 C,
                      ULONG64 D);
PVF_CALLOUT VfInnermost(VF_KIND Kind); /* of the current thread; NULL */
const char *VfKindName(VF_KIND Kind);

/* irql.c */
VOID VfCheckIrql(PVF_FRAME Frame, PVF_ENTRY Entry, KIRQL Irql);
VOID VfCheckCode(PVF_FRAME Frame);
const char *VfIrqlName(KIRQL Irql);
VOID VfIrqlReturn(PVF_CALLOUT Callout);
VOID VfInitIrql(VOID);

/* region.c */
VOID VfRegionReturn(PVF_CALLOUT Callout);
VOID VfInitRegion(VOID);
KI_INLINE BOOLEAN
VfNormalApcsOn(PKTHREAD Thread)
{
    return KiIrql() == PASSIVE_LEVEL && Thread->CombinedApcDisable == 0;
}

/* lock.c */
VOID VfLockReturn(PVF_CALLOUT Callout);
VOID VfLockMemoryGoes(const VOID *Start, SIZE_T Bytes, const VOID *At, PVF_FRAME Frame);
VOID VfInitLock(VOID);
/* order.c */
VOID VfLockOrdered(PVF_FRAME Frame, const volatile VOID *Lock);
VOID VfForgetLocks(const volatile VOID *Start, SIZE_T Bytes);

/* irp.c: an IRP that a verified driver has had to do with. */
enum { VF_IRP_OTHER, VF_IRP_ALLOCATED, VF_IRP_ASYNCHRONOUS, VF_IRP_SYNCHRONOUS };
typedef struct _VF_IRP {
    PIRP Irp;
    ULONG Generation; /* one more with each life */
    UCHAR Made;       /* VF_IRP_... */
    BOOLEAN Ended;    /* its memory is no longer an IRP's */
    BOOLEAN Completed, Marked;
    BOOLEAN Sent;       /* one of the driver's own */
    const VOID *Caller; /* who has made it */
} VF_IRP, *PVF_IRP;
#define VF_IRPS 512
PVF_IRP VfFindIrp(PIRP Irp);
PVF_IRP VfNewIrp(PIRP Irp, UCHAR Made, const VOID *Caller);
VOID VfIrpEnds(PIRP Irp);
VOID VfIrpCalled(PVF_CALLOUT Callout);
VOID VfIrpReturn(PVF_CALLOUT Callout);
PVF_CALLOUT VfDispatchOf(PIRP Irp);
VOID VfInitIrp(VOID);
/* pool.c */
BOOLEAN VfPoolFree(PVOID Address, ULONG Tag, PVOID Caller);
BOOLEAN VfPoolFault(struct abi_trap *Raw, ULONG64 Address, BOOLEAN Write);
VOID VfPoolUnload(PKI_MODULE Module);
PVOID VfRequestBuffer(PIRP Irp, SIZE_T Bytes);
VOID VfInitPool(VOID);
/* memory.c */
VOID VfFillBuffer(PIRP Irp, PIO_STACK_LOCATION Stack);
VOID VfNoteSent(PIRP Irp, PIO_STACK_LOCATION Stack);
VOID VfFillStack(PVF_CALLOUT Callout, PIRP Irp);
VOID VfGivesTo(PVF_FRAME Frame, const VOID *From, ULONG64 Bytes);
VOID VfMemoryReturn(PVF_CALLOUT Callout);
VOID VfMemoryBefore(PVF_FRAME Frame);
VOID VfMemoryUnload(PKI_MODULE Module);
VOID VfInitMemory(VOID);
/* user.c */
extern ULONG VfUserCount; /* buffers of user mode that are watched */
VOID VfUserCalled(PVF_CALLOUT Callout);
VOID VfUserReturn(PVF_CALLOUT Callout);
VOID VfUserBetween(VOID);
BOOLEAN VfUserFault(struct abi_trap *Raw, ULONG64 Address, BOOLEAN Write);
BOOLEAN VfUserStep(struct abi_trap *Raw);
VOID VfInitUser(VOID);
/* abuse.c, hardware.c, stack.c */
BOOLEAN VfIsGiven(ULONG64 Low, ULONG64 High);
BOOLEAN VfIsPortGiven(USHORT Port);
VOID VfInitAbuse(VOID);
VOID VfHardware(struct abi_trap *Raw);
BOOLEAN VfAddressFault(struct abi_trap *Raw, ULONG64 Address, BOOLEAN Write);
BOOLEAN VfFilledFault(struct abi_trap *Raw, ULONG64 Address);
VOID VfInitHardware(VOID);
VOID VfJudgeCreate(PVF_CALLOUT Callout);
VOID VfInitType(VOID);
extern VF_SET VfUntypedObjects; /* type.c: and where they were referenced */
VOID VfInitStack(VOID);
VOID VfContextOf(PVF_FRAME Frame, PCONTEXT Context); /* violate.c: the driver's, at the call */
BOOLEAN KiIsPlainUser(PKTHREAD Thread);              /* nt/ke/inject.c */
VOID KiContextOfTrap(struct abi_trap *Raw, PCONTEXT Context); /* nt/ke/report.c */
/* usage.c, lowmem.c */
VOID VfInitUsage(VOID);
typedef struct _VF_FAILURES {
    BOOLEAN On, Always, AfterEntry;
    ULONG Target; /* the stack whose allocations fail; 0: none */
} VF_FAILURES;
extern VF_FAILURES VfFailures;
extern VF_SET VfStacks; /* hash of the frames: number */
BOOLEAN VfConfigureFailures(VOID);
BOOLEAN VfAllocationFails(PVOID Caller); /* VF_HOOKS */
/* handle.c, unload.c */
VOID VfHandleUnload(PKI_MODULE Module);
VOID VfInitHandle(VOID);
VOID VfUnloadReturned(PVF_CALLOUT Callout);
VOID VfTimersGo(const VOID *Start, SIZE_T Bytes, const VOID *At, PVF_FRAME Frame);
VOID VfInitUnload(VOID);
/* filter.c */
VOID VfInitFilter(VOID);
/* irpown.c */
VOID VfOwnIrpReturn(PVF_CALLOUT Callout);
VOID VfOwnIrpSent(PVF_FRAME Frame, PIRP Irp);
VOID VfOwnIrpUnload(PKI_MODULE Module);
VOID VfInitOwnIrp(VOID);

/* paging.c: pageable sections of verified drivers. */
#define VF_PAGED 32
typedef struct _VF_RANGE {
    ULONG64 Start, Bytes; /* 0: free */
    ULONG Protection, Locked;
    BOOLEAN Out;
} VF_RANGE;
extern VF_RANGE VfPaged[VF_PAGED];
extern ULONG VfPagedCount; /* those from here on are free */
extern ULONG VfOpen;       /* not 0: there may be something to page out */
VOID VfNoteSection(ULONG64 Start, ULONG64 Bytes, ULONG Protection);
VOID VfForgetSections(PKI_MODULE Module);
BOOLEAN VfIsPageable(ULONG64 Address);
VOID VfPageOut(VOID);
BOOLEAN VfPageFault(struct abi_trap *Raw, ULONG64 Address, BOOLEAN Write);
VOID VfRaised(VOID);
VOID VfInitPaging(VOID);

/* vfdata.c */
extern VF_ENTRY VfEntries[];
extern UCHAR VfSeverity[VfRuleCount];
extern const char *const VfRuleNames[VfRuleCount];
extern ULONG64 VfVerifiedWindows[ABI_IMAGE_WINDOWS / 64];
extern ULONG64 VfTold[256]; /* warnings: rule and place */
extern ULONG VfToldCount;
extern VF_SET VfUserObjects; /* region.c: objects that came from a handle of user mode */
extern PVF_ENTRY VfCurrent;  /* whose hooks run */
extern PVOID VfCaller;       /* of the last export that a verified driver has called */
extern VF_IRP VfIrps[VF_IRPS];
extern PVF_IRP VfLastIrp;
extern ULONG VfIrpCount;
extern VF_SET VfIrpIndex;    /* index in VfIrps + 1 */
extern VF_SET VfResources;   /* initialized ERESOURCEs: who did it */
extern VF_SET VfRemoveUsers; /* drivers that use remove locks */
extern VF_SET VfCancelable;  /* devices with NonCancelable = FALSE */
extern VF_SET VfDeferred;    /* devices whose StartIo is deferred */
typedef struct _VF_EDGE {
    const volatile VOID *From, *To;
    const VOID *FromCaller, *ToCaller;
    const volatile VOID *Gate[3]; /* other locks that were held */
} VF_EDGE, *PVF_EDGE;
#define VF_EDGES 1024
extern VF_EDGE VfEdges[VF_EDGES];
extern ULONG VfEdgeCount;
ULONG64 VfEdgeOf(const volatile VOID *From,
                 const volatile VOID *To); /* its number and 1; 0: none */
extern VF_SET VfEdgeIndex;
extern VF_SET VfWorkItems, VfRegistrations, VfLinks, VfThreads, VfDevices;      /* unload.c */
extern VF_SET VfHandles, VfClosedHandles, VfReferencesHeld, VfDeviceReferences; /* handle.c */
extern VF_SET VfIoEvents; /* region.c: events of IoBuild...Request */

#endif
