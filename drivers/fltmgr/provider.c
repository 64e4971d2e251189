/*
 * provider.c - name providers: minifilters above which files have other names than below.
 *
 *   N5  Above a name provider files have other names than below it. A name is known by the provider that gave it, and nobody else's
 *       is taken for it; what a provider asks in its own callback is asked below it. A normalized name of a file that is not open yet
 *       (before Windows 8 of any) is the opened one, each component as the provider's callback expands it.
 *       [IFS: managing-file-names; DDI: PFLT_GENERATE_FILE_NAME, PFLT_NORMALIZE_NAME_COMPONENT_EX]
 */
#include "name.h"

/* N5. Names that were kept without a provider, or with one that goes, are nobody's any more. Under the volume's lock. */
VOID
FltpNoteProvider(PFLT_INSTANCE Instance, LONG Change)
{
    if (Instance->Filter->Registration.GenerateFileNameCallback != NULL) {
        Instance->Volume->NameProviders += Change;
        InterlockedIncrement(&Instance->Volume->NameGeneration);
    }
}

/* The highest name provider below Instance (or itself), with its IoRundown; NULL: none. */
PFLT_INSTANCE
FltpProvider(PFLT_INSTANCE Instance, BOOLEAN Itself)
{
    PFLT_VOLUME Volume = Instance->Volume;
    PFLT_INSTANCE Found = NULL;

    if (Volume->NameProviders == 0 || KeGetCurrentIrql() > APC_LEVEL) {
        return NULL;
    }
    FltpAcquireShared(&Volume->Lock);
    for (PLIST_ENTRY Entry = Itself ? &Instance->Header.Links : Instance->Header.Links.Flink;
         Entry != &Volume->Instances && Found == NULL; Entry = Entry->Flink) {
        PFLT_INSTANCE One = CONTAINING_RECORD(Entry, FLT_INSTANCE, Header.Links);

        if (One->Enabled && One->Filter->Registration.GenerateFileNameCallback != NULL &&
            ExAcquireRundownProtection(&One->IoRundown)) {
            Found = One;
        }
    }
    FltpRelease(&Volume->Lock);
    return Found;
}

/* N5. What the provider calls the file, without the volume's name: pool. */
NTSTATUS
FltpGenerate(PFLT_INSTANCE Provider, PFILE_OBJECT FileObject, PFLT_CALLBACK_DATA Data,
             FLT_FILE_NAME_OPTIONS Options, PUNICODE_STRING Path, PBOOLEAN Cache)
{
    PFLTP_OPERATION Operation = Data != NULL ? FltpOperation(Data) : NULL;
    PFLT_INSTANCE Current = NULL, Target = NULL;
    FLT_NAME_CONTROL Control = {};
    UNICODE_STRING Name;
    NTSTATUS Status;

    Path->Buffer = NULL;
    *Cache = TRUE;
    Status = FltCheckAndGrowNameControl(&Control, 1024);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    if (Operation != NULL) {
        Current = Operation->Current;
        Target = Operation->Iopb.TargetInstance;
        Operation->Current = Provider;
        Operation->Iopb.TargetInstance = Provider;
    }
    Status = Provider->Filter->Registration.GenerateFileNameCallback(Provider, FileObject, Data,
                                                                     Options, Cache, &Control);
    if (Operation != NULL) {
        Operation->Current = Current;
        Operation->Iopb.TargetInstance = Target;
    }
    if (NT_SUCCESS(Status)) {
        Name = Control.Name;
        if (RtlPrefixUnicodeString(&Provider->Volume->Name, &Name, TRUE)) {
            Name.Buffer += Provider->Volume->Name.Length / sizeof(WCHAR);
            Name.Length -= Provider->Volume->Name.Length;
        }
        Status = FltpCopyString(Path, &Name, FLTP_TAG_TEMP);
    }
    if (Control.Name.Buffer != NULL) {
        ExFreePool(Control.Name.Buffer);
    }
    return Status;
}

/* Names has room for what a component of a path may be long. */
NTSTATUS
FltpAskProvider(PFLTP_EXPANSION Expansion, PCUNICODE_STRING Path, USHORT VolumeLength,
                PCUNICODE_STRING Component, PFILE_NAMES_INFORMATION Names)
{
    const ULONG Length = sizeof(FILE_NAMES_INFORMATION) + 256 * sizeof(WCHAR);
    PFLT_INSTANCE Provider = Expansion->Provider;
    FLT_REGISTRATION *Registration = &Provider->Filter->Registration;

    if (Registration->NormalizeNameComponentExCallback != NULL) {
        return Registration->NormalizeNameComponentExCallback(
            Provider, Expansion->FileObject, Path, VolumeLength, Component, Names, Length,
            Expansion->Flags, &Expansion->Context);
    }
    return Registration->NormalizeNameComponentCallback(Provider, Path, VolumeLength, Component,
                                                        Names, Length, Expansion->Flags,
                                                        &Expansion->Context);
}

BOOLEAN
FltpExpands(PFLT_INSTANCE Provider)
{
    return Provider != NULL &&
           (Provider->Filter->Registration.NormalizeNameComponentExCallback != NULL ||
            Provider->Filter->Registration.NormalizeNameComponentCallback != NULL);
}
