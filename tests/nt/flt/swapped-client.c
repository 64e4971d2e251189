/*
 * swapped-client.c - waits for a change of a folder; one thread makes one while another takes the filter away.
 */
#include "ntlab-client.h"
#include <fltuser.h>

static DWORD WINAPI
Change(PVOID Parameter)
{
    CreateDirectoryA("C:\\swapped\\new", NULL);
    return 0;
}

int
main(void)
{
    OVERLAPPED Overlapped = {.hEvent = CreateEventA(NULL, TRUE, FALSE, NULL)};
    HANDLE Folder, Thread;
    char Buffer[256];
    DWORD Bytes;

    CreateDirectoryA("C:\\swapped", NULL);
    Folder =
        CreateFileA("C:\\swapped", FILE_LIST_DIRECTORY, FILE_SHARE_READ | FILE_SHARE_WRITE, NULL,
                    OPEN_EXISTING, FILE_FLAG_BACKUP_SEMANTICS | FILE_FLAG_OVERLAPPED, NULL);
    EXPECT(ReadDirectoryChangesW(Folder, Buffer, sizeof(Buffer), FALSE, FILE_NOTIFY_CHANGE_DIR_NAME,
                                 NULL, &Overlapped, NULL));
    Thread = CreateThread(NULL, 0, Change, NULL, 0, NULL);
    EXPECT_EQ(FilterDetach(L"flt-swapped", L"C:", NULL), S_OK);
    WaitForSingleObject(Thread, INFINITE);
    EXPECT(GetOverlappedResult(Folder, &Overlapped, &Bytes, TRUE) ||
           GetLastError() == ERROR_OPERATION_ABORTED);
    CloseHandle(Folder);
    return TEST_DONE();
}
