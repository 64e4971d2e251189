/*
 * tokenmodel-client.c - a token against a model: its privileges and groups are enabled, disabled and removed, its owner and primary group are set, and copies of it are
 * made, whole and of what is enabled, some hundred times; after each step the status, the previous state and what every class tells are
 * what the model gives. [LEARN:securitybaseapi/adjusttokenprivileges], [LEARN:securitybaseapi/adjusttokengroups],
 * [LEARN:securitybaseapi/settokeninformation], [DDI:ntifs/ntduplicatetoken], [LEARN:winnt/token_information_class].
 */
#include "../ntlab-client.h"
#include <winternl.h>

#define SEED 9
#include "../draw.h"

NTSTATUS NTAPI NtOpenProcessToken(HANDLE, ACCESS_MASK, PHANDLE);
NTSTATUS NTAPI NtQueryInformationToken(HANDLE, int, PVOID, ULONG, PULONG);
NTSTATUS NTAPI NtSetInformationToken(HANDLE, int, PVOID, ULONG);
NTSTATUS NTAPI NtAdjustGroupsToken(HANDLE, BOOLEAN, PTOKEN_GROUPS, ULONG, PTOKEN_GROUPS, PULONG);
NTSTATUS NTAPI NtAdjustPrivilegesToken(HANDLE, BOOLEAN, PTOKEN_PRIVILEGES, ULONG, PTOKEN_PRIVILEGES,
                                       PULONG);
NTSTATUS NTAPI NtDuplicateToken(HANDLE, ACCESS_MASK, POBJECT_ATTRIBUTES, BOOLEAN, int, PHANDLE);

#define TOO_SMALL        0xC0000023
#define INVALID_OWNER    0xC000005A
#define INVALID_GROUP    0xC000005B
#define BAD_LEVEL        0xC00000A5
#define NOT_ALL_ASSIGNED 0x00000106
#define CANT_DISABLE     0xC000005D
#define CANT_ENABLE      0xC00002B3
#define MOST             64

typedef struct _GROUP {
    BYTE Sid[SECURITY_MAX_SID_SIZE];
    ULONG Attributes;
} GROUP;

typedef struct _MODEL {
    HANDLE Token;
    ULONG Type, Level, Groups, Privileges, Owner; /* Owner: 0 the user, else a group and 1 */
    GROUP User, Group[MOST];
    LUID_AND_ATTRIBUTES Privilege[MOST];
    BYTE Primary[SECURITY_MAX_SID_SIZE];
    LUID Id, Modified;
} MODEL;

static MODEL One, Two;
static ULONG64 Space[512], Before[512];
static ULONG Bad[10], Done[4][2];
static const BYTE Nobody[SECURITY_MAX_SID_SIZE] = {1, 1, 0, 0, 0, 0, 0, 5, 99, 0, 0, 0};

static void *
Query(HANDLE Token, int Class)
{
    ULONG Length = 0, Again = 0;

    Bad[0] += (ULONG)NtQueryInformationToken(Token, Class, NULL, 0, &Length) != TOO_SMALL;
    memset(Space, 0xCC, sizeof(Space));
    Bad[0] += (ULONG)NtQueryInformationToken(Token, Class, Space, Length - 1, &Again) != TOO_SMALL;
    Bad[0] += NtQueryInformationToken(Token, Class, Space, Length, &Again) != 0 || Again != Length;
    Bad[0] += ((BYTE *)Space)[Length] != 0xCC;
    return Space;
}

static void
CopySid_(BYTE *To, PSID From)
{
    memset(To, 0, SECURITY_MAX_SID_SIZE);
    memcpy(To, From, GetLengthSid(From));
}

static void
Read(MODEL *Model)
{
    TOKEN_GROUPS *Groups;
    TOKEN_PRIVILEGES *Privileges;
    TOKEN_STATISTICS *Statistics;
    PSID Owner;

    CopySid_(Model->User.Sid, *(PSID *)Query(Model->Token, TokenUser));
    Groups = Query(Model->Token, TokenGroups);
    Model->Groups = Groups->GroupCount;
    for (ULONG i = 0; i < Model->Groups; i++) {
        CopySid_(Model->Group[i].Sid, Groups->Groups[i].Sid);
        Model->Group[i].Attributes = Groups->Groups[i].Attributes;
    }
    Privileges = Query(Model->Token, TokenPrivileges);
    Model->Privileges = Privileges->PrivilegeCount;
    memcpy(Model->Privilege, Privileges->Privileges,
           Model->Privileges * sizeof(LUID_AND_ATTRIBUTES));
    CopySid_(Model->Primary, *(PSID *)Query(Model->Token, TokenPrimaryGroup));
    Owner = *(PSID *)Query(Model->Token, TokenOwner);
    Model->Owner = 0;
    for (ULONG i = 0; i < Model->Groups; i++) {
        Model->Owner = EqualSid(Owner, Model->Group[i].Sid) ? i + 1 : Model->Owner;
    }
    Statistics = Query(Model->Token, TokenStatistics);
    Model->Type = Statistics->TokenType;
    Model->Level = Statistics->ImpersonationLevel;
    Model->Id = Statistics->TokenId;
    Model->Modified = Statistics->ModifiedId;
}

