/*
 * attribute.c - the list of attributes that STARTUPINFOEX gives to CreateProcess.
 *
 * The list is opaque: a head, then as many entries as it was made for. CreateProcess (create.c) asks for what it honours
 * with BaseFindAttribute. [LEARN: InitializeProcThreadAttributeList, UpdateProcThreadAttribute]
 */
#include "user/kernel32/base.h"

typedef struct _BASE_ATTRIBUTE {
    DWORD_PTR Attribute;
    PVOID Value;
    SIZE_T Size;
} BASE_ATTRIBUTE;

struct _PROC_THREAD_ATTRIBUTE_LIST {
    DWORD Room, Count;
    BASE_ATTRIBUTE Entry[];
};

BOOL WINAPI
InitializeProcThreadAttributeList(LPPROC_THREAD_ATTRIBUTE_LIST List, DWORD Count, DWORD Flags,
                                  PSIZE_T Size)
{
    SIZE_T Need = sizeof(*List) + Count * sizeof(BASE_ATTRIBUTE);

    if (Flags != 0 || Count > 32) {
        return BaseFailWith(ERROR_INVALID_PARAMETER);
    }
    if (List == NULL || *Size < Need) {
        *Size = Need;
        return BaseFailWith(ERROR_INSUFFICIENT_BUFFER);
    }
    *Size = Need;
    List->Room = Count;
    List->Count = 0;
    return TRUE;
}

static SIZE_T
BaseAttributeSize(DWORD_PTR Attribute, SIZE_T Given)
{
    switch (Attribute) {
    case PROC_THREAD_ATTRIBUTE_PARENT_PROCESS:
        return sizeof(HANDLE);
    case PROC_THREAD_ATTRIBUTE_HANDLE_LIST:
        return Given != 0 && Given % sizeof(HANDLE) == 0 ? Given : 0;
    case PROC_THREAD_ATTRIBUTE_IDEAL_PROCESSOR:
        return sizeof(PROCESSOR_NUMBER);
    case PROC_THREAD_ATTRIBUTE_GROUP_AFFINITY:
        return sizeof(GROUP_AFFINITY);
    case PROC_THREAD_ATTRIBUTE_PREFERRED_NODE:
        return sizeof(USHORT);
    case PROC_THREAD_ATTRIBUTE_MITIGATION_POLICY:
        return Given == 4 || Given == 8 || Given == 16 || Given == 24 ? Given : 0;
    default:
        return Given;
    }
}

BOOL WINAPI
UpdateProcThreadAttribute(LPPROC_THREAD_ATTRIBUTE_LIST List, DWORD Flags, DWORD_PTR Attribute,
                          PVOID Value, SIZE_T Size, PVOID Previous, PSIZE_T Returned)
{
    if (Flags != 0 || Previous != NULL) {
        return BaseFailWith(ERROR_INVALID_PARAMETER);
    }
    if (BaseAttributeSize(Attribute, Size) != Size) {
        return BaseFailWith(ERROR_BAD_LENGTH);
    }
    for (DWORD i = 0; i < List->Count; i++) {
        if (List->Entry[i].Attribute == Attribute) {
            return BaseFailWith(698 /* ERROR_OBJECT_NAME_EXISTS */);
        }
    }
    if (List->Count == List->Room) {
        return BaseFailWith(ERROR_GEN_FAILURE);
    }
    List->Entry[List->Count++] = (BASE_ATTRIBUTE){Attribute, Value, Size};
    return TRUE;
}

VOID WINAPI
DeleteProcThreadAttributeList(LPPROC_THREAD_ATTRIBUTE_LIST List)
{
    List->Count = 0;
}

PVOID
BaseFindAttribute(LPPROC_THREAD_ATTRIBUTE_LIST List, DWORD_PTR Attribute, PSIZE_T Size)
{
    for (DWORD i = 0; List != NULL && i < List->Count; i++) {
        if (List->Entry[i].Attribute == Attribute) {
            *Size = List->Entry[i].Size;
            return List->Entry[i].Value;
        }
    }
    return NULL;
}
