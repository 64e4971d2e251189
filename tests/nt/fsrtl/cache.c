/*
 * cache.c - the cache manager from below: a file system of one stream, which is memory, pins, maps and describes parts of it.
 * [DDI:ntifs/ccmapdata], [DDI:ntifs/ccpinread], [DDI:ntifs/ccpinmappeddata], [DDI:ntifs/ccpreparepinwrite],
 * [DDI:ntifs/ccsetdirtypinneddata], [DDI:ntifs/ccunpindata], [DDI:ntifs/ccrepinbcb], [DDI:ntifs/ccunpinrepinnedbcb],
 * [DDI:ntifs/ccmdlread], [DDI:ntifs/ccpreparemdlwrite], [DDI:ntifs/ccmdlwritecomplete], [DDI:ntifs/cccopyread],
 * [DDI:ntifs/cccopywrite], [DDI:ntifs/ccfastcopyread], [DDI:ntifs/cczerodata], [DDI:ntifs/ccflushcache],
 * [DDI:ntifs/ccpurgecachesection], [DDI:ntifs/ccsetfilesizes], [DDI:ntifs/ccdeferwrite], [DDI:ntifs/cccaniwrite],
 * [DDI:ntifs/ccsetdirtypagethreshold], [DDI:ntifs/ccsetadditionalcacheattributes], [DDI:ntifs/ccschedulereadahead],
 * [DDI:ntifs/ccsetreadaheadgranularity], [DDI:ntifs/ccwaitforcurrentlazywriteractivity], [DDI:ntifs/cccopywritewontflush].
 */
#include "../ntlab-test.h"

#define SIZE 0x6000

static UCHAR Disk[SIZE];
static PDEVICE_OBJECT Device;
static PFILE_OBJECT File;
static FSRTL_ADVANCED_FCB_HEADER Header;
static FAST_MUTEX HeaderMutex;
static ERESOURCE Resource, Paging;
static SECTION_OBJECT_POINTERS Pointers;
static ULONG Reads, Writes, LastWrite, LastLength;
static ULONG LastRead, LastReadLength;
static NTSTATUS ReadStatus = STATUS_SUCCESS, WriteStatus = STATUS_SUCCESS;
static LONG LazyHeld, LazyTaken, AheadHeld, AheadTaken; /* by the cache manager's threads */
static BOOLEAN LazyRefused, HeldWrong;

/* Paging I/O of the one stream. */
static NTSTATUS NTAPI
Transfer(PDEVICE_OBJECT DeviceObject, PIRP Irp)
{
    PIO_STACK_LOCATION Stack = IoGetCurrentIrpStackLocation(Irp);
    ULONG Offset = Stack->Parameters.Read.ByteOffset.LowPart,
          Length = Stack->Parameters.Read.Length;
    NTSTATUS Status = STATUS_SUCCESS;
    PUCHAR Buffer;

    if (Stack->MajorFunction == IRP_MJ_READ || Stack->MajorFunction == IRP_MJ_WRITE) {
        Buffer = MmGetSystemAddressForMdlSafe(Irp->MdlAddress, NormalPagePriority);
        if (Offset >= SIZE) {
            Length = 0;
        } else if (Offset + Length > SIZE) {
            Length = SIZE - Offset;
        }
        if (Stack->MajorFunction == IRP_MJ_READ) {
            Reads++;
            LastRead = Offset;
            LastReadLength = Length;
            Status = ReadStatus;
            if (NT_SUCCESS(Status)) {
                RtlCopyMemory(Buffer, Disk + Offset, Length);
            }
        } else {
            Writes++;
            LastWrite = Offset;
            LastLength = Length;
            Status = WriteStatus;
            if (NT_SUCCESS(Status)) {
                RtlCopyMemory(Disk + Offset, Buffer, Length);
            }
        }
    }
    Irp->IoStatus.Status = Status;
    Irp->IoStatus.Information = NT_SUCCESS(Status) ? Length : 0;
    IoCompleteRequest(Irp, IO_DISK_INCREMENT);
    return Status;
}

