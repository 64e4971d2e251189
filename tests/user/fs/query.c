/*
 * query.c - what a file says of itself: classes of information and what they must agree in, links, valid data, and what locks and open
 * files keep from happening.
 */
#include "fs.h"
#include <string.h>

static NTSTATUS
Query(HANDLE File, void *Buffer, ULONG Length, ULONG Class)
{
    memset(Buffer, 0, Length);
    return NtQueryInformationFile(File, &Iosb, Buffer, Length, (FILE_INFORMATION_CLASS)Class);
}

/* [DDI:ntifs/_file_id_information, ntifs/_file_stat_information, ntddk/_file_mode_information, ntifs/_file_standard_link_information] */
static void
Classes(void)
{
    struct {
        ULONGLONG Serial, Low, High;
    } Id;
    struct {
        ULONGLONG FileId;
        LARGE_INTEGER Times[4], Allocation, End;
        ULONG Attributes, Tag, Links, Access;
    } Stat;
    struct {
        ULONG Accessible, Total;
        BOOLEAN DeletePending, Directory;
    } Links;
    struct {
        LARGE_INTEGER Time;
        ULONG Serial, Label;
        WCHAR Rest[40];
    } Volume;
    ULONGLONG Index;
    ULONG Number;
    HANDLE File = Make(L"q1"), Other;

    EXPECT_STATUS(Write(File, 0, "0123456789", 10), STATUS_SUCCESS);
    EXPECT_STATUS(Query(File, &Index, sizeof(Index), 6), STATUS_SUCCESS);
    EXPECT_STATUS(Query(File, &Id, sizeof(Id), 59), STATUS_SUCCESS);
    EXPECT(Id.Low == Index && Id.High == 0); // the 64-bit ID, extended
    EXPECT_STATUS(NtQueryVolumeInformationFile(File, &Iosb, &Volume, sizeof(Volume), 1),
                  STATUS_SUCCESS);
    EXPECT_EQ((ULONG)Id.Serial, Volume.Serial);
    EXPECT_STATUS(Query(File, &Id, sizeof(Id) - 1, 59), STATUS_INFO_LENGTH_MISMATCH);
    EXPECT_STATUS(Query(File, &Stat, sizeof(Stat), 68), STATUS_SUCCESS);
    EXPECT(Stat.FileId == Index && Stat.End.QuadPart == 10 && Stat.Links == 1);
    EXPECT(Stat.Attributes == FILE_ATTRIBUTE_ARCHIVE && Stat.Tag == 0);
    EXPECT_STATUS(Query(File, &Number, sizeof(Number), 16), STATUS_SUCCESS); // FileModeInformation
    EXPECT_EQ(Number, FILE_SYNCHRONOUS_IO_NONALERT);
    EXPECT_STATUS(Query(File, &Number, sizeof(Number), 8), STATUS_SUCCESS); // FileAccessInformation
    EXPECT_EQ(Number, FILE_GENERIC_READ | FILE_GENERIC_WRITE | DELETE);
    EXPECT_STATUS(Query(File, &Number, sizeof(Number), 17), STATUS_SUCCESS);
    EXPECT_EQ(Number, 1); // FILE_WORD_ALIGNMENT
    EXPECT_STATUS(Query(File, &Number, sizeof(Number), 999), STATUS_INVALID_INFO_CLASS);

    EXPECT_STATUS(Query(File, &Links, 12, 54), STATUS_SUCCESS);
    EXPECT(Links.Total == 1 && Links.Accessible == 1 && !Links.DeletePending && !Links.Directory);
    EXPECT(CreateHardLinkW(L"C:\\fs-test\\q2", L"C:\\fs-test\\q1", NULL));
    EXPECT_STATUS(Query(File, &Links, 12, 54), STATUS_SUCCESS);
    EXPECT(Links.Total == 2 && Links.Accessible == 2);
    EXPECT_STATUS(Delete(L"q2"), STATUS_SUCCESS); // one name goes, the file stays
    EXPECT_STATUS(Query(File, &Links, 12, 54), STATUS_SUCCESS);
    EXPECT(Links.Total == 1 && Exists(L"q1") && !Exists(L"q2"));
    EXPECT_EQ(SizeOf(File), 10);
    EXPECT_STATUS(Open(L"q1", FILE_READ_ATTRIBUTES, SHARE_ALL, FILE_OPEN, 0, &Other),
                  STATUS_SUCCESS);
    EXPECT_STATUS(Query(Other, &Number, sizeof(Number), 8), STATUS_SUCCESS);
    EXPECT_EQ(Number, FILE_READ_ATTRIBUTES | SYNCHRONIZE);
    NtClose(Other);
    NtClose(File);
}

