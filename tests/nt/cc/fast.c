/*
 * fast.c - what cannot be read or written, by every way into the cache: it is raised, or told, nothing is kept, and the next try finds what is there; and the fast I/O
 * routines of a file system: when they leave it to a request, whom they ask, and what they leave behind. [DDI:ntifs/cccopyread], [DDI:ntifs/cccopywrite],
 * [DDI:ntifs/ccmapdata], [DDI:ntifs/ccpinread], [DDI:ntifs/ccpreparepinwrite], [DDI:ntifs/cczerodata], [DDI:ntifs/ccmdlread], [DDI:ntifs/ccpreparemdlwrite],
 * [DDI:ntifs/cccoherencyflushandpurgecache], [DDI:ntifs/ccsetfilesizesex], [DDI:ntifs/fsrtlcopyread], [DDI:ntifs/fsrtlcopywrite],
 * [DDI:ntifs/fsrtlmdlreaddev], [DDI:ntifs/fsrtlpreparemdlwritedev].
 */
#include "stream.h"

NTKERNELAPI LARGE_INTEGER NTAPI CcGetFlushedValidData(PSECTION_OBJECT_POINTERS, BOOLEAN);

static PSTREAM Stream;
static PFILE_OBJECT File;
static UCHAR Data[3 * PAGE_SIZE];
static ULONG Asked;
static BOOLEAN May;

static BOOLEAN NTAPI
CheckIfPossible(PFILE_OBJECT FileObject, PLARGE_INTEGER Offset, ULONG Length, BOOLEAN Wait,
                ULONG Key, BOOLEAN Read, PIO_STATUS_BLOCK IoStatus, PDEVICE_OBJECT DeviceObject)
{
    Asked += FileObject == File && Offset->QuadPart == 0x100 && Length == 16 && Key == 5 &&
             DeviceObject == Device && Wait;
    return May;
}

static FAST_IO_DISPATCH FastIo = {.SizeOfFastIoDispatch = sizeof(FastIo),
                                  .FastIoCheckIfPossible = CheckIfPossible};

static VOID
Begin(VOID)
{
    Stream = MakeStream();
    File = OpenStream(Stream);
    Cache(Stream, File);
}

static VOID
Finish(VOID)
{
    Uncache(File, NULL);
    EXPECT(Stream->Pointers.SharedCacheMap == NULL); /* nothing is held that would keep it */
    ObDereferenceObject(File);
    FreeStream(Stream);
}

typedef enum _WAY {
    Read_,
    FastRead,
    Write_,
    Zero,
    Map,
    Pin,
    PrepareWrite,
    MdlRead,
    MdlWrite,
    Ways
} WAY;

/* A part of a page by each way, with what goes with it. */
static VOID
Go(WAY Way)
{
    LARGE_INTEGER Where = At(0x1010), End = At(0x1020);
    IO_STATUS_BLOCK Iosb = {{0x77}, 0x77};
    PVOID Bcb = NULL, Buffer = NULL;
    PMDL Mdl = NULL;

    switch (Way) {
    case Read_:
        CcCopyRead(File, &Where, 16, TRUE, Data, &Iosb);
        break;
    case FastRead:
        CcFastCopyRead(File, 0x1010, 16, 1, Data, &Iosb);
        break;
    case Write_:
        RtlFillMemory(Data, 16, 0xEE);
        CcCopyWrite(File, &Where, 16, TRUE, Data);
        break;
    case Zero:
        CcZeroData(File, &Where, &End, TRUE);
        break;
    case Map:
        CcMapData(File, &Where, 16, MAP_WAIT, &Bcb, &Buffer);
        CcUnpinData(Bcb);
        break;
    case Pin:
        CcPinRead(File, &Where, 16, PIN_WAIT, &Bcb, &Buffer);
        CcUnpinData(Bcb);
        break;
    case PrepareWrite:
        CcPreparePinWrite(File, &Where, 16, FALSE, PIN_WAIT, &Bcb, &Buffer);
        CcUnpinData(Bcb);
        break;
    case MdlRead:
        CcMdlRead(File, &Where, 16, &Mdl, &Iosb);
        CcMdlReadComplete(File, Mdl);
        break;
    case MdlWrite:
        CcPrepareMdlWrite(File, &Where, 16, &Mdl, &Iosb);
        CcMdlWriteComplete(File, &Where, Mdl);
        break;
    default:
        break;
    }
}

