/*
 * known.c - well-known SIDs, SeExports, and the tokens that processes start with.
 *
 * The two users are of a made-up machine: an administrator (elevated: full token, high integrity) and a
 * plain user (medium integrity, no administrative group). Their groups and privileges are those that a
 * workstation's default policy gives.
 *
 * Facts: "Well-known SIDs", "Privilege constants" and the default user rights of the documentation.
 */
#include "sep.h"

#define NT      {0, 0, 0, 0, 0, 5}
#define LABEL   {0, 0, 0, 0, 0, 16}
#define MACHINE 21, 1004336348, 1177238915, 682003330

const SEP_SID SepSid[SepSids] = {
    [SepNull] = {1, 1, {0, 0, 0, 0, 0, 0}, {0}},
    [SepWorld] = {1, 1, {0, 0, 0, 0, 0, 1}, {0}},
    [SepLocal] = {1, 1, {0, 0, 0, 0, 0, 2}, {0}},
    [SepConsoleLogon] = {1, 1, {0, 0, 0, 0, 0, 2}, {1}},
    [SepCreatorOwner] = {1, 1, {0, 0, 0, 0, 0, 3}, {0}},
    [SepCreatorGroup] = {1, 1, {0, 0, 0, 0, 0, 3}, {1}},
    [SepOwnerRights] = {1, 1, {0, 0, 0, 0, 0, 3}, {4}},
    [SepNtAuthority] = {1, 0, NT, {0}},
    [SepDialup] = {1, 1, NT, {1}},
    [SepNetwork] = {1, 1, NT, {2}},
    [SepBatch] = {1, 1, NT, {3}},
    [SepInteractive] = {1, 1, NT, {4}},
    [SepService] = {1, 1, NT, {6}},
    [SepAnonymous] = {1, 1, NT, {7}},
    [SepAuthenticated] = {1, 1, NT, {11}},
    [SepRestricted] = {1, 1, NT, {12}},
    [SepThisOrganization] = {1, 1, NT, {15}},
    [SepIUser] = {1, 1, NT, {17}},
    [SepLocalSystem] = {1, 1, NT, {18}},
    [SepLocalService] = {1, 1, NT, {19}},
    [SepNetworkService] = {1, 1, NT, {20}},
    [SepNtlm] = {1, 2, NT, {64, 10}},
    [SepLocalAccount] = {1, 1, NT, {113}},
    [SepLocalAdminAccount] = {1, 1, NT, {114}},
    [SepAdmins] = {1, 2, NT, {32, DOMAIN_ALIAS_RID_ADMINS}},
    [SepUsers] = {1, 2, NT, {32, DOMAIN_ALIAS_RID_USERS}},
    [SepGuests] = {1, 2, NT, {32, DOMAIN_ALIAS_RID_GUESTS}},
    [SepPowerUsers] = {1, 2, NT, {32, DOMAIN_ALIAS_RID_POWER_USERS}},
    [SepAccountOps] = {1, 2, NT, {32, DOMAIN_ALIAS_RID_ACCOUNT_OPS}},
    [SepSystemOps] = {1, 2, NT, {32, DOMAIN_ALIAS_RID_SYSTEM_OPS}},
    [SepPrintOps] = {1, 2, NT, {32, DOMAIN_ALIAS_RID_PRINT_OPS}},
    [SepBackupOps] = {1, 2, NT, {32, DOMAIN_ALIAS_RID_BACKUP_OPS}},
    [SepUntrusted] = {1, 1, LABEL, {SECURITY_MANDATORY_UNTRUSTED_RID}},
    [SepLow] = {1, 1, LABEL, {SECURITY_MANDATORY_LOW_RID}},
    [SepMedium] = {1, 1, LABEL, {SECURITY_MANDATORY_MEDIUM_RID}},
    [SepHigh] = {1, 1, LABEL, {SECURITY_MANDATORY_HIGH_RID}},
    [SepSystemLevel] = {1, 1, LABEL, {SECURITY_MANDATORY_SYSTEM_RID}},
    [SepAdminUser] = {1, 5, NT, {MACHINE, 1000}},
    [SepPlainUser] = {1, 5, NT, {MACHINE, 1001}},
    [SepNoneGroup] = {1, 5, NT, {MACHINE, 513}},
    [SepLogonAdmin] = {1, 3, NT, {5, 0, 0x1E240}},
    [SepLogonUser] = {1, 3, NT, {5, 0, 0x2F3C1}},
};

