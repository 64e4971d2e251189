/*
 * token.c - a process's primary token and a thread's impersonation token.
 * Source: the documentation of the routines of these names.
 */
#include "nt/ps/psp.h"

#undef PsDereferencePrimaryToken
#undef PsDereferenceImpersonationToken

PACCESS_TOKEN NTAPI PsReferencePrimaryToken(PEPROCESS Process)
{
    KiSchedulePoint(SP_OBJECT, Process);
    SepReferenceToken(Process->Token);
    return Process->Token;
}

VOID NTAPI PsDereferencePrimaryToken(PACCESS_TOKEN Token)
{
    ObDereferenceObject(Token);
}

PACCESS_TOKEN NTAPI PsReferenceImpersonationToken(PETHREAD Thread, PBOOLEAN CopyOnOpen, PBOOLEAN EffectiveOnly,
                                                  PSECURITY_IMPERSONATION_LEVEL Level)
{
    KiSchedulePoint(SP_OBJECT, Thread);
    if (Thread->ImpersonationToken == NULL) {
        return NULL;
    }
    SepReferenceToken(Thread->ImpersonationToken);
    *CopyOnOpen = Thread->CopyOnOpen;
    *EffectiveOnly = Thread->EffectiveOnly;
    *Level = Thread->ImpersonationLevel;
    return Thread->ImpersonationToken;
}

VOID NTAPI PsDereferenceImpersonationToken(PACCESS_TOKEN Token)
{
    if (Token != NULL) {
        ObDereferenceObject(Token);
    }
}

NTSTATUS NTAPI PsImpersonateClient(PETHREAD Thread, PACCESS_TOKEN Token, BOOLEAN CopyOnOpen, BOOLEAN EffectiveOnly,
                                   SECURITY_IMPERSONATION_LEVEL Level)
{
    PACCESS_TOKEN Old;

    KiSchedulePoint(SP_OBJECT, Thread);
    Old = Thread->ImpersonationToken;
    if (Token != NULL) {
        SepReferenceToken(Token);
        Thread->CopyOnOpen = CopyOnOpen;
        Thread->EffectiveOnly = EffectiveOnly;
        Thread->ImpersonationLevel = Level;
    }
    Thread->ImpersonationToken = Token;
    if (Old != NULL) {
        ObDereferenceObject(Old);
    }
    return STATUS_SUCCESS;
}

VOID NTAPI PsRevertToSelf(VOID)
{
    PsImpersonateClient(PspCurrentThread(), NULL, FALSE, FALSE, SecurityAnonymous);
}

BOOLEAN NTAPI PsIsThreadImpersonating(PETHREAD Thread)
{
    return Thread->ImpersonationToken != NULL;
}

BOOLEAN NTAPI PsDisableImpersonation(PETHREAD Thread, PSE_IMPERSONATION_STATE State)
{
    if (Thread->ImpersonationToken == NULL) {
        State->Token = NULL;
        return FALSE;
    }
    State->Token = Thread->ImpersonationToken;
    State->CopyOnOpen = Thread->CopyOnOpen;
    State->EffectiveOnly = Thread->EffectiveOnly;
    State->Level = Thread->ImpersonationLevel;
    Thread->ImpersonationToken = NULL; /* the reference goes into the state */
    return TRUE;
}

VOID NTAPI PsRestoreImpersonation(PETHREAD Thread, PSE_IMPERSONATION_STATE State)
{
    if (State->Token != NULL) {
        PsImpersonateClient(Thread, State->Token, State->CopyOnOpen, State->EffectiveOnly, State->Level);
        ObDereferenceObject(State->Token);
    }
}

/* The full NT path of a process's executable, in pool memory that the caller frees. */
NTSTATUS NTAPI SeLocateProcessImageName(PEPROCESS Process, PUNICODE_STRING *ImageFileName)
{
    PUNICODE_STRING Name = ExAllocatePoolWithTag(NonPagedPool, sizeof(*Name) + Process->ImagePath.Length + sizeof(WCHAR), 'nIeS');

    if (Name == NULL) {
        return STATUS_NO_MEMORY;
    }
    Name->Length = Process->ImagePath.Length;
    Name->MaximumLength = Process->ImagePath.Length + sizeof(WCHAR);
    Name->Buffer = (PWSTR)(Name + 1);
    RtlCopyMemory(Name->Buffer, Process->ImagePath.Buffer, Process->ImagePath.Length);
    Name->Buffer[Name->Length / sizeof(WCHAR)] = 0;
    *ImageFileName = Name;
    return STATUS_SUCCESS;
}
