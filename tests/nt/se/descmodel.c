/*
 * descmodel.c - descriptors and lists against models: which self-relative descriptors are valid, parts that lie at the edge, what is
 * wanted and missing, both forms into each other with every buffer one byte short, entries of a list put in and taken out.
 * [DDI:wdm/rtlvalidrelativesecuritydescriptor], [DDI:ntifs/rtlabsolutetoselfrelativesd],
 * [DDI:ntifs/rtlselfrelativetoabsolutesd], [DDI:ntifs/rtlgetace], [LEARN:devnotes/rtladdace], [DDI:ntifs/rtldeleteace],
 * [DDI:ntifs/rtlequalsid], [DDI:ntifs/rtlequalprefixsid], [DDI:ntifs/rtlcopysid], MS-DTYP 2.4.2, 2.4.5, 2.4.6.
 */
#include "../ntlab-test.h"

NTSYSAPI NTSTATUS NTAPI RtlSetSaclSecurityDescriptor(PSECURITY_DESCRIPTOR, BOOLEAN, PACL, BOOLEAN);
NTSYSAPI NTSTATUS NTAPI RtlAddAce(PACL, ULONG, ULONG, PVOID, ULONG);
NTSYSAPI NTSTATUS NTAPI RtlDeleteAce(PACL, ULONG);
NTSYSAPI BOOLEAN NTAPI RtlValidAcl(PACL);
NTSYSAPI BOOLEAN NTAPI RtlEqualPrefixSid(PSID, PSID);
NTSYSAPI NTSTATUS NTAPI RtlCopySid(ULONG, PSID, PSID);

static ULONG Random = 5;

static ULONG
Next(ULONG Below)
{
    Random = Random * 1664525 + 1013904223;
    return (Random >> 8) % Below;
}

/* S-1-Authority-1-2-..., of Count parts. */
static ULONG
PutSid(PVOID At, ULONG Authority, ULONG Count)
{
    UCHAR Header[8] = {1, (UCHAR)Count, 0, 0, 0, 0, 0, (UCHAR)Authority};

    RtlCopyMemory(At, Header, sizeof(Header));
    for (ULONG i = 0; i < Count; i++) {
        ((ULONG *)At)[2 + i] = i + 1;
    }
    return 8 + 4 * Count;
}

/* A list of Count entries for S-1-1-1, Slack bytes behind them. */
static ULONG
PutList(PVOID At, ULONG Count, ULONG Slack)
{
    ULONG Bytes = 8 + 20 * Count + Slack;
    USHORT Header[4] = {2, (USHORT)Bytes, (USHORT)Count, 0};

    RtlCopyMemory(At, Header, sizeof(Header));
    for (ULONG i = 0; i < Count; i++) {
        PACCESS_ALLOWED_ACE Ace = (PVOID)((PUCHAR)At + 8 + 20 * i);

        Ace->Header.AceType = ACCESS_ALLOWED_ACE_TYPE;
        Ace->Header.AceFlags = 0;
        Ace->Header.AceSize = 20;
        Ace->Mask = i + 1;
        PutSid(&Ace->SidStart, 1, 1);
    }
    return Bytes;
}

static ULONG64 Whole[64];
#define HEADER ((PISECURITY_DESCRIPTOR_RELATIVE)Whole)

/* A part begins at At and has Bytes, if it is there. */
static BOOLEAN
Fits(ULONG At, ULONG Bytes, ULONG Length)
{
    return At == 0 || At + Bytes <= Length;
}