static BOOLEAN NTAPI
AcquireLazy(PVOID Context, BOOLEAN Wait)
{
    HeldWrong = HeldWrong || Context != &Header || !Wait || !KeAreApcsDisabled();
    if (LazyRefused) {
        return FALSE;
    }
    LazyHeld++;
    LazyTaken++;
    return TRUE;
}

static VOID NTAPI
ReleaseLazy(PVOID Context)
{
    HeldWrong = HeldWrong || Context != &Header;
    LazyHeld--;
}

static BOOLEAN NTAPI
AcquireAhead(PVOID Context, BOOLEAN Wait)
{
    HeldWrong = HeldWrong || Context != &Header || !KeAreApcsDisabled();
    AheadHeld++;
    AheadTaken++;
    return TRUE;
}

static VOID NTAPI
ReleaseAhead(PVOID Context)
{
    HeldWrong = HeldWrong || Context != &Header;
    AheadHeld--;
}

static LARGE_INTEGER
At(ULONG Offset)
{
    LARGE_INTEGER Place = {.QuadPart = Offset};

    return Place;
}

static VOID
Begin(VOID)
{
    static CACHE_MANAGER_CALLBACKS Callbacks = {AcquireLazy, ReleaseLazy, AcquireAhead,
                                                ReleaseAhead};
    CC_FILE_SIZES Sizes = {{.QuadPart = SIZE}, {.QuadPart = SIZE}, {.QuadPart = SIZE}};

    for (ULONG i = 0; i < SIZE; i++) {
        Disk[i] = (UCHAR)(i >> 8);
    }
    ExInitializeFastMutex(&HeaderMutex);
    ExInitializeResourceLite(&Resource);
    ExInitializeResourceLite(&Paging);
    FsRtlSetupAdvancedHeader(&Header, &HeaderMutex);
    Header.NodeTypeCode = 0x1234;
    Header.NodeByteSize = sizeof(Header);
    Header.Resource = &Resource;
    Header.PagingIoResource = &Paging;
    Header.AllocationSize = Header.FileSize = Header.ValidDataLength = Sizes.FileSize;
    File = IoCreateStreamFileObjectLite(NULL, Device);
    EXPECT(File != NULL);
    File->FsContext = &Header;
    File->SectionObjectPointer = &Pointers;
    File->ReadAccess = File->WriteAccess = TRUE;
    EXPECT(!CcIsFileCached(File));
    CcInitializeCacheMap(File, &Sizes, TRUE, &Callbacks, &Header);
    EXPECT(CcIsFileCached(File));
    EXPECT(File->PrivateCacheMap != NULL && Pointers.SharedCacheMap != NULL);
    EXPECT_EQ(CcGetFileObjectFromSectionPtrs(&Pointers), File);
}

static VOID
Maps(VOID)
{
    LARGE_INTEGER Where = At(0x1100);
    PUCHAR Buffer = NULL, Again = NULL;
    PVOID Map = NULL, Second = NULL;

    EXPECT(!CcMapData(File, &Where, 0x100, 0, &Map, (PVOID *)&Buffer)); /* it would have to wait */
    EXPECT_EQ(Reads, 0);
    EXPECT(CcMapData(File, &Where, 0x100, MAP_WAIT, &Map, (PVOID *)&Buffer));
    EXPECT_EQ(Reads, 1);
    EXPECT(Buffer[0] == 0x11 && Buffer[0xFF] == 0x11);
    EXPECT(CcMapData(File, &Where, 0x100, 0, &Second, (PVOID *)&Again)); /* it is there now */
    EXPECT(Again == Buffer && Reads == 1);
    EXPECT_EQ(CcGetFileObjectFromBcb(Map), File);
    CcUnpinData(Second);
    CcUnpinData(Map);
    ReadStatus = STATUS_DEVICE_DATA_ERROR;
    Where = At(0x2000);
    EXPECT_RAISES(CcMapData(File, &Where, 0x100, MAP_WAIT, &Map, (PVOID *)&Buffer),
                  STATUS_DEVICE_DATA_ERROR);
    ReadStatus = STATUS_SUCCESS;
    EXPECT(CcMapData(File, &Where, 0x100, MAP_WAIT, &Map, (PVOID *)&Buffer));
    EXPECT_EQ(Buffer[0], 0x20);
    CcUnpinData(Map);
}

