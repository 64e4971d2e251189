/*
 * aclmodel.c - access control lists against a model: three thousand steps that make a list, put entries behind the last or in the middle, take them out and look at them, in rooms that are just enough and
 * just too small, with identifiers, flags and revisions that are none, and lists that lie. After each step the list must be the model's, byte by byte. [DDI:ntifs/rtlcreateacl],
 * [DDI:ntifs/rtladdaccessallowedace], [DDI:ntifs/rtladdaccessallowedaceex], [DDI:ntifs/rtladdace], [DDI:ntifs/rtldeleteace], [DDI:ntifs/rtlgetace],
 * [DDI:ntifs/rtlvalidacl], [LEARN:secauthz/ace], [MS-DTYP 2.4.4, 2.4.5].
 */
#include "../ntlab-test.h"

#define SEED 2026
#include "../draw.h"

NTSYSAPI NTSTATUS NTAPI RtlAddAccessDeniedAce(PACL, ULONG, ACCESS_MASK, PSID);
NTSYSAPI NTSTATUS NTAPI RtlAddAccessDeniedAceEx(PACL, ULONG, ULONG, ACCESS_MASK, PSID);
NTSYSAPI NTSTATUS NTAPI RtlDeleteAce(PACL, ULONG);
NTSYSAPI BOOLEAN NTAPI RtlValidAcl(PACL);

#define ROOM 256

static UCHAR Model[ROOM];         /* the list as it should be */
static ULONG At[ROOM / 4], Count; /* where each entry begins */
static ULONG Used, Size, Revision;
static ULONG64 Memory[ROOM / 8];
static PACL Acl = (PACL)Memory;
static ULONG64 Sids[4][4]; /* the last is none */
static ULONG Bad[8];

static VOID
Fresh(VOID)
{
    ULONG Length = Any(8) == 0 ? Any(8) : 8 + Any(ROOM - 8), Wanted = 1 + Any(5);
    NTSTATUS Status = RtlCreateAcl(Acl, Length, Wanted);

    if (Length < sizeof(ACL)) {
        Bad[0] += Status != STATUS_BUFFER_TOO_SMALL;
    } else if (Wanted < 2 || Wanted > 4) {
        Bad[0] += Status != STATUS_INVALID_PARAMETER;
    } else {
        Bad[0] += Status != STATUS_SUCCESS;
        Size = Length & ~3u;
        Count = 0;
        Used = sizeof(ACL);
        Revision = Wanted;
    }
}

/* One entry as it lies in memory; its length. */
static ULONG
Entry(PUCHAR To, UCHAR Type, UCHAR Flags, ACCESS_MASK Mask, ULONG Which)
{
    ULONG Length = 8 + RtlLengthSid(Sids[Which]);

    To[0] = Type;
    To[1] = Flags;
    *(PUSHORT)(To + 2) = (USHORT)Length;
    *(PULONG)(To + 4) = Mask;
    RtlCopyMemory(To + 8, Sids[Which], Length - 8);
    return Length;
}

static VOID
Insert(ULONG Index, const UCHAR *Bytes, ULONG Length)
{
    ULONG Place = Index < Count ? At[Index] : Used;

    RtlMoveMemory(Model + Place + Length, Model + Place, Used - Place);
    RtlCopyMemory(Model + Place, Bytes, Length);
    Used += Length;
    Count = 0;
    for (ULONG i = sizeof(ACL); i < Used; i += *(PUSHORT)(Model + i + 2)) {
        At[Count++] = i;
    }
}

