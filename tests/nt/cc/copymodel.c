/*
 * copymodel.c - the cache against a model: a file of eight pages is read, written, zeroed, mapped, pinned, described, flushed and purged some hundred times, in
 * ranges that begin and end everywhere, and after each step what a reader sees, what lies on the disk and what is told of it
 * is what an array of bytes gives. [DDI:ntifs/cccopyread], [DDI:ntifs/cccopywrite], [DDI:ntifs/ccfastcopyread], [DDI:ntifs/ccfastcopywrite],
 * [DDI:ntifs/cczerodata], [DDI:ntifs/ccmapdata], [DDI:ntifs/ccpinread], [DDI:ntifs/ccpinmappeddata], [DDI:ntifs/ccpreparepinwrite],
 * [DDI:ntifs/ccrepinbcb], [DDI:ntifs/ccunpinrepinnedbcb], [DDI:ntifs/ccsetbcbownerpointer], [DDI:ntifs/ccmdlread], [DDI:ntifs/ccpreparemdlwrite], [DDI:ntifs/ccflushcache], [DDI:ntifs/ccpurgecachesection].
 */
#include "stream.h"

#define PAGES (SIZE / PAGE_SIZE)

static PSTREAM Stream;
static PFILE_OBJECT File;
static UCHAR Seen[SIZE], Data[SIZE + 16]; /* what a reader must see; and a buffer */
static BOOLEAN Dirty[PAGES];              /* may not be on the disk yet */
static ULONG Bad[16], Seed = 5;

static ULONG
Any(ULONG Below)
{
    return RtlRandomEx(&Seed) % Below;
}

/* A range: within a page, at the edges of pages, across several. */
static VOID
Range(PULONG Offset, PULONG Length, ULONG Most)
{
    static const ULONG Edges[] = {0, 1, PAGE_SIZE - 1, PAGE_SIZE, PAGE_SIZE + 1, 2 * PAGE_SIZE};

    *Offset = Any(3) != 0 ? Any(SIZE) : Any(PAGES - 2) * PAGE_SIZE + Edges[Any(6)];
    if (SIZE > VACB_MAPPING_GRANULARITY &&
        Any(3) == 0) { /* from one view of the cache into the next */
        *Offset = VACB_MAPPING_GRANULARITY - Any(2 * PAGE_SIZE);
    }
    *Length = Any(2) != 0 ? Any(Most) + 1 : PAGE_SIZE - *Offset % PAGE_SIZE + Any(3) - 1;
    if (*Length == 0) {
        *Length = 1;
    }
    *Length = min(min(*Length, Most), SIZE - *Offset);
}

static VOID
MarkDirty(ULONG Offset, ULONG Length)
{
    for (ULONG i = Offset / PAGE_SIZE; i <= (Offset + Length - 1) / PAGE_SIZE; i++) {
        Dirty[i] = TRUE;
    }
}

static VOID
Fill(PUCHAR To, ULONG Length)
{
    for (ULONG i = 0; i < Length; i++) {
        To[i] = (UCHAR)Any(256);
    }
}

static VOID
Reads(ULONG How)
{
    ULONG Offset, Length;
    LARGE_INTEGER Where;
    IO_STATUS_BLOCK Iosb = {{0x77}, 0x77};
    BOOLEAN Done = TRUE;

    Range(&Offset, &Length, 3 * PAGE_SIZE);
    Where = At(Offset);
    RtlFillMemory(Data, sizeof(Data), 0xCC);
    if (How == 0) {
        Done = CcCopyRead(File, &Where, Length, TRUE, Data, &Iosb);
        Bad[0] += !Done;
    } else if (How == 1) {
        Done = CcCopyRead(File, &Where, Length, FALSE, Data, &Iosb);
    } else {
        CcFastCopyRead(File, Offset, Length, 1, Data, &Iosb);
    }
    if (Done) {
        Bad[0] += Iosb.Status != STATUS_SUCCESS || Iosb.Information != Length;
        Bad[0] += !RtlEqualMemory(Data, Seen + Offset, Length) || Data[Length] != 0xCC;
    } else {
        Bad[0] += Iosb.Information != 0x77 || Data[0] != 0xCC;
    }
}