static VOID
Pins(VOID)
{
    LARGE_INTEGER Where = At(0x1000), Inside = At(0x1080), Far = At(0x5000), Lsn = At(7);
    PUCHAR Buffer = NULL, Again = NULL;
    PVOID Bcb = NULL, Second = NULL, Other = NULL;
    IO_STATUS_BLOCK Iosb;
    ULONG Before = Writes;

    FsRtlEnterFileSystem();
    EXPECT(!CcPinRead(File, &Where, 0x100, PIN_WAIT | PIN_IF_BCB, &Bcb, (PVOID *)&Buffer));
    EXPECT(CcPinRead(File, &Where, 0x100, PIN_WAIT, &Bcb, (PVOID *)&Buffer));
    EXPECT_EQ(Buffer[0], 0x10);
    /* who pins the same gets the same BCB */
    EXPECT(CcPinRead(File, &Inside, 0x20, PIN_WAIT | PIN_IF_BCB, &Second, (PVOID *)&Again));
    EXPECT(Second == Bcb && Again == Buffer + 0x80);
    CcUnpinData(Second);
    EXPECT_EQ(((PPUBLIC_BCB)Bcb)->MappedFileOffset.QuadPart, 0x1000);
    EXPECT(((PPUBLIC_BCB)Bcb)->MappedLength >= 0x100);
    Buffer[1] = 0xEE;
    CcSetDirtyPinnedData(Bcb, &Lsn);
    CcRepinBcb(Bcb);
    CcUnpinData(Bcb); /* the other reference stays */
    EXPECT_EQ(Writes, Before);
    CcUnpinRepinnedBcb(Bcb, TRUE, &Iosb); /* written through */
    EXPECT_STATUS(Iosb.Status, STATUS_SUCCESS);
    EXPECT_EQ(Writes, Before + 1);
    EXPECT(Disk[0x1001] == 0xEE && LastWrite == 0x1000);
    EXPECT(
        !CcPinRead(File, &Where, 0x100, PIN_WAIT | PIN_IF_BCB, &Bcb, (PVOID *)&Buffer)); /* gone */
    /* mapped first, pinned then */
    EXPECT(CcMapData(File, &Where, 0x100, MAP_WAIT, &Bcb, (PVOID *)&Buffer));
    Other = Bcb;
    EXPECT(CcPinMappedData(File, &Where, 0x100, PIN_WAIT, &Bcb));
    EXPECT(Bcb != NULL);
    Other = Bcb;
    EXPECT(CcPinMappedData(File, &Where, 0x100, PIN_WAIT, &Bcb));
    EXPECT_EQ(Bcb, Other); /* it is pinned */
    Second = CcRemapBcb(Bcb);
    EXPECT(Second != NULL);
    CcUnpinData(Second);
    CcUnpinData(Bcb);
    /* exclusively, to be written: zeroed, not read */
    Before = Reads;
    EXPECT(CcPreparePinWrite(File, &Far, 0x1000, TRUE, PIN_WAIT | PIN_EXCLUSIVE, &Bcb,
                             (PVOID *)&Buffer));
    EXPECT(Buffer[0] == 0 && Buffer[0xFFF] == 0 && Reads == Before);
    Buffer[5] = 0x55;
    CcSetBcbOwnerPointer(Bcb, (PVOID)((ULONG_PTR)&Iosb | 3));
    CcUnpinDataForThread(Bcb, (ERESOURCE_THREAD)((ULONG_PTR)&Iosb | 3));
    CcFlushCache(&Pointers, &Far, 0x1000, &Iosb);
    EXPECT_STATUS(Iosb.Status, STATUS_SUCCESS);
    EXPECT(Disk[0x5000] == 0 && Disk[0x5005] == 0x55 && Disk[0x5FFF] == 0);
    /* part of a page: the rest is read */
    Where = At(0x4010);
    EXPECT(CcPreparePinWrite(File, &Where, 0x10, FALSE, PIN_WAIT, &Bcb, (PVOID *)&Buffer));
    EXPECT(Buffer[0] == 0x40 && Reads == Before + 1);
    Buffer[0] = 1;
    CcUnpinData(Bcb);
    CcFlushCache(&Pointers, NULL, 0, &Iosb);
    EXPECT(Disk[0x4010] == 1 && Disk[0x4011] == 0x40 && Disk[0x400F] == 0x40);
    FsRtlExitFileSystem();
}

