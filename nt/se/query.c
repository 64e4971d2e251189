/*
 * query.c - information about tokens.
 *
 * SepQuery writes an answer for any class into one block: the structure, then what it points to. Called
 * with no block it tells the size. Target is where the block will be seen, for the pointers inside.
 *
 * Facts: the DDI pages of SeQueryInformationToken and NtQueryInformationToken, TOKEN_INFORMATION_CLASS.
 */
#include "sep.h"
#include "nt/inc/life.h"

typedef struct _SEP_ANSWER {
    PUCHAR Block; /* NULL: count */
    PUCHAR Target;
    ULONG Used;
} SEP_ANSWER;

/* Appends bytes; returns where they will be seen. */
static PVOID
SepPut(SEP_ANSWER *Answer, const VOID *From, ULONG Bytes)
{
    ULONG At = (Answer->Used + 7) & ~7u;

    if (Answer->Block != NULL) {
        RtlCopyMemory(Answer->Block + At, From, Bytes);
    }
    Answer->Used = At + Bytes;
    return Answer->Target + At;
}

static VOID
SepPutSidPointer(SEP_ANSWER *Answer, PSID Sid)
{
    PVOID Seen;

    Answer->Used = sizeof(PSID);
    Seen = SepPut(Answer, Sid, RtlLengthSid(Sid));
    if (Answer->Block != NULL) {
        *(PSID *)Answer->Block = Seen;
    }
}

/* An array at Offset of the block, then the SIDs. */
static VOID
SepPutSids(SEP_ANSWER *Answer, ULONG Offset, const SID_AND_ATTRIBUTES *Sids, ULONG Count)
{
    for (ULONG i = 0; i < Count; i++) {
        PVOID Seen = SepPut(Answer, Sids[i].Sid, RtlLengthSid(Sids[i].Sid));

        if (Answer->Block != NULL) {
            PSID_AND_ATTRIBUTES To = (PSID_AND_ATTRIBUTES)(Answer->Block + Offset) + i;

            To->Sid = Seen;
            To->Attributes = Sids[i].Attributes;
        }
    }
}

static VOID
SepPutGroups(SEP_ANSWER *Answer, const SID_AND_ATTRIBUTES *Sids, ULONG Count)
{
    Answer->Used = FIELD_OFFSET(TOKEN_GROUPS, Groups) + max(Count, 1) * sizeof(SID_AND_ATTRIBUTES);
    if (Answer->Block != NULL) {
        *(PULONG)Answer->Block = Count;
    }
    SepPutSids(Answer, FIELD_OFFSET(TOKEN_GROUPS, Groups), Sids, Count);
}

static ULONG
SepListPrivileges(PTOKEN Token, PLUID_AND_ATTRIBUTES To)
{
    ULONG Count = 0;

    for (ULONG i = 0; i <= SEP_MAX_PRIVILEGE; i++) {
        if (!(Token->Present & SEP_BIT(i))) {
            continue;
        }
        if (To != NULL) {
            To[Count].Luid = RtlConvertUlongToLuid(i);
            To[Count].Attributes =
                (Token->Enabled & SEP_BIT(i) ? SE_PRIVILEGE_ENABLED : 0) |
                (Token->EnabledByDefault & SEP_BIT(i) ? SE_PRIVILEGE_ENABLED_BY_DEFAULT : 0);
        }
        Count++;
    }
    return Count;
}

static VOID
SepPutLong(SEP_ANSWER *Answer, ULONG Value)
{
    SepPut(Answer, &Value, sizeof(Value));
}