static VOID
AddKnown(VOID)
{
    ULONG How = Any(4), Which = Any(20) == 0 ? 3 : Any(3), Wanted = Any(12) == 0 ? 5 : 2 + Any(3);
    ULONG Flags = How < 2 ? 0 : Any(10) == 0 ? 0x20 : Any(32) & ~0x10u;
    ACCESS_MASK Mask = Any(0x8000) << 16 | Any(0x8000);
    NTSTATUS Status, Want = STATUS_SUCCESS;
    UCHAR Bytes[64];
    ULONG Length = 0;

    if (Which == 3) {
        Want = STATUS_INVALID_SID;
    } else if (Wanted > 4) {
        Want = STATUS_REVISION_MISMATCH;
    } else if (Flags & 0x20) {
        Want = STATUS_INVALID_PARAMETER;
    } else {
        Length = Entry(Bytes, How & 1, (UCHAR)Flags, Mask, Which);
        Want = Used + Length > Size ? STATUS_ALLOTTED_SPACE_EXCEEDED : STATUS_SUCCESS;
    }
    Status = How == 0   ? RtlAddAccessAllowedAce(Acl, Wanted, Mask, Sids[Which])
             : How == 1 ? RtlAddAccessDeniedAce(Acl, Wanted, Mask, Sids[Which])
             : How == 2 ? RtlAddAccessAllowedAceEx(Acl, Wanted, Flags, Mask, Sids[Which])
                        : RtlAddAccessDeniedAceEx(Acl, Wanted, Flags, Mask, Sids[Which]);
    Bad[1] += Status != Want;
    if (Want == STATUS_SUCCESS) {
        Insert(Count, Bytes, Length);
        Revision = max(Revision, Wanted);
    }
}

/* Some entries at once, of kinds that are known and not; now and then one lies about its size. */
static VOID
AddList(VOID)
{
    ULONG Index = Any(3) == 0 ? MAXULONG : Any(Count + 2), Wanted = 2 + Any(3), Length = 0;
    NTSTATUS Want = STATUS_SUCCESS;
    UCHAR Bytes[200];

    for (ULONG i = 1 + Any(3); i > 0; i--) {
        if (Any(3) == 0) { /* one that is nobody's here: only its size counts */
            ULONG Small = 4 * (1 + Any(4));

            RtlFillMemory(Bytes + Length, Small, 0x55);
            Bytes[Length] = 0x40;
            *(PUSHORT)(Bytes + Length + 2) = (USHORT)Small;
            Length += Small;
        } else {
            Length += Entry(Bytes + Length, (UCHAR)Any(3), (UCHAR)Any(16), Any(100), Any(3));
        }
    }
    switch (Any(10)) {
    case 0:
        *(PUSHORT)(Bytes + 2) = (USHORT)(Length + 4);
        Want = STATUS_INVALID_PARAMETER;
        break;
    case 1:
        *(PUSHORT)(Bytes + 2) = 3;
        Want = STATUS_INVALID_PARAMETER;
        break;
    default:
        Want = Used + Length > Size ? STATUS_BUFFER_TOO_SMALL : STATUS_SUCCESS;
        break;
    }
    Bad[2] += RtlAddAce(Acl, Wanted, Index, Bytes, Length) != Want;
    if (Want == STATUS_SUCCESS) {
        Insert(Index, Bytes, Length);
        Revision = max(Revision, Wanted);
    }
}

static VOID
Delete(VOID)
{
    ULONG Index = Any(Count + 2);

    Bad[3] +=
        RtlDeleteAce(Acl, Index) != (Index < Count ? STATUS_SUCCESS : STATUS_INVALID_PARAMETER);
    if (Index < Count) {
        ULONG Place = At[Index], Length = *(PUSHORT)(Model + Place + 2);

        RtlMoveMemory(Model + Place, Model + Place + Length, Used - Place - Length);
        Used -= Length;
        Insert(0, Model, 0);
    }
}

static VOID
Check(VOID)
{
    Bad[4] += Acl->AclRevision != Revision || Acl->AclSize != Size || Acl->AceCount != Count ||
              Acl->Sbz1 != 0 || Acl->Sbz2 != 0;
    Bad[5] += !RtlEqualMemory((PUCHAR)Acl + sizeof(ACL), Model + sizeof(ACL), Used - sizeof(ACL));
    Bad[5] += ((PUCHAR)Acl)[Size] != 0xCC && Size < ROOM;
    Bad[6] += !RtlValidAcl(Acl);
    for (ULONG i = 0; i < Count + 2; i++) {
        PVOID Ace = NULL;

        if (i < Count) {
            Bad[7] += RtlGetAce(Acl, i, &Ace) != STATUS_SUCCESS || Ace != (PUCHAR)Acl + At[i];
        } else {
            Bad[7] += RtlGetAce(Acl, i, &Ace) != STATUS_INVALID_PARAMETER || Ace != NULL;
        }
    }
}

