/*
 * names.c - second names and other widths of routines that other files here test, sequenced lists, SIDs' parts, conversions
 * of single characters.
 * [DDI:wdm/exinterlockedpushentryslist] and its kin, [DDI:ntddk/nf-ntddk-rtlipv4stringtoaddressa], [DDI:ntifs/rtlequalprefixsid],
 * [DDI:ntifs/rtlidentifierauthoritysid], [DDI:ntifs/rtlupcaseunicodetomultibyten], [DDI:ntifs/rtlupcaseunicodetooemn],
 * [DDI:ntifs/rtlmultibytetounicodesize], [DDI:wdm/rtlinitweakenumerationhashtable],
 * [DDI:ntddk/nf-ntddk-rtllookupfirstmatchingelementgenerictableavl], [DDI:ntifs/rtlcomparememoryulong],
 * [DDI:ntifs/rtlfillmemoryulong], [DDI:ntddk/nf-ntddk-rtlwalkframechain].
 */
#include "../ntlab-test.h"

NTSYSAPI VOID NTAPI RtlInitializeSListHead(PSLIST_HEADER);
NTSYSAPI PSLIST_ENTRY NTAPI RtlInterlockedPushEntrySList(PSLIST_HEADER, PSLIST_ENTRY);
NTSYSAPI PSLIST_ENTRY NTAPI RtlInterlockedPopEntrySList(PSLIST_HEADER);
NTSYSAPI PSLIST_ENTRY NTAPI RtlInterlockedFlushSList(PSLIST_HEADER);
NTSYSAPI USHORT NTAPI RtlQueryDepthSList(PSLIST_HEADER);
NTSYSAPI PSLIST_ENTRY NTAPI RtlFirstEntrySList(const SLIST_HEADER *);
NTSYSAPI NTSTATUS NTAPI RtlIpv4StringToAddressA(PCSTR, BOOLEAN, PCSTR *, PVOID);
NTSYSAPI NTSTATUS NTAPI RtlIpv6StringToAddressW(PCWSTR, PCWSTR *, PVOID);
NTSYSAPI PSTR NTAPI RtlIpv4AddressToStringA(const VOID *, PSTR);
NTSYSAPI PWSTR NTAPI RtlIpv6AddressToStringW(const VOID *, PWSTR);
NTSYSAPI LONG NTAPI RtlIpv4AddressToStringExW(const VOID *, USHORT, PWSTR, PULONG);
NTSYSAPI LONG NTAPI RtlIpv6AddressToStringExA(const VOID *, ULONG, USHORT, PSTR, PULONG);
NTSYSAPI BOOLEAN NTAPI RtlEqualPrefixSid(PSID, PSID);
NTSYSAPI PSID_IDENTIFIER_AUTHORITY NTAPI RtlIdentifierAuthoritySid(PSID);
NTSYSAPI NTSTATUS NTAPI RtlUpcaseUnicodeToMultiByteN(PCHAR, ULONG, PULONG, PCWCH, ULONG);
NTSYSAPI NTSTATUS NTAPI RtlUpcaseUnicodeToOemN(PCHAR, ULONG, PULONG, PCWCH, ULONG);
NTSYSAPI NTSTATUS NTAPI RtlUpcaseUnicodeStringToAnsiString(PANSI_STRING, PCUNICODE_STRING, BOOLEAN);
NTSYSAPI NTSTATUS NTAPI RtlMultiByteToUnicodeSize(PULONG, const CHAR *, ULONG);
NTSYSAPI WCHAR NTAPI RtlAnsiCharToUnicodeChar(PUCHAR *);
NTSYSAPI LONG NTAPI RtlCompareUnicodeStrings(PCWCH, SIZE_T, PCWCH, SIZE_T, BOOLEAN);
NTSYSAPI SIZE_T NTAPI RtlCompareMemoryUlong(PVOID, SIZE_T, ULONG);
NTSYSAPI NTSTATUS NTAPI RtlStringFromGUIDEx(REFGUID, PUNICODE_STRING, BOOLEAN);
NTSYSAPI ULONG NTAPI RtlWalkFrameChain(PVOID *, ULONG, ULONG);
NTSYSAPI ULONG NTAPI RtlUniform(PULONG);

