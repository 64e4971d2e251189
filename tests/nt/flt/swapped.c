/*
 * swapped.c - a filter that reads changes of directories into memory of its own: such a request cannot be drained when the
 * instance goes, so it is cancelled, also when it is completed at that moment. [IFS: "Modifying the Parameters for an I/O
 * Operation", "Detaching": operations with swapped buffers are cancelled and waited for; nt-semantics-2 1.8]
 */
#include <fltKernel.h>
#include "../ntlab-test.h"

DRIVER_INITIALIZE DriverEntry;
static PFLT_FILTER Filter;
static volatile LONG Swapped, Back;

static FLT_PREOP_CALLBACK_STATUS FLTAPI
Pre(PFLT_CALLBACK_DATA Data, PCFLT_RELATED_OBJECTS Objects, PVOID *CompletionContext)
{
    PFLT_PARAMETERS Parameters = &Data->Iopb->Parameters;
    PVOID Buffer;
    ULONG Length;
    PMDL Mdl;

    if (Data->Iopb->MinorFunction != IRP_MN_NOTIFY_CHANGE_DIRECTORY) {
        return FLT_PREOP_SUCCESS_NO_CALLBACK;
    }
    Length = Parameters->DirectoryControl.NotifyDirectory.Length;
    Buffer = ExAllocatePoolWithTag(NonPagedPool, Length, 'pawS');
    Mdl = IoAllocateMdl(Buffer, Length, FALSE, FALSE, NULL);
    MmBuildMdlForNonPagedPool(Mdl);
    Parameters->DirectoryControl.NotifyDirectory.DirectoryBuffer = Buffer;
    Parameters->DirectoryControl.NotifyDirectory.MdlAddress = Mdl;
    FltSetCallbackDataDirty(Data);
    InterlockedIncrement(&Swapped);
    *CompletionContext = Buffer;
    return FLT_PREOP_SUCCESS_WITH_CALLBACK;
}

static FLT_POSTOP_CALLBACK_STATUS FLTAPI
Post(PFLT_CALLBACK_DATA Data, PCFLT_RELATED_OBJECTS Objects, PVOID CompletionContext,
     FLT_POST_OPERATION_FLAGS Flags)
{
    EXPECT((Flags & FLTFL_POST_OPERATION_DRAINING) == 0);
    EXPECT(Data->IoStatus.Status == STATUS_CANCELLED || NT_SUCCESS(Data->IoStatus.Status));
    ExFreePoolWithTag(CompletionContext, 'pawS');
    InterlockedIncrement(&Back);
    return FLT_POSTOP_FINISHED_PROCESSING;
}

static VOID
AllAreBack(VOID)
{
    EXPECT_EQ(Back, Swapped);
}

static NTSTATUS FLTAPI
Unload(FLT_FILTER_UNLOAD_FLAGS Flags)
{
    static const NTLAB_TEST Tests[] = {TEST(AllAreBack)};

    FltUnregisterFilter(Filter);
    NtlabRun(Tests, RTL_NUMBER_OF(Tests));
    return STATUS_SUCCESS;
}

static NTSTATUS FLTAPI
QueryTeardown(PCFLT_RELATED_OBJECTS Objects, FLT_INSTANCE_QUERY_TEARDOWN_FLAGS Flags)
{
    return STATUS_SUCCESS;
}

static const FLT_OPERATION_REGISTRATION Operations[] = {{IRP_MJ_DIRECTORY_CONTROL, 0, Pre, Post},
                                                        {IRP_MJ_OPERATION_END}};
static const FLT_REGISTRATION Registration = {.Size = sizeof(FLT_REGISTRATION),
                                              .Version = FLT_REGISTRATION_VERSION,
                                              .OperationRegistration = Operations,
                                              .FilterUnloadCallback = Unload,
                                              .InstanceQueryTeardownCallback = QueryTeardown};

NTSTATUS NTAPI
DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
    NTSTATUS Status = FltRegisterFilter(DriverObject, &Registration, &Filter);

    if (NT_SUCCESS(Status)) {
        Status = FltStartFiltering(Filter);
    }
    return Status;
}
