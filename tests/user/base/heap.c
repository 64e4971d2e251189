/*
 * heap.c - heaps of a fixed size.
 *
 * [Win32:x] a page of the Win32 API
 */
#include "../../nt/ntlab-client.h"
#include <string.h>

#define WHOLE 0x40000

/* [Win32:HeapCreate] "the heap is fixed in size and cannot grow"; the biggest block is slightly less than 1,024 KB. */
static void
Fixed(void)
{
    HANDLE Heap = HeapCreate(0, WHOLE, WHOLE);
    PROCESS_HEAP_ENTRY Entry = {.lpData = NULL};
    PUCHAR Block, Again;
    int Busy = 0;

    EXPECT(Heap != NULL);
    Block = HeapAlloc(Heap, 0, WHOLE - 0x2000); /* no power of two, and little else fits */
    EXPECT(Block != NULL);
    EXPECT_EQ(HeapSize(Heap, 0, Block), WHOLE - 0x2000);
    memset(Block, 0x5A, WHOLE - 0x2000);
    EXPECT(HeapAlloc(Heap, 0, 0x8000) == NULL);
    EXPECT_EQ(GetLastError(), ERROR_NOT_ENOUGH_MEMORY);
    EXPECT(HeapValidate(Heap, 0, NULL));
    while (HeapWalk(Heap, &Entry)) {
        Busy += (Entry.wFlags & PROCESS_HEAP_ENTRY_BUSY) != 0 && Entry.lpData == Block;
    }
    EXPECT_EQ(Busy, 1);
    EXPECT(HeapReAlloc(Heap, HEAP_REALLOC_IN_PLACE_ONLY, Block, WHOLE / 2) == Block);
    EXPECT(HeapFree(Heap, 0, Block));
    Again = HeapAlloc(Heap, HEAP_ZERO_MEMORY, WHOLE - 0x2000); /* what was freed serves again */
    EXPECT(Again == Block && Again[0] == 0 && Again[WHOLE - 0x2001] == 0);
    EXPECT(HeapFree(Heap, 0, Again));
    EXPECT(HeapDestroy(Heap));
}

static void
Biggest(void)
{
    HANDLE Heap = HeapCreate(0, 0, 0x400000);

    EXPECT(HeapAlloc(Heap, 0, 0x90000) != NULL);
    EXPECT(HeapAlloc(Heap, 0, 0xF0000) != NULL);
    EXPECT(HeapAlloc(Heap, 0, 0x100000) == NULL);
    EXPECT(HeapDestroy(Heap));
}

static DWORD WINAPI
Allocate(PVOID Heap)
{
    return HeapLock(Heap) && HeapAlloc(Heap, 0, 8) != NULL && HeapUnlock(Heap);
}

/* [Win32:HeapCreate] HEAP_NO_SERIALIZE: no mutual exclusion, HeapLock's included. Without it another thread waits. */
static void
Locked(DWORD Flags, DWORD Expected)
{
    HANDLE Heap = HeapCreate(Flags, 0, 0), Thread;

    EXPECT(HeapLock(Heap));
    Thread = CreateThread(NULL, 0, Allocate, Heap, 0, NULL);
    EXPECT_EQ(WaitForSingleObject(Thread, 1000), Expected);
    EXPECT(HeapUnlock(Heap));
    EXPECT_EQ(WaitForSingleObject(Thread, INFINITE), WAIT_OBJECT_0);
    CloseHandle(Thread);
    EXPECT(HeapDestroy(Heap));
}

int
main(void)
{
    Fixed();
    Biggest();
    Locked(0, WAIT_TIMEOUT);
    Locked(HEAP_NO_SERIALIZE, WAIT_OBJECT_0);
    return TEST_DONE();
}
