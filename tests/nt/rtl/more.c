/*
 * more.c - strings of all kinds, code pages, bitmaps, character classes, sorted searches, lists, versions, checksums.
 * [DDI:wdm/rtlinitunicodestringex], [DDI:wdm/rtlcopystring], [DDI:ntifs/rtlappendstringtostring],
 * [DDI:ntifs/rtlcreateunicodestring], [DDI:ntifs/rtloemstringtounicodestring], [DDI:ntifs/rtlunicodestringtooemstring],
 * [DDI:ntifs/rtlupcaseunicodestringtooemstring], [DDI:wdm/rtlunicodestringtoutf8string],
 * [DDI:wdm/rtlutf8stringtounicodestring], [DDI:ntifs/rtlprefixstring], [DDI:ntddk/rtlupperstring],
 * [DDI:wdm/rtlinitializebitmap] and its kin, [DDI:wdm/rtlverifyversioninfo], [DDI:wdm/rtlisservicepackversioninstalled],
 * [DDI:ntddk/rtltimetoelapsedtimefields], [DDI:ntifs/rtlunicodestringtoint64], [DDI:ntddk/rtlpctofileheader];
 * the C library by its standard. Code pages are 1252 and 437. Runs as Windows 10.
 */
#include "../ntlab-test.h"

NTSYSAPI VOID NTAPI RtlTimeToElapsedTimeFields(PLARGE_INTEGER, PTIME_FIELDS);
NTSYSAPI VOID NTAPI RtlGetDefaultCodePage(PUSHORT, PUSHORT);
NTSYSAPI ULONG NTAPI RtlComputeCrc32(ULONG, const UCHAR *, ULONG);
NTSYSAPI NTSTATUS NTAPI RtlUnicodeStringToInt64(PCUNICODE_STRING, ULONG, PLONG64, PWSTR *);
NTSYSAPI NTSTATUS NTAPI RtlUnicodeStringToUTF8String(PSTRING, PCUNICODE_STRING, BOOLEAN);
NTSYSAPI NTSTATUS NTAPI RtlUTF8StringToUnicodeString(PUNICODE_STRING, PSTRING, BOOLEAN);
NTSYSAPI VOID NTAPI RtlFreeUTF8String(PSTRING);
NTSYSAPI VOID NTAPI RtlInitUTF8String(PSTRING, PCSZ);
NTSYSAPI NTSTATUS NTAPI RtlInitUTF8StringEx(PSTRING, PCSZ);
NTSYSAPI NTSTATUS NTAPI RtlInitAnsiStringEx(PSTRING, PCSZ);
NTSYSAPI NTSTATUS NTAPI RtlInitStringEx(PSTRING, PCSZ);
NTSYSAPI NTSTATUS NTAPI RtlAppendAsciizToString(PSTRING, PCSZ);
#undef RtlIsServicePackVersionInstalled /* wdm.h's macros lead to a static library */
#undef RtlIsNtDdiVersionAvailable
NTSYSAPI BOOLEAN NTAPI RtlIsServicePackVersionInstalled(ULONG);
NTSYSAPI BOOLEAN NTAPI RtlIsNtDdiVersionAvailable(ULONG);
NTSYSAPI BOOLEAN NTAPI RtlGetNtProductType(PULONG);
NTSYSAPI WCHAR NTAPI RtlDowncaseUnicodeChar(WCHAR);
NTSYSAPI PVOID NTAPI RtlPcToFileHeader(PVOID, PVOID *);
NTSYSAPI BOOLEAN NTAPI RtlPrefixString(const STRING *, const STRING *, BOOLEAN);
NTSYSAPI ULONG NTAPI RtlNumberOfSetBitsInRange(PRTL_BITMAP, ULONG, ULONG);
NTSYSAPI ULONG NTAPI RtlNumberOfClearBitsInRange(PRTL_BITMAP, ULONG, ULONG);
NTSYSAPI VOID NTAPI RtlCopyBitMap(PRTL_BITMAP, PRTL_BITMAP, ULONG);
NTSYSAPI VOID NTAPI RtlExtractBitMap(PRTL_BITMAP, PRTL_BITMAP, ULONG, ULONG);
int isalpha(int), isupper(int), islower(int), isdigit(int), isxdigit(int), isspace(int),
    isalnum(int), isprint(int), isgraph(int), ispunct(int), iscntrl(int), toupper(int),
    tolower(int);
