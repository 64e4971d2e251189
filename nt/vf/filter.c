/*
 * filter.c - minifilters: their callbacks, and what they have from the filter manager.
 *
 * The filter manager is an image of its own and calls a minifilter by the addresses that FltRegisterFilter was given. So a
 * verified minifilter registers a copy of its registration, in which each routine is one of ours: it finds the
 * real one by the filter (FLT_RELATED_OBJECTS, or its slot) and calls it as the kernel calls any driver's routine, with the
 * same rules around it (callout.c). After a pre-operation callback:
 *     FltCallbackStatus    it returned one of the values that exist, and that fits the operation
 *     FltDirty             what it has changed of the parameter block is announced by FltSetCallbackDataDirty
 * What it gets by reference must be given back before FltUnregisterFilter returns: contexts (FltContextLeak), names
 * (FltNameLeak), work items and callback data (FltObjectLeak).
 *
 * The structures are those of fltKernel.h, as far as they are needed. [fltKernel.h pages of the DDI reference; "Modifying
 * the Parameters for an I/O Operation", "Managing Contexts in a Minifilter Driver"; nt-semantics 4.7]
 */
#include "filter.h"
#include "nt/inc/environment.h"

typedef struct _VF_FLT_BLOCK { /* FLT_IO_PARAMETER_BLOCK */
    ULONG IrpFlags;
    UCHAR Major, Minor, OperationFlags, Reserved;
    PVOID TargetFileObject, TargetInstance;
    ULONG64 Parameters[6];
} VF_FLT_BLOCK;
C_ASSERT(sizeof(VF_FLT_BLOCK) == 72);

typedef struct _VF_FLT_DATA { /* FLT_CALLBACK_DATA */
    ULONG Flags;
    PVOID Thread;
    VF_FLT_BLOCK *Iopb;
    IO_STATUS_BLOCK IoStatus;
} VF_FLT_DATA;

typedef struct _VF_FLT_OBJECTS { /* FLT_RELATED_OBJECTS */
    USHORT Size, TransactionContext;
    PVOID Filter, Volume, Instance;
} VF_FLT_OBJECTS;

#define VF_FLT_IRP         0x00000001u /* FLTFL_CALLBACK_DATA_IRP_OPERATION */
#define VF_FLT_FAST        0x00000002u
#define VF_FLT_DIRTY       0x80000000u
#define VF_FLT_END         0x80 /* IRP_MJ_OPERATION_END */
#define VF_FLT_CONTEXT_END 0xFFFF
#define VF_FLT_CALLBACK    0 /* FLT_PREOP_SUCCESS_WITH_CALLBACK */
#define VF_FLT_PENDING     2
#define VF_FLT_FASTIO      3 /* FLT_PREOP_DISALLOW_FASTIO */
#define VF_FLT_COMPLETE    4
#define VF_FLT_SYNCHRONIZE 5
#define VF_FLT_MORE        1 /* FLT_POSTOP_MORE_PROCESSING_REQUIRED */

/* ---- what is left, as count << VF_COUNT_SHIFT | who got it last ---- */

#define VF_COUNT_SHIFT 48

static VOID
VfJudgeLeft(PVF_FRAME Frame, const VOID *Unregisters, PVF_SET Set, VF_RULE_ID Rule,
            const char *What, const char *Give)
{
    PKI_MODULE Module = MiFindModule(Unregisters);

    for (ULONG i = 0; Set->Count != 0 && i < VF_SET_SIZE; i++) {
        const VOID *Caller = (const VOID *)(Set->Value[i] & ((1ull << VF_COUNT_SHIFT) - 1));

        if (Set->Key[i] != 0 && MiFindModule(Caller) == Module) {
            VfViolate(Rule, Caller, Frame,
                      "the filter is unregistered, and %s 0x%p that it got at %a was never given "
                      "back by %s",
                      What, (PVOID)Set->Key[i], Caller, Give);
        }
    }
}

static VOID
VfJudgeReferences(PVF_FRAME Frame, const VOID *Unregisters)
{
    VfJudgeLeft(Frame, Unregisters, &VfFltContexts, VfRuleFltContextLeak, "the context",
                "FltReleaseContext");
    VfJudgeLeft(Frame, Unregisters, &VfFltNames, VfRuleFltNameLeak, "the file name information",
                "FltReleaseFileNameInformation");
}

