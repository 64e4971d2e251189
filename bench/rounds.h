/*
 * rounds.h - for the benchmarks' clients: the median of ROUNDS rounds, said as `name nanoseconds`. The includer says how
 * many rounds, an odd number.
 */
#ifndef BENCH_ROUNDS_H
#define BENCH_ROUNDS_H

#include <windows.h>
#include <stdio.h>
#include <stdlib.h>

static int
ByValue(const void *A, const void *B)
{
    double Difference = *(const double *)A - *(const double *)B;

    return Difference < 0 ? -1 : Difference > 0;
}

/* In nanoseconds. */
static double
Now(void)
{
    static double PerCount;
    LARGE_INTEGER Counter;

    if (PerCount == 0) {
        QueryPerformanceFrequency(&Counter);
        PerCount = 1e9 / (double)Counter.QuadPart;
    }
    QueryPerformanceCounter(&Counter);
    return (double)Counter.QuadPart * PerCount;
}

/* Routine, `Times` times in each round; it does `Each` of what is measured. */
static void
MeasureEach(const char *Name, void (*Routine)(void), int Times, int Each, int Digits)
{
    double Round[ROUNDS];

    for (int Index = 0; Index < ROUNDS; Index++) {
        double Start = Now();

        for (int Time = 0; Time < Times; Time++) {
            Routine();
        }
        Round[Index] = (Now() - Start) / Times / Each;
    }
    qsort(Round, ROUNDS, sizeof(Round[0]), ByValue);
    printf("%s %.*f\n", Name, Digits, Round[ROUNDS / 2]);
    fflush(stdout);
}

static void
Measure(const char *Name, void (*Routine)(void), int Times)
{
    MeasureEach(Name, Routine, Times, 1, 1);
}

#endif
