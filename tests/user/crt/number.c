/* number.c - text to numbers and back; every double survives the way through text. */
#include "check.h"

#include <errno.h>
#include <float.h>
#include <limits.h>
#include <math.h>
#include <wchar.h>

static unsigned long long
Bits(double Value)
{
    unsigned long long Raw;

    memcpy(&Raw, &Value, 8);
    return Raw;
}

static double
Make(unsigned long long Raw)
{
    double Value;

    memcpy(&Value, &Raw, 8);
    return Value;
}

#undef strtod
_CRTIMP double __cdecl strtod(const char *, char **);

static void
Exact(void)
{
    static const struct {
        const char *Text;
        unsigned long long Raw;
    } Cases[] = {
        {"0", 0x0000000000000000ull},
        {"-0", 0x8000000000000000ull},
        {"1", 0x3FF0000000000000ull},
        {"0.1", 0x3FB999999999999Aull},
        {"3.14159265358979323846", 0x400921FB54442D18ull},
        {"1e23", 0x44B52D02C7E14AF6ull},
        {"8.98846567431158e307", 0x7FE0000000000000ull},
        {"2.2250738585072011e-308", 0x000FFFFFFFFFFFFFull},
        {"2.2250738585072014e-308", 0x0010000000000000ull},
        {"4.9406564584124654e-324", 0x0000000000000001ull},
        {"2.4703282292062327e-324", 0x0000000000000000ull},
        {"2.4703282292062329e-324", 0x0000000000000001ull},
        {"1.7976931348623157e308", 0x7FEFFFFFFFFFFFFFull},
        {"1.7976931348623158e308", 0x7FEFFFFFFFFFFFFFull},
        {"9007199254740993", 0x4340000000000000ull},
        {"9007199254740993.0000001", 0x4340000000000001ull},
        {"9007199254740995", 0x4340000000000002ull},
        {"0.500000000000000166533453693773481063544750213623046875", 0x3FE0000000000002ull},
        {"1797693134862315e293", 0x7FEFFFFFFFFFFFFBull},
        {"6.631236846766476e-316", 0x0000000008000000ull},
        {"12345678901234567890123456789012345678901234567890", 0x4A20E4FEC6D355F0ull},
        {"1.00000000000000011102230246251565404236316680908203125", 0x3FF0000000000000ull},
        {"1.00000000000000011102230246251565404236316680908203124", 0x3FF0000000000000ull},
        {"1.00000000000000011102230246251565404236316680908203126", 0x3FF0000000000001ull},
        {"7.2057594037927933e16", 0x4370000000000000ull},
        {"1448997445238699", 0x4314976C0803FEACull},
        {"5e-324", 0x0000000000000001ull},
        {"1.5e-323", 0x0000000000000003ull},
        {"123456789e-20", 0x3D75B7FFDE890274ull},
        {"0.000000000000000000000000000000000000000000000001e47", 0x3FB999999999999Aull},
        {"100000000000000000000000000000000000000e-38", 0x3FF0000000000000ull},
    };
    size_t i;

    for (i = 0; i < sizeof(Cases) / sizeof(Cases[0]); i++) {
        if (Bits(strtod(Cases[i].Text, NULL)) != Cases[i].Raw) {
            printf("%s: %llx\n", Cases[i].Text, Bits(strtod(Cases[i].Text, NULL)));
        }
        CHECK(Bits(strtod(Cases[i].Text, NULL)) == Cases[i].Raw);
    }
    errno = 0;
    CHECK(strtod("1e400", NULL) == HUGE_VAL && errno == ERANGE);
    errno = 0;
    CHECK(strtod("-1e400", NULL) == -HUGE_VAL && errno == ERANGE);
    errno = 0;
    CHECK(strtod("1e-400", NULL) == 0 && errno == ERANGE);
    CHECK(strtod("1.7976931348623159e308", NULL) == HUGE_VAL);
}

static void
RoundTrip(void)
{
    unsigned long long State = 88172645463325252ull;
    char Text[64];
    int i, Bad = 0, Short = 0;

    for (i = 0; i < 20000; i++) {
        double Value;

        State ^= State << 13;
        State ^= State >> 7;
        State ^= State << 17;
        Value = Make((i & 7) == 0 ? State & 0x800FFFFFFFFFFFFFull : State);
        if (!_finite(Value)) {
            continue;
        }
        _snprintf(Text, sizeof(Text), "%.17g", Value);
        Bad += Bits(strtod(Text, NULL)) != Bits(Value);
        _snprintf(Text, sizeof(Text), "%.16e", Value);
        Bad += Bits(strtod(Text, NULL)) != Bits(Value);
        /* 15 digits survive the other way */
        _snprintf(Text, sizeof(Text), "%.14e", fabs(Value) < 1e-300 ? 1.5 : Value);
        {
            char Again[64];

            _snprintf(Again, sizeof(Again), "%.14e", strtod(Text, NULL));
            Short += strcmp(Text, Again) != 0;
        }
    }
    CHECK(Bad == 0);
    CHECK(Short == 0);
}

