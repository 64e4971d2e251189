/*
 * token.c - the tokens of processes and threads: primary, impersonated, and back.
 *
 * A thread impersonates when its ImpersonationToken is not NULL; level and flags stand beside it.
 * Facts: PsImpersonateClient, PsRevertToSelf, PsDisableImpersonation, PsReferenceImpersonationToken (ntifs).
 */
#include "nt/ps/psp.h"
#include "nt/inc/life.h"

HANDLE NTAPI
PsReferencePrimaryToken(PEPROCESS Process)
{
    KiLooksAt(PSP_SETTINGS_OF_PROCESS(Process));
    ObpAddReference(Process->Token);
    return Process->Token;
}

#undef PsDereferencePrimaryToken
#undef PsDereferenceImpersonationToken
VOID NTAPI
PsDereferencePrimaryToken(PACCESS_TOKEN PrimaryToken)
{
    ObDereferenceObject(PrimaryToken);
}

PACCESS_TOKEN NTAPI
PsReferenceImpersonationToken(PETHREAD Thread, PBOOLEAN CopyOnOpen, PBOOLEAN EffectiveOnly,
                              PSECURITY_IMPERSONATION_LEVEL ImpersonationLevel)
{
    KiLooksAt(&Thread->ImpersonationToken);
    if (Thread->ImpersonationToken == NULL) {
        return NULL;
    }
    *CopyOnOpen = Thread->CopyOnOpen;
    *EffectiveOnly = Thread->EffectiveOnly;
    *ImpersonationLevel = Thread->ImpersonationLevel;
    ObpAddReference(Thread->ImpersonationToken);
    return Thread->ImpersonationToken;
}

VOID NTAPI
PsDereferenceImpersonationToken(PACCESS_TOKEN ImpersonationToken)
{
    if (ImpersonationToken != NULL) {
        ObDereferenceObject(ImpersonationToken);
    }
}

BOOLEAN NTAPI
PsIsThreadImpersonating(PETHREAD Thread)
{
    return Thread->ImpersonationToken != NULL;
}

NTSTATUS NTAPI
PsImpersonateClient(PETHREAD Thread, PACCESS_TOKEN Token, BOOLEAN CopyOnOpen, BOOLEAN EffectiveOnly,
                    SECURITY_IMPERSONATION_LEVEL ImpersonationLevel)
{
    PACCESS_TOKEN Old;

    KiChanges(&Thread->ImpersonationToken);
    if (Token != NULL) {
        ObReferenceObject(Token);
    }
    Old = Thread->ImpersonationToken;
    Thread->ImpersonationToken = Token;
    Thread->CopyOnOpen = CopyOnOpen;
    Thread->EffectiveOnly = EffectiveOnly;
    Thread->ImpersonationLevel = ImpersonationLevel;
    if (Old != NULL) {
        ObDereferenceObject(Old);
    }
    return STATUS_SUCCESS;
}

VOID NTAPI
PsRevertThreadToSelf(PETHREAD Thread)
{
    PsImpersonateClient(Thread, NULL, FALSE, FALSE, SecurityAnonymous);
}

VOID NTAPI
PsRevertToSelf(VOID)
{
    PsRevertThreadToSelf(PspCurrentThread());
}

/* TRUE if the thread was impersonating; PsRestoreImpersonation undoes it. */
BOOLEAN NTAPI
PsDisableImpersonation(PETHREAD Thread, PSE_IMPERSONATION_STATE ImpersonationState)
{
    KiChanges(&Thread->ImpersonationToken);
    ImpersonationState->Token = Thread->ImpersonationToken;
    ImpersonationState->CopyOnOpen = Thread->CopyOnOpen;
    ImpersonationState->EffectiveOnly = Thread->EffectiveOnly;
    ImpersonationState->Level = Thread->ImpersonationLevel;
    Thread->ImpersonationToken = NULL; /* the reference moves into the state */
    return ImpersonationState->Token != NULL;
}

VOID NTAPI
PsRestoreImpersonation(PETHREAD Thread, PSE_IMPERSONATION_STATE ImpersonationState)
{
    PsImpersonateClient(Thread, ImpersonationState->Token, ImpersonationState->CopyOnOpen,
                        ImpersonationState->EffectiveOnly, ImpersonationState->Level);
    if (ImpersonationState->Token != NULL) {
        ObDereferenceObject(ImpersonationState->Token);
    }
}

NTSTATUS NTAPI
PsAssignImpersonationToken(PETHREAD Thread, HANDLE Token)
{
    PACCESS_TOKEN Object;
    NTSTATUS Status;

    if (Token == NULL) {
        PsRevertThreadToSelf(Thread);
        return STATUS_SUCCESS;
    }
    Status = ObReferenceObjectByHandle(Token, TOKEN_IMPERSONATE, SeTokenObjectTypeP,
                                       KiPreviousMode(), &Object, NULL);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    if (SeTokenType(Object) != TokenImpersonation) {
        Status = STATUS_BAD_TOKEN_TYPE;
    } else {
        SECURITY_IMPERSONATION_LEVEL Level = SecurityImpersonation;

        SeQueryInformationToken(Object, TokenImpersonationLevel, (PVOID *)&Level);
        Status = PsImpersonateClient(Thread, Object, FALSE, FALSE, Level);
    }
    ObDereferenceObject(Object);
    return Status;
}
