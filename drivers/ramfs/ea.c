/*
 * ea.c - extended attributes: kept as one packed list of FILE_FULL_EA_INFORMATION, names in upper case.
 * [ntifs: ZwQueryEaFile, ZwSetEaFile]
 */
#include "ramfs.h"

#define RAM_EA_LIMIT 0xFFFFu

static ULONG
RamEaSize(PFILE_FULL_EA_INFORMATION Ea)
{
    return (FIELD_OFFSET(FILE_FULL_EA_INFORMATION, EaName) + Ea->EaNameLength + 1u +
            Ea->EaValueLength + 3) &
           ~3u;
}

/* Offset of an attribute in the list; EaLength: it has none of that name. */
static ULONG
RamFindEa(PUCHAR List, ULONG Length, const CHAR *Name, ULONG NameLength)
{
    ULONG At = 0;

    while (At < Length) {
        PFILE_FULL_EA_INFORMATION Ea = (PVOID)(List + At);

        if (Ea->EaNameLength == NameLength) {
            ULONG i = 0;

            while (i < NameLength && RtlUpperChar(Ea->EaName[i]) == RtlUpperChar(Name[i])) {
                i++;
            }
            if (i == NameLength) {
                return At;
            }
        }
        At += RamEaSize(Ea);
    }
    return Length;
}

BOOLEAN
RamNeedsEa(PRAM_NODE Node)
{
    for (ULONG At = 0; At < Node->EaLength;) {
        PFILE_FULL_EA_INFORMATION Ea = (PVOID)(Node->Ea + At);

        if (Ea->Flags & FILE_NEED_EA) {
            return TRUE;
        }
        At += RamEaSize(Ea);
    }
    return FALSE;
}

static BOOLEAN
RamIsLegalEaName(const CHAR *Name, ULONG Length)
{
    static const CHAR Bad[] = "\\/:*?\"<>|,+=[];";

    if (Length == 0) {
        return FALSE;
    }
    for (ULONG i = 0; i < Length; i++) {
        if ((UCHAR)Name[i] < 0x20) {
            return FALSE;
        }
        for (ULONG j = 0; Bad[j] != 0; j++) {
            if (Name[i] == Bad[j]) {
                return FALSE;
            }
        }
    }
    return TRUE;
}

static BOOLEAN
RamIsLegalEa(PFILE_FULL_EA_INFORMATION Ea)
{
    return RamIsLegalEaName(Ea->EaName, Ea->EaNameLength);
}

/* Does an earlier entry of the list have the same name? */
static BOOLEAN
RamIsAskedBefore(PFILE_GET_EA_INFORMATION List, PFILE_GET_EA_INFORMATION Entry)
{
    for (; List != Entry; List = (PVOID)((PUCHAR)List + List->NextEntryOffset)) {
        STRING One = {List->EaNameLength, List->EaNameLength, List->EaName},
               Two = {Entry->EaNameLength, Entry->EaNameLength, Entry->EaName};

        if (RtlEqualString(&One, &Two, TRUE)) {
            return TRUE;
        }
    }
    return FALSE;
}

