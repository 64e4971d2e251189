/*
 * float.c - floating-point control and the classification functions.
 *
 * On x64 the state is MXCSR. The abstract word of _controlfp and MXCSR are translated bit by bit;
 * the precision cannot be changed there (documented). The mathematical functions themselves are
 * mingw-w64's; see NOTICE.
 */
#include "crt.h"

static unsigned int
ReadMxcsr(void)
{
    unsigned int Value;

    __asm__ volatile("stmxcsr %0" : "=m"(Value));
    return Value;
}

static void
WriteMxcsr(unsigned int Value)
{
    __asm__ volatile("ldmxcsr %0" : : "m"(Value));
}

/* Exceptions: MXCSR has them in this order, status from bit 0, masks from bit 7. */
static const unsigned int Masks[6] = {_EM_INVALID,  _EM_DENORMAL,  _EM_ZERODIVIDE,
                                      _EM_OVERFLOW, _EM_UNDERFLOW, _EM_INEXACT};
static const unsigned int Roundings[4] = {_RC_NEAR, _RC_DOWN, _RC_UP, _RC_CHOP};

static unsigned int
Abstract(unsigned int Mxcsr)
{
    unsigned int Value = Roundings[Mxcsr >> 13 & 3] | _PC_64, i;

    for (i = 0; i < 6; i++) {
        if ((Mxcsr >> (7 + i) & 1) != 0) {
            Value |= Masks[i];
        }
    }
    if ((Mxcsr & 0x8000) != 0) {
        Value |= _DN_FLUSH;
    }
    return Value;
}

unsigned int
_control87(unsigned int New, unsigned int Mask)
{
    unsigned int Mxcsr = ReadMxcsr(), Value = Abstract(Mxcsr), i;

    Mask &= _MCW_EM | _MCW_RC | _MCW_DN;
    if (Mask != 0) {
        Value = (Value & ~Mask) | (New & Mask);
        Mxcsr &= ~(0x1F80u | 0x6000u);
        for (i = 0; i < 6; i++) {
            if ((Value & Masks[i]) != 0) {
                Mxcsr |= 1u << (7 + i);
            }
        }
        for (i = 0; i < 4; i++) {
            if ((Value & _MCW_RC) == Roundings[i]) {
                Mxcsr |= i << 13;
            }
        }
        if ((Mask & _MCW_DN) != 0) {
            Mxcsr &= ~0x8040u;
            if ((Value & _MCW_DN) == _DN_FLUSH) {
                Mxcsr |= 0x8040;
            }
        }
        WriteMxcsr(Mxcsr & ~0x3Fu);
    }
    return Value;
}

/* The same without the mask for denormal operands (documented). */
unsigned int
_controlfp(unsigned int New, unsigned int Mask)
{
    return _control87(New, Mask & ~_EM_DENORMAL);
}

errno_t
_controlfp_s(unsigned int *Current, unsigned int New, unsigned int Mask)
{
    unsigned int Value = _controlfp(New, Mask);

    if (Current != NULL) {
        *Current = Value;
    }
    return 0;
}

unsigned int
_statusfp(void)
{
    unsigned int Mxcsr = ReadMxcsr(), Value = 0, i;

    for (i = 0; i < 6; i++) {
        if ((Mxcsr >> i & 1) != 0) {
            Value |= Masks[i]; /* _SW_... have the values of _EM_... */
        }
    }
    return Value;
}

unsigned int
_clearfp(void)
{
    unsigned int Value = _statusfp();

    WriteMxcsr(ReadMxcsr() & ~0x3Fu);
    return Value;
}

void
_fpreset(void)
{
    WriteMxcsr(0x1F80);
    __asm__ volatile("fninit");
}

static unsigned __int64
Raw(double Value)
{
    return *(unsigned __int64 *)&Value;
}

int
_finite(double Value)
{
    return (Raw(Value) >> 52 & 0x7FF) != 0x7FF;
}

int
_isnan(double Value)
{
    return (Raw(Value) & 0x7FFFFFFFFFFFFFFFull) > 0x7FF0000000000000ull;
}

int
_fpclass(double Value)
{
    unsigned __int64 Bits = Raw(Value), Size = Bits & 0x7FFFFFFFFFFFFFFFull;
    int Negative = (int)(Bits >> 63);

    if (Size > 0x7FF0000000000000ull) {
        return (Bits & 0x0008000000000000ull) != 0 ? _FPCLASS_QNAN : _FPCLASS_SNAN;
    }
    if (Size == 0x7FF0000000000000ull) {
        return Negative ? _FPCLASS_NINF : _FPCLASS_PINF;
    }
    if (Size == 0) {
        return Negative ? _FPCLASS_NZ : _FPCLASS_PZ;
    }
    if (Size < 0x0010000000000000ull) {
        return Negative ? _FPCLASS_ND : _FPCLASS_PD;
    }
    return Negative ? _FPCLASS_NN : _FPCLASS_PN;
}

double
_copysign(double Value, double Sign)
{
    unsigned __int64 Bits =
        (Raw(Value) & 0x7FFFFFFFFFFFFFFFull) | (Raw(Sign) & 0x8000000000000000ull);

    return *(double *)&Bits;
}

double
_chgsign(double Value)
{
    unsigned __int64 Bits = Raw(Value) ^ 0x8000000000000000ull;

    return *(double *)&Bits;
}

/* The float forms. */
int
_finitef(float Value)
{
    return _finite(Value);
}

int
_isnanf(float Value)
{
    return _isnan(Value);
}

int
_fpclassf(float Value)
{
    unsigned int Size = *(unsigned int *)&Value & 0x7FFFFFFF;

    if (Size != 0 && Size < 0x00800000) { /* a denormal float is a normal double */
        return *(int *)&Value < 0 ? _FPCLASS_ND : _FPCLASS_PD;
    }
    return _fpclass(Value);
}

float
_copysignf(float Value, float Sign)
{
    return (float)_copysign(Value, Sign);
}

float
_chgsignf(float Value)
{
    return (float)_chgsign(Value);
}
