/*
 * hash.c - SHA-256 (FIPS 180-4), by which a report names the files it is about. Each report hashes the kernel's image, some 13 MB: with the
 * processor's instructions for it, where it has them (Intel's Software Developer's Manual, SHA256RNDS2, SHA256MSG1, SHA256MSG2).
 */
#include <cpuid.h>
#include <immintrin.h>
#include <string.h>
#include "host/report/report.h"

static const uint32_t constants[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

static uint32_t
rotate(uint32_t value, int bits)
{
    return value >> bits | value << (32 - bits);
}

/* Instead of moving a to h one place on in each round, the round begins one place earlier. `j` is a constant where it is unrolled. */
static inline __attribute__((always_inline)) void
one_round(uint32_t a[8], int j, uint32_t added)
{
    const uint32_t one = a[-j & 7], two = a[(1 - j) & 7], three = a[(2 - j) & 7];
    const uint32_t five = a[(4 - j) & 7], six = a[(5 - j) & 7], seven = a[(6 - j) & 7];
    uint32_t s1 = rotate(five, 6) ^ rotate(five, 11) ^ rotate(five, 25);
    uint32_t t1 = a[(7 - j) & 7] + s1 + ((five & six) ^ (~five & seven)) + added;
    uint32_t s0 = rotate(one, 2) ^ rotate(one, 13) ^ rotate(one, 22);
    uint32_t t2 = s0 + ((one & two) ^ (one & three) ^ (two & three));

    a[(3 - j) & 7] += t1;
    a[(7 - j) & 7] = t1 + t2;
}

static void
block(uint32_t state[8], const uint8_t *data)
{
    uint32_t w[64], a[8];

    for (int i = 0; i < 16; i++) {
        w[i] = (uint32_t)data[4 * i] << 24 | (uint32_t)data[4 * i + 1] << 16 |
               (uint32_t)data[4 * i + 2] << 8 | data[4 * i + 3];
    }
    for (int i = 16; i < 64; i++) {
        uint32_t s0 = rotate(w[i - 15], 7) ^ rotate(w[i - 15], 18) ^ w[i - 15] >> 3;
        uint32_t s1 = rotate(w[i - 2], 17) ^ rotate(w[i - 2], 19) ^ w[i - 2] >> 10;

        w[i] = w[i - 16] + s0 + w[i - 7] + s1;
    }
    memcpy(a, state, sizeof(a));
    for (int i = 0; i < 64; i += 8) {
#pragma GCC unroll 8
        for (int j = 0; j < 8; j++) {
            one_round(a, j, constants[i + j] + w[i + j]);
        }
    }
    for (int i = 0; i < 8; i++) {
        state[i] += a[i];
    }
}

static void
blocks_by_hand(uint32_t state[8], const uint8_t *data, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        block(state, data + 64 * i);
    }
}

/* Two registers hold the state, as a b e f and c d g h from the top; four hold the last 16 words. */
__attribute__((target("sha,sse4.1,ssse3"))) static void
blocks_by_processor(uint32_t state[8], const uint8_t *data, size_t count)
{
    const __m128i swap = _mm_set_epi64x(0x0c0d0e0f08090a0b, 0x0405060700010203);
    __m128i abcd = _mm_shuffle_epi32(_mm_loadu_si128((const __m128i *)state), 0xB1);
    __m128i efgh = _mm_shuffle_epi32(_mm_loadu_si128((const __m128i *)(state + 4)), 0x1B);
    __m128i abef = _mm_alignr_epi8(abcd, efgh, 8), cdgh = _mm_blend_epi16(efgh, abcd, 0xF0);

    for (; count > 0; count--, data += 64) {
        const __m128i abef_before = abef, cdgh_before = cdgh;
        __m128i w[4];

        for (int i = 0; i < 16; i++) {
            __m128i next;

            if (i < 4) {
                next = _mm_loadu_si128((const __m128i *)(data + 16 * i));
                w[i] = _mm_shuffle_epi8(next, swap);
            } else {
                next = _mm_alignr_epi8(w[(i - 1) & 3], w[(i - 2) & 3], 4);
                next = _mm_add_epi32(_mm_sha256msg1_epu32(w[i & 3], w[(i - 3) & 3]), next);
                w[i & 3] = _mm_sha256msg2_epu32(next, w[(i - 1) & 3]);
            }
            next = _mm_add_epi32(w[i & 3], _mm_loadu_si128((const __m128i *)(constants + 4 * i)));
            cdgh = _mm_sha256rnds2_epu32(cdgh, abef, next);
            abef = _mm_sha256rnds2_epu32(abef, cdgh, _mm_shuffle_epi32(next, 0x0E));
        }
        abef = _mm_add_epi32(abef, abef_before);
        cdgh = _mm_add_epi32(cdgh, cdgh_before);
    }
    abcd = _mm_shuffle_epi32(abef, 0x1B);
    efgh = _mm_shuffle_epi32(cdgh, 0xB1);
    _mm_storeu_si128((__m128i *)state, _mm_blend_epi16(abcd, efgh, 0xF0));
    _mm_storeu_si128((__m128i *)(state + 4), _mm_alignr_epi8(efgh, abcd, 8));
}

static bool
processor_can(void)
{
    uint32_t a, b, c, d;

    return __get_cpuid(1, &a, &b, &c, &d) && (c & bit_SSSE3) != 0 && (c & bit_SSE4_1) != 0 &&
           __get_cpuid_count(7, 0, &a, &b, &c, &d) && (b & bit_SHA) != 0;
}

static void
hash(void (*blocks)(uint32_t state[8], const uint8_t *data, size_t count), const void *data,
     size_t size, uint8_t digest[32])
{
    uint32_t state[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                         0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
    size_t whole = size / 64, rest = size % 64, tail_size = rest < 56 ? 64 : 128;
    uint8_t tail[128] = {0};

    blocks(state, data, whole);
    if (rest != 0) {
        memcpy(tail, (const uint8_t *)data + 64 * whole, rest);
    }
    tail[rest] = 0x80;
    for (int i = 0; i < 8; i++) {
        tail[tail_size - 1 - i] = (uint8_t)((uint64_t)size * 8 >> 8 * i);
    }
    blocks(state, tail, tail_size / 64);
    for (int i = 0; i < 32; i++) {
        digest[i] = (uint8_t)(state[i / 4] >> (24 - 8 * (i % 4)));
    }
}

void
report_hash(const void *data, size_t size, uint8_t digest[32])
{
    hash(processor_can() ? blocks_by_processor : blocks_by_hand, data, size, digest);
}

void
report_hash_by_hand(const void *data, size_t size, uint8_t digest[32])
{
    hash(blocks_by_hand, data, size, digest);
}
