/*
 * digest.h - MD5, SHA-1 and SHA-256, for advapi32 and bcrypt. [RFC 1321, FIPS 180-4]
 *
 * All three fill blocks of 64 bytes and end with a one bit, zeros, and the length in bits: little-endian in MD5, big-endian
 * in the others.
 */
#ifndef USER_INC_DIGEST_H
#define USER_INC_DIGEST_H

typedef enum _UM_DIGEST_KIND {
    UmMd5,
    UmSha1,
    UmSha256,
} UM_DIGEST_KIND;

typedef struct _UM_DIGEST {
    UM_DIGEST_KIND Kind;
    ULONG State[8];
    ULONG64 Bytes;
    UCHAR Block[64];
} UM_DIGEST, *PUM_DIGEST;

static inline ULONG
UmDigestLength(UM_DIGEST_KIND Kind)
{
    return Kind == UmMd5 ? 16 : Kind == UmSha1 ? 20 : 32;
}

static inline VOID
UmDigestInit(PUM_DIGEST Digest, UM_DIGEST_KIND Kind)
{
    static const ULONG Old[8] = {0x67452301, 0xEFCDAB89, 0x98BADCFE, 0x10325476, 0xC3D2E1F0};
    static const ULONG New[8] = {0x6A09E667, 0xBB67AE85, 0x3C6EF372, 0xA54FF53A,
                                 0x510E527F, 0x9B05688C, 0x1F83D9AB, 0x5BE0CD19};

    Digest->Kind = Kind;
    Digest->Bytes = 0;
    RtlCopyMemory(Digest->State, Kind == UmSha256 ? New : Old, sizeof(Digest->State));
}

static inline VOID
UmMd5Block(PULONG State, const ULONG *Word)
{
    static const UCHAR Shift[4][4] = {
        {7, 12, 17, 22}, {5, 9, 14, 20}, {4, 11, 16, 23}, {6, 10, 15, 21}};
    static const ULONG Sine[64] = {
        0xD76AA478, 0xE8C7B756, 0x242070DB, 0xC1BDCEEE, 0xF57C0FAF, 0x4787C62A, 0xA8304613,
        0xFD469501, 0x698098D8, 0x8B44F7AF, 0xFFFF5BB1, 0x895CD7BE, 0x6B901122, 0xFD987193,
        0xA679438E, 0x49B40821, 0xF61E2562, 0xC040B340, 0x265E5A51, 0xE9B6C7AA, 0xD62F105D,
        0x02441453, 0xD8A1E681, 0xE7D3FBC8, 0x21E1CDE6, 0xC33707D6, 0xF4D50D87, 0x455A14ED,
        0xA9E3E905, 0xFCEFA3F8, 0x676F02D9, 0x8D2A4C8A, 0xFFFA3942, 0x8771F681, 0x6D9D6122,
        0xFDE5380C, 0xA4BEEA44, 0x4BDECFA9, 0xF6BB4B60, 0xBEBFBC70, 0x289B7EC6, 0xEAA127FA,
        0xD4EF3085, 0x04881D05, 0xD9D4D039, 0xE6DB99E5, 0x1FA27CF8, 0xC4AC5665, 0xF4292244,
        0x432AFF97, 0xAB9423A7, 0xFC93A039, 0x655B59C3, 0x8F0CCC92, 0xFFEFF47D, 0x85845DD1,
        0x6FA87E4F, 0xFE2CE6E0, 0xA3014314, 0x4E0811A1, 0xF7537E82, 0xBD3AF235, 0x2AD7D2BB,
        0xEB86D391};
    ULONG A = State[0], B = State[1], C = State[2], D = State[3];

    for (ULONG i = 0; i < 64; i++) {
        ULONG Round = i / 16, F, Index, Sum;

        switch (Round) {
        case 0:
            F = (B & C) | (~B & D);
            Index = i;
            break;
        case 1:
            F = (D & B) | (~D & C);
            Index = (5 * i + 1) % 16;
            break;
        case 2:
            F = B ^ C ^ D;
            Index = (3 * i + 5) % 16;
            break;
        default:
            F = C ^ (B | ~D);
            Index = 7 * i % 16;
            break;
        }
        Sum = A + F + Sine[i] + Word[Index];
        A = D;
        D = C;
        C = B;
        B += _rotl(Sum, Shift[Round][i % 4]);
    }
    State[0] += A;
    State[1] += B;
    State[2] += C;
    State[3] += D;
}

static inline VOID
UmSha1Block(PULONG State, const ULONG *Block)
{
    ULONG Word[80], A = State[0], B = State[1], C = State[2], D = State[3], E = State[4];

    for (ULONG i = 0; i < 80; i++) {
        ULONG F, K, Sum;

        Word[i] = i < 16 ? __builtin_bswap32(Block[i])
                         : _rotl(Word[i - 3] ^ Word[i - 8] ^ Word[i - 14] ^ Word[i - 16], 1);
        F = i < 20              ? (B & C) | (~B & D)
            : i < 40 || i >= 60 ? B ^ C ^ D
                                : (B & C) | (B & D) | (C & D);
        K = i < 20 ? 0x5A827999 : i < 40 ? 0x6ED9EBA1 : i < 60 ? 0x8F1BBCDC : 0xCA62C1D6;
        Sum = _rotl(A, 5) + F + E + K + Word[i];
        E = D;
        D = C;
        C = _rotl(B, 30);
        B = A;
        A = Sum;
    }
    State[0] += A;
    State[1] += B;
    State[2] += C;
    State[3] += D;
    State[4] += E;
}