static VOID
Writes(ULONG How)
{
    ULONG Offset, Length;
    LARGE_INTEGER Where;
    BOOLEAN Done = TRUE;

    Range(&Offset, &Length, 3 * PAGE_SIZE);
    Where = At(Offset);
    Fill(Data, Length);
    if (How == 0) {
        Bad[1] += !CcCopyWrite(File, &Where, Length, TRUE, Data);
    } else if (How == 1) {
        Done = CcCopyWrite(File, &Where, Length, FALSE, Data);
    } else if (How == 2) {
        CcFastCopyWrite(File, Offset, Length, Data);
    } else { /* through to the disk */
        File->Flags |= FO_WRITE_THROUGH;
        Bad[1] += CcCopyWrite(File, &Where, Length, FALSE, Data);
        Bad[1] += !CcCopyWrite(File, &Where, Length, TRUE, Data);
        File->Flags &= ~FO_WRITE_THROUGH;
        Bad[1] += !RtlEqualMemory(Stream->Disk + Offset, Data, Length);
    }
    if (Done) {
        RtlCopyMemory(Seen + Offset, Data, Length);
        MarkDirty(Offset, Length);
    }
}

static VOID
Zeroes(ULONG How)
{
    ULONG Offset, Length;
    LARGE_INTEGER Start, End;

    Range(&Offset, &Length, 3 * PAGE_SIZE);
    Start = At(Offset);
    End = At(Offset + Length);
    if (How == 0) {
        File->Flags |= FO_WRITE_THROUGH;
    }
    Bad[2] += !CcZeroData(File, &Start, &End, TRUE);
    File->Flags &= ~FO_WRITE_THROUGH;
    RtlZeroMemory(Seen + Offset, Length);
    Bad[2] += How == 0 && !RtlEqualMemory(Stream->Disk + Offset, Seen + Offset, Length);
    MarkDirty(Offset, Length);
}

/* Mapped, pinned, pinned where it was mapped, prepared without reading. */
static VOID
Pins(ULONG How)
{
    ULONG Offset, Length;
    LARGE_INTEGER Where;
    PVOID Bcb = NULL, Buffer = NULL;

    Range(&Offset, &Length, PAGE_SIZE);
    Length = min(Length, PAGE_SIZE - Offset % PAGE_SIZE);
    Where = At(Offset);
    if (How == 3) {
        Bad[3] += !CcPreparePinWrite(File, &Where, Length, TRUE, PIN_WAIT, &Bcb, &Buffer);
        RtlZeroMemory(Seen + Offset, Length);
        MarkDirty(Offset, Length);
    } else if (How == 0) {
        Bad[3] += !CcPinRead(File, &Where, Length, PIN_WAIT, &Bcb, &Buffer);
    } else {
        Bad[3] += !CcMapData(File, &Where, Length, MAP_WAIT, &Bcb, &Buffer);
    }
    Bad[3] += Bcb == NULL || !RtlEqualMemory(Buffer, Seen + Offset, Length);
    if (How == 2) {
        Bad[3] += !CcPinMappedData(File, &Where, Length, PIN_WAIT, &Bcb);
    }
    if (How != 1) { /* what is only mapped is not written */
        Fill(Buffer, Length);
        RtlCopyMemory(Seen + Offset, Buffer, Length);
        MarkDirty(Offset, Length);
        CcSetDirtyPinnedData(Bcb, NULL);
    }
    CcUnpinData(Bcb);
}

