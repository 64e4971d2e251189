/*
 * interface.c - device interfaces: symbolic links by class GUID that user mode finds devices through.
 *
 * The link of an interface is \??\ROOT#name#0000#{class} with the reference string behind a backslash; it
 * leads to the physical device object while the interface is enabled.
 * [wdm: IoRegisterDeviceInterface, IoSetDeviceInterfaceState, IoGetDeviceInterfaces]
 */
#include "nt/io/iop.h"

#define TAG_INTERFACE 'fInP'

typedef struct _IOP_INTERFACE {
    LIST_ENTRY Links;
    PDEVICE_OBJECT Pdo;
    GUID Class;
    UNICODE_STRING Link; /* with the reference string */
    USHORT BaseLength;   /* without it */
    BOOLEAN Enabled;
} IOP_INTERFACE, *PIOP_INTERFACE;

static PIOP_INTERFACE
IopFindInterface(PUNICODE_STRING Link)
{
    for (PLIST_ENTRY Entry = IopInterfaces.Flink; Entry != &IopInterfaces; Entry = Entry->Flink) {
        PIOP_INTERFACE Interface = CONTAINING_RECORD(Entry, IOP_INTERFACE, Links);

        if (RtlEqualUnicodeString(&Interface->Link, Link, TRUE)) {
            return Interface;
        }
    }
    return NULL;
}

static NTSTATUS
IopCopyLink(PUNICODE_STRING From, PUNICODE_STRING To)
{
    To->Buffer = ExAllocatePoolWithTag(PagedPool, From->Length + sizeof(WCHAR), TAG_INTERFACE);
    if (To->Buffer == NULL) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    To->Length = From->Length;
    To->MaximumLength = From->Length + sizeof(WCHAR);
    RtlCopyMemory(To->Buffer, From->Buffer, From->Length);
    To->Buffer[From->Length / sizeof(WCHAR)] = 0;
    return STATUS_SUCCESS;
}

NTSTATUS NTAPI
IoRegisterDeviceInterface(PDEVICE_OBJECT PhysicalDeviceObject, const GUID *InterfaceClassGuid,
                          PUNICODE_STRING ReferenceString, PUNICODE_STRING SymbolicLinkName)
{
    PIOP_DEVICE_NODE Node = IopExtension(PhysicalDeviceObject)->DeviceNode;
    UNICODE_STRING Guid, Link;
    PIOP_INTERFACE Interface;
    WCHAR Buffer[300];
    NTSTATUS Status;
    USHORT Base;

    if (Node == NULL) {
        return STATUS_INVALID_DEVICE_REQUEST;
    }
    if (ReferenceString != NULL) {
        for (USHORT i = 0; i < ReferenceString->Length / sizeof(WCHAR); i++) {
            if (ReferenceString->Buffer[i] == L'\\' || ReferenceString->Buffer[i] == L'/') {
                return STATUS_INVALID_DEVICE_REQUEST; /* documented: no path separators */
            }
        }
    }
    Status = RtlStringFromGUID(InterfaceClassGuid, &Guid);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    Link.Buffer = Buffer;
    Link.Length = 0;
    Link.MaximumLength = sizeof(Buffer);
    RtlAppendUnicodeToString(&Link, L"\\??\\");
    RtlAppendUnicodeStringToString(&Link, &Node->InstancePath);
    for (USHORT i = 4; i < Link.Length / sizeof(WCHAR); i++) {
        if (Buffer[i] == L'\\') {
            Buffer[i] = L'#';
        }
    }
    RtlAppendUnicodeToString(&Link, L"#");
    RtlAppendUnicodeStringToString(&Link, &Guid);
    RtlFreeUnicodeString(&Guid);
    Base = Link.Length;
    if (ReferenceString != NULL && ReferenceString->Length != 0) {
        RtlAppendUnicodeToString(&Link, L"\\");
        RtlAppendUnicodeStringToString(&Link, ReferenceString);
    }
    Interface = IopFindInterface(&Link);
    if (Interface == NULL) {
        Interface = ExpAllocate(sizeof(*Interface), TAG_INTERFACE);
        Status = IopCopyLink(&Link, &Interface->Link);
        if (!NT_SUCCESS(Status)) {
            ExpFree(Interface);
            return Status;
        }
        Interface->Class = *InterfaceClassGuid;
        Interface->BaseLength = Base;
        InsertTailList(&IopInterfaces, &Interface->Links);
    }
    Interface->Pdo = PhysicalDeviceObject;
    return IopCopyLink(&Interface->Link, SymbolicLinkName);
}