static NTSTATUS
SepQuery(PTOKEN Token, ULONG Class, SEP_ANSWER *Answer)
{
    switch (Class) {
    case TokenUser:
        Answer->Used = sizeof(TOKEN_USER);
        SepPutSids(Answer, 0, Token->UserAndGroups, 1);
        return STATUS_SUCCESS;
    case TokenGroups:
        SepPutGroups(Answer, Token->UserAndGroups + 1, Token->UserAndGroupCount - 1);
        return STATUS_SUCCESS;
    case TokenRestrictedSids:
        SepPutGroups(Answer, Token->RestrictedSids, Token->RestrictedCount);
        return STATUS_SUCCESS;
    case TokenPrivileges: {
        ULONG Count = SepListPrivileges(Token, NULL);

        Answer->Used =
            FIELD_OFFSET(TOKEN_PRIVILEGES, Privileges) + Count * sizeof(LUID_AND_ATTRIBUTES);
        if (Answer->Block != NULL) {
            *(PULONG)Answer->Block = Count;
            SepListPrivileges(Token, ((PTOKEN_PRIVILEGES)Answer->Block)->Privileges);
        }
        return STATUS_SUCCESS;
    }
    case TokenGroupsAndPrivileges: {
        ULONG Count = SepListPrivileges(Token, NULL);
        LUID_AND_ATTRIBUTES List[SEP_MAX_PRIVILEGE + 1];
        TOKEN_GROUPS_AND_PRIVILEGES Info = {.SidCount = Token->UserAndGroupCount,
                                            .RestrictedSidCount = Token->RestrictedCount,
                                            .PrivilegeCount = Count,
                                            .PrivilegeLength = Count * sizeof(LUID_AND_ATTRIBUTES),
                                            .AuthenticationId = Token->AuthenticationId};
        ULONG Sids = sizeof(Info), Restricted = Sids + Info.SidCount * sizeof(SID_AND_ATTRIBUTES),
              Start;

        Answer->Used = Restricted + Info.RestrictedSidCount * sizeof(SID_AND_ATTRIBUTES);
        Start = Answer->Used;
        SepPutSids(Answer, Sids, Token->UserAndGroups, Info.SidCount);
        Info.SidLength = Answer->Used - Start + Info.SidCount * sizeof(SID_AND_ATTRIBUTES);
        Start = Answer->Used;
        SepPutSids(Answer, Restricted, Token->RestrictedSids, Info.RestrictedSidCount);
        Info.RestrictedSidLength =
            Answer->Used - Start + Info.RestrictedSidCount * sizeof(SID_AND_ATTRIBUTES);
        SepListPrivileges(Token, List);
        Info.Sids = (PSID_AND_ATTRIBUTES)(Answer->Target + Sids);
        Info.RestrictedSids = Info.RestrictedSidCount != 0
                                  ? (PSID_AND_ATTRIBUTES)(Answer->Target + Restricted)
                                  : NULL;
        Info.Privileges = SepPut(Answer, List, Info.PrivilegeLength);
        if (Answer->Block != NULL) {
            RtlCopyMemory(Answer->Block, &Info, sizeof(Info));
        }
        return STATUS_SUCCESS;
    }
    case TokenOwner:
        SepPutSidPointer(Answer, SepOwnerOf(Token));
        return STATUS_SUCCESS;
    case TokenPrimaryGroup:
        SepPutSidPointer(Answer, Token->PrimaryGroup);
        return STATUS_SUCCESS;
    case TokenDefaultDacl:
        Answer->Used = sizeof(PACL);
        if (Token->DefaultDacl != NULL) {
            PVOID Seen = SepPut(Answer, Token->DefaultDacl, Token->DefaultDacl->AclSize);

            if (Answer->Block != NULL) {
                *(PVOID *)Answer->Block = Seen;
            }
        }
        return STATUS_SUCCESS;
    case TokenSource:
        SepPut(Answer, &Token->Source, sizeof(Token->Source));
        return STATUS_SUCCESS;
    case TokenType:
        SepPutLong(Answer, Token->Type);
        return STATUS_SUCCESS;
    case TokenImpersonationLevel:
        if (Token->Type != TokenImpersonation) {
            return STATUS_INVALID_INFO_CLASS;
        }
        SepPutLong(Answer, Token->ImpersonationLevel);
        return STATUS_SUCCESS;
    case TokenStatistics: {
        TOKEN_STATISTICS Info = {.TokenId = Token->TokenId,
                                 .AuthenticationId = Token->AuthenticationId,
                                 .ExpirationTime = Token->ExpirationTime,
                                 .TokenType = Token->Type,
                                 .ImpersonationLevel = Token->ImpersonationLevel,
                                 .DynamicCharged = 4096,
                                 .DynamicAvailable = 4096,
                                 .GroupCount = Token->UserAndGroupCount - 1,
                                 .PrivilegeCount = SepListPrivileges(Token, NULL),
                                 .ModifiedId = Token->ModifiedId};

        SepPut(Answer, &Info, sizeof(Info));
        return STATUS_SUCCESS;
    }
    case TokenSessionId:
        SepPutLong(Answer, Token->SessionId);
        return STATUS_SUCCESS;
    case TokenSandBoxInert:
        SepPutLong(Answer, (Token->Flags & TOKEN_SANDBOX_INERT) != 0);
        return STATUS_SUCCESS;
    case TokenOrigin:
        SepPut(Answer, &Token->OriginatingLogonSession, sizeof(LUID));
        return STATUS_SUCCESS;
    default:
        break;
    }
    if (!KiVersion->MandatoryIntegrity) {
        return STATUS_INVALID_INFO_CLASS;
    }
    switch (Class) {
    case TokenElevationType:
        SepPutLong(Answer, Token->ElevationType);
        return STATUS_SUCCESS;
    case TokenElevation:
        SepPutLong(Answer, Token->Elevated);
        return STATUS_SUCCESS;
    case TokenHasRestrictions:
        SepPutLong(Answer, (Token->Flags & TOKEN_IS_FILTERED) != 0);
        return STATUS_SUCCESS;
    case TokenVirtualizationAllowed:
        SepPutLong(Answer, (Token->Flags & TOKEN_VIRTUALIZE_ALLOWED) != 0);
        return STATUS_SUCCESS;
    case TokenVirtualizationEnabled:
        SepPutLong(Answer, (Token->Flags & TOKEN_VIRTUALIZE_ENABLED) != 0);
        return STATUS_SUCCESS;
    case TokenIntegrityLevel: {
        PSID_AND_ATTRIBUTES Level = SepIntegrityOf(Token);

        Answer->Used = sizeof(TOKEN_MANDATORY_LABEL);
        if (Level != NULL) {
            SepPutSids(Answer, 0, Level, 1);
        }
        return STATUS_SUCCESS;
    }
    case TokenUIAccess:
        SepPutLong(Answer, (Token->Flags & TOKEN_UIACCESS) != 0);
        return STATUS_SUCCESS;
    case TokenMandatoryPolicy:
        SepPutLong(Answer, Token->MandatoryPolicy);
        return STATUS_SUCCESS;
    case TokenLogonSid:
        for (ULONG i = 1; i < Token->UserAndGroupCount; i++) {
            if ((Token->UserAndGroups[i].Attributes & SE_GROUP_LOGON_ID) == SE_GROUP_LOGON_ID) {
                SepPutGroups(Answer, &Token->UserAndGroups[i], 1);
                return STATUS_SUCCESS;
            }
        }
        return STATUS_NOT_FOUND;
    case 29: /* TokenIsAppContainer */
        SepPutLong(Answer, 0);
        return STATUS_SUCCESS;
    default:
        return STATUS_INVALID_INFO_CLASS;
    }
}

