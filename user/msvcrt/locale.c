/*
 * locale.c - the C locale, and the system's default one, which differs only in its code page.
 *
 * setlocale knows "C", "" (the default: English_United States.1252), that name itself, its parts
 * and
 * ".1252". Categories are not told apart but for what the call returns. Partial: no other locale
 * exists, and the call then fails, as it does on Windows for an unknown name.
 */
#include "crt.h"
#include "crtdata.h"

#define DEFAULT "English_United States.1252"

struct lconv *
localeconv(void)
{
    return &CrtConventions;
}

char *
setlocale(int Category, const char *Name)
{
    static const char *const Defaults[] = {"",          DEFAULT,    "English_United States",
                                           "English",   ".1252",    ".ACP",
                                           "english",   "american", "en-US",
                                           "english-us"};
    const char *New = NULL;
    size_t i;

    if (Category < LC_MIN || Category > LC_MAX) {
        CrtFail(EINVAL);
        return NULL;
    }
    if (Name == NULL) {
        return CrtLocaleName;
    }
    if (strcmp(Name, "C") == 0) {
        New = "C";
    } else {
        for (i = 0; i < ARRAYSIZE(Defaults); i++) {
            if (strcmp(Name, Defaults[i]) == 0) {
                New = DEFAULT;
            }
        }
    }
    if (New == NULL) {
        return NULL;
    }
    if (Category == LC_ALL || Category == LC_CTYPE) {
        CrtCodePage = *New == 'C' ? 0 : 1252;
        __lc_codepage = CrtCodePage;
    }
    if (Category == LC_ALL) {
        strcpy(CrtLocaleName, New);
        mbstowcs(CrtWideLocaleName, New, ARRAYSIZE(CrtWideLocaleName));
    }
    return (char *)(*New == 'C' ? "C" : DEFAULT);
}

wchar_t *
_wsetlocale(int Category, const wchar_t *Name)
{
    char Narrow[64];
    size_t i;

    if (Name == NULL) {
        return CrtWideLocaleName;
    }
    for (i = 0; i < sizeof(Narrow) - 1 && Name[i] != 0; i++) {
        Narrow[i] = Name[i] < 128 ? (char)Name[i] : '?';
    }
    Narrow[i] = 0;
    if (setlocale(Category, Narrow) == NULL) {
        return NULL;
    }
    return CrtCodePage == 0 ? L"C" : L"" DEFAULT;
}

unsigned int
___lc_codepage_func(void)
{
    return (unsigned)CrtCodePage;
}

unsigned int
___lc_collate_cp_func(void)
{
    return (unsigned)CrtCodePage;
}

int
___mb_cur_max_func(void)
{
    return __mb_cur_max;
}

LCID *
___lc_handle_func(void)
{
    return CrtNoLocales;
}

/* Documented: sets whether the thread has a locale of its own; here none has. */
int
_configthreadlocale(int Mode)
{
    if (Mode == _ENABLE_PER_THREAD_LOCALE || Mode < -1 || Mode > 2) {
        return CrtFail(EINVAL);
    }
    return _DISABLE_PER_THREAD_LOCALE;
}

/* For clients built with unsigned char: "not specified" is their CHAR_MAX. */
int
__lconv_init(void)
{
    char *p;

    for (p = &CrtConventions.int_frac_digits; p <= &CrtConventions.n_sign_posn; p++) {
        *p = (char)UCHAR_MAX;
    }
    return 0;
}
