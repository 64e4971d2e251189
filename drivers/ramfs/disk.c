/*
 * disk.c - where bytes lie. Clusters of 4 KiB, cut from larger pieces of memory; a stream has an array of them.
 *
 *   D1  FreeClusters counts what is promised: a stream's AllocationSize, or what is there of a sparse one.
 *   D2  A page comes into being when bytes other than zeros are to lie in it.
 *   D3  A piece is cut page by page, as they are wanted: to put all of it on the list of free pages is to touch 256 pages, which each run
 *       of a search does anew.
 */
#include "ramfs.h"

#define RAM_PIECE 0x100000u

static VOID
RamPutPage(PRAM_VOLUME Volume, PUCHAR Page)
{
    PRAM_BLOCK Block = (PRAM_BLOCK)Page;

    Block->Next = Volume->FreePages;
    Volume->FreePages = Block;
}

/* The lowest page of the piece that nobody has had yet: D3. */
static PUCHAR
RamCutPage(PRAM_VOLUME Volume)
{
    Volume->PieceLeft -= RAM_CLUSTER;
    Volume->Piece += RAM_CLUSTER;
    return Volume->Piece - RAM_CLUSTER;
}

static PUCHAR
RamTakePage(PRAM_VOLUME Volume)
{
    PRAM_BLOCK Block = Volume->FreePages;

    if (Block != NULL) {
        Volume->FreePages = Block->Next;
        return (PUCHAR)Block;
    }
    if (Volume->PieceLeft == 0) {
        PHYSICAL_ADDRESS Highest = {.QuadPart = -1};
        PUCHAR Piece = MmAllocateContiguousMemory(RAM_PIECE, Highest);

        if (Piece == NULL) {
            return NULL;
        }
        while (Volume->PieceLeft != 0) { /* another thread was here meanwhile */
            RamPutPage(Volume, RamCutPage(Volume));
        }
        Volume->Piece = Piece;
        Volume->PieceLeft = RAM_PIECE;
    }
    return RamCutPage(Volume);
}

static VOID
RamGivePage(PRAM_STREAM Stream, ULONG64 Index)
{
    PRAM_VOLUME Volume = Stream->Node->Volume;

    RamPutPage(Volume, Stream->Page[Index]);
    Stream->Page[Index] = NULL;
    Stream->Resident--;
    if (Stream->Node->Attributes & FILE_ATTRIBUTE_SPARSE_FILE) {
        Volume->FreeClusters++; /* D1 */
    }
}

static NTSTATUS
RamEnsurePage(PRAM_STREAM Stream, ULONG64 Index)
{
    PRAM_VOLUME Volume = Stream->Node->Volume;
    BOOLEAN Sparse = (Stream->Node->Attributes & FILE_ATTRIBUTE_SPARSE_FILE) != 0;
    PUCHAR Page;

    if (Index >= Stream->PageRoom) {
        ULONG Room = Stream->PageRoom == 0 ? 4 : Stream->PageRoom;
        PUCHAR *New;

        while (Room <= Index) {
            Room *= 2;
        }
        New = RamAllocate(Room * sizeof(PUCHAR));
        if (New == NULL) {
            return STATUS_INSUFFICIENT_RESOURCES;
        }
        RtlCopyMemory(New, Stream->Page, Stream->PageRoom * sizeof(PUCHAR));
        RamFree(Stream->Page);
        Stream->Page = New;
        Stream->PageRoom = Room;
    }
    if (Stream->Page[Index] != NULL) {
        return STATUS_SUCCESS;
    }
    if (Sparse && Volume->FreeClusters == 0) {
        return STATUS_DISK_FULL;
    }
    Page = RamTakePage(Volume);
    if (Page == NULL) {
        return STATUS_DISK_FULL;
    }
    RtlZeroMemory(Page, RAM_CLUSTER);
    Volume->FreeClusters -= Sparse ? 1 : 0; /* D1 */
    Stream->Page[Index] = Page;
    Stream->Resident++;
    return STATUS_SUCCESS;
}

