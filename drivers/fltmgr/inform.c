/*
 * inform.c - filters, volumes and instances enumerated, and described in the public structures.
 *
 * [DDI: FltEnumerateFilters, FltEnumerateInstances, FltEnumerateFilterInformation, FltGetInstanceInformation; LEARN:
 * FILTER_AGGREGATE_STANDARD_INFORMATION, INSTANCE_FULL_INFORMATION]
 */
#include "fltp.h"

/* The Index-th filter, with its rundown reference; NULL: there are fewer. */
static PFLT_FILTER
FltpFilterAt(ULONG Index)
{
    PFLT_FILTER Found = NULL;

    FltpAcquireShared(&FltpLock);
    for (PLIST_ENTRY Entry = FltpFilters.Flink; Entry != &FltpFilters && Found == NULL;
         Entry = Entry->Flink) {
        PFLT_FILTER Filter = CONTAINING_RECORD(Entry, FLT_FILTER, Header.Links);

        if (Index-- == 0 && ExAcquireRundownProtection(&Filter->Header.Rundown)) {
            Found = Filter;
        }
    }
    FltpRelease(&FltpLock);
    return Found;
}

/* The Index-th instance of a filter, or of a volume. */
static PFLT_INSTANCE
FltpInstanceAt(PFLT_FILTER Filter, PFLT_VOLUME Volume, ULONG Index)
{
    PLIST_ENTRY Head = Filter != NULL ? &Filter->Instances : &Volume->Instances;
    PFLT_INSTANCE Found = NULL;

    FltpAcquireShared(&FltpLock);
    for (PLIST_ENTRY Entry = Head->Flink; Entry != Head && Found == NULL; Entry = Entry->Flink) {
        PFLT_INSTANCE Instance = Filter != NULL
                                     ? CONTAINING_RECORD(Entry, FLT_INSTANCE, FilterLinks)
                                     : CONTAINING_RECORD(Entry, FLT_INSTANCE, Header.Links);

        if ((Filter == NULL || Volume == NULL || Instance->Volume == Volume) && Instance->Enabled &&
            Index-- == 0 && ExAcquireRundownProtection(&Instance->Header.Rundown)) {
            Found = Instance;
        }
    }
    FltpRelease(&FltpLock);
    return Found;
}

NTSTATUS FLTAPI
FltEnumerateFilters(PFLT_FILTER *FilterList, ULONG FilterListSize, PULONG NumberFiltersReturned)
{
    PFLT_FILTER Filter;
    ULONG Count = 0;

    for (; (Filter = FltpFilterAt(Count)) != NULL; Count++) {
        if (FilterList != NULL && Count < FilterListSize) {
            FilterList[Count] = Filter;
        } else {
            FltObjectDereference(Filter);
        }
    }
    *NumberFiltersReturned = Count;
    if (Count > FilterListSize) {
        for (ULONG i = 0; FilterList != NULL && i < FilterListSize; i++) {
            FltObjectDereference(FilterList[i]);
        }
        return STATUS_BUFFER_TOO_SMALL;
    }
    return STATUS_SUCCESS;
}

NTSTATUS FLTAPI
FltEnumerateVolumes(PFLT_FILTER Filter, PFLT_VOLUME *VolumeList, ULONG VolumeListSize,
                    PULONG NumberVolumesReturned)
{
    PFLT_VOLUME Volume = NULL;
    ULONG Count = 0;

    while ((Volume = FltpNextVolume(Volume)) != NULL) {
        if (VolumeList != NULL && Count < VolumeListSize) {
            FltObjectReference(Volume);
            VolumeList[Count] = Volume;
        }
        Count++;
    }
    *NumberVolumesReturned = Count;
    if (Count > VolumeListSize) {
        for (ULONG i = 0; VolumeList != NULL && i < VolumeListSize; i++) {
            FltObjectDereference(VolumeList[i]);
        }
        return STATUS_BUFFER_TOO_SMALL;
    }
    return STATUS_SUCCESS;
}

NTSTATUS FLTAPI
FltEnumerateInstances(PFLT_VOLUME Volume, PFLT_FILTER Filter, PFLT_INSTANCE *InstanceList,
                      ULONG InstanceListSize, PULONG NumberInstancesReturned)
{
    PFLT_INSTANCE Instance;
    ULONG Count = 0;

    if (Volume == NULL && Filter == NULL) {
        return STATUS_INVALID_PARAMETER;
    }
    for (; (Instance = FltpInstanceAt(Filter, Volume, Count)) != NULL; Count++) {
        if (InstanceList != NULL && Count < InstanceListSize) {
            InstanceList[Count] = Instance;
        } else {
            FltObjectDereference(Instance);
        }
    }
    *NumberInstancesReturned = Count;
    if (Count > InstanceListSize) {
        for (ULONG i = 0; InstanceList != NULL && i < InstanceListSize; i++) {
            FltObjectDereference(InstanceList[i]);
        }
        return STATUS_BUFFER_TOO_SMALL;
    }
    return STATUS_SUCCESS;
}