/* Is there a context of the filter that nobody holds, so that its cleanup callback will come? */
static BOOLEAN
VfCleansUp(PVF_FILTER Filter)
{
    ULONG64 Slot = (ULONG64)(Filter - VfFilters) + 1;

    for (ULONG i = 0; VfFltLive.Count != 0 && i < VF_SET_SIZE; i++) {
        if (VfFltLive.Key[i] != 0 && VfFltLive.Value[i] == Slot &&
            VfSetFind(&VfFltContexts, VfFltLive.Key[i]) == 0) {
            return TRUE;
        }
    }
    return Filter->Uncounted;
}

/*
 * FltUnregisterFilter waits for contexts: who could still give one back, or a name? Teardown callbacks, a callback that runs
 * or is to come, a work item, the cleanup callback of another context. (A callback that FltDoCompletionProcessingWhenSafe
 * has posted stays expected.)
 */
static BOOLEAN
VfIsIdle(PVF_FILTER Filter)
{
    return Filter->Active == 0 && Filter->Expected <= 0 && Filter->TeardownStart == NULL &&
           Filter->TeardownComplete == NULL && VfFltObjects.Count == 0 && !VfCleansUp(Filter);
}

static VOID
VfJudgeIdle(PVF_FILTER Filter)
{
    if (Filter->Unregistering != NULL && VfIsIdle(Filter)) {
        VfJudgeReferences(NULL, Filter->Unregistering);
    }
}

/* ---- callbacks ---- */

static PVF_FILTER
VfFilterOf(const VF_FLT_OBJECTS *Objects)
{
    for (ULONG i = 0; i < VF_FILTERS; i++) {
        if (VfFilters[i].Used && VfFilters[i].Filter == Objects->Filter) {
            return &VfFilters[i];
        }
    }
    /* FltStartFiltering has not been called, or the answer of FltRegisterFilter is still on its way. */
    for (ULONG i = 0; i < VF_FILTERS; i++) {
        if (VfFilters[i].Used && VfFilters[i].Filter == NULL) {
            return &VfFilters[i];
        }
    }
    return NULL;
}

static const VF_FLT_OPERATION *
VfOperationOf(PVF_FILTER Filter, UCHAR Major)
{
    for (ULONG i = 0; Filter->Real[i].Major != VF_FLT_END; i++) {
        if (Filter->Real[i].Major == Major) {
            return &Filter->Real[i];
        }
    }
    return NULL;
}

static VOID
VfJudgeStatus(const VOID *Routine, ULONG Status, ULONG Flags)
{
    if (Status > 6 || (Status == VF_FLT_FASTIO && (Flags & VF_FLT_FAST) == 0)) {
        VfViolate(VfRuleFltCallbackStatus, VF_START(Routine), NULL,
                  Status > 6 ? "the pre-operation callback %a returned %u, which is no "
                               "FLT_PREOP_CALLBACK_STATUS"
                             : "the pre-operation callback %a returned FLT_PREOP_DISALLOW_FASTIO "
                               "(%u) for an operation that is not fast I/O",
                  Routine, Status);
    }
}

static BOOLEAN
VfExpectsPost(const VF_FLT_OPERATION *Operation, ULONG Status)
{
    return Operation->Post != NULL && (Status == VF_FLT_CALLBACK || Status == VF_FLT_SYNCHRONIZE);
}

static ULONG
VfFltPre(VF_FLT_DATA *Data, const VF_FLT_OBJECTS *Objects, PVOID *Context)
{
    PVF_FILTER Filter = VfFilterOf(Objects);
    const VF_FLT_OPERATION *Operation = VfOperationOf(Filter, Data->Iopb->Major);
    VF_FLT_BLOCK Before = *Data->Iopb;
    ULONG Flags = Data->Flags, Status;

    Filter->Active++;
    Status = (ULONG)VfCallRoutine(VfCallback, Operation->Pre, (ULONG64)Data, (ULONG64)Objects,
                                  (ULONG64)Context, 0);
    if (Status == VF_FLT_PENDING || VfExpectsPost(Operation, Status)) {
        Filter->Expected++;
    }
    Filter->Active--;
    VfJudgeStatus(Operation->Pre, Status, Flags);
    if (Status != VF_FLT_PENDING && Status != VF_FLT_COMPLETE && Status <= 6 &&
        (Data->Flags & VF_FLT_DIRTY) == 0 &&
        RtlCompareMemory(&Before, Data->Iopb, sizeof(Before)) != sizeof(Before)) {
        VfViolate(VfRuleFltDirty, VF_START(Operation->Pre), NULL,
                  "the pre-operation callback %a has changed the parameters of the operation with "
                  "major function 0x%x and not called FltSetCallbackDataDirty: who is below does "
                  "not see the change",
                  Operation->Pre, (ULONG)Before.Major);
    }
    return Status;
}

