/*
 * wmilib.c - what wmilib.lib has: a driver's answers to WMI's requests. Linked statically. [DDI: wmilib.h; IRP_MN_QUERY_ALL_DATA ...]
 */
#include <ntddk.h>
#include <wmistr.h>
#include <wmilib.h>

#define ALIGN8(n) (((n) + 7u) & ~7u)

/* The guid that a request names and its number in the driver's list, or NULL. */
static PWMIGUIDREGINFO
Find(PWMILIB_CONTEXT Info, const GUID *Guid, PULONG Index)
{
    for (*Index = 0; *Index < Info->GuidCount; ++*Index) {
        if (IsEqualGUID(Info->GuidList[*Index].Guid, Guid)) {
            return &Info->GuidList[*Index];
        }
    }
    return NULL;
}

/* A counted string at At, of which Offset is told. Returns where the next thing goes. */
static ULONG
PutString(PUCHAR Base, PULONG Offset, ULONG At, PCUNICODE_STRING String)
{
    if (String == NULL || String->Buffer == NULL || String->Length == 0) {
        return At;
    }
    if (Base != NULL) {
        *Offset = At;
        *(PUSHORT)(Base + At) = String->Length;
        RtlCopyMemory(Base + At + sizeof(USHORT), String->Buffer, String->Length);
    }
    return ALIGN8(At + (ULONG)sizeof(USHORT) + String->Length);
}

/* IRP_MN_REGINFO, IRP_MN_REGINFO_EX: a WMIREGINFOW of the driver's guids, then the names. */
static NTSTATUS
Register(PWMILIB_CONTEXT Info, PDEVICE_OBJECT DeviceObject, PVOID Buffer, ULONG Length,
         ULONG_PTR *Used)
{
    ULONG Flags = 0;
    ULONG Unused;
    UNICODE_STRING Name = {0};
    UNICODE_STRING Mof = {0};
    PUNICODE_STRING Path = NULL;
    PDEVICE_OBJECT Pdo = NULL;
    NTSTATUS Status = Info->QueryWmiRegInfo(DeviceObject, &Flags, &Name, &Path, &Mof, &Pdo);
    if (NT_SUCCESS(Status)) {
        ULONG Names = ALIGN8(
            (ULONG)(FIELD_OFFSET(WMIREGINFOW, WmiRegGuid) + Info->GuidCount * sizeof(WMIREGGUIDW)));
        PCUNICODE_STRING Base = Flags & WMIREG_FLAG_INSTANCE_PDO ? NULL : &Name;
        ULONG Size =
            PutString(NULL, &Unused,
                      PutString(NULL, &Unused, PutString(NULL, &Unused, Names, Base), &Mof), Path);
        if (Length < Size) {
            if (Length >= sizeof(ULONG)) {
                *(PULONG)Buffer = Size;
                *Used = sizeof(ULONG);
            }
            Status = STATUS_BUFFER_TOO_SMALL;
        } else {
            PWMIREGINFOW Answer = Buffer;
            ULONG BaseName = 0;
            RtlZeroMemory(Buffer, Size);
            Answer->BufferSize = Size;
            Answer->GuidCount = Info->GuidCount;
            Names = PutString(Buffer, &BaseName, Names, Base);
            Names = PutString(Buffer, &Answer->MofResourceName, Names, &Mof);
            PutString(Buffer, &Answer->RegistryPath, Names, Path);
            for (ULONG I = 0; I < Info->GuidCount; I++) {
                PWMIREGGUIDW Guid = &Answer->WmiRegGuid[I];
                Guid->Guid = *Info->GuidList[I].Guid;
                Guid->Flags = Info->GuidList[I].Flags | Flags;
                Guid->InstanceCount = Info->GuidList[I].InstanceCount;
                if (Flags & WMIREG_FLAG_INSTANCE_PDO) {
                    Guid->Pdo = (ULONG_PTR)Pdo;
                    ObReferenceObject(Pdo); /* WMI lets go of it */
                } else {
                    Guid->BaseNameOffset = BaseName;
                }
            }
            *Used = Size;
        }
    }
    if (Name.Buffer != NULL) {
        ExFreePool(Name.Buffer);
    }
    return Status;
}

