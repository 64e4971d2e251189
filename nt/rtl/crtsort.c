/*
 * crtsort.c - sorting and searching arrays, memory of known size, the C run time's random numbers.
 *
 * qsort is a heap sort: in place, no recursion on a kernel stack, and the same steps everywhere. It
 * is not stable; neither is Windows'.
 *
 * Source: ISO C 7.22.5, 7.24.5.1; Microsoft Learn, "CRT reference": memcpy_s, memmove_s, qsort_s,
 * bsearch_s.
 */
#include "nt/rtl/rtlp.h"
#include <stdlib.h>

typedef int(RTLP_COMPARE)(void *, const void *, const void *);
typedef int(RTLP_PLAIN_COMPARE)(const void *, const void *);

static int
RtlpPlain(void *Context, const void *A, const void *B)
{
    return ((RTLP_PLAIN_COMPARE *)Context)(A, B);
}

static void
RtlpExchange(UCHAR *A, UCHAR *B, size_t Size)
{
    while (Size-- != 0) {
        UCHAR Byte = *A;

        *A++ = *B;
        *B++ = Byte;
    }
}

static void
RtlpSiftDown(UCHAR *Base, size_t Root, size_t Count, size_t Size, RTLP_COMPARE *Compare,
             void *Context)
{
    size_t Child;

    while ((Child = 2 * Root + 1) < Count) {
        if (Child + 1 < Count &&
            Compare(Context, Base + Child * Size, Base + (Child + 1) * Size) < 0) {
            Child++;
        }
        if (Compare(Context, Base + Root * Size, Base + Child * Size) >= 0) {
            break;
        }
        RtlpExchange(Base + Root * Size, Base + Child * Size, Size);
        Root = Child;
    }
}

void
qsort_s(void *Base, size_t Count, size_t Size, RTLP_COMPARE *Compare, void *Context)
{
    size_t Index;

    for (Index = Count / 2; Index-- > 0;) {
        RtlpSiftDown(Base, Index, Count, Size, Compare, Context);
    }
    for (Index = Count; Index-- > 1;) {
        RtlpExchange(Base, (UCHAR *)Base + Index * Size, Size);
        RtlpSiftDown(Base, 0, Index, Size, Compare, Context);
    }
}

void
qsort(void *Base, size_t Count, size_t Size, RTLP_PLAIN_COMPARE *Compare)
{
    qsort_s(Base, Count, Size, RtlpPlain, Compare);
}

void *
bsearch_s(const void *Key, const void *Base, size_t Count, size_t Size, RTLP_COMPARE *Compare,
          void *Context)
{
    size_t Low = 0, High = Count;

    while (Low < High) {
        size_t Middle = Low + (High - Low) / 2;
        const UCHAR *Entry = (const UCHAR *)Base + Middle * Size;
        int Order = Compare(Context, Key, Entry);

        if (Order == 0) {
            return (void *)Entry;
        }
        if (Order < 0) {
            High = Middle;
        } else {
            Low = Middle + 1;
        }
    }
    return NULL;
}

void *
bsearch(const void *Key, const void *Base, size_t Count, size_t Size, RTLP_PLAIN_COMPARE *Compare)
{
    return bsearch_s(Key, Base, Count, Size, RtlpPlain, Compare);
}

void *
memchr(const void *Buffer, int Byte, size_t Count)
{
    const UCHAR *Each = Buffer;

    for (; Count != 0; Count--, Each++) {
        if (*Each == (UCHAR)Byte) {
            return (void *)Each;
        }
    }
    return NULL;
}

#define CRT_EINVAL 22
#define CRT_ERANGE 34

errno_t
memcpy_s(void *Target, size_t Room, const void *Source, size_t Count)
{
    if (Count == 0) {
        return 0;
    }
    if (Target == NULL) {
        return CRT_EINVAL;
    }
    if (Source == NULL || Count > Room) {
        memset(Target, 0, Room);
        return Source == NULL ? CRT_EINVAL : CRT_ERANGE;
    }
    memcpy(Target, Source, Count);
    return 0;
}

errno_t
memmove_s(void *Target, size_t Room, const void *Source, size_t Count)
{
    if (Count == 0) {
        return 0;
    }
    if (Target == NULL || Source == NULL) {
        return CRT_EINVAL;
    }
    if (Count > Room) {
        return CRT_ERANGE;
    }
    memmove(Target, Source, Count);
    return 0;
}

void
srand(unsigned Seed)
{
    RtlpRandSeed = Seed;
}

/* 15 bits of a linear congruential sequence, as the C standard's example; not Windows' numbers. */
int
rand(void)
{
    RtlpRandSeed = RtlpRandSeed * 1103515245 + 12345;
    return (int)(RtlpRandSeed >> 16 & 0x7FFF);
}
