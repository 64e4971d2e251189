/*
 * scan.c - sections for scanning data: a section of a file with a context on its stream. [DDI: FltRegisterForDataScan,
 * FltCreateSectionForDataScan, FltCloseSectionForDataScan, FltGetSectionContext]
 *
 * The context hangs on the stream's list beside the stream contexts, by its type.
 *
 *   D1  Header->Section is referenced while the section is open; FltCloseSectionForDataScan drops it once.
 *   D2  The page of FltCreateSectionForDataScan has the caller close the handle, the avscan sample leaves a kernel
 *       handle to FltCloseSectionForDataScan: it is closed here if it still is one of this section.
 *   D3  Without OBJ_KERNEL_HANDLE, or without attributes, the handle is the current process's: a filter that is
 *       asked by its service in a message hands it out, and the service maps the section and closes the handle.
 *   D4  What would have the cache purged or the file cut while a section is open is told to the section's owner before it
 *       goes to the file system, below all pre-callbacks: SectionNotificationCallback may close the section, and the
 *       operation succeeds. Told of: FileEndOfFileInformation and FileAllocationInformation, non-cached writes,
 *       FSCTL_SET_ZERO_DATA. Not of creates that overwrite, which have no stream yet: those find the section.
 *       [DDI: PFLT_SECTION_CONFLICT_NOTIFICATION_CALLBACK]
 */
#include "fltp.h"

#ifndef SEC_FILE
#define SEC_FILE 0x800000
#endif
NTKERNELAPI NTSTATUS NTAPI MmCreateSection(PVOID *SectionObject, ACCESS_MASK DesiredAccess,
                                           POBJECT_ATTRIBUTES ObjectAttributes,
                                           PLARGE_INTEGER MaximumSize, ULONG SectionPageProtection,
                                           ULONG AllocationAttributes, HANDLE FileHandle,
                                           PFILE_OBJECT FileObject);
extern NTKERNELAPI POBJECT_TYPE *MmSectionObjectType;

NTSTATUS FLTAPI
FltRegisterForDataScan(CONST PFLT_INSTANCE Instance)
{
    Instance->DataScan = TRUE;
    return STATUS_SUCCESS;
}

/* The list of the stream's contexts. */
static NTSTATUS
FltpStreamList(PFLT_INSTANCE Instance, PFILE_OBJECT FileObject, BOOLEAN Create,
               PFLTP_CONTEXT_LIST *List)
{
    PFLTP_CARRIER Carrier;

    if (Create && Instance->TearingDown) {
        return STATUS_FLT_DELETING_OBJECT;
    }
    if (FileObject == NULL || FileObject->FsContext == NULL ||
        !FsRtlSupportsPerStreamContexts(FileObject)) {
        return STATUS_NOT_SUPPORTED;
    }
    Carrier = FltpCarrier(Instance->Volume, FileObject, FLT_STREAM_CONTEXT, Create);
    if (Carrier == NULL) {
        return Create ? STATUS_INSUFFICIENT_RESOURCES : STATUS_NOT_FOUND;
    }
    *List = &Carrier->List;
    return STATUS_SUCCESS;
}

static PFLTP_CONTEXT
FltpSectionContext(PFLT_CONTEXT Context)
{
    PFLTP_CONTEXT Header = CONTAINING_RECORD(Context, FLTP_CONTEXT, Body);

    return Header->Type == FLT_SECTION_CONTEXT ? Header : NULL;
}