/* Values come by value in the pointer; structures in pool that the caller frees. */
NTSTATUS NTAPI
SeQueryInformationToken(PACCESS_TOKEN Token, TOKEN_INFORMATION_CLASS TokenInformationClass,
                        PVOID *TokenInformation)
{
    SEP_ANSWER Answer = {0};
    NTSTATUS Status = SepQuery(Token, TokenInformationClass, &Answer);

    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    switch (TokenInformationClass) {
    case TokenType:
    case TokenImpersonationLevel:
    case TokenSessionId:
    case TokenElevation:
    case TokenVirtualizationAllowed:
    case TokenVirtualizationEnabled:
    case TokenUIAccess:
    case TokenSandBoxInert:
    case TokenHasRestrictions:
    case TokenElevationType: {
        ULONG Value = 0;

        Answer.Block = (PUCHAR)&Value;
        Answer.Used = 0;
        SepQuery(Token, TokenInformationClass, &Answer);
        *(PULONG)TokenInformation = Value; /* documented: the variable receives the value itself */
        return STATUS_SUCCESS;
    }
    case TokenIntegrityLevel: {
        *(PULONG)TokenInformation = SepIntegrityLevel(Token);
        return STATUS_SUCCESS;
    }
    default:
        break;
    }
    Answer.Block = Answer.Target = ExAllocatePoolWithTag(PagedPool, Answer.Used, 'nIeS');
    if (Answer.Block == NULL) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    RtlZeroMemory(Answer.Block, Answer.Used);
    Answer.Used = 0;
    SepQuery(Token, TokenInformationClass, &Answer);
    *TokenInformation = Answer.Block;
    return STATUS_SUCCESS;
}

