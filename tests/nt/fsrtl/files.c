/*
 * files.c - fast I/O, MDLs, flushing and sizes on a file of C:, as a filter or a server uses them. [DDI: ntifs, FsRtlCopyRead,
 * FsRtlCopyWrite, FsRtlMdlReadDev, FsRtlMdlReadCompleteDev, FsRtlPrepareMdlWriteDev, FsRtlMdlWriteCompleteDev, FsRtlGetFileSize,
 * CcCoherencyFlushAndPurgeCache, CcIsThereDirtyDataEx, CcGetFileObjectFromSectionPtrsRef, MmDoesFileHaveUserWritableReferences]
 */
#include "../ntlab-test.h"

NTKERNELAPI BOOLEAN NTAPI FsRtlMdlRead(PFILE_OBJECT, PLARGE_INTEGER, ULONG, ULONG, PMDL *,
                                       PIO_STATUS_BLOCK);
NTKERNELAPI BOOLEAN NTAPI FsRtlPrepareMdlWrite(PFILE_OBJECT, PLARGE_INTEGER, ULONG, ULONG, PMDL *,
                                               PIO_STATUS_BLOCK);

#define PAGE 4096u

static HANDLE Handle;
static PFILE_OBJECT File;
static UCHAR Data[2 * PAGE], Text[2 * PAGE];

static LARGE_INTEGER
At(LONGLONG Offset)
{
    LARGE_INTEGER Where = {.QuadPart = Offset};

    return Where;
}

static VOID
Prepare(VOID)
{
    UNICODE_STRING Name = RTL_CONSTANT_STRING(L"\\??\\C:\\files-test");
    OBJECT_ATTRIBUTES Object;
    IO_STATUS_BLOCK Iosb;
    LARGE_INTEGER Start = {.QuadPart = 0};

    InitializeObjectAttributes(&Object, &Name, OBJ_KERNEL_HANDLE | OBJ_CASE_INSENSITIVE, NULL,
                               NULL);
    EXPECT_STATUS(ZwCreateFile(&Handle, GENERIC_READ | GENERIC_WRITE | DELETE | SYNCHRONIZE,
                               &Object, &Iosb, NULL, 0, FILE_SHARE_READ, FILE_OVERWRITE_IF,
                               FILE_SYNCHRONOUS_IO_NONALERT, NULL, 0),
                  STATUS_SUCCESS);
    ObReferenceObjectByHandle(Handle, 0, *IoFileObjectType, KernelMode, (PVOID *)&File, NULL);
    for (ULONG i = 0; i < sizeof(Data); i++) {
        Data[i] = (UCHAR)(i * 7 + i / 256);
    }
    EXPECT_STATUS(ZwWriteFile(Handle, NULL, NULL, NULL, &Iosb, Data, sizeof(Data), &Start, NULL),
                  STATUS_SUCCESS);
    EXPECT(CcIsFileCached(File));
}

static VOID
Copies(VOID)
{
    LARGE_INTEGER Where = At(100);
    IO_STATUS_BLOCK Iosb;

    /* TRUE: done, and IoStatus says how much; the position moves */
    EXPECT(FsRtlCopyRead(File, &Where, 50, TRUE, 0, Text, &Iosb, File->DeviceObject));
    EXPECT_STATUS(Iosb.Status, STATUS_SUCCESS);
    EXPECT(Iosb.Information == 50 && RtlEqualMemory(Text, Data + 100, 50));
    EXPECT_EQ(File->CurrentByteOffset.QuadPart, 150);
    Where = At(sizeof(Data) - 10); /* as far as the file goes */
    EXPECT(FsRtlCopyRead(File, &Where, 50, TRUE, 0, Text, &Iosb, File->DeviceObject));
    EXPECT(Iosb.Information == 10);
    Where = At(sizeof(Data));
    EXPECT(FsRtlCopyRead(File, &Where, 50, TRUE, 0, Text, &Iosb, File->DeviceObject));
    EXPECT_STATUS(Iosb.Status, STATUS_END_OF_FILE);
    EXPECT_EQ(Iosb.Information, 0);
    Where = At(0);
    EXPECT(FsRtlCopyRead(File, &Where, 0, TRUE, 0, Text, &Iosb, File->DeviceObject)); /* nothing */
    EXPECT_STATUS(Iosb.Status, STATUS_SUCCESS);
    Where = At(10);
    Data[10] = 0xAB;
    EXPECT(FsRtlCopyWrite(File, &Where, 1, TRUE, 0, Data + 10, &Iosb, File->DeviceObject));
    EXPECT(NT_SUCCESS(Iosb.Status) && Iosb.Information == 1);
    EXPECT(FsRtlCopyRead(File, &Where, 1, TRUE, 0, Text, &Iosb, File->DeviceObject));
    EXPECT_EQ(Text[0], 0xAB);
}