NTSTATUS FLTAPI
FltCreateSectionForDataScan(PFLT_INSTANCE Instance, PFILE_OBJECT FileObject,
                            PFLT_CONTEXT SectionContext, ACCESS_MASK DesiredAccess,
                            POBJECT_ATTRIBUTES ObjectAttributes, PLARGE_INTEGER MaximumSize,
                            ULONG SectionPageProtection, ULONG AllocationAttributes, ULONG Flags,
                            PHANDLE SectionHandle, PVOID *SectionObject,
                            PLARGE_INTEGER SectionFileSize)
{
    PFLTP_CONTEXT Header = FltpSectionContext(SectionContext);
    FILE_STANDARD_INFORMATION Information;
    OBJECT_ATTRIBUTES Unnamed;
    PFLTP_CONTEXT_LIST List;
    PVOID Section = NULL;
    NTSTATUS Status;
    HANDLE Handle;

    *SectionHandle = NULL;
    *SectionObject = NULL;
    if (Header == NULL || !Instance->DataScan || MaximumSize != NULL || Flags != 0) {
        return STATUS_INVALID_PARAMETER;
    }
    if (SectionPageProtection != PAGE_READONLY && SectionPageProtection != PAGE_READWRITE) {
        return STATUS_INVALID_PARAMETER_8;
    }
    if (!(AllocationAttributes & SEC_COMMIT) || (AllocationAttributes & ~(SEC_COMMIT | SEC_FILE))) {
        return STATUS_INVALID_PARAMETER_9;
    }
    Status = FltpStreamList(Instance, FileObject, TRUE, &List);
    if (NT_SUCCESS(Status)) {
        Status = FltQueryInformationFile(Instance, FileObject, &Information, sizeof(Information),
                                         FileStandardInformation, NULL);
    }
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    if (Information.Directory) {
        return STATUS_FILE_IS_A_DIRECTORY;
    }
    if (Information.EndOfFile.QuadPart == 0) {
        return STATUS_END_OF_FILE;
    }
    Status = FltpSetContext(List, Instance, FLT_SECTION_CONTEXT, FLT_SET_CONTEXT_KEEP_IF_EXISTS,
                            SectionContext, NULL);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    InitializeObjectAttributes(&Unnamed, NULL, OBJ_KERNEL_HANDLE, NULL, NULL);
    Status = MmCreateSection(&Section, DesiredAccess,
                             ObjectAttributes != NULL ? ObjectAttributes : &Unnamed, NULL,
                             SectionPageProtection, SEC_COMMIT, NULL, FileObject);
    if (NT_SUCCESS(Status)) {
        Status = ObOpenObjectByPointer(
            Section,
            ObjectAttributes != NULL ? ObjectAttributes->Attributes & OBJ_KERNEL_HANDLE : 0, NULL,
            DesiredAccess, *MmSectionObjectType, KernelMode, &Handle); /* D3 */
        if (!NT_SUCCESS(Status)) {
            ObDereferenceObject(Section);
        }
    }
    if (!NT_SUCCESS(Status)) {
        FltpDeleteContext(List, Instance, FLT_SECTION_CONTEXT, NULL);
        return Status;
    }
    ObReferenceObject(Section); /* D1 */
    InterlockedIncrement(&FltpScanSections);
    Header->Section = Section;
    Header->SectionHandle = Handle;
    if (SectionFileSize != NULL) {
        *SectionFileSize = Information.EndOfFile;
    }
    *SectionHandle = Handle;
    *SectionObject = Section;
    return STATUS_SUCCESS;
}

NTSTATUS FLTAPI
FltCloseSectionForDataScan(PFLT_CONTEXT SectionContext)
{
    PFLTP_CONTEXT Header = FltpSectionContext(SectionContext);
    PFLTP_CONTEXT_LIST List;
    PVOID Section, Same;

    if (Header == NULL || Header->SectionHandle == NULL) {
        return STATUS_INVALID_PARAMETER; /* never created */
    }
    Section = InterlockedExchangePointer(&Header->Section, NULL);
    if (Section == NULL) {
        return STATUS_NOT_FOUND;
    }
    InterlockedDecrement(&FltpScanSections);
    if ((LONG_PTR)Header->SectionHandle < 0 && /* a kernel handle */
        NT_SUCCESS(ObReferenceObjectByHandle(Header->SectionHandle, 0, *MmSectionObjectType,
                                             KernelMode, &Same, NULL))) {
        ObDereferenceObject(Same);
        if (Same == Section) { /* D2 */
            ObCloseHandle(Header->SectionHandle, KernelMode);
        }
    }
    ObDereferenceObject(Section);
    List = Header->List;
    if (List != NULL) {
        FltpDeleteContext(List, Header->Owner, FLT_SECTION_CONTEXT, NULL);
    }
    return STATUS_SUCCESS;
}

NTSTATUS FLTAPI
FltGetSectionContext(PFLT_INSTANCE Instance, PFILE_OBJECT FileObject, PFLT_CONTEXT *Context)
{
    PFLTP_CONTEXT_LIST List;
    NTSTATUS Status;

    *Context = NULL;
    Status = FltpStreamList(Instance, FileObject, FALSE, &List);
    return NT_SUCCESS(Status) ? FltpGetContext(List, Instance, FLT_SECTION_CONTEXT, Context)
                              : Status;
}

/* D4 */
static BOOLEAN
FltpPurges(PFLT_IO_PARAMETER_BLOCK Iopb)
{
    switch (Iopb->MajorFunction) {
    case IRP_MJ_WRITE:
        return (Iopb->IrpFlags & (IRP_NOCACHE | IRP_PAGING_IO)) == IRP_NOCACHE;
    case IRP_MJ_SET_INFORMATION:
        return (Iopb->Parameters.SetFileInformation.FileInformationClass ==
                    FileEndOfFileInformation ||
                Iopb->Parameters.SetFileInformation.FileInformationClass ==
                    FileAllocationInformation) &&
               !Iopb->Parameters.SetFileInformation.AdvanceOnly;
    case IRP_MJ_FILE_SYSTEM_CONTROL:
        return Iopb->MinorFunction == IRP_MN_USER_FS_REQUEST &&
               Iopb->Parameters.FileSystemControl.Common.FsControlCode == FSCTL_SET_ZERO_DATA;
    }
    return FALSE;
}