int iswdigit(USHORT), iswxdigit(USHORT), iswspace(USHORT), iswalpha(USHORT), iswalnum(USHORT);
USHORT towupper(USHORT);
USHORT towlower(USHORT);
int mbtowc(WCHAR *, const char *, size_t);
int wctomb(char *, WCHAR);
size_t mbstowcs(WCHAR *, const char *, size_t);
size_t wcstombs(char *, const WCHAR *, size_t);
void *bsearch(const void *, const void *, size_t, size_t,
              int(__cdecl *)(const void *, const void *));
int memcpy_s(void *, size_t, const void *, size_t);
int memmove_s(void *, size_t, const void *, size_t);

static char Large[0x10001];

static VOID
Initialised(VOID)
{
    STRING String;
    UNICODE_STRING Wide;

    EXPECT_STATUS(RtlInitAnsiStringEx(&String, "abc"), STATUS_SUCCESS);
    EXPECT(String.Length == 3 && String.MaximumLength == 4);
    EXPECT_STATUS(RtlInitStringEx(&String, NULL), STATUS_SUCCESS);
    EXPECT(String.Length == 0 && String.MaximumLength == 0 && String.Buffer == NULL);
    RtlInitString(&String, "hello");
    EXPECT(String.Length == 5 && String.MaximumLength == 6 && String.Buffer[4] == 'o');
    RtlInitUTF8String(&String, "\xC3\xA4");
    EXPECT(String.Length == 2 && String.MaximumLength == 3);
    memset(Large, 'x', 0x10000);
    EXPECT_STATUS(RtlInitUTF8StringEx(&String, Large), STATUS_NAME_TOO_LONG);
    EXPECT_STATUS(RtlInitAnsiStringEx(&String, Large), STATUS_NAME_TOO_LONG);
    Large[0xFFFE] = 0;
    EXPECT_STATUS(RtlInitAnsiStringEx(&String, Large), STATUS_SUCCESS);
    EXPECT(String.Length == 0xFFFE && String.MaximumLength == 0xFFFF);
    EXPECT(RtlCreateUnicodeString(&Wide, L"made"));
    EXPECT(Wide.Length == 8 && Wide.MaximumLength == 10 && wcscmp(Wide.Buffer, L"made") == 0);
    RtlFreeUnicodeString(&Wide);
    EXPECT_EQ(Wide.Buffer, NULL);
}

