/*
 * type.c - object types.
 *
 * A type is itself an object, named in \ObjectTypes. The first two, of types and of directories, are
 * made while neither that directory nor they exist: ObInitSystem names them later.
 */
#include "obp.h"

NTSTATUS
ObpCreateType(PCWSTR Name, const OB_METHODS *Methods, const GENERIC_MAPPING *Mapping,
              ACCESS_MASK ValidAccess, ULONG PoolCharge, ULONG WaitOffset, POBJECT_TYPE *Type)
{
    POBJECT_TYPE New;
    UNICODE_STRING String;
    POBP_OBJECT Object;

    RtlInitUnicodeString(&String, Name);
    ASSERT(ObpTypeCount < OBP_MAX_TYPES);
    New = ObpAllocateObject(ObpTypeType, sizeof(*New));
    Object = ObpObject(New);
    Object->Header.Flags = OBP_FLAG_PERMANENT | OBP_FLAG_KERNEL;
    InitializeListHead(&New->TypeList);
    InitializeListHead(&New->CallbackList);
    New->Name.Buffer = ExpAllocate(String.Length + sizeof(WCHAR), OBP_TAG_NAME);
    New->Name.Length = String.Length;
    New->Name.MaximumLength = String.Length + sizeof(WCHAR);
    RtlCopyMemory(New->Name.Buffer, Name, String.Length);
    New->Index = (UCHAR)ObpTypeCount;
    New->PoolCharge = PoolCharge;
    New->WaitOffset = WaitOffset;
    New->DefaultObject = WaitOffset == OBP_NOT_WAITABLE ? &ObpDefaultObject : NULL;
    New->ValidAccess = ValidAccess;
    New->GenericMapping = *Mapping;
    if (Methods != NULL) {
        New->Methods = *Methods;
    }
    ObpTypes[ObpTypeCount++] = New;
    if (ObpTypeType == NULL) { /* this is it */
        ObpTypeType = New;
        Object->Type = New;
        Object->Header.TypeIndex = New->Index;
        New->TotalNumberOfObjects = 1;
    }
    if (ObpTypesDirectory != NULL) {
        Object->Name.Buffer = ExpAllocate(String.Length, OBP_TAG_NAME);
        Object->Name.Length = Object->Name.MaximumLength = String.Length;
        RtlCopyMemory(Object->Name.Buffer, Name, String.Length);
        ObpInsertInDirectory(ObpTypesDirectory, Object);
    }
    *Type = New;
    return STATUS_SUCCESS;
}

VOID
ObpWatchType(POBJECT_TYPE Type)
{
    Type->SupportsObjectCallbacks = TRUE;
    Type->SecurityRequired = TRUE;
}

VOID
ObpIgnoreCase(POBJECT_TYPE Type)
{
    Type->IgnoresCase = TRUE;
}

POBJECT_TYPE
ObpTypeOf(PVOID Object)
{
    return ObpObject(Object)->Type;
}

POBJECT_TYPE NTAPI
ObGetObjectType(PVOID Object)
{
    return ObpObject(Object)->Type;
}

PVOID
ObpWaitObject(PVOID Object)
{
    POBJECT_TYPE Type = ObpObject(Object)->Type;

    if (Type->WaitOffset == OBP_NOT_WAITABLE) {
        return &ObpDefaultObject;
    }
    if (Type->WaitOffset & OBP_WAIT_POINTER) {
        return *(PVOID *)((PUCHAR)Object + (Type->WaitOffset & ~OBP_WAIT_POINTER));
    }
    return (PUCHAR)Object + Type->WaitOffset;
}
