/*
 * security.c - a descriptor for each file: who may open it, IRP_MJ_QUERY_SECURITY, IRP_MJ_SET_SECURITY.
 *
 *   S1  Access is judged once, at create. A file's parent can grant DELETE (by FILE_DELETE_CHILD) and
 *       FILE_READ_ATTRIBUTES (by FILE_LIST_DIRECTORY). [IFS: IRP_MJ_CREATE]
 *   S2  A new file inherits from its directory, what its maker gives it and does not protect included: "the system merges any
 *       inheritable ACEs into the specified DACL unless SE_DACL_PROTECTED is set". [Win32: DACL for a New Object] The root gives everybody the run of the volume.
 *   S3  FILE_OPEN_FOR_BACKUP_INTENT: who has the privileges to back up and to restore may read and write in spite of the
 *       descriptor. [IFS: IRP_MJ_CREATE; MS-FSA 2.1.5.1]
 *   S4  Directories on the way need FILE_TRAVERSE of who has lost SeChangeNotifyPrivilege, "bypass traverse checking".
 */
#include "ramfs.h"

#ifndef SEF_DACL_AUTO_INHERIT
#define SEF_DACL_AUTO_INHERIT 0x01 /* of ntseapi.h; mingw has it for user mode only */
#define SEF_SACL_AUTO_INHERIT 0x02
#endif

static PGENERIC_MAPPING
RamMapping(VOID)
{
    return IoGetFileObjectGenericMapping();
}

/* S2. Whoever mounts it, the volume belongs to the administrators. */
NTSTATUS
RamDefaultSecurity(PSECURITY_DESCRIPTOR *Result)
{
    SECURITY_DESCRIPTOR Descriptor;
    UCHAR AclSpace[128];
    PACL Acl = (PACL)AclSpace;
    ULONG Size = 0;
    NTSTATUS Status = RtlCreateAcl(Acl, sizeof(AclSpace), ACL_REVISION);

    if (NT_SUCCESS(Status)) {
        Status =
            RtlAddAccessAllowedAceEx(Acl, ACL_REVISION, CONTAINER_INHERIT_ACE | OBJECT_INHERIT_ACE,
                                     FILE_ALL_ACCESS, SeExports->SeWorldSid);
    }
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    RtlCreateSecurityDescriptor(&Descriptor, SECURITY_DESCRIPTOR_REVISION);
    RtlSetDaclSecurityDescriptor(&Descriptor, TRUE, Acl, FALSE);
    RtlSetOwnerSecurityDescriptor(&Descriptor, SeExports->SeAliasAdminsSid, FALSE);
    RtlSetGroupSecurityDescriptor(&Descriptor, SeExports->SeLocalSystemSid, FALSE);
    RtlAbsoluteToSelfRelativeSD(&Descriptor, NULL, &Size);
    *Result = ExAllocatePoolWithTag(PagedPool, Size, RAM_TAG);
    if (*Result == NULL) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    return RtlAbsoluteToSelfRelativeSD(&Descriptor, *Result, &Size);
}

/* S2. State NULL: nobody asked for it, it comes with the disk, and has what its directory has. */
NTSTATUS
RamAssignSecurity(PRAM_NODE Parent, PRAM_NODE Node, PACCESS_STATE State)
{
    ULONG Size;

    if (State != NULL) {
        return SeAssignSecurityEx(Parent->Security, State->SecurityDescriptor, &Node->Security,
                                  NULL, Node->Directory,
                                  SEF_DACL_AUTO_INHERIT | SEF_SACL_AUTO_INHERIT,
                                  &State->SubjectSecurityContext, RamMapping(), PagedPool);
    }
    Size = RtlLengthSecurityDescriptor(Parent->Security);
    Node->Security = ExAllocatePoolWithTag(PagedPool, Size, RAM_TAG);
    if (Node->Security == NULL) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    RtlCopyMemory(Node->Security, Parent->Security, Size);
    return STATUS_SUCCESS;
}

static BOOLEAN
RamAllows(PRAM_NODE Node, PACCESS_STATE State, KPROCESSOR_MODE Mode, ACCESS_MASK Wanted,
          PACCESS_MASK Granted, PNTSTATUS Status)
{
    PPRIVILEGE_SET Privileges = NULL;
    BOOLEAN Ok;

    SeLockSubjectContext(&State->SubjectSecurityContext);
    Ok = SeAccessCheck(Node->Security, &State->SubjectSecurityContext, TRUE, Wanted, 0, &Privileges,
                       RamMapping(), Mode, Granted, Status);
    SeUnlockSubjectContext(&State->SubjectSecurityContext);
    if (Privileges != NULL) {
        SeAppendPrivileges(State, Privileges);
        SeFreePrivileges(Privileges);
    }
    return Ok;
}

