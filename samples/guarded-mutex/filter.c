/*
 * filter.c - GuardedFault: the same question, asked by a minifilter in a page fault of a mapped view.
 *
 * The filter needs a block of a disk (guarded-mutex.sys's) for each page of a file NAME.paged that is read: a key, say. It reads it in
 * pre-read, in the thread that has touched the page; what keeps APCs off there is the memory manager's, not ours. NAME
 * says how the filter finds out that it must leave the reading to a worker thread: nothing, irql, apcs, all-apcs.
 * With NAME at-once-... it is a block that the disk has in its cache, and gives at once.
 */
#include <fltKernel.h>
#include "guarded-mutex.h"

#define TAG 'tlfG'

typedef BOOLEAN(NTAPI *PARE_DISABLED)(VOID);

typedef struct KEY_BLOCK {
    NTSTATUS Status;
    KEVENT Posted;
    UCHAR Block[BLOCK_BYTES];
} KEY_BLOCK;

static PFLT_FILTER Filter;
static BOOLEAN AtOnce;
static HANDLE DiskHandle;
static PARE_DISABLED AreAllApcsDisabled; /* NULL on XP */

/* ---- what a file's name asks for ---- */

static BOOLEAN
Ends(PUNICODE_STRING Name, PCWSTR Text)
{
    UNICODE_STRING Tail, Wanted;

    RtlInitUnicodeString(&Wanted, Text);
    if (Name->Length < Wanted.Length) {
        return FALSE;
    }
    Tail.Length = Tail.MaximumLength = Wanted.Length;
    Tail.Buffer = Name->Buffer + (Name->Length - Wanted.Length) / sizeof(WCHAR);
    return RtlEqualUnicodeString(&Tail, &Wanted, TRUE);
}

static BOOLEAN
AskOf(PFILE_OBJECT FileObject, PULONG Ask)
{
    static const PCWSTR Names[] = {L"nothing.paged", L"irql.paged", L"-apcs.paged",
                                   L"all-apcs.paged"};
    ULONG Found = RTL_NUMBER_OF(Names);

    for (ULONG i = 0; i < RTL_NUMBER_OF(Names); i++) {
        if (Ends(&FileObject->FileName, Names[i])) {
            Found = i;
        }
    }
    *Ask = Found;
    return Found != RTL_NUMBER_OF(Names);
}

/* ---- the filter ---- */

/* The handle is the system's, and what is read goes to nonpaged memory. */
static VOID
ReadKey(KEY_BLOCK *Read)
{
    LARGE_INTEGER Offset = {.QuadPart = AtOnce ? BLOCK_BYTES : 0};
    IO_STATUS_BLOCK Iosb;

    Read->Status =
        ZwReadFile(DiskHandle, NULL, NULL, NULL, &Iosb, Read->Block, BLOCK_BYTES, &Offset, NULL);
}

static VOID FLTAPI
KeyWorker(PFLT_GENERIC_WORKITEM Item, PVOID Object, PVOID Context)
{
    KEY_BLOCK *Read = Context;

    ReadKey(Read);
    FltFreeGenericWorkItem(Item);
    KeSetEvent(&Read->Posted, 0, FALSE);
}

static BOOLEAN
MustPost(ULONG Ask)
{
    switch (Ask) {
    case AskIrql:
        return KeGetCurrentIrql() >= APC_LEVEL;
    case AskApcs:
        return KeAreApcsDisabled();
    case AskAllApcs:
        return AreAllApcsDisabled();
    default:
        return FALSE;
    }
}

