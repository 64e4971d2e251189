/*
 * kept.c - what a minifilter gets by reference: names and contexts, got, referenced, set, asked for, deleted and given back at random, and work items, freed
 * or not; against a count of what is left of each when the filter goes.
 *
 * Each request has a routine of its own, for what is left is told with the place where it was got last. A thread gives back what is left when
 * FltUnregisterFilter waits for it. `judged: ROUTINE RULE`: judged.py.
 * ["Managing Contexts in a Minifilter Driver"; fltKernel.h pages; docs/rules: FltContextLeak, FltNameLeak, FltObjectLeak]
 */
#include <fltKernel.h>
#include "numbered.h"
#include "kept.h"

#define SEED 31
#include "../draw.h"

DRIVER_INITIALIZE DriverEntry;
enum { NAMES_, CONTEXTS, WORK, DEFERRED, KINDS };

static PFLT_FILTER Filter, Second;
static PDRIVER_OBJECT Own;
static const FLT_REGISTRATION Registration;
static LONG Left[REQUESTS];
static PVOID Kept[REQUESTS];
static BOOLEAN Done[REQUESTS];
static KEVENT Waits;

static inline __attribute__((always_inline)) VOID
UseName(ULONG Number, PFLT_CALLBACK_DATA Data)
{
    PFLT_FILE_NAME_INFORMATION Name;
    LONG More = (LONG)Any(3), Less = (LONG)Any((ULONG)More + 2);

    if (!NT_SUCCESS(FltGetFileNameInformation(
            Data, FLT_FILE_NAME_OPENED | FLT_FILE_NAME_QUERY_DEFAULT, &Name))) {
        return;
    }
    Kept[Number] = Name;
    for (LONG i = 0; i < More; i++) {
        FltReferenceFileNameInformation(Name);
    }
    Left[Number] = 1 + More - Less;
    for (LONG i = 0; i < Less; i++) {
        FltReleaseFileNameInformation(Name);
    }
}

/* The file has no context before and none behind it; what the file itself holds is not the filter's. */
static inline __attribute__((always_inline)) VOID
UseContext(ULONG Number, PCFLT_RELATED_OBJECTS Objects)
{
    PFLT_CONTEXT Context, Other = NULL;
    LONG Count = 1, Give;

    if (!NT_SUCCESS(
            FltAllocateContext(Filter, FLT_STREAMHANDLE_CONTEXT, 64, NonPagedPoolNx, &Context))) {
        return;
    }
    Kept[Number] = Context;
    if (Any(2)) {
        FltReferenceContext(Context);
        Count++;
    }
    if (Any(2) &&
        NT_SUCCESS(FltSetStreamHandleContext(Objects->Instance, Objects->FileObject,
                                             FLT_SET_CONTEXT_KEEP_IF_EXISTS, Context, NULL))) {
        if (Any(2) &&
            NT_SUCCESS(FltGetStreamHandleContext(Objects->Instance, Objects->FileObject, &Other))) {
            Count++;
        }
        if (Any(2)) { /* there is one already, which comes with a reference */
            PFLT_CONTEXT New;

            if (NT_SUCCESS(FltAllocateContext(Filter, FLT_STREAMHANDLE_CONTEXT, 64, NonPagedPoolNx,
                                              &New))) {
                FltSetStreamHandleContext(Objects->Instance, Objects->FileObject,
                                          FLT_SET_CONTEXT_KEEP_IF_EXISTS, New, &Other);
                Count++;
                FltReleaseContext(New);
            }
        }
        if (Any(2)) {
            FltDeleteStreamHandleContext(Objects->Instance, Objects->FileObject,
                                         &Other); /* with the file's own reference */
            Count++;
        } else {
            FltDeleteStreamHandleContext(Objects->Instance, Objects->FileObject, NULL);
        }
    }
    Give = Any(3) == 0 ? (LONG)Any((ULONG)Count + 1) : Count;
    Left[Number] = Count - Give;
    while (Give-- > 0) {
        FltReleaseContext(Context);
    }
}

static inline __attribute__((always_inline)) VOID
UseObject(ULONG Number, ULONG Kind)
{
    BOOLEAN Frees = Any(2);
    PVOID Object = NULL;

    if (Kind == WORK) {
        Object = FltAllocateGenericWorkItem();
    } else {
        Object = FltAllocateDeferredIoWorkItem();
    }
    Left[Number] = Object != NULL && !Frees;
    Kept[Number] = Object;
    if (Object != NULL && Frees && Kind == WORK) {
        FltFreeGenericWorkItem(Object);
    } else if (Object != NULL && Frees) {
        FltFreeDeferredIoWorkItem(Object);
    }
}

static inline __attribute__((always_inline)) VOID
Use(ULONG Number, PFLT_CALLBACK_DATA Data, PCFLT_RELATED_OBJECTS Objects)
{
    if (Number % KINDS == NAMES_ && Data != NULL) {
        UseName(Number, Data);
    } else if (Number % KINDS == CONTEXTS && Data != NULL) {
        UseContext(Number, Objects);
    } else if (Number % KINDS > CONTEXTS && Data == NULL) {
        UseObject(Number, Number % KINDS);
    }
}

