/*
 * heap.c - heaps: blocks of size classes, cut from segments that grow.
 *
 *     class 0..31    16, 32 .. 512 bytes
 *     class 32..71   four for each doubling, up to 512 KiB
 *     above          a reservation of its own; in a heap of fixed size up to 1 MiB (classes 72..75), cut as the rest is
 *
 * A block is 16 bytes of header and the user's bytes. Small blocks are cut from a segment's end and go to the
 * free list of their class, last in first out; blocks are never merged. So an address depends only on
 * the heap's own history of calls.
 *
 *   H1  A header's check word is derived from its address and the heap, and from whether it is in use: a
 *       block that is freed twice, overrun or not a block at all is found at the call.
 *   H2  What is found is reported as Windows does since Windows 8 on x64: the process ends with
 *       STATUS_HEAP_CORRUPTION.
 *
 *   H3  Where a class does not fit in a heap of fixed size any more, one block takes what is left of it, whatever its class; it is
 *       in no free list.
 *
 * Facts: HeapAlloc, HeapReAlloc, HeapCreate, HeapSetInformation (HeapEnableTerminationOnCorruption).
 */
#include "user/ntdll/ntdllp.h"

#define HEAP_CLASSES 76
#define HEAP_SMALL   0x80000
#define HEAP_FIXED   0xFF000 /* "slightly less than 1,024 KB" */
#define HEAP_LARGE   0xFF
#define HEAP_MAGIC   0x48656170
#define SEGMENT_SIZE 0x100000
#define SEGMENT_STEP 0x10000

typedef struct _RTLP_BLOCK {
    ULONG Check;
    UCHAR Class;
    UCHAR Busy;
    USHORT UserFlags;
    SIZE_T Size; /* bytes asked for */
} RTLP_BLOCK, *PRTLP_BLOCK;
C_ASSERT(sizeof(RTLP_BLOCK) == 16);

typedef struct _RTLP_SEGMENT {
    struct _RTLP_SEGMENT *Next;
    PUCHAR Top;       /* first byte never used */
    PUCHAR Committed; /* first byte not committed */
    PUCHAR End;
} RTLP_SEGMENT, *PRTLP_SEGMENT;

typedef struct _RTLP_LARGE {
    LIST_ENTRY Links;
    SIZE_T Bytes; /* of the reservation */
    PVOID UserValue;
} RTLP_LARGE, *PRTLP_LARGE;
C_ASSERT(sizeof(RTLP_LARGE) == 32);

typedef struct _RTLP_HEAP {
    RTLP_SEGMENT First; /* the segment that this structure lies in */
    ULONG Magic;
    ULONG Flags;
    SIZE_T MaximumSize; /* 0: grows */
    SIZE_T Reserved;
    RTL_CRITICAL_SECTION Lock;
    PRTLP_SEGMENT Segments; /* the one that is being cut first */
    LIST_ENTRY Large;
    PRTLP_BLOCK Rest;               /* H3 */
    PRTLP_BLOCK Free[HEAP_CLASSES]; /* linked through the user's first bytes */
} RTLP_HEAP, *PRTLP_HEAP;

static ULONG
RtlpClassOf(SIZE_T Size)
{
    ULONG Shift;

    if (Size <= 512) {
        return Size == 0 ? 0 : (ULONG)((Size - 1) / 16);
    }
    Shift = 63 - (ULONG)__builtin_clzll(Size - 1); /* 2^Shift < Size <= 2^(Shift+1), Shift >= 9 */
    return 32 + (Shift - 9) * 4 + (ULONG)(((Size - 1) >> (Shift - 2)) & 3);
}

static SIZE_T
RtlpClassSize(ULONG Class)
{
    ULONG Shift;

    if (Class < 32) {
        return (Class + 1) * 16;
    }
    Shift = 9 + (Class - 32) / 4;
    return ((SIZE_T)1 << Shift) + ((SIZE_T)((Class - 32) % 4 + 1) << (Shift - 2));
}

