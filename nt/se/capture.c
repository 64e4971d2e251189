/*
 * capture.c - descriptors, lists and SIDs that user mode hands in: each part is copied once, and only the copy is believed.
 */
#include "sep.h"

#define SEP_HEAD 8 /* the fixed beginning of an ACL, and of a SID */

/* A part of a descriptor. The caller frees what *To has then, whatever comes. */
static NTSTATUS
SepCapturePart(PVOID From, ULONG (*Length)(PVOID), BOOLEAN (*Valid)(PVOID), KPROCESSOR_MODE Mode,
               PVOID *To)
{
    ULONG Bytes;
    PVOID Copy;
    UCHAR Start[SEP_HEAD];

    *To = NULL;
    if (From == NULL) {
        return STATUS_SUCCESS;
    }
    if (Mode != KernelMode) {
        ProbeForRead(From, SEP_HEAD, 1);
    }
    RtlCopyMemory(Start, From, SEP_HEAD);
    Bytes = Length(Start);
    if (Mode != KernelMode) {
        ProbeForRead(From, Bytes, 1);
    }
    if (Bytes < SEP_HEAD) {
        return STATUS_INVALID_SECURITY_DESCR;
    }
    Copy = ExAllocatePoolWithTag(PagedPool, Bytes, 'tCeS');
    if (Copy == NULL) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    *To = Copy;
    RtlCopyMemory(Copy, From, Bytes);
    return Length(Copy) == Bytes && Valid(Copy) ? STATUS_SUCCESS : STATUS_INVALID_SECURITY_DESCR;
}

static ULONG
SepSidBytes(PVOID Sid)
{
    return RtlLengthSid(Sid);
}

static ULONG
SepAclBytes(PVOID Acl)
{
    return ((PACL)Acl)->AclSize;
}

static BOOLEAN
SepSidValid(PVOID Sid)
{
    return RtlValidSid(Sid);
}

static BOOLEAN
SepAclValid(PVOID Acl)
{
    return RtlValidAcl(Acl);
}

NTSTATUS
SepCaptureAcl(PACL From, KPROCESSOR_MODE Mode, PACL *To)
{
    NTSTATUS Status = SepCapturePart(From, SepAclBytes, SepAclValid, Mode, (PVOID *)To);

    return Status == STATUS_INVALID_SECURITY_DESCR ? STATUS_INVALID_ACL : Status;
}

NTSTATUS
SepCaptureSid(PSID From, KPROCESSOR_MODE Mode, SEP_ANY_SID *To)
{
    ULONG Rest;

    if (Mode != KernelMode) {
        ProbeForRead(From, SEP_HEAD, 1);
    }
    RtlCopyMemory(To, From, SEP_HEAD);
    if (!RtlValidSid(To)) {
        return STATUS_INVALID_SID;
    }
    Rest = RtlLengthSid(To) - SEP_HEAD;
    if (Mode != KernelMode) {
        ProbeForRead((PUCHAR)From + SEP_HEAD, Rest, 1);
    }
    RtlCopyMemory(To->Buffer + SEP_HEAD, (PUCHAR)From + SEP_HEAD, Rest);
    return STATUS_SUCCESS;
}

