/*
 * classes-client.c - every class of NtQueryInformationToken: its length and one byte less, the block it fills and where its pointers lead, what
 * two classes say of the same; pseudo handles, access, bad pointers.
 * [LEARN:winnt/ne-winnt-token_information_class], [DDI:ntifs/ntqueryinformationtoken],
 * [LEARN:processthreadsapi/getcurrentprocesstoken], [LEARN:winnt/ns-winnt-token_groups_and_privileges].
 */
#include "../ntlab-client.h"
#include <winternl.h>

NTSTATUS NTAPI NtOpenProcessToken(HANDLE, ACCESS_MASK, PHANDLE);
NTSTATUS NTAPI NtDuplicateToken(HANDLE, ACCESS_MASK, POBJECT_ATTRIBUTES, BOOLEAN, int, PHANDLE);
NTSTATUS NTAPI NtQueryInformationToken(HANDLE, int, PVOID, ULONG, PULONG);
NTSTATUS NTAPI NtSetInformationThread(HANDLE, THREADINFOCLASS, PVOID, ULONG);
BOOLEAN NTAPI RtlEqualSid(PSID, PSID);
ULONG NTAPI RtlLengthSid(PSID);
BOOLEAN NTAPI RtlValidSid(PSID);

#define TOO_SMALL     0xC0000023
#define BAD_CLASS     0xC0000003
#define BAD_ADDRESS   0xC0000005
#define ACCESS_DENIED 0xC0000022
#define NO_TOKEN      0xC000007C
#define FAR_AWAY      ((void *)0x400080000000ull)

static ULONG64 Space[1024], Second[1024];
#define LONGS ((ULONG *)Space)

static ULONG
Ask(HANDLE Token, ULONG Class)
{
    ULONG Length = 0xAAAA;
    NTSTATUS Status;

    memset(Space, 0xCC, sizeof(Space));
    Status = NtQueryInformationToken(Token, Class, Space, sizeof(Space), &Length);
    EXPECT_EQ(Status, 0);
    EXPECT_EQ(((BYTE *)Space)[Length], 0xCC); /* nothing behind it */
    return Length;
}

/* A block that is too small is left as it was; one of the length that was asked for is filled. */
static void
Lengths(HANDLE Token)
{
    static const struct {
        ULONG Class, Size; /* 0: it has no fixed one */
    } Table[] = {{1, 0},   {2, 0},  {3, 0},  {4, 0},  {5, 0},  {6, 0},  {7, 16}, {8, 4},
                 {10, 56}, {11, 0}, {13, 0}, {15, 4}, {17, 8}, {18, 4}, {20, 4}, {21, 4},
                 {23, 4},  {24, 4}, {25, 0}, {26, 4}, {27, 4}, {28, 0}};

    for (ULONG i = 0; i < sizeof(Table) / sizeof(Table[0]); i++) {
        ULONG Class = Table[i].Class, Length = 0xAAAA, Need = Ask(Token, Class);

        EXPECT(Table[i].Size == 0 || Need == Table[i].Size);
        memset(Space, 0xCC, sizeof(Space));
        EXPECT_EQ((ULONG)NtQueryInformationToken(Token, Class, Space, Need - 1, &Length),
                  TOO_SMALL);
        EXPECT_EQ(Length, Need);
        EXPECT_EQ(Space[0], 0xCCCCCCCCCCCCCCCC);
        Length = 0xAAAA;
        EXPECT_EQ((ULONG)NtQueryInformationToken(Token, Class, NULL, 0, &Length), TOO_SMALL);
        EXPECT_EQ(Length, Need);
        EXPECT_EQ(NtQueryInformationToken(Token, Class, Space, Need, &Length), 0);
        EXPECT_EQ(Length, Need);
        EXPECT_EQ(((BYTE *)Space)[Need], 0xCC);
        EXPECT_EQ((ULONG)NtQueryInformationToken(Token, Class, FAR_AWAY, Need, &Length),
                  BAD_ADDRESS);
        EXPECT_EQ((ULONG)NtQueryInformationToken(Token, Class, Space, Need, FAR_AWAY), BAD_ADDRESS);
    }
    EXPECT_EQ((ULONG)NtQueryInformationToken(Token, 0, Space, 64, LONGS), BAD_CLASS);
    EXPECT_EQ((ULONG)NtQueryInformationToken(Token, 999, Space, 64, LONGS), BAD_CLASS);
}

