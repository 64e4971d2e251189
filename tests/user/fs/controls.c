/*
 * controls.c - control codes that tell of a volume and of its files: statistics, regions of valid data, the files in the order of their
 * numbers, object IDs; and codes that a file system without the feature refuses. [Win32: FSCTL_...; MS-FSA 2.1.5.10; MS-FSCC 2.3]
 */
#include "win.h"

#define QUERY_FILE_REGIONS CTL_CODE(FILE_DEVICE_FILE_SYSTEM, 161, METHOD_BUFFERED, FILE_ANY_ACCESS)
#define DUPLICATE_EXTENTS  CTL_CODE(FILE_DEVICE_FILE_SYSTEM, 209, METHOD_BUFFERED, FILE_WRITE_DATA)

/* What all processors together have counted. */
static FILESYSTEM_STATISTICS
Sum(HANDLE File)
{
    static UCHAR Buffer[64 * 1024];
    FILESYSTEM_STATISTICS Total = {0};

    EXPECT_STATUS(Control(File, FSCTL_FILESYSTEM_GET_STATISTICS, NULL, 0, Buffer, sizeof(Buffer)),
                  STATUS_SUCCESS);
    for (ULONG At = 0; At < Iosb.Information;) {
        FILESYSTEM_STATISTICS *One = (PVOID)(Buffer + At);

        Total.FileSystemType = One->FileSystemType;
        Total.SizeOfCompleteStructure = One->SizeOfCompleteStructure;
        Total.UserFileReads += One->UserFileReads;
        Total.UserFileReadBytes += One->UserFileReadBytes;
        Total.UserFileWrites += One->UserFileWrites;
        Total.UserFileWriteBytes += One->UserFileWriteBytes;
        Total.UserDiskReads += One->UserDiskReads;
        Total.UserDiskWrites += One->UserDiskWrites;
        At += One->SizeOfCompleteStructure;
        if (One->SizeOfCompleteStructure == 0) {
            break;
        }
    }
    return Total;
}

static void
Statistics(void)
{
    static UCHAR Page[8192], Small[4096];
    FILESYSTEM_STATISTICS Before, After;
    SYSTEM_INFO System;
    HANDLE File = Make(L"counted");
    ULONG_PTR All;

    GetSystemInfo(&System);
    Before = Sum(File);
    All = Iosb.Information;
    // an entry for each processor, each a multiple of 64 bytes and of the size that it says
    EXPECT_EQ(All, System.dwNumberOfProcessors * Before.SizeOfCompleteStructure);
    EXPECT_EQ(Before.SizeOfCompleteStructure % 64, 0);
    EXPECT(Before.SizeOfCompleteStructure >= sizeof(FILESYSTEM_STATISTICS));
    EXPECT_EQ(Before.FileSystemType, FILESYSTEM_STATISTICS_TYPE_NTFS);
    // written to the disk by the flush, and counted
    EXPECT_STATUS(Write(File, 0, Page, sizeof(Page)), STATUS_SUCCESS);
    EXPECT_STATUS(NtFlushBuffersFile(File, &Iosb), STATUS_SUCCESS);
    After = Sum(File);
    EXPECT(After.UserFileWrites > Before.UserFileWrites);
    EXPECT(After.UserDiskWrites > Before.UserDiskWrites);
    EXPECT(After.UserFileWriteBytes - Before.UserFileWriteBytes >= sizeof(Page));
    NtClose(File);
    // read past the cache
    Open(L"counted", FILE_READ_DATA, SHARE_ALL, FILE_OPEN, FILE_NO_INTERMEDIATE_BUFFERING, &File);
    Before = Sum(File);
    EXPECT_STATUS(Read(File, 0, Page, 4096), STATUS_SUCCESS);
    After = Sum(File);
    EXPECT_EQ(After.UserFileReads - Before.UserFileReads, 1);
    EXPECT_EQ(After.UserFileReadBytes - Before.UserFileReadBytes, 4096);
    // a buffer for less than one is too small, one for less than all is filled
    EXPECT_STATUS(Control(File, FSCTL_FILESYSTEM_GET_STATISTICS, NULL, 0, Small,
                          sizeof(FILESYSTEM_STATISTICS) - 1),
                  STATUS_BUFFER_TOO_SMALL);
    if (All > sizeof(FILESYSTEM_STATISTICS)) {
        EXPECT_STATUS(Control(File, FSCTL_FILESYSTEM_GET_STATISTICS, NULL, 0, Small,
                              sizeof(FILESYSTEM_STATISTICS)),
                      STATUS_BUFFER_OVERFLOW);
        EXPECT_EQ(Iosb.Information, sizeof(FILESYSTEM_STATISTICS));
    }
    NtClose(File);
}

