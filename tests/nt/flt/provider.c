/*
 * provider.c - a name provider: what files are called above it and below it, who is asked when, and what is kept.
 * [DDI: PFLT_GENERATE_FILE_NAME, PFLT_NORMALIZE_NAME_COMPONENT_EX, PFLT_NORMALIZE_CONTEXT_CLEANUP, FltGetFileNameInformation,
 * FltGetDestinationFileNameInformation, FltCheckAndGrowNameControl; IFS: managing-file-names]
 *
 * The filter has two instances. The lower one calls the file "one" of the volume "Alias" and opens it by that name; the upper
 * one looks on, and gives the names on that it gets.
 */
#include "tinyfs.h"

static PFLT_FILTER Filter;
static PFLT_VOLUME Volume;
static PFLT_INSTANCE Upper, Lower;
static ULONG Generated, Normalized, Cleaned;
static FLT_FILE_NAME_OPTIONS LastOptions;
static FLT_NORMALIZE_NAME_FLAGS LastFlags;
static USHORT LastVolumeLength;
static BOOLEAN Keep = TRUE, Ask;
static WCHAR Seen[8][64]; /* what the instances were told, in order */
static ULONG Count;

static BOOLEAN
IsName(PCUNICODE_STRING Name, PCWSTR Tail)
{
    UNICODE_STRING Whole = RTL_CONSTANT_STRING(TINY_DISK), End;

    RtlInitUnicodeString(&End, Tail);
    return Name->Length == Whole.Length + End.Length &&
           RtlPrefixUnicodeString(&Whole, (PUNICODE_STRING)Name, FALSE) &&
           RtlCompareMemory((PUCHAR)Name->Buffer + Whole.Length, End.Buffer, End.Length) ==
               End.Length;
}

/* Keeps what the filter is told behind the volume's name. */
static VOID
Look(PFLT_CALLBACK_DATA Data, FLT_FILE_NAME_OPTIONS Format)
{
    UNICODE_STRING Whole = RTL_CONSTANT_STRING(TINY_DISK);
    PFLT_FILE_NAME_INFORMATION Info;
    NTSTATUS Status;

    Status = FltGetFileNameInformation(Data, Format | FLT_FILE_NAME_QUERY_DEFAULT, &Info);
    EXPECT_STATUS(Status, STATUS_SUCCESS);
    if (NT_SUCCESS(Status) && Count < RTL_NUMBER_OF(Seen)) {
        EXPECT_EQ(Info->Format, Format);
        RtlZeroMemory(Seen[Count], sizeof(Seen[0]));
        RtlCopyMemory(Seen[Count++], (PUCHAR)Info->Name.Buffer + Whole.Length,
                      Info->Name.Length - Whole.Length);
    }
    if (NT_SUCCESS(Status)) {
        FltReleaseFileNameInformation(Info);
    }
}

static FLT_PREOP_CALLBACK_STATUS FLTAPI
PreCreate(PFLT_CALLBACK_DATA Data, PCFLT_RELATED_OBJECTS FltObjects, PVOID *CompletionContext)
{
    UNICODE_STRING Alias = RTL_CONSTANT_STRING(L"\\alias");

    if (Ask) {
        Look(Data, FLT_FILE_NAME_OPENED);
    }
    if (Ask && FltObjects->Instance == Upper) {
        Look(Data, FLT_FILE_NAME_NORMALIZED);
    }
    if (FltObjects->Instance == Lower &&
        RtlEqualUnicodeString(&FltObjects->FileObject->FileName, &Alias, TRUE)) {
        EXPECT_STATUS(IoReplaceFileObjectName(FltObjects->FileObject, L"\\one", 8), STATUS_SUCCESS);
    }
    return FLT_PREOP_SYNCHRONIZE;
}

static FLT_POSTOP_CALLBACK_STATUS FLTAPI
PostCreate(PFLT_CALLBACK_DATA Data, PCFLT_RELATED_OBJECTS FltObjects, PVOID CompletionContext,
           FLT_POST_OPERATION_FLAGS Flags)
{
    return FLT_POSTOP_FINISHED_PROCESSING;
}

/* The upper one asks first, so that its answer would be there for the lower one. */
static FLT_PREOP_CALLBACK_STATUS FLTAPI
PreRead(PFLT_CALLBACK_DATA Data, PCFLT_RELATED_OBJECTS FltObjects, PVOID *CompletionContext)
{
    Look(Data, FLT_FILE_NAME_OPENED);
    Look(Data, FLT_FILE_NAME_NORMALIZED);
    return FLT_PREOP_SUCCESS_NO_CALLBACK;
}

