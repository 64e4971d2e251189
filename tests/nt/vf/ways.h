/* ways.h - the requests, as the driver and its client both make them up (ways.c). */
#define SEED 4
#include "../draw.h"

#define REQUESTS 100
#define EDGES    14 /* the last ones: a load at the edge of what is guarded */
#define DRAWN    (REQUESTS - EDGES)
#define STEPS    5

/* How the address comes to the driver: as its buffer, or as a word of its input. */
enum { TYPE3, READ, WRITE, INNER_BUFFERED, INNER_OUT_DIRECT, INNER_TYPE3, CARRIERS };
enum {
    UNGUARDED,
    CALLER,     /* the dispatch routine's __try */
    MIDDLE,     /* that of a function between */
    DEEP,       /* the dispatch routine's, with functions between */
    FINALLY,    /* a __finally alone */
    FINALLY_IN, /* in the dispatch routine's __try */
    BESIDE,     /* a function between has one, around other calls */
    SECOND,     /* and another one behind it, around this */
    GUARDS
};
enum {
    PROBE,
    CALL, /* something of the kernel's that has nothing to do with it */
    LOAD,
    COMPARE,
    LOAD16,
    MOVE,  /* rep movsd, and a call */
    BYTES, /* a byte, by one of several instructions */
    COPY_IN,
    COPY_OUT,
    STORE4,
    STORE8,
    STORE16,
    LOCK_USER,
    LOCK_KERNEL,
    ATTACH, /* a load in another process: it raises */
    STEP_KINDS
};
enum { PLAIN, OF_POOL, OF_STACK, ADDRESS, VALUES };
enum { RW, RO, NO_ACCESS, MIXED, PROTECTIONS }; /* MIXED: RW, and RO where the next page begins */

/* Where the region's pages are, and how they are protected. */
#define PAGE_OF_WORDS 8 /* the input in which the words lie */
#define PAGE_RO       17
#define PAGE_NONE     18
#define PAGES         19
#define INPUT_MOST    280
#define NO_WORD       0xFF

typedef struct _STEP {
    unsigned char Kind, Out;    /* the second buffer */
    short Offset;               /* from the buffer's beginning */
    unsigned short Bytes;       /* of a probe, a copy, a lock */
    unsigned char Value, Index; /* what a store gives, and in which of its words */
} STEP;

typedef struct _CASE {
    unsigned char Carrier, Guard, Protection;
    unsigned char Word,
        Other; /* which word of the input is the address, and one that leads into the same page */
    unsigned short Input; /* its bytes */
    unsigned Start[2],
        Bytes[2]; /* the buffers, from the region's beginning; of READ and WRITE the first */
    STEP Step[STEPS];
} CASE;

static CASE Case[REQUESTS];

static inline int
IsInner(const CASE *This)
{
    return This->Carrier >= INNER_BUFFERED;
}

