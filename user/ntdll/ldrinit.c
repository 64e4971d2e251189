/*
 * ldrinit.c - from the first instruction of a thread to its start routine, and the way out.
 *
 * The kernel starts every user thread in LdrInitializeThunk with the CONTEXT to go on with. The first
 * thread of a process builds everything: loader data, heap, images, their TLS, DllMain of each in
 * dependency order. Further threads wait for it, then attach to what is loaded.
 *
 *   L1  Whatever runs between LdrpState 0 and 2 runs in the first thread, under the loader lock.
 *   L2  DllMain of an image runs after that of all that it imports (cycles: in load order), and in
 *       reverse at the end.
 *   L3  At process exit all other threads are gone before the first DllMain is called, so a lock that
 *       one of them held is taken over rather than waited for (critical.c).
 *
 * Facts: "DllMain entry point", "Dynamic-Link Library Best Practices", PE format specification (TLS).
 */
#include "user/ntdll/ntdllp.h"

static PLDR_DATA_TABLE_ENTRY
LdrpEntryOf(PLIST_ENTRY Links)
{
    return CONTAINING_RECORD(Links, LDR_DATA_TABLE_ENTRY, InInitializationOrderLinks);
}

VOID
LdrpHardError(NTSTATUS Status, PCUNICODE_STRING First, PCUNICODE_STRING Second, PVOID Caller)
{
    ULONG_PTR Parameters[3];
    ULONG Response = 0;

    Parameters[0] = (ULONG_PTR)First;
    Parameters[1] = (ULONG_PTR)Second;
    Parameters[2] = (ULONG_PTR)Caller;
    NtRaiseHardError(Status,
                     Caller != NULL   ? 3
                     : Second != NULL ? 2
                                      : 1,
                     Second != NULL ? 3 : 1, Parameters, 1, &Response);
}

static VOID
LdrpNormalizeString(PUNICODE_STRING String, ULONG_PTR Base)
{
    if (String->Buffer != NULL && (ULONG_PTR)String->Buffer < Base) {
        String->Buffer = (PWSTR)((ULONG_PTR)String->Buffer + Base);
    }
}

/* Parameters that were written for another process hold offsets instead of pointers. */
static VOID
LdrpNormalizeParameters(PRTL_USER_PROCESS_PARAMETERS Parameters)
{
    ULONG_PTR Base = (ULONG_PTR)Parameters;

    if (Parameters == NULL || (Parameters->Flags & RTL_USER_PROC_PARAMS_NORMALIZED) != 0) {
        return;
    }
    LdrpNormalizeString(&Parameters->CurrentDirectory.DosPath, Base);
    LdrpNormalizeString(&Parameters->DllPath, Base);
    LdrpNormalizeString(&Parameters->ImagePathName, Base);
    LdrpNormalizeString(&Parameters->CommandLine, Base);
    LdrpNormalizeString(&Parameters->WindowTitle, Base);
    LdrpNormalizeString(&Parameters->DesktopInfo, Base);
    LdrpNormalizeString(&Parameters->ShellInfo, Base);
    LdrpNormalizeString(&Parameters->RuntimeData, Base);
    if (Parameters->Environment != NULL && (ULONG_PTR)Parameters->Environment < Base) {
        Parameters->Environment = (PWSTR)((ULONG_PTR)Parameters->Environment + Base);
    }
    Parameters->Flags |= RTL_USER_PROC_PARAMS_NORMALIZED;
}

BOOLEAN
LdrpCallInit(PLDR_DATA_TABLE_ENTRY Entry, ULONG Reason, PVOID Reserved)
{
    BOOL(WINAPI * Routine)(HINSTANCE, DWORD, LPVOID) = (PVOID)Entry->EntryPoint;

    LdrpCallTlsCallbacks(Entry, Reason);
    if (Routine == NULL) {
        return TRUE;
    }
    return Routine(Entry->DllBase, Reason, Reserved) != FALSE;
}

/* Appends Entry to the order of initialisation, behind everything that it imports. */
VOID
LdrpListForInit(PLDR_DATA_TABLE_ENTRY Entry)
{
    ULONG Index;

    if (Entry->InitListed || Entry->Visiting) {
        return;
    }
    Entry->Visiting = TRUE;
    for (Index = 0; Index < Entry->ImportCount; Index++) {
        LdrpListForInit(Entry->Imports[Index]);
    }
    Entry->Visiting = FALSE;
    if (Entry != LdrpImage) {
        InsertTailList(&LdrpData.InInitializationOrderModuleList,
                       &Entry->InInitializationOrderLinks);
        Entry->InitListed = TRUE;
    }
}