/* The bytes that a block has for its user. */
static SIZE_T
RtlpRoomOf(PRTLP_HEAP Heap, PRTLP_BLOCK Block)
{
    if (Block->Class == HEAP_LARGE) {
        return ((PRTLP_LARGE)Block - 1)->Bytes - sizeof(RTLP_LARGE) - sizeof(*Block);
    }
    return Block == Heap->Rest ? (SIZE_T)(Heap->First.End - (PUCHAR)(Block + 1))
                               : RtlpClassSize(Block->Class);
}

static ULONG
RtlpCheckOf(PRTLP_HEAP Heap, PRTLP_BLOCK Block)
{
    return (ULONG)(((ULONG_PTR)Block >> 4) * 0x9E3779B1u) ^ (ULONG)((ULONG_PTR)Heap >> 12) ^
           (Block->Busy ? 0x42757379 : 0x46726565);
}

static VOID
RtlpReportCorruption(PVOID Heap, const VOID *Block, PCSTR What)
{
    EXCEPTION_RECORD Record;

    DbgPrint("Heap %p, block %p: %s\n", Heap, Block, What);
    RtlZeroMemory(&Record, sizeof(Record));
    Record.ExceptionCode = STATUS_HEAP_CORRUPTION;
    Record.ExceptionFlags = EXCEPTION_NONCONTINUABLE;
    Record.NumberParameters = 1;
    Record.ExceptionInformation[0] = (ULONG_PTR)Block;
    RtlRaiseException(&Record);
    NtTerminateProcess(NtCurrentProcess(), STATUS_HEAP_CORRUPTION);
}

static PRTLP_BLOCK
RtlpCheckBlock(PRTLP_HEAP Heap, const VOID *Memory, BOOLEAN Report)
{
    PRTLP_BLOCK Block = (PRTLP_BLOCK)Memory - 1;
    PCSTR What = NULL;

    if (((ULONG_PTR)Memory & 15) != 0) {
        What = "not the address of a block";
    } else if (Block->Check != RtlpCheckOf(Heap, Block)) {
        What = "header overwritten, or block of another heap";
    } else if (!Block->Busy) {
        What = "block was freed already";
    }
    if (What == NULL) {
        return Block;
    }
    if (Report) {
        RtlpReportCorruption(Heap, Memory, What);
    }
    return NULL;
}

static PRTLP_HEAP
RtlpCheckHeap(PVOID Handle)
{
    PRTLP_HEAP Heap = Handle;

    if (Heap == NULL || Heap->Magic != HEAP_MAGIC) {
        RtlpReportCorruption(Handle, NULL, "not a heap");
    }
    return Heap;
}

static BOOLEAN
RtlpSerialize(PRTLP_HEAP Heap, ULONG Flags)
{
    if (((Heap->Flags | Flags) & HEAP_NO_SERIALIZE) != 0) {
        return FALSE;
    }
    RtlEnterCriticalSection(&Heap->Lock);
    return TRUE;
}

static VOID
RtlpDone(PRTLP_HEAP Heap, BOOLEAN Locked)
{
    if (Locked) {
        RtlLeaveCriticalSection(&Heap->Lock);
    }
}

/* Bytes from the end of the segment, committed; NULL if they do not fit. */
static PVOID
RtlpCut(PRTLP_SEGMENT Segment, SIZE_T Bytes)
{
    PUCHAR Start = Segment->Top;

    if (Bytes > (SIZE_T)(Segment->End - Start)) {
        return NULL;
    }
    if (Start + Bytes > Segment->Committed) {
        PVOID Region = Segment->Committed;
        SIZE_T Size =
            (Start + Bytes - Segment->Committed + SEGMENT_STEP - 1) & ~(SIZE_T)(SEGMENT_STEP - 1);

        Size = min(Size, (SIZE_T)(Segment->End - Segment->Committed));
        if (!NT_SUCCESS(NtAllocateVirtualMemory(NtCurrentProcess(), &Region, 0, &Size, MEM_COMMIT,
                                                PAGE_READWRITE))) {
            return NULL;
        }
        Segment->Committed += Size;
    }
    Segment->Top += Bytes;
    return Start;
}

