/*
 * captured.c - descriptors that are captured: every set of parts, in both forms, is copied whole, or refused for what is wrong with it; SIDs in words; what nobody audits. [DDI:ntifs/secapturesecuritydescriptor (exported, declared in older kits)], [DDI:ntifs/rtlconvertsidtounicodestring],
 * MS-DTYP 2.4.2.1 (SIDs in words), [DDI:ntifs/sequerytokenintegrity], [DDI:ntifs/seexaminesacl],
 * [DDI:ntifs/seregisterlogonsessionterminatedroutineex].
 */
#include "../ntlab-test.h"

NTKERNELAPI NTSTATUS NTAPI SeCaptureSecurityDescriptor(PSECURITY_DESCRIPTOR, KPROCESSOR_MODE,
                                                       POOL_TYPE, BOOLEAN, PSECURITY_DESCRIPTOR *);
NTKERNELAPI NTSTATUS NTAPI SeReleaseSecurityDescriptor(PSECURITY_DESCRIPTOR, KPROCESSOR_MODE,
                                                       BOOLEAN);
NTKERNELAPI NTSTATUS NTAPI SeRegisterLogonSessionTerminatedRoutineEx(NTSTATUS(NTAPI *)(PLUID,
                                                                                       PVOID),
                                                                     PVOID);
NTKERNELAPI NTSTATUS NTAPI SeUnregisterLogonSessionTerminatedRoutineEx(NTSTATUS(NTAPI *)(PLUID,
                                                                                         PVOID),
                                                                       PVOID);

static UCHAR Lists[2][64], Space[512];
#define DACL_ ((PACL)Lists[0])
#define SACL_ ((PACL)Lists[1])

static VOID
Fill(PSECURITY_DESCRIPTOR Descriptor, ULONG Parts)
{
    RtlCreateAcl(DACL_, 8 + 8 + RtlLengthSid(SeExports->SeWorldSid), ACL_REVISION);
    RtlAddAccessAllowedAce(DACL_, ACL_REVISION, 0x11, SeExports->SeWorldSid);
    RtlCreateAcl(SACL_, 8 + 8 + RtlLengthSid(SeExports->SeAliasAdminsSid), ACL_REVISION);
    RtlAddAccessAllowedAce(SACL_, ACL_REVISION, 0x22, SeExports->SeAliasAdminsSid);
    ((PACE_HEADER)(SACL_ + 1))->AceType = SYSTEM_AUDIT_ACE_TYPE;
    ((PACE_HEADER)(SACL_ + 1))->AceFlags = SUCCESSFUL_ACCESS_ACE_FLAG;
    RtlCreateSecurityDescriptor(Descriptor, SECURITY_DESCRIPTOR_REVISION);
    if (Parts & 1) {
        RtlSetOwnerSecurityDescriptor(Descriptor, SeExports->SeLocalSystemSid, (Parts & 32) != 0);
    }
    if (Parts & 2) {
        RtlSetGroupSecurityDescriptor(Descriptor, SeExports->SeAliasAdminsSid, FALSE);
    }
    if (Parts & 4) {
        RtlSetDaclSecurityDescriptor(Descriptor, TRUE, Parts & 16 ? NULL : DACL_, FALSE);
    }
    if (Parts & 8) {
        RtlSetSaclSecurityDescriptor(Descriptor, TRUE, SACL_, FALSE);
    }
}

static BOOLEAN
SameSid(PSID One, PSID Two)
{
    return One == NULL || Two == NULL ? One == Two : RtlEqualSid(One, Two);
}

static BOOLEAN
SameAcl(PACL One, PACL Two)
{
    return One == NULL || Two == NULL
               ? One == Two
               : One->AclSize == Two->AclSize && RtlEqualMemory(One, Two, One->AclSize);
}

static VOID
CheckSame(PSECURITY_DESCRIPTOR One, PSECURITY_DESCRIPTOR Two)
{
    PSID FirstSid = NULL, SecondSid = NULL;
    PACL First = NULL, Second = NULL;
    BOOLEAN Present[2] = {9, 9}, Defaulted[2] = {9, 9};

    RtlGetOwnerSecurityDescriptor(One, &FirstSid, &Defaulted[0]);
    RtlGetOwnerSecurityDescriptor(Two, &SecondSid, &Defaulted[1]);
    EXPECT(SameSid(FirstSid, SecondSid) && Defaulted[0] == Defaulted[1]);
    RtlGetGroupSecurityDescriptor(One, &FirstSid, &Defaulted[0]);
    RtlGetGroupSecurityDescriptor(Two, &SecondSid, &Defaulted[1]);
    EXPECT(SameSid(FirstSid, SecondSid));
    RtlGetDaclSecurityDescriptor(One, &Present[0], &First, &Defaulted[0]);
    RtlGetDaclSecurityDescriptor(Two, &Present[1], &Second, &Defaulted[1]);
    EXPECT(Present[0] == Present[1] && (!Present[0] || SameAcl(First, Second)));
    RtlGetSaclSecurityDescriptor(One, &Present[0], &First, &Defaulted[0]);
    RtlGetSaclSecurityDescriptor(Two, &Present[1], &Second, &Defaulted[1]);
    EXPECT(Present[0] == Present[1] && (!Present[0] || SameAcl(First, Second)));
}

