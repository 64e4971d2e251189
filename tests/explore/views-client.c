/* views-client.c - one thread writes two words in a view of a section, another one reads them in another view: 3. */
#include <windows.h>

static volatile LONG *First, *Second;

static DWORD WINAPI
Writer(void *Context)
{
    First[0] = 1;
    First[1] = 1;
    return 0;
}

static DWORD WINAPI
Reader(void *Context)
{
    LONG Later = Second[1], Earlier = Second[0];

    return Later == 1 && Earlier == 0;
}

void
Entry(void)
{
    HANDLE Section = CreateFileMappingA(INVALID_HANDLE_VALUE, NULL, PAGE_READWRITE, 0, 4096, NULL),
           Thread[2];

    First = MapViewOfFile(Section, FILE_MAP_ALL_ACCESS, 0, 0, 0);
    Second = MapViewOfFile(Section, FILE_MAP_ALL_ACCESS, 0, 0, 0);
    Thread[0] = CreateThread(NULL, 0, Writer, NULL, 0, NULL);
    Thread[1] = CreateThread(NULL, 0, Reader, NULL, 0, NULL);
    WaitForMultipleObjects(2, Thread, TRUE, INFINITE);
    ExitProcess(First == Second);
}
