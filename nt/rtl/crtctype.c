/*
 * crtctype.c - kinds of characters ("C" locale), and single characters between the widths.
 *
 * Wide letters change case as Rtl's do; the wide predicates know ASCII only.
 *
 * Source: Microsoft Learn, "C runtime library (CRT) reference"; ISO C 7.4, 7.22.7.
 */
#include "nt/rtl/rtlp.h"
#include "nt/rtl/unicodetable.h"
#include <stdlib.h>
#include <ctype.h>
#include <wctype.h>

#undef isalpha
#undef isupper
#undef islower
#undef isdigit
#undef isxdigit
#undef isspace
#undef ispunct
#undef isalnum
#undef isprint
#undef isgraph
#undef iscntrl
#undef toupper
#undef tolower
#undef _toupper
#undef _tolower
#undef iswalpha
#undef iswupper
#undef iswlower
#undef iswdigit
#undef iswxdigit
#undef iswspace
#undef iswalnum
#undef towupper
#undef towlower

int
isupper(int Character)
{
    return Character >= 'A' && Character <= 'Z';
}

int
islower(int Character)
{
    return Character >= 'a' && Character <= 'z';
}

int
isalpha(int Character)
{
    return isupper(Character) || islower(Character);
}

int
isdigit(int Character)
{
    return Character >= '0' && Character <= '9';
}

int
isxdigit(int Character)
{
    return isdigit(Character) || (Character >= 'A' && Character <= 'F') ||
           (Character >= 'a' && Character <= 'f');
}

int
isspace(int Character)
{
    return Character == ' ' || (Character >= 9 && Character <= 13);
}

int
isalnum(int Character)
{
    return isalpha(Character) || isdigit(Character);
}

int
isprint(int Character)
{
    return Character >= ' ' && Character < 0x7F;
}

int
isgraph(int Character)
{
    return Character > ' ' && Character < 0x7F;
}

int
ispunct(int Character)
{
    return isgraph(Character) && !isalnum(Character);
}

int
iscntrl(int Character)
{
    return (Character >= 0 && Character < ' ') || Character == 0x7F;
}

int
tolower(int Character)
{
    return isupper(Character) ? Character + ('a' - 'A') : Character;
}

int
toupper(int Character)
{
    return islower(Character) ? Character - ('a' - 'A') : Character;
}

int
iswdigit(wint_t Character)
{
    return isdigit(Character);
}

int
iswxdigit(wint_t Character)
{
    return isxdigit(Character);
}

int
iswspace(wint_t Character)
{
    return isspace(Character);
}

int
iswalpha(wint_t Character)
{
    return isalpha(Character);
}

int
iswalnum(wint_t Character)
{
    return isalnum(Character);
}

wint_t
towupper(wint_t Character)
{
    return RtlpUpper(Character);
}

wint_t
towlower(wint_t Character)
{
    return RtlpLower(Character);
}

/* Of the ANSI code page, which has one byte for each character. */
int
mbtowc(wchar_t *Wide, const char *Narrow, size_t Count)
{
    if (Narrow == NULL) {
        return 0;
    }
    if (Count == 0) {
        return -1;
    }
    if (Wide != NULL) {
        *Wide = RtlpAnsiToUnit((UCHAR)*Narrow);
    }
    return *Narrow != 0;
}

int
wctomb(char *Narrow, wchar_t Wide)
{
    if (Narrow == NULL) {
        return 0;
    }
    return RtlpUnitToAnsi(Wide, (PUCHAR)Narrow) ? 1 : -1;
}

size_t
mbstowcs(wchar_t *Wide, const char *Narrow, size_t Count)
{
    size_t Index;

    if (Wide == NULL) {
        return strlen(Narrow);
    }
    for (Index = 0; Index < Count; Index++) {
        Wide[Index] = RtlpAnsiToUnit((UCHAR)Narrow[Index]);
        if (Narrow[Index] == 0) {
            break;
        }
    }
    return Index;
}

size_t
wcstombs(char *Narrow, const wchar_t *Wide, size_t Count)
{
    size_t Index;

    for (Index = 0; Narrow == NULL || Index < Count; Index++) {
        UCHAR Byte;

        if (!RtlpUnitToAnsi(Wide[Index], &Byte)) {
            return (size_t)-1;
        }
        if (Narrow != NULL) {
            Narrow[Index] = (char)Byte;
        }
        if (Byte == 0) {
            break;
        }
    }
    return Index;
}
