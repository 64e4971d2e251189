/*
 * reached.c - memory that two threads reach in different ways. PROGRAM selects one.
 *
 *     MAPPED  one writes two words of a block where it was allocated, the other one reads them where an MDL of it is mapped: 3
 *     LOCAL   one writes a local variable of the other, which looks at it once: 2
 *     WAITED  ... which goes round until it is set: SLEEPS, PAUSES or neither: 1
 * Below, the kernel does it for a thread.
 *     COPIED   to two words, of which the other one reads one: 2
 *     FETCHED  from two words, which the other one writes: 3
 *     SET      two words are filled, which the other one reads: 3
 *     COMPARED two words with two others; a second thread writes one of the first, a third one of the others: 4
 *     ULONGS   two words are looked at by RtlCompareMemoryUlong, then two others filled by RtlFillMemoryUlong; as PASSED: 4
 *     SAFELY   as PASSED, by memcpy_s
 *     PASSED   from A to B, in two steps; the other one writes A, then reads B, each in front of what concerns it or behind: 4. In 2 of them
 *              what it writes is copied; between the two steps it is too late for that
 *     LONG_ONE from 200 bytes; the other one writes the first one, then the last one, and what comes between is no step: 4
 *     POLLED   ... until what was copied is not 0, which the other one makes it: 1
 * Instructions for it: movs reads in one step and writes in another one, also where it is repeated, up to 64 bytes at a time.
 *     MOVED    a word from A to B; the other one writes A, then reads B. Of the 4 one has B without what is written, and not yet there: BAD
 *     REPEATED the same by a movs that is repeated, four times
 *     LONG_MOVE, FAR_MOVE  as LONG_ONE; of the 4 one has the last word and not the first one: BAD. FAR_MOVE goes down, and the other one from the last to the first
 *     FILLED   320 bytes by stos; the other one reads them by lods, then writes the last word: 2 orders of each 64 bytes, 3 of the last ones: 48
 *     SPUN     polls by movs: 1
 *     EXACT    what string instructions do where their pieces end, go down and overlap: 2 orders of two words
 *     COMPARES an exchange by comparison without lock is two steps, so both may succeed: 4, BAD: 2
 *     ADDED    an xadd without lock: 4, BAD: 2
 */
#include "program.h"

#define MAPPED 1
#define LOCAL  2
#define WAITED 3

#define COPIED   4
#define FETCHED  5
#define SET      6
#define COMPARED 7
#define PASSED   8
#define LONG_ONE 9
#define POLLED   10

#define ULONGS 20
#define SAFELY 21

#define MOVED     11
#define REPEATED  12
#define LONG_MOVE 13
#define FAR_MOVE  14
#define FILLED    15
#define SPUN      16
#define EXACT     17
#define COMPARES  18
#define ADDED     19

#define END() PsTerminateSystemThread(STATUS_SUCCESS)

#if PROGRAM == MAPPED
static volatile LONG *Block, *Mapped;

static VOID NTAPI
Writer(PVOID Context)
{
    Block[0] = 1;
    Block[1] = 1;
    END();
}

static VOID NTAPI
Reader(PVOID Context)
{
    LONG Second = Mapped[1], First = Mapped[0];

    BAD(Second != 0 && First == 0);
    END();
}

static VOID
Program(VOID)
{
    PMDL Mdl;

    Block = ExAllocatePoolWithTag(NonPagedPool, PAGE_SIZE, 'calP');
    Block[0] = Block[1] = 0;
    Mdl = IoAllocateMdl((PVOID)Block, PAGE_SIZE, FALSE, FALSE, NULL);
    MmBuildMdlForNonPagedPool(Mdl);
    Mapped =
        MmMapLockedPagesSpecifyCache(Mdl, KernelMode, MmCached, NULL, FALSE, NormalPagePriority);
    BAD(Mapped == Block);
    Start(Writer, 0);
    Start(Reader, 0);
    Join();
    MmUnmapLockedPages((PVOID)Mapped, Mdl);
    IoFreeMdl(Mdl);
    ExFreePoolWithTag((PVOID)Block, 'calP');
}
#elif PROGRAM >= MOVED && PROGRAM < ULONGS
#define WORDS 80

static LONG A[WORDS] __attribute__((aligned(4096))), B[2] = {2};
#if PROGRAM == COMPARES
static UCHAR Mine, Yours;
#else
static LONG Mine, Yours;
#endif

static VOID
Move(PVOID To, const VOID *From, SIZE_T Bytes)
{
    __asm__ volatile("rep movsb" : "+D"(To), "+S"(From), "+c"(Bytes) : : "memory");
}

