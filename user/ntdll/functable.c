/*
 * functable.c - function tables that a program adds at run time: code that it generates itself.
 *
 * The unwinder asks here only for an address that no image holds. Facts: RtlAddFunctionTable,
 * RtlInstallFunctionTableCallback, RtlDeleteFunctionTable.
 */
#include "user/ntdll/ntdllp.h"

typedef struct _RTLP_FUNCTION_TABLE {
    LIST_ENTRY Links;
    PRUNTIME_FUNCTION Table; /* its identity; with a callback, the caller's identifier */
    ULONG Count;
    ULONG64 Base;
    ULONG64 Low, High;
    PGET_RUNTIME_FUNCTION_CALLBACK Callback;
    PVOID Context;
} RTLP_FUNCTION_TABLE, *PRTLP_FUNCTION_TABLE;

static BOOLEAN
RtlpAddTable(PRTLP_FUNCTION_TABLE Values)
{
    PRTLP_FUNCTION_TABLE Entry = RtlAllocateHeap(RtlProcessHeap(), 0, sizeof(*Entry));

    if (Entry == NULL) {
        return FALSE;
    }
    *Entry = *Values;
    RtlAcquireSRWLockExclusive(&RtlpVectoredLock);
    InsertTailList(&RtlpFunctionTables, &Entry->Links);
    RtlReleaseSRWLockExclusive(&RtlpVectoredLock);
    return TRUE;
}

BOOLEAN NTAPI
RtlAddFunctionTable(PRUNTIME_FUNCTION Table, ULONG Count, ULONG64 Base)
{
    RTLP_FUNCTION_TABLE Values = {.Table = Table, .Count = Count, .Base = Base, .Low = ~0ull};
    ULONG Index;

    for (Index = 0; Index < Count; Index++) {
        Values.Low = min(Values.Low, Base + Table[Index].BeginAddress);
        Values.High = max(Values.High, Base + Table[Index].EndAddress);
    }
    return RtlpAddTable(&Values);
}

BOOLEAN NTAPI
RtlInstallFunctionTableCallback(ULONG64 Identifier, ULONG64 Base, ULONG Length,
                                PGET_RUNTIME_FUNCTION_CALLBACK Callback, PVOID Context,
                                PCWSTR OutOfProcessDll)
{
    RTLP_FUNCTION_TABLE Values = {.Table = (PVOID)Identifier,
                                  .Base = Base,
                                  .Low = Base,
                                  .High = Base + Length,
                                  .Callback = Callback,
                                  .Context = Context};

    if ((Identifier & 3) != 3) {
        return FALSE; /* the two low bits tell an identifier from a table */
    }
    return RtlpAddTable(&Values);
}

BOOLEAN NTAPI
RtlDeleteFunctionTable(PRUNTIME_FUNCTION Table)
{
    PLIST_ENTRY Links;
    PRTLP_FUNCTION_TABLE Found = NULL;

    RtlAcquireSRWLockExclusive(&RtlpVectoredLock);
    for (Links = RtlpFunctionTables.Flink; Links != &RtlpFunctionTables; Links = Links->Flink) {
        if (CONTAINING_RECORD(Links, RTLP_FUNCTION_TABLE, Links)->Table == Table) {
            Found = CONTAINING_RECORD(Links, RTLP_FUNCTION_TABLE, Links);
            RemoveEntryList(Links);
            break;
        }
    }
    RtlReleaseSRWLockExclusive(&RtlpVectoredLock);
    if (Found != NULL) {
        RtlFreeHeap(RtlProcessHeap(), 0, Found);
    }
    return Found != NULL;
}

/* A growable table: Count functions of it are there now, sorted, in memory for Maximum; [LEARN: RtlAddGrowableFunctionTable]. */
DWORD NTAPI
RtlAddGrowableFunctionTable(PVOID *DynamicTable, PRUNTIME_FUNCTION FunctionTable, DWORD EntryCount,
                            DWORD MaximumEntryCount, ULONG_PTR RangeBase, ULONG_PTR RangeEnd)
{
    PRTLP_FUNCTION_TABLE Entry =
        RtlAllocateHeap(RtlProcessHeap(), HEAP_ZERO_MEMORY, sizeof(*Entry));

    if (Entry == NULL) {
        return (DWORD)STATUS_NO_MEMORY;
    }
    Entry->Table = FunctionTable;
    Entry->Count = EntryCount;
    Entry->Base = Entry->Low = RangeBase;
    Entry->High = RangeEnd;
    RtlAcquireSRWLockExclusive(&RtlpVectoredLock);
    InsertTailList(&RtlpFunctionTables, &Entry->Links);
    RtlReleaseSRWLockExclusive(&RtlpVectoredLock);
    *DynamicTable = Entry;
    return STATUS_SUCCESS;
}

VOID NTAPI
RtlGrowFunctionTable(PVOID DynamicTable, DWORD NewEntryCount)
{
    PRTLP_FUNCTION_TABLE Entry = DynamicTable;

    RtlAcquireSRWLockExclusive(&RtlpVectoredLock);
    Entry->Count = max(Entry->Count, NewEntryCount);
    RtlReleaseSRWLockExclusive(&RtlpVectoredLock);
}

VOID NTAPI
RtlDeleteGrowableFunctionTable(PVOID DynamicTable)
{
    PRTLP_FUNCTION_TABLE Entry = DynamicTable;

    RtlAcquireSRWLockExclusive(&RtlpVectoredLock);
    RemoveEntryList(&Entry->Links);
    RtlReleaseSRWLockExclusive(&RtlpVectoredLock);
    RtlFreeHeap(RtlProcessHeap(), 0, Entry);
}

PRUNTIME_FUNCTION
RtlpLookupDynamicFunction(ULONG64 ControlPc, PULONG64 ImageBase)
{
    PRUNTIME_FUNCTION Result = NULL;
    PLIST_ENTRY Links;
    ULONG Index;

    if (IsListEmpty(&RtlpFunctionTables)) {
        return NULL;
    }
    RtlAcquireSRWLockShared(&RtlpVectoredLock);
    for (Links = RtlpFunctionTables.Flink; Links != &RtlpFunctionTables && Result == NULL;
         Links = Links->Flink) {
        PRTLP_FUNCTION_TABLE Entry = CONTAINING_RECORD(Links, RTLP_FUNCTION_TABLE, Links);

        if (ControlPc < Entry->Low || ControlPc >= Entry->High) {
            continue;
        }
        *ImageBase = Entry->Base;
        if (Entry->Callback != NULL) {
            Result = Entry->Callback(ControlPc, Entry->Context);
            continue;
        }
        for (Index = 0; Index < Entry->Count; Index++) {
            if (ControlPc - Entry->Base >= Entry->Table[Index].BeginAddress &&
                ControlPc - Entry->Base < Entry->Table[Index].EndAddress) {
                Result = &Entry->Table[Index];
                break;
            }
        }
    }
    RtlReleaseSRWLockShared(&RtlpVectoredLock);
    return Result;
}
