/*
 * quota.c - quotas of users on a volume: the file system keeps them, or has none. [ntifs: ZwQueryQuotaInformationFile,
 * ZwSetQuotaInformationFile, IoCheckQuotaBufferValidity, FILE_QUOTA_INFORMATION, FILE_GET_QUOTA_INFORMATION]
 *
 * What a file system gets is checked here: lists that end within their buffer, security identifiers that are ones.
 */
#include "nt/io/iop.h"
#include "nt/io/lists.h"

/* Is there a whole security identifier of that length? */
static BOOLEAN
IopIsSid(const VOID *Sid, ULONG Length, ULONG Room)
{
    return Length <= Room && Length >= FIELD_OFFSET(SID, SubAuthority) &&
           RtlLengthRequiredSid(((const SID *)Sid)->SubAuthorityCount) == Length &&
           RtlValidSid((PSID)Sid);
}

/* Entries of which each says where the next begins, then how long its identifier is, which begins at Header. */
static BOOLEAN
IopIsQuotaList(const UCHAR *List, ULONG Length, ULONG Header, PULONG Wrong)
{
    for (ULONG At = 0;;) {
        const ULONG *Entry = (const ULONG *)(List + At); /* NextEntryOffset, SidLength */
        ULONG Left = Length - At;

        *Wrong = At;
        if (Left < Header || !IopIsSid(List + At + Header, Entry[1], Left - Header)) {
            return FALSE;
        }
        if (Entry[0] == 0) {
            return TRUE;
        }
        if (Entry[0] < Header + Entry[1] || (Entry[0] & 7) != 0 || Entry[0] >= Left) {
            return FALSE;
        }
        At += Entry[0];
    }
}

NTSTATUS NTAPI
IoCheckQuotaBufferValidity(PFILE_QUOTA_INFORMATION QuotaBuffer, ULONG QuotaLength,
                           PULONG ErrorOffset)
{
    return IopIsQuotaList((PUCHAR)QuotaBuffer, QuotaLength,
                          FIELD_OFFSET(FILE_QUOTA_INFORMATION, Sid), ErrorOffset)
               ? STATUS_SUCCESS
               : STATUS_QUOTA_LIST_INCONSISTENT;
}

static NTSTATUS
IopCaptureSid(PSID Sid, KPROCESSOR_MODE Mode, PVOID *Copy)
{
    ULONG Length = 0;
    NTSTATUS Status = STATUS_SUCCESS;

    *Copy = NULL;
    if (Sid == NULL) {
        return STATUS_SUCCESS;
    }
    __try {
        if (Mode != KernelMode) {
            ProbeForRead(Sid, FIELD_OFFSET(SID, SubAuthority), sizeof(ULONG));
        }
        Length = RtlLengthRequiredSid(((SID *)Sid)->SubAuthorityCount);
    } __except (EXCEPTION_EXECUTE_HANDLER) {
        return GetExceptionCode();
    }
    Status = IopCaptureList(Sid, Length, Mode, Copy);
    return NT_SUCCESS(Status) && !IopIsSid(*Copy, Length, Length) ? STATUS_INVALID_SID : Status;
}

NTSTATUS NTAPI
NtQueryQuotaInformationFile(HANDLE FileHandle, PIO_STATUS_BLOCK IoStatusBlock, PVOID Buffer,
                            ULONG Length, BOOLEAN ReturnSingleEntry, PVOID SidList,
                            ULONG SidListLength, PSID StartSid, BOOLEAN RestartScan)
{
    PVOID Sids = NULL, Start = NULL;
    PIO_STACK_LOCATION Stack;
    IOP_REQUEST Request;
    NTSTATUS Status;
    ULONG Wrong;
    IOP_WAIT Wait;
    PIRP Irp;

    Status =
        IopBeginList(FileHandle, FILE_READ_DATA, IoStatusBlock, Buffer, Length, TRUE, &Request);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    Status = IopCaptureList(SidList, SidListLength, Request.Mode, &Sids);
    if (NT_SUCCESS(Status) && Sids != NULL &&
        !IopIsQuotaList(Sids, SidListLength, FIELD_OFFSET(FILE_GET_QUOTA_INFORMATION, Sid),
                        &Wrong)) {
        Status = STATUS_QUOTA_LIST_INCONSISTENT;
    }
    if (NT_SUCCESS(Status)) {
        Status = IopCaptureSid(StartSid, Request.Mode, &Start);
    }
    Status = IopListIrp(Status, &Request, &Wait, IoStatusBlock, IRP_MJ_QUERY_QUOTA, Buffer, Length,
                        TRUE, &Irp);
    if (Status != STATUS_SUCCESS) {
        goto FreeLists;
    }
    Stack = IoGetNextIrpStackLocation(Irp);
    Stack->Flags = (ReturnSingleEntry ? SL_RETURN_SINGLE_ENTRY : 0) |
                   (RestartScan ? SL_RESTART_SCAN : 0) | (Start != NULL ? SL_INDEX_SPECIFIED : 0);
    Stack->Parameters.QueryQuota.Length = Length;
    Stack->Parameters.QueryQuota.StartSid = Start;
    Stack->Parameters.QueryQuota.SidList = Sids;
    Stack->Parameters.QueryQuota.SidListLength = Sids != NULL ? SidListLength : 0;
    Status = IopSendAndWait(Irp, &Request, &Wait, IoStatusBlock);

FreeLists:
    IopFreeList(Start);
    IopFreeList(Sids);
    return Status;
}

NTSTATUS NTAPI
NtSetQuotaInformationFile(HANDLE FileHandle, PIO_STATUS_BLOCK IoStatusBlock, PVOID Buffer,
                          ULONG Length)
{
    PIO_STACK_LOCATION Stack;
    IOP_REQUEST Request;
    NTSTATUS Status;
    IOP_WAIT Wait;
    PIRP Irp;

    Status =
        IopBeginList(FileHandle, FILE_WRITE_DATA, IoStatusBlock, Buffer, Length, FALSE, &Request);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    Status = IopListIrp(Status, &Request, &Wait, IoStatusBlock, IRP_MJ_SET_QUOTA, Buffer, Length,
                        FALSE, &Irp);
    if (Status != STATUS_SUCCESS) {
        return Status;
    }
    Status = IopCheckList(Irp, &Request, IoStatusBlock, Buffer, Length);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    Stack = IoGetNextIrpStackLocation(Irp);
    Stack->Parameters.SetQuota.Length = Length;
    return IopSendAndWait(Irp, &Request, &Wait, IoStatusBlock);
}