static VOID
Mdls(VOID)
{
    LARGE_INTEGER Where = At(0x2FF0);
    IO_STATUS_BLOCK Iosb;
    PMDL Chain = NULL;
    PUCHAR Buffer;

    CcMdlRead(File, &Where, 0x20, &Chain, &Iosb);
    EXPECT(Iosb.Status == STATUS_SUCCESS && Iosb.Information == 0x20);
    EXPECT(Chain != NULL && MmGetMdlByteCount(Chain) == 0x20 && MmGetMdlByteOffset(Chain) == 0xFF0);
    EXPECT_EQ(Chain->Next, NULL);
    Buffer = MmGetSystemAddressForMdlSafe(Chain, NormalPagePriority);
    EXPECT(Buffer[0] == 0x2F && Buffer[0xF] == 0x2F && Buffer[0x10] == 0x30);
    /* while it is out, nothing of the stream is thrown away */
    CcMdlReadComplete(File, Chain);
    Chain = NULL;
    CcPrepareMdlWrite(File, &Where, 0x20, &Chain, &Iosb);
    EXPECT(Iosb.Status == STATUS_SUCCESS && Iosb.Information == 0x20 && Chain != NULL);
    Buffer = MmGetSystemAddressForMdlSafe(Chain, NormalPagePriority);
    RtlFillMemory(Buffer, 0x20, 0x77);
    CcMdlWriteComplete(File, &Where, Chain);
    EXPECT_EQ(Disk[0x2FF0], 0x2F); /* not yet */
    CcFlushCache(&Pointers, &Where, 0x20, &Iosb);
    EXPECT(Disk[0x2FF0] == 0x77 && Disk[0x300F] == 0x77 && Disk[0x3010] == 0x30);
    EXPECT_EQ(Disk[0x2FEF], 0x2F);
    Chain = NULL;
    File->Flags |= FO_WRITE_THROUGH;
    CcPrepareMdlWrite(File, &Where, 0x10, &Chain, &Iosb);
    Buffer = MmGetSystemAddressForMdlSafe(Chain, NormalPagePriority);
    RtlFillMemory(Buffer, 0x10, 0x78);
    CcMdlWriteComplete(File, &Where, Chain);
    EXPECT(Disk[0x2FF0] == 0x78 && Disk[0x3000] == 0x77); /* through */
    File->Flags &= ~FO_WRITE_THROUGH;
    Chain = NULL;
    CcPrepareMdlWrite(File, &Where, 0x10, &Chain, &Iosb);
    CcMdlWriteAbort(File, Chain);
}

