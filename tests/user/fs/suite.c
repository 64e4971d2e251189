/*
 * suite.c - what conformance suites try beyond single sentences: files in use as images, POSIX rename and deletion,
 * streams renamed, and bytes that stay right through a long mix of reads, writes, sizes and views.
 */
#include "fs.h"
#include <string.h>

static NTSTATUS
DisposeEx(HANDLE File, ULONG Flags)
{
    return NtSetInformationFile(File, &Iosb, &Flags, sizeof(Flags), 64);
}

/* FILE_RENAME_INFORMATION, with flags in the place of ReplaceIfExists for class 65. */
static NTSTATUS
RenameTo(HANDLE File, PCWSTR Name, ULONG Flags, ULONG Class)
{
    struct {
        ULONG Flags;
        HANDLE Root;
        ULONG Length;
        WCHAR Name[200];
    } Info = {Flags, NULL, (ULONG)wcslen(Name) * 2, {0}};

    wcscpy(Info.Name, Name);
    return NtSetInformationFile(File, &Iosb, &Info, sizeof(Info), Class);
}

/* A file of the volume that is in use as an image; what a program writes itself: ../../nt/io/image-client.c. */
static void
Images(void)
{
    char Self[MAX_PATH];
    HANDLE File, Image;

    GetModuleFileNameA(NULL, Self, sizeof(Self));
    File = CreateFileA(Self, GENERIC_READ | GENERIC_EXECUTE, 7, NULL, OPEN_EXISTING, 0, NULL);
    Image = CreateFileMappingA(File, NULL, PAGE_READONLY | SEC_IMAGE, 0, 0, NULL);
    EXPECT(Image != NULL);
    CloseHandle(File);
    // not deleted, not written, not replaced [Win32: DeleteFile, MoveFileEx; DDI:ntifs/mmflushimagesection]
    EXPECT(!DeleteFileA(Self) && GetLastError() == ERROR_ACCESS_DENIED);
    File = CreateFileA(Self, GENERIC_WRITE, 7, NULL, OPEN_EXISTING, 0, NULL);
    EXPECT(File == INVALID_HANDLE_VALUE && GetLastError() == ERROR_SHARING_VIOLATION);
    CloseHandle(CreateFileA("C:\\other.exe", GENERIC_WRITE, 0, NULL, CREATE_ALWAYS, 0, NULL));
    EXPECT(!MoveFileExA("C:\\other.exe", Self, MOVEFILE_REPLACE_EXISTING) &&
           GetLastError() == ERROR_ACCESS_DENIED);
    CloseHandle(Image);
    File = CreateFileA(Self, GENERIC_WRITE, 7, NULL, OPEN_EXISTING, 0, NULL);
    EXPECT(File != INVALID_HANDLE_VALUE); // nobody uses it as one any more
    CloseHandle(File);
}

/* [DDI:ntddk/_file_disposition_information_ex, ntifs/_file_rename_information] */
static void
Posix(void)
{
    HANDLE File, Old;
    char Text[8] = {0};

    // a target that somebody has open is replaced, and that somebody keeps it
    File = Make(L"target");
    Write(File, 0, "old", 3);
    NtClose(File);
    Open(L"target", GENERIC_READ, SHARE_ALL, FILE_OPEN, 0, &Old);
    File = Make(L"source");
    Write(File, 0, "new", 3);
    EXPECT_STATUS(RenameTo(File, ROOT L"\\target", 1, 65), STATUS_ACCESS_DENIED);
    EXPECT_STATUS(RenameTo(File, ROOT L"\\target", 1 | 2, 65), STATUS_SUCCESS);
    NtClose(File);
    EXPECT(Read(Old, 0, Text, 3) == STATUS_SUCCESS && memcmp(Text, "old", 3) == 0);
    File = Make(L"target");
    EXPECT(Read(File, 0, Text, 3) == STATUS_SUCCESS && memcmp(Text, "new", 3) == 0);
    NtClose(Old);
    // a read-only file
    SetFileAttributesW(Under(L"target") + 4, FILE_ATTRIBUTE_READONLY);
    EXPECT_STATUS(DisposeEx(File, 1), STATUS_CANNOT_DELETE);
    EXPECT_STATUS(DisposeEx(File, 1 | 2 | 0x10), STATUS_SUCCESS);
    NtClose(File);
    EXPECT(!Exists(L"target"));
    // a directory with something in it
    MakeFolder(L"full");
    MakeFile(L"full\\x");
    Open(L"full", DELETE, SHARE_ALL, FILE_OPEN, FILE_DIRECTORY_FILE, &File);
    EXPECT_STATUS(DisposeEx(File, 1 | 2), STATUS_DIRECTORY_NOT_EMPTY);
    NtClose(File);
    // the name is free at once for the next file, while the deleted one is still open
    File = Make(L"again");
    Open(L"again", GENERIC_READ | DELETE, SHARE_ALL, FILE_OPEN, 0, &Old);
    EXPECT_STATUS(DisposeEx(Old, 1 | 2), STATUS_SUCCESS);
    NtClose(Old);
    EXPECT_STATUS(Open(L"again", GENERIC_READ, SHARE_ALL, FILE_CREATE, 0, &Old), STATUS_SUCCESS);
    NtClose(Old);
    NtClose(File);
}