/* "If any failure occurs, [it] raises a status exception"; what no file system expects is raised as another one. */
static VOID
Raises(VOID)
{
    static const struct {
        NTSTATUS Read, Raised;
    } Row[] = {{STATUS_DEVICE_DATA_ERROR, STATUS_DEVICE_DATA_ERROR},
               {STATUS_INSUFFICIENT_RESOURCES, STATUS_INSUFFICIENT_RESOURCES},
               {STATUS_ACCESS_VIOLATION, STATUS_UNEXPECTED_IO_ERROR}};

    for (ULONG i = 0; i < RTL_NUMBER_OF(Row); i++) {
        for (WAY Way = 0; Way < Ways; Way++) {
            ULONG Before;
            UCHAR Seen[32];
            LARGE_INTEGER Where = At(0x1008);
            IO_STATUS_BLOCK Iosb;

            Begin();
            FsRtlEnterFileSystem();
            Stream->ReadStatus = Row[i].Read;
            EXPECT_RAISES(Go(Way), Row[i].Raised);
            Before = Stream->Reads;
            EXPECT(Before != 0 && Stream->Writes == 0);
            EXPECT(!CcCopyRead(File, &Where, 32, FALSE, Seen, &Iosb)); /* it is not there */
            Stream->ReadStatus = STATUS_SUCCESS;
            EXPECT(CcPurgeCacheSection(&Stream->Pointers, NULL, 0, FALSE)); /* nobody has it */
            Go(Way);
            EXPECT(Stream->Reads > Before);
            EXPECT(CcCopyRead(File, &Where, 32, FALSE, Seen, &Iosb));
            EXPECT(Seen[0] == 0x10 && Seen[31] == 0x10); /* around it: the disk's */
            EXPECT_EQ(Seen[8], Way == Write_ ? 0xEE : Way == Zero ? 0 : 0x10);
            FsRtlExitFileSystem();
            Finish();
        }
    }
}

/* Through to the disk: what the disk says is raised. */
static VOID
WritesThrough(VOID)
{
    static const WAY Which[] = {Write_, MdlWrite};

    for (ULONG i = 0; i < RTL_NUMBER_OF(Which); i++) {
        LARGE_INTEGER Where = At(0x1010);
        PMDL Mdl = NULL;
        IO_STATUS_BLOCK Iosb;

        Begin();
        File->Flags |= FO_WRITE_THROUGH;
        Stream->WriteStatus = STATUS_DISK_FULL;
        if (Which[i] == Write_) {
            EXPECT_RAISES(Go(Write_), STATUS_DISK_FULL);
            Stream->WriteStatus = STATUS_SUCCESS;
            Go(Write_);
        } else {
            CcPrepareMdlWrite(File, &Where, 16, &Mdl, &Iosb);
            RtlFillMemory(MmGetSystemAddressForMdlSafe(Mdl, NormalPagePriority), 16, 0xEE);
            EXPECT_RAISES(CcMdlWriteComplete(File, &Where, Mdl), STATUS_DISK_FULL);
            Stream->WriteStatus = STATUS_SUCCESS;
            CcMdlWriteComplete(File, &Where, Mdl);
        }
        EXPECT(Stream->Disk[0x1010] == 0xEE && Stream->Disk[0x1020] == 0x10);
        File->Flags &= ~FO_WRITE_THROUGH;
        /* taken back: nothing is dirty by it */
        Mdl = NULL;
        CcPrepareMdlWrite(File, &Where, 16, &Mdl, &Iosb);
        CcMdlWriteAbort(File, Mdl);
        Stream->Writes = 0;
        CcFlushCache(&Stream->Pointers, NULL, 0, &Iosb);
        EXPECT_EQ(Stream->Writes, 0);
        Finish();
    }
}

