/*
 * multibyte.c - between bytes and wide characters.
 *
 * In the C locale a byte is the character of the same number, and a wide character above 255 has no
 * byte (documented: EILSEQ). After setlocale to a locale of code page 1252 the 32 codes from 0x80
 * are that page's. A character is never more than one byte. Paths, arguments and the environment
 * use the system's ANSI code page whatever the locale.
 */
#include "crt.h"

const wchar_t CrtHigh1252[32] = {
    0x20AC, 0x81,   0x201A, 0x192,  0x201E, 0x2026, 0x2020, 0x2021, 0x2C6,  0x2030, 0x160,
    0x2039, 0x152,  0x8D,   0x17D,  0x8F,   0x90,   0x2018, 0x2019, 0x201C, 0x201D, 0x2022,
    0x2013, 0x2014, 0x2DC,  0x2122, 0x161,  0x203A, 0x153,  0x9D,   0x17E,  0x178,
};

wchar_t
CrtWideChar(unsigned char Byte)
{
    return CrtCodePage != 0 && Byte >= 0x80 && Byte < 0xA0 ? CrtHigh1252[Byte - 0x80] : Byte;
}

int
CrtNarrowChar(wchar_t Char)
{
    int i;

    if (CrtCodePage == 0) {
        return Char < 256 ? Char : -1;
    }
    if (Char < 0x80 || (Char >= 0xA0 && Char < 256)) {
        return Char;
    }
    for (i = 0; i < 32; i++) {
        if (CrtHigh1252[i] == Char) {
            return 0x80 + i;
        }
    }
    return -1;
}

/* The system's ANSI code page. */
wchar_t *
CrtWide(const char *Text)
{
    int Length = MultiByteToWideChar(CP_ACP, 0, Text, -1, NULL, 0);
    wchar_t *Wide = malloc((Length > 0 ? Length : 1) * sizeof(wchar_t));

    if (Wide != NULL && MultiByteToWideChar(CP_ACP, 0, Text, -1, Wide, Length) == 0) {
        Wide[0] = 0;
    }
    return Wide;
}

char *
CrtNarrow(const wchar_t *Text)
{
    int Length = WideCharToMultiByte(CP_ACP, 0, Text, -1, NULL, 0, NULL, NULL);
    char *Narrow = malloc(Length > 0 ? Length : 1);

    if (Narrow != NULL &&
        WideCharToMultiByte(CP_ACP, 0, Text, -1, Narrow, Length, NULL, NULL) == 0) {
        Narrow[0] = 0;
    }
    return Narrow;
}

int
mblen(const char *Text, size_t Limit)
{
    if (Text == NULL || *Text == 0) {
        return 0;
    }
    return Limit == 0 ? -1 : 1;
}

int
mbtowc(wchar_t *Wide, const char *Text, size_t Limit)
{
    if (Text == NULL || Limit == 0) {
        return 0;
    }
    if (Wide != NULL) {
        *Wide = CrtWideChar((unsigned char)*Text);
    }
    return *Text != 0;
}

int
wctomb(char *Text, wchar_t Char)
{
    int Byte = CrtNarrowChar(Char);

    if (Text == NULL) {
        return 0;
    }
    if (Byte < 0) {
        return CrtFail(EILSEQ);
    }
    *Text = (char)Byte;
    return 1;
}

errno_t
wctomb_s(int *Length, char *Text, size_t Size, wchar_t Char)
{
    if (Text != NULL && Size == 0) {
        return errno = ERANGE;
    }
    *Length = wctomb(Text, Char);
    return *Length < 0 ? errno : 0;
}

size_t
mbstowcs(wchar_t *Wide, const char *Text, size_t Count)
{
    size_t i;

    if (Wide == NULL) {
        return strlen(Text);
    }
    for (i = 0; i < Count; i++) {
        Wide[i] = CrtWideChar((unsigned char)Text[i]);
        if (Text[i] == 0) {
            break;
        }
    }
    return i;
}

size_t
wcstombs(char *Text, const wchar_t *Wide, size_t Count)
{
    size_t i;

    for (i = 0; Text == NULL || i < Count; i++) {
        int Byte = CrtNarrowChar(Wide[i]);

        if (Byte < 0) {
            CrtFail(EILSEQ);
            return (size_t)-1;
        }
        if (Text != NULL) {
            Text[i] = (char)Byte;
        }
        if (Byte == 0) {
            break;
        }
    }
    return i;
}