static NTSTATUS FLTAPI
Generate(PFLT_INSTANCE Instance, PFILE_OBJECT FileObject, PFLT_CALLBACK_DATA Data,
         FLT_FILE_NAME_OPTIONS NameOptions, PBOOLEAN CacheFileNameInformation,
         PFLT_NAME_CONTROL FileName)
{
    UNICODE_STRING Alias = RTL_CONSTANT_STRING(TINY_DISK L"\\Alias");
    FLT_FILE_NAME_OPTIONS Options = NameOptions & ~FLT_FILE_NAME_REQUEST_FROM_CURRENT_PROVIDER;
    PFLT_FILE_NAME_INFORMATION Below;
    PUNICODE_STRING Name;
    NTSTATUS Status;

    Generated++;
    LastOptions = NameOptions;
    EXPECT(Data == NULL || Data->Iopb->TargetInstance == Instance);
    Status = Data != NULL ? FltGetFileNameInformation(Data, Options, &Below)
                          : FltGetFileNameInformationUnsafe(FileObject, Instance, Options, &Below);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    Name = Instance == Lower && FileObject->FsContext != NULL && IsName(&Below->Name, L"\\one")
               ? &Alias
               : &Below->Name;
    Status = FltCheckAndGrowNameControl(FileName, Name->Length);
    if (NT_SUCCESS(Status)) {
        RtlCopyUnicodeString(&FileName->Name, Name);
        *CacheFileNameInformation = Keep;
    }
    FltReleaseFileNameInformation(Below);
    return Status;
}

static NTSTATUS FLTAPI
Normalize(PFLT_INSTANCE Instance, PFILE_OBJECT FileObject, PCUNICODE_STRING ParentDirectory,
          USHORT VolumeNameLength, PCUNICODE_STRING Component,
          PFILE_NAMES_INFORMATION ExpandComponentName, ULONG ExpandComponentNameLength,
          FLT_NORMALIZE_NAME_FLAGS Flags, PVOID *NormalizationContext)
{
    UNICODE_STRING Alias = RTL_CONSTANT_STRING(L"Alias");

    Normalized++;
    LastFlags = Flags;
    LastVolumeLength = VolumeNameLength;
    *NormalizationContext = &Normalized;
    EXPECT(IsName(ParentDirectory, L"\\"));
    EXPECT(ExpandComponentNameLength >= sizeof(FILE_NAMES_INFORMATION) + 255 * sizeof(WCHAR));
    if (!RtlEqualUnicodeString(Component, &Alias, TRUE)) {
        return STATUS_NO_SUCH_FILE;
    }
    ExpandComponentName->FileNameLength = Alias.Length;
    RtlCopyMemory(ExpandComponentName->FileName, Alias.Buffer, Alias.Length);
    return STATUS_SUCCESS;
}

static VOID FLTAPI
Clean(PVOID *NormalizationContext)
{
    Cleaned++;
    EXPECT(*NormalizationContext == &Normalized);
}

static const FLT_OPERATION_REGISTRATION Operations[] = {
    {IRP_MJ_CREATE, 0, PreCreate, PostCreate}, {IRP_MJ_READ, 0, PreRead}, {IRP_MJ_OPERATION_END}};
static const FLT_REGISTRATION Registration = {.Size = sizeof(FLT_REGISTRATION),
                                              .Version = FLT_REGISTRATION_VERSION,
                                              .OperationRegistration = Operations,
                                              .GenerateFileNameCallback = Generate,
                                              .NormalizeContextCleanupCallback = Clean,
                                              .NormalizeNameComponentExCallback = Normalize};
static HANDLE File;

static VOID
Create(VOID)
{
    HANDLE Made = TinyOpenFile(TINY_DISK L"\\one");
    UNICODE_STRING Disk = RTL_CONSTANT_STRING(TINY_DISK);
    UNICODE_STRING Altitude = RTL_CONSTANT_STRING(L"100"), Name = RTL_CONSTANT_STRING(L"low");

    TinyWriteAt(Made, 0, "names", 5);
    ZwClose(Made);
    EXPECT_STATUS(FltGetVolumeFromName(Filter, &Disk, &Volume), STATUS_SUCCESS);
    EXPECT_STATUS(FltGetVolumeInstanceFromName(Filter, Volume, NULL, &Upper), STATUS_SUCCESS);
    EXPECT_STATUS(FltAttachVolumeAtAltitude(Filter, Volume, &Altitude, &Name, &Lower),
                  STATUS_SUCCESS);
    Count = 0;
    Ask = TRUE;
    File = TinyOpenFile(TINY_DISK L"\\ALIAS");
    Ask = FALSE;
    EXPECT(File != NULL);
    EXPECT_EQ(Count, 3);
    /* Not open yet: as it was asked for; normalized: the opened name, each component as the provider expands it. */
    EXPECT(wcscmp(Seen[0], L"\\ALIAS") == 0);
    EXPECT(wcscmp(Seen[1], L"\\Alias") == 0);
    EXPECT_EQ(Normalized, 1);
    EXPECT_EQ(Cleaned, 1);
    EXPECT_EQ(LastFlags, 0);
    EXPECT_EQ(LastVolumeLength, sizeof(TINY_DISK) - sizeof(WCHAR));
    EXPECT_EQ(FltGetFileNameFormat(LastOptions), FLT_FILE_NAME_OPENED);
    EXPECT(wcscmp(Seen[2], L"\\ALIAS") == 0); /* the provider itself: of what is below it */
}

