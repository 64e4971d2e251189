/*
 * hide.c - a minifilter that hides a product's own files: they are taken out of directory listings, and nobody else may
 * open them. It counts what is written through each handle. One of the mistakes of such filters is in it, the one with the
 * number CASE.
 */
#include <fltKernel.h>

#define HAS(Case) (CASE == (Case))
#define TAG       'edhN'

typedef struct _HANDLE_CONTEXT {
    volatile LONG Writes;
    ULONG Bytes;
} HANDLE_CONTEXT, *PHANDLE_CONTEXT;

typedef struct _LISTING {
    UNICODE_STRING Hidden;
    WCHAR Characters[32];
} LISTING, *PLISTING;

DRIVER_INITIALIZE DriverEntry;
static PFLT_FILTER Filter;
static ERESOURCE TableLock;
static ULONG Refused, Written;
static const UNICODE_STRING Secret = RTL_CONSTANT_STRING(L"quarantine.dat");

static BOOLEAN
IsSecret(PCUNICODE_STRING Name)
{
    return Name->Length != 0 && RtlEqualUnicodeString(Name, &Secret, TRUE);
}

/* ---- create ---- */

static FLT_PREOP_CALLBACK_STATUS FLTAPI
PreCreate(PFLT_CALLBACK_DATA Data, PCFLT_RELATED_OBJECTS Objects, PVOID *CompletionContext)
{
    FLT_PREOP_CALLBACK_STATUS Result = FLT_PREOP_SUCCESS_WITH_CALLBACK;
    PFLT_FILE_NAME_INFORMATION Name;
    NTSTATUS Status;

    UNREFERENCED_PARAMETER(Objects);
    UNREFERENCED_PARAMETER(CompletionContext);
    if (Data->RequestorMode == KernelMode) {
        return FLT_PREOP_SUCCESS_NO_CALLBACK;
    }
    Status = FltGetFileNameInformation(Data, FLT_FILE_NAME_OPENED | FLT_FILE_NAME_QUERY_DEFAULT,
                                       &Name); /* BUG(460) */
    if (!NT_SUCCESS(Status)) {
        return FLT_PREOP_SUCCESS_NO_CALLBACK;
    }
    Status = FltParseFileNameInformation(Name);
    if (NT_SUCCESS(Status) && IsSecret(&Name->FinalComponent) &&
        (Data->Iopb->Parameters.Create.SecurityContext->DesiredAccess & DELETE) != 0) {
        KeEnterCriticalRegion();
        ExAcquireResourceExclusiveLite(&TableLock, TRUE); /* BUG(461) */
        Refused++;
#if !HAS(461)
        ExReleaseResourceLite(&TableLock);
#endif
        KeLeaveCriticalRegion();
        Data->IoStatus.Status = STATUS_ACCESS_DENIED;
        Data->IoStatus.Information = 0;
        Result = FLT_PREOP_COMPLETE;
#if HAS(460)
        return Result;
#endif
    }
    FltReleaseFileNameInformation(Name);
    return Result;
}

static FLT_POSTOP_CALLBACK_STATUS FLTAPI
PostCreate(PFLT_CALLBACK_DATA Data, PCFLT_RELATED_OBJECTS Objects, PVOID CompletionContext,
           FLT_POST_OPERATION_FLAGS Flags)
{
    PHANDLE_CONTEXT Context;
    NTSTATUS Status;

    UNREFERENCED_PARAMETER(CompletionContext);
    if (!NT_SUCCESS(Data->IoStatus.Status) || Data->IoStatus.Status == STATUS_REPARSE ||
        (Flags & FLTFL_POST_OPERATION_DRAINING) != 0) {
        return FLT_POSTOP_FINISHED_PROCESSING;
    }
    Status = FltAllocateContext(Filter, FLT_STREAMHANDLE_CONTEXT, sizeof(HANDLE_CONTEXT),
                                NonPagedPoolNx, (PFLT_CONTEXT *)&Context); /* BUG(462) */
    if (!NT_SUCCESS(Status)) {
        return FLT_POSTOP_FINISHED_PROCESSING;
    }
    RtlZeroMemory(Context, sizeof(*Context));
    Status = FltSetStreamHandleContext(Objects->Instance, Objects->FileObject,
                                       FLT_SET_CONTEXT_KEEP_IF_EXISTS, Context, NULL);
    if (HAS(462) && NT_SUCCESS(Status)) {
        return FLT_POSTOP_FINISHED_PROCESSING;
    }
    FltReleaseContext(Context);
    return FLT_POSTOP_FINISHED_PROCESSING;
}

