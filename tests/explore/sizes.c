/*
 * sizes.c - what the compiler calls before a step, of each size and kind. One thread writes what the other reads, one variable behind the other: whoever is
 * first at the one, either may be at the next, so there are 2^n orders of n variables. A call that is forgotten halves them.
 *
 *     PLAIN, ODD, VOLATILE          1, 2, 4 and 8 bytes
 *     BLOCKS                        memcpy and memmove, from and to, and memset, of a length that is not known
 *     ATOMICS                       of BITS: each operation that gives the old value; a comparison that fails is a look, and two of them commute
 *     RANGES                        what the compiler calls of a length that it knows: ranges, 16 bytes, tables of virtual functions, and memmove of what may overlap
 *     LISTS                         sequenced lists: an entry is pushed while the other pushes, pops, flushes or looks
 */
#include "program.h"

#define PLAIN    1
#define ODD      2
#define VOLATILE 3
#define BLOCKS   4
#define ATOMICS  5
#define LISTS    6
#define RANGES   7

#define END() PsTerminateSystemThread(STATUS_SUCCESS)

#if PROGRAM <= VOLATILE
#if PROGRAM == ODD
#pragma pack(push, 1)
typedef struct _PLACE {
    UCHAR One;
    USHORT Two;
    ULONG Four;
    ULONG64 Eight;
} PLACE;
#pragma pack(pop)
#else
typedef struct _PLACE {
    UCHAR One;
    USHORT Two;
    ULONG Four;
    ULONG64 Eight;
} PLACE;
#endif
#if PROGRAM == VOLATILE
#define OF volatile
#else
#define OF
#endif
static OF PLACE Place;

#define LOOK(Value)                                                                                \
    do {                                                                                           \
        __typeof__(Value) Got = (Value);                                                           \
        __asm__ volatile("" : : "r"(Got));                                                         \
    } while (0)

static VOID NTAPI
Writer(PVOID Context)
{
    Place.One = 1;
    __asm__ volatile("" : : : "memory");
    Place.Two = 2;
    __asm__ volatile("" : : : "memory");
    Place.Four = 4;
    __asm__ volatile("" : : : "memory");
    Place.Eight = 8;
    END();
}

static VOID NTAPI
Reader(PVOID Context)
{
    LOOK(Place.One);
    __asm__ volatile("" : : : "memory");
    LOOK(Place.Two);
    __asm__ volatile("" : : : "memory");
    LOOK(Place.Four);
    __asm__ volatile("" : : : "memory");
    LOOK(Place.Eight);
    END();
}

#elif PROGRAM == BLOCKS
static UCHAR Block[5][32];
static volatile SIZE_T Length = 24;

static VOID NTAPI
Writer(PVOID Context)
{
    UCHAR Own[32] = {1};

    memset(Block[0], 1, 24 + (SIZE_T)Context);
    memcpy(Block[1], Own, 24 + (SIZE_T)Context);
    memmove(Block[2], Own, 24 + (SIZE_T)Context);
    Block[3][5] = 1;
    __asm__ volatile("" : : : "memory");
    Block[4][23] = 1;
    END();
}

static VOID NTAPI
Reader(PVOID Context)
{
    UCHAR Own[32];

    __asm__ volatile("" : : "r"(Block[0][23]));
    __asm__ volatile("" : : : "memory");
    __asm__ volatile("" : : "r"(Block[1][23]));
    __asm__ volatile("" : : : "memory");
    __asm__ volatile("" : : "r"(Block[2][0]));
    __asm__ volatile("" : : : "memory");
    memcpy(Own, Block[3], 24 + (SIZE_T)Context);
    __asm__ volatile("" : : "r"(Own) : "memory");
    memmove(Own, Block[4], 24 + (SIZE_T)Context);
    __asm__ volatile("" : : "r"(Own) : "memory");
    END();
}

#elif PROGRAM == RANGES
VOID __tsan_read_range(PVOID, ULONG64);
VOID __tsan_write_range(PVOID, ULONG64);
VOID __tsan_read16(PVOID);
VOID __tsan_write16(PVOID);
VOID __tsan_vptr_read(PVOID);
VOID __tsan_vptr_update(PVOID, PVOID);
PVOID __tsan_memmove(PVOID, PVOID, SIZE_T);

static UCHAR Block[8][32];
static volatile UCHAR *const Bytes = Block[0];

#define BYTE(Block, At) Bytes[32 * (Block) + (At)]
#define LOOK(Block, At) __asm__ volatile("" : : "r"(BYTE(Block, At)))

static VOID NTAPI
Writer(PVOID Context)
{
    UCHAR Own[32] = {7};

    __tsan_write_range(Block[0], 24);
    BYTE(1, 23) = 1;
    __tsan_write16(Block[2]);
    BYTE(3, 15) = 1;
    __tsan_vptr_update(Block[4], NULL);
    BYTE(5, 7) = 1;
    __tsan_memmove(Block[6], Own, 20 + (SIZE_T)Context);
    BYTE(7, 19) = 1;
    END();
}

