/*
 * meta.c - what a file has beside bytes: streams, extended attributes, times, security, reparse points, sparse ranges, object
 * and file IDs, the change journal, the volume.
 */
#include "fs.h"
#include <sddl.h>

static UCHAR Buffer[4096];

static void
Streams(void)
{
    HANDLE File = Make(L"streams"), Stream;
    char Text[8];
    PUCHAR At = Buffer;

    Write(File, 0, "main", 4);
    EXPECT_STATUS(Open(L"streams:one", GENERIC_READ | GENERIC_WRITE | DELETE, SHARE_ALL,
                       FILE_CREATE, 0, &Stream),
                  STATUS_SUCCESS);
    EXPECT_EQ(Iosb.Information, FILE_CREATED);
    EXPECT_STATUS(Write(Stream, 0, "stream", 6), STATUS_SUCCESS);
    EXPECT_EQ(SizeOf(Stream), 6);
    EXPECT_EQ(SizeOf(File), 4); // each has its own bytes
    NtClose(Stream);
    EXPECT_STATUS(Open(L"streams:ONE:$DATA", GENERIC_READ, SHARE_ALL, FILE_OPEN, 0, &Stream),
                  STATUS_SUCCESS);
    EXPECT_STATUS(Read(Stream, 0, Text, 6), STATUS_SUCCESS);
    EXPECT(memcmp(Text, "stream", 6) == 0);
    NtClose(Stream);
    EXPECT_STATUS(Open(L"streams:two", GENERIC_READ, SHARE_ALL, FILE_OPEN, 0, &Stream),
                  STATUS_OBJECT_NAME_NOT_FOUND);
    // [DDI:ntifs/_file_stream_information] the unnamed one first, `::$DATA`
    EXPECT_STATUS(
        NtQueryInformationFile(File, &Iosb, Buffer, sizeof(Buffer), (FILE_INFORMATION_CLASS)22),
        STATUS_SUCCESS);
    EXPECT_EQ(((PULONG)At)[1], 14);
    EXPECT(memcmp(At + 0x18, L"::$DATA", 14) == 0);
    EXPECT_EQ(*(PLONGLONG)(At + 8), 4);
    At += *(PULONG)At;
    EXPECT(memcmp(At + 0x18, L":one:$DATA", 20) == 0);
    EXPECT_EQ(*(PLONGLONG)(At + 8), 6);
    EXPECT_EQ(*(PULONG)At, 0);
    // a stream is deleted by itself
    Open(L"streams:one", DELETE, SHARE_ALL, FILE_OPEN, FILE_DELETE_ON_CLOSE, &Stream);
    NtClose(Stream);
    EXPECT(!Exists(L"streams:one") && Exists(L"streams"));
    NtClose(File);
    // a directory has streams, but no bytes of its own
    MakeFolder(L"folder");
    EXPECT_STATUS(
        Open(L"folder:s", GENERIC_READ | GENERIC_WRITE, SHARE_ALL, FILE_OPEN_IF, 0, &Stream),
        STATUS_SUCCESS);
    EXPECT_STATUS(Write(Stream, 0, "x", 1), STATUS_SUCCESS);
    NtClose(Stream);
    EXPECT_STATUS(
        Open(L"folder::$INDEX_ALLOCATION", FILE_LIST_DIRECTORY, SHARE_ALL, FILE_OPEN, 0, &Stream),
        STATUS_SUCCESS);
    NtClose(Stream);
}

static ULONG
Ea(PUCHAR At, const char *Name, const char *Value, BOOL Last)
{
    ULONG NameLength = strlen(Name), Size = (8 + NameLength + 1 + strlen(Value) + 3) & ~3u;

    memset(At, 0, Size);
    *(PULONG)At = Last ? 0 : Size;
    At[5] = (UCHAR)NameLength;
    *(PUSHORT)(At + 6) = (USHORT)strlen(Value);
    strcpy((char *)At + 8, Name);
    memcpy(At + 8 + NameLength + 1, Value, strlen(Value));
    return Size;
}

