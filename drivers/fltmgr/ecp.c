/*
 * ecp.c - extra create parameters, as far as minifilters see them: lists that one gives to FltCreateFileEx2 and those
 * below find in the create.
 *
 * [DDI: FltAllocateExtraCreateParameter, FltFindExtraCreateParameter, FltGetEcpListFromCallbackData]
 *
 *   E1  A list goes with the create that it was given to (create.c), by its IRP; the kernel's creates carry none.
 */
#include "fltp.h"

typedef struct _FLTP_ECP {
    LIST_ENTRY Links; /* empty: on no list */
    GUID Type;
    ULONG Size;
    ULONG Tag;
    BOOLEAN Acknowledged;
    PFSRTL_EXTRA_CREATE_PARAMETER_CLEANUP_CALLBACK Cleanup;
    DECLSPEC_ALIGN(16) UCHAR Context[];
} FLTP_ECP, *PFLTP_ECP;

typedef struct _ECP_LIST {
    LIST_ENTRY Parameters;
} FLTP_ECP_LIST;

static PFLTP_ECP
FltpEcp(PVOID Context)
{
    return CONTAINING_RECORD(Context, FLTP_ECP, Context);
}

NTSTATUS FLTAPI
FltAllocateExtraCreateParameterList(PFLT_FILTER Filter, FSRTL_ALLOCATE_ECPLIST_FLAGS Flags,
                                    PECP_LIST *EcpList)
{
    *EcpList = ExAllocatePoolWithTag(PagedPool, sizeof(FLTP_ECP_LIST), FLTP_TAG_TEMP);
    if (*EcpList == NULL) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    InitializeListHead(&(*EcpList)->Parameters);
    return STATUS_SUCCESS;
}

NTSTATUS FLTAPI
FltAllocateExtraCreateParameter(PFLT_FILTER Filter, LPCGUID EcpType, ULONG SizeOfContext,
                                FSRTL_ALLOCATE_ECP_FLAGS Flags,
                                PFSRTL_EXTRA_CREATE_PARAMETER_CLEANUP_CALLBACK CleanupCallback,
                                ULONG PoolTag, PVOID *EcpContext)
{
    PFLTP_ECP Ecp = ExAllocatePoolWithTag(
        (Flags & FSRTL_ALLOCATE_ECP_FLAG_NONPAGED_POOL) ? NonPagedPool : PagedPool,
        sizeof(*Ecp) + SizeOfContext, PoolTag);

    *EcpContext = NULL;
    if (Ecp == NULL) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    RtlZeroMemory(Ecp, sizeof(*Ecp) + SizeOfContext);
    InitializeListHead(&Ecp->Links);
    Ecp->Type = *EcpType;
    Ecp->Size = SizeOfContext;
    Ecp->Tag = PoolTag;
    Ecp->Cleanup = CleanupCallback;
    *EcpContext = Ecp->Context;
    return STATUS_SUCCESS;
}

VOID FLTAPI
FltFreeExtraCreateParameter(PFLT_FILTER Filter, PVOID EcpContext)
{
    PFLTP_ECP Ecp = FltpEcp(EcpContext);

    if (Ecp->Cleanup != NULL) {
        Ecp->Cleanup(EcpContext, &Ecp->Type);
    }
    ExFreePoolWithTag(Ecp, Ecp->Tag);
}

VOID FLTAPI
FltFreeExtraCreateParameterList(PFLT_FILTER Filter, PECP_LIST EcpList)
{
    while (!IsListEmpty(&EcpList->Parameters)) {
        FltFreeExtraCreateParameter(
            Filter,
            CONTAINING_RECORD(RemoveHeadList(&EcpList->Parameters), FLTP_ECP, Links)->Context);
    }
    ExFreePoolWithTag(EcpList, FLTP_TAG_TEMP);
}

static PFLTP_ECP
FltpFindEcp(PECP_LIST EcpList, LPCGUID EcpType)
{
    for (PLIST_ENTRY Entry = EcpList->Parameters.Flink; Entry != &EcpList->Parameters;
         Entry = Entry->Flink) {
        PFLTP_ECP Ecp = CONTAINING_RECORD(Entry, FLTP_ECP, Links);

        if (RtlCompareMemory(&Ecp->Type, EcpType, sizeof(GUID)) == sizeof(GUID)) {
            return Ecp;
        }
    }
    return NULL;
}