static VOID
Copied(VOID)
{
    char Room[8] = "zzzzzzz";
    STRING To = {0, 5, Room}, From, Short;
    UNICODE_STRING Number;
    LONG64 Value = 0;
    PWSTR End = NULL;

    RtlInitString(&From, "abcdefgh");
    RtlCopyString(&To, &From); /* as much as there is room for */
    EXPECT(To.Length == 5 && memcmp(Room, "abcdez", 6) == 0);
    RtlCopyString(&To, NULL);
    EXPECT_EQ(To.Length, 0);
    RtlInitString(&Short, "ab");
    EXPECT_STATUS(RtlAppendStringToString(&To, &Short), STATUS_SUCCESS);
    EXPECT_STATUS(RtlAppendStringToString(&To, &Short), STATUS_SUCCESS);
    EXPECT_STATUS(RtlAppendStringToString(&To, &Short), STATUS_BUFFER_TOO_SMALL);
    EXPECT(To.Length == 4 && memcmp(Room, "abab", 4) == 0);
    EXPECT_STATUS(RtlAppendAsciizToString(&To, "c"), STATUS_SUCCESS);
    EXPECT_STATUS(RtlAppendAsciizToString(&To, NULL), STATUS_SUCCESS);
    EXPECT_STATUS(RtlAppendAsciizToString(&To, "d"), STATUS_BUFFER_TOO_SMALL);
    EXPECT(To.Length == 5 && memcmp(Room, "ababc", 5) == 0);
    RtlInitString(&From, "ABABX");
    EXPECT(RtlPrefixString(&Short, &To, FALSE));
    EXPECT(!RtlPrefixString(&Short, &From, FALSE) && RtlPrefixString(&Short, &From, TRUE));
    EXPECT(!RtlPrefixString(&From, &Short, TRUE)); /* longer than the other */
    EXPECT(!RtlPrefixString(&From, &To, TRUE));
    To.MaximumLength = 3;
    RtlUpperString(&To, &Short);
    EXPECT(To.Length == 2 && Room[0] == 'A' && Room[1] == 'B' && Room[2] == 'a');
    EXPECT(RtlDowncaseUnicodeChar(L'A') == L'a' && RtlDowncaseUnicodeChar(0xC4) == 0xE4);
    RtlInitUnicodeString(&Number, L"-12345678901x");
    EXPECT_STATUS(RtlUnicodeStringToInt64(&Number, 10, &Value, &End), STATUS_SUCCESS);
    EXPECT(Value == -12345678901 && End != NULL && *End == L'x');
    RtlInitUnicodeString(&Number, L"0x1FFFFFFFF");
    EXPECT_STATUS(RtlUnicodeStringToInt64(&Number, 0, &Value, NULL), STATUS_SUCCESS);
    EXPECT_EQ(Value, 0x1FFFFFFFF);
}

/* U+2588 is DB in code page 437, and not in 1252; U+00C4 is 8E there and C4 here. */
static VOID
CodePages(VOID)
{
    WCHAR Text[] = {0x00E4, 0x2588, L'z', 0}, Room[8] = {0};
    char Narrow[8];
    UNICODE_STRING Wide, Back = {0, sizeof(Room), Room};
    STRING Oem = {0, sizeof(Narrow), Narrow}, Made;
    USHORT Ansi = 0, OemPage = 0;
    WCHAR Character = 0x00E4;

    RtlInitUnicodeString(&Wide, Text);
    EXPECT_STATUS(RtlUnicodeStringToOemString(&Oem, &Wide, FALSE), STATUS_SUCCESS);
    EXPECT(Oem.Length == 3 && memcmp(Narrow, "\x84\xDBz", 4) == 0);
    EXPECT_STATUS(RtlOemStringToUnicodeString(&Back, &Oem, FALSE), STATUS_SUCCESS);
    EXPECT(Back.Length == 6 && wcscmp(Room, Text) == 0);
    EXPECT_STATUS(RtlUpcaseUnicodeStringToOemString(&Made, &Wide, TRUE), STATUS_SUCCESS);
    EXPECT(Made.Length == 3 && Made.MaximumLength == 4 && memcmp(Made.Buffer, "\x8E\xDBZ", 4) == 0);
    RtlFreeOemString(&Made);
    EXPECT_EQ(Made.Buffer, NULL);
    EXPECT_STATUS(RtlUnicodeStringToCountedOemString(&Made, &Wide, TRUE), STATUS_SUCCESS);
    EXPECT(Made.Length == 3 && memcmp(Made.Buffer, "\x84\xDBz", 3) == 0);
    EXPECT_STATUS(RtlOemStringToCountedUnicodeString(&Back, &Made, FALSE), STATUS_SUCCESS);
    EXPECT(Back.Length == 6 && wcsncmp(Room, Text, 3) == 0);
    RtlFreeOemString(&Made);
    Oem.MaximumLength = 3; /* no room for the zero at the end */
    EXPECT_STATUS(RtlUnicodeStringToOemString(&Oem, &Wide, FALSE), STATUS_BUFFER_OVERFLOW);
    Back.MaximumLength = 6;
    Oem.Length = 3;
    EXPECT_STATUS(RtlOemStringToUnicodeString(&Back, &Oem, FALSE), STATUS_BUFFER_OVERFLOW);
    EXPECT_EQ(RtlxOemStringToUnicodeSize(&Oem), 8);
    EXPECT_EQ(RtlxAnsiStringToUnicodeSize(&Oem), 8);
    EXPECT_EQ(RtlxUnicodeStringToOemSize(&Wide), 4);
    EXPECT_EQ(RtlxUnicodeStringToAnsiSize(&Wide), 4);
    Wide.Length = 0;
    EXPECT_STATUS(RtlUnicodeStringToCountedOemString(&Made, &Wide, TRUE), STATUS_SUCCESS);
    EXPECT(Made.Length == 0 && Made.Buffer == NULL); /* of nothing, nothing is made */
    Oem.Length = 0;
    EXPECT_STATUS(RtlOemStringToCountedUnicodeString(&Back, &Oem, TRUE), STATUS_SUCCESS);
    EXPECT(Back.Length == 0 && Back.Buffer == NULL);
    RtlGetDefaultCodePage(&Ansi, &OemPage);
    EXPECT(Ansi == 1252 && OemPage == 437);
    EXPECT(RtlIsValidOemCharacter(&Character) && Character == 0x00C4);
    Character = 0x4E00;
    EXPECT(!RtlIsValidOemCharacter(&Character) && Character == 0x4E00);
}