errno_t
mbstowcs_s(size_t *Converted, wchar_t *Wide, size_t Size, const char *Text, size_t Count)
{
    size_t Length = strlen(Text), Want;

    if ((Wide == NULL) != (Size == 0)) {
        return errno = EINVAL;
    }
    Want = Length < Count ? Length : Count;
    if (Wide != NULL) {
        if (Want >= Size) {
            if (Count != _TRUNCATE) {
                Wide[0] = 0;
                return errno = ERANGE;
            }
            Want = Size - 1;
        }
        mbstowcs(Wide, Text, Want);
        Wide[Want] = 0;
    } else {
        Want = Length;
    }
    if (Converted != NULL) {
        *Converted = Want + 1;
    }
    return Wide != NULL && Count == _TRUNCATE && Want < Length ? STRUNCATE : 0;
}

errno_t
wcstombs_s(size_t *Converted, char *Text, size_t Size, const wchar_t *Wide, size_t Count)
{
    size_t Length = wcstombs(NULL, Wide, 0), Want;

    if ((Text == NULL) != (Size == 0)) {
        return errno = EINVAL;
    }
    if (Length == (size_t)-1) {
        if (Text != NULL) {
            Text[0] = 0;
        }
        return EILSEQ;
    }
    Want = Length < Count ? Length : Count;
    if (Text != NULL) {
        if (Want >= Size) {
            if (Count != _TRUNCATE) {
                Text[0] = 0;
                return errno = ERANGE;
            }
            Want = Size - 1;
        }
        wcstombs(Text, Wide, Want);
        Text[Want] = 0;
    } else {
        Want = Length;
    }
    if (Converted != NULL) {
        *Converted = Want + 1;
    }
    return Text != NULL && Count == _TRUNCATE && Want < Length ? STRUNCATE : 0;
}

wint_t
btowc(int Byte)
{
    return Byte == EOF ? WEOF : CrtWideChar((unsigned char)Byte);
}

/* The restartable forms keep no state: there is none to keep. */
size_t
mbrtowc(wchar_t *Wide, const char *Text, size_t Limit, mbstate_t *State)
{
    (void)State;
    if (Text == NULL) {
        return 0;
    }
    return Limit == 0 ? (size_t)-2 : (size_t)mbtowc(Wide, Text, Limit);
}

size_t
mbrlen(const char *Text, size_t Limit, mbstate_t *State)
{
    return mbrtowc(NULL, Text, Limit, State);
}

size_t
wcrtomb(char *Text, wchar_t Char, mbstate_t *State)
{
    (void)State;
    return Text == NULL ? 1 : (size_t)(LONG_PTR)wctomb(Text, Char);
}

size_t
mbsrtowcs(wchar_t *Wide, const char **Text, size_t Count, mbstate_t *State)
{
    size_t Length = mbstowcs(Wide, *Text, Count);

    (void)State;
    if (Wide != NULL) {
        *Text = Length < Count ? NULL : *Text + Length;
    }
    return Length;
}

size_t
wcsrtombs(char *Text, const wchar_t **Wide, size_t Count, mbstate_t *State)
{
    size_t Length = wcstombs(Text, *Wide, Count);

    (void)State;
    if (Text != NULL && Length != (size_t)-1) {
        *Wide = Length < Count ? NULL : *Wide + Length;
    }
    return Length;
}

/* _mbs functions that are not simply those of narrow strings under a code page of single bytes. */
unsigned char *
_mbsinc(const unsigned char *Text)
{
    return (unsigned char *)Text + 1;
}

unsigned char *
_mbsdec(const unsigned char *Start, const unsigned char *Text)
{
    return Text > Start ? (unsigned char *)Text - 1 : NULL;
}

unsigned int
_mbsnextc(const unsigned char *Text)
{
    return *Text;
}

size_t
_mbclen(const unsigned char *Text)
{
    (void)Text;
    return 1;
}

int
_ismbblead(unsigned int Char)
{
    (void)Char;
    return 0;
}

int
_getmbcp(void)
{
    return 0;
}

/* All code pages here have one byte for each character, and then _getmbcp says 0. [CRT: "_setmbcp"] */
int
_setmbcp(int CodePage)
{
    switch (CodePage) {
    case 0:  /* _MB_CP_SBCS */
    case -2: /* _MB_CP_OEM */
    case -3: /* _MB_CP_ANSI */
    case -4: /* _MB_CP_LOCALE */
    case 1252:
    case 437:
        return 0;
    }
    errno = EINVAL; /* "if the code page is not supported by the operating system" */
    return -1;
}
