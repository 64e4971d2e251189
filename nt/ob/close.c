/*
 * close.c - the end of handles, and copies of them.
 *
 * What a bad handle means depends on who closes it. User mode gets STATUS_INVALID_HANDLE (or
 * STATUS_HANDLE_NOT_CLOSABLE for one that is protected). Kernel mode that closes a bad or protected
 * *kernel* handle has lost count of what it owns: bugcheck 0x93 (handle, 1 invalid or 0 protected).
 * A user handle that kernel mode closes may have been closed by the user before: a status.
 */
#include "obp.h"

static NTSTATUS
ObpCloseHandle(HANDLE Handle, KPROCESSOR_MODE Mode)
{
    PEPROCESS Process;
    POBP_TABLE Table;
    POBP_ENTRY Entry = NULL;
    POBJECT_TYPE Type;
    ACCESS_MASK Access;
    HANDLE Index = Handle;
    PVOID Object;

    KiSchedulePoint(SP_HANDLE, ObpHandleIdentity(Handle, Mode));
    if (OBP_IS_PSEUDO(Handle)) {
        return STATUS_SUCCESS; /* closing a pseudo handle has no effect */
    }
    Table = ObpTableForHandle(&Index, Mode);
    if (Table != NULL) {
        Entry = ObpLookupEntry(Table, Index);
    }
    if (Entry == NULL) {
        if (Mode == KernelMode && ObIsKernelHandle(Handle)) {
            KeBugCheckEx(INVALID_KERNEL_HANDLE, (ULONG_PTR)Handle, 1, 0, 0);
        }
        return STATUS_INVALID_HANDLE;
    }
    Process = Table == ObpKernelTable ? PsInitialSystemProcess : PspCurrentProcess();
    Object = Entry->Object;
    Type = ObpTypeOf(Object);
    if (Type->Methods.OkayToClose != NULL &&
        !Type->Methods.OkayToClose(Object, Process, Handle, Mode)) {
        return STATUS_HANDLE_NOT_CLOSABLE;
    }
    if (Entry->Attributes & OBP_PROTECT_CLOSE) {
        if (Mode == KernelMode && ObIsKernelHandle(Handle)) {
            KeBugCheckEx(INVALID_KERNEL_HANDLE, (ULONG_PTR)Handle, 0, 0, 0);
        }
        return STATUS_HANDLE_NOT_CLOSABLE;
    }
    Access = Entry->Access;
    ObpFreeEntry(Table, (ULONG)((ULONG64)Index >> 2));
    ObpHandleClosed(Object, Process, Access);
    return STATUS_SUCCESS;
}

/* For the verifier: is it in the kernel's table? */
BOOLEAN
ObpIsKernelHandleOpen(HANDLE Handle)
{
    POBP_TABLE Table = ObpTableForHandle(&Handle, KernelMode);

    return Table != NULL && ObpLookupEntry(Table, Handle) != NULL;
}

NTSTATUS NTAPI
NtClose(HANDLE Handle)
{
    return ObpCloseHandle(Handle, KiPreviousMode());
}

NTSTATUS NTAPI
ObCloseHandle(HANDLE Handle, KPROCESSOR_MODE PreviousMode)
{
    return ObpCloseHandle(Handle, PreviousMode);
}

