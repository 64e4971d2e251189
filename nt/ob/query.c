/*
 * query.c - NtQueryObject, NtSetInformationObject and NtCompareObjects.
 */
#include "obp.h"

#ifndef STATUS_NOT_SAME_OBJECT
#define STATUS_NOT_SAME_OBJECT ((NTSTATUS)0xC00001AC)
#endif

typedef struct _OBP_TYPE_INFORMATION {
    UNICODE_STRING TypeName;
    ULONG TotalNumberOfObjects;
    ULONG TotalNumberOfHandles;
    ULONG TotalPagedPoolUsage;
    ULONG TotalNonPagedPoolUsage;
    ULONG TotalNamePoolUsage;
    ULONG TotalHandleTableUsage;
    ULONG HighWaterNumberOfObjects;
    ULONG HighWaterNumberOfHandles;
    ULONG HighWaterPagedPoolUsage;
    ULONG HighWaterNonPagedPoolUsage;
    ULONG HighWaterNamePoolUsage;
    ULONG HighWaterHandleTableUsage;
    ULONG InvalidAttributes;
    GENERIC_MAPPING GenericMapping;
    ULONG ValidAccessMask;
    BOOLEAN SecurityRequired;
    BOOLEAN MaintainHandleCount;
    UCHAR TypeIndex;
    CHAR ReservedByte;
    ULONG PoolType;
    ULONG DefaultPagedPoolCharge;
    ULONG DefaultNonPagedPoolCharge;
} OBP_TYPE_INFORMATION, *POBP_TYPE_INFORMATION;
C_ASSERT(sizeof(OBP_TYPE_INFORMATION) == 0x68);

typedef struct _OBP_HANDLE_FLAGS {
    BOOLEAN Inherit;
    BOOLEAN ProtectFromClose;
} OBP_HANDLE_FLAGS;

/* Buffers are user memory: the caller stands in a __try. */
static VOID
ObpFillType(POBJECT_TYPE Type, POBP_TYPE_INFORMATION Info)
{
    PWSTR Name = (PWSTR)(Info + 1);

    RtlZeroMemory(Info, sizeof(*Info));
    Info->TotalNumberOfObjects = Type->TotalNumberOfObjects;
    Info->TotalNumberOfHandles = Type->TotalNumberOfHandles;
    Info->HighWaterNumberOfObjects = Type->HighWaterNumberOfObjects;
    Info->HighWaterNumberOfHandles = Type->HighWaterNumberOfHandles;
    Info->InvalidAttributes = Type == ObpDirectoryType ? OBJ_OPENLINK : 0;
    Info->GenericMapping = Type->GenericMapping;
    Info->ValidAccessMask = Type->ValidAccess;
    Info->SecurityRequired = Type->SecurityRequired;
    Info->MaintainHandleCount = Type->Methods.Close != NULL;
    Info->TypeIndex = Type->Index;
    Info->PoolType = NonPagedPoolNx;
    Info->DefaultNonPagedPoolCharge = Type->PoolCharge;
    Info->TypeName.Buffer = Name;
    Info->TypeName.Length = Type->Name.Length;
    Info->TypeName.MaximumLength = Type->Name.Length + sizeof(WCHAR);
    RtlCopyMemory(Name, Type->Name.Buffer, Type->Name.Length);
    Name[Type->Name.Length / sizeof(WCHAR)] = 0;
}

static ULONG
ObpTypeSize(POBJECT_TYPE Type)
{
    return sizeof(OBP_TYPE_INFORMATION) + ((Type->Name.Length + sizeof(WCHAR) + 7) & ~7u);
}

static NTSTATUS
ObpQueryTypes(PVOID Buffer, ULONG Length, PULONG Needed)
{
    PUCHAR Write;
    ULONG i;

    *Needed = sizeof(ULONG64);
    for (i = 2; i < ObpTypeCount; i++) {
        *Needed += ObpTypeSize(ObpTypes[i]);
    }
    if (Length < *Needed) {
        return STATUS_INFO_LENGTH_MISMATCH;
    }
    *(PULONG64)Buffer = ObpTypeCount - 2;
    Write = (PUCHAR)Buffer + sizeof(ULONG64);
    for (i = 2; i < ObpTypeCount; i++) {
        ObpFillType(ObpTypes[i], (POBP_TYPE_INFORMATION)Write);
        Write += ObpTypeSize(ObpTypes[i]);
    }
    return STATUS_SUCCESS;
}