/* ---- write ---- */

static FLT_PREOP_CALLBACK_STATUS FLTAPI
PreWrite(PFLT_CALLBACK_DATA Data, PCFLT_RELATED_OBJECTS Objects, PVOID *CompletionContext)
{
    PHANDLE_CONTEXT Context;

    UNREFERENCED_PARAMETER(CompletionContext);
    if (!NT_SUCCESS(FltGetStreamHandleContext(Objects->Instance, Objects->FileObject,
                                              (PFLT_CONTEXT *)&Context))) { /* BUG(463) */
        return FLT_PREOP_SUCCESS_NO_CALLBACK;
    }
    InterlockedIncrement(&Context->Writes);
    if (Data->Iopb->Parameters.Write.Length == 0) {
#if !HAS(463)
        FltReleaseContext(Context);
#endif
        return FLT_PREOP_SUCCESS_NO_CALLBACK;
    }
    InterlockedAdd((volatile LONG *)&Written, (LONG)Data->Iopb->Parameters.Write.Length);
    FltReleaseContext(Context);
    return FLT_PREOP_SUCCESS_NO_CALLBACK;
}

/* ---- directories ---- */

static FLT_PREOP_CALLBACK_STATUS FLTAPI
PreDirectory(PFLT_CALLBACK_DATA Data, PCFLT_RELATED_OBJECTS Objects, PVOID *CompletionContext)
{
    PLISTING Listing;

    UNREFERENCED_PARAMETER(Objects);
    Listing = ExAllocatePoolWithTag(NonPagedPoolNx, sizeof(*Listing), TAG); /* BUG(464) */
    if (Listing == NULL) {
        return FLT_PREOP_SUCCESS_NO_CALLBACK;
    }
    RtlZeroMemory(Listing, sizeof(*Listing));
    Listing->Hidden.Buffer = Listing->Characters;
    Listing->Hidden.MaximumLength = sizeof(Listing->Characters);
    RtlCopyUnicodeString(&Listing->Hidden, &Secret);
    if (Data->Iopb->MinorFunction != IRP_MN_QUERY_DIRECTORY ||
        Data->Iopb->Parameters.DirectoryControl.QueryDirectory.FileInformationClass !=
            FileBothDirectoryInformation) {
#if !HAS(464)
        ExFreePoolWithTag(Listing, TAG);
#endif
        return FLT_PREOP_SUCCESS_NO_CALLBACK;
    }
    *CompletionContext = Listing;
    return FLT_PREOP_SYNCHRONIZE;
}

/* The entry behind `Before`, or the first one, is not shown. */
static VOID
TakeOut(PFILE_BOTH_DIR_INFORMATION Before, PFILE_BOTH_DIR_INFORMATION Entry, ULONG Length,
        PUCHAR Start)
{
    if (Before != NULL) {
        Before->NextEntryOffset =
            Entry->NextEntryOffset != 0 ? Before->NextEntryOffset + Entry->NextEntryOffset : 0;
        return;
    }
    if (Entry->NextEntryOffset != 0) {
        ULONG Offset = Entry->NextEntryOffset;

        RtlMoveMemory(Start, Start + Offset, HAS(465) ? Length : Length - Offset);
    }
}