static VOID
Captures(VOID)
{
    PSECURITY_DESCRIPTOR Captured = (PVOID)1;

    EXPECT_STATUS(SeCaptureSecurityDescriptor(NULL, KernelMode, PagedPool, TRUE, &Captured),
                  STATUS_SUCCESS);
    EXPECT(Captured == NULL);
    EXPECT_STATUS(SeReleaseSecurityDescriptor(NULL, UserMode, TRUE), STATUS_SUCCESS);
    for (ULONG Parts = 0; Parts < 64; Parts++) {
        SECURITY_DESCRIPTOR Absolute;
        ULONG Length = sizeof(Space);
        PISECURITY_DESCRIPTOR_RELATIVE Found;

        Fill(&Absolute, Parts);
        /* what the kernel itself gives is taken as it is, unless it is to be copied all the same */
        EXPECT_STATUS(
            SeCaptureSecurityDescriptor(&Absolute, KernelMode, PagedPool, FALSE, &Captured),
            STATUS_SUCCESS);
        EXPECT(Captured == &Absolute);
        EXPECT_STATUS(SeReleaseSecurityDescriptor(Captured, KernelMode, FALSE), STATUS_SUCCESS);
        for (ULONG Form = 0; Form < 2; Form++) {
            PSECURITY_DESCRIPTOR From = Form == 0 ? (PVOID)&Absolute : (PVOID)Space;

            if (Form == 1) {
                EXPECT_STATUS(RtlAbsoluteToSelfRelativeSD(&Absolute, Space, &Length),
                              STATUS_SUCCESS);
            }
            EXPECT_STATUS(SeCaptureSecurityDescriptor(From, KernelMode, PagedPool, TRUE, &Captured),
                          STATUS_SUCCESS);
            EXPECT(Captured != NULL && Captured != From);
            Found = Captured;
            EXPECT((Found->Control & SE_SELF_RELATIVE) && RtlValidSecurityDescriptor(Captured));
            EXPECT_EQ(Found->Revision, SECURITY_DESCRIPTOR_REVISION);
            CheckSame(From, Captured);
            EXPECT_STATUS(SeReleaseSecurityDescriptor(Captured, KernelMode, TRUE), STATUS_SUCCESS);
        }
    }
}

/* Each part may be wrong. */
static VOID
Refuses(VOID)
{
    PSECURITY_DESCRIPTOR Captured = NULL;
    SECURITY_DESCRIPTOR Absolute;
    UCHAR Sid[32];

    Fill(&Absolute, 15);
    Absolute.Revision = 9;
    EXPECT_STATUS(SeCaptureSecurityDescriptor(&Absolute, KernelMode, PagedPool, TRUE, &Captured),
                  STATUS_UNKNOWN_REVISION);
    for (ULONG i = 0; i < 4; i++) {
        Fill(&Absolute, 15);
        RtlZeroMemory(Sid, sizeof(Sid)); /* no revision */
        Sid[1] = 1;
        if (i == 0) {
            Absolute.Owner = Sid;
        } else if (i == 1) {
            Absolute.Group = Sid;
        } else if (i == 2) {
            DACL_->AceCount = 2; /* there is one */
        } else {
            SACL_->AclSize = 4; /* less than its head */
        }
        EXPECT_STATUS(
            SeCaptureSecurityDescriptor(&Absolute, KernelMode, PagedPool, TRUE, &Captured),
            STATUS_INVALID_SECURITY_DESCR);
        EXPECT(Captured == NULL);
        /* a list that is not said to be there is not looked at */
        Absolute.Control &= ~(SE_DACL_PRESENT | SE_SACL_PRESENT);
        if (i >= 2) {
            EXPECT_STATUS(
                SeCaptureSecurityDescriptor(&Absolute, KernelMode, PagedPool, TRUE, &Captured),
                STATUS_SUCCESS);
            SeReleaseSecurityDescriptor(Captured, KernelMode, TRUE);
            Captured = NULL;
        }
    }
}

