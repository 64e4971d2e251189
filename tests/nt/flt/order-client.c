/*
 * order-client.c - creates a file, writes to it, maps it, closes both handles, writes to the view, and lets go of it later.
 */
#include "ntlab-client.h"

int
main(void)
{
    HANDLE File =
        CreateFileA("C:\\order.txt", GENERIC_READ | GENERIC_WRITE, 0, NULL, CREATE_ALWAYS, 0, NULL);
    HANDLE Section;
    DWORD Written;
    char *View;

    EXPECT(File != INVALID_HANDLE_VALUE);
    EXPECT(WriteFile(File, "0123456789", 10, &Written, NULL));
    EXPECT(FlushFileBuffers(File));
    Section = CreateFileMappingA(File, NULL, PAGE_READWRITE, 0, 0, NULL);
    View = MapViewOfFile(Section, FILE_MAP_WRITE, 0, 0, 0);
    EXPECT(View != NULL && View[3] == '3');
    CloseHandle(Section);
    CloseHandle(File);
    View[3] = 'x';
    Sleep(20000); // the mapped-page writer
    View[4] = 'y';
    UnmapViewOfFile(View);
    Sleep(20000);
    return TEST_DONE();
}