/* A duplicate in Target. The source handle's grant bounds it unless the object is checked again. */
static NTSTATUS
ObpDuplicate(PEPROCESS Source, HANDLE SourceHandle, PEPROCESS Target, PHANDLE NewHandle,
             ACCESS_MASK DesiredAccess, ULONG Attributes, ULONG Options, KPROCESSOR_MODE Mode)
{
    OBJECT_HANDLE_INFORMATION Information;
    OBP_HANDLE_REQUEST Request;
    ACCESS_STATE State;
    ULONG64 Aux[64];
    KAPC_STATE ApcState;
    POBJECT_TYPE Type;
    PVOID Object;
    NTSTATUS Status;
    BOOLEAN Attached = FALSE;

    /* Source handles are resolved in the source; what -1 and -2 mean there is the caller's matter. */
    if (Source != PspCurrentProcess() && !OBP_IS_PSEUDO(SourceHandle)) {
        KeStackAttachProcess((PKPROCESS)Source, &ApcState);
        Attached = TRUE;
    }
    Status = ObReferenceObjectByHandle(SourceHandle, 0, NULL, Mode, &Object, &Information);
    if (Attached) {
        KeUnstackDetachProcess(&ApcState);
    }
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    if (Target == NULL) {
        ObDereferenceObject(Object);
        return STATUS_SUCCESS;
    }
    Type = ObpTypeOf(Object);
    if (Options & DUPLICATE_SAME_ACCESS) {
        DesiredAccess = Information.GrantedAccess;
    } else {
        RtlMapGenericMask(&DesiredAccess, &Type->GenericMapping);
        if (DesiredAccess & MAXIMUM_ALLOWED) {
            DesiredAccess = Information.GrantedAccess;
        }
    }
    if (Options & DUPLICATE_SAME_ATTRIBUTES) {
        Attributes = Information.HandleAttributes & (OBJ_INHERIT | OBP_PROTECT_CLOSE);
    } else {
        Attributes &= OBJ_INHERIT | (Mode == KernelMode ? OBJ_KERNEL_HANDLE : 0);
    }
    Status = SepCreateAccessState(&State, Aux, DesiredAccess, &Type->GenericMapping);
    if (NT_SUCCESS(Status)) {
        RtlZeroMemory(&Request, sizeof(Request));
        Request.Object = Object;
        Request.State = &State;
        Request.Attributes = Attributes;
        Request.Mode = Mode;
        Request.TargetProcess = Target;
        Request.SourceProcess = Source;
        Request.Checked = (DesiredAccess & ~Information.GrantedAccess) == 0;
        /* More than the source has cannot be had of a file: nothing checks it again. */
        if (!Request.Checked && Mode != KernelMode && Type->Methods.Security != NULL &&
            Type->Methods.Parse != NULL) {
            Status = STATUS_ACCESS_DENIED;
        } else {
            Status = ObpCreateHandle(&Request, NewHandle);
        }
        SeDeleteAccessState(&State);
    }
    ObDereferenceObject(Object);
    return Status;
}

/* Closing the source happens whether or not there is a copy. */
NTSTATUS NTAPI
ObDuplicateObject(PEPROCESS Source, HANDLE SourceHandle, PEPROCESS Target, PHANDLE TargetHandle,
                  ACCESS_MASK DesiredAccess, ULONG Attributes, ULONG Options, KPROCESSOR_MODE Mode)
{
    HANDLE New = NULL;
    KAPC_STATE ApcState;
    NTSTATUS Status, CloseStatus;

    Status =
        ObpDuplicate(Source, SourceHandle, Target, &New, DesiredAccess, Attributes, Options, Mode);
    if ((Options & DUPLICATE_CLOSE_SOURCE) && !OBP_IS_PSEUDO(SourceHandle)) {
        KeStackAttachProcess((PKPROCESS)Source, &ApcState);
        CloseStatus = ObpCloseHandle(SourceHandle, Mode);
        KeUnstackDetachProcess(&ApcState);
        if (NT_SUCCESS(Status) && Target == NULL) {
            Status = CloseStatus;
        }
    }
    if (TargetHandle != NULL) {
        *TargetHandle = New;
    }
    return Status;
}

NTSTATUS NTAPI
NtDuplicateObject(HANDLE SourceProcessHandle, HANDLE SourceHandle, HANDLE TargetProcessHandle,
                  PHANDLE TargetHandle, ACCESS_MASK DesiredAccess, ULONG HandleAttributes,
                  ULONG Options)
{
    KPROCESSOR_MODE Mode = KiPreviousMode();
    PEPROCESS Source, Target = NULL;
    HANDLE New = NULL;
    NTSTATUS Status;

    __try {
        if (TargetHandle != NULL) {
            if (Mode != KernelMode) {
                ProbeForWrite(TargetHandle, sizeof(HANDLE), sizeof(HANDLE));
            }
            *TargetHandle = NULL;
        }
    } __except (EXCEPTION_EXECUTE_HANDLER) {
        return GetExceptionCode();
    }
    Status = ObReferenceObjectByHandle(SourceProcessHandle, PROCESS_DUP_HANDLE, PsProcessTypeP,
                                       Mode, (PVOID *)&Source, NULL);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    if (TargetProcessHandle != NULL) {
        Status = ObReferenceObjectByHandle(TargetProcessHandle, PROCESS_DUP_HANDLE, PsProcessTypeP,
                                           Mode, (PVOID *)&Target, NULL);
    } else if (!(Options & DUPLICATE_CLOSE_SOURCE)) {
        Status = STATUS_INVALID_HANDLE;
    }
    if (NT_SUCCESS(Status)) {
        Status = ObDuplicateObject(Source, SourceHandle, Target, &New, DesiredAccess,
                                   HandleAttributes, Options, Mode);
        if (Target != NULL) {
            ObDereferenceObject(Target);
        }
    }
    ObDereferenceObject(Source);
    if (NT_SUCCESS(Status) && TargetHandle != NULL) {
        __try {
            *TargetHandle = New;
        } __except (EXCEPTION_EXECUTE_HANDLER) {
            Status = GetExceptionCode();
        }
    }
    return Status;
}