/* The next open section of the list that was not told of this operation, referenced, with its instance's IoRundown. */
static PFLTP_CONTEXT
FltpNextSection(PFLTP_CONTEXT_LIST List, PVOID Operation)
{
    PFLTP_CONTEXT Found = NULL;

    ExAcquireFastMutex(&List->Mutex);
    for (PLIST_ENTRY Entry = List->Contexts.Flink; Entry != &List->Contexts && Found == NULL;
         Entry = Entry->Flink) {
        PFLTP_CONTEXT Header = CONTAINING_RECORD(Entry, FLTP_CONTEXT, Links);

        if (Header->Type == FLT_SECTION_CONTEXT && Header->Section != NULL &&
            Header->Told != Operation &&
            Header->Filter->Registration.SectionNotificationCallback != NULL &&
            ExAcquireRundownProtection(&((PFLT_INSTANCE)Header->Owner)->IoRundown)) {
            Header->Told = Operation;
            InterlockedIncrement(&Header->References);
            Found = Header;
        }
    }
    ExReleaseFastMutex(&List->Mutex);
    return Found;
}

VOID
FltpTellSections(PFLTP_OPERATION Operation)
{
    PFILE_OBJECT FileObject = Operation->Iopb.TargetFileObject;
    PFLTP_CARRIER Carrier;
    PFLTP_CONTEXT Header;

    if (FltpScanSections == 0 || !FltpPurges(&Operation->Iopb) || FileObject == NULL ||
        FileObject->FsContext == NULL || !FsRtlSupportsPerStreamContexts(FileObject) ||
        KeGetCurrentIrql() != PASSIVE_LEVEL) {
        return;
    }
    Carrier = FltpCarrier(Operation->Volume, FileObject, FLT_STREAM_CONTEXT, FALSE);
    while (Carrier != NULL && (Header = FltpNextSection(&Carrier->List, Operation)) != NULL) {
        PFLT_INSTANCE Instance = Header->Owner;

        Header->Filter->Registration.SectionNotificationCallback(Instance, Header->Body,
                                                                 &Operation->Data);
        FltReleaseContext(Header->Body);
        ExReleaseRundownProtection(&Instance->IoRundown);
    }
}

/* "\System Volume Information", hidden, for the system alone. [DDI: FltCreateSystemVolumeInformationFolder] */
NTSTATUS FLTAPI
FltCreateSystemVolumeInformationFolder(PFLT_INSTANCE Instance)
{
    static const WCHAR Folder[] = L"\\System Volume Information";
    SECURITY_DESCRIPTOR Descriptor;
    OBJECT_ATTRIBUTES Attributes;
    UNICODE_STRING Volume, Name;
    IO_STATUS_BLOCK IoStatus;
    UCHAR Space[64];
    NTSTATUS Status;
    HANDLE Handle;
    ULONG Needed = 0;

    Status = FltGetVolumeName(Instance->Volume, NULL, &Needed);
    if (Status != STATUS_BUFFER_TOO_SMALL || Needed + sizeof(Folder) > MAXUSHORT) {
        return NT_SUCCESS(Status) ? STATUS_INVALID_PARAMETER : Status;
    }
    Name.MaximumLength = (USHORT)(Needed + sizeof(Folder));
    Name.Buffer = ExAllocatePoolWithTag(PagedPool, Name.MaximumLength, FLTP_TAG_CONTEXT);
    if (Name.Buffer == NULL) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    Volume.Buffer = Name.Buffer;
    Volume.Length = 0;
    Volume.MaximumLength = (USHORT)Needed;
    Status = FltGetVolumeName(Instance->Volume, &Volume, NULL);
    if (NT_SUCCESS(Status)) {
        Name.Length = Volume.Length;
        RtlAppendUnicodeToString(&Name, Folder);
        RtlCreateAcl((PACL)Space, sizeof(Space), ACL_REVISION);
        RtlAddAccessAllowedAceEx((PACL)Space, ACL_REVISION,
                                 OBJECT_INHERIT_ACE | CONTAINER_INHERIT_ACE, FILE_ALL_ACCESS,
                                 SeExports->SeLocalSystemSid);
        RtlCreateSecurityDescriptor(&Descriptor, SECURITY_DESCRIPTOR_REVISION);
        RtlSetDaclSecurityDescriptor(&Descriptor, TRUE, (PACL)Space, FALSE);
        InitializeObjectAttributes(&Attributes, &Name, OBJ_KERNEL_HANDLE | OBJ_CASE_INSENSITIVE,
                                   NULL, &Descriptor);
        Status = FltCreateFile(Instance->Filter, Instance, &Handle,
                               FILE_LIST_DIRECTORY | SYNCHRONIZE, &Attributes, &IoStatus, NULL,
                               FILE_ATTRIBUTE_HIDDEN | FILE_ATTRIBUTE_SYSTEM,
                               FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE, FILE_OPEN_IF,
                               FILE_DIRECTORY_FILE | FILE_SYNCHRONOUS_IO_NONALERT, NULL, 0, 0);
        if (NT_SUCCESS(Status)) {
            FltClose(Handle);
        }
    }
    ExFreePoolWithTag(Name.Buffer, FLTP_TAG_CONTEXT);
    return Status;
}