static void
ExtendedAttributes(void)
{
    ULONG Names[4] = {0};
    HANDLE File = Make(L"ea");
    ULONG Size, Total;

    EXPECT_STATUS(NtQueryEaFile(File, &Iosb, Buffer, sizeof(Buffer), FALSE, NULL, 0, NULL, TRUE),
                  STATUS_NO_EAS_ON_FILE);
    Size = Ea(Buffer, "first", "one", FALSE);
    Size += Ea(Buffer + Size, "SECOND", "2", TRUE);
    EXPECT_STATUS(NtSetEaFile(File, &Iosb, Buffer, Size),
                  STATUS_SUCCESS); // [DDI:ntifs/zwseteafile]
    memset(Buffer, 0, sizeof(Buffer));
    EXPECT_STATUS(NtQueryEaFile(File, &Iosb, Buffer, sizeof(Buffer), FALSE, NULL, 0, NULL, TRUE),
                  STATUS_SUCCESS);
    EXPECT_EQ(strcmp((char *)Buffer + 8, "FIRST"), 0); // names are in upper case
    EXPECT_EQ(*(PUSHORT)(Buffer + 6), 3);
    EXPECT(memcmp(Buffer + 14, "one", 3) == 0);
    EXPECT(*(PULONG)Buffer != 0);
    EXPECT_STATUS(
        NtQueryInformationFile(File, &Iosb, &Total, sizeof(Total), (FILE_INFORMATION_CLASS)7),
        STATUS_SUCCESS);
    EXPECT(Total != 0);
    // one at a time
    EXPECT_STATUS(NtQueryEaFile(File, &Iosb, Buffer, sizeof(Buffer), TRUE, NULL, 0, NULL, TRUE),
                  STATUS_SUCCESS);
    EXPECT_EQ(*(PULONG)Buffer, 0);
    EXPECT_STATUS(NtQueryEaFile(File, &Iosb, Buffer, sizeof(Buffer), TRUE, NULL, 0, NULL, FALSE),
                  STATUS_SUCCESS);
    EXPECT_EQ(strcmp((char *)Buffer + 8, "SECOND"), 0);
    EXPECT_STATUS(NtQueryEaFile(File, &Iosb, Buffer, sizeof(Buffer), TRUE, NULL, 0, NULL, FALSE),
                  STATUS_NO_MORE_EAS);
    // no value: it goes
    Size = Ea(Buffer, "First", "", TRUE);
    EXPECT_STATUS(NtSetEaFile(File, &Iosb, Buffer, Size), STATUS_SUCCESS);
    EXPECT_STATUS(NtQueryEaFile(File, &Iosb, Buffer, sizeof(Buffer), FALSE, NULL, 0, NULL, TRUE),
                  STATUS_SUCCESS);
    EXPECT_EQ(strcmp((char *)Buffer + 8, "SECOND"), 0);
    Buffer[5] = 200; // inconsistent
    EXPECT_STATUS(NtSetEaFile(File, &Iosb, Buffer, 20), STATUS_EA_LIST_INCONSISTENT);
    /* A list of names is checked before any file system sees it. */
    Names[0] = 0x1000; /* NextEntryOffset: far behind the list's end */
    Names[1] = 1 | 'A' << 8;
    EXPECT_STATUS(
        NtQueryEaFile(File, &Iosb, Buffer, sizeof(Buffer), FALSE, Names, sizeof(Names), NULL, TRUE),
        STATUS_EA_LIST_INCONSISTENT);
    Names[0] = 0;
    Names[1] = 200 | 'A' << 8; /* a name longer than the list */
    EXPECT_STATUS(
        NtQueryEaFile(File, &Iosb, Buffer, sizeof(Buffer), FALSE, Names, sizeof(Names), NULL, TRUE),
        STATUS_EA_LIST_INCONSISTENT);
    NtClose(File);
}

static void
Times(void)
{
    HANDLE File = Make(L"times");
    struct {
        LARGE_INTEGER Times[4];
        ULONG Attributes, Unused;
    } Basic, Set = {};

    NtQueryInformationFile(File, &Iosb, &Basic, sizeof(Basic), (FILE_INFORMATION_CLASS)4);
    EXPECT_EQ(Basic.Times[0].QuadPart, Basic.Times[2].QuadPart); // created and last written at once
    Set.Times[0].QuadPart = 0x01D000000000000ll;
    EXPECT_STATUS(NtSetInformationFile(File, &Iosb, &Set, sizeof(Set), 4),
                  STATUS_SUCCESS); // [DDI:wdm/_file_basic_information]
    NtQueryInformationFile(File, &Iosb, &Set, sizeof(Set), (FILE_INFORMATION_CLASS)4);
    EXPECT_EQ(Set.Times[0].QuadPart, 0x01D000000000000ll);
    EXPECT_EQ(Set.Times[2].QuadPart, Basic.Times[2].QuadPart); // 0 leaves a time
    Set.Times[0].QuadPart = -3;
    EXPECT_STATUS(NtSetInformationFile(File, &Iosb, &Set, sizeof(Set), 4),
                  STATUS_INVALID_PARAMETER);
    memset(&Set, 0, sizeof(Set));
    Set.Attributes = FILE_ATTRIBUTE_DIRECTORY;
    EXPECT_STATUS(NtSetInformationFile(File, &Iosb, &Set, sizeof(Set), 4),
                  STATUS_INVALID_PARAMETER); // of a file
    Sleep(1000);
    Write(File, 0, "x", 1);
    NtClose(File);
    File = Make(L"times");
    NtQueryInformationFile(File, &Iosb, &Set, sizeof(Set), (FILE_INFORMATION_CLASS)4);
    EXPECT(Set.Times[2].QuadPart >= Basic.Times[2].QuadPart + 9000000);
    NtClose(File);
}

