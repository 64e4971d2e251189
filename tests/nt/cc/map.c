/*
 * map.c - cache maps: their sizes, their end, what is flushed and purged, and the log of a file system that has one. One check is one
 * sentence of the pages [DDI:ntifs/ccsetfilesizes], [DDI:ntifs/ccuninitializecachemap], [DDI:ntifs/ccflushcache],
 * [DDI:ntifs/ccpurgecachesection], [DDI:ntifs/cczerodata], [DDI:ntifs/cccopyread], [DDI:ntifs/ccsetloghandleforfile],
 * [DDI:ntifs/ccgetdirtypages], [DDI:ntifs/ccsetdirtypinneddata]; what they have not: ../fsrtl/cache.c.
 */
#include "stream.h"

static PSTREAM Stream;
static PFILE_OBJECT File;
static UCHAR Data[0x3000];

static UCHAR
Byte(ULONG Offset)
{
    LARGE_INTEGER Where = At(Offset);
    IO_STATUS_BLOCK Iosb;
    UCHAR Value = 0xFE;

    EXPECT(CcCopyRead(File, &Where, 1, TRUE, &Value, &Iosb));
    return Value;
}

static VOID
Write(ULONG Offset, ULONG Length, UCHAR Value)
{
    LARGE_INTEGER Where = At(Offset);

    RtlFillMemory(Data, Length, Value);
    EXPECT(CcCopyWrite(File, &Where, Length, TRUE, Data));
}

static VOID
SetSize(ULONG Size)
{
    CC_FILE_SIZES Sizes = {At(SIZE), At(Size), At(Size)};

    Stream->Header.FileSize = Stream->Header.ValidDataLength = At(Size);
    CcSetFileSizes(File, &Sizes);
}

static VOID
Sizes(VOID)
{
    Stream = MakeStream();
    File = OpenStream(Stream);
    /* a file that is not cached: nothing */
    SetSize(0x100);
    EXPECT(!CcIsFileCached(File));
    SetSize(SIZE);
    Cache(Stream, File);
    EXPECT_EQ(CcGetFileSizePointer(File)->QuadPart, SIZE);
    Write(0x2800, 0x1000, 0xAA);
    /* made smaller: "purges" what is beyond, dirty or not; a page that it ends in keeps its front */
    SetSize(0x2C00);
    EXPECT_EQ(CcGetFileSizePointer(File)->QuadPart, 0x2C00);
    SetSize(SIZE);
    EXPECT_EQ(Byte(0x2BFF), 0xAA);
    EXPECT_EQ(Byte(0x2C00), 0);
    EXPECT_EQ(Byte(0x3000), 0x30); /* the disk's: the file system has to say what is there */
    CcFlushCache(&Stream->Pointers, NULL, 0, NULL);
    EXPECT(Stream->Disk[0x2800] == 0xAA && Stream->Disk[0x3000] == 0x30);
}

static VOID
Flushes(VOID)
{
    LARGE_INTEGER Where = At(0x4000);
    IO_STATUS_BLOCK Iosb;
    ULONG Before;

    /* a range alone; how much was flushed */
    Write(0x4000, 0x1000, 0xB1);
    Write(0x6000, 0x1000, 0xB2);
    CcFlushCache(&Stream->Pointers, &Where, 0x1000, &Iosb);
    EXPECT_STATUS(Iosb.Status, STATUS_SUCCESS);
    EXPECT_EQ(Iosb.Information, 0x1000);
    EXPECT(Stream->Disk[0x4000] == 0xB1 && Stream->Disk[0x6000] == 0x60);
    /* "FileOffset NULL: the entire file" */
    CcFlushCache(&Stream->Pointers, NULL, 0, &Iosb);
    EXPECT_EQ(Stream->Disk[0x6000], 0xB2);
    /* nothing is dirty: nothing is written */
    Before = Stream->Writes;
    CcFlushCache(&Stream->Pointers, NULL, 0, &Iosb);
    EXPECT(Iosb.Status == STATUS_SUCCESS && Stream->Writes == Before);
    /* the status of the write; and what could not be written stays */
    Write(0x4000, 1, 0xB3);
    Stream->WriteStatus = STATUS_DISK_FULL;
    CcFlushCache(&Stream->Pointers, NULL, 0, &Iosb);
    EXPECT_STATUS(Iosb.Status, STATUS_DISK_FULL);
    Stream->WriteStatus = STATUS_SUCCESS;
    EXPECT_EQ(Byte(0x4000), 0xB3);
    CcFlushCache(&Stream->Pointers, NULL, 0, &Iosb);
    EXPECT(Iosb.Status == STATUS_SUCCESS && Stream->Disk[0x4000] == 0xB3);
}

