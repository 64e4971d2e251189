/*
 * ea.c - extended attributes: the form of the buffers. [ntifs: IoCheckEaBufferValidity]
 * NtQueryEaFile and NtSetEaFile wait for the file system; the list of names is checked there.
 */
#include "nt/io/iop.h"
#include "nt/io/lists.h"

NTSTATUS NTAPI
IoCheckEaBufferValidity(PFILE_FULL_EA_INFORMATION EaBuffer, ULONG EaLength, PULONG ErrorOffset)
{
    PUCHAR Start = (PUCHAR)EaBuffer;
    PFILE_FULL_EA_INFORMATION Ea = EaBuffer;
    ULONG Size;

    for (;;) {
        *ErrorOffset = (ULONG)((PUCHAR)Ea - Start);
        if (EaLength < FIELD_OFFSET(FILE_FULL_EA_INFORMATION, EaName)) {
            return STATUS_EA_LIST_INCONSISTENT;
        }
        Size = FIELD_OFFSET(FILE_FULL_EA_INFORMATION, EaName) + Ea->EaNameLength + 1 +
               Ea->EaValueLength;
        if (EaLength < Size || Ea->EaName[Ea->EaNameLength] != 0) {
            return STATUS_EA_LIST_INCONSISTENT;
        }
        if (Ea->NextEntryOffset == 0) {
            return STATUS_SUCCESS;
        }
        if (Ea->NextEntryOffset != ((Size + 3) & ~3u) || Ea->NextEntryOffset >= EaLength) {
            return STATUS_EA_LIST_INCONSISTENT;
        }
        EaLength -= Ea->NextEntryOffset;
        Ea = (PFILE_FULL_EA_INFORMATION)((PUCHAR)Ea + Ea->NextEntryOffset);
    }
}

/* The names that are asked for: each within the list, and each entry behind the one before. A file system relies on that. */
static BOOLEAN
IopIsEaNameList(const UCHAR *List, ULONG Length)
{
    for (ULONG At = 0;;) {
        const FILE_GET_EA_INFORMATION *Entry = (const VOID *)(List + At);
        ULONG Left = Length - At, Header = FIELD_OFFSET(FILE_GET_EA_INFORMATION, EaName);

        if (Left < Header || Left - Header < (ULONG)Entry->EaNameLength + 1) {
            return FALSE;
        }
        if (Entry->NextEntryOffset == 0) {
            return TRUE;
        }
        if (Entry->NextEntryOffset < Header + Entry->EaNameLength + 1 ||
            (Entry->NextEntryOffset & 3) != 0 || Entry->NextEntryOffset >= Left) {
            return FALSE;
        }
        At += Entry->NextEntryOffset;
    }
}

static NTSTATUS
IopEaRequest(HANDLE FileHandle, PIO_STATUS_BLOCK Iosb, PVOID Buffer, ULONG Length, PVOID List,
             ULONG ListLength, PULONG Index, UCHAR Flags, BOOLEAN Set)
{
    PVOID Names = NULL;
    PIO_STACK_LOCATION Stack;
    IOP_REQUEST Request;
    ULONG Start = 0;
    NTSTATUS Status;
    IOP_WAIT Wait;
    PIRP Irp;

    Status = IopBeginList(FileHandle, Set ? FILE_WRITE_EA : FILE_READ_EA, Iosb, Buffer, Length,
                          !Set, &Request);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    Status = IopCaptureUlong(Index, Request.Mode, &Start);
    if (NT_SUCCESS(Status)) {
        Status = IopCaptureList(List, ListLength, Request.Mode, &Names);
    }
    if (NT_SUCCESS(Status) && Names != NULL && !IopIsEaNameList(Names, ListLength)) {
        Status = STATUS_EA_LIST_INCONSISTENT;
    }
    Status = IopListIrp(Status, &Request, &Wait, Iosb, Set ? IRP_MJ_SET_EA : IRP_MJ_QUERY_EA,
                        Buffer, Length, !Set, &Irp);
    if (Status != STATUS_SUCCESS) {
        goto FreeNames;
    }
    if (Set) {
        Status = IopCheckList(Irp, &Request, Iosb, Buffer, Length);
        if (!NT_SUCCESS(Status)) {
            goto FreeNames;
        }
    }
    Stack = IoGetNextIrpStackLocation(Irp);
    Stack->Flags = Flags | (Index != NULL ? SL_INDEX_SPECIFIED : 0);
    if (Set) {
        Stack->Parameters.SetEa.Length = Length;
    } else {
        Stack->Parameters.QueryEa.Length = Length;
        Stack->Parameters.QueryEa.EaList = Names;
        Stack->Parameters.QueryEa.EaListLength = ListLength;
        Stack->Parameters.QueryEa.EaIndex = Start;
    }
    Status = IopSendAndWait(Irp, &Request, &Wait, Iosb);

FreeNames:
    IopFreeList(Names);
    return Status;
}

NTSTATUS NTAPI
NtQueryEaFile(HANDLE FileHandle, PIO_STATUS_BLOCK IoStatusBlock, PVOID Buffer, ULONG Length,
              BOOLEAN ReturnSingleEntry, PVOID EaList, ULONG EaListLength, PULONG EaIndex,
              BOOLEAN RestartScan)
{
    return IopEaRequest(FileHandle, IoStatusBlock, Buffer, Length, EaList, EaListLength, EaIndex,
                        (ReturnSingleEntry ? SL_RETURN_SINGLE_ENTRY : 0) |
                            (RestartScan ? SL_RESTART_SCAN : 0),
                        FALSE);
}

NTSTATUS NTAPI
NtSetEaFile(HANDLE FileHandle, PIO_STATUS_BLOCK IoStatusBlock, PVOID Buffer, ULONG Length)
{
    return IopEaRequest(FileHandle, IoStatusBlock, Buffer, Length, NULL, 0, NULL, 0, TRUE);
}