static ULONG
VfFltPost(VF_FLT_DATA *Data, const VF_FLT_OBJECTS *Objects, PVOID Context, ULONG Flags)
{
    PVF_FILTER Filter = VfFilterOf(Objects);
    const VF_FLT_OPERATION *Operation = VfOperationOf(Filter, Data->Iopb->Major);
    ULONG Status;

    Filter->Active++;
    Status = (ULONG)VfCallRoutine(VfCallback, Operation->Post, (ULONG64)Data, (ULONG64)Objects,
                                  (ULONG64)Context, Flags);
    if (Status != VF_FLT_MORE && Operation->Pre != NULL) {
        Filter->Expected--;
    }
    Filter->Active--;
    if (Status > 2) {
        VfViolate(VfRuleFltCallbackStatus, VF_START(Operation->Post), NULL,
                  "the post-operation callback %a returned %u, which is no "
                  "FLT_POSTOP_CALLBACK_STATUS",
                  Operation->Post, Status);
    }
    VfJudgeIdle(Filter);
    return Status;
}

static NTSTATUS
VfFltSetup(const VF_FLT_OBJECTS *Objects, ULONG Flags, ULONG Device, ULONG FileSystem)
{
    PVF_FILTER Filter = VfFilterOf(Objects);
    NTSTATUS Status;

    Filter->Active++;
    Status = (NTSTATUS)VfCallRoutine(VfCallback, Filter->Setup, (ULONG64)Objects, Flags, Device,
                                     FileSystem);
    Filter->Active--;
    return Status;
}

static NTSTATUS
VfFltQueryTeardown(const VF_FLT_OBJECTS *Objects, ULONG Flags)
{
    return (NTSTATUS)VfCallRoutine(VfCallback, VfFilterOf(Objects)->QueryTeardown, (ULONG64)Objects,
                                   Flags, 0, 0);
}

static VOID
VfFltTeardownStart(const VF_FLT_OBJECTS *Objects, ULONG Reason)
{
    VfCallRoutine(VfCallback, VfFilterOf(Objects)->TeardownStart, (ULONG64)Objects, Reason, 0, 0);
}

static VOID
VfFltTeardownComplete(const VF_FLT_OBJECTS *Objects, ULONG Reason)
{
    VfCallRoutine(VfCallback, VfFilterOf(Objects)->TeardownComplete, (ULONG64)Objects, Reason, 0,
                  0);
}

/* The routine for contexts of that type; NULL: there are several, which the verifier leaves alone. */
static PVOID
VfCleanupOf(const VF_FLT_CONTEXT *Contexts, USHORT Type)
{
    PVOID Cleanup = NULL;

    for (ULONG i = 0; Contexts[i].Type != VF_FLT_CONTEXT_END; i++) {
        if (Contexts[i].Type == Type) {
            if (Cleanup != NULL && Cleanup != (PVOID)Contexts[i].Cleanup) {
                return NULL;
            }
            Cleanup = (PVOID)Contexts[i].Cleanup;
        }
    }
    return Cleanup;
}

static VOID
VfFltCleanup(ULONG Slot, PVOID Context, USHORT Type)
{
    PVF_FILTER Filter = &VfFilters[Slot];
    VOID (*Cleanup)(PVOID, USHORT) = VfCleanupOf(Filter->RealContext, Type);

    VfSetRemove(&VfFltLive, (ULONG64)Context);
    Filter->Active++;
    Cleanup(Context, Type);
    Filter->Active--;
    VfJudgeIdle(Filter);
}