/* Every class against the model. */
static void
Check(const MODEL *Model)
{
    TOKEN_GROUPS *Groups = Query(Model->Token, TokenGroups);
    TOKEN_PRIVILEGES *Privileges;
    TOKEN_STATISTICS *Statistics;
    TOKEN_GROUPS_AND_PRIVILEGES *Both;
    const BYTE *Owner = Model->Owner == 0 ? Model->User.Sid : Model->Group[Model->Owner - 1].Sid;

    Bad[1] += Groups->GroupCount != Model->Groups;
    for (ULONG i = 0; i < Model->Groups && i < Groups->GroupCount; i++) {
        Bad[1] += !EqualSid(Groups->Groups[i].Sid, (PSID)Model->Group[i].Sid) ||
                  Groups->Groups[i].Attributes != Model->Group[i].Attributes;
    }
    Privileges = Query(Model->Token, TokenPrivileges);
    Bad[2] += Privileges->PrivilegeCount != Model->Privileges ||
              memcmp(Privileges->Privileges, Model->Privilege,
                     Model->Privileges * sizeof(LUID_AND_ATTRIBUTES)) != 0;
    Both = Query(Model->Token, TokenGroupsAndPrivileges);
    Bad[3] += Both->SidCount != Model->Groups + 1 || Both->PrivilegeCount != Model->Privileges ||
              Both->RestrictedSidCount != 0 || Both->RestrictedSids != NULL;
    Bad[3] += Both->PrivilegeLength != Model->Privileges * sizeof(LUID_AND_ATTRIBUTES) ||
              memcmp(Both->Privileges, Model->Privilege, Both->PrivilegeLength) != 0;
    Bad[3] += !EqualSid(Both->Sids[0].Sid, (PSID)Model->User.Sid);
    for (ULONG i = 0; i < Model->Groups && Both->SidCount == Model->Groups + 1; i++) {
        Bad[3] += !EqualSid(Both->Sids[i + 1].Sid, (PSID)Model->Group[i].Sid) ||
                  Both->Sids[i + 1].Attributes != Model->Group[i].Attributes;
    }
    Statistics = Query(Model->Token, TokenStatistics);
    Bad[4] += Statistics->GroupCount != Model->Groups ||
              Statistics->PrivilegeCount != Model->Privileges ||
              Statistics->TokenType != (TOKEN_TYPE)Model->Type ||
              (Model->Type == TokenImpersonation &&
               Statistics->ImpersonationLevel != (SECURITY_IMPERSONATION_LEVEL)Model->Level);
    Bad[4] += memcmp(&Statistics->TokenId, &Model->Id, sizeof(LUID)) != 0;
    Bad[5] += !EqualSid(*(PSID *)Query(Model->Token, TokenOwner), (PSID)Owner);
    Bad[5] += !EqualSid(*(PSID *)Query(Model->Token, TokenPrimaryGroup), (PSID)Model->Primary);
}

static LUID
Modified(const MODEL *Model)
{
    return ((TOKEN_STATISTICS *)Query(Model->Token, TokenStatistics))->ModifiedId;
}

static ULONG
FindPrivilege(const MODEL *Model, LUID Luid)
{
    for (ULONG i = 0; i < Model->Privileges; i++) {
        if (memcmp(&Model->Privilege[i].Luid, &Luid, sizeof(Luid)) == 0) {
            return i;
        }
    }
    return MOST;
}

