/*
 * agree-client.c - what a file system says of a file it says everywhere: each class of a directory's list, each class of a handle's information and what is
 * asked by name tell of the same times, sizes, attributes, numbers and names; and so do the classes of a volume. `agree-client FOLDER...`: NT names.
 * [DDI:ntifs/ntquerydirectoryfile] (FILE_DIRECTORY_INFORMATION ... FILE_ID_FULL_DIR_INFORMATION), [DDI:ntifs/ntqueryinformationfile],
 * [DDI:ntifs/ntqueryvolumeinformationfile], [DDI:wdm/zwqueryfullattributesfile], MS-FSCC 2.4, 2.5.
 */
#include "../ntlab-client.h"
#include <winternl.h>

NTSTATUS NTAPI NtQueryDirectoryFile(HANDLE, HANDLE, PVOID, PVOID, PIO_STATUS_BLOCK, PVOID, ULONG,
                                    int, BOOLEAN, PUNICODE_STRING, BOOLEAN);
NTSTATUS NTAPI NtQueryAttributesFile(POBJECT_ATTRIBUTES, PVOID);
NTSTATUS NTAPI NtQueryFullAttributesFile(POBJECT_ATTRIBUTES, PVOID);

#define MOST 400

/* Where each class of a list has its fields; 0: it has none. */
static const struct {
    int Class;
    ULONG NameLength, Name, Ea, Short, Id;
} Kind[] = {{1, 60, 64, 0, 0, 0}, {2, 60, 68, 64, 0, 0},     {3, 60, 94, 64, 68, 0},
            {12, 8, 12, 0, 0, 0}, {37, 60, 104, 64, 68, 96}, {38, 60, 80, 64, 0, 72}};

typedef struct _SAID {
    WCHAR Name[128], Short[13];
    LONG64 Times[4], End, Allocation, Id;
    ULONG Attributes, Ea;
} SAID;

static SAID Said[RTL_NUMBER_OF(Kind)][MOST];
static ULONG Count[RTL_NUMBER_OF(Kind)], Bad[16], Compared;
static ULONG64 Space[0x2000];
static WCHAR Path[512];
static UNICODE_STRING Name;
static OBJECT_ATTRIBUTES Attributes;
static IO_STATUS_BLOCK Iosb;

static HANDLE
Open(PCWSTR Text, ULONG Options)
{
    HANDLE Handle = NULL;

    Name.Buffer = (PWSTR)Text;
    Name.Length = Name.MaximumLength = (USHORT)(lstrlenW(Text) * 2);
    InitializeObjectAttributes(&Attributes, &Name, OBJ_CASE_INSENSITIVE, NULL, NULL);
    if (NtCreateFile(&Handle,
                     FILE_READ_ATTRIBUTES | FILE_READ_EA | FILE_LIST_DIRECTORY | SYNCHRONIZE,
                     &Attributes, &Iosb, NULL, 0, 7, FILE_OPEN, Options | 0x20, NULL, 0) != 0) {
        return NULL;
    }
    return Handle;
}

static void
Take(ULONG Which, const BYTE *Entry, SAID *Into)
{
    ULONG Length = *(const ULONG *)(Entry + Kind[Which].NameLength);

    memset(Into, 0, sizeof(*Into));
    Bad[0] += Length == 0 || Length >= sizeof(Into->Name) || Length % 2 != 0;
    memcpy(Into->Name, Entry + Kind[Which].Name, min(Length, sizeof(Into->Name) - 2));
    if (Kind[Which].NameLength == 60) {
        memcpy(Into->Times, Entry + 8, sizeof(Into->Times));
        Into->End = *(const LONG64 *)(Entry + 40);
        Into->Allocation = *(const LONG64 *)(Entry + 48);
        Into->Attributes = *(const ULONG *)(Entry + 56);
    }
    if (Kind[Which].Ea != 0) {
        Into->Ea = *(const ULONG *)(Entry + Kind[Which].Ea);
    }
    if (Kind[Which].Short != 0) {
        Bad[0] += Entry[Kind[Which].Short] > 24;
        memcpy(Into->Short, Entry + Kind[Which].Short + 2, min(Entry[Kind[Which].Short], 24));
    }
    if (Kind[Which].Id != 0) {
        Into->Id = *(const LONG64 *)(Entry + Kind[Which].Id);
    }
}

