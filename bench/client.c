/*
 * client.c - the benchmarks' client: one line `name nanoseconds` each, median of several rounds.
 *
 * The same binary runs under ntlab (--clock host) and under Wine. With the argument `service PATH` it installs the
 * driver by the service manager, as Wine needs it, and times starting and stopping it; without, the driver is loaded.
 * With `requests` it does only the four kinds of device control, and says the least of many rounds.
 */
#include <windows.h>
#include <winioctl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "bench.h"

#define ROUNDS 15
#include "rounds.h"

#define LEAST_ROUND 1e6 /* ns: within a time slice of a busy host */

static HANDLE Device, First, Second;
static char Buffer[64];

/* Of a routine that does it ten times. */
static void
MeasureTen(const char *Name, void (*Routine)(void), int Times)
{
    MeasureEach(Name, Routine, Times, 10, 2);
}

static void
Control(DWORD Method)
{
    DWORD Returned;

    if (!DeviceIoControl(Device, CTL_CODE(FILE_DEVICE_UNKNOWN, 0x800, Method, FILE_ANY_ACCESS),
                         Buffer, sizeof(Buffer), Buffer, sizeof(Buffer), &Returned, NULL)) {
        printf("error %lu\n", GetLastError());
        exit(2);
    }
}

static void
Buffered(void)
{
    Control(METHOD_BUFFERED);
}

static void
InDirect(void)
{
    Control(METHOD_IN_DIRECT);
}

static void
OutDirect(void)
{
    Control(METHOD_OUT_DIRECT);
}

static void
Neither(void)
{
    Control(METHOD_NEITHER);
}

static HANDLE
Open(void)
{
    return CreateFileA("\\\\.\\NtlabBench", GENERIC_READ | GENERIC_WRITE, 0, NULL, OPEN_EXISTING, 0,
                       NULL);
}

static void
CreateClose(void)
{
    CloseHandle(Open());
}

static void
SystemService(void)
{
    ResetEvent(First);
}

static DWORD WINAPI
Partner(void *Argument)
{
    for (;;) {
        WaitForSingleObject(First, INFINITE);
        SetEvent(Second);
    }
}

static void
PingPong(void)
{
    SetEvent(First);
    WaitForSingleObject(Second, INFINITE);
}

static void
NullService(void)
{
    SwitchToThread(); /* NtYieldExecution, and nobody else could run */
}

static CRITICAL_SECTION Section;
static SRWLOCK Slim = SRWLOCK_INIT;

/* Ten of them in one call: what is measured costs no more than the call does. */
static void
Sections(void)
{
    for (int Index = 0; Index < 10; Index++) {
        EnterCriticalSection(&Section);
        LeaveCriticalSection(&Section);
    }
}

static void
Slims(void)
{
    for (int Index = 0; Index < 10; Index++) {
        AcquireSRWLockExclusive(&Slim);
        ReleaseSRWLockExclusive(&Slim);
    }
}

static HANDLE Mutex;

static void
MutexPair(void)
{
    WaitForSingleObject(Mutex, INFINITE);
    ReleaseMutex(Mutex);
}

static HANDLE Waiter;

static void
SuspendResume(void)
{
    SuspendThread(Waiter);
    ResumeThread(Waiter);
}

/* Time of a request to do the measurement with that index so often; negative past the last one, 0 if the kernel
   lacks it. The clock is the client's: not every kernel has one for drivers. */
static double
Request(ULONG Index, ULONG Times, BENCH_RESULT *Result)
{
    BENCH_ORDER Order = {Index, Times};
    DWORD Returned;
    double Start = Now();

    if (!DeviceIoControl(Device, IOCTL_BENCH_MEASURE, &Order, sizeof(Order), Result,
                         sizeof(*Result), &Returned, NULL)) {
        return -1;
    }
    return Result->Supported ? Now() - Start : 0;
}

/* The least of a few: what the host did meanwhile does not count. */
static double
Least(ULONG Index, ULONG Times, BENCH_RESULT *Result)
{
    double Least = Request(Index, Times, Result), Time;

    for (int Done = 1; Done < 4 && Least > 0; Done++) {
        Time = Request(Index, Times, Result);
        Least = Time < Least ? Time : Least;
    }
    return Least;
}

/* The least of many short rounds: what is compared with the same of another run. */
static void
Requests(void)
{
    static const struct {
        const char *Name;
        void (*Routine)(void);
    } Methods[] = {{"ioctl-buffered", Buffered},
                   {"ioctl-in-direct", InDirect},
                   {"ioctl-out-direct", OutDirect},
                   {"ioctl-neither", Neither}};

    for (int Method = 0; Method < 4; Method++) {
        double Best = 0;

        for (int Round = 0; Round < 100; Round++) {
            double Start = Now(), Time;

            for (int Count = 0; Count < 1000; Count++) {
                Methods[Method].Routine();
            }
            Time = (Now() - Start) / 1000;
            Best = Round == 0 || Time < Best ? Time : Best;
        }
        printf("%s %.1f\n", Methods[Method].Name, Best);
    }
}