/* Four parts one behind the other in any order, any of them missing, and any length that is told. */
static VOID
Relative(VOID)
{
    ULONG Bad = 0, Valid = 0;

    for (ULONG Round = 0; Round < 6000; Round++) {
        ULONG At = sizeof(*HEADER), Length, Wanted = Next(16), Offset[4] = {0}, Bytes[4] = {0};
        BOOLEAN Good;
        USHORT Control = SE_SELF_RELATIVE;

        RtlZeroMemory(Whole, sizeof(Whole));
        for (ULONG i = 0, Part = Next(4); i < 4; i++, Part = (Part + 1) % 4) {
            if (Next(8) == 0) {
                continue;
            }
            Offset[Part] = At;
            Bytes[Part] = Part < 2 ? PutSid((PUCHAR)Whole + At, 5, Next(3))
                                   : PutList((PUCHAR)Whole + At, Next(3), 4 * Next(2));
            At += Bytes[Part];
        }
        Control |= Next(8) != 0 ? SE_DACL_PRESENT : 0;
        Control |= Next(8) != 0 ? SE_SACL_PRESENT : 0;
        HEADER->Revision = SECURITY_DESCRIPTOR_REVISION1;
        HEADER->Control = Control;
        HEADER->Owner = Offset[0];
        HEADER->Group = Offset[1];
        HEADER->Dacl = Offset[2];
        HEADER->Sacl = Offset[3];
        Length = Next(2) == 0 ? At : At - Next(At);
        Good = Length >= sizeof(*HEADER) && Fits(Offset[0], Bytes[0], Length) &&
               Fits(Offset[1], Bytes[1], Length) &&
               (!(Control & SE_DACL_PRESENT) || Fits(Offset[2], Bytes[2], Length)) &&
               (!(Control & SE_SACL_PRESENT) || Fits(Offset[3], Bytes[3], Length));
        Good = Good && (!(Wanted & OWNER_SECURITY_INFORMATION) || Offset[0] != 0) &&
               (!(Wanted & GROUP_SECURITY_INFORMATION) || Offset[1] != 0) &&
               (!(Wanted & DACL_SECURITY_INFORMATION) || (Control & SE_DACL_PRESENT)) &&
               (!(Wanted & SACL_SECURITY_INFORMATION) || (Control & SE_SACL_PRESENT));
        Bad += RtlValidRelativeSecurityDescriptor(HEADER, Length, Wanted) != Good;
        Valid += Good;
        if (Good && Length == At) {
            ULONG Sum = sizeof(*HEADER) + Bytes[0] + Bytes[1] +
                        (Control & SE_DACL_PRESENT ? Bytes[2] : 0) +
                        (Control & SE_SACL_PRESENT ? Bytes[3] : 0);

            Bad += RtlLengthSecurityDescriptor(HEADER) != Sum;
            Bad += !RtlValidSecurityDescriptor(HEADER);
        }
    }
    EXPECT_EQ(Bad, 0);
    EXPECT(Valid > 500 && Valid < 5000);
}

/* What one wrong byte does. */
static VOID
Wrong(VOID)
{
    static const struct {
        UCHAR At, Value;
    } Table[] = {
        {0, 0},             /* the descriptor's revision */
        {0, 2},   {3, 0},   /* not self-relative */
        {20, 0},            /* the owner's revision */
        {20, 2},  {21, 16}, /* and its count: more than fifteen */
        {32, 1},            /* the list's revision */
        {32, 5},  {34, 7},  /* its size: less than a header, */
        {34, 24},           /* than its entry */
        {36, 2},            /* one entry more than there are */
        {42, 19},           /* an entry that ends within a word, */
        {42, 16},           /* that has no room for its SID, */
        {42, 0},            /* of no bytes, */
        {42, 24},           /* that ends behind the list */
        {48, 9},            /* the SID of an entry */
        {49, 2},
    };

    for (ULONG i = 0; i <= RTL_NUMBER_OF(Table); i++) {
        RtlZeroMemory(Whole, sizeof(Whole));
        HEADER->Revision = SECURITY_DESCRIPTOR_REVISION1;
        HEADER->Control = SE_SELF_RELATIVE | SE_DACL_PRESENT;
        HEADER->Owner = 20;
        HEADER->Dacl = 32;
        EXPECT_EQ(PutSid((PUCHAR)Whole + 20, 1, 1), 12);
        EXPECT_EQ(PutList((PUCHAR)Whole + 32, 1, 0), 28);
        if (i < RTL_NUMBER_OF(Table)) {
            ((PUCHAR)Whole)[Table[i].At] = Table[i].Value;
        }
        EXPECT_EQ(RtlValidRelativeSecurityDescriptor(HEADER, 60, 0), i == RTL_NUMBER_OF(Table));
    }
    for (ULONG Part = 0; Part < 2; Part++) { /* parts beyond all memory */
        *(Part == 0 ? &HEADER->Owner : &HEADER->Dacl) = 0xFFFFFFFC;
        EXPECT(!RtlValidRelativeSecurityDescriptor(HEADER, 60, 0));
        HEADER->Owner = 0;
    }
}

