/*
 * create.c - making objects and putting them into the world.
 *
 * Between ObCreateObject and ObInsertObject an object is private to its maker: it has one reference,
 * and its captured attributes hang on the header (OBP_FLAG_NEW).
 */
#include "obp.h"

PVOID
ObpAllocateObject(POBJECT_TYPE Type, ULONG BodySize)
{
    POBP_OBJECT Object = ExpAllocate(sizeof(OBP_OBJECT) + BodySize, OBP_TAG_OBJECT);

    Object->Type = Type;
    Object->Header.PointerCount = 1;
    if (Type != NULL) {
        Object->Header.TypeIndex = Type->Index;
        if (++Type->TotalNumberOfObjects > Type->HighWaterNumberOfObjects) {
            Type->HighWaterNumberOfObjects = Type->TotalNumberOfObjects;
        }
    }
    return OBP_BODY(Object);
}

/* Reads what user mode gave; every pointer in it is the caller's. */
NTSTATUS
ObpCapture(POBJECT_ATTRIBUTES Attributes, KPROCESSOR_MODE Mode, OB_CAPTURE *Capture)
{
    OBJECT_ATTRIBUTES Local;
    UNICODE_STRING Name;
    NTSTATUS Status;

    RtlZeroMemory(Capture, sizeof(*Capture));
    if (Attributes == NULL) {
        return STATUS_SUCCESS;
    }
    RtlZeroMemory(&Name, sizeof(Name));
    __try {
        if (Mode != KernelMode) {
            ProbeForRead(Attributes, sizeof(*Attributes), sizeof(ULONG));
        }
        Local = *Attributes;
        if (Local.ObjectName != NULL) {
            if (Mode != KernelMode) {
                ProbeForRead(Local.ObjectName, sizeof(UNICODE_STRING), 1);
            }
            Name = *Local.ObjectName;
            if (Mode != KernelMode && Name.Length != 0) {
                ProbeForRead(Name.Buffer, Name.Length, sizeof(WCHAR));
            }
        }
    } __except (EXCEPTION_EXECUTE_HANDLER) {
        return GetExceptionCode();
    }
    if (Local.Length != sizeof(OBJECT_ATTRIBUTES)) {
        return STATUS_INVALID_PARAMETER;
    }
    if (Local.Attributes & ~OBJ_VALID_ATTRIBUTES) {
        return STATUS_INVALID_PARAMETER;
    }
    if (Mode != KernelMode) {
        Local.Attributes &= ~OBJ_KERNEL_HANDLE;
    }
    if ((Name.Length & 1) != 0 || Name.Length > OBP_MAX_NAME ||
        (Local.ObjectName == NULL && Local.RootDirectory != NULL)) {
        return STATUS_OBJECT_NAME_INVALID;
    }
    Capture->RootDirectory = Local.RootDirectory;
    Capture->Attributes = Local.Attributes;
    if (Name.Length != 0) {
        Capture->Buffer = ExpAllocate(Name.Length + sizeof(WCHAR), OBP_TAG_NAME);
        __try {
            RtlCopyMemory(Capture->Buffer, Name.Buffer, Name.Length);
        } __except (EXCEPTION_EXECUTE_HANDLER) {
            Status = GetExceptionCode();
            ExpFree(Capture->Buffer);
            Capture->Buffer = NULL;
            return Status;
        }
        Capture->Name.Buffer = Capture->Buffer;
        Capture->Name.Length = Name.Length;
        Capture->Name.MaximumLength = Name.Length + sizeof(WCHAR);
    }
    if (Local.SecurityDescriptor != NULL) {
        Status = SepCaptureDescriptor(Local.SecurityDescriptor, Mode, &Capture->SecurityDescriptor);
        if (!NT_SUCCESS(Status)) {
            ObpFreeCapture(Capture);
            return Status;
        }
    }
    return STATUS_SUCCESS;
}

VOID
ObpFreeCapture(OB_CAPTURE *Capture)
{
    if (Capture->Buffer != NULL) {
        ExpFree(Capture->Buffer);
    }
    if (Capture->SecurityDescriptor != NULL) {
        ExFreePool(Capture->SecurityDescriptor);
    }
    RtlZeroMemory(Capture, sizeof(*Capture));
}

