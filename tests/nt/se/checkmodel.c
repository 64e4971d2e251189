/*
 * checkmodel.c - SeAccessCheck against a model: some thousand random lists of entries for several kinds of token, each asked for several rights
 * and for all that there are; mandatory labels of each level and policy; descriptors without a list, checks in kernel mode, by impersonation, and what is asked for before
 * anything is looked at. [LEARN:secauthz/how-dacls-control-access-to-an-object], [LEARN:secauthz/order-of-aces-in-a-dacl],
 * [LEARN:secauthz/restricted-tokens], [DDI:wdm/seaccesscheck], MS-DTYP 2.5.3.2 (the check in pseudocode), MS-DTYP 2.4.4.13 (labels).
 */
#include "../ntlab-test.h"

NTSYSAPI NTSTATUS NTAPI RtlSetSaclSecurityDescriptor(PSECURITY_DESCRIPTOR, BOOLEAN, PACL, BOOLEAN);

enum { World, Admins, System, Guests, Null, OwnerRights, Sids };
enum { Whole, NoAdmins, ByWorld, ByGuests, Tokens };

static GENERIC_MAPPING Mapping = {READ_CONTROL | 1, READ_CONTROL | 2, READ_CONTROL | 4,
                                  STANDARD_RIGHTS_REQUIRED | 0xF};
static PSID Sid[Sids];
static ULONG64 OwnerRightsSid[2];
static PACCESS_TOKEN Token[Tokens];
static ULONG64 Space[64], Labels[16];
static SECURITY_DESCRIPTOR Descriptor;

typedef struct _ENTRY {
    ULONG Of;
    ACCESS_MASK Mask;
    BOOLEAN Allow, InheritOnly;
} ENTRY;

static ENTRY Entries[8];
static ULONG Count, OwnerIs;

static ULONG
Any(ULONG Below)
{
    static ULONG Seed = 77;

    return RtlRandomEx(&Seed) % Below;
}

static VOID
Begin(VOID)
{
    static const UCHAR Rights[] = {1, 1, 0, 0, 0, 0, 0, 3, 4, 0, 0, 0}; /* S-1-3-4 */
    TOKEN_GROUPS Disable = {1, {{SeExports->SeAliasAdminsSid, 0}}};
    TOKEN_GROUPS Restrict = {1, {{SeExports->SeWorldSid, 0}}};

    RtlCopyMemory(OwnerRightsSid, Rights, sizeof(Rights));
    Sid[World] = SeExports->SeWorldSid;
    Sid[Admins] = SeExports->SeAliasAdminsSid;
    Sid[System] = SeExports->SeLocalSystemSid;
    Sid[Guests] = SeExports->SeAliasGuestsSid;
    Sid[Null] = SeExports->SeNullSid;
    Sid[OwnerRights] = OwnerRightsSid;
    Token[Whole] = PsReferencePrimaryToken(PsGetCurrentProcess());
    EXPECT_STATUS(SeFilterToken(Token[Whole], 1, &Disable, NULL, NULL, &Token[NoAdmins]),
                  STATUS_SUCCESS);
    EXPECT_STATUS(SeFilterToken(Token[Whole], 1, NULL, NULL, &Restrict, &Token[ByWorld]),
                  STATUS_SUCCESS);
    Restrict.Groups[0].Sid = SeExports->SeAliasGuestsSid;
    EXPECT_STATUS(SeFilterToken(Token[Whole], 1, NULL, NULL, &Restrict, &Token[ByGuests]),
                  STATUS_SUCCESS);
}