static VOID
Purges(VOID)
{
    LARGE_INTEGER Where = At(0x1000);
    PFILE_OBJECT Second = OpenStream(Stream);
    PVOID Bcb, Buffer;
    IO_STATUS_BLOCK Iosb;

    Byte(0x1000);
    Stream->Disk[0x1000] = 0xC1;
    EXPECT_EQ(Byte(0x1000), 0x10);
    /* "the file system must not purge what is mapped": it is refused */
    EXPECT(CcMapData(File, &Where, 0x10, MAP_WAIT, &Bcb, &Buffer));
    EXPECT(!CcPurgeCacheSection(&Stream->Pointers, NULL, 0, FALSE));
    EXPECT_EQ(*(PUCHAR)Buffer, 0x10);
    CcUnpinData(Bcb);
    EXPECT(CcPurgeCacheSection(&Stream->Pointers, &Where, 0x1000, FALSE));
    EXPECT_EQ(Byte(0x1000), 0xC1);
    /* what is dirty is lost, not written */
    Write(0x5000, 1, 0xC2);
    EXPECT(CcPurgeCacheSection(&Stream->Pointers, NULL, 0, FALSE));
    EXPECT(Byte(0x5000) == 0x50 && Stream->Disk[0x5000] == 0x50);
    /* "if UninitializeCacheMaps is TRUE, all private cache maps are uninitialized first" */
    Cache(Stream, Second);
    EXPECT(CcIsFileCached(Second) && CcIsFileCached(File));
    EXPECT(CcPurgeCacheSection(&Stream->Pointers, NULL, 0, TRUE));
    EXPECT(File->PrivateCacheMap == NULL && Second->PrivateCacheMap == NULL);
    CcFlushCache(&Stream->Pointers, NULL, 0, &Iosb);
    EXPECT_STATUS(Iosb.Status, STATUS_SUCCESS);
    /* each "must be called for every file object", cached or not */
    EXPECT(!CcUninitializeCacheMap(Second, NULL, NULL));
    ObDereferenceObject(Second);
    Cache(Stream, File);
    EXPECT(CcIsFileCached(File));
    EXPECT_EQ(Byte(0x1000), 0xC1);
}

static VOID
Ends(VOID)
{
    LARGE_INTEGER Nothing = At(0), Half = At(0x4000);
    PFILE_OBJECT Second = OpenStream(Stream);
    CACHE_UNINITIALIZE_EVENT Event;

    /* there is another that caches: nothing ends but this one */
    Cache(Stream, Second);
    Write(0x1000, 1, 0xD1);
    CcUninitializeCacheMap(Second, NULL, NULL);
    EXPECT(Second->PrivateCacheMap == NULL && CcIsFileCached(File));
    EXPECT_EQ(Byte(0x1000), 0xD1);
    /* the last one: what is dirty is written later, and the event says when all of it is gone */
    KeInitializeEvent(&Event.Event, NotificationEvent, FALSE);
    EXPECT(!CcUninitializeCacheMap(File, NULL, &Event));
    EXPECT(KeReadStateEvent(&Event.Event) == 0);
    EXPECT_EQ(Stream->Disk[0x1000], 0xC1);
    KeWaitForSingleObject(&Event.Event, Executive, KernelMode, FALSE, NULL);
    EXPECT(Stream->Disk[0x1000] == 0xD1 && Stream->Pointers.SharedCacheMap == NULL);
    /* nothing is dirty: TRUE, it is gone at once */
    Cache(Stream, File);
    Byte(0x1000);
    EXPECT(CcUninitializeCacheMap(File, NULL, NULL));
    EXPECT(Stream->Pointers.SharedCacheMap == NULL);
    /* "TruncateSize: the file was deleted": nothing of it is written */
    Cache(Stream, File);
    Write(0x2000, 0x1000, 0xD2);
    Uncache(File, &Nothing);
    EXPECT_EQ(Stream->Disk[0x2000], 0x20);
    /* ... or to be cut */
    Cache(Stream, File);
    Write(0x3000, 0x2000, 0xD3);
    Uncache(File, &Half);
    EXPECT(Stream->Disk[0x3000] == 0xD3 && Stream->Disk[0x4000] == 0xB3);
    ObDereferenceObject(Second);
}

static LARGE_INTEGER LoggedTo;
static ULONG LogCalls, Ranges;
static LARGE_INTEGER RangeOldest, RangeNewest, RangeOffset;
static PVOID LogHandle = &LogCalls;
static BOOLEAN WrittenFirst;