static VOID
CopiesAndSizes(VOID)
{
    LARGE_INTEGER Where = At(0x3FF8), End = At(0x3FFC), Start = At(0x3000);
    UCHAR Buffer[16], Data[16] = "abcdefghijklmno";
    CC_FILE_SIZES Sizes = {
        {.QuadPart = SIZE}, {.QuadPart = SIZE - 0x1000}, {.QuadPart = SIZE - 0x1000}};
    IO_STATUS_BLOCK Iosb = {0};
    ULONG Before;

    CcFlushCache(&Pointers, NULL, 0, &Iosb);
    EXPECT(CcCopyRead(File, &Where, 16, TRUE, Buffer, &Iosb));
    EXPECT(Iosb.Status == STATUS_SUCCESS && Iosb.Information == 16);
    EXPECT(Buffer[0] == 0x3F && Buffer[7] == 0x3F && Buffer[8] == 0x40);
    EXPECT(CcCopyWrite(File, &Where, 16, TRUE, Data));
    EXPECT_EQ(Disk[0x3FF8], 0x3F);
    RtlZeroMemory(&Iosb, sizeof(Iosb));
    CcFastCopyRead(File, 0x3FF8, 16, 5, Buffer, &Iosb);
    EXPECT(Iosb.Information == 16 && RtlEqualMemory(Buffer, Data, 16));
    CcFastCopyWrite(File, 0x3FF9, 1, "X");
    CcFlushCache(&Pointers, &Where, 16, &Iosb);
    EXPECT(Disk[0x3FF8] == 'a' && Disk[0x3FF9] == 'X' && Disk[0x4007] == 0);
    EXPECT(CcZeroData(File, &Start, &End, TRUE));
    CcFlushCache(&Pointers, NULL, 0, &Iosb);
    EXPECT(Disk[0x3000] == 0 && Disk[0x3FFB] == 0 && Disk[0x3FFC] == 'e');
    EXPECT_EQ(Disk[0x2FFF], 0x78);
    /* purged: what the disk has comes back */
    Disk[0x3000] = 0x99;
    EXPECT(CcCopyRead(File, &Start, 1, TRUE, Buffer, &Iosb) && Buffer[0] == 0);
    EXPECT(CcPurgeCacheSection(&Pointers, &Start, 0x1000, FALSE));
    Before = Reads;
    EXPECT(!CcCopyRead(File, &Start, 1, FALSE, Buffer, &Iosb));
    EXPECT(CcCopyRead(File, &Start, 1, TRUE, Buffer, &Iosb) && Buffer[0] == 0x99);
    EXPECT_EQ(Reads, Before + 1);
    EXPECT(CcCanIWrite(File, 0x1000, TRUE, FALSE));
    CcSetFileSizes(File, &Sizes);
    Header.FileSize = Header.ValidDataLength = Sizes.FileSize;
    Where = At(SIZE - 0x1000 - 8);
    EXPECT(CcCopyRead(File, &Where, 8, TRUE, Buffer, &Iosb) && Iosb.Information == 8);
}

static VOID
Sleep(LONG Milliseconds)
{
    LARGE_INTEGER Time = {.QuadPart = -10000ll * Milliseconds};

    KeDelayExecutionThread(KernelMode, FALSE, &Time);
}

static VOID
Put(ULONG Offset, UCHAR Value)
{
    LARGE_INTEGER Where = At(Offset);

    EXPECT(CcCopyWrite(File, &Where, 1, TRUE, &Value));
}

/* What is dirty is written by the lazy writer, while it holds what the callbacks took; or not, where the file says so. */
static VOID
Lazily(VOID)
{
    IO_STATUS_BLOCK Iosb;
    LONG Before;

    CcFlushCache(&Pointers, NULL, 0, &Iosb);
    Before = LazyTaken;
    Put(0x1800, 0xA1);
    EXPECT(Disk[0x1800] != 0xA1);
    Sleep(5000);
    EXPECT_EQ(Disk[0x1800], 0xA1);
    EXPECT(LazyTaken > Before && LazyHeld == 0 && !HeldWrong);
    Before = LazyTaken;
    Sleep(5000);
    EXPECT_EQ(LazyTaken, Before); /* nothing is dirty */
    LazyRefused = TRUE;           /* the file system is busy: later */
    Put(0x1800, 0xA2);
    Sleep(5000);
    EXPECT_EQ(Disk[0x1800], 0xA1);
    LazyRefused = FALSE;
    Sleep(5000);
    EXPECT_EQ(Disk[0x1800], 0xA2);
    WriteStatus = STATUS_DEVICE_BUSY; /* tried again */
    Put(0x1800, 0xA3);
    Sleep(3000);
    EXPECT(Disk[0x1800] == 0xA2 && LazyHeld == 0);
    WriteStatus = STATUS_SUCCESS;
    Sleep(5000);
    EXPECT_EQ(Disk[0x1800], 0xA3);
    CcSetAdditionalCacheAttributes(File, FALSE, TRUE);
    Put(0x1800, 0xA4);
    Sleep(5000);
    EXPECT_EQ(Disk[0x1800], 0xA3);
    CcSetAdditionalCacheAttributes(File, FALSE, FALSE);
    EXPECT_STATUS(CcWaitForCurrentLazyWriterActivity(), STATUS_SUCCESS);
    EXPECT_EQ(Disk[0x1800], 0xA4);
    EXPECT_STATUS(CcWaitForCurrentLazyWriterActivity(), STATUS_SUCCESS); /* there is none */
}