typedef struct {
    LONGLONG Offset, Length;
    ULONG Usage, Reserved;
} REGION;

typedef struct {
    ULONG Flags, Total, Count, Reserved;
    REGION Region[4];
} REGIONS;

static void
Regions(void)
{
    HANDLE File = Make(L"regions");
    struct {
        LONGLONG Offset, Length;
        ULONG Usage, Unused;
    } In = {1000, 5000, 1};
    REGIONS Out;

    if (LOBYTE(LOWORD(GetVersion())) * 100 + HIBYTE(LOWORD(GetVersion())) < 602) {
        EXPECT_STATUS(Control(File, QUERY_FILE_REGIONS, NULL, 0, &Out, sizeof(Out)),
                      STATUS_INVALID_DEVICE_REQUEST); // Windows 8 brought it
        NtClose(File);
        return;
    }
    Write(File, 0, "12345", 5);
    SetSize(File, 100000);
    // nothing asked for in particular: all of it
    EXPECT_STATUS(Control(File, QUERY_FILE_REGIONS, NULL, 0, &Out, sizeof(Out)), STATUS_SUCCESS);
    EXPECT_EQ(Out.Count, 2);
    EXPECT_EQ(Out.Total, 2);
    EXPECT(Out.Region[0].Offset == 0 && Out.Region[0].Length == 5 && Out.Region[0].Usage == 1);
    EXPECT(Out.Region[1].Offset == 5 && Out.Region[1].Length == 100000 - 5 &&
           Out.Region[1].Usage == 0);
    EXPECT_EQ(Iosb.Information, 16 + 2 * sizeof(REGION));
    // a range
    Write(File, 2000, "x", 1);
    EXPECT_STATUS(Control(File, QUERY_FILE_REGIONS, &In, sizeof(In), &Out, sizeof(Out)),
                  STATUS_SUCCESS);
    EXPECT(Out.Count == 2 && Out.Region[0].Offset == 1000 && Out.Region[0].Length == 1001);
    EXPECT(Out.Region[1].Offset == 2001 && Out.Region[1].Length == 3999);
    // no room for all
    EXPECT_STATUS(Control(File, QUERY_FILE_REGIONS, NULL, 0, &Out, 16 + sizeof(REGION)),
                  STATUS_BUFFER_OVERFLOW);
    EXPECT(Out.Count == 1 && Out.Total == 2);
    EXPECT_STATUS(Control(File, QUERY_FILE_REGIONS, NULL, 0, &Out, 16), STATUS_BUFFER_TOO_SMALL);
    EXPECT_STATUS(Control(File, QUERY_FILE_REGIONS, &In, 8, &Out, sizeof(Out)),
                  STATUS_BUFFER_TOO_SMALL);
    In.Usage = 7;
    EXPECT_STATUS(Control(File, QUERY_FILE_REGIONS, &In, sizeof(In), &Out, sizeof(Out)),
                  STATUS_INVALID_PARAMETER);
    In.Usage = 1;
    In.Offset = -1;
    EXPECT_STATUS(Control(File, QUERY_FILE_REGIONS, &In, sizeof(In), &Out, sizeof(Out)),
                  STATUS_INVALID_PARAMETER);
    NtClose(File);
}

/* [Win32: FSCTL_ENUM_USN_DATA, MFT_ENUM_DATA, USN_RECORD] */
#define ORDINAL(Number) ((Number) & 0xFFFFFFFFFFFFull)

