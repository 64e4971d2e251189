/*
 * audit.c - what file systems ask about auditing where nothing is audited, the session of a token.
 * [DDI:ntifs/seauditingfileevents], [DDI:ntifs/seauditingfileeventswithcontext], [DDI:ntifs/seauditinghardlinkevents],
 * [DDI:ntifs/seopenobjectauditalarm], [DDI:ntifs/seopenobjectfordeleteauditalarm], [DDI:ntifs/sedeleteobjectauditalarm],
 * [DDI:ntifs/sesetsessionidtoken], [DDI:ntifs/sequerysessionidtoken].
 */
#include "../ntlab-test.h"

/* A descriptor without a SACL: "TRUE if ... would generate an audit" does not hold of it. */
static VOID
Nothing(VOID)
{
    SECURITY_SUBJECT_CONTEXT Subject;
    SECURITY_DESCRIPTOR Descriptor;
    UNICODE_STRING Name;

    RtlInitUnicodeString(&Name, L"File");
    RtlCreateSecurityDescriptor(&Descriptor, SECURITY_DESCRIPTOR_REVISION);
    SeCaptureSubjectContext(&Subject);
    for (ULONG Granted = 0; Granted < 2; Granted++) {
        BOOLEAN OnClose = 7;

        EXPECT(!SeAuditingFileEvents((BOOLEAN)Granted, &Descriptor));
        EXPECT(!SeAuditingFileEventsWithContext((BOOLEAN)Granted, &Descriptor, &Subject));
        EXPECT(!SeAuditingHardLinkEvents((BOOLEAN)Granted, &Descriptor));
        EXPECT(!SeAuditingHardLinkEventsWithContext((BOOLEAN)Granted, &Descriptor, &Subject));
        SeOpenObjectAuditAlarm(&Name, NULL, NULL, &Descriptor, NULL, FALSE, (BOOLEAN)Granted,
                               KernelMode, &OnClose);
        EXPECT_EQ(OnClose, FALSE);
        OnClose = 7;
        SeOpenObjectForDeleteAuditAlarm(&Name, NULL, NULL, &Descriptor, NULL, FALSE,
                                        (BOOLEAN)Granted, KernelMode, &OnClose);
        EXPECT_EQ(OnClose, FALSE);
    }
    SeReleaseSubjectContext(&Subject);
}

static VOID
Session(VOID)
{
    PACCESS_TOKEN Token = PsReferencePrimaryToken(PsGetCurrentProcess());
    ULONG Before, Now;

    EXPECT_STATUS(SeQuerySessionIdToken(Token, &Before), STATUS_SUCCESS);
    EXPECT_STATUS(SeSetSessionIdToken(Token, Before + 3), STATUS_SUCCESS);
    EXPECT_STATUS(SeQuerySessionIdToken(Token, &Now), STATUS_SUCCESS);
    EXPECT_EQ(Now, Before + 3);
    EXPECT_STATUS(SeSetSessionIdToken(Token, Before), STATUS_SUCCESS);
    PsDereferencePrimaryToken(Token);
}

TEST_DRIVER(TEST(Nothing), TEST(Session))
