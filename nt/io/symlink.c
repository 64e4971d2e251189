/*
 * symlink.c - symbolic links as drivers make them: permanent, in the caller's namespace of names.
 * [wdm: IoCreateSymbolicLink, IoDeleteSymbolicLink]
 */
#include "nt/io/iop.h"

static NTSTATUS
IopMakeLink(PUNICODE_STRING Name, PUNICODE_STRING Target)
{
    OBJECT_ATTRIBUTES Attributes;
    NTSTATUS Status;
    HANDLE Handle;

    InitializeObjectAttributes(
        &Attributes, Name, OBJ_PERMANENT | OBJ_CASE_INSENSITIVE | OBJ_KERNEL_HANDLE, NULL, NULL);
    Status = ZwCreateSymbolicLinkObject(&Handle, SYMBOLIC_LINK_ALL_ACCESS, &Attributes, Target);
    if (NT_SUCCESS(Status)) {
        ZwClose(Handle);
    }
    return Status;
}

NTSTATUS NTAPI
IoCreateSymbolicLink(PUNICODE_STRING SymbolicLinkName, PUNICODE_STRING DeviceName)
{
    return IopMakeLink(SymbolicLinkName, DeviceName);
}

NTSTATUS NTAPI
IoCreateUnprotectedSymbolicLink(PUNICODE_STRING SymbolicLinkName, PUNICODE_STRING DeviceName)
{
    return IopMakeLink(SymbolicLinkName, DeviceName);
}

NTSTATUS NTAPI
IoDeleteSymbolicLink(PUNICODE_STRING SymbolicLinkName)
{
    OBJECT_ATTRIBUTES Attributes;
    NTSTATUS Status;
    HANDLE Handle;

    InitializeObjectAttributes(&Attributes, SymbolicLinkName,
                               OBJ_CASE_INSENSITIVE | OBJ_KERNEL_HANDLE, NULL, NULL);
    Status = ZwOpenSymbolicLinkObject(&Handle, DELETE, &Attributes);
    if (NT_SUCCESS(Status)) {
        Status = ZwMakeTemporaryObject(Handle);
        ZwClose(Handle);
    }
    return Status;
}
