/*
 * intrinsic.c - routines that MSVC makes inline and clang, with -fno-builtin, calls. [LEARN: CRT reference]
 */
#define WEAK __attribute__((weak))

WEAK unsigned short
_byteswap_ushort(unsigned short Value)
{
    return __builtin_bswap16(Value);
}
WEAK unsigned long
_byteswap_ulong(unsigned long Value)
{
    return __builtin_bswap32(Value);
}
WEAK unsigned long long
_byteswap_uint64(unsigned long long Value)
{
    return __builtin_bswap64(Value);
}
WEAK int
abs(int Value)
{
    return Value < 0 ? -Value : Value;
}
WEAK long
labs(long Value)
{
    return Value < 0 ? -Value : Value;
}
WEAK long long
_abs64(long long Value)
{
    return Value < 0 ? -Value : Value;
}
