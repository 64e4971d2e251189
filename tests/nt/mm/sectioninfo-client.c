/*
 * sectioninfo-client.c - what a section says of itself: size and kind, and of an image what its headers say; every length; access.
 * [LEARN:devnotes/ntquerysection], [LEARN:winbase/createfilemapping], [LEARN:debug/pe-format].
 */
#include "../ntlab-client.h"
#include <winternl.h>

NTSTATUS NTAPI NtQuerySection(HANDLE, int, PVOID, SIZE_T, PSIZE_T);
NTSTATUS NTAPI NtCreateSection(PHANDLE, ACCESS_MASK, POBJECT_ATTRIBUTES, PLARGE_INTEGER, ULONG,
                               ULONG, HANDLE);

#define MISMATCH   0xC0000004
#define BAD_CLASS  0xC0000003
#define BAD_HANDLE 0xC0000008
#define BAD_TYPE   0xC0000024
#define DENIED     0xC0000022
#define NOT_IMAGE  0xC0000049

static ULONG64 Space[16];
#define LONGS  ((ULONG *)Space)
#define SHORTS ((USHORT *)Space)

static ULONG
Query(HANDLE Section, int Class, SIZE_T Length, SIZE_T *Returned)
{
    memset(Space, 0xCC, sizeof(Space));
    *Returned = 77;
    return (ULONG)NtQuerySection(Section, Class, Space, Length, Returned);
}

static HANDLE
Make(ULONG Access, HANDLE File, ULONG Protect, ULONG Attributes, ULONG64 Size)
{
    LARGE_INTEGER Most = {.QuadPart = (LONGLONG)Size};
    HANDLE Section = NULL;

    EXPECT_EQ(NtCreateSection(&Section, Access, NULL, Size != 0 ? &Most : NULL, Protect, Attributes,
                              File),
              0);
    return Section;
}

/* SECTION_BASIC_INFORMATION: base, attributes, size. */
static void
Basic(HANDLE Section, ULONG Attributes, ULONG64 Size)
{
    SIZE_T Length;

    EXPECT_EQ(Query(Section, 0, 24, &Length), 0);
    EXPECT_EQ(Length, 24);
    EXPECT_EQ(LONGS[2], Attributes);
    EXPECT_EQ(Space[0], 0);
    EXPECT_EQ(Space[2], Size);
    EXPECT_EQ(LONGS[6], 0xCCCCCCCC);
    EXPECT_EQ(Query(Section, 0, 128, &Length), 0);
    EXPECT(Length == 24 && LONGS[6] == 0xCCCCCCCC);
    EXPECT_EQ(Query(Section, 0, 23, &Length), MISMATCH);
    EXPECT_EQ(LONGS[0], 0xCCCCCCCC);
}

static void
Kinds(void)
{
    HANDLE File, Section, Other;
    char Text[5000] = {0};
    SIZE_T Length;
    DWORD Done;

    File = CreateFileA("C:\\Windows\\Temp\\sectioninfo.bin", GENERIC_READ | GENERIC_WRITE, 7, NULL,
                       CREATE_ALWAYS, FILE_FLAG_DELETE_ON_CLOSE, NULL);
    EXPECT(File != INVALID_HANDLE_VALUE && WriteFile(File, Text, sizeof(Text), &Done, NULL));
    Section = Make(SECTION_ALL_ACCESS, NULL, PAGE_READWRITE, SEC_COMMIT, 0x2000);
    Basic(Section, SEC_COMMIT, 0x2000);
    EXPECT_EQ(Query(Section, 1, 64, &Length), NOT_IMAGE);
    EXPECT_EQ(Query(Section, 2, 64, &Length), BAD_CLASS);
    CloseHandle(Section);
    Section = Make(SECTION_ALL_ACCESS, NULL, PAGE_READWRITE, SEC_COMMIT, 0x1001);
    Basic(Section, SEC_COMMIT, 0x2000); /* whole pages where no file is behind */
    CloseHandle(Section);
    Section = Make(SECTION_ALL_ACCESS, NULL, PAGE_READWRITE, SEC_RESERVE, 0x10000);
    Basic(Section, SEC_RESERVE, 0x10000);
    CloseHandle(Section);
    Section = Make(SECTION_ALL_ACCESS, File, PAGE_READWRITE, SEC_COMMIT, 0);
    Basic(Section, SEC_FILE, 5000);
    CloseHandle(Section);
    Section = Make(SECTION_ALL_ACCESS, File, PAGE_READONLY, SEC_COMMIT, 77);
    Basic(Section, SEC_FILE, 77);
    CloseHandle(Section);
    Section = Make(SECTION_MAP_READ, File, PAGE_READONLY, SEC_COMMIT, 0);
    EXPECT_EQ(Query(Section, 0, 24, &Length), DENIED);
    CloseHandle(Section);
    EXPECT_EQ(Query(Section, 0, 24, &Length), BAD_HANDLE);
    Other = CreateEventA(NULL, FALSE, FALSE, NULL);
    EXPECT_EQ(Query(Other, 0, 24, &Length), BAD_TYPE);
    CloseHandle(Other);
    CloseHandle(File);
}

