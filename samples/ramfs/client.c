/*
 * client.c - two processes on one volume: the first, of a user without rights, writes a file of its own; the second only
 * opens another one.
 *
 *     ramfs.exe write     creates C:\mine.txt and writes a page to it, past the cache
 *     ramfs.exe open      opens C:\other.txt
 *
 * It does without a run-time library and without the lazy writer: what is left is the file system, small enough for every
 * schedule of it to be tried.
 */
#include <windows.h>

static BYTE Page[4096] __attribute__((aligned(4096)));

static UINT
Write(void)
{
    HANDLE File = CreateFileW(L"C:\\mine.txt", GENERIC_READ | GENERIC_WRITE, FILE_SHARE_READ, NULL,
                              OPEN_ALWAYS, FILE_FLAG_NO_BUFFERING | FILE_FLAG_WRITE_THROUGH, NULL);
    DWORD Written;

    return File == INVALID_HANDLE_VALUE || !WriteFile(File, Page, sizeof(Page), &Written, NULL);
}

static UINT
Open(void)
{
    return CreateFileW(L"C:\\other.txt", GENERIC_READ | GENERIC_WRITE, FILE_SHARE_READ, NULL,
                       OPEN_ALWAYS, 0, NULL) == INVALID_HANDLE_VALUE;
}

void
Start(void)
{
    PCWSTR Word = GetCommandLineW();

    while (Word[0] != 0 && Word[1] != 0) {
        Word++;
    }
    ExitProcess(*Word == L'e' ? Write() : Open()); /* writE, opeN */
}