#define P(Number) {(Number), 0}
const SE_EXPORTS SepExports = {
    .SeCreateTokenPrivilege = P(SE_CREATE_TOKEN_PRIVILEGE),
    .SeAssignPrimaryTokenPrivilege = P(SE_ASSIGNPRIMARYTOKEN_PRIVILEGE),
    .SeLockMemoryPrivilege = P(SE_LOCK_MEMORY_PRIVILEGE),
    .SeIncreaseQuotaPrivilege = P(SE_INCREASE_QUOTA_PRIVILEGE),
    .SeUnsolicitedInputPrivilege = P(6),
    .SeTcbPrivilege = P(SE_TCB_PRIVILEGE),
    .SeSecurityPrivilege = P(SE_SECURITY_PRIVILEGE),
    .SeTakeOwnershipPrivilege = P(SE_TAKE_OWNERSHIP_PRIVILEGE),
    .SeLoadDriverPrivilege = P(SE_LOAD_DRIVER_PRIVILEGE),
    .SeCreatePagefilePrivilege = P(SE_CREATE_PAGEFILE_PRIVILEGE),
    .SeIncreaseBasePriorityPrivilege = P(SE_INC_BASE_PRIORITY_PRIVILEGE),
    .SeSystemProfilePrivilege = P(SE_SYSTEM_PROFILE_PRIVILEGE),
    .SeSystemtimePrivilege = P(SE_SYSTEMTIME_PRIVILEGE),
    .SeProfileSingleProcessPrivilege = P(SE_PROF_SINGLE_PROCESS_PRIVILEGE),
    .SeCreatePermanentPrivilege = P(SE_CREATE_PERMANENT_PRIVILEGE),
    .SeBackupPrivilege = P(SE_BACKUP_PRIVILEGE),
    .SeRestorePrivilege = P(SE_RESTORE_PRIVILEGE),
    .SeShutdownPrivilege = P(SE_SHUTDOWN_PRIVILEGE),
    .SeDebugPrivilege = P(SE_DEBUG_PRIVILEGE),
    .SeAuditPrivilege = P(SE_AUDIT_PRIVILEGE),
    .SeSystemEnvironmentPrivilege = P(SE_SYSTEM_ENVIRONMENT_PRIVILEGE),
    .SeChangeNotifyPrivilege = P(SE_CHANGE_NOTIFY_PRIVILEGE),
    .SeRemoteShutdownPrivilege = P(SE_REMOTE_SHUTDOWN_PRIVILEGE),
    .SeNullSid = SEP_KNOWN(SepNull),
    .SeWorldSid = SEP_KNOWN(SepWorld),
    .SeLocalSid = SEP_KNOWN(SepLocal),
    .SeCreatorOwnerSid = SEP_KNOWN(SepCreatorOwner),
    .SeCreatorGroupSid = SEP_KNOWN(SepCreatorGroup),
    .SeNtAuthoritySid = SEP_KNOWN(SepNtAuthority),
    .SeDialupSid = SEP_KNOWN(SepDialup),
    .SeNetworkSid = SEP_KNOWN(SepNetwork),
    .SeBatchSid = SEP_KNOWN(SepBatch),
    .SeInteractiveSid = SEP_KNOWN(SepInteractive),
    .SeLocalSystemSid = SEP_KNOWN(SepLocalSystem),
    .SeAliasAdminsSid = SEP_KNOWN(SepAdmins),
    .SeAliasUsersSid = SEP_KNOWN(SepUsers),
    .SeAliasGuestsSid = SEP_KNOWN(SepGuests),
    .SeAliasPowerUsersSid = SEP_KNOWN(SepPowerUsers),
    .SeAliasAccountOpsSid = SEP_KNOWN(SepAccountOps),
    .SeAliasSystemOpsSid = SEP_KNOWN(SepSystemOps),
    .SeAliasPrintOpsSid = SEP_KNOWN(SepPrintOps),
    .SeAliasBackupOpsSid = SEP_KNOWN(SepBackupOps),
    .SeAuthenticatedUsersSid = SEP_KNOWN(SepAuthenticated),
    .SeRestrictedSid = SEP_KNOWN(SepRestricted),
    .SeAnonymousLogonSid = SEP_KNOWN(SepAnonymous),
    .SeUndockPrivilege = P(SE_UNDOCK_PRIVILEGE),
    .SeSyncAgentPrivilege = P(SE_SYNC_AGENT_PRIVILEGE),
    .SeEnableDelegationPrivilege = P(SE_ENABLE_DELEGATION_PRIVILEGE),
    .SeLocalServiceSid = SEP_KNOWN(SepLocalService),
    .SeNetworkServiceSid = SEP_KNOWN(SepNetworkService),
    .SeManageVolumePrivilege = P(SE_MANAGE_VOLUME_PRIVILEGE),
    .SeImpersonatePrivilege = P(SE_IMPERSONATE_PRIVILEGE),
    .SeCreateGlobalPrivilege = P(SE_CREATE_GLOBAL_PRIVILEGE),
    .SeTrustedCredManAccessPrivilege = P(31),
    .SeRelabelPrivilege = P(32),
    .SeIncreaseWorkingSetPrivilege = P(33),
    .SeTimeZonePrivilege = P(34),
    .SeCreateSymbolicLinkPrivilege = P(35),
    .SeIUserSid = SEP_KNOWN(SepIUser),
    .SeUntrustedMandatorySid = SEP_KNOWN(SepUntrusted),
    .SeLowMandatorySid = SEP_KNOWN(SepLow),
    .SeMediumMandatorySid = SEP_KNOWN(SepMedium),
    .SeHighMandatorySid = SEP_KNOWN(SepHigh),
    .SeSystemMandatorySid = SEP_KNOWN(SepSystemLevel),
    .SeOwnerRightsSid = SEP_KNOWN(SepOwnerRights),
};
#undef P