/* Strings behind a structure of Fixed bytes. */
typedef struct _FLTP_PACK {
    PUCHAR Buffer;
    ULONG Size, At;
} FLTP_PACK;

static VOID
FltpPut(FLTP_PACK *Pack, PCUNICODE_STRING String, PUSHORT Length, PUSHORT Offset)
{
    if (Pack->At + String->Length <= Pack->Size) {
        RtlCopyMemory(Pack->Buffer + Pack->At, String->Buffer, String->Length);
        *Length = String->Length;
        *Offset = (USHORT)Pack->At;
    }
    Pack->At += String->Length;
}

static ULONG
FltpCountInstances(PFLT_FILTER Filter)
{
    ULONG Count = 0;

    FltpAcquireShared(&FltpLock);
    for (PLIST_ENTRY Entry = Filter->Instances.Flink; Entry != &Filter->Instances;
         Entry = Entry->Flink) {
        Count++;
    }
    FltpRelease(&FltpLock);
    return Count;
}

NTSTATUS FLTAPI
FltGetFilterInformation(PFLT_FILTER Filter, FILTER_INFORMATION_CLASS InformationClass, PVOID Buffer,
                        ULONG BufferSize, PULONG BytesReturned)
{
    FLTP_PACK Pack = {Buffer, BufferSize, 0};
    USHORT Offset;

    switch (InformationClass) {
    case FilterFullInformation: {
        PFILTER_FULL_INFORMATION Full = Buffer;

        Pack.At = FIELD_OFFSET(FILTER_FULL_INFORMATION, FilterNameBuffer);
        *BytesReturned = Pack.At + Filter->Name.Length;
        if (BufferSize < *BytesReturned) {
            return STATUS_BUFFER_TOO_SMALL;
        }
        Full->NextEntryOffset = Full->FrameID = 0;
        Full->NumberOfInstances = FltpCountInstances(Filter);
        FltpPut(&Pack, &Filter->Name, &Full->FilterNameLength, &Offset);
        return STATUS_SUCCESS;
    }
    case FilterAggregateBasicInformation: {
        PFILTER_AGGREGATE_BASIC_INFORMATION Basic = Buffer;

        Pack.At = sizeof(*Basic);
        *BytesReturned = Pack.At + Filter->Name.Length + Filter->Altitude.Length;
        if (BufferSize < *BytesReturned) {
            return STATUS_BUFFER_TOO_SMALL;
        }
        RtlZeroMemory(Basic, sizeof(*Basic));
        Basic->Flags = FLTFL_AGGREGATE_INFO_IS_MINIFILTER;
        Basic->Type.MiniFilter.NumberOfInstances = FltpCountInstances(Filter);
        FltpPut(&Pack, &Filter->Name, &Basic->Type.MiniFilter.FilterNameLength,
                &Basic->Type.MiniFilter.FilterNameBufferOffset);
        FltpPut(&Pack, &Filter->Altitude, &Basic->Type.MiniFilter.FilterAltitudeLength,
                &Basic->Type.MiniFilter.FilterAltitudeBufferOffset);
        return STATUS_SUCCESS;
    }
    case FilterAggregateStandardInformation: {
        PFILTER_AGGREGATE_STANDARD_INFORMATION Standard = Buffer;

        Pack.At = sizeof(*Standard);
        *BytesReturned = Pack.At + Filter->Name.Length + Filter->Altitude.Length;
        if (BufferSize < *BytesReturned) {
            return STATUS_BUFFER_TOO_SMALL;
        }
        RtlZeroMemory(Standard, sizeof(*Standard));
        Standard->Flags = FLTFL_ASI_IS_MINIFILTER;
        Standard->Type.MiniFilter.NumberOfInstances = FltpCountInstances(Filter);
        FltpPut(&Pack, &Filter->Name, &Standard->Type.MiniFilter.FilterNameLength,
                &Standard->Type.MiniFilter.FilterNameBufferOffset);
        FltpPut(&Pack, &Filter->Altitude, &Standard->Type.MiniFilter.FilterAltitudeLength,
                &Standard->Type.MiniFilter.FilterAltitudeBufferOffset);
        return STATUS_SUCCESS;
    }
    }
    return STATUS_INVALID_PARAMETER;
}

