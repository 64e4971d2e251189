/*
 * crt.c - the part of the C run time that the kernel exports, and the dialect of its printf.
 *
 * Sources: [CRT] Microsoft Learn, "C runtime library (CRT) reference", the routine's page; [FMT]
 * "Format specification syntax: printf and wprintf functions".
 */
#include "../ntlab-test.h"

int __cdecl _snprintf(char *Buffer, size_t Count, const char *Format, ...);
int __cdecl _snwprintf(wchar_t *Buffer, size_t Count, const wchar_t *Format, ...);
int __cdecl sprintf_s(char *Buffer, size_t Count, const char *Format, ...);
int __cdecl _snprintf_s(char *Buffer, size_t Room, size_t Count, const char *Format, ...);

static char Text[128];
static wchar_t Wide[128];

#define PRINTS(Expected, ...)                                                                      \
    (_snprintf(Text, sizeof(Text), __VA_ARGS__), strcmp(Text, Expected) == 0)
#define WPRINTS(Expected, ...) (_snwprintf(Wide, 128, __VA_ARGS__), wcscmp(Wide, Expected) == 0)

static VOID
Format(VOID)
{
    UNICODE_STRING Counted = {6, 6, L"xyz123"};
    STRING Narrow = {2, 2, "pq7"};

    EXPECT(PRINTS("5 -5 +5  5", "%d %d %+d % d", 5, -5, 5, 5));
    EXPECT(PRINTS("   42|42   |00042|  042", "%5d|%-5d|%05d|%5.3d", 42, 42, 42, 42));
    EXPECT(PRINTS("ff FF 0xff 377 0377", "%x %X %#x %o %#o", 255, 255, 255, 255, 255));
    EXPECT(PRINTS("4294967295 -1", "%u %i", 0xFFFFFFFF, 0xFFFFFFFF));
    EXPECT(PRINTS("-9223372036854775808 123456789abcdef0", "%I64d %I64x", (long long)1 << 63,
                  0x123456789ABCDEF0));
    EXPECT(PRINTS("18446744073709551615 7", "%llu %Iu", ~0ull, (size_t)7));
    EXPECT(PRINTS("-1 255", "%hhd %hhu", 0xFF, 0xFFFF));
    /* [FMT] p: "the address as hexadecimal digits", 16 of them, capitals. */
    EXPECT(PRINTS("00000000DEADBEEF", "%p", (void *)0xDEADBEEFull));
    EXPECT(PRINTS("abc|  abc|abc  |ab", "%s|%5s|%-5s|%.2s", "abc", "abc", "abc", "abc"));
    EXPECT(PRINTS("wide narrow", "%S %hs", L"wide", "narrow"));
    EXPECT(PRINTS("w w x", "%ws %ls %c", L"w", L"w", 'x'));
    EXPECT(PRINTS("xyz pq", "%wZ %Z", &Counted, &Narrow));
    EXPECT(PRINTS("(null) 100%", "%s 100%%", (char *)NULL));
    EXPECT(PRINTS("  7|7  ", "%*d|%-*d", 3, 7, 3, 7));
    EXPECT(
        PRINTS("7  |007|7", "%*d|%.*d|%.*d", -3, 7, 3, 7, -1, 7)); /* negative: to the left, none */
    EXPECT(PRINTS("abc|a", "%.*s|%.*s", -1, "abc", 1, "abc"));
    EXPECT(PRINTS("-1 65535 -2 4294967295", "%hd %hu %ld %lu", 0xFFFF, 0x1FFFF, -2L, ~0UL));
    EXPECT(PRINTS("-3 4294967293 -4", "%I32d %I32u %lld", -3, -3, -4ll));
    EXPECT(PRINTS("-5 18446744073709551611 -6 123", "%jd %zu %td %Ix", (long long)-5, (size_t)-5,
                  (ptrdiff_t)-6, (size_t)0x123));
    EXPECT(PRINTS("", "%.0d", 0));
    EXPECT(WPRINTS(L"wide narrow", L"%s %S", L"wide", "narrow"));
    EXPECT(WPRINTS(L"narrow wide", L"%hs %ls", "narrow", L"wide"));
    EXPECT(WPRINTS(L"xyz 0x2a", L"%wZ %#x", &Counted, 42));
}

static VOID
FormatLimits(VOID)
{
    /*
     * [CRT:_snprintf] a text of exactly Count characters is not terminated; a longer one gives a
     * negative value.
     */
    memset(Text, 'z', 8);
    EXPECT_EQ(_snprintf(Text, 3, "%s", "abc"), 3);
    EXPECT(memcmp(Text, "abcz", 4) == 0);
    EXPECT(_snprintf(Text, 3, "%s", "wxyz") < 0);
    EXPECT(memcmp(Text, "wxyz", 4) == 0 || memcmp(Text, "wxyz", 3) == 0);
    EXPECT_EQ(_snprintf(Text, 4, "%s", "abc"), 3);
    EXPECT_EQ(Text[3], 0);
    /* [CRT:sprintf_s] "if the buffer is too small, the buffer is set to an empty string", -1. */
    EXPECT_EQ(sprintf_s(Text, 4, "%d", 12345), -1);
    EXPECT_EQ(Text[0], 0);
    EXPECT_EQ(sprintf_s(Text, 6, "%d", 12345), 5);
    /* [CRT:_snprintf_s] with _TRUNCATE as much as fits; the result is -1. */
    EXPECT_EQ(_snprintf_s(Text, 4, (size_t)-1, "%d", 12345), -1);
    EXPECT(strcmp(Text, "123") == 0);
    EXPECT_EQ(_snprintf_s(Text, 10, 2, "%d", 12345), -1);
    EXPECT(strcmp(Text, "12") == 0);
}