static VOID
Mdls(VOID)
{
    LARGE_INTEGER Where = At(PAGE - 16);
    PMDL Mdl = NULL;
    IO_STATUS_BLOCK Iosb;
    PUCHAR Mapped;

    EXPECT(FsRtlMdlReadDev(File, &Where, 32, 0, &Mdl, &Iosb, File->DeviceObject));
    EXPECT(NT_SUCCESS(Iosb.Status) && Iosb.Information == 32 && Mdl != NULL);
    if (Mdl != NULL) {
        Mapped = MmGetSystemAddressForMdlSafe(Mdl, NormalPagePriority);
        EXPECT(MmGetMdlByteCount(Mdl) == 32 && RtlEqualMemory(Mapped, Data + PAGE - 16, 32));
        EXPECT(FsRtlMdlReadCompleteDev(File, Mdl, File->DeviceObject));
    }
    /* into the cache, in place; what was written is read at once */
    Mdl = NULL;
    Where = At(64);
    EXPECT(FsRtlPrepareMdlWriteDev(File, &Where, 16, 0, &Mdl, &Iosb, File->DeviceObject));
    EXPECT(NT_SUCCESS(Iosb.Status) && Iosb.Information == 16 && Mdl != NULL);
    if (Mdl != NULL) {
        Mapped = MmGetSystemAddressForMdlSafe(Mdl, NormalPagePriority);
        RtlFillMemory(Mapped, 16, 0x5A);
        EXPECT(FsRtlMdlWriteCompleteDev(File, &Where, Mdl, File->DeviceObject));
        RtlFillMemory(Data + 64, 16, 0x5A);
        EXPECT(FsRtlCopyRead(File, &Where, 16, TRUE, 0, Text, &Iosb, File->DeviceObject));
        EXPECT(RtlEqualMemory(Text, Data + 64, 16));
    }
}

/* The forms without a device; what fast I/O leaves to a request: while another is on its way, and beyond the file's end. */
static VOID
Forms(VOID)
{
    LARGE_INTEGER Where = At(128), End = At(sizeof(Data)), Last = At(sizeof(Data) - 4);
    PMDL Mdl = NULL;
    IO_STATUS_BLOCK Iosb = {0};

    EXPECT(FsRtlMdlRead(File, &Where, 8, 0, &Mdl, &Iosb));
    EXPECT(NT_SUCCESS(Iosb.Status) && Iosb.Information == 8 && Mdl != NULL);
    if (Mdl != NULL) {
        EXPECT(
            RtlEqualMemory(MmGetSystemAddressForMdlSafe(Mdl, NormalPagePriority), Data + 128, 8));
        EXPECT(FsRtlMdlReadComplete(File, Mdl));
    }
    Mdl = NULL;
    EXPECT(FsRtlPrepareMdlWrite(File, &Where, 8, 0, &Mdl, &Iosb));
    EXPECT(NT_SUCCESS(Iosb.Status) && Iosb.Information == 8 && Mdl != NULL);
    if (Mdl != NULL) {
        RtlFillMemory(MmGetSystemAddressForMdlSafe(Mdl, NormalPagePriority), 8, 0x6B);
        EXPECT(FsRtlMdlWriteComplete(File, &Where, Mdl));
        RtlFillMemory(Data + 128, 8, 0x6B);
    }
    EXPECT(FsRtlCopyRead(File, &Where, 8, TRUE, 0, Text, &Iosb, File->DeviceObject) &&
           RtlEqualMemory(Text, Data + 128, 8));
    Mdl = NULL;
    EXPECT(FsRtlMdlReadDev(File, &Where, 0, 0, &Mdl, &Iosb, File->DeviceObject)); /* nothing */
    EXPECT(Iosb.Status == STATUS_SUCCESS && Iosb.Information == 0 && Mdl == NULL);
    EXPECT(FsRtlPrepareMdlWriteDev(File, &Where, 0, 0, &Mdl, &Iosb, File->DeviceObject));
    EXPECT(Iosb.Information == 0 && Mdl == NULL);
    EXPECT(FsRtlMdlReadDev(File, &End, 8, 0, &Mdl, &Iosb, File->DeviceObject));
    EXPECT(Iosb.Status == STATUS_END_OF_FILE && Iosb.Information == 0 && Mdl == NULL);
    EXPECT(!FsRtlPrepareMdlWriteDev(File, &Last, 8, 0, &Mdl, &Iosb, File->DeviceObject));
    EXPECT(!FsRtlCopyWrite(File, &Last, 8, TRUE, 0, Data, &Iosb, File->DeviceObject));
    EXPECT(FsRtlCopyWrite(File, &Last, 0, TRUE, 0, Data, &Iosb, File->DeviceObject));
    EXPECT(Iosb.Status == STATUS_SUCCESS && Iosb.Information == 0);
    IoSetTopLevelIrp((PIRP)FSRTL_FSP_TOP_LEVEL_IRP);
    EXPECT(!FsRtlCopyRead(File, &Where, 8, TRUE, 0, Text, &Iosb, File->DeviceObject));
    EXPECT(!FsRtlCopyWrite(File, &Where, 8, TRUE, 0, Data, &Iosb, File->DeviceObject));
    EXPECT(!FsRtlMdlReadDev(File, &Where, 8, 0, &Mdl, &Iosb, File->DeviceObject));
    EXPECT(!FsRtlPrepareMdlWriteDev(File, &Where, 8, 0, &Mdl, &Iosb, File->DeviceObject));
    IoSetTopLevelIrp(NULL);
    File->Flags |= FO_WRITE_THROUGH;
    EXPECT(!FsRtlCopyWrite(File, &Where, 8, TRUE, 0, Data, &Iosb, File->DeviceObject));
    EXPECT(!FsRtlPrepareMdlWriteDev(File, &Where, 8, 0, &Mdl, &Iosb, File->DeviceObject));
    File->Flags &= ~FO_WRITE_THROUGH;
    EXPECT(IoGetTopLevelIrp() == NULL && Mdl == NULL);
    EXPECT(!KeAreApcsDisabled());
}