/* Each attribute of the list replaces the one of its name; without a value it only removes it. */
NTSTATUS
RamStoreEa(PRAM_NODE Node, PFILE_FULL_EA_INFORMATION Given, ULONG Length, PULONG_PTR Information)
{
    PUCHAR New;
    ULONG Used = Node->EaLength, Error;
    PFILE_FULL_EA_INFORMATION Ea;
    NTSTATUS Status = IoCheckEaBufferValidity(Given, Length, &Error);

    if (!NT_SUCCESS(Status)) {
        *Information = Error;
        return Status;
    }
    if (Node->Reparse != NULL && !RamIsWindows10) {
        return STATUS_EAS_NOT_SUPPORTED;
    }
    New = RamAllocate(Node->EaLength + Length + 8);
    if (New == NULL) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    RtlCopyMemory(New, Node->Ea, Used);
    for (Ea = Given;; Ea = (PVOID)((PUCHAR)Ea + Ea->NextEntryOffset)) {
        ULONG At, Size = RamEaSize(Ea);

        if (!RamIsLegalEa(Ea) || (Ea->Flags & ~FILE_NEED_EA)) {
            *Information = (ULONG_PTR)((PUCHAR)Ea - (PUCHAR)Given);
            RamFree(New);
            return RamIsLegalEa(Ea) ? STATUS_INVALID_EA_NAME : STATUS_INVALID_EA_NAME;
        }
        At = RamFindEa(New, Used, Ea->EaName, Ea->EaNameLength);
        if (At < Used) {
            ULONG Old = RamEaSize((PVOID)(New + At));

            RtlMoveMemory(New + At, New + At + Old, Used - At - Old);
            Used -= Old;
        }
        if (Ea->EaValueLength != 0) {
            PFILE_FULL_EA_INFORMATION Copy = (PVOID)(New + Used);

            RtlCopyMemory(Copy, Ea,
                          FIELD_OFFSET(FILE_FULL_EA_INFORMATION, EaName) + Ea->EaNameLength + 1 +
                              Ea->EaValueLength);
            for (ULONG i = 0; i < Copy->EaNameLength; i++) {
                Copy->EaName[i] = RtlUpperChar(Copy->EaName[i]);
            }
            Used += Size;
        }
        if (Ea->NextEntryOffset == 0) {
            break;
        }
    }
    if (Used > RAM_EA_LIMIT) {
        RamFree(New);
        return STATUS_EA_TOO_LARGE;
    }
    RamFree(Node->Ea);
    Node->Ea = New;
    Node->EaLength = Used;
    return STATUS_SUCCESS;
}

/* The caller's own memory, unless a filter above has the I/O manager copy. */
static PUCHAR
RamEaBuffer(PRAM_REQUEST Request)
{
    PUCHAR Buffer = Request->Irp->AssociatedIrp.SystemBuffer;

    return Buffer != NULL ? Buffer : RamBuffer(Request->Irp);
}

NTSTATUS
RamSetEa(PRAM_REQUEST Request)
{
    ULONG Length = Request->Stack->Parameters.SetEa.Length;
    PUCHAR Given;
    PRAM_NODE Node;
    NTSTATUS Status;

    if (Request->Stream == NULL || RamIsVolumeOpen(Request)) {
        return STATUS_INVALID_PARAMETER;
    }
    Given = RamAllocate(Length); /* what has been checked must stay as it is */
    if (Given == NULL) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    Node = Request->Stream->Node;
    __try {
        RtlCopyMemory(Given, RamEaBuffer(Request), Length);
        ExAcquireResourceExclusiveLite(&Request->Volume->Resource, TRUE);
        Status = RamStoreEa(Node, (PVOID)Given, Length, &Request->Information);
        if (NT_SUCCESS(Status)) {
            RamNow(&Node->ChangeTime);
            RamNoteUsn(Node, USN_REASON_EA_CHANGE);
            RamReportNode(Node, NULL, FILE_NOTIFY_CHANGE_EA, FILE_ACTION_MODIFIED);
        }
        ExReleaseResourceLite(&Request->Volume->Resource);
    } __finally {
        RamFree(Given);
    }
    return Status;
}

/* One attribute behind the last; an absent one has no value. FALSE: no room. */
static BOOLEAN
RamPutEa(PUCHAR Buffer, ULONG Length, PULONG Used, PFILE_FULL_EA_INFORMATION *Last,
         PFILE_FULL_EA_INFORMATION Ea, const CHAR *Name, ULONG NameLength)
{
    ULONG Start = (*Used + 3) & ~3u;
    PFILE_FULL_EA_INFORMATION Put = (PVOID)(Buffer + Start);
    ULONG Size = FIELD_OFFSET(FILE_FULL_EA_INFORMATION, EaName) + NameLength + 1 +
                 (Ea != NULL ? Ea->EaValueLength : 0);

    if (Start + Size > Length) {
        return FALSE;
    }
    Put->NextEntryOffset = 0;
    Put->Flags = Ea != NULL ? Ea->Flags : 0;
    Put->EaNameLength = (UCHAR)NameLength;
    Put->EaValueLength = Ea != NULL ? Ea->EaValueLength : 0;
    RtlCopyMemory(Put->EaName, Ea != NULL ? Ea->EaName : Name, NameLength);
    Put->EaName[NameLength] = 0;
    if (Ea != NULL) {
        RtlCopyMemory(Put->EaName + NameLength + 1, Ea->EaName + Ea->EaNameLength + 1,
                      Ea->EaValueLength);
    }
    if (*Last != NULL) {
        (*Last)->NextEntryOffset = (ULONG)((PUCHAR)Put - (PUCHAR)*Last);
    }
    *Last = Put;
    *Used = Start + Size;
    return TRUE;
}