static void
Ends(void)
{
    char *End;
    wchar_t *WideEnd;
    const char *Text = "  1.5e3xyz";
    const wchar_t *Wide = L" -2.5e1z";

    CHECK(strtod(Text, &End) == 1500 && strcmp(End, "xyz") == 0);
    CHECK(strtod(Text = "abc", &End) == 0 && End == Text);
    CHECK(strtod("1e+", &End) == 1 && strcmp(End, "e+") == 0);
    CHECK(strtod(".5.5", &End) == 0.5 && strcmp(End, ".5") == 0);
    CHECK(strtod(Text = ".", &End) == 0 && End == Text);
    CHECK(strtod("1d2", &End) == 100 && *End == 0); /* documented: d is an exponent's letter too */
    CHECK(wcstod(Wide, &WideEnd) == -25 && wcscmp(WideEnd, L"z") == 0);
    CHECK(atof("12.5abc") == 12.5);
    CHECK(strtol("  -123abc", &End, 10) == -123 && strcmp(End, "abc") == 0);
    CHECK(strtol("0x7f", &End, 0) == 127 && *End == 0);
    CHECK(strtol("0x7f", &End, 16) == 127 && *End == 0);
    CHECK(strtol("077", NULL, 0) == 63);
    CHECK(strtol("zz", NULL, 36) == 1295);
    CHECK(strtol("0x", &End, 0) == 0 && strcmp(End, "x") == 0);
    errno = 0;
    CHECK(strtol("2147483648", NULL, 10) == LONG_MAX && errno == ERANGE);
    errno = 0;
    CHECK(strtol("-2147483649", NULL, 10) == LONG_MIN && errno == ERANGE);
    errno = 0;
    CHECK(strtol("-2147483648", NULL, 10) == LONG_MIN && errno == 0);
    CHECK(strtoul("4294967295", NULL, 10) == ULONG_MAX && errno == 0);
    CHECK(strtoul("-1", NULL, 10) == ULONG_MAX);
    CHECK(strtoul("4294967296", NULL, 10) == ULONG_MAX && errno == ERANGE);
    CHECK(_strtoi64("-9223372036854775808", NULL, 10) == LLONG_MIN);
    CHECK(_strtoui64("18446744073709551615", NULL, 10) == ULLONG_MAX);
    CHECK(wcstol(L" 42x", &WideEnd, 10) == 42 && *WideEnd == 'x');
    CHECK(atoi("42") == 42 && atol("-7") == -7 && _atoi64("123456789012") == 123456789012ll);
    CHECK(_wtoi(L"77") == 77);
}

static void
ToText(void)
{
    char Text[70];
    wchar_t Wide[70];
    int Point, Sign;

    CHECK_TEXT(_itoa(-255, Text, 10), "-255");
    CHECK_TEXT(_itoa(-255, Text, 16), "ffffff01");
    CHECK_TEXT(_itoa(0, Text, 2), "0");
    CHECK_TEXT(_ltoa(35, Text, 36), "z");
    CHECK_TEXT(_ultoa(4294967295u, Text, 10), "4294967295");
    CHECK_TEXT(_i64toa(LLONG_MIN, Text, 10), "-9223372036854775808");
    CHECK_TEXT(_ui64toa(ULLONG_MAX, Text, 2),
               "1111111111111111111111111111111111111111111111111111111111111111");
    CHECK(wcscmp(_itow(-5, Wide, 10), L"-5") == 0);
    CHECK_TEXT(_ecvt(3.14159, 4, &Point, &Sign), "3142");
    CHECK(Point == 1 && Sign == 0);
    CHECK_TEXT(_fcvt(-1234.5678, 2, &Point, &Sign), "123457");
    CHECK(Point == 4 && Sign == 1);
    CHECK_TEXT(_fcvt(0.001, 1, &Point, &Sign), "");
    CHECK(Point == -2); /* though nothing is left of it */
    CHECK_TEXT(_ecvt(0.6, 0, &Point, &Sign), "");
    CHECK(Point == 1);
    CHECK_TEXT(_ecvt(-INFINITY, 5, &Point, &Sign), "1#INF");
    CHECK(Point == 1 && Sign == 1);
    CHECK_TEXT(_ecvt(INFINITY, 2, &Point, &Sign), "1$"); /* rounded as if it were digits */
    CHECK_TEXT(_gcvt(3.25, 5, Text), "3.25");
    CHECK_TEXT(_gcvt(-3.1415e5, 7, Text), "-314150."); /* the documented example */
}

static void
Random(void)
{
    int First;

    /* Microsoft's generator: state * 214013 + 2531011, bits 16 to 30; 1 is the first state. */
    CHECK(rand() == 41 && rand() == 18467 && rand() == 6334 && rand() == 26500);
    srand(1234);
    First = rand();
    CHECK(First == ((1234u * 214013 + 2531011) >> 16 & 0x7FFF));
    srand(1234);
    CHECK(rand() == First);
    CHECK(abs(-3) == 3 && labs(-4l) == 4 && div(-7, 2).quot == -3 && div(-7, 2).rem == -1);
    CHECK(_rotl(0x80000001u, 1) == 3 && _rotr(3, 1) == 0x80000001u);
}

int
main(void)
{
    Random();
    Exact();
    RoundTrip();
    Ends();
    ToText();
    return Summary("number");
}