static PRTLP_SEGMENT
RtlpReserve(SIZE_T Size)
{
    PVOID Base = NULL;
    SIZE_T Step = SEGMENT_STEP;
    PRTLP_SEGMENT Segment;

    if (!NT_SUCCESS(NtAllocateVirtualMemory(NtCurrentProcess(), &Base, 0, &Size, MEM_RESERVE,
                                            PAGE_READWRITE))) {
        return NULL;
    }
    Segment = Base;
    if (!NT_SUCCESS(NtAllocateVirtualMemory(NtCurrentProcess(), &Base, 0, &Step, MEM_COMMIT,
                                            PAGE_READWRITE))) {
        SIZE_T All = 0;

        NtFreeVirtualMemory(NtCurrentProcess(), (PVOID *)&Segment, &All, MEM_RELEASE);
        return NULL;
    }
    Segment->Next = NULL;
    Segment->Top = (PUCHAR)Segment + sizeof(*Segment);
    Segment->Committed = (PUCHAR)Segment + Step;
    Segment->End = (PUCHAR)Segment + Size;
    return Segment;
}

PVOID NTAPI
RtlCreateHeap(ULONG Flags, PVOID HeapBase, SIZE_T ReserveSize, SIZE_T CommitSize, PVOID Lock,
              PRTL_HEAP_PARAMETERS Parameters)
{
    SIZE_T Size = max(ReserveSize, CommitSize);
    PRTLP_SEGMENT Segment;
    PRTLP_HEAP Heap;

    C_ASSERT(sizeof(RTLP_HEAP) <= SEGMENT_STEP);
    Size = max(Size, (Flags & HEAP_GROWABLE) != 0 ? SEGMENT_SIZE : SEGMENT_STEP);
    Size = (Size + SEGMENT_STEP - 1) & ~(SIZE_T)(SEGMENT_STEP - 1);
    Segment = RtlpReserve(Size);
    if (Segment == NULL) {
        return NULL;
    }
    Heap = CONTAINING_RECORD(Segment, RTLP_HEAP, First);
    Segment->Top = (PUCHAR)Heap + ((sizeof(*Heap) + 15) & ~15ull);
    Heap->Magic = HEAP_MAGIC;
    Heap->Flags = Flags;
    Heap->MaximumSize = (Flags & HEAP_GROWABLE) != 0 ? 0 : (ReserveSize + 0xFFF) & ~0xFFFull;
    Heap->Segments = Segment;
    InitializeListHead(&Heap->Large);
    RtlInitializeCriticalSectionEx(&Heap->Lock, 0, 0x01000000 /* no debug information */);
    RtlAcquirePebLock();
    if (RtlpHeapCount < RTL_NUMBER_OF(RtlpHeaps)) {
        RtlpHeaps[RtlpHeapCount++] = Heap;
    }
    NtCurrentPeb()->ProcessHeaps = (PVOID *)RtlpHeaps;
    NtCurrentPeb()->NumberOfHeaps = RtlpHeapCount;
    NtCurrentPeb()->MaximumNumberOfHeaps = RTL_NUMBER_OF(RtlpHeaps);
    RtlReleasePebLock();
    return Heap;
}

