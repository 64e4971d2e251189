/*
 * filesection.c - what file systems ask of the sections of a file. One check is one sentence of [DDI:ntifs/mmflushimagesection],
 * [DDI:ntifs/mmforcesectionclosed], [DDI:ntifs/mmcanfilebetruncated], [DDI:ntifs/mmdoesfilehaveuserwritablereferences],
 * [DDI:wdm/zwcreatesection], [DDI:ntifs/zwflushvirtualmemory], [DDI:ntifs/ccpurgecachesection].
 */
#include "../ntlab-test.h"

#ifndef SEC_IMAGE
#define SEC_IMAGE 0x1000000
#endif

static HANDLE Handle;
static PFILE_OBJECT File;
static PSECTION_OBJECT_POINTERS Pointers;

static HANDLE
Section(ULONG Protection, ULONG Attributes, NTSTATUS Expected)
{
    OBJECT_ATTRIBUTES Object;
    HANDLE Result = NULL;

    InitializeObjectAttributes(&Object, NULL, OBJ_KERNEL_HANDLE, NULL, NULL);
    EXPECT_STATUS(
        ZwCreateSection(&Result, SECTION_ALL_ACCESS, &Object, NULL, Protection, Attributes, Handle),
        Expected);
    return Result;
}

static PVOID
View(HANDLE Section, ULONG Protection)
{
    PVOID Base = NULL;
    SIZE_T Size = 0;

    EXPECT(NT_SUCCESS(ZwMapViewOfSection(Section, ZwCurrentProcess(), &Base, 0, 0, NULL, &Size,
                                         ViewUnmap, 0, Protection)));
    return Base;
}

static VOID
Open(PCWSTR Path, ULONG Options)
{
    UNICODE_STRING Name;
    OBJECT_ATTRIBUTES Object;
    IO_STATUS_BLOCK Iosb;

    RtlInitUnicodeString(&Name, Path);
    InitializeObjectAttributes(&Object, &Name, OBJ_KERNEL_HANDLE | OBJ_CASE_INSENSITIVE, NULL,
                               NULL);
    EXPECT_STATUS(ZwCreateFile(&Handle, GENERIC_READ | GENERIC_WRITE | GENERIC_EXECUTE | DELETE,
                               &Object, &Iosb, NULL, 0, FILE_SHARE_READ | FILE_SHARE_DELETE,
                               FILE_OPEN_IF, FILE_SYNCHRONOUS_IO_NONALERT | Options, NULL, 0),
                  STATUS_SUCCESS);
    ObReferenceObjectByHandle(Handle, 0, *IoFileObjectType, KernelMode, (PVOID *)&File, NULL);
    Pointers = File->SectionObjectPointer;
}

static VOID
Close(VOID)
{
    ObDereferenceObject(File);
    ZwClose(Handle);
}

static VOID
Write(const VOID *Bytes, ULONG Length, LONGLONG Offset)
{
    LARGE_INTEGER Where = {.QuadPart = Offset};
    IO_STATUS_BLOCK Iosb;

    EXPECT_STATUS(ZwWriteFile(Handle, NULL, NULL, NULL, &Iosb, (PVOID)Bytes, Length, &Where, NULL),
                  STATUS_SUCCESS);
}

static VOID
Nothing(VOID)
{
    static UCHAR Text[0x3000];
    LARGE_INTEGER Zero = {.QuadPart = 0};

    Open(L"\\??\\C:\\filesection", 0);
    /* no section: whatever may be done */
    EXPECT(MmFlushImageSection(Pointers, MmFlushForDelete));
    EXPECT(MmFlushImageSection(Pointers, MmFlushForWrite));
    EXPECT(MmCanFileBeTruncated(Pointers, &Zero) && MmCanFileBeTruncated(Pointers, NULL));
    EXPECT(MmForceSectionClosed(Pointers, FALSE));
    EXPECT_EQ(MmDoesFileHaveUserWritableReferences(Pointers), 0);
    /* an empty file has nothing to map */
    EXPECT(Section(PAGE_READWRITE, SEC_COMMIT, STATUS_MAPPED_FILE_SIZE_ZERO) == NULL);
    Write(Text, sizeof(Text), 0);
    /* the cache is no user: it hinders neither a deletion nor a truncation */
    EXPECT(CcIsFileCached(File));
    EXPECT(MmFlushImageSection(Pointers, MmFlushForDelete));
    EXPECT(MmCanFileBeTruncated(Pointers, &Zero));
    EXPECT(!MmForceSectionClosed(Pointers, FALSE)); /* but it has the file's section */
}

