/*
 * handle.c - making handles and using them.
 *
 * A handle is made in a fixed order: type, callbacks of drivers (they may take access away), access
 * check, exclusiveness, the type's Open method, and then what cannot fail.
 *
 * Which table: kernel handles (0xFFFFFFFF8...) and those of the System process are entries of the
 * same table; the former can be used in any process, by kernel mode only.
 */
#include "obp.h"
#include "nt/inc/life.h"

/* The table that Handle points into; strips the kernel's bits. NULL: no such handle. */
POBP_TABLE
ObpTableForHandle(HANDLE *Handle, KPROCESSOR_MODE Mode)
{
    if ((ULONG64)*Handle >= OBP_KERNEL_HANDLE_BITS) {
        if (Mode != KernelMode || OBP_IS_PSEUDO(*Handle)) {
            return NULL;
        }
        *Handle = (HANDLE)((ULONG64)*Handle & 0x7FFFFFFF);
        return ObpKernelTable;
    }
    return PspCurrentProcess()->HandleTable;
}

/* One value names another handle in each process: what a schedule point calls a handle. NULL: of nobody else's interest. */
PVOID
ObpHandleIdentity(HANDLE Handle, KPROCESSOR_MODE Mode)
{
    HANDLE Index = Handle;
    POBP_TABLE Table = OBP_IS_PSEUDO(Handle) ? NULL : ObpTableForHandle(&Index, Mode);

    return Table != NULL ? (PUCHAR)Table + (ULONG_PTR)Index : NULL;
}

BOOLEAN NTAPI
ObIsKernelHandle(HANDLE Handle)
{
    return (ULONG64)Handle >= OBP_KERNEL_HANDLE_BITS && !OBP_IS_PSEUDO(Handle);
}

static POBP_HOLDER
ObpFindHolder(POBP_OBJECT Object, PEPROCESS Process, BOOLEAN Create)
{
    POBP_HOLDER Holder, Free = NULL;

    for (Holder = &Object->Holder; Holder != NULL; Holder = Holder->Next) {
        if (Holder->Process == Process) {
            return Holder;
        }
        if (Holder->Process == NULL && Free == NULL) {
            Free = Holder;
        }
    }
    if (!Create) {
        return NULL;
    }
    if (Free == NULL) {
        Free = ExpAllocate(sizeof(*Free), OBP_TAG_TABLE);
        Free->Next = Object->Holder.Next;
        Object->Holder.Next = Free;
    }
    Free->Process = Process;
    Free->Handles = 0;
    return Free;
}

ULONG
ObpProcessHandles(POBP_OBJECT Object, PEPROCESS Process)
{
    POBP_HOLDER Holder = ObpFindHolder(Object, Process, FALSE);

    return Holder != NULL ? Holder->Handles : 0;
}

static BOOLEAN
ObpCountsHolders(POBJECT_TYPE Type)
{
    return Type->Methods.Open != NULL || Type->Methods.Close != NULL;
}

/* O5. Does something end with its last handle: its name, what its type's Close method sees to, whose it is alone? */
static BOOLEAN
ObpHandlesMatter(POBP_OBJECT Object)
{
    return Object->Name.Buffer != NULL || Object->Type->Methods.Close != NULL ||
           (Object->Header.Flags & OBP_FLAG_EXCLUSIVE) != 0;
}

/* Nothing ends with a handle of what is permanent; it may be so no longer while one stands at a point. */
static BOOLEAN
ObpIsNotPermanent(PVOID Which)
{
    POBP_OBJECT Object = Which;

    return (Object->Header.Flags & (OBP_FLAG_PERMANENT | OBP_FLAG_EXCLUSIVE)) !=
               OBP_FLAG_PERMANENT ||
           Object->Type->Methods.Close != NULL;
}

/* In front of a handle that gets the value of one that was closed: who still uses that finds nothing, or another object. */
static VOID
ObpReusePoint(POBP_TABLE Table)
{
    ULONG Index = Table != NULL ? ObpNextReused(Table) : 0;

    if (Index != 0) {
        KiSchedulePoint(SP_HANDLE, (PUCHAR)Table + ((ULONG64)Index << 2));
    }
}

