/*
 * image.c - the headers, directories and exports of an image, as drivers read them.
 * [dbghelp: ImageNtHeader, ImageDirectoryEntryToData, of which these are the kernel's; "PE Format"]
 */
#include "../ntlab-test.h"
#include <ntimage.h>

NTSYSAPI PIMAGE_NT_HEADERS NTAPI RtlImageNtHeader(PVOID Base);
NTSYSAPI NTSTATUS NTAPI RtlImageNtHeaderEx(ULONG Flags, PVOID Base, ULONG64 Size,
                                           PIMAGE_NT_HEADERS *OutHeaders);
NTSYSAPI PVOID NTAPI RtlImageDirectoryEntryToData(PVOID BaseOfImage, BOOLEAN MappedAsImage,
                                                  USHORT DirectoryEntry, PULONG Size);
NTSYSAPI PVOID NTAPI RtlFindExportedRoutineByName(PVOID BaseOfImage, PCSTR RoutineName);
NTSYSAPI PVOID NTAPI RtlPcToFileHeader(PVOID PcValue, PVOID *BaseOfImage);

static UCHAR Data[4096];

static VOID
Kernel(VOID)
{
    UNICODE_STRING Name = RTL_CONSTANT_STRING(L"KeSetEvent");
    PIMAGE_EXPORT_DIRECTORY Exports;
    PIMAGE_NT_HEADERS Headers, Again;
    PVOID Base;
    ULONG Size;

    EXPECT(RtlPcToFileHeader(MmGetSystemRoutineAddress(&Name), &Base) == Base);
    Headers = RtlImageNtHeader(Base);
    EXPECT(Headers != NULL && Headers->Signature == IMAGE_NT_SIGNATURE);
    EXPECT(Headers->FileHeader.Machine == IMAGE_FILE_MACHINE_AMD64);
    EXPECT_STATUS(RtlImageNtHeaderEx(0, Base, 4096, &Again), STATUS_SUCCESS);
    EXPECT(Again == Headers);
    EXPECT_STATUS(RtlImageNtHeaderEx(0, Base, 64, &Again), STATUS_INVALID_IMAGE_FORMAT);
    EXPECT(Again == NULL);
    EXPECT_STATUS(RtlImageNtHeaderEx(2, Base, 4096, &Again), STATUS_INVALID_PARAMETER);
    Exports = RtlImageDirectoryEntryToData(Base, TRUE, IMAGE_DIRECTORY_ENTRY_EXPORT, &Size);
    EXPECT(Exports != NULL && Size > sizeof(*Exports) && Exports->NumberOfNames > 1000);
    EXPECT(RtlImageDirectoryEntryToData(Base, TRUE, 16, &Size) == NULL); /* there are 16 */
    EXPECT(RtlFindExportedRoutineByName(Base, "KeSetEvent") == MmGetSystemRoutineAddress(&Name));
    EXPECT(RtlFindExportedRoutineByName(Base, "KeSetEven") == NULL);
    EXPECT(RtlFindExportedRoutineByName(Base, "") == NULL);
}

/* An image as it lies in its file: the section table says where a relative address is. */
static VOID
File(VOID)
{
    PIMAGE_DOS_HEADER Dos = (PVOID)Data;
    PIMAGE_NT_HEADERS Headers = (PVOID)(Data + 0x80);
    PIMAGE_SECTION_HEADER Section;
    ULONG Size = 0;

    EXPECT(RtlImageNtHeader(Data) == NULL); /* no DOS header */
    Dos->e_magic = IMAGE_DOS_SIGNATURE;
    Dos->e_lfanew = 0x80;
    EXPECT(RtlImageNtHeader(Data) == NULL); /* no signature */
    Headers->Signature = IMAGE_NT_SIGNATURE;
    Headers->FileHeader.NumberOfSections = 1;
    Headers->FileHeader.SizeOfOptionalHeader = sizeof(Headers->OptionalHeader);
    Headers->OptionalHeader.Magic = IMAGE_NT_OPTIONAL_HDR64_MAGIC;
    Headers->OptionalHeader.SizeOfHeaders = 0x400;
    Headers->OptionalHeader.NumberOfRvaAndSizes = 16;
    Headers->OptionalHeader.DataDirectory[IMAGE_DIRECTORY_ENTRY_IMPORT] =
        (IMAGE_DATA_DIRECTORY){0x2010, 40};
    Section = IMAGE_FIRST_SECTION(Headers);
    Section->VirtualAddress = 0x2000;
    Section->SizeOfRawData = 0x200;
    Section->PointerToRawData = 0x600;
    EXPECT(RtlImageDirectoryEntryToData(Data, FALSE, IMAGE_DIRECTORY_ENTRY_IMPORT, &Size) ==
           Data + 0x610);
    EXPECT_EQ(Size, 40);
    EXPECT(RtlImageDirectoryEntryToData(Data + 1, TRUE, IMAGE_DIRECTORY_ENTRY_IMPORT, &Size) ==
           Data + 0x610); /* the lowest bit says: mapped as data */
    EXPECT(RtlImageDirectoryEntryToData(Data, TRUE, IMAGE_DIRECTORY_ENTRY_IMPORT, &Size) ==
           Data + 0x2010);
    Headers->OptionalHeader.DataDirectory[IMAGE_DIRECTORY_ENTRY_IMPORT].VirtualAddress = 0x3000;
    EXPECT(RtlImageDirectoryEntryToData(Data, FALSE, IMAGE_DIRECTORY_ENTRY_IMPORT, &Size) == NULL);
    EXPECT(RtlImageDirectoryEntryToData(Data, TRUE, IMAGE_DIRECTORY_ENTRY_EXPORT, &Size) == NULL);
}

TEST_DRIVER(TEST(Kernel), TEST(File))