static NTSTATUS
ObpQueryBasic(PVOID Body, POBJECT_HANDLE_INFORMATION Handle, OBJECT_BASIC_INFORMATION *Info)
{
    POBP_OBJECT Object = ObpObject(Body);
    OBJECT_NAME_INFORMATION Name;
    ULONG Length = 0;

    RtlZeroMemory(Info, sizeof(*Info));
    Info->Attributes = Handle->HandleAttributes & OBJ_INHERIT;
    if (Object->Header.Flags & OBP_FLAG_PERMANENT) {
        Info->Attributes |= OBJ_PERMANENT;
    }
    if (Object->Header.Flags & OBP_FLAG_EXCLUSIVE) {
        Info->Attributes |= OBJ_EXCLUSIVE;
    }
    Info->GrantedAccess = Handle->GrantedAccess;
    Info->HandleCount = (ULONG)Object->Header.HandleCount;
    Info->PointerCount = (ULONG)Object->Header.PointerCount;
    Info->PagedPoolCharge = Object->PagedCharge;
    Info->NonPagedPoolCharge = Object->NonPagedCharge;
    Info->TypeInfoSize = ObpTypeSize(Object->Type);
    if (Object->Type->Methods.QueryName == NULL && Object->Directory != NULL) {
        ObQueryNameString(Body, &Name, 0, &Length);
        Info->NameInfoSize = Length;
    }
    if ((Handle->GrantedAccess & READ_CONTROL) && Object->Header.SecurityDescriptor != NULL) {
        Info->SecurityDescriptorSize =
            RtlLengthSecurityDescriptor(Object->Header.SecurityDescriptor);
    }
    if (Object->Type == ObpSymbolicLinkType) {
        Info->CreationTime = ((POBP_LINK)Body)->CreationTime;
    }
    return STATUS_SUCCESS;
}

NTSTATUS NTAPI
NtQueryObject(HANDLE Handle, OBJECT_INFORMATION_CLASS Class, PVOID Buffer, ULONG Length,
              PULONG ReturnLength)
{
    KPROCESSOR_MODE Mode = KiPreviousMode();
    OBJECT_HANDLE_INFORMATION Information;
    OBJECT_BASIC_INFORMATION Basic;
    POBJECT_NAME_INFORMATION Name;
    ULONG Needed = 0;
    NTSTATUS Status;
    PVOID Body = NULL;

    __try {
        if (Mode != KernelMode) {
            ProbeForWrite(Buffer, Length, Class == ObjectHandleFlagInformation ? 1 : sizeof(ULONG));
            if (ReturnLength != NULL) {
                ProbeForWrite(ReturnLength, sizeof(ULONG), sizeof(ULONG));
            }
        }
    } __except (EXCEPTION_EXECUTE_HANDLER) {
        return GetExceptionCode();
    }
    if (Class != ObjectTypesInformation) {
        Status = ObReferenceObjectByHandle(Handle, 0, NULL, Mode, &Body, &Information);
        if (!NT_SUCCESS(Status)) {
            return Status;
        }
    }
    __try {
        switch ((ULONG)Class) {
        case ObjectBasicInformation:
            Needed = sizeof(Basic);
            if (Length != sizeof(Basic)) {
                Status = STATUS_INFO_LENGTH_MISMATCH;
                break;
            }
            Status = ObpQueryBasic(Body, &Information, &Basic);
            *(POBJECT_BASIC_INFORMATION)Buffer = Basic;
            break;

        case ObjectNameInformation: {
            ULONG Fixed = 0;

            /* A name method may wait: it fills memory of ours. */
            Name = ExpAllocate(Length < sizeof(*Name) ? sizeof(*Name) : Length, OBP_TAG_TEMPORARY);
            Status = ObQueryNameString(Body, Name, Length, &Needed);
            if (NT_SUCCESS(Status) || Status == STATUS_BUFFER_OVERFLOW) {
                Fixed = min(Length, Needed);
                if (Name->Name.Buffer != NULL) {
                    Name->Name.Buffer =
                        (PWSTR)((PUCHAR)Buffer + ((PUCHAR)Name->Name.Buffer - (PUCHAR)Name));
                }
                __try {
                    RtlCopyMemory(Buffer, Name, Fixed);
                } __except (EXCEPTION_EXECUTE_HANDLER) {
                    Status = GetExceptionCode();
                }
            }
            ExpFree(Name);
            break;
        }

        case ObjectTypeInformation:
            Needed = ObpTypeSize(ObpTypeOf(Body));
            if (Length < Needed) {
                Status = STATUS_INFO_LENGTH_MISMATCH;
                break;
            }
            ObpFillType(ObpTypeOf(Body), Buffer);
            Status = STATUS_SUCCESS;
            break;

        case ObjectTypesInformation:
            Status = ObpQueryTypes(Buffer, Length, &Needed);
            break;

        case ObjectHandleFlagInformation:
            Needed = sizeof(OBP_HANDLE_FLAGS);
            if (Length != sizeof(OBP_HANDLE_FLAGS)) {
                Status = STATUS_INFO_LENGTH_MISMATCH;
                break;
            }
            ((OBP_HANDLE_FLAGS *)Buffer)->Inherit =
                (Information.HandleAttributes & OBJ_INHERIT) != 0;
            ((OBP_HANDLE_FLAGS *)Buffer)->ProtectFromClose =
                (Information.HandleAttributes & OBP_PROTECT_CLOSE) != 0;
            Status = STATUS_SUCCESS;
            break;

        default:
            Status = STATUS_INVALID_INFO_CLASS;
            break;
        }
        if (ReturnLength != NULL && Status != STATUS_INVALID_INFO_CLASS) {
            *ReturnLength = Needed;
        }
    } __except (EXCEPTION_EXECUTE_HANDLER) {
        Status = GetExceptionCode();
    }
    if (Body != NULL) {
        ObDereferenceObject(Body);
    }
    return Status;
}

