/*
 * interface.c - device interfaces: symbolic links by class GUID that user mode finds devices through.
 *
 * The link of an interface is \??\ROOT#name#0000#{class} with the reference string behind a backslash; it
 * leads to the physical device object while the interface is enabled.
 * What is said of interfaces is looked at and changed in steps on all of them (IopInterfaces); none ever goes. A state is set under a
 * lock, for its link is made or deleted in steps of their own.
 * [wdm: IoRegisterDeviceInterface, IoSetDeviceInterfaceState, IoGetDeviceInterfaces]
 */
#include "nt/io/iop.h"
#include "nt/inc/life.h"

#define TAG_INTERFACE 'fInP'

VOID FASTCALL ExfAcquirePushLockExclusive(PEX_PUSH_LOCK Lock);
VOID FASTCALL ExfReleasePushLockExclusive(PEX_PUSH_LOCK Lock);

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
    UNICODE_STRING Guid, Link, Copy;
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
    Status = IopCopyLink(&Link, &Copy);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    KiChanges(&IopInterfaces);
    Interface = IopFindInterface(&Link);
    if (Interface == NULL) {
        Interface = ExpAllocate(sizeof(*Interface), TAG_INTERFACE);
        Interface->Link = Copy;
        Interface->Class = *InterfaceClassGuid;
        Interface->BaseLength = Base;
        InsertTailList(&IopInterfaces, &Interface->Links);
        Copy.Buffer = NULL;
    }
    Interface->Pdo = PhysicalDeviceObject;
    if (Copy.Buffer != NULL) {
        ExFreePoolWithTag(Copy.Buffer, TAG_INTERFACE);
    }
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

/* The lock is held. */
static NTSTATUS
IopSetInterface(PIOP_INTERFACE Interface, BOOLEAN Enable)
{
    struct {
        OBJECT_NAME_INFORMATION Info;
        WCHAR Space[64];
    } Name;
    UNICODE_STRING Base;
    NTSTATUS Status;
    ULONG Length;

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
        KiChanges(&IopInterfaces);
        Interface->Enabled = Enable;
    }
    return Status;
}

NTSTATUS NTAPI
IoSetDeviceInterfaceState(PUNICODE_STRING SymbolicLinkName, BOOLEAN Enable)
{
    PIOP_INTERFACE Interface;
    NTSTATUS Status;

    KiLooksAt(&IopInterfaces);
    Interface = IopFindInterface(SymbolicLinkName);
    if (Interface == NULL) {
        return STATUS_OBJECT_NAME_NOT_FOUND;
    }
    KeEnterCriticalRegion();
    ExfAcquirePushLockExclusive(&IopInterfaceLock);
    Status = IopSetInterface(Interface, Enable);
    ExfReleasePushLockExclusive(&IopInterfaceLock);
    KeLeaveCriticalRegion();
    if (Status == STATUS_SUCCESS) { /* else it was enabled, and nothing arrives */
        IopTellInterface(&Interface->Class, &Interface->Link, Enable);
    }
    return Status;
}

VOID
IopTellExistingInterfaces(const GUID *Class, PDRIVER_NOTIFICATION_CALLBACK_ROUTINE Callback,
                          PVOID Context)
{
    KiLooksAt(&IopInterfaces);
    for (PLIST_ENTRY Entry = IopInterfaces.Flink; Entry != &IopInterfaces; Entry = Entry->Flink) {
        PIOP_INTERFACE Interface = CONTAINING_RECORD(Entry, IOP_INTERFACE, Links);
        DEVICE_INTERFACE_CHANGE_NOTIFICATION Change = {.Version = 1,
                                                       .Size = sizeof(Change),
                                                       .Event = IopInterfaceArrival,
                                                       .InterfaceClassGuid = *Class,
                                                       .SymbolicLinkName = &Interface->Link};

        if (Interface->Enabled && RtlEqualMemory(&Interface->Class, Class, sizeof(GUID))) {
            Callback(&Change, Context);
            KiLooksAt(&IopInterfaces);
        }
    }
}

/* Their links one behind the other, each with its NUL, and how many bytes that is; List: NULL, only that. */
static ULONG
IopListInterfaces(const GUID *Class, PDEVICE_OBJECT Pdo, ULONG Flags, PWSTR List)
{
    ULONG Bytes = 0;

    for (PLIST_ENTRY Entry = IopInterfaces.Flink; Entry != &IopInterfaces; Entry = Entry->Flink) {
        PIOP_INTERFACE Interface = CONTAINING_RECORD(Entry, IOP_INTERFACE, Links);

        if (!RtlEqualMemory(&Interface->Class, Class, sizeof(GUID)) ||
            (Pdo != NULL && Interface->Pdo != Pdo) ||
            (!Interface->Enabled && (Flags & DEVICE_INTERFACE_INCLUDE_NONACTIVE) == 0)) {
            continue;
        }
        if (List != NULL) { /* with its NUL */
            RtlCopyMemory((PUCHAR)List + Bytes, Interface->Link.Buffer,
                          Interface->Link.Length + sizeof(WCHAR));
        }
        Bytes += Interface->Link.Length + sizeof(WCHAR);
    }
    return Bytes;
}

NTSTATUS NTAPI
IoGetDeviceInterfaces(const GUID *InterfaceClassGuid, PDEVICE_OBJECT PhysicalDeviceObject,
                      ULONG Flags, PWSTR *SymbolicLinkList)
{
    ULONG Room, Bytes;
    PWSTR List;

    KiLooksAt(&IopInterfaces);
    for (;;) {
        Room = IopListInterfaces(InterfaceClassGuid, PhysicalDeviceObject, Flags, NULL);
        List = ExAllocatePoolWithTag(PagedPool, Room + sizeof(WCHAR), TAG_INTERFACE);
        if (List == NULL) {
            return STATUS_INSUFFICIENT_RESOURCES;
        }
        KiLooksAt(&IopInterfaces); /* there may be more now */
        Bytes = IopListInterfaces(InterfaceClassGuid, PhysicalDeviceObject, Flags, NULL);
        if (Bytes <= Room) {
            break;
        }
        ExFreePoolWithTag(List, TAG_INTERFACE);
    }
    IopListInterfaces(InterfaceClassGuid, PhysicalDeviceObject, Flags, List);
    List[Bytes / sizeof(WCHAR)] = 0;
    *SymbolicLinkList = List;
    return STATUS_SUCCESS;
}

NTSTATUS NTAPI
IoGetDeviceInterfaceAlias(PUNICODE_STRING SymbolicLinkName, const GUID *AliasInterfaceClassGuid,
                          PUNICODE_STRING AliasSymbolicLinkName)
{
    UNICODE_STRING Reference, Other;
    PIOP_INTERFACE Interface;

    KiLooksAt(&IopInterfaces);
    Interface = IopFindInterface(SymbolicLinkName);
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

    KiLooksAt(&IopInterfaces);
    if (IopFindInterface(SymbolicLinkName) == NULL) {
        return STATUS_OBJECT_PATH_NOT_FOUND;
    }
    Name.Buffer = SymbolicLinkName->Buffer + 4;
    Name.Length = Name.MaximumLength = SymbolicLinkName->Length - 4 * sizeof(WCHAR);
    return IopOpenRegistryPath(
        L"\\Registry\\Machine\\System\\CurrentControlSet\\Control\\DeviceClasses\\", &Name,
        L"\\Device Parameters", DesiredAccess, DeviceInterfaceKey);
}
