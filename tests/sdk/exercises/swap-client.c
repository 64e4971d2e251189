/* swap-client.c - files that swap.sys encrypts, holds back, and tells of when they are deleted. */
#include <windows.h>
#include <winioctl.h>
#include <stdio.h>
#include <string.h>

static char Big[8192] __attribute__((aligned(4096)));

int
main(void)
{
    static const char Text[] = "what stands in the file";
    DECLSPEC_ALIGN(4096) static char Sector[4096];
    WIN32_FIND_DATAA Found;
    OVERLAPPED Overlapped = {0};
    char Buffer[64] = {0};
    HANDLE File, Find;
    DWORD Done, Count = 0;

    File = CreateFileA("C:\\secret.xor", GENERIC_WRITE, 0, NULL, CREATE_ALWAYS, 0, NULL);
    WriteFile(File, Text, sizeof(Text), &Done, NULL);
    FlushFileBuffers(File);
    CloseHandle(File);
    MoveFileA("C:\\secret.xor", "C:\\secret.txt");
    File = CreateFileA("C:\\secret.txt", GENERIC_READ, FILE_SHARE_READ, NULL, OPEN_EXISTING,
                       FILE_FLAG_NO_BUFFERING, NULL);
    ReadFile(File, Sector, sizeof(Sector), &Done, NULL);
    CloseHandle(File);
    printf("renamed: %lu bytes\n", Done);

    memset(Big, 'b', sizeof(Big));
    File = CreateFileA("C:\\big.xor", GENERIC_READ | GENERIC_WRITE, 0, NULL, CREATE_ALWAYS,
                       FILE_FLAG_NO_BUFFERING, NULL);
    printf("written %d", WriteFile(File, Big, sizeof(Big), &Done, NULL));
    SetFilePointer(File, 0, NULL, FILE_BEGIN);
    memset(Big, 0, sizeof(Big));
    printf(" read %d", ReadFile(File, Big, sizeof(Big), &Done, NULL));
    printf(" %lu %c%c\n", Done, Big[0], Big[8191]);
    CloseHandle(File);

    File = CreateFileA("C:\\wait.slow", GENERIC_READ | GENERIC_WRITE, 0, NULL, CREATE_ALWAYS,
                       FILE_FLAG_OVERLAPPED, NULL);
    WriteFile(File, Text, sizeof(Text), NULL, &Overlapped);
    GetOverlappedResult(File, &Overlapped, &Done, TRUE);
    Overlapped.Offset = 0;
    printf("slow at once %d", ReadFile(File, Buffer, sizeof(Buffer), NULL, &Overlapped));
    printf(" %lu", GetLastError());
    printf(" later %d", GetOverlappedResult(File, &Overlapped, &Done, TRUE));
    printf(" %lu %s\n", Done, Buffer);
    ReadFile(File, Buffer, sizeof(Buffer), NULL, &Overlapped);
    CancelIo(File);
    printf("canceled %d", GetOverlappedResult(File, &Overlapped, &Done, TRUE));
    printf(" %lu\n", GetLastError());
    CloseHandle(File);

    Find = FindFirstFileA("C:\\*", &Found);
    do {
        Count +=
            strstr(Found.cFileName, ".xor") != NULL || strstr(Found.cFileName, ".slow") != NULL;
    } while (FindNextFileA(Find, &Found));
    FindClose(Find);
    printf("found %lu\n", Count);
    printf("deleted %d", DeleteFileA("C:\\big.xor"));
    printf(" %d\n", DeleteFileA("C:\\wait.slow"));
    File = CreateFileA("\\\\.\\SwapControl", GENERIC_READ, 0, NULL, OPEN_EXISTING, 0, NULL);
    printf("control %d", DeviceIoControl(File, CTL_CODE(40000, 1, METHOD_BUFFERED, 0), NULL, 0,
                                         &Count, sizeof(Count), &Done, NULL));
    printf(" %d\n", Count > 0);
    CloseHandle(File);
    return 0;
}
