/*
 * seldom.c - what the I/O manager and servers of old ask: the rights that a descriptor's system list takes, audits of files, impersonation that says nothing.
 * [DDI:wdm/seobjectcreatesaclaccessbits], [DDI:ntifs/seimpersonateclientex], [DDI:ntifs/seauditingfileorglobalevents]
 */
#include "../ntlab-test.h"

static ULONG64 Memory[32];
static PACL Acl = (PACL)Memory;

/* Who makes an object with a system list needs ACCESS_SYSTEM_SECURITY. */
static VOID
Creation(VOID)
{
    SECURITY_DESCRIPTOR Descriptor;
    SECURITY_SUBJECT_CONTEXT Subject;

    RtlCreateSecurityDescriptor(&Descriptor, SECURITY_DESCRIPTOR_REVISION);
    RtlCreateAcl(Acl, sizeof(Memory), ACL_REVISION);
    EXPECT_EQ(SeObjectCreateSaclAccessBits(&Descriptor), 0);
    EXPECT_STATUS(RtlSetDaclSecurityDescriptor(&Descriptor, TRUE, Acl, FALSE), STATUS_SUCCESS);
    EXPECT_EQ(SeObjectCreateSaclAccessBits(&Descriptor), 0);
    Descriptor.Sacl = Acl;
    Descriptor.Control |= SE_SACL_PRESENT;
    EXPECT_EQ(SeObjectCreateSaclAccessBits(&Descriptor), ACCESS_SYSTEM_SECURITY);

    /* nothing is audited */
    Descriptor.Control &= ~SE_SACL_PRESENT;
    SeCaptureSubjectContext(&Subject);
    EXPECT(!SeAuditingFileOrGlobalEvents(TRUE, &Descriptor, &Subject));
    EXPECT(!SeAuditingAnyFileEventsWithContext(&Descriptor, &Subject));
    SeReleaseSubjectContext(&Subject);
}

static BOOLEAN
Impersonates(VOID)
{
    SECURITY_IMPERSONATION_LEVEL Level;
    BOOLEAN CopyOnOpen, EffectiveOnly;
    PACCESS_TOKEN Token =
        PsReferenceImpersonationToken(PsGetCurrentThread(), &CopyOnOpen, &EffectiveOnly, &Level);

    if (Token != NULL) {
        PsDereferenceImpersonationToken(Token);
    }
    return Token != NULL && Level == SecurityImpersonation;
}

/* The form of it that says nothing. */
static VOID
Impersonation(VOID)
{
    SECURITY_QUALITY_OF_SERVICE Quality = {sizeof(Quality), SecurityImpersonation,
                                           SECURITY_STATIC_TRACKING, FALSE};
    SECURITY_CLIENT_CONTEXT Context;

    EXPECT_STATUS(SeCreateClientSecurity(PsGetCurrentThread(), &Quality, FALSE, &Context),
                  STATUS_SUCCESS);
    EXPECT(!Impersonates());
    SeImpersonateClient(&Context, NULL);
    EXPECT(Impersonates());
    PsRevertToSelf();
    SeImpersonateClient(&Context, PsGetCurrentThread());
    EXPECT(Impersonates());
    PsRevertToSelf();
    EXPECT(!Impersonates());
    SeDeleteClientSecurity(&Context);
}

TEST_DRIVER(TEST(Creation), TEST(Impersonation))