/* [DDI:ntifs/fsrtlispagingfile] */
static VOID
Kinds(VOID)
{
    EXPECT(!FsRtlIsPagingFile(File));
}

static VOID
Flushes(VOID)
{
    LARGE_INTEGER Where = At(0), Size;
    IO_STATUS_BLOCK Iosb;
    ULONG Pages = 0;
    PFILE_OBJECT Other;

    EXPECT(CcIsThereDirtyData(File->Vpb));
    EXPECT(CcIsThereDirtyDataEx(File->Vpb, &Pages) && Pages != 0);
    EXPECT_STATUS(FsRtlGetFileSize(File, &Size), STATUS_SUCCESS);
    EXPECT_EQ(Size.QuadPart, sizeof(Data));
    /* flushed and purged: the pages are read anew, and hold the same */
    CcCoherencyFlushAndPurgeCache(File->SectionObjectPointer, NULL, 0, &Iosb, 0);
    EXPECT(NT_SUCCESS(Iosb.Status));
    EXPECT(FsRtlCopyRead(File, &Where, sizeof(Text), TRUE, 0, Text, &Iosb, File->DeviceObject));
    EXPECT(Iosb.Information == sizeof(Data) && RtlEqualMemory(Text, Data, sizeof(Data)));
    /* the file object of the cache, with a reference of its own */
    Other = CcGetFileObjectFromSectionPtrsRef(File->SectionObjectPointer);
    EXPECT(Other != NULL && Other->SectionObjectPointer == File->SectionObjectPointer);
    if (Other != NULL) {
        ObDereferenceObject(Other);
    }
}

/* [DDI:ntifs/mmdoesfilehaveuserwritablereferences] a writable view of a user, or a section for one. */
static VOID
Views(VOID)
{
    OBJECT_ATTRIBUTES Attributes;
    PVOID View = NULL;
    SIZE_T Bytes = 0;
    HANDLE Section;

    InitializeObjectAttributes(&Attributes, NULL, OBJ_KERNEL_HANDLE, NULL, NULL);
    EXPECT_EQ(MmDoesFileHaveUserWritableReferences(File->SectionObjectPointer), 0);
    EXPECT_STATUS(ZwCreateSection(&Section, SECTION_ALL_ACCESS, &Attributes, NULL, PAGE_READWRITE,
                                  SEC_COMMIT, Handle),
                  STATUS_SUCCESS);
    EXPECT_STATUS(ZwMapViewOfSection(Section, ZwCurrentProcess(), &View, 0, 0, NULL, &Bytes,
                                     ViewUnmap, 0, PAGE_READWRITE),
                  STATUS_SUCCESS);
    EXPECT(MmDoesFileHaveUserWritableReferences(File->SectionObjectPointer) != 0);
    /* what is mapped cannot be cut off */
    {
        LARGE_INTEGER Size = {.QuadPart = 0};

        EXPECT(!MmCanFileBeTruncated(File->SectionObjectPointer, &Size));
    }
    EXPECT_STATUS(ZwUnmapViewOfSection(ZwCurrentProcess(), View), STATUS_SUCCESS);
    ZwClose(Section);
    EXPECT_EQ(MmDoesFileHaveUserWritableReferences(File->SectionObjectPointer), 0);
    {
        LARGE_INTEGER Size = {.QuadPart = 0};

        EXPECT(MmCanFileBeTruncated(File->SectionObjectPointer, &Size));
    }
}

static VOID
Last(VOID)
{
    FILE_DISPOSITION_INFORMATION Yes = {TRUE};
    IO_STATUS_BLOCK Iosb;

    EXPECT_STATUS(
        ZwSetInformationFile(Handle, &Iosb, &Yes, sizeof(Yes), FileDispositionInformation),
        STATUS_SUCCESS);
    ObDereferenceObject(File);
    ZwClose(Handle);
}

TEST_DRIVER(TEST(Prepare), TEST(Copies), TEST(Mdls), TEST(Forms), TEST(Kinds), TEST(Flushes),
            TEST(Views), TEST(Last))
