/*
 * sep.h - the security reference monitor's chapter.
 *
 * It owns tokens and decides who may do what. It knows objects only as descriptors.
 *
 *     sid.c acl.c secdesc.c   plain data, shared with ntdll (sertl.h)
 *     token.c                 the token object: making, copying, filtering
 *     known.c                 well-known SIDs, SeExports, the tokens of the command line
 *     access.c                SeAccessCheck
 *     subject.c               subject contexts, access states, privilege checks
 *     assign.c capture.c      a new object's descriptor, changes of descriptors; descriptors from user mode
 *     client.c                impersonation
 *     query.c adjust.c        information about tokens, changes of tokens
 *     services.c              NtOpenProcessToken and its kin
 *     audit.c                 auditing, which is off
 *
 *   T1  A token's SIDs and lists lie in one block (Variable), so that a copy is a copy and a shift.
 *   T2  UserAndGroups[0] is the user. The integrity level is a group (SE_GROUP_INTEGRITY), from Vista on.
 *   T3  Privileges are bit masks by number: Enabled is a part of Present.
 */
#ifndef NT_SE_SEP_H
#define NT_SE_SEP_H

#include "nt/inc/ke.h"
#include "nt/inc/ps.h"
#include "nt/inc/ob.h"
#include "nt/inc/ex.h"
#include "nt/inc/se.h"
#include "nt/se/sertl.h"

#ifndef SE_GROUP_MANDATORY
#define SE_GROUP_MANDATORY          0x00000001
#define SE_GROUP_ENABLED_BY_DEFAULT 0x00000002
#define SE_GROUP_ENABLED            0x00000004
#define SE_GROUP_OWNER              0x00000008
#define SE_GROUP_USE_FOR_DENY_ONLY  0x00000010
#define SE_GROUP_LOGON_ID           0xC0000000
#endif
#ifndef SE_GROUP_INTEGRITY
#define SE_GROUP_INTEGRITY         0x00000020
#define SE_GROUP_INTEGRITY_ENABLED 0x00000040
#endif
#define SEP_MAX_PRIVILEGE  36
#define SEP_BIT(Privilege) (1ull << (Privilege))

typedef struct _TOKEN {
    TOKEN_SOURCE Source;
    LUID TokenId;
    LUID AuthenticationId;
    LUID ParentTokenId;
    LUID ModifiedId;
    LUID OriginatingLogonSession;
    LARGE_INTEGER ExpirationTime;
    TOKEN_TYPE Type;
    SECURITY_IMPERSONATION_LEVEL ImpersonationLevel;
    ULONG SessionId;
    ULONG Flags; /* TOKEN_xxx of ntifs.h */
    ULONG MandatoryPolicy;
    ULONG ElevationType; /* 1 default, 2 full, 3 limited */
    BOOLEAN Elevated;
    ULONG64 Present, Enabled, EnabledByDefault; /* privileges */
    ULONG OwnerIndex;                           /* of UserAndGroups */
    ULONG UserAndGroupCount;
    ULONG RestrictedCount;
    PSID_AND_ATTRIBUTES UserAndGroups;
    PSID_AND_ATTRIBUTES RestrictedSids;
    PSID PrimaryGroup;
    PACL DefaultDacl; /* in Variable, or a block of its own (OwnDacl) */
    BOOLEAN OwnDacl;
    PVOID Variable;
    ULONG VariableBytes;
} TOKEN, *PTOKEN;

/* Everything that a new token needs; pointers are copied. */
typedef struct _SEP_TOKEN_PARTS {
    TOKEN_TYPE Type;
    SECURITY_IMPERSONATION_LEVEL Level;
    LUID AuthenticationId;
    const SID_AND_ATTRIBUTES *UserAndGroups;
    ULONG UserAndGroupCount;
    const SID_AND_ATTRIBUTES *RestrictedSids;
    ULONG RestrictedCount;
    ULONG64 Present, Enabled;
    ULONG OwnerIndex;
    PSID PrimaryGroup;
    PACL DefaultDacl;
    const CHAR *Source;
} SEP_TOKEN_PARTS;

NTSTATUS SepCreateToken(const SEP_TOKEN_PARTS *Parts, PTOKEN *Token);
VOID SepTokenChanged(PTOKEN Token); /* a new ModifiedId, and Flags that follow from privileges */
NTSTATUS SepFilter(PTOKEN Token, ULONG Flags, PTOKEN_GROUPS Disable, PTOKEN_PRIVILEGES Delete,
                   PTOKEN_GROUPS Restrict, PTOKEN *New);