/* A whole list, in as many parts as it takes. */
static void
List(HANDLE Folder, ULONG Which, ULONG Size)
{
    ULONG Status;

    Count[Which] = 0;
    for (BOOLEAN First = TRUE;; First = FALSE) {
        const BYTE *At = (const BYTE *)Space;

        memset(Space, 0xCC, Size + 8);
        Status = (ULONG)NtQueryDirectoryFile(Folder, NULL, NULL, NULL, &Iosb, Space, Size,
                                             Kind[Which].Class, FALSE, NULL, First);
        if (Status != 0) {
            break;
        }
        Bad[1] += Iosb.Information > Size || ((BYTE *)Space)[Size] != 0xCC;
        for (;;) {
            ULONG Next = *(const ULONG *)At;

            Bad[1] += Next % 8 != 0 && Kind[Which].NameLength == 60;
            if (Count[Which] < MOST) {
                Take(Which, At, &Said[Which][Count[Which]++]);
            }
            if (Next == 0) {
                Bad[1] += (ULONG_PTR)(At - (const BYTE *)Space) + Kind[Which].Name +
                              *(const ULONG *)(At + Kind[Which].NameLength) !=
                          Iosb.Information;
                break;
            }
            At += Next;
        }
    }
    Bad[1] += Status != 0x80000006; /* STATUS_NO_MORE_FILES */
}

/* All classes list the same, in the same order, whatever the buffer's size. */
static void
Lists(HANDLE Folder)
{
    for (ULONG i = 0; i < RTL_NUMBER_OF(Kind); i++) {
        List(Folder, i, 700);
        memcpy(Said[0], Said[i], sizeof(Said[0]));
        Count[0] = Count[i];
        List(Folder, i, sizeof(Space) - 8);
        Bad[2] += Count[0] != Count[i] || memcmp(Said[0], Said[i], sizeof(SAID) * Count[i]) != 0;
    }
    List(Folder, 0, sizeof(Space) - 8);
    for (ULONG i = 1; i < RTL_NUMBER_OF(Kind); i++) {
        Bad[3] += Count[i] != Count[0];
        for (ULONG k = 0; k < Count[0] && Count[i] == Count[0]; k++) {
            const SAID *One = &Said[0][k], *Two = &Said[i][k];

            Bad[3] += lstrcmpW(One->Name, Two->Name) != 0;
            if (Kind[i].NameLength == 60) {
                Bad[3] += memcmp(One->Times, Two->Times, sizeof(One->Times)) != 0 ||
                          One->End != Two->End || One->Allocation != Two->Allocation ||
                          One->Attributes != Two->Attributes;
            }
            Bad[4] += Kind[i].Ea != 0 && Two->Ea != Said[1][k].Ea;
            Bad[4] += Kind[i].Short != 0 && lstrcmpW(Two->Short, Said[2][k].Short) != 0;
            Bad[4] += Kind[i].Id != 0 && Two->Id != Said[4][k].Id;
        }
    }
}

static const BYTE *
Ask(HANDLE File, int Class, ULONG Least)
{
    memset(Space, 0xCC, sizeof(Space));
    Bad[5] += (ULONG)NtQueryInformationFile(File, &Iosb, Space, Least - 1, Class) != 0xC0000004;
    Bad[5] += ((BYTE *)Space)[0] != 0xCC;
    Bad[5] += NtQueryInformationFile(File, &Iosb, Space, Class == 9 || Class == 18 ? 0x800 : Least,
                                     Class) != 0;
    Bad[5] += Iosb.Information < Least || ((BYTE *)Space)[Iosb.Information] != 0xCC;
    return (const BYTE *)Space;
}

static void
SameBasic(const BYTE *Info, const SAID *One)
{
    Bad[6] += memcmp(Info, One->Times, sizeof(One->Times)) != 0;
    Bad[6] += *(const ULONG *)(Info + 32) != One->Attributes;
}

