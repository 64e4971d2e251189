/*
 * name.c - FltGetFileNameInformation and its relatives.
 *
 * The opened name is what the file was opened with, behind the volume's device name; the normalized one has its
 * components as the directories list them and no data-stream suffix; the short one is the last component's. Before the
 * create is below, the name comes from the file object; afterwards from the file system, asked below the instance
 * (or from a name provider there). [DDI: FltGetFileNameInformation; IFS: flt-file-name-options; nt-semantics-2 1.10]
 *
 *   N1  Structures are shared, counted, and never changed after the parse.
 *   N2  What was found is kept with the file object until it is closed, or until a rename anywhere on the volume
 *       (NameGeneration): a directory's new name changes the names of all below it.
 *   N3  Nothing is asked of the file system where the documentation calls it unsafe.
 *   N4  A filter has released every name that it has got when it unregisters: 0xF5, as the Filter Verifier would stop.
 *   N5  Names above a name provider: provider.c. Components as their directories list them: normalize.c.
 */
#include "name.h"

#define FLTP_NAME_SIGNATURE 0x4E4C

#define FLTP_HOLDERS 4

typedef struct _FLTP_NAME {
    LONG References;
    /* N4: who holds how many of them, under FltpNameLock; the first few filters are enough. */
    PFLT_FILTER Holder[FLTP_HOLDERS];
    LONG Held[FLTP_HOLDERS];
    ULONG Signature;
    LONG Generation;
    ULONG Reserved;
    PFLT_INSTANCE Provider; /* N5: who gave it, never followed; NULL: the file system */
    FLT_FILE_NAME_INFORMATION Info;
    WCHAR Buffer[];
} FLTP_NAME, *PFLTP_NAME;

static PFLTP_NAME
FltpNameOf(PFLT_FILE_NAME_INFORMATION Info)
{
    PFLTP_NAME Name = CONTAINING_RECORD(Info, FLTP_NAME, Info);

    if (Name->Signature != FLTP_NAME_SIGNATURE || Name->References <= 0) {
        KeBugCheckEx(FLTMGR_FILE_SYSTEM, 0x68, (ULONG_PTR)Info, 0, 0);
    }
    return Name;
}

static VOID
FltpDropName(PFLTP_NAME Name)
{
    if (InterlockedDecrement(&Name->References) == 0) {
        Name->Signature = 0;
        ExFreePoolWithTag(Name, FLTP_TAG_NAME);
    }
}

static BOOLEAN
FltpIsIn(PFLT_FILTER Filter, PVOID Caller)
{
    PUCHAR Start = Filter->DriverObject->DriverStart;

    return (PUCHAR)Caller >= Start && (PUCHAR)Caller < Start + Filter->DriverObject->DriverSize;
}

/* N4. Of the filters that hold the name the one that calls; who was jumped to, or calls through the verifier, is taken for the
 * first. */
static LONG
FltpHolder(PFLTP_NAME Name, PVOID Caller)
{
    LONG First = -1;

    for (LONG i = FLTP_HOLDERS - 1; i >= 0; i--) {
        if (Name->Held[i] != 0) {
            First = i;
        }
    }
    for (LONG i = 0; i < FLTP_HOLDERS; i++) {
        if (Name->Held[i] != 0 && FltpIsIn(Name->Holder[i], Caller)) {
            return i;
        }
    }
    return First;
}

static VOID
FltpHold(PFLT_FILTER Filter, PFLTP_NAME Name)
{
    KIRQL OldIrql;

    KeAcquireSpinLock(&FltpNameLock, &OldIrql);
    for (ULONG i = 0; i < FLTP_HOLDERS; i++) {
        if (Name->Held[i] == 0 || Name->Holder[i] == Filter) {
            Name->Holder[i] = Filter;
            Name->Held[i]++;
            Filter->NamesHeld++;
            break;
        }
    }
    KeReleaseSpinLock(&FltpNameLock, OldIrql);
}