/* Written, and forgotten if nobody holds it: "STATUS_CACHE_PAGE_LOCKED". */
static VOID
Coherent(VOID)
{
    LARGE_INTEGER Where = At(0x1000);
    PVOID Bcb, Buffer;
    IO_STATUS_BLOCK Iosb;
    UCHAR Byte;

    Begin();
    Go(Write_);
    EXPECT(CcMapData(File, &Where, 16, MAP_WAIT, &Bcb, &Buffer));
    CcCoherencyFlushAndPurgeCache(&Stream->Pointers, NULL, 0, &Iosb, 0);
    EXPECT_STATUS(Iosb.Status, STATUS_CACHE_PAGE_LOCKED);
    EXPECT_EQ(Stream->Disk[0x1010], 0xEE);
    CcUnpinData(Bcb);
    Stream->Disk[0x1000] = 0x99;
    CcCoherencyFlushAndPurgeCache(&Stream->Pointers, NULL, 0, &Iosb, CC_FLUSH_AND_PURGE_NO_PURGE);
    EXPECT_STATUS(Iosb.Status, STATUS_SUCCESS);
    EXPECT(CcCopyRead(File, &Where, 1, TRUE, &Byte, &Iosb) && Byte == 0x10);
    CcCoherencyFlushAndPurgeCache(&Stream->Pointers, NULL, 0, &Iosb, 0);
    EXPECT_STATUS(Iosb.Status, STATUS_SUCCESS);
    EXPECT(CcCopyRead(File, &Where, 1, TRUE, &Byte, &Iosb) && Byte == 0x99);
    Go(Write_);
    Stream->WriteStatus = STATUS_DISK_FULL;
    CcCoherencyFlushAndPurgeCache(&Stream->Pointers, NULL, 0, &Iosb, 0);
    EXPECT_STATUS(Iosb.Status, STATUS_DISK_FULL);
    Stream->WriteStatus = STATUS_SUCCESS;
    EXPECT(CcCopyRead(File, &Where, 17, TRUE, Data, &Iosb) &&
           Data[16] == 0xEE); /* it was not lost */
    Finish();
}

/* Sizes with a status; what of a file's data is known to be on the disk. */
static VOID
Sizes(VOID)
{
    CC_FILE_SIZES New = {At(SIZE), At(0x3000), At(0x2000)};
    CACHE_UNINITIALIZE_EVENT Event;

    Begin();
    EXPECT_STATUS(CcSetFileSizesEx(File, &New), STATUS_SUCCESS);
    EXPECT_EQ(CcGetFileSizePointer(File)->QuadPart, 0x3000);
    EXPECT_EQ(CcGetFlushedValidData(&Stream->Pointers, FALSE).QuadPart, 0x2000);
    Uncache(File, NULL);
    EXPECT_EQ(CcGetFlushedValidData(&Stream->Pointers, FALSE).QuadPart, MAXLONGLONG);
    EXPECT_STATUS(CcSetFileSizesEx(File, &New), STATUS_SUCCESS); /* it is not cached */
    EXPECT(!CcIsFileCached(File));
    /* nothing to end: the event is set at once */
    KeInitializeEvent(&Event.Event, NotificationEvent, FALSE);
    EXPECT(!CcUninitializeCacheMap(File, NULL, &Event));
    EXPECT(KeReadStateEvent(&Event.Event) != 0);
    ObDereferenceObject(File);
    FreeStream(Stream);
}

static struct {
    KEVENT Has, Go;
} Holder;

static VOID NTAPI
Hold(PVOID Context)
{
    KeEnterCriticalRegion();
    ExAcquireResourceExclusiveLite(&Stream->Resource, TRUE);
    KeSetEvent(&Holder.Has, 0, FALSE);
    KeWaitForSingleObject(&Holder.Go, Executive, KernelMode, FALSE, NULL);
    ExReleaseResourceLite(&Stream->Resource);
    KeLeaveCriticalRegion();
    PsTerminateSystemThread(STATUS_SUCCESS);
}

static VOID
ExpectLeft(VOID)
{
    EXPECT(!KeAreApcsDisabled() && IoGetTopLevelIrp() == NULL);
    EXPECT(ExIsResourceAcquiredSharedLite(&Stream->Resource) == 0);
}

