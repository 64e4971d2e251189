/*
 * adjust.c - changes of tokens: privileges, groups, defaults.
 *
 * Facts: the documentation of AdjustTokenPrivileges ("cannot add new privileges"; STATUS_NOT_ALL_ASSIGNED),
 * AdjustTokenGroups (mandatory groups cannot be disabled), SetTokenInformation.
 */
#include "sep.h"

#define SEP_MAX_GROUPS 128

static NTSTATUS
SepTokenByHandle(HANDLE Handle, ACCESS_MASK Access, PTOKEN *Token)
{
    return ObReferenceObjectByHandle(Handle, Access, SeTokenObjectTypeP, KiPreviousMode(),
                                     (PVOID *)Token, NULL);
}

NTSTATUS NTAPI
NtAdjustPrivilegesToken(HANDLE TokenHandle, BOOLEAN DisableAllPrivileges,
                        PTOKEN_PRIVILEGES NewState, ULONG BufferLength,
                        PTOKEN_PRIVILEGES PreviousState, PULONG ReturnLength)
{
    KPROCESSOR_MODE Mode = KiPreviousMode();
    struct {
        ULONG PrivilegeCount;
        LUID_AND_ATTRIBUTES Privileges[SEP_MAX_PRIVILEGE + 1];
    } New = {0}, Previous = {0};
    ULONG64 Enabled, Present;
    ULONG Matched = 0, Bytes;
    PTOKEN Token;
    NTSTATUS Status = STATUS_SUCCESS;

    if (!DisableAllPrivileges && NewState == NULL) {
        return STATUS_INVALID_PARAMETER;
    }
    __try {
        if (!DisableAllPrivileges) {
            if (Mode != KernelMode) {
                ProbeForRead(NewState, sizeof(ULONG), 4);
            }
            New.PrivilegeCount = NewState->PrivilegeCount;
            if (New.PrivilegeCount > SEP_MAX_PRIVILEGE + 1) {
                Status = STATUS_INVALID_PARAMETER;
            } else {
                Bytes = New.PrivilegeCount * sizeof(LUID_AND_ATTRIBUTES);
                if (Mode != KernelMode) {
                    ProbeForRead(NewState->Privileges, Bytes, 4);
                }
                RtlCopyMemory(New.Privileges, NewState->Privileges, Bytes);
            }
        }
        if (PreviousState != NULL && Mode != KernelMode) {
            ProbeForWrite(PreviousState, BufferLength, 4);
            ProbeForWrite(ReturnLength, sizeof(ULONG), 4);
        }
    } __except (Mode != KernelMode ? EXCEPTION_EXECUTE_HANDLER : EXCEPTION_CONTINUE_SEARCH) {
        Status = GetExceptionCode();
    }
    if (NT_SUCCESS(Status)) {
        Status = SepTokenByHandle(
            TokenHandle, TOKEN_ADJUST_PRIVILEGES | (PreviousState != NULL ? TOKEN_QUERY : 0),
            &Token);
    }
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    KiSchedulePoint(SP_OBJECT, Token);
    Enabled = Token->Enabled;
    Present = Token->Present;
    if (DisableAllPrivileges) {
        Enabled = 0;
    }
    for (ULONG i = 0; i < New.PrivilegeCount; i++) {
        LUID Luid = New.Privileges[i].Luid;
        ULONG Attributes = New.Privileges[i].Attributes;

        if (Luid.HighPart != 0 || Luid.LowPart > SEP_MAX_PRIVILEGE ||
            !(Present & SEP_BIT(Luid.LowPart))) {
            continue;
        }
        Matched++;
        if (Attributes & SE_PRIVILEGE_REMOVED) {
            Present &= ~SEP_BIT(Luid.LowPart);
            Enabled &= ~SEP_BIT(Luid.LowPart);
        } else if (Attributes & SE_PRIVILEGE_ENABLED) {
            Enabled |= SEP_BIT(Luid.LowPart);
        } else {
            Enabled &= ~SEP_BIT(Luid.LowPart);
        }
    }
    for (ULONG i = 0; i <= SEP_MAX_PRIVILEGE; i++) {
        if ((Enabled ^ Token->Enabled) & SEP_BIT(i)) {
            Previous.Privileges[Previous.PrivilegeCount].Luid = RtlConvertUlongToLuid(i);
            Previous.Privileges[Previous.PrivilegeCount].Attributes =
                (Token->Enabled & SEP_BIT(i) ? SE_PRIVILEGE_ENABLED : 0) |
                (Token->EnabledByDefault & SEP_BIT(i) ? SE_PRIVILEGE_ENABLED_BY_DEFAULT : 0);
            Previous.PrivilegeCount++;
        }
    }
    if (PreviousState != NULL) {
        Bytes = FIELD_OFFSET(TOKEN_PRIVILEGES, Privileges) +
                Previous.PrivilegeCount * sizeof(LUID_AND_ATTRIBUTES);
        __try {
            *ReturnLength = Bytes;
            if (BufferLength < Bytes) {
                Status = STATUS_BUFFER_TOO_SMALL;
            } else {
                RtlCopyMemory(PreviousState, &Previous, Bytes);
            }
        } __except (Mode != KernelMode ? EXCEPTION_EXECUTE_HANDLER : EXCEPTION_CONTINUE_SEARCH) {
            Status = GetExceptionCode();
        }
    }
    if (NT_SUCCESS(Status)) {
        Token->Enabled = Enabled & Present;
        Token->Present = Present;
        if (Previous.PrivilegeCount != 0) {
            SepTokenChanged(Token);
        }
        Status = Matched < New.PrivilegeCount ? STATUS_NOT_ALL_ASSIGNED : STATUS_SUCCESS;
    }
    ObDereferenceObject(Token);
    return Status;
}