/* SECTION_IMAGE_INFORMATION, of 64 bytes, against the headers of the same file. */
static void
Image(PCSTR Path, HMODULE Module)
{
    IMAGE_DOS_HEADER *Dos = (IMAGE_DOS_HEADER *)Module;
    IMAGE_NT_HEADERS *Headers = (IMAGE_NT_HEADERS *)((BYTE *)Module + Dos->e_lfanew);
    IMAGE_OPTIONAL_HEADER *Optional = &Headers->OptionalHeader;
    HANDLE File, Section;
    SIZE_T Length;

    File = CreateFileA(Path, GENERIC_READ | GENERIC_EXECUTE, FILE_SHARE_READ, NULL, OPEN_EXISTING,
                       0, NULL);
    EXPECT(File != INVALID_HANDLE_VALUE);
    Section = Make(SECTION_ALL_ACCESS, File, PAGE_EXECUTE_READ, SEC_IMAGE, 0);
    EXPECT_EQ(Query(Section, 1, 63, &Length), MISMATCH);
    EXPECT_EQ(LONGS[0], 0xCCCCCCCC);
    EXPECT_EQ(Query(Section, 1, 64, &Length), 0);
    EXPECT_EQ(Length, 64);
    EXPECT_EQ(Space[0] & 0xFFFF, Optional->AddressOfEntryPoint & 0xFFFF); /* where it begins */
    EXPECT_EQ(LONGS[2], 0);                                               /* zero bits */
    EXPECT_EQ(Space[2], Optional->SizeOfStackReserve);
    EXPECT_EQ(Space[3], Optional->SizeOfStackCommit);
    EXPECT_EQ(LONGS[8], Optional->Subsystem);
    EXPECT_EQ(SHORTS[24], Headers->FileHeader.Machine);
    EXPECT_EQ(SHORTS[22], Headers->FileHeader.Characteristics);
    EXPECT_EQ(SHORTS[23], Optional->DllCharacteristics);
    EXPECT_EQ(((BYTE *)Space)[50], 1); /* it has code */
    EXPECT_EQ(LONGS[13], 0);           /* loader flags */
    EXPECT_EQ(LONGS[15], Optional->CheckSum);
    EXPECT(LONGS[14] != 0 && Space[8] == 0xCCCCCCCCCCCCCCCC);
    EXPECT_EQ(Query(Section, 0, 24, &Length), 0);
    EXPECT_EQ(LONGS[2] & SEC_IMAGE, SEC_IMAGE);
    EXPECT_EQ(Space[2], Optional->SizeOfImage);
    CloseHandle(Section);
    CloseHandle(File);
}

int
main(void)
{
    char Own[MAX_PATH];

    Kinds();
    GetModuleFileNameA(NULL, Own, sizeof(Own));
    Image(Own, GetModuleHandleA(NULL));
    Image("C:\\Windows\\System32\\ntdll.dll", GetModuleHandleA("ntdll.dll"));
    Image("C:\\Windows\\System32\\kernel32.dll", GetModuleHandleA("kernel32.dll"));
    return TEST_DONE();
}