static void
Privileges(MODEL *Model)
{
    static const ULONG To[] = {0, SE_PRIVILEGE_ENABLED, SE_PRIVILEGE_ENABLED, SE_PRIVILEGE_REMOVED};
    struct { /* TOKEN_PRIVILEGES */
        ULONG Count;
        LUID_AND_ATTRIBUTES Privileges[5];
    } New;
    TOKEN_PRIVILEGES *Previous = (TOKEN_PRIVILEGES *)Before;
    MODEL After = *Model;
    ULONG Known = 0, Changed = 0, Length = 0, Status, Room, Expected;
    BOOLEAN All = Any(12) == 0, Tells = (BOOLEAN)Any(2);
    LUID Was = Modified(Model), Is;

    New.Count = Any(5);
    for (ULONG i = 0; i < New.Count; i++) {
        LUID_AND_ATTRIBUTES *Entry = &New.Privileges[i];
        ULONG At;

        Entry->Luid.LowPart = 2 + Any(36);
        Entry->Luid.HighPart = Any(10) == 0;
        Entry->Attributes = To[Any(20) == 0 ? 3 : Any(3)];
        At = FindPrivilege(Model, Entry->Luid);
        Known += At < MOST;
        if (At < MOST && !All) {
            ULONG *Attributes = &After.Privilege[FindPrivilege(&After, Entry->Luid)].Attributes;

            *Attributes = Entry->Attributes == SE_PRIVILEGE_REMOVED ? ~0u
                          : Entry->Attributes & SE_PRIVILEGE_ENABLED
                              ? (*Attributes & ~0x80000000u) | SE_PRIVILEGE_ENABLED
                              : *Attributes & ~(ULONG)SE_PRIVILEGE_ENABLED;
            if (Entry->Attributes == SE_PRIVILEGE_REMOVED) {
                break; /* what is said of it once more would be another story */
            }
        }
    }
    if (New.Count > 1) { /* each once */
        for (ULONG i = 1; i < New.Count; i++) {
            for (ULONG k = 0; k < i; k++) {
                if (memcmp(&New.Privileges[i].Luid, &New.Privileges[k].Luid, 8) == 0) {
                    return;
                }
            }
        }
    }
    for (ULONG i = 0; i < New.Count && !All; i++) {
        if (New.Privileges[i].Attributes == SE_PRIVILEGE_REMOVED) {
            ULONG At = FindPrivilege(Model, New.Privileges[i].Luid);

            if (i + 1 != New.Count || At == MOST) {
                return;
            }
        }
    }
    for (ULONG i = 0; i < Model->Privileges; i++) {
        ULONG Then = Model->Privilege[i].Attributes, Now = After.Privilege[i].Attributes;

        if (All) {
            Now = After.Privilege[i].Attributes = Then & ~(ULONG)SE_PRIVILEGE_ENABLED;
        }
        Changed += ((Now == ~0u ? 0 : Now) ^ Then) & SE_PRIVILEGE_ENABLED ? 1 : 0;
    }
    Room = 4 + Changed * sizeof(LUID_AND_ATTRIBUTES) - (Any(4) == 0);
    memset(Before, 0xCC, sizeof(Before));
    Status = (ULONG)NtAdjustPrivilegesToken(Model->Token, All, (TOKEN_PRIVILEGES *)&New,
                                            Tells ? Room : 0, Tells ? Previous : NULL,
                                            Tells ? &Length : NULL);
    Expected = Tells && Room % 4 == 3      ? TOO_SMALL
               : !All && Known < New.Count ? NOT_ALL_ASSIGNED
                                           : 0;
    Bad[6] += Status != Expected;
    Done[0][Status == 0]++;
    Bad[6] += Tells && Length != 4 + Changed * sizeof(LUID_AND_ATTRIBUTES);
    if (Status >= 0xC0000000) {
        return;
    }
    if (Tells) {
        Bad[6] += Previous->PrivilegeCount != Changed || ((BYTE *)Before)[Length] != 0xCC;
        for (ULONG i = 0; i < Previous->PrivilegeCount && i < MOST; i++) {
            ULONG At = FindPrivilege(Model, Previous->Privileges[i].Luid);

            Bad[6] +=
                At == MOST || Previous->Privileges[i].Attributes != Model->Privilege[At].Attributes;
        }
    }
    for (ULONG i = 0; i < After.Privileges;) {
        if (After.Privilege[i].Attributes == ~0u) {
            memmove(&After.Privilege[i], &After.Privilege[i + 1],
                    (--After.Privileges - i) * sizeof(After.Privilege[0]));
        } else {
            i++;
        }
    }
    *Model = After;
    Is = Modified(Model);
    Bad[7] += Changed != 0 && memcmp(&Was, &Is, sizeof(Was)) == 0;
}