#define B(Name) SEP_BIT(SE_##Name##_PRIVILEGE)
#define SEP_VISTA_PRIVILEGES                                                                       \
    (SEP_BIT(31) | SEP_BIT(32) | SEP_BIT(33) | SEP_BIT(34) | SEP_BIT(35) | SEP_BIT(36))
static const ULONG64 SepUserPrivileges =
    B(SHUTDOWN) | B(CHANGE_NOTIFY) | B(UNDOCK) | SEP_BIT(33) | SEP_BIT(34);
static const ULONG64 SepAdminPrivileges =
    B(INCREASE_QUOTA) | B(SECURITY) | B(TAKE_OWNERSHIP) | B(LOAD_DRIVER) | B(SYSTEM_PROFILE) |
    B(SYSTEMTIME) | B(PROF_SINGLE_PROCESS) | B(INC_BASE_PRIORITY) | B(CREATE_PAGEFILE) | B(BACKUP) |
    B(RESTORE) | B(SHUTDOWN) | B(DEBUG) | B(SYSTEM_ENVIRONMENT) | B(CHANGE_NOTIFY) |
    B(REMOTE_SHUTDOWN) | B(UNDOCK) | B(MANAGE_VOLUME) | B(IMPERSONATE) | B(CREATE_GLOBAL) |
    SEP_BIT(33) | SEP_BIT(34) | SEP_BIT(35) | SEP_BIT(36);