static VOID
Utf8(VOID)
{
    WCHAR Text[] = {0x00E4, 0x20AC, 0};
    UNICODE_STRING Wide, Back;
    char Narrow[8];
    STRING Utf, Made = {0, sizeof(Narrow), Narrow};

    RtlInitUnicodeString(&Wide, Text);
    EXPECT_STATUS(RtlUnicodeStringToUTF8String(&Utf, &Wide, TRUE), STATUS_SUCCESS);
    EXPECT(Utf.Length == 5 && memcmp(Utf.Buffer, "\xC3\xA4\xE2\x82\xAC", 6) == 0);
    EXPECT_STATUS(RtlUTF8StringToUnicodeString(&Back, &Utf, TRUE), STATUS_SUCCESS);
    EXPECT(Back.Length == 4 && wcscmp(Back.Buffer, Text) == 0);
    RtlFreeUTF8String(&Utf);
    EXPECT_EQ(Utf.Buffer, NULL);
    EXPECT_STATUS(RtlUnicodeStringToUTF8String(&Made, &Wide, FALSE), STATUS_SUCCESS);
    EXPECT_EQ(Made.Length, 5);
    Made.MaximumLength = 5;
    EXPECT_STATUS(RtlUnicodeStringToUTF8String(&Made, &Wide, FALSE), STATUS_BUFFER_OVERFLOW);
    Back.MaximumLength = 4;
    EXPECT_STATUS(RtlUTF8StringToUnicodeString(&Back, &Made, FALSE), STATUS_BUFFER_OVERFLOW);
    RtlFreeUnicodeString(&Back);
}

/* Each class is a set of ASCII characters. */
static BOOLEAN
IsClass(int (*Is)(int), const char *Members)
{
    for (int c = 1; c < 128; c++) {
        if ((Is(c) != 0) != (strchr(Members, c) != NULL)) {
            return FALSE;
        }
    }
    return TRUE;
}

#define DIGITS "0123456789"
#define UPPER  "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define LOWER  "abcdefghijklmnopqrstuvwxyz"
#define PUNCT  "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"

