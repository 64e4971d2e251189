/*
 * locale.c - the C locale, and the system's default one, English_United States.1252.
 *
 * setlocale knows "C", "" (the default), that name itself, its parts, ".1252", and the composite names that it gives itself when
 * categories differ. Of the default locale are the code page, the conventions of numbers and money, dates and times; to collate and
 * to print numbers is as in C. Partial: no other locale exists, and the call then fails, as it does on Windows for an unknown name.
 */
#include "crt.h"
#include "crtdata.h"

#define DEFAULT "English_United States.1252"

/* From int_frac_digits to n_sign_posn: two digits, "$" before the number without a space, signs as the system's locale has them. */
static const char CrtMoney[8] = {2, 2, 1, 0, 1, 0, 3, 0};

/* In the order of the composite name; MS' numbers are 1 to 5. */
static const char *const Categories[LC_MAX + 1] = {"LC_ALL",      "LC_COLLATE", "LC_CTYPE",
                                                   "LC_MONETARY", "LC_NUMERIC", "LC_TIME"};

struct lconv *
localeconv(void)
{
    struct lconv *Values = &CrtConventions;

    Values->thousands_sep = CrtEnglish[LC_NUMERIC] ? "," : "";
    Values->grouping = CrtEnglish[LC_NUMERIC] ? "\3" : "";
    Values->int_curr_symbol = CrtEnglish[LC_MONETARY] ? "USD" : "";
    Values->currency_symbol = CrtEnglish[LC_MONETARY] ? "$" : "";
    Values->mon_decimal_point = CrtEnglish[LC_MONETARY] ? "." : "";
    Values->mon_thousands_sep = CrtEnglish[LC_MONETARY] ? "," : "";
    Values->mon_grouping = CrtEnglish[LC_MONETARY] ? "\3" : "";
    Values->negative_sign = CrtEnglish[LC_MONETARY] ? "-" : "";
    for (size_t i = 0; i < sizeof(CrtMoney); i++) {
        (&Values->int_frac_digits)[i] = CrtEnglish[LC_MONETARY] ? CrtMoney[i] : CrtNotSpecified;
    }
    return Values;
}

/* NULL: no such locale. */
static const char *
Known(const char *Name, size_t Length)
{
    static const char *const Defaults[] = {"",          DEFAULT,    "English_United States",
                                           "English",   ".1252",    ".ACP",
                                           "english",   "american", "en-US",
                                           "english-us"};

    if (Length == 1 && *Name == 'C') {
        return "C";
    }
    for (size_t i = 0; i < ARRAYSIZE(Defaults); i++) {
        if (strlen(Defaults[i]) == Length && memcmp(Name, Defaults[i], Length) == 0) {
            return DEFAULT;
        }
    }
    return NULL;
}

static void
SetCategory(int Category, const char *New)
{
    CrtEnglish[Category] = *New != 'C';
    if (Category == LC_CTYPE) {
        CrtCodePage = CrtEnglish[LC_CTYPE] ? 1252 : 0;
        __lc_codepage = CrtCodePage;
    }
}

/* "LC_COLLATE=C;LC_CTYPE=...", as setlocale gives it: 0, or nothing was changed. */
static int
SetComposite(const char *Name)
{
    const char *New[LC_MAX + 1] = {NULL};

    while (*Name != 0) {
        size_t Length = strcspn(Name, "="), Value;
        int Category = LC_COLLATE;

        while (Category <= LC_MAX && (strlen(Categories[Category]) != Length ||
                                      memcmp(Name, Categories[Category], Length) != 0)) {
            Category++;
        }
        Name += Length;
        if (Category > LC_MAX || *Name++ != '=') {
            return -1;
        }
        Value = strcspn(Name, ";");
        New[Category] = Known(Name, Value);
        if (New[Category] == NULL) {
            return -1;
        }
        Name += Value + (Name[Value] == ';');
    }
    for (int Category = LC_COLLATE; Category <= LC_MAX; Category++) {
        if (New[Category] != NULL) {
            SetCategory(Category, New[Category]);
        }
    }
    return 0;
}

static const char *
NameOf(int Category)
{
    return CrtEnglish[Category] ? DEFAULT : "C";
}

/* One name if all categories have it. */
static char *
QueryLocale(int Category)
{
    int Equal = 1;

    for (int i = LC_COLLATE; i < LC_MAX; i++) {
        Equal = Equal && CrtEnglish[i] == CrtEnglish[i + 1];
    }
    strcpy(CrtLocaleName, NameOf(Category == LC_ALL ? LC_COLLATE : Category));
    if (Category == LC_ALL && !Equal) {
        *CrtLocaleName = 0;
        for (int i = LC_COLLATE; i <= LC_MAX; i++) {
            strcat(strcat(strcat(CrtLocaleName, Categories[i]), "="), NameOf(i));
            strcat(CrtLocaleName, i < LC_MAX ? ";" : "");
        }
    }
    mbstowcs(CrtWideLocaleName, CrtLocaleName, ARRAYSIZE(CrtWideLocaleName));
    return CrtLocaleName;
}

char *
setlocale(int Category, const char *Name)
{
    const char *New;

    if (Category < LC_MIN || Category > LC_MAX) {
        CrtFail(EINVAL);
        return NULL;
    }
    if (Name == NULL) {
        return QueryLocale(Category);
    }
    if (Category == LC_ALL && strncmp(Name, "LC_", 3) == 0) {
        return SetComposite(Name) == 0 ? QueryLocale(LC_ALL) : NULL;
    }
    New = Known(Name, strlen(Name));
    if (New == NULL) {
        return NULL;
    }
    for (int i = LC_COLLATE; i <= LC_MAX; i++) {
        if (Category == LC_ALL || Category == i) {
            SetCategory(i, New);
        }
    }
    return QueryLocale(Category);
}

wchar_t *
_wsetlocale(int Category, const wchar_t *Name)
{
    char Narrow[CRT_LOCALE_NAME];
    size_t i;

    for (i = 0; Name != NULL && i < sizeof(Narrow) - 1 && Name[i] != 0; i++) {
        Narrow[i] = Name[i] < 128 ? (char)Name[i] : '?';
    }
    Narrow[i] = 0;
    return setlocale(Category, Name != NULL ? Narrow : NULL) != NULL ? CrtWideLocaleName : NULL;
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
    CrtNotSpecified = (char)UCHAR_MAX;
    (void)localeconv();
    return 0;
}