/* In front of making a handle of it. */
VOID
ObpHandlePoint(POBP_OBJECT Object)
{
    KI_ADDS_IF Adds = {ObpIsNotPermanent, Object};

    if (ObpHandlesMatter(Object)) {
        KiAcquirePoint(SP_REFERENCE, &Object->Header.HandleCount, NULL, (ULONG_PTR)&Adds);
    }
}

/* One more; its reference is the caller's to add. */
VOID
ObpCountHandle(POBP_OBJECT Object, PEPROCESS Process)
{
    POBJECT_TYPE Type = Object->Type;

    if (ObpCountsHolders(Type)) {
        ObpFindHolder(Object, Process, TRUE)->Handles++;
    }
    Object->Header.HandleCount++;
    if (++Type->TotalNumberOfHandles > Type->HighWaterNumberOfHandles) {
        Type->HighWaterNumberOfHandles = Type->TotalNumberOfHandles;
    }
}

/* What is left to grant is checked against the object's descriptor. */
NTSTATUS
ObpCheckAccess(PVOID Object, PACCESS_STATE State, KPROCESSOR_MODE Mode)
{
    POBJECT_TYPE Type = ObpTypeOf(Object);
    PSECURITY_DESCRIPTOR Descriptor;
    PPRIVILEGE_SET Privileges = NULL;
    ACCESS_MASK Granted;
    BOOLEAN Allocated, Ok;
    NTSTATUS Status;

    if (Mode == KernelMode) {
        if (State->RemainingDesiredAccess & MAXIMUM_ALLOWED) {
            State->PreviouslyGrantedAccess |= Type->GenericMapping.GenericAll;
            State->RemainingDesiredAccess &= ~MAXIMUM_ALLOWED;
        }
        State->PreviouslyGrantedAccess |= State->RemainingDesiredAccess;
        State->RemainingDesiredAccess = 0;
        return STATUS_SUCCESS;
    }
    if (State->RemainingDesiredAccess == 0 && State->PreviouslyGrantedAccess != 0) {
        return STATUS_SUCCESS;
    }
    Status = ObGetObjectSecurity(Object, &Descriptor, &Allocated);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    if (Descriptor == NULL) { /* nobody protects it */
        if (State->RemainingDesiredAccess & MAXIMUM_ALLOWED) {
            State->PreviouslyGrantedAccess |= Type->GenericMapping.GenericAll;
            State->RemainingDesiredAccess &= ~MAXIMUM_ALLOWED;
        }
        State->PreviouslyGrantedAccess |= State->RemainingDesiredAccess;
        State->RemainingDesiredAccess = 0;
        return STATUS_SUCCESS;
    }
    SeLockSubjectContext(&State->SubjectSecurityContext);
    Ok = SeAccessCheck(Descriptor, &State->SubjectSecurityContext, TRUE,
                       State->RemainingDesiredAccess, State->PreviouslyGrantedAccess, &Privileges,
                       &Type->GenericMapping, Mode, &Granted, &Status);
    SeUnlockSubjectContext(&State->SubjectSecurityContext);
    if (Privileges != NULL) {
        SeFreePrivileges(Privileges);
    }
    ObReleaseObjectSecurity(Descriptor, Allocated);
    if (!Ok) {
        return Status;
    }
    State->PreviouslyGrantedAccess |= Granted;
    State->RemainingDesiredAccess = 0;
    return STATUS_SUCCESS;
}