static VOID
Characters(VOID)
{
    WCHAR Wide[8] = {9, 9, 9, 9, 9, 9, 9, 9};
    char Narrow[8] = "zzzzzzz";

    EXPECT(IsClass(isdigit, DIGITS) && IsClass(isupper, UPPER) && IsClass(islower, LOWER));
    EXPECT(IsClass(isalpha, UPPER LOWER) && IsClass(isalnum, DIGITS UPPER LOWER));
    EXPECT(IsClass(isxdigit, DIGITS "abcdefABCDEF") && IsClass(isspace, " \t\n\v\f\r"));
    EXPECT(IsClass(ispunct, PUNCT) && IsClass(isgraph, DIGITS UPPER LOWER PUNCT));
    EXPECT(IsClass(isprint, " " DIGITS UPPER LOWER PUNCT));
    for (int c = 0; c < 128; c++) {
        if ((iscntrl(c) != 0) != (c < 32 || c == 127) ||
            toupper(c) != (c >= 'a' && c <= 'z' ? c - 32 : c) ||
            tolower(c) != (c >= 'A' && c <= 'Z' ? c + 32 : c) ||
            (iswdigit(c) != 0) != (isdigit(c) != 0) || (iswxdigit(c) != 0) != (isxdigit(c) != 0) ||
            (iswspace(c) != 0) != (isspace(c) != 0) || (iswalpha(c) != 0) != (isalpha(c) != 0) ||
            (iswalnum(c) != 0) != (isalnum(c) != 0)) {
            EXPECT_EQ(c, -1);
        }
    }
    EXPECT(towupper(L'q') == L'Q' && towlower(L'Q') == L'q' && towupper(0xE4) == 0xC4);
    EXPECT_EQ(mbtowc(Wide, "a", 1), 1);
    EXPECT_EQ(Wide[0], L'a');
    EXPECT_EQ(mbtowc(Wide, "", 1), 0); /* the null character */
    EXPECT_EQ(Wide[0], 0);
    EXPECT_EQ(mbtowc(Wide, NULL, 1), 0); /* no state */
    EXPECT_EQ(wctomb(Narrow, L'b'), 1);
    EXPECT_EQ(Narrow[0], 'b');
    EXPECT_EQ(wctomb(NULL, L'b'), 0);
    EXPECT_EQ(mbstowcs(Wide, "abc", 8), 3);
    EXPECT(Wide[2] == L'c' && Wide[3] == 0 && Wide[4] == 9);
    EXPECT_EQ(mbstowcs(Wide, "xyz", 2), 2);
    EXPECT(Wide[1] == L'y' && Wide[2] == L'c');
    EXPECT_EQ(mbstowcs(NULL, "abc", 0), 3);
    EXPECT_EQ(wcstombs(Narrow, L"abc", 8), 3);
    EXPECT(memcmp(Narrow, "abc\0zzz", 8) == 0);
    EXPECT_EQ(wcstombs(Narrow, L"xyz", 2), 2);
    EXPECT(memcmp(Narrow, "xyc", 3) == 0);
    EXPECT_EQ(wcstombs(NULL, L"abc", 0), 3);
}

static int __cdecl Compare(const void *Left, const void *Right)
{
    return *(const int *)Left - *(const int *)Right;
}

static VOID
Searches(VOID)
{
    static const int Sorted[] = {2, 3, 5, 7, 11, 13};
    char To[8] = "zzzzzzz";
    int Key;

    for (int i = 0; i < 6; i++) {
        EXPECT_EQ(bsearch(&Sorted[i], Sorted, 6, sizeof(int), Compare), &Sorted[i]);
    }
    for (Key = 1; Key < 15; Key += 3) { /* 1, 4, 10 are not there; 7 and 13 are */
        EXPECT_EQ(bsearch(&Key, Sorted, 6, sizeof(int), Compare) != NULL, Key == 7 || Key == 13);
    }
    EXPECT_EQ(bsearch(&Key, Sorted, 0, sizeof(int), Compare), NULL);
    EXPECT_EQ(memchr("abcab", 'c', 5), (void *)((char *)memchr("abcab", 'a', 5) + 2));
    EXPECT_EQ(memchr("abc", 'c', 2), NULL);
    EXPECT_EQ(memcpy_s(To, 8, "abc", 3), 0);
    EXPECT(memcmp(To, "abczzzz", 8) == 0);
    EXPECT_EQ(memcpy_s(To, 2, "abc", 3), 34); /* ERANGE: the target is cleared */
    EXPECT(memcmp(To, "\0\0czz", 5) == 0);
    EXPECT_EQ(memcpy_s(To, 8, NULL, 3), 22); /* EINVAL */
    EXPECT_EQ(memcpy_s(NULL, 8, "abc", 3), 22);
    EXPECT_EQ(memcpy_s(NULL, 0, NULL, 0), 0);
    strcpy(To, "abcdef");
    EXPECT_EQ(memmove_s(To + 1, 7, To, 5), 0);
    EXPECT(memcmp(To, "aabcde", 6) == 0);
    EXPECT_EQ(memmove_s(To, 2, "abc", 3), 34);
    EXPECT_EQ(memmove_s(To, 8, NULL, 3), 22);
    EXPECT_EQ(memmove_s(NULL, 8, "abc", 3), 22);
    EXPECT_EQ(memmove_s(NULL, 0, NULL, 0), 0);
    EXPECT_EQ(RtlComputeCrc32(0, (const UCHAR *)"123456789", 9), 0xCBF43926); /* its check value */
    EXPECT_EQ(
        RtlComputeCrc32(RtlComputeCrc32(0, (const UCHAR *)"1234", 4), (const UCHAR *)"56789", 5),
        0xCBF43926);
}