/* S3 */
static ACCESS_MASK
RamByPrivilege(PACCESS_STATE State, KPROCESSOR_MODE Mode)
{
    LUID Backup = {17, 0}, Restore = {18, 0};
    ACCESS_MASK Access = 0;

    if (SeSinglePrivilegeCheck(Backup, Mode)) {
        Access |= READ_CONTROL | ACCESS_SYSTEM_SECURITY | FILE_GENERIC_READ | FILE_TRAVERSE;
    }
    if (SeSinglePrivilegeCheck(Restore, Mode)) {
        Access |= WRITE_DAC | WRITE_OWNER | ACCESS_SYSTEM_SECURITY | FILE_GENERIC_WRITE |
                  FILE_ADD_FILE | FILE_ADD_SUBDIRECTORY | DELETE;
    }
    return Access;
}

/* S4 */
BOOLEAN
RamMayTraverse(PRAM_REQUEST Request, PRAM_NODE Directory)
{
    PACCESS_STATE State = Request->Stack->Parameters.Create.SecurityContext->AccessState;
    KPROCESSOR_MODE Mode =
        Request->Stack->Flags & SL_FORCE_ACCESS_CHECK ? UserMode : Request->Irp->RequestorMode;
    NTSTATUS Status;
    ACCESS_MASK Mask;

    return Mode == KernelMode || (State->Flags & TOKEN_HAS_TRAVERSE_PRIVILEGE) ||
           RamAllows(Directory, State, Mode, FILE_TRAVERSE, &Mask, &Status);
}

static PRAM_NODE
RamParentOf(PRAM_NODE Node)
{
    return IsListEmpty(&Node->Names)
               ? NULL
               : CONTAINING_RECORD(Node->Names.Flink, RAM_LINK, OfNode)->Parent;
}

/* Node: what is opened. Node NULL: a file is to be made in Parent, and its maker gets what it asks for. */
NTSTATUS
RamCheckAccess(PRAM_REQUEST Request, PRAM_NODE Node, PRAM_NODE Parent, PACCESS_MASK Granted)
{
    PIO_STACK_LOCATION Stack = Request->Stack;
    PACCESS_STATE State = Stack->Parameters.Create.SecurityContext->AccessState;
    KPROCESSOR_MODE Mode =
        Stack->Flags & SL_FORCE_ACCESS_CHECK ? UserMode : Request->Irp->RequestorMode;
    ACCESS_MASK Wanted = State->OriginalDesiredAccess, Mask, Parents = 0;
    ULONG Options = Stack->Parameters.Create.Options & FILE_VALID_OPTION_FLAGS;
    NTSTATUS Status = STATUS_SUCCESS;

    RtlMapGenericMask(&Wanted, RamMapping());
    if (Node == NULL) {
        if (Mode != KernelMode &&
            !((Options & FILE_OPEN_FOR_BACKUP_INTENT) &&
              (RamByPrivilege(State, Mode) & FILE_ADD_FILE)) &&
            !RamAllows(Parent, State, Mode,
                       Options & FILE_DIRECTORY_FILE ? FILE_ADD_SUBDIRECTORY : FILE_ADD_FILE, &Mask,
                       &Status)) {
            return Status;
        }
        *Granted =
            Wanted & MAXIMUM_ALLOWED ? FILE_ALL_ACCESS | (Wanted & ~MAXIMUM_ALLOWED) : Wanted;
        return STATUS_SUCCESS;
    }
    if (Mode == KernelMode) {
        *Granted =
            Wanted & MAXIMUM_ALLOWED ? FILE_ALL_ACCESS | (Wanted & ~MAXIMUM_ALLOWED) : Wanted;
        return STATUS_SUCCESS;
    }
    if (Options & FILE_OPEN_FOR_BACKUP_INTENT) {
        ACCESS_MASK Free = RamByPrivilege(State, Mode);

        if (Wanted & MAXIMUM_ALLOWED) {
            if (RamAllows(Node, State, Mode, Wanted, Granted, &Status)) {
                *Granted |= Free & ~(ACCESS_MASK)ACCESS_SYSTEM_SECURITY;
                return STATUS_SUCCESS;
            }
        } else if ((Wanted & ~Free) == 0) {
            *Granted = Wanted;
            return STATUS_SUCCESS;
        } else if (RamAllows(Node, State, Mode, Wanted & ~Free, Granted, &Status)) {
            *Granted |= Wanted & Free;
            return STATUS_SUCCESS;
        }
    }
    if (RamAllows(Node, State, Mode, Wanted, Granted, &Status)) {
        if ((Wanted & MAXIMUM_ALLOWED) && (Node->Attributes & FILE_ATTRIBUTE_READONLY) &&
            !Node->Directory) {
            *Granted &= ~(ACCESS_MASK)(FILE_WRITE_DATA | FILE_APPEND_DATA);
        }
        return STATUS_SUCCESS;
    }
    /* S1 */
    Parent = RamParentOf(Node);
    if (Parent == NULL || !(Wanted & (DELETE | FILE_READ_ATTRIBUTES))) {
        return Status;
    }
    if ((Wanted & DELETE) && RamAllows(Parent, State, Mode, FILE_DELETE_CHILD, &Mask, &Status)) {
        Parents |= DELETE;
    }
    if ((Wanted & FILE_READ_ATTRIBUTES) &&
        RamAllows(Parent, State, Mode, FILE_LIST_DIRECTORY, &Mask, &Status)) {
        Parents |= FILE_READ_ATTRIBUTES;
    }
    if (Parents == 0) {
        return STATUS_ACCESS_DENIED;
    }
    if ((Wanted & ~Parents) == 0) {
        *Granted = Wanted;
        return STATUS_SUCCESS;
    }
    if (!RamAllows(Node, State, Mode, Wanted & ~Parents, Granted, &Status)) {
        return Status;
    }
    *Granted |= Parents;
    return STATUS_SUCCESS;
}

