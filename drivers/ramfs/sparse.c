/*
 * sparse.c - what of a file is there: FSCTL_SET_SPARSE, FSCTL_SET_ZERO_DATA, FSCTL_QUERY_ALLOCATED_RANGES, FSCTL_FILE_LEVEL_TRIM,
 * FSCTL_QUERY_FILE_REGIONS.
 * Compression is not what this disk does: it says so.
 */
#include "ramfs.h"

static NTSTATUS
RamSetSparse(PRAM_REQUEST Request, BOOLEAN Sparse)
{
    PRAM_STREAM Stream = Request->Stream;
    PRAM_NODE Node = Stream->Node;
    ULONG64 Promised = (ULONG64)Stream->Header.AllocationSize.QuadPart / RAM_CLUSTER;

    if (Node->Directory) {
        return STATUS_INVALID_PARAMETER;
    }
    if (((Node->Attributes & FILE_ATTRIBUTE_SPARSE_FILE) != 0) == (Sparse != 0)) {
        return STATUS_SUCCESS;
    }
    if (Sparse) {
        Node->Attributes |= FILE_ATTRIBUTE_SPARSE_FILE;
        Node->Volume->FreeClusters += Promised - Stream->Resident;
    } else {
        if (Promised - Stream->Resident > Node->Volume->FreeClusters) {
            return STATUS_DISK_FULL;
        }
        Node->Attributes &= ~FILE_ATTRIBUTE_SPARSE_FILE;
        Node->Volume->FreeClusters -= Promised - Stream->Resident;
    }
    RamNoteUsn(Node, USN_REASON_BASIC_INFO_CHANGE);
    return STATUS_SUCCESS;
}

/* [From, To), which lies within the file, reads as zeros. */
static NTSTATUS
RamClear(PRAM_REQUEST Request, LARGE_INTEGER From, LARGE_INTEGER To)
{
    PRAM_STREAM Stream = Request->Stream;
    IO_STATUS_BLOCK Iosb = {};

    if (Stream->Sections.DataSectionObject != NULL) {
        if (CcIsFileCached(Request->FileObject)) {
            RamStartCaching(Request->FileObject, Stream, PAGE_SIZE);
            CcZeroData(Request->FileObject, &From, &To, TRUE);
        }
        CcFlushCache(&Stream->Sections, &From, (ULONG)(To.QuadPart - From.QuadPart), &Iosb);
        if (!NT_SUCCESS(Iosb.Status)) {
            return Iosb.Status;
        }
        CcPurgeCacheSection(&Stream->Sections, &From, (ULONG)(To.QuadPart - From.QuadPart), 0);
    }
    RamNoteChange(Stream);
    ExAcquireResourceExclusiveLite(&Stream->Paging, TRUE);
    RamZeroPages(Stream, (ULONG64)From.QuadPart, (ULONG64)To.QuadPart);
    ExReleaseResourceLite(&Stream->Paging);
    return STATUS_SUCCESS;
}

static NTSTATUS
RamSetZeros(PRAM_REQUEST Request, PFILE_ZERO_DATA_INFORMATION Info)
{
    PRAM_STREAM Stream = Request->Stream;
    LARGE_INTEGER From = Info->FileOffset, To = Info->BeyondFinalZero;
    NTSTATUS Status;

    if (From.QuadPart < 0 || To.QuadPart < From.QuadPart) {
        return STATUS_INVALID_PARAMETER;
    }
    if (To.QuadPart > Stream->Header.FileSize.QuadPart) {
        To = Stream->Header.FileSize;
    }
    if (From.QuadPart >= To.QuadPart) {
        return STATUS_SUCCESS;
    }
    Status = RamClear(Request, From, To);
    if (NT_SUCCESS(Status)) {
        Request->FileObject->Flags |= FO_FILE_MODIFIED;
        RamNoteData(Stream, USN_REASON_DATA_OVERWRITE);
    }
    return Status;
}

