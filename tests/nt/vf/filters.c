/*
 * filters.c - minifilters, one after the other: each is registered, has one write to do in a way of its own, and goes; against a model of what is left then.
 *
 * Its callbacks pend, complete, synchronize or pass the write on, and change it, announced or not. It keeps a context, or contexts that the cleanup callback of another one gives
 * back. What it keeps is told when nobody can give it back any more: that is so when no operation is on its way, no context is to be cleaned up, and no teardown callback
 * is to come. A thread gives it back a second later, for FltUnregisterFilter waits for it. `judged: ROUTINE RULE`: judged.py.
 * [fltKernel.h: PFLT_PRE_OPERATION_CALLBACK, FltCompletePendedPreOperation, FltSetCallbackDataDirty; "Managing Contexts in a Minifilter Driver"; docs/rules:
 * FltContextLeak, FltDirty]
 */
#include <fltKernel.h>
#include "numbered.h"

#define SEED 1
#include "../draw.h"

DRIVER_INITIALIZE DriverEntry;
#define CASES 60

typedef struct _CASE {
    BOOLEAN HasPre, HasPost, Changes, Announces, Holds, Chain, Ambiguous;
    UCHAR Teardown;   /* 1: a start callback, 2: a complete callback */
    UCHAR Pre, Later; /* what the callback returns, and what it completes a pended operation with */
    UCHAR Post;
} CASE;

static CASE Case[CASES];
static ULONG Now; /* the case that is tried */
static PFLT_FILTER Filter, Last;
static PDRIVER_OBJECT Own;
static PFILE_OBJECT File;
static HANDLE FileHandle;
static PFLT_CONTEXT Held, Chained[2];
static PFLT_CALLBACK_DATA Pended;
static KEVENT Goes;
static ULONG Pres, Posts, Cleanups, Instances;

/* ---- a thread that does what is left to do ---- */

static PVOID
Start(PKSTART_ROUTINE Routine)
{
    PVOID Object = NULL;
    HANDLE Thread;

    if (NT_SUCCESS(
            PsCreateSystemThread(&Thread, THREAD_ALL_ACCESS, NULL, NULL, NULL, Routine, NULL))) {
        ObReferenceObjectByHandle(Thread, SYNCHRONIZE, *PsThreadType, KernelMode, &Object, NULL);
        ZwClose(Thread);
    }
    return Object;
}

static VOID
Join(PVOID Thread)
{
    KeWaitForSingleObject(Thread, Executive, KernelMode, FALSE, NULL);
    ObDereferenceObject(Thread);
}

static VOID
Pause(LONG Milliseconds)
{
    LARGE_INTEGER Time = {.QuadPart = -10000ll * Milliseconds};

    KeDelayExecutionThread(KernelMode, FALSE, &Time);
}

static VOID NTAPI
GivesBack(PVOID Context)
{
    KeWaitForSingleObject(&Goes, Executive, KernelMode, FALSE, NULL);
    Pause(1000);
    if (Held != NULL) {
        FltReleaseContext(Held);
    }
}

static VOID NTAPI
EndsPre(PVOID Context)
{
    Pause(10);
    if (Case[Now].Later == FLT_PREOP_COMPLETE) {
        Pended->IoStatus.Status = STATUS_SUCCESS;
        Pended->IoStatus.Information = 1;
    }
    FltCompletePendedPreOperation(Pended, (FLT_PREOP_CALLBACK_STATUS)Case[Now].Later, NULL);
}

static VOID NTAPI
EndsPost(PVOID Context)
{
    Pause(10);
    FltCompletePendedPostOperation(Pended);
}

/* ---- callbacks ---- */

