/*
 * heap.c - heaps under their Win32 names; global and local memory.
 *
 * HeapAlloc, HeapReAlloc and HeapSize are forwarders to ntdll. Fixed global memory is a heap block whose handle is
 * its address. A movable block's handle points at a small record (odd multiple of 8, so that the two cannot be
 * confused): {address, lock count}. Facts: GlobalAlloc, GlobalLock, LocalAlloc.
 */
#include "user/kernel32/base.h"

typedef struct _BASE_MOVABLE {
    ULONG64 Pad; /* the handle is the address of the next member: 8 modulo 16 */
    PVOID Memory;
    ULONG Locks;
    ULONG Discarded;
} BASE_MOVABLE, *PBASE_MOVABLE;

static PBASE_MOVABLE
BaseMovable(HGLOBAL Handle)
{
    return ((ULONG_PTR)Handle & 15) == 8 ? CONTAINING_RECORD(Handle, BASE_MOVABLE, Memory) : NULL;
}

HANDLE WINAPI
GetProcessHeap(VOID)
{
    return BaseHeap();
}

HANDLE WINAPI
HeapCreate(DWORD Options, SIZE_T Initial, SIZE_T Maximum)
{
    HANDLE Heap = RtlCreateHeap(
        (Options & (HEAP_NO_SERIALIZE | HEAP_GENERATE_EXCEPTIONS | HEAP_CREATE_ENABLE_EXECUTE)) |
            (Maximum == 0 ? HEAP_GROWABLE : 0),
        NULL, Maximum, Initial, NULL, NULL);

    if (Heap == NULL) {
        BaseFailWith(ERROR_NOT_ENOUGH_MEMORY);
    }
    return Heap;
}

BOOL WINAPI
HeapDestroy(HANDLE Heap)
{
    return RtlDestroyHeap(Heap) == NULL ? TRUE : BaseFailWith(ERROR_INVALID_HANDLE);
}

BOOL WINAPI
HeapFree(HANDLE Heap, DWORD Flags, LPVOID Memory)
{
    return RtlFreeHeap(Heap, Flags, Memory) ? TRUE : BaseFailWith(ERROR_INVALID_PARAMETER);
}

BOOL WINAPI
HeapValidate(HANDLE Heap, DWORD Flags, LPCVOID Memory)
{
    return RtlValidateHeap(Heap, Flags, Memory);
}

SIZE_T WINAPI
HeapCompact(HANDLE Heap, DWORD Flags)
{
    return RtlCompactHeap(Heap, Flags);
}

BOOL WINAPI
HeapLock(HANDLE Heap)
{
    return RtlLockHeap(Heap);
}

BOOL WINAPI
HeapUnlock(HANDLE Heap)
{
    return RtlUnlockHeap(Heap);
}

DWORD WINAPI
GetProcessHeaps(DWORD Count, PHANDLE Heaps)
{
    return RtlGetProcessHeaps(Count, Heaps);
}

BOOL WINAPI
HeapSetInformation(HANDLE Heap, HEAP_INFORMATION_CLASS Class, PVOID Information, SIZE_T Length)
{
    /* Low fragmentation and termination on corruption are how every heap is already. */
    return Class == HeapCompatibilityInformation || Class == HeapEnableTerminationOnCorruption
               ? TRUE
               : BaseFailWith(ERROR_INVALID_PARAMETER);
}

BOOL WINAPI
HeapQueryInformation(HANDLE Heap, HEAP_INFORMATION_CLASS Class, PVOID Information, SIZE_T Length,
                     PSIZE_T Returned)
{
    if (Class != HeapCompatibilityInformation || Length < sizeof(ULONG)) {
        return BaseFailWith(Class != HeapCompatibilityInformation ? ERROR_INVALID_PARAMETER
                                                                  : ERROR_INSUFFICIENT_BUFFER);
    }
    *(PULONG)Information = 2;
    if (Returned != NULL) {
        *Returned = sizeof(ULONG);
    }
    return TRUE;
}