static VOID
Build(VOID)
{
    RtlCreateAcl((PACL)Space, sizeof(Space), ACL_REVISION);
    RtlCreateSecurityDescriptor(&Descriptor, SECURITY_DESCRIPTOR_REVISION);
    RtlSetOwnerSecurityDescriptor(&Descriptor, Sid[OwnerIs], FALSE);
    RtlSetGroupSecurityDescriptor(&Descriptor, Sid[Null], FALSE);
    RtlSetDaclSecurityDescriptor(&Descriptor, TRUE, (PACL)Space, FALSE);
    for (ULONG i = 0; i < Count; i++) {
        ULONG64 One[8];
        PACCESS_ALLOWED_ACE Ace = (PVOID)One;
        ULONG Length = RtlLengthSid(Sid[Entries[i].Of]);

        Ace->Header.AceType = Entries[i].Allow ? ACCESS_ALLOWED_ACE_TYPE : ACCESS_DENIED_ACE_TYPE;
        Ace->Header.AceFlags = Entries[i].InheritOnly ? INHERIT_ONLY_ACE | OBJECT_INHERIT_ACE : 0;
        Ace->Header.AceSize = (USHORT)(8 + Length);
        Ace->Mask = Entries[i].Mask;
        RtlCopyMemory(&Ace->SidStart, Sid[Entries[i].Of], Length);
        RtlAddAce((PACL)Space, ACL_REVISION, MAXULONG, Ace, Ace->Header.AceSize);
    }
}

/* Is the token's subject this one, where it grants and where it denies? */
static BOOLEAN
Member(ULONG Kind, ULONG Of, BOOLEAN Allow, BOOLEAN Restricted)
{
    if (Of == OwnerRights) {
        return !Restricted && Member(Kind, OwnerIs, TRUE, FALSE);
    }
    if (Restricted) {
        return Of == (Kind == ByWorld ? World : Guests);
    }
    return Of == World || Of == System || (Of == Admins && (Kind != NoAdmins || !Allow));
}

static ACCESS_MASK
Map(ACCESS_MASK Mask)
{
    RtlMapGenericMask(&Mask, &Mapping);
    return Mask;
}

/* What is left of the rights that are wanted; MAXULONG: one of them is denied. */
static ACCESS_MASK
Walk(ULONG Kind, ACCESS_MASK Left, BOOLEAN Restricted)
{
    for (ULONG i = 0; i < Count && Left != 0; i++) {
        ENTRY *E = &Entries[i];

        if (E->InheritOnly || !Member(Kind, E->Of, E->Allow, Restricted)) {
            continue;
        }
        if (E->Allow) {
            Left &= ~Map(E->Mask);
        } else if (Left & Map(E->Mask)) {
            return MAXULONG;
        }
    }
    return Left;
}

static ACCESS_MASK
Most(ULONG Kind, BOOLEAN Restricted)
{
    ACCESS_MASK Granted = 0, Denied = 0;

    for (ULONG i = 0; i < Count; i++) {
        ENTRY *E = &Entries[i];

        if (E->InheritOnly || !Member(Kind, E->Of, E->Allow, Restricted)) {
            continue;
        }
        if (E->Allow) {
            Granted |= Map(E->Mask) & ~Denied;
        } else {
            Denied |= Map(E->Mask) & ~Granted;
        }
    }
    return Granted;
}

static BOOLEAN
Check(ULONG Kind, ACCESS_MASK Desired, PACCESS_MASK Granted, PNTSTATUS Status)
{
    SECURITY_SUBJECT_CONTEXT Subject = {.PrimaryToken = Token[Kind]};

    *Granted = 0x55555555;
    *Status = 0x12345678;
    return SeAccessCheck(&Descriptor, &Subject, FALSE, Desired, 0, NULL, &Mapping, UserMode,
                         Granted, Status);
}

