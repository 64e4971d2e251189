/*
 * heapwalk.c - the blocks of a heap, one after the other; and what old programs say about memory.
 */
#include "user/kernel32/base.h"

BOOL WINAPI
HeapWalk(HANDLE Heap, LPPROCESS_HEAP_ENTRY Entry)
{
    RTL_HEAP_WALK_ENTRY Walk;
    NTSTATUS Status;

    RtlZeroMemory(&Walk, sizeof(Walk));
    Walk.DataAddress = Entry->lpData;
    Status = RtlWalkHeap(Heap, &Walk);
    if (!NT_SUCCESS(Status)) {
        return BaseFail(Status); /* at the end ERROR_NO_MORE_ITEMS */
    }
    RtlZeroMemory(Entry, sizeof(*Entry));
    Entry->lpData = Walk.DataAddress;
    Entry->cbData = (DWORD)Walk.DataSize;
    Entry->cbOverhead = Walk.OverheadBytes;
    Entry->iRegionIndex = Walk.SegmentIndex;
    if ((Walk.Flags & RTL_HEAP_SEGMENT) != 0) {
        Entry->wFlags = PROCESS_HEAP_REGION;
        Entry->Region.dwCommittedSize = Walk.Segment.CommittedSize;
        Entry->Region.dwUnCommittedSize = Walk.Segment.UnCommittedSize;
        Entry->Region.lpFirstBlock = Walk.Segment.FirstEntry;
        Entry->Region.lpLastBlock = Walk.Segment.LastEntry;
    } else if ((Walk.Flags & RTL_HEAP_UNCOMMITTED_RANGE) != 0) {
        Entry->wFlags = PROCESS_HEAP_UNCOMMITTED_RANGE;
    } else if ((Walk.Flags & RTL_HEAP_BUSY) != 0) {
        Entry->wFlags = PROCESS_HEAP_ENTRY_BUSY;
    }
    return TRUE;
}

/* Nothing is compacted since 32-bit Windows: the largest free block. */
SIZE_T WINAPI
GlobalCompact(DWORD Minimum)
{
    return HeapCompact(BaseHeap(), 0);
}

SIZE_T WINAPI
LocalCompact(UINT Minimum)
{
    return HeapCompact(BaseHeap(), 0);
}

SIZE_T WINAPI
LocalShrink(HLOCAL Memory, UINT Size)
{
    return HeapCompact(BaseHeap(), 0);
}

VOID WINAPI
GlobalFix(HGLOBAL Memory)
{
    if (Memory != (HGLOBAL)-1) {
        GlobalLock(Memory);
    }
}

VOID WINAPI
GlobalUnfix(HGLOBAL Memory)
{
    if (Memory != (HGLOBAL)-1) {
        GlobalUnlock(Memory);
    }
}

LPVOID WINAPI
GlobalWire(HGLOBAL Memory)
{
    return GlobalLock(Memory);
}

BOOL WINAPI
GlobalUnWire(HGLOBAL Memory)
{
    return GlobalUnlock(Memory);
}

/* As GlobalMemoryStatusEx, in the old structure. */
VOID WINAPI
GlobalMemoryStatus(LPMEMORYSTATUS Status)
{
    MEMORYSTATUSEX Full = {.dwLength = sizeof(Full)};

    GlobalMemoryStatusEx(&Full);
    Status->dwLength = sizeof(*Status);
    Status->dwMemoryLoad = Full.dwMemoryLoad;
    Status->dwTotalPhys = Full.ullTotalPhys;
    Status->dwAvailPhys = Full.ullAvailPhys;
    Status->dwTotalPageFile = Full.ullTotalPageFile;
    Status->dwAvailPageFile = Full.ullAvailPageFile;
    Status->dwTotalVirtual = Full.ullTotalVirtual;
    Status->dwAvailVirtual = Full.ullAvailVirtual;
}

BOOL WINAPI
GetPhysicallyInstalledSystemMemory(PULONGLONG Kilobytes)
{
    MEMORYSTATUSEX Full = {.dwLength = sizeof(Full)};

    if (Kilobytes == NULL) {
        return BaseFailWith(ERROR_INVALID_PARAMETER);
    }
    GlobalMemoryStatusEx(&Full);
    *Kilobytes = Full.ullTotalPhys / 1024;
    return TRUE;
}
