/*
 * listing-client.c - the folder of named pipes, listed in each class: where each name lies, what stands in front of it, how entries follow each other, one by
 * one or as many as there is room for, with one byte less than they take, and from the beginning again.
 * [DDI:ntifs/ntquerydirectoryfile], [DDI:ntifs/_file_directory_information], [DDI:ntifs/_file_full_dir_information],
 * [DDI:ntifs/_file_both_dir_information], [DDI:ntifs/_file_names_information], [LEARN:ipc/pipe-names].
 */
#include "../ntlab-client.h"
#include <winternl.h>

NTSTATUS NTAPI NtQueryDirectoryFile(HANDLE, HANDLE, PVOID, PVOID, PIO_STATUS_BLOCK, PVOID, ULONG,
                                    int, BOOLEAN, PUNICODE_STRING, BOOLEAN);

#define OVERFLOWS 0x80000005
#define NO_MORE   0x80000006
#define BAD_CLASS 0xC0000003

static IO_STATUS_BLOCK Iosb;
static BYTE Space[2048];
static HANDLE Folder;

static const struct {
    int Class;
    ULONG Fixed, Length; /* where the name begins, and where its length stands */
} Classes[] = {{1, 64, 60}, {2, 68, 60}, {3, 94, 60}, {12, 12, 8}};

static const WCHAR *const Names[] = {L"ntlab-a", L"ntlab-another", L"ntlab-of-them"};
static const ULONG Most[] = {1, 255, 7};

static ULONG
List(int Class, ULONG Room, BOOLEAN Single, BOOLEAN Again)
{
    memset(Space, 0xCC, sizeof(Space));
    return (ULONG)NtQueryDirectoryFile(Folder, NULL, NULL, NULL, &Iosb, Space, Room, Class, Single,
                                       NULL, Again);
}

static ULONG
Long(ULONG At)
{
    return *(ULONG *)(Space + At);
}

/* Which of ours an entry is of; its fields are right. */
static int
Entry(ULONG i, ULONG At)
{
    for (int n = 0; n < 3; n++) {
        ULONG Bytes = (ULONG)wcslen(Names[n]) * 2;

        if (Long(At + Classes[i].Length) == Bytes &&
            memcmp(Space + At + Classes[i].Fixed, Names[n], Bytes) == 0) {
            if (Classes[i].Class != 12) {
                EXPECT_EQ(*(LONGLONG *)(Space + At + 40), n == 2 ? 2 : 1); /* instances */
                EXPECT_EQ(*(LONGLONG *)(Space + At + 48), n == 1 ? -1 : (LONGLONG)Most[n]);
                EXPECT_EQ(Long(At + 56), FILE_ATTRIBUTE_NORMAL);
            }
            return n;
        }
    }
    return -1;
}

static void
All(ULONG i)
{
    ULONG At = 0, Last = 0, Found = 0, Whole, Behind, Count = 0, First;

    EXPECT_EQ(List(Classes[i].Class, sizeof(Space), FALSE, TRUE), 0);
    Whole = (ULONG)Iosb.Information;
    EXPECT_EQ(Space[Whole], 0xCC);
    for (;; Count++) {
        int n = Entry(i, At);

        EXPECT_EQ(At % 8, 0);
        if (n >= 0) {
            EXPECT((Found & 1u << n) == 0);
            Found |= 1u << n;
        }
        Last = At;
        if (Long(At) == 0) {
            break;
        }
        Behind = At + Classes[i].Fixed + Long(At + Classes[i].Length);
        EXPECT_EQ(At + Long(At), (Behind + 7) & ~7u);
        At += Long(At);
    }
    EXPECT_EQ(Found, 7);
    EXPECT_EQ(Last + Classes[i].Fixed + Long(Last + Classes[i].Length), Whole);
    EXPECT_EQ(List(Classes[i].Class, sizeof(Space), FALSE, FALSE), NO_MORE);
    /* one byte less: without the last, which comes the next time */
    EXPECT_EQ(List(Classes[i].Class, Whole - 1, FALSE, TRUE), 0);
    EXPECT(Iosb.Information <= Last);
    EXPECT_EQ(List(Classes[i].Class, Whole - 1, FALSE, FALSE), 0);
    EXPECT_EQ(Long(0), 0);
    EXPECT_EQ(Iosb.Information, Whole - Last);
    EXPECT_EQ(List(Classes[i].Class, Whole, FALSE, FALSE), NO_MORE);
    /* just enough, and one by one */
    EXPECT_EQ(List(Classes[i].Class, Whole, FALSE, TRUE), 0);
    EXPECT_EQ(Iosb.Information, Whole);
    EXPECT_EQ(List(Classes[i].Class, sizeof(Space), TRUE, TRUE), 0);
    First = (ULONG)Iosb.Information;
    EXPECT_EQ(Long(0), 0);
    EXPECT_EQ(First, Classes[i].Fixed + Long(Classes[i].Length));
    for (Found = 1; List(Classes[i].Class, sizeof(Space), TRUE, FALSE) == 0; Found++) {
        EXPECT_EQ(Iosb.Information, Classes[i].Fixed + Long(Classes[i].Length));
    }
    EXPECT_EQ(Found, Count + 1);
    /* no room for one: whole or not at all, and it is not lost */
    EXPECT_EQ(List(Classes[i].Class, First - 1, TRUE, TRUE), OVERFLOWS);
    EXPECT_EQ(List(Classes[i].Class, First, TRUE, FALSE), 0);
    EXPECT_EQ(Iosb.Information, First);
}

int
main(void)
{
    static const WCHAR Path[] = L"\\Device\\NamedPipe\\";
    UNICODE_STRING Name = {sizeof(Path) - 2, sizeof(Path), (PWSTR)Path};
    OBJECT_ATTRIBUTES Attributes = {
        .Length = sizeof(Attributes), .ObjectName = &Name, .Attributes = 0x40};
    HANDLE Pipes[4];

    for (int n = 0; n < 4; n++) {
        WCHAR Text[64];

        wsprintfW(Text, L"\\\\.\\pipe\\%s", Names[n < 3 ? n : 2]);
        Pipes[n] = CreateNamedPipeW(Text, PIPE_ACCESS_DUPLEX, PIPE_TYPE_BYTE, Most[n < 3 ? n : 2],
                                    64, 64, 0, NULL);
        EXPECT(Pipes[n] != INVALID_HANDLE_VALUE);
    }
    EXPECT_EQ(NtOpenFile(&Folder, FILE_LIST_DIRECTORY | SYNCHRONIZE, &Attributes, &Iosb, 3, 0x20),
              0);
    for (ULONG i = 0; i < sizeof(Classes) / sizeof(Classes[0]); i++) {
        All(i);
    }
    EXPECT_EQ(List(99, sizeof(Space), FALSE, TRUE), BAD_CLASS);
    CloseHandle(Folder);
    for (int n = 0; n < 4; n++) {
        CloseHandle(Pipes[n]);
    }
    EXPECT_EQ(NtOpenFile(&Folder, FILE_LIST_DIRECTORY | SYNCHRONIZE, &Attributes, &Iosb, 3, 0x20),
              0);
    for (ULONG i = 0; List(12, sizeof(Space), TRUE, FALSE) == 0; i++) {
        EXPECT_EQ(Entry(3, 0), -1); /* gone with their handles */
    }
    CloseHandle(Folder);
    return TEST_DONE();
}
