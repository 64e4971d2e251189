/*
 * locks.c - programs whose races are the order of locks: PROGRAM selects one.
 *
 *     LOCKINC     N threads increment under one lock
 *     DIN_PHIL    N philosophers: left fork, right fork, put both down
 *     DEADLOCK01  two threads take two locks in opposite orders
 *     MPAT        K threads, each with its own lock and two more
 *     LAZY01      two increments and a check that sees both, one lock
 *     ACCOUNT     deposit, withdraw and a check, one lock
 *     TOKEN_RING  four threads pass values on, one lock
 *     SECTIONS    two threads of N sections each on one lock; T pops, S pushes
 *     FILESYSTEM  N threads give their inode a block, the first free one: a lock for each of both
 *     RARE        two threads of N sections each on one lock; only if they took turns throughout do both take the
 *                 second lock: C(2N, N) orders, and one of them with two of its own
 *     KEEPS       N threads take one lock, and whoever gets it waits for ever: N hangs, in which no step depends on another thread's
 *     BRIEF       an event is set and reset at once, and N threads wait for it: between the two or in vain
 */
#include "program.h"

#define LOCKINC    1
#define DIN_PHIL   2
#define DEADLOCK01 3
#define LAZY01     4
#define ACCOUNT    5
#define TOKEN_RING 6
#define SECTIONS   7
#define FILESYSTEM 8
#define RARE       9
#define KEEPS      10
#define BRIEF      11

static LOCK_TYPE Lock[16];
static LONG x[4] __attribute__((unused));

#if PROGRAM == LOCKINC
static VOID NTAPI
Thread(PVOID Context)
{
    LOCK_ACQUIRE(Lock[0]);
    x[0]++;
    LOCK_RELEASE(Lock[0]);
    PsTerminateSystemThread(STATUS_SUCCESS);
}

static VOID
Threads(VOID)
{
    for (ULONG Index = 0; Index < N; Index++) {
        Start(Thread, Index);
    }
    Join();
    BAD(x[0] != N);
}
#elif PROGRAM == KEEPS
static KEVENT Never;

static VOID NTAPI
Thread(PVOID Context)
{
    LOCK_ACQUIRE(Lock[0]);
    KeWaitForSingleObject(&Never, Executive, KernelMode, FALSE, NULL);
    LOCK_RELEASE(Lock[0]);
    PsTerminateSystemThread(STATUS_SUCCESS);
}

static VOID
Threads(VOID)
{
    KeInitializeEvent(&Never, NotificationEvent, FALSE);
    for (ULONG Index = 0; Index < N; Index++) {
        Start(Thread, Index);
    }
}
#elif PROGRAM == BRIEF
static KEVENT Open;

static VOID NTAPI
Thread(PVOID Context)
{
    if (Context == NULL) {
        KeSetEvent(&Open, IO_NO_INCREMENT, FALSE);
        KeClearEvent(&Open);
    } else {
        KeWaitForSingleObject(&Open, Executive, KernelMode, FALSE, NULL);
    }
    PsTerminateSystemThread(STATUS_SUCCESS);
}

static VOID
Threads(VOID)
{
    KeInitializeEvent(&Open, NotificationEvent, FALSE);
    for (ULONG Index = 0; Index <= N; Index++) {
        Start(Thread, Index);
    }
}
#elif PROGRAM == DIN_PHIL
static VOID NTAPI
Thread(PVOID Context)
{
    ULONG Left = (ULONG)(ULONG_PTR)Context, Right = (Left + 1) % N;

    LOCK_ACQUIRE(Lock[Left]);
    LOCK_ACQUIRE(Lock[Right]);
    LOCK_RELEASE(Lock[Right]);
    LOCK_RELEASE(Lock[Left]);
    PsTerminateSystemThread(STATUS_SUCCESS);
}

static VOID
Threads(VOID)
{
    for (ULONG Index = 0; Index < N; Index++) {
        Start(Thread, Index);
    }
}
#elif PROGRAM == DEADLOCK01
static VOID NTAPI
Thread(PVOID Context)
{
    ULONG First = (ULONG)(ULONG_PTR)Context;

    LOCK_ACQUIRE(Lock[First]);
    LOCK_ACQUIRE(Lock[1 - First]);
    x[0]++;
    LOCK_RELEASE(Lock[1 - First]);
    LOCK_RELEASE(Lock[First]);
    PsTerminateSystemThread(STATUS_SUCCESS);
}

static VOID
Threads(VOID)
{
    Start(Thread, 0);
    Start(Thread, 1);
}
#elif PROGRAM == LAZY01
static VOID NTAPI
Thread(PVOID Context)
{
    ULONG Which = (ULONG)(ULONG_PTR)Context;

    LOCK_ACQUIRE(Lock[0]);
    if (Which < 2) {
        x[0] += (LONG)Which + 1;
    } else {
        BAD(x[0] >= 3);
    }
    LOCK_RELEASE(Lock[0]);
    PsTerminateSystemThread(STATUS_SUCCESS);
}

