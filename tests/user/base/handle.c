/*
 * handle.c - what Win32 asks and sets by a file's handle, class by class, and the small libraries around it: profiles,
 * membership, sockets without a network.
 *
 * [Win32:x] a page of the Win32 API
 */
#include <winsock2.h>
#include "../../nt/ntlab-client.h"
#include <lm.h>
#include <stddef.h>
#include <userenv.h>
#include <wchar.h>

#define FOLDER L"C:\\handle-test"

static ULONGLONG Buffer[1024];

static BOOL
Ask(HANDLE File, int Class, DWORD Length)
{
    memset(Buffer, 0xCC, sizeof(Buffer));
    return GetFileInformationByHandleEx(File, (FILE_INFO_BY_HANDLE_CLASS)Class, Buffer, Length);
}

static HANDLE
Open(PCWSTR Path, DWORD Access, DWORD Disposition)
{
    return CreateFileW(Path, Access, FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE, NULL,
                       Disposition, FILE_FLAG_BACKUP_SEMANTICS, NULL);
}

/* [Win32:minwinbase/ne-minwinbase-file_info_by_handle_class, winbase/nf-winbase-getfileinformationbyhandleex] */
static void
Directories(void)
{
    HANDLE Folder = Open(FOLDER, GENERIC_READ, OPEN_EXISTING);
    PFILE_ID_BOTH_DIR_INFO Both = (PFILE_ID_BOTH_DIR_INFO)Buffer;
    PFILE_FULL_DIR_INFO Full = (PFILE_FULL_DIR_INFO)Buffer;
    ULONG Found = 0;

    /* FileIdBothDirectoryInfo goes on where the last call ended; FileIdBothDirectoryRestartInfo begins anew. */
    EXPECT(Ask(Folder, FileIdBothDirectoryInfo, sizeof(Buffer)));
    for (;; Both = (PFILE_ID_BOTH_DIR_INFO)((PUCHAR)Both + Both->NextEntryOffset)) {
        Found++;
        if (Both->FileNameLength == 10 && memcmp(Both->FileName, L"a.txt", 10) == 0) {
            EXPECT_EQ(Both->EndOfFile.QuadPart, 3);
            EXPECT(Both->FileId.QuadPart != 0);
        }
        if (Both->NextEntryOffset == 0) {
            break;
        }
    }
    EXPECT_EQ(Found, 4); /* ".", "..", "a.txt", "b.txt" */
    EXPECT(!Ask(Folder, FileIdBothDirectoryInfo, sizeof(Buffer)));
    EXPECT_EQ(GetLastError(), ERROR_NO_MORE_FILES);
    EXPECT(Ask(Folder, FileIdBothDirectoryRestartInfo, sizeof(Buffer)));
    EXPECT(Ask(Folder, FileFullDirectoryRestartInfo, sizeof(Buffer)));
    EXPECT(Full->FileNameLength == 2 && Full->FileName[0] == L'.');
    EXPECT(!Ask(Folder, FileFullDirectoryInfo, sizeof(Buffer)));
    EXPECT_EQ(GetLastError(), ERROR_NO_MORE_FILES);
    EXPECT(Ask(Folder, 20 /* FileIdExtdDirectoryRestartInfo */, sizeof(Buffer)));
    CloseHandle(Folder);
}