NTSTATUS
ObpCreateHandle(OBP_HANDLE_REQUEST *Request, PHANDLE Handle)
{
    POBP_OBJECT Object = ObpObject(Request->Object);
    POBJECT_TYPE Type = Object->Type;
    PACCESS_STATE State = Request->State;
    KPROCESSOR_MODE Mode = Request->Attributes & OBJ_FORCE_ACCESS_CHECK ? UserMode : Request->Mode;
    PEPROCESS Process = Request->TargetProcess ? Request->TargetProcess : PspCurrentProcess();
    BOOLEAN Kernel = (Request->Attributes & OBJ_KERNEL_HANDLE) && Request->Mode == KernelMode;
    POBP_TABLE Table;
    PVOID Call = NULL;
    POBP_ENTRY Entry;
    ACCESS_MASK Wanted;
    NTSTATUS Status;
    ULONG Index;

    if (Kernel) {
        Process = PsInitialSystemProcess;
    }
    Table = Process->HandleTable;
    KiSchedulePoint(SP_REFERENCE, Request->Object); /* which the caller holds */
    if (Request->Type != NULL && Type != Request->Type) {
        return STATUS_OBJECT_TYPE_MISMATCH;
    }
    if (Table == NULL) {
        return STATUS_PROCESS_IS_TERMINATING;
    }
    if (Type->SupportsObjectCallbacks) {
        KiLooksAt(OBP_CALLBACKS);
    }
    if (Type->SupportsObjectCallbacks && !IsListEmpty(&Type->CallbackList)) {
        Wanted = State->RemainingDesiredAccess | State->PreviouslyGrantedAccess;
        if (Wanted & MAXIMUM_ALLOWED) { /* callbacks see real rights */
            Wanted = (Wanted & ~MAXIMUM_ALLOWED) | Type->GenericMapping.GenericAll;
        }
        ACCESS_MASK Left = Wanted;

        Call = ObpCallPre(Type, Request->Object, Kernel, &Left, Request->SourceProcess,
                          Request->SourceProcess ? Process : NULL);
        if (Left != Wanted) {
            State->RemainingDesiredAccess &= Left | MAXIMUM_ALLOWED;
            State->PreviouslyGrantedAccess &= Left;
            if (State->RemainingDesiredAccess & MAXIMUM_ALLOWED) {
                State->RemainingDesiredAccess = Left;
            }
        }
    }
    if (Request->Checked) {
        Status = ObpCheckAccess(Request->Object, State, KernelMode);
    } else {
        Status = ObpCheckAccess(Request->Object, State, Mode);
    }
    if (!NT_SUCCESS(Status)) {
        goto Out;
    }
    ObpHandlePoint(Object);
    ObpReusePoint(Process->HandleTable);
    Table = Process->HandleTable;
    if (Table == NULL) {
        Status = STATUS_PROCESS_IS_TERMINATING;
        goto Out;
    }
    /* An exclusive object belongs to the process that has the first handle. */
    if ((Object->Header.Flags & OBP_FLAG_EXCLUSIVE) || (Request->Attributes & OBJ_EXCLUSIVE)) {
        if (!(Object->Header.Flags & OBP_FLAG_EXCLUSIVE) ||
            (Object->ExclusiveProcess != NULL && Object->ExclusiveProcess != Process)) {
            Status = (Object->Header.Flags & OBP_FLAG_EXCLUSIVE) ? STATUS_ACCESS_DENIED
                                                                 : STATUS_INVALID_PARAMETER;
            goto Out;
        }
    }
    if (Type->Methods.Open != NULL) {
        Status = Type->Methods.Open(Request->Object, Process, State->PreviouslyGrantedAccess,
                                    ObpProcessHandles(Object, Process) + 1);
        if (!NT_SUCCESS(Status)) {
            goto Out;
        }
    }
    Index = ObpAllocateEntry(Table, &Entry);
    if (Index == 0) {
        Status = STATUS_INSUFFICIENT_RESOURCES;
        goto Out;
    }
    ObpCountHandle(Object, Process);
    if (Object->Header.Flags & OBP_FLAG_EXCLUSIVE) {
        Object->ExclusiveProcess = Process;
    }
    Object->Header.PointerCount += 1 + Request->Bias;
    Entry->Object = Request->Object;
    Entry->Access = State->PreviouslyGrantedAccess & ~(ACCESS_MASK)MAXIMUM_ALLOWED;
    Entry->Attributes = Request->Attributes & (OBJ_INHERIT | OBP_PROTECT_CLOSE | OBP_AUDIT_CLOSE);
    if (Table == ObpKernelTable && Request->Mode == KernelMode) {
        ObpNoteOwner(Entry);
    }
    *Handle = (HANDLE)((ULONG64)Index << 2 | (Kernel ? OBP_KERNEL_HANDLE_BITS : 0));
    Status = STATUS_SUCCESS;

Out:
    if (Call != NULL) {
        ObpCallPost(Call, Status, NT_SUCCESS(Status) ? State->PreviouslyGrantedAccess : 0);
    }
    return Status;
}

