/*
 * messages-client.c - two threads write to one pipe, or to one mailslot, that a third reads: whose message comes first is
 * open, and the exit code says who was.
 */
#include <windows.h>
#include <string.h>

static const char *Name = "\\\\.\\pipe\\ntlab-order";
static HANDLE End;

static DWORD WINAPI
Writer(LPVOID Text)
{
    HANDLE File = End;
    DWORD Count;

    if (File == NULL) {
        File = CreateFileA(Name, GENERIC_WRITE, FILE_SHARE_READ, NULL, OPEN_EXISTING, 0, NULL);
    }
    WriteFile(File, Text, 1, &Count, NULL);
    return 0;
}

int
main(int Count, char **Arguments)
{
    HANDLE Reader, Thread[2];
    char Text[2] = "";
    DWORD Read;

    if (Count > 1 && strcmp(Arguments[1], "mailslot") == 0) {
        Name = "\\\\.\\mailslot\\ntlab-order";
        Reader = CreateMailslotA(Name, 0, MAILSLOT_WAIT_FOREVER, NULL);
    } else {
        Reader = CreateNamedPipeA(Name, PIPE_ACCESS_INBOUND, PIPE_TYPE_BYTE, 1, 64, 64, 0, NULL);
        End = CreateFileA(Name, GENERIC_WRITE, 0, NULL, OPEN_EXISTING, FILE_FLAG_OVERLAPPED, NULL);
    }
    Thread[0] = CreateThread(NULL, 0, Writer, "a", 0, NULL);
    Thread[1] = CreateThread(NULL, 0, Writer, "b", 0, NULL);
    for (int Index = 0; Index < 2; Index++) {
        ReadFile(Reader, Text + Index, 1, &Read, NULL);
    }
    WaitForMultipleObjects(2, Thread, TRUE, INFINITE);
    return Text[0] == 'b';
}
