/*
 * memory-client.c - a client whose state is in memory. It checks what it sees, and so what an earlier run has left.
 *
 *     count     goes round often: how often is a number in its own memory
 *     forever   goes round for ever, and counts nothing
 *     heap      fills memory that was just committed, which is zero before
 *     map       writes to a file through a view of it; before, the file has what was written to it in this run
 */
#include <windows.h>
#include <string.h>

static volatile LONG Rounds;
static char Text[16];

static int
Map(void)
{
    HANDLE File = CreateFileA("C:\\letter.txt", GENERIC_READ | GENERIC_WRITE, 0, NULL,
                              CREATE_ALWAYS, 0, NULL),
           Section;
    DWORD Done;
    char *View;

    if (!WriteFile(File, "Dear reader", 11, &Done, NULL)) {
        return 1;
    }
    SetFilePointer(File, 0, NULL, FILE_BEGIN);
    if (!ReadFile(File, Text, 11, &Done, NULL) || memcmp(Text, "Dear reader", 11) != 0) {
        return 2;
    }
    Section = CreateFileMappingA(File, NULL, PAGE_READWRITE, 0, 0, NULL);
    View = MapViewOfFile(Section, FILE_MAP_WRITE, 0, 0, 0);
    memcpy(View, "Poor", 4);
    SetFilePointer(File, 0, NULL, FILE_BEGIN);
    if (!ReadFile(File, Text, 11, &Done, NULL) || memcmp(Text, "Poor reader", 11) != 0) {
        return 3;
    }
    return 0;
}

#define HEAP_BYTES 0x10000

static int
Heap(void)
{
    for (int Turn = 1; Turn <= 3; Turn++) {
        ULONG64 *Block = VirtualAlloc(NULL, HEAP_BYTES, MEM_COMMIT | MEM_RESERVE, PAGE_READWRITE);

        for (SIZE_T Word = 0; Word < HEAP_BYTES / sizeof(*Block); Word++) {
            if (Block[Word] != 0) {
                return Turn;
            }
            Block[Word] = ~Word;
        }
        if (Turn == 2) {
            VirtualFree(Block, 0, MEM_RELEASE); /* the third one is there, too */
        }
    }
    return 0;
}

int
main(int argc, char **argv)
{
    HANDLE Event = CreateEventA(NULL, TRUE, FALSE, NULL);
    int Forever = argc > 1 && strcmp(argv[1], "forever") == 0;

    if (argc > 1 && strcmp(argv[1], "map") == 0) {
        return Map();
    }
    if (argc > 1 && strcmp(argv[1], "heap") == 0) {
        return Heap();
    }
    while (Forever || ++Rounds < 8000) {
        SetEvent(Event);
        ResetEvent(Event);
    }
    return 0;
}