static void
Numbers(void)
{
    static ULONGLONG Buffer[64];
    struct {
        ULONGLONG Start;
        LONGLONG Low, High;
    } In = {0, 0, 0x7FFFFFFFFFFFFFFFll};
    ULONGLONG Last = 0, One = 0, Two = 0, Folder = 0;
    ULONG Queries = 0, Found = 0;
    BOOL Ascending = TRUE;
    NTSTATUS Status;
    HANDLE Volume, File;

    MakeFolder(L"numbers");
    MakeFile(L"numbers\\one");
    MakeFile(L"numbers\\two");
    Open(L"numbers\\one", FILE_READ_ATTRIBUTES, SHARE_ALL, FILE_OPEN, 0, &File);
    NtQueryInformationFile(File, &Iosb, &One, 8, (FILE_INFORMATION_CLASS)6);
    NtClose(File);
    Open(L"numbers", FILE_READ_ATTRIBUTES, SHARE_ALL, FILE_OPEN, 0, &File);
    NtQueryInformationFile(File, &Iosb, &Folder, 8, (FILE_INFORMATION_CLASS)6);
    NtClose(File);
    CreateAt(NULL, L"\\??\\C:", GENERIC_READ | GENERIC_WRITE, SHARE_ALL, FILE_OPEN,
             FILE_SYNCHRONOUS_IO_NONALERT, 0, &Volume);
    while (NT_SUCCESS(
        Status = Control(Volume, FSCTL_ENUM_USN_DATA, &In, sizeof(In), Buffer, sizeof(Buffer)))) {
        PUCHAR At = (PUCHAR)(Buffer + 1), End = (PUCHAR)Buffer + Iosb.Information;

        for (; At < End; At += ((USN_RECORD *)At)->RecordLength) {
            USN_RECORD *Record = (PVOID)At;
            PCWSTR Name = (PCWSTR)(At + Record->FileNameOffset);

            Ascending &= ORDINAL(Record->FileReferenceNumber) > ORDINAL(Last);
            Last = Record->FileReferenceNumber;
            if (Record->ParentFileReferenceNumber == Folder && Record->FileNameLength == 6) {
                Found++;
                Two = wcsncmp(Name, L"two", 3) == 0 ? Last : Two;
                EXPECT(wcsncmp(Name, L"one", 3) != 0 || Last == One);
            }
        }
        EXPECT(ORDINAL(Buffer[0]) > ORDINAL(Last)); // where to go on
        In.Start = Buffer[0];
        Queries++;
    }
    EXPECT_STATUS(Status, STATUS_END_OF_FILE);
    EXPECT(Ascending && Queries > 1 && Found == 2 && Two != 0);
    // from a number on
    In.Start = Two;
    EXPECT_STATUS(Control(Volume, FSCTL_ENUM_USN_DATA, &In, sizeof(In), Buffer, sizeof(Buffer)),
                  STATUS_SUCCESS);
    EXPECT_EQ(((USN_RECORD *)(Buffer + 1))->FileReferenceNumber, Two);
    EXPECT_STATUS(Control(Volume, FSCTL_ENUM_USN_DATA, &In, 8, Buffer, sizeof(Buffer)),
                  STATUS_INVALID_PARAMETER);
    NtClose(Volume);
}

#define SET_ID      CTL_CODE(FILE_DEVICE_FILE_SYSTEM, 38, METHOD_BUFFERED, FILE_SPECIAL_ACCESS)
#define GET_ID      CTL_CODE(FILE_DEVICE_FILE_SYSTEM, 39, METHOD_BUFFERED, FILE_ANY_ACCESS)
#define DELETE_ID   CTL_CODE(FILE_DEVICE_FILE_SYSTEM, 40, METHOD_BUFFERED, FILE_SPECIAL_ACCESS)
#define EXTENDED_ID CTL_CODE(FILE_DEVICE_FILE_SYSTEM, 47, METHOD_BUFFERED, FILE_SPECIAL_ACCESS)
#define MAKE_ID     CTL_CODE(FILE_DEVICE_FILE_SYSTEM, 48, METHOD_BUFFERED, FILE_ANY_ACCESS)

static BOOL
Enable(PCSTR Name)
{
    TOKEN_PRIVILEGES Privileges = {1, {{{0}, SE_PRIVILEGE_ENABLED}}};
    HANDLE Token;
    BOOL Good;

    OpenProcessToken(GetCurrentProcess(), TOKEN_ADJUST_PRIVILEGES, &Token);
    LookupPrivilegeValueA(NULL, Name, &Privileges.Privileges[0].Luid);
    Good = AdjustTokenPrivileges(Token, FALSE, &Privileges, 0, NULL, NULL) &&
           GetLastError() == ERROR_SUCCESS;
    CloseHandle(Token);
    return Good;
}