VOID
RamCopyOut(PRAM_STREAM Stream, ULONG64 Offset, PVOID Buffer, ULONG Length)
{
    PUCHAR To = Buffer;

    while (Length != 0) {
        ULONG64 Index = Offset / RAM_CLUSTER;
        ULONG In = (ULONG)(Offset % RAM_CLUSTER), Part = min(Length, RAM_CLUSTER - In);

        if (Index < Stream->PageRoom && Stream->Page[Index] != NULL) {
            RtlCopyMemory(To, Stream->Page[Index] + In, Part);
        } else {
            RtlZeroMemory(To, Part);
        }
        To += Part;
        Offset += Part;
        Length -= Part;
    }
}

NTSTATUS
RamCopyIn(PRAM_STREAM Stream, ULONG64 Offset, const VOID *Buffer, ULONG Length)
{
    const UCHAR *From = Buffer;

    while (Length != 0) {
        ULONG64 Index = Offset / RAM_CLUSTER;
        ULONG In = (ULONG)(Offset % RAM_CLUSTER), Part = min(Length, RAM_CLUSTER - In);
        NTSTATUS Status = RamEnsurePage(Stream, Index);

        if (!NT_SUCCESS(Status)) {
            return Status;
        }
        RtlCopyMemory(Stream->Page[Index] + In, From, Part);
        From += Part;
        Offset += Part;
        Length -= Part;
    }
    return STATUS_SUCCESS;
}

/* [Start, End) reads as zero from here on; whole pages of it go. */
VOID
RamZeroPages(PRAM_STREAM Stream, ULONG64 Start, ULONG64 End)
{
    while (Start < End) {
        ULONG64 Index = Start / RAM_CLUSTER;
        ULONG In = (ULONG)(Start % RAM_CLUSTER);
        ULONG Part = (ULONG)min(End - Start, RAM_CLUSTER - In);

        if (Index >= Stream->PageRoom) {
            return;
        }
        if (Stream->Page[Index] != NULL) {
            if (Part == RAM_CLUSTER) {
                RamGivePage(Stream, Index);
            } else {
                RtlZeroMemory(Stream->Page[Index] + In, Part);
            }
        }
        Start += Part;
    }
}

VOID
RamDropPages(PRAM_STREAM Stream, ULONG64 From)
{
    RamZeroPages(Stream, From, (ULONG64)Stream->PageRoom * RAM_CLUSTER);
    if (From == 0) {
        RamFree(Stream->Page);
        Stream->Page = NULL;
        Stream->PageRoom = 0;
    }
}

BOOLEAN
RamIsResident(PRAM_STREAM Stream, ULONG64 Offset)
{
    return Offset / RAM_CLUSTER < Stream->PageRoom && Stream->Page[Offset / RAM_CLUSTER] != NULL;
}

/* AllocationSize as it is reported. */
ULONG64
RamAllocated(PRAM_STREAM Stream)
{
    if (Stream->Node != NULL && (Stream->Node->Attributes & FILE_ATTRIBUTE_SPARSE_FILE)) {
        return Stream->Resident * RAM_CLUSTER;
    }
    return (ULONG64)Stream->Header.AllocationSize.QuadPart;
}

/* Header.AllocationSize becomes Size, rounded up; what lies beyond goes. */
NTSTATUS
RamSetAllocation(PRAM_STREAM Stream, ULONG64 Size)
{
    PRAM_VOLUME Volume = Stream->Node->Volume;
    ULONG64 New, Old = (ULONG64)Stream->Header.AllocationSize.QuadPart;

    if (Size > (1ull << 44) - RAM_CLUSTER) {
        return STATUS_DISK_FULL;
    }
    New = (Size + RAM_CLUSTER - 1) & ~(ULONG64)(RAM_CLUSTER - 1);
    if (!(Stream->Node->Attributes & FILE_ATTRIBUTE_SPARSE_FILE)) {
        if (New > Old) {
            if ((New - Old) / RAM_CLUSTER > Volume->FreeClusters) {
                return STATUS_DISK_FULL;
            }
            Volume->FreeClusters -= (New - Old) / RAM_CLUSTER;
        } else {
            Volume->FreeClusters += (Old - New) / RAM_CLUSTER;
        }
    }
    if (New < Old) {
        RamDropPages(Stream, New);
    }
    Stream->Header.AllocationSize.QuadPart = (LONGLONG)New;
    return STATUS_SUCCESS;
}
