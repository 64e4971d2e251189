/*
 * ecp.c - extra create parameters for minifilters: the kernel's (FsRtl...), which exist from Vista on.
 *
 * [DDI: FltAllocateExtraCreateParameter, FltFindExtraCreateParameter, FltGetEcpListFromCallbackData]
 *
 *   E1  A list that FltSetEcpListIntoCallbackData gives to a create is freed with it; one given to FltCreateFileEx2 is the
 *       caller's.
 */
#include "fltp.h"

NTSTATUS FLTAPI
FltAllocateExtraCreateParameterList(PFLT_FILTER Filter, FSRTL_ALLOCATE_ECPLIST_FLAGS Flags,
                                    PECP_LIST *EcpList)
{
    return FltpKernel.FsRtlAllocateExtraCreateParameterList == NULL
               ? STATUS_NOT_SUPPORTED
               : FltpKernel.FsRtlAllocateExtraCreateParameterList(Flags, EcpList);
}

NTSTATUS FLTAPI
FltAllocateExtraCreateParameter(PFLT_FILTER Filter, LPCGUID EcpType, ULONG SizeOfContext,
                                FSRTL_ALLOCATE_ECP_FLAGS Flags,
                                PFSRTL_EXTRA_CREATE_PARAMETER_CLEANUP_CALLBACK CleanupCallback,
                                ULONG PoolTag, PVOID *EcpContext)
{
    return FltpKernel.FsRtlAllocateExtraCreateParameter == NULL
               ? STATUS_NOT_SUPPORTED
               : FltpKernel.FsRtlAllocateExtraCreateParameter(EcpType, SizeOfContext, Flags,
                                                              CleanupCallback, PoolTag, EcpContext);
}

NTSTATUS FLTAPI
FltAllocateExtraCreateParameterFromLookasideList(
    PFLT_FILTER Filter, LPCGUID EcpType, ULONG SizeOfContext, FSRTL_ALLOCATE_ECP_FLAGS Flags,
    PFSRTL_EXTRA_CREATE_PARAMETER_CLEANUP_CALLBACK CleanupCallback, PVOID LookasideList,
    PVOID *EcpContext)
{
    return FltpKernel.FsRtlAllocateExtraCreateParameterFromLookasideList == NULL
               ? STATUS_NOT_SUPPORTED
               : FltpKernel.FsRtlAllocateExtraCreateParameterFromLookasideList(
                     EcpType, SizeOfContext, Flags, CleanupCallback, LookasideList, EcpContext);
}

VOID FLTAPI
FltInitExtraCreateParameterLookasideList(PFLT_FILTER Filter, PVOID Lookaside,
                                         FSRTL_ECP_LOOKASIDE_FLAGS Flags, SIZE_T Size, ULONG Tag)
{
    if (FltpKernel.FsRtlInitExtraCreateParameterLookasideList != NULL) {
        FltpKernel.FsRtlInitExtraCreateParameterLookasideList(Lookaside, Flags, Size, Tag);
    }
}

VOID FLTAPI
FltDeleteExtraCreateParameterLookasideList(PFLT_FILTER Filter, PVOID Lookaside,
                                           FSRTL_ECP_LOOKASIDE_FLAGS Flags)
{
    if (FltpKernel.FsRtlDeleteExtraCreateParameterLookasideList != NULL) {
        FltpKernel.FsRtlDeleteExtraCreateParameterLookasideList(Lookaside, Flags);
    }
}

/* From here on there is a parameter or a list, so there are the routines. */

VOID FLTAPI
FltFreeExtraCreateParameter(PFLT_FILTER Filter, PVOID EcpContext)
{
    FltpKernel.FsRtlFreeExtraCreateParameter(EcpContext);
}

VOID FLTAPI
FltFreeExtraCreateParameterList(PFLT_FILTER Filter, PECP_LIST EcpList)
{
    FltpKernel.FsRtlFreeExtraCreateParameterList(EcpList);
}

NTSTATUS FLTAPI
FltInsertExtraCreateParameter(PFLT_FILTER Filter, PECP_LIST EcpList, PVOID EcpContext)
{
    return FltpKernel.FsRtlInsertExtraCreateParameter(EcpList, EcpContext);
}

NTSTATUS FLTAPI
FltFindExtraCreateParameter(PFLT_FILTER Filter, PECP_LIST EcpList, LPCGUID EcpType,
                            PVOID *EcpContext, ULONG *EcpContextSize)
{
    return FltpKernel.FsRtlFindExtraCreateParameter(EcpList, EcpType, EcpContext, EcpContextSize);
}

NTSTATUS FLTAPI
FltRemoveExtraCreateParameter(PFLT_FILTER Filter, PECP_LIST EcpList, LPCGUID EcpType,
                              PVOID *EcpContext, ULONG *EcpContextSize)
{
    return FltpKernel.FsRtlRemoveExtraCreateParameter(EcpList, EcpType, EcpContext, EcpContextSize);
}

NTSTATUS FLTAPI
FltGetNextExtraCreateParameter(PFLT_FILTER Filter, PECP_LIST EcpList, PVOID CurrentEcpContext,
                               LPGUID NextEcpType, PVOID *NextEcpContext, ULONG *NextEcpContextSize)
{
    return FltpKernel.FsRtlGetNextExtraCreateParameter(EcpList, CurrentEcpContext, NextEcpType,
                                                       NextEcpContext, NextEcpContextSize);
}

NTSTATUS FLTAPI
FltGetEcpListFromCallbackData(PFLT_FILTER Filter, PFLT_CALLBACK_DATA CallbackData,
                              PECP_LIST *EcpList)
{
    *EcpList = NULL;
    if (CallbackData->Iopb->MajorFunction != IRP_MJ_CREATE) {
        return STATUS_INVALID_PARAMETER;
    }
    return FltpKernel.FsRtlGetEcpListFromIrp == NULL
               ? STATUS_SUCCESS
               : FltpKernel.FsRtlGetEcpListFromIrp(FltpOperation(CallbackData)->Irp, EcpList);
}

/* E1 */
NTSTATUS FLTAPI
FltSetEcpListIntoCallbackData(PFLT_FILTER Filter, PFLT_CALLBACK_DATA CallbackData,
                              PECP_LIST EcpList)
{
    return CallbackData->Iopb->MajorFunction != IRP_MJ_CREATE
               ? STATUS_INVALID_PARAMETER
               : FltpKernel.FsRtlSetEcpListIntoIrp(FltpOperation(CallbackData)->Irp, EcpList);
}

BOOLEAN FLTAPI
FltIsEcpAcknowledged(PFLT_FILTER Filter, PVOID EcpContext)
{
    return FltpKernel.FsRtlIsEcpAcknowledged(EcpContext);
}

VOID FLTAPI
FltAcknowledgeEcp(PFLT_FILTER Filter, PVOID EcpContext)
{
    FltpKernel.FsRtlAcknowledgeEcp(EcpContext);
}

VOID FLTAPI
FltPrepareToReuseEcp(PFLT_FILTER Filter, PVOID EcpContext)
{
    FltpKernel.FsRtlPrepareToReuseEcp(EcpContext);
}

BOOLEAN FLTAPI
FltIsEcpFromUserMode(PFLT_FILTER Filter, PVOID EcpContext)
{
    return FltpKernel.FsRtlIsEcpFromUserMode(EcpContext);
}