static BOOL
In(const void *Part, ULONG Bytes, ULONG Length)
{
    return (BYTE *)Part >= (BYTE *)Space && (BYTE *)Part + Bytes <= (BYTE *)Space + Length;
}

static ULONG
CheckGroups(ULONG Length)
{
    TOKEN_GROUPS *Groups = (void *)Space;

    for (ULONG i = 0; i < Groups->GroupCount; i++) {
        EXPECT(In(Groups->Groups[i].Sid, 8, Length) && RtlValidSid(Groups->Groups[i].Sid));
        EXPECT(In(Groups->Groups[i].Sid, RtlLengthSid(Groups->Groups[i].Sid), Length));
    }
    return Groups->GroupCount;
}

/* What several classes say of one token fits together. */
static void
Together(HANDLE Token)
{
    static BYTE User[68];
    TOKEN_GROUPS_AND_PRIVILEGES *All = (void *)Second;
    TOKEN_STATISTICS Statistics;
    ULONG Length, Count, Privileges, Bytes;
    TOKEN_USER *U = (void *)Space;

    Length = Ask(Token, TokenUser);
    EXPECT(U->User.Attributes == 0 && In(U->User.Sid, RtlLengthSid(U->User.Sid), Length));
    EXPECT_EQ(Length, 16 + RtlLengthSid(U->User.Sid));
    memcpy(User, U->User.Sid, RtlLengthSid(U->User.Sid));
    Length = Ask(Token, TokenGroups);
    Count = CheckGroups(Length);
    EXPECT(Count >= 3);
    EXPECT_EQ(
        NtQueryInformationToken(Token, TokenGroupsAndPrivileges, Second, sizeof(Second), &Length),
        0);
    EXPECT_EQ(All->SidCount, Count + 1);
    EXPECT(RtlEqualSid(All->Sids[0].Sid, User));
    Bytes = All->SidCount * 16;
    for (ULONG i = 0; i < Count; i++) {
        TOKEN_GROUPS *Groups = (void *)Space;

        EXPECT(RtlEqualSid(Groups->Groups[i].Sid, All->Sids[i + 1].Sid));
        EXPECT_EQ(Groups->Groups[i].Attributes, All->Sids[i + 1].Attributes);
    }
    for (ULONG i = 0; i <= Count; i++) {
        Bytes += (RtlLengthSid(All->Sids[i].Sid) + 7) & ~7u;
    }
    EXPECT(All->SidLength <= Bytes && All->SidLength + 4 * All->SidCount >= Bytes);
    EXPECT(All->RestrictedSidCount == 0 && All->RestrictedSids == NULL);
    EXPECT_EQ(All->RestrictedSidLength, 0);
    Length = Ask(Token, TokenPrivileges);
    Privileges = LONGS[0];
    EXPECT_EQ(Length, 4 + Privileges * 12);
    EXPECT(All->PrivilegeCount == Privileges && All->PrivilegeLength == Privileges * 12);
    EXPECT_EQ(memcmp(All->Privileges, LONGS + 1, Privileges * 12), 0);
    for (ULONG i = 0; i < Privileges; i++) {
        TOKEN_PRIVILEGES *List = (void *)Space;
        LUID Luid = List->Privileges[i].Luid;

        EXPECT(Luid.HighPart == 0 && Luid.LowPart >= 2 && Luid.LowPart <= 36);
        EXPECT(i == 0 || Luid.LowPart > List->Privileges[i - 1].Luid.LowPart);
        EXPECT_EQ(List->Privileges[i].Attributes & ~3u, 0);
        if (Luid.LowPart == 23) { /* SeChangeNotifyPrivilege: everybody has it, enabled */
            EXPECT_EQ(List->Privileges[i].Attributes, 3);
        }
    }
    Ask(Token, TokenStatistics);
    memcpy(&Statistics, Space, sizeof(Statistics));
    EXPECT_EQ(Statistics.GroupCount, Count);
    EXPECT_EQ(Statistics.PrivilegeCount, Privileges);
    EXPECT_EQ(Statistics.TokenType, TokenPrimary);
    EXPECT_EQ(memcmp(&Statistics.AuthenticationId, &All->AuthenticationId, 8), 0);
    EXPECT(Statistics.TokenId.LowPart != 0 && Statistics.ExpirationTime.QuadPart > 0);
    Ask(Token, TokenType);
    EXPECT_EQ(LONGS[0], TokenPrimary);
    Length = Ask(Token, TokenOwner);
    EXPECT(*(BYTE **)Space == (BYTE *)Space + 8 && RtlValidSid(*(PSID *)Space));
    EXPECT_EQ(Length, 8 + RtlLengthSid(*(PSID *)Space));
    Length = Ask(Token, TokenPrimaryGroup);
    EXPECT(*(BYTE **)Space == (BYTE *)Space + 8 && RtlValidSid(*(PSID *)Space));
    EXPECT_EQ(Length, 8 + RtlLengthSid(*(PSID *)Space));
    Length = Ask(Token, TokenDefaultDacl);
    EXPECT(*(BYTE **)Space == (BYTE *)Space + 8);
    EXPECT_EQ(Length, 8 + (*(PACL *)Space)->AclSize);
    EXPECT((*(PACL *)Space)->AceCount >= 2 && (*(PACL *)Space)->AclRevision == 2);
    Length = Ask(Token, TokenRestrictedSids);
    EXPECT_EQ(CheckGroups(Length), 0);
    Length = Ask(Token, TokenIntegrityLevel);
    EXPECT_EQ(Length, 16 + 12);
    EXPECT_EQ(LONGS[2] & 0x60, 0x60); /* SE_GROUP_INTEGRITY, enabled */
    EXPECT(In(*(PSID *)Space, 12, Length) && ((BYTE *)*(PSID *)Space)[7] == 16);
    Length = Ask(Token, TokenLogonSid);
    EXPECT_EQ(LONGS[0], 1);
    EXPECT_EQ(LONGS[4] & SE_GROUP_LOGON_ID, SE_GROUP_LOGON_ID);
    EXPECT(((BYTE *)((TOKEN_GROUPS *)Space)->Groups[0].Sid)[1] == 3); /* S-1-5-5-x-y */
    Ask(Token, 12);                                                   /* TokenSessionId */
    EXPECT_EQ(
        NtQueryInformationProcess((HANDLE)-1, 24 /* ProcessSessionInformation */, &Length, 4, NULL),
        0);
    EXPECT_EQ(LONGS[0], Length);
    Ask(Token, 15);
    EXPECT_EQ(LONGS[0], 0); /* no sandbox */
    Ask(Token, 21);
    EXPECT_EQ(LONGS[0], 0); /* not filtered */
    Ask(Token, 26);
    EXPECT_EQ(LONGS[0], 0); /* no access to others' windows */
    Ask(Token, 27);
    EXPECT_EQ(LONGS[0], 3); /* no write up, new processes get the lesser level */
    Ask(Token, 29);
    EXPECT_EQ(LONGS[0], 0); /* in no container */
}

