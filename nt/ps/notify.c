/*
 * notify.c - routines that drivers register for processes, threads and images.
 *
 * They run at PASSIVE_LEVEL inside a critical region, in the thread that caused the event. Who removes one waits for
 * the calls of it that are in progress: its driver may unload then.
 * Source: nt-semantics 1.8; [DDI:ntddk/pssetcreateprocessnotifyroutineex] on the waiting.
 */
#include "nt/ps/psp.h"
#include "nt/inc/left.h"

/* The next entry, if there is one: what is in it others may change until here (PspChangeNotify). */
static BOOLEAN
PspHasEntry(PSP_NOTIFY *Table, ULONG Index)
{
    KiSchedulePoint(SP_READ_STATE, Table);
    return Index < PspNotifyEnd;
}

static NTSTATUS
PspChangeNotify(PSP_NOTIFY *Table, PVOID Routine, ULONG Kind, BOOLEAN Remove)
{
    KiSchedulePoint(SP_INTERLOCKED, Table);
    for (ULONG Index = 0; Index < PspNotifyEnd; Index++) {
        if (Remove && Table[Index].Routine == Routine && Table[Index].Kind == Kind &&
            !Table[Index].Leaves) {
            Table[Index].Leaves = TRUE; /* who is told from now on is so by the run-down alone */
            ExWaitForRundownProtectionRelease(&Table[Index].Calls);
            KiSchedulePoint(SP_INTERLOCKED, Table);
            Table[Index].Routine = NULL;
            Table[Index].Leaves = FALSE;
            ExReInitializeRundownProtection(&Table[Index].Calls);
            return STATUS_SUCCESS;
        }
    }
    if (Remove) {
        return STATUS_PROCEDURE_NOT_FOUND;
    }
    for (ULONG Index = 0; Index < PSP_MAX_NOTIFY; Index++) {
        if (Table[Index].Routine == NULL) {
            Table[Index].Routine = Routine;
            Table[Index].Kind = Kind;
            PspNotifyEnd = max(PspNotifyEnd, Index + 1);
            return STATUS_SUCCESS;
        }
    }
    return STATUS_INSUFFICIENT_RESOURCES;
}

/* What it names is to be called, until PspEndCall; NULL: nothing is. */
static PVOID
PspBeginCall(PSP_NOTIFY *Notify)
{
    PVOID Routine;

    if (Notify->Routine == NULL || !ExAcquireRundownProtection(&Notify->Calls)) {
        return NULL;
    }
    Routine = Notify->Routine;
    if (Routine == NULL) { /* it went meanwhile */
        ExReleaseRundownProtection(&Notify->Calls);
    }
    return Routine;
}

static VOID
PspEndCall(PSP_NOTIFY *Notify)
{
    ExReleaseRundownProtection(&Notify->Calls);
}

static BOOLEAN
PspIsRegistered(PSP_NOTIFY *Table, PVOID Routine)
{
    for (ULONG Index = 0; PspHasEntry(Table, Index); Index++) {
        if (Table[Index].Routine == Routine) {
            return TRUE;
        }
    }
    return FALSE;
}

/* STATUS_INVALID_PARAMETER: it is registered already, or is not, or there is no room. */
static NTSTATUS
PspChangeProcessNotify(PVOID Routine, ULONG Kind, BOOLEAN Remove)
{
    if (!Remove && PspIsRegistered(PspProcessNotify, Routine)) {
        return STATUS_INVALID_PARAMETER;
    }
    return NT_SUCCESS(PspChangeNotify(PspProcessNotify, Routine, Kind, Remove))
               ? STATUS_SUCCESS
               : STATUS_INVALID_PARAMETER;
}

NTSTATUS NTAPI
PsSetCreateProcessNotifyRoutine(PCREATE_PROCESS_NOTIFY_ROUTINE Routine, BOOLEAN Remove)
{
    return PspChangeProcessNotify((PVOID)Routine, 0, Remove);
}

/* Documented: the Ex routines must lie in an image that was linked with /INTEGRITYCHECK. */
static BOOLEAN
PspIsTrustedRoutine(PVOID Routine)
{
    PKI_MODULE Module = MiFindModule(Routine);

    return Module != NULL &&
           (!Module->UnderTest || (Module->Flags & 0x20 /* from FORCE_INTEGRITY */));
}