NTSTATUS FLTAPI
FltGetInstanceInformation(PFLT_INSTANCE Instance, INSTANCE_INFORMATION_CLASS InformationClass,
                          PVOID Buffer, ULONG BufferSize, PULONG BytesReturned)
{
    FLTP_PACK Pack = {Buffer, BufferSize, 0};
    ULONG Strings = Instance->Name.Length;

    switch (InformationClass) {
    case InstanceBasicInformation:
        Pack.At = sizeof(INSTANCE_BASIC_INFORMATION);
        break;
    case InstancePartialInformation:
        Pack.At = sizeof(INSTANCE_PARTIAL_INFORMATION);
        Strings += Instance->Altitude.Length;
        break;
    case InstanceFullInformation:
        Pack.At = sizeof(INSTANCE_FULL_INFORMATION);
        Strings += Instance->Altitude.Length + Instance->Volume->Name.Length +
                   Instance->Filter->Name.Length;
        break;
    case InstanceAggregateStandardInformation:
        Pack.At = sizeof(INSTANCE_AGGREGATE_STANDARD_INFORMATION);
        Strings += Instance->Altitude.Length + Instance->Volume->Name.Length +
                   Instance->Filter->Name.Length;
        break;
    default:
        return STATUS_INVALID_PARAMETER;
    }
    *BytesReturned = Pack.At + Strings;
    if (BufferSize < *BytesReturned) {
        return STATUS_BUFFER_TOO_SMALL;
    }
    RtlZeroMemory(Buffer, Pack.At);
    if (InformationClass == InstanceAggregateStandardInformation) {
        PINSTANCE_AGGREGATE_STANDARD_INFORMATION Standard = Buffer;

        Standard->Flags = FLTFL_IASI_IS_MINIFILTER;
        Standard->Type.MiniFilter.Flags =
            Instance->Volume->Detached ? FLTFL_IASIM_DETACHED_VOLUME : 0;
        Standard->Type.MiniFilter.VolumeFileSystemType = Instance->Volume->FileSystem;
        FltpPut(&Pack, &Instance->Name, &Standard->Type.MiniFilter.InstanceNameLength,
                &Standard->Type.MiniFilter.InstanceNameBufferOffset);
        FltpPut(&Pack, &Instance->Altitude, &Standard->Type.MiniFilter.AltitudeLength,
                &Standard->Type.MiniFilter.AltitudeBufferOffset);
        FltpPut(&Pack, &Instance->Volume->Name, &Standard->Type.MiniFilter.VolumeNameLength,
                &Standard->Type.MiniFilter.VolumeNameBufferOffset);
        FltpPut(&Pack, &Instance->Filter->Name, &Standard->Type.MiniFilter.FilterNameLength,
                &Standard->Type.MiniFilter.FilterNameBufferOffset);
    } else {
        PINSTANCE_FULL_INFORMATION Full = Buffer; /* the smaller ones are its beginning */

        FltpPut(&Pack, &Instance->Name, &Full->InstanceNameLength, &Full->InstanceNameBufferOffset);
        if (InformationClass != InstanceBasicInformation) {
            FltpPut(&Pack, &Instance->Altitude, &Full->AltitudeLength, &Full->AltitudeBufferOffset);
        }
        if (InformationClass == InstanceFullInformation) {
            FltpPut(&Pack, &Instance->Volume->Name, &Full->VolumeNameLength,
                    &Full->VolumeNameBufferOffset);
            FltpPut(&Pack, &Instance->Filter->Name, &Full->FilterNameLength,
                    &Full->FilterNameBufferOffset);
        }
    }
    return STATUS_SUCCESS;
}

NTSTATUS FLTAPI
FltGetVolumeInformation(PFLT_VOLUME Volume, FILTER_VOLUME_INFORMATION_CLASS InformationClass,
                        PVOID Buffer, ULONG BufferSize, PULONG BytesReturned)
{
    FLTP_PACK Pack = {Buffer, BufferSize, 0};
    USHORT Offset;

    Pack.At = InformationClass == FilterVolumeBasicInformation
                  ? FIELD_OFFSET(FILTER_VOLUME_BASIC_INFORMATION, FilterVolumeName)
                  : FIELD_OFFSET(FILTER_VOLUME_STANDARD_INFORMATION, FilterVolumeName);
    *BytesReturned = Pack.At + Volume->Name.Length;
    if (BufferSize < *BytesReturned) {
        return STATUS_BUFFER_TOO_SMALL;
    }
    if (InformationClass == FilterVolumeBasicInformation) {
        PFILTER_VOLUME_BASIC_INFORMATION Basic = Buffer;

        FltpPut(&Pack, &Volume->Name, &Basic->FilterVolumeNameLength, &Offset);
    } else {
        PFILTER_VOLUME_STANDARD_INFORMATION Standard = Buffer;

        Standard->NextEntryOffset = Standard->FrameID = 0;
        Standard->Flags = Volume->Detached ? FLTFL_VSI_DETACHED_VOLUME : 0;
        Standard->FileSystemType = Volume->FileSystem;
        FltpPut(&Pack, &Volume->Name, &Standard->FilterVolumeNameLength, &Offset);
    }
    return STATUS_SUCCESS;
}