static ULONG Posted[4], PostedCount;
static KEVENT PostedAll;

static VOID NTAPI
Post(PVOID Context1, PVOID Context2)
{
    Posted[PostedCount++ % 4] = (ULONG)(ULONG_PTR)Context1 * 16 + (ULONG)(ULONG_PTR)Context2;
    if (PostedCount == 3) {
        KeSetEvent(&PostedAll, 0, FALSE);
    }
}

/* Above a file's threshold of dirty pages a writer has to wait, or to have his write posted; a retried one goes first. */
static VOID
Thresholds(VOID)
{
    LARGE_INTEGER Where = At(0x1000), Second = {.QuadPart = -600000000};
    IO_STATUS_BLOCK Iosb;

    CcFlushCache(&Pointers, NULL, 0, &Iosb);
    KeInitializeEvent(&PostedAll, NotificationEvent, FALSE);
    CcSetDirtyPageThreshold(File, 2);
    EXPECT(CcCanIWrite(File, 0x2000, FALSE, FALSE));
    Put(0x1000, 0xB1);
    EXPECT(CcCanIWrite(File, 0x1000, FALSE, FALSE));
    EXPECT(CcCopyWriteWontFlush(File, &Where, 0x1000));
    EXPECT(!CcCanIWrite(File, 0x1001, FALSE, FALSE)); /* two pages and one are more than two */
    EXPECT(!CcCopyWriteWontFlush(File, &Where, 0x1001));
    Put(0x2000, 0xB2);
    EXPECT(!CcCanIWrite(File, 1, FALSE, FALSE));
    CcDeferWrite(File, Post, (PVOID)1, (PVOID)2, 1, FALSE);
    CcDeferWrite(File, Post, (PVOID)3, (PVOID)4, 1, FALSE);
    CcDeferWrite(File, Post, (PVOID)5, (PVOID)6, 1, TRUE);
    EXPECT_EQ(PostedCount, 0);
    EXPECT_STATUS(KeWaitForSingleObject(&PostedAll, Executive, KernelMode, FALSE, &Second),
                  STATUS_SUCCESS);
    EXPECT(Posted[0] == 0x56 && Posted[1] == 0x12 && Posted[2] == 0x34);
    EXPECT(Disk[0x1000] == 0xB1 && Disk[0x2000] == 0xB2); /* they were written first */
    Put(0x1000, 0xB3);
    Put(0x2000, 0xB4);
    EXPECT(CcCanIWrite(File, 1, TRUE, FALSE)); /* waits until there is room */
    EXPECT(Disk[0x1000] == 0xB3 && Disk[0x2000] == 0xB4);
    CcSetDirtyPageThreshold(File, 0);
    Put(0x1000, 0xB5);
    Put(0x2000, 0xB6);
    EXPECT(CcCanIWrite(File, 0x3000, FALSE, FALSE)); /* no threshold of its own */
    EXPECT(!CcCopyWriteWontFlush(File, &Where, 0x10001));
    CcFlushCache(&Pointers, NULL, 0, &Iosb);
    EXPECT(Disk[0x1000] == 0xB5 && Disk[0x2000] == 0xB6);
}

