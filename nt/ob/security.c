/*
 * security.c - the descriptors of objects.
 *
 * An object carries its own descriptor (self-relative, pool) unless its type has a Security method.
 * Objects without a name and of a type that does not require security have none: who has no handle
 * cannot reach them.
 */
#include "obp.h"
#include "nt/inc/life.h"

enum { ObpSetDescriptor, ObpQueryDescriptor };

NTSTATUS
ObpAssignSecurity(POBP_OBJECT Object, PSECURITY_DESCRIPTOR Explicit)
{
    SECURITY_SUBJECT_CONTEXT Subject;
    PSECURITY_DESCRIPTOR New = NULL;
    PSECURITY_DESCRIPTOR Parent = NULL;
    NTSTATUS Status;

    if (ObpPhase == 0 || Object->Type->Methods.Security != NULL) {
        return STATUS_SUCCESS; /* a type with a method got its descriptor from whoever made it */
    }
    SeCaptureSubjectContext(&Subject);
    Status = SeAssignSecurity(Parent, Explicit, &New, Object->Type == ObpDirectoryType, &Subject,
                              &Object->Type->GenericMapping, PagedPool);
    SeReleaseSubjectContext(&Subject);
    if (NT_SUCCESS(Status)) {
        Object->Header.SecurityDescriptor = New;
        Object->Header.Flags |= OBP_FLAG_SECURITY;
    }
    return Status;
}

/* For objects that ob does not insert by name or handle: their descriptor is their token's default. */
NTSTATUS
ObpInsertUnnamed(PVOID Body, PACCESS_TOKEN Token)
{
    POBP_OBJECT Object = ObpObject(Body);
    PSECURITY_DESCRIPTOR Descriptor;
    NTSTATUS Status;

    ObpFreeCreateInfo(Object);
    if (Token == NULL) {
        return STATUS_SUCCESS;
    }
    Status = SepDefaultDescriptor(Token, &Object->Type->GenericMapping, &Descriptor);
    if (NT_SUCCESS(Status)) {
        Object->Header.SecurityDescriptor = Descriptor;
        Object->Header.Flags |= OBP_FLAG_SECURITY;
    }
    return Status;
}

NTSTATUS NTAPI
ObGetObjectSecurity(PVOID Body, PSECURITY_DESCRIPTOR *Descriptor, PBOOLEAN MemoryAllocated)
{
    POBP_OBJECT Object = ObpObject(Body);
    SECURITY_INFORMATION Information = OWNER_SECURITY_INFORMATION | GROUP_SECURITY_INFORMATION |
                                       DACL_SECURITY_INFORMATION | SACL_SECURITY_INFORMATION;
    ULONG Length = 0;
    NTSTATUS Status;

    *MemoryAllocated = FALSE;
    *Descriptor = NULL;
    if (Object->Type->Methods.Security == NULL) {
        KiLooksAt(&Object->Header.SecurityDescriptor);
        *Descriptor = Object->Header.SecurityDescriptor;
        if (*Descriptor != NULL) { /* a copy: the object's may be replaced meanwhile */
            Length = RtlLengthSecurityDescriptor(*Descriptor);
            *Descriptor = ExAllocatePoolWithTag(PagedPool, Length, OBP_TAG_TEMPORARY);
            if (*Descriptor == NULL) {
                return STATUS_INSUFFICIENT_RESOURCES;
            }
            RtlCopyMemory(*Descriptor, Object->Header.SecurityDescriptor, Length);
            *MemoryAllocated = TRUE;
        }
        return STATUS_SUCCESS;
    }
    Status = Object->Type->Methods.Security(Body, ObpQueryDescriptor, &Information, NULL, &Length);
    if (Status != STATUS_BUFFER_TOO_SMALL) {
        return Status;
    }
    *Descriptor = ExAllocatePoolWithTag(PagedPool, Length, OBP_TAG_TEMPORARY);
    if (*Descriptor == NULL) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    *MemoryAllocated = TRUE;
    Status = Object->Type->Methods.Security(Body, ObpQueryDescriptor, &Information, *Descriptor,
                                            &Length);
    if (!NT_SUCCESS(Status)) {
        ObReleaseObjectSecurity(*Descriptor, TRUE);
        *Descriptor = NULL;
        *MemoryAllocated = FALSE;
    }
    return Status;
}

VOID NTAPI
ObReleaseObjectSecurity(PSECURITY_DESCRIPTOR Descriptor, BOOLEAN MemoryAllocated)
{
    if (Descriptor != NULL && MemoryAllocated) {
        ExFreePool(Descriptor);
    }
}