PVOID NTAPI
RtlDestroyHeap(PVOID Handle)
{
    PRTLP_HEAP Heap = RtlpCheckHeap(Handle);
    PRTLP_SEGMENT Segment, Next;
    ULONG Index;

    if (Handle == RtlProcessHeap()) {
        return Handle;
    }
    RtlAcquirePebLock();
    for (Index = 0; Index < RtlpHeapCount; Index++) {
        if (RtlpHeaps[Index] == Heap) {
            RtlpHeaps[Index] = RtlpHeaps[--RtlpHeapCount];
            break;
        }
    }
    NtCurrentPeb()->NumberOfHeaps = RtlpHeapCount;
    RtlReleasePebLock();
    while (!IsListEmpty(&Heap->Large)) {
        PVOID Base = CONTAINING_RECORD(RemoveHeadList(&Heap->Large), RTLP_LARGE, Links);
        SIZE_T Size = 0;

        NtFreeVirtualMemory(NtCurrentProcess(), &Base, &Size, MEM_RELEASE);
    }
    Heap->Magic = 0;
    for (Segment = Heap->Segments; Segment != NULL; Segment = Next) {
        PVOID Base = Segment;
        SIZE_T Size = 0;

        Next = Segment->Next;
        if (Segment != &Heap->First) {
            NtFreeVirtualMemory(NtCurrentProcess(), &Base, &Size, MEM_RELEASE);
        }
    }
    {
        PVOID Base = Heap;
        SIZE_T Size = 0;

        NtFreeVirtualMemory(NtCurrentProcess(), &Base, &Size, MEM_RELEASE);
    }
    return NULL;
}

static PRTLP_BLOCK
RtlpAllocateLarge(PRTLP_HEAP Heap, SIZE_T Size)
{
    SIZE_T Bytes = (Size + sizeof(RTLP_LARGE) + sizeof(RTLP_BLOCK) + 0xFFF) & ~0xFFFull;
    PRTLP_LARGE Large = NULL;
    PRTLP_BLOCK Block;

    if (Bytes < Size ||
        !NT_SUCCESS(NtAllocateVirtualMemory(NtCurrentProcess(), (PVOID *)&Large, 0, &Bytes,
                                            MEM_COMMIT | MEM_RESERVE, PAGE_READWRITE))) {
        return NULL;
    }
    Large->Bytes = Bytes;
    InsertTailList(&Heap->Large, &Large->Links);
    Block = (PRTLP_BLOCK)(Large + 1);
    Block->Class = HEAP_LARGE;
    return Block;
}

/* H3. NULL: it is in use, or too small. */
static PRTLP_BLOCK
RtlpTakeRest(PRTLP_HEAP Heap, SIZE_T Size, PBOOLEAN Fresh)
{
    PRTLP_BLOCK Rest = Heap->Rest;
    PRTLP_SEGMENT Segment = &Heap->First;

    if (Rest == NULL) {
        SIZE_T Room = Segment->End - Segment->Top;

        if (Room < Size + sizeof(*Rest)) {
            return NULL;
        }
        Rest = RtlpCut(Segment, Room);
        if (Rest != NULL) {
            Heap->Rest = Rest;
            Rest->Class = (UCHAR)RtlpClassOf(Size);
            *Fresh = TRUE;
        }
    } else if (Rest->Busy || RtlpRoomOf(Heap, Rest) < Size) {
        return NULL;
    }
    return Rest;
}

static PRTLP_BLOCK
RtlpAllocateSmall(PRTLP_HEAP Heap, SIZE_T Size, PBOOLEAN Fresh)
{
    ULONG Class = RtlpClassOf(Size);
    PRTLP_BLOCK Block = Heap->Free[Class];
    SIZE_T Bytes = RtlpClassSize(Class) + sizeof(*Block);

    if (Block != NULL) {
        if (Block->Check != RtlpCheckOf(Heap, Block)) {
            RtlpReportCorruption(Heap, Block + 1, "free block overwritten");
        }
        Heap->Free[Class] = *(PRTLP_BLOCK *)(Block + 1);
        return Block;
    }
    Block = RtlpCut(Heap->Segments, Bytes);
    if (Block == NULL && Heap->MaximumSize != 0) {
        return RtlpTakeRest(Heap, Size, Fresh);
    }
    if (Block == NULL) {
        PRTLP_SEGMENT Segment = RtlpReserve(SEGMENT_SIZE);

        if (Segment != NULL) {
            Segment->Top = (PUCHAR)Segment + ((sizeof(*Segment) + 15) & ~15ull);
            Segment->Next = Heap->Segments;
            Heap->Segments = Segment;
            Block = RtlpCut(Segment, Bytes);
        }
    }
    if (Block != NULL) {
        Block->Class = (UCHAR)Class;
        *Fresh = TRUE;
    }
    return Block;
}