/* What follows a read is read by a worker, up to the granularity; under the file system's own lock. */
static VOID
Ahead(VOID)
{
    LARGE_INTEGER Where = At(0);
    CC_FILE_SIZES Sizes = {{.QuadPart = SIZE}, {.QuadPart = SIZE}, {.QuadPart = SIZE}};
    UCHAR Buffer[16];
    IO_STATUS_BLOCK Iosb;
    ULONG Before;

    Header.FileSize = Header.ValidDataLength = Sizes.FileSize;
    CcSetFileSizes(File, &Sizes);
    CcFlushCache(&Pointers, NULL, 0, &Iosb);
    EXPECT(CcPurgeCacheSection(&Pointers, NULL, 0, FALSE));
    CcSetReadAheadGranularity(File, 0x2000);
    EXPECT(CcCopyRead(File, &Where, 16, TRUE, Buffer, &Iosb));
    Sleep(100);
    EXPECT(CcPurgeCacheSection(&Pointers, NULL, 0, FALSE));
    Before = Reads;
    CcSetAdditionalCacheAttributes(File, TRUE, FALSE);
    Where = At(0x1000);
    CcScheduleReadAhead(File, &Where, 0x1000);
    Sleep(100);
    EXPECT_EQ(Reads, Before); /* it is disabled */
    CcSetAdditionalCacheAttributes(File, FALSE, FALSE);
    AheadTaken = 0;
    CcScheduleReadAhead(File, &Where, 0x1000);
    Sleep(100);
    EXPECT(Reads > Before && LastRead + LastReadLength == 0x4000 && LastRead >= 0x2000);
    EXPECT(AheadTaken == 1 && AheadHeld == 0 && !HeldWrong);
    Where = At(0x2000);
    EXPECT(CcCopyRead(File, &Where, 16, FALSE, Buffer, &Iosb)); /* without waiting */
    Before = Reads;
    Where = At(0x1000);
    CcScheduleReadAhead(File, &Where, 0x1000);
    Sleep(100);
    EXPECT_EQ(Reads, Before); /* it is there */
    Where = At(SIZE - 0x1000);
    CcScheduleReadAhead(File, &Where, 0x1000);
    Sleep(100);
    EXPECT_EQ(Reads, Before); /* there is no more */
}

/* A file that is not cached is zeroed on the disk. */
static VOID
Uncached(VOID)
{
    PFILE_OBJECT Plain = IoCreateStreamFileObjectLite(NULL, Device);
    LARGE_INTEGER Start = At(0x1200), End = At(0x1600);
    ULONG Before = Writes;

    Plain->FsContext = &Header;
    RtlFillMemory(Disk + 0x1000, 0x1000, 0xC1);
    EXPECT(CcZeroData(Plain, &Start, &End, TRUE));
    EXPECT(Disk[0x11FF] == 0xC1 && Disk[0x1200] == 0 && Disk[0x15FF] == 0 && Disk[0x1600] == 0xC1);
    EXPECT_EQ(Writes, Before + 1);
    EXPECT(CcZeroData(Plain, &End, &End, TRUE)); /* nothing */
    EXPECT_EQ(Writes, Before + 1);
    WriteStatus = STATUS_DEVICE_DATA_ERROR;
    EXPECT_RAISES(CcZeroData(Plain, &Start, &End, TRUE), STATUS_DEVICE_DATA_ERROR);
    WriteStatus = STATUS_SUCCESS;
    ObDereferenceObject(Plain);
}

static VOID
Finish(VOID)
{
    LARGE_INTEGER Zero = At(0);

    CcUninitializeCacheMap(File, &Zero, NULL);
    EXPECT(!CcIsFileCached(File));
    EXPECT_EQ(File->PrivateCacheMap, NULL);
    ObDereferenceObject(File);
    FsRtlTeardownPerStreamContexts(&Header);
    ExDeleteResourceLite(&Paging);
    ExDeleteResourceLite(&Resource);
}

static VOID NTAPI
Unload(PDRIVER_OBJECT DriverObject)
{
    IoDeleteDevice(DriverObject->DeviceObject);
}

NTSTATUS NTAPI
DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
    static const NTLAB_TEST Tests[] = {
        TEST(Begin),  TEST(Maps),       TEST(Pins),  TEST(Mdls),     TEST(CopiesAndSizes),
        TEST(Lazily), TEST(Thresholds), TEST(Ahead), TEST(Uncached), TEST(Finish)};

    for (ULONG i = 0; i <= IRP_MJ_MAXIMUM_FUNCTION; i++) {
        DriverObject->MajorFunction[i] = Transfer;
    }
    DriverObject->DriverUnload = Unload;
    IoCreateDevice(DriverObject, 0, NULL, FILE_DEVICE_DISK_FILE_SYSTEM, 0, FALSE, &Device);
    Device->Flags |= DO_DIRECT_IO;
    Device->Flags &= ~DO_DEVICE_INITIALIZING;
    NtlabRun(Tests, RTL_NUMBER_OF(Tests));
    return STATUS_SUCCESS;
}