static VOID
Strings(VOID)
{
    char Buffer[16];
    char *Context = NULL;

    EXPECT(strcmp(strcpy(Buffer, "abc"), "abc") == 0 && strlen(strcat(Buffer, "def")) == 6);
    memset(Buffer, 'z', sizeof(Buffer));
    strncpy(Buffer, "ab", 5); /* [CRT:strncpy] "padded with null characters" */
    EXPECT(memcmp(Buffer, "ab\0\0\0z", 6) == 0);
    strncat(Buffer, "cdef", 2);
    EXPECT(strcmp(Buffer, "abcd") == 0);
    EXPECT(strcmp("abc", "abd") < 0 && strncmp("abc", "abd", 2) == 0 &&
           _stricmp("ABC", "abc") == 0);
    EXPECT(_strnicmp("ABCx", "abcy", 3) == 0 && _stricmp("a", "B") < 0);
    EXPECT(strcmp(strchr("hello", 'l'), "llo") == 0 && strcmp(strrchr("hello", 'l'), "lo") == 0);
    EXPECT(strchr("x", 'y') == NULL && *strchr("x", 0) == 0);
    EXPECT(strcmp(strstr("one two", "tw"), "two") == 0 && strstr("one", "x") == NULL);
    EXPECT(strspn("aabbc", "ab") == 4 && strcspn("aabbc", "c") == 4);
    strcpy(Buffer, "a, b,,c");
    EXPECT(strcmp(strtok_s(Buffer, ", ", &Context), "a") == 0);
    EXPECT(strcmp(strtok_s(NULL, ", ", &Context), "b") == 0);
    EXPECT(strcmp(strtok_s(NULL, ", ", &Context), "c") == 0);
    EXPECT(strtok_s(NULL, ", ", &Context) == NULL);
    strcpy(Buffer, "MiXed");
    EXPECT(strcmp(_strupr(Buffer), "MIXED") == 0 && strcmp(_strlwr(Buffer), "mixed") == 0);
    EXPECT(wcscmp(wcsstr(L"one two", L"tw"), L"two") == 0 && wcslen(L"four") == 4);
    EXPECT(_wcsicmp(L"ABC", L"abc") == 0 && wcsncmp(L"abc", L"abd", 2) == 0 &&
           *wcsrchr(L"abcb", 'b') == 'b');
    EXPECT(toupper('q') == 'Q' && tolower('Q') == 'q' && isdigit('7') && !isdigit('x') &&
           isspace('\t'));
}

static VOID
Secure(VOID)
{
    char Buffer[8];

    /*
     * [CRT:strcpy_s] ERANGE (34) and an empty string if it does not fit; EINVAL (22) for a null
     * source.
     */
    EXPECT_EQ(strcpy_s(Buffer, sizeof(Buffer), "1234567"), 0);
    EXPECT_EQ(strcpy_s(Buffer, sizeof(Buffer), "12345678"), 34);
    EXPECT_EQ(Buffer[0], 0);
    EXPECT_EQ(strcat_s(Buffer, sizeof(Buffer), "abc"), 0);
    EXPECT_EQ(strcat_s(Buffer, sizeof(Buffer), "defg"), 0);
    EXPECT_EQ(strcat_s(Buffer, sizeof(Buffer), "h"), 34);
    /*
     * [CRT:strncpy_s] "strncpy_s(dst, 5, "a long string", _TRUNCATE) ... returns STRUNCATE (80)".
     */
    EXPECT_EQ(strncpy_s(Buffer, 5, "a long string", (size_t)-1), 80);
    EXPECT(strcmp(Buffer, "a lo") == 0);
    EXPECT_EQ(strncpy_s(Buffer, 5, "a long string", 4), 0);
    EXPECT_EQ(strncpy_s(Buffer, 5, "a long string", 5), 34);
}

static int
Down(const void *A, const void *B)
{
    return *(const int *)B - *(const int *)A;
}

static VOID
SortAndNumbers(VOID)
{
    int Numbers[64], Index, Bad = 0, Key = 17;
    char Buffer[40];

    for (Index = 0; Index < 64; Index++) {
        Numbers[Index] = (Index * 37 + 5) % 64;
    }
    qsort(Numbers, 64, sizeof(int), Down);
    for (Index = 0; Index < 64; Index++) {
        Bad += Numbers[Index] != 63 - Index;
    }
    EXPECT_EQ(Bad, 0);
    EXPECT_EQ(*(int *)bsearch(&Key, Numbers, 64, sizeof(int), Down), 17);
    EXPECT(atoi(" -42x") == -42 && strtoul("0x1Fz", NULL, 0) == 31 &&
           wcstoul(L"777", NULL, 8) == 511);
    EXPECT(strtoul("99999999999", NULL, 10) == 0xFFFFFFFF);
    EXPECT(strcmp(_itoa(-255, Buffer, 10), "-255") == 0 &&
           strcmp(_itoa(-1, Buffer, 16), "ffffffff") == 0);
    EXPECT(_itoa_s(1234, Buffer, 4, 10) == 34 && Buffer[0] == 0);
}

TEST_DRIVER(TEST(Format), TEST(FormatLimits), TEST(Strings), TEST(Secure), TEST(SortAndNumbers))