static VOID
Steps(VOID)
{
    static const UCHAR World[] = {1, 1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0},
                       Admins[] = {1, 2, 0, 0, 0, 0, 0, 5, 32, 0, 0, 0, 0x20, 2, 0, 0},
                       Nobody[] = {1, 0, 0, 0, 0, 0, 0, 7},
                       None[] = {2, 1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0};

    RtlCopyMemory(Sids[0], World, sizeof(World));
    RtlCopyMemory(Sids[1], Admins, sizeof(Admins));
    RtlCopyMemory(Sids[2], Nobody, sizeof(Nobody));
    RtlCopyMemory(Sids[3], None, sizeof(None));
    RtlFillMemory(Memory, sizeof(Memory), 0xCC);
    for (ULONG Step = 0; Step < 3000; Step++) {
        ULONG What = Any(16);

        if (Size == 0 || (What == 0 && Step % 8 == 0)) {
            RtlFillMemory(Memory, sizeof(Memory), 0xCC);
            Size = 0;
            Fresh();
            if (Size == 0) {
                continue;
            }
        } else if (What < 7) {
            AddKnown();
        } else if (What < 11) {
            AddList();
        } else {
            Delete();
        }
        Check();
    }
    for (ULONG i = 0; i < RTL_NUMBER_OF(Bad); i++) {
        EXPECT_EQ(Bad[i], 0);
    }
}

/* Lists that are none. */
static VOID
Unsound(VOID)
{
    static const struct {
        UCHAR Where, Value;
    } Wrong[] = {
        {0, 1},               /* the revision */
        {0, 5},       {2, 4}, /* AclSize: not even the header */
        {4, 3},               /* more entries than there are */
        {8 + 2, 2},           /* an entry that is no header */
        {8 + 2, 22},          /* that does not end at a multiple of 4 */
        {8 + 2, 200},         /* that ends behind the list */
        {8 + 2, 12},          /* that is too small for its identifier */
        {8 + 8, 2},           /* the identifier's revision */
        {8 + 9, 2},           /* more of it than the entry has */
    };
    PVOID Ace;

    for (ULONG i = 0; i < RTL_NUMBER_OF(Wrong); i++) {
        RtlFillMemory(Memory, sizeof(Memory), 0);
        EXPECT_STATUS(RtlCreateAcl(Acl, 48, 2), STATUS_SUCCESS);
        EXPECT_STATUS(RtlAddAccessAllowedAce(Acl, 2, 1, Sids[0]), STATUS_SUCCESS);
        EXPECT_STATUS(RtlAddAccessAllowedAce(Acl, 2, 2, Sids[0]), STATUS_SUCCESS);
        EXPECT(RtlValidAcl(Acl));
        ((PUCHAR)Memory)[Wrong[i].Where] = Wrong[i].Value;
        EXPECT(!RtlValidAcl(Acl));
        EXPECT_STATUS(RtlAddAce(Acl, 2, 0, (PUCHAR)Memory + 28, 20), STATUS_INVALID_PARAMETER);
        EXPECT_STATUS(RtlDeleteAce(Acl, 0), STATUS_INVALID_PARAMETER);
        EXPECT_STATUS(RtlAddAccessAllowedAce(Acl, 2, 2, Sids[0]),
                      Acl->AclRevision > 4 ? STATUS_REVISION_MISMATCH : STATUS_INVALID_ACL);
        if (Wrong[i].Where == 4) { /* it would begin where the list ends, and behind that */
            EXPECT_STATUS(RtlGetAce(Acl, 2, &Ace), STATUS_INVALID_PARAMETER);
            Acl->AceCount = 4;
            EXPECT_STATUS(RtlGetAce(Acl, 3, &Ace), STATUS_INVALID_PARAMETER);
        }
        if (Wrong[i].Where == 0) {
            EXPECT_STATUS(RtlGetAce(Acl, 0, &Ace), STATUS_INVALID_PARAMETER);
        }
    }
}

static VOID NTAPI
Unload(PDRIVER_OBJECT DriverObject)
{
}

NTSTATUS NTAPI
DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
    static const NTLAB_TEST Tests[] = {TEST(Steps), TEST(Unsound)};

    DriverObject->DriverUnload = Unload;
    NtlabRun(Tests, RTL_NUMBER_OF(Tests));
    return STATUS_SUCCESS;
}