static void
Tunnelling(void)
{
    HANDLE File = Make(L"tunnel");
    FILE_BASIC_INFO Before, After;

    NtQueryInformationFile(File, &Iosb, &Before, sizeof(Before), (FILE_INFORMATION_CLASS)4);
    NtClose(File);
    Delete(L"tunnel");
    Sleep(5000);
    File =
        Make(L"tunnel"); // within 15 seconds: it gets the creation time of the one that was deleted
    NtQueryInformationFile(File, &Iosb, &After, sizeof(After), (FILE_INFORMATION_CLASS)4);
    EXPECT_EQ(After.CreationTime.QuadPart,
              Before.CreationTime.QuadPart); // [DDI:ntifs/fsrtlfindintunnelcache]
    NtClose(File);
    Delete(L"tunnel");
    Sleep(20000);
    File = Make(L"tunnel");
    NtQueryInformationFile(File, &Iosb, &After, sizeof(After), (FILE_INFORMATION_CLASS)4);
    EXPECT(After.CreationTime.QuadPart > Before.CreationTime.QuadPart);
    NtClose(File);
}

static NTSTATUS
Control(HANDLE File, ULONG Code, PVOID In, ULONG InLength, PVOID Out, ULONG OutLength)
{
    Iosb.Information = 0;
    return NtFsControlFile(File, NULL, NULL, NULL, &Iosb, Code, In, InLength, Out, OutLength);
}