static VOID
FltpChangeHeld(PFLTP_NAME Name, PVOID Caller, LONG Change)
{
    KIRQL OldIrql;
    LONG i;

    KeAcquireSpinLock(&FltpNameLock, &OldIrql);
    i = FltpHolder(Name, Caller);
    if (i >= 0) {
        Name->Held[i] += Change;
        Name->Holder[i]->NamesHeld += Change;
    }
    KeReleaseSpinLock(&FltpNameLock, OldIrql);
}

VOID FLTAPI
FltReferenceFileNameInformation(PFLT_FILE_NAME_INFORMATION FileNameInformation)
{
    PFLTP_NAME Name = FltpNameOf(FileNameInformation);

    FltpChangeHeld(Name, __builtin_return_address(0), 1);
    InterlockedIncrement(&Name->References);
}

VOID FLTAPI
FltReleaseFileNameInformation(PFLT_FILE_NAME_INFORMATION FileNameInformation)
{
    PFLTP_NAME Name = FltpNameOf(FileNameInformation);

    FltpChangeHeld(Name, __builtin_return_address(0), -1);
    FltpDropName(Name);
}

VOID
FltpForgetNames(PFLTP_CARRIER Carrier)
{
    for (ULONG i = 0; i < RTL_NUMBER_OF(Carrier->Names); i++) {
        PFLTP_NAME Name = InterlockedExchangePointer((PVOID *)&Carrier->Names[i], NULL);

        if (Name != NULL) {
            FltpDropName(Name);
        }
    }
}

/* N2 */
VOID
FltpNoteNameChange(PFLTP_OPERATION Operation)
{
    ULONG Class = Operation->Iopb.Parameters.SetFileInformation.FileInformationClass;

    if (Class == FileRenameInformation || Class == 65 /* FileRenameInformationEx */ ||
        Class == FileShortNameInformation) {
        InterlockedIncrement(&Operation->Volume->NameGeneration);
    }
}

/* A structure for Volume's name and Path. */
static NTSTATUS
FltpMakeName(PFLT_VOLUME Volume, PCUNICODE_STRING Path, FLT_FILE_NAME_OPTIONS Format,
             PFLTP_NAME *Result)
{
    PCUNICODE_STRING Prefix = Format == FLT_FILE_NAME_SHORT ? NULL : &Volume->Name;
    ULONG Length = (Prefix != NULL ? Prefix->Length : 0) + Path->Length;
    PFLTP_NAME Name;

    if (Length > MAXUSHORT - sizeof(WCHAR)) {
        return STATUS_NAME_TOO_LONG;
    }
    Name = ExAllocatePoolWithTag(PagedPool, sizeof(*Name) + Length + sizeof(WCHAR), FLTP_TAG_NAME);
    if (Name == NULL) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    RtlZeroMemory(Name, sizeof(*Name));
    Name->References = 1;
    Name->Signature = FLTP_NAME_SIGNATURE;
    Name->Generation = Volume->NameGeneration;
    Name->Info.Size = sizeof(Name->Info);
    Name->Info.Format = Format;
    Name->Info.Name.Buffer = Name->Buffer;
    Name->Info.Name.MaximumLength = (USHORT)(Length + sizeof(WCHAR));
    if (Prefix != NULL) {
        RtlAppendUnicodeStringToString(&Name->Info.Name, Prefix);
        Name->Info.Volume = *Prefix;
        Name->Info.Volume.Buffer = Name->Buffer;
    }
    RtlAppendUnicodeStringToString(&Name->Info.Name, Path);
    *Result = Name;
    return STATUS_SUCCESS;
}

