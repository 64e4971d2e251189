/*
 * strtod.c - text becomes the nearest double (or float), ties to even.
 *
 * The digits are an integer N times a power of ten, so the value is a fraction N/D of two big
 * integers. Both are lined up so that 1 <= N/D < 2; then one bit of the quotient after the other is
 * taken by subtraction, 53 or as many as a denormal has, and what is left against D/2 says how to
 * round. At most 800 digits count: beyond, a digit that is not 0 only means "a little more", and no
 * halfway point between doubles has more than 767. Short numbers take the exact way through one
 * multiplication or division.
 *
 * As documented for strtod, 'd' and 'D' may introduce the exponent. C99's inf, nan and hexadecimal
 * forms are understood as well.
 */
#include "crt.h"

#define WORDS      72 /* 4608 bits: 10^1145 and a shift */
#define MAX_DIGITS 800

#define _OVERFLOW  3 /* what _atodbl returns, documented in math.h */
#define _UNDERFLOW 4

typedef struct {
    unsigned __int64 Word[WORDS];
    int Count;
} BIG;

static void
MultiplyAdd(BIG *Big, unsigned int Factor, unsigned int Term)
{
    unsigned __int128 Carry = Term;
    int i;

    for (i = 0; i < Big->Count; i++) {
        Carry += (unsigned __int128)Big->Word[i] * Factor;
        Big->Word[i] = (unsigned __int64)Carry;
        Carry >>= 64;
    }
    if (Carry != 0) {
        Big->Word[Big->Count++] = (unsigned __int64)Carry;
    }
}

static void
MultiplyPower(BIG *Big, int Power)
{
    for (; Power >= 9; Power -= 9) {
        MultiplyAdd(Big, 1000000000, 0);
    }
    for (; Power > 0; Power--) {
        MultiplyAdd(Big, 10, 0);
    }
}

static int
Bits(const BIG *Big)
{
    return Big->Count * 64 - __builtin_clzll(Big->Word[Big->Count - 1]);
}

static void
ShiftLeft(BIG *Big, int Count)
{
    int Words = Count / 64, Rest = Count % 64, i;

    for (i = Big->Count; i >= 0; i--) {
        unsigned __int64 High = i < Big->Count ? Big->Word[i] : 0;
        unsigned __int64 Low = i > 0 ? Big->Word[i - 1] : 0;

        Big->Word[i + Words] = Rest != 0 ? High << Rest | Low >> (64 - Rest) : High;
    }
    for (i = 0; i < Words; i++) {
        Big->Word[i] = 0;
    }
    Big->Count += Words + 1;
    while (Big->Count > 0 && Big->Word[Big->Count - 1] == 0) {
        Big->Count--;
    }
}

static int
Compare(const BIG *a, const BIG *b)
{
    int i;

    if (a->Count != b->Count) {
        return a->Count < b->Count ? -1 : 1;
    }
    for (i = a->Count - 1; i >= 0; i--) {
        if (a->Word[i] != b->Word[i]) {
            return a->Word[i] < b->Word[i] ? -1 : 1;
        }
    }
    return 0;
}

static void
Subtract(BIG *a, const BIG *b)
{
    unsigned __int64 Borrow = 0;
    int i;

    for (i = 0; i < a->Count; i++) {
        unsigned __int64 Take = i < b->Count ? b->Word[i] : 0;
        unsigned __int64 Old = a->Word[i];

        a->Word[i] = Old - Take - Borrow;
        Borrow = Old < Take || (Old == Take && Borrow != 0);
    }
    while (a->Count > 0 && a->Word[a->Count - 1] == 0) {
        a->Count--;
    }
}

static double
Assemble(unsigned __int64 Raw)
{
    return *(double *)&Raw;
}

/* The format's bits of mantissa, and its exponents, with float results still held in a double. */
typedef struct {
    int Precision, Min, Max;
} FORMAT;
static const FORMAT Double = {53, -1022, 1023}, Single = {24, -126, 127};

/* Quotient * 2^Exponent, Quotient at most 53 bits: exact here. */
static double
Scale(unsigned __int64 Quotient, int Exponent)
{
    double Value = (double)Quotient;

    for (; Exponent > 0; Exponent--) {
        Value *= 2;
    }
    if (Exponent < -1000) { /* two exact steps: the first keeps the number normal */
        Value *= Assemble((unsigned __int64)(1023 - 1000) << 52);
        Exponent += 1000;
    }
    return Value * Assemble((unsigned __int64)(1023 + Exponent) << 52);
}