/* [DDI:ntifs/_file_rename_information]: a name that begins with a colon renames the stream, within its file. */
static void
Streams(void)
{
    HANDLE File;
    char Text[8];

    File = Make(L"streams:one");
    Write(File, 0, "one", 3);
    EXPECT_STATUS(RenameTo(File, L":two", 0, 10), STATUS_SUCCESS);
    NtClose(File);
    EXPECT(!Exists(L"streams:one"));
    Open(L"streams:two", GENERIC_READ, SHARE_ALL, FILE_OPEN, 0, &File);
    EXPECT(Read(File, 0, Text, 3) == STATUS_SUCCESS && memcmp(Text, "one", 3) == 0);
    NtClose(File);
    EXPECT(DeleteFileW(Under(L"streams:two") + 4)); // the stream, not the file
    EXPECT(!Exists(L"streams:two") && Exists(L"streams"));
}

#define FSX_SIZE 40000u

/* As fsx does: after each step the file holds what a plain array holds, through every way in. */
static void
Mix(void)
{
    static unsigned char Good[FSX_SIZE], Text[FSX_SIZE], Uncached[FSX_SIZE + 512];
    ULONG Size = 0, Random = 1, Wrong = 0, Step, At, Length, i;
    HANDLE File = Make(L"mix"), Map;
    PUCHAR Base;

    for (Step = 0; Step < 400; Step++) {
        Random = Random * 1103515245 + 12345;
        At = (Random >> 8) % (FSX_SIZE - 5000);
        Length = (Random >> 4) % 5000 + 1;
        switch ((Random >> 16) % 6) {
        case 0: // written
            for (i = 0; i < Length; i++) {
                Good[At + i] = (unsigned char)(Step + i);
            }
            Wrong += Write(File, At, Good + At, Length) != STATUS_SUCCESS;
            Size = At + Length > Size ? At + Length : Size;
            break;
        case 1: // cut or extended: zeros come in
            if (Step % 3 == 0) {
                EXPECT_STATUS(SetSize(File, At), STATUS_SUCCESS);
                memset(Good + At, 0, FSX_SIZE - At);
                Size = At;
            }
            break;
        case 2: // through a view
            if (Size > 100) {
                Map = CreateFileMappingA(File, NULL, PAGE_READWRITE, 0, 0, NULL);
                Base = MapViewOfFile(Map, FILE_MAP_WRITE, 0, 0, 0);
                At %= Size - 50;
                Wrong += memcmp(Base, Good, Size) != 0;
                memset(Base + At, (int)Step, 50);
                memset(Good + At, (int)Step, 50);
                UnmapViewOfFile(Base);
                CloseHandle(Map);
            }
            break;
        case 3: // by another handle, past the cache
            if (Size >= 512) {
                HANDLE Direct = CreateFileW(Under(L"mix") + 4, GENERIC_READ, 7, NULL, OPEN_EXISTING,
                                            FILE_FLAG_NO_BUFFERING, NULL);
                DWORD Done = 0;

                Wrong += !ReadFile(Direct, Uncached, (Size + 511) & ~511u, &Done, NULL) ||
                         Done != Size || memcmp(Uncached, Good, Size) != 0;
                CloseHandle(Direct);
            }
            break;
        case 4: // closed and opened again
            NtClose(File);
            File = Make(L"mix");
            break;
        default:
            Wrong += SizeOf(File) != Size;
            Wrong += Size != 0 &&
                     (Read(File, 0, Text, Size) != STATUS_SUCCESS || memcmp(Text, Good, Size) != 0);
            break;
        }
        if (Wrong != 0) {
            printf("ntlab-test: note Mix step %lu, operation %lu\n", Step, (Random >> 16) % 6);
            break;
        }
    }
    EXPECT_EQ(Wrong, 0);
    EXPECT_EQ(Step, 400);
    NtClose(File);
}

int
main(void)
{
    CreateDirectoryA("C:\\fs-test", NULL);
    Images();
    Posix();
    Streams();
    Mix();
    return TEST_DONE();
}