static void
Groups(MODEL *Model)
{
    struct { /* TOKEN_GROUPS */
        ULONG Count;
        SID_AND_ATTRIBUTES Groups[4];
    } New;
    TOKEN_GROUPS *Previous = (TOKEN_GROUPS *)Before;
    MODEL After = *Model;
    ULONG Known = 0, Bytes = 0, Changed = 0, Length = 0, Error = 0, Room, Status;
    BOOLEAN Reset = Any(4) == 0, Tells = (BOOLEAN)Any(2);

    New.Count = 1 + Any(2);
    for (ULONG i = 0; i < New.Count && !Reset; i++) {
        /* mostly those that may change */
        ULONG At = Any(Model->Groups + 1);

        for (ULONG k = 0; k < Model->Groups && Any(3) != 0; k++) {
            At = Model->Group[k].Attributes & (SE_GROUP_MANDATORY | SE_GROUP_INTEGRITY) ? At : k;
        }
        New.Groups[i].Sid = At == Model->Groups ? (PSID)Nobody : (PSID)Model->Group[At].Sid;
        New.Groups[i].Attributes = Any(2) ? SE_GROUP_ENABLED : 0;
        if (At == Model->Groups) {
            continue;
        }
        if (Model->Group[At].Attributes & SE_GROUP_INTEGRITY) {
            return; /* a level is no group */
        }
        Known++;
        if (New.Groups[i].Attributes != 0) {
            Error = After.Group[At].Attributes & SE_GROUP_USE_FOR_DENY_ONLY ? CANT_ENABLE : Error;
            After.Group[At].Attributes |= SE_GROUP_ENABLED;
        } else {
            Error = After.Group[At].Attributes & SE_GROUP_MANDATORY ? CANT_DISABLE : Error;
            After.Group[At].Attributes &= ~(ULONG)SE_GROUP_ENABLED;
        }
    }
    for (ULONG i = 0; i < Model->Groups; i++) {
        ULONG *Attributes = &After.Group[i].Attributes;

        if (Reset && !(*Attributes & (SE_GROUP_MANDATORY | SE_GROUP_INTEGRITY))) {
            *Attributes = *Attributes & SE_GROUP_ENABLED_BY_DEFAULT
                              ? *Attributes | SE_GROUP_ENABLED
                              : *Attributes & ~(ULONG)SE_GROUP_ENABLED;
        }
        if (*Attributes != Model->Group[i].Attributes) {
            Changed++;
            Bytes += GetLengthSid(Model->Group[i].Sid);
        }
    }
    Bytes += FIELD_OFFSET(TOKEN_GROUPS, Groups) + Changed * sizeof(SID_AND_ATTRIBUTES);
    Room = Any(4) == 0 ? Bytes - 1 : 1024;
    memset(Before, 0xCC, sizeof(Before));
    Status = (ULONG)NtAdjustGroupsToken(Model->Token, Reset, (TOKEN_GROUPS *)&New, Tells ? Room : 0,
                                        Tells ? Previous : NULL, Tells ? &Length : NULL);
    Bad[8] += Status != (Error != 0                    ? Error
                         : Tells && Room < Bytes       ? TOO_SMALL
                         : !Reset && Known < New.Count ? NOT_ALL_ASSIGNED
                                                       : 0);
    Done[1][Status == 0]++;
    if (Status >= 0xC0000000) {
        Bad[8] += Status == TOO_SMALL && Length <= Room; /* how much it takes */
        return;
    }
    if (Tells) {
        Bad[8] += Previous->GroupCount != Changed || Length > Room;
        for (ULONG i = 0; i < Changed && i < MOST; i++) {
            ULONG k = 0;

            while (k < Model->Groups && !EqualSid(Model->Group[k].Sid, Previous->Groups[i].Sid)) {
                k++;
            }
            Bad[8] += k == Model->Groups ||
                      Model->Group[k].Attributes != Previous->Groups[i].Attributes ||
                      After.Group[k].Attributes == Previous->Groups[i].Attributes;
        }
    }
    *Model = After;
}