static VOID NTAPI
FlushToLsn(PVOID Handle, LARGE_INTEGER Lsn)
{
    LogCalls += Handle == LogHandle;
    LoggedTo = Lsn;
    WrittenFirst = WrittenFirst || Stream->Disk[0x1000] == 0xE1;
}

static VOID NTAPI
Range(PFILE_OBJECT FileObject, PLARGE_INTEGER Offset, ULONG Length, PLARGE_INTEGER Oldest,
      PLARGE_INTEGER Newest, PVOID Context1, PVOID Context2)
{
    Ranges += FileObject->SectionObjectPointer == &Stream->Pointers && Length >= 0x10 &&
              Context1 == &Ranges && Context2 == NULL;
    RangeOffset = *Offset;
    RangeOldest = *Oldest;
    RangeNewest = *Newest;
}

static VOID
Logs(VOID)
{
    LARGE_INTEGER Where = At(0x1000), Other = At(0x3000), Lsn = At(7);
    PVOID Bcb, Buffer;

    Cache(Stream, File);
    CcSetLogHandleForFile(File, LogHandle, FlushToLsn);
    EXPECT_EQ(CcGetDirtyPages(LogHandle, Range, &Ranges, NULL).QuadPart, 0);
    EXPECT_EQ(Ranges, 0);
    EXPECT(CcPinRead(File, &Where, 0x10, PIN_WAIT, &Bcb, &Buffer));
    *(PUCHAR)Buffer = 0xE1;
    CcSetDirtyPinnedData(Bcb, &Lsn);
    Lsn = At(9);
    CcSetDirtyPinnedData(Bcb, &Lsn);
    Lsn = At(8);
    CcSetDirtyPinnedData(Bcb, &Lsn);
    CcUnpinData(Bcb);
    /* the oldest and the newest of each range; the oldest of all is returned */
    EXPECT_EQ(CcGetDirtyPages(LogHandle, Range, &Ranges, NULL).QuadPart, 7);
    EXPECT(Ranges == 1 && RangeOffset.QuadPart == 0x1000);
    EXPECT(RangeOldest.QuadPart == 7 && RangeNewest.QuadPart == 9);
    EXPECT_EQ(CcGetLsnForFileObject(File, &Lsn).QuadPart, 9);
    EXPECT_EQ(Lsn.QuadPart, 7);
    /* of another log there is nothing */
    EXPECT_EQ(CcGetDirtyPages(&Ranges, Range, &Ranges, NULL).QuadPart, 0);
    /* without a number: dirty, and not the log's */
    EXPECT(CcPinRead(File, &Other, 0x10, PIN_WAIT, &Bcb, &Buffer));
    CcSetDirtyPinnedData(Bcb, NULL);
    CcUnpinData(Bcb);
    Ranges = 0;
    CcGetDirtyPages(LogHandle, Range, &Ranges, NULL);
    EXPECT_EQ(Ranges, 1);
    /* the log first, to the newest number; then the range, which is clean from then on */
    EXPECT_EQ(LogCalls, 0);
    CcFlushCache(&Stream->Pointers, &Other, 0x1000, NULL);
    EXPECT_EQ(LogCalls, 0); /* another range */
    CcFlushCache(&Stream->Pointers, NULL, 0, NULL);
    EXPECT(LogCalls == 1 && LoggedTo.QuadPart == 9 && !WrittenFirst);
    EXPECT_EQ(Stream->Disk[0x1000], 0xE1);
    EXPECT_EQ(CcGetDirtyPages(LogHandle, Range, &Ranges, NULL).QuadPart, 0);
    EXPECT_EQ(CcGetLsnForFileObject(File, NULL).QuadPart, 0);
    /* the lazy writer writes the log first, too */
    Lsn = At(20);
    EXPECT(CcPinRead(File, &Where, 0x10, PIN_WAIT, &Bcb, &Buffer));
    *(PUCHAR)Buffer = 0xE2;
    CcSetDirtyPinnedData(Bcb, &Lsn);
    CcUnpinData(Bcb);
    Uncache(File, NULL);
    EXPECT(LogCalls == 2 && LoggedTo.QuadPart == 20 && Stream->Disk[0x1000] == 0xE2);
}

static VOID
Finish(VOID)
{
    ObDereferenceObject(File);
    FreeStream(Stream);
}

STREAM_DRIVER(TEST(Sizes), TEST(Flushes), TEST(Purges), TEST(Ends), TEST(Logs), TEST(Finish))
