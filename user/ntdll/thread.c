/*
 * thread.c - threads, their local storage slots, last error.
 *
 * TLS slots 0..63 lie in the TEB, 64..1087 in an array that the first set makes. Which are taken is a bit map
 * in the PEB. FLS slots: an array of values in the heap, callbacks for all threads; a callback runs when its thread
 * or fiber ends, or its index is freed, with a value that is not NULL.
 *
 * Facts: TlsAlloc, FlsAlloc (TLS_MINIMUM_AVAILABLE 64, 1088 in all; FLS 128 before Windows 10 2004).
 */
#include "user/ntdll/ntdllp.h"

/* A size of 0 is the executable's. [K: "Thread Stack Size"] */
static VOID
RtlpStackDefaults(PSIZE_T Reserve, PSIZE_T Commit)
{
    PIMAGE_NT_HEADERS Headers = RtlImageNtHeader(NtCurrentPeb()->ImageBaseAddress);

    if (Headers != NULL) {
        *Reserve = *Reserve != 0 ? *Reserve : Headers->OptionalHeader.SizeOfStackReserve;
        *Commit = *Commit != 0 ? *Commit : Headers->OptionalHeader.SizeOfStackCommit;
    }
}

NTSTATUS NTAPI
RtlCreateUserThread(HANDLE Process, PSECURITY_DESCRIPTOR Descriptor, BOOLEAN Suspended,
                    ULONG ZeroBits, SIZE_T StackReserve, SIZE_T StackCommit, PVOID Start,
                    PVOID Parameter, PHANDLE Thread, PCLIENT_ID Id)
{
    OBJECT_ATTRIBUTES Attributes;
    PS_ATTRIBUTE_LIST List;
    CLIENT_ID Ignored;
    HANDLE Handle;
    NTSTATUS Status;

    if (Process == NtCurrentProcess()) {
        RtlpStackDefaults(&StackReserve, &StackCommit);
    }
    InitializeObjectAttributes(&Attributes, NULL, 0, NULL, Descriptor);
    List.TotalLength = sizeof(List);
    List.Attributes[0].Attribute = PS_ATTRIBUTE_CLIENT_ID;
    List.Attributes[0].Size = sizeof(CLIENT_ID);
    List.Attributes[0].ValuePtr = Id != NULL ? Id : &Ignored;
    List.Attributes[0].ReturnLength = NULL;
    Status = NtCreateThreadEx(&Handle, THREAD_ALL_ACCESS, &Attributes, Process, Start, Parameter,
                              Suspended ? THREAD_CREATE_FLAGS_CREATE_SUSPENDED : 0, ZeroBits,
                              StackCommit, StackReserve, &List);
    if (NT_SUCCESS(Status)) {
        if (Thread != NULL) {
            *Thread = Handle;
        } else {
            NtClose(Handle);
        }
    }
    return Status;
}

ULONG NTAPI
RtlGetLastWin32Error(VOID)
{
    return NtCurrentTeb()->LastErrorValue;
}

VOID NTAPI
RtlSetLastWin32Error(ULONG Error)
{
    NtCurrentTeb()->LastErrorValue = Error;
}

NTSTATUS NTAPI
RtlGetLastNtStatus(VOID)
{
    return NtCurrentTeb()->LastStatusValue;
}

VOID NTAPI
RtlSetLastWin32ErrorAndNtStatusFromNtStatus(NTSTATUS Status)
{
    NtCurrentTeb()->LastErrorValue = RtlNtStatusToDosError(Status);
}

ULONG NTAPI
RtlNtStatusToDosError(NTSTATUS Status)
{
    NtCurrentTeb()->LastStatusValue = Status;
    return RtlNtStatusToDosErrorNoTeb(Status);
}

PPEB NTAPI
RtlGetCurrentPeb(VOID)
{
    return NtCurrentPeb();
}