/* The groups that will change, as they are, with their SIDs behind them. Nothing changes if there is no room. */
static NTSTATUS
SepTellGroups(PTOKEN Token, const ULONG *Attributes, PTOKEN_GROUPS To, ULONG Room,
              PULONG ReturnLength)
{
    ULONG Count = 0, Bytes = 0, Done = 0;
    PUCHAR Sid;

    for (ULONG i = 1; i < Token->UserAndGroupCount; i++) {
        if (Attributes[i] != Token->UserAndGroups[i].Attributes) {
            Bytes += RtlLengthSid(Token->UserAndGroups[i].Sid);
            Count++;
        }
    }
    Sid = (PUCHAR)&To->Groups[Count];
    Bytes += (ULONG)(Sid - (PUCHAR)To);
    *ReturnLength = Bytes;
    if (Room < Bytes) {
        return STATUS_BUFFER_TOO_SMALL;
    }
    To->GroupCount = Count;
    for (ULONG i = 1; i < Token->UserAndGroupCount; i++) {
        PSID_AND_ATTRIBUTES Group = &Token->UserAndGroups[i];

        if (Attributes[i] != Group->Attributes) {
            RtlCopyMemory(Sid, Group->Sid, RtlLengthSid(Group->Sid));
            To->Groups[Done].Sid = Sid;
            To->Groups[Done++].Attributes = Group->Attributes;
            Sid += RtlLengthSid(Group->Sid);
        }
    }
    return STATUS_SUCCESS;
}

/* Attributes: what the token's groups will have. FALSE: the token has no such group. */
static BOOLEAN
SepAdjustGroup(PTOKEN Token, PULONG Attributes, PSID_AND_ATTRIBUTES Group, KPROCESSOR_MODE Mode,
               PNTSTATUS Status)
{
    SEP_ANY_SID Sid;

    if (!NT_SUCCESS(SepCaptureSid(Group->Sid, Mode, &Sid))) {
        return FALSE;
    }
    for (ULONG i = 1; i < Token->UserAndGroupCount; i++) {
        if (!RtlEqualSid(Token->UserAndGroups[i].Sid, &Sid)) {
            continue;
        }
        if (Group->Attributes & SE_GROUP_ENABLED) {
            if (Attributes[i] & SE_GROUP_USE_FOR_DENY_ONLY) {
                *Status = STATUS_CANT_ENABLE_DENY_ONLY;
            }
            Attributes[i] |= SE_GROUP_ENABLED;
        } else {
            if (Attributes[i] & SE_GROUP_MANDATORY) {
                *Status = STATUS_CANT_DISABLE_MANDATORY;
            }
            Attributes[i] &= ~SE_GROUP_ENABLED;
        }
        return TRUE;
    }
    return FALSE;
}

