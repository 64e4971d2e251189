/*
 * notify.c - routines that drivers register for processes, threads and images.
 *
 * They run at PASSIVE_LEVEL inside a critical region, in the thread that caused the event.
 * Source: nt-semantics 1.8.
 */
#include "nt/ps/psp.h"

static NTSTATUS
PspChangeNotify(PSP_NOTIFY *Table, PVOID Routine, ULONG Kind, BOOLEAN Remove)
{
    for (ULONG Index = 0; Index < PSP_MAX_NOTIFY; Index++) {
        if (Remove && Table[Index].Routine == Routine && Table[Index].Kind == Kind) {
            Table[Index].Routine = NULL;
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
            return STATUS_SUCCESS;
        }
    }
    return STATUS_INSUFFICIENT_RESOURCES;
}

static BOOLEAN
PspIsRegistered(PSP_NOTIFY *Table, PVOID Routine)
{
    for (ULONG Index = 0; Index < PSP_MAX_NOTIFY; Index++) {
        if (Table[Index].Routine == Routine) {
            return TRUE;
        }
    }
    return FALSE;
}

NTSTATUS NTAPI
PsSetCreateProcessNotifyRoutine(PCREATE_PROCESS_NOTIFY_ROUTINE Routine, BOOLEAN Remove)
{
    NTSTATUS Status;

    if (!Remove && PspIsRegistered(PspProcessNotify, (PVOID)Routine)) {
        return STATUS_INVALID_PARAMETER;
    }
    Status = PspChangeNotify(PspProcessNotify, (PVOID)Routine, 0, Remove);
    return NT_SUCCESS(Status) ? Status : STATUS_INVALID_PARAMETER;
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
    NTSTATUS Status;

    if (!Remove && !PspIsTrustedRoutine((PVOID)Routine)) {
        return STATUS_ACCESS_DENIED;
    }
    if (!Remove && PspIsRegistered(PspProcessNotify, (PVOID)Routine)) {
        return STATUS_INVALID_PARAMETER;
    }
    Status = PspChangeNotify(PspProcessNotify, (PVOID)Routine, 1, Remove);
    return NT_SUCCESS(Status) ? Status : STATUS_INVALID_PARAMETER;
}

NTSTATUS NTAPI
PsSetCreateProcessNotifyRoutineEx2(ULONG Type, PVOID Routine, BOOLEAN Remove)
{
    if (Type != 0 /* PsCreateProcessNotifySubsystems */) {
        return STATUS_INVALID_PARAMETER;
    }
    if (!Remove && !PspIsTrustedRoutine(Routine)) {
        return STATUS_ACCESS_DENIED;
    }
    return PspChangeNotify(PspProcessNotify, Routine, 2, Remove);
}

NTSTATUS NTAPI
PsSetCreateThreadNotifyRoutine(PCREATE_THREAD_NOTIFY_ROUTINE Routine)
{
    return PspChangeNotify(PspThreadNotify, (PVOID)Routine, 0, FALSE);
}

NTSTATUS NTAPI
PsRemoveCreateThreadNotifyRoutine(PCREATE_THREAD_NOTIFY_ROUTINE Routine)
{
    return PspChangeNotify(PspThreadNotify, (PVOID)Routine, 0, TRUE);
}

NTSTATUS NTAPI
PsSetLoadImageNotifyRoutine(PLOAD_IMAGE_NOTIFY_ROUTINE Routine)
{
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

NTSTATUS
PspNotifyProcess(PEPROCESS Process, PEPROCESS Parent, PETHREAD Creator, BOOLEAN Create)
{
    PS_CREATE_NOTIFY_INFO Info;
    HANDLE ParentId = Process->InheritedFromUniqueProcessId;

    RtlZeroMemory(&Info, sizeof(Info));
    Info.Size = sizeof(Info);
    Info.ParentProcessId = ParentId;
    Info.FileOpenNameAvailable = 1;
    if (Creator != NULL) {
        Info.CreatingThreadId = Creator->Cid;
    }
    Info.ImageFileName = &Process->ImagePath;
    Info.CreationStatus = STATUS_SUCCESS;
    KeEnterCriticalRegion();
    for (ULONG Index = 0; Index < PSP_MAX_NOTIFY; Index++) {
        PVOID Routine = PspProcessNotify[Index].Routine;

        if (Routine == NULL) {
            continue;
        }
        if (PspProcessNotify[Index].Kind == 0) {
            ((PCREATE_PROCESS_NOTIFY_ROUTINE)Routine)(ParentId, Process->UniqueProcessId, Create);
        } else {
            ((PCREATE_PROCESS_NOTIFY_ROUTINE_EX)Routine)(Process, Process->UniqueProcessId,
                                                         Create ? &Info : NULL);
        }
    }
    KeLeaveCriticalRegion();
    return Info.CreationStatus;
}

VOID
PspNotifyThread(PETHREAD Thread, BOOLEAN Create)
{
    KeEnterCriticalRegion();
    for (ULONG Index = 0; Index < PSP_MAX_NOTIFY; Index++) {
        if (PspThreadNotify[Index].Routine != NULL) {
            ((PCREATE_THREAD_NOTIFY_ROUTINE)PspThreadNotify[Index].Routine)(
                Thread->Cid.UniqueProcess, Thread->Cid.UniqueThread, Create);
        }
    }
    KeLeaveCriticalRegion();
}

/* nt/mm has mapped an image: into a process, or (id NULL) a driver. */
VOID
PspCallImageNotify(PUNICODE_STRING FullName, HANDLE ProcessId, PKI_MODULE Module)
{
    IMAGE_INFO Info;

    RtlZeroMemory(&Info, sizeof(Info));
    Info.ImageAddressingMode = IMAGE_ADDRESSING_MODE_32BIT;
    Info.SystemModeImage = ProcessId == NULL;
    Info.ImageBase = Module->DllBase;
    Info.ImageSize = Module->SizeOfImage;
    KeEnterCriticalRegion();
    for (ULONG Index = 0; Index < PSP_MAX_NOTIFY; Index++) {
        if (PspImageNotify[Index].Routine != NULL) {
            ((PLOAD_IMAGE_NOTIFY_ROUTINE)PspImageNotify[Index].Routine)(FullName, ProcessId, &Info);
        }
    }
    KeLeaveCriticalRegion();
}
