/*
 * memory.c - blocks of bytes. memcpy allows overlap, as msvcrt's has since Windows 7 by sharing its
 * code with memmove.
 */
#include "crt.h"

void *
memmove(void *Target, const void *Source, size_t Count)
{
    void *To = Target;
    const void *From = Source;

    if ((uintptr_t)Target - (uintptr_t)Source >= Count) {
        __asm__ volatile("rep movsb" : "+D"(To), "+S"(From), "+c"(Count) : : "memory");
    } else {
        char *t = Target;
        const char *s = Source;

        while (Count >= 8) {
            Count -= 8;
            *(unsigned __int64 __attribute__((aligned(1))) *)(t + Count) =
                *(const unsigned __int64 __attribute__((aligned(1))) *)(s + Count);
        }
        while (Count > 0) {
            Count--;
            t[Count] = s[Count];
        }
    }
    return Target;
}

void *
memcpy(void *Target, const void *Source, size_t Count)
{
    return memmove(Target, Source, Count);
}

void *
memset(void *Target, int Value, size_t Count)
{
    void *To = Target;

    __asm__ volatile("rep stosb" : "+D"(To), "+c"(Count) : "a"(Value) : "memory");
    return Target;
}

int
memcmp(const void *First, const void *Second, size_t Count)
{
    const unsigned char *a = First, *b = Second;

    for (; Count > 0; Count--, a++, b++) {
        if (*a != *b) {
            return *a < *b ? -1 : 1;
        }
    }
    return 0;
}

void *
memchr(const void *Block, int Value, size_t Count)
{
    const unsigned char *p = Block;

    for (; Count > 0; Count--, p++) {
        if (*p == (unsigned char)Value) {
            return (void *)p;
        }
    }
    return NULL;
}

void *
_memccpy(void *Target, const void *Source, int Value, size_t Count)
{
    unsigned char *t = Target;
    const unsigned char *s = Source;

    while (Count-- > 0) {
        if ((*t++ = *s++) == (unsigned char)Value) {
            return t;
        }
    }
    return NULL;
}

int
_memicmp(const void *First, const void *Second, size_t Count)
{
    const unsigned char *a = First, *b = Second;
    int Difference;

    for (; Count > 0; Count--, a++, b++) {
        Difference = tolower(*a) - tolower(*b);
        if (Difference != 0) {
            return Difference;
        }
    }
    return 0;
}

errno_t
memcpy_s(void *Target, size_t Size, const void *Source, size_t Count)
{
    if (Count == 0) {
        return 0;
    }
    if (Target == NULL || Source == NULL || Size < Count) {
        if (Target != NULL) {
            memset(Target, 0, Size);
        }
        return errno = Target == NULL || Source == NULL ? EINVAL : ERANGE;
    }
    memmove(Target, Source, Count);
    return 0;
}

errno_t
memmove_s(void *Target, size_t Size, const void *Source, size_t Count)
{
    if (Count == 0) {
        return 0;
    }
    if (Target == NULL || Source == NULL || Size < Count) {
        return errno = Target == NULL || Source == NULL ? EINVAL : ERANGE;
    }
    memmove(Target, Source, Count);
    return 0;
}

errno_t
wmemcpy_s(wchar_t *Target, size_t Size, const wchar_t *Source, size_t Count)
{
    return memcpy_s(Target, Size * sizeof(wchar_t), Source, Count * sizeof(wchar_t));
}

errno_t
wmemmove_s(wchar_t *Target, size_t Size, const wchar_t *Source, size_t Count)
{
    return memmove_s(Target, Size * sizeof(wchar_t), Source, Count * sizeof(wchar_t));
}

void
_swab(char *Source, char *Target, int Count)
{
    for (; Count > 1; Count -= 2, Source += 2, Target += 2) {
        char First = Source[0];

        Target[0] = Source[1];
        Target[1] = First;
    }
}

/* What compilers call before a frame of more than a page: touch each page, lowest last. rax holds
 * the size and is kept, as is everything else. */
__asm__(".text\n"
        ".globl ___chkstk_ms\n"
        ".globl __chkstk\n"
        ".p2align 4\n"
        "__chkstk:\n"
        "___chkstk_ms:\n"
        "    push %rcx\n"
        "    push %rax\n"
        "    lea 24(%rsp), %rcx\n"
        "1:  cmp $0x1000, %rax\n"
        "    jb 2f\n"
        "    sub $0x1000, %rcx\n"
        "    orq $0, (%rcx)\n"
        "    sub $0x1000, %rax\n"
        "    jmp 1b\n"
        "2:  sub %rax, %rcx\n"
        "    orq $0, (%rcx)\n"
        "    pop %rax\n"
        "    pop %rcx\n"
        "    ret\n");