static const ULONG64 SepUserEnabled = B(CHANGE_NOTIFY);
static const ULONG64 SepAdminEnabled = B(CHANGE_NOTIFY) | B(IMPERSONATE) | B(CREATE_GLOBAL);
static const ULONG64 SepSystemPrivileges =
    B(CREATE_TOKEN) | B(ASSIGNPRIMARYTOKEN) | B(LOCK_MEMORY) | B(INCREASE_QUOTA) | B(TCB) |
    B(SECURITY) | B(TAKE_OWNERSHIP) | B(LOAD_DRIVER) | B(SYSTEM_PROFILE) | B(SYSTEMTIME) |
    B(PROF_SINGLE_PROCESS) | B(INC_BASE_PRIORITY) | B(CREATE_PAGEFILE) | B(CREATE_PERMANENT) |
    B(BACKUP) | B(RESTORE) | B(SHUTDOWN) | B(DEBUG) | B(AUDIT) | B(SYSTEM_ENVIRONMENT) |
    B(CHANGE_NOTIFY) | B(UNDOCK) | B(MANAGE_VOLUME) | B(IMPERSONATE) | B(CREATE_GLOBAL) |
    SEP_BIT(33) | SEP_BIT(34) | SEP_BIT(35) | SEP_BIT(36);
static const ULONG64 SepSystemDisabled = B(ASSIGNPRIMARYTOKEN) | B(INCREASE_QUOTA) | B(SECURITY) |
                                         B(TAKE_OWNERSHIP) | B(LOAD_DRIVER) | B(SYSTEMTIME) |
                                         B(BACKUP) | B(RESTORE) | B(SHUTDOWN) |
                                         B(SYSTEM_ENVIRONMENT) | B(UNDOCK) | B(MANAGE_VOLUME);

#define GROUP       (SE_GROUP_MANDATORY | SE_GROUP_ENABLED_BY_DEFAULT | SE_GROUP_ENABLED)
#define LEVEL_GROUP (SE_GROUP_INTEGRITY | SE_GROUP_INTEGRITY_ENABLED)

static const struct {
    UCHAR Sid;
    ULONG Attributes;
    UCHAR Kinds; /* 1 admin, 2 user, 4 system; 8: from Vista on */
} SepGroups[] = {
    {SepAdminUser, 0, 1},
    {SepPlainUser, 0, 2},
    {SepLocalSystem, 0, 4},
    {SepNoneGroup, GROUP, 1 | 2},
    {SepAdmins, SE_GROUP_ENABLED_BY_DEFAULT | SE_GROUP_ENABLED | SE_GROUP_OWNER, 4},
    {SepWorld, GROUP, 1 | 2 | 4},
    {SepLocalAdminAccount, GROUP, 1 | 8},
    {SepAdmins, GROUP | SE_GROUP_OWNER, 1},
    {SepUsers, GROUP, 1 | 2},
    {SepInteractive, GROUP, 1 | 2},
    {SepConsoleLogon, GROUP, 1 | 2 | 8},
    {SepAuthenticated, GROUP, 1 | 2 | 4},
    {SepThisOrganization, GROUP, 1 | 2 | 8},
    {SepLocalAccount, GROUP, 1 | 2 | 8},
    {SepLogonAdmin, GROUP | SE_GROUP_LOGON_ID, 1},
    {SepLogonUser, GROUP | SE_GROUP_LOGON_ID, 2},
    {SepLocal, GROUP, 1 | 2},
    {SepNtlm, GROUP, 1 | 2 | 8},
    {SepHigh, LEVEL_GROUP, 1 | 8},
    {SepMedium, LEVEL_GROUP, 2 | 8},
    {SepSystemLevel, LEVEL_GROUP, 4 | 8},
};