/* From the last word on. */
static VOID
MoveDown(LONG *To, const LONG *From, SIZE_T Words)
{
    To += Words - 1;
    From += Words - 1;
    __asm__ volatile("std\n\trep movsl\n\tcld" : "+D"(To), "+S"(From), "+c"(Words) : : "memory");
}

static VOID
MoveOne(LONG *To, const LONG *From)
{
    __asm__ volatile("movsl" : "+D"(To), "+S"(From) : : "memory");
}

#if PROGRAM == EXACT
static UCHAR Place[2][2 * PAGE_SIZE] __attribute__((aligned(4096)));
#define FIRST (PAGE_SIZE - 256)
#define LAST  (PAGE_SIZE + 256)

/* Each way to copy 300 bytes across the end of a page, elements included that lie on both, to somewhere before or behind that. */
static VOID
Check(PVOID Context)
{
    for (SIZE_T From = PAGE_SIZE - 130; From < PAGE_SIZE - 126; From += 2) {
        for (SIZE_T To = From - 70; To < From + 70; To += 23) {
            for (ULONG Down = 0; Down < 2; Down++) {
                LONG *Source = (LONG *)&Place[0][From], *Target = (LONG *)&Place[0][To];
                UCHAR *Other = Place[1];

                for (SIZE_T At = FIRST; At < LAST; At++) {
                    Place[0][At] = Other[At] = (UCHAR)(At * 7 + At / 256);
                }
                for (SIZE_T Word = 0; Word < 75; Word++) { /* word by word, as it is defined */
                    SIZE_T At = (Down ? 74 - Word : Word) * 4;
                    UCHAR Four[4] = {Other[From + At], Other[From + At + 1], Other[From + At + 2],
                                     Other[From + At + 3]};

                    for (SIZE_T Byte = 0; Byte < 4; Byte++) {
                        Other[To + At + Byte] = Four[Byte];
                    }
                }
                if (Down) {
                    MoveDown(Target, Source, 75);
                } else {
                    SIZE_T Words = 75;

                    __asm__ volatile("rep movsl"
                                     : "+D"(Target), "+S"(Source), "+c"(Words)
                                     :
                                     : "memory");
                    BAD(Words != 0 || (UCHAR *)Target != &Place[0][To + 300] ||
                        (UCHAR *)Source != &Place[0][From + 300]);
                }
                for (SIZE_T At = FIRST; At < LAST; At++) {
                    BAD(Place[0][At] != Other[At]);
                }
            }
        }
    }
    Move(B, A, 0);
}
#endif

static VOID NTAPI
Moves(PVOID Context)
{
    LONG Own[WORDS] = {0};
    PVOID To = A;
    SIZE_T Words = WORDS;

#if PROGRAM == MOVED
    MoveOne(B, A);
#elif PROGRAM == REPEATED
    Move(B, A, sizeof(LONG));
#elif PROGRAM == LONG_MOVE
    Move(Own, A, sizeof(A));
    BAD(Own[0] == 0 && Own[WORDS - 1] == 1);
#elif PROGRAM == FAR_MOVE
    MoveDown(Own, A, WORDS);
    BAD(Own[0] == 1 && Own[WORDS - 1] == 0);
#elif PROGRAM == FILLED
    __asm__ volatile("rep stosl" : "+D"(To), "+c"(Words) : "a"(1) : "memory");
#elif PROGRAM == SPUN
    do {
        MoveOne(Own, A);
    } while (Own[0] == 0);
#elif PROGRAM == EXACT
    A[0] = 1;
    Check(NULL);
#elif PROGRAM == COMPARES
    __asm__ volatile("cmpxchgl %2, %1\n\tsete %0" : "=r"(Mine), "+m"(A[0]) : "r"(1), "a"(0));
#else
    Mine = 1;
    __asm__ volatile("xaddl %0, %1" : "+r"(Mine), "+m"(A[0]));
#endif
    (VOID) Own;
    (VOID) To;
    (VOID) Words;
    END();
}

static VOID NTAPI
Other(PVOID Context)
{
    PVOID From = A;
    SIZE_T Words = WORDS;

#if PROGRAM == MOVED || PROGRAM == REPEATED
    ((volatile LONG *)A)[0] = 1;
    Yours = ((volatile LONG *)B)[0];
#elif PROGRAM == LONG_MOVE
    ((volatile LONG *)A)[0] = 1;
    ((volatile LONG *)A)[WORDS - 1] = 1;
#elif PROGRAM == FAR_MOVE
    ((volatile LONG *)A)[WORDS - 1] = 1;
    ((volatile LONG *)A)[0] = 1;
#elif PROGRAM == FILLED
    __asm__ volatile("rep lodsl" : "+S"(From), "+c"(Words) : : "rax", "memory");
    ((volatile LONG *)A)[WORDS - 1] = 1;
#elif PROGRAM == COMPARES
    __asm__ volatile("cmpxchgl %2, %1\n\tsete %0" : "=r"(Yours), "+m"(A[0]) : "r"(1), "a"(0));
#elif PROGRAM == ADDED
    Yours = 1;
    __asm__ volatile("xaddl %0, %1" : "+r"(Yours), "+m"(A[0]));
#else
    ((volatile LONG *)A)[0] = 2;
#endif
    (VOID) From;
    (VOID) Words;
    END();
}

