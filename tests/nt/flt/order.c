/*
 * order.c - what a filter sees of a file that is created, written, mapped, and closed while a view of it is left: order-client.c
 * does it. Cleanup comes with the last handle, the pages that the view made dirty leave after it as paging writes in the System
 * process, close comes when the section lets go of the file. [IFS: irp-mj-cleanup, irp-mj-close; SMP:filesys/fastfat/cleanup.c;
 * nt-semantics-2 2.5, 2.6]
 */
#include <fltKernel.h>
#include "../ntlab-test.h"

typedef struct SEEN {
    UCHAR Major;
    BOOLEAN Irp, Paging, System, Post;
    KIRQL Irql;
} SEEN;

static PFLT_FILTER Filter;
static PFILE_OBJECT File; /* of order.txt */
static SEEN Log[200];
static LONG Count;

static VOID
Note(PFLT_CALLBACK_DATA Data, BOOLEAN Post)
{
    LONG Index = InterlockedIncrement(&Count) - 1;

    if (Index < (LONG)RTL_NUMBER_OF(Log)) {
        Log[Index] = (SEEN){.Major = Data->Iopb->MajorFunction,
                            .Irp = FLT_IS_IRP_OPERATION(Data) != 0,
                            .Paging = (Data->Iopb->IrpFlags & IRP_PAGING_IO) != 0,
                            .System = IoGetCurrentProcess() == PsInitialSystemProcess,
                            .Post = Post,
                            .Irql = KeGetCurrentIrql()};
    }
}

static BOOLEAN
IsOurs(PUNICODE_STRING Name)
{
    static const WCHAR Wanted[] = L"order.txt";
    const USHORT Bytes = sizeof(Wanted) - sizeof(WCHAR);

    return Name->Length >= Bytes &&
           RtlCompareMemory((PUCHAR)Name->Buffer + Name->Length - Bytes, Wanted, Bytes) == Bytes;
}

static FLT_PREOP_CALLBACK_STATUS FLTAPI
Pre(PFLT_CALLBACK_DATA Data, PCFLT_RELATED_OBJECTS FltObjects, PVOID *CompletionContext)
{
    if (Data->Iopb->MajorFunction == IRP_MJ_CREATE && File == NULL &&
        IsOurs(&FltObjects->FileObject->FileName)) {
        File = FltObjects->FileObject;
    }
    if (File == NULL || FltObjects->FileObject != File) {
        return FLT_PREOP_SUCCESS_NO_CALLBACK;
    }
    Note(Data, FALSE);
    return FLT_PREOP_SUCCESS_WITH_CALLBACK;
}

static FLT_POSTOP_CALLBACK_STATUS FLTAPI
Post(PFLT_CALLBACK_DATA Data, PCFLT_RELATED_OBJECTS FltObjects, PVOID CompletionContext,
     FLT_POST_OPERATION_FLAGS Flags)
{
    Note(Data, TRUE);
    if (Data->Iopb->MajorFunction == IRP_MJ_CLOSE) {
        File = (PFILE_OBJECT)-1; /* its address may be another one's now */
    }
    return FLT_POSTOP_FINISHED_PROCESSING;
}

/* The number of the first entry like this from From on; Count: none. */
static LONG
Find(LONG From, UCHAR Major, BOOLEAN Paging)
{
    while (From < Count && (Log[From].Major != Major || Log[From].Paging != Paging)) {
        From++;
    }
    return From;
}

static VOID
Check(VOID)
{
    LONG Cleanup = Find(0, IRP_MJ_CLEANUP, FALSE), Close = Find(0, IRP_MJ_CLOSE, FALSE);
    LONG Write = Find(0, IRP_MJ_WRITE, FALSE), Flush = Find(0, IRP_MJ_FLUSH_BUFFERS, FALSE);
    LONG Flushed = Find(0, IRP_MJ_WRITE, TRUE), PagingWrite = Find(Cleanup, IRP_MJ_WRITE, TRUE);
    LONG Acquire = Find(0, IRP_MJ_ACQUIRE_FOR_SECTION_SYNCHRONIZATION, FALSE);

    NtlabCase = "Order";
    EXPECT(Count > 10 && Count <= (LONG)RTL_NUMBER_OF(Log));
    EXPECT(Log[0].Major == IRP_MJ_CREATE && !Log[0].Post && Log[0].Irql == PASSIVE_LEVEL);
    EXPECT(Log[1].Major == IRP_MJ_CREATE && Log[1].Post); /* nothing comes before it is over */
    EXPECT(Find(2, IRP_MJ_CREATE, FALSE) == Count);       /* one create for a file object */
    EXPECT(Write < Cleanup && !Log[Write].System);
    EXPECT(Flush > Write && Flushed > Flush && Flushed < Cleanup); /* written when asked for ... */
    EXPECT(!Log[Flushed].System);                                  /* ... by who asked */
    EXPECT(Acquire > Write && Acquire < Cleanup); /* the section is made while it is open */
    EXPECT(Cleanup < Count && Log[Cleanup + 1].Major == IRP_MJ_CLEANUP && Log[Cleanup + 1].Post);
    EXPECT(Find(Cleanup + 2, IRP_MJ_CLEANUP, FALSE) == Count);
    EXPECT(PagingWrite > Cleanup && PagingWrite < Close);    /* cleanup, paging writes, close */
    EXPECT(Log[PagingWrite].Irp && Log[PagingWrite].System); /* by the system's own threads */
    EXPECT(Log[PagingWrite].Irql <= APC_LEVEL);
    EXPECT(Close == Count - 2 && Log[Close + 1].Post); /* and nothing more */
    for (LONG i = 0; i < Count; i++) {
        if (Log[i].Major == IRP_MJ_READ && !Log[i].Paging) {
            EXPECT(i < Cleanup); /* no handle, no read but of pages */
        }
    }
    DbgPrintEx(DPFLTR_IHVDRIVER_ID, DPFLTR_ERROR_LEVEL, "ntlab-test: done %d %d\n", NtlabPassed,
               NtlabFailed);
}

static NTSTATUS FLTAPI
Unload(FLT_FILTER_UNLOAD_FLAGS Flags)
{
    FltUnregisterFilter(Filter);
    Check();
    return STATUS_SUCCESS;
}

#define BOTH(Major) {Major, 0, Pre, Post}
static const FLT_OPERATION_REGISTRATION Operations[] = {
    BOTH(IRP_MJ_CREATE),
    BOTH(IRP_MJ_READ),
    BOTH(IRP_MJ_WRITE),
    BOTH(IRP_MJ_QUERY_INFORMATION),
    BOTH(IRP_MJ_SET_INFORMATION),
    BOTH(IRP_MJ_FLUSH_BUFFERS),
    BOTH(IRP_MJ_CLEANUP),
    BOTH(IRP_MJ_CLOSE),
    BOTH(IRP_MJ_ACQUIRE_FOR_SECTION_SYNCHRONIZATION),
    BOTH(IRP_MJ_RELEASE_FOR_SECTION_SYNCHRONIZATION),
    {IRP_MJ_OPERATION_END}};
static const FLT_REGISTRATION Registration = {.Size = sizeof(FLT_REGISTRATION),
                                              .Version = FLT_REGISTRATION_VERSION,
                                              .OperationRegistration = Operations,
                                              .FilterUnloadCallback = Unload};

NTSTATUS NTAPI
DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
    NTSTATUS Status = FltRegisterFilter(DriverObject, &Registration, &Filter);

    return NT_SUCCESS(Status) ? FltStartFiltering(Filter) : Status;
}