NTSTATUS FLTAPI
FltEnumerateFilterInformation(ULONG Index, FILTER_INFORMATION_CLASS InformationClass, PVOID Buffer,
                              ULONG BufferSize, PULONG BytesReturned)
{
    PFLT_FILTER Filter = FltpFilterAt(Index);
    NTSTATUS Status;

    if (Filter == NULL) {
        return STATUS_NO_MORE_ENTRIES;
    }
    Status = FltGetFilterInformation(Filter, InformationClass, Buffer, BufferSize, BytesReturned);
    FltObjectDereference(Filter);
    return Status;
}

static NTSTATUS
FltpInstanceInformationAt(PFLT_FILTER Filter, PFLT_VOLUME Volume, ULONG Index,
                          INSTANCE_INFORMATION_CLASS InformationClass, PVOID Buffer,
                          ULONG BufferSize, PULONG BytesReturned)
{
    PFLT_INSTANCE Instance = FltpInstanceAt(Filter, Volume, Index);
    NTSTATUS Status;

    if (Instance == NULL) {
        return STATUS_NO_MORE_ENTRIES;
    }
    Status =
        FltGetInstanceInformation(Instance, InformationClass, Buffer, BufferSize, BytesReturned);
    FltObjectDereference(Instance);
    return Status;
}

NTSTATUS FLTAPI
FltEnumerateInstanceInformationByFilter(PFLT_FILTER Filter, ULONG Index,
                                        INSTANCE_INFORMATION_CLASS InformationClass, PVOID Buffer,
                                        ULONG BufferSize, PULONG BytesReturned)
{
    return FltpInstanceInformationAt(Filter, NULL, Index, InformationClass, Buffer, BufferSize,
                                     BytesReturned);
}

NTSTATUS FLTAPI
FltEnumerateInstanceInformationByVolume(PFLT_VOLUME Volume, ULONG Index,
                                        INSTANCE_INFORMATION_CLASS InformationClass, PVOID Buffer,
                                        ULONG BufferSize, PULONG BytesReturned)
{
    return FltpInstanceInformationAt(NULL, Volume, Index, InformationClass, Buffer, BufferSize,
                                     BytesReturned);
}

NTSTATUS FLTAPI
FltEnumerateInstanceInformationByVolumeName(PCUNICODE_STRING VolumeName, ULONG Index,
                                            INSTANCE_INFORMATION_CLASS InformationClass,
                                            PVOID Buffer, ULONG BufferSize, PULONG BytesReturned)
{
    PFLT_VOLUME Volume;
    NTSTATUS Status = FltGetVolumeFromName(NULL, VolumeName, &Volume);

    if (NT_SUCCESS(Status)) {
        Status = FltEnumerateInstanceInformationByVolume(Volume, Index, InformationClass, Buffer,
                                                         BufferSize, BytesReturned);
        FltObjectDereference(Volume);
    }
    return Status;
}

NTSTATUS FLTAPI
FltEnumerateInstanceInformationByDeviceObject(PDEVICE_OBJECT DeviceObject, ULONG Index,
                                              INSTANCE_INFORMATION_CLASS InformationClass,
                                              PVOID Buffer, ULONG BufferSize, PULONG BytesReturned)
{
    PFLT_VOLUME Volume;
    NTSTATUS Status = FltGetVolumeFromDeviceObject(NULL, DeviceObject, &Volume);

    if (NT_SUCCESS(Status)) {
        Status = FltEnumerateInstanceInformationByVolume(Volume, Index, InformationClass, Buffer,
                                                         BufferSize, BytesReturned);
        FltObjectDereference(Volume);
    }
    return Status;
}

NTSTATUS FLTAPI
FltEnumerateVolumeInformation(PFLT_FILTER Filter, ULONG Index,
                              FILTER_VOLUME_INFORMATION_CLASS InformationClass, PVOID Buffer,
                              ULONG BufferSize, PULONG BytesReturned)
{
    PFLT_VOLUME Volume = NULL;
    NTSTATUS Status = STATUS_NO_MORE_ENTRIES;

    while ((Volume = FltpNextVolume(Volume)) != NULL) {
        if (Index-- == 0) {
            Status = FltGetVolumeInformation(Volume, InformationClass, Buffer, BufferSize,
                                             BytesReturned);
            FltObjectDereference(Volume);
            break;
        }
    }
    return Status;
}
