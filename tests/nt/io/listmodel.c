/*
 * listmodel.c - lists of extended attributes and of quotas that a buffer may hold: made up right, made wrong in one field or in their length, and judged by what
 * their pages say. [DDI:ntifs/iocheckeabuffervalidity], [ntifs: IoCheckQuotaBufferValidity, FILE_FULL_EA_INFORMATION, FILE_QUOTA_INFORMATION]
 */
#include "../ntlab-test.h"

#define EA_HEADER    FIELD_OFFSET(FILE_FULL_EA_INFORMATION, EaName)
#define QUOTA_HEADER FIELD_OFFSET(FILE_QUOTA_INFORMATION, Sid)
#define ROOM         1024

static UCHAR List[ROOM];
static ULONG Seed = 5;

static ULONG
Random(ULONG Below)
{
    Seed = Seed * 1664525 + 1013904223;
    return (Seed >> 8) % Below;
}

/* What Field may be changed to: near to what it is. */
static ULONG
Near(ULONG Value)
{
    static const LONG Off[] = {-8, -4, -3, -2, -1, 1, 2, 3, 4, 8, 12};

    return Value + (ULONG)Off[Random(RTL_NUMBER_OF(Off))];
}

static ULONG
MakeAttributes(VOID)
{
    ULONG Count = 1 + Random(4), At = 0, Size = 0, Wrong = Random(Count * 2);

    for (ULONG i = 0; i < Count; i++) {
        PFILE_FULL_EA_INFORMATION Entry = (PVOID)(List + At);

        Entry->EaNameLength = (UCHAR)Random(6);
        Entry->EaValueLength = (USHORT)Random(10);
        RtlFillMemory(Entry->EaName, Entry->EaNameLength, 'n');
        Entry->EaName[Entry->EaNameLength] = (CHAR)(i == Wrong && Random(5) == 0);
        Size = EA_HEADER + Entry->EaNameLength + 1u + Entry->EaValueLength;
        Entry->NextEntryOffset = i + 1 < Count ? (Size + 3) & ~3u : 0;
        At += Entry->NextEntryOffset;
        if (i == Wrong && Random(3) == 0) {
            Entry->NextEntryOffset = Near(Entry->NextEntryOffset) % 64;
        }
    }
    Size += At;
    return Random(4) == 0 ? min(Near(Size), ROOM) : Size;
}

static NTSTATUS
JudgeAttributes(ULONG Length, PULONG Wrong)
{
    for (ULONG At = 0;;) {
        PFILE_FULL_EA_INFORMATION Entry = (PVOID)(List + At);
        ULONG Size;

        *Wrong = At;
        if (At + EA_HEADER > Length) {
            return STATUS_EA_LIST_INCONSISTENT;
        }
        Size = EA_HEADER + Entry->EaNameLength + 1u + Entry->EaValueLength;
        if (At + Size > Length || List[At + EA_HEADER + Entry->EaNameLength] != 0) {
            return STATUS_EA_LIST_INCONSISTENT;
        }
        if (Entry->NextEntryOffset == 0) {
            return STATUS_SUCCESS;
        }
        if (Entry->NextEntryOffset != (Size + 3) / 4 * 4 || At + Entry->NextEntryOffset >= Length) {
            return STATUS_EA_LIST_INCONSISTENT;
        }
        At += Entry->NextEntryOffset;
    }
}

static ULONG
MakeQuotas(VOID)
{
    ULONG Count = 1 + Random(4), At = 0, Size = 0, Wrong = Random(Count * 2);

    for (ULONG i = 0; i < Count; i++) {
        PFILE_QUOTA_INFORMATION Entry = (PVOID)(List + At);
        SID *Sid = (SID *)(List + At + QUOTA_HEADER);

        *Sid = (SID){SID_REVISION, (UCHAR)Random(6), SECURITY_NT_AUTHORITY, {0}};
        Entry->SidLength = 8 + 4u * Sid->SubAuthorityCount;
        Size = QUOTA_HEADER + Entry->SidLength;
        Entry->NextEntryOffset = i + 1 < Count ? ((Size + 7) & ~7u) + 8 * Random(2) : 0;
        At += Entry->NextEntryOffset;
        if (i == Wrong) {
            switch (Random(4)) {
            case 0:
                Entry->NextEntryOffset = Near(Entry->NextEntryOffset) % 128;
                break;
            case 1:
                Entry->SidLength = Near(Entry->SidLength);
                break;
            case 2:
                Sid->Revision ^= 3;
                break;
            case 3:
                Sid->SubAuthorityCount = (UCHAR)Near(Sid->SubAuthorityCount);
                break;
            }
        }
    }
    if (Random(8) == 0) { /* the next one begins where the list ends */
        ((PFILE_QUOTA_INFORMATION)(List + At))->NextEntryOffset = (Size + 7) & ~7u;
        return At + ((Size + 7) & ~7u);
    }
    Size += At;
    return Random(4) == 0 ? min(Near(Size), ROOM) : Size;
}

static NTSTATUS
JudgeQuotas(ULONG Length, PULONG Wrong)
{
    for (ULONG At = 0;;) {
        PFILE_QUOTA_INFORMATION Entry = (PVOID)(List + At);
        SID *Sid = (SID *)(List + At + QUOTA_HEADER);

        *Wrong = At;
        if (At + QUOTA_HEADER > Length || Entry->SidLength < 8 ||
            Entry->SidLength > Length - At - QUOTA_HEADER || Sid->Revision != SID_REVISION ||
            Sid->SubAuthorityCount > SID_MAX_SUB_AUTHORITIES ||
            Entry->SidLength != 8 + 4u * Sid->SubAuthorityCount) {
            return STATUS_QUOTA_LIST_INCONSISTENT;
        }
        if (Entry->NextEntryOffset == 0) {
            return STATUS_SUCCESS;
        }
        if (Entry->NextEntryOffset < QUOTA_HEADER + Entry->SidLength ||
            Entry->NextEntryOffset % 8 != 0 || At + Entry->NextEntryOffset >= Length) {
            return STATUS_QUOTA_LIST_INCONSISTENT;
        }
        At += Entry->NextEntryOffset;
    }
}

static VOID
Lists(VOID)
{
    ULONG Good[2] = {0}, Bad = 0;

    for (ULONG i = 0; i < 6000; i++) {
        ULONG Expected, Said, Length;
        NTSTATUS Status, Wanted;

        RtlZeroMemory(List, sizeof(List));
        Length = MakeAttributes();
        Wanted = JudgeAttributes(Length, &Expected);
        Status = IoCheckEaBufferValidity((PVOID)List, Length, &Said);
        Bad += Status != Wanted || Said != Expected;
        Good[0] += Wanted == STATUS_SUCCESS;
        RtlZeroMemory(List, sizeof(List));
        Length = MakeQuotas();
        Wanted = JudgeQuotas(Length, &Expected);
        Status = IoCheckQuotaBufferValidity((PVOID)List, Length, &Said);
        Bad += Status != Wanted || Said != Expected;
        Good[1] += Wanted == STATUS_SUCCESS;
    }
    EXPECT_EQ(Bad, 0);
    EXPECT(Good[0] > 1500 && Good[0] < 5500);
    EXPECT(Good[1] > 1500 && Good[1] < 5500);
}

TEST_DRIVER(TEST(Lists))