/* Where the data of all instances begins: behind a place for the offset and length of each. */
static ULONG
AllDataOffset(ULONG Instances)
{
    return ALIGN8((ULONG)(FIELD_OFFSET(WNODE_ALL_DATA, OffsetInstanceDataAndLength) +
                          Instances * sizeof(OFFSETINSTANCEDATAANDLENGTH)));
}

NTSTATUS NTAPI
WmiSystemControl(PWMILIB_CONTEXT Info, PDEVICE_OBJECT DeviceObject, PIRP Irp,
                 PSYSCTL_IRP_DISPOSITION Disposition)
{
    PIO_STACK_LOCATION Stack = IoGetCurrentIrpStackLocation(Irp);
    UCHAR Minor = Stack->MinorFunction;
    PWNODE_HEADER Node = Stack->Parameters.WMI.Buffer;
    ULONG Length = Stack->Parameters.WMI.BufferSize;
    PWMIGUIDREGINFO Guid;
    ULONG Index;
    NTSTATUS Status;

    if (Minor > IRP_MN_EXECUTE_METHOD && Minor != IRP_MN_REGINFO_EX) {
        *Disposition = IrpNotWmi;
        return STATUS_SUCCESS;
    }
    if (Stack->Parameters.WMI.ProviderId != (ULONG_PTR)DeviceObject) {
        *Disposition = IrpForward;
        return STATUS_SUCCESS;
    }
    *Disposition = IrpNotCompleted; /* until one of the driver's routines has it */
    Irp->IoStatus.Information = 0;
    if (Minor == IRP_MN_REGINFO || Minor == IRP_MN_REGINFO_EX) {
        ULONG_PTR Used = 0;
        Status = Register(Info, DeviceObject, Node, Length, &Used);
        Irp->IoStatus.Information = Used;
        return Irp->IoStatus.Status = Status;
    }

    /* The guid of an enable or disable is that of DataPath, which is also what the node has. */
    BOOLEAN Control = Minor >= IRP_MN_ENABLE_EVENTS && Minor <= IRP_MN_DISABLE_COLLECTION;
    Guid = Find(Info, Control ? (const GUID *)Stack->Parameters.WMI.DataPath : &Node->Guid, &Index);
    if (Guid == NULL) {
        return Irp->IoStatus.Status = STATUS_WMI_GUID_NOT_FOUND;
    }
    PWNODE_SINGLE_INSTANCE One =
        (PWNODE_SINGLE_INSTANCE)Node; /* and the beginning of an item and a method */
    if (!Control && Minor != IRP_MN_QUERY_ALL_DATA &&
        (!(Node->Flags & WNODE_FLAG_STATIC_INSTANCE_NAMES) ||
         One->InstanceIndex >= Guid->InstanceCount)) {
        return Irp->IoStatus.Status = STATUS_WMI_INSTANCE_NOT_FOUND;
    }
    Status = STATUS_WMI_READ_ONLY;
    switch (Minor) {
    case IRP_MN_QUERY_ALL_DATA: {
        PWNODE_ALL_DATA All = (PWNODE_ALL_DATA)Node;
        ULONG Offset = AllDataOffset(Guid->InstanceCount);
        BOOLEAN Fits = Length >= Offset;
        if (Length < sizeof(*All)) {
            Status = STATUS_BUFFER_TOO_SMALL;
            break;
        }
        All->DataBlockOffset = Offset;
        All->InstanceCount = Guid->InstanceCount;
        All->OffsetInstanceNameOffsets = 0;
        *Disposition = IrpProcessed;
        return Info->QueryWmiDataBlock(DeviceObject, Irp, Index, 0, Guid->InstanceCount,
                                       Fits ? (PULONG)All->OffsetInstanceDataAndLength : NULL,
                                       Fits ? Length - Offset : 0,
                                       Fits ? (PUCHAR)Node + Offset : NULL);
    }
    case IRP_MN_QUERY_SINGLE_INSTANCE: {
        BOOLEAN Fits = Length >= One->DataBlockOffset;
        *Disposition = IrpProcessed;
        return Info->QueryWmiDataBlock(DeviceObject, Irp, Index, One->InstanceIndex, 1,
                                       Fits ? &One->SizeDataBlock : NULL,
                                       Fits ? Length - One->DataBlockOffset : 0,
                                       Fits ? (PUCHAR)Node + One->DataBlockOffset : NULL);
    }
    case IRP_MN_CHANGE_SINGLE_INSTANCE:
        if (Info->SetWmiDataBlock != NULL) {
            *Disposition = IrpProcessed;
            return Info->SetWmiDataBlock(DeviceObject, Irp, Index, One->InstanceIndex,
                                         One->SizeDataBlock, (PUCHAR)Node + One->DataBlockOffset);
        }
        break;
    case IRP_MN_CHANGE_SINGLE_ITEM:
        if (Info->SetWmiDataItem != NULL) {
            PWNODE_SINGLE_ITEM Item = (PWNODE_SINGLE_ITEM)Node;
            *Disposition = IrpProcessed;
            return Info->SetWmiDataItem(DeviceObject, Irp, Index, Item->InstanceIndex, Item->ItemId,
                                        Item->SizeDataItem, (PUCHAR)Node + Item->DataBlockOffset);
        }
        break;
    case IRP_MN_EXECUTE_METHOD:
        Status = STATUS_INVALID_DEVICE_REQUEST;
        if (Info->ExecuteWmiMethod != NULL) {
            PWNODE_METHOD_ITEM Method = (PWNODE_METHOD_ITEM)Node;
            *Disposition = IrpProcessed;
            return Info->ExecuteWmiMethod(DeviceObject, Irp, Index, Method->InstanceIndex,
                                          Method->MethodId, Method->SizeDataBlock,
                                          Length - Method->DataBlockOffset,
                                          (PUCHAR)Node + Method->DataBlockOffset);
        }
        break;
    default:
        Status = STATUS_SUCCESS; /* a driver without the routine has nothing to turn on */
        if (Info->WmiFunctionControl != NULL) {
            *Disposition = IrpProcessed;
            return Info->WmiFunctionControl(
                DeviceObject, Irp, Index,
                Minor == IRP_MN_ENABLE_EVENTS || Minor == IRP_MN_DISABLE_EVENTS
                    ? WmiEventControl
                    : WmiDataBlockControl,
                Minor == IRP_MN_ENABLE_EVENTS || Minor == IRP_MN_ENABLE_COLLECTION);
        }
        break;
    }
    return Irp->IoStatus.Status = Status;
}