/* One range, of which whole pages are trimmed: what they held may go, and here it does. */
static NTSTATUS
RamTrimRange(PRAM_REQUEST Request, PFILE_LEVEL_TRIM_RANGE Range, ULONG Key)
{
    PRAM_STREAM Stream = Request->Stream;
    ULONG64 Size = (ULONG64)Stream->Header.FileSize.QuadPart, Start, End;
    LARGE_INTEGER From, Length, To;

    if (Range->Offset + Range->Length < Range->Offset ||
        Range->Offset + (PAGE_SIZE - 1) < Range->Offset) {
        return STATUS_INTEGER_OVERFLOW;
    }
    Start = (Range->Offset + PAGE_SIZE - 1) & ~(ULONG64)(PAGE_SIZE - 1);
    End = min(Range->Offset + Range->Length, Size) & ~(ULONG64)(PAGE_SIZE - 1);
    if (Start >= End) {
        return STATUS_SUCCESS;
    }
    From.QuadPart = (LONGLONG)Start;
    To.QuadPart = (LONGLONG)End;
    Length.QuadPart = (LONGLONG)(End - Start);
    if (!FsRtlFastCheckLockForWrite(&Stream->Locks, &From, &Length, Key, Request->FileObject,
                                    IoGetRequestorProcess(Request->Irp))) {
        return STATUS_FILE_LOCK_CONFLICT;
    }
    return RamClear(Request, From, To);
}

/* The first error ends it; how many ranges were done before is told. [IFS: fsctl-file-level-trim; MS-FSA 2.1.5.10.6; MS-FSCC
   2.3.13, 2.3.14] */
static NTSTATUS
RamTrim(PRAM_REQUEST Request, PFILE_LEVEL_TRIM Trim, ULONG In, ULONG Out)
{
    ULONG Header = FIELD_OFFSET(FILE_LEVEL_TRIM, Ranges), Ranges, Done, Processed;
    NTSTATUS Status = STATUS_SUCCESS;

    if (In < sizeof(*Trim) || Trim->NumRanges == 0 ||
        Trim->NumRanges > (In - Header) / sizeof(Trim->Ranges[0]) ||
        (Out != 0 && Out < sizeof(FILE_LEVEL_TRIM_OUTPUT)) || Request->Stream->Node->Directory) {
        return STATUS_INVALID_PARAMETER;
    }
    Ranges = Trim->NumRanges;
    for (Done = 0; Done < Ranges && NT_SUCCESS(Status); Done++) {
        Status = RamTrimRange(Request, &Trim->Ranges[Done], Trim->Key);
    }
    Processed = NT_SUCCESS(Status) ? Done : Done - 1;
    if (Out != 0) {
        ((PFILE_LEVEL_TRIM_OUTPUT)Trim)->NumRangesProcessed = Processed; /* one buffer for both */
        Request->Information = sizeof(FILE_LEVEL_TRIM_OUTPUT);
    }
    return Status;
}

/* Runs of clusters that hold something, within [Offset, Offset + Length). */
static NTSTATUS
RamQueryRanges(PRAM_REQUEST Request, PFILE_ALLOCATED_RANGE_BUFFER In,
               PFILE_ALLOCATED_RANGE_BUFFER Out, ULONG Room)
{
    PRAM_STREAM Stream = Request->Stream;
    BOOLEAN Sparse = (Stream->Node->Attributes & FILE_ATTRIBUTE_SPARSE_FILE) != 0;
    ULONG64 At = (ULONG64)In->FileOffset.QuadPart, End = At + (ULONG64)In->Length.QuadPart;
    ULONG64 Size = (ULONG64)Stream->Header.FileSize.QuadPart;
    ULONG Count = 0, Most = Room / sizeof(*Out);

    if (In->FileOffset.QuadPart < 0 || In->Length.QuadPart < 0 || End < At) {
        return STATUS_INVALID_PARAMETER;
    }
    End = min(End, Size);
    while (At < End) {
        ULONG64 Start = At, Next;

        while (At < End && (!Sparse || RamIsResident(Stream, At))) {
            Next = (At + RAM_CLUSTER) & ~(ULONG64)(RAM_CLUSTER - 1);
            At = Sparse ? min(Next, End) : End;
        }
        if (At != Start) {
            if (Count == Most) {
                Request->Information = Count * sizeof(*Out);
                return Count == 0 ? STATUS_BUFFER_TOO_SMALL : STATUS_BUFFER_OVERFLOW;
            }
            Out[Count].FileOffset.QuadPart = (LONGLONG)Start;
            Out[Count++].Length.QuadPart = (LONGLONG)(At - Start);
        } else {
            At = (At + RAM_CLUSTER) & ~(ULONG64)(RAM_CLUSTER - 1);
        }
    }
    Request->Information = Count * sizeof(*Out);
    return STATUS_SUCCESS;
}

