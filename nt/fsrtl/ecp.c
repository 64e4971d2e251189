/*
 * ecp.c - extra create parameters: what one driver tells those below about a create. [ntifs: FsRtlAllocateExtraCreateParameter,
 * FsRtlFindExtraCreateParameter, FsRtlSetEcpListIntoIrp; IFS: system-defined-ecps]
 *
 *   E1  A list comes with IoCreateFileEx, whose caller frees it, or is put into a create's IRP on its way, and then goes
 *       when the create is over. It hangs on the file object that is being opened.
 *   E2  A parameter is on one list at most; a list has one of each type.
 */
#include "nt/fsrtl/fsrtlp.h"
#include "nt/inc/ecp.h"

#define ECP_TAG 'pcEF'

typedef struct _ECP_HEADER {
    LIST_ENTRY Links; /* empty: on no list */
    GUID Type;
    ULONG Size;
    ULONG Tag;
    PNPAGED_LOOKASIDE_LIST Lookaside; /* NULL: from the pool */
    BOOLEAN Paged;                    /* Lookaside is a paged one */
    BOOLEAN Acknowledged;
    PFSRTL_EXTRA_CREATE_PARAMETER_CLEANUP_CALLBACK Cleanup;
    DECLSPEC_ALIGN(16) UCHAR Context[];
} ECP_HEADER;

typedef struct _ECP_LIST {
    LIST_ENTRY Parameters;
} ECP_LIST;

static PECP_HEADER
FsRtlpEcp(PVOID Context)
{
    return CONTAINING_RECORD(Context, ECP_HEADER, Context);
}

NTSTATUS NTAPI
FsRtlAllocateExtraCreateParameterList(FSRTL_ALLOCATE_ECPLIST_FLAGS Flags, PECP_LIST *EcpList)
{
    *EcpList = ExAllocatePoolWithTag(PagedPool, sizeof(ECP_LIST), ECP_TAG);
    if (*EcpList == NULL) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    InitializeListHead(&(*EcpList)->Parameters);
    return STATUS_SUCCESS;
}

static NTSTATUS
FsRtlpFillEcp(PECP_HEADER Ecp, LPCGUID Type, ULONG Size, ULONG Tag,
              PFSRTL_EXTRA_CREATE_PARAMETER_CLEANUP_CALLBACK Cleanup, PVOID *Context)
{
    *Context = NULL;
    if (Ecp == NULL) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    RtlZeroMemory(Ecp, sizeof(*Ecp) + Size);
    InitializeListHead(&Ecp->Links);
    Ecp->Type = *Type;
    Ecp->Size = Size;
    Ecp->Tag = Tag;
    Ecp->Cleanup = Cleanup;
    *Context = Ecp->Context;
    return STATUS_SUCCESS;
}

NTSTATUS NTAPI
FsRtlAllocateExtraCreateParameter(LPCGUID EcpType, ULONG SizeOfContext,
                                  FSRTL_ALLOCATE_ECP_FLAGS Flags,
                                  PFSRTL_EXTRA_CREATE_PARAMETER_CLEANUP_CALLBACK CleanupCallback,
                                  ULONG PoolTag, PVOID *EcpContext)
{
    PECP_HEADER Ecp = ExAllocatePoolWithTag(
        Flags & FSRTL_ALLOCATE_ECP_FLAG_NONPAGED_POOL ? NonPagedPool : PagedPool,
        sizeof(*Ecp) + SizeOfContext, PoolTag);

    return FsRtlpFillEcp(Ecp, EcpType, SizeOfContext, PoolTag, CleanupCallback, EcpContext);
}

VOID NTAPI
FsRtlInitExtraCreateParameterLookasideList(PVOID Lookaside, FSRTL_ECP_LOOKASIDE_FLAGS Flags,
                                           SIZE_T Size, ULONG Tag)
{
    if (Flags & FSRTL_ECP_LOOKASIDE_FLAG_NONPAGED_POOL) {
        ExInitializeNPagedLookasideList(Lookaside, NULL, NULL, 0, sizeof(ECP_HEADER) + Size, Tag,
                                        0);
    } else {
        ExInitializePagedLookasideList(Lookaside, NULL, NULL, 0, sizeof(ECP_HEADER) + Size, Tag, 0);
    }
}

