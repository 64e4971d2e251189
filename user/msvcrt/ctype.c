/*
 * ctype.c - classes of characters.
 *
 * One table of documented flag words serves narrow and wide. In the C locale a narrow character
 * above 127 has no class; wide ones up to 255 have their Latin-1 class. Case of wide characters is
 * mapped for Latin-1, Greek and Cyrillic. Partial: other wide characters have no class.
 */
#include "crt.h"

/* clang-format off */
#define ASCII \
    0x020, 0x020, 0x020, 0x020, 0x020, 0x020, 0x020, 0x020, 0x020, 0x028, 0x028, 0x028, 0x028, 0x028, 0x020, 0x020, \
    0x020, 0x020, 0x020, 0x020, 0x020, 0x020, 0x020, 0x020, 0x020, 0x020, 0x020, 0x020, 0x020, 0x020, 0x020, 0x020, \
    0x048, 0x010, 0x010, 0x010, 0x010, 0x010, 0x010, 0x010, 0x010, 0x010, 0x010, 0x010, 0x010, 0x010, 0x010, 0x010, \
    0x084, 0x084, 0x084, 0x084, 0x084, 0x084, 0x084, 0x084, 0x084, 0x084, 0x010, 0x010, 0x010, 0x010, 0x010, 0x010, \
    0x010, 0x181, 0x181, 0x181, 0x181, 0x181, 0x181, 0x101, 0x101, 0x101, 0x101, 0x101, 0x101, 0x101, 0x101, 0x101, \
    0x101, 0x101, 0x101, 0x101, 0x101, 0x101, 0x101, 0x101, 0x101, 0x101, 0x101, 0x010, 0x010, 0x010, 0x010, 0x010, \
    0x010, 0x182, 0x182, 0x182, 0x182, 0x182, 0x182, 0x102, 0x102, 0x102, 0x102, 0x102, 0x102, 0x102, 0x102, 0x102, \
    0x102, 0x102, 0x102, 0x102, 0x102, 0x102, 0x102, 0x102, 0x102, 0x102, 0x102, 0x010, 0x010, 0x010, 0x010, 0x020

/* Index 0 is EOF's. */
const unsigned short _ctype[257] = {0, ASCII};
const unsigned short *const _pctype = _ctype + 1;

/* Latin-1: C1 controls, punctuation, letters. */
static const unsigned short Wide[257] = {0, ASCII,
    0x020, 0x020, 0x020, 0x020, 0x020, 0x028, 0x020, 0x020, 0x020, 0x020, 0x020, 0x020, 0x020, 0x020, 0x020, 0x020,
    0x020, 0x020, 0x020, 0x020, 0x020, 0x020, 0x020, 0x020, 0x020, 0x020, 0x020, 0x020, 0x020, 0x020, 0x020, 0x020,
    0x048, 0x010, 0x010, 0x010, 0x010, 0x010, 0x010, 0x010, 0x010, 0x010, 0x112, 0x010, 0x010, 0x010, 0x010, 0x010,
    0x010, 0x010, 0x014, 0x014, 0x010, 0x112, 0x010, 0x010, 0x010, 0x014, 0x112, 0x010, 0x010, 0x010, 0x010, 0x010,
    0x101, 0x101, 0x101, 0x101, 0x101, 0x101, 0x101, 0x101, 0x101, 0x101, 0x101, 0x101, 0x101, 0x101, 0x101, 0x101,
    0x101, 0x101, 0x101, 0x101, 0x101, 0x101, 0x101, 0x010, 0x101, 0x101, 0x101, 0x101, 0x101, 0x101, 0x101, 0x102,
    0x102, 0x102, 0x102, 0x102, 0x102, 0x102, 0x102, 0x102, 0x102, 0x102, 0x102, 0x102, 0x102, 0x102, 0x102, 0x102,
    0x102, 0x102, 0x102, 0x102, 0x102, 0x102, 0x102, 0x010, 0x102, 0x102, 0x102, 0x102, 0x102, 0x102, 0x102, 0x102};
