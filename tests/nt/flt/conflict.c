/*
 * conflict.c - sections for data scans that stand in the way of other I/O. [DDI: PFLT_SECTION_CONFLICT_NOTIFICATION_CALLBACK:
 * "Certain file operations are incompatible with file sections ... Upon receipt of a notification, a section can be closed
 * to allow the conflicting I/O operation to continue"]
 *
 * A file whose name ends in `scan` gets a section when it is opened; `keep` too, and there the notification is ignored.
 */
#include <fltKernel.h>
#include "ntlab-test.h"

typedef struct _SCAN {
    HANDLE Handle;
    PVOID Object;
    BOOLEAN Keep;
} SCAN, *PSCAN;

static PFLT_FILTER Filter;
static LONG Told[3], Opened, Wrong; /* of set information, writes, controls */

static VOID
Close(PSCAN Scan)
{
    PVOID Object = InterlockedExchangePointer(&Scan->Object, NULL);

    if (Object != NULL) {
        ObDereferenceObject(Object);
        Wrong += FltCloseSectionForDataScan(Scan) != STATUS_SUCCESS;
    }
}

static NTSTATUS FLTAPI
Conflict(PFLT_INSTANCE Instance, PFLT_CONTEXT Context, PFLT_CALLBACK_DATA Data)
{
    UCHAR Major = Data->Iopb->MajorFunction;

    Wrong += KeGetCurrentIrql() != PASSIVE_LEVEL || Instance == NULL;
    Told[Major == IRP_MJ_SET_INFORMATION ? 0 : Major == IRP_MJ_WRITE ? 1 : 2]++;
    if (!((PSCAN)Context)->Keep) {
        Close(Context);
    }
    return STATUS_SUCCESS;
}

static BOOLEAN
Ends(PUNICODE_STRING Name, PCWSTR End)
{
    ULONG Length = (ULONG)wcslen(End) * sizeof(WCHAR);

    return Name->Length >= Length &&
           RtlEqualMemory((PUCHAR)Name->Buffer + Name->Length - Length, End, Length);
}

static FLT_POSTOP_CALLBACK_STATUS FLTAPI
PostCreate(PFLT_CALLBACK_DATA Data, PCFLT_RELATED_OBJECTS Objects, PVOID Unused,
           FLT_POST_OPERATION_FLAGS Flags)
{
    BOOLEAN Keep = Ends(&Objects->FileObject->FileName, L"keep");
    OBJECT_ATTRIBUTES Attributes;
    NTSTATUS Status;
    PSCAN Scan;

    if (!NT_SUCCESS(Data->IoStatus.Status) ||
        (!Keep && !Ends(&Objects->FileObject->FileName, L"scan"))) {
        return FLT_POSTOP_FINISHED_PROCESSING;
    }
    Status = FltAllocateContext(Filter, FLT_SECTION_CONTEXT, sizeof(SCAN), PagedPool,
                                (PFLT_CONTEXT *)&Scan);
    if (NT_SUCCESS(Status)) {
        Scan->Keep = Keep;
        InitializeObjectAttributes(&Attributes, NULL, OBJ_KERNEL_HANDLE, NULL, NULL);
        Status = FltCreateSectionForDataScan(
            Objects->Instance, Objects->FileObject, Scan, SECTION_MAP_READ | SECTION_QUERY,
            &Attributes, NULL, PAGE_READONLY, SEC_COMMIT, 0, &Scan->Handle, &Scan->Object, NULL);
        Opened += NT_SUCCESS(Status);
        FltReleaseContext(Scan);
    }
    return FLT_POSTOP_FINISHED_PROCESSING;
}

static FLT_PREOP_CALLBACK_STATUS FLTAPI
PreCleanup(PFLT_CALLBACK_DATA Data, PCFLT_RELATED_OBJECTS Objects, PVOID *Unused)
{
    PSCAN Scan;

    if (NT_SUCCESS(
            FltGetSectionContext(Objects->Instance, Objects->FileObject, (PFLT_CONTEXT *)&Scan))) {
        Close(Scan);
        FltReleaseContext(Scan);
    }
    return FLT_PREOP_SUCCESS_NO_CALLBACK;
}

static NTSTATUS FLTAPI
Setup(PCFLT_RELATED_OBJECTS Objects, FLT_INSTANCE_SETUP_FLAGS Flags, DEVICE_TYPE Type,
      FLT_FILESYSTEM_TYPE FileSystem)
{
    return FltRegisterForDataScan(Objects->Instance);
}

static NTSTATUS FLTAPI
Unload(FLT_FILTER_UNLOAD_FLAGS Flags)
{
    FltUnregisterFilter(Filter);
    NtlabCase = "Conflict";
    EXPECT(Opened == 4 && Wrong == 0);
    EXPECT(Told[0] == 3); /* two files cut, and the one whose section stays */
    EXPECT(Told[1] == 1); /* written past the cache */
    EXPECT(Told[2] == 1); /* FSCTL_SET_ZERO_DATA */
    DbgPrintEx(DPFLTR_IHVDRIVER_ID, DPFLTR_ERROR_LEVEL, "ntlab-test: done %d %d\n", NtlabPassed,
               NtlabFailed);
    return STATUS_SUCCESS;
}

/* Neither IRP_MJ_WRITE nor IRP_MJ_SET_INFORMATION: a conflict is told all the same. */
static const FLT_OPERATION_REGISTRATION Operations[] = {{IRP_MJ_CREATE, 0, NULL, PostCreate},
                                                        {IRP_MJ_CLEANUP, 0, PreCleanup, NULL},
                                                        {IRP_MJ_OPERATION_END}};
static const FLT_CONTEXT_REGISTRATION Contexts[] = {
    {FLT_SECTION_CONTEXT, 0, NULL, sizeof(SCAN), 'nacS'}, {FLT_CONTEXT_END}};
static const FLT_REGISTRATION Registration = {.Size = sizeof(FLT_REGISTRATION),
                                              .Version = FLT_REGISTRATION_VERSION_0203,
                                              .ContextRegistration = Contexts,
                                              .OperationRegistration = Operations,
                                              .FilterUnloadCallback = Unload,
                                              .InstanceSetupCallback = Setup,
                                              .SectionNotificationCallback = Conflict};

NTSTATUS NTAPI
DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
    NTSTATUS Status = FltRegisterFilter(DriverObject, &Registration, &Filter);

    return NT_SUCCESS(Status) ? FltStartFiltering(Filter) : Status;
}