static VOID
Open(VOID)
{
    char Text[5];

    for (ULONG i = 0; i < 2; i++) {
        Count = Generated = 0;
        EXPECT_STATUS(TinyReadAt(File, 0, Text, 5), STATUS_SUCCESS);
        EXPECT_EQ(Count, 4);
        EXPECT(wcscmp(Seen[0], L"\\Alias") == 0);
        EXPECT(wcscmp(Seen[1], L"\\Alias") == 0);
        EXPECT(wcscmp(Seen[2], L"\\one") == 0); /* not what was kept for above */
        EXPECT(wcscmp(Seen[3], L"\\one") == 0);
    }
    EXPECT_EQ(Normalized, 1); /* Windows 8: the provider is asked for the normalized name */
    EXPECT_EQ(FltGetFileNameFormat(LastOptions), FLT_FILE_NAME_NORMALIZED);
}

/* A name is kept for the next who asks, unless the provider says no. */
static VOID
Kept(VOID)
{
    PFLT_FILE_NAME_INFORMATION Info;
    PFILE_OBJECT FileObject;

    EXPECT_STATUS(ObReferenceObjectByHandle(File, 0, *IoFileObjectType, KernelMode,
                                            (PVOID *)&FileObject, NULL),
                  STATUS_SUCCESS);
    for (ULONG i = 0; i < 4; i++) {
        Keep = i < 2;
        if (i == 2) {
            FltPurgeFileNameInformationCache(Upper, FileObject);
        }
        Generated = 0;
        EXPECT_STATUS(
            FltGetFileNameInformationUnsafe(
                FileObject, Upper, FLT_FILE_NAME_OPENED | FLT_FILE_NAME_QUERY_DEFAULT, &Info),
            STATUS_SUCCESS);
        EXPECT(IsName(&Info->Name, L"\\Alias"));
        FltReleaseFileNameInformation(Info);
        EXPECT_EQ(Generated, i == 1 ? 0 : 1);
    }
    Keep = TRUE;
    /* From the top: the upper one is asked too, and asks the lower one. */
    Generated = 0;
    EXPECT_STATUS(
        FltGetFileNameInformationUnsafe(
            FileObject, NULL, FLT_FILE_NAME_OPENED | FLT_FILE_NAME_QUERY_FILESYSTEM_ONLY, &Info),
        STATUS_SUCCESS);
    EXPECT(IsName(&Info->Name, L"\\Alias"));
    FltReleaseFileNameInformation(Info);
    EXPECT_EQ(Generated, 2);
    EXPECT_STATUS(FltGetFileNameInformationUnsafe(FileObject, Lower,
                                                  FLT_FILE_NAME_OPENED |
                                                      FLT_FILE_NAME_QUERY_DEFAULT |
                                                      FLT_FILE_NAME_REQUEST_FROM_CURRENT_PROVIDER,
                                                  &Info),
                  STATUS_SUCCESS);
    EXPECT(IsName(&Info->Name, L"\\Alias"));
    FltReleaseFileNameInformation(Info);
    /* What a file would be called. */
    EXPECT_STATUS(FltGetDestinationFileNameInformation(
                      Upper, FileObject, NULL, L"aLIAS", 10,
                      FLT_FILE_NAME_NORMALIZED | FLT_FILE_NAME_QUERY_DEFAULT, &Info),
                  STATUS_SUCCESS);
    EXPECT(IsName(&Info->Name, L"\\Alias"));
    EXPECT_EQ(LastFlags, FLTFL_NORMALIZE_NAME_DESTINATION_FILE_NAME);
    FltReleaseFileNameInformation(Info);
    EXPECT_EQ(Normalized, 2);
    EXPECT_EQ(Cleaned, 2);
    ObDereferenceObject(FileObject);
}

/* Gone with its instance. */
static VOID
Gone(VOID)
{
    char Text[5];

    FltObjectDereference(Lower);
    EXPECT_STATUS(FltDetachVolume(Filter, Volume, &(UNICODE_STRING)RTL_CONSTANT_STRING(L"low")),
                  STATUS_FLT_DO_NOT_DETACH); /* no query-teardown routine */
    Count = 0;
    EXPECT_STATUS(TinyReadAt(File, 0, Text, 5), STATUS_SUCCESS);
    EXPECT_EQ(Count, 4);
    ZwClose(File);
    FltObjectDereference(Upper);
    FltObjectDereference(Volume);
    FltUnregisterFilter(Filter);
    TinyStop();
}

static VOID NTAPI
Unload(PDRIVER_OBJECT DriverObject)
{
}

NTSTATUS NTAPI
DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
    static const NTLAB_TEST Tests[] = {TEST(Create), TEST(Open), TEST(Kept), TEST(Gone)};

    TinyNoKeys(RegistryPath);
    TinyKeys(RegistryPath, L"Top", L"370034", 0);
    TinyStart(DriverObject);
    FltRegisterFilter(DriverObject, &Registration, &Filter);
    FltStartFiltering(Filter);
    NtlabRun(Tests, RTL_NUMBER_OF(Tests));
    DriverObject->DriverUnload = Unload;
    return STATUS_SUCCESS;
}