static inline __attribute__((always_inline)) FLT_PREOP_CALLBACK_STATUS
Before(PFLT_CALLBACK_DATA Data)
{
    const CASE *This = &Case[Now];
    PVOID Thread;

    if (FLT_IS_FASTIO_OPERATION(Data)) {
        return FLT_PREOP_DISALLOW_FASTIO;
    }
    if (Data->Iopb->TargetFileObject != File || (Data->Iopb->IrpFlags & IRP_PAGING_IO) != 0) {
        return FLT_PREOP_SUCCESS_NO_CALLBACK;
    }
    Pres++;
    if (This->Changes) {
        Data->Iopb->OperationFlags ^= SL_WRITE_THROUGH;
    }
    if (This->Announces) {
        FltSetCallbackDataDirty(Data);
    }
    if (This->Pre == FLT_PREOP_COMPLETE) {
        Data->IoStatus.Status = STATUS_SUCCESS;
        Data->IoStatus.Information = 1;
    } else if (This->Pre == FLT_PREOP_PENDING) {
        Pended = Data;
        Thread = Start(EndsPre);
        ObDereferenceObject(Thread);
    }
    return (FLT_PREOP_CALLBACK_STATUS)This->Pre;
}

static FLT_POSTOP_CALLBACK_STATUS FLTAPI
After(PFLT_CALLBACK_DATA Data, PCFLT_RELATED_OBJECTS Objects, PVOID Context,
      FLT_POST_OPERATION_FLAGS Flags)
{
    PVOID Thread;

    if (Data->Iopb->TargetFileObject != File || (Data->Iopb->IrpFlags & IRP_PAGING_IO) != 0) {
        return FLT_POSTOP_FINISHED_PROCESSING;
    }
    Posts++;
    if (Case[Now].Post == FLT_POSTOP_MORE_PROCESSING_REQUIRED) {
        Pended = Data;
        Thread = Start(EndsPost);
        ObDereferenceObject(Thread);
    }
    return (FLT_POSTOP_CALLBACK_STATUS)Case[Now].Post;
}

/* Each case has a routine that gets what it keeps, and a callback. */
static inline __attribute__((always_inline)) VOID
Get(VOID)
{
    Held = NULL;
    if (!NT_SUCCESS(FltAllocateContext(Filter, FLT_VOLUME_CONTEXT, 64, NonPagedPoolNx, &Held))) {
        DbgPrint("judged: Get failed\n");
    }
}

#define ONE(n)                                                                                     \
    __attribute__((noinline)) static VOID G##n(VOID)                                               \
    {                                                                                              \
        Get();                                                                                     \
        __asm__ volatile("" ::: "memory"); /* it is a call, and no jump */                         \
    }                                                                                              \
    static FLT_PREOP_CALLBACK_STATUS FLTAPI P##n(PFLT_CALLBACK_DATA Data,                          \
                                                 PCFLT_RELATED_OBJECTS Objects, PVOID *Context)    \
    {                                                                                              \
        return Before(Data);                                                                       \
    }
#define NAME(n) {"G" #n, G##n, "P" #n, P##n},
#define ALL(x)  x(0) x(1) x(2) x(3) x(4) x(5)
ALL(TEN)
static const struct {
    const char *GetName;
    VOID (*Get)(VOID);
    const char *PreName;
    PFLT_PRE_OPERATION_CALLBACK Pre;
} Routines[CASES] = {ALL(NAMES)};

/* The instance's context gives back two others: with the first of them all is not done yet. */
static VOID FLTAPI
CleansInstance(PFLT_CONTEXT Context, FLT_CONTEXT_TYPE Type)
{
    Cleanups++;
    for (ULONG i = 0; i < 2; i++) {
        if (Chained[i] != NULL) {
            FltReleaseContext(Chained[i]);
            Chained[i] = NULL;
        }
    }
}

static VOID FLTAPI
CleansStream(PFLT_CONTEXT Context, FLT_CONTEXT_TYPE Type)
{
    Cleanups++;
}

static VOID FLTAPI
CleansOther(PFLT_CONTEXT Context, FLT_CONTEXT_TYPE Type)
{
    Cleanups++;
}

static NTSTATUS FLTAPI
Setup(PCFLT_RELATED_OBJECTS Objects, FLT_INSTANCE_SETUP_FLAGS Flags, DEVICE_TYPE Device,
      FLT_FILESYSTEM_TYPE FileSystem)
{
    PFLT_CONTEXT Context;

    if (Case[Now].Chain && Instances++ == 0) {
        if (NT_SUCCESS(
                FltAllocateContext(Filter, FLT_INSTANCE_CONTEXT, 64, NonPagedPoolNx, &Context))) {
            FltSetInstanceContext(Objects->Instance, FLT_SET_CONTEXT_KEEP_IF_EXISTS, Context, NULL);
            FltReleaseContext(Context);
        }
        for (ULONG i = 0; i < 2; i++) {
            (void)FltAllocateContext(Filter, FLT_STREAM_CONTEXT, 64, NonPagedPoolNx, &Chained[i]);
        }
    }
    return STATUS_SUCCESS;
}