VOID
ObpFreeCreateInfo(POBP_OBJECT Object)
{
    if (Object->Header.CreateInfo != NULL) {
        ObpFreeCapture(&Object->Header.CreateInfo->Capture);
        ExpFree(Object->Header.CreateInfo);
        Object->Header.CreateInfo = NULL;
    }
    Object->Header.Flags &= ~OBP_FLAG_NEW;
}

NTSTATUS NTAPI
ObCreateObject(KPROCESSOR_MODE ProbeMode, POBJECT_TYPE Type, POBJECT_ATTRIBUTES Attributes,
               KPROCESSOR_MODE OwnershipMode, PVOID ParseContext, ULONG BodySize, ULONG PagedCharge,
               ULONG NonPagedCharge, PVOID *Object)
{
    POBP_CREATE_INFO Info;
    POBP_OBJECT New;
    NTSTATUS Status;
    PVOID Body;

    Info = ExpAllocate(sizeof(*Info), OBP_TAG_TEMPORARY);
    Status = ObpCapture(Attributes, ProbeMode, &Info->Capture);
    if (!NT_SUCCESS(Status)) {
        ExpFree(Info);
        return Status;
    }
    /* Permanence needs a privilege; without it the object is an ordinary one. */
    if ((Info->Capture.Attributes & OBJ_PERMANENT) && ProbeMode != KernelMode &&
        !SepHasPrivilege(RtlConvertUlongToLuid(SE_CREATE_PERMANENT_PRIVILEGE), ProbeMode)) {
        ObpFreeCapture(&Info->Capture);
        ExpFree(Info);
        return STATUS_PRIVILEGE_NOT_HELD;
    }
    Info->ParseContext = ParseContext;
    Info->Mode = ProbeMode;
    Body = ObpAllocateObject(Type, BodySize);
    New = ObpObject(Body);
    New->PagedCharge = PagedCharge;
    New->NonPagedCharge = NonPagedCharge ? NonPagedCharge : Type->PoolCharge;
    New->Header.CreateInfo = Info;
    New->Header.Flags = OBP_FLAG_NEW | (OwnershipMode == KernelMode ? OBP_FLAG_KERNEL : 0);
    if (Info->Capture.Attributes & OBJ_PERMANENT) {
        New->Header.Flags |= OBP_FLAG_PERMANENT;
    }
    if (Info->Capture.Attributes & OBJ_EXCLUSIVE) {
        New->Header.Flags |= OBP_FLAG_EXCLUSIVE;
    }
    *Object = Body;
    return STATUS_SUCCESS;
}

/* The maker gets what it asks for, but for the right to the SACL, which only a privilege gives. [LEARN:secauthz/sacl-access-right] */
static BOOLEAN
ObpMayHave(PACCESS_STATE State, KPROCESSOR_MODE Mode)
{
    return Mode == KernelMode || !(State->RemainingDesiredAccess & ACCESS_SYSTEM_SECURITY) ||
           SepHasPrivilege(RtlConvertUlongToLuid(SE_SECURITY_PRIVILEGE), Mode);
}