static void
ObjectIds(void)
{
    HANDLE File = Make(L"id"), Other = Make(L"id2"), Reader;
    UCHAR Id[64], Made[64], More[48];

    // made when it is asked for, found then, and other than every other file's
    EXPECT_STATUS(Control(File, GET_ID, NULL, 0, Id, 64), STATUS_OBJECTID_NOT_FOUND);
    EXPECT_STATUS(Control(File, MAKE_ID, NULL, 0, Made, 63), STATUS_INVALID_PARAMETER);
    EXPECT_STATUS(Control(File, MAKE_ID, NULL, 0, Made, 64), STATUS_SUCCESS);
    EXPECT_STATUS(Control(File, MAKE_ID, NULL, 0, Id, 64), STATUS_SUCCESS);
    EXPECT(memcmp(Id, Made, 64) == 0);
    EXPECT_STATUS(Control(Other, MAKE_ID, NULL, 0, Id, 64), STATUS_SUCCESS);
    EXPECT(memcmp(Id, Made, 16) != 0);
    // what goes with it is changed by whoever may write
    memset(More, 0x5A, sizeof(More));
    EXPECT_STATUS(Control(File, EXTENDED_ID, More, 47, NULL, 0), STATUS_INVALID_PARAMETER);
    EXPECT_STATUS(Control(File, EXTENDED_ID, More, 48, NULL, 0), STATUS_SUCCESS);
    EXPECT_STATUS(Control(File, GET_ID, NULL, 0, Id, 64), STATUS_SUCCESS);
    EXPECT(memcmp(Id, Made, 16) == 0 && memcmp(Id + 16, More, 48) == 0);
    Open(L"id", FILE_READ_DATA, SHARE_ALL, FILE_OPEN, 0, &Reader);
    EXPECT_STATUS(Control(Reader, EXTENDED_ID, More, 48, NULL, 0), STATUS_ACCESS_DENIED);
    EXPECT_STATUS(Control(Reader, DELETE_ID, NULL, 0, NULL, 0), STATUS_ACCESS_DENIED);
    NtClose(Reader);
    // deleted; that there is none is no error
    EXPECT_STATUS(Control(Other, DELETE_ID, NULL, 0, NULL, 0), STATUS_SUCCESS);
    EXPECT_STATUS(Control(Other, DELETE_ID, NULL, 0, NULL, 0), STATUS_SUCCESS);
    EXPECT_STATUS(Control(Other, EXTENDED_ID, More, 48, NULL, 0), STATUS_OBJECT_NAME_NOT_FOUND);
    // a certain one is set by who restores files, once, and one that no other file has
    EXPECT_STATUS(Control(Other, SET_ID, Made, 64, NULL, 0), STATUS_ACCESS_DENIED);
    EXPECT(Enable("SeRestorePrivilege"));
    EXPECT_STATUS(Control(Other, SET_ID, Made, 63, NULL, 0), STATUS_INVALID_PARAMETER);
    EXPECT_STATUS(Control(Other, SET_ID, Made, 64, NULL, 0), STATUS_DUPLICATE_NAME);
    Made[3] ^= 0x80;
    EXPECT_STATUS(Control(Other, SET_ID, Made, 64, NULL, 0), STATUS_SUCCESS);
    EXPECT_STATUS(Control(Other, SET_ID, Made, 64, NULL, 0), STATUS_OBJECT_NAME_COLLISION);
    NtClose(File);
    NtClose(Other);
}

/* [MS-FSCC 2.3.8] "The file system does not support duplicating extents"; the volume does not say that it does. */
static void
Without(void)
{
    struct {
        HANDLE File;
        LARGE_INTEGER Source, Target, Count;
    } In = {0};
    ULONG Attributes[20];
    HANDLE File = Make(L"whole"), Clone = Make(L"clone");

    Write(File, 0, "bytes", 5);
    SetSize(Clone, 4096);
    In.File = File;
    In.Count.QuadPart = 4096;
    EXPECT_STATUS(Control(Clone, DUPLICATE_EXTENTS, &In, sizeof(In), NULL, 0),
                  STATUS_INVALID_DEVICE_REQUEST);
    NtQueryVolumeInformationFile(File, &Iosb, Attributes, sizeof(Attributes), 5);
    EXPECT(!(Attributes[0] & 0x08000000)); // FILE_SUPPORTS_BLOCK_REFCOUNTING
    EXPECT(!(Attributes[0] & FILE_VOLUME_QUOTAS));
    EXPECT(!(Attributes[0] & FILE_FILE_COMPRESSION));
    // so there is no quota information of the volume
    EXPECT_STATUS(NtQueryVolumeInformationFile(File, &Iosb, Attributes, 48, 6),
                  STATUS_INVALID_PARAMETER);
    NtClose(File);
    NtClose(Clone);
}