static VOID
RamAddRegion(PFILE_REGION_OUTPUT Out, LONGLONG From, LONGLONG To, ULONG Usage, ULONG Room)
{
    if (From >= To) {
        return;
    }
    if (Out->RegionEntryCount == Out->TotalRegionEntryCount && Out->RegionEntryCount < Room) {
        PFILE_REGION_INFO Info = &Out->Region[Out->RegionEntryCount++];

        Info->FileOffset = From;
        Info->Length = To - From;
        Info->Usage = Usage;
        Info->Reserved = 0;
    }
    Out->TotalRegionEntryCount++;
}

/*
 * What of the file is valid data, and what lies behind it. [ntifs: FSCTL_QUERY_FILE_REGIONS; MS-FSA 2.1.5.10.24; MS-FSCC 2.3.55]
 * Input and output are one buffer.
 */
static NTSTATUS
RamQueryRegions(PRAM_REQUEST Request, PVOID Buffer, ULONG InLength, ULONG OutLength)
{
    const ULONG Header = FIELD_OFFSET(FILE_REGION_OUTPUT, Region);
    FILE_REGION_INPUT In = {0, MAXLONGLONG, FILE_REGION_USAGE_VALID_CACHED_DATA};
    PRAM_STREAM Stream = Request->Stream;
    PFILE_REGION_OUTPUT Out = Buffer;
    LONGLONG Valid = Stream->Header.ValidDataLength.QuadPart, End;

    if ((InLength != 0 && InLength < sizeof(In)) || OutLength < sizeof(*Out)) {
        return STATUS_BUFFER_TOO_SMALL;
    }
    if (InLength != 0) {
        In = *(PFILE_REGION_INPUT)Buffer;
    }
    if (Stream->Node->Directory || In.FileOffset < 0 || In.Length < 0 ||
        In.FileOffset > MAXLONGLONG - In.Length ||
        (In.DesiredUsage != FILE_REGION_USAGE_VALID_CACHED_DATA &&
         In.DesiredUsage != FILE_REGION_USAGE_VALID_NONCACHED_DATA)) {
        return STATUS_INVALID_PARAMETER;
    }
    End = min(In.FileOffset + In.Length, Stream->Header.FileSize.QuadPart);
    RtlZeroMemory(Out, Header);
    RamAddRegion(Out, In.FileOffset, min(Valid, End), In.DesiredUsage,
                 (OutLength - Header) / sizeof(FILE_REGION_INFO));
    RamAddRegion(Out, max(In.FileOffset, Valid), End, 0,
                 (OutLength - Header) / sizeof(FILE_REGION_INFO));
    Request->Information = Header + Out->RegionEntryCount * sizeof(FILE_REGION_INFO);
    return Out->RegionEntryCount < Out->TotalRegionEntryCount ? STATUS_BUFFER_OVERFLOW
                                                              : STATUS_SUCCESS;
}

static NTSTATUS
RamSparse(PRAM_REQUEST Request, ULONG Code, ULONG In, ULONG Out)
{
    PVOID System = Request->Irp->AssociatedIrp.SystemBuffer;
    PVOID Input = Request->Stack->Parameters.FileSystemControl.Type3InputBuffer;
    FILE_ALLOCATED_RANGE_BUFFER Range;
    IO_STATUS_BLOCK Iosb = {};

    switch (Code) {
    case FSCTL_SET_SPARSE:
        if (!Request->FileObject->WriteAccess && Request->Irp->RequestorMode != KernelMode) {
            return STATUS_ACCESS_DENIED;
        }
        return RamSetSparse(Request, In < sizeof(FILE_SET_SPARSE_BUFFER) ||
                                         ((PFILE_SET_SPARSE_BUFFER)System)->SetSparse);
    case FSCTL_SET_ZERO_DATA:
        return In < sizeof(FILE_ZERO_DATA_INFORMATION) ? STATUS_INVALID_PARAMETER
                                                       : RamSetZeros(Request, System);
    case FSCTL_FILE_LEVEL_TRIM:
        return RamIsWindows8 ? RamTrim(Request, System, In, Out) : STATUS_INVALID_DEVICE_REQUEST;
    case FSCTL_QUERY_FILE_REGIONS:
        return RamIsWindows8 ? RamQueryRegions(Request, System, In, Out)
                             : STATUS_INVALID_DEVICE_REQUEST;
    case FSCTL_QUERY_ALLOCATED_RANGES: /* METHOD_NEITHER */
        if (In < sizeof(Range)) {
            return STATUS_INVALID_PARAMETER;
        }
        RamProbe(Request, Input, sizeof(Range), Request->Irp->UserBuffer, Out);
        RtlCopyMemory(&Range, Input, sizeof(Range));
        if (Request->Stream->Sections.DataSectionObject != NULL) {
            CcFlushCache(&Request->Stream->Sections, NULL, 0, &Iosb);
            if (!NT_SUCCESS(Iosb.Status)) {
                return Iosb.Status;
            }
        }
        return RamQueryRanges(Request, &Range, Request->Irp->UserBuffer, Out);
    case FSCTL_GET_COMPRESSION:
        if (Out < sizeof(USHORT)) {
            return STATUS_INVALID_PARAMETER;
        }
        *(PUSHORT)System = 0;
        Request->Information = sizeof(USHORT);
        return STATUS_SUCCESS;
    }
    return STATUS_INVALID_DEVICE_REQUEST;
}