static void
SameStandard(const BYTE *Info, const SAID *One)
{
    Bad[7] += *(const LONG64 *)Info != One->Allocation || *(const LONG64 *)(Info + 8) != One->End;
    Bad[7] += *(const ULONG *)(Info + 16) == 0 || Info[20] != 0;
    Bad[7] += Info[21] != ((One->Attributes & FILE_ATTRIBUTE_DIRECTORY) != 0);
}

static void
SameName(const BYTE *Info, PCWSTR Tail)
{
    ULONG Length = *(const ULONG *)Info, Behind = lstrlenW(Tail) * 2;

    Bad[8] += Length < Behind || memcmp(Info + 4 + Length - Behind, Tail, Behind) != 0;
    Bad[8] += *(const WCHAR *)(Info + 4) != L'\\';
}

static void
SameOpen(const BYTE *Info, const SAID *One)
{
    Bad[9] += memcmp(Info, One->Times, sizeof(One->Times)) != 0;
    Bad[9] += *(const LONG64 *)(Info + 32) != One->Allocation ||
              *(const LONG64 *)(Info + 40) != One->End ||
              *(const ULONG *)(Info + 48) != One->Attributes;
}

/* One file: the list's entry against its handle, and against what is asked by name. */
static void
File(ULONG At)
{
    const SAID *One = &Said[4][At];
    HANDLE Handle;
    const BYTE *Info;
    LONG64 Id;

    lstrcatW(Path, One->Name);
    Handle = Open(Path, 0);
    if (Handle == NULL) {
        Bad[10]++;
        return;
    }
    Compared++;
    SameBasic(Ask(Handle, 4, 40), One);
    SameStandard(Ask(Handle, 5, 24), One);
    Id = *(const LONG64 *)Ask(Handle, 6, 8);
    Bad[11] += Id != One->Id;
    Bad[11] += *(const ULONG *)Ask(Handle, 7, 4) != One->Ea;
    SameName(Ask(Handle, 9, 8), One->Name);
    SameOpen(Ask(Handle, 34, 56), One);
    Info = Ask(Handle, 35, 8);
    Bad[11] += *(const ULONG *)Info != One->Attributes;
    Info = Ask(Handle, 18, 104); /* FileAllInformation */
    SameBasic(Info, One);
    SameStandard(Info + 40, One);
    Bad[12] += *(const LONG64 *)(Info + 64) != Id || *(const ULONG *)(Info + 72) != One->Ea;
    Bad[12] += *(const ULONG *)(Info + 76) !=
               (FILE_READ_ATTRIBUTES | FILE_READ_EA | FILE_LIST_DIRECTORY | SYNCHRONIZE);
    Bad[12] += *(const LONG64 *)(Info + 80) != 0; /* nothing was read */
    Bad[12] += *(const ULONG *)(Info + 88) != 0x20;
    SameName(Info + 96, One->Name);
    CloseHandle(Handle);
    memset(Space, 0xCC, sizeof(Space));
    Bad[13] += NtQueryFullAttributesFile(&Attributes, Space) != 0;
    SameOpen((const BYTE *)Space, One);
    memset(Space, 0xCC, sizeof(Space));
    Bad[13] += NtQueryAttributesFile(&Attributes, Space) != 0;
    SameBasic((const BYTE *)Space, One);
    Bad[13] += ((BYTE *)Space)[40] != 0xCC;
}

/* Its list by its name alone. */
static void
Alone(HANDLE Folder, const SAID *One)
{
    UNICODE_STRING Only = {(USHORT)(lstrlenW(One->Name) * 2), (USHORT)(lstrlenW(One->Name) * 2),
                           (PWSTR)One->Name};
    SAID Two;

    Bad[14] += NtQueryDirectoryFile(Folder, NULL, NULL, NULL, &Iosb, Space, sizeof(Space), 37,
                                    FALSE, &Only, TRUE) != 0;
    Take(4, (const BYTE *)Space, &Two);
    Bad[14] += *(const ULONG *)Space != 0 || memcmp(&Two, One, sizeof(Two)) != 0;
    Bad[14] += (ULONG)NtQueryDirectoryFile(Folder, NULL, NULL, NULL, &Iosb, Space, sizeof(Space),
                                           37, FALSE, NULL, FALSE) != 0x80000006;
}