PVOID NTAPI
RtlAllocateHeap(PVOID Handle, ULONG Flags, SIZE_T Size)
{
    PRTLP_HEAP Heap = RtlpCheckHeap(Handle);
    BOOLEAN Locked = RtlpSerialize(Heap, Flags), Fresh = FALSE;
    PRTLP_BLOCK Block;

    if (Heap->MaximumSize != 0 && Size > HEAP_FIXED) {
        Block = NULL; /* [LEARN: HeapCreate] */
    } else if (Heap->MaximumSize == 0 && Size > HEAP_SMALL - 1) {
        Block = RtlpAllocateLarge(Heap, Size);
        Fresh = TRUE;
    } else {
        Block = RtlpAllocateSmall(Heap, Size, &Fresh);
    }
    if (Block != NULL) {
        Block->Size = Size;
        Block->Busy = 1;
        Block->UserFlags = (USHORT)((Flags >> 8) & 0xE);
        Block->Check = RtlpCheckOf(Heap, Block);
    }
    RtlpDone(Heap, Locked);
    if (Block == NULL) {
        NtCurrentTeb()->LastStatusValue = STATUS_NO_MEMORY;
        NtCurrentTeb()->LastErrorValue = ERROR_NOT_ENOUGH_MEMORY;
        if (((Heap->Flags | Flags) & HEAP_GENERATE_EXCEPTIONS) != 0) {
            RtlRaiseStatus(STATUS_NO_MEMORY);
        }
        return NULL;
    }
    if (!Fresh && ((Heap->Flags | Flags) & HEAP_ZERO_MEMORY) != 0) {
        RtlZeroMemory(Block + 1, Size);
    }
    return Block + 1;
}

BOOLEAN NTAPI
RtlFreeHeap(PVOID Handle, ULONG Flags, PVOID Memory)
{
    PRTLP_HEAP Heap;
    PRTLP_BLOCK Block;
    BOOLEAN Locked;

    if (Memory == NULL) {
        return TRUE;
    }
    Heap = RtlpCheckHeap(Handle);
    Locked = RtlpSerialize(Heap, Flags);
    Block = RtlpCheckBlock(Heap, Memory, TRUE);
    Block->Busy = 0;
    if (Block->Class == HEAP_LARGE) {
        PRTLP_LARGE Large = (PRTLP_LARGE)Block - 1;
        PVOID Base = Large;
        SIZE_T Size = 0;

        RemoveEntryList(&Large->Links);
        NtFreeVirtualMemory(NtCurrentProcess(), &Base, &Size, MEM_RELEASE);
    } else {
        Block->Check = RtlpCheckOf(Heap, Block);
        if (Block != Heap->Rest) {
            *(PRTLP_BLOCK *)(Block + 1) = Heap->Free[Block->Class];
            Heap->Free[Block->Class] = Block;
        }
    }
    RtlpDone(Heap, Locked);
    return TRUE;
}

PVOID NTAPI
RtlReAllocateHeap(PVOID Handle, ULONG Flags, PVOID Memory, SIZE_T Size)
{
    PRTLP_HEAP Heap = RtlpCheckHeap(Handle);
    PRTLP_BLOCK Block;
    SIZE_T Room, Old;
    PVOID New;

    if (Memory == NULL) {
        NtCurrentTeb()->LastErrorValue =
            ERROR_SUCCESS; /* nothing is asked for: no error, no block */
        return NULL;
    }
    Block = RtlpCheckBlock(Heap, Memory, TRUE);
    Old = Block->Size;
    Room = RtlpRoomOf(Heap, Block);
    if (Size <= Room && (Block->Class != HEAP_LARGE || Size > HEAP_SMALL - 1 ||
                         (Flags & HEAP_REALLOC_IN_PLACE_ONLY) != 0)) {
        Block->Size = Size;
        if (Size > Old && ((Heap->Flags | Flags) & HEAP_ZERO_MEMORY) != 0) {
            RtlZeroMemory((PUCHAR)Memory + Old, Size - Old);
        }
        return Memory;
    }
    if ((Flags & HEAP_REALLOC_IN_PLACE_ONLY) != 0) {
        NtCurrentTeb()->LastErrorValue = ERROR_NOT_ENOUGH_MEMORY;
        return NULL;
    }
    New = RtlAllocateHeap(Handle, Flags | ((ULONG)Block->UserFlags << 8), Size);
    if (New != NULL) {
        RtlCopyMemory(New, Memory, min(Old, Size));
        RtlFreeHeap(Handle, Flags, Memory);
    }
    return New;
}