static NTSTATUS
RamListEa(PRAM_REQUEST Request, PUCHAR Buffer, ULONG Length)
{
    PIO_STACK_LOCATION Stack = Request->Stack;
    PRAM_NODE Node = Request->Stream->Node;
    PFILE_FULL_EA_INFORMATION Last = NULL;
    ULONG Used = 0, At = 0, Index = 0;

    if (Stack->Parameters.QueryEa.EaList != NULL) {
        PFILE_GET_EA_INFORMATION Get = Stack->Parameters.QueryEa.EaList;

        for (;; Get = (PVOID)((PUCHAR)Get + Get->NextEntryOffset)) {
            CHAR Name[256];

            if (!RamIsLegalEaName(Get->EaName, Get->EaNameLength)) {
                return STATUS_INVALID_EA_NAME;
            }
            if (RamIsAskedBefore(Stack->Parameters.QueryEa.EaList, Get)) {
                if (Get->NextEntryOffset == 0) {
                    return STATUS_SUCCESS;
                }
                continue;
            }
            for (ULONG i = 0; i < Get->EaNameLength; i++) {
                Name[i] = RtlUpperChar(Get->EaName[i]);
            }
            At = RamFindEa(Node->Ea, Node->EaLength, Get->EaName, Get->EaNameLength);
            if (!RamPutEa(Buffer, Length, &Used, &Last,
                          At < Node->EaLength ? (PVOID)(Node->Ea + At) : NULL, Name,
                          Get->EaNameLength)) {
                Request->Information = 0; /* all that is asked for, or nothing */
                return STATUS_BUFFER_OVERFLOW;
            }
            Request->Information = Used;
            if (Get->NextEntryOffset == 0) {
                return STATUS_SUCCESS;
            }
        }
    }
    if (Node->EaLength == 0) {
        return STATUS_NO_EAS_ON_FILE;
    }
    if (Stack->Flags & SL_RESTART_SCAN) {
        Request->Ccb->EaIndex = 0;
    }
    for (; At < Node->EaLength; Index++) {
        PFILE_FULL_EA_INFORMATION Ea = (PVOID)(Node->Ea + At);

        At += RamEaSize(Ea);
        if (Index < Request->Ccb->EaIndex) {
            continue;
        }
        if (!RamPutEa(Buffer, Length, &Used, &Last, Ea, NULL, Ea->EaNameLength)) {
            Request->Information = Used;
            return Last == NULL ? STATUS_BUFFER_TOO_SMALL : STATUS_BUFFER_OVERFLOW;
        }
        Request->Ccb->EaIndex = Index + 1;
        Request->Information = Used;
        if (Stack->Flags & SL_RETURN_SINGLE_ENTRY) {
            break;
        }
    }
    return Last == NULL ? STATUS_NO_MORE_EAS : STATUS_SUCCESS;
}

NTSTATUS
RamQueryEa(PRAM_REQUEST Request)
{
    ULONG Length = Request->Stack->Parameters.QueryEa.Length;
    PUCHAR Buffer;
    NTSTATUS Status;

    if (Request->Stream == NULL || RamIsVolumeOpen(Request)) {
        return STATUS_INVALID_PARAMETER;
    }
    Buffer = RamEaBuffer(Request);
    if (Length != 0) { /* what is not filled is zero */
        RtlZeroMemory(Buffer, Length);
    }
    ExAcquireResourceExclusiveLite(&Request->Volume->Resource, TRUE);
    __try {
        Status = RamListEa(Request, Buffer, Length);
    } __finally {
        ExReleaseResourceLite(&Request->Volume->Resource);
    }
    return Status;
}