/* A name that the file system gives for an open file; pool. */
static NTSTATUS
FltpAskName(PFLT_INSTANCE Instance, PFILE_OBJECT FileObject, FILE_INFORMATION_CLASS Class,
            PUNICODE_STRING Path)
{
    ULONG Length = sizeof(FILE_NAME_INFORMATION) + 260 * sizeof(WCHAR);
    PFILE_NAME_INFORMATION Buffer;
    NTSTATUS Status;

    Path->Buffer = NULL;
    for (;;) {
        Buffer = ExAllocatePoolWithTag(NonPagedPool, Length, FLTP_TAG_TEMP);
        if (Buffer == NULL) {
            return STATUS_INSUFFICIENT_RESOURCES;
        }
        Buffer->FileNameLength = 0;
        Status = FltQueryInformationFile(Instance, FileObject, Buffer, Length, Class, NULL);
        if (Status != STATUS_BUFFER_OVERFLOW || Buffer->FileNameLength > MAXUSHORT ||
            Length >= sizeof(FILE_NAME_INFORMATION) + Buffer->FileNameLength) {
            break;
        }
        Length = sizeof(FILE_NAME_INFORMATION) + Buffer->FileNameLength;
        ExFreePoolWithTag(Buffer, FLTP_TAG_TEMP);
    }
    if (NT_SUCCESS(Status)) {
        UNICODE_STRING Name = {(USHORT)Buffer->FileNameLength, (USHORT)Buffer->FileNameLength,
                               Buffer->FileName};

        Status = FltpCopyString(Path, &Name, FLTP_TAG_TEMP);
    } else if (Status == STATUS_BUFFER_OVERFLOW) {
        Status = STATUS_NAME_TOO_LONG;
    }
    ExFreePoolWithTag(Buffer, FLTP_TAG_TEMP);
    return Status;
}

/* The path of a create that is not below yet. */
static NTSTATUS
FltpCreatePath(PFLT_INSTANCE Instance, PFLT_CALLBACK_DATA Data, PUNICODE_STRING Path)
{
    PFILE_OBJECT FileObject = Data->Iopb->TargetFileObject;
    PFILE_OBJECT Related = FileObject->RelatedFileObject;
    UNICODE_STRING Parent = {};
    NTSTATUS Status = STATUS_SUCCESS;

    if (Data->Iopb->Parameters.Create.Options & FILE_OPEN_BY_FILE_ID) {
        return STATUS_NOT_SUPPORTED; /* only the file system knows */
    }
    if (Related != NULL && (Related->Flags & FO_VOLUME_OPEN) == 0) {
        Status = FltpAskName(Instance, Related, FileNameInformation, &Parent);
        if (!NT_SUCCESS(Status)) {
            return Status;
        }
    }
    Path->Length = 0;
    Path->MaximumLength = Parent.Length + FileObject->FileName.Length + 2 * sizeof(WCHAR);
    Path->Buffer = ExAllocatePoolWithTag(NonPagedPool, Path->MaximumLength, FLTP_TAG_TEMP);
    if (Path->Buffer == NULL) {
        Status = STATUS_INSUFFICIENT_RESOURCES;
    } else {
        RtlAppendUnicodeStringToString(Path, &Parent);
        if (Path->Length != 0 && FileObject->FileName.Length != 0 &&
            FileObject->FileName.Buffer[0] != L':' &&
            Path->Buffer[Path->Length / sizeof(WCHAR) - 1] != L'\\') {
            RtlAppendUnicodeToString(Path, L"\\");
        }
        RtlAppendUnicodeStringToString(Path, &FileObject->FileName);
        if (Data->Iopb->OperationFlags & SL_OPEN_TARGET_DIRECTORY) {
            while (Path->Length > sizeof(WCHAR) &&
                   Path->Buffer[Path->Length / sizeof(WCHAR) - 1] == L'\\') {
                Path->Length -= sizeof(WCHAR);
            }
            while (Path->Length > sizeof(WCHAR) &&
                   Path->Buffer[Path->Length / sizeof(WCHAR) - 1] != L'\\') {
                Path->Length -= sizeof(WCHAR);
            }
        }
        while (Path->Length > sizeof(WCHAR) &&
               Path->Buffer[Path->Length / sizeof(WCHAR) - 1] == L'\\') {
            Path->Length -= sizeof(WCHAR);
        }
    }
    FltpFreeString(&Parent);
    return Status;
}