SIZE_T NTAPI
RtlSizeHeap(PVOID Handle, ULONG Flags, const VOID *Memory)
{
    PRTLP_BLOCK Block = RtlpCheckBlock(RtlpCheckHeap(Handle), Memory, FALSE);

    return Block == NULL ? (SIZE_T)-1 : Block->Size;
}

BOOLEAN NTAPI
RtlValidateHeap(PVOID Handle, ULONG Flags, const VOID *Memory)
{
    PRTLP_HEAP Heap = Handle;
    BOOLEAN Locked, Valid = TRUE;
    ULONG Class;
    PRTLP_BLOCK Block;

    if (Heap == NULL || Heap->Magic != HEAP_MAGIC) {
        return FALSE;
    }
    Locked = RtlpSerialize(Heap, Flags);
    if (Memory != NULL) {
        __try {
            Valid = RtlpCheckBlock(Heap, Memory, FALSE) != NULL;
        } __except (EXCEPTION_EXECUTE_HANDLER) {
            Valid = FALSE; /* it is not even memory */
        }
    } else {
        for (Class = 0; Class < HEAP_CLASSES; Class++) {
            for (Block = Heap->Free[Class]; Block != NULL && Valid;
                 Block = *(PRTLP_BLOCK *)(Block + 1)) {
                Valid = Block->Check == RtlpCheckOf(Heap, Block) && !Block->Busy;
            }
        }
    }
    RtlpDone(Heap, Locked);
    return Valid;
}

BOOLEAN NTAPI
RtlLockHeap(PVOID Handle)
{
    RtlpSerialize(RtlpCheckHeap(Handle), 0); /* a heap without a lock is used by one thread */
    return TRUE;
}

BOOLEAN NTAPI
RtlUnlockHeap(PVOID Handle)
{
    PRTLP_HEAP Heap = RtlpCheckHeap(Handle);

    RtlpDone(Heap, (Heap->Flags & HEAP_NO_SERIALIZE) == 0);
    return TRUE;
}

/* The largest block that is free and committed: here what is left of the segment that is being cut. */
SIZE_T NTAPI
RtlCompactHeap(PVOID Handle, ULONG Flags)
{
    PRTLP_SEGMENT Segment = RtlpCheckHeap(Handle)->Segments;

    return Segment->Committed - Segment->Top;
}

ULONG NTAPI
RtlGetProcessHeaps(ULONG Count, PVOID *Heaps)
{
    ULONG Index;

    RtlAcquirePebLock();
    for (Index = 0; Index < RtlpHeapCount && Index < Count; Index++) {
        Heaps[Index] = RtlpHeaps[Index];
    }
    Index = RtlpHeapCount;
    RtlReleasePebLock();
    return Index;
}

