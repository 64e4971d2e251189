/*
 * link.c - symbolic links of the object namespace.
 *
 * A link replaces the part of the name up to and including itself. It is opened as an object only by
 * who asks for that type and has nothing left of the name.
 */
#include "obp.h"

NTSTATUS
ObpParseLink(PVOID Object, POB_OPEN_PACKET Packet, PUNICODE_STRING CompleteName,
             PUNICODE_STRING Remaining, PVOID *Found)
{
    POBP_LINK Link = Object;
    UNICODE_STRING New;
    ULONG Bytes;

    if (Remaining->Length == 0 &&
        (Packet->DesiredType == ObpSymbolicLinkType || (Packet->Attributes & OBJ_OPENLINK))) {
        ObfReferenceObject(Object);
        *Found = Object;
        return STATUS_SUCCESS;
    }
    Bytes = Link->Target.Length + Remaining->Length;
    if (Link->Target.Length != 0 && Remaining->Length != 0 &&
        Link->Target.Buffer[Link->Target.Length / sizeof(WCHAR) - 1] == L'\\') {
        Bytes -= sizeof(WCHAR); /* the target brings the backslash */
    }
    if (Bytes > 0xFFFC) {
        return STATUS_NAME_TOO_LONG;
    }
    New.Buffer = ExpAllocate(Bytes + sizeof(WCHAR), OBP_TAG_NAME);
    New.Length = New.MaximumLength = (USHORT)Bytes;
    RtlCopyMemory(New.Buffer, Link->Target.Buffer, Link->Target.Length);
    RtlCopyMemory((PUCHAR)New.Buffer + Bytes - Remaining->Length, Remaining->Buffer,
                  Remaining->Length);
    ObpReplaceName(CompleteName, &New);
    ExpFree(New.Buffer);
    return STATUS_REPARSE;
}

VOID
ObpDeleteLink(PVOID Object)
{
    POBP_LINK Link = Object;

    if (Link->Target.Buffer != NULL) {
        ExpFree(Link->Target.Buffer);
    }
}

NTSTATUS NTAPI
NtCreateSymbolicLinkObject(PHANDLE LinkHandle, ACCESS_MASK DesiredAccess,
                           POBJECT_ATTRIBUTES ObjectAttributes, PUNICODE_STRING LinkTarget)
{
    KPROCESSOR_MODE Mode = KiPreviousMode();
    UNICODE_STRING Target;
    PWSTR Buffer = NULL;
    POBP_LINK Link;
    NTSTATUS Status;

    __try {
        if (Mode != KernelMode) {
            ProbeForWrite(LinkHandle, sizeof(HANDLE), sizeof(HANDLE));
            ProbeForRead(LinkTarget, sizeof(UNICODE_STRING), sizeof(ULONG64));
        }
        Target = *LinkTarget;
        /* The terminator need not be there; room for it is. */
        if (Target.Length == 0 || (Target.Length & 1) || Target.MaximumLength < Target.Length ||
            Target.Buffer == NULL) {
            return STATUS_INVALID_PARAMETER;
        }
        if (Mode != KernelMode) {
            ProbeForRead(Target.Buffer, Target.Length, sizeof(WCHAR));
        }
    } __except (EXCEPTION_EXECUTE_HANDLER) {
        return GetExceptionCode();
    }
    Buffer = ExpAllocate(Target.Length + sizeof(WCHAR), OBP_TAG_NAME);
    __try {
        RtlCopyMemory(Buffer, Target.Buffer, Target.Length);
    } __except (EXCEPTION_EXECUTE_HANDLER) {
        Status = GetExceptionCode();
        ExpFree(Buffer);
        return Status;
    }
    Status = ObCreateObject(Mode, ObpSymbolicLinkType, ObjectAttributes, Mode, NULL,
                            sizeof(OBP_LINK), 0, 0, (PVOID *)&Link);
    if (!NT_SUCCESS(Status)) {
        ExpFree(Buffer);
        return Status;
    }
    Link->Target.Buffer = Buffer;
    Link->Target.Length = Target.Length;
    Link->Target.MaximumLength = Target.Length + sizeof(WCHAR);
    KeQuerySystemTime(&Link->CreationTime);
    return ObpInsertFor(Link, DesiredAccess, LinkHandle, Mode);
}

NTSTATUS NTAPI
NtOpenSymbolicLinkObject(PHANDLE LinkHandle, ACCESS_MASK DesiredAccess,
                         POBJECT_ATTRIBUTES ObjectAttributes)
{
    return ObpOpenService(LinkHandle, DesiredAccess, ObjectAttributes, ObpSymbolicLinkType);
}

NTSTATUS NTAPI
NtQuerySymbolicLinkObject(HANDLE LinkHandle, PUNICODE_STRING LinkTarget, PULONG ReturnedLength)
{
    KPROCESSOR_MODE Mode = KiPreviousMode();
    UNICODE_STRING Caller;
    POBP_LINK Link;
    NTSTATUS Status;

    __try {
        if (Mode != KernelMode) {
            ProbeForWrite(LinkTarget, sizeof(UNICODE_STRING), sizeof(ULONG64));
            if (ReturnedLength != NULL) {
                ProbeForWrite(ReturnedLength, sizeof(ULONG), sizeof(ULONG));
            }
        }
        Caller = *LinkTarget;
        if (Mode != KernelMode) {
            ProbeForWrite(Caller.Buffer, Caller.MaximumLength, sizeof(WCHAR));
        }
    } __except (EXCEPTION_EXECUTE_HANDLER) {
        return GetExceptionCode();
    }
    Status = ObReferenceObjectByHandle(LinkHandle, SYMBOLIC_LINK_QUERY, ObpSymbolicLinkType, Mode,
                                       (PVOID *)&Link, NULL);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    /* Who asks for the length wants the terminator too. */
    __try {
        ULONG Copy = ReturnedLength != NULL ? Link->Target.MaximumLength : Link->Target.Length;

        if (Copy > Caller.MaximumLength) {
            Status = STATUS_BUFFER_TOO_SMALL;
        } else {
            RtlCopyMemory(Caller.Buffer, Link->Target.Buffer, Copy);
            LinkTarget->Length = Link->Target.Length;
        }
        if (ReturnedLength != NULL) {
            *ReturnedLength = Link->Target.MaximumLength;
        }
    } __except (EXCEPTION_EXECUTE_HANDLER) {
        Status = GetExceptionCode();
    }
    ObDereferenceObject(Link);
    return Status;
}