/* The opened name of an open file, as Instance sees it: pool. */
static NTSTATUS
FltpViewName(PFLT_INSTANCE Instance, PFLT_INSTANCE Provider, PFILE_OBJECT FileObject,
             PUNICODE_STRING Path)
{
    BOOLEAN Cache;

    return Provider != NULL
               ? FltpGenerate(Provider, FileObject, NULL,
                              FLT_FILE_NAME_OPENED | FLT_FILE_NAME_QUERY_DEFAULT, Path, &Cache)
               : FltpAskName(Instance, FileObject, FileNameInformation, Path);
}

/* From the file system, or a provider. Data NULL: outside of an operation, the file is open. */
static NTSTATUS
FltpQueryName(PFLT_INSTANCE Instance, PFLT_INSTANCE Provider, PFILE_OBJECT FileObject,
              PFLT_CALLBACK_DATA Data, FLT_FILE_NAME_OPTIONS Options, PFLTP_NAME *Result,
              PBOOLEAN Cache)
{
    FLT_FILE_NAME_OPTIONS Format = FltGetFileNameFormat(Options);
    BOOLEAN PreCreate = Data != NULL && Data->Iopb->MajorFunction == IRP_MJ_CREATE &&
                        (Data->Flags & FLTFL_CALLBACK_DATA_POST_OPERATION) == 0;
    BOOLEAN Windows8 = FltpSystem.dwMajorVersion > 6 ||
                       (FltpSystem.dwMajorVersion == 6 && FltpSystem.dwMinorVersion >= 2);
    FLTP_EXPANSION Expansion = {Instance, Provider, FileObject, 0, NULL};
    BOOLEAN Expand = FALSE;
    UNICODE_STRING Path = {};
    NTSTATUS Status;

    if ((PreCreate && (Data->Iopb->OperationFlags & SL_CASE_SENSITIVE)) ||
        (FileObject->Flags & FO_OPENED_CASE_SENSITIVE)) {
        Expansion.Flags |= FLTFL_NORMALIZE_NAME_CASE_SENSITIVE;
    }
    *Cache = TRUE;
    if (Provider != NULL) { /* N5 */
        Expand = Format == FLT_FILE_NAME_NORMALIZED && (PreCreate || !Windows8);
        Status = FltpGenerate(
            Provider, FileObject, Data,
            Expand ? (Options & ~(FLT_FILE_NAME_OPTIONS)0xFF) | FLT_FILE_NAME_OPENED : Options,
            &Path, Cache);
    } else if (Format == FLT_FILE_NAME_SHORT) {
        Status = PreCreate ? STATUS_FLT_INVALID_NAME_REQUEST
                           : FltpAskName(Instance, FileObject, FileAlternateNameInformation, &Path);
    } else if (PreCreate) {
        Status = FltpCreatePath(Instance, Data, &Path);
        Expand = Format == FLT_FILE_NAME_NORMALIZED;
    } else if ((FileObject->Flags & FO_VOLUME_OPEN) && FileObject->FileName.Length == 0) {
        Status = STATUS_SUCCESS; /* the volume itself */
    } else {
        Status = STATUS_INVALID_PARAMETER;
        if (Format == FLT_FILE_NAME_NORMALIZED && Windows8) {
            Status = FltpAskName(Instance, FileObject, FileNormalizedNameInformation, &Path);
            if (NT_SUCCESS(Status)) {
                FltpCutDataSuffix(&Path);
            }
        }
        if (!NT_SUCCESS(Status)) {
            Status = FltpAskName(Instance, FileObject, FileNameInformation, &Path);
            Expand = Format == FLT_FILE_NAME_NORMALIZED;
        }
    }
    if (NT_SUCCESS(Status) && Expand && Path.Length != 0) {
        Status = FltpNormalize(&Expansion, &Path);
    }
    if (NT_SUCCESS(Status)) {
        Status = FltpMakeName(Instance->Volume, &Path, Format, Result);
    }
    if (NT_SUCCESS(Status)) {
        (*Result)->Provider = Provider;
    }
    FltpFreeString(&Path);
    return Status;
}