static inline void
MakeStep(const CASE *This, STEP *Step, int First, int *Poison)
{
    unsigned Bytes;

    Step->Out = (unsigned char)(This->Carrier == TYPE3 && Any(2) != 0);
    Bytes = This->Bytes[Step->Out];
    Step->Kind = (unsigned char)(First && Any(4) != 0 ? PROBE : Any(STEP_KINDS));
    if ((This->Guard == UNGUARDED || This->Guard == FINALLY || This->Guard == BESIDE) &&
        Step->Kind == ATTACH) {
        Step->Kind = LOAD;
    }
    if (This->Protection != RW && Step->Kind != CALL) {
        Step->Kind = (unsigned char)(Any(2) != 0 ? LOAD : STORE4);
    }
    if (This->Carrier == WRITE && Step->Kind >= STORE4 && Step->Kind <= STORE16) {
        Step->Kind = COMPARE; /* it is the user's data */
    }
    if (Step->Kind == PROBE) {
        static const short Before[] = {0, 0, 0, 1, 8};

        Step->Offset = (short)-Before[Any(5)];
        Step->Bytes = (unsigned short)Any(Bytes + 9);
        if (Any(8) == 0) { /* behind it, or in front of it */
            Step->Bytes = 8;
            Step->Offset = Any(2) != 0 ? (short)(Bytes) : -8;
        }
        return;
    }
    Step->Offset = (short)(Any(2) != 0 ? 4 * Any(Bytes / 4) : Any(Bytes));
    if (This->Protection == MIXED) {
        Step->Offset = (short)(Step->Offset & ~3);
    }
    Step->Bytes = (unsigned short)(1 + Any(Bytes - (unsigned)Step->Offset));
    Step->Value = PLAIN;
    if (Step->Kind >= STORE4 && Step->Kind <= STORE16 && !*Poison) {
        Step->Value = (unsigned char)Any(VALUES);
        Step->Index = (unsigned char)Any(1u << (Step->Kind - STORE4));
        *Poison = Step->Value != PLAIN;
        if (Step->Value == ADDRESS && Step->Kind == STORE4) {
            Step->Value = PLAIN;
        }
        if (Step->Value == ADDRESS && Step->Kind == STORE16 && Step->Index == 3) {
            Step->Index = 2;
        } else if (Step->Value == ADDRESS && Step->Kind == STORE8) {
            Step->Index = 0;
        }
    }
}

static inline void
MakeUp(void)
{
    for (unsigned i = 0; i < REQUESTS; i++) {
        CASE *This = &Case[i];
        int Poison = 0;

        This->Carrier = (unsigned char)(i < DRAWN ? Any(CARRIERS) : TYPE3);
        This->Guard = (unsigned char)Any(GUARDS);
        This->Protection = (unsigned char)(Any(6) == 0 ? 1 + Any(PROTECTIONS - 1) : RW);
        if (i >= DRAWN || This->Carrier == READ || This->Carrier == WRITE) {
            This->Protection = RW; /* the I/O manager probes it */
        }
        if (This->Protection != RW &&
            (This->Guard == UNGUARDED || This->Guard == FINALLY || This->Guard == BESIDE)) {
            This->Guard = CALLER;
        }
        /* In one page, side by side, or in two; the second may go on in the next page. */
        This->Start[0] = 0x1000 * (1 + Any(3)) + 16 + Any(0x400);
        This->Bytes[0] = This->Bytes[1] = 32 + 4 * Any(9) + Any(4);
        This->Start[1] = Any(2) != 0 ? This->Start[0] + This->Bytes[0] + 64 : 0x4000 + 16 + Any(64);
        if (Any(4) == 0) {
            This->Start[1] = 0x6000 - This->Bytes[1] + Any(This->Bytes[1]);
        }
        This->Word = (unsigned char)(Any(4) == 0 ? 28 + Any(6) : Any(8));
        This->Input =
            (unsigned short)(Any(3) != 0 ? 8u * This->Word + 8 : 8u * This->Word + Any(24));
        This->Other = NO_WORD;
        if (IsInner(This)) { /* to the page's end */
            This->Start[0] = 0x1000 * (1 + Any(3)) + 0x1000 - (40 + Any(60));
            This->Bytes[0] = 0x1000 - (This->Start[0] & 0xFFF);
            if (This->Word > 0 && Any(3) == 0) {
                This->Other = (unsigned char)Any(This->Word);
            }
        }
        if (This->Protection != RW) {
            This->Start[0] = 0x1000 * (This->Protection == RO ? PAGE_RO : PAGE_NONE) + 0x20;
            This->Bytes[0] = 64;
            This->Start[1] = 0x4020;
            if (This->Protection == MIXED) {
                This->Carrier = TYPE3;
                This->Start[0] = 0x1000 * PAGE_RO - 4 * (4 + Any(8));
            }
            This->Other = NO_WORD;
        }
        for (unsigned k = 0; k < STEPS; k++) {
            MakeStep(This, &This->Step[k], k == 0, &Poison);
        }
        if (This->Protection != RW && IsInner(This)) {
            This->Bytes[0] = 0xFE0;
        }
    }
}