static ULONG64 Absolute[8], Lists[2][16], Sids[2][8], Back[64];

static NTSTATUS
ToAbsolute(ULONG *Sizes)
{
    return RtlSelfRelativeToAbsoluteSD(HEADER, Absolute, &Sizes[0], (PACL)Lists[0], &Sizes[1],
                                       (PACL)Lists[1], &Sizes[2], Sids[0], &Sizes[3], Sids[1],
                                       &Sizes[4]);
}

/* Every set of parts, from one form to the other and back: the same; every size one byte short: told, and nothing written. */
static VOID
Forms(VOID)
{
    for (ULONG Parts = 0; Parts < 64; Parts++) {
        BOOLEAN Owner = Parts & 1, Group = Parts >> 1 & 1, Dacl = Parts >> 2 & 1,
                Sacl = Parts >> 3 & 1, NoDacl = Parts >> 4 & 1, Defaulted = Parts >> 5;
        ULONG64 Sid[2][4], Acl[2][8];
        ULONG Bytes[5] = {sizeof(SECURITY_DESCRIPTOR)}, Sizes[5], Length = 0, Sum;
        SECURITY_DESCRIPTOR Descriptor;
        BOOLEAN Present, ByDefault;
        PSID Found;
        PACL List = NULL;

        Bytes[3] = PutSid(Sid[0], 5, 2);
        Bytes[4] = PutSid(Sid[1], 6, 3);
        Bytes[1] = PutList(Acl[0], 1, 0);
        Bytes[2] = PutList(Acl[1], 2, 4);
        EXPECT_STATUS(RtlCreateSecurityDescriptor(&Descriptor, 1), STATUS_SUCCESS);
        EXPECT_STATUS(RtlSetOwnerSecurityDescriptor(&Descriptor, Owner ? Sid[0] : NULL, Defaulted),
                      STATUS_SUCCESS);
        EXPECT_STATUS(RtlSetGroupSecurityDescriptor(&Descriptor, Group ? Sid[1] : NULL, !Defaulted),
                      STATUS_SUCCESS);
        EXPECT_STATUS(RtlSetDaclSecurityDescriptor(&Descriptor, Dacl, NoDacl ? NULL : (PACL)Acl[0],
                                                   Defaulted),
                      STATUS_SUCCESS);
        EXPECT_STATUS(RtlSetSaclSecurityDescriptor(&Descriptor, Sacl, (PACL)Acl[1], !Defaulted),
                      STATUS_SUCCESS);
        Bytes[1] = Dacl && !NoDacl ? Bytes[1] : 0;
        Bytes[2] = Sacl ? Bytes[2] : 0;
        Bytes[3] = Owner ? Bytes[3] : 0;
        Bytes[4] = Group ? Bytes[4] : 0;
        Sum = 20 + Bytes[1] + Bytes[2] + Bytes[3] + Bytes[4];
        EXPECT_STATUS(RtlAbsoluteToSelfRelativeSD(&Descriptor, NULL, &Length),
                      STATUS_BUFFER_TOO_SMALL);
        EXPECT_EQ(Length, Sum);
        Length = Sum - 1;
        RtlFillMemory(Whole, sizeof(Whole), 0xCC);
        EXPECT_STATUS(RtlAbsoluteToSelfRelativeSD(&Descriptor, Whole, &Length),
                      STATUS_BUFFER_TOO_SMALL);
        EXPECT(Length == Sum && Whole[0] == 0xCCCCCCCCCCCCCCCC);
        EXPECT_STATUS(RtlAbsoluteToSelfRelativeSD(&Descriptor, Whole, &Length), STATUS_SUCCESS);
        EXPECT_EQ(Length, Sum);
        EXPECT_EQ(((PUCHAR)Whole)[Sum], 0xCC);
        EXPECT(RtlValidRelativeSecurityDescriptor(Whole, Sum, 0));
        EXPECT_EQ(RtlLengthSecurityDescriptor(Whole), Sum);
        EXPECT_STATUS(RtlAbsoluteToSelfRelativeSD(Whole, Back, &Length),
                      STATUS_BAD_DESCRIPTOR_FORMAT);
        /* each part is where the header says, as it was */
        EXPECT_STATUS(RtlGetOwnerSecurityDescriptor(Whole, &Found, &ByDefault), STATUS_SUCCESS);
        EXPECT((Found != NULL) == Owner && ByDefault == Defaulted);
        EXPECT(!Owner || RtlEqualMemory(Found, Sid[0], Bytes[3]));
        EXPECT_STATUS(RtlGetGroupSecurityDescriptor(Whole, &Found, &ByDefault), STATUS_SUCCESS);
        EXPECT((Found != NULL) == Group && ByDefault == !Defaulted);
        EXPECT(!Group || RtlEqualMemory(Found, Sid[1], Bytes[4]));
        EXPECT_STATUS(RtlGetDaclSecurityDescriptor(Whole, &Present, &List, &ByDefault),
                      STATUS_SUCCESS);
        EXPECT(Present == Dacl && (!Dacl || ((List == NULL) == NoDacl && ByDefault == Defaulted)));
        EXPECT(Bytes[1] == 0 || RtlEqualMemory(List, Acl[0], Bytes[1]));
        EXPECT_STATUS(RtlGetSaclSecurityDescriptor(Whole, &Present, &List, &ByDefault),
                      STATUS_SUCCESS);
        EXPECT(Present == Sacl && (!Sacl || ByDefault == !Defaulted));
        EXPECT(Bytes[2] == 0 || RtlEqualMemory(List, Acl[1], Bytes[2]));
        /* and back */
        RtlFillMemory(Absolute, sizeof(Absolute), 0xCC);
        for (ULONG Short = 0; Short < 5; Short++) {
            if (Bytes[Short] == 0) {
                continue;
            }
            RtlCopyMemory(Sizes, Bytes, sizeof(Sizes));
            Sizes[Short]--;
            EXPECT_STATUS(ToAbsolute(Sizes), STATUS_BUFFER_TOO_SMALL);
            EXPECT(RtlEqualMemory(Sizes, Bytes, sizeof(Sizes)));
            EXPECT_EQ(Absolute[0], 0xCCCCCCCCCCCCCCCC);
        }
        EXPECT_STATUS(ToAbsolute(Sizes), STATUS_SUCCESS);
        Length = sizeof(Back);
        EXPECT_STATUS(RtlAbsoluteToSelfRelativeSD(Absolute, Back, &Length), STATUS_SUCCESS);
        EXPECT(Length == Sum && RtlEqualMemory(Back, Whole, Sum));
        EXPECT_STATUS(RtlSelfRelativeToAbsoluteSD(Absolute, Back, &Sizes[0], NULL, &Sizes[1], NULL,
                                                  &Sizes[2], NULL, &Sizes[3], NULL, &Sizes[4]),
                      STATUS_BAD_DESCRIPTOR_FORMAT);
    }
}