/* They get nothing that names the filter. */
#define VF_CLEANUP_SLOT(Slot)                                                                      \
    static VOID VfFltCleanup##Slot(PVOID Context, USHORT Type)                                     \
    {                                                                                              \
        VfFltCleanup(Slot, Context, Type);                                                         \
    }
VF_CLEANUP_SLOT(0)
VF_CLEANUP_SLOT(1)
VF_CLEANUP_SLOT(2)
VF_CLEANUP_SLOT(3)

#define VF_UNLOAD_SLOT(Slot)                                                                       \
    static NTSTATUS VfFltUnload##Slot(ULONG Flags)                                                 \
    {                                                                                              \
        return (NTSTATUS)VfCallRoutine(VfCallback, VfFilters[Slot].Unload, Flags, 0, 0, 0);        \
    }
VF_UNLOAD_SLOT(0)
VF_UNLOAD_SLOT(1)
VF_UNLOAD_SLOT(2)
VF_UNLOAD_SLOT(3)

/* ---- registration: FltRegisterFilter(Driver, Registration, *Filter) ---- */

static VOID
VfCopyOperations(PVF_FILTER Filter, const VF_FLT_OPERATION *From)
{
    ULONG i;

    for (i = 0; i + 1 < VF_FLT_OPERATIONS && From[i].Major != VF_FLT_END; i++) {
        Filter->Real[i] = From[i];
        Filter->Operation[i] = From[i];
        if (From[i].Pre != NULL && VfIsVerified(From[i].Pre)) {
            Filter->Operation[i].Pre = VfFltPre;
        }
        if (From[i].Post != NULL && VfIsVerified(From[i].Post)) {
            Filter->Operation[i].Post = VfFltPost;
        }
    }
    Filter->Real[i].Major = Filter->Operation[i].Major = VF_FLT_END;
}

/* FALSE: more than there is room for, and the filter manager keeps the filter's own. */
static BOOLEAN
VfCopyContexts(PVF_FILTER Filter, const VF_FLT_CONTEXT *From)
{
    static VOID (*const Cleanups[VF_FILTERS])(PVOID, USHORT) = {VfFltCleanup0, VfFltCleanup1,
                                                                VfFltCleanup2, VfFltCleanup3};
    ULONG Count = 0;

    while (From[Count].Type != VF_FLT_CONTEXT_END) {
        Count++;
    }
    if (Count >= VF_FLT_CONTEXTS) {
        return FALSE;
    }
    RtlCopyMemory(Filter->RealContext, From, (Count + 1) * sizeof(*From));
    RtlCopyMemory(Filter->Context, From, (Count + 1) * sizeof(*From));
    for (ULONG i = 0; i < Count; i++) {
        if (From[i].Cleanup == NULL) {
            continue;
        }
        if (VfCleanupOf(From, From[i].Type) != NULL && VfIsVerified((PVOID)From[i].Cleanup)) {
            Filter->Context[i].Cleanup = Cleanups[Filter - VfFilters];
        } else {
            Filter->Uncounted = TRUE;
        }
    }
    return TRUE;
}

static VOID
VfRegisters(PVF_FRAME Frame)
{
    static const PVOID Unloads[VF_FILTERS] = {VfFltUnload0, VfFltUnload1, VfFltUnload2,
                                              VfFltUnload3};
    VF_FLT_REGISTRATION *From = (VF_FLT_REGISTRATION *)Frame->Arg[1];
    PVF_FILTER Filter = NULL;
    ULONG i, Count = 0;

    KiSpareAllocations(TRUE);
    for (i = 0; i < VF_FILTERS && Filter == NULL; i++) {
        Filter = VfFilters[i].Used ? NULL : &VfFilters[i];
    }
    while (From->Operations != NULL && From->Operations[Count].Major != VF_FLT_END) {
        Count++;
    }
    if (Filter == NULL || From->Size > sizeof(Filter->Copy) ||
        From->Size < FIELD_OFFSET(VF_FLT_REGISTRATION, Rest) || Count + 1 >= VF_FLT_OPERATIONS) {
        return; /* V2 */
    }
    RtlZeroMemory(Filter, sizeof(*Filter));
    Filter->Used = TRUE;
    RtlCopyMemory(&Filter->Copy, From, From->Size);
    if (From->Operations != NULL) {
        VfCopyOperations(Filter, From->Operations);
        Filter->Copy.Operations = Filter->Operation;
    }
    Filter->RealContext[0].Type = VF_FLT_CONTEXT_END;
    if (From->Contexts != NULL) {
        if (VfCopyContexts(Filter, From->Contexts)) {
            Filter->Copy.Contexts = Filter->Context;
        } else {
            Filter->Uncounted = TRUE;
        }
    }
    Filter->Unload = From->Unload;
    Filter->Setup = From->Setup;
    Filter->QueryTeardown = From->QueryTeardown;
    Filter->TeardownStart = From->TeardownStart;
    Filter->TeardownComplete = From->TeardownComplete;
    Filter->Copy.Unload = From->Unload != NULL ? Unloads[Filter - VfFilters] : NULL;
    Filter->Copy.Setup = From->Setup != NULL ? VfFltSetup : NULL;
    Filter->Copy.QueryTeardown = From->QueryTeardown != NULL ? VfFltQueryTeardown : NULL;
    Filter->Copy.TeardownStart = From->TeardownStart != NULL ? VfFltTeardownStart : NULL;
    Filter->Copy.TeardownComplete = From->TeardownComplete != NULL ? VfFltTeardownComplete : NULL;
    Frame->Arg[1] = (ULONG64)&Filter->Copy;
    Filter->Result = (PVOID *)Frame->Arg[2];
}

