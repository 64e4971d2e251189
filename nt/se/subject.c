/*
 * subject.c - who is asking: subject contexts, access states, privilege checks.
 *
 * A subject context holds references to the process's token and, while the thread impersonates, to the
 * client's. A token's contents change in single steps, so the lock of a context has nothing to guard;
 * the pair is kept because drivers call it.
 */
#include "sep.h"
#include "nt/inc/life.h"

PTOKEN
SepEffectiveToken(PETHREAD Thread, SECURITY_IMPERSONATION_LEVEL *Level)
{
    PTOKEN Token = Thread->ImpersonationToken;

    if (Token != NULL) {
        *Level = Thread->ImpersonationLevel;
    } else {
        Token = PspThreadsProcess(Thread)->Token;
        *Level = SecurityAnonymous;
    }
    ObpAddReference(Token);
    return Token;
}

VOID NTAPI
SeCaptureSubjectContextEx(PETHREAD Thread, PEPROCESS Process,
                          PSECURITY_SUBJECT_CONTEXT SubjectContext)
{
    SubjectContext->ProcessAuditId = Process->UniqueProcessId;
    SubjectContext->ClientToken = Thread != NULL ? Thread->ImpersonationToken : NULL;
    SubjectContext->ImpersonationLevel =
        SubjectContext->ClientToken != NULL ? Thread->ImpersonationLevel : SecurityAnonymous;
    if (SubjectContext->ClientToken != NULL) {
        ObpAddReference(SubjectContext->ClientToken);
    }
    SubjectContext->PrimaryToken = Process->Token;
    if (SubjectContext->PrimaryToken !=
        NULL) { /* NULL: at boot, before the System process has one */
        ObpAddReference(SubjectContext->PrimaryToken);
    }
}

VOID NTAPI
SeCaptureSubjectContext(PSECURITY_SUBJECT_CONTEXT SubjectContext)
{
    if (!SepReady) { /* at boot, on a thread that belongs to no process */
        RtlZeroMemory(SubjectContext, sizeof(*SubjectContext));
        return;
    }
    SeCaptureSubjectContextEx(PspCurrentThread(), PspCurrentProcess(), SubjectContext);
}

VOID NTAPI
SeReleaseSubjectContext(PSECURITY_SUBJECT_CONTEXT SubjectContext)
{
    if (SubjectContext->ClientToken != NULL) {
        ObDereferenceObject(SubjectContext->ClientToken);
    }
    if (SubjectContext->PrimaryToken != NULL) {
        ObDereferenceObject(SubjectContext->PrimaryToken);
    }
    SubjectContext->ClientToken = NULL;
    SubjectContext->PrimaryToken = NULL;
}

VOID NTAPI
SeLockSubjectContext(PSECURITY_SUBJECT_CONTEXT SubjectContext)
{
}

VOID NTAPI
SeUnlockSubjectContext(PSECURITY_SUBJECT_CONTEXT SubjectContext)
{
}

BOOLEAN
SepTokenHas(PTOKEN Token, ULONG Privilege)
{
    return (Token->Enabled & SEP_BIT(Privilege)) != 0;
}

static BOOLEAN
SepCheckSet(PTOKEN Token, PPRIVILEGE_SET Set)
{
    ULONG Held = 0;

    KiLooksAt(Token);
    for (ULONG i = 0; i < Set->PrivilegeCount; i++) {
        LUID Luid = Set->Privilege[i].Luid;

        if (Luid.HighPart == 0 && Luid.LowPart <= SEP_MAX_PRIVILEGE &&
            SepTokenHas(Token, Luid.LowPart)) {
            Set->Privilege[i].Attributes |= SE_PRIVILEGE_USED_FOR_ACCESS;
            Held++;
        }
    }
    return Set->Control & PRIVILEGE_SET_ALL_NECESSARY ? Held == Set->PrivilegeCount : Held != 0;
}