static VOID
Program(VOID)
{
    Start(Moves, 0);
    Start(Other, 0);
#if PROGRAM == MOVED || PROGRAM == REPEATED
    Join();
    BAD(Yours == 2 && B[0] == 0);
#elif PROGRAM >= COMPARES
    Join();
    BAD((Mine & 1) == (Yours & 1));
#endif
}
#elif PROGRAM >= COPIED
#define BYTES 200

static volatile SIZE_T Words = 2 * sizeof(LONG), All = BYTES; /* not known: calls */
static volatile LONG A[BYTES / sizeof(LONG)] __attribute__((aligned(256))), B[2];

static VOID NTAPI
Calls(PVOID Context)
{
    LONG Own[BYTES / sizeof(LONG)] = {1, 1};

#if PROGRAM == COPIED
    RtlCopyMemory((PVOID)A, Own, Words);
#elif PROGRAM == FETCHED
    RtlCopyMemory(Own, (PVOID)A, Words);
    BAD(Own[1] != 0 && Own[0] == 0);
#elif PROGRAM == SET
    RtlFillMemory((PVOID)A, Words, 1);
#elif PROGRAM == COMPARED
    RtlCompareMemory((PVOID)A, (PVOID)B, Words);
#elif PROGRAM == PASSED
    RtlMoveMemory((PVOID)B, (PVOID)A, Words);
#elif PROGRAM == ULONGS
    RtlCompareMemoryUlong((PVOID)A, Words, 0);
    RtlFillMemoryUlong((PVOID)B, Words, 1);
#elif PROGRAM == SAFELY
    memcpy_s((PVOID)B, sizeof(B), (PVOID)A, Words);
#elif PROGRAM == LONG_ONE
    RtlCopyMemory(Own, (PVOID)A, All);
    BAD(Own[0] == 0 && Own[BYTES / sizeof(LONG) - 1] == 2);
#else
    do {
        RtlCopyMemory(Own, (PVOID)A, Words);
    } while (Own[0] == 0);
#endif
    END();
}

static VOID NTAPI
Other(PVOID Context)
{
#if PROGRAM == COPIED
    (VOID) A[1];
#elif PROGRAM == SET
    LONG Second = A[1], First = A[0];

    BAD(Second != 0 && First == 0);
#elif PROGRAM == LONG_ONE
    A[0] = 1;
    A[BYTES / sizeof(LONG) - 1] = 1;
#elif PROGRAM == FETCHED
    A[0] = 1;
    A[1] = 1;
#elif PROGRAM == PASSED || PROGRAM == SAFELY || PROGRAM == ULONGS
    A[0] = 1;
    (VOID) B[0];
#else
    A[0] = 1;
#endif
    END();
}

static VOID NTAPI
Third(PVOID Context)
{
    B[0] = 1;
    END();
}

static VOID
Program(VOID)
{
    Start(Calls, 0);
    Start(Other, 0);
#if PROGRAM == COMPARED
    Start(Third, 0);
#else
    (VOID) Third;
#endif
#if PROGRAM == PASSED || PROGRAM == SAFELY
    Join();
    BAD(B[0] == 1);
#endif
}
#else
static VOID NTAPI
Setter(PVOID Context)
{
    *(volatile LONG *)Context = 1;
    END();
}

static VOID NTAPI
Owner(PVOID Context)
{
    volatile LONG Done = 0;
    HANDLE Thread;

    PsCreateSystemThread(&Thread, THREAD_ALL_ACCESS, NULL, NULL, NULL, Setter, (PVOID)&Done);
#if PROGRAM == LOCAL
    (VOID) Done;
#else
    while (Done == 0) {
#ifdef SLEEPS
        KeDelayExecutionThread(KernelMode, FALSE, &(LARGE_INTEGER){.QuadPart = -10000});
#elif defined(PAUSES)
        YieldProcessor();
#endif
    }
#endif
    ZwWaitForSingleObject(Thread, FALSE, NULL);
    ZwClose(Thread);
    END();
}

static VOID
Program(VOID)
{
    Start(Owner, 0);
}
#endif
