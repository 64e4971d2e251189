/*
 * image.c - a filter under which images are executed (../io/image-client.c): what it makes of paging reads is what runs, it can refuse
 * the section, and what it sees of an execution comes in order. [IFS: FLT_PARAMETERS for
 * IRP_MJ_ACQUIRE_FOR_SECTION_SYNCHRONIZATION: "a filter can fail it" with STATUS_INSUFFICIENT_RESOURCES]
 */
#include <fltKernel.h>
#include "../ntlab-test.h"

static PFLT_FILTER Filter;
static PFILE_OBJECT Watched;
static ULONG Log[64], Count; /* of watched.exe's first execution */

static BOOLEAN
Ends(PFILE_OBJECT FileObject, PCWSTR Wanted)
{
    USHORT Bytes = (USHORT)(wcslen(Wanted) * sizeof(WCHAR));

    return FileObject != NULL && FileObject->FileName.Length >= Bytes &&
           _wcsnicmp(FileObject->FileName.Buffer +
                         (FileObject->FileName.Length - Bytes) / sizeof(WCHAR),
                     Wanted, Bytes / sizeof(WCHAR)) == 0;
}

static VOID
Watch(PFLT_CALLBACK_DATA Data, ULONG What)
{
    if (Data->Iopb->TargetFileObject == Watched && Count < RTL_NUMBER_OF(Log)) {
        Log[Count++] = What;
    }
}

static FLT_PREOP_CALLBACK_STATUS FLTAPI
PreCreate(PFLT_CALLBACK_DATA Data, PCFLT_RELATED_OBJECTS FltObjects, PVOID *CompletionContext)
{
    if (Watched == NULL && Ends(FltObjects->FileObject, L"watched.exe") &&
        Data->Iopb->Parameters.Create.SecurityContext->DesiredAccess ==
            (FILE_EXECUTE | SYNCHRONIZE)) {
        Watched = FltObjects->FileObject;
        Watch(Data, 1);
    }
    return FLT_PREOP_SUCCESS_NO_CALLBACK;
}

static FLT_PREOP_CALLBACK_STATUS FLTAPI
PreSection(PFLT_CALLBACK_DATA Data, PCFLT_RELATED_OBJECTS FltObjects, PVOID *CompletionContext)
{
    if (Data->Iopb->Parameters.AcquireForSectionSynchronization.SyncType == SyncTypeCreateSection &&
        (Data->Iopb->Parameters.AcquireForSectionSynchronization.PageProtection & PAGE_EXECUTE)) {
        Watch(Data, 2);
        if (Ends(FltObjects->FileObject, L"forbidden.exe")) {
            Data->IoStatus.Status = STATUS_INSUFFICIENT_RESOURCES;
            return FLT_PREOP_COMPLETE;
        }
    }
    return FLT_PREOP_SUCCESS_NO_CALLBACK;
}

static FLT_PREOP_CALLBACK_STATUS FLTAPI
PreRead(PFLT_CALLBACK_DATA Data, PCFLT_RELATED_OBJECTS FltObjects, PVOID *CompletionContext)
{
    if (!(Data->Iopb->IrpFlags & IRP_PAGING_IO)) {
        return FLT_PREOP_SUCCESS_NO_CALLBACK;
    }
    if (Data->Iopb->Parameters.Read.ByteOffset.QuadPart == 0) {
        Watch(Data, Data->Iopb->Parameters.Read.Length == PAGE_SIZE ? 3 : 99);
    }
    return Ends(FltObjects->FileObject, L".enc.dll") ? FLT_PREOP_SYNCHRONIZE
                                                     : FLT_PREOP_SUCCESS_NO_CALLBACK;
}

static FLT_POSTOP_CALLBACK_STATUS FLTAPI
PostRead(PFLT_CALLBACK_DATA Data, PCFLT_RELATED_OBJECTS FltObjects, PVOID Context,
         FLT_POST_OPERATION_FLAGS Flags)
{
    PUCHAR Buffer;

    if (NT_SUCCESS(Data->IoStatus.Status)) {
        Buffer = MmGetSystemAddressForMdlSafe(Data->Iopb->Parameters.Read.MdlAddress,
                                              NormalPagePriority);
        for (ULONG_PTR i = 0; i < Data->IoStatus.Information; i++) {
            Buffer[i] ^= 0x5A;
        }
    }
    return FLT_POSTOP_FINISHED_PROCESSING;
}

static FLT_PREOP_CALLBACK_STATUS FLTAPI
PreCleanup(PFLT_CALLBACK_DATA Data, PCFLT_RELATED_OBJECTS FltObjects, PVOID *CompletionContext)
{
    Watch(Data, Data->Iopb->MajorFunction == IRP_MJ_CLEANUP ? 4 : 5);
    return FLT_PREOP_SUCCESS_NO_CALLBACK;
}

static VOID NTAPI Ended(HANDLE Parent, HANDLE Process, BOOLEAN Create);

static NTSTATUS FLTAPI
FilterUnload(FLT_FILTER_UNLOAD_FLAGS Flags)
{
    PsSetCreateProcessNotifyRoutine(Ended, TRUE);
    FltUnregisterFilter(Filter);
    return STATUS_SUCCESS;
}

/* The client has ended: opened, refused or not, read from the headers on, handle closed; closed with the process. */
static VOID NTAPI
Ended(HANDLE Parent, HANDLE Process, BOOLEAN Create)
{
    static LONG Processes;

    if (Create) {
        Processes++;
    } else if (--Processes == 0) {
        EXPECT(Count == 5);
        for (ULONG i = 0; i < 5; i++) {
            EXPECT(Log[i] == i + 1);
        }
        DbgPrintEx(DPFLTR_IHVDRIVER_ID, DPFLTR_ERROR_LEVEL, "ntlab-test: done %d %d\n", NtlabPassed,
                   NtlabFailed);
    }
}

static const FLT_OPERATION_REGISTRATION Operations[] = {
    {IRP_MJ_CREATE, 0, PreCreate, NULL},
    {IRP_MJ_READ, 0, PreRead, PostRead},
    {IRP_MJ_CLEANUP, 0, PreCleanup, NULL},
    {IRP_MJ_CLOSE, 0, PreCleanup, NULL},
    {IRP_MJ_ACQUIRE_FOR_SECTION_SYNCHRONIZATION, 0, PreSection, NULL},
    {IRP_MJ_OPERATION_END},
};

static const FLT_REGISTRATION Registration = {
    .Size = sizeof(FLT_REGISTRATION),
    .Version = FLT_REGISTRATION_VERSION,
    .OperationRegistration = Operations,
    .FilterUnloadCallback = FilterUnload,
};

NTSTATUS NTAPI
DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
    NTSTATUS Status = FltRegisterFilter(DriverObject, &Registration, &Filter);

    if (NT_SUCCESS(Status)) {
        Status = FltStartFiltering(Filter);
    }
    return NT_SUCCESS(Status) ? PsSetCreateProcessNotifyRoutine(Ended, FALSE) : Status;
}
