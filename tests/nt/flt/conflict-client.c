/*
 * conflict-client.c - cuts, zeroes and writes files that a filter has sections of.
 */
#include "ntlab-client.h"
#include <winioctl.h>

static HANDLE
Open(const char *Name, DWORD Flags)
{
    return CreateFileA(Name, GENERIC_READ | GENERIC_WRITE, 0, NULL, OPEN_EXISTING, Flags, NULL);
}

static BOOL
Cut(HANDLE File, LONG Size)
{
    return SetFilePointer(File, Size, NULL, FILE_BEGIN) == (DWORD)Size && SetEndOfFile(File);
}

static void
Make(const char *Name)
{
    static char Bytes[8192];
    HANDLE File = CreateFileA(Name, GENERIC_WRITE, 0, NULL, CREATE_ALWAYS, 0, NULL);
    DWORD Written;

    EXPECT(WriteFile(File, Bytes, sizeof(Bytes), &Written, NULL));
    CloseHandle(File);
}

int
main(void)
{
    static __attribute__((aligned(4096))) char Page[4096];
    FILE_ZERO_DATA_INFORMATION Zero = {{.QuadPart = 0}, {.QuadPart = 4096}};
    DWORD Done;
    HANDLE File;

    Make("C:\\one.scan"); // empty when it is opened: no section can be made
    Make("C:\\one.keep");
    File = Open("C:\\one.scan", 0);
    EXPECT(Cut(File, 100)); // the filter has closed its section
    EXPECT(Cut(File, 50));  // ... and is not told twice
    CloseHandle(File);
    File = Open("C:\\one.keep", 0);
    EXPECT(!Cut(File, 100) && GetLastError() == ERROR_USER_MAPPED_FILE);
    EXPECT(Cut(File, 9000)); // longer is no conflict for the file system, but the filter is asked
    CloseHandle(File);
    Make("C:\\two.txt");
    EXPECT(MoveFileA("C:\\two.txt", "C:\\two.scan"));
    File = Open("C:\\two.scan", FILE_FLAG_NO_BUFFERING);
    EXPECT(WriteFile(File, Page, sizeof(Page), &Done, NULL));
    CloseHandle(File);
    File = Open("C:\\two.scan", 0);
    EXPECT(DeviceIoControl(File, FSCTL_SET_ZERO_DATA, &Zero, sizeof(Zero), NULL, 0, &Done, NULL));
    CloseHandle(File);
    return TEST_DONE();
}
