/*
 * sort.c - qsort, bsearch and the linear searches.
 *
 * Quick sort by the middle of three, the smaller part first, so that the stack stays small; short
 * parts by insertion. Not stable, as documented. The order of comparisons is a function of the
 * input.
 */
#include "crt.h"

typedef int (*COMPARE)(const void *, const void *);
typedef int (*COMPARE_CONTEXT)(void *, const void *, const void *);

typedef struct {
    size_t Size;
    void *Function, *Context;
    int HasContext;
} ORDER;

static int
Compare(const ORDER *Order, const void *a, const void *b)
{
    if (Order->HasContext) {
        return ((COMPARE_CONTEXT)Order->Function)(Order->Context, a, b);
    }
    return ((COMPARE)Order->Function)(a, b);
}

static void
Swap(char *a, char *b, size_t Size)
{
    if (a == b) {
        return;
    }
    for (; Size >= 8; Size -= 8, a += 8, b += 8) {
        unsigned __int64 t;

        memcpy(&t, a, 8);
        memcpy(a, b, 8);
        memcpy(b, &t, 8);
    }
    for (; Size > 0; Size--, a++, b++) {
        char t = *a;

        *a = *b;
        *b = t;
    }
}

static void
Sort(char *Low, size_t Count, const ORDER *Order)
{
    size_t Size = Order->Size;

    while (Count > 8) {
        char *High = Low + (Count - 1) * Size, *Middle = Low + Count / 2 * Size;
        char *i = Low, *j = High;
        size_t Left, Right;

        if (Compare(Order, Low, Middle) > 0) {
            Swap(Low, Middle, Size);
        }
        if (Compare(Order, Middle, High) > 0) {
            Swap(Middle, High, Size);
            if (Compare(Order, Low, Middle) > 0) {
                Swap(Low, Middle, Size);
            }
        }
        Swap(Low, Middle, Size); /* the pivot stands in front, out of the way */
        for (;;) {
            do {
                i += Size;
            } while (i <= High && Compare(Order, i, Low) < 0);
            while (j > Low && Compare(Order, j, Low) > 0) {
                j -= Size;
            }
            if (i >= j) {
                break;
            }
            Swap(i, j, Size);
            j -= Size;
        }
        Swap(Low, j, Size);
        Left = (size_t)(j - Low) / Size;
        Right = Count - Left - 1;
        if (Left < Right) {
            Sort(Low, Left, Order);
            Low = j + Size;
            Count = Right;
        } else {
            Sort(j + Size, Right, Order);
            Count = Left;
        }
    }
    for (size_t n = 1; n < Count; n++) {
        for (char *p = Low + n * Size; p > Low && Compare(Order, p - Size, p) > 0; p -= Size) {
            Swap(p - Size, p, Size);
        }
    }
}

void
qsort(void *Base, size_t Count, size_t Size, COMPARE Function)
{
    ORDER Order = {Size, (void *)Function, NULL, 0};

    if (Count > 1 && Size != 0) {
        Sort(Base, Count, &Order);
    }
}

void
qsort_s(void *Base, size_t Count, size_t Size, COMPARE_CONTEXT Function, void *Context)
{
    ORDER Order = {Size, (void *)Function, Context, 1};

    if (Count > 1 && Size != 0) {
        Sort(Base, Count, &Order);
    }
}

static void *
Search(const void *Key, const void *Base, size_t Count, const ORDER *Order)
{
    const char *Low = Base;

    while (Count > 0) {
        const char *Middle = Low + Count / 2 * Order->Size;
        int Result = Compare(Order, Key, Middle);

        if (Result == 0) {
            return (void *)Middle;
        }
        if (Result > 0) {
            Low = Middle + Order->Size;
            Count -= Count / 2 + 1;
        } else {
            Count /= 2;
        }
    }
    return NULL;
}

void *
bsearch(const void *Key, const void *Base, size_t Count, size_t Size, COMPARE Function)
{
    ORDER Order = {Size, (void *)Function, NULL, 0};

    return Search(Key, Base, Count, &Order);
}

void *
bsearch_s(const void *Key, const void *Base, size_t Count, size_t Size, COMPARE_CONTEXT Function,
          void *Context)
{
    ORDER Order = {Size, (void *)Function, Context, 1};

    return Search(Key, Base, Count, &Order);
}

void *
_lfind(const void *Key, const void *Base, unsigned int *Count, unsigned int Size, COMPARE Function)
{
    const char *p = Base;
    unsigned int i;

    for (i = 0; i < *Count; i++, p += Size) {
        if (Function(Key, p) == 0) {
            return (void *)p;
        }
    }
    return NULL;
}

void *
_lsearch(const void *Key, void *Base, unsigned int *Count, unsigned int Size, COMPARE Function)
{
    void *Found = _lfind(Key, Base, Count, Size, Function);

    if (Found == NULL) {
        Found = (char *)Base + (size_t)*Count * Size;
        memcpy(Found, Key, Size);
        ++*Count;
    }
    return Found;
}