static double
Overflow(void)
{
    errno = ERANGE;
    return Assemble(0x7FF0000000000000ull);
}

static double
Divide(BIG *N, BIG *D, const FORMAT *Format, int Binary)
{
    int Shift = Bits(N) - Bits(D), Precision = Format->Precision, Exponent, Order, i;
    unsigned __int64 Quotient = 0;

    if (Shift > 0) {
        ShiftLeft(D, Shift);
    } else if (Shift < 0) {
        ShiftLeft(N, -Shift);
    }
    if (Compare(N, D) < 0) {
        ShiftLeft(N, 1);
        Shift--;
    }
    Exponent = Shift + Binary;
    if (Exponent > Format->Max) {
        return Overflow();
    }
    if (Exponent < Format->Min) {
        Precision -= Format->Min - Exponent;
        if (Precision < 0) {
            errno = ERANGE;
            return 0;
        }
    }
    for (i = 0; i < Precision; i++) {
        Quotient <<= 1;
        if (Compare(N, D) >= 0) {
            Subtract(N, D);
            Quotient |= 1;
        }
        if (N->Count != 0) {
            ShiftLeft(N, 1);
        }
    }
    /* Now N is twice the rest; with no bit taken it is the value itself, of which half a unit is D
     * doubled: the value lies below the smallest denormal's unit. */
    if (Precision == 0) {
        Order = Compare(N, D) > 0 ? 1 : 0;
    } else {
        Order = Compare(N, D);
    }
    if (Order > 0 || (Order == 0 && (Quotient & 1) != 0)) {
        Quotient++;
    }
    if (Quotient == 0) {
        errno = ERANGE;
    }
    if (Quotient == 1ull << Precision && Exponent == Format->Max) {
        return Overflow();
    }
    return Scale(Quotient, Exponent - Precision + 1);
}