/* N3 */
static BOOLEAN
FltpIsUnsafe(PFLT_CALLBACK_DATA Data, FLT_FILE_NAME_OPTIONS Format)
{
    BOOLEAN Post = (Data->Flags & FLTFL_CALLBACK_DATA_POST_OPERATION) != 0;
    PFILE_OBJECT FileObject = Data->Iopb->TargetFileObject;

    if ((Data->Flags & FLTFL_CALLBACK_DATA_IRP_OPERATION) &&
        (Data->Iopb->IrpFlags & IRP_PAGING_IO) &&
        (Data->Iopb->MajorFunction == IRP_MJ_READ || Data->Iopb->MajorFunction == IRP_MJ_WRITE)) {
        return TRUE;
    }
    if (IoGetTopLevelIrp() != NULL || KeGetCurrentIrql() > PASSIVE_LEVEL ||
        (FltpKernel.KeAreAllApcsDisabled != NULL && FltpKernel.KeAreAllApcsDisabled())) {
        return TRUE;
    }
    switch (Data->Iopb->MajorFunction) {
    case IRP_MJ_CREATE:
        return Format == FLT_FILE_NAME_SHORT && !Post;
    case IRP_MJ_CLOSE:
    case IRP_MJ_ACQUIRE_FOR_CC_FLUSH:
    case IRP_MJ_RELEASE_FOR_CC_FLUSH:
    case IRP_MJ_ACQUIRE_FOR_MOD_WRITE:
    case IRP_MJ_RELEASE_FOR_MOD_WRITE:
    case IRP_MJ_RELEASE_FOR_SECTION_SYNCHRONIZATION:
        return TRUE;
    case IRP_MJ_ACQUIRE_FOR_SECTION_SYNCHRONIZATION:
        return Post;
    case IRP_MJ_CLEANUP:
        return Post;
    }
    return (FileObject->Flags & FO_CLEANUP_COMPLETE) != 0;
}

static PFLTP_NAME
FltpCached(PFLTP_CARRIER Carrier, FLT_FILE_NAME_OPTIONS Format, PFLT_INSTANCE Provider)
{
    PFLTP_NAME Name = NULL;

    if (Carrier != NULL && Format <= 2) {
        ExAcquireFastMutex(&Carrier->List.Mutex);
        Name = Carrier->Names[Format - 1];
        if (Name != NULL && Name->Generation == Carrier->Volume->NameGeneration &&
            Name->Provider == Provider) {
            InterlockedIncrement(&Name->References);
        } else {
            Name = NULL;
        }
        ExReleaseFastMutex(&Carrier->List.Mutex);
    }
    return Name;
}

static VOID
FltpCache(PFLT_VOLUME Volume, PFILE_OBJECT FileObject, PFLTP_NAME Name)
{
    PFLTP_CARRIER Carrier;
    PFLTP_NAME Old;

    if (Name->Info.Format > 2 ||
        (Carrier = FltpCarrier(Volume, FileObject, FLT_STREAMHANDLE_CONTEXT, TRUE)) == NULL) {
        return;
    }
    InterlockedIncrement(&Name->References);
    ExAcquireFastMutex(&Carrier->List.Mutex);
    Old = Carrier->Names[Name->Info.Format - 1];
    Carrier->Names[Name->Info.Format - 1] = Name;
    ExReleaseFastMutex(&Carrier->List.Mutex);
    if (Old != NULL) {
        FltpDropName(Old);
    }
}

