/*
 * virtual.c - virtual memory of this process and of others.
 */
#include "user/kernel32/base.h"

LPVOID WINAPI
VirtualAllocEx(HANDLE Process, LPVOID Address, SIZE_T Size, DWORD Type, DWORD Protection)
{
    PVOID Base = Address;
    NTSTATUS Status = NtAllocateVirtualMemory(Process, &Base, 0, &Size, Type, Protection);

    if (!NT_SUCCESS(Status)) {
        BaseFail(Status);
        return NULL;
    }
    return Base;
}

LPVOID WINAPI
VirtualAlloc(LPVOID Address, SIZE_T Size, DWORD Type, DWORD Protection)
{
    return VirtualAllocEx(NtCurrentProcess(), Address, Size, Type, Protection);
}

BOOL WINAPI
VirtualFreeEx(HANDLE Process, LPVOID Address, SIZE_T Size, DWORD Type)
{
    PVOID Base = Address;

    if ((Type & MEM_RELEASE) != 0 && Size != 0) {
        return BaseFailWith(ERROR_INVALID_PARAMETER);
    }
    return BaseResult(NtFreeVirtualMemory(Process, &Base, &Size, Type));
}

BOOL WINAPI
VirtualFree(LPVOID Address, SIZE_T Size, DWORD Type)
{
    return VirtualFreeEx(NtCurrentProcess(), Address, Size, Type);
}

BOOL WINAPI
VirtualProtectEx(HANDLE Process, LPVOID Address, SIZE_T Size, DWORD New, PDWORD Old)
{
    PVOID Base = Address;

    return BaseResult(NtProtectVirtualMemory(Process, &Base, &Size, New, Old));
}

BOOL WINAPI
VirtualProtect(LPVOID Address, SIZE_T Size, DWORD New, PDWORD Old)
{
    return VirtualProtectEx(NtCurrentProcess(), Address, Size, New, Old);
}

SIZE_T WINAPI
VirtualQueryEx(HANDLE Process, LPCVOID Address, PMEMORY_BASIC_INFORMATION Information,
               SIZE_T Length)
{
    SIZE_T Written = 0;

    return BaseResult(
               NtQueryVirtualMemory(Process, (PVOID)Address, 0, Information, Length, &Written))
               ? Written
               : 0;
}

SIZE_T WINAPI
VirtualQuery(LPCVOID Address, PMEMORY_BASIC_INFORMATION Information, SIZE_T Length)
{
    return VirtualQueryEx(NtCurrentProcess(), Address, Information, Length);
}

UINT WINAPI
GetWriteWatch(DWORD Flags, PVOID Base, SIZE_T Size, PVOID *Pages, ULONG_PTR *Count,
              LPDWORD Granularity)
{
    return BaseResult(
               NtGetWriteWatch(NtCurrentProcess(), Flags, Base, Size, Pages, Count, Granularity))
               ? 0
               : ~0u;
}

UINT WINAPI
ResetWriteWatch(LPVOID Base, SIZE_T Size)
{
    return BaseResult(NtResetWriteWatch(NtCurrentProcess(), Base, Size)) ? 0 : ~0u;
}

BOOL WINAPI
VirtualLock(LPVOID Address, SIZE_T Size)
{
    PVOID Base = Address;

    return BaseResult(NtLockVirtualMemory(NtCurrentProcess(), &Base, &Size, 1));
}

BOOL WINAPI
VirtualUnlock(LPVOID Address, SIZE_T Size)
{
    PVOID Base = Address;

    return BaseResult(NtUnlockVirtualMemory(NtCurrentProcess(), &Base, &Size, 1));
}

BOOL WINAPI
ReadProcessMemory(HANDLE Process, LPCVOID Address, LPVOID Buffer, SIZE_T Size, SIZE_T *Read)
{
    return BaseResult(NtReadVirtualMemory(Process, (PVOID)Address, Buffer, Size, Read));
}

BOOL WINAPI
WriteProcessMemory(HANDLE Process, LPVOID Address, LPCVOID Buffer, SIZE_T Size, SIZE_T *Written)
{
    return BaseResult(NtWriteVirtualMemory(Process, Address, (PVOID)Buffer, Size, Written));
}

BOOL WINAPI
FlushInstructionCache(HANDLE Process, LPCVOID Address, SIZE_T Size)
{
    return BaseResult(NtFlushInstructionCache(Process, (PVOID)Address, Size));
}

static BOOL
BaseProbe(const volatile UCHAR *Address, UINT_PTR Size, BOOL Write)
{
    BOOL Bad = FALSE;
    UINT_PTR Offset;

    if (Size == 0) {
        return FALSE;
    }
    if (Address == NULL) {
        return TRUE;
    }
    __try {
        for (Offset = 0; Offset < Size; Offset += 0x1000) {
            UCHAR Value = Address[Offset];

            if (Write) {
                *(volatile UCHAR *)(Address + Offset) = Value;
            }
        }
        Address[Size - 1];
        if (Write) {
            *(volatile UCHAR *)(Address + Size - 1) = Address[Size - 1];
        }
    } __except (EXCEPTION_EXECUTE_HANDLER) {
        Bad = TRUE;
    }
    return Bad;
}

BOOL WINAPI
IsBadReadPtr(const VOID *Address, UINT_PTR Size)
{
    return BaseProbe(Address, Size, FALSE);
}

BOOL WINAPI
IsBadWritePtr(LPVOID Address, UINT_PTR Size)
{
    return BaseProbe(Address, Size, TRUE);
}

BOOL WINAPI
IsBadCodePtr(FARPROC Address)
{
    return BaseProbe((PVOID)Address, 1, FALSE);
}

BOOL WINAPI
IsBadStringPtrA(LPCSTR String, UINT_PTR Maximum)
{
    BOOL Bad = FALSE;

    if (String == NULL) {
        return TRUE;
    }
    __try {
        while (Maximum-- != 0 && *(const volatile char *)String++ != 0) {
        }
    } __except (EXCEPTION_EXECUTE_HANDLER) {
        Bad = TRUE;
    }
    return Bad;
}

BOOL WINAPI
IsBadStringPtrW(LPCWSTR String, UINT_PTR Maximum)
{
    BOOL Bad = FALSE;

    if (String == NULL) {
        return TRUE;
    }
    __try {
        while (Maximum-- != 0 && *(const volatile WCHAR *)String++ != 0) {
        }
    } __except (EXCEPTION_EXECUTE_HANDLER) {
        Bad = TRUE;
    }
    return Bad;
}
