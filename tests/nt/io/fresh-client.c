/*
 * fresh-client.c - each service of files by a new thread that has a request pending, and so no IRP at hand. For fails-io-fresh: where memory is refused
 * they all say so.
 */
#include "ntlab-client.h"
#include <winioctl.h>
#include <winternl.h>

NTSTATUS NTAPI NtFlushBuffersFile(HANDLE, PIO_STATUS_BLOCK);
NTSTATUS NTAPI NtQueryDirectoryFile(HANDLE, HANDLE, PIO_APC_ROUTINE, PVOID, PIO_STATUS_BLOCK, PVOID,
                                    ULONG, ULONG, BOOLEAN, PUNICODE_STRING, BOOLEAN);
NTSTATUS NTAPI NtReadFile(HANDLE, HANDLE, PIO_APC_ROUTINE, PVOID, PIO_STATUS_BLOCK, PVOID, ULONG,
                          PLARGE_INTEGER, PULONG);
NTSTATUS NTAPI NtWriteFile(HANDLE, HANDLE, PIO_APC_ROUTINE, PVOID, PIO_STATUS_BLOCK, PVOID, ULONG,
                           PLARGE_INTEGER, PULONG);
NTSTATUS NTAPI NtLockFile(HANDLE, HANDLE, PIO_APC_ROUTINE, PVOID, PIO_STATUS_BLOCK, PLARGE_INTEGER,
                          PLARGE_INTEGER, ULONG, BOOLEAN, BOOLEAN);
NTSTATUS NTAPI NtUnlockFile(HANDLE, PIO_STATUS_BLOCK, PLARGE_INTEGER, PLARGE_INTEGER, ULONG);
NTSTATUS NTAPI NtFsControlFile(HANDLE, HANDLE, PIO_APC_ROUTINE, PVOID, PIO_STATUS_BLOCK, ULONG,
                               PVOID, ULONG, PVOID, ULONG);
NTSTATUS NTAPI NtQueryEaFile(HANDLE, PIO_STATUS_BLOCK, PVOID, ULONG, BOOLEAN, PVOID, ULONG, PULONG,
                             BOOLEAN);
NTSTATUS NTAPI NtQuerySecurityObject(HANDLE, SECURITY_INFORMATION, PVOID, ULONG, PULONG);

NTSTATUS NTAPI NtNotifyChangeDirectoryFile(HANDLE, HANDLE, PIO_APC_ROUTINE, PVOID, PIO_STATUS_BLOCK,
                                           PVOID, ULONG, ULONG, BOOLEAN);

static HANDLE File, Folder, Watched;
static __attribute__((aligned(4096))) char Sector[4096];

static NTSTATUS
Ask(ULONG Which)
{
    LARGE_INTEGER Zero = {{0}}, One = {{1}};
    ULONG64 Basic[5] = {0};
    IO_STATUS_BLOCK Iosb;
    ULONG Length;

    switch (Which) {
    case 0:
        return NtQueryInformationFile(File, &Iosb, Basic, sizeof(Basic), 4);
    case 1: /* FileBasicInformation: nothing is to change */
        return NtSetInformationFile(File, &Iosb, Basic, sizeof(Basic), 4);
    case 2: /* FileFsSizeInformation */
        return NtQueryVolumeInformationFile(File, &Iosb, Sector, 24, 3);
    case 3:
        return NtFlushBuffersFile(File, &Iosb);
    case 4: /* FileNamesInformation */
        return NtQueryDirectoryFile(Folder, NULL, NULL, NULL, &Iosb, Sector, 512, 12, TRUE, NULL,
                                    TRUE);
    case 5:
        return NtReadFile(File, NULL, NULL, NULL, &Iosb, Sector, 512, &Zero, NULL);
    case 6:
        return NtWriteFile(File, NULL, NULL, NULL, &Iosb, Sector, 512, &Zero, NULL);
    case 7:
        return NtLockFile(File, NULL, NULL, NULL, &Iosb, &Zero, &One, 1, TRUE, TRUE);
    case 8:
        return NtUnlockFile(File, &Iosb, &Zero, &One, 1);
    case 9:
        return NtFsControlFile(File, NULL, NULL, NULL, &Iosb, FSCTL_GET_COMPRESSION, NULL, 0,
                               Sector, 2);
    case 10:
        return NtQueryEaFile(File, &Iosb, Sector, 512, TRUE, NULL, 0, NULL, TRUE);
    case 11:
        return NtQuerySecurityObject(File, OWNER_SECURITY_INFORMATION, Sector, 512, &Length);
    }
    return -1;
}

#define SERVICES 12

static DWORD WINAPI
Asks(void *Which)
{
    IO_STATUS_BLOCK Iosb;
    char Changes[64];
    NTSTATUS Status =
        NtNotifyChangeDirectoryFile(Watched, NULL, NULL, NULL, &Iosb, Changes, sizeof(Changes),
                                    FILE_NOTIFY_CHANGE_SECURITY, FALSE);

    if (Status != 0x103 /* STATUS_PENDING */) {
        return (DWORD)Status;
    }
    Status = Ask((ULONG)(ULONG_PTR)Which);
    CancelIo(Watched);
    return (DWORD)Status;
}

int
main(void)
{
    DWORD Status;

    File = CreateFileA("C:\\fresh", GENERIC_READ | GENERIC_WRITE, 0, NULL, CREATE_ALWAYS,
                       FILE_FLAG_NO_BUFFERING | FILE_FLAG_DELETE_ON_CLOSE, NULL);
    Folder = CreateFileA("C:\\", GENERIC_READ, FILE_SHARE_READ | FILE_SHARE_WRITE, NULL,
                         OPEN_EXISTING, FILE_FLAG_BACKUP_SEMANTICS, NULL);
    Watched = CreateFileA("C:\\", FILE_LIST_DIRECTORY, FILE_SHARE_READ | FILE_SHARE_WRITE, NULL,
                          OPEN_EXISTING, FILE_FLAG_BACKUP_SEMANTICS | FILE_FLAG_OVERLAPPED, NULL);
    EXPECT(WriteFile(File, Sector, sizeof(Sector), &Status, NULL));
    for (ULONG Which = 0; Which < SERVICES; Which++) {
        HANDLE Thread = CreateThread(NULL, 0, Asks, (void *)(ULONG_PTR)Which, 0, NULL);

        WaitForSingleObject(Thread, INFINITE);
        GetExitCodeThread(Thread, &Status);
        CloseHandle(Thread);
        EXPECT_EQ(Status, Which == 10 ? 0xC0000052 /* STATUS_NO_EAS_ON_FILE */ : 0);
    }
    CloseHandle(Watched);
    CloseHandle(Folder);
    CloseHandle(File);
    return TEST_DONE();
}