static VOID FLTAPI
Teardown(PCFLT_RELATED_OBJECTS Objects, FLT_INSTANCE_TEARDOWN_FLAGS Reason)
{
}

static NTSTATUS FLTAPI
Unload(FLT_FILTER_UNLOAD_FLAGS Flags)
{
    FltUnregisterFilter(Last);
    return STATUS_SUCCESS;
}

/* ---- the model ---- */

static BOOLEAN
HasPostCalled(const CASE *This)
{
    UCHAR Status = This->Pre == FLT_PREOP_PENDING ? This->Later : This->Pre;

    return This->HasPost && (!This->HasPre || Status == FLT_PREOP_SUCCESS_WITH_CALLBACK ||
                             Status == FLT_PREOP_SYNCHRONIZE);
}

static VOID
Say(ULONG Number)
{
    const CASE *This = &Case[Number];

    if (This->HasPre && This->Changes && !This->Announces && This->Pre != FLT_PREOP_PENDING &&
        This->Pre != FLT_PREOP_COMPLETE) {
        DbgPrint("judged: %s FltDirty\n", Routines[Number].PreName);
    }
    if (This->Holds && !This->Teardown && !This->Ambiguous) {
        DbgPrint("judged: %s FltContextLeak\n", Routines[Number].GetName);
    }
}

static VOID
Draw60(VOID)
{
    static const UCHAR Pre[] = {FLT_PREOP_SUCCESS_WITH_CALLBACK,
                                FLT_PREOP_SUCCESS_NO_CALLBACK,
                                FLT_PREOP_PENDING,
                                FLT_PREOP_COMPLETE,
                                FLT_PREOP_SYNCHRONIZE,
                                FLT_PREOP_PENDING};
    static const UCHAR Later[] = {FLT_PREOP_SUCCESS_WITH_CALLBACK, FLT_PREOP_SUCCESS_NO_CALLBACK,
                                  FLT_PREOP_COMPLETE};

    for (ULONG i = 0; i < CASES; i++) {
        CASE *This = &Case[i];

        This->HasPre = Any(6) != 0;
        This->HasPost = Any(3) != 0;
        This->Pre = Pre[Any(RTL_NUMBER_OF(Pre))];
        This->Later = Later[Any(RTL_NUMBER_OF(Later))];
        if (!This->HasPost && This->Pre != FLT_PREOP_PENDING && This->Pre != FLT_PREOP_COMPLETE) {
            This->Pre = FLT_PREOP_SUCCESS_NO_CALLBACK; /* else there must be one */
        }
        if (!This->HasPost && This->Later == FLT_PREOP_SUCCESS_WITH_CALLBACK) {
            This->Later = FLT_PREOP_SUCCESS_NO_CALLBACK;
        }
        This->Post =
            Any(3) == 0 ? FLT_POSTOP_MORE_PROCESSING_REQUIRED : FLT_POSTOP_FINISHED_PROCESSING;
        if (!This->HasPre) {
            This->HasPost = TRUE;
        }
        if (This->Pre == FLT_PREOP_SYNCHRONIZE || !This->HasPre) {
            This->Post = FLT_POSTOP_FINISHED_PROCESSING;
        }
        This->Changes = Any(2);
        This->Announces = Any(3) == 0;
        This->Holds = Any(3) != 0;
        This->Chain = Any(2);
        This->Teardown = (UCHAR)(Any(4) == 0 ? 1 + Any(2) : 0);
        This->Ambiguous = Any(8) == 0;
    }
}

/* ---- */

static VOID
Write(VOID)
{
    LARGE_INTEGER Offset = {.QuadPart = 0};
    IO_STATUS_BLOCK Iosb;

    Pres = Posts = 0;
    (void)ZwWriteFile(FileHandle, NULL, NULL, NULL, &Iosb, "x", 1, &Offset, NULL);
    if (Pres != Case[Now].HasPre || Posts != HasPostCalled(&Case[Now])) {
        DbgPrint("judged: Write %u_%u_%u\n", Now, Pres, Posts);
    }
}