static void
Classes(void)
{
    HANDLE File = Open(FOLDER L"\\a.txt", GENERIC_READ | GENERIC_WRITE | DELETE, OPEN_EXISTING);
    PFILE_NAME_INFO Name = (PFILE_NAME_INFO)Buffer;
    PFILE_STREAM_INFO Stream = (PFILE_STREAM_INFO)Buffer;
    BY_HANDLE_FILE_INFORMATION Information;
    FILE_IO_PRIORITY_HINT_INFO Hint = {IoPriorityHintLow};

    EXPECT(Ask(File, FileStandardInfo, sizeof(FILE_STANDARD_INFO)));
    EXPECT_EQ(((PFILE_STANDARD_INFO)Buffer)->EndOfFile.QuadPart, 3);
    EXPECT(Ask(File, FileNameInfo, sizeof(Buffer)));
    EXPECT(Name->FileNameLength == 36 && memcmp(Name->FileName, L"\\handle-test\\a.txt", 36) == 0);
    EXPECT(Ask(File, FileStreamInfo, sizeof(Buffer)));
    EXPECT(Stream->StreamNameLength == 14 && memcmp(Stream->StreamName, L"::$DATA", 14) == 0);
    EXPECT(Ask(File, FileAttributeTagInfo, sizeof(FILE_ATTRIBUTE_TAG_INFO)));
    EXPECT(Ask(File, 16 /* FileStorageInfo */, 28));
    EXPECT_EQ(((PULONG)Buffer)[0], 512); /* LogicalBytesPerSector */
    EXPECT(Ask(File, 17 /* FileAlignmentInfo */, 4));
    EXPECT(GetFileInformationByHandle(File, &Information));
    EXPECT(Ask(File, 18 /* FileIdInfo */, 24));
    EXPECT_EQ((ULONG)Buffer[0], Information.dwVolumeSerialNumber);
    EXPECT_EQ(Buffer[1], (ULONGLONG)Information.nFileIndexHigh << 32 | Information.nFileIndexLow);

    /* What can only be set, only be asked for, or is of no class at all. */
    EXPECT(!Ask(File, FileRenameInfo, sizeof(Buffer)));
    EXPECT_EQ(GetLastError(), ERROR_INVALID_PARAMETER);
    EXPECT(!SetFileInformationByHandle(File, FileStandardInfo, Buffer, sizeof(Buffer)));
    EXPECT_EQ(GetLastError(), ERROR_INVALID_PARAMETER);
    EXPECT(!Ask(File, 99, sizeof(Buffer)));
    EXPECT_EQ(GetLastError(), ERROR_INVALID_PARAMETER);
    EXPECT(!Ask(File, FileStandardInfo, 4));
    EXPECT_EQ(GetLastError(), ERROR_BAD_LENGTH);
    EXPECT(SetFileInformationByHandle(File, FileIoPriorityHintInfo, &Hint, sizeof(Hint)));
    CloseHandle(File);
}

static BOOL
Rename(HANDLE File, int Class, ULONG Flags, HANDLE Root, PCWSTR Name)
{
    PFILE_RENAME_INFO Info = (PFILE_RENAME_INFO)Buffer;

    memset(Buffer, 0, sizeof(Buffer));
    *(PULONG)Info = Flags;
    Info->RootDirectory = Root;
    Info->FileNameLength = (DWORD)(wcslen(Name) * sizeof(WCHAR));
    wcscpy(Info->FileName, Name);
    return SetFileInformationByHandle(
        File, (FILE_INFO_BY_HANDLE_CLASS)Class, Info,
        (DWORD)(offsetof(FILE_RENAME_INFO, FileName) + Info->FileNameLength + sizeof(WCHAR)));
}

static BOOL
IsThere(PCWSTR Path)
{
    return GetFileAttributesW(Path) != INVALID_FILE_ATTRIBUTES;
}

/* [Win32:winbase/ns-winbase-file_rename_info, fileapi/nf-fileapi-setfileinformationbyhandle] */
static void
Names(void)
{
    HANDLE File = Open(FOLDER L"\\a.txt", GENERIC_READ | DELETE, OPEN_EXISTING);
    HANDLE Other = Open(FOLDER L"\\b.txt", GENERIC_READ | DELETE, OPEN_EXISTING);
    HANDLE Folder = Open(FOLDER, GENERIC_READ, OPEN_EXISTING);
    ULONG Flags = 3; /* FILE_DISPOSITION_FLAG_DELETE | FILE_DISPOSITION_FLAG_POSIX_SEMANTICS */

    EXPECT(Rename(File, FileRenameInfo, FALSE, NULL, FOLDER L"\\c.txt")); /* as Win32 writes it */
    EXPECT(IsThere(FOLDER L"\\c.txt") && !IsThere(FOLDER L"\\a.txt"));
    EXPECT(Rename(File, FileRenameInfo, FALSE, NULL, L"\\\\?\\" FOLDER L"\\d.txt"));
    EXPECT(IsThere(FOLDER L"\\d.txt"));
    EXPECT(!Rename(File, FileRenameInfo, FALSE, NULL, FOLDER L"\\b.txt"));
    EXPECT_EQ(GetLastError(), ERROR_ALREADY_EXISTS);
    EXPECT(Rename(File, FileRenameInfo, FALSE, Folder, L"e.txt")); /* below RootDirectory */
    EXPECT(IsThere(FOLDER L"\\e.txt"));
    /* A target that is open is replaced with the POSIX flag only. */
    EXPECT(!Rename(File, FileRenameInfo, TRUE, NULL, FOLDER L"\\b.txt"));
    EXPECT_EQ(GetLastError(), ERROR_ACCESS_DENIED);
    EXPECT(Rename(File, 22 /* FileRenameInfoEx */, 3 /* REPLACE_IF_EXISTS | POSIX_SEMANTICS */,
                  NULL, FOLDER L"\\b.txt"));
    EXPECT(IsThere(FOLDER L"\\b.txt") && !IsThere(FOLDER L"\\e.txt"));
    CloseHandle(Other);

    /* Gone from its folder while it is open. */
    EXPECT(SetFileInformationByHandle(File, 21 /* FileDispositionInfoEx */, &Flags, sizeof(Flags)));
    CloseHandle(File);
    EXPECT(!IsThere(FOLDER L"\\b.txt"));
    CloseHandle(Folder);
}

