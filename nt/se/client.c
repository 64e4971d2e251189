/*
 * client.c - impersonation on behalf of a client.
 *
 * The thread's ImpersonationToken, level and flags are the whole state; PsImpersonateClient and
 * PsRevertToSelf (nt/ps) keep it. A client context holds a token: the client's own (DirectlyAccess-
 * ClientToken: dynamic tracking) or a copy made when the context was.
 *
 * Facts: the DDI pages of SeCreateClientSecurity, SeImpersonateClientEx, PsImpersonateClient.
 */
#include "sep.h"

static NTSTATUS
SepFillClientContext(PTOKEN Token, SECURITY_IMPERSONATION_LEVEL Level, BOOLEAN EffectiveOnly,
                     PSECURITY_QUALITY_OF_SERVICE Qos, BOOLEAN Remote,
                     PSECURITY_CLIENT_CONTEXT Context)
{
    PACCESS_TOKEN Held = Token;
    BOOLEAN Direct = Qos->ContextTrackingMode == SECURITY_DYNAMIC_TRACKING && !Remote;
    NTSTATUS Status;

    if (Qos->ImpersonationLevel > SecurityDelegation) {
        return STATUS_INVALID_PARAMETER;
    }
    /* Who impersonates a client of its own can be passed on as that if it acts for it, and to another machine only if it may be there. */
    if (Token->Type == TokenImpersonation &&
        (Level <= SecurityIdentification || (Remote && Level != SecurityDelegation) ||
         Qos->ImpersonationLevel > Level)) {
        return STATUS_BAD_IMPERSONATION_LEVEL;
    }
    if (Direct) {
        ObReferenceObject(Held);
        Context->ClientTokenControl.TokenId = Token->TokenId;
        Context->ClientTokenControl.AuthenticationId = Token->AuthenticationId;
        Context->ClientTokenControl.ModifiedId = Token->ModifiedId;
        Context->ClientTokenControl.TokenSource = Token->Source;
    } else {
        Status = SepDuplicateToken(Token, TokenImpersonation, Qos->ImpersonationLevel, &Held);
        if (!NT_SUCCESS(Status)) {
            return Status;
        }
    }
    Context->SecurityQos.Length = sizeof(Context->SecurityQos);
    Context->SecurityQos.ImpersonationLevel = Qos->ImpersonationLevel;
    Context->SecurityQos.ContextTrackingMode = Qos->ContextTrackingMode;
    Context->SecurityQos.EffectiveOnly = Qos->EffectiveOnly;
    Context->ClientToken = Held;
    Context->DirectlyAccessClientToken = Direct;
    Context->DirectAccessEffectiveOnly = Qos->EffectiveOnly || EffectiveOnly;
    Context->ServerIsRemote = Remote;
    return STATUS_SUCCESS;
}

NTSTATUS NTAPI
SeCreateClientSecurity(PETHREAD ClientThread, PSECURITY_QUALITY_OF_SERVICE ClientSecurityQos,
                       BOOLEAN RemoteSession, PSECURITY_CLIENT_CONTEXT ClientContext)
{
    SECURITY_IMPERSONATION_LEVEL Level;
    PTOKEN Token = SepEffectiveToken(ClientThread, &Level);
    NTSTATUS Status = SepFillClientContext(
        Token, Level, ClientThread->ImpersonationToken != NULL && ClientThread->EffectiveOnly,
        ClientSecurityQos, RemoteSession, ClientContext);

    ObDereferenceObject(Token);
    return Status;
}

NTSTATUS NTAPI
SeCreateClientSecurityFromSubjectContext(PSECURITY_SUBJECT_CONTEXT SubjectContext,
                                         PSECURITY_QUALITY_OF_SERVICE ClientSecurityQos,
                                         BOOLEAN ServerIsRemote,
                                         PSECURITY_CLIENT_CONTEXT ClientContext)
{
    return SepFillClientContext(SeQuerySubjectContextToken(SubjectContext),
                                SubjectContext->ImpersonationLevel, FALSE, ClientSecurityQos,
                                ServerIsRemote, ClientContext);
}

NTSTATUS NTAPI
SeImpersonateClientEx(PSECURITY_CLIENT_CONTEXT ClientContext, PETHREAD ServerThread)
{
    return PsImpersonateClient(
        ServerThread != NULL ? ServerThread : PspCurrentThread(), ClientContext->ClientToken, TRUE,
        ClientContext->DirectlyAccessClientToken ? ClientContext->DirectAccessEffectiveOnly
                                                 : ClientContext->SecurityQos.EffectiveOnly,
        ClientContext->SecurityQos.ImpersonationLevel);
}

VOID NTAPI
SeImpersonateClient(PSECURITY_CLIENT_CONTEXT ClientContext, PETHREAD ServerThread)
{
    SeImpersonateClientEx(ClientContext, ServerThread);
}