/* Entries put in anywhere and taken out again, in a list of room for eight. */
static VOID
Entries(VOID)
{
    ULONG64 Space[30];
    PACL List = (PACL)Space;
    ULONG Model[8], Count = 0, Bad = 0, Masks = 0, Full = 0;

    EXPECT_STATUS(RtlCreateAcl(List, 8 + 8 * 20, 2), STATUS_SUCCESS);
    for (ULONG Round = 0; Round < 3000; Round++) {
        ULONG Index = Next(10);

        if (Next(2) != 0) {
            ULONG64 New[8];
            ULONG More = 1 + Next(2);
            NTSTATUS Status;

            PutList(New, More, 0);
            for (ULONG i = 0; i < More; i++) {
                ((PULONG)New)[3 + 5 * i] = ++Masks;
            }
            Status = RtlAddAce(List, 2, Index, (PUCHAR)New + 8, 20 * More);
            if (Count + More > 8) {
                Bad += Status != STATUS_BUFFER_TOO_SMALL;
                Full++;
            } else {
                Bad += Status != STATUS_SUCCESS;
                Index = min(Index, Count);
                RtlMoveMemory(&Model[Index + More], &Model[Index], (Count - Index) * 4);
                for (ULONG i = 0; i < More; i++) {
                    Model[Index + i] = Masks - More + 1 + i;
                }
                Count += More;
            }
        } else if (Index >= Count) {
            Bad += RtlDeleteAce(List, Index) != STATUS_INVALID_PARAMETER;
        } else {
            Bad += RtlDeleteAce(List, Index) != STATUS_SUCCESS;
            Count--;
            RtlMoveMemory(&Model[Index], &Model[Index + 1], (Count - Index) * 4);
        }
        Bad += List->AceCount != Count || !RtlValidAcl(List) || List->AclSize != 168;
        for (ULONG i = 0; i <= Count; i++) {
            PACCESS_ALLOWED_ACE Ace = NULL;
            NTSTATUS Status = RtlGetAce(List, i, (PVOID *)&Ace);

            Bad += i == Count ? Status != STATUS_INVALID_PARAMETER
                              : Status != STATUS_SUCCESS || Ace->Mask != Model[i] ||
                                    Ace->Header.AceSize != 20;
        }
    }
    EXPECT_EQ(Bad, 0);
    EXPECT(Full > 100);
}