NTSTATUS NTAPI
ObInsertObject(PVOID Body, PACCESS_STATE PassedState, ACCESS_MASK DesiredAccess,
               ULONG ObjectPointerBias, PVOID *NewObject, PHANDLE Handle)
{
    POBP_OBJECT Object = ObpObject(Body);
    POBP_CREATE_INFO Info = Object->Header.CreateInfo;
    POBJECT_TYPE Type = Object->Type;
    OBP_HANDLE_REQUEST Request;
    OB_OPEN_PACKET Packet;
    ACCESS_STATE LocalState;
    ULONG64 Aux[64];
    PACCESS_STATE State = PassedState;
    NTSTATUS Status, Existing = STATUS_SUCCESS;
    PVOID Target = Body;
    HANDLE NewHandle = NULL;
    BOOLEAN Named = Info->Capture.Name.Length != 0;

    ASSERT(Object->Header.Flags & OBP_FLAG_NEW);
    KiSchedulePoint(SP_OBJECT, Body);
    if (State == NULL) {
        State = &LocalState;
        Status = SepCreateAccessState(State, Aux, DesiredAccess, &Type->GenericMapping);
        if (!NT_SUCCESS(Status)) {
            goto Fail;
        }
    }
    if (Named) {
        RtlZeroMemory(&Packet, sizeof(Packet));
        Packet.DesiredType = Type;
        Packet.DesiredAccess = DesiredAccess;
        Packet.AccessMode = Info->Mode;
        Packet.Attributes = Info->Capture.Attributes;
        Packet.ParseContext = Info->ParseContext;
        Packet.AccessState = State;
        /* The descriptor comes first: once named, anybody can open it. */
        Status = ObpAssignSecurity(Object, Info->Capture.SecurityDescriptor);
        if (NT_SUCCESS(Status)) {
            Status = ObpLookupName(&Info->Capture, Info->Mode, &Packet, Body, &Target);
        }
        if (!NT_SUCCESS(Status)) {
            goto FailState;
        }
        if (Target != Body) {
            if (!(Info->Capture.Attributes & OBJ_OPENIF)) {
                Status = STATUS_OBJECT_NAME_COLLISION;
            } else if (ObpTypeOf(Target) != Type) {
                Status = STATUS_OBJECT_TYPE_MISMATCH;
            } else {
                Existing = STATUS_OBJECT_NAME_EXISTS;
            }
            if (!NT_SUCCESS(Status) || Existing == STATUS_SUCCESS) {
                ObDereferenceObject(Target);
                goto FailState;
            }
        }
    } else if (Type->SecurityRequired || Info->Capture.SecurityDescriptor != NULL) {
        Status = ObpAssignSecurity(Object, Info->Capture.SecurityDescriptor);
        if (!NT_SUCCESS(Status)) {
            goto FailState;
        }
    }
    KeQuerySystemTime(&Object->CreationTime);

    if (Handle != NULL) {
        RtlZeroMemory(&Request, sizeof(Request));
        Request.Object = Target;
        Request.State = State;
        Request.Attributes = Info->Capture.Attributes;
        Request.Mode = Info->Mode;
        Request.Checked = Target == Body;
        Request.Bias = ObjectPointerBias;
        Status = Target != Body || ObpMayHave(State, Info->Mode)
                     ? ObpCreateHandle(&Request, &NewHandle)
                     : STATUS_PRIVILEGE_NOT_HELD;
        if (!NT_SUCCESS(Status)) {
            if (Target == Body && Object->Directory != NULL) {
                ObpNamePoint(Object->Directory, &Object->Name, TRUE);
                if (Object->Directory != NULL) {
                    ObpRemoveName(Object);
                }
            }
            if (Named) {
                ObDereferenceObject(Target); /* the lookup's */
            }
            goto FailState;
        }
    } else {
        Object = ObpObject(Target);
        Object->Header.PointerCount += ObjectPointerBias;
    }
    if (State == &LocalState) {
        SeDeleteAccessState(State);
    }
    ObpFreeCreateInfo(ObpObject(Body));
    if (NewObject != NULL) {
        *NewObject = Target;
    }
    if (Handle != NULL) {
        *Handle = NewHandle;
        if (Named) {
            ObDereferenceObject(Target); /* the lookup's */
        }
        ObDereferenceObject(Body); /* the maker's */
    } else if (Target != Body) {
        ObDereferenceObject(Body); /* the caller goes on with the lookup's reference to Target */
    } else if (Named) {
        ObDereferenceObject(Body); /* the lookup's */
    }
    return Existing;

FailState:
    if (State == &LocalState) {
        SeDeleteAccessState(State);
    }
Fail:
    ObpFreeCreateInfo(ObpObject(Body));
    ObDereferenceObject(Body);
    return Status;
}

NTSTATUS
ObpInsertFor(PVOID Object, ACCESS_MASK DesiredAccess, PHANDLE Out, KPROCESSOR_MODE Mode)
{
    HANDLE Handle;
    NTSTATUS Status = ObInsertObject(Object, NULL, DesiredAccess, 0, NULL, &Handle), Stored;

    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    Stored = ExpStoreHandle(Out, Handle, Mode);
    /* a success may say that there was one of this name */
    return NT_SUCCESS(Stored) ? Status : Stored;
}
