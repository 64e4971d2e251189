/*
 * normalize.c - a path with each component as its directory lists it, and without `:$DATA`. [IFS: flt-file-name-options;
 * DDI: PFLT_NORMALIZE_NAME_COMPONENT]
 *
 * Each component is asked for below the instance: of the directory that holds it, opened whatever its sharing, or of a name
 * provider there (provider.c). The last one need not exist: a create may be about to make it.
 */
#include "name.h"

#define FLTP_LISTED_BYTES 1024

/* How Component is listed in the directory at Path. */
static NTSTATUS
FltpAskDirectory(PFLT_INSTANCE Instance, PUNICODE_STRING Path, PCUNICODE_STRING Component,
                 PFILE_NAMES_INFORMATION Names)
{
    UNICODE_STRING Pattern = *Component;
    OBJECT_ATTRIBUTES Attributes;
    PFILE_OBJECT FileObject;
    IO_STATUS_BLOCK Iosb;
    NTSTATUS Status;
    HANDLE Handle;

    InitializeObjectAttributes(&Attributes, Path, OBJ_KERNEL_HANDLE | OBJ_CASE_INSENSITIVE, NULL,
                               NULL);
    Status = FltCreateFileEx(
        Instance->Filter, Instance, &Handle, &FileObject, FILE_LIST_DIRECTORY | SYNCHRONIZE,
        &Attributes, &Iosb, NULL, 0, FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE,
        FILE_OPEN, FILE_DIRECTORY_FILE | FILE_SYNCHRONOUS_IO_NONALERT | FILE_OPEN_FOR_BACKUP_INTENT,
        NULL, 0, IO_IGNORE_SHARE_ACCESS_CHECK);
    if (NT_SUCCESS(Status)) {
        Status = FltQueryDirectoryFile(Instance, FileObject, Names, FLTP_LISTED_BYTES,
                                       FileNamesInformation, TRUE, &Pattern, TRUE, NULL);
        ObDereferenceObject(FileObject);
        FltClose(Handle);
    }
    return Status;
}

/* How Component is listed below Parent, a path on the volume: by a name provider, or in the directory. */
static NTSTATUS
FltpExpand(PFLTP_EXPANSION Expansion, PCUNICODE_STRING Parent, PCUNICODE_STRING Component,
           PUNICODE_STRING Result)
{
    PFLT_INSTANCE Instance =
        Expansion->Provider != NULL ? Expansion->Provider : Expansion->Instance;
    PUNICODE_STRING Volume = &Instance->Volume->Name;
    PFILE_NAMES_INFORMATION Names;
    UNICODE_STRING Path, Listed;
    NTSTATUS Status;

    Path.Length = 0;
    Path.MaximumLength = Volume->Length + Parent->Length + 2 * sizeof(WCHAR);
    Path.Buffer = ExAllocatePoolWithTag(PagedPool, Path.MaximumLength, FLTP_TAG_TEMP);
    Names = ExAllocatePoolWithTag(NonPagedPool, FLTP_LISTED_BYTES, FLTP_TAG_TEMP);
    if (Path.Buffer == NULL || Names == NULL) {
        Status = STATUS_INSUFFICIENT_RESOURCES;
        goto Free;
    }
    RtlZeroMemory(Names, FLTP_LISTED_BYTES);
    RtlAppendUnicodeStringToString(&Path, Volume);
    RtlAppendUnicodeStringToString(&Path, Parent);
    if (Parent->Length == 0) {
        RtlAppendUnicodeToString(&Path, L"\\");
    }
    Status = FltpExpands(Expansion->Provider)
                 ? FltpAskProvider(Expansion, &Path, Volume->Length, Component, Names)
                 : FltpAskDirectory(Instance, &Path, Component, Names);
    if (NT_SUCCESS(Status)) {
        Listed.Buffer = Names->FileName;
        Listed.Length = Listed.MaximumLength = (USHORT)Names->FileNameLength;
        Status = FltpCopyString(Result, &Listed, FLTP_TAG_TEMP);
    }

Free:
    if (Path.Buffer != NULL) {
        ExFreePoolWithTag(Path.Buffer, FLTP_TAG_TEMP);
    }
    if (Names != NULL) {
        ExFreePoolWithTag(Names, FLTP_TAG_TEMP);
    }
    return Status;
}