/* Every two of some SIDs: equal, equal but for the last part, copied into room for one byte less. */
static VOID
Pairs(VOID)
{
    ULONG64 Some[12][10], Copy[10];
    ULONG Bytes[12], Bad = 0;

    for (ULONG i = 0; i < 12; i++) {
        Bytes[i] = PutSid(Some[i], 1 + i / 8, i % 4 + (i / 4 == 1 ? 0 : 1));
        if (i % 4 == 3) {
            ((ULONG *)Some[i])[Bytes[i] / 4 - 1] += i; /* another last part */
        }
    }
    for (ULONG i = 0; i < 12; i++) {
        for (ULONG j = 0; j < 12; j++) {
            UCHAR *One = (UCHAR *)Some[i], *Two = (UCHAR *)Some[j];
            BOOLEAN Same = Bytes[i] == Bytes[j] && RtlEqualMemory(One, Two, Bytes[i]);
            BOOLEAN Prefix =
                Bytes[i] == Bytes[j] && RtlEqualMemory(One, Two, Bytes[i] - (One[1] != 0 ? 4 : 0));

            Bad += RtlEqualSid(One, Two) != Same;
            Bad += RtlEqualPrefixSid(One, Two) != Prefix;
        }
        RtlFillMemory(Copy, sizeof(Copy), 0xCC);
        Bad += RtlLengthSid(Some[i]) != Bytes[i] || !RtlValidSid(Some[i]);
        Bad += RtlCopySid(Bytes[i] - 1, Copy, Some[i]) != STATUS_BUFFER_TOO_SMALL;
        Bad += Copy[0] != 0xCCCCCCCCCCCCCCCC;
        Bad += RtlCopySid(Bytes[i], Copy, Some[i]) != STATUS_SUCCESS;
        Bad += !RtlEqualSid(Copy, Some[i]) || ((PUCHAR)Copy)[Bytes[i]] != 0xCC;
    }
    EXPECT_EQ(Bad, 0);
}

TEST_DRIVER(TEST(Relative), TEST(Wrong), TEST(Forms), TEST(Entries), TEST(Pairs))