VOID NTAPI
FsRtlDeleteExtraCreateParameterLookasideList(PVOID Lookaside, FSRTL_ECP_LOOKASIDE_FLAGS Flags)
{
    if (Flags & FSRTL_ECP_LOOKASIDE_FLAG_NONPAGED_POOL) {
        ExDeleteNPagedLookasideList(Lookaside);
    } else {
        ExDeletePagedLookasideList(Lookaside);
    }
}

NTSTATUS NTAPI
FsRtlAllocateExtraCreateParameterFromLookasideList(
    LPCGUID EcpType, ULONG SizeOfContext, FSRTL_ALLOCATE_ECP_FLAGS Flags,
    PFSRTL_EXTRA_CREATE_PARAMETER_CLEANUP_CALLBACK CleanupCallback, PVOID LookasideList,
    PVOID *EcpContext)
{
    PNPAGED_LOOKASIDE_LIST Lookaside = LookasideList;
    BOOLEAN Paged = (Lookaside->L.Type & 1) != NonPagedPool;
    PECP_HEADER Ecp;
    NTSTATUS Status;

    if (sizeof(*Ecp) + SizeOfContext > Lookaside->L.Size) {
        *EcpContext = NULL;
        return STATUS_INVALID_PARAMETER;
    }
    Ecp = Paged ? ExAllocateFromPagedLookasideList(LookasideList)
                : ExAllocateFromNPagedLookasideList(LookasideList);
    Status =
        FsRtlpFillEcp(Ecp, EcpType, SizeOfContext, Lookaside->L.Tag, CleanupCallback, EcpContext);
    if (NT_SUCCESS(Status)) {
        Ecp->Lookaside = Lookaside;
        Ecp->Paged = Paged;
    }
    return Status;
}

VOID NTAPI
FsRtlFreeExtraCreateParameter(PVOID EcpContext)
{
    PECP_HEADER Ecp = FsRtlpEcp(EcpContext);

    if (Ecp->Cleanup != NULL) {
        Ecp->Cleanup(EcpContext, &Ecp->Type);
    }
    if (Ecp->Lookaside == NULL) {
        ExFreePoolWithTag(Ecp, Ecp->Tag);
    } else if (Ecp->Paged) {
        ExFreeToPagedLookasideList((PPAGED_LOOKASIDE_LIST)Ecp->Lookaside, Ecp);
    } else {
        ExFreeToNPagedLookasideList(Ecp->Lookaside, Ecp);
    }
}

VOID NTAPI
FsRtlFreeExtraCreateParameterList(PECP_LIST EcpList)
{
    while (!IsListEmpty(&EcpList->Parameters)) {
        FsRtlFreeExtraCreateParameter(
            CONTAINING_RECORD(RemoveHeadList(&EcpList->Parameters), ECP_HEADER, Links)->Context);
    }
    ExFreePoolWithTag(EcpList, ECP_TAG);
}

static PECP_HEADER
FsRtlpFindEcp(PECP_LIST EcpList, LPCGUID EcpType)
{
    for (PLIST_ENTRY Entry = EcpList->Parameters.Flink; Entry != &EcpList->Parameters;
         Entry = Entry->Flink) {
        PECP_HEADER Ecp = CONTAINING_RECORD(Entry, ECP_HEADER, Links);

        if (RtlCompareMemory(&Ecp->Type, EcpType, sizeof(GUID)) == sizeof(GUID)) {
            return Ecp;
        }
    }
    return NULL;
}

/* E2 */
NTSTATUS NTAPI
FsRtlInsertExtraCreateParameter(PECP_LIST EcpList, PVOID EcpContext)
{
    PECP_HEADER Ecp = FsRtlpEcp(EcpContext);

    if (!IsListEmpty(&Ecp->Links) || FsRtlpFindEcp(EcpList, &Ecp->Type) != NULL) {
        return STATUS_INVALID_PARAMETER;
    }
    InsertTailList(&EcpList->Parameters, &Ecp->Links);
    return STATUS_SUCCESS;
}

static VOID
FsRtlpTellEcp(PECP_HEADER Ecp, PVOID *Context, ULONG *Size)
{
    if (Context != NULL) {
        *Context = Ecp->Context;
    }
    if (Size != NULL) {
        *Size = Ecp->Size;
    }
}