/* May who asks for this request remove that name? As a deletion asks: by the file or by its directory. */
BOOLEAN
RamMayUnlink(PRAM_REQUEST Request, PRAM_LINK Link)
{
    KPROCESSOR_MODE Mode = Request->Irp->RequestorMode;
    SECURITY_SUBJECT_CONTEXT Subject;
    PPRIVILEGE_SET Privileges = NULL;
    BOOLEAN Allowed = FALSE;
    ACCESS_MASK Granted;
    NTSTATUS Status;

    if (Mode == KernelMode) {
        return TRUE;
    }
    SeCaptureSubjectContext(&Subject);
    SeLockSubjectContext(&Subject);
    for (int i = 0; i < 2 && !Allowed; i++) {
        Allowed = SeAccessCheck(i == 0 ? Link->Node->Security : Link->Parent->Security, &Subject,
                                TRUE, i == 0 ? DELETE : FILE_DELETE_CHILD, 0, &Privileges,
                                RamMapping(), Mode, &Granted, &Status);
        if (Privileges != NULL) {
            SeFreePrivileges(Privileges);
            Privileges = NULL;
        }
    }
    SeUnlockSubjectContext(&Subject);
    SeReleaseSubjectContext(&Subject);
    return Allowed;
}

NTSTATUS
RamQuerySecurity(PRAM_REQUEST Request)
{
    ULONG Length = Request->Stack->Parameters.QuerySecurity.Length;
    PVOID Buffer = RamBuffer(Request->Irp);
    NTSTATUS Status;

    if (Request->Stream == NULL || RamIsVolumeOpen(Request)) {
        return STATUS_INVALID_PARAMETER;
    }
    ExAcquireResourceSharedLite(&Request->Volume->Resource, TRUE);
    __try {
        Status = SeQuerySecurityDescriptorInfo(
            &Request->Stack->Parameters.QuerySecurity.SecurityInformation, Buffer, &Length,
            &Request->Stream->Node->Security);
    } __finally {
        ExReleaseResourceLite(&Request->Volume->Resource);
    }
    if (Status == STATUS_BUFFER_TOO_SMALL) {
        Status = STATUS_BUFFER_OVERFLOW; /* and the length that is needed */
    }
    Request->Information = Length;
    return Status;
}

NTSTATUS
RamSetSecurity(PRAM_REQUEST Request)
{
    PRAM_NODE Node;
    PSECURITY_DESCRIPTOR Old;
    NTSTATUS Status;

    if (Request->Stream == NULL || RamIsVolumeOpen(Request)) {
        return STATUS_INVALID_PARAMETER;
    }
    Node = Request->Stream->Node;
    ExAcquireResourceExclusiveLite(&Request->Volume->Resource, TRUE);
    Old = Node->Security;
    Status = SeSetSecurityDescriptorInfo(
        NULL, &Request->Stack->Parameters.SetSecurity.SecurityInformation,
        Request->Stack->Parameters.SetSecurity.SecurityDescriptor, &Node->Security, PagedPool,
        RamMapping());
    if (NT_SUCCESS(Status)) {
        SeDeassignSecurity(&Old);
        RamNow(&Node->ChangeTime);
        RamNoteUsn(Node, USN_REASON_SECURITY_CHANGE);
        RamReportNode(Node, NULL, FILE_NOTIFY_CHANGE_SECURITY, FILE_ACTION_MODIFIED);
    }
    ExReleaseResourceLite(&Request->Volume->Resource);
    return Status;
}