HGLOBAL WINAPI
GlobalAlloc(UINT Flags, SIZE_T Bytes)
{
    PVOID Memory = NULL;
    PBASE_MOVABLE Movable;

    if (Bytes != 0 || (Flags & GMEM_MOVEABLE) == 0) {
        Memory =
            RtlAllocateHeap(BaseHeap(), (Flags & GMEM_ZEROINIT) != 0 ? HEAP_ZERO_MEMORY : 0, Bytes);
        if (Memory == NULL) {
            return NULL;
        }
    }
    if ((Flags & GMEM_MOVEABLE) == 0) {
        return Memory;
    }
    Movable = RtlAllocateHeap(BaseHeap(), HEAP_ZERO_MEMORY, sizeof(*Movable));
    if (Movable == NULL) {
        RtlFreeHeap(BaseHeap(), 0, Memory);
        return NULL;
    }
    Movable->Memory = Memory;
    Movable->Discarded = Memory == NULL;
    return (HGLOBAL)&Movable->Memory;
}

HGLOBAL WINAPI
GlobalFree(HGLOBAL Handle)
{
    PBASE_MOVABLE Movable = BaseMovable(Handle);

    if (Handle == NULL) {
        return NULL;
    }
    if (Movable != NULL) {
        RtlFreeHeap(BaseHeap(), 0, Movable->Memory);
        RtlFreeHeap(BaseHeap(), 0, Movable);
    } else {
        RtlFreeHeap(BaseHeap(), 0, Handle);
    }
    return NULL;
}

LPVOID WINAPI
GlobalLock(HGLOBAL Handle)
{
    PBASE_MOVABLE Movable = BaseMovable(Handle);

    if (Movable == NULL) {
        return Handle;
    }
    if (Movable->Memory == NULL) {
        BaseFailWith(ERROR_DISCARDED);
        return NULL;
    }
    Movable->Locks++;
    return Movable->Memory;
}

BOOL WINAPI
GlobalUnlock(HGLOBAL Handle)
{
    PBASE_MOVABLE Movable = BaseMovable(Handle);

    if (Movable == NULL) {
        return TRUE;
    }
    if (Movable->Locks == 0) {
        return BaseFailWith(ERROR_NOT_LOCKED);
    }
    if (--Movable->Locks == 0) {
        SetLastError(ERROR_SUCCESS);
        return FALSE;
    }
    return TRUE;
}

SIZE_T WINAPI
GlobalSize(HGLOBAL Handle)
{
    PBASE_MOVABLE Movable = BaseMovable(Handle);
    PVOID Memory = Movable != NULL ? Movable->Memory : Handle;
    SIZE_T Size = Memory == NULL ? 0 : RtlSizeHeap(BaseHeap(), 0, Memory);

    if (Size == (SIZE_T)-1) {
        BaseFailWith(ERROR_INVALID_HANDLE);
        return 0;
    }
    return Size;
}

UINT WINAPI
GlobalFlags(HGLOBAL Handle)
{
    PBASE_MOVABLE Movable = BaseMovable(Handle);

    return Movable == NULL
               ? 0
               : (Movable->Locks & GMEM_LOCKCOUNT) | (Movable->Discarded ? GMEM_DISCARDED : 0);
}

HGLOBAL WINAPI
GlobalHandle(LPCVOID Memory)
{
    return (HGLOBAL)Memory; /* of fixed memory; the address of movable memory does not lead back */
}

HGLOBAL WINAPI
GlobalReAlloc(HGLOBAL Handle, SIZE_T Bytes, UINT Flags)
{
    PBASE_MOVABLE Movable = BaseMovable(Handle);
    ULONG Zero = (Flags & GMEM_ZEROINIT) != 0 ? HEAP_ZERO_MEMORY : 0;
    PVOID Memory;

    if ((Flags & GMEM_MODIFY) != 0) {
        return Handle;
    }
    if (Movable == NULL) {
        if ((Flags & GMEM_MOVEABLE) == 0) {
            Zero |= HEAP_REALLOC_IN_PLACE_ONLY;
        }
        return RtlReAllocateHeap(BaseHeap(), Zero, Handle, Bytes);
    }
    Memory = Movable->Memory == NULL ? RtlAllocateHeap(BaseHeap(), Zero, Bytes)
                                     : RtlReAllocateHeap(BaseHeap(), Zero, Movable->Memory, Bytes);
    if (Memory == NULL) {
        return NULL;
    }
    Movable->Memory = Memory;
    Movable->Discarded = FALSE;
    return Handle;
}