static VOID
Sequenced(VOID)
{
    static DECLSPEC_ALIGN(16) SLIST_HEADER Head;
    static DECLSPEC_ALIGN(16) struct {
        SLIST_ENTRY Entry;
        ULONG64 Room;
    } Item[3];

    RtlInitializeSListHead(&Head);
    EXPECT(RtlFirstEntrySList(&Head) == NULL && RtlQueryDepthSList(&Head) == 0);
    EXPECT(RtlInterlockedPopEntrySList(&Head) == NULL && RtlInterlockedFlushSList(&Head) == NULL);
    EXPECT(RtlInterlockedPushEntrySList(&Head, &Item[0].Entry) == NULL);
    EXPECT(RtlInterlockedPushEntrySList(&Head, &Item[1].Entry) == &Item[0].Entry);
    EXPECT(RtlInterlockedPushEntrySList(&Head, &Item[2].Entry) == &Item[1].Entry);
    EXPECT_EQ(RtlQueryDepthSList(&Head), 3);
    EXPECT(RtlFirstEntrySList(&Head) == &Item[2].Entry); /* it stays */
    EXPECT(RtlInterlockedPopEntrySList(&Head) == &Item[2].Entry);
    EXPECT_EQ(RtlQueryDepthSList(&Head), 2);
    EXPECT(RtlInterlockedFlushSList(&Head) == &Item[1].Entry);
    EXPECT(Item[1].Entry.Next == &Item[0].Entry && Item[0].Entry.Next == NULL);
    EXPECT(RtlQueryDepthSList(&Head) == 0 && RtlFirstEntrySList(&Head) == NULL);
}

static VOID
Addresses(VOID)
{
    static const UCHAR Loop[4] = {127, 0, 0, 1};
    static const UCHAR Six[16] = {0x20, 0x01, 0x0D, 0xB8, [15] = 1};
    UCHAR Read[16];
    PCSTR End;
    PCWSTR WideEnd;
    char Text[80];
    WCHAR Wide[80];
    ULONG Room = 80;

    EXPECT_STATUS(RtlIpv4StringToAddressA("127.0.0.1/8", TRUE, &End, Read), STATUS_SUCCESS);
    EXPECT(RtlEqualMemory(Read, Loop, 4) && *End == '/');
    EXPECT_STATUS(RtlIpv4StringToAddressA("127.0.0.256", TRUE, &End, Read),
                  STATUS_INVALID_PARAMETER);
    EXPECT_STATUS(RtlIpv6StringToAddressW(L"2001:db8::1%3", &WideEnd, Read), STATUS_SUCCESS);
    EXPECT(RtlEqualMemory(Read, Six, 16) && *WideEnd == L'%');
    EXPECT_STATUS(RtlIpv6StringToAddressW(L"g::1", &WideEnd, Read), STATUS_INVALID_PARAMETER);
    EXPECT(RtlIpv4AddressToStringA(Loop, Text) == Text + 9 && strcmp(Text, "127.0.0.1") == 0);
    EXPECT(RtlIpv6AddressToStringW(Six, Wide) == Wide + 11 && wcscmp(Wide, L"2001:db8::1") == 0);
    EXPECT_STATUS(RtlIpv4AddressToStringExW(Loop, 0x5000, Wide, &Room), STATUS_SUCCESS);
    EXPECT(Room == 13 && wcscmp(Wide, L"127.0.0.1:80") == 0);
    Room = 80;
    EXPECT_STATUS(RtlIpv6AddressToStringExA(Six, 7, 0x5000, Text, &Room), STATUS_SUCCESS);
    EXPECT(strcmp(Text, "[2001:db8::1%7]:80") == 0 && Room == 19);
}

static VOID
Sids(VOID)
{
    static const SID A = {1, 2, {{0, 0, 0, 0, 0, 5}}, {32}};
    UCHAR First[16], Second[16], Other[16];
    SID *S = (SID *)First, *T = (SID *)Second, *U = (SID *)Other;

    RtlCopyMemory(First, &A, 12);
    *RtlSubAuthoritySid(S, 1) = 544;
    RtlCopyMemory(Second, First, 16);
    *RtlSubAuthoritySid(T, 1) = 545;
    EXPECT(RtlEqualPrefixSid(S, T)); /* all but the last part */
    EXPECT(!RtlEqualSid(S, T));
    RtlCopyMemory(Other, First, 16);
    U->SubAuthority[0] = 33;
    EXPECT(!RtlEqualPrefixSid(S, U));
    RtlCopyMemory(Other, First, 16);
    U->IdentifierAuthority.Value[5] = 6;
    EXPECT(!RtlEqualPrefixSid(S, U));
    RtlCopyMemory(Other, First, 16);
    U->SubAuthorityCount = 1;
    EXPECT(!RtlEqualPrefixSid(S, U));
    EXPECT(RtlIdentifierAuthoritySid(S) == &S->IdentifierAuthority &&
           RtlIdentifierAuthoritySid(S)->Value[5] == 5);
}