/* [DDI:ntifs/_file_stream_information: every stream with its type, the unnamed one too] */
static void
Streams(void)
{
    union {
        struct {
            ULONG Next, Length;
            LARGE_INTEGER Size, Allocation;
            WCHAR Name[1];
        } Entry;
        UCHAR Room[400];
    } Info, *Second;
    HANDLE File = Make(L"st"), Stream = Make(L"st:two"), Folder;

    EXPECT_STATUS(Write(File, 0, "abc", 3), STATUS_SUCCESS);
    EXPECT_STATUS(Write(Stream, 0, "abcdef", 6), STATUS_SUCCESS);
    EXPECT_STATUS(Query(File, &Info, sizeof(Info), 22), STATUS_SUCCESS);
    EXPECT(Info.Entry.Length == 14 && memcmp(Info.Entry.Name, L"::$DATA", 14) == 0);
    EXPECT_EQ(Info.Entry.Size.QuadPart, 3);
    Second = (void *)(Info.Room + Info.Entry.Next);
    EXPECT(Info.Entry.Next % 8 == 0 && Info.Entry.Next != 0 && Second->Entry.Next == 0);
    EXPECT(Second->Entry.Length == 20 && memcmp(Second->Entry.Name, L":two:$DATA", 20) == 0);
    EXPECT_EQ(Second->Entry.Size.QuadPart, 6);
    EXPECT_STATUS(Query(Stream, &Info, 40, 22), STATUS_BUFFER_OVERFLOW); // room for one
    NtClose(Stream);
    EXPECT_STATUS(Delete(L"st:two"), STATUS_SUCCESS); // the stream alone
    EXPECT(Exists(L"st") && !Exists(L"st:two"));
    NtClose(File);
    MakeFolder(L"stf");
    EXPECT_STATUS(
        Open(L"stf", FILE_READ_ATTRIBUTES, SHARE_ALL, FILE_OPEN, FILE_DIRECTORY_FILE, &Folder),
        STATUS_SUCCESS);
    EXPECT_STATUS(Query(Folder, &Info, sizeof(Info), 22), STATUS_SUCCESS); // none
    EXPECT_EQ(Iosb.Information, 0);
    NtClose(Folder);
}

/* [DDI:ntifs/_file_name_information; ntddk: FileNormalizedNameInformation: "the full path, short names expanded"] */
static void
Names(void)
{
    struct {
        ULONG Length;
        WCHAR Name[100];
    } Short, Long;
    WCHAR Path[140] = L"";
    HANDLE File = Make(L"A long file name.text"), Again;

    EXPECT_STATUS(Query(File, &Short, sizeof(Short), 21), STATUS_SUCCESS);
    EXPECT(Short.Length <= 24 && wcschr(Short.Name, L'~') != NULL);
    NtClose(File);
    memcpy(Path, Short.Name, Short.Length);
    EXPECT_STATUS(Open(Path, FILE_READ_ATTRIBUTES, SHARE_ALL, FILE_OPEN, 0, &Again),
                  STATUS_SUCCESS);
    EXPECT_STATUS(Query(Again, &Long, sizeof(Long), 48), STATUS_SUCCESS);
    EXPECT(wcscmp(Long.Name, L"\\fs-test\\A long file name.text") == 0);
    EXPECT_STATUS(Query(Again, &Long, 8, 9), STATUS_BUFFER_OVERFLOW);
    EXPECT_EQ(Long.Length, 60); // the length that the whole name has
    NtClose(Again);
}