/* "S-1-" and the authority: in decimal, or as twelve hexadecimal digits if it does not fit in 32 bits. */
static VOID
Words(VOID)
{
    static const struct {
        UCHAR Authority[6];
        UCHAR Count;
        ULONG Sub[3];
        PCWSTR Text;
    } Row[] = {
        {{0, 0, 0, 0, 0, 1}, 1, {0}, L"S-1-1-0"},
        {{0, 0, 0, 0, 0, 5}, 2, {32, 544}, L"S-1-5-32-544"},
        {{0, 0, 0, 0, 0, 0}, 0, {0}, L"S-1-0"},
        {{0, 0, 0xFF, 0xFF, 0xFF, 0xFF}, 1, {0xFFFFFFFF}, L"S-1-4294967295-4294967295"},
        {{0, 1, 0, 0, 0, 0}, 1, {10}, L"S-1-0x000100000000-10"},
        {{0xAB, 0xCD, 0xEF, 0x01, 0x23, 0x49}, 3, {1, 0, 9}, L"S-1-0xabcdef012349-1-0-9"},
    };

    for (ULONG i = 0; i < RTL_NUMBER_OF(Row); i++) {
        UCHAR Sid[32] = {SID_REVISION, Row[i].Count};
        WCHAR Buffer[64];
        UNICODE_STRING Text = {0, 0, Buffer}, Wanted, Own;

        RtlCopyMemory(Sid + 2, Row[i].Authority, 6);
        RtlCopyMemory(Sid + 8, Row[i].Sub, Row[i].Count * sizeof(ULONG));
        RtlInitUnicodeString(&Wanted, Row[i].Text);
        for (USHORT Room = 0; Room < sizeof(Buffer); Room += 2) {
            RtlFillMemory(Buffer, sizeof(Buffer), 0xCC);
            Text.Length = 0;
            Text.MaximumLength = Room;
            if (Room < Wanted.Length) {
                EXPECT_STATUS(RtlConvertSidToUnicodeString(&Text, Sid, FALSE),
                              STATUS_BUFFER_OVERFLOW);
                EXPECT(Text.Length == 0 && Buffer[0] == 0xCCCC);
            } else {
                EXPECT_STATUS(RtlConvertSidToUnicodeString(&Text, Sid, FALSE), STATUS_SUCCESS);
                EXPECT(RtlEqualUnicodeString(&Text, &Wanted, FALSE));
                EXPECT_EQ(Buffer[Wanted.Length / 2], Room > Wanted.Length ? 0 : 0xCCCC);
            }
        }
        EXPECT_STATUS(RtlConvertSidToUnicodeString(&Own, Sid, TRUE), STATUS_SUCCESS);
        EXPECT(RtlEqualUnicodeString(&Own, &Wanted, FALSE) && Own.MaximumLength == Own.Length + 2);
        RtlFreeUnicodeString(&Own);
        EXPECT(RtlEqualMemory(RtlIdentifierAuthoritySid(Sid), Row[i].Authority, 6));
        Sid[0] = 9;
        EXPECT_STATUS(RtlConvertSidToUnicodeString(&Own, Sid, TRUE), STATUS_INVALID_SID);
    }
}

static VOID
Audits(VOID)
{
    PACCESS_TOKEN Own = PsReferencePrimaryToken(PsGetCurrentProcess());
    SID_AND_ATTRIBUTES Level = {};
    BOOLEAN Audit = 9, Alarm = 9;
    SECURITY_DESCRIPTOR Descriptor;

    Fill(&Descriptor, 15);
    SeExamineSacl(SACL_, Own, 0x22, TRUE, &Audit, &Alarm); /* the system's policy audits nothing */
    EXPECT(!Audit && !Alarm);
    SeQueryTokenIntegrity(Own, &Level);
    EXPECT(Level.Sid != NULL && *RtlSubAuthoritySid(Level.Sid, 0) == 0x4000); /* the system's */
    EXPECT_EQ(Level.Attributes & 0x20, 0x20); /* SE_GROUP_INTEGRITY */
    PsDereferencePrimaryToken(Own);
}

static NTSTATUS NTAPI
OnSession(PLUID LogonId, PVOID Context)
{
    return STATUS_SUCCESS;
}

/* A routine with a context is another one for each of them. */
static VOID
Sessions(VOID)
{
    EXPECT_STATUS(SeRegisterLogonSessionTerminatedRoutineEx(NULL, NULL), STATUS_INVALID_PARAMETER);
    EXPECT_STATUS(SeRegisterLogonSessionTerminatedRoutineEx(OnSession, Space), STATUS_SUCCESS);
    EXPECT_STATUS(SeUnregisterLogonSessionTerminatedRoutineEx(OnSession, Lists), STATUS_NOT_FOUND);
    EXPECT_STATUS(SeUnregisterLogonSessionTerminatedRoutine((PVOID)OnSession), STATUS_NOT_FOUND);
    EXPECT_STATUS(SeUnregisterLogonSessionTerminatedRoutineEx(OnSession, Space), STATUS_SUCCESS);
    EXPECT_STATUS(SeUnregisterLogonSessionTerminatedRoutineEx(OnSession, Space), STATUS_NOT_FOUND);
    EXPECT_STATUS(SeUnregisterLogonSessionTerminatedRoutineEx(NULL, Space),
                  STATUS_INVALID_PARAMETER);
}

TEST_DRIVER(TEST(Captures), TEST(Refuses), TEST(Words), TEST(Audits), TEST(Sessions))