/* By which of the four: 0 read, 1 write, 2 MDL read, 3 MDL write; whether it was done. */
static BOOLEAN
Fast(ULONG Which, LONGLONG Offset, ULONG Length, BOOLEAN Wait, PIO_STATUS_BLOCK Iosb)
{
    LARGE_INTEGER Where = At(Offset);
    PMDL Mdl = NULL;
    BOOLEAN Done;

    Iosb->Status = 0x77;
    Iosb->Information = 0x77;
    if (Which == 0) {
        Done = FsRtlCopyRead(File, &Where, Length, Wait, 5, Data, Iosb, Device);
    } else if (Which == 1) {
        Done = FsRtlCopyWrite(File, &Where, Length, Wait, 5, Data, Iosb, Device);
    } else if (Which == 2) {
        Done = FsRtlMdlReadDev(File, &Where, Length, 5, &Mdl, Iosb, Device);
        if (Mdl != NULL) {
            EXPECT(FsRtlMdlReadCompleteDev(File, Mdl, Device));
        }
    } else {
        Done = FsRtlPrepareMdlWriteDev(File, &Where, Length, 5, &Mdl, Iosb, Device);
        if (Mdl != NULL) {
            EXPECT(FsRtlMdlWriteCompleteDev(File, &Where, Mdl, Device));
        }
    }
    ExpectLeft();
    return Done;
}

static VOID
FastIo_(VOID)
{
    IO_STATUS_BLOCK Iosb;
    HANDLE Handle;
    PVOID Thread;

    Begin();
    Stream->Header.FileSize = Stream->Header.ValidDataLength = At(0x6000);
    for (ULONG Which = 0; Which < 4; Which++) {
        BOOLEAN Writes = Which & 1;
        static const UCHAR States[] = {FastIoIsNotPossible, FastIoIsPossible, FastIoIsQuestionable};

        for (ULONG i = 0; i < 4; i++) { /* who decides */
            BOOLEAN Expected = i == 1 || i == 3;

            Stream->Header.IsFastIoPossible = States[min(i, 2)];
            May = i == 3;
            Asked = 0;
            File->Flags &= ~(FO_FILE_MODIFIED | FO_FILE_FAST_IO_READ);
            File->CurrentByteOffset = At(0);
            EXPECT_EQ(Fast(Which, 0x100, 16, TRUE, &Iosb), Expected);
            EXPECT_EQ(Asked, i >= 2);
            EXPECT(!Expected || (Iosb.Status == STATUS_SUCCESS && Iosb.Information == 16));
            EXPECT_EQ((File->Flags & FO_FILE_MODIFIED) != 0, Expected && Writes);
            EXPECT_EQ((File->Flags & FO_FILE_FAST_IO_READ) != 0, Expected && Which == 0);
            EXPECT_EQ(File->CurrentByteOffset.QuadPart, Expected && Which < 2 ? 0x110 : 0);
        }
        Stream->Header.IsFastIoPossible = FastIoIsPossible;
        /* who reads for it sees that it is fast I/O */
        Stream->Top = NULL;
        EXPECT(Fast(Which, 0x4010 + Which * 0x100, 16, TRUE, &Iosb));
        EXPECT(Which != 0 || Stream->Top == (PIRP)FSRTL_FAST_IO_TOP_LEVEL_IRP);
        EXPECT(CcPurgeCacheSection(&Stream->Pointers, NULL, 0, FALSE));
        /* what fails is left to a request, which will tell of it */
        Stream->ReadStatus = STATUS_DEVICE_DATA_ERROR;
        File->CurrentByteOffset = At(7);
        EXPECT(!Fast(Which, 0x4010, 16, TRUE, &Iosb));
        EXPECT_EQ(File->CurrentByteOffset.QuadPart, 7);
        EXPECT(Stream->Top == (PIRP)FSRTL_FAST_IO_TOP_LEVEL_IRP);
        Stream->ReadStatus = STATUS_SUCCESS;
        /* the edges of the file: reads are cut, writes that extend are left */
        EXPECT_EQ(Fast(Which, 0x5FF8, 8, TRUE, &Iosb), TRUE);
        EXPECT_EQ(Iosb.Information, 8);
        EXPECT_EQ(Fast(Which, 0x5FF8, 9, TRUE, &Iosb), !Writes);
        EXPECT(Writes || Iosb.Information == 8);
        EXPECT_EQ(Fast(Which, 0x6000, 1, TRUE, &Iosb), !Writes);
        EXPECT(Writes || (Iosb.Status == STATUS_END_OF_FILE && Iosb.Information == 0));
        EXPECT(Fast(Which, 0x6000, 0, TRUE, &Iosb) && Iosb.Status == STATUS_SUCCESS &&
               Iosb.Information == 0);
        if (Which < 2) {
            EXPECT(!Fast(Which, -1, 16, TRUE, &Iosb));
            EXPECT(!Fast(Which, MAXLONGLONG - 8, 16, TRUE, &Iosb));
        }
    }
    /* valid data that ends before the file: what lies between is no fast write */
    Stream->Header.ValidDataLength = At(0x2000);
    EXPECT(Fast(0, 0x2000, 16, TRUE, &Iosb));
    EXPECT(!Fast(1, 0x2000, 1, TRUE, &Iosb) && !Fast(3, 0x1FF8, 16, TRUE, &Iosb));
    EXPECT(Fast(1, 0x1FF0, 16, TRUE, &Iosb) && Fast(3, 0x1FF0, 16, TRUE, &Iosb));
    /* somebody has the file: who may not wait does not */
    KeInitializeEvent(&Holder.Has, SynchronizationEvent, FALSE);
    KeInitializeEvent(&Holder.Go, SynchronizationEvent, FALSE);
    PsCreateSystemThread(&Handle, THREAD_ALL_ACCESS, NULL, NULL, NULL, Hold, NULL);
    ObReferenceObjectByHandle(Handle, SYNCHRONIZE, *PsThreadType, KernelMode, &Thread, NULL);
    ZwClose(Handle);
    KeWaitForSingleObject(&Holder.Has, Executive, KernelMode, FALSE, NULL);
    EXPECT(!Fast(0, 0x1000, 16, FALSE, &Iosb) && !Fast(1, 0x1000, 16, FALSE, &Iosb));
    KeSetEvent(&Holder.Go, 0, FALSE);
    EXPECT(Fast(0, 0x1000, 16, TRUE, &Iosb)); /* who may, waits */
    KeWaitForSingleObject(Thread, Executive, KernelMode, FALSE, NULL);
    ObDereferenceObject(Thread);
    EXPECT(Fast(0, 0x1000, 16, FALSE, &Iosb));
    EXPECT(CcPurgeCacheSection(&Stream->Pointers, NULL, 0, FALSE));
    EXPECT(!Fast(0, 0x1000, 16, FALSE, &Iosb)); /* it would have to be read */
    EXPECT(!Fast(1, 0x1000, 16, FALSE, &Iosb));
    Finish();
    /* not cached by this file object */
    Stream = MakeStream();
    Stream->Header.IsFastIoPossible = FastIoIsPossible;
    File = OpenStream(Stream);
    for (ULONG Which = 0; Which < 4; Which++) {
        EXPECT(!Fast(Which, 0x100, 16, TRUE, &Iosb));
    }
    ObDereferenceObject(File);
    FreeStream(Stream);
}

