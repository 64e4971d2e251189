/*
 * hostfiles-client.c - the host's files as the RAM disks see them: a read-only file system, by the rules of any other. What it is
 * given is this folder (--dir), as \Device\HostFilesD.
 * [LEARN:winternl/ntcreatefile] (dispositions, statuses), [DDI:ntifs/ntqueryinformationfile], [DDI:ntifs/ntquerydirectoryfile],
 * [DDI:ntifs/fsrtlisnameinexpression] (wildcards), MS-FSCC 2.4, 2.5.
 */
#include "../ntlab-client.h"
#include <winternl.h>

NTSTATUS NTAPI NtQueryDirectoryFile(HANDLE, HANDLE, PVOID, PVOID, PIO_STATUS_BLOCK, PVOID, ULONG,
                                    int, BOOLEAN, PUNICODE_STRING, BOOLEAN);
NTSTATUS NTAPI NtReadFile(HANDLE, HANDLE, PVOID, PVOID, PIO_STATUS_BLOCK, PVOID, ULONG,
                          PLARGE_INTEGER, PULONG);
NTSTATUS NTAPI NtWriteFile(HANDLE, HANDLE, PVOID, PVOID, PIO_STATUS_BLOCK, PVOID, ULONG,
                           PLARGE_INTEGER, PULONG);

#define READING  (GENERIC_READ | SYNCHRONIZE)
#define SYNC     0x20 /* FILE_SYNCHRONOUS_IO_NONALERT */
#define DIR_ONLY 0x01
#define NO_DIR   0x40

static IO_STATUS_BLOCK Iosb;
static ULONG64 Space[512];

static ULONG
Open(HANDLE Parent, const WCHAR *Path, ULONG Access, ULONG Disposition, ULONG Options, HANDLE *File)
{
    UNICODE_STRING Name = {lstrlenW(Path) * 2, lstrlenW(Path) * 2, (PWSTR)Path};
    OBJECT_ATTRIBUTES Attributes = {.Length = sizeof(Attributes),
                                    .RootDirectory = Parent,
                                    .ObjectName = &Name,
                                    .Attributes = 0x40};

    *File = NULL;
    return (ULONG)NtCreateFile(File, Access, &Attributes, &Iosb, NULL, 0, 7, Disposition, Options,
                               NULL, 0);
}

static ULONG
Try(const WCHAR *Path, ULONG Access, ULONG Disposition, ULONG Options)
{
    HANDLE File;
    ULONG Status = Open(NULL, Path, Access, Disposition, Options | SYNC, &File);

    if (File != NULL) {
        CloseHandle(File);
    }
    return Status;
}

#define D L"\\Device\\HostFilesD\\"