static void
Volume(HANDLE Folder)
{
    struct {
        LONG64 Total, Free;
        ULONG Sectors, Bytes;
    } Size;
    struct {
        LONG64 Total, Callers, Free;
        ULONG Sectors, Bytes;
    } Full;
    struct {
        ULONG Type, Characteristics;
    } Device;
    struct {
        ULONG Flags, Longest, Length;
        WCHAR Name[16];
    } Kinds, Cut;
    struct {
        LONG64 Created;
        ULONG Serial, Length;
        BOOLEAN Objects;
        WCHAR Label[40];
    } About;

    EXPECT_EQ(NtQueryVolumeInformationFile(Folder, &Iosb, &Size, sizeof(Size), 3), 0);
    EXPECT_EQ(Iosb.Information, sizeof(Size));
    EXPECT_EQ(NtQueryVolumeInformationFile(Folder, &Iosb, &Full, sizeof(Full), 7), 0);
    EXPECT_EQ(Iosb.Information, sizeof(Full));
    EXPECT(Size.Total == Full.Total && Size.Free == Full.Callers && Full.Callers <= Full.Free);
    EXPECT(Size.Sectors == Full.Sectors && Size.Bytes == Full.Bytes);
    EXPECT(Size.Free >= 0 && Size.Free <= Size.Total && Size.Bytes == 512 && Size.Sectors != 0);
    EXPECT_EQ(NtQueryVolumeInformationFile(Folder, &Iosb, &Device, sizeof(Device), 4), 0);
    EXPECT_EQ(Iosb.Information, sizeof(Device));
    /* of a disk that is mounted, or of a file system that stands on none */
    EXPECT((Device.Type == 7 && (Device.Characteristics & 0x20)) || Device.Type == 8);
    memset(&Kinds, 0xCC, sizeof(Kinds));
    EXPECT_EQ(NtQueryVolumeInformationFile(Folder, &Iosb, &Kinds, sizeof(Kinds), 5), 0);
    EXPECT_EQ(Iosb.Information, 12 + Kinds.Length);
    EXPECT(Kinds.Longest == 255 && (Kinds.Flags & 6) == 6); /* case preserved, Unicode */
    EXPECT(Kinds.Length >= 6 && Kinds.Length < sizeof(Kinds.Name));
    EXPECT_EQ(Kinds.Name[Kinds.Length / 2], 0xCCCC);
    memset(&Cut, 0xCC, sizeof(Cut));
    EXPECT_EQ((ULONG)NtQueryVolumeInformationFile(Folder, &Iosb, &Cut, 16, 5), 0x80000005);
    EXPECT(Cut.Length == Kinds.Length && memcmp(Cut.Name, Kinds.Name, 4) == 0);
    EXPECT(Cut.Flags == Kinds.Flags && Cut.Name[2] == 0xCCCC);
    memset(&About, 0xCC, sizeof(About));
    EXPECT_EQ(NtQueryVolumeInformationFile(Folder, &Iosb, &About, sizeof(About), 1), 0);
    EXPECT_EQ(Iosb.Information, 18 + About.Length);
    EXPECT(About.Serial != 0 && About.Objects <= 1 && About.Length < sizeof(About.Label));
}

int
main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        WCHAR Root[256];
        HANDLE Folder;

        MultiByteToWideChar(CP_ACP, 0, argv[i], -1, Root, 256);
        Folder = Open(Root, FILE_DIRECTORY_FILE);
        EXPECT(Folder != NULL);
        Compared = 0;
        Lists(Folder);
        EXPECT(Count[0] > 2 && Count[0] < MOST);
        for (ULONG k = 0; k < Count[4]; k++) {
            if (Said[4][k].Name[0] != L'.') {
                lstrcpyW(Path, Root);
                File(k);
                Alone(Folder, &Said[4][k]);
            } else {
                EXPECT(Said[4][k].Attributes & FILE_ATTRIBUTE_DIRECTORY);
            }
        }
        EXPECT(Compared >= 2);
        Volume(Folder);
        CloseHandle(Folder);
        for (ULONG k = 0; k < RTL_NUMBER_OF(Bad); k++) {
            EXPECT_EQ(Bad[k], 0);
            Bad[k] = 0;
        }
    }
    return TEST_DONE();
}