static VOID
DataSections(VOID)
{
    LARGE_INTEGER Zero = {.QuadPart = 0}, Same = {.QuadPart = 0x3000}, More = {.QuadPart = 0x9000};
    FILE_END_OF_FILE_INFORMATION End = {Zero};
    IO_STATUS_BLOCK Iosb;
    HANDLE Data = Section(PAGE_READWRITE, SEC_COMMIT, STATUS_SUCCESS), Reader;
    PVOID Base;

    EXPECT(Pointers->DataSectionObject != NULL && Pointers->ImageSectionObject == NULL);
    /* who deletes has to wait for the user, who writes has not */
    EXPECT(!MmFlushImageSection(Pointers, MmFlushForDelete));
    EXPECT(MmFlushImageSection(Pointers, MmFlushForWrite));
    /* "FALSE if ... a user-mapped section": not to be made smaller, but larger */
    EXPECT(!MmCanFileBeTruncated(Pointers, &Zero) && !MmCanFileBeTruncated(Pointers, NULL));
    EXPECT(MmCanFileBeTruncated(Pointers, &Same) && MmCanFileBeTruncated(Pointers, &More));
    EXPECT_STATUS(ZwSetInformationFile(Handle, &Iosb, &End, sizeof(End), FileEndOfFileInformation),
                  STATUS_USER_MAPPED_FILE);
    /* a section that users can write through, and a view of it */
    EXPECT_EQ(MmDoesFileHaveUserWritableReferences(Pointers), 1);
    Base = View(Data, PAGE_READWRITE);
    EXPECT(MmDoesFileHaveUserWritableReferences(Pointers) > 1);
    ZwClose(Data);
    EXPECT(MmDoesFileHaveUserWritableReferences(Pointers) != 0); /* the view stays */
    EXPECT(!MmFlushImageSection(Pointers, MmFlushForDelete));
    ZwUnmapViewOfSection(ZwCurrentProcess(), Base);
    EXPECT_EQ(MmDoesFileHaveUserWritableReferences(Pointers), 0);
    EXPECT(MmFlushImageSection(Pointers, MmFlushForDelete) &&
           MmCanFileBeTruncated(Pointers, &Zero));
    /* one that only reads, or copies on write, is no writable reference */
    Reader = Section(PAGE_READONLY, SEC_COMMIT, STATUS_SUCCESS);
    EXPECT_EQ(MmDoesFileHaveUserWritableReferences(Pointers), 0);
    Base = View(Reader, PAGE_READONLY);
    EXPECT_EQ(MmDoesFileHaveUserWritableReferences(Pointers), 0);
    EXPECT(!MmFlushImageSection(Pointers, MmFlushForDelete));
    ZwUnmapViewOfSection(ZwCurrentProcess(), Base);
    ZwClose(Reader);
    Reader = Section(PAGE_WRITECOPY, SEC_COMMIT, STATUS_SUCCESS);
    EXPECT_EQ(MmDoesFileHaveUserWritableReferences(Pointers), 0);
    ZwClose(Reader);
}

/* What is left when nobody caches it and nobody maps it. */
static VOID
Closing(VOID)
{
    HANDLE Data;
    PUCHAR Base;

    CcFlushCache(Pointers, NULL, 0, NULL); /* the cache has nothing to do with it any more */
    Close();
    Open(L"\\??\\C:\\filesection", FILE_NO_INTERMEDIATE_BUFFERING);
    Data = Section(PAGE_READWRITE, SEC_COMMIT, STATUS_SUCCESS);
    Base = View(Data, PAGE_READWRITE);
    Base[0] = 0x5A;
    ZwClose(Data);
    EXPECT(!MmForceSectionClosed(Pointers, FALSE)); /* mapped */
    ZwUnmapViewOfSection(ZwCurrentProcess(), Base);
    EXPECT(MmForceSectionClosed(Pointers, FALSE)); /* what is dirty is written first */
    EXPECT_EQ(Pointers->DataSectionObject, NULL);
    Data = Section(PAGE_READONLY, SEC_COMMIT, STATUS_SUCCESS);
    Base = View(Data, PAGE_READONLY);
    EXPECT_EQ(Base[0], 0x5A);
    ZwUnmapViewOfSection(ZwCurrentProcess(), Base);
    ZwClose(Data);
    Close();
}

NTSYSAPI NTSTATUS NTAPI ZwFlushVirtualMemory(HANDLE, PVOID *, PSIZE_T, PIO_STATUS_BLOCK);