static ULONG64
VfRegistered(PVF_FRAME Frame, ULONG64 Result)
{
    KiSpareAllocations(FALSE);
    for (ULONG i = 0; i < VF_FILTERS; i++) {
        PVF_FILTER Filter = &VfFilters[i];

        if (Filter->Used && Filter->Filter == NULL && Filter->Result == (PVOID *)Frame->Arg[2]) {
            Filter->Filter = NT_SUCCESS((NTSTATUS)Result) ? *Filter->Result : NULL;
            Filter->Used = NT_SUCCESS((NTSTATUS)Result);
        }
    }
    return Result;
}

/* ---- references: how often, and who had the last ---- */

static VOID
VfGot(PVF_FRAME Frame, PVF_SET Set, ULONG64 Object)
{
    ULONG64 Count = VfSetFind(Set, Object) >> VF_COUNT_SHIFT;

    if (Object != 0) {
        VfSetPut(Set, Object, (Count + 1) << VF_COUNT_SHIFT | (ULONG64)Frame->Caller);
    }
}

static VOID
VfGave(PVF_SET Set, ULONG64 Object)
{
    ULONG64 Value = VfSetFind(Set, Object);

    if (Value >> VF_COUNT_SHIFT > 1) {
        VfSetPut(Set, Object, Value - (1ull << VF_COUNT_SHIFT));
    } else if (Value != 0) {
        VfSetRemove(Set, Object);
    }
}

#define VF_GETS(Name, Set, Index)                                                                  \
    static ULONG64 Name(PVF_FRAME Frame, ULONG64 Result)                                           \
    {                                                                                              \
        if (NT_SUCCESS((NTSTATUS)Result) && Frame->Arg[Index] != 0) {                              \
            VfGot(Frame, &Set, *(PULONG64)Frame->Arg[Index]);                                      \
        }                                                                                          \
        return Result;                                                                             \
    }
VF_GETS(VfContext1, VfFltContexts, 1)
VF_GETS(VfContext2, VfFltContexts, 2)
VF_GETS(VfName2, VfFltNames, 2)
VF_GETS(VfName3, VfFltNames, 3)
VF_GETS(VfName6, VfFltNames, 6)
VF_GETS(VfData2, VfFltObjects, 2)

/* FltAllocateContext(Filter, Type, Size, Pool, *Context) */
static ULONG64
VfContext4(PVF_FRAME Frame, ULONG64 Result)
{
    ULONG64 Context;

    if (!NT_SUCCESS((NTSTATUS)Result)) {
        return Result;
    }
    Context = *(PULONG64)Frame->Arg[4];
    VfGot(Frame, &VfFltContexts, Context);
    for (ULONG i = 0; i < VF_FILTERS; i++) {
        if (VfFilters[i].Used &&
            (VfFilters[i].Filter == (PVOID)Frame->Arg[0] || VfFilters[i].Filter == NULL) &&
            VfCleanupOf(VfFilters[i].RealContext, (USHORT)Frame->Arg[1]) != NULL) {
            VfSetPut(&VfFltLive, Context, (ULONG64)i + 1);
            VfFilters[i].Uncounted |= VfSetFind(&VfFltLive, Context) == 0; /* V2 */
        }
    }
    return Result;
}