static VOID
Bitmaps(VOID)
{
    ULONG Bits[2] = {0, 0}, Other[2], Start = 99;
    RTL_BITMAP Map, Second;

    RtlInitializeBitMap(&Map, Bits, 40);
    RtlSetBit(&Map, 3);
    RtlSetBit(&Map, 33);
    EXPECT(Bits[0] == 8 && Bits[1] == 2);
    RtlClearBit(&Map, 3);
    EXPECT(Bits[0] == 0 && Bits[1] == 2);
    RtlSetBits(&Map, 4, 6);
    EXPECT_EQ(RtlNumberOfSetBitsInRange(&Map, 5, 10), 5);
    EXPECT_EQ(RtlNumberOfClearBitsInRange(&Map, 5, 10), 5);
    EXPECT_EQ(RtlNumberOfSetBitsInRange(&Map, 0, 40), 7);
    EXPECT_EQ(RtlFindFirstRunClear(&Map, &Start), 4);
    EXPECT_EQ(Start, 0);
    EXPECT_EQ(RtlFindSetBitsAndClear(&Map, 3, 0), 4);
    EXPECT_EQ(Bits[0], 0x380); /* 7 to 9 are left */
    EXPECT_EQ(RtlFindSetBitsAndClear(&Map, 4, 0), 0xFFFFFFFF);
    EXPECT_EQ(Bits[0], 0x380);
    RtlInitializeBitMap(&Second, Other, 40);
    RtlSetAllBits(&Second);
    RtlCopyBitMap(&Map, &Second, 0);
    EXPECT(Other[0] == Bits[0] && (Other[1] & 0xFF) == (Bits[1] & 0xFF));
    RtlExtractBitMap(&Map, &Second, 7, 8);
    EXPECT_EQ(Other[0] & 0xFF, 7);
    EXPECT_EQ(RtlNumberOfSetBitsUlongPtr(0x8000000000000101), 3);
    EXPECT_EQ(RtlNumberOfSetBitsUlongPtr(0), 0);
}

static VOID
Lists(VOID)
{
    static DECLSPEC_ALIGN(16) SLIST_HEADER Head;
    static DECLSPEC_ALIGN(16) SLIST_ENTRY Entries[4][2];
    NTSTATUS Status = STATUS_SUCCESS;

    InitializeSListHead(&Head);
    EXPECT_EQ(ExQueryDepthSList(&Head), 0);
    EXPECT_EQ(InterlockedPopEntrySList(&Head), NULL);
    EXPECT_EQ(InterlockedPushEntrySList(&Head, Entries[0]), NULL);
    EXPECT_EQ(InterlockedPushEntrySList(&Head, Entries[1]), Entries[0]); /* the former first */
    EXPECT_EQ(ExQueryDepthSList(&Head), 2);
    EXPECT_EQ(InterlockedPopEntrySList(&Head), Entries[1]);
    EXPECT_EQ(InterlockedPushEntrySList(&Head, Entries[2]), Entries[0]);
    EXPECT_EQ(InterlockedFlushSList(&Head), Entries[2]);
    EXPECT(Entries[2]->Next == Entries[0] && Entries[0]->Next == NULL);
    EXPECT_EQ(ExQueryDepthSList(&Head), 0);
    EXPECT_EQ(InterlockedFlushSList(&Head), NULL);
    __try { /* entries lie on 16 bytes [DDI:wdm/exinterlockedpushentryslist] */
        InterlockedPushEntrySList(&Head, (PSLIST_ENTRY)((PUCHAR)Entries[3] + 8));
    } __except (EXCEPTION_EXECUTE_HANDLER) {
        Status = GetExceptionCode();
    }
    EXPECT(Status == STATUS_SUCCESS || Status == STATUS_DATATYPE_MISALIGNMENT);
}

