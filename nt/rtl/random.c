/*
 * random.c - numbers that look random, and a checksum. All state is the caller's seed.
 *
 * Source: Microsoft Learn: RtlRandom, RtlRandomEx, RtlUniform (ntifs.h), which name Lehmer's
 * algorithm; CRC-32 of IEEE 802.3.
 */
#include "nt/rtl/rtlp.h"

/* A linear congruential step modulo 2^31 - 1. */
ULONG NTAPI
RtlUniform(PULONG Seed)
{
    *Seed = (ULONG)(((ULONG64)*Seed * 0x7FFFFFED + 0x7FFFFFC3) % 0x7FFFFFFF);
    return *Seed;
}

/*
 * Windows shuffles through a table that all callers share; here what a caller gets depends on its
 * own seed alone. Two steps, so that the number does not give away the seed.
 */
ULONG NTAPI
RtlRandom(PULONG Seed)
{
    ULONG First = RtlUniform(Seed);

    return (ULONG)(((ULONG64)First * 48271 + RtlUniform(Seed)) % 0x7FFFFFFF);
}

ULONG NTAPI
RtlRandomEx(PULONG Seed)
{
    return RtlRandom(Seed);
}

ULONG NTAPI
RtlComputeCrc32(ULONG PartialCrc, const UCHAR *Buffer, ULONG Length)
{
    ULONG Crc = ~PartialCrc, Bit;

    while (Length-- != 0) {
        Crc ^= *Buffer++;
        for (Bit = 0; Bit < 8; Bit++) {
            Crc = Crc >> 1 ^ (Crc & 1 ? 0xEDB88320 : 0);
        }
    }
    return ~Crc;
}

#undef RtlUshortByteSwap
#undef RtlUlongByteSwap
#undef RtlUlonglongByteSwap

USHORT NTAPI
RtlUshortByteSwap(USHORT Source)
{
    return __builtin_bswap16(Source);
}

ULONG NTAPI
RtlUlongByteSwap(ULONG Source)
{
    return __builtin_bswap32(Source);
}

ULONGLONG NTAPI
RtlUlonglongByteSwap(ULONGLONG Source)
{
    return __builtin_bswap64(Source);
}