/* What the driver does in the kernel, without the request itself. */
static void
KernelCosts(void)
{
    BENCH_RESULT Result;
    double Round[ROUNDS];

    for (ULONG Index = 0;; Index++) {
        double Empty = Least(Index, 0, &Result);
        ULONG Times = 64;

        if (Empty < 0) {
            return;
        }
        if (Request(Index, 1, &Result) == 0) {
            Empty = 0; /* what is missing is noticed when it is called */
        }
        while (Empty > 0 && Least(Index, Times, &Result) - Empty < LEAST_ROUND) {
            Times *= 2;
        }
        for (int Done = 0; Done < ROUNDS && Empty > 0; Done++) {
            Round[Done] = (Request(Index, Times, &Result) - Empty) / Times;
        }
        if (Empty > 0) {
            qsort(Round, ROUNDS, sizeof(Round[0]), ByValue);
            printf("%s %.2f\n", Result.Name, Round[ROUNDS / 2]);
        } else {
            printf("%s -\n", Result.Name);
        }
        fflush(stdout);
    }
}

/* The service manager is looked up only where it is used: the measured part needs kernel32 alone. */
#define ADVAPI(Name)                                                                               \
    ((__typeof__(&Name))(void *)GetProcAddress(LoadLibraryA("advapi32.dll"), #Name))

static int
StartService_(const char *Path)
{
    SC_HANDLE Manager = ADVAPI(OpenSCManagerA)(NULL, NULL, SC_MANAGER_ALL_ACCESS), Service;
    SERVICE_STATUS Status;
    double Start, Round[5];

    Service = ADVAPI(CreateServiceA)(Manager, "ntlabbench", "ntlabbench", SERVICE_ALL_ACCESS,
                                     SERVICE_KERNEL_DRIVER, SERVICE_DEMAND_START,
                                     SERVICE_ERROR_NORMAL, Path, NULL, NULL, NULL, NULL, NULL);
    if (Service == NULL) {
        Service = ADVAPI(OpenServiceA)(Manager, "ntlabbench", SERVICE_ALL_ACCESS);
    }
    for (int Index = 0; Index < 5; Index++) {
        Start = Now();
        if (!ADVAPI(StartServiceA)(Service, 0, NULL)) {
            printf("error %lu\n", GetLastError());
            return 0;
        }
        ADVAPI(ControlService)(Service, SERVICE_CONTROL_STOP, &Status);
        Round[Index] = Now() - Start;
    }
    qsort(Round, 5, sizeof(Round[0]), ByValue);
    printf("driver-load-unload %.1f\n", Round[2]);
    return ADVAPI(StartServiceA)(Service, 0, NULL);
}

int
main(int argc, char **argv)
{
    int Times = argc > 1 ? atoi(argv[1]) : 2000;

    if (argc > 3 && strcmp(argv[2], "service") == 0 && !StartService_(argv[3])) {
        return 2;
    }
    if (argc > 2 && strcmp(argv[2], "isolation") == 0) { /* only what user mode can do by itself */
        Measure("null-service", NullService, Times * 10);
        return 0;
    }
    Device = Open();
    if (Device == INVALID_HANDLE_VALUE) {
        printf("cannot open the device: error %lu\n", GetLastError());
        return 2;
    }
    if (argc > 2 && strcmp(argv[2], "requests") == 0) {
        Requests();
        return 0;
    }
    First = CreateEventA(NULL, FALSE, FALSE, NULL);
    Second = CreateEventA(NULL, FALSE, FALSE, NULL);
    Mutex = CreateMutexA(NULL, FALSE, NULL);
    Measure("system-service", SystemService, Times * 10);
    Measure("null-service", NullService, Times * 10);
    InitializeCriticalSection(&Section);
    MeasureTen("critical-section", Sections, Times);
    MeasureTen("srw-lock", Slims, Times);
    Measure("ioctl-buffered", Buffered, Times);
    Measure("ioctl-in-direct", InDirect, Times);
    Measure("ioctl-out-direct", OutDirect, Times);
    Measure("ioctl-neither", Neither, Times);
    Measure("create-close", CreateClose, Times / 10 + 1);
    Measure("mutex-pair", MutexPair, Times);
    CreateThread(NULL, 0, Partner, NULL, 0, NULL);
    Measure("event-ping-pong", PingPong, Times);
    Waiter = CreateThread(NULL, 0, Partner, NULL, 0, NULL);
    Measure("suspend-resume", SuspendResume, Times / 10 + 1);
    KernelCosts();
    return 0;
}
