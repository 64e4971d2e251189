/* string.c - narrow and wide strings, blocks, characters, multibyte, sorting, memory. */
#include "check.h"

#include <ctype.h>
#include <errno.h>
#include <locale.h>
#include <malloc.h>
#include <search.h>
#include <stdint.h>
#include <wchar.h>
#include <wctype.h>

static void
Narrow(void)
{
    char t[64], *Next;

    CHECK(strlen("") == 0 && strlen("abc") == 3 && strnlen("abc", 2) == 2);
    CHECK_TEXT(strcpy(t, "abc"), "abc");
    CHECK_TEXT(strcat(t, "def"), "abcdef");
    CHECK_TEXT(strncat(t, "ghi", 2), "abcdefgh");
    memset(t, 'x', sizeof(t));
    strncpy(t, "ab", 5);
    CHECK(memcmp(t, "ab\0\0\0x", 6) == 0);
    CHECK(strcmp("a", "b") < 0 && strcmp("b", "a") > 0 && strcmp("a", "a") == 0);
    CHECK(strcmp("\x80", "a") > 0);
    CHECK(strncmp("abc", "abd", 2) == 0 && strncmp("abc", "abd", 3) < 0);
    CHECK(_stricmp("ABC", "abc") == 0 && _strnicmp("ABx", "abY", 2) == 0 && _stricmp("a", "B") < 0);
    CHECK(strchr("hello", 'l') != NULL && strrchr("hello", 'l')[1] == 'o' && *strchr("a", 0) == 0);
    CHECK_TEXT(strstr("hello", "ll"), "llo");
    CHECK(strstr("hello", "x") == NULL && strcmp(strstr("abc", ""), "abc") == 0);
    CHECK(strspn("aabbc", "ab") == 4 && strcspn("hello", "lo") == 2);
    CHECK_TEXT(strpbrk("hello", "ol"), "llo");
    strcpy(t, " a, b,,c ");
    CHECK_TEXT(strtok(t, " ,"), "a");
    CHECK_TEXT(strtok(NULL, " ,"), "b");
    CHECK_TEXT(strtok(NULL, " ,"), "c");
    CHECK(strtok(NULL, " ,") == NULL);
    strcpy(t, "x;y");
    CHECK_TEXT(strtok_s(t, ";", &Next), "x");
    CHECK_TEXT(strtok_s(NULL, ";", &Next), "y");
    strcpy(t, "MiXed");
    CHECK_TEXT(_strlwr(t), "mixed");
    CHECK_TEXT(_strupr(t), "MIXED");
    CHECK_TEXT(_strrev(t), "DEXIM");
    CHECK_TEXT(_strnset(t, 'z', 2), "zzXIM");
    CHECK(strcpy_s(t, 4, "abc") == 0 && strcmp(t, "abc") == 0);
    CHECK(strncpy_s(t, 4, "abcdef", _TRUNCATE) == STRUNCATE && strcmp(t, "abc") == 0);
    CHECK(strcat_s(t, sizeof(t), "d") == 0 && strcmp(t, "abcd") == 0);
    CHECK_TEXT(strerror(ENOENT), "No such file or directory");
    CHECK(strcoll("a", "b") < 0 && strxfrm(t, "abc", sizeof(t)) == 3);
}

static void
Wide(void)
{
    wchar_t t[64];

    CHECK(wcslen(L"abc") == 3 && wcscmp(wcscpy(t, L"abc"), L"abc") == 0);
    CHECK(wcscmp(wcscat(t, L"d"), L"abcd") == 0 && wcscmp(L"a", L"b") < 0);
    CHECK(wcschr(t, 'c') == t + 2 && wcsrchr(t, 'z') == NULL && wcsstr(t, L"cd") == t + 2);
    CHECK(_wcsicmp(L"ABC", L"abc") == 0 && _wcsnicmp(L"ABx", L"abY", 2) == 0);
    CHECK(wcscmp(_wcsupr(wcscpy(t, L"abc")), L"ABC") == 0);
    CHECK(towupper('a') == 'A' && towlower(0xC4) == 0xC4); /* the C locale: ASCII only */
    CHECK(iswalpha('a') && !iswalpha('1') && iswdigit('1') && iswspace(' ') && iswalpha(0xE4));
    CHECK(mbstowcs(t, "abc", 64) == 3 && wcscmp(t, L"abc") == 0 && mbstowcs(NULL, "abcd", 0) == 4);
}