/* All: left alone if the token has each of them. Raises STATUS_ACCESS_VIOLATION. */
static NTSTATUS
SepAdjustGroups(PTOKEN Token, PULONG Attributes, PTOKEN_GROUPS New, KPROCESSOR_MODE Mode,
                PBOOLEAN All)
{
    NTSTATUS Status = STATUS_SUCCESS;
    ULONG Count;

    if (Mode != KernelMode) {
        ProbeForRead(New, sizeof(ULONG), 4);
    }
    Count = New->GroupCount;
    if (Count > SEP_MAX_GROUPS) {
        return STATUS_INVALID_PARAMETER;
    }
    if (Mode != KernelMode) {
        ProbeForRead(New->Groups, Count * sizeof(SID_AND_ATTRIBUTES), 4);
    }
    for (ULONG i = 0; i < Count; i++) {
        SID_AND_ATTRIBUTES Group = New->Groups[i];

        if (!SepAdjustGroup(Token, Attributes, &Group, Mode, &Status)) {
            *All = FALSE;
        }
    }
    return Status;
}

/* Neither the user nor the label, and what is mandatory stays. */
static VOID
SepResetGroups(PTOKEN Token, PULONG Attributes)
{
    for (ULONG i = 1; i < Token->UserAndGroupCount; i++) {
        if ((Attributes[i] & (SE_GROUP_MANDATORY | SE_GROUP_INTEGRITY)) == 0) {
            Attributes[i] = Attributes[i] & SE_GROUP_ENABLED_BY_DEFAULT
                                ? Attributes[i] | SE_GROUP_ENABLED
                                : Attributes[i] & ~SE_GROUP_ENABLED;
        }
    }
}

NTSTATUS NTAPI
NtAdjustGroupsToken(HANDLE TokenHandle, BOOLEAN ResetToDefault, PTOKEN_GROUPS NewState,
                    ULONG BufferLength, PTOKEN_GROUPS PreviousState, PULONG ReturnLength)
{
    KPROCESSOR_MODE Mode = KiPreviousMode();
    ULONG Attributes[SEP_MAX_GROUPS];
    BOOLEAN All = TRUE;
    PTOKEN Token;
    NTSTATUS Status;

    if (!ResetToDefault && NewState == NULL) {
        return STATUS_INVALID_PARAMETER;
    }
    Status = SepTokenByHandle(
        TokenHandle, TOKEN_ADJUST_GROUPS | (PreviousState != NULL ? TOKEN_QUERY : 0), &Token);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    KiSchedulePoint(SP_OBJECT, Token);
    ASSERT(Token->UserAndGroupCount <= SEP_MAX_GROUPS);
    for (ULONG i = 1; i < Token->UserAndGroupCount; i++) {
        Attributes[i] = Token->UserAndGroups[i].Attributes;
    }
    if (ResetToDefault) {
        SepResetGroups(Token, Attributes);
    } else {
        __try {
            Status = SepAdjustGroups(Token, Attributes, NewState, Mode, &All);
        } __except (Mode != KernelMode ? EXCEPTION_EXECUTE_HANDLER : EXCEPTION_CONTINUE_SEARCH) {
            Status = GetExceptionCode();
        }
    }
    if (NT_SUCCESS(Status) && PreviousState != NULL) {
        __try {
            if (Mode != KernelMode) {
                ProbeForWrite(PreviousState, BufferLength, 4);
                ProbeForWrite(ReturnLength, sizeof(ULONG), 4);
            }
            Status = SepTellGroups(Token, Attributes, PreviousState, BufferLength, ReturnLength);
        } __except (Mode != KernelMode ? EXCEPTION_EXECUTE_HANDLER : EXCEPTION_CONTINUE_SEARCH) {
            Status = GetExceptionCode();
        }
    }
    if (NT_SUCCESS(Status)) {
        for (ULONG i = 1; i < Token->UserAndGroupCount; i++) {
            Token->UserAndGroups[i].Attributes = Attributes[i];
        }
        SepTokenChanged(Token);
        Status = All ? STATUS_SUCCESS : STATUS_NOT_ALL_ASSIGNED;
    }
    ObDereferenceObject(Token);
    return Status;
}