static PVOID *
RtlpFlsArray(VOID)
{
    PTEB Teb = NtCurrentTeb();

    if (Teb->FlsData == NULL) {
        Teb->FlsData =
            RtlAllocateHeap(RtlProcessHeap(), HEAP_ZERO_MEMORY, RTLP_FLS_SLOTS * sizeof(PVOID));
    }
    return Teb->FlsData;
}

NTSTATUS NTAPI
RtlFlsAlloc(PVOID Callback, PULONG Result)
{
    ULONG Index;

    RtlAcquirePebLock();
    for (Index = 1; Index < RTLP_FLS_SLOTS && RtlpFlsUsed[Index]; Index++) {
    }
    if (Index < RTLP_FLS_SLOTS) {
        RtlpFlsUsed[Index] = 1;
        RtlpFlsCallbacks[Index] = Callback;
        *Result = Index;
    }
    RtlReleasePebLock();
    return Index < RTLP_FLS_SLOTS ? STATUS_SUCCESS : STATUS_NO_MEMORY;
}

/* Other threads' values of the index are dropped without the callback: they are not known here. */
NTSTATUS NTAPI
RtlFlsFree(ULONG Index)
{
    VOID(WINAPI * Callback)(PVOID);
    PVOID *Values = NtCurrentTeb()->FlsData;

    if (Index == 0 || Index >= RTLP_FLS_SLOTS || !RtlpFlsUsed[Index]) {
        return STATUS_INVALID_PARAMETER;
    }
    Callback = RtlpFlsCallbacks[Index];
    if (Values != NULL && Values[Index] != NULL) {
        PVOID Value = Values[Index];

        if (Callback != NULL) {
            Callback(Value);
        }
        Values[Index] = NULL;
    }
    RtlpFlsUsed[Index] = 0;
    return STATUS_SUCCESS;
}

NTSTATUS NTAPI
RtlFlsGetValue(ULONG Index, PVOID *Value)
{
    PVOID *Values = NtCurrentTeb()->FlsData;

    if (Index == 0 || Index >= RTLP_FLS_SLOTS) {
        return STATUS_INVALID_PARAMETER;
    }
    *Value = Values != NULL ? Values[Index] : NULL;
    return STATUS_SUCCESS;
}

NTSTATUS NTAPI
RtlFlsSetValue(ULONG Index, PVOID Value)
{
    PVOID *Values;

    if (Index == 0 || Index >= RTLP_FLS_SLOTS) {
        return STATUS_INVALID_PARAMETER;
    }
    Values = RtlpFlsArray();
    if (Values == NULL) {
        return STATUS_NO_MEMORY;
    }
    Values[Index] = Value;
    return STATUS_SUCCESS;
}

/*
 * One fiber's (or plain thread's) values come to their end: Flags 1 runs the callbacks, 2 frees the array.
 * The callbacks see the current fiber's storage, whichever fiber's values these are.
 */
VOID NTAPI
RtlProcessFlsData(PVOID FlsData, ULONG Flags)
{
    PVOID *Values = FlsData;
    ULONG Index;

    if (Values == NULL) {
        return;
    }
    for (Index = 1; (Flags & 1) != 0 && Index < RTLP_FLS_SLOTS; Index++) {
        VOID(WINAPI * Callback)(PVOID) = RtlpFlsCallbacks[Index];
        PVOID Value = Values[Index];

        Values[Index] = NULL;
        if (Value != NULL && RtlpFlsUsed[Index] && Callback != NULL) {
            Callback(Value);
        }
    }
    if ((Flags & 2) != 0) {
        RtlFreeHeap(RtlProcessHeap(), 0, Values);
    }
}

/* The thread ends: its values, and the array. */
VOID
RtlpRunFlsCallbacks(VOID)
{
    PVOID Values = NtCurrentTeb()->FlsData;

    RtlProcessFlsData(Values, 1);
    NtCurrentTeb()->FlsData = NULL;
    RtlProcessFlsData(Values, 2);
}