static void
Defaults(MODEL *Model)
{
    ULONG At = Any(Model->Groups + 2), Status;
    const BYTE *Sid = At == 0                   ? Model->User.Sid
                      : At == Model->Groups + 1 ? Nobody
                                                : Model->Group[At - 1].Sid;
    ULONG Attributes = At != 0 && At <= Model->Groups ? Model->Group[At - 1].Attributes : 0;

    if (Any(2)) {
        BOOL May = At == 0 || (Attributes & SE_GROUP_OWNER);

        Status = (ULONG)NtSetInformationToken(Model->Token, TokenOwner, &Sid, sizeof(Sid));
        Bad[9] += Status != (May ? 0 : INVALID_OWNER);
        Model->Owner = May ? At : Model->Owner;
        Done[2][Status == 0]++;
    } else if (!(Attributes & SE_GROUP_INTEGRITY)) {
        Status = (ULONG)NtSetInformationToken(Model->Token, TokenPrimaryGroup, &Sid, sizeof(Sid));
        Bad[9] += Status != (At <= Model->Groups ? 0 : INVALID_GROUP);
        if (Status == 0) {
            memcpy(Model->Primary, Sid, SECURITY_MAX_SID_SIZE);
        }
        Done[2][Status == 0]++;
    }
}

/* A copy has an id of its own, and all else of the first, or what is enabled of it. */
static void
Copies(MODEL *Model)
{
    SECURITY_QUALITY_OF_SERVICE Quality = {sizeof(Quality), Any(4), 0, FALSE};
    OBJECT_ATTRIBUTES Attributes = {sizeof(Attributes)};
    ULONG Type = 1 + Any(2), Status, Expected = 0;
    BOOLEAN Effective = Any(3) == 0;
    HANDLE Handle = NULL;

    Attributes.SecurityQualityOfService = &Quality;
    if (Model->Type == TokenImpersonation &&
        ((ULONG)Quality.ImpersonationLevel > Model->Level ||
         (Type == TokenPrimary && Model->Level < SecurityImpersonation))) {
        Expected = BAD_LEVEL;
    }
    Status = (ULONG)NtDuplicateToken(Model->Token, 0, &Attributes, Effective, Type, &Handle);
    Bad[9] += Status != Expected || (Handle != NULL) != (Status == 0);
    Done[3][Status == 0]++;
    if (Status != 0) {
        return;
    }
    Two = *Model;
    Two.Token = Handle;
    Two.Type = Type;
    Two.Level = Quality.ImpersonationLevel;
    if (Effective) {
        Two.Groups = Two.Privileges = Two.Owner = 0;
        for (ULONG i = 0; i < Model->Privileges; i++) {
            if (Model->Privilege[i].Attributes & SE_PRIVILEGE_ENABLED) {
                Two.Privilege[Two.Privileges++] = Model->Privilege[i];
            }
        }
        for (ULONG i = 0; i < Model->Groups; i++) {
            if (Model->Group[i].Attributes &
                (SE_GROUP_ENABLED | SE_GROUP_USE_FOR_DENY_ONLY | SE_GROUP_INTEGRITY)) {
                Two.Group[Two.Groups++] = Model->Group[i];
                Two.Owner = Model->Owner == i + 1 ? Two.Groups : Two.Owner;
            }
        }
    }
    Two.Id = ((TOKEN_STATISTICS *)Query(Handle, TokenStatistics))->TokenId;
    Bad[9] += memcmp(&Two.Id, &Model->Id, sizeof(LUID)) == 0;
    Check(&Two);
    if (Any(4) == 0 && (Type == TokenPrimary || Two.Level >= SecurityIdentification) &&
        Two.Privileges > 4) {
        CloseHandle(Model->Token); /* the steps go on with the copy */
        *Model = Two;
    } else {
        CloseHandle(Handle);
    }
}

int
main(void)
{
    HANDLE Own;

    EXPECT_EQ(NtOpenProcessToken((HANDLE)-1, TOKEN_ALL_ACCESS, &Own), 0);
    for (ULONG Round = 0; Round < 12; Round++) {
        EXPECT_EQ(NtDuplicateToken(Own, TOKEN_ALL_ACCESS, NULL, FALSE, TokenPrimary, &One.Token),
                  0);
        Read(&One);
        Check(&One);
        for (ULONG Step = 0; Step < 60; Step++) {
            ULONG What = Any(8);

            if (What < 3) {
                Privileges(&One);
            } else if (What < 5) {
                Groups(&One);
            } else if (What < 7) {
                Defaults(&One);
            } else {
                Copies(&One);
            }
            Check(&One);
        }
        CloseHandle(One.Token);
    }
    CloseHandle(Own);
    for (ULONG i = 0; i < RTL_NUMBER_OF(Bad); i++) {
        EXPECT_EQ(Bad[i], 0);
    }
    for (ULONG i = 0; i < 4; i++) {
        EXPECT(Done[i][0] > 5 && Done[i][1] > 5);
    }
    return TEST_DONE();
}