/*
 * The same handle value in another process, with the same access; Must: in any case, else if it is inherited. Others can close it
 * meanwhile.
 */
static NTSTATUS
ObpCopyEntry(PEPROCESS Target, POBP_TABLE Table, ULONG Index, BOOLEAN Must)
{
    POBP_ENTRY Source, Entry;
    POBP_OBJECT Object;
    OBP_ENTRY Copy;

    KiSchedulePoint(SP_LOOKUP, (PUCHAR)Table + ((ULONG64)Index << 2));
    Source = ObpLookupEntry(Table, (HANDLE)((ULONG64)Index << 2));
    if (Source == NULL || (!Must && (Source->Attributes & OBJ_INHERIT) == 0)) {
        return STATUS_INVALID_HANDLE;
    }
    Copy = *Source;
    Object = ObpObject(Copy.Object);
    ObpAddReference(Copy.Object);
    ObpHandlePoint(Object);
    Entry = ObpAllocateEntryAt(Target->HandleTable, Index);
    if (Entry == NULL) {
        ObDereferenceObject(Copy.Object);
        return STATUS_OBJECT_NAME_COLLISION;
    }
    ObpCountHandle(Object, Target);
    *Entry = Copy;
    return STATUS_SUCCESS;
}

VOID
ObpInheritHandles(PEPROCESS Child, PEPROCESS Parent)
{
    POBP_ENTRY Entry;
    ULONG Index = 1;

    for (; (Entry = ObpNextEntry(Parent->HandleTable, &Index)) != NULL; Index++) {
        if (Entry->Attributes & OBJ_INHERIT) {
            ObpCopyEntry(Child, Parent->HandleTable, Index, FALSE);
        }
    }
}

NTSTATUS
ObpCopyHandle(PEPROCESS Target, PEPROCESS Source, HANDLE Handle)
{
    if (ObpLookupEntry(Source->HandleTable, Handle) == NULL) {
        return STATUS_INVALID_HANDLE;
    }
    if (ObpLookupEntry(Target->HandleTable, Handle) != NULL) {
        return STATUS_SUCCESS; /* inherited */
    }
    return ObpCopyEntry(Target, Source->HandleTable, (ULONG)((ULONG64)Handle >> 2), TRUE);
}

ULONG
ObpCountHandles(PEPROCESS Process)
{
    return Process->HandleTable != NULL ? ObpHandlesInTable(Process->HandleTable) : 0;
}

/* In the context of the process that exits: lowest handle first, protected or not. */
VOID
ObpCloseAllHandles(PEPROCESS Process)
{
    POBP_TABLE Table = Process->HandleTable;
    POBP_ENTRY Entry;
    ULONG Index = 1;

    if (Table == NULL || Table == ObpKernelTable) {
        return;
    }
    while ((Entry = ObpNextEntry(Table, &Index)) != NULL) {
        PVOID Object;
        ACCESS_MASK Access;

        KiSchedulePoint(SP_HANDLE, (PUCHAR)Table + ((ULONG64)Index << 2));
        Entry = ObpLookupEntry(Table, (HANDLE)((ULONG64)Index << 2));
        if (Entry == NULL) {
            continue; /* another process has closed it: DUPLICATE_CLOSE_SOURCE */
        }
        Object = Entry->Object;
        Access = Entry->Access;
        ObpFreeEntry(Table, Index);
        ObpHandleClosed(Object, Process, Access);
    }
    Process->HandleTable = NULL;
    ObpDeleteHandleTable(Table);
}