static VOID
Characters(VOID)
{
    static const WCHAR Mixed[] = {L'a', 0xE9, L'Z', 0x3B1};
    char Text[8];
    ULONG Count = 0;
    UCHAR Source[] = {'a', 0x80, 0xE9}, *At = Source;
    UNICODE_STRING Wide = {4, 4, (PWCH)L"\x00E4q"};
    ANSI_STRING Narrow;

    EXPECT_STATUS(RtlUpcaseUnicodeToMultiByteN(Text, 8, &Count, Mixed, 6), STATUS_SUCCESS);
    EXPECT(Count == 3 && Text[0] == 'A' && (UCHAR)Text[1] == 0xC9 && Text[2] == 'Z');
    EXPECT_STATUS(RtlUpcaseUnicodeToOemN(Text, 8, &Count, Mixed, 6), STATUS_SUCCESS);
    EXPECT(Count == 3 && Text[0] == 'A' && (UCHAR)Text[1] == 0x90 && Text[2] == 'Z'); /* 437 */
    EXPECT_STATUS(RtlMultiByteToUnicodeSize(&Count, "abcde", 5), STATUS_SUCCESS);
    EXPECT_EQ(Count, 10);
    EXPECT(RtlAnsiCharToUnicodeChar(&At) == L'a' && At == Source + 1); /* it moves on */
    EXPECT(RtlAnsiCharToUnicodeChar(&At) == 0x20AC && RtlAnsiCharToUnicodeChar(&At) == 0xE9);
    EXPECT(At == Source + 3);
    EXPECT_STATUS(RtlUpcaseUnicodeStringToAnsiString(&Narrow, &Wide, TRUE), STATUS_SUCCESS);
    EXPECT(Narrow.Length == 2 && (UCHAR)Narrow.Buffer[0] == 0xC4 && Narrow.Buffer[1] == 'Q' &&
           Narrow.Buffer[2] == 0);
    RtlFreeAnsiString(&Narrow);
    EXPECT_EQ(RtlCompareUnicodeStrings(L"abc", 3, L"ABC", 3, TRUE), 0);
    EXPECT(RtlCompareUnicodeStrings(L"abc", 3, L"ABC", 3, FALSE) > 0);
    EXPECT(RtlCompareUnicodeStrings(L"ab", 2, L"abc", 3, FALSE) < 0);
    EXPECT(RtlCompareUnicodeStrings(L"b", 1, L"ABC", 3, TRUE) > 0);
    EXPECT_EQ(RtlCompareUnicodeStrings(L"x", 0, L"y", 0, FALSE), 0);
}

static VOID
Memory(VOID)
{
    static ULONG Words[8];
    GUID Guid = {0x12345678, 0x9ABC, 0xDEF0, {1, 2, 3, 4, 5, 6, 7, 8}};
    WCHAR Room[40];
    UNICODE_STRING Text = {0, sizeof(Room), Room};
    ULONG Seed = 5, Again = 5, First;

    RtlFillMemoryUlong(Words, 16, 0xA1B2C3D4);
    EXPECT(Words[0] == 0xA1B2C3D4 && Words[3] == 0xA1B2C3D4 && Words[4] == 0);
    EXPECT_EQ(RtlCompareMemoryUlong(Words, 32, 0xA1B2C3D4), 16);
    EXPECT_EQ(RtlCompareMemoryUlong(Words, 8, 0xA1B2C3D4), 8);
    EXPECT_EQ(RtlCompareMemoryUlong(Words, 32, 1), 0);
    RtlFillMemoryUlonglong(Words, 8, 0x0102030405060708);
    EXPECT(Words[0] == 0x05060708 && Words[1] == 0x01020304 && Words[2] == 0xA1B2C3D4);
    EXPECT_STATUS(RtlStringFromGUIDEx(&Guid, &Text, FALSE), STATUS_SUCCESS);
    EXPECT(Text.Length == 76 && wcscmp(Room, L"{12345678-9ABC-DEF0-0102-030405060708}") == 0);
    Text.MaximumLength = 76;
    EXPECT_STATUS(RtlStringFromGUIDEx(&Guid, &Text, FALSE), STATUS_BUFFER_OVERFLOW);
    First = RtlUniform(&Seed);
    EXPECT(First == RtlUniform(&Again) && Seed == Again && Seed != 5 && First < 0x80000000);
    EXPECT(RtlUniform(&Seed) != First);
}