static VOID
Try(ULONG Number)
{
    CASE *This = &Case[Number];
    const FLT_OPERATION_REGISTRATION Operations[] = {
        {IRP_MJ_WRITE, 0, This->HasPre ? Routines[Number].Pre : NULL, This->HasPost ? After : NULL},
        {IRP_MJ_OPERATION_END}};
    const FLT_CONTEXT_REGISTRATION Contexts[] = {
        {FLT_INSTANCE_CONTEXT, 0, CleansInstance, 64, 'tFJ1'},
        {FLT_STREAM_CONTEXT, 0, CleansStream, 64, 'tFJ2'},
        {FLT_VOLUME_CONTEXT, 0, NULL, 64, 'tFJ3'},
        {This->Ambiguous ? FLT_STREAM_CONTEXT : FLT_CONTEXT_END, 0, CleansOther, 128, 'tFJ4'},
        {FLT_CONTEXT_END}};
    const FLT_REGISTRATION Registration = {
        .Size = sizeof(FLT_REGISTRATION),
        .Version = FLT_REGISTRATION_VERSION,
        .ContextRegistration = Contexts,
        .OperationRegistration = Operations,
        .FilterUnloadCallback = Unload,
        .InstanceSetupCallback = Setup,
        .InstanceTeardownStartCallback = This->Teardown == 1 ? Teardown : NULL,
        .InstanceTeardownCompleteCallback = This->Teardown == 2 ? Teardown : NULL};
    PVOID Thread;

    Now = Number;
    Instances = Cleanups = 0;
    Held = NULL;
    Say(Number);
    if (!NT_SUCCESS(FltRegisterFilter(Own, &Registration, &Filter)) ||
        !NT_SUCCESS(FltStartFiltering(Filter))) {
        DbgPrint("judged: Try failed\n");
        return;
    }
    if (This->Holds) {
        Routines[Number].Get();
    }
    Write();
    KeClearEvent(&Goes);
    Thread = Start(GivesBack);
    KeSetEvent(&Goes, 0, FALSE);
    FltUnregisterFilter(Filter);
    Join(Thread);
    if (Cleanups != (This->Chain ? 3 : 0)) {
        DbgPrint("judged: Cleanups %u_%u\n", Number, Cleanups);
    }
}

NTSTATUS NTAPI
DriverEntry(PDRIVER_OBJECT Driver, PUNICODE_STRING RegistryPath)
{
    static const FLT_REGISTRATION Registration = {.Size = sizeof(FLT_REGISTRATION),
                                                  .Version = FLT_REGISTRATION_VERSION,
                                                  .FilterUnloadCallback = Unload};
    UNICODE_STRING Path = RTL_CONSTANT_STRING(L"\\DosDevices\\C:\\filters.bin");
    OBJECT_ATTRIBUTES Name;
    IO_STATUS_BLOCK Iosb;

    Own = Driver;
    Draw60();
    KeInitializeEvent(&Goes, NotificationEvent, FALSE);
    InitializeObjectAttributes(&Name, &Path, OBJ_KERNEL_HANDLE | OBJ_CASE_INSENSITIVE, NULL, NULL);
    if (!NT_SUCCESS(ZwCreateFile(&FileHandle, GENERIC_READ | GENERIC_WRITE | SYNCHRONIZE, &Name,
                                 &Iosb, NULL, 0, FILE_SHARE_READ | FILE_SHARE_WRITE, FILE_OPEN_IF,
                                 FILE_SYNCHRONOUS_IO_NONALERT, NULL, 0))) {
        return STATUS_UNSUCCESSFUL;
    }
    ObReferenceObjectByHandle(FileHandle, 0, *IoFileObjectType, KernelMode, (PVOID *)&File, NULL);
    for (ULONG i = 0; i < CASES; i++) {
        Try(i);
    }
    ObDereferenceObject(File);
    ZwClose(FileHandle);
    DbgPrint("judged %u of %u\n", CASES, CASES);
    return FltRegisterFilter(Driver, &Registration, &Last);
}