static NTSTATUS
FltpCheckOptions(FLT_FILE_NAME_OPTIONS Options)
{
    ULONG Format = FltGetFileNameFormat(Options), Method = FltGetFileNameQueryMethod(Options);

    return Format < FLT_FILE_NAME_NORMALIZED || Format > FLT_FILE_NAME_SHORT ||
                   Method < FLT_FILE_NAME_QUERY_DEFAULT ||
                   Method > FLT_FILE_NAME_QUERY_ALWAYS_ALLOW_CACHE_LOOKUP
               ? STATUS_INVALID_PARAMETER
               : STATUS_SUCCESS;
}

static NTSTATUS
FltpGetName(PFLT_INSTANCE Instance, PFILE_OBJECT FileObject, PFLT_CALLBACK_DATA Data,
            FLT_FILE_NAME_OPTIONS Options, PFLT_FILE_NAME_INFORMATION *Info)
{
    ULONG Method = FltGetFileNameQueryMethod(Options), Format = FltGetFileNameFormat(Options);
    BOOLEAN Unsafe = Data != NULL && FltpIsUnsafe(Data, Format);
    BOOLEAN Open = FileObject->FsContext != NULL, Cache;
    PFLT_INSTANCE Provider;
    PFLTP_NAME Name = NULL;
    NTSTATUS Status = STATUS_SUCCESS;

    if (Unsafe &&
        (Method == FLT_FILE_NAME_QUERY_DEFAULT || Method == FLT_FILE_NAME_QUERY_FILESYSTEM_ONLY)) {
        return STATUS_FLT_INVALID_NAME_REQUEST;
    }
    Provider = FltpProvider(Instance, (Options & FLT_FILE_NAME_REQUEST_FROM_CURRENT_PROVIDER) != 0);
    if (Method != FLT_FILE_NAME_QUERY_FILESYSTEM_ONLY && Open && KeGetCurrentIrql() <= APC_LEVEL) {
        Name =
            FltpCached(FltpCarrier(Instance->Volume, FileObject, FLT_STREAMHANDLE_CONTEXT, FALSE),
                       Format, Provider);
    }
    if (Name == NULL) {
        Status = Unsafe || Method == FLT_FILE_NAME_QUERY_CACHE_ONLY
                     ? STATUS_FLT_NAME_CACHE_MISS
                     : FltpQueryName(Instance, Provider, FileObject, Data, Options, &Name, &Cache);
        if (NT_SUCCESS(Status) && Cache && Open && Method != FLT_FILE_NAME_QUERY_FILESYSTEM_ONLY &&
            (Options & FLT_FILE_NAME_DO_NOT_CACHE) == 0) {
            FltpCache(Instance->Volume, FileObject, Name);
        }
    }
    if (Provider != NULL) {
        ExReleaseRundownProtection(&Provider->IoRundown);
    }
    if (NT_SUCCESS(Status)) {
        *Info = &Name->Info;
    }
    return Status;
}

NTSTATUS FLTAPI
FltGetFileNameInformation(PFLT_CALLBACK_DATA CallbackData, FLT_FILE_NAME_OPTIONS NameOptions,
                          PFLT_FILE_NAME_INFORMATION *FileNameInformation)
{
    NTSTATUS Status = FltpCheckOptions(NameOptions);

    *FileNameInformation = NULL;
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    if (CallbackData->Iopb->TargetFileObject == NULL) {
        return STATUS_INVALID_PARAMETER;
    }
    Status = FltpGetName(FltpOperation(CallbackData)->Current, CallbackData->Iopb->TargetFileObject,
                         CallbackData, NameOptions, FileNameInformation);
    if (NT_SUCCESS(Status)) {
        FltpHold(FltpOperation(CallbackData)->Current->Filter, FltpNameOf(*FileNameInformation));
    }
    return Status;
}