static void
Reparse(void)
{
    HANDLE Folder, File;
    struct {
        ULONG Tag;
        USHORT Length, Reserved, Offset, NameLength, PrintOffset, PrintLength;
        WCHAR Path[100];
    } Point = {0xA0000003};
    PCWSTR Target = L"\\??\\C:\\fs-test\\target";

    MakeFolder(L"target");
    MakeFile(L"target\\inside");
    MakeFolder(L"junction");
    Open(L"junction", GENERIC_READ | GENERIC_WRITE, SHARE_ALL, FILE_OPEN, FILE_DIRECTORY_FILE,
         &Folder);
    EXPECT_STATUS(Control(Folder, FSCTL_GET_REPARSE_POINT, NULL, 0, Buffer, sizeof(Buffer)),
                  STATUS_NOT_A_REPARSE_POINT);
    Point.NameLength = (USHORT)(2 * wcslen(Target));
    Point.PrintOffset = Point.NameLength + 2;
    wcscpy(Point.Path, Target);
    Point.Length = 8 + Point.NameLength + 4;
    EXPECT_STATUS(Control(Folder, FSCTL_SET_REPARSE_POINT, &Point, 8, NULL, 0),
                  STATUS_IO_REPARSE_DATA_INVALID);
    EXPECT_STATUS(Control(Folder, FSCTL_SET_REPARSE_POINT, &Point, 8 + Point.Length, NULL, 0),
                  STATUS_SUCCESS);
    EXPECT_STATUS(Control(Folder, FSCTL_GET_REPARSE_POINT, NULL, 0, Buffer, sizeof(Buffer)),
                  STATUS_SUCCESS);
    EXPECT_EQ(Iosb.Information, 8 + Point.Length);
    EXPECT(memcmp(Buffer, &Point, 8 + Point.Length) == 0);
    EXPECT_STATUS(Control(Folder, FSCTL_GET_REPARSE_POINT, NULL, 0, Buffer, 4),
                  STATUS_BUFFER_TOO_SMALL);
    NtClose(Folder);
    // names go through it
    EXPECT(Exists(L"junction\\inside"));
    MakeFile(L"junction\\made");
    EXPECT(Exists(L"target\\made"));
    // FILE_OPEN_REPARSE_POINT opens the point itself
    Open(L"junction", GENERIC_READ | GENERIC_WRITE, SHARE_ALL, FILE_OPEN,
         FILE_OPEN_REPARSE_POINT | FILE_DIRECTORY_FILE, &Folder);
    {
        ULONG Tag[2];

        EXPECT_STATUS(
            NtQueryInformationFile(Folder, &Iosb, Tag, sizeof(Tag), (FILE_INFORMATION_CLASS)35),
            STATUS_SUCCESS);
        EXPECT_EQ(Tag[0], FILE_ATTRIBUTE_DIRECTORY | FILE_ATTRIBUTE_REPARSE_POINT);
        EXPECT_EQ(Tag[1], 0xA0000003);
    }
    {
        struct {
            ULONG Tag, Length;
        } Header = {0xA000000C, 0};

        EXPECT_STATUS(Control(Folder, FSCTL_DELETE_REPARSE_POINT, &Header, 8, NULL, 0),
                      STATUS_IO_REPARSE_TAG_MISMATCH);
        Header.Tag = 0xA0000003;
        EXPECT_STATUS(Control(Folder, FSCTL_DELETE_REPARSE_POINT, &Header, 8, NULL, 0),
                      STATUS_SUCCESS);
    }
    NtClose(Folder);
    EXPECT(!Exists(L"junction\\inside"));
    Open(L"target", GENERIC_READ | GENERIC_WRITE, SHARE_ALL, FILE_OPEN, FILE_DIRECTORY_FILE,
         &Folder);
    EXPECT_STATUS(Control(Folder, FSCTL_SET_REPARSE_POINT, &Point, 8 + Point.Length, NULL, 0),
                  STATUS_DIRECTORY_NOT_EMPTY);
    NtClose(Folder);
    // a loop
    MakeFolder(L"loop");
    Open(L"loop", GENERIC_READ | GENERIC_WRITE, SHARE_ALL, FILE_OPEN, FILE_DIRECTORY_FILE, &Folder);
    wcscpy(Point.Path, L"\\??\\C:\\fs-test\\loop");
    Point.NameLength = (USHORT)(2 * wcslen(Point.Path));
    Point.PrintOffset = Point.NameLength + 2;
    Point.Length = 8 + Point.NameLength + 4;
    EXPECT_STATUS(Control(Folder, FSCTL_SET_REPARSE_POINT, &Point, 8 + Point.Length, NULL, 0),
                  STATUS_SUCCESS);
    NtClose(Folder);
    EXPECT_STATUS(Open(L"loop\\x", GENERIC_READ, SHARE_ALL, FILE_OPEN, 0, &File),
                  STATUS_REPARSE_POINT_NOT_RESOLVED);
}

static void
Sparse(void)
{
    HANDLE File = Make(L"sparse");
    FILE_STANDARD_INFO Info;
    LONGLONG Range[2] = {0, 0x100000}, Found[8], Zero[2] = {0x10000, 0x20000};

    EXPECT_STATUS(Control(File, FSCTL_SET_SPARSE, NULL, 0, NULL, 0),
                  STATUS_SUCCESS); // [IFS:fsctl-set-sparse]
    SetSize(File, 0x100000);
    NtQueryInformationFile(File, &Iosb, &Info, sizeof(Info), (FILE_INFORMATION_CLASS)5);
    EXPECT_EQ(Info.AllocationSize.QuadPart, 0); // nothing is there
    memset(Buffer, 0x5A, sizeof(Buffer));
    Write(File, 0x10000, Buffer, 4096);
    Write(File, 0x80000, Buffer, 4096);
    EXPECT_STATUS(
        Control(File, FSCTL_QUERY_ALLOCATED_RANGES, Range, sizeof(Range), Found, sizeof(Found)),
        STATUS_SUCCESS);
    EXPECT_EQ(Iosb.Information, 32);
    EXPECT(Found[0] == 0x10000 && Found[1] == 4096 && Found[2] == 0x80000 && Found[3] == 4096);
    EXPECT_STATUS(Control(File, FSCTL_SET_ZERO_DATA, Zero, sizeof(Zero), NULL, 0), STATUS_SUCCESS);
    Read(File, 0x10000, Buffer, 4096);
    EXPECT_EQ(Buffer[0], 0);
    EXPECT_STATUS(
        Control(File, FSCTL_QUERY_ALLOCATED_RANGES, Range, sizeof(Range), Found, sizeof(Found)),
        STATUS_SUCCESS);
    EXPECT_EQ(Iosb.Information, 16);
    EXPECT_EQ(Found[0], 0x80000);
    NtClose(File);
}

