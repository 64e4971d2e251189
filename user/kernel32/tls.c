/*
 * tls.c - thread-local and fiber-local slots. Which TLS slots are taken: PEB.TlsBitmapBits and TlsExpansionBitmapBits,
 * guarded by the PEB lock. A freed slot is zeroed in the calling thread's storage only by the next TlsAlloc's owner:
 * NtSetInformationThread(ThreadZeroTlsCell) zeroes it in every thread.
 */
#include "user/kernel32/base.h"

static BOOL
BaseTakeBit(PULONG Bits, ULONG Count, PULONG Index)
{
    for (*Index = 0; *Index < Count; (*Index)++) {
        if ((Bits[*Index / 32] & (1u << (*Index % 32))) == 0) {
            Bits[*Index / 32] |= 1u << (*Index % 32);
            return TRUE;
        }
    }
    return FALSE;
}

DWORD WINAPI
TlsAlloc(VOID)
{
    PPEB Peb = NtCurrentPeb();
    PTEB Teb = NtCurrentTeb();
    ULONG Index = TLS_OUT_OF_INDEXES;

    RtlAcquirePebLock();
    if (BaseTakeBit(Peb->TlsBitmapBits, TLS_SLOTS, &Index)) {
        Teb->TlsSlots[Index] = NULL;
    } else if (BaseTakeBit(Peb->TlsExpansionBitmapBits, TLS_EXPANSION_SLOTS, &Index)) {
        if (Teb->TlsExpansionSlots != NULL) {
            Teb->TlsExpansionSlots[Index] = NULL;
        }
        Index += TLS_SLOTS;
    } else {
        Index = TLS_OUT_OF_INDEXES;
    }
    RtlReleasePebLock();
    if (Index == TLS_OUT_OF_INDEXES) {
        BaseFailWith(ERROR_NO_MORE_ITEMS);
    }
    return Index;
}

BOOL WINAPI
TlsFree(DWORD Index)
{
    PPEB Peb = NtCurrentPeb();
    PULONG Bits = Index < TLS_SLOTS ? Peb->TlsBitmapBits : Peb->TlsExpansionBitmapBits;
    ULONG Bit = Index < TLS_SLOTS ? Index : Index - TLS_SLOTS;
    BOOL Taken = FALSE;

    if (Index >= TLS_SLOTS + TLS_EXPANSION_SLOTS) {
        return BaseFailWith(ERROR_INVALID_PARAMETER);
    }
    RtlAcquirePebLock();
    if ((Bits[Bit / 32] & (1u << (Bit % 32))) != 0) {
        NtSetInformationThread(NtCurrentThread(), ThreadZeroTlsCell, &Index, sizeof(Index));
        Bits[Bit / 32] &= ~(1u << (Bit % 32));
        Taken = TRUE;
    }
    RtlReleasePebLock();
    return Taken ? TRUE : BaseFailWith(ERROR_INVALID_PARAMETER);
}

LPVOID WINAPI
TlsGetValue(DWORD Index)
{
    PTEB Teb = NtCurrentTeb();

    Teb->LastErrorValue = ERROR_SUCCESS;
    if (Index < TLS_SLOTS) {
        return Teb->TlsSlots[Index];
    }
    if (Index >= TLS_SLOTS + TLS_EXPANSION_SLOTS) {
        Teb->LastErrorValue = ERROR_INVALID_PARAMETER;
        return NULL;
    }
    return Teb->TlsExpansionSlots != NULL ? Teb->TlsExpansionSlots[Index - TLS_SLOTS] : NULL;
}

BOOL WINAPI
TlsSetValue(DWORD Index, LPVOID Value)
{
    PTEB Teb = NtCurrentTeb();

    if (Index < TLS_SLOTS) {
        Teb->TlsSlots[Index] = Value;
        return TRUE;
    }
    if (Index >= TLS_SLOTS + TLS_EXPANSION_SLOTS) {
        return BaseFailWith(ERROR_INVALID_PARAMETER);
    }
    if (Teb->TlsExpansionSlots == NULL) {
        Teb->TlsExpansionSlots =
            RtlAllocateHeap(BaseHeap(), HEAP_ZERO_MEMORY, TLS_EXPANSION_SLOTS * sizeof(PVOID));
        if (Teb->TlsExpansionSlots == NULL) {
            return BaseFailWith(ERROR_NOT_ENOUGH_MEMORY);
        }
    }
    Teb->TlsExpansionSlots[Index - TLS_SLOTS] = Value;
    return TRUE;
}

DWORD WINAPI
FlsAlloc(PFLS_CALLBACK_FUNCTION Callback)
{
    ULONG Index;

    if (!BaseResult(RtlFlsAlloc((PVOID)Callback, &Index))) {
        return FLS_OUT_OF_INDEXES;
    }
    return Index;
}

BOOL WINAPI
FlsFree(DWORD Index)
{
    return BaseResult(RtlFlsFree(Index));
}

PVOID WINAPI
FlsGetValue(DWORD Index)
{
    PVOID Value = NULL;

    SetLastError(ERROR_SUCCESS);
    BaseResult(RtlFlsGetValue(Index, &Value));
    return Value;
}

BOOL WINAPI
FlsSetValue(DWORD Index, PVOID Value)
{
    return BaseResult(RtlFlsSetValue(Index, Value));
}