NTSTATUS NTAPI
ObSetHandleAttributes(HANDLE Handle, PVOID Flags, KPROCESSOR_MODE Mode)
{
    OBP_HANDLE_FLAGS *New = Flags;
    POBP_TABLE Table;
    POBP_ENTRY Entry;
    HANDLE Index = Handle;

    KiSchedulePoint(SP_HANDLE, ObpHandleIdentity(Handle, Mode));
    if (OBP_IS_PSEUDO(Handle)) {
        return STATUS_INVALID_HANDLE;
    }
    Table = ObpTableForHandle(&Index, Mode);
    if (Table == NULL || (Entry = ObpLookupEntry(Table, Index)) == NULL) {
        return STATUS_INVALID_HANDLE;
    }
    Entry->Attributes &= ~(OBJ_INHERIT | OBP_PROTECT_CLOSE);
    Entry->Attributes |=
        (New->Inherit ? OBJ_INHERIT : 0) | (New->ProtectFromClose ? OBP_PROTECT_CLOSE : 0);
    return STATUS_SUCCESS;
}

NTSTATUS NTAPI
NtSetInformationObject(HANDLE Handle, OBJECT_INFORMATION_CLASS Class, PVOID Buffer, ULONG Length)
{
    KPROCESSOR_MODE Mode = KiPreviousMode();
    OBP_HANDLE_FLAGS Flags;

    if (Class != ObjectHandleFlagInformation) {
        return STATUS_INVALID_INFO_CLASS;
    }
    if (Length != sizeof(Flags)) {
        return STATUS_INFO_LENGTH_MISMATCH;
    }
    __try {
        if (Mode != KernelMode) {
            ProbeForRead(Buffer, Length, 1);
        }
        Flags = *(OBP_HANDLE_FLAGS *)Buffer;
    } __except (EXCEPTION_EXECUTE_HANDLER) {
        return GetExceptionCode();
    }
    return ObSetHandleAttributes(Handle, &Flags, Mode);
}

/* Windows 10. Any access, or none, will do. */
NTSTATUS NTAPI
NtCompareObjects(HANDLE FirstObjectHandle, HANDLE SecondObjectHandle)
{
    KPROCESSOR_MODE Mode = KiPreviousMode();
    PVOID First, Second;
    NTSTATUS Status;

    Status = ObReferenceObjectByHandle(FirstObjectHandle, 0, NULL, Mode, &First, NULL);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    Status = ObReferenceObjectByHandle(SecondObjectHandle, 0, NULL, Mode, &Second, NULL);
    if (NT_SUCCESS(Status)) {
        Status = First == Second ? STATUS_SUCCESS : STATUS_NOT_SAME_OBJECT;
        ObDereferenceObject(Second);
    }
    ObDereferenceObject(First);
    return Status;
}