/* Memory that describes the cache's pages, as a network's card takes it. */
static VOID
Describes(BOOLEAN ToWrite)
{
    ULONG Offset, Length, First, Sum = 0;
    LARGE_INTEGER Where;
    PMDL Chain = NULL;
    IO_STATUS_BLOCK Iosb = {{0x77}, 0x77};

    Range(&Offset, &Length, 3 * PAGE_SIZE);
    Where = At(Offset);
    First = Any(2) ? Length : Any(Length); /* of more than one call: what comes is appended */
    for (ULONG Done = 0; Done < Length; Done += First, First = Length - Done) {
        LARGE_INTEGER Next = At(Offset + Done);

        First = First != 0 ? First : Length;
        if (ToWrite) {
            CcPrepareMdlWrite(File, &Next, First, &Chain, &Iosb);
        } else {
            CcMdlRead(File, &Next, First, &Chain, &Iosb);
        }
        Bad[4] += Iosb.Status != STATUS_SUCCESS || Iosb.Information != First;
    }
    if (ToWrite) {
        Fill(Data, Length);
    }
    for (PMDL Mdl = Chain; Mdl != NULL; Mdl = Mdl->Next) {
        PUCHAR Part = MmGetSystemAddressForMdlSafe(Mdl, NormalPagePriority);
        ULONG Bytes = MmGetMdlByteCount(Mdl);

        if (Sum + Bytes > Length) {
            Bad[4]++;
            break;
        }
        if (ToWrite) {
            RtlCopyMemory(Part, Data + Sum, Bytes);
        } else {
            Bad[4] += !RtlEqualMemory(Part, Seen + Offset + Sum, Bytes);
        }
        Sum += Bytes;
    }
    Bad[4] += Sum != Length;
    if (ToWrite) {
        RtlCopyMemory(Seen + Offset, Data, Length);
        MarkDirty(Offset, Length);
        CcMdlWriteComplete(File, &Where, Chain);
    } else {
        CcMdlReadComplete(File, Chain);
    }
}

static VOID
Flushes(BOOLEAN All)
{
    ULONG Offset = 0, Length = SIZE;
    LARGE_INTEGER Where;
    IO_STATUS_BLOCK Iosb = {{0x77}, 0x77};

    if (!All) {
        Range(&Offset, &Length, 3 * PAGE_SIZE);
    }
    Where = At(Offset);
    CcFlushCache(&Stream->Pointers, All ? NULL : &Where, All ? 0 : Length, &Iosb);
    Bad[5] += Iosb.Status != STATUS_SUCCESS;
    for (ULONG i = Offset / PAGE_SIZE; i <= (Offset + Length - 1) / PAGE_SIZE; i++) {
        Dirty[i] = FALSE;
    }
    Bad[5] += !RtlEqualMemory(Stream->Disk + Offset, Seen + Offset, Length);
}

/* What was not written is lost: the disk's bytes are seen again. */
static VOID
Purges(VOID)
{
    ULONG First = Any(PAGES), Count = Any(3) + 1;
    LARGE_INTEGER Where = At(First * PAGE_SIZE);

    Count = min(Count, PAGES - First);
    Bad[6] += !CcPurgeCacheSection(&Stream->Pointers, &Where, Count * PAGE_SIZE, FALSE);
    for (ULONG i = First; i < First + Count; i++) {
        Dirty[i] = FALSE;
        if (Any(2) != 0) { /* somebody else has changed the disk */
            Fill(Stream->Disk + i * PAGE_SIZE, 16);
        }
        RtlCopyMemory(Seen + i * PAGE_SIZE, Stream->Disk + i * PAGE_SIZE, PAGE_SIZE);
    }
}

static VOID
Check(VOID)
{
    for (ULONG i = 0; i < PAGES; i++) {
        if (!Dirty[i]) {
            Bad[7] +=
                !RtlEqualMemory(Stream->Disk + i * PAGE_SIZE, Seen + i * PAGE_SIZE, PAGE_SIZE);
        }
    }
}

static VOID
Steps(VOID)
{
    Stream = MakeStream();
    RtlCopyMemory(Seen, Stream->Disk, SIZE);
    File = OpenStream(Stream);
    Cache(Stream, File);
    for (ULONG Step = 0; Step < 500; Step++) {
        ULONG What = Any(20);

        if (What < 5) {
            Reads(Any(3));
        } else if (What < 9) {
            Writes(Any(4));
        } else if (What == 9) {
            Zeroes(Any(2));
        } else if (What < 14) {
            Pins(Any(4));
        } else if (What < 17) {
            Describes((BOOLEAN)Any(2));
        } else if (What == 17) {
            Flushes((BOOLEAN)(Any(3) == 0));
        } else {
            Purges();
        }
        Check();
    }
    for (ULONG i = 0; i < 8; i++) {
        EXPECT_EQ(Bad[i], 0);
    }
    Uncache(File, NULL); /* what is dirty is written before it ends */
    EXPECT(RtlEqualMemory(Stream->Disk, Seen, SIZE));
    ObDereferenceObject(File);
    FreeStream(Stream);
}