static void
Opens(void)
{
    HANDLE Folder, File;

    EXPECT_EQ(Try(D L"tests.list", READING, FILE_OPEN, NO_DIR), 0);
    EXPECT_EQ(Iosb.Information, FILE_OPENED);
    EXPECT_EQ(Try(D L"TESTS.LIST", READING, FILE_OPEN_IF, 0), 0);
    EXPECT_EQ(Try(D L"none.txt", READING, FILE_OPEN, 0), 0xC0000034);    /* name not found */
    EXPECT_EQ(Try(D L"none\\a.txt", READING, FILE_OPEN, 0), 0xC000003A); /* path not found */
    EXPECT_EQ(Try(D L"tests.list\\a", READING, FILE_OPEN, 0), 0xC000003A);
    EXPECT_EQ(Try(D L"none.txt", READING, FILE_OVERWRITE, 0), 0xC0000034);
    EXPECT_EQ(Try(D L"none.txt", READING, FILE_CREATE, 0), 0xC00000A2); /* write protected */
    EXPECT_EQ(Try(D L"none.txt", READING, FILE_OPEN_IF, 0), 0xC00000A2);
    EXPECT_EQ(Try(D L"tests.list", READING, FILE_CREATE, 0), 0xC0000035); /* collision */
    EXPECT_EQ(Try(D L"tests.list", READING, FILE_OVERWRITE_IF, 0), 0xC00000A2);
    EXPECT_EQ(Try(D L"tests.list", READING, FILE_SUPERSEDE, 0), 0xC00000A2);
    EXPECT_EQ(Try(D L"tests.list", READING, FILE_OPEN, DIR_ONLY), 0xC0000103); /* no directory */
    EXPECT_EQ(Try(D, READING, FILE_OPEN, DIR_ONLY), 0);
    EXPECT_EQ(Try(D, READING, FILE_OPEN, NO_DIR), 0xC00000BA); /* file is a directory */
    EXPECT_EQ(Try(D L"tests.list\\", READING, FILE_OPEN, 0), 0xC0000033);
    EXPECT_EQ(Try(D L"te*ts.list", READING, FILE_OPEN, 0), 0xC0000033); /* name invalid */
    EXPECT_EQ(Try(D L"a\\\\b", READING, FILE_OPEN, 0), 0xC0000033);
    EXPECT_EQ(Try(D L"tests.list", GENERIC_WRITE | SYNCHRONIZE, FILE_OPEN, 0), 0xC00000A2);
    EXPECT_EQ(Try(D L"tests.list", DELETE | SYNCHRONIZE, FILE_OPEN, 0), 0xC00000A2);
    EXPECT_EQ(Try(D L"tests.list", READING | DELETE, FILE_OPEN, 0x1000), 0xC00000A2);
    EXPECT_EQ(Open(NULL, D, READING, FILE_OPEN, DIR_ONLY | SYNC, &Folder), 0);
    EXPECT_EQ(Open(Folder, L"tests.list", READING, FILE_OPEN, SYNC, &File), 0);
    EXPECT_EQ(NtQueryInformationFile(File, &Iosb, Space, sizeof(Space), 9), 0); /* its name */
    EXPECT_EQ(*(ULONG *)Space, 22);
    EXPECT(memcmp((ULONG *)Space + 1, L"\\tests.list", 22) == 0);
    CloseHandle(File);
    CloseHandle(Folder);
}

static ULONG
Query(HANDLE File, int Class, ULONG Size)
{
    ULONG Status;

    memset(Space, 0xCC, sizeof(Space));
    EXPECT_EQ((ULONG)NtQueryInformationFile(File, &Iosb, Space, Size - 1, Class), 0xC0000004);
    Status = (ULONG)NtQueryInformationFile(File, &Iosb, Space, Size, Class);
    EXPECT(Status != 0 || Iosb.Information == Size);
    EXPECT_EQ(((BYTE *)Space)[Size], 0xCC);
    return Status;
}

