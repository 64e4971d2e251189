/* number.c - integers and narrow text (number.inc), and integer arithmetic. */
#include "crt.h"
#include "crtdata.h"

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

/*
 * Documented: RtlGenRandom, which advapi32 exports as SystemFunction036, makes the number. Where
 * that is not there, time, process and a counter are mixed: not secret, and a run can be repeated.
 */
errno_t
rand_s(unsigned int *Value)
{
    BOOLEAN(WINAPI * Generate)(void *, ULONG);
    HMODULE Module = LoadLibraryW(L"advapi32.dll");
    unsigned __int64 Mixed;
    FILETIME Now;

    if (Value == NULL) {
        return errno = EINVAL;
    }
    Generate = Module != NULL ? (void *)GetProcAddress(Module, "SystemFunction036") : NULL;
    if (Generate != NULL && Generate(Value, sizeof(*Value))) {
        return 0;
    }
    GetSystemTimeAsFileTime(&Now);
    _lock(CRT_LOCK_TIME);
    Mixed = ++CrtRandomCounter;
    _unlock(CRT_LOCK_TIME);
    Mixed += ((unsigned __int64)Now.dwHighDateTime << 32 | Now.dwLowDateTime) ^
             (unsigned __int64)GetCurrentProcessId() << 40;
    Mixed = (Mixed ^ Mixed >> 31) * 0x9E3779B97F4A7C15ull;
    Mixed = (Mixed ^ Mixed >> 29) * 0xBF58476D1CE4E5B9ull;
    *Value = (unsigned int)(Mixed >> 32);
    return 0;
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