/* [DDI:ntddk/_file_valid_data_length_information: needs SeManageVolumePrivilege, only grows, at most to the end of the file] */
static void
ValidData(void)
{
    static NTSTATUS(NTAPI * Adjust)(ULONG, BOOLEAN, BOOLEAN, PBOOLEAN);
    HANDLE File = Make(L"vdl");
    LONGLONG Size = 8192;
    BOOLEAN Was;

    Adjust = (void *)GetProcAddress(GetModuleHandleA("ntdll.dll"), "RtlAdjustPrivilege");
    Adjust(28, FALSE, FALSE, &Was);
    EXPECT_STATUS(SetSize(File, 8192), STATUS_SUCCESS);
    EXPECT_STATUS(NtSetInformationFile(File, &Iosb, &Size, sizeof(Size), 39),
                  STATUS_PRIVILEGE_NOT_HELD);
    NtClose(File);
    Adjust(28, TRUE, FALSE, &Was);
    File = Make(L"vdl"); // the privilege counts when the file is opened
    EXPECT_STATUS(NtSetInformationFile(File, &Iosb, &Size, sizeof(Size), 39), STATUS_SUCCESS);
    Size = 4096;
    EXPECT_STATUS(NtSetInformationFile(File, &Iosb, &Size, sizeof(Size), 39),
                  STATUS_INVALID_PARAMETER);
    Size = 8193;
    EXPECT_STATUS(NtSetInformationFile(File, &Iosb, &Size, sizeof(Size), 39),
                  STATUS_INVALID_PARAMETER);
    NtClose(File);
}

/* [IFS: byte-range locks are for reads and writes; a view is memory. SMP:fastfat: a directory with open files below is not renamed] */
static void
InTheWay(void)
{
    struct {
        ULONG Flags;
        HANDLE Root;
        ULONG Length;
        WCHAR Name[60];
    } Info = {0, NULL, 44, L"\\??\\C:\\fs-test\\moved\\"};
    LARGE_INTEGER Offset = {.QuadPart = 0}, Length = {.QuadPart = 100};
    HANDLE File = Make(L"way"), Second, Section, Folder, Inside;
    char *View, Text[4] = {0};

    EXPECT_STATUS(Write(File, 0, "0123456789", 10), STATUS_SUCCESS);
    EXPECT_STATUS(NtLockFile(File, NULL, NULL, NULL, &Iosb, &Offset, &Length, 0, TRUE, TRUE),
                  STATUS_SUCCESS);
    Second = Make(L"way");
    EXPECT_STATUS(Read(Second, 0, Text, 3), STATUS_FILE_LOCK_CONFLICT);
    EXPECT_STATUS(Write(Second, 0, "abc", 3), STATUS_FILE_LOCK_CONFLICT);
    Section = CreateFileMappingA(Second, NULL, PAGE_READWRITE, 0, 0, NULL);
    View = MapViewOfFile(Section, FILE_MAP_WRITE, 0, 0, 0);
    EXPECT(View != NULL && View[1] == '1');
    View[1] = 'x';
    EXPECT_STATUS(Read(File, 0, Text, 3), STATUS_SUCCESS); // its owner
    EXPECT(memcmp(Text, "0x2", 3) == 0);
    EXPECT_STATUS(SetSize(Second, 5), STATUS_USER_MAPPED_FILE);
    UnmapViewOfFile(View);
    CloseHandle(Section);
    NtClose(Second);
    NtClose(File);

    MakeFolder(L"dir");
    Inside = Make(L"dir\\inside");
    EXPECT_STATUS(Open(L"dir", DELETE, SHARE_ALL, FILE_OPEN, FILE_DIRECTORY_FILE, &Folder),
                  STATUS_SUCCESS);
    Info.Length = (ULONG)wcslen(Info.Name) * 2 - 2;
    EXPECT_STATUS(NtSetInformationFile(Folder, &Iosb, &Info, sizeof(Info), 10),
                  STATUS_ACCESS_DENIED);
    NtClose(Inside);
    EXPECT_STATUS(NtSetInformationFile(Folder, &Iosb, &Info, sizeof(Info), 10), STATUS_SUCCESS);
    EXPECT(Exists(L"moved\\inside") && !Exists(L"dir"));
    NtClose(Folder);
}