static ULONG
RtlpWalkSegment(PRTLP_HEAP Heap, PRTLP_SEGMENT Segment, ULONG Index, PRTL_HEAP_WALK_ENTRY Entry)
{
    PUCHAR First = (PUCHAR)Segment + ((sizeof(*Segment) + 15) & ~15ull);

    if (Segment == &Heap->First) {
        First = (PUCHAR)Heap + ((sizeof(*Heap) + 15) & ~15ull);
    }
    RtlZeroMemory(Entry, sizeof(*Entry));
    Entry->DataAddress = Segment;
    Entry->DataSize = First - (PUCHAR)Segment;
    Entry->SegmentIndex = (UCHAR)Index;
    Entry->Flags = RTL_HEAP_SEGMENT;
    Entry->Segment.CommittedSize = (ULONG)(Segment->Committed - (PUCHAR)Segment);
    Entry->Segment.UnCommittedSize = (ULONG)(Segment->End - Segment->Committed);
    Entry->Segment.FirstEntry = First;
    Entry->Segment.LastEntry = Segment->End;
    return (ULONG)Entry->DataSize;
}

static VOID
RtlpWalkBlock(PRTLP_BLOCK Block, SIZE_T Room, ULONG Index, PRTL_HEAP_WALK_ENTRY Entry)
{
    RtlZeroMemory(Entry, sizeof(*Entry));
    Entry->DataAddress = Block + 1;
    Entry->DataSize = Block->Busy ? Block->Size : Room - sizeof(*Block);
    Entry->OverheadBytes = sizeof(*Block);
    Entry->SegmentIndex = (UCHAR)Index;
    Entry->Flags = Block->Busy ? RTL_HEAP_BUSY : 0;
}

/* A segment, its blocks in the order of their addresses, what of it is reserved only; then the next; then large blocks.
   An entry whose DataAddress is NULL begins; what the entry says else is not looked at. [LEARN: HeapWalk] */
NTSTATUS NTAPI
RtlWalkHeap(HANDLE Handle, PVOID Where)
{
    PRTLP_HEAP Heap = RtlpCheckHeap(Handle);
    PRTL_HEAP_WALK_ENTRY Entry = Where;
    PUCHAR Last = Entry->DataAddress;
    BOOLEAN Take = Last == NULL;
    ULONG Index = 0;

    for (PRTLP_SEGMENT Segment = Heap->Segments; Segment != NULL;
         Segment = Segment->Next, Index++) {
        PUCHAR At = (PUCHAR)Segment;

        if (Take) {
            RtlpWalkSegment(Heap, Segment, Index, Entry);
            return STATUS_SUCCESS;
        }
        if (Last >= (PUCHAR)Segment && Last <= Segment->Committed) {
            RTL_HEAP_WALK_ENTRY Header;

            Take = Last == At;
            for (At += RtlpWalkSegment(Heap, Segment, Index, &Header); At < Segment->Top;) {
                PRTLP_BLOCK Block = (PRTLP_BLOCK)At;
                SIZE_T Bytes = sizeof(*Block) + RtlpRoomOf(Heap, Block);

                if (Take) {
                    RtlpWalkBlock(Block, Bytes, Index, Entry);
                    return STATUS_SUCCESS;
                }
                Take = Last == (PUCHAR)(Block + 1);
                At += Bytes;
            }
            if (Take && Segment->Committed < Segment->End) {
                RtlZeroMemory(Entry, sizeof(*Entry));
                Entry->DataAddress = Segment->Committed;
                Entry->DataSize = Segment->End - Segment->Committed;
                Entry->SegmentIndex = (UCHAR)Index;
                Entry->Flags = RTL_HEAP_UNCOMMITTED_RANGE;
                return STATUS_SUCCESS;
            }
            Take = TRUE; /* it was the reserved rest */
        }
    }
    for (PLIST_ENTRY Link = Heap->Large.Flink; Link != &Heap->Large; Link = Link->Flink) {
        PRTLP_BLOCK Block = (PRTLP_BLOCK)(CONTAINING_RECORD(Link, RTLP_LARGE, Links) + 1);

        if (Take) {
            RtlpWalkBlock(Block, Block->Size + sizeof(*Block), Index, Entry);
            return STATUS_SUCCESS;
        }
        Take = Last == (PUCHAR)(Block + 1);
    }
    return Take ? STATUS_NO_MORE_ENTRIES : STATUS_INVALID_PARAMETER;
}