/* FltSet...Context(..., Operation, New, *Old): the old one comes with a reference, also where it was in the way. */
static ULONG64
VfSetContext(PVF_FRAME Frame, ULONG64 Result, ULONG Index)
{
    PULONG64 Old = (PULONG64)Frame->Arg[Index];

    if (Old != NULL && *Old != 0 &&
        (NT_SUCCESS((NTSTATUS)Result) ||
         (NTSTATUS)Result == (NTSTATUS)0xC01C0002 /* STATUS_FLT_CONTEXT_ALREADY_DEFINED */)) {
        VfGot(Frame, &VfFltContexts, *Old);
    }
    return Result;
}

static ULONG64
VfSetContext3(PVF_FRAME Frame, ULONG64 Result)
{
    return VfSetContext(Frame, Result, 3);
}

static ULONG64
VfSetContext4(PVF_FRAME Frame, ULONG64 Result)
{
    return VfSetContext(Frame, Result, 4);
}

static VOID
VfReferencesContext(PVF_FRAME Frame)
{
    VfGot(Frame, &VfFltContexts, Frame->Arg[0]);
}

static VOID
VfReleasesContext(PVF_FRAME Frame)
{
    VfGave(&VfFltContexts, Frame->Arg[0]);
}

/* FltGetContexts(Objects, Which, Contexts), FltReleaseContexts(Contexts): six pointers */
static ULONG64
VfGotContexts(PVF_FRAME Frame, ULONG64 Result)
{
    for (ULONG i = 0; i < 6; i++) {
        VfGot(Frame, &VfFltContexts, ((PULONG64)Frame->Arg[2])[i]);
    }
    return Result;
}

static VOID
VfReleasesContexts(PVF_FRAME Frame)
{
    for (ULONG i = 0; i < 6; i++) {
        VfGave(&VfFltContexts, ((PULONG64)Frame->Arg[0])[i]);
    }
}

static VOID
VfReferencesName(PVF_FRAME Frame)
{
    VfGot(Frame, &VfFltNames, Frame->Arg[0]);
}

static VOID
VfReleasesName(PVF_FRAME Frame)
{
    VfGave(&VfFltNames, Frame->Arg[0]);
}

static ULONG64
VfAllocatedObject(PVF_FRAME Frame, ULONG64 Result)
{
    VfGot(Frame, &VfFltObjects, Result);
    return Result;
}

static VOID
VfFreesObject(PVF_FRAME Frame)
{
    VfGave(&VfFltObjects, Frame->Arg[0]);
}

/* FltCompletePendedPreOperation(Data, Status, Context), FltCompletePendedPostOperation(Data) */
static PVF_FILTER
VfFilterOfCaller(PVF_FRAME Frame)
{
    PKI_MODULE Module = MiFindModule(Frame->Caller);

    for (ULONG i = 0; i < VF_FILTERS; i++) {
        if (VfFilters[i].Used && VfFilters[i].Unload != NULL &&
            MiFindModule(VfFilters[i].Unload) == Module) {
            return &VfFilters[i];
        }
    }
    return NULL;
}

static VOID
VfPreCompleted(PVF_FRAME Frame)
{
    PVF_FILTER Filter = VfFilterOfCaller(Frame);
    const VF_FLT_OPERATION *Operation;

    if (Filter != NULL) {
        Operation = VfOperationOf(Filter, ((VF_FLT_DATA *)Frame->Arg[0])->Iopb->Major);
        if (Operation == NULL || !VfExpectsPost(Operation, (ULONG)Frame->Arg[1])) {
            Filter->Expected--;
        }
    }
}

static VOID
VfPostCompleted(PVF_FRAME Frame)
{
    PVF_FILTER Filter = VfFilterOfCaller(Frame);

    if (Filter != NULL) {
        Filter->Expected--;
    }
}