NTSTATUS NTAPI
FsRtlFindExtraCreateParameter(PECP_LIST EcpList, LPCGUID EcpType, PVOID *EcpContext,
                              ULONG *EcpContextSize)
{
    PECP_HEADER Ecp = FsRtlpFindEcp(EcpList, EcpType);

    if (Ecp == NULL) {
        return STATUS_NOT_FOUND;
    }
    FsRtlpTellEcp(Ecp, EcpContext, EcpContextSize);
    return STATUS_SUCCESS;
}

NTSTATUS NTAPI
FsRtlRemoveExtraCreateParameter(PECP_LIST EcpList, LPCGUID EcpType, PVOID *EcpContext,
                                ULONG *EcpContextSize)
{
    PECP_HEADER Ecp = FsRtlpFindEcp(EcpList, EcpType);

    if (Ecp == NULL) {
        return STATUS_NOT_FOUND;
    }
    RemoveEntryList(&Ecp->Links);
    InitializeListHead(&Ecp->Links);
    FsRtlpTellEcp(Ecp, EcpContext, EcpContextSize);
    return STATUS_SUCCESS;
}

NTSTATUS NTAPI
FsRtlGetNextExtraCreateParameter(PECP_LIST EcpList, PVOID CurrentEcpContext, LPGUID NextEcpType,
                                 PVOID *NextEcpContext, ULONG *NextEcpContextSize)
{
    PLIST_ENTRY Next = CurrentEcpContext != NULL ? FsRtlpEcp(CurrentEcpContext)->Links.Flink
                                                 : EcpList->Parameters.Flink;
    PECP_HEADER Ecp = CONTAINING_RECORD(Next, ECP_HEADER, Links);

    if (Next == &EcpList->Parameters) {
        return STATUS_NOT_FOUND;
    }
    if (NextEcpType != NULL) {
        *NextEcpType = Ecp->Type;
    }
    FsRtlpTellEcp(Ecp, NextEcpContext, NextEcpContextSize);
    return STATUS_SUCCESS;
}

/* E1 */
static PECP_LIST *
FsRtlpListOf(PIRP Irp, PBOOLEAN *Owned)
{
    PIO_STACK_LOCATION Stack = IoGetCurrentIrpStackLocation(Irp);

    return Stack->MajorFunction != IRP_MJ_CREATE || Stack->FileObject == NULL
               ? NULL
               : IopEcpListOf(Stack->FileObject, Owned);
}

/* No list is success, and NULL. */
NTSTATUS NTAPI
FsRtlGetEcpListFromIrp(PIRP Irp, PECP_LIST *EcpList)
{
    BOOLEAN *Owned;
    PECP_LIST *List = FsRtlpListOf(Irp, &Owned);

    if (List == NULL) {
        return STATUS_INVALID_PARAMETER;
    }
    *EcpList = *List;
    return STATUS_SUCCESS;
}

NTSTATUS NTAPI
FsRtlSetEcpListIntoIrp(PIRP Irp, PECP_LIST EcpList)
{
    BOOLEAN *Owned;
    PECP_LIST *List = FsRtlpListOf(Irp, &Owned);

    if (List == NULL || *List != NULL) {
        return STATUS_INVALID_PARAMETER;
    }
    *List = EcpList;
    *Owned = TRUE;
    return STATUS_SUCCESS;
}

VOID NTAPI
FsRtlAcknowledgeEcp(PVOID EcpContext)
{
    FsRtlpEcp(EcpContext)->Acknowledged = TRUE;
}

BOOLEAN NTAPI
FsRtlIsEcpAcknowledged(PVOID EcpContext)
{
    return FsRtlpEcp(EcpContext)->Acknowledged;
}

/* For another create: as if nobody had seen it. */
VOID NTAPI
FsRtlPrepareToReuseEcp(PVOID EcpContext)
{
    FsRtlpEcp(EcpContext)->Acknowledged = FALSE;
}

/* No system service takes any. */
BOOLEAN NTAPI
FsRtlIsEcpFromUserMode(PVOID EcpContext)
{
    return FALSE;
}