const unsigned short *const _pwctype = Wide + 1;
/* clang-format on */

const unsigned short **
__pctype_func(void)
{
    return (const unsigned short **)&_pctype;
}

const unsigned short **
__pwctype_func(void)
{
    return (const unsigned short **)&_pwctype;
}

int
_isctype(int Char, int Class)
{
    return Char >= -1 && Char <= 255 ? _pctype[Char] & Class : 0;
}

#define ALPHABET 0x103
#define IS(name, class)                                                                            \
    int is##name(int Char)                                                                         \
    {                                                                                              \
        return _isctype(Char, class);                                                              \
    }                                                                                              \
    int isw##name(wint_t Char)                                                                     \
    {                                                                                              \
        return iswctype(Char, class);                                                              \
    }

IS(alpha, ALPHABET)
IS(upper, _UPPER)
IS(lower, _LOWER)
IS(digit, _DIGIT)
IS(xdigit, _HEX)
IS(space, _SPACE)
IS(punct, _PUNCT)
IS(alnum, ALPHABET | _DIGIT)
IS(print, _BLANK | _PUNCT | ALPHABET | _DIGIT)
IS(graph, _PUNCT | ALPHABET | _DIGIT)
IS(cntrl, _CONTROL)

/* The other case of a wide character, whatever the locale. */
static wint_t
Lower(wint_t c)
{
    if (c < 256) {
        return (_pwctype[c] & _UPPER) != 0 ? c + 0x20 : c;
    }
    if ((c >= 0x391 && c <= 0x3A9 && c != 0x3A2) || (c >= 0x410 && c <= 0x42F)) {
        return c + 0x20;
    }
    return c >= 0x400 && c <= 0x40F ? c + 0x50 : c;
}

static wint_t
Upper(wint_t c)
{
    if (c < 256) {
        if ((c >= 'a' && c <= 'z') || (c >= 0xE0 && c <= 0xFE && c != 0xF7)) {
            return c - 0x20;
        }
        return c == 0xFF ? 0x178 : c;
    }
    if ((c >= 0x3B1 && c <= 0x3C9 && c != 0x3C2) || (c >= 0x430 && c <= 0x44F)) {
        return c - 0x20;
    }
    return c >= 0x450 && c <= 0x45F ? c - 0x50 : c;
}

wint_t
towlower(wint_t c)
{
    return c < 128 || CrtCodePage != 0 ? Lower(c) : c;
}

wint_t
towupper(wint_t c)
{
    return c < 128 || CrtCodePage != 0 ? Upper(c) : c;
}

int
iswctype(wint_t Char, wctype_t Class)
{
    unsigned short Flags = 0;

    if (Char < 256) {
        Flags = _pwctype[Char];
    } else if (Char != WEOF) {
        if (Lower(Char) != Char) {
            Flags = _UPPER | 0x100;
        } else if (Upper(Char) != Char) {
            Flags = _LOWER | 0x100;
        }
    }
    return Flags & Class;
}

int
tolower(int c)
{
    return c >= 'A' && c <= 'Z' ? c + 0x20 : c;
}

int
toupper(int c)
{
    return c >= 'a' && c <= 'z' ? c - 0x20 : c;
}

/* Documented: these do not check that the character has the other case. */
int
_tolower(int c)
{
    return c - 'A' + 'a';
}

int
_toupper(int c)
{
    return c - 'a' + 'A';
}

int
__isascii(int c)
{
    return (unsigned)c < 128;
}

int
__toascii(int c)
{
    return c & 0x7F;
}

int
__iscsymf(int c)
{
    return isalpha(c) || c == '_';
}

int
__iscsym(int c)
{
    return isalnum(c) || c == '_';
}

int
isleadbyte(int c)
{
    (void)c;
    return 0;
}

int
iswascii(wint_t c)
{
    return c < 128;
}