static VOID
Hide(PLISTING Listing, PUCHAR Buffer, ULONG Length)
{
    PFILE_BOTH_DIR_INFORMATION Before = NULL, Entry = (PFILE_BOTH_DIR_INFORMATION)Buffer;

    for (;;) {
        UNICODE_STRING Name;
        ULONG Next = Entry->NextEntryOffset;

        Name.Buffer = Entry->FileName;
        Name.Length = Name.MaximumLength = (USHORT)Entry->FileNameLength;
        if (RtlEqualUnicodeString(&Name, &Listing->Hidden, TRUE)) {
            TakeOut(Before, Entry, Length, Buffer);
            return;
        }
        if (Next == 0) {
            return;
        }
        Before = Entry;
        Entry = (PFILE_BOTH_DIR_INFORMATION)((PUCHAR)Entry + Next);
    }
}

static FLT_POSTOP_CALLBACK_STATUS FLTAPI
PostDirectory(PFLT_CALLBACK_DATA Data, PCFLT_RELATED_OBJECTS Objects, PVOID CompletionContext,
              FLT_POST_OPERATION_FLAGS Flags)
{
    PLISTING Listing = CompletionContext;
    PVOID Buffer;

    UNREFERENCED_PARAMETER(Objects);
    if ((Flags & FLTFL_POST_OPERATION_DRAINING) == 0 && NT_SUCCESS(Data->IoStatus.Status) &&
        Data->IoStatus.Information != 0) {
        Buffer = Data->Iopb->Parameters.DirectoryControl.QueryDirectory.MdlAddress != NULL
                     ? MmGetSystemAddressForMdlSafe(
                           Data->Iopb->Parameters.DirectoryControl.QueryDirectory.MdlAddress,
                           NormalPagePriority)
                     : Data->Iopb->Parameters.DirectoryControl.QueryDirectory.DirectoryBuffer;
        if (Buffer != NULL) {
            __try {
                Hide(Listing, Buffer, (ULONG)Data->IoStatus.Information);
            } __except (EXCEPTION_EXECUTE_HANDLER) {
                Data->IoStatus.Status = GetExceptionCode();
                Data->IoStatus.Information = 0;
#if HAS(466)
                return FLT_POSTOP_FINISHED_PROCESSING;
#endif
            }
        }
    }
    ExFreePoolWithTag(Listing, TAG);
#if HAS(467)
    if (Listing->Hidden.Length == 0) { /* BUG(467) */
        Refused++;
    }
#endif
    return FLT_POSTOP_FINISHED_PROCESSING;
}

static NTSTATUS FLTAPI
Unload(FLT_FILTER_UNLOAD_FLAGS Flags)
{
    UNREFERENCED_PARAMETER(Flags);
    FltUnregisterFilter(Filter);
#if !HAS(468)
    ExDeleteResourceLite(&TableLock);
#endif
    return STATUS_SUCCESS;
}

static const FLT_OPERATION_REGISTRATION Operations[] = {
    {IRP_MJ_CREATE, 0, PreCreate, PostCreate},
    {IRP_MJ_WRITE, 0, PreWrite, NULL},
    {IRP_MJ_DIRECTORY_CONTROL, 0, PreDirectory, PostDirectory},
    {IRP_MJ_OPERATION_END}};
static const FLT_CONTEXT_REGISTRATION Contexts[] = {
    {FLT_STREAMHANDLE_CONTEXT, 0, NULL, sizeof(HANDLE_CONTEXT), TAG}, {FLT_CONTEXT_END}};
static const FLT_REGISTRATION Registration = {
    sizeof(FLT_REGISTRATION), FLT_REGISTRATION_VERSION, 0, Contexts, Operations, Unload};

NTSTATUS NTAPI
DriverEntry(PDRIVER_OBJECT Driver, PUNICODE_STRING RegistryPath)
{
    NTSTATUS Status = ExInitializeResourceLite(&TableLock); /* BUG(468) */

    UNREFERENCED_PARAMETER(RegistryPath);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    Status = FltRegisterFilter(Driver, &Registration, &Filter);
    if (NT_SUCCESS(Status)) {
        Status = FltStartFiltering(Filter);
        if (!NT_SUCCESS(Status)) {
            FltUnregisterFilter(Filter);
        }
    }
    if (!NT_SUCCESS(Status)) {
        ExDeleteResourceLite(&TableLock);
    }
    return Status;
}