/* A transfer past the cache is pending for who does not wait. [LEARN: "Asynchronous disk I/O appears as synchronous"] */
static void
Pending(void)
{
    LARGE_INTEGER Zero = {.QuadPart = 0};
    PVOID Page = VirtualAlloc(NULL, 4096, MEM_COMMIT, PAGE_READWRITE);
    HANDLE File;

    MakeFile(L"failing");
    EXPECT_STATUS(CreateAt(NULL, Under(L"failing"), GENERIC_READ | GENERIC_WRITE, SHARE_ALL,
                           FILE_OPEN, FILE_NO_INTERMEDIATE_BUFFERING, 0, &File),
                  STATUS_SUCCESS);
    EXPECT_STATUS(NtWriteFile(File, NULL, NULL, NULL, &Iosb, Page, 4096, &Zero, NULL),
                  STATUS_PENDING);
    WaitForSingleObject(File, INFINITE);
    EXPECT(Iosb.Status == STATUS_SUCCESS && Iosb.Information == 4096);
    EXPECT_STATUS(NtReadFile(File, NULL, NULL, NULL, &Iosb, Page, 4096, &Zero, NULL),
                  STATUS_PENDING);
    WaitForSingleObject(File, INFINITE);
    EXPECT(Iosb.Status == STATUS_SUCCESS && Iosb.Information == 4096);
    NtClose(File);
    VirtualFree(Page, 0, MEM_RELEASE);
}

/* [ntifs: FILE_LEVEL_TRIM, Key] What another handle has locked is not trimmed. */
static void
TrimLocked(void)
{
    struct {
        ULONG Key, Count;
        ULONG64 Offset, Length;
    } In = {0, 1, 0, 4096};
    LARGE_INTEGER At = {{0}}, Length = {{10}};
    UCHAR Page[4096];
    HANDLE File, Other;

    if (*(volatile ULONG *)0x7FFE026C * 100 + *(volatile ULONG *)0x7FFE0270 < 602) {
        return; // it came with Windows 8
    }
    memset(Page, 'a', sizeof(Page));
    Open(L"trimmed", FILE_GENERIC_READ | FILE_GENERIC_WRITE, 7, FILE_CREATE, 0, &File);
    Write(File, 0, Page, sizeof(Page));
    Open(L"trimmed", FILE_GENERIC_READ | FILE_GENERIC_WRITE, 7, FILE_OPEN, 0, &Other);
    EXPECT_STATUS(NtLockFile(Other, NULL, NULL, NULL, &Iosb, &At, &Length, 0, TRUE, TRUE),
                  STATUS_SUCCESS);
    EXPECT_STATUS(NtFsControlFile(File, NULL, NULL, NULL, &Iosb, 0x98208, &In, sizeof(In), NULL, 0),
                  STATUS_FILE_LOCK_CONFLICT);
    EXPECT_STATUS(
        NtFsControlFile(Other, NULL, NULL, NULL, &Iosb, 0x98208, &In, sizeof(In), NULL, 0),
        STATUS_SUCCESS); // its own
    NtClose(Other);
    EXPECT_STATUS(NtFsControlFile(File, NULL, NULL, NULL, &Iosb, 0x98208, &In, sizeof(In), NULL, 0),
                  STATUS_SUCCESS);
    NtClose(File);
}

int
main(void)
{
    BeginFs();
    Pending();
    Classes();
    Streams();
    Names();
    ValidData();
    InTheWay();
    TrimLocked();
    return TEST_DONE();
}