NTSTATUS NTAPI
PsSetCreateProcessNotifyRoutineEx(PCREATE_PROCESS_NOTIFY_ROUTINE_EX Routine, BOOLEAN Remove)
{
    if (!Remove && !PspIsTrustedRoutine((PVOID)Routine)) {
        IopNoteRefusal(STATUS_ACCESS_DENIED,
                       "PsSetCreateProcessNotifyRoutineEx wants an image linked with "
                       "/INTEGRITYCHECK");
        return STATUS_ACCESS_DENIED;
    }
    return PspChangeProcessNotify((PVOID)Routine, 1, Remove);
}

NTSTATUS NTAPI
PsSetCreateProcessNotifyRoutineEx2(ULONG Type, PVOID Routine, BOOLEAN Remove)
{
    if (Type != 0 /* PsCreateProcessNotifySubsystems */) {
        return STATUS_INVALID_PARAMETER;
    }
    if (!Remove && !PspIsTrustedRoutine(Routine)) {
        IopNoteRefusal(STATUS_ACCESS_DENIED,
                       "PsSetCreateProcessNotifyRoutineEx2 wants an image linked with "
                       "/INTEGRITYCHECK");
        return STATUS_ACCESS_DENIED;
    }
    return PspChangeProcessNotify(Routine, 2, Remove);
}

NTSTATUS NTAPI
PsSetCreateThreadNotifyRoutine(PCREATE_THREAD_NOTIFY_ROUTINE Routine)
{
    return PspChangeNotify(PspThreadNotify, (PVOID)Routine, 0, FALSE);
}

/* PSCREATETHREADNOTIFYTYPE: PsCreateThreadNotifyNonSystem, where the routine runs in the new thread, PsCreateThreadNotifySubsystems */
NTSTATUS NTAPI
PsSetCreateThreadNotifyRoutineEx(ULONG Type, PVOID Routine)
{
    return Type != 1 ? STATUS_INVALID_PARAMETER : PsSetCreateThreadNotifyRoutine(Routine);
}

NTSTATUS NTAPI
PsRemoveCreateThreadNotifyRoutine(PCREATE_THREAD_NOTIFY_ROUTINE Routine)
{
    return PspChangeNotify(PspThreadNotify, (PVOID)Routine, 0, TRUE);
}

/* Image routines are given the image's file: the volume is mounted before there are any, because its file system is an image
   itself. */
static VOID
PspMountSystemVolume(VOID)
{
    UNICODE_STRING Path = RTL_CONSTANT_STRING(L"\\SystemRoot\\System32");
    OBJECT_ATTRIBUTES Attributes;
    IO_STATUS_BLOCK Iosb;
    HANDLE Handle;

    InitializeObjectAttributes(&Attributes, &Path, OBJ_CASE_INSENSITIVE | OBJ_KERNEL_HANDLE, NULL,
                               NULL);
    if (NT_SUCCESS(ZwOpenFile(&Handle, FILE_READ_ATTRIBUTES | SYNCHRONIZE, &Attributes, &Iosb,
                              FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE,
                              FILE_DIRECTORY_FILE | FILE_SYNCHRONOUS_IO_NONALERT))) {
        ZwClose(Handle);
    }
}

NTSTATUS NTAPI
PsSetLoadImageNotifyRoutine(PLOAD_IMAGE_NOTIFY_ROUTINE Routine)
{
    if (KiVersion->ImageNotifyExtended) {
        PspMountSystemVolume();
    }
    return PspChangeNotify(PspImageNotify, (PVOID)Routine, 0, FALSE);
}

NTSTATUS NTAPI
PsSetLoadImageNotifyRoutineEx(PLOAD_IMAGE_NOTIFY_ROUTINE Routine, ULONG_PTR Flags)
{
    return (Flags & ~1ull) != 0 ? STATUS_INVALID_PARAMETER_2 : PsSetLoadImageNotifyRoutine(Routine);
}