static PTOKEN
SepBuildToken(ULONG Kind)
{
    const UCHAR Bit = Kind == ABI_TOKEN_ADMIN ? 1 : Kind == ABI_TOKEN_USER ? 2 : 4;
    SID_AND_ATTRIBUTES Sids[RTL_NUMBER_OF(SepGroups)];
    SEP_TOKEN_PARTS Parts = {.Type = TokenPrimary, .UserAndGroups = Sids};
    UCHAR Acl[256];
    PACL Dacl = (PACL)Acl;
    PSID Owner;
    PTOKEN Token;
    NTSTATUS Status;

    for (ULONG i = 0; i < RTL_NUMBER_OF(SepGroups); i++) {
        if (!(SepGroups[i].Kinds & Bit) ||
            ((SepGroups[i].Kinds & 8) && !KiVersion->MandatoryIntegrity)) {
            continue;
        }
        Sids[Parts.UserAndGroupCount].Sid = SEP_KNOWN(SepGroups[i].Sid);
        Sids[Parts.UserAndGroupCount].Attributes = SepGroups[i].Attributes;
        if (SepGroups[i].Sid == SepAdmins) {
            Parts.OwnerIndex =
                Parts.UserAndGroupCount; /* what an administrator makes belongs to all of them */
        }
        Parts.UserAndGroupCount++;
    }
    if (Bit == 4) {
        Parts.Present = SepSystemPrivileges;
        Parts.Enabled = SepSystemPrivileges & ~SepSystemDisabled;
        Parts.AuthenticationId.LowPart = 0x3E7;
        Parts.Source = "*SYSTEM*";
        Parts.PrimaryGroup = SEP_KNOWN(SepLocalSystem);
    } else {
        Parts.Present = Bit == 1 ? SepAdminPrivileges : SepUserPrivileges;
        Parts.Enabled = Bit == 1 ? SepAdminEnabled : SepUserEnabled;
        Parts.AuthenticationId.LowPart = Bit == 1 ? SEP_SESSION_ADMIN : SEP_SESSION_USER;
        Parts.Source = "User32 \0";
        Parts.PrimaryGroup = SEP_KNOWN(SepNoneGroup);
    }
    if (!KiVersion->MandatoryIntegrity) {
        Parts.Present &= ~SEP_VISTA_PRIVILEGES;
    }
    Owner = Bit == 4 ? SEP_KNOWN(SepLocalSystem) : Sids[Parts.OwnerIndex].Sid;
    RtlCreateAcl(Dacl, sizeof(Acl), ACL_REVISION);
    RtlAddAccessAllowedAce(Dacl, ACL_REVISION, GENERIC_ALL, Owner);
    if (Bit == 4) {
        RtlAddAccessAllowedAce(Dacl, ACL_REVISION, GENERIC_READ | GENERIC_EXECUTE | READ_CONTROL,
                               SEP_KNOWN(SepAdmins));
    } else {
        RtlAddAccessAllowedAce(Dacl, ACL_REVISION, GENERIC_ALL, SEP_KNOWN(SepLocalSystem));
        RtlAddAccessAllowedAce(Dacl, ACL_REVISION, GENERIC_READ | GENERIC_EXECUTE,
                               SEP_KNOWN(Bit == 1 ? SepLogonAdmin : SepLogonUser));
    }
    Dacl->AclSize = 8;
    for (ULONG i = 0; i < Dacl->AceCount; i++) {
        Dacl->AclSize += ((PACE_HEADER)(Acl + Dacl->AclSize))->AceSize;
    }
    Parts.DefaultDacl = Dacl;
    Status = SepCreateToken(&Parts, &Token);
    ASSERT(NT_SUCCESS(Status));
    Token->SessionId = Bit == 4 ? 0 : KiVersion->MandatoryIntegrity ? 1 : 0;
    Token->Elevated = Bit != 2;
    if (Bit == 4) {
        Token->OriginatingLogonSession.LowPart = 0;
    } else {
        Token->OriginatingLogonSession.LowPart = 0x3E7;
        Token->ElevationType = Bit == 1 ? 2 : 1;
    }
    return Token;
}

PACCESS_TOKEN
SepSystemToken(VOID)
{
    if (SepSystem == NULL) {
        SepSystem = SepBuildToken(ABI_TOKEN_SYSTEM);
    }
    ObReferenceObject(SepSystem);
    return SepSystem;
}

PACCESS_TOKEN
SepMakeToken(ULONG Kind)
{
    return SepBuildToken(Kind);
}
