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

/* ---- instructions that MSVC has names for and clang has none for this target ---- */

void
__nop(void)
{
    __asm__ volatile("nop");
}

void
__halt(void)
{
    __asm__ volatile("hlt");
}

void
_disable(void)
{
    __asm__ volatile("cli" ::: "memory");
}

void
_enable(void)
{
    __asm__ volatile("sti" ::: "memory");
}

void
__wbinvd(void)
{
    __asm__ volatile("wbinvd" ::: "memory");
}

void
__invlpg(void *Address)
{
    __asm__ volatile("invlpg (%0)" ::"r"(Address) : "memory");
}

void
__sidt(void *Table)
{
    __asm__ volatile("sidt (%0)" ::"r"(Table) : "memory");
}

void
__lidt(void *Table)
{
    __asm__ volatile("lidt (%0)" ::"r"(Table) : "memory");
}

void
_sgdt(void *Table)
{
    __asm__ volatile("sgdt (%0)" ::"r"(Table) : "memory");
}

void
_lgdt(void *Table)
{
    __asm__ volatile("lgdt (%0)" ::"r"(Table) : "memory");
}

unsigned long long
__readpmc(unsigned long Counter)
{
    unsigned long Low, High;

    __asm__ volatile("rdpmc" : "=a"(Low), "=d"(High) : "c"(Counter));
    return (unsigned long long)High << 32 | Low;
}

#define NTLAB_DEBUG_REGISTERS(_do) _do(0) _do(1) _do(2) _do(3) _do(6) _do(7)
#define NTLAB_READ(_n)                                                                             \
    case _n:                                                                                       \
        __asm__ volatile("mov %%dr" #_n ", %0" : "=r"(Value));                                     \
        break;
#define NTLAB_WRITE(_n)                                                                            \
    case _n:                                                                                       \
        __asm__ volatile("mov %0, %%dr" #_n ::"r"(Value));                                         \
        break;

unsigned long long
__readdr(unsigned int Register)
{
    unsigned long long Value = 0;

    switch (Register) {
        NTLAB_DEBUG_REGISTERS(NTLAB_READ)
    }
    return Value;
}

void
__writedr(unsigned int Register, unsigned long long Value)
{
    switch (Register) {
        NTLAB_DEBUG_REGISTERS(NTLAB_WRITE)
    }
}

unsigned long long
__ll_lshift(unsigned long long Value, int Count)
{
    return Value << (Count & 63);
}

long long
__ll_rshift(long long Value, int Count)
{
    return Value >> (Count & 63);
}

unsigned long long
__ull_rshift(unsigned long long Value, int Count)
{
    return Value >> (Count & 63);
}