NTSTATUS FLTAPI
FltGetFileNameInformationUnsafe(PFILE_OBJECT FileObject, PFLT_INSTANCE Instance,
                                FLT_FILE_NAME_OPTIONS NameOptions,
                                PFLT_FILE_NAME_INFORMATION *FileNameInformation)
{
    PFLT_INSTANCE Top = NULL;
    PFLT_VOLUME Volume;
    NTSTATUS Status = FltpCheckOptions(NameOptions);

    *FileNameInformation = NULL;
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    if (FileObject->FsContext == NULL) {
        return STATUS_FLT_INVALID_NAME_REQUEST; /* not opened */
    }
    if (Instance == NULL) {
        Status = FltGetVolumeFromFileObject(NULL, FileObject, &Volume);
        if (!NT_SUCCESS(Status)) {
            return Status;
        }
        Status = FltGetTopInstance(Volume, &Top);
        FltObjectDereference(Volume);
        if (!NT_SUCCESS(Status)) {
            return STATUS_FLT_INVALID_NAME_REQUEST;
        }
        Instance = Top;
        NameOptions |= FLT_FILE_NAME_REQUEST_FROM_CURRENT_PROVIDER; /* from above all of them */
    }
    Status = FltpGetName(Instance, FileObject, NULL, NameOptions, FileNameInformation);
    if (NT_SUCCESS(Status) && Top == NULL) {
        FltpHold(Instance->Filter, FltpNameOf(*FileNameInformation));
    }
    if (Top != NULL) {
        FltObjectDereference(Top);
    }
    return Status;
}

/* The target of a rename or link, in a pre-callback. */
NTSTATUS FLTAPI
FltGetDestinationFileNameInformation(PFLT_INSTANCE Instance, PFILE_OBJECT FileObject,
                                     HANDLE RootDirectory, PWSTR FileName, ULONG FileNameLength,
                                     FLT_FILE_NAME_OPTIONS NameOptions,
                                     PFLT_FILE_NAME_INFORMATION *RetFileNameInformation)
{
    UNICODE_STRING Given = {(USHORT)FileNameLength, (USHORT)FileNameLength, FileName};
    UNICODE_STRING Path = {}, Parent = {};
    FLTP_EXPANSION Expansion = {Instance, NULL, FileObject,
                                FLTFL_NORMALIZE_NAME_DESTINATION_FILE_NAME, NULL};
    PFILE_OBJECT Root;
    PFLTP_NAME Name;
    NTSTATUS Status = FltpCheckOptions(NameOptions);

    *RetFileNameInformation = NULL;
    if (!NT_SUCCESS(Status) || FltGetFileNameFormat(NameOptions) == FLT_FILE_NAME_SHORT) {
        return STATUS_INVALID_PARAMETER;
    }
    Path.MaximumLength = (USHORT)min(MAXUSHORT - 1, FileNameLength + 4096);
    Path.Buffer = ExAllocatePoolWithTag(NonPagedPool, Path.MaximumLength, FLTP_TAG_TEMP);
    if (Path.Buffer == NULL) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    Expansion.Provider =
        FltpProvider(Instance, (NameOptions & FLT_FILE_NAME_REQUEST_FROM_CURRENT_PROVIDER) != 0);
    if (FileObject->Flags & FO_OPENED_CASE_SENSITIVE) {
        Expansion.Flags |= FLTFL_NORMALIZE_NAME_CASE_SENSITIVE;
    }
    if (RootDirectory != NULL) {
        Status = ObReferenceObjectByHandle(RootDirectory, 0, *IoFileObjectType, KernelMode,
                                           (PVOID *)&Root, NULL);
        if (NT_SUCCESS(Status)) {
            Status = FltpViewName(Instance, Expansion.Provider, Root, &Parent);
            ObDereferenceObject(Root);
        }
    } else if (Given.Length != 0 && Given.Buffer[0] != L'\\') {
        if (Given.Buffer[0] == L':') { /* another stream of the same file */
            Status = FltpViewName(Instance, Expansion.Provider, FileObject, &Parent);
        } else {
            Status = FltpViewName(Instance, Expansion.Provider, FileObject, &Parent);
            while (NT_SUCCESS(Status) && Parent.Length != 0 &&
                   Parent.Buffer[Parent.Length / sizeof(WCHAR) - 1] != L'\\') {
                Parent.Length -= sizeof(WCHAR);
            }
        }
    } else { /* a full name: behind the volume's */
        UNICODE_STRING Dos = RTL_CONSTANT_STRING(L"\\??\\");

        if (RtlPrefixUnicodeString(&Instance->Volume->Name, &Given, TRUE)) {
            Given.Buffer += Instance->Volume->Name.Length / sizeof(WCHAR);
            Given.Length -= Instance->Volume->Name.Length;
        } else if (RtlPrefixUnicodeString(&Dos, &Given, TRUE)) {
            Given.Buffer += 4;
            Given.Length -= Dos.Length;
            while (Given.Length != 0 && Given.Buffer[0] != L'\\') {
                Given.Buffer++;
                Given.Length -= sizeof(WCHAR);
            }
        } else {
            Status = STATUS_MOUNT_POINT_NOT_RESOLVED;
        }
    }
    if (NT_SUCCESS(Status)) {
        RtlAppendUnicodeStringToString(&Path, &Parent);
        if (Path.Length != 0 && Given.Length != 0 && Given.Buffer[0] != L':' &&
            Path.Buffer[Path.Length / sizeof(WCHAR) - 1] != L'\\') {
            RtlAppendUnicodeToString(&Path, L"\\");
        }
        Status = RtlAppendUnicodeStringToString(&Path, &Given);
    }
    if (NT_SUCCESS(Status) && FltGetFileNameFormat(NameOptions) == FLT_FILE_NAME_NORMALIZED) {
        Status = FltpNormalize(&Expansion, &Path);
    }
    if (NT_SUCCESS(Status)) {
        Status = FltpMakeName(Instance->Volume, &Path, FltGetFileNameFormat(NameOptions), &Name);
    }
    if (NT_SUCCESS(Status)) {
        Name->Provider = Expansion.Provider;
        *RetFileNameInformation = &Name->Info;
        FltpHold(Instance->Filter, Name);
    }
    if (Expansion.Provider != NULL) {
        ExReleaseRundownProtection(&Expansion.Provider->IoRundown);
    }
    FltpFreeString(&Parent);
    FltpFreeString(&Path);
    return Status;
}