/* Replaces the parts of the object's descriptor that Information names. */
NTSTATUS NTAPI
ObSetSecurityObjectByPointer(PVOID Body, SECURITY_INFORMATION Information,
                             PSECURITY_DESCRIPTOR Descriptor)
{
    POBP_OBJECT Object = ObpObject(Body);
    PSECURITY_DESCRIPTOR Old, New;
    NTSTATUS Status;

    if (Object->Type->Methods.Security != NULL) {
        return Object->Type->Methods.Security(Body, ObpSetDescriptor, &Information, Descriptor,
                                              NULL);
    }
    KiChanges(&Object->Header.SecurityDescriptor);
    Old = New = Object->Header.SecurityDescriptor;
    if (Old == NULL) {
        return STATUS_NO_SECURITY_ON_OBJECT;
    }
    Status = SeSetSecurityDescriptorInfo(Body, &Information, Descriptor, &New, PagedPool,
                                         &Object->Type->GenericMapping);
    if (NT_SUCCESS(Status) && New != Old) {
        Object->Header.SecurityDescriptor = New;
        ExFreePool(Old);
    }
    return Status;
}

static ACCESS_MASK
ObpSecurityAccess(SECURITY_INFORMATION Information, BOOLEAN Set)
{
    ACCESS_MASK Access = 0;

    if (Set) {
        if (Information & (OWNER_SECURITY_INFORMATION | GROUP_SECURITY_INFORMATION |
                           LABEL_SECURITY_INFORMATION)) {
            Access |= WRITE_OWNER;
        }
        if (Information & DACL_SECURITY_INFORMATION) {
            Access |= WRITE_DAC;
        }
    } else if (Information & (OWNER_SECURITY_INFORMATION | GROUP_SECURITY_INFORMATION |
                              DACL_SECURITY_INFORMATION | LABEL_SECURITY_INFORMATION)) {
        Access |= READ_CONTROL;
    }
    if (Information & SACL_SECURITY_INFORMATION) {
        Access |= ACCESS_SYSTEM_SECURITY;
    }
    return Access;
}

NTSTATUS NTAPI
NtQuerySecurityObject(HANDLE Handle, SECURITY_INFORMATION Information,
                      PSECURITY_DESCRIPTOR Descriptor, ULONG Length, PULONG LengthNeeded)
{
    KPROCESSOR_MODE Mode = KiPreviousMode();
    PSECURITY_DESCRIPTOR Temporary = NULL;
    POBP_OBJECT Object;
    ULONG Needed = Length;
    NTSTATUS Status;
    PVOID Body;

    __try {
        if (Mode != KernelMode) {
            ProbeForWrite(LengthNeeded, sizeof(ULONG), sizeof(ULONG));
            ProbeForWrite(Descriptor, Length, sizeof(ULONG));
        }
    } __except (EXCEPTION_EXECUTE_HANDLER) {
        return GetExceptionCode();
    }
    Status = ObReferenceObjectByHandle(Handle, ObpSecurityAccess(Information, FALSE), NULL, Mode,
                                       &Body, NULL);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    Object = ObpObject(Body);
    if (Length != 0) {
        Temporary = ExpAllocate(Length, OBP_TAG_TEMPORARY);
    }
    if (Object->Type->Methods.Security != NULL) {
        Status = Object->Type->Methods.Security(Body, ObpQueryDescriptor, &Information, Temporary,
                                                &Needed);
    } else {
        KiLooksAt(&ObpObject(Body)->Header.SecurityDescriptor);
        Status = SeQuerySecurityDescriptorInfo(&Information, Temporary, &Needed,
                                               &Object->Header.SecurityDescriptor);
    }
    ObDereferenceObject(Body);
    __try {
        if (NT_SUCCESS(Status)) {
            RtlCopyMemory(Descriptor, Temporary, min(Needed, Length));
        }
        *LengthNeeded = Needed;
    } __except (EXCEPTION_EXECUTE_HANDLER) {
        Status = GetExceptionCode();
    }
    if (Temporary != NULL) {
        ExpFree(Temporary);
    }
    return Status;
}

NTSTATUS NTAPI
NtSetSecurityObject(HANDLE Handle, SECURITY_INFORMATION Information,
                    PSECURITY_DESCRIPTOR Descriptor)
{
    KPROCESSOR_MODE Mode = KiPreviousMode();
    PSECURITY_DESCRIPTOR Captured;
    NTSTATUS Status;
    PVOID Body;

    if (Descriptor == NULL) {
        return STATUS_ACCESS_VIOLATION;
    }
    Status = ObReferenceObjectByHandle(Handle, ObpSecurityAccess(Information, TRUE), NULL, Mode,
                                       &Body, NULL);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    Status = SepCaptureDescriptor(Descriptor, Mode, &Captured);
    if (NT_SUCCESS(Status)) {
        Status = ObSetSecurityObjectByPointer(Body, Information, Captured);
        ExFreePool(Captured);
    }
    ObDereferenceObject(Body);
    return Status;
}