BOOLEAN NTAPI
SePrivilegeCheck(PPRIVILEGE_SET RequiredPrivileges, PSECURITY_SUBJECT_CONTEXT SubjectContext,
                 KPROCESSOR_MODE AccessMode)
{
    if (AccessMode == KernelMode) {
        return TRUE;
    }
    if (SubjectContext->ClientToken != NULL &&
        SubjectContext->ImpersonationLevel < SecurityImpersonation) {
        return FALSE;
    }
    return SepCheckSet(SeQuerySubjectContextToken(SubjectContext), RequiredPrivileges);
}

BOOLEAN NTAPI
SeSinglePrivilegeCheck(LUID PrivilegeValue, KPROCESSOR_MODE PreviousMode)
{
    SECURITY_SUBJECT_CONTEXT Subject;
    PRIVILEGE_SET Set = {1, PRIVILEGE_SET_ALL_NECESSARY, {{PrivilegeValue, 0}}};
    BOOLEAN Held;

    SeCaptureSubjectContext(&Subject);
    Held = SePrivilegeCheck(&Set, &Subject, PreviousMode);
    SeReleaseSubjectContext(&Subject);
    return Held;
}

BOOLEAN
SepHasPrivilege(LUID Privilege, KPROCESSOR_MODE Mode)
{
    return SeSinglePrivilegeCheck(Privilege, Mode);
}

NTSTATUS NTAPI
NtPrivilegeCheck(HANDLE ClientToken, PPRIVILEGE_SET RequiredPrivileges, PBOOLEAN Result)
{
    KPROCESSOR_MODE Mode = KiPreviousMode();
    struct {
        PRIVILEGE_SET Set;
        LUID_AND_ATTRIBUTES More[SEP_MAX_PRIVILEGE];
    } Local;
    PTOKEN Token;
    NTSTATUS Status = ObReferenceObjectByHandle(ClientToken, TOKEN_QUERY, SeTokenObjectTypeP, Mode,
                                                (PVOID *)&Token, NULL);

    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    if (Token->Type == TokenImpersonation && Token->ImpersonationLevel < SecurityIdentification) {
        ObDereferenceObject(Token);
        return STATUS_BAD_IMPERSONATION_LEVEL;
    }
    __try {
        ULONG Bytes, Count;

        if (Mode != KernelMode) {
            ProbeForRead(RequiredPrivileges, sizeof(PRIVILEGE_SET), 4);
            ProbeForWrite(Result, sizeof(*Result), 1);
        }
        Count = RequiredPrivileges->PrivilegeCount;
        if (Count > SEP_MAX_PRIVILEGE) {
            Status = STATUS_INVALID_PARAMETER;
        } else {
            Bytes = FIELD_OFFSET(PRIVILEGE_SET, Privilege) + Count * sizeof(LUID_AND_ATTRIBUTES);
            if (Mode != KernelMode) {
                ProbeForWrite(RequiredPrivileges, Bytes, 4);
            }
            RtlCopyMemory(&Local, RequiredPrivileges, Bytes);
            Local.Set.PrivilegeCount = Count;
            *Result = SepCheckSet(Token, &Local.Set);
            RtlCopyMemory(RequiredPrivileges, &Local, Bytes);
        }
    } __except (EXCEPTION_EXECUTE_HANDLER) {
        Status = GetExceptionCode();
    }
    ObDereferenceObject(Token);
    return Status;
}

/* Access states. AuxData is the caller's memory; we keep the mapping there. */
typedef struct _SEP_AUX_DATA {
    PPRIVILEGE_SET PrivilegesUsed;
    GENERIC_MAPPING GenericMapping;
    ACCESS_MASK AccessesToAudit;
    ACCESS_MASK MaximumAuditMask;
} SEP_AUX_DATA;

