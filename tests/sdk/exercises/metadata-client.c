/*
 * metadata-client.c - locks and unlocks C: while metadata.sys has a file on it.
 */
#include <windows.h>
#include <winioctl.h>
#include <stdio.h>

static HANDLE Volume;

static void
Control(const char *What, DWORD Code)
{
    DWORD Bytes;
    BOOL Done;

    SetLastError(0);
    Done = DeviceIoControl(Volume, Code, NULL, 0, NULL, 0, &Bytes, NULL);
    printf("%s %d %lu\n", What, Done, GetLastError());
}

static HANDLE
Open(const char *Path, DWORD Access, DWORD Disposition)
{
    return CreateFileA(Path, Access, FILE_SHARE_READ | FILE_SHARE_WRITE, NULL, Disposition, 0,
                       NULL);
}

int
main(void)
{
    HANDLE File;

    Volume = Open("\\\\.\\C:", GENERIC_READ | GENERIC_WRITE, OPEN_EXISTING);
    File = Open("C:\\held.txt", GENERIC_WRITE, CREATE_ALWAYS);
    Control("lock", FSCTL_LOCK_VOLUME);
    CloseHandle(File);
    Control("lock", FSCTL_LOCK_VOLUME);
    File = Open("C:\\held.txt", GENERIC_READ, OPEN_EXISTING);
    printf("open %d %lu\n", File != INVALID_HANDLE_VALUE, GetLastError());
    Control("unlock", FSCTL_UNLOCK_VOLUME);
    Control("lock", FSCTL_LOCK_VOLUME);
    CloseHandle(Volume);
    File = Open("C:\\held.txt", GENERIC_READ, OPEN_EXISTING);
    printf("open %d\n", File != INVALID_HANDLE_VALUE);
    CloseHandle(File);
    return 0;
}