/* What BufferUsed bytes of an answer need. The driver's lengths of instances become offsets and lengths. */
static ULONG
Finish(PWNODE_HEADER Node, UCHAR Minor, ULONG BufferUsed, BOOLEAN Filled)
{
    if (Minor == IRP_MN_QUERY_ALL_DATA) {
        PWNODE_ALL_DATA All = (PWNODE_ALL_DATA)Node;
        if (Filled && All->InstanceCount == 1) {
            Node->Flags |= WNODE_FLAG_FIXED_INSTANCE_SIZE;
            All->FixedInstanceSize = BufferUsed;
        } else if (Filled) {
            PULONG Lengths = (PULONG)All->OffsetInstanceDataAndLength;
            for (ULONG I = All->InstanceCount;
                 I-- > 0;) { /* the last first: an entry is twice as long */
                All->OffsetInstanceDataAndLength[I].LengthInstanceData = Lengths[I];
            }
            ULONG At = All->DataBlockOffset;
            for (ULONG I = 0; I < All->InstanceCount; I++) {
                All->OffsetInstanceDataAndLength[I].OffsetInstanceData = At;
                At += ALIGN8(All->OffsetInstanceDataAndLength[I].LengthInstanceData);
            }
        }
        return All->DataBlockOffset + BufferUsed;
    }
    if (Minor == IRP_MN_QUERY_SINGLE_INSTANCE) {
        PWNODE_SINGLE_INSTANCE One = (PWNODE_SINGLE_INSTANCE)Node;
        if (Filled) {
            One->SizeDataBlock = BufferUsed;
        }
        return One->DataBlockOffset + BufferUsed;
    }
    PWNODE_METHOD_ITEM Method = (PWNODE_METHOD_ITEM)Node;
    if (Filled) {
        Method->SizeDataBlock = BufferUsed;
    }
    return Method->DataBlockOffset + BufferUsed;
}