/* Nothing is read for pages that are written whole; beyond what is valid nothing is read at all. */
static VOID
Fresh(VOID)
{
    LARGE_INTEGER Where = At(0x2000);
    CC_FILE_SIZES Sizes = {At(SIZE), At(SIZE), At(0x4800)};
    IO_STATUS_BLOCK Iosb;
    ULONG Before;

    Stream = MakeStream();
    Stream->Header.ValidDataLength = Sizes.ValidDataLength;
    File = OpenStream(Stream);
    Cache(Stream, File);
    RtlFillMemory(Data, sizeof(Data), 0x11);
    EXPECT(!CcCopyRead(File, &Where, 1, FALSE, Data, &Iosb));
    Before = Stream->Reads;
    EXPECT(CcCopyWrite(File, &Where, 2 * PAGE_SIZE, TRUE, Data));
    EXPECT_EQ(Stream->Reads, Before);
    EXPECT(CcCopyRead(File, &Where, 2 * PAGE_SIZE, FALSE, Data, &Iosb)); /* it is there now */
    Where = At(0x5000);
    EXPECT(CcCopyWrite(File, &Where, 16, TRUE, Data));
    EXPECT_EQ(Stream->Reads, Before);
    EXPECT(CcCopyRead(File, &Where, 32, TRUE, Data, &Iosb));
    EXPECT(Data[15] == 0x11 && Data[16] == 0 && Data[31] == 0); /* zeros, whatever the disk holds */
    Where = At(0x4000);
    EXPECT(CcCopyWrite(File, &Where, 16, TRUE, Data)); /* a part of a page that is valid */
    EXPECT(Stream->Reads > Before);
    EXPECT(CcCopyRead(File, &Where, 32, TRUE, Data, &Iosb));
    EXPECT_EQ(Data[16], 0x40);
    EXPECT_RAISES(CcCopyRead(File, &Where, 16, TRUE, (PVOID)8, &Iosb), STATUS_INVALID_USER_BUFFER);
    EXPECT_RAISES(CcCopyWrite(File, &Where, 16, TRUE, (PVOID)8), STATUS_INVALID_USER_BUFFER);
    Uncache(File, NULL);
    ObDereferenceObject(File);
    FreeStream(Stream);
}

static struct {
    ULONG Flags;
    BOOLEAN Done;
} Ask;

/* Another thread pins the same, and lets go of it. */
static VOID NTAPI
Other(PVOID Context)
{
    LARGE_INTEGER Where = At(0x1000);
    PVOID Bcb, Buffer;

    FsRtlEnterFileSystem();
    Ask.Done = CcPinRead(File, &Where, 0x100, Ask.Flags, &Bcb, &Buffer);
    if (Ask.Done) {
        CcUnpinData(Bcb);
    }
    FsRtlExitFileSystem();
    PsTerminateSystemThread(STATUS_SUCCESS);
}

static BOOLEAN
Pinned(ULONG Flags)
{
    HANDLE Handle;
    PVOID Thread;

    Ask.Flags = Flags;
    Ask.Done = FALSE;
    PsCreateSystemThread(&Handle, THREAD_ALL_ACCESS, NULL, NULL, NULL, Other, NULL);
    ObReferenceObjectByHandle(Handle, SYNCHRONIZE, *PsThreadType, KernelMode, &Thread, NULL);
    KeWaitForSingleObject(Thread, Executive, KernelMode, FALSE, NULL);
    ObDereferenceObject(Thread);
    ZwClose(Handle);
    return Ask.Done;
}