static BOOLEAN
IopBaseInUse(PIOP_INTERFACE Except)
{
    UNICODE_STRING Base = {Except->BaseLength, Except->BaseLength, Except->Link.Buffer}, Other;

    for (PLIST_ENTRY Entry = IopInterfaces.Flink; Entry != &IopInterfaces; Entry = Entry->Flink) {
        PIOP_INTERFACE Interface = CONTAINING_RECORD(Entry, IOP_INTERFACE, Links);

        Other = Interface->Link;
        Other.Length = Interface->BaseLength;
        if (Interface != Except && Interface->Enabled &&
            RtlEqualUnicodeString(&Base, &Other, TRUE)) {
            return TRUE;
        }
    }
    return FALSE;
}

NTSTATUS NTAPI
IoSetDeviceInterfaceState(PUNICODE_STRING SymbolicLinkName, BOOLEAN Enable)
{
    PIOP_INTERFACE Interface = IopFindInterface(SymbolicLinkName);
    struct {
        OBJECT_NAME_INFORMATION Info;
        WCHAR Space[64];
    } Name;
    UNICODE_STRING Base;
    NTSTATUS Status;
    ULONG Length;

    if (Interface == NULL) {
        return STATUS_OBJECT_NAME_NOT_FOUND;
    }
    if (Enable == Interface->Enabled) {
        return Enable ? STATUS_OBJECT_NAME_EXISTS : STATUS_OBJECT_NAME_NOT_FOUND;
    }
    Base = Interface->Link;
    Base.Length = Interface->BaseLength;
    if (Enable) {
        Status = ObQueryNameString(Interface->Pdo, &Name.Info, sizeof(Name), &Length);
        if (NT_SUCCESS(Status) && !IopBaseInUse(Interface)) {
            Status = IoCreateSymbolicLink(&Base, &Name.Info.Name);
        }
    } else {
        Status = IopBaseInUse(Interface) ? STATUS_SUCCESS : IoDeleteSymbolicLink(&Base);
    }
    if (NT_SUCCESS(Status)) {
        Interface->Enabled = Enable;
        IopTellInterface(&Interface->Class, &Interface->Link, Enable);
    }
    return Status;
}

VOID
IopTellExistingInterfaces(const GUID *Class, PDRIVER_NOTIFICATION_CALLBACK_ROUTINE Callback,
                          PVOID Context)
{
    for (PLIST_ENTRY Entry = IopInterfaces.Flink; Entry != &IopInterfaces; Entry = Entry->Flink) {
        PIOP_INTERFACE Interface = CONTAINING_RECORD(Entry, IOP_INTERFACE, Links);
        DEVICE_INTERFACE_CHANGE_NOTIFICATION Change = {.Version = 1,
                                                       .Size = sizeof(Change),
                                                       .Event = IopInterfaceArrival,
                                                       .InterfaceClassGuid = *Class,
                                                       .SymbolicLinkName = &Interface->Link};

        if (Interface->Enabled && RtlEqualMemory(&Interface->Class, Class, sizeof(GUID))) {
            Callback(&Change, Context);
        }
    }
}