static VOID
Model(VOID)
{
    static const ACCESS_MASK Masks[] = {
        1, 2, 4, 8, 3, 0xF, READ_CONTROL, WRITE_DAC | 1, GENERIC_READ, GENERIC_WRITE, GENERIC_ALL};
    ULONG Bad = 0, Good = 0, Refused = 0;

    for (ULONG Round = 0; Round < 600; Round++) {
        BOOLEAN Names = FALSE;

        Count = Any(6);
        OwnerIs = Any(2) != 0 ? Null : Any(3);
        for (ULONG i = 0; i < Count; i++) {
            Entries[i].Of = Any(Sids);
            Entries[i].Mask = Masks[Any(RTL_NUMBER_OF(Masks))];
            Entries[i].Allow = Any(3) != 0;
            Entries[i].InheritOnly = Any(6) == 0;
            Names |= Entries[i].Of == OwnerRights && !Entries[i].InheritOnly;
        }
        Build();
        /* whether what is said of the owner counts among restricting SIDs is not documented */
        for (ULONG Kind = 0; Kind < (Names ? ByWorld : Tokens); Kind++) {
            ACCESS_MASK Desired = Map(Masks[Any(RTL_NUMBER_OF(Masks))]), Granted, Left, All;
            ACCESS_MASK Own =
                !Names && Member(Kind, OwnerIs, TRUE, FALSE) ? READ_CONTROL | WRITE_DAC : 0;
            BOOLEAN Wanted = TRUE, Is;
            NTSTATUS Status;

            Left = Desired & ~Own;
            Wanted = Walk(Kind, Left, FALSE) == 0;
            All = Own | Most(Kind, FALSE);
            if (Kind >= ByWorld) {
                Wanted = Wanted && Walk(Kind, Left, TRUE) == 0;
                All &= Most(Kind, TRUE);
            }
            Is = Check(Kind, Desired, &Granted, &Status);
            Bad += Is != Wanted || Granted != (Wanted ? Desired : 0) ||
                   Status != (Wanted ? STATUS_SUCCESS : STATUS_ACCESS_DENIED);
            Good += Wanted;
            Refused += !Wanted;
            if (Kind == Whole || Kind == NoAdmins) {
                Is = Check(Kind, MAXIMUM_ALLOWED, &Granted, &Status);
                Bad += Is != (All != 0) || Granted != All ||
                       Status != (All != 0 ? STATUS_SUCCESS : STATUS_ACCESS_DENIED);
            }
        }
    }
    EXPECT_EQ(Bad, 0);
    EXPECT(Good > 200 && Refused > 200);
}

/* A label above the token's level takes what its policy says, whatever the list grants. */
static VOID
Label(ULONG Level, ACCESS_MASK Policy, UCHAR Flags)
{
    static ULONG64 One[4];
    PSYSTEM_MANDATORY_LABEL_ACE Ace = (PVOID)One;
    static const UCHAR Integrity[] = {1, 1, 0, 0, 0, 0, 0, 16, 0, 0, 0, 0};

    RtlCreateAcl((PACL)Labels, sizeof(Labels), ACL_REVISION);
    Ace->Header.AceType = SYSTEM_MANDATORY_LABEL_ACE_TYPE;
    Ace->Header.AceFlags = Flags;
    Ace->Header.AceSize = 20;
    Ace->Mask = Policy;
    RtlCopyMemory(&Ace->SidStart, Integrity, 12);
    *(PULONG)((PUCHAR)&Ace->SidStart + 8) = Level;
    RtlAddAce((PACL)Labels, ACL_REVISION, MAXULONG, Ace, 20);
    RtlSetSaclSecurityDescriptor(&Descriptor, TRUE, (PACL)Labels, FALSE);
}

static VOID
Levels(VOID)
{
    static const ULONG Level[] = {0x1000, 0x2000, 0x3000, 0x4000, 0x4001, 0x5000};
    ACCESS_MASK Granted;
    NTSTATUS Status;

    Count = 1;
    Entries[0] = (ENTRY){World, GENERIC_ALL, TRUE, FALSE};
    OwnerIs = Null;
    Build();
    for (ULONG i = 0; i < RTL_NUMBER_OF(Level); i++) {
        for (ACCESS_MASK Policy = 0; Policy < 8; Policy++) {
            /* SYSTEM's level is 0x4000. Policy: 1 no writing up, 2 no reading, 4 no executing */
            ACCESS_MASK Left = Level[i] <= 0x4000 ? Mapping.GenericAll
                                                  : (Policy & 1 ? 0 : Mapping.GenericWrite) |
                                                        (Policy & 2 ? 0 : Mapping.GenericRead) |
                                                        (Policy & 4 ? 0 : Mapping.GenericExecute);

            Label(Level[i], Policy, 0);
            for (ACCESS_MASK Right = 1; Right < 0x10; Right <<= 1) {
                EXPECT_EQ(Check(Whole, Right, &Granted, &Status), (Left & Right) != 0);
                EXPECT_EQ(Granted, Left & Right);
            }
            Check(Whole, MAXIMUM_ALLOWED, &Granted, &Status);
            EXPECT_EQ(Granted & 0xF, Left & 0xF);
            Label(Level[i], Policy, INHERIT_ONLY_ACE | OBJECT_INHERIT_ACE); /* not this object's */
            EXPECT(Check(Whole, 0xF, &Granted, &Status) && Granted == 0xF);
        }
    }
    RtlSetSaclSecurityDescriptor(&Descriptor, FALSE, NULL, FALSE);
}