/* "PIN_EXCLUSIVE: the caller acquires exclusive access to the BCB"; without PIN_WAIT nobody waits for it. */
static VOID
Shares(VOID)
{
    LARGE_INTEGER Where = At(0x1000), Far = At(0x6000);
    PVOID Bcb = NULL, Second = NULL, Buffer = NULL, Owner = (PVOID)((ULONG_PTR)&Where | 3);
    IO_STATUS_BLOCK Iosb;
    ULONG Writes;

    Stream = MakeStream();
    File = OpenStream(Stream);
    Cache(Stream, File);
    FsRtlEnterFileSystem();
    EXPECT(!CcPinRead(File, &Far, 0x10, 0, &Bcb, &Buffer)); /* it would have to be read */
    EXPECT(!CcMapData(File, &Far, 0x10, 0, &Bcb, &Buffer));
    EXPECT(Bcb == NULL && Buffer == NULL && Stream->Reads == 0);
    EXPECT(CcPinRead(File, &Where, 0x100, PIN_WAIT, &Bcb, &Buffer));
    EXPECT(Pinned(0) && !Pinned(PIN_EXCLUSIVE));
    EXPECT(Pinned(PIN_IF_BCB) && !Pinned(PIN_IF_BCB | PIN_EXCLUSIVE));
    CcUnpinData(Bcb);
    EXPECT(!Pinned(PIN_IF_BCB)); /* nobody has it */
    EXPECT(Pinned(0) && Pinned(PIN_EXCLUSIVE));
    EXPECT(CcPinRead(File, &Where, 0x100, PIN_WAIT | PIN_EXCLUSIVE, &Bcb, &Buffer));
    EXPECT(!Pinned(0) && !Pinned(PIN_EXCLUSIVE));
    EXPECT(CcPinRead(File, &Where, 0x100, 0, &Second, &Buffer)); /* its owner may once more */
    EXPECT_EQ(Second, Bcb);
    CcUnpinData(Second);
    EXPECT(!Pinned(0));
    /* repinned: the data stays, not the access */
    CcRepinBcb(Bcb);
    CcUnpinData(Bcb);
    EXPECT(Pinned(PIN_IF_BCB) && Pinned(PIN_IF_BCB | PIN_EXCLUSIVE));
    CcUnpinRepinnedBcb(Bcb, TRUE, &Iosb);
    EXPECT(Iosb.Status == STATUS_SUCCESS && Stream->Writes == 0); /* it is clean */
    EXPECT(!Pinned(PIN_IF_BCB));
    /* somebody else's from now on: who knows the owner lets go of it */
    EXPECT(CcPinRead(File, &Where, 0x100, PIN_WAIT | PIN_EXCLUSIVE, &Bcb, &Buffer));
    CcRepinBcb(Bcb);
    CcSetBcbOwnerPointer(Bcb, Owner);
    EXPECT(!Pinned(0));
    CcUnpinDataForThread(Bcb, (ERESOURCE_THREAD)Owner);
    EXPECT(Pinned(PIN_IF_BCB | PIN_EXCLUSIVE));
    *(PUCHAR)Buffer = 0x99;
    CcSetDirtyPinnedData(Bcb, NULL);
    Writes = Stream->Writes;
    CcRepinBcb(Bcb);
    CcUnpinRepinnedBcb(Bcb, FALSE, &Iosb); /* later */
    EXPECT(Stream->Writes == Writes && Stream->Disk[0x1000] == 0x10);
    CcRepinBcb(Bcb);
    Stream->WriteStatus = STATUS_DISK_FULL;
    CcUnpinRepinnedBcb(Bcb, TRUE, &Iosb);
    EXPECT_STATUS(Iosb.Status, STATUS_DISK_FULL);
    Stream->WriteStatus = STATUS_SUCCESS;
    CcSetDirtyPinnedData(Bcb, NULL);
    CcUnpinRepinnedBcb(Bcb, TRUE, &Iosb);
    EXPECT(Iosb.Status == STATUS_SUCCESS && Stream->Disk[0x1000] == 0x99);
    EXPECT(!Pinned(PIN_IF_BCB));
    FsRtlExitFileSystem();
    Uncache(File, NULL);
    ObDereferenceObject(File);
    FreeStream(Stream);
}

STREAM_DRIVER(TEST(Steps), TEST(Fresh), TEST(Shares))