static void
Information(void)
{
    HANDLE File, Folder;
    ULONG64 Size, Allocation;
    LARGE_INTEGER At = {.QuadPart = 2};
    BYTE Text[64];

    EXPECT_EQ(Open(NULL, D L"tests.list", READING, FILE_OPEN, SYNC, &File), 0);
    EXPECT_EQ(Open(NULL, D, READING, FILE_OPEN, SYNC, &Folder), 0);
    EXPECT_EQ(Query(File, 5, 24), 0); /* standard */
    Allocation = Space[0];
    Size = Space[1];
    EXPECT(Size > 1000 && Allocation >= Size && Allocation - Size < 4096 && Allocation % 4096 == 0);
    EXPECT_EQ(((ULONG *)Space)[4], 1); /* links */
    EXPECT(((BYTE *)Space)[20] == 0 && ((BYTE *)Space)[21] == 0);
    EXPECT_EQ(Query(Folder, 5, 24), 0);
    EXPECT_EQ(((BYTE *)Space)[21], 1); /* a directory */
    EXPECT_EQ(Query(File, 4, 40), 0);  /* basic: four times and the attributes */
    EXPECT(Space[0] != 0 && Space[0] == Space[1] && Space[0] == Space[2] && Space[0] == Space[3]);
    EXPECT(((ULONG *)Space)[8] &
           (FILE_ATTRIBUTE_READONLY | FILE_ATTRIBUTE_ARCHIVE | FILE_ATTRIBUTE_NORMAL));
    EXPECT(!(((ULONG *)Space)[8] & FILE_ATTRIBUTE_DIRECTORY));
    EXPECT_EQ(Query(Folder, 4, 40), 0);
    EXPECT(((ULONG *)Space)[8] & FILE_ATTRIBUTE_DIRECTORY);
    EXPECT_EQ(Query(File, 34, 56), 0); /* network open */
    EXPECT(Space[0] != 0 && Space[4] == Allocation && Space[5] == Size);
    EXPECT_EQ(Query(File, 35, 8), 0); /* attribute tag */
    EXPECT_EQ(((ULONG *)Space)[1], 0);
    EXPECT_EQ(Query(File, 6, 8), 0); /* a number of its own */
    EXPECT(Space[0] != 0);
    Size = Space[0];
    EXPECT_EQ(Query(Folder, 6, 8), 0);
    EXPECT(Space[0] != 0 && Space[0] != Size);
    EXPECT_EQ(Query(File, 7, 4), 0); /* extended attributes: none */
    EXPECT_EQ(((ULONG *)Space)[0], 0);
    EXPECT_EQ(NtReadFile(File, NULL, NULL, NULL, &Iosb, Text, 10, &At, NULL), 0);
    EXPECT(Iosb.Information == 10 && memcmp(Text, "name | sou", 10) == 0);
    EXPECT_EQ(Query(File, 14, 8), 0); /* the position behind what was read */
    EXPECT_EQ(Space[0], 12);
    EXPECT_EQ(NtReadFile(File, NULL, NULL, NULL, &Iosb, Text, 4, NULL, NULL), 0);
    EXPECT(memcmp(Text, "rces", 4) == 0);
    At.QuadPart = 0x10000000;
    EXPECT_EQ((ULONG)NtReadFile(File, NULL, NULL, NULL, &Iosb, Text, 4, &At, NULL), 0xC0000011);
    At.QuadPart = 0;
    EXPECT((ULONG)NtReadFile(Folder, NULL, NULL, NULL, &Iosb, Text, 4, &At, NULL) >= 0xC0000000);
    EXPECT_EQ((ULONG)NtQueryInformationFile(File, &Iosb, Space, 12, 9), 0x80000005);
    EXPECT_EQ(*(ULONG *)Space, 22); /* the whole name's length */
    CloseHandle(File);
    CloseHandle(Folder);
}

static void
Volume(void)
{
    HANDLE Folder;

    EXPECT_EQ(Open(NULL, D, READING, FILE_OPEN, SYNC, &Folder), 0);
    EXPECT_EQ(NtQueryVolumeInformationFile(Folder, &Iosb, Space, sizeof(Space), 1), 0); /* volume */
    EXPECT(((ULONG *)Space)[2] != 0);
    EXPECT_EQ(NtQueryVolumeInformationFile(Folder, &Iosb, Space, 24, 3), 0); /* size */
    EXPECT(Space[0] != 0 && Space[1] == 0 && ((ULONG *)Space)[4] != 0 &&
           ((ULONG *)Space)[5] == 512);
    EXPECT_EQ(NtQueryVolumeInformationFile(Folder, &Iosb, Space, 32, 7), 0); /* full size */
    EXPECT(Space[0] != 0 && Space[1] == 0 && Space[2] == 0 && ((ULONG *)Space)[7] == 512);
    EXPECT_EQ(NtQueryVolumeInformationFile(Folder, &Iosb, Space, 8, 4), 0); /* device */
    EXPECT(((ULONG *)Space)[1] & 2); /* FILE_READ_ONLY_DEVICE */
    EXPECT_EQ(NtQueryVolumeInformationFile(Folder, &Iosb, Space, sizeof(Space), 5), 0);
    EXPECT(((ULONG *)Space)[0] & 0x00080000); /* FILE_READ_ONLY_VOLUME */
    EXPECT(((ULONG *)Space)[1] != 0 && ((ULONG *)Space)[2] == 12);
    EXPECT_EQ((ULONG)NtQueryVolumeInformationFile(Folder, &Iosb, Space, 16, 5), 0x80000005);
    CloseHandle(Folder);
}