/* No page is read but those that a range lies in. */
static VOID
Edges(VOID)
{
    static const ULONG Offsets[] = {0x1001, 0x1011, 0x1FF1, 0x1800};

    for (ULONG i = 0; i < RTL_NUMBER_OF(Offsets); i++) {
        LARGE_INTEGER Where = At(Offsets[i]), Before = At(0), Behind = At(0x2000);
        PVOID Bcb, Buffer;
        IO_STATUS_BLOCK Iosb;

        Begin();
        FsRtlEnterFileSystem();
        EXPECT(CcPreparePinWrite(File, &Where, 15, FALSE, PIN_WAIT, &Bcb, &Buffer));
        CcUnpinData(Bcb);
        EXPECT(!CcCopyRead(File, &Before, 1, FALSE, Data, &Iosb));
        EXPECT(!CcCopyRead(File, &Behind, 1, FALSE, Data, &Iosb));
        EXPECT(CcCopyRead(File, &Where, 15, FALSE, Data, &Iosb));
        FsRtlExitFileSystem();
        Finish();
    }
}

static VOID
Prepare(VOID)
{
    Device->DriverObject->FastIoDispatch = &FastIo;
}

STREAM_DRIVER(TEST(Prepare), TEST(Raises), TEST(WritesThrough), TEST(Coherent), TEST(Sizes),
              TEST(FastIo_), TEST(Edges))