#define ONE(n)                                                                                     \
    __attribute__((noinline)) static VOID K##n(PFLT_CALLBACK_DATA Data,                            \
                                               PCFLT_RELATED_OBJECTS Objects)                      \
    {                                                                                              \
        Use(1##n - 100, Data, Objects);                                                            \
        __asm__ volatile("" ::: "memory"); /* it is a call, and no jump */                         \
    }
#define NAME(n) {"K" #n, K##n},
#define ALL(x)  x(0) x(1) x(2) x(3) x(4) x(5) x(6) x(7) x(8) x(9)
ALL(TEN)
static const struct {
    const char *Name;
    VOID (*Routine)(PFLT_CALLBACK_DATA Data, PCFLT_RELATED_OBJECTS Objects);
} Routines[REQUESTS] = {ALL(NAMES)};

static FLT_PREOP_CALLBACK_STATUS FLTAPI
PreWrite(PFLT_CALLBACK_DATA Data, PCFLT_RELATED_OBJECTS Objects, PVOID *CompletionContext)
{
    LONGLONG Number = Data->Iopb->Parameters.Write.ByteOffset.QuadPart;

    if (Number >= 0 && Number < REQUESTS && Data->Iopb->Parameters.Write.Length == 1 &&
        !Done[Number] && FLT_IS_IRP_OPERATION(Data)) {
        Done[Number] = TRUE;
        Routines[Number].Routine(Data, Objects);
    }
    return FLT_IS_FASTIO_OPERATION(Data) ? FLT_PREOP_DISALLOW_FASTIO
                                         : FLT_PREOP_SUCCESS_NO_CALLBACK;
}

/* What has been got several times, as a name is that is remembered, is told where it was got last. */
static VOID
Say(ULONG From, ULONG To)
{
    static const char *const Rules[KINDS] = {"FltNameLeak", "FltContextLeak", "FltObjectLeak",
                                             "FltObjectLeak"};

    for (ULONG i = 0; i < REQUESTS; i++) {
        LONG Count = 0;
        ULONG Last = i;

        for (ULONG k = 0; k < REQUESTS; k++) {
            if (Kept[k] == Kept[i] && Kept[k] != NULL) {
                Count += Left[k];
                Last = k;
            }
        }
        if (i % KINDS >= From && i % KINDS <= To && Count > 0 && Last == i) {
            DbgPrint("judged: %s %s\n", Routines[i].Name, Rules[i % KINDS]);
        }
    }
}

static VOID NTAPI
GivesBack(PVOID Context)
{
    LARGE_INTEGER Second = {.QuadPart = -10000000};

    KeWaitForSingleObject(&Waits, Executive, KernelMode, FALSE, NULL);
    KeDelayExecutionThread(KernelMode, FALSE, &Second);
    for (ULONG i = 0; i < REQUESTS; i++) {
        for (; i % KINDS <= CONTEXTS && Left[i] > 0; Left[i]--) {
            if (i % KINDS == NAMES_) {
                FltReleaseFileNameInformation(Kept[i]);
            } else {
                FltReleaseContext(Kept[i]);
            }
        }
    }
}

static NTSTATUS FLTAPI
Unload(FLT_FILTER_UNLOAD_FLAGS Flags)
{
    HANDLE Thread;
    PVOID Object;

    if (!NT_SUCCESS(
            PsCreateSystemThread(&Thread, THREAD_ALL_ACCESS, NULL, NULL, NULL, GivesBack, NULL))) {
        return STATUS_SUCCESS;
    }
    ObReferenceObjectByHandle(Thread, SYNCHRONIZE, *PsThreadType, KernelMode, &Object, NULL);
    ZwClose(Thread);
    Say(NAMES_, CONTEXTS);
    KeSetEvent(&Waits, 0, FALSE);
    FltUnregisterFilter(Filter);
    KeWaitForSingleObject(Object, Executive, KernelMode, FALSE, NULL);
    ObDereferenceObject(Object);
    for (ULONG i = 0; i < REQUESTS; i++) {
        Kept[i] = NULL;
        Left[i] = 0;
    }
    for (ULONG i = 0; i < REQUESTS; i++) {
        Routines[i].Routine(
            NULL, NULL); /* now the objects: before they have gone nobody judges the references */
    }
    if (NT_SUCCESS(FltRegisterFilter(Own, &Registration, &Second))) { /* it goes, and they stay */
        Say(WORK, DEFERRED);
        FltUnregisterFilter(Second);
    }
    DbgPrint("judged 1 of 1\n");
    return STATUS_SUCCESS;
}

static const FLT_OPERATION_REGISTRATION Operations[] = {{IRP_MJ_WRITE, 0, PreWrite, NULL},
                                                        {IRP_MJ_OPERATION_END}};
static const FLT_CONTEXT_REGISTRATION Contexts[] = {{FLT_STREAMHANDLE_CONTEXT, 0, NULL, 64, 'xtCJ'},
                                                    {FLT_CONTEXT_END}};
static const FLT_REGISTRATION Registration = {
    sizeof(FLT_REGISTRATION), FLT_REGISTRATION_VERSION, 0, Contexts, Operations, Unload};

NTSTATUS NTAPI
DriverEntry(PDRIVER_OBJECT Driver, PUNICODE_STRING RegistryPath)
{
    NTSTATUS Status;

    KeInitializeEvent(&Waits, NotificationEvent, FALSE);
    Status = FltRegisterFilter(Driver, &Registration, &Filter);
    Own = Driver;
    if (NT_SUCCESS(Status)) {
        Status = FltStartFiltering(Filter);
    }
    return Status;
}