NTSTATUS NTAPI
NtQueryInformationToken(HANDLE TokenHandle, TOKEN_INFORMATION_CLASS TokenInformationClass,
                        PVOID TokenInformation, ULONG TokenInformationLength, PULONG ReturnLength)
{
    KPROCESSOR_MODE Mode = KiPreviousMode();
    SEP_ANSWER Answer = {.Target = TokenInformation};
    PTOKEN Token;
    NTSTATUS Status;

    if (TokenHandle == (HANDLE)-4 || TokenHandle == (HANDLE)-5 || TokenHandle == (HANDLE)-6) {
        /* The pseudo handles of 8 and later: process, thread, effective token. */
        SECURITY_IMPERSONATION_LEVEL Level;
        PETHREAD Thread = PspCurrentThread();

        if (TokenHandle == (HANDLE)-5 && Thread->ImpersonationToken == NULL) {
            return STATUS_NO_TOKEN;
        }
        if (TokenHandle == (HANDLE)-4) {
            Token = PspThreadsProcess(Thread)->Token;
            ObpAddReference(Token);
        } else {
            Token = SepEffectiveToken(Thread, &Level);
        }
    } else {
        Status = ObReferenceObjectByHandle(
            TokenHandle, TokenInformationClass == TokenSource ? TOKEN_QUERY_SOURCE : TOKEN_QUERY,
            SeTokenObjectTypeP, Mode, (PVOID *)&Token, NULL);
        if (!NT_SUCCESS(Status)) {
            return Status;
        }
    }
    KiLooksAt(Token);
    Status = SepQuery(Token, TokenInformationClass, &Answer);
    if (NT_SUCCESS(Status)) {
        ULONG Needed = Answer.Used;

        __try {
            if (Mode != KernelMode) {
                ProbeForWrite(ReturnLength, sizeof(ULONG), 4);
            }
            *ReturnLength = Needed;
            if (TokenInformationLength < Needed) {
                Status = STATUS_BUFFER_TOO_SMALL;
            }
        } __except (Mode != KernelMode ? EXCEPTION_EXECUTE_HANDLER : EXCEPTION_CONTINUE_SEARCH) {
            Status = GetExceptionCode();
        }
        if (NT_SUCCESS(Status)) {
            PUCHAR Block = ExpAllocate(Needed, 'nIeS');

            Answer.Block = Block;
            Answer.Used = 0;
            SepQuery(Token, TokenInformationClass, &Answer);
            __try {
                if (Mode != KernelMode) {
                    ProbeForWrite(TokenInformation, Needed, 4);
                }
                RtlCopyMemory(TokenInformation, Block, Needed);
            } __except (Mode != KernelMode ? EXCEPTION_EXECUTE_HANDLER
                                           : EXCEPTION_CONTINUE_SEARCH) {
                Status = GetExceptionCode();
            }
            ExpFree(Block);
        }
    }
    ObDereferenceObject(Token);
    return Status;
}
