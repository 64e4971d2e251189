/*
 * vf.h - where the verifier (nt/vf) is called from. The core has no rule: it calls drivers through VF_CALL and says
 * a few things through VfHooks, both of which are NULL while no driver is verified.
 */
#ifndef NT_INC_VF_H
#define NT_INC_VF_H

/* What a driver's routine is called as. */
typedef enum _VF_KIND {
    VfDriverEntry,
    VfAddDevice,
    VfUnload,
    VfDispatch,
    VfFastIo,
    VfStartIo,
    VfCancel,
    VfCompletion,
    VfDpc,
    VfWorkItem,
    VfThread,
    VfApc,
    VfIoTimer,
    VfCallback, /* a notification of any other kind */
} VF_KIND;

typedef ULONG64 (*PVF_CALL)(VF_KIND Kind, const VOID *Routine, ULONG64 A, ULONG64 B, ULONG64 C,
                            ULONG64 D);
extern PVF_CALL VfCall;

/* Calls a driver's routine of up to four arguments; its result, widened. */
#define VF_CALL(Type, Kind, Routine, A, B, C, D)                                                   \
    ((Type)VfCall((Kind), (const VOID *)(Routine), (ULONG64)(A), (ULONG64)(B), (ULONG64)(C),       \
                  (ULONG64)(D)))

/* The status of an IRP that is gone. */
#define VF_IRP_GONE 0xDEADC0DEu

typedef struct _VF_HOOKS {
    VOID (*ImageLoaded)(struct _KI_MODULE *Module);       /* bound, nothing of it has run */
    VOID (*ImageUnloads)(struct _KI_MODULE *Module);      /* its last moment */
    VOID (*ReturnToUser)(PKTHREAD Thread, ULONG Service); /* a system service has ended */
    VOID (*ThreadEnds)(PKTHREAD Thread);
    VOID (*IrpEnds)(PIRP Irp); /* all completion routines have run */
    /* A fault in kernel mode, before anything is made of it. TRUE: try again. */
    BOOLEAN (*Fault)(struct abi_trap *Raw, PVOID Address, BOOLEAN Write);
    /* A driver is about to use a port or a model-specific register: ABI_TRAP_HARDWARE. */
    VOID (*Hardware)(struct abi_trap *Raw);
    BOOLEAN (*Step)(struct abi_trap *Raw); /* a single step in kernel mode; TRUE: it was ours */
    /* The buffer of a request, for a verified driver; NULL: it is allocated as any other. Freed as pool. */
    PVOID (*RequestBuffer)(PIRP Irp, SIZE_T Bytes);
    VOID (*Raised)(VOID); /* CR8 was written: DISPATCH_LEVEL or above now */
    /* Where an export returns to may be the verifier; for it, at its beginning: where its caller is. */
    PVOID (*Caller)(PVOID Return);
    /* Shall the allocation fail that this caller asks for? --fail-alloc */
    BOOLEAN (*AllocationFails)(PVOID Caller);
    BOOLEAN (*IsVerified)(const VOID *Address);
    ULONG (*Flags)(VOID);
    BOOLEAN (*Free)(PVOID Block, ULONG Tag, PVOID Caller); /* TRUE: it was the verifier's */
} VF_HOOKS;
extern const VF_HOOKS *VfHooks;

VOID VfInitSystem(VOID); /* before the first driver of the command line is loaded */

#endif
