/*
 * imagemodel.c - headers, directories and exports of images that are made up, against a model of where everything lies.
 * [dbghelp: ImageNtHeader, ImageDirectoryEntryToData, ImageRvaToSection; "PE Format": section table, data directories, export directory]
 */
#include "ntlab-test.h"
#include <ntimage.h>

#define SEED 90210
#include "../draw.h"

NTSYSAPI PIMAGE_NT_HEADERS NTAPI RtlImageNtHeader(PVOID Base);
NTSYSAPI NTSTATUS NTAPI RtlImageNtHeaderEx(ULONG Flags, PVOID Base, ULONG64 Size,
                                           PIMAGE_NT_HEADERS *OutHeaders);
NTSYSAPI PVOID NTAPI RtlImageDirectoryEntryToData(PVOID BaseOfImage, BOOLEAN MappedAsImage,
                                                  USHORT DirectoryEntry, PULONG Size);
NTSYSAPI PVOID NTAPI RtlFindExportedRoutineByName(PVOID BaseOfImage, PCSTR RoutineName);

#define BYTES       0x8000
#define SECTIONS    3
#define HEADERS     0x400
#define DIRECTORIES IMAGE_NUMBEROF_DIRECTORY_ENTRIES
#define NAMES       24

static __attribute__((aligned(16))) UCHAR Image[BYTES];
static PIMAGE_NT_HEADERS Nt;

static PIMAGE_SECTION_HEADER
Make(ULONG At, ULONG Sections)
{
    PIMAGE_DOS_HEADER Dos = (PVOID)Image;
    PIMAGE_SECTION_HEADER Section;
    ULONG Virtual = 0x1000, Raw = HEADERS;

    RtlZeroMemory(Image, sizeof(Image));
    Dos->e_magic = IMAGE_DOS_SIGNATURE;
    Dos->e_lfanew = (LONG)At;
    Nt = (PVOID)(Image + At);
    Nt->Signature = IMAGE_NT_SIGNATURE;
    Nt->FileHeader.NumberOfSections = (USHORT)Sections;
    Nt->FileHeader.SizeOfOptionalHeader = sizeof(Nt->OptionalHeader);
    Nt->OptionalHeader.Magic = IMAGE_NT_OPTIONAL_HDR64_MAGIC;
    Nt->OptionalHeader.SizeOfHeaders = HEADERS;
    Nt->OptionalHeader.NumberOfRvaAndSizes = DIRECTORIES;
    Section = IMAGE_FIRST_SECTION(Nt);
    for (ULONG i = 0; i < Sections; i++) {
        Section[i].VirtualAddress = Virtual;
        Section[i].SizeOfRawData = 0x200 * (1 + Any(3));
        Section[i].PointerToRawData = Raw;
        Virtual += 0x1000 * (1 + Any(2));
        Raw += Section[i].SizeOfRawData;
    }
    return Section;
}

/* Where the file has it. */
static PVOID
InFile(const IMAGE_SECTION_HEADER *Section, ULONG Sections, ULONG Rva)
{
    if (Rva < HEADERS) {
        return Image + Rva;
    }
    for (ULONG i = 0; i < Sections; i++) {
        if (Rva >= Section[i].VirtualAddress &&
            Rva - Section[i].VirtualAddress < Section[i].SizeOfRawData) {
            return Image + Section[i].PointerToRawData + (Rva - Section[i].VirtualAddress);
        }
    }
    return NULL;
}

static VOID
DirectoriesOfAll(VOID)
{
    static const LONG Offsets[] = {-1, 0, 1};

    for (ULONG Round = 0; Round < 40; Round++) {
        ULONG Sections = Any(SECTIONS + 1);
        PIMAGE_SECTION_HEADER Section = Make(0x40 + 8 * Any(24), Sections);
        PIMAGE_DATA_DIRECTORY Directory = Nt->OptionalHeader.DataDirectory;

        for (ULONG i = 0; i < DIRECTORIES; i++) {
            const IMAGE_SECTION_HEADER *Of = &Section[Any(SECTIONS)];
            ULONG Edge = Any(4) == 0   ? HEADERS
                         : Any(2) == 0 ? Of->VirtualAddress
                                       : Of->VirtualAddress + Of->SizeOfRawData;

            Directory[i].VirtualAddress = Any(6) == 0 ? 0 : Edge + (ULONG)Offsets[Any(3)];
            Directory[i].Size = 1 + Any(1000);
        }
        Nt->OptionalHeader.NumberOfRvaAndSizes = Any(DIRECTORIES + 1);
        for (USHORT i = 0; i < DIRECTORIES + 2; i++) {
            BOOLEAN There =
                i < Nt->OptionalHeader.NumberOfRvaAndSizes && Directory[i].VirtualAddress != 0;
            PVOID Mapped = There ? Image + Directory[i].VirtualAddress : NULL;
            PVOID Data = There ? InFile(Section, Sections, Directory[i].VirtualAddress) : NULL;
            ULONG Size = 0xCCCC;

            EXPECT_EQ(RtlImageDirectoryEntryToData(Image, TRUE, i, &Size), Mapped);
            EXPECT_EQ(Size, There ? Directory[i].Size : 0xCCCC);
            EXPECT_EQ(RtlImageDirectoryEntryToData(Image, FALSE, i, &Size), Data);
            EXPECT_EQ(RtlImageDirectoryEntryToData(Image + 1, TRUE, i, &Size), Data);
        }
    }
}