NTSTATUS NTAPI
NtSetInformationToken(HANDLE TokenHandle, TOKEN_INFORMATION_CLASS TokenInformationClass,
                      PVOID TokenInformation, ULONG TokenInformationLength)
{
    KPROCESSOR_MODE Mode = KiPreviousMode();
    SEP_ANY_SID Sid;
    ULONG Value = 0;
    PACL Dacl = NULL;
    ULONG Access = TOKEN_ADJUST_DEFAULT |
                   (TokenInformationClass == TokenSessionId ? TOKEN_ADJUST_SESSIONID : 0);
    PTOKEN Token;
    NTSTATUS Status = STATUS_SUCCESS;

    __try { /* capture */
        switch (TokenInformationClass) {
        case TokenOwner:
        case TokenPrimaryGroup:
        case TokenIntegrityLevel:
        case TokenDefaultDacl:
            if (TokenInformationLength < sizeof(PVOID)) {
                Status = STATUS_INFO_LENGTH_MISMATCH;
                break;
            }
            if (Mode != KernelMode) {
                ProbeForRead(TokenInformation, sizeof(PVOID), 8);
            }
            Status = TokenInformationClass == TokenDefaultDacl
                         ? SepCaptureAcl(*(PACL *)TokenInformation, Mode, &Dacl)
                         : SepCaptureSid(*(PSID *)TokenInformation, Mode, &Sid);
            break;
        case TokenSessionId:
        case TokenVirtualizationEnabled:
        case TokenVirtualizationAllowed:
        case TokenUIAccess:
            if (TokenInformationLength != sizeof(ULONG)) {
                Status = STATUS_INFO_LENGTH_MISMATCH;
                break;
            }
            if (Mode != KernelMode) {
                ProbeForRead(TokenInformation, sizeof(ULONG), 4);
            }
            Value = *(PULONG)TokenInformation;
            break;
        default:
            Status = STATUS_INVALID_INFO_CLASS;
        }
    } __except (Mode != KernelMode ? EXCEPTION_EXECUTE_HANDLER : EXCEPTION_CONTINUE_SEARCH) {
        Status = GetExceptionCode();
    }
    if (NT_SUCCESS(Status)) {
        Status = SepTokenByHandle(TokenHandle, Access, &Token);
    }
    if (!NT_SUCCESS(Status)) {
        if (Dacl != NULL) {
            ExFreePool(Dacl);
        }
        return Status;
    }
    KiSchedulePoint(SP_OBJECT, Token);
    switch (TokenInformationClass) {
    case TokenOwner:
        Status = STATUS_INVALID_OWNER;
        for (ULONG i = 0; i < Token->UserAndGroupCount; i++) {
            if (RtlEqualSid(Token->UserAndGroups[i].Sid, &Sid) &&
                (i == 0 || (Token->UserAndGroups[i].Attributes & SE_GROUP_OWNER))) {
                Token->OwnerIndex = i;
                Status = STATUS_SUCCESS;
            }
        }
        break;
    case TokenPrimaryGroup:
        Status = STATUS_INVALID_PRIMARY_GROUP;
        for (ULONG i = 0; i < Token->UserAndGroupCount; i++) {
            if (RtlEqualSid(Token->UserAndGroups[i].Sid, &Sid)) {
                Token->PrimaryGroup = Token->UserAndGroups[i].Sid;
                Status = STATUS_SUCCESS;
            }
        }
        break;
    case TokenIntegrityLevel:
        if (SepIntegrityOf(Token) == NULL || !RtlEqualPrefixSid(SepIntegrityOf(Token)->Sid, &Sid)) {
            Status = STATUS_INVALID_LABEL;
        } else if (Sid.Sid.SubAuthority[0] > SepIntegrityLevel(Token) &&
                   !SepHasPrivilege(RtlConvertUlongToLuid(SE_TCB_PRIVILEGE), Mode)) {
            Status = STATUS_PRIVILEGE_NOT_HELD;
        } else {
            ((SID *)SepIntegrityOf(Token)->Sid)->SubAuthority[0] = Sid.Sid.SubAuthority[0];
        }
        break;
    case TokenDefaultDacl:
        if (Token->OwnDacl && Token->DefaultDacl != NULL) {
            ExFreePool(Token->DefaultDacl);
        }
        Token->DefaultDacl = Dacl;
        Token->OwnDacl = TRUE;
        Dacl = NULL;
        break;
    default:
        if (!SepHasPrivilege(RtlConvertUlongToLuid(SE_TCB_PRIVILEGE), Mode) &&
            TokenInformationClass != TokenVirtualizationEnabled) {
            Status = STATUS_PRIVILEGE_NOT_HELD;
        } else if (TokenInformationClass == TokenSessionId) {
            Token->SessionId = Value;
        } else {
            ULONG Flag = TokenInformationClass == TokenUIAccess ? TOKEN_UIACCESS
                         : TokenInformationClass == TokenVirtualizationAllowed
                             ? TOKEN_VIRTUALIZE_ALLOWED
                             : TOKEN_VIRTUALIZE_ENABLED;

            Token->Flags = Value ? Token->Flags | Flag : Token->Flags & ~Flag;
        }
    }
    if (NT_SUCCESS(Status)) {
        SepTokenChanged(Token);
    }
    if (Dacl != NULL) {
        ExFreePool(Dacl);
    }
    ObDereferenceObject(Token);
    return Status;
}
