/* number.c - integers and narrow text (number.inc), and integer arithmetic. */
#include "crt.h"

#define CH              char
#define F(narrow, wide) narrow
#include "number.inc"

int
abs(int Value)
{
    return Value < 0 ? -Value : Value;
}

long
labs(long Value)
{
    return Value < 0 ? -Value : Value;
}

__int64
_abs64(__int64 Value)
{
    return Value < 0 ? -Value : Value;
}

div_t
div(int Numerator, int Denominator)
{
    div_t Result = {Numerator / Denominator, Numerator % Denominator};

    return Result;
}

ldiv_t
ldiv(long Numerator, long Denominator)
{
    ldiv_t Result = {Numerator / Denominator, Numerator % Denominator};

    return Result;
}

/* Microsoft's documented generator: one state for each thread, 1 until srand. */
void
srand(unsigned int Seed)
{
    CrtThread()->RandState = Seed;
}

int
rand(void)
{
    PCRT_THREAD Thread = CrtThread();

    Thread->RandState = Thread->RandState * 214013 + 2531011;
    return (Thread->RandState >> 16) & RAND_MAX;
}

unsigned int
CrtRotl(unsigned int Value, int Count)
{
    return Value << (Count & 31) | Value >> (-Count & 31);
}

unsigned int
CrtRotr(unsigned int Value, int Count)
{
    return Value >> (Count & 31) | Value << (-Count & 31);
}

unsigned __int64
CrtRotl64(unsigned __int64 Value, int Count)
{
    return Value << (Count & 63) | Value >> (-Count & 63);
}

unsigned __int64
CrtRotr64(unsigned __int64 Value, int Count)
{
    return Value >> (Count & 63) | Value << (-Count & 63);
}