static NTSTATUS
Verify(ULONG Mask, ULONG How, ULONG Major, ULONG Minor, ULONG Build, USHORT Suite)
{
    RTL_OSVERSIONINFOEXW Wanted = {sizeof(Wanted), Major, Minor, Build, VER_PLATFORM_WIN32_NT};
    ULONGLONG Condition = 0;

    Wanted.wProductType = VER_NT_WORKSTATION;
    Wanted.wSuiteMask = Suite;
    for (ULONG Bit = 1; Bit <= VER_PRODUCT_TYPE; Bit *= 2) {
        if (Mask & Bit) {
            Condition = VerSetConditionMask(Condition, Bit, How);
        }
    }
    return RtlVerifyVersionInfo(&Wanted, Mask, Condition);
}

static VOID
Versions(VOID)
{
    ULONG Product = 0;

    EXPECT_STATUS(Verify(VER_MAJORVERSION, VER_EQUAL, 10, 0, 0, 0), STATUS_SUCCESS);
    EXPECT_STATUS(Verify(VER_MAJORVERSION, VER_EQUAL, 6, 0, 0, 0), STATUS_REVISION_MISMATCH);
    EXPECT_STATUS(Verify(VER_MAJORVERSION, VER_GREATER, 6, 0, 0, 0), STATUS_SUCCESS);
    EXPECT_STATUS(Verify(VER_MAJORVERSION, VER_GREATER, 10, 0, 0, 0), STATUS_REVISION_MISMATCH);
    EXPECT_STATUS(Verify(VER_MAJORVERSION, VER_LESS, 11, 0, 0, 0), STATUS_SUCCESS);
    EXPECT_STATUS(Verify(VER_MAJORVERSION, VER_LESS, 10, 0, 0, 0), STATUS_REVISION_MISMATCH);
    EXPECT_STATUS(Verify(VER_MAJORVERSION, VER_LESS_EQUAL, 10, 0, 0, 0), STATUS_SUCCESS);
    EXPECT_STATUS(Verify(VER_MAJORVERSION, VER_LESS_EQUAL, 9, 0, 0, 0), STATUS_REVISION_MISMATCH);
    /* major and minor together are one number */
    EXPECT_STATUS(Verify(VER_MAJORVERSION | VER_MINORVERSION, VER_GREATER_EQUAL, 6, 3, 0, 0),
                  STATUS_SUCCESS);
    EXPECT_STATUS(Verify(VER_MAJORVERSION | VER_MINORVERSION, VER_GREATER_EQUAL, 10, 1, 0, 0),
                  STATUS_REVISION_MISMATCH);
    EXPECT_STATUS(Verify(VER_MINORVERSION, VER_EQUAL, 0, 0, 0, 0), STATUS_SUCCESS);
    EXPECT_STATUS(Verify(VER_SERVICEPACKMAJOR, VER_EQUAL, 0, 0, 0, 0), STATUS_SUCCESS);
    EXPECT_STATUS(Verify(VER_BUILDNUMBER, VER_GREATER_EQUAL, 0, 0, 10240, 0), STATUS_SUCCESS);
    EXPECT_STATUS(Verify(VER_BUILDNUMBER, VER_LESS, 0, 0, 10240, 0), STATUS_REVISION_MISMATCH);
    EXPECT_STATUS(Verify(VER_PLATFORMID, VER_EQUAL, 0, 0, 0, 0), STATUS_SUCCESS);
    EXPECT_STATUS(Verify(VER_PLATFORMID, VER_GREATER, 0, 0, 0, 0), STATUS_REVISION_MISMATCH);
    EXPECT_STATUS(Verify(VER_PRODUCT_TYPE, VER_EQUAL, 0, 0, 0, 0), STATUS_SUCCESS);
    EXPECT_STATUS(Verify(VER_PRODUCT_TYPE, VER_GREATER, 0, 0, 0, 0), STATUS_REVISION_MISMATCH);
    EXPECT_STATUS(Verify(VER_SUITENAME, VER_AND, 0, 0, 0, VER_SUITE_DATACENTER),
                  STATUS_REVISION_MISMATCH);
    EXPECT_STATUS(Verify(VER_SUITENAME, VER_OR, 0, 0, 0, VER_SUITE_DATACENTER),
                  STATUS_REVISION_MISMATCH);
    EXPECT_STATUS(Verify(VER_SUITENAME, VER_AND, 0, 0, 0, 0), STATUS_SUCCESS);
    EXPECT_STATUS(Verify(VER_SUITENAME, VER_OR, 0, 0, 0, 0), STATUS_SUCCESS);
    EXPECT_STATUS(Verify(VER_SUITENAME, VER_EQUAL, 0, 0, 0, 0), STATUS_INVALID_PARAMETER);
    EXPECT_STATUS(Verify(0, VER_EQUAL, 10, 0, 0, 0), STATUS_INVALID_PARAMETER);
    EXPECT(RtlIsNtDdiVersionAvailable(0x0A000000) && RtlIsNtDdiVersionAvailable(0x06010000));
    EXPECT(!RtlIsNtDdiVersionAvailable(0x0B000000) && !RtlIsNtDdiVersionAvailable(0x06000100));
    EXPECT(RtlIsServicePackVersionInstalled(0x0A000000));
    EXPECT(!RtlIsServicePackVersionInstalled(0x06010100));
    EXPECT(RtlGetNtProductType(&Product) && Product == 1); /* NtProductWinNt */
}

