/*
 * session.c - logon sessions: those of the accounts that there are. Each has tokens as long as the system runs, so none ever
 * ends, and of those who want to be told it is known only that they do.
 * [DDI:ntifs/seregisterlogonsessionterminatedroutine, seunregisterlogonsessionterminatedroutine,
 * semarklogonsessionforterminationnotification]
 */
#include "sep.h"
#include "nt/inc/left.h"

#define TAG_SESSION 'sLeS'

typedef struct _SEP_TERMINATED {
    LIST_ENTRY Links;
    PVOID Routine;
    PVOID Context;
    BOOLEAN Extended;
} SEP_TERMINATED, *PSEP_TERMINATED;

static NTSTATUS
SepRegister(PVOID Routine, PVOID Context, BOOLEAN Extended)
{
    PSEP_TERMINATED Entry;

    if (Routine == NULL) {
        return STATUS_INVALID_PARAMETER;
    }
    Entry = ExAllocatePoolWithTag(PagedPool, sizeof(*Entry), TAG_SESSION);
    if (Entry == NULL) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    Entry->Routine = Routine;
    Entry->Context = Context;
    Entry->Extended = Extended;
    InsertTailList(&SepTerminated, &Entry->Links);
    return STATUS_SUCCESS;
}

static NTSTATUS
SepUnregister(PVOID Routine, PVOID Context, BOOLEAN Extended)
{
    if (Routine == NULL) {
        return STATUS_INVALID_PARAMETER;
    }
    for (PLIST_ENTRY At = SepTerminated.Flink; At != &SepTerminated; At = At->Flink) {
        PSEP_TERMINATED Entry = CONTAINING_RECORD(At, SEP_TERMINATED, Links);

        if (Entry->Routine == Routine && Entry->Context == Context && Entry->Extended == Extended) {
            RemoveEntryList(&Entry->Links);
            ExFreePoolWithTag(Entry, TAG_SESSION);
            return STATUS_SUCCESS;
        }
    }
    return STATUS_NOT_FOUND;
}

NTSTATUS NTAPI
SeRegisterLogonSessionTerminatedRoutine(PSE_LOGON_SESSION_TERMINATED_ROUTINE CallbackRoutine)
{
    return SepRegister((PVOID)CallbackRoutine, NULL, FALSE);
}

NTSTATUS NTAPI
SeUnregisterLogonSessionTerminatedRoutine(PSE_LOGON_SESSION_TERMINATED_ROUTINE CallbackRoutine)
{
    return SepUnregister((PVOID)CallbackRoutine, NULL, FALSE);
}

NTSTATUS NTAPI
SeRegisterLogonSessionTerminatedRoutineEx(PSE_LOGON_SESSION_TERMINATED_ROUTINE_EX CallbackRoutine,
                                          PVOID Context)
{
    return SepRegister((PVOID)CallbackRoutine, Context, TRUE);
}

NTSTATUS NTAPI
SeUnregisterLogonSessionTerminatedRoutineEx(PSE_LOGON_SESSION_TERMINATED_ROUTINE_EX CallbackRoutine,
                                            PVOID Context)
{
    return SepUnregister((PVOID)CallbackRoutine, Context, TRUE);
}

NTSTATUS NTAPI
SeMarkLogonSessionForTerminationNotification(PLUID LogonId)
{
    static const ULONG Sessions[] = {
        0x3E7, 0x3E6, 0x3E5, 0x3E4, SEP_SESSION_ADMIN, SEP_SESSION_USER,
    };

    for (ULONG i = 0; i < RTL_NUMBER_OF(Sessions); i++) {
        if (LogonId->HighPart == 0 && LogonId->LowPart == Sessions[i]) {
            return STATUS_SUCCESS;
        }
    }
    return STATUS_NOT_FOUND;
}

VOID
SepListRoutines(KI_LEFT_SAY *Say, PVOID Context)
{
    for (PLIST_ENTRY At = SepTerminated.Flink; At != &SepTerminated; At = At->Flink) {
        PSEP_TERMINATED Entry = CONTAINING_RECORD(At, SEP_TERMINATED, Links);

        Say(Context, "told of logon sessions", Entry, Entry->Routine);
    }
}