NTSTATUS NTAPI
ObReferenceObjectByHandle(HANDLE Handle, ACCESS_MASK DesiredAccess, POBJECT_TYPE Type,
                          KPROCESSOR_MODE AccessMode, PVOID *Object,
                          POBJECT_HANDLE_INFORMATION Information)
{
    POBP_TABLE Table;
    POBP_ENTRY Entry;
    HANDLE Index = Handle;

    *Object = NULL;
    KiSchedulePoint(SP_LOOKUP, ObpHandleIdentity(Handle, AccessMode));
    if (OBP_IS_PSEUDO(Handle)) {
        if (Handle == NtCurrentProcess()) {
            if (Type != NULL && Type != PsProcessTypeP) {
                return STATUS_OBJECT_TYPE_MISMATCH;
            }
            *Object = PspCurrentProcess();
        } else if (Handle == NtCurrentThread()) {
            if (Type != NULL && Type != PsThreadTypeP) {
                return STATUS_OBJECT_TYPE_MISMATCH;
            }
            *Object = KiThread();
        } else {
            return STATUS_INVALID_HANDLE;
        }
        ObpObject(*Object)->Header.PointerCount++;
        if (Information != NULL) {
            Information->HandleAttributes = 0;
            Information->GrantedAccess = ObpTypeOf(*Object)->GenericMapping.GenericAll;
        }
        return STATUS_SUCCESS;
    }
    Table = ObpTableForHandle(&Index, AccessMode);
    if (Table == NULL || (Entry = ObpLookupEntry(Table, Index)) == NULL) {
        return STATUS_INVALID_HANDLE;
    }
    if (Type != NULL && ObpTypeOf(Entry->Object) != Type) {
        return STATUS_OBJECT_TYPE_MISMATCH;
    }
    if (AccessMode != KernelMode && (DesiredAccess & ~Entry->Access) != 0) {
        return STATUS_ACCESS_DENIED;
    }
    if (Information != NULL) {
        Information->HandleAttributes =
            Entry->Attributes & (OBJ_INHERIT | OBP_PROTECT_CLOSE | OBP_AUDIT_CLOSE);
        Information->GrantedAccess = Entry->Access;
    }
    ObpObject(Entry->Object)->Header.PointerCount++;
    *Object = Entry->Object;
    return STATUS_SUCCESS;
}

NTSTATUS NTAPI
ObReferenceObjectByHandleWithTag(HANDLE Handle, ACCESS_MASK DesiredAccess, POBJECT_TYPE Type,
                                 KPROCESSOR_MODE AccessMode, ULONG Tag, PVOID *Object,
                                 POBJECT_HANDLE_INFORMATION Information)
{
    return ObReferenceObjectByHandle(Handle, DesiredAccess, Type, AccessMode, Object, Information);
}

/* An access state of the caller's own, or one made for this call. */
static NTSTATUS
ObpUseState(PACCESS_STATE *State, PACCESS_STATE Local, PVOID Aux, ACCESS_MASK Access,
            POBJECT_TYPE Type)
{
    static const GENERIC_MAPPING None;

    if (*State != NULL) {
        return STATUS_SUCCESS;
    }
    *State = Local;
    return SepCreateAccessState(Local, Aux, Access, Type != NULL ? &Type->GenericMapping : &None);
}

NTSTATUS NTAPI
ObOpenObjectByPointer(PVOID Object, ULONG HandleAttributes, PACCESS_STATE PassedState,
                      ACCESS_MASK DesiredAccess, POBJECT_TYPE Type, KPROCESSOR_MODE AccessMode,
                      PHANDLE Handle)
{
    OBP_HANDLE_REQUEST Request;
    ACCESS_STATE Local;
    ULONG64 Aux[64];
    PACCESS_STATE State = PassedState;
    NTSTATUS Status;

    *Handle = NULL;
    Status = ObReferenceObjectByPointer(Object, 0, Type ? Type : ObpTypeOf(Object), AccessMode);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    Status = ObpUseState(&State, &Local, Aux, DesiredAccess, ObpTypeOf(Object));
    if (NT_SUCCESS(Status)) {
        RtlZeroMemory(&Request, sizeof(Request));
        Request.Object = Object;
        Request.Type = Type;
        Request.State = State;
        Request.Attributes = HandleAttributes;
        Request.Mode = AccessMode;
        Status = ObpCreateHandle(&Request, Handle);
        if (State == &Local) {
            SeDeleteAccessState(State);
        }
    }
    ObDereferenceObject(Object);
    return Status;
}