/* How many names match; what the last one is. Each class has them behind a fixed part. */
static ULONG
Find(const WCHAR *Pattern, int Class, ULONG Fixed, ULONG LengthAt, BOOLEAN Single, ULONG Room,
     WCHAR *Last)
{
    UNICODE_STRING Name = {lstrlenW(Pattern) * 2, lstrlenW(Pattern) * 2, (PWSTR)Pattern};
    BOOLEAN Restart = TRUE;
    HANDLE Folder;
    ULONG Count = 0, Status;

    EXPECT_EQ(Open(NULL, D, READING, FILE_OPEN, SYNC | DIR_ONLY, &Folder), 0);
    while ((Status = (ULONG)NtQueryDirectoryFile(Folder, NULL, NULL, NULL, &Iosb, Space, Room,
                                                 Class, Single, Restart ? &Name : NULL, Restart)) ==
           0) {
        BYTE *At = (BYTE *)Space;

        Restart = FALSE;
        for (;;) {
            ULONG Length = *(ULONG *)(At + LengthAt);

            Count++;
            memcpy(Last, At + Fixed, Length);
            Last[Length / 2] = 0;
            if (*(ULONG *)At == 0) {
                break;
            }
            At += *(ULONG *)At;
        }
        EXPECT(!Single || *(ULONG *)Space == 0);
    }
    EXPECT_EQ(Status, Count == 0 ? 0xC000000F : 0x80000006); /* no such file; no more */
    CloseHandle(Folder);
    return Count;
}

static void
Directory(void)
{
    static const struct {
        int Class;
        ULONG Fixed, Length;
    } Classes[] = {{1, 64, 60}, {2, 68, 60}, {3, 94, 60}, {12, 12, 8}, {37, 104, 60}, {38, 80, 60}};
    WCHAR Name[128];
    ULONG All = Find(L"*", 12, 12, 8, FALSE, sizeof(Space), Name);
    HANDLE Folder;
    UNICODE_STRING Star = {2, 2, (PWSTR)L"*"};

    EXPECT(All > 30);
    for (ULONG i = 0; i < sizeof(Classes) / sizeof(Classes[0]); i++) {
        EXPECT_EQ(Find(L"hostfiles-client.c", Classes[i].Class, Classes[i].Fixed, Classes[i].Length,
                       FALSE, sizeof(Space), Name),
                  1);
        EXPECT_EQ(lstrcmpiW(Name, L"hostfiles-client.c"), 0);
        EXPECT_EQ(
            Find(L"*", Classes[i].Class, Classes[i].Fixed, Classes[i].Length, FALSE, 512, Name),
            All); /* in several portions */
        EXPECT_EQ(Find(L"*", Classes[i].Class, Classes[i].Fixed, Classes[i].Length, TRUE,
                       sizeof(Space), Name),
                  All); /* one by one */
    }
    EXPECT_EQ(Find(L"order?.c", 12, 12, 8, FALSE, sizeof(Space), Name), 7);
    EXPECT_EQ(Find(L"ORDER?.C", 12, 12, 8, FALSE, sizeof(Space), Name), 7);
    EXPECT_EQ(Find(L"order>.c", 12, 12, 8, FALSE, sizeof(Space), Name), 8); /* order.c, too */
    EXPECT_EQ(Find(L"order*", 12, 12, 8, FALSE, sizeof(Space), Name), 10);
    EXPECT_EQ(Find(L"*.list", 12, 12, 8, FALSE, sizeof(Space), Name), 1);
    EXPECT_EQ(Find(L"tests\"list", 12, 12, 8, FALSE, sizeof(Space), Name), 1);
    EXPECT_EQ(Find(L"tests.list\"", 12, 12, 8, FALSE, sizeof(Space), Name), 1);
    EXPECT_EQ(Find(L"<.list", 12, 12, 8, FALSE, sizeof(Space), Name), 1);
    EXPECT_EQ(Find(L"*.nothing", 12, 12, 8, FALSE, sizeof(Space), Name), 0);
    EXPECT_EQ(Open(NULL, D, READING, FILE_OPEN, SYNC | DIR_ONLY, &Folder), 0);
    EXPECT_EQ((ULONG)NtQueryDirectoryFile(Folder, NULL, NULL, NULL, &Iosb, Space, sizeof(Space), 99,
                                          FALSE, &Star, TRUE),
              0xC0000003); /* no such class */
    CloseHandle(Folder);
}

int
main(void)
{
    Opens();
    Information();
    Volume();
    Directory();
    TEST_DONE();
    return NtlabFailed != 0;
}
