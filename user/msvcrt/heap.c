/*
 * heap.c - malloc and its family over the process heap.
 *
 * A block of 0 bytes is a block. realloc to 0 frees. An aligned block keeps the address of the
 * heap's block in the word before it.
 */
#include "crt.h"
#include "crtdata.h"

#define MAX_REQUEST ((size_t)0xFFFFFFFFFFFFFFE0)

static void *
NoMemory(void)
{
    errno = ENOMEM;
    return NULL;
}

void *
malloc(size_t Size)
{
    void *Block = Size <= MAX_REQUEST ? HeapAlloc(GetProcessHeap(), 0, Size) : NULL;

    return Block != NULL ? Block : NoMemory();
}

void *
calloc(size_t Count, size_t Size)
{
    size_t Total;
    void *Block = NULL;

    if (!__builtin_mul_overflow(Count, Size, &Total) && Total <= MAX_REQUEST) {
        Block = HeapAlloc(GetProcessHeap(), HEAP_ZERO_MEMORY, Total);
    }
    return Block != NULL ? Block : NoMemory();
}

void
free(void *Block)
{
    DWORD Error;

    if (Block != NULL) {
        Error = GetLastError();
        if (HeapFree(GetProcessHeap(), 0, Block)) {
            SetLastError(Error);
        } else {
            errno = EINVAL;
        }
    }
}

void *
realloc(void *Block, size_t Size)
{
    void *New;

    if (Block == NULL) {
        return malloc(Size);
    }
    if (Size == 0) {
        free(Block);
        return NULL;
    }
    New = Size <= MAX_REQUEST ? HeapReAlloc(GetProcessHeap(), 0, Block, Size) : NULL;
    return New != NULL ? New : NoMemory();
}

void *
_recalloc(void *Block, size_t Count, size_t Size)
{
    size_t Total, Old = Block != NULL ? _msize(Block) : 0;
    void *New;

    if (__builtin_mul_overflow(Count, Size, &Total)) {
        return NoMemory();
    }
    New = realloc(Block, Total);
    if (New != NULL && Total > Old) {
        memset((char *)New + Old, 0, Total - Old);
    }
    return New;
}

void *
_expand(void *Block, size_t Size)
{
    void *New = HeapReAlloc(GetProcessHeap(), HEAP_REALLOC_IN_PLACE_ONLY, Block, Size);

    return New != NULL ? New : NoMemory();
}

size_t
_msize(void *Block)
{
    if (Block == NULL) {
        CrtFail(EINVAL);
        return (size_t)-1;
    }
    return HeapSize(GetProcessHeap(), 0, Block);
}

intptr_t
_get_heap_handle(void)
{
    return (intptr_t)GetProcessHeap();
}

int
_heapchk(void)
{
    return HeapValidate(GetProcessHeap(), 0, NULL) ? _HEAPOK : _HEAPBADNODE;
}

void *
_aligned_offset_malloc(size_t Size, size_t Alignment, size_t Offset)
{
    uintptr_t Raw, Aligned;
    size_t Extra;

    if ((Alignment & (Alignment - 1)) != 0 || (Offset != 0 && Offset >= Size)) {
        CrtFail(EINVAL);
        return NULL;
    }
    if (Alignment < sizeof(void *)) {
        Alignment = sizeof(void *);
    }
    Extra = Alignment - 1 + 2 * sizeof(void *);
    if (Size + Extra < Size) {
        return NoMemory();
    }
    Raw = (uintptr_t)malloc(Size + Extra);
    if (Raw == 0) {
        return NULL;
    }
    Aligned = ((Raw + sizeof(void *) + Offset + Alignment - 1) & ~(Alignment - 1)) - Offset;
    ((void **)(Aligned & ~(sizeof(void *) - 1)))[-1] = (void *)Raw;
    return (void *)Aligned;
}

static void *
RawOf(void *Block)
{
    return ((void **)((uintptr_t)Block & ~(sizeof(void *) - 1)))[-1];
}

void *
_aligned_malloc(size_t Size, size_t Alignment)
{
    return _aligned_offset_malloc(Size, Alignment, 0);
}

void
_aligned_free(void *Block)
{
    if (Block != NULL) {
        free(RawOf(Block));
    }
}

size_t
_aligned_msize(void *Block, size_t Alignment, size_t Offset)
{
    void *Raw = RawOf(Block);

    (void)Alignment, (void)Offset;
    return _msize(Raw) - ((uintptr_t)Block - (uintptr_t)Raw);
}

void *
_aligned_offset_realloc(void *Block, size_t Size, size_t Alignment, size_t Offset)
{
    void *New;
    size_t Old;

    if (Block == NULL) {
        return _aligned_offset_malloc(Size, Alignment, Offset);
    }
    if (Size == 0) {
        _aligned_free(Block);
        return NULL;
    }
    New = _aligned_offset_malloc(Size, Alignment, Offset);
    if (New != NULL) {
        Old = _aligned_msize(Block, Alignment, Offset);
        memcpy(New, Block, Old < Size ? Old : Size);
        _aligned_free(Block);
    }
    return New;
}

void *
_aligned_realloc(void *Block, size_t Size, size_t Alignment)
{
    return _aligned_offset_realloc(Block, Size, Alignment, 0);
}

int
_set_new_mode(int Mode)
{
    int Previous = CrtNewMode;

    CrtNewMode = Mode;
    return Previous;
}

/* What old C++ clients import by decorated names; see msvcrt.def. */
void *
CrtOperatorNew(size_t Size)
{
    void *Block;

    while ((Block = malloc(Size)) == NULL) {
        if (CrtNewHandler == NULL || ((int (*)(size_t))CrtNewHandler)(Size) == 0) {
            break;
        }
    }
    return Block;
}

void *
CrtSetNewHandler(void *Handler)
{
    void *Previous = CrtNewHandler;

    CrtNewHandler = Handler;
    return Previous;
}

void *
CrtQueryNewHandler(void)
{
    return CrtNewHandler;
}

int
_callnewh(size_t Size)
{
    return CrtNewHandler != NULL && ((int (*)(size_t))CrtNewHandler)(Size) != 0;
}

void *
CrtSetTerminate(void *Handler)
{
    void *Previous = CrtTerminateHandler;

    CrtTerminateHandler = Handler;
    return Previous;
}

void
CrtTerminate(void)
{
    if (CrtTerminateHandler != NULL) {
        ((void (*)(void))CrtTerminateHandler)();
    }
    abort();
}