NTSTATUS NTAPI
IoGetDeviceInterfaces(const GUID *InterfaceClassGuid, PDEVICE_OBJECT PhysicalDeviceObject,
                      ULONG Flags, PWSTR *SymbolicLinkList)
{
    ULONG Bytes = sizeof(WCHAR);
    PWSTR Write = NULL;

    for (ULONG Pass = 0; Pass < 2; Pass++) {
        if (Pass == 1) {
            *SymbolicLinkList = Write = ExAllocatePoolWithTag(PagedPool, Bytes, TAG_INTERFACE);
            if (Write == NULL) {
                return STATUS_INSUFFICIENT_RESOURCES;
            }
        }
        for (PLIST_ENTRY Entry = IopInterfaces.Flink; Entry != &IopInterfaces;
             Entry = Entry->Flink) {
            PIOP_INTERFACE Interface = CONTAINING_RECORD(Entry, IOP_INTERFACE, Links);

            if (!RtlEqualMemory(&Interface->Class, InterfaceClassGuid, sizeof(GUID)) ||
                (PhysicalDeviceObject != NULL && Interface->Pdo != PhysicalDeviceObject) ||
                (!Interface->Enabled && (Flags & DEVICE_INTERFACE_INCLUDE_NONACTIVE) == 0)) {
                continue;
            }
            if (Pass == 0) {
                Bytes += Interface->Link.Length + sizeof(WCHAR);
            } else {
                RtlCopyMemory(Write, Interface->Link.Buffer, Interface->Link.Length);
                Write += Interface->Link.Length / sizeof(WCHAR);
                *Write++ = 0;
            }
        }
    }
    *Write = 0;
    return STATUS_SUCCESS;
}

NTSTATUS NTAPI
IoGetDeviceInterfaceAlias(PUNICODE_STRING SymbolicLinkName, const GUID *AliasInterfaceClassGuid,
                          PUNICODE_STRING AliasSymbolicLinkName)
{
    PIOP_INTERFACE Interface = IopFindInterface(SymbolicLinkName);
    UNICODE_STRING Reference, Other;

    if (Interface == NULL) {
        return STATUS_OBJECT_NAME_NOT_FOUND;
    }
    Reference.Buffer = Interface->Link.Buffer + Interface->BaseLength / sizeof(WCHAR);
    Reference.Length = Reference.MaximumLength = Interface->Link.Length - Interface->BaseLength;
    for (PLIST_ENTRY Entry = IopInterfaces.Flink; Entry != &IopInterfaces; Entry = Entry->Flink) {
        PIOP_INTERFACE Alias = CONTAINING_RECORD(Entry, IOP_INTERFACE, Links);

        Other.Buffer = Alias->Link.Buffer + Alias->BaseLength / sizeof(WCHAR);
        Other.Length = Other.MaximumLength = Alias->Link.Length - Alias->BaseLength;
        if (Alias->Pdo == Interface->Pdo &&
            RtlEqualMemory(&Alias->Class, AliasInterfaceClassGuid, sizeof(GUID)) &&
            RtlEqualUnicodeString(&Reference, &Other, TRUE)) {
            return IopCopyLink(&Alias->Link, AliasSymbolicLinkName);
        }
    }
    return STATUS_OBJECT_NAME_NOT_FOUND;
}

NTSTATUS NTAPI
IoOpenDeviceInterfaceRegistryKey(PUNICODE_STRING SymbolicLinkName, ACCESS_MASK DesiredAccess,
                                 PHANDLE DeviceInterfaceKey)
{
    UNICODE_STRING Name;

    if (IopFindInterface(SymbolicLinkName) == NULL) {
        return STATUS_OBJECT_PATH_NOT_FOUND;
    }
    Name.Buffer = SymbolicLinkName->Buffer + 4;
    Name.Length = Name.MaximumLength = SymbolicLinkName->Length - 4 * sizeof(WCHAR);
    return IopOpenRegistryPath(
        L"\\Registry\\Machine\\System\\CurrentControlSet\\Control\\DeviceClasses\\", &Name,
        L"\\Device Parameters", DesiredAccess, DeviceInterfaceKey);
}
