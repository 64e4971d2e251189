/*
 * checked.c - a checked build (DBG is 1) that formats with the C library's names: what older sources take for granted.
 *
 * One word is a pointer here, a routine of the kernel's elsewhere; an annotation of each vintage; the swprintf with a
 * count and the one without.
 */
#include <fltKernel.h>
#include <dontuse.h>
#include <suppress.h>
#include "ntddk.h"
#include <stdio.h>

typedef NTSTATUS (*QUERY_PROCESS)(__in HANDLE ProcessHandle,
                                  __in PROCESSINFOCLASS ProcessInformationClass,
                                  __out_bcount_opt(Length) PVOID Information, __in ULONG Length,
                                  __out_opt PULONG ReturnLength);
QUERY_PROCESS ZwQueryInformationProcess;

typedef struct _PORT_MESSAGE {
    USHORT Length;
} PORT_MESSAGE, *PPORT_MESSAGE;

typedef _Return_type_success_(return >= 0) LONG NTSTATUS;

_At_(String->Buffer, _Pre_maybenull_ _Post_notnull_) VOID
    Release(_In_ __drv_freesMem(Mem) _Post_invalid_ PVOID Block,
            _Inout_ _Pre_notnull_ PUNICODE_STRING String);

#pragma alloc_text(NONPAGED, Release)

VOID
Release(PVOID Block, PUNICODE_STRING String)
{
    ExFreePool(Block);
    String->Buffer = NULL;
}

VOID
Unload(PDRIVER_OBJECT DriverObject)
{
    UNREFERENCED_PARAMETER(DriverObject = NULL); /* an expression, in Microsoft's samples too */
}

/* [ntifs: FSRTL_ADVANCED_FCB_HEADER] The oplock is behind what Windows 7 had. */
C_ASSERT(FIELD_OFFSET(FSRTL_ADVANCED_FCB_HEADER, Oplock) == 0x58);
static FSRTL_ADVANCED_FCB_HEADER Header;
static FAST_MUTEX Mutex;
static DECLSPEC_ALIGN(16) LONG64 Pair[2] = {1, 2}, Old[2] = {1, 2};
static BOOLEAN Swapped;

NTSTATUS
DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
    UNICODE_STRING Name = RTL_CONSTANT_STRING(L"ZwQueryInformationProcess");
    CHAR Narrow[32], Short[4];
    WCHAR Wide[32], Counted[4];
    BOOLEAN Verified;
    ULONG Length = 0;
    HANDLE Handle = NULL;
    NTSTATUS Status;

    NT_ASSERT(RegistryPath != NULL);
    NT_ASSERTMSG("a driver object", DriverObject != NULL);
    FLT_ASSERTMSG("a driver object", DriverObject != NULL);
    Verified = NT_VERIFY(DriverObject->DriverStart != NULL);
    DriverObject->DriverUnload = Unload;
    ZwQueryInformationProcess = (QUERY_PROCESS)MmGetSystemRoutineAddress(&Name);
    Status = ZwQueryInformationProcess(NtCurrentProcess(), ProcessImageFileName, NULL, 0, &Length);
    sprintf(Narrow, "%d-%s", 12, "ab");
    Length = (ULONG)_snprintf(Short, sizeof(Short), "%d", 1234567);
    swprintf(Wide, L"%d+%ws", 34, L"cd");
    DbgPrint("checked: %s %x %ws %d %ws, verified %d, status %x\n", Narrow, Length, Wide,
             swprintf(Counted, RTL_NUMBER_OF(Counted), L"%d", 1234567), Counted, Verified, Status);
    /* Nobody can make a transaction; its object type is there, and is not a file's. */
    Status = ObOpenObjectByPointer(PsInitialSystemProcess, OBJ_KERNEL_HANDLE, NULL, GENERIC_READ,
                                   *TmTransactionObjectType, KernelMode, &Handle);
    DbgPrint("checked: a process as a transaction %x\n", Status);
    ExInitializeFastMutex(&Mutex);
    Header.Oplock = &Mutex;
    FsRtlSetupAdvancedHeader(&Header, &Mutex);
    FsRtlInitializeOplock(&Header.Oplock);
    DbgPrint("checked: header %d %d, oplock %p\n", Header.Version == FSRTL_FCB_HEADER_V2,
             Header.FastMutex == &Mutex, Header.Oplock);
    FsRtlUninitializeOplock(&Header.Oplock);
    __nop();
    Swapped = InterlockedCompareExchange128(Pair, 4, 3, Old);
    DbgPrint("checked: swapped %d, %I64d %I64d, again %d, %I64d %I64d\n", Swapped, Pair[0], Pair[1],
             InterlockedCompareExchange128(Pair, 6, 5, Old), Old[0], Old[1]);
    return STATUS_SUCCESS;
}