static void
Security(void)
{
    PSECURITY_DESCRIPTOR Descriptor;
    SECURITY_ATTRIBUTES Attributes = {sizeof(Attributes)};
    HANDLE File;
    DWORD Length = 0;

    ConvertStringSecurityDescriptorToSecurityDescriptorA("D:P(A;;FR;;;WD)", 1, &Descriptor, NULL);
    Attributes.lpSecurityDescriptor = Descriptor;
    File = CreateFileA("C:\\fs-test\\secure", GENERIC_READ | GENERIC_WRITE, SHARE_ALL, &Attributes,
                       CREATE_ALWAYS, 0, NULL);
    EXPECT(File != INVALID_HANDLE_VALUE); // its maker has what it asked for
    CloseHandle(File);
    File =
        CreateFileA("C:\\fs-test\\secure", GENERIC_WRITE, SHARE_ALL, NULL, OPEN_EXISTING, 0, NULL);
    EXPECT(File == INVALID_HANDLE_VALUE);
    EXPECT_EQ(GetLastError(),
              ERROR_ACCESS_DENIED); // [IFS:irp-mj-create] access is judged at create
    File =
        CreateFileA("C:\\fs-test\\secure", GENERIC_READ, SHARE_ALL, NULL, OPEN_EXISTING, 0, NULL);
    EXPECT(File != INVALID_HANDLE_VALUE);
    EXPECT(!GetKernelObjectSecurity(File, DACL_SECURITY_INFORMATION, Buffer, 0, &Length));
    EXPECT_EQ(GetLastError(), ERROR_INSUFFICIENT_BUFFER);
    EXPECT(
        GetKernelObjectSecurity(File, DACL_SECURITY_INFORMATION, Buffer, sizeof(Buffer), &Length));
    CloseHandle(File);
    LocalFree(Descriptor);
}

static void
Journal(void)
{
    HANDLE Volume, File;
    USN_JOURNAL_DATA Data;
    CREATE_USN_JOURNAL_DATA Create = {0x100000, 0x10000};
    READ_USN_JOURNAL_DATA ReadData = {};
    PUSN_RECORD Record = (PUSN_RECORD)(Buffer + 8);

    CreateAt(NULL, L"\\??\\C:", GENERIC_READ | GENERIC_WRITE, SHARE_ALL, FILE_OPEN,
             FILE_SYNCHRONOUS_IO_NONALERT, 0, &Volume);
    EXPECT_STATUS(Control(Volume, FSCTL_QUERY_USN_JOURNAL, NULL, 0, &Data, sizeof(Data)),
                  STATUS_JOURNAL_NOT_ACTIVE);
    EXPECT_STATUS(Control(Volume, FSCTL_CREATE_USN_JOURNAL, &Create, sizeof(Create), NULL, 0),
                  STATUS_SUCCESS);
    EXPECT_STATUS(Control(Volume, FSCTL_QUERY_USN_JOURNAL, NULL, 0, &Data, sizeof(Data)),
                  STATUS_SUCCESS);
    MakeFile(L"journalled");
    ReadData.StartUsn = Data.NextUsn;
    ReadData.ReasonMask = 0xFFFFFFFF;
    ReadData.UsnJournalID = Data.UsnJournalID;
    EXPECT_STATUS(Control(Volume, FSCTL_READ_USN_JOURNAL, &ReadData, sizeof(ReadData), Buffer,
                          sizeof(Buffer)),
                  STATUS_SUCCESS);
    EXPECT(Iosb.Information > 8);
    EXPECT_EQ(Record->Reason, USN_REASON_FILE_CREATE);
    EXPECT(memcmp((PUCHAR)Record + Record->FileNameOffset, L"journalled", 20) == 0);
    Record = (PUSN_RECORD)((PUCHAR)Record + Record->RecordLength);
    EXPECT_EQ(Record->Reason, USN_REASON_FILE_CREATE | USN_REASON_CLOSE);
    ReadData.UsnJournalID++;
    EXPECT_STATUS(Control(Volume, FSCTL_READ_USN_JOURNAL, &ReadData, sizeof(ReadData), Buffer,
                          sizeof(Buffer)),
                  STATUS_INVALID_PARAMETER);
    NtClose(Volume);
    File = NULL;
}

