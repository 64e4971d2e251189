/*
 * openreparse.c - reparse points that a create is to open instead of being sent elsewhere by them.
 *
 * The list hangs on the create as an extra create parameter, ECP_TYPE_OPEN_REPARSE_GUID, whose entries are the filters' memory;
 * the file system reads them. [DDI: FltAddOpenReparseEntry, FltRemoveOpenReparseEntry, FltCopyOpenReparseList,
 * FltFreeOpenReparseList; ntifs: OPEN_REPARSE_LIST_ENTRY]
 *
 *   O1  A filter is referenced for each entry of its own; a copied list refers to the filter that copied it once.
 *   O2  A copied list has entries of its own, which FltFreeOpenReparseList frees.
 */
#include <initguid.h>
#include "fltp.h"

/* The parameter of that create; Create: made, with its list, if there is none. */
static NTSTATUS
FltpOpenReparseList(PFLT_FILTER Filter, PFLT_CALLBACK_DATA Data, BOOLEAN Create,
                    POPEN_REPARSE_LIST *Result)
{
    PECP_LIST EcpList;
    POPEN_REPARSE_LIST List;
    NTSTATUS Status;

    *Result = NULL;
    if (!FLT_IS_IRP_OPERATION(Data) || Data->Iopb->MajorFunction != IRP_MJ_CREATE) {
        return STATUS_INVALID_PARAMETER_2;
    }
    Status = FltGetEcpListFromCallbackData(Filter, Data, &EcpList);
    if (NT_SUCCESS(Status) && EcpList == NULL && Create) {
        Status = FltAllocateExtraCreateParameterList(Filter, 0, &EcpList);
        if (NT_SUCCESS(Status)) {
            Status = FltSetEcpListIntoCallbackData(Filter, Data, EcpList);
            if (!NT_SUCCESS(Status)) {
                FltFreeExtraCreateParameterList(Filter, EcpList);
            }
        }
    }
    if (!NT_SUCCESS(Status) || EcpList == NULL) {
        return Status;
    }
    Status = FltFindExtraCreateParameter(Filter, EcpList, &ECP_TYPE_OPEN_REPARSE_GUID,
                                         (PVOID *)Result, NULL);
    if (NT_SUCCESS(Status)) {
        return Status;
    }
    *Result = NULL;
    if (!Create) {
        return STATUS_SUCCESS;
    }
    Status = FltAllocateExtraCreateParameter(Filter, &ECP_TYPE_OPEN_REPARSE_GUID, sizeof(*List), 0,
                                             NULL, FLTP_TAG_OPERATION, (PVOID *)&List);
    if (NT_SUCCESS(Status)) {
        InitializeListHead(&List->OpenReparseList);
        Status = FltInsertExtraCreateParameter(Filter, EcpList, List);
        if (NT_SUCCESS(Status)) {
            *Result = List;
        } else {
            FltFreeExtraCreateParameter(Filter, List);
        }
    }
    return Status;
}

NTSTATUS FLTAPI
FltAddOpenReparseEntry(PFLT_FILTER Filter, PFLT_CALLBACK_DATA Data,
                       POPEN_REPARSE_LIST_ENTRY OpenReparseEntry)
{
    POPEN_REPARSE_LIST List;
    NTSTATUS Status = FltpOpenReparseList(Filter, Data, TRUE, &List);

    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    Status = FltObjectReference(Filter); /* O1 */
    if (NT_SUCCESS(Status)) {
        InsertTailList(&List->OpenReparseList, &OpenReparseEntry->OpenReparseListEntry);
    }
    return Status;
}

VOID FLTAPI
FltRemoveOpenReparseEntry(PFLT_FILTER Filter, PFLT_CALLBACK_DATA Data,
                          POPEN_REPARSE_LIST_ENTRY OpenReparseEntry)
{
    RemoveEntryList(&OpenReparseEntry->OpenReparseListEntry);
    FltObjectDereference(Filter);
}

VOID FLTAPI
FltFreeOpenReparseList(PFLT_FILTER Filter, PECP_LIST EcpList)
{
    POPEN_REPARSE_LIST List;

    if (!NT_SUCCESS(FltRemoveExtraCreateParameter(Filter, EcpList, &ECP_TYPE_OPEN_REPARSE_GUID,
                                                  (PVOID *)&List, NULL))) {
        return;
    }
    while (!IsListEmpty(&List->OpenReparseList)) {
        ExFreePoolWithTag(CONTAINING_RECORD(RemoveHeadList(&List->OpenReparseList),
                                            OPEN_REPARSE_LIST_ENTRY, OpenReparseListEntry),
                          FLTP_TAG_OPERATION);
    }
    FltFreeExtraCreateParameter(Filter, List);
    FltObjectDereference(Filter); /* O1 */
}

static NTSTATUS
FltpCopyEntries(POPEN_REPARSE_LIST From, POPEN_REPARSE_LIST To)
{
    for (PLIST_ENTRY Entry = From->OpenReparseList.Flink; Entry != &From->OpenReparseList;
         Entry = Entry->Flink) {
        POPEN_REPARSE_LIST_ENTRY Copy =
            ExAllocatePoolWithTag(PagedPool, sizeof(*Copy), FLTP_TAG_OPERATION);

        if (Copy == NULL) {
            return STATUS_INSUFFICIENT_RESOURCES;
        }
        *Copy = *CONTAINING_RECORD(Entry, OPEN_REPARSE_LIST_ENTRY, OpenReparseListEntry);
        Copy->Flags &= ~OPEN_REPARSE_POINT_TAG_ENCOUNTERED; /* another create's answer */
        Copy->RemainingLength = 0;
        InsertTailList(&To->OpenReparseList, &Copy->OpenReparseListEntry);
    }
    return STATUS_SUCCESS;
}

NTSTATUS FLTAPI
FltCopyOpenReparseList(PFLT_FILTER Filter, PFLT_CALLBACK_DATA Data, PECP_LIST EcpList)
{
    POPEN_REPARSE_LIST From, To;
    NTSTATUS Status = FltpOpenReparseList(Filter, Data, FALSE, &From);

    if (!NT_SUCCESS(Status) || From == NULL) {
        return Status;
    }
    Status = FltAllocateExtraCreateParameter(Filter, &ECP_TYPE_OPEN_REPARSE_GUID, sizeof(*To), 0,
                                             NULL, FLTP_TAG_OPERATION, (PVOID *)&To);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    InitializeListHead(&To->OpenReparseList);
    Status = FltInsertExtraCreateParameter(Filter, EcpList, To);
    if (NT_SUCCESS(Status)) {
        Status = FltObjectReference(Filter);
        if (!NT_SUCCESS(Status)) {
            FltRemoveExtraCreateParameter(Filter, EcpList, &ECP_TYPE_OPEN_REPARSE_GUID,
                                          (PVOID *)&To, NULL);
        }
    }
    if (!NT_SUCCESS(Status)) {
        FltFreeExtraCreateParameter(Filter, To);
        return Status;
    }
    Status = FltpCopyEntries(From, To); /* O2 */
    if (!NT_SUCCESS(Status)) {
        FltFreeOpenReparseList(Filter, EcpList);
    }
    return Status;
}