VOID
FltpCutDataSuffix(PUNICODE_STRING Path)
{
    static const WCHAR Suffix[] = L":$DATA";
    UNICODE_STRING Tail, Data;

    RtlInitUnicodeString(&Data, Suffix);
    if (Path->Length > Data.Length) {
        Tail.Length = Tail.MaximumLength = Data.Length;
        Tail.Buffer = Path->Buffer + (Path->Length - Data.Length) / sizeof(WCHAR);
        if (RtlEqualUnicodeString(&Tail, &Data, TRUE)) {
            Path->Length -= Data.Length;
            if (Path->Length != 0 && Path->Buffer[Path->Length / sizeof(WCHAR) - 1] == L':') {
                Path->Length -= sizeof(WCHAR);
            }
        }
    }
}

/* Each component as its directory lists it. The last one need not exist. Path is replaced. */
NTSTATUS
FltpNormalize(PFLTP_EXPANSION Expansion, PUNICODE_STRING Path)
{
    ULONG Units = Path->Length / sizeof(WCHAR), At = 0;
    UNICODE_STRING Done;
    NTSTATUS Status = STATUS_SUCCESS;

    FltpCutDataSuffix(Path);
    Units = Path->Length / sizeof(WCHAR);
    Done.Length = 0;
    Done.MaximumLength = (USHORT)min(MAXUSHORT - 1, Path->Length + 4096);
    Done.Buffer = ExAllocatePoolWithTag(NonPagedPool, Done.MaximumLength, FLTP_TAG_TEMP);
    if (Done.Buffer == NULL) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    while (At < Units && NT_SUCCESS(Status)) {
        UNICODE_STRING Component, Listed = {};
        ULONG Start, Stream;

        while (At < Units && Path->Buffer[At] == L'\\') {
            At++;
        }
        Start = At;
        while (At < Units && Path->Buffer[At] != L'\\') {
            At++;
        }
        for (Stream = Start; Stream < At && Path->Buffer[Stream] != L':'; Stream++) {
        }
        Component.Buffer = Path->Buffer + Start;
        Component.Length = Component.MaximumLength = (USHORT)((Stream - Start) * sizeof(WCHAR));
        if (Start == At) {
            break;
        }
        if (Component.Length != 0) {
            Status = FltpExpand(Expansion, &Done, &Component, &Listed);
            if (Status == STATUS_NO_SUCH_FILE || Status == STATUS_NO_MORE_FILES ||
                Status == STATUS_OBJECT_NAME_NOT_FOUND) {
                Status = At >= Units ? STATUS_SUCCESS : STATUS_OBJECT_PATH_NOT_FOUND;
            }
        }
        if (NT_SUCCESS(Status)) {
            Status = RtlAppendUnicodeToString(&Done, L"\\");
        }
        if (NT_SUCCESS(Status)) {
            Status =
                RtlAppendUnicodeStringToString(&Done, Listed.Buffer != NULL ? &Listed : &Component);
        }
        if (NT_SUCCESS(Status) && Stream < At) {
            Component.Buffer = Path->Buffer + Stream;
            Component.Length = Component.MaximumLength = (USHORT)((At - Stream) * sizeof(WCHAR));
            Status = RtlAppendUnicodeStringToString(&Done, &Component);
        }
        FltpFreeString(&Listed);
    }
    if (NT_SUCCESS(Status)) {
        if (Done.Length == 0 && Units != 0) {
            RtlAppendUnicodeToString(&Done, L"\\");
        }
        FltpFreeString(Path);
        *Path = Done;
    } else {
        ExFreePoolWithTag(Done.Buffer, FLTP_TAG_TEMP);
    }
    if (Expansion->Context != NULL && FltpExpands(Expansion->Provider) &&
        Expansion->Provider->Filter->Registration.NormalizeContextCleanupCallback != NULL) {
        Expansion->Provider->Filter->Registration.NormalizeContextCleanupCallback(
            &Expansion->Context);
    }
    return Status;
}
