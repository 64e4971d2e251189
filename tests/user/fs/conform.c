/*
 * conform.c - what conformance suites for NTFS ask for, by what the operations' pages say. [Win32: CreateFile, ReplaceFile,
 * FindFirstFile, ReadDirectoryChanges, DeviceIoControl; DDI: FILE_..._INFORMATION; IFS: oplocks]
 */
#include "fs.h"
#include <string.h>

static NTSTATUS
Control(HANDLE File, ULONG Code, PVOID In, ULONG InLength, PVOID Out, ULONG OutLength)
{
    return NtFsControlFile(File, NULL, NULL, NULL, &Iosb, Code, In, InLength, Out, OutLength);
}

/* [Win32: FSCTL_DISMOUNT_VOLUME] Handles to files of the volume become invalid; the volume is mounted again by the next open,
 * and holds what it held. */
static void
Dismount(void)
{
    HANDLE File, Cached, Volume, Again;
    char Text[8] = {0};
    ULONG Mounts[2];
    int i;

    for (i = 0; i < 2; i++) { // with files open, and without
        CreateAt(NULL, L"\\??\\D:\\kept", GENERIC_READ | GENERIC_WRITE, SHARE_ALL, FILE_OPEN_IF,
                 FILE_SYNCHRONOUS_IO_NONALERT, 0, &File);
        Write(File, 0, i == 0 ? "first" : "again", 5);
        CreateAt(NULL, L"\\??\\D:\\kept", GENERIC_READ, SHARE_ALL, FILE_OPEN,
                 FILE_SYNCHRONOUS_IO_NONALERT, 0, &Cached);
        EXPECT_STATUS(Read(Cached, 0, Text, 5), STATUS_SUCCESS);
        EXPECT_STATUS(CreateAt(NULL, L"\\??\\D:", GENERIC_READ | GENERIC_WRITE, SHARE_ALL,
                               FILE_OPEN, FILE_SYNCHRONOUS_IO_NONALERT, 0, &Volume),
                      STATUS_SUCCESS);
        if (i == 1) {
            NtClose(File);
            NtClose(Cached);
        }
        EXPECT_STATUS(Control(Volume, FSCTL_DISMOUNT_VOLUME, NULL, 0, NULL, 0), STATUS_SUCCESS);
        EXPECT_STATUS(Control(Volume, FSCTL_IS_VOLUME_MOUNTED, NULL, 0, NULL, 0),
                      STATUS_VOLUME_DISMOUNTED);
        if (i == 0) {
            EXPECT_STATUS(Read(Cached, 0, Text, 5), STATUS_VOLUME_DISMOUNTED);
            EXPECT_STATUS(Write(File, 0, "x", 1), STATUS_VOLUME_DISMOUNTED);
        }
        EXPECT_STATUS(CreateAt(NULL, L"\\??\\D:\\kept", GENERIC_READ, 0, FILE_OPEN,
                               FILE_SYNCHRONOUS_IO_NONALERT, 0, &Again),
                      STATUS_SUCCESS); // nor do the old ones share anything with it
        memset(Text, 0, sizeof(Text));
        EXPECT_STATUS(Read(Again, 0, Text, 5), STATUS_SUCCESS);
        EXPECT(strcmp(Text, i == 0 ? "first" : "again") == 0);
        if (i == 0) {
            EXPECT_STATUS(Read(Cached, 0, Text, 5), STATUS_VOLUME_DISMOUNTED); // and stay so
            EXPECT_STATUS(NtQueryInformationFile(File, &Iosb, Mounts, 8, (FILE_INFORMATION_CLASS)6),
                          STATUS_VOLUME_DISMOUNTED);
            NtClose(File);
            NtClose(Cached);
        }
        NtClose(Volume);
        NtClose(Again);
    }
}

int
main(void)
{
    BeginFs();
    Dismount();
    return TEST_DONE();
}