/* Attaches every image that is listed and not yet attached. */
NTSTATUS
LdrpAttachListed(BOOLEAN Static)
{
    PLIST_ENTRY Links;

    for (Links = LdrpData.InInitializationOrderModuleList.Flink;
         Links != &LdrpData.InInitializationOrderModuleList; Links = Links->Flink) {
        PLDR_DATA_TABLE_ENTRY Entry = LdrpEntryOf(Links);

        if ((Entry->Flags & LDRP_PROCESS_ATTACH_CALLED) != 0) {
            continue;
        }
        Entry->Flags |= LDRP_PROCESS_ATTACH_CALLED;
        LdrpNotify(Entry, LDRP_DLL_LOADED);
        if (!LdrpCallInit(Entry, DLL_PROCESS_ATTACH, Static ? (PVOID)1 : NULL)) {
            if (Static) {
                LdrpHardError(STATUS_DLL_INIT_FAILED, &Entry->BaseDllName, NULL, NULL);
            }
            Entry->Flags &= ~LDRP_PROCESS_ATTACH_CALLED;
            return STATUS_DLL_INIT_FAILED;
        }
    }
    return STATUS_SUCCESS;
}

static NTSTATUS
LdrpInitializeProcess(PVOID NtdllBase)
{
    PPEB Peb = NtCurrentPeb();
    PRTL_USER_PROCESS_PARAMETERS Parameters = Peb->ProcessParameters;
    PIMAGE_NT_HEADERS Headers = RtlImageNtHeader(Peb->ImageBaseAddress);
    UNICODE_STRING Name;
    NTSTATUS Status;
    PLIST_ENTRY Links;

    LdrpNormalizeParameters(Parameters);
    LdrpData.Length = sizeof(LdrpData);
    InitializeListHead(&LdrpData.InLoadOrderModuleList);
    InitializeListHead(&LdrpData.InMemoryOrderModuleList);
    InitializeListHead(&LdrpData.InInitializationOrderModuleList);
    Peb->LoaderLock = &LdrpLoaderLock;
    Peb->FastPebLock = &RtlpPebLock;
    Peb->Ldr = &LdrpData;
    Peb->ProcessHeap = RtlCreateHeap(HEAP_GROWABLE, NULL, 0, 0, NULL, NULL);
    if (Peb->ProcessHeap == NULL) {
        return STATUS_NO_MEMORY;
    }
    RtlInitUnicodeString(&LdrpSystemDirectory, L"C:\\Windows\\System32\\");

    LdrpImage = LdrpInsert(Peb->ImageBaseAddress, &Parameters->ImagePathName);
    RtlInitUnicodeString(&Name, L"C:\\Windows\\System32\\ntdll.dll");
    LdrpNtdll = LdrpInsert(NtdllBase, &Name);
    if (LdrpImage == NULL || LdrpNtdll == NULL) {
        return STATUS_NO_MEMORY;
    }
    LdrpImage->References = LdrpNtdll->References = -1;
    LdrpNtdll->EntryPoint = NULL;
    LdrpNtdll->Flags |= LDRP_PROCESS_ATTACH_CALLED | LDRP_ENTRY_PROCESSED;
    LdrpImage->Flags &= ~LDRP_IMAGE_DLL;

    Status = STATUS_SUCCESS;
    LdrpListForInit(LdrpNtdll);
    if (Headers->OptionalHeader.Subsystem != IMAGE_SUBSYSTEM_NATIVE) {
        RtlInitUnicodeString(&Name, L"kernel32.dll");
        Status = LdrpLoad(&Name, &LdrpKernel32);
        if (!NT_SUCCESS(Status)) {
            return Status;
        }
        LdrpKernel32->References = -1;
        LdrpListForInit(LdrpKernel32);
    }
    Status = LdrpSnapImports(LdrpImage);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    LdrpListForInit(LdrpImage);
    for (Links = LdrpData.InLoadOrderModuleList.Flink; Links != &LdrpData.InLoadOrderModuleList;
         Links = Links->Flink) {
        Status = LdrpInitTls(CONTAINING_RECORD(Links, LDR_DATA_TABLE_ENTRY, InLoadOrderLinks));
        if (!NT_SUCCESS(Status)) {
            return Status;
        }
    }
    Status = LdrpThreadTls();
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    LdrpData.Initialized = TRUE;
    if (Peb->BeingDebugged) {
        DbgBreakPoint(); /* the system breakpoint: all is mapped, no code of an image has run */
    }
    Status = LdrpAttachListed(TRUE);
    if (NT_SUCCESS(Status)) {
        LdrpImage->Flags |= LDRP_PROCESS_ATTACH_CALLED;
        LdrpCallTlsCallbacks(LdrpImage, DLL_PROCESS_ATTACH);
    }
    return Status;
}

static VOID
LdrpAttachThread(VOID)
{
    PLIST_ENTRY Links;

    LdrpThreadTls();
    for (Links = LdrpData.InInitializationOrderModuleList.Flink;
         Links != &LdrpData.InInitializationOrderModuleList; Links = Links->Flink) {
        PLDR_DATA_TABLE_ENTRY Entry = LdrpEntryOf(Links);

        if ((Entry->Flags & (LDRP_PROCESS_ATTACH_CALLED | LDRP_DONT_CALL_FOR_THREADS)) ==
            LDRP_PROCESS_ATTACH_CALLED) {
            LdrpCallInit(Entry, DLL_THREAD_ATTACH, NULL);
        }
    }
    LdrpCallTlsCallbacks(LdrpImage, DLL_THREAD_ATTACH);
}

