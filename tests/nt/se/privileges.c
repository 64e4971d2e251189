/*
 * privileges.c - every privilege there is, and two that are not: what a token has enabled is held, of sets all or some, and what is held is marked.
 * [DDI:ntifs/seprivilegecheck], [DDI:ntddk/sesingleprivilegecheck], [DDI:ntifs/sequeryinformationtoken],
 * [DDI:wdm/_privilege_set], [LEARN:winnt/token_privileges], [DDI:ntifs/sefiltertoken].
 */
#include "../ntlab-test.h"

NTKERNELAPI BOOLEAN NTAPI SePrivilegeCheck(PPRIVILEGE_SET, PSECURITY_SUBJECT_CONTEXT,
                                           KPROCESSOR_MODE);

#define FIRST 2  /* SeCreateTokenPrivilege */
#define LAST  36 /* SeDelegateSessionUserImpersonatePrivilege */

static PTOKEN_PRIVILEGES Held;

static BOOLEAN
IsEnabled(ULONG Low, LONG High)
{
    for (ULONG i = 0; i < Held->PrivilegeCount; i++) {
        if (Held->Privileges[i].Luid.LowPart == Low && Held->Privileges[i].Luid.HighPart == High) {
            return (Held->Privileges[i].Attributes & SE_PRIVILEGE_ENABLED) != 0;
        }
    }
    return FALSE;
}

static ULONG64 Space[16];
#define SET ((PPRIVILEGE_SET)Space)

static VOID
Put(ULONG Index, ULONG Low, LONG High)
{
    SET->Privilege[Index].Luid.LowPart = Low;
    SET->Privilege[Index].Luid.HighPart = High;
    SET->Privilege[Index].Attributes = 0;
}

/* One by one. */
static VOID
Each(VOID)
{
    SECURITY_SUBJECT_CONTEXT Subject;
    ULONG Count = 0;

    SeCaptureSubjectContext(&Subject);
    for (LONG High = 0; High < 2; High++) {
        for (ULONG Low = 0; Low < 70; Low++) {
            LUID Luid = {Low, High};
            BOOLEAN Good = IsEnabled(Low, High);

            Count += Good;
            EXPECT_EQ(SeSinglePrivilegeCheck(Luid, UserMode), Good);
            EXPECT(SeSinglePrivilegeCheck(Luid, KernelMode));
            SET->PrivilegeCount = 1;
            SET->Control = Low & 1 ? PRIVILEGE_SET_ALL_NECESSARY : 0;
            Put(0, Low, High);
            EXPECT_EQ(SePrivilegeCheck(SET, &Subject, UserMode), Good);
            EXPECT_EQ(SET->Privilege[0].Attributes, Good ? SE_PRIVILEGE_USED_FOR_ACCESS : 0);
            Put(0, Low, High);
            EXPECT(SePrivilegeCheck(SET, &Subject, KernelMode));
        }
    }
    EXPECT(Count > 10 && Count <= LAST - FIRST + 1);
    SeReleaseSubjectContext(&Subject);
}

/* Sets of three: each of them held, known and not held, or not there. */
static VOID
Sets(VOID)
{
    SECURITY_SUBJECT_CONTEXT Subject;
    ULONG Some[3] = {0, 0, 99};

    for (ULONG Low = FIRST; Low <= LAST; Low++) {
        Some[IsEnabled(Low, 0) ? 0 : 1] = Low;
    }
    EXPECT(Some[0] != 0);
    Some[1] = Some[1] != 0 ? Some[1] : 98;
    SeCaptureSubjectContext(&Subject);
    for (ULONG Case = 0; Case < 2 * 27; Case++) {
        ULONG Which[3] = {Case % 3, Case / 3 % 3, Case / 9 % 3}, Good = 0;

        SET->PrivilegeCount = 3;
        SET->Control = Case >= 27 ? PRIVILEGE_SET_ALL_NECESSARY : 0;
        for (ULONG i = 0; i < 3; i++) {
            Put(i, Some[Which[i]], 0);
            Good += Which[i] == 0;
        }
        EXPECT_EQ(SePrivilegeCheck(SET, &Subject, UserMode), Case >= 27 ? Good == 3 : Good != 0);
        for (ULONG i = 0; i < 3; i++) {
            EXPECT_EQ(SET->Privilege[i].Attributes,
                      Which[i] == 0 ? SE_PRIVILEGE_USED_FOR_ACCESS : 0);
        }
    }
    SeReleaseSubjectContext(&Subject);
}

/* A client's token decides; one that may only be looked at holds nothing. */
static VOID
Clients(VOID)
{
    PACCESS_TOKEN Whole = PsReferencePrimaryToken(PsGetCurrentProcess()), Less = NULL;
    LUID Tcb = SeExports->SeTcbPrivilege, Change = SeExports->SeChangeNotifyPrivilege;
    SECURITY_SUBJECT_CONTEXT Subject;
    ULONG64 Few[4];
    PTOKEN_PRIVILEGES Deleted = (PVOID)Few;

    Deleted->PrivilegeCount = 1;
    Deleted->Privileges[0].Luid = Tcb;
    Deleted->Privileges[0].Attributes = 0;
    EXPECT_STATUS(SeFilterToken(Whole, 0, NULL, Deleted, NULL, &Less), STATUS_SUCCESS);
    PsDereferencePrimaryToken(Whole);
    for (LONG Level = SecurityAnonymous; Less != NULL && Level <= SecurityDelegation; Level++) {
        EXPECT_STATUS(PsImpersonateClient(PsGetCurrentThread(), Less, TRUE, FALSE, Level),
                      STATUS_SUCCESS);
        EXPECT(!SeSinglePrivilegeCheck(Tcb, UserMode));
        EXPECT_EQ(SeSinglePrivilegeCheck(Change, UserMode), Level >= SecurityImpersonation);
        SeCaptureSubjectContext(&Subject);
        EXPECT_EQ(Subject.ImpersonationLevel, Level);
        SET->PrivilegeCount = 2;
        SET->Control = 0;
        Put(0, Tcb.LowPart, 0);
        Put(1, Change.LowPart, 0);
        EXPECT_EQ(SePrivilegeCheck(SET, &Subject, UserMode), Level >= SecurityImpersonation);
        SET->Control = PRIVILEGE_SET_ALL_NECESSARY;
        EXPECT(!SePrivilegeCheck(SET, &Subject, UserMode));
        SeReleaseSubjectContext(&Subject);
        PsRevertToSelf();
        EXPECT(SeSinglePrivilegeCheck(Tcb, UserMode));
    }
    if (Less != NULL) {
        ObDereferenceObject(Less);
    }
}

static VOID
Ask(VOID)
{
    PACCESS_TOKEN Token = PsReferencePrimaryToken(PsGetCurrentProcess());

    EXPECT_STATUS(SeQueryInformationToken(Token, TokenPrivileges, (PVOID *)&Held), STATUS_SUCCESS);
    PsDereferencePrimaryToken(Token);
}

static VOID
Free(VOID)
{
    ExFreePool(Held);
}

TEST_DRIVER(TEST(Ask), TEST(Each), TEST(Sets), TEST(Clients), TEST(Free))