/* No file system here tunnels names: what was taken before the operation holds after it. */
NTSTATUS FLTAPI
FltGetTunneledName(PFLT_CALLBACK_DATA CallbackData, PFLT_FILE_NAME_INFORMATION FileNameInformation,
                   PFLT_FILE_NAME_INFORMATION *RetTunneledFileName)
{
    *RetTunneledFileName = NULL;
    return STATUS_SUCCESS;
}

NTSTATUS FLTAPI
FltPurgeFileNameInformationCache(PFLT_INSTANCE Instance, PFILE_OBJECT FileObject)
{
    if (FileObject == NULL) {
        InterlockedIncrement(&Instance->Volume->NameGeneration);
    } else {
        PFLTP_CARRIER Carrier =
            FltpCarrier(Instance->Volume, FileObject, FLT_STREAMHANDLE_CONTEXT, FALSE);

        if (Carrier != NULL) {
            FltpForgetNames(Carrier);
        }
    }
    return STATUS_SUCCESS;
}

NTSTATUS FLTAPI
FltCheckAndGrowNameControl(PFLT_NAME_CONTROL NameCtrl, USHORT NewSize)
{
    PWSTR Buffer;

    if (NameCtrl->Name.MaximumLength >= NewSize) {
        return STATUS_SUCCESS;
    }
    Buffer = ExAllocatePoolWithTag(PagedPool, NewSize, FLTP_TAG_NAME);
    if (Buffer == NULL) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    if (NameCtrl->Name.Buffer != NULL) {
        RtlCopyMemory(Buffer, NameCtrl->Name.Buffer, NameCtrl->Name.Length);
        ExFreePool(NameCtrl->Name.Buffer);
    }
    NameCtrl->Name.Buffer = Buffer;
    NameCtrl->Name.MaximumLength = NewSize;
    return STATUS_SUCCESS;
}
