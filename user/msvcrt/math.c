/*
 * math.c - mathematical functions that mingw-w64's libraries have for long double only, and the few
 * of Microsoft's own names.
 *
 * long double has 64 bits of mantissa here, so the results are right to little more than half a
 * unit in the last place of a double. All others are mingw-w64's own (NOTICE, msvcrt.def). Partial:
 * the Bessel functions are not there.
 */
#include "crt.h"
#include "crtdata.h"

struct _complex {
    double x, y;
};

long double acosl(long double);
long double asinl(long double);
long double atanl(long double);
long double coshl(long double);
long double sinhl(long double);
long double tanhl(long double);
long double tanl(long double);
long double log10l(long double);

static unsigned __int64
Raw(double Value)
{
    return *(unsigned __int64 *)&Value;
}

static double
Make(unsigned __int64 Bits)
{
    return *(double *)&Bits;
}

#define THROUGH(name)                                                                              \
    double name(double Value)                                                                      \
    {                                                                                              \
        return (double)name##l(Value);                                                             \
    }

THROUGH(acos)
THROUGH(asin)
THROUGH(atan)
THROUGH(cosh)
THROUGH(sinh)
THROUGH(tanh)
THROUGH(tan)
THROUGH(log10)

/* Value = result * 2^Exponent, result in [0.5, 1). */
double
frexp(double Value, int *Exponent)
{
    unsigned __int64 Bits = Raw(Value);
    int Field = (int)(Bits >> 52 & 0x7FF);

    *Exponent = 0;
    if (Field == 0x7FF || (Bits << 1) == 0) {
        return Value;
    }
    if (Field == 0) {
        Bits = Raw(Value * 18014398509481984.0); /* 2^54 */
        Field = (int)(Bits >> 52 & 0x7FF) - 54;
    }
    *Exponent = Field - 1022;
    return Make((Bits & 0x800FFFFFFFFFFFFFull) | 0x3FE0000000000000ull);
}

double
_nextafter(double From, double To)
{
    unsigned __int64 Bits = Raw(From);

    if (_isnan(From) || _isnan(To)) {
        return From + To;
    }
    if (From == To) {
        return To;
    }
    if (From == 0) {
        return Make(1 | (Raw(To) & 0x8000000000000000ull));
    }
    return Make((From < To) == (From > 0) ? Bits + 1 : Bits - 1);
}

/* The squares of doubles fit in the range of long double, so nothing overflows on the way. */
double
_hypot(double x, double y)
{
    long double Square = (long double)x * x + (long double)y * y;

    if ((Raw(x) << 1) == 0xFFE0000000000000ull || (Raw(y) << 1) == 0xFFE0000000000000ull) {
        return Make(0x7FF0000000000000ull);
    }
    __asm__("fsqrt" : "+t"(Square));
    return (double)Square;
}

float
_hypotf(float x, float y)
{
    return (float)_hypot(x, y);
}

/* Where mingw-w64's functions report an error of domain or range: the client's own handler, if any.
 */
void
__mingw_raise_matherr(int Type, const char *Name, double First, double Second, double Result)
{
    struct {
        int Type;
        const char *Name;
        double First, Second, Result;
    } Error = {Type, Name, First, Second, Result};

    if (CrtMathError != NULL) {
        ((int (*)(void *))CrtMathError)(&Error);
    }
}

double
_cabs(struct _complex Value)
{
    return _hypot(Value.x, Value.y);
}