/* A copy to impersonate with; TOKEN_QUERY and TOKEN_QUERY_SOURCE; pseudo handles. */
static void
Copies(HANDLE Token)
{
    SECURITY_QUALITY_OF_SERVICE Quality = {sizeof(Quality), SecurityIdentification, 0, FALSE};
    OBJECT_ATTRIBUTES Attributes = {sizeof(Attributes)};
    HANDLE Copy, Weak, Blind, None = NULL;
    ULONG Length;

    Attributes.SecurityQualityOfService = &Quality;
    EXPECT_EQ((ULONG)NtQueryInformationToken(Token, TokenImpersonationLevel, Space, 4, &Length),
              BAD_CLASS); /* a primary token has none */
    EXPECT_EQ(NtDuplicateToken(Token, TOKEN_QUERY | TOKEN_IMPERSONATE, &Attributes, FALSE,
                               TokenImpersonation, &Copy),
              0);
    Ask(Copy, TokenImpersonationLevel);
    EXPECT_EQ(LONGS[0], SecurityIdentification);
    Ask(Copy, TokenType);
    EXPECT_EQ(LONGS[0], TokenImpersonation);
    Ask(Copy, TokenStatistics);
    EXPECT_EQ(LONGS[6], TokenImpersonation);
    EXPECT_EQ(LONGS[7], SecurityIdentification);
    EXPECT_EQ((ULONG)NtQueryInformationToken(Copy, TokenSource, Space, 16, &Length), ACCESS_DENIED);
    EXPECT_EQ(
        NtDuplicateToken(Token, TOKEN_QUERY_SOURCE, &Attributes, FALSE, TokenImpersonation, &Blind),
        0);
    EXPECT_EQ((ULONG)NtQueryInformationToken(Blind, TokenType, Space, 4, &Length), ACCESS_DENIED);
    Ask(Blind, TokenSource);
    Quality.ImpersonationLevel = SecurityImpersonation; /* more than it may */
    EXPECT_EQ(
        (ULONG)NtDuplicateToken(Copy, TOKEN_QUERY, &Attributes, FALSE, TokenImpersonation, &None),
        ACCESS_DENIED); /* the handle may not duplicate */
    EXPECT_EQ(
        NtDuplicateToken(Token, TOKEN_DUPLICATE, &Attributes, FALSE, TokenImpersonation, &Weak), 0);
    EXPECT_EQ(NtDuplicateToken(Weak, 0, &Attributes, FALSE, TokenPrimary, &None), 0);
    NtClose(None);
    NtClose(Weak);
    Quality.ImpersonationLevel = SecurityIdentification;
    EXPECT_EQ(
        NtDuplicateToken(Token, TOKEN_DUPLICATE, &Attributes, FALSE, TokenImpersonation, &Weak), 0);
    Quality.ImpersonationLevel = SecurityImpersonation;
    EXPECT_EQ((ULONG)NtDuplicateToken(Weak, 0, &Attributes, FALSE, TokenImpersonation, &None),
              0xC00000A5); /* STATUS_BAD_IMPERSONATION_LEVEL */
    EXPECT_EQ((ULONG)NtDuplicateToken(Weak, 0, &Attributes, FALSE, TokenPrimary, &None),
              0xC00000A5);
    NtClose(Weak);
    NtClose(Blind);
    EXPECT_EQ((ULONG)NtDuplicateToken(Token, 0, &Attributes, FALSE, 3, &None), 0xC000000D);
    EXPECT_EQ((ULONG)NtDuplicateToken(Token, 0, &Attributes, FALSE, 0, &None), 0xC000000D);
    EXPECT_EQ((ULONG)NtDuplicateToken(Token, 0, &Attributes, FALSE, TokenPrimary, FAR_AWAY),
              BAD_ADDRESS);
    EXPECT_EQ((ULONG)NtDuplicateToken(Token, 0, FAR_AWAY, FALSE, TokenPrimary, &None), BAD_ADDRESS);
    /* -4 the process's, -5 the thread's, -6 the one in effect */
    EXPECT_EQ(NtQueryInformationToken((HANDLE)-4, TokenType, Space, 4, &Length), 0);
    EXPECT_EQ(LONGS[0], TokenPrimary);
    EXPECT_EQ((ULONG)NtQueryInformationToken((HANDLE)-5, TokenType, Space, 4, &Length), NO_TOKEN);
    EXPECT_EQ(NtQueryInformationToken((HANDLE)-6, TokenType, Space, 4, &Length), 0);
    EXPECT_EQ(LONGS[0], TokenPrimary);
    EXPECT_EQ(NtSetInformationThread((HANDLE)-2, 5, &Copy, sizeof(Copy)), 0);
    EXPECT_EQ(NtQueryInformationToken((HANDLE)-4, TokenType, Space, 4, &Length), 0);
    EXPECT_EQ(LONGS[0], TokenPrimary);
    EXPECT_EQ(NtQueryInformationToken((HANDLE)-5, TokenType, Space, 4, &Length), 0);
    EXPECT_EQ(LONGS[0], TokenImpersonation);
    EXPECT_EQ(NtQueryInformationToken((HANDLE)-6, TokenType, Space, 4, &Length), 0);
    EXPECT_EQ(LONGS[0], TokenImpersonation);
    None = NULL; /* no handle: itself again */
    EXPECT_EQ(NtSetInformationThread((HANDLE)-2, 5, &None, sizeof(None)), 0);
    EXPECT_EQ((ULONG)NtQueryInformationToken((HANDLE)-5, TokenType, Space, 4, &Length), NO_TOKEN);
    NtClose(Copy);
}

int
main(void)
{
    HANDLE Token = NULL;

    EXPECT_EQ(NtOpenProcessToken((HANDLE)-1, TOKEN_ALL_ACCESS, &Token), 0);
    Lengths(Token);
    Together(Token);
    Copies(Token);
    NtClose(Token);
    return TEST_DONE();
}
