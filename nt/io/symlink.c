/*
 * symlink.c - symbolic links as drivers make them: permanent, in the caller's namespace of names. Everyone may read them, administrators and the
 * system may do all.
 * [wdm: IoCreateSymbolicLink, IoDeleteSymbolicLink]
 */
#include "nt/io/iop.h"
#include "nt/inc/left.h"
#include "nt/inc/protect.h"

/* What a link is told apart by: \??\ and \DosDevices\ are the same place. */
static PWSTR
IopLinkName(PUNICODE_STRING Name, PULONG Length)
{
    ULONG Count = Name->Length / sizeof(WCHAR), Start = Count;

    while (Start > 0 && Name->Buffer[Start - 1] != L'\\') {
        Start--;
    }
    *Length = min(Count - Start, IOP_LINK_NAME - 1);
    return Name->Buffer + Start;
}

static VOID
IopNoteLink(PUNICODE_STRING Name, PVOID Caller)
{
    ULONG Length;
    PWSTR Last = IopLinkName(Name, &Length);

    for (ULONG i = 0; i < IOP_LINKS; i++) {
        if (IopLinks[i].Caller == NULL) {
            IopLinks[i].Caller = Caller;
            RtlCopyMemory(IopLinks[i].Name, Last, Length * sizeof(WCHAR));
            IopLinks[i].Name[Length] = 0;
            return;
        }
    }
}

static VOID
IopForgetLink(PUNICODE_STRING Name)
{
    UNICODE_STRING Known, Wanted;
    ULONG Length;

    Wanted.Buffer = IopLinkName(Name, &Length);
    Wanted.Length = Wanted.MaximumLength = (USHORT)(Length * sizeof(WCHAR));
    for (ULONG i = 0; i < IOP_LINKS; i++) {
        if (IopLinks[i].Caller == NULL) {
            continue;
        }
        RtlInitUnicodeString(&Known, IopLinks[i].Name);
        if (RtlEqualUnicodeString(&Known, &Wanted, TRUE)) {
            IopLinks[i].Caller = NULL;
        }
    }
}

VOID
IopListLinks(ULONG64 Start, ULONG64 Size, IOP_LINK_SAY *Say, PVOID Context)
{
    for (ULONG i = 0; i < IOP_LINKS; i++) {
        if ((ULONG64)IopLinks[i].Caller - Start < Size) {
            Say(Context, IopLinks[i].Name);
            IopLinks[i].Caller = NULL; /* its code goes */
        }
    }
}

VOID
IopListRoutines(KI_LEFT_SAY *Say, PVOID Context)
{
    VOID IopListFsNotify(KI_LEFT_SAY *, PVOID), IopListPnpNotify(KI_LEFT_SAY *, PVOID),
        IopListPowerSettings(KI_LEFT_SAY *, PVOID);

    IopListFsNotify(Say, Context);
    IopListPnpNotify(Say, Context);
    IopListPowerSettings(Say, Context);
}

static NTSTATUS
IopMakeLink(PUNICODE_STRING Name, PUNICODE_STRING Target, PVOID Caller)
{
    UCHAR Acl[OBP_PUBLIC_ACL];
    SECURITY_DESCRIPTOR Public;
    OBJECT_ATTRIBUTES Attributes;
    NTSTATUS Status;
    HANDLE Handle;

    ObpDescribePublic(&Public, (PACL)Acl, READ_CONTROL | SYMBOLIC_LINK_QUERY,
                      SYMBOLIC_LINK_ALL_ACCESS);
    InitializeObjectAttributes(
        &Attributes, Name, OBJ_PERMANENT | OBJ_CASE_INSENSITIVE | OBJ_KERNEL_HANDLE, NULL, &Public);
    Status = ZwCreateSymbolicLinkObject(&Handle, SYMBOLIC_LINK_ALL_ACCESS, &Attributes, Target);
    if (NT_SUCCESS(Status)) {
        IopNoteLink(Name, Caller);
        ZwClose(Handle);
    }
    return Status;
}

NTSTATUS NTAPI
IoCreateSymbolicLink(PUNICODE_STRING SymbolicLinkName, PUNICODE_STRING DeviceName)
{
    return IopMakeLink(SymbolicLinkName, DeviceName, __builtin_return_address(0));
}

NTSTATUS NTAPI
IoCreateUnprotectedSymbolicLink(PUNICODE_STRING SymbolicLinkName, PUNICODE_STRING DeviceName)
{
    return IopMakeLink(SymbolicLinkName, DeviceName, __builtin_return_address(0));
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
        IopForgetLink(SymbolicLinkName);
        ZwClose(Handle);
    }
    return Status;
}