static VOID
Before(VOID)
{
    SECURITY_SUBJECT_CONTEXT Subject = {.PrimaryToken = Token[Whole]};
    ACCESS_MASK Granted = 0x55;
    NTSTATUS Status = 0x77;

    Count = 0;
    Build(); /* an empty list: nobody may anything */
    EXPECT(!Check(Whole, 1, &Granted, &Status) && Status == STATUS_ACCESS_DENIED);
    EXPECT(!Check(Whole, MAXIMUM_ALLOWED, &Granted, &Status) && Granted == 0);
    /* in kernel mode all that is asked for, and what was granted before */
    EXPECT(SeAccessCheck(&Descriptor, &Subject, FALSE, 3, 0x100, NULL, &Mapping, KernelMode,
                         &Granted, &Status));
    EXPECT(Granted == 0x103 && Status == STATUS_SUCCESS);
    EXPECT(SeAccessCheck(&Descriptor, &Subject, FALSE, MAXIMUM_ALLOWED | 0x100000, 0x100, NULL,
                         &Mapping, KernelMode, &Granted, &Status));
    EXPECT_EQ(Granted, Mapping.GenericAll | 0x100100);
    /* nothing is asked for: there must have been something */
    EXPECT(!SeAccessCheck(&Descriptor, &Subject, FALSE, 0, 0, NULL, &Mapping, UserMode, &Granted,
                          &Status));
    EXPECT(Granted == 0 && Status == STATUS_ACCESS_DENIED);
    EXPECT(SeAccessCheck(&Descriptor, &Subject, FALSE, 0, 9, NULL, &Mapping, UserMode, &Granted,
                         &Status));
    EXPECT(Granted == 9 && Status == STATUS_SUCCESS);
    EXPECT(
        !SeAccessCheck(NULL, &Subject, FALSE, 1, 0, NULL, &Mapping, UserMode, &Granted, &Status));
    EXPECT(Granted == 0 && Status == STATUS_ACCESS_DENIED);
    /* a client who may not be impersonated is nobody */
    Subject.ClientToken = Token[Whole];
    for (ULONG Level = SecurityAnonymous; Level <= SecurityDelegation; Level++) {
        RtlSetDaclSecurityDescriptor(&Descriptor, TRUE, NULL, FALSE);
        Subject.ImpersonationLevel = Level;
        EXPECT_EQ(SeAccessCheck(&Descriptor, &Subject, FALSE, 1, 0, NULL, &Mapping, UserMode,
                                &Granted, &Status),
                  Level >= SecurityImpersonation);
        EXPECT_STATUS(Status, Level >= SecurityImpersonation ? STATUS_SUCCESS
                                                             : STATUS_BAD_IMPERSONATION_LEVEL);
    }
    /* no list at all: everybody may everything */
    RtlSetDaclSecurityDescriptor(&Descriptor, FALSE, NULL, FALSE);
    EXPECT(Check(NoAdmins, MAXIMUM_ALLOWED, &Granted, &Status) && Granted == Mapping.GenericAll);
    EXPECT(Check(ByGuests, 0xF, &Granted, &Status) && Granted == 0xF);
}

static VOID
End(VOID)
{
    for (ULONG i = 1; i < Tokens; i++) {
        ObDereferenceObject(Token[i]);
    }
    PsDereferencePrimaryToken(Token[Whole]);
}

TEST_DRIVER(TEST(Begin), TEST(Model), TEST(Levels), TEST(Before), TEST(End))