static void
Volume(void)
{
    HANDLE File = Make(L"volume"), Handle;
    struct {
        ULONG Flags, Component, Length;
        WCHAR Name[20];
    } Attribute;
    WCHAR Target[100];

    EXPECT_STATUS(NtQueryVolumeInformationFile(File, &Iosb, &Attribute, sizeof(Attribute), 5),
                  STATUS_SUCCESS);
    EXPECT_EQ(Attribute.Component, 255);
    EXPECT((Attribute.Flags &
            (FILE_NAMED_STREAMS | FILE_SUPPORTS_REPARSE_POINTS | FILE_PERSISTENT_ACLS)) ==
           (FILE_NAMED_STREAMS | FILE_SUPPORTS_REPARSE_POINTS | FILE_PERSISTENT_ACLS));
    EXPECT_STATUS(NtQueryVolumeInformationFile(File, &Iosb, Buffer, sizeof(Buffer), 1),
                  STATUS_SUCCESS);
    EXPECT_STATUS(NtQueryVolumeInformationFile(File, &Iosb, Buffer, sizeof(Buffer), 3),
                  STATUS_SUCCESS);
    EXPECT(((PULONGLONG)Buffer)[0] >= ((PULONGLONG)Buffer)[1] && ((PULONGLONG)Buffer)[1] != 0);
    EXPECT(QueryDosDeviceW(L"C:", Target, 100) != 0 &&
           wcscmp(Target, L"\\Device\\HarddiskVolume1") == 0);
    EXPECT_STATUS(CreateAt(NULL, L"\\??\\C:", GENERIC_READ | GENERIC_WRITE, SHARE_ALL, FILE_OPEN,
                           FILE_SYNCHRONOUS_IO_NONALERT, 0, &Handle),
                  STATUS_SUCCESS);
    EXPECT_STATUS(Control(Handle, FSCTL_LOCK_VOLUME, NULL, 0, NULL, 0),
                  STATUS_ACCESS_DENIED); // a file is open
    EXPECT_STATUS(NtWriteFile(File, NULL, NULL, NULL, &Iosb, "cached", 6, NULL, NULL),
                  STATUS_SUCCESS);
    NtClose(File);
    EXPECT_STATUS(Control(Handle, FSCTL_UNLOCK_VOLUME, NULL, 0, NULL, 0), STATUS_NOT_LOCKED);
    // No handle is open: that the cache is not written yet does not matter. [FSCTL_LOCK_VOLUME]
    EXPECT_STATUS(Control(Handle, FSCTL_LOCK_VOLUME, NULL, 0, NULL, 0), STATUS_SUCCESS);
    EXPECT_STATUS(Control(Handle, FSCTL_UNLOCK_VOLUME, NULL, 0, NULL, 0), STATUS_SUCCESS);
    EXPECT_STATUS(Control(Handle, FSCTL_IS_VOLUME_MOUNTED, NULL, 0, NULL, 0), STATUS_SUCCESS);
    EXPECT_STATUS(Control(Handle, 0x9FFFC, NULL, 0, NULL, 0), STATUS_INVALID_DEVICE_REQUEST);
    NtClose(Handle);
}

static void
Win32(void)
{
    HANDLE Change;

    EXPECT(CopyFileA("C:\\Windows\\System32\\psapi.dll", "C:\\fs-test\\copy.dll",
                     TRUE)); // [Win32:CopyFile]
    EXPECT(!CopyFileA("C:\\Windows\\System32\\psapi.dll", "C:\\fs-test\\copy.dll", TRUE));
    EXPECT_EQ(GetLastError(), ERROR_FILE_EXISTS);
    EXPECT(CreateHardLinkA("C:\\fs-test\\hard.dll", "C:\\fs-test\\copy.dll", NULL));
    Change = FindFirstChangeNotificationA("C:\\fs-test", FALSE, FILE_NOTIFY_CHANGE_FILE_NAME);
    EXPECT(Change != INVALID_HANDLE_VALUE);
    EXPECT_EQ(WaitForSingleObject(Change, 0), WAIT_TIMEOUT);
    EXPECT(DeleteFileA("C:\\fs-test\\hard.dll"));
    EXPECT_EQ(WaitForSingleObject(Change, 1000), WAIT_OBJECT_0);
    EXPECT(FindNextChangeNotification(Change));
    EXPECT(FindCloseChangeNotification(Change));
}

int
main(void)
{
    BeginFs();
    Streams();
    ExtendedAttributes();
    Times();
    Tunnelling();
    Reparse();
    Sparse();
    Security();
    Journal();
    Volume();
    Win32();
    return TEST_DONE();
}
