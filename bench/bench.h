/*
 * bench.h - what the benchmarks' client asks of their driver: IOCTL_BENCH_MEASURE with a BENCH_ORDER in and a
 * BENCH_RESULT out. STATUS_NO_MORE_ENTRIES past the last measurement.
 */
#ifndef BENCH_H
#define BENCH_H

#define IOCTL_BENCH_MEASURE CTL_CODE(FILE_DEVICE_UNKNOWN, 0x801, METHOD_BUFFERED, FILE_ANY_ACCESS)

typedef struct _BENCH_ORDER {
    ULONG Index;
    ULONG Times;
} BENCH_ORDER, *PBENCH_ORDER;

typedef struct _BENCH_RESULT {
    CHAR Name[32];
    ULONG Supported; /* 0: this kernel lacks a routine that is needed */
} BENCH_RESULT, *PBENCH_RESULT;

NTSTATUS BenchMeasure(const BENCH_ORDER *Order, PBENCH_RESULT Result);

#endif