static void
Multibyte(void)
{
    char t[16];
    wchar_t w;

    CHECK(strcmp(setlocale(LC_ALL, NULL), "C") == 0);
    CHECK(mbtowc(&w, "\xE4", 1) == 1 && w == 0xE4);
    CHECK(wctomb(t, 0xE4) == 1 && (unsigned char)t[0] == 0xE4);
    errno = 0;
    CHECK(wctomb(t, 0x20AC) == -1 && errno == EILSEQ);
    CHECK(wcstombs(t, L"abc", 16) == 3 && strcmp(t, "abc") == 0);
    CHECK(setlocale(LC_ALL, "no such locale") == NULL);
    CHECK(setlocale(LC_ALL, "") != NULL);
    CHECK(wctomb(t, 0x20AC) == 1 && (unsigned char)t[0] == 0x80);
    CHECK(mbtowc(&w, "\x80", 1) == 1 && w == 0x20AC);
    CHECK(towlower(0xC4) == 0xE4 && towupper(0x3B1) == 0x391 && _wcsicmp(L"\xC4", L"\xE4") == 0);
    CHECK(strcmp(setlocale(LC_ALL, "C"), "C") == 0);
    CHECK(strcmp(localeconv()->decimal_point, ".") == 0 && localeconv()->thousands_sep[0] == 0);
    CHECK(MB_CUR_MAX == 1);
}

/* Categories are set one by one; the composite name sets them back. */
static void
Categories(void)
{
    const char *Default = "English_United States.1252";
    const struct tm Epoch = {.tm_mday = 1, .tm_year = 70, .tm_wday = 4};
    char Saved[256], Text[128];

    CHECK(strcmp(setlocale(LC_TIME, ""), Default) == 0);
    CHECK(strcmp(setlocale(LC_NUMERIC, NULL), "C") == 0);
    strcpy(Saved, setlocale(LC_ALL, NULL));
    CHECK_TEXT(
        Saved,
        "LC_COLLATE=C;LC_CTYPE=C;LC_MONETARY=C;LC_NUMERIC=C;LC_TIME=English_United States.1252");
    CHECK(strcmp(setlocale(LC_ALL, ""), Default) == 0);
    CHECK(strftime(Text, sizeof(Text), "%c|%x|%X|%#c|%#x", &Epoch) != 0);
    CHECK_TEXT(Text, "1/1/1970 12:00:00 AM|1/1/1970|12:00:00 AM|Thursday, January 1, 1970 12:00:00 "
                     "AM|Thursday, January 1, 1970");
    CHECK(strcmp(localeconv()->thousands_sep, ",") == 0 && localeconv()->grouping[0] == 3);
    CHECK(strcmp(localeconv()->int_curr_symbol, "USD") == 0 && localeconv()->frac_digits == 2);
    CHECK(setlocale(LC_ALL, "LC_TIME=nowhere") == NULL && localeconv()->frac_digits == 2);
    CHECK(strcmp(setlocale(LC_ALL, Saved), Saved) == 0 && localeconv()->frac_digits == CHAR_MAX);
    CHECK(strcmp(setlocale(LC_ALL, "C"), "C") == 0);
}