NTSTATUS NTAPI
WmiCompleteRequest(PDEVICE_OBJECT DeviceObject, PIRP Irp, NTSTATUS Status, ULONG BufferUsed,
                   CCHAR PriorityBoost)
{
    PIO_STACK_LOCATION Stack = IoGetCurrentIrpStackLocation(Irp);
    UCHAR Minor = Stack->MinorFunction;
    PWNODE_HEADER Node = Stack->Parameters.WMI.Buffer;

    UNREFERENCED_PARAMETER(DeviceObject);
    Irp->IoStatus.Information = 0;
    if (Minor == IRP_MN_QUERY_ALL_DATA || Minor == IRP_MN_QUERY_SINGLE_INSTANCE ||
        Minor == IRP_MN_EXECUTE_METHOD) {
        if (Status == STATUS_BUFFER_TOO_SMALL) { /* which the one who asked is told in the node */
            PWNODE_TOO_SMALL Small = (PWNODE_TOO_SMALL)Node;
            ULONG Needed = Finish(Node, Minor, BufferUsed, FALSE);
            Node->BufferSize = sizeof(*Small);
            Node->Flags |= WNODE_FLAG_TOO_SMALL;
            Small->SizeNeeded = Needed;
            Irp->IoStatus.Information = sizeof(*Small);
            Status = STATUS_SUCCESS;
        } else if (NT_SUCCESS(Status)) {
            Node->BufferSize = Finish(Node, Minor, BufferUsed, TRUE);
            KeQuerySystemTime(&Node->TimeStamp);
            Irp->IoStatus.Information = Node->BufferSize;
        }
    }
    Irp->IoStatus.Status = Status;
    IoCompleteRequest(Irp, PriorityBoost);
    return Status;
}

/* EventData is the library's from here on. */
NTSTATUS NTAPI
WmiFireEvent(PDEVICE_OBJECT DeviceObject, LPCGUID Guid, ULONG InstanceIndex, ULONG EventDataSize,
             PVOID EventData)
{
    NTSTATUS Status = STATUS_INSUFFICIENT_RESOURCES;
    ULONG Offset = ALIGN8((ULONG)sizeof(WNODE_SINGLE_INSTANCE));
    ULONG Size = EventData != NULL ? EventDataSize : 0;
    PWNODE_SINGLE_INSTANCE Event = ExAllocatePoolWithTag(NonPagedPoolNx, Offset + Size, 'LimW');
    if (Event != NULL) {
        RtlZeroMemory(Event, Offset);
        Event->WnodeHeader.BufferSize = Offset + Size;
        Event->WnodeHeader.ProviderId = IoWMIDeviceObjectToProviderId(DeviceObject);
        Event->WnodeHeader.Guid = *Guid;
        Event->WnodeHeader.Flags =
            WNODE_FLAG_SINGLE_INSTANCE | WNODE_FLAG_EVENT_ITEM | WNODE_FLAG_STATIC_INSTANCE_NAMES;
        KeQuerySystemTime(&Event->WnodeHeader.TimeStamp);
        Event->InstanceIndex = InstanceIndex;
        Event->DataBlockOffset = Offset;
        Event->SizeDataBlock = Size;
        RtlCopyMemory((PUCHAR)Event + Offset, EventData, Size);
        Status = IoWMIWriteEvent(Event);
        if (!NT_SUCCESS(Status)) {
            ExFreePoolWithTag(Event, 'LimW');
        }
    }
    if (EventData != NULL) {
        ExFreePool(EventData);
    }
    return Status;
}