NTSTATUS NTAPI
PsRemoveLoadImageNotifyRoutine(PLOAD_IMAGE_NOTIFY_ROUTINE Routine)
{
    return PspChangeNotify(PspImageNotify, (PVOID)Routine, 0, TRUE);
}

/* The image as a file, for routines that want to ask about it; NULL if it has none. */
static PFILE_OBJECT
PspOpenImage(PUNICODE_STRING Path)
{
    OBJECT_ATTRIBUTES Attributes;
    IO_STATUS_BLOCK Iosb;
    PFILE_OBJECT File;
    HANDLE Handle;

    InitializeObjectAttributes(&Attributes, Path, OBJ_CASE_INSENSITIVE | OBJ_KERNEL_HANDLE, NULL,
                               NULL);
    if (!NT_SUCCESS(ZwOpenFile(&Handle, FILE_EXECUTE | SYNCHRONIZE, &Attributes, &Iosb,
                               FILE_SHARE_READ | FILE_SHARE_DELETE,
                               FILE_NON_DIRECTORY_FILE | FILE_SYNCHRONOUS_IO_NONALERT))) {
        return NULL;
    }
    if (!NT_SUCCESS(ObReferenceObjectByHandle(Handle, 0, IoFileObjectTypeP, KernelMode,
                                              (PVOID *)&File, NULL))) {
        File = NULL;
    }
    ZwClose(Handle);
    return File;
}

static BOOLEAN
PspAnyRegistered(PSP_NOTIFY *Table, ULONG LeastKind)
{
    for (ULONG Index = 0; PspHasEntry(Table, Index); Index++) {
        if (Table[Index].Routine != NULL && Table[Index].Kind >= LeastKind) {
            return TRUE;
        }
    }
    return FALSE;
}

/* Does a driver hear of a process that starts, once its creation has been told? */
BOOLEAN
PspAreStartsWatched(VOID)
{
    return PspAnyRegistered(PspThreadNotify, 0) || PspAnyRegistered(PspImageNotify, 0);
}

/* The command line that the process was given, where kernel mode can read it. */
static BOOLEAN
PspCommandLine(PEPROCESS Process, PUNICODE_STRING CommandLine)
{
    PSP_PARAMETERS *Parameters;

    if (Process->Peb == NULL) {
        return FALSE;
    }
    Parameters = PSP_ALIAS(PSP_FIELD(PSP_ALIAS(Process->Peb), PEB_PARAMETERS, PVOID));
    *CommandLine = Parameters->CommandLine;
    CommandLine->Buffer = PSP_ALIAS(CommandLine->Buffer);
    return TRUE;
}

/* All kinds have three arguments. */
static VOID
PspTell(PVOID Routine, ULONG64 First, ULONG64 Second, ULONG64 Third)
{
    if (VfCall == NULL) {
        ((VOID(NTAPI *)(ULONG64, ULONG64, ULONG64))Routine)(First, Second, Third);
    } else {
        VF_CALL(VOID, VfCallback, Routine, First, Second, Third, 0);
    }
}

NTSTATUS
PspNotifyProcess(PEPROCESS Process, PEPROCESS Parent, PETHREAD Creator, BOOLEAN Create)
{
    PS_CREATE_NOTIFY_INFO Info;
    HANDLE ParentId = Process->InheritedFromUniqueProcessId;
    UNICODE_STRING CommandLine;

    if (!PspAnyRegistered(PspProcessNotify, 0)) {
        return STATUS_SUCCESS;
    }
    RtlZeroMemory(&Info, sizeof(Info));
    Info.Size = sizeof(Info);
    Info.ParentProcessId = ParentId;
    Info.FileOpenNameAvailable = 1;
    if (Creator != NULL) {
        Info.CreatingThreadId = Creator->Cid;
    }
    Info.ImageFileName = &Process->ImagePath;
    if (Create && PspAnyRegistered(PspProcessNotify, 1)) {
        Info.FileObject = PspOpenImage(&Process->ImagePath);
        Info.CommandLine = PspCommandLine(Process, &CommandLine) ? &CommandLine : NULL;
    }
    Info.CreationStatus = STATUS_SUCCESS;
    KeEnterCriticalRegion();
    for (ULONG Index = 0; PspHasEntry(PspProcessNotify, Index); Index++) {
        PVOID Routine = PspBeginCall(&PspProcessNotify[Index]);

        if (Routine == NULL) {
            continue;
        }
        if (PspProcessNotify[Index].Kind == 0) {
            PspTell(Routine, (ULONG64)ParentId, (ULONG64)Process->UniqueProcessId, Create);
        } else {
            PspTell(Routine, (ULONG64)Process, (ULONG64)Process->UniqueProcessId,
                    (ULONG64)(Create ? &Info : NULL));
        }
        PspEndCall(&PspProcessNotify[Index]);
    }
    KeLeaveCriticalRegion();
    if (Info.FileObject != NULL) {
        ObDereferenceObject(Info.FileObject);
    }
    return Info.CreationStatus;
}