static FLT_PREOP_CALLBACK_STATUS FLTAPI
PreRead(PFLT_CALLBACK_DATA Data, PCFLT_RELATED_OBJECTS FltObjects, PVOID *Context)
{
    PFLT_GENERIC_WORKITEM Item;
    KEY_BLOCK *Read;
    NTSTATUS Status = STATUS_INSUFFICIENT_RESOURCES;
    BOOLEAN Post;
    ULONG Ask;

    if (!FLT_IS_IRP_OPERATION(Data) || (Data->Iopb->IrpFlags & IRP_PAGING_IO) == 0 ||
        !AskOf(Data->Iopb->TargetFileObject, &Ask)) {
        return FLT_PREOP_SUCCESS_NO_CALLBACK;
    }
    Post = MustPost(Ask);
    DbgPrint("guarded-fault: IRQL %u, KeAreApcsDisabled %u, KeAreAllApcsDisabled %u: read %s\n",
             KeGetCurrentIrql(), KeAreApcsDisabled(),
             AreAllApcsDisabled != NULL ? AreAllApcsDisabled() : 2,
             Post ? "by a worker thread" : "in the thread itself");
    Read = ExAllocatePoolWithTag(NonPagedPool, sizeof(*Read), TAG);
    if (Read != NULL && Post) {
        Item = FltAllocateGenericWorkItem();
        KeInitializeEvent(&Read->Posted, SynchronizationEvent, FALSE);
        if (Item != NULL &&
            NT_SUCCESS(FltQueueGenericWorkItem(Item, Filter, KeyWorker, CriticalWorkQueue, Read))) {
            KeWaitForSingleObject(&Read->Posted, Executive, KernelMode, FALSE, NULL);
            Status = Read->Status;
        }
    } else if (Read != NULL) {
        ReadKey(Read);
        Status = Read->Status;
    }
    if (NT_SUCCESS(Status) && Read->Block[BLOCK_BYTES - 1] != BLOCK_FILL) {
        Status = STATUS_DATA_ERROR;
    }
    if (Read != NULL) {
        ExFreePoolWithTag(Read, TAG);
    }
    Data->IoStatus.Status = Status;
    Data->IoStatus.Information = 0;
    return NT_SUCCESS(Status) ? FLT_PREOP_SUCCESS_NO_CALLBACK : FLT_PREOP_COMPLETE;
}

static FLT_PREOP_CALLBACK_STATUS FLTAPI
PreCreate(PFLT_CALLBACK_DATA Data, PCFLT_RELATED_OBJECTS FltObjects, PVOID *Context)
{
    UNICODE_STRING First = RTL_CONSTANT_STRING(L"\\at-once"), *Name;
    ULONG Ask;

    if (!AskOf(Data->Iopb->TargetFileObject, &Ask)) {
        return FLT_PREOP_SUCCESS_NO_CALLBACK;
    }
    Name = &Data->Iopb->TargetFileObject->FileName;
    AtOnce = RtlPrefixUnicodeString(&First, Name, TRUE);
    if (Ask == AskAllApcs && AreAllApcsDisabled == NULL) {
        Data->IoStatus.Status = STATUS_NOT_SUPPORTED;
        return FLT_PREOP_COMPLETE;
    }
    return FLT_PREOP_SUCCESS_NO_CALLBACK;
}

static NTSTATUS FLTAPI
Unload(FLT_FILTER_UNLOAD_FLAGS Flags)
{
    FltUnregisterFilter(Filter);
    ZwClose(DiskHandle);
    return STATUS_SUCCESS;
}

static const FLT_OPERATION_REGISTRATION Operations[] = {
    {IRP_MJ_CREATE, 0, PreCreate, NULL}, {IRP_MJ_READ, 0, PreRead, NULL}, {IRP_MJ_OPERATION_END}};

static const FLT_REGISTRATION Registration = {.Size = sizeof(FLT_REGISTRATION),
                                              .Version = FLT_REGISTRATION_VERSION,
                                              .OperationRegistration = Operations,
                                              .FilterUnloadCallback = Unload};

static NTSTATUS
OpenDisk(VOID)
{
    UNICODE_STRING Name = RTL_CONSTANT_STRING(L"\\Device\\GuardedMutexDisk");
    OBJECT_ATTRIBUTES Attributes;
    IO_STATUS_BLOCK Iosb;

    InitializeObjectAttributes(&Attributes, &Name, OBJ_CASE_INSENSITIVE | OBJ_KERNEL_HANDLE, NULL,
                               NULL);
    return ZwCreateFile(&DiskHandle, FILE_READ_DATA | SYNCHRONIZE, &Attributes, &Iosb, NULL, 0,
                        FILE_SHARE_READ, FILE_OPEN, FILE_SYNCHRONOUS_IO_NONALERT, NULL, 0);
}

NTSTATUS NTAPI
DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
    UNICODE_STRING Name = RTL_CONSTANT_STRING(L"KeAreAllApcsDisabled");
    NTSTATUS Status;

    AreAllApcsDisabled = (PARE_DISABLED)MmGetSystemRoutineAddress(&Name);
    Status = OpenDisk();
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    Status = FltRegisterFilter(DriverObject, &Registration, &Filter);
    if (NT_SUCCESS(Status)) {
        Status = FltStartFiltering(Filter);
        if (!NT_SUCCESS(Status)) {
            FltUnregisterFilter(Filter);
        }
    }
    if (!NT_SUCCESS(Status)) {
        ZwClose(DiskHandle);
    }
    return Status;
}