NTSTATUS NTAPI
SeCreateAccessState(PACCESS_STATE AccessState, PVOID AuxData, ACCESS_MASK DesiredAccess,
                    PGENERIC_MAPPING GenericMapping)
{
    SEP_AUX_DATA *Aux = AuxData;
    PTOKEN Token;

    RtlZeroMemory(AccessState, sizeof(*AccessState));
    RtlZeroMemory(Aux, sizeof(*Aux));
    SeCaptureSubjectContext(&AccessState->SubjectSecurityContext);
    if (GenericMapping != NULL) {
        Aux->GenericMapping = *GenericMapping;
        RtlMapGenericMask(&DesiredAccess, GenericMapping);
    }
    AccessState->RemainingDesiredAccess = DesiredAccess;
    AccessState->OriginalDesiredAccess = DesiredAccess;
    AccessState->AuxData = Aux;
    AccessState->Privileges.InitialPrivilegeSet.PrivilegeCount = 0;
    ExpAllocateLuid(&AccessState->OperationID);
    Token = SeQuerySubjectContextToken(&AccessState->SubjectSecurityContext);
    if (Token != NULL) {
        KiLooksAt(Token);
        AccessState->Flags =
            Token->Flags & (TOKEN_HAS_TRAVERSE_PRIVILEGE | TOKEN_HAS_BACKUP_PRIVILEGE |
                            TOKEN_HAS_RESTORE_PRIVILEGE | TOKEN_IS_RESTRICTED);
    }
    return STATUS_SUCCESS;
}

NTSTATUS
SepCreateAccessState(PACCESS_STATE State, PVOID Aux, ACCESS_MASK Access,
                     const GENERIC_MAPPING *Mapping)
{
    return SeCreateAccessState(State, Aux, Access, (PGENERIC_MAPPING)Mapping);
}

VOID NTAPI
SeDeleteAccessState(PACCESS_STATE AccessState)
{
    SEP_AUX_DATA *Aux = AccessState->AuxData;

    if (AccessState->PrivilegesAllocated && Aux->PrivilegesUsed != NULL) {
        ExFreePool(Aux->PrivilegesUsed);
    }
    SeReleaseSubjectContext(&AccessState->SubjectSecurityContext);
}

VOID NTAPI
SeSetAccessStateGenericMapping(PACCESS_STATE AccessState, PGENERIC_MAPPING GenericMapping)
{
    ((SEP_AUX_DATA *)AccessState->AuxData)->GenericMapping = *GenericMapping;
}

NTSTATUS NTAPI
SeAppendPrivileges(PACCESS_STATE AccessState, PPRIVILEGE_SET Privileges)
{
    SEP_AUX_DATA *Aux = AccessState->AuxData;
    PPRIVILEGE_SET Old = Aux->PrivilegesUsed, New;
    PINITIAL_PRIVILEGE_SET Initial = &AccessState->Privileges.InitialPrivilegeSet;
    ULONG Count;

    if (Old == NULL &&
        Initial->PrivilegeCount + Privileges->PrivilegeCount <= INITIAL_PRIVILEGE_COUNT) {
        for (ULONG i = 0; i < Privileges->PrivilegeCount; i++) {
            Initial->Privilege[Initial->PrivilegeCount++] = Privileges->Privilege[i];
        }
        return STATUS_SUCCESS;
    }
    if (Old == NULL) {
        Old = &AccessState->Privileges.PrivilegeSet;
    }
    Count = Old->PrivilegeCount + Privileges->PrivilegeCount;
    New = ExAllocatePoolWithTag(PagedPool, sizeof(*New) + Count * sizeof(LUID_AND_ATTRIBUTES),
                                'rPeS');
    if (New == NULL) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    New->PrivilegeCount = Count;
    New->Control = Old->Control;
    RtlCopyMemory(New->Privilege, Old->Privilege,
                  Old->PrivilegeCount * sizeof(LUID_AND_ATTRIBUTES));
    RtlCopyMemory(New->Privilege + Old->PrivilegeCount, Privileges->Privilege,
                  Privileges->PrivilegeCount * sizeof(LUID_AND_ATTRIBUTES));
    if (AccessState->PrivilegesAllocated) {
        ExFreePool(Aux->PrivilegesUsed);
    }
    Aux->PrivilegesUsed = New;
    AccessState->PrivilegesAllocated = TRUE;
    return STATUS_SUCCESS;
}