static VOID
Weakly(VOID)
{
    PRTL_DYNAMIC_HASH_TABLE Table = NULL;
    RTL_DYNAMIC_HASH_TABLE_ENUMERATOR Enumerator;
    RTL_DYNAMIC_HASH_TABLE_ENTRY Entry[5];
    PRTL_DYNAMIC_HASH_TABLE_ENTRY Found;
    ULONG Seen = 0, Count = 0;

    EXPECT(RtlCreateHashTable(&Table, 0, 0));
    for (ULONG_PTR i = 0; i < 5; i++) {
        EXPECT(RtlInsertEntryHashTable(Table, &Entry[i], i * 7, NULL));
    }
    EXPECT(RtlInitWeakEnumerationHashTable(Table, &Enumerator));
    while ((Found = RtlWeaklyEnumerateEntryHashTable(Table, &Enumerator)) != NULL) {
        Seen |= 1u << (Found - Entry);
        Count++;
    }
    RtlEndWeakEnumerationHashTable(Table, &Enumerator);
    EXPECT(Seen == 0x1F && Count == 5);
    for (ULONG i = 0; i < 5; i++) {
        EXPECT(RtlRemoveEntryHashTable(Table, &Entry[i], NULL));
    }
    RtlDeleteHashTable(Table);
}

/* Compares the upper byte only: several elements match. */
static RTL_GENERIC_COMPARE_RESULTS NTAPI
Compare(PRTL_AVL_TABLE Table, PVOID First, PVOID Second)
{
    ULONG A = *(PULONG)First, B = *(PULONG)Second;

    if (A & 0xFF && B & 0xFF) {
        return A < B ? GenericLessThan : A > B ? GenericGreaterThan : GenericEqual;
    }
    return A >> 8 < B >> 8 ? GenericLessThan : A >> 8 > B >> 8 ? GenericGreaterThan : GenericEqual;
}

static PVOID NTAPI
Allocate(PRTL_AVL_TABLE Table, CLONG Bytes)
{
    return ExAllocatePoolWithTag(PagedPool, Bytes, 'mNtR');
}

static VOID NTAPI
Free(PRTL_AVL_TABLE Table, PVOID Buffer)
{
    ExFreePool(Buffer);
}

static VOID
FirstMatch(VOID)
{
    static const ULONG Values[] = {0x301, 0x105, 0x203, 0x202, 0x204, 0x201, 0x302, 0x106};
    RTL_AVL_TABLE Table;
    PVOID Restart = NULL;
    PULONG Found;
    ULONG Key = 0x200;

    RtlInitializeGenericTableAvl(&Table, Compare, Allocate, Free, NULL);
    for (ULONG i = 0; i < RTL_NUMBER_OF(Values); i++) {
        RtlInsertElementGenericTableAvl(&Table, (PVOID)&Values[i], 4, NULL);
    }
    Found = RtlLookupFirstMatchingElementGenericTableAvl(&Table, &Key, &Restart);
    EXPECT(Found != NULL && *Found == 0x201); /* the first in order of those that match */
    EXPECT(Restart != NULL);
    Found = RtlEnumerateGenericTableWithoutSplayingAvl(&Table, &Restart);
    EXPECT(Found != NULL && *Found == 0x202); /* goes on from there */
    Key = 0x100;
    Found = RtlLookupFirstMatchingElementGenericTableAvl(&Table, &Key, &Restart);
    EXPECT(Found != NULL && *Found == 0x105);
    Key = 0x400;
    EXPECT(RtlLookupFirstMatchingElementGenericTableAvl(&Table, &Key, &Restart) == NULL);
    for (ULONG i = 0; i < RTL_NUMBER_OF(Values); i++) {
        EXPECT(RtlDeleteElementGenericTableAvl(&Table, (PVOID)&Values[i]));
    }
}

static ULONG __attribute__((noinline))
Walk(PVOID *Frames, ULONG Count)
{
    ULONG Found = RtlWalkFrameChain(Frames, Count, 0);

    return Found;
}

static VOID
Frames(VOID)
{
    PVOID Frames[16] = {NULL};
    ULONG Found = Walk(Frames, 16);

    EXPECT(Found >= 3 && Found <= 16);
    for (ULONG i = 0; i < Found; i++) {
        EXPECT(Frames[i] > MmSystemRangeStart);
    }
    EXPECT(Walk(Frames, 2) == 2);
}

TEST_DRIVER(TEST(Sequenced), TEST(Addresses), TEST(Sids), TEST(Characters), TEST(Memory),
            TEST(Weakly), TEST(FirstMatch), TEST(Frames))