VOID
PspNotifyThread(PETHREAD Thread, BOOLEAN Create)
{
    KeEnterCriticalRegion();
    for (ULONG Index = 0; PspHasEntry(PspThreadNotify, Index); Index++) {
        PVOID Routine = PspBeginCall(&PspThreadNotify[Index]);

        if (Routine != NULL) {
            PspTell(Routine, (ULONG64)Thread->Cid.UniqueProcess, (ULONG64)Thread->Cid.UniqueThread,
                    Create);
            PspEndCall(&PspThreadNotify[Index]);
        }
    }
    if (Create) {
        KeLeaveCriticalRegion();
    } else {
        KiLeaveRegion(KiThread(), KI_CRITICAL, NULL); /* IopRundownThread comes next: its step */
    }
}

/* nt/mm has mapped an image: into a process, or (id NULL) a driver. */
VOID
PspCallImageNotify(PUNICODE_STRING FullName, HANDLE ProcessId, PKI_MODULE Module)
{
    WCHAR Room[PSP_PATH_ROOM];
    UNICODE_STRING Name;
    IMAGE_INFO_EX Info;

    if (!PspAnyRegistered(PspImageNotify, 0)) {
        return;
    }
    if (!PspDeviceName(FullName, Room, sizeof(Room), &Name)) {
        Name = *FullName;
    }
    RtlZeroMemory(&Info, sizeof(Info));
    Info.Size = sizeof(Info);
    Info.ImageInfo.ImageAddressingMode = IMAGE_ADDRESSING_MODE_32BIT;
    Info.ImageInfo.SystemModeImage = ProcessId == NULL;
    Info.ImageInfo.ImageBase = Module->DllBase;
    Info.ImageInfo.ImageSize = Module->SizeOfImage;
    if (KiVersion->ImageNotifyExtended) {
        Info.FileObject = PspOpenImage(&Name);
        Info.ImageInfo.ExtendedInfoPresent = Info.FileObject != NULL;
    }
    KeEnterCriticalRegion();
    for (ULONG Index = 0; PspHasEntry(PspImageNotify, Index); Index++) {
        PVOID Routine = PspBeginCall(&PspImageNotify[Index]);

        if (Routine != NULL) {
            PspTell(Routine, (ULONG64)&Name, (ULONG64)ProcessId, (ULONG64)&Info.ImageInfo);
            PspEndCall(&PspImageNotify[Index]);
        }
    }
    KeLeaveCriticalRegion();
    if (Info.FileObject != NULL) {
        ObDereferenceObject(Info.FileObject);
    }
}

VOID
PspListRoutines(KI_LEFT_SAY *Say, PVOID Context)
{
    for (ULONG Index = 0; Index < PspNotifyEnd; Index++) {
        if (PspProcessNotify[Index].Routine != NULL) {
            Say(Context, "a routine that is told of processes", NULL,
                PspProcessNotify[Index].Routine);
        }
        if (PspThreadNotify[Index].Routine != NULL) {
            Say(Context, "a routine that is told of threads", NULL, PspThreadNotify[Index].Routine);
        }
        if (PspImageNotify[Index].Routine != NULL) {
            Say(Context, "a routine that is told of images", NULL, PspImageNotify[Index].Routine);
        }
    }
}