static VOID
Others(VOID)
{
    LARGE_INTEGER Time = {.QuadPart = ((((2LL * 24 + 3) * 60 + 4) * 60 + 5) * 1000 + 6) * 10000};
    TIME_FIELDS Fields = {9, 9, 9, 9, 9, 9, 9, 9};
    LARGE_INTEGER Back;
    ULONG Seconds = 0;
    PVOID Base = NULL;

    RtlTimeToElapsedTimeFields(&Time, &Fields);
    EXPECT(Fields.Year == 0 && Fields.Month == 0 && Fields.Day == 2 && Fields.Hour == 3);
    EXPECT(Fields.Minute == 4 && Fields.Second == 5 && Fields.Milliseconds == 6);
    EXPECT_EQ(Fields.Weekday, 0);
    RtlSecondsSince1980ToTime(86400, &Time);
    EXPECT_EQ(Time.QuadPart, 119600064000000000 + 864000000000);
    EXPECT(RtlTimeToSecondsSince1980(&Time, &Seconds) && Seconds == 86400);
    Back.QuadPart = 119600064000000000 - 10000000; /* a second before 1980 */
    EXPECT(!RtlTimeToSecondsSince1980(&Back, &Seconds));
    EXPECT(RtlPcToFileHeader((PVOID)Others, &Base) == Base && *(PUSHORT)Base == 0x5A4D);
    EXPECT((PUCHAR)Base < (PUCHAR)Others && (PUCHAR)Others - (PUCHAR)Base < 0x100000);
    EXPECT_EQ(RtlPcToFileHeader((PVOID)0x10, &Base), NULL);
    EXPECT_EQ(Base, NULL);
}

TEST_DRIVER(TEST(Initialised), TEST(Copied), TEST(CodePages), TEST(Utf8), TEST(Characters),
            TEST(Searches), TEST(Bitmaps), TEST(Lists), TEST(Versions), TEST(Others))