static VOID NTAPI
Reader(PVOID Context)
{
    UCHAR Own[32];

    LOOK(0, 23);
    __tsan_read_range(Block[1], 24);
    LOOK(2, 15);
    __tsan_read16(Block[3]);
    LOOK(4, 7);
    __tsan_vptr_read(Block[5]);
    LOOK(6, 19);
    __tsan_memmove(Own, Block[7], 20 + (SIZE_T)Context);
    __asm__ volatile("" : : "r"(Own) : "memory");
    END();
}

#elif PROGRAM == LISTS
NTSYSAPI PSLIST_ENTRY NTAPI RtlFirstEntrySList(const SLIST_HEADER *);

static DECLSPEC_ALIGN(16) SLIST_HEADER Head[5];
static DECLSPEC_ALIGN(16) SLIST_ENTRY Mine[5], Other, Below[2];

static VOID NTAPI
Writer(PVOID Context)
{
    for (ULONG i = 0; i < 5; i++) {
        ExpInterlockedPushEntrySList(&Head[i], &Mine[i]);
    }
    END();
}

static VOID NTAPI
Reader(PVOID Context)
{
    PSLIST_ENTRY First;
    USHORT Depth;

    ExpInterlockedPushEntrySList(&Head[0], &Other);
    First = ExpInterlockedPopEntrySList(&Head[1]);
    BAD(First != &Below[0] && First != &Mine[1]);
    First = ExpInterlockedFlushSList(&Head[2]);
    BAD(First != &Below[1] && (First != &Mine[2] || First->Next != &Below[1]));
    Depth = ExQueryDepthSList(&Head[3]);
    BAD(Depth > 1);
    First = RtlFirstEntrySList(&Head[4]);
    BAD(First != NULL && First != &Mine[4]);
    END();
}

#else
#if BITS == 8
typedef UCHAR WORD_OF;
#elif BITS == 16
typedef USHORT WORD_OF;
#elif BITS == 32
typedef ULONG WORD_OF;
#else
typedef ULONG64 WORD_OF;
#endif
#define TOP ((WORD_OF)1 << (BITS - 1))
#define SC  __ATOMIC_SEQ_CST

static WORD_OF Add, Sub, And = 7, Or, Xor, Nand = 3, Exchanged, Compared, Stored, Never;

static VOID NTAPI
Writer(PVOID Context)
{
    WORD_OF Old = 0;

    BAD(__atomic_fetch_add(&Add, TOP, SC) % TOP > 1);
    BAD((WORD_OF)-__atomic_fetch_sub(&Sub, TOP, SC) % TOP > 1);
    BAD((__atomic_fetch_and(&And, (WORD_OF)~1, SC) & 1) == 0);
    BAD((__atomic_fetch_or(&Or, TOP, SC) & TOP) != 0);
    BAD((__atomic_fetch_xor(&Xor, TOP, SC) & TOP) != 0);
    __atomic_fetch_nand(&Nand, 1, SC);
    BAD(__atomic_exchange_n(&Exchanged, 1, SC) > 2);
    if (!__atomic_compare_exchange_n(&Compared, &Old, 1, FALSE, SC, SC)) {
        BAD(Old != 2);
    }
    __atomic_store_n(&Stored, TOP | 1, SC);
    Old = 5;
    BAD(__atomic_compare_exchange_n(&Never, &Old, 1, FALSE, SC, SC) || Old != 0);
    END();
}

static VOID NTAPI
Reader(PVOID Context)
{
    WORD_OF Old = 0;

    __atomic_fetch_add(&Add, 1, SC);
    __atomic_fetch_sub(&Sub, 1, SC);
    BAD((__atomic_fetch_and(&And, (WORD_OF)~2, SC) & 2) == 0);
    __atomic_fetch_or(&Or, 1, SC);
    __atomic_fetch_xor(&Xor, 1, SC);
    __atomic_fetch_nand(&Nand, 1, SC);
    __atomic_exchange_n(&Exchanged, 2, SC);
    if (!__atomic_compare_exchange_n(&Compared, &Old, 2, TRUE, SC, SC)) {
        BAD(Old != 1);
    }
    Old = __atomic_load_n(&Stored, SC);
    BAD(Old != 0 && Old != (TOP | 1));
    Old = 6;
    BAD(__atomic_compare_exchange_n(&Never, &Old, 2, FALSE, SC, SC) || Old != 0);
    END();
}
#endif

static VOID
Program(VOID)
{
#if PROGRAM == LISTS
    ExpInterlockedPushEntrySList(&Head[1], &Below[0]);
    ExpInterlockedPushEntrySList(&Head[2], &Below[1]);
#endif
    Start(Writer, 0);
    Start(Reader, 0);
#if PROGRAM == ATOMICS
    Join();
    BAD(Add != (TOP | 1) || Sub != (WORD_OF)(0 - TOP - 1) || And != 4 || Or != (TOP | 1) ||
        Xor != (TOP | 1) || Nand != (WORD_OF)~0);
    BAD((Exchanged | 3) != 3 || Exchanged == 0 || Compared == 0 || Stored != (TOP | 1) ||
        Never != 0);
#endif
}