NTSTATUS NTAPI
ObOpenObjectByPointerWithTag(PVOID Object, ULONG HandleAttributes, PACCESS_STATE PassedState,
                             ACCESS_MASK DesiredAccess, POBJECT_TYPE Type,
                             KPROCESSOR_MODE AccessMode, ULONG Tag, PHANDLE Handle)
{
    return ObOpenObjectByPointer(Object, HandleAttributes, PassedState, DesiredAccess, Type,
                                 AccessMode, Handle);
}

NTSTATUS NTAPI
ObOpenObjectByName(POBJECT_ATTRIBUTES Attributes, POBJECT_TYPE Type, KPROCESSOR_MODE Mode,
                   PACCESS_STATE PassedState, ACCESS_MASK DesiredAccess, PVOID ParseContext,
                   PHANDLE Handle)
{
    OBP_HANDLE_REQUEST Request;
    OB_OPEN_PACKET Packet;
    OB_CAPTURE Capture;
    ACCESS_STATE Local;
    ULONG64 Aux[64];
    PACCESS_STATE State = PassedState;
    PVOID Found;
    NTSTATUS Status;

    *Handle = NULL;
    if (Attributes == NULL) {
        return STATUS_INVALID_PARAMETER;
    }
    Status = ObpCapture(Attributes, Mode, &Capture);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    Status = ObpUseState(&State, &Local, Aux, DesiredAccess, Type);
    if (!NT_SUCCESS(Status)) {
        ObpFreeCapture(&Capture);
        return Status;
    }
    RtlZeroMemory(&Packet, sizeof(Packet));
    Packet.DesiredType = Type;
    Packet.DesiredAccess = DesiredAccess;
    Packet.AccessMode = Mode;
    Packet.Attributes = Capture.Attributes;
    Packet.ParseContext = ParseContext;
    Packet.AccessState = State;
    if (Capture.SecurityDescriptor != NULL) {
        State->SecurityDescriptor = Capture.SecurityDescriptor; /* of what a driver makes */
    }
    Status = ObpLookupName(&Capture, Mode, &Packet, NULL, &Found);
    if (Capture.SecurityDescriptor != NULL) {
        State->SecurityDescriptor = NULL;
    }
    if (NT_SUCCESS(Status)) {
        if (Type == NULL) { /* generic rights could not be mapped before */
            RtlMapGenericMask(&State->RemainingDesiredAccess, &ObpTypeOf(Found)->GenericMapping);
        }
        RtlZeroMemory(&Request, sizeof(Request));
        Request.Object = Found;
        Request.Type = Type;
        Request.State = State;
        Request.Attributes = Capture.Attributes;
        Request.Mode = Mode;
        Status = ObpCreateHandle(&Request, Handle);
        ObDereferenceObject(Found);
    }
    if (State == &Local) {
        SeDeleteAccessState(State);
    }
    ObpFreeCapture(&Capture);
    return Status;
}

NTSTATUS NTAPI
ObReferenceObjectByName(PUNICODE_STRING Name, ULONG Attributes, PACCESS_STATE PassedState,
                        ACCESS_MASK DesiredAccess, POBJECT_TYPE Type, KPROCESSOR_MODE Mode,
                        PVOID ParseContext, PVOID *Object)
{
    OB_OPEN_PACKET Packet;
    OB_CAPTURE Capture;
    ACCESS_STATE Local;
    ULONG64 Aux[64];
    PACCESS_STATE State = PassedState;
    PVOID Found;
    NTSTATUS Status;

    *Object = NULL;
    if (Name == NULL || Name->Length == 0) {
        return STATUS_OBJECT_NAME_INVALID;
    }
    Status = ObpUseState(&State, &Local, Aux, DesiredAccess, Type);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    RtlZeroMemory(&Capture, sizeof(Capture));
    Capture.Name = *Name;
    Capture.Attributes = Attributes;
    RtlZeroMemory(&Packet, sizeof(Packet));
    Packet.DesiredType = Type;
    Packet.DesiredAccess = DesiredAccess;
    Packet.AccessMode = Mode;
    Packet.Attributes = Attributes;
    Packet.ParseContext = ParseContext;
    Packet.AccessState = State;
    Status = ObpLookupName(&Capture, Mode, &Packet, NULL, &Found);
    if (NT_SUCCESS(Status)) {
        if (Type != NULL && ObpTypeOf(Found) != Type) {
            Status = STATUS_OBJECT_TYPE_MISMATCH;
        } else {
            Status =
                ObpCheckAccess(Found, State, Attributes & OBJ_FORCE_ACCESS_CHECK ? UserMode : Mode);
        }
        if (NT_SUCCESS(Status)) {
            *Object = Found;
        } else {
            ObDereferenceObject(Found);
        }
    }
    if (State == &Local) {
        SeDeleteAccessState(State);
    }
    return Status;
}