VOID SepMakeEffective(PTOKEN Token);              /* of a new token what is not enabled goes */
PSID_AND_ATTRIBUTES SepIntegrityOf(PTOKEN Token); /* NULL: none */
ULONG SepIntegrityLevel(PTOKEN Token);
/* Is the SID one that the token stands for? Deny: groups for denying only count too. */
BOOLEAN SepSidInToken(PTOKEN Token, PSID Sid, BOOLEAN Deny, BOOLEAN Restricted);
#define SepOwnerOf(Token) ((Token)->UserAndGroups[(Token)->OwnerIndex].Sid)

BOOLEAN SepTokenHas(PTOKEN Token, ULONG Privilege);
BOOLEAN SepCheckAccess(PSECURITY_DESCRIPTOR Descriptor, PTOKEN Token, ACCESS_MASK Desired,
                       ACCESS_MASK Previous, PPRIVILEGE_SET *Privileges, PGENERIC_MAPPING Mapping,
                       PACCESS_MASK Granted, PNTSTATUS Status);
/* The token that acts for a thread now, referenced. */
PTOKEN SepEffectiveToken(PETHREAD Thread, SECURITY_IMPERSONATION_LEVEL *Level);

/* Any descriptor as a self-relative one in pool. */
NTSTATUS SepPack(PISECURITY_DESCRIPTOR Absolute, POOL_TYPE PoolType, PSECURITY_DESCRIPTOR *Result);

extern const GENERIC_MAPPING SepTokenMapping;

/* Room for any valid SID. */
typedef union _SEP_ANY_SID {
    SID Sid;
    UCHAR Buffer[FIELD_OFFSET(SID, SubAuthority) + SID_MAX_SUB_AUTHORITIES * sizeof(ULONG)];
} SEP_ANY_SID;

/*
 * What a caller of Mode hands in, copied once: STATUS_INVALID_SID, STATUS_INVALID_ACL; raise STATUS_ACCESS_VIOLATION. The caller frees
 * what *To has then (ExFreePool), whatever comes.
 */
NTSTATUS SepCaptureSid(PSID From, KPROCESSOR_MODE Mode, SEP_ANY_SID *To);
NTSTATUS SepCaptureAcl(PACL From, KPROCESSOR_MODE Mode, PACL *To);

/* Well-known SIDs. */
typedef struct _SEP_SID {
    UCHAR Revision, Count;
    UCHAR Authority[6];
    ULONG Sub[6];
} SEP_SID;
enum {
    SepNull,
    SepWorld,
    SepLocal,
    SepConsoleLogon,
    SepCreatorOwner,
    SepCreatorGroup,
    SepOwnerRights,
    SepNtAuthority,
    SepDialup,
    SepNetwork,
    SepBatch,
    SepInteractive,
    SepService,
    SepAnonymous,
    SepAuthenticated,
    SepRestricted,
    SepThisOrganization,
    SepLocalSystem,
    SepLocalService,
    SepNetworkService,
    SepLocalAccount,
    SepLocalAdminAccount,
    SepAdmins,
    SepUsers,
    SepGuests,
    SepPowerUsers,
    SepAccountOps,
    SepSystemOps,
    SepPrintOps,
    SepBackupOps,
    SepIUser,
    SepNtlm,
    SepUntrusted,
    SepLow,
    SepMedium,
    SepHigh,
    SepSystemLevel,
    SepAdminUser,
    SepPlainUser,
    SepNoneGroup,
    SepLogonAdmin,
    SepLogonUser,
    SepSids
};
extern const SEP_SID SepSid[SepSids];
#define SEP_KNOWN(Name) ((PSID) & SepSid[Name])

extern const SE_EXPORTS SepExports;
extern PTOKEN SepSystem; /* the system token, once made */
/* session.c */
#define SEP_SESSION_ADMIN 0x1E2A1
#define SEP_SESSION_USER  0x2F40D
typedef NTSTATUS(NTAPI *PSE_LOGON_SESSION_TERMINATED_ROUTINE_EX)(PLUID LogonId, PVOID Context);
extern LIST_ENTRY SepTerminated;

extern BOOLEAN SepReady; /* phase 1: a thread with a process asks */

#endif