/* The linker wants an entry point in a DLL; ntdll is attached by being there. */
BOOL WINAPI
LdrpEntry(HINSTANCE Instance, DWORD Reason, LPVOID Reserved)
{
    return TRUE;
}

VOID NTAPI
LdrInitializeThunk(PCONTEXT Context, PVOID NtdllBase)
{
    NTSTATUS Status = STATUS_SUCCESS;

    if (InterlockedCompareExchange(&LdrpState, 1, 0) == 0) {
        RtlpChooseSections();
        RtlEnterCriticalSection(&LdrpLoaderLock);
        Status = LdrpInitializeProcess(NtdllBase);
        LdrpState = 2;
        RtlLeaveCriticalSection(&LdrpLoaderLock);
        if (!NT_SUCCESS(Status)) {
            NtTerminateProcess(NtCurrentProcess(), Status);
        }
    } else {
        /* L1: the first thread may not own the lock yet. */
        while (*(volatile LONG *)&LdrpState != 2) {
            LARGE_INTEGER Interval = {.QuadPart = -10000};

            NtDelayExecution(FALSE, &Interval);
        }
        RtlEnterCriticalSection(&LdrpLoaderLock);
        LdrpAttachThread();
        RtlLeaveCriticalSection(&LdrpLoaderLock);
    }
    Status = NtContinue(Context, TRUE);
    RtlRaiseStatus(Status);
}

/* Calls every image that was attached, last first. */
static VOID
LdrpDetach(ULONG Reason, PVOID Reserved)
{
    PLIST_ENTRY Links;

    LdrpCallTlsCallbacks(LdrpImage, Reason);
    for (Links = LdrpData.InInitializationOrderModuleList.Blink;
         Links != &LdrpData.InInitializationOrderModuleList; Links = Links->Blink) {
        PLDR_DATA_TABLE_ENTRY Entry = LdrpEntryOf(Links);

        if ((Entry->Flags & LDRP_PROCESS_ATTACH_CALLED) == 0 ||
            (Reason == DLL_THREAD_DETACH && (Entry->Flags & LDRP_DONT_CALL_FOR_THREADS) != 0)) {
            continue;
        }
        LdrpCallInit(Entry, Reason, Reserved);
    }
}

VOID NTAPI
LdrShutdownThread(VOID)
{
    RtlpRunFlsCallbacks();
    RtlEnterCriticalSection(&LdrpLoaderLock);
    if (!LdrpShutdown) {
        LdrpDetach(DLL_THREAD_DETACH, NULL);
    }
    LdrpFreeThreadTls();
    RtlLeaveCriticalSection(&LdrpLoaderLock);
    if (NtCurrentTeb()->TlsExpansionSlots != NULL) {
        RtlFreeHeap(RtlProcessHeap(), 0, NtCurrentTeb()->TlsExpansionSlots);
        NtCurrentTeb()->TlsExpansionSlots = NULL;
    }
}

VOID NTAPI
LdrShutdownProcess(VOID)
{
    if (LdrpShutdown) {
        return;
    }
    LdrpShutdown = TRUE;
    LdrpShutdownThread = NtCurrentTeb()->ClientId.UniqueThread;
    LdrpData.ShutdownInProgress = TRUE;
    LdrpData.ShutdownThreadId = LdrpShutdownThread;
    RtlpRunFlsCallbacks();
    LdrpDetach(DLL_PROCESS_DETACH, (PVOID)1);
}

BOOLEAN NTAPI
RtlDllShutdownInProgress(VOID)
{
    return LdrpShutdown;
}

VOID NTAPI
RtlExitUserProcess(NTSTATUS Status)
{
    if (!LdrpShutdown) {
        RtlEnterCriticalSection(&LdrpLoaderLock);
        RtlEnterCriticalSection(&RtlpPebLock);
        NtTerminateProcess(NULL, Status); /* L3: ends the other threads */
        RtlLeaveCriticalSection(&RtlpPebLock);
        LdrShutdownProcess();
    }
    NtTerminateProcess(NtCurrentProcess(), Status);
    __builtin_unreachable();
}

VOID NTAPI
RtlExitUserThread(NTSTATUS Status)
{
    ULONG Last = 0;

    if (NT_SUCCESS(NtQueryInformationThread(NtCurrentThread(), ThreadAmILastThread, &Last,
                                            sizeof(Last), NULL)) &&
        Last != 0) {
        RtlExitUserProcess(Status);
    }
    LdrShutdownThread();
    if (DbgUiGetThreadDebugObject() != NULL) {
        NtClose(DbgUiGetThreadDebugObject()); /* with a debugging thread ends its debugging */
    }
    NtCurrentTeb()->SameTebFlags |= 0x0008; /* FreeStackOnTermination */
    NtTerminateThread(NtCurrentThread(), Status);
    __builtin_unreachable();
}