NTSTATUS
ObpOpenService(PHANDLE Out, ACCESS_MASK Access, POBJECT_ATTRIBUTES Attributes, POBJECT_TYPE Type)
{
    KPROCESSOR_MODE Mode = KiPreviousMode();
    NTSTATUS Status = ExpProbeHandle(Out, Mode), Stored;
    HANDLE Handle;

    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    Status = ObOpenObjectByName(Attributes, Type, Mode, NULL, Access, NULL, &Handle);
    Stored = ExpStoreHandle(Out, Handle, Mode);
    return NT_SUCCESS(Stored) ? Status : Stored;
}

BOOLEAN
ObpNameMayGo(POBP_OBJECT Object)
{
    return Object->Directory != NULL && !(Object->Header.Flags & OBP_FLAG_PERMANENT);
}

typedef struct _OBP_CLOSING {
    POBP_OBJECT Object;
    PEPROCESS Process;
} OBP_CLOSING;

/* Handles beside those of this process: a type that has a Close method is told of a process's last one as well. */
static LONG64
ObpHandlesElsewhere(PVOID Which)
{
    OBP_CLOSING *Closing = Which;

    if (!ObpIsNotPermanent(Closing->Object)) {
        return -(LONG64)MAXLONG; /* it stays */
    }
    if (!ObpCountsHolders(Closing->Object->Type)) {
        return 0;
    }
    return Closing->Object->Header.HandleCount -
           ObpProcessHandles(Closing->Object, Closing->Process);
}

/* With the last handle the name goes. */
static PVOID
ObpNameThatEnds(PVOID Which, PVOID *Reads)
{
    POBP_OBJECT Object = ((OBP_CLOSING *)Which)->Object;

    if (Object->Header.HandleCount != 1 || !ObpNameMayGo(Object)) {
        return NULL;
    }
    *Reads = Object->Directory;
    return ObpNameKey(Object->Directory, &Object->Name);
}

/*
 * The handle is out of its table; Access is what it granted. The counts go down, and the name goes, in one step; what the
 * Close method does comes behind that, with the counts that there were, so of two that close one only is the last.
 */
VOID
ObpHandleClosed(PVOID Body, PEPROCESS Process, ACCESS_MASK Access)
{
    POBP_OBJECT Object = ObpObject(Body);
    POBJECT_TYPE Type = Object->Type;
    OBP_CLOSING Closing = {Object, Process};
    KI_GIVES_BACK Given = {1, &Object->Header.HandleCount, ObpHandlesElsewhere, &Closing,
                           ObpNameThatEnds};
    POBP_HOLDER Holder;
    ULONG Handles, InProcess = 0;

    if (ObpHandlesMatter(Object)) {
        KiAcquirePoint(SP_OBJECT, &Object->Header.HandleCount, KiStaysReferenced,
                       (ULONG_PTR)&Given);
    }
    if (ObpCountsHolders(Type)) {
        Holder = ObpFindHolder(Object, Process, FALSE);
        InProcess = Holder->Handles;
        if (--Holder->Handles == 0) {
            Holder->Process = NULL;
        }
    }
    Type->TotalNumberOfHandles--;
    Handles = (ULONG)Object->Header.HandleCount--;
    if (Handles == 1) {
        Object->ExclusiveProcess = NULL;
        if (ObpNameMayGo(Object)) {
            ObpRemoveName(Object); /* whatever else refers to it */
        }
    }
    if (Type->Methods.Close != NULL) {
        Type->Methods.Close(Body, Process, InProcess, Handles);
    }
    ObDereferenceObject(Body);
}