static VOID
Threads(VOID)
{
    Start(Thread, 0);
    Start(Thread, 1);
    Start(Thread, 2);
}
#elif PROGRAM == ACCOUNT
static VOID NTAPI
Thread(PVOID Context)
{
    ULONG Which = (ULONG)(ULONG_PTR)Context;

    LOCK_ACQUIRE(Lock[0]);
    if (Which == 0) {
        x[0] += 100;
        x[1] = 1;
    } else if (Which == 1) {
        x[0] -= 50;
        x[2] = 1;
    } else {
        BAD(x[1] && !x[2] ? FALSE : x[1] && x[2]);
    }
    LOCK_RELEASE(Lock[0]);
    PsTerminateSystemThread(STATUS_SUCCESS);
}

static VOID
Threads(VOID)
{
    Start(Thread, 0);
    Start(Thread, 1);
    Start(Thread, 2);
}
#elif PROGRAM == TOKEN_RING
static ULONG Passed;

static VOID NTAPI
Thread(PVOID Context)
{
    ULONG Which = (ULONG)(ULONG_PTR)Context;

    LOCK_ACQUIRE(Lock[0]);
    if (Which < 3) {
        x[Which] = (x[(Which + 2) % 3] + (Which == 0)) % 4;
        Passed++;
    } else if (Passed == 3) {
        BAD(x[0] != x[1] || x[1] != x[2]);
    }
    LOCK_RELEASE(Lock[0]);
    PsTerminateSystemThread(STATUS_SUCCESS);
}

/* Of the six orders in which the fourth thread is last, four leave different values. */
static VOID
Threads(VOID)
{
    x[0] = x[2] = 1;
    x[1] = 2;
    for (ULONG Index = 0; Index < 4; Index++) {
        Start(Thread, Index);
    }
}
#elif PROGRAM == SECTIONS
static LONG Top;

static VOID NTAPI
Push(PVOID Context)
{
    for (ULONG Index = 0; Index < N; Index++) {
        LOCK_ACQUIRE(Lock[0]);
        Top++;
        LOCK_RELEASE(Lock[0]);
    }
    PsTerminateSystemThread(STATUS_SUCCESS);
}

static VOID NTAPI
Pop(PVOID Context)
{
    for (ULONG Index = 0; Index < N; Index++) {
        LOCK_ACQUIRE(Lock[0]);
        Top--;
        LOCK_RELEASE(Lock[0]);
    }
    PsTerminateSystemThread(STATUS_SUCCESS);
}

static VOID
Threads(VOID)
{
    Start(Push, 0);
    Start(Pop, 0);
}
#elif PROGRAM == RARE
static VOID NTAPI
First(PVOID Context)
{
    for (LONG Turn = 0; Turn < N; Turn++) {
        LOCK_ACQUIRE(Lock[0]);
        x[0] = Turn + 1;
        LOCK_RELEASE(Lock[0]);
    }
    LOCK_ACQUIRE(Lock[1]);
    x[1]++;
    LOCK_RELEASE(Lock[1]);
    PsTerminateSystemThread(STATUS_SUCCESS);
}

static VOID NTAPI
Second(PVOID Context)
{
    BOOLEAN Turns = TRUE;

    for (LONG Turn = 0; Turn < N; Turn++) {
        LOCK_ACQUIRE(Lock[0]);
        Turns &= x[0] == Turn + 1;
        LOCK_RELEASE(Lock[0]);
    }
    if (Turns) {
        LOCK_ACQUIRE(Lock[1]);
        BAD(x[1] == 0);
        LOCK_RELEASE(Lock[1]);
    }
    PsTerminateSystemThread(STATUS_SUCCESS);
}

static VOID
Threads(VOID)
{
    Start(First, 0);
    Start(Second, 0);
}
#elif PROGRAM == FILESYSTEM
#define INODES 32
#define BLOCKS 26
#ifndef FIRST
#define FIRST 0
#endif

static LOCK_TYPE InodeLock[INODES], BlockLock[BLOCKS];
static ULONG Inode[INODES];
static BOOLEAN Busy[BLOCKS];

static VOID
Allocate(ULONG Which)
{
    ULONG Block = Which * 2 % BLOCKS;

    while (Inode[Which] == 0) {
        LOCK_ACQUIRE(BlockLock[Block]);
        if (!Busy[Block]) {
            Busy[Block] = TRUE;
            Inode[Which] = Block + 1;
        }
        LOCK_RELEASE(BlockLock[Block]);
        Block = (Block + 1) % BLOCKS;
    }
}

static VOID NTAPI
Thread(PVOID Context)
{
    ULONG Which = (ULONG)(ULONG_PTR)Context % INODES;

    LOCK_ACQUIRE(InodeLock[Which]);
    Allocate(Which);
    LOCK_RELEASE(InodeLock[Which]);
    PsTerminateSystemThread(STATUS_SUCCESS);
}

static VOID
Threads(VOID)
{
    for (ULONG Index = 0; Index < INODES; Index++) {
        LOCK_INITIALIZE(InodeLock[Index]);
    }
    for (ULONG Index = 0; Index < BLOCKS; Index++) {
        LOCK_INITIALIZE(BlockLock[Index]);
    }
    for (ULONG Index = 0; Index < N; Index++) {
        Start(Thread, FIRST + Index);
    }
}
#endif

static VOID
Program(VOID)
{
    for (ULONG Index = 0; Index < 16; Index++) {
        LOCK_INITIALIZE(Lock[Index]);
    }
    Threads();
}