NTSTATUS NTAPI NtQueryQuotaInformationFile(HANDLE, PIO_STATUS_BLOCK, PVOID, ULONG, BOOLEAN, PVOID,
                                           ULONG, PSID, BOOLEAN);
NTSTATUS NTAPI NtSetQuotaInformationFile(HANDLE, PIO_STATUS_BLOCK, PVOID, ULONG);

typedef struct {
    ULONG Next, SidLength;
    LARGE_INTEGER Changed, Used, Threshold, Limit;
    SID Sid;
} QUOTA;

/* What is no list of users is refused before the file system sees it, which here has no quotas. [DDI: ntifs,
 * NtQueryQuotaInformationFile, ZwSetQuotaInformationFile; MS-FSA 2.1.5.21, 2.1.5.22] */
static void
Quotas(void)
{
    SID World = {SID_REVISION, 1, SECURITY_WORLD_SID_AUTHORITY, {0}}, Bad = {77, 1};
    struct {
        ULONG Next, SidLength;
        SID Sid;
    } List = {0, sizeof(SID), World};
    QUOTA Quota = {0, sizeof(SID), .Limit = {.QuadPart = 1000}, .Sid = World}, Out[4];
    HANDLE File = Make(L"quota"), Reader;

    EXPECT_STATUS(
        NtQueryQuotaInformationFile(File, &Iosb, Out, sizeof(Out), FALSE, NULL, 0, NULL, TRUE),
        STATUS_INVALID_DEVICE_REQUEST);
    EXPECT_STATUS(NtQueryQuotaInformationFile(File, &Iosb, Out, sizeof(Out), TRUE, &List,
                                              sizeof(List), &World, TRUE),
                  STATUS_INVALID_DEVICE_REQUEST);
    EXPECT_STATUS(NtSetQuotaInformationFile(File, &Iosb, &Quota, sizeof(Quota)),
                  STATUS_INVALID_DEVICE_REQUEST);
    List.SidLength = 8; /* not as long as it says */
    EXPECT_STATUS(NtQueryQuotaInformationFile(File, &Iosb, Out, sizeof(Out), FALSE, &List,
                                              sizeof(List), NULL, TRUE),
                  STATUS_QUOTA_LIST_INCONSISTENT);
    List.SidLength = sizeof(SID);
    List.Next = 400; /* behind the end */
    EXPECT_STATUS(NtQueryQuotaInformationFile(File, &Iosb, Out, sizeof(Out), FALSE, &List,
                                              sizeof(List), NULL, TRUE),
                  STATUS_QUOTA_LIST_INCONSISTENT);
    EXPECT_STATUS(
        NtQueryQuotaInformationFile(File, &Iosb, Out, sizeof(Out), FALSE, NULL, 0, &Bad, TRUE),
        STATUS_INVALID_SID);
    EXPECT_STATUS(
        NtSetQuotaInformationFile(File, &Iosb, &Quota, FIELD_OFFSET(QUOTA, Sid) + sizeof(SID) - 1),
        STATUS_QUOTA_LIST_INCONSISTENT);
    Quota.Sid.Revision = 77;
    EXPECT_STATUS(NtSetQuotaInformationFile(File, &Iosb, &Quota, sizeof(Quota)),
                  STATUS_QUOTA_LIST_INCONSISTENT);
    Open(L"quota", FILE_READ_ATTRIBUTES, SHARE_ALL, FILE_OPEN, 0, &Reader);
    EXPECT_STATUS(
        NtQueryQuotaInformationFile(Reader, &Iosb, Out, sizeof(Out), FALSE, NULL, 0, NULL, TRUE),
        STATUS_ACCESS_DENIED);
    EXPECT_STATUS(NtSetQuotaInformationFile(Reader, &Iosb, &Quota, sizeof(Quota)),
                  STATUS_ACCESS_DENIED);
    NtClose(Reader);
    NtClose(File);
}

int
main(void)
{
    BeginFs();
    Quotas();
    Statistics();
    Regions();
    Numbers();
    ObjectIds();
    Without();
    return TEST_DONE();
}
