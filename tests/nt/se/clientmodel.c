/*
 * clientmodel.c - client contexts against a table: a thread that impersonates nobody, or somebody at each level, and each quality of service that a server may ask for, near and far. Who
 * cannot be passed on is refused; else whose token the context holds, and as whom a server that uses it appears. Of a thread and of a subject context the same.
 * [DDI:ntifs/secreateclientsecurity], [DDI:ntifs/secreateclientsecurityfromsubjectcontext], [DDI:ntifs/seimpersonateclientex],
 * [DDI:ntifs/psimpersonateclient], [DDI:ntifs/psreferenceimpersonationtoken].
 */
#include "../ntlab-test.h"

NTKERNELAPI SECURITY_IMPERSONATION_LEVEL NTAPI SeTokenImpersonationLevel(PACCESS_TOKEN);

#define NOBODY -1

static ULONG Bad[6];
static PACCESS_TOKEN Tokens[4]; /* of the system, to impersonate at each level */

typedef struct {
    LONG As; /* level, or NOBODY */
    BOOLEAN WasEffective;
    BOOLEAN Remote, FromSubject;
    SECURITY_QUALITY_OF_SERVICE Quality;
} CASE;

static VOID
Become(const CASE *Case)
{
    PsRevertToSelf();
    if (Case->As != NOBODY) {
        Bad[0] += PsImpersonateClient(PsGetCurrentThread(), Tokens[Case->As], FALSE,
                                      Case->WasEffective, Case->As) != STATUS_SUCCESS;
    }
}

static NTSTATUS
Create(const CASE *Case, PSECURITY_CLIENT_CONTEXT Context)
{
    SECURITY_QUALITY_OF_SERVICE Quality = Case->Quality;
    SECURITY_SUBJECT_CONTEXT Subject;
    NTSTATUS Status;

    if (!Case->FromSubject) {
        return SeCreateClientSecurity(PsGetCurrentThread(), &Quality, Case->Remote, Context);
    }
    SeCaptureSubjectContext(&Subject);
    Status = SeCreateClientSecurityFromSubjectContext(&Subject, &Quality, Case->Remote, Context);
    SeReleaseSubjectContext(&Subject);
    return Status;
}

/* A server uses the context: as whom does it appear? */
static VOID
Use(const CASE *Case, PSECURITY_CLIENT_CONTEXT Context, BOOLEAN Direct)
{
    BOOLEAN Copy, Effective;
    SECURITY_IMPERSONATION_LEVEL Level;
    PACCESS_TOKEN Token;

    PsRevertToSelf();
    Bad[4] += SeImpersonateClientEx(Context, NULL) != STATUS_SUCCESS;
    Token = PsReferenceImpersonationToken(PsGetCurrentThread(), &Copy, &Effective, &Level);
    Bad[4] += Token != Context->ClientToken || Level != Case->Quality.ImpersonationLevel;
    Bad[5] +=
        Effective != (Case->Quality.EffectiveOnly ||
                      (Direct && Case->As != NOBODY && Case->WasEffective && !Case->FromSubject));
    if (Token != NULL) {
        PsDereferenceImpersonationToken(Token);
    }
}

static VOID
Try(const CASE *Case)
{
    BOOLEAN Refused = Case->As != NOBODY && (Case->As <= SecurityIdentification ||
                                             (Case->Remote && Case->As != SecurityDelegation) ||
                                             (LONG)Case->Quality.ImpersonationLevel > Case->As);
    BOOLEAN Direct =
        Case->Quality.ContextTrackingMode == SECURITY_DYNAMIC_TRACKING && !Case->Remote;
    SECURITY_CLIENT_CONTEXT Context;
    PACCESS_TOKEN Own;
    NTSTATUS Status;

    Become(Case);
    RtlFillMemory(&Context, sizeof(Context), 0xCC);
    Status = Create(Case, &Context);
    Bad[1] += Status != (Refused ? STATUS_BAD_IMPERSONATION_LEVEL : STATUS_SUCCESS);
    if (!NT_SUCCESS(Status)) {
        return;
    }
    Own = PsReferencePrimaryToken(PsGetCurrentProcess());
    Bad[2] += Context.SecurityQos.ImpersonationLevel != Case->Quality.ImpersonationLevel ||
              Context.SecurityQos.ContextTrackingMode != Case->Quality.ContextTrackingMode ||
              Context.SecurityQos.EffectiveOnly != Case->Quality.EffectiveOnly;
    Bad[2] += Context.ServerIsRemote != Case->Remote || Context.DirectlyAccessClientToken != Direct;
    if (Direct) {
        Bad[3] += Context.ClientToken != (Case->As == NOBODY ? Own : Tokens[Case->As]);
    } else {
        Bad[3] +=
            SeTokenType(Context.ClientToken) != TokenImpersonation ||
            SeTokenImpersonationLevel(Context.ClientToken) != Case->Quality.ImpersonationLevel;
        Bad[3] += Case->As != NOBODY && Context.ClientToken == Tokens[Case->As];
    }
    PsDereferencePrimaryToken(Own);
    Use(Case, &Context, Direct);
    PsRevertToSelf();
    SeDeleteClientSecurity(&Context);
}

static VOID
Cases(VOID)
{
    for (ULONG i = 0; i < 5 << 7; i++) {
        CASE Case = {.As = (LONG)(i >> 7) + NOBODY,
                     .WasEffective = i >> 6 & 1,
                     .Remote = i >> 5 & 1,
                     .FromSubject = i >> 4 & 1,
                     .Quality = {sizeof(SECURITY_QUALITY_OF_SERVICE), i >> 2 & 3,
                                 i >> 1 & 1 ? SECURITY_DYNAMIC_TRACKING : SECURITY_STATIC_TRACKING,
                                 i & 1}};

        Try(&Case);
    }
    for (ULONG i = 0; i < RTL_NUMBER_OF(Bad); i++) {
        EXPECT_EQ(Bad[i], 0);
    }
}

static VOID NTAPI
Unload(PDRIVER_OBJECT DriverObject)
{
}

NTSTATUS NTAPI
DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
    static const NTLAB_TEST Tests[] = {TEST(Cases)};
    SECURITY_CLIENT_CONTEXT Contexts[4];

    DriverObject->DriverUnload = Unload;
    for (ULONG i = 0; i < RTL_NUMBER_OF(Contexts); i++) {
        SECURITY_QUALITY_OF_SERVICE Quality = {sizeof(Quality), i, SECURITY_STATIC_TRACKING, FALSE};

        EXPECT_STATUS(SeCreateClientSecurity(PsGetCurrentThread(), &Quality, FALSE, &Contexts[i]),
                      STATUS_SUCCESS);
        Tokens[i] = Contexts[i].ClientToken;
    }
    NtlabRun(Tests, RTL_NUMBER_OF(Tests));
    for (ULONG i = 0; i < RTL_NUMBER_OF(Contexts); i++) {
        SeDeleteClientSecurity(&Contexts[i]);
    }
    return STATUS_SUCCESS;
}