static void
Characters(void)
{
    int c, Alpha = 0, Digit = 0, Space = 0, Punct = 0, Print = 0, Control = 0, Hex = 0;

    for (c = 0; c < 256; c++) {
        Alpha += isalpha(c) != 0;
        Digit += isdigit(c) != 0;
        Space += isspace(c) != 0;
        Punct += ispunct(c) != 0;
        Print += isprint(c) != 0;
        Control += iscntrl(c) != 0;
        Hex += isxdigit(c) != 0;
    }
    CHECK(Alpha == 52 && Digit == 10 && Space == 6 && Punct == 32 && Print == 95 && Control == 33 &&
          Hex == 22);
    CHECK(toupper('a') == 'A' && tolower('Z') == 'z' && toupper('1') == '1' &&
          tolower(0xC4) == 0xC4);
    CHECK(!isalpha(EOF) && isspace('\v') && isgraph('!') && !isgraph(' '));
}

static void
Blocks(void)
{
    char t[64];
    int i, Good = 1;

    for (i = 0; i < 40; i++) {
        t[i] = (char)i;
    }
    memmove(t + 3, t, 20);
    for (i = 0; i < 20; i++) {
        Good &= t[i + 3] == i;
    }
    memmove(t, t + 3, 20);
    for (i = 0; i < 20; i++) {
        Good &= t[i] == i;
    }
    CHECK(Good);
    CHECK(memcmp("abc", "abd", 3) < 0 && memcmp("a", "b", 0) == 0);
    CHECK(memchr("abc", 'c', 3) != NULL && memchr("abc", 'c', 2) == NULL);
    CHECK(_memicmp("ABC", "abc", 3) == 0);
    CHECK(*((char *)_memccpy(t, "abcdef", 'c', 6) - 1) == 'c');
}

static int __cdecl Compare(const void *a, const void *b)
{
    return *(const int *)a < *(const int *)b ? -1 : *(const int *)a > *(const int *)b;
}

static void
Sorting(void)
{
    static int v[5000];
    int i, n, Round, Good = 1, Key = 77;
    unsigned s = 1;

    for (Round = 0; Round < 5; Round++) {
        n = 5000;
        for (i = 0; i < n; i++) {
            s = s * 1664525 + 1013904223;
            v[i] = Round == 0   ? (int)s
                   : Round == 1 ? i
                   : Round == 2 ? n - i
                   : Round == 3 ? (int)(s >> 28)
                                : 7;
        }
        qsort(v, n, sizeof(int), Compare);
        for (i = 1; i < n; i++) {
            Good &= v[i - 1] <= v[i];
        }
    }
    CHECK(Good);
    for (i = 0; i < 100; i++) {
        v[i] = i * 7;
    }
    CHECK(bsearch(&Key, v, 100, sizeof(int), Compare) == v + 11);
    Key = 78;
    CHECK(bsearch(&Key, v, 100, sizeof(int), Compare) == NULL);
}

static void
Memory(void)
{
    char *p = malloc(10), *q;
    int i, Zero = 1;

    strcpy(p, "abcdefghi");
    CHECK(_msize(p) == 10);
    p = realloc(p, 10000);
    CHECK(strcmp(p, "abcdefghi") == 0);
    free(p);
    CHECK(realloc(malloc(1), 0) == NULL);
    free(NULL);
    p = malloc(0);
    CHECK(p != NULL);
    free(p);
    p = calloc(100, 3);
    for (i = 0; i < 300; i++) {
        Zero &= p[i] == 0;
    }
    CHECK(Zero);
    free(p);
    errno = 0;
    CHECK(calloc((size_t)1 << 40, (size_t)1 << 40) == NULL && errno == ENOMEM);
    p = _aligned_malloc(100, 256);
    CHECK(((uintptr_t)p & 255) == 0);
    memset(p, 5, 100);
    q = _aligned_realloc(p, 5000, 256);
    CHECK(((uintptr_t)q & 255) == 0 && q[99] == 5);
    _aligned_free(q);
    p = _strdup("copy");
    CHECK_TEXT(p, "copy");
    free(p);
    CHECK(_heapchk() == _HEAPOK);
}

int
main(void)
{
    Narrow();
    Wide();
    Multibyte();
    Categories();
    Characters();
    Blocks();
    Sorting();
    Memory();
    return Summary("string");
}