static VOID
VfUnregisters(PVF_FRAME Frame)
{
    for (ULONG i = 0; i < VF_FILTERS; i++) {
        PVF_FILTER Filter = &VfFilters[i];

        if (Filter->Used && Filter->Filter == (PVOID)Frame->Arg[0]) {
            Filter->Unregistering = Frame->Caller;
            if (VfIsIdle(Filter)) {
                /* the filter manager would wait, or say so without the place */
                VfJudgeReferences(Frame, Frame->Caller);
            }
        }
    }
}

static ULONG64
VfUnregistered(PVF_FRAME Frame, ULONG64 Result)
{
    for (ULONG i = 0; i < VF_FILTERS; i++) {
        if (VfFilters[i].Used && VfFilters[i].Filter == (PVOID)Frame->Arg[0]) {
            VfFilters[i].Used = FALSE;
        }
    }
    VfJudgeReferences(Frame, Frame->Caller);
    VfJudgeLeft(Frame, Frame->Caller, &VfFltObjects, VfRuleFltObjectLeak, "the object",
                "its FltFree routine");
    return Result;
}

VOID
VfInitFilter(VOID)
{
    static const VF_HOOK_ROW Rows[] = {
        VF_HOOK(FltRegisterFilter, VfRegisters, VfRegistered),
        VF_HOOK(FltUnregisterFilter, VfUnregisters, VfUnregistered),
        VF_HOOK(FltAllocateContext, NULL, VfContext4),
        VF_HOOK(FltGetFileContext, NULL, VfContext2),
        VF_HOOK(FltGetInstanceContext, NULL, VfContext1),
        VF_HOOK(FltGetStreamContext, NULL, VfContext2),
        VF_HOOK(FltGetStreamHandleContext, NULL, VfContext2),
        VF_HOOK(FltGetTransactionContext, NULL, VfContext2),
        VF_HOOK(FltGetVolumeContext, NULL, VfContext2),
        VF_HOOK(FltSetFileContext, NULL, VfSetContext4),
        VF_HOOK(FltSetStreamContext, NULL, VfSetContext4),
        VF_HOOK(FltSetStreamHandleContext, NULL, VfSetContext4),
        VF_HOOK(FltSetTransactionContext, NULL, VfSetContext4),
        VF_HOOK(FltSetInstanceContext, NULL, VfSetContext3),
        VF_HOOK(FltSetVolumeContext, NULL, VfSetContext3),
        VF_HOOK(FltDeleteFileContext, NULL, VfContext2),
        VF_HOOK(FltDeleteStreamContext, NULL, VfContext2),
        VF_HOOK(FltDeleteStreamHandleContext, NULL, VfContext2),
        VF_HOOK(FltDeleteInstanceContext, NULL, VfContext1),
        VF_HOOK(FltDeleteVolumeContext, NULL, VfContext2),
        VF_HOOK(FltGetContexts, NULL, VfGotContexts),
        VF_HOOK(FltReleaseContexts, VfReleasesContexts, NULL),
        VF_HOOK(FltReferenceContext, VfReferencesContext, NULL),
        VF_HOOK(FltReleaseContext, VfReleasesContext, NULL),
        VF_HOOK(FltGetFileNameInformation, NULL, VfName2),
        VF_HOOK(FltGetTunneledName, NULL, VfName2),
        VF_HOOK(FltGetFileNameInformationUnsafe, NULL, VfName3),
        VF_HOOK(FltGetDestinationFileNameInformation, NULL, VfName6),
        VF_HOOK(FltReferenceFileNameInformation, VfReferencesName, NULL),
        VF_HOOK(FltReleaseFileNameInformation, VfReleasesName, NULL),
        VF_HOOK(FltAllocateGenericWorkItem, NULL, VfAllocatedObject),
        VF_HOOK(FltFreeGenericWorkItem, VfFreesObject, NULL),
        VF_HOOK(FltAllocateDeferredIoWorkItem, NULL, VfAllocatedObject),
        VF_HOOK(FltFreeDeferredIoWorkItem, VfFreesObject, NULL),
        VF_HOOK(FltAllocateCallbackData, NULL, VfData2),
        VF_HOOK(FltFreeCallbackData, VfFreesObject, NULL),
        VF_HOOK(FltCompletePendedPreOperation, VfPreCompleted, NULL),
        VF_HOOK(FltCompletePendedPostOperation, VfPostCompleted, NULL),
    };

    VF_ADD_HOOKS(Rows);
}