static double
Convert(const char *Digits, int Count, int Sticky, int Power, const FORMAT *Format)
{
    static const double Exact[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                   1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                   1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
    BIG N = {{0}, 0}, D = {{1}, 1};
    int i;

    if (Count + Power > 310) {
        return Overflow();
    }
    if (Count + Power < -345) {
        errno = ERANGE;
        return 0;
    }
    if (Count <= 15 && !Sticky && Power >= -22 && Power <= 22 && Format == &Double) {
        unsigned __int64 Integer = 0;

        for (i = 0; i < Count; i++) {
            Integer = Integer * 10 + (Digits[i] - '0');
        }
        return Power < 0 ? (double)Integer / Exact[-Power] : (double)Integer * Exact[Power];
    }
    for (i = 0; i < Count; i++) {
        MultiplyAdd(&N, 10, Digits[i] - '0');
    }
    if (Sticky) {
        MultiplyAdd(&N, 10, 1);
        Power--;
    }
    MultiplyPower(Power >= 0 ? &N : &D, Power >= 0 ? Power : -Power);
    return Divide(&N, &D, Format, 0);
}

static int
Letter(const char *p, const char *Word)
{
    int n = 0;

    while (Word[n] != 0 && (p[n] | 32) == Word[n]) {
        n++;
    }
    return Word[n] == 0 ? n : 0;
}

static int
HexDigit(int c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    c |= 32;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static int
ParseExponent(const char **Where)
{
    const char *p = *Where;
    int Negative = *p == '-', Value = 0;

    if (*p == '+' || *p == '-') {
        p++;
    }
    if (*p < '0' || *p > '9') {
        return INT_MIN;
    }
    for (; *p >= '0' && *p <= '9'; p++) {
        if (Value < 100000) {
            Value = Value * 10 + (*p - '0');
        }
    }
    *Where = p;
    return Negative ? -Value : Value;
}

/* p is behind "0x". Returns 0 through *End if there is no digit. */
static double
ParseHex(const char *p, const char **End, const FORMAT *Format)
{
    BIG N = {{0}, 0}, D = {{1}, 1};
    unsigned __int64 Value = 0;
    int Exponent = 0, Any = 0, Point = 0, Digit, Power;

    *End = NULL;
    for (;; p++) {
        if (*p == '.' && !Point) {
            Point = 1;
            continue;
        }
        Digit = HexDigit(*p);
        if (Digit < 0) {
            break;
        }
        Any = 1;
        if (Value >> 58 == 0) {
            Value = Value << 4 | Digit;
            Exponent -= 4 * Point;
        } else {
            Value |= Digit != 0;
            Exponent += 4 * !Point;
        }
    }
    if (!Any) {
        return 0;
    }
    *End = p;
    if ((*p | 32) == 'p') {
        p++;
        Power = ParseExponent(&p);
        if (Power != INT_MIN) {
            Exponent += Power;
            *End = p;
        }
    }
    if (Value == 0) {
        return 0;
    }
    N.Word[0] = Value;
    N.Count = 1;
    return Divide(&N, &D, Format, Exponent);
}

double
CrtStrtod(const char *Text, char **End, int Float)
{
    const FORMAT *Format = Float ? &Single : &Double;
    char Digits[MAX_DIGITS];
    const char *p = Text, *Stop = Text, *HexEnd;
    int Negative, Count = 0, Power = 0, Sticky = 0, Any = 0, Point = 0, n, Exponent;
    double Value = 0;

    while (isspace((unsigned char)*p)) {
        p++;
    }
    Negative = *p == '-';
    if (*p == '+' || *p == '-') {
        p++;
    }
    if ((n = Letter(p, "infinity")) != 0 || (n = Letter(p, "inf")) != 0) {
        Value = Assemble(0x7FF0000000000000ull);
        Stop = p + n;
        goto Done;
    }
    if ((n = Letter(p, "nan")) != 0) {
        Value = Assemble(0x7FF8000000000000ull);
        Stop = p + n;
        goto Done;
    }
    if (*p == '0' && (p[1] | 32) == 'x') {
        Value = ParseHex(p + 2, &HexEnd, Format);
        if (HexEnd != NULL) {
            Stop = HexEnd;
            goto Done;
        }
    }
    for (;; p++) {
        if (*p == '.' && !Point) {
            Point = 1;
            continue;
        }
        if (*p < '0' || *p > '9') {
            break;
        }
        Any = 1;
        if (*p == '0' && Count == 0) {
            Power -= Point;
        } else if (Count < MAX_DIGITS) {
            Digits[Count++] = *p;
            Power -= Point;
        } else {
            Sticky |= *p != '0';
            Power += !Point;
        }
    }
    if (!Any) {
        goto Done;
    }
    Stop = p;
    if ((*p | 32) == 'e' || (*p | 32) == 'd') {
        p++;
        Exponent = ParseExponent(&p);
        if (Exponent != INT_MIN) {
            Power += Exponent;
            Stop = p;
        }
    }
    while (Count > 0 && Digits[Count - 1] == '0' && !Sticky) {
        Count--;
        Power++;
    }
    if (Count != 0) {
        Value = Convert(Digits, Count, Sticky, Power, Format);
    }
Done:
    if (End != NULL) {
        *End = (char *)Stop;
    }
    return Negative ? -Value : Value;
}

double
strtod(const char *Text, char **End)
{
    return CrtStrtod(Text, End, 0);
}

double
atof(const char *Text)
{
    return CrtStrtod(Text, NULL, 0);
}

double
wcstod(const wchar_t *Text, wchar_t **End)
{
    const wchar_t *Start = Text;
    char Short[128], *Narrow = Short, *Stop;
    size_t Length = 0, i;
    double Value;

    while (iswspace(*Start)) {
        Start++;
    }
    while (Start[Length] > ' ' && Start[Length] < 127) {
        Length++;
    }
    if (Length >= sizeof(Short) && (Narrow = malloc(Length + 1)) == NULL) {
        Narrow = Short;
        Length = sizeof(Short) - 1;
    }
    for (i = 0; i < Length; i++) {
        Narrow[i] = (char)Start[i];
    }
    Narrow[Length] = 0;
    Value = CrtStrtod(Narrow, &Stop, 0);
    if (End != NULL) {
        *End = (wchar_t *)(Stop == Narrow ? Text : Start + (Stop - Narrow));
    }
    if (Narrow != Short) {
        free(Narrow);
    }
    return Value;
}

double
_wtof(const wchar_t *Text)
{
    return wcstod(Text, NULL);
}

int
_atodbl(_CRT_DOUBLE *Value, char *Text)
{
    int Previous = errno, Status;

    errno = 0;
    Value->x = CrtStrtod(Text, NULL, 0);
    Status = errno != ERANGE ? 0 : Value->x == 0 ? _UNDERFLOW : _OVERFLOW;
    errno = Previous;
    return Status;
}

int
_atoflt(_CRT_FLOAT *Value, char *Text)
{
    int Previous = errno, Status;

    errno = 0;
    Value->f = (float)CrtStrtod(Text, NULL, 1);
    Status = errno != ERANGE ? 0 : Value->f == 0 ? _UNDERFLOW : _OVERFLOW;
    errno = Previous;
    return Status;
}