static inline VOID
UmSha256Block(PULONG State, const ULONG *Block)
{
    static const ULONG Root[64] = {
        0x428A2F98, 0x71374491, 0xB5C0FBCF, 0xE9B5DBA5, 0x3956C25B, 0x59F111F1, 0x923F82A4,
        0xAB1C5ED5, 0xD807AA98, 0x12835B01, 0x243185BE, 0x550C7DC3, 0x72BE5D74, 0x80DEB1FE,
        0x9BDC06A7, 0xC19BF174, 0xE49B69C1, 0xEFBE4786, 0x0FC19DC6, 0x240CA1CC, 0x2DE92C6F,
        0x4A7484AA, 0x5CB0A9DC, 0x76F988DA, 0x983E5152, 0xA831C66D, 0xB00327C8, 0xBF597FC7,
        0xC6E00BF3, 0xD5A79147, 0x06CA6351, 0x14292967, 0x27B70A85, 0x2E1B2138, 0x4D2C6DFC,
        0x53380D13, 0x650A7354, 0x766A0ABB, 0x81C2C92E, 0x92722C85, 0xA2BFE8A1, 0xA81A664B,
        0xC24B8B70, 0xC76C51A3, 0xD192E819, 0xD6990624, 0xF40E3585, 0x106AA070, 0x19A4C116,
        0x1E376C08, 0x2748774C, 0x34B0BCB5, 0x391C0CB3, 0x4ED8AA4A, 0x5B9CCA4F, 0x682E6FF3,
        0x748F82EE, 0x78A5636F, 0x84C87814, 0x8CC70208, 0x90BEFFFA, 0xA4506CEB, 0xBEF9A3F7,
        0xC67178F2};
    ULONG Word[64], S[8];

    RtlCopyMemory(S, State, sizeof(S));
    for (ULONG i = 0; i < 64; i++) {
        ULONG First, Second;

        if (i < 16) {
            Word[i] = __builtin_bswap32(Block[i]);
        } else {
            ULONG X = Word[i - 15], Y = Word[i - 2];

            Word[i] = Word[i - 16] + (_rotr(X, 7) ^ _rotr(X, 18) ^ X >> 3) + Word[i - 7] +
                      (_rotr(Y, 17) ^ _rotr(Y, 19) ^ Y >> 10);
        }
        First = S[7] + (_rotr(S[4], 6) ^ _rotr(S[4], 11) ^ _rotr(S[4], 25)) +
                ((S[4] & S[5]) ^ (~S[4] & S[6])) + Root[i] + Word[i];
        Second = (_rotr(S[0], 2) ^ _rotr(S[0], 13) ^ _rotr(S[0], 22)) +
                 ((S[0] & S[1]) ^ (S[0] & S[2]) ^ (S[1] & S[2]));
        RtlMoveMemory(&S[1], &S[0], 7 * sizeof(ULONG));
        S[4] += First;
        S[0] = First + Second;
    }
    for (ULONG i = 0; i < 8; i++) {
        State[i] += S[i];
    }
}

static inline VOID
UmDigestUpdate(PUM_DIGEST Digest, const VOID *Data, SIZE_T Length)
{
    const UCHAR *At = Data;

    while (Length != 0) {
        ULONG Filled = (ULONG)(Digest->Bytes % 64), Take = (ULONG)min(Length, 64 - Filled);

        RtlCopyMemory(Digest->Block + Filled, At, Take);
        Digest->Bytes += Take;
        At += Take;
        Length -= Take;
        if (Digest->Bytes % 64 == 0) {
            (Digest->Kind == UmMd5    ? UmMd5Block
             : Digest->Kind == UmSha1 ? UmSha1Block
                                      : UmSha256Block)(Digest->State, (const ULONG *)Digest->Block);
        }
    }
}

static inline VOID
UmDigestFinal(PUM_DIGEST Digest, PUCHAR Out)
{
    static const UCHAR One[64] = {0x80};
    ULONG64 Bits = Digest->Bytes * 8;

    UmDigestUpdate(Digest, One, 1 + (119 - Digest->Bytes % 64) % 64);
    Bits = Digest->Kind == UmMd5 ? Bits : __builtin_bswap64(Bits);
    UmDigestUpdate(Digest, &Bits, 8);
    for (ULONG i = 0; i < UmDigestLength(Digest->Kind) / 4; i++) {
        ULONG Word = Digest->Kind == UmMd5 ? Digest->State[i] : __builtin_bswap32(Digest->State[i]);

        RtlCopyMemory(Out + 4 * i, &Word, 4);
    }
}

#endif