/* [Win32:userenv/nf-userenv-getuserprofiledirectoryw, lmjoin/nf-lmjoin-netgetjoininformation] */
static void
Profiles(void)
{
    WCHAR Path[MAX_PATH];
    DWORD Room = 2;
    HANDLE Token;
    LPWSTR Name = NULL;
    NETSETUP_JOIN_STATUS Status = NetSetupUnknownStatus;
    PUSER_INFO_10 User;
    WCHAR Own[UNLEN + 1];
    DWORD Length = UNLEN + 1;

    OpenProcessToken(GetCurrentProcess(), TOKEN_QUERY, &Token);
    EXPECT(!GetUserProfileDirectoryW(Token, Path, &Room));
    EXPECT_EQ(GetLastError(), ERROR_INSUFFICIENT_BUFFER);
    EXPECT(Room > 2 && Room < MAX_PATH && GetUserProfileDirectoryW(Token, Path, &Room));
    EXPECT_EQ(wcslen(Path) + 1, Room); /* with the zero */
    CloseHandle(Token);
    EXPECT_EQ(NetGetJoinInformation(NULL, &Name, &Status), NERR_Success);
    EXPECT(Name != NULL && Status != NetSetupUnknownStatus);
    EXPECT_EQ(NetApiBufferFree(Name), NERR_Success);
    GetUserNameW(Own, &Length);
    EXPECT_EQ(NetUserGetInfo(NULL, Own, 10, (LPBYTE *)&User), NERR_Success);
    EXPECT(_wcsicmp(User->usri10_name, Own) == 0);
    NetApiBufferFree(User);
    EXPECT_EQ(NetUserGetInfo(NULL, L"no such user", 10, (LPBYTE *)&User), NERR_UserNotFound);
}

/* [Win32:winsock2/nf-winsock2-socket, WinSock/windows-sockets-error-codes-2] */
static void
Sockets(void)
{
    WSADATA Data;

    EXPECT_EQ(socket(AF_INET, SOCK_STREAM, 0), INVALID_SOCKET);
    EXPECT_EQ(WSAGetLastError(), WSANOTINITIALISED);
    EXPECT_EQ(WSAStartup(MAKEWORD(2, 2), &Data), 0);
    EXPECT_EQ(closesocket((SOCKET)GetCurrentProcess()), SOCKET_ERROR);
    EXPECT_EQ(WSAGetLastError(), WSAENOTSOCK);
    EXPECT_EQ(WSACleanup(), 0);
}

/* What a program that starts at the machine's boot would see: the clocks have begun. */
static void
Clocks(void)
{
    EXPECT(GetTickCount64() != 0);
    EXPECT(*(volatile ULONG *)0x7FFE0008 != 0); /* KUSER_SHARED_DATA.InterruptTime */
}

static void
Make(PCWSTR Path)
{
    HANDLE File = Open(Path, GENERIC_WRITE, CREATE_ALWAYS);
    DWORD Written;

    WriteFile(File, "abc", 3, &Written, NULL);
    CloseHandle(File);
}

/* [K: "ReOpenFile": "cannot contain any of the file attribute flags"] */
static void
Reopened(void)
{
    HANDLE File = CreateFileW(FOLDER L"\\a.txt", GENERIC_READ, 7, NULL, OPEN_EXISTING, 0, NULL),
           Again;

    EXPECT(ReOpenFile(File, GENERIC_READ, 7, FILE_ATTRIBUTE_HIDDEN) == INVALID_HANDLE_VALUE);
    EXPECT_EQ(GetLastError(), ERROR_INVALID_PARAMETER);
    Again = ReOpenFile(File, GENERIC_READ, 7, FILE_FLAG_OVERLAPPED);
    EXPECT(Again != INVALID_HANDLE_VALUE);
    CloseHandle(Again);
    CloseHandle(File);
}

int
main(void)
{
    CreateDirectoryW(FOLDER, NULL);
    Make(FOLDER L"\\a.txt");
    Make(FOLDER L"\\b.txt");
    Reopened();
    Clocks();
    Directories();
    Classes();
    Names();
    Profiles();
    Sockets();
    RemoveDirectoryW(FOLDER);
    return TEST_DONE();
}
