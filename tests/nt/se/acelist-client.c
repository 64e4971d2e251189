/*
 * acelist-client.c - entries of system lists and the length of an identifier's text, in every combination.
 * [LEARN:securitybaseapi/addauditaccessace], [LEARN:securitybaseapi/addmandatoryace], [LEARN:winnt/system_audit_ace],
 * [LEARN:winnt/system_mandatory_label_ace]
 */
#include "../ntlab-client.h"
#include <winternl.h>

NTSTATUS NTAPI RtlCreateAcl(PACL, ULONG, ULONG);
NTSTATUS NTAPI RtlAddAuditAccessAce(PACL, ULONG, ACCESS_MASK, PSID, BOOLEAN, BOOLEAN);
NTSTATUS NTAPI RtlAddMandatoryAce(PACL, ULONG, ULONG, PSID, UCHAR, ACCESS_MASK);
NTSTATUS NTAPI RtlLengthSidAsUnicodeString(PSID, PULONG);
NTSTATUS NTAPI RtlConvertSidToUnicodeString(PUNICODE_STRING, PSID, BOOLEAN);

#define BAD_PARAMETER 0xC000000D
#define NO_ROOM       0xC0000099 /* STATUS_ALLOTTED_SPACE_EXCEEDED */
#define BAD_REVISION  0xC0000059
#define BAD_SID       0xC0000078

static ULONG64 Memory[32];
static PACL Acl = (PACL)Memory;
static SID World = {SID_REVISION, 1, SECURITY_WORLD_SID_AUTHORITY, {0}};
static SID Medium = {SID_REVISION, 1, {{0, 0, 0, 0, 0, 16}}, {0x2000}};

/* The list holds one entry, which is that. */
static BOOL
Holds(UCHAR Type, UCHAR Flags, ACCESS_MASK Mask, PSID Sid)
{
    BYTE *Entry = (BYTE *)(Acl + 1);

    return Acl->AceCount == 1 && Entry[0] == Type && Entry[1] == Flags &&
           *(USHORT *)(Entry + 2) == 8 + sizeof(SID) && *(ULONG *)(Entry + 4) == Mask &&
           memcmp(Entry + 8, Sid, sizeof(SID)) == 0;
}

static void
Audits(void)
{
    for (ULONG i = 0; i < 4; i++) {
        UCHAR Flags =
            (i & 1 ? SUCCESSFUL_ACCESS_ACE_FLAG : 0) | (i & 2 ? FAILED_ACCESS_ACE_FLAG : 0);

        EXPECT_EQ((ULONG)RtlCreateAcl(Acl, sizeof(ACL) + 8 + sizeof(SID), ACL_REVISION), 0);
        EXPECT_EQ((ULONG)RtlAddAuditAccessAce(Acl, ACL_REVISION, 0x12345, &World, (BOOLEAN)(i & 1),
                                              (BOOLEAN)(i >> 1)),
                  0);
        EXPECT(Holds(SYSTEM_AUDIT_ACE_TYPE, Flags, 0x12345, &World));
        EXPECT_EQ((ULONG)RtlAddAuditAccessAce(Acl, ACL_REVISION, 1, &World, TRUE, TRUE), NO_ROOM);
        EXPECT_EQ((ULONG)RtlAddAuditAccessAce(Acl, 5, 1, &World, TRUE, TRUE), BAD_REVISION);
    }
}

/* Its mask is the policy: no write up, read up or execute up, and nothing else. */
static void
Labels(void)
{
    for (ULONG Mask = 0; Mask <= 16; Mask++) {
        ULONG Expected = Mask < 8 ? 0 : BAD_PARAMETER;

        RtlCreateAcl(Acl, sizeof(Memory), ACL_REVISION);
        EXPECT_EQ((ULONG)RtlAddMandatoryAce(Acl, ACL_REVISION, CONTAINER_INHERIT_ACE, &Medium,
                                            SYSTEM_MANDATORY_LABEL_ACE_TYPE, Mask),
                  Expected);
        EXPECT(Expected == 0
                   ? Holds(SYSTEM_MANDATORY_LABEL_ACE_TYPE, CONTAINER_INHERIT_ACE, Mask, &Medium)
                   : Acl->AceCount == 0);
    }
    RtlCreateAcl(Acl, sizeof(Memory), ACL_REVISION);
    for (ULONG Type = 0; Type < 0x20; Type++) {
        EXPECT(Type == SYSTEM_MANDATORY_LABEL_ACE_TYPE ||
               (ULONG)RtlAddMandatoryAce(Acl, ACL_REVISION, 0, &Medium, (UCHAR)Type, 1) ==
                   BAD_PARAMETER);
    }
    EXPECT_EQ(Acl->AceCount, 0);
}

static void
Lengths(void)
{
    static ULONG64 Space[10];
    PISID Sid = (PISID)Space;

    for (ULONG Count = 0; Count <= 15; Count++) {
        UNICODE_STRING Text;
        ULONG Length = 0;

        Sid->Revision = SID_REVISION;
        Sid->SubAuthorityCount = (UCHAR)Count;
        Sid->IdentifierAuthority.Value[5] = 5;
        for (ULONG i = 0; i < Count; i++) {
            Sid->SubAuthority[i] = (i + 1) * 0x10305070;
        }
        EXPECT_EQ((ULONG)RtlConvertSidToUnicodeString(&Text, Sid, TRUE), 0);
        EXPECT_EQ((ULONG)RtlLengthSidAsUnicodeString(Sid, &Length), 0);
        EXPECT_EQ(Length, Text.Length);
        RtlFreeUnicodeString(&Text);
    }
    Sid->Revision = 2;
    EXPECT_EQ((ULONG)RtlLengthSidAsUnicodeString(Sid, &(ULONG){0}), BAD_SID);
}

int
main(void)
{
    Audits();
    Labels();
    Lengths();
    return TEST_DONE();
}