NTSTATUS
RamSparseControl(PRAM_REQUEST Request, ULONG Code)
{
    ULONG In = Request->Stack->Parameters.FileSystemControl.InputBufferLength;
    ULONG Out = Request->Stack->Parameters.FileSystemControl.OutputBufferLength;
    NTSTATUS Status;

    if (Code == FSCTL_SET_ZERO_DATA || Code == FSCTL_FILE_LEVEL_TRIM) {
        Status = FsRtlCheckOplock(&Request->Stream->Oplock, Request->Irp, NULL, NULL, NULL);
        if (!NT_SUCCESS(Status)) {
            return Status;
        }
    }
    ExAcquireResourceSharedLite(&Request->Volume->Resource, TRUE);
    ExAcquireResourceExclusiveLite(&Request->Stream->Main, TRUE);
    __try {
        Status = RamSparse(Request, Code, In, Out);
    } __finally {
        ExReleaseResourceLite(&Request->Stream->Main);
        ExReleaseResourceLite(&Request->Volume->Resource);
    }
    return Status;
}

/*
 * FSCTL_GET_RETRIEVAL_POINTERS: {ExtentCount, StartingVcn, {NextVcn, Lcn}...}. A file's clusters follow one another, behind those
 * of the file made before it; a hole has none: -1.
 */
NTSTATUS
RamExtents(PRAM_REQUEST Request)
{
    PLONGLONG Input = Request->Stack->Parameters.FileSystemControl.Type3InputBuffer;
    PLONGLONG Output = Request->Irp->UserBuffer;
    ULONG In = Request->Stack->Parameters.FileSystemControl.InputBufferLength;
    ULONG Out = Request->Stack->Parameters.FileSystemControl.OutputBufferLength;
    PRAM_STREAM Stream = Request->Stream;
    BOOLEAN Sparse = (Stream->Node->Attributes & FILE_ATTRIBUTE_SPARSE_FILE) != 0;
    LONGLONG Start, At, End, From = (LONGLONG)(Stream->Node->Id << 20);
    ULONG Count = 0, Most = Out < 32 ? 0 : (Out - 16) / 16;
    NTSTATUS Status = STATUS_SUCCESS;

    if (In < sizeof(LONGLONG) || Most == 0) {
        return In < sizeof(LONGLONG) ? STATUS_INVALID_PARAMETER : STATUS_BUFFER_TOO_SMALL;
    }
    RamProbe(Request, Input, sizeof(LONGLONG), Output, Out);
    Start = *Input;
    ExAcquireResourceSharedLite(&Stream->Main, TRUE);
    End = (LONGLONG)((RamAllocated(Stream) + RAM_CLUSTER - 1) / RAM_CLUSTER);
    if (Sparse) {
        End = (Stream->Header.FileSize.QuadPart + RAM_CLUSTER - 1) / RAM_CLUSTER;
    }
    __try {
        if (Start < 0 || Start >= End) {
            Status = Start < 0 ? STATUS_INVALID_PARAMETER : STATUS_END_OF_FILE;
            __leave;
        }
        for (At = Start; At < End && Count < Most; Count++) {
            BOOLEAN There = !Sparse || RamIsResident(Stream, (ULONG64)At * RAM_CLUSTER);

            Output[2 + 2 * Count + 1] = There ? From + At : -1;
            while (At < End &&
                   There == (!Sparse || RamIsResident(Stream, (ULONG64)At * RAM_CLUSTER))) {
                At++;
            }
            Output[2 + 2 * Count] = At;
        }
        *(PULONG)Output = Count;
        Output[1] = Start;
        Request->Information = 16 + 16 * Count;
        Status = At < End ? STATUS_BUFFER_OVERFLOW : STATUS_SUCCESS;
    } __finally {
        ExReleaseResourceLite(&Stream->Main);
    }
    return Status;
}