NTSTATUS
SepCaptureDescriptor(PSECURITY_DESCRIPTOR Source, KPROCESSOR_MODE Mode,
                     PSECURITY_DESCRIPTOR *Captured)
{
    SECURITY_DESCRIPTOR Head = {0}, Copy;
    PVOID Owner = NULL, Group = NULL, Dacl = NULL, Sacl = NULL;
    NTSTATUS Status = STATUS_SUCCESS;

    *Captured = NULL;
    if (Source == NULL) {
        return STATUS_SUCCESS;
    }
    __try {
        if (Mode != KernelMode) {
            ProbeForRead(Source, sizeof(SECURITY_DESCRIPTOR_RELATIVE), 4);
        }
        if (((PISECURITY_DESCRIPTOR)Source)->Control & SE_SELF_RELATIVE) {
            SECURITY_DESCRIPTOR_RELATIVE Relative = *(PISECURITY_DESCRIPTOR_RELATIVE)Source;

            Head.Revision = Relative.Revision;
            Head.Control = (USHORT)(Relative.Control & ~SE_SELF_RELATIVE);
            Head.Owner = Relative.Owner != 0 ? (PUCHAR)Source + Relative.Owner : NULL;
            Head.Group = Relative.Group != 0 ? (PUCHAR)Source + Relative.Group : NULL;
            Head.Dacl = Relative.Dacl != 0 ? (PACL)((PUCHAR)Source + Relative.Dacl) : NULL;
            Head.Sacl = Relative.Sacl != 0 ? (PACL)((PUCHAR)Source + Relative.Sacl) : NULL;
        } else {
            if (Mode != KernelMode) {
                ProbeForRead(Source, sizeof(SECURITY_DESCRIPTOR), 4);
            }
            Head = *(PISECURITY_DESCRIPTOR)Source;
            Head.Control = (USHORT)(Head.Control & ~SE_SELF_RELATIVE);
        }
        if (Head.Revision != SECURITY_DESCRIPTOR_REVISION1) {
            Status = STATUS_UNKNOWN_REVISION;
        }
        if (NT_SUCCESS(Status)) {
            Status = SepCapturePart(Head.Owner, SepSidBytes, SepSidValid, Mode, &Owner);
        }
        if (NT_SUCCESS(Status)) {
            Status = SepCapturePart(Head.Group, SepSidBytes, SepSidValid, Mode, &Group);
        }
        if (NT_SUCCESS(Status) && (Head.Control & SE_DACL_PRESENT)) {
            Status = SepCapturePart(Head.Dacl, SepAclBytes, SepAclValid, Mode, &Dacl);
        }
        if (NT_SUCCESS(Status) && (Head.Control & SE_SACL_PRESENT)) {
            Status = SepCapturePart(Head.Sacl, SepAclBytes, SepAclValid, Mode, &Sacl);
        }
    } __except (Mode != KernelMode ? EXCEPTION_EXECUTE_HANDLER : EXCEPTION_CONTINUE_SEARCH) {
        Status = GetExceptionCode();
    }
    if (NT_SUCCESS(Status)) {
        Copy = Head;
        Copy.Owner = Owner;
        Copy.Group = Group;
        Copy.Dacl = Dacl;
        Copy.Sacl = Sacl;
        Status = SepPack(&Copy, PagedPool, Captured);
    }
    if (Owner != NULL) {
        ExFreePool(Owner);
    }
    if (Group != NULL) {
        ExFreePool(Group);
    }
    if (Dacl != NULL) {
        ExFreePool(Dacl);
    }
    if (Sacl != NULL) {
        ExFreePool(Sacl);
    }
    return Status;
}

NTSTATUS NTAPI
SeCaptureSecurityDescriptor(PSECURITY_DESCRIPTOR OriginalSecurityDescriptor,
                            KPROCESSOR_MODE CurrentMode, POOL_TYPE PoolType,
                            BOOLEAN CaptureIfKernel,
                            PSECURITY_DESCRIPTOR *CapturedSecurityDescriptor)
{
    if (CurrentMode == KernelMode && !CaptureIfKernel) {
        *CapturedSecurityDescriptor = OriginalSecurityDescriptor;
        return STATUS_SUCCESS;
    }
    return SepCaptureDescriptor(OriginalSecurityDescriptor, CurrentMode,
                                CapturedSecurityDescriptor);
}

NTSTATUS NTAPI
SeReleaseSecurityDescriptor(PSECURITY_DESCRIPTOR CapturedSecurityDescriptor,
                            KPROCESSOR_MODE CurrentMode, BOOLEAN CaptureIfKernelMode)
{
    if (CapturedSecurityDescriptor != NULL && (CurrentMode != KernelMode || CaptureIfKernelMode)) {
        ExFreePool(CapturedSecurityDescriptor);
    }
    return STATUS_SUCCESS;
}