/* Each of them wrong in turn. */
static VOID
WrongHeaders(VOID)
{
    const ULONG At = 0x80;
    const ULONG64 Whole = At + sizeof(IMAGE_NT_HEADERS);
    PIMAGE_DOS_HEADER Dos = (PVOID)Image;
    PIMAGE_NT_HEADERS Found;
    ULONG Size;

    (void)Make(At, 1);
    Nt->OptionalHeader.DataDirectory[0].VirtualAddress = 0x100;
    for (ULONG64 i = 0; i < Whole + 8; i++) {
        EXPECT_STATUS(RtlImageNtHeaderEx(0, Image, i, &Found),
                      i < Whole ? STATUS_INVALID_IMAGE_FORMAT : STATUS_SUCCESS);
        EXPECT_EQ(Found, i < Whole ? NULL : Nt);
    }
    EXPECT_STATUS(RtlImageNtHeaderEx(1, Image, 0, &Found), STATUS_SUCCESS);
    EXPECT_EQ(Found, Nt);
    EXPECT_STATUS(RtlImageNtHeaderEx(0, NULL, Whole, &Found), STATUS_INVALID_PARAMETER);
    EXPECT_EQ(Found, NULL);
    EXPECT_STATUS(RtlImageNtHeaderEx(0, (PVOID)-1, Whole, &Found), STATUS_INVALID_PARAMETER);
    EXPECT_EQ(RtlImageNtHeader(Image), Nt);
    Dos->e_lfanew = 0x10000000;
    EXPECT_EQ(RtlImageNtHeader(Image), NULL);
    Dos->e_lfanew = -8;
    EXPECT_EQ(RtlImageNtHeader(Image), NULL);
    Dos->e_lfanew = At;
    Dos->e_magic ^= 1;
    EXPECT_EQ(RtlImageNtHeader(Image), NULL);
    EXPECT_EQ(RtlImageDirectoryEntryToData(Image, TRUE, 0, &Size), NULL);
    Dos->e_magic ^= 1;
    Nt->Signature ^= 0x100;
    EXPECT_EQ(RtlImageNtHeader(Image), NULL);
    EXPECT_EQ(RtlImageDirectoryEntryToData(Image, TRUE, 0, &Size), NULL);
    Nt->Signature ^= 0x100;
    EXPECT_EQ(RtlImageDirectoryEntryToData(Image, TRUE, 0, &Size), Image + 0x100);
    Nt->OptionalHeader.Magic ^= 0x8000;
    EXPECT_EQ(RtlImageDirectoryEntryToData(Image, TRUE, 0, &Size), NULL);
}

/* ---- exports ---- */

typedef struct _TABLES {
    IMAGE_EXPORT_DIRECTORY Directory;
    ULONG Function[NAMES], Name[NAMES];
    USHORT Ordinal[NAMES];
    CHAR Text[NAMES][8];
} TABLES;

/* Name i: letters that order it behind all before; some are the beginning of the next one. */
static VOID
NameOf(ULONG i, PCHAR Text)
{
    Text[0] = (CHAR)('A' + i / 3);
    Text[1] = i % 3 == 0 ? 0 : (CHAR)('a' + i % 3);
    Text[2] = 0;
}

static ULONG
RvaOf(const VOID *Address)
{
    return (ULONG)((PUCHAR)Address - Image);
}

static VOID
FindsExports(VOID)
{
    TABLES *Tables = (PVOID)(Image + 0x2000);

    for (ULONG Count = 0; Count <= NAMES; Count++) {
        CHAR Text[8];

        (void)Make(0x80, 0);
        Nt->OptionalHeader.DataDirectory[0].VirtualAddress = RvaOf(Tables);
        Nt->OptionalHeader.DataDirectory[0].Size = sizeof(*Tables);
        Tables->Directory.NumberOfNames = Count;
        Tables->Directory.NumberOfFunctions = NAMES - 2;
        Tables->Directory.AddressOfFunctions = RvaOf(Tables->Function);
        Tables->Directory.AddressOfNames = RvaOf(Tables->Name);
        Tables->Directory.AddressOfNameOrdinals = RvaOf(Tables->Ordinal);
        for (ULONG i = 0; i < NAMES; i++) {
            static const LONG Near[] = {-1, 0, sizeof(*Tables) - 1, sizeof(*Tables)};

            NameOf(i, Tables->Text[i]);
            Tables->Name[i] = RvaOf(Tables->Text[i]);
            Tables->Ordinal[i] = (USHORT)((i * 7 + Count) % NAMES);
            Tables->Function[i] =
                Any(2) == 0 ? 0x4000 + 16 * i : RvaOf(Tables) + (ULONG)Near[Any(4)];
        }
        for (ULONG i = 0; i < NAMES; i++) {
            ULONG Rva = Tables->Function[Tables->Ordinal[i]];
            BOOLEAN There =
                i < Count && Tables->Ordinal[i] < NAMES - 2 &&
                (Rva < RvaOf(Tables) || Rva >= RvaOf(Tables + 1)); /* else it is another image's */

            NameOf(i, Text);
            EXPECT_EQ(RtlFindExportedRoutineByName(Image, Text), There ? Image + Rva : NULL);
            Text[1] = 'z';
            EXPECT_EQ(RtlFindExportedRoutineByName(Image, Text), NULL);
        }
        EXPECT_EQ(RtlFindExportedRoutineByName(Image, ""), NULL);
        Nt->OptionalHeader.DataDirectory[0].VirtualAddress = 0;
        EXPECT_EQ(RtlFindExportedRoutineByName(Image, "A"), NULL);
    }
}

TEST_DRIVER(TEST(DirectoriesOfAll), TEST(WrongHeaders), TEST(FindsExports))