NTSTATUS FLTAPI
FltInsertExtraCreateParameter(PFLT_FILTER Filter, PECP_LIST EcpList, PVOID EcpContext)
{
    PFLTP_ECP Ecp = FltpEcp(EcpContext);

    if (!IsListEmpty(&Ecp->Links) || FltpFindEcp(EcpList, &Ecp->Type) != NULL) {
        return STATUS_INVALID_PARAMETER;
    }
    InsertTailList(&EcpList->Parameters, &Ecp->Links);
    return STATUS_SUCCESS;
}

NTSTATUS FLTAPI
FltFindExtraCreateParameter(PFLT_FILTER Filter, PECP_LIST EcpList, LPCGUID EcpType,
                            PVOID *EcpContext, ULONG *EcpContextSize)
{
    PFLTP_ECP Ecp = FltpFindEcp(EcpList, EcpType);

    if (Ecp == NULL) {
        return STATUS_NOT_FOUND;
    }
    if (EcpContext != NULL) {
        *EcpContext = Ecp->Context;
    }
    if (EcpContextSize != NULL) {
        *EcpContextSize = Ecp->Size;
    }
    return STATUS_SUCCESS;
}

NTSTATUS FLTAPI
FltRemoveExtraCreateParameter(PFLT_FILTER Filter, PECP_LIST EcpList, LPCGUID EcpType,
                              PVOID *EcpContext, ULONG *EcpContextSize)
{
    NTSTATUS Status =
        FltFindExtraCreateParameter(Filter, EcpList, EcpType, EcpContext, EcpContextSize);

    if (NT_SUCCESS(Status)) {
        PFLTP_ECP Ecp = FltpFindEcp(EcpList, EcpType);

        RemoveEntryList(&Ecp->Links);
        InitializeListHead(&Ecp->Links);
    }
    return Status;
}

NTSTATUS FLTAPI
FltGetNextExtraCreateParameter(PFLT_FILTER Filter, PECP_LIST EcpList, PVOID CurrentEcpContext,
                               LPGUID NextEcpType, PVOID *NextEcpContext, ULONG *NextEcpContextSize)
{
    PLIST_ENTRY Next = CurrentEcpContext != NULL ? FltpEcp(CurrentEcpContext)->Links.Flink
                                                 : EcpList->Parameters.Flink;
    PFLTP_ECP Ecp = CONTAINING_RECORD(Next, FLTP_ECP, Links);

    if (Next == &EcpList->Parameters) {
        return STATUS_NOT_FOUND;
    }
    if (NextEcpType != NULL) {
        *NextEcpType = Ecp->Type;
    }
    if (NextEcpContext != NULL) {
        *NextEcpContext = Ecp->Context;
    }
    if (NextEcpContextSize != NULL) {
        *NextEcpContextSize = Ecp->Size;
    }
    return STATUS_SUCCESS;
}

NTSTATUS FLTAPI
FltGetEcpListFromCallbackData(PFLT_FILTER Filter, PFLT_CALLBACK_DATA CallbackData,
                              PECP_LIST *EcpList)
{
    *EcpList = FltpOperation(CallbackData)->EcpList; /* E1; NULL and success: none */
    return CallbackData->Iopb->MajorFunction == IRP_MJ_CREATE ? STATUS_SUCCESS
                                                              : STATUS_INVALID_PARAMETER;
}

NTSTATUS FLTAPI
FltSetEcpListIntoCallbackData(PFLT_FILTER Filter, PFLT_CALLBACK_DATA CallbackData,
                              PECP_LIST EcpList)
{
    if (CallbackData->Iopb->MajorFunction != IRP_MJ_CREATE ||
        FltpOperation(CallbackData)->EcpList != NULL) {
        return STATUS_INVALID_PARAMETER;
    }
    FltpOperation(CallbackData)->EcpList = EcpList;
    return STATUS_SUCCESS;
}

BOOLEAN FLTAPI
FltIsEcpAcknowledged(PFLT_FILTER Filter, PVOID EcpContext)
{
    return FltpEcp(EcpContext)->Acknowledged;
}

VOID FLTAPI
FltAcknowledgeEcp(PFLT_FILTER Filter, PVOID EcpContext)
{
    FltpEcp(EcpContext)->Acknowledged = TRUE;
}

BOOLEAN FLTAPI
FltIsEcpFromUserMode(PFLT_FILTER Filter, PVOID EcpContext)
{
    return FALSE; /* programs have no way to pass any here */
}