/* What a flush has written survives that everything else is thrown away: whole pages that the range touches, of no size all to the view's end. */
static VOID
Flushed(VOID)
{
    static const struct {
        ULONG From, Size, First, Pages;
    } Table[] = {
        {0, 1, 0, 1},      {0, 0x1000, 0, 1},      {0, 0x1001, 0, 2},      {0xFFF, 2, 0, 2},
        {0x1000, 1, 1, 1}, {0x2FFF, 0x1001, 2, 2}, {0, 0, 0, 5},           {0x3000, 0, 3, 2},
        {0x4FFF, 1, 4, 1}, {0x4000, 0x9000, 4, 1}, {0x1800, 0x1000, 1, 2},
    };
    static UCHAR Bytes[0x5000];

    for (ULONG Round = 0; Round < 2 * RTL_NUMBER_OF(Table); Round++) {
        ULONG i = Round / 2;
        LARGE_INTEGER Offset = {.QuadPart = Table[i].From};
        IO_STATUS_BLOCK Iosb = {0};
        SIZE_T Size = Table[i].Size;
        PVOID From;
        HANDLE Data;
        PUCHAR Base;

        Open(L"\\??\\C:\\flushed", 0);
        RtlFillMemory(Bytes, sizeof(Bytes), (UCHAR)i);
        Write(Bytes, sizeof(Bytes), 0);
        CcFlushCache(Pointers, NULL, 0, NULL);
        Close();
        Open(L"\\??\\C:\\flushed", 0);
        Data = Section(PAGE_READWRITE, SEC_COMMIT, STATUS_SUCCESS);
        Base = View(Data, PAGE_READWRITE);
        RtlFillMemory(Base, sizeof(Bytes), 0xF0);
        From = Base + Table[i].From;
        if (Round % 2 == 0) {
            EXPECT_STATUS(ZwFlushVirtualMemory(ZwCurrentProcess(), &From, &Size, &Iosb),
                          STATUS_SUCCESS);
        } else { /* of the file, and without a place of all of it */
            CcFlushCache(Pointers, Table[i].Pages != 5 ? &Offset : NULL,
                         Size != 0 ? (ULONG)Size : 0x2000, &Iosb);
        }
        EXPECT_STATUS(Iosb.Status, STATUS_SUCCESS);
        ZwClose(Data);
        ZwUnmapViewOfSection(ZwCurrentProcess(), Base);
        From = Base;
        EXPECT_STATUS(ZwFlushVirtualMemory(ZwCurrentProcess(), &From, &Size, &Iosb),
                      STATUS_NOT_MAPPED_DATA);
        EXPECT(CcPurgeCacheSection(Pointers, NULL, 0, FALSE));
        Data = Section(PAGE_READONLY, SEC_COMMIT, STATUS_SUCCESS);
        Base = View(Data, PAGE_READONLY);
        for (ULONG Page = 0; Page < 5; Page++) {
            BOOLEAN Kept = Page >= Table[i].First && Page < Table[i].First + Table[i].Pages;

            EXPECT_EQ(Base[Page * 0x1000 + 0x800], Kept ? 0xF0 : i);
        }
        ZwClose(Data);
        ZwUnmapViewOfSection(ZwCurrentProcess(), Base);
        Close();
    }
}

/* A copy of a library of C:, which nobody has as an image yet. */
static VOID
Images(VOID)
{
    static UCHAR Bytes[0x10000];
    UNICODE_STRING Name = RTL_CONSTANT_STRING(L"\\??\\C:\\Windows\\System32\\version.dll");
    OBJECT_ATTRIBUTES Object;
    IO_STATUS_BLOCK Iosb;
    LARGE_INTEGER Zero = {.QuadPart = 0};
    LONGLONG Offset = 0;
    HANDLE Source, Image;
    PVOID Base;

    InitializeObjectAttributes(&Object, &Name, OBJ_KERNEL_HANDLE | OBJ_CASE_INSENSITIVE, NULL,
                               NULL);
    EXPECT_STATUS(ZwOpenFile(&Source, GENERIC_READ | SYNCHRONIZE, &Object, &Iosb, FILE_SHARE_READ,
                             FILE_SYNCHRONOUS_IO_NONALERT),
                  STATUS_SUCCESS);
    Open(L"\\??\\C:\\filesection.dll", 0);
    /* what is no image */
    Write("MZ no image", 11, 0);
    EXPECT(Section(PAGE_EXECUTE, SEC_IMAGE, STATUS_INVALID_IMAGE_NOT_MZ) == NULL ||
           NtlabFailed != 0);
    while (ZwReadFile(Source, NULL, NULL, NULL, &Iosb, Bytes, sizeof(Bytes), NULL, NULL) ==
           STATUS_SUCCESS) {
        Write(Bytes, (ULONG)Iosb.Information, Offset);
        Offset += (LONGLONG)Iosb.Information;
    }
    ZwClose(Source);
    Image = Section(PAGE_EXECUTE, SEC_IMAGE, STATUS_SUCCESS);
    EXPECT(Pointers->ImageSectionObject != NULL);
    /* in use: not to be deleted, not to be opened for writing, not to be cut */
    EXPECT(!MmFlushImageSection(Pointers, MmFlushForDelete));
    EXPECT(!MmFlushImageSection(Pointers, MmFlushForWrite));
    EXPECT(!MmCanFileBeTruncated(Pointers, &Zero));
    EXPECT(!MmForceSectionClosed(Pointers, FALSE));
    EXPECT_EQ(MmDoesFileHaveUserWritableReferences(Pointers), 0);
    Base = View(Image, PAGE_READONLY);
    ZwClose(Image);
    EXPECT(!MmFlushImageSection(Pointers, MmFlushForWrite));
    ZwUnmapViewOfSection(ZwCurrentProcess(), Base);
    EXPECT(MmFlushImageSection(Pointers, MmFlushForDelete));
    EXPECT(MmFlushImageSection(Pointers, MmFlushForWrite));
    EXPECT_EQ(Pointers->ImageSectionObject, NULL);
    Close();
}

TEST_DRIVER(TEST(Nothing), TEST(DataSections), TEST(Closing), TEST(Flushed), TEST(Images))
